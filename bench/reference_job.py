"""The rivals part of bench/run: the reference job (rivals/README.md) by whatever is installed. Each rival's lines must be those of the others and
hestia's counts cell by cell before its time is taken, in turn with hestia's; then the table, the chart and the README's sentence."""
import csv
import os
import shutil
import statistics
import subprocess
import sys
from collections import Counter, namedtuple

import plot

CELLS = """study: cells
period: {{from: 2001-04-01, to: 2011-03-31}}
store: store-{name}
extracts: [{{dataset: apc, files: {files}}}]
areas: {{type: pct, field: RESPCT_HIS}}
population: population.csv
standard_population: esp1976
measure_defaults: {{unit: admission, by: quarter, statistic: count, split: age_band}}
measures:
{measures}quality: {{max_rejected: 0.01, max_unknown_area: 0.5}}
publish: {{directory: results, formats: csv, disclosure: none}}
"""
CELL = ("  - {{id: {method}_{sex}, where: {{admission_method: {method}, sex: {sex}, episode_type: 1, "
        "patient_class: ['1', '2', '3', '4', '5', '8', '9']}}}}\n")
FILES = {"gz": ["big.csv.gz"], "parts": [f"part.{i}.csv.gz" for i in range(1, 9)], "csv": ["big.csv"]}
NAMES = {"gz": "one gz", "parts": "eight gz", "csv": "plain csv", "store": "again, from the store"}
GOALS = {("DuckDB", "gz"): 6, ("DuckDB", "parts"): 7, ("DuckDB", "csv"): 12, ("DuckDB", "store"): 100}
# Runs a command from a process as small as can be, for what a process held when it was made counts as the peak of the program
# that it becomes. The peak is that of the largest process of the command.
LAUNCHER = """import os, sys, time
start = time.monotonic()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as out:
    print(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, file=out)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""
MARKS = ("<!-- written by bench/run --only rivals --write -->\n", "<!-- end -->\n")

Rival = namedtuple("Rival", ["name", "version", "command"])  # the command of (threads, result, files)


def said(*command):
    """The first line that a program says of itself; nothing where it cannot be run."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip().split("\n")[0].strip(" *") if done.returncode == 0 else ""


def installed(options):
    """The rivals of this machine, each in the version that will run."""
    here, rivals = options.rivals, []
    node = said("node", "--version")

    def package(name):
        path = os.path.join(here, "node_modules", *name.split("/"), "package.json")
        return said("node", "-p", f"require({path!r}).version") if node and os.path.exists(path) else ""

    igzip = said("igzip", "--version").split(" ")[-1]
    inflates = f"igzip {igzip}" if igzip else "gzip"
    duckdb, polars = package("@duckdb/node-api"), package("nodejs-polars")
    table = said("Rscript", "-e", 'cat(as.character(packageVersion("data.table")), paste("R", getRversion()), sep = ", ")')
    awk = "mawk" if shutil.which("mawk") else "awk"
    if duckdb:
        rivals.append(Rival("DuckDB", f"{duckdb}, Node {node}",
                            lambda threads, out, files: ["node", os.path.join(here, "job-duckdb.mjs"), str(threads), out, *files]))
    if polars:
        rivals.append(Rival("polars", f"nodejs-polars {polars}, Node {node}, {igzip and inflates or 'its own inflating'}", lambda threads, out, files: [
            "env", f"POLARS_MAX_THREADS={threads}", "node", os.path.join(here, "job-polars.mjs"), out, *files]))
    if table:
        rivals.append(Rival("data.table", f"{table}, {inflates}", lambda threads, out, files: [
            "Rscript", os.path.join(here, "job-datatable.R"), str(threads), out, *files]))
    if shutil.which(awk):
        rivals.append(Rival("awk", f"{said(awk, '-W', 'version') or awk}, {inflates}",
                            lambda threads, out, files: [os.path.join(here, "job-awk"), str(threads), out, *files]))
    if os.path.exists(options.libcsv):
        rivals.append(Rival("zlib + libcsv", said(options.libcsv, "--version"),
                            lambda threads, out, files: [options.libcsv, str(threads), out, *files]))
    return rivals


