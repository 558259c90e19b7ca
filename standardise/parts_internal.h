/* What the files that take a value apart share. */
#ifndef HESTIA_PARTS_INTERNAL_H
#define HESTIA_PARTS_INTERNAL_H

#include "hestia/parts.h"
#include "standardise/rate.h"

/* One value on its way into parts. */
typedef struct parted {
    const rate_basis *basis;
    const rate_unit *unit;
    const rate *rows; /* of results.csv, as the statistic fills them */
    double *cells;    /* room for populations, rate_cells_size() */
    bool is_group;
    size_t area; /* or group */
} parted;

/* Fills formula, table and facts of the measure's statistic. */
HST_MUST_CHECK hst_status parts_fill(hst_parts *parts, const parted *p, hst_error *err);

/* Adds a named number. */
void parts_add_fact(hst_parts *parts, double value, const char *format, ...) HST_PRINTF(3, 4);

/* Makes the table: `n` rows of NAN, with names of labels and columns that end with NULL. */
HST_MUST_CHECK hst_status parts_make_table(hst_parts *parts, size_t n, const char *const *labels,
                                           const char *const *columns, unsigned summed,
                                           hst_error *err);

/* The table of acs_score: every area's rate, and what its deprivation predicts. */
HST_MUST_CHECK hst_status parts_of_acs(hst_parts *parts, const parted *p, hst_error *err);

#endif
