"""hestia stats synthetic-control, against the golden numbers and small tables.

    python3 tests/cli/test_stats_synthetic.py HESTIA
"""

import math
import os

from stats_support import GOLDEN, Stats, main, read_golden


def wave(area, t):
    """A series of its own for each area."""
    return 40 + 3 * area + 5 * math.sin(0.7 * t + 1.3 * area) + 0.2 * t * math.cos(area)


def table(n_donors, n_pre=12, n_post=4, effect=0):
    """The treated lies half way between the first two donors."""
    lines = ["t,period,treated," + ",".join("a%d" % j for j in range(n_donors))]
    for t in range(1, n_pre + n_post + 1):
        donors = [wave(j, t) for j in range(n_donors)]
        treated = (donors[0] + donors[1 % n_donors]) / 2 + 0.05 * math.sin(5.1 * t) + (effect if t > n_pre else 0)
        lines.append(",".join(["%d" % t, "pre" if t <= n_pre else "post"] + ["%.9f" % x for x in [treated] + donors]))
    return "\n".join(lines) + "\n"


class Synthetic(Stats):
    method = ("synthetic-control",)

    def values(self, *arguments, text=""):
        return {(r["term"], r["name"]): float(r["value"]) for r in self.rows(*arguments, text=text) if r["value"]}

    def test_golden_numbers(self):
        rows = self.rows(os.path.join(GOLDEN, "l_synth/input.csv"), "--by", "case")
        ours = {(r["case"], r["term"], r["name"]): float(r["value"]) for r in rows}
        largest = {}
        for r in read_golden("l_synth/input.csv"):
            largest[r["case"]] = max(largest.get(r["case"], 0), float(r["treated"]))
        for r in read_golden("l_synth/expected_weights.csv"):
            self.assertLessEqual(abs(ours[r["case"], "weight", r["donor"]] - float(r["weight"])), 1e-5)
        for r in read_golden("l_synth/expected_gaps.csv"):
            for term in "synthetic", "gap":
                self.assertLessEqual(abs(ours[r["case"], term, r["t"]] - float(r[term])), 1e-5 * largest[r["case"]])
        for r in read_golden("l_synth/expected_summary.csv"):
            for term in "pre_sse", "pre_rmspe":
                self.assertLessEqual(abs(ours[r["case"], term, ""] - float(r[term])), 1e-6 * float(r[term]))
            for term in "post_rmspe", "post_mean_gap":
                self.assertLessEqual(abs(ours[r["case"], term, ""] - float(r[term])), 1e-5 * largest[r["case"]])
        self.assertEqual({r["note"] for r in rows}, {""})
        self.assertEqual(len([r for r in rows if r["term"] == "weight"]), 16)

    def test_one_case_by_where(self):
        rows = self.rows(os.path.join(GOLDEN, "l_synth/input.csv"), "--where", "case=interior")
        self.assertEqual([r["name"] for r in rows if r["term"] == "weight"], ["d%02d" % j for j in range(1, 9)])

    def test_placebo_finds_an_effect(self):
        ours = self.values("--placebo", text=table(40, effect=9))
        self.assertAlmostEqual(ours["p", ""], 1 / 41)
        self.assertEqual((ours["n_as_strong", ""], ours["n_placebos", ""]), (1, 40))
        self.assertAlmostEqual(ours["post_mean_gap", ""], 9, delta=0.2)
        self.assertLess(ours["gap_low", ""], ours["gap_high", ""])
        self.assertLess(ours["gap_lower", ""], ours["gap_upper", ""])
        self.assertAlmostEqual(ours["ratio", ""], ours["post_rmspe", ""] / ours["pre_rmspe", ""])
        none = self.values("--placebo", text=table(24))
        self.assertGreater(none["p", ""], 0.2)
        self.assertNotIn(("p", ""), self.values(text=table(24)))
        few = self.values("--placebo", text=table(38))
        self.assertNotIn(("gap_lower", ""), few)

    def test_threads_and_rows_change_nothing(self):
        text = table(24, effect=2)
        lines = text.splitlines()
        outputs = {self.run_program("--placebo", "--threads", n, text=text).stdout for n in ("1", "2", "5")}
        outputs.add(self.run_program("--placebo", text="\n".join([lines[0]] + lines[:0:-1]) + "\n").stdout)
        self.assertEqual(len(outputs), 1)

    def test_weights_that_are_not_the_only_ones_are_told(self):
        text = "t,period,treated,a,b,c\n1,pre,5,4,4,7\n2,pre,6,5,5,8.5\n3,pre,5.5,5,5,6\n4,post,9,5,5,7\n"
        rows = [r for r in self.rows(text=text) if r["term"] == "weight"]
        self.assertEqual((rows[1]["name"], rows[1]["value"]), ("b", "0"))
        self.assertEqual({r["note"] for r in rows}, {"other weights may fit as well: donors without one that would be no worse: 1"})

    def test_what_a_study_refuses_is_said(self):
        rows = {r["term"]: r for r in self.rows(text=table(4, n_pre=7))}
        self.assertEqual(rows["post_mean_gap"]["note"], "fewer than 8 points before: do not rely on the gap after")
        self.assertEqual({r["note"] for r in self.rows(text=table(4, n_pre=8))}, {""})
        far = table(24).splitlines()
        for i in range(1, len(far)):
            cells = far[i].split(",")
            far[i] = ",".join(cells[:2] + ["%f" % (500 + 7 * (i % 5))] + cells[3:])
        rows = {r["term"]: r for r in self.rows("--placebo", text="\n".join(far) + "\n")}
        self.assertEqual(float(rows["pre_fit_percentile"]["value"]), 1)
        self.assertIn("worse than 90 % of the placebos'", rows["p"]["note"])

    def test_refusals_stand_in_the_note(self):
        for text, note in ((table(3, n_pre=1), "too few points: 1 before"),
                           (table(3, n_post=0), "no point after"),
                           ("t,period,treated,a\n1,pre,4,3\n2,pre,5,\n3,post,6,4\n", "numbers missing"),
                           ("t,period,treated,a\n1,pre,4,3\n1,pre,5,4\n3,post,6,4\n", "several rows of one t"),
                           ("t,period,treated,a\n1,pre,4,3\n4,pre,5,4\n3,post,6,4\n", "a point of post stands before")):
            row, = self.rows(text=text)
            self.assertIn(note, row["note"])
            self.assertEqual((row["term"], row["name"], row["value"]), ("", "", ""))

    def test_bad_tables(self):
        for arguments, text, code, words in (
                ([], "t,period,treated,a\n1,before,4,3\n", 3, "line 2, column period: neither pre nor post"),
                ([], "t,period,treated,a\n1,pre,4,x\n", 3, "line 2, column a"),
                ([], "t,period,treated,a\n,pre,4,3\n", 3, "line 2, column t: missing"),
                ([], "t,period,treated\n1,pre,4\n", 3, "no donor"),
                (["--by", "a"], "t,period,treated,a\n1,pre,4,3\n", 3, "no donor"),
                ([], "t,period,a\n1,pre,4\n", 3, "treated"),
                (["--lag", "3"], table(3), 2, "it has no option --lag")):
            outcome = self.run_program(*arguments, text=text)
            self.assertEqual(outcome.returncode, code, outcome.stderr)
            self.assertIn(words, outcome.stderr)
        text = table(3).replace("\n3,pre,", "\n3,pre,oops", 1)
        outcome = self.run_program("--skip-bad", text=text)
        self.assertEqual(outcome.returncode, 0)
        self.assertIn("1 of 16 rows left out", outcome.stderr)


if __name__ == "__main__":
    main()
