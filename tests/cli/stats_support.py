"""Running hestia stats and reading its answer, for the tests of its methods."""

import csv
import math
import os
import subprocess
import sys
import unittest

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "golden")


def read_golden(name, **values):
    """The rows of a golden table that have these texts."""
    with open(os.path.join(GOLDEN, name), newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if all(row[key] == value for key, value in values.items())]


def table(header, rows):
    return "".join(",".join(str(cell) for cell in line) + "\n" for line in [header] + rows)


class Stats(unittest.TestCase):
    program = ""
    method = ()  # arguments that stand first in every run

    def run_program(self, *arguments, text=""):
        return subprocess.run([self.program, "stats", *self.method, *arguments], input=text, capture_output=True, text=True)

    def rows(self, *arguments, text=""):
        result = self.run_program(*arguments, text=text)
        self.assertEqual(result.returncode, 0, result.stderr)
        return list(csv.DictReader(result.stdout.splitlines()))

    def failed(self, code, words, *arguments, text=""):
        result = self.run_program(*arguments, text=text)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertIn(words, result.stderr)
        self.assertEqual(result.stdout, "")

    def close(self, found, expected, tolerance):
        """A cell of the output against one of R's."""
        if expected in ("NA", "NaN"):
            self.assertEqual(found, "")
        elif expected == "Inf":
            self.assertEqual(found, "Inf")
        elif float(expected) == 0:
            self.assertLess(abs(float(found)), 1e-12)
        else:
            self.assertTrue(math.isclose(float(found), float(expected), rel_tol=tolerance), (found, expected))


def main():
    """Runs the tests of the script, whose first argument is the program."""
    Stats.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()
