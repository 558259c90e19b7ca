#!/usr/bin/env python3
"""No identifier of a person and no value of a row is where it should not be: extracts, side files, lists of persons and small
tables are planted with values that can be mistaken for nothing else, everything that reads them is run well and badly, and
then all that was said and every file that is left, wherever it is, is searched, packed parts unpacked.

    test_identifiers.py HESTIA"""

import base64
import ctypes
import glob
import gzip
import hashlib
import os
import re
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
import zlib

import planted
from other_users import NONE_CAN_RUN, nobody_can_run

HESTIA = os.path.abspath(sys.argv[1])
JUNK = b"BADQZ"  # in every field that is written over to be wrong
VALUES = {**planted.IDENTIFIERS, "JUNK": JUNK}


# ---- searching ----

def unpacked(data, depth=0):
    """The bytes, and what is packed in them: members of a zip, base64, streams of deflate."""
    yield data
    if depth == 3:
        return
    if data[:4] == b"PK\x03\x04":
        for begin in re.finditer(rb"PK\x03\x04", data):  # member by member, as a run that was killed leaves no directory of them
            lengths = data[begin.start() + 26:begin.start() + 30]
            text = begin.start() + 30 + sum(int.from_bytes(lengths[i:i + 2], "little") for i in (0, 2))
            try:
                yield from unpacked(zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[text:]), depth + 1)
            except zlib.error:
                pass  # stored, or no member: then its bytes stand above
    if data[:2] == b"\x1f\x8b":
        yield from unpacked(gzip.decompress(data), depth + 1)
    elif data[:1] == b"\x78":
        try:
            yield from unpacked(zlib.decompress(data), depth + 1)
        except zlib.error:
            pass
    for text in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", data):
        if len(text) % 4 == 0:
            yield from unpacked(base64.b64decode(text), depth + 1)


