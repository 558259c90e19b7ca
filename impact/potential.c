/* What a series could have shown, by the design of the method that judges it. */
#include "impact/impact_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const hst_power_design designs[HST_N_IMPACT_METHODS] = {
    [HST_IMPACT_PRE_POST] = HST_POWER_BEFORE_AFTER,
    [HST_IMPACT_TREND] = HST_POWER_TREND,
    [HST_IMPACT_ITS] = HST_POWER_ITS,
    [HST_IMPACT_DID] = HST_POWER_BEFORE_AFTER,
    [HST_IMPACT_SYNTHETIC_CONTROL] = HST_POWER_BEFORE_AFTER,
};

static const hst_power no_power = {.dispersion = NAN,
                                   .autocorrelation = NAN,
                                   .se = NAN,
                                   .detectable_rise = NAN,
                                   .detectable_fall = NAN,
                                   .detectable = NAN};

static const char *const design_names[] = {
    [HST_POWER_BEFORE_AFTER] = "mean after against mean before",
    [HST_POWER_TREND] = "a straight line over the whole series",
    [HST_POWER_ITS] = "level and slope after the date",
};

/* Points of the review, or all after the date. */
static size_t points_after(const impact_case *c, hst_impact_method method)
{
    const double *numbers = impact_is_count(c) ? c->series.events : c->series.values;

    if (method == HST_IMPACT_TREND || c->start >= c->series.n) {
        return 1;
    }
    return method == HST_IMPACT_PRE_POST && c->review.first <= c->review.last
               ? impact_count_points(numbers, c->review.first, c->review.last)
               : impact_count_points(numbers, c->start, c->series.n - 1);
}

static hst_status add_rows(const impact_case *c, const hst_power *power, double needed,
                           const hst_power_input *input, impact_page *page, hst_error *err)
{
    const struct {
        const char *term, *unit;
        double value;
    } rows[] = {{"detectable", "share", power->detectable},
                {"detectable_fall", "share", power->detectable_fall},
                {"detectable_rise", "share", power->detectable_rise},
                {"events_needed", "events", needed}};
    hst_status status = HST_OK;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && status == HST_OK; i++) {
        hst_finding row = impact_finding(c, "power", rows[i].term);

        row.unit = rows[i].unit;
        row.estimate = rows[i].value;
        row.n_before = input->n_before;
        row.n_after = input->n_after;
        row.detectable = power->detectable;
        row.note =
            i == 0   ? impact_text(page,
                                   "%s; dispersion %.4g, correlation of successive points %.3g; "
                                     "power 80 %%, two-sided 5 %%",
                                   design_names[input->design], power->dispersion,
                                   power->autocorrelation)
            : i == 3 ? impact_text(page, "after, and as many before, for a change of %.15g %%",
                                   100 * c->service->meaningful)
                     : "";
        if (i < 3 || input->is_count) {
            status = impact_add_finding(page, &row, err);
        }
    }
    return status;
}

/* The points that noise is taken from, and those after. */
static hst_power_input input_of(const impact_case *c, hst_impact_method method)
{
    bool counts = impact_is_count(c);
    hst_power_input input = {.n_before = method == HST_IMPACT_TREND ? c->series.n : c->start,
                             .y = counts ? c->series.events : c->series.values,
                             .exposure =
                                 counts && c->series.has_exposure ? c->series.exposure : NULL,
                             .is_count = counts,
                             .n_after = points_after(c, method),
                             .design = designs[method],
                             .cycle = impact_cycle(c) > 1 ? impact_cycle(c) : 0,
                             .power = 0.8,
                             .alpha = 0.05};

    if (c->review.first <= c->review.last) {
        input.n_effect = impact_count_points(input.y, c->review.first, c->review.last);
    }
    if (method == HST_IMPACT_PRE_POST && c->baseline.first <= c->baseline.last) {
        input.n_baseline = impact_count_points(input.y, c->baseline.first, c->baseline.last);
    }
    return input;
}

hst_status impact_ask_power(hst_power *out, const impact_case *c, hst_impact_method method,
                            impact_page *page, hst_error *err)
{
    hst_power_input input = input_of(c, method);
    hst_status status = hst_power_of(out, &input, err);
    double needed = NAN;

    if (status != HST_OK || !page) {
        return status;
    }
    if (input.is_count) {
        needed = hst_power_events_needed(1 + c->service->meaningful, out->dispersion,
                                         out->autocorrelation, input.power, input.alpha);
    }
    return add_rows(c, out, needed, &input, page, err);
}

/* ---- hestia power ---- */

static double mean_of(const double *y, size_t n)
{
    double sum = 0;
    size_t there = 0;

    for (size_t i = 0; i < n; i++) {
        sum += isnan(y[i]) ? 0 : y[i];
        there += isnan(y[i]) ? 0 : 1;
    }
    return sum / (double)there;
}

