/* The methods of a service, asked of one case each: which numbers they read, what they answer, and
 * the rows they leave in impact.csv. */
#include "impact/impact_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/before_after.h"
#include "hestia/spc.h"
#include "hestia/trend.h"

static const double confidence = 95, z95 = 1.959963984540054;

hst_finding impact_finding(const impact_case *c, const char *method, const char *term)
{
    return (hst_finding){.impact = c->impact,
                         .site = c->area,
                         .measure = c->measure,
                         .method = method,
                         .comparator = "",
                         .term = term,
                         .unit = "",
                         .estimate = NAN,
                         .se = NAN,
                         .lower = NAN,
                         .upper = NAN,
                         .p = NAN,
                         .detectable = NAN,
                         .break_flag = "",
                         .excluded = "",
                         .note = "",
                         .placebo_dates = NAN,
                         .placebo_areas = NAN};
}

/* 100000 as "100,000". */
static void group_digits(double number, char text[32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%.0f", number), out = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            text[out++] = ',';
        }
        text[out++] = digits[i];
    }
    text[out] = '\0';
}

const char *impact_unit(const impact_case *c, impact_page *page)
{
    const hst_measure *measure = &c->source->study->measures[c->source_measure];
    const char *time = measure->annualise         ? "year"
                       : measure->per_working_day ? "working day"
                                                  : hst_period_type_name(c->by);
    char per[32];

    switch (measure->statistic) {
    case HST_STAT_COUNT:
        return impact_text(page, "events a %s", time);
    case HST_STAT_CRUDE_RATE:
    case HST_STAT_DSR:
    case HST_STAT_ISR:
    case HST_STAT_BED_DAY_RATE:
        group_digits(measure->per, per);
        return impact_text(page, "per %s a %s", per, time);
    case HST_STAT_READMISSION:
        group_digits(measure->per, per);
        return measure->per == 100 ? "percent" : impact_text(page, "per %s stays", per);
    case HST_STAT_SMR:
        group_digits(measure->per, per);
        return measure->per == 1 ? "times expected" : impact_text(page, "per %s expected", per);
    case HST_STAT_HHI:
        return "on a scale of 0 to 1";
    case HST_STAT_BED_DAYS:
        return impact_text(page, "days a %s", time);
    case HST_STAT_MEAN_LOS:
    case HST_STAT_STD_MEAN_LOS:
        return "days";
    default:
        return hst_statistic_name(measure->statistic);
    }
}

double impact_finite(double number)
{
    return isfinite(number) ? number : (double)NAN;
}

double impact_relative(const impact_answer *answer, double estimate)
{
    return answer->effect.scale == HST_SCALE_RATIO ? estimate - 1 : estimate / fabs(answer->base);
}

hst_status impact_add_effect(const impact_case *c, impact_page *page, const char *method,
                             const char *term, const hst_effect *effect, const char *note,
                             const impact_answer *answer, hst_error *err)
{
    hst_finding row = impact_finding(c, method, term);

    row.unit = effect->scale == HST_SCALE_RATIO ? "ratio" : impact_unit(c, page);
    row.estimate = impact_finite(effect->estimate);
    row.se = effect->se;
    row.lower = effect->lower;
    row.upper = impact_finite(effect->upper);
    row.p = effect->p;
    row.n_before = answer->n_before;
    row.n_after = answer->n_after;
    row.note = isinf(effect->estimate) ? "no events before, so the ratio has no end" : note;
    return impact_add_finding(page, &row, err);
}

/* ---- pre_post ---- */

/* Baseline and review of the site, or of its comparator without it. */
static hst_status read_spans(hst_span spans[2], const impact_case *c, bool is_group, hst_error *err)
{
    static const char *const names[] = {"baseline", "review"};
    const impact_range *ranges[] = {&c->baseline, &c->review};
    hst_status status = HST_OK;

    for (size_t i = 0; i < 2 && status == HST_OK; i++) {
        const impact_range *range = ranges[i];

        status = range->first > range->last
                     ? hst_fail(err, HST_REFUSED, "no complete period in the %s", names[i])
                     : hst_span_of(
                           &spans[i], c->source->spans, c->source_measure, is_group,
                           is_group ? c->comparator : c->area, is_group ? c->area : SIZE_MAX, c->by,
                           c->series.first + range->first, c->series.first + range->last, err);
    }
    return status;
}

