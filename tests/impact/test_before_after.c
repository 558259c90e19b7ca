/* Two periods side by side: golden h, awkward counts, and what is refused. */
#include "tests/standardise/golden.h"

#include "hestia/before_after.h"
#include "hestia/dsr.h"

static hst_before_after counts(double x0, double n0, double x1, double n1,
                               hst_ratio_interval interval, double confidence)
{
    hst_before_after out;
    hst_error err = {0};

    assert_int_equal(hst_before_after_counts(&out, (double[]){x0, x1}, (double[]){n0, n1}, interval,
                                             confidence, &err),
                     HST_OK);
    return out;
}

/* Golden has Inf as a word. */
static double golden_limit(const hst_table *table, size_t row, const char *column)
{
    return strcmp(golden_text(table, row, column), "Inf") == 0 ? INFINITY
                                                               : golden_number(table, row, column);
}

static void golden_counts(void **state)
{
    hst_table *in = golden_read("h_beforeafter/input_counts.csv");
    hst_table *expected = golden_read("h_beforeafter/expected_counts.csv");
    size_t n_checked = 0;

    (void)state;
    for (size_t i = 0; i < hst_table_n_rows(in); i++) {
        double x[2] = {golden_number(in, i, "pre_events"), golden_number(in, i, "post_events")};
        double n[2] = {golden_number(in, i, "pre_persontime"),
                       golden_number(in, i, "post_persontime")};
        hst_before_after b;

        if (x[0] + x[1] == 0) {
            continue; /* refused: below */
        }
        b = counts(x[0], n[0], x[1], n[1], HST_RATIO_EXACT, 95);
        assert_close(b.rate[0] * 1e5, golden_number(expected, i, "rate_pre"), 1e-8);
        assert_close(b.rate[1] * 1e5, golden_number(expected, i, "rate_post"), 1e-8);
        assert_close(b.ratio.estimate, golden_limit(expected, i, "rate_ratio"), 1e-8);
        assert_close(b.ratio.se, golden_number(expected, i, "log_se"), 1e-8);
        assert_close(b.ratio.lower, golden_number(expected, i, "exact_lower95"), 1e-8);
        assert_close(b.ratio.upper, golden_limit(expected, i, "exact_upper95"), 1e-8);
        assert_close(b.ratio.p, golden_number(expected, i, "exact_p"), 1e-8);
        assert_close(b.median_unbiased, golden_number(expected, i, "midp_median_unbiased"), 1e-8);
        assert_close(b.difference.estimate * 1e5, golden_number(expected, i, "rate_difference"),
                     1e-8);
        assert_close(b.difference.se * 1e5, golden_number(expected, i, "rd_se"), 1e-8);
        assert_close(b.difference.lower * 1e5, golden_number(expected, i, "rd_lower95"), 1e-8);
        assert_close(b.difference.upper * 1e5, golden_number(expected, i, "rd_upper95"), 1e-8);
        b = counts(x[0], n[0], x[1], n[1], HST_RATIO_MID_P, 95);
        assert_close(b.ratio.lower, golden_number(expected, i, "midp_lower95"), 1e-8);
        assert_close(b.ratio.upper, golden_number(expected, i, "midp_upper95"), 1e-8);
        b = counts(x[0], n[0], x[1], n[1], HST_RATIO_WALD, 95);
        assert_close(b.ratio.lower, golden_number(expected, i, "wald_lower95"), 1e-8);
        assert_close(b.ratio.upper, golden_number(expected, i, "wald_upper95"), 1e-8);
        assert_close(b.ratio.p, golden_number(expected, i, "exact_p"), 1e-8);
        b = counts(x[0], n[0], x[1], n[1], HST_RATIO_WALD, 99.8);
        assert_close(b.ratio.lower, golden_number(expected, i, "wald_lower998"), 1e-8);
        assert_close(b.ratio.upper, golden_number(expected, i, "wald_upper998"), 1e-8);
        n_checked++;
    }
    assert_int_equal(n_checked, 7);
    hst_table_free(in);
    hst_table_free(expected);
}

enum { N_BANDS = 19 };