def database_text(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return "\n".join(database.iterdump()).encode()


def digests(text):
    """What an identifier would look like under a hash without the store's key."""
    sodium, xxhash = ctypes.CDLL("libsodium.so.23"), ctypes.CDLL("libxxhash.so.0")
    xxhash.XXH3_64bits.restype = xxhash.XXH64.restype = ctypes.c_uint64
    out, no_key = ctypes.create_string_buffer(16), bytes(16)
    found = [hashlib.new(name, text).digest() for name in ("md5", "sha1", "sha256")]
    for function, n in ((sodium.crypto_shorthash_siphash24, 8), (sodium.crypto_shorthash_siphashx24, 16)):
        function(out, text, ctypes.c_ulonglong(len(text)), no_key)
        found.append(out.raw[:n])
    for number in (xxhash.XXH3_64bits(text, ctypes.c_size_t(len(text))),
                   xxhash.XXH64(text, ctypes.c_size_t(len(text)), ctypes.c_uint64(0))):
        found += [number.to_bytes(8, "little"), number.to_bytes(8, "big")]
    return [form for digest in found
            for form in (digest, digest.hex().encode(), digest.hex().upper().encode(), base64.b64encode(digest).rstrip(b"="))]


def leaks(data, marks):
    """Names of the marks that stand in the bytes or in what is packed in them."""
    return sorted({name for part in unpacked(data) for name, mark in marks.items() if mark in part})


# ---- what is searched ----

class Place:
    """Everything a user has: home, temporary folder, working folder, and what was said to him."""

    def __init__(self):
        self.root = tempfile.mkdtemp()
        self.said, self.given = [], set()
        for name in ("home", "tmp", "work"):
            os.mkdir(f"{self.root}/{name}")
        self.work = self.root + "/work"

    def path(self, name):
        return f"{self.work}/{name}"

    def environment(self):
        return dict(os.environ, HOME=self.root + "/home", TMPDIR=self.root + "/tmp")

    def start(self, *arguments, **options):
        return subprocess.Popen([HESTIA, *arguments], cwd=self.work, env=self.environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, **options)

    def note(self, arguments, output):
        self.said.append((" ".join(arguments), output))

    def hestia(self, *arguments, expect=0, **options):
        process = self.start(*arguments, **options)
        output, _ = process.communicate()
        self.note(arguments, output)
        if expect is not None:
            assert process.returncode == expect, (arguments, process.returncode, output.decode(errors="replace"))
        return output.decode(errors="replace")

    def give(self, name, text, packing="none"):
        """A file that rows come in: it is not searched."""
        path = planted.pack(self.path(name), text, packing)
        self.given.add(path)
        return path

    def files(self):
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = f"{folder}/{name}"
                if path not in self.given and not os.path.islink(path):
                    yield path

    def texts(self):
        for what, output in self.said:
            yield f"said by `{what}`", output
        for path in self.files():
            with open(path, "rb") as stream:
                yield path, stream.read()
            yield path, os.path.basename(path).encode()
            if path.endswith(".sqlite"):
                yield path, database_text(path)


def allow_cores():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def spoilt(header, rows):
    """Rows of which each has junk in another column, all columns in turn."""
    rows = [list(row) for row in rows]
    for i, row in enumerate(rows):
        row[i % len(header)] = JUNK.decode() + str(i)
    return rows


class Identifiers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = place = Place()
        cls.addClassCleanup(shutil.rmtree, place.root)
        place.given.update(planted.make_study(HESTIA, place.path("s"), "2008-2009", packings=("gz", "zip")))
        cls.header, cls.rows = planted.read_rows_of(sorted(place.given)[0])
        planted.edit(place.path("s/study.yaml"), "publish: {directory: results, disclosure: none} # nobody to protect", """cohorts:
  - {id: listed, dataset: apc, file: people.csv}
impact:
  - {id: service, site: 5NK, measures: emergency_admissions, date: 2009-07-01, methods: pre_post, primary: pre_post}
publish: {directory: results, internal: true, keep: 30}""")
        person = cls.header.index("PSEUDO_HESID")
        place.give("s/people.csv", "PSEUDO_HESID\n" + "".join(f"{row[person]}\n" for row in cls.rows[::5]))
        cls.run_well()
        cls.run_badly()
        cls.run_to_death()
        with open(place.path("s/.hestia-store/key"), "rb") as stream:
            cls.key = stream.read()
        cls.use_store()

    @classmethod
    def run_well(cls):
        place = cls.place
        place.hestia("check", "s/study.yaml")
        place.hestia("run", "s/study.yaml", "--verbose")
        planted.edit(place.path("s/study.yaml"), "id: copd_emergency", "id: copd_emergencies")
        place.hestia("run", "s/study.yaml", "--log-format", "json")
        place.hestia("run", "s/study.yaml", "--log-format", "json")
        extracts = sorted(path for path in place.given if "/extracts/" in path)
        place.hestia("check", *extracts)
        place.hestia("check", "--deep", *extracts)
        place.hestia("new", *extracts, "--out", "new.yaml")
        asked = ("s/study.yaml", "emergency_admissions", "--area", "5QL", "--period", "2008/09 Q3")
        place.hestia("explain", *asked)
        place.hestia("explain", *asked, "--keys", "keys.csv", "--bands", "bands.csv")
        for kind in ("spells", "people"):
            place.hestia("export", kind, "s/study.yaml", "--where", "emergency_admissions", "--out", f"{kind}.csv")
        place.hestia("power", "s/study.yaml", "--out", "power.csv")
        runs = sorted(glob.glob(place.path("s/results/2*")))
        place.hestia("compare", *runs[:2], "--internal", "--out", "changes.csv")

    @classmethod
    def run_badly(cls):
        """Every fault that a file of rows can have; the message says where, and not what."""
        place, header, rows = cls.place, cls.header, cls.rows
        with open(place.path("s/study.yaml")) as stream:
            study = stream.read().replace("results", "bad-results")
        text = planted.text_of(header, rows)
        faults = {
            "junk": planted.text_of(header, spoilt(header, rows)),
            "ragged": text.replace(",QZPERSON", ",QZPERSON,QZPERSON"),
            "open_quote": text.replace(",QZSPELL1,", ',"QZSPELL1,'),
            "nul": text.replace(",QZSPELL2,", ",QZ\0SPELL2,"),
            "no_header": planted.text_of(rows[0], rows[1:]),
            "short": planted.text_of(header[:3], [row[:3] for row in rows]),
            "twice": text + text.split("\n", 1)[1],
        }
        for name, spoiled in faults.items():
            path = place.give(f"s/extracts/bad_{name}.csv", spoiled)
            for limit in ("0", "1"):
                with open(place.path("s/bad.yaml"), "w") as stream:
                    stream.write(study.replace("apc_*.csv*", f"bad_{name}.csv").replace(
                        "publish:", f"quality: {{max_rejected: {limit}, max_unknown_area: 1}}\npublish:"))
                place.hestia("run", "s/bad.yaml", "--verbose", "--store", f"store-{name}", expect=None)
            place.hestia("check", "s/bad.yaml", expect=None)
            place.hestia("check", "--deep", path, expect=None)
            place.hestia("new", path, "--out", f"new-{name}.yaml", expect=None)
            os.remove(path)
        person = header.index("PSEUDO_HESID")
        for name, lines in {"date": f"{rows[0][person]},BADQZDATE\n", "fields": f"{rows[0][person]},a,b\n",
                            "long": "QZPERSON" * 200 + "\n", "quote": f'"{rows[0][person]}\n'}.items():
            place.give("s/list.csv", rows[1][person] + "\n" + lines)
            with open(place.path("s/bad.yaml"), "w") as stream:
                stream.write(study.replace("people.csv", "list.csv"))
            place.hestia("check", "s/bad.yaml", expect=None)
            said = place.hestia("run", "s/bad.yaml", expect=3)
            assert "list.csv, line 2" in said, said
        cls.run_bad_tables(study)

    @classmethod
    def run_bad_tables(cls, study):
        """Side files, and tables of `stats` whose rows are people."""
        place, header, rows = cls.place, cls.header, cls.rows
        key, person = header.index("EPIKEY"), header.index("PSEUDO_HESID")
        without = planted.text_of(header[:person] + header[person + 1:], [row[:person] + row[person + 1:] for row in rows])
        place.give("s/extracts/side.csv", without)
        good = "EPIKEY,PSEUDO_HESID\n" + "".join(f"{row[key]},{row[person]}\n" for row in rows)
        for name, side in {"good": good, "key": good + "BADQZ,QZPERSON\n", "twice": good + good.split("\n", 2)[1] + "\n",
                           "ragged": good + "77731337\n", "long": good + "1," + "QZPERSON" * 200 + "\n"}.items():
            place.give("s/ids.csv", side)
            with open(place.path("s/bad.yaml"), "w") as stream:
                stream.write(study.replace("apc_*.csv*", "side.csv, side_files: [{files: ids.csv, key: EPIKEY, "
                                           "columns: [PSEUDO_HESID]}]"))
            place.hestia("run", "s/bad.yaml", "--store", f"store-side-{name}", expect=0 if name == "good" else 3)
        columns = ("EPIKEY", "PROCODET", "ADMIDATE", "EPISTART", "EPIEND", "EPIORDER", "EPISTAT", "ADMIMETH", "ADMISORC",
                   "CLASSPAT", "DISDATE", "DISDEST")
        table = [["person"] + list(columns)] + [[row[person]] + [row[header.index(name)] for name in columns] for row in rows[:40]]
        for column in range(len(table[0])):
            table[7][column], kept = "BADQZ", table[7][column]
            place.give("episodes.csv", planted.text_of(table[0], table[1:]))
            place.hestia("stats", "spells", "episodes.csv", "--out", "spells-of-table.csv", expect=None)
            if os.path.exists(place.path("spells-of-table.csv")):
                os.remove(place.path("spells-of-table.csv"))  # rows of its own table come back in it
            table[7][column] = kept
        place.give("stays.csv", "person,los\nQZPERSON1,3\nQZPERSON2,BADQZ\n")
        assert "stays.csv, line 3" in place.hestia("stats", "mean-los", "stays.csv", expect=3)

    @classmethod
    def run_to_death(cls):
        """Interrupted, killed, out of disk, aborted; a run each into a store of its own, which keeps what was left."""
        place = cls.place
        for i, number in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV) * 2):
            process = place.start("run", "s/study.yaml", "--store", f"store-dead-{i}", "--out", f"dead-{i}",
                                  preexec_fn=allow_cores)
            time.sleep(0.05 + 0.03 * i)
            process.send_signal(number)
            output, _ = process.communicate()
            place.note([f"killed by {number.name}"], output)
        limited = f"ulimit -f 8; exec '{HESTIA}' run s/study.yaml --store store-full --out full-results"
        full = subprocess.run(["bash", "-c", limited], cwd=place.work, env=place.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert full.returncode == 1, full
        place.note(["files of 8 blocks"], full.stdout)

    @classmethod
    def use_store(cls):
        place = cls.place
        place.hestia("store", "list", "s/.hestia-store")
        place.hestia("store", "verify", "s/.hestia-store")
        segment = sorted(glob.glob(place.path("s/.hestia-store/segments/*.seg")))[0]
        with open(segment, "r+b") as stream:
            stream.seek(5000)
            stream.write(b"damaged")
        place.hestia("store", "verify", "s/.hestia-store", expect=None)
        shutil.copytree(place.path("s/.hestia-store"), place.path("purged"))
        place.hestia("store", "purge", "purged")

    # ---- what must be true of it ----

    def test_nothing_of_a_row_is_anywhere(self):
        found = [(where, names) for where, data in self.place.texts()
                 for names in [leaks(data, VALUES)] if names]
        # record keys were asked for; nothing else of a row is in their file. A code that is in no list is kept as a code.
        allowed = [(self.place.path("keys.csv"), ["EPIKEY"])]
        allowed += [(path, ["JUNK"]) for path in glob.glob(self.place.path("store-junk/segments/*.seg"))]
        self.assertEqual(sorted(found), sorted(allowed))

    def test_no_hash_without_the_key_is_anywhere(self):
        person = self.header.index("PSEUDO_HESID")
        people = sorted({row[person] for row in self.rows})[:6]
        needles = {f"{text} {i}": needle for text in people + [self.rows[0][self.header.index("NEWNHSNO")]]
                   for i, needle in enumerate(digests(text.encode()))}
        for where, data in self.place.texts():
            self.assertEqual([name for name, needle in needles.items() if needle in data], [], where)

    def test_the_key_is_in_its_file_alone(self):
        self.assertEqual(len(self.key), 32)
        halves = {f"{name} {part}": form for part, half in (("persons", self.key[:16]), ("others", self.key[16:]))
                  for name, form in (("bytes", half), ("hex", half.hex().encode()), ("base64", base64.b64encode(half)[:20]))}
        holders = {where for where, data in self.place.texts() if leaks(data, halves)}
        self.assertEqual(holders, {self.place.path("s/.hestia-store/key")})

    def test_each_store_has_a_key_of_its_own(self):
        keys = []
        for path in glob.glob(self.place.path("store-*/key")):
            with open(path, "rb") as stream:
                keys.append(stream.read())
        self.assertGreater(len(keys), 5)
        self.assertEqual(len(set(keys + [self.key])), len(keys) + 1)

    def test_files_of_rows_are_for_their_owner_alone(self):
        private = ["keys.csv", "bands.csv", "spells.csv", "people.csv", "power.csv", "changes.csv", "s/exports.log",
                   "s/.hestia-store/key"]
        for name in private:
            with self.subTest(name):
                self.assertEqual(stat.S_IMODE(os.stat(self.place.path(name)).st_mode), 0o600)
        for folder in glob.glob(self.place.path("*store*")) + glob.glob(self.place.path("s/.hestia-store")):
            for path, folders, names in os.walk(folder):
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o700, path)
                for name in names:
                    self.assertEqual(stat.S_IMODE(os.stat(f"{path}/{name}").st_mode), 0o600, name)

    def test_nothing_is_left_in_home_and_temporary_folder_and_no_core(self):
        self.assertEqual(os.listdir(self.place.root + "/home") + os.listdir(self.place.root + "/tmp"), [])
        self.assertEqual(glob.glob(self.place.work + "/**/core*", recursive=True), [])

    def test_a_purged_store_is_gone(self):
        self.assertFalse(os.path.exists(self.place.path("purged")))

    def test_the_search_finds_what_is_hidden(self):
        """Were there a leak, it would be seen: in a packed file, in base64 of deflate, in a database."""
        secret = b"person QZPERSON000000000000000000000001 and more text around it"
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        with zipfile.ZipFile(folder + "/a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/sharedStrings.xml", secret)
        with open(folder + "/a.xlsx", "rb") as stream:
            self.assertEqual(leaks(stream.read(), VALUES), ["PERSON"])
        self.assertEqual(leaks(b"<script>" + base64.b64encode(secret) + b"</script>", VALUES), ["PERSON"])
        page = b'<script>"' + base64.b64encode(gzip.compress(secret * 3)) + b'"</script>'
        self.assertEqual(leaks(page, VALUES), ["PERSON"])
        self.assertEqual(leaks(b"2008-04-01 is a date of many", VALUES), [])


