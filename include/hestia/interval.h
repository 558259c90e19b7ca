#ifndef HESTIA_INTERVAL_H
#define HESTIA_INTERVAL_H

#include "hestia/study.h"

/** Lower and upper limit; NAN where the method has none. */
typedef struct hst_limits {
    double lower, upper;
} hst_limits;

/** Events from which hst_limits_poisson takes Byar's approximation. */
enum { HST_BYAR_FROM = 10 };

/* Two-sided limits with equal tails; `confidence` is in percent, z its standard normal quantile. */

/**
 * Limits of a Poisson count by Byar's approximation.
 *
 *     lower = x (1 - 1 / (9 x) - z / (3 sqrt(x)))^3
 *     upper = (x + 1) (1 - 1 / (9 (x + 1)) + z / (3 sqrt(x + 1)))^3
 *
 * The lower limit is NAN at 0 events and where the formula is negative (1 event at 99.8 percent).
 * Source: Breslow and Day, Statistical Methods in Cancer Research II (IARC, 1987), 68-69.
 */
hst_limits hst_limits_byar(double count, double confidence);

/**
 * Exact limits of a Poisson count: chi-square quantiles with 2 x and 2 x + 2 degrees of freedom,
 * halved; the lower is 0 at 0 events. Fractional counts are accepted.
 * Source: Garwood, Biometrika 28 (1936), 437-442.
 */
hst_limits hst_limits_poisson_exact(double count, double confidence);

/** Exact below HST_BYAR_FROM events, Byar from there on. */
hst_limits hst_limits_poisson(double count, double confidence);

/**
 * Limits of a count whose events come several to a person (repeat-adjusted), for crude rates:
 *
 *     count + sqrt(squares / count) (l - count), ... (u - count)
 *
 * with [l, u] those of hst_limits_poisson and `squares` the sum over people of (events of the
 * person)^2. The lower limit is held at 0. Without events nobody can have repeated them: then they
 * are hst_limits_poisson's own.
 *
 * Weighted events, x with variance v and sum of squares s (each member's times weight^2), count as
 * x^2 / v with squares s x^2 / v^2; the limits are then in units of v / x events.
 */
hst_limits hst_limits_repeat_adjusted(double count, double squares, double confidence);

/**
 * Limits of a proportion count / n, Wilson without continuity correction.
 * NAN unless 0 <= count <= n and n > 0.
 * Source: Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
 */
hst_limits hst_limits_wilson(double count, double n, double confidence);

/** Limits of a mean of n values: mean -/+ t(n - 1) sqrt(variance / n); NAN below two values. */
hst_limits hst_limits_mean(double mean, double variance, double n, double confidence);

#endif
