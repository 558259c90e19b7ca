"""What a newcomer does first: the README's commands, and the demo.

    python3 tests/cli/test_readme.py HESTIA REPOSITORY
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = REPOSITORY = ""


def hestia(*arguments):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


class Readme(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="hestia-readme-")
        self.addCleanup(shutil.rmtree, self.top)

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def test_commands_of_the_readme(self):
        with open(os.path.join(REPOSITORY, "README.md"), encoding="utf-8") as stream:
            text = stream.read()
        self.assertTrue(text.startswith("# hestia\n\n```\nscripts/quickstart\nscripts/test\n```\n"))
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
        self.assertGreaterEqual(len(blocks), 2)
        env = dict(os.environ, PATH=os.path.dirname(PROGRAM) + os.pathsep + os.environ["PATH"])
        for line in "".join(blocks).splitlines():
            done = subprocess.run(["bash", "-c", line], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, cwd=self.top, env=env)
            self.assertEqual(done.returncode, 0, line + "\n" + done.stderr)

    def test_demo_says_what_its_services_changed(self):
        """The sentence of each service, in lines of their own; a number stays with its percent sign."""
        self.assertEqual(hestia("demo", self.path("x"), "--people", "3").returncode, 2)
        done = hestia("demo", self.path("demo"), "--people", "20000", "--log-format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        reviews = {}
        for row in read_csv(self.path("demo/results/latest/internal/site-review.csv")):
            reviews.setdefault((row["impact"], row["site_code"], row["measure"]), row)
        block = done.stdout.split("\nServices: did anything change?\n\n")[1].split("\n\nPlanted and found")[0]
        expected = [f"{row['impact']}: {row['verdict']} {row['sentence']}" for row in reviews.values()]
        self.assertEqual([" ".join(said.split()) for said in block.split("\n\n")], expected)
        with open(self.path("demo/results/status.json"), encoding="utf-8") as stream:
            status = json.load(stream)
        end = json.loads(done.stderr.splitlines()[-1])
        self.assertEqual(end["event"], "run.end")
        self.assertLessEqual(status["seconds"], end["seconds"])  # of the run, without making the country
        planted = read_csv(self.path("demo/results/latest/internal/planted.csv"))
        for row in planted:
            name = row["impact"] or row["provider"]
            line = [said for said in done.stdout.split("Planted and found")[1].splitlines() if name in said][0]
            self.assertIn(f"{float(row['planted_percent']):.0f} %", line)
            self.assertTrue(line.endswith(row["found"]), line)
        self.assertEqual(len(expected), 7)
        for line in block.splitlines():
            self.assertLessEqual(len(line.encode()), 100)
            self.assertFalse(line.strip().startswith("%"), block)


if __name__ == "__main__":
    REPOSITORY = os.path.abspath(sys.argv.pop(2))
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
