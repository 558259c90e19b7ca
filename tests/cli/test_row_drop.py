"""Files that hold fewer rows than before stop a run (quality.max_row_drop), and nothing is published.

    python3 tests/cli/test_row_drop.py HESTIA
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""


def hestia(*arguments):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)


class RowDrop(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="hestia-row-drop-")
        self.addCleanup(shutil.rmtree, self.top)
        done = hestia("synth", self.path("data"), "--people", "3000", "--areas", "3", "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.study = self.path("data", "study.yaml")

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def extract(self, name):
        return self.path("data", "extracts", name)

    def cut(self, name, to, share, number):
        """Writes a share of the rows of a file as another cut of its year."""
        with gzip.open(self.extract(name), "rt", encoding="ascii") as stream:
            lines = stream.readlines()
        kept = lines[:1 + int(share * (len(lines) - 1))]
        with gzip.open(self.extract(to), "wt", encoding="ascii") as stream:
            stream.write(kept[0])
            stream.writelines(line.replace(",201099,", ",2010%s," % number, 1) for line in kept[1:])

    def run_study(self):
        return hestia("run", self.study, "--quiet")

    def runs(self):
        return sorted(name for name in os.listdir(self.path("data", "results")) if name[:2] == "20")

    def refused(self, *words):
        runs = self.runs() if os.path.exists(self.path("data", "results")) else []
        done = self.run_study()
        self.assertEqual(done.returncode, 3, done.stderr)
        for word in words + ("max_row_drop", "Nothing was published"):
            self.assertIn(word, done.stderr)
        self.assertEqual([name for name in os.listdir(self.path("data", "results")) if name[:2] == "20"], runs)
        with open(self.path("data", "results", "status.json"), encoding="utf-8") as stream:
            self.assertEqual(json.load(stream)["exit_code"], 3)

    def test_a_newer_cut_with_fewer_rows(self):
        self.cut("apc_201011.csv.gz", "apc_201011_m10.csv.gz", 1, "10")
        self.cut("apc_201011.csv.gz", "apc_201011_m11.csv.gz", 0.9, "11")
        os.remove(self.extract("apc_201011.csv.gz"))
        self.refused("apc_201011_m11.csv.gz", "cut 201011 ", "cut 201010 (apc_201011_m10.csv.gz)")

    def test_a_newer_cut_with_as_many_rows(self):
        self.cut("apc_201011.csv.gz", "apc_201011_m10.csv.gz", 0.9, "10")
        self.cut("apc_201011.csv.gz", "apc_201011_m11.csv.gz", 0.89, "11")
        os.remove(self.extract("apc_201011.csv.gz"))
        done = self.run_study()
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_file_that_was_replaced_by_a_shorter_one(self):
        self.assertEqual(self.run_study().returncode, 0)
        self.cut("apc_201011.csv.gz", "apc_201011.csv.gz", 0.9, "99")
        self.refused("apc_201011.csv.gz", "cut 201099")

    def test_the_threshold_can_be_raised_knowingly(self):
        self.assertEqual(self.run_study().returncode, 0)
        self.cut("apc_201011.csv.gz", "apc_201011.csv.gz", 0.9, "99")
        with open(self.study, "a", encoding="utf-8") as stream:
            stream.write("quality: {max_row_drop: 0.5}\n")
        done = self.run_study()
        self.assertEqual(done.returncode, 0, done.stderr)

    def change(self, old, new):
        with open(self.study, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn(old, text)
        with open(self.study, "w", encoding="utf-8") as stream:
            stream.write(text.replace(old, new, 1))

    def test_a_year_that_is_no_longer_asked_for(self):
        self.assertEqual(self.run_study().returncode, 0)
        os.remove(self.extract("apc_200809.csv.gz"))
        self.change("extracts/apc_*.csv*", "[extracts/apc_2009*, extracts/apc_2010*]")
        done = self.run_study()
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_year_whose_only_file_is_gone(self):
        """Its zeros would be published; to count without it the threshold is raised, once: the run after has
        nothing to compare with."""
        self.assertEqual(self.run_study().returncode, 0)
        os.remove(self.extract("apc_200809.csv.gz"))
        self.refused("apc_200809.csv.gz", "no file of its data year (2008 of apc)")
        with open(self.study, "a", encoding="utf-8") as stream:
            stream.write("quality: {max_row_drop: 1}\n")
        self.assertEqual(self.run_study().returncode, 0)
        self.change("quality: {max_row_drop: 1}\n", "")
        self.assertEqual(self.run_study().returncode, 0)

    def test_a_file_under_another_name(self):
        self.assertEqual(self.run_study().returncode, 0)
        os.rename(self.extract("apc_200809.csv.gz"), self.extract("apc_0809.csv.gz"))
        done = self.run_study()
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1])
