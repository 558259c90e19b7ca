"""Inputs made to do harm, through the whole program: each is refused with a line that names it, or read for what
it is; in bounded time and memory, with nothing written elsewhere, and with no text in any output that a
spreadsheet would run, a terminal obey or a browser execute.

    python3 tests/cli/test_hostile.py HESTIA

A small good study is made; each case copies it and changes one thing. With HESTIA_HOSTILE=all in the environment sizes
are those of real attacks (4 GiB of one record, 100,000 members): some minutes. The gate takes smaller ones past the same
limits.
"""

import csv
import gzip
import io
import json
import lzma
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zipfile

PROGRAM = ""
FIRST = "extracts/apc_200809.csv.gz"
MIB = 1 << 20
WHOLE = os.environ.get("HESTIA_HOSTILE") == "all"
SANITIZED = False  # an instrumented program takes all addresses there are, and several times the time


def run(*arguments, folder=None, stdin=b"", seconds=120, memory=600 * MIB):
    """The program with bounds of time and memory: what passes them is killed, and fails the test."""

    def bound():
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    started = time.monotonic()
    result = subprocess.run([PROGRAM, *arguments], cwd=folder, input=stdin, capture_output=True, preexec_fn=bound,
                            timeout=seconds * (5 if SANITIZED else 1))
    result.seconds = time.monotonic() - started
    result.text = (result.stdout + result.stderr).decode("utf-8")  # what it prints is UTF-8, whatever it reads
    return result


