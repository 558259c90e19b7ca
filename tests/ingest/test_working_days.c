/* England's working days beside the rules of the Act, worked out day by day in another way. */
#include "tests/support.h"

#include "hestia/reference.h"
#include "hestia/table.h"
#include "hestia/working_days.h"

#include <string.h>

enum { FIRST_YEAR = 1990, LAST_YEAR = 2035 };

/* Holidays that proclamations moved (from, to) or added (0, to). */
static const struct proclaimed {
    int from[3], to[3];
} proclaimed[] = {
    {{1995, 5, 1}, {1995, 5, 8}}, {{0}, {1999, 12, 31}},        {{2002, 5, 27}, {2002, 6, 4}},
    {{0}, {2002, 6, 3}},          {{0}, {2011, 4, 29}},         {{2012, 5, 28}, {2012, 6, 4}},
    {{0}, {2012, 6, 5}},          {{2020, 5, 4}, {2020, 5, 8}}, {{2022, 5, 30}, {2022, 6, 2}},
    {{0}, {2022, 6, 3}},          {{0}, {2022, 9, 19}},         {{0}, {2023, 5, 8}},
};

static hst_date day_of(const int civil[3])
{
    return civil[0] == 0 ? HST_DATE_MISSING : hst_date_from_civil(civil[0], civil[1], civil[2]);
}

/* 0 Sunday to 6 Saturday, by Sakamoto's method. */
static int weekday(int year, int month, int day)
{
    static const int shift[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};

    year -= month < 3;
    return (year + year / 4 - year / 100 + year / 400 + shift[month - 1] + day) % 7;
}

/* Easter Sunday by Gauss's rule for 1900 to 2099. */
static hst_date easter(int year)
{
    int a = year % 19, d = (19 * a + 24) % 30,
        e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + 5) % 7;

    if (e == 6 && (d == 29 || (d == 28 && a > 10))) {
        d -= 7;
    }
    return hst_date_from_civil(year, 3, 1) + 21 + d + e;
}

/* Whether the Act, without proclamations, makes a weekday a holiday. */
static bool is_statutory(hst_date date)
{
    int year = 0, month = 0, day = 0, w = 0;

    hst_date_to_civil(date, &year, &month, &day);
    w = weekday(year, month, day);
    if (date == easter(year) - 2 || date == easter(year) + 1) {
        return true;
    }
    if (w == 1 && ((month == 5 && (day <= 7 || day > 24)) || (month == 8 && day > 24))) {
        return true;
    }
    if (month == 1) { /* the day, or the Monday after it on a weekend */
        return day == 1 || (w == 1 && day <= 3);
    }
    if (month == 12 && (day == 25 || day == 26)) {
        return true;
    }
    /* 27 and 28 stand for a Saturday or Sunday two days before, or for Sunday the 25th */
    return month == 12 && ((day == 27 && (w == 1 || w == 2)) || (day == 28 && (w == 1 || w == 2)));
}

static bool is_working(hst_date date)
{
    int year = 0, month = 0, day = 0;
    bool is_holiday = is_statutory(date);

    hst_date_to_civil(date, &year, &month, &day);
    for (size_t i = 0; i < sizeof proclaimed / sizeof *proclaimed; i++) {
        is_holiday =
            date == day_of(proclaimed[i].to) || (is_holiday && date != day_of(proclaimed[i].from));
    }
    return !is_holiday && weekday(year, month, day) % 6 != 0;
}

