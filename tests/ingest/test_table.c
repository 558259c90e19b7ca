#include "hestia/table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support.h"

static struct text_case {
    const char *name;
    const char *text;
    size_t n_rows, n_columns;
    size_t row, column; /* one cell looked at */
    const char *cell;
    size_t line;
} text_cases[] = {
    {"comma", "a,b\n1,2\n3,4\n", 2, 2, 1, 1, "4", 3},
    {"tab", "a\tb\n1,5\t2\n", 1, 2, 0, 0, "1,5", 2},
    {"pipe", "a|b|c\n1|2|3\n", 1, 3, 0, 2, "3", 2},
    {"no line end at the end", "a,b\n1,2", 1, 2, 0, 1, "2", 2},
    {"carriage return and line feed", "a,b\r\n1,2\r\n3,4\r\n", 2, 2, 1, 0, "3", 3},
    {"carriage return alone", "a,b\r1,2\r3,4\r", 2, 2, 1, 0, "3", 3},
    {"byte-order mark",
     "\xEF\xBB\xBF"
     "a,b\n1,2\n",
     1, 2, 0, 0, "1", 2},
    {"blank lines are skipped and counted", "\n\na,b\n\n \t\n1,2\n\n3,4\n\n", 2, 2, 1, 1, "4", 8},
    {"spaces are trimmed, quoted ones too", "a, b \n  1 ,\"  2 \"\n", 1, 2, 0, 1, "2", 2},
    {"quoted separator", "a,b\n\"x,y\",2\n", 1, 2, 0, 0, "x,y", 2},
    {"doubled quote", "a,b\n\"x\"\"y\",2\n", 1, 2, 0, 0, "x\"y", 2},
    {"line break in a cell", "a,b\n\"x\ny\",2\n3,4\n", 2, 2, 1, 0, "3", 4},
    {"blank line in a cell stays", "a,b\n\"x\n\ny\",2\n", 1, 2, 0, 0, "x\n\ny", 2},
    {"empty cells", "a,b,c\n,,\n", 1, 3, 0, 1, "", 2},
    {"one column", "area\n5J6\n5QL\n", 2, 1, 1, 0, "5QL", 3},
    {"quoted separators do not decide", "\"a,b,c\"\td\n1\t2\n", 1, 2, 0, 1, "2", 2},
    {"two columns without a name", "a,,\n1,2,3\n", 1, 3, 0, 2, "3", 2},
};

static void text_is_read(void **state)
{
    const struct text_case *c = *state;
    hst_table *table = NULL;
    hst_error err = {0};

    assert_int_equal(hst_table_read_text(&table, c->text, "t.csv", &err), HST_OK);
    assert_int_equal(hst_table_n_rows(table), c->n_rows);
    assert_int_equal(hst_table_n_columns(table), c->n_columns);
    assert_string_equal(hst_table_cell(table, c->row, c->column), c->cell);
    assert_int_equal(hst_table_line(table, c->row), c->line);
    assert_string_equal(hst_table_name(table), "t.csv");
    hst_table_free(table);
}

static struct bad_case {
    const char *name;
    const char *text;
    size_t length; /* 0: up to the NUL */
    const char *message;
} bad_cases[] = {
    {"empty", "", 0, "t.csv: the file is empty"},
    {"only blank lines", "\n \n\r\n", 0, "t.csv: the file is empty"},
    {"row too short", "a,b,c\n1,2,3\n1,2\n", 0, "t.csv, line 3: 2 cells where the header has 3"},
    {"row too long", "a,b\n\n1,2,3\n", 0, "t.csv, line 3: 3 cells where the header has 2"},
    {"open quote", "a,b\n1,2\n\"3,4\n5,6\n", 0, "t.csv, line 3: a quote is opened"},
    {"quote in a cell", "a,b\n1,x\"y\n", 0, "t.csv, line 2: a quote in the middle"},
    {"text after a quote", "a,b\n1,\"x\"y\n", 0, "t.csv, line 2: a quote in the middle"},
    {"same name twice", "a,b,A\n1,2,3\n", 0, "t.csv, line 1: columns 1 and 3"},
    {"NUL byte", "a,b\n1,2\n3,\0\n", 12, "t.csv, line 3: a NUL byte"},
};

static void bad_text_is_refused(void **state)
{
    const struct bad_case *c = *state;
    size_t length = c->length ? c->length : strlen(c->text);
    hst_table *table = NULL;
    hst_error err = {0};
    FILE *stream = tmpfile();

    assert_non_null(stream);
    assert_int_equal(fwrite(c->text, 1, length, stream), length);
    rewind(stream);
    assert_int_equal(hst_table_read_stream(&table, stream, "t.csv", &err), HST_ERR_INPUT);
    assert_null(table);
    assert_int_equal(strncmp(err.message, c->message, strlen(c->message)), 0);
    assert_int_equal(fclose(stream), 0);
}

static void columns_are_found_without_case(void **state)
{
    hst_table *table = NULL;
    hst_error err = {0};
    size_t column = 0;

    (void)state;
    assert_int_equal(hst_table_read_text(&table, "Area,Year\n5J6,2011\n", "t.csv", &err), HST_OK);
    assert_int_equal(hst_table_find(table, "aREA"), 0);
    assert_int_equal(hst_table_find(table, "sex"), SIZE_MAX);
    assert_string_equal(hst_table_column_name(table, 1), "Year");
    assert_int_equal(hst_table_require(table, "year", &column, &err), HST_OK);
    assert_int_equal(column, 1);
    assert_int_equal(hst_table_require(table, "sex", &column, &err), HST_ERR_INPUT);
    assert_string_equal(err.message, "t.csv: no column `sex`; it has Area, Year");
    hst_table_free(table);
}

