/* Difference-in-differences: treated:post beside effects of areas and times, which are swept out.
 *
 * Counts are fitted by scoring: each step sweeps d = treated:post and the working residual
 * (y - mu) / mu with weights mu, moves the linear predictor by what the two fits say, and is halved
 * while it does not raise the likelihood. The pooled model is the same with two rows (controls,
 * treated) and two columns (before, after) in place of areas and times. */
#include "hestia/did.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "two_way_internal.h"

enum { MAX_STEPS = 25, MAX_HALVINGS = 30 };

/* A step is the last when it moves the linear predictor by less than this (root mean square, by
 * mu): the next would move it by the square of that. */
static const double last_step = 1e-10;

/* Sums of squares of which so small a part is left are 0 but for rounding. */
static const double nothing_left = 1e-20;

typedef struct did_fit {
    const hst_did_panel *panel;
    hst_did_outcome outcome;
    size_t n, n_areas, n_treated;
    size_t *area, *time;             /* [n] of each cell that has a number, in the panel's order */
    size_t *row, *column;            /* [n] whose effects stand beside treated:post */
    double *y, *log_exposure, *d;    /* [n] */
    double *eta, *mu, *swept, *work; /* [n]: linear predictor; mean; d swept; workroom */
    double *trial;                   /* [n] */
    double *room;                    /* what the doubles above are parts of */
    size_t *places;                  /* likewise of the numbers */
    hst_two_way effects;
    double coefficient, information; /* beta; sum(w d^2) */
} did_fit;

static void close_fit(did_fit *f)
{
    hst_two_way_clear(&f->effects);
    free(f->room);
    free(f->places);
}

/* ---- the cells ---- */

static hst_status open_fit(did_fit *f, hst_error *err)
{
    size_t n = f->panel->n_areas * f->panel->n_times, n_names = n ? n : 1;

    f->room = calloc(8 * n_names, sizeof *f->room);
    f->places = calloc(4 * n_names, sizeof *f->places);
    if (!f->room || !f->places) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a panel of %zu by %zu",
                        f->panel->n_areas, f->panel->n_times);
    }
    f->y = f->room;
    f->log_exposure = f->y + n;
    f->d = f->log_exposure + n;
    f->eta = f->d + n;
    f->mu = f->eta + n;
    f->swept = f->mu + n;
    f->work = f->swept + n;
    f->trial = f->work + n;
    f->area = f->places;
    f->time = f->area + n;
    f->row = f->time + n;
    f->column = f->row + n;
    return HST_OK;
}

/* "area 5NK", or "area 3" where there are no names. */
static const char *name_of(char text[64], const char *what, const char *const *names, size_t i)
{
    if (names) {
        snprintf(text, 64, "%s %s", what, names[i]);
    } else {
        snprintf(text, 64, "%s %zu", what, i + 1);
    }
    return text;
}

/* Takes the cells that have a number. */
static hst_status take_cells(did_fit *f, hst_error *err)
{
    const hst_did_panel *p = f->panel;
    bool is_count = f->outcome == HST_DID_COUNTS;
    char name[64];

    for (size_t i = 0; i < p->n_areas * p->n_times; i++) {
        size_t area = i / p->n_times, time = i % p->n_times;
        double exposure = is_count && p->exposure ? p->exposure[i] : 1;

        if (isnan(p->y[i]) || isnan(exposure)) {
            continue;
        }
        if (isinf(p->y[i]) || (is_count && p->y[i] < 0)) {
            return hst_fail(err, HST_REFUSED, "%s has a %s",
                            name_of(name, "area", p->area_names, area),
                            is_count && p->y[i] < 0 ? "negative count" : "number that is infinite");
        }
        if (!(exposure > 0) || isinf(exposure)) {
            return hst_fail(err, HST_REFUSED, "the population of %s is not above 0",
                            name_of(name, "area", p->area_names, area));
        }
        f->area[f->n] = area;
        f->time[f->n] = time;
        f->y[f->n] = p->y[i];
        f->log_exposure[f->n] = log(exposure);
        f->d[f->n] = p->is_treated[area] && p->is_post[time] ? 1 : 0;
        f->n++;
    }
    return HST_OK;
}

