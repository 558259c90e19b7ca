#ifndef HESTIA_DSR_H
#define HESTIA_DSR_H

#include "hestia/interval.h"

/** Most confidence levels that one rate is given with. */
enum { HST_MAX_CONFIDENCE = 8 };

/**
 * A directly standardised rate with its limits. All numbers are NAN when it is refused; value and
 * limits are NAN when it is withheld for few events; `note` then says why.
 */
typedef struct hst_dsr {
    double total_count, total_pop, value, variance;
    hst_limits limits[HST_MAX_CONFIDENCE]; /**< one per confidence level asked for */
    const char *note;                      /**< static text; NULL when nothing is to be said */
} hst_dsr;

/** True for the intervals that hst_dsr_compute knows (HST_INTERVAL_DEFAULT is dobson-byar); those
 * of repeated events are hst_dsr_repeat_adjusted's. */
bool hst_dsr_has_interval(hst_interval interval);

/**
 * Directly standardised rate with its limits.
 *
 *     value    = per * sum(w[i] x[i] / n[i]) / sum(w[i])
 *     variance = per^2 * sum(w[i]^2 x[i] / n[i]^2) / sum(w[i])^2
 *
 * Limits, with O = sum(x), [l, u] the limits of O and V the variance:
 *
 *     dobson-byar, dobson-exact  value + sqrt(V / O) (l - O), ... (u - O); NAN without events
 *     fay-feuer                  gamma; the upper one moves one event into the heaviest stratum
 *     tiwari                     gamma; the upper one moves one event into the average stratum
 *     mid-p                      quantiles of the equal mixture of the two Fay-Feuer gammas
 *     normal                     value -/+ z sqrt(V), not cut at 0
 *
 * Weighted events (of a comparator whose members have weights) are sums of weight * count with
 * the variance v = sum(weight^2 * count). They count as x^2 / v events of v / x each, which have
 * the same mean and variance: then nothing depends on the scale of the weights.
 *
 * Refused when a population or the sum of weights is not above 0, or events are negative.
 *
 * @param x, n, w  events, population and weight, [n_strata] in the same order
 * @param v  variances of the events, [n_strata]; NULL: they are counts, so v = x
 * @param per  100000 for "per 100,000"
 * @param confidence  levels in percent, [n_confidence] of at most HST_MAX_CONFIDENCE
 * @param min_events  with fewer (x^2 / v where weighted) value and limits are withheld (10)
 *
 * Sources: Dobson, Kuulasmaa, Eberle and Scherer, Statistics in Medicine 10 (1991), 457-462; Fay
 * and Feuer, Statistics in Medicine 16 (1997), 791-801; Tiwari, Clegg and Zou, Statistical Methods
 * in Medical Research 15 (2006), 547-569; for weighted events Bohm and Zech, Nuclear Instruments
 * and Methods in Physics Research A 748 (2014), 1-6.
 */
hst_dsr hst_dsr_compute(const double *x, const double *v, const double *n, const double *w,
                        size_t n_strata, double per, hst_interval interval,
                        const double *confidence, size_t n_confidence, double min_events);

/**
 * The same rate with limits that allow for several events of one person (repeat-adjusted): events
 * of a person come together, so that people are the independent units.
 *
 *     variance = per^2 * sum(w[i]^2 s[i] / n[i]^2) / sum(w[i])^2
 *     limits     value + sqrt(V / O) (l - O), ... (u - O), as dobson-byar
 *
 * O stays the number of all events, in the limits as for `min_events`. Where everybody has one
 * event s = x, and the limits are dobson-byar's.
 *
 * @param x, v  events, and their variances where they are weighted, as above; NULL: v = x
 * @param s  sum over people of (events of the person in the stratum)^2, [n_strata]; of a comparator
 *           whose members have weights sum(weight^2 * members' s)
 *
 * Source: the variance of a compound Poisson count; as calculate_dsr(independent_events = FALSE) of
 * PHEindicatormethods 2.1.0.
 */
hst_dsr hst_dsr_repeat_adjusted(const double *x, const double *v, const double *s, const double *n,
                                const double *w, size_t n_strata, double per,
                                const double *confidence, size_t n_confidence, double min_events);

#endif
