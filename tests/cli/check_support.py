"""Small extracts and studies for the tests of check and new."""

import gzip
import os
import subprocess

HEADER = ["PSEUDO_HESID", "EPIKEY", "PARTYEAR", "ADMIDATE", "DISDATE", "EPISTART", "EPIEND", "EPIORDER", "EPISTAT",
          "EPITYPE", "CLASSPAT", "ADMIMETH", "ADMISORC", "DISDEST", "DISMETH", "SEX", "STARTAGE", "PROCODET", "PROCODE3",
          "RESPCT06", "RESPCT_HIS", "DIAG_4_01"]

STUDY = """study: first-look
title: A first look
period: {from: 2008-04-01, to: 2010-03-31}
extracts: [{dataset: apc, files: extracts/apc_*}]
areas: {names: names.csv, sites: [5J6], comparators: [{name: England, areas: all}]}
population: population.csv
measures:
  - {id: emergency, where: {admission_method: emergency}, statistic: dsr, by: [quarter, year]}
publish: {disclosure: none}
"""


def row(number, year, **values):
    """One admission; the person's identifier is SECRET and its number."""
    month = number % 12
    date = f"{year + (month > 8)}-{(month + 3) % 12 + 1:02d}-{number % 28 + 1:02d}"
    cells = dict(PSEUDO_HESID=f"SECRET{number:06d}", EPIKEY=str(10 ** 11 + year * 10 ** 6 + number), PARTYEAR=f"{year}99",
                 ADMIDATE=date, DISDATE=date, EPISTART=date, EPIEND=date, EPIORDER="1", EPISTAT="3", EPITYPE="1",
                 CLASSPAT="1", ADMIMETH="21", ADMISORC="19", DISDEST="19", DISMETH="1", SEX=str(1 + number % 2),
                 STARTAGE=str(number % 90 + 1), PROCODET="", PROCODE3="RCF", RESPCT06="", RESPCT_HIS="5J6", DIAG_4_01="E119")
    cells.update(values)
    return cells


def write_extract(path, rows, header=None, separator=","):
    header = header or HEADER
    text = "".join(separator.join(cells) + "\n" for cells in [header] + [[r[name] for name in header] for r in rows])
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(gzip.compress(text.encode(), mtime=0) if path.endswith(".gz") else text.encode())


def write_text(path, text):
    with open(path, "w") as stream:
        stream.write(text)


def write_population(path, areas, years):
    lines = [f"{area},{year},{sex},{low},{high},1000\n"
             for area in areas for year in years for sex in (1, 2)
             for low, high in [(age, age) for age in range(90)] + [(90, 999)]]
    write_text(path, "area,year,sex,age_lower,age_upper,population\n" + "".join(lines))


def write_place(folder):
    """A good study of two years, two areas."""
    for year in (2008, 2009):
        write_extract(f"{folder}/extracts/apc_{year}.csv.gz", [row(n, year) for n in range(60)])
    write_text(f"{folder}/names.csv", "code,name\n5J6,Calderdale\n5QL,Somerset\n")
    write_population(f"{folder}/population.csv", ["5J6", "5QL"], [2008, 2009])
    write_text(f"{folder}/study.yaml", STUDY)


def run(program, *arguments, cwd=None):
    return subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd)


def listing(folder):
    """Every path below a folder with its content."""
    found = {}
    for place, _, names in os.walk(folder):
        found[place] = None
        for name in names:
            with open(os.path.join(place, name), "rb") as stream:
                found[os.path.join(place, name)] = stream.read()
    return found
