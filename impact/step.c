/* A step in a monthly count.
 *
 * Assumptions. log(count + 1/2) is a level, a straight trend, an effect of each month of the year
 * and a step, plus errors e[t] = correlation e[t-1] + noise; the correlation is not negative, and
 * it is found by restricted maximum likelihood on a grid, with the step where plain least squares
 * puts it. The largest F is tested; the month of the step is where likelihood and a likely trend
 * (normal about 0, 10 % a year) agree best. Months further than 4 robust standard deviations from
 * the fit are drawn in to there, so that one month that was sent twice or not at all does not make
 * a step.
 *
 * Speed. With Q an orthonormal basis of level, trend and season and r what is left of a series, a
 * step at month b explains (s[b]' r)^2 / (s[b]' s[b] - |Q' s[b]|^2), since r is orthogonal to Q:
 * all months are tested in one pass of sums from the end. Q is made once for all series of the same
 * months.
 */
#include "impact/step_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/changepoint.h"
#include "hestia/ingest.h"
#include "impact/draw.h"

enum { SHIFT_MONTHS = 12 }; /* of a robust shift, on each side */

static const double LIKELY_TREND = 0.1; /* a year: standard deviation of what is thought likely */
static const double CAUTION = 0.5;      /* of the deviance of a correlation */
static const double FURTHEST = 4;       /* robust standard deviations */
static const double CLEARLY_NONE = 0.1; /* p above which the correlation does not matter */

/* ---- the statistic ---- */

/* The step that explains most of a whitened and projected r, and how much. */
static double best_step(const hst_step_frame *frame, const hst_step_whitening *w, const double *r,
                        size_t *first_after)
{
    double sum = 0, best = -1;

    for (size_t t = frame->n; t-- > HST_STEP_MARGIN;) {
        if (w->length2[t] > 0) {
            double product = sum + w->own[t] * r[t], explained = product * product / w->length2[t];

            if (explained > best) {
                best = explained;
                *first_after = t;
            }
        }
        sum += (w->own[t] - w->before[t]) * r[t];
    }
    return best;
}

static double f_of(double explained, double total, double freedom)
{
    return explained / ((total - explained) / freedom);
}

/* ---- null distribution ---- */

enum { N_NULLS = 6 };
static const size_t null_grid[N_NULLS] = {0, 4, 8, 12, 16, 19}; /* places of the grid */

struct hst_step_null {
    size_t n_draws;
    double n_candidates;
    double *least[N_NULLS]; /* [n_draws]: p of the largest F as if it were the only one, sorted */
};

