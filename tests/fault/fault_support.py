"""What the tests of faults share: a small study with every stage and format, the program under the injector, and what must hold after a fault."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

STUDY = """study: faults
period: {from: 2008-04-01, to: 2011-03-31}
store: store
extracts:
  - {dataset: apc, files: extracts/apc_*}
  - {dataset: op, files: extracts/op_*}
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
measures:
  - {id: emergency, where: {admission_method: emergency}, statistic: dsr, by: quarter}
  - {id: stays, unit: spell, statistic: mean_los, by: year}
  - {id: attendances, dataset: op, unit: attendance, statistic: count, by: month}
impact:
  - {id: service, site: 5QL, measures: emergency, date: 2009-10-01, methods: its, primary: its}
breaks: {screen: true}
quality: {max_row_drop: 1}
publish: {directory: results, internal: true, keep: 3, formats: [csv, sqlite, xlsx, html]}
"""

STAGES = ("check", "ingest", "people", "rates", "impact", "publish")

# What differs between two runs of the same inputs: times.
TIMED = ("manifest.json",)

program = ""
injector = ""


def environment_number(name, fallback):
    return int(os.environ.get(name, "") or fallback)


def all_faults():
    """The whole instead of a sample."""
    return os.environ.get("HESTIA_FAULTS") == "all"


def memory_folder():
    """Where syncing costs nothing, when there is such a place with room."""
    try:
        room = os.statvfs("/dev/shm")
        return "/dev/shm" if room.f_bavail * room.f_frsize > 200 << 20 and os.access("/dev/shm", os.W_OK) else None
    except OSError:
        return None


def make_folder(name):
    return os.path.realpath(tempfile.mkdtemp(prefix="hestia-%s-" % name, dir=memory_folder()))


class Done:
    """How a run ended: exit code (minus the signal that killed it), lines of standard error, calls that the injector saw."""

    def __init__(self, code, error, output, calls):
        self.code, self.error, self.output, self.calls = code, error, output, calls
        self.fired = [c[2:] for c in calls if c.startswith("! ")]

    def events(self):
        return [json.loads(line) for line in self.error.splitlines() if line.startswith("{")]

    def stage(self):
        """The stage that had begun and not ended; "" between two of them."""
        stage = ""
        for event in self.events():
            if event["event"] == "stage.start":
                stage = event["stage"]
            elif event["event"] == "stage.end":
                stage = ""
        return stage


def faulty_environment(folder, fault=None, log=None, clock=None):
    """Variables that have the injector work on files below `folder`."""
    environment = dict(os.environ, LD_PRELOAD=injector, HESTIA_FAULT_WITHIN=folder)
    for name, value in (("HESTIA_FAULT", fault), ("HESTIA_FAULT_LOG", log), ("HESTIA_FAULT_CLOCK", clock)):
        if value:
            environment[name] = value
    return environment


def read_log(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().splitlines()
    except FileNotFoundError:
        return []


def hestia(folder, *arguments, fault=None, trace=False, clock=None, timeout=120, environment=None):
    """Runs the program in `folder`, under the injector when a fault, a trace or a clock is asked for."""
    log = os.path.join(folder, "injector.log")
    if fault or trace or clock:
        environment = faulty_environment(folder, fault, log if fault or trace else None, clock)
    if os.path.exists(log):
        os.remove(log)
    done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, cwd=folder, env=environment, timeout=timeout)
    return Done(done.returncode, done.stderr.decode("utf-8", "replace"), done.stdout.decode("utf-8", "replace"), read_log(log))


def digest(path):
    with open(path, "rb") as stream:
        return hashlib.blake2b(stream.read(), digest_size=16).hexdigest()


def tree(folder):
    """Every file below with the hash of its bytes; without what holds times."""
    found = {}
    for parent, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(parent, name)
            if name not in TIMED:
                found[os.path.relpath(path, folder)] = digest(path)
    return found


def leftovers(folder):
    """Files and folders that only a run in progress may have."""
    return sorted(os.path.join(parent, name) for parent, folders, files in os.walk(folder) for name in folders + files
                  if re.search(r"\.(part|tmp)$|^tmp\.|^etilqs", name))


def differences(one, other):
    return sorted(name for name in set(one) | set(other) if one.get(name) != other.get(name))


def make_study(folder, study=STUDY, people=1000):
    """Artificial extracts of three years; the last year's inpatients lie in `tomorrow`, to come on the second night."""
    done = hestia(folder, "synth", folder, "--people", str(people), "--years", "2008-2010", "--areas", "3", "--datasets", "apc,op", "--quiet")
    if done.code != 0:
        raise RuntimeError(done.error)
    for year in ("200809", "200910"):
        os.remove(os.path.join(folder, "extracts", "op_%s.csv.gz" % year))
    os.mkdir(os.path.join(folder, "tomorrow"))
    shutil.move(os.path.join(folder, "extracts", "apc_201011.csv.gz"), os.path.join(folder, "tomorrow"))
    with open(os.path.join(folder, "study.yaml"), "w", encoding="utf-8") as stream:
        stream.write(study)


def deliver(folder):
    """The second night's file comes."""
    for name in os.listdir(os.path.join(folder, "tomorrow")):
        shutil.copy(os.path.join(folder, "tomorrow", name), os.path.join(folder, "extracts"))


