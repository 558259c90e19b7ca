/* Segmented regression of a case: which numbers, season and errors, and the rows it leaves. */
#include "impact/impact_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double confidence = 95;

/* A fit, and what it was made of. */
typedef struct impact_its {
    hst_its_options options;
    hst_its_series series;
    double *t, *y, *exposure, *is_treated; /* of a controlled one; is_treated is in t's block */
    unsigned *season;
    hst_its fit;
} impact_its;

static bool models_counts(const impact_case *c)
{
    hst_statistic statistic = c->source->study->measures[c->source_measure].statistic;

    return c->options.its_model == HST_MODEL_AUTO ? statistic == HST_STAT_COUNT
                                                  : c->options.its_model != HST_MODEL_OLS;
}

/* Seasonal dummies when there are two full years either side, unless the study says otherwise. */
static hst_its_season season_of(const impact_case *c)
{
    size_t two_years = 2 * impact_cycle(c);
    bool has_years = c->start >= two_years && c->series.n - c->start >= two_years;
    hst_its_season season = HST_ITS_NO_SEASON;

    if (impact_cycle(c) > 1) {
        season = c->options.its_season == HST_SEASON_DUMMIES             ? HST_ITS_DUMMIES
                 : c->options.its_season == HST_SEASON_FOURIER           ? HST_ITS_FOURIER
                 : c->options.its_season == HST_SEASON_AUTO && has_years ? HST_ITS_DUMMIES
                                                                         : HST_ITS_NO_SEASON;
    }
    if (!c->has_other_season) {
        return season;
    }
    return season == HST_ITS_NO_SEASON ? HST_ITS_DUMMIES : HST_ITS_NO_SEASON;
}

bool impact_has_season(const impact_case *c)
{
    return season_of(c) != HST_ITS_NO_SEASON;
}

static hst_its_options its_options_of(const impact_case *c)
{
    static const hst_its_model models[] = {
        [HST_MODEL_OLS] = HST_ITS_OLS,
        [HST_MODEL_POISSON] = HST_ITS_POISSON,
        [HST_MODEL_QUASIPOISSON] = HST_ITS_QUASIPOISSON,
        [HST_MODEL_NEGBIN] = HST_ITS_NEGBIN,
    };
    hst_its_options options = {
        .model = c->options.its_model != HST_MODEL_AUTO ? models[c->options.its_model]
                 : models_counts(c)                     ? HST_ITS_QUASIPOISSON
                                                        : HST_ITS_OLS,
        .season = season_of(c),
        .cycle = impact_cycle(c),
        .harmonics = c->by == HST_BY_MONTH ? 2 : 1,
        .n_interventions = 1,
        .interventions = {(double)(c->start + 1)},
        .phase_in_from = NAN,
        .phase_in_to = NAN,
        .is_hac = c->options.its_errors != HST_ERRORS_MODEL,
        .is_robust = c->options.its_errors == HST_ERRORS_ROBUST,
        .lag = c->options.its_lag,
        .is_adjusted = true,
        .is_level_only = !c->options.its_slope,
        .confidence = confidence,
    };

    for (size_t i = 1;
         i < c->service->n_dates && options.n_interventions < HST_ITS_MAX_INTERVENTIONS; i++) {
        size_t at = c->start;

        while (at < c->series.n && c->series.periods[at].start < c->service->dates[i]) {
            at++;
        }
        if (at > c->start && at < c->series.n) {
            options.interventions[options.n_interventions++] = (double)(at + 1);
        }
    }
    return options;
}

