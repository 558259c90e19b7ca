/* Funnels against the golden numbers, by hand, and refusals. */
#include "hestia/funnel.h"

#include <stdlib.h>

#include "tests/standardise/golden.h"

enum { MAX_UNITS = 40 };

/* ---- golden i ---- */

static struct golden_case {
    const char *name;        /* and the case of the golden tables */
    const char *trim_by;     /* text of the golden tables */
    const char *set, *x, *n; /* rows and columns of the input */
    hst_funnel_type type;
    hst_funnel_dispersion dispersion;
} golden_cases[] = {
    {"sr_shmi", "0.1", "main", "observed", "expected", HST_FUNNEL_RATIO, HST_FUNNEL_SHMI},
    {"sr_cqc", "0.1", "main", "observed", "expected", HST_FUNNEL_RATIO, HST_FUNNEL_CQC},
    {"sr_cqc", "0.2", "main", "observed", "expected", HST_FUNNEL_RATIO, HST_FUNNEL_CQC},
    {"proportion", "0.1", "main", "prop_x", "prop_n", HST_FUNNEL_PROPORTION, HST_FUNNEL_CQC},
    {"ratio_of_counts", "0.1", "main", "rc_num", "rc_den", HST_FUNNEL_RATE, HST_FUNNEL_CQC},
    {"sr_cqc_underdispersed", "0.1", "underdispersed", "observed", "expected", HST_FUNNEL_RATIO,
     HST_FUNNEL_CQC},
};

typedef struct numbers {
    double x[MAX_UNITS], n[MAX_UNITS];
    size_t n_units;
} numbers;

static numbers read_input(const char *set, const char *x, const char *n)
{
    hst_table *table = golden_read("i_spc_funnel/input_funnel.csv");
    numbers out = {.n_units = 0};

    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        if (strcmp(golden_text(table, row, "set"), set) == 0) {
            assert_true(out.n_units < MAX_UNITS);
            out.x[out.n_units] = golden_number(table, row, x);
            out.n[out.n_units++] = golden_number(table, row, n);
        }
    }
    hst_table_free(table);
    return out;
}

static bool is_of(const hst_table *table, size_t row, const struct golden_case *c)
{
    return strcmp(golden_text(table, row, "case"), c->name) == 0 &&
           strcmp(golden_text(table, row, "trim_by"), c->trim_by) == 0;
}

static void assert_limits(hst_limits limits, const hst_table *table, size_t row, const char *prefix,
                          const char *level)
{
    char name[32];

    snprintf(name, sizeof name, "%slower%s", prefix, level);
    assert_close(limits.lower, golden_number(table, row, name), 1e-6);
    snprintf(name, sizeof name, "%supper%s", prefix, level);
    assert_close(limits.upper, golden_number(table, row, name), 1e-6);
}

static void golden(void **state)
{
    const struct golden_case *c = *state;
    hst_table *summary = golden_read("i_spc_funnel/expected_funnel_summary.csv");
    hst_table *table = golden_read("i_spc_funnel/expected_funnel_units.csv");
    numbers in = read_input(c->set, c->x, c->n);
    hst_funnel_unit units[MAX_UNITS];
    hst_funnel out;
    hst_error err = {0};
    size_t i = 0, n_left = 0, n_summaries = 0;

    assert_int_equal(hst_funnel_compute(&out, units, in.x, in.n, in.n_units, c->type, c->dispersion,
                                        strtod(c->trim_by, NULL), &err),
                     HST_OK);
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        if (!is_of(table, row, c)) {
            continue;
        }
        assert_close(units[i].value, golden_number(table, row, "value"), 1e-6);
        assert_close(units[i].z, golden_number(table, row, "z"), 1e-6);
        assert_close(units[i].z_trimmed, golden_number(table, row, "z_trimmed"), 1e-6);
        assert_limits(units[i].limits95, table, row, "", "95");
        assert_limits(units[i].limits998, table, row, "", "998");
        assert_limits(units[i].od95, table, row, "od_", "95");
        assert_limits(units[i].od998, table, row, "od_", "998");
        assert_int_equal(units[i].is_outlier, golden_number(table, row, "outlier_od998"));
        n_left += isnan(units[i].z_trimmed) ? 0 : 1;
        i++;
    }
    assert_int_equal(i, in.n_units);
    for (size_t row = 0; row < hst_table_n_rows(summary); row++) {
        if (is_of(summary, row, c)) {
            assert_close(out.target, golden_number(summary, row, "target"), 1e-6);
            assert_close(out.phi, golden_number(summary, row, "phi"), 1e-6);
            assert_close(out.tau2, golden_number(summary, row, "tau2"), 1e-6);
            assert_int_equal(n_left, golden_number(summary, row, "n"));
            n_summaries++;
        }
    }
    assert_int_equal(n_summaries, 1);
    hst_table_free(summary);
    hst_table_free(table);
}

