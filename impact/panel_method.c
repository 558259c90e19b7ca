/* Methods that set the site beside other areas point by point: difference-in-differences and
 * synthetic control. */
#include "impact/impact_internal.h"

#include <math.h>
#include <stdlib.h>

#include "hestia/synthetic.h"

enum { MIN_BEFORE = 8 }; /* points of a synthetic control */

static const double confidence = 95, worst_fit = 0.9, exact_fit = 1e-6;

/* The site and the areas that it is compared with, point by point; row 0 is the site. */
typedef struct panel {
    size_t n_areas, n_times;
    double *y, *exposure; /* [area][time] */
    bool has_exposure;
    bool *is_treated, *is_post;
} panel;

static void clear_panel(panel *p)
{
    free(p->y);
    free(p->exposure);
    free(p->is_treated);
    free(p->is_post);
}

/* Adds one area's points; of counts not those of an area without events, which tell nothing and
 * would have no logarithm. */
static hst_status add_area(panel *p, const impact_case *c, size_t area, bool counts, hst_error *err)
{
    impact_series series;
    size_t first = p->n_areas * p->n_times;
    double sum = 0;
    hst_status status = impact_series_read(&series, c, false, area, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < p->n_times; i++) {
        p->y[first + i] = counts ? series.events[i] : series.values[i];
        p->exposure[first + i] = series.exposure[i];
        sum += isnan(series.events[i]) ? 0 : series.events[i];
    }
    if (area == c->area || !counts || sum > 0) {
        p->has_exposure = p->has_exposure && series.has_exposure;
        p->n_areas++;
    }
    impact_series_clear(&series);
    return HST_OK;
}

bool impact_is_other_site(const impact_case *c, size_t area)
{
    for (size_t i = 0; i < c->service->sites.n && area != c->area; i++) {
        if (impact_find_area(c->inputs->areas, c->service->sites.items[i]) == area) {
            return true;
        }
    }
    return false;
}

/* The site, then the members of its comparator; not those where the same service began. */
static hst_status open_panel(panel *p, const impact_case *c, bool counts, hst_error *err)
{
    const hst_area_group *group = NULL;
    hst_status status = HST_OK;

    *p = (panel){.n_times = c->series.n, .has_exposure = true};
    if (c->comparator == SIZE_MAX) {
        return hst_fail(err, HST_REFUSED, "no comparator");
    }
    group = hst_areas_group(c->inputs->areas, c->comparator);
    p->y = calloc((group->n_members + 1) * p->n_times, sizeof *p->y);
    p->exposure = calloc((group->n_members + 1) * p->n_times, sizeof *p->exposure);
    p->is_treated = calloc(group->n_members + 1, sizeof *p->is_treated);
    p->is_post = calloc(p->n_times, sizeof *p->is_post);
    if (!p->y || !p->exposure || !p->is_treated || !p->is_post) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a panel of %zu areas",
                        group->n_members + 1);
    }
    p->is_treated[0] = true;
    for (size_t i = 0; i < p->n_times; i++) {
        p->is_post[i] = i >= c->start;
    }
    status = add_area(p, c, c->area, counts, err);
    for (size_t i = 0; i < group->n_members && status == HST_OK; i++) {
        size_t area = group->members[i].area;

        if (area != c->area && !impact_is_other_site(c, area)) {
            status = add_area(p, c, area, counts, err);
        }
    }
    return status;
}

/* Mean of the site's points before the date. */
static double mean_before(const impact_case *c, const double *y)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < c->start; i++) {
        if (!isnan(y[i])) {
            sum += y[i];
            n++;
        }
    }
    return sum / (double)n;
}

static void count_points(impact_answer *out, const impact_case *c, const double *y)
{
    out->n_before = c->start > 0 ? impact_count_points(y, 0, c->start - 1) : 0;
    out->n_after = c->start < c->series.n ? impact_count_points(y, c->start, c->series.n - 1) : 0;
}

static const char *comparator_name(const impact_case *c)
{
    return hst_areas_group(c->inputs->areas, c->comparator)->name;
}

/* ---- difference-in-differences ---- */

