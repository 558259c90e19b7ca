/* Second looks at a step that passed the first: noise of another kind, a bend, the rest of England.
 *
 * Noise. A correlation from month to month, found by likelihood, is too small where a month's own
 * noise (of counts, Poisson's) lies over noise that lasts (of people who come again and again): a
 * step of a small series then looks likelier than it is. The second look takes both apart,
 *
 *     log(count + 1/2) = level, trend, season, step + lasting[t] + own[t],
 *     lasting[t] = correlation lasting[t-1] + noise,
 *
 * on a grid of correlations and of shares of lasting noise, each whitened by Kalman's filter.
 */
#include "impact/step_internal.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static const double AHEAD = 6; /* of a bend, twice the log likelihood: odds of 20 to 1 */

/* ---- noise of two kinds ---- */

enum { N_LASTING = 8, N_SHARES = 5 };

static const size_t lasting_places[N_LASTING] = {4, 8, 10, 12, 14, 16, 18, 19};
static const double shares[N_SHARES] = {0.1, 0.2, 0.4, 0.6, 0.8};
static const double CAUTION = 1; /* of the deviance of a mixture */

/* What the filter does to every column: gain[t] and 1/sd[t] of a month, carry[t] from the last. */
typedef struct filter {
    double *carry, *gain, *scale;
    double log_det;
} filter;

static void fill_filter(filter *f, const hst_step_frame *frame, const double *own,
                        double correlation, double share)
{
    double variance = share; /* of the lasting noise, before its month is seen */

    f->log_det = 0;
    for (size_t t = 0; t < frame->n; t++) {
        double total = variance + (1 - share) * own[t];

        f->gain[t] = variance / total;
        f->scale[t] = 1 / sqrt(total);
        f->log_det += log(total);
        if (t + 1 < frame->n) {
            double c = pow(correlation, (double)(frame->months[t + 1] - frame->months[t]));

            f->carry[t + 1] = c;
            variance = c * c * variance * (1 - f->gain[t]) + (1 - c * c) * share;
        }
    }
}

static void run_filter(double *out, const filter *f, const double *x, size_t n)
{
    double state = 0;

    for (size_t t = 0; t < n; t++) {
        double surprise = 0;

        state *= t > 0 ? f->carry[t] : 0;
        surprise = x[t] - state;
        out[t] = surprise * f->scale[t];
        state += f->gain[t] * surprise;
    }
}

/* A month's own noise: Poisson's variance of a logarithm, 1 / mean, over its average, which is the
 * least that noise of counts can be. */
typedef struct own_noise {
    double *variance; /* [n] */
    double poisson;
} own_noise;

static own_noise own_noise_of(hst_step_frame *frame, size_t first_after)
{
    own_noise own = {.variance = frame->mixed};
    double sum = 0;

    hst_step_take_out(frame, hst_step_whitening_at(frame, 0), first_after);
    for (size_t t = 0; t < frame->n; t++) {
        own.variance[t] = exp(frame->left[t] - frame->y[t]);
        sum += own.variance[t];
    }
    own.poisson = sum / (double)frame->n;
    for (size_t t = 0; t < frame->n; t++) {
        own.variance[t] /= own.poisson;
    }
    return own;
}

/* What a mixture makes of a series: F of the step, and twice the log likelihood's negative. */
typedef struct mixed {
    double f, deviance;
} mixed;

static mixed fit_mixed(hst_step_frame *frame, const own_noise *own, size_t first_after,
                       double correlation, double share)
{
    size_t n = frame->n, k = 0;
    double *room = frame->mixed + n;
    filter f = {.carry = room, .gain = room + n, .scale = room + 2 * n};
    double *q = room + 3 * n, *step = q + HST_STEP_TERMS * n, length2 = 0, product = 0, rss = 0;
    mixed m = {0};

    fill_filter(&f, frame, own->variance, correlation, share);
    m.deviance = f.log_det;
    for (size_t j = 0; j < HST_STEP_TERMS; j++) {
        double *column = &q[k * n], whole = 0, length = 0;

        run_filter(column, &f, &frame->x[j * n], n);
        whole = hst_step_dot(column, column, n);
        hst_step_project_out(column, q, k, n);
        hst_step_project_out(column, q, k, n);
        length = hst_step_dot(column, column, n);
        if (length > 1e-16 * whole) {
            m.deviance += log(length);
            for (size_t t = 0; t < n; t++) {
                column[t] /= sqrt(length);
            }
            k++;
        }
    }
    for (size_t t = 0; t < n; t++) {
        frame->room[t] = t < first_after ? 0 : 1;
    }
    run_filter(step, &f, frame->room, n);
    hst_step_project_out(step, q, k, n);
    run_filter(frame->r, &f, frame->y, n);
    hst_step_project_out(frame->r, q, k, n);
    length2 = hst_step_dot(step, step, n);
    product = hst_step_dot(step, frame->r, n);
    rss = hst_step_dot(frame->r, frame->r, n) - product * product / length2;
    rss = fmax(rss, frame->rounding);
    m.f = product * product / length2 / fmax(rss / hst_step_freedom(frame), own->poisson);
    m.deviance += log(length2) + hst_step_freedom(frame) * log(rss);
    return m;
}

