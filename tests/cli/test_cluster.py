"""Runs of several processes, started by MPI's launcher on this machine: the bytes of one process, one log, and what is left when a process dies.

    python3 tests/cli/test_cluster.py HESTIA MPIEXEC INJECTOR [unittest's arguments]

Hosts without a file system in common are folders here: each process works in one of its own. scripts/test-hosts does it with hosts.
"""

import glob
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

from other_users import NOBODY, NONE_CAN_RUN, nobody_can_run

PROGRAM = LAUNCHER = INJECTOR = ""

STUDY = """study: cluster
period: {from: 2008-04-01, to: 2011-03-31}
store: store
extracts:
  - {dataset: apc, files: extracts/apc_*}
  - {dataset: op, files: extracts/op_*}
  - {dataset: ae, files: extracts/ae_*}
areas:
  type: pct
  field: [RESPCT06, RESPCT_HIS]
  lookup: pct_lookup.csv
  names: pct_names.csv
  sites: [5J6, 5QL]
  comparators: [{name: England, areas: all, population_area: ENG}]
providers: {names: providers.csv, merge: trust_mergers.csv}
population: population.csv
standard_population: esp1976
cohorts:
  - {id: diabetes, dataset: apc, condition: diabetes_any, window: all}
measures:
  - {id: emergency, where: {admission_method: emergency}, statistic: dsr, interval: repeat-adjusted, by: month}
  - {id: stays, unit: spell, statistic: mean_los, by: [month, year]}
  - {id: back, statistic: readmission, by: year}
  - {id: clinics, dataset: op, unit: attendance, where: {cohort: diabetes}, statistic: count, by: year, split: provider}
  - {id: casualty, dataset: ae, statistic: count, by: month}
impact:
  - {id: service, site: 5QL, measures: [emergency, stays], date: 2009-10-01, by: month, methods: [its, pre_post], primary: its}
breaks: {screen: true}
publish: {directory: results, internal: true, formats: [csv]}
"""

# Open MPI asks to be told that root, and more processes than cores, are meant; nothing is to be started elsewhere.
LAUNCHING = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
             "OMPI_MCA_plm": "isolated",
             # a launcher that ends a run gives it a second; on a busy machine that is little
             "OMPI_MCA_odls_base_sigkill_timeout": "2"}

# What each process is started by: in a folder of its own where there is one, and under the injector when it is the one that a fault is for.
PROCESS = """#!/bin/sh
host=$PWD/host$OMPI_COMM_WORLD_RANK
if [ -d "$host" ]; then cd "$host"; fi
if [ "$OMPI_COMM_WORLD_RANK" = "$FAULTY" ]; then export LD_PRELOAD="$INJECTOR"; fi
exec "$@"
"""


class Done:
    def __init__(self, process, seconds):
        self.code, self.output, self.error, self.seconds = process.returncode, process.stdout, process.stderr, seconds
        # the launcher has words of its own when a process fails
        self.lines = [line for line in self.error.splitlines() if re.match(r"hestia: |\d{4}-\d\d-\d\dT|\{", line)]

    def errors(self):
        return [line for line in self.lines if line.startswith("hestia: ")]


