/* Changes of one series: golden j, hand-worked numbers, simulated p-values, and refusals. */
#include <stdlib.h>
#include <string.h>

#include "hestia/changepoint.h"
#include "tests/standardise/golden.h"

#define GOLDEN "j_changepoint/"

enum { MAX_POINTS = 100 };

static size_t read_series(double *y, const char *name)
{
    hst_table *table = golden_read(GOLDEN "input.csv");
    size_t n = 0;

    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        if (strcmp(golden_text(table, row, "series"), name) == 0) {
            y[n++] = golden_number(table, row, "count");
        }
    }
    assert_true(n > 0 && n <= MAX_POINTS);
    hst_table_free(table);
    return n;
}

static hst_change_model read_model(const hst_table *table, size_t row)
{
    const char *name = golden_text(table, row, "model");

    return strcmp(name, "level") == 0 ? HST_CHANGE_LEVEL : HST_CHANGE_LEVEL_TREND;
}

static void golden_f_statistics(void **state)
{
    hst_table *table = golden_read(GOLDEN "expected_fstats.csv");
    double y[MAX_POINTS], f[MAX_POINTS];
    hst_sup_f test;
    hst_error err = {0};

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        size_t n = read_series(y, golden_text(table, row, "series"));
        size_t after = (size_t)golden_number(table, row, "last_obs_before_break") - 1;
        double expected = golden_number(table, row, "F");

        assert_int_equal(hst_sup_f_test(&test, f, y, n, read_model(table, row), 0.15, NULL, &err),
                         HST_OK);
        assert_true(fabs(f[after] - expected) <= 1e-10 + 1e-9 * expected);
        assert_true(isnan(f[0]) && isnan(f[n - 1]));
    }
    hst_table_free(table);
}

/* The p there is Hansen's approximation for long series without a trend. It is good where a p is
 * small; near 1 it is off what series of this length give by up to 0.055 (0.979 for 0.924). */
static void golden_sup_f_and_p(void **state)
{
    hst_table *table = golden_read(GOLDEN "expected_supf.csv");
    double y[MAX_POINTS];
    hst_sup_f test;
    hst_error err = {0};

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        size_t n = read_series(y, golden_text(table, row, "series"));
        hst_sup_f_null *null = NULL;
        double expected_p = NAN;

        assert_int_equal(n, (size_t)golden_number(table, row, "n"));
        assert_int_equal(
            hst_sup_f_null_create(&null, n, read_model(table, row), 0.15, 19999, 1, 2, &err),
            HST_OK);
        assert_int_equal(
            hst_sup_f_test(&test, NULL, y, n, read_model(table, row), 0.15, null, &err), HST_OK);
        assert_close(test.sup_f, golden_number(table, row, "supF"), 1e-9);
        assert_close(test.ave_f, golden_number(table, row, "aveF"), 1e-9);
        assert_int_equal(test.last_before + 1, golden_number(table, row, "last_obs_before_break"));
        expected_p = golden_number(table, row, "p_value");
        assert_true(fabs(test.p - expected_p) <= (expected_p < 0.1 ? 1e-2 : 0.06));
        hst_sup_f_null_free(null);
    }
    hst_table_free(table);
}

static void golden_segmentations(void **state)
{
    hst_table *table = golden_read(GOLDEN "expected_breakpoints.csv");
    double y[MAX_POINTS];
    hst_segmentations s;
    hst_error err = {0};

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        size_t n = read_series(y, golden_text(table, row, "series"));
        size_t changes = (size_t)golden_number(table, row, "breaks");
        const char *ends = golden_text(table, row, "last_obs_of_each_regime");

        assert_int_equal(hst_segmentations_fit(&s, y, n, read_model(table, row), 0.15, 5, &err),
                         HST_OK);
        assert_int_equal(s.n_fitted, 6);
        assert_close(s.rss[changes], golden_number(table, row, "rss"), 1e-9);
        assert_close(s.bic[changes], golden_number(table, row, "bic"), 1e-9);
        assert_int_equal(s.chosen == changes, golden_number(table, row, "chosen_by_bic"));
        for (size_t i = 0; i < changes; i++) {
            assert_int_equal(s.last_of_regime[changes][i] + 1, strtoul(ends, NULL, 10));
            ends += strcspn(ends, ";") + 1;
        }
        for (size_t i = 0; i < s.chosen; i++) {
            assert_true(s.low[i] <= s.last_of_regime[s.chosen][i] &&
                        s.high[i] >= s.last_of_regime[s.chosen][i]);
        }
    }
    hst_table_free(table);
}

