"""Stays, people and what is made of them, from the published rules alone: the companion of
reference_run.py for spells, continuous spells, lengths of stay, readmissions, repeated events,
indirect rates, scores, concentration and growth.

Plain and slow: whole extracts in memory, one person after the other, sums as they stand in the
formulas.
"""

import datetime
import functools
import math
import re

from reference_run import (EMERGENCY, NOT_ENGLAND, OTHER, UNKNOWN, Z, byar, crude_rate, exact, is_counted, map_area,
                           period_of, periods_between, middle_of_year)

TRANSFER_OUT = {"49", "50", "51", "52", "53", "84"}
TRANSFER_SOURCE = {"49", "50", "51", "52", "53", "87"}
TRANSFER_METHOD = {"2B", "81"}
ATTENDERS = {"3", "4"}
LONGEST = 29200


def clean_provider(code):
    """A trust by its first three characters; independent providers by all of them."""
    return code if code[:1] in ("N", "8") else code[:3]


# ---- spells --------------------------------------------------------------------------------------


class Spell:
    """One provider spell, from its episodes in order."""

    def __init__(self, episodes):
        self.episodes = episodes
        first = episodes[0]
        closed = [e for e in episodes if e.disdate]
        self.first = first
        self.last = closed[-1] if closed else episodes[-1]
        self.admidate = first.spell_admidate
        self.disdate = self.last.disdate
        self.start = min(self.admidate, first.spell_epistart)
        self.end = max(e.spell_epiend for e in episodes)
        self.key = min(int(e.key) for e in episodes)
        self.attends = first.patient_class in ATTENDERS


def prepare(episode):
    """Dates as spells see them; False when the episode can be in no spell."""
    start, end = episode.epistart, episode.epiend
    if start and end and start > end:
        start, end = end, start
    admidate = episode.admidate
    moved_in = episode.method in TRANSFER_METHOD or episode.source in ("51", "52", "53")
    if admidate is None and episode.order in ("1", "01") and not moved_in:
        admidate = start
    episode.spell_admidate, episode.spell_epistart, episode.spell_epiend = admidate, start, end
    return bool(episode.status == "3" and episode.provider and admidate and start and end)


def spells_of(episodes):
    """Rule nhsd, one person's episodes: spells in order of start, end and key."""
    groups = {}
    for e in episodes:
        if prepare(e):
            key = e.key if e.patient_class in ATTENDERS else (
                e.spell_admidate, clean_provider(e.provider), e.spell_number)
            groups.setdefault(key, []).append(e)
    spells = []
    for group in groups.values():
        group.sort(key=lambda e: (e.spell_epistart, int(e.order or 0), e.spell_epiend, int(e.key)))
        spells.append(Spell(group))
    return sorted(spells, key=lambda s: (s.start, s.end, s.key))


def is_linked(a, b):
    """Rule nhsd: b goes on with the stay of a."""
    if a.attends or b.attends or not 0 <= (b.start - a.end).days <= 2:
        return False
    moved = (a.last.destination in TRANSFER_OUT or b.first.source in TRANSFER_SOURCE
             or b.first.method in TRANSFER_METHOD)
    home = a.last.destination == "19" and b.first.source == "51" and b.first.method == "21"
    return moved and not home


class Stay:
    """A spell, or spells that are one continuous stay."""

    def __init__(self, spells):
        self.spells = spells
        self.first = spells[0].first
        self.last = spells[-1].last
        self.admidate = spells[0].admidate
        self.disdate = spells[-1].disdate
        self.start = spells[0].start
        self.days = (self.disdate - self.admidate).days if self.disdate else None
        self.next = None  # of the same person


def people_of(episodes):
    """Episodes person by person; an empty identifier is a person of its own."""
    people = {}
    for e in episodes:
        people.setdefault(e.person or ("nobody", e.key), []).append(e)
    return people


def stays_of(episodes):
    """All spells, and all continuous spells, of everybody."""
    spells, continuous = [], []
    for one in people_of(episodes).values():
        of_person = spells_of(one)
        spells += [Stay([s]) for s in of_person]
        chains = []
        for spell in of_person:
            if chains and is_linked(chains[-1][-1], spell):
                chains[-1].append(spell)
            else:
                chains.append([spell])
        chains = [Stay(chain) for chain in chains]
        for a, b in zip(chains, chains[1:]):
            a.next = b
        continuous += chains
    return spells, continuous


