/* Straight lines: golden f, the distribution of Durbin-Watson against simulation, refusals. */
#include "tests/standardise/golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/regression.h"
#include "hestia/trend.h"
#include "impact/draw.h"

enum { MAX_POINTS = 400 };

static void assert_within(double actual, double expected, double distance)
{
    if (!(fabs(actual - expected) <= distance)) {
        fail_msg("%.17g is not within %g of %.17g", actual, distance, expected);
    }
}

typedef struct series {
    size_t n;
    double t[MAX_POINTS], y[MAX_POINTS];
} series;

static const hst_trend_options ols = {.errors = HST_TREND_OLS, .lag = -1, .confidence = 95};

static series read_series(const hst_table *table, const char *name)
{
    series s = {0};

    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        if (strcmp(golden_text(table, row, "series"), name) == 0) {
            assert_true(s.n < MAX_POINTS);
            s.t[s.n] = golden_number(table, row, "t");
            s.y[s.n++] = golden_number(table, row, "y");
        }
    }
    assert_true(s.n > 0);
    return s;
}

static hst_trend fit(const series *s, const hst_trend_options *options)
{
    hst_trend trend;
    hst_error err = {0};

    if (hst_trend_fit(&trend, s->t, s->y, s->n, options, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return trend;
}

/* ---- golden f ---- */

static void golden_least_squares(void **state)
{
    hst_table *input = golden_read("f_trend/input_series.csv");
    hst_table *expected = golden_read("f_trend/expected_ols.csv");
    hst_trend_options wide = ols;

    (void)state;
    wide.confidence = 99.8;
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        series s = read_series(input, golden_text(expected, row, "series"));
        hst_trend trend = fit(&s, &ols), at998 = fit(&s, &wide);
        bool is_slope = strcmp(golden_text(expected, row, "term"), "slope") == 0;
        const hst_term *term = is_slope ? &trend.slope : &trend.intercept;
        const hst_term *term998 = is_slope ? &at998.slope : &at998.intercept;

        assert_string_equal(term->name, golden_text(expected, row, "term"));
        assert_int_equal(trend.n, golden_number(expected, row, "n"));
        assert_close(term->estimate, golden_number(expected, row, "estimate"), 1e-9);
        assert_close(term->se, golden_number(expected, row, "se"), 1e-9);
        assert_close(term->statistic, golden_number(expected, row, "t"), 1e-9);
        assert_close(term->p, golden_number(expected, row, "p"), 1e-9);
        assert_close(term->lower, golden_number(expected, row, "lower95"), 1e-9);
        assert_close(term->upper, golden_number(expected, row, "upper95"), 1e-9);
        assert_close(term998->lower, golden_number(expected, row, "lower998"), 1e-9);
        assert_close(term998->upper, golden_number(expected, row, "upper998"), 1e-9);
        assert_close(trend.sigma, golden_number(expected, row, "sigma"), 1e-9);
        assert_close(trend.r_squared, golden_number(expected, row, "r_squared"), 1e-9);
        assert_close(trend.df, golden_number(expected, row, "df"), 0);
        assert_close(trend.dw, golden_number(expected, row, "dw"), 1e-9);
        assert_close(trend.lag1, golden_number(expected, row, "resid_lag1"), 1e-9);
        assert_within(trend.dw_p_greater, golden_number(expected, row, "dw_p_greater"), 1e-7);
        assert_within(trend.dw_p_two_sided, golden_number(expected, row, "dw_p_two_sided"), 1e-7);
    }
    hst_table_free(input);
    hst_table_free(expected);
}

static void golden_newey_west(void **state)
{
    hst_table *input = golden_read("f_trend/input_series.csv");
    hst_table *expected = golden_read("f_trend/expected_newey_west.csv");

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        series s = read_series(input, golden_text(expected, row, "series"));
        hst_trend_options options = {.errors = HST_TREND_NEWEY_WEST, .confidence = 95};
        hst_trend trend;

        options.lag = (long)golden_number(expected, row, "lag");
        options.is_adjusted = golden_number(expected, row, "adjust") == 1;
        trend = fit(&s, &options);
        assert_close(trend.intercept.se, golden_number(expected, row, "se_intercept"), 1e-8);
        assert_close(trend.slope.se, golden_number(expected, row, "se_slope"), 1e-8);
        assert_close(trend.slope.statistic, golden_number(expected, row, "t_slope"), 1e-8);
        assert_close(trend.slope.p, golden_number(expected, row, "p_slope"), 1e-8);
        assert_int_equal(trend.lag, options.lag);
    }
    hst_table_free(input);
    hst_table_free(expected);
}

static struct ar1_case {
    const char *name;
    hst_trend_options options;
    double tolerance;
} ar1_cases[] = {
    {"prais_winsten_iterated", {.errors = HST_TREND_PRAIS_WINSTEN, .confidence = 95}, 1e-7},
    {"prais_winsten_twostep",
     {.errors = HST_TREND_PRAIS_WINSTEN, .is_two_step = true, .confidence = 95},
     1e-7},
    {"cochrane_orcutt_iterated", {.errors = HST_TREND_COCHRANE_ORCUTT, .confidence = 95}, 1e-6},
};

