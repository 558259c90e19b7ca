#ifndef HESTIA_BEFORE_AFTER_H
#define HESTIA_BEFORE_AFTER_H

#include "hestia/effect.h"

/** Two periods side by side. Index 0 is before, 1 after. */

typedef enum hst_ratio_interval {
    HST_RATIO_EXACT, /**< conditional on the sum of both counts, by beta quantiles */
    HST_RATIO_WALD,  /**< normal on the log scale; NAN when a count is 0 */
    HST_RATIO_MID_P  /**< half of the outcome itself in each tail; NAN when a count is 0 */
} hst_ratio_interval;

typedef struct hst_before_after {
    double rate[2];               /**< events / person-time, or the values */
    hst_effect ratio, difference; /**< after / before, after - before */
    double median_unbiased;       /**< mid-P estimate of a ratio of counts; NAN when one is 0 */
} hst_before_after;

/**
 * Ratio and difference of two rates of counts, x0 / n0 before and x1 / n1 after.
 *
 * Given x0 + x1, x1 is binomial with odds ratio n1 / n0, so that limits of its probability p are
 * limits of the ratio p / (1 - p) n0 / n1. Exact: beta quantiles (Clopper-Pearson); mid-P: p where
 * P(X > x1) + P(X = x1) / 2 is alpha / 2, 1 - alpha / 2, and 1 / 2 for the median-unbiased
 * estimate; Wald: exp(log ratio -/+ z sqrt(1 / x1 + 1 / x0)). Difference: normal, V = x1 / n1^2 +
 * x0 / n0^2.
 *
 * p of both effects is the exact one of the hypothesis that both rates are the same, whatever the
 * interval: the probability of all outcomes that are no more likely than x1; NAN for counts that
 * are no whole numbers. se of the ratio is sqrt(1 / x1 + 1 / x0), NAN when a count is 0. Without
 * events before the ratio and its upper limit are INFINITY.
 *
 * @param events  [2]: before, after;  @param person_time  [2], each above 0
 * @param confidence  percent
 * @return HST_OK; HST_REFUSED: no events in either period, person-time not above 0, missing or
 * negative counts, counts that are no whole numbers (exact, mid-P)
 * Source: Clopper and Pearson, Biometrika 26 (1934), 404-413; Rothman, Greenland and Lash, Modern
 * Epidemiology, 3rd ed. (2008), 253-257.
 */
HST_MUST_CHECK hst_status hst_before_after_counts(hst_before_after *out, const double events[2],
                                                  const double person_time[2],
                                                  hst_ratio_interval interval, double confidence,
                                                  hst_error *err);

/**
 * Ratio and difference of two values with variances (directly standardised rates, means), normal on
 * the log and on the natural scale:
 *
 *     se(log ratio) = sqrt(V1 / r1^2 + V0 / r0^2);   V(difference) = V1 + V0
 *
 * @param value, variance  [2]: before, after; the variance of the value itself, in its units
 * @param confidence  percent
 * @return HST_OK, the ratio NAN when a value is not above 0; HST_REFUSED: a value or variance is
 * missing or negative where it cannot be, neither value has a variance
 * Source: delta method; Breslow and Day, Statistical Methods in Cancer Research II (IARC,
 * 1987), 64.
 */
HST_MUST_CHECK hst_status hst_before_after_values(hst_before_after *out, const double value[2],
                                                  const double variance[2], double confidence,
                                                  hst_error *err);

#endif
