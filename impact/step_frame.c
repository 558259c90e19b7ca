/* The months of a series, their design and what errors of a correlation make of it. */
#include "impact/step_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void hst_step_frame_free(hst_step_frame *frame)
{
    if (frame) {
        free(frame->months);
        free(frame->memory);
        free(frame->steps);
        free(frame);
    }
}

double hst_step_dot(const double *a, const double *b, size_t n)
{
    double sum = 0;

    for (size_t t = 0; t < n; t++) {
        sum += a[t] * b[t];
    }
    return sum;
}

void hst_step_whiten(double *out, const hst_step_whitening *w, const double *x, size_t n)
{
    out[0] = w->own[0] * x[0];
    for (size_t t = 1; t < n; t++) {
        out[t] = w->own[t] * x[t] - w->before[t] * x[t - 1];
    }
}

void hst_step_project_out(double *r, const double *q, size_t k, size_t n)
{
    for (size_t j = 0; j < k; j++) {
        const double *column = &q[j * n];
        double product = hst_step_dot(column, r, n);

        for (size_t t = 0; t < n; t++) {
            r[t] -= product * column[t];
        }
    }
}

/* ---- frames ---- */

/* The months of a step's candidates: HST_STEP_MARGIN on either side. */
static bool is_candidate(const hst_step_frame *frame, size_t t)
{
    return t >= HST_STEP_MARGIN && t + HST_STEP_MARGIN <= frame->n;
}

/* Orthonormal columns by Gram and Schmidt, each twice, which keeps them orthogonal to the last
 * digit; a term that the others make up (a month of the year that does not occur) is left out, the
 * same ones at every correlation. */
static void fill_basis(hst_step_frame *frame, hst_step_whitening *w)
{
    size_t n = frame->n, k = frame->k;

    frame->k = 0;
    for (size_t j = 0; j < k; j++) {
        double *column = &w->q[frame->k * n], length = 0, whole = 0;

        hst_step_whiten(column, w, &frame->x[j * n], n);
        whole = hst_step_dot(column, column, n);
        hst_step_project_out(column, w->q, frame->k, n);
        hst_step_project_out(column, w->q, frame->k, n);
        length = hst_step_dot(column, column, n);
        if (length > 1e-16 * whole) {
            w->log_det += log(length);
            for (size_t t = 0; t < n; t++) {
                column[t] /= sqrt(length);
            }
            frame->k++;
            w->trend_length = sqrt(length);
        }
    }
}

static void fill_whitening(hst_step_frame *frame, hst_step_whitening *w, size_t g)
{
    size_t n = frame->n;
    double of_step = 0, projected[HST_STEP_TERMS] = {0}; /* s' s and Q' s of the steps after t */

    w->own[0] = 1;
    for (size_t t = 1; t < n; t++) { /* months that are left out make the neighbours less alike */
        double c =
            pow(HST_STEP_BETWEEN * (double)g, (double)(frame->months[t] - frame->months[t - 1]));

        w->own[t] = 1 / sqrt(1 - c * c);
        w->before[t] = c * w->own[t];
        w->log_det += log(1 - c * c);
    }
    fill_basis(frame, w);
    for (size_t t = n; t-- > 0;) {
        double later = w->own[t] - w->before[t];

        if (is_candidate(frame, t)) {
            double whole = of_step + w->own[t] * w->own[t];

            w->length2[t] = whole;
            for (size_t j = 0; j < frame->k; j++) {
                double product = projected[j] + w->own[t] * w->q[j * n + t];

                w->length2[t] -= product * product;
            }
            if (w->length2[t] < 1e-6 * whole) { /* in two years, a step after one: no candidate */
                w->length2[t] = 0;
            }
        }
        of_step += later * later;
        for (size_t j = 0; j < frame->k; j++) {
            projected[j] += later * w->q[j * n + t];
        }
    }
}

const hst_step_whitening *hst_step_whitening_at(hst_step_frame *frame, size_t g)
{
    hst_step_whitening *w = &frame->grid[g];

    if (!w->q) {
        w->before = w->own + frame->n;
        w->length2 = w->before + frame->n;
        w->q = w->length2 + frame->n;
        frame->k = HST_STEP_TERMS;
        fill_whitening(frame, w, g);
    }
    return w;
}

hst_status hst_step_frame_create(hst_step_frame **out, const size_t *months, size_t n,
                                 hst_error *err)
{
    enum { OF_GRID = HST_STEP_TERMS + 3, OF_FRAME = 2 * HST_STEP_TERMS + 9 };
    hst_step_frame *frame = NULL;
    double *at = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    if (n < HST_STEP_MONTHS) {
        return hst_fail(err, HST_ERR_ARGUMENT, "a frame of %zu months", n);
    }
    frame = calloc(1, sizeof *frame);
    if (!frame || !(frame->months = calloc(n, sizeof *frame->months)) ||
        !(frame->memory =
              calloc(n, (HST_STEP_GRID * OF_GRID + OF_FRAME) * sizeof *frame->memory)) ||
        !(frame->steps = calloc(n + 1, n * sizeof *frame->steps))) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a frame of %zu months", n);
        goto done;
    }
    frame->n = n;
    memcpy(frame->months, months, n * sizeof *months);
    at = frame->memory;
    frame->x = at;
    at += HST_STEP_TERMS * n;
    frame->y = at;
    frame->r = at + n;
    frame->left = at + 2 * n;
    frame->room = at + 3 * n;
    frame->mixed = at + 4 * n;
    at += (HST_STEP_TERMS + 9) * n;
    for (size_t t = 0; t < n; t++) {
        size_t of_year = months[t] % 12;

        frame->x[t] = 1;
        if (of_year > 0) {
            frame->x[of_year * n + t] = 1;
        }
        frame->x[(HST_STEP_TERMS - 1) * n + t] =
            ((double)(months[t] - months[0]) - (double)n / 2) / 12;
    }
    for (size_t g = 0; g < HST_STEP_GRID; g++) {
        frame->grid[g].own = at;
        at += OF_GRID * n;
    }
    *out = frame;
    frame = NULL; /* now the caller's */

done:
    hst_step_frame_free(frame);
    return status;
}

double hst_step_product(const hst_step_whitening *w, const double *r, size_t first_after, size_t n)
{
    double sum = 0;

    for (size_t t = n; t-- > first_after + 1;) {
        sum += (w->own[t] - w->before[t]) * r[t];
    }
    return sum + w->own[first_after] * r[first_after];
}

double hst_step_freedom(const hst_step_frame *frame)
{
    return (double)(frame->n - frame->k - 1);
}

void hst_step_take(hst_step_frame *frame, const hst_step_whitening *w)
{
    hst_step_whiten(frame->r, w, frame->y, frame->n);
    hst_step_project_out(frame->r, w->q, frame->k, frame->n);
}
