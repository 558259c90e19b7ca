"""hestia store: init, list, verify and purge on a store that `hestia ingest` has filled.

    python3 tests/cli/test_store_command.py HESTIA
"""

import fcntl
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

PROGRAM = ""


def hestia(*arguments):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class StoreCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-store-command-")
        cls.good = os.path.join(cls.top, "good")
        study = os.path.join(cls.good, "study.yaml")
        for arguments in (("synth", cls.good, "--people", "2000", "--years", "2008-2009", "--areas", "3", "--quiet"),
                          ("ingest", study, "--store", os.path.join(cls.good, "store"))):
            done = hestia(*arguments)
            if done.returncode != 0:
                raise RuntimeError(done.stderr)
            time.sleep(0.1) # an extract as new as the run that reads it is looked at again by the next one

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def setUp(self):
        """A copy of the store; the extracts that it was made from stay where they are."""
        self.work = tempfile.mkdtemp(dir=self.top)
        self.store = os.path.join(self.work, "store")
        shutil.copytree(os.path.join(self.good, "store"), self.store)

    def segments(self):
        return sorted(glob.glob(os.path.join(self.store, "segments", "*.seg")))

    def run_store(self, *arguments, code=0):
        done = hestia("store", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def flip(self, path, at):
        with open(path, "r+b") as stream:
            stream.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
            byte = stream.read(1)[0]
            stream.seek(-1, os.SEEK_CUR)
            stream.write(bytes([byte ^ 4]))

    def test_init_makes_a_private_store_once(self):
        path = os.path.join(self.work, "new")
        self.run_store("init", "--partitions", "16", path)
        self.assertEqual(mode(path), 0o700)
        self.assertEqual(mode(os.path.join(path, "key")), 0o600)
        self.assertIn("holds something already", self.run_store("init", path, code=2).stderr)
        self.assertEqual(self.run_store("list", path).stdout, "")

    def test_a_long_path(self):
        """Files of a store are opened by their names in it, not by paths that grow."""
        deep = os.path.join(self.work, *["d" * 240] * 15)
        os.makedirs(deep)
        self.store = os.path.join(deep, "store")
        done = hestia("ingest", os.path.join(self.good, "study.yaml"), "--store", self.store)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 files new", done.stderr)
        self.assertEqual(self.run_store("verify", self.store).stdout.count("ok\t"), 2)
        self.run_store("purge", self.store)
        self.assertEqual(os.listdir(deep), [])
        # and one that no system call takes
        done = self.run_store("init", os.path.join(deep, *["e" * 240] * 3), code=1)
        self.assertIn("File name too long", done.stderr)

    def test_wrong_words_are_refused(self):
        for arguments in ((), ("init",), ("frobnicate", self.store), ("list", self.store, self.store),
                          ("init", "--partitions", "48", os.path.join(self.work, "x")),
                          ("init", "--partitions", "many", os.path.join(self.work, "x")),
                          ("init", "--group", "no-such-group-17", os.path.join(self.work, "x")),
                          ("list", os.path.join(self.work, "absent")), ("verify", self.work)):
            self.assertTrue(self.run_store(*arguments, code=2).stderr)

    def test_list_has_a_line_for_each_segment(self):
        lines = [line.split("\t") for line in self.run_store("list", self.store).stdout.splitlines()]
        self.assertEqual(sorted(line[0] for line in lines), ["apc_200809.csv.gz", "apc_200910.csv.gz"])
        for file, dataset, rows, size, person, separator in lines:
            self.assertEqual((dataset, separator), ("apc", "comma"))
            self.assertGreater(int(rows), 100)
            self.assertIn(int(size), [os.path.getsize(path) for path in self.segments()])
            self.assertTrue(person)
        self.assertEqual(self.run_store("list", "--store", self.store).stdout,
                         self.run_store("list", self.store).stdout)

    def test_verify_names_what_is_damaged(self):
        self.assertEqual(self.run_store("verify", self.store).stdout.count("ok\t"), 2)
        self.flip(self.segments()[1], 3000)
        done = self.run_store("verify", self.store, code=3)
        self.assertEqual(done.stdout.count("ok\t"), 1)
        self.assertIn(os.path.basename(self.segments()[1]), done.stderr)
        self.assertIn("remove this file and run again", done.stderr)
        self.assertIn("it is made anew from apc_200", done.stderr)
        self.flip(self.segments()[0], -1)
        done = self.run_store("verify", self.store, code=3)
        self.assertEqual(done.stdout.count("damaged\t"), 2)
        self.assertEqual(done.stdout.count("made anew from apc_200"), 2)
        self.assertIn("2 of 2 segments", done.stderr)

    def test_verify_repairs(self):
        self.flip(self.segments()[1], 3000)
        done = self.run_store("verify", "--repair", self.store)
        self.assertEqual((done.stdout.count("ok\t"), done.stdout.count("removed\t")), (1, 1))
        self.assertIn("1 of 2 segments removed: the next run makes them anew", done.stdout)
        self.assertEqual(len(self.segments()), 1)
        done = hestia("ingest", os.path.join(self.good, "study.yaml"), "--store", self.store)
        self.assertIn("1 file new, 1 unchanged", done.stderr)
        self.assertEqual(self.run_store("verify", "--repair", self.store).stdout.count("ok\t"), 2)

    def test_verify_finds_a_truncated_segment_and_a_missing_key(self):
        os.truncate(self.segments()[0], os.path.getsize(self.segments()[0]) // 2)
        self.assertIn("is damaged", self.run_store("verify", self.store, code=3).stderr)
        self.assertIn("is damaged", self.run_store("list", self.store, code=3).stderr)
        os.remove(os.path.join(self.store, "key"))
        self.assertIn("key is missing", self.run_store("verify", self.store, code=3).stderr)

    def explain(self, results):
        return hestia("explain", os.path.join(self.good, "study.yaml"), "emergency_admissions", "--area", "5J6", "--period", "2008/09",
                      "--store", self.store, "--out", results)

    def results(self):
        """A run of the study with the store; the bytes of its files, but for the one with its time, and its log."""
        out = os.path.join(self.work, "results")
        shutil.rmtree(out, ignore_errors=True)
        done = hestia("run", os.path.join(self.good, "study.yaml"), "--store", self.store, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {}
        for place, _, names in os.walk(os.path.join(out, "latest")):
            for name in set(names) - {"manifest.json"}:
                with open(os.path.join(place, name), "rb") as stream:
                    found[os.path.relpath(os.path.join(place, name), out)] = stream.read()
        return found, done.stderr

    def test_a_run_repairs_what_is_damaged(self):
        """Wherever the damage is, the run makes the segment anew, says so, and its results are the same bytes."""
        good, log = self.results()
        self.assertNotIn("segment", log)
        self.assertGreater(len(good), 5)
        path = self.segments()[1]
        with open(path, "rb") as stream:
            sound = stream.read()
        codes = set()
        for at in (5, 40, len(sound) // 3, len(sound) // 2, len(sound) * 3 // 4, len(sound) - 3000, len(sound) - 1):
            self.flip(path, at)
            done = self.explain(os.path.join(self.work, "results"))
            # in a block it is met while reading; elsewhere on opening, and then `hestia run` is what helps
            if done.returncode == 3:
                self.assertRegex(done.stderr, r"is damaged \(block \d+ at byte \d+\); remove this file and run again: it is made anew from apc_20")
            else:
                self.assertIn("`hestia run` makes them anew", done.stderr)
            codes.add(done.returncode)
            found, log = self.results()
            self.assertEqual(found, good, at)
            self.assertRegex(log, "apc_20[01].*: its segment of the store", at)
            with open(path, "rb") as stream:
                self.assertEqual(stream.read(), sound, at)
        self.assertEqual(codes, {2, 3})
        os.remove(path)
        self.assertEqual(self.results()[0], good)
        self.run_store("verify", self.store)

    def test_a_truncated_segment_is_made_anew(self):
        os.truncate(self.segments()[0], 1000)
        done = hestia("ingest", os.path.join(self.good, "study.yaml"), "--store", self.store)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.run_store("verify", self.store)

    def test_purge_unused_removes_what_has_no_input(self):
        self.assertIn("0 of 2 segments removed", self.run_store("purge", "--unused", self.store).stdout)
        extract = os.path.join(self.good, "extracts", "apc_200809.csv.gz")
        os.rename(extract, extract + ".away")
        try:
            done = self.run_store("purge", "--unused", self.store)
        finally:
            os.rename(extract + ".away", extract)
        self.assertIn("removed\tapc_200809.csv.gz", done.stdout)
        self.assertIn("1 of 2 segments removed", done.stdout)
        self.assertEqual(len(self.segments()), 1)
        self.run_store("verify", self.store)

    def test_purge_removes_everything(self):
        for words in (("purge",), ("purge", "--all")):
            size = sum(os.path.getsize(path) for path in self.segments())
            with open(os.path.join(self.store, "segments", "3.part"), "w"):
                pass # what a killed run leaves
            kept = os.path.join(os.path.dirname(self.store), "kept-key")  # the same bytes of the disk under another name
            os.link(os.path.join(self.store, "key"), kept)
            with open(kept, "rb") as stream:
                key = stream.read()
            done = self.run_store(*words, self.store)
            self.assertIn(f"is removed: 2 segments of {size} bytes", done.stdout)
            self.assertIn("may keep a copy", done.stdout)
            self.assertFalse(os.path.exists(self.store))
            with open(kept, "rb") as stream:
                self.assertNotEqual(stream.read()[:16], key[:16])
            os.remove(kept)
            self.setUp()
        self.assertEqual(self.run_store("purge", "--quiet", self.store).stdout, "")
        self.assertIn("there is no store", self.run_store("purge", self.store, code=2).stderr)
        self.run_store("purge", "--all", "--unused", self.store, code=2)

    def test_who_has_read_enough_is_told_nothing(self):
        """As of `| head`; a full disk is told."""
        table = os.path.join(self.work, "table.csv")
        with open(table, "w", encoding="utf-8") as stream:
            stream.write("x,n\n17,100\n")
        for words in (("store", "list", self.store), ("stats", "rate", table), ("check", "--conditions")):
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run([PROGRAM, *words], stdout=writer, stderr=subprocess.PIPE, text=True)
            os.close(writer)
            self.assertEqual((done.returncode, done.stderr), (1, ""), words)
            with open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("hestia: standard output: cannot be written: No space left", done.stderr)

    def test_purge_says_how_the_store_was_made(self):
        """The next run would make a private one, which shuts a group out."""
        self.assertNotIn("store init", self.run_store("purge", self.store).stdout)
        for words in (("--group", str(os.getegid())), ("--partitions", "16"), ("--group", str(os.getegid()), "--partitions", "16")):
            self.run_store("init", self.store, *words)
            done = self.run_store("purge", self.store)
            self.assertIn(f"hestia store init {self.store} {' '.join(words)}\n", done.stdout)

    def test_purge_leaves_what_is_not_the_stores(self):
        for name in ("thesis.doc", "segments/notes.txt"):
            with open(os.path.join(self.store, name), "w") as stream:
                stream.write("mine\n")
        done = self.run_store("purge", self.store)
        self.assertIn("the folder stays: it holds files that are not the store's", done.stdout)
        self.assertEqual(sorted(os.path.relpath(os.path.join(folder, name), self.store)
                                for folder, _, names in os.walk(self.store) for name in names),
                         ["segments/notes.txt", "thesis.doc"])
        # which is no store any more, nor is any other folder
        self.assertIn("nothing was removed", self.run_store("purge", self.store, code=2).stderr)
        self.assertTrue(os.path.exists(os.path.join(self.store, "thesis.doc")))
        self.assertIn("nothing was removed", self.run_store("purge", self.good, code=2).stderr)

    def stopped_writer(self, study):
        """An ingest, stopped while it holds the lock."""
        lock = os.path.join(self.store, "lock")
        for _ in range(20):
            writer = subprocess.Popen([PROGRAM, "ingest", study, "--store", self.store, "--threads", "1", "--quiet"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            while writer.poll() is None and os.path.getsize(lock) == 0:
                pass
            writer.send_signal(signal.SIGSTOP)
            if writer.poll() is None and os.path.getsize(lock) > 0:
                return writer
            writer.send_signal(signal.SIGCONT)
            writer.communicate()
            for path in self.segments():
                os.remove(path) # it had ended: once more
        self.fail("no ingest was slow enough to be stopped")

    def test_readers_are_never_blocked(self):
        study, results = os.path.join(self.good, "study.yaml"), os.path.join(self.work, "results")
        place = os.path.join(self.work, "new")
        self.assertEqual(hestia("synth", place, "--people", "20000", "--years", "2010-2011", "--areas", "3", "--quiet").returncode, 0)
        # another test may have touched the extracts
        self.assertEqual(hestia("ingest", study, "--store", self.store).returncode, 0)
        writer = self.stopped_writer(os.path.join(place, "study.yaml"))
        try:
            done = hestia("run", study, "--store", self.store, "--out", results)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = self.explain(results)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(self.run_store("list", self.store).stdout.splitlines()), 2)
            self.run_store("verify", self.store)
            # another writer is told who has it
            done = hestia("ingest", os.path.join(place, "study.yaml"), "--store", self.store)
            self.assertEqual(done.returncode, 4)
            self.assertIn(f"another run writes to this store (pid {writer.pid} on ", done.stderr)
            self.assertIn(f"(pid {writer.pid} on ", self.run_store("purge", self.store, code=4).stderr)
        finally:
            writer.send_signal(signal.SIGCONT)
            self.assertEqual(writer.communicate()[1], b"")
        self.assertEqual(writer.returncode, 0)
        self.assertEqual(len(self.run_store("list", self.store).stdout.splitlines()), 4)

    def test_of_several_first_runs_one_makes_the_store(self):
        study, store = os.path.join(self.good, "study.yaml"), os.path.join(self.work, "first")
        for _ in range(3):
            runs = [subprocess.Popen([PROGRAM, "ingest", study, "--store", store], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                     text=True) for _ in range(8)]
            ends = [(run.communicate()[1], run.returncode) for run in runs]
            self.assertIn(0, [code for _, code in ends])
            for text, code in ends: # done, or kept out by one that is named
                self.assertIn(code, (0, 4), text)
                if code == 4:
                    self.assertRegex(text, "another run (writes to|makes) this store")
            self.assertEqual(self.run_store("verify", store).stdout.count("ok\t"), 2)
            self.run_store("purge", store)

    def test_a_damaged_catalogue_is_set_aside(self):
        catalogue = os.path.join(self.store, "catalogue.json")
        os.truncate(catalogue, 100)
        self.assertIn("lost\tthe catalogue", self.run_store("verify", self.store).stdout)
        self.assertIn("run every study that has this store", self.run_store("purge", "--unused", self.store, code=3).stderr)
        self.assertEqual(len(self.segments()), 2)
        done = hestia("ingest", os.path.join(self.good, "study.yaml"), "--store", self.store)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("0 files new, 2 unchanged", done.stderr)
        self.assertIn("its catalogue was damaged or missing, and every file was looked at anew", done.stderr)
        self.assertEqual(os.path.getsize(catalogue + ".damaged"), 100)
        self.assertNotIn("lost", self.run_store("verify", self.store).stdout)
        self.assertIn("0 of 2 segments removed", self.run_store("purge", "--unused", self.store).stdout)
        self.run_store("purge", self.store)
        self.assertFalse(os.path.exists(self.store))

    def test_a_damaged_store_can_be_purged(self):
        for name in ("hestia-store.json", "key", "catalogue.json"):
            os.truncate(os.path.join(self.store, name), 1)
        message = self.run_store("list", self.store, code=3).stderr
        self.assertIn(f"hestia-store.json is damaged; restore it from a backup, or remove the store with `hestia store purge {self.store}`", message)
        os.remove(os.path.join(self.store, "lock"))
        self.run_store("purge", self.store)
        self.assertFalse(os.path.exists(self.store))

    def hold(self, byte, shared):
        """The lock as another process has it."""
        file = os.open(os.path.join(self.store, "lock"), os.O_RDWR)
        self.addCleanup(os.close, file)
        fcntl.lockf(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB, 1, byte)
        return file

    def test_purge_waits_for_nobody(self):
        before = self.segments()
        for byte, shared, words in ((1, True, "another run reads this store; wait until it ends"),
                                    (0, False, "another run writes to this store; wait until it ends")):
            file = self.hold(byte, shared)
            self.assertIn(words, self.run_store("purge", self.store, code=4).stderr)
            fcntl.lockf(file, fcntl.LOCK_UN)
        self.assertEqual(self.segments(), before)
        self.run_store("verify", self.store)
        self.hold(1, False)
        self.assertIn("this store is being removed", self.run_store("list", self.store, code=4).stderr)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
