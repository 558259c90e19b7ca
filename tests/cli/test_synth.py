"""What `hestia synth` makes: consistent people, the dirt and the breaks it promises, and a truth.csv
that a plain application of the rules to the rows comes to as well.

    python3 tests/cli/test_synth.py HESTIA
"""

import collections
import csv
import datetime
import filecmp
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""

EMERGENCY = {"21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D"}
DIABETES = ("E10", "E11", "E12", "E13", "E14")
DEMENTIA = ("F00", "F01", "F02", "F03", "G30")
WIRRAL_TRUST = "X02"
MERGED = {"XM1": WIRRAL_TRUST}
OLD_CODES = {"5FW": "5QL", "5FX": "5QL", "5K1": "5QL", "5K2": "5QL", "5H2": "5NK", "5H3": "5NK"}


def hestia(*arguments):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)


def read_rows(path):
    with gzip.open(path, "rt", encoding="ascii", newline="") as stream:
        return list(csv.DictReader(stream))


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def day(text):
    """A date; None for an empty cell and a sentinel."""
    return datetime.date.fromisoformat(text) if text and text[:2] not in ("18",) else None


def area_of(row):
    """The area of today; None when it is missing or not in England."""
    code = row.get("RESPCT06", row["RESPCT_HIS"])
    code = code[:3] if len(code) == 5 and code.endswith("00") else code
    return OLD_CODES.get(code, code) if code[:1] in ("5", "T") and not code.startswith("59") else None


