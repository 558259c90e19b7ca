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
    double confidence; /**< percent */
} hst_trend_options;

/** A straight line through a series. */
typedef struct hst_trend {
    size_t n;
    double df;
    hst_term intercept, slope; /**< t tests and limits */
    double sigma, r_squared;
    double dw, dw_p_greater, dw_p_two_sided; /**< Durbin-Watson; p by Pan's exact method */
    double lag1;                             /**< correlation of successive residuals */
    double rho;                              /**< Prais-Winsten, Cochrane-Orcutt; else NAN */
} hst_trend;

/**
 * y = intercept + slope t by least squares.
 *
 * @param t, y  [n], in order of time; points whose y is NAN are left out
 * @return HST_OK; HST_REFUSED: fewer than 4 points, a constant series, t that does not move;
 * HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_trend_fit(hst_trend *out, const double *t, const double *y, size_t n,
                                        const hst_trend_options *options, hst_error *err);

#endif
