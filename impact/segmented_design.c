/* What a segmented regression is made of: its terms, its points, and whether they suffice. */
#include "impact/segmented_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool segmented_is_counts(const hst_its_options *options)
{
    return options->model != HST_ITS_OLS;
}

bool segmented_is_of_service(const hst_its_series *series, size_t point)
{
    return !series->is_treated || series->is_treated[point] != 0;
}

/* ---- terms ---- */

static size_t harmonics_of(const hst_its_options *options)
{
    return options->harmonics > 0 ? options->harmonics : 1;
}

static hst_status check_options(const hst_its_options *options, hst_error *err)
{
    if (options->n_interventions == 0 || options->n_interventions > HST_ITS_MAX_INTERVENTIONS) {
        return hst_fail(err, HST_ERR_ARGUMENT, "%zu interventions: 1 to %d",
                        options->n_interventions, HST_ITS_MAX_INTERVENTIONS);
    }
    for (size_t i = 0; i < options->n_interventions; i++) {
        if (!isfinite(options->interventions[i])) {
            return hst_fail(err, HST_ERR_ARGUMENT, "an intervention without a time");
        }
    }
    if (!(options->confidence > 0 && options->confidence < 100)) {
        return hst_fail(err, HST_ERR_ARGUMENT, "a confidence of %g percent", options->confidence);
    }
    if (options->season != HST_ITS_NO_SEASON && options->cycle < 2) {
        return hst_fail(err, HST_ERR_ARGUMENT, "a season with a cycle of %u points",
                        options->cycle);
    }
    return options->season == HST_ITS_FOURIER && 2 * harmonics_of(options) > options->cycle
               ? hst_fail(err, HST_ERR_ARGUMENT, "%zu harmonics of a cycle of %u points",
                          harmonics_of(options), options->cycle)
               : HST_OK;
}

static void sort_interventions(segmented_terms *terms, const hst_its_options *options)
{
    for (size_t i = 0; i < options->n_interventions; i++) {
        size_t at = i;

        for (; at > 0 && terms->interventions[at - 1] > options->interventions[i]; at--) {
            terms->interventions[at] = terms->interventions[at - 1];
        }
        terms->interventions[at] = options->interventions[i];
    }
}

/* "level", "level2", "q3:treated"; number 0 is not written. Past the last there is only counting.
 */
static void add_term(segmented_terms *terms, const char *name, size_t number, const char *end,
                     bool is_of_service)
{
    if (terms->n < HST_MAX_TERMS) {
        char digits[8] = "";

        if (number > 0) {
            snprintf(digits, sizeof digits, "%u", (unsigned)(number % 1000));
        }
        snprintf(terms->names[terms->n], sizeof terms->names[0], "%s%s%s", name, digits, end);
        terms->is_of_service[terms->n] = is_of_service;
    }
    terms->n++;
}

/* The terms of one series: the only one, a control, or what a service differs from it by. */
static void add_terms(segmented_terms *terms, const hst_its_options *options, bool is_difference,
                      bool is_service)
{
    const char *end = is_difference ? ":treated" : "";

    add_term(terms, is_difference ? "treated" : "(Intercept)", 0, "", false);
    add_term(terms, "t", 0, end, false);
    for (size_t j = 0; j < options->n_interventions; j++) {
        size_t number = j > 0 ? j + 1 : 0;

        add_term(terms, is_service ? "level" : "control_level", number, "", is_service);
        if (!options->is_level_only) {
            add_term(terms, is_service ? "slope" : "control_slope", number, "", is_service);
        }
    }
    for (size_t q = 2; options->season == HST_ITS_DUMMIES && q <= options->cycle; q++) {
        add_term(terms, "q", q, end, false);
    }
    for (size_t h = 1; options->season == HST_ITS_FOURIER && h <= harmonics_of(options); h++) {
        if (2 * h < options->cycle) { /* at half the cycle the sine is 0 everywhere */
            add_term(terms, "sin", h, end, false);
        }
        add_term(terms, "cos", h, end, false);
    }
}

