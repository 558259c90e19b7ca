"""Commands beside `run` on a disk that fails: ingest, explain, export, check, store list, store verify.

    python3 tests/fault/test_commands.py HESTIA INJECTOR

Each call that reads, opens or lists fails once (EIO); a sample in the gate, all with HESTIA_FAULTS=all. A command that ends well has said
what it says on a sound disk; one that fails says why on one line and leaves nothing behind.
"""

import os
import random
import sys

import fault_support
from fault_support import Nights, hestia, leftovers


def n_lines(path):
    """Of an export, whose pseudonyms are others each time."""
    with open(path, "rb") as stream:
        return len(stream.readlines())


class Commands(Nights):
    seed = fault_support.environment_number("HESTIA_FAULT_SEED", 20261122)
    n_tries = 12

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_well(cls.before)
        cls.chance = random.Random(cls.seed)

    def check_command(self, *arguments, out=None, calls=("read,open,list",), codes=(1, 3), says_the_same=True):
        folder = self.before
        path = os.path.join(folder, out) if out else None
        log = hestia(folder, *arguments, trace=True)
        self.assertEqual(log.code, 0, log.error)
        self.assertEqual(fault_support.not_on_disk(log.calls), [])
        right = (log.output, n_lines(path) if path else None)
        n_failed = 0
        for classes in calls:
            names = classes.split(",")
            n = sum(c.split(" ", 1)[0] in names for c in log.calls)
            self.assertGreater(n, 0)
            numbers = range(1, n + 1)
            for at in numbers if fault_support.all_faults() else sorted(self.chance.sample(numbers, min(self.n_tries, n))):
                if path and os.path.exists(path):
                    os.remove(path)
                done = hestia(folder, *arguments, fault="%s %d EIO" % (classes, at))
                about = "hestia %s, %s %d: %s" % (" ".join(arguments), classes, at, done.error)
                self.assertTrue(done.fired, about)
                self.assertEqual(leftovers(folder), [], about)
                if done.code == 0 and says_the_same:
                    self.assertEqual((done.output, n_lines(path) if path else None), right, about)
                elif done.code != 0:
                    n_failed += 1
                    self.assertIn(done.code, codes, about)
                    self.assertEqual(sum(line.startswith("hestia: ") for line in done.error.splitlines()), 1, about)
                    self.assertFalse(path and os.path.exists(path), about)
        self.assertGreater(n_failed, 0, arguments)

    def test_ingest(self):
        self.check_command("ingest", os.path.join(self.before, "study.yaml"), "--quiet")

    def test_check(self):
        """What cannot be seen in the store is said to be read anew."""
        self.check_command("check", os.path.join(self.before, "study.yaml"), codes=(1, 2, 3), says_the_same=False)

    def test_explain(self):
        self.check_command("explain", os.path.join(self.before, "study.yaml"), "emergency", "--area", "5QL", "--period", "2009/10 Q1")

    def test_export(self):
        self.check_command("export", "spells", os.path.join(self.before, "study.yaml"), "--where", "stays", "--out", os.path.join(self.before, "stays.csv"),
                           out="stays.csv", calls=("read,open,list", "write,create,sync,rename"))

    def test_store_list(self):
        self.check_command("store", "list", os.path.join(self.before, "store"))

    def test_store_verify(self):
        self.check_command("store", "verify", os.path.join(self.before, "store"))


if __name__ == "__main__":
    fault_support.main(sys.argv)
