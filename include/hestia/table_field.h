#ifndef HESTIA_TABLE_FIELD_H
#define HESTIA_TABLE_FIELD_H

#include "hestia/episode.h"
#include "hestia/table.h"

/*
 * Fields of inpatient episodes in a small table of the user's own: under the names that extracts
 * give them, cleaned as ingest does. Missing is an empty cell, NA, the word NULL, and a column that
 * is absent (SIZE_MAX). Errors are HST_ERR_INPUT with file, line and column, never the value.
 */

/**
 * Column of a field by its canonical name ("ADMIDATE"), else by the other names it has in
 * deliveries; with _DERIVED or _DV after it it is preferred. "person" is the best of the person
 * identifiers. SIZE_MAX when there is none.
 */
size_t hst_table_find_field(const hst_table *table, const char *field);

/** Text of a cell without blanks; "" when it is missing. Borrowed from the table. */
const char *hst_table_field_text(const hst_table *table, size_t row, size_t column);

/** A date in any form that extracts have; 0 when missing, a sentinel or before 1930. */
HST_MUST_CHECK hst_status hst_table_field_day(const hst_table *table, size_t row, size_t column,
                                              hst_day *out, hst_error *err);

/** A code of one or two characters as hst_episode has it, or EPIORDER; 0 when missing.
 *
 * @param field  its canonical name, which says how it is cleaned */
HST_MUST_CHECK hst_status hst_table_field_code(const hst_table *table, size_t row, size_t column,
                                               const char *field, uint16_t *out, hst_error *err);

/** A record key; a missing one is an error. */
HST_MUST_CHECK hst_status hst_table_field_key(const hst_table *table, size_t row, size_t column,
                                              uint64_t *out, hst_error *err);

#endif
