/* The same method where nothing happened: at other dates of the series, and in other areas. */
#include "impact/impact_internal.h"

#include <math.h>

/* How far an effect is from none, in its errors; NAN when it has none. */
static double strength_of(const hst_effect *effect)
{
    double none = effect->scale == HST_SCALE_RATIO ? log(effect->estimate) : effect->estimate;

    return fabs(none) / effect->se;
}

static void add(hst_placebo *placebo, double strength, double own)
{
    if (!isnan(strength)) {
        placebo->n++;
        placebo->n_as_strong += strength >= own;
    }
}

/* Other dates before the service, none of whose points saw it. */
static hst_status try_dates(hst_placebo *out, const impact_case *c, hst_impact_method method,
                            double own, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t start = 1; start < c->start; start++) {
        impact_case other = *c;
        hst_study_impact service = *c->service;
        impact_answer answer;
        hst_error refusal = {0};

        service.n_dates = service.n_dates > 0 ? 1 : 0; /* the later ones are not before it */
        other.service = &service;
        if (!impact_case_move(&other, start, c->start)) {
            continue;
        }
        status = impact_ask(&answer, &other, method, NULL, &refusal);
        if (status == HST_OK) {
            add(out, strength_of(&answer.effect), own);
        } else if (status != HST_REFUSED) {
            return hst_fail(err, status, "%s", refusal.message);
        }
    }
    return HST_OK;
}

/* Every other area of the list without the service, at its date. */
static hst_status try_areas(hst_placebo *out, const impact_case *c, hst_impact_method method,
                            double own, hst_error *err)
{
    for (size_t area = 0; area < hst_areas_n(c->inputs->areas); area++) {
        impact_case other;
        impact_answer answer;
        hst_error refusal = {0};
        hst_status status = HST_OK;

        if (area == c->area || impact_is_other_site(c, area)) {
            continue;
        }
        status = impact_case_open(&other, c->inputs, c->source, c->impact, c->measure,
                                  c->source_measure, area, err);
        if (status != HST_OK) {
            return status;
        }
        other.comparator = c->comparator;
        status = impact_ask(&answer, &other, method, NULL, &refusal);
        impact_case_close(&other);
        if (status == HST_OK) {
            add(out, strength_of(&answer.effect), own);
        } else if (status != HST_REFUSED) {
            return hst_fail(err, status, "%s", refusal.message);
        }
    }
    return HST_OK;
}

/* The service's own effect is one of those that look as strong. */
static void finish(hst_placebo *placebo)
{
    if (placebo->n > 0) {
        placebo->n++;
        placebo->n_as_strong++;
        placebo->p = (double)placebo->n_as_strong / (double)placebo->n;
    }
}

hst_status impact_try_placebos(impact_placebos *out, const impact_case *c, hst_impact_method method,
                               const impact_answer *answer, hst_error *err)
{
    double own = strength_of(&answer->effect);
    hst_status status = HST_OK;

    *out = (impact_placebos){.dates.p = NAN, .areas.p = NAN};
    if (!isnan(own) && method != HST_IMPACT_TREND) { /* a trend has no date */
        status = try_dates(&out->dates, c, method, own, err);
    }
    finish(&out->dates);
    if (answer->placebo.n > 0) {
        out->areas = answer->placebo;
    } else if (status == HST_OK && !isnan(own)) {
        status = try_areas(&out->areas, c, method, own, err);
        finish(&out->areas);
    }
    return status;
}
