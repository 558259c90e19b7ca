"""The tarball: unpacked into a root that holds nothing else, without a network, as root there and as a user who may not write to it.

    python3 tests/packaging/test_tarball.py BUILD SOURCE
"""

import ctypes
import hashlib
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest

BUILD = SOURCE = ""
NOBODY = 65534


def pack(out, **keywords):
    """Makes the tarball; returns its path."""
    done = subprocess.run([os.path.join(SOURCE, "scripts", "package"), "tarball", "--build", BUILD, "--out", out],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, **keywords)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def digest(path):
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def listing(folder):
    """Names, sizes and times of all below a folder."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            status = os.lstat(os.path.join(place, name))
            found[os.path.join(place, name)] = (status.st_size, status.st_mtime_ns)
    return found


def as_on_an_old_kernel():
    """Has every system call that came after Linux 3.10 (number 313) answered by "not implemented", by a filter of the kernel."""
    filters = [(0x20, 0, 0, 0), (0x35, 0, 1, 314), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)]  # load number, >=, errno, allow
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in filters))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(filters), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, seccomp, by_filter = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) != 0 or libc.prctl(seccomp, by_filter, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter")


class Tarball(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-tarball-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.tarball = pack(os.path.join(cls.top, "out"))
        cls.root = os.path.join(cls.top, "root")
        os.makedirs(os.path.join(cls.root, "a folder", "of programs"))
        with tarfile.open(cls.tarball) as tar:
            tar.extractall(os.path.join(cls.root, "a folder", "of programs"))
            cls.members = tar.getmembers()
        cls.name = cls.members[0].name
        cls.program = f"/a folder/of programs/{cls.name}/bin/hestia"
        cls.unpacked = os.path.join(cls.root, "a folder", "of programs", cls.name)
        os.mkdir(os.path.join(cls.root, "data"))
        os.chmod(os.path.join(cls.root, "data"), 0o777)
        os.chmod(cls.top, 0o755)
        # A root of its own and no network: as root, or as a user where the system lets users have their own; at least the root.
        ways = [["unshare", "--net", "chroot"], ["unshare", "--net", "--user", "--map-root-user", "chroot"], ["chroot"]]
        cls.enter = next((way for way in ways if subprocess.run([*way, "/", "true"], capture_output=True).returncode == 0), None)

    def hestia(self, *arguments, program=None, options=(), code=0, **keywords):
        if not self.enter:
            self.skipTest("neither unshare nor chroot is allowed here")
        done = subprocess.run(self.enter + [*options, self.root, program or self.program, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, **keywords)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_the_same_bytes_again(self):
        """Also for who has another time zone, another order of letters, and files for himself alone."""
        again = pack(os.path.join(self.top, "again"), umask=0o077, env=dict(os.environ, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", TMPDIR=self.top))
        self.assertEqual(digest(self.tarball), digest(again))
        with open(self.tarball + ".sha256") as stream:
            self.assertEqual(stream.read(), f"{digest(self.tarball)}  {os.path.basename(self.tarball)}\n")

    def test_nothing_of_who_packed_it(self):
        """Names in order, one time, no owner, one folder, plain modes; gzip's header without name and time."""
        names = [member.name for member in self.members]
        self.assertEqual(names, sorted(names))
        self.assertEqual({member.mtime for member in self.members}, {self.members[0].mtime})
        self.assertEqual({(m.uid, m.gid, m.uname, m.gname) for m in self.members}, {(0, 0, "", "")})
        self.assertEqual({name.split("/")[0] for name in names}, {self.name})
        self.assertLessEqual({(m.isdir(), m.mode) for m in self.members}, {(True, 0o755), (False, 0o755), (False, 0o644)})
        with open(self.tarball, "rb") as stream:
            self.assertEqual(stream.read(8), b"\x1f\x8b\x08\x00\x00\x00\x00\x00")

    def test_wrong_arguments(self):
        script = os.path.join(SOURCE, "scripts", "package")
        for arguments, code, reason in ((["tarball", "--build"], 2, "scripts/package tarball"), (["parcel"], 2, "scripts/package tarball"),
                                        (["tarball", "--build", "/nowhere"], 1, "/nowhere: hestia is not built there"),
                                        (["test-deb"], 2, "scripts/package tarball")):
            done = subprocess.run([script, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.top)
            self.assertEqual((done.returncode, done.stdout), (code, ""), arguments)
            self.assertIn(reason, done.stderr)

    def test_components(self):
        """Every library is named with version, source and licence, and each licence text is there."""
        with open(os.path.join(self.unpacked, "COMPONENTS")) as stream:
            text = stream.read()
        inside = os.listdir(os.path.join(self.unpacked, "lib", "hestia"))
        for name in set(inside) - {"hestia"}:
            self.assertTrue(re.search(rf"^  files .* ?{re.escape(name)}( |$)", text, re.M), name)
        for library in ("vega", "vega-lite", "vega-embed"):
            self.assertRegex(text, rf"(?m)^  {library} [\d.]+, BSD-3-Clause$")
        self.assertEqual(len(re.findall(r"^  source +\S+ \S+$", text, re.M)), len(re.findall("^  files", text, re.M)))
        for licence in re.findall(r"\(licences/(.*)\)", text):
            path = os.path.join(self.unpacked, "licences", licence)
            with open(path, encoding="utf-8", errors="replace") as stream:
                for common in re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])", stream.read()):
                    self.assertTrue(os.path.exists(os.path.join(self.unpacked, "licences", f"common-{common}")), f"{licence}: {common}")
        with open(os.path.join(self.unpacked, "LICENSE")) as stream:
            self.assertIn("GNU GENERAL PUBLIC LICENSE", stream.read(200))

    def test_units_of_systemd_are_there_to_be_copied(self):
        for kind in ("system", "user"):
            self.assertIn("hestia@.timer", os.listdir(os.path.join(self.unpacked, "share", "hestia", "systemd", kind)))
        self.assertTrue(os.access(os.path.join(self.unpacked, "share", "hestia", "nightly", "check_hestia"), os.X_OK))

    def test_version(self):
        here = subprocess.run([os.path.join(BUILD, "cli", "hestia"), "--version"], capture_output=True, text=True).stdout
        self.assertEqual(self.hestia("--version").stdout, here)

    def test_demo_with_nothing_of_the_system(self):
        """No /lib, /etc, /proc, /dev or /tmp, and no network; the program's folder stays as it was."""
        before = listing(self.unpacked)
        done = self.hestia("demo", "--people", "2000", "/data/small")
        self.assertIn("/data/small/results/latest/", done.stdout)
        for name in ("results.csv", "site-review.csv", "hestia.sqlite", "report.html", "manifest.json"):
            path = os.path.join(self.root, "data", "small", "results", "latest", name)
            self.assertGreater(os.path.getsize(path), 500, name)
        self.assertEqual(listing(self.unpacked), before)
        self.assertEqual(sorted(os.listdir(self.root)), ["a folder", "data"])

    def test_a_folder_that_may_not_be_written_to(self):
        """Another user than the one who unpacked it; results of every kind."""
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        os.makedirs(os.path.join(self.root, "data", "of-nobody"))
        os.chown(os.path.join(self.root, "data", "of-nobody"), NOBODY, NOBODY)
        place = "/data/of-nobody/study"
        as_nobody = [f"--userspec={NOBODY}:{NOBODY}", "--groups="]
        self.hestia("synth", place, "--people", "2000", "--years", "2008-2009", "--areas", "3", options=as_nobody)
        here = os.path.join(self.root, "data", "of-nobody", "study")
        self.hestia("run", f"{place}/study.yaml", options=as_nobody)
        for name in ("results.csv", "hestia.sqlite", "site-review.xlsx", "report.html"):
            self.assertEqual(os.stat(os.path.join(here, "results", "latest", "release", name)).st_uid, NOBODY, name)

    def test_through_links(self):
        os.symlink(self.program, os.path.join(self.root, "data", "first"))
        os.symlink("first", os.path.join(self.root, "data", "second"))
        self.addCleanup(os.unlink, os.path.join(self.root, "data", "first"))
        self.addCleanup(os.unlink, os.path.join(self.root, "data", "second"))
        self.hestia("--version", program="/data/second")
        # outside, where there is /proc: by a link, by a relative path, through the path
        unpacked = os.path.join(self.unpacked, "bin")
        os.symlink(os.path.join(unpacked, "hestia"), os.path.join(self.top, "linked"))
        for arguments, folder, path in (([os.path.join(self.top, "linked")], "/", "/bin"), (["./hestia"], unpacked, "/bin"),
                                        (["hestia"], "/", unpacked)):
            done = subprocess.run(arguments + ["--version"], cwd=folder, env={"PATH": path}, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)

    def test_a_group_of_the_system(self):
        """Names of groups are looked up in /etc/group without any module of the system; a group may have many members."""
        os.mkdir(os.path.join(self.root, "etc"))
        self.addCleanup(shutil.rmtree, os.path.join(self.root, "etc"))
        with open(os.path.join(self.root, "etc", "group"), "w") as stream:
            stream.write("root:x:0:\nanalysts:x:0:" + ",".join(f"analyst{number}" for number in range(5000)) + "\n")
        self.hestia("store", "init", "/data/shared", "--group", "analysts")
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.root, "data", "shared")).st_mode), 0o2750)
        self.assertIn("no group strangers", self.hestia("store", "init", "/data/other", "--group", "strangers", code=2).stderr)

    def test_libraries_of_the_system_are_left_out(self):
        """Neither what is preloaded nor a library path of the user's own: both are for the system's C library."""
        strange = os.path.join(self.top, "strange")
        os.mkdir(strange)
        for name in ("libz.so.1", "libc.so.6"):
            with open(os.path.join(strange, name), "w") as stream:
                stream.write("no library")
        done = subprocess.run([os.path.join(self.unpacked, "bin", "hestia"), "--version"], capture_output=True, text=True,
                              env={"LD_PRELOAD": os.path.join(strange, "libz.so.1"), "LD_LIBRARY_PATH": strange})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_path_that_the_loader_would_cut_is_refused(self):
        strange = os.path.join(self.top, "a:b")
        shutil.copytree(self.unpacked, strange)
        self.addCleanup(shutil.rmtree, strange)
        done = subprocess.run([os.path.join(strange, "bin", "hestia"), "--version"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot have : ; or $ in its path", done.stderr)

    def test_libraries_need_no_newer_kernel(self):
        """The C library says from which kernel on it works; docs/install.md says the same."""
        if not shutil.which("readelf"):
            self.skipTest("no readelf")
        for name in ("lib/hestia/libc.so.6", "bin/hestia"):
            notes = subprocess.run(["readelf", "-n", os.path.join(self.unpacked, name)], capture_output=True, text=True).stdout
            self.assertIn("OS: Linux, ABI: 3.2.0", notes, name)
        with open(os.path.join(SOURCE, "docs", "install.md")) as stream:
            self.assertIn("any Linux kernel from 3.2 on", stream.read())

    def test_system_calls_of_an_old_kernel(self):
        """Those of Linux 3.10, which RHEL 7 has: newer ones are asked for, and done without."""
        place, program = os.path.join(self.top, "old kernel"), os.path.join(self.unpacked, "bin", "hestia")
        self.addCleanup(shutil.rmtree, place, True)
        for arguments in (["synth", place, "--people", "2000", "--years", "2008-2009", "--areas", "3"], ["run", f"{place}/study.yaml"]):
            try:
                done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      preexec_fn=as_on_an_old_kernel)
            except subprocess.SubprocessError:
                self.skipTest("no filter of system calls here")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(os.path.getsize(os.path.join(place, "results", "latest", "results.csv")), 500)

    @unittest.skipUnless(shutil.which("qemu-x86_64"), "no qemu-x86_64")
    def test_a_processor_without_avx(self):
        """qemu64 is plain x86-64 with SSE3. Reads gzip, finds rows, counts; the numbers are those of this processor."""
        place, libraries = os.path.join(self.top, "plain"), os.path.join(self.unpacked, "lib", "hestia")
        plain = ["qemu-x86_64", "-cpu", "qemu64", os.path.join(libraries, "ld-linux-x86-64.so.2"), "--library-path", libraries,
                 os.path.join(libraries, "hestia")]
        program = [os.path.join(BUILD, "cli", "hestia")]
        tables = []
        for command in (plain, program):
            for arguments in (["synth", place, "--people", "2000", "--years", "2008-2009", "--areas", "3"], ["run", f"{place}/study.yaml"]):
                done = subprocess.run(command + arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
            with open(os.path.join(place, "results", "latest", "release", "results.csv")) as stream:
                tables.append([line.split(",")[:12] for line in stream])
            shutil.rmtree(place)
        self.assertEqual(tables[0], tables[1])
        self.assertGreater(len(tables[0]), 100)


if __name__ == "__main__":
    BUILD, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
