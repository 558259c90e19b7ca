#ifndef HESTIA_TABLE_H
#define HESTIA_TABLE_H

#include <stdio.h>

#include "hestia/status.h"

/** A small table read whole through libcsv: populations, lookups, lists, names, golden inputs. */
typedef struct hst_table hst_table;

/**
 * Reads a CSV file with one header row. Separator comma, tab or pipe (the one most frequent in the
 * header line), UTF-8 with or without byte-order mark, any line end; cells and names are trimmed;
 * blank lines are skipped.
 *
 * @param out   receives the table, which the caller frees
 * @param path  also the name in messages
 * @return HST_OK; HST_ERR_USAGE when the file is absent; HST_ERR_INPUT when it is empty, a row has
 *         another number of cells than the header, a quote is left open, a header name stands twice
 *         or it holds a NUL byte (line named); HST_ERR_MEMORY; HST_ERR_SYSTEM
 */
HST_MUST_CHECK hst_status hst_table_read(hst_table **out, const char *path, hst_error *err);

/** The same from an open stream (standard input), called `name` in messages. */
HST_MUST_CHECK hst_status hst_table_read_stream(hst_table **out, FILE *stream, const char *name,
                                                hst_error *err);

/** The same from text in memory: the reference tables that are compiled in. */
HST_MUST_CHECK hst_status hst_table_read_text(hst_table **out, const char *text, const char *name,
                                              hst_error *err);

/**
 * The same, but without a header: rows may have different widths and are padded with empty cells to
 * the widest; columns are then called "1", "2", ... For files whose header is not in the first
 * line.
 */
HST_MUST_CHECK hst_status hst_table_read_ragged(hst_table **out, const char *path, hst_error *err);

/** Frees the table; NULL is allowed. */
void hst_table_free(hst_table *table);

const char *hst_table_name(const hst_table *table);
size_t hst_table_n_rows(const hst_table *table);
size_t hst_table_n_columns(const hst_table *table);
const char *hst_table_column_name(const hst_table *table, size_t column);

/** Index of a column (names compared without case), or SIZE_MAX when there is none. */
size_t hst_table_find(const hst_table *table, const char *column);

/** Cell as NUL-terminated text, owned by the table; never NULL. */
const char *hst_table_cell(const hst_table *table, size_t row, size_t column);

/** Line of the file on which the row starts, from 1. */
size_t hst_table_line(const hst_table *table, size_t row);

/** Index of a column that must be there: HST_ERR_INPUT names the file and the columns it has. */
HST_MUST_CHECK hst_status hst_table_require(const hst_table *table, const char *column, size_t *out,
                                            hst_error *err);

/** Reads a finite decimal number from a cell; HST_ERR_INPUT names file, line and column, never the
 * value. */
HST_MUST_CHECK hst_status hst_table_double(const hst_table *table, size_t row, size_t column,
                                           double *out, hst_error *err);

/** Reads a whole number. */
HST_MUST_CHECK hst_status hst_table_long(const hst_table *table, size_t row, size_t column,
                                         long *out, hst_error *err);

#endif
