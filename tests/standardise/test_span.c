/* Values over several periods together, against the rows of single ones and by hand; and rows
 * looked up. */
#include "hestia/span.h"
#include "tests/standardise/small_run.h"

static const small_stay stays[] = {
    /* Wirral: a woman of 70 in two quarters, twice in one; readmitted within five days */
    {1, "5NK", 4, 3, 0, '2', 70, "RD1", NULL},
    {1, "5NK", 4, 17, 3, '2', 70, "RXF", NULL},
    {1, "5NK", 4, 22, 11, '2', 70, "RXF", NULL},
    {1, "5NK", 8, 1, 7, '2', 70, "RD1", NULL},
    {2, "5NK", 5, 9, 1, '1', 30, "RD1", NULL},
    {2, "5NK", 11, 9, 2, '1', 70, "RD1", NULL},
    {3, "5NK", 1, 2, 1, '1', 999, "RD1", NULL},
    {3, "5NK", 2, 7, 4, '2', 30, "RTG", NULL},
    /* Calderdale */
    {1, "5J6", 12, 1, 1, '2', 70, "RD1", NULL},
    {4, "5J6", 4, 4, 0, '2', 30, "RTG", NULL},
    {4, "5J6", 7, 5, 5, '2', 30, "RTG", NULL},
    {7, "5J6", 10, 5, 6, '1', 30, "RTG", NULL},
    {7, "5J6", 1, 5, 2, '1', 70, "RTG", NULL},
    /* Somerset */
    {5, "5QL", 5, 1, 17, '1', 70, "RXF", NULL},
    {5, "5QL", 6, 3, 2, '1', 70, "RXF", NULL},
    {6, "5QL", 8, 1, 1, '2', 30, "RTG", NULL},
    {6, "5QL", 9, 1, 3, '2', 70, "RTG", NULL},
    {8, "5QL", 11, 1, 1, '1', 30, "RTG", NULL},
    {8, "5QL", 2, 1, 4, '2', 30, "RD1", NULL},
};

static const char measures[] =
    "  - {id: count, statistic: count, by: [month, quarter, year], split: sex}\n"
    "  - {id: people, unit: person, statistic: count, by: [quarter, year]}\n"
    "  - {id: working, statistic: count, per_working_day: true, by: [month, quarter]}\n"
    "  - {id: crude, statistic: crude_rate, by: [quarter, year], confidence: [95, 99.8]}\n"
    "  - {id: crude_year, statistic: crude_rate, annualise: true, by: [quarter, year]}\n"
    "  - {id: crude_working, statistic: crude_rate, per_working_day: true, by: [month, quarter]}\n"
    "  - {id: crude_repeat, statistic: crude_rate, interval: repeat-adjusted, by: [quarter, "
    "year]}\n"
    "  - {id: dsr, statistic: dsr, min_events: 0, by: [quarter, year]}\n"
    "  - {id: dsr_year, statistic: dsr, min_events: 0, annualise: true, by: [quarter, year]}\n"
    "  - {id: dsr_repeat, statistic: dsr, interval: repeat-adjusted, min_events: 0,\n"
    "     by: [quarter, year]}\n"
    "  - {id: dsr_gamma, statistic: dsr, interval: fay-feuer, min_events: 0, by: [quarter, year]}\n"
    "  - {id: dsr_of_ten, statistic: dsr, by: [quarter, year]}\n"
    "  - {id: isr, statistic: isr, by: [quarter, year]}\n"
    "  - {id: isr_year, statistic: isr, by: [quarter, year], reference: {year: 2006/07}}\n"
    "  - {id: smr, statistic: smr, by: [quarter, year]}\n"
    "  - {id: smr_year, statistic: smr, by: [quarter, year], reference: {year: 2006/07}}\n"
    "  - {id: los, statistic: mean_los, by: [quarter, year]}\n"
    "  - {id: std_los, statistic: std_mean_los, by: [quarter, year]}\n"
    "  - {id: days, statistic: bed_days, by: [quarter, year]}\n"
    "  - {id: day_rate, statistic: bed_day_rate, by: [quarter, year]}\n"
    "  - {id: back, statistic: readmission, by: [quarter, year]}\n"
    "  - {id: hhi, statistic: hhi, by: [quarter, year]}\n"
    "  - {id: growth, statistic: growth, by: [quarter, year], base: 2006/07 Q1}\n"
    "  - {id: acs, statistic: acs_score, by: year}\n"
    "  - {id: numbers, dataset: table, file: table.csv, statistic: count, by: year}\n"
    "  - {id: without, statistic: count, by: quarter,\n"
    "     exclude_providers: [{code: RXF, areas: 5NK}]}\n";

