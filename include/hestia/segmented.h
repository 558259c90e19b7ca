#ifndef HESTIA_SEGMENTED_H
#define HESTIA_SEGMENTED_H

#include "hestia/effect.h"

/** Segmented regression of an interrupted time series. */

typedef enum hst_its_model {
    HST_ITS_OLS,
    HST_ITS_POISSON,
    HST_ITS_QUASIPOISSON,
    HST_ITS_NEGBIN
} hst_its_model;

typedef enum hst_its_season {
    HST_ITS_NO_SEASON,
    HST_ITS_DUMMIES, /**< the first season is the reference */
    HST_ITS_FOURIER
} hst_its_season;

/** A series in order of time. */
typedef struct hst_its_series {
    size_t n;
    const double *t;        /**< [n], whole steps */
    const double *y;        /**< [n]: counts of the models of counts; NAN: left out */
    const double *exposure; /**< [n] above 0: log(exposure) is the offset; NULL: none */
    const unsigned *season; /**< [n], 1 to `cycle`; NULL: (t - 1) mod cycle + 1 */
    /** Controlled its: [n], 1 for the points of the service's series and 0 for those of its
     * control, which follow each other; then every term has a second one times this, and `level`
     * and `slope` are the differences. NULL: one series. */
    const double *is_treated;
} hst_its_series;

enum { HST_ITS_MAX_INTERVENTIONS = 8 };

typedef struct hst_its_options {
    hst_its_model model;
    hst_its_season season;
    unsigned cycle;     /**< 4 quarters, 12 months */
    unsigned harmonics; /**< of HST_ITS_FOURIER */
    size_t n_interventions;
    double interventions[HST_ITS_MAX_INTERVENTIONS]; /**< first t of each new level */
    double phase_in_from, phase_in_to; /**< points left out, both included; NAN: none */
    bool is_hac;                       /**< Newey-West errors */
    long lag;                          /**< < 0: hst_newey_west_lag */
    bool is_adjusted;                  /**< Newey-West times n / (n - k) */
    double confidence;                 /**< percent */
} hst_its_options;

/** What happened and what would have, at one point. */
typedef struct hst_its_point {
    double t, observed;
    double fitted, counterfactual, cf_lower, cf_upper; /**< in units of y / exposure * per: of y
                                                          without exposure */
    hst_effect effect; /**< fitted over (ratio) or less (difference) the counterfactual; se on the
                          link scale */
} hst_its_point;

typedef struct hst_its {
    size_t n, n_before, n_after; /**< points used */
    double df;
    size_t n_terms;
    hst_term terms[HST_MAX_TERMS]; /**< level and slope of a second intervention: level2, slope2 */
    double dispersion, deviance, loglik, theta, se_theta, dw, lag1;
    size_t n_points;
    hst_its_point *points; /**< [n_points]: all points given, in order */
    double *covariance;    /**< [n_terms][n_terms], the one in use */
    double *design;        /**< [n_points][n_terms] */
} hst_its;

/**
 * y = intercept + trend t + level D + slope (t - t0) D + season, D = 1 from t0 on; of counts the
 * logarithm of their mean, with the offset log(exposure).
 *
 * Tests and limits: t with n - k degrees of freedom for OLS and quasi-Poisson, normal for Poisson
 * and negative binomial. Season is left out of the counterfactual's change alone: it stays in both.
 *
 * @param out  receives what hst_its_clear frees
 * @return HST_OK; HST_REFUSED: fewer than 4 points before or after ("too few points after: 3, at
 * least 4"), as few points as terms, a constant series, no events (before, after), collinear
 * terms, a fit that does not converge; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_its_fit(hst_its *out, const hst_its_series *series,
                                      const hst_its_options *options, hst_error *err);
void hst_its_clear(hst_its *its);

/**
 * Mean effect over the points from..to (indexes, both included; those in phase-in left out): of
 * OLS the mean of fitted less counterfactual; of counts the ratio of the sums of both, each point
 * by its exposure; with limits by the delta method.
 *
 * @return HST_REFUSED when no such point is after the intervention
 */
HST_MUST_CHECK hst_status hst_its_effect(hst_effect *out, const hst_its *its,
                                         const hst_its_series *series,
                                         const hst_its_options *options, size_t from, size_t to,
                                         hst_error *err);

/** The same added up: events (or units of y times points) more or fewer than without the service,
 * always a difference. */
HST_MUST_CHECK hst_status hst_its_cumulative(hst_effect *out, const hst_its *its,
                                             const hst_its_series *series,
                                             const hst_its_options *options, size_t from, size_t to,
                                             hst_error *err);

#endif
