#ifndef HESTIA_SPAN_H
#define HESTIA_SPAN_H

#include "hestia/cube.h"
#include "hestia/population.h"

/** A measure's value over several periods together: what a site review sets side by side. */
typedef struct hst_span {
    size_t n_periods;
    double total_count, total_pop;            /**< denominators of the periods added up; NAN */
    double value, lowercl, uppercl, variance; /**< NAN where withheld or not defined */
    const char *note;                         /**< static text or "" */
} hst_span;

/** What spans are made from; borrows all of it. */
typedef struct hst_spans hst_spans;

HST_MUST_CHECK hst_status hst_spans_create(hst_spans **out, const hst_study *study,
                                           const hst_measures *measures, const hst_areas *areas,
                                           const hst_cube *cube, const hst_population *population,
                                           const hst_standard *standard, hst_ledger *ledger,
                                           hst_error *err);
void hst_spans_free(hst_spans *spans);

/**
 * Value over the periods first..last (of hst_measures_periods of `type`): events, days and people
 * of the periods are added up stratum by stratum, then the measure's statistic is worked out once.
 * A rate is so the mean rate of a period, weighted by people. Repeat-adjusted variances take the
 * periods for independent.
 *
 * @param without  of a comparator: the area that is left out of it; SIZE_MAX: none
 * @param out  its variance is that of the value, also where the statistic's limits are no normal
 * ones
 * @return HST_ERR_USAGE: a statistic without a value over several periods (growth, acs_score;
 * dataset table)
 */
HST_MUST_CHECK hst_status hst_span_of(hst_span *out, const hst_spans *spans, size_t measure,
                                      bool is_group, size_t area, size_t without, hst_by type,
                                      size_t first, size_t last, hst_error *err);

#endif
