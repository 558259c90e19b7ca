#include "hestia/interval.h"

#include "tests/standardise/golden.h"

static void golden_poisson_limits(void **state)
{
    hst_table *table = golden_read("c_counts/expected_poisson_limits.csv");

    (void)state;
    assert_true(hst_table_n_rows(table) > 100);
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        double count = golden_number(table, row, "count");
        double confidence = 100 * golden_number(table, row, "confidence");
        double tolerance = count >= 1e7 ? 1e-7 : 1e-9;
        hst_limits byar = hst_limits_byar(count, confidence);
        hst_limits exact = hst_limits_poisson_exact(count, confidence);
        hst_limits chosen = hst_limits_poisson(count, confidence);

        assert_close(byar.lower, golden_number(table, row, "byar_lower"), tolerance);
        assert_close(byar.upper, golden_number(table, row, "byar_upper"), tolerance);
        assert_close(exact.lower, golden_number(table, row, "exact_lower"), tolerance);
        assert_close(exact.upper, golden_number(table, row, "exact_upper"), tolerance);
        assert_close(chosen.lower, golden_number(table, row, "peer_choice_lower"), tolerance);
        assert_close(chosen.upper, golden_number(table, row, "peer_choice_upper"), tolerance);
    }
    hst_table_free(table);
}

static void golden_crude_rates(void **state)
{
    hst_table *input = golden_read("c_counts/input_rates.csv");
    hst_table *expected = golden_read("c_counts/expected_rates.csv");

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(input); row++) {
        double x = golden_number(input, row, "x");
        double scale = 1e5 / golden_number(input, row, "n");
        hst_limits narrow = hst_limits_poisson(x, 95), wide = hst_limits_poisson(x, 99.8);

        assert_close(x * scale, golden_number(expected, row, "value"), 1e-9);
        assert_close(narrow.lower * scale, golden_number(expected, row, "lower95"), 1e-9);
        assert_close(narrow.upper * scale, golden_number(expected, row, "upper95"), 1e-9);
        assert_close(wide.lower * scale, golden_number(expected, row, "lower998"), 1e-9);
        assert_close(wide.upper * scale, golden_number(expected, row, "upper998"), 1e-9);
    }
    hst_table_free(input);
    hst_table_free(expected);
}

/* Near 0 and 100 percent the expected limit may be 1e-17 rather than the boundary itself. */
static void assert_percent(double actual, double expected)
{
    if (fabs(actual - expected) > 1e-9) {
        assert_close(actual, expected, 1e-9);
    }
}

static void golden_proportions(void **state)
{
    hst_table *input = golden_read("c_counts/input_proportions.csv");
    hst_table *expected = golden_read("c_counts/expected_proportions.csv");

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(input); row++) {
        double x = golden_number(input, row, "x"), n = golden_number(input, row, "n");
        hst_limits narrow = hst_limits_wilson(x, n, 95), wide = hst_limits_wilson(x, n, 99.8);

        assert_percent(100 * narrow.lower, golden_number(expected, row, "lower95"));
        assert_percent(100 * narrow.upper, golden_number(expected, row, "upper95"));
        assert_percent(100 * wide.lower, golden_number(expected, row, "lower998"));
        assert_percent(100 * wide.upper, golden_number(expected, row, "upper998"));
    }
    hst_table_free(input);
    hst_table_free(expected);
}

static void golden_means(void **state)
{
    hst_table *expected = golden_read("c_counts/expected_means.csv");

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        double n = golden_number(expected, row, "n"), mean = golden_number(expected, row, "value");
        double sd = golden_number(expected, row, "sd");
        hst_limits narrow = hst_limits_mean(mean, sd * sd, n, 95);
        hst_limits wide = hst_limits_mean(mean, sd * sd, n, 99.8);

        assert_close(narrow.lower, golden_number(expected, row, "lower95"), 1e-9);
        assert_close(narrow.upper, golden_number(expected, row, "upper95"), 1e-9);
        assert_close(wide.lower, golden_number(expected, row, "lower998"), 1e-9);
        assert_close(wide.upper, golden_number(expected, row, "upper998"), 1e-9);
    }
    hst_table_free(expected);
}

