/* Smallest detectable effects: by hand, by simulation of the tests they are about, refusals. */
#include "tests/support.h"

#include <math.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/power.h"
#include "hestia/segmented.h"
#include "impact/draw.h"

enum { SEED = 2013 };

static hst_power power_of(const hst_power_input *input)
{
    hst_power power;
    hst_error err = {0};

    if (hst_power_of(&power, input, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return power;
}

static hst_power_input counts_of(const double *y, size_t n, size_t n_after)
{
    return (hst_power_input){
        .n_before = n, .y = y, .is_count = true, .n_after = n_after, .power = 0.8, .alpha = 0.05};
}

static hst_power_input values_of(const double *y, size_t n, size_t n_after)
{
    hst_power_input input = counts_of(y, n, n_after);

    input.is_count = false;
    return input;
}

/* ---- by hand ---- */

static const double hundreds[] = {100, 100, 100, 100, 100, 100, 100, 100};

static void constant_counts_have_poisson_noise(void **state)
{
    hst_power_input input = counts_of(hundreds, 8, 8);
    hst_power power = power_of(&input);

    (void)state;
    assert_close(power.dispersion, 1, 0);
    assert_close(power.autocorrelation, 0, 0);
    assert_close(power.df, 14, 0);
    assert_close(power.se, 0.05, 1e-12); /* sqrt(1/800 + 1/800) */
    /* t with 14 degrees of freedom: 2.144787 and 0.868055 */
    assert_close(power.detectable_rise, exp(0.05 * (2.144787 + 0.868055)) - 1, 1e-6);
    assert_close(power.detectable_fall, 1 - exp(-0.05 * (2.144787 + 0.868055)), 1e-6);
    assert_close(power.detectable, power.detectable_rise, 0);
}

static void one_count_taken_for_poisson(void **state)
{
    static const double y[] = {29};
    hst_power_input input = counts_of(y, 1, 1);
    hst_power power;

    (void)state;
    input.is_poisson = true;
    power = power_of(&input);
    assert_true(isinf(power.df));
    assert_close(power.se, sqrt(2.0 / 29), 1e-12);
    assert_close(power.detectable_fall, 1 - exp(-2.801585 * sqrt(2.0 / 29)), 1e-6);
}

static void values_by_hand(void **state)
{
    /* mean 10, squares 8; neighbours -4 + 4 - 4 + 0 + 0 = -4 of 8: no positive correlation */
    static const double y[] = {12, 8, 12, 8, 10, 10, 10};
    hst_power_input input = values_of(y, 7, 5);
    double se = sqrt(16.0 / 6 * (1.0 / 7 + 1.0 / 5)) / 10;
    hst_power power = power_of(&input);

    (void)state;
    assert_close(power.dispersion, 16.0 / 6, 1e-12);
    assert_close(power.autocorrelation, 0, 0);
    assert_close(power.se, se, 1e-12);
    assert_close(power.detectable, se * (2.228139 + 0.879058), 1e-6); /* t, 10 df */
}

static void autocorrelation_by_hand(void **state)
{
    /* mean 10, residuals 2 2 -2 -2 2 2 -2 -2: neighbours 4 - 4 + 4 - 4 + 4 - 4 + 4 = 4 of 32 */
    static const double y[] = {12, 12, 8, 8, 12, 12, 8, 8};
    double r = 4.0 / 32 * (1 + 3.0 / 8) + 7.0 / 8 / 7;
    hst_power_input input = values_of(y, 8, 8);
    hst_power power = power_of(&input);

    (void)state;
    assert_close(power.autocorrelation, r, 1e-12);
    assert_close(power.se, sqrt(32.0 / 7 * 2 / 8 * (1 + r) / (1 - r)) / 10, 1e-12);
}

static void events_needed_by_hand(void **state)
{
    (void)state;
    /* 2 x 2.801585^2 / log(1.1)^2 */
    assert_close(hst_power_events_needed(1.1, 1, 0, 0.8, 0.05), 1728.07, 1e-4);
    assert_close(hst_power_events_needed(1.1, 2, 0.5, 0.8, 0.05), 6 * 1728.07, 1e-4);
    assert_close(hst_power_events_needed(1 / 1.1, 1, 0, 0.8, 0.05), 1728.07, 1e-4);
    assert_true(isnan(hst_power_events_needed(0, 1, 0, 0.8, 0.05)));
    assert_true(isinf(hst_power_events_needed(1, 1, 0, 0.8, 0.05)));
}

/* A slope of OLS with known variance: 12 sigma^2 / (n (n^2 - 1)). */
static void trend_is_the_change_of_a_line(void **state)
{
    static const double y[] = {9, 11, 9, 11, 9, 11, 9, 11, 9, 11};
    hst_power_input input = values_of(y, 10, 0);
    hst_power power;

    (void)state;
    input.design = HST_POWER_TREND;
    power = power_of(&input);
    assert_close(power.df, 8, 0);
    assert_close(power.se, 9 * sqrt(12 * power.dispersion / (10 * 99.0)) / 10, 1e-12);
}

/* ---- what must hold ---- */

static const double uneven[] = {41, 37, 55, 60, 44, 31, 47, 66, 39, 40, 52, 61};

static void units_change_nothing(void **state)
{
    double scaled[12], people[12];
    static const hst_power_design designs[] = {HST_POWER_BEFORE_AFTER, HST_POWER_TREND,
                                               HST_POWER_ITS};

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        scaled[i] = 17.3 * uneven[i];
        people[i] = 5000;
    }
    for (size_t i = 0; i < 3; i++) {
        hst_power_input a = values_of(uneven, 12, 6), b = values_of(scaled, 12, 6);
        hst_power_input c = counts_of(uneven, 12, 6), d = c;

        a.design = b.design = c.design = d.design = designs[i];
        d.exposure = people;
        assert_close(power_of(&b).detectable, power_of(&a).detectable, 1e-10);
        assert_close(power_of(&d).detectable, power_of(&c).detectable, 1e-8);
    }
}

static void season_is_no_noise(void **state)
{
    hst_power_input with = counts_of(uneven, 12, 6), without = with, short_of = with;

    (void)state;
    with.cycle = 4;
    assert_true(power_of(&with).dispersion < power_of(&without).dispersion / 2);
    assert_true(power_of(&with).detectable < power_of(&without).detectable);
    short_of.cycle = 7; /* not two cycles */
    assert_close(power_of(&short_of).detectable, power_of(&without).detectable, 0);
}

static void more_points_see_smaller_effects(void **state)
{
    hst_power_input input = counts_of(uneven, 12, 6);
    double at_6 = power_of(&input).detectable;

    (void)state;
    input.n_after = 12;
    assert_true(power_of(&input).detectable < at_6);
    input.n_after = 6;
    input.n_baseline = 5;
    assert_true(power_of(&input).detectable > at_6);
    input.n_baseline = 12;
    assert_close(power_of(&input).detectable, at_6, 0);
    input.power = 0.9;
    assert_true(power_of(&input).detectable > at_6);
}

/* Two quarters against two: few points to compare, but the noise is known from all twelve. */
static void short_baseline_has_the_noise_of_all_before(void **state)
{
    hst_power_input input = values_of(uneven, 12, 2);

    (void)state;
    assert_close(power_of(&input).df, 12, 0);
    input.n_baseline = 2;
    assert_close(power_of(&input).df, 11, 0);
}

static void missing_points_part_their_neighbours(void **state)
{
    double gap[13];
    hst_power_input whole = values_of(uneven, 12, 6), with_gap;

    (void)state;
    memcpy(gap, uneven, 6 * sizeof *gap);
    gap[6] = NAN;
    memcpy(gap + 7, uneven + 6, 6 * sizeof *gap);
    with_gap = values_of(gap, 13, 6);
    assert_close(power_of(&with_gap).dispersion, power_of(&whole).dispersion, 1e-12);
    assert_close(power_of(&with_gap).df, power_of(&whole).df, 0);
    assert_true(power_of(&with_gap).autocorrelation != power_of(&whole).autocorrelation);
}

static void periods_needed_is_where_the_effect_shows(void **state)
{
    hst_power_input input = counts_of(uneven, 12, 1);
    size_t needed = 0;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_power_periods_needed(&needed, &input, 0.30, &err), HST_OK);
    assert_true(needed > 1);
    input.n_after = needed;
    assert_true(power_of(&input).detectable <= 0.30);
    input.n_after = needed - 1;
    assert_true(power_of(&input).detectable > 0.30);
    assert_int_equal(hst_power_periods_needed(&needed, &input, 0.02, &err), HST_OK);
    assert_int_equal(needed, 0); /* twelve points before are not enough for 2 % */
}

