"""From the files of a release to what they say of counts: intervals of cells, sums between cells, and what printed
values, limits, means and services add to that.

A cell is (family, area, period, split_by, split); a family is one set of events, however many measures show it.
"""

import collections
import csv
import itertools
import math
import os

import attacker_numbers as numbers
from attacker_cells import INFINITE, Cells

RATES = ("dsr", "isr", "smr", "crude_rate", "bed_day_rate")
STAYS = ("mean_los", "median_los", "q1_los", "q3_los", "p90_los", "trimmed_mean_los")
WAYS = ("ratio", "multiple", "strata", "means", "shares", "services", "tables")


def read(folder, name):
    with open(os.path.join(folder, name), newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


class Public:
    """What everybody knows who has the study's description and public tables, but not its numbers."""

    def __init__(self, families, groups, areas, population, strata, sums, at_most, least=8, base=5, decimals=1):
        self.families = families      # measure -> family
        self.groups = groups          # comparator -> member areas
        self.areas = areas
        self.population = population  # area -> people
        self.strata = strata          # measure -> function(area) -> weights of one event, where strata are few
        self.sums = sums              # (whole, parts): families that add up
        self.at_most = at_most        # (family, family): never more than
        self.least, self.base = least, base
        self.digits = numbers.Digits(decimals)


class Attack:
    """`hidden`: what is thought of hidden counts."""

    def __init__(self, folder, public, ways=WAYS, hidden=(1, INFINITE)):
        self.public, self.ways, self.hidden_range = public, ways, hidden
        self.cells, self.hidden = Cells(), set()
        self.results = read(folder, "results.csv")
        self.folder = folder
        self.is_exact = self.are_totals_true()
        self.types = {}  # period -> month, quarter, year
        self.spans = {}  # period -> first and last day
        self.incomplete = collections.defaultdict(set)  # measure -> periods
        self.read_counts()
        self.add_sums()
        self.cells.tighten()
        for _ in range(2):
            if "strata" in ways or "ratio" in ways or "multiple" in ways:
                self.use_rates()
            if "means" in ways:
                self.use_means()
            if "shares" in ways:
                self.use_shares()
            if "tables" in ways:
                self.use_tables()
            if "services" in ways:
                self.use_services()
            self.cells.tighten()

    # ---- counts ----

    def interval(self, text, is_true, is_england=False):
        """Of a released count, rounded or true; None for a hidden one. England's has no least."""
        if text == "":
            return None
        n = round(float(text))
        if n == 0 or is_true:
            return n, n
        half = (self.public.base - 1) // 2 if self.public.base % 2 else self.public.base // 2
        if is_england:  # nothing but 0 is rounded to 0
            return 1 if n == self.public.base else n - half, n + half
        return max(self.public.least, n - half), n + half

    def are_totals_true(self):
        """England's counts are all rounded, or none is."""
        return any(float(row["total_count"]) % self.public.base for row in self.results
                   if row["total_count"] and row["split_by"] != "provider" and self.is_england(row["area_code"]))

    def is_england(self, area):
        return self.public.groups.get(area) == self.public.areas

    def days(self, n):
        """Of bed days, of which few are no small number of people."""
        half = self.public.base // 2
        return (0, 0) if n == 0 else (max(1, n - half), n + half)

    def put(self, cell, text, area, is_suppressed):
        # England's counts may be true, but for those of a provider
        is_england = self.is_england(area) and cell[3] != "provider"
        found = self.interval(text, is_england and self.is_exact, is_england)
        if found:
            self.cells.add(cell, *found)
        elif is_suppressed:
            self.cells.add(cell, *self.hidden_range)
            self.hidden.add(cell)

    def cell(self, row, family=None):
        return (family or self.public.families[row["measure"]], row["area_code"], row["period"], row["split_by"], row["split"])

    def read_counts(self):
        for row in self.results:
            self.types[row["period"]] = row["period_type"]
            self.spans[row["period"]] = row["period_start"], row["period_end"]
            if row["incomplete"] == "1":
                self.incomplete[row["measure"]].add(row["period"])
            family = self.public.families[row["measure"]]
            self.put(self.cell(row), row["total_count"], row["area_code"], row["suppressed"] == "1")
            if row["statistic"] == "readmission":
                self.put(self.cell(row, family + " of"), row["total_pop"], row["area_code"], row["suppressed"] == "1")
            elif row["statistic"] in STAYS:
                self.put(self.cell(row), row["total_pop"], row["area_code"], row["suppressed"] == "1")
            elif row["statistic"] == "count":
                self.put(self.cell(row), row["value"], row["area_code"], row["suppressed"] == "1")

    # ---- sums ----

    def add_sums(self):
        known = list(self.cells.low)
        here = set(known)
        families = {c[0] for c in known}
        by_split = collections.defaultdict(set)
        for c in known:
            by_split[c[0], c[3]].add(c[4])
        whole_splits = {(f, dim) for f, dim in by_split if dim and self.adds_up(f, dim, by_split, here)}
        for c in known:
            family, area, period, split_by, split = c
            if area in self.public.groups:
                parts = [(family, a, period, split_by, split) for a in self.public.groups[area]]
                self.whole(c, [p for p in parts if p in here], family == "people")
            for finer in self.finer(c, here):
                self.whole(c, finer, family == "people")
            if not split_by:
                for dim in (dim for f, dim in whole_splits if f == family):
                    parts = [(family, area, period, dim, v) for v in by_split[family, dim]]
                    parts = [p for p in parts if p in here]
                    if parts:
                        self.whole(c, parts, False)
            for whole, parts in self.public.sums:
                if family == whole and all((f,) + c[1:] in here for f in parts):
                    self.whole(c, [(f,) + c[1:] for f in parts], False)
            for less, more in self.public.at_most:
                if family == less and more in families and (more,) + c[1:] in here:
                    self.cells.add_sum(0, INFINITE, {(more,) + c[1:]: 1, c: -1})

    def adds_up(self, family, dim, by_split, here):
        """Whether England's exact parts are the whole wherever they are shown: then they are everywhere. Of providers
        everybody knows it: no stay is without one."""
        found = [True] if dim == "provider" else []
        for england in filter(self.is_england, self.public.groups):
            for period in self.types:
                total = (family, england, period, "", "")
                parts = [p for p in ((family, england, period, dim, v) for v in by_split[family, dim]) if p in here]
                if total in here and parts and all(self.cells.is_pinned(c) for c in parts + [total]):
                    found.append(sum(self.cells.low[p] for p in parts) == self.cells.low[total])
        return bool(found) and all(found)

    def finer(self, cell, here):
        """The months of a quarter or year, the quarters of a year, where all are there."""
        family, area, period, split_by, split = cell
        first, last = self.spans[period]
        for finer, n in (("month", {"quarter": 3, "year": 12}), ("quarter", {"year": 4})):
            wanted = n.get(self.types[period])
            if wanted:
                parts = [(family, area, p, split_by, split) for p, kind in self.types.items()
                         if kind == finer and first <= self.spans[p][0] and self.spans[p][1] <= last]
                parts = [p for p in parts if p in here]
                if len(parts) == wanted:
                    yield parts

    def whole(self, whole, parts, is_people):
        """The whole is the sum of its parts; people may stand in several of them."""
        if is_people:
            self.cells.add_sum(0, INFINITE, {whole: -1, **{p: 1 for p in parts}})
            for p in parts:
                self.cells.add_sum(0, INFINITE, {whole: 1, p: -1})
        else:
            self.cells.add_sum(0, 0, {whole: -1, **{p: 1 for p in parts}}, "sum")

    # ---- values and limits ----

    def printed(self, row):
        return [self.public.digits.interval(row[name]) for name in ("value", "lowercl", "uppercl")]

    def use_rates(self):
        for row in self.results:
            value, lower, upper = self.printed(row)
            if row["statistic"] not in RATES or not value or self.is_england(row["area_code"]):
                continue
            cell = self.cell(row)
            counts = self.cells.possible(cell, 600)
            people = self.population(row)
            if row["statistic"] == "dsr" and lower and upper and "ratio" in self.ways:
                self.cells.allow(cell, numbers.counts_of_ratio(value, lower, upper, counts))
            if row["statistic"] == "dsr" and row["measure"] in self.public.strata and "strata" in self.ways:
                weights = self.public.strata[row["measure"]](self.public.groups.get(row["area_code"], [row["area_code"]]))
                self.cells.allow(cell, numbers.counts_of_strata(value, lower, upper, self.cells.possible(cell, 60), weights))
            if "multiple" not in self.ways:
                continue
            if row["statistic"] in ("isr", "smr"):
                self.cells.allow(cell, numbers.counts_of_multiple(value, lower, upper, counts))
            elif row["statistic"] == "crude_rate" and not self.is_of_rounded(row, value, people):
                self.cells.allow(cell, numbers.counts_of_multiple(value, lower, upper, counts, 1e5 / people))
            elif row["statistic"] == "bed_day_rate":
                days = ("days",) + cell[1:]
                self.cells.add(days)
                ends = value[0] * people / 1e3, value[1] * people / 1e3
                base = self.public.base
                of_rounded = [base * math.ceil(ends[0] / base), base * math.floor(ends[1] / base)]
                if of_rounded[0] <= of_rounded[1]:  # a rate of rounded days says no more than they do
                    ends = min(ends[0], self.days(of_rounded[0])[0]), max(ends[1], self.days(of_rounded[1])[1])
                self.cells.narrow(days, math.ceil(ends[0] - 1e-9), math.floor(ends[1] + 1e-9))

    def is_of_rounded(self, row, value, people):
        """A crude rate of the rounded count says no more than that count."""
        return row["total_count"] and numbers.fits(value, float(row["total_count"]) * 1e5 / people)

    def population(self, row):
        return sum(self.public.population[a] for a in self.public.groups.get(row["area_code"], [row["area_code"]]))

    def use_means(self):
        stays = collections.defaultdict(dict)
        for row in self.results:
            if row["statistic"] in STAYS and not self.is_england(row["area_code"]):
                stays[self.cell(row)][row["statistic"]] = self.printed(row)
            elif row["statistic"] == "bed_days" and row["value"] and not self.is_england(row["area_code"]):
                self.cells.add(("days",) + self.cell(row)[1:], *self.days(round(float(row["value"]))))
        for cell, rows in stays.items():
            days = ("days",) + cell[1:]
            sums = None
            if days in self.cells.low and self.cells.high[days] < INFINITE:
                sums = range(self.cells.low[days], self.cells.high[days] + 1)
            if any(value for value, _, _ in rows.values()):
                self.cells.allow(cell, numbers.counts_of_stays(rows, self.cells.possible(cell, 400), sums))

    def use_shares(self):
        providers = collections.defaultdict(dict)
        for row in self.results:
            value, lower, upper = self.printed(row)
            if not value or self.is_england(row["area_code"]):
                continue
            cell = self.cell(row)
            if row["statistic"] in ("readmission", "growth") and self.is_share_of_rounded(row, value):
                continue
            if row["statistic"] == "readmission":
                of = self.cell(row, cell[0] + " of")
                self.cells.add(of)
                pairs = numbers.pairs_of_share(value, lower, upper, set(self.cells.possible(cell)), self.cells.possible(of, 300))
                self.pair(cell, of, pairs)
            elif row["statistic"] == "growth":
                base = (cell[0], cell[1], "2008/09 Q1", "", "")
                if base in self.cells.low and base != cell:
                    pairs = numbers.pairs_of_ratio(value, self.cells.possible(cell, 600), self.cells.possible(base, 600), 100.0)
                    self.pair(cell, base, pairs)
            elif row["statistic"] in ("hhi", "effective_providers"):
                providers[cell][row["statistic"]] = value
        for cell, values in providers.items():
            self.use_concentration(cell, values)

    @staticmethod
    def is_share_of_rounded(row, value):
        """A percentage of two rounded counts says no more than they do."""
        return row["total_count"] and row["total_pop"] and float(row["total_pop"]) and numbers.fits(
            value, 100 * float(row["total_count"]) / float(row["total_pop"]))

    def pair(self, one, other, pairs):
        self.cells.allow(one, {x for x, _ in pairs})
        self.cells.allow(other, {y for _, y in pairs})

    def use_concentration(self, cell, values):
        """Every way in which the events could lie at the providers, where there are not too many."""
        parts = [c for c in self.cells.low if c[:3] == cell[:3] and c[3] == "provider"]
        if not parts or math.prod(min(self.cells.width(c), 1000) for c in parts) > 30000:
            return
        found = [set() for _ in parts]
        for events in itertools.product(*(self.cells.possible(c) for c in parts)):
            total = sum(events)
            if not total or not self.cells.low[cell] <= total <= self.cells.high[cell]:
                continue
            hhi = sum(x * x for x in events) / total ** 2
            if numbers.fits(values.get("hhi"), hhi) and numbers.fits(values.get("effective_providers"), 1 / hhi):
                for kept, x in zip(found, events):
                    kept.add(x)
        for c, kept in zip(parts, found):
            self.cells.allow(c, kept)

    # ---- other tables ----

    def use_tables(self):
        for row in read(self.folder, "cohorts.csv"):
            cell = ("cohort " + row["cohort"], row["area_code"], row["year"], "", "")
            self.put(cell, row["members"], row["area_code"], row["suppressed"] == "1")
            share = self.public.digits.interval(row["percent"])
            if share and row["registered"] and not self.is_england(row["area_code"]) and not self.is_rounded_share(row, share):
                of = float(row["registered"]) / 100
                self.cells.narrow(cell, math.ceil(share[0] * of - 1e-9), math.floor(share[1] * of + 1e-9))
        for row in read(self.folder, "reported.csv"):
            cell = (self.public.families[row["measure"]], row["area_code"], row["period"], "", "")
            reported = float(row["reported"])
            if row["ours"]:
                self.cells.add(cell, *self.interval(row["ours"], False))
            for name, factor in (("difference", 1.0), ("percent", reported / 100)):
                shown = self.public.digits.interval(row[name])
                if shown and not self.is_rounded_difference(row, reported):
                    ends = sorted(reported + factor * x for x in shown)
                    self.cells.narrow(cell, math.ceil(ends[0] - 1e-9), math.floor(ends[1] + 1e-9))

    @staticmethod
    def is_rounded_share(row, share):
        return row["members"] and numbers.fits(share, float(row["members"]) / float(row["registered"]) * 100)

    @staticmethod
    def is_rounded_difference(row, reported):
        return row["ours"] and row["difference"] and abs(float(row["ours"]) - reported - float(row["difference"])) < 0.06

    # ---- services ----

    def use_services(self):
        for row in read(self.folder, "site-review.csv"):
            if row["baseline_from"]:
                self.use_review(row)
        self.use_lines()
        self.use_observed()

    def months(self, measure, area, first, last):
        """Cells of the complete months between two days."""
        return [(self.public.families[measure], area, p, "", "") for p, kind in sorted(self.types.items())
                if kind == "month" and first <= self.spans[p][0] and self.spans[p][1] <= last
                and p not in self.incomplete[measure]]

    def use_review(self, row):
        """Counts of both sides, from their averages and limits, and from what compares them."""
        sides = []
        for side in ("baseline", "review"):
            months = self.months(row["measure"], row["site_code"], row[side + "_from"], row[side + "_to"])
            cell = ("sum " + side, row["site_code"], row["measure"], row[side + "_from"], row[side + "_to"])
            if cell not in self.cells.low:
                self.cells.add_sum(0, 0, {cell: -1, **{m: 1 for m in months}}, "review")
                self.cells.tighten([cell])
            if row[side + "_count"]:
                self.cells.narrow(cell, *self.interval(row[side + "_count"], False))
            self.use_side(row, side, cell, len(months))
            sides.append((cell, len(months)))
        (before, n_before), (after, n_after) = sides
        if row["unit"] == "events a month" and max(self.cells.width(before), self.cells.width(after)) <= 400:
            self.use_change(row, before, n_before, after, n_after)

    def use_side(self, row, side, cell, n_months):
        value, lower, upper = (self.public.digits.interval(row[side + s]) for s in ("_value", "_lowercl", "_uppercl"))
        if not value or not n_months:
            return
        counts = self.cells.possible(cell, 1000)
        if row["unit"] == "events a month":
            kept = {x for x in counts if numbers.fits(value, x / n_months)}
        elif row["unit"] == "days":
            kept = {n for n in counts if n and numbers.is_mean(n, value, lower, upper, None)}
        else:
            factor = 1e5 / self.public.population[row["site_code"]] / n_months
            kept = numbers.counts_of_multiple(value, lower, upper, counts, factor)
        if not (row[side + "_count"] and self.is_side_of_rounded(row, side, value, n_months)):
            self.cells.allow(cell, kept)

    def is_side_of_rounded(self, row, side, value, n_months):
        n = float(row[side + "_count"])
        if row["unit"] == "days":
            return False
        people = 1e5 / self.public.population[row["site_code"]] if row["unit"] != "events a month" else 1
        return numbers.fits(value, n * people / n_months)

    def use_change(self, row, before, n_before, after, n_after):
        change, ratio = self.public.digits.interval(row["change"]), None
        percent = self.public.digits.interval(row["change_percent"])
        other = self.public.digits.interval(row["comparator_change"])
        for found in read(self.folder, "impact.csv"):
            if (found["impact"], found["site_code"], found["measure"], found["method"], found["term"]) == \
                    (row["impact"], row["site_code"], row["measure"], "pre_post", "ratio"):
                ratio = self.public.digits.interval(found["estimate"])
        england = self.england_sums(row) if other and self.is_england(row["comparator"]) else None
        pairs = set()
        for x, y in itertools.product(self.cells.possible(before, 400), self.cells.possible(after, 400)):
            if not numbers.fits(change, y / n_after - x / n_before):
                continue
            if x and not (numbers.fits(ratio, y / n_after / (x / n_before)) and
                          numbers.fits(percent, 100 * (y / n_after / (x / n_before) - 1))):
                continue
            if england and x:
                told = x / n_before * ((england[1] - y) / n_after / ((england[0] - x) / n_before) - 1)
                if not numbers.fits(other, told):
                    continue
            pairs.add((x, y))
        if not self.is_change_of_rounded(row, change, n_before, n_after):
            self.pair(before, after, pairs)

    @staticmethod
    def is_change_of_rounded(row, change, n_before, n_after):
        return change and row["baseline_count"] and row["review_count"] and numbers.fits(
            change, float(row["review_count"]) / n_after - float(row["baseline_count"]) / n_before)

    def england_sums(self, row):
        found = []
        for side in ("baseline", "review"):
            months = self.months(row["measure"], row["comparator"], row[side + "_from"], row[side + "_to"])
            if not all(self.cells.is_pinned(m) for m in months):
                return None
            found.append(sum(self.cells.low[m] for m in months))
        return found

    def use_lines(self):
        """A least-squares line is two sums over the series."""
        lines = collections.defaultdict(dict)
        for row in read(self.folder, "impact.csv"):
            if row["method"] == "trend" and row["term"] in ("intercept", "slope") and row["unit"].startswith("events"):
                shown = self.public.digits.interval(row["estimate"])
                if shown:
                    lines[row["measure"], row["site_code"]][row["term"]] = shown
        for (measure, site), shown in lines.items():
            months = [c for c in self.months(measure, site, "0000", "9999") if c in self.cells.low]
            n = len(months)
            centre = (n + 1) / 2
            spread = sum((t - centre) ** 2 for t in range(1, n + 1))
            slope = {c: (t - centre) / spread for t, c in enumerate(months, 1)}
            level = {c: 1 / n - centre * w for c, w in slope.items()}
            for term, weights in (("slope", slope), ("intercept", level)):
                if term in shown:
                    self.cells.add_sum(*shown[term], weights, term)

    def use_observed(self):
        """Series that a model was fitted to: what was observed, and that its residuals add up to nothing."""
        series = collections.defaultdict(list)
        for row in read(self.folder, "counterfactual.csv"):
            if row["unit"] == "events":
                series[row["measure"], row["site_code"]].append(row)
        for (measure, site), rows in series.items():
            fitted, cells, after = [], [], []
            for row in rows:
                cell = (self.public.families[measure], site, row["period"], "", "")
                shown = self.public.digits.interval(row["observed"])
                if shown and row["observed"] and cell in self.cells.low and not self.is_rounded(cell, row["observed"]):
                    self.cells.narrow(cell, math.ceil(shown[0] - 1e-9), math.floor(shown[1] + 1e-9))
                if row["used"] == "1":
                    fitted.append(self.public.digits.interval(row["fitted"]))
                    cells.append(cell)
                    after.append(row["effect"] != "")
            if not fitted or None in fitted or any(c not in self.cells.low for c in cells):
                continue
            for part in (False, True):  # level before, level after
                chosen = [i for i, a in enumerate(after) if a == part]
                for power in (0, 1):  # level, slope
                    weights = {cells[i]: float(i + 1) ** power for i in chosen}
                    ends = [sum(fitted[i][end] * (i + 1) ** power for i in chosen) for end in (0, 1)]
                    if weights:
                        self.cells.add_sum(ends[0] - 1e-6, ends[1] + 1e-6, weights, "residuals")

    def is_rounded(self, cell, text):
        """An observed count that was rounded as counts are says no more than that."""
        return float(text) % self.public.base == 0 and cell not in self.hidden and float(text) >= self.public.least
