#include "hestia/dsr.h"

#include <stdlib.h>

#include "hestia/standard.h"
#include "tests/standardise/golden.h"

enum { MAX_STRATA = 64 };

static const double both_levels[] = {95, 99.8};

typedef struct strata {
    double x[MAX_STRATA], n[MAX_STRATA], w[MAX_STRATA];
    size_t n_strata;
} strata;

/* ---- golden a and b: the same strata as the reference took ---- */

/* Adds the rows of an area, quarter and sex up to the standard's bands. `sex` is that of the
 * expected table: 1, 2, persons_age (sexes added) or persons_agesex (a stratum for each). */
static void gather(strata *s, const hst_table *input, const hst_standard *standard,
                   const char *area, const char *quarter, const char *sex)
{
    size_t n_bands = standard->bands.n;
    bool of_both = strncmp(sex, "persons", 7) == 0, by_sex = strcmp(sex, "persons_agesex") == 0;

    memset(s, 0, sizeof *s);
    s->n_strata = by_sex ? 2 * n_bands : n_bands;
    for (size_t i = 0; i < s->n_strata; i++) {
        s->w[i] = standard->weight[i % n_bands];
    }
    for (size_t row = 0; row < hst_table_n_rows(input); row++) {
        const char *row_sex = golden_text(input, row, "sex");
        size_t at = standard->bands.of_age[(int)golden_number(input, row, "age_lower")];

        if (strcmp(golden_text(input, row, "area"), area) != 0 ||
            strcmp(golden_text(input, row, "quarter"), quarter) != 0 ||
            (!of_both && strcmp(row_sex, sex) != 0)) {
            continue;
        }
        at += by_sex && strcmp(row_sex, "2") == 0 ? n_bands : 0;
        s->x[at] += golden_number(input, row, "events");
        s->n[at] += golden_number(input, row, "population");
    }
}

static hst_dsr compute(const strata *s, hst_interval interval, double min_events)
{
    return hst_dsr_compute(s->x, NULL, s->n, s->w, s->n_strata, 1e5, interval, both_levels, 2,
                           min_events);
}

static void assert_limits(const hst_dsr *dsr, const hst_table *expected, size_t row,
                          const char *prefix, bool has_both, double tolerance)
{
    static const char *const names[2][2] = {{"lower95", "upper95"}, {"lower998", "upper998"}};

    for (size_t i = 0; i < (has_both ? 2 : 1); i++) {
        char lower[64], upper[64];

        snprintf(lower, sizeof lower, "%s%s", prefix, names[i][0]);
        snprintf(upper, sizeof upper, "%s%s", prefix, names[i][1]);
        assert_close(dsr->limits[i].lower, golden_number(expected, row, lower), tolerance);
        assert_close(dsr->limits[i].upper, golden_number(expected, row, upper), tolerance);
    }
}

static void read_standard_of(hst_standard *out, const hst_table *expected, size_t row)
{
    bool is_1976 = strcmp(golden_text(expected, row, "standard"), "ESP1976") == 0;

    assert_int_equal(hst_standard_read(out, is_1976 ? "esp1976" : "esp2013", NULL), HST_OK);
}

static void golden_dobson_byar(void **state)
{
    hst_table *input = golden_read("a_dsr/input_main.csv");
    hst_table *expected = golden_read("a_dsr/expected_main.csv");
    hst_standard standard;
    strata s;

    (void)state;
    assert_true(hst_table_n_rows(expected) > 100);
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        hst_dsr dsr, unsuppressed;

        read_standard_of(&standard, expected, row);
        gather(&s, input, &standard, golden_text(expected, row, "area"),
               golden_text(expected, row, "quarter"), golden_text(expected, row, "sex"));
        dsr = compute(&s, HST_INTERVAL_DOBSON_BYAR, 10);
        unsuppressed = compute(&s, HST_INTERVAL_DEFAULT, 0);
        assert_close(dsr.total_count, golden_number(expected, row, "total_count"), 1e-9);
        assert_close(dsr.total_pop, golden_number(expected, row, "total_pop"), 1e-9);
        assert_close(dsr.value, golden_number(expected, row, "value"), 1e-9);
        assert_close(dsr.variance, golden_number(expected, row, "variance"), 1e-9);
        assert_limits(&dsr, expected, row, "", true, 1e-9);
        assert_int_equal(dsr.note != NULL, golden_number(expected, row, "suppressed") == 1);
        assert_close(unsuppressed.value, golden_number(expected, row, "unsuppressed_value"), 1e-9);
    }
    hst_table_free(input);
    hst_table_free(expected);
}

