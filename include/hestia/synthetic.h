#ifndef HESTIA_SYNTHETIC_H
#define HESTIA_SYNTHETIC_H

#include "hestia/did.h"

/** Synthetic control: a weighted mean of donors that followed the treated area before. */
typedef struct hst_synthetic_input {
    size_t n_times, n_before, n_donors; /**< the first n_before points are before */
    const double *treated;              /**< [n_times] */
    const double *donors;               /**< [donor][n_times] */
} hst_synthetic_input;

typedef struct hst_synthetic {
    double *weights;   /**< [n_donors], not below 0, sum 1 */
    double *synthetic; /**< [n_times] */
    double pre_sse, pre_rmspe, post_rmspe, post_mean_gap;
} hst_synthetic;

/**
 * Weights that minimise the squared gap before, by an active set on the simplex; the gap is
 * treated less synthetic.
 *
 * @param out  receives what hst_synthetic_clear frees
 * @return HST_OK; HST_REFUSED: fewer than 2 points before, none after, no donor, numbers missing;
 * HST_ERR_MEMORY
 * Source: Abadie, Diamond and Hainmueller, JASA 105 (2010), 493-505.
 */
HST_MUST_CHECK hst_status hst_synthetic_fit(hst_synthetic *out, const hst_synthetic_input *input,
                                            hst_error *err);
void hst_synthetic_clear(hst_synthetic *synthetic);

typedef struct hst_synthetic_tests {
    hst_placebo placebo;         /**< by the ratio post_rmspe / pre_rmspe */
    double pre_fit_percentile;   /**< share of placebos that fit better before, 0 to 1 */
    double gap_low, gap_high;    /**< leave-one-out: range of post_mean_gap without each donor */
    size_t n_left_out;           /**< donors with a weight */
    double gap_lower, gap_upper; /**< post_mean_gap less the placebos' 97.5 and 2.5 percent
                                    quantiles (type 7) of theirs; NAN below 20 placebos */
} hst_synthetic_tests;

/** Every donor in the treated area's place (the treated is nobody's donor), and each donor with a
 * weight left out once. */
HST_MUST_CHECK hst_status hst_synthetic_test(hst_synthetic_tests *out,
                                             const hst_synthetic_input *input, int n_threads,
                                             hst_error *err);

#endif
