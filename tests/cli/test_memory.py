"""Memory that a run takes: its bound, its peak, and what happens where there is less.

    python3 tests/cli/test_memory.py HESTIA

Admissions of three years, and those of four times as many people, in stores of one partition, which --memory has to cut up.
The peak is the kernel's (wait4), and the log's last line says the same. What is outside the bound, docs/operations.md has; here it is at
most FIXED and PER_THREAD. Limits are the system's: RLIMIT_AS, the size of stacks, and a memory control group where one can be made (as
root, version 1 or 2; without one the other limits stand for it, and a line says so).
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
MIB = 1 << 20
FIXED = 32 * MIB  # the program, its tables, results of a small study
PER_THREAD = 20 * MIB  # decoding and counting: ten huge pages
YEARS = "2008-2010"
PEOPLE = 60000


class Run:
    """One run to its end, with its peak as the kernel has it."""

    def __init__(self, folder, *arguments, study="study.yaml", limit=None, environment=None):
        self.log = os.path.join(folder, "log")
        with open(self.log, "w+b") as log:
            process = subprocess.Popen([PROGRAM, "run", study, "--no-progress", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, preexec_fn=limit, env={**os.environ, **(environment or {})})
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            log.seek(0)
            self.text = log.read().decode()
        self.code = process.returncode
        self.peak = usage.ru_maxrss * 1024

    def said_peak(self):
        return int(re.search(r"peak (\d+) MiB", self.text).group(1)) * MIB


def mounts():
    """Types of the file systems that are mounted here."""
    with open("/proc/self/mounts", encoding="utf-8", errors="replace") as stream:
        return {line.split()[2].rstrip("2") for line in stream}


class Group:
    """A memory control group of its own below this process's, where one can be made."""

    def __init__(self):
        self.path = None
        with open("/proc/self/cgroup", encoding="ascii") as stream:
            for line in stream:
                _, controllers, path = line.strip().split(":", 2)
                if controllers == "":
                    self.make("/sys/fs/cgroup" + path, "memory.max")
                elif "memory" in controllers.split(","):
                    self.make("/sys/fs/cgroup/memory" + path, "memory.limit_in_bytes")

    def make(self, parent, limit):
        path = os.path.join(parent, f"hestia-test-{os.getpid()}")
        try:
            os.mkdir(path)
        except OSError:
            return
        if self.path or not os.access(os.path.join(path, limit), os.W_OK):
            os.rmdir(path)
        else:
            self.path, self.file = path, limit

    def limit(self, size):
        with open(os.path.join(self.path, self.file), "w", encoding="ascii") as stream:
            stream.write(str(size))

    def enter(self):
        with open(os.path.join(self.path, "cgroup.procs"), "w", encoding="ascii") as stream:
            stream.write("0")

    def remove(self):
        os.rmdir(self.path)


def make(folder, people):
    subprocess.run([PROGRAM, "synth", folder, "--people", str(people), "--years", YEARS, "--areas", "10", "--quiet"], check=True)
    with open(os.path.join(folder, "study.yaml"), encoding="utf-8") as stream:
        text = stream.read()
    with open(os.path.join(folder, "study.yaml"), "w", encoding="utf-8") as stream:
        # no measures of persons are among synth's; these hold all rows of a person together
        stream.write(text.replace("measures:\n", "measures:\n  - {id: stays, unit: cips, statistic: mean_los}\n"
                                  "  - {id: again, statistic: readmission}\n", 1))


