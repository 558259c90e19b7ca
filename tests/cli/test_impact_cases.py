"""Services that are hard to judge: nothing to count, no population, months left out, few areas, whole years. Every one of them
gets rows, a verdict that does not promise too much, and a sentence without nonsense.

    python3 tests/cli/test_impact_cases.py HESTIA
"""

import csv
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""

STUDY = """study: hard
period: {from: 2005-04-01, to: 2011-03-31}
extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}, {dataset: op, files: extracts/op_*.csv.gz}]
areas:
  type: pct
  field: [RESPCT06, RESPCT_HIS]
  lookup: pct_lookup.csv
  names: pct_names.csv
  sites: [5J6, 5QL, 5NK]
  comparators: [{name: England, areas: all}, {name: One, file: one.csv}]
population: population.csv
standard_population: esp1976
measure_defaults: {by: [month, quarter, year], statistic: dsr}
measures:
  - {id: rate, title: Emergency admissions, where: {admission_method: emergency}}
  - {id: number, where: {admission_method: emergency}, statistic: count}
  - {id: crude, where: {admission_method: emergency}, statistic: crude_rate}
  - {id: repeats, where: {admission_method: emergency}, statistic: crude_rate, interval: repeat-adjusted}
  - {id: stay, where: {admission_method: emergency}, statistic: mean_los}
  - {id: elsewhere, where: {provider: ZZZ}, statistic: count}
  - {id: elsewhere_rate, where: {provider: ZZZ}, statistic: crude_rate}
  - {id: elsewhere_stay, where: {provider: ZZZ}, statistic: mean_los}
  - {id: one_trust, dataset: op, unit: attendance, statistic: count, where: {provider: X00}}
  - {id: clinics, dataset: op, unit: attendance, statistic: count}
impact:
  - {id: years, by: year, site: 5QL, measures: [rate, number, stay], date: 2008-04-01, methods: [its, pre_post, trend]}
  - {id: nothing, by: quarter, site: 5QL, measures: [elsewhere, elsewhere_rate, elsewhere_stay], date: 2009-01-01, methods: [its, pre_post, did, synthetic_control, trend, spc], expected: lower}
  - {id: nothing_pp, by: quarter, site: 5QL, measures: [elsewhere, elsewhere_rate, elsewhere_stay], date: 2009-01-01, methods: pre_post}
  - {id: begins, by: quarter, site: 5NK, measures: one_trust, date: 2009-01-01, methods: pre_post}
  - {id: people, by: quarter, site: 5A4, measures: [crude, number], date: 2009-01-01, methods: [pre_post, its], primary: pre_post}
  - {id: phase, by: month, site: 5J6, measures: [number, rate, stay], date: 2008-11-17, phase_in: {from: 2008-11-17, to: 2009-02-10}, methods: [pre_post, its, did], primary: pre_post}
  - {id: end, by: month, site: 5J6, measures: [number, rate], date: 2010-04-01, methods: pre_post}
  - {id: mixture, by: quarter, site: 5QL, measures: [clinics, stay], date: 2009-01-01, comparators: One, methods: synthetic_control, primary: synthetic_control}
  - {id: beside, by: quarter, site: 5QL, measures: number, date: 2009-01-01, comparators: England, methods: its, options: {its: {season: none}}}
  - {id: everywhere, by: quarter, sites: [ALL], measures: number, date: 2009-01-01, methods: pre_post}
  - {id: long_ago, by: quarter, measures: clinics, date: 2006-04-01, baseline: {from: 2005-04-01, to: 2006-03-31}, review: {from: 2009-04-01, to: 2010-03-31}, methods: pre_post}
  - {id: repeats, by: quarter, site: 5QL, measures: repeats, date: 2009-01-01, methods: pre_post}
publish: {disclosure: none, directory: out, formats: csv}
"""


def number(text):
    return float(text) if text else math.nan


