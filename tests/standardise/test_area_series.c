/* Statistics of areas, from stays to the rows of the results, by hand: people, repeated events,
 * indirect rates, scores, concentration, growth, tables. */
#include "tests/standardise/small_run.h"

static const small_stay stays[] = {
    /* Wirral: a woman of 70 three times, in April twice; a man of 30; a man of unknown age */
    {1, "5NK", 4, 3, 1, '2', 70, "RD1", NULL},
    {1, "5NK", 4, 17, 1, '2', 70, "RXF", NULL},
    {1, "5NK", 8, 1, 1, '2', 70, "RD1", NULL},
    {2, "5NK", 4, 9, 1, '1', 30, "RD1", NULL},
    {3, "5NK", 9, 2, 1, '1', 999, "RD1", NULL},
    /* Calderdale: the woman of Wirral, once; another one, twice on one day */
    {1, "5J6", 11, 1, 1, '2', 70, "RD1", NULL},
    {4, "5J6", 4, 4, 0, '2', 30, "RTG", NULL},
    {4, "5J6", 4, 5, 0, '2', 30, "RTG", NULL},
    /* Somerset */
    {5, "5QL", 5, 1, 1, '1', 70, "RXF", NULL},
    {6, "5QL", 12, 1, 1, '2', 30, "RTG", NULL},
};

static const char measures[] =
    "  - {id: crude, statistic: crude_rate, by: year}\n"
    "  - {id: crude_repeat, statistic: crude_rate, interval: repeat-adjusted, by: year}\n"
    "  - {id: dsr_repeat, statistic: dsr, interval: repeat-adjusted, min_events: 0, by: year}\n"
    "  - {id: people, unit: person, statistic: count, by: [month, year]}\n"
    "  - {id: people_rate, unit: person, statistic: crude_rate, by: year}\n"
    "  - {id: isr, statistic: isr, by: [quarter, year]}\n"
    "  - {id: isr_year, statistic: isr, by: quarter, reference: {year: 2006/07}}\n"
    "  - {id: isr_of_two, statistic: isr, by: year, reference: {areas: [5J6, 5QL]}}\n"
    "  - {id: smr, statistic: smr, by: year, interval: exact}\n"
    "  - {id: acs, statistic: acs_score, by: year}\n"
    "  - {id: concentration, statistic: hhi, by: year}\n"
    "  - {id: growth, statistic: growth, by: [quarter, year], base: 2006/07 Q1}\n"
    "  - {id: table, dataset: table, file: table.csv, statistic: growth, base: 2004/05, by: year,\n"
    "     period: {from: 2004-04-01, to: 2007-03-31}}\n"
    "  - {id: numbers, dataset: table, file: table.csv, statistic: count, by: year}\n"
    "  - {id: working, statistic: count, per_working_day: true, by: month}\n"
    "  - {id: without, statistic: count, by: [month, year],\n"
    "     exclude_providers: [{code: RXF, areas: 5NK}]}\n";

static small_run run;

