"""hestia stats breaks: changes of a series, against the golden numbers and small tables.

    python3 tests/cli/test_stats_breaks.py HESTIA
"""

import os

from stats_support import GOLDEN, Stats, main, read_golden

STEP = [17.3, 17.9, 16.8, 17.4, 17.1, 18.0, 17.2, 16.9, 17.7, 17.5, 29.4, 30.1, 28.8, 29.9, 29.3, 29.6, 30.3, 28.9, 29.5, 29.7]


def table(counts, header="t,count", first=1):
    return header + "\n" + "".join("%d,%s\n" % (first + i, count) for i, count in enumerate(counts))


class Breaks(Stats):
    method = ("breaks",)

    def assert_close(self, actual, expected, tolerance=1e-9):
        self.assertLessEqual(abs(float(actual) - float(expected)), tolerance * abs(float(expected)))

    def test_golden_numbers(self):
        tests = {(r["series"], r["model"]): r for r in read_golden("j_changepoint/expected_supf.csv")}
        fits = read_golden("j_changepoint/expected_breakpoints.csv")
        for option, model in ("level", "level"), ("level-trend", "level_trend"):
            rows = self.rows(os.path.join(GOLDEN, "j_changepoint/input.csv"), "--by", "series", "--model", option)
            for series in {r["series"] for r in rows}:
                ours = [r for r in rows if r["series"] == series]
                chosen = [r for r in fits if (r["series"], r["model"], r["chosen_by_bic"]) == (series, model, "1")][0]
                ends = [] if chosen["breaks"] == "0" else chosen["last_obs_of_each_regime"].split(";")
                self.assertEqual([r["last_obs_before"] for r in ours], ends or [""])
                self.assertEqual([r["break"] for r in ours], [str(i + 1) for i in range(len(ends))] or ["0"])
                for row in ours:
                    self.assert_close(row["supf"], tests[series, model]["supF"])
                    self.assert_close(row["bic"], chosen["bic"])
                    # theirs is an approximation: near 1 it is off what series of this length give by up to 0.055
                    expected = float(tests[series, model]["p_value"])
                    self.assertLessEqual(abs(float(row["p"]) - expected), 0.01 if expected < 0.1 else 0.06)

    def test_at_most_so_many_breaks(self):
        rows = self.rows(os.path.join(GOLDEN, "j_changepoint/input.csv"), "--by", "series", "--model", "level", "--max-breaks", "1")
        fits = {r["series"]: r for r in read_golden("j_changepoint/expected_breakpoints.csv") if r["model"] == "level" and r["breaks"] == "1"}
        doubles = [r for r in rows if r["series"] == "double"]
        self.assertEqual(len(doubles), 1)
        self.assert_close(doubles[0]["bic"], fits["double"]["bic"])
        none = self.rows(text=table(STEP), *["--max-breaks", "0"])
        self.assertEqual([(r["break"], r["size"], r["low"]) for r in none], [("0", "", "")])
        self.assertEqual(none[0]["p"], "0.0001")

    def test_a_step_with_size_and_range(self):
        row, = self.rows("--model", "level", text=table(STEP, first=2001))
        self.assertEqual((row["last_obs_before"], row["low"], row["high"]), ("2010", "2010", "2010"))
        self.assert_close(row["size"], (sum(STEP[10:]) / 10) / (sum(STEP[:10]) / 10) - 1)

    def test_order_of_rows_does_not_matter(self):
        lines = table(STEP).splitlines()
        turned = "\n".join([lines[0]] + lines[:0:-1]) + "\n"
        self.assertEqual(self.rows(text=table(STEP)), self.rows(text=turned))

    def test_threads_change_nothing(self):
        outputs = {self.run_program(os.path.join(GOLDEN, "j_changepoint/input.csv"), "--by", "series", "--threads", n).stdout
                   for n in ("1", "2", "5")}
        self.assertEqual(len(outputs), 1)

    def test_trim_moves_the_candidates(self):
        late = STEP[:10] * 2 + [40.2, 41.1]
        self.assertEqual(self.rows("--model", "level", "--trim", "0.1", text=table(late))[0]["last_obs_before"], "20")
        self.assertNotEqual(self.rows("--model", "level", "--trim", "0.3", text=table(late))[0]["last_obs_before"], "20")

    def test_what_is_refused_is_said_in_the_note(self):
        for text, note in ((table(STEP[:8]), "too few points: 8, with 1 in the shortest part for 2 terms"),
                           (table([17.5] * 20), "nothing varies about the line"),
                           (table([1.5 * i for i in range(20)]), "nothing varies about the line"),
                           (table(STEP[:5] + ["NA"] + STEP[6:]), "a missing value, at point 6"),
                           ("t,count\n" + "1,3\n" * 20, "several rows of one t"),
                           (table(STEP) + "30,29.5\n", "t is not evenly spaced"),
                           (table(STEP) + ",29.5\n", "t is missing")):
            row, = self.rows(text=text)
            self.assertIn(note, row["note"])
            self.assertEqual((row["break"], row["supf"], row["bic"], row["high"]), ("", "", "", ""))

    def test_options_are_checked(self):
        for arguments, words in ((["--model", "poisson"], "--model takes one of level-trend, level"),
                                 (["--max-breaks", "6"], "--max-breaks takes a whole number 0 to 5"),
                                 (["--trim", "0"], "--trim takes a share above 0"),
                                 (["--season", "none"], "it has no option --season")):
            outcome = self.run_program(*arguments, text=table(STEP))
            self.assertEqual(outcome.returncode, 2)
            self.assertIn(words, outcome.stderr)


if __name__ == "__main__":
    main()
