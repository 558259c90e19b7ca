/* Results of areas and comparators: rates, their order, comparisons, what is withheld and what is
 * refused. */
#include <string.h>

#include "tests/standardise/series_support.h"

/* The rate of a weighted union of areas, put together here from the raw numbers. */
static hst_dsr expected_dsr(const fixture *f, const double weights[3], size_t period,
                            double min_events)
{
    double x[36] = {0}, v[36] = {0}, n[36] = {0}, w[36];

    for (unsigned sex = 0; sex < 2; sex++) {
        for (size_t band = 0; band < 18; band++) {
            size_t i = sex * 18 + band;

            w[i] = f->standard.weight[band];
            for (size_t area = 0; area < N_AREAS; area++) {
                double events = (double)world.events(0, area, HST_BY_QUARTER, period, sex, band);

                x[i] += weights[area] * events;
                v[i] += weights[area] * weights[area] * events;
                n[i] += weights[area] * people(area, 2010, sex, band);
            }
        }
    }
    return hst_dsr_compute(x, v, n, w, 36, 1e5, HST_INTERVAL_DOBSON_BYAR, (double[]){95, 99.8}, 2,
                           min_events);
}

static void assert_row(const hst_result *row, const hst_dsr *expected)
{
    assert_close(row->value, expected->value, 1e-13);
    assert_close(row->lowercl, expected->limits[0].lower, 1e-13);
    assert_close(row->uppercl, expected->limits[0].upper, 1e-13);
    assert_close(row->lower998, expected->limits[1].lower, 1e-13);
    assert_close(row->upper998, expected->limits[1].upper, 1e-13);
    assert_close(row->total_pop, expected->total_pop, 1e-13);
    assert_int_equal(row->total_count, llround(expected->total_count));
}

static void rates_of_areas_and_of_england(void **state)
{
    fixture *f = *state;

    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->n_rows, 4 * N_QUARTERS);
    for (size_t period = 0; period < N_QUARTERS; period++) {
        const char *label = world.quarters[period].label;
        hst_dsr england = expected_dsr(f, everybody, period, 10);

        assert_row(find(f, true, 0, label, ""), &england);
        for (size_t area = 0; area < N_AREAS; area++) {
            double alone[3] = {area == 0, area == 1, area == 2};
            hst_dsr dsr = expected_dsr(f, alone, period, 10);
            const hst_result *row = find(f, false, area, label, "");

            assert_row(row, &dsr);
            assert_close(row->comparator_value, england.value, 1e-13);
            assert_int_equal(row->comparator, 0);
            assert_string_equal(row->method, "dobson-byar; esp1976 (18 bands); age_sex");
            assert_string_equal(row->confidence, "95%, 99.8%");
            assert_string_equal(row->statistic, "dsr");
            assert_string_equal(row->sex, "persons");
            assert_string_equal(row->age, "all");
            assert_string_equal(row->note, "");
        }
    }
    assert_string_equal(find(f, true, 0, "2010/11 Q1", "")->compared, "");
    assert_int_equal(find(f, true, 0, "2010/11 Q1", "")->comparator, SIZE_MAX);
}

static void rows_are_sorted_as_text(void **state)
{
    fixture *f = *state;
    static const char *const order[] = {"5J6", "5NK", "5QL", "England"};

    f->measure.by = HST_BY_YEAR | HST_BY_QUARTER;
    assert_int_equal(compute(f, 2), HST_OK);
    assert_int_equal(f->n_rows, 20);
    for (size_t i = 0; i < f->n_rows; i++) {
        const hst_result *row = &f->rows[i];

        assert_string_equal(row->is_group ? world.groups[row->area].name
                                          : hst_areas_code(NULL, row->area),
                            order[i / 5]);
        if (i % 5 > 0) {
            assert_true(strcmp(f->rows[i - 1].period.label, row->period.label) < 0);
        } else {
            assert_string_equal(row->period.label, "2010/11");
        }
    }
}

