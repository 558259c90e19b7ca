"""hestia compare on whole runs: nothing has moved; an extract that came again with more rows; released beside true
numbers; damaged tables; and what a run says of the run before.

    python3 tests/cli/test_compare.py HESTIA
"""

import csv
import glob
import gzip
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
KEY = ["measure", "area_code", "period", "sex", "age", "split", "statistic"]
COLUMNS = ["table", "measure", "area_code", "period", "key", "column", "before", "after", "difference", "percent", "kind"]

PUBLISH = "\npublish: {formats: csv, disclosure: none, internal: true}\n"


def hestia(*arguments, code=0):
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != code:
        raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def read_table(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def write_table(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def keyed(path):
    return {tuple(row[name] for name in KEY): row for row in read_table(path)}


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-compare-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        hestia("synth", cls.top, "--study", "long-term-conditions", "--datasets", "apc,op", "--years", "2008-2010", "--people",
               "60000", "--areas", "8", "--quiet")
        cls.study = f"{cls.top}/study.yaml"
        with open(cls.study, encoding="utf-8") as stream:
            text, n = re.subn(r"\npublish:\n(  .*\n)*", PUBLISH, stream.read())
        assert n == 1
        with open(cls.study, "w", encoding="utf-8") as stream:
            stream.write(text)
        cls.results = f"{cls.top}/results"
        cls.first_said = hestia("run", cls.study, "--no-progress").stderr
        cls.first = os.path.join(cls.results, os.readlink(f"{cls.results}/latest"))

        # the extract of a year comes again: every emergency admission of Wirral in the second quarter stands twice in it,
        # and every third one of the others
        path = sorted(glob.glob(f"{cls.top}/extracts/apc_*"))[1]
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            header, *rows = list(csv.reader(stream))
        at = {name: header.index(name) for name in ("RESPCT06", "ADMIMETH", "ADMIDATE", "EPIKEY") if name in header}
        more = []
        for row in rows:
            if row[at["ADMIMETH"]].startswith("2") and row[at["ADMIDATE"]][5:7] in ("07", "08", "09") and \
                    (row[at["RESPCT06"]] == "5NK" or int(row[at["EPIKEY"]]) % 3 == 0):
                again = list(row)
                again[at["EPIKEY"]] = str(int(row[at["EPIKEY"]]) + 5 * 10 ** 10)
                more.append(again)
        assert more, "no admission to repeat"
        with gzip.open(path, "wt", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([header] + rows + more)
        cls.second_said = hestia("run", cls.study, "--no-progress").stderr
        cls.second = os.path.join(cls.results, os.readlink(f"{cls.results}/latest"))
        assert cls.first != cls.second
        with open(f"{cls.results}/status.json", encoding="utf-8") as stream:
            cls.second_status = json.load(stream)["message"]

    def changes(self, before, after, *options, code=0):
        out = f"{self.top}/changes.csv"
        done = hestia("compare", before, after, "--out", out, *options, code=code)
        rows = read_table(out)
        with open(out, encoding="utf-8") as stream:
            self.assertEqual(stream.readline().strip().split(","), COLUMNS)
        return done.stdout, rows

    def copy(self, name):
        """A copy of the first release, to be changed."""
        folder = f"{self.top}/{name}"
        shutil.copytree(f"{self.first}/release", folder)
        return folder

    # ---- the same ----

    def test_a_run_beside_itself(self):
        said, rows = self.changes(self.first, f"{self.first}/release", "--threshold", "0")
        self.assertEqual(rows, [])
        n = len(read_table(f"{self.first}/results.csv"))
        self.assertIn(f"no difference: {n:,} values, and all other tables", said)

    # ---- an extract came again ----

    def test_every_value_that_moved_is_listed(self):
        said, rows = self.changes(self.first, self.results)
        before, after = keyed(f"{self.first}/results.csv"), keyed(f"{self.second}/results.csv")
        self.assertEqual(before.keys(), after.keys())
        expected = {key for key in after if before[key]["value"] != after[key]["value"]}
        self.assertGreater(len(expected), 0)
        listed = set()
        for row in rows:
            self.assertIn(row["kind"], ("new", "gone", "changed"))
            if row["table"] == "results" and row["column"] == "value":
                parts = dict(part.split("=", 1) for part in row["key"].split("; "))
                key = (row["measure"], row["area_code"], row["period"], parts["sex"], parts["age"], parts.get("split", ""),
                       parts["statistic"])
                listed.add(key)
                self.assertEqual((row["before"], row["after"]), (before[key]["value"], after[key]["value"]))
                if row["before"] and row["after"]:
                    a, b = float(row["before"]), float(row["after"])
                    self.assertAlmostEqual(float(row["difference"]), b - a, delta=1e-9 * abs(b))
                    if a:
                        self.assertAlmostEqual(float(row["percent"]), 100 * (b - a) / abs(a), delta=1e-6)
        self.assertEqual(listed, expected)
        cells = sum(before[key][name] != after[key][name] for key in after for name in after[key])
        self.assertEqual(sum(row["table"] == "results" for row in rows), cells)
        self.assertRegex(said, rf"{len(after):,} values: 0 new, {len(expected):,} changed; 0 gone")

    def test_largest_changes_and_threshold(self):
        before, after = keyed(f"{self.first}/results.csv"), keyed(f"{self.second}/results.csv")
        moves = []
        for key, row in after.items():
            old = before[key]
            if row["value"] and old["value"] and row["value"] != old["value"] and float(old["value"]) != 0 and \
                    "1" not in (row["incomplete"], old["incomplete"]) and \
                    all(not side["total_count"] or float(side["total_count"]) >= 100 for side in (row, old)):
                moves.append((100 * (float(row["value"]) - float(old["value"])) / abs(float(old["value"])), key))
        self.assertGreater(len(moves), 3)
        moves.sort(key=lambda move: -abs(move[0]))
        said = hestia("compare", self.first, self.second, "--limit", "3").stdout
        shown = re.findall(r"^ +([+-][\d.]+) %  (\S+), (\S+), (.+?) \(", said, re.M)
        self.assertEqual([(float(percent), measure, area, period) for percent, measure, area, period in shown],
                         [(round(percent, 1), *key[:3]) for percent, key in moves[:3]])
        between = (abs(moves[0][0]) + abs(moves[1][0])) / 2
        done = hestia("compare", self.first, self.second, "--threshold", repr(between), code=3)
        self.assertRegex(done.stderr, r"1 value moved by more than ")
        self.assertIn("Largest changes", done.stdout)
        hestia("compare", self.first, self.second, "--threshold", repr(abs(moves[0][0]) + 0.001))

    def test_why_numbers_moved(self):
        extract = os.path.basename(sorted(glob.glob(f"{self.top}/extracts/apc_*"))[1])
        said = hestia("compare", self.first, self.second).stdout
        self.assertEqual(said.split("\n\n")[1], f"Made from something else\n  extract {extract}: changed")
        self.assertNotIn("Made from", hestia("compare", self.first, self.first).stdout)
        self.assertNotIn("Made from", hestia("compare", self.first, self.copy("alone")).stdout)
        folder = f"{self.top}/made"
        shutil.copytree(self.first, folder)
        with open(f"{folder}/manifest.json", encoding="utf-8") as stream:
            manifest = json.load(stream)
        version = manifest["hestia"]["version"]
        manifest["hestia"]["version"] = "0.0.9"
        manifest["study"]["hash"] = "0"
        manifest["disclosure"] = "hes2018"
        gone = manifest["tables"].pop(0)["path"]
        manifest["inputs"][0]["file"] = "apc_1066.csv"
        with open(f"{folder}/manifest.json", "w", encoding="utf-8") as stream:
            json.dump(manifest, stream)
        said = hestia("compare", self.first, folder).stdout.split("\n\n")[1]
        for line in (f"version of hestia: {version} → 0.0.9", "study file: changed", "disclosure rule: none → hes2018", "extract apc_1066.csv: new",
                     f"table {gone}: gone"):
            self.assertIn("\n  " + line, said)
        with open(f"{folder}/manifest.json", "w", encoding="utf-8") as stream:
            stream.write("{")
        self.assertNotIn("Made from", hestia("compare", self.first, folder).stdout)

    def test_other_tables(self):
        _, rows = self.changes(self.first, self.second)
        audit = [row for row in rows if row["table"] == "audit" and "reason=read" in row["key"]]
        self.assertEqual(len(audit), 1)
        self.assertEqual(audit[0]["column"], "n")
        self.assertGreater(float(audit[0]["difference"]), 0)
        self.assertTrue(any(row["table"] == "reconcile" for row in rows))

    # ---- what a run says ----

    def test_a_run_says_what_moved_since_the_run_before(self):
        self.assertNotIn("since ", self.first_said)
        before, after = keyed(f"{self.first}/results.csv"), keyed(f"{self.second}/results.csv")
        n = sum(before[key]["value"] != after[key]["value"] for key in after)
        largest = re.search(r"^ +([+-][\d.]+ %)  (\S+, \S+, .+?): ", hestia("compare", self.first, self.second).stdout, re.M)
        percent, what = largest.groups()
        self.assertIn(f"since {os.path.basename(self.first)}: {n:,} of {len(after):,} values changed, 0 new, 0 gone · most: "
                      f"{what} {percent}", self.second_said)
        self.assertIn(f"new results since {os.path.basename(self.first)}: {n:,} of {len(after):,} values changed", self.second_status)
        past = re.search(r"hestia: (\d+) values? moved", hestia("compare", self.first, self.second, "--threshold", "5", code=3).stderr)
        self.assertRegex(self.second_said, rf"! {past.group(1)} values? of complete periods moved by more than 5 % since the run "
                                           rf"before, most of all {re.escape(what)} {re.escape(percent)} "
                                           rf"\(hestia compare {self.first} {self.second}\)")

    def test_a_run_and_its_threshold(self):
        """Only the run before is kept by the new one's end, and a threshold above all moves says nothing."""
        folder = f"{self.top}/third"
        os.makedirs(folder)
        shutil.copytree(self.first, f"{folder}/{os.path.basename(self.first)}")
        os.symlink(os.path.basename(self.first), f"{folder}/latest")
        with open(self.study, encoding="utf-8") as stream:
            text = stream.read().replace("internal: true}", "internal: true, keep: 1, compare: {threshold: 1}}")
        with open(f"{self.top}/third.yaml", "w", encoding="utf-8") as stream:
            stream.write(text)
        done = hestia("run", f"{self.top}/third.yaml", "--no-progress", "--out", folder)
        self.assertIn(f"since {os.path.basename(self.first)}: ", done.stderr)
        self.assertNotIn("moved by more than", done.stderr)
        self.assertFalse(os.path.exists(f"{folder}/{os.path.basename(self.first)}"))

    def test_a_run_before_that_cannot_be_read(self):
        folder = f"{self.top}/broken"
        run = f"{folder}/{os.path.basename(self.first)}"
        os.makedirs(folder)
        shutil.copytree(self.first, run)
        os.symlink(os.path.basename(self.first), f"{folder}/latest")
        with open(f"{run}/release/results.csv", "a", encoding="utf-8") as stream:
            stream.write("one,two\n")
        done = hestia("run", self.study, "--no-progress", "--out", folder)
        self.assertRegex(done.stderr, r"what moved since the run \S+ cannot be said: .*results\.csv, line \d+: is no row")
        self.assertNotEqual(os.readlink(f"{folder}/latest"), os.path.basename(self.first))

    # ---- kinds of change, made by hand ----

    def test_new_gone_suppressed_revealed(self):
        folder = self.copy("kinds")
        rows = read_table(f"{folder}/results.csv")
        given = [i for i, row in enumerate(rows) if row["value"]]
        gone = rows[given[17]]
        hidden = rows[given[40]]
        old = hidden["value"]
        hidden.update(value="", suppressed="1")
        empty = next(row for row in rows if not row["value"] and row["suppressed"] == "0" and row is not hidden)
        empty["value"] = "17.3"
        rows.remove(gone)
        write_table(f"{folder}/results.csv", rows)
        _, listed = self.changes(self.first, folder)
        told = {(row["kind"], row["measure"], row["area_code"], row["period"], row["before"], row["after"]) for row in listed}
        self.assertEqual(told, {
            ("gone", gone["measure"], gone["area_code"], gone["period"], gone["value"], ""),
            ("suppressed", hidden["measure"], hidden["area_code"], hidden["period"], old, ""),
            ("changed", empty["measure"], empty["area_code"], empty["period"], "", "17.3")})
        _, listed = self.changes(folder, self.first)
        self.assertEqual(sorted(row["kind"] for row in listed), ["changed", "new", "revealed"])

    def test_rows_of_small_tables_in_another_order(self):
        folder = self.copy("order")
        for name in ("impact", "site-review", "audit", "cohorts"):
            rows = read_table(f"{folder}/{name}.csv")
            self.assertGreater(len(rows), 1)
            write_table(f"{folder}/{name}.csv", rows[::-1])
        _, listed = self.changes(self.first, folder)
        self.assertEqual(listed, [])

    def test_verdicts_come_first(self):
        folder = self.copy("verdicts")
        rows = read_table(f"{folder}/site-review.csv")
        old = rows[0]["verdict"]
        for row in rows:
            if row["impact"] == rows[0]["impact"]:
                row["verdict"] = "no clear change" if old != "no clear change" else "change"
        write_table(f"{folder}/site-review.csv", rows)
        said = hestia("compare", self.first, folder).stdout
        lines = said.splitlines()
        self.assertEqual(lines[2], "Verdicts that changed")
        sites = {(row["site_code"], row["measure"]) for row in rows if row["impact"] == rows[0]["impact"]}
        self.assertEqual(len(re.findall(rf"^  {rows[0]['impact']} .* → {rows[0]['verdict']}$", said, re.M)), len(sites))

    def test_another_version_of_the_tables(self):
        folder = self.copy("version")
        rows = read_table(f"{folder}/results.csv")
        for row in rows:
            del row["compared_method"]
            row["later"] = "1"
        write_table(f"{folder}/results.csv", rows)
        os.remove(f"{folder}/breaks.csv")
        said, listed = self.changes(self.first, folder)
        self.assertEqual(listed, [])
        self.assertIn("breaks.csv is in one of the folders only", said)

    # ---- which folders ----

    def test_true_numbers(self):
        out = f"{self.top}/internal.csv"
        done = hestia("compare", self.first, self.second, "--internal", "--out", out)
        self.assertIn("/internal → ", done.stdout)
        self.assertEqual(stat.S_IMODE(os.stat(out).st_mode), 0o600)
        done = hestia("compare", f"{self.first}/internal", f"{self.second}/release", code=2)
        self.assertIn("true numbers and released ones do not compare", done.stderr)

    def test_wrong_arguments(self):
        self.assertIn("which results?", hestia("compare", self.first, code=2).stderr)
        self.assertIn("two results at a time", hestia("compare", "a", "b", "c", code=2).stderr)
        self.assertIn("no results.csv is there", hestia("compare", self.first, self.top + "/extracts", code=2).stderr)
        hestia("compare", self.first, self.second, "--threshold", "much", code=2)
        hestia("compare", self.first, self.second, "--limit", "-1", code=2)
        hestia("compare", self.first, self.second, "--out", f"{self.top}/no/such/folder.csv", code=1)

    def test_damaged_tables(self):
        folder = self.copy("damaged")
        path = f"{folder}/results.csv"
        with open(path, encoding="utf-8") as stream:
            lines = stream.readlines()
        for name, change, message in (
                ("ragged", lambda: lines[:100] + ["one,two\n"] + lines[100:], r"results\.csv, line 101: is no row of the table"),
                ("order", lambda: lines[:1] + lines[:0:-1], r"results\.csv, line \d+: is not in the order"),
                ("empty", lambda: [], r"results\.csv")):
            with self.subTest(name):
                with open(path, "w", encoding="utf-8") as stream:
                    stream.writelines(change())
                done = hestia("compare", self.first, folder, code=3)
                self.assertRegex(done.stderr, message)


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