/* Rates are of people, counts of working days or of periods. */
static double person_time_of(const impact_case *c, const hst_span *span)
{
    bool is_rate = c->source->study->measures[c->source_measure].statistic == HST_STAT_CRUDE_RATE;

    return is_rate || span->total_pop > 0 ? span->total_pop : (double)span->n_periods;
}

/* Ratios of counts; not of rates whose limits the study wants to allow for repeated admissions. */
static bool compares_counts(const impact_case *c)
{
    return impact_is_count(c) &&
           c->source->study->measures[c->source_measure].interval != HST_INTERVAL_REPEAT_ADJUSTED;
}

/* Ratio and difference of two spans. */
static hst_status set_side_by_side(hst_before_after *out, const impact_case *c,
                                   const hst_span spans[2], hst_error *err)
{
    return compares_counts(c)
               ? hst_before_after_counts(
                     out, (const double[2]){spans[0].total_count, spans[1].total_count},
                     (const double[2]){person_time_of(c, &spans[0]), person_time_of(c, &spans[1])},
                     (hst_ratio_interval)c->options.pre_post_interval, confidence, err)
               : hst_before_after_values(out, (const double[2]){spans[0].value, spans[1].value},
                                         (const double[2]){spans[0].variance, spans[1].variance},
                                         confidence, err);
}

/* Takes the comparator's effect off the site's: ratio of ratios, difference of differences, with
 * normal limits on the scale of the logarithm or of the measure. */
static hst_status take_off_comparator(hst_effect *effect, const impact_case *c, hst_error *err)
{
    bool is_ratio = effect->scale == HST_SCALE_RATIO;
    hst_before_after result;
    const hst_effect *other = is_ratio ? &result.ratio : &result.difference;
    hst_span spans[2];
    double change = NAN, se = NAN;
    hst_status status = read_spans(spans, c, true, err);

    if (status == HST_OK) {
        status = set_side_by_side(&result, c, spans, err);
    }
    if (status != HST_OK) {
        return status;
    }
    change = is_ratio ? log(effect->estimate) - log(other->estimate)
                      : effect->estimate - other->estimate;
    se = sqrt(effect->se * effect->se + other->se * other->se);
    effect->se = se;
    effect->estimate = is_ratio ? exp(change) : change;
    effect->lower = is_ratio ? exp(change - z95 * se) : change - z95 * se;
    effect->upper = is_ratio ? exp(change + z95 * se) : change + z95 * se;
    effect->p = 2 * pnorm(fabs(change / se), 0, 1, 0, 0);
    return HST_OK;
}

static hst_status ask_pre_post(impact_answer *out, const impact_case *c, impact_page *page,
                               hst_error *err)
{
    static const char *const intervals[] = {"exact", "Wald", "mid-P"};
    bool counts = compares_counts(c);
    hst_span spans[2];
    hst_before_after result;
    hst_status status = read_spans(spans, c, false, err);

    if (status == HST_OK) {
        status = set_side_by_side(&result, c, spans, err);
    }
    if (status != HST_OK) {
        return status;
    }
    out->effect = counts ? result.ratio : result.difference;
    out->base = spans[0].value;
    out->n_before = spans[0].n_periods;
    out->n_after = spans[1].n_periods;
    out->term = counts ? "ratio" : "difference";
    if (c->takes_off_comparator) {
        return take_off_comparator(&out->effect, c, err);
    }
    if (!page) {
        return HST_OK;
    }
    out->p_method = counts ? impact_text(page, "pre_post: ratio of rates, %s limits, exact test",
                                         intervals[c->options.pre_post_interval])
                           : "pre_post: difference, normal";
    if (counts) { /* of rates as the measure gives them; one of both has events */
        const hst_span *span = &spans[spans[1].total_count > 0];
        double scale = span->value * person_time_of(c, span) / span->total_count;

        result.difference.estimate *= scale;
        result.difference.se *= scale;
        result.difference.lower *= scale;
        result.difference.upper *= scale;
    }
    status = impact_add_effect(c, page, "pre_post", "ratio", &result.ratio, "", out, err);
    return status == HST_OK ? impact_add_effect(c, page, "pre_post", "difference",
                                                &result.difference, "", out, err)
                            : status;
}

