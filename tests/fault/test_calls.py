"""System calls that fail, one at a time: every call of a night's run that writes, makes, syncs, renames, opens, reads or lists something.

    python3 tests/fault/test_calls.py HESTIA INJECTOR

A run either fails with exit code 1 and one line that names the file, with the last good results as they were, or the fault was harmless.
The run after it completes with the bytes of an undisturbed one. The gate takes a sample of all kinds and files (HESTIA_FAULT_SEED
another one); HESTIA_FAULTS=all takes every call with every error, which is hours.
"""

import os
import random
import re
import shutil
import signal
import sys

import fault_support
from fault_support import Nights, hestia

# Which errors each kind of call is made to give. A full disk stays full: `+`.
ERRORS = {
    "write": ("ENOSPC+", "EIO", "EDQUOT+"),
    "create": ("ENOSPC", "EROFS", "EMFILE"),
    "sync": ("EIO",),
    "rename": ("EIO", "ENOSPC+"),
    "mkdir": ("ENOSPC", "EACCES"),
    "link": ("EIO",),
    "truncate": ("EIO",),
    "mode": ("EACCES",),
    "close": ("EIO",),
    "unlink": ("EIO",),
    "read": ("EIO",),
    "open": ("EMFILE", "EIO"),
    "list": ("EIO",),
}


# How many kinds of calls the gate takes of a class.
SAMPLE = {"write": 6, "create": 4, "rename": 5, "sync": 3}


def kind_of(call):
    """A call without what differs from run to run; tables are all written alike."""
    call = re.sub(r"\d{8}T\d{6}Z(-\d+)?", "RUN", call)
    call = re.sub(r"tmp\.\w+$|[0-9a-f]{32}-[0-9a-f]{32}|\d+\.part$", "N", call)
    return re.sub(r"(RUN.*/)(internal|release)(/|$)", r"\1FOLDER\3", re.sub(r"(RUN.*/)[\w-]+\.csv", r"\1TABLE.csv", call))