static struct flag_case {
    const char *name, *x, *n;
    hst_funnel_type type;
} flag_cases[] = {
    {"phe_proportion_flag", "prop_x", "prop_n", HST_FUNNEL_PROPORTION},
    {"phe_ratio_flag", "observed", "expected", HST_FUNNEL_RATIO},
};

static void golden_flags(void **state)
{
    const struct flag_case *c = *state;
    hst_table *table = golden_read("i_spc_funnel/expected_phe_funnel_flags.csv");
    numbers in = read_input("main", c->x, c->n);
    hst_funnel_unit units[MAX_UNITS];
    hst_funnel out;
    hst_error err = {0};

    assert_int_equal(hst_funnel_compute(&out, units, in.x, in.n, in.n_units, c->type,
                                        HST_FUNNEL_PLAIN, 0.1, &err),
                     HST_OK);
    assert_int_equal(hst_table_n_rows(table), in.n_units);
    for (size_t i = 0; i < in.n_units; i++) {
        assert_string_equal(units[i].flag, golden_text(table, i, c->name));
    }
    hst_table_free(table);
}

/* ---- what golden does not have ---- */

static void without_overdispersion(void **state)
{
    static const double x[] = {61, 92, 33}, n[] = {50.5, 88.2, 61.4};
    hst_limits limits = hst_limits_poisson_exact(61.4, 99.8);
    hst_funnel_unit units[3];
    hst_funnel out;
    hst_error err = {0};

    (void)state;
    assert_int_equal(
        hst_funnel_compute(&out, units, x, n, 3, HST_FUNNEL_RATIO, HST_FUNNEL_PLAIN, 0.1, &err),
        HST_OK);
    assert_close(out.target, 1, 0);
    assert_true(isnan(out.phi) && isnan(out.tau2));
    assert_true(isnan(units[2].od998.lower) && isnan(units[2].od95.upper));
    assert_close(units[2].limits998.lower, limits.lower / 61.4, 1e-15);
    assert_close(units[2].z, (sqrt(33 / 61.4) - 1) * 2 * sqrt(61.4), 1e-14);
    assert_close(units[2].z_trimmed, units[2].z, 0);
    assert_true(units[2].is_outlier && !units[1].is_outlier);
    assert_string_equal(units[2].flag, "Low (0.001)");
}

/* Person-time is observed over what the pooled rate expects, times that rate. */
static void person_time_is_a_ratio_to_the_pooled_rate(void **state)
{
    static const double x[] = {61, 92, 33, 0}, n[] = {12000, 29000, 17500, 430};
    double pooled = (61.0 + 92 + 33) / (12000 + 29000 + 17500 + 430), expected[4];
    hst_funnel_unit units[4], ratios[4];
    hst_funnel out, of_ratios;
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        expected[i] = n[i] * pooled;
    }
    assert_int_equal(
        hst_funnel_compute(&out, units, x, n, 4, HST_FUNNEL_PERSON_TIME, HST_FUNNEL_CQC, 0.1, &err),
        HST_OK);
    assert_int_equal(hst_funnel_compute(&of_ratios, ratios, x, expected, 4, HST_FUNNEL_RATIO,
                                        HST_FUNNEL_CQC, 0.1, &err),
                     HST_OK);
    assert_close(out.target, pooled, 1e-15);
    assert_close(out.tau2, of_ratios.tau2, 1e-12);
    for (size_t i = 0; i < 4; i++) {
        assert_close(units[i].value, x[i] / n[i], 0);
        assert_close(units[i].z, ratios[i].z, 1e-12);
        assert_close(units[i].limits95.upper, ratios[i].limits95.upper * pooled, 1e-12);
        assert_close(units[i].od998.lower, ratios[i].od998.lower * ratios[i].od998.lower * pooled,
                     1e-12);
        assert_string_equal(units[i].flag, ratios[i].flag);
    }
}

