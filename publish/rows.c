#include "publish/rows.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/scanner.h"
#include "hestia/table.h"

struct hst_rows {
    char *path;
    size_t n_key, key[HST_ROWS_MAX_KEY]; /* columns; SIZE_MAX: not in this table */
    size_t n_columns;
    char **names;

    /* row by row */
    hst_source *source;
    hst_scanner *scanner;
    hst_record record;
    char *text, *text_before; /* cells of the row taken and of the one before, each with its NUL */
    const char **cells, **cells_before; /* [n_columns] */
    bool is_taken, has_before;

    /* read whole */
    hst_table *table;
    size_t *order; /* [rows of the table] */
    size_t next;   /* the row at hand is the one before */
};

static hst_status no_memory(hst_error *err, const char *path)
{
    return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for its rows", path);
}

/* ---- the whole table, sorted ---- */

/* Where qsort's comparison finds the table. */
typedef struct sort_item {
    const hst_rows *rows;
    size_t row;
} sort_item;

static const char *cell_of(const hst_rows *rows, size_t row, size_t column)
{
    return column == SIZE_MAX ? "" : hst_table_cell(rows->table, row, column);
}

static int compare_items(const void *a, const void *b)
{
    const sort_item *x = a, *y = b;

    for (size_t k = 0; k < x->rows->n_key; k++) {
        int order = strcmp(cell_of(x->rows, x->row, x->rows->key[k]),
                           cell_of(y->rows, y->row, y->rows->key[k]));

        if (order != 0) {
            return order;
        }
    }
    return x->row < y->row ? -1 : x->row > y->row;
}

static hst_status sort_table(hst_rows *rows, hst_error *err)
{
    size_t n = hst_table_n_rows(rows->table);
    sort_item *items = calloc(n + 1, sizeof *items);

    rows->order = calloc(n + 1, sizeof *rows->order);
    if (!items || !rows->order) {
        free(items);
        return no_memory(err, rows->path);
    }
    for (size_t i = 0; i < n; i++) {
        items[i] = (sort_item){rows, i};
    }
    qsort(items, n, sizeof *items, compare_items);
    for (size_t i = 0; i < n; i++) {
        rows->order[i] = items[i].row;
    }
    free(items);
    return HST_OK;
}

static hst_status open_whole(hst_rows *rows, hst_error *err)
{
    hst_status status = hst_table_read(&rows->table, rows->path, err);

    if (status != HST_OK) {
        return status;
    }
    rows->n_columns = hst_table_n_columns(rows->table);
    rows->names = calloc(rows->n_columns + 1, sizeof *rows->names);
    for (size_t i = 0; rows->names && i < rows->n_columns; i++) {
        rows->names[i] = strdup(hst_table_column_name(rows->table, i));
        if (!rows->names[i]) {
            return no_memory(err, rows->path);
        }
    }
    return rows->names ? HST_OK : no_memory(err, rows->path);
}

/* ---- row by row ---- */

static hst_status open_stream(hst_rows *rows, hst_error *err)
{
    bool more = false;
    hst_status status = hst_source_open(&rows->source, rows->path, "", HST_INFLATER_AUTO, err);

    if (status == HST_OK) {
        status =
            hst_scanner_create(&rows->scanner, rows->source, ',', HST_SCAN_AUTO, 0, false, err);
    }
    if (status == HST_OK) {
        status = hst_scanner_next(rows->scanner, &rows->record, &more, err);
    }
    if (status != HST_OK) {
        return status;
    }
    if (!more || rows->record.fault != HST_RECORD_OK) {
        return hst_fail(err, HST_ERR_INPUT, "%s: has no header", rows->path);
    }
    rows->n_columns = rows->record.n_fields;
    rows->names = calloc(rows->n_columns + 1, sizeof *rows->names);
    rows->cells = calloc(rows->n_columns + 1, sizeof *rows->cells);
    rows->cells_before = calloc(rows->n_columns + 1, sizeof *rows->cells_before);
    rows->text = malloc(HST_MAX_RECORD_BYTES + HST_MAX_COLUMNS);
    rows->text_before = malloc(HST_MAX_RECORD_BYTES + HST_MAX_COLUMNS);
    if (!rows->names || !rows->cells || !rows->cells_before || !rows->text || !rows->text_before) {
        return no_memory(err, rows->path);
    }
    for (size_t i = 0; i < rows->n_columns; i++) {
        size_t length = hst_record_value(&rows->record, i, rows->text, HST_MAX_RECORD_BYTES);

        rows->names[i] = strndup(rows->text, length);
        if (!rows->names[i]) {
            return no_memory(err, rows->path);
        }
    }
    hst_scanner_expect_fields(rows->scanner, rows->n_columns);
    return HST_OK;
}

