/* XmR charts against the golden numbers, each rule by small series, and refusals. */
#include "hestia/spc.h"

#include "tests/standardise/golden.h"

enum { MAX_POINTS = 40 };

/* ---- golden i ---- */

static struct golden_case {
    const char *name, *series, *variant;
    size_t n_rows; /* of the golden table: some variants are left out for short series */
} golden_cases[] = {
    {"stable screened", "stable", "screened", 24},
    {"stable unscreened", "stable", "unscreened", 24},
    {"stable fixed12", "stable", "fixed12", 24},
    {"stable rebased", "stable", "rebased", 24},
    {"trend7 screened", "trend7", "screened", 20},
    {"trend7 unscreened", "trend7", "unscreened", 20},
    {"trend7 fixed12", "trend7", "fixed12", 20},
    {"trend7 rebased", "trend7", "rebased", 20},
    {"shift screened", "shift", "screened", 36},
    {"shift unscreened", "shift", "unscreened", 36},
    {"shift fixed12", "shift", "fixed12", 36},
    {"shift rebased", "shift", "rebased", 36},
    {"outlier screened", "outlier", "screened", 30},
    {"outlier unscreened", "outlier", "unscreened", 30},
    {"outlier fixed12", "outlier", "fixed12", 30},
    {"outlier rebased", "outlier", "rebased", 30},
    {"ties screened", "ties", "screened", 18},
    {"ties unscreened", "ties", "unscreened", 18},
    {"short screened", "short", "screened", 5},
    {"short unscreened", "short", "unscreened", 5},
};

/* "special_cause_improvement" of the golden table for our "improvement". */
static void assert_judged(const char *golden, const char *judgement)
{
    static const char prefix[] = "special_cause_";
    bool is_special = strncmp(golden, prefix, sizeof prefix - 1) == 0;

    assert_string_equal(judgement, is_special ? golden + sizeof prefix - 1 : "none");
}

static void golden(void **state)
{
    const struct golden_case *c = *state;
    hst_table *table = golden_read("i_spc_funnel/expected_spc.csv");
    double y[MAX_POINTS];
    size_t rows[MAX_POINTS], n = 0;
    bool is_rebased[MAX_POINTS] = {false};
    hst_spc_point points[MAX_POINTS];
    hst_spc_options options = {.is_screened = strcmp(c->variant, "unscreened") != 0,
                               .is_rebased = is_rebased,
                               .n_fixed = strcmp(c->variant, "fixed12") == 0 ? 12 : 0};
    hst_error err = {0};

    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        if (strcmp(golden_text(table, row, "series"), c->series) == 0 &&
            strcmp(golden_text(table, row, "variant"), c->variant) == 0) {
            y[n] = golden_number(table, row, "y");
            is_rebased[n] = n > 0 && golden_number(table, row, "rebase_group") !=
                                         golden_number(table, rows[n - 1], "rebase_group");
            rows[n++] = row;
        }
    }
    assert_int_equal(n, c->n_rows);
    assert_int_equal(hst_spc_chart(points, y, n, &options, &err), HST_OK);
    for (size_t i = 0; i < n; i++) {
        assert_close(points[i].mean, golden_number(table, rows[i], "mean"), 1e-9);
        assert_close(points[i].lower, golden_number(table, rows[i], "lower"), 1e-9);
        assert_close(points[i].upper, golden_number(table, rows[i], "upper"), 1e-9);
        assert_string_equal(hst_spc_cause_name(&points[i]),
                            golden_text(table, rows[i], "special_cause"));
        assert_judged(golden_text(table, rows[i], "point_if_higher_better"),
                      hst_spc_judgement(&points[i], HST_DIRECTION_HIGHER_IS_BETTER));
        assert_judged(golden_text(table, rows[i], "point_if_lower_better"),
                      hst_spc_judgement(&points[i], HST_DIRECTION_LOWER_IS_BETTER));
    }
    hst_table_free(table);
}

/* ---- rules ---- */

/* One letter a point: `.` common, A and B above and below the limits, + and - a trend, U and D two
 * in three, H and L a shift. */
