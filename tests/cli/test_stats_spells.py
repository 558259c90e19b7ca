"""hestia stats spells: spells of a table's episodes, against the golden numbers and small tables.

    python3 tests/cli/test_stats_spells.py HESTIA
"""

import csv
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "golden", "k_spells")
HEADER = ["HESID", "EPIKEY", "PROCODE3", "ADMIDATE", "EPISTART", "EPIEND", "EPIORDER", "EPISTAT", "ADMIMETH", "ADMISORC",
          "CLASSPAT", "DISDATE", "DISDEST", "DISMETH", "PROVSPNOPS"]


def read_golden(name):
    with open(os.path.join(GOLDEN, name)) as stream:
        return list(csv.DictReader(stream))


def episode(key, **values):
    """An emergency episode of one day's stay."""
    cells = dict(HESID="p1", EPIKEY=str(key), PROCODE3="RWY", ADMIDATE="2008-05-01", EPISTART="2008-05-01", EPIEND="2008-05-02",
                 EPIORDER="1", EPISTAT="3", ADMIMETH="21", ADMISORC="19", CLASSPAT="1", DISDATE="2008-05-02", DISDEST="19",
                 DISMETH="1", PROVSPNOPS="s1")
    cells.update(values)
    return cells


def table(rows, header=None, separator=","):
    header = header or HEADER
    return "".join(separator.join(line) + "\n" for line in [header] + [[r[name] for name in header] for r in rows])