/* The rate of the rows of an area and period, which stand in the order of the standard's bands. */
static hst_dsr golden_rate(const hst_table *in, const char *area, const char *period)
{
    hst_table *standard = golden_read("a_dsr/std_esp2013.csv");
    double x[N_BANDS], n[N_BANDS], w[N_BANDS];
    size_t band = 0;

    for (size_t row = 0; row < hst_table_n_rows(in); row++) {
        if (strcmp(golden_text(in, row, "area"), area) == 0 &&
            strcmp(golden_text(in, row, "period"), period) == 0) {
            assert_true(band < N_BANDS);
            assert_string_equal(golden_text(in, row, "age_lower"),
                                golden_text(standard, band, "age_lower"));
            x[band] = golden_number(in, row, "events");
            n[band] = golden_number(in, row, "population");
            w[band] = golden_number(standard, band, "weight");
            band++;
        }
    }
    assert_int_equal(band, N_BANDS);
    hst_table_free(standard);
    return hst_dsr_compute(x, NULL, n, w, N_BANDS, 1e5, HST_INTERVAL_DEFAULT, NULL, 0, 10);
}

static void golden_rates(void **state)
{
    hst_table *in = golden_read("h_beforeafter/input_dsr.csv");
    hst_table *expected = golden_read("h_beforeafter/expected_dsr_ratio.csv");

    (void)state;
    assert_int_equal(hst_table_n_rows(expected), 2);
    for (size_t i = 0; i < 2; i++) {
        const char *area = golden_text(expected, i, "area");
        hst_dsr pre = golden_rate(in, area, "pre"), post = golden_rate(in, area, "post");
        hst_before_after b, wide;
        hst_error err = {0};
        double value[2] = {pre.value, post.value}, variance[2] = {pre.variance, post.variance};

        assert_int_equal(hst_before_after_values(&b, value, variance, 95, &err), HST_OK);
        assert_int_equal(hst_before_after_values(&wide, value, variance, 99.8, &err), HST_OK);
        assert_close(pre.total_count, golden_number(expected, i, "events_pre"), 0);
        assert_close(post.total_count, golden_number(expected, i, "events_post"), 0);
        assert_close(b.rate[0], golden_number(expected, i, "dsr_pre"), 1e-9);
        assert_close(b.rate[1], golden_number(expected, i, "dsr_post"), 1e-9);
        assert_close(b.ratio.estimate, golden_number(expected, i, "ratio"), 1e-9);
        assert_close(b.ratio.se, golden_number(expected, i, "log_se"), 1e-9);
        assert_close(b.ratio.lower, golden_number(expected, i, "lower95"), 1e-9);
        assert_close(b.ratio.upper, golden_number(expected, i, "upper95"), 1e-9);
        assert_close(wide.ratio.lower, golden_number(expected, i, "lower998"), 1e-9);
        assert_close(wide.ratio.upper, golden_number(expected, i, "upper998"), 1e-9);
        assert_close(log(b.ratio.estimate) / b.ratio.se, golden_number(expected, i, "z_log"), 1e-9);
        assert_close(b.ratio.p, golden_number(expected, i, "p_log"), 1e-9);
        assert_close(b.difference.estimate, golden_number(expected, i, "difference"), 1e-9);
        assert_close(b.difference.se, golden_number(expected, i, "diff_se"), 1e-9);
        assert_close(b.difference.lower, golden_number(expected, i, "diff_lower95"), 1e-9);
        assert_close(b.difference.upper, golden_number(expected, i, "diff_upper95"), 1e-9);
    }
    hst_table_free(in);
    hst_table_free(expected);
}

static void values_by_hand(void **state)
{
    hst_before_after b;
    hst_error err = {0};

    (void)state;
    assert_int_equal(
        hst_before_after_values(&b, (double[]){20, 17}, (double[]){1.44, 0.81}, 95, &err), HST_OK);
    assert_close(b.ratio.estimate, 0.85, 1e-14);
    assert_close(b.ratio.se, sqrt(1.44 / 400 + 0.81 / 289), 1e-14);
    assert_close(b.ratio.lower, 0.85 * exp(-1.959963984540054 * b.ratio.se), 1e-14);
    assert_close(b.ratio.upper, 0.85 * exp(1.959963984540054 * b.ratio.se), 1e-14);
    assert_close(b.ratio.p, erfc(-log(0.85) / b.ratio.se / sqrt(2)), 1e-12);
    assert_close(b.difference.estimate, -3, 1e-14);
    assert_close(b.difference.se, 1.5, 1e-14);
    assert_close(b.difference.lower, -3 - 1.959963984540054 * 1.5, 1e-14);
    assert_close(b.difference.p, 0.04550026389635842, 1e-12); /* z = 2 */
}

