#ifndef HESTIA_INTERVAL_H
#define HESTIA_INTERVAL_H

#include "hestia/study.h"

/** Lower and upper limit; NAN where the method has none. */
typedef struct hst_limits {
    double lower, upper;
} hst_limits;

/* standardise/interval.c: limits of counts, proportions, means; the formulas and sources stand at
 * each. confidence in percent. */
hst_limits hst_limits_byar(double count, double confidence);
hst_limits hst_limits_poisson_exact(double count, double confidence);
/** Exact below 10 events, Byar from 10. */
hst_limits hst_limits_poisson(double count, double confidence);
hst_limits hst_limits_wilson(double count, double n, double confidence);
hst_limits hst_limits_mean(double mean, double variance, double n, double confidence);

#endif
