"""hestia stats spc and funnel: control charts and funnel plots, against the golden numbers and small tables.

    python3 tests/cli/test_stats_charts.py HESTIA
"""

import csv
import os

from stats_support import GOLDEN, Stats, main, read_golden, table

SPC = os.path.join(GOLDEN, "i_spc_funnel/input_spc.csv")
FUNNEL = os.path.join(GOLDEN, "i_spc_funnel/input_funnel.csv")


class Spc(Stats):
    def golden(self, variant, *arguments, series):
        for name in series:
            expected = read_golden("i_spc_funnel/expected_spc.csv", series=name, variant=variant)
            half = len(expected) // 2 + 1
            more = ["--rebase", str(half)] if variant == "rebased" else []
            higher = self.rows("spc", "--by", "series", "--where", "series=" + name, "--direction", "higher_is_better", *arguments,
                               *more, SPC)
            lower = self.rows("spc", "--by", "series", "--where", "series=" + name, "--direction", "lower-is-better", *arguments,
                              *more, SPC)
            self.assertEqual([r["t"] for r in higher], [r["t"] for r in expected])
            for h, l, e in zip(higher, lower, expected):
                for column in ("mean", "lower", "upper"):
                    self.close(h[column], e[column], 1e-9)
                self.assertEqual(h["special_cause"], e["special_cause"])
                for found, column in ((h, "point_if_higher_better"), (l, "point_if_lower_better")):
                    self.assertEqual(found["judgement"], e[column].replace("special_cause_", "").replace("common_cause", "none"))

    LONG = ("stable", "trend7", "shift", "outlier")

    def test_golden_screened(self):
        self.golden("screened", series=self.LONG + ("ties", "short"))

    def test_golden_unscreened(self):
        self.golden("unscreened", "--screen", "off", series=self.LONG + ("ties", "short"))

    def test_golden_fixed12(self):
        self.golden("fixed12", "--fix", "12", series=self.LONG)

    def test_golden_rebased(self):
        self.golden("rebased", series=self.LONG)

    def test_repeats_the_input_in_its_order_and_charts_by_t(self):
        text = table(["ward", "t", "y", "mean"], [["A", 3, 12, "x"], ["B", 1, 4, "x"], ["A", 1, 10, "x"], ["A", 2, 13, "x"], ["B", 2, 5, "x"]])
        rows = self.rows("spc", "--by", "ward", "--screen", "off", text=text)
        self.assertEqual(list(rows[0]), ["ward", "t", "y", "mean", "lower", "upper", "special_cause", "judgement", "note"])
        self.assertEqual([(r["ward"], r["t"]) for r in rows], [("A", "3"), ("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")])
        # ranges 3 and 1 in the order of t, not 2 and 3 in that of the rows
        self.close(rows[0]["upper"], 35 / 3 + 2.66 * 2, 1e-12)

    def test_warns_below_thirteen_points(self):
        notes = [{r["note"] for r in self.rows("spc", text=table(["t", "y"], [[t, 7 + t * 5 % 3] for t in range(n)]))} for n in (12, 13)]
        self.assertEqual(notes, [{"12 points: limits are uncertain below 13"}, {""}])

    def test_no_variation_has_no_limits(self):
        text = table(["t", "y"], [[t, 0.1] for t in range(13)])
        for row in self.rows("spc", text=text):
            self.assertEqual((row["mean"], row["lower"], row["upper"], row["special_cause"]), ("0.1", "", "", "Common Cause"))
            self.assertEqual(row["note"], "limits not defined: the series does not vary")
        for row in self.rows("spc", "--screen", "off", text=text):
            self.assertEqual((row["lower"], row["upper"], row["note"]), ("0.1", "0.1", ""))

    def test_special_causes_are_neither_when_neutral(self):
        text = table(["t", "y"], [[t, 7 + t * 5 % 3 + (30 if t == 9 else 0)] for t in range(20)])
        rows = self.rows("spc", "--fix", "9", text=text)
        self.assertEqual([r["judgement"] for r in rows], ["none"] * 9 + ["neither"] + ["none"] * 10)
        self.assertEqual([r["judgement"] for r in self.rows("spc", "--fix", "9", "--direction", "lower_is_better", text=text)][9], "concern")

    def test_a_group_that_cannot_be_charted_says_why(self):
        cases = [
            ("not charted: a value is missing", [[1, 3], [2, "NA"], [3, 4]], []),
            ("not charted: t is missing", [[1, 3], ["", 5], [3, 4]], []),
            ("not charted: several rows of one t", [[1, 3], [1, 5], [3, 4]], []),
            ("not charted: too few points: limits take two", [[1, 3]], []),
            ("not charted: no point at t 2 to rebase at", [[1, 3], [3, 5], [4, 4]], ["--rebase", "2"]),
            ("not charted: too few points: one alone between two rebasings", [[1, 3], [3, 5], [4, 4]], ["--rebase", "4"]),
        ]
        for note, bad, arguments in cases:
            good = [[t, t * 5 % 3] for t in range(7)]
            text = table(["g", "t", "y"], [["bad"] + r for r in bad] + [["good"] + r for r in good])
            rows = self.rows("spc", "--by", "g", *arguments, text=text)
            for row in rows[:len(bad)]:
                self.assertEqual([row[c] for c in ("mean", "lower", "upper", "special_cause", "judgement", "note")], [""] * 5 + [note])
            self.assertTrue(all(r["mean"] for r in rows[len(bad):]))

    def test_skip_bad_charts_the_other_points(self):
        result = self.run_program("spc", "--skip-bad", text=table(["t", "y"], [[1, 3], [2, "NA"], [3, 4], [4, "none"]]))
        self.assertEqual(result.returncode, 0)
        self.assertIn("2 of 4 rows left out", result.stderr)
        self.assertEqual([r["mean"] for r in csv.DictReader(result.stdout.splitlines())], ["3.5", "3.5"])

    def test_bad_use_is_refused(self):
        text = table(["t", "y"], [[1, 3], [2, 4]])
        self.failed(2, "--screen takes one of on, off", "spc", "--screen", "maybe", text=text)
        self.failed(2, "--direction takes one of neutral, lower_is_better, higher_is_better", "spc", "--direction", "up", text=text)
        self.failed(2, "--fix takes a whole number", "spc", "--fix", "1", text=text)
        self.failed(2, "--rebase takes up to", "spc", "--rebase", "2,later", text=text)
        self.failed(2, "it has no option --confidence", "spc", "--confidence", "99", text=text)
        self.failed(3, "no column `y`", "spc", text="t,x\n1,2\n")
        self.failed(3, "line 2, column y", "spc", text="t,y\n1,many\n")


