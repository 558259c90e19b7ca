#ifndef HESTIA_SEGMENTED_H
#define HESTIA_SEGMENTED_H

#include "hestia/effect.h"

/**
 * Segmented regression of an interrupted time series.
 *
 *     y = intercept + trend t + sum over interventions j of D[j] (level[j] + slope[j] (t - t0[j]))
 *         + season,   D[j] = 1 from t0[j] on,
 *
 * of counts the logarithm of their mean, with the offset log(exposure). slope is 0 at t0 itself, so
 * that level is the jump there; the counterfactual is the same line without D.
 * Source: Wagner et al., Journal of Clinical Pharmacy and Therapeutics 27 (2002), 299-309; Bernal,
 * Cummins and Gasparrini, International Journal of Epidemiology 46 (2017), 348-355; with a control
 * Lopez Bernal et al., the same 47 (2018), 2082-2093.
 */

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

/** A series in order of time, which t must rise in. */
typedef struct hst_its_series {
    size_t n;
    const double *t;        /**< [n], whole steps */
    const double *y;        /**< [n]: counts of the models of counts; NAN: left out */
    const double *exposure; /**< [n] above 0: log(exposure) is the offset; NULL: none. Not used by
                               HST_ITS_OLS, whose y is a rate or mean already */
    const unsigned *season; /**< [n], 1 to `cycle`; NULL: (t - 1) mod cycle + 1 */
    /** Controlled its: [n], 1 for the points of the service's series and 0 for those of its
     * control, which follow each other; then every term has a second one times this, and `level`
     * and `slope` are the differences. The control's own are `control_level`, `control_slope`; the
     * other differences `treated`, `t:treated`, `q2:treated`. The counterfactual changes as the
     * control did. NULL: one series. */
    const double *is_treated;
} hst_its_series;

enum { HST_ITS_MAX_INTERVENTIONS = 8 };

typedef struct hst_its_options {
    hst_its_model model;
    hst_its_season season;
    unsigned cycle;     /**< 4 quarters, 12 months */
    unsigned harmonics; /**< of HST_ITS_FOURIER; 0 is 1 */
    bool is_level_only; /**< no `slope` terms */
    size_t n_interventions;
    double interventions[HST_ITS_MAX_INTERVENTIONS]; /**< first t of each new level, in any order */
    double phase_in_from, phase_in_to; /**< points left out, both included; NAN: none */
    bool is_hac;                       /**< Newey-West errors; with lag 0 White's HC0 */
    /** < 0: hst_newey_west_lag of the points of one series. Lags are by position among the points
     * used: a gap does not make its neighbours more distant. */
    long lag;
    bool is_adjusted; /**< Newey-West times n / (n - k) */
    /** With is_hac, for series of some tens of points, where Newey-West is far too small: scores
     * are divided by 1 - h, h the point's leverage (HC3: MacKinnon and White, Journal of
     * Econometrics 29 (1985), 305-325), and every error is the larger of that and of the model's.
     * bench/bench_coverage_its shows what each is worth. */
    bool is_robust;
    double confidence; /**< percent */
} hst_its_options;

/** What happened and what would have, at one point. */
typedef struct hst_its_point {
    double t, observed;
    bool is_used;  /**< in the fit: with a value and not in phase-in */
    bool is_after; /**< of the service, at or after the first intervention, not in phase-in */
    double fitted, counterfactual, cf_lower, cf_upper; /**< of the mean, in units of y (events,
                                                          where exposure is given); NAN: fitted in
                                                          phase-in, all without exposure */
    hst_effect effect; /**< fitted over (counts) or less (OLS) the counterfactual; se on the link
                          scale; NAN where not `is_after` */
} hst_its_point;

typedef struct hst_its {
    size_t n;                 /**< points used, a control's among them */
    size_t n_before, n_after; /**< points of the service used */
    double df;                /**< n - n_terms */
    size_t n_terms;
    hst_term terms[HST_MAX_TERMS]; /**< level and slope of a second intervention: level2, slope2 */
    bool is_of_service[HST_MAX_TERMS]; /**< terms that are 0 in the counterfactual */
    double dispersion;                 /**< Pearson chi-square / df; OLS: sigma^2 */
    double deviance;                   /**< OLS: residual sum of squares */
    double loglik;                     /**< NAN: quasi-Poisson has none */
    double theta, se_theta;            /**< HST_ITS_NEGBIN, else NAN; INFINITY: no over-dispersion,
                                          the fit is Poisson's */
    double dw, lag1;                   /**< Durbin-Watson and lag 1 correlation of the service's
                                          Pearson (OLS: plain) residuals */
    size_t lag;                        /**< of Newey-West, when in use */
    char note[256];                    /**< "" or what to know of the fit */
    size_t n_points;
    hst_its_point *points; /**< [n_points]: all points given, in order */
    double *covariance;    /**< [n_terms][n_terms], the one in use */
    double *floor;  /**< is_robust: the model's, [n_terms][n_terms]; each error is the larger of
                       both; else NULL */
    double *design; /**< [n_points][n_terms] */
} hst_its;

/**
 * Fits the model at the head of this page, and says what was and would have been at every point.
 *
 * Covariance: OLS sigma^2 (X'X)^-1; counts the inverse information, of quasi-Poisson times its
 * dispersion, of negative binomial with theta taken as known; or Newey-West of the scores (a
 * control's apart from the service's). Tests and limits: t with n - k degrees of freedom for OLS
 * and quasi-Poisson, normal for Poisson and negative binomial. Season stays in the counterfactual.
 *
 * `note` warns of fewer than 8 points before or after, of a negative binomial without
 * over-dispersion, and of Newey-West over a gap.
 *
 * @param out  receives what hst_its_clear frees; all zero on failure
 * @return HST_OK; HST_REFUSED: fewer than 4 points before, after or between ("too few points after:
 * 3, at least 4"), as few points as terms, a constant series, no events (before, after, in a
 * season), a count below 0, no exposure, collinear terms, a fit that does not converge or leaves no
 * residuals; HST_ERR_ARGUMENT: options out of range; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_its_fit(hst_its *out, const hst_its_series *series,
                                      const hst_its_options *options, hst_error *err);
void hst_its_clear(hst_its *its);

/** Half the width of limits in standard errors: the quantile of t with `df` (OLS, quasi-Poisson),
 * else of the normal; `confidence` in percent. */
double hst_its_quantile(hst_its_model model, double df, double confidence);

/**
 * Mean effect over the points from..to (indexes, both included) that are `is_after` and have a y:
 * of OLS the
 * mean of fitted less counterfactual; of counts the ratio of the sums of both, each point by its
 * exposure; limits by the delta method (of counts on the logarithm).
 *
 * @return HST_REFUSED when no such point is after the intervention; HST_ERR_ARGUMENT: no range of
 * points; HST_ERR_MEMORY
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