class Hard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="hestia-hard-")
        cls.command("synth", cls.folder, "--datasets", "apc,op", "--years", "2005-2010", "--people", "40000", "--areas", "8", "--seed", "5", "--quiet")
        path = os.path.join(cls.folder, "population.csv")
        with open(path, newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
        cls.areas = sorted({row[0] for row in rows[1:] if row[0] != "ENG"})
        cls.without_people = cls.areas[0] if cls.areas[0] not in ("5J6", "5QL", "5NK") else cls.areas[-1]
        with open(path, "w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(r for r in rows if not (r[0] == cls.without_people and r[1] in ("2009", "2010")))
        cls.only = next(a for a in cls.areas if a not in ("5J6", "5QL", "5NK", cls.without_people))
        cls.write("one.csv", "area,comparator\n" + "".join("%s,%s\n" % (a, cls.only) for a in cls.areas if a != cls.only))
        study = STUDY.replace("ALL", ", ".join(cls.areas)).replace("site: 5A4", "site: " + cls.without_people)
        cls.write("hard.yaml", study)
        cls.command("run", "hard.yaml", "--quiet")
        cls.tables = {t: cls.read(t) for t in ("impact", "site-review", "sensitivity", "results", "counterfactual")}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def write(cls, name, text):
        with open(os.path.join(cls.folder, name), "w", encoding="utf-8") as stream:
            stream.write(text)

    @classmethod
    def command(cls, *arguments):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, cwd=cls.folder)
        if done.returncode != 0:
            raise AssertionError("hestia %s ended with %d:\n%s" % (" ".join(arguments), done.returncode, done.stderr))

    @classmethod
    def read(cls, table):
        with open(os.path.join(cls.folder, "out", "latest", table + ".csv"), newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def rows(self, table, **wanted):
        return [r for r in self.tables[table] if all(r[k] == v for k, v in wanted.items())]

    def reviews(self, impact, measure=None):
        found = [r for r in self.rows("site-review") if r["impact"] == impact and measure in (None, r["measure"])]
        self.assertTrue(found)
        return found

    # ---- all rows ----

    def test_no_cell_is_nonsense(self):
        for table in ("impact", "site-review", "sensitivity"):
            for row in self.rows(table):
                for column, text in row.items():
                    self.assertNotRegex(text, r"(?i)(^|[^a-z])-?(nan|inf)($|[^a-z])", (column, row))
                    self.assertNotIn("  ", text, (column, row))

    def test_sentences_are_whole(self):
        """No share falls below all, none is -0.0, no number of areas is beyond the list, and the verdict is said."""
        for row in self.rows("site-review"):
            sentence = row["sentence"]
            self.assertTrue(sentence.endswith("."), sentence)
            self.assertIn({"change": "A change:", "no clear change": "No clear change:", "cannot tell": "Cannot tell:"}[row["verdict"]], sentence)
            self.assertNotIn("-0.0 %", sentence)
            for share in re.findall(r"-([\d,.]+) %", sentence):
                self.assertLessEqual(float(share.replace(",", "")), 100, sentence)
            for share in re.findall(r"(?:down|fall of) ([\d,.]+) %", sentence):
                self.assertLessEqual(float(share.replace(",", "")), 100, sentence)
            for areas in re.findall(r"(\d+) other areas", sentence):
                self.assertLess(int(areas), len(self.areas), sentence)

    def test_refusals_are_rows_with_a_reason(self):
        for row in self.rows("impact", refused="1"):
            self.assertTrue(row["note"], row)
            self.assertEqual(row["estimate"], "")
        for row in self.rows("sensitivity"):
            self.assertTrue(row["estimate"] or row["note"], row)

    # ---- one by one ----

    def test_whole_years_have_no_season(self):
        notes = {r["note"] for r in self.rows("sensitivity", impact="years", dimension="season")}
        self.assertEqual(notes, {"whole years have no season"})

    def test_nothing_to_count_cannot_tell(self):
        for impact in ("nothing", "nothing_pp"):
            for row in self.reviews(impact):
                self.assertEqual((row["verdict"], row["change_percent"]), ("cannot tell", ""))
                self.assertIn("the method gives no answer", row["sentence"])

    def test_rates_need_people_before_and_after(self):
        """Events of a year without a population are no rate: the quarters with one are compared, or nothing is."""
        for row in self.reviews("people", "crude"):
            self.assertEqual((row["review_from"], row["review_to"]), ("2009-01-01", "2009-03-31"))
            self.assertEqual((row["baseline_from"], row["baseline_to"]), ("2008-01-01", "2008-03-31"))
            self.assertNotEqual(row["verdict"], "change")
        ratio = self.rows("impact", impact="people", measure="crude", method="pre_post", term="ratio")[0]
        self.assertLess(abs(math.log(number(ratio["estimate"]))), 1)
        for row in self.reviews("people", "number"):
            self.assertEqual((row["review_from"], row["review_to"]), ("2009-01-01", "2009-12-31"))

    def test_same_months_stay_the_same_months(self):
        """Months of phase-in are left out of both sides, and so are those that are not complete."""
        for row in self.reviews("phase"):
            self.assertEqual((row["baseline_from"], row["baseline_to"]), ("2008-03-01", "2008-10-31"))
            self.assertEqual((row["review_from"], row["review_to"]), ("2009-03-01", "2009-10-31"))
        incomplete = [r for r in self.rows("results", measure="number", area_code="5J6", period="2011-03", incomplete="1")]
        self.assertEqual(len(incomplete), 1)
        for row in self.reviews("end"):
            self.assertEqual((row["baseline_to"], row["review_to"]), ("2010-02-28", "2011-02-28"))
            self.assertIn("Incomplete periods are left out.", row["sentence"])

    def test_just_before_is_before_the_cut_period(self):
        """November 2008 is partly after the date, so that the eight months before it are the other baseline."""
        events = {r["period"]: int(r["total_count"]) for r in self.rows("results", measure="number", area_code="5J6", period_type="month")}
        before = sum(events["2008-%02d" % m] for m in range(3, 11))
        after = sum(events["2009-%02d" % m] for m in range(3, 11))
        ours = self.rows("sensitivity", impact="phase", measure="number", dimension="season")[0]
        self.assertAlmostEqual(number(ours["estimate"]), after / before, places=9)

    def test_periods_left_out_are_not_added_up(self):
        """Nothing was seen in the phase-in and in a month that is not complete, so the cumulative effect is not of them."""
        points = self.rows("counterfactual", impact="phase", measure="rate")
        self.assertIn("0", {p["used"] for p in points if p["effect"]})
        expected = sum(number(p["effect"]) for p in points if p["effect"] and p["used"] == "1")
        ours = self.rows("impact", impact="phase", measure="rate", term="cumulative", comparator="")[0]
        self.assertTrue(math.isclose(number(ours["estimate"]), expected, rel_tol=1e-7), (ours["estimate"], expected))

    def test_a_rank_alone_is_never_no_clear_change(self):
        """One donor: the placebo rank can be 1 of 2 at best, and there are no limits."""
        for row in self.reviews("mixture"):
            self.assertEqual(row["verdict"], "cannot tell")

    def test_the_site_is_no_control_of_itself(self):
        """England's series in controlled its is that of the other areas: its jump in `control_level` is theirs."""
        series = {}
        for row in self.rows("results", measure="number", period_type="quarter"):
            if row["area_role"] != "comparator" and row["incomplete"] == "0":
                series.setdefault(row["area_code"], {})[row["period_start"]] = int(row["total_count"])
        times = sorted(series["5QL"])
        rows = "t,events,population,treated\n"
        for treated in (1, 0):
            for t, start in enumerate(times):
                events = series["5QL"][start] if treated else sum(s[start] for a, s in series.items() if a != "5QL")
                rows += "%d,%d,1,%d\n" % (t + 1, events, treated)
        self.write("controlled.csv", rows)
        done = subprocess.run([PROGRAM, "stats", "its", "controlled.csv", "--intervention", "16", "--model", "quasipoisson", "--se", "robust"],
                              capture_output=True, text=True, cwd=self.folder, check=True)
        theirs = {r["term"]: r for r in csv.DictReader(done.stdout.splitlines())}
        for term in ("level", "control_level"):
            ours = self.rows("impact", impact="beside", method="its", term=term, comparator="England")
            self.assertEqual(len(ours), 1)
            self.assertTrue(math.isclose(number(ours[0]["estimate"]), number(theirs[term]["estimate"]), rel_tol=1e-7), term)

    def test_a_service_everywhere_has_no_other_areas(self):
        """With five sites and more the rank is not asked for, and where all areas have the service none is there to ask."""
        for row in self.reviews("everywhere"):
            self.assertNotIn("other areas", row["sentence"])

    def test_few_other_areas_cannot_rule_out_chance(self):
        said = 0
        for row in self.reviews("long_ago") + self.reviews("phase"):
            self.assertNotEqual(row["verdict"], "change")
            said += "too few to rule out chance" in row["sentence"] or "was as clear" in row["sentence"]
        self.assertLess(0, said)

    def test_repeated_admissions_widen_a_before_and_after(self):
        """A crude rate with that interval is compared by its variance, not as if every admission were another person's."""
        found = {r["term"]: r for r in self.rows("impact", impact="repeats", method="pre_post")}
        row = self.reviews("repeats")[0]
        self.assertAlmostEqual(number(found["difference"]["estimate"]), number(row["change"]), places=9)
        self.assertAlmostEqual(number(found["difference"]["lowercl"]), number(row["change_lowercl"]), places=6)
        self.assertIn("difference", row["p_method"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
