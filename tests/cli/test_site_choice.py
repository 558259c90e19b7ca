"""The commands of examples/site-choice, and what they say.

    python3 tests/cli/test_site_choice.py HESTIA REPOSITORY
"""

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = REPOSITORY = ""


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


class SiteChoice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Runs the blocks of the README in a copy of its folder."""
        cls.top = tempfile.mkdtemp(prefix="hestia-site-choice-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.folder = os.path.join(cls.top, "site-choice")
        source = os.path.join(REPOSITORY, "examples/site-choice")
        names = [name for name in os.listdir(source) if os.path.isfile(os.path.join(source, name))]
        os.mkdir(cls.folder)
        for name in names:
            shutil.copy(os.path.join(source, name), cls.folder)
        with open(os.path.join(source, "README.md"), encoding="utf-8") as stream:
            blocks = re.findall(r"^```sh\n(.*?)^```", stream.read(), re.S | re.M)
        env = dict(os.environ, PATH=os.path.dirname(PROGRAM) + os.pathsep + os.environ["PATH"])
        for block in blocks:
            done = subprocess.run(["bash", "-e", "-c", block], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, cwd=cls.folder, env=env)
            if done.returncode != 0:
                raise AssertionError(block + done.stderr)

    def table(self, name):
        return read_csv(os.path.join(self.folder, name))

    def test_components_are_those_of_the_tables(self):
        elective = self.table("elective.csv")
        for row in self.table("hhi.csv"):
            counts = [int(r["admissions"]) for r in elective if r["area"] == row["area"]]
            self.assertAlmostEqual(float(row["hhi"]), sum(n * n for n in counts) / sum(counts) ** 2, 12)
        rows = self.table("acs.csv")
        self.assertEqual(sum(int(row["observed"]) for row in rows),
                         sum(int(row["events"]) for row in self.table("emergency_acs.csv")))
        self.assertAlmostEqual(sum(float(row["expected"]) for row in rows),
                               sum(int(row["observed"]) for row in rows), 6)
        self.assertTrue(all(1 <= int(row["score"]) <= 9 for row in rows))

    def test_scores_are_value_over_average_times_weight(self):
        weights = {row["component"]: float(row["weight"]) for row in self.table("weights.csv")}
        values = {name: {} for name in weights}
        for row in self.table("components.csv"):
            if row["value"]:
                value = float(row["value"])
                values[row["component"]][row["area"]] = 1 - value if row["component"] == "hhi" else value
        totals = {}
        rows = self.table("scores.csv")
        self.assertEqual([row["area"] for row in rows], ["S%02d" % n for n in range(1, 13)])
        for row in rows:
            area = row["area"]
            present = [name for name in weights if area in values[name]]
            scale = sum(weights.values()) / sum(weights[name] for name in present)
            for name in weights:
                if name in present:
                    average = sum(values[name].values()) / len(values[name])
                    self.assertAlmostEqual(float(row[name]), values[name][area] / average * weights[name] * scale, 10)
                else:
                    self.assertEqual(row[name], "")
                    self.assertIn("without " + name, row["note"])
            totals[area] = sum(float(row[name]) for name in present)
            self.assertAlmostEqual(float(row["total"]), totals[area], 10)
        by_total = sorted(totals, key=totals.get, reverse=True)
        self.assertEqual([row["area"] for row in sorted(rows, key=lambda row: int(row["rank"]))], by_total)
        self.assertEqual([row["area"] for row in rows if row["note"]], ["S07"])


if __name__ == "__main__":
    PROGRAM, REPOSITORY = map(os.path.abspath, sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
