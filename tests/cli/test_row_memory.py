#!/usr/bin/env python3
"""What stands in hestia's memory, read through /proc by a process that may: identifiers of persons while an extract is
read, and none from the end of ingest on, whatever the file is packed in; nor the store's key at the end.

    test_row_memory.py HESTIA STOP_LIBRARY

Reading a process that has forbidden it takes root; anybody else is root in a user namespace of his own."""

import glob
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import planted

HESTIA, STOP_LIBRARY = (os.path.abspath(path) for path in sys.argv[1:3])


def memory_of(pid):
    """All that the process can read, mapping by mapping, with the name of each."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            start, end, mode, rest = re.fullmatch(r"(\w+)-(\w+) (\S+) (.*)\n", line).groups()
            if mode[0] != "r" or "[v" in rest:  # [vvar] and [vsyscall] are the kernel's
                continue
            memory.seek(int(start, 16))
            left, pieces = int(end, 16) - int(start, 16), []
            while left > 0:
                piece = memory.read(min(left, 1 << 24))
                if not piece:
                    break
                pieces.append(piece)
                left -= len(piece)
            yield rest, b"".join(pieces)


def find(pid, marks):
    """{name of a mark: where it stands}"""
    found = {}
    for where, text in memory_of(pid):
        for name, mark in marks.items():
            if mark in text:
                found.setdefault(name, []).append(where.split()[-1])
    return found


def wait_until_stopped(process):
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), f"it ended with {os.waitstatus_to_exitcode(status)}"


class Memory(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.place)

    def start(self, *arguments, stop=""):
        process = subprocess.Popen([HESTIA, *arguments], cwd=self.place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env=dict(os.environ, LD_PRELOAD=STOP_LIBRARY, HESTIA_STOP=stop))
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def end(self, process):
        process.send_signal(signal.SIGCONT)
        process.stderr.read()
        self.assertEqual(process.wait(), 0)

    def look_at_end(self, *arguments):
        process = self.start(*arguments, stop="exit")
        wait_until_stopped(process)
        marks = dict(planted.IDENTIFIERS)
        for path in glob.glob(self.place + "/**/key", recursive=True) + glob.glob(self.place + "/s/.hestia-store/key"):
            with open(path, "rb") as stream:
                key = stream.read()
            marks[path], marks[path + ", other half"] = key[:16], key[16:]
        found = find(process.pid, marks)
        self.end(process)
        self.assertEqual(found, {})

    def test_identifiers_are_there_while_a_file_is_read(self):
        for packing in ("none", "gz", "xz", "zst"):  # of a zip the end is read first
            with self.subTest(packing):
                shutil.rmtree(self.place + "/s", ignore_errors=True)
                path = planted.make_study(HESTIA, self.place + "/s", "2008-2008", packings=[packing])[0]
                process = self.start("ingest", "s/study.yaml", stop="read:" + os.path.basename(path))
                wait_until_stopped(process)
                found = find(process.pid, planted.IDENTIFIERS)
                self.assertIn("PERSON", found)
                self.assertIn("NEWNHSNO", found)
                process.kill()

    def test_none_is_left_when_ingest_is_done(self):
        planted.make_study(HESTIA, self.place + "/s", "2005-2009", packings=("none", "gz", "zip", "xz", "zst"))
        for threads in ("1", "3"):
            with self.subTest(threads=threads):
                self.look_at_end("ingest", "s/study.yaml", "--threads", threads, "--store", f"store{threads}")
        self.look_at_end("store", "verify", "store3")  # where nothing is read that would be wiped

    def test_none_is_left_of_a_file_read_by_ranges(self):
        """Of some hundred gzip members, 9 MiB: more than from where on all threads read one file."""
        path = planted.make_study(HESTIA, self.place + "/s", "2008-2008", packings=("gz",))[0]
        with gzip.open(path) as stream:
            rows = stream.read().partition(b"\n")[2]
        member = gzip.compress(rows, 1)
        with open(path, "ab") as stream:
            while stream.tell() < 9 << 20:
                stream.write(member)
        self.look_at_end("ingest", "s/study.yaml", "--threads", "3")

    def test_none_is_left_of_a_look_at_files(self):
        paths = planted.make_study(HESTIA, self.place + "/s", "2005-2009", packings=("none", "gz", "zip", "xz", "zst"))
        self.look_at_end("check", "--deep", *paths)
        self.look_at_end("new", *paths, "--out", "new.yaml")

    def test_none_is_left_of_side_files_and_cohorts(self):
        planted.make_study(HESTIA, self.place + "/s", "2008-2009", packings=("gz", "none"), side_file=True)
        with open(self.place + "/s/people.csv", "w") as stream:
            stream.write("PSEUDO_HESID\n" + "".join(f"{planted.PERSON[0](3 * n)}\n" for n in range(2000)))
        planted.edit(self.place + "/s/study.yaml", "measure_defaults:",
                     "cohorts: [{id: listed, dataset: apc, file: people.csv}]\nmeasure_defaults:")
        self.look_at_end("run", "s/study.yaml")

    def test_none_is_there_in_later_stages(self):
        planted.make_study(HESTIA, self.place + "/s", "2007-2009", packings=("zip", "gz", "none"))
        process = self.start("run", "s/study.yaml", "--log-format", "json")
        seen = []
        for line in process.stderr:
            said = json.loads(line)
            if said["event"] == "stage.start" and said["stage"] not in ("check", "ingest"):
                process.send_signal(signal.SIGSTOP)
                wait_until_stopped(process)
                self.assertEqual(find(process.pid, planted.IDENTIFIERS), {}, said["stage"])
                process.send_signal(signal.SIGCONT)
                seen.append(said["stage"])
        self.assertEqual(process.wait(), 0)
        self.assertEqual(seen[:2] + seen[-1:], ["people", "rates", "publish"])


if __name__ == "__main__":
    if os.geteuid() != 0:
        os.execvp("unshare", ["unshare", "-r", sys.executable, *sys.argv])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
