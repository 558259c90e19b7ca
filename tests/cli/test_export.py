"""hestia export: rows of a handful of people whose rows can be written down by hand, and where the file may go.

    python3 tests/cli/test_export.py HESTIA
"""

import csv
import os
import re
import stat
import subprocess
import sys
import tempfile

HEADER = ("EPIKEY,PSEUDO_HESID,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,CLASSPAT,ADMIMETH,ADMISORC,DISDEST,DISMETH,SEX,"
          "STARTAGE,PROCODE3,RESPCT06,TRETSPEF,MAINSPEF,PROVSPNOPS,DIAG_01,DIAG_02")

# Anna: two episodes of one emergency spell, a transfer to another trust, and a planned stay a year later. Ben: one spell, which is
# still open; the episode before is not finished. Cleo: elective. RYY was merged into RXX.
ROWS = """600000000101,ANNA,2010-04-01,,2010-04-01,2010-04-03,1,3,1,1,21,19,98,,2,34,RYY,5NK,300,300,A1,I48X,E119
600000000102,ANNA,2010-04-01,2010-04-05,2010-04-03,2010-04-05,2,3,1,1,21,19,51,1,2,34,RYY,5NK,320,320,A1,J440,
600000000103,ANNA,2010-04-05,2010-04-11,2010-04-05,2010-04-11,1,3,1,1,81,51,19,1,2,34,RZZ,5NK,320,320,A2,J181,
600000000104,ANNA,2011-02-01,2011-02-01,2011-02-01,2011-02-01,1,3,1,2,11,19,19,1,2,35,RXX,5J6,100,100,A3,S720,
600000000201,BEN,2010-07-01,,2010-07-01,2010-07-04,1,3,1,1,22,19,98,,1,120,RXX,5XX,300,300,B1,I500,
600000000202,BEN,2010-07-01,,2010-07-04,,2,1,1,1,22,19,98,,1,120,RXX,5XX,300,300,B1,I500,
600000000301,CLEO,2010-05-05,2010-05-06,2010-05-05,2010-05-06,1,3,1,1,12,19,19,1,2,,RXX,5J6,300,300,C1,K35,
"""

VISITS = """ATTENDKEY,PSEUDO_HESID,APPTDATE,RESPCT06,SEX,APPTAGE,PROCODE3,ATTENDED,FIRSTATT,MAINSPEF,TRETSPEF
700000000101,ANNA,2010-06-01,5NK,2,34,RYY,5,1,300,307
700000000102,ANNA,2010-08-01,5NK,2,34,RYY,6,2,300,307
700000000103,BEN,2010-08-01,5XX,1,120,RZZ,3,2,300,300
"""

ARRIVALS = """PSEUDO_HESID,AEKEY,ARRIVALDATE,ARRIVALTIME,AEATTENDCAT,AEDEPTTYPE,AEATTENDDISP,SEX,ARRIVALAGE,PROCODE3,RESPCT06
BEN,800000000101,2010-06-30,2355,1,01,01,1,119,RYY,5J6
"""

STUDY = """
study: small
period: {from: 2010-04-01, to: 2011-03-31}
store: stores/hes
extracts: [{dataset: apc, files: apc.csv}, {dataset: op, files: op.csv}, {dataset: ae, files: ae.csv}]
areas: {type: pct, names: names.csv}
providers: {merge: merge.csv}
measure_defaults: {by: year, statistic: count}
measures:
  - {id: emergencies, unit: spell, where: {admission_method: emergency}}
  - {id: stays, unit: cips, where: {admission_method: emergency}}
  - {id: admissions, unit: admission}
  - {id: patients, unit: person}
  - {id: visits, dataset: op, unit: attendance}
  - {id: arrivals, dataset: ae, unit: attendance}
quality: {max_unknown_area: 1}
publish: {disclosure: none, directory: results}
"""