static void limits_widen_with_confidence_and_hold_the_count(void **state)
{
    static const double levels[] = {50, 80, 90, 95, 99, 99.8, 99.99};

    (void)state;
    for (double count = 2; count < 1e6; count = count * 1.7 + 0.3) {
        for (size_t i = 1; i < sizeof levels / sizeof levels[0]; i++) {
            hst_limits inner = hst_limits_poisson_exact(count, levels[i - 1]);
            hst_limits outer = hst_limits_poisson_exact(count, levels[i]);

            assert_true(outer.lower < inner.lower && inner.lower < count);
            assert_true(outer.upper > inner.upper && inner.upper > count);
            inner = hst_limits_wilson(count, 2 * count, levels[i - 1]);
            outer = hst_limits_wilson(count, 2 * count, levels[i]);
            assert_true(outer.lower < inner.lower && outer.upper > inner.upper);
        }
    }
}

static struct repeat_case {
    const char *name;
    double count, squares, lower, upper;
} repeat_cases[] = {
    /* exact limits of 4: 1.08986537362633, 10.2415886754037; of 0: 0, 3.68887945411394 */
    {"nobody repeats", 4, 4, 1.08986537362633, 10.2415886754037},
    {"one of three people twice", 4, 6, 4 + 1.224744871391589 * (1.08986537362633 - 4),
     4 + 1.224744871391589 * (10.2415886754037 - 4)},
    {"one person with all, the lower limit held at 0", 4, 16, 0, 2 * 10.2415886754037 - 4},
    {"no events", 0, 0, 0, 3.68887945411394},
    {"not a count", NAN, 4, NAN, NAN},
};

static void repeat_adjusted(void **state)
{
    const struct repeat_case *c = *state;
    hst_limits limits = hst_limits_repeat_adjusted(c->count, c->squares, 95);

    assert_close(limits.lower, c->lower, 1e-12);
    assert_close(limits.upper, c->upper, 1e-12);
}

static void many_repeats_scale_byar(void **state)
{
    hst_limits byar = hst_limits_byar(500, 99.8);
    hst_limits limits = hst_limits_repeat_adjusted(500, 4500, 99.8);

    (void)state;
    assert_close(limits.lower, 500 + 3 * (byar.lower - 500), 1e-12);
    assert_close(limits.upper, 500 + 3 * (byar.upper - 500), 1e-12);
}

static void what_is_not_defined_is_nan(void **state)
{
    (void)state;
    assert_true(isnan(hst_limits_byar(-1, 95).upper));
    assert_true(isnan(hst_limits_byar(NAN, 95).upper));
    assert_true(isnan(hst_limits_byar(0, 95).lower));
    assert_true(isnan(hst_limits_byar(1, 99.8).lower));
    assert_true(isnan(hst_limits_poisson_exact(-1, 95).lower));
    assert_true(isnan(hst_limits_wilson(1, 0, 95).lower));
    assert_true(isnan(hst_limits_wilson(-1, 5, 95).lower));
    assert_true(isnan(hst_limits_wilson(6, 5, 95).upper));
    assert_true(isnan(hst_limits_mean(17.3, 2, 1, 95).lower));
    assert_true(isnan(hst_limits_mean(17.3, 2, 0, 95).upper));
    assert_close(hst_limits_poisson(0, 95).lower, 0, 0);
    assert_close(hst_limits_poisson(0, 95).upper, 3.6888794541139363, 1e-12);
}

int main(void)
{
    enum { N_CASES = sizeof repeat_cases / sizeof repeat_cases[0] };
    struct CMUnitTest cases[N_CASES];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_poisson_limits),
        cmocka_unit_test(golden_crude_rates),
        cmocka_unit_test(golden_proportions),
        cmocka_unit_test(golden_means),
        cmocka_unit_test(limits_widen_with_confidence_and_hold_the_count),
        cmocka_unit_test(many_repeats_scale_byar),
        cmocka_unit_test(what_is_not_defined_is_nan),
    };
    int n_failed = 0;

    for (size_t i = 0; i < N_CASES; i++) {
        cases[i] = (struct CMUnitTest){.name = repeat_cases[i].name,
                                       .test_func = repeat_adjusted,
                                       .initial_state = &repeat_cases[i]};
    }
    n_failed += cmocka_run_group_tests_name("standardise/interval", tests, NULL, NULL);
    n_failed += cmocka_run_group_tests_name("repeat-adjusted limits of a count", cases, NULL, NULL);
    return n_failed;
}