/* All four of treated and controls, before and after, must have cells, and events. */
static hst_status check_four(const did_fit *f, hst_error *err)
{
    static const char *const names[2][2] = {{"control areas before", "control areas after"},
                                            {"treated areas before", "treated areas after"}};
    size_t n[2][2] = {{0}};
    double events[2][2] = {{0}};

    for (size_t i = 0; i < f->n; i++) {
        bool is_treated = f->panel->is_treated[f->area[i]], is_post = f->panel->is_post[f->time[i]];

        n[is_treated][is_post]++;
        events[is_treated][is_post] += f->y[i];
    }
    if (n[1][0] + n[1][1] == 0 || n[0][0] + n[0][1] == 0) {
        return hst_fail(err, HST_REFUSED, "no %s area",
                        n[1][0] + n[1][1] == 0 ? "treated" : "control");
    }
    for (size_t i = 0; i < 4; i++) {
        size_t is_treated = 1 - i / 2, is_post = i % 2;

        if (n[is_treated][is_post] == 0) {
            return hst_fail(err, HST_REFUSED, "no numbers of %s", names[is_treated][is_post]);
        }
        if (f->outcome == HST_DID_COUNTS && events[is_treated][is_post] == 0) {
            return hst_fail(err, HST_REFUSED, "no events in %s", names[is_treated][is_post]);
        }
    }
    return HST_OK;
}

/* Numbers the areas (or times) that have cells, and refuses one without events. `numbers` receives
 * those of the cells, `*n_met` how many there are. */
static hst_status number_groups(const did_fit *f, const size_t *group, size_t n_groups,
                                const char *what, const char *const *names, size_t *numbers,
                                size_t *n_met, hst_error *err)
{
    size_t *number = calloc(n_groups, sizeof *number);
    double *events = calloc(n_groups, sizeof *events);
    hst_status status = HST_OK;
    char name[64];

    *n_met = 0;
    if (!number || !events) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu effects", n_groups);
        goto done;
    }
    for (size_t i = 0; i < f->n; i++) {
        if (number[group[i]] == 0) {
            number[group[i]] = ++*n_met;
        }
        numbers[i] = number[group[i]] - 1;
        events[group[i]] += f->y[i];
    }
    for (size_t g = 0; g < n_groups && f->outcome == HST_DID_COUNTS && status == HST_OK; g++) {
        if (number[g] > 0 && events[g] == 0) {
            status = hst_fail(err, HST_REFUSED, "no events in %s", name_of(name, what, names, g));
        }
    }

done:
    free(number);
    free(events);
    return status;
}

static hst_status choose_effects(did_fit *f, hst_did_model model, hst_error *err)
{
    const hst_did_panel *p = f->panel;
    size_t n_rows = 2, n_columns = 2;
    hst_status status = HST_OK;

    if (model == HST_DID_TWO_WAY) {
        status = number_groups(f, f->area, p->n_areas, "area", p->area_names, f->row, &n_rows, err);
        if (status == HST_OK) {
            status = number_groups(f, f->time, p->n_times, "time", p->time_names, f->column,
                                   &n_columns, err);
        }
    }
    for (size_t i = 0; i < f->n && model == HST_DID_POOLED; i++) {
        f->row[i] = p->is_treated[f->area[i]];
        f->column[i] = p->is_post[f->time[i]];
    }
    return status == HST_OK
               ? hst_two_way_init(&f->effects, f->row, f->column, f->n, n_rows, n_columns, err)
               : status;
}

/* Areas that have a cell, and the treated ones among them; cells of an area stand together. */
static void count_areas(did_fit *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (i == 0 || f->area[i] != f->area[i - 1]) {
            f->n_areas++;
            f->n_treated += f->panel->is_treated[f->area[i]];
        }
    }
}

/* ---- the effect ---- */

/* d without what the effects beside it say. */
static hst_status sweep_treated(did_fit *f, const double *weights, hst_error *err)
{
    double before = 0;

    memcpy(f->swept, f->d, f->n * sizeof *f->swept);
    hst_two_way_sweep(&f->effects, weights, f->swept);
    f->information = 0;
    for (size_t i = 0; i < f->n; i++) {
        f->information += weights[i] * f->swept[i] * f->swept[i];
        before += weights[i] * f->d[i];
    }
    return f->information > 1e-10 * before
               ? HST_OK
               : hst_fail(err, HST_REFUSED,
                          "collinear: the effect cannot be told from those of areas and times");
}