double hst_step_p_mixed(hst_step_frame *frame, const hst_step *step, const hst_step_null *null,
                        const double *counts)
{
    mixed fits[N_LASTING][N_SHARES];
    double least = INFINITY, p = step->p, freedom = 0;
    own_noise own = {0};

    hst_step_prepare(frame, counts);
    own = own_noise_of(frame, step->first_after);
    freedom = hst_step_freedom(frame);
    for (size_t i = 0; i < N_LASTING; i++) {
        for (size_t j = 0; j < N_SHARES; j++) {
            fits[i][j] = fit_mixed(frame, &own, step->first_after,
                                   HST_STEP_BETWEEN * (double)lasting_places[i], shares[j]);
            least = fmin(least, fits[i][j].deviance);
        }
    }
    for (size_t i = 0; i < N_LASTING; i++) {
        for (size_t j = 0; j < N_SHARES; j++) {
            if (fits[i][j].deviance <= least + CAUTION) {
                double single = pf(fits[i][j].f, 1, freedom, 0, 0);

                p = fmax(p, hst_step_p_of_largest(null, lasting_places[i], single));
            }
        }
    }
    return p;
}

/* ---- the rest of England ---- */

double hst_step_shift_at(hst_step_frame *frame, const double *counts, size_t first_after)
{
    const hst_step_whitening *w = hst_step_whitening_at(frame, 0);

    for (size_t t = 0; t < frame->n; t++) {
        frame->y[t] = log(counts[t] + 0.5);
    }
    hst_step_take(frame, w);
    return w->length2[first_after] > 0
               ? hst_step_product(w, frame->r, first_after, frame->n) / w->length2[first_after]
               : 0;
}

double hst_step_shift_beside(double *p, hst_step_frame *frame, const hst_step *step,
                             const hst_step_null *null, const double *counts, const double *rest)
{
    size_t place = (size_t)lround(step->correlation / HST_STEP_BETWEEN);
    const hst_step_whitening *w = hst_step_whitening_at(frame, place);
    double shift = 0, length2 = w->length2[step->first_after], explained = 0, freedom = 0;
    double single = 1;

    hst_step_prepare(frame, counts);
    freedom = hst_step_freedom(frame);
    for (size_t t = 0; t < frame->n; t++) {
        frame->y[t] -= log(rest[t] + 0.5);
    }
    hst_step_take(frame, w);
    shift = hst_step_product(w, frame->r, step->first_after, frame->n) / length2;
    explained = shift * shift * length2;
    single = pf(explained * freedom / (hst_step_dot(frame->r, frame->r, frame->n) - explained), 1,
                freedom, 0, 0);
    *p = hst_step_p_of_largest(null, place, single);
    return shift;
}

/* ---- a bend ---- */

bool hst_step_is_bend(hst_step_frame *frame, const hst_step *step, const double *counts)
{
    size_t n = frame->n, place = (size_t)lround(step->correlation / HST_STEP_BETWEEN);
    const hst_step_whitening *w = hst_step_whitening_at(frame, place);
    double of_step = 0;

    hst_step_prepare(frame, counts);
    hst_step_take(frame, w);
    of_step = hst_step_product(w, frame->r, step->first_after, n);
    of_step *= of_step / w->length2[step->first_after];
    of_step -= AHEAD * (hst_step_dot(frame->r, frame->r, n) - of_step) / hst_step_freedom(frame);
    for (size_t b = HST_STEP_MARGIN; b + HST_STEP_MARGIN <= n; b++) {
        double product = 0;

        for (size_t t = 0; t < n; t++) {
            frame->room[t] = t > b ? (double)(frame->months[t] - frame->months[b]) : 0;
        }
        hst_step_whiten(frame->left, w, frame->room, n);
        hst_step_project_out(frame->left, w->q, frame->k, n);
        product = hst_step_dot(frame->left, frame->r, n);
        if (product * product >= of_step * hst_step_dot(frame->left, frame->left, n)) {
            return true;
        }
    }
    return false;
}