static struct rule_case {
    const char *name;
    size_t n, n_fixed;
    double y[MAX_POINTS];
    const char *expected;
} rule_cases[] = {
    /* limits of the first two: mean 10, range 2, so 4.68 .. 15.32, near from 6.45 and 13.55 on */
    {"on the limit is not outside", 3, 2, {9, 11, 15.32}, "..."},
    {"outside the upper limit", 3, 2, {9, 11, 15.33}, "..A"},
    {"outside the lower limit", 3, 2, {9, 11, 4.67}, "..B"},
    {"two of three near the upper limit", 5, 2, {9, 11, 14, 10.5, 14.2}, "..U.U"},
    {"two of four", 6, 2, {9, 11, 14, 10.5, 10.2, 14.2}, "......"},
    {"the third on the other side", 5, 2, {9, 11, 14, 9.9, 14.2}, "....."},
    {"the third on the mean", 5, 2, {9, 11, 14, 10, 14.2}, "....."},
    {"near the lower limit", 5, 2, {9, 11, 6, 6.1, 9.9}, "..DD."},
    {"a point outside is not near", 5, 2, {9, 11, 14, 16, 10.2}, "...A."},
    {"seven above", 9, 2, {9, 11, 12, 12.1, 11.9, 12, 12, 12, 9}, ".HHHHHHH."},
    {"six above", 9, 2, {9, 10.9, 12, 12.1, 11.9, 12, 12, 9, 12}, "........."},
    {"a point on the mean breaks a shift",
     11,
     2,
     {9, 11, 12, 12, 12, 10, 12, 11, 12, 11, 12},
     "..........."},
    {"seven below", 9, 2, {11, 9, 8, 8, 8, 8, 8, 8, 11}, ".LLLLLLL."},
    {"seven that rise", 8, 2, {9, 11, 8, 8.5, 9, 9.5, 10.2, 10.9}, "........"},
    {"seven and a half that rise", 9, 2, {9, 11, 8, 8.5, 9, 9.5, 10.2, 10.9, 11.3}, "..+++++++"},
    {"eight that fall", 10, 2, {11, 9, 12, 11.7, 11.2, 10.8, 10.1, 9.9, 9.7, 9.1}, "..--------"},
    {"a tie breaks a trend", 9, 2, {9, 11, 8, 8.5, 9, 9.5, 9.5, 10.9, 11.3}, "........."},
    {"a trend comes before two in three and a shift",
     10,
     2,
     {9, 11, 11.1, 11.3, 11.5, 13.8, 14, 14.3, 14.8, 12},
     "+++++++++H"},
    {"an outsider keeps its name in a trend",
     9,
     2,
     {9, 11, 8, 8.5, 9, 9.5, 10.2, 10.9, 17},
     "..++++++A"},
};

/* The one rule that is not the same upside down. */
static struct rule_case peak_cases[] = {
    {"the point between rise and fall rises",
     15,
     2,
     {9, 11, 8, 8.5, 9, 9.5, 10.2, 10.9, 11.3, 11, 10.7, 10.3, 9.9, 9.4, 8.8},
     "..+++++++------"},
};

static char letter_of(const hst_spc_point *point)
{
    static const char letters[][2] = {{'.', '.'}, {'B', 'A'}, {'-', '+'}, {'D', 'U'}, {'L', 'H'}};

    return letters[point->cause][point->is_high];
}

static void rule(void **state)
{
    const struct rule_case *c = *state;
    hst_spc_point points[MAX_POINTS];
    hst_spc_options options = {.n_fixed = c->n_fixed};
    char actual[MAX_POINTS + 1] = "";
    hst_error err = {0};

    assert_int_equal(hst_spc_chart(points, c->y, c->n, &options, &err), HST_OK);
    for (size_t i = 0; i < c->n; i++) {
        actual[i] = letter_of(&points[i]);
    }
    assert_string_equal(actual, c->expected);
}

/* Turned upside down, high is low. */
static void mirrored(void **state)
{
    static const char pairs[] = "..ABBA+--+UDDUHLLH";
    const struct rule_case *c = *state;
    double y[MAX_POINTS];
    hst_spc_point points[MAX_POINTS], mirror[MAX_POINTS];
    hst_spc_options options = {.n_fixed = c->n_fixed};
    hst_error err = {0};

    for (size_t i = 0; i < c->n; i++) {
        y[i] = -c->y[i];
    }
    assert_int_equal(hst_spc_chart(points, c->y, c->n, &options, &err), HST_OK);
    assert_int_equal(hst_spc_chart(mirror, y, c->n, &options, &err), HST_OK);
    for (size_t i = 0; i < c->n; i++) {
        assert_int_equal(pairs[(size_t)(strchr(pairs, letter_of(&points[i])) - pairs) ^ 1],
                         letter_of(&mirror[i]));
        assert_close(mirror[i].lower, -points[i].upper, 1e-15);
    }
}

static void a_shift_of_scale_changes_no_cause(void **state)
{
    hst_table *table = golden_read("i_spc_funnel/input_spc.csv");
    double y[MAX_POINTS], scaled[MAX_POINTS];
    hst_spc_point points[MAX_POINTS], others[MAX_POINTS];
    hst_spc_options options = {.is_screened = true};
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < 36; i++) {
        assert_string_equal(golden_text(table, 24 + i, "series"), "shift");
        y[i] = golden_number(table, 24 + i, "y");
        scaled[i] = 1000 + 17.3 * y[i];
    }
    assert_int_equal(hst_spc_chart(points, y, 36, &options, &err), HST_OK);
    assert_int_equal(hst_spc_chart(others, scaled, 36, &options, &err), HST_OK);
    for (size_t i = 0; i < 36; i++) {
        assert_string_equal(hst_spc_cause_name(&points[i]), hst_spc_cause_name(&others[i]));
        assert_close(others[i].upper, 1000 + 17.3 * points[i].upper, 1e-12);
    }
    hst_table_free(table);
}

