"""Cohorts, merged providers and the duplicate rule hf through a whole run, against plain counts of the same rows.

    python3 tests/cli/test_cohorts.py HESTIA
"""

import csv
import datetime
import os
import random
import shutil
import sys
import tempfile
import unittest

from check_support import row, run, write_extract, write_text

PROGRAM = ""

OP = ["PSEUDO_HESID", "ATTENDKEY", "PARTYEAR", "APPTDATE", "ATTENDED", "FIRSTATT", "TRETSPEF", "MAINSPEF", "SEX",
      "APPTAGE", "PROCODE3", "RESPCT_HIS"]

STUDY = """study: cohorts
period: {{from: 2008-04-01, to: 2011-03-31}}
extracts:
  - {{dataset: apc, files: apc*.csv}}
  - {{dataset: op, files: op*.csv}}
duplicates: {duplicates}
areas: {{type: pct, field: RESPCT_HIS, names: names.csv, sites: 5QL, comparators: [{{name: England, areas: all}}]}}
providers: {{names: providers.csv, merge: mergers.csv}}
cohorts:
  - {{id: diabetes, condition: diabetes_any, window: {{from: 2008-04-01, to: 2010-06-17}},
      register: {{file: register.csv, age: [17, 120]}}}}
  - {{id: listed, file: people.txt}}
measure_defaults: {{dataset: op, unit: attendance, statistic: count, by: [month, year]}}
measures:
  - {{id: likely, where: {{any: [{{specialty: 307}}, {{specialty: 300, cohort: diabetes}}]}}, split: provider}}
  - {{id: of_the_list, where: {{cohort: listed}}}}
  - {{id: of_both, where: {{cohort: [listed, diabetes]}}}}
  - {{id: of_neither, where: {{not_cohort: [listed, diabetes]}}}}
  - {{id: at_rxf, where: {{provider: RD1}}}}
  - {{id: without_rxf, exclude_providers: [{{code: RXF, areas: 5QL, reason: records rise}}]}}
publish: {{disclosure: none, formats: csv}}
"""

AREAS = ["5J6", "5QL"]
YEARS = [2008, 2009, 2010]
MERGED = {"RD1": "RXF", "RCF": "RXF"}
REGISTERED = {("5J6", 2008): 20, ("5J6", 2009): 21, ("5QL", 2008): 17}


def name(n):
    return f"SECRET{n:06d}"


def stay(chance, number):
    """An admission; some are unfinished, some end with a death."""
    start = datetime.date(2007, 10, 1) + datetime.timedelta(chance.randrange(1300))
    end = start + datetime.timedelta(chance.randrange(9))
    return row(number, start.year, PSEUDO_HESID=name(chance.randrange(90)), ADMIDATE=str(start), EPISTART=str(start),
               EPIEND=str(end), DISDATE=str(end), EPISTAT=chance.choice("33333331"), DISMETH=chance.choice("1111114"),
               RESPCT_HIS=chance.choice(AREAS), STARTAGE=chance.choice(["14", "16", "17", "54", "120", "999"]),
               DIAG_4_01=chance.choice(["E119", "E149", "I10X", "J440", "E15X", "F03X"]))


def appointment(chance, number):
    date = datetime.date(2008, 4, 1) + datetime.timedelta(chance.randrange(1095))
    return dict(PSEUDO_HESID=name(chance.randrange(100)), ATTENDKEY=str(300 * 10 ** 9 + number), PARTYEAR="200899",
                APPTDATE=str(date), ATTENDED=chance.choice("5563"), FIRSTATT=chance.choice("12"),
                TRETSPEF=chance.choice(["300", "307", "302"]), MAINSPEF="300", SEX="2", APPTAGE="54",
                PROCODE3=chance.choice(["RCF", "RXF", "RD1", "RTG"]), RESPCT_HIS=chance.choice(AREAS))


def age_at(r, end):
    """Years at a day: those of the row and the time since, with half a year to the birthday."""
    days = (end - datetime.date.fromisoformat(r["EPISTART"])).days
    return (int(r["STARTAGE"]) + 0.5 + days / 365.25) // 1