class Funnel(Stats):
    CASES = [
        ("sr_shmi", "0.1", "main", "ratio", "shmi", "observed", "expected"),
        ("sr_cqc", "0.1", "main", "ratio", "cqc", "observed", "expected"),
        ("sr_cqc", "0.2", "main", "ratio", "cqc", "observed", "expected"),
        ("proportion", "0.1", "main", "proportion", "cqc", "prop_x", "prop_n"),
        ("ratio_of_counts", "0.1", "main", "rate", "cqc", "rc_num", "rc_den"),
        ("sr_cqc_underdispersed", "0.1", "underdispersed", "ratio", "cqc", "observed", "expected"),
    ]
    COLUMNS = ("value", "z", "z_trimmed", "lower95", "upper95", "lower998", "upper998", "od_lower95", "od_upper95", "od_lower998",
               "od_upper998")

    def mapped(self, type_, x, n):
        return [] if type_ == "ratio" else ["--column", "x=" + x, "--column", "n=" + n]

    def test_golden_units_and_summary(self):
        for case, trim, rows_of, type_, dispersion, x, n in self.CASES:
            found = self.rows("funnel", "--where", "set=" + rows_of, "--type", type_, "--overdispersion", dispersion, "--trim", trim,
                              *self.mapped(type_, x, n), FUNNEL)
            expected = read_golden("i_spc_funnel/expected_funnel_units.csv", case=case, trim_by=trim)
            summary, = read_golden("i_spc_funnel/expected_funnel_summary.csv", case=case, trim_by=trim)
            self.assertEqual([r["unit"] for r in found], [r["unit"] for r in expected])
            for f, e in zip(found, expected):
                for column in self.COLUMNS:
                    self.close(f[column], e[column], 1e-6)
                for column in ("target", "phi", "tau2"):
                    self.close(f[column], summary[column], 1e-6)
                self.assertEqual(f["outlier"], e["outlier_od998"])
                self.assertEqual("of the square root, not squared" in f["note"], case.startswith("sr_cqc"))
            self.assertEqual(sum(r["z_trimmed"] != "" for r in found), int(summary["n"]))

    def test_golden_flags(self):
        expected = read_golden("i_spc_funnel/expected_phe_funnel_flags.csv")
        for column, type_, x, n in (("phe_proportion_flag", "proportion", "prop_x", "prop_n"), ("phe_ratio_flag", "ratio", "", "")):
            found = self.rows("funnel", "--where", "set=main", "--type", type_, *self.mapped(type_, x, n), FUNNEL)
            self.assertEqual([r["flag"] for r in found], [r[column] for r in expected])

    def test_without_overdispersion_there_are_no_limits_of_it(self):
        row = self.rows("funnel", text=table(["observed", "expected"], [[61, 50.5], [33, 61.4]]))[1]
        self.assertEqual([row[c] for c in ("z_trimmed", "od_lower95", "od_upper998", "phi", "tau2")], [""] * 5)
        self.assertEqual((row["target"], row["flag"], row["outlier"]), ("1", "Low (0.001)", "1"))

    def test_events_of_a_population_are_person_time(self):
        text = table(["x", "n"], [[61, 12000], [92, 29000], [33, 17500]])
        note = {r["note"] for r in self.rows("funnel", "--type", "rate", text=text)}
        self.assertEqual(note, {"limits of a ratio of two counts; for events of a population take --type person-time"})
        rows = self.rows("funnel", "--type", "person-time", text=text)
        self.close(rows[0]["target"], 186 / 58500, 1e-12)
        self.assertEqual([r["flag"] for r in rows], ["High (0.001)", "Not significant", "Low (0.001)"])
        self.assertEqual({r["note"] for r in rows}, {""})

    def test_columns_of_another_type_are_passed_over(self):
        rows = self.rows("funnel", text=table(["observed", "expected", "n"], [[61, 50.5, "many"], [33, 61.4, "few"]]))
        self.assertEqual([r["n"] for r in rows], ["many", "few"])

    def test_a_group_that_cannot_be_judged_says_why(self):
        text = table(["g", "observed", "expected"], [["A", 3, 2], ["B", 3, 2], ["A", 3, ""], ["B", 5, 4], ["C", 1, 0], ["C", 2, 2]])
        rows = self.rows("funnel", "--by", "g", text=text)
        self.assertEqual([(r["g"], r["note"]) for r in rows],
                         [("A", "not computed: a value is missing")] * 2 + [("B", "")] * 2 +
                         [("C", "not computed: a denominator is not above 0")] * 2)

    def test_bad_use_is_refused(self):
        text = table(["observed", "expected"], [[3, 2], [4, 2]])
        self.failed(2, "--type takes one of ratio, proportion, rate, person-time", "funnel", "--type", "count", text=text)
        self.failed(2, "--overdispersion takes one of none, shmi, cqc", "funnel", "--overdispersion", "some", text=text)
        self.failed(2, "shmi goes with --type ratio", "funnel", "--type", "rate", "--overdispersion", "shmi", text=text)
        self.failed(2, "--trim goes with", "funnel", "--trim", "0.2", text=text)
        self.failed(2, "below 0.5", "funnel", "--trim", "0.5", "--overdispersion", "cqc", text=text)
        self.failed(3, "proportion, rate and person-time read x and n", "funnel", "--type", "rate", text=text)
        self.failed(3, "line 2, column observed: below 0", "funnel", text="observed,expected\n-1,2\n3,4\n")


if __name__ == "__main__":
    main()
