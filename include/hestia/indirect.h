#ifndef HESTIA_INDIRECT_H
#define HESTIA_INDIRECT_H

#include <stdbool.h>
#include <stddef.h>

#include "hestia/interval.h"

/** Indirect standardisation. */
typedef struct hst_indirect {
    double observed, expected; /**< expected = sum(n[i] X[i] / N[i]) */
    double reference_rate;     /**< sum(X) / sum(N) */
    double ratio;              /**< observed / expected; NAN when nothing is expected */
    bool is_exact;             /**< limits are exact (below 10 observed), else Byar's */
} hst_indirect;

/**
 * @param x, n          observed events and population, [n_strata]
 * @param ref_x, ref_n  of the reference; a stratum where ref_n is 0 must have n 0 too, else the
 *                      result is not defined (NAN)
 */
hst_indirect hst_indirect_compute(const double *x, const double *n, const double *ref_x,
                                  const double *ref_n, size_t n_strata);

/** Limits of the ratio: those of the observed count (exact below 10, else Byar), over expected. */
hst_limits hst_indirect_limits(const hst_indirect *indirect, double confidence);

/** Straight line isr = a + b imd by least squares, and what it leaves. */
typedef struct hst_acs_score {
    double fitted, residual;
    double rstandard; /**< residual / (sigma sqrt(1 - leverage)), internally studentised */
    int stanine;      /**< floor(2 rstandard + 5.5) held to 1..9, or by rank */
    int score;        /**< 10 - stanine: 9 = fewer admissions than deprivation predicts */
} hst_acs_score;

/**
 * @param isr, imd  [n]; NAN in either leaves the area out (its numbers are NAN and 0)
 * @param out       [n]
 * @return areas in the fit; with fewer than 3, or all imd equal, nothing is defined and 0 comes
 * back
 */
size_t hst_acs_scores(hst_acs_score *out, const double *isr, const double *imd, size_t n,
                      bool by_rank);

/** Concentration of activity over providers. */
typedef struct hst_concentration {
    size_t n_providers; /**< with activity */
    double total;
    double hhi;       /**< sum of squared shares, 0 to 1; NAN when there is no activity */
    double effective; /**< 1 / hhi */
} hst_concentration;

/** Herfindahl-Hirschman index of [n] providers' counts. */
hst_concentration hst_concentration_of(const double *counts, size_t n);

#endif