/* ---- trend ---- */

static const char *const trend_names[] = {
    [HST_TREND_BY_OLS] = "least squares",
    [HST_TREND_BY_NEWEY_WEST] = "least squares, Newey-West errors",
    [HST_TREND_BY_PRAIS_WINSTEN] = "Prais-Winsten",
};

static hst_status fit_trend(hst_trend *out, const impact_case *c, int errors, hst_error *err)
{
    static const hst_trend_errors kinds[] = {
        [HST_TREND_BY_OLS] = HST_TREND_OLS,
        [HST_TREND_BY_NEWEY_WEST] = HST_TREND_NEWEY_WEST,
        [HST_TREND_BY_PRAIS_WINSTEN] = HST_TREND_PRAIS_WINSTEN,
    };
    hst_trend_options options = {.errors = kinds[errors],
                                 .lag = c->options.trend_lag,
                                 .is_adjusted = true,
                                 .confidence = confidence};

    return hst_trend_fit(out, c->series.t, c->series.values, c->series.n, &options, err);
}

static hst_status add_trend_term(const impact_case *c, const char *name, const hst_term *term,
                                 const char *unit, const char *note, const impact_answer *answer,
                                 impact_page *page, hst_error *err)
{
    hst_finding row = impact_finding(c, "trend", name);

    row.unit = unit;
    row.estimate = term->estimate;
    row.se = term->se;
    row.lower = term->lower;
    row.upper = term->upper;
    row.p = term->p;
    row.n_before = answer->n_before;
    row.n_after = answer->n_after;
    row.note = note;
    return impact_add_finding(page, &row, err);
}

/* Intercept and slope, and the slope with Newey-West's errors where they are not the declared
 * ones. */
static hst_status add_trend(const impact_case *c, const hst_trend *trend,
                            const impact_answer *answer, impact_page *page, hst_error *err)
{
    const char *unit = impact_unit(c, page);
    const char *slope_unit = impact_text(page, "%s, each %s", unit, hst_period_type_name(c->by));
    const char *note =
        impact_text(page, "%s; Durbin-Watson %.3f, p %.3g", trend_names[c->options.trend_errors],
                    trend->dw, trend->dw_p_two_sided);
    hst_trend beside;
    hst_status status =
        add_trend_term(c, "intercept", &trend->intercept, unit, note, answer, page, err);

    if (status == HST_OK) {
        status = add_trend_term(c, "slope", &trend->slope, slope_unit, note, answer, page, err);
    }
    if (status != HST_OK || c->options.trend_errors == HST_TREND_BY_NEWEY_WEST) {
        return status;
    }
    status = fit_trend(&beside, c, HST_TREND_BY_NEWEY_WEST, err);
    return status == HST_OK
               ? add_trend_term(c, "slope_newey_west", &beside.slope, slope_unit,
                                impact_text(page, "%s of lag %zu",
                                            trend_names[HST_TREND_BY_NEWEY_WEST], beside.lag),
                                answer, page, err)
               : status;
}

