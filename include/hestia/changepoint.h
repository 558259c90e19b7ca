#ifndef HESTIA_CHANGEPOINT_H
#define HESTIA_CHANGEPOINT_H

#include <stdint.h>

#include "hestia/status.h"

/** Structural change of one series. */

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
 * Draws of independent normal series, in parallel, the same for any number of threads.
 *
 * @param trim  share of the series at each end without a candidate (0.15)
 */
HST_MUST_CHECK hst_status hst_sup_f_null_create(hst_sup_f_null **out, size_t n,
                                                hst_change_model model, double trim, size_t n_draws,
                                                uint64_t seed, int n_threads, hst_error *err);
void hst_sup_f_null_free(hst_sup_f_null *null);
double hst_sup_f_null_p(const hst_sup_f_null *null, double sup_f);

/**
 * @param f  receives [n] F statistics by last observation before, NAN where no candidate; NULL
 * @param null  NULL: p is NAN
 * @return HST_REFUSED: too few points, a constant series
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
} hst_segmentations;

HST_MUST_CHECK hst_status hst_segmentations_fit(hst_segmentations *out, const double *y, size_t n,
                                                hst_change_model model, double trim,
                                                size_t max_changes, hst_error *err);

/** Robust measure of a shift at one point: medians of `window` points before and from it on. */
typedef struct hst_level_shift {
    double median_before, median_after, ratio, log2_ratio, mad_before, mad_after, robust_z;
    double wilcoxon_w, wilcoxon_p;
} hst_level_shift;

HST_MUST_CHECK hst_status hst_level_shift_at(hst_level_shift *out, const double *y, size_t n,
                                             size_t first_after, size_t window, hst_error *err);

/** Benjamini-Hochberg: q[i] of p[i], [n]; NAN stay NAN and do not count. */
HST_MUST_CHECK hst_status hst_false_discovery(double *q, const double *p, size_t n, hst_error *err);

#endif
