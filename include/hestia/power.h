#ifndef HESTIA_POWER_H
#define HESTIA_POWER_H

#include "hestia/effect.h"

/** What a series could have shown: the smallest effect that its noise leaves visible. */

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
    size_t n_effect;   /**< HST_POWER_ITS: first points after that the effect is the mean of;
                          0: all */
    hst_power_design design;
    unsigned cycle; /**< 0: season is not allowed for; else taken out where two cycles are there */
    double power, alpha; /**< 0.8, 0.05 (two-sided) */
    /** Counts whose noise is not looked for, but taken for Poisson's (dispersion 1, autocorrelation
     * 0): a plan, or too few points to see it. Then one point before will do. */
    bool is_poisson;
} hst_power_input;

typedef struct hst_power {
    double dispersion;      /**< of counts: Pearson chi-square / df, at least 1; of values: residual
                               variance */
    double autocorrelation; /**< lag 1 of the residuals, corrected for the length of the series, 0
                               where negative and at most 0.9 */
    double df; /**< points less terms of the design (of a baseline shorter than the series
                  before, points before less 1 when that is more); INFINITY with `is_poisson` */
    double se; /**< of the effect: of the log ratio for counts, relative to the mean
                  for values */
    double detectable_rise, detectable_fall; /**< smallest relative changes, 0.12 = 12 %; a fall is
                               at most 1: then `detectable_fall` is NAN */
    double detectable; /**< of the two the larger: what either direction would have shown */
} hst_power;

/** The longest time after that is looked at, in points. */
enum { HST_POWER_MOST_AFTER = 400 };

/**
 * Smallest effect that would be seen with the given power:
 *
 *     d = (t[1 - alpha/2] + t[power]) se,  se = sqrt(c' (X'WX)^-1 c dispersion (1 + r) / (1 - r))
 *
 * with Student's t of `df` degrees of freedom (normal with `is_poisson`). X are the rows of the
 * design, before and after, c what the effect is of its terms:
 *
 *     HST_POWER_BEFORE_AFTER  (Intercept), after            the term after
 *     HST_POWER_TREND         (Intercept), t, season        slope times (all points - 1)
 *     HST_POWER_ITS           (Intercept), t, level, slope, season    level + slope (n_effect - 1)
 * / 2
 *
 * Counts are on the logarithm with W their means, as many events a point after as on average
 * before: rise = exp(d) - 1, fall = 1 - exp(-d). Values have W = 1 and d is divided by the mean
 * before.
 *
 * The noise is that of the points before about their level (HST_POWER_BEFORE_AFTER) or line, less
 * season where two full cycles are there. r is the lag-1 correlation of its (Pearson) residuals e,
 * corrected for the degrees of freedom that the n points gave away:
 *
 *     r = r1 (1 + 3 / n) + sum over neighbours i, j of H[i][j] / (n - k)
 *
 * with H the hat matrix: the sum is 1/n for a mean, where this is Kendall's correction, and in
 * general makes r of independent noise 0 on average. Seasons that differ in a way the design does
 * not allow for are not noise, and not in this.
 *
 * @return HST_REFUSED: fewer than 4 points before, none after (HST_POWER_TREND may have none,
 * HST_POWER_ITS needs 2), as few points as terms, no events, a count below 0, nobody in a
 * denominator, values that are constant or have a mean of 0; HST_ERR_ARGUMENT: power or alpha out
 * of range; HST_ERR_MEMORY
 * Source: Bloom, Evaluation Review 19 (1995), 547-556 (smallest detectable effect); Kendall,
 * Biometrika 41 (1954), 403-404 (correlation); variance of a mean of autocorrelated points as in
 * Zwiers and von Storch, Journal of Climate 8 (1995), 336-351.
 */
HST_MUST_CHECK hst_status hst_power_of(hst_power *out, const hst_power_input *input,
                                       hst_error *err);

/**
 * Fewest points after, in the place of `n_after`, from which an effect would be seen whichever way
 * it goes (`detectable` at most `effect`, 0.10 = 10 %).
 *
 * @param out  0: not with HST_POWER_MOST_AFTER points either, as the points before do not get more
 * @return as hst_power_of
 */
HST_MUST_CHECK hst_status hst_power_periods_needed(size_t *out, const hst_power_input *input,
                                                   double effect, hst_error *err);

/**
 * Events needed after (as many before) so that a ratio would be seen, for counts of the given
 * dispersion and autocorrelation:
 *
 *     2 (z[1 - alpha/2] + z[power])^2 dispersion (1 + r) / (1 - r) / log(ratio)^2
 *
 * NAN for a ratio that is not above 0; infinite for 1.
 */
double hst_power_events_needed(double ratio, double dispersion, double autocorrelation,
                               double power, double alpha);

#endif