class Spells(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hestia-spells-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_program(self, *arguments, text=""):
        return subprocess.run([PROGRAM, "stats", "spells", *arguments], input=text, capture_output=True, text=True)

    def rows(self, *arguments, text=""):
        result = self.run_program(*arguments, text=text)
        self.assertEqual(result.returncode, 0, result.stderr)
        return list(csv.DictReader(result.stdout.splitlines()))

    def keys(self, *arguments, text=""):
        return [(r["EPIKEY"], r["spell_key"], r["cips_key"]) for r in self.rows(*arguments, text=text)]

    def refused(self, code, words, *arguments, text=""):
        result = self.run_program(*arguments, text=text)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertIn(words, result.stderr)
        self.assertEqual(result.stdout, "")
        return result.stderr


class Golden(Spells):
    def test_york_spells(self):
        found = self.rows("--rule", "york", "--cips", "york", os.path.join(GOLDEN, "input_episodes.csv"))
        expected = read_golden("expected_hespipeline_episode_spells.csv")
        self.assertEqual([r["EPIKEY"] for r in found], [r["EPIKEY"] for r in read_golden("input_episodes.csv")])
        self.assertEqual(sorted((r["EPIKEY"], r["spell_key"] or "NA") for r in found),
                         sorted((r["EPIKEY"], r["spell_key"]) for r in expected))
        for row in found:
            self.assertEqual(row["spell_key"] == "", row["note"].startswith("in no spell: "))

    def test_continuous_spells(self):
        expected = {r["spell_key"]: r for r in read_golden("expected_cips.csv")}
        for cips, column in [("nhsd", "cips_documented_rule"), ("york", "cips_hespipeline_rule")]:
            found = self.rows("--rule", "york", "--cips", cips, os.path.join(GOLDEN, "input_episodes.csv"))
            names = {r["spell_key"]: r["cips_key"] for r in found if r["spell_key"]}
            self.assertEqual(names, {key: r[column] for key, r in expected.items()})
            for row in found:
                golden = expected.get(row["spell_key"])
                if golden and golden["start"] <= golden["end"]:  # the peer does not swap dates
                    self.assertEqual((row["spell_start"], row["spell_end"]), (golden["start"], golden["end"]))

    def test_order_of_rows_does_not_matter(self):
        rows = read_golden("input_episodes.csv")
        header = list(rows[0])
        for rule in ["nhsd", "york"]:
            first = sorted(self.keys("--rule", rule, text=table(rows, header)))
            for seed in range(5):
                random.Random(seed).shuffle(rows)
                self.assertEqual(sorted(self.keys("--rule", rule, text=table(rows, header))), first)

    def test_columns_of_nothing_are_missing(self):
        """The table has no PROVSPNOPS: spells are made of ADMIDATE and provider alone."""
        self.rows(os.path.join(GOLDEN, "input_episodes.csv"), "--ledger", self.path("ledger.csv"))
        with open(self.path("ledger.csv")) as stream:
            events = {r["event"]: int(r["n"]) for r in csv.DictReader(stream)}
        in_spells = events["episodes"] - sum(n for event, n in events.items() if event.startswith("in no spell"))
        self.assertEqual(events["episodes"], 302)
        self.assertEqual(events["joined by ADMIDATE and provider alone: no spell number"], in_spells)
        self.assertEqual(events["neighbouring spells of a person"],
                         events["linked by a transfer"] + sum(n for event, n in events.items() if event.startswith("not linked")))
        self.assertEqual(events["spells"], events["continuous spells"] + events["linked by a transfer"])


class SmallTables(Spells):
    def test_rules(self):
        rows = [episode(3, EPIORDER="2", EPISTART="2008-05-02", EPIEND="2008-05-04", DISDATE="2008-05-04", DISDEST="51"),
                episode(1, DISDATE="", DISMETH="8"),
                episode(7, PROCODE3="RAE", ADMIDATE="2008-05-05", EPISTART="2008-05-05", EPIEND="2008-05-06", PROVSPNOPS="s2"),
                episode(9, HESID="p2"), episode(5, EPISTAT="1")]
        text = table(rows)
        self.assertEqual(self.keys(text=text), [("3", "1", "1"), ("1", "1", "1"), ("7", "7", "1"), ("9", "9", "9"), ("5", "", "")])
        self.assertEqual(self.keys("--cips", "none", text=text)[2], ("7", "7", "7"))
        self.assertEqual(self.rows(text=text)[0], dict(EPIKEY="3", spell_key="1", cips_key="1", spell_start="2008-05-01",
                                                       spell_end="2008-05-04", note=""))
        self.assertEqual(self.rows(text=text)[4], dict(EPIKEY="5", spell_key="", cips_key="", spell_start="", spell_end="",
                                                       note="in no spell: not finished"))

    def test_supplied(self):
        header = HEADER + ["SUSSPELLID"]
        text = table([episode(1, SUSSPELLID="77"), episode(2, SUSSPELLID="77", PROCODE3="RAE", ADMIDATE="2009-01-01"),
                      episode(3, SUSSPELLID="-1"), episode(4, SUSSPELLID=""), episode(5, SUSSPELLID="NULL")], header)
        self.assertEqual(self.keys("--rule", "supplied", text=text),
                         [("1", "1", "1"), ("2", "1", "1"), ("3", "", ""), ("4", "", ""), ("5", "", "")])
        self.assertEqual(self.rows("--rule", "supplied", text=text)[2]["note"], "in no spell: no SUSSPELLID")
        self.refused(3, "no column `SUSSPELLID`", "--rule", "supplied", text=table([episode(1)]))

    def test_spell_numbers_count(self):
        rows = [episode(1), episode(2, PROVSPNOPS="s2"), episode(3, PROVSPNOPS="s2")]
        self.assertEqual([k[1] for k in self.keys(text=table(rows))], ["1", "2", "2"])
        rows.append(episode(4, PROVSPNOPS="NA"))
        self.assertEqual([k[1] for k in self.keys(text=table(rows))], ["1", "1", "1", "1"])

    def test_providers_are_cleaned(self):
        header = HEADER + ["PROCODET"]
        rows = [episode(1, PROCODET="rwy02"), episode(2, PROCODET="RWY"), episode(3, PROCODET=""), episode(4, PROCODET="RAE"),
                episode(5, PROCODET="", PROCODE3="NA")]
        self.assertEqual([k[1] for k in self.keys(text=table(rows, header))], ["1", "1", "1", "4", ""])
        self.assertEqual(self.rows(text=table(rows, header))[4]["note"], "in no spell: no provider")
        self.assertEqual([k[1] for k in self.keys("--column", "provider=PROCODE3", text=table(rows, header))],
                         ["1", "1", "1", "1", ""])

    def test_nobody_is_nobody_else(self):
        rows = [episode(1, HESID=""), episode(2, HESID="NA"), episode(3), episode(4, HESID="")]
        self.assertEqual([k[1] for k in self.keys(text=table(rows))], ["1", "2", "3", "4"])

    def test_names_of_columns(self):
        text = table([episode(1), episode(2)])
        expected = self.keys(text=text)
        self.assertEqual(self.keys(text=text.replace("HESID", "Token_Person_ID", 1)), expected)
        self.assertEqual(self.keys(text=text.replace("ADMIDATE", "admidate_dv", 1)), expected)
        self.assertEqual(self.keys("--column", "person=who", "--column", "ADMIDATE=came",
                                   text=text.replace("HESID", "who", 1).replace("ADMIDATE", "came", 1)), expected)
        self.assertEqual(self.keys(text=table([episode(1), episode(2)], separator="|")), expected)

    def test_derived_dates_are_preferred(self):
        header = HEADER + ["ADMIDATE_DERIVED"]
        text = table([episode(1, ADMIDATE_DERIVED="2008-05-01"), episode(2, ADMIDATE_DERIVED="2008-04-01")], header)
        self.assertEqual([k[1] for k in self.keys(text=text)], ["1", "2"])
        self.assertEqual([k[1] for k in self.keys("--column", "ADMIDATE=ADMIDATE", text=text)], ["1", "1"])

    def test_sentinels_are_missing(self):
        rows = [episode(1, ADMIDATE="1801-01-01", EPIORDER="1"), episode(2, ADMIDATE="NA", EPIORDER="2"),
                episode(3, EPIEND="1800-01-01"), episode(4, EPISTART="1929-12-31")]
        self.assertEqual([r["note"] for r in self.rows(text=table(rows))],
                         ["", "in no spell: no ADMIDATE", "in no spell: no EPIEND", "in no spell: no EPISTART"])

    def test_repeated_keys_are_kept(self):
        rows = [episode(1), episode(1), episode(1, EPISTAT="1")]
        self.assertEqual([k[1] for k in self.keys(text=table(rows))], ["1", "1", ""])

    def test_groups(self):
        header = ["year"] + HEADER
        rows = [episode(1, year="a"), episode(2, year="b"), episode(3, year="a")]
        found = self.rows("--by", "year", text=table(rows, header))
        self.assertEqual([(r["year"], r["EPIKEY"], r["spell_key"]) for r in found],
                         [("a", "1", "1"), ("a", "3", "1"), ("b", "2", "2")])

    def test_no_rows(self):
        result = self.run_program("--ledger", self.path("ledger.csv"), text=",".join(HEADER) + "\n")
        self.assertEqual((result.returncode, result.stdout), (0, "EPIKEY,spell_key,cips_key,spell_start,spell_end,note\n"))
        with open(self.path("ledger.csv")) as stream:
            self.assertIn("episodes,0\n", stream.read())

    def test_a_file_of_people_is_private(self):
        self.rows("--out", self.path("spells.csv"), text=table([episode(1)]))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("spells.csv")).st_mode), 0o600)


