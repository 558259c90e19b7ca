/* Days in hospital of one unit: means, bed days and their rate. */
#include <math.h>

#include "standardise/rate.h"

/* Share of the stays that the trimmed mean leaves out at each end. */
static const double trimmed_share = 0.05;

/* Weighted sums of one stay differ by as much from its weight. */
static const double weighting_error = 1e-9;

/* Rows of mean_los, in the order of their names. */
enum { MEAN, MEDIAN, P90, Q1, Q3, TRIMMED };

/*
 * The mean and its limits come from sums, which are exact, also for what is left of a comparator
 * without the area. With weights w of the members the variance of the mean is that of
 * sum(w n)^2 / sum(w^2 n) stays.
 */
static void mean_of_sums(const rate_basis *basis, const rate_unit *unit, rate *r)
{
    const hst_measure *measure = basis->measure;
    double one = rate_unit_worth(unit, RATE_EVENTS), n = unit->all[RATE_EVENTS];
    double squares = 0, variance = 0;

    r->value = unit->all[RATE_DAYS] / n;
    if (!(n > one * (1 + weighting_error))) {
        r->notes |= RATE_NO_LIMITS;
        return;
    }
    squares = fmax(0, unit->all[RATE_DAYS_SQUARED] - unit->all[RATE_DAYS] * r->value);
    variance = squares / (n - one);
    r->variance = variance * one / n;
    for (size_t i = 0; i < measure->n_confidence; i++) {
        r->limits[i] = hst_limits_mean(r->value, variance, n / one, measure->confidence[i]);
    }
}

void rate_mean_los(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows)
{
    hst_stay_summary summary;

    for (size_t i = 0; i < RATE_MAX_ROWS; i++) {
        rows[i].total_count = rows[i].total_pop = unit->all[RATE_EVENTS];
        rows[i].notes = unit->all[RATE_EVENTS] > 0 ? 0 : RATE_NO_STAYS;
    }
    if (!(unit->all[RATE_EVENTS] > 0)) {
        return;
    }
    mean_of_sums(basis, unit, &rows[MEAN]);
    if (is_published) {
        summary = hst_stay_summarise(unit->stays, unit->n_lengths,
                                     (uint32_t)basis->measure->los_cap, trimmed_share);
        rows[MEDIAN].value = summary.median;
        rows[P90].value = summary.p90;
        rows[Q1].value = summary.q1;
        rows[Q3].value = summary.q3;
        rows[TRIMMED].value = summary.trimmed_mean;
    }
}

void rate_std_mean_los(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    const hst_measure *measure = basis->measure;
    hst_std_mean mean;

    (void)is_published;
    r->total_count = 0;
    for (size_t i = 0; i < basis->slice->n_strata; i++) {
        double n = unit->sums[RATE_EVENTS][i];
        double one = n > 0 ? unit->variances[RATE_EVENTS][i] / n : 1;

        if (n < one * (1 + weighting_error)) {
            one = n > 0 ? n : 1;
        }
        r->total_count += n;
        basis->strata[i] = (hst_stay_stratum){.n = n / one,
                                              .sum = unit->sums[RATE_DAYS][i] / one,
                                              .sum_squared = unit->sums[RATE_DAYS_SQUARED][i] / one,
                                              .weight = basis->weights[i]};
    }
    r->total_pop = r->total_count;
    if (!(r->total_count > 0)) {
        r->notes = RATE_NO_STAYS;
        return;
    }
    mean = hst_stay_standardise(basis->strata, basis->slice->n_strata);
    r->value = mean.value;
    r->variance = mean.variance;
    r->n_dropped = mean.n_dropped;
    r->notes =
        (mean.n_borrowed > 0 ? RATE_BORROWED : 0) | (isnan(mean.variance) ? RATE_NO_LIMITS : 0);
    for (size_t i = 0; i < measure->n_confidence; i++) {
        r->limits[i] = hst_limits_normal(mean.value, mean.variance, measure->confidence[i]);
    }
}

void rate_bed_days(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    (void)basis;
    (void)is_published;
    r->total_count = unit->all[RATE_EVENTS];
    r->value = unit->all[RATE_DAYS];
    r->variance = unit->all_variance[RATE_DAYS_SQUARED];
}

void rate_bed_day_rate(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    const hst_measure *measure = basis->measure;
    double one = rate_unit_worth(unit, RATE_DAYS), people = unit->all_people / one;
    double days = unit->all[RATE_DAYS] / one;
    double squares = unit->all_variance[RATE_DAYS_SQUARED] / (one * one);

    (void)is_published;
    r->total_count = unit->all[RATE_EVENTS];
    if (!unit->has_people) {
        return;
    }
    r->total_pop = unit->all_people;
    if (!(people > 0)) {
        r->notes = RATE_EMPTY_STRATUM;
        return;
    }
    r->value = days / people * measure->per;
    r->variance = squares * (measure->per / people) * (measure->per / people);
    for (size_t i = 0; i < measure->n_confidence; i++) {
        r->limits[i] =
            hst_bed_day_limits(days, squares, NAN, people, measure->per,
                               measure->interval == HST_INTERVAL_NORMAL ? HST_BED_DAYS_NORMAL
                                                                        : HST_BED_DAYS_DOBSON_BYAR,
                               measure->confidence[i]);
        if (isnan(r->limits[i].lower) || isnan(r->limits[i].upper)) {
            r->notes = RATE_NO_LIMITS;
        }
    }
}
