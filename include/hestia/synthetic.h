#ifndef HESTIA_SYNTHETIC_H
#define HESTIA_SYNTHETIC_H

#include "hestia/did.h"

/** Synthetic control: a weighted mean of donors that followed the treated area before. */
typedef struct hst_synthetic_input {
    size_t n_times, n_before, n_donors; /**< the first n_before points are before */
    const double *treated;              /**< [n_times], any unit */
    const double *donors;               /**< [donor][n_times], the same unit */
} hst_synthetic_input;

/** A synthetic control; the gap is treated less synthetic. Cleared by hst_synthetic_clear. */
typedef struct hst_synthetic {
    double *weights;      /**< [n_donors], not below 0, sum 1 */
    double *synthetic;    /**< [n_times] */
    double pre_sse;       /**< sum of the squared gaps before */
    double pre_rmspe;     /**< root of their mean */
    double post_rmspe;    /**< the same of the points after */
    double post_mean_gap; /**< mean gap after: the effect, in the unit of the series */
    size_t n_weighted;    /**< donors with a weight: at most n_before + 1 */
    size_t n_ties; /**< donors without a weight that would fit as well to first order: above 0 the
                      weights may not be the only ones with this fit */
} hst_synthetic;

/**
 * Weights w >= 0 with sum 1 that minimise the sum of (treated - sum(w donor))^2 over the points
 * before, by an active set whose steps are solved by QR.
 *
 * The best fit is always one; its weights need not be, when there are more donors than points, or
 * donors that are the same. Those given are of the first best donor that the active set meets, in
 * the order of the donors, and of as few as the fit takes. n_ties says when others may do.
 *
 * @param out  receives what hst_synthetic_clear frees; all zero on failure
 * @return HST_OK; HST_REFUSED: fewer than 2 points before, none after, no donor, numbers missing;
 *         HST_ERR_MEMORY
 * Source: Abadie, Diamond and Hainmueller, JASA 105 (2010), 493-505.
 */
HST_MUST_CHECK hst_status hst_synthetic_fit(hst_synthetic *out, const hst_synthetic_input *input,
                                            hst_error *err);
void hst_synthetic_clear(hst_synthetic *synthetic);

typedef struct hst_synthetic_tests {
    hst_placebo placebo;       /**< by the ratio post_rmspe / pre_rmspe; see below */
    double ratio;              /**< of the treated; INFINITY for a fit without a gap before */
    double pre_fit_percentile; /**< share of placebos that fit better before, 0 to 1; NAN: none */
    double gap_low, gap_high;  /**< leave-one-out: range of post_mean_gap without each donor; NAN
                                  when the only donor has the weight */
    size_t n_left_out;         /**< donors with a weight, each left out once */
    double gap_lower,
        gap_upper; /**< 95 % limits of the effect: post_mean_gap less the placebos' 97.5
                      and 2.5 percent quantiles (type 6, which one more unit passes so
                      often) of theirs; NAN below 39 placebos, which have none */
} hst_synthetic_tests;

/**
 * Every donor in the treated area's place (the treated is nobody's donor), and each donor with a
 * weight left out once. Threads share out the fits; the answer does not depend on their number.
 *
 * A gap before below 1e-9 of the series' own size counts as none: the ratio is infinite then (0
 * when there is none after either), and infinite ratios tie, as what a fit without error leaves is
 * rounding. A single donor has no placebo: p is 1.
 *
 * @return as hst_synthetic_fit
 */
HST_MUST_CHECK hst_status hst_synthetic_test(hst_synthetic_tests *out,
                                             const hst_synthetic_input *input, int n_threads,
                                             hst_error *err);

#endif