static hst_status ask_trend(impact_answer *out, const impact_case *c, impact_page *page,
                            hst_error *err)
{
    hst_trend trend;
    double sum = 0;
    hst_status status = fit_trend(&trend, c, (int)c->options.trend_errors, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < c->series.n; i++) {
        sum += isnan(c->series.values[i]) ? 0 : c->series.values[i];
    }
    out->effect = (hst_effect){HST_SCALE_DIFFERENCE, trend.slope.estimate, trend.slope.se,
                               trend.slope.lower,    trend.slope.upper,    trend.slope.p};
    out->base = sum / (double)trend.n;
    out->term = "slope";
    out->n_before = c->start > 0 ? impact_count_points(c->series.values, 0, c->start - 1) : 0;
    out->n_after = trend.n - out->n_before;
    if (!page) {
        return HST_OK;
    }
    out->p_method = impact_text(page, "trend: %s, t", trend_names[c->options.trend_errors]);
    return add_trend(c, &trend, out, page, err);
}

/* ---- spc ---- */

/* Special causes after the date, against limits from the points before it. */
static hst_status ask_spc(impact_answer *out, const impact_case *c, impact_page *page,
                          hst_error *err)
{
    size_t n = 0, n_before = 0, n_causes = 0;
    double *y = calloc(c->series.n, sizeof *y);
    hst_spc_point *points = calloc(c->series.n, sizeof *points);
    hst_finding row = impact_finding(c, "spc", "special_causes");
    hst_spc_options options = {.is_screened = !c->options.spc_unscreened};
    hst_status status = HST_OK;

    if (!y || !points) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a chart");
        goto done;
    }
    for (size_t i = 0; i < c->series.n; i++) {
        if (!isnan(c->series.values[i])) {
            n_before += i < c->start;
            y[n++] = c->series.values[i];
        }
    }
    if (n_before < 2 || n == n_before) {
        status = hst_fail(err, HST_REFUSED, "too few points: %zu before, %zu after", n_before,
                          n - n_before);
        goto done;
    }
    options.n_fixed = n_before;
    status = hst_spc_chart(points, y, n, &options, err);
    if (status != HST_OK) {
        goto done;
    }
    if (isnan(points[0].lower)) {
        status = hst_fail(err, HST_REFUSED, "a constant series before the date");
        goto done;
    }
    for (size_t i = n_before; i < n; i++) {
        n_causes += points[i].cause != HST_SPC_COMMON;
    }
    out->n_before = n_before;
    out->n_after = n - n_before;
    out->term = row.term;
    out->effect = (hst_effect){HST_SCALE_DIFFERENCE, (double)n_causes, NAN, NAN, NAN, NAN};
    if (page) {
        row.unit = "points";
        row.estimate = (double)n_causes;
        row.n_before = n_before;
        row.n_after = n - n_before;
        row.note = impact_text(
            page, "of the points before the date: mean %.6g, limits %.6g to %.6g%s", points[0].mean,
            points[0].lower, points[0].upper, n_before < 13 ? "; fewer than 13 points" : "");
        status = impact_add_finding(page, &row, err);
    }

done:
    free(y);
    free(points);
    return status;
}

/* ---- all ---- */

hst_status impact_ask(impact_answer *out, const impact_case *c, hst_impact_method method,
                      impact_page *page, hst_error *err)
{
    static hst_status (*const methods[HST_N_IMPACT_METHODS])(impact_answer *, const impact_case *,
                                                             impact_page *, hst_error *) = {
        [HST_IMPACT_PRE_POST] = ask_pre_post,
        [HST_IMPACT_TREND] = ask_trend,
        [HST_IMPACT_ITS] = impact_ask_its,
        [HST_IMPACT_DID] = impact_ask_did,
        [HST_IMPACT_SYNTHETIC_CONTROL] = impact_ask_synthetic,
        [HST_IMPACT_SPC] = ask_spc,
    };

    *out = (impact_answer){
        .effect = {.estimate = NAN, .se = NAN, .lower = NAN, .upper = NAN, .p = NAN},
        .base = NAN,
        .term = "",
        .p_method = hst_impact_method_name(method)};
    return methods[method](out, c, page, err);
}