static hst_working_days *calendar(void)
{
    hst_working_days *made = NULL;
    hst_error err = {0};

    if (hst_working_days_create(&made, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return made;
}

static void every_day_is_as_the_rules_have_it(void **state)
{
    hst_working_days *days = calendar();
    hst_date first = hst_date_from_civil(FIRST_YEAR, 1, 1);
    hst_date last = hst_date_from_civil(LAST_YEAR, 12, 31);
    size_t sum = 0, n = 0;

    (void)state;
    for (hst_date date = first; date <= last; date++) {
        char text[11];

        assert_int_equal(hst_working_days_count(&n, days, date, date, NULL), HST_OK);
        if (n != is_working(date)) {
            hst_date_format(date, text);
            fail_msg("%s", text);
        }
        sum += n;
        assert_int_equal(hst_working_days_count(&n, days, first, date, NULL), HST_OK);
        assert_int_equal(n, sum);
    }
    hst_working_days_free(days);
}

static struct span_case {
    const char *name;
    int from[3], to[3];
    size_t n;
} span_cases[] = {
    {"2010/11", {2010, 4, 1}, {2011, 3, 31}, 253},
    {"2011/12, Easter and the wedding within eleven days", {2011, 4, 1}, {2012, 3, 31}, 252},
    {"April 2011", {2011, 4, 1}, {2011, 4, 30}, 18},
    {"2011, nine holidays", {2011, 1, 1}, {2011, 12, 31}, 251},
    {"December 2010, Christmas on a Saturday", {2010, 12, 1}, {2010, 12, 31}, 21},
    {"June 2012, two jubilee days", {2012, 6, 1}, {2012, 6, 30}, 19},
    {"a weekend", {2010, 4, 10}, {2010, 4, 11}, 0},
    {"one Friday", {2010, 4, 9}, {2010, 4, 9}, 1},
    {"Easter of 2008 in March", {2008, 3, 21}, {2008, 3, 24}, 0},
};

static void span_has_its_working_days(void **state)
{
    const struct span_case *c = *state;
    hst_working_days *days = calendar();
    size_t n = 99;

    assert_int_equal(hst_working_days_count(&n, days, day_of(c->from), day_of(c->to), NULL),
                     HST_OK);
    assert_int_equal(n, c->n);
    hst_working_days_free(days);
}

static void list_names_every_holiday(void **state)
{
    hst_table *table = NULL;
    size_t in_2011 = 0;

    (void)state;
    assert_int_equal(hst_table_read_text(&table, hst_reference_text("bank_holidays"), "list", NULL),
                     HST_OK);
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        in_2011 += strncmp(hst_table_cell(table, row, 0), "2011-", 5) == 0;
        assert_string_not_equal(hst_table_cell(table, row, 1), "");
    }
    assert_int_equal(in_2011, 9);
    assert_int_equal(hst_table_n_rows(table), 8 * (LAST_YEAR - FIRST_YEAR + 1) + 7);
    hst_table_free(table);
}

static void days_outside_the_list_are_refused(void **state)
{
    hst_working_days *days = calendar();
    hst_date first = hst_date_from_civil(FIRST_YEAR, 1, 1);
    hst_date last = hst_date_from_civil(LAST_YEAR, 12, 31);
    hst_error err = {0};
    size_t n = 0;

    (void)state;
    assert_int_equal(hst_working_days_count(&n, days, first - 1, first, &err), HST_ERR_RANGE);
    assert_non_null(strstr(err.message, "known from 1990-01-01 to 2035-12-31"));
    assert_int_equal(hst_working_days_count(&n, days, last, last + 1, &err), HST_ERR_RANGE);
    assert_int_equal(hst_working_days_count(&n, days, first + 1, first, &err), HST_ERR_RANGE);
    hst_working_days_free(days);
    hst_working_days_free(NULL);
}

int main(void)
{
    enum { N_SPANS = sizeof span_cases / sizeof *span_cases };
    struct CMUnitTest tests[N_SPANS + 3] = {
        cmocka_unit_test(every_day_is_as_the_rules_have_it),
        cmocka_unit_test(list_names_every_holiday),
        cmocka_unit_test(days_outside_the_list_are_refused),
    };

    for (size_t i = 0; i < N_SPANS; i++) {
        tests[3 + i] = (struct CMUnitTest){.name = span_cases[i].name,
                                           .test_func = span_has_its_working_days,
                                           .initial_state = &span_cases[i]};
    }
    return _cmocka_run_group_tests("working_days", tests, N_SPANS + 3, NULL, NULL);
}
