"""Bad input through the whole program: exit code, message, and that nothing is published.

    python3 tests/cli/test_bad_input.py HESTIA

A small good study is made and run once; each case copies it, breaks one thing, and runs it again.
"""

import csv
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
FIRST = "extracts/apc_200809.txt.gz"

STUDY = """study: bad-input
period: {from: 2008-04-01, to: 2010-03-31}
extracts: [{dataset: apc, files: extracts/apc_*}]
areas: {field: RESPCT06, names: pct_names.csv, sites: [5J6]}
population: population.csv
measures:
  - {id: emergency, where: {admission_method: emergency}, statistic: dsr, by: year}
publish: {directory: results, disclosure: none}
"""


def run(folder, *options):
    return subprocess.run([PROGRAM, "run", os.path.join(folder, "study.yaml"), *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")


# ---- ways to break a file ------------------------------------------------------------------------


def read_text(folder, name):
    opener = gzip.open if name.endswith(".gz") else open
    with opener(os.path.join(folder, name), "rb") as stream:
        return stream.read()


def write_text(folder, name, text):
    with open(os.path.join(folder, name), "wb") as stream:
        stream.write(gzip.compress(text, 1, mtime=0) if name.endswith(".gz") else text)


def edit_lines(change, name=FIRST):
    """Calls change(lines), a list of bytes with line ends, and writes what it leaves."""

    def broken(folder):
        lines = read_text(folder, name).splitlines(keepends=True)
        change(lines)
        write_text(folder, name, b"".join(lines))

    return broken


def edit_bytes(change, name=FIRST):
    """Rewrites the file as it lies on disk."""

    def broken(folder):
        path = os.path.join(folder, name)
        with open(path, "rb") as stream:
            raw = stream.read()
        with open(path, "wb") as stream:
            stream.write(change(raw))

    return broken


def cells_of(line):
    return line.decode("ascii").rstrip("\n").split("|")


def line_of(cells):
    return ("|".join(cells) + "\n").encode("ascii")


def rename_columns(names):
    def change(lines):
        lines[0] = line_of(names.get(name, name) for name in cells_of(lines[0]))

    return edit_lines(change)


def edit_cell(lines, row, column, value):
    cells = cells_of(lines[row])
    cells[cells_of(lines[0]).index(column)] = value
    lines[row] = line_of(cells)


def in_rows(n, change):
    """Breaks rows 11, 13, 15 ... of the first extract, n of them: change(lines, row)."""

    def all_of_them(lines):
        for row in range(10, 10 + 2 * n, 2):
            change(lines, row)

    return edit_lines(all_of_them)


def ragged(lines, row):
    lines[row] = lines[row].rstrip(b"\n") + b"|x|y\n"


def unclosed(lines, row):
    cells = cells_of(lines[row])
    cells[5] = '"' + cells[5]
    lines[row] = line_of(cells)


def with_nul(lines, row):
    lines[row] = lines[row][:20] + b"\0" + lines[row][21:]


def long_line(lines, row):
    lines[row] = b"7" * 10_000_000 + b"\n"


def no_such_day(lines, row):
    edit_cell(lines, row, "ADMIDATE", "2009-02-30")


def area_unknown(lines, row):
    edit_cell(lines, row, "RESPCT06", "59999")


def in_study(old, new):
    return edit_bytes(lambda raw: raw.replace(old.encode(), new.encode()), "study.yaml")


def in_population(change):
    return edit_lines(change, "population.csv")


def flip_bit(raw):
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 4]) + raw[middle + 1:]


def same_content(folder):
    shutil.copy(os.path.join(folder, FIRST), os.path.join(folder, "extracts/apc_copy.txt.gz"))


def rename_to(new):
    return lambda folder: os.rename(os.path.join(folder, FIRST), os.path.join(folder, new))


def plain_as_gz(folder):
    text = read_text(folder, FIRST)
    with open(os.path.join(folder, FIRST), "wb") as stream:
        stream.write(text)


def split_share(folder):
    with open(os.path.join(folder, "lookup.csv"), "w", encoding="ascii") as stream:
        stream.write("code_from,valid_from,valid_to,code_to,share\n"
                     "5A1,2001-04-01,2013-03-31,5A3,0.4\n5A1,2001-04-01,2013-03-31,5A4,0.6\n")
    in_study("names: pct_names.csv", "names: pct_names.csv, lookup: lookup.csv")(folder)


