"""What the previous release left behind (tests/data/release-*.tar.gz): its store is read as it is, its results are compared, taken
apart and held against new ones; and what a newer hestia left behind is refused, never misread and never overwritten.

    python3 tests/cli/test_upgrade.py HESTIA SOURCE

The archive is unpacked elsewhere at another time, so paths, times and inodes are others than those that the store has noted: as
when its folder is moved to another server.
"""

import csv
import gzip
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest

PROGRAM = SOURCE = ""
RELEASES = ["0.1.0"]
# Files of results in which CHANGELOG.md, Unreleased, Numbers, says that something moved since that release.
MOVED = {"0.1.0": set()}
# What a manifest says of the run rather than of the numbers, and what came after the release.
OF_THE_RUN = {"run", "started", "finished", "host", "directory", "command", "timings", "options", "hestia", "fingerprint", "schema",
              "files"}
EXPLAIN = ("emergency_admissions", "--area", "5QL", "--period", "2008/09")


def hestia(folder, *arguments, code=0):
    done = subprocess.run([PROGRAM, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != code:
        raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def contents(folder, leave_out=()):
    """Bytes of all files below a folder by their names."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.relpath(path, folder) not in leave_out:
                with open(path, "rb") as stream:
                    found[os.path.relpath(path, folder)] = stream.read()
    return found


def looks(folder):
    """What changes when a file is written again, by name."""
    return {name: (s.st_ino, s.st_mtime_ns, s.st_size) for name in os.listdir(folder) for s in [os.stat(os.path.join(folder, name))]}


def edit_json(path, change):
    with open(path, encoding="utf-8") as stream:
        value = json.load(stream)
    change(value)
    os.unlink(path)
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(value, stream)


def read_json(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def xxh3(data):
    """XXH3-64 of 17 to 32 bytes: the checksum of a segment's header."""
    secret = bytes.fromhex("b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f")
    mask = 2 ** 64 - 1

    def mix(at, key):
        words = struct.unpack_from("<2Q", data, at)
        keys = struct.unpack_from("<2Q", secret, key)
        product = (words[0] ^ keys[0]) * (words[1] ^ keys[1])
        return (product & mask) ^ product >> 64

    hash_ = (len(data) * 0x9E3779B185EBCA87 + mix(0, 0) + mix(len(data) - 16, 16)) & mask
    hash_ = ((hash_ ^ hash_ >> 37) * 0x165667919E3779F9) & mask
    return hash_ ^ hash_ >> 32


def set_segment_version(path, version):
    """Gives a segment's header another version, and the checksum that goes with it."""
    with open(path, "r+b") as stream:
        header = bytearray(stream.read(32))
        assert header[:8] == b"HESTIASG" and struct.unpack_from("<Q", header, 24)[0] == xxh3(header[:24])
        struct.pack_into("<I", header, 8, version)
        struct.pack_into("<Q", header, 24, xxh3(header[:24]))
        stream.seek(0)
        stream.write(header)


class Place(unittest.TestCase):
    """A folder with what a release left behind, for each test anew."""
    release = RELEASES[-1]

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="hestia-upgrade-")
        self.addCleanup(shutil.rmtree, self.top)
        self.place = self.unpack("place")
        self.store = os.path.join(self.place, "store")
        self.segments = os.path.join(self.store, "segments")
        self.results = os.path.join(self.place, "results")
        self.old = os.path.realpath(os.path.join(self.results, "latest"))

    def unpack(self, name):
        folder = os.path.join(self.top, name)
        with tarfile.open(os.path.join(SOURCE, "tests", "data", f"release-{self.release}.tar.gz")) as tar:
            tar.extractall(folder)
        return folder

    def run_study(self, code=0):
        return hestia(self.place, "run", "study.yaml", code=code)

    def latest(self):
        return os.path.realpath(os.path.join(self.results, "latest"))

    def segment(self):
        return os.path.join(self.segments, sorted(os.listdir(self.segments))[0])


class Upgrade(Place):
    def test_the_store_is_read_as_it_is(self):
        before, key = looks(self.segments), contents(self.store)["key"]
        done = self.run_study()
        self.assertEqual(looks(self.segments), before)
        self.assertEqual(contents(self.store)["key"], key)
        self.assertIn("0 files new, 4 unchanged", done.stdout + done.stderr)
        old, new = (read_json(os.path.join(folder, "manifest.json"))["inputs"] for folder in (self.old, self.latest()))
        self.assertTrue(all(entry["from_store"] for entry in new))
        self.assertEqual(*([(entry["file"], entry["hash"], entry["layout"]) for entry in inputs] for inputs in (old, new)))
        hestia(self.place, "store", "verify", "store")

    def test_results_are_those_of_a_fresh_store(self):
        self.run_study()
        new = self.latest()
        fresh = self.unpack("fresh")
        shutil.rmtree(os.path.join(fresh, "store"))
        shutil.rmtree(os.path.join(fresh, "results"))
        hestia(fresh, "run", "study.yaml")
        self.assertEqual(contents(new, ["manifest.json"]), contents(os.path.join(fresh, "results", "latest"), ["manifest.json"]))

    def test_results_are_those_of_the_release(self):
        self.run_study()
        old, new = contents(self.old, ["manifest.json"]), contents(self.latest(), ["manifest.json"])
        self.assertEqual(sorted(old), sorted(new))
        self.assertEqual({os.path.basename(name) for name in old if old[name] != new[name]}, MOVED[self.release])
        old, new = (read_json(os.path.join(folder, "manifest.json")) for folder in (self.old, self.latest()))
        for manifest in (old, new):
            self.assertTrue(all(entry.pop("from_store") in (True, False) for entry in manifest["inputs"]))
        self.assertEqual(set(old) | OF_THE_RUN, set(new) | OF_THE_RUN)
        for entry in set(old) - OF_THE_RUN:
            self.assertEqual(old[entry], new[entry], entry)

    def test_compare_reads_old_results(self):
        self.run_study()
        said = hestia(self.place, "compare", self.old, self.latest(), "--out", "changes.csv").stdout
        self.assertIn(f"version of hestia: {self.release} → ", said)
        with open(os.path.join(self.place, "changes.csv"), newline="", encoding="utf-8") as stream:
            self.assertEqual({row["table"] + ".csv" for row in csv.DictReader(stream)}, MOVED[self.release])
        with open(os.path.join(self.results, "status.json"), encoding="utf-8") as stream:
            self.assertIn(f"since {os.path.basename(self.old)}: ", stream.read())

    def test_explain_takes_an_old_number_apart(self):
        said = hestia(self.place, "explain", "study.yaml", *EXPLAIN).stdout
        self.run_study()
        self.assertEqual(hestia(self.place, "explain", "study.yaml", *EXPLAIN).stdout, said)

    def test_rows_that_are_gone_since_the_release_stop_the_run(self):
        path = os.path.join(self.place, "extracts", "apc_200809.csv.gz")
        with gzip.open(path, "rb") as stream:
            lines = stream.readlines()
        with gzip.open(path, "wb") as stream:
            stream.writelines(lines[:-20])
        done = self.run_study(code=3)
        self.assertIn("cut 200899", done.stderr)
        self.assertIn("quality.max_row_drop", done.stderr)
        self.assertEqual(self.latest(), self.old)


class Versions(Place):
    def assert_refused(self, code, words, commands, folder, leave_out=()):
        """Each command ends with the code and one line with the words, and changes nothing in the folder."""
        before = contents(folder, leave_out)
        for command in commands:
            done = hestia(self.place, *command, code=code)
            for word in words:
                self.assertIn(word, done.stderr, command)
        self.assertEqual(contents(folder, leave_out), before)

    def test_a_newer_store(self):
        edit_json(os.path.join(self.store, "hestia-store.json"), lambda settings: settings.update(version=2))
        self.assert_refused(2, ["a store of version 2, made by a newer hestia", "this one knows version 1"],
                            [("run", "study.yaml"), ("ingest", "study.yaml"), ("explain", "study.yaml", *EXPLAIN),
                             ("check", "study.yaml"), ("store", "list", "store"), ("store", "verify", "store"),
                             ("store", "purge", "store"), ("store", "purge", "--unused", "store")], self.store)
        self.assertEqual(self.latest(), self.old)

    def test_a_store_of_a_version_that_never_was(self):
        for version in (0, -1, "1", None):
            edit_json(os.path.join(self.store, "hestia-store.json"), lambda settings: settings.update(version=version))
            self.assert_refused(3, ["hestia-store.json is damaged", "remove the store"], [("run", "study.yaml")], self.store)

    def test_a_newer_segment(self):
        set_segment_version(self.segment(), 2)
        words = [os.path.basename(self.segment()), "is of version 2, made by a newer hestia", "this one knows version 1"]
        self.assert_refused(2, words, [("run", "study.yaml"), ("ingest", "study.yaml"), ("explain", "study.yaml", *EXPLAIN),
                                       ("store", "list", "store"), ("store", "verify", "store")], self.segments)
        # also when the store does not know that it has it, and the segment is met when its like is put in its place
        edit_json(os.path.join(self.store, "catalogue.json"), lambda catalogue: catalogue.clear())
        self.assert_refused(2, words, [("run", "study.yaml")], self.segments)

    def test_an_older_segment_is_made_anew(self):
        """What a new version of segments asks for: made from the inputs again, by the same key, without a word from the user."""
        sound, key = contents(self.segments), contents(self.store)["key"]
        for name in sorted(sound)[:2]:
            set_segment_version(os.path.join(self.segments, name), 0)
        done = self.run_study()
        self.assertIn("2 files new, 2 unchanged", done.stdout + done.stderr)
        self.assertEqual(contents(self.segments), sound)
        self.assertEqual(contents(self.store)["key"], key)
        self.assertEqual(contents(self.latest(), ["manifest.json"])["results.csv"], contents(self.old)["results.csv"])

    def test_segments_of_another_layout_stand_beside(self):
        """Another way of decoding has another key, which is in the name: what a newer hestia made that way is left alone."""
        for name in os.listdir(self.segments):
            os.rename(os.path.join(self.segments, name), os.path.join(self.segments, name[:33] + "0" * 32 + ".seg"))
        before = contents(self.segments)
        done = self.run_study()
        self.assertIn("4 files new, 0 unchanged", done.stdout + done.stderr)
        after = contents(self.segments)
        self.assertEqual(len(after), 8)
        self.assertEqual({name: after[name] for name in before}, before)

    def test_newer_results(self):
        manifest = os.path.join(self.old, "manifest.json")
        edit_json(manifest, lambda value: value.update(schema=2, hestia=dict(value["hestia"], version="9.0.0")))
        words = ["results of schema 2, of hestia 9.0.0", "knows schemas up to 1", "--out"]
        other = self.unpack("other")
        self.assert_refused(2, words, [("run", "study.yaml"), ("explain", "study.yaml", *EXPLAIN), ("compare", "results", other + "/results"),
                                       ("compare", other + "/results", "results"), ("compare", "results/latest/release", other + "/results")],
                            self.results, ["status.json"])
        self.assertEqual(self.latest(), self.old)
        hestia(self.place, "run", "study.yaml", "--out", "elsewhere")

    def test_results_of_a_schema_that_never_was(self):
        manifest = os.path.join(self.old, "manifest.json")
        for schema in (0, -1, "1"):
            edit_json(manifest, lambda value: value.update(schema=schema))
            self.assert_refused(3, ["no hestia wrote results of that schema"],
                                [("explain", "study.yaml", *EXPLAIN), ("compare", "results", "results")], self.results)
        self.run_study()
        self.assertNotEqual(self.latest(), self.old)

    def test_what_is_written_says_its_schema(self):
        study = os.path.join(self.place, "study.yaml")
        with open(study, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn("formats: csv,", text)
        with open(study, "w", encoding="utf-8") as stream:
            stream.write(text.replace("formats: csv,", "formats: [csv, sqlite],"))
        self.run_study()
        schema = read_json(os.path.join(self.latest(), "manifest.json"))["schema"]
        self.assertEqual(schema, 1)
        database = sqlite3.connect(f"file:{self.latest()}/hestia.sqlite?mode=ro", uri=True)
        self.addCleanup(database.close)
        self.assertEqual(database.execute("PRAGMA user_version").fetchone(), (schema,))
        self.assertEqual(database.execute("SELECT value FROM manifest WHERE key = 'schema_version'").fetchone(), (str(schema),))


if __name__ == "__main__":
    PROGRAM, SOURCE = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
