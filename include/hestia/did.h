#ifndef HESTIA_DID_H
#define HESTIA_DID_H

#include "hestia/effect.h"

/** Difference-in-differences of a panel: areas by points in time. */

typedef enum hst_did_outcome {
    HST_DID_COUNTS, /**< Poisson, log link, offset log(exposure): ratio of ratios */
    HST_DID_VALUES  /**< least squares: difference of differences */
} hst_did_outcome;

typedef enum hst_did_model {
    HST_DID_TWO_WAY, /**< an effect for each area and each time */
    HST_DID_POOLED   /**< treated and post only */
} hst_did_model;

typedef enum hst_did_variance {
    HST_DID_MODEL,
    HST_DID_QUASI, /**< times the dispersion; of values the same as model */
    HST_DID_HC0,
    HST_DID_CLUSTER,     /**< by area, times G / (G - 1) */
    HST_DID_CLUSTER_RAW, /**< no small-sample factor */
    HST_DID_CLUSTER_HC1  /**< G / (G - 1) (n - 1) / (n - k) */
} hst_did_variance;

/** With fewer treated areas than this, errors clustered by area are too small. */
enum { HST_DID_FEW_TREATED = 5 };

typedef struct hst_did_panel {
    size_t n_areas, n_times;
    const double *y;        /**< [area][time]; NAN: missing */
    const double *exposure; /**< of counts, the same shape; NULL: all 1; NAN: the cell is missing */
    const bool *is_treated; /**< [n_areas] */
    const bool *is_post;    /**< [n_times] */
    const char *const *area_names; /**< [n_areas], for refusals; NULL: they are numbered from 1 */
    const char *const *time_names; /**< [n_times], likewise */
} hst_did_panel;

typedef struct hst_did {
    hst_effect effect; /**< normal limits */
    double dispersion; /**< of counts sum((y - mu)^2 / mu) / (n - k), of values sigma^2 */
    size_t n, n_areas, n_treated; /**< cells used, areas that have one, treated areas among them */
    const char *note;             /**< static text: why errors are not to be trusted; NULL: none */
} hst_did;

/**
 * Effect of treated:post.
 *
 *     counts: log(mu[i][t]) = log(exposure[i][t]) + a[i] + b[t] + beta treated[i] post[t]
 *     values:       y[i][t] = a[i] + b[t] + beta treated[i] post[t] + error
 *
 * Pooled: a depends on treated, b on post only. The effect is exp(beta) of counts, beta of values.
 * a and b are swept out, so that many areas cost little: with d the column treated:post without
 * what weighted least squares on a and b say of it, w = mu (values: 1) and e = y - mu,
 *
 *     model    1 / sum(w d^2), of values times sigma^2
 *     HC0      sum(d^2 e^2) / sum(w d^2)^2
 *     cluster  sum over areas of (sum over their cells of d e)^2 / sum(w d^2)^2
 *
 * which are those of the whole regression with its dummy variables.
 *
 * With few treated areas clustered errors are much too small, whatever the factor (`note`): then
 * hst_did_placebo has the p to be trusted.
 *
 * @param confidence  percent
 * @return HST_OK; HST_REFUSED: no treated area, no control, nothing before or after, no events in
 * one of the four cells, an area or time without events (two-way), negative counts, exposure not
 * above 0, treated:post is what area and time effects say already, an outcome without any error;
 * HST_ERR_MEMORY
 * Source: Angrist and Pischke, Mostly Harmless Econometrics (2009), 227-243, 312-319; sweeping:
 * Frisch and Waugh, Econometrica 1 (1933), 387-401.
 */
HST_MUST_CHECK hst_status hst_did_fit(hst_did *out, const hst_did_panel *panel,
                                      hst_did_outcome outcome, hst_did_model model,
                                      hst_did_variance variance, double confidence, hst_error *err);

/** A placebo test: the effect among those of all units treated in turn. */
typedef struct hst_placebo {
    size_t n, n_as_strong; /**< units with an effect, of them as strong or stronger */
    double p;              /**< n_as_strong / n, the unit itself in both: at least 1 / n */
} hst_placebo;

/**
 * Each control area in the treated one's place, the treated left out of the others' controls;
 * strength is |estimate| (of ratios |log|). A control whose own effect is refused does not count.
 *
 * @return as hst_did_fit; also HST_REFUSED: several treated areas, no control whose effect could be
 * estimated
 * Source: Abadie, Diamond and Hainmueller, Journal of the American Statistical Association 105
 * (2010), 493-505.
 */
HST_MUST_CHECK hst_status hst_did_placebo(hst_placebo *out, const hst_did_panel *panel,
                                          hst_did_outcome outcome, hst_did_model model,
                                          hst_error *err);

#endif