static void value_of_zero_has_a_difference_only(void **state)
{
    hst_before_after b;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_before_after_values(&b, (double[]){0, 17}, (double[]){0, 0.81}, 95, &err),
                     HST_OK);
    assert_true(isnan(b.ratio.estimate) && isnan(b.ratio.lower) && isnan(b.ratio.p));
    assert_close(b.difference.estimate, 17, 1e-14);
    assert_close(b.difference.se, 0.9, 1e-14);
}

/* Limits are where the tail beyond the outcome holds alpha / 2, by sums of binomial probabilities.
 */
static double likelihood(unsigned i, unsigned n, double p)
{
    return exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) +
               (n - i) * log1p(-p));
}

static double tail_above(unsigned x, unsigned n, double p, double share_of_x)
{
    double sum = share_of_x * likelihood(x, n, p);

    for (unsigned i = x + 1; i <= n; i++) {
        sum += likelihood(i, n, p);
    }
    return sum;
}

static struct pair_case {
    const char *name;
    double x0, n0, x1, n1;
} pair_cases[] = {
    {"few before, many after", 1, 1731.5, 37, 1800.25},
    {"many before, few after", 61, 17.3, 2, 11.9},
    {"one and one", 1, 3, 1, 5},
    {"small times beside large ones", 13, 0.004, 9, 7e6},
};

static void limits_hold_their_tails(void **state)
{
    const struct pair_case *c = *state;
    hst_before_after e = counts(c->x0, c->n0, c->x1, c->n1, HST_RATIO_EXACT, 90);
    hst_before_after m = counts(c->x0, c->n0, c->x1, c->n1, HST_RATIO_MID_P, 90);
    unsigned x = (unsigned)c->x1, n = (unsigned)(c->x0 + c->x1);
    double ratios[] = {e.ratio.lower, e.ratio.upper, m.ratio.lower, m.ratio.upper,
                       m.median_unbiased};
    double tails[] = {0.05, 0.95, 0.05, 0.95, 0.5};

    for (size_t i = 0; i < 5; i++) {
        double odds = ratios[i] * c->n1 / c->n0, share = i == 0 ? 1 : i == 1 ? 0 : 0.5;

        assert_close(tail_above(x, n, odds / (1 + odds), share), tails[i], 1e-9);
    }
    assert_true(e.ratio.lower < m.ratio.lower && m.ratio.upper < e.ratio.upper);
}

/* Before and after exchanged: ratio and limits turn round, p stays. */
static void exchange_turns_everything_round(void **state)
{
    const struct pair_case *c = *state;
    static const hst_ratio_interval intervals[] = {HST_RATIO_EXACT, HST_RATIO_WALD,
                                                   HST_RATIO_MID_P};

    for (size_t i = 0; i < 3; i++) {
        hst_before_after a = counts(c->x0, c->n0, c->x1, c->n1, intervals[i], 95);
        hst_before_after b = counts(c->x1, c->n1, c->x0, c->n0, intervals[i], 95);

        assert_close(b.ratio.estimate, 1 / a.ratio.estimate, 1e-13);
        assert_close(b.ratio.lower, 1 / a.ratio.upper, 1e-11);
        assert_close(b.ratio.upper, 1 / a.ratio.lower, 1e-11);
        assert_close(b.ratio.p, a.ratio.p, 1e-11);
        assert_close(b.difference.estimate, -a.difference.estimate, 1e-13);
        assert_close(b.difference.lower, -a.difference.upper, 1e-13);
    }
}

/* p by adding up all outcomes one by one. */
static double slow_p(unsigned x, unsigned n, double p)
{
    double seen = likelihood(x, n, p), sum = 0;

    for (unsigned i = 0; i <= n; i++) {
        double term = likelihood(i, n, p);

        sum += term <= seen * (1 + 1e-7) ? term : 0;
    }
    return sum;
}

/* Also where outcomes on both sides are equally likely (one half), or the mean is one of them. */
static void p_is_the_sum_of_outcomes_no_more_likely(void **state)
{
    static const double shares[] = {0.5, 0.57, 1.0 / 3, 0.04, 0.9};

    (void)state;
    for (size_t k = 0; k < sizeof shares / sizeof shares[0]; k++) {
        for (unsigned n = 1; n <= 30; n++) {
            for (unsigned x = 0; x <= n; x++) {
                hst_before_after b =
                    counts(n - x, 1 - shares[k], x, shares[k], HST_RATIO_EXACT, 95);

                assert_close(b.ratio.p, slow_p(x, n, shares[k]), 1e-8);
            }
        }
    }
}

