"""The people pass of bench/run: studies on one store, the check of their numbers against DuckDB's, speed, and growth with the data."""
import csv
import json
import os
import shutil
import statistics
import sys
from collections import Counter, defaultdict
from statistics import NormalDist

import plot

STUDY = """study: {name}
period: {{from: {start}, to: {end}}}
store: {store}
extracts: [{{dataset: apc, files: [{files}]}}]
areas: {{type: pct, field: RESPCT_HIS, comparators: [{{name: England, areas: all}}]}}
population: {population}
standard_population: esp1976
{cohorts}measure_defaults: {{unit: admission, by: quarter, statistic: count}}
measures:
{measures}
quality: {{max_rejected: 0.01, max_unknown_area: 0.5}}
publish: {{directory: results, formats: csv, disclosure: none}}
"""
COHORTS = "cohorts: [{{id: diabetes, condition: diabetes_any, window: {{from: {start}, to: {end}}}}}]\n"

ADMISSIONS = """\
{id: emergency, where: {admission_method: emergency}, statistic: dsr}
{id: elective, where: {admission_method: elective}, statistic: dsr}
"""
WORKED = ADMISSIONS + """\
{id: complications, where: {admission_method: emergency, condition: diabetes_complications, positions: primary}, statistic: dsr, interval: repeat-adjusted}
{id: dementia_los, unit: spell, where: {admission_method: emergency, condition: dementia, episode: any}, statistic: mean_los, by: month}
{id: cohort_emergency, where: {admission_method: emergency, cohort: diabetes}}
{id: continuous, unit: cips}
"""
STAYS = """\
{id: continuous_bed_days, unit: cips, statistic: bed_day_rate}
{id: readmission, unit: cips, statistic: readmission}
"""
# what a reader of the worked study might ask next
CONDITIONS = """acsc_angina acsc_asthma acsc_cellulitis acsc_convulsions_epilepsy acsc_copd acsc_dehydration_gastroenteritis acsc_heart_failure
acsc_hypertension acsc_influenza_pneumonia acsc_pyelonephritis stroke diabetes_primary""".split()
TWENTY = "".join(f"{{id: {c}, where: {{admission_method: emergency, condition: {c}}}, statistic: dsr}}\n" for c in CONDITIONS) + """\
{id: stroke_los, unit: spell, where: {admission_method: emergency, condition: stroke}, statistic: mean_los}
{id: heart_failure_los, unit: spell, where: {admission_method: emergency, condition: acsc_heart_failure}, statistic: mean_los}
{id: elective_los, unit: spell, where: {admission_method: elective}, statistic: mean_los}
{id: spells, unit: spell}
{id: old, where: {admission_method: emergency, age: [75, 120]}, statistic: crude_rate}
{id: day_cases, where: {admission_method: elective, patient_class: 2}, statistic: dsr}
{id: cohort_elective, where: {admission_method: elective, cohort: diabetes}}
{id: others_emergency, where: {admission_method: emergency, not_cohort: diabetes}}
"""
CHECKED = WORKED + """\
{id: emergency_1, where: {admission_method: emergency, sex: 1}, split: age_band}
{id: emergency_2, where: {admission_method: emergency, sex: 2}, split: age_band}
{id: elective_1, where: {admission_method: elective, sex: 1}, split: age_band}
{id: elective_2, where: {admission_method: elective, sex: 2}, split: age_band}
{id: complications_count, where: {admission_method: emergency, condition: diabetes_complications, positions: primary, sex: [1, 2], age: [0, 120]}}
{id: repeats, where: {admission_method: emergency}, statistic: dsr, interval: repeat-adjusted, by: year}
"""
WEIGHTS = {0: 8000, **dict.fromkeys(range(5, 55, 5), 7000), 55: 6000, 60: 5000, 65: 4000, 70: 3000, 75: 2000, 80: 1000, 85: 1000}
GROWTH = (1, 2, 5, 10, 20)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as source:
        yield from csv.DictReader(source)


def dobson_byar(strata, population):
    """Rate and limits per 100,000 of {(sex, band): {events: people}}, events of one person not independent."""
    z, total = NormalDist().inv_cdf(0.975), 2 * sum(WEIGHTS.values())
    events, rate, variance = 0, 0.0, 0.0
    for (sex, band), people in sorted(strata.items()):
        n = sum(f * k for f, k in people.items())
        share = WEIGHTS[band] / population[sex, band]
        events += n
        rate += share * n
        variance += share * share * sum(f * f * k for f, k in people.items())
    low = events * (1 - 1 / (9 * events) - z / (3 * events**0.5)) ** 3
    high = (events + 1) * (1 - 1 / (9 * (events + 1)) + z / (3 * (events + 1) ** 0.5)) ** 3
    scale = (variance / events) ** 0.5
    return [1e5 * (rate + scale * move) / total for move in (0, low - events, high - events)]


