"""hestia stats pre-post, dsr-ratio and did, against the golden numbers and small tables.

    python3 tests/cli/test_stats_effects.py HESTIA
"""

import math
import os
import random

from stats_support import GOLDEN, Stats, main, read_golden, table


def panel(n_areas=6, n_times=8, first_post=5, treated=("A1",), seed=1):
    """Rows area, t, treated, post, population, events around 50."""
    draws = random.Random(seed)
    return [["A%d" % a, t, int("A%d" % a in treated), int(t >= first_post), 10000, draws.randint(40, 60)]
            for a in range(1, n_areas + 1) for t in range(1, n_times + 1)]


PANEL = ["area", "t", "treated", "post", "population", "events"]


class Effects(Stats):
    def refused(self, words, *arguments, text=""):
        row, = self.rows(*arguments, text=text)
        self.assertIn("not computed", row.pop("note"))
        self.assertIn(words, self.rows(*arguments, text=text)[0]["note"])
        self.assertEqual(set(row.values()), {""})


class PrePost(Effects):
    def test_golden(self):
        limits = {"exact": ("exact_lower95", "exact_upper95"), "wald": ("wald_lower95", "wald_upper95"),
                  "mid-p": ("midp_lower95", "midp_upper95")}
        columns = {"pre_rate": "rate_pre", "post_rate": "rate_post", "rate_ratio": "rate_ratio",
                   "median_unbiased": "midp_median_unbiased", "rate_difference": "rate_difference",
                   "difference_lowercl": "rd_lower95", "difference_uppercl": "rd_upper95", "p": "exact_p"}
        expected = read_golden("h_beforeafter/expected_counts.csv")
        for interval, (lower, upper) in limits.items():
            found = self.rows("pre-post", os.path.join(GOLDEN, "h_beforeafter/input_counts.csv"), "--by", "id", "--interval", interval,
                              "--confidence", "95,99.8")
            self.assertEqual([r["id"] for r in found], [r["id"] for r in expected])
            for ours, theirs in zip(found, expected):
                if theirs["rate_ratio"] == "NaN":
                    self.assertEqual(ours["note"], "not computed: no events in either period")
                    self.assertEqual(ours["rate_ratio"], "")
                    continue
                for name, other in list(columns.items()) + [("lowercl", lower), ("uppercl", upper)]:
                    self.close(ours[name], theirs[other], 1e-8)
                if interval == "wald":
                    self.close(ours["lower998"], theirs["wald_lower998"], 1e-8)
                    self.close(ours["upper998"], theirs["wald_upper998"], 1e-8)

    def test_rows_of_a_group_are_added_up(self):
        header = ["pre_events", "pre_persontime", "post_events", "post_persontime"]
        two = self.rows("pre-post", text=table(header, [[50, 40000, 40, 41000], [70, 60000, 58, 60000]]))
        one = self.rows("pre-post", text=table(header, [[120, 100000, 98, 101000]]))
        self.assertEqual(two, one)
        self.assertEqual(self.rows("pre-post", "--per", "1000", text=table(header, [[120, 100000, 98, 101000]]))[0]["pre_rate"],
                         "1.2")

    def test_notes(self):
        header = ["pre_events", "pre_persontime", "post_events", "post_persontime"]
        wald, = self.rows("pre-post", "--interval", "wald", text=table(header, [[0, 10, 5, 10]]))
        self.assertEqual((wald["lowercl"], wald["rate_ratio"]), ("", "Inf"))
        self.assertIn("no Wald limits", wald["note"])
        fraction, = self.rows("pre-post", "--interval", "wald", text=table(header, [[2.5, 10, 5, 10]]))
        self.assertEqual(fraction["p"], "")
        self.assertIn("no whole number", fraction["note"])
        self.refused("no whole number", "pre-post", text=table(header, [[2.5, 10, 5, 10]]))
        self.refused("the count after is missing", "pre-post", text=table(header, [[2, 10, "NA", 10]]))
        self.refused("person-time before", "pre-post", text=table(header, [[2, 0, 5, 10]]))

    def test_errors(self):
        header = ["pre_events", "pre_persontime", "post_events", "post_persontime"]
        self.failed(3, "line 2, column post_events: below 0", "pre-post", text=table(header, [[2, 10, -5, 10]]))
        self.failed(2, "there are exact, wald, mid-p", "pre-post", "--interval", "byar", text=table(header, [[2, 1, 5, 1]]))


