/* Cells of small tables, as several of them hold them. */
#ifndef HESTIA_CELL_INTERNAL_H
#define HESTIA_CELL_INTERNAL_H

#include "hestia/period.h"
#include "hestia/table.h"

/** A text that must be there; borrowed from the table. */
HST_MUST_CHECK hst_status hst_cell_text(const hst_table *table, size_t row, size_t column,
                                        const char **out, hst_error *err);

/** A number; NAN for an empty cell or NA. */
HST_MUST_CHECK hst_status hst_cell_number(const hst_table *table, size_t row, size_t column,
                                          double *out, hst_error *err);

/** Label of a period: one of the types in `by` (bits of hst_by) where it can be, else of any. */
HST_MUST_CHECK hst_status hst_cell_period(const hst_table *table, size_t row, size_t column,
                                          unsigned by, hst_period *out, hst_error *err);

/** Order of periods in tables: months, quarters, years, each by time. */
int hst_cell_compare_periods(const hst_period *a, const hst_period *b);

#endif
