/* Small tables that a study names: deprivation, numbers of a measure, numbers of others. */
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/deprivation.h"
#include "hestia/measure_table.h"
#include "hestia/provider_names.h"
#include "hestia/reported.h"

/** A file of its own with the text; removed by the caller. */
static void make_file(char path[64], const char *text)
{
    FILE *file = NULL;
    int fd = -1;

    strcpy(path, "/tmp/hestia-table-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    file = fdopen(fd, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static hst_period period_of(const char *label)
{
    hst_period period = {0};

    assert_true(hst_period_parse(label, &period));
    return period;
}

/* ---- what is read ---- */

static void deprivation_is_found_by_area(void **state)
{
    char path[64];
    hst_deprivation *deprivation = NULL;

    (void)state;
    make_file(path, "rank,imd,area\n3,17.3,5QL\n1,25.08,5NK\n,NA,5ZZ\n,,5YY\n2,18.5,5J6\n");
    assert_int_equal(hst_deprivation_read(&deprivation, path, NULL), HST_OK);
    assert_close(hst_deprivation_of(deprivation, "5J6"), 18.5, 0);
    assert_close(hst_deprivation_of(deprivation, "5NK"), 25.08, 0);
    assert_close(hst_deprivation_of(deprivation, "5QL"), 17.3, 0);
    assert_true(isnan(hst_deprivation_of(deprivation, "5ZZ")));
    assert_true(isnan(hst_deprivation_of(deprivation, "5YY")));
    assert_true(isnan(hst_deprivation_of(deprivation, "5Q")));
    hst_deprivation_free(deprivation);
    assert_int_equal(unlink(path), 0);
}

static void provider_is_called_by_the_first_of_its_names(void **state)
{
    char path[64];
    hst_provider_names *names = NULL;

    (void)state;
    make_file(path, "name|code\nRoyal United Hospital Bath|RD1\n|RBA\nAnother|RD1\n");
    assert_int_equal(hst_provider_names_read(&names, path, NULL), HST_OK);
    assert_string_equal(hst_provider_name(names, "RD1"), "Royal United Hospital Bath");
    assert_string_equal(hst_provider_name(names, "RBA"), "");
    assert_string_equal(hst_provider_name(names, "RD"), "");
    hst_provider_names_free(names);
    assert_int_equal(unlink(path), 0);
}

static void without_a_table_no_provider_has_a_name(void **state)
{
    hst_provider_names *names = NULL;

    (void)state;
    assert_int_equal(hst_provider_names_read(&names, NULL, NULL), HST_OK);
    assert_string_equal(hst_provider_name(names, "RD1"), "");
    hst_provider_names_free(names);
}

static void names_of_providers_need_their_columns(void **state)
{
    char path[64];
    hst_provider_names *names = NULL;
    hst_error err = {0};

    (void)state;
    make_file(path, "code,title\nRD1,Bath\n");
    assert_int_equal(hst_provider_names_read(&names, path, &err), HST_ERR_INPUT);
    assert_null(names);
    assert_non_null(strstr(err.message, "name"));
    assert_int_equal(unlink(path), 0);
}

static void numbers_of_a_measure_are_found_by_area_and_period(void **state)
{
    char path[64];
    hst_measure_table *table = NULL;
    hst_period year = period_of("2007/08"), quarter = period_of("2007/08 Q1");
    const hst_measure_value *values = NULL;
    size_t n = 0;

    (void)state;
    make_file(path, "period\tarea\tvalue\tsource\n"
                    "200708\t5QL\t1234.5\tQOF\n"
                    "2006/07\t5QL\t-3e2\tQOF\n"
                    "2007/08 Q1\t5QL\t0\tQOF\n"
                    "2007-11\t5QL\tNA\tQOF\n"
                    "2007/08\t5J6\t77\tQOF\n");
    assert_int_equal(hst_measure_table_read(&table, path, HST_BY_QUARTER | HST_BY_MONTH, NULL),
                     HST_OK);
    assert_close(hst_measure_table_find(table, "5QL", &year), 1234.5, 0);
    assert_close(hst_measure_table_find(table, "5QL", &quarter), 0, 0);
    assert_close(hst_measure_table_find(table, "5J6", &year), 77, 0);
    assert_true(isnan(hst_measure_table_find(table, "5J6", &quarter)));
    assert_true(isnan(hst_measure_table_find(table, "5NK", &year)));
    values = hst_measure_table_values(table, &n);
    assert_int_equal(n, 5);
    assert_string_equal(values[0].area, "5J6");
    assert_string_equal(values[1].period.label, "2007-11");
    assert_true(isnan(values[1].value));
    assert_int_equal(values[1].line, 5);
    assert_string_equal(values[2].period.label, "2007/08 Q1");
    assert_string_equal(values[3].period.label, "2006/07");
    assert_close(values[3].value, -300, 0);
    assert_string_equal(values[4].period.label, "2007/08");
    hst_measure_table_free(table);
    assert_int_equal(unlink(path), 0);
}

/* "2010-11" is November, or a year where only years are asked for. */
static void label_with_two_meanings_is_what_the_measure_asks_for(void **state)
{
    static const struct {
        unsigned by;
        const char *label;
    } cases[] = {
        {HST_BY_YEAR, "2010/11"},
        {HST_BY_YEAR | HST_BY_QUARTER, "2010/11"},
        {HST_BY_YEAR | HST_BY_MONTH, "2010-11"},
        {HST_BY_QUARTER, "2010-11"},
    };
    char path[64];
    size_t n = 0;

    (void)state;
    make_file(path, "period,area,value,series,source\n2010-11,5QL,1,s,t\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hst_measure_table *table = NULL;
        hst_reported *reported = NULL;

        assert_int_equal(hst_measure_table_read(&table, path, cases[i].by, NULL), HST_OK);
        assert_string_equal(hst_measure_table_values(table, &n)->period.label, cases[i].label);
        assert_int_equal(hst_reported_read(&reported, path, cases[i].by, NULL), HST_OK);
        assert_string_equal(hst_reported_values(reported, &n)->period.label, cases[i].label);
        hst_measure_table_free(table);
        hst_reported_free(reported);
    }
    assert_int_equal(unlink(path), 0);
}

static void reported_numbers_are_sorted(void **state)
{
    char path[64];
    hst_reported *reported = NULL;
    const hst_reported_value *values = NULL;
    size_t n = 0;

    (void)state;
    make_file(path, "source,value,series,period\n"
                    "board paper,120,seen,2010-05\n"
                    ",119.5,seen,2010-04\n"
                    "letter,,booked,2010-05\n");
    assert_int_equal(hst_reported_read(&reported, path, HST_BY_MONTH, NULL), HST_OK);
    values = hst_reported_values(reported, &n);
    assert_int_equal(n, 3);
    assert_string_equal(values[0].series, "booked");
    assert_true(isnan(values[0].value));
    assert_string_equal(values[1].period.label, "2010-04");
    assert_close(values[1].value, 119.5, 0);
    assert_string_equal(values[1].source, "");
    assert_string_equal(values[2].source, "board paper");
    assert_int_equal(values[2].line, 2);
    hst_reported_free(reported);
    assert_int_equal(unlink(path), 0);
}

/* ---- what is not ---- */

static hst_status read_deprivation(const char *path, hst_error *err)
{
    hst_deprivation *deprivation = NULL;
    hst_status status = hst_deprivation_read(&deprivation, path, err);

    assert_null(deprivation);
    return status;
}

static hst_status read_measure(const char *path, hst_error *err)
{
    hst_measure_table *table = NULL;
    hst_status status = hst_measure_table_read(&table, path, HST_BY_YEAR, err);

    assert_null(table);
    return status;
}

static hst_status read_reported(const char *path, hst_error *err)
{
    hst_reported *reported = NULL;
    hst_status status = hst_reported_read(&reported, path, HST_BY_YEAR, err);

    assert_null(reported);
    return status;
}

static struct fault_case {
    const char *name;
    hst_status (*read)(const char *path, hst_error *err);
    const char *text, *message;
} fault_cases[] = {
    {"deprivation without imd", read_deprivation, "area,score\n5QL,1\n", "no column `imd`"},
    {"deprivation without area", read_deprivation, "code,imd\n5QL,1\n", "no column `area`"},
    {"deprivation of no area", read_deprivation, "area,imd\n5QL,1\n,2\n",
     ", line 3, column area: empty"},
    {"deprivation in words", read_deprivation, "area,imd\n5QL,high\n",
     ", line 2, column imd: not a number"},
    {"deprivation twice", read_deprivation, "area,imd\n5QL,1\n5J6,2\n5QL,1\n",
     ", line 4: the area of line 2 stands here again"},
    {"empty file", read_measure, "", ": the file is empty"},
    {"measure without value", read_measure, "period,area\n2007/08,5QL\n", "no column `value`"},
    {"measure of no period", read_measure, "period,area,value\n2007,5QL,1\n",
     ", line 2, column period: not a period; write a month as 2010-04"},
    {"measure of no area", read_measure, "period,area,value\n2007/08,,1\n",
     ", line 2, column area: empty"},
    {"measure in words", read_measure, "period,area,value\n2007/08,5QL,*\n",
     ", line 2, column value: not a number"},
    {"measure twice, written otherwise", read_measure,
     "period,area,value\n2007/08,5QL,1\n2008/09,5QL,1\n200708,5QL,1\n",
     ", line 4: the period and area of line 2 stand here again"},
    {"measure of a row cut short", read_measure, "period,area,value\n2007/08,5QL\n", ", line 2: "},
    {"reported without source", read_reported, "period,series,value\n2007/08,a,1\n",
     "no column `source`"},
    {"reported of no period", read_reported, "period,series,value,source\n,a,1,\n",
     ", line 2, column period: not a period"},
    {"reported in words", read_reported, "period,series,value,source\n2007/08,a,many,\n",
     ", line 2, column value: not a number"},
    {"reported twice", read_reported,
     "period,series,value,source\n2007/08,a,1,\n2007/08,b,1,\n2007/08,a,2,other\n",
     ", line 4: the period and series of line 2 stand here again"},
};

static void fault_is_told_with_file_and_line(void **state)
{
    const struct fault_case *c = *state;
    char path[64];
    hst_error err = {0};

    make_file(path, c->text);
    assert_int_equal(c->read(path, &err), HST_ERR_INPUT);
    assert_ptr_equal(strstr(err.message, path), err.message);
    if (!strstr(err.message, c->message)) {
        fail_msg("not told as expected: %s", err.message);
    }
    assert_int_equal(unlink(path), 0);
}

static void absent_file_is_a_usage_error(void **state)
{
    (void)state;
    assert_int_equal(read_deprivation("/nowhere/imd.csv", NULL), HST_ERR_USAGE);
    assert_int_equal(read_measure("/nowhere/qof.csv", NULL), HST_ERR_USAGE);
    assert_int_equal(read_reported("/nowhere/reported.csv", NULL), HST_ERR_USAGE);
}

int main(void)
{
    enum { N_FAULTS = sizeof fault_cases / sizeof *fault_cases, N_OTHERS = 8 };
    struct CMUnitTest tests[N_FAULTS + N_OTHERS] = {
        cmocka_unit_test(deprivation_is_found_by_area),
        cmocka_unit_test(provider_is_called_by_the_first_of_its_names),
        cmocka_unit_test(without_a_table_no_provider_has_a_name),
        cmocka_unit_test(names_of_providers_need_their_columns),
        cmocka_unit_test(numbers_of_a_measure_are_found_by_area_and_period),
        cmocka_unit_test(label_with_two_meanings_is_what_the_measure_asks_for),
        cmocka_unit_test(reported_numbers_are_sorted),
        cmocka_unit_test(absent_file_is_a_usage_error),
    };

    for (size_t i = 0; i < N_FAULTS; i++) {
        tests[N_OTHERS + i] = (struct CMUnitTest){.name = fault_cases[i].name,
                                                  .test_func = fault_is_told_with_file_and_line,
                                                  .initial_state = &fault_cases[i]};
    }
    return _cmocka_run_group_tests("small_tables", tests, N_FAULTS + N_OTHERS, NULL, NULL);
}
