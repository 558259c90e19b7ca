"""Services judged: what impact.csv says is what `hestia stats` makes of the series in results.csv, and what a study that
counts otherwise says is what sensitivity.csv has.

    python3 tests/cli/test_impact.py HESTIA
"""

import csv
import io
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""

STUDY = """study: services
period: {from: 2005-04-01, to: 2011-03-31}
extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}, {dataset: op, files: extracts/op_*.csv.gz}]
areas:
  type: pct
  field: [RESPCT06, RESPCT_HIS]
  lookup: pct_lookup.csv
  names: pct_names.csv
  sites: [5J6, 5QL, 5NK]
  comparators: [{name: England, areas: all}, {name: Similar areas, file: similar.csv}]
population: population.csv
standard_population: esp1976
measure_defaults: {by: quarter, statistic: dsr}
measures:
  - {id: rate, where: {admission_method: emergency}}
  - {id: number, where: {admission_method: emergency}, statistic: count, by: [month, quarter]}
  - {id: stay, statistic: mean_los, where: {admission_method: emergency}UNIT}
  - {id: clinics, dataset: op, unit: attendance, statistic: count, by: month, period: {from: 2008-04-01, to: 2011-03-31}MORE}
impact:
SERVICES
breaks: {screen: SCREEN}
publish: {disclosure: none, directory: out-NAME, formats: csv}
"""
WHOLE = """\
  - {id: rates, site: 5QL, measures: [rate, stay], date: 2009-01-01, methods: [pre_post, its, trend, did, synthetic_control, spc], primary: its}
  - {id: numbers, site: 5QL, measures: number, by: month, date: 2009-01-01, methods: [pre_post, its, did], primary: pre_post}
  - {id: compared, site: 5NK, measures: number, by: quarter, date: 2009-01-01, methods: [did], primary: did, expected: lower}
  - {id: steady, site: 5NK, measures: number, by: month, date: 2008-10-01, methods: [pre_post], meaningful: 0.6}
  - {id: line, sites: [5J6, 5NK], measures: stay, methods: trend}
  - {id: late, site: 5NK, measures: stay, date: 2011-01-01, expected: lower, methods: [its, pre_post]}
"""
TERMS = ("(Intercept)", "t", "level", "slope", "q2", "q3", "q4")


def number(text):
    return float(text) if text else math.nan


def key(row):
    return row["impact"], row["site_code"], row["measure"]


class Place(unittest.TestCase):
    """A folder of artificial extracts."""

    tables = {}  # rows by the path of their table

    @classmethod
    def setUpClass(cls):
        if cls is Place:
            raise unittest.SkipTest("nothing of its own")
        cls.folder = tempfile.mkdtemp(prefix="hestia-impact-")
        cls.command("synth", cls.folder, "--datasets", "apc,op", *cls.size, "--seed", "5", "--quiet")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)
        cls.tables.clear()

    @classmethod
    def command(cls, *arguments, text=None):
        done = subprocess.run([PROGRAM, *arguments], input=text or "", capture_output=True, text=True, cwd=cls.folder)
        if done.returncode != 0:
            raise AssertionError("hestia %s ended with %d:\n%s" % (" ".join(arguments), done.returncode, done.stderr))
        return done.stdout

    @classmethod
    def run_study(cls, name, services, unit="", more="", screen="false", threads="2"):
        with open(os.path.join(cls.folder, name + ".yaml"), "w", encoding="utf-8") as stream:
            stream.write(STUDY.replace("SERVICES\n", services).replace("UNIT", unit).replace("MORE", more).replace("SCREEN", screen).replace("NAME", name))
        cls.command("run", name + ".yaml", "--threads", threads, "--quiet")

    def read(self, table, study="services"):
        """The rows of a table of the latest run; each table is read once, as some hold many rows that all tests ask for."""
        path = os.path.join(os.path.realpath(os.path.join(self.folder, "out-" + study, "latest")), table + ".csv")
        if path not in self.tables:
            with open(path, newline="", encoding="utf-8") as stream:
                self.tables[path] = list(csv.DictReader(stream))
        return self.tables[path]

    def finding(self, service, measure, method, term, study="services", site=None, comparator=None, excluded=""):
        if method == "its" and comparator is None:
            comparator = ""  # not the controlled one
        found = [r for r in self.read("impact", study)
                 if (r["impact"], r["measure"], r["method"], r["term"], r["excluded"]) == (service, measure, method, term, excluded)
                 and site in (None, r["site_code"]) and comparator in (None, r["comparator"])]
        self.assertEqual(len(found), 1, (service, measure, method, term))
        return found[0]

    def series(self, measure, area, period_type="quarter", since="2005-04-01", until="2011-03-31"):
        rows = [r for r in self.read("results") if r["measure"] == measure and r["area_code"] == area
                and r["period_type"] == period_type and r["statistic"] in ("dsr", "count", "mean_los") and not r["split"]
                and since <= r["period_start"] and r["period_end"] <= until]
        return sorted(rows, key=lambda r: r["period_start"])

    def stats(self, method, header, rows, *arguments):
        text = "".join(",".join(str(c) for c in line) + "\n" for line in [header] + rows)
        return list(csv.DictReader(io.StringIO(self.command("stats", method, *arguments, text=text))))

    def close(self, ours, theirs, tolerance=1e-9):
        if not theirs or not ours:
            self.assertEqual(ours, theirs)
        else:
            self.assertTrue(math.isclose(float(ours), float(theirs), rel_tol=tolerance, abs_tol=1e-12), (ours, theirs))