/* Begins where rows, then columns have their sums, without an effect of treatment. */
static hst_status start_at_margins(did_fit *f, hst_error *err)
{
    size_t n_rows = f->effects.n_rows, n_columns = f->effects.n_columns;
    double *sums = calloc(2 * (n_rows + n_columns), sizeof *sums);
    double *seen = sums, *fitted = NULL;

    if (!sums) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu effects", n_rows + n_columns);
    }
    fitted = sums + n_rows + n_columns;
    memcpy(f->eta, f->log_exposure, f->n * sizeof *f->eta);
    for (int k = 0; k < 2; k++) {
        const size_t *group = k == 0 ? f->row : f->column;

        memset(sums, 0, 2 * (n_rows + n_columns) * sizeof *sums);
        for (size_t i = 0; i < f->n; i++) {
            seen[group[i]] += f->y[i];
            fitted[group[i]] += exp(f->eta[i]);
        }
        for (size_t i = 0; i < f->n; i++) {
            f->eta[i] += log(seen[group[i]] / fitted[group[i]]);
        }
    }
    free(sums);
    return HST_OK;
}

/* Poisson log-likelihood, but for a constant; fills mu. */
static double likelihood_of(did_fit *f, const double *eta)
{
    double sum = 0;

    for (size_t i = 0; i < f->n; i++) {
        f->mu[i] = exp(eta[i]);
        sum += f->y[i] * (eta[i] - f->log_exposure[i]) - f->mu[i];
    }
    return sum;
}

/* One step of scoring: `work` receives the change of the linear predictor, `*beta` that of the
 * coefficient. */
static void find_step(did_fit *f, double *beta)
{
    *beta = 0;
    for (size_t i = 0; i < f->n; i++) {
        *beta += f->swept[i] * (f->y[i] - f->mu[i]) / f->information;
        f->trial[i] = f->work[i] = (f->y[i] - f->mu[i]) / f->mu[i];
    }
    hst_two_way_sweep(&f->effects, f->mu, f->trial);
    for (size_t i = 0; i < f->n; i++) {
        f->work[i] += *beta * f->swept[i] - f->trial[i];
    }
}

/* Moves along the step, by less of it while that lowers the likelihood. */
static void move(did_fit *f, double beta, double *likelihood)
{
    double length = 1, before = *likelihood, slack = 1e-12 * fabs(before);

    for (int k = 0; k < MAX_HALVINGS; k++) {
        for (size_t i = 0; i < f->n; i++) {
            f->trial[i] = f->eta[i] + length * f->work[i];
        }
        *likelihood = likelihood_of(f, f->trial);
        if (*likelihood >= before - slack) {
            break;
        }
        length /= 2;
    }
    memcpy(f->eta, f->trial, f->n * sizeof *f->eta);
    f->coefficient += length * beta;
}

/* True when the step just found changes nothing that could be seen. A cell whose mean runs off to 0
 * moves by 1 at each step and does not get there within MAX_STEPS. */
static bool is_last(const did_fit *f)
{
    double squares = 0, total = 0;

    for (size_t i = 0; i < f->n; i++) {
        squares += f->mu[i] * f->work[i] * f->work[i];
        total += f->mu[i];
    }
    return squares <= last_step * last_step * total;
}

static hst_status fit_counts(did_fit *f, hst_error *err)
{
    hst_status status = start_at_margins(f, err);
    double likelihood = status == HST_OK ? likelihood_of(f, f->eta) : 0, beta = 0;
    bool is_settled = false;

    for (int step = 0; step < MAX_STEPS && status == HST_OK; step++) {
        status = sweep_treated(f, f->mu, err);
        if (status != HST_OK || is_settled) {
            return status;
        }
        find_step(f, &beta);
        is_settled = is_last(f);
        move(f, beta, &likelihood);
    }
    return status == HST_OK
               ? hst_fail(err, HST_REFUSED, "too few events: the effects run off to infinity")
               : status;
}

static hst_status fit_values(did_fit *f, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < f->n; i++) {
        f->trial[i] = 1;
    }
    if ((status = sweep_treated(f, f->trial, err)) != HST_OK) {
        return status;
    }
    memcpy(f->work, f->y, f->n * sizeof *f->work);
    hst_two_way_sweep(&f->effects, f->trial, f->work);
    for (size_t i = 0; i < f->n; i++) {
        f->coefficient += f->swept[i] * f->work[i] / f->information;
    }
    for (size_t i = 0; i < f->n; i++) {
        f->mu[i] = f->y[i] - (f->work[i] - f->coefficient * f->swept[i]);
    }
    return HST_OK;
}

