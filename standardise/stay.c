/* Lengths of stay. Same-day stays are 0 days and count. Sums of days are taken in integers where
 * the stays come as counts; everything else runs in the order given. */
#include "hestia/stay.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static double capped(const hst_stay_count *stays, uint32_t cap)
{
    return cap > 0 && stays->days > cap ? cap : stays->days;
}

/* The stay number `at` from the shortest, from 0. */
static double stay_at(const hst_stay_count *stays, size_t n_lengths, uint32_t cap, uint64_t at)
{
    uint64_t before = 0;
    size_t i = 0;

    while (i + 1 < n_lengths && before + stays[i].n <= at) {
        before += stays[i++].n;
    }
    return capped(&stays[i], cap);
}

/* Type 7: between the stays around (n - 1) p. */
static double quantile(const hst_stay_count *stays, size_t n_lengths, uint32_t cap, uint64_t n,
                       double p)
{
    double position = (double)(n - 1) * p;
    uint64_t below = (uint64_t)position; /* at most n - 1 */
    double low = stay_at(stays, n_lengths, cap, below);
    double high = below + 1 < n ? stay_at(stays, n_lengths, cap, below + 1) : low;

    return low + (position - (double)below) * (high - low);
}

/* Mean of the stays from number `from` to number `to`, which is not among them. */
static double mean_between(const hst_stay_count *stays, size_t n_lengths, uint32_t cap,
                           uint64_t from, uint64_t to)
{
    uint64_t before = 0;
    double days = 0;

    for (size_t i = 0; i < n_lengths; i++) {
        uint64_t first = before > from ? before : from, last = before + stays[i].n;

        before = last;
        last = last < to ? last : to;
        if (last > first) {
            days += (double)(last - first) * capped(&stays[i], cap);
        }
    }
    return days / (double)(to - from);
}

hst_stay_summary hst_stay_summarise(const hst_stay_count *stays, size_t n_lengths, uint32_t cap,
                                    double trim)
{
    hst_stay_summary summary = {0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    double squares = 0;
    uint64_t n = 0, n_cut = 0;

    for (size_t i = 0; i < n_lengths; i++) {
        n += stays[i].n;
    }
    if (n == 0) {
        return summary;
    }
    summary.n = (double)n;
    summary.mean = mean_between(stays, n_lengths, cap, 0, n);
    if (n > 1) {
        for (size_t i = 0; i < n_lengths; i++) {
            double distance = capped(&stays[i], cap) - summary.mean;

            squares += (double)stays[i].n * distance * distance;
        }
        summary.variance = squares / (double)(n - 1);
        summary.se = sqrt(summary.variance / (double)n);
    }
    summary.q1 = quantile(stays, n_lengths, cap, n, 0.25);
    summary.median = quantile(stays, n_lengths, cap, n, 0.5);
    summary.q3 = quantile(stays, n_lengths, cap, n, 0.75);
    summary.p90 = quantile(stays, n_lengths, cap, n, 0.9);
    summary.trim_point = summary.q3 + 1.5 * (summary.q3 - summary.q1);
    n_cut = (uint64_t)floor((double)n * trim);
    summary.trimmed_mean = 2 * n_cut < n ? mean_between(stays, n_lengths, cap, n_cut, n - n_cut)
                                         : summary.median; /* nothing is left */
    return summary;
}

/* Squared distances from the stratum's mean; never below 0 by rounding. */
static double squares_within(const hst_stay_stratum *stratum)
{
    return fmax(0, stratum->sum_squared - stratum->sum * stratum->sum / stratum->n);
}

/* Variance within strata of all with two stays or more; NAN when there is none. */
static double pooled_variance(const hst_stay_stratum *strata, size_t n_strata)
{
    double squares = 0, freedom = 0;

    for (size_t i = 0; i < n_strata; i++) {
        if (strata[i].n > 1) {
            squares += squares_within(&strata[i]);
            freedom += strata[i].n - 1;
        }
    }
    return freedom > 0 ? squares / freedom : NAN;
}

hst_std_mean hst_stay_standardise(const hst_stay_stratum *strata, size_t n_strata)
{
    hst_std_mean mean = {.value = NAN, .variance = NAN};
    double pooled = pooled_variance(strata, n_strata);
    double total_weight = 0, value = 0, variance = 0;

    for (size_t i = 0; i < n_strata; i++) {
        const hst_stay_stratum *s = &strata[i];
        double within = pooled;

        if (!(s->weight > 0)) {
            continue;
        }
        if (!(s->n > 0)) {
            mean.n_dropped++;
            continue;
        }
        if (s->n > 1) {
            within = squares_within(s) / (s->n - 1);
        } else {
            mean.n_borrowed++;
        }
        total_weight += s->weight;
        value += s->weight * s->sum / s->n;
        variance += s->weight * s->weight * within / s->n;
    }
    if (total_weight > 0) {
        mean.value = value / total_weight;
        mean.variance = variance / (total_weight * total_weight);
    }
    return mean;
}

hst_limits hst_limits_normal(double value, double variance, double confidence)
{
    double half = qnorm((1 - confidence / 100) / 2, 0, 1, 0, 0) * sqrt(variance);

    return (hst_limits){value - half, value + half};
}

/* As Fay and Feuer's: the upper limit adds the longest stay once more. */
static hst_limits gamma_limits(double mean, double variance, double longest, double confidence)
{
    double tail = (1 - confidence / 100) / 2;
    double upper_mean = mean + longest, upper_variance = variance + longest * longest;

    return (hst_limits){
        qgamma(tail, mean * mean / variance, variance / mean, 1, 0),
        qgamma(tail, upper_mean * upper_mean / upper_variance, upper_variance / upper_mean, 0, 0)};
}

hst_limits hst_bed_day_limits(double bed_days, double squares, double longest, double population,
                              double per, hst_bed_day_interval interval, double confidence)
{
    double scale = sqrt(squares / bed_days);
    hst_limits limits = {NAN, NAN};

    if (!(bed_days > 0) || !(population > 0)) {
        return limits;
    }
    switch (interval) {
    case HST_BED_DAYS_DOBSON_BYAR:
        limits = hst_limits_byar(bed_days, confidence);
        limits = (hst_limits){bed_days + scale * (limits.lower - bed_days),
                              bed_days + scale * (limits.upper - bed_days)};
        break;
    case HST_BED_DAYS_NORMAL:
        limits = hst_limits_normal(bed_days, squares, confidence);
        break;
    case HST_BED_DAYS_LOG:
        limits = hst_limits_normal(0, squares / (bed_days * bed_days), confidence);
        limits = (hst_limits){bed_days * exp(limits.lower), bed_days * exp(limits.upper)};
        break;
    case HST_BED_DAYS_GAMMA:
        limits = gamma_limits(bed_days, squares, longest, confidence);
        break;
    }
    return (hst_limits){per * limits.lower / population, per * limits.upper / population};
}
