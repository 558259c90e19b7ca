/* Structural change of one series.
 *
 * Assumptions. Errors are independent with one variance. The test is for one change; the number of
 * changes is BIC's choice. Sums of squares are built by rotating one observation after the other
 * into a triangle, so that no product matrix is formed and nothing is subtracted.
 */
#include "hestia/changepoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/ingest.h"
#include "impact/draw.h"
#include "impact/order.h"

enum { MAX_TERMS = 2 };

/* A regression that takes one observation after the other. */
typedef struct running_fit {
    size_t k;
    double r[MAX_TERMS][MAX_TERMS + 1]; /* the triangle, and Q' y beside it */
    double rss;
} running_fit;

static void add_point(running_fit *fit, double t, double y)
{
    double row[MAX_TERMS + 1] = {1, t};

    row[fit->k] = y;
    for (size_t j = 0; j < fit->k; j++) {
        double length = hypot(fit->r[j][j], row[j]);
        double c = length > 0 ? fit->r[j][j] / length : 1, s = length > 0 ? row[j] / length : 0;

        for (size_t l = j; l <= fit->k; l++) {
            double kept = fit->r[j][l];

            fit->r[j][l] = c * kept + s * row[l];
            row[l] = c * row[l] - s * kept;
        }
    }
    fit->rss += row[fit->k] * row[fit->k];
}

static double value_at(const running_fit *fit, double t)
{
    double slope = fit->k > 1 ? fit->r[1][2] / fit->r[1][1] : 0;

    return (fit->r[0][fit->k] - (fit->k > 1 ? fit->r[0][1] * slope : 0)) / fit->r[0][0] + slope * t;
}

static size_t terms_of(hst_change_model model)
{
    return model == HST_CHANGE_LEVEL ? 1 : 2;
}

/* Points of the shortest part; 0.15 of 60 is 9, whatever the last bit of 0.15 * 60. */
static size_t shortest_part(size_t n, double trim)
{
    return (size_t)floor(trim * (double)n + 1e-9);
}

static hst_status check_length(size_t n, hst_change_model model, double trim, hst_error *err)
{
    size_t k = terms_of(model), shortest = 0;

    if (!(trim > 0 && trim <= 0.5)) {
        return hst_fail(err, HST_ERR_ARGUMENT, "a trim of %g: above 0 and up to 0.5", trim);
    }
    shortest = shortest_part(n, trim);
    return shortest > k && 2 * shortest <= n
               ? HST_OK
               : hst_fail(err, HST_REFUSED,
                          "too few points: %zu, with %zu in the shortest part for %zu term%s", n,
                          shortest, k, k == 1 ? "" : "s");
}

static hst_status check_values(const double *y, size_t n, hst_error *err)
{
    for (size_t t = 0; t < n; t++) {
        if (!isfinite(y[t])) {
            return hst_fail(err, HST_REFUSED, "a missing value, at point %zu", t + 1);
        }
    }
    return HST_OK;
}

/* Below this a sum of squares is what rounding leaves of none. */
static double rounding_of(const double *y, size_t n)
{
    double squares = 0;

    for (size_t t = 0; t < n; t++) {
        squares += y[t] * y[t];
    }
    return 1e-24 * squares;
}

/* ---- one change ---- */

/* F after each candidate, [n]; `before` is room for [n]. Returns the whole series' rss. */
static double fill_f(double *f, double *before, const double *y, size_t n, size_t k,
                     size_t shortest)
{
    running_fit first = {.k = k}, last = {.k = k};

    for (size_t t = 0; t < n; t++) {
        add_point(&first, (double)t, y[t]);
        before[t] = first.rss;
        f[t] = NAN;
    }
    for (size_t t = n - 1; t >= shortest; t--) {
        double split = 0;

        add_point(&last, (double)(n - t), y[t]);
        split = before[t - 1] + last.rss;
        if (t >= shortest && t <= n - shortest) { /* t points before */
            f[t - 1] = (before[n - 1] - split) / (split / (double)(n - 2 * k));
        }
    }
    return before[n - 1];
}

static hst_sup_f summary_of(const double *f, size_t n)
{
    hst_sup_f s = {.sup_f = -INFINITY, .p = NAN};
    size_t n_candidates = 0;

    for (size_t t = 0; t < n; t++) {
        if (!isnan(f[t])) {
            s.ave_f += f[t];
            n_candidates++;
            if (f[t] > s.sup_f) {
                s.sup_f = f[t];
                s.last_before = t;
            }
        }
    }
    s.ave_f /= (double)n_candidates;
    return s;
}