static int set_up(void **state)
{
    (void)state;
    open_run(&run, measures, stays, sizeof stays / sizeof stays[0]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_run(&run);
    return 0;
}

static const hst_result *row_of(const char *measure, const char *area, const char *statistic)
{
    return find_row(&run, measure, area, "2006/07", statistic);
}

static void people_are_counted_once_in_an_area(void **state)
{
    (void)state;
    assert_int_equal(row_of("people", "5NK", "count")->total_count, 3);
    assert_int_equal(row_of("people", "5J6", "count")->total_count, 2);
    assert_int_equal(row_of("people", "England", "count")->total_count, 6); /* not 7 */
    assert_int_equal(find_row(&run, "people", "5NK", "2006-04", "count")->total_count, 2);
    assert_close(row_of("people", "Similar", "count")->value, 0.5 * 2 + 2 * 2, 0); /* weighted */
    assert_close(row_of("people_rate", "England", "crude_rate")->value, 1e5 * 6 / 15500, 1e-14);
}

static void repeated_events_widen_limits(void **state)
{
    const hst_result *plain = row_of("crude", "5NK", "crude_rate");
    const hst_result *row = row_of("crude_repeat", "5NK", "crude_rate");
    const hst_result *england = row_of("crude_repeat", "England", "crude_rate");
    const hst_result *similar = row_of("crude_repeat", "Similar", "crude_rate");
    hst_limits of_events = hst_limits_poisson(5, 95);
    double scale = 1e5 / 5300;

    (void)state;
    assert_close(row->value, plain->value, 0);
    /* 5 events; 3 of one person: 9 + 1 + 1 */
    assert_close(row->uppercl, scale * (5 + sqrt(11.0 / 5) * (of_events.upper - 5)), 1e-13);
    assert_close(row->lowercl, scale * fmax(0, 5 + sqrt(11.0 / 5) * (of_events.lower - 5)), 1e-13);
    assert_true(row->uppercl > plain->uppercl);
    assert_string_equal(row->method, "Exact, repeat-adjusted");
    /* England: 10 events, 4 and 2 of one person, 4 of others */
    of_events = hst_limits_byar(10, 95);
    assert_close(england->uppercl, 1e5 / 15500 * (10 + sqrt(24.0 / 10) * (of_events.upper - 10)),
                 1e-13);
    assert_string_equal(england->method, "Byars, repeat-adjusted");
    /* weights: x = 0.5 * 3 + 2 * 2, v = 0.25 * 3 + 4 * 2, s = 0.25 * 5 + 4 * 2 */
    of_events = hst_limits_repeat_adjusted(5.5 * 5.5 / 8.75, 9.25 * 5.5 * 5.5 / (8.75 * 8.75), 95);
    assert_close(similar->uppercl, 1e5 / 16500 * 8.75 / 5.5 * of_events.upper, 1e-13);
    assert_string_equal(row->compared, "similar");
}

static void repeated_events_by_stratum(void **state)
{
    const hst_result *row = row_of("dsr_repeat", "5NK", "dsr");
    const double x[] = {1, 0, 0, 3}, s[] = {1, 0, 0, 9}, n[] = {2000, 500, 2100, 700};
    const double w[] = {60, 40, 60, 40}, confidence = 95;
    hst_dsr dsr = hst_dsr_repeat_adjusted(x, NULL, s, n, w, 4, 1e5, &confidence, 1, 0);

    (void)state;
    assert_int_equal(row->total_count, 4);
    assert_close(row->value, 1e5 * (60 * 1.0 / 2000 + 40 * 3.0 / 700) / 200, 1e-14);
    assert_close(row->value, dsr.value, 1e-14);
    assert_close(row->lowercl, dsr.limits[0].lower, 1e-13);
    assert_close(row->uppercl, dsr.limits[0].upper, 1e-13);
    assert_non_null(strstr(row->method, "repeat-adjusted; "));
}

/* All areas: 1 event of men below 65, 1 of men from 65, 3 of women below, 4 of women from 65. */
static double expected_in_wirral(void)
{
    return 2000 * 1.0 / 6000 + 500 * 1.0 / 1300 + 2100 * 3.0 / 6300 + 700 * 4.0 / 1900;
}

static void indirect_rates(void **state)
{
    const hst_result *row = row_of("isr", "5NK", "isr"), *smr = row_of("smr", "5NK", "smr");
    double expected = expected_in_wirral(), rate = 1e5 * 9 / 15500;
    hst_limits of_events = hst_limits_poisson_exact(4, 95);

    (void)state;
    assert_int_equal(row->total_count, 4); /* not the one of unknown age */
    assert_close(row->total_pop, 5300, 0);
    assert_close(row->value, 4 / expected * rate, 1e-14);
    assert_close(row->lowercl, of_events.lower / expected * rate, 1e-12);
    assert_close(row->uppercl, of_events.upper / expected * rate, 1e-12);
    assert_string_equal(row->method,
                        "Exact; indirect (2 bands); age_sex; reference all areas, same period");
    assert_close(row_of("isr", "England", "isr")->value, rate, 1e-14);
    assert_close(row->comparator_value, rate, 1e-14);
    assert_string_equal(row->compared, "similar");
    assert_close(smr->value, 4 / expected, 1e-14);
    assert_close(smr->uppercl, of_events.upper / expected, 1e-12);
    assert_close(row_of("smr", "England", "smr")->value, 1, 1e-14);
}

static void a_reference_of_its_own(void **state)
{
    const hst_result *row = row_of("isr_of_two", "5J6", "isr");
    /* Calderdale and Somerset: 0, 1 of men, 3 and 1 of women; 4000, 800, 4200, 1200 people */
    double expected = 200 * 1.0 / 800 + 1100 * 3.0 / 4200 + 300 * 1.0 / 1200;

    (void)state;
    assert_close(row->value, 3 / expected * 1e5 * 5 / 10200, 1e-14);
    assert_non_null(strstr(row->method, "reference 2 areas, same period"));
    assert_string_equal(row->compared, ""); /* England is not the reference */
}

/* Behind a year, events expected in a quarter and the reference's rate are a quarter's. */
static void quarters_behind_a_year(void **state)
{
    const hst_result *row = find_row(&run, "isr_year", "5NK", "2006/07 Q1", "isr");
    double time = 91.0 / 365, expected = expected_in_wirral() * time;

    (void)state;
    assert_int_equal(row->total_count, 3);
    assert_close(row->value, 3 / expected * 1e5 * 9 / 15500 * time, 1e-13);
    assert_non_null(strstr(row->method, "reference all areas, 2006/07"));
    row = find_row(&run, "isr", "5NK", "2006/07 Q4", "isr"); /* nothing happened anywhere */
    assert_true(isnan(row->value));
    assert_string_equal(row->note, "the reference has no rate in a band, or no population");
}

static void every_value_has_its_parts(void **state)
{
    (void)state;
    assert_true(check_parts(&run) > 100);
}

static void parts_of_an_indirect_rate(void **state)
{
    enum { COUNT, RATE = 4, EXPECTED };
    const hst_result *row = row_of("isr", "5NK", "isr");
    hst_parts parts = parts_of(&run, row);
    double observed = 0, expected = 0;

    (void)state;
    assert_int_equal(parts.n_rows, 4);
    for (size_t i = 0; i < parts.n_rows; i++) {
        observed += parts.rows[i].cells[COUNT];
        expected += parts.rows[i].cells[EXPECTED];
    }
    assert_close(observed, (double)row->total_count, 0);
    assert_close(expected, expected_in_wirral(), 1e-13);
    assert_close(parts.rows[3].cells[RATE], 4.0 / 1900, 1e-14); /* of women from 65 */
    hst_parts_clear(&parts);
}

static void scores_of_areas(void **state)
{
    static const char *const codes[] = {"5J6", "5NK", "5QL"};
    const double imd[] = {24.6, 26.9, 17.8};
    double isr[3], mean_isr = 0, mean_imd = 0, sxy = 0, sxx = 0, rss = 0, residual[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        isr[i] = row_of("acs", codes[i], "acs_isr")->value;
        assert_close(isr[i], row_of("isr", codes[i], "isr")->value, 0);
        mean_isr += isr[i] / 3;
        mean_imd += imd[i] / 3;
    }
    for (size_t i = 0; i < 3; i++) {
        sxy += (imd[i] - mean_imd) * (isr[i] - mean_isr);
        sxx += (imd[i] - mean_imd) * (imd[i] - mean_imd);
    }
    for (size_t i = 0; i < 3; i++) {
        residual[i] = isr[i] - mean_isr - sxy / sxx * (imd[i] - mean_imd);
        rss += residual[i] * residual[i];
    }
    for (size_t i = 0; i < 3; i++) {
        double leverage = 1.0 / 3 + (imd[i] - mean_imd) * (imd[i] - mean_imd) / sxx;
        double r = residual[i] / sqrt(rss / 1 * (1 - leverage));
        const hst_result *row = row_of("acs", codes[i], "acs_residual");

        assert_close(row->value, r, 1e-8);
        assert_close(row_of("acs", codes[i], "acs_score")->value,
                     10 - fmin(9, fmax(1, floor(2 * r + 5.5))), 0);
        assert_int_equal(row->total_count, row_of("acs", codes[i], "acs_isr")->total_count);
        assert_true(isnan(row->lowercl));
        assert_int_equal(row->comparator, SIZE_MAX);
    }
    for (size_t i = 0; i < run.n_rows; i++) { /* comparators have none */
        assert_false(run.rows[i].is_group &&
                     strcmp(run.study->measures[run.rows[i].measure].id, "acs") == 0);
    }
}

static void concentration_of_providers(void **state)
{
    const hst_result *row = row_of("concentration", "5NK", "hhi");

    (void)state;
    assert_int_equal(row->total_count, 5); /* RD1 4, RXF 1 */
    assert_close(row->value, (16.0 + 1) / 25, 1e-15);
    assert_close(row_of("concentration", "5NK", "effective_providers")->value, 25.0 / 17, 1e-15);
    /* RD1 5, RXF 2, RTG 3 of 10; weighted RD1 0.5, RTG 0.5 * 2 + 2, RXF 2 of 5.5 */
    assert_close(row_of("concentration", "England", "hhi")->value, 0.38, 1e-14);
    assert_close(row_of("concentration", "Similar", "hhi")->value, (0.25 + 9 + 4) / (5.5 * 5.5),
                 1e-14);
    for (size_t i = 0; i < run.n_rows; i++) {
        assert_true(run.rows[i].split[0] == '\0');
    }
}

static void growth_since_a_base(void **state)
{
    const hst_result *row = find_row(&run, "growth", "5NK", "2006/07 Q2", "growth");

    (void)state;
    assert_int_equal(row->total_count, 2);
    assert_close(row->total_pop, 3, 0);
    assert_close(row->value, 100 * 2.0 / 3, 1e-14);
    assert_string_equal(row->method, "index, 2006/07 Q1 = 100");
    assert_close(find_row(&run, "growth", "5NK", "2006/07 Q1", "growth")->value, 100, 0);
    row = row_of("growth", "5NK", "growth"); /* a year has no quarter to be compared with */
    assert_true(isnan(row->value));
    assert_string_equal(row->note, "nothing in a base period of this type");
}

static void tables_of_numbers(void **state)
{
    const hst_result *row = row_of("table", "5NK", "growth");
    size_t n = 0, n_lines = 0;
    const hst_ledger_line *lines = hst_ledger_lines(run.ledger, &n_lines);
    uint64_t n_unknown = 0;

    (void)state;
    assert_close(row->value, 100 * 93.5 / 80, 1e-14);
    assert_int_equal(row->total_count, 94);
    assert_close(row->comparator_value, NAN, 0); /* England has no base */
    row = row_of("table", "England", "growth");
    assert_true(isnan(row->value));
    assert_close(row_of("numbers", "England", "count")->value, 700, 0);
    for (size_t i = 0; i < run.n_rows; i++) { /* areas that the file has, no others */
        n += strcmp(run.study->measures[run.rows[i].measure].id, "numbers") == 0;
    }
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n_lines; i++) {
        if (strcmp(lines[i].reason, "area of the file not in the area list") == 0 &&
            strcmp(lines[i].measure, "table") == 0) {
            n_unknown += lines[i].n;
        }
    }
    assert_int_equal(n_unknown, 1);
}