class Nights(unittest.TestCase):
    """`cls.before`: a study after its first night, the next night's file delivered. `cls.old` and `cls.new`: results of both nights, undisturbed."""

    study = STUDY

    @classmethod
    def setUpClass(cls):
        cls.top = make_folder("fault")
        try:
            cls.before = os.path.join(cls.top, "before")
            os.mkdir(cls.before)
            make_study(cls.before, cls.study)
            cls.run_well(cls.before)
            cls.old = tree(os.path.join(cls.before, "results", "latest"))
            deliver(cls.before)
            undisturbed = os.path.join(cls.top, "undisturbed")
            shutil.copytree(cls.before, undisturbed, symlinks=True)
            cls.run_well(undisturbed)
            cls.new = tree(os.path.join(undisturbed, "results", "latest"))
            shutil.rmtree(undisturbed)
            if not differences(cls.old, cls.new):
                raise RuntimeError("the second night brings nothing new")
        except BaseException:
            shutil.rmtree(cls.top)
            raise

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    @staticmethod
    def run_well(folder):
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "2", "--quiet")
        if done.code != 0:
            raise RuntimeError("an undisturbed run ended with %d: %s" % (done.code, done.error))
        return done

    def fresh(self, name="work"):
        """A copy of the second night before its run."""
        folder = os.path.join(self.top, name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.before, folder, symlinks=True)
        return folder

    def latest(self, folder):
        return os.path.join(folder, "results", "latest")

    def assert_latest(self, folder, expected, about):
        found = tree(self.latest(folder))
        self.assertFalse(differences(found, expected), "%s: %s/latest is not as it has to be" % (about, folder))

    def assert_reason(self, done, about, names=()):
        """A failed run (--quiet) says why on one line, and nothing else is said by a library; one of `names` is in it."""
        lines = done.error.splitlines()
        self.assertEqual([line.startswith("hestia: ") for line in lines], [True], "%s: %s" % (about, done.error))
        if names:
            self.assertTrue(any(name in lines[0] for name in names), "%s: the reason names none of %s: %s" % (about, names, lines[0]))
        return lines[0]

    def assert_failed(self, folder, done, codes, about, names=()):
        """Exit code, reason and status.json of a failed run. The last good results stand, unless it says that the new ones do all the same."""
        self.assertIn(done.code, codes, "%s: %s" % (about, done.error))
        reason = self.assert_reason(done, about, names)
        self.assert_latest(folder, self.new if "published all the same" in reason else self.old, about)
        with open(os.path.join(folder, "results", "status.json"), encoding="utf-8") as stream:
            status = json.load(stream)
        return reason, status

    def assert_completes(self, folder, about):
        """The next run, undisturbed, ends well with the bytes of one that was never disturbed, and nothing lies about."""
        done = hestia(folder, "run", os.path.join(folder, "study.yaml"), "--threads", "2", "--log-format", "json")
        self.assertEqual(done.code, 0, "%s: the next run failed: %s" % (about, done.error))
        self.assert_latest(folder, self.new, about)
        self.assertEqual(leftovers(os.path.join(folder, "results")) + leftovers(os.path.join(folder, "store")), [], about)
        with open(os.path.join(folder, "results", "status.json"), encoding="utf-8") as stream:
            self.assertEqual(json.load(stream)["exit_code"], 0, about)
        return done


def not_on_disk(calls):
    """What a loss of power could take though it has its name: files renamed, and run folders published, before what they hold was synced; folders
    whose last names were not synced at the end. Locks and status.json are no part of what stands."""
    waiting, lost = set(), set()

    def named(path):
        waiting.add(os.path.dirname(path))

    for call in (c for c in calls if not re.search(r"lock$|status\.json|\.tmp(/|$)", c)):
        name, path = call.split(" ", 1)
        if name == "write":
            waiting.add(path)
        elif name == "sync":
            waiting.discard(path)
        elif name == "rename":
            run = re.search(r"/\d{8}T\d{6}Z(-\d+)?$", path)
            part = re.escape(path) + r"\.part" + ("(/|$)" if run else "$") if not path.endswith(".seg") else r"/segments/\d+\.part$"
            part += r"|/exports\.log$"  # whatever is exported is noted before
            lost |= {p for p in waiting if re.search(part, p)}
            waiting = {p for p in waiting if not re.search(part, p)}
        if name in ("create", "rename", "mkdir", "link"):
            named(path)
    return sorted(lost | {p for p in waiting if re.search("/(store|results)(/segments)?$", p)})


def start(folder, *arguments, environment=None):
    """Starts a run whose JSON log can be read as it is written."""
    return subprocess.Popen([program, *arguments, "--log-format", "json"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            cwd=folder, env=environment)


def end(process, timeout=60):
    """Waits for the end of a run; kills one that hangs."""
    try:
        return process.communicate(timeout=timeout)[1].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        raise


def change_meanwhile(folder, fault, change, clock=None):
    """Runs up to the call at which `fault` stops the program, calls `change`, and lets it go on. The run's end, and whether it was stopped at all."""
    log = os.path.join(folder, "injector.log")
    process = subprocess.Popen([program, "run", os.path.join(folder, "study.yaml"), "--threads", "1", "--quiet"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder, env=faulty_environment(folder, fault, log, clock))
    was_stopped = wait_until_stopped(process)
    if was_stopped:
        change()
        process.send_signal(signal.SIGCONT)
    error = end(process)
    return Done(process.returncode, error, "", read_log(log)), was_stopped


def wait_until_stopped(process):
    """False when it has ended instead; its end is left to be waited for."""
    return os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT).si_code == os.CLD_STOPPED


def main(arguments):
    """test_x.py HESTIA INJECTOR [unittest's arguments]"""
    global program, injector
    program, injector = (os.path.abspath(a) for a in arguments[1:3])
    unittest.main(module="__main__", argv=arguments[:1] + arguments[3:])