class Refusals(Spells):
    def test_options(self):
        self.refused(2, "there are nhsd, york and supplied", "--rule", "hf", text=table([]))
        self.refused(2, "there are nhsd, york and none", "--cips", "epidm", text=table([]))
        self.refused(2, "it has no option --per", "--per", "10", text=table([]))
        self.refused(1, "nowhere", "--ledger", self.path("nowhere/ledger.csv"), text=table([episode(1)]))

    def test_columns(self):
        text = table([episode(1)])
        self.refused(3, "--column person=COLUMN", text=text.replace("HESID", "who", 1))
        self.refused(3, "--column provider=COLUMN", text=text.replace("PROCODE3", "where", 1))
        for name in ["EPIKEY", "ADMIDATE", "EPISTART", "EPIEND", "EPIORDER", "EPISTAT", "ADMIMETH", "ADMISORC", "CLASSPAT",
                     "DISDATE", "DISDEST"]:
            self.refused(3, f"no column `{name}`", text=text.replace(name, "x", 1))
        for name in ["DISMETH", "PROVSPNOPS"]:
            self.keys(text=text.replace(name, "x", 1))

    def test_bad_rows(self):
        bad = {"EPIKEY": "SECRET", "ADMIDATE": "2008-13-77", "EPISTART": "77SECRET", "EPIORDER": "SECRET", "EPISTAT": "SECRET",
               "ADMIMETH": "SECRET", "PROCODE3": "SECRETSECRETSECRET"}
        for name, value in bad.items():
            rows = [episode(1), episode(2, **{name: value}), episode(3)]
            message = self.refused(3, f"line 3, column {name}: ", text=table(rows))
            self.assertNotIn(value, message)
            result = self.run_program("--skip-bad", text=table(rows))
            self.assertEqual(result.returncode, 0)
            self.assertIn("1 of 3 rows left out", result.stderr)
            self.assertEqual([r["EPIKEY"] for r in csv.DictReader(result.stdout.splitlines())], ["1", "3"])
        self.refused(3, "line 2, column EPIKEY: missing", text=table([episode("")]))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
