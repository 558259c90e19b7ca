/* The rows of site-review.csv: what stood in the baseline and in the review, beside what happened
 * elsewhere, and one sentence that says it. */
#include "impact/impact_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* ---- the sentence ---- */

/* A number as a reader wants it: 9.87, 98.7, 9,876. */
static const char *number(double value, char text[32])
{
    double size = fabs(value);
    char digits[32];
    int length = 0, out = 0;

    if (size < 1000) {
        snprintf(text, 32, "%.*f", size < 10 ? 2 : 1, value);
        return text;
    }
    length = snprintf(digits, sizeof digits, "%.0f", value);
    for (int i = 0; i < length && out < 30; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-') {
            text[out++] = ',';
        }
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

static const char *percent(double share, char text[32])
{
    snprintf(text, 32, "%.*f %%", fabs(share) < 0.0995 ? 1 : 0, 100 * share);
    return text;
}

/* "2009-10 to 2010-02". */
static const char *span_label(const impact_case *c, const impact_range *range, char text[64])
{
    const hst_period *periods = c->series.periods;

    snprintf(text, 64, range->first == range->last ? "%s" : "%s to %s", periods[range->first].label,
             periods[range->last].label);
    return text;
}

/* What changed, in numbers. */
static void describe_change(char *text, size_t size, const impact_case *c, const hst_review *r)
{
    const char *title = c->inputs->study->measures[c->measure].title;
    const char *name = hst_areas_name(c->inputs->areas, c->area);
    const char *site = name[0] ? name : hst_areas_code(c->inputs->areas, c->area);
    const impact_range all = {0, c->series.n - 1};
    char before[32], after[32], when_before[64], when_after[64], here[32], there[32] = "";
    bool has_ranges = c->baseline.first <= c->baseline.last && c->review.first <= c->review.last;

    if (!has_ranges || isnan(r->baseline.value) || isnan(r->review.value)) {
        snprintf(text, size, "%s, %s, %s%s.", site, title, span_label(c, &all, when_after),
                 c->service->n_dates == 0 ? ""
                 : has_ranges             ? ": no value to compare"
                                          : ": no complete period to compare");
        return;
    }
    if (r->comparator[0] != '\0' && !isnan(r->comparator_percent)) {
        percent(r->comparator_percent / 100, there);
    }
    snprintf(text, size, "%s, %s: %s %s in %s, after %s in %s (%s%s%s%s%s).", site, title,
             number(r->review.value, after), r->unit, span_label(c, &c->review, when_after),
             number(r->baseline.value, before), span_label(c, &c->baseline, when_before),
             percent(r->change_percent / 100, here), there[0] ? "; " : "",
             there[0] ? r->comparator : "", there[0] ? " " : "", there);
}

/* The effect and its limits as relative changes: "-4.1 % (95 % limits -9.8 % to 1.9 %)". */
static const char *describe_effect(const impact_case *c, const impact_answer *answer,
                                   char text[128])
{
    const char *each = c->service->primary != HST_IMPACT_TREND ? ""
                       : c->by == HST_BY_MONTH                 ? " a month"
                       : c->by == HST_BY_QUARTER               ? " a quarter"
                                                               : " a year";
    const hst_effect *effect = &answer->effect;
    char estimate[32], lower[32], upper[32];

    if (isnan(effect->lower) || isnan(effect->upper)) {
        snprintf(text, 128, "%s%s", percent(impact_relative(answer, effect->estimate), estimate),
                 each);
    } else {
        snprintf(text, 128, "%s%s (95 %% limits %s to %s)",
                 percent(impact_relative(answer, effect->estimate), estimate), each,
                 percent(impact_relative(answer, effect->lower), lower),
                 percent(impact_relative(answer, effect->upper), upper));
    }
    return text;
}

static const char *hope(const impact_case *c, const impact_answer *answer)
{
    bool is_lower = impact_relative(answer, answer->effect.estimate) < 0;

    return c->service->expected == HST_EXPECTED_NONE ? ""
           : is_lower == (c->service->expected == HST_EXPECTED_LOWER)
               ? " It is what was hoped for."
               : " It is the opposite of what was hoped for.";
}

static const char *describe_doubt(const impact_case *c, const impact_evidence *e, impact_page *page)
{
    char effect[128], detectable[32];
    const hst_placebo *areas = &e->placebos.areas;

    if (e->is_refused) {
        return impact_text(page, "Cannot tell: %s.", e->refusal);
    }
    describe_effect(c, &e->answer, effect);
    if (e->break_flag[0] != '\0' && (!e->has_without || e->is_without_refused)) {
        return impact_text(page,
                           "Cannot tell: the estimate is %s, but recording may have changed (%s), "
                           "and there is no estimate without that.",
                           effect, e->break_flag);
    }
    if (impact_contradicts(e)) {
        char without[128];

        return impact_text(page,
                           "Cannot tell: the estimate is %s, but recording may have changed (%s); "
                           "without that it is %s.",
                           effect, e->break_flag, describe_effect(c, &e->without, without));
    }
    if (impact_direction(&e->answer.effect) != 0) {
        return areas->n > 1
                   ? impact_text(page,
                                 "Cannot tell: the estimate is %s, but in %zu of %zu other areas, "
                                 "which had no such service, as much happened.",
                                 effect, areas->n_as_strong - 1, areas->n - 1)
                   : impact_text(page,
                                 "Cannot tell: the estimate is %s, but there are no other areas to "
                                 "hold it against.",
                                 effect);
    }
    if (!e->has_power) {
        return impact_text(page,
                           "Cannot tell: the estimate is %s, and what would have shown cannot be "
                           "worked out.",
                           effect);
    }
    percent(e->power.detectable, detectable);
    return impact_text(page,
                       "Cannot tell: the estimate is %s, and only a change of about %s or more%s "
                       "would have shown (of interest: %.15g %%).",
                       effect, detectable,
                       c->service->primary == HST_IMPACT_TREND ? " over the whole series" : "",
                       100 * c->service->meaningful);
}

static const char *describe_verdict(const impact_case *c, const impact_evidence *e,
                                    hst_verdict verdict, impact_page *page)
{
    char effect[128], detectable[32];

    switch (verdict) {
    case HST_CHANGE:
        return impact_text(page, "A change: %s, more than in %zu of %zu other areas.%s%s",
                           describe_effect(c, &e->answer, effect),
                           e->placebos.areas.n - e->placebos.areas.n_as_strong,
                           e->placebos.areas.n - 1, hope(c, &e->answer),
                           c->service->n_dates == 0
                               ? ""
                               : " Whether the service is the cause the numbers alone cannot say.");
    case HST_NO_CLEAR_CHANGE:
        return impact_text(
            page, "No clear change: %s; a change of %s or more would probably have shown.",
            describe_effect(c, &e->answer, effect), percent(e->power.detectable, detectable));
    default:
        return describe_doubt(c, e, page);
    }
}

/* ---- rows ---- */

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
    r->change_percent = 100 * r->change / fabs(r->baseline.value);
    r->comparator_change = scale * (elsewhere[1].value - elsewhere[0].value);
    r->comparator_percent = 100 * (ratio - 1);
    r->difference = r->change - r->comparator_change;
    if (is_number) { /* review - baseline * ratio, by the delta method */
        both = r->review.variance + ratio * ratio * r->baseline.variance +
               scale * scale * (elsewhere[1].variance + ratio * ratio * elsewhere[0].variance);
    }
    r->difference_lower = r->difference - z95 * sqrt(both);
    r->difference_upper = r->difference + z95 * sqrt(both);
}

/* One comparator, or none (SIZE_MAX). */
static hst_status write_review(const impact_case *c, size_t group, const impact_evidence *e,
                               hst_verdict verdict, impact_page *page, hst_error *err)
{
    const hst_study_impact *service = c->service;
    const hst_period *periods = c->series.periods;
    hst_statistic statistic = c->inputs->study->measures[c->measure].statistic;
    bool is_there = group != SIZE_MAX;
    char changed[512];
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
    describe_change(changed, sizeof changed, c, &r);
    r.sentence = impact_text(page, "%s %s", changed, describe_verdict(c, e, verdict, page));
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