void hst_step_null_free(hst_step_null *null)
{
    if (null) {
        for (size_t i = 0; i < N_NULLS; i++) {
            free(null->least[i]);
        }
        free(null);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void draw_null(hst_step_null *null, const hst_step_frame *frame, size_t d, uint64_t seed,
                      double *noise, double *r)
{
    size_t n = frame->n, first_after = 0;

    for (size_t t = 0; t < n; t++) {
        noise[t] = qnorm(hst_draw_uniform(seed, d, t), 0, 1, 1, 0);
    }
    for (size_t i = 0; i < N_NULLS; i++) {
        const hst_step_whitening *w = &frame->grid[null_grid[i]]; /* made before the threads */
        double explained = 0;

        memcpy(r, noise, n * sizeof *r);
        hst_step_project_out(r, w->q, frame->k, frame->n);
        explained = best_step(frame, w, r, &first_after);
        null->least[i][d] = pf(f_of(explained, hst_step_dot(r, r, n), hst_step_freedom(frame)), 1,
                               hst_step_freedom(frame), 0, 0);
    }
}

hst_status hst_step_null_create(hst_step_null **out, size_t n, size_t n_draws, uint64_t seed,
                                int n_threads, hst_error *err)
{
    hst_status status = HST_OK;
    hst_step_null *null = calloc(1, sizeof *null);
    hst_step_frame *frame = NULL;
    size_t *months = calloc(n + 1, sizeof *months);
    size_t n_workers = n_threads > 0 ? (size_t)n_threads : 1;
    double *work = calloc(n_workers, 2 * (n + 1) * sizeof *work);

    *out = NULL;
    if (!null || !months || !work) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu draws", n_draws);
        goto done;
    }
    for (size_t t = 0; t < n; t++) {
        months[t] = t;
    }
    status = hst_step_frame_create(&frame, months, n, err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < N_NULLS; i++) {
        hst_step_whitening_at(frame, null_grid[i]);
    }
    null->n_draws = n_draws;
    null->n_candidates = (double)(n + 1 - 2 * HST_STEP_MARGIN);
    for (size_t i = 0; i < N_NULLS; i++) {
        null->least[i] = calloc(n_draws + 1, sizeof *null->least[i]);
        if (!null->least[i]) {
            status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu draws", n_draws);
            goto done;
        }
    }
#pragma omp parallel for num_threads((int)n_workers) schedule(static)
    for (size_t worker = 0; worker < n_workers; worker++) {
        double *noise = work + worker * 2 * (n + 1);

        for (size_t d = worker; d < n_draws && !hst_interrupt_requested(); d += n_workers) {
            draw_null(null, frame, d, seed, noise, noise + n + 1);
        }
    }
    status = hst_interrupt_check(err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < N_NULLS; i++) {
        qsort(null->least[i], n_draws, sizeof *null->least[i], compare_doubles);
    }
    *out = null;
    null = NULL; /* now the caller's */

done:
    hst_step_null_free(null);
    hst_step_frame_free(frame);
    free(months);
    free(work);
    return status;
}

/* Chi-square with one degree of freedom that has this upper p. */
static double chi_square_of(double p)
{
    return qchisq(p, 1, 0, 0);
}

/* The p of the largest of many tests, each of which alone would have had `least`. Below the
 * hundredth of the draws there are too few to count, and the tail goes on from there as the
 * crossings of a chi-square process do: in proportion to least and its chi-square (Davies,
 * Biometrika 74 (1987), 33-43), and never above what independent tests would give. */
double hst_step_p_of_largest(const hst_step_null *null, size_t place, double least)
{
    const double *draws = NULL;
    size_t i = 0, n = null->n_draws, low = 0, high = n, anchor = n / 100;

    while (i + 1 < N_NULLS && null_grid[i] < place) {
        i++;
    }
    draws = null->least[i];
    while (low < high) { /* the first draw above `least` */
        size_t middle = low + (high - low) / 2;

        if (draws[middle] <= least) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > anchor || anchor == 0) {
        return (double)(low + 1) / (double)(n + 1);
    }
    if (!(least > 0)) {
        return 0;
    }
    return fmin(null->n_candidates * least, (double)(anchor + 1) / (double)(n + 1) * least /
                                                draws[anchor] * chi_square_of(least) /
                                                chi_square_of(draws[anchor]));
}

/* ---- a series ---- */

/* The step from `first_after` on, whitened, less its projection; into `left`, but without a
 * correlation, where every series asks for one, kept for the next. */
static const double *step_of(hst_step_frame *frame, const hst_step_whitening *w, size_t first_after)
{
    size_t n = frame->n;
    bool is_kept = w == &frame->grid[0];
    double *step = is_kept ? &frame->steps[first_after * n] : frame->left;

    if (is_kept && step[first_after] > 0) {
        return step;
    }
    for (size_t t = 0; t < n; t++) {
        step[t] = t < first_after ? 0 : t == first_after ? w->own[t] : w->own[t] - w->before[t];
    }
    hst_step_project_out(step, w->q, frame->k, n);
    return step;
}

double hst_step_take_out(hst_step_frame *frame, const hst_step_whitening *w, size_t first_after)
{
    const double *step = step_of(frame, w, first_after);
    double shift = hst_step_product(w, frame->r, first_after, frame->n) / w->length2[first_after];

    for (size_t t = 0; t < frame->n; t++) {
        frame->left[t] = frame->r[t] - shift * step[t];
    }
    return shift;
}

static double median_of(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* Draws in the months that are far from the fit with its best step; true when there were any. */
static bool draw_in(hst_step_frame *frame)
{
    size_t n = frame->n, first_after = 0;
    bool is_changed = false;
    double limit = 0;

    best_step(frame, &frame->grid[0], frame->r, &first_after);
    hst_step_take_out(frame, &frame->grid[0], first_after);
    for (size_t t = 0; t < n; t++) {
        frame->room[t] = fabs(frame->left[t]);
    }
    limit =
        FURTHEST * 1.4826 * median_of(frame->room, n) * sqrt((double)n / hst_step_freedom(frame));
    for (size_t t = 0; t < n && limit > 0; t++) {
        double excess = fabs(frame->left[t]) - limit;

        if (excess > 0) {
            frame->y[t] -= copysign(excess, frame->left[t]);
            is_changed = true;
        }
    }
    return is_changed;
}

/* Place of the largest correlation that the restricted likelihood, with a step at `first_after`,
 * does not speak against: too small a one would make a step of what is a month's accident and its
 * after-effects. */
static size_t likely_place(hst_step_frame *frame, size_t first_after)
{
    double deviance[HST_STEP_GRID], least = INFINITY;
    size_t place = 0;

    for (size_t g = 0; g < HST_STEP_GRID; g++) {
        const hst_step_whitening *w = hst_step_whitening_at(frame, g);
        double product = 0, rss = 0;

        deviance[g] = INFINITY;
        if (!(w->length2[first_after] > 0)) {
            continue;
        }
        hst_step_take(frame, w);
        product = hst_step_product(w, frame->r, first_after, frame->n);
        rss = hst_step_dot(frame->r, frame->r, frame->n) -
              product * product / w->length2[first_after];
        deviance[g] = w->log_det + log(w->length2[first_after]) +
                      hst_step_freedom(frame) * log(fmax(rss, frame->rounding));
        least = fmin(least, deviance[g]);
    }
    for (size_t g = 0; g < HST_STEP_GRID; g++) {
        place = deviance[g] <= least + CAUTION ? g : place;
    }
    return place;
}

/* What speaks against a step from `first_after` on: what it leaves, and how steep a trend it takes.
 * In three years of months a step up after one is a step down after two, beside a steep trend and
 * another season, to the last digit; a steep trend is less likely. */
static double against(const hst_step_frame *frame, const hst_step_whitening *w, double product,
                      double total, double trend, double trend_of_step, size_t first_after)
{
    double length2 = w->length2[first_after];
    double left = fmax(total - product * product / length2, frame->rounding);
    double slope = (trend - product / length2 * trend_of_step) / w->trend_length;

    return hst_step_freedom(frame) * log(left) + slope * slope / (LIKELY_TREND * LIKELY_TREND);
}

/* The month of the step, and those that are not told from it (changepoint.h has the limit). */
static void place_step(hst_step *out, hst_step_frame *frame, const hst_step_whitening *w,
                       double total)
{
    const double *q = &w->q[(frame->k - 1) * frame->n], limit = -2 * log(1 - sqrt(0.95));
    double sum = 0, of_step = 0, trend = 0, least = INFINITY;

    hst_step_whiten(frame->left, w, frame->y, frame->n);
    trend = hst_step_dot(q, frame->left, frame->n);
    for (size_t t = frame->n; t-- > HST_STEP_MARGIN;) {
        double later = w->own[t] - w->before[t];

        frame->room[t] = INFINITY;
        if (w->length2[t] > 0) {
            frame->room[t] = against(frame, w, sum + w->own[t] * frame->r[t], total, trend,
                                     of_step + w->own[t] * q[t], t);
            if (frame->room[t] < least) {
                least = frame->room[t];
                out->first_after = t;
            }
        }
        sum += later * frame->r[t];
        of_step += later * q[t];
    }
    out->low = out->high = out->first_after;
    for (size_t t = HST_STEP_MARGIN; t < frame->n; t++) {
        if (frame->room[t] - least <= limit) {
            out->low = t < out->low ? t : out->low;
            out->high = t > out->high ? t : out->high;
        }
    }
}

static void unwhiten(double *x, const hst_step_whitening *w, const double *in, size_t n)
{
    x[0] = in[0] / w->own[0];
    for (size_t t = 1; t < n; t++) {
        x[t] = (in[t] + w->before[t] * x[t - 1]) / w->own[t];
    }
}

/* Medians before and after, of the series without its trend and season. */
static hst_status fill_robust(hst_step *out, hst_step_frame *frame, const hst_step_whitening *w,
                              hst_error *err)
{
    size_t n = frame->n, b = out->first_after, window = b < n - b ? b : n - b;
    hst_level_shift s;
    hst_status status = HST_OK;

    window = window < SHIFT_MONTHS ? window : SHIFT_MONTHS;
    unwhiten(frame->room, w, frame->left, n);
    for (size_t t = 0; t < n; t++) {
        frame->room[t] = exp(frame->room[t] + (t >= b ? out->shift : 0));
    }
    status = hst_level_shift_at(&s, frame->room, n, b, window, err);
    out->robust_shift = log(s.ratio);
    out->wilcoxon_p = s.wilcoxon_p;
    return status;
}

void hst_step_prepare(hst_step_frame *frame, const double *counts)
{
    const hst_step_whitening *w = hst_step_whitening_at(frame, 0);

    for (size_t t = 0; t < frame->n; t++) {
        frame->y[t] = log(counts[t] + 0.5);
    }
    frame->rounding = 1e-20 * hst_step_dot(frame->y, frame->y, frame->n);
    hst_step_take(frame, w);
    if (draw_in(frame)) {
        hst_step_take(frame, w);
    }
}

hst_status hst_step_test(hst_step *out, hst_step_frame *frame, const hst_step_null *null,
                         const double *counts, double max_p, hst_error *err)
{
    size_t n = frame->n, place = 0;
    const hst_step_whitening *w = &frame->grid[0];
    double explained = 0, total = 0, freedom = 0;

    *out = (hst_step){.p = 1};
    hst_step_prepare(frame, counts);
    freedom = hst_step_freedom(frame);
    for (size_t pass = 0; pass < 2; pass++) { /* without a correlation, then with the likeliest */
        explained = best_step(frame, w, frame->r, &out->first_after);
        total = hst_step_dot(frame->r, frame->r, n);
        if (total <= frame->rounding) {
            return HST_OK; /* nothing varies */
        }
        total = fmax(total, explained + frame->rounding);
        out->statistic = f_of(explained, total, freedom);
        out->p = hst_step_p_of_largest(null, place, pf(out->statistic, 1, freedom, 0, 0));
        if (pass == 0 && out->p < CLEARLY_NONE) {
            place = likely_place(frame, out->first_after);
            w = &frame->grid[place];
            hst_step_take(frame, w);
        } else {
            break;
        }
    }
    out->correlation = HST_STEP_BETWEEN * (double)place;
    if (!(out->p < max_p)) {
        return HST_OK;
    }
    place_step(out, frame, w, total);
    out->shift = hst_step_take_out(frame, w, out->first_after);
    return fill_robust(out, frame, w, err);
}
