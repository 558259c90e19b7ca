/* Services: site review, findings, sensitivity and counterfactual series as they are released.
 * Regressions need no control by the rule; what compares two counts alone does, and so do models
 * of counts one of which is small (disclosure_models.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/interval.h"
#include "publish/disclosure_internal.h"

static const double z95 = 1.959963984540054;
static const double confidence = 95;

static const char *const hidden_sentence =
    "The numbers of this comparison are withheld under the disclosure rule.";
static const char *const hidden_note = "withheld under the disclosure rule";

/* ---- baseline and review ---- */

/* The cells of a review's two sides; CELL_NONE where there is no count. */
typedef struct review_cells {
    uint32_t baseline, review, baseline_denominator, review_denominator;
} review_cells;

static uint32_t find_span(const disclosure_cells *cells, const hst_review *r, cell_layer layer,
                          hst_date from, hst_date to)
{
    return disclosure_cell_find(cells, r->measure, layer, false, r->site, from, to, "");
}

static review_cells find_cells(const disclosure_cells *cells, const hst_review *r)
{
    return (review_cells){
        find_span(cells, r, LAYER_COUNT, r->baseline_from, r->baseline_to),
        find_span(cells, r, LAYER_COUNT, r->review_from, r->review_to),
        find_span(cells, r, LAYER_DENOMINATOR, r->baseline_from, r->baseline_to),
        find_span(cells, r, LAYER_DENOMINATOR, r->review_from, r->review_to),
    };
}

/* True when what compares the true counts of both sides is not shown, whether the counts are or
 * not. */
static bool is_comparison_withheld(const disclosure_cells *cells, const review_cells *of)
{
    const uint32_t all[] = {of->baseline, of->review, of->baseline_denominator,
                            of->review_denominator};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] != CELL_NONE && cells->items[all[i]].state != CELL_SHOWN) {
            return true;
        }
    }
    return false;
}

/* True when the values of a review are not shown: where a count is hidden, and where a comparison
 * is withheld that they are a part of. Values of counts alone are those of the rounded ones. */
static bool is_withheld(const disclosure_cells *cells, const hst_review *r, const review_cells *of)
{
    const hst_study *study = cells->publication->study;

    return disclosure_is_hidden(cells, of->baseline) || disclosure_is_hidden(cells, of->review) ||
           disclosure_is_hidden(cells, of->baseline_denominator) ||
           disclosure_is_hidden(cells, of->review_denominator) ||
           (is_comparison_withheld(cells, of) &&
            (disclosure_is_from_true_numbers(&study->measures[r->measure]) ||
             study->impacts[r->impact].primary == HST_IMPACT_PRE_POST));
}

/* The number of events of one side as it is shown. */
static double shown_count(const disclosure_cells *cells, uint32_t cell, double count)
{
    if (cell == CELL_NONE) {
        return count;
    }
    return disclosure_is_hidden(cells, cell) ? (double)NAN
                                             : (double)disclosure_shown_count(cells, cell);
}

/* Works out the value of one side again from what is shown, where it is one of counts alone; its
 * variance is then that of the rounded count. */
static void redo_span(hst_span *span, const hst_measure *measure, const disclosure_cells *cells,
                      uint32_t count, uint32_t denominator)
{
    double events = span->total_count, shown = shown_count(cells, count, events), factor = 1;
    double scale = 0;

    if (isnan(span->value) || !(events > 0)) {
        return;
    }
    switch (measure->statistic) {
    case HST_STAT_COUNT:
        factor = shown / events;
        break;
    case HST_STAT_BED_DAYS:
        factor = disclosure_round_sum(&cells->rule, span->value * (double)span->n_periods) /
                 (span->value * (double)span->n_periods);
        break;
    case HST_STAT_BED_DAY_RATE:
        scale = measure->per / span->total_pop;
        factor = disclosure_round_sum(&cells->rule, span->value / scale) / (span->value / scale);
        break;
    case HST_STAT_READMISSION: {
        double n = shown_count(cells, denominator, span->total_pop);
        hst_limits limits = hst_limits_wilson(shown, n, confidence);

        span->value = measure->per * shown / n;
        span->lowercl = measure->per * limits.lower;
        span->uppercl = measure->per * limits.upper;
        span->variance = measure->per * span->value * (1 - shown / n) / n;
        return;
    }
    case HST_STAT_CRUDE_RATE:
        if (measure->interval != HST_INTERVAL_REPEAT_ADJUSTED) {
            hst_limits limits = measure->interval == HST_INTERVAL_EXACT
                                    ? hst_limits_poisson_exact(shown, measure->confidence[0])
                                    : hst_limits_poisson(shown, measure->confidence[0]);

            scale = span->value / events;
            span->lowercl = limits.lower * scale;
            span->uppercl = limits.upper * scale;
        }
        factor = shown / events;
        break;
    default:
        return;
    }
    if (measure->statistic == HST_STAT_BED_DAY_RATE) {
        span->lowercl *= factor;
        span->uppercl *= factor;
    }
    span->value *= factor;
    span->variance *= factor;
}

