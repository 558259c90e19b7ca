"""Disks that are full, read-only, or not one: real file systems, small tmpfs, mounted in a name space of the test's own.

    python3 tests/fault/test_places.py HESTIA INJECTOR

Where mounting is not allowed (neither to root nor by `unshare -rm`) it says so and ends with 77: test_calls.py has the same faults from
the injector. The gate takes some sizes of a disk; HESTIA_FAULTS=all takes many.
"""

import os
import shutil
import stat
import subprocess
import sys
import time

import fault_support
from fault_support import Nights, hestia, leftovers, tree

INSIDE = "HESTIA_TEST_IN_NAMESPACE"
NOBODY = 65534


def mount(folder, *options):
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder], check=True)


class Places(Nights):
    def on_disk(self, folder, name, kib):
        """Puts a folder of the study on a file system of its own, with what is in it; `kib` more than that takes."""
        path = os.path.join(folder, name)
        kept = path + ".kept"
        os.rename(path, kept)
        os.mkdir(path)
        mount(path, "-o", "size=64m")
        self.addCleanup(subprocess.run, ["umount", "-l", path], check=True)
        subprocess.run(["cp", "-a", kept + "/.", path], check=True)
        shutil.rmtree(kept)
        if kib:
            used = os.statvfs(path)
            self.resize(path, (used.f_blocks - used.f_bfree) * used.f_frsize // 1024 + kib)
        return path

    def resize(self, path, kib):
        subprocess.run(["mount", "-o", "remount,size=%dk" % kib, path], check=True)

    def remount(self, path, how):
        subprocess.run(["mount", "-o", "remount,%s" % how, path], check=True)

    def study_file(self, folder):
        return os.path.join(folder, "study.yaml")

    def check_full(self, names, kib):
        """A run with so much room left; then room is made, and the next one completes."""
        about = "%s with %d KiB" % (" and ".join(names), kib)
        folder = self.fresh()
        paths = [self.on_disk(folder, name, kib) for name in names]
        done = hestia(folder, "run", self.study_file(folder), "--threads", "1", "--quiet")
        if done.code == 0:
            self.assert_latest(folder, self.new, about)
        else:
            reason, status = self.assert_failed(folder, done, (1,), about, ("No space left", "disk is full", "full"))
            self.assertEqual(status["exit_code"], 1, about)
            self.assertTrue(reason.startswith("hestia: " + status["message"]), about)
        for path in paths:
            self.resize(path, 64 << 10)
        self.assert_completes(folder, about)
        self.doCleanups()
        return done.code

    def test_a_full_disk(self):
        sizes = (0, 4, 16, 40, 100, 200, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000) if fault_support.all_faults() else (4, 40, 500, 2500)
        codes = []
        for names in (("store",), ("results",), ("store", "results")):
            for kib in sizes:
                if kib:
                    with self.subTest(names=names, kib=kib):
                        codes.append(self.check_full(names, kib))
        self.assertIn(1, codes)

    def test_a_disk_that_turns_read_only(self):
        for name in ("store", "results"):
            folder = self.fresh()
            path = self.on_disk(folder, name, 0)
            self.remount(path, "ro")
            done = hestia(folder, "run", self.study_file(folder), "--threads", "1", "--quiet")
            reason = self.assert_reason(done, name, ("Read-only file system",))
            self.assertEqual(done.code, 1)
            self.assertIn("file system that can be written", reason)
            self.assertNotIn("ask for", reason)  # the owner himself
            self.assertIn(path, reason)
            self.assert_latest(folder, self.old, name)
            self.remount(path, "rw")
            self.assert_completes(folder, name)
            self.doCleanups()

    def test_a_read_only_store_with_nothing_new(self):
        """Enough to publish from."""
        folder = self.fresh()
        time.sleep(0.1)  # a file touched as a run begins is not trusted by the next
        self.run_well(folder)
        with open(self.study_file(folder), "a", encoding="utf-8") as stream:
            stream.write("# another night\n")
        path = self.on_disk(folder, "store", 0)
        self.remount(path, "ro")
        before = os.readlink(self.latest(folder))
        done = hestia(folder, "run", self.study_file(folder), "--quiet")
        self.assertEqual(done.code, 0, done.error)
        self.assert_latest(folder, self.new, "read-only store")
        self.assertNotEqual(os.readlink(self.latest(folder)), before)

    def test_results_and_store_on_other_file_systems(self):
        for latest in ("link", "copy"):
            folder = self.fresh()
            with open(self.study_file(folder), encoding="utf-8") as stream:
                text = stream.read()
            with open(self.study_file(folder), "w", encoding="utf-8") as stream:
                stream.write(text.replace("keep: 3", "keep: 3, latest: %s" % latest))
            for name in ("store", "results", "extracts"):
                self.on_disk(folder, name, 0)
            self.run_well(folder)
            self.assert_latest(folder, self.new, latest)
            self.assertEqual(os.path.islink(self.latest(folder)), latest == "link")
            self.assertEqual(leftovers(folder), [])
            self.doCleanups()

    def test_temporary_files(self):
        """Nothing is written to TMPDIR: it may be elsewhere, absent, or read-only."""
        folder = self.fresh()
        elsewhere = os.path.join(folder, "elsewhere")
        os.mkdir(elsewhere)
        mount(elsewhere, "-o", "ro,size=64k")
        self.addCleanup(subprocess.run, ["umount", "-l", elsewhere], check=True)
        for place in (elsewhere, "/no/such/folder", ""):
            with open(self.study_file(folder), "a", encoding="utf-8") as stream:
                stream.write("# %s\n" % place)
            done = hestia(folder, "run", self.study_file(folder), "--quiet", environment=dict(os.environ, TMPDIR=place, TMP=place, SQLITE_TMPDIR=place))
            self.assertEqual(done.code, 0, done.error)
            self.assert_latest(folder, self.new, place)

    def test_something_stands_where_a_folder_is_needed(self):
        for name, codes in (("store", (1, 2)), ("results", (1, 2)), ("extracts/apc_200809.csv.gz", (2,))):
            folder = self.fresh()
            path = os.path.join(folder, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
                with open(path, "w", encoding="utf-8"):
                    pass
            else:
                os.remove(path)
                os.mkdir(path)
            done = hestia(folder, "run", self.study_file(folder), "--quiet")
            self.assertIn(done.code, codes, done.error)
            self.assert_reason(done, name, (path,))

    def test_what_another_user_may_not_read_or_write(self):
        """As somebody else, to whom permissions apply."""
        for name, mode, codes in (("extracts/apc_201011.csv.gz", 0, (1, 3)), ("population.csv", 0, (1, 2, 3)), ("study.yaml", 0, (1, 2)),
                                  ("extracts", 0, (1, 2)), ("store", 0o500, (1,)), ("results", 0o500, (1,)), ("store/key", 0, (1,))):
            with self.subTest(name=name):
                folder = self.fresh()
                path = os.path.join(folder, name)
                owned = os.geteuid() == 0 and INSIDE_AS_ROOT
                program = shutil.copy(fault_support.program, os.path.join(folder, "hestia"))  # where somebody else may run it
                if owned:
                    subprocess.run(["chown", "-R", str(NOBODY), folder], check=True)
                    os.chmod(self.top, 0o755)
                kept = stat.S_IMODE(os.stat(path).st_mode)
                os.chmod(path, mode)
                command = [program, "run", self.study_file(folder), "--quiet"]
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, user=NOBODY if owned else None)
                self.assertIn(done.returncode, codes, done.stderr)
                self.assertIn(os.path.basename(name), done.stderr)
                self.assertIn("hestia: ", done.stderr)
                os.chmod(path, kept)
                self.assert_latest(folder, self.old, name)
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, user=NOBODY if owned else None)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assert_latest(folder, self.new, name)


INSIDE_AS_ROOT = os.environ.get(INSIDE) == "root"


def enter():
    """Starts this test again where it may mount."""
    for how, options in (("root", ["-m"]), ("user", ["-rm"])):
        probe = ["unshare", *options, "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
        if (how != "root" or os.geteuid() == 0) and subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.environ[INSIDE] = how
            os.execvp("unshare", ["unshare", *options, sys.executable, *sys.argv])
    print("neither root nor `unshare -rm` may mount a file system here: full and read-only disks were not tried, "
          "test_calls.py has the same faults from the injector")
    sys.exit(77)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter()
    fault_support.main(sys.argv)
