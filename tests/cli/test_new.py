"""hestia new: the study file it writes is one that check accepts, and says what the files hold.

    python3 tests/cli/test_new.py HESTIA
"""

import csv
import os
import shutil
import sys
import tempfile
import unittest

from check_support import HEADER, listing, row, run, write_extract, write_text

PROGRAM = ""


class New(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hestia-new-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def new(self, expected_code, *arguments):
        result = run(PROGRAM, "new", *arguments, cwd=self.folder)
        self.assertEqual(result.returncode, expected_code, result.stdout + result.stderr)
        self.assertNotIn("SECRET", result.stdout + result.stderr)
        return result

    def check(self, expected_code, name="study.yaml"):
        result = run(PROGRAM, "check", self.path(name))
        self.assertEqual(result.returncode, expected_code, result.stdout + result.stderr)
        return result

    def write_years(self, **values):
        for year in (2008, 2009):
            write_extract(self.path(f"apc_{year}.csv.gz"), [row(n, year, **values) for n in range(60)])
        return ["apc_2008.csv.gz", "apc_2009.csv.gz"]

    def test_study_passes_check(self):
        said = self.new(0, *self.write_years()).stdout
        for words in ["study: first-look ", "period: {from: 2008-04-01, to: 2010-03-31}", "- 'apc_2008.csv.gz'\n",
                      "- 'apc_2009.csv.gz'\n", "told apart by PSEUDO_HESID", "type: pct\n  field: [RESPCT_HIS] ",
                      "# population: population.csv", "by provider (PROCODE3)", "disclosure: hes2018", "internal: true"]:
            self.assertIn(words, said)
        write_text(self.path("study.yaml"), said)
        self.assertIn("emergency_admissions (count, split by none)", self.check(0).stdout)

    def test_out_in_another_folder_has_absolute_paths(self):
        os.mkdir(self.path("studies"))
        self.assertEqual(self.new(0, *self.write_years(), "--out", "studies/My_Study.2.yaml").stdout, "")
        with open(self.path("studies/My_Study.2.yaml")) as stream:
            text = stream.read()
        self.assertIn("study: my-study ", text)
        self.assertIn(f"- '{os.path.realpath(self.path('apc_2008.csv.gz'))}'", text)
        self.check(0, "studies/My_Study.2.yaml")

    def test_existing_file_is_left_alone(self):
        files = self.write_years()
        write_text(self.path("study.yaml"), "mine\n")
        before = listing(self.folder)
        self.assertIn("does not write over", self.new(2, *files, "--out", "study.yaml").stderr)
        self.assertEqual(before, listing(self.folder))

    def test_odd_file_names(self):
        name = "apc's [2008].csv"
        write_extract(self.path(name), [row(n, 2008) for n in range(9)])
        write_text(self.path("study.yaml"), self.new(0, name).stdout)
        self.assertIn("Files: 1,", self.check(0).stdout)

    def test_period_from_admissions(self):
        header = [name for name in HEADER if name != "PARTYEAR"]
        rows = [row(n, 2008) for n in range(600)] + [row(600, 2008, ADMIDATE="1997-05-05")]
        write_extract(self.path("apc.csv"), rows, header)
        self.assertIn("period: {from: 2008-04-01, to: 2009-03-31}    # inclusive; from the months of the rows",
                      self.new(0, "apc.csv").stdout)

    def test_less_than_a_quarter(self):
        header = [name for name in HEADER if name != "PARTYEAR"]
        write_extract(self.path("apc.csv"), [row(12 * n, 2008) for n in range(9)], header)
        write_text(self.path("study.yaml"), self.new(0, "apc.csv").stdout)
        self.assertIn("1 month: 2008-04 to 2008-04", self.check(0).stdout)

    def test_service_works_when_uncommented(self):
        """Of each data set: what a user gets who takes the # of the stanza away."""
        run(PROGRAM, "synth", self.path("made"), "--people", "9000", "--areas", "4", "--years", "2006-2009", "--datasets", "apc,op,ae",
            "--quiet")
        for dataset, measure, date in (("apc", "emergency_admissions", "2008-04-01"), ("op", "outpatient_attendances", "2008-04-01"),
                                       ("ae", "emergency_attendances", "2008-10-01")):
            files = sorted(name for name in os.listdir(self.path("made/extracts")) if name.startswith(dataset))
            written = self.new(0, *(os.path.join("made/extracts", name) for name in files)).stdout
            self.assertIn('Take "# " off each line', written)
            lines = written.splitlines()
            first = lines.index("# impact:")
            last = next(i for i, line in enumerate(lines) if line.startswith("# breaks: "))
            lines[first:last + 1] = [line[2:] for line in lines[first:last + 1]]
            write_text(self.path("study.yaml"), "\n".join(lines) + "\n")
            said = self.check(0).stdout
            self.assertIn("new-service: A new service", said)
            self.assertIn(f"from {date}", said)
            self.assertNotIn("REFUSED", said)
            result = run(PROGRAM, "run", self.path("study.yaml"), "--store", self.path("store"), "--quiet")
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(self.path("results/latest/internal/site-review.csv"), newline="", encoding="utf-8") as stream:
                (review,) = csv.DictReader(stream)
            self.assertEqual((review["impact"], review["site_code"], review["measure"]), ("new-service", "5NK", measure))
            self.assertTrue(float(review["p"]) > 0, review)

    def test_districts_where_there_are_no_pcts(self):
        header = [name.replace("RESPCT06", "RESLADST_ONS").replace("RESPCT_HIS", "RESLADST") for name in HEADER]
        rows = [dict(row(n, 2008), RESLADST_ONS="", RESLADST="00CY") for n in range(9)]
        write_extract(self.path("apc.csv"), rows, header)
        write_text(self.path("study.yaml"), self.new(0, "apc.csv").stdout)
        self.assertIn("area column RESLADST; ", self.check(0).stdout)

    def test_no_common_person(self):
        write_extract(self.path("apc_1.csv"), [row(n, 2008) for n in range(9)])
        header = ["HESID" if name == "PSEUDO_HESID" else name for name in HEADER]
        write_extract(self.path("apc_2.csv"), [dict(row(n, 2009), HESID="7") for n in range(9)], header)
        said = self.new(0, "apc_1.csv", "apc_2.csv").stdout
        self.assertIn("no person identifier in common", said)
        write_text(self.path("study.yaml"), said)
        self.assertIn("no person identifier in common", self.check(2).stderr)

    def test_faults_write_nothing(self):
        write_text(self.path("other.csv"), "NOT,HES\n1,2\n")
        write_extract(self.path("empty.csv"), [])
        before = listing(self.folder)
        self.new(3, "other.csv", "--out", "study.yaml")
        self.new(3, "empty.csv", "--out", "study.yaml")
        self.new(2, "absent.csv", "--out", "study.yaml")
        self.new(2)
        self.assertEqual(before, listing(self.folder))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
