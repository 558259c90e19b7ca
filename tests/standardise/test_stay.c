#include "hestia/stay.h"

#include "tests/standardise/golden.h"

enum { MAX_LENGTHS = 4096, MAX_STRATA = 32 };

/* ---- golden e ---- */

/* Stays of an area by length, sorted, each length once. */
static size_t stays_of(hst_stay_count *out, const hst_table *spells, const char *area)
{
    size_t n = 0;

    for (size_t row = 0; row < hst_table_n_rows(spells); row++) {
        uint32_t days = (uint32_t)golden_number(spells, row, "los");
        size_t at = 0;

        if (strcmp(golden_text(spells, row, "area"), area) != 0) {
            continue;
        }
        while (at < n && out[at].days < days) {
            at++;
        }
        if (at == n || out[at].days != days) {
            memmove(&out[at + 1], &out[at], (n - at) * sizeof *out);
            out[at] = (hst_stay_count){.days = days};
            n++;
            assert_true(n < MAX_LENGTHS);
        }
        out[at].n++;
    }
    return n;
}

static void golden_means_and_quantiles(void **state)
{
    static hst_stay_count stays[MAX_LENGTHS];
    hst_table *spells = golden_read("e_los/input_spells.csv");
    hst_table *means = golden_read("e_los/expected_mean.csv");
    hst_table *robust = golden_read("e_los/expected_robust.csv");

    (void)state;
    assert_int_equal(hst_table_n_rows(robust), 3);
    for (size_t row = 0; row < 3; row++) {
        size_t n = stays_of(stays, spells, golden_text(robust, row, "area"));
        hst_stay_summary s = hst_stay_summarise(stays, n, 0, 0.05);
        double trim_point = golden_number(robust, row, "trim_point");

        assert_close(s.n, golden_number(robust, row, "n"), 0);
        assert_close(s.q1, golden_number(robust, row, "q1"), 1e-9);
        assert_close(s.median, golden_number(robust, row, "median"), 1e-9);
        assert_close(s.q3, golden_number(robust, row, "q3"), 1e-9);
        assert_close(s.p90, golden_number(robust, row, "p90_type7"), 1e-9);
        assert_close(s.trim_point, trim_point, 1e-9);
        assert_close(s.trimmed_mean, golden_number(robust, row, "trim_fraction05_mean"), 1e-9);
        s = hst_stay_summarise(stays, n, 0, 0.1);
        assert_close(s.trimmed_mean, golden_number(robust, row, "trim_fraction10_mean"), 1e-9);
        if (trim_point == floor(trim_point)) {
            s = hst_stay_summarise(stays, n, (uint32_t)trim_point, 0);
            assert_close(s.mean, golden_number(robust, row, "mean_trimmed_capped"), 1e-9);
        }
    }
    for (size_t row = 0; row < hst_table_n_rows(means); row++) {
        size_t n = stays_of(stays, spells, golden_text(means, row, "area"));
        hst_stay_summary s = hst_stay_summarise(stays, n, 0, 0);
        hst_limits narrow = hst_limits_mean(s.mean, s.variance, s.n, 95);
        hst_limits wide = hst_limits_mean(s.mean, s.variance, s.n, 99.8);

        assert_close(s.mean * s.n, golden_number(means, row, "sum"), 1e-9);
        assert_close(s.mean, golden_number(means, row, "mean"), 1e-9);
        assert_close(sqrt(s.variance), golden_number(means, row, "sd"), 1e-9);
        assert_close(narrow.lower, golden_number(means, row, "lower95"), 1e-9);
        assert_close(narrow.upper, golden_number(means, row, "upper95"), 1e-9);
        assert_close(wide.lower, golden_number(means, row, "lower998"), 1e-9);
        assert_close(wide.upper, golden_number(means, row, "upper998"), 1e-9);
    }
    hst_table_free(spells);
    hst_table_free(means);
    hst_table_free(robust);
}

/* Strata of the golden standard, with the stays of an area. */
static size_t strata_of(hst_stay_stratum *out, const hst_table *spells, const hst_table *standard,
                        const char *area)
{
    size_t n = hst_table_n_rows(standard);

    assert_true(n <= MAX_STRATA);
    for (size_t i = 0; i < n; i++) {
        out[i] = (hst_stay_stratum){.weight = golden_number(standard, i, "weight")};
    }
    for (size_t row = 0; row < hst_table_n_rows(spells); row++) {
        double days = golden_number(spells, row, "los");
        size_t at = n;

        if (strcmp(golden_text(spells, row, "area"), area) != 0) {
            continue;
        }
        while (at > 0 &&
               (golden_number(standard, at - 1, "age_lower") > golden_number(spells, row, "age") ||
                golden_number(standard, at - 1, "sex") != golden_number(spells, row, "sex"))) {
            at--;
        }
        assert_true(at > 0);
        out[at - 1].n++;
        out[at - 1].sum += days;
        out[at - 1].sum_squared += days * days;
    }
    return n;
}

