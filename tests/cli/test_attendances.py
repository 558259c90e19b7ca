"""Outpatients and A&E through a whole run, against counts made here from the rows.

    python3 tests/cli/test_attendances.py HESTIA
"""

import csv
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
AE = ["PSEUDO_HESID", "AEKEY", "PARTYEAR", "ARRIVALDATE", "ARRIVALTIME", "AEATTENDCAT", "AEDEPTTYPE", "AEATTENDDISP",
      "SEX", "ARRIVALAGE", "PROCODE3", "RESPCT_HIS"]

STUDY = """study: attendances
period: {{from: 2003-04-01, to: 2005-03-31}}
extracts:
  - {{dataset: apc, files: apc.csv}}
  - {{dataset: op, files: op*.csv}}
  - {{dataset: ae, files: ae.csv}}
areas: {{type: pct, field: RESPCT_HIS}}
cohorts: [{{id: diabetes, condition: diabetes_any}}]
measure_defaults: {{statistic: count, by: month}}
measures:
{measures}
quality: {{max_rejected: 0.5, max_row_drop: 1}}
publish: {{disclosure: none, formats: csv}}
"""


def specialty(r):
    return r["MAINSPEF"] if r["APPTDATE"] < "2004-04-01" else r["TRETSPEF"]


def came(r):
    return r["ATTENDED"] in "56"


def arrived(r):
    return r["AEATTENDCAT"] in "13"


# measure: (data set, where, the same of a row and the members of the cohort)
MEASURES = {
    "attended": ("op", "{}", lambda r, ill: came(r)),
    "not_attended": ("op", "{attended: [3, 7]}", lambda r, ill: r["ATTENDED"] in "37"),
    "firsts": ("op", "{first_attendance: [1, 3]}", lambda r, ill: came(r) and r["FIRSTATT"] in "13"),
    "diabetic": ("op", "{specialty: 307}", lambda r, ill: came(r) and specialty(r) == "307"),
    "main": ("op", "{main_specialty: [300, 302]}", lambda r, ill: came(r) and r["MAINSPEF"] in ("300", "302")),
    "of_cohort": ("op", "{cohort: diabetes}", lambda r, ill: came(r) and r["PSEUDO_HESID"] in ill),
    "of_others": ("op", "{not_cohort: diabetes, age: [18, 120]}",
                  lambda r, ill: came(r) and r["PSEUDO_HESID"] not in ill and r["APPTAGE"] in ("18.0", "54.0")),
    "likely": ("op", "{any: [{specialty: 307}, {specialty: 300, cohort: diabetes}]}",
               lambda r, ill: came(r) and (specialty(r) == "307" or specialty(r) == "300" and r["PSEUDO_HESID"] in ill)),
    "men": ("op", "{sex: 1, provider: RCF, attended: [5, 6, 7]}",
            lambda r, ill: r["ATTENDED"] in "567" and r["SEX"] == "1" and r["PROCODE3"] == "RCF"),
    "arrivals": ("ae", "{}", lambda r, ill: arrived(r)),
    "planned": ("ae", "{attendance_category: 2}", lambda r, ill: r["AEATTENDCAT"] == "2"),
    "major": ("ae", "{department: '01'}", lambda r, ill: arrived(r) and r["AEDEPTTYPE"].zfill(2) == "01"),
    "admitted": ("ae", "{discharge_destination: 1}", lambda r, ill: arrived(r) and r["AEATTENDDISP"].zfill(2) == "01"),
    "arrivals_of_cohort": ("ae", "{cohort: diabetes}", lambda r, ill: arrived(r) and r["PSEUDO_HESID"] in ill),
}


def people():
    return [f"SECRET{n:06d}" for n in range(60)]


