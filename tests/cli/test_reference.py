"""Whole runs whose counts and rates a separate implementation reproduces (reference_run.py).

    python3 tests/cli/test_reference.py HESTIA REPOSITORY synthetic|lookup|artificial|people
"""

import csv
import datetime
import os
import subprocess
import sys
import tempfile

import reference_run as reference
import reference_stays

EMERGENCY, ELECTIVE = "emergency", "elective"
METHODS = {EMERGENCY: reference.EMERGENCY, ELECTIVE: reference.ELECTIVE}


def measure(name, statistic, by, **where):
    return dict(id=name, statistic=statistic, by=by, **where)


# One list for both sides: `yaml_of` writes a measure for hestia, reference_run reads it as it is.
MEASURES = [
    measure("emergency", "dsr", ["quarter", "year"], method=EMERGENCY),
    measure("elective", "count", ["month", "quarter", "year"], method=ELECTIVE),
    measure("elective_crude", "crude_rate", ["quarter"], method=ELECTIVE),
    measure("copd", "dsr", ["quarter", "year"], method=EMERGENCY, conditions=["acsc_copd", "acsc_copd_j20"]),
    measure("heart_failure", "crude_rate", ["quarter"], method=EMERGENCY, conditions=["acsc_heart_failure"]),
    measure("cellulitis", "count", ["year"], conditions=["acsc_cellulitis"]),
    measure("bronchitis", "count", ["month"], conditions=["acsc_copd_j20"]),
    measure("dementia_episodes", "count", ["month"], unit="episode", conditions=["dementia"], positions="first3"),
    measure("diabetes_episodes", "crude_rate", ["year"], unit="episode", conditions=["diabetes_any"]),
    measure("diabetes_complications", "dsr", ["year"], method=EMERGENCY,
            conditions=["diabetes_complications"], positions="primary"),
    measure("older_women", "dsr", ["year"], method=EMERGENCY, sex="2", age=(65, 120), classes=["1"]),
    measure("attenders", "count", ["quarter"], classes=["3", "4"]),
    measure("every_episode", "count", ["month", "year"], unit="episode"),
]


def yaml_of(m):
    """A measure as the study file writes it."""
    where = []
    if "method" in m:
        where.append("admission_method: " + m["method"])
    if "conditions" in m:
        where.append("condition: [%s]" % ", ".join(m["conditions"]))
    if "positions" in m:
        where.append("positions: " + m["positions"])
    if "sex" in m:
        where.append("sex: [%s]" % m["sex"])
    if "age" in m:
        where.append("age: [%d, %d]" % m["age"])
    if "classes" in m:
        where.append("patient_class: [%s]" % ", ".join(m["classes"]))
    return "  - {id: %s, dataset: apc, unit: %s, statistic: %s, by: [%s], where: {%s}}\n" % (
        m["id"], m.get("unit", "admission"), m["statistic"], ", ".join(m["by"]), ", ".join(where))


def run(program, *arguments):
    done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("hestia %s ended with %d:\n%s" % (" ".join(arguments), done.returncode, done.stderr))


class Case:
    """A study for hestia and the same study for the reference."""

    def __init__(self, repository, folder):
        self.folder = folder
        self.reference_folder = os.path.join(repository, "reference")
        self.period = None
        self.head = ""
        self.study = None
        self.area_column = ""
        self.measures = MEASURES
        self.extracts = []

    def table(self, name):
        return os.path.join(self.reference_folder, name)

    def check(self, program):
        path = os.path.join(self.folder, "check.yaml")
        first, last = self.period
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("study: check\nperiod: {from: %s, to: %s}\n%smeasures:\n" % (first, last, self.head))
            stream.writelines(yaml_of(m) for m in self.measures)
            stream.write("publish: {directory: results, disclosure: none, formats: csv}\n")
        run(program, "run", path, "--quiet")

        conditions = reference.Conditions(self.table("conditions.csv"))
        episodes = reference.drop_repeats([
            reference.Episode(row, self.area_column)
            for extract in self.extracts for row in reference.read_extract(extract)])
        with open(os.path.join(self.folder, "results/latest/results.csv"), newline="",
                  encoding="utf-8") as stream:
            ours = list(csv.DictReader(stream))
        faults, n_rows, n_events = [], 0, 0
        for m in self.measures:
            asked = dict(m)
            if "method" in m:
                asked["methods"] = METHODS[m["method"]]
            expected = self.study.results(asked, episodes, conditions, first, last)
            faults += reference.compare(ours, expected, m["id"])
            n_rows += len(expected)
            n_events += sum(row[0] for row in expected.values())
        print("%d episodes, %d rows compared, %d events" % (len(episodes), n_rows, n_events))
        if faults:
            print("\n".join(faults[:40]))
            sys.exit("%d differences" % len(faults))
        return n_events


