#!/usr/bin/env python3
"""What the worked study recovers of what was planted, and what it finds where nothing was, over several seeds.

    bench/recovery.py HESTIA [SEEDS] [PEOPLE] [AREAS]

Tab-separated, one line a seed and one for all. `--effects none`, every area a site, emergency and elective admissions, its in April
2006: findings, verdicts `change`, limits that exclude no effect, suspects of the screen (outpatients from 2003). Planted: whether the limits of Somerset's
emergency admissions and of Wirral's chronic lung disease hold the share that truth.csv has, their verdicts, planted series among the suspects
(of three: RD1 and two of Calderdale's), other suspects.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "cli"))
import test_recovery as worked  # noqa: E402 (the studies and the arithmetic are the test's)

PLANTED = {("5QL", "RD1", ""), ("5J6", "X00", "300"), ("5J6", "X00", "301")}
SITES = (("somerset-rapid-response", "5QL", "emergency_admissions"), ("wirral-lung-team", "5NK", "copd_emergency"))


def made(kind, seed, people, areas, effects):
    class Study(kind):
        pass

    Study.made = ("--datasets", "apc,op", "--people", people, "--areas", areas, "--effects", effects)
    Study.seed = str(seed)
    Study.setUpClass()
    return Study


def suspects(folder):
    return {(r["area_code"], r["provider"], r["specialty"]) for r in worked.read(folder, "results", "latest", "internal", "breaks.csv")}


def run(seed, people, areas):
    nothing = made(worked.Nothing, seed, people, areas, "none")
    worked.command(nothing.folder, "run", "study.yaml", "--quiet")
    verdicts = {(r["site_code"], r["measure"]): r["verdict"] for r in nothing.review}
    effects = nothing.effects()
    row = [len(effects), sum(v == "change" for v in verdicts.values()), worked.outside(effects), len(suspects(nothing.folder))]
    nothing.tearDownClass()
    planted = made(worked.Planted, seed, people, areas, "planted")
    for service, site, measure in SITES:
        try:
            lower, share, upper = planted("check_limits").limits(service, site, measure)
            row.append(int(lower <= share <= upper))
        except (AssertionError, ValueError):  # refused, as a quarter has no rate: it holds nothing
            row.append(0)
        row.append(int(planted("verdicts").verdicts(site, measure) == {"change"}))
    found = suspects(planted.folder)
    row += [len(found & PLANTED), len(found - PLANTED)]
    planted.tearDownClass()
    return row


def main():
    worked.PROGRAM = os.path.abspath(sys.argv[1])
    seeds, people, areas = (sys.argv[2:] + ["10", "100000", "40"][len(sys.argv[2:]):])[:3]
    print("seed", "findings", "change", "outside", "suspects", "somerset_held", "somerset_change", "wirral_held", "wirral_change",
          "planted_breaks", "others", sep="\t")
    total = [0] * 10
    for seed in range(101, 101 + int(seeds)):
        row = run(seed, people, areas)
        total = [a + b for a, b in zip(total, row)]
        print(seed, *row, sep="\t", flush=True)
    print("all", *total, sep="\t")


if __name__ == "__main__":
    main()
