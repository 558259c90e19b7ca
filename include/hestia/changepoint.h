#ifndef HESTIA_CHANGEPOINT_H
#define HESTIA_CHANGEPOINT_H

#include <stdint.h>

#include "hestia/status.h"

/** Structural change of one series: y on a constant, or on a constant and time, whose coefficients
 * all may change. A change is named by the last observation before it. */

typedef enum hst_change_model { HST_CHANGE_LEVEL, HST_CHANGE_LEVEL_TREND } hst_change_model;

enum { HST_MAX_CHANGES = 5 };

/** The test for one change at an unknown date. */
typedef struct hst_sup_f {
    double sup_f, ave_f;
    size_t last_before; /**< index of the last observation before the change */
    double p;           /**< share of simulated null series as extreme, (1 + k) / (1 + draws) */
} hst_sup_f;

/** Null distribution of supF for series of one length; drawn once, read by many. */
typedef struct hst_sup_f_null hst_sup_f_null;

/**
 * Draws of independent normal series, in parallel, the same for any number of threads: value t of
 * series d depends on the seed, d and t alone.
 *
 * @param trim  share of the series at each end without a candidate (0.15), above 0 and up to 0.5
 * @param out  receives what hst_sup_f_null_free frees; NULL on failure
 * @return HST_OK; HST_REFUSED: too few points; HST_ERR_ARGUMENT: no draws, trim out of range;
 * HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_sup_f_null_create(hst_sup_f_null **out, size_t n,
                                                hst_change_model model, double trim, size_t n_draws,
                                                uint64_t seed, int n_threads, hst_error *err);
void hst_sup_f_null_free(hst_sup_f_null *null);

/** (1 + draws as large or larger) / (1 + draws): never 0. */
double hst_sup_f_null_p(const hst_sup_f_null *null, double sup_f);

/**
 * F statistics of a change after each observation floor(trim n) .. n - floor(trim n), counted from
 * one, their maximum and mean:
 *
 *     F = (rss - rss_split) / (rss_split / (n - 2 k))
 *
 * with k terms of the model. Independent errors are assumed; autocorrelation makes p too small.
 *
 * @param f  receives [n] F statistics by last observation before, NAN where no candidate; NULL
 * @param null  of the same n, model and trim; NULL: p is NAN
 * @return HST_OK; HST_REFUSED: too few points (a part must have more points than terms), a missing
 * value, a series without noise about its level or line; HST_ERR_ARGUMENT: trim out of range;
 * HST_ERR_MEMORY
 * Source: Andrews, Econometrica 61 (1993), 821-856.
 */
HST_MUST_CHECK hst_status hst_sup_f_test(hst_sup_f *out, double *f, const double *y, size_t n,
                                         hst_change_model model, double trim,
                                         const hst_sup_f_null *null, hst_error *err);

/** Best segmentations with 0 to max_changes changes by least squares, and the one that BIC
 * chooses. */
typedef struct hst_segmentations {
    size_t n_fitted; /**< segmentations given: 0..n_fitted - 1 changes */
    double rss[HST_MAX_CHANGES + 1], bic[HST_MAX_CHANGES + 1];
    size_t last_of_regime[HST_MAX_CHANGES + 1][HST_MAX_CHANGES]; /**< indexes, sorted */
    size_t chosen;                                               /**< number of changes */
    /** Ranges (95 %) of the chosen changes' last_of_regime, by the likelihood. */
    size_t low[HST_MAX_CHANGES], high[HST_MAX_CHANGES];
    /** Of the chosen changes: the regime after over the one before, both at the first point after,
     * less 1; NAN where the one before is not above 0. */
    double size[HST_MAX_CHANGES];
} hst_segmentations;

/**
 * Segmentations into regimes of floor(trim n) points or more, by dynamic programming, and
 *
 *     BIC = n (log(rss / n) + 1 + log(2 pi)) + log(n) (k + 1) (changes + 1)
 *
 * The range of a change is where n log(rss(date) / rss) stays below -2 log(1 - sqrt(0.95)), with
 * the other changes held.
 *
 * @return as hst_sup_f_test, but that a series without noise has a best segmentation, too
 * Sources: Bai and Perron, Journal of Applied Econometrics 18 (2003), 1-22; ranges: Eo and Morley,
 * Quantitative Economics 6 (2015), 463-497.
 */
HST_MUST_CHECK hst_status hst_segmentations_fit(hst_segmentations *out, const double *y, size_t n,
                                                hst_change_model model, double trim,
                                                size_t max_changes, hst_error *err);

/** Robust measure of a shift at one point: medians of `window` points before and from it on. */
typedef struct hst_level_shift {
    double median_before, median_after;
    double ratio, log2_ratio;      /**< after over before; NAN when before is not above 0 */
    double mad_before, mad_after;  /**< median absolute deviations, times 1.4826 */
    double robust_z;               /**< NAN when both halves and their difference are 0 */
    double wilcoxon_w, wilcoxon_p; /**< p is NAN when all points are the same */
} hst_level_shift;

/**
 *     robust_z = (median_after - median_before) / sqrt(pi / 2 (mad_before^2 + mad_after^2) /
 * window)
 *
 * wilcoxon_w is the rank sum of the later points less window (window + 1) / 2, its two-sided p by
 * the normal approximation with corrections for ties and continuity.
 *
 * @param first_after  index of the first point of the later half
 * @return HST_OK; HST_REFUSED: fewer than `window` points on a side, a missing value;
 * HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_level_shift_at(hst_level_shift *out, const double *y, size_t n,
                                             size_t first_after, size_t window, hst_error *err);

/** Benjamini-Hochberg: q[i] = min over p[j] >= p[i] of p[j] n / rank(p[j]), at most 1; NAN stay NAN
 * and do not count. HST_ERR_MEMORY.
 * Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995), 289-300. */
HST_MUST_CHECK hst_status hst_false_discovery(double *q, const double *p, size_t n, hst_error *err);

#endif
