#!/usr/bin/env python3
"""docs/check-with-R.R on whole runs, with a stand-in for PHEindicatormethods.

The package is no part of Debian and the gate installs nothing from elsewhere. The stand-in has the names, arguments and
columns of its versions 1.3, 1.4 and 2.1, and computes by the published formulas (Byar's and exact limits, Dobson,
Wilson, Student's t) in base R. So this shows that the script asks for the right rows and bands and passes them on
rightly, and that it sees a number that is wrong; tests/golden has the numbers of the package itself.

usage: test_check_with_r.py HESTIA SOURCE
"""
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile

FUNCTIONS = r"""
column <- function(data, name) {
  stopifnot(is.data.frame(data), name %in% names(data))
  data[[name]]
}
z_of <- function(confidence) stats::qnorm(1 - (1 - confidence) / 2)
byar <- function(x, confidence) {
  z <- z_of(confidence)
  c(x * (1 - 1 / (9 * x) - z / (3 * sqrt(x)))^3, (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * sqrt(x + 1)))^3)
}
poisson <- function(x, confidence) {
  if (x >= 10) return(byar(x, confidence))
  c(stats::qchisq((1 - confidence) / 2, 2 * x) / 2, stats::qchisq(1 - (1 - confidence) / 2, 2 * x + 2) / 2)
}
check_level <- function(confidence) {
  stopifnot(length(confidence) == 1, confidence >= 0.9, confidence < 1)
}
phe_rate <- function(data, x, n, type = "full", confidence = 0.95, multiplier = 100000) {
  x <- column(data, deparse(substitute(x))); n <- column(data, deparse(substitute(n)))
  check_level(confidence)
  stopifnot(x >= 0, n > 0)
  limits <- poisson(x, confidence) / n * multiplier
  cbind(data, data.frame(value = x / n * multiplier, lowercl = limits[1], uppercl = limits[2]))
}
phe_proportion <- function(data, x, n, type = "full", confidence = 0.95, multiplier = 1) {
  x <- column(data, deparse(substitute(x))); n <- column(data, deparse(substitute(n)))
  check_level(confidence)
  stopifnot(x >= 0, n > 0, x <= n)
  z <- z_of(confidence)
  root <- z * sqrt(z^2 + 4 * x * (1 - x / n))
  cbind(data, data.frame(value = x / n * multiplier, lowercl = (2 * x + z^2 - root) / 2 / (n + z^2) * multiplier,
                         uppercl = (2 * x + z^2 + root) / 2 / (n + z^2) * multiplier))
}
phe_mean <- function(data, x, type = "full", confidence = 0.95) {
  x <- column(data, deparse(substitute(x)))
  check_level(confidence)
  half <- stats::qt(1 - (1 - confidence) / 2, length(x) - 1) * stats::sd(x) / sqrt(length(x))
  data.frame(value_sum = sum(x), value_count = length(x), stdev = stats::sd(x), value = mean(x),
             lowercl = mean(x) - half, uppercl = mean(x) + half)
}
standardise <- function(x, n, w, confidence, multiplier) {
  check_level(confidence)
  stopifnot(!anyNA(n), n > 0, x >= 0)
  o <- sum(x)
  value <- sum(w * x / n) / sum(w)
  limits <- value + sqrt(sum(w^2 * x / n^2) / sum(w)^2 / o) * (byar(o, confidence) - o)
  if (o < 10) value <- limits <- c(NA_real_, NA_real_)
  data.frame(total_count = o, total_pop = sum(n), value = value[1] * multiplier, lowercl = limits[1] * multiplier,
             uppercl = limits[2] * multiplier)
}
calculate_dsr <- function(data, x, n, stdpop = NULL, type = "full", confidence = 0.95, multiplier = 100000,
                          independent_events = TRUE, eventfreq = NULL, ageband = NULL) {
  standardise(column(data, deparse(substitute(x))), column(data, deparse(substitute(n))),
              column(data, deparse(substitute(stdpop))), confidence, multiplier)
}
phe_dsr <- function(data, x, n, stdpop = esp2013, stdpoptype = "vector", type = "full", confidence = 0.95,
                    multiplier = 100000) {
  stopifnot(stdpoptype == "field")
  standardise(column(data, deparse(substitute(x))), column(data, deparse(substitute(n))),
              column(data, deparse(substitute(stdpop))), confidence, multiplier)
}
indirect <- function(x, n, x_ref, n_ref, confidence, factor) {
  check_level(confidence)
  expected <- sum(x_ref / n_ref * n)
  limits <- poisson(sum(x), confidence) / expected * factor
  data.frame(observed = sum(x), expected = expected, value = sum(x) / expected * factor, lowercl = limits[1],
             uppercl = limits[2])
}
calculate_ISRate <- function(data, x, n, x_ref, n_ref, refpoptype = "vector", type = "full", confidence = 0.95,
                             multiplier = 100000, observed_totals = NULL) {
  stopifnot(refpoptype == "field")
  x_ref <- column(data, deparse(substitute(x_ref))); n_ref <- column(data, deparse(substitute(n_ref)))
  indirect(column(data, deparse(substitute(x))), column(data, deparse(substitute(n))), x_ref, n_ref, confidence,
           sum(x_ref) / sum(n_ref) * multiplier)
}
calculate_ISRatio <- function(data, x, n, x_ref, n_ref, refpoptype = "vector", type = "full", confidence = 0.95,
                              refvalue = 1, observed_totals = NULL) {
  stopifnot(refpoptype == "field")
  indirect(column(data, deparse(substitute(x))), column(data, deparse(substitute(n))),
           column(data, deparse(substitute(x_ref))), column(data, deparse(substitute(n_ref))), confidence, refvalue)
}
phe_isr <- function(data, x, n, x_ref, n_ref, refpoptype = "vector", type = "full", confidence = 0.95,
                    multiplier = 100000) {
  stopifnot(refpoptype == "field")
  x_ref <- column(data, deparse(substitute(x_ref))); n_ref <- column(data, deparse(substitute(n_ref)))
  indirect(column(data, deparse(substitute(x))), column(data, deparse(substitute(n))), x_ref, n_ref, confidence,
           sum(x_ref) / sum(n_ref) * multiplier)
}
phe_smr <- function(data, x, n, x_ref, n_ref, refpoptype = "vector", type = "full", confidence = 0.95, refvalue = 1) {
  stopifnot(refpoptype == "field")
  indirect(column(data, deparse(substitute(x))), column(data, deparse(substitute(n))),
           column(data, deparse(substitute(x_ref))), column(data, deparse(substitute(n_ref))), confidence, refvalue)
}
"""

