#ifndef HESTIA_FUNNEL_H
#define HESTIA_FUNNEL_H

#include "hestia/interval.h"

/** Funnel plots: units against the limits of chance, with and without over-dispersion. */

typedef enum hst_funnel_type {
    HST_FUNNEL_RATIO,      /**< observed over expected */
    HST_FUNNEL_PROPORTION, /**< x of n */
    HST_FUNNEL_RATE        /**< ratio of counts x / n */
} hst_funnel_type;

typedef enum hst_funnel_dispersion {
    HST_FUNNEL_PLAIN,
    HST_FUNNEL_SHMI, /**< ratio: log, units at the ends dropped */
    HST_FUNNEL_CQC   /**< square root (ratio), arcsine (proportion), log (rate); winsorised */
} hst_funnel_dispersion;

typedef struct hst_funnel_unit {
    double value, z, z_trimmed;
    hst_limits limits95, limits998, od95, od998;
    const char *flag; /**< "Low (0.001)", "Low (0.025)", "Not significant", "High (0.025)", ... */
    bool is_outlier;  /**< outside od998 */
} hst_funnel_unit;

typedef struct hst_funnel {
    double target, phi, tau2;
} hst_funnel;

/**
 * @param units  receives [n];  @param x, n  numerators and denominators, [n_units]
 * @param trim   share at each end that is winsorised or dropped (0.1)
 * @return HST_REFUSED: fewer than 2 units, a denominator not above 0, x above n (proportion),
 * negative numbers; HST_ERR_MEMORY
 * Source: Spiegelhalter, Statistics in Medicine 24 (2005), 1185-1202; as FunnelPlotR 0.6.0.
 */
HST_MUST_CHECK hst_status hst_funnel_compute(hst_funnel *out, hst_funnel_unit *units,
                                             const double *x, const double *n, size_t n_units,
                                             hst_funnel_type type, hst_funnel_dispersion dispersion,
                                             double trim, hst_error *err);

#endif
