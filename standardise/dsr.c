/* Directly standardised rates. Sums run over the strata in the order given, with plain additions:
 * the order is part of the result's last digits. */
#include "hestia/dsr.h"

#include <assert.h>
#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* What the limits are made of, per person (not per 100,000). c[i] = w[i] / (n[i] sum(w)) is the
 * rise of the rate by one event more in stratum i; `events` are those that the variance stands for.
 */
typedef struct rate_parts {
    double events, rate, variance;
    double max_c, mean_c, mean_c_squared;
} rate_parts;

/* Two moments turned into a gamma distribution. */
static double gamma_quantile(double tail, double mean, double variance, int is_lower_tail)
{
    return qgamma(tail, mean * mean / variance, variance / mean, is_lower_tail, 0);
}

static hst_limits dobson_limits(const rate_parts *p, hst_limits of_events)
{
    double scale = sqrt(p->variance / p->events); /* NAN without events: the method has no limits */

    return (hst_limits){p->rate + scale * (of_events.lower - p->events),
                        p->rate + scale * (of_events.upper - p->events)};
}

static hst_limits gamma_limits(const rate_parts *p, double added_rate, double added_variance,
                               double tail)
{
    return (hst_limits){
        p->rate > 0 ? gamma_quantile(tail, p->rate, p->variance, 1) : 0,
        gamma_quantile(tail, p->rate + added_rate, p->variance + added_variance, 0)};
}

/* Probability of at most `value` (or of more, when `is_lower_tail` is 0) in the equal mixture of
 * the two Fay-Feuer gammas. At rate 0 the lower one is all at 0. */
static double mixture_probability(const rate_parts *p, double value, int is_lower_tail)
{
    double mean = p->rate + p->max_c, variance = p->variance + p->max_c * p->max_c;
    double lower = is_lower_tail ? 1 : 0;
    double upper = pgamma(value, mean * mean / variance, variance / mean, is_lower_tail, 0);

    if (p->rate > 0) {
        lower =
            pgamma(value, p->rate * p->rate / p->variance, p->variance / p->rate, is_lower_tail, 0);
    }
    return (lower + upper) / 2;
}

/* Quantile of the mixture by bisection, down to neighbouring doubles; it lies between those of its
 * two parts. */
