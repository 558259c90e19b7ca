"""hestia stats trend: straight lines, against the golden numbers and small tables.

    python3 tests/cli/test_stats_trend.py HESTIA
"""

import os

from stats_support import GOLDEN, Stats, main, read_golden

INPUT = os.path.join(GOLDEN, "f_trend/input_series.csv")
LINE = "t,y\n1,4\n2,7\n3,5\n4,9\n5,8\n"


class Trend(Stats):
    method = ("trend",)

    def golden_rows(self, *arguments):
        return {(r["series"], r["term"]): r for r in self.rows("--by", "series", *arguments, INPUT)}

    def test_golden_least_squares(self):
        columns = {"estimate": "estimate", "se": "se", "t": "t", "p": "p", "lowercl": "lower95", "uppercl": "upper95",
                   "lower998": "lower998", "upper998": "upper998", "dw": "dw", "lag1": "resid_lag1", "n": "n", "df": "df"}
        found = self.golden_rows("--confidence", "95,99.8")
        expected = read_golden("f_trend/expected_ols.csv")
        self.assertEqual(list(found), [(r["series"], r["term"]) for r in expected])
        for row in expected:
            ours = found[row["series"], row["term"]]
            for column, theirs in columns.items():
                self.close(ours[column], row[theirs], 1e-9)
            self.assertLess(abs(float(ours["dw_p"]) - float(row["dw_p_two_sided"])), 1e-5)
            self.assertEqual((ours["rho"], ours["lag"], ours["note"]), ("", "", ""))

    def test_golden_newey_west(self):
        for lag in sorted({r["lag"] for r in read_golden("f_trend/expected_newey_west.csv")}):
            for adjust in ("none", "hc1"):
                found = self.golden_rows("--se", "newey_west", "--lag", lag, "--adjust", adjust)
                for row in read_golden("f_trend/expected_newey_west.csv"):
                    if row["lag"] == lag and row["adjust"] == ("1" if adjust == "hc1" else "0"):
                        slope = found[row["series"], "slope"]
                        self.close(found[row["series"], "intercept"]["se"], row["se_intercept"], 1e-8)
                        self.close(slope["se"], row["se_slope"], 1e-8)
                        self.close(slope["t"], row["t_slope"], 1e-8)
                        self.close(slope["p"], row["p_slope"], 1e-8)
                        self.assertEqual(slope["lag"], lag)

    def test_golden_ar1(self):
        cases = [("--ar1", "prais_winsten_iterated", 1e-7), ("--ar1=prais-winsten-two-step", "prais_winsten_twostep", 1e-7),
                 ("--ar1=cochrane_orcutt", "cochrane_orcutt_iterated", 1e-6)]
        for option, name, tolerance in cases:
            found = self.golden_rows(option)
            expected = [r for r in read_golden("f_trend/expected_ar1.csv") if r["method"] == name]
            self.assertEqual(len(expected), 5)
            for row in expected:
                for term in ("intercept", "slope"):
                    ours = found[row["series"], term]
                    self.close(ours["rho"], row["rho"], tolerance)
                    self.close(ours["estimate"], row[term], tolerance)
                    self.close(ours["se"], row["se_" + term], tolerance)

    def test_rows_in_any_order(self):
        lines = LINE.splitlines()
        shuffled = "\n".join([lines[0]] + lines[:0:-1]) + "\n"
        for option in ("--se=newey-west", "--ar1"):
            self.assertEqual(self.rows(option, text=LINE), self.rows(option, text=shuffled))

    def test_missing_values_are_said(self):
        rows = self.rows(text=LINE + "6,\n7,NA\n8,9\n")
        self.assertEqual({r["note"] for r in rows}, {"2 points without a value left out"})
        self.assertEqual({r["n"] for r in rows}, {"6"})
        rows = self.rows("--ar1", text=LINE + "6,\n8,9\n")
        self.assertIn("; t is not evenly spaced", rows[0]["note"])

    def test_refusals_are_notes(self):
        cases = [("1,4\n2,7\n3,5\n", "too few points: 3, at least 4"), ("1,7\n2,7\n3,7\n4,7\n", "a constant series"),
                 ("1,4\n2,7\n2,5\n4,9\n5,1\n", "several rows of one t"), ("1,4\n,7\n3,5\n4,9\n5,1\n", "t is missing"),
                 ("1,1\n2,2\n3,3\n4,4\n", "the points lie on a line")]
        for text, words in cases:
            rows = self.rows(text="t,y\n" + text)
            self.assertEqual([r["term"] for r in rows], ["intercept", "slope"])
            for row in rows:
                self.assertIn(words, row["note"])
                self.assertEqual((row["estimate"], row["p"], row["uppercl"], row["dw"]), ("", "", "", ""))

    def test_options_that_do_not_go_together(self):
        cases = [(["--lag", "2"], "go with --se newey-west"), (["--ar1", "--se", "ols"], "errors of its own"),
                 (["--ar1=gls"], "takes one of prais-winsten"), (["--se", "hac"], "takes one of ols"),
                 (["--se", "newey-west", "--lag", "1.5"], "takes a whole number"), (["--season", "none"], "no option --season")]
        for arguments, words in cases:
            result = self.run_program(*arguments, text=LINE)
            self.assertEqual(result.returncode, 2, result.stdout)
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    main()