static void golden_level_shifts(void **state)
{
    hst_table *table = golden_read(GOLDEN "expected_level_shift.csv");
    double y[MAX_POINTS];
    hst_level_shift s;
    hst_error err = {0};

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        size_t n = read_series(y, golden_text(table, row, "series"));
        size_t first_after = (size_t)golden_number(table, row, "first_obs_after") - 1;

        assert_int_equal(hst_level_shift_at(&s, y, n, first_after, 12, &err), HST_OK);
        assert_close(s.median_before, golden_number(table, row, "median_before"), 1e-8);
        assert_close(s.median_after, golden_number(table, row, "median_after"), 1e-8);
        assert_close(s.ratio, golden_number(table, row, "ratio"), 1e-8);
        assert_close(s.log2_ratio, golden_number(table, row, "log2_ratio"), 1e-8);
        assert_close(s.mad_before, golden_number(table, row, "mad_before"), 1e-8);
        assert_close(s.mad_after, golden_number(table, row, "mad_after"), 1e-8);
        assert_close(s.robust_z, golden_number(table, row, "robust_z"), 1e-8);
        assert_close(s.wilcoxon_w, golden_number(table, row, "wilcoxon_w"), 1e-8);
        assert_close(s.wilcoxon_p, golden_number(table, row, "wilcoxon_p"), 1e-8);
    }
    hst_table_free(table);
}

/* ---- what the golden numbers do not hold ---- */

/* Two levels, 17.3 for eleven points and 29.41 for nine, with noise of 0.1 and less. */
static void make_step(double *y)
{
    for (size_t t = 0; t < 20; t++) {
        y[t] = (t < 11 ? 17.3 : 29.41) + 0.01 * (double)((7 * t) % 11);
    }
}

static void size_and_range_of_a_clear_step(void **state)
{
    double y[20];
    hst_segmentations s;
    hst_error err = {0};

    (void)state;
    make_step(y);
    assert_int_equal(hst_segmentations_fit(&s, y, 20, HST_CHANGE_LEVEL, 0.15, 5, &err), HST_OK);
    assert_int_equal(s.chosen, 1);
    assert_int_equal(s.last_of_regime[1][0], 10);
    assert_int_equal(s.low[0], 10);
    assert_int_equal(s.high[0], 10);
    assert_true(fabs(s.size[0] - (29.41 / 17.3 - 1)) < 0.01);
}

static void size_beside_a_trend_is_the_jump_alone(void **state)
{
    double y[24];
    hst_segmentations s;
    hst_error err = {0};

    (void)state;
    for (size_t t = 0; t < 24; t++) {
        y[t] = 100 + 3 * (double)t + 0.01 * (double)((5 * t) % 7) + (t >= 10 ? 65 : 0);
    }
    assert_int_equal(hst_segmentations_fit(&s, y, 24, HST_CHANGE_LEVEL_TREND, 0.15, 2, &err),
                     HST_OK);
    assert_int_equal(s.chosen, 1);
    assert_int_equal(s.last_of_regime[1][0], 9);
    assert_true(fabs(s.size[0] - 65.0 / 130) < 1e-3);
}

static void noise_widens_the_range(void **state)
{
    double y[20];
    hst_segmentations s;
    hst_error err = {0};

    (void)state;
    make_step(y);
    for (size_t t = 0; t < 20; t++) {
        y[t] += 1.3 * (double)((t * t + 3 * t) % 11) - 6.5;
    }
    assert_int_equal(hst_segmentations_fit(&s, y, 20, HST_CHANGE_LEVEL, 0.15, 1, &err), HST_OK);
    assert_int_equal(s.chosen, 1);
    assert_true(s.low[0] < s.high[0]);
    assert_true(s.low[0] >= 2 && s.high[0] <= 16);
}