hst_status hst_sup_f_test(hst_sup_f *out, double *f, const double *y, size_t n,
                          hst_change_model model, double trim, const hst_sup_f_null *null,
                          hst_error *err)
{
    hst_status status = check_length(n, model, trim, err);
    double *work = NULL, *statistics = NULL, rss = 0;

    *out = (hst_sup_f){.sup_f = NAN, .ave_f = NAN, .p = NAN};
    if (status != HST_OK || (status = check_values(y, n, err)) != HST_OK) {
        return status;
    }
    work = calloc(2 * n, sizeof *work);
    if (!work) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a series of %zu points", n);
    }
    statistics = work + n;
    rss = fill_f(statistics, work, y, n, terms_of(model), shortest_part(n, trim));
    if (rss <= rounding_of(y, n)) {
        status = hst_fail(err, HST_REFUSED, "nothing varies about the %s",
                          model == HST_CHANGE_LEVEL ? "level" : "line");
        goto done;
    }
    *out = summary_of(statistics, n);
    out->p = null ? hst_sup_f_null_p(null, out->sup_f) : NAN;
    if (f) {
        memcpy(f, statistics, n * sizeof *f);
    }

done:
    free(work);
    return status;
}

/* ---- its null distribution ---- */

struct hst_sup_f_null {
    size_t n_draws;
    double *sup_f; /* sorted */
};

void hst_sup_f_null_free(hst_sup_f_null *null)
{
    if (null) {
        free(null->sup_f);
        free(null);
    }
}

hst_status hst_sup_f_null_create(hst_sup_f_null **out, size_t n, hst_change_model model,
                                 double trim, size_t n_draws, uint64_t seed, int n_threads,
                                 hst_error *err)
{
    hst_status status = check_length(n, model, trim, err);
    hst_sup_f_null *null = NULL;
    double *work = NULL;
    size_t n_workers = n_threads > 0 ? (size_t)n_threads : 1;

    *out = NULL;
    if (status != HST_OK) {
        return status;
    }
    if (n_draws == 0) {
        return hst_fail(err, HST_ERR_ARGUMENT, "a null distribution of no draws");
    }
    null = calloc(1, sizeof *null);
    work = calloc(n_workers, 3 * n * sizeof *work);
    if (!null || !work || !(null->sup_f = calloc(n_draws, sizeof *null->sup_f))) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu draws", n_draws);
        goto done;
    }
    null->n_draws = n_draws;
#pragma omp parallel for num_threads((int)n_workers) schedule(static)
    for (size_t worker = 0; worker < n_workers; worker++) {
        double *y = work + worker * 3 * n, *f = y + n, *before = f + n;

        for (size_t d = worker; d < n_draws && !hst_interrupt_requested(); d += n_workers) {
            for (size_t t = 0; t < n; t++) {
                y[t] = qnorm(hst_draw_uniform(seed, d, t), 0, 1, 1, 0);
            }
            fill_f(f, before, y, n, terms_of(model), shortest_part(n, trim));
            null->sup_f[d] = summary_of(f, n).sup_f;
        }
    }
    status = hst_interrupt_check(err);
    if (status != HST_OK) {
        goto done;
    }
    order_sort(null->sup_f, n_draws);
    *out = null;
    null = NULL; /* now the caller's */

done:
    hst_sup_f_null_free(null);
    free(work);
    return status;
}

double hst_sup_f_null_p(const hst_sup_f_null *null, double sup_f)
{
    size_t low = 0, high = null->n_draws; /* the first draw that is as large lies between */

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (null->sup_f[middle] < sup_f) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (double)(1 + null->n_draws - low) / (double)(1 + null->n_draws);
}

/* ---- several changes ---- */

/* rss of every part of a series, and the best ways to end a regime. */
typedef struct partition {
    const double *y;
    size_t n, k, shortest;
    double floor;  /* the least rss of a segmentation */
    double *rss;   /* [n][n]: of the points first..last */
    double *best;  /* [changes][n]: of the points 0..last with so many changes; INFINITY: none */
    size_t *ended; /* [changes][n]: last point of the regime before */
} partition;

static double rss_of(const partition *p, size_t first, size_t last)
{
    return p->rss[first * p->n + last];
}