static void measures_are_sorted_by_id(void **state)
{
    fixture *f = *state;
    hst_measure measures[3] = {f->measure, f->measure, f->measure};

    measures[0].id = (char *)(uintptr_t) "b";
    measures[1].id = (char *)(uintptr_t) "a";
    measures[2].id = (char *)(uintptr_t) "B";
    measures[1].statistic = HST_STAT_COUNT;
    f->study.measures = measures;
    f->study.n_measures = 3;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->rows[0].measure, 2);
    assert_int_equal(f->rows[16].measure, 1);
    assert_int_equal(f->rows[32].measure, 0);
    assert_string_equal(f->rows[16].statistic, "count");
    assert_close(f->rows[16].value, (double)f->rows[16].total_count, 0);
    assert_true(isnan(f->rows[16].total_pop) && isnan(f->rows[16].lowercl));
    assert_string_equal(f->rows[16].compared, "");
    assert_true(!isnan(f->rows[16].comparator_value));
    assert_string_equal(f->rows[16].method, "");
    assert_string_equal(f->rows[16].confidence, "");
}

static void any_number_of_threads_gives_the_same(void **state)
{
    fixture *f = *state;
    hst_results *first = NULL;
    const hst_result *rows = NULL;
    size_t n = 0;

    f->measure.by = HST_BY_YEAR | HST_BY_QUARTER;
    world.events = events_with_unknown;
    assert_int_equal(compute(f, 1), HST_OK);
    first = f->results;
    f->results = NULL;
    rows = hst_results_rows(first, &n);
    for (int threads = 2; threads <= 7; threads += 5) {
        assert_int_equal(compute(f, threads), HST_OK);
        assert_int_equal(f->n_rows, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(f->rows[i].area, rows[i].area);
            assert_memory_equal(&f->rows[i].value, &rows[i].value, sizeof(double));
            assert_memory_equal(&f->rows[i].lowercl, &rows[i].lowercl, sizeof(double));
            assert_memory_equal(&f->rows[i].upper998, &rows[i].upper998, sizeof(double));
            assert_string_equal(f->rows[i].compared, rows[i].compared);
        }
    }
    hst_results_free(first);
}

static void weights_multiply_events_and_people(void **state)
{
    static const double weights[3] = {0.5, 0, 2.25};
    fixture *f = *state;
    hst_dsr expected;

    add_group("Similar areas", false, UINT32_MAX, weights);
    assert_int_equal(compute(f, 1), HST_OK);
    expected = expected_dsr(f, weights, 2, 10);
    assert_row(find(f, true, 1, "2010/11 Q3", ""), &expected);
}

static void a_site_has_its_own_comparator(void **state)
{
    static const double weights[3] = {0, 1, 1};
    fixture *f = *state;

    world.n_groups = 0;
    add_group("Similar areas (5NK)", false, 1, weights);
    add_group("England", true, UINT32_MAX, everybody);
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(find(f, false, 1, "2010/11 Q1", "")->comparator, 0);
    assert_int_equal(find(f, false, 0, "2010/11 Q1", "")->comparator, 1);
}

static void no_comparator(void **state)
{
    fixture *f = *state;

    world.n_groups = 0;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->n_rows, 12);
    assert_int_equal(f->rows[0].comparator, SIZE_MAX);
    assert_true(isnan(f->rows[0].comparator_value));
    assert_string_equal(f->rows[0].compared, "");
    assert_string_equal(f->rows[0].compared_method, "");
}

static void england_with_a_population_row_of_its_own(void **state)
{
    fixture *f = *state;
    double x[36], n[36], w[36];
    hst_dsr expected;

    strcpy(world.groups[0].population_area, "ENG");
    assert_int_equal(compute(f, 1), HST_OK);
    for (unsigned sex = 0; sex < 2; sex++) {
        for (size_t band = 0; band < 18; band++) {
            size_t i = sex * 18 + band;

            x[i] = 0;
            for (size_t area = 0; area <= OTHER; area++) { /* areas outside the list count too */
                x[i] += (double)plain_events(0, area, HST_BY_QUARTER, 1, sex, band);
            }
            n[i] = 9 * people(1, 2010, sex, band);
            w[i] = f->standard.weight[band];
        }
    }
    expected = hst_dsr_compute(x, NULL, n, w, 36, 1e5, HST_INTERVAL_DOBSON_BYAR,
                               (double[]){95, 99.8}, 2, 10);
    assert_row(find(f, true, 0, "2010/11 Q2", ""), &expected);
}