EVERY = ["phe_rate", "phe_proportion", "phe_mean"]
EXPORTS = {"1.3.2": EVERY + ["phe_dsr", "phe_isr", "phe_smr"],
           "1.4.2": EVERY + ["phe_dsr", "phe_isr", "phe_smr", "calculate_ISRate", "calculate_ISRatio"],
           "2.1.1": EVERY + ["phe_dsr", "calculate_dsr", "calculate_ISRate", "calculate_ISRatio"]}

STUDY = """
study: every-rate
period: {from: 2008-04-01, to: 2011-03-31}
store: ../store
extracts: [{dataset: apc, files: ../world/extracts/apc_*.csv.gz}, {dataset: op, files: ../world/extracts/op_*.csv.gz}]
areas:
  type: pct
  field: [RESPCT06, RESPCT_HIS]
  lookup: ../world/pct_lookup.csv
  names: ../world/pct_names.csv
  sites: [5J6, 5QL, 5NK]
  comparators: [{name: England, areas: all}, {name: Weighted areas, file: weighted.csv}]
population: ../world/population.csv
standard_population: esp1976
measure_defaults: {where: {admission_method: emergency}, by: [quarter, year], confidence: [95, 99.8]}
measures:
  - {id: count, statistic: count}
  - {id: working, statistic: count, per_working_day: true}
  - {id: crude, statistic: crude_rate}
  - {id: crude_thousand, statistic: crude_rate, per: 1000, split: sex, confidence: 95}
  - {id: crude_working, statistic: crude_rate, per_working_day: true}
  - {id: dsr, statistic: dsr}
  - {id: dsr_annual, statistic: dsr, annualise: true, per: 1000}
  - {id: dsr_repeat, statistic: dsr, interval: repeat-adjusted}
  - {id: dsr_gamma, statistic: dsr, interval: fay-feuer}
  - {id: dsr_small, statistic: dsr, min_events: 1, where: {admission_method: emergency, condition: acsc_copd}}
  - {id: isr, statistic: isr}
  - {id: isr_of_year, statistic: isr, reference: {year: 2008/09}}
  - {id: smr, statistic: smr, per: 100}
  - {id: stays, statistic: mean_los}
  - {id: readmitted, statistic: readmission}
  - {id: clinics, dataset: op, statistic: crude_rate, where: {specialty: 300}}
publish: {formats: csv, disclosure: %s, internal: %s}
quality: {max_unknown_area: 1}
"""

