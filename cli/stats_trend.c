/* hestia stats trend: a straight line through a series. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/trend.h"

enum { COLUMN_T, COLUMN_Y };

static const char *const errors_of_se[] = {"ols", "newey-west", NULL};
static const char *const adjustments[] = {"hc1", "none", NULL};
/* What --ar1 alone and --ar1=NAME say. */
static const char *const errors_of_ar1[] = {"prais-winsten", "prais-winsten-two-step",
                                            "cochrane-orcutt", NULL};

static hst_status read_ar1(const stats_run *run, hst_trend_options *options)
{
    const char *text = stats_text_of(run, STATS_AR1);
    size_t choice = 0;
    hst_status status = HST_OK;

    if (!text) {
        return HST_OK;
    }
    if (run->options->given_series & (STATS_SE | STATS_LAG | STATS_ADJUST)) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats trend: --ar1 has errors of its own, without --se, --lag and "
                        "--adjust");
    }
    if (text[0] != '\0') {
        status = stats_choose(run, STATS_AR1, errors_of_ar1, &choice);
    }
    options->errors = choice == 2 ? HST_TREND_COCHRANE_ORCUTT : HST_TREND_PRAIS_WINSTEN;
    options->is_two_step = choice == 1;
    return status;
}

static hst_status begin(stats_run *run)
{
    hst_trend_options *options = calloc(1, sizeof *options);
    size_t se = 0, adjustment = 0;
    double lag = -1;
    hst_status status = HST_OK;

    run->own = options;
    if (!options) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for the options of trend");
    }
    if ((status = stats_choose(run, STATS_SE, errors_of_se, &se)) != HST_OK ||
        (status = stats_choose(run, STATS_ADJUST, adjustments, &adjustment)) != HST_OK ||
        (status = stats_number_of(run, STATS_LAG, true, 0, 1000, &lag)) != HST_OK) {
        return status;
    }
    if (se == 0 && (run->options->given_series & (STATS_LAG | STATS_ADJUST)) &&
        !stats_text_of(run, STATS_AR1)) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats trend: --lag and --adjust go with --se newey-west");
    }
    options->errors = se == 0 ? HST_TREND_OLS : HST_TREND_NEWEY_WEST;
    options->lag = (long)lag;
    options->is_adjusted = adjustment == 0;
    return read_ar1(run, options);
}

static const char *const before_limits[] = {"term", "estimate", "se", "t", "p", NULL};
static const char *const after_limits[] = {"dw", "dw_p", "lag1", "rho", "lag", "n", "df", NULL};

/* ---- a group in the order of time ---- */

/* The group's t and y, [n_rows]; `n_missing` receives how many have no y. */
static hst_status read_series(const stats_run *run, const stats_group *group, double *t, double *y,
                              size_t *n_missing, hst_error *err)
{
    size_t *order = calloc(group->n_rows, sizeof *order);
    hst_status status =
        order ? stats_in_order(run, group, COLUMN_T, order, err)
              : hst_fail(err, HST_ERR_MEMORY, "no memory for %zu points", group->n_rows);

    *n_missing = 0;
    for (size_t i = 0; i < group->n_rows && status == HST_OK; i++) {
        t[i] = stats_number(run, group->rows[order[i]], COLUMN_T);
        y[i] = stats_number(run, group->rows[order[i]], COLUMN_Y);
        *n_missing += isnan(y[i]) ? 1 : 0;
    }
    free(order);
    return status;
}

static bool is_even(const double *t, const double *y, size_t n)
{
    double step = NAN, last = NAN;

    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i])) {
            continue;
        }
        if (isnan(step)) {
            step = t[i] - last;
        } else if (fabs(t[i] - last - step) > 1e-9 * fabs(step)) {
            return false;
        }
        last = t[i];
    }
    return true;
}

static void write_note(const stats_run *run, const double *t, const double *y, size_t n,
                       size_t n_missing)
{
    const hst_trend_options *options = run->own;
    char note[160] = "";

    if (n_missing > 0) {
        snprintf(note, sizeof note, "%zu points without a value left out", n_missing);
    }
    if (options->errors != HST_TREND_OLS && !is_even(t, y, n)) {
        snprintf(note + strlen(note), sizeof note - strlen(note),
                 "%st is not evenly spaced: neighbours count as one step apart",
                 n_missing > 0 ? "; " : "");
    }
    hst_csv_text(run->csv, note);
}