class Cohorts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hestia-cohorts-")
        self.addCleanup(shutil.rmtree, self.folder)
        chance = random.Random(17)
        self.stays = [stay(chance, n) for n in range(260)]
        self.op = [appointment(chance, n) for n in range(1200)]
        self.listed = {name(n): chance.choice(["", "2009-06-17", "2010-04-01"]) for n in range(0, 100, 7)}
        lines = [f"{person},{date}\r\n" for person, date in self.listed.items()]
        # twice: the earlier date holds; and one whom no extract has
        lines += [f"\"{name(7)}\",2011-01-01\r\n", f"{name(7)},2008-05-05\r\n", "SECRETNOBODY\r\n"]
        self.listed[name(7)] = min(self.listed[name(7)], "2008-05-05")
        write_text(self.path("people.txt"), "PSEUDO_HESID,since\r\n" + "".join(lines))
        write_text(self.path("names.csv"), "code,name\n5J6,Calderdale\n5QL,Somerset\n")
        write_text(self.path("providers.csv"), "code,name\nRXF,Mid Yorkshire\nRCF,Airedale\n")
        write_text(self.path("mergers.csv"), "code_from,code_to\nRD1,RCF\nRCF,RXF\n")
        write_text(self.path("register.csv"), "area,date,registered\n" + "".join(
            f"{area},{year}/{year % 100 + 1:02d},{n}\n" for (area, year), n in REGISTERED.items()))
        self.write_extracts(self.stays, self.op)
        self.write_study("nhsd")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write_extracts(self, stays, op):
        write_extract(self.path("apc_1.csv"), stays[:150])
        write_extract(self.path("apc_2.csv"), stays[150:])
        write_extract(self.path("op.csv"), op, OP)

    def write_study(self, duplicates):
        write_text(self.path("study.yaml"), STUDY.format(duplicates=duplicates))

    def run_study(self, expected_code=0, *options):
        result = run(PROGRAM, "run", self.path("study.yaml"), *options)
        self.assertEqual(result.returncode, expected_code, result.stdout + result.stderr)
        self.assertNotIn("SECRET", result.stdout + result.stderr)
        return result

    def table(self, table):
        with open(self.path(f"results/latest/{table}.csv")) as stream:
            return list(csv.DictReader(stream))

    def with_diabetes(self):
        return {r["PSEUDO_HESID"] for r in self.stays if r["EPISTAT"] == "3" and r["DIAG_4_01"] in ("E119", "E149")
                and "2008-04-01" <= r["ADMIDATE"] <= "2010-06-17"}

    def is_listed(self, r):
        return self.listed.get(r["PSEUDO_HESID"], "9999") <= r["APPTDATE"]

    def expected_counts(self, op):
        ill, counts = self.with_diabetes(), {}
        for r in op:
            if r["ATTENDED"] not in "56":
                continue
            provider = MERGED.get(r["PROCODE3"], r["PROCODE3"])
            found, sick = self.is_listed(r), r["PSEUDO_HESID"] in ill
            holds = {"likely": r["TRETSPEF"] == "307" or (r["TRETSPEF"] == "300" and sick), "of_the_list": found,
                     "of_both": found or sick, "of_neither": not found and not sick, "at_rxf": provider == "RXF",
                     "without_rxf": provider != "RXF" or r["RESPCT_HIS"] != "5QL"}
            keys = [(m, r["RESPCT_HIS"], r["APPTDATE"][:7], "") for m in holds if holds[m]]
            if holds["likely"]:
                keys.append(("likely", r["RESPCT_HIS"], r["APPTDATE"][:7], provider))
            for key in keys:
                counts[key] = counts.get(key, 0) + 1
        return counts

    def check_counts(self, op):
        found = {(r["measure"], r["area_code"], r["period"], r["split"]): int(r["total_count"])
                 for r in self.table("results") if r["period_type"] == "month" and r["area_type"] != "comparator"
                 and r["total_count"] not in ("", "0")}
        expected = self.expected_counts(op)
        self.assertEqual(found, expected)
        self.assertEqual({key[0] for key in expected},
                         {"likely", "of_the_list", "of_both", "of_neither", "at_rxf", "without_rxf"})

    def test_measures_count_members_and_merged_providers(self):
        self.run_study()
        self.check_counts(self.op)
        names = {r["split"]: r["split_name"] for r in self.table("results") if r["split"]}
        self.assertEqual(names, {"RXF": "Mid Yorkshire", "RTG": ""})
        words = {r["measure"]: r["definition"] for r in self.table("measures")}
        self.assertIn("provider RXF", words["at_rxf"])
        self.assertIn("members of cohort listed", words["of_the_list"])

    def area_at(self, person, end):
        """Where a person lives and how old they are at a day; None when dead."""
        rows = [r for r in self.stays if r["PSEUDO_HESID"] == person and r["EPISTAT"] == "3"]
        if any(r["DISMETH"] == "4" and r["DISDATE"] <= str(end) for r in rows):
            return None
        by_key = sorted(rows, key=lambda r: (r["EPISTART"], r["EPIEND"], r["EPIKEY"]))
        before = [r for r in by_key if r["ADMIDATE"] <= str(end)]
        if rows:
            last = (before or by_key[:1])[-1]
            return last["RESPCT_HIS"], age_at(last, end) if last["STARTAGE"] != "999" else None
        by_key = sorted((r for r in self.op if r["PSEUDO_HESID"] == person), key=lambda r: (r["APPTDATE"], r["ATTENDKEY"]))
        before = [r for r in by_key if r["APPTDATE"] <= str(end)]
        return ((before or by_key[:1])[-1]["RESPCT_HIS"], 54) if by_key else None

    def expected_sizes(self):
        sizes = {}
        for cohort, people in (("diabetes", self.with_diabetes()), ("listed", self.listed)):
            for year in YEARS:
                end = datetime.date(year + 1, 3, 31)
                found = [self.area_at(person, end) for person in people
                         if cohort == "diabetes" or self.listed[person] <= str(end)]
                found = [place for place in found if place and (cohort == "listed" or (place[1] or 0) >= 17)]
                for area in AREAS:
                    sizes[cohort, area, year] = sum(place[0] == area for place in found)
                sizes[cohort, "England", year] = len(found)
        return sizes

    def test_sizes_are_those_of_the_rows(self):
        self.run_study()
        rows = self.table("cohorts")
        self.assertEqual([(r["cohort"], r["area_code"], r["year"]) for r in rows],
                         [(cohort, area, f"{year}/{year % 100 + 1:02d}") for cohort in ("diabetes", "listed")
                          for area in AREAS + ["England"] for year in YEARS])
        expected = self.expected_sizes()
        self.assertEqual({(r["cohort"], r["area_code"], int(r["year"][:4])): int(r["members"]) for r in rows}, expected)
        self.assertGreater(len(set(expected.values())), 5)
        self.assertGreater(min(expected.values()), 0)
        registered = dict(REGISTERED)
        registered["England", 2008] = 37
        for r in rows:
            n = registered.get((r["area_code"], int(r["year"][:4]))) if r["cohort"] == "diabetes" else None
            self.assertEqual(r["registered"], str(n or ""))
            if n:
                self.assertAlmostEqual(float(r["percent"]), int(r["members"]) / n * 100)
            else:
                self.assertEqual(r["percent"], "")

    def read_results(self):
        texts = []
        for table in ("results", "cohorts", "measures"):
            with open(self.path(f"results/latest/{table}.csv"), "rb") as stream:
                texts.append(stream.read())
        return texts

    def test_threads_and_order_do_not_show(self):
        self.write_study("hf")
        self.run_study(0, "--threads", "1")
        first = self.read_results()
        chance = random.Random(3)
        for threads in (2, 7):
            shutil.rmtree(self.path("results"))
            shutil.rmtree(self.path(".hestia-store"))
            self.write_extracts(chance.sample(self.stays, len(self.stays)), chance.sample(self.op, len(self.op)))
            self.run_study(0, "--threads", str(threads))
            self.assertEqual(self.read_results(), first)

    def test_no_identifier_is_kept(self):
        self.run_study()
        for folder in ("results", ".hestia-store"):
            for place, _, files in os.walk(self.path(folder)):
                for file in files:
                    with open(os.path.join(place, file), "rb") as stream:
                        self.assertNotIn(b"SECRET", stream.read(), file)

    def test_hf_takes_rows_of_one_key_for_one(self):
        self.write_study("hf")
        copies = [dict(r, ATTENDKEY=str(400 * 10 ** 9 + n), SEX="1", APPTAGE="55", FIRSTATT="2")
                  for n, r in enumerate(self.op[:60])]
        self.write_extracts(self.stays, self.op + copies)
        self.run_study()
        kept, seen = [], set()
        for r in self.op:
            key = tuple(MERGED.get(r[c], r[c]) for c in
                        ("PSEUDO_HESID", "APPTDATE", "PROCODE3", "TRETSPEF", "MAINSPEF", "ATTENDED"))
            if key not in seen:
                kept.append(r)
            seen.add(key)
        self.check_counts(kept)

    def test_a_line_that_is_no_identifier_stops_the_run(self):
        with open(self.path("people.txt"), "a") as stream:
            stream.write(",2010-01-01\n")
        result = self.run_study(3)
        self.assertIn("people.txt, line 20: no identifier of a person", result.stderr)
        self.assertFalse(os.path.exists(self.path("results", "latest")))

    def test_a_register_of_unknown_areas_stops_the_run(self):
        write_text(self.path("register.csv"), "area,date,registered\n5ZZ,2008/09,17\n")
        result = self.run_study(3)
        self.assertIn("register.csv, column area: none of its areas is in the area list", result.stderr)
        self.assertNotIn("people ", result.stdout + result.stderr)  # before anything is counted
        check = run(PROGRAM, "check", self.path("study.yaml"))
        self.assertEqual(check.returncode, 3)
        self.assertIn("register.csv, column area", check.stderr)
        self.assertFalse(os.path.exists(self.path("results", "latest")))

    def test_mergers_in_a_circle_stop_the_run(self):
        write_text(self.path("mergers.csv"), "code_from,code_to\nRD1,RCF\nRCF,RD1\n")
        self.assertIn("mergers.csv, line", self.run_study(3).stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