enum { ENGLAND, SIMILAR };             /* groups */
enum { CALDERDALE, WIRRAL, SOMERSET }; /* areas by code */

static small_run run;
static hst_spans *spans;

static int set_up(void **state)
{
    hst_error err = {0};

    (void)state;
    open_run(&run, measures, stays, sizeof stays / sizeof stays[0]);
    if (hst_spans_create(&spans, run.study, run.measures, run.areas, run.cube, run.population,
                         &run.standard, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hst_spans_free(spans);
    close_run(&run);
    return 0;
}

static size_t measure_of(const char *id)
{
    for (size_t i = 0; i < run.study->n_measures; i++) {
        if (strcmp(run.study->measures[i].id, id) == 0) {
            return i;
        }
    }
    fail_msg("no measure %s", id);
    return 0;
}

static hst_span ask(const char *id, bool is_group, size_t area, size_t without, hst_by type,
                    size_t first, size_t last)
{
    hst_span span;
    hst_error err = {0};

    if (hst_span_of(&span, spans, measure_of(id), is_group, area, without, type, first, last,
                    &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return span;
}

/* The four quarters of 2006/07. */
static hst_span year_of(const char *id, bool is_group, size_t area)
{
    return ask(id, is_group, area, SIZE_MAX, HST_BY_QUARTER, 0, 3);
}

static const hst_result *row_of(const char *id, bool is_group, size_t area, const char *label)
{
    hst_period period;

    assert_true(hst_period_parse(label, &period));
    return hst_results_find(run.results, measure_of(id), is_group, area, &period, NULL);
}

static bool is_same(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b;
}

static bool has_spans(const hst_measure *measure)
{
    return !measure->is_table && measure->statistic != HST_STAT_GROWTH &&
           measure->statistic != HST_STAT_ACS_SCORE;
}

/* To the last bit, for every statistic, area and comparator. */
static void one_period_is_its_row(void **state)
{
    static const hst_by types[] = {HST_BY_YEAR, HST_BY_QUARTER, HST_BY_MONTH};
    size_t n_compared = 0, n_units = hst_areas_n(run.areas) + hst_areas_n_groups(run.areas);

    (void)state;
    for (size_t m = 0; m < run.study->n_measures; m++) {
        for (size_t t = 0; t < 3 * n_units; t++) {
            bool is_group = t / 3 < hst_areas_n_groups(run.areas);
            size_t area = is_group ? t / 3 : t / 3 - hst_areas_n_groups(run.areas), n = 0;
            const hst_result **rows = NULL;

            assert_int_equal(hst_results_series(&rows, &n, run.results, m, is_group, area,
                                                types[t % 3], NULL, NULL),
                             HST_OK);
            for (size_t i = 0; i < n && has_spans(&run.study->measures[m]); i++, n_compared++) {
                hst_span span =
                    ask(run.study->measures[m].id, is_group, area, SIZE_MAX, types[t % 3], i, i);

                assert_int_equal(span.n_periods, 1);
                assert_int_equal(isnan(span.total_count) ? -1 : llround(span.total_count),
                                 rows[i]->total_count);
                assert_true(is_same(span.total_pop, rows[i]->total_pop));
                assert_true(is_same(span.value, rows[i]->value));
                assert_true(is_same(span.lowercl, rows[i]->lowercl));
                assert_true(is_same(span.uppercl, rows[i]->uppercl));
                assert_int_equal(span.note[0] == '\0' && span.excluded == 0,
                                 rows[i]->note[0] == '\0');
            }
            free(rows);
        }
    }
    assert_true(n_compared > 500);
}

/* People of the year stand behind each quarter: a mean quarter has a quarter of the year's rate,
 * and its limits. */
static void four_quarters_of_a_year(void **state)
{
    static const struct {
        const char *id;
        double share; /* of the yearly value */
    } cases[] = {{"count", 0.25}, {"crude", 0.25},     {"crude_year", 1}, {"dsr", 0.25},
                 {"dsr_year", 1}, {"dsr_gamma", 0.25}, {"isr", 0.25},     {"isr_year", 0.25},
                 {"smr", 1},      {"smr_year", 1},     {"los", 1},        {"std_los", 1},
                 {"days", 0.25},  {"day_rate", 0.25},  {"hhi", 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t unit = 0; unit < 5; unit++) {
            bool is_group = unit > SOMERSET;
            size_t area = is_group ? unit - SOMERSET - 1 : unit;
            const hst_result *row = row_of(cases[i].id, is_group, area, "2006/07");
            hst_span span = year_of(cases[i].id, is_group, area);

            assert_int_equal(llround(span.total_count), row->total_count);
            assert_true(span.value > 0);
            assert_close(span.value, cases[i].share * row->value, 1e-13);
            assert_close(span.lowercl, cases[i].share * row->lowercl, 1e-12);
            assert_close(span.uppercl, cases[i].share * row->uppercl, 1e-12);
        }
    }
    assert_close(year_of("crude", false, WIRRAL).total_pop, 4 * 5300, 0);
    assert_close(year_of("crude_year", false, WIRRAL).total_pop, 5300, 1e-14);
}

static void counts_are_of_a_mean_period(void **state)
{
    hst_span span = ask("count", false, WIRRAL, SIZE_MAX, HST_BY_QUARTER, 0, 1);

    (void)state;
    assert_int_equal(span.n_periods, 2);
    assert_close(span.total_count, 5, 0);
    assert_close(span.value, 2.5, 0);
    assert_close(span.variance, 5.0 / 4, 1e-15);
    assert_true(isnan(span.lowercl) && isnan(span.uppercl) && isnan(span.total_pop));
    /* weights: 0.5 * 5 + 2 * 6 over the year, 0.25 * 5 + 4 * 6 */
    span = year_of("count", true, SIMILAR);
    assert_close(span.value, 14.5 / 4, 1e-15);
    assert_close(span.variance, 25.25 / 16, 1e-15);
    span = year_of("days", false, SOMERSET);
    assert_close(span.value, 28.0 / 4, 1e-15);
    assert_close(span.variance, (289 + 4 + 1 + 9 + 1 + 16) / 16.0, 1e-15);
}

static void people_count_once_in_each_period(void **state)
{
    (void)state;
    assert_int_equal(row_of("people", false, WIRRAL, "2006/07")->total_count, 3);
    assert_close(year_of("people", false, WIRRAL).total_count, 2 + 1 + 1 + 1, 0);
}

/* Squares of people's events in the same quarter: the woman of 70 has three and one, the other two
 * in the last. */
static void repeated_events_of_a_period(void **state)
{
    double scale = 1e5 / (4 * 5300);
    hst_limits limits = hst_limits_repeat_adjusted(8, 9 + 1 + 1 + 1 + 4, 95);
    hst_span span = year_of("crude_repeat", false, WIRRAL);

    (void)state;
    assert_close(span.value, 8 * scale, 1e-14);
    assert_close(span.variance, 16 * scale * scale, 1e-14);
    assert_close(span.lowercl, limits.lower * scale, 1e-13);
    assert_close(span.uppercl, limits.upper * scale, 1e-13);
    span = year_of("dsr_repeat", false, WIRRAL);
    /* women from 65: 9 + 1; others one each */
    scale = 1e5 / 200 / 4;
    assert_close(span.variance,
                 scale * scale *
                     (40 * 40 * 10 / (700.0 * 700) + 60 * 60 / (2000.0 * 2000) +
                      40 * 40 / (500.0 * 500) + 60 * 60 / (2100.0 * 2100)),
                 1e-13);
}

/* Working days of April, May and June 2006: 18, 21, 22. */
static void events_of_all_working_days(void **state)
{
    hst_span span = ask("working", false, WIRRAL, SIZE_MAX, HST_BY_MONTH, 0, 2);
    const hst_result *quarter = row_of("working", false, WIRRAL, "2006/07 Q1");

    (void)state;
    assert_close(span.total_count, 4, 0);
    assert_close(span.total_pop, 61, 0);
    assert_close(span.value, 4.0 / 61, 1e-15);
    assert_close(span.value, quarter->value, 1e-15);
    assert_close(span.variance, 4.0 / (61 * 61), 1e-15);
    /* people stand behind each month once: three times 5300, and 61 / 3 days of a mean month */
    span = ask("crude_working", false, WIRRAL, SIZE_MAX, HST_BY_MONTH, 0, 2);
    assert_close(span.total_pop, 3 * 5300, 0);
    assert_close(span.value, 1e5 * 4 / (5300.0 * 61), 1e-14);
    assert_close(span.value, row_of("crude_working", false, WIRRAL, "2006/07 Q1")->value, 1e-14);
}

static void readmissions_of_all_stays(void **state)
{
    hst_span span = year_of("back", false, WIRRAL);

    (void)state;
    assert_close(span.total_count, 2, 0);
    assert_close(span.value, 100 * span.total_count / span.total_pop, 1e-14);
    assert_close(span.lowercl, 100 * hst_limits_wilson(span.total_count, span.total_pop, 95).lower,
                 1e-14);
}

/* Whatever the statistic, similar areas without Calderdale are Somerset alone, twice. */
static void a_comparator_without_an_area(void **state)
{
    static const char *const ids[] = {
        "crude",      "crude_year", "crude_working", "crude_repeat", "dsr", "dsr_year",
        "dsr_repeat", "dsr_gamma",  "isr",           "isr_year",     "smr", "smr_year",
        "los",        "std_los",    "day_rate",      "back",         "hhi"};

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        hst_span rest = ask(ids[i], true, SIMILAR, CALDERDALE, HST_BY_QUARTER, 0, 3);
        hst_span own = year_of(ids[i], false, SOMERSET);

        assert_true(rest.value > 0);
        assert_close(rest.total_count, 2 * own.total_count, 1e-14);
        assert_close(rest.value, own.value, 1e-12);
        assert_close(rest.variance, own.variance, 1e-12);
        assert_close(rest.lowercl, own.lowercl, 1e-11);
        assert_close(rest.uppercl, own.uppercl, 1e-11);
        assert_string_equal(rest.note, own.note);
    }
    assert_close(ask("count", true, ENGLAND, WIRRAL, HST_BY_QUARTER, 0, 3).total_count, 11, 0);
    assert_close(ask("count", true, SIMILAR, WIRRAL, HST_BY_QUARTER, 0, 3).value,
                 year_of("count", true, SIMILAR).value, 0); /* no member */
}

static void too_few_events_keep_their_variance(void **state)
{
    hst_span span = year_of("dsr_of_ten", false, WIRRAL), free = year_of("dsr", false, WIRRAL);

    (void)state;
    assert_true(isnan(span.value) && isnan(span.lowercl) && isnan(span.uppercl));
    assert_close(span.variance, free.variance, 0);
    assert_close(span.total_count, 7, 0);
    assert_string_equal(span.note, "fewer events than min_events: value and limits withheld");
    assert_close(year_of("dsr_of_ten", true, ENGLAND).value, year_of("dsr", true, ENGLAND).value,
                 0); /* together they are enough */
    assert_true(isnan(row_of("dsr_of_ten", true, ENGLAND, "2006/07 Q1")->value));
}

static void excluded_events_are_told(void **state)
{
    (void)state;
    assert_close(year_of("without", false, WIRRAL).excluded, 2, 0);
    assert_close(year_of("without", false, WIRRAL).total_count, 6, 0);
    assert_close(year_of("without", true, ENGLAND).excluded, 2, 0);
    assert_close(year_of("without", false, SOMERSET).excluded, 0, 0);
}

static struct refused_case {
    const char *name, *id;
    hst_by type;
    size_t first, last;
    const char *message;
} refused_cases[] = {
    {"growth has no span", "growth", HST_BY_QUARTER, 0, 1, "growth has no value over several"},
    {"a score has no span", "acs", HST_BY_YEAR, 0, 0, "acs_score has no value over several"},
    {"a table has no span", "numbers", HST_BY_YEAR, 0, 0, "a table has no value over several"},
    {"a period too late", "dsr", HST_BY_QUARTER, 2, 4, "has 4 complete periods"},
    {"periods in the wrong order", "dsr", HST_BY_QUARTER, 2, 1, "has 4 complete periods"},
    {"a type that the measure does not have", "dsr", HST_BY_MONTH, 0, 0, "has 0 complete periods"},
};

static void questions_are_refused(void **state)
{
    const struct refused_case *c = *state;
    hst_span span;
    hst_error err = {0};

    assert_int_equal(hst_span_of(&span, spans, measure_of(c->id), false, WIRRAL, SIZE_MAX, c->type,
                                 c->first, c->last, &err),
                     HST_ERR_USAGE);
    assert_non_null(strstr(err.message, c->message));
    assert_non_null(strstr(err.message, "study.yaml, line "));
}

static void rows_are_found(void **state)
{
    size_t n_found = 0;

    (void)state;
    for (size_t i = 0; i < run.n_rows; i++) {
        const hst_result *row = &run.rows[i];

        if (strcmp(row->sex, "persons") == 0 && strcmp(row->age, "all") == 0 &&
            row->split[0] == '\0') {
            assert_ptr_equal(hst_results_find(run.results, row->measure, row->is_group, row->area,
                                              &row->period, row->statistic),
                             row);
            n_found++;
        }
    }
    assert_true(n_found > 500 && n_found < run.n_rows);
    assert_string_equal(row_of("los", false, WIRRAL, "2006/07")->statistic, "mean_los");
    assert_string_equal(row_of("hhi", false, WIRRAL, "2006/07")->statistic, "hhi");
    assert_null(row_of("dsr", false, WIRRAL, "2006-04"));
    assert_null(row_of("dsr", false, WIRRAL, "2005/06"));
    assert_null(row_of("acs", true, ENGLAND, "2006/07"));       /* comparators have no score */
    assert_null(row_of("numbers", false, SOMERSET, "2006/07")); /* not in the table */
    assert_null(hst_results_find(run.results, measure_of("dsr"), false, WIRRAL,
                                 &row_of("dsr", false, WIRRAL, "2006/07")->period, "count"));
}

static void series_are_in_order_of_time(void **state)
{
    const hst_result **rows = NULL;
    size_t n = 0, measure = measure_of("count");

    (void)state;
    assert_int_equal(hst_results_series(&rows, &n, run.results, measure, false, WIRRAL,
                                        HST_BY_MONTH, NULL, NULL),
                     HST_OK);
    assert_int_equal(n, 12);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(hst_month_index(hst_date_from_civil(2006, 4, 1), rows[i]->period.start),
                         i);
        assert_string_equal(rows[i]->sex, "persons");
        assert_true(!rows[i]->is_group && rows[i]->area == WIRRAL);
    }
    assert_int_equal(rows[0]->total_count, 3);
    free(rows);
    assert_int_equal(hst_results_series(&rows, &n, run.results, measure_of("los"), true, SIMILAR,
                                        HST_BY_QUARTER, "median_los", NULL),
                     HST_OK);
    assert_int_equal(n, 4);
    assert_string_equal(rows[3]->statistic, "median_los");
    assert_string_equal(rows[3]->period.label, "2006/07 Q4");
    free(rows);
    assert_int_equal(hst_results_series(&rows, &n, run.results, measure_of("acs"), true, ENGLAND,
                                        HST_BY_YEAR, NULL, NULL),
                     HST_OK);
    assert_int_equal(n, 0);
    assert_null(rows);
}

int main(void)
{
    enum { N_REFUSED = sizeof refused_cases / sizeof refused_cases[0] };
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(one_period_is_its_row),
        cmocka_unit_test(four_quarters_of_a_year),
        cmocka_unit_test(counts_are_of_a_mean_period),
        cmocka_unit_test(people_count_once_in_each_period),
        cmocka_unit_test(repeated_events_of_a_period),
        cmocka_unit_test(events_of_all_working_days),
        cmocka_unit_test(readmissions_of_all_stays),
        cmocka_unit_test(a_comparator_without_an_area),
        cmocka_unit_test(too_few_events_keep_their_variance),
        cmocka_unit_test(excluded_events_are_told),
        cmocka_unit_test(rows_are_found),
        cmocka_unit_test(series_are_in_order_of_time),
    };
    enum { N_PLAIN = sizeof plain / sizeof plain[0] };
    struct CMUnitTest tests[N_PLAIN + N_REFUSED];

    memcpy(tests, plain, sizeof plain);
    for (size_t i = 0; i < N_REFUSED; i++) {
        tests[N_PLAIN + i] = (struct CMUnitTest){.name = refused_cases[i].name,
                                                 .test_func = questions_are_refused,
                                                 .initial_state = &refused_cases[i]};
    }
    return cmocka_run_group_tests_name("standardise/span", tests, set_up, tear_down);
}
