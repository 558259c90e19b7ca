"""What goes with a nightly run: units of systemd, the line for cron, the notification and the check for monitors.

    python3 tests/packaging/test_nightly.py HESTIA SOURCE

scripts/package test-deb starts the units under a systemd of their own.
"""

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
from other_users import NONE_CAN_RUN, nobody_can_run

PROGRAM = SOURCE = ""


def source(*parts):
    return os.path.join(SOURCE, "packaging", *parts)


def read(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def write_program(path, text):
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(path, 0o755)


def ago(hours):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hestia nightly ")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)


@unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd")
class Units(Folder):
    def analyze(self, *arguments):
        environment = dict(os.environ, SYSTEMD_UNIT_PATH=self.folder + ":", XDG_RUNTIME_DIR=self.folder, LC_ALL="C")
        return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, env=environment)

    def instances(self, kind):
        """Copies for the study in /data/ltc, and the unit that is told of failures with a program that is there."""
        for name in os.listdir(source("systemd", kind)):
            text = read(source("systemd", kind, name))
            text = re.sub(r"^ExecStart=\S+/hestia/failed", "ExecStart=/bin/true", text, flags=re.M)
            with open(self.path(name.replace("@", "@data-ltc")), "w", encoding="utf-8") as stream:
                stream.write(text)
        return sorted(self.path(name) for name in os.listdir(self.folder))

    def test_systemd_understands_them(self):
        for kind in ("system", "user"):
            done = self.analyze(f"--{kind}", "verify", "--man=no", *self.instances(kind))
            self.assertEqual((done.returncode, done.stderr), (0, ""), kind)

    def test_a_fault_would_be_seen(self):
        path = self.instances("system")[0]
        with open(path, "a", encoding="utf-8") as stream:
            stream.write("ProtectSytem=strict\n")
        self.assertIn("ProtectSytem", self.analyze("--system", "verify", "--man=no", path).stderr)

    def test_exposure(self):
        """0 is none, 10 all; the limit is 0.6."""
        service = next(path for path in self.instances("system") if path.endswith("/hestia@data-ltc.service"))
        done = self.analyze("security", "--offline=true", "--threshold=6", "--no-pager", service)
        self.assertEqual(done.returncode, 0, done.stdout[-300:])

    def test_both_timers_are_one(self):
        self.assertEqual(read(source("systemd", "system", "hestia@.timer")), read(source("systemd", "user", "hestia@.timer")))

    def test_options_that_hestia_has(self):
        said = subprocess.run([PROGRAM, "run", "--usage"], capture_output=True, text=True).stdout
        for kind in ("system", "user"):
            for option in re.findall(r" (--[a-z-]+)", re.search(r"^ExecStart=.*$", read(source("systemd", kind, "hestia@.service")), re.M).group()):
                self.assertIn(f"[{option}", said)


