#ifndef HESTIA_SPAN_H
#define HESTIA_SPAN_H

#include "hestia/cube.h"
#include "hestia/population.h"

/** A measure's value over several periods together: what a site review sets side by side. */
typedef struct hst_span {
    size_t n_periods;
    double total_count; /**< events of all the periods (stays, readmitted); NAN: none given */
    double total_pop;   /**< denominators of the periods added up (working days of a count per
                           working day); NAN: none */
    double value, lowercl, uppercl; /**< at the first confidence level; NAN: withheld, not defined,
                                       or a statistic without limits */
    double variance;                /**< of the value; NAN: not known (hhi) */
    double excluded;                /**< events that exclude_providers took away */
    const char *note;               /**< static text or "": the first thing to be said */
} hst_span;

/** What spans are made from. May be used by several threads at once. */
typedef struct hst_spans hst_spans;

/**
 * Prepares what measures need beside the cube, as hst_results_compute does; what that tells the
 * ledger is not told again.
 *
 * @param out  receives what hst_spans_free frees; everything else is borrowed and outlives it
 * @param population  NULL when the study names none
 * @return whatever hst_results_compute refuses; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_spans_create(hst_spans **out, const hst_study *study,
                                           const hst_measures *measures, const hst_areas *areas,
                                           const hst_cube *cube, const hst_population *population,
                                           const hst_standard *standard, hst_error *err);

/** Frees the spans; NULL is allowed. */
void hst_spans_free(hst_spans *spans);

/**
 * Value of the main row of a measure's statistic over the periods first..last (of
 * hst_measures_periods of `type`), all sexes and ages. Events, days, people and what is expected
 * are added up over the periods stratum by stratum, then the statistic is worked out once:
 *
 *     rate  = per * sum(w[i] * X[i] / N[i]) / sum(w[i]), X[i] = sum of x[i], N[i] = sum of n[i]
 *     mean  = all days / all stays
 *     count = all events / number of periods; per working day: all events / all working days
 *
 * so that spans of different length compare: rates are those of a mean period (with `annualise` of
 * a year), counts and bed days those of a mean period. One period gives its row of results.csv.
 *
 * Variances are those of the statistic; of a count Poisson's, of bed days the sum of squared stays,
 * both where the row has no limits, too. Repeat-adjusted variances take the periods for
 * independent: they cannot see that a person came in two of them. People (unit person) count once
 * in each period. A dsr of fewer than min_events has neither value nor limits, but its variance.
 *
 * @param without  of a comparator: the area that is left out of it; SIZE_MAX: none. For an area
 *                 that is no member nothing is left out
 * @return HST_ERR_USAGE: a statistic without a value over several periods (growth, acs_score;
 *         dataset table), periods that the measure does not have; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_span_of(hst_span *out, const hst_spans *spans, size_t measure,
                                      bool is_group, size_t area, size_t without, hst_by type,
                                      size_t first, size_t last, hst_error *err);

#endif
