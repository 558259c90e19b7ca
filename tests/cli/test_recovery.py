"""What is planted in artificial patients is found again, and where nothing is planted nothing is found.

    python3 tests/cli/test_recovery.py HESTIA

The worked study as it stands (examples/long-term-conditions), on fewer areas. With effects: Somerset's service (15 % of all emergency
admissions) is a change whose limits hold what was planted; Wirral's lung team is too small an effect for its few admissions but its
limits hold it too; what comes too late, or does nothing, cannot be told; both recording breaks are suspects and no service's merit.
At this size the screen does not find Calderdale's break for every seed (docs/methods.md says how often); the seed is one for which it does.
"""

import csv
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""

EVERYWHERE = """study: everywhere
period: {from: 2001-04-01, to: 2011-03-31}
store: hes-store
extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}]
areas:
  type: pct
  field: [RESPCT06, RESPCT_HIS]
  lookup: pct_lookup.csv
  names: pct_names.csv
  sites: [SITES]
  comparators: [{name: England, areas: all}]
providers: {names: providers.csv, merge: trust_mergers.csv}
population: population.csv
standard_population: esp1976
measure_defaults: {by: quarter, statistic: dsr}
measures:
  - {id: emergency, where: {admission_method: emergency}}
  - {id: elective, where: {admission_method: elective}}
impact:
  - {id: nothing, sites: [SITES], measures: [emergency, elective], date: 2006-04-01, methods: its, primary: its}
breaks: {screen: false}
publish: {disclosure: none, directory: everywhere, formats: csv}
"""


def command(folder, *arguments):
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        raise AssertionError("hestia %s ended with %d:\n%s" % (" ".join(arguments), done.returncode, done.stderr))


def read(*path):
    with open(os.path.join(*path), newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def binomial_tail(n, share, least):
    """Probability of `least` or more among n."""
    return sum(math.comb(n, k) * share ** k * (1 - share) ** (n - k) for k in range(least, n + 1))


def outside(effects):
    """How many limits exclude no effect."""
    return sum(not float(r["lowercl"]) <= 0 <= float(r["uppercl"]) for r in effects)


class Place(unittest.TestCase):
    seed = "1"

    @classmethod
    def setUpClass(cls):
        if cls is Place:
            raise unittest.SkipTest("nothing of its own")
        cls.folder = tempfile.mkdtemp(prefix="hestia-recovery-")
        command(cls.folder, "synth", ".", "--study", "long-term-conditions", "--years", "2001-2010", "--seed", cls.seed, "--quiet", *cls.made)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)


