/* The smallest effect that a series' own noise leaves visible. */
#include "hestia/power.h"

#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/regression.h"
#include "impact/glm_internal.h"

enum { LEAST_POINTS = 4, LEAST_CYCLES = 2 };

/* Beyond it the inflation of the variance says more about the estimate of r than about the noise:
 * 19 times at 0.9. */
static const double most_autocorrelation = 0.9;

/* What the points before say of the noise. */
typedef struct noise {
    size_t n_used;
    bool has_season;
    double dispersion, autocorrelation;
    double mean;     /* of values; of counts: events a point */
    double *weights; /* [n_before], of counts: the mean of each point; NAN where it is missing */
} noise;

/* ---- rows of a design ---- */

typedef struct rows {
    size_t n, k;
    double *x;          /* [n][k] */
    const char **names; /* [k] */
} rows;

static void clear_rows(rows *r)
{
    free(r->x);
    free(r->names);
    *r = (rows){0};
}

/* Room for n rows of `k` terms and those of the seasons. */
static hst_status open_rows(rows *r, size_t n, size_t k, unsigned n_seasons, hst_error *err)
{
    size_t n_cells = 0;

    r->k = k + (n_seasons > 0 ? n_seasons - 1 : 0);
    if (hst_size_multiply(n + 1, r->k, &n_cells)) {
        r->x = calloc(n_cells, sizeof *r->x);
    }
    r->names = calloc(r->k, sizeof *r->names);
    if (!r->x || !r->names) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a design of %zu points", n);
    }
    for (size_t j = 0; j < r->k; j++) {
        r->names[j] = j < k ? "a term of the design" : "season";
    }
    return HST_OK;
}

/* Marks the season of the row at a position, the first being the reference. */
static void fill_season(double *row, size_t first, unsigned n_seasons, size_t position)
{
    if (n_seasons > 0 && position % n_seasons > 0) {
        row[first + position % n_seasons - 1] = 1;
    }
}

/* ---- the noise ---- */

static double exposure_of(const hst_power_input *input, size_t i)
{
    return input->is_count && input->exposure ? input->exposure[i] : 1;
}

static hst_status check_points(noise *out, const hst_power_input *input, hst_error *err)
{
    size_t least = input->is_poisson ? 1 : LEAST_POINTS;
    double total = 0, first = NAN;
    bool is_constant = true;

    for (size_t i = 0; i < input->n_before; i++) {
        double y = input->y[i];

        if (isnan(y)) {
            continue;
        }
        if (!isfinite(y)) {
            return hst_fail(err, HST_REFUSED, "numbers that are not finite");
        }
        if (input->is_count && y < 0) {
            return hst_fail(err, HST_REFUSED, "a count below 0");
        }
        if (!(exposure_of(input, i) > 0)) {
            return hst_fail(err, HST_REFUSED, "nobody in the denominator");
        }
        first = out->n_used == 0 ? y : first;
        is_constant = is_constant && y == first;
        total += y;
        out->n_used++;
    }
    if (out->n_used < least) {
        return hst_fail(err, HST_REFUSED, "too few points before: %zu, at least %zu", out->n_used,
                        least);
    }
    if (input->is_count && !(total > 0)) {
        return hst_fail(err, HST_REFUSED, "no events");
    }
    if (!input->is_count && is_constant) {
        return hst_fail(err, HST_REFUSED, "a constant series");
    }
    out->mean = total / (double)out->n_used;
    return out->mean != 0 ? HST_OK
                          : hst_fail(err, HST_REFUSED, "a mean of 0 has no relative change");
}

/* Two full cycles, and each season seen twice and, of counts, with events. */
static hst_status look_for_season(noise *out, const hst_power_input *input, hst_error *err)
{
    unsigned cycle = input->cycle;
    size_t *n_seen = NULL;
    double *events = NULL;
    hst_status status = HST_OK;

    if (cycle < 2 || input->is_poisson || input->n_before < LEAST_CYCLES * (size_t)cycle) {
        return HST_OK;
    }
    n_seen = calloc(cycle, sizeof *n_seen);
    events = calloc(cycle, sizeof *events);
    if (!n_seen || !events) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %u seasons", cycle);
        goto done;
    }
    for (size_t i = 0; i < input->n_before; i++) {
        if (!isnan(input->y[i])) {
            n_seen[i % cycle]++;
            events[i % cycle] += input->y[i];
        }
    }
    out->has_season = true;
    for (unsigned i = 0; i < cycle; i++) {
        out->has_season =
            out->has_season && n_seen[i] >= LEAST_CYCLES && (!input->is_count || events[i] > 0);
    }