static void fill_partition(partition *p, size_t max_changes)
{
    size_t n = p->n;

    for (size_t first = 0; first < n; first++) {
        running_fit fit = {.k = p->k};

        for (size_t last = first; last < n; last++) {
            add_point(&fit, (double)(last - first), p->y[last]);
            p->rss[first * n + last] = fit.rss;
        }
    }
    for (size_t last = 0; last < n; last++) {
        p->best[last] = last + 1 >= p->shortest ? rss_of(p, 0, last) : INFINITY;
    }
    for (size_t m = 1; m <= max_changes; m++) {
        for (size_t last = 0; last < n; last++) {
            double *best = &p->best[m * n + last];

            *best = INFINITY;
            for (size_t end = m * p->shortest - 1; end + p->shortest <= last; end++) {
                double sum = p->best[(m - 1) * n + end] + rss_of(p, end + 1, last);

                if (sum < *best) {
                    *best = sum;
                    p->ended[m * n + last] = end;
                }
            }
        }
    }
}

/* First and last point of a regime of the chosen segmentation. */
static void regime_of(const hst_segmentations *s, size_t n, size_t regime, size_t *first,
                      size_t *last)
{
    const size_t *ends = s->last_of_regime[s->chosen];

    *first = regime == 0 ? 0 : ends[regime - 1] + 1;
    *last = regime == s->chosen ? n - 1 : ends[regime];
}

/* Critical value: the likelihood ratio at the true date is the larger of two independent
 * exponentials, so that P(ratio <= x) = (1 - exp(-x / 2))^2. */
static void fill_range(hst_segmentations *s, const partition *p, size_t change)
{
    double least = fmax(s->rss[s->chosen], p->floor), limit = -2 * log(1 - sqrt(0.95)), here = 0;
    size_t first = 0, last = 0, end = 0, unused = 0;

    regime_of(s, p->n, change, &first, &end);
    regime_of(s, p->n, change + 1, &unused, &last);
    here = rss_of(p, first, end) + rss_of(p, end + 1, last);
    s->low[change] = s->high[change] = end;
    for (size_t b = first + p->shortest - 1; b + p->shortest <= last; b++) {
        double rss = least + rss_of(p, first, b) + rss_of(p, b + 1, last) - here;

        if ((double)p->n * log(rss / least) <= limit) {
            s->low[change] = b < s->low[change] ? b : s->low[change];
            s->high[change] = b > s->high[change] ? b : s->high[change];
        }
    }
}

static double size_of(const hst_segmentations *s, const partition *p, size_t change)
{
    double levels[2];
    size_t at = s->last_of_regime[s->chosen][change] + 1;

    for (size_t side = 0; side < 2; side++) {
        running_fit fit = {.k = p->k};
        size_t first = 0, last = 0;

        regime_of(s, p->n, change + side, &first, &last);
        for (size_t t = first; t <= last; t++) {
            add_point(&fit, (double)t - (double)first, p->y[t]);
        }
        levels[side] = value_at(&fit, (double)at - (double)first);
    }
    return levels[0] > 0 ? levels[1] / levels[0] - 1 : NAN;
}

static void read_partition(hst_segmentations *s, const partition *p)
{
    double n = (double)p->n;

    for (size_t m = 0; m < s->n_fitted; m++) {
        size_t last = p->n - 1;

        s->rss[m] = p->best[m * p->n + last];
        s->bic[m] = n * (log(fmax(s->rss[m], p->floor) / n) + 1 + log(2 * M_PI)) +
                    log(n) * (double)((p->k + 1) * (m + 1));
        s->chosen = s->bic[m] < s->bic[s->chosen] ? m : s->chosen;
        for (size_t i = m; i > 0; i--) {
            last = p->ended[i * p->n + last];
            s->last_of_regime[m][i - 1] = last;
        }
    }
    for (size_t i = 0; i < s->chosen; i++) {
        fill_range(s, p, i);
        s->size[i] = size_of(s, p, i);
    }
}

hst_status hst_segmentations_fit(hst_segmentations *out, const double *y, size_t n,
                                 hst_change_model model, double trim, size_t max_changes,
                                 hst_error *err)
{
    hst_status status = check_length(n, model, trim, err);
    partition p = {.y = y, .n = n, .k = terms_of(model)};
    size_t n_cells = 0;

    *out = (hst_segmentations){0};
    if (status != HST_OK || (status = check_values(y, n, err)) != HST_OK) {
        return status;
    }
    p.shortest = shortest_part(n, trim);
    max_changes = max_changes < HST_MAX_CHANGES ? max_changes : HST_MAX_CHANGES;
    max_changes = max_changes < n / p.shortest - 1 ? max_changes : n / p.shortest - 1;
    p.floor = rounding_of(y, n);
    if (p.floor <= 0) {
        return hst_fail(err, HST_REFUSED, "all values are 0");
    }
    if (!hst_size_multiply(n, n, &n_cells)) {
        return hst_fail(err, HST_ERR_RANGE, "too many points: %zu", n);
    }
    p.rss = calloc(n_cells, sizeof *p.rss);
    p.best = calloc((max_changes + 1) * n, sizeof *p.best);
    p.ended = calloc((max_changes + 1) * n, sizeof *p.ended);
    if (!p.rss || !p.best || !p.ended) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the parts of %zu points", n);
        goto done;
    }
    fill_partition(&p, max_changes);
    out->n_fitted = max_changes + 1;
    read_partition(out, &p);

