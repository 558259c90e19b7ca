/* Reading the golden tables. */
#ifndef HESTIA_TESTS_GOLDEN_H
#define HESTIA_TESTS_GOLDEN_H

#include <string.h>

#include "hestia/table.h"
#include "tests/support.h"

static inline hst_table *golden_read(const char *name)
{
    char path[512];
    hst_table *table = NULL;
    hst_error err = {0};

    snprintf(path, sizeof path, "%s/golden/%s", HESTIA_TEST_DIR, name);
    if (hst_table_read(&table, path, &err) != HST_OK) {
        print_error("%s\n", err.message);
    }
    assert_non_null(table);
    return table;
}

static inline const char *golden_text(const hst_table *table, size_t row, const char *column)
{
    size_t i = hst_table_find(table, column);

    assert_true(i != SIZE_MAX);
    return hst_table_cell(table, row, i);
}

/* A number; NAN for NA and NaN. */
static inline double golden_number(const hst_table *table, size_t row, const char *column)
{
    const char *text = golden_text(table, row, column);
    size_t i = hst_table_find(table, column);
    double number = NAN;

    if (strcmp(text, "NA") != 0 && strcmp(text, "NaN") != 0) {
        assert_int_equal(hst_table_double(table, row, i, &number, NULL), HST_OK);
    }
    return number;
}

#endif
