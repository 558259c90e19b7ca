"""hestia explain: a number that is small enough to be worked out by hand, taken apart.

    python3 tests/cli/test_explain.py HESTIA
"""

import csv
import os
import re
import stat
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from random import Random

HEADER = ("EPIKEY,PSEUDO_HESID,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,CLASSPAT,ADMIMETH,ADMISORC,"
          "DISDEST,SEX,STARTAGE,PROCODE3,RESPCT06,DIAG_01")

# key, admission, order, status, class, method, sex, age, area. The first five count for 5NK.
ROWS = [
    (600000000101, "2010-04-01", 1, 3, 1, "21", 1, 30, "5NK"),
    (600000000102, "2010-05-17", 1, 3, 1, "22", 2, 30, "5NK"),
    (600000000103, "2010-06-30", 1, 3, 2, "28", 1, 64, "5NK"),
    (600000000104, "2010-06-01", 1, 3, 1, "21", 1, 65, "5NK"),
    (600000000105, "2010-06-02", 1, 3, 5, "21", 2, 120, "5NK"),
    (600000000106, "2010-06-02", 1, 3, 1, "21", 9, 70, "5NK"),   # counted, but of no known sex: not in the rate
    (600000000107, "2010-07-01", 1, 3, 1, "21", 1, 30, "5NK"),   # the next quarter
    (600000000108, "2010-06-02", 2, 3, 1, "21", 1, 30, "5NK"),   # not the first episode
    (600000000109, "2010-06-02", 1, 1, 1, "21", 1, 30, "5NK"),   # unfinished
    (600000000110, "2010-06-02", 1, 3, 1, "11", 1, 30, "5NK"),   # elective
    (600000000111, "2010-06-02", 1, 3, 3, "21", 1, 30, "5NK"),   # regular attender
    (600000000201, "2010-06-02", 1, 3, 1, "21", 1, 30, "5J6"),
    (600000000202, "2010-06-02", 1, 3, 1, "21", 2, 80, "5J6"),
]

# events and people of 5NK: two bands, weights 3 and 1, both sexes together
BANDS = [(3, 17000.0, 3.0), (2, 4100.0, 1.0)]
RATE = 100000 * sum(w * x / n for x, n, w in BANDS) / sum(w for _, _, w in BANDS)

STUDY = """
study: small
period: {from: 2010-04-01, to: 2010-09-30}
extracts: [{dataset: apc, files: apc.csv}]
areas: {type: pct, names: names.csv, sites: [5NK], comparators: [{name: England, areas: all}]}
population: population.csv
standard_population: standard.csv
standardise_by: age
measures:
  - {id: emergency, where: {admission_method: emergency}, statistic: dsr, min_events: 1}
  - {id: emergency_count, where: {admission_method: emergency}, statistic: count}
  - {id: emergency_crude, where: {admission_method: emergency}, statistic: crude_rate}
quality: {max_unknown_area: 1}
publish: {disclosure: none}
"""


# ---- every statistic, on some hundred people ----

AREAS = ("5NK", "5J6", "5QL", "5A4")

