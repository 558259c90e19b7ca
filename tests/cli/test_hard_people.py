"""People that are hard on the rules: tens of thousands of episodes of one, stays inside stays, dates that are missing.

    python3 tests/cli/test_hard_people.py HESTIA
"""

import csv
import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from check_support import HEADER, row, run, write_extract, write_text

PROGRAM = ""

STUDY = """study: hard-people
period: {from: 2008-04-01, to: 2011-03-31}
extracts: [{dataset: apc, files: apc.csv}]
areas: {type: pct, field: RESPCT_HIS, names: names.csv, comparators: [{name: England, areas: all}]}
cohorts: [{id: late, file: people.txt}]
measure_defaults: {by: year}
measures:
  - {id: back, statistic: readmission, lookback: 365}
  - {id: members, statistic: count, unit: spell, where: {cohort: late}}
publish: {disclosure: none}
"""


def stay(number, first, days, **values):
    """A closed stay of one episode, a hundred providers in turn so that no two of a day are one."""
    end = first + datetime.timedelta(days)
    return row(number, 2008, **{"ADMIDATE": str(first), "EPISTART": str(first), "EPIEND": str(end), "DISDATE": str(end),
                                "PROCODE3": f"R{number % 100:02d}", "DIAG_4_01": "I10X", "ADMIMETH": "11", **values})


class HardPeople(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        write_text(os.path.join(self.folder, "study.yaml"), STUDY)
        write_text(os.path.join(self.folder, "names.csv"), "code,name\n5J6,Calderdale\n")
        write_text(os.path.join(self.folder, "people.txt"), "SECRET000001,2009-06-17\n")

    def run_with(self, rows):
        write_extract(os.path.join(self.folder, "apc.csv"), rows)
        done = subprocess.run([PROGRAM, "run", "study.yaml"], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.folder, "results/latest/results.csv"), newline="") as stream:
            return {(r["measure"], r["period"]): r for r in csv.DictReader(stream) if r["area_code"] == "5J6"}

    def test_one_person_with_60000_stays(self):
        """Time grows with the stays, not with their square. Sixty a day, each discharged before the next begins."""
        n_stays, cancer = 60000, 24000 + 17
        days = [i // 60 for i in range(n_stays)]
        result = self.run_with([stay(i, datetime.date(2008, 4, 1) + datetime.timedelta(days[i]), 0,
                                     PSEUDO_HESID="SECRET000001", ADMIMETH="21" if i % 7 == 3 else "11",
                                     DIAG_4_01="C509" if i == cancer else "I10X") for i in range(n_stays)])
        asked = [i for i in range(n_stays)
                 if 365 <= days[i] < 730 and not (i >= cancer and days[i] <= days[cancer] + 365)]

        self.assertEqual(result["back", "2009/10"]["total_pop"], str(len(asked)))
        self.assertEqual(result["back", "2009/10"]["total_count"], str(sum((i + 1) % 7 == 3 for i in asked)))

    def test_a_return_is_paired_with_the_last_discharge(self):
        """A short stay elsewhere inside a long one takes no return away from it."""
        result = self.run_with([
            stay(1, datetime.date(2008, 5, 1), 40, PSEUDO_HESID="SECRET000007"),
            stay(2, datetime.date(2008, 5, 20), 2, PSEUDO_HESID="SECRET000007"),
            stay(3, datetime.date(2008, 6, 25), 3, PSEUDO_HESID="SECRET000007", ADMIMETH="21")])

        self.assertEqual(result["back", "2008/09"]["total_count"], "1")

        result = self.run_with([
            stay(1, datetime.date(2008, 5, 1), 60, PSEUDO_HESID="SECRET000007"),
            stay(2, datetime.date(2008, 6, 20), 2, PSEUDO_HESID="SECRET000007"),
            stay(3, datetime.date(2008, 7, 25), 3, PSEUDO_HESID="SECRET000007", ADMIMETH="21", DIAG_4_01="C509")])
        self.assertEqual((result["back", "2008/09"]["total_count"], result["back", "2008/09"]["total_pop"]), ("1", "2"))

    def test_a_stay_without_admidate_is_of_members(self):
        """Spells take a missing ADMIDATE from EPISTART, and so do members from a day on."""
        day = datetime.date(2009, 7, 1)
        result = self.run_with([stay(1, day, 3, ADMIDATE=""), stay(1, day - datetime.timedelta(30), 3, EPIKEY="7")])

        self.assertEqual(result["members", "2009/10"]["total_count"], "1")

    def test_the_rule_supplied_needs_its_column(self):
        """Without any SUSSPELLID nothing is published; without some of them the run says how many."""
        write_text(os.path.join(self.folder, "study.yaml"), STUDY + "spells: {rule: supplied}\n")
        rows = [stay(i, datetime.date(2008, 7, 1), i, SUSSPELLID=str(9000 + i) if i < 2 else "-1") for i in range(5)]
        write_extract(os.path.join(self.folder, "apc.csv"), rows)
        done = run(PROGRAM, "run", "study.yaml", cwd=self.folder)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("no inpatient row has a SUSSPELLID", done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "results/latest")))

        write_extract(os.path.join(self.folder, "apc.csv"), rows, HEADER + ["SUSSPELLID"])
        done = run(PROGRAM, "run", "study.yaml", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("3 of 5 episodes are in no spell: no SUSSPELLID", done.stderr)

    def test_a_file_of_fractions_says_so(self):
        """`total_count` is whole, the value is of what the file says."""
        write_text(os.path.join(self.folder, "table.csv"), "period,area,value\n2008/09,5J6,2.5\n2009/10,5J6,4\n2010/11,5J6,3.25\n")
        write_text(os.path.join(self.folder, "study.yaml"), STUDY.replace(
            "publish:", "  - {id: growth, dataset: table, file: table.csv, statistic: growth, base: 2008/09}\npublish:"))
        result = self.run_with([stay(1, datetime.date(2008, 7, 1), 2)])

        self.assertEqual([result["growth", f"20{year}"]["value"] for year in ("08/09", "09/10", "10/11")], ["100", "160", "130"])
        self.assertEqual(["rounded" in result["growth", f"20{year}"]["note"] for year in ("08/09", "09/10", "10/11")],
                         [True, False, True])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
