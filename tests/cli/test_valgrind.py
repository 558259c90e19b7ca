"""Whole runs on tiny data under valgrind's memcheck: no error, and nothing lost.

    python3 tests/cli/test_valgrind.py HESTIA VALGRIND SUPPRESSIONS [NAME...]

The gate runs `Tiny.test_run`; the rest goes with `scripts/test valgrind`. Valgrind 3.19 has AVX2 and no AVX-512: ISA-L and hestia choose
their kernels by what the processor says of itself, which is valgrind's, so the AVX2 ones are what is checked.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = VALGRIND = SUPPRESSIONS = ""
FOUND = 99


class Tiny(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="hestia-valgrind-")
        subprocess.run([PROGRAM, "synth", ".", "--people", "1000", "--years", "2008-2009", "--areas", "3", "--quiet"], cwd=cls.folder, check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def check(self, *arguments, code=0):
        done = subprocess.run([VALGRIND, "--quiet", f"--error-exitcode={FOUND}", "--leak-check=full", "--show-leak-kinds=definite,possible",
                               "--errors-for-leak-kinds=definite,possible", f"--suppressions={SUPPRESSIONS}", PROGRAM, *arguments],
                              cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"{arguments}:\n{done.stderr}")

    def test_run(self):
        self.check("run", "study.yaml", "--threads", "2", "--no-progress")

    def test_run_that_fails(self):
        with open(os.path.join(self.folder, "study.yaml"), encoding="utf-8") as stream:
            text = stream.read()
        with open(os.path.join(self.folder, "wrong.yaml"), "w", encoding="utf-8") as stream:
            stream.write(text.replace("pct_names.csv", "absent.csv"))
        self.check("run", "wrong.yaml", "--no-progress", code=2)

    def test_other_commands(self):
        subprocess.run([PROGRAM, "run", "study.yaml", "--quiet"], cwd=self.folder, check=True)
        self.check("check", "study.yaml")
        self.check("run", "study.yaml", "--no-progress")
        self.check("explain", "study.yaml", "emergency_admissions", "--area", "5NK", "--period", "2008/09")
        self.check("export", "spells", "study.yaml", "--where", "emergency_admissions", "--out", "spells.csv")
        self.check("compare", "results", "results")
        self.check("store", "verify", ".hestia-store")
        self.check("store", "list", ".hestia-store")
        self.check("power", "study.yaml")
        self.check("synth", "more", "--people", "1000", "--years", "2008", "--areas", "3", "--quiet")


if __name__ == "__main__":
    PROGRAM, VALGRIND, SUPPRESSIONS = (os.path.abspath(path) for path in sys.argv[1:4])
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