class Planted(Place):
    made = ("--datasets", "apc,op", "--people", "60000", "--areas", "24")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        command(cls.folder, "run", "study.yaml", "--quiet")
        latest = os.path.join(cls.folder, "results", "latest", "internal")
        cls.impact, cls.review, cls.breaks = (read(latest, t + ".csv") for t in ("impact", "site-review", "breaks"))
        cls.results, cls.truth = read(latest, "results.csv"), read(cls.folder, "truth.csv")
        cls.planted, cls.counterfactual = read(latest, "planted.csv"), read(latest, "counterfactual.csv")

    def verdicts(self, site, measure):
        return {r["verdict"] for r in self.review if (r["site_code"], r["measure"]) == (site, measure)}

    def planted_share(self, measure, area):
        """Of what there would have been in the first year, which is what a review looks at."""
        def total(what):
            return sum(int(r["n"]) for r in self.truth if (r["measure"], r["area"], r["what"]) == (measure, area, what)
                       and r["period"].startswith("2006/07"))
        prevented = total("prevented")
        return prevented / (prevented + total("counted"))

    def limits(self, service, site, measure):
        """Limits of the effect, and what was planted, as shares. The effect is a difference of rates; its limits over the counterfactual (what there was, less the effect) hold the share."""
        found = [r for r in self.impact if (r["impact"], r["method"], r["term"], r["excluded"]) == (service, "its", "effect", "")
                 and r["comparator"] == ""]
        rates = [float(r["value"]) for r in self.results if (r["measure"], r["area_code"], r["statistic"]) == (measure, site, "dsr")
                 and r["period"].startswith("2006/07 Q")]
        self.assertEqual((len(found), len(rates)), (1, 4))
        lower, estimate, upper = (float(found[0][c]) for c in ("lowercl", "estimate", "uppercl"))
        expected = sum(rates) / 4 - estimate
        share = -self.planted_share(measure, site)
        return lower / expected, share, upper / expected

    def check_limits(self, service, site, measure):
        lower, share, upper = self.limits(service, site, measure)
        self.assertTrue(lower <= share <= upper, (lower, share, upper))

    def test_a_large_effect_is_a_change(self):
        self.check_limits("somerset-rapid-response", "5QL", "emergency_admissions")
        self.assertEqual(self.verdicts("5QL", "emergency_admissions"), {"change"})

    def test_what_was_planted_stands_beside_what_was_found(self):
        rows = {r["impact"] or (r["provider"], r["specialty"]): r for r in self.planted}
        self.assertEqual(set(rows), {"somerset-rapid-response", "wirral-lung-team", "calderdale-foot-care", "wirral-memory-service",
                                     "calderdale-diabetes-clinics", ("RD1", ""), ("X00", "300")})
        somerset = rows["somerset-rapid-response"]
        self.assertEqual((somerset["planted_percent"], somerset["found"]), ("-15", "change"))
        without = [float(r["counterfactual"]) for r in self.counterfactual if r["impact"] == "somerset-rapid-response" and r["period"].startswith("2006/07")]
        effect = [r for r in self.impact if (r["impact"], r["primary"], r["term"], r["excluded"]) == ("somerset-rapid-response", "1", "effect", "")][0]
        self.assertEqual(len(without), 4)
        for found, term in (("found_percent", "estimate"), ("found_lowercl", "lowercl"), ("found_uppercl", "uppercl")):
            self.assertAlmostEqual(float(somerset[found]), 100 * float(effect[term]) / (sum(without) / 4), 6)
        review = [r for r in self.review if r["impact"] == "somerset-rapid-response"][0]
        self.assertEqual(somerset["found_percent"], review["effect_percent"])
        self.assertEqual((rows["calderdale-foot-care"]["found"], rows["calderdale-foot-care"]["found_percent"]), ("cannot tell", ""))
        suspect = [r for r in self.breaks if r["provider"] == "RD1"][0]
        self.assertAlmostEqual(float(rows["RD1", ""]["found_percent"]), 100 * float(suspect["size"]), 9)
        self.assertEqual((rows["RD1", ""]["planted_percent"], rows["RD1", ""]["found"]), ("67", "2010-04"))

    def test_an_effect_on_few_lies_within_its_limits(self):
        self.check_limits("wirral-lung-team", "5NK", "copd_emergency")

    def test_too_late_too_small_or_nothing_cannot_be_told(self):
        self.assertEqual(self.verdicts("5J6", "diabetes_complications"), {"cannot tell"})
        self.assertEqual(self.verdicts("5NK", "dementia_los"), {"cannot tell"})

    def test_both_recording_breaks_are_found_and_nothing_else(self):
        found = {(r["area_code"], r["provider"], r["specialty"], r["month"]) for r in self.breaks if r["suspect"] == "1"}
        self.assertEqual({f[:3] for f in found} - {("5J6", "X00", "301")}, {("5QL", "RD1", ""), ("5J6", "X00", "300")}, found)
        self.assertEqual({f[3] for f in found if f[1] == "RD1"}, {"2010-04"})
        self.assertEqual({f[3] for f in found if f[2] == "300"}, {"2009-04"})

    def test_a_recording_break_is_no_merit_of_a_service(self):
        rows = [r for r in self.review if r["measure"] == "likely_diabetes_attendances"]
        self.assertTrue(rows)
        for row in rows:
            self.assertIn("X00", row["break_flag"])
            self.assertNotEqual(row["verdict"], "change")


class Nothing(Place):
    made = ("--datasets", "apc", "--people", "60000", "--areas", "40", "--effects", "none")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sites = [r["code"] for r in read(cls.folder, "pct_names.csv")]
        with open(os.path.join(cls.folder, "everywhere.yaml"), "w", encoding="utf-8") as stream:
            stream.write(EVERYWHERE.replace("SITES", ", ".join(sites)))
        command(cls.folder, "run", "everywhere.yaml", "--quiet")
        cls.impact, cls.review = (read(cls.folder, "everywhere", "latest", t + ".csv") for t in ("impact", "site-review"))

    @classmethod
    def effects(cls):
        return [r for r in cls.impact if r["term"] == "effect" and r["refused"] == "0" and r["comparator"] == ""]

    def test_findings_are_no_more_than_the_stated_rate(self):
        """Stated are 5 % of verdicts and 5 % of limits that exclude no effect. 80 findings that were independent would
        exceed the 10 % allowed here in less than one of 30 studies; the seed is fixed, so that a failure is a change of the program."""
        effects = self.effects()
        verdicts = {(r["site_code"], r["measure"]): r["verdict"] for r in self.review}
        changes = sum(v == "change" for v in verdicts.values())
        print("of %d findings: change %d, limits without no effect %d" % (len(effects), changes, outside(effects)))
        self.assertEqual((len(effects), len(verdicts)), (80, 80))
        self.assertLess(binomial_tail(80, 0.05, 9), 1 / 30)
        self.assertLessEqual(changes, 4)
        self.assertLessEqual(outside(effects), 8)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