/* The first area has a far higher rate than the rest of England, the second a far lower one. */
static uint64_t uneven_events(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                              size_t band)
{
    (void)split;
    (void)type;
    (void)period;
    return sex == HST_SEX_OTHER || band >= 18 ? 0 : area == 0 ? 60 : area == 1 ? 15 : 30;
}

/* The test done by hand: England less the area. */
static void comparison_leaves_the_area_out(void **state)
{
    static const struct {
        hst_direction direction;
        const char *expected[3];
    } cases[] = {
        {HST_DIRECTION_NEUTRAL, {"higher", "lower", "similar"}},
        {HST_DIRECTION_LOWER_IS_BETTER, {"worse", "better", "similar"}},
        {HST_DIRECTION_HIGHER_IS_BETTER, {"better", "worse", "similar"}},
    };
    fixture *f = *state;

    world.events = uneven_events;
    for (size_t c = 0; c < 3; c++) {
        f->measure.direction = cases[c].direction;
        assert_int_equal(compute(f, 1), HST_OK);
        for (size_t area = 0; area < N_AREAS; area++) {
            double alone[3] = {area == 0, area == 1, area == 2};
            double rest[3] = {area != 0, area != 1, area != 2};
            hst_dsr a = expected_dsr(f, alone, 0, 0), b = expected_dsr(f, rest, 0, 0);
            double z = log(a.value / b.value) /
                       sqrt(a.variance / (a.value * a.value) + b.variance / (b.value * b.value));
            const hst_result *row = find(f, false, area, "2010/11 Q1", "");
            const char *expected = fabs(z) < 1.959963984540054 ? "similar"
                                   : c == 0                    ? (z > 0 ? "higher" : "lower")
                                   : (z > 0) == (c == 2)       ? "better"
                                                               : "worse";

            assert_string_equal(row->compared, expected);
            assert_string_equal(row->compared_method, "log ratio, comparator without the area");
        }
        assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->compared, cases[c].expected[0]);
        assert_string_equal(find(f, false, 1, "2010/11 Q1", "")->compared, cases[c].expected[1]);
    }
}

static void the_only_member_is_not_compared_with_nobody(void **state)
{
    static const double weights[3] = {1, 0, 0};
    fixture *f = *state;

    world.n_groups = 0;
    add_group("Itself", false, UINT32_MAX, weights);
    assert_int_equal(compute(f, 1), HST_OK);
    assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->compared, "");
    assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->compared_method, "");
    assert_true(find(f, false, 1, "2010/11 Q1", "")->compared[0] != '\0');
}

static uint64_t alone_women;

/* Band 5 is area 0's alone. */
static uint64_t alone_in_a_band(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                                size_t band)
{
    (void)split;
    (void)type;
    (void)period;
    if (sex == HST_SEX_OTHER || band >= 18) {
        return 0;
    }
    return band != 5 ? 30 + area : area > 0 ? 0 : sex == HST_SEX_MALE ? 1 : alone_women;
}

/* Both sexes of a band are added up, weighted in the whole and not in the part: what is left of a
 * band where only the area has events is rounding, and no events. */
static void rounding_is_no_rest(void **state)
{
    static const double weights[] = {0.1, 0.3, 0.7, 1.1, 2.3};
    fixture *f = *state;

    f->study.by_sex = false;
    world.events = alone_in_a_band;
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        const double members[3] = {weights[i], 1, 1}, itself[3] = {weights[i], 0, 0};

        world.n_groups = 0;
        add_group("Similar areas", false, UINT32_MAX, members);
        for (alone_women = 1; alone_women < 20; alone_women++) {
            assert_int_equal(compute(f, 1), HST_OK);
            assert_string_not_equal(find(f, false, 0, "2010/11 Q1", "")->compared, "");
        }
        world.n_groups = 0;
        add_group("Itself", false, UINT32_MAX, itself);
        assert_int_equal(compute(f, 1), HST_OK);
        assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->compared, "");
    }
}

static uint64_t few_events(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                           size_t band)
{
    (void)split;
    (void)type;
    (void)period;
    return area == 0 && sex == 0 && band == 3 ? 9 : area == 1 && sex == 1 && band == 3 ? 10 : 0;
}

