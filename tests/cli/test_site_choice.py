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

    def test_scores_of_a_run_are_those_of_its_results(self):
        results = [row for row in self.table("results/latest/results.csv") if row["incomplete"] == "0"]
        rows = self.table("scores-run.csv")
        periods = sorted({row["period"] for row in results})
        self.assertEqual(sorted({row["period"] for row in rows}), periods)
        self.assertEqual(len(rows), 12 * len(periods))
        for period in periods:
            values = {name: {row["area_code"]: float(row["value"]) for row in results
                             if row["period"] == period and row["statistic"] == name and row["value"]}
                      for name in ("hhi", "acs_score")}
            self.assertEqual(len(values["acs_score"]), 12)
            several = {area: 1 - value for area, value in values["hhi"].items()}
            for row in (row for row in rows if row["period"] == period):
                expected = several[row["area_code"]] * 12 / sum(several.values()) + \
                    2 * values["acs_score"][row["area_code"]] * 12 / sum(values["acs_score"].values())
                self.assertAlmostEqual(float(row["total"]), expected, 10)

    def test_a_run_scores_its_residuals_as_stats_does(self):
        """The rates of the run set beside imd.csv once more, by the method alone."""
        imd = {row["area"]: row["imd"] for row in self.table("imd.csv")}
        results = self.table("results/latest/results.csv")
        path = os.path.join(self.folder, "rates.csv")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("area,period,observed,expected,ref_rate,imd\n")
            for row in results:
                if row["statistic"] == "acs_isr":
                    stream.write("%s,%s,%s,1,1,%s\n" % (row["area_code"], row["period"], row["value"], imd[row["area_code"]]))
        done = subprocess.run([PROGRAM, "stats", "acs-score", path, "--by", "period", "--out", path + ".out"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        scores = {(row["area"], row["period"]): row for row in read_csv(path + ".out")}
        self.assertEqual(len(scores), 36)
        for row in results:
            key = (row["area_code"], row["period"])
            if row["statistic"] == "acs_score":
                self.assertEqual(row["value"], scores[key]["score"])
            elif row["statistic"] == "acs_residual":
                self.assertAlmostEqual(float(row["value"]), float(scores[key]["rstandard"]), 9)


if __name__ == "__main__":
    PROGRAM, REPOSITORY = map(os.path.abspath, sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
