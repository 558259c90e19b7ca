"""An attacker who has a whole release, its rules and all public tables, and wants one hidden count.

    python3 tests/cli/test_attacker.py HESTIA

Each planted study is released twice: by hestia, and by rounding alone. On the second the attacker must find hidden
counts, by each of its ways, or it proves nothing; on the first none.
"""

import os
import shutil
import sys
import tempfile
import unittest

import attacker_naive as naive
import attacker_study as study
from attacker_cells import Programme
from attacker_nights import Nights
from attacker_reader import WAYS, Attack, Public, read

PROGRAM = ""
# What a reader may think of a hidden count: also larger ones are hidden, to protect small ones.
HIDDEN = (1, 10 ** 9)
ESP2013 = [5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000]


def public_of(plan, groups, **parameters):
    everyone = {area: sum(study.population(i, band, sex) for band in range(19) for sex in (1, 2))
                for i, area in enumerate(plan.areas)}
    number = {area: i for i, area in enumerate(plan.areas)}

    def old_women(members):
        """Rate per 100,000 of one event in either band of women from 85 on."""
        weights = ESP2013[17:]
        return [1e5 * w / sum(study.population(number[a], band, 2) for a in members) / sum(weights)
                for band, w in zip((17, 18), weights)]

    return Public({m[0]: m[1] for m in study.MEASURES}, {name: members or plan.areas for name, members in groups.items()},
                  plan.areas, everyone, {"old_dsr": old_women}, [("both", ("em", "el"))],
                  [("old", "em"), ("people", "em"), ("back", "back of")], **parameters)


def truth_of(internal, public):
    """True counts by cell."""
    shown = Attack.__new__(Attack)
    shown.public = public
    found = {}
    for row in read(internal, "results.csv"):
        family = public.families[row["measure"]]
        if row["total_count"]:
            found[shown.cell(row, family)] = int(row["total_count"])
        if row["statistic"] == "readmission":
            found[shown.cell(row, family + " of")] = round(float(row["total_pop"]))
    for row in read(internal, "cohorts.csv"):
        found["cohort " + row["cohort"], row["area_code"], row["year"], "", ""] = int(row["members"])
    return found


class Place:
    """One planted study, published."""

    def __init__(self, plan, groups, rest=""):
        self.folder = tempfile.mkdtemp(prefix="hestia-attacker-")
        self.plan, self.groups, self.rest = plan, groups, rest
        self.rows = study.stays(plan)
        study.write_inputs(self.folder, plan, self.rows)
        self.public = public_of(plan, groups)

    def publish(self, name="planted", measures=None, rest=None, **parameters):
        study.write_study(self.folder, name, self.plan, self.groups, measures or study.MEASURES,
                          self.rest if rest is None else rest, **parameters)
        return os.path.realpath(study.publish(PROGRAM, self.folder, name))


def three():
    a, b, c = study.AREAS[:3]
    return Place(study.three_areas(), {"England": None, "X": [a, b], "Y": [b, c]}, study.REST)


def calm():
    return Place(study.calm_areas(), {"England": None})


def twelve():
    areas = study.AREAS
    return Place(study.twelve_areas(), {"England": None, "X": areas[:3], "Y": areas[:2], "Rest": areas[:5] + areas[6:]})