static hst_status estimate(did_fit *f, hst_did_model model, hst_error *err)
{
    hst_status status = HST_OK;

    if ((status = open_fit(f, err)) != HST_OK || (status = take_cells(f, err)) != HST_OK ||
        (status = check_four(f, err)) != HST_OK ||
        (status = choose_effects(f, model, err)) != HST_OK) {
        return status;
    }
    count_areas(f);
    return f->outcome == HST_DID_COUNTS ? fit_counts(f, err) : fit_values(f, err);
}

/* ---- its error ---- */

/* sum of (y - mu)^2 / mu, of values without the divisor; 0 when there is nothing but rounding. */
static double sum_of_residuals(const did_fit *f)
{
    double sum = 0, size = 0;

    for (size_t i = 0; i < f->n; i++) {
        double divisor = f->outcome == HST_DID_COUNTS ? f->mu[i] : 1;

        sum += (f->y[i] - f->mu[i]) * (f->y[i] - f->mu[i]) / divisor;
        size += f->y[i] * f->y[i] / divisor;
    }
    return sum > nothing_left * size ? sum : 0;
}

/* sum over groups of (sum of d e)^2, the groups being areas or single cells; 0 when the sums of the
 * groups are 0 but for rounding. */
static double sum_of_squares(const did_fit *f, bool is_by_area)
{
    double total = 0, sum = 0, size = 0, largest = 0;

    for (size_t i = 0; i < f->n; i++) {
        double product = f->swept[i] * (f->y[i] - f->mu[i]);

        sum += product;
        size += fabs(product);
        if (!is_by_area || i + 1 == f->n || f->area[i + 1] != f->area[i]) {
            total += sum * sum;
            largest += size * size;
            sum = size = 0;
        }
    }
    return sum_of_residuals(f) > 0 && total > nothing_left * largest ? total : 0;
}

static double variance_of(const did_fit *f, hst_did_variance variance, double dispersion, size_t k)
{
    double n = (double)f->n, g = (double)f->n_areas, information = f->information;

    switch (variance) {
    case HST_DID_MODEL:
        return (f->outcome == HST_DID_COUNTS ? 1 : dispersion) / information;
    case HST_DID_QUASI:
        return dispersion / information;
    case HST_DID_HC0:
        return sum_of_squares(f, false) / information / information;
    case HST_DID_CLUSTER:
        return g / (g - 1) * sum_of_squares(f, true) / information / information;
    case HST_DID_CLUSTER_RAW:
        return sum_of_squares(f, true) / information / information;
    case HST_DID_CLUSTER_HC1:
        return g / (g - 1) * (n - 1) / (n - (double)k) * sum_of_squares(f, true) / information /
               information;
    }
    return NAN;
}

hst_status hst_did_fit(hst_did *out, const hst_did_panel *panel, hst_did_outcome outcome,
                       hst_did_model model, hst_did_variance variance, double confidence,
                       hst_error *err)
{
    did_fit f = {.panel = panel, .outcome = outcome};
    hst_status status = estimate(&f, model, err);
    double se = NAN, z = qnorm((1 - confidence / 100) / 2, 0, 1, 0, 0);
    bool is_ratio = outcome == HST_DID_COUNTS, is_clustered = variance >= HST_DID_CLUSTER;
    size_t k = 0;

    *out = (hst_did){.effect = {HST_SCALE_RATIO, NAN, NAN, NAN, NAN, NAN}, .dispersion = NAN};
    if (status != HST_OK) {
        goto done;
    }
    k = f.effects.n_effects + 1;
    out->n = f.n;
    out->n_areas = f.n_areas;
    out->n_treated = f.n_treated;
    out->dispersion = f.n > k ? sum_of_residuals(&f) / (double)(f.n - k) : NAN;
    se = sqrt(variance_of(&f, variance, out->dispersion, k));
    if (!(se > 0) || isinf(se)) {
        status = hst_fail(err, HST_REFUSED,
                          "the model leaves nothing over by which the effect could be judged");
        goto done;
    }
    out->effect = (hst_effect){
        .scale = is_ratio ? HST_SCALE_RATIO : HST_SCALE_DIFFERENCE,
        .estimate = is_ratio ? exp(f.coefficient) : f.coefficient,
        .se = se,
        .lower = f.coefficient - z * se,
        .upper = f.coefficient + z * se,
        .p = 2 * pnorm(-fabs(f.coefficient / se), 0, 1, 1, 0),
    };
    if (is_ratio) {
        out->effect.lower = exp(out->effect.lower);
        out->effect.upper = exp(out->effect.upper);
    }
    if (is_clustered && f.n_treated < HST_DID_FEW_TREATED) {
        out->note = f.n_treated == 1
                        ? "clustered errors of one treated area are much too small: take the "
                          "placebo rank"
                        : "clustered errors of fewer than five treated areas are too small: take "
                          "the placebo rank of each alone";
    }

done:
    close_fit(&f);
    return status;
}