/* The comparator's points after the site's own. */
static hst_status add_control(impact_its *its, const impact_case *c, hst_error *err)
{
    size_t n = c->series.n;
    bool counts = models_counts(c);
    impact_series control;
    hst_status status = HST_OK;

    if (c->comparator == SIZE_MAX) {
        return hst_fail(err, HST_REFUSED, "no comparator");
    }
    status = impact_series_read(&control, c, true, c->comparator, err);
    if (status != HST_OK) {
        return status;
    }
    its->t = calloc(4 * n, sizeof *its->t);
    its->y = calloc(2 * n, sizeof *its->y);
    its->exposure = calloc(2 * n, sizeof *its->exposure);
    its->season = calloc(2 * n, sizeof *its->season);
    if (!its->t || !its->y || !its->exposure || !its->season) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a controlled series");
        goto done;
    }
    its->is_treated = its->t + 2 * n;
    for (size_t i = 0; i < 2 * n; i++) {
        const impact_series *from = i < n ? &c->series : &control;

        its->t[i] = from->t[i % n];
        its->y[i] = counts ? from->events[i % n] : from->values[i % n];
        its->exposure[i] = from->exposure[i % n];
        its->season[i] = from->season[i % n];
        its->is_treated[i] = i < n;
    }
    its->series.n = 2 * n;
    its->series.t = its->t;
    its->series.y = its->y;
    its->series.season = its->season;
    its->series.is_treated = its->is_treated;
    if (its->series.exposure) {
        its->series.exposure = control.has_exposure ? its->exposure : NULL;
    }

done:
    impact_series_clear(&control);
    return status;
}

static void clear_its(impact_its *its)
{
    hst_its_clear(&its->fit);
    free(its->t);
    free(its->y);
    free(its->exposure);
    free(its->season);
    *its = (impact_its){0};
}

static hst_status fit_its(impact_its *out, const impact_case *c, hst_error *err)
{
    bool counts = models_counts(c);
    impact_its its = {
        .options = its_options_of(c),
        .series = {.n = c->series.n,
                   .t = c->series.t,
                   .y = counts ? c->series.events : c->series.values,
                   .exposure = counts && c->series.has_exposure ? c->series.exposure : NULL,
                   .season = c->series.season}};
    hst_status status = HST_OK;

    *out = (impact_its){0};
    if (counts && !impact_is_count(c)) {
        return hst_fail(err, HST_REFUSED, "a model of counts needs a count or a crude rate");
    }
    if (c->is_controlled) {
        status = add_control(&its, c, err);
    }
    if (status == HST_OK) {
        status = hst_its_fit(&its.fit, &its.series, &its.options, err);
    }
    if (status != HST_OK) {
        clear_its(&its);
        return status;
    }
    *out = its;
    return HST_OK;
}

static const char *describe_its(const impact_case *c, const impact_its *its, impact_page *page)
{
    static const char *const models[] = {
        [HST_ITS_OLS] = "least squares",
        [HST_ITS_POISSON] = "Poisson",
        [HST_ITS_QUASIPOISSON] = "quasi-Poisson",
        [HST_ITS_NEGBIN] = "negative binomial",
    };
    static const char *const seasons[] = {
        [HST_ITS_NO_SEASON] = "no season",
        [HST_ITS_DUMMIES] = "seasonal dummies",
        [HST_ITS_FOURIER] = "Fourier season",
    };
    char errors[48] = "model errors";

    if (its->options.is_hac) {
        snprintf(errors, sizeof errors, "%s errors of lag %zu",
                 its->options.is_robust ? "robust" : "Newey-West", its->fit.lag);
    }
    return impact_text(page, "its: %s%s, %s, %s", c->is_controlled ? "controlled, " : "",
                       models[its->options.model], seasons[its->options.season], errors);
}

/* The coefficients, on the link scale. */
static hst_status add_terms(const impact_case *c, const impact_its *its,
                            const impact_answer *answer, const char *method, impact_page *page,
                            hst_error *err)
{
    const char *unit =
        its->options.model == HST_ITS_OLS ? impact_unit(c, page) : "log of events or of their rate";
    hst_status status = HST_OK;

    for (size_t i = 0; i < its->fit.n_terms && status == HST_OK; i++) {
        const hst_term *term = &its->fit.terms[i];
        hst_finding row = impact_finding(c, "its", impact_text(page, "%s", term->name));

        row.unit = unit;
        row.estimate = term->estimate;
        row.se = term->se;
        row.lower = term->lower;
        row.upper = term->upper;
        row.p = term->p;
        row.n_before = answer->n_before;
        row.n_after = answer->n_after;
        row.note = method;
        status = impact_add_finding(page, &row, err);
    }
    return status;
}

