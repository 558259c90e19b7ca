"""The worked study on artificial patients: results.csv and cohorts.csv hold what truth.csv says.

    python3 tests/cli/test_truth.py HESTIA REPOSITORY
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = REPOSITORY = ""

# What truth.csv also knows and the worked study does not ask.
MORE = """
  - {id: provider_spells, unit: spell, statistic: count}
  - {id: continuous_spells, unit: cips, statistic: count}
  - id: emergency_readmissions
    unit: cips
    where: {admission_method: emergency, discharge_method: [1, 2, 3]}
    statistic: readmission
    exclude_condition: none
    exclude_specialty: none
  - {id: outpatient_attendances, dataset: op, unit: attendance, statistic: count}
  - {id: ae_attendances, dataset: ae, unit: attendance, statistic: count}
"""


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("hestia %s ended with %d:\n%s" % (" ".join(arguments), done.returncode, done.stderr))


class Truth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-truth-")
        folder = os.path.join(cls.top, "ltc")
        run("synth", folder, "--study", "long-term-conditions", "--datasets", "apc,op,ae", "--years", "2001-2010",
            "--people", "20000", "--areas", "8", "--seed", "23", "--quiet")
        with open(os.path.join(folder, "study.yaml"), encoding="utf-8") as stream:
            study = stream.read()
        cls.same_text = study == read_text(os.path.join(REPOSITORY, "examples/long-term-conditions/study.yaml"))
        # the cohort without the ages of its register: a row tells an age in years only
        study = study.replace(", age: [17, 120]}", "}")
        study = study.replace("  - {dataset: op, files: extracts/op_*.csv.gz}\n",
                              "  - {dataset: op, files: extracts/op_*.csv.gz}\n"
                              "  - {dataset: ae, files: extracts/ae_*.csv.gz}\n")
        study = study.replace("\nreported:", MORE + "\nreported:")
        study = study.replace("formats: [csv, sqlite, xlsx, html]", "formats: csv")  # what is read here
        with open(os.path.join(folder, "truth.yaml"), "w", encoding="utf-8") as stream:
            stream.write(study)
        run("run", os.path.join(folder, "truth.yaml"), "--quiet")
        latest = os.path.join(folder, "results/latest/internal")
        cls.results = read_csv(os.path.join(latest, "results.csv"))
        cls.cohorts = read_csv(os.path.join(latest, "cohorts.csv"))
        cls.reported = read_csv(os.path.join(latest, "reported.csv"))
        cls.truth = read_csv(os.path.join(folder, "truth.csv"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def said(self, measure, what="counted", split=False):
        """Counts of truth.csv by area, period and split."""
        return {(r["area"], r["period"], r["split"]): int(r["n"]) for r in self.truth
                if r["measure"] == measure and r["what"] == what and bool(r["split"]) == split}

    def found(self, measure, statistic, column="total_count", split=False):
        return {(r["area_code"], r["period"], r["split"]): r[column] for r in self.results
                if r["measure"] == measure and r["statistic"] == statistic and bool(r["split"]) == split}

    def check(self, measure, statistic, n_periods):
        """Every count of the study is truth.csv's, for eight areas and England."""
        said, found = self.said(measure), self.found(measure, statistic)
        shared = {k: n for k, n in said.items() if k in found}
        self.assertEqual(len(shared), 9 * n_periods, measure)
        self.assertGreater(sum(shared.values()), 0, measure)
        faults = {k: (n, found[k]) for k, n in shared.items() if found[k] != str(n)}
        self.assertEqual(faults, {}, "%s: said and found" % measure)

    def test_the_study_is_the_one_of_the_repository(self):
        self.assertTrue(self.same_text)

    def test_admissions(self):
        self.check("emergency_admissions", "dsr", 40)
        self.check("elective_admissions", "dsr", 40)
        self.check("copd_emergency", "dsr", 40)
        self.check("diabetes_complications", "dsr", 12)

    def test_spells(self):
        self.check("provider_spells", "count", 40)
        self.check("continuous_spells", "count", 40)

    def test_stays_with_dementia(self):
        self.check("dementia_los", "mean_los", 35)
        days = self.said("dementia_los", "days")
        stays = self.said("dementia_los")
        n = 0
        for key, value in self.found("dementia_los", "mean_los", "value").items():
            if key in stays and stays[key] > 0:
                self.assertAlmostEqual(float(value), days[key] / stays[key], places=9)
                n += 1
        self.assertGreater(n, 100)

    def test_readmissions(self):
        self.check("emergency_readmissions", "readmission", 40)
        discharged = self.said("emergency_readmissions", "discharged")
        found = self.found("emergency_readmissions", "readmission", "total_pop")
        self.assertEqual({k: found[k] for k in discharged}, {k: str(n) for k, n in discharged.items()})

    def test_planted_effects_are_what_they_were_designed_to_be(self):
        for measure, area, first, percent in (("copd_emergency", "5NK", "2006/07 Q1", 30),
                                              ("emergency_admissions", "5QL", "2006/07 Q1", 15),
                                              ("diabetes_complications", "5J6", "2010/11 Q3", 10)):
            prevented, counted = self.said(measure, "prevented"), self.said(measure)
            self.assertEqual(min(period for _, period, _ in prevented), first)
            self.assertEqual({place for place, _, _ in prevented}, {area})
            self.assertEqual(set(self.said(measure, "prevented, percent by design").values()), {percent})
            n = sum(prevented.values())
            if percent > 10:  # too few of the small one to see
                share = n / (n + sum(counted[key] for key in prevented))
                self.assertTrue(0.67 * percent < 100 * share < 1.33 * percent, (measure, share))

    def test_a_planted_effect_is_there_in_the_counts(self):
        """Somerset's emergency admissions after and before the service, beside those of all other areas."""
        sums = {(is_site, is_after): 0 for is_site in (True, False) for is_after in (True, False)}
        for (area, period, _), n in self.said("emergency_admissions").items():
            if area not in ("England", "5NK"):  # Wirral has a service of its own
                sums[area == "5QL", period >= "2006/07 Q1"] += n
        ratio = sums[True, True] / sums[True, False] / (sums[False, True] / sums[False, False])
        self.assertTrue(0.75 < ratio < 0.93, ratio)

    def test_the_memory_service_of_wirral_does_nothing(self):
        self.assertEqual(self.said("dementia_los", "effect from this month on, percent by design"),
                         {("5NK", "2010-10", ""): 0})

    def test_attendances(self):
        self.check("outpatient_attendances", "count", 40)
        self.check("ae_attendances", "count", 40)

    def test_attendances_likely_for_diabetes(self):
        said, found = self.said("likely_diabetes_attendances"), self.found("likely_diabetes_attendances", "count")
        said_of, found_of = (self.said("likely_diabetes_attendances", split=True),
                             self.found("likely_diabetes_attendances", "count", split=True))
        excluded = {period: n for (area, period, provider), n in said_of.items()
                    if area == "5QL" and provider == "RD1"}
        n = 0
        for (area, period, split), count in said.items():
            if (area, period, split) in found:
                without = excluded.get(period, 0) if area in ("5QL", "England") else 0
                self.assertEqual(found[area, period, split], str(count - without), (area, period))
                n += 1
        self.assertEqual(n, 9 * 36)
        self.assertGreater(sum(excluded.values()), 0)
        for (area, period, provider), count in said_of.items():
            if period >= "2008-04" and area in ("5J6", "5QL", "5NK") and (area, provider) != ("5QL", "RD1"):
                self.assertEqual(found_of[area, period, provider], str(count), (area, period, provider))

    def test_cohort(self):
        said = {(r["area"], r["period"]): r["n"] for r in self.truth
                if r["measure"] == "diabetes" and r["what"] == "members"}
        found = {(r["area_code"], r["year"]): r["members"] for r in self.cohorts}
        self.assertEqual(len(said), 8 * 10)
        faults = {k: (n, found.get(k)) for k, n in said.items() if found.get(k) != n}
        self.assertEqual(faults, {})

    def test_reported_is_set_beside(self):
        beside = [r for r in self.reported if r["ours"]]
        self.assertEqual(len(beside), 36)
        self.assertEqual({(r["measure"], r["area_code"]) for r in beside}, {("likely_diabetes_attendances", "5QL")})
        said = self.said("likely_diabetes_attendances", split=True)
        for row in beside:  # what Somerset's own trust saw
            self.assertEqual(float(row["reported"]), said.get(("5QL", row["period"], "X01"), 0))


def read_text(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


if __name__ == "__main__":
    REPOSITORY = os.path.abspath(sys.argv.pop(2))
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