def repeated(compress, header, text, n_mib):
    """A header, then so many MiB of a short text, as members of 64 MiB that are packed once."""
    return compress(header) + compress(text * (64 * MIB // len(text))) * (n_mib // 64)


class Case(unittest.TestCase):
    """A copy of the good study, changed by a test."""

    @classmethod
    def setUpClass(cls):
        global SANITIZED
        cls.root = tempfile.mkdtemp(prefix="hestia-hostile-")
        cls.good = os.path.join(cls.root, "good")
        SANITIZED = b"sanitizers" in subprocess.run([PROGRAM, "--version"], capture_output=True, check=True).stdout
        subprocess.run([PROGRAM, "synth", cls.good, "--people", "1000", "--years", "2008-2009", "--areas", "3",
                        "--quiet"], check=True)
        with gzip.open(os.path.join(cls.good, FIRST), "rb") as stream:
            cls.extract = stream.read()
        cls.header, cls.row = cls.extract.splitlines(keepends=True)[:2]
        with open(os.path.join(cls.good, "study.yaml"), encoding="utf-8") as stream:
            cls.study_text = stream.read().replace("apc_*.csv*", "apc_*")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def setUp(self):
        self.folder = os.path.join(self.root, "study")
        shutil.copytree(self.good, self.folder)
        self.write("study.yaml", self.study_text)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        if os.path.lexists(self.path(name)):
            os.remove(self.path(name))
        with open(self.path(name), "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)

    def read(self, name):
        with open(self.path(name), "rb") as stream:
            return stream.read()

    def edit_study(self, old, new):
        self.assertIn(old, self.study_text)
        self.write("study.yaml", self.study_text.replace(old, new, 1))

    def zip_extract(self, *members, method=zipfile.ZIP_DEFLATED):
        """The first extract as a zip of these members: name, content."""
        os.remove(self.path(FIRST))
        with zipfile.ZipFile(self.path("extracts/apc_200809.zip"), "w", method) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, method)
        return "extracts/apc_200809.zip"

    def run_study(self, **bounds):
        return run("run", self.path("study.yaml"), "--threads", "2", **bounds)

    def assert_refused(self, code, *parts, result=None, **bounds):
        """The run ends with this code, says these parts, publishes nothing and prints nothing that is obeyed."""
        result = result or self.run_study(**bounds)
        self.assertEqual(result.returncode, code, result.text)
        for part in parts:
            self.assertIn(part, result.text)
        self.assertFalse(os.path.lexists(self.path("results/latest")), result.text)
        self.assert_plain(result.text)
        return result

    def assert_good(self, **bounds):
        result = self.run_study(**bounds)
        self.assertEqual(result.returncode, 0, result.text)
        self.assert_plain(result.text)
        return result

    def assert_plain(self, text, where="what is printed"):
        obeyed = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", text)
        self.assertIsNone(obeyed, f"{where}: {obeyed and text[max(0, obeyed.start() - 40):obeyed.end() + 40]!r}")


class Containers(Case):
    """What an extract is packed in."""

    def test_bombs(self):
        """1 GiB and more out of some kilobytes; newlines, which are no rows, NUL bytes, short rows."""
        bombs = [("apc_201011.csv.gz", repeated(lambda text: gzip.compress(text, 6), self.header, text, 1280))
                 for text in (b"\n", b"\0", b"1,2\n")[:3 if WHOLE else 1]]
        bombs.append(("apc_201011.csv.xz", repeated(lambda text: lzma.compress(text, preset=0), self.header, b"\0", 1280)))
        if shutil.which("zstd"):
            bombs.append(("apc_201011.csv.zst", repeated(lambda text: subprocess.run(
                ["zstd", "-q", "-c"], input=text, capture_output=True, check=True).stdout, self.header, b"1,2\n", 1280)))
        for name, content in bombs:
            with self.subTest(name):
                self.write("extracts/" + name, content)
                self.assert_refused(3, name, "unpacks to more than 200 times its size", seconds=60)
                os.remove(self.path("extracts/" + name))

    def test_open_quotes(self):
        """Kilobytes whose every line leaves a quote open: each would ask for a look at the 64 KiB behind it."""
        for name, lines in (("open", b'"a\n' * 3000000), ("closed far away", (b'a,"b\n' * 10000 + b'""\n') * 100)):
            with self.subTest(name):
                self.write("extracts/apc_201011.csv.gz", gzip.compress(self.header + lines, 9))
                self.assert_refused(3, "apc_201011.csv.gz leaves quotes open", seconds=60)

    def test_a_bomb_as_the_last_member_of_a_zip(self):
        path = self.path("extracts/apc_200809.zip")
        os.remove(self.path(FIRST))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", self.extract)
            with archive.open("b.csv", "w") as member:
                member.write(self.header)
                for _ in range(1024 if WHOLE else 128):
                    member.write(b"\n" * MIB)
        self.assert_refused(3, "apc_200809.zip", "unpacks to more than 200 times its size", seconds=60)

    def test_what_compresses_well_is_no_bomb(self):
        """Rows that are all the same row are set aside as duplicates or counted, but read to their end."""
        rows = b"".join(self.row.replace(b"500000", b"7%05d" % i, 1) for i in range(20000))
        self.write("extracts/apc_200809.csv.gz", gzip.compress(self.header + rows, 9))
        result = self.run_study()
        self.assertNotIn("times its size", result.text)

    def test_containers_in_containers(self):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("a.csv", self.extract)
        for name, content in (("inner.zip", inner.getvalue()), ("a.csv.gz", gzip.compress(self.extract))):
            with self.subTest(name):
                shutil.copy(os.path.join(self.good, FIRST), self.path(FIRST))
                self.zip_extract((name, content))
                self.assert_refused(3, "apc_200809.zip:" + name, "packed twice")
        os.remove(self.path("extracts/apc_200809.zip"))
        self.write(FIRST, gzip.compress(gzip.compress(self.extract)))
        self.assert_refused(3, FIRST, "packed twice")

    def test_names_of_members_lead_nowhere(self):
        for name in ("../../escaped.csv", "/tmp/hestia-escaped.csv"):
            with self.subTest(name):
                shutil.copy(os.path.join(self.good, FIRST), self.path(FIRST))
                self.zip_extract((name, self.extract))
                self.assert_good()
                self.assertIn(name.encode(), self.read("results/latest/audit.csv"))
                for escaped in (os.path.join(self.root, "escaped.csv"), "/tmp/hestia-escaped.csv"):
                    self.assertFalse(os.path.exists(escaped))

    def test_names_of_members_are_only_shown(self):
        names = ["\x1b[31mred\nhestia: done\r;=1+1</script><script>alert(1)</script>.csv", "=cmd|' /C calc'!A0\u202egnp.csv"]
        for name in names:
            with self.subTest(name):
                shutil.copy(os.path.join(self.good, FIRST), self.path(FIRST))
                self.zip_extract((name, self.extract))
                self.assert_good()
                assert_nothing_runs(self, self.path("results/latest"))

    def test_a_name_that_is_not_utf_8(self):
        os.rename(self.path(FIRST), self.path(FIRST).encode().replace(b"200809", b"2008\xff\x9b09"))
        self.assert_good()
        assert_nothing_runs(self, self.path("results/latest"))
        self.assertTrue(json.loads(self.read("results/status.json"))["message"].startswith("new results"))

    def test_a_member_whose_name_is_not_utf_8(self):
        name = self.zip_extract(("abcde.csv", self.extract))
        self.write(name, self.read(name).replace(b"abcde", b"a\xff\x1b[m"))
        self.assert_good()
        assert_nothing_runs(self, self.path("results/latest"))

    def test_many_members(self):
        self.zip_extract(*((f"{i}.csv", b"") for i in range(100000 if WHOLE else 2000)), method=zipfile.ZIP_STORED)
        self.assert_refused(3, "apc_200809.zip has more than 1000 members", seconds=60)

    def test_damaged_and_encrypted_zips(self):
        good = self.zip_extract(("a.csv", self.extract))
        packed = self.read(good)
        directory = packed.index(b"PK\1\2")
        for what, local, central, message in (("crc", 14, 16, "ZIP bad CRC"), ("size", 22, 24, "wrong size"),
                                              ("encrypted", 6, 8, "is encrypted")):
            with self.subTest(what):
                changed = bytearray(packed)
                changed[local] ^= 1
                changed[directory + central] ^= 1
                self.write(good, bytes(changed))
                self.assert_refused(3, "apc_200809.zip", message)

    def test_a_tar_with_links(self):
        os.remove(self.path(FIRST))
        with tarfile.open(self.path("extracts/apc_200809.tar"), "w") as archive:
            for kind, name in ((tarfile.SYMTYPE, "a.csv"), (tarfile.LNKTYPE, "b.csv"), (tarfile.CHRTYPE, "c.csv")):
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, "/etc/passwd"
                archive.addfile(member)
        result = self.assert_refused(3, "apc_200809.tar")
        self.assertNotIn("root", result.text)


class Files(Case):
    """What stands where a file is expected, and what is planted where hestia writes."""

    def test_what_is_no_file(self):
        for name in ("extracts/apc_x.csv", "population.csv", "pct_names.csv", "pct_lookup.csv", "study.yaml"):
            for what, plant in (("pipe", os.mkfifo), ("device", lambda path: os.symlink("/dev/zero", path)),
                                ("folder", os.mkdir)):
                with self.subTest(f"{what} as {name}"):
                    self.tearDown()
                    self.setUp()
                    if os.path.exists(self.path(name)):
                        os.remove(self.path(name))
                    plant(self.path(name))
                    self.assert_refused(2, os.path.basename(name), "is not a file", seconds=20)

    def test_lists_and_results_that_are_no_files(self):
        self.edit_study("measures:", "cohorts: [{id: listed, file: people.txt}]\nmeasures:")
        os.mkfifo(self.path("people.txt"))
        self.assert_refused(2, "people.txt is not a file", seconds=20)
        self.write("study.yaml", self.study_text)
        self.assert_good()
        for name in ("results/status.json", "results/latest/manifest.json"):
            os.remove(self.path(name))
            os.mkfifo(self.path(name))
        result = self.run_study(seconds=20)
        self.assertIn(result.returncode, (0, 2), result.text)

    def test_a_pattern_that_matches_the_system(self):
        self.edit_study("extracts/apc_*", "/proc/*")
        self.assert_refused(2, "is not a file", seconds=20)
        self.edit_study("extracts/apc_*", "/proc/self/*m*")
        result = self.run_study(seconds=20)
        self.assertIn(result.returncode, (2, 3), result.text)

    def test_a_device_is_not_replaced_by_results(self):
        before = os.stat("/dev/null")
        for arguments in (["stats", "poisson", self.path("counts.csv"), "--out", "/dev/null"],
                          ["stats", "poisson", self.path("counts.csv"), "--out", self.folder]):
            self.write("counts.csv", "count\n17\n")
            result = run(*arguments)
            self.assertEqual(result.returncode, 2, result.text)
            self.assertIn("is not a file", result.text)
        self.assertEqual(os.stat("/dev/null").st_ino, before.st_ino)
        self.assertFalse(os.path.exists("/dev/null.part"))

    def test_a_pipe_of_the_shell_is_a_table_of_stats(self):
        reader, writer = os.pipe()
        os.write(writer, b"count\n17\n")
        os.close(writer)
        result = subprocess.run([PROGRAM, "stats", "poisson", f"/dev/fd/{reader}"], pass_fds=[reader],
                                capture_output=True, timeout=20)
        os.close(reader)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 2)

    def test_planted_links_are_not_written_through(self):
        """Somebody who may write where hestia writes puts links there that lead to a file of another's."""
        self.assert_good()
        victim = self.path("victim.txt")
        private = self.path("private")
        os.mkdir(private)
        self.write("private/keep.txt", "kept")
        self.write("victim.txt", "untouched")
        os.remove(self.path("results/status.json"))
        for name in ("results/status.json", "results/status.json.part", "out.csv", "out.csv.part", "keys.csv",
                     "bands.csv", "keys.csv.part", "export.csv", "export.csv.part", ".hestia-store/catalogue.json.part"):
            os.symlink(victim, self.path(name))
        latest = os.readlink(self.path("results/latest"))
        os.remove(self.path("results/latest"))
        os.symlink(private, self.path("results/latest"))
        os.symlink(private, self.path("results/20000101T000000Z.part"))
        os.symlink(private, self.path("results/20000101T000000Z"))
        with open(self.path(FIRST), "ab") as stream:  # one more member: the input has changed
            stream.write(gzip.compress(self.row.replace(b"500000", b"700000", 1)))
        self.edit_study("publish: {", "publish: {keep: 1, ")
        self.assertEqual(self.run_study().returncode, 0)
        self.assertNotEqual(os.readlink(self.path("results/latest")), latest)
        number = ["emergency_admissions", "--area", "5J6", "--period", "2008/09"]
        commands = [["stats", "poisson", self.path("counts.csv"), "--out", self.path("out.csv")],
                    ["explain", self.path("study.yaml"), *number, "--keys", self.path("keys.csv")],
                    ["explain", self.path("study.yaml"), *number, "--bands", self.path("bands.csv")],
                    ["export", "spells", self.path("study.yaml"), "--where", "emergency_admissions", "--force", "--out",
                     self.path("export.csv")]]
        self.write("counts.csv", "count\n17\n")
        for command in commands:
            result = run(*command)
            self.assertEqual(result.returncode, 0, (command, result.text))
        self.assertEqual(self.read("victim.txt"), b"untouched")
        self.assertEqual(os.listdir(private), ["keep.txt"])
        self.assertEqual(self.read("private/keep.txt"), b"kept")

    def test_locks_that_are_links(self):
        self.assert_good()
        self.write("victim.txt", "untouched")
        for name in ("results/.lock", ".hestia-store/lock"):
            os.rename(self.path(name), self.path("kept"))
            os.symlink(self.path("victim.txt"), self.path(name))
            self.write("study.yaml", self.read("study.yaml") + b"\n")
            os.utime(self.path(FIRST))
            self.assertEqual(self.run_study().returncode, 1)
            self.assertEqual(self.read("victim.txt"), b"untouched")
            os.rename(self.path("kept"), self.path(name))

    def test_pipes_in_the_store(self):
        """A file that is opened to be read must not wait for a writer, and SIGTERM would not wake it."""
        self.assert_good()
        for name in ("key", "hestia-store.json", "catalogue.json"):
            with self.subTest(name):
                path = self.path(".hestia-store/" + name)
                os.rename(path, self.path("kept"))
                os.mkfifo(path)
                result = self.run_study(seconds=20)
                if name == "catalogue.json":  # can be made anew
                    self.assertEqual(result.returncode, 0, result.text)
                    self.assertIn("its catalogue was damaged or missing", result.text)
                else:
                    self.assertEqual(result.returncode, 3, result.text)
                    self.assertIn(name + " is not a file of a store", result.text)
                os.rename(self.path("kept"), path)

    def test_standard_streams_that_are_closed(self):
        """What is said to nobody goes into no file that got the number of a closed stream."""
        def close_them():
            os.close(0)
            os.close(2)

        process = subprocess.Popen([PROGRAM, "run", self.path("study.yaml"), "--verbose"], preexec_fn=close_them)
        said = set()
        while process.poll() is None:
            for name in ("results/.lock", ".hestia-store/lock"):
                if os.path.exists(self.path(name)):
                    said.add(self.read(name))
        self.assertEqual(process.returncode, 0)
        self.assertEqual([text for text in said if not re.fullmatch(rb"(pid %d on [^\n]*\n)?" % process.pid, text)], [])

    def test_files_that_may_not_grow(self):
        """ulimit -f: a line that says so, not a signal."""
        with open(PROGRAM, "rb") as program:
            if b"libomp.so" in program.read():
                self.skipTest("built by clang: its OpenMP library writes a file as it is loaded")
        for blocks in (0, 4, 40):
            result = subprocess.run(["bash", "-c", f'ulimit -f {blocks}; exec "$0" run "$1" --quiet', PROGRAM, self.path("study.yaml")],
                                    capture_output=True, text=True)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("File too large; raise the limit of the size of files (ulimit -f)", result.stderr)

    def test_an_extract_that_is_a_link(self):
        """A link is what many deliveries are; one to a secret is a file that is no extract, and is not shown."""
        self.write("secret", "hunter2 is the password\nhunter3\n")
        os.symlink(self.path("secret"), self.path("extracts/apc_x.csv"))
        result = self.assert_refused(3, "apc_x.csv")
        self.assertNotIn("hunter", result.text.lower())


class Extracts(Case):
    """Texts of extracts."""

    def replace_first(self, text):
        self.write(FIRST, gzip.compress(text, 6))

    def test_records_without_an_end(self):
        """4 GiB of one line, and of one quoted field, which take no room on disk."""
        os.remove(self.path(FIRST))
        for what, start in (("a line", b""), ("a quoted field", b'"')):
            with self.subTest(what):
                self.write("extracts/apc_200809.csv", self.header + self.row + start)
                os.truncate(self.path("extracts/apc_200809.csv"), (4096 if WHOLE else 64) * MIB)
                self.assert_refused(3, "apc_200809.csv: 1 of 2 rows cannot be read", seconds=100)

    def test_columns(self):
        for what, header, message in (
                ("100,000", b",".join(b"C%d" % i for i in range(100000)), "no line end in the first"),
                ("10,000 of one name", b",".join([b"A"] * 10000), "more than 1024 columns"),
                ("1,000 of one name", b",".join([b"EPIKEY"] * 1000), "stands twice"),
                ("quotes", b'"' * 100000, "apc_200809.csv.gz"),
                ("bytes of UTF-32", self.header.decode().encode("utf-32"), "UTF-16"),
                ("bytes of UTF-16", self.header.decode().encode("utf-16"), "UTF-16"),
                ("NUL bytes", self.header[:9] + b"\0" + self.header[9:], "NUL bytes")):
            with self.subTest(what):
                self.replace_first(header + b"\n" + self.row)
                self.assert_refused(3, message, seconds=30)

    def test_names_of_columns_are_only_shown(self):
        self.replace_first(self.extract.replace(b"SUBDATE", b"\x1b[2J\x9b31m", 1))
        self.assert_good()
        assert_nothing_runs(self, self.path("results/latest"))
        self.replace_first(b"\x1b]0;owned\x07,EPIKEY\n1,2\n")
        result = self.run_study()
        self.assertEqual(result.returncode, 3, result.text)
        self.assert_plain(result.text)

    def test_line_ends_of_all_kinds(self):
        lines = self.extract.splitlines()
        mixed = b"".join(line + (b"\n", b"\r\n", b"\r")[i % 3] for i, line in enumerate(lines))
        self.assert_good()
        rows = len(lines) - 1
        self.replace_first(mixed)
        self.assertRegex(self.assert_good().text, r" 1 file new, 1 unchanged")
        with open(self.path("results/latest/audit.csv"), encoding="utf-8") as stream:
            read = [line for line in csv.DictReader(stream)
                    if line["reason"] == "read" and line["file"].startswith("apc_200809")]
        self.assertEqual([int(line["n"]) for line in read], [rows])

    def test_codes_that_would_be_run(self):
        """Providers and areas whose codes are formulas or orders, in columns that results are split by."""
        names = self.header.decode().strip().split(",")
        out = [self.header.decode()]
        codes = ["=1+1", "@A1", "+1+A", "-A1", "\x1b[31m", "\x9b1m", "<b>", "\t=1", "'x", "=\x00"[:1] + "X"]
        for i, row in enumerate(csv.DictReader(io.StringIO(self.extract.decode()))):
            row["PROCODE3"] = row["PROCODET"] = codes[i % len(codes)]
            row["RESPCT06"] = codes[(i + 1) % len(codes)] if i % 5 == 0 else row["RESPCT06"]
            line = io.StringIO()
            csv.DictWriter(line, names, lineterminator="\n").writerow(row)
            out.append(line.getvalue())
        self.replace_first("".join(out).encode())
        self.edit_study("measures:\n", "measures:\n  - {id: by_provider, statistic: count, by: year, split: provider}\n")
        self.write("study.yaml", self.read("study.yaml").replace(b"publish:", b"quality: {max_unknown_area: 1, "
                                                                 b"max_rejected: 1}\npublish:"))
        self.assert_good()
        assert_nothing_runs(self, self.path("results/latest"))
        for command in (["check", self.path(FIRST), "--deep"], ["check", self.path("study.yaml")],
                        ["store", "list", self.path(".hestia-store")],
                        ["new", self.path(FIRST), "--out", self.path("new.yaml")]):
            self.assert_plain(run(*command).text, " ".join(command[:2]))
        exported = self.path("export.csv")
        self.assertEqual(run("export", "spells", self.path("study.yaml"), "--where", "by_provider", "--out",
                             exported).returncode, 0)
        assert_csv_runs_nothing(self, exported)


FORMULAS = ["=1+1", "+A1", "-A1", "@SUM(A1)", "=cmd|' /C calc'!A0", "x;=1+1", "x,@A1", "x|=1", "x; -1+cmd|' /C calc'!A0",
            " =1", "\uff1d1+1", 'x;"=1']


def assert_csv_runs_nothing(case, path):
    """No cell begins a formula: neither where commas separate, nor where semicolons, pipes or tabs do."""
    with open(path, encoding="utf-8", newline="") as stream:
        text = stream.read()
    case.assert_plain(text, path)
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            for number, piece in enumerate(re.split(r"[;,|\t\n]", cell)):
                piece = piece.strip(' "')
                if piece[:1] in ("=", "@", "\uff1d", "\uff20", "\uff0b", "\uff0d") or (
                        piece[:1] in ("+", "-") and (not re.fullmatch(r"[-+]?[0-9.,eE+-]*(Inf)?", piece)
                                                     if number == 0 else re.search(r"[(!]", piece))):
                    case.fail(f"{path}: a spreadsheet would run {piece!r} in {cell!r}")


def assert_nothing_runs(case, folder):
    """Looks through all files of a run."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.endswith(".csv"):
            assert_csv_runs_nothing(case, path)
        elif name.endswith((".json", ".txt")):
            with open(path, encoding="utf-8") as stream:
                case.assert_plain(stream.read(), path)
        elif name.endswith(".html"):
            assert_page_runs_nothing(case, path)
        elif name.endswith(".sqlite"):
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
                for table, in database.execute("select name from sqlite_master where type = 'table'").fetchall():
                    for row in database.execute(f'select * from "{table}"'):
                        for cell in row:
                            if isinstance(cell, str):
                                case.assert_plain(cell, f"{path}, {table}")
                                case.assertNotIn(cell.lstrip(" ")[:1] or "x", "=@", f"{path}, {table}: {cell}")
        elif name.endswith(".xlsx"):
            with zipfile.ZipFile(path) as book:
                for member in book.namelist():
                    case.assertNotIn(b"<f>=cmd", book.read(member))
                    if member.startswith("xl/worksheets/sheet"):
                        case.assertNotIn(b"<f>", book.read(member))


def assert_page_runs_nothing(case, path):
    with open(path, encoding="utf-8") as stream:
        page = stream.read()
    case.assertNotIn("<script>alert", page)
    case.assertNotIn("<img src=x", page)
    case.assert_plain(re.sub(r"(?s)<script\b.*?</script>", "", page), path)


class Tables(Case):
    """Small tables of the study."""

    def test_rows_and_files_too_large(self):
        head = b"code,name\n5J6,"
        for what, content, message in (
                ("a field of 1 GiB", head + b"x" * ((1023 if WHOLE else 32) * MIB), "a row of more than 1048576 bytes"),
                ("a quote left open", head + b'"' + b"x,y\n" * (8 * MIB), "is a quote left open?"),
                ("100,000 columns", b"code,name," + b"x," * 100000 + b"\n", "more than 4096 columns"),
                ("UTF-16", "code,name\n".encode("utf-16"), "text in UTF-16"),
                ("a NUL byte", head + b"a\0\n", "line 2: a NUL byte")):
            with self.subTest(what):
                self.write("pct_names.csv", content)
                self.assert_refused(3, "pct_names.csv", message, seconds=30, memory=(4096 if WHOLE else 600) * MIB)
        self.write("pct_names.csv", b"")
        os.truncate(self.path("pct_names.csv"), (1 << 30) + 1)  # takes no room
        self.assert_refused(3, "pct_names.csv: more than 1 GiB", seconds=110, memory=400 * MIB)

    def test_populations_that_cannot_be(self):
        lines = self.read("population.csv").decode().splitlines(keepends=True)
        for what, column, value in (("people", 5, "1e999"), ("people", 5, "-1"), ("age", 3, "1000000000"),
                                    ("year", 1, "99999"), ("age", 3, "-5"), ("people", 5, "0x10")):
            with self.subTest(f"{what} {value}"):
                cells = lines[1].strip().split(",")
                cells[column] = value
                self.write("population.csv", lines[0] + ",".join(cells) + "\n" + "".join(lines[2:]))
                result = self.assert_refused(3, "population.csv")
                self.assertRegex(result.text, r"line 2|ages|band|sex")
        self.write("population.csv", lines[0] + "".join(re.sub(r",\d+$", ",1000000000000", line) for line in lines[1:]))
        self.assert_good()  # people by the billion: a rate near nought, and no overflow

    def test_lists_of_codes(self):
        head = "set,system,code_prefix,positions,note\n"
        for what, rows in (("no prefix", "mine,ICD10,,any,\n"), ("too long", "mine,ICD10," + "A" * 5000 + ",any,\n"),
                           ("a pattern", "mine,ICD10,%,any,\n"), ("a formula", "mine,ICD10,=1+1,any,\n")):
            with self.subTest(what):
                self.write("lists.csv", head + rows)
                self.edit_study("measures:\n", "code_lists: lists.csv\nmeasures:\n")
                self.assert_refused(3, "lists.csv", "line 2")
        self.write("lists.csv", head + "".join(f"mine,ICD10,{chr(65 + i % 26)}{i // 26 % 100:02},any,\n" for i in range(2600)))
        self.edit_study("measures:\n", "code_lists: lists.csv\nmeasures:\n  - {id: all_codes, where: {condition: mine}, "
                        "statistic: count}\n")
        self.assert_good()

    def test_names_that_would_be_run(self):
        """Formulas and scripts as names of all areas and providers, as sources, titles and reasons."""
        self.assert_good()
        texts = FORMULAS + ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\x1b[31mred\x9b"]
        for table in ("pct_names.csv", "providers.csv"):
            rows = list(csv.reader(io.StringIO(self.read(table).decode())))
            self.write(table, "code,name\n" + "".join(
                row[0] + ',"' + texts[i % len(texts)].replace('"', '""') + '"\n' for i, row in enumerate(rows[1:])))
        self.write("study.yaml", self.study_text.replace("measures:\n", "providers: {names: providers.csv}\nmeasures:\n" + "".join(
            f"  - {{id: m{i}, statistic: count, by: year, split: provider, title: {json.dumps(text)}, figure: {json.dumps(text)}}}\n"
            for i, text in enumerate(texts)), 1))
        self.assert_good()
        assert_nothing_runs(self, self.path("results/latest"))
        self.assertIn(b"'=cmd|' /C calc'!A0", self.read("results/latest/results.csv"))
        runs = sorted(name for name in os.listdir(self.path("results")) if name.startswith("20"))
        result = run("compare", self.path("results/" + runs[0]), self.path("results/" + runs[-1]), "--out",
                     self.path("changes.csv"))
        self.assertEqual(result.returncode, 0, result.text)
        self.assert_plain(result.text)
        assert_csv_runs_nothing(self, self.path("changes.csv"))

    def test_title_of_a_release(self):
        text = self.study_text.replace("disclosure: none", "disclosure: hes2018")
        self.write("study.yaml", "".join('title: "\\e[31mred"\n' if line.startswith("title:") else line
                                         for line in text.splitlines(True)))
        self.assert_good()
        self.assertIn(b": [31mred\n", self.read("results/latest/release/disclosure.txt").replace(b"  ", b" "))

    def test_tables_of_stats(self):
        """Cells of the table are repeated in the answer."""
        table = "g,x,n\n" + "".join('"' + f.replace('"', '""') + f'",{i + 3},100\n' for i, f in enumerate(FORMULAS))
        result = run("stats", "proportion", "-", "--by", "g", stdin=table.encode())
        self.assertEqual(result.returncode, 0, result.text)
        self.write("answer.csv", result.stdout)
        assert_csv_runs_nothing(self, self.path("answer.csv"))
        numbers = run("stats", "proportion", "-", "--by", "g", stdin=b"g,x,n\n-1.5,1,2\n+3,1,2\n-1e-05,1,2\n-,1,2\n")
        self.assertEqual([line.split(b",")[0] for line in numbers.stdout.splitlines()[1:]],
                         [b"-1.5", b"+3", b"-1e-05", b"-"])


class Studies(Case):
    """The study file."""

    def refuse(self, text, *parts, **bounds):
        self.write("study.yaml", text)
        return self.assert_refused(2, "study.yaml", *parts, seconds=20, **bounds)

    def test_anchors_that_multiply(self):
        lists = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        maps = "a0: &a0 {k0: x}\n"
        merges = "a0: &a0 {k0: x}\n"
        for i in range(1, 12):
            lists += f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]\n"
            maps += f"a{i}: &a{i} {{" + ", ".join(f"k{j}: *a{i - 1}" for j in range(10)) + "}\n"
            merges += f"a{i}: &a{i} {{<<: [" + ", ".join([f"*a{i - 1}"] * 10) + f"], m{i}: *a{i - 1}}}\n"
        for what, text in (("lists", lists), ("mappings", maps)):
            with self.subTest(what):
                self.refuse(text + self.study_text, "multiply")
        with self.subTest("merge keys"):
            self.refuse(merges + self.study_text)

    def test_what_is_no_study(self):
        for what, text in (("a cycle", "a: &a [*a]\n"), ("an unknown alias", "a: *nobody\n"),
                           ("keys that stand twice", self.study_text + "study: twice\n"),
                           ("a tag", "study: !!python/object/apply:os.system [ls]\n"),
                           ("depth", "a: " + "[" * 100000 + "]" * 100000 + "\n"),
                           ("depth in mappings", "".join(" " * i + "a:\n" for i in range(2000))),
                           ("10 MB", "# " + "x" * (10 * MIB) + "\n" + self.study_text),
                           ("3 MB of one text", "study: " + "x" * (3 * MIB) + "\n"),
                           ("a name that leads out", self.study_text.replace("study: synthetic", "study: ../x")),
                           ("a name with a slash", self.study_text.replace("study: synthetic", "study: a/b")),
                           ("bytes", self.study_text.encode().replace(b"title: A", b"title: \xff"))):
            with self.subTest(what):
                self.refuse(text)

    def test_a_deep_store_and_deep_results(self):
        self.assert_good()
        deep = '{"a":' * 100000
        self.write(".hestia-store/catalogue.json", deep)
        self.assert_good()
        self.assertEqual(self.read(".hestia-store/catalogue.json.damaged").decode(), deep)
        for name in ("results/status.json", "results/latest/manifest.json"):
            self.write(name, deep)
        result = self.run_study()
        self.assertEqual(result.returncode, 0, result.text)
        self.assertTrue(json.loads(self.read("results/status.json"))["checked"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