static hst_status next_record(hst_rows *rows, bool *more, hst_error *err)
{
    hst_status status = HST_OK;

    if (rows->is_taken) { /* kept, to see whether the file is in order */
        char *text = rows->text;
        const char **cells = rows->cells;

        rows->text = rows->text_before;
        rows->cells = rows->cells_before;
        rows->text_before = text;
        rows->cells_before = cells;
        rows->has_before = true;
        rows->is_taken = false;
    }
    status = hst_scanner_next(rows->scanner, &rows->record, more, err);
    if (status == HST_OK && *more && rows->record.fault != HST_RECORD_OK) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %" PRIu64 ": is no row of the table",
                        rows->path, rows->record.line);
    }
    return status;
}

static int compare_keys(const hst_rows *a, const char *const *cells_a, const hst_rows *b,
                        const char *const *cells_b)
{
    for (size_t k = 0; k < a->n_key; k++) {
        const char *x = a->key[k] == SIZE_MAX ? "" : cells_a[a->key[k]];
        const char *y = b->key[k] == SIZE_MAX ? "" : cells_b[b->key[k]];
        int order = strcmp(x, y);

        if (order != 0) {
            return order;
        }
    }
    return 0;
}

/* ---- both ---- */

hst_status hst_rows_open(hst_rows **out, const char *path, const char *const *key, size_t n_key,
                         bool is_sorted, hst_error *err)
{
    hst_status status = HST_OK;
    hst_rows *rows = calloc(1, sizeof *rows);

    *out = NULL;
    if (!rows || !(rows->path = strdup(path))) {
        status = no_memory(err, path);
        goto done;
    }
    status = is_sorted ? open_stream(rows, err) : open_whole(rows, err);
    if (status != HST_OK) {
        goto done;
    }
    rows->n_key = n_key;
    for (size_t k = 0; k < n_key; k++) {
        rows->key[k] = hst_rows_find(rows, key[k]);
    }
    status = is_sorted ? HST_OK : sort_table(rows, err);
    if (status == HST_OK) {
        *out = rows;
        rows = NULL; /* now the caller's */
    }

done:
    hst_rows_close(rows);
    return status;
}

size_t hst_rows_n_columns(const hst_rows *rows)
{
    return rows->n_columns;
}

const char *hst_rows_column_name(const hst_rows *rows, size_t column)
{
    return rows->names[column];
}

size_t hst_rows_find(const hst_rows *rows, const char *column)
{
    for (size_t i = 0; i < rows->n_columns; i++) {
        if (strcmp(rows->names[i], column) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

hst_status hst_rows_next(hst_rows *rows, bool *more, hst_error *err)
{
    if (rows->scanner) {
        return next_record(rows, more, err);
    }
    *more = rows->next < hst_table_n_rows(rows->table);
    rows->next += *more;
    return HST_OK;
}

const char *hst_rows_bytes(const hst_rows *rows, size_t *length)
{
    const hst_record *record = &rows->record;
    const char *begin = NULL;

    if (!rows->scanner) {
        return NULL;
    }
    begin = record->base + (uint32_t)(record->ends[-1] + 1);
    *length = (size_t)(record->base + record->ends[record->n_fields - 1] - begin);
    return begin;
}

hst_status hst_rows_take(hst_rows *rows, hst_error *err)
{
    char *to = rows->text;

    if (!rows->scanner || rows->is_taken) {
        return HST_OK;
    }
    for (size_t i = 0; i < rows->n_columns; i++) {
        /* cells are not longer than the record, and each has one byte more */
        size_t length = hst_record_value(&rows->record, i, to, HST_MAX_RECORD_BYTES);

        to[length] = '\0';
        rows->cells[i] = to;
        to += length + 1;
    }
    rows->is_taken = true;
    if (rows->has_before && compare_keys(rows, rows->cells_before, rows, rows->cells) > 0) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s, line %" PRIu64 ": is not in the order in which hestia writes it",
                        rows->path, rows->record.line);
    }
    return HST_OK;
}

const char *hst_rows_cell(const hst_rows *rows, size_t column)
{
    if (rows->scanner) {
        return column == SIZE_MAX ? "" : rows->cells[column];
    }
    return cell_of(rows, rows->order[rows->next - 1], column);
}

int hst_rows_compare(const hst_rows *a, const hst_rows *b)
{
    for (size_t k = 0; k < a->n_key; k++) {
        int order = strcmp(hst_rows_cell(a, a->key[k]), hst_rows_cell(b, b->key[k]));

        if (order != 0) {
            return order;
        }
    }
    return 0;
}

void hst_rows_close(hst_rows *rows)
{
    if (!rows) {
        return;
    }
    hst_scanner_free(rows->scanner);
    hst_source_close(rows->source);
    hst_table_free(rows->table);
    for (size_t i = 0; rows->names && i < rows->n_columns; i++) {
        free(rows->names[i]);
    }
    free(rows->names);
    free(rows->cells);
    free(rows->cells_before);
    free(rows->text);
    free(rows->text_before);
    free(rows->order);
    free(rows->path);
    free(rows);
}
