"""hestia stats power: the smallest effect a series could show.

    python3 tests/cli/test_stats_power.py HESTIA
"""

import csv
import math
import os
import subprocess
import sys
import unittest

PROGRAM = ""
QUARTERS = [41, 37, 55, 60, 44, 31, 47, 66, 39, 40, 52, 61]
Z = 1.959963985 + 0.841621234


def table(column, values):
    return column + "\n" + "".join("%s\n" % value for value in values)


class Power(unittest.TestCase):
    def run_program(self, *arguments, text=""):
        return subprocess.run([PROGRAM, "stats", "power", *arguments], input=text, capture_output=True, text=True)

    def row(self, *arguments, text=""):
        result = self.run_program(*arguments, text=text)
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = list(csv.DictReader(result.stdout.splitlines()))
        self.assertEqual(len(rows), 1)
        return rows[0]

    def close(self, cell, expected, tolerance=1e-6):
        self.assertTrue(math.isclose(float(cell), expected, rel_tol=tolerance), (cell, expected))

    def test_people_of_one_quarter(self):
        """Twenty-nine people in a quarter, before and after: Poisson's noise, by hand."""
        row = self.row("--after", "1", text=table("events", [29]))
        d = Z * math.sqrt(2 / 29)
        self.close(row["detectable_ratio"], math.exp(d))
        self.close(row["detectable_rise"], math.exp(d) - 1)
        self.close(row["detectable_fall"], 1 - math.exp(-d))
        self.assertEqual(row["events_needed"], str(math.ceil(2 * Z ** 2 / math.log(1.1) ** 2)))
        self.assertEqual(row["periods_needed"], "")
        self.assertIn("taken for Poisson's noise", row["note"])
        self.assertIn("no time after would show", row["note"])

    def test_effect_power_and_alpha(self):
        row = self.row("--after", "1", "--effect", "0.5", "--power", "0.9", "--alpha", "0.01", text=table("events", [324]))
        z = 2.575829304 + 1.281551566
        self.close(row["detectable_rise"], math.exp(z * math.sqrt(2 / 324)) - 1)
        self.assertEqual(row["events_needed"], str(math.ceil(2 * z ** 2 / math.log(1.5) ** 2)))
        self.assertEqual((row["periods_needed"], row["note"][:15]), ("1", "fewer than 4 po"))

    def test_periods_needed_are_enough(self):
        text = table("events", QUARTERS)
        needed = int(self.row("--effect", "0.3", text=text)["periods_needed"])
        self.assertLessEqual(float(self.row("--after", str(needed), text=text)["detectable_rise"]), 0.3)
        self.assertGreater(float(self.row("--after", str(needed - 1), text=text)["detectable_rise"]), 0.3)

    def test_as_many_after_as_before(self):
        text = table("events", QUARTERS)
        self.assertEqual(self.row(text=text), self.row("--after", "12", text=text))
        self.assertEqual(self.row(text=text)["n_after"], "12")

    def test_season_is_no_noise(self):
        text = table("events", QUARTERS)
        self.assertLess(float(self.row("--cycle", "4", text=text)["dispersion"]), float(self.row(text=text)["dispersion"]))

    def test_values_and_models(self):
        text = table("y", QUARTERS)
        found = [float(self.row("--after", "6", "--model", m, text=text)["detectable_rise"]) for m in ("before-after", "its")]
        self.assertLess(found[0], found[1])
        self.assertEqual(self.row(text=text)["events_needed"], "")

    def test_population_is_allowed_for(self):
        """Events that rise with their population vary no more than Poisson's."""
        text = "events,population\n100,1000\n200,2000\n400,4000\n100,1000\n200,2000\n"
        self.assertEqual(self.row(text=text)["dispersion"], "1")
        self.assertGreater(float(self.row(text=table("events", [100, 200, 400, 100, 200]))["dispersion"]), 10)

    def test_refusals_are_notes(self):
        cases = [("events", [0, 0, 0, 0], [], "no events"), ("y", [1, 2, 3], [], "too few points before: 3, at least 4"),
                 ("y", [3, 3, 3, 3], [], "a constant series"), ("events", [3, 5, 4], ["--model", "its"], "too few points before"),
                 ("events", [7, 5, 4, 9], ["--model", "its", "--after", "1"], "too few points after: 1, at least 2")]
        for column, values, arguments, words in cases:
            row = self.row(*arguments, text=table(column, values))
            self.assertIn(words, row["note"])
            self.assertEqual((row["detectable_ratio"], row["events_needed"], row["dispersion"]), ("", "", ""))

    def test_bad_use(self):
        cases = [("n\n1\n", [], 3, "needs one of the columns events"), ("events,y\n1,2\n", [], 3, "needs one of the columns"),
                 ("events\n1\n", ["--power", "80"], 2, "--power takes"), ("events\n1\n", ["--after", "0"], 2, "--after takes"),
                 ("events\n1\n", ["--model", "ols"], 2, "takes one of before-after"), ("events\n-1\n", [], 3, "below 0")]
        for text, arguments, code, words in cases:
            result = self.run_program(*arguments, text=text)
            self.assertEqual(result.returncode, code, result.stdout)
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
