"""Manual page and completion of the shells against the program's own table of commands and options.

    python3 tests/packaging/test_completion.py HESTIA SOURCE
"""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

PROGRAM = SOURCE = ""


def said(*arguments):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout


def commands():
    return re.findall(r"^  hestia (\w+) ", said("--help"), re.M)


def options(command):
    """Long options from --usage, which completion does not read: {name: value or None}."""
    tokens = re.findall(r"\[(--[a-z0-9-]+)((?:\[?=[^\s]*)?)\](?=\s)", said(command, "--usage"))
    return {name: value[1:] if value.startswith("=") else None for name, value in tokens}


def read(*parts):
    with open(os.path.join(SOURCE, *parts)) as stream:
        return stream.read()


class Manual(unittest.TestCase):
    page = property(lambda self: read("docs", "man", "hestia.1").replace("\\-", "-").replace("\\fR", ""))

    def test_every_command_is_in_the_page(self):
        named = set(re.findall(r'^\.BI "?(\w+)[ "]', self.page, re.M))
        self.assertGreaterEqual(named, set(commands()))

    def test_every_option_is_in_the_page(self):
        """Those of the methods of stats stand in docs/stats.md."""
        for command in commands():
            place = self.page + (read("docs", "stats.md") if command == "stats" else "")
            for name in options(command):
                self.assertTrue(re.search(name + r"(?![\w-])", place), f"hestia {command} {name} is not in docs/man/hestia.1")

    def test_every_method_is_in_the_page(self):
        for method in complete("hestia", "stats", ""):
            self.assertTrue(re.search(rf"(?<![\w-]){method}(?![\w-])", self.page), f"{method} is not in docs/man/hestia.1")


def complete(*words, folder=None):
    """What bash offers for the last of the words."""
    script = """
        source "$1/docs/completion/hestia.bash"
        compopt() { :; }
        COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
        _hestia
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    environment = dict(os.environ, PATH=os.path.dirname(PROGRAM) + os.pathsep + os.environ["PATH"])
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", SOURCE, *words], stdin=subprocess.DEVNULL, cwd=folder,
                          env=environment, capture_output=True, text=True)
    if done.stderr:
        raise RuntimeError(done.stderr)
    return sorted(set(done.stdout.split()))


@unittest.skipUnless(shutil.which("bash"), "no bash")
class Bash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="hestia-completion-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.mkdir(os.path.join(cls.folder, "place"))
        for name in ("notes.txt", "apc.csv"):
            open(os.path.join(cls.folder, name), "w").close()
        shutil.copy(os.path.join(SOURCE, "examples", "long-term-conditions", "study.yaml"), cls.folder)

    def complete(self, *words):
        return complete("hestia", *words, folder=self.folder)

    def test_commands(self):
        self.assertEqual(self.complete(""), sorted(commands() + ["--help", "--version"]))
        self.assertEqual(self.complete("ex"), ["explain", "export"])

    def test_options_of_every_command(self):
        for command in commands():
            offered = self.complete(command, "--")
            self.assertEqual(sorted(name.rstrip("=") for name in offered), sorted(options(command)), command)
            wanted = [name for name, value in options(command).items() if value]
            self.assertEqual(sorted(name[:-1] for name in offered if name.endswith("=")), sorted(wanted), command)

    def test_values_of_choices(self):
        for command in commands():
            for name, value in options(command).items():
                if value and "|" in value and value == value.lower():
                    self.assertEqual(self.complete(command, name, "=", ""), sorted(value.split("|")), f"{command} {name}")
        self.assertEqual(self.complete("run", "--log-format", "j"), ["json"])

    def test_methods(self):
        methods = self.complete("stats", "")
        self.assertGreater(len(methods), 20)
        for method in methods:
            self.assertNotIn("no method", subprocess.run([PROGRAM, "stats", method, "/nowhere"], capture_output=True, text=True).stderr)

    def test_arguments(self):
        self.assertEqual(self.complete("run", ""), ["place", "study.yaml"])
        self.assertEqual(self.complete("run", "--quiet", "--threads", "2", "s"), ["study.yaml"])
        self.assertEqual(self.complete("new", "apc.csv", ""), ["apc.csv", "notes.txt", "place", "study.yaml"])
        self.assertEqual(self.complete("demo", ""), ["place"])
        self.assertEqual(self.complete("store", ""), ["init", "list", "purge", "verify"])
        self.assertEqual(self.complete("store", "list", ""), ["place"])
        self.assertEqual(self.complete("export", ""), ["attendances", "people", "spells"])
        self.assertEqual(self.complete("stats", "dsr", "--reference", "p"), ["place", "pooled"])
        self.assertEqual(self.complete("run", "study.yaml", ""), [])

    def test_measures_of_the_study(self):
        offered = self.complete("explain", "study.yaml", "")
        self.assertIn("emergency_admissions", offered)
        self.assertNotIn("diabetes", offered, "a cohort is no measure")
        self.assertNotIn("wirral-memory-service", offered, "a service is no measure")
        self.assertEqual(self.complete("explain", "--area", "5NK", "study.yaml", "emerg"), ["emergency_admissions"])
        self.assertEqual(self.complete("export", "spells", "study.yaml", "--where", "="), offered)

    def test_a_command_that_is_none_offers_nothing(self):
        self.assertEqual(self.complete("nonsense", ""), [])


@unittest.skipUnless(shutil.which("zsh"), "no zsh")
class Zsh(unittest.TestCase):
    def shown(self, line, wanted):
        """What a zsh on a terminal shows when `line` and a tabulator are typed: read until all of `wanted` are there, or a minute."""
        child, terminal = pty.fork()
        if child == 0:
            path = os.path.dirname(PROGRAM) + os.pathsep + os.environ["PATH"]
            folder = os.path.join(SOURCE, "docs", "completion")
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": path, "TERM": "xterm", "HOME": "/nowhere", "COMPLETION": folder})
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 60, 160, 0, 0))
        try:
            os.write(terminal, b"fpath=($COMPLETION $fpath); autoload -Uz compinit; compinit -u -D; PROMPT=; echo rea''dy\n")
            self.read(terminal, ["ready\r\n"])
            os.write(terminal, line.encode() + b"\t")
            return self.read(terminal, wanted)
        finally:
            os.close(terminal)
            os.waitpid(child, 0)

    def read(self, terminal, wanted):
        text, end = "", time.monotonic() + 60
        while time.monotonic() < end and not all(word in text for word in wanted):
            if select.select([terminal], [], [], 1)[0]:
                text += os.read(terminal, 65536).decode(errors="replace")
        return text

    def test_commands(self):
        shown = self.shown("hestia ", commands())
        for command in commands():
            self.assertIn(command, shown)

    def test_options(self):
        shown = self.shown("hestia run --", options("run"))
        for name in options("run"):
            self.assertIn(name, shown)


if __name__ == "__main__":
    PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