hst_status segmented_name_terms(segmented_terms *out, const hst_its_series *series,
                                const hst_its_options *options, hst_error *err)
{
    hst_status status = check_options(options, err);

    *out = (segmented_terms){0};
    if (status != HST_OK) {
        return status;
    }
    sort_interventions(out, options);
    add_terms(out, options, false, !series->is_treated);
    if (series->is_treated) {
        add_terms(out, options, true, true);
    }
    return out->n <= HST_MAX_TERMS ? HST_OK
                                   : hst_fail(err, HST_REFUSED, "too many terms: %zu, at most %d",
                                              out->n, HST_MAX_TERMS);
}

/* 1 to the cycle. */
static double season_of(const hst_its_series *series, const hst_its_options *options, size_t i)
{
    double turns = floor((series->t[i] - 1) / options->cycle);

    return series->season ? series->season[i] : series->t[i] - turns * options->cycle;
}

/* The values of add_terms's terms. */
static size_t fill_terms(double *row, const segmented_terms *terms, const hst_its_series *series,
                         const hst_its_options *options, size_t i)
{
    static const double two_pi = 6.283185307179586;
    double t = series->t[i];
    double season = options->season == HST_ITS_NO_SEASON ? 0 : season_of(series, options, i);
    size_t k = 0;

    row[k++] = 1;
    row[k++] = t;
    for (size_t j = 0; j < options->n_interventions; j++) {
        bool is_after = t >= terms->interventions[j];

        row[k++] = is_after ? 1 : 0;
        if (!options->is_level_only) {
            row[k++] = is_after ? t - terms->interventions[j] : 0;
        }
    }
    for (unsigned q = 2; options->season == HST_ITS_DUMMIES && q <= options->cycle; q++) {
        row[k++] = season == q ? 1 : 0;
    }
    for (size_t h = 1; options->season == HST_ITS_FOURIER && h <= harmonics_of(options); h++) {
        double angle = two_pi * (double)h * season / options->cycle;

        if (2 * h < options->cycle) {
            row[k++] = sin(angle);
        }
        row[k++] = cos(angle);
    }
    return k;
}

void segmented_fill_row(double *row, const segmented_terms *terms, const hst_its_series *series,
                        const hst_its_options *options, size_t point)
{
    size_t k = fill_terms(row, terms, series, options, point);

    for (size_t j = 0; series->is_treated && j < k; j++) {
        row[k + j] = segmented_is_of_service(series, point) ? row[j] : 0;
    }
}

/* ---- points ---- */

bool segmented_is_in_phase_in(const hst_its_options *options, double t)
{
    return t >= options->phase_in_from && t <= options->phase_in_to; /* false with NAN */
}

/* Times in order, seasons known. */
static hst_status check_times(const hst_its_series *series, const hst_its_options *options,
                              hst_error *err)
{
    double last[2] = {-INFINITY, -INFINITY}; /* of the control, of the service */

    for (size_t i = 0; i < series->n; i++) {
        size_t own = segmented_is_of_service(series, i);
        double t = series->t[i], season = 0;

        if (!(t > last[own]) || !isfinite(t)) {
            return hst_fail(err, HST_REFUSED, "t is missing, stands twice or is not in order");
        }
        last[own] = t;
        if (options->season == HST_ITS_NO_SEASON) {
            continue;
        }
        season = season_of(series, options, i);
        if (!(season >= 1 && season <= options->cycle && season == floor(season))) {
            return hst_fail(err, HST_REFUSED, "the season of t = %g is none of 1 to %u", t,
                            options->cycle);
        }
    }
    return HST_OK;
}

static hst_status mark_points(hst_its *its, const segmented_terms *terms,
                              const hst_its_series *series, const hst_its_options *options,
                              hst_error *err)
{
    bool has_exposure = segmented_is_counts(options) && series->exposure;

    for (size_t i = 0; i < series->n; i++) {
        hst_its_point *point = &its->points[i];
        bool is_left_out = segmented_is_in_phase_in(options, series->t[i]);

        *point = (hst_its_point){.t = series->t[i], .observed = series->y[i]};
        point->is_used = !isnan(series->y[i]) && !is_left_out;
        point->is_after = segmented_is_of_service(series, i) &&
                          series->t[i] >= terms->interventions[0] && !is_left_out;
        if (!point->is_used) {
            continue;
        }
        its->n++;
        if (segmented_is_counts(options) && series->y[i] < 0) {
            return hst_fail(err, HST_REFUSED, "a count below 0 at t = %g", series->t[i]);
        }
        if (has_exposure && !(series->exposure[i] > 0 && isfinite(series->exposure[i]))) {
            return hst_fail(err, HST_REFUSED, "no exposure at t = %g: the population is %s",
                            series->t[i], series->exposure[i] == 0 ? "0" : "missing or not a size");
        }
    }
    return HST_OK;
}