class DsrRatio(Effects):
    INPUT = os.path.join(GOLDEN, "h_beforeafter/input_dsr.csv")

    def test_golden(self):
        columns = {"pre_value": "dsr_pre", "post_value": "dsr_post", "ratio": "ratio", "log_se": "log_se", "lowercl": "lower95",
                   "uppercl": "upper95", "lower998": "lower998", "upper998": "upper998", "difference": "difference",
                   "difference_lowercl": "diff_lower95", "difference_uppercl": "diff_upper95", "p": "p_log"}
        expected = read_golden("h_beforeafter/expected_dsr_ratio.csv")
        found = self.rows("dsr-ratio", self.INPUT, "--by", "area", "--confidence", "95,99.8")
        self.assertEqual([r["area"] for r in found], [r["area"] for r in expected])
        for ours, theirs in zip(found, expected):
            for name, other in columns.items():
                self.close(ours[name], theirs[other], 1e-9)

    def test_rates_are_those_of_dsr(self):
        for options in (["--standard", "esp1976"], ["--standard", "who2000", "--per", "1000"]):
            ratio, = self.rows("dsr-ratio", self.INPUT, "--where", "area=5J6", *options)
            for period in ("pre", "post"):
                rate, = self.rows("dsr", self.INPUT, "--where", "area=5J6", "--where", "period=" + period, *options)
                self.assertEqual(ratio[period + "_value"], rate["value"])

    def test_weights_of_the_table(self):
        rows = [["pre", 0, 20, 100, 3], ["pre", 40, 30, 100, 1], ["post", 0, 10, 100, 3], ["post", 40, 40, 100, 1]]
        row, = self.rows("dsr-ratio", "--per", "none", text=table(["period", "age_lower", "events", "population", "weight"], rows))
        self.close(row["pre_value"], str((3 * 0.2 + 0.3) / 4), 1e-14)
        self.close(row["ratio"], str((3 * 0.1 + 0.4) / (3 * 0.2 + 0.3)), 1e-14)
        self.assertIn("weights of the table (2 strata)", row["method"])

    def test_refusals(self):
        header = ["period", "age_lower", "events", "population", "weight"]
        few = table(header, [["pre", 0, 20, 100, 3], ["post", 0, 9, 100, 3]])
        row, = self.rows("dsr-ratio", text=few)
        self.assertEqual(row["ratio"], "")
        self.assertTrue(row["note"].startswith("post: "), row["note"])
        self.assertNotEqual(self.rows("dsr-ratio", "--min-events", "5", text=few)[0]["ratio"], "")
        missing, = self.rows("dsr-ratio", text=table(header, [["pre", 0, 20, 100, 3]]))
        self.assertEqual(missing["ratio"], "")
        self.assertTrue(missing["note"].startswith("post: "), missing["note"])
        self.failed(3, "line 2, column period: neither pre nor post", "dsr-ratio", text=table(header, [["before", 0, 20, 100, 3]]))