class ReferenceJob:
    """`bench` makes and runs hestia's studies and knows the options."""

    def __init__(self, bench):
        self.bench, self.path, self.threads = bench, bench.path, bench.options.threads
        self.rivals = installed(bench.options)
        self.rows, self.refused = [], []

    def measure(self, command):
        """Wall and CPU seconds and the peak MiB of a rival."""
        out = self.path("launcher.out")
        done = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, out, *command], cwd=self.bench.dir, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.decode()[-2000:]}")
        with open(out, encoding="utf-8") as figures:
            return dict(zip(("wall", "cpu", "mib"), map(float, figures.read().split())))

    # ---- the same results ----

    def result(self, name, rival):
        return self.path(f"{rival.name.replace(' ', '')}-{name}.csv")

    def lines(self, name, rival):
        with open(self.result(name, rival), encoding="utf-8") as source:
            return sorted(source.read().splitlines()[1:])

    def cells(self, name):
        """hestia's counts by area, quarter, sex, band and class."""
        study = f"cells-{name}"
        with open(self.path(f"{study}.yaml"), "w", encoding="utf-8") as out:
            out.write(CELLS.format(name=name, files=f"[{', '.join(FILES[name])}]", measures="".join(
                CELL.format(method=method, sex=sex) for method in ("emergency", "elective") for sex in (1, 2))))
        shutil.rmtree(self.path(f"out-{study}"), ignore_errors=True)
        self.bench.measure([self.bench.hestia, "run", f"{study}.yaml", "--threads", "2", "--out", f"out-{study}"], self.bench.dir)
        counts, areas = {}, set()
        with open(self.path(f"out-{study}", "latest", "results.csv"), newline="", encoding="utf-8") as source:
            rows = csv.reader(source)  # half a million: dictionaries would take three times as long
            head = next(rows)
            area, role, measure, start, split, n = map(head.index, (
                "area_code", "area_role", "measure", "period_start", "split", "total_count"))
            for row in rows:
                areas.add(row[area])
                if row[split] and row[role] != "comparator" and row[n] != "0":
                    method, sex = row[measure].split("_")
                    quarter = f"{row[start][:4]}Q{(int(row[start][5:7]) + 2) // 3}"
                    band = "NA" if row[split] == "unknown" else int(row[split].rstrip("+").split("-")[0]) // 5
                    counts[row[area], quarter, sex, band, "E" if method == "emergency" else "P"] = int(row[n])
        return counts, areas

    def differences(self, lines, cells, areas):
        """How many cells of a rival's are not hestia's; those of other areas and years are for the rivals alone."""
        theirs = Counter()
        for line in lines:
            area, quarter, sex, band, admission, n, _ = line.split(",")
            if area in areas and "2001Q2" <= quarter <= "2011Q1":
                theirs[area, quarter, sex, "NA" if band == "NA" else min(int(band), 17), admission] += int(n)  # hestia's last band is 85+
        return sum(theirs[key] != cells.get(key, 0) for key in theirs.keys() | cells.keys())

    def check(self, name, rivals):
        """Runs them all; those whose cells are hestia's and whose lines, bed days and all, are those of the others. Without one no time is taken."""
        self.bench.measure(self.bench.run(name, self.threads), self.bench.dir)
        cells, areas = self.cells(name)
        if not cells:
            sys.exit(f"{name}: hestia counts nothing")
        agree, usual = [], None
        for rival in rivals:
            try:
                self.measure(rival.command(self.threads, self.result(name, rival), FILES[name]))
            except RuntimeError as failure:
                self.refuse(name, rival, str(failure))
                continue
            lines = self.lines(name, rival)
            n = self.differences(lines, cells, areas)
            if n == 0:
                agree.append((rival, lines))
            else:
                self.refuse(name, rival, f"{n} cells differ from hestia's {len(cells)}")
        digests = Counter(hash(tuple(lines)) for _, lines in agree).most_common()
        if digests and (len(digests) == 1 or digests[0][1] > digests[1][1]):
            usual = digests[0][0]
        for rival, lines in agree:
            if hash(tuple(lines)) != usual:
                self.refuse(name, rival, "its lines are not those of the others")
        agree = [rival for rival, lines in agree if hash(tuple(lines)) == usual]
        if agree:
            print(f"{name}: {len(cells)} cells, {sum(cells.values())} admissions: hestia and {', '.join(r.name for r in agree)} agree"
                  + (f", and on {len(self.lines(name, agree[0]))} lines with bed days" if len(agree) > 1 else ""), file=sys.stderr)
        return agree

    def refuse(self, name, rival, reason):
        print(f"{name}: {rival.name}: {reason}; it is not timed", file=sys.stderr)
        self.refused.append(f"{rival.name} ({NAMES[name]})")

    # ---- times ----

    def pairs(self, name, rival, fresh=True):
        """hestia and a rival in turn; what ran for the check was the warming up."""
        files = "gz" if name == "store" else name
        ours, theirs = [], []
        for _ in range(self.bench.options.runs):
            ours.append(self.bench.measure(self.bench.run(files, self.threads, fresh), self.bench.dir))
            theirs.append(self.measure(rival.command(self.threads, self.result(files, rival), FILES[files])))
        ratios = [b["wall"] / a["wall"] for a, b in zip(ours, theirs)]

        def middle(runs, figure):
            return statistics.median(run[figure] for run in runs)

        goal = GOALS.get((rival.name, name))
        row = [NAMES[name], rival.name, middle(ours, "wall"), middle(theirs, "wall"), middle(ours, "cpu"), middle(theirs, "cpu"),
               max(run["mib"] for run in ours), max(run["mib"] for run in theirs), statistics.median(ratios), min(ratios), max(ratios),
               f">= {goal}" if goal else ""]
        self.rows.append(row)
        print("\t".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row), flush=True)

    def measure_all(self):
        for rival in self.rivals:
            print(f"{rival.name}: {rival.version}", file=sys.stderr)
        agree = {name: self.check(name, self.rivals) for name in FILES}
        if self.bench.options.runs > 0:
            print("\t".join(["input", "rival", "hestia s", "rival s", "hestia CPU s", "rival CPU s", "hestia MiB", "rival MiB", "times faster",
                             "lowest", "highest", "goal"]))
            for name in FILES:
                for rival in agree[name]:
                    self.pairs(name, rival)
            for rival in agree["gz"]:
                if (rival.name, "store") in GOALS:
                    self.bench.measure(self.bench.run("gz", self.threads), self.bench.dir)  # fills the store
                    self.pairs("store", rival, fresh=False)
        if self.refused:
            sys.exit(f"failed, or with other results: {', '.join(self.refused)}")

    # ---- words ----

    def table(self):
        text = "".join(f"* {rival.name}: {rival.version}\n" for rival in self.rivals)
        text += ("\n| input | rival | hestia s | rival s | hestia CPU s | rival CPU s | hestia MiB | rival MiB | times faster | range | goal |\n"
                 "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
        for name, rival, *seconds, ours, theirs, ratio, low, high, goal in self.rows:
            text += (f"| {name} | {rival} | " + " | ".join(f"{s:.2f}" for s in seconds)
                     + f" | {ours:.0f} | {theirs:.0f} | **{ratio:.1f}** | {low:.1f}-{high:.1f} | {goal} |\n")
        return text

    def chart(self, path, machine):
        """Seconds of hestia and of each rival, by input."""
        groups = []

        def seconds(value):
            return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"

        for name in NAMES.values():
            rows = [row for row in self.rows if row[0] == name]
            if rows:
                ours = statistics.median(row[2] for row in rows)
                again = name == NAMES["store"]
                bars = [("hestia", ours, seconds(ours) + (" (the others read the file again, as at the top)" if again else ""))]
                if not again:
                    bars += sorted(((row[1], row[3], f"{seconds(row[3])}, {row[8]:.1f} times") for row in rows), key=lambda bar: bar[1])
                groups.append((name, bars))
        plot.bars(path, f"{self.bench.options.rows / 1e6:g} million inpatient rows to counts, seconds, {self.threads} threads", machine, groups)

    def sentence(self, machine):
        """What the README says beside the chart."""
        nearest = {name: min((row for row in self.rows if row[0] == NAMES[name]), key=lambda row: row[8]) for name in FILES}
        beside = ", ".join(f"{row[8]:.1f} times as long from {NAMES[name]} ({row[1]})" for name, row in nearest.items())
        return (f"![Seconds that hestia and others take for the same counts](bench/rivals.svg)\n\n"
                f"hestia beside others on the same {self.bench.options.rows / 1e6:g} million inpatient rows, with results that agree. The nearest takes {beside}; "
                f"{machine} ([how it was measured](bench/RESULTS.md#rivals)).\n")

    def write_readme(self, path, machine):
        with open(path, encoding="utf-8") as source:
            before, rest = source.read().split(MARKS[0])
        after = rest.split(MARKS[1], 1)[1]
        with open(path, "w", encoding="utf-8") as out:
            out.write(before + MARKS[0] + self.sentence(machine) + MARKS[1] + after)
