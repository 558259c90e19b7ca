"""A hostile reader of everything that a release holds: texts, workbook, database and page, not only the tables.

    python3 tests/cli/test_release.py HESTIA
"""

import csv
import html
import io
import json
import math
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import unittest
import zipfile

import attacker_study as study
from attacker_reader import read

PROGRAM = ""
FORMATS = "csv, sqlite, xlsx, html"
MEASURES = [m for m in study.MEASURES if m[0] in ("em_count", "em_rate", "em_dsr", "stay_mean")]
COUNTS = {"results": ["total_count"], "cohorts": ["members"], "reported": ["ours"],
          "site-review": ["baseline_count", "review_count"]}
# What is not about people, or from everybody's tables.
PUBLIC = {"total_pop", "confidence", "registered", "reported", "n_before", "n_after", "n_placebo_dates", "n_placebo_areas",
          "placebo_dates", "placebo_areas", "n", "published", "suppressed", "incomplete", "used", "primary", "refused", "suspect",
          "planted", "figure", "split", "sex", "percent", "year", "month"}


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def digits(text):
    """Significant digits as written."""
    return len(re.sub(r"e.*$", "", text.lower()).replace("-", "").replace(".", "").lstrip("0").rstrip("0") if "." in text
               else text.strip("-").strip("0"))


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="hestia-release-")
        cls.plan = study.three_areas()
        a, b, c = study.AREAS[:3]
        cls.groups = {"England": None, "X": [a, b], "Y": [b, c]}
        cls.rest = study.REST.replace("  - {measure: el_count,", "  - {measure: em_count,")
        study.write_inputs(cls.folder, cls.plan, study.stays(cls.plan))
        cls.run_folder = cls.publish("hostile")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def publish(cls, name, **parameters):
        study.write_study(cls.folder, name, cls.plan, cls.groups, MEASURES, cls.rest, **{"formats": FORMATS, **parameters})
        return os.path.realpath(study.publish(PROGRAM, cls.folder, name))

    def path(self, *names):
        return os.path.join(self.run_folder, *names)

    def files(self):
        """Every released file's text, archives unpacked."""
        for name in sorted(os.listdir(self.path("release"))):
            with open(self.path("release", name), "rb") as stream:
                raw = stream.read()
            if name.endswith(".xlsx"):
                with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                    for member in archive.namelist():
                        yield name + "/" + member, archive.read(member).decode("utf-8", "replace")
            else:
                yield name, raw.decode("utf-8", "replace")

    def tables(self):
        for name in sorted(os.listdir(self.path("release"))):
            if name.endswith(".csv"):
                yield name, read(self.path("internal"), name), read(self.path("release"), name)

    def test_no_person_and_no_key_is_in_any_file(self):
        seen = 0
        for name, text in self.files():
            seen += len(text)
            for secret in ("SECRET", r"(?<!\d)100000\d{6}(?!\d)"):
                self.assertFalse(re.search(secret, text), (secret, name))
        self.assertGreater(seen, 10000)

    def test_the_same_rows_stand_in_both_folders(self):
        """Rows and texts are the same; only numbers are rounded or empty."""
        for name, internal, release in self.tables():
            self.assertEqual(len(internal), len(release), name)
            for true, shown in zip(internal, release):
                self.assertEqual(list(true), list(shown), name)
                for column, text in shown.items():
                    if text != true[column] and number(true[column] or "0") is None:
                        self.assertIn(column, ("note", "sentence", "compared", "compared_method", "method", "verdict",
                                               "break_flag", "flag"), (name, column, true[column], text))

    def test_small_counts_are_hidden_and_others_rounded(self):
        for name, internal, release in self.tables():
            for true, shown in zip(internal, release):
                for column in COUNTS.get(name[:-4], ()):
                    n = number(true[column])
                    if n is None:
                        continue
                    if self.groups.get(true.get("area_code"), ()) is None and true.get("split_by") != "provider":
                        self.assertEqual(number(shown[column]), self.total(n), (name, column, true))
                    elif 0 < n < 8:
                        self.assertEqual(shown[column], "", (name, column, true))
                    elif shown[column]:
                        self.assertEqual(number(shown[column]), 5 * math.floor((n + 2) / 5), (name, column, true))

    @staticmethod
    def total(n):
        return 5 * math.floor((n + 2) / 5) or (5 if n else 0)

    def test_totals_of_whole_extracts_are_rounded(self):
        """One record more between two nights would else be the one that a hidden count has more."""
        for name, column in (("audit.csv", "n"), ("reconcile.csv", "ours")):
            seen = 0
            for true, shown in zip(read(self.path("internal"), name), read(self.path("release"), name)):
                n = number(true[column])
                if true.get("area") or true.get("item") == "mean_los" or n is None:
                    continue
                self.assertEqual(number(shown[column]), self.total(n), true)
                seen += n % 5 != 0
            self.assertGreater(seen, 3, name)
        with open(self.path("manifest.json"), encoding="utf-8") as stream:
            manifest = json.load(stream)
        self.assertEqual([n for n in manifest["counts"]["ingest"].values() if n % 5], [])
        self.assertEqual(manifest["disclosure_control"]["totals_round"], 5)

    def test_totals_are_exact_where_the_study_asks_for_it(self):
        exact = self.publish("exact", formats="csv", disclosure="{rule: hes2018, totals: exact}")
        for name in ("results.csv", "reconcile.csv"):
            rows = zip(read(os.path.join(exact, "internal"), name), read(os.path.join(exact, "release"), name))
            for true, shown in rows:
                column = "ours" if name == "reconcile.csv" else "total_count"
                if name == "reconcile.csv" or (true["area_code"] == "England" and true["split_by"] != "provider"):
                    self.assertEqual(shown[column], true[column], true)

    def test_values_have_few_digits(self):
        for name, _, release in self.tables():
            if name == "reconcile.csv":
                continue  # England beside published figures
            for row in release:
                for column, text in row.items():
                    if column in PUBLIC or number(text) is None or number(text) in (0, math.inf, -math.inf):
                        continue
                    value = abs(number(text))
                    places = len(text.split(".")[1]) if "." in text and "e" not in text else 0
                    good = places <= 1 if value >= 10 else digits(text) <= 3
                    self.assertTrue(good, (name, column, text))

    def test_texts_say_no_small_number_of_events(self):
        """A number of events, of people or of stays stands in no note and no sentence unless it is a shown count."""
        counted = re.compile(r"(\d[\d,.]*) (?:events?|people|persons|stays|admissions|spells|rows|patients)\b")
        for name, _, release in self.tables():
            if name in ("audit.csv", "reconcile.csv"):
                continue
            for row in release:
                for column, text in row.items():
                    for found in counted.findall(text):
                        n = number(found.replace(",", "").rstrip("."))
                        self.assertTrue(n is None or n == 0 or n >= 8, (name, column, text))
        for row in read(self.path("release"), "audit.csv"):
            if row["area"] and row["area"] not in self.groups and "left out of the models" not in row["reason"]:
                n = number(row["n"])
                self.assertTrue(n is None or n == 0 or (n >= 8 and n % 5 == 0), row)

    def test_the_database_holds_the_released_tables_and_nothing_else(self):
        database = sqlite3.connect("file:%s?mode=ro" % self.path("release", "hestia.sqlite"), uri=True)
        names = [r[0] for r in database.execute("select name from sqlite_master where type = 'table'")]
        for name, _, release in self.tables():
            table = name[:-4].replace("-", "_")
            self.assertIn(table, names)
            names.remove(table)
            rows = database.execute('select * from "%s"' % table)
            columns = [c[0] for c in rows.description]
            ours = sorted(tuple(self.plain(v) for v in row) for row in rows)
            self.assertEqual(columns, [c.replace("-", "_") for c in self.columns(name)], name)
            self.assertEqual(ours, sorted(tuple(self.plain(v) for v in row.values()) for row in release), name)
        self.assertEqual([n for n in names if n != "manifest"], [])
        for row in database.execute("select * from manifest"):
            for text in row:
                self.assertIsNone(re.search(r"\d\.\d{5}", str(text)), row)
        database.close()

    def columns(self, name):
        with open(self.path("release", name), newline="", encoding="utf-8") as stream:
            return next(csv.reader(stream))

    @staticmethod
    def plain(value):
        if value in ("", None):
            return ""
        try:
            return "%.12g" % float(value)
        except ValueError:
            return str(value)

    def released_numbers(self):
        """Every number that a released table shows, as text of six digits."""
        found = set()
        for _, _, release in self.tables():
            for row in release:
                found |= {"%.6g" % number(t) for t in row.values() if number(t) is not None}
        return found

    def test_the_workbook_shows_no_number_that_no_table_shows(self):
        shown = self.released_numbers()
        with zipfile.ZipFile(self.path("release", "site-review.xlsx")) as archive:
            for member in archive.namelist():
                text = archive.read(member).decode("utf-8", "replace")
                if member.startswith("xl/worksheets/sheet"):
                    for value in re.findall(r"<c [^>]*?(?<!t=\"s\")><v>([^<]*)</v>", text):
                        good = "%.6g" % float(value) in shown or float(value) == int(float(value)) or \
                            "%.6g" % (float(value) * 100) in shown
                        self.assertTrue(good, (member, value))
                    self.assertNotIn("<f>", text, member)
                if member.startswith("docProps"):
                    self.assertNotIn(os.uname().nodename, text.replace("vm", "") if len(os.uname().nodename) < 4 else text)

    def test_the_page_shows_no_number_with_the_digits_of_a_true_one(self):
        """Numbers of the page's data have the digits of released ones; true values of internal/ are nowhere in it."""
        with open(self.path("release", "report.html"), encoding="utf-8") as stream:
            page = stream.read()
        blocks = re.findall(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.S)
        self.assertTrue(blocks, "no data in the page")
        for block in blocks:
            json.loads(html.unescape(block))
        true = set()
        for _, internal, release in self.tables():
            for row, shown in zip(internal, release):
                true |= {t[:10] for c, t in row.items() if c not in PUBLIC and number(t) is not None and digits(t) > 8
                         and t != shown[c]}
        self.assertTrue(true)
        long_numbers = set(n[:10] for n in re.findall(r"-?\d+\.\d{6,}", "".join(blocks)))
        self.assertEqual(sorted(long_numbers & true)[:5], [])

    def test_internal_tables_are_those_of_a_run_without_control(self):
        none = self.publish("uncontrolled", disclosure="none")
        for name in sorted(os.listdir(os.path.join(none, "internal"))):
            if not name.endswith(".csv"):
                continue
            pages = []
            for place in ((self.run_folder, "internal"), (none, "internal"), (none, "release")):
                with open(os.path.join(*place, name), "rb") as stream:
                    pages.append(stream.read())
            self.assertEqual(pages[0], pages[1], name)
            self.assertEqual(pages[1], pages[2], name)
        self.assertFalse(os.path.exists(os.path.join(none, "release", "disclosure.txt")))

    def test_parameters_of_the_study_are_obeyed(self):
        strict = self.publish("strict", formats="csv", disclosure="{rule: hes2018, min: 10, round: 10, decimals: 0}")
        internal, release = (read(os.path.join(strict, place), "results.csv") for place in ("internal", "release"))
        n_hidden = n_shown = 0
        for true, shown in zip(internal, release):
            if shown["area_code"] == "England" or not true["total_count"]:
                continue
            n = int(true["total_count"])
            if 0 < n < 10:
                self.assertEqual(shown["total_count"], "", true)
                n_hidden += 1
            elif shown["total_count"]:
                self.assertEqual(int(shown["total_count"]), 10 * ((n + 5) // 10), true)
                n_shown += 1
            for column in ("value", "lowercl", "uppercl"):
                value = number(shown[column])
                if value is not None and value >= 10:
                    self.assertEqual(value, round(value), (column, shown))
        self.assertTrue(n_hidden and n_shown)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