static void golden_standardised_means(void **state)
{
    hst_table *spells = golden_read("e_los/input_spells.csv");
    hst_table *standard = golden_read("e_los/std_admissions.csv");
    hst_table *expected = golden_read("e_los/expected_std_mean.csv");
    hst_stay_stratum strata[MAX_STRATA];

    (void)state;
    assert_int_equal(hst_table_n_rows(expected), 3);
    for (size_t row = 0; row < 3; row++) {
        size_t n = strata_of(strata, spells, standard, golden_text(expected, row, "area"));
        hst_std_mean mean = hst_stay_standardise(strata, n);
        hst_limits narrow = hst_limits_normal(mean.value, mean.variance, 95);
        hst_limits wide = hst_limits_normal(mean.value, mean.variance, 99.8);

        assert_close((double)mean.n_dropped, golden_number(expected, row, "strata_empty"), 0);
        assert_close((double)mean.n_borrowed, golden_number(expected, row, "strata_single"), 0);
        assert_close(mean.value, golden_number(expected, row, "std_mean"), 1e-9);
        assert_close(sqrt(mean.variance), golden_number(expected, row, "se"), 1e-9);
        assert_close(narrow.lower, golden_number(expected, row, "lower95"), 1e-9);
        assert_close(narrow.upper, golden_number(expected, row, "upper95"), 1e-9);
        assert_close(wide.lower, golden_number(expected, row, "lower998"), 1e-9);
        assert_close(wide.upper, golden_number(expected, row, "upper998"), 1e-9);
    }
    hst_table_free(spells);
    hst_table_free(standard);
    hst_table_free(expected);
}

static void golden_bed_day_rates(void **state)
{
    static const struct {
        hst_bed_day_interval interval;
        const char *lower, *upper;
    } intervals[] = {
        {HST_BED_DAYS_DOBSON_BYAR, "phe_nonindep_lower95", "phe_nonindep_upper95"},
        {HST_BED_DAYS_NORMAL, "normal_lower95", "normal_upper95"},
        {HST_BED_DAYS_LOG, "log_lower95", "log_upper95"},
        {HST_BED_DAYS_GAMMA, "gamma_lower95", "gamma_upper95"},
    };
    static hst_stay_count stays[MAX_LENGTHS];
    hst_table *spells = golden_read("e_los/input_spells.csv");
    hst_table *populations = golden_read("e_los/input_population.csv");
    hst_table *expected = golden_read("e_los/expected_bedday_rate.csv");

    (void)state;
    assert_int_equal(hst_table_n_rows(expected), 3);
    for (size_t row = 0; row < 3; row++) {
        const char *area = golden_text(expected, row, "area");
        size_t n = stays_of(stays, spells, area);
        double population = NAN, days = 0, squares = 0;

        for (size_t i = 0; i < hst_table_n_rows(populations); i++) {
            if (strcmp(golden_text(populations, i, "area"), area) == 0) {
                population = golden_number(populations, i, "population");
            }
        }
        for (size_t i = 0; i < n; i++) {
            double length = stays[i].days;

            days += (double)stays[i].n * length;
            squares += (double)stays[i].n * length * length;
        }
        assert_close(squares, golden_number(expected, row, "sum_sq_los"), 0);
        for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
            hst_limits limits = hst_bed_day_limits(days, squares, stays[n - 1].days, population,
                                                   1000, intervals[i].interval, 95);

            assert_close(limits.lower, golden_number(expected, row, intervals[i].lower), 1e-9);
            assert_close(limits.upper, golden_number(expected, row, intervals[i].upper), 1e-9);
        }
    }
    hst_table_free(spells);
    hst_table_free(populations);
    hst_table_free(expected);
}

/* ---- edges ---- */

static void no_stays_have_no_numbers(void **state)
{
    hst_stay_count none = {.days = 3};
    hst_stay_summary s = hst_stay_summarise(NULL, 0, 0, 0.05);

    (void)state;
    assert_close(s.n, 0, 0);
    assert_true(isnan(s.mean) && isnan(s.median) && isnan(s.trimmed_mean) && isnan(s.trim_point));
    s = hst_stay_summarise(&none, 1, 0, 0.05);
    assert_close(s.n, 0, 0);
    assert_true(isnan(s.mean) && isnan(s.p90));
}

static void one_stay_has_no_variance(void **state)
{
    hst_stay_count one = {.days = 17, .n = 1};
    hst_stay_summary s = hst_stay_summarise(&one, 1, 0, 0.05);

    (void)state;
    assert_close(s.mean, 17, 0);
    assert_close(s.q1, 17, 0);
    assert_close(s.p90, 17, 0);
    assert_close(s.trimmed_mean, 17, 0);
    assert_true(isnan(s.variance) && isnan(s.se));
}

