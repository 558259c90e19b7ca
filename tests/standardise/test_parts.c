/* The parts of a value: they give it again, and leave out what it does. */
#include "hestia/parts.h"

#include <string.h>

#include "tests/standardise/series_support.h"

/* Everything that can be worked out from plain events. The world's sums of days are its events. */
static void parts_are_those_of_the_value(void **state)
{
    static const hst_statistic statistics[] = {
        HST_STAT_DSR,         HST_STAT_CRUDE_RATE,   HST_STAT_COUNT,    HST_STAT_ISR,
        HST_STAT_SMR,         HST_STAT_STD_MEAN_LOS, HST_STAT_BED_DAYS, HST_STAT_BED_DAY_RATE,
        HST_STAT_READMISSION, HST_STAT_GROWTH,
    };
    fixture *f = *state;

    f->measure.interval = HST_INTERVAL_DEFAULT;
    f->measure.base = (char *)(uintptr_t) "2010/11 Q1";
    for (size_t s = 0; s < sizeof statistics / sizeof statistics[0]; s++) {
        f->measure.statistic = statistics[s];
        assert_int_equal(compute(f, 1), HST_OK);
        for (int group = 0; group < 2; group++) {
            const hst_result *row = find(f, group, 0, "2010/11 Q2", "");
            hst_parts parts;

            assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population,
                                          &f->standard, 0, group, 0, &world.quarters[1], &f->err),
                             HST_OK);
            assert_close(parts.value, row->value, 0);
            assert_true(parts.total_count == row->total_count);
            assert_string_equal(parts.statistic, row->statistic);
            assert_true(parts.formula[0] && parts.n_facts > 1);
            hst_parts_clear(&parts);
        }
    }
}

static double sum_column(const hst_parts *parts, size_t column)
{
    double sum = 0;

    for (size_t i = 0; i < parts->n_rows; i++) {
        sum += parts->rows[i].cells[column];
    }
    return sum;
}

static double fact(const hst_parts *parts, const char *name)
{
    for (size_t i = 0; i < parts->n_facts; i++) {
        if (strcmp(parts->facts[i].name, name) == 0) {
            return parts->facts[i].value;
        }
    }
    fail_msg("no fact `%s`", name);
    return NAN;
}

/* The value worked out again from the table and the numbers under it. */
static void a_table_gives_the_value_again(void **state)
{
    enum { COUNT, POPULATION, WEIGHT, CONTRIBUTION, EXPECTED = 5, STD_CONTRIBUTION = 6 };
    fixture *f = *state;
    hst_parts parts;

    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 1, &world.quarters[1], &f->err),
                     HST_OK);
    assert_int_equal(parts.n_rows, 36);
    assert_string_equal(parts.rows[0].labels[0], "1");
    assert_string_equal(parts.rows[0].labels[1], "0-4");
    assert_string_equal(parts.rows[35].labels[0], "2");
    assert_string_equal(parts.rows[35].labels[1], "85+");
    assert_close(parts.rows[35].cells[WEIGHT], 1000, 0);
    assert_close(sum_column(&parts, CONTRIBUTION), parts.value, 1e-13);
    assert_close(sum_column(&parts, COUNT), (double)parts.total_count, 0);
    hst_parts_clear(&parts);

    f->measure.statistic = HST_STAT_ISR;
    f->measure.interval = HST_INTERVAL_DEFAULT;
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 1, &world.quarters[1], &f->err),
                     HST_OK);
    assert_close(sum_column(&parts, EXPECTED), fact(&parts, "expected"), 1e-13);
    assert_close(fact(&parts, "per") * sum_column(&parts, COUNT) / sum_column(&parts, EXPECTED) *
                     fact(&parts, "reference rate"),
                 parts.value, 1e-13);
    hst_parts_clear(&parts);

    f->measure.statistic = HST_STAT_STD_MEAN_LOS;
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 1, &world.quarters[1], &f->err),
                     HST_OK);
    assert_close(sum_column(&parts, STD_CONTRIBUTION), parts.value, 1e-13);
    hst_parts_clear(&parts);
}

static void parts_leave_out_what_the_value_does(void **state)
{
    fixture *f = *state;
    hst_parts parts;

    world.events = events_with_unknown;
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 0, &world.quarters[0], &f->err),
                     HST_OK);
    assert_close(parts.left_out, 21, 0);
    hst_parts_clear(&parts);
}

static void parts_of_what_is_not_there(void **state)
{
    fixture *f = *state;
    hst_parts parts;
    hst_period later = hst_period_next(&world.quarters[3]);

    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 0, &later, &f->err),
                     HST_ERR_USAGE);
    assert_string_equal(f->err.message,
                        "2011/12 Q1 is not a complete period of measure `emergency`");
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 0, &world.year, &f->err),
                     HST_ERR_USAGE); /* the measure is by quarter only */
    assert_null(parts.rows);
    f->measure.statistic = HST_STAT_ACS_SCORE;
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, true, 0, &world.quarters[0], &f->err),
                     HST_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "is of areas, not of comparators"));
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(parts_are_those_of_the_value),
        CASE(a_table_gives_the_value_again),
        CASE(parts_leave_out_what_the_value_does),
        CASE(parts_of_what_is_not_there),
    };

    return cmocka_run_group_tests_name("standardise/parts", tests, NULL, NULL);
}
