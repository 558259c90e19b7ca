#ifndef HESTIA_SPC_H
#define HESTIA_SPC_H

#include "hestia/study.h"

/** Statistical process control: XmR charts with the rules of Making Data Count. */

/** Points from which limits are worth trusting; below, a chart is drawn with a warning. */
enum { HST_SPC_ENOUGH_POINTS = 13 };

/** Why a point is special, in their order of precedence: a point has the first that holds. */
typedef enum hst_spc_cause {
    HST_SPC_COMMON,
    HST_SPC_ASTRONOMICAL, /**< outside the limits */
    HST_SPC_TREND,        /**< 7 rises or falls in a row */
    HST_SPC_TWO_IN_THREE, /**< 2 of 3 near a limit, all on one side of the mean */
    HST_SPC_SHIFT         /**< 7 on one side of the mean */
} hst_spc_cause;

typedef struct hst_spc_point {
    double mean, lower, upper; /**< in units of y; limits NAN: not defined, as nothing varies */
    hst_spc_cause cause;
    bool is_high;     /**< the cause lies above the mean, or rises */
    size_t n_charted; /**< points of the chart that this one is in */
} hst_spc_point;

typedef struct hst_spc_options {
    bool is_screened; /**< moving ranges of 3.267 times their mean or more are left out once */
    const bool *is_rebased; /**< [n]: a new chart begins here; NULL: none */
    size_t n_fixed;         /**< limits from so many first points of a chart; 0: all */
} hst_spc_options;

/**
 * Mean -/+ 2.66 mean moving range, and the special causes. With the points y[0..n) of a chart, or
 * the first n_fixed of them,
 *
 *     r[i] = |y[i] - y[i - 1]|,  lower = mean(y) - 2.66 mean(r),  upper = mean(y) + 2.66 mean(r)
 *
 * where the screen leaves r[i] >= 3.267 mean(r) out of the second mean. A series without any
 * variation has no moving range left then, and no limits. The rules:
 *
 * - outside a limit (not on it);
 * - 7 points that rise, or fall, each above the one before; all 7 are special, and the point
 *   between a rise and a fall rises;
 * - 2 of 3 points beyond two thirds of the way to a limit, but inside it, and all 3 on one side of
 *   the mean; the points beyond two thirds are special;
 * - 7 points on one side of the mean; one on the mean is on neither.
 *
 * @param points  receives [n];  @param y  [n] in the order of time
 * @return HST_REFUSED: fewer than 2 points in a chart, or to make its limits of; a number missing
 * or not finite
 * Source: NHS England, Making Data Count; as NHSRplotthedots 0.2.2, ptd_spc(). The factors: Wheeler
 * and Chambers, Understanding Statistical Process Control (1992), 48-60.
 */
HST_MUST_CHECK hst_status hst_spc_chart(hst_spc_point *points, const double *y, size_t n,
                                        const hst_spc_options *options, hst_error *err);

/** "Common Cause", "Above UCL", "7 Point Trend (Increasing)", "2 in 3 Below CL", ... */
const char *hst_spc_cause_name(const hst_spc_point *point);

/** "none" for a common cause; else "improvement" or "concern", "neither" when neutral. */
const char *hst_spc_judgement(const hst_spc_point *point, hst_direction direction);

#endif
