"""The workbook of a run: its cells as LibreOffice reads them, beside the tables of the same run; its parts; hostile names.

    python3 tests/cli/test_workbook.py HESTIA
"""

import csv
import datetime
import glob
import os
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
import zipfile

PROGRAM = ""
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
LEADING = ["site_name", "title", "comparator", "verdict", "sentence"]
TABLES = {"site review": "site-review", "findings": "impact", "sensitivity": "sensitivity", "counterfactual": "counterfactual",
          "recording breaks": "breaks", "reported": "reported", "cohorts": "cohorts", "reconcile": "reconcile",
          "planted": "planted", "data quality": "audit"}
FLAGS = {"suppressed", "incomplete", "primary", "refused", "used", "suspect"}
# All columns of results.csv that are numbers; the others are texts, and days.
NUMBERS = {"total_count", "total_pop", "value", "lowercl", "uppercl", "lower998", "upper998", "suppressed", "comparator_value",
           "incomplete"}
DAYS = {"period_start", "period_end"}


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def read_bytes(path):
    with open(path, "rb") as stream:
        return stream.read()


def run(*arguments, **more):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)


def convert(top, path, into, kind):
    """LibreOffice, with a profile of its own."""
    done = subprocess.run(["soffice", "-env:UserInstallation=file://" + os.path.join(top, "profile"), "--headless",
                           "--convert-to", kind, "--outdir", into, path],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)


