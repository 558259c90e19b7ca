"""A plain, slow, separate implementation of the counting rules and of the direct rate.

Written from the published rules alone, with nothing but Python's standard library: it shares no
code and no table with hestia but reference/*.csv. It reads whole extracts into memory, which is
fine for the few thousand rows of a test.
"""

import csv
import datetime
import functools
import gzip
import io
import math
import re

# ---- reading -------------------------------------------------------------------------------------


def read_table(path):
    """Rows of a small CSV file as dictionaries."""
    with open(path, newline="", encoding="utf-8") as stream:
        return [{k: (v or "").strip() for k, v in row.items()} for row in csv.DictReader(stream)]


def read_extract(path):
    """Rows of an extract, comma or pipe, plain or gzip."""
    with open(path, "rb") as stream:
        raw = stream.read()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    text = raw.decode("ascii")
    separator = "|" if text.split("\n", 1)[0].count("|") > 3 else ","
    for row in csv.DictReader(io.StringIO(text), delimiter=separator):
        yield {k.upper(): v.strip() for k, v in row.items()}


def read_date(text):
    """A date, or None for an empty cell, a sentinel and anything before 1930."""
    if not text:
        return None
    date = datetime.date.fromisoformat(text[:10])
    return date if date >= datetime.date(1930, 1, 1) else None


def read_age(text):
    """Years, None when unknown; 7001 to 7007 are below one year."""
    if not text:
        return None
    age = int(float(text))
    if 7001 <= age <= 7007:
        return 0
    return min(age, 120) if 0 <= age <= 120 else None


@functools.lru_cache(maxsize=None)
def clean_diagnosis(code):
    code = re.sub(r"[. ]", "", code.upper())
    if code in ("", "-", "&"):
        return ""
    return code[:5] if len(code) > 4 and code[4].isdigit() else code[:4]


@functools.lru_cache(maxsize=None)
def clean_procedure(code):
    code = re.sub(r"[. ]", "", code.upper())
    return "" if code in ("", "-", "&") else code[:4]


@functools.lru_cache(maxsize=None)
def code_columns(names, families):
    """Names of the first family of numbered columns that the file has, in order."""
    for family in families:
        found = sorted(name for name in names if re.fullmatch(family + r"\d\d", name))
        if found:
            return found
    return []


class Episode:
    """One row, cleaned."""

    def __init__(self, row, area_column):
        self.key = row["EPIKEY"]
        self.partyear = row.get("PARTYEAR", "")
        self.subdate = row.get("SUBDATE", "")
        self.admidate = read_date(row["ADMIDATE"])
        self.epistart = read_date(row["EPISTART"])
        self.epiend = read_date(row["EPIEND"])
        self.provider = row["PROCODET"] or row["PROCODE3"]
        self.method = row["ADMIMETH"]
        self.status = row["EPISTAT"]
        self.order = row["EPIORDER"]
        self.patient_class = row["CLASSPAT"]
        self.type = row["EPITYPE"]
        self.specialty = row["TRETSPEF"]
        self.sex = row["SEX"]
        self.age = read_age(row["STARTAGE"])
        self.area = row[area_column]
        self.person = row.get("PSEUDO_HESID", "")
        self.spell_number = row.get("PROVSPNOPS", "")
        self.disdate = read_date(row.get("DISDATE", ""))
        self.source = row.get("ADMISORC", "")
        self.destination = row.get("DISDEST", "")
        self.discharge_method = row.get("DISMETH", "")
        names = tuple(row)
        self.diagnoses = [clean_diagnosis(row[c]) for c in code_columns(names, ("DIAG_4_", "DIAG_"))]
        self.procedures = [clean_procedure(row[c]) for c in code_columns(names, ("OPERTN_4_", "OPERTN_"))]


def drop_repeats(episodes):
    """Rule nhsd: of the rows with one EPIKEY the finished one stays, then that of the later cut."""
    best = {}
    for e in episodes:
        rank = (e.status == "3", e.partyear, e.subdate)
        if e.key not in best or rank > best[e.key][0]:
            best[e.key] = (rank, e)
    return [e for _, e in best.values()]


# ---- areas ---------------------------------------------------------------------------------------

UNKNOWN, NOT_ENGLAND, OTHER = "<unknown>", "<not England>", "<other>"


def map_area(code, date, known, lookup):
    """Area of a PCT code on a day."""
    code = code.upper()
    if len(code) == 5 and code.endswith("00"):
        code = code[:3]
    if code in ("", "59999", "Y", "X"):
        return UNKNOWN
    if code[0] not in "5T" or code == "59898":
        return NOT_ENGLAND
    for row in lookup:
        if row["code_from"] == code and date is not None:
            if row["valid_from"] <= date.isoformat() <= row["valid_to"]:
                code = row["code_to"]
                break
    return code if code in known else OTHER


# ---- periods -------------------------------------------------------------------------------------