static hst_status fill_potential(hst_potential *row, const hst_impact_inputs *inputs,
                                 const impact_source *source, const hst_potential_options *options,
                                 hst_error *err)
{
    impact_case c;
    hst_power_input input;
    hst_impact_method method = row->impact == SIZE_MAX
                                   ? HST_IMPACT_ITS /* a service's default */
                                   : inputs->study->impacts[row->impact].primary;
    double effect = options->effect;
    hst_error reason = {0};
    hst_status status = impact_case_open(&c, inputs, source, row->impact, row->measure,
                                         row->measure, row->site, err);

    if (status != HST_OK) {
        return status;
    }
    input = input_of(&c, method);
    input.power = options->power;
    input.alpha = options->alpha;
    if (options->n_after > 0) {
        input.n_after = options->n_after;
    } else if (c.start >= c.series.n && method != HST_IMPACT_TREND) {
        input.n_after = impact_cycle(&c);
    }
    row->by = c.by;
    row->n_before = input.n_before > 0 ? impact_count_points(input.y, 0, input.n_before - 1) : 0;
    row->n_after = input.n_after;
    row->mean = mean_of(input.y, input.n_before);
    row->events_needed = NAN;
    status = hst_power_of(&row->power, &input, &reason);
    if (status == HST_OK && input.is_count) {
        effect = isnan(effect) ? c.service->meaningful : effect;
        row->events_needed =
            hst_power_events_needed(1 + effect, row->power.dispersion, row->power.autocorrelation,
                                    input.power, input.alpha);
    }
    impact_case_close(&c);
    if (status == HST_REFUSED) {
        row->power = no_power;
        snprintf(row->note, sizeof row->note, "%.*s", (int)sizeof row->note - 1, reason.message);
        return HST_OK;
    }
    return status == HST_OK ? HST_OK : hst_fail(err, status, "%s", reason.message);
}

/* True when a service judges a measure at a site. */
static bool judges(const hst_impact_inputs *inputs, size_t impact, size_t measure, size_t site)
{
    const hst_study_impact *service = &inputs->study->impacts[impact];
    const char *code = hst_areas_code(inputs->areas, site);
    const char *id = inputs->study->measures[measure].id;
    bool has_site = false, has_measure = false;

    for (size_t s = 0; s < service->sites.n; s++) {
        has_site = has_site || strcmp(service->sites.items[s], code) == 0;
    }
    for (size_t m = 0; m < service->measures.n; m++) {
        has_measure = has_measure || strcmp(service->measures.items[m], id) == 0;
    }
    return has_site && has_measure;
}

/* A table and an index over areas have no series of their own. */
static bool has_series(const hst_measure *measure)
{
    return measure->statistic != HST_STAT_ACS_SCORE && measure->statistic != HST_STAT_GROWTH;
}

/* Which measures, sites and services there are to ask; `rows` NULL: how many. */
static size_t list_potentials(hst_potential *rows, const hst_impact_inputs *inputs)
{
    const hst_study *study = inputs->study;
    size_t n = 0;

    for (size_t measure = 0; measure < study->n_measures; measure++) {
        for (size_t site = 0; site < hst_areas_n(inputs->areas); site++) {
            size_t before = n;

            /* last, where no service is, the site by itself */
            for (size_t i = 0; i <= study->n_impacts && has_series(&study->measures[measure]);
                 i++) {
                bool is_asked = i < study->n_impacts
                                    ? judges(inputs, i, measure, site)
                                    : n == before && hst_areas_is_site(inputs->areas, site);

                if (is_asked && rows) {
                    rows[n] = (hst_potential){.impact = i < study->n_impacts ? i : SIZE_MAX,
                                              .site = site,
                                              .measure = measure};
                }
                n += is_asked;
            }
        }
    }
    return n;
}

hst_status hst_potentials_compute(hst_potential **rows, size_t *n, const hst_impact_inputs *inputs,
                                  const hst_potential_options *options, hst_error *err)
{
    const hst_study *study = inputs->study;
    impact_source source = {.study = study,
                            .measures = inputs->measures,
                            .cube = inputs->cube,
                            .results = inputs->results};
    hst_potential *made = calloc(list_potentials(NULL, inputs) + 1, sizeof *made);
    hst_status status = HST_OK;

    *rows = NULL;
    *n = 0;
    if (!made) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what could be shown");
    }
    *n = list_potentials(made, inputs);
    for (size_t i = 0; i < *n && status == HST_OK; i++) {
        status = fill_potential(&made[i], inputs, &source, options, err);
    }
    if (status == HST_OK) {
        *rows = made;
        made = NULL; /* now the caller's */
    }
    free(made);
    return status;
}