def open_file(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(1)
    except OSError as error:
        return type(error)


def look_into(program, folder):
    """As a user without privileges: owner of the memory of his own hestia, what opening it gives, what a debugger is told, and
    its environment."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    process = subprocess.Popen([program, "run", "s/study.yaml"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    process.stderr.readline()  # it has begun
    proc = f"/proc/{process.pid}"
    seen = (os.stat(proc + "/mem").st_uid, open_file(proc + "/mem"),
            ctypes.CDLL(None).ptrace(16, process.pid, 0, 0),  # PTRACE_ATTACH
            open_file(proc + "/environ"))
    process.kill()
    process.communicate()
    return seen


class Process(unittest.TestCase):
    """What the same user, and so any other but root, may see of the process."""

    def setUp(self):
        self.place = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.place)
        os.chmod(self.place, 0o755)
        planted.make_study(HESTIA, self.place + "/s", "2008-2009", people=20000)

    def test_a_process_of_mine_cannot_be_looked_into(self):
        if not nobody_can_run():
            self.skipTest(NONE_CAN_RUN)
        program = shutil.copy(HESTIA, self.place + "/hestia")
        if os.geteuid() == 0:  # as somebody without privileges; everything has to be his
            for path, _, names in os.walk(self.place):
                for name in [path] + [f"{path}/{name}" for name in names]:
                    os.chown(name, 65534, 65534)
        answer, say = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(say, repr(look_into(program, self.place)).encode())
            finally:
                os._exit(0)
        os.close(say)
        with open(answer) as stream:
            said = stream.read()
        os.waitpid(child, 0)
        self.assertEqual(said, repr((0, PermissionError, -1, PermissionError)))

    def test_what_is_seen_of_a_process_names_files_only(self):
        process = subprocess.Popen([HESTIA, "run", "s/study.yaml"], cwd=self.place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   preexec_fn=allow_cores)
        process.stderr.readline()
        with open(f"/proc/{process.pid}/limits") as stream:
            limits = stream.read()
        seen = b""
        for name in ("cmdline", "environ", "comm", "status") if os.geteuid() == 0 else ("cmdline", "comm", "status"):
            with open(f"/proc/{process.pid}/{name}", "rb") as stream:
                seen += stream.read()
        process.kill()
        process.communicate()
        self.assertEqual(leaks(seen, VALUES), [])
        self.assertRegex(limits, r"Max core file size +0 +0 ")


class Claims(unittest.TestCase):
    def test_each_test_that_security_md_names_is_there(self):
        top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        with open(top + "/SECURITY.md") as stream:
            named = set(re.findall(r"`((?:tests/\w+/)?test_[\w*.]+|tests/\w+/)", stream.read()))
        self.assertGreater(len(named), 10)
        for name in named:
            self.assertTrue(glob.glob(f"{top}/{name}" if "/" in name else f"{top}/tests/cli/{name}"), name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
