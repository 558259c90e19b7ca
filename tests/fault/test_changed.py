"""Files that change while a run reads them: rewritten, grown, cut short, replaced, gone.

    python3 tests/fault/test_changed.py HESTIA INJECTOR

The injector stops the program at a call, the file changes, the program goes on. A run publishes what is right for one content of every
file, or says with exit code 3 which file changed and publishes nothing; the next run is right for what is there then. The gate tries a
sample of moments; HESTIA_FAULTS=all every one.
"""

import csv
import gzip
import io
import os
import random
import shutil
import sys

import fault_support
from fault_support import Nights, change_meanwhile, hestia, tree


def write(path, content):
    with open(path, "wb") as stream:
        stream.write(content)


def mirrored(content):
    """A table with its columns in the opposite order."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(row[::-1] for row in csv.reader(io.StringIO(content.decode())))
    return out.getvalue().encode()


class Changed(Nights):
    seed = fault_support.environment_number("HESTIA_FAULT_SEED", 20261122)
    name = "extracts/apc_201011.csv"  # plain text, where no checksum would show a mixture

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with gzip.open(os.path.join(cls.before, cls.name + ".gz"), "rb") as stream:
            cls.content = stream.read()
        os.remove(os.path.join(cls.before, cls.name + ".gz"))
        write(os.path.join(cls.before, cls.name), cls.content)
        lines = cls.content.splitlines(keepends=True)
        middle = len(lines) // 2
        cls.contents = {
            "rewritten": b"".join(lines[:1] + lines[middle:] + lines[1:middle]),
            "grown": cls.content + lines[1] * 20,
            "cut short": b"".join(lines[:middle]),
            "replaced": b"".join(lines[:-30]),
            "replaced, with its columns in another order": mirrored(cls.content),
            "gone": None,
        }
        cls.rights = {how: cls.right(content) for how, content in cls.contents.items()}
        cls.new = cls.right(cls.content)
        cls.chance = random.Random(cls.seed)

    @classmethod
    def right(cls, content):
        """Results of an undisturbed run on that content."""
        folder = os.path.join(cls.top, "right")
        shutil.copytree(cls.before, folder, symlinks=True)
        if content is None:
            os.remove(os.path.join(folder, cls.name))
        else:
            write(os.path.join(folder, cls.name), content)
        cls.run_well(folder)
        found = tree(os.path.join(folder, "results", "latest"))
        shutil.rmtree(folder)
        return found

    def change(self, path, how):
        """In place, but for what is replaced or gone; of a rewritten file the time is set back."""
        content, old = self.contents[how], os.stat(path)
        if how == "gone":
            os.remove(path)
        elif how.startswith("replaced"):
            write(path + ".new", content)
            os.rename(path + ".new", path)
        elif how == "cut short":
            os.truncate(path, len(content))
        else:
            with open(path, "r+b") as stream:
                stream.write(content)
            if how == "rewritten":
                os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))

    def calls_on(self, part, names=("read", "open", "look")):
        """How often a run opens, looks at, or reads the file."""
        folder = self.fresh()
        calls = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--quiet", trace=True).calls
        return sum(c.split(" ", 1)[0] in names and part in c for c in calls)

    def check(self, fault, how):
        about = "%s at %s" % (how, fault)
        folder = self.fresh()
        path = os.path.join(folder, self.name)
        done, was_stopped = change_meanwhile(folder, fault, lambda: self.change(path, how))
        self.assertTrue(was_stopped, about)
        if done.code == 0:
            self.assertIn(tree(self.latest(folder)), (self.new, self.rights[how]), about)
        else:
            reason, status = self.assert_failed(folder, done, (2, 3) if how == "gone" else (3,), about, (os.path.basename(path),))
            self.assertEqual(status["exit_code"], done.code)
            if done.code == 3:
                self.assertIn("changed while it was read; run again", reason, about)
        self.run_well(folder)
        self.assert_latest(folder, self.rights[how], about + ", and run again")
        return done.code

    def test_an_extract_that_changes(self):
        n_calls = self.calls_on(os.path.basename(self.name))
        n_refused = 0
        for how in self.contents:
            moments = range(1, n_calls + 1)
            for n in moments if fault_support.all_faults() else self.chance.sample(moments[:-1], 2) + [n_calls]:
                with self.subTest(how=how, call=n):
                    n_refused += self.check("read,open,look %d stop %s" % (n, os.path.basename(self.name)), how) != 0
        print("seed %d: of %d moments, %d times refused" % (self.seed, n_calls, n_refused))
        self.assertGreater(n_refused, 0)

    def test_an_extract_replaced_before_it_is_opened(self):
        """Its rows are never read by the header of the file that was there before."""
        for n in range(1, self.calls_on(os.path.basename(self.name), ("open",)) + 1):
            with self.subTest(open=n):
                self.check("open %d stop %s" % (n, os.path.basename(self.name)), "replaced, with its columns in another order")

    def test_a_small_table_that_changes(self):
        """Between its reading and the end of publishing."""
        for name, moments in (("study.yaml", ("create 1 stop store/segments", "create 1 stop internal/results.csv", "create 1 stop manifest.json")),
                              ("population.csv", ("create 1 stop store/segments", "create 1 stop release/results.csv")),
                              ("pct_names.csv", ("create 1 stop internal/results.csv",)),
                              ("trust_mergers.csv", ("create 1 stop internal/results.csv",))):
            for moment in moments:
                with self.subTest(table=name, moment=moment):
                    self.check_table(name, moment)

    def check_table(self, name, moment):
        """It is written again; with the same content, so that what is right stays the same."""
        folder = self.fresh()
        path = os.path.join(folder, name)
        with open(path, "rb") as stream:
            content = stream.read()
        done, was_stopped = change_meanwhile(folder, moment, lambda: write(path, content))
        self.assertTrue(was_stopped)
        reason, _ = self.assert_failed(folder, done, (3,), name, (name,))
        self.assertIn("changed while it was read; run again", reason)
        self.assert_completes(folder, name)


if __name__ == "__main__":
    fault_support.main(sys.argv)
