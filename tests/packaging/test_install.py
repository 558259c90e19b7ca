"""What `cmake --install` puts where: the program, its pages, completion, documentation, examples and reference tables.

    python3 tests/packaging/test_install.py BUILD SOURCE CMAKE
"""

import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = SOURCE = CMAKE = ""


def inside(folder):
    """Files below a folder."""
    return {os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names}


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prefix = os.path.join(tempfile.mkdtemp(prefix="hestia install "), "prefix")
        cls.addClassCleanup(shutil.rmtree, os.path.dirname(cls.prefix))
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", cls.prefix, "--strip"], check=True, capture_output=True)

    def path(self, *parts):
        return os.path.join(self.prefix, *parts)

    def test_what_is_there(self):
        found = inside(self.prefix)
        for name in ("bin/hestia", "share/man/man1/hestia.1", "share/man/man5/hestia-study.5",
                     "share/bash-completion/completions/hestia", "share/zsh/site-functions/_hestia",
                     "share/doc/hestia/README.md", "share/doc/hestia/CHANGELOG.md", "share/doc/hestia/SECURITY.md", "share/doc/hestia/LICENSE",
                     "share/doc/hestia/charts-licences.txt",
                     "share/doc/hestia/docs/install.md", "share/doc/hestia/docs/study-file.md",
                     "share/doc/hestia/examples/long-term-conditions/study.yaml",
                     "lib/systemd/system/hestia@.service", "lib/systemd/system/hestia@.timer", "lib/systemd/system/hestia-failed@.service",
                     "lib/systemd/user/hestia@.service", "share/hestia/nightly/failed", "share/hestia/nightly/check_hestia",
                     "share/hestia/reference/README.md", "share/hestia/reference/esp2013.csv"):
            self.assertIn(name, found)
        for name in os.listdir(os.path.join(SOURCE, "docs")):
            if name.endswith((".md", ".R")):
                self.assertIn(f"share/doc/hestia/docs/{name}", found)
        for name in os.listdir(os.path.join(SOURCE, "reference")):
            if name.endswith(".csv"):
                self.assertIn(f"share/hestia/reference/{name}", found)

    def test_the_module_of_mpi_goes_only_where_it_is_asked_for(self):
        self.assertEqual([name for name in inside(self.prefix) if name.endswith(".so")], [])
        with open(os.path.join(BUILD, "CMakeCache.txt")) as stream:
            if not re.search("(?m)^HESTIA_MPI:BOOL=(ON|TRUE|1)$", stream.read()):
                return
        prefix = self.prefix + " of mpi"
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", prefix, "--component", "mpi"], check=True, capture_output=True)
        self.assertEqual(inside(prefix), {"lib/hestia/hestia-mpi.so"})

    def test_scripts_can_be_run(self):
        for name in ("failed", "check_hestia"):
            self.assertTrue(os.access(self.path("share", "hestia", "nightly", name), os.X_OK), name)

    def test_no_extract_store_or_result_goes_with_it(self):
        strange = [name for name in inside(self.prefix) if re.search(r"/(data|results|\.hestia-store)/|\.(part|gz|seg|c|cmake)$", name)]
        self.assertEqual(strange, [])

    def test_files_are_those_of_the_source(self):
        for place in ("examples", "docs"):
            for name in inside(self.path("share", "doc", "hestia", place)):
                here, there = self.path("share", "doc", "hestia", place, name), os.path.join(SOURCE, place, name)
                self.assertTrue(filecmp.cmp(here, there, shallow=False), name)

    def test_the_program_runs_where_it_was_put(self):
        done = subprocess.run([self.path("bin", "hestia"), "--version"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^hestia \d+\.\d+\.\d+\ncommit ([0-9a-f]{12}(\+changes)?|unknown)\nbuilt as \w+, \w+ [\d.]+, inflates with")

    def test_versions_agree(self):
        version = subprocess.run([self.path("bin", "hestia"), "--version"], capture_output=True, text=True).stdout.split()[1]
        for page in ("man1/hestia.1", "man5/hestia-study.5"):
            with open(self.path("share", "man", *page.split("/"))) as stream:
                self.assertIn(f'"hestia {version}"', stream.readline(), page)

    def test_a_tree_without_git_knows_its_commit(self):
        """`git archive` writes it into cmake/commit.txt."""
        head = subprocess.run(["git", "-C", SOURCE, "rev-parse", "HEAD"], capture_output=True, text=True)
        if head.returncode != 0:
            self.skipTest("this tree is not one of git")
        tree = os.path.join(os.path.dirname(self.prefix), "tree")
        os.mkdir(tree)
        archive = subprocess.run(["git", "-C", SOURCE, "archive", "HEAD", "cmake"], check=True, capture_output=True).stdout
        subprocess.run(["tar", "x", "-C", tree], input=archive, check=True)
        header = os.path.join(tree, "commit.h")
        subprocess.run([CMAKE, f"-DSOURCE={tree}", f"-DOUT={header}", "-P", os.path.join(tree, "cmake", "commit.cmake")], check=True)
        with open(header) as stream:
            self.assertEqual(stream.read(), f'#define HESTIA_COMMIT "{head.stdout[:12]}"\n')

    def test_no_path_of_this_machine_is_in_the_program(self):
        """Debug builds keep theirs, for the debugger."""
        with open(os.path.join(BUILD, "CMakeCache.txt")) as stream:
            if "CMAKE_BUILD_TYPE:STRING=Debug" in stream.read():
                self.skipTest("a Debug build")
        with open(self.path("bin", "hestia"), "rb") as stream:
            program = stream.read()
        for folder in (SOURCE, BUILD):
            self.assertNotIn(folder.encode(), program)

    def test_every_key_is_in_the_page_of_the_study_file(self):
        with open(self.path("share", "man", "man5", "hestia-study.5")) as stream:
            page = stream.read().replace("\\-", "-")
        with open(os.path.join(SOURCE, "docs", "study-file.md")) as stream:
            rows = re.findall(r"^\| `(\w+)` \| (\S+)", stream.read(), re.M)
        self.assertGreater(len(rows), 100)
        for key, takes in rows:
            if takes != "*later*":
                self.assertTrue(f"\\fB{key}\\fP: " in page, f"{key} is not in the page")

    @unittest.skipUnless(shutil.which("man"), "no man")
    def test_pages_have_no_faults(self):
        for page in ("man1/hestia.1", "man5/hestia-study.5"):
            done = subprocess.run(["man", "--warnings", "-l", self.path("share", "man", *page.split("/"))], capture_output=True,
                                  text=True, env=dict(os.environ, MANWIDTH="100", LC_ALL="C.UTF-8"))
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)
            self.assertGreater(len(done.stdout.splitlines()), 100)


if __name__ == "__main__":
    BUILD, SOURCE, CMAKE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