def to_csv(top, path, name, as_shown="false"):
    """Every sheet as rows of raw cells: numbers with all their digits, or as they are shown."""
    into = os.path.join(top, name)
    convert(top, path, into, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,%s,false,false,false,-1" % as_shown)
    stem = os.path.splitext(os.path.basename(path))[0] + "-"
    return {os.path.basename(file)[len(stem):-len(".csv")]: read_rows(file) for file in glob.glob(os.path.join(into, "*.csv"))}


def number_of(text):
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


class Workbook:
    """The parts of an xlsx file, as XML."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        relations = {r.get("Id"): r.get("Target") for r in self.part("xl/_rels/workbook.xml.rels")}
        self.sheets = {s.get("name"): "xl/" + relations[s.get(RELATION + "id")]
                       for s in self.part("xl/workbook.xml").iter(SHEET + "sheet")}

    def part(self, name):
        return ElementTree.fromstring(self.zip.read(name))

    def parts(self, pattern):
        return [name for name in self.zip.namelist() if re.fullmatch(pattern, name)]

    def strings(self):
        return ["".join(t.text or "" for t in si.iter(SHEET + "t")) for si in self.part("xl/sharedStrings.xml")]


def make_study(folder, disclosure, people):
    done = run("synth", folder, "--study", "long-term-conditions", "--datasets", "apc,op", "--years", "2008-2010", "--people", people,
               "--areas", "8", "--quiet")
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    path = os.path.join(folder, "study.yaml")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    text = re.sub(r"(?m)^  formats: .*$", "  formats: [csv, xlsx]", text)
    text = re.sub(r"(?m)^  internal: .*$", "  internal: true", text)
    text = re.sub(r"(?m)^  disclosure: .*$", "  disclosure: %s" % disclosure, text)
    text = text.replace("direction: lower_is_better, figure: Figure 40}", "direction: lower_is_better, confidence: [95, 99.8]}")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    return path


class Cells(unittest.TestCase):
    """What stands in the sheets."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-workbook-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        study = make_study(os.path.join(cls.top, "study"), "hes2018", "20000")
        done = run("run", study, "--threads", "2", "--quiet")
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.study = study
        cls.run_folder = os.path.join(cls.top, "study/results/latest")
        cls.path = os.path.join(cls.run_folder, "release/site-review.xlsx")
        cls.book = Workbook(cls.path)
        cls.sheets = to_csv(cls.top, cls.path, "cells")

    def table(self, name):
        return read_rows(os.path.join(self.run_folder, "release", name + ".csv"))

    def test_sheets_stand_in_their_order(self):
        names = list(self.book.sheets)
        self.assertEqual(names[:6], ["cover", "contents", "notes", "site review", "charts", "1 Emergency admissions"])
        self.assertEqual(names[-11:], ["findings", "sensitivity", "counterfactual", "recording breaks", "reported", "cohorts",
                                       "reconcile", "planted", "data quality", "chart data", "data"])
        self.assertEqual(len(names), 5 + 7 + 11)
        self.assertEqual([row[0] for row in self.sheets["contents"][1:]], names)
        links = [link.get("location") for link in self.book.part(self.book.sheets["contents"]).iter(SHEET + "hyperlink")]
        self.assertEqual(links, ["'%s'!A1" % name for name in names])
        self.assertEqual(set(self.sheets), set(names))

    def test_data_is_results_csv(self):
        ours, theirs = self.sheets["data"], self.table("results")
        self.assertEqual(ours[0], theirs[0])
        self.assertEqual(len(ours), len(theirs))
        self.assertGreater(len(ours), 5000)
        for mine, his in zip(ours[1:], theirs[1:]):
            for name, a, b in zip(theirs[0], mine, his):
                if name in NUMBERS and b:
                    self.assertAlmostEqual(float(a), float(b), delta=1e-12 * abs(float(b)), msg=(name, his))
                else:
                    self.assertEqual(a, b, (name, his))

    def test_types_of_the_cells_of_data(self):
        names = self.table("results")[0]
        kinds = {name: set() for name in names}
        text = self.book.zip.read(self.book.sheets["data"]).decode()
        for cell in re.findall(r'<c r="([A-Z]+)(\d+)"([^>]*)>', text):
            if cell[1] != "1":
                column = 0
                for letter in cell[0]:
                    column = column * 26 + ord(letter) - ord("A") + 1
                kinds[names[column - 1]].add("inlineStr" if 't="inlineStr"' in cell[2] else cell[2].replace(" ", "").split("=")[0])
        for name, found in kinds.items():
            expected = {"s"} if name in NUMBERS | DAYS else {"inlineStr"}
            self.assertLessEqual(found, expected, name)
        self.assertEqual(kinds["area_code"], {"inlineStr"})
        self.assertEqual(kinds["value"], {"s"})

    def check_table(self, sheet, name):
        ours, theirs = self.sheets[sheet], self.table(name)
        columns = theirs[0]
        order = list(range(len(columns)))
        if sheet == "site review":
            order = [columns.index(name) for name in LEADING]
            order += [i for i in range(len(columns)) if columns[i] not in LEADING]
        self.assertEqual(len(ours[0]), len(columns))
        if len(theirs) == 1:
            self.assertEqual(ours[1:], [["no rows"] + ["[z]"] * (len(columns) - 1)], sheet)
            return 0
        self.assertEqual(len(ours), len(theirs), sheet)
        for mine, his in zip(ours[1:], theirs[1:]):
            is_withheld = dict(zip(columns, his)).get("suppressed") == "1"
            for place, i in enumerate(order):
                a, b = mine[place], his[i]
                if columns[i] in FLAGS and b:
                    self.assertEqual(a, "yes" if b == "1" else "no", (sheet, columns[i], his))
                elif b == "":
                    self.assertIn(a, ("[c]", "[z]") if is_withheld else ("[x]", "[z]"), (sheet, columns[i], his))
                elif number_of(b) is not None and number_of(a) is not None:
                    self.assertAlmostEqual(number_of(a), float(b), delta=1e-12 * abs(float(b)), msg=(sheet, columns[i], his))
                else:
                    self.assertEqual(a, b, (sheet, columns[i], his))
        return len(theirs) - 1

    def test_sheets_of_tables_are_the_tables(self):
        rows = {sheet: self.check_table(sheet, name) for sheet, name in TABLES.items()}
        for sheet in ("site review", "findings", "sensitivity", "counterfactual", "cohorts", "reconcile", "planted", "data quality"):
            self.assertGreater(rows[sheet], 2, sheet)

    def test_headings_are_words_and_their_notes_are_there(self):
        notes = {row[0] for row in self.sheets["notes"]}
        used = set()
        for name, rows in self.sheets.items():
            if name not in ("cover", "charts"):
                self.assertEqual(len(rows[0]), len({heading.lower() for heading in rows[0]}), name)
            if name not in ("cover", "charts", "data"):
                self.assertFalse([heading for heading in rows[0] if "_" in heading], name)
                used |= {mark for heading in rows[0] for mark in re.findall(r"\[[^\]]*\]", heading)}
        self.assertEqual(used - notes, set())
        self.assertLessEqual({"[1]", "[2]", "[3]", "[4]", "[5]", "[6]", "[7]", "[c]"}, used)
        self.assertLessEqual({"[c]", "[x]", "[z]"}, notes)

    def test_no_blank_cells_but_where_notes_say_so(self):
        for name, rows in self.sheets.items():
            if name not in ("cover", "charts", "chart data", "data"):
                self.assertFalse([row for row in rows if "" in row], name)
        withheld = [row for row in self.sheets["4 Emergency admissions for com…"] if "[c]" in row]
        self.assertTrue(withheld)

    def test_sheets_of_measures(self):
        results = read_csv(os.path.join(self.run_folder, "release/results.csv"))
        shown = self.sheets["1 Emergency admissions"]
        ours = [dict(zip(shown[0], row)) for row in shown[1:]]
        theirs = {(row["area_code"], row["period"]): row for row in results
                  if row["measure"] == "emergency_admissions" and row["area_role"] != "other"}
        self.assertEqual({(row["Area code"], row["Period"]) for row in ours}, set(theirs))
        self.assertEqual(len(ours), len(theirs))
        codes = [row["Area code"] for row in ours]
        self.assertEqual(list(dict.fromkeys(codes))[:4], ["5J6", "5QL", "5NK", "England"])
        for row in ours:
            his = theirs[row["Area code"], row["Period"]]
            for mine, name in (("Value [1]", "value"), ("Lower 95% limit [2]", "lowercl"), ("Upper 99.8% limit [2]", "upper998"),
                               ("Count", "total_count"), ("Denominator", "total_pop"), ("Value there", "comparator_value")):
                if his[name]:
                    self.assertAlmostEqual(float(row[mine]), float(his[name]), delta=1e-12 * float(his[name]), msg=(mine, his))
                else:
                    self.assertEqual(row[mine], "[c]" if his["suppressed"] == "1" else "[x]", (mine, his))
            self.assertEqual(row["Statistic"], "directly standardised rate")
            self.assertEqual(row["From"], his["period_start"])
            self.assertEqual(row["Numbers withheld [c]"], "yes" if his["suppressed"] == "1" else "no")
        split = [dict(zip(self.sheets["5 Outpatient attendances likel…"][0], row))
                 for row in self.sheets["5 Outpatient attendances likel…"][1:]]
        self.assertEqual({row["Role"] for row in split if row["Provider"] != "all"}, {"site"})
        self.assertEqual({row["Role"] for row in split if row["Provider"] == "all"}, {"site", "comparator"})

    def test_charts_are_drawn_from_cells_and_described(self):
        rows = self.sheets["chart data"]
        results = {(row["measure"], row["area_code"], row["period"], row["split"], row["statistic"]): row
                   for row in read_csv(os.path.join(self.run_folder, "release/results.csv"))}
        place = {heading: i for i, heading in enumerate(rows[0])}
        for row in rows[1:]:
            his = results.get((row[0], "5QL", row[1], "", {"dementia_los": "mean_los", "dementia_register": "growth"}.get(
                row[0], "count" if row[0].startswith("likely") else "dsr")))
            if his:
                self.assertEqual(number_of(row[place["Somerset (5QL): value"]]), number_of(his["value"]), his)
                self.assertEqual(number_of(row[place["Somerset (5QL): upper limit [2]"]]), number_of(his["uppercl"]), his)
        charts = self.book.parts(r"xl/charts/chart\d+\.xml")
        drawn = 0
        for measure in dict.fromkeys(row[0] for row in rows[1:]):
            points = [row for row in rows[1:] if row[0] == measure and not row[1].startswith("start of")]
            sites = [any(row[3 + 4 * site] for row in points) for site in range(3)]
            drawn += any(any(row[3:]) for row in points) + sum(sites)
        self.assertEqual(len(charts), drawn)
        self.assertGreater(drawn, 10)
        described = [c.get("descr") for c in self.book.part("xl/drawings/drawing1.xml").iter(DRAWING + "cNvPr")]
        self.assertEqual(len(described), len(charts))
        for text in described:
            self.assertRegex(text, r"^Lines of .+, .+ to .+\. The numbers are in sheet chart data, rows \d+ to \d+\.$")
        for name in charts:
            chart = self.book.part(name)
            sources = [f.text for f in chart.iter(CHART + "f")]
            self.assertGreaterEqual(len(sources), 2)
            for source in sources:
                self.assertRegex(source, r"^'chart data'!\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?$")
            self.assertEqual(len(list(chart.iter(CHART + "scatterChart"))), 1)
            self.assertLessEqual({b.get("val") for b in chart.iter(CHART + "dispBlanksAs")}, {"gap"})  # also the default
            self.assertEqual(len(list(chart.iter(CHART + "title"))), 2)  # its own, and the unit's

    def test_a_service_stands_upright_in_its_chart(self):
        rows = self.sheets["chart data"]
        starts = [row for row in rows if row[1] == "start of wirral-memory-service at 5NK"]
        self.assertEqual([row[2] for row in starts], ["2010-10-01", "2010-10-01"])
        self.assertEqual(starts[0][-2], "0")
        self.assertGreater(float(starts[1][-2]), 1)

    def test_tables_are_tables(self):
        tables = self.book.parts(r"xl/tables/table\d+\.xml")
        names = set()
        for name in tables:
            table = self.book.part(name)
            names.add(table.get("name"))
            self.assertTrue(table.get("ref").startswith("A1:"))
            self.assertIsNotNone(table.find(SHEET + "autoFilter"))
        self.assertEqual(len(names), len(tables))
        self.assertEqual(len(tables), len(self.book.sheets) - 3)  # cover, charts, and data, which has a filter alone
        for name, part in self.book.sheets.items():
            sheet = self.book.part(part)
            self.assertIsNone(sheet.find(SHEET + "mergeCells"), name)
            self.assertEqual(sheet.find(".//" + SHEET + "pane") is not None, name not in ("cover", "charts"), name)

    def test_nothing_of_the_day_or_the_machine(self):
        core = self.book.zip.read("docProps/core.xml").decode()
        self.assertEqual(re.findall(r">([^<]*Z)<", core), ["1980-01-01T00:00:00Z"] * 2)
        self.assertEqual({info.date_time for info in self.book.zip.infolist()}, {(1980, 1, 1, 0, 0, 0)})
        today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        words = [today, self.top, os.environ.get("USER") or "no such user's name", socket.gethostname()]
        for name in self.book.zip.namelist():
            text = self.book.zip.read(name).decode()
            for word in words:
                self.assertNotIn(word, text, name)

    def test_no_formulas(self):
        for part in self.book.parts(r"xl/worksheets/sheet\d+\.xml"):
            text = self.book.zip.read(part)
            self.assertNotIn(b"<f>", text)
            self.assertNotIn(b"<f ", text)
            self.assertNotIn(b"NaN", text)
            self.assertNotRegex(text, rb"(?i)<v>-?(nan|inf)")

    def test_prints(self):
        convert(self.top, self.path, self.top, 'pdf:calc_pdf_Export:{"PageRange":{"type":"string","value":"1-14"}}')
        self.assertGreater(os.path.getsize(os.path.join(self.top, "site-review.pdf")), 50000)

    def test_numbers_are_shown_as_what_they_are(self):
        shown = to_csv(self.top, self.path, "shown", "true")
        n_negative = 0
        for name, rows in self.sheets.items():
            for raw_row, shown_row in zip(rows, shown[name]):
                for raw, text in zip(raw_row, shown_row):
                    number, seen = number_of(raw), number_of(text.replace(",", ""))
                    if text == "<0.001":
                        self.assertLess(number, 0.001, name)
                    elif number is not None:
                        self.assertIsNotNone(seen, (name, raw, text))
                        self.assertAlmostEqual(seen, number, delta=max(0.051, 1e-9 * abs(number)), msg=(name, raw, text))
                        n_negative += number < 0
        self.assertGreater(n_negative, 20)
        # On paper a format of several sections may drop the minus: only p, which has none, has two.
        formats = [f.get("formatCode") for f in self.book.part("xl/styles.xml").iter(SHEET + "numFmt")]
        self.assertEqual([f for f in formats if ";" in f], ['[<0.001]"<0.001";0.000'])

    def test_internal_has_the_true_numbers(self):
        path = os.path.join(self.run_folder, "internal/site-review.xlsx")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o644)
        strings = Workbook(path).strings()
        self.assertTrue([s for s in strings if s.startswith("Release: Internal: true numbers")])
        self.assertTrue([s for s in self.book.strings() if s.startswith("Release: Released after disclosure control by rule hes2018")])

    def test_same_bytes_and_nothing_left_over(self):
        first = {name: read_bytes(os.path.join(self.run_folder, name, "site-review.xlsx")) for name in ("release", "internal")}
        time.sleep(1.1)
        out = os.path.join(self.top, "again")
        done = run("run", self.study, "--threads", "5", "--out", out, "--quiet", env=dict(os.environ, TZ="Asia/Tokyo", LC_ALL="C"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for name, content in first.items():
            folder = os.path.join(out, "latest", name)
            self.assertTrue(read_bytes(os.path.join(folder, "site-review.xlsx")) == content, name)
            self.assertFalse([file for file in os.listdir(folder) if file.endswith((".part", ".tmp"))])

    def test_a_file_that_the_disk_did_not_take_whole_is_not_published(self):
        def limit():  # of each file: too little for the rows of the sheet of data, enough for all that is published
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))

        self.assertLess(os.path.getsize(self.path), 3 << 20)
        out = os.path.join(self.top, "full")
        done = run("run", self.study, "--out", out, "--quiet", preexec_fn=limit)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"site-review\.xlsx: .* written.*: is the disk full\? · ")
        self.assertEqual(sorted(os.listdir(out)), [".lock", "status.json"])


