/* How far each area's rate lies from what its deprivation predicts, as a score of 1 to 9.
 * Unweighted least squares; residuals are internally studentised. */
#include <math.h>
#include <stdlib.h>

#include "hestia/indirect.h"

/* Share of the sum of squares below which residuals are rounding errors, and of a leverage's
 * distance to 1. */
static const double no_residual = 1e-26, no_freedom = 1e-12;

typedef struct line {
    double n, mean_isr, mean_imd;
    double isr_squared;        /* sum(isr^2) */
    double imd_spread, common; /* sum((imd - mean)^2), sum((imd - mean)(isr - mean)) */
    double smallest_imd, largest_imd;
} line;

static bool is_in(const double *isr, const double *imd, size_t i)
{
    return isfinite(isr[i]) && isfinite(imd[i]);
}

static line fit(const double *isr, const double *imd, size_t n)
{
    line l = {.smallest_imd = INFINITY, .largest_imd = -INFINITY};

    for (size_t i = 0; i < n; i++) {
        if (is_in(isr, imd, i)) {
            l.n++;
            l.mean_isr += isr[i];
            l.mean_imd += imd[i];
            l.isr_squared += isr[i] * isr[i];
            l.smallest_imd = fmin(l.smallest_imd, imd[i]);
            l.largest_imd = fmax(l.largest_imd, imd[i]);
        }
    }
    l.mean_isr /= l.n;
    l.mean_imd /= l.n;
    for (size_t i = 0; i < n; i++) {
        if (is_in(isr, imd, i)) {
            l.imd_spread += (imd[i] - l.mean_imd) * (imd[i] - l.mean_imd);
            l.common += (imd[i] - l.mean_imd) * (isr[i] - l.mean_isr);
        }
    }
    return l;
}

static int held_to_nine(double stanine)
{
    return stanine < 1 ? 1 : stanine > 9 ? 9 : (int)stanine;
}

/* Residuals over their own standard errors. All are NAN where the line goes through every point. */
static void studentise(hst_acs_score *out, const double *isr, const double *imd, size_t n,
                       const line *l)
{
    double squares = 0, sigma = 0;

    for (size_t i = 0; i < n; i++) {
        if (is_in(isr, imd, i)) {
            out[i].fitted = l->mean_isr + l->common / l->imd_spread * (imd[i] - l->mean_imd);
            out[i].residual = isr[i] - out[i].fitted;
            squares += out[i].residual * out[i].residual;
        }
    }
    if (squares <= no_residual * l->isr_squared) {
        return;
    }
    sigma = sqrt(squares / (l->n - 2));
    for (size_t i = 0; i < n; i++) {
        double distance = imd[i] - l->mean_imd;
        double freedom = 1 - 1 / l->n - distance * distance / l->imd_spread;

        /* Where one area alone holds the line, its residual is 0 whatever its rate. */
        if (is_in(isr, imd, i) && freedom > no_freedom) {
            out[i].rstandard = out[i].residual / (sigma * sqrt(freedom));
            out[i].stanine = held_to_nine(floor(2 * out[i].rstandard + 5.5));
        }
    }
}

/* By rstandard, those without one last. */
static int compare_residuals(const void *left, const void *right)
{
    double a = ((const hst_acs_score *)left)->rstandard;
    double b = ((const hst_acs_score *)right)->rstandard;

    if (isnan(a) || isnan(b)) {
        return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0);
    }
    return (a > b) - (a < b);
}

static int compare_places(const void *left, const void *right)
{
    int a = ((const hst_acs_score *)left)->score, b = ((const hst_acs_score *)right)->score;

    return (a > b) - (a < b);
}

/* Cuts the ranks at the shares that stanines have in a normal distribution; ties get their average
 * rank. While the areas are sorted, `score` holds each one's place in the caller's order. */
static void rank(hst_acs_score *out, size_t n)
{
    static const double cuts[] = {4, 11, 23, 40, 60, 77, 89, 96}; /* percent */
    size_t n_ranked = 0;

    for (size_t i = 0; i < n; i++) {
        out[i].score = (int)i;
        n_ranked += isnan(out[i].rstandard) ? 0 : 1;
    }
    qsort(out, n, sizeof *out, compare_residuals);
    for (size_t from = 0, to = 0; from < n_ranked; from = to) {
        double twice_rank = 0;
        int stanine = 1;

        while (to < n_ranked && compare_residuals(&out[to], &out[from]) == 0) {
            to++;
        }
        twice_rank = (double)(from + 1 + to);
        for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
            stanine += (twice_rank - 1) * 50 >= cuts[k] * (double)n_ranked; /* in whole numbers */
        }
        for (size_t i = from; i < to; i++) {
            out[i].stanine = stanine;
        }
    }
    qsort(out, n, sizeof *out, compare_places);
}

size_t hst_acs_scores(hst_acs_score *out, const double *isr, const double *imd, size_t n,
                      bool by_rank)
{
    line l = fit(isr, imd, n);

    for (size_t i = 0; i < n; i++) {
        out[i] = (hst_acs_score){.fitted = NAN, .residual = NAN, .rstandard = NAN};
    }
    if (l.n < 3 || !(l.largest_imd > l.smallest_imd)) {
        return 0;
    }
    studentise(out, isr, imd, n, &l);
    if (by_rank) {
        rank(out, n);
    }
    for (size_t i = 0; i < n; i++) {
        out[i].score = out[i].stanine > 0 ? 10 - out[i].stanine : 0;
    }
    return (size_t)l.n;
}