static void golden_other_intervals(void **state)
{
    static const struct {
        hst_interval interval;
        const char *prefix;
        bool has_both;
        double tolerance;
    } intervals[] = {
        {HST_INTERVAL_FAY_FEUER, "ff_", true, 1e-8},
        {HST_INTERVAL_TIWARI, "tcz_", false, 1e-8},
        {HST_INTERVAL_MID_P, "midp_", false, 1e-6},
        {HST_INTERVAL_NORMAL, "normal_", true, 1e-8},
    };
    hst_table *input = golden_read("a_dsr/input_main.csv");
    hst_table *expected = golden_read("b_dsr_gamma_normal/expected_main.csv");
    hst_standard standard;
    strata s;

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        read_standard_of(&standard, expected, row);
        gather(&s, input, &standard, golden_text(expected, row, "area"),
               golden_text(expected, row, "quarter"), golden_text(expected, row, "sex"));
        for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
            hst_dsr dsr = compute(&s, intervals[i].interval, 0);

            assert_close(dsr.value, golden_number(expected, row, "value"), 1e-8);
            assert_limits(&dsr, expected, row, intervals[i].prefix, intervals[i].has_both,
                          intervals[i].tolerance);
        }
    }
    hst_table_free(input);
    hst_table_free(expected);
}

/* The rows of one case of golden a; missing events count as none, as there. */
static void gather_case(strata *s, const hst_table *input, const char *name)
{
    memset(s, 0, sizeof *s);
    for (size_t row = 0; row < hst_table_n_rows(input); row++) {
        if (strcmp(golden_text(input, row, "case"), name) == 0) {
            double events = golden_number(input, row, "events");

            s->x[s->n_strata] = isnan(events) ? 0 : events;
            s->n[s->n_strata] = golden_number(input, row, "population");
            s->w[s->n_strata] = golden_number(input, row, "weight");
            s->n_strata++;
        }
    }
}

static void golden_edges(void **state)
{
    hst_table *input = golden_read("a_dsr/input_edge.csv");
    hst_table *expected = golden_read("a_dsr/expected_edge.csv");
    strata s;

    (void)state;
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        const char *status = golden_text(expected, row, "peer_status");
        hst_dsr dsr, exact, gamma;

        gather_case(&s, input, golden_text(expected, row, "case"));
        dsr = compute(&s, HST_INTERVAL_DOBSON_BYAR, 10);
        assert_int_equal(isnan(dsr.total_count), strcmp(status, "refused") == 0);
        assert_int_equal(isnan(dsr.value), strcmp(status, "computed") != 0);
        assert_int_equal(dsr.note != NULL, strcmp(status, "computed") != 0);
        assert_close(dsr.total_count, golden_number(expected, row, "total_count"), 1e-9);
        assert_close(dsr.total_pop, golden_number(expected, row, "total_pop"), 1e-9);
        assert_close(dsr.value, golden_number(expected, row, "value"), 1e-9);
        assert_close(dsr.variance, golden_number(expected, row, "variance"), 1e-9);
        assert_limits(&dsr, expected, row, "", true, 1e-9);

        dsr = compute(&s, HST_INTERVAL_DOBSON_BYAR, 0);
        exact = compute(&s, HST_INTERVAL_DOBSON_EXACT, 0);
        gamma = compute(&s, HST_INTERVAL_FAY_FEUER, 0);
        assert_close(dsr.value, golden_number(expected, row, "unsuppressed_value"), 1e-9);
        assert_limits(&dsr, expected, row, "unsuppressed_byar_", false, 1e-9);
        assert_limits(&exact, expected, row, "dobson_exact_", true, 1e-9);
        assert_limits(&gamma, expected, row, "ff_", true, 1e-8);
    }
    hst_table_free(input);
    hst_table_free(expected);
}

/* ---- golden a: several events of one person ---- */