ALL = """
study: all
period: {from: 2010-04-01, to: 2011-03-31}
store: all-store
extracts: [{dataset: apc, files: stays.csv}, {dataset: op, files: op.csv}]
areas: {type: pct, names: all-names.csv, sites: [5NK], comparators: [{name: England, areas: all}]}
population: all-population.csv
standard_population: standard.csv
standardise_by: age
deprivation: imd.csv
cohorts: [{id: hearts, condition: hearts, positions: any}]
code_lists: lists.csv
measure_defaults: {by: year, min_events: 1}
measures:
  - {id: dsr, statistic: dsr, interval: repeat-adjusted}
  - {id: crude, statistic: crude_rate, interval: repeat-adjusted}
  - {id: isr, statistic: isr}
  - {id: smr, statistic: smr}
  - {id: mean_los, statistic: mean_los, los_min: 1}
  - {id: std_mean_los, statistic: std_mean_los, los_cap: 20}
  - {id: bed_days, statistic: bed_days}
  - {id: placed, statistic: bed_days, bed_days: placed}
  - {id: bed_day_rate, statistic: bed_day_rate}
  - {id: readmission, statistic: readmission, days: 90}
  - {id: hhi, statistic: hhi}
  - {id: growth, statistic: growth, by: quarter, base: 2010/11 Q1}
  - {id: acs_score, statistic: acs_score}
  - {id: spells, unit: spell, statistic: count, where: {condition: hearts, episode: any}}
  - {id: cips, unit: cips, statistic: count}
  - {id: people, unit: person, statistic: count, where: {admission_method: emergency}}
  - {id: hearts, statistic: count, where: {cohort: hearts}}
  - {id: op, dataset: op, unit: attendance, statistic: count}
  - {id: op_days, dataset: op, unit: attendance, statistic: count, per_working_day: true}
  - {id: table_growth, dataset: table, file: table.csv, statistic: growth, base: 2010/11}
quality: {max_unknown_area: 1}
publish: {disclosure: none}
"""


def write_all(folder):
    random = Random(20101)
    start = date(2010, 3, 20)

    def write(name, text):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)

    rows, visits = [], []
    for person in range(250):
        day, area, sex, age = start + timedelta(random.randrange(200)), random.choice(AREAS), random.choice((1, 2)), \
            random.randrange(1, 99)
        for stay in range(random.randrange(1, 6)):
            provider = random.choice(("RXX", "RXX", "RYY", "RZZ"))
            end = day + timedelta(random.choice((0, 1, 1, 3, 9, 40)))
            for order in range(1, random.randrange(1, 3) + 1):
                rows.append((600000100000 + len(rows), f"P{person:031d}", day, end, day, end, order, 3, 1, 1,
                             random.choice(("21", "22", "11")), 19, 19, sex, age, provider, area,
                             random.choice(("I48X", "J440", "I500")), f"S{person}-{stay}", 1))
            visits.append((700000100000 + len(visits), f"P{person:031d}", day, area, sex, age, provider))
            day = end + timedelta(random.randrange(2, 60))
    write("stays.csv", HEADER + ",PROVSPNOPS,DISMETH\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    write("op.csv", "ATTENDKEY,PSEUDO_HESID,APPTDATE,RESPCT06,SEX,APPTAGE,PROCODE3,ATTENDED,FIRSTATT,MAINSPEF,TRETSPEF\n" + "".join(
        ",".join(map(str, visit)) + ",5,1,300,300\n" for visit in visits))
    write("all-names.csv", "code,name\n" + "".join(f"{area},Area {area}\n" for area in AREAS))
    write("imd.csv", "area,imd\n5NK,30.5\n5J6,22.25\n5QL,17\n5A4,12.125\n")
    write("lists.csv", "set,system,code_prefix,positions,note\nhearts,ICD10,I50,any,\n")
    write("table.csv", "area,period,value\n5NK,2010/11,80\n5J6,2010/11,50\n")
    write("all-population.csv", "area,year,sex,age_lower,age_upper,population\n" + "".join(
        f"{area},2010,{sex},{lower},{upper},{people + 100 * i}\n"
        for i, area in enumerate(AREAS)
        for sex, lower, upper, people in ((1, 0, 64, 9000), (2, 0, 64, 8000), (1, 65, 999, 2000), (2, 65, 999, 2100))))
    write("all.yaml", ALL)


