/* Least squares against hand-worked numbers, a hard problem with certified digits, and refusals. */
#include "tests/standardise/golden.h"

#include <math.h>
#include <string.h>

#include "hestia/regression.h"

static const char *const names[] = {"(Intercept)", "t", "twice", "x3", "x4", "x5"};

static void line_through_four_points(void **state)
{
    static const double x[] = {1, 1, 1, 2, 1, 3, 1, 4}, y[] = {2.5, 4.1, 5.2, 8.3};
    hst_design design = {.n = 4, .k = 2, .x = x, .names = names};
    hst_fit fit;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_least_squares(&fit, &design, y, NULL, &err), HST_OK);
    /* sums by hand: mean t 2.5, mean y 5.025, Sxy 9.25, Sxx 5 */
    assert_close(fit.coefficients[1], 1.85, 1e-14);
    assert_close(fit.coefficients[0], 5.025 - 1.85 * 2.5, 1e-13);
    assert_close(fit.bread[3], 0.2, 1e-14);
    assert_close(fit.bread[0], 0.25 + 2.5 * 2.5 / 5, 1e-14);
    assert_close(fit.bread[1], -0.5, 1e-14);
    assert_close(fit.rss, 17.9875 - 1.85 * 9.25, 1e-12); /* Syy - slope Sxy */
    hst_fit_clear(&fit);
}

/* The line of golden d, rates by deprivation. */
static void golden_line_of_many_areas(void **state)
{
    enum { MAX_AREAS = 200 };
    hst_table *areas = golden_read("d_indirect/expected_acs.csv");
    hst_table *model = golden_read("d_indirect/expected_acs_model.csv");
    size_t n = hst_table_n_rows(areas);
    double x[2 * MAX_AREAS], y[MAX_AREAS], mean = 0, squares = 0;
    hst_design design = {.n = n, .k = 2, .x = x, .names = names};
    hst_fit fit;
    hst_error err = {0};

    (void)state;
    assert_true(n <= MAX_AREAS);
    for (size_t i = 0; i < n; i++) {
        x[2 * i] = 1;
        x[2 * i + 1] = golden_number(areas, i, "imd");
        y[i] = golden_number(areas, i, "isr");
        mean += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        squares += (y[i] - mean) * (y[i] - mean);
    }
    assert_int_equal(hst_least_squares(&fit, &design, y, NULL, &err), HST_OK);
    assert_int_equal(hst_table_n_rows(model), 2);
    for (size_t j = 0; j < 2; j++) {
        double df = golden_number(model, j, "df"), se = sqrt(fit.bread[3 * j] * fit.rss / df);

        assert_close((double)(n - 2), df, 0);
        assert_close(fit.coefficients[j], golden_number(model, j, "estimate"), 1e-8);
        assert_close(se, golden_number(model, j, "se"), 1e-8);
        assert_close(fit.coefficients[j] / se, golden_number(model, j, "t"), 1e-8);
        assert_close(sqrt(fit.rss / df), golden_number(model, j, "sigma"), 1e-8);
        assert_close(1 - fit.rss / squares, golden_number(model, j, "r_squared"), 1e-8);
    }
    hst_fit_clear(&fit);
    hst_table_free(areas);
    hst_table_free(model);
}

static void weight_two_is_a_row_twice(void **state)
{
    static const double x[] = {1, 1, 1, 2, 1, 4, 1, 4}, y[] = {2.5, 4.1, 5.2, 5.2};
    static const double weights[] = {1, 1, 2};
    hst_design twice = {.n = 4, .k = 2, .x = x, .names = names}, once = twice;
    hst_fit a, b;
    hst_error err = {0};

    (void)state;
    once.n = 3;
    assert_int_equal(hst_least_squares(&a, &twice, y, NULL, &err), HST_OK);
    assert_int_equal(hst_least_squares(&b, &once, y, weights, &err), HST_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_close(b.coefficients[i], a.coefficients[i], 1e-13);
        assert_close(b.bread[i * 3], a.bread[i * 3], 1e-13);
    }
    assert_close(b.rss, a.rss, 1e-12);
    hst_fit_clear(&a);
    hst_fit_clear(&b);
}

