/* What the files of a step share: the months of a series under errors of several correlations; only
 * for step.c, step_frame.c and step_again.c. */
#ifndef HESTIA_IMPACT_STEP_INTERNAL_H
#define HESTIA_IMPACT_STEP_INTERNAL_H

#include "impact/step.h"

enum {
    HST_STEP_TERMS = 13, /* level, eleven months of the year, trend */
    HST_STEP_GRID = 20,  /* correlations 0, 0.05 .. 0.95 */
};

static const double HST_STEP_BETWEEN = 0.05; /* correlations of the grid */

/* What one correlation makes of the months: the transformation x[t] -> own[t] x[t] - before[t]
 * x[t-1], after which errors are independent with one variance, and all that follows from it. */
typedef struct hst_step_whitening {
    double *own, *before; /* [n] */
    double *q;            /* [k][n] */
    double *length2;      /* [n]: of a step from t on, less its projection; 0: no candidate */
    double log_det;       /* log |V| + log |X' V^-1 X| */
    double trend_length;  /* of the trend, the last term, beside the others */
} hst_step_whitening;

struct hst_step_frame {
    size_t n, k;
    size_t *months;
    double *memory; /* what all pointers of doubles point into */
    double *x;      /* [HST_STEP_TERMS][n] */
    double *steps;  /* [n][n]: steps less their projection, without a correlation; 0: not made */
    hst_step_whitening grid[HST_STEP_GRID]; /* made when they are asked for */
    double *y, *r, *left, *room;            /* [n] each: of the series at hand */
    double *mixed;                          /* [HST_STEP_TERMS + 5][n], for step_again.c */
    double rounding; /* what is left of sums of its squares when nothing is */
};

/* That of a place of the grid; not by two threads at once when it is the first time. */
const hst_step_whitening *hst_step_whitening_at(hst_step_frame *frame, size_t g);

double hst_step_dot(const double *a, const double *b, size_t n);
void hst_step_whiten(double *out, const hst_step_whitening *w, const double *x, size_t n);

/* r less its projection on the k orthonormal columns of q. */
void hst_step_project_out(double *r, const double *q, size_t k, size_t n);

/* s' r of the step from `first_after` on, of a whitened r. */
double hst_step_product(const hst_step_whitening *w, const double *r, size_t first_after, size_t n);

/* Degrees of freedom beside a step. */
double hst_step_freedom(const hst_step_frame *frame);

/* r <- y, whitened and projected. */
void hst_step_take(hst_step_frame *frame, const hst_step_whitening *w);

/* y <- the logarithms of counts, the months far from the fit with its best step drawn in; r <- what
 * trend and season leave of it, without a correlation. */
void hst_step_prepare(hst_step_frame *frame, const double *counts);

/* left <- r less the step: what the whole model leaves; returns the step's height. */
double hst_step_take_out(hst_step_frame *frame, const hst_step_whitening *w, size_t first_after);

/* The p of the largest of many tests, each of which alone would have had `least`, with the
 * correlation of that place of the grid. */
double hst_step_p_of_largest(const hst_step_null *null, size_t place, double least);

#endif