class Services(Place):
    size = ("--years", "2005-2010", "--people", "60000", "--areas", "24")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_study("services", WHOLE, screen="true")

    # ---- the same as `hestia stats` on the series of results.csv ----

    def test_its_of_rates_is_stats_its(self):
        """A quarter that is not complete is left out; the season is in, two years being on either side."""
        rows = [[i + 1, "" if r["incomplete"] == "1" else r["value"]] for i, r in enumerate(self.series("rate", "5QL"))]
        options = ["--intervention", "16", "--model", "ols", "--season", "dummies", "--se", "robust"]
        for term in self.stats("its", ["t", "y"], rows, *options):
            if term["term"] not in TERMS:
                continue  # its own mean effect is of all points after
            ours = self.finding("rates", "rate", "its", term["term"])
            for column in ("estimate", "se", "lowercl", "uppercl", "p"):
                self.close(ours[column], term[column])
        effects = self.stats("its", ["t", "y"], rows, *options, "--counterfactual")
        review = [number(r["effect"]) for r in effects if 16 <= int(r["t"]) <= 19]
        self.close(self.finding("rates", "rate", "its", "effect")["estimate"], sum(review) / 4)
        self.close(self.finding("rates", "rate", "its", "effect_4q")["estimate"], effects[19]["effect"])

    def test_its_of_counts_is_quasi_poisson(self):
        rows = [[i + 1, r["total_count"], 1] for i, r in enumerate(self.series("number", "5QL", "month")) if r["incomplete"] == "0"]
        months = [1 + (3 + i - 1) % 12 for i in range(1, len(rows) + 1)]  # April first
        rows = [row + [month] for row, month in zip(rows, months)]
        for term in self.stats("its", ["t", "events", "population", "season"], rows, "--intervention", "46", "--model", "quasipoisson",
                               "--season", "dummies", "--cycle", "12", "--se", "robust"):
            if term["term"] in TERMS:
                ours = self.finding("numbers", "number", "its", term["term"])
                for column in ("estimate", "se", "lowercl", "uppercl", "p"):
                    self.close(ours[column], term[column], 1e-7)

    def test_controlled_its_and_the_counterfactual(self):
        """The comparator's series after the site's, with a column that says which is which; the site is not among these."""
        rows = [[i + 1, "" if r["incomplete"] == "1" else r["value"], int(area == "5QL")]
                for area in ("5QL", "Similar areas (5QL)") for i, r in enumerate(self.series("rate", area))]
        options = ["--intervention", "16", "--model", "ols", "--season", "dummies", "--se", "robust"]
        for term in self.stats("its", ["t", "y", "treated"], rows, *options):
            if term["term"] in ("level", "slope", "control_level", "treated"):
                ours = self.finding("rates", "rate", "its", term["term"], comparator="Similar areas (5QL)")
                for column in ("estimate", "se", "lowercl", "uppercl", "p"):
                    self.close(ours[column], term[column], 1e-8)
                self.assertEqual(ours["primary"], "0")
        alone = [row[:2] for row in rows[:24]]
        ours = [r for r in self.read("counterfactual") if (r["impact"], r["measure"]) == ("rates", "rate")]
        theirs = self.stats("its", ["t", "y"], alone, *options, "--counterfactual")
        self.assertEqual(len(ours), len(theirs))
        for a, b in zip(ours, theirs):
            for mine, other in (("fitted", "fitted"), ("counterfactual", "counterfactual"), ("cf_lowercl", "cf_lower"),
                                ("effect", "effect"), ("effect_uppercl", "effect_upper")):
                self.close(a[mine], b[other], 1e-8)

    def test_pre_post_of_counts_is_exact(self):
        before = self.series("number", "5QL", "month", "2008-01-01", "2008-12-31")
        after = self.series("number", "5QL", "month", "2009-01-01", "2009-12-31")
        self.assertEqual((len(before), len(after)), (12, 12))
        row = [sum(int(r["total_count"]) for r in before), 12, sum(int(r["total_count"]) for r in after), 12]
        theirs = self.stats("pre-post", ["pre_events", "pre_persontime", "post_events", "post_persontime"], [row], "--per", "none")[0]
        ours = self.finding("numbers", "number", "pre_post", "ratio")
        for a, b in (("estimate", "rate_ratio"), ("lowercl", "lowercl"), ("uppercl", "uppercl"), ("p", "p")):
            self.close(ours[a], theirs[b])
        self.close(self.finding("numbers", "number", "pre_post", "difference")["estimate"], theirs["rate_difference"])

    def test_trend_is_stats_trend(self):
        for site in ("5J6", "5NK"):
            rows = [[i + 1, "" if r["incomplete"] == "1" else r["value"]] for i, r in enumerate(self.series("stay", site))]
            for errors, suffix in (("ols", ""), ("newey-west", "_newey_west")):
                for term in self.stats("trend", ["t", "y"], rows, "--se", errors):
                    if term["term"] == "slope" or not suffix:
                        ours = self.finding("line", "stay", "trend", term["term"] + suffix, site=site)
                        for column in ("estimate", "se", "lowercl", "uppercl", "p"):
                            self.close(ours[column], term[column])

    def test_did_is_stats_did_against_all_areas(self):
        rows = []
        for area in {r["area_code"] for r in self.read("results") if r["area_role"] != "comparator"}:
            rows += [[area, i + 1, int(area == "5NK"), int(i + 1 >= 16), 1, r["total_count"]]
                     for i, r in enumerate(self.series("number", area)) if r["incomplete"] == "0"]
        header = ["area", "t", "treated", "post", "population", "events"]
        quasi = self.stats("did", header, rows, "--variance", "quasi")[0]
        placebo = self.stats("did", header, rows, "--variance", "placebo")[0]
        ours = self.finding("compared", "number", "did", "ratio_of_ratios", comparator="England")
        for a, b in (("estimate", "ratio_of_ratios"), ("se", "se"), ("lowercl", "lowercl"), ("uppercl", "uppercl")):
            self.close(ours[a], quasi[b], 1e-7)
        self.close(ours["p"], placebo["p"])
        self.assertEqual(ours["p"], ours["placebo_areas"])

    def test_synthetic_control_is_stats_synthetic_control(self):
        points = [i for i, r in enumerate(self.series("rate", "5QL")) if r["incomplete"] == "0"]
        areas = sorted({r["area_code"] for r in self.read("results") if r["area_role"] != "comparator"} - {"5QL"})
        columns = [[series[i]["value"] for i in points] for series in (self.series("rate", area) for area in ["5QL"] + areas)]
        rows = [[i + 1, "post" if i + 1 >= 16 else "pre"] + [c[n] for c in columns] for n, i in enumerate(points)]
        theirs = {r["term"]: r["value"] for r in self.stats("synthetic-control", ["t", "period", "treated"] + areas, rows)}
        found = [r for r in self.read("impact") if r["method"] == "synthetic_control" and r["comparator"] == "England" and r["measure"] == "rate"]
        if found[0]["refused"] == "1":
            self.skipTest(found[0]["note"])
        for row in found:
            if row["term"] in theirs:
                self.close(row["estimate"], theirs[row["term"]], 1e-6)

    # ---- placebos ----

    def test_placebo_areas_are_the_same_service_elsewhere(self):
        areas = sorted({r["area_code"] for r in self.read("results") if r["area_role"] != "comparator"})
        self.run_study("everywhere", "  - {id: rates, sites: [%s], measures: rate, date: 2009-01-01, methods: its}\n" % ", ".join(areas))
        rows = {r["site_code"]: r for r in self.read("impact", "everywhere") if r["term"] == "effect" and not r["comparator"]}
        strength = {a: abs(number(r["estimate"]) / number(r["se"])) for a, r in rows.items()}
        as_strong = sum(1 for s in strength.values() if s >= strength["5QL"] * (1 - 1e-12))
        ours = self.finding("rates", "rate", "its", "effect")
        self.close(ours["placebo_areas"], str(as_strong / len(strength)))
        self.assertEqual(int(ours["n_placebo_areas"]), len(strength))

    def test_placebo_dates_are_the_same_service_earlier(self):
        """All quarters before the service with four points and the review's year on either side, of points before it alone."""
        starts = [(y, m) for y in range(2005, 2009) for m in (1, 4, 7, 10) if (2005, 4) < (y, m) < (2009, 1)]
        services = "".join("  - {id: d%d-%02d, site: 5QL, measures: rate, date: %d-%02d-01, window: {from: 2005-04-01, to: 2008-12-31}, "
                           "baseline: {from: %d-%02d-01, to: %s}, review: {from: %d-%02d-01, to: %s}, methods: its}\n"
                           % (y, m, y, m, y - 1, m, last_day(y, m), y, m, last_day(y + 1, m))
                           for y, m in starts if "2005-04" <= "%d-%02d" % (y - 1, m) and last_day(y + 1, m) <= "2008-12-31")
        self.run_study("earlier", services)
        own = self.finding("rates", "rate", "its", "effect")
        mine = abs(number(own["estimate"]) / number(own["se"]))
        others = [abs(number(r["estimate"]) / number(r["se"])) for r in self.read("impact", "earlier")
                  if r["term"] == "effect" and not r["comparator"]]
        self.assertGreater(len(others), 4)
        self.assertEqual(int(own["n_placebo_dates"]), len(others) + 1)
        self.close(own["placebo_dates"], str((1 + sum(1 for o in others if o >= mine)) / (len(others) + 1)))

    # ---- verdicts, sensitivity, suspects ----

    def test_verdicts_follow_their_rule(self):
        powers = {key(r): number(r["estimate"]) for r in self.read("impact") if r["method"] == "power" and r["term"] == "detectable"}
        mains = {key(r): r for r in self.read("impact") if r["primary"] == "1" and not r["excluded"]
                 and (r["placebo_areas"] or r["refused"] == "1")}
        seen = set()
        for review in self.read("site-review"):
            if review["break_flag"]:
                continue
            main, expected = mains[key(review)], "cannot tell"
            if main["refused"] == "0":
                none = 1 if main["unit"] == "ratio" else 0
                is_out = number(main["lowercl"]) > none or number(main["uppercl"]) < none
                if is_out and number(main["placebo_areas"]) <= 0.05:
                    expected = "change"
                elif not is_out and powers.get(key(review), math.inf) <= (0.6 if review["impact"] == "steady" else 0.1):
                    expected = "no clear change"
            self.assertEqual(review["verdict"], expected, review)
            self.assertIn(review["verdict"].replace("change", "").strip() or "change", review["sentence"].lower())
            seen.add(expected)
        self.assertIn("cannot tell", seen)
        self.assertIn("no clear change", seen)

    def test_too_late_to_tell(self):
        refused = [r for r in self.read("impact") if r["impact"] == "late" and r["method"] == "its"]
        self.assertEqual({r["refused"] for r in refused}, {"1"})
        self.assertIn("too few points after", refused[0]["note"])
        for review in self.read("site-review"):
            if review["impact"] == "late":
                self.assertEqual(review["verdict"], "cannot tell")
                self.assertIn("too few points after", review["sentence"])

    def test_power_comes_first(self):
        seen = set()
        for row in self.read("impact"):
            if key(row) not in seen:
                self.assertEqual(row["method"], "power")
                seen.add(key(row))

    def test_sensitivity_is_the_study_that_counts_otherwise(self):
        service = "  - {id: rates, site: 5QL, measures: [rate, stay], date: 2009-01-01, methods: its}\n"
        for dimension, unit in (("unit", ", unit: cips"), ("zero-day stays", ", los_min: 1")):
            name = dimension.split()[0]
            self.run_study(name, service, unit=unit)
            theirs = self.finding("rates", "stay", "its", "effect", study=name)
            ours = [r for r in self.read("sensitivity") if key(r) == ("rates", "5QL", "stay") and r["dimension"] == dimension]
            self.assertEqual(len(ours), 1)
            for column in ("estimate", "lowercl", "uppercl", "p"):
                self.assertEqual(ours[0][column], theirs[column])

    def test_threads_change_nothing(self):
        tables = ("impact", "site-review", "sensitivity", "counterfactual", "breaks")
        for threads in ("1", "7"):
            self.run_study("threads" + threads, WHOLE, screen="true", threads=threads)
            for table in tables:
                self.assertEqual(self.read(table), self.read(table, "threads" + threads))

    # ---- hestia power ----

    def test_power_of_the_latest_run(self):
        """The command says what the run said, and what each site without a service could show in a year."""
        rows = list(csv.DictReader(io.StringIO(self.command("power", "services.yaml", "--out", "power.csv") or "")))
        self.assertEqual(rows, [])
        with open(os.path.join(self.folder, "power.csv"), newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        self.assertEqual({r["area_code"] for r in rows if not r["service"]}, {"5J6", "5QL", "5NK"})
        for row in rows:
            if row["service"] and row["detectable"]:
                ours = self.finding(row["service"], row["measure"], "power", "detectable", site=row["area_code"])
                self.assertEqual(ours["estimate"], row["detectable"])


class Suspects(Place):
    """Few areas, so that there is enough in each for a break to show."""

    size = ("--years", "2006-2010", "--people", "120000", "--areas", "4")

    def test_suspects_are_left_out_beside(self):
        """The clinics of X00 are recorded otherwise from April 2009: found, named, and the finding given without them."""
        service = ("  - {id: clinics, site: 5J6, measures: clinics, date: 2009-04-01, methods: [pre_post, its], primary: pre_post}\n"
                   "  - {id: later, site: 5J6, measures: clinics, window: {from: 2009-04-01, to: 2011-03-31}, date: 2010-04-01, methods: pre_post}\n")
        self.run_study("suspect", service, screen="true")
        self.run_study("without", service, more=", exclude_providers: [{code: X00, areas: 5J6, reason: recording}]")
        suspects = [r for r in self.read("breaks", "suspect") if r["area_code"] == "5J6" and r["provider"] == "X00"]
        self.assertEqual({r["month"] for r in suspects}, {"2009-04"})
        ours = self.finding("clinics", "clinics", "pre_post", "ratio", study="suspect", excluded="X00")
        theirs = self.finding("clinics", "clinics", "pre_post", "ratio", study="without")
        for column in ("estimate", "se", "lowercl", "uppercl", "p"):
            self.assertEqual(ours[column], theirs[column])
        self.assertIn("X00 op", ours["break_flag"])
        for review in self.read("site-review", "suspect"):
            self.assertEqual("X00" in review["break_flag"], review["impact"] == "clinics")
            self.assertEqual("at X00 from 2009-04" in review["sentence"], review["impact"] == "clinics")
        later = [r for r in self.read("sensitivity", "suspect") if (r["impact"], r["dimension"]) == ("later", "suspect providers")]
        self.assertEqual([r["note"] for r in later], ["no suspect provider"])  # a series that begins with the new level


def last_day(year, month):
    """The day before the first of a month of the given year."""
    year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return "%d-%02d-%02d" % (year, month, {2: 28 + (year % 4 == 0), 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