/* A polynomial of degree five whose normal equations have a condition number of 1e12. */
static void ill_conditioned_polynomial_keeps_its_digits(void **state)
{
    double x[21 * 6], y[21];
    hst_design design = {.n = 21, .k = 6, .x = x, .names = names};
    hst_fit fit;
    hst_error err = {0};

    (void)state;
    for (int i = 0; i < 21; i++) {
        y[i] = 0;
        for (int j = 0; j < 6; j++) {
            x[i * 6 + j] = pow(i, j);
            y[i] += x[i * 6 + j]; /* exact: all coefficients are 1 */
        }
    }
    assert_int_equal(hst_least_squares(&fit, &design, y, NULL, &err), HST_OK);
    for (int j = 0; j < 6; j++) {
        assert_close(fit.coefficients[j], 1, 1e-9);
    }
    hst_fit_clear(&fit);
}

static struct refusal_case {
    const char *name;
    size_t n, k;
    double x[9], y[3];
    const char *message;
} refusal_cases[] = {
    {"fewer points than terms", 1, 2, {1, 1}, {3}, "too few points: 1 for 2 terms"},
    {"a term twice another", 3, 3, {1, 1, 2, 1, 2, 4, 1, 3, 6}, {1, 2, 4}, "collinear: "},
    {"a term of zeros", 3, 2, {1, 0, 1, 0, 1, 0}, {1, 2, 4}, "collinear: t is 0 everywhere"},
    {"an infinite number", 3, 2, {1, 1, 1, INFINITY, 1, 3}, {1, 2, 4}, "not finite"},
    {"a missing answer", 3, 2, {1, 1, 1, 2, 1, 3}, {1, NAN, 4}, "not finite"},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    hst_design design = {.n = c->n, .k = c->k, .x = c->x, .names = names};
    hst_fit fit;
    hst_error err = {0};

    assert_int_equal(hst_least_squares(&fit, &design, c->y, NULL, &err), HST_REFUSED);
    assert_non_null(strstr(err.message, c->message));
    assert_null(fit.coefficients);
}

static void white_errors_by_hand(void **state)
{
    static const double x[] = {1, 1, 1}, y[] = {1, 2, 6};
    hst_design design = {.n = 3, .k = 1, .x = x, .names = names};
    hst_fit fit;
    double variance = 0;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_least_squares(&fit, &design, y, NULL, &err), HST_OK);
    assert_int_equal(hst_newey_west(&variance, fit.bread, &design, fit.residuals, 0, false, &err),
                     HST_OK);
    assert_close(variance, 14.0 / 9, 1e-14); /* residuals -2, -1, 3 */
    assert_int_equal(hst_newey_west(&variance, fit.bread, &design, fit.residuals, 1, true, &err),
                     HST_OK);
    assert_close(variance, (14.0 + 2 * 0.5 * (2 - 3)) / 9 * 3 / 2, 1e-14);
    assert_close(hst_durbin_watson(fit.residuals, 3), 17.0 / 14, 1e-14);
    assert_close(hst_lag1_correlation(fit.residuals, 3), -1.0 / 14, 1e-14);
    hst_fit_clear(&fit);
}

static void lag_by_rule(void **state)
{
    (void)state;
    assert_int_equal(hst_newey_west_lag(40), 3);
    assert_int_equal(hst_newey_west_lag(100), 4);
    assert_int_equal(hst_newey_west_lag(12), 2);
}

int main(void)
{
    enum { N_CASES = sizeof refusal_cases / sizeof refusal_cases[0] };
    struct CMUnitTest tests[5 + N_CASES] = {
        cmocka_unit_test(line_through_four_points),
        cmocka_unit_test(golden_line_of_many_areas),
        cmocka_unit_test(weight_two_is_a_row_twice),
        cmocka_unit_test(ill_conditioned_polynomial_keeps_its_digits),
        cmocka_unit_test(white_errors_by_hand),
        cmocka_unit_test(lag_by_rule),
    };

    for (size_t i = 0; i < N_CASES; i++) {
        tests[5 + i] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                           .test_func = refusals_have_a_name,
                                           .initial_state = &refusal_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