HOSTILE = {
    "5J6": '=HYPERLINK("http://x")',
    "5QL": "+1+1 Somerset",
    "5NK": "\t@SUM(1)",
    "5A3": "A" * 40000,
    "5A4": "bell\x07 and \x1b[31m",
    "5AT": "-2+3",
    "5A5": "<b>&amp;\"'_x003D_1+1",
}


class Alone(unittest.TestCase):
    """A study without sites, comparators and services."""

    def test_sheets_say_that_they_have_no_rows(self):
        top = tempfile.mkdtemp(prefix="hestia-workbook-")
        self.addCleanup(shutil.rmtree, top)
        study = os.path.join(top, "study.yaml")
        done = run("synth", top, "--people", "3000", "--areas", "3", "--years", "2009-2010", "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(study, "w", encoding="utf-8") as stream:
            stream.write("study: alone\nperiod: {from: 2009-04-01, to: 2011-03-31}\n"
                         "extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}]\n"
                         "areas: {type: pct, field: [RESPCT06, RESPCT_HIS]}\npopulation: population.csv\n"
                         "measures: [{id: m, statistic: dsr}]\npublish: {disclosure: none, formats: [csv, xlsx]}\n")
        done = run("run", study, "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        book = Workbook(os.path.join(top, "results/latest/site-review.xlsx"))
        strings = book.strings()
        self.assertIn("No measure has numbers to draw.", strings)
        self.assertEqual(book.parts("xl/charts/.*"), [])
        for name in ("site review", "1 m", "findings", "chart data"):
            cells = [(cell.get("r"), strings[int(cell.find(SHEET + "v").text)])
                     for cell in book.part(book.sheets[name]).iter(SHEET + "c") if cell.get("t") == "s"]
            self.assertEqual([text for place, text in cells if place == "A2"], ["no rows"], name)


class Hostile(unittest.TestCase):
    """Names that would be formulas, or are no text at all."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-workbook-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        study = make_study(os.path.join(cls.top, "study"), "none", "6000")
        names = os.path.join(cls.top, "study/pct_names.csv")
        rows = read_rows(names)
        cls.codes = [row[0] for row in rows[1:]]
        others = iter([text for code, text in HOSTILE.items() if code not in cls.codes])
        for row in rows[1:]:
            row[1] = HOSTILE.get(row[0]) or next(others, row[1])
        with open(names, "w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)
        cls.names = {row[0]: row[1] for row in rows[1:]}
        with open(study, encoding="utf-8") as stream:
            text = stream.read()
        text = text.replace("title: Emergency admissions,", "title: '=cmd|''/C calc''!A1 [x]:*?/\\',")
        text = text.replace("title: Elective admissions,", "title: \"@SUM(1)\\n+1\\u0007\",")
        text = re.sub(r"(?m)^title: .*$", "title: '=1+1'", text)
        with open(study, "w", encoding="utf-8") as stream:
            stream.write(text)
        done = run("run", study, "--quiet")
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.path = os.path.join(cls.top, "study/results/latest/release/site-review.xlsx")
        cls.book = Workbook(cls.path)
        cls.sheets = to_csv(cls.top, cls.path, "cells")

    def test_no_text_would_be_a_formula(self):
        n_guarded = 0
        for name, rows in self.sheets.items():
            for row in rows:
                for cell in row:
                    if number_of(cell) is None and cell != "-":
                        self.assertFalse(cell.lstrip().startswith(("=", "+", "-", "@")), (name, cell[:50]))
                        n_guarded += cell.startswith("'")
        self.assertGreater(n_guarded, 50)

    def test_names_are_shown_as_they_are(self):
        cells = {cell for row in self.sheets["data"] for cell in row}
        self.assertIn("'" + HOSTILE["5J6"], cells)
        self.assertIn("'+1+1 Somerset", cells)
        self.assertIn("'@SUM(1)", cells)  # the space before it went when the list was read
        for expected in ("bell  and  [31m", "<b>&amp;\"'_x003D_1+1", "A" * 32766 + "…"):
            self.assertTrue(expected in cells, expected[:50])

    def test_sheets_have_names_that_are_allowed(self):
        names = list(self.book.sheets)
        self.assertEqual(names[5], "1 =cmd|’ C calc’!A1 x")
        self.assertEqual(names[6], "2 @SUM(1) +1")
        for name in names:
            self.assertFalse(set(name) & set("[]:*?/\\'"), name)
            self.assertLessEqual(len(name.encode("utf-16-le")), 62)

    def test_charts_have_titles_that_are_texts(self):
        for name in self.book.parts(r"xl/charts/chart\d+\.xml"):
            for source in self.book.part(name).iter(CHART + "f"):
                self.assertTrue(source.text.startswith("'chart data'!$"), source.text)

    def test_no_formulas_and_no_links_outside(self):
        for part in self.book.parts(r"xl/worksheets/.*"):
            text = self.book.zip.read(part)
            self.assertNotIn(b"<f>", text)
            self.assertNotIn(b'TargetMode="External"', text)
        core = self.book.zip.read("docProps/core.xml").decode()
        self.assertIn("<dc:title>'=1+1</dc:title>", core)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
