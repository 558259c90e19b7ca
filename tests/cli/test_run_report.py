"""What a run says of its numbers: people followed, England beside published figures, admissions beside
spells, on the terminal and in the manifest; numbers from elsewhere beside ours; services and suspected breaks.

    python3 tests/cli/test_run_report.py HESTIA
"""

import collections
import contextlib
import csv
import gzip
import json
import os
import pty
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

    def test_what_became_of_each_file(self):
        """--verbose."""
        name = "apc_200809.csv.gz"
        folder = os.path.join(self.top, "verbose")
        store = ("--store", os.path.join(folder, "store"), "--verbose")
        os.makedirs(folder)
        with gzip.open(os.path.join(self.top, "extracts", name), "rt") as stream:
            rows = len(stream.readlines()) - 1
        for how in ("new", "unchanged"):
            done = subprocess.run([PROGRAM, "ingest", os.path.join(self.top, "report.yaml"), *store], capture_output=True, text=True, check=True)
            self.assertIn(f"     {name}: {how}, {rows:,} rows, 0 set aside\n", done.stderr)
        self.assertNotIn(f"{name}:", self.said)

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
        self.assertIn("Spells less admissions (England)", self.said)
        for year in years:
            self.assertEqual(year["difference"], year["spells"] - year["admissions"])
            if year["admissions"] > 0:
                self.assertIn("  %s %+.2f %%" % (year["year"], 100 * year["difference"] / year["admissions"]), self.said)

    def test_one_line_for_each_published_figure(self):
        """The last year; how many of all differ is said beside it."""
        lines = [line for line in self.said.splitlines() if " ours " in line]
        self.assertEqual([re.search(r"Z   (\D+?) +20", line).group(1) for line in lines],
                         ["admissions", "emergency admissions", "mean stay, days"])
        flags = [r["flag"] for r in self.table("reconcile.csv") if r["item"] == "fae" and r["published"] and float(r["ours"]) > 0]
        self.assertTrue(lines[0].endswith("   %d of %d years differ" % (flags.count("differs"), len(flags))), lines[0])

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

SERVICES = """study: judged
period: {from: 2006-04-01, to: 2011-03-31}
extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}, {dataset: op, files: extracts/op_*.csv.gz}]
areas: {type: pct, field: [RESPCT06, RESPCT_HIS], lookup: pct_lookup.csv, names: pct_names.csv, sites: [5J6, 5QL, 5NK]}
providers: {names: providers.csv}
measures:
  - {id: clinics, dataset: op, unit: attendance, statistic: count, by: month, where: {specialty: 300}}
  - {id: medicine, dataset: op, unit: attendance, statistic: count, by: quarter, where: {specialty: 307}}
impact:
  - {id: foot-care, sites: [5J6, 5NK], measures: clinics, date: 2009-04-01, methods: pre_post}
  - {id: reading-room, site: 5QL, measures: medicine, date: 2010-10-01, methods: its}
publish: {disclosure: none, directory: judged, formats: csv}
"""