static void golden_repeat_adjusted(void **state)
{
    hst_table *input = golden_read("a_dsr/input_eventfreq.csv");
    hst_table *expected = golden_read("a_dsr/expected_eventfreq.csv");

    (void)state;
    assert_int_equal(hst_table_n_rows(expected), 2);
    for (size_t row = 0; row < 2; row++) {
        strata s = {0};
        double squares[MAX_STRATA] = {0}, age = -1;
        hst_dsr adjusted, independent;

        for (size_t i = 0; i < hst_table_n_rows(input); i++) {
            double frequency = golden_number(input, i, "eventfreq");
            double persons = golden_number(input, i, "persons");

            if (strcmp(golden_text(input, i, "area"), golden_text(expected, row, "area")) != 0) {
                continue;
            }
            if (golden_number(input, i, "age_lower") != age) { /* the ages come one by one */
                age = golden_number(input, i, "age_lower");
                s.n[s.n_strata] = golden_number(input, i, "population");
                s.w[s.n_strata] = golden_number(input, i, "weight");
                s.n_strata++;
            }
            s.x[s.n_strata - 1] += frequency * persons;
            squares[s.n_strata - 1] += frequency * frequency * persons;
        }
        adjusted = hst_dsr_repeat_adjusted(s.x, NULL, squares, s.n, s.w, s.n_strata, 1e5,
                                           both_levels, 2, 10);
        independent = compute(&s, HST_INTERVAL_DOBSON_BYAR, 10);
        assert_close(adjusted.total_count, golden_number(expected, row, "total_events"), 0);
        assert_close(adjusted.value, golden_number(expected, row, "value"), 1e-9);
        assert_close(adjusted.variance, golden_number(expected, row, "variance_adjusted"), 1e-9);
        for (size_t i = 0; i < 2; i++) {
            static const char *const names[2][4] = {{"lower95_adjusted", "upper95_adjusted",
                                                     "lower95_independent", "upper95_independent"},
                                                    {"lower998_adjusted", "upper998_adjusted",
                                                     "lower998_independent",
                                                     "upper998_independent"}};

            assert_close(adjusted.limits[i].lower, golden_number(expected, row, names[i][0]), 1e-9);
            assert_close(adjusted.limits[i].upper, golden_number(expected, row, names[i][1]), 1e-9);
            assert_close(independent.limits[i].lower, golden_number(expected, row, names[i][2]),
                         1e-9);
            assert_close(independent.limits[i].upper, golden_number(expected, row, names[i][3]),
                         1e-9);
        }
    }
    hst_table_free(input);
    hst_table_free(expected);
}

/* ---- the worked numbers of the method notes: six strata, per 100,000 ---- */

static const strata worked = {
    .x = {2, 5, 9, 30, 80, 120},
    .n = {30000, 31000, 33000, 28000, 20000, 9000},
    .w = {16000, 17500, 20500, 20500, 16500, 9000},
    .n_strata = 6,
};

static struct worked_case {
    const char *name;
    hst_interval interval;
    double lower, upper;
} worked_cases[] = {
    {"worked dobson-byar", HST_INTERVAL_DOBSON_BYAR, 190.8476, 246.6808},
    {"worked dobson-exact", HST_INTERVAL_DOBSON_EXACT, 190.8486, 246.6801},
    {"worked fay-feuer", HST_INTERVAL_FAY_FEUER, 190.8575, 246.8101},
    {"worked tiwari", HST_INTERVAL_TIWARI, 190.8575, 246.4894},
    {"worked normal", HST_INTERVAL_NORMAL, 189.9933, 244.8956},
};

static void worked_example(void **state)
{
    const struct worked_case *c = *state;
    hst_dsr dsr = compute(&worked, c->interval, 10);

    assert_close(dsr.value, 217.4444, 1e-6);
    assert_close(dsr.limits[0].lower, c->lower, 1e-6);
    assert_close(dsr.limits[0].upper, c->upper, 1e-6);
}

/* ---- properties ---- */

static const hst_interval intervals[] = {HST_INTERVAL_DOBSON_BYAR, HST_INTERVAL_DOBSON_EXACT,
                                         HST_INTERVAL_FAY_FEUER,   HST_INTERVAL_TIWARI,
                                         HST_INTERVAL_MID_P,       HST_INTERVAL_NORMAL};

enum { N_INTERVALS = sizeof intervals / sizeof intervals[0] };

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void random_strata(strata *s, uint64_t *seed)
{
    memset(s, 0, sizeof *s);
    s->n_strata = 5 + next_random(seed) % 30;
    for (size_t i = 0; i < s->n_strata; i++) {
        s->n[i] = 500 + (double)(next_random(seed) % 100000);
        s->x[i] = (double)(next_random(seed) % 90);
        s->w[i] = 100 + (double)(next_random(seed) % 9000);
    }
}

