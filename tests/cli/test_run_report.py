"""What a run says of its numbers: people followed, England beside published figures, admissions beside
spells, on the terminal and in the manifest; numbers from elsewhere beside ours.

    python3 tests/cli/test_run_report.py HESTIA
"""

import collections
import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""

STUDY = """study: report
period: {from: 2008-04-01, to: 2011-03-31}
extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}]
areas:
  field: RESPCT06
  names: pct_names.csv
  comparators: [{name: England, areas: all, population_area: ENG}]
population: population.csv
cohorts: [{id: diabetes, title: diabetes of any kind, condition: diabetes_any}]
measures:
  - {id: admissions, statistic: count, by: [month, year], split: sex}
  - {id: stays, statistic: mean_los, by: year, exclude_providers: [{code: RDI}]}
reported:
  - {measure: admissions, area: 5NK, file: reported.csv}
publish: {disclosure: none}
"""

REPORTED = """period,series,value,source
2009/10,all,100,"annual report, page 7"
2009/10,2,0,
2012/13,all,5,
"""


def number(text):
    return int(text.replace(",", ""))


class RunReport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-run-report-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        subprocess.run([PROGRAM, "synth", cls.top, "--people", "6000", "--areas", "4", "--quiet"], check=True)
        for name, text in (("report.yaml", STUDY), ("reported.csv", REPORTED)):
            with open(os.path.join(cls.top, name), "w", encoding="utf-8") as stream:
                stream.write(text)
        done = subprocess.run([PROGRAM, "run", os.path.join(cls.top, "report.yaml"), "--no-progress"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.said = done.stderr
        with open(os.path.join(cls.top, "results/latest/manifest.json"), encoding="utf-8") as stream:
            cls.manifest = json.load(stream)

    def table(self, name):
        with open(os.path.join(self.top, "results/latest", name), newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def test_who_was_followed(self):
        found = re.search(r"people .* ([\d,]+) episodes → ([\d,]+) spells → ([\d,]+) continuous spells"
                          r" · ([\d,]+) people with diabetes of any kind", self.said)
        self.assertIsNotNone(found, self.said)
        episodes, spells, continuous, members = (number(text) for text in found.groups())
        people = self.manifest["people"]
        self.assertEqual((people["episodes"], people["spells"], people["continuous_spells"]),
                         (episodes, spells, continuous))
        self.assertEqual(people["cohorts"], [{"cohort": "diabetes", "people": members}])
        self.assertTrue(episodes > spells > continuous > members > 0)
        self.assertTrue(members < people["people"] < episodes)

    def test_england_beside_published_figures(self):
        rows = {(r["year"], r["item"]): r for r in self.table("reconcile.csv")}
        for title, item in (("admissions", "fae"), ("emergency admissions", "fae_emergency")):
            found = re.search(r"  %s +2010/11 +([\d,]+) ours +([\d,]+) published" % title, self.said)
            self.assertIsNotNone(found, self.said)
            self.assertEqual([number(text) for text in found.groups()],
                             [int(rows["2010/11", item]["ours"]), int(rows["2010/11", item]["published"])])
        found = re.search(r"  mean stay, days +2009/10 +([\d.]+) ours +5.60 published", self.said)
        self.assertAlmostEqual(float(found.group(1)), float(rows["2009/10", "mean_los"]["ours"]), places=2)

    def test_an_excluded_provider_that_is_nowhere(self):
        self.assertIn("! measure stays: excluded provider RDI is in no extract; nothing was left out", self.said)

    def test_a_provider_that_fell_silent(self):
        folder = tempfile.mkdtemp(prefix="hestia-silence-")
        self.addCleanup(shutil.rmtree, folder)
        subprocess.run([PROGRAM, "synth", folder, "--people", "20000", "--areas", "4", "--quiet"], check=True)
        path = os.path.join(folder, "extracts/apc_201011.csv.gz")
        with gzip.open(path, "rt", newline="") as stream:
            rows = list(csv.DictReader(stream))
        largest = collections.Counter(row["PROCODE3"] for row in rows).most_common(1)[0][0]
        with gzip.open(path, "wt", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for row in rows if row["PROCODE3"] != largest or row["EPIEND"] < "2011-01-01")
        done = subprocess.run([PROGRAM, "run", os.path.join(folder, "study.yaml"), "--no-progress"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"! apc: from 2011-01 on, provider {largest} sends no rows any more", done.stderr)
        self.assertEqual(done.stderr.count(f"provider {largest} sends no rows"), 1, done.stderr)

    def test_admissions_beside_spells(self):
        years = self.manifest["admissions_and_spells"]
        self.assertIn("2010/11", [year["year"] for year in years])
        for year in years:
            self.assertEqual(year["difference"], year["spells"] - year["admissions"])
            found = re.search(r"  %s +([\d,]+) admissions +([\d,]+) spells" % year["year"], self.said)
            if year["admissions"] > 0:
                self.assertEqual([number(text) for text in found.groups()], [year["admissions"], year["spells"]])

    def test_numbers_from_elsewhere(self):
        ours = {(r["split"], r["period"]): float(r["value"]) for r in self.table("results.csv")
                if r["measure"] == "admissions" and r["area_code"] == "5NK"}
        women, everybody, later = self.table("reported.csv")
        self.assertEqual(float(everybody["ours"]), ours["", "2009/10"])
        self.assertAlmostEqual(float(everybody["percent"]), ours["", "2009/10"] - 100)
        self.assertEqual(everybody["source"], "annual report, page 7")
        self.assertEqual(float(women["ours"]), ours["2", "2009/10"])
        self.assertEqual(women["percent"], "")
        self.assertEqual((later["period"], later["ours"]), ("2012/13", ""))
        self.assertIn("no such area and period", later["note"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1])