static hst_status add_did(const impact_case *c, const impact_answer *answer, const hst_did *did,
                          const char *note, impact_page *page, hst_error *err)
{
    bool is_ratio = did->effect.scale == HST_SCALE_RATIO;
    hst_finding row = impact_finding(c, "did", answer->term);

    row.comparator = comparator_name(c);
    row.unit = is_ratio ? "ratio" : impact_unit(c, page);
    row.estimate = did->effect.estimate;
    row.se = did->effect.se;
    row.lower = did->effect.lower;
    row.upper = did->effect.upper;
    row.p = answer->effect.p;
    row.n_before = answer->n_before;
    row.n_after = answer->n_after;
    row.note = note;
    return impact_add_finding(page, &row, err);
}

hst_status impact_ask_did(impact_answer *out, const impact_case *c, impact_page *page,
                          hst_error *err)
{
    static const hst_did_variance variances[] = {
        [HST_DID_BY_PLACEBO] = HST_DID_QUASI,
        [HST_DID_BY_MODEL] = HST_DID_MODEL,
        [HST_DID_BY_QUASI] = HST_DID_QUASI,
        [HST_DID_BY_CLUSTER] = HST_DID_CLUSTER,
    };
    static const char *const names[] = {
        [HST_DID_BY_PLACEBO] = "quasi limits, p by placebo rank",
        [HST_DID_BY_MODEL] = "model errors",
        [HST_DID_BY_QUASI] = "quasi errors",
        [HST_DID_BY_CLUSTER] = "errors clustered by area, which one treated area makes too small",
    };
    bool counts = impact_is_count(c), by_placebo = c->options.did_variance == HST_DID_BY_PLACEBO;
    hst_did_outcome outcome = counts ? HST_DID_COUNTS : HST_DID_VALUES;
    hst_did_model model = c->options.did_pooled ? HST_DID_POOLED : HST_DID_TWO_WAY;
    hst_did did;
    hst_placebo placebo = {0};
    panel p;
    hst_status status = open_panel(&p, c, counts, err);
    hst_did_panel input = {.n_areas = p.n_areas,
                           .n_times = p.n_times,
                           .y = p.y,
                           .exposure = counts && p.has_exposure ? p.exposure : NULL,
                           .is_treated = p.is_treated,
                           .is_post = p.is_post};

    if (status == HST_OK) {
        status = hst_did_fit(&did, &input, outcome, model, variances[c->options.did_variance],
                             confidence, err);
    }
    if (status == HST_OK && by_placebo && page) { /* a fit an area, not for placebos of placebos */
        status = hst_did_placebo(&placebo, &input, outcome, model, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    out->effect = did.effect;
    if (by_placebo && page) {
        out->effect.p = placebo.p;
        out->placebo = placebo;
    }
    out->base = mean_before(c, c->series.values);
    out->term = counts ? "ratio_of_ratios" : "difference";
    count_points(out, c, p.y);
    if (page) {
        out->p_method =
            impact_text(page, "did: %s, %s, against %zu areas of %s",
                        c->options.did_pooled ? "pooled" : "two-way fixed effects",
                        names[c->options.did_variance], p.n_areas - 1, comparator_name(c));
        status = add_did(c, out, &did, out->p_method, page, err);
    }

done:
    clear_panel(&p);
    return status;
}

/* ---- synthetic control ---- */

/* Points and donors that are complete, as the method wants them. */
typedef struct donors {
    hst_synthetic_input input;
    double *treated, *values;
    bool is_scaled;   /* counts per 100,000 people */
    size_t n_dropped; /* areas with a point missing */
} donors;

static hst_status choose_donors(donors *out, const panel *p, size_t start, hst_error *err)
{
    donors d = {.treated = calloc(p->n_times, sizeof *d.treated),
                .values = calloc(p->n_areas * p->n_times, sizeof *d.values)};
    size_t *used = calloc(p->n_times, sizeof *used), n = 0, n_before = 0;

    if (!d.treated || !d.values || !used) {
        free(used);
        free(d.treated);
        free(d.values);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu donors", p->n_areas);
    }
    for (size_t i = 0; i < p->n_times; i++) {
        if (!isnan(p->y[i])) {
            n_before += i < start;
            used[n] = i;
            d.treated[n++] = p->y[i];
        }
    }
    for (size_t area = 1; area < p->n_areas; area++) {
        double *row = &d.values[d.input.n_donors * n];
        bool is_whole = true;

        for (size_t i = 0; i < n; i++) {
            row[i] = p->y[area * p->n_times + used[i]];
            is_whole = is_whole && !isnan(row[i]);
        }
        d.input.n_donors += is_whole;
        d.n_dropped += !is_whole;
    }
    free(used);
    d.input.n_times = n;
    d.input.n_before = n_before;
    d.input.treated = d.treated;
    d.input.donors = d.values;
    *out = d;
    return HST_OK;
}

/* Counts of areas of different size are put on one scale by their people. */
static void scale_by_people(panel *p)
{
    for (size_t i = 0; i < p->n_areas * p->n_times && p->has_exposure; i++) {
        p->y[i] = p->y[i] / p->exposure[i] * 100000;
    }
}

static hst_status add_synthetic(const impact_case *c, const hst_synthetic *fit,
                                const hst_synthetic_tests *tests, const donors *d,
                                const impact_answer *answer, impact_page *page, hst_error *err)
{
    const char *unit = d->is_scaled ? "per 100,000" : impact_unit(c, page);
    const struct {
        const char *term, *unit;
        double value;
    } rows[] = {{"pre_rmspe", unit, fit->pre_rmspe},
                {"post_rmspe", unit, fit->post_rmspe},
                {"pre_fit_percentile", "share", tests->pre_fit_percentile},
                {"leave_one_out_lowest", unit, tests->gap_low},
                {"leave_one_out_highest", unit, tests->gap_high}};
    hst_finding row = impact_finding(c, "synthetic_control", answer->term);
    hst_status status = HST_OK;

    row.comparator = comparator_name(c);
    row.unit = unit;
    row.estimate = answer->effect.estimate;
    row.lower = answer->effect.lower;
    row.upper = answer->effect.upper;
    row.p = answer->effect.p;
    row.n_before = answer->n_before;
    row.n_after = answer->n_after;
    row.note = impact_text(page, "%zu donors, %zu with a weight, %zu left out for missing points%s",
                           d->input.n_donors, tests->n_left_out, d->n_dropped,
                           fit->pre_rmspe < exact_fit * fabs(answer->base)
                               ? "; an exact fit before, as more donors than points can always "
                                 "have, is no sign of a good one"
                               : "");
    status = impact_add_finding(page, &row, err);
    row.lower = row.upper = row.p = NAN;
    row.note = "";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && status == HST_OK; i++) {
        row.term = rows[i].term;
        row.unit = rows[i].unit;
        row.estimate = rows[i].value;
        status = impact_add_finding(page, &row, err);
    }
    return status;
}

hst_status impact_ask_synthetic(impact_answer *out, const impact_case *c, impact_page *page,
                                hst_error *err)
{
    bool counts = impact_is_count(c);
    hst_synthetic fit = {0};
    hst_synthetic_tests tests;
    donors d = {0};
    panel p;
    hst_status status = open_panel(&p, c, counts, err);

    if (status != HST_OK) {
        goto done;
    }
    if (counts) {
        scale_by_people(&p);
    }
    if ((status = choose_donors(&d, &p, c->start, err)) != HST_OK) {
        goto done;
    }
    d.is_scaled = counts && p.has_exposure;
    if (d.input.n_before < MIN_BEFORE) {
        status = hst_fail(err, HST_REFUSED, "too few points before: %zu, at least %d",
                          d.input.n_before, MIN_BEFORE);
        goto done;
    }
    if ((status = hst_synthetic_fit(&fit, &d.input, err)) != HST_OK ||
        (status = hst_synthetic_test(&tests, &d.input, 1, err)) != HST_OK) {
        goto done;
    }
    out->placebo = tests.placebo;
    if (tests.pre_fit_percentile > worst_fit) {
        status = hst_fail(err, HST_REFUSED,
                          "no good synthetic control: %.0f %% of the areas have one that fits "
                          "better before",
                          100 * tests.pre_fit_percentile);
        goto done;
    }
    out->effect = (hst_effect){HST_SCALE_DIFFERENCE, fit.post_mean_gap, NAN,
                               tests.gap_lower,      tests.gap_upper,   tests.placebo.p};
    out->base = mean_before(c, p.y);
    out->term = "post_mean_gap";
    out->n_before = d.input.n_before;
    out->n_after = d.input.n_times - d.input.n_before;
    if (page) {
        out->p_method = impact_text(page, "synthetic_control: placebo rank of %zu areas of %s",
                                    tests.placebo.n, comparator_name(c));
        status = add_synthetic(c, &fit, &tests, &d, out, page, err);
    }

done:
    hst_synthetic_clear(&fit);
    free(d.treated);
    free(d.values);
    clear_panel(&p);
    return status;
}
