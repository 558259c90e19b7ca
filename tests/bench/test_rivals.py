"""The reference job of bench/: awk, and zlib with libcsv, and what else is installed, count what hestia counts on a small generated
extract; a rival that counts otherwise is named and not timed.

    python3 tests/bench/test_rivals.py HESTIA SOURCES JOB_LIBCSV
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM = SOURCES = LIBCSV = ""


class Rivals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-rivals-")
        cls.addClassCleanup(shutil.rmtree, cls.top)

    def bench(self, rivals, *more):
        done = subprocess.run([sys.executable, f"{SOURCES}/bench/run", "--only", "rivals", "--rows", "8000", "--areas", "12", "--dir", f"{self.top}/data",
                               "--hestia", PROGRAM, "--libcsv", LIBCSV, "--rivals", rivals, *more],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_all_count_what_hestia_counts(self):
        code, times, said = self.bench(f"{SOURCES}/bench/rivals", "--runs", "0")
        self.assertEqual((code, times), (0, ""), said)
        agreed = re.findall(r"^(\w+): (\d+) cells, (\d+) admissions: hestia and .*awk.* zlib \+ libcsv agree, and on (\d+) lines with bed days$", said, re.M)
        self.assertEqual([name for name, *_ in agreed], ["gz", "parts", "csv"], said)
        self.assertEqual(agreed[0][1:], agreed[2][1:], "packed and plain")
        self.assertGreater(int(agreed[0][2]), 4000)

    def test_who_counts_otherwise_is_named_and_not_timed(self):
        broken = f"{self.top}/broken"
        shutil.copytree(f"{SOURCES}/bench/rivals", broken, ignore=shutil.ignore_patterns("node_modules"))
        with open(f"{broken}/job.awk", encoding="utf-8") as source:
            text = source.read()
        for old, new, reason, runs in (("a >= 90 ? 18", "a > 60 ? 18", r"\d+ cells differ from hestia's \d+", "1"),
                                       ("los[k] += $du", "los[k] += $du > 2", "its lines are not those of the others", "0")):
            self.assertIn(old, text)
            with open(f"{broken}/job.awk", "w", encoding="utf-8") as out:
                out.write(text.replace(old, new))
            code, times, said = self.bench(broken, "--runs", runs)
            self.assertEqual(code, 1)
            self.assertRegex(said, f"gz: awk: {reason}; it is not timed")
            self.assertEqual(("\tzlib + libcsv\t" in times, "\tawk\t" in times), (runs == "1", False))

    def test_chart_and_place_in_the_readme(self):
        sys.path.insert(0, f"{SOURCES}/bench")
        import plot
        import reference_job

        path = f"{self.top}/chart.svg"
        plot.bars(path, "rows & counts", "machine <x>",
                  [("one gz", [("hestia", 2.5, "2.50 s"), ("zlib + libcsv", 17.3, "17.3 s, 6.9 times")]), ("again", [("hestia", 0.1, "0.10 s <")])])
        texts = [text.text for text in xml.etree.ElementTree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")]
        for words in ("rows & counts", "machine <x>", "17.3 s, 6.9 times", "0.10 s <"):
            self.assertIn(words, texts)
        with open(f"{SOURCES}/README.md", encoding="utf-8") as readme:
            text = readme.read()
        self.assertEqual([text.count(mark) for mark in reference_job.MARKS], [1, 1])


if __name__ == "__main__":
    PROGRAM, SOURCES, LIBCSV = (os.path.abspath(argument) for argument in sys.argv[1:4])
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
