/* Two periods side by side: ratio and difference of counts, or of values with variances. */
#include "hestia/before_after.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* Outcomes whose probability is this little above that of the outcome seen count as no more likely:
 * they are the same in exact arithmetic. */
static const double same_likelihood = 1 + 1e-7;

enum { N_HALVINGS = 200 };

static double tail_of(double confidence)
{
    return (1 - confidence / 100) / 2;
}

static bool is_whole(double count)
{
    return count == floor(count);
}

static const hst_effect no_effect = {HST_SCALE_RATIO, NAN, NAN, NAN, NAN, NAN};

/* Estimate -/+ z se on the natural scale, and its normal p. */
static hst_effect normal_difference(double estimate, double se, double confidence)
{
    double z = qnorm(tail_of(confidence), 0, 1, 0, 0);

    return (hst_effect){.scale = HST_SCALE_DIFFERENCE,
                        .estimate = estimate,
                        .se = se,
                        .lower = estimate - z * se,
                        .upper = estimate + z * se,
                        .p = 2 * pnorm(-fabs(estimate / se), 0, 1, 1, 0)};
}

/* The same on the log scale. */
static hst_effect normal_ratio(double ratio, double log_se, double confidence)
{
    double z = qnorm(tail_of(confidence), 0, 1, 0, 0);

    return (hst_effect){.scale = HST_SCALE_RATIO,
                        .estimate = ratio,
                        .se = log_se,
                        .lower = ratio * exp(-z * log_se),
                        .upper = ratio * exp(z * log_se),
                        .p = 2 * pnorm(-fabs(log(ratio) / log_se), 0, 1, 1, 0)};
}

/* ---- counts: x of n, given n, is binomial ---- */

/* First outcome from `from` on that is no more likely than one of probability `limit`; likelihoods
 * fall from `from` to n, so halving finds it. n + 1: none. */