def results_of(folder):
    with open(os.path.join(folder, "results", "latest", "results.csv"), "rb") as stream:
        return stream.read()


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        cls.folder = tempfile.mkdtemp(prefix="hestia-memory-", dir=shared)
        cls.small, cls.large = (os.path.join(cls.folder, name) for name in ("small", "large"))
        make(cls.small, PEOPLE)
        make(cls.large, 4 * PEOPLE)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def run_anew(self, folder, *arguments, partitions=1, **keywords):
        for name in (".hestia-store", "results"):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        subprocess.run([PROGRAM, "store", "init", ".hestia-store", "--partitions", str(partitions)], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        return Run(folder, *arguments, **keywords)

    def test_peak_keeps_below_the_bound(self):
        """... and results are the same bytes in shares of a partition as in one."""
        first, peaks = None, {}
        for memory in 16, 64, 256:
            for threads in 1, 2, 7:
                with self.subTest(memory=memory, threads=threads):
                    done = self.run_anew(self.large, "--memory", f"{memory}M", "--threads", str(threads))
                    self.assertEqual(done.code, 0, done.text)
                    self.assertLess(done.peak, memory * MIB + FIXED + threads * PER_THREAD)
                    self.assertLess(abs(done.said_peak() - done.peak), 2 * MIB, done.text)
                    peaks[memory, threads] = done.peak
                    first = first or results_of(self.large)
                    self.assertEqual(results_of(self.large), first)
        self.assertLess(peaks[16, 1] + 16 * MIB, peaks[256, 1])  # what is fixed would hide a bound that nobody keeps

    def test_four_times_the_rows(self):
        """... take no more memory."""
        peaks = []
        for folder in self.small, self.large:
            done = self.run_anew(folder, "--memory", "64M", "--threads", "2", partitions=256)
            self.assertEqual(done.code, 0, done.text)
            peaks.append(done.peak)
        self.assertLess(peaks[1], 1.25 * peaks[0], peaks)

    def assert_done_or_told(self, done):
        """Success, or exit 1 with what ran out and what to do; never a signal. True for success."""
        self.assertIn(done.code, (0, 1), done.text)
        if done.code == 1:
            self.assertRegex(done.text, "no memory .*--memory|^libgomp: ")
            self.assertFalse(os.path.exists(os.path.join(self.small, "results", "latest")))
        return done.code == 0

    def limited(self, what, size, *arguments, **keywords):
        return self.run_anew(self.small, "--memory", "64M", "--threads", "2", *arguments,
                             limit=lambda: resource.setrlimit(what, (size, size)), **keywords)

    def test_address_space(self):
        """Enough for the bound is enough; with less and less of it the run says so."""
        self.assertTrue(self.assert_done_or_told(self.limited(resource.RLIMIT_AS, 1024 * MIB)))
        n_refused = sum(not self.assert_done_or_told(self.limited(resource.RLIMIT_AS, size * MIB)) for size in (100, 80, 70))
        self.assertGreater(n_refused, 0)

    def test_small_stacks(self):
        """A quarter of the usual stack, and threads with an eighth of it."""
        done = self.limited(resource.RLIMIT_STACK, MIB, environment={"OMP_STACKSIZE": "512K"})
        self.assertEqual(done.code, 0, done.text)

    def test_control_group(self):
        """Page cache included, a run keeps within a group of less memory than the rows have."""
        group = Group()
        if not group.path:
            if os.geteuid() == 0:
                self.assertNotIn("cgroup", mounts(), "root can make a control group")
            self.skipTest("no right, or no file system, to make a control group: RLIMIT_AS stands for it")
        try:
            group.limit(160 * MIB)
            done = self.run_anew(self.large, "--memory", "64M", "--threads", "2", limit=group.enter)
            self.assertEqual(done.code, 0, done.text)
        finally:
            group.remove()

    def test_side_files_beyond_the_bound(self):
        """What has to be held whole, and does not fit, is refused with the option that helps."""
        with open(os.path.join(self.small, "study.yaml"), encoding="utf-8") as stream:
            text = stream.read()
        with open(os.path.join(self.small, "side.yaml"), "w", encoding="utf-8") as stream:
            stream.write(re.sub(r"(files: extracts/apc_[^}]*)}", r"\1, side_files: [{files: ids.csv, key: EPIKEY, columns: [TOKEN_PERSON_ID]}]}",
                                text))
        with open(os.path.join(self.small, "ids.csv"), "w", encoding="utf-8") as stream:
            stream.write("EPIKEY,TOKEN_PERSON_ID\n")
            stream.writelines(f"{10 ** 11 + i},{i:032d}\n" for i in range(400000))
        done = self.run_anew(self.small, "--memory", "16M", study="side.yaml")
        self.assertEqual(done.code, 1, done.text)
        self.assertIn("the side files need more than 16 MiB; give more with --memory", done.text)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
