"""Two runs at once: of one study, and of two studies with one store. One has its way, the other waits its turn with exit code 4 and says for whom.

    python3 tests/fault/test_two_runs.py HESTIA INJECTOR
"""

import os
import re
import signal
import socket
import subprocess
import sys

import fault_support
from fault_support import Nights, end, faulty_environment, hestia, tree, wait_until_stopped


class TwoRuns(Nights):
    def stopped(self, folder, fault):
        """A run that stands still in the middle."""
        process = subprocess.Popen([fault_support.program, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--quiet"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder, env=faulty_environment(folder, fault))
        self.addCleanup(lambda: process.poll() is None and process.kill())
        self.assertTrue(wait_until_stopped(process))
        return process

    def finish(self, process):
        process.send_signal(signal.SIGCONT)
        error = end(process)
        self.assertEqual(process.returncode, 0, error)

    def assert_waits(self, done, process):
        self.assertEqual(done.code, 4, done.error)
        holder = r"pid %d on %s since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" % (process.pid, re.escape(socket.gethostname()))
        self.assertRegex(done.error, r"hestia: .*\(%s\)" % holder)

    def run_study(self, folder, study="study.yaml", *arguments):
        return hestia(folder, "run", os.path.join(folder, study), "--threads", "1", "--quiet", *arguments)

    def test_of_one_study(self):
        """In the store, and while the first publishes; the first goes on as if it had been alone."""
        for moment in ("create 1 stop store/segments", "create 1 stop internal/results.csv", "create 1 stop manifest.json"):
            with self.subTest(moment=moment):
                folder = self.fresh()
                first = self.stopped(folder, moment)
                self.assert_waits(self.run_study(folder), first)
                self.assert_latest(folder, self.old, moment)
                self.finish(first)
                self.assert_latest(folder, self.new, moment)
                self.assert_completes(folder, moment)

    def test_the_holder_is_killed(self):
        """A lock goes with its holder."""
        for moment in ("create 1 stop store/segments", "create 1 stop internal/results.csv"):
            folder = self.fresh()
            first = self.stopped(folder, moment)
            first.kill()
            end(first)
            self.assert_completes(folder, moment)

    def test_of_two_studies_with_one_store(self):
        """While one writes the store the other waits; when nothing is left to be read they go side by side."""
        folder = self.fresh()
        with open(os.path.join(folder, "study.yaml"), encoding="utf-8") as stream:
            text = stream.read()
        with open(os.path.join(folder, "other.yaml"), "w", encoding="utf-8") as stream:
            stream.write(text.replace("directory: results", "directory: other-results").replace("study: faults", "study: other"))
        first = self.stopped(folder, "create 1 stop store/segments")
        self.assert_waits(self.run_study(folder, "other.yaml"), first)
        self.finish(first)
        self.assert_latest(folder, self.new, "the first")
        with open(os.path.join(folder, "study.yaml"), "a", encoding="utf-8") as stream:
            stream.write("# to be made again\n")
        first = self.stopped(folder, "create 1 stop internal/results.csv")
        done = self.run_study(folder, "other.yaml")
        self.assertEqual(done.code, 0, done.error)
        self.finish(first)
        self.assert_latest(folder, self.new, "the first")
        alone = self.fresh("alone")
        with open(os.path.join(alone, "other.yaml"), "w", encoding="utf-8") as stream:
            stream.write(text.replace("directory: results", "directory: other-results").replace("study: faults", "study: other"))
        self.assertEqual(self.run_study(alone, "other.yaml").code, 0)
        self.assertFalse(fault_support.differences(tree(os.path.join(folder, "other-results", "latest")), tree(os.path.join(alone, "other-results", "latest"))))

    def test_many_at_once(self):
        """Six runs of one study begin together: each ends well or says that another is at work, and the results are right."""
        folder = self.fresh()
        runs = [subprocess.Popen([fault_support.program, "run", os.path.join(folder, "study.yaml"), "--quiet"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder) for _ in range(6)]
        errors = [end(run) for run in runs]
        codes = sorted(run.returncode for run in runs)
        self.assertTrue(set(codes) <= {0, 4} and 0 in codes, (codes, errors))
        self.assert_latest(folder, self.new, codes)
        self.assert_completes(folder, codes)


if __name__ == "__main__":
    fault_support.main(sys.argv)