/* ---- by simulation: the share of series in which the detectable effect is found ---- */

static void assert_share(size_t n, size_t of, double lowest, double highest)
{
    double share = (double)n / (double)of;

    if (share < lowest || share > highest) {
        fail_msg("%g is not from %g to %g", share, lowest, highest);
    }
}

/* Counts of an even rate; the test is that of the ratio of two Poisson counts. */
static void power_of_poisson_counts(void **state)
{
    enum { N = 24, N_DRAWS = 3000 };
    size_t n_found[2] = {0};

    (void)state;
    for (size_t draw = 0; draw < N_DRAWS; draw++) {
        double before[N], total = 0;

        for (size_t i = 0; i < N; i++) {
            before[i] = qpois(hst_draw_uniform(SEED, draw, i), 40, 1, 0);
            total += before[i];
        }
        for (int is_poisson = 0; is_poisson < 2; is_poisson++) {
            hst_power_input input = counts_of(before, N, N);
            double fall = 0, after = 0;

            input.is_poisson = is_poisson;
            fall = power_of(&input).detectable_fall;
            after = qpois(hst_draw_uniform(SEED, draw, N), N * 40 * (1 - fall), 1, 0);
            n_found[is_poisson] +=
                fabs(log(after / total)) > 1.959964 * sqrt(1 / after + 1 / total) ? 1 : 0;
        }
    }
    assert_share(n_found[1], N_DRAWS, 0.77, 0.82);
    /* Dispersion and correlation are estimated, and never below what Poisson has: a little more. */
    assert_share(n_found[0], N_DRAWS, 0.80, 0.92);
}

