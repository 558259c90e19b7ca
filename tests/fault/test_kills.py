"""SIGKILL at random moments of every stage, in chains; then the run completes with the bytes of one that nobody disturbed.

    python3 tests/fault/test_kills.py HESTIA INJECTOR

Half of the kills come at the n-th system call (before or after it), half at a random part of a stage's usual time, told by the JSON log.
HESTIA_KILLS says how many (220), HESTIA_FAULT_SEED which; each stage gets its share.
"""

import json
import os
import random
import shutil
import signal
import sys
import time

import fault_support
from fault_support import STAGES, Nights, end, hestia, start


class Kills(Nights):
    n_kills = fault_support.environment_number("HESTIA_KILLS", 220)
    seed = fault_support.environment_number("HESTIA_FAULT_SEED", 20261122)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = os.path.join(cls.top, "trace")
        shutil.copytree(cls.before, folder, symlinks=True)
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--log-format", "json", trace=True)
        cls.seconds = {e["stage"]: e["seconds"] for e in done.events() if e["event"] == "stage.end"}
        cls.n_calls = len(done.calls)
        shutil.rmtree(folder)

    def kill_in_time(self, folder, stage, chance):
        """Kills at a random part of the stage's usual time."""
        process = start(folder, "run", os.path.join(folder, "study.yaml"))
        log = []
        for line in process.stderr:
            log.append(line.decode("utf-8"))
            event = json.loads(log[-1])
            if event["event"] == "stage.start" and event["stage"] == stage:
                time.sleep(chance.random() * self.seconds[stage])
                break
        process.send_signal(signal.SIGKILL)
        log.append(end(process))
        return fault_support.Done(process.returncode, "".join(log), "", [])

    def kill_at_call(self, folder, chance):
        fault = "any %d %s" % (chance.randint(1, self.n_calls), chance.choice(("kill", "kill-after")))
        return hestia(folder, "run", os.path.join(folder, "study.yaml"), "--log-format", "json", fault=fault)

    def check_killed(self, folder, about):
        """Whenever it was killed, latest is the old run or the new one, whole."""
        found = fault_support.tree(self.latest(folder))
        self.assertTrue(found in (self.old, self.new), about)

    def test_kills_at_random_moments(self):
        chance = random.Random(self.seed)
        killed = dict.fromkeys((*STAGES, ""), 0)
        n_tries = n_completions = 0
        folder, left = None, 0
        while sum(killed.values()) < self.n_kills or min(killed[s] for s in STAGES) < self.n_kills // 20:
            self.assertLess(n_tries, 5 * self.n_kills, "a stage is never met: %s" % killed)
            if left == 0:
                if folder:
                    self.assert_completes(folder, "seed %d, kill %d" % (self.seed, sum(killed.values())))
                    n_completions += 1
                folder, left = self.fresh(), chance.randint(1, 12)
            n_tries += 1
            left -= 1
            done = self.kill_at_call(folder, chance) if n_tries % 2 else \
                self.kill_in_time(folder, min(STAGES, key=lambda s: killed[s]), chance)
            if done.code == 0:
                left = 0
                continue
            about = "seed %d, try %d: %s" % (self.seed, n_tries, done.error)
            self.assertEqual(done.code, -signal.SIGKILL, about)
            killed[done.stage()] += 1
            self.check_killed(folder, about)
        self.assert_completes(folder, "seed %d" % self.seed)
        print("seed %d: %d kills, %d completions; %s" % (self.seed, sum(killed.values()), n_completions + 1, ", ".join(
            "%s %d" % (stage or "between stages", n) for stage, n in killed.items())))

    def test_an_old_run_that_goes_is_never_half_a_run(self):
        folder = self.fresh()
        with open(os.path.join(folder, "study.yaml"), encoding="utf-8") as stream:
            text = stream.read()
        with open(os.path.join(folder, "study.yaml"), "w", encoding="utf-8") as stream:
            stream.write(text.replace("keep: 3", "keep: 1"))
        old = os.path.realpath(self.latest(folder))
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--quiet", fault="unlink 3 kill /%s" % os.path.basename(old))
        self.assertEqual(done.code, -signal.SIGKILL, done.error)
        self.assertFalse(os.path.exists(old))
        self.assert_completes(folder, "keep: 1")


if __name__ == "__main__":
    fault_support.main(sys.argv)
