"""The same commit gives the same bytes: hestia is built a second time, of a copy of the sources in another folder (longer, with a
blank, files made in another order), by another user's environment (name, home, umask, time zone, language, number of jobs, no
ccache), and the program, its manual page and the generated sources are compared with those of BUILD; then the packages of both.

    python3 tests/packaging/test_reproducible.py BUILD SOURCE CMAKE

It takes as long as building the program once. A debug build says its paths, so it is left out.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = SOURCE = CMAKE = ""
GENERATED = ("reference/reference_text.c", "publish/sqlite_text.c", "cli/example_text.c", "cli/commit.h", "docs/hestia-study.5", "cli/hestia")
CHARTS = ("vega", "vega-lite", "vega-embed")


def cached(name):
    """Value of a variable of the first build; "" when it has none."""
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as stream:
        found = re.search(rf"^{name}:[A-Z]*=(.*)$", stream.read(), re.M)
    return found.group(1) if found else ""


def digest(path):
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def run(*command, **keywords):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **keywords)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: exit {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def copy_sources(to):
    """The files that git knows, or all that do not lie in build/, the last ones first; and whose commit they are."""
    if os.path.exists(os.path.join(SOURCE, ".git")):
        names = run("git", "-C", SOURCE, "ls-files", "-z", "--cached").split("\0")
    else:
        names = [os.path.relpath(os.path.join(place, name), SOURCE) for place, _, found in os.walk(SOURCE) for name in found]
        names = [name for name in names if not name.startswith("build/")]
    for name in sorted(filter(None, names), reverse=True):
        if os.path.lexists(os.path.join(SOURCE, name)):
            os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
            shutil.copy(os.path.join(SOURCE, name), os.path.join(to, name), follow_symlinks=False)
    git = os.path.join(SOURCE, ".git")
    if os.path.exists(git):
        folder = run("git", "-C", SOURCE, "rev-parse", "--absolute-git-dir").strip()
        with open(os.path.join(to, ".git"), "w", encoding="utf-8") as stream:
            stream.write(f"gitdir: {folder}\n")


class Reproducible(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if cached("CMAKE_BUILD_TYPE") == "Debug":
            raise unittest.SkipTest("a debug build says its paths")
        top = tempfile.mkdtemp(prefix="hestia-reproducible-")
        cls.addClassCleanup(shutil.rmtree, top)
        cls.source = os.path.join(top, "a folder with a longer name", "sources")
        cls.build = os.path.join(top, "another build")
        os.makedirs(os.path.join(top, "home"))
        copy_sources(cls.source)
        kept = ("CMAKE_BUILD_TYPE", "CMAKE_C_COMPILER", "CMAKE_C_FLAGS", f"CMAKE_C_FLAGS_{cached('CMAKE_BUILD_TYPE').upper()}",
                "CMAKE_EXE_LINKER_FLAGS", "HESTIA_WERROR")
        # npm's folder of the first build has what is fetched, so that no network is needed
        charts = cached("HESTIA_CHARTS") or os.path.join(top, "charts")
        for library in CHARTS if not cached("HESTIA_CHARTS") else ():
            os.makedirs(charts, exist_ok=True)
            shutil.copy(os.path.join(BUILD, "publish", "report", "charts", "node_modules", library, "build", f"{library}.min.js"), charts)
        cls.environment = dict(os.environ, HOME=os.path.join(top, "home"), USER="somebody", LOGNAME="somebody", TZ="Pacific/Auckland",
                               LC_ALL="C.UTF-8", LANG="C.UTF-8", CCACHE_DISABLE="1", GIT_OPTIONAL_LOCKS="0", GIT_CONFIG_COUNT="1",
                               GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
        cls.environment.pop("SOURCE_DATE_EPOCH", None)
        cls.run_as_another(CMAKE, "-S", cls.source, "-B", cls.build, "-G", cached("CMAKE_GENERATOR"), f"-DHESTIA_CHARTS={charts}",
                           *(f"-D{name}={cached(name)}" for name in kept))
        cls.run_as_another(CMAKE, "--build", cls.build, "--target", "hestia", "--parallel", str((os.cpu_count() or 1) + 1))

    @classmethod
    def run_as_another(cls, *command):
        return run(*command, env=cls.environment, umask=0o077)

    def differing_objects(self):
        """Where to look when the program differs."""
        found = []
        for place, _, names in os.walk(self.build):
            for name in names:
                first = os.path.join(BUILD, os.path.relpath(place, self.build), name)
                if name.endswith(".o") and os.path.exists(first) and digest(first) != digest(os.path.join(place, name)):
                    found.append(os.path.relpath(first, BUILD))
        return sorted(found)

    def test_the_program_and_what_is_generated(self):
        for name in GENERATED:
            same = digest(os.path.join(BUILD, name)) == digest(os.path.join(self.build, name))
            self.assertTrue(same, f"{name} differs; objects that do: {self.differing_objects()}")

    def test_nothing_of_the_machine_in_the_program(self):
        with open(os.path.join(self.build, "cli", "hestia"), "rb") as stream:
            program = stream.read()
        for text in (self.source, self.build, SOURCE, BUILD, "somebody"):
            self.assertNotIn(text.encode(), program)

    def test_packages(self):
        kinds = ["tarball"] + (["deb"] if shutil.which("dpkg-shlibdeps") else [])
        for kind in kinds:
            out = [os.path.join(os.path.dirname(self.build), name) for name in ("first out", "second out")]
            run(os.path.join(SOURCE, "scripts", "package"), kind, "--build", BUILD, "--out", out[0])
            self.run_as_another(os.path.join(self.source, "scripts", "package"), kind, "--build", self.build, "--out", out[1])
            names = sorted(os.listdir(out[0]))
            self.assertEqual(names, sorted(os.listdir(out[1])))
            for name in names:
                self.assertEqual(digest(os.path.join(out[0], name)), digest(os.path.join(out[1], name)), name)


if __name__ == "__main__":
    BUILD, SOURCE, CMAKE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
