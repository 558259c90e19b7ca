#ifndef HESTIA_FUNNEL_H
#define HESTIA_FUNNEL_H

#include "hestia/interval.h"

/** Funnel plots: units against the limits of chance, with and without over-dispersion. */

typedef enum hst_funnel_type {
    HST_FUNNEL_RATIO,      /**< observed over expected; target 1 */
    HST_FUNNEL_PROPORTION, /**< x of n; target sum(x) / sum(n) */
    HST_FUNNEL_RATE,       /**< ratio of counts x / n, both subject to chance; target as above */
    HST_FUNNEL_PERSON_TIME /**< x events in n of person-time, which is known; target as above */
} hst_funnel_type;

typedef enum hst_funnel_dispersion {
    HST_FUNNEL_PLAIN,
    HST_FUNNEL_SHMI, /**< ratio: log, expected to 2 decimals, units at the ends dropped */
    HST_FUNNEL_CQC   /**< square root (ratio), arcsine (proportion), log (rate); winsorised */
} hst_funnel_dispersion;

typedef struct hst_funnel_unit {
    double value;        /**< x / n */
    double z, z_trimmed; /**< z of nothing observed is -INFINITY on a log; dropped: z_trimmed NAN */
    hst_limits limits95, limits998; /**< around the target, by chance alone */
    hst_limits od95, od998;         /**< with over-dispersion; NAN when it is not allowed for */
    const char *flag; /**< "Low (0.001)", "Low (0.025)", "Not significant", "High (0.025)", ... */
    bool is_outlier;  /**< outside od998; outside limits998 without over-dispersion */
} hst_funnel_unit;

typedef struct hst_funnel {
    double target;
    double phi, tau2; /**< of the trimmed z; NAN when over-dispersion is not allowed for */
} hst_funnel;

/**
 * Limits around the target, and how far from it each unit is. With y a transformation of x / n that
 * makes its standard deviation s known, and y0 that of the target:
 *
 *     z = (y - y0) / s,  phi = mean(z^2),  u = 1 / s^2,
 *     tau2 = max(0, (I phi - (I - 1)) / (sum(u) - sum(u^2) / sum(u)))
 *     od limits = y0 -/+ q sqrt(s^2 + tau2), carried back;  q = 1.96 and 3.09
 *
 *     ratio        y = sqrt(x / n)                  s = 1 / (2 sqrt(n)); limits 1 -/+ q sqrt(...)
 *     ratio, SHMI  y = log(x / n)                   s = 1 / sqrt(n), n rounded to 2 decimals
 *     proportion   y = asin(sqrt(x / n))            s = 1 / (2 sqrt(n))
 *     rate         y = log((x + .5) / (n + .5))     s^2 = x / (x + .5)^2 + n / (n + .5)^2, and
 *                                                   1 / (2 sqrt(n)) in limits
 *     person-time  as ratio, with n target expected; limits (1 -/+ q sqrt(...))^2 target
 *
 * The limits of a ratio by square root are not squared, as in the reference: they are about half as
 * far from 1 as those of x / n would be, and more units are outliers than 1 in 500. z is right.
 *
 * phi and tau2 are over the I units whose z are winsorised at their quantiles of type 7, or, for
 * SHMI, whose rank r of z among the units has trim <= r / (units + 1) < 1 - trim. Limits by chance
 * alone are exact Poisson for ratio and person-time, else those of tau2 = 0.
 *
 * The flag is of the unit's own limits at 95 and 99.8 percent (Wilson for a proportion, else
 * hst_limits_poisson), which contain the target or do not.
 *
 * @param units  receives [n_units]
 * @param x, n   numerators and denominators, [n_units]
 * @param trim   share at each end that is winsorised or dropped, from 0 to below 0.5 (0.1)
 * @return HST_REFUSED: fewer than 2 units, or 2 that are not dropped, a number missing, a
 * denominator not above 0, x above n (proportion), negative numbers, no events at all (all but
 * ratio); HST_ERR_ARGUMENT: SHMI of another type than ratio, trim out of range; HST_ERR_MEMORY
 * Source: Spiegelhalter, Statistics in Medicine 24 (2005), 1185-1202, and Quality and Safety in
 * Health Care 14 (2005), 347-351; as FunnelPlotR 0.6.0. Flags: PHEindicatormethods 2.1.0,
 * assign_funnel_significance().
 */
HST_MUST_CHECK hst_status hst_funnel_compute(hst_funnel *out, hst_funnel_unit *units,
                                             const double *x, const double *n, size_t n_units,
                                             hst_funnel_type type, hst_funnel_dispersion dispersion,
                                             double trim, hst_error *err);

#endif