static void assert_same(const hst_dsr *a, const hst_dsr *b, double scale, double tolerance)
{
    assert_close(a->value, scale * b->value, tolerance);
    for (size_t i = 0; i < 2; i++) {
        assert_close(a->limits[i].lower, scale * b->limits[i].lower, tolerance);
        assert_close(a->limits[i].upper, scale * b->limits[i].upper, tolerance);
    }
}

static void order_of_strata_does_not_matter(void **state)
{
    uint64_t seed = 20101001;

    (void)state;
    for (int run = 0; run < 100; run++) {
        strata s, reversed;

        random_strata(&s, &seed);
        reversed = s;
        for (size_t i = 0; i < s.n_strata; i++) {
            reversed.x[i] = s.x[s.n_strata - 1 - i];
            reversed.n[i] = s.n[s.n_strata - 1 - i];
            reversed.w[i] = s.w[s.n_strata - 1 - i];
        }
        for (size_t i = 0; i < N_INTERVALS; i++) {
            hst_dsr a = compute(&s, intervals[i], 0), b = compute(&reversed, intervals[i], 0);

            assert_same(&a, &b, 1, 1e-11);
            assert_close(a.value, b.value, 1e-12);
        }
    }
}

/* Members that all weigh 2.5 are the plain union; a heavy one among light ones widens the limits by
 * the variance that it brings. */
static void weighted_events(void **state)
{
    uint64_t seed = 20030401;

    (void)state;
    for (int run = 0; run < 50; run++) {
        strata s;
        double x[MAX_STRATA], v[MAX_STRATA], n[MAX_STRATA];

        random_strata(&s, &seed);
        for (size_t i = 0; i < s.n_strata; i++) {
            x[i] = 2.5 * s.x[i];
            v[i] = 2.5 * 2.5 * s.x[i];
            n[i] = 2.5 * s.n[i];
        }
        for (size_t i = 0; i < N_INTERVALS; i++) {
            hst_dsr plain = compute(&s, intervals[i], 0);
            hst_dsr equal =
                hst_dsr_compute(x, v, n, s.w, s.n_strata, 1e5, intervals[i], both_levels, 2, 0);

            assert_close(equal.total_count, 2.5 * plain.total_count, 1e-12);
            equal.total_count = plain.total_count;
            equal.total_pop = plain.total_pop;
            assert_same(&equal, &plain, 1, 1e-10);
        }
        for (size_t i = 0; i < s.n_strata; i++) {
            v[i] = 4 * s.x[i]; /* as of members of 1 and of more */
        }
        {
            hst_dsr plain = compute(&s, HST_INTERVAL_NORMAL, 0);
            hst_dsr wide = hst_dsr_compute(s.x, v, s.n, s.w, s.n_strata, 1e5, HST_INTERVAL_NORMAL,
                                           both_levels, 2, 0);

            assert_close(wide.value, plain.value, 1e-12);
            assert_close(wide.variance, 4 * plain.variance, 1e-12);
            assert_close(wide.limits[0].upper - wide.value,
                         2 * (plain.limits[0].upper - plain.value), 1e-10);
        }
    }
}

/* Where everybody has one event, the limits are those of independent events, weighted or not; the
 * scale of the weights does not matter; and few events are few however often people repeat. */
static void repeat_adjusted_limits(void **state)
{
    uint64_t seed = 20080401;

    (void)state;
    for (int run = 0; run < 50; run++) {
        strata s;
        double x[MAX_STRATA], v[MAX_STRATA], squares[MAX_STRATA], n[MAX_STRATA];
        hst_dsr plain, once, scaled, twice;

        random_strata(&s, &seed);
        for (size_t i = 0; i < s.n_strata; i++) {
            x[i] = 2.5 * s.x[i];
            v[i] = 2.5 * 2.5 * s.x[i];
            n[i] = 2.5 * s.n[i];
            squares[i] = 2 * v[i]; /* everybody two events, with the weight squared */
        }
        plain = compute(&s, HST_INTERVAL_DOBSON_BYAR, 0);
        once =
            hst_dsr_repeat_adjusted(s.x, NULL, s.x, s.n, s.w, s.n_strata, 1e5, both_levels, 2, 0);
        assert_same(&once, &plain, 1, 1e-14);
        once = hst_dsr_repeat_adjusted(x, v, v, n, s.w, s.n_strata, 1e5, both_levels, 2, 0);
        assert_same(&once, &plain, 1, 1e-12);
        scaled = hst_dsr_repeat_adjusted(x, v, squares, n, s.w, s.n_strata, 1e5, both_levels, 2, 0);
        for (size_t i = 0; i < s.n_strata; i++) {
            squares[i] = 2 * s.x[i];
        }
        twice = hst_dsr_repeat_adjusted(s.x, NULL, squares, s.n, s.w, s.n_strata, 1e5, both_levels,
                                        2, 0);
        assert_same(&scaled, &twice, 1, 1e-12);
        assert_close(twice.variance, 2 * plain.variance, 1e-12);
        assert_close(twice.limits[0].upper - twice.value,
                     sqrt(2) * (plain.limits[0].upper - plain.value), 1e-10);
    }
}

