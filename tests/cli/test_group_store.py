"""A store that a group shares: its owner takes new data in, its members read, nobody else sees anything.

As root the owner, a member and an outsider are three users of made-up numbers. Otherwise the member is ourselves with the
store made unwritable, and what takes a second user is left out, with a word on the test's output.

    python3 tests/cli/test_group_store.py HESTIA
"""

import fcntl
import glob
import os
import pwd
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from other_users import NONE_CAN_RUN, nobody_can_run

PROGRAM = ""
OWNER, MEMBER, OUTSIDER, GROUP = 51234, 51235, 51236, 51999
IS_ROOT = os.geteuid() == 0
EXPLAIN = ("emergency_admissions", "--area", "5J6", "--period", "2008/09")


def tree(folder):
    """Everything that writing to a folder would change."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in [".", *files]:
            path = os.path.join(place, name)
            facts = os.stat(path)
            content = b""
            if name != ".":
                with open(path, "rb") as stream:
                    content = stream.read()
            found[path] = (facts.st_mode, facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns, content)
    return found


def files(folder):
    """Bytes of a run's files, but for the one that has its time."""
    found = {}
    for place, _, names in os.walk(os.path.join(folder, "latest")):
        for name in names:
            if name != "manifest.json":
                path = os.path.join(place, name)
                with open(path, "rb") as stream:
                    found[os.path.relpath(path, folder)] = stream.read()
    return found


