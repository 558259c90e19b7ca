/* The fit of difference-in-differences: a panel's cells, and treated:post beside effects of areas
 * and times, which are swept out.
 *
 * Counts are fitted by scoring: each step sweeps d = treated:post and the working residual
 * (y - mu) / mu with weights mu, moves the linear predictor by what the two fits say, and is halved
 * while it does not raise the likelihood. The pooled model is the same with two rows (controls,
 * treated) and two columns (before, after) in place of areas and times. */
#include "impact/did_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 25, MAX_HALVINGS = 30 };

/* A step is the last when it moves the linear predictor by less than this (root mean square, by
 * mu): the next would move it by the square of that. */
static const double last_step = 1e-10;

void did_fit_clear(did_fit *f)
{
    hst_two_way_clear(&f->effects);
    free(f->room);
    free(f->places);
}

/* ---- the cells ---- */

static hst_status open_fit(did_fit *f, hst_error *err)
{
    size_t n = f->panel->n_areas * f->panel->n_times, n_cells = n ? n : 1;

    f->room = calloc(8 * n_cells, sizeof *f->room);
    f->places = calloc(4 * n_cells, sizeof *f->places);
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

hst_status did_estimate(did_fit *f, hst_did_model model, hst_error *err)
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
