/* Segmented regression: the fit, its errors and its terms.
 *
 * Assumptions: points are independent given the model (model errors) or depend on the last few
 * (Newey-West); a service's and its control's are independent of each other. */
#include "impact/segmented_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "impact/glm_internal.h"

/* Residuals so small beside the series that they are rounding: errors made of them are none. */
static const double nothing_left = 1e-20;

void hst_its_clear(hst_its *its)
{
    free(its->points);
    free(its->covariance);
    free(its->floor);
    free(its->design);
    *its = (hst_its){0};
}

static bool is_by_t(hst_its_model model)
{
    return model == HST_ITS_OLS || model == HST_ITS_QUASIPOISSON;
}

double hst_its_quantile(hst_its_model model, double df, double confidence)
{
    double tail = (1 - confidence / 100) / 2;

    return is_by_t(model) ? qt(tail, df, 0, 0) : qnorm(tail, 0, 1, 0, 0);
}

double segmented_p(hst_its_model model, double df, double statistic)
{
    return is_by_t(model) ? 2 * pt(fabs(statistic), df, 0, 0)
                          : 2 * pnorm(fabs(statistic), 0, 1, 0, 0);
}

/* The rows of the points used, and what the fit leaves of them; each [n] unless it says more. */
typedef struct rows {
    hst_design design;
    const char *names[HST_MAX_TERMS];
    double *x; /* [n][k] */
    double *y, *offset, *scores, *residuals;
    double *weights; /* working weights: row x has the leverage w x' bread x */
    bool *is_of_service;
    double *bread; /* [k][k] */
} rows;

static void close_rows(rows *r)
{
    free(r->x);
    free(r->y);
    free(r->offset);
    free(r->scores);
    free(r->residuals);
    free(r->weights);
    free(r->is_of_service);
    free(r->bread);
}

static hst_status open_rows(rows *r, hst_its *its, const segmented_terms *terms,
                            const hst_its_series *series, const hst_its_options *options,
                            hst_error *err)
{
    size_t n = its->n, k = terms->n, at = 0;

    r->x = calloc(n * k, sizeof *r->x);
    r->y = calloc(n, sizeof *r->y);
    r->offset = calloc(n, sizeof *r->offset);
    r->scores = calloc(n, sizeof *r->scores);
    r->residuals = calloc(n, sizeof *r->residuals);
    r->weights = calloc(n, sizeof *r->weights);
    r->is_of_service = calloc(n, sizeof *r->is_of_service);
    r->bread = calloc(k * k, sizeof *r->bread);
    its->design = calloc(series->n * k, sizeof *its->design);
    its->covariance = calloc(k * k, sizeof *its->covariance);
    if (!r->x || !r->y || !r->offset || !r->scores || !r->residuals || !r->weights ||
        !r->is_of_service || !r->bread || !its->design || !its->covariance) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a segmented regression of %zu points",
                        series->n);
    }
    for (size_t j = 0; j < k; j++) {
        r->names[j] = terms->names[j];
    }
    for (size_t i = 0; i < series->n; i++) {
        segmented_fill_row(&its->design[i * k], terms, series, options, i);
        if (its->points[i].is_used) {
            memcpy(&r->x[at * k], &its->design[i * k], k * sizeof *r->x);
            r->y[at] = series->y[i];
            r->offset[at] = series->exposure ? log(series->exposure[i]) : 0;
            r->is_of_service[at++] = segmented_is_of_service(series, i);
        }
    }
    r->design = (hst_design){.n = n, .k = k, .x = r->x, .names = r->names};
    return HST_OK;
}

/* ---- fits ---- */

static hst_status fit_line(hst_its *its, rows *r, hst_error *err)
{
    hst_fit fit = {0};
    hst_status status = hst_least_squares(&fit, &r->design, r->y, NULL, err);
    double n = (double)its->n, mean = 0, squares = 0;

    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < its->n; i++) {
        mean += r->y[i] / n;
        r->scores[i] = r->residuals[i] = fit.residuals[i];
        r->weights[i] = 1;
    }
    for (size_t i = 0; i < its->n; i++) {
        squares += (r->y[i] - mean) * (r->y[i] - mean);
    }
    for (size_t j = 0; j < its->n_terms; j++) {
        its->terms[j].estimate = fit.coefficients[j];
    }
    memcpy(r->bread, fit.bread, its->n_terms * its->n_terms * sizeof *r->bread);
    its->deviance = fit.rss;
    its->dispersion = fit.rss > nothing_left * squares ? fit.rss / its->df : 0;
    its->loglik = -n / 2 * (log(6.283185307179586 * fit.rss / n) + 1);
    hst_fit_clear(&fit);
    return HST_OK;
}