def synthetic(case, program):
    """Artificial people of 2008/09 to 2010/11: ESP 1976 by age and sex, the whole of England given."""
    run(program, "synth", case.folder, "--people", "20000", "--areas", "8", "--quiet")
    names = [row["code"] for row in reference.read_table(os.path.join(case.folder, "pct_names.csv"))]
    case.extracts = [os.path.join(case.folder, "extracts/apc_%s.csv.gz" % y)
                     for y in ("200809", "200910", "201011")]
    case.period = datetime.date(2008, 4, 1), datetime.date(2011, 3, 31)
    case.area_column = "RESPCT06"
    case.head = """extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}]
areas:
  field: RESPCT06
  names: pct_names.csv
  sites: [5J6, 5QL, 5NK]
  comparators: [{name: England, areas: all, population_area: ENG}]
population: population.csv
standard_population: esp1976
standardise_by: age_sex
"""
    case.study = reference.Study(case.table("esp1976.csv"), os.path.join(case.folder, "population.csv"),
                                 set(names), "ENG", [], "financial", True)
    return case.check(program)


def lookup(case, program):
    """2005/06 to 2007/08 across the reorganisation of October 2006: dated lookup, pipes, ESP 2013 by
    age alone, calendar denominators, England as the sum of its areas."""
    run(program, "synth", case.folder, "--people", "12000", "--areas", "5", "--years", "2005-2007",
        "--seed", "17", "--format", "pipe", "--quiet")
    names = [row["code"] for row in reference.read_table(os.path.join(case.folder, "pct_names.csv"))]
    with open(os.path.join(case.folder, "residents.csv"), "w", encoding="utf-8") as out:
        with open(os.path.join(case.folder, "population.csv"), encoding="utf-8") as whole:
            out.writelines(line for line in whole if not line.startswith("ENG"))
    case.extracts = [os.path.join(case.folder, "extracts/apc_%s.txt.gz" % y)
                     for y in ("200506", "200607", "200708")]
    case.period = datetime.date(2005, 4, 1), datetime.date(2008, 3, 31)
    case.area_column = "RESPCT_HIS"
    case.head = """extracts: [{dataset: apc, files: extracts/apc_*.txt.gz}]
areas:
  field: RESPCT_HIS
  lookup: %s
  names: pct_names.csv
  sites: [5J6, 5QL, 5NK]
  comparators: [{name: England, areas: all}]
population: residents.csv
standard_population: esp2013
standardise_by: age
denominator_year: calendar
""" % case.table("pct_lookup_study_2002_2006.csv")
    # a rate of a year over two calendar years would need a rule of its own: quarters and months only
    case.measures = [dict(m, by=[b for b in m["by"] if b != "year"] or ["quarter"]) for m in MEASURES]
    case.study = reference.Study(case.table("esp2013_19bands.csv"),
                                 os.path.join(case.folder, "residents.csv"), set(names), None,
                                 reference.read_table(case.table("pct_lookup_study_2002_2006.csv")),
                                 "calendar", False)
    return case.check(program)


def artificial(case, program):
    """The official artificial sample: real layout and dirt, columns drawn independently."""
    sample = os.path.join(os.path.dirname(case.reference_folder),
                          "tests/data/artificial_hes_apc_0102_truncated.csv")
    names = [row["pct_code"] for row in reference.read_table(case.table("pct_names_codes_2011.csv"))]
    with open(os.path.join(case.folder, "names.csv"), "w", encoding="utf-8") as out:
        out.write("code,name\n" + "".join("%s,\n" % name for name in names))
    with open(os.path.join(case.folder, "population.csv"), "w", encoding="utf-8") as out:
        out.write("area,year,sex,age_lower,age_upper,population\n")
        for i, area in enumerate(names + ["ENG"]):
            for sex in "12":
                for band in range(19):
                    n = 1013 + 17 * i + 5 * band + (3 if sex == "2" else 0)
                    n = n * 150 if area == "ENG" else n
                    out.write("%s,2001,%s,%d,%d,%d\n" %
                              (area, sex, 5 * band, 999 if band == 18 else 5 * band + 4, n))
    case.extracts = [sample]
    case.period = datetime.date(2001, 4, 1), datetime.date(2002, 3, 31)
    case.area_column = "RESPCT_HIS"
    case.head = """extracts: [{dataset: apc, files: %s}]
areas:
  field: RESPCT_HIS
  lookup: %s
  names: names.csv
  sites: [5J6, 5QL, 5NK]
  comparators: [{name: England, areas: all, population_area: ENG}]
population: population.csv
quality: {max_unknown_area: 1}
""" % (sample, case.table("pct_lookup_study_2002_2006.csv"))
    case.study = reference.Study(case.table("esp2013_19bands.csv"),
                                 os.path.join(case.folder, "population.csv"), set(names), "ENG",
                                 reference.read_table(case.table("pct_lookup_study_2002_2006.csv")),
                                 "financial", True)
    return case.check(program)


