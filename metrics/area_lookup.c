/* The dated lookup of areas, and the area of a code on a day. */
#include <stdlib.h>
#include <string.h>

#include "area_internal.h"
#include "hestia/table.h"

static int compare_lookup_rows(const void *a, const void *b)
{
    const hst_lookup_row *x = a, *y = b;
    int order = strcmp(x->from_code, y->from_code);

    return order != 0 ? order : (x->from > y->from) - (x->from < y->from);
}

static int compare_lookup_codes(const void *a, const void *b)
{
    return strcmp(((const hst_lookup_row *)a)->from_code, ((const hst_lookup_row *)b)->from_code);
}

const hst_lookup_row *hst_area_lookup_find(const hst_areas *areas, const char *code, size_t *n)
{
    hst_lookup_row key = {0};
    const hst_lookup_row *row = NULL, *end = NULL;

    *n = 0;
    if (areas->n_rows == 0) {
        return NULL;
    }
    end = areas->rows + areas->n_rows;
    memcpy(key.from_code, code, strlen(code) + 1);
    row = bsearch(&key, areas->rows, areas->n_rows, sizeof key, compare_lookup_codes);
    if (!row) {
        return NULL;
    }
    while (row > areas->rows && compare_lookup_codes(row - 1, &key) == 0) {
        row--;
    }
    while (row + *n < end && compare_lookup_codes(row + *n, &key) == 0) {
        ++*n;
    }
    return row;
}

typedef struct lookup_columns {
    size_t from_code, from, to, to_code, share;
} lookup_columns;

static hst_status read_lookup_date(const hst_table *table, size_t row, size_t column,
                                   hst_date if_empty, hst_date *out, hst_error *err)
{
    const char *cell = hst_table_cell(table, row, column);

    if (cell[0] == '\0') {
        *out = if_empty;
    } else if (!hst_date_parse_iso(cell, strlen(cell), out)) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column %s: not a date YYYY-MM-DD",
                        hst_table_name(table), hst_table_line(table, row),
                        hst_table_column_name(table, column));
    }
    return HST_OK;
}

static hst_status read_lookup_row(const hst_table *table, size_t row, const lookup_columns *columns,
                                  hst_lookup_row *out, hst_error *err)
{
    double share = 0;
    hst_status status = hst_table_double(table, row, columns->share, &share, err);

    *out = (hst_lookup_row){.line = hst_table_line(table, row)};
    if (status) {
        return status;
    }
    if (share != 1) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s, line %zu: a share other than 1 cannot be applied to single persons; "
                        "use an area field that needs no splitting, or give each code one area",
                        hst_table_name(table), out->line);
    }
    if (!hst_area_clean_code(hst_table_cell(table, row, columns->from_code), out->from_code) ||
        out->from_code[0] == '\0') {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column code_from: not an area code",
                        hst_table_name(table), out->line);
    }
    if (!hst_area_clean_code(hst_table_cell(table, row, columns->to_code), out->to_code) ||
        out->to_code[0] == '\0') {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column code_to: not an area code",
                        hst_table_name(table), out->line);
    }
    status = read_lookup_date(table, row, columns->from, INT32_MIN + 1, &out->from, err);
    if (status) {
        return status;
    }
    status = read_lookup_date(table, row, columns->to, INT32_MAX, &out->to, err);
    if (status) {
        return status;
    }
    if (out->from > out->to) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: valid_from is after valid_to",
                        hst_table_name(table), out->line);
    }
    return HST_OK;
}

