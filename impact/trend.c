/* A straight line through a series, with four kinds of errors. */
#include "hestia/trend.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/regression.h"

enum { N_TERMS = 2, LEAST_POINTS = 4 };

static const char *const names[N_TERMS] = {"intercept", "t"};

/* The points used, and room for them transformed. */
typedef struct points {
    size_t n;
    double *x, *y;             /* [n][N_TERMS], [n] */
    double *moved_x, *moved_y; /* the same, less rho times the point before */
} points;

static void clear_points(points *p)
{
    free(p->x);
    free(p->y);
    free(p->moved_x);
    free(p->moved_y);
}

static hst_status open_points(points *p, const double *t, const double *y, size_t n, hst_error *err)
{
    bool is_constant = true;

    p->x = calloc(n * N_TERMS + 1, sizeof *p->x);
    p->y = calloc(n + 1, sizeof *p->y);
    p->moved_x = calloc(n * N_TERMS + 1, sizeof *p->moved_x);
    p->moved_y = calloc(n + 1, sizeof *p->moved_y);
    if (!p->x || !p->y || !p->moved_x || !p->moved_y) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a series of %zu points", n);
    }
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) {
            continue;
        }
        if (p->n > 0 && !(t[i] > p->x[(p->n - 1) * N_TERMS + 1])) {
            return hst_fail(err, HST_REFUSED, "t does not rise from point to point");
        }
        p->x[p->n * N_TERMS] = 1;
        p->x[p->n * N_TERMS + 1] = t[i];
        p->y[p->n] = y[i];
        is_constant = is_constant && y[i] == p->y[0];
        p->n++;
    }
    if (p->n < LEAST_POINTS) {
        return hst_fail(err, HST_REFUSED, "too few points: %zu, at least %d", p->n, LEAST_POINTS);
    }
    return is_constant ? hst_fail(err, HST_REFUSED, "a constant series") : HST_OK;
}

/* ---- terms ---- */

static void fill_term(hst_term *term, const char *name, double estimate, double variance, double df,
                      double confidence)
{
    double quantile = qt(0.5 - confidence / 200, df, 0, 0);

    *term = (hst_term){.estimate = estimate, .se = sqrt(variance)};
    snprintf(term->name, sizeof term->name, "%s", name);
    term->statistic = term->estimate / term->se;
    term->p = 2 * pt(-fabs(term->statistic), df, 1, 0);
    term->lower = estimate - quantile * term->se;
    term->upper = estimate + quantile * term->se;
}

/* Estimates of a fit with a covariance [N_TERMS][N_TERMS], times `scale`. */
static void fill_terms(hst_trend *trend, const hst_fit *fit, const double *covariance, double scale,
                       double confidence)
{
    fill_term(&trend->intercept, "intercept", fit->coefficients[0], scale * covariance[0],
              trend->df, confidence);
    fill_term(&trend->slope, "slope", fit->coefficients[1], scale * covariance[3], trend->df,
              confidence);
}

/* What least squares says of the series, whichever errors follow. */
static hst_status describe(hst_trend *trend, const hst_design *design, const hst_fit *fit,
                           const double *y, hst_error *err)
{
    size_t n = fit->n;
    double mean = 0, squares = 0;
    hst_status status = HST_OK;

    for (size_t i = 0; i < n; i++) {
        mean += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        squares += (y[i] - mean) * (y[i] - mean);
    }
    /* Residuals of the size of rounding have no error, and no correlation, to speak of. */
    if (!(fit->rss > 1e-24 * (squares + (double)n * mean * mean))) {
        return hst_fail(err, HST_REFUSED, "the points lie on a line, without any noise");
    }
    trend->n = n;
    trend->df = (double)(n - N_TERMS);
    trend->sigma = sqrt(fit->rss / trend->df);
    trend->r_squared = 1 - fit->rss / squares;
    trend->lag1 = hst_lag1_correlation(fit->residuals, n);
    trend->dw = hst_durbin_watson(fit->residuals, n);
    status = hst_durbin_watson_p(&trend->dw_p_greater, design, fit->bread, trend->dw, err);
    trend->dw_p_two_sided = 2 * fmin(trend->dw_p_greater, 1 - trend->dw_p_greater);
    return status;
}

/* ---- autocorrelated errors ---- */

static double rho_of(const points *p, const double *coefficients)
{
    double products = 0, squares = 0, before = 0;

    for (size_t i = 0; i < p->n; i++) {
        double e =
            p->y[i] - coefficients[0] - coefficients[1] * p->x[i * N_TERMS + 1]; /* untransformed */

        if (i > 0) {
            products += e * before;
            squares += before * before;
        }
        before = e;
    }
    return products / squares;
}

