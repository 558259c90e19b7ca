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
#include "impact/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/changepoint.h"
#include "impact/draw.h"

enum {
    MAX_TERMS = 13,   /* level, eleven months of the year, trend */
    N_GRID = 20,      /* correlations 0, 0.05 .. 0.95 */
    SHIFT_MONTHS = 12 /* of a robust shift, on each side */
};

static const double GRID_STEP = 0.05;
static const double LIKELY_TREND = 0.1; /* a year: standard deviation of what is thought likely */
static const double CAUTION = 0.5;      /* of the deviance of a correlation */
static const double AHEAD = 6;          /* of a bend, twice the log likelihood: odds of 20 to 1 */
static const double FURTHEST = 4;       /* robust standard deviations */
static const double CLEARLY_NONE = 0.1; /* p above which the correlation does not matter */

/* What one correlation makes of the months: the transformation x[t] -> own[t] x[t] - before[t]
 * x[t-1], after which errors are independent with one variance, and all that follows from it. */
typedef struct whitening {
    double *own, *before; /* [n] */
    double *q;            /* [k][n] */
    double *length2;      /* [n]: of a step from t on, less its projection; 0: no candidate */
    double log_det;       /* log |V| + log |X' V^-1 X| */
    double trend_length;  /* of the trend, the last term, beside the others */
} whitening;

struct hst_step_frame {
    size_t n, k;
    size_t *months;
    double *memory; /* what all pointers of doubles point into */
    double *x;      /* [MAX_TERMS][n] */
    whitening grid[N_GRID];
    double *y, *r, *left, *room; /* [n] each: of the series at hand */
    double rounding;             /* what is left of sums of its squares when nothing is */
};

void hst_step_frame_free(hst_step_frame *frame)
{
    if (frame) {
        free(frame->months);
        free(frame->memory);
        free(frame);
    }
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;

    for (size_t t = 0; t < n; t++) {
        sum += a[t] * b[t];
    }
    return sum;
}

static void whiten(double *out, const whitening *w, const double *x, size_t n)
{
    out[0] = w->own[0] * x[0];
    for (size_t t = 1; t < n; t++) {
        out[t] = w->own[t] * x[t] - w->before[t] * x[t - 1];
    }
}

static void unwhiten(double *x, const whitening *w, const double *in, size_t n)
{
    x[0] = in[0] / w->own[0];
    for (size_t t = 1; t < n; t++) {
        x[t] = (in[t] + w->before[t] * x[t - 1]) / w->own[t];
    }
}

