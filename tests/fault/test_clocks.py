"""Clocks that jump, between runs and during one.

    python3 tests/fault/test_clocks.py HESTIA INJECTOR

The program's time of day is off; the kernel's, which dates files, is not: as when a clock is set, or a file server's is another.
"""

import glob
import gzip
import json
import os
import random
import re
import sys

import fault_support
from fault_support import Nights, change_meanwhile, hestia, tree

YEAR = 365 * 86400


class Clocks(Nights):
    seed = fault_support.environment_number("HESTIA_FAULT_SEED", 20261122)

    def run_at(self, folder, clock):
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--log-format", "json", clock=clock)
        self.assertEqual(done.code, 0, "%s: %s" % (clock, done.error))
        return done

    def runs(self, folder):
        return sorted(os.path.basename(p) for p in glob.glob(os.path.join(folder, "results", "2*Z*")))

    def touch(self, folder, n):
        """The study changes, so that there is something to publish."""
        with open(os.path.join(folder, "study.yaml"), "a", encoding="utf-8") as stream:
            stream.write("# night %d\n" % n)

    def test_the_clock_is_wrong_between_runs(self):
        """Back ten years, ahead ten, and right again: `latest` is the newest run, and none but the oldest by name goes."""
        folder = self.fresh()
        for n, clock in enumerate((-10 * YEAR, 10 * YEAR, 0, -10 * YEAR, 1)):
            self.touch(folder, n)
            self.run_at(folder, str(clock))
            self.assert_latest(folder, self.new, clock)
            latest = os.readlink(self.latest(folder))
            self.assertIn(latest, self.runs(folder))
            self.assertLessEqual(len(self.runs(folder)), 3 + 1)  # keep: 3, and the run just made where it is among the oldest
            with open(os.path.join(folder, "results", "status.json"), encoding="utf-8") as stream:
                status = json.load(stream)
            self.assertEqual(status["checked"], status["changed"])
        self.run_at(folder, str(-YEAR))
        self.assertEqual(os.readlink(self.latest(folder)), latest, "nothing has changed but the clock")

    def test_the_clock_jumps_during_a_run(self):
        chance = random.Random(self.seed)
        for seconds in (-YEAR, YEAR, -3600, 3600):
            for look in (2, chance.randint(3, 40), chance.randint(3, 40)):
                with self.subTest(seconds=seconds, look=look):
                    folder = self.fresh()
                    done = self.run_at(folder, "%d@%d" % (seconds, look))
                    self.assert_latest(folder, self.new, "%d at look %d" % (seconds, look))
                    for event in done.events():
                        self.assertTrue(0 <= event["seconds"] < 600, event)
                    self.assert_completes(folder, "%d at look %d" % (seconds, look))

    def test_a_digest_is_never_trusted_by_a_wrong_clock(self):
        """A file is changed in place while it is read, and its time set back, under a clock that says it is long as it was."""
        for clock in (str(YEAR), "%d@3" % -YEAR):
            folder = self.fresh()
            done, was_stopped = change_meanwhile(folder, "create 1 stop store/segments", lambda: self.rewrite(folder), clock)
            self.assertTrue(was_stopped)
            self.assertEqual(done.code, 3, done.error)
            self.assertRegex(done.error, r"apc_201011\.csv\.gz changed while it was read; run again")
            self.assert_latest(folder, self.old, clock)
            done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--log-format", "json")
            self.assertEqual(done.code, 0, done.error)
            self.assertNotIn("nothing has changed", done.error)
            self.assertFalse(fault_support.differences(tree(self.latest(folder)), self.changed_results()))

    def test_a_run_in_the_future_does_not_settle_a_file(self):
        """What it noted of files delivered `after` it is looked at again, and the results stay right."""
        folder = self.fresh()
        self.run_at(folder, str(-YEAR))
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--log-format", "json", trace=True)
        self.assertEqual(done.code, 0, done.error)
        self.assertTrue(any(re.match(r"read .*apc_201011", c) for c in done.calls))
        self.assert_latest(folder, self.new, "afterwards")

    def rewrite(self, folder):
        path = os.path.join(folder, "extracts", "apc_201011.csv.gz")
        facts = os.stat(path)
        with open(path, "r+b") as stream:
            stream.write(self.changed_content())
            stream.truncate()
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    def changed_content(self):
        """The first night's other file under this name would be the same rows twice: half of its own rows."""
        with gzip.open(os.path.join(self.before, "extracts", "apc_201011.csv.gz")) as stream:
            lines = stream.readlines()
        return gzip.compress(b"".join(lines[:len(lines) // 2]), mtime=0)

    def changed_results(self):
        folder = self.fresh("right")
        self.rewrite(folder)
        self.run_well(folder)
        return tree(self.latest(folder))


if __name__ == "__main__":
    fault_support.main(sys.argv)