/* Means about a line, tested by segmented regression on the very series. */
static void power_of_segmented_regression(void **state)
{
    enum { N = 24, N_AFTER = 12, N_DRAWS = 1500 };
    size_t n_found = 0;

    (void)state;
    for (size_t draw = 0; draw < N_DRAWS; draw++) {
        double t[N + N_AFTER], y[N + N_AFTER];
        hst_power_input input = values_of(y, N, N_AFTER);
        hst_its_series series = {.n = N + N_AFTER, .t = t, .y = y};
        hst_its_options options = {.n_interventions = 1,
                                   .interventions = {N},
                                   .phase_in_from = NAN,
                                   .phase_in_to = NAN,
                                   .cycle = 4,
                                   .confidence = 95};
        hst_its its;
        hst_effect effect;
        double mean = 0, fall = 0;
        hst_error err = {0};

        for (size_t i = 0; i < N + N_AFTER; i++) {
            t[i] = (double)i;
            y[i] = 16 - 0.05 * t[i] + qnorm5(hst_draw_uniform(SEED, draw, i), 0, 1, 1, 0);
            mean += i < N ? y[i] / N : 0;
        }
        input.design = HST_POWER_ITS;
        fall = power_of(&input).detectable;
        for (size_t i = N; i < N + N_AFTER; i++) {
            y[i] -= fall * mean;
        }
        assert_int_equal(hst_its_fit(&its, &series, &options, &err), HST_OK);
        assert_int_equal(hst_its_effect(&effect, &its, &series, &options, N, N + N_AFTER - 1, &err),
                         HST_OK);
        n_found += effect.upper < 0 ? 1 : 0;
        hst_its_clear(&its);
    }
    assert_share(n_found, N_DRAWS, 0.78, 0.90);
}

/* Means that hang together by 0.5, tested with the error that such means truly have. */
static void power_of_autocorrelated_means(void **state)
{
    enum { N = 60, N_DRAWS = 1500 };
    const double rho = 0.5, se = sqrt(2.0 / N * (1 + rho) / (1 - rho));
    size_t n_found = 0;

    (void)state;
    for (size_t draw = 0; draw < N_DRAWS; draw++) {
        double y[2 * N], last = 0, means[2] = {0};
        hst_power_input input = values_of(y, N, N);

        for (size_t i = 0; i < 2 * N; i++) {
            double fresh = qnorm5(hst_draw_uniform(SEED, draw, i), 0, 1, 1, 0);

            last = i == 0 ? fresh : rho * last + sqrt(1 - rho * rho) * fresh;
            y[i] = 20 + last;
            means[i / N] += y[i] / N;
        }
        n_found += means[0] - (means[1] - power_of(&input).detectable * means[0]) > 1.959964 * se;
    }
    assert_share(n_found, N_DRAWS, 0.72, 0.84);
}

