"""Whole runs: the same bytes from any number of threads, reuse of the store, what synth writes and promises.

    python3 tests/cli/test_whole_runs.py HESTIA REPOSITORY
"""

import csv
import filecmp
import gzip
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = REPOSITORY = ""


def hestia(*arguments, cwd=None):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd)


def read_bytes(path):
    with open(path, "rb") as stream:
        return stream.read()


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


class WholeRuns(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="hestia-whole-runs-")
        self.addCleanup(shutil.rmtree, self.top)

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def ok(self, *arguments, cwd=None):
        done = hestia(*arguments, cwd=cwd)
        self.assertEqual(done.returncode, 0, "hestia %s\n%s" % (" ".join(arguments), done.stderr))
        return done

    def synth(self, name, *options):
        self.ok("synth", self.path(name), "--people", "6000", "--areas", "5", "--quiet", *options)
        return self.path(name)

    def tables(self, folder):
        latest = os.path.join(folder, "results/latest")
        return {name: read_bytes(os.path.join(latest, name))
                for name in ("results.csv", "measures.csv", "areas.csv", "audit.csv", "reconcile.csv")}

    def test_example_runs(self):
        shutil.copytree(os.path.join(REPOSITORY, "examples/first-look"), self.path("look"),
                        ignore=shutil.ignore_patterns("data", "results", ".hestia-store"))
        self.ok("synth", "data", "--people", "6000", "--quiet", cwd=self.path("look"))
        self.ok("run", "study.yaml", "--quiet", cwd=self.path("look"))
        measures = {row["measure"] for row in read_csv(self.path("look/results/latest/results.csv"))}
        self.assertEqual(measures, {"emergency_admissions", "elective_admissions", "diabetes_complications",
                                    "older_people"})

    def test_same_bytes_with_any_number_of_threads(self):
        first = self.synth("first")
        self.ok("run", os.path.join(first, "study.yaml"), "--threads", "1", "--quiet")
        expected = self.tables(first)
        self.assertGreater(len(expected["results.csv"]), 10000)
        for threads in ("2", "7"):
            again = self.synth("again" + threads, "--threads", threads)
            for name in sorted(os.listdir(os.path.join(first, "extracts"))):
                self.assertTrue(filecmp.cmp(os.path.join(first, "extracts", name),
                                            os.path.join(again, "extracts", name), shallow=False), name)
            self.ok("run", os.path.join(again, "study.yaml"), "--threads", threads, "--quiet")
            self.assertEqual(self.tables(again), expected)

    def test_packing_and_separator_do_not_matter(self):
        plain = self.synth("plain", "--compress", "none")
        self.ok("run", os.path.join(plain, "study.yaml"), "--quiet")
        expected = self.tables(plain)["results.csv"]
        for packing in ("zip", "zst", "gz"):
            other = self.synth("pipe-" + packing, "--compress", packing, "--format", "pipe")
            self.ok("run", os.path.join(other, "study.yaml"), "--quiet")
            self.assertEqual(self.tables(other)["results.csv"], expected, packing)

    def test_a_second_run_reads_nothing_and_a_new_file_is_read_alone(self):
        folder = self.synth("study")
        study = os.path.join(folder, "study.yaml")
        last = os.path.join(folder, "extracts/apc_201011.csv.gz")
        os.rename(last, self.path("later.csv.gz"))
        self.ok("run", study, "--quiet")
        runs = os.listdir(os.path.join(folder, "results"))
        done = self.ok("run", study)
        self.assertIn("2 unchanged", done.stderr)
        self.assertEqual(os.listdir(os.path.join(folder, "results")), runs)
        with open(os.path.join(folder, "results/status.json"), encoding="utf-8") as stream:
            self.assertEqual(json.load(stream)["exit_code"], 0)
        os.rename(self.path("later.csv.gz"), last)
        done = self.ok("run", study)
        self.assertIn("1 file new, 2 unchanged", done.stderr)
        self.assertEqual(len(os.listdir(os.path.join(folder, "results"))), len(runs) + 1)

    def test_a_run_killed_at_any_moment_is_made_good_by_the_next(self):
        folder = self.synth("study", "--people", "60000")
        study = os.path.join(folder, "study.yaml")
        self.ok("run", study, "--store", self.path("other-store"), "--out", self.path("other"), "--quiet")
        expected = read_bytes(self.path("other/latest/results.csv"))
        for sign, delays in ((signal.SIGKILL, (0.01, 0.03, 0.1, 0.2, 0.3)), (signal.SIGTERM, (0.05, 0.15))):
            for delay in delays:
                running = subprocess.Popen([PROGRAM, "run", study, "--quiet"], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(delay)
                running.send_signal(sign)
                self.assertIn(running.wait(), (0, -signal.SIGKILL) if sign == signal.SIGKILL else (0, 130, -sign))
                latest = os.path.join(folder, "results/latest/results.csv")
                if os.path.exists(latest):
                    self.assertEqual(read_bytes(latest), expected)
            self.ok("run", study, "--quiet")
            self.assertEqual(read_bytes(latest), expected)
            shutil.rmtree(os.path.join(folder, "results"))
            shutil.rmtree(os.path.join(folder, ".hestia-store"))

    def test_of_cumulative_cuts_the_newest_counts(self):
        folder = self.synth("study")
        study = os.path.join(folder, "study.yaml")
        self.ok("run", study, "--quiet")
        expected = self.tables(folder)["results.csv"]
        last = os.path.join(folder, "extracts/apc_201011.csv.gz")
        lines = gzip.decompress(read_bytes(last)).splitlines(keepends=True)
        with open(os.path.join(folder, "extracts/apc_201011_m06.csv.gz"), "wb") as stream:
            stream.write(gzip.compress(b"".join(lines[:1] + [line.replace(b",201099,", b",201006,")
                                                             for line in lines[1:len(lines) // 2]])))
        done = self.ok("run", study)
        self.assertIn("1 superseded", done.stderr)
        self.assertEqual(self.tables(folder)["results.csv"], expected)
        audit = read_csv(os.path.join(folder, "results/latest/audit.csv"))
        self.assertTrue([r for r in audit if r["file"] == "apc_201011_m06.csv.gz" and "superseded" in r["reason"]])

    def test_results_hold_what_synth_says_is_true(self):
        folder = self.synth("study")
        self.ok("run", os.path.join(folder, "study.yaml"), "--quiet")
        counts = {(r["measure"], r["area_code"], r["period"]): int(r["total_count"])
                  for r in read_csv(os.path.join(folder, "results/latest/results.csv"))}
        truth = [r for r in read_csv(os.path.join(folder, "truth.csv"))
                 if r["what"] == "counted" and (r["measure"], "England", "2010/11 Q4") in counts]
        self.assertEqual(len(truth), 4 * 6 * 12)
        for row in truth:
            self.assertEqual(counts[row["measure"], row["area"], row["period"]], int(row["n"]), row)

    def test_every_row_is_accounted_for(self):
        folder = self.synth("study")
        self.ok("run", os.path.join(folder, "study.yaml"), "--quiet")
        rows_of = {}
        for row in read_csv(os.path.join(folder, "results/latest/audit.csv")):
            if row["stage"] == "ingest":
                rows_of.setdefault(row["file"], {})[row["reason"]] = int(row["n"])
        self.assertEqual(sorted(rows_of), ["apc_200809.csv.gz", "apc_200910.csv.gz", "apc_201011.csv.gz"])
        for name, reasons in rows_of.items():
            with gzip.open(os.path.join(folder, "extracts", name), "rt", encoding="ascii") as stream:
                n_lines = sum(1 for _ in stream) - 1
            self.assertEqual(reasons.pop("read"), n_lines)
            self.assertEqual(sum(reasons.values()), n_lines)

    def test_files_with_rows_are_private(self):
        folder = self.synth("study")
        self.ok("run", os.path.join(folder, "study.yaml"), "--quiet")
        for place, _, names in os.walk(os.path.join(folder, ".hestia-store")):
            self.assertEqual(stat.S_IMODE(os.stat(place).st_mode), 0o700, place)
            for name in names:
                self.assertEqual(stat.S_IMODE(os.stat(os.path.join(place, name)).st_mode), 0o600, name)
        for name in os.listdir(os.path.join(folder, "extracts")):
            mode = os.stat(os.path.join(folder, "extracts", name)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)

    def test_synth_writes_only_where_it_may(self):
        os.mkdir(self.path("mine"))
        with open(self.path("mine/thesis.txt"), "w", encoding="ascii") as stream:
            stream.write("precious\n")
        for command in ("synth", "demo"):
            done = hestia(command, self.path("mine"))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(os.listdir(self.path("mine")), ["thesis.txt"])
        folder = self.synth("again")
        self.synth("again", "--years", "2009")
        self.assertEqual(os.listdir(os.path.join(folder, "extracts")), ["apc_200910.csv.gz"])

    def test_synth_is_wrongly_asked(self):
        for wrong in (["--people", "3"], ["--people", "many"], ["--years", "2010-2008"], ["--years", "soon"],
                      ["--areas", "2"], ["--areas", "152"], ["--format", "xml"], ["--compress", "rar"], []):
            done = hestia("synth", *([self.path("x")] if wrong else []), *wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertFalse(os.path.exists(self.path("x")))

    def test_wrong_commands(self):
        for wrong in (["rum"], ["run"], ["run", self.path("no.yaml")], ["run", "--thread", "0", "x"]):
            self.assertEqual(hestia(*wrong).returncode, 2, wrong)
        self.assertEqual(hestia("--version").returncode, 0)
        for command in ("run", "check", "new", "demo", "explain", "export", "ingest", "power", "stats", "store",
                        "synth"):
            self.assertEqual(hestia(command, "--help").returncode, 0, command)


if __name__ == "__main__":
    REPOSITORY = os.path.abspath(sys.argv.pop(2))
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
