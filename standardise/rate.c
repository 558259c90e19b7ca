#include "standardise/rate.h"

#include <math.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

const char *const rate_sentences[RATE_N_SENTENCES] = {
    "no population of this area, or of one of the comparator's, in the year",
    "the population is not known for this split value",
    "a band without population",
    "fewer events than min_events: value and limits withheld",
    "too few events for this interval",
    "the last bands of the standard are merged, as the population's last band is open",
    "the denominator is the population of all ages and both sexes",
    "the denominator is the population of all ethnic groups and levels of deprivation",
};

static rate rate_of_count(const rate_unit *unit)
{
    return (rate){.total_count = unit->all_events,
                  .total_pop = NAN,
                  .value = unit->all_events,
                  .variance = NAN,
                  .limits = {{NAN, NAN}, {NAN, NAN}}};
}

static rate crude_rate(const hst_measure *measure, const rate_unit *unit)
{
    rate r = rate_of_count(unit);
    bool is_any = unit->all_events > 0 && unit->all_variance > 0;
    double one = is_any ? unit->all_variance / unit->all_events : 1; /* see dsr.h */
    double events = unit->all_events / one, scale = one * measure->per / unit->all_people;

    r.value = NAN;
    if (!unit->has_people) {
        return r;
    }
    r.total_pop = unit->all_people;
    if (!(unit->all_people > 0)) {
        r.notes = RATE_EMPTY_STRATUM;
        return r;
    }
    r.value = events * scale;
    r.variance = events * scale * scale;
    r.is_exact = measure->interval == HST_INTERVAL_EXACT || events < HST_BYAR_FROM;
    for (size_t i = 0; i < measure->n_confidence; i++) {
        hst_limits limits = r.is_exact ? hst_limits_poisson_exact(events, measure->confidence[i])
                                       : hst_limits_byar(events, measure->confidence[i]);

        r.limits[i] = (hst_limits){limits.lower * scale, limits.upper * scale};
    }
    return r;
}

static rate directly_standardised(const hst_measure *measure, const rate_slice *slice,
                                  const rate_unit *unit, const double *weights, double min_events)
{
    rate r = rate_of_count(unit);
    double people = 0;
    hst_dsr dsr;

    r.value = NAN;
    r.total_count = 0;
    for (size_t i = 0; i < slice->n_strata; i++) {
        r.total_count += unit->events[i];
        people += unit->people[i];
    }
    if (!unit->has_people) {
        return r;
    }
    r.total_pop = people;
    dsr = hst_dsr_compute(unit->events, unit->variances, unit->people, weights, slice->n_strata,
                          measure->per, measure->interval, measure->confidence,
                          measure->n_confidence, min_events);
    if (isnan(dsr.total_count)) {
        r.notes = RATE_EMPTY_STRATUM;
        return r;
    }
    r.value = dsr.value;
    r.variance = dsr.variance;
    if (isnan(dsr.value)) {
        r.notes = RATE_FEW_EVENTS;
        return r;
    }
    for (size_t i = 0; i < measure->n_confidence; i++) {
        r.limits[i] = dsr.limits[i];
        if (isnan(dsr.limits[i].lower) || isnan(dsr.limits[i].upper)) {
            r.notes = RATE_NO_LIMITS;
        }
    }
    return r;
}

/* True for sexes that are neither one nor both of those of a population. */
static bool is_odd_choice(const hst_texts *sexes)
{
    bool has[2] = {false, false};

    for (size_t i = 0; i < sexes->n; i++) {
        has[0] = has[0] || strcmp(sexes->items[i], "1") == 0;
        has[1] = has[1] || strcmp(sexes->items[i], "2") == 0;
    }
    return sexes->n > 1 && !(sexes->n == 2 && has[0] && has[1]);
}

/* Where the events are those of a part of the people, and the denominator is not. */
static unsigned char notes_on_denominator(const hst_measure *measure, const rate_slice *slice)
{
    const hst_where *where = &measure->where;
    unsigned char notes = 0;

    if ((where->has_age && slice->all_ages) || is_odd_choice(&where->codes[HST_WHERE_SEX])) {
        notes |= RATE_ALL_AGES;
    }
    if (where->codes[HST_WHERE_ETHNICITY].n > 0 ||
        where->codes[HST_WHERE_DEPRIVATION_QUINTILE].n > 0 ||
        (slice->split > 0 &&
         (measure->split == HST_SPLIT_ETHNICITY || measure->split == HST_SPLIT_DEPRIVATION))) {
        notes |= RATE_ALL_GROUPS;
    }
    return notes;
}

rate rate_of(const rate_inputs *inputs, const rate_slice *slice, const rate_unit *unit,
             const double *weights, bool is_published)
{
    const hst_measure *measure = &inputs->study->measures[slice->measure];
    rate r;

    if (measure->statistic == HST_STAT_COUNT) {
        return rate_of_count(unit);
    }
    r = measure->statistic == HST_STAT_CRUDE_RATE
            ? crude_rate(measure, unit)
            : directly_standardised(measure, slice, unit, weights,
                                    is_published ? measure->min_events : 0);
    if (!unit->has_people) {
        r.notes |= slice->has_population ? RATE_NO_POPULATION : RATE_NO_OWN_POPULATION;
    } else if (measure->statistic == HST_STAT_DSR &&
               inputs->standard->bands.n < inputs->counted->bands.n) {
        r.notes |= RATE_MERGED;
    }
    if (!isnan(r.value)) {
        r.notes |= notes_on_denominator(measure, slice);
    }
    return r;
}

const char *rate_compare(const hst_measure *measure, const rate *area, const rate *reference)
{
    double z = 0, limit = 0;
    bool is_lower = area->value < reference->value;

    if (!(area->value > 0) || !(reference->value > 0) || measure->statistic == HST_STAT_COUNT) {
        return "";
    }
    z = fabs(log(area->value / reference->value)) /
        sqrt(area->variance / (area->value * area->value) +
             reference->variance / (reference->value * reference->value));
    limit = qnorm((1 - measure->confidence[0] / 100) / 2, 0, 1, 0, 0);
    if (!(z > limit)) {
        return "similar";
    }
    switch (measure->direction) {
    case HST_DIRECTION_LOWER_IS_BETTER:
        return is_lower ? "better" : "worse";
    case HST_DIRECTION_HIGHER_IS_BETTER:
        return is_lower ? "worse" : "better";
    case HST_DIRECTION_NEUTRAL:
        break;
    }
    return is_lower ? "lower" : "higher";
}