/*
 * The change anew from both sides' values. The comparator's own part of the variance is what is
 * left of the old one; of numbers of events it is in units of the baseline.
 */
static void redo_change(hst_review *r, const hst_review *old, bool is_number)
{
    double ratio = is_number ? 1 + r->comparator_percent / 100 : 1;
    double scale = is_number ? r->baseline.value / old->baseline.value : 1;
    double half = (old->difference_upper - old->difference_lower) / 2 / z95;
    double own = r->baseline.variance + r->review.variance;
    double others =
        fmax(0, half * half - old->review.variance - ratio * ratio * old->baseline.variance);
    double both =
        r->review.variance + ratio * ratio * r->baseline.variance + scale * scale * others;

    r->change = r->review.value - r->baseline.value;
    if (fabs(r->change) < 1e-9 * fabs(r->review.value)) {
        r->change = 0; /* the same rounded count, divided in another way */
    }
    r->change_lower = r->change - z95 * sqrt(own);
    r->change_upper = r->change + z95 * sqrt(own);
    r->change_percent =
        r->baseline.value != 0 ? 100 * r->change / fabs(r->baseline.value) : (double)NAN;
    r->comparator_change *= scale;
    r->difference = r->change - r->comparator_change;
    r->difference_lower = r->difference - z95 * sqrt(both);
    r->difference_upper = r->difference + z95 * sqrt(both);
}

static void drop_span(hst_span *span)
{
    span->value = span->lowercl = span->uppercl = span->variance = NAN;
}

static void hide_review(hst_review *r)
{
    drop_span(&r->baseline);
    drop_span(&r->review);
    r->change = r->change_lower = r->change_upper = r->change_percent = NAN;
    r->comparator_change = r->comparator_percent = NAN;
    r->difference = r->difference_lower = r->difference_upper = r->p = NAN;
    r->effect_percent = r->effect_percent_lower = r->effect_percent_upper = NAN;
    r->sentence = r->judgement = hidden_sentence;
    r->is_suppressed = true;
}

static void round_review(hst_review *r, const disclosure_rule *rule)
{
    double *const reals[] = {&r->baseline.value,
                             &r->baseline.lowercl,
                             &r->baseline.uppercl,
                             &r->review.value,
                             &r->review.lowercl,
                             &r->review.uppercl,
                             &r->change,
                             &r->change_lower,
                             &r->change_upper,
                             &r->change_percent,
                             &r->comparator_change,
                             &r->comparator_percent,
                             &r->difference,
                             &r->difference_lower,
                             &r->difference_upper,
                             &r->p,
                             &r->detectable,
                             &r->effect_percent,
                             &r->effect_percent_lower,
                             &r->effect_percent_upper};

    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        *reals[i] = disclosure_round_real(rule, *reals[i]);
    }
}

static hst_status mask_review(hst_review *r, const disclosure_cells *cells, hst_impact *impact,
                              hst_error *err)
{
    const hst_measure *measure = &cells->publication->study->measures[r->measure];
    const review_cells of = find_cells(cells, r);
    const hst_review old = *r;
    bool is_number =
        measure->statistic == HST_STAT_COUNT || measure->statistic == HST_STAT_BED_DAYS;

    if (measure->is_table) {
        return HST_OK;
    }
    if (disclosure_is_model_withheld(cells, r->impact, r->site, r->measure)) {
        hide_review(r);
        r->detectable = NAN;
    } else if (is_withheld(cells, r, &of)) {
        hide_review(r);
    } else {
        redo_span(&r->baseline, measure, cells, of.baseline, of.baseline_denominator);
        redo_span(&r->review, measure, cells, of.review, of.review_denominator);
        redo_change(r, &old, is_number);
    }
    r->baseline.total_count = shown_count(cells, of.baseline, old.baseline.total_count);
    r->review.total_count = shown_count(cells, of.review, old.review.total_count);
    round_review(r, &cells->rule);
    return r->is_suppressed ? HST_OK : hst_review_say(impact, r, err);
}

/* ---- findings ---- */

/* True when what compares a service's baseline and review is withheld. */
static bool is_service_withheld(const disclosure_cells *cells, size_t service, size_t site,
                                size_t measure)
{
    const hst_impact *impact = cells->publication->impact;

    for (size_t i = 0; i < impact->n_reviews; i++) {
        const hst_review *r = &impact->reviews[i];

        if (r->impact == service && r->site == site && r->measure == measure) {
            const review_cells of = find_cells(cells, r);

            return is_comparison_withheld(cells, &of);
        }
    }
    return false;
}

