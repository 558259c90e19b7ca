"""Studies with planted small cells, for the test that plays the attacker.

A study is a list of emergency and elective stays of one episode, made from a fixed seed and then overwritten in the
months where something hard is planted, and the study file that publishes them in as many overlapping ways as it can.
"""

import datetime
import os
import random
import shutil

from check_support import HEADER, row, run, write_extract, write_text

FIRST_YEAR = 2008
PROVIDERS = ["RAA", "RBB", "RCC", "RDD", "REE"]
BANDS = [(low, low + 4) for low in range(0, 90, 5)] + [(90, 999)]
SITE = "5NK"  # whose service is judged, and who has the comparators
AREAS = ["5J6", "5QL", "5NK", "5A3", "5A4", "5A5", "5A7", "5A8", "5A9", "5AT", "5C1", "5C2"]

HEAD = """study: {name}
title: Planted small cells
period: {{from: 2008-04-01, to: {end}}}
extracts: [{{dataset: apc, files: extracts/apc_*}}]
areas:
  type: pct
  field: RESPCT_HIS
  names: names.csv
  sites: [5J6, 5NK]
  comparators:
{comparators}
providers: {{names: providers.csv}}
population: population.csv
quality: {{max_row_drop: 1}}
measure_defaults: {{dataset: apc, statistic: count}}
measures:
{measures}
{rest}publish: {{directory: results, formats: [{formats}], disclosure: {disclosure}, internal: true}}
"""

# id, family, by, rest of the measure. A family is one set of events: its counts are one number, however they are shown.
EMERGENCY, ELECTIVE = "where: {admission_method: emergency}", "where: {admission_method: elective}"
BOTH = "where: {admission_method: [emergency, elective]}"
OLD_WOMEN = "where: {admission_method: emergency, sex: 2, age: [85, 120]}"
ALL_PERIODS = ["month", "quarter", "year"]
MEASURES = [
    ("em_count", "em", ALL_PERIODS, EMERGENCY + ", split: provider"),
    ("em_sex", "em", ALL_PERIODS, EMERGENCY + ", split: sex"),
    ("em_age", "em", ["year"], EMERGENCY + ", split: age_band"),
    ("em_rate", "em", ALL_PERIODS, EMERGENCY + ", statistic: crude_rate"),
    ("em_dsr", "em", ["quarter", "year"], EMERGENCY + ", statistic: dsr"),
    ("em_isr", "em", ["quarter"], EMERGENCY + ", statistic: isr"),
    ("em_growth", "em", ["quarter"], EMERGENCY + ", statistic: growth, base: 2008/09 Q1"),
    ("em_hhi", "em", ["quarter"], EMERGENCY + ", statistic: hhi"),
    ("el_count", "el", ALL_PERIODS, ELECTIVE),
    ("el_dsr", "el", ["quarter"], ELECTIVE + ", statistic: dsr"),
    ("both_count", "both", ALL_PERIODS, BOTH),
    ("both_dsr", "both", ["month", "quarter"], BOTH + ", statistic: dsr"),
    ("old_count", "old", ["month", "quarter"], OLD_WOMEN),
    ("old_dsr", "old", ["quarter", "year"], OLD_WOMEN + ", statistic: dsr"),
    ("stay_count", "stay", ["month", "quarter"], EMERGENCY + ", unit: spell, date: discharge, split: provider"),
    ("stay_mean", "stay", ["month", "quarter"], EMERGENCY + ", unit: spell, statistic: mean_los"),
    ("stay_days", "stay", ["quarter"], EMERGENCY + ", unit: spell, statistic: bed_days"),
    ("stay_rate", "stay", ["quarter"], EMERGENCY + ", unit: spell, statistic: bed_day_rate"),
    ("back", "back", ["quarter", "year"], EMERGENCY + ", statistic: readmission, exclude_condition: none, exclude_specialty: none"),
    ("people", "people", ALL_PERIODS, EMERGENCY + ", unit: person"),
]

REST = """cohorts:
  - {id: diabetes, condition: diabetes_any, window: all, register: {file: register.csv, age: [0, 120]}}
reported:
  - {measure: el_count, area: 5NK, file: reported.csv}
impact:
  - {id: small-team, title: A small team, site: 5NK, measures: [em_count, em_rate, stay_mean], date: 2009-04-01, by: month,
     comparators: [England, X], methods: [pre_post, its, did, trend], primary: its, expected: lower}
breaks: {screen: true, monthly: 1}
"""


