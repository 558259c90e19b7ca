/* Generalised linear models of counts: logarithm of the mean, with an offset. */
#ifndef HESTIA_IMPACT_GLM_INTERNAL_H
#define HESTIA_IMPACT_GLM_INTERNAL_H

#include "hestia/regression.h"

/* A fit of counts; cleared by glm_clear. */
typedef struct glm {
    size_t n, k;
    double *coefficients; /* [k] */
    double *bread;        /* [k][k]: inverse of the expected information, without dispersion */
    double *mu;           /* [n]: expected counts */
    double *scores;    /* [n]: (y - mu) / (1 + mu / theta), times a row of the design its score */
    double *pearson;   /* [n]: (y - mu) / sqrt(mu + mu^2 / theta) */
    double chi_square; /* sum of the squares of `pearson` */
    double deviance, loglik;
    double theta, se_theta; /* INFINITY, NAN: Poisson */
} glm;

/**
 * Poisson regression (theta INFINITY) or negative binomial with a known theta,
 *
 *     E(y) = mu,  Var(y) = mu + mu^2 / theta,  log(mu) = X b + offset,
 *
 * by iteratively reweighted least squares, each step by QR.
 *
 * @param y  [n], 0 or above;  @param offset  [n]; NULL: none
 * @param out  receives what glm_clear frees; all zero on failure
 * @return HST_REFUSED: what hst_least_squares refuses, and a fit that does not converge;
 * HST_ERR_MEMORY
 * Source: McCullagh and Nelder, Generalized Linear Models, 2nd ed. (1989), 40-43.
 */
HST_MUST_CHECK hst_status glm_fit(glm *out, const hst_design *design, const double *y,
                                  const double *offset, double theta, hst_error *err);

/**
 * Negative binomial regression with theta by maximum likelihood: theta for the means and the means
 * for theta in turn, until both stay. The errors of the coefficients take theta as known (the two
 * are asymptotically independent).
 *
 * Counts that do not vary more than Poisson's, sum((y - mu)^2 - y) <= 0 at Poisson's means, have
 * their largest likelihood at an infinite theta: the fit is then Poisson's, with theta INFINITY.
 *
 * Source: Lawless, Canadian Journal of Statistics 15 (1987), 209-225.
 */
HST_MUST_CHECK hst_status glm_fit_negbin(glm *out, const hst_design *design, const double *y,
                                         const double *offset, hst_error *err);

void glm_clear(glm *fit);

#endif