def period_of(by, date):
    """Label of the month, financial quarter or financial year that holds a day."""
    year = date.year - (date.month < 4)
    label = "%d/%02d" % (year, (year + 1) % 100)
    if by == "month":
        return "%d-%02d" % (date.year, date.month)
    return label if by == "year" else "%s Q%d" % (label, (date.month + 8) % 12 // 3 + 1)


def periods_between(by, first, last):
    """Labels in order; both days are ends of financial years, so that no period is cut."""
    labels = []
    day = first
    while day <= last:
        label = period_of(by, day)
        if label not in labels:
            labels.append(label)
        day += datetime.timedelta(days=27)
    return labels


def middle_of_year(label, rule):
    """Calendar year whose mid-year population a period takes."""
    if rule == "financial" or len(label) == 7 and label[4] == "/":
        if label[4] == "-":
            return int(label[:4]) - (int(label[5:]) < 4)
        return int(label[:4])
    if label[4] == "-":
        return int(label[:4])
    return int(label[:4]) + label.endswith("Q4")


# ---- what a measure counts -----------------------------------------------------------------------

EMERGENCY = {"21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D"}
ELECTIVE = {"11", "12", "13"}


class Conditions:
    """Condition sets by name: rows of (system, prefix, positions)."""

    def __init__(self, path):
        self.sets = {}
        for row in read_table(path):
            self.sets.setdefault(row["set"], []).append(
                (row["system"], row["code_prefix"], row["positions"]))

    def _any(self, rows, episode, positions):
        for system, prefix, own in rows:
            codes = episode.diagnoses if system == "ICD10" else episode.procedures
            where = positions or own
            if where == "primary":
                codes = codes[:1]
            elif where == "first3":
                codes = codes[:3]
            elif where == "secondary":
                codes = codes[1:]
            if any(code.startswith(prefix) for code in codes):
                return True
        return False

    def holds(self, name, episode, positions=None):
        """True when the episode belongs to the set."""
        excluded = self.sets.get(name + "#exclude", [])
        required = self.sets.get(name + "#require", [])
        return (self._any(self.sets[name], episode, positions)
                and not (excluded and self._any(excluded, episode, None))
                and not (required and not self._any(required, episode, None)))


def is_counted(measure, episode, conditions):
    """A measure here: unit, methods, conditions (any of them), positions, sex, age, classes."""
    if episode.status != "3" or not (episode.epistart and episode.epiend and episode.provider):
        return False
    if measure.get("unit", "admission") == "admission" and episode.order not in ("1", "01"):
        return False
    if episode.patient_class not in measure.get("classes", ("1", "2", "5")):
        return False
    if "methods" in measure and episode.method not in measure["methods"]:
        return False
    if "sex" in measure and episode.sex != measure["sex"]:
        return False
    if "age" in measure:
        low, high = measure["age"]
        if episode.age is None or not low <= episode.age <= high:
            return False
    if "conditions" in measure:
        return any(conditions.holds(name, episode, measure.get("positions"))
                   for name in measure["conditions"])
    return True


# ---- limits --------------------------------------------------------------------------------------

Z = 1.959963984540054  # 97.5th percentile of the normal distribution


def byar(count):
    """Byar's limits of a count."""
    lower = count * (1 - 1 / (9 * count) - Z / (3 * math.sqrt(count))) ** 3 if count > 0 else 0.0
    more = count + 1
    return lower, more * (1 - 1 / (9 * more) + Z / (3 * math.sqrt(more))) ** 3


def poisson_cdf(k, mean):
    term = total = math.exp(-mean)
    for i in range(1, k + 1):
        term *= mean / i
        total += term
    return total


@functools.lru_cache(maxsize=None)
def exact(count):
    """Exact limits of a small count, by halving intervals."""

    def root(function):
        low, high = 0.0, 100.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if function(middle) else (low, middle)
        return low

    lower = 0.0 if count == 0 else root(lambda m: 1 - poisson_cdf(count - 1, m) < 0.025)
    return lower, root(lambda m: poisson_cdf(count, m) > 0.025)


def crude_rate(count, population, per=100000.0):
    low, high = exact(count) if count < 10 else byar(count)
    return count / population * per, low / population * per, high / population * per


def direct_rate(strata, per=100000.0):
    """Value and Dobson-Byar limits of strata (events, population, weight); Nones below 10 events."""
    events = sum(x for x, _, _ in strata)
    if events < 10 or any(n <= 0 for _, n, _ in strata):
        return None, None, None
    weights = sum(w for _, _, w in strata)
    value = math.fsum(w * x / n for x, n, w in strata) / weights
    variance = math.fsum(w * w * x / (n * n) for x, n, w in strata) / weights**2
    low, high = byar(events)
    scale = math.sqrt(variance / events)
    return per * value, per * (value + scale * (low - events)), per * (value + scale * (high - events))


# ---- the whole study -----------------------------------------------------------------------------


class Study:
    """Bands of the standard, populations in them, areas, episodes."""

    def __init__(self, standard, population, areas, whole, lookup, denominator_year, by_sex):
        rows = [(int(r["age_lower"]), float(r["weight"])) for r in read_table(standard)]
        if [lower for lower, _ in rows[:2]] == [0, 1]:  # the form with 0-4 as one band
            rows[:2] = [(0, rows[0][1] + rows[1][1])]
        self.lowers = [lower for lower, _ in rows]
        self.weights = [weight for _, weight in rows]
        self.areas = areas
        self.whole = whole  # row of the population file for the comparator, or None: the areas' sum
        self.lookup = lookup
        self.denominator_year = denominator_year
        self.by_sex = by_sex
        self.population = {}
        for r in read_table(population):
            key = r["area"], int(r["year"]), r["sex"], self.band(int(r["age_lower"]))
            self.population[key] = self.population.get(key, 0) + int(r["population"])

    def band(self, age):
        return max(i for i, lower in enumerate(self.lowers) if age >= lower)

    def people(self, area, year, sex, band):
        if area != "England" or self.whole:
            return self.population[self.whole if area == "England" else area, year, sex, band]
        return sum(self.population[a, year, sex, band] for a in self.areas)

    def cells(self, measure, episodes, conditions, first, last):
        """Counts by (area, period label) of a measure: {cell: {(sex, band or None): n}}."""
        counts = {}
        for e in episodes:
            if not is_counted(measure, e, conditions) or e.admidate is None:
                continue
            if not first <= e.admidate <= last:
                continue
            area = map_area(e.area, e.admidate, self.areas, self.lookup)
            if area in (UNKNOWN, NOT_ENGLAND):
                continue
            shown = [] if area == OTHER else [area]
            if area != OTHER or self.whole:
                shown.append("England")
            stratum = e.sex, None if e.age is None else self.band(e.age)
            for by in measure["by"]:
                for place in shown:
                    cell = counts.setdefault((place, period_of(by, e.admidate)), {})
                    cell[stratum] = cell.get(stratum, 0) + 1
        return counts

    def results(self, measure, episodes, conditions, first, last):
        """Rows as results.csv has them: {(area, period): (total_count, total_pop, value, low, high)};
        None is an empty cell."""
        counts = self.cells(measure, episodes, conditions, first, last)
        rows = {}
        for by in measure["by"]:
            for period in periods_between(by, first, last):
                year = middle_of_year(period, self.denominator_year)
                for area in sorted(self.areas) + ["England"]:
                    cell = counts.get((area, period), {})
                    rows[area, period] = self.row(measure, cell, area, year)
        return rows

    def bands_of(self, measure):
        """Bands that a measure counts: some where its ages are whole bands, else all."""
        every = range(len(self.lowers))
        low, high = measure.get("age", (0, 120))
        if low not in self.lowers or (high < 120 and high + 1 not in self.lowers):
            return every
        return [band for band in every if low <= self.lowers[band] <= high]

    def row(self, measure, cell, area, year):
        statistic = measure["statistic"]
        if statistic == "count":
            return sum(cell.values()), None, None, None, None
        sexes = measure.get("sex", "12")
        bands = self.bands_of(measure)
        people = {(sex, band): self.people(area, year, sex, band) for sex in sexes for band in bands}
        total = sum(people.values())
        if statistic == "crude_rate":
            n = sum(cell.values())
            return (n, total) + crude_rate(n, total)
        if self.by_sex:
            strata = [(cell.get((sex, band), 0), people[sex, band], self.weights[band]) for sex in sexes for band in bands]
        else:
            strata = [(sum(cell.get((sex, band), 0) for sex in sexes), sum(people[sex, band] for sex in sexes),
                       self.weights[band]) for band in bands]
        return (sum(x for x, _, _ in strata), total) + direct_rate(strata)


def compare(ours, expected, measure, statistic=None):
    """Differences between rows of results.csv and the reference, as texts."""
    faults = []
    seen = set()
    for row in ours:
        if row["measure"] != measure or row["split"] or (statistic or row["statistic"]) != row["statistic"]:
            continue
        key = row["area_code"], row["period"]
        if key not in expected:
            faults.append("%s: a row that is not expected: %s" % (measure, key))
            continue
        seen.add(key)
        count, population, value, lower, upper = expected[key]
        if int(row["total_count"]) != count:
            faults.append("%s %s: count %s, expected %d" % (measure, key, row["total_count"], count))
        if population is None and statistic is None:
            continue
        tolerance = max(1e-12, 1e-10 * abs(value or 0))  # limits near 0 are differences of larger numbers
        for name, number in (("total_pop", population), ("value", value), ("lowercl", lower),
                             ("uppercl", upper)):
            if (number is None) != (row[name] == ""):
                faults.append("%s %s: %s is %r, expected %r" % (measure, key, name, row[name], number))
            elif number is not None:
                if not math.isclose(float(row[name]), number, rel_tol=1e-9, abs_tol=tolerance):
                    faults.append("%s %s: %s %s, expected %.15g" %
                                  (measure, key, name, row[name], number))
    missing = set(expected) - seen
    if missing:
        faults.append("%s: %d rows are missing, such as %s" % (measure, len(missing), min(missing)))
    return faults