static void a_step_without_noise_has_one_change(void **state)
{
    double y[20];
    hst_segmentations s;
    hst_sup_f test;
    hst_error err = {0};

    (void)state;
    for (size_t t = 0; t < 20; t++) {
        y[t] = t < 8 ? 0.1 : 0.3;
    }
    assert_int_equal(hst_segmentations_fit(&s, y, 20, HST_CHANGE_LEVEL, 0.15, 5, &err), HST_OK);
    assert_int_equal(s.chosen, 1);
    assert_int_equal(s.last_of_regime[1][0], 7);
    assert_int_equal(s.low[0], 7);
    assert_int_equal(s.high[0], 7);
    assert_close(s.size[0], 2, 1e-9);
    assert_int_equal(hst_sup_f_test(&test, NULL, y, 20, HST_CHANGE_LEVEL, 0.15, NULL, &err),
                     HST_OK);
    assert_int_equal(test.last_before, 7);
}

static void scale_moves_nothing_but_rss(void **state)
{
    double y[20], larger[20];
    hst_segmentations a, b;
    hst_sup_f f, g;
    hst_error err = {0};

    (void)state;
    make_step(y);
    for (size_t t = 0; t < 20; t++) {
        larger[t] = 1e6 * y[t];
    }
    assert_int_equal(hst_segmentations_fit(&a, y, 20, HST_CHANGE_LEVEL, 0.15, 3, &err), HST_OK);
    assert_int_equal(hst_segmentations_fit(&b, larger, 20, HST_CHANGE_LEVEL, 0.15, 3, &err),
                     HST_OK);
    assert_memory_equal(a.last_of_regime, b.last_of_regime, sizeof a.last_of_regime);
    assert_close(b.size[0], a.size[0], 1e-12);
    assert_int_equal(hst_sup_f_test(&f, NULL, y, 20, HST_CHANGE_LEVEL_TREND, 0.15, NULL, &err),
                     HST_OK);
    assert_int_equal(hst_sup_f_test(&g, NULL, larger, 20, HST_CHANGE_LEVEL_TREND, 0.15, NULL, &err),
                     HST_OK);
    assert_close(g.sup_f, f.sup_f, 1e-10);
}

static void draws_do_not_depend_on_threads(void **state)
{
    static const int n_threads[] = {1, 2, 7};
    double p[3][4];
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        hst_sup_f_null *null = NULL;

        assert_int_equal(hst_sup_f_null_create(&null, 36, HST_CHANGE_LEVEL_TREND, 0.15, 999, 17,
                                               n_threads[i], &err),
                         HST_OK);
        for (size_t j = 0; j < 4; j++) {
            p[i][j] = hst_sup_f_null_p(null, 2.5 * (double)(j + 1));
        }
        hst_sup_f_null_free(null);
    }
    assert_memory_equal(p[0], p[1], sizeof p[0]);
    assert_memory_equal(p[0], p[2], sizeof p[0]);
    assert_true(p[0][0] > p[0][1] && p[0][1] > p[0][2] && p[0][2] > p[0][3]);
}

static void p_is_never_zero_nor_above_one(void **state)
{
    hst_sup_f_null *null = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_sup_f_null_create(&null, 20, HST_CHANGE_LEVEL, 0.15, 99, 3, 1, &err),
                     HST_OK);
    assert_close(hst_sup_f_null_p(null, INFINITY), 0.01, 1e-15);
    assert_close(hst_sup_f_null_p(null, 0), 1, 1e-15);
    hst_sup_f_null_free(null);
    assert_int_equal(hst_sup_f_null_create(&null, 20, HST_CHANGE_LEVEL, 0.15, 0, 3, 1, &err),
                     HST_ERR_ARGUMENT);
    assert_null(null);
}