class Plan:
    """How many emergency stays there are: counts[month][area][provider], and elective ones [month][area]."""

    def __init__(self, areas, n_months, n_providers, levels, seed):
        self.chance = random.Random(seed)
        self.areas, self.n_months = areas, n_months
        self.providers = PROVIDERS[:n_providers]
        self.emergency = [{area: [self.near(level) for _ in self.providers] for area, level in zip(areas, levels)}
                          for _ in range(n_months)]
        self.elective = [{area: self.near(2 * level) for area, level in zip(areas, levels)} for _ in range(n_months)]
        self.planted = []  # (family, area, period, provider or "", what): the cells that are to stay hidden

    def near(self, level):
        return max(0, round(self.chance.gauss(level, level ** 0.5)))

    def plant(self, month, area, counts, what, elective=None):
        """counts: of each provider."""
        counts = counts + [0] * (len(self.providers) - len(counts))
        self.emergency[month][area] = counts
        if elective is not None:
            self.elective[month][area] = elective
        if 0 < sum(counts) < 8:
            self.planted.append(("em", area, month_label(month), "", what))
        for provider, n in zip(self.providers, counts):
            if 0 < n < 8:
                self.planted.append(("em", area, month_label(month), provider, what))


def month_start(month):
    return datetime.date(FIRST_YEAR + (month + 3) // 12, (month + 3) % 12 + 1, 1)


def month_label(month):
    return month_start(month).isoformat()[:7]


def three_areas():
    """One large, one middling, one small area; two years of months; four providers."""
    a, b, c = AREAS[:3]
    plan = Plan([a, b, c], 24, 4, [12, 5, 1.2], 5)
    for area in (a, b):
        plan.plant(0, area, [21, 19, 23, 17], "England minus all others", elective=31)
    plan.plant(0, c, [3], "England minus all others", elective=17)
    plan.plant(3, b, [12, 9, 0, 0], "a quarter with one small month", elective=23)
    plan.plant(4, b, [1, 1, 0, 0], "a quarter with one small month", elective=26)
    plan.plant(5, b, [15, 11, 0, 0], "a quarter with one small month", elective=19)
    plan.plant(6, c, [7, 7, 7, 7], "four parts of 7", elective=9)
    plan.plant(7, b, [8, 1, 1, 2], "total 12 of parts 8, 1, 1, 2", elective=28)
    plan.plant(8, c, [0, 1, 0, 0], "zeros around a one", elective=0)
    plan.plant(9, b, [2, 0, 0, 0], "two hidden cells whose sum is known", elective=24)
    plan.plant(9, c, [0, 5, 0, 0], "two hidden cells whose sum is known", elective=11)
    plan.plant(10, c, [1, 0, 0, 0], "one event", elective=7)
    plan.plant(11, c, [7, 0, 0, 0], "seven events", elective=1)
    for month in (14, 17):
        plan.plant(month, c, [0, 0, 0, 0], "nothing", elective=0)
    return plan


def calm_areas():
    """Three areas in which nothing is small but a month without a stay: all else of a release stays as it is."""
    plan = Plan(AREAS[:3], 12, 1, [40, 17, 25], 11)
    plan.plant(7, AREAS[1], [0], "nothing beside months of many")
    return plan


def twelve_areas():
    """Many areas of all sizes in one year; five providers; comparators that differ by one small area."""
    levels = [14, 3, 0.6, 9, 6, 0.2, 4, 11, 2, 0.05, 7, 1]
    plan = Plan(AREAS, 12, 5, levels, 11)
    c = AREAS[2]
    plan.plant(2, AREAS[1], [8, 1, 1, 1, 1], "total 12 of parts 8, 1, 1, 1, 1", elective=15)
    plan.plant(3, c, [1, 0, 0, 0, 0], "X and Y differ by one small area", elective=2)
    plan.plant(4, c, [0, 0, 0, 0, 6], "X and Y differ by one small area", elective=0)
    for area in AREAS[3:]:
        plan.plant(6, area, [0, 0, 0, 0, 0], "nothing", elective=0)
    plan.plant(6, AREAS[5], [0, 0, 2, 0, 0], "zeros around a small cell", elective=3)
    plan.plant(7, AREAS[9], [0, 0, 0, 1, 0], "a single event of the year", elective=0)
    return plan


def stays(plan):
    """The rows of the extract."""
    chance, rows = plan.chance, []
    for month in range(plan.n_months):
        for i, area in enumerate(plan.areas):
            todo = [("21", p) for p, n in zip(plan.providers, plan.emergency[month][area]) for _ in range(n)]
            todo += [("11", chance.choice(plan.providers)) for _ in range(plan.elective[month][area])]
            for method, provider in todo:
                start = month_start(month) + datetime.timedelta(chance.randrange(28))
                end = min(start + datetime.timedelta(int(chance.expovariate(0.17))),
                          month_start(plan.n_months) - datetime.timedelta(1))
                person = chance.randrange(40 * 8) + 1000 * i
                rows.append(stay(area, provider, method, start, end, person, 1 + person % 2, person * 7 % 97,
                                 "E119" if person % 9 == 0 else "J440", len(rows)))
    return rows


def stay(area, provider, method, start, end, person, sex, age, diagnosis, number):
    year = start.year - (start.month < 4)
    return row(number, year, PSEUDO_HESID=f"SECRET{person:06d}", EPIKEY=str(10 ** 11 + number), ADMIDATE=str(start),
               EPISTART=str(start), EPIEND=str(end), DISDATE=str(end), ADMIMETH=method, SEX=str(sex), STARTAGE=str(age),
               PROCODE3=provider, RESPCT_HIS=area, DIAG_4_01=diagnosis)


def population(area_number, band, sex):
    """People of a band: no two areas, bands or sexes alike."""
    return 300 + 170 * area_number + 13 * band + 5 * sex


def write_inputs(folder, plan, rows):
    """Extracts and small tables; extracts alone are written anew for a second night."""
    shutil.rmtree(os.path.join(folder, "extracts"), ignore_errors=True)
    for year in range(FIRST_YEAR, FIRST_YEAR + plan.n_months // 12):
        write_extract(f"{folder}/extracts/apc_{year}.csv", [r for r in rows if r["PARTYEAR"] == f"{year}99"], HEADER)
    years = range(FIRST_YEAR, FIRST_YEAR + plan.n_months // 12)
    write_text(f"{folder}/names.csv", "code,name\n" + "".join(f"{a},Area {a}\n" for a in plan.areas))
    write_text(f"{folder}/providers.csv", "code,name\n" + "".join(f"{p},Hospital {p}\n" for p in plan.providers))
    write_text(f"{folder}/population.csv", "area,year,sex,age_lower,age_upper,population\n" + "".join(
        f"{area},{year},{sex},{low},{high},{population(i, band, sex)}\n" for i, area in enumerate(plan.areas)
        for year in years for sex in (1, 2) for band, (low, high) in enumerate(BANDS)))
    write_text(f"{folder}/register.csv", "area,date,registered\n" + "".join(
        f"{area},{year + 1}-03-31,{97 + 31 * i}\n" for i, area in enumerate(plan.areas) for year in years))
    write_text(f"{folder}/reported.csv", "period,series,value,source\n" + "".join(
        f"{month_label(m)},site,{5 + m},site\n" for m in range(plan.n_months)))


def comparators(groups):
    return "".join("    - {name: England, areas: all}\n" if members is None else
                   "    - {name: %s, file: group_%s.csv}\n" % (name, name)
                   for name, members in groups.items()).rstrip("\n")


def write_study(folder, name, plan, groups, measures, rest="", disclosure="hes2018", formats="csv"):
    for group, members in groups.items():
        if members is not None:
            write_text(f"{folder}/group_{group}.csv", "area,comparator\n" + "".join(f"{SITE},{area}\n" for area in members))
    lines = "".join("  - {id: %s, by: [%s], %s}\n" % (m[0], ", ".join(m[2]), m[3]) for m in measures)
    end = month_start(plan.n_months) - datetime.timedelta(1)
    write_text(f"{folder}/{name}.yaml", HEAD.format(name=name, end=end, comparators=comparators(groups), measures=lines.rstrip("\n"),
                                                   rest=rest, disclosure=disclosure, formats=formats))


def publish(program, folder, name):
    done = run(program, "run", f"{name}.yaml", "--quiet", cwd=folder)
    if done.returncode != 0:
        raise AssertionError("hestia run %s ended with %d:\n%s" % (name, done.returncode, done.stderr))
    return os.path.join(folder, "results", "latest")