/* One series between two interventions. */
typedef struct segment {
    size_t n;
    double events;
} segment;

static hst_status check_segments(hst_its *its, const segmented_terms *terms,
                                 const hst_its_series *series, const hst_its_options *options,
                                 bool is_service, hst_error *err)
{
    segment segments[HST_ITS_MAX_INTERVENTIONS + 1] = {{0}};
    size_t n_last = options->n_interventions;
    const char *whose = is_service ? "" : " in the control";
    double all = 0;

    for (size_t i = 0; i < series->n; i++) {
        size_t at = 0;

        if (!its->points[i].is_used || segmented_is_of_service(series, i) != is_service) {
            continue;
        }
        while (at < n_last && series->t[i] >= terms->interventions[at]) {
            at++;
        }
        segments[at].n++;
        segments[at].events += series->y[i];
        all += series->y[i];
    }
    for (size_t j = 0; j <= n_last; j++) {
        if (is_service) {
            *(j == 0 ? &its->n_before : &its->n_after) += segments[j].n;
        }
    }
    for (size_t j = 0; j <= n_last; j++) {
        const char *where = j == 0 ? "before" : j == n_last ? "after" : "between interventions";

        if (segments[j].n < SEGMENTED_LEAST_POINTS) {
            return hst_fail(err, HST_REFUSED, "too few points %s%s: %zu, at least %d", where, whose,
                            segments[j].n, SEGMENTED_LEAST_POINTS);
        }
        if (segmented_is_counts(options) && !(segments[j].events > 0)) {
            return hst_fail(err, HST_REFUSED, "no events%s%s%s", all > 0 ? " " : "",
                            all > 0 ? where : "", whose);
        }
    }
    return HST_OK;
}

/* A season without events has no logarithm. */
static hst_status check_seasons(const hst_its *its, const hst_its_series *series,
                                const hst_its_options *options, bool is_service, hst_error *err)
{
    for (unsigned q = 1; options->season == HST_ITS_DUMMIES && q <= options->cycle; q++) {
        size_t n = 0;
        double events = 0;

        for (size_t i = 0; i < series->n; i++) {
            if (its->points[i].is_used && segmented_is_of_service(series, i) == is_service &&
                season_of(series, options, i) == q) {
                n++;
                events += series->y[i];
            }
        }
        if (n == 0 || (segmented_is_counts(options) && !(events > 0))) {
            return hst_fail(err, HST_REFUSED, "no %s in season %u%s", n == 0 ? "points" : "events",
                            q, is_service ? "" : " in the control");
        }
    }
    return HST_OK;
}

static hst_status check_constant(const hst_its *its, const hst_its_series *series, hst_error *err)
{
    double lowest = INFINITY, highest = -INFINITY;

    for (size_t i = 0; i < series->n; i++) {
        if (its->points[i].is_used && segmented_is_of_service(series, i)) {
            lowest = fmin(lowest, series->y[i]);
            highest = fmax(highest, series->y[i]);
        }
    }
    return highest > lowest ? HST_OK : hst_fail(err, HST_REFUSED, "a constant series");
}

hst_status segmented_check_points(hst_its *its, const segmented_terms *terms,
                                  const hst_its_series *series, const hst_its_options *options,
                                  hst_error *err)
{
    hst_status status = check_times(series, options, err);

    if (status == HST_OK) {
        status = mark_points(its, terms, series, options, err);
    }
    for (int own = series->is_treated ? 0 : 1; own <= 1 && status == HST_OK; own++) {
        status = check_segments(its, terms, series, options, own == 1, err);
        if (status == HST_OK) {
            status = check_seasons(its, series, options, own == 1, err);
        }
    }
    if (status == HST_OK) {
        status = check_constant(its, series, err);
    }
    return status == HST_OK && its->n <= terms->n
               ? hst_fail(err, HST_REFUSED, "too few points: %zu for %zu terms", its->n, terms->n)
               : status;
}
