#!/usr/bin/env python3
"""Who may read what hestia writes, whatever the umask.

    test_modes.py HESTIA"""

import glob
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

import planted

HESTIA = os.path.abspath(sys.argv[1])


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def below(folder):
    return [f"{path}/{name}" for path, folders, names in os.walk(folder) for name in folders + names
            if not os.path.islink(f"{path}/{name}")]


class Modes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.place)
        planted.make_study(HESTIA, cls.place + "/s", "2008-2009")
        planted.edit(cls.place + "/s/study.yaml", "publish: {directory: results, disclosure: none}",
                     "publish: {directory: results, internal: true, latest: copy}")

    def hestia(self, umask, *arguments):
        subprocess.run([HESTIA, *arguments, "--quiet"], cwd=self.place, umask=umask, check=True, stdout=subprocess.DEVNULL)

    def test_a_store_is_private(self):
        for umask in (0, 0o077, 0o777):
            with self.subTest(umask=oct(umask)):
                store = f"{self.place}/store{umask:o}"
                self.hestia(umask, "ingest", "s/study.yaml", "--store", store)
                self.assertEqual(mode(store), 0o700)
                for path in below(store):
                    self.assertEqual(mode(path), 0o700 if os.path.isdir(path) else 0o600, path)

    def test_results_are_as_documented(self):
        for umask in (0, 0o027, 0o077):
            with self.subTest(umask=oct(umask)):
                results = f"{self.place}/results{umask:o}"
                self.hestia(umask, "run", "s/study.yaml", "--out", results)
                runs = glob.glob(results + "/2*") + [results + "/latest"]
                self.assertEqual(len(runs), 2)
                for run in runs:
                    self.assertEqual(mode(run), 0o755 & ~umask)
                    for path in below(run):
                        is_internal = path.startswith(run + "/internal")
                        if os.path.isdir(path):
                            expected = 0o700 if is_internal else 0o755
                        else:
                            expected = 0o600 if is_internal else 0o644
                        self.assertEqual(mode(path), expected & ~umask, path)
                self.assertEqual(mode(results + "/status.json"), 0o644 & ~umask)

    def test_results_in_a_folder_of_a_group_are_the_groups(self):
        """Folder 2750 and umask 027, as in operations.md: also what is below the run folder."""
        group = next((g for g in os.getgroups() if g != os.getegid()), 4711)
        if os.geteuid() != 0 and group == 4711:
            self.skipTest("needs a second group, or root")
        results = self.place + "/group"
        os.mkdir(results)
        os.chown(results, -1, group)
        os.chmod(results, 0o2750)
        self.hestia(0o027, "run", "s/study.yaml", "--out", results)
        self.assertTrue(glob.glob(results + "/2*/release/*"))
        for path in below(results):
            self.assertEqual(os.stat(path).st_gid, group, path)

    def test_what_a_user_asks_for_about_people_is_his(self):
        asked = ("s/study.yaml", "emergency_admissions", "--area", "5QL", "--period", "2008/09 Q3")
        self.hestia(0, "run", "s/study.yaml")
        self.hestia(0, "explain", *asked, "--keys", "keys.csv", "--bands", "bands.csv")
        self.hestia(0, "export", "people", "s/study.yaml", "--where", "emergency_admissions", "--out", "people.csv")
        for name in ("keys.csv", "bands.csv", "people.csv", "s/exports.log"):
            self.assertEqual(mode(f"{self.place}/{name}"), 0o600, name)

    def test_a_run_that_is_being_written_is_nobody_elses(self):
        """Its release has not been checked yet."""
        results = self.place + "/part"
        process = subprocess.Popen([HESTIA, "run", "s/study.yaml", "--out", results], cwd=self.place, umask=0,
                                   stderr=subprocess.DEVNULL)
        while process.poll() is None and not glob.glob(results + "/2*.part/*"):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        parts = glob.glob(results + "/2*.part")
        self.assertEqual([mode(path) for path in parts], [0o700])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