static void few_events_withhold_value_and_limits(void **state)
{
    fixture *f = *state;
    const hst_result *row = NULL;

    world.events = few_events;
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 0, "2010/11 Q1", "");
    assert_int_equal(row->total_count, 9);
    assert_true(isnan(row->value) && isnan(row->lowercl) && isnan(row->upper998));
    assert_true(!isnan(row->total_pop));
    assert_non_null(strstr(row->note, "fewer events than min_events"));
    assert_string_equal(row->compared, "");
    row = find(f, false, 1, "2010/11 Q1", "");
    assert_int_equal(row->total_count, 10);
    assert_true(!isnan(row->value));
    f->measure.min_events = 0;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_true(!isnan(find(f, false, 0, "2010/11 Q1", "")->value));
    row = find(f, false, 2, "2010/11 Q1", "");
    assert_close(row->value, 0, 0);
    assert_true(isnan(row->lowercl));
    assert_non_null(strstr(row->note, "too few events for this interval"));
}

static void unknown_sex_and_age_are_left_out_and_told(void **state)
{
    fixture *f = *state;
    hst_dsr expected;

    expected = expected_dsr(f, (double[]){1, 0, 0}, 0, 10);
    world.events = events_with_unknown;
    f->measure.by = HST_BY_YEAR | HST_BY_QUARTER;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_row(find(f, false, 0, "2010/11 Q1", ""), &expected);
    /* 19 of unknown sex and 2 of unknown age in every area and quarter; years tell nothing more */
    assert_int_equal(told(f, "sex or age unknown or outside the standard", "5J6"), 4 * 21);
    assert_int_equal(told(f, "sex or age unknown or outside the standard", NULL), 3 * 4 * 21);
    f->measure.statistic = HST_STAT_CRUDE_RATE;
    f->measure.interval = HST_INTERVAL_BYAR;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(find(f, false, 0, "2010/11 Q1", "")->total_count,
                     (int64_t)expected.total_count + 21);
}

static void crude_rates(void **state)
{
    fixture *f = *state;
    double total = 0, events = 0;
    const hst_result *row = NULL;

    f->measure.statistic = HST_STAT_CRUDE_RATE;
    f->measure.interval = HST_INTERVAL_DEFAULT;
    for (unsigned sex = 0; sex < 2; sex++) {
        for (size_t band = 0; band < 18; band++) {
            total += people(2, 2010, sex, band);
            events += (double)plain_events(0, 2, HST_BY_QUARTER, 3, sex, band);
        }
    }
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 2, "2010/11 Q4", "");
    assert_close(row->value, 1e5 * events / total, 1e-14);
    assert_close(row->lowercl, 1e5 * hst_limits_byar(events, 95).lower / total, 1e-14);
    assert_close(row->upper998, 1e5 * hst_limits_byar(events, 99.8).upper / total, 1e-14);
    assert_string_equal(row->method, "Byars");
    assert_true(row->compared[0] != '\0');

    f->measure.interval = HST_INTERVAL_EXACT;
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 2, "2010/11 Q4", "");
    assert_close(row->uppercl, 1e5 * hst_limits_poisson_exact(events, 95).upper / total, 1e-14);
    assert_string_equal(row->method, "Exact");

    world.events = few_events;
    f->measure.interval = HST_INTERVAL_BYAR;
    f->measure.where.has_age = true;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->method, "Exact"); /* 9 events */
    assert_string_equal(find(f, false, 1, "2010/11 Q1", "")->method, "Byars"); /* 10 events */
    row = find(f, false, 2, "2010/11 Q1", "");
    assert_close(row->value, 0, 0);
    assert_close(row->lowercl, 0, 0);
    assert_string_equal(row->compared, "");
    assert_non_null(strstr(row->note, "population of all ages"));
}

static bool second_area_met_no_provider(size_t split, size_t area)
{
    return split == 0 || area != 1;
}

/* Areas have rows of the providers that they met; comparators of those of any member. A band of
 * ages has rows everywhere. */