static void repeats_do_not_make_many_events(void **state)
{
    static const double x[] = {3, 6}, squares[] = {9, 36}, n[] = {1000, 700}, w[] = {1, 1};
    hst_dsr dsr = hst_dsr_repeat_adjusted(x, NULL, squares, n, w, 2, 1e5, both_levels, 2, 10);

    (void)state;
    assert_true(isnan(dsr.value));
    assert_non_null(dsr.note);
    assert_close(dsr.total_count, 9, 0);
    dsr = hst_dsr_repeat_adjusted(x, NULL, squares, n, w, 2, 1e5, both_levels, 2, 9);
    assert_true(dsr.value > 0);
}

static void weights_and_populations_scale(void **state)
{
    uint64_t seed = 20110331;

    (void)state;
    for (int run = 0; run < 50; run++) {
        strata s, heavier, larger;

        random_strata(&s, &seed);
        heavier = larger = s;
        for (size_t i = 0; i < s.n_strata; i++) {
            heavier.w[i] *= 17.3;
            larger.n[i] *= 4;
        }
        for (size_t i = 0; i < N_INTERVALS; i++) {
            hst_dsr plain = compute(&s, intervals[i], 0);
            hst_dsr same = compute(&heavier, intervals[i], 0);
            hst_dsr quarter = compute(&larger, intervals[i], 0);

            assert_same(&same, &plain, 1, 1e-10);
            assert_same(&quarter, &plain, 0.25, 1e-10);
        }
    }
}

static void equal_weights_shares_give_the_crude_rate(void **state)
{
    strata s = worked;
    double events = 0, people = 0;
    hst_dsr dsr;

    (void)state;
    for (size_t i = 0; i < s.n_strata; i++) {
        s.w[i] = s.n[i];
        events += s.x[i];
        people += s.n[i];
    }
    dsr = compute(&s, HST_INTERVAL_DOBSON_EXACT, 0);
    assert_close(dsr.value, 1e5 * events / people, 1e-14);
    assert_close(dsr.limits[0].lower, 1e5 * hst_limits_poisson_exact(events, 95).lower / people,
                 1e-12);
    assert_close(dsr.limits[1].upper, 1e5 * hst_limits_poisson_exact(events, 99.8).upper / people,
                 1e-12);
}

static void limits_enclose_and_nest(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (int run = 0; run < 100; run++) {
        strata s;

        random_strata(&s, &seed);
        for (size_t i = 0; i < N_INTERVALS; i++) {
            hst_dsr dsr = compute(&s, intervals[i], 0);

            assert_true(dsr.limits[1].lower < dsr.limits[0].lower);
            assert_true(dsr.limits[0].lower < dsr.value && dsr.value < dsr.limits[0].upper);
            assert_true(dsr.limits[0].upper < dsr.limits[1].upper);
        }
    }
}

static void one_event_more_raises_value_and_limits(void **state)
{
    strata more = worked;

    (void)state;
    more.x[2] += 1;
    for (size_t i = 0; i < N_INTERVALS; i++) {
        hst_dsr a = compute(&worked, intervals[i], 0), b = compute(&more, intervals[i], 0);

        assert_true(b.value > a.value);
        assert_true(b.limits[0].lower > a.limits[0].lower);
        assert_true(b.limits[0].upper > a.limits[0].upper);
    }
}

static void mid_p_lies_inside_fay_feuer(void **state)
{
    uint64_t seed = 9;

    (void)state;
    for (int run = 0; run < 100; run++) {
        strata s;
        hst_dsr gamma, mid_p;

        random_strata(&s, &seed);
        gamma = compute(&s, HST_INTERVAL_FAY_FEUER, 0);
        mid_p = compute(&s, HST_INTERVAL_MID_P, 0);
        assert_true(mid_p.limits[0].lower > gamma.limits[0].lower);
        assert_true(mid_p.limits[0].upper < gamma.limits[0].upper);
    }
}