/* Each null series is as likely as any other to be the largest: p of new draws is uniform. */
static void p_of_null_series_is_uniform(void **state)
{
    enum { N_SERIES = 400, N = 24 };
    static double p[N_SERIES], q[N_SERIES];
    uint64_t random = 99;
    hst_sup_f_null *null = NULL;
    hst_error err = {0};
    size_t n_small = 0, n_found = 0;

    (void)state;
    assert_int_equal(hst_sup_f_null_create(&null, N, HST_CHANGE_LEVEL, 0.15, 1999, 5, 2, &err),
                     HST_OK);
    for (size_t i = 0; i < N_SERIES; i++) {
        double y[N];
        hst_sup_f test;

        for (size_t t = 0; t < N; t++) {
            y[t] = 0;
            for (size_t j = 0; j < 12; j++) { /* twelve uniforms are nearly normal */
                random = random * 6364136223846793005u + 1442695040888963407u;
                y[t] += (double)(random >> 33) / 2147483648.0;
            }
        }
        assert_int_equal(hst_sup_f_test(&test, NULL, y, N, HST_CHANGE_LEVEL, 0.15, null, &err),
                         HST_OK);
        p[i] = test.p;
        n_small += p[i] <= 0.1;
    }
    assert_true(n_small > 20 && n_small < 60); /* 40, give or take 6 */
    assert_int_equal(hst_false_discovery(q, p, N_SERIES, &err), HST_OK);
    for (size_t i = 0; i < N_SERIES; i++) {
        n_found += q[i] <= 0.05;
    }
    assert_true(n_found <= 2);
    hst_sup_f_null_free(null);
}

static void false_discovery_by_hand(void **state)
{
    static const double p[] = {0.01, NAN, 0.9, 0.02, 0.03, 0.01},
                        expected[] = {0.025, NAN, 0.9, 0.1 / 3, 0.0375, 0.025};
    double q[6];
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_false_discovery(q, p, 6, &err), HST_OK);
    for (size_t i = 0; i < 6; i++) {
        assert_close(q[i], expected[i], 1e-14);
    }
    assert_int_equal(hst_false_discovery(q, p, 0, &err), HST_OK);
}

static void shift_of_equal_and_zero_points(void **state)
{
    static const double same[] = {5, 5, 5, 5}, from_zero[] = {0, 0, 3, 4};
    hst_level_shift s;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_level_shift_at(&s, same, 4, 2, 2, &err), HST_OK);
    assert_close(s.ratio, 1, 0);
    assert_true(isnan(s.robust_z) && isnan(s.wilcoxon_p));
    assert_close(s.wilcoxon_w, 2, 1e-15); /* half of the four pairs */
    assert_int_equal(hst_level_shift_at(&s, from_zero, 4, 2, 2, &err), HST_OK);
    assert_true(isnan(s.ratio));
    assert_close(s.wilcoxon_w, 4, 1e-15);
}

static struct refusal_case {
    const char *name, *message;
    size_t n;
    hst_change_model model;
    double slope, missing_at;
} refusal_cases[] = {
    {"six points", "too few points: 6, with 0", 6, HST_CHANGE_LEVEL, 0.1, -1},
    {"one point a part and one term", "too few points: 13, with 1", 13, HST_CHANGE_LEVEL, 0.1, -1},
    {"two points a part and two terms",
     "too few points: 19, with 2 in the shortest part for 2 terms", 19, HST_CHANGE_LEVEL_TREND, 0.1,
     -1},
    {"a constant series", "nothing varies about the level", 20, HST_CHANGE_LEVEL, 0, -1},
    {"a line", "nothing varies about the line", 20, HST_CHANGE_LEVEL_TREND, 1, -1},
    {"a missing value", "a missing value, at point 4", 20, HST_CHANGE_LEVEL, 1, 3},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    double y[20];
    hst_sup_f test;
    hst_segmentations s;
    hst_error err = {0};

    for (size_t t = 0; t < c->n; t++) {
        y[t] = (double)t == c->missing_at ? NAN : 17 + c->slope * (double)t;
    }
    assert_int_equal(hst_sup_f_test(&test, NULL, y, c->n, c->model, 0.15, NULL, &err), HST_REFUSED);
    assert_non_null(strstr(err.message, c->message));
    assert_true(isnan(test.sup_f) && isnan(test.p));
    if (strncmp(c->message, "nothing", 7) != 0) {
        memset(&err, 0, sizeof err);
        assert_int_equal(hst_segmentations_fit(&s, y, c->n, c->model, 0.15, 5, &err), HST_REFUSED);
        assert_non_null(strstr(err.message, c->message));
    }
}