static double first_unlikely(double from, double n, double p, double limit)
{
    double low = from, high = n + 1;

    while (low < high) {
        double middle = floor((low + high) / 2);

        if (dbinom(middle, n, p, 0) <= limit) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Probability of all outcomes that are no more likely than x. */
static double exact_p(double x, double n, double p)
{
    double mean = n * p, limit = dbinom(x, n, p, 0) * same_likelihood, sum = 0;

    if (x == mean) {
        return 1;
    }
    if (x > mean) { /* turned round: the tail of x is the lower one */
        x = n - x;
        p = 1 - p;
        mean = n - mean;
    }
    sum = pbinom(x, n, p, 1, 0) + pbinom(first_unlikely(ceil(mean), n, p, limit) - 1, n, p, 0, 0);
    return sum < 1 ? sum : 1;
}

/* Odds b / (1 - b) of the quantile b of a beta distribution. 1 - b is a quantile of its own: near
 * b = 1 the difference has lost its digits. */
static double beta_odds(double tail, double shape1, double shape2, int is_lower)
{
    return qbeta(tail, shape1, shape2, is_lower, 0) / qbeta(tail, shape2, shape1, !is_lower, 0);
}

/* P(X > x) + P(X = x) / 2 at odds exp(log_odds), as the mean of two beta distribution functions. */
static double mid_p_above(double x, double n, double log_odds)
{
    double p = 1 / (1 + exp(-log_odds)), q = 1 / (1 + exp(log_odds));

    return p < 0.5 ? (pbeta(p, x + 1, n - x, 1, 0) + pbeta(p, x, n - x + 1, 1, 0)) / 2
                   : (pbeta(q, n - x, x + 1, 0, 0) + pbeta(q, n - x + 1, x, 0, 0)) / 2;
}

/* The odds at which that is `target`: between those of the two distributions alone. */
static double mid_p_odds(double x, double n, double target)
{
    double low = log(beta_odds(target, x, n - x + 1, 1));
    double high = log(beta_odds(target, x + 1, n - x, 1));

    for (int i = 0; i < N_HALVINGS && low < high; i++) {
        double middle = low + (high - low) / 2;

        if (middle <= low || middle >= high) {
            break;
        }
        if (mid_p_above(x, n, middle) < target) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return exp(low);
}

static void set_limits(hst_before_after *out, const double x[2], double time_ratio,
                       hst_ratio_interval interval, double confidence)
{
    double tail = tail_of(confidence), n = x[0] + x[1];
    hst_effect *ratio = &out->ratio;

    if (interval == HST_RATIO_EXACT) {
        ratio->lower = x[1] > 0 ? beta_odds(tail, x[1], x[0] + 1, 1) * time_ratio : 0;
        ratio->upper = x[0] > 0 ? beta_odds(tail, x[1] + 1, x[0], 0) * time_ratio : INFINITY;
    } else if (x[0] > 0 && x[1] > 0 && interval == HST_RATIO_MID_P) {
        ratio->lower = mid_p_odds(x[1], n, tail) * time_ratio;
        ratio->upper = mid_p_odds(x[1], n, 1 - tail) * time_ratio;
    } else if (x[0] > 0 && x[1] > 0) {
        *ratio = normal_ratio(ratio->estimate, ratio->se, confidence);
    }
}

static hst_status check_counts(const double x[2], const double time[2], hst_ratio_interval interval,
                               hst_error *err)
{
    for (size_t i = 0; i < 2; i++) {
        const char *when = i == 0 ? "before" : "after";

        if (!(time[i] > 0) || isinf(time[i])) {
            return hst_fail(err, HST_REFUSED, "person-time %s is not above 0", when);
        }
        if (!isfinite(x[i])) {
            return hst_fail(err, HST_REFUSED, "the count %s is missing", when);
        }
        if (x[i] < 0) {
            return hst_fail(err, HST_REFUSED, "the count %s is negative", when);
        }
        if (!is_whole(x[i]) && interval != HST_RATIO_WALD) {
            return hst_fail(err, HST_REFUSED, "the count %s is no whole number", when);
        }
    }
    return x[0] + x[1] > 0 ? HST_OK : hst_fail(err, HST_REFUSED, "no events in either period");
}

hst_status hst_before_after_counts(hst_before_after *out, const double events[2],
                                   const double person_time[2], hst_ratio_interval interval,
                                   double confidence, hst_error *err)
{
    hst_status status = check_counts(events, person_time, interval, err);
    double n = events[0] + events[1], p = NAN;

    *out = (hst_before_after){{NAN, NAN}, no_effect, no_effect, NAN};
    out->difference.scale = HST_SCALE_DIFFERENCE;
    if (status != HST_OK) {
        return status;
    }
    out->rate[0] = events[0] / person_time[0];
    out->rate[1] = events[1] / person_time[1];
    out->ratio.estimate = out->rate[1] / out->rate[0];
    if (events[0] > 0 && events[1] > 0) {
        out->ratio.se = sqrt(1 / events[1] + 1 / events[0]);
    }
    set_limits(out, events, person_time[0] / person_time[1], interval, confidence);
    out->difference = normal_difference(
        out->rate[1] - out->rate[0],
        hypot(sqrt(events[1]) / person_time[1], sqrt(events[0]) / person_time[0]), confidence);
    if (is_whole(events[0]) && is_whole(events[1])) {
        p = exact_p(events[1], n, person_time[1] / (person_time[0] + person_time[1]));
        if (events[0] > 0 && events[1] > 0) {
            out->median_unbiased =
                mid_p_odds(events[1], n, 0.5) * (person_time[0] / person_time[1]);
        }
    }
    out->ratio.p = out->difference.p = p;
    return HST_OK;
}

/* ---- values with variances ---- */

hst_status hst_before_after_values(hst_before_after *out, const double value[2],
                                   const double variance[2], double confidence, hst_error *err)
{
    *out = (hst_before_after){{NAN, NAN}, no_effect, no_effect, NAN};
    out->difference.scale = HST_SCALE_DIFFERENCE;
    for (size_t i = 0; i < 2; i++) {
        const char *when = i == 0 ? "before" : "after";

        if (!isfinite(value[i]) || !isfinite(variance[i])) {
            return hst_fail(err, HST_REFUSED, "the value %s is missing or has no variance", when);
        }
        if (variance[i] < 0) {
            return hst_fail(err, HST_REFUSED, "the variance %s is negative", when);
        }
    }
    if (variance[0] + variance[1] == 0) {
        return hst_fail(err, HST_REFUSED, "neither value has a variance");
    }
    out->rate[0] = value[0];
    out->rate[1] = value[1];
    out->difference =
        normal_difference(value[1] - value[0], sqrt(variance[0] + variance[1]), confidence);
    if (value[0] > 0 && value[1] > 0) {
        out->ratio = normal_ratio(value[1] / value[0],
                                  hypot(sqrt(variance[1]) / value[1], sqrt(variance[0]) / value[0]),
                                  confidence);
    }
    return HST_OK;
}
