/* Where every row ends: each that a measure considers is counted or has a reason in the ledger, and
 * the cascade of hst_count_explain comes down to the number. */
#include "tests/metrics/where_cases.h"

/* Where a row ends, in the order of the rules. `cut` receives the label of a period that the window
 * cuts. */
static const char *reason_of(const plain_row *row, const hst_measure *measure, const where_case *c,
                             hst_by finest, const char **cut)
{
    bool by_discharge = measure->date == HST_DATE_OF_DISCHARGE;
    hst_date date = by_discharge ? row->disdate : row->admidate;
    static const char *const of_area[] = {"counted",      "counted",
                                          "counted",      "OTHER: area not in the list",
                                          "unknown area", "not resident in England"};

    *cut = "";
    if (row->epistat != '3') {
        return "not finished";
    }
    if (measure->unit == HST_UNIT_ADMISSION && row->epiorder != 1) {
        return "not the first episode of its stay";
    }
    if (!row->provider[0]) {
        return "no provider";
    }
    if (row->epistart == HST_DATE_MISSING) {
        return "no EPISTART";
    }
    if (row->epiend == HST_DATE_MISSING) {
        return "no EPIEND";
    }
    if (row->admidate == HST_DATE_MISSING) {
        return "no ADMIDATE";
    }
    if (date == HST_DATE_MISSING) {
        return "no DISDATE";
    }
    if (date < day(2002, 5, 17) || date > day(2007, 2, 10)) {
        return "outside the measure's window";
    }
    if (date <= (finest == HST_BY_MONTH ? day(2002, 5, 31) : day(2002, 6, 30))) {
        *cut = finest == HST_BY_MONTH ? "2002-05" : "2002/03 Q1";
    } else if (date >= (finest == HST_BY_MONTH ? day(2007, 2, 1) : day(2007, 1, 1))) {
        *cut = finest == HST_BY_MONTH ? "2007-02" : "2006/07 Q4";
    }
    if (**cut) {
        return "in a period that the window cuts";
    }
    if (!char_in(row->classpat, c->classes ? c->classes : "125")) {
        return "other patient class";
    }
    if (!is_expected(row, measure, c)) {
        return c->matches == matches_exclusion ? "excluded provider"
                                               : "other than the filter asks for";
    }
    return of_area[area_of(row)];
}

static uint64_t line_of(const hst_ledger_line *lines, size_t n, const char *measure,
                        const char *reason, const char *period)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(lines[i].measure, measure) == 0 && strcmp(lines[i].reason, reason) == 0 &&
            strcmp(lines[i].period, period) == 0) {
            sum += lines[i].n;
        }
    }
    return sum;
}

/* Rows of a measure by reason, worked out row by row, against its lines; and their sum. */
static void check_lines(const hst_ledger_line *lines, size_t n_lines, const hst_measure *measure,
                        const where_case *c, hst_by finest, uint64_t n_rows)
{
    static struct {
        const char *reason, *cut;
        uint64_t n;
    } expected[24];
    size_t n = 0;
    uint64_t sum = 0;

    for (size_t i = 0; i < N_ROWS; i++) {
        const char *cut = NULL, *reason = NULL;
        size_t at = 0;

        if (is_dropped[i]) {
            continue;
        }
        reason = reason_of(&rows[i], measure, c, finest, &cut);
        while (at < n &&
               (strcmp(expected[at].reason, reason) != 0 || strcmp(expected[at].cut, cut) != 0)) {
            at++;
        }
        if (at == n) {
            expected[n].reason = reason;
            expected[n].cut = cut;
            expected[n++].n = 0;
        }
        expected[at].n++;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t found = line_of(lines, n_lines, measure->id, expected[i].reason, expected[i].cut);

        if (found != expected[i].n) {
            fail_msg("%s: %s %s: %zu, not %zu", c->name, expected[i].reason, expected[i].cut,
                     (size_t)found, (size_t)expected[i].n);
        }
        sum += found;
    }
    assert_true(sum == n_rows);
    assert_true(line_of(lines, n_lines, measure->id, "considered", "") == n_rows);
}