/* Least squares of the points less rho times the one before. */
static hst_status fit_moved(hst_fit *fit, points *p, double rho, bool has_first, hst_error *err)
{
    size_t skipped = has_first ? 0 : 1;
    hst_design design = {
        .n = p->n - skipped, .k = N_TERMS, .x = p->moved_x + skipped * N_TERMS, .names = names};

    for (size_t i = 0; i < p->n; i++) {
        double own = i == 0 ? sqrt(1 - rho * rho) : 1, share = i == 0 ? 0 : rho;
        size_t before = i == 0 ? 0 : i - 1;

        p->moved_y[i] = own * p->y[i] - share * p->y[before];
        for (size_t j = 0; j < N_TERMS; j++) {
            p->moved_x[i * N_TERMS + j] =
                own * p->x[i * N_TERMS + j] - share * p->x[before * N_TERMS + j];
        }
    }
    hst_fit_clear(fit);
    return hst_least_squares(fit, &design, p->moved_y + skipped, NULL, err);
}

static hst_status fit_ar1(hst_trend *trend, points *p, const hst_fit *line,
                          const hst_trend_options *options, hst_error *err)
{
    enum { N_STEPS = 1000 };
    bool has_first = options->errors == HST_TREND_PRAIS_WINSTEN, is_settled = false;
    double rho = rho_of(p, line->coefficients);
    hst_fit fit = {0};
    hst_status status = HST_OK;

    for (size_t step = 0; step < N_STEPS && !is_settled; step++) {
        double last = rho;

        if (!(fabs(rho) < 1)) {
            status = hst_fail(err, HST_REFUSED, "the autocorrelation of the errors reaches 1");
            goto done;
        }
        status = fit_moved(&fit, p, rho, has_first, err);
        if (status != HST_OK) {
            goto done;
        }
        trend->rho = rho;
        rho = rho_of(p, fit.coefficients);
        is_settled = options->is_two_step || fabs(rho - last) <= 1e-14;
    }
    if (!is_settled && fabs(rho - trend->rho) > 1e-9) {
        status = hst_fail(err, HST_REFUSED, "the autocorrelation of the errors does not settle");
        goto done;
    }
    trend->df = (double)(fit.n - N_TERMS);
    trend->sigma = sqrt(fit.rss / trend->df);
    fill_terms(trend, &fit, fit.bread, fit.rss / trend->df, options->confidence);

done:
    hst_fit_clear(&fit);
    return status;
}

/* ---- the line ---- */

static hst_status fill_newey_west(hst_trend *trend, const hst_design *design, const hst_fit *fit,
                                  const hst_trend_options *options, hst_error *err)
{
    double covariance[N_TERMS * N_TERMS];
    hst_status status = HST_OK;

    trend->lag = options->lag < 0 ? hst_newey_west_lag(fit->n) : (size_t)options->lag;
    status = hst_newey_west(covariance, fit->bread, design, fit->residuals, trend->lag,
                            options->is_adjusted, err);
    if (status == HST_OK) {
        fill_terms(trend, fit, covariance, 1, options->confidence);
    }
    return status;
}

hst_status hst_trend_fit(hst_trend *out, const double *t, const double *y, size_t n,
                         const hst_trend_options *options, hst_error *err)
{
    points p = {0};
    hst_design design = {.k = N_TERMS, .names = names};
    hst_fit fit = {0};
    hst_trend trend = {.rho = NAN};
    hst_status status = HST_OK;

    *out = (hst_trend){0};
    if (!(options->confidence > 0 && options->confidence < 100)) {
        return hst_fail(err, HST_ERR_ARGUMENT, "no confidence of %g %%", options->confidence);
    }
    status = open_points(&p, t, y, n, err);
    if (status != HST_OK) {
        goto done;
    }
    design.n = p.n;
    design.x = p.x;
    if ((status = hst_least_squares(&fit, &design, p.y, NULL, err)) != HST_OK ||
        (status = describe(&trend, &design, &fit, p.y, err)) != HST_OK) {
        goto done;
    }
    switch (options->errors) {
    case HST_TREND_OLS:
        fill_terms(&trend, &fit, fit.bread, fit.rss / trend.df, options->confidence);
        break;
    case HST_TREND_NEWEY_WEST:
        status = fill_newey_west(&trend, &design, &fit, options, err);
        break;
    case HST_TREND_PRAIS_WINSTEN:
    case HST_TREND_COCHRANE_ORCUTT:
        status = fit_ar1(&trend, &p, &fit, options, err);
        break;
    }
    if (status == HST_OK) {
        *out = trend;
    }

done:
    hst_fit_clear(&fit);
    clear_points(&p);
    return status;
}
