#ifndef HESTIA_BEFORE_AFTER_H
#define HESTIA_BEFORE_AFTER_H

#include "hestia/effect.h"

/** Two periods side by side. Index 0 is before, 1 after. */

typedef enum hst_ratio_interval {
    HST_RATIO_EXACT,
    HST_RATIO_WALD,
    HST_RATIO_MID_P
} hst_ratio_interval;

typedef struct hst_before_after {
    double rate[2];
    hst_effect ratio, difference; /**< p of both: exact, by the sum of outcomes no more likely */
    double median_unbiased;       /**< mid-P estimate of the ratio */
} hst_before_after;

/**
 * Ratio and difference of two rates of counts. Difference: normal, V = x1 / n1^2 + x0 / n0^2.
 *
 * @return HST_OK (limits that are not defined are NAN, an upper limit may be INFINITY);
 * HST_REFUSED: no events in either period, person-time not above 0, counts that are no whole
 * numbers (exact, mid-P), negative counts
 */
HST_MUST_CHECK hst_status hst_before_after_counts(hst_before_after *out, const double events[2],
                                                  const double person_time[2],
                                                  hst_ratio_interval interval, double confidence,
                                                  hst_error *err);

/**
 * Ratio and difference of two values with variances (directly standardised rates, means):
 *
 *     se(log ratio) = sqrt(V1 / r1^2 + V0 / r0^2);   V(difference) = V1 + V0
 *
 * @return HST_REFUSED: a value or variance is missing, or not above 0 for a ratio
 */
HST_MUST_CHECK hst_status hst_before_after_values(hst_before_after *out, const double value[2],
                                                  const double variance[2], double confidence,
                                                  hst_error *err);

#endif
