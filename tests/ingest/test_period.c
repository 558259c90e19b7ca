#include <string.h>

#include "hestia/period.h"
#include "tests/support.h"

static struct label_case {
    const char *name;
    hst_by type;
    int year, month, day;
    const char *label;
    int start[3], end[3];
} label_cases[] = {
    {"month", HST_BY_MONTH, 2010, 4, 17, "2010-04", {2010, 4, 1}, {2010, 4, 30}},
    {"February of a leap year", HST_BY_MONTH, 2008, 2, 29, "2008-02", {2008, 2, 1}, {2008, 2, 29}},
    {"December", HST_BY_MONTH, 2010, 12, 31, "2010-12", {2010, 12, 1}, {2010, 12, 31}},
    {"first quarter", HST_BY_QUARTER, 2010, 4, 1, "2010/11 Q1", {2010, 4, 1}, {2010, 6, 30}},
    {"second quarter", HST_BY_QUARTER, 2010, 9, 30, "2010/11 Q2", {2010, 7, 1}, {2010, 9, 30}},
    {"third quarter", HST_BY_QUARTER, 2010, 11, 5, "2010/11 Q3", {2010, 10, 1}, {2010, 12, 31}},
    {"fourth quarter is of the year before",
     HST_BY_QUARTER,
     2011,
     1,
     1,
     "2010/11 Q4",
     {2011, 1, 1},
     {2011, 3, 31}},
    {"year begins on 1 April", HST_BY_YEAR, 2010, 4, 1, "2010/11", {2010, 4, 1}, {2011, 3, 31}},
    {"31 March is of the year before",
     HST_BY_YEAR,
     2010,
     3,
     31,
     "2009/10",
     {2009, 4, 1},
     {2010, 3, 31}},
    {"turn of the century", HST_BY_YEAR, 2000, 3, 1, "1999/00", {1999, 4, 1}, {2000, 3, 31}},
};

static void period_of_a_day(void **state)
{
    const struct label_case *c = *state;
    hst_period period = hst_period_of(c->type, hst_date_from_civil(c->year, c->month, c->day));
    hst_period read = {0};

    assert_string_equal(period.label, c->label);
    assert_int_equal(period.start, hst_date_from_civil(c->start[0], c->start[1], c->start[2]));
    assert_int_equal(period.end, hst_date_from_civil(c->end[0], c->end[1], c->end[2]));
    assert_true(hst_period_parse(c->label, &read));
    assert_int_equal(read.type, c->type);
    assert_int_equal(read.start, period.start);
    assert_int_equal(hst_period_next(&period).start, period.end + 1);
}

static struct parse_case {
    const char *name, *label, *canonical; /* NULL: refused */
} parse_cases[] = {
    {"year with a hyphen", "2014-15", "2014/15"},
    {"a text that can be a month is one", "2010-11", "2010-11"},
    {"year in six digits", "201011", "2010/11"},
    {"year in four digits", "1011", "2010/11"},
    {"year of the last century in four digits", "9900", "1999/00"},
    {"years that do not follow", "2010/12", NULL},
    {"month 13", "2010-13", NULL},
    {"fifth quarter", "2010/11 Q5", NULL},
    {"quarter of no year", "20/11 Q1", NULL},
    {"letters", "20a0/11", NULL},
    {"nothing", "", NULL},
    {"calendar year", "2010", NULL},
    {"too early", "1899/00", NULL},
};

static void labels_are_read(void **state)
{
    const struct parse_case *c = *state;
    hst_period period = {0};

    assert_int_equal(hst_period_parse(c->label, &period), c->canonical != NULL);
    if (c->canonical) {
        assert_string_equal(period.label, c->canonical);
    }
}

static void a_year_can_be_asked_for_by_its_type(void **state)
{
    hst_period period = {0};

    (void)state;
    assert_true(hst_period_parse_as(HST_BY_YEAR, "2010-11", &period));
    assert_string_equal(period.label, "2010/11");
    assert_false(hst_period_parse_as(HST_BY_QUARTER, "2010-11", &period));
}

static void months_are_counted_over_years(void **state)
{
    hst_date from = hst_date_from_civil(2008, 4, 30);

    (void)state;
    assert_int_equal(hst_month_index(from, hst_date_from_civil(2008, 4, 1)), 0);
    assert_int_equal(hst_month_index(from, hst_date_from_civil(2011, 3, 31)), 35);
    assert_int_equal(hst_month_index(from, hst_date_from_civil(2008, 1, 31)), -3);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(hst_period_type_name(HST_BY_MONTH), "month");
    assert_string_equal(hst_period_type_name(HST_BY_QUARTER), "quarter");
    assert_string_equal(hst_period_type_name(HST_BY_YEAR), "year");
}

int main(void)
{
    enum {
        N_LABELS = sizeof label_cases / sizeof label_cases[0],
        N_PARSES = sizeof parse_cases / sizeof parse_cases[0]
    };
    struct CMUnitTest tests[N_LABELS + N_PARSES + 3] = {
        cmocka_unit_test(a_year_can_be_asked_for_by_its_type),
        cmocka_unit_test(months_are_counted_over_years),
        cmocka_unit_test(types_have_names),
    };
    size_t n = 3;

    for (size_t i = 0; i < N_LABELS; i++) {
        tests[n++] = (struct CMUnitTest){.name = label_cases[i].name,
                                         .test_func = period_of_a_day,
                                         .initial_state = &label_cases[i]};
    }
    for (size_t i = 0; i < N_PARSES; i++) {
        tests[n++] = (struct CMUnitTest){.name = parse_cases[i].name,
                                         .test_func = labels_are_read,
                                         .initial_state = &parse_cases[i]};
    }
    return _cmocka_run_group_tests("period", tests, n, NULL, NULL);
}