class Calls(Nights):
    seed = fault_support.environment_number("HESTIA_FAULT_SEED", 20261122)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        work = os.path.join(cls.top, "trace")
        shutil.copytree(cls.before, work, symlinks=True)
        cls.calls = hestia(work, "run", os.path.join(work, "study.yaml"), "--threads", "1", "--quiet", trace=True).calls
        cls.calls = [c.replace(work, "") for c in cls.calls]
        shutil.rmtree(work)
        cls.chance = random.Random(cls.seed)
        print("seed %d, %d calls" % (cls.seed, len(cls.calls)))

    def places(self, name):
        """Numbers of calls of one class: all of them, or one of each kind."""
        calls = [c for c in self.calls if c.startswith(name + " ")]
        if fault_support.all_faults():
            return list(range(1, len(calls) + 1))
        kinds = {}
        for n, call in enumerate(calls, 1):
            kinds.setdefault(kind_of(call), []).append(n)
        of_each = [self.chance.choice(numbers) for numbers in kinds.values()]
        return sorted(self.chance.sample(of_each, min(len(of_each), SAMPLE.get(name, 2))))

    def try_fault(self, name, n, error):
        fault = "%s %d%s %s" % (name, n, "+" if error.endswith("+") else "", error.rstrip("+"))
        folder = self.fresh()
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--quiet", fault=fault)
        self.assertTrue(done.fired, fault)
        about = "%s at %s" % (fault, done.fired[0].replace(folder, ""))
        if done.code == 0:
            self.assert_latest(folder, self.new, about)
        else:
            path = done.fired[0].split(" ", 1)[1]
            reason, status = self.assert_failed(folder, done, (1,), about)
            # where nothing can be written, or its folder not be made, status.json cannot be either
            if not path.endswith(("status.json.part", "/results", "/work")) and not error.endswith("+"):
                self.assertEqual(status["exit_code"], done.code, about)
                self.assertTrue(reason.startswith("hestia: " + status["message"]), about)
        self.assert_completes(folder, about)
        return about, done

    def try_class(self, name):
        n_failed = 0
        for n in self.places(name):
            for error in ERRORS[name] if fault_support.all_faults() else (self.chance.choice(ERRORS[name]),):
                with self.subTest(call="%s %d %s" % (name, n, error)):
                    about, done = self.try_fault(name, n, error)
                    n_failed += done.code != 0
                    if os.environ.get("HESTIA_FAULT_SHOW"):
                        print(about, "->", done.code, done.error.strip().replace("\n", " | "))
        return n_failed

    def test_what_has_a_name_is_on_the_disk(self):
        """Of a night, from the calls it makes."""
        self.assertEqual(fault_support.not_on_disk(self.calls), [])

    def test_a_file_that_cannot_be_closed_is_not_published(self):
        """Some file systems say only then that there was no room."""
        for part in ("/store/segments/0.part", "/catalogue.json.part", "/internal/results.csv.part", "/manifest.json.part"):
            with self.subTest(part):
                n = next(i for i, c in enumerate((c for c in self.calls if c.startswith("close ")), 1) if c.endswith(part))
                self.assertEqual(self.try_fault("close", n, "EIO")[1].code, 1)

    def test_a_workbook_without_room(self):
        """Its library has words of its own for standard error; the reason is one line all the same."""
        folder = self.fresh()
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--quiet", fault="write 5+ ENOSPC site-review.xlsx.part")
        self.assert_failed(folder, done, (1,), "no room", ("site-review.xlsx: cannot be written",))

    def test_half_of_a_call_and_interrupted_ones(self):
        """Calls that read or write less than asked for change nothing at all; nor do ones that a signal interrupts (EINTR) in the files that are
        not stdio's, which goes by the handlers' SA_RESTART alone."""
        faults = ["%s 1+ short" % names for names in ("read", "write", "read,write")]
        for name, part in (("read", "/extracts/"), ("read", "/store/"), ("write", "/store/"), ("write", "/manifest.json")):
            n_calls = sum(c.startswith(name + " ") and part in c for c in self.calls)
            faults += ["%s %d EINTR %s" % (name, self.chance.randint(1, n_calls), part) for _ in range(2)]
        for fault in faults:
            with self.subTest(fault=fault):
                folder = self.fresh()
                done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--quiet", fault=fault)
                self.assertEqual(done.code, 0, "%s: %s" % (fault, done.error))
                self.assertTrue(done.fired, fault)
                self.assert_completes(folder, fault)

    def test_a_piece_lost_in_the_middle_of_a_workbooks_part(self):
        """The library asks no write to its own files whether it went well; what was lost may be neither a row nor a tag."""
        calls = [c for c in self.calls if c.startswith("write ") and "internal/site-review.xlsx.tmp/" in c]
        files = {}
        for n, call in enumerate(calls, 1):
            files.setdefault(call, []).append(n)
        middles = [numbers[len(numbers) // 2] for numbers in files.values() if len(numbers) > 2]
        self.assertGreater(len(middles), 3)
        for n in middles:
            with self.subTest(write=n):
                folder = self.fresh()
                done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--quiet", fault="write %d EIO internal/site-review.xlsx.tmp/" % n)
                self.assertTrue(done.fired)
                self.assert_failed(folder, done, (1,), str(n))

    def test_memory(self):
        """An allocation that fails. The libraries for YAML and for workbooks do not look (SIGSEGV); even so the last results stand."""
        numbers = range(1, 30000)
        for n in self.chance.sample(numbers, 300 if fault_support.all_faults() else 6):
            with self.subTest(n=n):
                folder = self.fresh()
                done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--quiet", fault="memory %d ENOMEM" % n)
                about = "allocation %d: %s" % (n, done.error)
                self.assertIn(done.code, (0, 1, 2, -signal.SIGSEGV), about)
                if done.code > 0:
                    self.assert_reason(done, about)
                self.assert_latest(folder, self.new if done.code == 0 else self.old, about)
                self.assert_completes(folder, about)


def add_tests():
    for name in ERRORS:
        def test(self, name=name):
            self.try_class(name)
        setattr(Calls, "test_%s" % name, test)


add_tests()

if __name__ == "__main__":
    fault_support.main(sys.argv)