class GroupStore(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-group-store-")
        cls.addClassCleanup(cls.remove_top)
        if not nobody_can_run():
            raise unittest.SkipTest(NONE_CAN_RUN)
        os.chmod(cls.top, 0o755)
        # where others may run it, wherever it was built
        cls.program = shutil.copy(PROGRAM, os.path.join(cls.top, "hestia"))
        cls.group = GROUP if IS_ROOT else os.getegid()
        cls.place = os.path.join(cls.top, "place")
        os.mkdir(cls.place)
        if IS_ROOT:
            os.chown(cls.place, OWNER, GROUP)
        os.chmod(cls.place, 0o2750)
        cls.study, cls.store = os.path.join(cls.place, "study.yaml"), os.path.join(cls.place, "store")
        cls.results = os.path.join(cls.place, "results")
        cls.hestia("synth", cls.place, "--people", "2000", "--years", "2008-2009", "--areas", "3", "--quiet")
        # all may read what is in the study's folder, which only the group may enter
        subprocess.run(["chmod", "-R", "go+rX", cls.place], check=True)
        os.chmod(cls.place, 0o2750)
        # an extract that is still to come
        os.rename(os.path.join(cls.place, "extracts", "apc_200910.csv.gz"), os.path.join(cls.place, "later"))
        time.sleep(0.1) # an extract as new as the run that reads it is looked at again by the next one
        cls.hestia("store", "init", "--group", str(cls.group), cls.store, umask=0o777)
        cls.hestia("run", cls.study, "--store", cls.store, "--out", cls.results, umask=0o077)

    @classmethod
    def remove_top(cls):
        subprocess.run(["chmod", "-R", "u+rwX", cls.top], check=True)
        shutil.rmtree(cls.top)

    @classmethod
    def hestia(cls, *arguments, user=OWNER, umask=0o022, code=0):
        who = {"user": user, "group": user, "extra_groups": [] if user == OUTSIDER else [GROUP]} if IS_ROOT else {}
        done = subprocess.run([cls.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cls.top,
                              umask=umask, **who)
        if code is not None and done.returncode != code:
            raise AssertionError(f"{arguments} as {user} ended with {done.returncode}: {done.stderr}")
        return done

    def setUp(self):
        """A folder of the member's own, and for who is not root a store that cannot be written."""
        self.mine = tempfile.mkdtemp(dir=self.top)
        if IS_ROOT:
            os.chown(self.mine, MEMBER, MEMBER)
        else:
            self.let_write(False)
            self.addCleanup(self.let_write, True)

    def let_write(self, may_write):
        if not IS_ROOT:
            for folder in (self.store, os.path.join(self.store, "segments")):
                os.chmod(folder, 0o2750 if may_write else 0o2550)
            for path in glob.glob(os.path.join(self.store, "*")) + self.segments():
                if os.path.isfile(path):
                    os.chmod(path, 0o640 if may_write else 0o440)

    def segments(self):
        return sorted(glob.glob(os.path.join(self.store, "segments", "*.seg")))

    def member(self, *arguments, code=0):
        return self.hestia(*arguments, "--store", self.store, user=MEMBER, code=code)

    def run_as_member(self, code=0):
        return self.member("run", self.study, "--out", os.path.join(self.mine, "results"), code=code)

    def assert_owner_is_named(self, done):
        number = os.stat(self.store).st_uid
        names = [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == number]
        owner = names[0] if names else f"user {number}"
        self.assertIn(f"only its owner ({owner}) may write to it", done.stderr)

    def test_modes_do_not_depend_on_the_umask(self):
        self.let_write(True)
        found = {os.path.relpath(path, self.store): os.stat(path)
                 for path in glob.glob(os.path.join(self.store, "**"), recursive=True)}
        self.assertLessEqual({".", "segments", "key", "lock", "catalogue.json", "hestia-store.json"}, set(found))
        self.assertEqual(len(found), 7)
        for name, facts in found.items():
            self.assertEqual(oct(stat.S_IMODE(facts.st_mode)), "0o2750" if stat.S_ISDIR(facts.st_mode) else "0o640", name)
            self.assertEqual(facts.st_gid, self.group, name)

    def test_a_member_reads_and_writes_nothing(self):
        before = tree(self.store)
        first = self.run_as_member()
        self.assertIn("0 files new, 1 unchanged", first.stderr)
        self.assertEqual(files(os.path.join(self.mine, "results")), files(self.results))
        self.assertIn("nothing has changed", self.run_as_member().stderr)
        self.member("ingest", self.study)
        self.assertIn("admissions", self.member("explain", self.study, *EXPLAIN, "--out", os.path.join(self.mine, "results")).stdout)
        self.member("check", self.study)
        self.assertEqual(len(self.member("store", "list").stdout.splitlines()), 1)
        self.assertIn("ok\t", self.member("store", "verify").stdout)
        self.assertEqual(tree(self.store), before)

    def test_a_member_reads_while_the_owner_writes(self):
        file = os.open(os.path.join(self.store, "lock"), os.O_RDWR if IS_ROOT else os.O_RDONLY)
        self.addCleanup(os.close, file)
        if IS_ROOT:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, 0)
        self.run_as_member()

    def is_read(self):
        """Whether somebody shares the readers' byte of the lock."""
        with open(os.path.join(self.store, "lock"), "rb") as lock:
            asked = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 1, 1, 0)
            return struct.unpack("hhqqi", fcntl.fcntl(lock, fcntl.F_GETLK, asked))[0] != fcntl.F_UNLCK

    def stopped_reader(self):
        """A member's run, stopped while it reads."""
        who = {"user": MEMBER, "group": MEMBER, "extra_groups": [GROUP]} if IS_ROOT else {}
        for number in range(20):
            reader = subprocess.Popen([self.program, "run", self.study, "--store", self.store, "--out", f"{self.mine}/{number}", "--quiet"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.top, **who)
            while reader.poll() is None and not self.is_read():
                pass
            reader.send_signal(signal.SIGSTOP)
            if reader.poll() is None and self.is_read():
                return reader
            reader.send_signal(signal.SIGCONT)
            reader.communicate()
        self.fail("no run was slow enough to be stopped")

    def test_a_reader_keeps_a_purge_out_and_no_writer(self):
        """A member, who cannot write the lock, has it all the same."""
        reader = self.stopped_reader()
        try:
            self.let_write(True)
            before = self.segments()
            done = self.hestia("store", "purge", self.store, code=4)
            self.assertIn("another run reads this store; wait until it ends", done.stderr)
            self.assertEqual(self.segments(), before)
            # or members would read without a lock from then on
            self.assertEqual(oct(stat.S_IMODE(os.stat(os.path.join(self.store, "lock")).st_mode)), "0o640")
            self.hestia("store", "verify", "--repair", self.store) # as a writer
        finally:
            reader.send_signal(signal.SIGCONT)
            self.assertEqual(reader.communicate()[1], b"")
        self.assertEqual(reader.returncode, 0)
        self.assertFalse(self.is_read())

    def test_only_the_owner_takes_data_in(self):
        later, extract = os.path.join(self.place, "later"), os.path.join(self.place, "extracts", "apc_200910.csv.gz")
        before = tree(self.store)
        self.run_as_member()
        kept = files(os.path.join(self.mine, "results"))
        os.rename(later, extract)
        try:
            done = self.run_as_member(code=1)
            self.assert_owner_is_named(done)
            self.assertEqual(tree(self.store), before)
            self.assertEqual(files(os.path.join(self.mine, "results")), kept)
            self.let_write(True)
            self.hestia("run", self.study, "--store", self.store, "--out", self.results)
            self.let_write(False)
            self.assertIn("0 files new, 2 unchanged", self.run_as_member().stderr)
            self.assertEqual(files(os.path.join(self.mine, "results")), files(self.results))
        finally:
            os.rename(extract, later)
            shutil.rmtree(self.results)  # a year less than they were made from is refused
            self.let_write(True)
            self.hestia("run", self.study, "--store", self.store, "--out", self.results)
            self.hestia("store", "purge", "--unused", self.store)
            self.let_write(False)

    def test_a_member_does_not_repair(self):
        path = self.segments()[0]
        with open(path, "rb") as stream:
            sound = stream.read()
        self.addCleanup(self.put, path, sound)
        for at in (3000, len(sound) - 1): # in a block, and where it shows on opening
            damaged = bytearray(sound)
            damaged[at] ^= 16
            self.put(path, damaged)
            before = tree(self.store)
            done = self.run_as_member(code=1)
            self.assert_owner_is_named(done)
            self.assertIn("verify --repair" if at == 3000 else "hestia ingest", done.stderr)
            self.assertEqual(tree(self.store), before)
            self.assertFalse(os.path.exists(os.path.join(self.mine, "results", "latest")))
        self.put(path, sound)
        self.run_as_member()

    def put(self, path, content):
        self.let_write(True)
        with open(path, "r+b") as stream:
            stream.write(content)
        self.let_write(False)

    def test_a_member_removes_nothing(self):
        before = tree(self.store)
        self.assert_owner_is_named(self.member("store", "purge", code=1))
        self.assert_owner_is_named(self.member("store", "purge", "--unused", code=1))
        self.assertEqual(tree(self.store), before)

    def test_a_missing_lock_keeps_no_reader_out(self):
        """As on a file system that has none."""
        self.let_write(True)
        lock = os.path.join(self.store, "lock")
        os.rename(lock, lock + ".away")
        self.let_write(False)
        try:
            self.run_as_member()
            self.assertFalse(os.path.exists(lock))
        finally:
            self.let_write(True)
            os.rename(lock + ".away", lock)

    def test_a_read_only_file_system(self):
        script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99; shift; "$@"'
        command = ["unshare", "--mount", "sh", "-c", script, "sh", self.store, self.program]
        arguments = ["run", self.study, "--store", self.store, "--out", os.path.join(self.mine, "results")]
        done = subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if not IS_ROOT or done.returncode == 99:
            self.skipTest(f"no file system can be mounted here: {done.stderr.strip()}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(files(os.path.join(self.mine, "results")), files(self.results))
        done = subprocess.run([*command, "store", "purge", self.store], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Read-only file system", done.stderr)

    def readable_to_outsider(self, paths):
        receive, send = os.pipe()
        if os.fork() == 0:
            os.setgroups([])
            os.setgid(OUTSIDER)
            os.setuid(OUTSIDER)
            for path in paths:
                try:
                    os.open(path, os.O_RDONLY)
                    os.write(send, path.encode() + b"\n")
                except PermissionError:
                    pass
            os._exit(0)
        os.close(send)
        os.wait()
        with open(receive) as stream:
            return stream.read().splitlines()

    @unittest.skipUnless(IS_ROOT, "an outsider takes a second user, and so root")
    def test_an_outsider_sees_nothing(self):
        out = tempfile.mkdtemp(dir=self.top)
        os.chown(out, OUTSIDER, OUTSIDER)
        os.chmod(self.place, 0o2755) # the study is open to all: the store keeps itself
        try:
            for arguments in (("store", "list"), ("store", "verify"), ("store", "purge"), ("run", self.study, "--out", out),
                              ("explain", self.study, *EXPLAIN, "--out", self.results)):
                done = self.hestia(*arguments, "--store", self.store, user=OUTSIDER, code=None)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("Permission denied", done.stderr)
                self.assertEqual(done.stdout, "")
            self.assertEqual(self.readable_to_outsider(tree(self.store)), [])
        finally:
            os.chmod(self.place, 0o2750)

    @unittest.skipUnless(IS_ROOT, "root reads every folder, we read our own: it takes a second user")
    def test_a_folder_that_cannot_be_read_is_no_empty_one(self):
        extracts = os.path.join(self.place, "extracts")
        os.chmod(extracts, 0o2700)
        try:
            done = self.run_as_member(code=1)
        finally:
            os.chmod(extracts, 0o2755)
        self.assertIn(f"a folder of {extracts}/apc_*", done.stderr)
        self.assertIn("cannot be read: Permission denied; ask for the permission", done.stderr)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