static void no_events(void **state)
{
    strata s = worked;
    hst_dsr dsr;

    (void)state;
    memset(s.x, 0, sizeof s.x);
    for (size_t i = 0; i < N_INTERVALS; i++) {
        dsr = compute(&s, intervals[i], 0);
        assert_close(dsr.value, 0, 0);
        assert_close(dsr.total_count, 0, 0);
        if (intervals[i] == HST_INTERVAL_DOBSON_BYAR || intervals[i] == HST_INTERVAL_DOBSON_EXACT) {
            assert_true(isnan(dsr.limits[0].lower) && isnan(dsr.limits[0].upper));
            assert_non_null(dsr.note);
        } else {
            assert_close(dsr.limits[0].lower, 0, 0);
            assert_true(dsr.limits[0].upper >= 0);
        }
    }
    dsr = compute(&s, HST_INTERVAL_DOBSON_BYAR, 10);
    assert_true(isnan(dsr.value));
    assert_close(dsr.total_pop, 151000, 0);
}

static void refusals(void **state)
{
    strata s = worked;

    (void)state;
    s.x[1] = -1;
    assert_true(isnan(compute(&s, HST_INTERVAL_DEFAULT, 0).total_count));
    s = worked;
    s.x[1] = INFINITY;
    assert_true(isnan(compute(&s, HST_INTERVAL_DEFAULT, 0).total_count));
    s = worked;
    s.n[1] = 0;
    assert_non_null(compute(&s, HST_INTERVAL_DEFAULT, 0).note);
    s.n[1] = NAN;
    assert_non_null(compute(&s, HST_INTERVAL_DEFAULT, 0).note);
    s = worked;
    memset(s.w, 0, sizeof s.w);
    assert_true(isnan(compute(&s, HST_INTERVAL_DEFAULT, 0).value));
    s.n_strata = 0;
    assert_true(isnan(compute(&s, HST_INTERVAL_DEFAULT, 0).value));
    assert_false(hst_dsr_has_interval(HST_INTERVAL_REPEAT_ADJUSTED));
    assert_false(hst_dsr_has_interval(HST_INTERVAL_BYAR));
    assert_false(hst_dsr_has_interval(HST_INTERVAL_EXACT));
    assert_true(hst_dsr_has_interval(HST_INTERVAL_MID_P));
}

/* Quarters of a whole country: the shapes at which other libraries' quantiles fail. */
static void large_counts_are_exact(void **state)
{
    (void)state;
    for (double events = 1000; events < 1e8; events *= 3.1) {
        double x[] = {events / 2, events / 2}, n[] = {2.5e7, 2.5e7}, w[] = {1, 1};
        hst_limits exact = hst_limits_poisson_exact(events, 95);
        hst_dsr dsr =
            hst_dsr_compute(x, NULL, n, w, 2, 1, HST_INTERVAL_FAY_FEUER, both_levels, 2, 10);

        assert_close(dsr.limits[0].lower * 5e7, exact.lower, 1e-9);
        assert_close(dsr.limits[0].upper * 5e7, exact.upper, 1e-9);
    }
}

int main(void)
{
    struct CMUnitTest tests[32] = {
        cmocka_unit_test(golden_dobson_byar),
        cmocka_unit_test(golden_other_intervals),
        cmocka_unit_test(golden_edges),
        cmocka_unit_test(golden_repeat_adjusted),
        cmocka_unit_test(repeat_adjusted_limits),
        cmocka_unit_test(repeats_do_not_make_many_events),
        cmocka_unit_test(order_of_strata_does_not_matter),
        cmocka_unit_test(weighted_events),
        cmocka_unit_test(weights_and_populations_scale),
        cmocka_unit_test(equal_weights_shares_give_the_crude_rate),
        cmocka_unit_test(limits_enclose_and_nest),
        cmocka_unit_test(one_event_more_raises_value_and_limits),
        cmocka_unit_test(mid_p_lies_inside_fay_feuer),
        cmocka_unit_test(no_events),
        cmocka_unit_test(refusals),
        cmocka_unit_test(large_counts_are_exact),
    };
    size_t n = 0;

    while (tests[n].test_func) {
        n++;
    }
    for (size_t i = 0; i < sizeof worked_cases / sizeof worked_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){.name = worked_cases[i].name,
                                         .test_func = worked_example,
                                         .initial_state = &worked_cases[i]};
    }
    return _cmocka_run_group_tests("standardise/dsr", tests, n, NULL, NULL);
}