/* ---- refusals ---- */

static struct refusal_case {
    const char *name;
    hst_power_input input;
    double y[6], exposure[6];
    const char *message;
} refusal_cases[] = {
    {"three points before",
     {.n_before = 3, .n_after = 3, .is_count = true},
     {4, 7, 5},
     {1, 1, 1},
     "too few points before: 3, at least 4"},
    {"nothing to plan by",
     {.n_before = 1, .n_after = 3, .is_count = true, .is_poisson = true},
     {NAN},
     {1},
     "too few points before: 0, at least 1"},
    {"none after",
     {.n_before = 4, .is_count = true},
     {4, 7, 5, 6},
     {1, 1, 1, 1},
     "too few points after: 0, at least 1"},
    {"one after a line",
     {.n_before = 4, .n_after = 1, .design = HST_POWER_ITS},
     {4, 7, 5, 6},
     {0},
     "too few points after: 1, at least 2"},
    {"no events", {.n_before = 4, .n_after = 4, .is_count = true}, {0}, {1, 1, 1, 1}, "no events"},
    {"a count below 0",
     {.n_before = 4, .n_after = 4, .is_count = true},
     {4, 7, -5, 6},
     {1, 1, 1, 1},
     "a count below 0"},
    {"nobody",
     {.n_before = 4, .n_after = 4, .is_count = true},
     {4, 7, 5, 6},
     {1, 1, 0, 1},
     "nobody in the denominator"},
    {"constant values", {.n_before = 4, .n_after = 4}, {3, 3, 3, 3}, {0}, "a constant series"},
    {"values about 0", {.n_before = 4, .n_after = 4}, {3, -3, 1, -1}, {0}, "a mean of 0"},
    {"an exact line",
     {.n_before = 5, .n_after = 4, .design = HST_POWER_TREND},
     {1, 2, 3, 4, 5},
     {0},
     "no noise"},
    {"infinite", {.n_before = 4, .n_after = 4}, {3, INFINITY, 1, 2}, {0}, "not finite"},
};

static void refusals_have_a_name(void **state)
{
    struct refusal_case *c = *state;
    hst_power power;
    hst_error err = {0};

    c->input.y = c->y;
    c->input.exposure = c->exposure;
    c->input.power = 0.8;
    c->input.alpha = 0.05;
    assert_int_equal(hst_power_of(&power, &c->input, &err), HST_REFUSED);
    if (!strstr(err.message, c->message)) {
        fail_msg("%s is not about %s", err.message, c->message);
    }
}

static void power_has_a_range(void **state)
{
    hst_power_input input = counts_of(uneven, 12, 6);
    hst_power power;

    (void)state;
    input.power = 1;
    assert_int_equal(hst_power_of(&power, &input, NULL), HST_ERR_ARGUMENT);
}

int main(void)
{
    enum { N_CASES = sizeof refusal_cases / sizeof refusal_cases[0] };
    struct CMUnitTest tests[16 + N_CASES] = {
        cmocka_unit_test(constant_counts_have_poisson_noise),
        cmocka_unit_test(one_count_taken_for_poisson),
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(autocorrelation_by_hand),
        cmocka_unit_test(events_needed_by_hand),
        cmocka_unit_test(trend_is_the_change_of_a_line),
        cmocka_unit_test(units_change_nothing),
        cmocka_unit_test(season_is_no_noise),
        cmocka_unit_test(more_points_see_smaller_effects),
        cmocka_unit_test(short_baseline_has_the_noise_of_all_before),
        cmocka_unit_test(missing_points_part_their_neighbours),
        cmocka_unit_test(periods_needed_is_where_the_effect_shows),
        cmocka_unit_test(power_of_poisson_counts),
        cmocka_unit_test(power_of_segmented_regression),
        cmocka_unit_test(power_of_autocorrelated_means),
        cmocka_unit_test(power_has_a_range),
    };

    for (size_t i = 0; i < N_CASES; i++) {
        tests[16 + i] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                            .test_func = refusals_have_a_name,
                                            .initial_state = &refusal_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