static void counts_of_a_country_are_exact_at_once(void **state)
{
    hst_before_after e = counts(14.2e6, 52e6, 14.9e6, 53e6, HST_RATIO_EXACT, 95);
    hst_before_after w = counts(14.2e6, 52e6, 14.9e6, 53e6, HST_RATIO_WALD, 95);

    (void)state;
    assert_close(e.ratio.lower, w.ratio.lower, 1e-6);
    assert_close(e.ratio.upper, w.ratio.upper, 1e-6);
}

static void fractions_have_wald_limits_and_no_exact_p(void **state)
{
    hst_before_after b = counts(12.5, 100, 17.25, 100, HST_RATIO_WALD, 95);

    (void)state;
    assert_close(b.ratio.estimate, 1.38, 1e-14);
    assert_true(isnan(b.ratio.p) && isnan(b.difference.p) && isnan(b.median_unbiased));
}

static struct refusal_case {
    const char *name;
    bool is_of_values;
    double a[2], b[2];
    hst_ratio_interval interval;
    const char *message;
} refusal_cases[] = {
    {"no events", false, {0, 0}, {1, 1}, HST_RATIO_WALD, "no events in either period"},
    {"no time after", false, {3, 4}, {1, 0}, HST_RATIO_EXACT, "person-time after is not above 0"},
    {"time missing", false, {3, 4}, {NAN, 1}, HST_RATIO_EXACT, "person-time before"},
    {"time infinite", false, {3, 4}, {INFINITY, 1}, HST_RATIO_EXACT, "person-time before"},
    {"count missing", false, {NAN, 4}, {1, 1}, HST_RATIO_WALD, "the count before is missing"},
    {"count negative", false, {3, -4}, {1, 1}, HST_RATIO_WALD, "the count after is negative"},
    {"exact of a fraction", false, {2.5, 4}, {1, 1}, HST_RATIO_EXACT, "before is no whole number"},
    {"mid-P of a fraction", false, {2, 4.1}, {1, 1}, HST_RATIO_MID_P, "after is no whole number"},
    {"value missing", true, {NAN, 4}, {1, 1}, HST_RATIO_EXACT, "the value before is missing"},
    {"variance missing", true, {3, 4}, {1, NAN}, HST_RATIO_EXACT, "after is missing or has no"},
    {"variance negative", true, {3, 4}, {1, -1}, HST_RATIO_EXACT, "variance after is negative"},
    {"no variance", true, {3, 4}, {0, 0}, HST_RATIO_EXACT, "neither value has a variance"},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    hst_before_after out;
    hst_error err = {0};
    hst_status status = c->is_of_values
                            ? hst_before_after_values(&out, c->a, c->b, 95, &err)
                            : hst_before_after_counts(&out, c->a, c->b, c->interval, 95, &err);

    assert_int_equal(status, HST_REFUSED);
    if (!strstr(err.message, c->message)) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, c->message);
    }
    assert_true(isnan(out.ratio.estimate) && isnan(out.difference.p));
}

int main(void)
{
    enum {
        N_REFUSALS = sizeof refusal_cases / sizeof refusal_cases[0],
        N_PAIRS = sizeof pair_cases / sizeof pair_cases[0]
    };
    struct CMUnitTest tests[6 + N_REFUSALS + 2 * N_PAIRS] = {
        cmocka_unit_test(golden_counts),
        cmocka_unit_test(golden_rates),
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(value_of_zero_has_a_difference_only),
        cmocka_unit_test(counts_of_a_country_are_exact_at_once),
        cmocka_unit_test(fractions_have_wald_limits_and_no_exact_p),
        cmocka_unit_test(p_is_the_sum_of_outcomes_no_more_likely),
    };
    static const CMUnitTestFunction of_pairs[] = {limits_hold_their_tails,
                                                  exchange_turns_everything_round};
    size_t n = 6;

    for (size_t i = 0; i < N_REFUSALS; i++) {
        tests[n++] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                         .test_func = refusals_have_a_name,
                                         .initial_state = &refusal_cases[i]};
    }
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < N_PAIRS; i++) {
            tests[n++] = (struct CMUnitTest){.name = pair_cases[i].name,
                                             .test_func = of_pairs[k],
                                             .initial_state = &pair_cases[i]};
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