/* ---- answers ---- */

static void write_term(const stats_run *run, const hst_trend *trend, const hst_term *term,
                       const hst_limits *limits)
{
    const hst_trend_options *options = run->own;

    hst_csv_text(run->csv, term->name);
    hst_csv_real(run->csv, term->estimate);
    hst_csv_real(run->csv, term->se);
    hst_csv_real(run->csv, term->statistic);
    hst_csv_real(run->csv, term->p);
    stats_write_limits(run, limits, 1);
    hst_csv_real(run->csv, trend->dw);
    hst_csv_real(run->csv, trend->dw_p_two_sided);
    hst_csv_real(run->csv, trend->lag1);
    hst_csv_real(run->csv, trend->rho);
    if (options->errors == HST_TREND_NEWEY_WEST) {
        hst_csv_count(run->csv, trend->lag);
    } else {
        hst_csv_empty(run->csv);
    }
    hst_csv_count(run->csv, trend->n);
    hst_csv_real(run->csv, trend->df);
}

static void write_refusal(const stats_run *run, const char *term, const char *reason)
{
    hst_limits none[HST_MAX_CONFIDENCE];

    for (size_t i = 0; i < HST_MAX_CONFIDENCE; i++) {
        none[i] = (hst_limits){NAN, NAN};
    }
    hst_csv_text(run->csv, term);
    for (size_t i = 1; before_limits[i]; i++) {
        hst_csv_empty(run->csv);
    }
    stats_write_limits(run, none, 1);
    for (size_t i = 0; after_limits[i]; i++) {
        hst_csv_empty(run->csv);
    }
    hst_csv_text(run->csv, reason);
}

/* The line, and limits of both terms, [2][level]. */
static hst_status fit_levels(const stats_run *run, hst_trend *trend,
                             hst_limits limits[2][HST_MAX_CONFIDENCE], const double *t,
                             const double *y, size_t n, hst_error *err)
{
    hst_trend_options options = *(const hst_trend_options *)run->own;
    hst_status status = HST_OK;

    for (size_t i = run->options->n_confidence; i-- > 0 && status == HST_OK;) {
        options.confidence = run->options->confidence[i];
        status = hst_trend_fit(trend, t, y, n, &options, err);
        limits[0][i] = (hst_limits){trend->intercept.lower, trend->intercept.upper};
        limits[1][i] = (hst_limits){trend->slope.lower, trend->slope.upper};
    }
    return status;
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    static const char *const terms[] = {"intercept", "slope"};
    size_t n = group->n_rows, n_missing = 0;
    double *t = calloc(n, sizeof *t), *y = calloc(n, sizeof *y);
    hst_limits limits[2][HST_MAX_CONFIDENCE];
    hst_trend trend;
    hst_error reason = {0};
    hst_status status = HST_OK;

    if (!t || !y) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu points", n);
        goto done;
    }
    status = read_series(run, group, t, y, &n_missing, &reason);
    if (status == HST_OK) {
        status = fit_levels(run, &trend, limits, t, y, n, &reason);
    }
    if (status != HST_OK && status != HST_REFUSED) {
        hst_fail(run->err, status, "%s", reason.message);
        goto done;
    }
    for (size_t i = 0; i < 2; i++) {
        stats_begin_row(run, group->rows[0]);
        if (status == HST_REFUSED) {
            write_refusal(run, terms[i], reason.message);
        } else {
            write_term(run, &trend, i == 0 ? &trend.intercept : &trend.slope, limits[i]);
            write_note(run, t, y, n, n_missing);
        }
        hst_csv_end_row(run->csv);
    }
    status = HST_OK;

done:
    free(t);
    free(y);
    return status;
}

const stats_method stats_trend = {
    .name = "trend",
    .options = STATS_CONFIDENCE,
    .series_options = STATS_SE | STATS_LAG | STATS_AR1 | STATS_ADJUST,
    .n_columns = 2,
    .columns = {{.name = "t", .lowest = -INFINITY}, {.name = "y", .lowest = -INFINITY}},
    .answers = STATS_ROWS_OWN,
    .begin = begin,
    .before = before_limits,
    .after = after_limits,
    .answer = answer,
};
