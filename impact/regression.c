/* Least squares by GSL's QR, and what is made of its residuals. */
#include "hestia/regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>

#include "impact/gsl.h"

/* A pivot so much smaller than the first is taken for 0. Columns have length one, so nothing else
 * than collinearity makes it small. */
static const double rank_tolerance = 1e-11;

void hst_fit_clear(hst_fit *fit)
{
    free(fit->coefficients);
    free(fit->bread);
    free(fit->fitted);
    free(fit->residuals);
    *fit = (hst_fit){0};
}

/* What a factorisation works in. */
typedef struct workroom {
    gsl_matrix *qr;
    gsl_vector *tau, *y, *norm;
    gsl_permutation *permutation;
    double *lengths; /* [k], of the columns */
} workroom;

static void close_workroom(workroom *w)
{
    gsl_matrix_free(w->qr);
    gsl_vector_free(w->tau);
    gsl_vector_free(w->y);
    gsl_vector_free(w->norm);
    gsl_permutation_free(w->permutation);
    free(w->lengths);
}

static hst_status open_workroom(workroom *w, size_t n, size_t k, hst_error *err)
{
    hst_gsl_quiet();
    w->qr = gsl_matrix_alloc(n, k);
    w->tau = gsl_vector_alloc(k);
    w->y = gsl_vector_alloc(n);
    w->norm = gsl_vector_alloc(k);
    w->permutation = gsl_permutation_alloc(k);
    w->lengths = calloc(k, sizeof *w->lengths);
    return w->qr && w->tau && w->y && w->norm && w->permutation && w->lengths
               ? HST_OK
               : hst_fail(err, HST_ERR_MEMORY, "no memory for a regression of %zu by %zu", n, k);
}

/* Fills the matrix with weighted columns of length one. */
static hst_status fill(workroom *w, const hst_design *d, const double *y, const double *weights,
                       hst_error *err)
{
    for (size_t i = 0; i < d->n; i++) {
        double root = weights ? sqrt(weights[i]) : 1;

        gsl_vector_set(w->y, i, root * y[i]);
        for (size_t j = 0; j < d->k; j++) {
            double value = root * d->x[i * d->k + j];

            gsl_matrix_set(w->qr, i, j, value);
            w->lengths[j] += value * value;
            if (!isfinite(w->lengths[j]) || !isfinite(y[i])) {
                return hst_fail(err, HST_REFUSED, "numbers that are not finite");
            }
        }
    }
    for (size_t j = 0; j < d->k; j++) {
        w->lengths[j] = sqrt(w->lengths[j]);
        if (!(w->lengths[j] > 0)) {
            return hst_fail(err, HST_REFUSED, "collinear: %s is 0 everywhere", d->names[j]);
        }
        for (size_t i = 0; i < d->n; i++) {
            gsl_matrix_set(w->qr, i, j, gsl_matrix_get(w->qr, i, j) / w->lengths[j]);
        }
    }
    return HST_OK;
}

/* QR with pivots, the terms of no use named. */
static hst_status factorise(workroom *w, const hst_design *d, hst_error *err)
{
    int sign = 0;

    if (gsl_linalg_QRPT_decomp(w->qr, w->tau, w->permutation, &sign, w->norm) != GSL_SUCCESS) {
        return hst_fail(err, HST_REFUSED, "the regression cannot be solved");
    }
    for (size_t j = 0; j < d->k; j++) {
        if (fabs(gsl_matrix_get(w->qr, j, j)) < rank_tolerance) {
            return hst_fail(err, HST_REFUSED, "collinear: %s",
                            d->names[gsl_permutation_get(w->permutation, j)]);
        }
    }
    return HST_OK;
}

/* Solves R b = Q' y, and the bread R^-1 R^-T column by column; both in the order of the terms and
 * with their lengths taken back. */
static hst_status solve(workroom *w, const hst_design *d, hst_fit *fit, hst_error *err)
{
    size_t k = d->k;
    double *inverse = calloc(k * k, sizeof *inverse); /* R^-1, [k][k] */

    if (!inverse) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a regression of %zu terms", k);
    }
    gsl_linalg_QR_QTvec(w->qr, w->tau, w->y);
    for (size_t c = 0; c < k; c++) {
        for (size_t r = c + 1; r-- > 0;) {
            double sum = r == c ? 1 : 0;

            for (size_t j = r + 1; j <= c; j++) {
                sum -= gsl_matrix_get(w->qr, r, j) * inverse[j * k + c];
            }
            inverse[r * k + c] = sum / gsl_matrix_get(w->qr, r, r);
        }
    }
    for (size_t r = k; r-- > 0;) { /* by substitution, which keeps more digits than R^-1 (Q' y) */
        double sum = gsl_vector_get(w->y, r);
        size_t term = gsl_permutation_get(w->permutation, r);

        for (size_t j = r + 1; j < k; j++) {
            size_t other = gsl_permutation_get(w->permutation, j);

            sum -= gsl_matrix_get(w->qr, r, j) * fit->coefficients[other] * w->lengths[other];
        }
        fit->coefficients[term] = sum / gsl_matrix_get(w->qr, r, r) / w->lengths[term];
    }
    for (size_t a = 0; a < k; a++) {
        for (size_t b = 0; b < k; b++) {
            size_t i = gsl_permutation_get(w->permutation, a);
            size_t j = gsl_permutation_get(w->permutation, b);
            double sum = 0;

            for (size_t c = a > b ? a : b; c < k; c++) {
                sum += inverse[a * k + c] * inverse[b * k + c];
            }
            fit->bread[i * k + j] = sum / w->lengths[i] / w->lengths[j];
        }
    }
    free(inverse);
    return HST_OK;
}