def drop_band(lines):
    lines[:] = [line for line in lines if not re.match(rb"5J6,2008,1,40,", line)]


def overlap_band(lines):
    lines.append(b"5J6,2008,1,41,43,17\n")


# ---- what each must give: name, how to break it, exit code, what the message must name ------------

FAILURES = [
    ("missing file", in_study("extracts/apc_*", "extracts/apc_1999.csv.gz"), 2, ["apc_1999.csv.gz"]),
    ("glob that matches nothing", in_study("extracts/apc_*", "extracts/op_*.csv.gz"), 2, ["op_"]),
    ("empty file", edit_bytes(lambda raw: b""), 3, ["apc_200809.txt.gz", "empty"]),
    ("empty stream in gzip", edit_bytes(lambda raw: gzip.compress(b"")), 3, ["apc_200809.txt.gz", "empty"]),
    ("unknown header", edit_lines(lambda lines: lines.__setitem__(0, b"alpha|beta|gamma\n")), 3,
     ["apc_200809.txt.gz"]),
    ("required column missing", rename_columns({"ADMIDATE": "WHEN_IN"}), 3,
     ["apc_200809.txt.gz", "ADMIDATE", "_DERIVED"]),
    ("no provider column", rename_columns({"PROCODET": "A", "PROCODE3": "B"}), 3, ["PROCODET", "PROCODE3"]),
    ("column of the study in no file", in_study("files: extracts/apc_*", "columns: {area: RESADDR}, files: extracts/apc_*"),
     2, ["study.yaml", "RESADDR", "columns: {area"]),
    ("plain text called gz", plain_as_gz, 3, ["apc_200809.txt.gz", "gzip"]),
    ("gzip called csv", rename_to("extracts/apc_200809.txt"), 3, ["apc_200809.txt", "gzip"]),
    ("truncated gzip", edit_bytes(lambda raw: raw[:-5000]), 3, ["apc_200809.txt.gz", "truncated"]),
    ("truncated in its trailer", edit_bytes(lambda raw: raw[:-3]), 3, ["apc_200809.txt.gz", "truncated"]),
    ("flipped bit", edit_bytes(flip_bit), 3, ["apc_200809.txt.gz"]),
    ("wrong CRC", edit_bytes(lambda raw: raw[:-8] + b"\0\0\0\0" + raw[-4:]), 3, ["apc_200809.txt.gz", "CRC"]),
    ("garbage after the last member", edit_bytes(lambda raw: raw + b"garbage"), 3, ["apc_200809.txt.gz"]),
    ("ragged rows", in_rows(5, ragged), 3, ["apc_200809.txt.gz", "ragged", "line 11", "max_rejected"]),
    ("unclosed quotes", in_rows(5, unclosed), 3, ["apc_200809.txt.gz", "quote", "line 11"]),
    ("NUL bytes", in_rows(5, with_nul), 3, ["apc_200809.txt.gz", "NUL", "line 11"]),
    ("10 MB lines", in_rows(5, long_line), 3, ["apc_200809.txt.gz", "long", "line 11"]),
    ("dates that do not exist", in_rows(5, no_such_day), 3,
     ["apc_200809.txt.gz", "date", "line 11", "ADMIDATE"]),
    ("duplicated header names", rename_columns({"ADMISORC": "ADMIMETH"}), 3,
     ["apc_200809.txt.gz", "ADMIMETH", "twice"]),
    ("two files with the same content", same_content, 3, ["apc_200809.txt.gz", "apc_copy.txt.gz"]),
    ("two kinds of person identifier", rename_columns({"PSEUDO_HESID": "TOKEN_PERSON_ID"}), 2,
     ["apc_200809.txt.gz", "apc_200910.txt.gz", "person identifier"]),
    ("unknown study key", in_study("measures:", "mesures:"), 2, ["study.yaml", "line 6", "mesures", "measures"]),
    ("wrong type", in_study("period: {from: 2008-04-01", "period: {from: [1]"), 2, ["study.yaml", "line 2"]),
    ("study file absent", lambda folder: os.remove(os.path.join(folder, "study.yaml")), 2, ["study.yaml"]),
    ("attendances of inpatients", in_study("statistic: dsr", "statistic: dsr, unit: attendance"), 2, ["attendance", "op"]),
    ("mean stays of admissions", in_study("statistic: dsr", "statistic: mean_los, unit: admission"), 2, ["unit: spell"]),
    ("unknown condition", in_study("admission_method: emergency", "condition: dementa"), 2, ["dementa", "dementia"]),
    ("unknown site", in_study("5J6", "5ZZ"), 2, ["5ZZ"]),
    ("population absent", in_study("population.csv", "people.csv"), 2, ["people.csv"]),
    ("overlapping population bands", in_population(overlap_band), 3, ["population.csv", "line"]),
    ("missing population band", in_population(drop_band), 3, ["population.csv", "line", "40 to 44"]),
    ("lookup share other than one", split_share, 3, ["lookup.csv", "line 2", "share"]),
    ("too many unknown areas", in_rows(300, area_unknown), 3,
     ["apc_200809.txt.gz", "RESPCT06", "max_unknown_area"]),
]