static void every_row_considered_is_counted_or_has_a_reason(void **state)
{
    static hst_measure list[2 * N_CASES];
    static char ids[2 * N_CASES][24];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    uint64_t n_dropped = 0, reported = 0;
    size_t n = 0;

    (void)state;
    for (size_t m = 0; m < study.n_measures; m++) {
        snprintf(ids[m], sizeof ids[m], "m%zu", m);
        list[m].id = ids[m];
    }
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    count(&cube, &measures, &areas, &study, &store, 2, ledger);
    lines = hst_ledger_lines(ledger, &n);
    for (size_t i = 0; i < N_ROWS; i++) {
        n_dropped += is_dropped[i];
    }
    for (size_t m = 0; m < study.n_measures; m++) {
        check_lines(lines, n, &list[m], &cases[m % N_CASES], hst_measures_finest(measures, m),
                    N_ROWS - n_dropped);
    }
    for (size_t i = 0; i < n; i++) {
        reported += strcmp(lines[i].reason, "duplicate EPIKEY") == 0 ? lines[i].n : 0;
    }
    assert_true(reported == n_dropped && n_dropped > 100);
    hst_ledger_free(ledger);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

static void an_excluded_provider_that_is_nowhere_is_told(void **state)
{
    static hst_excluded_provider excluded[] = {{(char *)"RD1", {0}, NULL},
                                               {(char *)"RZZ", {0}, NULL}};
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    size_t n = 0, n_told = 0;

    (void)state;
    list[0].excluded_providers = excluded;
    list[0].n_excluded_providers = 2;
    study.n_measures = 1;
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    count(&cube, &measures, &areas, &study, &store, 2, ledger);
    lines = hst_ledger_lines(ledger, &n);
    for (size_t i = 0; i < n; i++) {
        assert_null(strstr(lines[i].reason, "RD1"));
        n_told += strcmp(lines[i].reason, "excluded provider RZZ is in no extract") == 0;
    }
    assert_int_equal(n_told, 1);
    hst_ledger_free(ledger);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

static void no_duplicate_rule_keeps_all(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    size_t n = 0;

    (void)state;
    study.n_measures = 1;
    study.duplicates = (char *)"none";
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    count(&cube, &measures, &areas, &study, &store, 2, ledger);
    lines = hst_ledger_lines(ledger, &n);
    for (size_t i = 0; i < n; i++) {
        assert_string_not_equal(lines[i].reason, "duplicate EPIKEY");
        if (strcmp(lines[i].reason, "considered") == 0) {
            assert_int_equal(lines[i].n, N_ROWS);
        }
    }
    hst_ledger_free(ledger);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

static void the_cascade_ends_at_the_number(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    static hst_comparator england = {(char *)"England", NULL, NULL};

    (void)state;
    study.areas.comparators = &england;
    study.areas.n_comparators = 1;
    count(&cube, &measures, &areas, &study, &store, 2, NULL);
    for (size_t m = 0; m < study.n_measures; m++) {
        const hst_period *periods = NULL;
        size_t n = hst_measures_periods(measures, m, HST_BY_QUARTER, &periods), period = m % n;

        for (size_t area = 0; area < N_AREAS + 1; area++) {
            hst_cascade cascade;
            uint64_t expected = 0;
            hst_error err = {0};

            for (size_t cell = 0; cell < HST_N_SEXES * 19; cell++) {
                for (size_t a = 0; a < N_AREAS; a++) {
                    if (area == a || area == N_AREAS) {
                        expected += hst_cube_events(cube, m, 0, a, HST_BY_QUARTER, period,
                                                    (unsigned)(cell / 19), cell % 19);
                    }
                }
            }
            assert_int_equal(hst_count_explain(&cascade, true, measures, m, &study, areas,
                                               area < N_AREAS ? area : SIZE_MAX, 0,
                                               &periods[period],
                                               (const hst_segment *const *)store.segments, N_FILES,
                                               &(hst_count_options){.n_threads = 2}, &err),
                             HST_OK);
            for (size_t i = 1; i < cascade.n_steps; i++) {
                assert_true(cascade.steps[i].n <= cascade.steps[i - 1].n);
                assert_true(cascade.steps[i].what[0]);
            }
            assert_true(cascade.steps[cascade.n_steps - 1].n == expected);
            assert_true(cascade.n_keys == expected);
            for (size_t i = 1; i < cascade.n_keys; i++) {
                assert_true(cascade.keys[i - 1] < cascade.keys[i]);
            }
            hst_cascade_clear(&cascade);
        }
    }
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_considered_is_counted_or_has_a_reason),
        cmocka_unit_test(an_excluded_provider_that_is_nowhere_is_told),
        cmocka_unit_test(no_duplicate_rule_keeps_all),
        cmocka_unit_test(the_cascade_ends_at_the_number),
    };

    return cmocka_run_group_tests_name("count_ledger", tests, make_rows, remove_rows);
}
