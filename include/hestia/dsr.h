#ifndef HESTIA_DSR_H
#define HESTIA_DSR_H

#include "hestia/interval.h"

/** Directly standardised rate with its limits. Value, limits NAN when refused or withheld, `note`
 * then says why (static text). */
typedef struct hst_dsr {
    double total_count, total_pop, value, variance;
    hst_limits limits[2]; /**< one per confidence level asked for */
    const char *note;     /**< NULL when nothing is to be said */
} hst_dsr;

/**
 * value = per * sum(w[i] x[i] / n[i]) / sum(w[i]).
 *
 * @param x, n, w  events, population and weight, [n_strata]
 * @param min_events  below it value and limits are withheld (10)
 */
hst_dsr hst_dsr_compute(const double *x, const double *n, const double *w, size_t n_strata,
                        double per, hst_interval interval, const double *confidence,
                        size_t n_confidence, double min_events);

#endif
