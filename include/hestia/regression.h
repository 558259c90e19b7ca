#ifndef HESTIA_REGRESSION_H
#define HESTIA_REGRESSION_H

#include <stddef.h>

#include "hestia/status.h"

/** The rows of a regression: observations by terms. */
typedef struct hst_design {
    size_t n, k;              /**< observations, terms */
    const double *x;          /**< [n][k] */
    const char *const *names; /**< [k], of the terms, for refusals */
} hst_design;

/** A least squares fit; cleared by hst_fit_clear. */
typedef struct hst_fit {
    size_t n, k;
    double *coefficients; /**< [k] */
    double *bread;        /**< [k][k]: (X' W X)^-1 */
    double *fitted;       /**< [n]: X b */
    double *residuals;    /**< [n]: y - X b, unweighted */
    double rss;           /**< sum(w residual^2) */
} hst_fit;

/**
 * Least squares, weighted or not, by QR with column pivoting (GSL) on columns scaled to length one;
 * X' X is never formed.
 *
 * @param y  [n];  @param weights  [n], above 0; NULL: all 1
 * @param out  receives what hst_fit_clear frees; all zero on failure
 * @return HST_OK; HST_REFUSED: fewer observations than terms ("too few points: 3 for 4 terms"), a
 * term that is a combination of the others ("collinear: slope"), numbers that are not finite;
 * HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_least_squares(hst_fit *out, const hst_design *design, const double *y,
                                            const double *weights, hst_error *err);
void hst_fit_clear(hst_fit *fit);

/** How many lags the errors are taken to depend on: floor(4 (n / 100)^(2/9)). */
size_t hst_newey_west_lag(size_t n);

/**
 * Heteroskedasticity and autocorrelation consistent covariance with Bartlett weights:
 *
 *     S = sum(u[t] u[t]') + sum over j of (1 - j / (lag + 1)) sum(u[t] u[t-j]' + u[t-j] u[t]')
 *     V = bread S bread
 *
 * with u[t] = x[t] score[t]. Lag 0 is White's HC0. Rows are in order of time.
 *
 * @param covariance  receives [k][k];  @param bread  [k][k]
 * @param scores  [n]: the residual; of a generalised linear model what its score has in its place
 * @param is_adjusted  times n / (n - k)
 * @return HST_ERR_MEMORY
 * Source: Newey and West, Econometrica 55 (1987), 703-708.
 */
HST_MUST_CHECK hst_status hst_newey_west(double *covariance, const double *bread,
                                         const hst_design *design, const double *scores, size_t lag,
                                         bool is_adjusted, hst_error *err);

/** sum of (e[t] - e[t-1])^2 / sum of e[t]^2; NAN when all are 0. */
double hst_durbin_watson(const double *residuals, size_t n);

/**
 * Probability that the Durbin-Watson statistic of independent normal errors falls below `dw`.
 *
 * The statistic is the ratio e'MAMe / e'Me, M = I - X (X'X)^-1 X', A the matrix of squared
 * successive differences, so with l the n - k eigenvalues of MAM that X does not make 0 and z
 * independent standard normal numbers
 *
 *     P(DW < dw) = P(sum((l[i] - dw) z[i]^2) < 0)
 *                = 1/2 - 1/pi integral from 0 to infinity of sin(a(u)) / (u b(u)) du,
 *     a(u) = 1/2 sum(atan((l[i] - dw) u)),  b(u) = product((1 + (l[i] - dw)^2 u^2)^(1/4)),
 *
 * to an absolute error below 1e-8. From more than HST_DURBIN_WATSON_EXACT observations on, by the
 * normal distribution with the statistic's exact mean and variance.
 *
 * @param bread  [k][k]: (X'X)^-1
 * @return HST_REFUSED: no residual degree of freedom, an integral that does not settle;
 * HST_ERR_MEMORY
 * Source: Durbin and Watson, Biometrika 37 (1950), 409-428; Imhof, Biometrika 48 (1961), 419-426.
 */
HST_MUST_CHECK hst_status hst_durbin_watson_p(double *p_below, const hst_design *design,
                                              const double *bread, double dw, hst_error *err);

enum { HST_DURBIN_WATSON_EXACT = 200 };

/** sum of e[t] e[t-1] / sum of e[t]^2; NAN when all are 0. */
double hst_lag1_correlation(const double *residuals, size_t n);

#endif