class Judged(unittest.TestCase):
    """Services and suspects, on a terminal and in a log."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-judged-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        subprocess.run([PROGRAM, "synth", cls.top, "--people", "120000", "--areas", "4", "--years", "2006-2010", "--seed", "5",
                        "--datasets", "apc,op", "--quiet"], check=True)
        cls.said = cls.run_study("judged", SERVICES)
        with open(os.path.join(cls.top, "judged/latest/breaks.csv"), newline="", encoding="utf-8") as stream:
            cls.breaks = list(csv.DictReader(stream))
        (planted,) = [r for r in cls.breaks if (r["area_code"], r["provider"], r["specialty"]) == ("5J6", "X00", "300")]
        cls.size = "%.0f %%" % (-100 * float(planted["size"]))
        cls.without_services = re.sub(r"(?s)impact:.*?publish", "breaks: {screen: true}\npublish", SERVICES)

    @classmethod
    def run_study(cls, name, text):
        with open(os.path.join(cls.top, name + ".yaml"), "w", encoding="utf-8") as stream:
            stream.write(text)
        done = subprocess.run([PROGRAM, "run", name + ".yaml", "--no-progress"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, cwd=cls.top)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return re.sub(r"(?m)^\S+Z ", "", done.stderr)

    def test_title_and_stage(self):
        self.assertIn(" · judged · 2 measures, 2 services · store ", self.said)
        found = re.search(r"  impact +\S+ +2 services in 3 series: (.*) · ([\d,]+) series screened, (\d+) suspected breaks?\n", self.said)
        self.assertIsNotNone(found, self.said)
        self.assertEqual(sum(int(part.split()[0]) for part in found.group(1).split(", ")), 3)
        self.assertNotIn(" 0 ", " " + found.group(1))
        self.assertEqual(int(found.group(3)), len(self.breaks))

    def test_one_line_a_service(self):
        with open(os.path.join(self.top, "judged/latest/site-review.csv"), newline="", encoding="utf-8") as stream:
            reviews = list(csv.DictReader(stream))
        block = self.said.split("Services (site-review.csv has a sentence for each)\n")[1].split("\n\n")[0].splitlines()
        self.assertEqual(block, ["  %-12s  %s  %-8s  %s%s" % (r["impact"], r["site_code"], r["measure"], r["verdict"],
                                                              "; recording may have changed" if r["break_flag"] else "")
                                 for r in reviews])
        self.assertIn("  services  judged/latest/site-review.csv\n", self.said)

    def test_suspects_in_words(self):
        """With names of provider and area, the month in words, and what follows for the study's numbers."""
        self.assertIn("  ! X00 Calderdale Hospitals (artificial): outpatients of specialty 300 from 5J6 Calderdale fall %s from April 2009."
                      " 5J6 is shown with and without it.\n" % self.size, self.said)

    def test_suspects_that_are_left_out(self):
        text = self.without_services.replace("where: {specialty: 300}", "where: {specialty: 300}, exclude_providers: [{code: X00, areas: 5J6}]")
        self.assertIn(" fall %s from April 2009. clinics leaves the provider out.\n" % self.size, self.run_study("left", text))

    def test_suspects_that_nothing_counts(self):
        text = self.without_services.replace("specialty: 300", "specialty: 301")
        self.assertIn(" fall %s from April 2009. No measure of the study counts it.\n" % self.size, self.run_study("nothing", text))

    def test_suspects_without_names(self):
        text = self.without_services.replace("providers: {names: providers.csv}\n", "").replace(", names: pct_names.csv", "")
        said = self.run_study("plain", text)
        self.assertIn("  ! X00: outpatients of specialty 300 from 5J6 fall %s from April 2009. It is in the numbers of clinics.\n" % self.size,
                      said)
        self.assertNotIn("Services (", said)
        self.assertRegex(said, r"  impact +\S+ +no service · [\d,]+ series screened")

    def test_power_is_a_table_for_readers_on_a_terminal(self):
        """A file and a pipe have CSV with every digit, the same."""
        command = [PROGRAM, "power", "judged.yaml"]
        piped = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.top, check=True).stdout
        subprocess.run(command + ["--out", "power.csv"], stdin=subprocess.DEVNULL, cwd=self.top, check=True)
        with open(os.path.join(self.top, "power.csv"), encoding="utf-8") as stream:
            self.assertEqual(stream.read(), piped)
        row = next(r for r in csv.DictReader(piped.splitlines()) if (r["measure"], r["area_code"]) == ("clinics", "5J6"))
        master, slave = pty.openpty()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=slave, cwd=self.top) as process:
            os.close(slave)
            shown = b""
            with contextlib.suppress(OSError): # Linux ends a terminal with EIO
                while chunk := os.read(master, 4096):
                    shown += chunk
            os.close(master)
        self.assertEqual(process.returncode, 0)
        line = next(line for line in shown.decode().splitlines() if re.match("clinics +5J6 ", line))
        self.assertEqual(line.split(), ["clinics", "5J6", "foot-care", row["n_before"], row["n_after"], "months",
                                        "%.1f" % float(row["mean_before"]), "%.0f" % (-100 * float(row["detectable_fall"])), "%",
                                        "%+.0f" % (100 * float(row["detectable_rise"])), "%"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1])
