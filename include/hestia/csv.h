#ifndef HESTIA_CSV_H
#define HESTIA_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "hestia/status.h"

/**
 * Writes a CSV table, cell by cell: comma, UTF-8 without byte-order mark, quotes as in RFC 4180
 * where a cell needs them, lines ended by LF alone.
 *
 * The writers of cells return nothing: the first failure is kept and given back by hst_csv_finish,
 * so that a table is a plain list of its cells.
 */
typedef struct hst_csv hst_csv;

/** Longest number that hst_csv_format_real and hst_csv_format_count write, with its NUL. */
enum { HST_CSV_NUMBER_BYTES = 32 };

/**
 * Begins a file. It is written as `<path>.part` and takes its name when it is finished; what stood
 * there before stays until then.
 *
 * @param mode  permissions, 0644 or 0600
 * @return HST_OK; HST_ERR_SYSTEM when the file cannot be made; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_csv_create(hst_csv **out, const char *path, unsigned mode,
                                         hst_error *err);

/** The same onto a stream that stays open and the caller's (standard output), called `name`. */
HST_MUST_CHECK hst_status hst_csv_attach(hst_csv **out, FILE *stream, const char *name,
                                         hst_error *err);

/** A row of names. */
void hst_csv_header(hst_csv *csv, const char *const *names, size_t n);

/** A cell of text; NULL is an empty cell. */
void hst_csv_text(hst_csv *csv, const char *text);

/** A cell of a whole number. */
void hst_csv_count(hst_csv *csv, uint64_t number);
void hst_csv_integer(hst_csv *csv, int64_t number);

/** A cell of up to 15 significant digits, as "%.15g" writes it; NAN is an empty cell. */
void hst_csv_real(hst_csv *csv, double number);

void hst_csv_empty(hst_csv *csv);
void hst_csv_end_row(hst_csv *csv);

/**
 * Writes what is left and closes the file under its name, or flushes the stream.
 *
 * @return HST_OK; HST_ERR_SYSTEM for the first failure since it was begun (a full disk)
 */
HST_MUST_CHECK hst_status hst_csv_finish(hst_csv *csv, hst_error *err);

/** Frees the writer; a file that was not finished is removed. NULL is allowed. */
void hst_csv_free(hst_csv *csv);

/** The number as hst_csv_real writes it, for other writers: its length, 0 for NAN. Infinity is
 * "Inf". */
size_t hst_csv_format_real(char text[HST_CSV_NUMBER_BYTES], double number);
size_t hst_csv_format_count(char text[HST_CSV_NUMBER_BYTES], uint64_t number);

#endif
