"""The capacity part of bench/run: processor time, memory and disk of each data set by million rows, of nights with nothing new and with one
new file. Files of one data set at a time, counted by the artificial study's own measures of it (apc: those of the worked study)."""
import csv
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import people

SAMPLES = {"apc": "artificial_hes_apc_0102_truncated.csv", "op": "artificial_hes_op_0304_truncated.csv"}
ROWS_PER_PERSON = {"op": 1.4646, "ae": 0.32196}  # of hestia synth, in a year
FORMATS = ("csv", "csv, sqlite", "csv, xlsx", "csv, html", "csv, sqlite, xlsx, html")
NIGHTS = 24  # files of a night with one new file among many


def size_of(folder):
    """Bytes on disk of all files below a folder, each counted once however many names it has."""
    seen = {}
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(place, name))
                seen[status.st_ino] = status.st_blocks * 512
            except FileNotFoundError:
                pass  # renamed meanwhile
    return sum(seen.values())


class Capacity:
    def __init__(self, bench):
        self.bench, self.path = bench, bench.path
        self.rows = []

    def hestia(self, folder, *arguments):
        """Runs hestia in a folder. Processor and wall seconds, peak MiB, and the most that its store took meanwhile."""
        store, most, done = os.path.join(folder, ".hestia-store"), [0], threading.Event()

        def watch():
            while not done.wait(0.1):
                most[0] = max(most[0], size_of(store))

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.monotonic()
        child = subprocess.Popen([self.bench.hestia, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = child.stderr.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        done.set()
        watcher.join()
        if child.returncode != 0:
            sys.exit(f"{' '.join(arguments)} ended with {child.returncode}: {said[-2000:]}")
        store_size = size_of(store)
        return {"cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "store": store_size, "most": max(most[0], store_size),
                "said": said, "mib": int(re.findall(r"peak (\d+) MiB", said)[-1])}

    # ---- files ----

    def make_apc(self, folder, n, seed):
        """hesgen's rows have all 193 columns of the official artificial sample."""
        self.bench.shell(f"./hesgen -s {seed} -f {seed * 10000000} '{self.bench.sample}' {n} | gzip -6 > '{folder}/apc_{seed:03}.csv.gz'")

    def make_synth(self, folder, dataset, n):
        """Rows of hestia synth; outpatients with the other columns of the official artificial sample behind them, to be as long as real ones."""
        self.bench.shell(f"'{self.bench.hestia}' synth '{folder}' --people {int(n / ROWS_PER_PERSON[dataset])} --years 2008-2008 "
                         f"--datasets {dataset} --quiet; rm '{folder}/truth.csv'")
        study = os.path.join(folder, "study.yaml")
        with open(study, encoding="utf-8") as source:
            text = source.read()
        with open(study, "w", encoding="utf-8") as out:
            out.write(text.replace("disclosure: none}", "disclosure: none, formats: csv}"))
        if dataset in SAMPLES:
            [path] = glob.glob(os.path.join(folder, "extracts", "*.csv.gz"))
            self.widen(path, os.path.join(os.path.dirname(self.bench.sample), SAMPLES[dataset]))

    def widen(self, path, sample):
        with open(sample, newline="", encoding="latin-1") as source:
            table = list(csv.reader(source))
        os.rename(path, path + ".narrow")
        unpack = subprocess.Popen(["gzip", "-dc", path + ".narrow"], stdout=subprocess.PIPE)
        own = unpack.stdout.readline().decode().rstrip("\n")
        more = [i for i, name in enumerate(table[0]) if name not in own.split(",")]
        ends = [",".join([""] + [f'"{row[i]}"' if "," in row[i] else row[i] for i in more]).encode("latin-1") + b"\n" for row in table]
        with open(path, "wb") as out:
            pack = subprocess.Popen(["gzip", "-6"], stdin=subprocess.PIPE, stdout=out)
            pack.stdin.write(own.encode() + ends[0])
            for i, line in enumerate(unpack.stdout):
                pack.stdin.write(line[:-1] + ends[1 + i % (len(ends) - 1)])
            pack.stdin.close()
        if unpack.wait() != 0 or pack.wait() != 0:
            sys.exit(f"{path} could not be made")
        os.unlink(path + ".narrow")

    def make(self, dataset, n, files=1):
        """A folder with a study of `files` files of `n` rows."""
        folder = self.path(f"capacity-{dataset}-{n}-{files}")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        if dataset != "apc":
            self.make_synth(folder, dataset, n)
            return folder
        for seed in range(1, files + 1):
            self.make_apc(folder, n, seed)
        shutil.copy(self.path("population.csv"), folder)
        with open(os.path.join(folder, "study.yaml"), "w", encoding="utf-8") as out:
            out.write(people.STUDY.format(name="capacity", store=".hestia-store", files="apc_*.csv.gz", cohorts=people.COHORTS.format(
                start="2001-04-01", end="2011-03-31"), population="population.csv", start="2001-04-01", end="2011-03-31",
                measures="".join(f"  - {line}\n" for line in people.WORKED.splitlines())))
        return folder

    # ---- what is measured ----

    def one(self, dataset, n):
        folder = self.make(dataset, n)
        [path] = glob.glob(os.path.join(folder, "**", f"{dataset}_*.csv.gz"), recursive=True)
        lines, text = map(int, subprocess.run(f"gzip -dc '{path}' | wc -lc", shell=True, capture_output=True, check=True).stdout.split())
        rows = lines - 1
        ingest = {}
        for threads in (1, 2):
            shutil.rmtree(os.path.join(folder, ".hestia-store"), ignore_errors=True)
            ingest[threads] = self.hestia(folder, "ingest", "study.yaml", "--threads", str(threads))
        run = self.hestia(folder, "run", "study.yaml", "--threads", "2")
        idle = self.hestia(folder, "run", "study.yaml", "--threads", "2")
        with open(os.path.join(folder, "results", "latest", "results.csv"), encoding="utf-8") as source:
            values = sum(1 for _ in source) - 1
        m = rows / 1e6
        row = [dataset, f"{rows:,}", f"{text / rows:.0f}", f"{os.path.getsize(path) / rows:.0f}", f"{ingest[1]['store'] / rows:.0f}",
               f"{max(ingest[1]['most'], ingest[2]['most']) / ingest[1]['store']:.2f}", f"{ingest[1]['cpu'] / m:.2f}", f"{ingest[2]['cpu'] / m:.2f}",
               f"{ingest[1]['mib']} / {ingest[2]['mib']}", f"{run['cpu'] / m:.2f}", str(run["mib"]), f"{idle['cpu']:.2f}", f"{values:,}",
               f"{size_of(os.path.realpath(os.path.join(folder, 'results', 'latest'))) / values:.0f}"]
        print("\t".join(row), flush=True)
        self.rows.append(row)
        shutil.rmtree(folder)

    def publishing(self, n):
        """What each format takes, of the values of a study of n rows."""
        folder = self.make("apc", n)
        study = os.path.join(folder, "study.yaml")
        with open(study, encoding="utf-8") as source:
            text = source.read()
        table = "| formats | publish, wall s | whole run from the store, CPU s | peak MiB |\n| --- | --- | --- | --- |\n"
        self.hestia(folder, "ingest", "study.yaml", "--threads", "2")
        for formats in FORMATS:
            with open(study, "w", encoding="utf-8") as out:
                out.write(text.replace("formats: csv,", f"formats: [{formats}],"))
            run = self.hestia(folder, "run", "study.yaml", "--threads", "2", "--log-format", "json")
            events = [json.loads(line) for line in run["said"].splitlines()]
            [seconds] = [e["seconds"] for e in events if e["event"] == "stage.end" and e["stage"] == "publish"]
            line = f"| {formats} | {seconds:.2f} | {run['cpu']:.2f} | {run['mib']} |\n"
            print(line, end="", flush=True)
            table += line
        with open(os.path.join(folder, "results", "latest", "results.csv"), encoding="utf-8") as source:
            values = sum(1 for _ in source) - 1
        shutil.rmtree(folder)
        return f"Publishing {values:,} values (the workbook ends at 50,000 rows), 2 threads:\n\n{table}"

    def night(self, n):
        """A first run of many files, a run with nothing new, one with a new file."""
        folder = self.make("apc", n, NIGHTS + 1)
        last = os.path.join(folder, f"apc_{NIGHTS + 1:03}.csv.gz")
        os.rename(last, last + ".later")
        runs = [("first run", self.hestia(folder, "run", "study.yaml", "--threads", "2")),
                ("nothing new", self.hestia(folder, "run", "study.yaml", "--threads", "2"))]
        os.rename(last + ".later", last)
        runs += [("one new file", self.hestia(folder, "run", "study.yaml", "--threads", "2"))]
        shutil.rmtree(folder)
        text = "| night | CPU s | wall s | peak MiB |\n| --- | --- | --- | --- |\n"
        for name, run in runs:
            print(f"{name}\t{run['cpu']:.2f}\t{run['wall']:.2f}\t{run['mib']}", flush=True)
            text += f"| {name} | {run['cpu']:.2f} | {run['wall']:.2f} | {run['mib']} |\n"
        return text

    def measure(self, sizes, night_rows):
        for dataset in ("apc", "op", "ae"):
            for n in sizes:
                self.one(dataset, n)
        head = ["data set", "rows", "text bytes a row", "gz bytes a row", "store bytes a row", "store at most", "ingest CPU s a million, 1 thread",
                "2 threads", "ingest peak MiB, 1 / 2 threads", "run from the store, CPU s a million", "peak MiB", "run with nothing new, CPU s",
                "values", "bytes a value, CSV alone"]
        return "".join("| " + " | ".join(row) + " |\n" for row in [head, ["---"] * len(head)] + self.rows) + (
            f"\nNights of {NIGHTS} inpatient files of {night_rows:,} rows, 2 threads:\n\n{self.night(night_rows)}\n{self.publishing(sizes[0])}")