# What is made of stays and people; `extra` is how the study file says the rest of a measure.
PEOPLE = [
    measure("los", "mean_los", ["month", "year"], method=EMERGENCY),
    measure("los_cut", "mean_los", ["year"], los_min=1, los_cap=14, extra="los_min: 1, los_cap: 14"),
    measure("los_cips", "mean_los", ["year"], unit="cips"),
    measure("standard_los", "std_mean_los", ["quarter", "year"], method=EMERGENCY),
    measure("days", "bed_days", ["month", "year"]),
    measure("days_placed", "bed_days", ["month", "year"], bed_days="placed", extra="bed_days: placed"),
    measure("day_rate", "bed_day_rate", ["quarter"]),
    measure("back", "readmission", ["quarter", "year"], unit="cips",
            extra="exclude_condition: none, exclude_specialty: none"),
    measure("providers", "hhi", ["year"], method=ELECTIVE, unit="admission"),
    measure("grown", "growth", ["year"], base="2008/09", unit="admission", extra="base: 2008/09"),
    measure("crude_again", "crude_rate", ["quarter"], unit="admission", extra="interval: repeat-adjusted"),
    measure("direct_again", "dsr", ["quarter", "year"], method=EMERGENCY, unit="admission",
            extra="interval: repeat-adjusted"),
    measure("everybody", "count", ["month", "year"], unit="person", method=EMERGENCY),
    measure("everybody_rate", "crude_rate", ["year"], unit="person"),
    measure("indirect", "isr", ["quarter", "year"], method=EMERGENCY, unit="admission"),
    measure("indirect_year", "isr", ["quarter", "year"], method=EMERGENCY, unit="admission",
            reference_year="2008/09", extra="reference: {year: 2008/09}"),
    measure("ratio", "smr", ["year"], method=ELECTIVE, unit="admission"),
    measure("score", "acs_score", ["year"], method=EMERGENCY, unit="admission"),
]


def people(case, program):
    """Everything that follows people: stays, readmissions, repeated events, rates of areas."""
    run(program, "synth", case.folder, "--people", "20000", "--areas", "8", "--seed", "5", "--quiet")
    names = [row["code"] for row in reference.read_table(os.path.join(case.folder, "pct_names.csv"))]
    first, last = datetime.date(2008, 4, 1), datetime.date(2011, 3, 31)
    deprivation = {code: 12.5 + 3.7 * i % 23 for i, code in enumerate(sorted(names)[1:])}
    with open(os.path.join(case.folder, "scores.csv"), "w", encoding="utf-8") as out:
        out.write("area,imd\n" + "".join("%s,%r\n" % pair for pair in sorted(deprivation.items())))
    path = os.path.join(case.folder, "people.yaml")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("""study: people
period: {from: %s, to: %s}
extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}]
areas:
  field: RESPCT06
  names: pct_names.csv
  comparators: [{name: England, areas: all, population_area: ENG}]
population: population.csv
standard_population: esp1976
deprivation: scores.csv
measures:
""" % (first, last))
        for m in PEOPLE:
            where = "admission_method: " + m["method"] if "method" in m else ""
            unit = ", unit: " + m["unit"] if "unit" in m else ""
            stream.write("  - {id: %s, statistic: %s%s, by: [%s], where: {%s}%s}\n" % (
                m["id"], m["statistic"], unit, ", ".join(m["by"]), where,
                ", " + m["extra"] if "extra" in m else ""))
        stream.write("publish: {directory: people, disclosure: none, formats: csv}\n")
    run(program, "run", path, "--quiet")

    study = reference.Study(case.table("esp1976.csv"), os.path.join(case.folder, "population.csv"),
                            set(names), "ENG", [], "financial", True)
    episodes = reference.drop_repeats([
        reference.Episode(row, "RESPCT06") for y in ("200809", "200910", "201011")
        for row in reference.read_extract(os.path.join(case.folder, "extracts/apc_%s.csv.gz" % y))])
    asked = reference_stays.Asked(study, episodes, reference.Conditions(case.table("conditions.csv")), first, last,
                                  deprivation)
    with open(os.path.join(case.folder, "people/latest/results.csv"), newline="", encoding="utf-8") as stream:
        ours = list(csv.DictReader(stream))
    faults, n_rows = [], 0
    for m in PEOPLE:
        if "method" in m:
            m = dict(m, methods=METHODS[m["method"]])
        for statistic, expected in asked.results(m).items():
            faults += reference.compare(ours, expected, m["id"], statistic)
            n_rows += len(expected)
    print("%d episodes, %d spells, %d continuous, %d rows compared" % (
        len(episodes), len(asked.spells), len(asked.continuous), n_rows))
    if faults or n_rows != len(ours):
        print("\n".join(faults[:40]))
        sys.exit("%d differences; %d rows, %d expected" % (len(faults), len(ours), n_rows))
    return n_rows


def main():
    program, repository, name = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="hestia-reference-") as folder:
        case = Case(os.path.abspath(repository), folder)
        if globals()[name](case, program) == 0:
            sys.exit("no event was counted: the test tests nothing")


if __name__ == "__main__":
    main()