static void segmentation_of_zeros_and_shift_of_too_few_are_refused(void **state)
{
    static const double zeros[20], missing[] = {1, 2, NAN, 4};
    hst_segmentations s;
    hst_level_shift shift;
    hst_sup_f_null *null = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_segmentations_fit(&s, zeros, 20, HST_CHANGE_LEVEL, 0.15, 5, &err),
                     HST_REFUSED);
    assert_non_null(strstr(err.message, "all values are 0"));
    assert_int_equal(hst_level_shift_at(&shift, zeros, 20, 11, 12, &err), HST_REFUSED);
    assert_non_null(strstr(err.message, "too few points: 11 before and 9 after, of 12"));
    assert_int_equal(hst_level_shift_at(&shift, zeros, 20, 21, 1, &err), HST_REFUSED);
    assert_int_equal(hst_level_shift_at(&shift, missing, 4, 2, 2, &err), HST_REFUSED);
    assert_non_null(strstr(err.message, "a missing value"));
    assert_int_equal(hst_sup_f_null_create(&null, 6, HST_CHANGE_LEVEL, 0.15, 9, 1, 1, &err),
                     HST_REFUSED);
    assert_null(null);
}

/* Of every length of series: a share below 0 has no number of points. */
static void trim_out_of_range_is_our_mistake(void **state)
{
    static const double trims[] = {-0.1, 0, 0.51, NAN, INFINITY};
    static const double y[20] = {1, 2, 4, 3};

    (void)state;
    for (size_t i = 0; i < sizeof trims / sizeof trims[0]; i++) {
        hst_sup_f test;
        hst_segmentations s;
        hst_sup_f_null *null = NULL;
        hst_error err = {0};

        assert_int_equal(hst_sup_f_test(&test, NULL, y, 20, HST_CHANGE_LEVEL, trims[i], NULL, &err),
                         HST_ERR_ARGUMENT);
        assert_int_equal(hst_segmentations_fit(&s, y, 20, HST_CHANGE_LEVEL, trims[i], 5, &err),
                         HST_ERR_ARGUMENT);
        assert_int_equal(
            hst_sup_f_null_create(&null, 20, HST_CHANGE_LEVEL, trims[i], 9, 1, 1, &err),
            HST_ERR_ARGUMENT);
        assert_non_null(strstr(err.message, "a trim of"));
    }
}

int main(void)
{
    enum { N_PLAIN = 16, N_REFUSALS = sizeof refusal_cases / sizeof refusal_cases[0] };
    struct CMUnitTest tests[N_PLAIN + N_REFUSALS] = {
        cmocka_unit_test(golden_f_statistics),
        cmocka_unit_test(golden_sup_f_and_p),
        cmocka_unit_test(golden_segmentations),
        cmocka_unit_test(golden_level_shifts),
        cmocka_unit_test(size_and_range_of_a_clear_step),
        cmocka_unit_test(size_beside_a_trend_is_the_jump_alone),
        cmocka_unit_test(noise_widens_the_range),
        cmocka_unit_test(a_step_without_noise_has_one_change),
        cmocka_unit_test(scale_moves_nothing_but_rss),
        cmocka_unit_test(draws_do_not_depend_on_threads),
        cmocka_unit_test(p_is_never_zero_nor_above_one),
        cmocka_unit_test(p_of_null_series_is_uniform),
        cmocka_unit_test(false_discovery_by_hand),
        cmocka_unit_test(shift_of_equal_and_zero_points),
        cmocka_unit_test(segmentation_of_zeros_and_shift_of_too_few_are_refused),
        cmocka_unit_test(trim_out_of_range_is_our_mistake),
    };

    for (size_t i = 0; i < N_REFUSALS; i++) {
        tests[N_PLAIN + i] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                                 .test_func = refusals_have_a_name,
                                                 .initial_state = &refusal_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