static void providers_never_met_have_no_rows(void **state)
{
    fixture *f = *state;
    size_t n_all = 0;

    world.n_splits = 2;
    world.splits[1] = "RD1";
    world.has_split = second_area_met_no_provider;
    f->measure.split = HST_SPLIT_PROVIDER;
    assert_int_equal(compute(f, 1), HST_OK);
    for (size_t i = 0; i < f->n_rows; i++) {
        assert_false(!f->rows[i].is_group && f->rows[i].area == 1 && f->rows[i].split[0]);
        if (i > 0 && f->rows[i].is_group == f->rows[i - 1].is_group &&
            f->rows[i].area == f->rows[i - 1].area) {
            int order = strcmp(f->rows[i - 1].period.label, f->rows[i].period.label);

            assert_true(order < 0 || (order == 0 && f->rows[i].split[0]));
        }
    }
    assert_non_null(find(f, false, 0, "2010/11 Q1", "RD1"));
    assert_non_null(find(f, true, 0, "2010/11 Q1", "RD1"));
    assert_non_null(find(f, false, 1, "2010/11 Q1", ""));
    n_all = f->n_rows;
    world.has_split = NULL;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->n_rows, n_all + N_QUARTERS);
}

/* What a study may ask for and no number can be given of. */
static void refused_measures(void **state)
{
    static char *nowhere[] = {(char *)"5J6", (char *)"5XX"};
    fixture *f = *state;
    static const struct {
        hst_statistic statistic;
        hst_interval interval;
        const char *words;
    } cases[] = {
        {HST_STAT_DSR, HST_INTERVAL_BYAR, "interval byar does not go with statistic dsr"},
        {HST_STAT_CRUDE_RATE, HST_INTERVAL_TIWARI, "interval tiwari does not go with"},
        {HST_STAT_ACS_SCORE, HST_INTERVAL_DEFAULT, "needs `deprivation`"},
        {HST_STAT_ISR, HST_INTERVAL_DEFAULT, "1 of the areas of `reference`"},
        {HST_STAT_GROWTH, HST_INTERVAL_DEFAULT, "`base` is not a complete period"},
    };

    f->measure.line = 17;
    f->measure.reference_areas = (hst_texts){2, nowhere};
    f->measure.base = (char *)(uintptr_t) "2007/08 Q1";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f->measure.statistic = cases[i].statistic;
        f->measure.interval = cases[i].interval;
        assert_int_equal(compute(f, 1), HST_ERR_USAGE);
        assert_non_null(strstr(f->err.message, cases[i].words));
        assert_non_null(strstr(f->err.message, "line 17: measure `emergency`"));
    }
    f->measure.statistic = HST_STAT_SMR;
    f->measure.interval = HST_INTERVAL_DEFAULT;
    f->measure.reference_areas = (hst_texts){0};
    f->measure.reference_year = (char *)(uintptr_t) "2007/08";
    assert_int_equal(compute(f, 1), HST_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "not inside the measure's period"));
    f->measure.is_table = true;
    assert_int_equal(compute(f, 1), HST_ERR_USAGE);
    f->measure.is_table = false;
    f->measure.statistic = HST_STAT_CRUDE_RATE;
    hst_population_free(f->population);
    f->population = NULL;
    assert_int_equal(compute(f, 1), HST_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "needs `population`"));
    f->measure.statistic = HST_STAT_COUNT;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_close(find(f, false, 0, "2010/11 Q1", "")->value,
                 (double)find(f, false, 0, "2010/11 Q1", "")->total_count, 0);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(rates_of_areas_and_of_england),
        CASE(rows_are_sorted_as_text),
        CASE(measures_are_sorted_by_id),
        CASE(any_number_of_threads_gives_the_same),
        CASE(weights_multiply_events_and_people),
        CASE(a_site_has_its_own_comparator),
        CASE(no_comparator),
        CASE(england_with_a_population_row_of_its_own),
        CASE(comparison_leaves_the_area_out),
        CASE(the_only_member_is_not_compared_with_nobody),
        CASE(rounding_is_no_rest),
        CASE(few_events_withhold_value_and_limits),
        CASE(unknown_sex_and_age_are_left_out_and_told),
        CASE(crude_rates),
        CASE(providers_never_met_have_no_rows),
        CASE(refused_measures),
    };

    return cmocka_run_group_tests_name("standardise/series", tests, NULL, NULL);
}
