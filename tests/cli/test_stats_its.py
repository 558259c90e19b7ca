"""hestia stats its: segmented regression, against the golden numbers and small tables.

    python3 tests/cli/test_stats_its.py HESTIA
"""

import os

from stats_support import GOLDEN, Stats, main, read_golden, table

INPUT = os.path.join(GOLDEN, "g_its/input.csv")
TOLERANCE = {"ols": 1e-8, "poisson": 1e-7, "quasipoisson": 1e-7, "negbin": 1e-5}
SEASON = {"none": "none", "dummies": "dummies", "fourier1": "fourier"}


def counts(n, step=0):
    """A table of counts around 100 that do not repeat."""
    return [[t, 100 + (t * 37) % 11 + (step if t >= 11 else 0)] for t in range(1, n + 1)]


class Its(Stats):
    method = ("its",)

    def note(self, *arguments, text=""):
        rows = self.rows(*arguments, text=text)
        self.assertEqual(len({row["note"] for row in rows}), 1)
        return rows[0]["note"]


class Golden(Its):
    def golden_rows(self, model, season, *arguments):
        """The rows of both areas, whose interventions differ."""
        rows = []
        for area, start in [("Calderdale", "17"), ("Somerset", "15")]:
            rows += self.rows("--by", "area", "--where", "area=" + area, "--intervention", start, "--model", model, "--season",
                              SEASON[season], *arguments, INPUT)
        return rows

    def test_coefficients(self):
        columns = {"estimate": "estimate", "se": "se", "statistic": "statistic", "lowercl": "lower95", "uppercl": "upper95"}
        everything = read_golden("g_its/expected_coefficients.csv")
        for model, tolerance in TOLERANCE.items():
            for season in SEASON:
                expected = [r for r in everything if r["model"] == model and r["season_terms"] == season]
                found = [r for r in self.golden_rows(model, season) if r["term"] not in ("effect", "cumulative")]
                self.assertEqual([(r["area"], r["term"]) for r in found], [(r["area"], r["term"]) for r in expected])
                for ours, theirs in zip(found, expected):
                    for name, other in columns.items():
                        self.close(ours[name], theirs[other], tolerance)
                    # a relative error of the statistic z is one of about z squared in a small p
                    self.close(ours["p"], theirs["p"], tolerance * max(1, float(theirs["statistic"]) ** 2))

    def test_errors(self):
        options = {"se_nw3_adjusted": ["--lag", "3"], "se_nw3_unadjusted": ["--lag", "3", "--adjust", "none"],
                   "se_hc0": ["--lag", "0", "--adjust", "none"]}
        everything = read_golden("g_its/expected_coefficients.csv")
        for model, tolerance in TOLERANCE.items():
            for season in SEASON:
                expected = [r for r in everything if r["model"] == model and r["season_terms"] == season]
                for column, arguments in options.items():
                    found = self.golden_rows(model, season, "--se", "newey-west", *arguments)
                    found = [r for r in found if r["term"] not in ("effect", "cumulative")]
                    self.assertEqual([(r["area"], r["term"]) for r in found], [(r["area"], r["term"]) for r in expected])
                    for ours, theirs in zip(found, expected):
                        self.close(ours["se"], theirs[column], tolerance)

    def test_models(self):
        everything = read_golden("g_its/expected_models.csv")
        for model, tolerance in TOLERANCE.items():
            for season in SEASON:
                expected = [r for r in everything if r["model"] == model and r["season_terms"] == season]
                found = [r for r in self.golden_rows(model, season) if r["term"] == "t"]
                self.assertEqual([r["area"] for r in found], [r["area"] for r in expected])
                for ours, theirs in zip(found, expected):
                    for name in ("n", "df", "dispersion", "deviance", "loglik", "dw"):
                        self.close(ours[name], theirs[name], tolerance)
                    for name in ("theta", "se_theta"):
                        self.close(ours[name], theirs[name], 1e-3)

    def test_counterfactual(self):
        columns = {"fitted": "fitted", "counterfactual": "counterfactual", "cf_lower": "cf_lower95", "cf_upper": "cf_upper95",
                   "effect": "effect", "effect_se": "effect_se", "effect_lower": "effect_lower95",
                   "effect_upper": "effect_upper95"}
        everything = read_golden("g_its/expected_counterfactual.csv")
        for model in ("ols", "quasipoisson", "negbin"):
            expected = [r for r in everything if r["model"] == model]
            found = [r for r in self.golden_rows(model, "dummies", "--counterfactual") if r["effect"]]
            self.assertEqual([(r["area"], r["t"]) for r in found], [(r["area"], r["t"]) for r in expected])
            for ours, theirs in zip(found, expected):
                for name, other in columns.items():
                    self.close(ours[name], theirs[other], TOLERANCE[model])


