/* The distribution of the Durbin-Watson statistic: a ratio of quadratic forms in normal numbers. */
#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>

#include "hestia/regression.h"
#include "impact/gsl.h"

/* ---- exact: Imhof's integral ---- */

/* MAM, [n][n]; A has 2 (1 at both ends) on its diagonal and -1 beside it. */
static void fill_form(gsl_matrix *form, double *m, const hst_design *d, const double *bread)
{
    size_t n = d->n, k = d->k;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double hat = 0;

            for (size_t a = 0; a < k; a++) {
                for (size_t b = 0; b < k; b++) {
                    hat += d->x[i * k + a] * bread[a * k + b] * d->x[j * k + b];
                }
            }
            m[i * n + j] = (i == j ? 1 : 0) - hat;
        }
    }
    /* A = D'D with D the n - 1 successive differences, so MAM = (DM)'(DM). */
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = 0;

            for (size_t t = 1; t < n; t++) {
                sum += (m[t * n + i] - m[(t - 1) * n + i]) * (m[t * n + j] - m[(t - 1) * n + j]);
            }
            gsl_matrix_set(form, i, j, sum);
        }
    }
}

/* The weights of sum(w z^2), scaled to at most 1: its sign is all that counts. */
typedef struct weights {
    size_t n;
    const double *w;
} weights;

static double integrand(double u, void *parameter)
{
    const weights *form = parameter;
    double angle = 0, log_size = 0;

    if (u == 0) {
        for (size_t i = 0; i < form->n; i++) {
            angle += form->w[i] / 2; /* the limit of sin(a(u)) / u */
        }
        return angle;
    }
    for (size_t i = 0; i < form->n; i++) {
        double wu = form->w[i] * u;

        angle += atan(wu) / 2;
        log_size += log1p(wu * wu) / 4;
    }
    return sin(angle) / u * exp(-log_size);
}

static hst_status integrate(double *p_below, const weights *form, hst_error *err)
{
    enum { N_INTERVALS = 1000 };
    gsl_integration_workspace *workspace = gsl_integration_workspace_alloc(N_INTERVALS);
    gsl_function f = {.function = integrand, .params = (void *)form};
    double value = 0, error = 0;
    hst_status status = HST_OK;

    if (!workspace) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for an integral");
    }
    gsl_integration_qagiu(&f, 0, 1e-10, 1e-10, N_INTERVALS, workspace, &value, &error);
    if (!isfinite(value) || !(error < 1e-8)) {
        status = hst_fail(err, HST_REFUSED, "the Durbin-Watson statistic's p does not settle");
    } else {
        *p_below = fmin(fmax(0.5 - value / M_PI, 0), 1);
    }
    gsl_integration_workspace_free(workspace);
    return status;
}

static int compare_falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

/* The n - k largest eigenvalues: X makes k of them 0, and none is below. */
static hst_status exact_p(double *p_below, const hst_design *d, const double *bread, double dw,
                          hst_error *err)
{
    size_t n = d->n, n_weights = n - d->k;
    gsl_matrix *form = NULL;
    gsl_vector *eigenvalues = NULL;
    gsl_eigen_symm_workspace *workspace = NULL;
    double *m = calloc(n * n, sizeof *m), *w = calloc(n, sizeof *w), largest = 0;
    hst_status status = HST_OK;

    hst_gsl_quiet();
    form = gsl_matrix_alloc(n, n);
    eigenvalues = gsl_vector_alloc(n);
    workspace = gsl_eigen_symm_alloc(n);
    if (!m || !w || !form || !eigenvalues || !workspace) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a matrix of %zu by %zu", n, n);
        goto done;
    }
    fill_form(form, m, d, bread);
    if (gsl_eigen_symm(form, eigenvalues, workspace) != GSL_SUCCESS) {
        status = hst_fail(err, HST_REFUSED, "the Durbin-Watson statistic's p does not settle");
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        w[i] = gsl_vector_get(eigenvalues, i);
    }
    qsort(w, n, sizeof *w, compare_falling);
    for (size_t i = 0; i < n_weights; i++) {
        w[i] -= dw;
        largest = fmax(largest, fabs(w[i]));
    }
    for (size_t i = 0; i < n_weights && largest > 0; i++) {
        w[i] /= largest;
    }
    if (!(w[0] > 0) || !(w[n_weights - 1] < 0)) { /* out of the statistic's range */
        *p_below = w[0] > 0 ? 0 : 1;
        goto done;
    }
    status = integrate(p_below, &(weights){.n = n_weights, .w = w}, err);

done:
    gsl_matrix_free(form);
    gsl_vector_free(eigenvalues);
    if (workspace) {
        gsl_eigen_symm_free(workspace);
    }
    free(m);
    free(w);
    return status;
}

/* ---- many observations: the normal distribution ---- */

/* Element t of A x, for column a of the design. */
static double of_differences(const hst_design *d, size_t t, size_t a)
{
    double x = d->x[t * d->k + a], sum = 0;

    sum += t > 0 ? x - d->x[(t - 1) * d->k + a] : 0;
    sum += t + 1 < d->n ? x - d->x[(t + 1) * d->k + a] : 0;
    return sum;
}

/* With B = (X'X)^-1:
 *     trace(MA) = trace(A) - trace(B X'AX)
 *     trace((MA)^2) = trace(A^2) - 2 trace(B X'A^2X) + trace((B X'AX)^2)
 *     mean = trace(MA) / (n - k)
 *     variance = 2 (trace((MA)^2) - trace(MA) mean) / ((n - k) (n - k + 2)) */
static hst_status normal_p(double *p_below, const hst_design *d, const double *bread, double dw,
                           hst_error *err)
{
    size_t n = d->n, k = d->k;
    double df = (double)(n - k), trace = 2 * (double)(n - 1), mean = NAN, variance = NAN;
    double squares = 6 * (double)n - 8; /* trace(A^2) */
    double *xax = calloc(2 * k * k, sizeof *xax), *product = NULL;

    if (!xax) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu terms", k);
    }
    product = xax + k * k;
    for (size_t a = 0; a < k; a++) {
        for (size_t b = 0; b < k; b++) {
            double xa2x = 0;

            for (size_t t = 0; t < n; t++) {
                xax[a * k + b] += d->x[t * k + a] * of_differences(d, t, b);
                xa2x += of_differences(d, t, a) * of_differences(d, t, b);
            }
            squares -= 2 * bread[a * k + b] * xa2x;
        }
    }
    for (size_t i = 0; i < k * k; i++) {
        for (size_t j = 0; j < k; j++) {
            product[i] += bread[i / k * k + j] * xax[j * k + i % k];
        }
    }
    for (size_t a = 0; a < k; a++) {
        trace -= product[a * k + a];
        for (size_t b = 0; b < k; b++) {
            squares += product[a * k + b] * product[b * k + a];
        }
    }
    mean = trace / df;
    variance = 2 * (squares - trace * mean) / (df * (df + 2));
    *p_below = pnorm5(dw, mean, sqrt(variance), 1, 0);
    free(xax);
    return HST_OK;
}

hst_status hst_durbin_watson_p(double *p_below, const hst_design *design, const double *bread,
                               double dw, hst_error *err)
{
    *p_below = NAN;
    if (design->n <= design->k) {
        return hst_fail(err, HST_REFUSED, "too few points: %zu for %zu terms", design->n,
                        design->k);
    }
    return design->n <= HST_DURBIN_WATSON_EXACT ? exact_p(p_below, design, bread, dw, err)
                                                : normal_p(p_below, design, bread, dw, err);
}