static hst_status fit_counts(hst_its *its, rows *r, hst_its_model model, hst_error *err)
{
    glm g = {0};
    hst_status status = model == HST_ITS_NEGBIN
                            ? glm_fit_negbin(&g, &r->design, r->y, r->offset, err)
                            : glm_fit(&g, &r->design, r->y, r->offset, INFINITY, err);
    double total = 0;

    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < its->n; i++) {
        total += r->y[i];
        r->weights[i] = g.mu[i] / (1 + g.mu[i] / g.theta);
    }
    for (size_t j = 0; j < its->n_terms; j++) {
        its->terms[j].estimate = g.coefficients[j];
    }
    memcpy(r->scores, g.scores, its->n * sizeof *r->scores);
    memcpy(r->residuals, g.pearson, its->n * sizeof *r->residuals);
    memcpy(r->bread, g.bread, its->n_terms * its->n_terms * sizeof *r->bread);
    its->deviance = g.deviance;
    its->dispersion = g.chi_square > nothing_left * total ? g.chi_square / its->df : 0;
    its->loglik = model == HST_ITS_QUASIPOISSON ? NAN : g.loglik;
    if (model == HST_ITS_NEGBIN) {
        its->theta = g.theta;
        its->se_theta = g.se_theta;
    }
    glm_clear(&g);
    return HST_OK;
}

/* ---- errors ---- */

/* What a point's residual is divided by, as the fit is drawn to it: 1 less its leverage. A point
 * with a term of its own has no residual to divide. */
static double slack_of(const hst_its *its, const rows *r, size_t point)
{
    size_t k = its->n_terms;
    const double *x = &r->x[point * k];
    double leverage = 0;

    for (size_t a = 0; a < k; a++) {
        for (size_t b = 0; b < k; b++) {
            leverage += r->weights[point] * x[a] * r->bread[a * k + b] * x[b];
        }
    }
    return leverage < 1 - 1e-8 ? 1 - leverage : 1;
}

/* Adds Newey-West's covariance of one of two series to the sum: lags do not reach across. */
static hst_status add_newey_west(hst_its *its, const rows *r, bool is_service, bool is_robust,
                                 hst_error *err)
{
    size_t k = its->n_terms, n = 0;
    double *x = calloc(its->n * k, sizeof *x), *scores = calloc(its->n, sizeof *scores);
    double *part = calloc(k * k, sizeof *part);
    hst_design design = r->design;
    hst_status status = HST_OK;

    if (!x || !scores || !part) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a covariance of %zu terms", k);
        goto done;
    }
    for (size_t i = 0; i < its->n; i++) {
        if (r->is_of_service[i] == is_service) {
            memcpy(&x[n * k], &r->x[i * k], k * sizeof *x);
            scores[n++] = r->scores[i] / (is_robust ? slack_of(its, r, i) : 1);
        }
    }
    design.n = n;
    design.x = x;
    status = hst_newey_west(part, r->bread, &design, scores, its->lag, false, err);
    for (size_t i = 0; i < k * k && status == HST_OK; i++) {
        its->covariance[i] += part[i];
    }

done:
    free(x);
    free(scores);
    free(part);
    return status;
}

static hst_status fill_covariance(hst_its *its, const rows *r, const hst_its_series *series,
                                  const hst_its_options *options, hst_error *err)
{
    size_t k = its->n_terms;
    double factor = is_by_t(options->model) ? its->dispersion : 1;
    double *model = its->covariance;
    hst_status status = HST_OK;

    if (options->is_hac && options->is_robust) {
        its->floor = model = calloc(k * k, sizeof *model);
        if (!model) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for a covariance of %zu terms", k);
        }
    }
    for (size_t i = 0; i < k * k && (!options->is_hac || options->is_robust); i++) {
        model[i] = factor * r->bread[i];
    }
    if (!options->is_hac) {
        return HST_OK;
    }
    its->lag =
        options->lag >= 0 ? (size_t)options->lag : hst_newey_west_lag(its->n_before + its->n_after);
    for (int own = series->is_treated ? 0 : 1; own <= 1 && status == HST_OK; own++) {
        status = add_newey_west(its, r, own == 1, options->is_robust, err);
    }
    for (size_t i = 0; i < k * k && options->is_adjusted; i++) {
        its->covariance[i] *= (double)its->n / its->df;
    }
    return status;
}