class Tables(Its):
    def test_order_of_rows_is_of_no_consequence(self):
        rows = counts(24, 9)
        there = self.rows("--intervention", "11", "--se", "newey-west", text=table(["t", "y"], rows))
        back = self.rows("--intervention", "11", "--se", "newey-west", text=table(["t", "y"], rows[::-1]))
        self.assertEqual(there, back)

    def test_points_stand_in_the_order_of_the_table(self):
        rows = counts(24, 9)[::-1]
        found = self.rows("--intervention", "11", "--counterfactual", text=table(["t", "y"], rows))
        self.assertEqual([r["t"] for r in found], [str(t) for t, _ in rows])
        self.assertEqual([r["t"] for r in found if r["effect"]], [str(t) for t in range(24, 10, -1)])

    def test_default_model_is_by_the_column(self):
        y = self.rows("--intervention", "11", text=table(["t", "y"], counts(24)))
        events = self.rows("--intervention", "11", text=table(["t", "events"], counts(24)))
        self.assertEqual(y[0]["method"], "ols, season none, model errors")
        self.assertEqual(events[0]["method"], "quasipoisson, season none, model errors")

    def test_rate_is_of_events_and_population(self):
        rows = [[t, events, 1000 + t] for t, events in counts(24, 5)]
        rates = [[t, 1000 * events / population] for t, events, population in rows]
        found = self.rows("--intervention", "11", "--model", "ols", "--per", "1000",
                          text=table(["t", "events", "population"], rows))
        expected = self.rows("--intervention", "11", text=table(["t", "y"], rates))
        for ours, theirs in zip(found, expected):
            self.close(ours["estimate"], theirs["estimate"], 1e-11)

    def test_effect_and_cumulative(self):
        rows = {r["term"]: r for r in self.rows("--intervention", "11", text=table(["t", "y"], counts(24, 20)))}
        points = self.rows("--intervention", "11", "--counterfactual", text=table(["t", "y"], counts(24, 20)))
        effects = [float(r["effect"]) for r in points if r["effect"]]
        self.close(rows["effect"]["estimate"], sum(effects) / 14, 1e-11)
        self.close(rows["cumulative"]["estimate"], sum(effects), 1e-11)

    def test_several_levels_of_confidence(self):
        row = self.rows("--intervention", "11", "--model", "poisson", "--confidence", "95,99.8",
                        text=table(["t", "events"], counts(24)))[1]
        for name, z in [("uppercl", 1.959963984540054), ("upper998", 3.090232306167813)]:
            self.close(row[name], float(row["estimate"]) + z * float(row["se"]), 1e-11)

    def test_robust_errors_are_never_below_the_models(self):
        text = table(["t", "y"], [[t, 100 + t // 4 * 37 % 11 + t % 3] for t in range(1, 25)])  # neighbours are alike
        plain, robust = (self.rows("--intervention", "11", "--se", se, text=text) for se in ("model", "robust"))
        self.assertEqual(robust[0]["method"], "ols, season none, robust lag 2 n/(n-k)")
        self.assertTrue(all(float(r["se"]) >= float(p["se"]) for r, p in zip(robust, plain)))
        self.assertTrue(any(float(r["se"]) > float(p["se"]) for r, p in zip(robust, plain)))

    def test_control(self):
        rows = [[t, y, 0] for t, y in counts(24, 3)] + [[t, 2 * y + (t * 5) % 7, 1] for t, y in counts(24, 8)]
        found = self.rows("--intervention", "11", text=table(["t", "y", "treated"], rows))
        self.assertEqual([r["term"] for r in found],
                         ["(Intercept)", "t", "control_level", "control_slope", "treated", "t:treated", "level", "slope", "effect",
                          "cumulative"])
        own, control = ({r["term"]: float(r["estimate"]) for r in
                         self.rows("--intervention", "11", "--where", "treated=" + group,
                                   text=table(["t", "y", "treated"], rows))} for group in "10")
        for row in found[6:8]:
            self.close(row["estimate"], own[row["term"]] - control[row["term"]], 1e-9)

    def test_notes(self):
        self.assertIn("few points before: 6, 8 are wanted",
                      self.note("--intervention", "7", text=table(["t", "y"], counts(24))))
        gap = [row for row in counts(24) if row[0] != 5]
        gap.append([5, "NA"])
        self.assertIn("lags by position", self.note("--intervention", "11", "--se", "newey-west", text=table(["t", "y"], gap)))
        self.assertIn("no over-dispersion",
                      self.note("--intervention", "11", "--model", "negbin", text=table(["t", "events"], counts(24))))

    def test_phase_in_is_left_out(self):
        rows = counts(24, 9)
        wild = [[t, 5000 if t in (11, 12) else y] for t, y in rows]
        found = self.rows("--intervention", "11", "--phase-in", "11,12", text=table(["t", "y"], wild))
        gone = self.rows("--intervention", "11", text=table(["t", "y"], [r for r in rows if r[0] not in (11, 12)]))
        for ours, theirs in zip(found, gone):
            self.assertEqual(ours["estimate"], theirs["estimate"])
        points = self.rows("--intervention", "11", "--phase-in", "11,12", "--counterfactual", text=table(["t", "y"], wild))
        self.assertEqual([r["t"] for r in points if not r["fitted"]], ["11", "12"])
        self.assertTrue(all(r["counterfactual"] for r in points))

    def test_refusals_are_notes(self):
        zeros = [[t, 0 if t >= 11 else y] for t, y in counts(24)]
        without = [[t, y, 0 if t == 9 else 500] for t, y in counts(24)]
        for words, arguments, text in [
                ("too few points after: 2, at least 4", ["23"], table(["t", "y"], counts(24))),
                ("too few points before: 0, at least 4", ["1"], table(["t", "y"], counts(24))),
                ("a constant series", ["11"], table(["t", "y"], [[t, 7.3] for t in range(1, 25)])),
                ("no events after", ["11"], table(["t", "events"], zeros)),
                ("no events", ["11"], table(["t", "events"], [[t, 0] for t in range(1, 25)])),
                ("no exposure at t = 9: the population is 0", ["11"], table(["t", "events", "population"], without)),
                ("no exposure at t = 9", ["11", "--model", "ols"], table(["t", "events", "population"], without)),
                ("t is missing, stands twice", ["11"], table(["t", "y"], counts(24) + [[3, 99]])),
                ("fit every point exactly", ["11"], table(["t", "y"], [[t, 3 * t] for t in range(1, 25)])),
        ]:
            for more in [], ["--counterfactual"]:
                note = self.note("--intervention", *arguments, *more, text=text)
                self.assertIn("not computed: ", note)
                self.assertIn(words, note)

    def test_refused_group_has_empty_numbers_and_the_other_is_answered(self):
        rows = [["a", t, y] for t, y in counts(24)] + [["b", t, 5] for t in range(1, 25)]
        found = self.rows("--by", "area", "--intervention", "11", text=table(["area", "t", "y"], rows))
        self.assertEqual([r["area"] for r in found], ["a"] * 6 + ["b"])
        self.assertEqual({found[-1][name] for name in ("term", "estimate", "se", "p", "lowercl", "method")}, {""})

    def test_usage(self):
        text = table(["t", "y"], counts(24))
        self.failed(2, "--intervention T", text=text)
        self.failed(2, "--phase-in takes the first and the last t", "--intervention", "11", "--phase-in", "11", text=text)
        self.failed(2, "--phase-in takes the first and the last t", "--intervention", "11", "--phase-in", "12,11", text=text)
        self.failed(2, "--model takes one of ols, poisson", "--intervention", "11", "--model", "logistic", text=text)
        self.failed(2, "go with --se newey-west or robust", "--intervention", "11", "--lag", "3", text=text)
        self.failed(2, "--per goes with ols on events", "--intervention", "11", "--per", "1000", text=text)
        self.failed(2, "takes one --confidence", "--intervention", "11", "--counterfactual", "--confidence", "95,99", text=text)
        self.failed(3, "neither the column y nor events", "--intervention", "11", text="t,x\n1,2\n")
        self.failed(3, "needs the column population", "--intervention", "11", "--model", "ols", text="t,events\n1,2\n")
        self.failed(3, "line 3, column t: missing", "--intervention", "11", text="t,y\n1,2\n,3\n")
        self.failed(3, "column treated: neither 0 nor 1", "--intervention", "11", text="t,y,treated\n1,2,2\n")


if __name__ == "__main__":
    main()