/* Two units of ten are at the ends of the log; the one with nothing observed is among them. */
static void nothing_observed_is_dropped_at_the_end(void **state)
{
    double x[12], n[12];
    hst_funnel_unit units[12];
    hst_funnel out;
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        x[i] = i == 4 ? 0 : 20 + (double)i;
        n[i] = 25.337;
    }
    assert_int_equal(
        hst_funnel_compute(&out, units, x, n, 12, HST_FUNNEL_RATIO, HST_FUNNEL_SHMI, 0.1, &err),
        HST_OK);
    assert_true(isinf(units[4].z) && isnan(units[4].z_trimmed));
    assert_true(isnan(units[11].z_trimmed) && !isnan(units[10].z_trimmed));
    assert_close(units[10].z, log(30 / 25.34) * sqrt(25.34), 1e-12); /* expected to 2 decimals */
    assert_close(units[10].value, 30 / 25.337, 1e-15);
    assert_string_equal(units[4].flag, "Low (0.001)");
}

/* Of 19 units rank 2 is at the lower bound, and stays; rank 18 is at the upper, and goes. Four that
 * share the ranks 16 to 19 have 17.5 each, and stay. */
static void ends_are_ranks_over_units_and_one(void **state)
{
    double x[19], n[19];
    hst_funnel_unit units[19];
    hst_funnel out;
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < 19; i++) {
        x[i] = 20 + (double)i;
        n[i] = 30;
    }
    assert_int_equal(
        hst_funnel_compute(&out, units, x, n, 19, HST_FUNNEL_RATIO, HST_FUNNEL_SHMI, 0.1, &err),
        HST_OK);
    for (size_t i = 0; i < 19; i++) {
        assert_int_equal(isnan(units[i].z_trimmed) != 0, i == 0 || i >= 17);
    }
    x[15] = x[16] = x[17] = x[18];
    assert_int_equal(
        hst_funnel_compute(&out, units, x, n, 19, HST_FUNNEL_RATIO, HST_FUNNEL_SHMI, 0.1, &err),
        HST_OK);
    for (size_t i = 0; i < 19; i++) {
        assert_int_equal(isnan(units[i].z_trimmed) != 0, i == 0);
    }
}

static void order_of_units_is_nothing(void **state)
{
    numbers in = read_input("main", "observed", "expected");
    hst_funnel_unit units[MAX_UNITS], turned[MAX_UNITS];
    hst_funnel out, other;
    double x[MAX_UNITS], n[MAX_UNITS];
    hst_error err = {0};

    (void)state;
    in.x[7] = in.x[8] = 40; /* a tie */
    in.n[7] = in.n[8] = 30;
    for (size_t i = 0; i < MAX_UNITS; i++) {
        x[i] = in.x[MAX_UNITS - 1 - i];
        n[i] = in.n[MAX_UNITS - 1 - i];
    }
    assert_int_equal(hst_funnel_compute(&out, units, in.x, in.n, MAX_UNITS, HST_FUNNEL_RATIO,
                                        HST_FUNNEL_SHMI, 0.1, &err),
                     HST_OK);
    assert_int_equal(hst_funnel_compute(&other, turned, x, n, MAX_UNITS, HST_FUNNEL_RATIO,
                                        HST_FUNNEL_SHMI, 0.1, &err),
                     HST_OK);
    assert_close(other.tau2, out.tau2, 1e-12);
    for (size_t i = 0; i < MAX_UNITS; i++) {
        assert_close(turned[MAX_UNITS - 1 - i].z_trimmed, units[i].z_trimmed, 0);
        assert_close(turned[MAX_UNITS - 1 - i].od998.upper, units[i].od998.upper, 1e-12);
    }
}

/* Small units reach the ends of what a value can be; limits stop there. */
static void limits_stay_among_values(void **state)
{
    static const double x[] = {1, 2, 190}, n[] = {2, 2, 200}, expected[] = {0.4, 0.9, 190};
    hst_funnel_unit units[3];
    hst_funnel out;
    hst_error err = {0};

    (void)state;
    assert_int_equal(
        hst_funnel_compute(&out, units, x, n, 3, HST_FUNNEL_PROPORTION, HST_FUNNEL_CQC, 0.1, &err),
        HST_OK);
    assert_close(units[0].limits998.upper, 1, 0);
    assert_close(units[0].od998.upper, 1, 0);
    assert_int_equal(hst_funnel_compute(&out, units, x, expected, 3, HST_FUNNEL_RATIO,
                                        HST_FUNNEL_CQC, 0.1, &err),
                     HST_OK);
    assert_close(units[0].od998.lower, 0, 0);
}