/* r less its projection on the basis. */
static void project_out(double *r, const hst_step_frame *frame, const whitening *w)
{
    for (size_t j = 0; j < frame->k; j++) {
        const double *q = &w->q[j * frame->n];
        double product = dot(q, r, frame->n);

        for (size_t t = 0; t < frame->n; t++) {
            r[t] -= product * q[t];
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
static void fill_basis(hst_step_frame *frame, whitening *w)
{
    size_t n = frame->n, k = frame->k;

    frame->k = 0;
    for (size_t j = 0; j < k; j++) {
        double *column = &w->q[frame->k * n], length = 0, whole = 0;

        whiten(column, w, &frame->x[j * n], n);
        whole = dot(column, column, n);
        project_out(column, frame, w);
        project_out(column, frame, w);
        length = dot(column, column, n);
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

static void fill_whitening(hst_step_frame *frame, size_t g)
{
    whitening *w = &frame->grid[g];
    size_t n = frame->n;
    double of_step = 0, projected[MAX_TERMS] = {0}; /* s' s and Q' s of the steps after t */

    w->own[0] = 1;
    for (size_t t = 1; t < n; t++) { /* months that are left out make the neighbours less alike */
        double c = pow(GRID_STEP * (double)g, (double)(frame->months[t] - frame->months[t - 1]));

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

hst_status hst_step_frame_create(hst_step_frame **out, const size_t *months, size_t n,
                                 hst_error *err)
{
    enum { OF_GRID = MAX_TERMS + 3, OF_FRAME = MAX_TERMS + 4 };
    hst_step_frame *frame = NULL;
    double *at = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    if (n < HST_STEP_MONTHS) {
        return hst_fail(err, HST_ERR_ARGUMENT, "a frame of %zu months", n);
    }
    frame = calloc(1, sizeof *frame);
    if (!frame || !(frame->months = calloc(n, sizeof *frame->months)) ||
        !(frame->memory = calloc(n, (N_GRID * OF_GRID + OF_FRAME) * sizeof *frame->memory))) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a frame of %zu months", n);
        goto done;
    }
    frame->n = n;
    memcpy(frame->months, months, n * sizeof *months);
    at = frame->memory;
    frame->x = at;
    at += MAX_TERMS * n;
    frame->y = at;
    frame->r = at + n;
    frame->left = at + 2 * n;
    frame->room = at + 3 * n;
    at += 4 * n;
    for (size_t t = 0; t < n; t++) {
        size_t of_year = months[t] % 12;

        frame->x[t] = 1;
        if (of_year > 0) {
            frame->x[of_year * n + t] = 1;
        }
        frame->x[(MAX_TERMS - 1) * n + t] = ((double)(months[t] - months[0]) - (double)n / 2) / 12;
    }
    for (size_t g = 0; g < N_GRID; g++) {
        whitening *w = &frame->grid[g];

        w->own = at;
        w->before = at + n;
        w->length2 = at + 2 * n;
        w->q = at + 3 * n;
        at += OF_GRID * n;
        frame->k = MAX_TERMS;
        fill_whitening(frame, g);
    }
    *out = frame;
    frame = NULL; /* now the caller's */

done:
    hst_step_frame_free(frame);
    return status;
}

/* ---- the statistic ---- */

/* s' r of the step from `first_after` on, of a whitened r. */
static double product_with_step(const whitening *w, const double *r, size_t first_after, size_t n)
{
    double sum = 0;

    for (size_t t = n; t-- > first_after + 1;) {
        sum += (w->own[t] - w->before[t]) * r[t];
    }
    return sum + w->own[first_after] * r[first_after];
}

/* The step that explains most of a whitened and projected r, and how much. */
static double best_step(const hst_step_frame *frame, const whitening *w, const double *r,
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

/* Degrees of freedom beside a step. */
static double freedom_of(const hst_step_frame *frame)
{
    return (double)(frame->n - frame->k - 1);
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
        const whitening *w = &frame->grid[null_grid[i]];
        double explained = 0;

        memcpy(r, noise, n * sizeof *r);
        project_out(r, frame, w);
        explained = best_step(frame, w, r, &first_after);
        null->least[i][d] =
            pf(f_of(explained, dot(r, r, n), freedom_of(frame)), 1, freedom_of(frame), 0, 0);
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

        for (size_t d = worker; d < n_draws; d += n_workers) {
            draw_null(null, frame, d, seed, noise, noise + n + 1);
        }
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
static double p_of_largest(const hst_step_null *null, size_t place, double least)
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

/* y <- the logarithms. */
static void read_counts(hst_step_frame *frame, const double *counts)
{
    for (size_t t = 0; t < frame->n; t++) {
        frame->y[t] = log(counts[t] + 0.5);
    }
    frame->rounding = 1e-20 * dot(frame->y, frame->y, frame->n);
}

/* r <- y, whitened and projected. */
static void take(hst_step_frame *frame, const whitening *w)
{
    whiten(frame->r, w, frame->y, frame->n);
    project_out(frame->r, frame, w);
}

/* left <- r less the step: what the whole model leaves; returns the step's height. */
static double take_step_out(hst_step_frame *frame, const whitening *w, size_t first_after)
{
    size_t n = frame->n;
    double shift = product_with_step(w, frame->r, first_after, n) / w->length2[first_after];

    for (size_t t = 0; t < n; t++) {
        frame->left[t] = t < first_after    ? 0
                         : t == first_after ? w->own[t]
                                            : w->own[t] - w->before[t];
    }
    project_out(frame->left, frame, w);
    for (size_t t = 0; t < n; t++) {
        frame->left[t] = frame->r[t] - shift * frame->left[t];
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
    take_step_out(frame, &frame->grid[0], first_after);
    for (size_t t = 0; t < n; t++) {
        frame->room[t] = fabs(frame->left[t]);
    }
    limit = FURTHEST * 1.4826 * median_of(frame->room, n) * sqrt((double)n / freedom_of(frame));
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
    double deviance[N_GRID], least = INFINITY;
    size_t place = 0;

    for (size_t g = 0; g < N_GRID; g++) {
        const whitening *w = &frame->grid[g];
        double product = 0, rss = 0;

        deviance[g] = INFINITY;
        if (!(w->length2[first_after] > 0)) {
            continue;
        }
        take(frame, w);
        product = product_with_step(w, frame->r, first_after, frame->n);
        rss = dot(frame->r, frame->r, frame->n) - product * product / w->length2[first_after];
        deviance[g] = w->log_det + log(w->length2[first_after]) +
                      freedom_of(frame) * log(fmax(rss, frame->rounding));
        least = fmin(least, deviance[g]);
    }
    for (size_t g = 0; g < N_GRID; g++) {
        place = deviance[g] <= least + CAUTION ? g : place;
    }
    return place;
}

/* What speaks against a step from `first_after` on: what it leaves, and how steep a trend it takes.
 * In three years of months a step up after one is a step down after two, beside a steep trend and
 * another season, to the last digit; a steep trend is less likely. */
static double against(const hst_step_frame *frame, const whitening *w, double product, double total,
                      double trend, double trend_of_step, size_t first_after)
{
    double length2 = w->length2[first_after];
    double left = fmax(total - product * product / length2, frame->rounding);
    double slope = (trend - product / length2 * trend_of_step) / w->trend_length;

    return freedom_of(frame) * log(left) + slope * slope / (LIKELY_TREND * LIKELY_TREND);
}

/* The month of the step, and those that are not told from it (changepoint.h has the limit). */
static void place_step(hst_step *out, hst_step_frame *frame, const whitening *w, double total)
{
    const double *q = &w->q[(frame->k - 1) * frame->n], limit = -2 * log(1 - sqrt(0.95));
    double sum = 0, of_step = 0, trend = 0, least = INFINITY;

    whiten(frame->left, w, frame->y, frame->n);
    trend = dot(q, frame->left, frame->n);
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

/* Medians before and after, of the series without its trend and season. */
static hst_status fill_robust(hst_step *out, hst_step_frame *frame, const whitening *w,
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

hst_status hst_step_test(hst_step *out, hst_step_frame *frame, const hst_step_null *null,
                         const double *counts, hst_error *err)
{
    size_t n = frame->n, place = 0;
    const whitening *w = &frame->grid[0];
    double explained = 0, total = 0, freedom = freedom_of(frame);

    *out = (hst_step){.p = 1};
    read_counts(frame, counts);
    take(frame, w);
    if (draw_in(frame)) {
        take(frame, w);
    }
    for (size_t pass = 0; pass < 2; pass++) { /* without a correlation, then with the likeliest */
        explained = best_step(frame, w, frame->r, &out->first_after);
        total = dot(frame->r, frame->r, n);
        if (total <= frame->rounding) {
            return HST_OK; /* nothing varies */
        }
        total = fmax(total, explained + frame->rounding);
        out->statistic = f_of(explained, total, freedom);
        out->p = p_of_largest(null, place, pf(out->statistic, 1, freedom, 0, 0));
        if (pass == 0 && out->p < CLEARLY_NONE) {
            place = likely_place(frame, out->first_after);
            w = &frame->grid[place];
            take(frame, w);
        } else {
            break;
        }
    }
    out->correlation = GRID_STEP * (double)place;
    place_step(out, frame, w, total);
    out->shift = take_step_out(frame, w, out->first_after);
    return fill_robust(out, frame, w, err);
}

double hst_step_shift_at(hst_step_frame *frame, const double *counts, size_t first_after)
{
    const whitening *w = &frame->grid[0];

    read_counts(frame, counts);
    take(frame, w);
    return w->length2[first_after] > 0
               ? product_with_step(w, frame->r, first_after, frame->n) / w->length2[first_after]
               : 0;
}

bool hst_step_is_bend(hst_step_frame *frame, const hst_step *step, const double *counts)
{
    size_t n = frame->n, place = (size_t)lround(step->correlation / GRID_STEP);
    const whitening *w = &frame->grid[place];
    double of_step = 0;

    read_counts(frame, counts);
    take(frame, &frame->grid[0]);
    draw_in(frame);
    take(frame, w);
    of_step = product_with_step(w, frame->r, step->first_after, n);
    of_step *= of_step / w->length2[step->first_after];
    of_step -= AHEAD * (dot(frame->r, frame->r, n) - of_step) / freedom_of(frame);
    for (size_t b = HST_STEP_MARGIN; b + HST_STEP_MARGIN <= n; b++) {
        double product = 0;

        for (size_t t = 0; t < n; t++) {
            frame->room[t] = t > b ? (double)(frame->months[t] - frame->months[b]) : 0;
        }
        whiten(frame->left, w, frame->room, n);
        project_out(frame->left, frame, w);
        product = dot(frame->left, frame->r, n);
        if (product * product >= of_step * dot(frame->left, frame->left, n)) {
            return true;
        }
    }
    return false;
}
