#ifndef HESTIA_TREND_H
#define HESTIA_TREND_H

#include "hestia/effect.h"

/** Whose errors stand beside a straight line. */
typedef enum hst_trend_errors {
    HST_TREND_OLS,
    HST_TREND_NEWEY_WEST,
    HST_TREND_PRAIS_WINSTEN,  /**< iterated */
    HST_TREND_COCHRANE_ORCUTT /**< iterated; the first point is dropped */
} hst_trend_errors;

typedef struct hst_trend_options {
    hst_trend_errors errors;
    long lag;          /**< Newey-West; < 0: hst_newey_west_lag */
    bool is_adjusted;  /**< Newey-West: times n / (n - k) */
    bool is_two_step;  /**< Prais-Winsten, Cochrane-Orcutt: rho of least squares, not iterated */
    double confidence; /**< percent, above 0 and below 100 */
} hst_trend_options;

/** A straight line through a series. */
typedef struct hst_trend {
    size_t n;                  /**< points used */
    double df;                 /**< n - 2; n - 3 of Cochrane-Orcutt */
    hst_term intercept, slope; /**< t tests and limits; the slope is per unit of t */
    double sigma;              /**< of the residuals; Prais-Winsten, Cochrane-Orcutt: of the
                                  transformed ones */
    /* Of least squares, whichever errors are asked for: what speaks for or against them. */
    double r_squared;
    double dw, dw_p_greater, dw_p_two_sided; /**< Durbin-Watson; `greater`: p against positive
                                                autocorrelation, P(DW below the one seen) */
    double lag1;                             /**< correlation of successive residuals */
    double rho;                              /**< Prais-Winsten, Cochrane-Orcutt; else NAN */
    size_t lag;                              /**< of Newey-West, when in use */
} hst_trend;

/**
 * A straight line y[i] = intercept + slope t[i] + e[i].
 *
 * OLS and Newey-West are least squares with different errors. Prais-Winsten and Cochrane-Orcutt are
 * least squares of y[i] - rho y[i-1] on 1 - rho and t[i] - rho t[i-1], with
 *
 *     rho = sum over i > 1 of e[i] e[i-1] / sum over i < n of e[i]^2
 *
 * of the untransformed line's residuals, in turn until rho stays; Prais-Winsten keeps the first
 * point, times sqrt(1 - rho^2). Points follow each other by position: a gap does not make its
 * neighbours more distant.
 *
 * @param t, y  [n], t rising; points whose y is NAN are left out
 * @return HST_OK; HST_ERR_ARGUMENT: a confidence out of range; HST_REFUSED: fewer than 4 points, t
 * that does not rise, a constant series, points on a line without any noise, a rho that reaches 1
 * or does not settle; HST_ERR_MEMORY
 * Source: Newey-West as hst_newey_west; Prais and Winsten, Cowles Commission Discussion Paper 383
 * (1954); Cochrane and Orcutt, Journal of the American Statistical Association 44 (1949), 32-61;
 * Durbin-Watson's p as hst_durbin_watson_p.
 */
HST_MUST_CHECK hst_status hst_trend_fit(hst_trend *out, const double *t, const double *y, size_t n,
                                        const hst_trend_options *options, hst_error *err);

#endif