static void counts_per_working_day(void **state)
{
    const hst_result *row = find_row(&run, "working", "5NK", "2006-04", "count");

    (void)state;
    assert_int_equal(row->total_count, 3);
    assert_close(row->total_pop, 18, 0); /* Good Friday was the 14th, Easter Monday the 17th */
    assert_close(row->value, 3.0 / 18, 1e-15);
    assert_string_equal(row->method, "per working day, England");
}

static void excluded_events_are_noted(void **state)
{
    (void)state;
    assert_int_equal(row_of("without", "5NK", "count")->total_count, 4);
    assert_string_equal(row_of("without", "5NK", "count")->note, "excluded provider(s): 1 events");
    assert_string_equal(find_row(&run, "without", "5NK", "2006-04", "count")->note,
                        "excluded provider(s): 1 events");
    assert_string_equal(find_row(&run, "without", "5NK", "2006-05", "count")->note, "");
    assert_string_equal(row_of("without", "England", "count")->note,
                        "excluded provider(s): 1 events");
    assert_string_equal(row_of("without", "5QL", "count")->note, "");
}

/* The key of results.csv is unique, and the rows are sorted by it. */
static void rows_are_sorted_by_their_key(void **state)
{
    (void)state;
    for (size_t i = 1; i < run.n_rows; i++) {
        const hst_result *a = &run.rows[i - 1], *b = &run.rows[i];
        const char *ids[] = {run.study->measures[a->measure].id,
                             run.study->measures[b->measure].id};
        const char *codes[2] = {NULL, NULL};
        int order = strcmp(ids[0], ids[1]);

        for (size_t k = 0; k < 2; k++) {
            const hst_result *row = k == 0 ? a : b;

            codes[k] = row->is_group ? hst_areas_group(run.areas, row->area)->name
                                     : hst_areas_code(run.areas, row->area);
        }
        order = order ? order : strcmp(codes[0], codes[1]);
        order = order ? order : strcmp(a->period.label, b->period.label);
        order = order ? order : strcmp(a->statistic, b->statistic);
        assert_true(order < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_counted_once_in_an_area),
        cmocka_unit_test(repeated_events_widen_limits),
        cmocka_unit_test(repeated_events_by_stratum),
        cmocka_unit_test(indirect_rates),
        cmocka_unit_test(a_reference_of_its_own),
        cmocka_unit_test(quarters_behind_a_year),
        cmocka_unit_test(parts_of_an_indirect_rate),
        cmocka_unit_test(every_value_has_its_parts),
        cmocka_unit_test(scores_of_areas),
        cmocka_unit_test(concentration_of_providers),
        cmocka_unit_test(growth_since_a_base),
        cmocka_unit_test(tables_of_numbers),
        cmocka_unit_test(counts_per_working_day),
        cmocka_unit_test(excluded_events_are_noted),
        cmocka_unit_test(rows_are_sorted_by_their_key),
    };

    return cmocka_run_group_tests_name("standardise/area_series", tests, set_up, tear_down);
}