static void a_cap_holds_every_number(void **state)
{
    static const hst_stay_count stays[] = {{0, 2}, {3, 1}, {40, 1}, {365, 1}};
    hst_stay_summary s = hst_stay_summarise(stays, 4, 30, 0.2);

    (void)state;
    assert_close(s.mean, 63.0 / 5, 1e-15);
    assert_close(s.p90, 30, 0);
    assert_close(s.trimmed_mean, 33.0 / 3, 1e-15);
    assert_close(s.variance, (2 * 12.6 * 12.6 + 9.6 * 9.6 + 2 * 17.4 * 17.4) / 4, 1e-14);
}

static void a_full_trim_leaves_the_median(void **state)
{
    static const hst_stay_count stays[] = {{1, 1}, {2, 1}, {5, 1}, {90, 1}};

    (void)state;
    assert_close(hst_stay_summarise(stays, 4, 0, 0.5).trimmed_mean, 3.5, 0);
    assert_close(hst_stay_summarise(stays, 3, 0, 0.5).trimmed_mean, 2, 0);
}

/* Ten million stays cost and answer as ten do. */
static void counts_scale(void **state)
{
    static const hst_stay_count few[] = {{0, 5}, {1, 3}, {9, 2}};
    static const hst_stay_count many[] = {{0, 5000000}, {1, 3000000}, {9, 2000000}};
    hst_stay_summary a = hst_stay_summarise(few, 3, 0, 0.1);
    hst_stay_summary b = hst_stay_summarise(many, 3, 0, 0.1);

    (void)state;
    assert_close(b.mean, a.mean, 1e-14);
    assert_close(b.trimmed_mean, a.trimmed_mean, 1e-14);
    assert_close(b.variance * 9999999 / 1e7, a.variance * 9 / 10, 1e-12);
}

static struct strata_case {
    const char *name;
    hst_stay_stratum strata[3];
    double value, variance;
    size_t n_dropped, n_borrowed;
} strata_cases[] = {
    {"an empty stratum is dropped and the weights rescaled",
     {{2, 10, 58, 3}, {0, 0, 0, 90}, {2, 4, 8, 1}}, /* means 5 and 2, variances 8 and 0 */
     (3 * 5 + 2) / 4.0,
     9 / 16.0 * 4,
     1,
     0},
    {"a single stay borrows the pooled variance",
     {{2, 10, 58, 3}, {1, 7, 49, 1}, {3, 6, 12, 0}}, /* 8 with 1 and 0 with 2 degrees */
     (3 * 5 + 7) / 4.0,
     9 / 16.0 * 4 + 8 / 3.0 / 16,
     0,
     1},
    {"nothing to borrow", {{1, 4, 16, 3}, {1, 8, 64, 1}, {0, 0, 0, 0}}, 5, NAN, 0, 2},
    {"no stays", {{0, 0, 0, 3}, {0, 0, 0, 0}, {0, 0, 0, 1}}, NAN, NAN, 2, 0},
    {"no weights", {{2, 10, 58, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}, NAN, NAN, 0, 0},
};

static void standardised_mean(void **state)
{
    const struct strata_case *c = *state;
    hst_std_mean mean = hst_stay_standardise(c->strata, 3);

    assert_close(mean.value, c->value, 1e-14);
    assert_close(mean.variance, c->variance, 1e-14);
    assert_int_equal(mean.n_dropped, c->n_dropped);
    assert_int_equal(mean.n_borrowed, c->n_borrowed);
}

static void no_bed_days_have_no_limits(void **state)
{
    (void)state;
    for (int i = HST_BED_DAYS_DOBSON_BYAR; i <= HST_BED_DAYS_GAMMA; i++) {
        hst_bed_day_interval interval = (hst_bed_day_interval)i;

        assert_true(isnan(hst_bed_day_limits(0, 0, 0, 1000, 1000, interval, 95).upper));
        assert_true(isnan(hst_bed_day_limits(9, 81, 9, 0, 1000, interval, 95).upper));
        assert_true(isnan(hst_bed_day_limits(9, 81, 9, NAN, 1000, interval, 95).lower));
    }
}

int main(void)
{
    enum { N_CASES = sizeof strata_cases / sizeof strata_cases[0] };
    struct CMUnitTest cases[N_CASES];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_means_and_quantiles),
        cmocka_unit_test(golden_standardised_means),
        cmocka_unit_test(golden_bed_day_rates),
        cmocka_unit_test(no_stays_have_no_numbers),
        cmocka_unit_test(one_stay_has_no_variance),
        cmocka_unit_test(a_cap_holds_every_number),
        cmocka_unit_test(a_full_trim_leaves_the_median),
        cmocka_unit_test(counts_scale),
        cmocka_unit_test(no_bed_days_have_no_limits),
    };
    int n_failed = 0;

    for (size_t i = 0; i < N_CASES; i++) {
        cases[i] = (struct CMUnitTest){.name = strata_cases[i].name,
                                       .test_func = standardised_mean,
                                       .initial_state = &strata_cases[i]};
    }
    n_failed += cmocka_run_group_tests_name("stay", tests, NULL, NULL);
    n_failed += cmocka_run_group_tests_name("standardised mean", cases, NULL, NULL);
    return n_failed;
}