def files(folder):
    """Bytes of the files of a run, but for the one that has its time and host."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if name != "manifest.json":
                path = os.path.join(place, name)
                found[os.path.relpath(path, folder)] = read(path)
    return found


def leftovers(folder):
    return [name for name in glob.glob(folder + "/**/*.part", recursive=True)]


def segments(folder):
    return sorted(glob.glob(folder + "/store/segments/*.seg"))


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(path, mode)


def flip(path, at):
    with open(path, "r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)[0]
        stream.seek(at)
        stream.write(bytes([byte ^ 1]))


def launch(folder, n, *arguments, faulty=None, fault=""):
    """The command that starts n processes, and its environment."""
    settings = dict(os.environ, **LAUNCHING, INJECTOR=INJECTOR, FAULTY="" if faulty is None else str(faulty), HESTIA_FAULT=fault,
                    HESTIA_FAULT_WITHIN="", HESTIA_FAULT_LOG=folder + "/injector.log")
    return [LAUNCHER, "-n", str(n), os.path.join(Team.top, "process"), PROGRAM, *arguments], settings


def team(folder, n, *arguments, timeout=120, **options):
    command, environment = launch(folder, n, *arguments, **options)
    began = time.monotonic()
    return Done(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, env=environment, timeout=timeout),
                time.monotonic() - began)


def alone(folder, *arguments):
    return Done(subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, timeout=120), 0)


class Team(unittest.TestCase):
    """`world`: extracts and tables, nothing run yet. `expected`: what one process publishes."""

    top = ""

    @classmethod
    def setUpClass(cls):
        if Team.top:
            return
        Team.top = os.path.realpath(tempfile.mkdtemp(prefix="hestia-cluster-"))
        unittest.addModuleCleanup(shutil.rmtree, Team.top)
        os.chmod(Team.top, 0o755)
        write(Team.top + "/process", PROCESS, 0o755)
        Team.world = Team.top + "/world"
        os.mkdir(Team.world)
        done = alone(Team.world, "synth", Team.world, "--people", "2500", "--years", "2008-2010", "--areas", "3", "--datasets", "apc,op,ae", "--quiet")
        if done.code != 0:
            raise RuntimeError(done.error)
        # one file is next to nothing, one as large as all others
        with gzip.open(Team.world + "/extracts/ae_200809.csv.gz", "rb") as stream:
            rows = stream.read().splitlines(keepends=True)
        with gzip.open(Team.world + "/extracts/ae_200809.csv.gz", "wb") as stream:
            stream.writelines(rows[:20])
        large = gzip.decompress(read(Team.world + "/extracts/op_201011.csv.gz"))
        os.remove(Team.world + "/extracts/op_201011.csv.gz")
        with open(Team.world + "/extracts/op_201011.csv", "wb") as stream:
            stream.write(large)
        write(Team.world + "/study.yaml", STUDY)
        # a file that has just been changed is not trusted to be what its digest says
        for path in glob.glob(Team.world + "/extracts/*"):
            os.utime(path, (1262304000, 1262304000))
        Team.n_files = len(glob.glob(Team.world + "/extracts/*"))
        reference = cls.fresh("reference")
        done = alone(reference, "run", "study.yaml", "--quiet")
        if done.code != 0:
            raise RuntimeError(done.error)
        Team.expected = files(reference + "/results/latest")
        Team.reference = reference

    @classmethod
    def fresh(cls, name, source=None):
        folder = os.path.join(Team.top, name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source or Team.world, folder, symlinks=True)
        return folder

    def assert_published(self, done, folder, about=""):
        self.assertEqual(done.code, 0, "%s: %s" % (about, done.error))
        self.assertEqual(files(folder + "/results/latest"), Team.expected, about)
        self.assertEqual(leftovers(folder), [], about)

    def assert_reason(self, done, code, *words):
        """The run ended with this code, and the reason was said once."""
        self.assertEqual(done.code, code, done.error)
        self.assertEqual(len(done.errors()), 1, done.error)
        for word in words:
            self.assertIn(word, done.errors()[0])


class OneStore(Team):
    def test_any_number_of_processes_gives_the_bytes_of_one(self):
        for n in (1, 2, 3, 5, Team.n_files + 2):
            folder = self.fresh("work")
            self.assert_published(team(folder, n, "run", "study.yaml", "--threads", "1"), folder, "%d processes" % n)
            if n not in (1, 3):
                continue
            shutil.rmtree(folder + "/results")
            done = team(folder, n, "run", "study.yaml", "--threads", "2")
            self.assert_published(done, folder, "%d processes, from the store" % n)
            self.assertIn("0 files new, %d unchanged" % Team.n_files, done.error)
            self.assertEqual(os.listdir(folder + "/store").count("catalogue.json"), 1)
            self.assertEqual(glob.glob(folder + "/store/catalogue-*"), [])
            self.assertEqual(glob.glob(folder + "/store/team-*"), [])
        before = os.readlink(folder + "/results/latest")
        done = team(folder, 3, "run", "study.yaml")
        self.assertEqual(done.code, 0, done.error)
        self.assertIn("nothing has changed", done.error)
        self.assertEqual(os.readlink(folder + "/results/latest"), before)
        self.assertIn("nothing has changed", alone(folder, "run", "study.yaml").error)

    def test_the_log_is_one(self):
        folder = self.fresh("work")
        plain = alone(folder, "run", "study.yaml", "--log-format", "json")
        shutil.rmtree(folder + "/results")
        done = team(folder, 3, "run", "study.yaml", "--log-format", "json", "--verbose")
        self.assertEqual(done.code, 0, done.error)
        events = [json.loads(line) for line in done.error.splitlines()]
        stages = [(e["event"], e["stage"]) for e in events if e["event"].startswith("stage")]
        self.assertEqual(stages, [(e["event"], e["stage"]) for e in map(json.loads, plain.lines) if e["event"].startswith("stage")])
        self.assertEqual([e["event"] for e in events].count("run.start"), 1)
        self.assertEqual([e["event"] for e in events].count("run.end"), 1)
        self.assertIn("3 processes", events[0]["text"])
        for path in os.listdir(folder + "/extracts"):
            self.assertEqual(len([e for e in events if e["text"].startswith("%s: unchanged" % path)]), 1, path)
        self.assertEqual(team(folder, 2, "run", "study.yaml", "--quiet").error, "")
        self.assertIn("2 processes", team(folder, 2, "ingest", "study.yaml").error)

    def test_a_truncated_file_fails_all_and_costs_itself_alone(self):
        folder = self.fresh("work")
        path = folder + "/extracts/op_200910.csv.gz"
        whole = read(path)
        with open(path, "wb") as stream:
            stream.write(whole[:len(whole) * 2 // 3])
        done = team(folder, 3, "run", "study.yaml", "--quiet")
        self.assert_reason(done, 3, "op_200910.csv.gz", "Nothing was published")
        with open(folder + "/results/status.json", encoding="utf-8") as stream:
            self.assertEqual(json.load(stream)["exit_code"], 3)
        self.assertFalse(os.path.exists(folder + "/results/latest"))
        n_read = len(segments(folder))
        self.assertGreater(n_read, 0)
        with open(path, "wb") as stream:
            stream.write(whole)
        done = team(folder, 2, "run", "study.yaml", "--verbose")
        self.assert_published(done, folder)
        self.assertEqual(len(re.findall(r": unchanged, ", done.error)), n_read, done.error)
        self.assertIn("op_200910.csv.gz: new", done.error)

    def test_a_damaged_segment_is_made_anew(self):
        folder = self.fresh("work", Team.reference)
        shutil.rmtree(folder + "/results")
        for path in os.listdir(folder + "/extracts"):
            self.assertTrue(os.path.exists(os.path.join(folder, "extracts", path)))
        done = team(folder, 3, "run", "study.yaml")
        self.assert_published(done, folder)
        shutil.rmtree(folder + "/results")
        victim = max(segments(folder), key=os.path.getsize)
        flip(victim, 1000)
        done = team(folder, 3, "run", "study.yaml")
        self.assert_published(done, folder)
        self.assertEqual(done.error.count("its segment of the store is damaged, and is made anew"), 1, done.error)

    def test_what_is_wrong_with_the_study_is_said_once(self):
        folder = self.fresh("work")
        self.assert_reason(team(folder, 3, "run", "absent.yaml"), 2, "absent.yaml")
        write(folder + "/study.yaml", STUDY.replace("statistic: dsr", "statistic: dsx"))
        self.assert_reason(team(folder, 3, "run", "study.yaml"), 2, "line 21", "dsx")
        write(folder + "/study.yaml", STUDY.replace("op_*", "xx_*"))
        self.assert_reason(team(folder, 3, "run", "study.yaml"), 2, "xx_")

    def test_other_commands_do_as_ever(self):
        folder = self.fresh("work")
        self.assertEqual(team(folder, 2, "--version").output.count("hestia "), 2)
        self.assertEqual(team(folder, 2, "run", "--help").code, 0)

    def test_a_launcher_without_the_module_is_told(self):
        bare = os.path.join(Team.top, "bare")
        os.makedirs(bare, exist_ok=True)
        folder = self.fresh("work")
        program = shutil.copy(PROGRAM, bare + "/hestia")
        command, environment = launch(folder, 2, "run", "study.yaml")
        command[command.index(PROGRAM)] = program
        done = Done(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, env=environment, timeout=60), 0)
        self.assertEqual(done.code, 2, done.error)
        self.assertIn("this hestia has no MPI", done.error)
        self.assertFalse(os.path.exists(folder + "/results"))
        self.assertEqual(subprocess.run([program, "run", "study.yaml", "--quiet"], cwd=folder, timeout=60).returncode, 0)

    def test_a_launcher_of_another_mpi_is_told(self):
        """As MPICH's looks to Open MPI, which finds itself alone."""
        folder = self.fresh("work")
        environment = dict(os.environ, **LAUNCHING, PMI_SIZE="2", PMI_RANK="0")
        done = Done(subprocess.run([PROGRAM, "run", "study.yaml"], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, env=environment,
                                   timeout=60), 0)
        self.assert_reason(done, 2, "another MPI than the launcher's")
        self.assertFalse(os.path.exists(folder + "/results"))

    def test_more_processes_than_partitions(self):
        folder = self.fresh("work")
        self.assertEqual(alone(folder, "store", "init", "store", "--partitions", "2", "--quiet").code, 0)
        self.assert_published(team(folder, 3, "run", "study.yaml", "--threads", "2"), folder)

    def test_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("not root: another user is who runs all of this")
        if not nobody_can_run():
            self.skipTest(NONE_CAN_RUN)
        place = os.path.join(Team.top, "nobody")
        os.makedirs(place + "/bin")
        os.makedirs(place + "/tmp")
        shutil.copytree(os.path.join(os.path.dirname(PROGRAM), "..", "lib", "hestia"), place + "/lib/hestia")
        program = shutil.copy(PROGRAM, place + "/bin/hestia")
        folder = self.fresh("nobody/work")
        for parent, folders, names in os.walk(place):
            for name in folders + names:
                os.chown(os.path.join(parent, name), NOBODY, NOBODY, follow_symlinks=False)
        command, environment = launch(folder, 2, "run", "study.yaml", "--threads", "1")
        command[command.index(PROGRAM)] = program
        environment.update(HOME=place, TMPDIR=place + "/tmp")
        done = Done(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, env=environment, user=NOBODY,
                                   group=NOBODY, extra_groups=[], timeout=60), 0)
        self.assert_published(done, folder)