static void golden_ar1(void **state)
{
    const struct ar1_case *c = *state;
    hst_table *input = golden_read("f_trend/input_series.csv");
    hst_table *expected = golden_read("f_trend/expected_ar1.csv");
    size_t n_compared = 0;

    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        series s = read_series(input, golden_text(expected, row, "series"));
        hst_trend trend;

        if (strcmp(golden_text(expected, row, "method"), c->name) != 0) {
            continue;
        }
        trend = fit(&s, &c->options);
        assert_close(trend.rho, golden_number(expected, row, "rho"), c->tolerance);
        assert_close(trend.intercept.estimate, golden_number(expected, row, "intercept"),
                     c->tolerance);
        assert_close(trend.slope.estimate, golden_number(expected, row, "slope"), c->tolerance);
        assert_close(trend.intercept.se, golden_number(expected, row, "se_intercept"),
                     c->tolerance);
        assert_close(trend.slope.se, golden_number(expected, row, "se_slope"), c->tolerance);
        assert_close(trend.df,
                     (double)s.n - (c->options.errors == HST_TREND_COCHRANE_ORCUTT ? 3 : 2), 0);
        n_compared++;
    }
    assert_int_equal(n_compared, 5);
    hst_table_free(input);
    hst_table_free(expected);
}

/* ---- Durbin-Watson's distribution ---- */

static struct below_case {
    const char *name;
    size_t n;
} below_cases[] = {
    {"Durbin-Watson of 4 points", 4},
    {"Durbin-Watson of 13 points", 13},
    {"Durbin-Watson of 300 points, by the normal distribution", 300},
};

/* Share of simulated series whose statistic is below the first one's, beside its p. */
static void durbin_watson_agrees_with_simulation(void **state)
{
    const struct below_case *c = *state;
    const size_t n_draws = 8000;
    static double x[MAX_POINTS * 2], y[MAX_POINTS];
    static const char *const names[] = {"intercept", "t"};
    hst_design design = {.n = c->n, .k = 2, .x = x, .names = names};
    double dw = 0, p = 0;
    size_t n_below = 0;
    hst_error err = {0};

    for (size_t i = 0; i < c->n; i++) {
        x[2 * i] = 1;
        x[2 * i + 1] = 17.3 + (double)i;
    }
    for (size_t draw = 0; draw <= n_draws; draw++) {
        hst_fit line;
        double statistic = 0;

        for (size_t i = 0; i < c->n; i++) {
            y[i] = qnorm5(hst_draw_uniform(71, draw, i), 0, 1, 1, 0);
        }
        assert_int_equal(hst_least_squares(&line, &design, y, NULL, &err), HST_OK);
        statistic = hst_durbin_watson(line.residuals, c->n);
        if (draw == 0) {
            dw = statistic;
            assert_int_equal(hst_durbin_watson_p(&p, &design, line.bread, dw, &err), HST_OK);
        } else {
            n_below += statistic < dw ? 1 : 0;
        }
        hst_fit_clear(&line);
    }
    assert_within(p, (double)n_below / (double)n_draws, 0.017); /* three standard errors */
}

static void exact_and_normal_p_meet(void **state)
{
    static double x[2 * (HST_DURBIN_WATSON_EXACT + 1)];
    static const char *const names[] = {"intercept", "t"};
    double p[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t n = HST_DURBIN_WATSON_EXACT + i;
        hst_design design = {.n = n, .k = 2, .x = x, .names = names};
        double y[HST_DURBIN_WATSON_EXACT + 1] = {0};
        hst_fit line;
        hst_error err = {0};

        for (size_t j = 0; j < n; j++) {
            x[2 * j] = 1;
            x[2 * j + 1] = (double)j;
        }
        assert_int_equal(hst_least_squares(&line, &design, y, NULL, &err), HST_OK);
        assert_int_equal(hst_durbin_watson_p(&p[i], &design, line.bread, 1.8, &err), HST_OK);
        hst_fit_clear(&line);
    }
    assert_within(p[0], p[1], 2e-3);
}

/* ---- properties ---- */

static const hst_trend_errors all_errors[] = {HST_TREND_OLS, HST_TREND_NEWEY_WEST,
                                              HST_TREND_PRAIS_WINSTEN, HST_TREND_COCHRANE_ORCUTT};

static void units_of_y_and_t_change_nothing_else(void **state)
{
    hst_table *input = golden_read("f_trend/input_series.csv");
    series s = read_series(input, "ar_pos"), moved = s;

    (void)state;
    for (size_t i = 0; i < s.n; i++) {
        moved.t[i] = 2001 + s.t[i] / 12;
        moved.y[i] = 1000 * s.y[i] - 7;
    }
    for (size_t i = 0; i < 4; i++) {
        hst_trend_options options = {.errors = all_errors[i], .lag = 3, .confidence = 95};
        hst_trend a = fit(&s, &options), b = fit(&moved, &options);

        assert_close(b.slope.estimate, 12000 * a.slope.estimate, 1e-8);
        assert_close(b.slope.se, 12000 * a.slope.se, 1e-8);
        assert_close(b.slope.p, a.slope.p, 1e-6);
        assert_close(b.dw, a.dw, 1e-8);
    }
    hst_table_free(input);
}

