"""hestia.sqlite: the queries of docs/database.md, as they stand there, run by the sqlite3 shell and beside what the
CSV files say; types, keys, integrity; the same bytes from two runs, from other threads and from other names of files.

    python3 tests/cli/test_database.py HESTIA SOURCE
"""

import csv
import glob
import math
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = SOURCE = ""
PUBLISH = "\npublish: {formats: [csv, sqlite], disclosure: hes2018, internal: true}\n"
SHELL = shutil.which("sqlite3")

TABLES = ["results", "measures", "areas", "audit", "reconcile", "reported", "cohorts", "impact", "site-review", "sensitivity",
          "counterfactual", "breaks", "planted"]
KEYS = {
    "results": ["measure", "area_code", "period", "sex", "age", "split", "statistic"],
    "measures": ["measure"], "areas": ["area_code"], "reconcile": ["dataset", "year", "item"],
    "cohorts": ["cohort", "area_code", "year"], "site-review": ["impact", "site_code", "measure", "comparator"],
    "counterfactual": ["impact", "site_code", "measure", "period"],
    "breaks": ["dataset", "area_code", "provider", "specialty"],
}
PYTHON_TYPES = {"TEXT": str, "INTEGER": int, "REAL": float}


def run(study, out, *options):
    done = subprocess.run([PROGRAM, "run", study, "--quiet", "--out", out, *options], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return os.path.join(out, "latest")


def read_bytes(path):
    with open(path, "rb") as stream:
        return stream.read()


def read_table(folder, name):
    with open(f"{folder}/{name}.csv", newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def queries():
    """{heading: SQL} of the guide."""
    with open(f"{SOURCE}/docs/database.md", encoding="utf-8") as stream:
        text = stream.read()
    found = re.findall(r"^### (.*?)\n\n```sql\n(.*?)```", text, re.M | re.S)
    assert len(found) == text.count("```sql"), "a query without a heading"
    return dict(found)


def same(cell, text):
    """A cell of the database against one of a CSV file, which has 15 digits."""
    if cell is None:
        return text == ""
    if isinstance(cell, float):
        return text != "" and math.isclose(cell, float(text), rel_tol=1e-14)
    return str(cell) == text


def plain(row):
    """Is it of persons, of all ages, unsplit?"""
    return (row["sex"], row["age"], row["split"]) == ("persons", "all", "")


class Database(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-database-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        subprocess.run([PROGRAM, "synth", cls.top, "--study", "long-term-conditions", "--datasets", "apc,op", "--years",
                        "2008-2010", "--people", "20000", "--areas", "8", "--quiet"], check=True)
        cls.study = f"{cls.top}/study.yaml"
        with open(cls.study, encoding="utf-8") as stream:
            text, n = re.subn(r"\npublish:\n(  .*\n)*", PUBLISH, stream.read())
        assert n == 1
        with open(cls.study, "w", encoding="utf-8") as stream:
            stream.write(text)
        cls.latest = run(cls.study, f"{cls.top}/one", "--threads", "1")
        cls.path = f"{cls.latest}/hestia.sqlite"

    def ask(self, sql):
        """The rows that the sqlite3 shell prints, empty for NULL."""
        done = subprocess.run([SHELL, "-batch", "-csv", "-header", "-readonly", self.path], input=sql, capture_output=True,
                              text=True, check=True)
        self.assertEqual(done.stderr, "")
        return list(csv.DictReader(done.stdout.splitlines()))

    # ---- the guide's queries ----

    def expect(self, heading):
        """What the CSV files answer to a question of the guide."""
        results = read_table(self.latest, "results")
        england = {tuple(row[key] for key in KEYS["results"]): row for row in results if row["area_role"] == "comparator"}
        if heading == "One measure of one site, with limits and England beside it":
            rows = [row for row in results if row["measure"] == "emergency_admissions" and row["area_code"] == "5NK"
                    and row["period_type"] == "quarter" and plain(row)]
            return [{name: row[name] for name in ("period", "value", "lowercl", "uppercl", "comparator_value", "compared")}
                    for row in sorted(rows, key=lambda row: row["period_start"])]
        if heading == "All areas in one quarter, highest first":
            rows = [row for row in results if row["measure"] == "emergency_admissions" and row["period"] == "2010/11 Q1"
                    and row["area_role"] != "comparator" and row["value"]]
            return [{name: row[name] for name in ("area_code", "area_name", "value", "lowercl", "uppercl")}
                    for row in sorted(rows, key=lambda row: (-float(row["value"]), row["area_code"]))]
        if heading == "How far is each site from England in the newest complete period?":
            newest = {}
            for row in results:
                if row["incomplete"] == "0":
                    key = row["measure"], row["period_type"]
                    newest[key] = max(newest.get(key, ""), row["period_start"])
            answer = []
            for row in results:
                if not plain(row) or row["area_role"] != "site" or row["comparator"] == "" or \
                        newest[row["measure"], row["period_type"]] != row["period_start"]:
                    continue
                other = england[(row["measure"], row["comparator"], row["period"], "persons", "all", "", row["statistic"])]
                ratio = float(row["value"]) / float(other["value"]) if row["value"] and other["value"] else None
                answer.append((row["measure"], row["area_code"], row["period"], row["statistic"], ratio))
            return [{"measure": measure, "area_code": area, "period": period,
                     "ratio": "" if ratio is None else repr(round(ratio, 3))}
                    for measure, area, period, statistic, ratio in sorted(answer)]
        if heading == "What became of the services?":
            rows = sorted(read_table(self.latest, "site-review"),
                          key=lambda row: [row[key] for key in KEYS["site-review"]])
            return [dict({name: row[name] for name in ("impact", "site_code", "measure", "comparator", "verdict", "sentence")},
                         **{name: row[column] and repr(round(float(row[column]), 1))
                            for name, column in (("baseline", "baseline_value"), ("review", "review_value"),
                                                 ("change_percent", "change_percent"))}) for row in rows]
        if heading == "The estimate of the method that was declared beforehand":
            rows = [row for row in read_table(self.latest, "impact") if row["primary"] == "1" and row["term"] == "effect"]
            rows.sort(key=lambda row: [row[key] for key in ("impact", "site_code", "measure", "comparator", "excluded")])
            return [{name: row[name] for name in ("impact", "site_code", "measure", "method", "estimate", "unit", "lowercl",
                                                  "uppercl", "p")} for row in rows]
        if heading == "How much is suppressed?":
            measures = sorted({row["measure"] for row in results})
            return [{"measure": measure, "n_rows": str(len(rows)), "n_suppressed": str(sum(row["suppressed"] == "1" for row in rows)),
                     "n_without_value": str(sum(row["value"] == "" for row in rows))}
                    for measure in measures for rows in [[row for row in results if row["measure"] == measure]]]
        if heading == "Attendances by provider, month by month":
            rows = [row for row in results if row["measure"] == "likely_diabetes_attendances" and row["area_code"] == "5QL"
                    and row["split_by"] == "provider" and row["period_type"] == "month"]
            return [{"period": row["period"], "provider": row["split"], "split_name": row["split_name"],
                     "total_count": row["total_count"]} for row in sorted(rows, key=lambda row: (row["period"], row["split"]))]
        if heading == "Which rows of the extracts were set aside, and why?":
            sums = {}
            for row in read_table(self.latest, "audit"):
                if row["stage"] == "ingest" and row["reason"] not in ("read", "used"):
                    key = row["dataset"], row["reason"]
                    sums[key] = sums.get(key, 0) + int(row["n"])
            return [{"dataset": dataset, "reason": reason, "n": str(n)} for (dataset, reason), n in sorted(sums.items())]
        raise AssertionError(f"the guide asks what this test does not answer: {heading}")

    @unittest.skipUnless(SHELL, "no sqlite3 shell")
    def test_queries_of_the_guide(self):
        asked = queries()
        self.assertGreater(len(asked), 8)
        for heading, sql in asked.items():
            with self.subTest(heading):
                got = self.ask(sql)
                if heading == "What do the numbers rest on?":
                    facts = {row["key"]: row["value"] for row in got}
                    self.assertEqual(facts["study"], "long-term-conditions")
                    self.assertEqual(facts["schema_version"], "1")
                    continue
                expected = self.expect(heading)
                if heading != "Which rows of the extracts were set aside, and why?":
                    self.assertGreater(len(expected), 0)
                self.assertEqual(len(got), len(expected))
                for a, b in zip(got, expected):
                    self.assertEqual(a.keys(), b.keys())
                    for name in a:
                        if a[name] != b[name]: # the shell prints 15 digits, some of them otherwise: 12.0, 1e-05
                            self.assertTrue(math.isclose(float(a[name]), float(b[name]), rel_tol=1e-13), (heading, name, a, b))

    # ---- the tables ----

    def test_tables_are_the_files(self):
        for kind in ("release", "internal"):
            with self.subTest(kind):
                self.check_tables(f"{self.latest}/{kind}")

    def check_tables(self, folder):
        with sqlite3.connect(f"file:{folder}/hestia.sqlite?mode=ro", uri=True) as db:
            for name in TABLES:
                columns = db.execute(f"PRAGMA table_info({name.replace('-', '_')})").fetchall()
                rows = read_table(folder, name)
                got = db.execute(f"SELECT * FROM {name.replace('-', '_')} ORDER BY rowid").fetchall()
                self.assertEqual(len(got), len(rows), name)
                key = [(place, column) for _, column, _, _, _, place in columns if place > 0]
                self.assertEqual([column for _, column in sorted(key)], KEYS.get(name, []), name)
                for cells, row in zip(got, rows):
                    self.assertEqual([column[1] for column in columns], list(row))
                    for (_, column, declared, _, _, place), cell in zip(columns, cells):
                        if place > 0:
                            self.assertIsNotNone(cell)
                        if cell is not None:
                            self.assertIs(type(cell), PYTHON_TYPES[declared], (name, column))
                        if not (place > 0 and cell == "" and row[column] == ""):
                            self.assertTrue(same(cell, row[column]), (name, column, cell, row[column]))

    def test_released_and_true_numbers(self):
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.latest}/internal/hestia.sqlite").st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.latest}/release/hestia.sqlite").st_mode), 0o644)
        facts, small = {}, {}
        for kind in ("release", "internal"):
            with sqlite3.connect(f"file:{self.latest}/{kind}/hestia.sqlite?mode=ro", uri=True) as db:
                facts[kind] = dict(db.execute("SELECT key, value FROM manifest"))
                small[kind], = db.execute("SELECT count(*) FROM results WHERE area_role <> 'comparator' AND total_count BETWEEN 1 AND 7 "
                                          "AND measure <> 'dementia_register'").fetchone()
        self.assertGreater(small["internal"], 100)
        self.assertEqual(small["release"], 0)
        self.assertEqual((facts["release"]["disclosure"], facts["release"]["disclosure_min"], facts["release"]["disclosure_round"]),
                         ("hes2018", "8", "5"))
        self.assertGreater(int(facts["release"]["disclosure_hidden_counts"]), 100)
        self.assertEqual(facts["internal"]["disclosure"], "none")
        self.assertIn("not for release", facts["internal"]["release"])

    def test_the_file_is_sound(self):
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(db.execute("PRAGMA user_version").fetchone(), (1,))
            self.assertEqual(db.execute("PRAGMA application_id").fetchone(), (int.from_bytes(b"HEST", "big"),))
            self.assertEqual(db.execute("PRAGMA journal_mode").fetchone(), ("delete",))
            views = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
            for view in views:
                self.assertGreater(db.execute(f"SELECT count(*) FROM {view}").fetchone()[0], 0, view)
            with open(f"{SOURCE}/docs/database.md", encoding="utf-8") as stream:
                guide = stream.read()
            for view in views:
                self.assertIn(f"| `{view}` |", guide)

    def test_questions_use_the_indexes(self):
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as db:
            for where in ("measure = 'm' AND area_code = 'a' AND period = 'p'", "measure = 'm' AND period = 'p'",
                          "area_code = 'a'"):
                plan = db.execute(f"EXPLAIN QUERY PLAN SELECT value FROM results WHERE {where}").fetchall()
                self.assertRegex(plan[0][3], "^SEARCH .*USING INDEX", where)

    def test_nothing_of_machine_or_time(self):
        content = read_bytes(self.path)
        day = os.path.basename(os.path.realpath(self.latest))[:8]
        for secret in (self.top, "study.yaml", "hes-store", day, f"{day[:4]}-{day[4:6]}-{day[6:]}"):
            self.assertTrue(secret.encode() not in content, secret)
        if len(os.uname().nodename) > 5:  # a short one stands in any file
            self.assertTrue(os.uname().nodename.encode() not in content)
        self.assertNotIn(".part", " ".join(os.listdir(self.latest) + os.listdir(f"{self.latest}/release")))

    # ---- the same bytes ----

    def test_same_bytes(self):
        again = run(self.study, f"{self.top}/two", "--threads", "2")
        self.assertTrue(read_bytes(f"{again}/hestia.sqlite") == read_bytes(self.path))

    def test_same_bytes_from_files_in_another_order(self):
        """The files change names among themselves, so that they are read in another order; the audit has their names."""
        moved = f"{self.top}/moved"
        shutil.copytree(self.top, moved, ignore=shutil.ignore_patterns("one", "two", "moved", "hes-store", "results"))
        names = sorted(glob.glob(f"{moved}/extracts/apc_*"))
        self.assertGreater(len(names), 2)
        for name in names:
            os.rename(name, name + ".x")
        for name, other in zip(names, reversed(names)):
            os.rename(name + ".x", other)
        again = run(f"{moved}/study.yaml", f"{moved}/results")
        ours, theirs = (sqlite3.connect(f"file:{path}?mode=ro", uri=True) for path in (self.path, f"{again}/hestia.sqlite"))
        for name in TABLES:
            if name != "audit":
                sql = f"SELECT * FROM {name.replace('-', '_')} ORDER BY rowid"
                self.assertEqual(ours.execute(sql).fetchall(), theirs.execute(sql).fetchall(), name)
        ours.close()
        theirs.close()

    def test_a_full_disk_is_said(self):
        """Files may not be quite as large as the database; the others are smaller."""
        kilobytes = os.path.getsize(self.path) // 1024 - 4
        self.assertGreater(kilobytes, os.path.getsize(f"{self.latest}/results.csv") // 1024)
        done = subprocess.run(["bash", "-c", f"trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"", PROGRAM, "run", self.study,
                               "--quiet", "--out", f"{self.top}/full"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"hestia\.sqlite: cannot be written: ")
        self.assertFalse(os.path.exists(f"{self.top}/full/latest"))


if __name__ == "__main__":
    PROGRAM, SOURCE = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