static void many_columns_do_not_overflow_the_message(void **state)
{
    char text[4096] = "";
    hst_table *table = NULL;
    hst_error err = {0};
    size_t column = 0, length = 0;

    (void)state;
    for (int i = 0; i < 300; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "column%d,", i);
    }
    assert_int_equal(hst_table_read_text(&table, text, "t.csv", &err), HST_OK);
    assert_int_equal(hst_table_n_rows(table), 0);
    assert_int_equal(hst_table_require(table, "sex", &column, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "..."));
    hst_table_free(table);
}

static struct number_case {
    const char *name;
    const char *cell;
    bool is_double, is_long;
    double value;
} number_cases[] = {
    {"whole", "17", true, true, 17},
    {"negative", "-17", true, true, -17},
    {"decimal", "17.3", true, false, 17.3},
    {"exponent", "1.5e3", true, false, 1500},
    {"empty", "\"\"", false, false, 0},
    {"word", "many", false, false, 0},
    {"number and word", "17x", false, false, 0},
    {"hexadecimal", "0x10", false, false, 0},
    {"infinity", "inf", false, false, 0},
    {"not a number", "nan", false, false, 0},
    {"too large", "1e999", false, false, 0},
    {"too large for a whole number", "99999999999999999999", true, false, 99999999999999999999.0},
    {"two signs", "--1", false, false, 0},
};

static void numbers_are_checked(void **state)
{
    const struct number_case *c = *state;
    char text[128];
    hst_table *table = NULL;
    hst_error err = {0};
    double value = 0;
    long whole = 0;

    snprintf(text, sizeof text, "a,n\n1,%s\n", c->cell);
    assert_int_equal(hst_table_read_text(&table, text, "t.csv", &err), HST_OK);
    assert_int_equal(hst_table_double(table, 0, 1, &value, &err),
                     c->is_double ? HST_OK : HST_ERR_INPUT);
    if (c->is_double) {
        assert_close(value, c->value, 1e-15);
    } else {
        assert_string_equal(err.message, "t.csv, line 2, column n: not a number");
    }
    assert_int_equal(hst_table_long(table, 0, 1, &whole, &err),
                     c->is_long ? HST_OK : HST_ERR_INPUT);
    if (c->is_long) {
        assert_close((double)whole, c->value, 1e-15);
    } else {
        assert_string_equal(err.message, "t.csv, line 2, column n: not a whole number");
    }
    hst_table_free(table);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

static void ragged_rows_are_padded(void **state)
{
    char folder[] = "/tmp/hestia-test-XXXXXX", path[64];
    hst_table *table = NULL;
    hst_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/wide.csv", folder);
    write_file(path,
               "Mid-2011, estimates, by age, a title\n\ncode\tname\t0\t1\n5J6\tX\t1,234\t5\n");
    assert_int_equal(hst_table_read_ragged(&table, path, &err), HST_OK);
    assert_int_equal(hst_table_n_rows(table), 3);
    assert_int_equal(hst_table_n_columns(table), 4);
    assert_string_equal(hst_table_column_name(table, 3), "4");
    assert_int_equal(hst_table_find(table, "4"), 3);
    assert_string_equal(hst_table_cell(table, 0, 3), "");
    assert_string_equal(hst_table_cell(table, 2, 2), "1,234");
    assert_int_equal(hst_table_line(table, 2), 4);
    hst_table_free(table);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void files_that_cannot_be_opened(void **state)
{
    hst_table *table = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_table_read(&table, "/nowhere/p.csv", &err), HST_ERR_USAGE);
    assert_string_equal(err.message, "/nowhere/p.csv: No such file or directory");
    assert_null(table);
    assert_int_equal(hst_table_read(&table, "/", &err), HST_ERR_USAGE);
    assert_string_equal(err.message, "/ is not a file");
    assert_null(table);
    hst_table_free(NULL);
}

#define N_ITEMS(array) (sizeof(array) / sizeof(array)[0])

int main(void)
{
    struct CMUnitTest tests[64] = {0};
    size_t n = 0;

    for (size_t i = 0; i < N_ITEMS(text_cases); i++) {
        tests[n++] = (struct CMUnitTest){
            .name = text_cases[i].name, .test_func = text_is_read, .initial_state = &text_cases[i]};
    }
    for (size_t i = 0; i < N_ITEMS(bad_cases); i++) {
        tests[n++] = (struct CMUnitTest){.name = bad_cases[i].name,
                                         .test_func = bad_text_is_refused,
                                         .initial_state = &bad_cases[i]};
    }
    for (size_t i = 0; i < N_ITEMS(number_cases); i++) {
        tests[n++] = (struct CMUnitTest){.name = number_cases[i].name,
                                         .test_func = numbers_are_checked,
                                         .initial_state = &number_cases[i]};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(columns_are_found_without_case);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(many_columns_do_not_overflow_the_message);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(ragged_rows_are_padded);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(files_that_cannot_be_opened);
    return _cmocka_run_group_tests("ingest/table", tests, n, NULL, NULL);
}
