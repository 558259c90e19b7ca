/* Which periods the extracts cannot hold in full. */
#include "metrics/coverage_internal.h"
#include "tests/support.h"

static hst_day day(int year, int month, int d)
{
    return (hst_day)(hst_date_from_civil(year, month, d) - HST_DAY_EPOCH + 1);
}

typedef struct coverage_case {
    const char *name;
    uint32_t partyears[3][2]; /* of each input: smallest, largest; 0 0 ends the list */
    const char *period;
    hst_lack by_admission, by_discharge;
} coverage_case;

static coverage_case cases[] = {
    {"middle of a final year", {{200899, 200899}}, "2008-07", HST_LACK_NONE, HST_LACK_NONE},
    {"last month", {{200899, 200899}}, "2009-03", HST_LACK_ROWS, HST_LACK_NONE},
    {"last quarter", {{200899, 200899}}, "2008/09 Q4", HST_LACK_ROWS, HST_LACK_NONE},
    {"last year", {{200899, 200899}}, "2008/09", HST_LACK_ROWS, HST_LACK_NONE},
    {"last but one month", {{200899, 200899}}, "2009-02", HST_LACK_NONE, HST_LACK_NONE},
    {"a next year", {{200899, 200899}, {200999, 200999}}, "2009-03", HST_LACK_NONE, HST_LACK_NONE},
    {"year after the last", {{200899, 200899}}, "2009/10", HST_LACK_YEAR, HST_LACK_YEAR},
    {"year before the first", {{200899, 200899}}, "2008-03", HST_LACK_YEAR, HST_LACK_YEAR},
    {"gap", {{200899, 200899}, {201099, 201099}}, "2009/10 Q2", HST_LACK_YEAR, HST_LACK_YEAR},
    {"before a gap", {{200899, 200899}, {201099, 201099}}, "2009-03", HST_LACK_ROWS, HST_LACK_NONE},
    {"several years in a file", {{200899, 201099}}, "2009/10", HST_LACK_NONE, HST_LACK_NONE},
    {"provisional", {{200807, 200807}}, "2008-09", HST_LACK_NONE, HST_LACK_NONE},
    {"its last month", {{200807, 200807}}, "2008-10", HST_LACK_ROWS, HST_LACK_ROWS},
    {"after it", {{200807, 200807}}, "2008-11", HST_LACK_ROWS, HST_LACK_ROWS},
    {"cut at Christmas", {{200809, 200809}}, "2008/09 Q3", HST_LACK_ROWS, HST_LACK_ROWS},
    {"thirteenth cut", {{200813, 200813}}, "2009-03", HST_LACK_ROWS, HST_LACK_NONE},
    {"parts of two cuts",
     {{200803, 200803}, {200899, 200899}},
     "2008-07",
     HST_LACK_NONE,
     HST_LACK_NONE},
};

static void partyear_says_what_is_held(void **state)
{
    const coverage_case *c = *state;
    hst_coverage coverage = {{0}};
    hst_period period = {0};

    for (size_t i = 0; i < 3 && c->partyears[i][0] != 0; i++) {
        const hst_segment_info info = {.partyear_min = c->partyears[i][0],
                                       .partyear_max = c->partyears[i][1]};

        hst_coverage_add(&coverage, &info);
    }
    assert_true(hst_period_parse(c->period, &period));
    assert_int_equal(hst_coverage_lack(&coverage, &period, false), c->by_admission);
    assert_int_equal(hst_coverage_lack(&coverage, &period, true), c->by_discharge);
}

static hst_lack lack_of(const hst_coverage *coverage, const char *label)
{
    hst_period period = {0};

    assert_true(hst_period_parse(label, &period));
    return hst_coverage_lack(coverage, &period, false);
}

static void dates_say_it_without_partyear(void **state)
{
    const hst_segment_info whole = {.admidate_min = day(2008, 3, 30),
                                    .epiend_max = day(2010, 3, 29)};
    const hst_segment_info part = {.admidate_min = day(2008, 4, 1), .epiend_max = day(2009, 1, 15)};
    const hst_segment_info empty = {0};
    hst_coverage coverage = {{0}};

    (void)state;
    hst_coverage_add(&coverage, &empty);
    assert_int_equal(lack_of(&coverage, "2008/09"), HST_LACK_YEAR);
    hst_coverage_add(&coverage, &part);
    assert_int_equal(lack_of(&coverage, "2008-12"), HST_LACK_NONE);
    assert_int_equal(lack_of(&coverage, "2009-01"), HST_LACK_ROWS);
    hst_coverage_add(&coverage, &whole);
    assert_int_equal(lack_of(&coverage, "2009-01"), HST_LACK_NONE);
    assert_int_equal(lack_of(&coverage, "2008/09"), HST_LACK_NONE);
    assert_int_equal(lack_of(&coverage, "2010-02"), HST_LACK_NONE);
    assert_int_equal(lack_of(&coverage, "2010-03"), HST_LACK_ROWS); /* held, but it is the end */
    assert_int_equal(lack_of(&coverage, "2010/11 Q1"), HST_LACK_YEAR);
}

static void every_lack_has_its_reason(void **state)
{
    (void)state;
    assert_string_equal(hst_lack_text(HST_LACK_NONE), "");
    assert_string_equal(hst_lack_text(HST_LACK_YEAR), "incomplete: no extract of its year");
    assert_string_equal(hst_lack_text(HST_LACK_ROWS), "incomplete: rows are still to come");
}

int main(void)
{
    enum { N_CASES = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N_CASES + 2] = {
        cmocka_unit_test(dates_say_it_without_partyear),
        cmocka_unit_test(every_lack_has_its_reason),
    };

    for (size_t i = 0; i < N_CASES; i++) {
        tests[2 + i] = (struct CMUnitTest){.name = cases[i].name,
                                           .test_func = partyear_says_what_is_held,
                                           .initial_state = &cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
