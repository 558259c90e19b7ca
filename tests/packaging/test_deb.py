"""The Debian package: what it says of itself and what is in it. scripts/package test-deb installs it in a Debian of its own.

    python3 tests/packaging/test_deb.py BUILD SOURCE
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = SOURCE = ""


@unittest.skipUnless(shutil.which("dpkg-shlibdeps") and shutil.which("dpkg-deb"), "no dpkg-dev")
class Deb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-deb-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.package = cls.pack("out")
        cls.root = os.path.join(cls.top, "root")
        subprocess.run(["dpkg-deb", "--extract", cls.package, cls.root], check=True)

    @classmethod
    def pack(cls, name):
        done = subprocess.run([os.path.join(SOURCE, "scripts", "package"), "deb", "--build", BUILD, "--out", os.path.join(cls.top, name)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def field(self, name):
        return subprocess.run(["dpkg-deb", "--field", self.package, name], capture_output=True, text=True, check=True).stdout.strip()

    def test_fields(self):
        self.assertEqual(self.field("Package"), "hestia")
        self.assertRegex(self.field("Version"), r"^\d+\.\d+\.\d+-1$")
        self.assertEqual(self.field("Section"), "science")
        self.assertRegex(self.field("Maintainer"), r"^.+ <\S+@\S+>$")
        self.assertGreater(len(self.field("Description").splitlines()), 3)

    def test_every_library_is_a_dependency(self):
        """Those that the program is linked with itself; the packages of those bring the others."""
        depends = {entry.split()[0] for entry in self.field("Depends").split(", ")}
        needed = subprocess.run(["readelf", "-d", os.path.join(self.root, "usr", "bin", "hestia")], capture_output=True, text=True).stdout
        libraries = re.findall(r"\(NEEDED\).*\[(.*)\]", needed)
        self.assertGreater(len(libraries), 5)
        places = subprocess.run(["ldd", os.path.join(self.root, "usr", "bin", "hestia")], capture_output=True, text=True).stdout
        for library in libraries:
            place = re.search(rf"{re.escape(library)} => (\S+)", places)
            path = os.path.realpath(place.group(1) if place else f"/lib64/{library}")
            found = [subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True).stdout.split(":")[0]
                     for name in (path, path.removeprefix("/usr"))]
            self.assertTrue(depends & set(found), f"{library}: {found} not in {depends}")

    def test_what_is_in_it(self):
        found = {os.path.relpath(os.path.join(place, name), self.root) for place, _, names in os.walk(self.root) for name in names}
        for name in ("usr/bin/hestia", "usr/share/man/man1/hestia.1.gz", "usr/share/man/man5/hestia-study.5.gz",
                     "usr/share/bash-completion/completions/hestia", "usr/share/zsh/vendor-completions/_hestia",
                     "usr/share/doc/hestia/copyright", "usr/share/doc/hestia/changelog.gz", "usr/share/doc/hestia/changelog.Debian.gz",
                     "usr/lib/systemd/system/hestia@.timer", "usr/lib/systemd/user/hestia@.timer", "usr/share/hestia/nightly/failed",
                     "usr/share/hestia/reference/esp2013.csv"):
            self.assertIn(name, found)
        self.assertFalse([name for name in found if not name.startswith("usr/")])

    def test_the_same_bytes_again(self):
        with open(self.package, "rb") as first, open(self.pack("again"), "rb") as second:
            self.assertTrue(first.read() == second.read())


if __name__ == "__main__":
    BUILD, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
