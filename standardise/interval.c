/* Limits of counts, proportions and means. Distribution functions are R's own (libRmath), the ones
 * behind the reference numbers. Two-sided, equal tails: alpha / 2 each. */
#include "hestia/interval.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* Upper tail of one side: 0.025 for 95 percent. */
static double tail_of(double confidence)
{
    return (1 - confidence / 100) / 2;
}

static double z_of(double confidence)
{
    return qnorm(tail_of(confidence), 0, 1, 0, 0);
}

static hst_limits no_limits(void)
{
    return (hst_limits){NAN, NAN};
}

hst_limits hst_limits_byar(double count, double confidence)
{
    double z = z_of(confidence);
    double above = count + 1;
    hst_limits limits = no_limits();

    if (!(count >= 0)) {
        return limits;
    }
    if (count > 0) {
        double root = 1 - 1 / (9 * count) - z / (3 * sqrt(count));

        limits.lower = root < 0 ? NAN : count * root * root * root;
    }
    limits.upper = above * pow(1 - 1 / (9 * above) + z / (3 * sqrt(above)), 3);
    return limits;
}

hst_limits hst_limits_poisson_exact(double count, double confidence)
{
    double tail = tail_of(confidence);
    hst_limits limits = no_limits();

    if (count >= 0) {
        limits.lower = count > 0 ? qchisq(tail, 2 * count, 1, 0) / 2 : 0;
        limits.upper = qchisq(tail, 2 * count + 2, 0, 0) / 2;
    }
    return limits;
}

hst_limits hst_limits_poisson(double count, double confidence)
{
    return count < HST_BYAR_FROM ? hst_limits_poisson_exact(count, confidence)
                                 : hst_limits_byar(count, confidence);
}

hst_limits hst_limits_repeat_adjusted(double count, double squares, double confidence)
{
    hst_limits of_count = hst_limits_poisson(count, confidence);
    double scale = sqrt(squares / count);

    if (!(count > 0)) {
        return of_count;
    }
    return (hst_limits){fmax(0, count + scale * (of_count.lower - count)),
                        count + scale * (of_count.upper - count)};
}

hst_limits hst_limits_wilson(double count, double n, double confidence)
{
    double z = z_of(confidence);
    double spread = z * sqrt(z * z + 4 * count * (1 - count / n));

    if (!(n > 0) || !(count >= 0) || count > n) {
        return no_limits();
    }
    return (hst_limits){(2 * count + z * z - spread) / (2 * (n + z * z)),
                        (2 * count + z * z + spread) / (2 * (n + z * z))};
}

hst_limits hst_limits_mean(double mean, double variance, double n, double confidence)
{
    double half = 0;

    if (!(n > 1)) {
        return no_limits();
    }
    half = qt(tail_of(confidence), n - 1, 0, 0) * sqrt(variance / n);
    return (hst_limits){mean - half, mean + half};
}