/* ---- the placebo test ---- */

/* The panel without its treated area; the arrays are the caller's to free. */
typedef struct controls {
    hst_did_panel panel;
    double *y, *exposure;
    bool *is_treated;
} controls;

static void free_controls(controls *c)
{
    free(c->y);
    free(c->exposure);
    free(c->is_treated);
}

static hst_status take_controls(controls *c, const hst_did_panel *p, size_t treated, hst_error *err)
{
    size_t n_before = treated * p->n_times, n_after = (p->n_areas - 1 - treated) * p->n_times;
    size_t n = n_before + n_after;

    c->y = calloc(n, sizeof *c->y);
    c->exposure = p->exposure ? calloc(n, sizeof *c->exposure) : NULL;
    c->is_treated = calloc(p->n_areas, sizeof *c->is_treated);
    if (!c->y || (p->exposure && !c->exposure) || !c->is_treated) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a panel of %zu by %zu", p->n_areas,
                        p->n_times);
    }
    memcpy(c->y, p->y, n_before * sizeof *c->y);
    memcpy(c->y + n_before, p->y + n_before + p->n_times, n_after * sizeof *c->y);
    if (p->exposure) {
        memcpy(c->exposure, p->exposure, n_before * sizeof *c->y);
        memcpy(c->exposure + n_before, p->exposure + n_before + p->n_times, n_after * sizeof *c->y);
    }
    c->panel = (hst_did_panel){.n_areas = p->n_areas - 1,
                               .n_times = p->n_times,
                               .y = c->y,
                               .exposure = c->exposure,
                               .is_treated = c->is_treated,
                               .is_post = p->is_post};
    return HST_OK;
}

static hst_status strength_of(double *out, const hst_did_panel *panel, hst_did_outcome outcome,
                              hst_did_model model, hst_error *err)
{
    did_fit f = {.panel = panel, .outcome = outcome};
    hst_status status = estimate(&f, model, err);

    *out = fabs(f.coefficient);
    close_fit(&f);
    return status;
}

hst_status hst_did_placebo(hst_placebo *out, const hst_did_panel *panel, hst_did_outcome outcome,
                           hst_did_model model, hst_error *err)
{
    hst_status status = HST_OK;
    controls c = {0};
    size_t treated = 0, n_treated = 0;
    double own = NAN, other = NAN;

    *out = (hst_placebo){.p = NAN};
    for (size_t i = 0; i < panel->n_areas; i++) {
        if (panel->is_treated[i]) {
            treated = i;
            n_treated++;
        }
    }
    if (n_treated > 1) {
        return hst_fail(err, HST_REFUSED, "%zu treated areas: the placebo test takes one at a time",
                        n_treated);
    }
    if ((status = strength_of(&own, panel, outcome, model, err)) != HST_OK ||
        (status = take_controls(&c, panel, treated, err)) != HST_OK) {
        goto done;
    }
    out->n = out->n_as_strong = 1;
    for (size_t i = 0; i < c.panel.n_areas; i++) {
        c.is_treated[i] = true;
        status = strength_of(&other, &c.panel, outcome, model, err);
        c.is_treated[i] = false;
        if (status != HST_OK && status != HST_REFUSED) {
            goto done;
        }
        if (status == HST_OK) {
            out->n++;
            out->n_as_strong += other >= own * (1 - 1e-9); /* ties in exact arithmetic are ties */
        }
    }
    status = out->n > 1 ? HST_OK
                        : hst_fail(err, HST_REFUSED,
                                   "no control area whose effect could stand "
                                   "beside the treated one's");
    out->p = status == HST_OK ? (double)out->n_as_strong / (double)out->n : NAN;

done:
    free_controls(&c);
    return status;
}