hst_status hst_least_squares(hst_fit *out, const hst_design *design, const double *y,
                             const double *weights, hst_error *err)
{
    size_t n = design->n, k = design->k;
    workroom w = {0};
    hst_fit fit = {.n = n, .k = k};
    hst_status status = HST_OK;

    *out = (hst_fit){0};
    if (n < k || k == 0) {
        return hst_fail(err, HST_REFUSED, "too few points: %zu for %zu terms", n, k);
    }
    status = open_workroom(&w, n, k, err);
    fit.coefficients = calloc(k, sizeof *fit.coefficients);
    fit.bread = calloc(k * k, sizeof *fit.bread);
    fit.fitted = calloc(n, sizeof *fit.fitted);
    fit.residuals = calloc(n, sizeof *fit.residuals);
    if (status == HST_OK && !(fit.coefficients && fit.bread && fit.fitted && fit.residuals)) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a regression of %zu by %zu", n, k);
    }
    if (status != HST_OK || (status = fill(&w, design, y, weights, err)) != HST_OK ||
        (status = factorise(&w, design, err)) != HST_OK ||
        (status = solve(&w, design, &fit, err)) != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < k; j++) {
            fit.fitted[i] += design->x[i * k + j] * fit.coefficients[j];
        }
        fit.residuals[i] = y[i] - fit.fitted[i];
        fit.rss += (weights ? weights[i] : 1) * fit.residuals[i] * fit.residuals[i];
    }
    *out = fit;
    fit = (hst_fit){0}; /* now the caller's */

done:
    hst_fit_clear(&fit);
    close_workroom(&w);
    return status;
}

size_t hst_newey_west_lag(size_t n)
{
    return (size_t)floor(4 * pow((double)n / 100, 2.0 / 9));
}

/* meat += weight * sum over t of (u[t] u[t-j]' + u[t-j] u[t]'), or the squares alone for j = 0. */
static void add_products(double *meat, const hst_design *d, const double *scores, size_t j,
                         double weight)
{
    size_t k = d->k;

    for (size_t t = j; t < d->n; t++) {
        const double *now = &d->x[t * k], *before = &d->x[(t - j) * k];
        double product = weight * scores[t] * scores[t - j];

        for (size_t a = 0; a < k; a++) {
            for (size_t b = 0; b < k; b++) {
                meat[a * k + b] += j == 0 ? product * now[a] * now[b]
                                          : product * (now[a] * before[b] + before[a] * now[b]);
            }
        }
    }
}

static void multiply(double *out, const double *a, const double *b, size_t k)
{
    for (size_t i = 0; i < k * k; i++) {
        out[i] = 0;
        for (size_t j = 0; j < k; j++) {
            out[i] += a[i / k * k + j] * b[j * k + i % k];
        }
    }
}

hst_status hst_newey_west(double *covariance, const double *bread, const hst_design *design,
                          const double *scores, size_t lag, bool is_adjusted, hst_error *err)
{
    size_t n = design->n, k = design->k;
    double *meat = calloc(k * k, sizeof *meat), *half = calloc(k * k, sizeof *half);
    hst_status status = HST_OK;

    if (!meat || !half) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a covariance of %zu terms", k);
        goto done;
    }
    for (size_t j = 0; j <= lag && j < n; j++) {
        add_products(meat, design, scores, j, 1 - (double)j / (double)(lag + 1));
    }
    multiply(half, bread, meat, k);
    multiply(covariance, half, bread, k);
    for (size_t i = 0; i < k * k && is_adjusted; i++) {
        covariance[i] *= (double)n / (double)(n - k);
    }

done:
    free(meat);
    free(half);
    return status;
}

double hst_durbin_watson(const double *residuals, size_t n)
{
    double changes = 0, squares = 0;

    for (size_t t = 0; t < n; t++) {
        squares += residuals[t] * residuals[t];
        if (t > 0) {
            changes += (residuals[t] - residuals[t - 1]) * (residuals[t] - residuals[t - 1]);
        }
    }
    return squares > 0 ? changes / squares : NAN;
}

double hst_lag1_correlation(const double *residuals, size_t n)
{
    double products = 0, squares = 0;

    for (size_t t = 0; t < n; t++) {
        squares += residuals[t] * residuals[t];
        if (t > 0) {
            products += residuals[t] * residuals[t - 1];
        }
    }
    return squares > 0 ? products / squares : NAN;
}