def table_of(text, first_column):
    """The rows of the table whose first column is this, by the names of its columns."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(first_column + " "))
    names = re.split(r"\s{2,}", lines[at].strip())
    rows = []
    for line in lines[at + 1:]:
        if not line or line.startswith("sum"):
            break
        rows.append(dict(zip(names, re.split(r"\s{2,}", line.strip()))))
    return rows


def fact_of(text, name):
    line = next(line for line in text.splitlines() if line.startswith(name + "  "))
    return float(line[len(name):])


def check_bands(folder, hestia, shown):
    """The file of bands gives the value again, by arithmetic and by `hestia stats`."""
    columns = {"dsr": ["events", "population", "weight", "events_squared"],
               "isr": ["events", "population", "ref_events", "ref_population", "ref_rate"],
               "smr": ["events", "population", "ref_events", "ref_population", "ref_rate"],
               "std_mean_los": ["stays", "days", "days_squared", "weight"]}
    bands = {}
    for measure, names in columns.items():
        for area in ("5NK", "England"):
            path = os.path.join(folder, f"{measure}-{area}.csv")
            done = hestia("explain", "all.yaml", measure, "--area", area, "--period", "2010/11", "--bands", path)
            check(done.returncode == 0 and "2 bands are in" in done.stdout and "not for release" in done.stdout,
                  f"bands of {measure}", done.stderr + done.stdout)
            check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "the bands are private", path)
            with open(path) as file:
                lines = list(csv.reader(file))
            check(lines[0] == ["sex", "age_lower", "age_upper", *names], f"columns of {measure}", repr(lines[0]))
            check([line[:3] for line in lines[1:]] == [["persons", "0", "64"], ["persons", "65", "999"]], "the bands",
                  repr(lines))
            bands[measure, area] = [[float(cell) for cell in line[3:]] for line in lines[1:]]

    for area in ("5NK", "England"):
        text, rows = shown["dsr", area], bands["dsr", area]
        weights = sum(w for _, _, w, _ in rows)
        check(close(100000 * sum(w * x / n for x, n, w, _ in rows) / weights, fact_of(text, "dsr")), "dsr of bands", text)
        check(close(1e10 * sum((w / n) ** 2 * v for _, n, w, v in rows) / weights ** 2, fact_of(text, "variance")),
              "variance of bands", text)
        for measure in ("isr", "smr"):
            text, rows = shown[measure, area], bands[measure, area]
            ratio = sum(row[0] for row in rows) / sum(row[1] * row[4] for row in rows)
            check(close(ratio, fact_of(text, "observed / expected")), f"{measure} of bands", text)
            check(all(close(rate, x / n) for _, _, x, n, rate in rows), "rates of the reference", repr(rows))
        text, rows = shown["std_mean_los", area], bands["std_mean_los", area]
        check(close(sum(w * days / n for n, days, _, w in rows) / sum(row[3] for row in rows),
                    fact_of(text, "std_mean_los")), "std_mean_los of bands", text)

    done = hestia("explain", "all.yaml", "mean_los", "--area", "5NK", "--period", "2010/11", "--bands", "lengths.csv")
    with open(os.path.join(folder, "lengths.csv")) as file:
        lines = list(csv.reader(file))
    stays = [(int(days), int(n)) for days, n in lines[1:]]
    check(lines[0] == ["days", "stays"] and close(sum(d * n for d, n in stays) / sum(n for _, n in stays),
                                                  fact_of(shown["mean_los", "5NK"], "mean_los")), "lengths of stay", repr(lines))

    done = hestia("stats", "dsr", "dsr-5NK.csv", "--min-events", "1")
    check(done.returncode == 0, "hestia stats dsr of the bands", done.stderr)
    answer = next(csv.DictReader(done.stdout.splitlines()))
    check(close(float(answer["value"]), fact_of(shown["dsr", "5NK"], "dsr")), "hestia stats dsr of the bands", done.stdout)
    for measure in ("crude", "hhi", "acs_score", "table_growth"):
        done = hestia("explain", "all.yaml", measure, "--area", "5NK", "--period", "2010/11", "--bands", "none.csv")
        check(done.returncode == 2 and "has no bands" in done.stderr and not done.stdout, f"{measure} has no bands",
              done.stderr + done.stdout)
        check(not os.path.exists(os.path.join(folder, "none.csv")), "nothing is written", measure)
    done = hestia("explain", "all.yaml", "dsr", "--area", "5NK", "--period", "2010/11", "--bands", "absent/bands.csv")
    check(done.returncode == 1 and "absent/bands.csv" in done.stderr, "a folder that is not there", done.stderr)


def close(a, b):
    return abs(a - b) <= 1e-12 * abs(b)


def check_statistics(folder, hestia):
    write_all(folder)
    done = hestia("run", "all.yaml", "--quiet")
    check(done.returncode == 0, "the run of every statistic", done.stderr)
    ids = re.findall(r"\{id: (\w+), (?:statistic|unit|dataset)", ALL)
    check(len(ids) == 20, "every measure is asked for", repr(ids))
    shown = {}
    for measure in ids:
        for area in ("5NK", "England"):
            period = "2010/11 Q3" if measure == "growth" else "2010/11"
            done = hestia("explain", "all.yaml", measure, "--area", area, "--period", period)
            if area == "England" and measure in ("acs_score", "table_growth"):
                expected = "comparators" if measure == "acs_score" else "has no such number"
                check(expected in done.stderr + done.stdout, f"{measure} of a comparator", done.stderr + done.stdout)
                continue
            check(done.returncode == 0 and "they agree" in done.stdout, f"{measure} of {area}", done.stderr + done.stdout)
            shown[measure, area] = done.stdout

    for area in ("5NK", "England"):
        text = shown["mean_los", area]
        stays = [(int(row["days"]), int(row["stays"])) for row in table_of(text, "days")]
        check(len(stays) > 3 and stays[0][0] == 1, "lengths from los_min on", text)
        check(close(sum(d * n for d, n in stays) / sum(n for _, n in stays), fact_of(text, "mean_los")), "mean_los", text)
        text = shown["hhi", area]
        counts = [int(row["count"]) for row in table_of(text, "provider")]
        check(len(counts) == 3 and close(sum(n * n for n in counts) / sum(counts) ** 2, fact_of(text, "hhi")), "hhi", text)
        text = shown["readmission", area]
        readmitted, stays = fact_of(text, "readmitted"), fact_of(text, "stays that might be followed by one")
        check(0 < readmitted < stays and close(100 * readmitted / stays, fact_of(text, "readmission")), "readmission", text)
        text = shown["crude", area]
        repeats = [line.split() for line in text.split("by their number of events\n")[1].split("\n\n")[0].splitlines()[1:]]
        squares = sum(int(events) ** 2 * int(people) for events, people, _ in repeats)
        check(len(repeats) > 2 and squares == fact_of(text, "V = sum of people x events^2"), "repeats", text)
        text = shown["std_mean_los", area]
        rows = [line.split() for line in text.splitlines() if line.startswith("persons")]
        weights = sum(float(row[-2]) for row in rows)
        check(len(rows) == 2 and close(sum(float(row[3]) / float(row[2]) * float(row[-2]) for row in rows) / weights,
                                       fact_of(text, "std_mean_los")), "std_mean_los", text)
    text = shown["acs_score", "5NK"]
    check(len(table_of(text, "area")) == 4 and 1 <= fact_of(text, "acs_score") <= 9, "acs_score", text)

    check_bands(folder, hestia, shown)

    done = hestia("explain", "all.yaml", "op", "--area", "5NK", "--period", "2010/11", "--keys", "visits.csv")
    with open(os.path.join(folder, "visits.csv")) as file:
        keys = file.read().split()
    check(keys[0] == "ATTENDKEY" and len(keys) - 1 == fact_of(done.stdout, "events"), "keys of attendances", done.stdout)

    done = hestia("explain", "all.yaml", "cips", "--area", "5NK", "--period", "2010/11", "--keys", "cips.csv")
    with open(os.path.join(folder, "cips.csv")) as file:
        n_keys = len(file.readlines()) - 1
    check(n_keys == fact_of(done.stdout, "events") and "continuous inpatient spells of 5NK" in done.stdout, "keys of stays",
          done.stdout)


def check_release(folder, hestia):
    """Every statistic released: true numbers out of internal/, and what the rule made of them."""
    def write_study(disclosure, internal):
        with open(os.path.join(folder, "released.yaml"), "w") as file:
            file.write(ALL.replace("publish: {disclosure: none}", f"publish: {{directory: released, disclosure: {disclosure}, "
                                                                  f"internal: {internal}}}"))
        done = hestia("run", "released.yaml", "--quiet")
        check(done.returncode == 0, "the run of a release", done.stderr)

    def explain(measure, area, period="2010/11"):
        done = hestia("explain", "released.yaml", measure, "--area", area, "--period", period)
        check(done.returncode == 0, f"{measure} of {area}", done.stderr)
        return done.stdout.split("released/latest/", 1)[1]

    path = os.path.join(folder, "released/latest/release/results.csv")

    def released(measure, area):
        with open(path, newline="") as file:
            return next(row for row in csv.DictReader(file) if (row["measure"], row["area_code"], row["sex"], row["split"]) ==
                        (measure, area, "persons", "") and not row["statistic"].endswith(("median_los", "p90_los")))

    write_study("{rule: hes2018, min: 4, round: 7, decimals: 1}", "true")
    ids = re.findall(r"\{id: (\w+), (?:statistic|unit|dataset)", ALL)
    n_rounded = 0
    for measure in ids:
        for area in ("5NK", "England"):
            if area == "England" and measure in ("acs_score", "table_growth"):
                continue
            said = explain(measure, area, "2010/11 Q3" if measure == "growth" else "2010/11")
            true, made = said.split("released/latest/results.csv: ")
            check(true.startswith("internal/results.csv: ") and ("they agree" in true or "the counts agree" in true),
                  f"{measure} of {area} in internal/", said)
            check("true numbers: not for release" in made, f"{measure} of {area}: what it is", said)
            check("that is what the rule makes of" in made or "withheld" in made, f"{measure} of {area} in release/", said)
            n_rounded += "that is what the rule makes of" in made and true.splitlines()[0].split(": ")[1] != made.splitlines()[0]
    check(n_rounded > 20, "most are rounded", str(n_rounded))

    # a release that is not what the rule makes of it
    for measure, column, change in (("dsr", "value", 0.1), ("crude", "value", 0.1), ("mean_los", "total_count", 7),
                                    ("placed", "value", 7), ("readmission", "value", 0.1), ("bed_day_rate", "value", 0.1)):
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        row = next(row for row in rows if (row["measure"], row["area_code"]) == (measure, "5QL") and row[column])
        row[column] = repr(float(row[column]) + change)
        for place in (path, os.path.join(folder, "released/latest/results.csv")):
            with open(place, "w", newline="") as file:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
                writer.writerows(rows)
        said = explain(measure, "5QL")
        check("THIS IS NOT WHAT hes2018 MAKES OF THE NUMBERS ABOVE" in said, f"{measure} was changed", said)

    # without internal/, and with counts that are all small
    write_study("{rule: hes2018, min: 1000, round: 5}", "false")
    said = explain("dsr", "5NK")
    check("internal/" not in said and "withheld under hes2018: the count is above 0 and below 1000" in said, "a small count", said)
    check(released("dsr", "5NK")["total_count"] == "", "it is not there")
    said = explain("table_growth", "5NK")
    check("that is what the rule makes of" in said, "of a table nothing is protected", said)


def write_inputs(folder):
    def write(name, text):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)

    write("apc.csv", HEADER + "\n" + "".join(
        f"{key},P{key:031d},{day},{day},{day},{day},{order},{status},1,{klass},{method},19,19,{sex},{age},RXX,{area},I48X\n"
        for key, day, order, status, klass, method, sex, age, area in ROWS))
    write("names.csv", "code,name\n5NK,Wirral\n5J6,Calderdale\n")
    write("standard.csv", "age_lower,age_upper,weight\n0,64,3\n65,999,1\n")
    write("population.csv", "area,year,sex,age_lower,age_upper,population\n" + "".join(
        f"{area},2010,{sex},{lower},{upper},{people}\n"
        for area in ("5NK", "5J6")
        for sex, lower, upper, people in ((1, 0, 64, 9000), (2, 0, 64, 8000), (1, 65, 999, 2000), (2, 65, 999, 2100))))
    write("study.yaml", STUDY)


def check(condition, what, output=""):
    if not condition:
        sys.exit(f"failed: {what}\n{output}")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="hestia-explain-") as folder:
        write_inputs(folder)

        def hestia(*arguments):
            return subprocess.run([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True)

        def explain(measure="emergency", area="5NK", period="2010/11 Q1", *more):
            return hestia("explain", "study.yaml", measure, "--area", area, "--period", period, *more)

        def refused(done, status, message):
            check(done.returncode == status and message in done.stderr, f"refusal {message!r}",
                  f"exit {done.returncode}\n{done.stderr}{done.stdout}")

        refused(explain(), 2, "no results are there yet")
        done = hestia("run", "study.yaml", "--quiet")
        check(done.returncode == 0, "the run", done.stderr)

        done = explain("emergency", "5NK", "2010/11 Q1", "--keys", "keys.csv")
        check(done.returncode == 0, "explain", done.stderr)
        lines = done.stdout.splitlines()
        steps = [int(line.split()[0]) for line in lines[lines.index("Left after each step") + 1:] if line[:1] == " "]
        check(steps == sorted(steps, reverse=True), "steps only leave fewer rows", done.stdout)
        check(steps[0] == 10 and steps[-1] == 6, "ten rows of the quarter, six counted", done.stdout)
        first, second = [next(i for i, line in enumerate(lines) if line.split()[1:2] == [band]) for band in ("0-64", "65+")]
        check(lines[first].split()[2:5] == ["3", "17000", "3"], "first band", done.stdout)
        check(lines[second].split()[2:5] == ["2", "4100", "1"], "second band", done.stdout)
        total = [line.split() for line in lines if line.startswith("sum")][0]
        check(total[1] == "5" and abs(float(total[2]) - RATE) < 1e-9 * RATE, "the rate", done.stdout)
        check("1 of those counted have no known sex or age" in done.stdout, "who is left out", done.stdout)
        check("they agree" in lines, "agreement with results.csv", done.stdout)

        with open(os.path.join(folder, "keys.csv")) as file:
            keys = [row["EPIKEY"] for row in csv.DictReader(file)]
        check(keys == [str(600000000101 + i) for i in range(6)], "keys", repr(keys))
        mode = stat.S_IMODE(os.stat(os.path.join(folder, "keys.csv")).st_mode)
        check(mode == 0o600, "the keys are private", oct(mode))

        done = explain("emergency", "England")
        check(done.returncode == 0 and "they agree" in done.stdout, "a comparator", done.stderr + done.stdout)
        for measure in ("emergency_crude", "emergency_count"):
            done = explain(measure)
            check(done.returncode == 0 and "they agree" in done.stdout, measure, done.stderr + done.stdout)
        done = explain("emergency", "5NK", "2010/11 Q2")
        check(done.returncode == 0 and "they agree" in done.stdout, "one event", done.stderr + done.stdout)

        refused(explain("emergencies"), 2, "did you mean `emergency`")
        refused(explain("emergency", "5ZZ"), 2, "neither an area")
        refused(explain("emergency", "5NK", "2010"), 2, "is not a period")
        refused(explain("emergency", "5NK", "2010/11"), 2, "not published for the year")
        refused(explain("emergency", "5NK", "2010/11 Q3"), 2, "not published for the quarter")
        refused(hestia("explain", "study.yaml", "emergency"), 2, "--area")
        refused(explain("emergency", "5NK", "2010/11 Q1", "--keys", "absent/keys.csv"), 1, "absent/keys.csv")

        # a study that has changed since is not explained as if it had not
        with open(os.path.join(folder, "population.csv")) as file:
            text = file.read()
        with open(os.path.join(folder, "population.csv"), "w") as file:
            file.write(text.replace("5NK,2010,1,0,64,9000", "5NK,2010,1,0,64,9500"))
        done = explain()
        check(done.returncode == 0 and "THEY DIFFER" in done.stdout, "a changed population", done.stderr + done.stdout)
        check_statistics(folder, hestia)
        check_release(folder, hestia)


main()
