"""hestia explain: a number that is small enough to be worked out by hand, taken apart.

    python3 tests/cli/test_explain.py HESTIA
"""

import csv
import os
import stat
import subprocess
import sys
import tempfile

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
        steps = [int(line.split()[0]) for line in lines[lines.index("Rows left after each step") + 1:] if line[:1] == " "]
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


main()