class Deaths(Team):
    def assert_resumes(self, folder, n=2):
        """The next run makes the results, and reads no file again that has its segment."""
        noted = set()
        for path in glob.glob(folder + "/store/catalogue*.json"):
            noted |= set(json.loads(read(path)))
        options = ("run", "study.yaml", "--verbose")
        done = alone(folder, *options) if n == 1 else team(folder, n, *options)
        self.assert_published(done, folder)
        self.assertEqual({name for name, how in re.findall(r"(\S+): (unchanged|new), ", done.error) if how == "unchanged"},
                         {key.split("#")[0].rsplit("/", 1)[-1] for key in noted}, done.error)
        return len(noted)

    def assert_died(self, done, folder, number, n):
        """It ended soon, with the name of the process that died."""
        self.assertNotEqual(done.code, 0)
        self.assertLess(done.seconds, 20)
        if number is not None:
            self.assertEqual(len([e for e in done.errors() if re.search("process %d of %d .*has died" % (number + 1, n), e)]), 1, done.error)
            with open(folder + "/results/status.json", encoding="utf-8") as stream:
                self.assertEqual(json.load(stream)["exit_code"], 1)
        self.assertFalse(os.path.exists(folder + "/results/latest"))

    def test_one_that_dies_as_it_reads(self):
        folder = self.fresh("work")
        done = team(folder, 3, "run", "study.yaml", "--threads", "1", faulty=1, fault="rename 2 kill .seg")
        self.assert_died(done, folder, 1, 3)
        self.assertGreater(self.assert_resumes(folder, 3), 0)

    def test_the_leader_dies_as_it_reads(self):
        folder = self.fresh("work")
        done = team(folder, 3, "run", "study.yaml", "--threads", "1", faulty=0, fault="rename 1 kill .seg")
        self.assert_died(done, folder, None, 3)
        self.assert_resumes(folder, 1)

    def test_deaths_as_they_count(self):
        folder = self.fresh("work")
        done = team(folder, 2, "run", "study.yaml", "--threads", "1", faulty=1)
        self.assert_published(done, folder)
        n_reads = len(re.findall(rb"(?m)^read .*\.seg$", read(folder + "/injector.log")))
        self.assertGreater(n_reads, 10)
        for faulty, at in ((1, n_reads - 1), (0, n_reads // 2)):
            shutil.rmtree(folder + "/results")
            os.remove(folder + "/injector.log")
            done = team(folder, 2, "run", "study.yaml", "--threads", "1", faulty=faulty, fault="read %d kill .seg" % at)
            self.assert_died(done, folder, faulty or None, 2)
            self.assertEqual(self.assert_resumes(folder), Team.n_files)

    def test_the_leader_dies_as_it_publishes(self):
        folder = self.fresh("work", Team.reference)
        shutil.rmtree(folder + "/results")
        done = team(folder, 2, "run", "study.yaml", faulty=0, fault="rename 1 kill results/2")
        self.assert_died(done, folder, None, 2)
        self.assert_published(team(folder, 2, "run", "study.yaml"), folder)

    def test_the_launcher_is_ended(self):
        folder = self.fresh("work")
        command, environment = launch(folder, 3, "run", "study.yaml", "--threads", "1", faulty=1, fault="rename 2+ stop .seg")  # the launcher has it go on first
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder,
                              env=environment) as process:
            for _ in range(1200):
                if os.path.exists(folder + "/injector.log") and b"! rename" in read(folder + "/injector.log"):
                    break
                time.sleep(0.05)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            error = process.communicate(timeout=60)[1]
        self.assertLess(time.monotonic() - began, 20)
        self.assertNotEqual(process.returncode, 0, error)
        self.assertFalse(os.path.exists(folder + "/results/latest"))
        self.assertGreater(self.assert_resumes(folder), 0)


class StoresApart(Team):
    """Three hosts: inpatients on the first, the rest on the second, nothing on the third."""

    def hosts(self, name="hosts"):
        place = os.path.join(Team.top, name)
        shutil.rmtree(place, ignore_errors=True)
        for host in range(3):
            self.fresh("%s/host%d" % (name, host))
            for path in glob.glob("%s/host%d/extracts/*" % (place, host)):
                if (0 if "/apc" in path else 1) != host:
                    os.remove(path)
        return place

    def run_hosts(self, place, n=3, **options):
        return team(place, n, "run", "study.yaml", "--verbose", **options)

    def again(self, place, n=3):
        shutil.rmtree(place + "/host0/results", ignore_errors=True)
        return self.run_hosts(place, n)

    def assert_hosts(self, done, place, about=""):
        self.assert_published(done, place + "/host0", about)
        self.assertEqual(leftovers(place), [])
        self.assertEqual([os.path.exists(place + "/host%d/results" % host) for host in (1, 2)], [False, False])

    @staticmethod
    def slices(place):
        return {path: os.stat(path).st_mtime_ns for path in glob.glob(place + "/host*/store/slices-*/*.seg")}

    def test_segments_travel(self):
        place = self.hosts()
        done = self.run_hosts(place)
        self.assert_hosts(done, place)
        slices = self.slices(place)
        # each file's slices go to the two hosts that have it not
        self.assertEqual(len(slices), 2 * Team.n_files)
        self.assertEqual(len(segments(place + "/host2")), 0)
        for path in slices:
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)
            self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700, path)
        self.assertEqual({os.path.basename(os.path.dirname(path)) for path in slices}, {"slices-%d-of-3" % n for n in (1, 2, 3)})
        whole = sum(os.path.getsize(path) for host in (0, 1) for path in segments(place + "/host%d" % host))
        self.assertLess(sum(map(os.path.getsize, slices)), whole)
        self.assert_hosts(self.again(place), place, "again")
        self.assertEqual(self.slices(place), slices, "nothing is sent twice")
        self.assertIn("nothing has changed", self.run_hosts(place).error)
        for about, folder in (("a store purged", "/host2/store"), ("slices removed", "/host1/store/slices-2-of-3"), ("the leader's", "/host0/store/slices-1-of-3")):
            shutil.rmtree(place + folder)
            self.assert_hosts(self.again(place), place, about)
            self.assertEqual(set(self.slices(place)), set(slices), about)
        self.assert_hosts(self.again(place, 2), place, "fewer hosts")
        # in its head, in its footer, and in a block, which shows only as it is counted
        for host, at in ((0, 10), (1, -10), (2, 3000)):
            path = max((path for path in slices if "/host%d/" % host in path), key=os.path.getsize)
            flip(path, at % os.path.getsize(path))
            done = self.again(place)
            self.assert_hosts(done, place, "a damaged slice")
        self.assertRegex(done.error, r"its segment of the store is damaged, and is made anew \(process 3 of 3, on ")
        # whole, but of another member: its people would be missed, and others counted twice
        path = next(path for path in sorted(slices) if "/host2/" in path and os.path.exists(path.replace("/host2/store/slices-3", "/host1/store/slices-2")))
        shutil.copy(path.replace("/host2/store/slices-3", "/host1/store/slices-2"), path)
        self.assert_reason(self.again(place), 1, "of its", "rows", "hestia store purge --unused")
        self.assertEqual(alone(place, "store", "purge", "--unused", "host2/store").code, 0)
        self.assert_hosts(self.again(place), place, "a slice of another member")
        path = max(segments(place + "/host1"), key=os.path.getsize)
        flip(path, 10)
        done = self.again(place)
        self.assert_hosts(done, place, "a damaged segment")
        self.assertIn("op_201011.csv: its segment of the store could not be used, and was made anew", done.error)
        self.check_store_commands(place)

    def test_the_second_night(self):
        """A new file on one host, one that two hosts have, and one that is another than before."""
        place = self.hosts()
        late = "host1/extracts/op_200910.csv.gz"
        shutil.move(os.path.join(place, late), place)
        with gzip.open(place + "/host0/extracts/apc_200910.csv.gz", "rb") as stream:
            rows = stream.read().splitlines(keepends=True)
        with gzip.open(place + "/host0/extracts/apc_200910.csv.gz", "wb") as stream:
            stream.writelines(rows[:400])
        self.assertEqual(self.run_hosts(place).code, 0)
        self.assertNotEqual(files(place + "/host0/results/latest"), Team.expected)
        before = self.slices(place)
        self.assertEqual(len(before), 2 * (Team.n_files - 1))
        shutil.move(place + "/op_200910.csv.gz", place + "/host1/extracts")
        for host in (0, 2):
            shutil.copy2(Team.world + "/extracts/apc_200910.csv.gz", place + "/host%d/extracts" % host)
        done = self.run_hosts(place)
        self.assert_hosts(done, place, "the second night")
        self.assertIn("2 files new, %d unchanged" % (Team.n_files - 2), done.error)
        after = self.slices(place)
        self.assertEqual({path: after[path] for path in before}, before)
        self.assertEqual(len(after), len(before) + 4)

    def check_store_commands(self, place):
        store = place + "/host1/store"
        rows = alone(place, "store", "list", store).output.splitlines()
        self.assertEqual(len(rows), len(segments(place + "/host1")))
        done = alone(place, "store", "purge", "--unused", store)
        self.assertEqual(done.code, 0, done.error)
        self.assertEqual(glob.glob(store + "/slices-*"), [])
        self.assertEqual(len(segments(place + "/host1")), len(rows))
        self.assert_hosts(self.again(place), place, "after a purge")
        self.assertEqual(alone(place, "store", "purge", store).code, 0)
        self.assertFalse(os.path.exists(store))

    def test_what_cannot_be(self):
        place = self.hosts()
        self.assertEqual(alone(place, "store", "init", "host1/store", "--quiet").code, 0)
        self.assert_reason(self.run_hosts(place), 2, "another key", "hestia store purge", "process 2 of 3")
        shutil.rmtree(place + "/host1/store")
        os.symlink("../host0/store", place + "/host1/store")
        self.assert_reason(self.run_hosts(place), 2, "2 of 3 processes see the leader's store")
        os.remove(place + "/host1/store")
        shutil.copy(Team.world + "/extracts/ae_201011.csv.gz", place + "/host2/extracts/ae_200910.csv.gz")
        self.assert_reason(self.run_hosts(place), 2, "ae_200910.csv.gz", "another file on another host")
        os.remove(place + "/host2/extracts/ae_200910.csv.gz")
        for name, old, new in (("study.yaml", "casualty", "casualties"), ("population.csv", "5J6", "5J7"), ("pct_lookup.csv", "5QL", "5QM")):
            path = place + "/host2/" + name
            text = read(path).decode()
            self.assertIn(old, text)
            write(path, text.replace(old, new))
            self.assert_reason(self.run_hosts(place), 2, "is not the same for process 3")
            write(path, text)
        os.remove(place + "/host2/population.csv")
        self.assert_reason(self.run_hosts(place), 2, "population.csv", "process 3 of 3")
        self.assertEqual(leftovers(place), [])

    def test_a_host_dies_as_slices_travel(self):
        place = self.hosts()
        done = self.run_hosts(place, faulty=2, fault="rename 3 kill slices-")
        self.assertNotEqual(done.code, 0)
        self.assertLess(done.seconds, 20)
        self.assertEqual(len([e for e in done.errors() if "process 3 of 3" in e]), 1, done.error)
        before = self.slices(place)
        self.assertEqual(len([path for path in before if "/host2/" in path]), 2)
        self.assert_hosts(self.again(place), place)
        after = self.slices(place)
        self.assertEqual({path: after[path] for path in before}, before, "what has come is not sent again")


if __name__ == "__main__":
    PROGRAM, LAUNCHER, INJECTOR = (os.path.abspath(a) for a in sys.argv[1:4])
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