# measures whose limits the package has as well: levels x 2 and the value
N_NUMBERS = {"count": 1, "working": 1, "crude": 5, "crude_thousand": 3, "dsr": 5, "dsr_annual": 5, "dsr_repeat": 1,
             "dsr_gamma": 1, "dsr_small": 5, "isr": 5, "isr_of_year": 5, "smr": 5, "stays": 5, "readmitted": 5, "clinics": 5}


def check(condition, what, output=""):
    if not condition:
        sys.exit(f"failed: {what}\n{output}")


def install(folder, version):
    """A library with the stand-in of one version; its path."""
    source, library = os.path.join(folder, "source-" + version), os.path.join(folder, "library-" + version)
    os.makedirs(os.path.join(source, "R"))
    os.makedirs(library)
    with open(os.path.join(source, "DESCRIPTION"), "w") as file:
        file.write(f"Package: PHEindicatormethods\nVersion: {version}\nTitle: Stand-In\nDescription: Stand-in.\n"
                   "License: GPL-3\nAuthor: hestia\nMaintainer: hestia <hestia@example.org>\n")
    with open(os.path.join(source, "NAMESPACE"), "w") as file:
        file.write("".join(f"export({name})\n" for name in EXPORTS[version]))
    with open(os.path.join(source, "R", "functions.R"), "w") as file:
        file.write(FUNCTIONS)
    done = subprocess.run(["R", "CMD", "INSTALL", "--no-docs", "--no-test-load", "--library=" + library, source],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    check(done.returncode == 0, f"the stand-in of {version}", done.stderr + done.stdout)
    return library


def main():
    program, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    if not shutil.which("Rscript"):
        print("Rscript is not installed (r-base-core): docs/check-with-R.R was not run")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="hestia-check-with-r-") as folder:
        libraries = {version: install(folder, version) for version in EXPORTS}

        def hestia(*arguments):
            done = subprocess.run([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            check(done.returncode == 0, " ".join(arguments), done.stderr)

        def script(*arguments, version="2.1.1", library=None):
            environment = dict(os.environ, R_LIBS=library or libraries[version], R_LIBS_USER="/nonexistent",
                               R_LIBS_SITE="/nonexistent")
            return subprocess.run(["Rscript", "--vanilla", os.path.join(source, "docs", "check-with-R.R"), *arguments], cwd=folder,
                                  env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)

        hestia("synth", "world", "--study", "long-term-conditions", "--datasets", "apc,op", "--years", "2008-2010", "--people",
               "20000", "--areas", "8", "--seed", "7")
        for name, disclosure, internal in (("open", "none", "false"), ("both", "hes2018", "true"), ("closed", "hes2018", "false")):
            os.makedirs(os.path.join(folder, name))
            with open(os.path.join(folder, name, "study.yaml"), "w") as file:
                file.write(STUDY % (disclosure, internal))
            with open(os.path.join(folder, name, "weighted.csv"), "w") as file:
                file.write("area,comparator,weight\n5NK,5J6,1.5\n5NK,5QL,0.75\n")
            hestia("run", os.path.join(name, "study.yaml"), "--quiet")

        # every measure, all versions; a row of each
        for version in EXPORTS:
            done = script("open/results/latest", "seed=11", "rows=32", "hestia=" + program, "weighted=Weighted areas", version=version)
            check(done.returncode == 0 and f"PHEindicatormethods {version}, R " in done.stdout and "seed 11" in done.stdout,
                  f"true numbers, version {version}", done.stdout + done.stderr)
            found = {name: (int(rows), int(numbers)) for name, rows, numbers in
                     re.findall(r"^(\w+) \(\w+\) +(\d+) +(\d+)  ", done.stdout, re.M)}
            check(set(found) == set(N_NUMBERS), "every measure is drawn", done.stdout)
            for name, (rows, numbers) in found.items():
                check(rows > 0 and (numbers == rows * N_NUMBERS[name] or name == "dsr_small"), f"numbers of {name}", done.stdout)
            check("crude_working (crude_rate): a rate for each working day" in done.stdout, "what is not compared", done.stdout)
            check("warning" not in (done.stdout + done.stderr).lower(), "no warnings", done.stdout + done.stderr)
            worst = [float(line.split()[-1]) for line in done.stdout.splitlines() if re.match(r"\w+ \(\w+\) .*\d$", line)]
            check(len(worst) == len(found) and max(worst) < 1e-9, "how near they are", done.stdout)
        again = script("open/results/latest", "seed=11", "rows=32", "hestia=" + program, "weighted=Weighted areas")
        check(again.stdout == done.stdout, "the same seed draws the same rows", again.stdout)

        # internal/ is preferred to a release
        done = script("both/results/latest", "seed=5", "rows=32", "hestia=" + program, "weighted=Weighted areas")
        check(done.returncode == 0 and "internal/results.csv" in done.stdout and "rounded" not in done.stdout, "internal numbers",
              done.stdout + done.stderr)
        done = script("closed/results/latest", "seed=5", "rows=60", "hestia=" + program, "weighted=Weighted areas")
        check(done.returncode == 0 and "a release with rounded numbers" in done.stdout, "a release", done.stdout + done.stderr)

        # without the program, or for an older run, what a row alone can show
        done = script("open/results/latest", "seed=3", "hestia=no-such-program", "weighted=Weighted areas")
        check(done.returncode == 0 and "`no-such-program` is not found" in done.stdout and "(dsr)" not in done.stdout, "no program",
              done.stdout + done.stderr)

        # a number that is wrong is seen
        path = os.path.join(folder, "open", "results", "latest", "release", "results.csv")
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        for column, measure in (("value", "dsr"), ("uppercl", "crude"), ("lower998", "smr")):
            changed = [dict(row) for row in rows]
            for row in changed:
                if row["measure"] == measure and row[column]:
                    row[column] = repr(float(row[column]) * (1 + 1e-7))
            with open(path, "w", newline="") as file:
                writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
                writer.writeheader()
                writer.writerows(changed)
            done = script("open/results/latest", "seed=11", "rows=32", "hestia=" + program, "weighted=Weighted areas")
            named = [line for line in done.stdout.splitlines() if line.split()[:1] == [measure] and column in line]
            check(done.returncode == 1 and "THESE DIFFER" in done.stdout and named, f"a wrong {column} of {measure}",
                  done.stdout + done.stderr)

        # what cannot be done is said
        for arguments, message in (([], "usage"), (["nowhere"], "no results of hestia"), (["open/results/latest", "row=5"], "no option"),
                                   (["open/results/latest", "rows=none"], "takes a number")):
            done = script(*arguments)
            check(done.returncode == 2 and message in done.stderr, message, done.stdout + done.stderr)
        done = script("open/results/latest", library="/nonexistent")
        check(done.returncode == 2 and "install.packages" in done.stderr, "the package is missing", done.stdout + done.stderr)


main()
