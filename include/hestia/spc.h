#ifndef HESTIA_SPC_H
#define HESTIA_SPC_H

#include "hestia/status.h"

/** Statistical process control: XmR charts with the rules of Making Data Count. */

typedef enum hst_spc_cause {
    HST_SPC_COMMON,
    HST_SPC_ASTRONOMICAL, /**< outside the limits */
    HST_SPC_TREND,        /**< 7 rises or falls in a row */
    HST_SPC_TWO_IN_THREE, /**< 2 of 3 near a limit, all on one side of the mean */
    HST_SPC_SHIFT         /**< 7 on one side of the mean */
} hst_spc_cause;

typedef struct hst_spc_point {
    double mean, lower, upper;
    hst_spc_cause cause;
    bool is_high; /**< the cause lies above the mean, or rises */
} hst_spc_point;

typedef struct hst_spc_options {
    bool is_screened; /**< moving ranges of 3.267 times their mean or more are left out once */
    const bool *is_rebased; /**< [n]: a new chart begins here; NULL: none */
    size_t n_fixed;         /**< limits from so many first points of a chart; 0: all */
} hst_spc_options;

/**
 * Mean -/+ 2.66 mean moving range, and the special causes, in their order of precedence.
 *
 * @param points  receives [n];  @param y  [n], none NAN
 * @return HST_REFUSED: fewer than 2 points in a chart, a missing value
 * Source: Making Data Count, as NHSRplotthedots 0.2.2.
 */
HST_MUST_CHECK hst_status hst_spc_chart(hst_spc_point *points, const double *y, size_t n,
                                        const hst_spc_options *options, hst_error *err);

#endif
