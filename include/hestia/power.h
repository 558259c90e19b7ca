#ifndef HESTIA_POWER_H
#define HESTIA_POWER_H

#include "hestia/effect.h"

/** What a series could have shown. */

typedef enum hst_power_design {
    HST_POWER_BEFORE_AFTER, /**< mean after against mean before */
    HST_POWER_TREND,        /**< a straight line's change over the whole series */
    HST_POWER_ITS           /**< mean effect after of a segmented regression (level and slope) */
} hst_power_design;

typedef struct hst_power_input {
    size_t n_before;        /**< points observed that the noise is taken from, none after */
    const double *y;        /**< [n_before]: counts, or values; NAN left out */
    const double *exposure; /**< [n_before]; NULL: values, or counts of equal exposure */
    bool is_count;          /**< dispersion is against Poisson's; else the plain variance */
    size_t n_baseline; /**< HST_POWER_BEFORE_AFTER: points that the mean before is of; 0: all */
    size_t n_after;    /**< points after, seen or planned */
    hst_power_design design;
    unsigned cycle; /**< 0: season is not allowed for; else taken out where two cycles are there */
    double power, alpha; /**< 0.8, 0.05 (two-sided) */
} hst_power_input;

typedef struct hst_power {
    double dispersion;      /**< of counts: Pearson chi-square / df; of values: residual variance */
    double autocorrelation; /**< lag 1 of the residuals, 0 where negative */
    double se;              /**< of the effect: of the log ratio for counts, relative to the mean
                               for values */
    double detectable_rise, detectable_fall; /**< smallest relative changes, 0.12 = 12 %; a fall is
                               at most 1: then `detectable_fall` is NAN */
    double detectable; /**< of the two the larger: what either direction would have shown */
} hst_power;

/**
 * Smallest effect that would be seen with the given power:
 *
 *     (z[1 - alpha/2] + z[power]) se
 *
 * se by the design's own regression with the noise of the points before: its dispersion, and times
 * (1 + r) / (1 - r) for their lag-1 correlation r.
 *
 * @return HST_REFUSED: fewer than 4 points before, none after, no events, a constant series
 */
HST_MUST_CHECK hst_status hst_power_of(hst_power *out, const hst_power_input *input,
                                       hst_error *err);

/** Events needed after (as many before) so that a ratio would be seen, for counts of the given
 * dispersion and autocorrelation. */
double hst_power_events_needed(double ratio, double dispersion, double autocorrelation,
                               double power, double alpha);

#endif
