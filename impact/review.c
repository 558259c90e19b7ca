/* The rows of site-review.csv: what stood in the baseline and in the review, beside what happened
 * elsewhere. */
#include "impact/impact_internal.h"

#include <math.h>

static const double z95 = 1.959963984540054;

/* A span, empty where there is none or the statistic has no value over several periods. */
static hst_status read_span(hst_span *out, const impact_case *c, bool is_group, size_t area,
                            const impact_range *range, hst_error *err)
{
    hst_error refusal = {0};
    hst_status status = HST_OK;

    *out = (hst_span){.total_count = NAN,
                      .total_pop = NAN,
                      .value = NAN,
                      .lowercl = NAN,
                      .uppercl = NAN,
                      .variance = NAN,
                      .note = ""};
    if (range->first > range->last) {
        return HST_OK;
    }
    status = hst_span_of(out, c->source->spans, c->source_measure, is_group, area,
                         is_group ? c->area : SIZE_MAX, c->by, c->series.first + range->first,
                         c->series.first + range->last, &refusal);
    return status == HST_ERR_USAGE || status == HST_REFUSED ? HST_OK
           : status != HST_OK ? hst_fail(err, status, "%s", refusal.message)
                              : HST_OK;
}

static bool has_incomplete(const impact_case *c, const hst_window *window)
{
    for (size_t i = 0; i < c->series.n && window->from != HST_DATE_MISSING; i++) {
        const hst_period *period = &c->series.periods[i];

        if (period->start >= window->from && period->end <= window->to &&
            hst_cube_is_incomplete(c->source->cube, c->source_measure, period)) {
            return true;
        }
    }
    return false;
}

/* In percent; NAN of nothing. */
static double relative_to(double change, double base)
{
    return base != 0 ? 100 * change / fabs(base) : (double)NAN;
}

/*
 * Change, the comparator's, and their difference, with limits by the sum of variances. Numbers of
 * events or days of areas of different size do not compare: of those the comparator's relative
 * change is applied to the site's baseline.
 */
static void compare(hst_review *r, const hst_span elsewhere[2], bool is_number)
{
    double scale = is_number ? r->baseline.value / elsewhere[0].value : 1;
    double ratio = elsewhere[1].value / elsewhere[0].value;
    double own = r->baseline.variance + r->review.variance;
    double both = own + elsewhere[0].variance + elsewhere[1].variance;

    r->change = r->review.value - r->baseline.value;
    r->change_lower = r->change - z95 * sqrt(own);
    r->change_upper = r->change + z95 * sqrt(own);
    r->change_percent = relative_to(r->change, r->baseline.value);
    r->comparator_change = scale * (elsewhere[1].value - elsewhere[0].value);
    r->comparator_percent =
        relative_to(elsewhere[1].value - elsewhere[0].value, elsewhere[0].value);
    r->difference = r->change - r->comparator_change;
    if (is_number) { /* review - baseline * ratio, by the delta method */
        both = r->review.variance + ratio * ratio * r->baseline.variance +
               scale * scale * (elsewhere[1].variance + ratio * ratio * elsewhere[0].variance);
    }
    r->difference_lower = r->difference - z95 * sqrt(both);
    r->difference_upper = r->difference + z95 * sqrt(both);
}

/* An effect in percent of what would have been; NAN where it is relative to nothing. */
static double percent_of(const impact_evidence *e, double effect)
{
    bool is_relative = e->answer.effect.scale == HST_SCALE_RATIO || e->answer.base > 0;
    double share =
        e->is_refused || !is_relative ? (double)NAN : impact_relative(&e->answer, effect);

    return share < -1 ? -100 : impact_finite(100 * share); /* no fall takes below all */
}

/* One comparator, or none (SIZE_MAX). */
static hst_status write_review(const impact_case *c, size_t group, const impact_evidence *e,
                               hst_verdict verdict, impact_page *page, hst_error *err)
{
    const hst_study_impact *service = c->service;
    const hst_period *periods = c->series.periods;
    hst_statistic statistic = c->inputs->study->measures[c->measure].statistic;
    bool is_there = group != SIZE_MAX;
    hst_span elsewhere[2];
    hst_review r = {.impact = c->impact,
                    .site = c->area,
                    .measure = c->measure,
                    .unit = impact_unit(c, page),
                    .comparator = is_there ? hst_areas_group(c->inputs->areas, group)->name : "",
                    .p = e->answer.effect.p,
                    .p_method = e->is_refused ? hst_impact_method_name(service->primary)
                                              : e->answer.p_method,
                    .detectable = e->has_power ? e->power.detectable : (double)NAN,
                    .effect_percent = percent_of(e, e->answer.effect.estimate),
                    .effect_percent_lower = percent_of(e, e->answer.effect.lower),
                    .effect_percent_upper = percent_of(e, e->answer.effect.upper),
                    .expected = service->expected,
                    .verdict = verdict,
                    .break_flag = e->break_flag,
                    .is_incomplete = has_incomplete(c, &service->baseline) ||
                                     has_incomplete(c, &service->review)};
    hst_status status = HST_OK;

    r.baseline_from = r.baseline_to = r.review_from = r.review_to = HST_DATE_MISSING;
    if (c->baseline.first <= c->baseline.last) {
        r.baseline_from = periods[c->baseline.first].start;
        r.baseline_to = periods[c->baseline.last].end;
    }
    if (c->review.first <= c->review.last) {
        r.review_from = periods[c->review.first].start;
        r.review_to = periods[c->review.last].end;
    }
    if ((status = read_span(&r.baseline, c, false, c->area, &c->baseline, err)) != HST_OK ||
        (status = read_span(&r.review, c, false, c->area, &c->review, err)) != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < 2; i++) {
        static const impact_range none = {1, 0};
        const impact_range *range = !is_there ? &none : i == 0 ? &c->baseline : &c->review;

        if ((status = read_span(&elsewhere[i], c, true, group, range, err)) != HST_OK) {
            return status;
        }
    }
    compare(&r, elsewhere, statistic == HST_STAT_COUNT || statistic == HST_STAT_BED_DAYS);
    impact_sentence(c, &r, e, page);
    return impact_add_review(page, &r, err);
}

hst_status impact_write_reviews(const impact_case *c, const impact_evidence *evidence,
                                impact_page *page, hst_error *err)
{
    const hst_texts *names = &c->service->comparators;
    hst_verdict verdict = impact_judge(c, evidence);
    hst_status status = HST_OK;
    size_t n = 0;

    for (size_t i = 0; i < names->n && c->service->n_dates > 0 && status == HST_OK; i++) {
        size_t group = impact_group_of(c->inputs->areas, names->items[i], c->area);

        if (group != SIZE_MAX) {
            status = write_review(c, group, evidence, verdict, page, err);
            n++;
        }
    }
    return status == HST_OK && n == 0 ? write_review(c, SIZE_MAX, evidence, verdict, page, err)
                                      : status;
}