static void fill_terms(hst_its *its, const segmented_terms *terms, const hst_its_options *options)
{
    double quantile = hst_its_quantile(options->model, its->df, options->confidence);
    double gradient[HST_MAX_TERMS] = {0};

    for (size_t j = 0; j < its->n_terms; j++) {
        hst_term *term = &its->terms[j];

        snprintf(term->name, sizeof term->name, "%s", terms->names[j]);
        its->is_of_service[j] = terms->is_of_service[j];
        gradient[j] = 1;
        term->se = segmented_se(its, gradient);
        gradient[j] = 0;
        term->statistic = term->estimate / term->se;
        term->p = segmented_p(options->model, its->df, term->statistic);
        term->lower = term->estimate - quantile * term->se;
        term->upper = term->estimate + quantile * term->se;
    }
}

/* Of the service's residuals: a control's are no neighbours of them. */
static void fill_correlations(hst_its *its, const rows *r)
{
    size_t n = 0;

    for (size_t i = 0; i < its->n; i++) {
        if (r->is_of_service[i]) {
            r->residuals[n++] = r->residuals[i];
        }
    }
    its->dw = hst_durbin_watson(r->residuals, n);
    its->lag1 = hst_lag1_correlation(r->residuals, n);
}

static void add_note(hst_its *its, const char *note)
{
    size_t length = strlen(its->note);

    snprintf(its->note + length, sizeof its->note - length, "%s%s", length > 0 ? "; " : "", note);
}

static void fill_note(hst_its *its, const hst_its_options *options)
{
    char few[64];

    for (int i = 0; i < 2; i++) {
        size_t n = i == 0 ? its->n_before : its->n_after;

        if (n < SEGMENTED_GOOD_POINTS) {
            snprintf(few, sizeof few, "few points %s: %zu, %d are wanted",
                     i == 0 ? "before" : "after", n, SEGMENTED_GOOD_POINTS);
            add_note(its, few);
        }
    }
    if (options->model == HST_ITS_NEGBIN && isinf(its->theta)) {
        add_note(its, "no over-dispersion: theta runs to infinity, the fit is Poisson's");
    }
    if (options->is_hac && its->lag > 0 && its->n < its->n_points) {
        add_note(its, "lags by position among the points used");
    }
}

hst_status hst_its_fit(hst_its *out, const hst_its_series *series, const hst_its_options *options,
                       hst_error *err)
{
    hst_its its = {.n_points = series->n, .theta = NAN, .se_theta = NAN};
    segmented_terms terms;
    rows r = {0};
    hst_status status = segmented_name_terms(&terms, series, options, err);

    *out = (hst_its){0};
    if (status != HST_OK) {
        return status;
    }
    its.n_terms = terms.n;
    its.points = calloc(series->n + 1, sizeof *its.points);
    if (!its.points) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a series of %zu points", series->n);
    }
    if ((status = segmented_check_points(&its, &terms, series, options, err)) != HST_OK ||
        (status = open_rows(&r, &its, &terms, series, options, err)) != HST_OK) {
        goto done;
    }
    its.df = (double)(its.n - its.n_terms);
    status = segmented_is_counts(options) ? fit_counts(&its, &r, options->model, err)
                                          : fit_line(&its, &r, err);
    if (status == HST_OK && !(its.dispersion > 0)) {
        status = hst_fail(err, HST_REFUSED,
                          "the terms fit every point exactly: nothing tells how far off they are");
    }
    if (status != HST_OK || (status = fill_covariance(&its, &r, series, options, err)) != HST_OK) {
        goto done;
    }
    fill_terms(&its, &terms, options);
    fill_correlations(&its, &r);
    fill_note(&its, options);
    segmented_fill_points(&its, series, options);
    *out = its;
    its = (hst_its){0}; /* now the caller's */

done:
    hst_its_clear(&its);
    close_rows(&r);
    return status;
}