static void mask_finding(hst_finding *row, const disclosure_cells *cells)
{
    bool is_pre_post = strcmp(row->method, "pre_post") == 0;
    double *const reals[] = {
        &row->estimate, &row->se,         &row->lower,         &row->upper,
        &row->p,        &row->detectable, &row->placebo_dates, &row->placebo_areas};

    if (cells->publication->study->measures[row->measure].is_table) {
        return;
    }
    /* Without a provider the counts are others, of which nothing is known here. */
    if (is_pre_post && !isnan(row->estimate) &&
        (row->excluded[0] != '\0' ||
         is_service_withheld(cells, row->impact, row->site, row->measure))) {
        row->estimate = row->se = row->lower = row->upper = row->p = NAN;
        row->note = hidden_note;
        row->is_suppressed = true;
    }
    if (!is_pre_post && !row->is_refused &&
        disclosure_is_model_withheld(cells, row->impact, row->site, row->measure)) {
        for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
            *reals[i] = NAN;
        }
        row->note = hidden_note;
        row->is_suppressed = true;
    } else if (strcmp(row->method, "spc") == 0 && !row->is_refused) {
        row->note = "of the points, by the mean and limits before the date"; /* without their sum */
    }
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        *reals[i] = disclosure_round_real(&cells->rule, *reals[i]);
    }
}

/* Estimates of pre_post under other choices come from counts that are published nowhere. */
static void mask_sensitivity(hst_sensitivity *row, const disclosure_cells *cells)
{
    const hst_study_impact *service = &cells->publication->study->impacts[row->impact];
    bool is_pre_post = service->primary == HST_IMPACT_PRE_POST;
    double *const reals[] = {&row->estimate, &row->lower, &row->upper, &row->p};

    if (cells->publication->study->measures[row->measure].is_table) {
        return;
    }
    if (!isnan(row->estimate) &&
        (is_pre_post ? strcmp(row->dimension, "as declared") != 0 ||
                           is_service_withheld(cells, row->impact, row->site, row->measure)
                     : disclosure_is_model_withheld(cells, row->impact, row->site, row->measure))) {
        row->estimate = row->lower = row->upper = row->p = NAN;
        row->note = hidden_note;
        row->is_suppressed = true;
    }
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        *reals[i] = disclosure_round_real(&cells->rule, *reals[i]);
    }
}

/* ---- series ---- */

/* What a series observed follows the released row: its count where events are modelled, else its
 * value. */
static double released_point(const disclosure_cells *cells, const hst_impact_series *series,
                             const hst_period *period, double observed)
{
    const hst_publication *p = cells->publication;
    const hst_measure *measure = &p->study->measures[series->measure];
    uint32_t number = disclosure_cell_find(cells, series->measure, LAYER_COUNT, false, series->site,
                                           period->start, period->end, "");
    const disclosure_cell *cell = number == CELL_NONE ? NULL : &cells->items[number];

    if (!cell || isnan(observed)) {
        return observed;
    }
    if (disclosure_is_hidden(cells, number)) {
        return NAN;
    }
    if (strcmp(series->unit, "events") == 0) {
        return (double)disclosure_shown_count(cells, number);
    }
    for (size_t i = 0; i < cell->n_rows; i++) {
        const hst_result *row = &p->results[cell->row + i];

        if (strcmp(row->statistic, hst_statistic_name(measure->statistic)) == 0) {
            return row->value;
        }
    }
    return NAN;
}

static hst_status mask_series(hst_impact_series *series, const disclosure_cells *cells,
                              hst_error *err)
{
    bool is_withheld =
        disclosure_is_model_withheld(cells, series->impact, series->site, series->measure);

    if (cells->publication->study->measures[series->measure].is_table) {
        return HST_OK;
    }
    free(series->is_suppressed);
    series->is_suppressed = calloc(series->n_points + 1, sizeof *series->is_suppressed);
    if (!series->is_suppressed) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a released series");
    }
    for (size_t i = 0; i < series->n_points; i++) {
        hst_its_point *point = &series->points[i];
        double *const reals[] = {&point->observed,  &point->fitted,       &point->counterfactual,
                                 &point->cf_lower,  &point->cf_upper,     &point->effect.estimate,
                                 &point->effect.se, &point->effect.lower, &point->effect.upper};
        double observed = released_point(cells, series, &series->periods[i], point->observed);

        series->is_suppressed[i] = is_withheld || (isnan(observed) && !isnan(point->observed));
        point->observed = observed;
        for (size_t k = 0; k < sizeof reals / sizeof reals[0]; k++) {
            bool is_model = reals[k] != &point->observed;

            *reals[k] =
                is_withheld && is_model ? NAN : disclosure_round_real(&cells->rule, *reals[k]);
        }
    }
    return HST_OK;
}

hst_status disclosure_mask_services(const disclosure_cells *cells, hst_error *err)
{
    hst_impact *impact = cells->publication->impact;
    hst_status status = HST_OK;

    for (size_t i = 0; impact && i < impact->n_findings; i++) {
        mask_finding(&impact->findings[i], cells);
    }
    for (size_t i = 0; impact && i < impact->n_sensitivities; i++) {
        mask_sensitivity(&impact->sensitivities[i], cells);
    }
    for (size_t i = 0; impact && i < impact->n_reviews && status == HST_OK; i++) {
        status = mask_review(&impact->reviews[i], cells, impact, err);
    }
    for (size_t i = 0; impact && i < impact->n_series && status == HST_OK; i++) {
        status = mask_series(&impact->series[i], cells, err);
    }
    return status;
}
