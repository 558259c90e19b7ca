"""SIGTERM and SIGINT at random moments of every stage: exit code 130 at once, and the next run goes on from there.

    python3 tests/fault/test_interrupts.py HESTIA INJECTOR

HESTIA_INTERRUPTS says how many (36), HESTIA_FAULT_SEED which. HESTIA_FAULTS=all also stops a study of 60,000 people in every stage.
"""

import glob
import json
import os
import random
import re
import shutil
import signal
import sys
import time

import fault_support
from fault_support import STAGES, Done, Nights, end, hestia, start

PROMPT_SECONDS = 2


def prompt_seconds():
    """More on a machine that has other things to do."""
    return PROMPT_SECONDS * max(1.0, os.getloadavg()[0] / os.cpu_count())


class Interrupts(Nights):
    n_interrupts = fault_support.environment_number("HESTIA_INTERRUPTS", 24)
    seed = fault_support.environment_number("HESTIA_FAULT_SEED", 20261122)

    def usual_seconds(self, folder):
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--log-format", "json")
        self.assertEqual(done.code, 0, done.error)
        return {e["stage"]: e["seconds"] for e in done.events() if e["event"] == "stage.end"}

    def interrupt(self, folder, stage, wait, number):
        """Sends the signal some time into a stage; the run's end and how long that took."""
        process = start(folder, "run", os.path.join(folder, "study.yaml"))
        log = []
        for line in process.stderr:
            log.append(line.decode("utf-8"))
            event = json.loads(log[-1])
            if event["event"] == "stage.start" and event["stage"] == stage:
                time.sleep(wait)
                break
        sent = time.monotonic()
        process.send_signal(number)
        log.append(end(process))
        return Done(process.returncode, "".join(log), "", []), time.monotonic() - sent

    def check_end(self, folder, done, seconds, about):
        self.assertIn(done.code, (0, 130), about)
        self.assertLess(seconds, prompt_seconds(), about)
        if done.code == 130:
            self.assertIn("interrupted", done.error, about)
            self.assert_latest(folder, self.old, about)
            with open(os.path.join(folder, "results", "status.json"), encoding="utf-8") as stream:
                self.assertEqual(json.load(stream)["exit_code"], 130, about)
        return done.code == 130

    def test_at_random_moments(self):
        chance = random.Random(self.seed)
        seconds = self.usual_seconds(self.fresh())
        interrupted = dict.fromkeys(STAGES, 0)
        for i in range(self.n_interrupts):
            stage, number = STAGES[i % len(STAGES)], (signal.SIGTERM, signal.SIGINT)[i // len(STAGES) % 2]
            folder = self.fresh()
            about = "%d in %s, seed %d" % (number, stage, self.seed)
            done, took = self.interrupt(folder, stage, chance.random() * 0.7 * seconds[stage], number)
            interrupted[stage] += self.check_end(folder, done, took, about + ": " + done.error)
            self.assert_completes(folder, about)
        print("seed %d: %s" % (self.seed, ", ".join("%s %d" % pair for pair in interrupted.items())))
        for stage in STAGES[:-1]:  # an end of `publish` may be too late
            self.assertGreater(interrupted[stage], 0, stage)

    def test_segments_already_written_are_not_read_again(self):
        """Stopped when one, two segments of a first night are in place, the next run reads the others only."""
        folder = self.fresh()
        n_inputs = len(glob.glob(os.path.join(folder, "extracts", "*")))
        for n, name in ((1, "term"), (2, "int")):
            shutil.rmtree(os.path.join(folder, "store"))
            done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", fault="rename %d %s store/segments" % (n, name))
            self.assertEqual(done.code, 130, done.error)
            self.assertEqual(len(glob.glob(os.path.join(folder, "store", "segments", "*.seg"))), n)
            done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--log-format", "json", trace=True)
            self.assertEqual(done.code, 0, done.error)
            text = [e["text"] for e in done.events() if (e["event"], e["stage"]) == ("stage.end", "ingest")][0]
            self.assertEqual([int(number) for number in re.match(r"(\d+) files? new, (\d+) unchanged", text).groups()], [n_inputs - n, n], text)
            self.assertEqual(sum(c.startswith("rename ") and "store/segments" in c for c in done.calls), n_inputs - n)
            self.assert_latest(folder, self.new, name)
            shutil.rmtree(os.path.join(folder, "results"))
            shutil.copytree(os.path.join(self.before, "results"), os.path.join(folder, "results"), symlinks=True)

    def test_a_larger_study_stops_at_once(self):
        """Every stage lasts long enough there for its loops to matter."""
        if not fault_support.all_faults():
            return
        chance = random.Random(self.seed)
        folder = os.path.join(self.top, "large")
        os.mkdir(folder)
        done = hestia(folder, "synth", folder, "--study", "long-term-conditions", "--datasets", "apc,op", "--people", "60000", "--areas", "150", "--years", "2001-2010", "--quiet")
        self.assertEqual(done.code, 0, done.error)
        seconds = self.usual_seconds(folder)
        longest = 0.0
        for stage in seconds:
            for number in (signal.SIGTERM, signal.SIGINT) * 6:
                shutil.rmtree(os.path.join(folder, "results"))
                if stage == "ingest":
                    shutil.rmtree(glob.glob(os.path.join(folder, "*store"))[0])
                wait = chance.random() * seconds[stage]
                done, took = self.interrupt(folder, stage, wait, number)
                if done.code == 130:
                    longest = max(longest, took)
                    print("%-8s %6.2f s of %6.2f: stopped in %.2f s" % (stage, wait, seconds[stage], took))
                self.assertIn(done.code, (0, 130), done.error)
        print("longest %.2f s" % longest)
        self.assertLess(longest, prompt_seconds())


if __name__ == "__main__":
    fault_support.main(sys.argv)