done:
    free(p.rss);
    free(p.best);
    free(p.ended);
    return status;
}

/* ---- a robust shift ---- */

static double mad_of(double *room, const double *y, size_t n, double median)
{
    for (size_t i = 0; i < n; i++) {
        room[i] = fabs(y[i] - median);
    }
    return 1.4826 * order_median(room, n);
}

/* Rank sum test of the later half of [2 m] against the earlier; ties have their mean rank. `room`
 * is for [2 m]. */
static void fill_wilcoxon(hst_level_shift *s, double *room, const double *y, size_t m)
{
    double sum = 0, ties = 0, n = (double)(2 * m), half = (double)m * (double)m / 2, z = 0,
           sigma = 0;

    memcpy(room, y, 2 * m * sizeof *room);
    order_sort(room, 2 * m);
    for (size_t first = 0, end = 0; first < 2 * m; first = end) {
        double size = 0;

        while (end < 2 * m && !(room[end] > room[first])) {
            end++;
        }
        size = (double)(end - first);
        ties += size * size * size - size;
        for (size_t i = m; i < 2 * m; i++) {
            sum +=
                !(y[i] < room[first]) && !(y[i] > room[first]) ? (double)(first + 1 + end) / 2 : 0;
        }
    }
    s->wilcoxon_w = sum - (double)(m * (m + 1)) / 2;
    z = s->wilcoxon_w - half;
    z -= z > 0 ? 0.5 : z < 0 ? -0.5 : 0;
    sigma = sqrt((double)(m * m) / 12 * (n + 1 - ties / (n * (n - 1))));
    s->wilcoxon_p = sigma > 0 ? fmin(1, 2 * pnorm(-fabs(z) / sigma, 0, 1, 1, 0)) : NAN;
}

hst_status hst_level_shift_at(hst_level_shift *out, const double *y, size_t n, size_t first_after,
                              size_t window, hst_error *err)
{
    hst_level_shift s = {0};
    double *room = NULL;
    hst_status status = HST_OK;

    *out = s;
    if (window == 0 || first_after < window || first_after > n || n - first_after < window) {
        return hst_fail(err, HST_REFUSED, "too few points: %zu before and %zu after, of %zu",
                        first_after, first_after < n ? n - first_after : 0, window);
    }
    y += first_after - window;
    status = check_values(y, 2 * window, err);
    if (status != HST_OK) {
        return status;
    }
    room = calloc(2 * window, sizeof *room);
    if (!room) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a window of %zu points", window);
    }
    memcpy(room, y, 2 * window * sizeof *room);
    s.median_before = order_median(room, window);
    s.median_after = order_median(room + window, window);
    s.mad_before = mad_of(room, y, window, s.median_before);
    s.mad_after = mad_of(room, y + window, window, s.median_after);
    s.ratio = s.median_before > 0 ? s.median_after / s.median_before : NAN;
    s.log2_ratio = log2(s.ratio);
    s.robust_z =
        (s.median_after - s.median_before) /
        sqrt(M_PI / 2 * (s.mad_before * s.mad_before + s.mad_after * s.mad_after) / (double)window);
    fill_wilcoxon(&s, room, y, window);
    *out = s;
    free(room);
    return HST_OK;
}

/* ---- false discovery rate ---- */

typedef struct ranked_p {
    double p;
    size_t i;
} ranked_p;

static int compare_ranked(const void *a, const void *b)
{
    const ranked_p *x = a, *y = b;

    return (x->p > y->p) - (x->p < y->p);
}

hst_status hst_false_discovery(double *q, const double *p, size_t n, hst_error *err)
{
    ranked_p *ranked = calloc(n + 1, sizeof *ranked);
    size_t n_given = 0;
    double least = 1;

    if (!ranked) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu p-values", n);
    }
    for (size_t i = 0; i < n; i++) {
        q[i] = NAN;
        if (!isnan(p[i])) {
            ranked[n_given++] = (ranked_p){p[i], i};
        }
    }
    qsort(ranked, n_given, sizeof *ranked, compare_ranked);
    for (size_t rank = n_given; rank > 0; rank--) {
        least = fmin(least, ranked[rank - 1].p * (double)n_given / (double)rank);
        q[ranked[rank - 1].i] = least;
    }
    free(ranked);
    return HST_OK;
}
