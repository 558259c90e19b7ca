"""Makes what one release leaves behind, for the tests of later ones: artificial extracts, a study, the store and the results.

    python3 tests/data/make_release.py HESTIA RELEASE.tar.gz

Everything comes from `hestia synth`; of its people the extracts keep a few, so that the file stays small. Names in the archive
stand in order and have no owner, as the release itself is what differs from one time to the next.
"""

import csv
import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile

PEOPLE = {"apc": 70, "op": 40}  # kept of each extract
STUDY = """\
study: upgrade
title: What a release leaves behind (artificial)
period: {from: 2008-04-01, to: 2010-03-31}
store: store
extracts:
  - {dataset: apc, files: extracts/apc_*.csv.gz}
  - {dataset: op, files: extracts/op_*.csv.gz}
areas:
  type: pct
  field: [RESPCT06, RESPCT_HIS]
  lookup: pct_lookup.csv
  names: pct_names.csv
  sites: [5J6, 5QL, 5NK]
  comparators: [{name: England, areas: all, population_area: ENG}]
population: population.csv
standard_population: esp1976
cohorts: [{id: diabetes, dataset: apc, condition: diabetes_any, window: all}]
measure_defaults: {statistic: dsr, by: year}
measures:
  - {id: emergency_admissions, title: Emergency admissions, by: [quarter, year], where: {admission_method: emergency}, direction: lower_is_better}
  - {id: emergency_stay, title: Mean length of emergency stays, unit: spell, statistic: mean_los, by: month,
     where: {admission_method: emergency}}
  - {id: readmissions, title: Emergency readmissions, unit: cips, statistic: readmission, by: year}
  - {id: attendances, title: Attendances, dataset: op, statistic: count}
  - {id: diabetes_attendances, title: Attendances of people with diabetes, dataset: op, statistic: count, where: {cohort: diabetes}}
impact:
  - {id: new-service, title: A new service, site: 5NK, measures: emergency_stay, date: 2009-07-01, by: month, comparators: England,
     methods: [trend, pre_post], primary: pre_post}
breaks: {screen: true}
publish: {directory: results, formats: csv, disclosure: hes2018, internal: true}
"""


def keep_people(path, n):
    """Leaves the rows of the first n people of an extract."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as stream:
        header, *rows = csv.reader(stream)
    column = header.index("PSEUDO_HESID")
    people = set(list(dict.fromkeys(row[column] for row in rows))[:n])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header] + [row for row in rows if row[column] in people])
    with open(path, "wb") as stream, gzip.GzipFile("", "wb", 9, stream, 0) as packed:
        packed.write(text.getvalue().encode("ascii"))


def plain(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def make(program, archive):
    with tempfile.TemporaryDirectory(prefix="hestia-release-") as top:
        place = os.path.join(top, "release")

        def hestia(*arguments, folder=top):
            subprocess.run([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, check=True)

        hestia("synth", place, "--people", "1000", "--years", "2008-2009", "--areas", "3", "--datasets", "apc,op", "--quiet")
        for name in os.listdir(f"{place}/extracts"):
            keep_people(f"{place}/extracts/{name}", PEOPLE[name.split("_")[0]])
        with open(f"{place}/study.yaml", "w", encoding="utf-8") as stream:
            stream.write(STUDY)
        hestia("store", "init", "store", "--partitions", "16", folder=place)
        hestia("run", "study.yaml", "--quiet", folder=place)
        with gzip.GzipFile(archive, "wb", 9, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
            for name in ("extracts", "pct_lookup.csv", "pct_names.csv", "population.csv", "results", "store", "study.yaml"):
                tar.add(os.path.join(place, name), name, filter=plain)


if __name__ == "__main__":
    make(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