done:
    free(n_seen);
    free(events);
    return status;
}

/* Residuals of the points before about their level or line and season, counts divided by the root
 * of their means; with what the correction of their correlation takes. */
typedef struct residuals {
    size_t n, k;
    double *e;         /* [n] */
    size_t *positions; /* [n], among the points before */
    double squares;
    double neighbours; /* sum of the hat matrix over neighbours */
} residuals;

static double hat(const rows *r, const double *bread, size_t i, size_t j)
{
    double sum = 0;

    for (size_t a = 0; a < r->k; a++) {
        for (size_t b = 0; b < r->k; b++) {
            sum += r->x[i * r->k + a] * bread[a * r->k + b] * r->x[j * r->k + b];
        }
    }
    return sum;
}

static void fill_residuals(residuals *out, const rows *r, const double *e, const double *bread,
                           const double *weights)
{
    for (size_t i = 0; i < r->n; i++) {
        out->e[i] = e[i];
        out->squares += e[i] * e[i];
        if (i > 0 && out->positions[i] == out->positions[i - 1] + 1) {
            double w = weights ? sqrt(weights[i] * weights[i - 1]) : 1;

            out->neighbours += w * hat(r, bread, i - 1, i);
        }
    }
    out->n = r->n;
    out->k = r->k;
}

static double correlation(const residuals *res)
{
    double products = 0, r1 = 0, r = 0;

    for (size_t i = 1; i < res->n; i++) {
        if (res->positions[i] == res->positions[i - 1] + 1) {
            products += res->e[i] * res->e[i - 1];
        }
    }
    r1 = products / res->squares;
    r = r1 * (1 + 3 / (double)res->n) + res->neighbours / (double)(res->n - res->k);
    return fmin(fmax(r, 0), most_autocorrelation);
}

/* Rows of the points before that have a value, with their y and logarithm of the exposure. */
static hst_status fill_before(rows *r, double *y, double *offset, residuals *res,
                              const hst_power_input *input, const noise *found, hst_error *err)
{
    bool has_line = input->design != HST_POWER_BEFORE_AFTER;
    size_t k = has_line ? 2 : 1;
    unsigned n_seasons = found->has_season ? input->cycle : 0;
    hst_status status = open_rows(r, found->n_used, k, n_seasons, err);

    for (size_t i = 0; i < input->n_before && status == HST_OK; i++) {
        double *row = &r->x[r->n * r->k];

        if (isnan(input->y[i])) {
            continue;
        }
        row[0] = 1;
        if (has_line) {
            row[1] = (double)i;
        }
        fill_season(row, k, n_seasons, i);
        y[r->n] = input->y[i];
        offset[r->n] = log(exposure_of(input, i));
        res->positions[r->n++] = i;
    }
    return status;
}

static hst_status fit_before(residuals *res, noise *out, const hst_power_input *input, rows *r,
                             const double *y, const double *offset, hst_error *err)
{
    hst_design design = {.n = r->n, .k = r->k, .x = r->x, .names = r->names};
    hst_fit line = {0};
    glm counts = {0};
    hst_status status = HST_OK;

    if (r->n < r->k + 1) {
        return hst_fail(err, HST_REFUSED, "too few points before: %zu for %zu terms", r->n, r->k);
    }
    if (!input->is_count) {
        status = hst_least_squares(&line, &design, y, NULL, err);
        if (status == HST_OK) {
            fill_residuals(res, r, line.residuals, line.bread, NULL);
        }
    } else {
        status = glm_fit(&counts, &design, y, offset, INFINITY, err);
        if (status == HST_OK) {
            fill_residuals(res, r, counts.pearson, counts.bread, counts.mu);
        }
        for (size_t i = 0; i < r->n && status == HST_OK; i++) {
            out->weights[res->positions[i]] = counts.mu[i];
        }
    }
    hst_fit_clear(&line);
    glm_clear(&counts);
    return status;
}

static hst_status measure_noise(noise *out, const hst_power_input *input, hst_error *err)
{
    size_t n = out->n_used;
    rows r = {0};
    residuals res = {.e = calloc(n, sizeof *res.e), .positions = calloc(n, sizeof *res.positions)};
    double *y = calloc(n, sizeof *y), *offset = calloc(n, sizeof *offset);
    bool has_noise = false;
    hst_status status = HST_OK;

    if (!res.e || !res.positions || !y || !offset) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu points", n);
        goto done;
    }
    if ((status = look_for_season(out, input, err)) != HST_OK ||
        (status = fill_before(&r, y, offset, &res, input, out, err)) != HST_OK ||
        (status = fit_before(&res, out, input, &r, y, offset, err)) != HST_OK) {
        goto done;
    }
    out->dispersion = res.squares / (double)(res.n - res.k);
    /* Residuals of the size of rounding hang together by nothing but rounding. */
    has_noise = res.squares > 1e-24 * (input->is_count ? 1 : out->mean * out->mean);
    out->autocorrelation = has_noise ? correlation(&res) : 0;
    if (input->is_count) {
        out->dispersion = fmax(out->dispersion, 1);
    } else if (!has_noise) {
        status = hst_fail(err, HST_REFUSED, "the points before have no noise");
    }

