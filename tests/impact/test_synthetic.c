/* Synthetic control: golden numbers, first-order conditions, a slow solution of small problems, and
 * what can go wrong. */
#include "hestia/synthetic.h"

#include <stdlib.h>
#include <string.h>

#include "tests/standardise/golden.h"

enum { MAX_TIMES = 140, MAX_DONORS = 160 };

static double treated[MAX_TIMES], donors[MAX_DONORS * MAX_TIMES];

/* Numbers between 0 and 1 that are the same everywhere. */
static double next_number(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

static void fill(size_t n_times, size_t n_donors, uint64_t seed, double level, double spread)
{
    for (size_t t = 0; t < n_times; t++) {
        treated[t] = level + spread * next_number(&seed);
    }
    for (size_t i = 0; i < n_donors * n_times; i++) {
        donors[i] = level + spread * next_number(&seed);
    }
}

static hst_synthetic_input input_of(size_t n_times, size_t n_before, size_t n_donors)
{
    return (hst_synthetic_input){.n_times = n_times,
                                 .n_before = n_before,
                                 .n_donors = n_donors,
                                 .treated = treated,
                                 .donors = donors};
}

static hst_synthetic fit(const hst_synthetic_input *input)
{
    hst_synthetic fitted;
    hst_error err = {0};

    if (hst_synthetic_fit(&fitted, input, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return fitted;
}

static hst_synthetic_tests test(const hst_synthetic_input *input, int n_threads)
{
    hst_synthetic_tests tests;
    hst_error err = {0};

    if (hst_synthetic_test(&tests, input, n_threads, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return tests;
}

/* Not below 0, sum 1; and no donor whose entry would lower the sum of squares: the derivative along
 * any donor is that of the donors in use, or above it. */
static void check_optimal(const hst_synthetic_input *input, const hst_synthetic *fitted)
{
    double sum = 0, lowest = INFINITY, mean = 0, size = 0;
    size_t n_weighted = 0;

    for (size_t j = 0; j < input->n_donors; j++) {
        const double *donor = &input->donors[j * input->n_times];
        double slope = 0;

        assert_true(fitted->weights[j] >= 0);
        sum += fitted->weights[j];
        n_weighted += fitted->weights[j] > 0;
        for (size_t t = 0; t < input->n_before; t++) {
            double difference = donor[t] - input->treated[t];

            slope += difference * (fitted->synthetic[t] - input->treated[t]);
            size = fmax(size, difference * difference);
        }
        lowest = fmin(lowest, slope);
        mean += fitted->weights[j] * slope;
    }
    assert_close(sum, 1, 1e-14);
    assert_true(n_weighted == fitted->n_weighted && n_weighted <= input->n_before + 1);
    assert_close(mean, fitted->pre_sse, 1e-9 * fmax(1, size / fmax(fitted->pre_sse, 1e-300)));
    assert_true(mean - lowest <= 1e-9 * size * (double)input->n_before);
}

/* ---- golden ---- */

static hst_synthetic_input read_case(const hst_table *table, const char *name)
{
    hst_synthetic_input input = input_of(0, 0, 8);
    size_t n = 0;

    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        if (strcmp(golden_text(table, row, "case"), name) == 0) {
            n++;
        }
    }
    input.n_times = n;
    n = 0;
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        if (strcmp(golden_text(table, row, "case"), name) != 0) {
            continue;
        }
        input.n_before += strcmp(golden_text(table, row, "period"), "pre") == 0;
        treated[n] = golden_number(table, row, "treated");
        for (size_t j = 0; j < 8; j++) {
            char column[8];

            snprintf(column, sizeof column, "d%02zu", j + 1);
            donors[j * input.n_times + n] = golden_number(table, row, column);
        }
        n++;
    }
    return input;
}

static void golden_numbers(void **state)
{
    hst_table *data = golden_read("l_synth/input.csv"),
              *weights = golden_read("l_synth/expected_weights.csv"),
              *gaps = golden_read("l_synth/expected_gaps.csv"),
              *summary = golden_read("l_synth/expected_summary.csv");
    size_t weight_row = 0, gap_row = 0;

    (void)state;
    assert_int_equal(hst_table_n_rows(summary), 2);
    for (size_t row = 0; row < hst_table_n_rows(summary); row++) {
        hst_synthetic_input input = read_case(data, golden_text(summary, row, "case"));
        hst_synthetic fitted = fit(&input);
        double largest = 0;

        for (size_t t = 0; t < input.n_times; t++) {
            largest = fmax(largest, treated[t]);
        }
        assert_close(fitted.pre_sse, golden_number(summary, row, "pre_sse"), 1e-6);
        assert_close(fitted.pre_rmspe, golden_number(summary, row, "pre_rmspe"), 1e-6);
        assert_true(fabs(fitted.post_rmspe - golden_number(summary, row, "post_rmspe")) <=
                    1e-5 * largest);
        assert_true(fabs(fitted.post_mean_gap - golden_number(summary, row, "post_mean_gap")) <=
                    1e-5 * largest);
        for (size_t j = 0; j < input.n_donors; j++, weight_row++) {
            assert_true(fabs(fitted.weights[j] - golden_number(weights, weight_row, "weight")) <=
                        1e-5);
        }
        for (size_t t = 0; t < input.n_times; t++, gap_row++) {
            double gap = treated[t] - fitted.synthetic[t];

            assert_true(fabs(gap - golden_number(gaps, gap_row, "gap")) <= 1e-5 * largest);
        }
        assert_int_equal(fitted.n_ties, 0);
        check_optimal(&input, &fitted);
        hst_synthetic_clear(&fitted);
    }
    hst_table_free(data);
    hst_table_free(weights);
    hst_table_free(gaps);
    hst_table_free(summary);
}

/* ---- right ---- */

static void no_donor_would_help(void **state)
{
    static const size_t shapes[][2] = {{2, 1},  {2, 3},  {3, 3},   {8, 5},   {8, 30},
                                       {20, 8}, {40, 8}, {40, 60}, {96, 150}};
    static const double spreads[] = {1, 1e-3, 1e4};

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (uint64_t seed = 1; seed <= 9; seed++) {
            hst_synthetic_input input = input_of(shapes[i][0] + 2, shapes[i][0], shapes[i][1]);
            hst_synthetic fitted;

            fill(input.n_times, input.n_donors, seed, 17.3, spreads[seed % 3]);
            fitted = fit(&input);
            check_optimal(&input, &fitted);
            hst_synthetic_clear(&fitted);
        }
    }
}

/* Least squares of up to three donors on the edge, face and corners of the simplex: the best of all
 * mixtures on a grid, refined. */
static double slow_squares(const hst_synthetic_input *input)
{
    double best = INFINITY, centre[2] = {0.5, 0.5}, reach = 0.5;

    for (int level = 0; level < 40; level++, reach *= 0.6) {
        double from[2] = {centre[0], centre[1]};

        for (int a = -10; a <= 10; a++) {
            for (int b = -10; b <= 10; b++) {
                double w[3] = {fmin(1, fmax(0, from[0] + reach * a / 10)), 0, 0}, squares = 0;

                w[1] = fmin(1 - w[0], fmax(0, from[1] + reach * b / 10));
                w[2] = 1 - w[0] - w[1];
                for (size_t t = 0; t < input->n_before; t++) {
                    double gap = input->treated[t];

                    for (size_t j = 0; j < 3; j++) {
                        gap -= w[j] * input->donors[j * input->n_times + t];
                    }
                    squares += gap * gap;
                }
                if (squares < best) {
                    best = squares;
                    centre[0] = w[0];
                    centre[1] = w[1];
                }
            }
        }
    }
    return best;
}

static void small_problems_the_slow_way(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        hst_synthetic_input input = input_of(7, 5, 3);
        hst_synthetic fitted;
        double slow = 0;

        fill(7, 3, seed, 4, 9);
        fitted = fit(&input);
        slow = slow_squares(&input);
        assert_true(fitted.pre_sse <= slow * (1 + 1e-12));
        assert_close(fitted.pre_sse, slow, 1e-9);
        hst_synthetic_clear(&fitted);
    }
}

/* The treated is 0.31 of the third donor and 0.69 of the fifth, and 2.5 more after. */
static void a_mixture_is_found_again(void **state)
{
    hst_synthetic_input input = input_of(30, 24, 6);
    hst_synthetic fitted;

    (void)state;
    fill(30, 6, 7, 100, 20);
    for (size_t t = 0; t < 30; t++) {
        treated[t] = 0.31 * donors[2 * 30 + t] + 0.69 * donors[4 * 30 + t] + (t < 24 ? 0 : 2.5);
    }
    fitted = fit(&input);
    assert_close(fitted.weights[2], 0.31, 1e-12);
    assert_close(fitted.weights[4], 0.69, 1e-12);
    assert_int_equal(fitted.n_weighted, 2);
    assert_true(fitted.pre_rmspe < 1e-12);
    assert_close(fitted.post_mean_gap, 2.5, 1e-12);
    assert_close(fitted.post_rmspe, 2.5, 1e-12);
    hst_synthetic_clear(&fitted);
}

/* The fit is the same in other units, from another zero, and with donors in another order. */
static void units_and_order_do_not_matter(void **state)
{
    enum { N = 30, J = 12 };
    hst_synthetic_input input = input_of(N, 20, J);
    hst_synthetic first, other;
    double turned[J * N], scaled[N];

    (void)state;
    fill(N, J, 21, 50, 10);
    first = fit(&input);
    for (size_t j = 0; j < J; j++) {
        for (size_t t = 0; t < N; t++) {
            turned[(J - 1 - j) * N + t] = 1e-6 * donors[j * N + t] - 3;
        }
    }
    for (size_t t = 0; t < N; t++) {
        scaled[t] = 1e-6 * treated[t] - 3;
    }
    input.treated = scaled;
    input.donors = turned;
    other = fit(&input);
    for (size_t j = 0; j < J; j++) {
        assert_true(fabs(first.weights[j] - other.weights[J - 1 - j]) < 1e-7);
    }
    assert_close(other.post_mean_gap, 1e-6 * first.post_mean_gap, 1e-6);
    hst_synthetic_clear(&first);
    hst_synthetic_clear(&other);
}

/* ---- weights that are not the only ones ---- */

static void more_donors_than_points(void **state)
{
    hst_synthetic_input input = input_of(6, 4, 40);
    hst_synthetic fitted, again;

    (void)state;
    fill(6, 40, 3, 10, 1);
    for (size_t t = 0; t < 6; t++) { /* in the middle of them all */
        treated[t] = 10.5;
    }
    fitted = fit(&input);
    again = fit(&input);
    check_optimal(&input, &fitted);
    assert_true(fitted.pre_rmspe < 1e-13);
    assert_true(fitted.n_weighted <= 5);
    assert_int_equal(fitted.n_ties, 40 - fitted.n_weighted);
    assert_memory_equal(fitted.weights, again.weights, 40 * sizeof *fitted.weights);
    hst_synthetic_clear(&fitted);
    hst_synthetic_clear(&again);
}

static void the_first_of_equal_donors_has_the_weight(void **state)
{
    hst_synthetic_input input = input_of(14, 12, 9);
    hst_synthetic fitted;

    (void)state;
    fill(14, 3, 5, 10, 1);
    for (size_t copy = 1; copy < 3; copy++) {
        for (size_t i = 0; i < 3 * 14; i++) {
            donors[copy * 3 * 14 + i] = donors[i];
        }
    }
    fitted = fit(&input);
    check_optimal(&input, &fitted);
    for (size_t j = 3; j < 9; j++) {
        assert_close(fitted.weights[j], 0, 0);
    }
    assert_int_equal(fitted.n_ties, 2 * fitted.n_weighted);
    hst_synthetic_clear(&fitted);
}

static void a_donor_that_is_the_treated(void **state)
{
    hst_synthetic_input input = input_of(14, 12, 5);
    hst_synthetic fitted;

    (void)state;
    fill(14, 5, 6, 10, 1);
    for (size_t t = 0; t < 14; t++) {
        donors[3 * 14 + t] = treated[t] - (t < 12 ? 0 : 0.75);
    }
    fitted = fit(&input);
    assert_close(fitted.weights[3], 1, 0);
    assert_int_equal(fitted.n_weighted, 1);
    assert_close(fitted.pre_sse, 0, 0);
    assert_close(fitted.post_mean_gap, 0.75, 1e-14);
    hst_synthetic_clear(&fitted);
}

/* Almost the treated, the others far away: 1e-9 beside 1e6. */
static void donors_of_very_different_distance(void **state)
{
    hst_synthetic_input input = input_of(14, 12, 5);
    hst_synthetic fitted;

    (void)state;
    fill(14, 5, 8, 0, 1e6);
    for (size_t t = 0; t < 14; t++) {
        donors[2 * 14 + t] = treated[t] + 1e-9 * treated[13 - t];
    }
    fitted = fit(&input);
    check_optimal(&input, &fitted);
    assert_close(fitted.weights[2], 1, 1e-6);
    hst_synthetic_clear(&fitted);
}

static void series_without_variation(void **state)
{
    hst_synthetic_input input = input_of(10, 8, 3);
    hst_synthetic fitted;

    (void)state;
    for (size_t t = 0; t < 10; t++) {
        treated[t] = 4;
        donors[t] = 1;
        donors[10 + t] = 5;
        donors[20 + t] = 9;
    }
    fitted = fit(&input);
    check_optimal(&input, &fitted);
    assert_true(fitted.pre_rmspe < 1e-14);
    hst_synthetic_clear(&fitted);
    for (size_t t = 0; t < 10; t++) {
        treated[t] = 10; /* outside: the nearest has all */
    }
    fitted = fit(&input);
    assert_close(fitted.weights[2], 1, 0);
    assert_close(fitted.pre_rmspe, 1, 1e-14);
    hst_synthetic_clear(&fitted);
    for (size_t i = 0; i < 30; i++) {
        treated[i % 10] = donors[i] = 0;
    }
    fitted = fit(&input);
    assert_close(fitted.weights[0], 1, 0);
    assert_close(fitted.post_rmspe, 0, 0);
    hst_synthetic_clear(&fitted);
}

/* ---- tests ---- */

/* Every placebo and every donor left out, fitted one by one from tables of their own. */
static void placebos_one_by_one(void **state)
{
    enum { N = 24, J = 43, BEFORE = 16 };
    hst_synthetic_input input = input_of(N, BEFORE, J), one = input_of(N, BEFORE, J - 1);
    hst_synthetic_tests tests;
    hst_synthetic own, fitted;
    double others[J * N], gaps[J], low = INFINITY, high = -INFINITY;
    size_t n_as_strong = 1, n_better = 0, n_left_out = 0;

    (void)state;
    fill(N, J, 11, 30, 8);
    for (size_t t = BEFORE; t < N; t++) {
        treated[t] += 4;
    }
    own = fit(&input);
    tests = test(&input, 1);
    one.donors = others;
    for (size_t j = 0; j < J; j++) {
        size_t n = 0;

        for (size_t k = 0; k < J; k++) {
            if (k != j) {
                memcpy(&others[n++ * N], &donors[k * N], N * sizeof *others);
            }
        }
        one.treated = &donors[j * N];
        fitted = fit(&one);
        n_as_strong +=
            fitted.post_rmspe / fitted.pre_rmspe >= own.post_rmspe / own.pre_rmspe ? 1 : 0;
        n_better += fitted.pre_rmspe < own.pre_rmspe ? 1 : 0;
        gaps[j] = fitted.post_mean_gap;
        hst_synthetic_clear(&fitted);
        if (own.weights[j] > 0) {
            one.treated = treated;
            fitted = fit(&one);
            low = fmin(low, fitted.post_mean_gap);
            high = fmax(high, fitted.post_mean_gap);
            n_left_out++;
            hst_synthetic_clear(&fitted);
        }
    }
    assert_int_equal(tests.placebo.n, J + 1);
    assert_int_equal(tests.placebo.n_as_strong, n_as_strong);
    assert_close(tests.placebo.p, (double)n_as_strong / (J + 1), 1e-15);
    assert_close(tests.pre_fit_percentile, (double)n_better / J, 1e-15);
    assert_close(tests.ratio, own.post_rmspe / own.pre_rmspe, 1e-15);
    assert_int_equal(tests.n_left_out, n_left_out);
    assert_close(tests.gap_low, low, 1e-14);
    assert_close(tests.gap_high, high, 1e-14);
    for (size_t i = 1; i < J; i++) { /* 43 placebos: place 1.1 of them, counted from 1 */
        for (size_t k = i; k > 0 && gaps[k] < gaps[k - 1]; k--) {
            double larger = gaps[k - 1];

            gaps[k - 1] = gaps[k];
            gaps[k] = larger;
        }
    }
    assert_close(tests.gap_upper, own.post_mean_gap - (gaps[0] + 0.1 * (gaps[1] - gaps[0])), 1e-13);
    assert_close(tests.gap_lower, own.post_mean_gap - (gaps[42] - 0.1 * (gaps[42] - gaps[41])),
                 1e-13);
    hst_synthetic_clear(&own);
}

static void few_placebos_have_no_limits(void **state)
{
    hst_synthetic_input input = input_of(12, 10, 38);
    hst_synthetic_tests tests;

    (void)state;
    fill(12, 38, 2, 10, 3);
    tests = test(&input, 2);
    assert_int_equal(tests.placebo.n, 39);
    assert_true(isnan(tests.gap_lower) && isnan(tests.gap_upper));
    input.n_donors = 1;
    tests = test(&input, 2);
    assert_int_equal(tests.placebo.n, 1);
    assert_close(tests.placebo.p, 1, 0);
    assert_true(isnan(tests.pre_fit_percentile) && isnan(tests.gap_low) && isnan(tests.gap_high));
}

/* What is left of exact fits is rounding, which must not rank: with a point before for each donor,
 * every fit is exact, and all are as strong. */
static void exact_fits_tie(void **state)
{
    hst_synthetic_input input = input_of(5, 2, 30);
    hst_synthetic_tests tests;

    (void)state;
    fill(5, 30, 4, 10, 1);
    treated[0] = treated[1] = 10.5;
    for (size_t t = 2; t < 5; t++) {
        treated[t] = 1000;
    }
    tests = test(&input, 1);
    assert_true(isinf(tests.ratio));
    assert_true(tests.placebo.n_as_strong > 10);
    input.n_donors = 2;
    for (size_t i = 0; i < 10; i++) {
        treated[i % 5] = donors[i] = 3.25;
    }
    tests = test(&input, 1); /* nothing anywhere */
    assert_close(tests.ratio, 0, 0);
    assert_close(tests.placebo.p, 1, 0);
}

static void threads_change_nothing(void **state)
{
    hst_synthetic_input input = input_of(40, 30, 60);
    hst_synthetic_tests one, seven;

    (void)state;
    fill(40, 60, 9, 10, 3);
    memset(&one, 0, sizeof one);
    memset(&seven, 0, sizeof seven);
    one = test(&input, 1);
    seven = test(&input, 7);
    assert_memory_equal(&one, &seven, sizeof one);
}

static void a_large_effect_is_the_strongest(void **state)
{
    hst_synthetic_input input = input_of(40, 30, 40);
    hst_synthetic_tests tests;

    (void)state;
    fill(40, 40, 13, 10, 3);
    for (size_t t = 0; t < 40; t++) {
        treated[t] =
            (donors[t] + donors[40 + t] + donors[80 + t]) / 3 + (t < 30 ? 0.01 * treated[t] : 5);
    }
    tests = test(&input, 2);
    assert_int_equal(tests.placebo.n_as_strong, 1);
    assert_close(tests.placebo.p, 1.0 / 41, 1e-15);
    assert_close(tests.pre_fit_percentile, 0, 0);
    assert_true(tests.gap_lower > 0 && tests.gap_lower < 5 && tests.gap_upper > 5);
    assert_true(tests.gap_low > 3 && tests.gap_high < 7);
}

/* ---- refusals ---- */

static struct refused_case {
    const char *name;
    size_t n_times, n_before, n_donors, missing; /* missing: of the numbers, SIZE_MAX none */
    const char *message;
} refused_cases[] = {
    {"no donor", 10, 8, 0, SIZE_MAX, "no donor"},
    {"one point before", 10, 1, 3, SIZE_MAX, "too few points: 1 before, and 2 are needed"},
    {"nothing after", 10, 10, 3, SIZE_MAX, "no point after"},
    {"a point of the treated is missing", 10, 8, 3, 9, "numbers missing"},
    {"a point of a donor is missing", 10, 8, 3, 39, "numbers missing"},
};

static void tables_are_refused(void **state)
{
    const struct refused_case *c = *state;
    hst_synthetic_input input = input_of(c->n_times, c->n_before, c->n_donors);
    hst_synthetic fitted;
    hst_synthetic_tests tests;
    hst_error err = {0};

    fill(10, 3, 1, 5, 5);
    if (c->missing < 10) {
        treated[c->missing] = NAN;
    } else if (c->missing != SIZE_MAX) {
        donors[c->missing - 10] = INFINITY;
    }
    assert_int_equal(hst_synthetic_fit(&fitted, &input, &err), HST_REFUSED);
    assert_non_null(strstr(err.message, c->message));
    assert_null(fitted.weights);
    assert_int_equal(hst_synthetic_test(&tests, &input, 2, NULL), HST_REFUSED);
}

int main(void)
{
    enum { N_REFUSED = sizeof refused_cases / sizeof refused_cases[0] };
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(golden_numbers),
        cmocka_unit_test(no_donor_would_help),
        cmocka_unit_test(small_problems_the_slow_way),
        cmocka_unit_test(a_mixture_is_found_again),
        cmocka_unit_test(units_and_order_do_not_matter),
        cmocka_unit_test(more_donors_than_points),
        cmocka_unit_test(the_first_of_equal_donors_has_the_weight),
        cmocka_unit_test(a_donor_that_is_the_treated),
        cmocka_unit_test(donors_of_very_different_distance),
        cmocka_unit_test(series_without_variation),
        cmocka_unit_test(placebos_one_by_one),
        cmocka_unit_test(few_placebos_have_no_limits),
        cmocka_unit_test(exact_fits_tie),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_large_effect_is_the_strongest),
    };
    enum { N_PLAIN = sizeof plain / sizeof plain[0] };
    struct CMUnitTest tests[N_PLAIN + N_REFUSED];

    memcpy(tests, plain, sizeof plain);
    for (size_t i = 0; i < N_REFUSED; i++) {
        tests[N_PLAIN + i] = (struct CMUnitTest){.name = refused_cases[i].name,
                                                 .test_func = tables_are_refused,
                                                 .initial_state = &refused_cases[i]};
    }
    return cmocka_run_group_tests_name("impact/synthetic", tests, NULL, NULL);
}
