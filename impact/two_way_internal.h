#ifndef HESTIA_TWO_WAY_INTERNAL_H
#define HESTIA_TWO_WAY_INTERNAL_H

#include <stddef.h>

#include "hestia/status.h"

/** Observations in rows and columns of a table, each with an effect of its own; cells may be
 * missing. Cleared by hst_two_way_clear. */
typedef struct hst_two_way {
    size_t n, n_rows, n_columns;
    size_t n_effects; /**< independent ones: rows + columns - parts of the table without a link */
    const size_t *row, *column; /**< [n], borrowed */
    double *room;               /* sums and directions of a sweep */
} hst_two_way;

/** @param row, column  [n], every number below n_rows and n_columns met; borrowed until the clear
 * @return HST_ERR_MEMORY */
HST_MUST_CHECK hst_status hst_two_way_init(hst_two_way *out, const size_t *row,
                                           const size_t *column, size_t n, size_t n_rows,
                                           size_t n_columns, hst_error *err);
void hst_two_way_clear(hst_two_way *table);

/**
 * Replaces v by its residual from the weighted least squares regression on all row and column
 * effects, so that sum(w v) is 0 in every row and column. Missing cells need no care.
 *
 * @param v  [n];  @param weights  [n], above 0
 *
 * Row effects are eliminated; the column effects solve what is left by conjugate gradients. Where
 * the weights are products of one number a row and one a column, as in a table without gaps, that
 * takes a step or two.
 */
void hst_two_way_sweep(hst_two_way *table, const double *weights, double *v);

#endif