/* Effects one and two years on, and all of them added up. */
static hst_status add_later_effects(const impact_case *c, const impact_its *its,
                                    const impact_answer *answer, impact_page *page, hst_error *err)
{
    static const char *const terms[] = {"effect_4q", "effect_8q"};
    hst_effect cumulative;
    hst_error refusal = {0};
    hst_status status = HST_OK;

    for (size_t i = 0; i < 2 && status == HST_OK; i++) {
        size_t at = c->start + (i + 1) * impact_cycle(c);

        if (at < c->series.n) {
            status = impact_add_effect(c, page, "its", terms[i], &its->fit.points[at].effect,
                                       impact_text(page, "at %s", c->series.periods[at].label),
                                       answer, err);
        }
    }
    if (status != HST_OK) {
        return status;
    }
    status = hst_its_cumulative(&cumulative, &its->fit, &its->series, &its->options, c->start,
                                c->series.n - 1, &refusal);
    if (status != HST_OK) {
        return status == HST_REFUSED ? HST_OK : hst_fail(err, status, "%s", refusal.message);
    }
    status =
        impact_add_effect(c, page, "its", "cumulative", &cumulative,
                          impact_text(page, "added up over the complete %s periods after the date",
                                      hst_period_type_name(c->by)),
                          answer, err);
    if (status == HST_OK && models_counts(c)) {
        page->findings[page->n_findings - 1].unit = "events";
    }
    return status;
}

/* The series for counterfactual.csv. */
static hst_status keep_series(const impact_case *c, const impact_its *its, impact_page *page,
                              hst_error *err)
{
    hst_impact_series *series = &page->series;
    size_t n = c->series.n;

    *series = (hst_impact_series){.impact = c->impact,
                                  .site = c->area,
                                  .measure = c->measure,
                                  .unit = models_counts(c) ? "events" : impact_unit(c, page),
                                  .n_points = n,
                                  .periods = calloc(n, sizeof *series->periods),
                                  .points = calloc(n, sizeof *series->points)};
    if (!series->periods || !series->points) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a fitted series");
    }
    memcpy(series->periods, c->series.periods, n * sizeof *series->periods);
    memcpy(series->points, its->fit.points, n * sizeof *series->points);
    page->has_series = true;
    return HST_OK;
}

/* What a difference is relative to: the mean of what would have been. */
static double mean_counterfactual(const impact_its *its, const impact_range *range)
{
    double sum = 0;

    for (size_t i = range->first; i <= range->last; i++) {
        sum += its->fit.points[i].counterfactual;
    }
    return sum / (double)(range->last - range->first + 1);
}

hst_status impact_ask_its(impact_answer *out, const impact_case *c, impact_page *page,
                          hst_error *err)
{
    impact_range range =
        c->review.first <= c->review.last ? c->review : (impact_range){c->start, c->series.n - 1};
    impact_its its;
    const char *method = "its";
    hst_status status = HST_OK;

    if (c->start >= c->series.n) {
        return hst_fail(err, HST_REFUSED, "no point after the date");
    }
    status = fit_its(&its, c, err);
    if (status == HST_OK) {
        status = hst_its_effect(&out->effect, &its.fit, &its.series, &its.options, range.first,
                                range.last, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    out->base = mean_counterfactual(&its, &range);
    out->term = "effect";
    out->n_before = its.fit.n_before;
    out->n_after = its.fit.n_after;
    if (!page) {
        goto done;
    }
    out->p_method = method = describe_its(c, &its, page);
    if ((status = impact_add_effect(c, page, "its", "effect", &out->effect,
                                    impact_text(page, "mean of %s to %s; %s%s%s",
                                                c->series.periods[range.first].label,
                                                c->series.periods[range.last].label, method,
                                                its.fit.note[0] ? "; " : "", its.fit.note),
                                    out, err)) != HST_OK ||
        (status = add_terms(c, &its, out, method, page, err)) != HST_OK ||
        (status = add_later_effects(c, &its, out, page, err)) != HST_OK) {
        goto done;
    }
    if (!page->has_series) {
        status = keep_series(c, &its, page, err);
    }

done:
    clear_its(&its);
    return status;
}