hst_status hst_area_lookup_read(hst_areas *areas, const char *path, hst_error *err)
{
    static const char *const names[] = {"code_from", "valid_from", "valid_to", "code_to", "share"};
    hst_table *table = NULL;
    lookup_columns columns = {0};
    size_t *const at[] = {&columns.from_code, &columns.from, &columns.to, &columns.to_code,
                          &columns.share};
    hst_status status = hst_table_read(&table, path, err);

    for (size_t i = 0; i < sizeof at / sizeof at[0] && !status; i++) {
        status = hst_table_require(table, names[i], at[i], err);
    }
    if (status) {
        goto done;
    }
    areas->rows = calloc(hst_table_n_rows(table) + 1, sizeof *areas->rows);
    if (!areas->rows) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the area lookup");
        goto done;
    }
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        status = read_lookup_row(table, row, &columns, &areas->rows[row], err);
        if (status) {
            goto done;
        }
        areas->n_rows++;
    }
    qsort(areas->rows, areas->n_rows, sizeof *areas->rows, compare_lookup_rows);
    for (size_t i = 1; i < areas->n_rows; i++) {
        const hst_lookup_row *row = &areas->rows[i], *before = row - 1;

        if (compare_lookup_codes(before, row) == 0 && row->from <= before->to) {
            status = hst_fail(err, HST_ERR_INPUT,
                              "%s, lines %zu and %zu: two rows of one code_from are valid on the "
                              "same day",
                              path, before->line < row->line ? before->line : row->line,
                              before->line < row->line ? row->line : before->line);
            goto done;
        }
    }

done:
    hst_table_free(table);
    return status;
}

hst_status hst_area_lookup_number(hst_areas *areas, hst_error *err)
{
    areas->spans = calloc(areas->n_rows + 1, sizeof *areas->spans);
    if (!areas->spans) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the area lookup");
    }
    for (size_t i = 0; i < areas->n_rows; i++) {
        size_t area = hst_areas_find(areas, areas->rows[i].to_code);

        areas->spans[i] = (hst_area_span){.from = areas->rows[i].from,
                                          .to = areas->rows[i].to,
                                          .area = area == SIZE_MAX ? hst_areas_special(areas).other
                                                                   : (uint32_t)area};
    }
    return HST_OK;
}

hst_area_rule hst_areas_rule(const hst_areas *areas, hst_area_family family, const char *code)
{
    hst_area_special special = hst_areas_special(areas);
    hst_area_rule rule = {.otherwise = special.unknown};
    char clean[HST_CODE_BYTES];
    const hst_lookup_row *rows = NULL;
    size_t area = 0, n_spans = 0;
    hst_residence_says says = HST_SAYS_NOTHING;

    if (!hst_area_clean_code(code, clean)) {
        return rule;
    }
    says = hst_area_read_pseudo_code(clean);
    if (says != HST_SAYS_NOTHING) {
        rule.otherwise = says == HST_SAYS_UNKNOWN ? special.unknown : special.not_england;
        return rule;
    }
    area = hst_areas_find(areas, clean);
    if (area != SIZE_MAX) {
        rule.otherwise = (uint32_t)area;
    } else {
        rule.otherwise = hst_area_is_english(family, clean) ? special.other : special.not_england;
    }
    rows = hst_area_lookup_find(areas, clean, &n_spans);
    for (size_t i = 0; i < n_spans; i++) {
        const hst_area_span *spans = areas->spans + (rows - areas->rows);

        if (spans[i].area != rule.otherwise) {
            rule.spans = spans;
            rule.n_spans = n_spans;
        }
    }
    return rule;
}

uint32_t hst_areas_at(const hst_areas *areas, const hst_area_rule *rule, hst_date date)
{
    if (rule->n_spans > 0 && date == HST_DATE_MISSING) {
        return hst_areas_special(areas).unknown;
    }
    for (size_t i = 0; i < rule->n_spans; i++) {
        if (rule->spans[i].from <= date && date <= rule->spans[i].to) {
            return rule->spans[i].area;
        }
    }
    return rule->otherwise;
}

uint32_t hst_areas_map(const hst_areas *areas, const char *code, hst_date date)
{
    hst_area_rule rule = hst_areas_rule(areas, hst_area_family_of(areas->fields[0]), code);

    return hst_areas_at(areas, &rule, date);
}

bool hst_areas_map_is_fixed(const hst_areas *areas, const char *code, uint32_t *area)
{
    hst_area_rule rule = hst_areas_rule(areas, hst_area_family_of(areas->fields[0]), code);

    *area = rule.otherwise;
    return rule.n_spans == 0;
}