/* ---- charts without variation, rebasing, refusals ---- */

static void a_constant_series_has_no_causes(void **state)
{
    double y[19];
    hst_spc_point points[19];
    hst_spc_options options = {.is_screened = true};
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < 19; i++) {
        y[i] = 0.1; /* whose sum over 19 is not 19 times as much */
    }
    assert_int_equal(hst_spc_chart(points, y, 19, &options, &err), HST_OK);
    for (size_t i = 0; i < 19; i++) {
        assert_true(points[i].mean == 0.1);
        assert_true(isnan(points[i].lower) && isnan(points[i].upper));
        assert_int_equal(points[i].cause, HST_SPC_COMMON);
    }
    options.is_screened = false;
    assert_int_equal(hst_spc_chart(points, y, 19, &options, &err), HST_OK);
    for (size_t i = 0; i < 19; i++) {
        assert_true(points[i].lower == 0.1 && points[i].upper == 0.1);
        assert_int_equal(points[i].cause, HST_SPC_COMMON);
    }
}

static void rebasing_is_two_charts(void **state)
{
    static const double y[] = {9, 11, 8, 8.5, 9, 9.5, 10.2, 10.9, 11.3, 12};
    static const bool is_rebased[10] = {[5] = true};
    hst_spc_options options = {.is_rebased = is_rebased}, plain = {0};
    hst_spc_point points[10], apart[10];
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_spc_chart(points, y, 10, &options, &err), HST_OK);
    assert_int_equal(hst_spc_chart(apart, y, 5, &plain, &err), HST_OK);
    assert_int_equal(hst_spc_chart(&apart[5], &y[5], 5, &plain, &err), HST_OK);
    for (size_t i = 0; i < 10; i++) { /* not by memcmp: between the fields is anything */
        assert_true(points[i].mean == apart[i].mean);
        assert_true(points[i].lower == apart[i].lower && points[i].upper == apart[i].upper);
        assert_int_equal(points[i].cause, apart[i].cause);
        assert_int_equal(points[i].is_high, apart[i].is_high);
        assert_int_equal(points[i].n_charted, 5);
    }
}

static struct refusal_case {
    const char *name;
    size_t n, n_fixed, rebased_at;
    double y[4];
    const char *message;
} refusal_cases[] = {
    {"one point", 1, 0, 0, {3.1}, "too few points"},
    {"no point", 0, 0, 0, {0}, "too few points"},
    {"limits of one point", 3, 1, 0, {3.1, 2.5, 2.6}, "limits take two"},
    {"a chart of one point", 4, 0, 3, {3.1, 2.5, 2.6, 2.7}, "one alone"},
    {"a missing value", 3, 0, 0, {3.1, NAN, 2.6}, "missing"},
    {"an infinite value", 3, 0, 0, {3.1, 2.2, INFINITY}, "missing"},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    bool is_rebased[4] = {false};
    hst_spc_options options = {.is_rebased = is_rebased, .n_fixed = c->n_fixed};
    hst_spc_point points[4];
    hst_error err = {0};

    is_rebased[c->rebased_at] = c->rebased_at > 0;
    assert_int_equal(hst_spc_chart(points, c->y, c->n, &options, &err), HST_REFUSED);
    assert_non_null(strstr(err.message, c->message));
}

static void neutral_is_neither(void **state)
{
    hst_spc_point special = {.cause = HST_SPC_SHIFT}, common = {.cause = HST_SPC_COMMON};

    (void)state;
    assert_string_equal(hst_spc_judgement(&special, HST_DIRECTION_NEUTRAL), "neither");
    assert_string_equal(hst_spc_judgement(&common, HST_DIRECTION_NEUTRAL), "none");
}

#define ADD_CASES(cases, function)                                                                 \
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {                                  \
        tests[n++] = (struct CMUnitTest){                                                          \
            .name = cases[i].name, .test_func = function, .initial_state = &cases[i]};             \
    }

int main(void)
{
    struct CMUnitTest tests[100] = {
        cmocka_unit_test(a_shift_of_scale_changes_no_cause),
        cmocka_unit_test(a_constant_series_has_no_causes),
        cmocka_unit_test(rebasing_is_two_charts),
        cmocka_unit_test(neutral_is_neither),
    };
    size_t n = 4;

    ADD_CASES(golden_cases, golden)
    ADD_CASES(rule_cases, rule)
    ADD_CASES(rule_cases, mirrored)
    ADD_CASES(peak_cases, rule)
    ADD_CASES(refusal_cases, refusals_have_a_name)
    return _cmocka_run_group_tests("impact/spc", tests, n, NULL, NULL);
}
