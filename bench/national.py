"""The national part of bench/run: a whole year of inpatients from gz to the published results of the worked study's measures, and again from the
store, at growing shares of it; then what ten such years and eight of outpatients would take, worked out line by line."""
import filecmp
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

import people
import plot
import results
from capacity import size_of

STEPS = (1, 2, 4, 8)  # parts, before all of them
PARTS = 17.3  # a part of a national year of 17.3 million is a million
STAGES = ("check", "ingest", "people", "rates", "publish")
GOALS = {"ingest": 64, "counting": 512}  # MiB at any size
TICK = os.sysconf("SC_CLK_TCK")


class National:
    def __init__(self, bench):
        self.bench, self.path = bench, bench.path
        self.points = []  # (rows, bytes of gz, bytes of text, bytes of the store, {(threads, fresh): figures})

    # ---- extracts ----

    def make(self, rows):
        """Parts of people of their own, packed two at a time; what is there is kept. The text goes through a pipe, its size is noted."""
        unit = math.ceil(rows / PARTS)
        sizes = [min(unit, rows - start) for start in range(0, rows, unit)]
        names = [f"national-{rows}.{i:02}.csv.gz" for i in range(1, len(sizes) + 1)]
        todo = [(i, name) for i, name in enumerate(names) if not all(map(os.path.exists, (self.path(name), self.path(f"{name}.bytes"))))]
        for k in range(0, len(todo), 2):
            jobs = []
            for i, name in todo[k:k + 2]:
                first = i * (unit // 3 + 2)  # hesgen draws a third of a person a row, or less
                command = (f"./hesgen -s {i + 1} -f {first} '{self.bench.sample}' {sizes[i]} | tee >(wc -c > {name}.bytes) | gzip -6 > {name}.new "
                           f"&& mv {name}.new {name}")
                jobs.append((name, subprocess.Popen(["bash", "-c", f"set -e -o pipefail; {command}"], cwd=self.bench.dir)))
            for name, job in jobs:
                print(f"making {name}", file=sys.stderr)
                if job.wait() != 0:
                    sys.exit(f"{name} could not be made")
        return list(zip(names, sizes))

    # ---- runs ----

    def run(self, threads, fresh):
        """A run's wall seconds, CPU seconds and peak MiB, and for each stage the seconds and the peak until its end."""
        if fresh:
            shutil.rmtree(self.path("store-national"), ignore_errors=True)
        out = f"out-national-{threads}-{'fresh' if fresh else 'store'}"
        shutil.rmtree(self.path(out), ignore_errors=True)
        command = [self.bench.hestia, "run", "national.yaml", "--threads", str(threads), "--out", out, "--log-format", "json"]
        start = time.monotonic()
        child = subprocess.Popen(command, cwd=self.bench.dir, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        seconds, so_far, stages, said, before = {}, {}, {}, [], 0.0
        for line in child.stderr:
            said.append(line.decode())
            event = json.loads(line)
            if event["event"] == "stage.end":
                seconds[event["stage"]] = event["seconds"]
                so_far[event["stage"]] = self.so_far(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {child.returncode}: {''.join(said)[-2000:]}")
        peak = int(re.findall(r"peak (\d+) MiB", "".join(said))[-1])
        cpu = usage.ru_utime + usage.ru_stime
        for stage, until in so_far.items():
            now, mib = until or (cpu, peak)  # the process had ended by then
            stages[stage] = {"wall": seconds[stage], "cpu": now - before, "mib": mib}
            before = now
        return {"wall": wall, "cpu": cpu, "mib": peak, "stages": stages, "out": out}

    @staticmethod
    def so_far(pid):
        """CPU seconds and peak MiB of a process, its threads included, until now; None of one that has ended."""
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            peak = re.search(r"VmHWM:\s+(\d+) kB", status.read())
        return ((int(fields[11]) + int(fields[12])) / TICK, int(peak.group(1)) // 1024) if peak else None

    def middle(self, threads, fresh, times=3):
        """Medians of the seconds and the largest peaks of some runs."""
        runs = [self.run(threads, fresh) for _ in range(times)]

        def over(of):
            return {"wall": statistics.median(of(r)["wall"] for r in runs), "cpu": statistics.median(of(r)["cpu"] for r in runs),
                    "mib": max(of(r)["mib"] for r in runs)}

        return {**over(lambda r: r), "stages": {stage: over(lambda r, stage=stage: r["stages"][stage]) for stage in STAGES}, "out": runs[-1]["out"]}

    def point(self, parts):
        rows = sum(n for _, n in parts)
        People = people.People(self.bench)
        People.write_study("national", "store-national", ", ".join(name for name, _ in parts), people.WORKED)
        figures = {}
        for threads in (1, 2):
            figures[threads, True] = self.middle(threads, True)
            figures[threads, False] = self.middle(threads, False)
        self.check(rows, [run["out"] for run in figures.values()])
        packed = sum(os.path.getsize(self.path(name)) for name, _ in parts)
        text = 0
        for name, _ in parts:
            with open(self.path(f"{name}.bytes"), encoding="ascii") as size:
                text += int(size.read())
        self.points.append((rows, packed, text, size_of(self.path("store-national")), figures))
        print("\t".join(["national", str(rows)] + [f"{run['wall']:.2f} s {run['mib']} MiB" for run in figures.values()]), flush=True)

    def check(self, rows, outs):
        """Every row was used, and one thread and two, from the extracts and from the store, published the same."""
        with open(self.path(outs[0], "latest", "manifest.json"), encoding="utf-8") as source:
            counts = json.load(source)["counts"]
        if counts["ingest"]["used"] != rows:
            sys.exit(f"national: {counts['ingest']['used']} rows used of {rows}")
        for out in outs[1:]:
            if not filecmp.cmp(*(self.path(o, "latest", "results.csv") for o in (outs[0], out)), shallow=False):
                sys.exit(f"national: {out} is not {outs[0]}")

    def measure(self, rows):
        parts = self.make(rows)
        for n in [n for n in STEPS if n < len(parts)] + [len(parts)]:
            self.point(parts[:n])
        text = self.text()
        if self.bench.options.write:
            self.draw(os.path.join(os.path.dirname(os.path.abspath(__file__)), "growth-national.svg"))
        for name, _ in parts:
            os.remove(self.path(name))
            os.remove(self.path(f"{name}.bytes"))
        shutil.rmtree(self.path("store-national"), ignore_errors=True)
        print(text)
        return text

    # ---- words ----

    def draw(self, path):
        def curve(figure):
            return [[(point[0] / 1e6, figure(point, threads)) for point in self.points] for threads in (1, 2)]

        plot.write(path, "million rows", ["1 thread", "2 threads"],
                   [("Seconds a million rows, from gz to results", curve(lambda p, t: p[4][t, True]["wall"] / p[0] * 1e6)),
                    ("Peak memory, MiB", curve(lambda p, t: p[4][t, True]["mib"]))])

    def text(self):
        rows, packed, plain, store, figures = self.points[-1]
        n_files = math.ceil(rows / math.ceil(rows / PARTS))
        whole = figures[2, True]
        ingest = max(figures[t, True]["stages"]["ingest"]["mib"] for *_, figures in self.points for t in (1, 2))
        counting = max(run["mib"] for *_, figures in self.points for run in figures.values())
        text = (f"{rows:,} rows in {n_files} files of different people ({plain / 1e9:.2f} GB of text, {packed / 1e9:.2f} GB of gzip -6), "
                f"the inpatient measures of the worked study, medians of three runs.\nFrom gz to published results with 2 threads: **{whole['wall']:.1f} s**, "
                f"{rows / whole['wall'] / 1e6:.2f} million rows/s; store {store / 1e9:.2f} GB. One thread and two, from the extracts and from the store, "
                "publish the same bytes.\n"
                f"Peak of ingest {ingest} MiB (goal <= {GOALS['ingest']}), of counting {counting} MiB (goal <= {GOALS['counting']}), at any size measured.\n\n")
        text += ("| stage | 1 thread: wall s | CPU s | peak MiB until its end | 2 threads: wall s | CPU s | peak MiB until its end |\n"
                 "| --- | --- | --- | --- | --- | --- | --- |\n")
        for stage in STAGES:
            one, two = (figures[t, True]["stages"][stage] for t in (1, 2))
            text += f"| {stage} | " + " | ".join(f"{run['wall']:.2f} | {run['cpu']:.2f} | {run['mib']}" for run in (one, two)) + " |\n"
        for what, fresh in (("whole run", True), ("again, from the store", False)):
            one, two = (figures[t, fresh] for t in (1, 2))
            text += f"| {what} | " + " | ".join(f"{run['wall']:.2f} | {run['cpu']:.2f} | {run['mib']}" for run in (one, two)) + " |\n"
        text += ("\n![Seconds a million rows and peak memory by number of rows](growth-national.svg)\n\n"
                 "| million rows | store bytes a row | gz to results, 1 thread: s | s a million | 2 threads: s | s a million | ingest peak MiB, 1 / 2 | "
                 "from the store, 1 thread: s | s a million | 2 threads: s | s a million | counting peak MiB, 1 / 2 |\n" + "| --- " * 12 + "|\n")
        for rows, _, _, store, figures in self.points:
            million = rows / 1e6
            cells = [f"{million:g}", f"{store / rows:.0f}"]
            for fresh in (True, False):
                for threads in (1, 2):
                    wall = figures[threads, fresh]["wall"]
                    cells += [f"{wall:.2f}", f"{wall / million:.3f}"]
                peaks = [figures[t, True]["stages"]["ingest"]["mib"] if fresh else figures[t, False]["mib"] for t in (1, 2)]
                cells.append(f"{peaks[0]} / {peaks[1]}")
            text += "| " + " | ".join(cells) + " |\n"
        return text + "\n" + self.projection()

    def projection(self):
        """Ten years of inpatients by what the whole year took, eight of outpatients by the section Capacity."""
        rows, packed, plain, store, figures = self.points[-1]
        stages = figures[2, True]["stages"]
        before = self.points[-2]
        doublings = math.log2(rows / before[0])

        def people_a_row(point):
            return point[4][2, False]["stages"]["people"]["wall"] / point[0]

        growth = max(1.0, (people_a_row(self.points[-1]) / people_a_row(before)) ** (1 / doublings))
        slope = max(0.0, (figures[2, False]["mib"] - before[4][2, False]["mib"]) / (rows - before[0]))
        lines = []

        def line(what, arithmetic, result):
            lines.append(f"| {what} | {arithmetic} | {result} |\n")

        def seconds(value, up_to=0.0):
            if round(up_to) > round(value):
                return f"{seconds(value)} to {seconds(up_to)}"
            return f"{value:.0f} s" if value < 120 else f"{value:.0f} s ({value / 60:.1f} min)"

        n = 10 * rows
        m = rows / 1e6
        line("**inpatients**: rows", f"10 x {m:g} million", f"{n / 1e6:g} million")
        line("text", f"{n / 1e6:g} million x {plain / rows:.0f} bytes", f"{n * plain / rows / 1e9:.0f} GB")
        line("gz", f"{n / 1e6:g} million x {packed / rows:.0f} bytes", f"{n * packed / rows / 1e9:.1f} GB")
        line("store", f"{n / 1e6:g} million x {store / rows:.0f} bytes", f"{n * store / rows / 1e9:.1f} GB")
        line("disk in all", "gz + store", f"{n * (packed + store) / rows / 1e9:.1f} GB")
        ingest = 10 * stages["ingest"]["wall"]
        line("ingest", f"{stages['ingest']['wall']:.2f} s / {m:g} million x {n / 1e6:g} million", seconds(ingest))
        linking = 10 * figures[2, False]["stages"]["people"]["wall"]
        line("people", f"{figures[2, False]['stages']['people']['wall']:.2f} s / {m:g} million x {n / 1e6:g} million", seconds(linking))
        grown = linking * growth ** math.log2(10)
        line("people, if what a row takes grows on", f"{linking:.0f} s x {growth:.3f} ^ log2(10) "
             f"(a doubling from {before[0] / 1e6:g} to {m:g} million, at least 1)", seconds(grown))
        rest = sum(figures[2, False]["stages"][stage]["wall"] for stage in ("rates", "publish"))
        line("rates and publish", "as measured: they go by values, not by rows", f"{rest:.1f} s")
        line("gz to results", "ingest + people + rates and publish", seconds(ingest + linking + rest, ingest + grown + rest))
        line("again, from the store", "people + rates and publish", seconds(linking + rest, grown + rest))
        line("peak of ingest", "as measured: the buffers of two files", f"{stages['ingest']['mib']} MiB")
        peak = figures[2, False]["mib"] + slope * (n - rows)
        line("peak of counting", f"{figures[2, False]['mib']} MiB + {(n - rows) / 1e6:g} x {slope * 1e6:.2f} MiB a million more "
             f"(as from {before[0] / 1e6:g} to {m:g} million); --memory bounds it", f"{min(peak, 1024):.0f} MiB")
        self.outpatients(line, seconds, n * (packed + store) / rows / 1e9)
        return ("Projection for two threads, from the figures above; nothing of it was measured.\n\n| what | arithmetic | result |\n| --- | --- | --- |\n"
                + "".join(lines))

    def outpatients(self, line, seconds, inpatient_disk):
        with open(results.PATH, encoding="utf-8") as source:
            tables = [row.strip("| \n").split(" | ") for row in source if row.startswith("| ")]
        head = next((cells for cells in tables if cells[0] == "data set"), None)
        measured = [dict(zip(head, cells)) for cells in tables if head and cells[0] == "op" and len(cells) == len(head)]
        if not measured:
            line("**outpatients**", "the section Capacity is not measured", "")
            return
        op = measured[-1]  # the most rows
        years, million = 8, 100
        n = years * million
        line("**outpatients**: rows", f"{years} x {million} million", f"{n} million")
        sizes = {}
        for what, column in (("text", "text bytes a row"), ("gz", "gz bytes a row"), ("store", "store bytes a row")):
            sizes[what] = n * float(op[column]) / 1e3
            line(what, f"{n} million x {op[column]} bytes (Capacity)", f"{sizes[what]:.0f} GB")
        line("disk in all, with the inpatients", f"{sizes['gz']:.1f} + {sizes['store']:.1f} + {inpatient_disk:.1f} GB",
             f"{sizes['gz'] + sizes['store'] + inpatient_disk:.0f} GB")
        ingest, count = n * float(op["2 threads"]) / 2, n * float(op["run from the store, CPU s a million"]) / 2
        line("ingest", f"{n} x {op['2 threads']} CPU s (Capacity) / 2 threads, a file each", seconds(ingest))
        line("counting", f"{n} x {op['run from the store, CPU s a million']} CPU s (Capacity) / 2 threads", seconds(count))
        line("gz to results", f"{ingest:.0f} + {count:.0f} s", seconds(ingest + count))
        line("peak of ingest", "Capacity, 2 threads", f"{op['ingest peak MiB, 1 / 2 threads'].split(' / ')[1]} MiB")