class Planted:
    """What both studies are asked."""

    make = None

    @classmethod
    def setUpClass(cls):
        cls.place = cls.make()
        internal = os.path.join(cls.place.publish("uncontrolled", disclosure="none"), "internal")
        cls.truth = truth_of(internal, cls.place.public)
        cls.naive = os.path.join(cls.place.folder, "naive")
        naive.release(internal, cls.naive, [n for n, m in cls.place.groups.items() if m is None])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place.folder)

    def assert_true(self, cells):
        """An attacker whose intervals leave out the truth has understood something wrong."""
        wrong = [(c, n, cells.low[c], cells.high[c]) for c, n in self.truth.items()
                 if c in cells.low and not cells.low[c] <= n <= cells.high[c]]
        self.assertEqual(wrong[:5], [])

    def attack(self, folder, ways, hidden):
        attack = Attack(folder, self.place.public, ways, hidden)
        self.assert_true(attack.cells)
        return attack

    def pinned(self, attack):
        """Small counts of which one value is left."""
        return {c for c in attack.hidden if attack.cells.is_pinned(c) and 0 < self.truth[c] < 8}

    def test_every_way_works_where_counts_are_rounded_alone(self):
        by_sums = self.pinned(self.attack(self.naive, (), (1, 7)))
        self.assertTrue(by_sums, "sums and England's exact numbers pin nothing")
        for way in self.ways:
            more = self.pinned(self.attack(self.naive, (way,), (1, 7))) - by_sums
            print("%s: rounding alone, %s pins %d more" % (type(self).__name__, way, len(more)))
            self.assertTrue(more, way)
        together = self.attack(self.naive, WAYS, (1, 7))
        by_intervals = self.pinned(together)
        Programme(together.cells, sorted(together.hidden)).run(wanted=2)
        self.assert_true(together.cells)
        by_programme = self.pinned(together) - by_intervals
        print("%s: rounding alone, %d hidden, %d pinned by sums, %d by all ways, %d more by linear programmes" % (
            type(self).__name__, len(together.hidden), len(by_sums), len(by_intervals), len(by_programme)))
        self.assertTrue(by_programme, "linear programmes pin nothing more")
        planted = {(family, area, period, "provider" if split else "", split)
                   for family, area, period, split, _ in self.place.plan.planted}
        self.assertTrue(planted & self.pinned(together), "none of the planted cells is pinned")

    def test_no_hidden_count_of_the_release_is_pinned(self):
        run_folder = self.place.publish()
        attack = self.attack(os.path.join(run_folder, "release"), WAYS, HIDDEN)
        small = {c for c in attack.hidden if 0 < self.truth[c] < 8}
        planted = {(family, area, period, "provider" if split else "", split)
                   for family, area, period, split, _ in self.place.plan.planted}
        self.assertEqual(sorted(planted - attack.hidden), [], "a planted small count is shown")
        by_intervals = self.pinned(attack)
        self.assertEqual(sorted(by_intervals)[:5], [], "%d pinned" % len(by_intervals))
        programme = Programme(attack.cells, sorted(attack.hidden))
        programme.run(wanted=2)
        self.assert_true(attack.cells)
        pinned = self.pinned(attack)
        widths = sorted(attack.cells.width(c) for c in small)
        print("%s: %d hidden, %d of them small; %d programmes; the narrowest has %d values left, half have %d and more" % (
            type(self).__name__, len(attack.hidden), len(small), programme.n_calls, widths[0], widths[len(widths) // 2]))
        self.assertEqual(sorted(pinned)[:5], [], "%d pinned" % len(pinned))


class ConsecutiveNights:
    """The same study with a few more rows the next night, or with one."""

    @classmethod
    def setUpClass(cls):
        cls.place = cls.make()
        cls.first = cls.publish()
        cls.round_alone(cls.first)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place.folder)

    @classmethod
    def publish(cls):
        return cls.place.publish(measures=cls.MEASURES, rest="")

    @classmethod
    def round_alone(cls, run):
        naive.release(os.path.join(run, "internal"), os.path.join(run, "naive"),
                      [n for n, m in cls.place.groups.items() if m is None])

    def second(self, month, areas):
        """The run of the night in which emergency stays of these areas have come."""
        start = study.month_start(month)
        more = [study.stay(a, "RAA", "21", start, start, 7000 + i, 1, 50 + i, "J440", 10 ** 6 + i) for i, a in enumerate(areas)]
        study.write_inputs(self.place.folder, self.place.plan, self.place.rows + more)
        return self.publish()

    def read(self, runs, name, **how):
        """Both nights as an attacker sees them, and small counts of which one value is left to him."""
        truths = [truth_of(os.path.join(f, "internal"), self.place.public) for f in runs]
        self.assertTrue(any(truths[0][c] != truths[1][c] for c in truths[0]))
        truth = {(night, c): n for night, found in enumerate(truths) for c, n in found.items()}
        nights = Nights([os.path.join(f, name) for f in runs], self.place.public, **how)
        if name == "release":
            Programme(nights.cells, sorted(nights.hidden)).run(wanted=2)
        wrong = [c for c, n in truth.items() if c in nights.cells.low and not nights.cells.low[c] <= n <= nights.cells.high[c]]
        self.assertEqual(wrong[:5], [])
        return nights, {c for c in nights.hidden if nights.cells.is_pinned(c) and 0 < truth[c] < 8}

    def assert_nothing_is_pinned(self, month, areas):
        """Nothing by the release, something by rounding alone."""
        runs = [self.first, self.second(month, areas)]
        self.round_alone(runs[1])
        by_rounding = self.read(runs, "naive", hidden=(1, 7))[1]
        nights, pinned = self.read(runs, "release")
        print("two nights, %d more: %d hidden, %d pinned, %d by rounding alone" % (
            len(areas), len(nights.hidden), len(pinned), len(by_rounding)))
        self.assertEqual(sorted(pinned)[:5], [])
        self.assertTrue(by_rounding)


class TwoNights(ConsecutiveNights, unittest.TestCase):
    make, MEASURES = staticmethod(three), [m for m in study.MEASURES if m[0] in ("em_count", "em_dsr", "el_count")]

    def test_eight_more(self):
        area = study.AREAS[2]
        self.assert_nothing_is_pinned(12, [area, area] + study.AREAS[:2] * 3)

    def test_one_where_there_was_none(self):
        self.assert_nothing_is_pinned(14, study.AREAS[2:3])

    def test_one_makes_a_small_count_a_shown_one(self):
        self.assert_nothing_is_pinned(11, study.AREAS[2:3])

    def test_one_more_of_a_small_count(self):
        self.assert_nothing_is_pinned(10, study.AREAS[2:3])


class TwoCalmNights(ConsecutiveNights, unittest.TestCase):
    make, MEASURES = staticmethod(calm), [("em_count", "em", ["month"], study.EMERGENCY),
                                          ("em_dsr", "em", ["quarter"], study.EMERGENCY + ", statistic: dsr"),
                                          ("em_isr", "em", ["quarter", "year"], study.EMERGENCY + ", statistic: isr")]

    def test_one_where_there_was_none(self):
        self.assert_nothing_is_pinned(7, study.AREAS[1:2])


class Three(Planted, unittest.TestCase):
    make, ways = staticmethod(three), WAYS


@unittest.skipUnless(os.environ.get("HESTIA_ATTACKER") == "all", "HESTIA_ATTACKER=all takes the larger study as well")
class Twelve(Planted, unittest.TestCase):
    make, ways = staticmethod(twelve), ("ratio", "multiple", "strata", "means", "shares")


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    if shutil.which("glpsol") is None:
        sys.exit("glpsol is not installed (package glpk-utils)")
    unittest.main()