# One bad row among thousands is set aside and counted; the run succeeds.
TOLERATED = [
    ("ragged row", ragged, "ragged"),
    ("unclosed quote", unclosed, "quote"),
    ("NUL byte", with_nul, "NUL"),
    ("10 MB line", long_line, "long"),
    ("date that does not exist", no_such_day, "date"),
]


def runs_of(folder):
    return sorted(os.listdir(os.path.join(folder, "results"))), os.path.realpath(
        os.path.join(folder, "results/latest"))


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-bad-input-")
        cls.good = os.path.join(cls.top, "good")
        subprocess.run([PROGRAM, "synth", cls.good, "--people", "4000", "--areas", "4", "--years",
                        "2008-2009", "--format", "pipe", "--quiet"], check=True, stdin=subprocess.DEVNULL)
        with open(os.path.join(cls.good, "study.yaml"), "w", encoding="ascii") as stream:
            stream.write(STUDY)
        done = run(cls.good)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def broken_copy(self, how):
        folder = os.path.join(self.top, "broken") # names nothing that a message should name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.good, folder, symlinks=True)
        how(folder)
        return folder

    def check_private(self, done):
        self.assertNotRegex(done.stderr, r"SYN\w{20}", "a person identifier is shown")
        self.assertNotIn("2009-02-30", done.stderr, "a field's value is shown")

    def test_failures(self):
        for name, how, code, words in FAILURES:
            with self.subTest(name):
                folder = self.broken_copy(how)
                before = runs_of(folder)
                done = run(folder)
                self.assertEqual(done.returncode, code, done.stderr)
                for word in words:
                    self.assertIn(word.lower(), done.stderr.lower())
                self.check_private(done)
                self.assertEqual(runs_of(folder), before, "something was published")

    def test_single_bad_rows_are_counted(self):
        for name, how, reason in TOLERATED:
            with self.subTest(name):
                folder = self.broken_copy(in_rows(1, how))
                in_study("publish:", "quality: {max_rejected: 0.01}\npublish:")(folder)
                done = run(folder)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.check_private(done)
                with open(os.path.join(folder, "results/latest/audit.csv"), newline="",
                          encoding="utf-8") as stream:
                    rows = [r for r in csv.DictReader(stream)
                            if r["stage"] == "ingest" and r["file"] == "apc_200809.txt.gz"]
                found = {r["reason"]: int(r["n"]) for r in rows}
                self.assertEqual([n for what, n in found.items() if reason.lower() in what.lower()], [1], found)

    def test_a_file_of_a_header_alone_is_reported(self):
        folder = self.broken_copy(edit_lines(lambda lines: lines.__delitem__(slice(1, None))))
        before = runs_of(folder)
        done = run(folder)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("apc_200809.txt.gz", done.stderr)
        self.assertEqual(runs_of(folder), before)

    def test_zero_population_with_events_gives_no_rate(self):
        def empty_band(lines):
            for i, line in enumerate(lines):
                if re.match(rb"5J6,2008,[12],[78]\d,", line):
                    lines[i] = line.rsplit(b",", 1)[0] + b",0\n"

        folder = self.broken_copy(in_population(empty_band))
        done = run(folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(folder, "results/latest/results.csv"), newline="", encoding="utf-8") as stream:
            rows = [r for r in csv.DictReader(stream) if r["area_code"] == "5J6" and r["period"] == "2008/09"]
        self.assertEqual(len(rows), 1)
        self.assertEqual(rows[0]["value"], "")
        self.assertNotEqual(rows[0]["note"], "")


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
