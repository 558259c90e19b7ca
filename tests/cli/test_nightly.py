"""Runs that nobody watches: the JSON log, status.json, what stands after a failure, the next run.

    python3 tests/cli/test_nightly.py HESTIA REPOSITORY
"""

import fcntl
import gzip
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from other_users import NONE_CAN_RUN, nobody_can_run

PROGRAM = REPOSITORY = ""
FIELDS = ["time", "level", "event", "stage", "seconds", "text"]


def documented_events():
    """Event: (level, further fields), from the table of docs/operations.md."""
    with open(os.path.join(REPOSITORY, "docs/operations.md"), encoding="utf-8") as stream:
        text = stream.read()
    log = re.search(r"^## Log\n(.*?)^## ", text, re.S | re.M).group(1)
    return {row[0]: (row[1], re.findall(r"`(\w+)`", row[3]))
            for row in re.findall(r"^\| `([\w.]+)` \| (\w+) \| (.*?) \| (.*?) ?\|$", log, re.M)}


class Study(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-nightly-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.made = os.path.join(cls.top, "made")
        subprocess.run([PROGRAM, "synth", cls.made, "--people", "2000", "--years", "2008-2009", "--areas", "3",
                        "--quiet"], check=True, stdin=subprocess.DEVNULL)

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.top)
        shutil.copytree(self.made, self.folder, dirs_exist_ok=True)
        time.sleep(0.1)  # an extract as new as the run that reads it is looked at again by the next one
        self.study = self.path("study.yaml")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def hestia(self, *arguments, code=0, program=None, **options):
        done = subprocess.run([program or PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def log(self, *arguments, code=0, **options):
        """Lines of the JSON log; everything on standard error has to be one."""
        done = self.hestia(*arguments, "--log-format", "json", code=code, **options)
        return [json.loads(line) for line in done.stderr.decode("utf-8").splitlines()]

    def replace(self, old, new):
        with open(self.study, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn(old, text)
        with open(self.study, "w", encoding="utf-8") as stream:
            stream.write(text.replace(old, new))

    def damage(self, name="apc_200910.csv.gz"):
        """More rows that cannot be read than quality.max_rejected allows: what only reading them tells."""
        with open(self.path("extracts", name), "ab") as stream:
            stream.write(gzip.compress(b"broken\n" * 100))


class Log(Study):
    def check(self, lines):
        events = documented_events()
        for line in lines:
            self.assertIn(line["event"], events, line)
            level, further = events[line["event"]]
            self.assertEqual(list(line), FIELDS + further, line)
            self.assertEqual(line["level"], level)
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertGreaterEqual(line["seconds"], 0)
            self.assertTrue(line["text"].strip() == line["text"] != "", line)
        return [line["event"] for line in lines]

    def test_every_event_is_documented(self):
        self.damage()
        events = self.check(self.log("run", self.study, code=3))
        self.assertEqual([events[0], events[-1]], ["run.start", "error"])
        self.assertEqual(events.count("error"), 1)
        shutil.copy(os.path.join(self.made, "extracts/apc_200910.csv.gz"), self.path("extracts"))
        events += self.check(self.log("run", self.study))
        self.assertEqual(events[-1], "run.end")
        unchanged = self.check(self.log("run", self.study))
        self.assertEqual([unchanged[0], *unchanged[-2:]], ["run.start", "run.unchanged", "run.end"])
        self.assertEqual(set(events + unchanged) | {"store.repair"}, set(documented_events()))

    def test_the_last_line_of_a_failure_says_why_and_what_stands(self):
        self.hestia("run", self.study, "--quiet")
        latest = os.readlink(self.path("results/latest"))
        self.damage()
        line = self.log("run", self.study, code=3)[-1]
        self.assertEqual((line["event"], line["level"], line["stage"], line["exit_code"]),
                         ("error", "error", "ingest", 3))
        self.assertRegex(line["text"], r"^.*/extracts/apc_200910\.csv\.gz.* · Nothing was published; "
                                       r".*/results/latest is still the run %s\.$" % latest)
        self.assertGreater(line["seconds"], 0)
        quiet = self.log("run", self.study, "--quiet", code=3)
        self.assertEqual([entry["text"] for entry in quiet], [line["text"]])
        text = self.hestia("run", self.study, "--quiet", code=3).stderr.decode("utf-8")
        self.assertEqual(text, "hestia: %s\n" % line["text"])

    def test_every_command_fails_in_json(self):
        absent = self.path("absent")
        for arguments in (("run", absent), ("ingest", absent), ("check", absent), ("new", absent),
                          ("demo", self.path("extracts")), ("synth", self.path("extracts")),
                          ("explain", absent, "m", "--area", "A", "--period", "2008/09"), ("power", absent),
                          ("export", "spells", absent, "--where", "m", "--out", self.path("out.csv")),
                          ("compare", absent, absent), ("stats", "dsr", absent), ("store", "list", absent)):
            lines = self.log(*arguments, code=2)
            self.assertEqual(self.check(lines)[-1], "error", arguments)
            self.assertEqual(lines[-1]["exit_code"], 2)

    def test_what_commands_say_beside_their_data_is_in_json_too(self):
        self.assertEqual(self.check(self.log("synth", self.path("more"), "--people", "1000", "--years", "2008",
                                             "--areas", "3")), ["note"])
        table = "x,n\n1,2\nbad,3\n".encode("ascii")
        with open(self.path("t.csv"), "wb") as stream:
            stream.write(table)
        self.assertEqual(self.check(self.log("stats", "rate", self.path("t.csv"), "--skip-bad")), ["note"])

    def test_any_bytes_of_a_file_name_are_valid_json(self):
        name = b"apc_200910\xe9\n{\"event\":\"run.end\"}\x1b[2J.csv.gz"
        extracts = os.fsencode(self.path("extracts"))
        os.rename(os.path.join(extracts, b"apc_200910.csv.gz"), os.path.join(extracts, name))
        self.damage(os.fsdecode(name))
        lines = self.log("run", self.study, code=3)
        self.check(lines)
        self.assertIn("apc_200910??{\"event\":\"run.end\"}?[2J.csv.gz", lines[-1]["text"])
        text = self.hestia("run", self.study, "--quiet", code=3).stderr
        self.assertEqual(text.count(b"\n"), 1)
        self.assertNotIn(b"\x1b", text)

    def test_a_file_name_of_any_bytes_is_counted_and_published(self):
        extracts = os.fsencode(self.path("extracts"))
        os.rename(os.path.join(extracts, b"apc_200910.csv.gz"), os.path.join(extracts, b"apc_\xe9.csv.gz"))
        self.check(self.log("run", self.study))
        with open(self.path("results/latest/manifest.json"), encoding="utf-8") as stream:
            self.assertEqual([entry["file"] for entry in json.load(stream)["inputs"]],
                             ["apc_200809.csv.gz", "apc_\ufffd.csv.gz"])
        with open(self.path("results/latest/audit.csv"), encoding="utf-8") as stream:
            self.assertIn("apc_\ufffd.csv.gz", stream.read())
        self.assertEqual(self.log("run", self.study)[-2]["event"], "run.unchanged")


class Status(Study):
    def status(self, *parts):
        with open(self.path(*(parts or ("results", "status.json"))), encoding="utf-8") as stream:
            return json.load(stream)

    def test_fields_are_those_of_the_documentation(self):
        with open(os.path.join(REPOSITORY, "docs/operations.md"), encoding="utf-8") as stream:
            section = re.search(r"^## status\.json\n(.*?)^## ", stream.read(), re.S | re.M).group(1)
        self.hestia("run", self.study, "--quiet")
        self.assertEqual(list(self.status()), re.findall(r"^\| `(\w+)` \|", section, re.M))

    def test_what_each_invocation_leaves(self):
        self.hestia("run", self.study, "--quiet")
        first = self.status()
        self.assertEqual((first["schema"], first["study"], first["exit_code"], first["refused"]),
                         (1, "synthetic", 0, None))
        self.assertEqual(first["latest"], os.readlink(self.path("results/latest")))
        self.assertEqual(first["changed"], first["checked"])
        self.assertEqual(first["last_success"], first["checked"])
        self.assertTrue(0 < first["seconds"] < 60)

        self.damage()
        line = self.log("run", self.study, code=3)[-1]
        failed = self.status()
        self.assertEqual(failed["exit_code"], 3)
        self.assertEqual(line["text"].split(" · Nothing was published")[0], failed["message"])
        for key in ("changed", "last_success", "latest", "study"):
            self.assertEqual(failed[key], first[key], key)

    def test_a_wrong_study_is_noted_where_its_results_go(self):
        self.replace("measures:", "mesures:")
        self.replace("{directory: results,", "{directory: night,")
        text = self.hestia("run", self.study, "--quiet", code=2).stderr.decode("utf-8")
        status = self.status("night", "status.json")
        self.assertEqual((status["exit_code"], status["study"], status["latest"]), (2, "synthetic", None))
        self.assertIn("mesures", status["message"])
        self.assertEqual(text, "hestia: %s · Nothing was published.\n" % status["message"])
        self.hestia("run", self.path("absent.yaml"), "--out", self.path("out"), "--quiet", code=2)
        self.assertEqual(self.status("out", "status.json")["exit_code"], 2)
        self.hestia("ingest", self.study, "--quiet", "--out", self.path("none"), code=2)
        self.assertFalse(os.path.exists(self.path("none")))

    def test_a_run_that_is_kept_out_hides_nothing(self):
        self.hestia("run", self.study, "--quiet")
        before = self.status()
        with open(self.path("results/.lock"), "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX, 1, 0)
            line = self.log("run", self.study, code=4)[-1]
        self.assertIn("another run has these results", line["text"])
        refused = self.status()
        self.assertEqual(refused.pop("refused"),
                         {"checked": refused["checked"][:0] + line["time"], "message": line["text"].split(" · ")[0]})
        before.pop("refused")
        self.assertEqual(refused, before)
        self.hestia("run", self.study, "--quiet")
        self.assertIsNone(self.status()["refused"])

    def test_a_full_disk_is_told(self):
        """In a file system of its own, of 3 MB, which the first run leaves nearly full."""
        script = """set -e
            mount -t tmpfs -o size=3m none "$1"; cp -r "$2" "$1/results"
            "$3" run "$4" --out "$1/results" --quiet && test ! -e "$1/full" # nothing to do, room enough
            cat /dev/zero > "$1/full" 2> "$1/results/error" || :
            echo >> "$5"
            if "$3" run "$4" --out "$1/results" --quiet; then exit 99; else echo $?; fi
            cat "$1/results/status.json"; readlink "$1/results/latest" """
        self.hestia("run", self.study, "--quiet")
        os.mkdir(self.path("small"))
        done = subprocess.run(["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c", script, "sh", self.path("small"), self.path("results"),
                               PROGRAM, self.study, self.path("population.csv")],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.stderr.startswith("unshare:"):
            self.skipTest("no file system may be mounted here: " + done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
        code, text = done.stdout.split("\n", 1)
        status, latest = text.rsplit("}\n", 1)
        status = json.loads(status + "}")
        self.assertEqual((code, status["exit_code"]), ("1", 1))
        self.assertIn("No space left on device", status["message"])
        self.assertEqual(status["latest"], latest.strip())


class Store(Study):
    def tables(self, *parts):
        folder = self.path(*(parts or ("results", "latest")))
        tables = {}
        for name in sorted(os.listdir(folder)):
            if name.endswith((".csv", ".sqlite")):
                with open(os.path.join(folder, name), "rb") as stream:
                    tables[name] = stream.read()
        return tables

    def segments(self):
        folder = self.path(".hestia-store/segments")
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

    def flip(self, path, at):
        with open(path, "r+b") as stream:
            stream.seek(at)
            byte = stream.read(1)[0]
            stream.seek(at)
            stream.write(bytes([byte ^ 16]))

    def test_a_damaged_segment_is_made_anew_in_the_same_run(self):
        self.hestia("run", self.study, "--quiet")
        expected = self.tables()
        for at in (0, 5000, -9):  # its header, a block of rows, its end
            path = self.segments()[0]
            shutil.rmtree(self.path("results"))
            self.flip(path, at % os.path.getsize(path))
            lines = self.log("run", self.study)
            repaired = [line for line in lines if line["event"] == "store.repair"]
            self.assertEqual(len(repaired), 1, lines)
            self.assertRegex(repaired[0]["text"], r"^apc_20(08|09)\d\d\.csv\.gz: its segment of the store ")
            self.assertEqual(list(repaired[0]), FIELDS)
            self.assertEqual(lines[-1]["event"], "run.end")
            self.assertEqual(self.tables(), expected)
            self.assertFalse([line for line in self.log("run", self.study) if line["event"] == "store.repair"])

    def test_a_run_without_new_files_needs_no_writer(self):
        self.hestia("run", self.study, "--quiet")
        with open(self.path(".hestia-store/lock"), "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX, 1, 0)  # as another study's run does while it reads its files
            self.assertEqual(self.log("run", self.study)[-2]["event"], "run.unchanged")
            self.replace("title: ", "title: Again ")
            self.assertEqual(self.log("run", self.study)[-1]["event"], "run.end")
            self.damage()
            line = self.log("run", self.study, code=4)[-1]
        self.assertIn("another run writes to this store", line["text"])
        with open(self.path("results/status.json"), encoding="utf-8") as stream:
            self.assertEqual(json.load(stream)["exit_code"], 4)

    def test_who_may_only_read_is_told_who_has_to_run(self):
        """A store that nobody may write to; as root, who may, the run is nobody's."""
        if not nobody_can_run():
            self.skipTest(NONE_CAN_RUN)
        os.chmod(self.top, 0o755)
        for place, _, names in os.walk(self.folder):
            os.chmod(place, 0o777)
            for name in names:
                os.chmod(os.path.join(place, name), 0o644)
        time.sleep(0.1)  # a file touched as a run begins is not trusted by the next
        self.hestia("run", self.study, "--quiet")
        for place, _, names in os.walk(self.path(".hestia-store")):
            for name in names:
                os.chmod(os.path.join(place, name), 0o444)
            os.chmod(place, 0o555)
        as_nobody = {"program": shutil.copy(PROGRAM, self.path("hestia"))}  # where nobody may reach it
        if os.getuid() == 0:
            as_nobody["preexec_fn"] = lambda: os.setuid(65534)
        out = ("--out", self.path("theirs"))
        self.assertEqual(self.log("run", self.study, *out, **as_nobody)[-1]["event"], "run.end")
        shutil.copy(self.path("extracts/apc_200910.csv.gz"), self.path("extracts/apc_201011.csv.gz"))
        os.chmod(self.path("extracts/apc_201011.csv.gz"), 0o644)
        line = self.log("run", self.study, *out, code=1, **as_nobody)[-1]
        owner = pwd.getpwuid(os.getuid()).pw_name
        self.assertIn("only its owner (%s) may write to it: ask for `hestia ingest %s`" % (owner, self.study), line["text"])
        for place, _, _ in os.walk(self.path(".hestia-store")):
            os.chmod(place, 0o755)


class Unchanged(Study):
    def test_a_table_that_has_gone_is_made_again(self):
        """Also one that was cut; what was there before stands in the new run, byte for byte."""
        self.hestia("run", self.study, "--quiet")
        results = self.path("results/latest/results.csv")
        with open(results, "rb") as stream:
            expected = stream.read()
        for spoil in (os.remove, lambda path: os.truncate(path, 100)):
            spoil(results)
            log = self.log("run", self.study)
            self.assertIn("gone or has another size", " ".join(line["text"] for line in log if line["level"] == "warning"))
            self.assertEqual(log[-1]["event"], "run.end")
            with open(results, "rb") as stream:
                self.assertEqual(stream.read(), expected)
            self.assertEqual(self.log("run", self.study)[-2]["event"], "run.unchanged")

    def test_a_table_of_the_same_size_and_time_is_seen_to_have_changed(self):
        self.hestia("run", self.study, "--quiet")
        table = self.path("population.csv")
        facts = os.stat(table)
        with open(table, encoding="ascii") as stream:
            text = stream.read()
        at = text.rindex(",") + 1
        with open(table, "w", encoding="ascii") as stream:
            stream.write(text[:at] + ("2" if text[at] == "1" else "1") + text[at + 1:])
        os.utime(table, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        self.assertEqual(os.path.getsize(table), facts.st_size)
        self.assertNotIn("run.unchanged", [line["event"] for line in self.log("run", self.study)])
        self.assertEqual(self.log("run", self.study)[-2]["event"], "run.unchanged")

    def test_latest_is_put_right_though_nothing_has_changed(self):
        for kind in ("link", "copy"):
            self.replace("{directory: results,", "{directory: results, latest: %s," % kind)
            self.hestia("run", self.study, "--quiet")
            latest = self.path("results/latest")
            run = self.status_latest()
            os.rename(latest, self.path("results/latest.part"))  # killed when the run had its name
            self.assertEqual(self.log("run", self.study)[-2]["event"], "run.unchanged")
            self.assertEqual(self.status_latest(), run)
            self.assertEqual(os.path.islink(latest), kind == "link")
            self.replace("{directory: results, latest: %s," % kind, "{directory: results,")

    def status_latest(self):
        with open(self.path("results/latest/manifest.json"), encoding="utf-8") as stream:
            run = json.load(stream)["run"]
        with open(self.path("results/status.json"), encoding="utf-8") as stream:
            self.assertEqual(json.load(stream)["latest"], run)
        return run


class Signals(Study):
    def start(self, event, stage, *options):
        """A run whose log has come to this line."""
        running = subprocess.Popen([PROGRAM, "run", self.study, "--log-format", "json", "--threads", "1", *options],
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(running.stderr.close)
        for line in running.stderr:
            line = json.loads(line)
            if (line["event"], line["stage"]) == (event, stage):
                return running
        self.fail("the run ended before %s %s" % (event, stage))

    def status(self):
        with open(self.path("results/status.json"), encoding="utf-8") as stream:
            return json.load(stream)

    def test_the_first_signal_ends_the_run_with_130(self):
        self.hestia("synth", self.folder, "--people", "20000", "--quiet")
        for sign in (signal.SIGTERM, signal.SIGINT):
            running = self.start("run.start", "")
            running.send_signal(sign)
            last = json.loads(running.stderr.read().splitlines()[-1])
            self.assertEqual((running.wait(), last["event"], last["exit_code"]), (130, "error", 130))
            self.assertRegex(last["text"], r"^interrupted.* · Nothing was published\.$")
            status = self.status()
            self.assertEqual((status["exit_code"], status["message"]), (130, last["text"].split(" · ")[0]))
            self.assertIsNone(status["last_success"])
        self.assertEqual([name for name in os.listdir(self.path("results")) if name.startswith("2")], [])
        self.hestia("run", self.study, "--quiet")
        self.assertEqual(self.status()["exit_code"], 0)

    def test_the_second_signal_kills_at_once(self):
        """While it publishes, which takes a while to be interrupted. Until a run was slower than the two signals."""
        for attempt in range(20):
            running = self.start("stage.start", "publish")
            running.send_signal(signal.SIGTERM)
            time.sleep(0.001 * (attempt % 5 + 1))
            running.send_signal(signal.SIGINT)
            running.stderr.read()
            if running.wait() == -signal.SIGINT:
                break
            self.assertIn(running.returncode, (0, 130))
            shutil.rmtree(self.path("results"))
        else:
            self.fail("no run was killed by the second signal")
        self.hestia("run", self.study, "--quiet")
        self.assertEqual(self.status()["exit_code"], 0)
        self.assertEqual(sorted(os.listdir(self.path("results"))),
                         [".lock", self.status()["latest"], "latest", "status.json"])


if __name__ == "__main__":
    PROGRAM, REPOSITORY = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