class Study(Folder):
    """A small study whose runs write a status.json."""

    def setUp(self):
        super().setUp()
        self.hestia("synth", self.folder, "--people", "2000", "--years", "2008-2008", "--areas", "3")
        self.tools = self.path("tools")
        os.mkdir(self.tools)

    def hestia(self, *arguments):
        return subprocess.run([PROGRAM, *arguments, "--quiet"], capture_output=True, text=True, cwd=self.folder).returncode

    def run_it(self):
        return self.hestia("run", "study.yaml")

    def break_it(self):
        [name] = os.listdir(self.path("extracts"))
        os.truncate(self.path("extracts", name), 300)
        self.assertEqual(self.run_it(), 3)
        return json.loads(read(self.path("results", "status.json")))["message"]

    def script(self, name, *arguments, replace=(), path="/usr/bin:/bin"):
        """Runs a script, or a copy with other settings, with tools of ours first on its path."""
        copy = self.path("tools", name)
        text = read(source("nightly", name))
        for before, after in replace:
            text, n = re.subn(before, after, text, count=1, flags=re.M)
            self.assertEqual(n, 1, before)
        write_program(copy, text)
        return subprocess.run([copy, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, env={"PATH": f"{self.tools}:{path}", "LC_ALL": "C.UTF-8"})


class Check(Study):
    def check(self, code, says, *options, results="results"):
        done = self.script("check_hestia", *options, self.path(results))
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        self.assertEqual(done.stdout.count("\n"), 1)
        self.assertTrue(done.stdout.startswith(("HESTIA OK - ", "HESTIA WARNING - ", "HESTIA CRITICAL - ", "HESTIA UNKNOWN - ")[code]), done.stdout)
        self.assertIn(says, done.stdout)

    def change(self, **values):
        path = self.path("results", "status.json")
        status = json.loads(read(path))
        self.assertLessEqual(set(values), set(status))
        with open(path, "w", encoding="utf-8") as stream:
            json.dump({**status, **values}, stream, indent=2, ensure_ascii=False)

    def test_runs_that_end_well(self):
        self.check(2, "status.json is not there")
        self.assertEqual(self.run_it(), 0)
        self.check(0, "new results")
        self.assertEqual(self.run_it(), 0)
        self.check(0, "nothing has changed (exit 0, 0 h ago)")

    def test_a_run_that_fails(self):
        self.run_it()
        self.check(2, self.break_it())

    def test_codes_that_are_no_failure_of_the_study(self):
        self.run_it()
        for code in (4, 130):
            self.change(exit_code=code, message="another run")
            self.check(1, f"another run (exit {code}, 0 h ago)")
        for code in (1, 2, 3):
            self.change(exit_code=code)
            self.check(2, f"(exit {code}, 0 h ago)")

    def test_a_run_that_was_refused(self):
        """It is noted inside, and the file tells of the run before."""
        self.run_it()
        self.change(refused={"checked": ago(99), "message": "a lock"})
        self.check(0, "new results (exit 0, 0 h ago)")

    def test_a_study_that_nobody_looks_at_any_more(self):
        self.run_it()
        self.change(checked=ago(25))
        self.check(0, "25 h ago")
        self.change(checked=ago(27))
        self.check(2, "no run has ended for 27 h")
        self.check(0, "27 h ago", "-a", "48")

    def test_results_that_do_not_change(self):
        self.run_it()
        self.change(changed=ago(10 * 24 + 1))
        self.check(0, "new results")
        self.check(0, "new results", "-u", "11")
        self.check(1, "nothing has changed for 10 days", "-u", "10")

    def test_a_clock_that_jumped(self):
        self.run_it()
        self.change(checked=ago(-5))
        self.check(1, "is the clock right?")

    def test_text_of_a_message(self):
        """Quotation marks as they are; no bar, behind which a monitor reads figures."""
        self.run_it()
        self.change(message='a "b" \\ c | d · é "e"')
        self.check(0, 'a "b" \\ c / d · é "e" (exit 0')

    def test_what_cannot_be_told(self):
        self.check(3, "usage", "-x")
        self.check(3, "usage", "-a", "")
        self.check(3, "usage", "-a", "-1")
        self.check(3, "usage", "-u", "09")
        self.run_it()
        with open(self.path("results", "status.json"), "w", encoding="utf-8") as stream:
            stream.write("{\n")
        self.check(3, "no exit code")
        with open(self.path("results", "status.json"), "w", encoding="utf-8") as stream:
            stream.write('{\n  "exit_code": 0\n}\n')
        self.check(3, "no time of the last check")


    def test_what_this_user_may_not_see(self):
        """Of a folder that is closed to a monitor nobody can tell whether a run has ended."""
        if not nobody_can_run():
            self.skipTest(NONE_CAN_RUN)
        self.run_it()
        os.chmod(self.folder, 0o755)
        write_program(self.path("check"), read(source("nightly", "check_hestia")))
        other = ()
        if os.geteuid() == 0:
            other = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        for closed, says in (("results/status.json", "may not be read by"), ("results", "may not be entered by")):
            os.chmod(self.path(closed), 0)
            done = subprocess.run([*other, self.path("check"), self.path("results")], capture_output=True, text=True)
            os.chmod(self.path(closed), 0o755)
            self.assertEqual((done.returncode, done.stderr), (3, ""), done.stdout)
            self.assertIn(f"{self.path(closed)} {says}", done.stdout)


class Failed(Study):
    def tool(self, name):
        write_program(self.path("tools", name), f'#!/bin/sh\n{{ for a in "$@"; do echo "<$a>"; done; cat; }} >>"{self.folder}/{name}.log"\n')

    def test_mail(self):
        self.tool("mail")
        line = self.break_it()
        done = self.script("failed", self.folder, replace=[(r"^to=root ", 'to="one@x two@x"')])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        sent = read(self.path("mail.log"))
        self.assertTrue(sent.startswith(f"<-s>\n<hestia: the run of {self.folder} on {os.uname().nodename} has failed>\n<one@x>\n<two@x>\n{line}\n"), sent)
        self.assertIn(line, done.stdout)

    def test_mail_of_a_run_that_was_refused(self):
        self.tool("mail")
        self.run_it()
        path = self.path("results", "status.json")
        status = json.loads(read(path))
        status["refused"] = {"checked": ago(0), "message": "another run is at work"}
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(status, stream, indent=2)
        self.script("failed", self.folder)
        self.assertIn("\n<root>\nanother run is at work\n", read(self.path("mail.log")))

    def test_sendmail(self):
        self.tool("sendmail")
        line = self.break_it()
        alone = self.path("alone")
        os.mkdir(alone)
        for name in ("sh", "head", "grep", "sed", "uname", "tr", "id", "cat"):
            os.symlink(shutil.which(name), os.path.join(alone, name))
        done = self.script("failed", self.folder, path=alone)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        sent = read(self.path("sendmail.log"))
        self.assertIn("<-t>\nTo: root\nSubject: hestia: the run of ", sent)
        self.assertIn(f"\n\n{line}\n", sent)

    def test_webhook(self):
        self.tool("curl")
        line = self.break_it()
        done = self.script("failed", self.folder, replace=[(r"^to=root ", "to="), (r"^webhook= ", "webhook=http://inside/hook")])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        sent = read(self.path("curl.log"))
        posted = json.loads(re.search(r"^<(\{.*\})>$", sent, re.M).group(1))
        self.assertTrue(posted["text"].endswith(line), posted)
        self.assertIn("<http://inside/hook>", sent)

    def test_nobody_is_told(self):
        self.break_it()
        self.assertEqual(self.script("failed", self.folder, replace=[(r"^to=root ", "to=")]).returncode, 1)

    def test_the_line_of_a_run_that_ended_well_is_not_sent(self):
        """As when the study file is wrong, or the run was killed: what stands there is of an earlier one."""
        self.tool("mail")
        self.run_it()
        self.script("failed", self.folder)
        self.assertIn("It ended without a line in ", read(self.path("mail.log")))
        self.assertNotIn("new results", read(self.path("mail.log")))
        self.tool("curl")
        self.script("failed", self.folder, replace=[(r"^to=root ", "to="), (r"^webhook= ", "webhook=http://inside/hook")])
        self.assertIn("It ended without a line in ", read(self.path("curl.log")))

    def test_cron(self):
        """Its line runs hestia in the study's folder and tells of everything but success and a lock."""
        for code in (0, 1, 2, 3, 4, 130, 137):
            write_program(self.path("tools", "hestia"), f'#!/bin/sh\n[ "$PWD" = "{self.folder}" ] || exit 9\necho "$*" >&2\nexit {code}\n')
            write_program(self.path("tools", "told"), f'#!/bin/sh\necho "$1" >>"{self.folder}/told.log"\n')
            [line] = re.findall(r"^\d+ \d+ \* \* \*  (.*)$", read(source("nightly", "crontab")), re.M)
            line = line.replace("/etc/hestia/failed", "told").replace("/data/ltc", f'"{self.folder}"')
            subprocess.run(["sh", "-c", line], env={"PATH": f"{self.tools}:/usr/bin:/bin"})
            told = os.path.exists(self.path("told.log"))
            self.assertEqual(told, code not in (0, 4), code)
            if told:
                os.unlink(self.path("told.log"))
            self.assertEqual(read(self.path("hestia.log")), "run study.yaml --no-progress\n")
            os.unlink(self.path("hestia.log"))


if __name__ == "__main__":
    PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