def appointment(chance, number):
    year, month = chance.choice([(2003, 4), (2003, 12), (2004, 3), (2004, 4), (2004, 11), (2005, 3)])
    return dict(PSEUDO_HESID=chance.choice(people()), ATTENDKEY=str(300 * 10 ** 9 + number), PARTYEAR="200499",
                APPTDATE=f"{year}-{month:02d}-{chance.randint(1, 28):02d}", ATTENDED=chance.choice("555567324"),
                FIRSTATT=chance.choice("12349"), TRETSPEF=chance.choice(["300", "307", "302", "&"]),
                MAINSPEF=chance.choice(["300", "307", "302", "100"]), SEX=chance.choice("12"),
                APPTAGE=chance.choice(["54.0", "17.0", "7001.0", "18.0"]), PROCODE3=chance.choice(["RCF", "RXF"]),
                RESPCT_HIS=chance.choice(["5J6", "5QL"]))


def arrival(chance, number):
    return dict(PSEUDO_HESID=chance.choice(people()), AEKEY=str(200 * 10 ** 9 + number), PARTYEAR="200499",
                ARRIVALDATE=f"2004-{chance.randint(5, 9):02d}-{chance.randint(1, 28):02d}",
                ARRIVALTIME=f"{chance.randint(0, 23):02d}{chance.randint(0, 59):02d}",
                AEATTENDCAT=chance.choice("1123"), AEDEPTTYPE=chance.choice(["01", "1", "03", "04"]),
                AEATTENDDISP=chance.choice(["01", "1", "03", "12"]), SEX=chance.choice("12"), ARRIVALAGE="33.0",
                PROCODE3="RCF", RESPCT_HIS=chance.choice(["5J6", "5QL"]))


