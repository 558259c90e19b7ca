/* Counts, rates, shares and indices of one unit. A comparator whose members have weights counts in
 * units of what one of its events is worth (see dsr.h): then nothing depends on the scale of the
 * weights. Without weights that is 1. */
#include "standardise/rate.h"

#include <math.h>

#include "hestia/indirect.h"

double rate_working_days(const rate_inputs *inputs, const rate_slice *slice)
{
    const hst_period *period = slice->period;
    size_t n = 0;

    if (!inputs->study->measures[slice->measure].per_working_day) {
        return 1;
    }
    return hst_working_days_count(&n, inputs->calendar, period->start, period->end, NULL) == HST_OK
               ? (double)n
               : NAN;
}

void rate_count(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    (void)is_published;
    r->total_count = r->value = unit->all[RATE_EVENTS];
    r->variance = unit->all_variance[RATE_EVENTS]; /* Poisson's */
    if (basis->measure->per_working_day) {
        r->total_pop = basis->working_days;
        r->value /= r->total_pop;
        r->variance /= r->total_pop * r->total_pop;
    }
    if (isnan(unit->all[RATE_EVENTS])) {
        r->notes = RATE_NO_VALUE;
    }
}

/* Limits of an effective number of events. */
static hst_limits limits_of_events(const hst_measure *measure, double events, double squares,
                                   bool is_exact, double confidence)
{
    if (measure->interval == HST_INTERVAL_REPEAT_ADJUSTED) {
        return hst_limits_repeat_adjusted(events, squares, confidence);
    }
    return is_exact ? hst_limits_poisson_exact(events, confidence)
                    : hst_limits_byar(events, confidence);
}

void rate_crude(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    const hst_measure *measure = basis->measure;
    double one = rate_unit_worth(unit, RATE_EVENTS);
    double events = unit->all[RATE_EVENTS] / one,
           scale = one * measure->per / unit->all_people / basis->working_days;
    double squares = unit->all_variance[RATE_SQUARES] / (one * one);

    (void)is_published;
    r->total_count = unit->all[RATE_EVENTS];
    if (!unit->has_people) {
        return;
    }
    r->total_pop = unit->all_people;
    if (!(unit->all_people > 0)) {
        r->notes = RATE_EMPTY_STRATUM;
        return;
    }
    r->value = events * scale;
    r->variance =
        (measure->interval == HST_INTERVAL_REPEAT_ADJUSTED ? squares : events) * scale * scale;
    r->is_exact = measure->interval == HST_INTERVAL_EXACT || events < HST_BYAR_FROM;
    for (size_t i = 0; i < measure->n_confidence; i++) {
        hst_limits limits =
            limits_of_events(measure, events, squares, r->is_exact, measure->confidence[i]);

        r->limits[i] = (hst_limits){limits.lower * scale, limits.upper * scale};
    }
}

void rate_dsr(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    const hst_measure *measure = basis->measure;
    double min_events = is_published ? measure->min_events : 0;
    const double *events = unit->sums[RATE_EVENTS], *variances = unit->variances[RATE_EVENTS];
    size_t n_strata = basis->slice->n_strata;
    double people = 0;
    hst_dsr dsr;

    r->total_count = 0;
    for (size_t i = 0; i < n_strata; i++) {
        r->total_count += events[i];
        people += unit->people[i];
    }
    if (!unit->has_people) {
        return;
    }
    r->total_pop = people;
    dsr = measure->interval == HST_INTERVAL_REPEAT_ADJUSTED
              ? hst_dsr_repeat_adjusted(events, variances, unit->variances[RATE_SQUARES],
                                        unit->people, basis->weights, n_strata, measure->per,
                                        measure->confidence, measure->n_confidence, min_events)
              : hst_dsr_compute(events, variances, unit->people, basis->weights, n_strata,
                                measure->per, measure->interval, measure->confidence,
                                measure->n_confidence, min_events);
    if (isnan(dsr.total_count)) {
        r->notes = RATE_EMPTY_STRATUM;
        return;
    }
    r->value = dsr.value;
    r->variance = dsr.variance;
    if (isnan(dsr.value)) {
        r->notes = RATE_FEW_EVENTS;
        return;
    }
    for (size_t i = 0; i < measure->n_confidence; i++) {
        r->limits[i] = dsr.limits[i];
        if (isnan(dsr.limits[i].lower) || isnan(dsr.limits[i].upper)) {
            r->notes = RATE_NO_LIMITS;
        }
    }
}

/* Stays, of each hundred as `per` is by default, that were followed by a readmission. */
void rate_readmission(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    const hst_measure *measure = basis->measure;
    double one = rate_unit_worth(unit, RATE_EVENTS);
    double n = unit->all[RATE_EVENTS] / one, readmitted = unit->all[RATE_READMITTED] / one;
    double share = readmitted / n;

    (void)is_published;
    r->total_count = unit->all[RATE_READMITTED];
    r->total_pop = unit->all[RATE_EVENTS];
    if (!(n > 0)) {
        r->notes = RATE_NO_STAYS;
        return;
    }
    r->value = measure->per * share;
    r->variance = measure->per * measure->per * share * (1 - share) / n;
    for (size_t i = 0; i < measure->n_confidence; i++) {
        hst_limits limits = hst_limits_wilson(readmitted, n, measure->confidence[i]);

        r->limits[i] = (hst_limits){measure->per * limits.lower, measure->per * limits.upper};
    }
}

/* Index, the base period being 100. */
void rate_growth(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    (void)basis;
    (void)is_published;
    r->total_count = unit->all[RATE_EVENTS];
    r->total_pop = unit->base;
    r->notes |= isnan(unit->all[RATE_EVENTS]) ? RATE_NO_VALUE : 0;
    r->notes |= unit->base > 0 ? 0 : RATE_NO_BASE;
    if (r->notes == 0) {
        r->value = 100 * unit->all[RATE_EVENTS] / unit->base;
    }
}

void rate_hhi(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows)
{
    hst_concentration c = hst_concentration_of(unit->providers, unit->n_providers);

    (void)basis;
    (void)is_published;
    rows[0].total_count = rows[1].total_count = c.total;
    rows[0].value = c.effective;
    rows[1].value = c.hhi;
}
