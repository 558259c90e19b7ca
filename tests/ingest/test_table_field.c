#include "hestia/table_field.h"

#include <string.h>

#include "tests/support.h"

static hst_table *table_of(const char *text)
{
    hst_table *table = NULL;

    assert_int_equal(hst_table_read_text(&table, text, "mine", NULL), HST_OK);
    return table;
}

static struct name_case {
    const char *name, *header, *field;
    size_t column;
} name_cases[] = {
    {"its own name, in any case", "a,AdmiDate\n", "ADMIDATE", 1},
    {"the derived form first", "ADMIDATE,ADMIDATE_DERIVED\n", "ADMIDATE", 1},
    {"the other derived form", "ADMIDATE_DV,ADMIDATE\n", "ADMIDATE", 0},
    {"an alias", "a,PROVSPNO\n", "PROVSPNOPS", 1},
    {"its name before an alias", "PROVSPNO,PROVSPNOPS\n", "PROVSPNOPS", 1},
    {"none", "a,b\n", "ADMIDATE", SIZE_MAX},
    {"a name that is no field of inpatients", "a,whatever\n", "Whatever", 1},
    {"the best person identifier", "HESID,PSEUDO_HESID,a\n", "person", 1},
    {"a person identifier by an alias", "HESID,TokenId\n", "person", 1},
    {"no person identifier", "a\n", "person", SIZE_MAX},
};

static void column_is_found(void **state)
{
    const struct name_case *c = *state;
    hst_table *table = table_of(c->header);

    assert_int_equal(hst_table_find_field(table, c->field), c->column);
    hst_table_free(table);
}

static struct value_case {
    const char *name, *cell, *field; /* NULL: a date; "": a record key */
    hst_status status;
    uint64_t value;
} value_cases[] = {
    {"a date", "2008-04-29", NULL, HST_OK, 28608 + 1},
    {"a date with a time", "2008-04-29 00:00:00", NULL, HST_OK, 28608 + 1},
    {"a date as digits", "20080429", NULL, HST_OK, 28608 + 1},
    {"a sentinel", "1801-01-01", NULL, HST_OK, 0},
    {"a day before 1930", "1929-12-31", NULL, HST_OK, 0},
    {"no date", "", NULL, HST_OK, 0},
    {"NA", "NA", NULL, HST_OK, 0},
    {"NULL", "NULL", NULL, HST_OK, 0},
    {"not a date", "2008-04-31", NULL, HST_ERR_INPUT, 0},
    {"a code of one character", "8", "DISMETH", HST_OK, '8'},
    {"with a nought before it", "01", "CLASSPAT", HST_OK, '1'},
    {"too long", "123", "CLASSPAT", HST_ERR_INPUT, 0},
    {"a code of two", "2b", "ADMIMETH", HST_OK, HST_CODE2('2', 'B')},
    {"a method kept as a number", "67", "ADMIMETH", HST_OK, HST_CODE2('2', 'B')},
    {"the same in another field", "67", "ADMISORC", HST_OK, HST_CODE2('6', '7')},
    {"a decimal", "19.0", "ADMISORC", HST_OK, HST_CODE2('1', '9')},
    {"no code", "NA", "ADMISORC", HST_OK, 0},
    {"code too long", "191", "DISDEST", HST_ERR_INPUT, 0},
    {"an order", "98", "EPIORDER", HST_OK, 98},
    {"an unknown order", "250", "EPIORDER", HST_OK, 0},
    {"not an order", "qq", "EPIORDER", HST_ERR_INPUT, 0},
    {"a field that is none", "1", "TREE", HST_ERR_ARGUMENT, 0},
    {"a key of 19 digits", "9300000000000000017", "", HST_OK, UINT64_C(9300000000000000017)},
    {"no key", "NULL", "", HST_ERR_INPUT, 0},
    {"a key of letters", "12A", "", HST_ERR_INPUT, 0},
};

static void value_is_cleaned(void **state)
{
    const struct value_case *c = *state;
    char text[64];
    hst_table *table = NULL;
    hst_status status = HST_OK;
    uint64_t key = 0;
    uint16_t value = 0;
    hst_error err = {{0}};

    snprintf(text, sizeof text, "x,y\n%s,1\n", c->cell);
    table = table_of(text);
    if (!c->field) {
        status = hst_table_field_day(table, 0, 0, &value, &err);
    } else if (c->field[0] == '\0') {
        status = hst_table_field_key(table, 0, 0, &key, &err);
    } else {
        status = hst_table_field_code(table, 0, 0, c->field, &value, &err);
    }
    assert_int_equal(status, c->status);
    if (status == HST_OK) {
        assert_true((c->field && c->field[0] == '\0' ? key : value) == c->value);
    } else if (status == HST_ERR_INPUT) {
        assert_non_null(strstr(err.message, "mine, line 2, column x: "));
        assert_null(strstr(err.message, c->cell)); /* never the value */
    }
    hst_table_free(table);
}

static void absent_column_is_missing(void **state)
{
    hst_table *table = table_of("x\n7\n");
    hst_day day = 1;
    uint16_t code = 1;

    (void)state;
    assert_string_equal(hst_table_field_text(table, 0, SIZE_MAX), "");
    assert_string_equal(hst_table_field_text(table, 0, 0), "7");
    assert_int_equal(hst_table_field_day(table, 0, SIZE_MAX, &day, NULL), HST_OK);
    assert_int_equal(day, 0);
    assert_int_equal(hst_table_field_code(table, 0, SIZE_MAX, "DISMETH", &code, NULL), HST_OK);
    assert_int_equal(code, 0);
    hst_table_free(table);
}

int main(void)
{
    enum {
        N_NAMES = sizeof name_cases / sizeof name_cases[0],
        N_VALUES = sizeof value_cases / sizeof value_cases[0]
    };
    static struct CMUnitTest tests[N_NAMES + N_VALUES + 1];

    for (size_t i = 0; i < N_NAMES; i++) {
        tests[i] = (struct CMUnitTest){.name = name_cases[i].name,
                                       .test_func = column_is_found,
                                       .initial_state = &name_cases[i]};
    }
    for (size_t i = 0; i < N_VALUES; i++) {
        tests[N_NAMES + i] = (struct CMUnitTest){.name = value_cases[i].name,
                                                 .test_func = value_is_cleaned,
                                                 .initial_state = &value_cases[i]};
    }
    tests[N_NAMES + N_VALUES] = (struct CMUnitTest)cmocka_unit_test(absent_column_is_missing);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
