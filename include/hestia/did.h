#ifndef HESTIA_DID_H
#define HESTIA_DID_H

#include "hestia/effect.h"

/** Difference-in-differences of a panel: areas by points in time. */

typedef enum hst_did_outcome {
    HST_DID_COUNTS, /**< Poisson, log link, offset log(exposure): ratio of ratios */
    HST_DID_VALUES  /**< least squares: difference of differences */
} hst_did_outcome;

typedef enum hst_did_model { HST_DID_TWO_WAY, HST_DID_POOLED } hst_did_model;

typedef enum hst_did_variance {
    HST_DID_MODEL,
    HST_DID_QUASI, /**< times the dispersion; of values the same as model */
    HST_DID_HC0,
    HST_DID_CLUSTER,     /**< by area, times G / (G - 1) */
    HST_DID_CLUSTER_RAW, /**< no small-sample factor */
    HST_DID_CLUSTER_HC1  /**< G / (G - 1) (n - 1) / (n - k) */
} hst_did_variance;

typedef struct hst_did_panel {
    size_t n_areas, n_times;
    const double *y;        /**< [area][time]; NAN: missing */
    const double *exposure; /**< the same shape; NULL: none */
    const bool *is_treated; /**< [n_areas] */
    const bool *is_post;    /**< [n_times] */
} hst_did_panel;

typedef struct hst_did {
    hst_effect effect; /**< normal limits */
    double dispersion;
    size_t n, n_treated; /**< observations used, treated areas */
} hst_did;

/**
 * Effect of treated:post. Fixed effects are swept out (of counts by fitting margins in turn), so
 * that many areas cost little.
 *
 * @return HST_OK; HST_REFUSED: no treated area, no control, nothing before or after, no events in
 * one of the four cells, an area or time without events; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_did_fit(hst_did *out, const hst_did_panel *panel,
                                      hst_did_outcome outcome, hst_did_model model,
                                      hst_did_variance variance, double confidence, hst_error *err);

/** A placebo test: the effect among those of all units treated in turn. */
typedef struct hst_placebo {
    size_t n, n_as_strong; /**< units with an effect, of them as strong or stronger */
    double p;              /**< n_as_strong / n, the unit itself in both: at least 1 / n */
} hst_placebo;

/** Each control area in the treated one's place, the treated left out of the others' controls;
 * strength is |estimate| (of ratios |log|). Refused as hst_did_fit, and with several treated areas.
 */
HST_MUST_CHECK hst_status hst_did_placebo(hst_placebo *out, const hst_did_panel *panel,
                                          hst_did_outcome outcome, hst_did_model model,
                                          hst_error *err);

#endif