done:
    clear_rows(&r);
    free(res.e);
    free(res.positions);
    free(y);
    free(offset);
    return status;
}

/* Poisson's own noise: each point's mean is its exposure at the common rate. */
static void take_poisson(noise *out, const hst_power_input *input)
{
    double events = 0, exposure = 0;

    for (size_t i = 0; i < input->n_before; i++) {
        if (!isnan(input->y[i])) {
            events += input->y[i];
            exposure += exposure_of(input, i);
        }
    }
    for (size_t i = 0; i < input->n_before; i++) {
        if (!isnan(input->y[i])) {
            out->weights[i] = exposure_of(input, i) * events / exposure;
        }
    }
    out->dispersion = 1;
}

static hst_status find_noise(noise *out, const hst_power_input *input, hst_error *err)
{
    hst_status status = HST_OK;

    if (!(input->power > 0 && input->power < 1 && input->alpha > 0 && input->alpha < 1)) {
        return hst_fail(err, HST_ERR_ARGUMENT, "no power of %g at %g", input->power, input->alpha);
    }
    out->weights = calloc(input->n_before + 1, sizeof *out->weights);
    if (!out->weights) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu points", input->n_before);
    }
    for (size_t i = 0; i < input->n_before; i++) {
        out->weights[i] = NAN;
    }
    status = check_points(out, input, err);
    if (status == HST_OK && input->is_count && input->is_poisson) {
        take_poisson(out, input);
    } else if (status == HST_OK) {
        status = measure_noise(out, input, err);
    }
    return status;
}

/* ---- the design's error ---- */

/* Terms of each design before those of the seasons. */
static const size_t n_terms[] = {
    [HST_POWER_BEFORE_AFTER] = 2, [HST_POWER_TREND] = 2, [HST_POWER_ITS] = 4};

static void fill_row(double *row, const hst_power_input *input, size_t position)
{
    bool is_after = position >= input->n_before;

    row[0] = 1;
    if (input->design == HST_POWER_BEFORE_AFTER) {
        row[1] = is_after ? 1 : 0;
        return;
    }
    row[1] = (double)position;
    if (input->design == HST_POWER_ITS && is_after) {
        row[2] = 1;
        row[3] = (double)(position - input->n_before);
    }
}

static void fill_contrast(double *c, const hst_power_input *input, size_t n_after)
{
    switch (input->design) {
    case HST_POWER_BEFORE_AFTER:
        c[1] = 1;
        break;
    case HST_POWER_TREND:
        c[1] = (double)(input->n_before + n_after - 1);
        break;
    case HST_POWER_ITS:
        c[2] = 1;
        c[3] = (double)((input->n_effect > 0 && input->n_effect < n_after ? input->n_effect
                                                                          : n_after) -
                        1) /
               2;
        break;
    }
}

/* Where the points before begin that the design compares with. */
static size_t first_of(const hst_power_input *input)
{
    return input->design == HST_POWER_BEFORE_AFTER && input->n_baseline > 0 &&
                   input->n_baseline < input->n_before
               ? input->n_before - input->n_baseline
               : 0;
}

/* Points before that have a value. */
static double count_before(const hst_power_input *input)
{
    size_t n = 0;

    for (size_t i = 0; i < input->n_before; i++) {
        n += isnan(input->y[i]) ? 0 : 1;
    }
    return (double)n;
}

/* Rows of all points, before with a value and after, with their weights, then the variance of the
 * effect in units of the dispersion. */