static struct refusal_case {
    const char *name;
    hst_funnel_type type;
    hst_funnel_dispersion dispersion;
    size_t n_units;
    double trim, x[4], n[4];
    hst_status status;
    const char *message;
} refusal_cases[] = {
    {"one unit",
     HST_FUNNEL_RATIO,
     HST_FUNNEL_CQC,
     1,
     0.1,
     {3},
     {2.5},
     HST_REFUSED,
     "too few units"},
    {"a missing number",
     HST_FUNNEL_RATIO,
     HST_FUNNEL_CQC,
     2,
     0.1,
     {3, NAN},
     {2.5, 2},
     HST_REFUSED,
     "missing"},
    {"nothing expected",
     HST_FUNNEL_RATIO,
     HST_FUNNEL_PLAIN,
     2,
     0.1,
     {3, 2},
     {2.5, 0},
     HST_REFUSED,
     "not above 0"},
    {"below 0",
     HST_FUNNEL_RATE,
     HST_FUNNEL_PLAIN,
     2,
     0.1,
     {3, -2},
     {2.5, 1},
     HST_REFUSED,
     "below 0"},
    {"more than all",
     HST_FUNNEL_PROPORTION,
     HST_FUNNEL_PLAIN,
     2,
     0.1,
     {3, 2},
     {2.5, 9},
     HST_REFUSED,
     "more events"},
    {"no events",
     HST_FUNNEL_PERSON_TIME,
     HST_FUNNEL_PLAIN,
     2,
     0.1,
     {0, 0},
     {25, 19},
     HST_REFUSED,
     "no events"},
    {"hardly anything expected",
     HST_FUNNEL_RATIO,
     HST_FUNNEL_SHMI,
     3,
     0.1,
     {1, 2, 3},
     {0.004, 2, 4},
     HST_REFUSED,
     "less than 0.005"},
    {"all but one dropped",
     HST_FUNNEL_RATIO,
     HST_FUNNEL_SHMI,
     3,
     0.4,
     {1, 2, 3},
     {2, 2, 2},
     HST_REFUSED,
     "fewer than two"},
    {"nothing observed but kept",
     HST_FUNNEL_RATIO,
     HST_FUNNEL_SHMI,
     4,
     0,
     {0, 2, 3, 4},
     {2, 2, 2, 2},
     HST_REFUSED,
     "nothing observed"},
    {"shmi of a proportion",
     HST_FUNNEL_PROPORTION,
     HST_FUNNEL_SHMI,
     2,
     0.1,
     {1, 2},
     {2, 2},
     HST_ERR_ARGUMENT,
     "observed over expected"},
    {"half of the units trimmed",
     HST_FUNNEL_RATIO,
     HST_FUNNEL_CQC,
     2,
     0.5,
     {1, 2},
     {2, 2},
     HST_ERR_ARGUMENT,
     "below 0.5"},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    hst_funnel_unit units[4];
    hst_funnel out;
    hst_error err = {0};

    assert_int_equal(hst_funnel_compute(&out, units, c->x, c->n, c->n_units, c->type, c->dispersion,
                                        c->trim, &err),
                     c->status);
    assert_non_null(strstr(err.message, c->message));
    assert_true(isnan(out.tau2));
}

#define ADD_CASES(cases, function)                                                                 \
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {                                  \
        tests[n++] = (struct CMUnitTest){                                                          \
            .name = cases[i].name, .test_func = function, .initial_state = &cases[i]};             \
    }

int main(void)
{
    struct CMUnitTest tests[40] = {
        cmocka_unit_test(without_overdispersion),
        cmocka_unit_test(person_time_is_a_ratio_to_the_pooled_rate),
        cmocka_unit_test(nothing_observed_is_dropped_at_the_end),
        cmocka_unit_test(ends_are_ranks_over_units_and_one),
        cmocka_unit_test(order_of_units_is_nothing),
        cmocka_unit_test(limits_stay_among_values),
    };
    size_t n = 6;

    ADD_CASES(golden_cases, golden)
    ADD_CASES(flag_cases, golden_flags)
    ADD_CASES(refusal_cases, refusals_have_a_name)
    return _cmocka_run_group_tests("impact/funnel", tests, n, NULL, NULL);
}