class People:
    """One store and its studies. `bench` runs commands, knows the options, and keeps the rows of paired measurements."""

    def __init__(self, bench):
        self.bench = bench
        self.path = bench.path
        self.figures = []  # (what, seconds of the pass, seconds of the run, MiB)

    def write_study(self, name, store, files, measures, population="population.csv", start="2001-04-01", end="2011-03-31"):
        cohorts = COHORTS.format(start=start, end=end) if "cohort: " in measures else ""
        with open(self.path(f"{name}.yaml"), "w", encoding="utf-8") as out:
            out.write(STUDY.format(name=name, store=store, files=files, cohorts=cohorts, population=population, start=start, end=end,
                                   measures="".join(f"  - {line}\n" for line in measures.splitlines())))

    def run(self, name, *more):
        shutil.rmtree(self.path(f"out-{name}"), ignore_errors=True)
        return [self.bench.hestia, "run", f"{name}.yaml", "--threads", "2", "--out", f"out-{name}", *more]

    def pass_seconds(self, name):
        with open(self.path(f"out-{name}", "latest", "manifest.json"), encoding="utf-8") as source:
            return next(t["seconds"] for t in json.load(source)["timings"] if t["stage"] == "people")

    def rival(self, *arguments):
        return ["node", os.path.join(self.bench.options.rivals, "people-duckdb.mjs"), *arguments]

    # ---- the same numbers ----

    def check(self, name, files, population, start, end):
        """Every cell of DuckDB's counts must be hestia's, and the limits must be those of its people by number of events."""
        self.write_study(f"check-{name}", f"store-{name}", ", ".join(files), CHECKED, population, start, end)
        self.bench.measure(self.run(f"check-{name}"), self.bench.dir)
        self.bench.measure(self.rival("create", f"{name}.duckdb", *files), self.bench.dir)
        self.bench.measure(self.rival("check", "2", f"{name}.duckdb", f"duckdb-check-{name}", start, end), self.bench.dir)
        theirs = {table: list(rows_of(self.path(f"duckdb-check-{name}", f"{table}.csv")))
                  for table in ("admissions", "complications", "dementia", "cohort_emergency", "cohort", "continuous", "totals", "repeats")}
        results = [row for row in rows_of(self.path(f"out-check-{name}", "latest", "results.csv")) if row["area_role"] != "comparator"]
        areas = {row["area_code"] for row in results}
        n = self.check_counts(name, results, areas, theirs)
        n += self.check_stays(name, results, areas, theirs["dementia"])
        n += self.check_limits(name, results, areas, theirs, population)
        n += self.check_cohort(name, areas, theirs["cohort"])
        self.check_totals(name, theirs["totals"][0])
        print(f"people of {name}: {n} counts and limits agree with DuckDB", file=sys.stderr)

    @staticmethod
    def agree(name, what, ours, theirs):
        different = [key for key in sorted(set(ours) | set(theirs)) if ours.get(key) != theirs.get(key)]
        if different or not ours:
            sys.exit(f"{name}: {what}: {len(different)} of {len(theirs)} differ from DuckDB, first "
                     + ", ".join(f"{key}: {ours.get(key)} and {theirs.get(key)}" for key in different[:5]))
        return len(ours)

    def check_counts(self, name, results, areas, theirs):
        ours = defaultdict(dict)
        for row in results:
            if row["statistic"] == "count" and row["total_count"] != "0":
                quarter = f"{row['period_start'][:4]}Q{(int(row['period_start'][5:7]) + 2) // 3}"
                measure, _, sex = row["measure"].partition("_")
                if sex in ("1", "2") and row["split_by"] == "age_band" and row["split"] != "unknown":
                    band = int(row["split"].rstrip("+").split("-")[0])
                    ours["admissions"][row["area_code"], quarter, sex, band, "E" if measure == "emergency" else "P"] = int(row["total_count"])
                elif row["split_by"] == "":
                    ours[row["measure"]][row["area_code"], quarter] = int(row["total_count"])
        rival = defaultdict(Counter)
        for row in theirs["admissions"]:
            rival["admissions"][row["area"], row["quarter"], row["sex"], int(row["band"]), row["class"]] += int(row["n"])
        for row in theirs["complications"]:
            rival["complications_count"][row["area"], row["quarter"]] += int(row["events"]) * int(row["people"])
        for table in ("cohort_emergency", "continuous"):
            for row in theirs[table]:
                rival[table][row["area"], row["quarter"]] += int(row["n"])
        return sum(self.agree(name, table, ours[table], {k: n for k, n in rival[table].items() if k[0] in areas}) for table in rival)

    def check_stays(self, name, results, areas, theirs):
        """Number and sum exactly; the sum of squares by the upper limit, mean + t s / sqrt n, with one t for each n."""
        ours, above = {}, {}
        for row in results:
            if row["statistic"] == "mean_los" and row["total_count"] != "0":
                key, n, mean = (row["area_code"], row["period"]), int(row["total_count"]), float(row["value"])
                ours[key] = (n, round(n * mean, 6))
                if row["uppercl"]:
                    above[key] = float(row["uppercl"]) - mean
        rival = {(row["area"], row["month"]): [int(row[c]) for c in ("n", "days", "squares")] for row in theirs if row["area"] in areas}
        n_agree = self.agree(name, "stays", ours, {key: (n, days) for key, (n, days, _) in rival.items()})
        t_of = {2: 12.7062047361747}
        for key, distance in above.items():
            n, days, squares = rival[key]
            error = ((squares - days * days / n) / (n - 1) / n) ** 0.5
            t = t_of.setdefault(n, distance / error) if error > 0 else 0
            if abs(distance - t * error) > 1e-9 * max(1, distance):
                sys.exit(f"{name}: stays: the limit of {key} is not that of DuckDB's sum of squares")
        return n_agree + len(above)

    def check_limits(self, name, results, areas, theirs, population_file):
        """Rates and repeat-adjusted limits of DuckDB's people by number of events."""
        population = defaultdict(Counter)
        for row in rows_of(self.path(population_file)):
            band = min(int(row["age_lower"]) // 5 * 5, 85)
            population[row["area"], int(row["year"])][row["sex"], band] += float(row["population"])
        strata = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
        for measure, period in (("repeats", "year"), ("complications", "quarter")):
            for row in theirs[measure]:
                strata[measure, row["area"], row[period]][row["sex"], int(row["band"])][int(row["events"])] += int(row["people"])
        n = 0
        for row in results:
            if row["measure"] not in ("repeats", "complications") or row["value"] == "":
                continue
            year, month = int(row["period_start"][:4]), int(row["period_start"][5:7])
            period = str(year) if row["measure"] == "repeats" else f"{year}Q{(month + 2) // 3}"
            expected = dobson_byar(strata[row["measure"], row["area_code"], period], population[row["area_code"], year - (month < 4)])
            ours = [float(row[column]) for column in ("value", "lowercl", "uppercl")]
            if any(abs(a - b) > 1e-9 * abs(b) for a, b in zip(ours, expected)):
                sys.exit(f"{name}: {row['measure']} {row['area_code']} {period}: {ours}, by DuckDB's people {expected}")
            n += 3
        if n == 0:
            sys.exit(f"{name}: no rate has the 10 events that its limits need")
        return n

    def check_cohort(self, name, areas, theirs):
        ours = {(row["area_code"], row["year"][:4]): int(row["members"])
                for row in rows_of(self.path(f"out-check-{name}", "latest", "cohorts.csv")) if row["area_code"] in areas and row["members"] != "0"}
        return self.agree(name, "cohort", ours, {(row["area"], row["year"]): int(row["members"]) for row in theirs if row["area"] in areas})

    def check_totals(self, name, theirs):
        audit = {row["reason"]: int(row["n"]) for row in rows_of(self.path(f"out-check-{name}", "latest", "audit.csv"))
                 if row["stage"] == "people" and row["measure"] == ""}
        self.agree(name, "totals", {"episodes": audit["episodes"], "spells": audit["spells"], "continuous": audit["continuous spells"]},
                   {key: int(theirs[key]) for key in ("episodes", "spells", "continuous")})

    def check_synthetic(self):
        """Artificial people who move, transfer, repeat and die: rules that the generated extract hardly meets."""
        if not os.path.isdir(self.path("synthetic")):
            self.bench.measure([self.bench.hestia, "synth", "synthetic", "--people", "300000", "--areas", "12", "--quiet"], self.bench.dir)
        extracts = sorted(os.listdir(self.path("synthetic", "extracts")))
        self.check("synthetic", [f"synthetic/extracts/{f}" for f in extracts], "synthetic/population.csv", "2008-04-01", "2011-03-31")

    # ---- speed ----

    def speed(self, with_rival):
        studies = (("people", WORKED), ("stays", WORKED + STAYS), ("more", WORKED + TWENTY), ("admissions", ADMISSIONS))
        for name, measures in studies:
            self.write_study(name, "store-people", "big.csv.gz", measures)
        self.bench.measure(self.run("people"), self.bench.dir)  # fills the store
        pairs = self.bench.pairs
        if with_rival:
            duckdb = self.rival("count", "2", "people.duckdb", "duckdb-people", "2001-04-01", "2011-03-31")
            pairs("the worked study's people from the store / DuckDB from its own file", lambda: self.run("people"), lambda: duckdb,
                  "wall", "<= 0.1")
        pairs("continuous bed days and readmissions too / the worked study", lambda: self.run("stays"), lambda: self.run("people"), "wall", "")
        pairs("twenty measures more / the worked study", lambda: self.run("more"), lambda: self.run("people"), "wall", "< 2")
        pairs("nothing to link / the worked study", lambda: self.run("admissions"), lambda: self.run("people"), "wall", "< 1")
        for what, name in (("the worked study", "people"), ("continuous bed days and readmissions too", "stays"),
                           ("twenty measures more", "more"), ("nothing to link", "admissions")):
            self.figures.append((what, *self.figure(name)))

    def figure(self, name, *more):
        """Medians of three runs: seconds of the people pass, seconds of the run; the largest peak in MiB."""
        runs = []
        for _ in range(3):
            whole = self.bench.measure(self.run(name, *more), self.bench.dir)
            runs.append((self.pass_seconds(name), whole["wall"], whole["mib"]))
        seconds, wall, mib = zip(*runs)
        return statistics.median(seconds), statistics.median(wall), max(mib)

    # ---- growth ----

    def growth(self):
        """Time and peak memory with 1 to 20 times as many people, each in a file of its own; the files are removed afterwards."""
        unit, points = self.bench.options.growth_rows, []
        people = unit // 3 + 2  # hesgen draws a third of a person a row, or less
        try:
            for n in GROWTH:
                files = [f"growth.{i:02}.csv.gz" for i in range(1, n + 1)]
                for i, name in enumerate(files):
                    if not os.path.exists(self.path(name)):
                        self.bench.shell(f"./hesgen -s {i + 1} -f {i * people} '{self.bench.sample}' {unit} | igzip -1 > growth.new "
                                         f"&& mv growth.new {name}")
                self.write_study("growth", "store-growth", ", ".join(files), WORKED + STAYS)
                self.bench.measure(self.run("growth"), self.bench.dir)  # reads what is new
                points.append((n * unit, self.figure("growth"), self.figure("growth", "--memory", "256M")))
                print("\t".join(["growth", str(n * unit)] + [f"{v:.2f}" for p in points[-1][1:] for v in (p[0], p[2])]), flush=True)
        finally:
            for i in range(1, max(GROWTH) + 1):
                if os.path.exists(self.path(f"growth.{i:02}.csv.gz")):
                    os.remove(self.path(f"growth.{i:02}.csv.gz"))
            shutil.rmtree(self.path("store-growth"), ignore_errors=True)
        return points

    # ---- words ----

    def table(self):
        rows = self.bench.options.rows
        text = ("| run from the store, 2 threads | people pass s | million episodes/s | whole run s | million episodes/s | peak MiB | goal |\n"
                "| --- | --- | --- | --- | --- | --- | --- |\n")
        for what, seconds, wall, mib in self.figures:
            goal = ">= 5" if what == "the worked study" else ""
            text += f"| {what} | {seconds:.2f} | **{rows / seconds / 1e6:.1f}** | {wall:.2f} | {rows / wall / 1e6:.1f} | {mib} | {goal} |\n"
        return text

    @staticmethod
    def growth_text(points, path):
        def curves(column):
            return [[(n / 1e6, free[column]) for n, free, _ in points], [(n / 1e6, bound[column]) for n, _, bound in points]]

        plot.write(path, "million episodes", ["default, 1 GiB", "--memory 256M"],
                   [("Seconds of the people pass", curves(0)), ("Peak memory, MiB", curves(2))])
        text = ("![Time and peak memory by number of episodes](growth.svg)\n\n"
                "| million episodes | people pass s | s a million | peak MiB | with --memory 256M s | s a million | peak MiB |\n"
                "| --- | --- | --- | --- | --- | --- | --- |\n")
        for n, free, bound in points:
            million = n / 1e6
            text += (f"| {million:g} | {free[0]:.2f} | {free[0] / million:.3f} | {free[2]} | {bound[0]:.2f} | {bound[0] / million:.3f} "
                     f"| {bound[2]} |\n")
        return text