static hst_status find_variance(double *variance, double *df, const noise *found,
                                const hst_power_input *input, size_t n_after, hst_error *err)
{
    size_t k = n_terms[input->design], n_all = input->n_before + n_after;
    /* Season is noise left out of a mean, and a term beside a line. */
    unsigned n_seasons =
        found->has_season && input->design != HST_POWER_BEFORE_AFTER ? input->cycle : 0;
    rows r = {0};
    hst_fit fit = {0};
    double *weights = calloc(n_all, sizeof *weights), *zeros = calloc(n_all, sizeof *zeros);
    double *c = NULL;
    hst_status status = open_rows(&r, n_all, k, n_seasons, err);

    if (status != HST_OK) {
        goto done;
    }
    c = calloc(r.k, sizeof *c);
    if (!weights || !zeros || !c) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu points", n_all);
        goto done;
    }
    for (size_t i = first_of(input); i < n_all; i++) {
        bool is_after = i >= input->n_before;

        if (!is_after && isnan(input->y[i])) {
            continue;
        }
        fill_row(&r.x[r.n * r.k], input, i);
        fill_season(&r.x[r.n * r.k], k, n_seasons, i);
        weights[r.n++] = !input->is_count ? 1 : is_after ? found->mean : found->weights[i];
    }
    if (r.n <= r.k && !input->is_poisson) {
        status = hst_fail(err, HST_REFUSED, "too few points: %zu for %zu terms", r.n, r.k);
        goto done;
    }
    status = hst_least_squares(&fit, &(hst_design){.n = r.n, .k = r.k, .x = r.x, .names = r.names},
                               zeros, weights, err);
    if (status != HST_OK) {
        goto done;
    }
    fill_contrast(c, input, n_after);
    *variance = 0;
    for (size_t i = 0; i < r.k * r.k; i++) {
        *variance += c[i / r.k] * fit.bread[i] * c[i % r.k];
    }
    *df = input->is_poisson ? INFINITY : (double)(r.n - r.k);
    if (input->design ==
        HST_POWER_BEFORE_AFTER) { /* a short baseline has the noise of all before */
        *df = fmax(*df, count_before(input) - 1);
    }

done:
    hst_fit_clear(&fit);
    clear_rows(&r);
    free(weights);
    free(zeros);
    free(c);
    return status;
}

static hst_status find_power(hst_power *out, const noise *found, const hst_power_input *input,
                             size_t n_after, hst_error *err)
{
    size_t least = input->design == HST_POWER_TREND ? 0 : input->design == HST_POWER_ITS ? 2 : 1;
    double r = found->autocorrelation, variance = NAN, df = NAN, d = NAN;
    hst_status status = HST_OK;

    if (n_after < least) {
        return hst_fail(err, HST_REFUSED, "too few points after: %zu, at least %zu", n_after,
                        least);
    }
    status = find_variance(&variance, &df, found, input, n_after, err);
    if (status != HST_OK) {
        return status;
    }
    *out = (hst_power){.dispersion = found->dispersion, .autocorrelation = r, .df = df};
    out->se = sqrt(variance * found->dispersion * (1 + r) / (1 - r));
    if (!input->is_count) {
        out->se /= fabs(found->mean);
    }
    d = (qt(input->alpha / 2, df, 0, 0) + qt(input->power, df, 1, 0)) * out->se;
    out->detectable_rise = input->is_count ? expm1(d) : d;
    out->detectable_fall = input->is_count ? -expm1(-d) : d <= 1 ? d : NAN;
    out->detectable = out->detectable_rise;
    return HST_OK;
}

hst_status hst_power_of(hst_power *out, const hst_power_input *input, hst_error *err)
{
    noise found = {0};
    hst_status status = HST_OK;

    *out = (hst_power){0};
    status = find_noise(&found, input, err);
    if (status == HST_OK) {
        status = find_power(out, &found, input, input->n_after, err);
    }
    free(found.weights);
    return status;
}

hst_status hst_power_periods_needed(size_t *out, const hst_power_input *input, double effect,
                                    hst_error *err)
{
    noise found = {0};
    hst_status status = find_noise(&found, input, err);

    *out = 0;
    /* One after the other: more points after a line make its continuation less certain, so the
     * smallest effect need not fall all the way. */
    for (size_t n = input->design == HST_POWER_ITS ? 2 : 1;
         n <= HST_POWER_MOST_AFTER && *out == 0 && status == HST_OK; n++) {
        hst_power power = {0};

        status = find_power(&power, &found, input, n, err);
        if (status == HST_OK && power.detectable <= effect) {
            *out = n;
        } else if (status == HST_REFUSED) {
            status = HST_OK; /* too few points yet */
        }
    }
    free(found.weights);
    return status;
}

double hst_power_events_needed(double ratio, double dispersion, double autocorrelation,
                               double power, double alpha)
{
    double z = qnorm5(alpha / 2, 0, 1, 0, 0) + qnorm5(power, 0, 1, 1, 0);

    return ratio > 0 ? 2 * z * z * dispersion * (1 + autocorrelation) / (1 - autocorrelation) /
                           (log(ratio) * log(ratio))
                     : NAN;
}