static void missing_points_are_left_out(void **state)
{
    hst_table *input = golden_read("f_trend/input_series.csv");
    series s = read_series(input, "noise"), without = s;
    hst_trend a, b;

    (void)state;
    s.y[7] = NAN;
    memmove(&without.t[7], &without.t[8], (s.n - 8) * sizeof *s.t);
    memmove(&without.y[7], &without.y[8], (s.n - 8) * sizeof *s.y);
    without.n--;
    a = fit(&s, &ols);
    b = fit(&without, &ols);
    assert_int_equal(a.n, 59);
    assert_close(a.slope.estimate, b.slope.estimate, 0);
    assert_close(a.slope.p, b.slope.p, 0);
    hst_table_free(input);
}

static void lag_by_rule_when_none_is_given(void **state)
{
    hst_table *input = golden_read("f_trend/input_series.csv");
    series s = read_series(input, "ar_neg");
    hst_trend_options options = {
        .errors = HST_TREND_NEWEY_WEST, .lag = -1, .is_adjusted = true, .confidence = 95};

    (void)state;
    assert_int_equal(fit(&s, &options).lag, 3);
    hst_table_free(input);
}

/* ---- refusals ---- */

static struct refusal_case {
    const char *name;
    size_t n;
    double t[6], y[6];
    hst_trend_errors errors;
    const char *message;
} refusal_cases[] = {
    {"no points", 0, {0}, {0}, HST_TREND_OLS, "too few points: 0, at least 4"},
    {"three points", 3, {1, 2, 3}, {4, 7, 5}, HST_TREND_OLS, "too few points: 3"},
    {"three of four with a value",
     4,
     {1, 2, 3, 4},
     {4, NAN, 5, 1},
     HST_TREND_OLS,
     "too few points: 3"},
    {"constant", 5, {1, 2, 3, 4, 5}, {7, 7, 7, 7, 7}, HST_TREND_NEWEY_WEST, "constant series"},
    {"two at one time", 4, {1, 2, 2, 3}, {4, 7, 5, 1}, HST_TREND_OLS, "t does not rise"},
    {"time runs back", 4, {4, 3, 2, 1}, {4, 7, 5, 1}, HST_TREND_OLS, "t does not rise"},
    {"an exact line", 4, {1, 2, 3, 4}, {0.1, 0.3, 0.5, 0.7}, HST_TREND_PRAIS_WINSTEN, "on a line"},
    {"infinite", 4, {1, 2, 3, 4}, {4, 7, INFINITY, 1}, HST_TREND_OLS, "not finite"},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    hst_trend_options options = {.errors = c->errors, .lag = -1, .confidence = 95};
    hst_trend trend;
    hst_error err = {0};

    assert_int_equal(hst_trend_fit(&trend, c->t, c->y, c->n, &options, &err), HST_REFUSED);
    if (!strstr(err.message, c->message)) {
        fail_msg("%s is not about %s", err.message, c->message);
    }
    assert_int_equal(trend.n, 0);
}

/* A few huge residuals that grow along the line: rho runs past 1 when iterated. */
static void runaway_autocorrelation_is_refused(void **state)
{
    static const double t[] = {1, 2, 3, 4, 5, 6}, y[] = {0, 0, 0, 1, 10, 100};
    hst_trend_options options = {.errors = HST_TREND_COCHRANE_ORCUTT, .confidence = 95};
    hst_trend trend;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_trend_fit(&trend, t, y, 6, &options, &err), HST_REFUSED);
    assert_non_null(strstr(err.message, "autocorrelation of the errors"));
}

static void confidence_has_a_range(void **state)
{
    static const double t[] = {1, 2, 3, 4}, y[] = {4, 7, 5, 1};
    hst_trend_options options = {.confidence = 100};
    hst_trend trend;

    (void)state;
    assert_int_equal(hst_trend_fit(&trend, t, y, 4, &options, NULL), HST_ERR_ARGUMENT);
}

int main(void)
{
    struct CMUnitTest tests[32] = {
        cmocka_unit_test(golden_least_squares),
        cmocka_unit_test(golden_newey_west),
        cmocka_unit_test(exact_and_normal_p_meet),
        cmocka_unit_test(units_of_y_and_t_change_nothing_else),
        cmocka_unit_test(missing_points_are_left_out),
        cmocka_unit_test(lag_by_rule_when_none_is_given),
        cmocka_unit_test(runaway_autocorrelation_is_refused),
        cmocka_unit_test(confidence_has_a_range),
    };
    size_t n = 8;

#define ADD(cases, function)                                                                       \
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {                                  \
        tests[n++] = (struct CMUnitTest){                                                          \
            .name = cases[i].name, .test_func = function, .initial_state = &cases[i]};             \
    }
    ADD(ar1_cases, golden_ar1)
    ADD(below_cases, durbin_watson_agrees_with_simulation)
    ADD(refusal_cases, refusals_have_a_name)
    return _cmocka_run_group_tests("impact/trend", tests, n, NULL, NULL);
}