class Did(Effects):
    INPUT = os.path.join(GOLDEN, "h_beforeafter/input_did.csv")

    def test_golden(self):
        options = {"model": ["--variance", "model"], "quasi": ["--variance", "quasi"], "HC0": ["--variance", "hc0"],
                   "cluster_no_adjust": ["--adjust", "none"], "cluster_g_over_g_minus_1": ["--variance", "cluster"],
                   "cluster_HC1": ["--variance", "cluster", "--adjust", "hc1"]}
        models = {"pooled": "pooled", "two_way_fixed_effects": "two_way"}
        expected = read_golden("h_beforeafter/expected_did.csv")
        self.assertEqual(len(expected), 12)
        for theirs in expected:
            ours, = self.rows("did", self.INPUT, "--model", models[theirs["model"]], *options[theirs["variance"]])
            for name, other in {"ratio_of_ratios": "ratio_of_ratios", "se": "se", "lowercl": "lower95", "uppercl": "upper95",
                                "p": "p", "dispersion": "dispersion"}.items():
                self.close(ours[name], theirs[other], 1e-7)
            self.assertEqual("fewer than five" in ours["note"], "cluster" in theirs["variance"])  # three are treated

    def test_order_of_rows_changes_nothing(self):
        rows = panel()
        first, = self.rows("did", text=table(PANEL, rows))
        random.Random(5).shuffle(rows)
        second, = self.rows("did", text=table(PANEL, rows))
        for name in ("ratio_of_ratios", "se", "p"):
            self.close(second[name], first[name], 1e-11)

    def test_few_treated_areas_are_not_clustered_unasked(self):
        five = ("A1", "A2", "A3", "A4", "A5")
        row, = self.rows("did", text=table(PANEL, panel(n_areas=12, treated=five)))
        self.assertEqual((row["method"], row["note"]), ("two-way; poisson; cluster g", ""))
        row, = self.rows("did", text=table(PANEL, panel(n_areas=12, treated=five[:4])))
        self.assertEqual(row["method"], "two-way; poisson; quasi")
        self.assertIn("errors are not clustered", row["note"])
        row, = self.rows("did", "--adjust", "g", text=table(PANEL, panel()))
        self.assertEqual(row["method"], "two-way; poisson; cluster g")
        self.assertIn("of one treated area are much too small", row["note"])

    def test_placebo(self):
        rows = panel()
        for row in rows:
            row[5] = row[5] * (3 if row[2] and row[3] else 1)
        row, = self.rows("did", "--variance", "placebo", text=table(PANEL, rows))
        self.close(row["p"], str(1 / 6), 1e-14)
        self.assertEqual((row["se"], row["lowercl"]), ("", ""))
        self.assertEqual(row["note"], "p: 1 of 6 areas have an effect as strong")
        self.refused("2 treated areas", "did", "--variance", "placebo", text=table(PANEL, panel(treated=("A1", "A2"))))

    def test_values(self):
        rows = [["A", 1, 1, 0, 10], ["A", 2, 1, 1, 15], ["A", 3, 1, 1, 16], ["B", 1, 0, 0, -2], ["B", 2, 0, 1, 1], ["B", 3, 0, 1, 0]]
        row, = self.rows("did", "--variance", "model", text=table(["area", "t", "treated", "post", "value"], rows))
        self.close(row["difference_of_differences"], "3", 1e-13)  # 5.5 - 2.5
        # four residuals of 0.5 after, on 1 degree of freedom
        self.close(row["se"], str(math.sqrt(1 * (1 + 1 / 2) * 2)), 1e-12)

    def test_refusals(self):
        rows = panel()
        self.refused("no events in area A3", "did", text=table(PANEL, [r[:5] + [0 if r[0] == "A3" else r[5]] for r in rows]))
        self.refused("no treated area", "did", text=table(PANEL, panel(treated=())))
        self.refused("post is both 0 and 1 at t 5", "did", text=table(PANEL, [r[:3] + [r[2] * r[3]] + r[4:] for r in rows]))
        self.refused("treated is both 0 and 1 in area A1", "did", text=table(PANEL, [r[:2] + [r[2] * r[3]] + r[3:] for r in rows]))
        self.refused("area A6 has several rows of t 8", "did", text=table(PANEL, rows + rows[-1:]))
        self.refused("the population of area A6 is not above 0", "did", text=table(PANEL, rows[:-1] + [rows[-1][:4] + [0, 5]]))

    def test_errors(self):
        self.failed(3, "neither the column events nor value", "did", text=table(PANEL[:5], [r[:5] for r in panel()]))
        self.failed(3, "column treated: neither 0 nor 1", "did", text=table(PANEL, [["A", 1, 2, 0, 1, 1]]))
        self.failed(3, "column area: missing", "did", text=table(PANEL, [["", 1, 1, 0, 1, 1]]))
        self.failed(2, "--variance takes one of model, quasi, cluster, hc0, placebo", "did", "--variance", "robust",
                    text=table(PANEL, panel()))
        self.failed(2, "--adjust goes with --variance cluster", "did", "--variance", "quasi", "--adjust", "g",
                    text=table(PANEL, panel()))


if __name__ == "__main__":
    main()