static double mixture_quantile(const rate_parts *p, double tail, int is_lower_tail)
{
    double upper_mean = p->rate + p->max_c;
    double upper_variance = p->variance + p->max_c * p->max_c;
    double low = p->rate > 0 ? gamma_quantile(tail, p->rate, p->variance, is_lower_tail) : 0;
    double high = gamma_quantile(tail, upper_mean, upper_variance, is_lower_tail);

    if (low > high) { /* rounding in large totals, where the two gammas are almost the same */
        double swapped = low;

        low = high;
        high = swapped;
    }
    for (;;) {
        double middle = low + (high - low) / 2;
        double probability = 0;

        if (!(middle > low && middle < high)) {
            return middle;
        }
        probability = mixture_probability(p, middle, is_lower_tail);
        if (is_lower_tail ? probability < tail : probability > tail) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

static hst_limits limits_of(const rate_parts *p, hst_interval interval, double confidence)
{
    double tail = (1 - confidence / 100) / 2;
    double half = 0;

    switch (interval) {
    case HST_INTERVAL_DEFAULT:
    case HST_INTERVAL_DOBSON_BYAR:
    case HST_INTERVAL_REPEAT_ADJUSTED: /* the variance is another */
        return dobson_limits(p, hst_limits_byar(p->events, confidence));
    case HST_INTERVAL_DOBSON_EXACT:
        return dobson_limits(p, hst_limits_poisson_exact(p->events, confidence));
    case HST_INTERVAL_FAY_FEUER:
        return gamma_limits(p, p->max_c, p->max_c * p->max_c, tail);
    case HST_INTERVAL_TIWARI:
        return gamma_limits(p, p->mean_c, p->mean_c_squared, tail);
    case HST_INTERVAL_MID_P:
        return (hst_limits){mixture_quantile(p, tail, 1), mixture_quantile(p, tail, 0)};
    case HST_INTERVAL_NORMAL:
        half = qnorm(tail, 0, 1, 0, 0) * sqrt(p->variance);
        return (hst_limits){p->rate - half, p->rate + half};
    case HST_INTERVAL_BYAR:
    case HST_INTERVAL_EXACT:
        break;
    }
    assert(false && "an interval that hst_dsr_has_interval refuses");
    return (hst_limits){NAN, NAN};
}

bool hst_dsr_has_interval(hst_interval interval)
{
    return interval != HST_INTERVAL_REPEAT_ADJUSTED && interval != HST_INTERVAL_BYAR &&
           interval != HST_INTERVAL_EXACT;
}

static hst_dsr refused(const char *note)
{
    hst_dsr dsr = {.total_count = NAN, .total_pop = NAN, .value = NAN, .variance = NAN};

    for (size_t i = 0; i < HST_MAX_CONFIDENCE; i++) {
        dsr.limits[i] = (hst_limits){NAN, NAN};
    }
    dsr.note = note;
    return dsr;
}

/* `s` is NULL where events are independent. */
static hst_dsr compute(const double *x, const double *v, const double *s, const double *n,
                       const double *w, size_t n_strata, double per, hst_interval interval,
                       const double *confidence, size_t n_confidence, double min_events)
{
    hst_dsr dsr = refused(NULL);
    rate_parts p = {0};
    double total_weight = 0, total_pop = 0, total_count = 0, total_variance = 0;
    double elsewhere = 1; /* what an event counts on average, for strata without one */

    assert(n_confidence <= HST_MAX_CONFIDENCE);
    for (size_t i = 0; i < n_strata; i++) {
        if (!(x[i] >= 0) || !isfinite(x[i])) {
            return refused("not computed: negative events in a band");
        }
        if (!(n[i] > 0) || !isfinite(n[i])) {
            return refused("not computed: no population in a band");
        }
        total_weight += w[i];
        total_pop += n[i];
        total_count += x[i];
        total_variance += v ? v[i] : x[i];
    }
    if (total_variance > 0) {
        elsewhere = total_variance / total_count;
    }
    if (!(total_weight > 0)) {
        return refused("not computed: the weights add up to nothing");
    }
    for (size_t i = 0; i < n_strata; i++) {
        double one = v && x[i] > 0 && v[i] > 0 ? v[i] / x[i] : elsewhere; /* what an event counts */
        double share = w[i] / (n[i] * total_weight);
        double c = one * share, events = x[i] / one;

        p.events += events;
        p.rate += c * events;
        p.variance += s ? share * share * s[i] : c * c * events;
        p.mean_c += c / (double)n_strata;
        p.mean_c_squared += c * c / (double)n_strata;
        p.max_c = c > p.max_c ? c : p.max_c;
    }

    dsr.total_count = total_count;
    dsr.total_pop = total_pop;
    dsr.variance = per * per * p.variance;
    if (p.events < min_events) {
        dsr.note = "withheld: fewer events than the minimum for a standardised rate";
        return dsr;
    }
    dsr.value = per * p.rate;
    for (size_t i = 0; i < n_confidence; i++) {
        hst_limits limits = limits_of(&p, interval, confidence[i]);

        dsr.limits[i] = (hst_limits){per * limits.lower, per * limits.upper};
        if (isnan(limits.lower) || isnan(limits.upper)) {
            dsr.note = "too few events for this interval";
        }
    }
    return dsr;
}

hst_dsr hst_dsr_compute(const double *x, const double *v, const double *n, const double *w,
                        size_t n_strata, double per, hst_interval interval,
                        const double *confidence, size_t n_confidence, double min_events)
{
    assert(hst_dsr_has_interval(interval));
    return compute(x, v, NULL, n, w, n_strata, per, interval, confidence, n_confidence, min_events);
}

hst_dsr hst_dsr_repeat_adjusted(const double *x, const double *v, const double *s, const double *n,
                                const double *w, size_t n_strata, double per,
                                const double *confidence, size_t n_confidence, double min_events)
{
    return compute(x, v, s, n, w, n_strata, per, HST_INTERVAL_REPEAT_ADJUSTED, confidence,
                   n_confidence, min_events);
}