class Attendances(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hestia-attendances-")
        self.addCleanup(shutil.rmtree, self.folder)
        chance = random.Random(17)
        self.op = [appointment(chance, n) for n in range(900)]
        self.ae = [arrival(chance, n) for n in range(700)]
        names = people()
        diagnoses = [chance.choice(["E119", "I10X", "J440", "F03X"]) for _ in names]
        self.ill = {name for name, code in zip(names, diagnoses) if code == "E119"}
        write_extract(self.path("apc.csv"), [row(n, 2004, PSEUDO_HESID=name, DIAG_4_01=code)
                                             for n, (name, code) in enumerate(zip(names, diagnoses))])
        write_extract(self.path("ae.csv"), self.ae, AE)
        # in two files, with some rows in both: a key counts once
        write_extract(self.path("op_1.csv"), self.op[:500], OP, "|")
        write_extract(self.path("op_2.csv"), self.op[480:], OP)
        lines = [f"  - {{id: {name}, dataset: {data}, where: {where}}}\n" for name, (data, where, _) in MEASURES.items()]
        write_text(self.path("study.yaml"), STUDY.format(measures="".join(lines)))

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_study(self, expected_code=0, *options):
        result = run(PROGRAM, "run", self.path("study.yaml"), *options)
        self.assertEqual(result.returncode, expected_code, result.stdout + result.stderr)
        self.assertNotIn("SECRET", result.stdout + result.stderr)
        return result

    def table(self, name):
        with open(self.path(f"results/latest/{name}.csv")) as stream:
            return list(csv.DictReader(stream))

    def test_counts_are_those_of_the_rows(self):
        self.run_study()
        found = {}
        for r in self.table("results"):
            if r["sex"] == "persons" and r["age"] == "all" and not r["split"]:
                found[r["measure"], r["area_code"], r["period"]] = int(r["total_count"])
        for name, (data, _, holds) in MEASURES.items():
            expected = {}
            for r in self.op if data == "op" else self.ae:
                if holds(r, self.ill):
                    key = name, r["RESPCT_HIS"], (r["APPTDATE"] if data == "op" else r["ARRIVALDATE"])[:7]
                    expected[key] = expected.get(key, 0) + 1
            self.assertTrue(expected, name)
            mine = {key: n for key, n in found.items() if key[0] == name and n > 0}
            self.assertEqual(mine, expected, name)

    def test_definitions_and_audit_say_what_was_asked(self):
        self.run_study()
        definitions = {r["measure"]: (r["dataset"], r["definition"]) for r in self.table("measures")}
        self.assertEqual(definitions["attended"][0], "op")
        for name, words in [("attended", "ATTENDED 5 or 6"), ("not_attended", "ATTENDED 3 or 7"),
                            ("arrivals", "attendance category (AEATTENDCAT) 1 or 3"),
                            ("major", "department (AEDEPTTYPE) 01"), ("of_others", "nobody of cohort diabetes"),
                            ("admitted", "disposal (AEATTENDDISP) 01")]:
            self.assertIn(words, definitions[name][1])
        audit = {(r["stage"], r["dataset"], r["file"], r["reason"]): int(r["n"]) for r in self.table("audit")
                 if not r["measure"]}
        self.assertEqual(audit["ingest", "op", "op_1.csv", "used"], 500)
        self.assertEqual(audit["ingest", "op", "op_2.csv", "used"], 420)
        self.assertEqual(audit["ingest", "ae", "ae.csv", "used"], 700)
        self.assertEqual(audit["ingest column", "op", "op_1.csv", "separator pipe"], 500)

    def test_same_bytes_with_any_number_of_threads(self):
        tables = []
        for threads in ("1", "2", "7"):
            self.run_study(0, "--threads", threads, "--out", self.path(f"results-{threads}"))
            with open(self.path(f"results-{threads}/latest/results.csv")) as stream:
                tables.append(stream.read())
        self.assertEqual(tables[0], tables[1])
        self.assertEqual(tables[0], tables[2])

    def test_keys_of_other_data_sets_are_refused(self):
        for data, where, words in [
                ("op", "{admission_method: emergency}", "`admission_method` cannot be asked of outpatient attendances"),
                ("op", "{discharge_destination: 19}",
                 "`discharge_destination` cannot be asked of outpatient attendances"),
                ("ae", "{condition: dementia}", "`condition` cannot be asked of A&E attendances"),
                ("op", "{department: '01'}", "`department` cannot be asked of outpatient attendances"),
                ("ae", "{specialty: 300}", "`specialty` cannot be asked of A&E attendances"),
                ("apc", "{attended: 5}", "`attended` cannot be asked of inpatient stays"),
                ("op", "{cohort: diabetis}", "did you mean `diabetes`?")]:
            write_text(self.path("study.yaml"),
                       STUDY.format(measures=f"  - {{id: x, dataset: {data}, where: {where}}}\n"))
            self.assertIn(words, self.run_study(2).stderr)

    def test_person_identifier_is_one_for_all(self):
        with open(self.path("ae.csv")) as stream:
            text = stream.read()
        write_text(self.path("ae.csv"), text.replace("PSEUDO_HESID", "TOKEN_PERSON_ID"))
        self.assertIn("no person identifier in common", self.run_study(2).stderr)

    def test_check_and_new_know_the_data_set(self):
        for name, words in [("op_1.csv", "dataset op"), ("ae.csv", "dataset ae"), ("apc.csv", "dataset apc")]:
            result = run(PROGRAM, "check", self.path(name), "--deep")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(words, result.stdout)
            self.assertNotIn("SECRET", result.stdout)
        self.assertIn("arrivals by month", run(PROGRAM, "check", self.path("ae.csv")).stdout)
        files = [self.path(name) for name in ("ae.csv", "op_1.csv", "apc.csv", "op_2.csv")]
        said = run(PROGRAM, "new", *files, cwd=self.folder)
        self.assertEqual(said.returncode, 0, said.stderr)
        for data in ("apc", "op", "ae"):
            self.assertEqual(said.stdout.count(f"- dataset: {data}\n"), 1)
        write_text(self.path("new.yaml"), said.stdout)
        checked = run(PROGRAM, "check", self.path("new.yaml"))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        for name in ("emergency_admissions", "outpatient_attendances", "emergency_attendances"):
            self.assertIn(name, checked.stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
