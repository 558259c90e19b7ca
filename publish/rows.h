/* The rows of a result table read back from its CSV file, in the order of a key. */
#ifndef HESTIA_PUBLISH_ROWS_H
#define HESTIA_PUBLISH_ROWS_H

#include <stdbool.h>

#include "hestia/status.h"

enum { HST_ROWS_MAX_KEY = 16 };

typedef struct hst_rows hst_rows;

/**
 * Opens a table.
 *
 * @param key        [n_key] names of columns, in the order in which they sort; a column that the
 *                   table does not have counts as empty
 * @param is_sorted  true: the file is in the order of the key, compared byte by byte, and is read
 *                   row by row; false: it is read whole and sorted, equal keys in the file's order
 * @return HST_OK; HST_ERR_USAGE when the file is absent; HST_ERR_INPUT when it is no table;
 *         HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_rows_open(hst_rows **out, const char *path, const char *const *key,
                                        size_t n_key, bool is_sorted, hst_error *err);

size_t hst_rows_n_columns(const hst_rows *rows);
const char *hst_rows_column_name(const hst_rows *rows, size_t column);

/** Index of a column, SIZE_MAX when there is none. */
size_t hst_rows_find(const hst_rows *rows, const char *column);

/**
 * Goes to the next row.
 *
 * @param more  false after the last
 * @return HST_OK; HST_ERR_INPUT names file and line of a row that is damaged
 */
HST_MUST_CHECK hst_status hst_rows_next(hst_rows *rows, bool *more, hst_error *err);

/** The bytes of the row as they stand in the file, until the next one; NULL where the table was
 * read whole. Rows of the same bytes and columns are the same. */
const char *hst_rows_bytes(const hst_rows *rows, size_t *length);

/**
 * Makes the cells of the row, which are the texts below, ready.
 *
 * @return HST_ERR_INPUT when the row stands before one that was asked for earlier
 */
HST_MUST_CHECK hst_status hst_rows_take(hst_rows *rows, hst_error *err);

/** A cell of the row taken, until the next one; "" for SIZE_MAX. */
const char *hst_rows_cell(const hst_rows *rows, size_t column);

/** Order of the keys of two rows taken: below, at or above 0. */
int hst_rows_compare(const hst_rows *a, const hst_rows *b);

/** Frees what was opened; NULL is allowed. */
void hst_rows_close(hst_rows *rows);

#endif