ANNA_SPELL = "2|5NK|RXX|300|2010-04-01|2010-04-05|21|19|51|1|1|4|2|I48X|E119"
ANNA_MOVED = "2|5NK|RZZ|320|2010-04-05|2010-04-11|81|51|19|1|1|6|1|J181|"
ANNA_LATER = "2|5J6|RXX|100|2011-02-01|2011-02-01|11|19|19|1|2|0|1|S720|"
BEN_SPELL = "1||RXX|300|2010-07-01||22|19|98||1||1|I500|"
CLEO_SPELL = "2|5J6|RXX|300|2010-05-05|2010-05-06|12|19|19|1|1|1|1|K35|"


def check(condition, what, output=""):
    if not condition:
        sys.exit(f"failed: {what}\n{output}")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="hestia-export-") as folder:
        def path(name):
            return os.path.join(folder, name)

        def write(name, text):
            with open(path(name), "w") as file:
                file.write(text)

        def hestia(*arguments):
            return subprocess.run([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)

        def export(kind, measure, out, *more):
            return hestia("export", kind, "small.yaml", "--where", measure, "--out", out, *more)

        def rows_of(name):
            with open(path(name), newline="") as file:
                return list(csv.DictReader(file))

        def refused(done, status, message):
            check(done.returncode == status and message in done.stderr, f"refusal {message!r}",
                  f"exit {done.returncode}\n{done.stderr}{done.stdout}")

        write("apc.csv", HEADER + "\n" + ROWS)
        write("op.csv", VISITS)
        write("ae.csv", ARRIVALS)
        write("names.csv", "code,name\n5NK,Wirral\n5J6,Calderdale\n")
        write("merge.csv", "code_from,code_to\nRYY,RXX\n")
        write("small.yaml", STUDY)
        os.mkdir(path("stores"))
        refused(export("spells", "emergencies", "out.csv"), 2, "no results are there yet")
        done = hestia("run", "small.yaml", "--quiet")
        check(done.returncode == 0, "the run", done.stderr)

        # spells: what the measure counts, by the spells' own fields
        done = export("spells", "emergencies", "spells.csv")
        check(done.returncode == 0 and "2 rows of 2 people are in spells.csv" in done.stdout and "internal" in done.stdout,
              "an export", done.stderr + done.stdout)
        check(stat.S_IMODE(os.stat(path("spells.csv")).st_mode) == 0o600, "the file is private")
        check(not os.path.exists(path("spells.csv.part")), "nothing is left beside it")
        rows = rows_of("spells.csv")
        check(list(rows[0]) == ["pseudonym", "spell", "cips", "age", "sex", "area_code", "provider", "specialty", "admidate", "disdate",
                                "admimeth", "admisorc", "disdest", "dismeth", "classpat", "los_days", "n_episodes", "diag_01",
                                "diag_02"], "columns", repr(rows[0]))
        texts = {"|".join(list(row.values())[4:]): row for row in rows}
        check(set(texts) == {ANNA_SPELL, BEN_SPELL}, "spells", repr(texts))
        check(texts[ANNA_SPELL]["age"] == "34" and texts[BEN_SPELL]["age"] == "120", "ages", repr(rows))
        for row in rows:
            check(re.fullmatch("[0-9a-f]{32}", row["pseudonym"]) and re.fullmatch("[0-9a-f]{32}", row["spell"]), "pseudonyms", repr(row))
        with open(path("spells.csv")) as file:
            text = file.read()
        check("6000000001" not in text and "ANNA" not in text, "no key of the source", text)

        # of a continuous spell that counts all its spells, together
        check(export("spells", "stays", "stays.csv").returncode == 0, "continuous spells")
        texts = {"|".join(list(row.values())[4:]): row for row in rows_of("stays.csv")}
        check(set(texts) == {ANNA_SPELL, ANNA_MOVED, BEN_SPELL}, "spells of continuous spells", repr(texts))
        check(texts[ANNA_SPELL]["pseudonym"] == texts[ANNA_MOVED]["pseudonym"] != texts[BEN_SPELL]["pseudonym"], "one person")
        check(texts[ANNA_SPELL]["cips"] == texts[ANNA_MOVED]["cips"] == "1", "one continuous spell")
        check(texts[ANNA_SPELL]["spell"] != texts[ANNA_MOVED]["spell"], "two spells")
        check(not {row["pseudonym"] for row in rows} & {row["pseudonym"] for row in texts.values()}, "pseudonyms are made anew")

        # of rows that count the spells that they are in
        check(export("spells", "admissions", "all.csv", "--threads", "7").returncode == 0, "admissions")
        texts = ["|".join(list(row.values())[4:]) for row in rows_of("all.csv")]
        check(sorted(texts) == sorted([ANNA_SPELL, ANNA_MOVED, ANNA_LATER, BEN_SPELL, CLEO_SPELL]), "spells of admissions", repr(texts))
        check([row["pseudonym"] for row in rows_of("all.csv")] == sorted(row["pseudonym"] for row in rows_of("all.csv")), "order")

        check(export("people", "patients", "people.csv").returncode == 0, "people")
        people = sorted("|".join(list(row.values())[1:]) for row in rows_of("people.csv"))
        check(people == ["1|2010-05-05|2010-05-05||2|5J6", "1|2010-07-01|2010-07-01|120|1|", "3|2010-04-01|2011-02-01|34|2|5NK"],
              "people", repr(people))

        check(export("attendances", "visits", "visits.csv").returncode == 0, "attendances")
        visits = sorted("|".join(list(row.values())[1:]) for row in rows_of("visits.csv"))
        check(visits == ["2010-06-01|RXX|307|5|1|||34|2|5NK", "2010-08-01|RXX|307|6|2|||34|2|5NK"], "attendances", repr(visits))

        check(export("attendances", "arrivals", "arrivals.csv").returncode == 0, "arrivals")
        arrivals = ["|".join(list(row.values())[1:]) for row in rows_of("arrivals.csv")]
        check(arrivals == ["2010-06-30|RXX||||01|1|119|1|5J6"], "arrivals", repr(arrivals))

        # where the file may go
        refused(export("spells", "emergencies", "spells.csv"), 2, "spells.csv: is there already; --force")
        check(export("spells", "emergencies", "spells.csv", "--force", "--quiet").stdout == "", "writing over it, quietly")
        for out in ("results/x.csv", "results/latest/x.csv"):
            refused(export("spells", "emergencies", out), 2, "lies in the results directory")
        check("x.csv" not in os.listdir(path("results/latest")), "nothing was written there")
        refused(export("spells", "emergencies", "absent/x.csv"), 2, "absent/x.csv: its folder cannot be used")

        # wrong questions
        refused(export("rows", "emergencies", "x.csv"), 2, "neither spells, people nor attendances")
        refused(export("spells", "emergency", "x.csv"), 2, "did you mean `emergencies`")
        refused(export("spells", "visits", "x.csv"), 2, "it counts attendances: export attendances or people")
        refused(export("attendances", "patients", "x.csv"), 2, "it counts inpatients: export spells or people")
        refused(hestia("export", "spells", "small.yaml", "--out", "x.csv"), 2, "--where")
        check(hestia("export", "--help").returncode == 0, "help")
        check(not os.path.exists(path("x.csv")), "refusals write nothing")

        # the log of exports, beside the store
        log = path("stores/exports.log")
        with open(log) as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
        check(stat.S_IMODE(os.stat(log).st_mode) == 0o600, "the log is private")
        check([line[2:] for line in lines] == [["small", "emergencies", "spells", "2"], ["small", "stays", "spells", "3"],
                                               ["small", "admissions", "spells", "5"], ["small", "patients", "people", "3"],
                                               ["small", "visits", "attendances", "2"], ["small", "arrivals", "attendances", "1"],
                                               ["small", "emergencies", "spells", "2"]],
              "the log", repr(lines))
        for line in lines:
            check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line[0]) and line[1], "when and who", repr(line))

        # what cannot be noted is not exported
        os.remove(log)
        os.mkdir(log)
        done = export("people", "patients", "unnoted.csv")
        check(done.returncode == 1 and "exports.log" in done.stderr and not os.path.exists(path("unnoted.csv")) and
              not os.path.exists(path("unnoted.csv.part")), "no export without its line", done.stderr)


main()