# ---- distributions -------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def t_quantile(df):
    """97.5th percentile of Student's t: Newton's steps on an integral by Simpson's rule."""
    if df == 1:
        return math.tan(math.pi * 0.475)
    if df == 2:
        return 0.95 / math.sqrt(2 * 0.975 * 0.025)
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)

    def density(x):
        return scale * (1 + x * x / df) ** (-(df + 1) / 2)

    x = Z * (1 + (Z * Z + 1) / (4 * df))
    for _ in range(6):
        n = 600
        h = x / n
        area = density(0) + density(x) + sum((4 if i % 2 else 2) * density(i * h) for i in range(1, n))
        x -= (0.5 + area * h / 3 - 0.975) / density(x)
    return x


def wilson(count, n):
    middle, spread = 2 * count + Z * Z, Z * math.sqrt(Z * Z + 4 * count * (1 - count / n))
    return (middle - spread) / (2 * (n + Z * Z)), (middle + spread) / (2 * (n + Z * Z))


def limits_of_count(count):
    return exact(count) if count < 10 else byar(count)


def quantile(values, p):
    """Type 7."""
    at = (len(values) - 1) * p
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


# ---- rows ----------------------------------------------------------------------------------------

NOTHING = (None, None, None)


class Asked:
    """A study (reference_run.Study), its people and window."""

    def __init__(self, study, episodes, conditions, first, last, deprivation):
        self.study = study
        self.episodes = episodes
        self.conditions = conditions
        self.first, self.last = first, last
        self.deprivation = deprivation
        self.spells, self.continuous = stays_of(episodes)

    def places(self, episode, date):
        """Areas and comparators that an event counts in."""
        area = map_area(episode.area, date, self.study.areas, self.study.lookup)
        if area in (UNKNOWN, NOT_ENGLAND) or (area == OTHER and not self.study.whole):
            return []
        return ["England"] if area == OTHER else [area, "England"]

    def keys(self, measure):
        return [(area, period) for by in measure["by"] for period in periods_between(by, self.first, self.last)
                for area in sorted(self.study.areas) + ["England"]]

    def stratum(self, episode):
        """Sex and band; None when either is unknown."""
        if episode.sex not in ("1", "2") or episode.age is None:
            return None
        return episode.sex, self.study.band(episode.age)

    def strata(self):
        return [(sex, band) for sex in "12" for band in range(len(self.study.lowers))]

    def people(self, area, period):
        year = middle_of_year(period, self.study.denominator_year)
        return {s: self.study.people(area, year, s[0], s[1]) for s in self.strata()}

    def events(self, measure):
        """Admissions of a measure in its window: (places, date, episode)."""
        for e in self.episodes:
            if e.admidate and self.first <= e.admidate <= self.last and is_counted(measure, e, self.conditions):
                yield self.places(e, e.admidate), e.admidate, e

    def stays(self, measure):
        """Closed stays of a measure: (places, stay)."""
        units = self.continuous if measure.get("unit") == "cips" else self.spells
        for stay in units:
            if stay.days is None or not 0 <= stay.days <= LONGEST or stay.first.patient_class != "1":
                continue
            if "methods" in measure and stay.first.method not in measure["methods"]:
                continue
            if stay.days >= measure.get("los_min", 0):
                yield self.places(stay.first, stay.admidate), stay

    def by_cell(self, measure, entries):
        """Things dated and placed, by area and period: {(area, period): [thing]}."""
        cells = {key: [] for key in self.keys(measure)}
        for places, date, thing in entries:
            if self.first <= date <= self.last:
                for by in measure["by"]:
                    for place in places:
                        cells[place, period_of(by, date)].append(thing)
        return cells

    def discharged(self, measure):
        return self.by_cell(measure, ((p, s.disdate, s) for p, s in self.stays(measure)))

    # ---- one method a statistic: {statistic: {(area, period): (count, population, value, lower, upper)}}

    def mean_los(self, measure):
        rows = {name: {} for name in ("mean_los", "median_los", "q1_los", "q3_los", "p90_los", "trimmed_mean_los")}
        for key, stays in self.discharged(measure).items():
            days = sorted(min(s.days, measure.get("los_cap", LONGEST)) for s in stays)
            n = len(days)
            values = dict.fromkeys(rows, NOTHING)
            if n > 0:
                mean, cut = sum(days) / n, int(n * 0.05)
                half = None
                if n > 1:
                    half = t_quantile(n - 1) * math.sqrt(sum((d - mean) ** 2 for d in days) / (n - 1) / n)
                values = {"mean_los": (mean, None if half is None else mean - half, None if half is None else mean + half),
                          "trimmed_mean_los": (sum(days[cut:n - cut]) / (n - 2 * cut), None, None)}
                for name, p in (("median_los", 0.5), ("q1_los", 0.25), ("q3_los", 0.75), ("p90_los", 0.9)):
                    values[name] = (quantile(days, p), None, None)
            for name in rows:
                rows[name][key] = (n, n) + values[name]
        return rows

    def std_mean_los(self, measure):
        cells = self.discharged(measure)
        years = periods_between("year", self.first, self.last)
        weights = dict.fromkeys(self.strata(), 0)
        for (area, period), stays in cells.items():
            if area != "England" and period in years:
                for stay in stays:
                    if self.stratum(stay.first):
                        weights[self.stratum(stay.first)] += 1
        rows = {}
        for key, stays in cells.items():
            days = {}
            for stay in stays:
                if self.stratum(stay.first):
                    days.setdefault(self.stratum(stay.first), []).append(stay.days)
            n = sum(len(d) for d in days.values())
            rows[key] = (n, n) + self.standardised_mean(days, weights)
        return {"std_mean_los": rows}

    @staticmethod
    def standardised_mean(days, weights):
        means = {s: sum(d) / len(d) for s, d in days.items()}
        squares = {s: sum((x - means[s]) ** 2 for x in d) for s, d in days.items()}
        freedom = sum(len(d) - 1 for d in days.values())
        used = [s for s in days if weights[s] > 0]
        if not used:
            return NOTHING
        whole = sum(weights[s] for s in used)
        value = sum(weights[s] * means[s] for s in used) / whole
        variance = 0
        for s in used:
            n = len(days[s])
            if n == 1 and freedom == 0:
                return value, None, None
            within = squares[s] / (n - 1) if n > 1 else sum(squares.values()) / freedom
            variance += (weights[s] / whole) ** 2 * within / n
        half = Z * math.sqrt(variance)
        return value, value - half, value + half

    def bed_days(self, measure):
        if measure.get("bed_days") != "placed":
            return {"bed_days": {key: (len(stays), None, sum(s.days for s in stays), None, None)
                                 for key, stays in self.discharged(measure).items()}}
        counts = {key: [0, 0] for key in self.keys(measure)}
        for places, stay in self.stays(measure):
            for by in measure["by"]:
                nights = {}
                for i in range(max(stay.days, 1)):
                    night = stay.admidate + datetime.timedelta(days=i)
                    if self.first <= night <= self.last:
                        period = period_of(by, night)
                        nights[period] = nights.get(period, 0) + (stay.days > 0)
                for period, n in nights.items():
                    for place in places:
                        counts[place, period][0] += 1
                        counts[place, period][1] += n
        return {"bed_days": {key: (n, None, days, None, None) for key, (n, days) in counts.items()}}

    def bed_day_rate(self, measure):
        rows = {}
        for key, stays in self.discharged(measure).items():
            people = sum(self.people(*key).values())
            days, squares = sum(s.days for s in stays), sum(s.days ** 2 for s in stays)
            value = days / people * 1000
            low = high = None
            if days > 0:
                low, high = byar(days)
                scale = math.sqrt(squares / days)
                low, high = [(days + scale * (x - days)) / people * 1000 for x in (low, high)]
            rows[key] = (len(stays), people, value, low, high)
        return {"bed_day_rate": rows}

    def readmission(self, measure):
        """Exclusions by condition and specialty are switched off in the study."""
        entries = []
        for places, stay in self.stays(dict(measure, unit="cips")):
            if stay.last.discharge_method in ("4", "5") or stay.last.destination == "79":
                continue
            again = stay.next
            back = (again is not None and again.first.method in EMERGENCY
                    and 0 <= (again.admidate - stay.disdate).days <= 29)
            entries.append((places, stay.disdate, back))
        rows = {}
        for key, back in self.by_cell(measure, entries).items():
            n, x = len(back), sum(back)
            values = NOTHING
            if n > 0:
                low, high = wilson(x, n)
                values = (100 * x / n, 100 * low, 100 * high)
            rows[key] = (x, n) + values
        return {"readmission": rows}

    def hhi(self, measure):
        rows = {"hhi": {}, "effective_providers": {}}
        for key, providers in self.by_cell(
                measure, ((p, d, clean_provider(e.provider)) for p, d, e in self.events(measure))).items():
            n = len(providers)
            value = sum((providers.count(p) / n) ** 2 for p in set(providers)) if n else None
            rows["hhi"][key] = (n, None, value, None, None)
            rows["effective_providers"][key] = (n, None, 1 / value if n else None, None, None)
        return rows

    def growth(self, measure):
        cells = self.by_cell(measure, self.events(measure))
        rows = {}
        for (area, period), events in cells.items():
            base = len(cells[area, measure["base"]])
            rows[area, period] = (len(events), base, 100 * len(events) / base if base else None, None, None)
        return {"growth": rows}

    def repeated(self, measure):
        """Crude or direct rate with the variance of people who come again."""
        rows = {}
        cells = self.by_cell(measure, self.events(measure))
        for (area, period), events in cells.items():
            people = self.people(area, period)
            of_person = {}
            for e in events:
                key = e.person or e.key, (e.sex, None if e.age is None else self.study.band(e.age))
                if measure["statistic"] == "crude_rate":
                    key = e.person or e.key  # everybody is one stratum
                of_person[key] = of_person.get(key, 0) + 1
            if measure["statistic"] == "crude_rate":
                n, squares, total = len(events), sum(f * f for f in of_person.values()), sum(people.values())
                low, high = limits_of_count(n)
                if n:
                    scale = math.sqrt(squares / n)
                    low, high = max(0.0, n + scale * (low - n)), n + scale * (high - n)
                rows[area, period] = (n, total, n / total * 1e5, low / total * 1e5, high / total * 1e5)
                continue
            n = value = variance = 0
            weights = 2 * sum(self.study.weights)
            for (_, stratum), f in of_person.items():
                if stratum in people:
                    w = self.study.weights[stratum[1]] / weights / people[stratum]
                    n += f
                    value += w * f
                    variance += w * w * f * f
            values = NOTHING
            if n >= 10:
                low, high = byar(n)
                scale = math.sqrt(variance / n)
                values = tuple(1e5 * x for x in (value, value + scale * (low - n), value + scale * (high - n)))
            rows[area, period] = (n, sum(people.values())) + values
        return {measure["statistic"]: rows}

    def person(self, measure):
        """People who have an admission of the measure."""
        rows = {}
        for key, events in self.by_cell(measure, self.events(dict(measure, unit="admission"))).items():
            n = len({e.person or e.key for e in events})
            if measure["statistic"] == "count":
                rows[key] = (n, None, n, None, None)
            else:
                total = sum(self.people(*key).values())
                rows[key] = (n, total) + crude_rate(n, total)
        return {measure["statistic"]: rows}

    def indirect(self, measure):
        """isr or smr; the reference is all areas, in the period itself or in a year."""
        cells = self.by_cell(measure, self.events(measure))
        year = measure.get("reference_year")
        rows = {}
        for (area, period), events in cells.items():
            people = self.people(area, period)
            of_reference = period if year is None else year
            time = 1.0
            if year is not None and re.search(" Q", period):
                days = [self.first + datetime.timedelta(days=i) for i in range((self.last - self.first).days + 1)]
                time = (sum(period_of("quarter", d) == period for d in days)
                        / sum(period_of("year", d) == year for d in days))
            x, n = dict.fromkeys(people, 0), dict.fromkeys(people, 0)
            for other in self.study.areas:
                for stratum, count in self.people(other, of_reference).items():
                    n[stratum] += count
                for e in cells[other, of_reference]:
                    if self.stratum(e):
                        x[self.stratum(e)] += 1
            expected = time * sum(people[s] * x[s] / n[s] for s in people)
            observed = sum(self.stratum(e) is not None for e in events)
            factor = 1 / expected
            if measure["statistic"] != "smr":
                factor *= 1e5 * time * sum(x.values()) / sum(n.values())
            low, high = limits_of_count(observed)
            rows[area, period] = (observed, sum(people.values()), observed * factor, low * factor, high * factor)
        return {measure["statistic"]: rows}

    def acs_score(self, measure):
        rates = self.indirect(measure)["acs_score"]
        rows = {"acs_isr": {}, "acs_residual": {}, "acs_score": {}}
        for period in sorted({period for _, period in rates}):
            of_areas = {a: rates[a, period] for a in self.study.areas}
            points = [(self.deprivation[a], of_areas[a][2]) for a in of_areas if a in self.deprivation]
            n = len(points)
            mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
            sxx = sum((x - mean_x) ** 2 for x, _ in points)
            slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sxx
            rss = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
            for area, row in of_areas.items():
                rows["acs_isr"][area, period] = row
                r = score = None
                if area in self.deprivation:
                    x = self.deprivation[area] - mean_x
                    r = (row[2] - mean_y - slope * x) / math.sqrt(rss / (n - 2) * (1 - 1 / n - x * x / sxx))
                    score = 10 - min(9, max(1, math.floor(2 * r + 5.5)))
                rows["acs_residual"][area, period] = row[:2] + (r, None, None)
                rows["acs_score"][area, period] = row[:2] + (score, None, None)
        return rows

    def results(self, measure):
        statistic = measure["statistic"]
        if measure.get("unit") == "person":
            return self.person(measure)
        if statistic in ("crude_rate", "dsr"):
            return self.repeated(measure)
        return getattr(self, "indirect" if statistic in ("isr", "smr") else statistic)(measure)