def quarter(date):
    year = date.year - (date.month < 4)
    return "%d/%02d Q%d" % (year, (year + 1) % 100, (date.month + 8) % 12 // 3 + 1)


def month(date):
    return "%d-%02d" % (date.year, date.month)


class Spell:
    """Episodes of one person, ADMIDATE, provider and spell number."""

    def __init__(self, episodes):
        self.first = min(episodes, key=lambda e: (e["start"], int(e["EPIORDER"]), e["end"], e["EPIKEY"]))
        self.last = max(episodes, key=lambda e: (e["start"], int(e["EPIORDER"]), e["end"], e["EPIKEY"]))
        self.episodes = episodes
        self.admidate = self.first["admidate"]
        self.start = min(self.admidate, self.first["start"])
        self.end = max(e["end"] for e in episodes)
        self.disdate = day(self.last["DISDATE"])
        self.key = min(e["EPIKEY"] for e in episodes)
        self.classpat = self.first["CLASSPAT"]
        self.is_emergency = self.first["ADMIMETH"] in EMERGENCY


def links(before, spell):
    """The NHS rule: two days, a transfer on record, its exclusion, no regular attenders."""
    gap = (spell.start - before.end).days
    destination, source, method = before.last["DISDEST"], spell.first["ADMISORC"], spell.first["ADMIMETH"]
    transfer = (destination in ("49", "50", "51", "52", "53", "84")
                or source in ("49", "50", "51", "52", "53", "87") or method in ("2B", "81"))
    excluded = destination == "19" and source == "51" and method == "21"
    return (0 <= gap <= 2 and transfer and not excluded
            and before.classpat not in "34" and spell.classpat not in "34")


class Synthetic(unittest.TestCase):
    """One extract over the reorganisation, the breaks and the merger, read once."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-synth-")
        cls.folder = os.path.join(cls.top, "data")
        done = hestia("synth", cls.folder, "--people", "7000", "--areas", "5", "--years", "2003-2010",
                      "--datasets", "apc,op,ae", "--seed", "17", "--quiet")
        assert done.returncode == 0, done.stderr
        cls.files = {name: read_rows(os.path.join(cls.folder, "extracts", name))
                     for name in sorted(os.listdir(os.path.join(cls.folder, "extracts")))}
        cls.apc = [r for name, rows in cls.files.items() if name.startswith("apc") for r in rows]
        cls.op = list({r["ATTENDKEY"]: r for name, rows in cls.files.items() if name.startswith("op")
                       for r in rows}.values())
        cls.ae = list({r["AEKEY"]: r for name, rows in cls.files.items() if name.startswith("ae")
                       for r in rows}.values())
        cls.finished = list({r["EPIKEY"]: r for r in cls.apc if r["EPISTAT"] == "3"}.values())
        cls.truth = read_csv(os.path.join(cls.folder, "truth.csv"))
        cls.persons = cls.spells_by_person()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    @classmethod
    def spells_by_person(cls):
        """Continuous spells as lists of spells, person by person, by the rules."""
        groups = collections.defaultdict(list)
        for row in cls.finished:
            row["start"], row["end"], row["admidate"] = (day(row[c]) for c in ("EPISTART", "EPIEND", "ADMIDATE"))
            if row["admidate"] is None and row["EPIORDER"] == "1":
                row["admidate"] = row["start"]
            if not (row["start"] and row["end"] and row["admidate"]):
                continue
            person = row["PSEUDO_HESID"] or row["EPIKEY"]
            own = row["EPIKEY"] if row["CLASSPAT"] in "34" else ""
            groups[person, row["admidate"], row["PROCODE3"], row["PROVSPNOPS"], own].append(row)
        persons = collections.defaultdict(list)
        for (person, *_), episodes in groups.items():
            persons[person].append(Spell(episodes))
        for person, spells in persons.items():
            spells.sort(key=lambda s: (s.start, s.end, int(s.key)))
            chains = []
            for spell in spells:
                if chains and links(chains[-1][-1], spell):
                    chains[-1].append(spell)
                else:
                    chains.append([spell])
            persons[person] = chains
        return persons

    def check_counts(self, measure, what, found):
        """`found` by area and period, England to be added up here, is what truth.csv says."""
        expected = {(r["area"], r["period"]): int(r["n"]) for r in self.truth
                    if r["measure"] == measure and r["what"] == what and not r["split"]}
        for (_, period), n in list(found.items()):
            found["England", period] += n
        self.assertGreater(sum(expected.values()), 0, measure)
        faults = {k: (expected[k], found[k]) for k in expected if expected[k] != found[k]}
        self.assertEqual(faults, {}, "%s: truth and rows" % measure)

    def window(self, date):
        return datetime.date(2003, 4, 1) <= date <= datetime.date(2011, 3, 31)

    # ---- rows ----

    def test_a_person_has_one_sex_and_birth_month_in_all_data_sets(self):
        sexes, births = collections.defaultdict(set), collections.defaultdict(set)
        for row in self.apc + self.op + self.ae:
            if row["PSEUDO_HESID"]:
                births[row["PSEUDO_HESID"]].add(row["MYDOB"])
                sexes[row["PSEUDO_HESID"]].add(row["SEX"])
        self.assertTrue(all(len(b) == 1 for b in births.values()))
        self.assertTrue(all(len(s & {"1", "2"}) <= 1 for s in sexes.values()))
        in_apc = {r["PSEUDO_HESID"] for r in self.apc}
        self.assertGreater(len(in_apc & {r["PSEUDO_HESID"] for r in self.op}), 1000)
        self.assertGreater(len(in_apc & {r["PSEUDO_HESID"] for r in self.ae}), 1000)

    def test_rows_of_a_spell_agree(self):
        by_number = collections.defaultdict(list)
        for row in self.finished:
            by_number[row["PROVSPNOPS"]].append(row)
        self.assertGreater(max(map(len, by_number.values())), 3)
        for rows in by_number.values():
            for column in ("PROCODE3", "ADMIMETH", "ADMISORC", "CLASSPAT"):
                self.assertEqual(len({r[column] for r in rows}), 1, column)
            self.assertLessEqual(len({r["ADMIDATE"] for r in rows if day(r["ADMIDATE"])}), 1)
            self.assertLessEqual(len({r["SUSSPELLID"] for r in rows if r["SUSSPELLID"]}), 1)
            self.assertLessEqual(sum(r["SPELEND"] == "Y" for r in rows), 1)
            self.assertEqual(len({r["EPIORDER"] for r in rows}), len(rows))

    def test_an_episode_open_in_march_is_finished_in_the_next_file(self):
        finished = {r["EPIKEY"] for r in self.finished}
        for name, rows in self.files.items():
            open_rows = [r for r in rows if r.get("EPISTAT") == "1"]
            if name.startswith("apc"):
                self.assertTrue(open_rows, name)
            if name.startswith("apc") and "201011" not in name:
                later = [r for r in open_rows if r["EPIKEY"] in finished]
                self.assertGreater(len(later), 0.9 * len(open_rows), name)  # the rest is open for years

    def test_files_overlap_and_repeat(self):
        places = collections.defaultdict(list)
        for name, rows in self.files.items():
            for row in rows:
                if row.get("EPISTAT") == "3":
                    places[row["EPIKEY"]].append(name)
        self.assertTrue([p for p in places.values() if len(p) == 2 and p[0] == p[1]])
        self.assertTrue([p for p in places.values() if len(set(p)) == 2])

    def test_columns_of_the_time(self):
        for name, rows in self.files.items():
            year = int(name[-13:-9])
            self.assertEqual("RESPCT06" in rows[0], year >= 2006, name)
            if name.startswith("apc") and year < 2007:
                self.assertFalse([r for r in rows if r["DIAG_4_15"] or r["SUSSPELLID"]], name)
        self.assertEqual(sorted(n for n in self.files if n.startswith("ae"))[0], "ae_200708.csv.gz")
        self.assertEqual(sorted(n for n in self.files if n.startswith("op"))[0], "op_200304.csv.gz")
        self.assertEqual({r["RESPCT_HIS"][:3] for r in self.files["apc_200304.csv.gz"]
                          if area_of(r) == "5NK"}, {"5H2", "5H3"})

    def test_diabetic_medicine_exists_from_april_2004(self):
        of_diabetes = [r for r in self.op if r["TRETSPEF"] == "307" and day(r["APPTDATE"])]
        self.assertEqual(min(month(day(r["APPTDATE"])) for r in of_diabetes), "2004-04")
        self.assertNotIn("307", {r["MAINSPEF"] for r in self.op})

    def test_transfers_are_three_or_four_in_a_hundred_and_not_all_on_record(self):
        n = sum(len(chain) for chains in self.persons.values() for chain in chains)
        joined = sum(len(chain) - 1 for chains in self.persons.values() for chain in chains)
        made = {what: sum(int(r["n"]) for r in self.truth
                          if r["measure"] == measure and r["what"] == "made" and r["area"] == "England")
                for what, measure in (("spells", "provider_spells"), ("continuous", "continuous_spells"))}
        self.assertTrue(0.03 < 1 - made["continuous"] / made["spells"] < 0.05)
        self.assertTrue(0.02 < joined / n < 1 - made["continuous"] / made["spells"])

    def test_some_people_come_regularly_some_stay_for_weeks_some_move(self):
        self.assertTrue({"3", "4"} <= {r["CLASSPAT"] for r in self.finished})
        stays = [int(r["SPELDUR"]) for r in self.finished if r["SPELDUR"] and r["DIAG_4_01"] == "F03X"]
        self.assertGreater(sum(d > 28 for d in stays), 10)
        areas = collections.defaultdict(set)
        for row in self.finished:
            if area_of(row) and row["PSEUDO_HESID"]:
                areas[row["PSEUDO_HESID"]].add(area_of(row))
        movers = sum(len(a) > 1 for a in areas.values())
        self.assertTrue(0.005 < movers / len(areas) < 0.05)
        self.assertGreater(max(collections.Counter(r["PSEUDO_HESID"] for r in self.finished
                                                   if r["PSEUDO_HESID"]).values()), 30)

    def test_a_trust_merges_and_two_record_otherwise(self):
        merged = [r for r in self.finished if r["PROCODE3"] == "XM1" and day(r["ADMIDATE"])]
        self.assertGreater(len(merged), 300)
        self.assertLess(max(r["ADMIDATE"] for r in merged), "2010-04-01")
        years = collections.Counter(r["FYEAR"] for r in self.op if r["PROCODE3"] == "RD1")
        self.assertTrue(1.45 < years["1011"] / years["0910"] < 1.9, years)
        clinics = collections.Counter(r["FYEAR"] for r in self.op
                                      if r["PROCODE3"] == "X00" and r["TRETSPEF"] == "300")
        self.assertTrue(0.38 < clinics["0910"] / clinics["0809"] < 0.65, clinics)

    # ---- truth.csv against the rules, applied plainly to the rows ----

    def test_truth_of_spells(self):
        found = collections.Counter()
        for chains in self.persons.values():
            for spell in (s for chain in chains for s in chain):
                if area_of(spell.first) and spell.classpat in "125" and self.window(spell.admidate):
                    found[area_of(spell.first), quarter(spell.admidate)] += 1
        self.check_counts("provider_spells", "counted", found)

    def test_truth_of_continuous_spells(self):
        found = collections.Counter()
        for chains in self.persons.values():
            for chain in chains:
                first = chain[0]
                if area_of(first.first) and first.classpat in "125" and self.window(first.admidate):
                    found[area_of(first.first), quarter(first.admidate)] += 1
        self.check_counts("continuous_spells", "counted", found)

    def test_truth_of_readmissions(self):
        discharged, returned = collections.Counter(), collections.Counter()
        for chains in self.persons.values():
            for i, chain in enumerate(chains):
                end = chain[-1].disdate
                if (end is None or not self.window(end) or chain[0].classpat != "1" or not chain[0].is_emergency
                        or not area_of(chain[0].first) or chain[-1].last["DISMETH"] == "4"):
                    continue
                place = area_of(chain[0].first), quarter(end)
                discharged[place] += 1
                after = next((later[0] for later in chains[i + 1:] if later[0].classpat not in "34"), None)
                if after and after.is_emergency and 0 <= (after.admidate - end).days < 30:
                    returned[place] += 1
        self.check_counts("emergency_readmissions", "discharged", discharged)
        self.check_counts("emergency_readmissions", "counted", returned)

    def test_truth_of_dementia_stays(self):
        stays, days = collections.Counter(), collections.Counter()
        for chains in self.persons.values():
            for spell in (s for chain in chains for s in chain):
                codes = [e["DIAG_4_%02d" % i] for e in spell.episodes for i in (1, 2, 3)]
                if (spell.disdate and self.window(spell.disdate) and spell.classpat == "1" and spell.is_emergency
                        and area_of(spell.first) and any(c.startswith(DEMENTIA) for c in codes)):
                    stays[area_of(spell.first), month(spell.disdate)] += 1
                    days[area_of(spell.first), month(spell.disdate)] += (spell.disdate - spell.admidate).days
        self.check_counts("dementia_los", "counted", stays)
        self.check_counts("dementia_los", "days", days)

    def test_truth_of_likely_diabetes_attendances(self):
        cohort = {r["PSEUDO_HESID"] for r in self.finished
                  if day(r["ADMIDATE"]) and self.window(day(r["ADMIDATE"]))
                  and any(r["DIAG_4_%02d" % i].startswith(DIABETES) for i in range(1, 21))} - {""}
        total, split = collections.Counter(), collections.Counter()
        for row in self.op:
            date = day(row["APPTDATE"])
            if date is None or not area_of(row) or row["ATTENDED"] not in "56":
                continue
            specialty = row["TRETSPEF"] if date >= datetime.date(2004, 4, 1) else row["MAINSPEF"]
            if specialty == "307" or (specialty == "300" and row["PSEUDO_HESID"] in cohort):
                total[area_of(row), month(date)] += 1
                provider = MERGED.get(row["PROCODE3"], row["PROCODE3"])
                split[area_of(row), month(date), provider] += 1
                split["England", month(date), provider] += 1
        self.check_counts("likely_diabetes_attendances", "counted", total)
        expected = {(r["area"], r["period"], r["split"]): int(r["n"]) for r in self.truth
                    if r["measure"] == "likely_diabetes_attendances" and r["split"]}
        self.assertEqual(expected, {k: n for k, n in split.items() if k[0] in ("5J6", "5QL", "5NK", "England")})

    def test_truth_of_attendances(self):
        seen, arrived = collections.Counter(), collections.Counter()
        for row in self.op:
            if day(row["APPTDATE"]) and area_of(row) and row["ATTENDED"] in "56":
                seen[area_of(row), quarter(day(row["APPTDATE"]))] += 1
        for row in self.ae:
            if day(row["ARRIVALDATE"]) and area_of(row) and row["AEATTENDCAT"] in "13":
                arrived[area_of(row), quarter(day(row["ARRIVALDATE"]))] += 1
        self.check_counts("outpatient_attendances", "counted", seen)
        self.check_counts("ae_attendances", "counted", arrived)

    def test_truth_of_files(self):
        for name, rows in self.files.items():
            dataset, label = name.split("_")[0], "%s/%s" % (name[-13:-9], name[-9:-7])
            said = {r["what"]: int(r["n"]) for r in self.truth if (r["measure"], r["period"]) == (dataset, label)}
            key = {"apc": "EPIKEY", "op": "ATTENDKEY", "ae": "AEKEY"}[dataset]
            self.assertEqual(said["rows"], len(rows), name)
            self.assertEqual(said["exact duplicates"], len(rows) - len({r[key] for r in rows}), name)
            self.assertEqual(said["person empty"], len({r[key] for r in rows if not r["PSEUDO_HESID"]}), name)


class Commands(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="hestia-synth-")
        self.addCleanup(shutil.rmtree, self.top)

    def test_same_bytes_with_any_number_of_threads(self):
        folders = [os.path.join(self.top, threads) for threads in ("1", "2", "7")]
        for folder in folders:
            done = hestia("synth", folder, "--people", "3000", "--areas", "4", "--years", "2009-2010",
                          "--datasets", "apc,op,ae", "--quiet", "--threads", os.path.basename(folder))
            self.assertEqual(done.returncode, 0, done.stderr)
        for other in folders[1:]:
            for sub in ("", "extracts"):
                names = [n for n in os.listdir(os.path.join(folders[0], sub)) if "." in n]
                same, different, missing = filecmp.cmpfiles(os.path.join(folders[0], sub),
                                                            os.path.join(other, sub), names, shallow=False)
                self.assertEqual((len(same), different, missing), (len(names), [], []))

    def test_data_sets_asked_for(self):
        folder = os.path.join(self.top, "x")
        for asked, expected in (("op", {"op_200910.csv.gz"}), ("ae,apc", {"ae_200910.csv.gz", "apc_200910.csv.gz"})):
            done = hestia("synth", folder, "--people", "1000", "--years", "2009", "--datasets", asked, "--quiet")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(set(os.listdir(os.path.join(folder, "extracts"))), expected)

    def test_nothing_planted(self):
        """--effects none: what truth.csv says of admissions is not lowered, and nobody records otherwise."""
        folders = {name: os.path.join(self.top, name) for name in ("planted", "none")}
        truths, years, clinics = {}, {}, {}
        for name, folder in folders.items():
            done = hestia("synth", folder, "--people", "7000", "--areas", "5", "--years", "2008-2010", "--datasets",
                          "apc,op", "--effects", name, "--quiet")
            self.assertEqual(done.returncode, 0, done.stderr)
            truths[name] = read_csv(os.path.join(folder, "truth.csv"))
            rows = list({r["ATTENDKEY"]: r for file in os.listdir(os.path.join(folder, "extracts"))
                         if file.startswith("op")
                         for r in read_rows(os.path.join(folder, "extracts", file))}.values())
            years[name] = collections.Counter(r["FYEAR"] for r in rows if r["PROCODE3"] == "RD1")
            clinics[name] = collections.Counter(r["FYEAR"] for r in rows
                                                if r["PROCODE3"] == "X00" and r["TRETSPEF"] == "300")
        said = {name: {r["what"] for r in truth} for name, truth in truths.items()}
        self.assertEqual({w for w in said["planted"] - said["none"]},
                         {"prevented", "prevented, percent by design",
                          "outpatient rows more from this month on, percent by design",
                          "general-medicine clinics recorded otherwise from this month on, percent by design"})
        self.assertTrue(1.45 < years["planted"]["1011"] / years["planted"]["0910"] < 1.9)
        self.assertTrue(0.85 < years["none"]["1011"] / years["none"]["0910"] < 1.15)
        self.assertTrue(0.8 < clinics["none"]["0910"] / clinics["none"]["0809"] < 1.25)

        def admissions(name, is_before):  # Somerset's service begins in October 2009
            return sum(int(r["n"]) for r in truths[name]
                       if (r["measure"], r["what"], r["area"]) == ("emergency_admissions", "counted", "5QL")
                       and (r["period"] < "2009/10 Q3") == is_before)
        self.assertEqual(admissions("none", True), admissions("planted", True))
        self.assertGreater(admissions("none", False), 1.05 * admissions("planted", False))

    def test_wrongly_asked(self):
        folder = os.path.join(self.top, "x")
        for wrong in (["--effects", "some"], ["--datasets", "mh"], ["--datasets", ""], ["--study", "mine"],
                      ["--datasets", "op", "--years", "2001-2002"],
                      ["--study", "long-term-conditions", "--format", "pipe"],
                      ["--study", "long-term-conditions", "--compress", "zst"]):
            self.assertEqual(hestia("synth", folder, *wrong).returncode, 2, wrong)
            self.assertFalse(os.path.exists(folder))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
