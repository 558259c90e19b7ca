/* Fields of HES in a small table, by the names and the cleaning of extracts. */
#include "hestia/table_field.h"

#include <stdio.h>
#include <string.h>

#include "ingest/extract_internal.h"

static size_t find_name(const hst_table *table, const char *name, size_t length)
{
    static const char *const suffixes[] = {"_DERIVED", "_DV", ""};
    char full[64];

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        size_t column = SIZE_MAX;

        snprintf(full, sizeof full, "%.*s%s", (int)length, name, suffixes[i]);
        column = hst_table_find(table, full);
        if (column != SIZE_MAX) {
            return column;
        }
    }
    return SIZE_MAX;
}

static size_t find_field(const hst_table *table, const hst_field *field)
{
    size_t column = find_name(table, field->name, strlen(field->name));
    const char *p = field->aliases;

    while (column == SIZE_MAX && *p) {
        size_t n = strcspn(p, " ");

        column = find_name(table, p, n);
        p += n + (p[n] == ' ');
    }
    return column;
}

static const hst_field *field_called(const char *name)
{
    const hst_field *fields = hst_fields_of(HST_DATASET_APC);

    for (size_t f = 0; f < HST_N_FIELDS; f++) {
        if (fields[f].name && strcmp(fields[f].name, name) == 0) {
            return &fields[f];
        }
    }
    return NULL;
}

size_t hst_table_find_field(const hst_table *table, const char *field)
{
    const hst_field *known = field_called(field);
    size_t column = SIZE_MAX;

    if (known) {
        return find_field(table, known);
    }
    if (strcmp(field, "person") != 0) {
        return find_name(table, field, strlen(field));
    }
    for (size_t k = 0; k < HST_N_PERSON_KINDS && column == SIZE_MAX; k++) {
        column = find_field(table, &hst_person_fields[k]);
    }
    return column;
}

const char *hst_table_field_text(const hst_table *table, size_t row, size_t column)
{
    const char *cell = column == SIZE_MAX ? "" : hst_table_cell(table, row, column);
    size_t length = strlen(cell);

    (void)hst_clean_trim(cell, &length); /* the table has no blanks around cells */
    return length == 0 || strcmp(cell, "NA") == 0 ? "" : cell;
}

static hst_status bad(const hst_table *table, size_t row, size_t column, const char *what,
                      hst_error *err)
{
    return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column %s: %s", hst_table_name(table),
                    hst_table_line(table, row), hst_table_column_name(table, column), what);
}

hst_status hst_table_field_day(const hst_table *table, size_t row, size_t column, hst_day *out,
                               hst_error *err)
{
    const char *text = hst_table_field_text(table, row, column);

    *out = 0;
    return text[0] == '\0' || hst_clean_date(text, strlen(text), out)
               ? HST_OK
               : bad(table, row, column, "not a date", err);
}

hst_status hst_table_field_code(const hst_table *table, size_t row, size_t column,
                                const char *field, uint16_t *out, hst_error *err)
{
    const hst_field *known = field_called(field);
    const char *text = hst_table_field_text(table, row, column);
    size_t length = strlen(text);
    bool is_good = false, is_unknown = false; /* a code outside its list stays what it is */

    *out = 0;
    if (length == 0) {
        return HST_OK;
    }
    if (!known) {
        return hst_fail(err, HST_ERR_ARGUMENT, "no field of HES is called %s", field);
    }
    if (known->kind == HST_KIND_ORDER) {
        is_good = hst_clean_order(text, length, out, &is_unknown);
    } else if (known->kind == HST_KIND_CODE1) {
        is_good = hst_clean_code1(known, text, length, out, &is_unknown);
    } else {
        is_good = hst_clean_code2(known, text, length, out, &is_unknown);
    }
    return is_good
               ? HST_OK
               : bad(table, row, column,
                     known->kind == HST_KIND_ORDER ? "not a number" : "too long for a code", err);
}

hst_status hst_table_field_key(const hst_table *table, size_t row, size_t column, uint64_t *out,
                               hst_error *err)
{
    const char *text = hst_table_field_text(table, row, column);

    *out = 0;
    if (text[0] == '\0') {
        return bad(table, row, column, "missing", err);
    }
    return hst_clean_number(text, strlen(text), out) ? HST_OK
                                                     : bad(table, row, column, "not a number", err);
}
