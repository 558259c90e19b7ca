/* hestia stats its: segmented regression of an interrupted series, term by term or point by point.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/segmented.h"

enum { COLUMN_T, COLUMN_Y, COLUMN_EVENTS, COLUMN_POPULATION, COLUMN_SEASON, COLUMN_TREATED };

static const char *const models[] = {"ols", "poisson", "quasipoisson", "negbin", NULL};
static const char *const seasons[] = {"none", "dummies", "fourier", NULL};
static const char *const errors[] = {"model", "ols", "newey-west", "robust",
                                     NULL}; /* the first two agree */
static const char *const factors[] = {"hc1", "none", NULL};

/* What is the same for all groups. */
typedef struct its_run {
    hst_its_options options;
    bool is_of_events; /* of the column `events` and not of `y` */
    bool is_rate;      /* of events over population */
} its_run;

static bool has(const stats_run *run, size_t column)
{
    return run->columns[column] != SIZE_MAX;
}

static hst_status read_times(const stats_run *run, hst_its_options *options)
{
    double phase_in[2] = {NAN, NAN};
    size_t n = 0;
    hst_status status = stats_numbers_of(run, STATS_INTERVENTION, options->interventions,
                                         HST_ITS_MAX_INTERVENTIONS, &options->n_interventions);

    if (status != HST_OK) {
        return status;
    }
    if (options->n_interventions == 0) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats its: since when? --intervention T, the first t after");
    }
    status = stats_numbers_of(run, STATS_PHASE_IN, phase_in, 2, &n);
    if (status == HST_OK && (n == 1 || phase_in[0] > phase_in[1])) {
        status =
            hst_fail(run->err, HST_ERR_USAGE,
                     "hestia stats its: --phase-in takes the first and the last t, as in 9,11");
    }
    options->phase_in_from = phase_in[0];
    options->phase_in_to = phase_in[1];
    return status;
}

static hst_status read_choices(const stats_run *run, hst_its_options *options)
{
    size_t model = has(run, COLUMN_Y) ? HST_ITS_OLS : HST_ITS_QUASIPOISSON;
    size_t season = HST_ITS_NO_SEASON, error = 0, factor = 0;
    double cycle = 4, lag = -1;
    hst_status status = HST_OK;

    if ((status = stats_choose(run, STATS_MODEL, models, &model)) != HST_OK ||
        (status = stats_choose(run, STATS_SEASON, seasons, &season)) != HST_OK ||
        (status = stats_choose(run, STATS_SE, errors, &error)) != HST_OK ||
        (status = stats_choose(run, STATS_ADJUST, factors, &factor)) != HST_OK ||
        (status = stats_number_of(run, STATS_CYCLE, true, 2, 366, &cycle)) != HST_OK ||
        (status = stats_number_of(run, STATS_LAG, true, 0, 1000, &lag)) != HST_OK) {
        return status;
    }
    options->model = (hst_its_model)model;
    options->season = (hst_its_season)season;
    options->cycle = (unsigned)cycle;
    options->is_hac = error >= 2;
    options->is_robust = error == 3;
    options->lag = (long)lag;
    options->is_adjusted = factor == 0;
    options->confidence = run->options->confidence[0];
    if (!options->is_hac && run->options->given_series & (STATS_LAG | STATS_ADJUST)) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats its: --lag and --adjust go with --se newey-west or robust");
    }
    return HST_OK;
}

/* What the model is of: a column, or one over the other. */
static hst_status choose_column(const stats_run *run, its_run *its)
{
    bool is_line = its->options.model == HST_ITS_OLS;

    its->is_of_events = has(run, COLUMN_EVENTS) && !(is_line && has(run, COLUMN_Y));
    its->is_rate = is_line && its->is_of_events;
    if (!its->is_of_events && !has(run, COLUMN_Y)) {
        return hst_fail(run->err, HST_ERR_INPUT, "%s has neither the column y nor events",
                        hst_table_name(run->table));
    }
    if (its->is_rate && !has(run, COLUMN_POPULATION)) {
        return hst_fail(run->err, HST_ERR_INPUT,
                        "%s: ols of events needs the column population, or its values as y",
                        hst_table_name(run->table));
    }
    return run->options->given & STATS_PER && !its->is_rate
               ? hst_fail(run->err, HST_ERR_USAGE,
                          "hestia stats its: --per goes with ols on events and population")
               : HST_OK;
}

static hst_status begin(stats_run *run)
{
    its_run *its = calloc(1, sizeof *its);
    hst_status status = HST_OK;

    run->own = its;
    if (!its) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for a segmented regression");
    }
    if ((status = read_times(run, &its->options)) != HST_OK ||
        (status = read_choices(run, &its->options)) != HST_OK) {
        return status;
    }
    return choose_column(run, its);
}

static hst_status check_row(stats_run *run, size_t row)
{
    double treated = stats_number(run, row, COLUMN_TREATED);

    if (isnan(stats_number(run, row, COLUMN_T))) {
        return stats_bad(run, row, COLUMN_T, "missing");
    }
    return has(run, COLUMN_TREATED) && treated != 0 && treated != 1
               ? stats_bad(run, row, COLUMN_TREATED, "neither 0 nor 1")
               : HST_OK;
}

/* ---- one group as a series ---- */

typedef struct place {
    double treated, t;
    size_t row; /* of the table */
    size_t at;  /* in the group */
} place;

/* A group in order of time, a control first. */
typedef struct ordered {
    hst_its_series series;
    place *places;   /* [n] */
    size_t *points;  /* [n]: where each row of the group is in the series */
    double *numbers; /* [4][n]: t, y, exposure, is_treated */
    unsigned *seasons;
} ordered;

static void clear_order(ordered *o)
{
    free(o->places);
    free(o->points);
    free(o->numbers);
    free(o->seasons);
}

static int compare_places(const void *left, const void *right)
{
    const place *a = left, *b = right;

    if (a->treated != b->treated) {
        return a->treated < b->treated ? -1 : 1;
    }
    if (a->t != b->t) {
        return a->t < b->t ? -1 : 1;
    }
    return (a->at > b->at) - (a->at < b->at);
}

/* y of a row; NAN: left out. */
static double value_of(const stats_run *run, const its_run *its, size_t row)
{
    double events = stats_number(run, row, COLUMN_EVENTS);

    if (!its->is_of_events) {
        return stats_number(run, row, COLUMN_Y);
    }
    return its->is_rate ? run->per * events / stats_number(run, row, COLUMN_POPULATION) : events;
}

static hst_status order_group(ordered *o, const stats_run *run, const stats_group *group)
{
    const its_run *its = run->own;
    size_t n = group->n_rows, n_treated = 0;
    double *t = NULL, *y = NULL, *exposure = NULL, *treated = NULL;

    o->places = calloc(n, sizeof *o->places);
    o->points = calloc(n, sizeof *o->points);
    o->numbers = calloc(4 * n, sizeof *o->numbers);
    o->seasons = calloc(n, sizeof *o->seasons);
    if (!o->places || !o->points || !o->numbers || !o->seasons) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for a series of %zu points", n);
    }
    for (size_t i = 0; i < n; i++) {
        size_t row = group->rows[i];

        o->places[i] = (place){.t = stats_number(run, row, COLUMN_T), .row = row, .at = i};
        if (has(run, COLUMN_TREATED)) {
            o->places[i].treated = stats_number(run, row, COLUMN_TREATED);
            n_treated += o->places[i].treated != 0 ? 1 : 0;
        }
    }
    qsort(o->places, n, sizeof *o->places, compare_places);
    t = o->numbers;
    y = t + n;
    exposure = y + n;
    treated = exposure + n;
    for (size_t i = 0; i < n; i++) {
        double season = stats_number(run, o->places[i].row, COLUMN_SEASON);

        o->points[o->places[i].at] = i;
        t[i] = o->places[i].t;
        y[i] = value_of(run, its, o->places[i].row);
        exposure[i] = stats_number(run, o->places[i].row, COLUMN_POPULATION);
        treated[i] = o->places[i].treated;
        o->seasons[i] = season <= its->options.cycle ? (unsigned)season : 0; /* 0 is refused */
    }
    o->series = (hst_its_series){.n = n,
                                 .t = t,
                                 .y = y,
                                 .exposure = has(run, COLUMN_POPULATION) ? exposure : NULL,
                                 .season = has(run, COLUMN_SEASON) ? o->seasons : NULL,
                                 .is_treated = n_treated > 0 && n_treated < n ? treated : NULL};
    return HST_OK;
}

/* A rate of events without a population is refused, as its count would be: it is not missing. */
static bool has_populations(const stats_run *run, const ordered *o, char note[300])
{
    for (size_t i = 0; i < o->series.n; i++) {
        size_t row = o->places[i].row;

        if (!isnan(stats_number(run, row, COLUMN_EVENTS)) &&
            !(stats_number(run, row, COLUMN_POPULATION) > 0)) {
            snprintf(note, 300,
                     "not computed: no exposure at t = %g: the population is missing or 0",
                     o->series.t[i]);
            return false;
        }
    }
    return true;
}

/* A refusal is a note and no failure; then `out` is empty. */
static hst_status fit_group(hst_its *out, ordered *o, const stats_run *run,
                            const stats_group *group, char note[300])
{
    const its_run *its = run->own;
    hst_error err = {0};
    hst_status status = order_group(o, run, group);

    *out = (hst_its){0};
    note[0] = '\0';
    if (status != HST_OK) {
        return status;
    }
    if (its->is_rate && !has_populations(run, o, note)) {
        return HST_OK;
    }
    status = hst_its_fit(out, &o->series, &its->options, &err);
    if (status == HST_REFUSED) {
        snprintf(note, 300, "not computed: %.280s", err.message);
        return HST_OK;
    }
    snprintf(note, 300, "%s", out->note);
    return status == HST_OK ? HST_OK : hst_fail(run->err, status, "%s", err.message);
}

/* ---- term by term ---- */

static const char *const of_term[] = {"term", "estimate", "se", "statistic", "p", NULL};
static const char *const of_model[] = {"n",        "n_before", "n_after", "df",       "dispersion",
                                       "deviance", "loglik",   "theta",   "se_theta", "dw",
                                       "lag1",     "method",   NULL};

static void write_model(const stats_run *run, const hst_its *fit)
{
    const hst_its_options *options = &((const its_run *)run->own)->options;
    char text[96];

    hst_csv_count(run->csv, fit->n);
    hst_csv_count(run->csv, fit->n_before);
    hst_csv_count(run->csv, fit->n_after);
    hst_csv_real(run->csv, fit->df);
    hst_csv_real(run->csv, fit->dispersion);
    hst_csv_real(run->csv, fit->deviance);
    hst_csv_real(run->csv, fit->loglik);
    hst_csv_real(run->csv, fit->theta);
    hst_csv_real(run->csv, fit->se_theta);
    hst_csv_real(run->csv, fit->dw);
    hst_csv_real(run->csv, fit->lag1);
    snprintf(text, sizeof text, "%s, season %s, ", models[options->model],
             seasons[options->season]);
    if (options->is_hac) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s lag %zu%s",
                 options->is_robust ? "robust" : "newey-west", fit->lag,
                 options->is_adjusted ? " n/(n-k)" : "");
    } else {
        strcat(text, "model errors");
    }
    hst_csv_text(run->csv, text);
}

/* One row; `center` and `se` are on the scale of the test, of a ratio its logarithm. */
static void write_row(const stats_run *run, const stats_group *group, const hst_its *fit,
                      const char *name, double center, const hst_effect *e, const char *note)
{
    const hst_its_options *options = &((const its_run *)run->own)->options;
    hst_limits limits[HST_MAX_CONFIDENCE];

    for (size_t i = 0; i < run->options->n_confidence; i++) {
        double width =
            e->se * hst_its_quantile(options->model, fit->df, run->options->confidence[i]);

        limits[i] = (hst_limits){center - width, center + width};
        if (e->scale == HST_SCALE_RATIO) {
            limits[i] = (hst_limits){exp(limits[i].lower), exp(limits[i].upper)};
        }
    }
    stats_begin_row(run, group->rows[0]);
    hst_csv_text(run->csv, name);
    hst_csv_real(run->csv, e->estimate);
    hst_csv_real(run->csv, e->se);
    hst_csv_real(run->csv, center / e->se);
    hst_csv_real(run->csv, e->p);
    stats_write_limits(run, limits, 1);
    write_model(run, fit);
    hst_csv_text(run->csv, note);
    hst_csv_end_row(run->csv);
}

/* The mean effect over all points after, and the cumulative one. */
static hst_status write_effects(const stats_run *run, const stats_group *group, const hst_its *fit,
                                const ordered *o, const char *note)
{
    const hst_its_options *options = &((const its_run *)run->own)->options;
    hst_effect mean, sum;
    hst_status status =
        hst_its_effect(&mean, fit, &o->series, options, 0, fit->n_points - 1, run->err);

    if (status == HST_OK) {
        status = hst_its_cumulative(&sum, fit, &o->series, options, 0, fit->n_points - 1, run->err);
    }
    if (status == HST_OK) {
        bool is_ratio = mean.scale == HST_SCALE_RATIO;

        write_row(run, group, fit, "effect", is_ratio ? log(mean.estimate) : mean.estimate, &mean,
                  note);
        write_row(run, group, fit, "cumulative", sum.estimate, &sum, note);
    }
    return status;
}

static hst_status answer_terms(stats_run *run, const stats_group *group)
{
    ordered o = {0};
    hst_its fit = {0};
    char note[300];
    hst_status status = fit_group(&fit, &o, run, group, note);

    if (status == HST_OK && fit.n_terms == 0) {
        stats_begin_row(run, group->rows[0]);
        stats_write_refusal(run, note);
        hst_csv_end_row(run->csv);
    }
    for (size_t j = 0; status == HST_OK && j < fit.n_terms; j++) {
        const hst_term *term = &fit.terms[j];
        hst_effect effect = {.estimate = term->estimate, .se = term->se, .p = term->p};

        write_row(run, group, &fit, term->name, term->estimate, &effect, note);
    }
    if (status == HST_OK && fit.n_terms > 0) {
        status = write_effects(run, group, &fit, &o, note);
    }
    hst_its_clear(&fit);
    clear_order(&o);
    return status;
}

/* ---- point by point ---- */

static const char *const of_point[] = {"fitted",       "counterfactual", "cf_lower",
                                       "cf_upper",     "effect",         "effect_se",
                                       "effect_lower", "effect_upper",   NULL};

static hst_status begin_points(stats_run *run)
{
    return run->options->n_confidence > 1
               ? hst_fail(run->err, HST_ERR_USAGE,
                          "hestia stats its: --counterfactual takes one --confidence")
               : begin(run);
}

static void write_point(const stats_run *run, const hst_its_point *p)
{
    hst_csv_real(run->csv, p->fitted);
    hst_csv_real(run->csv, p->counterfactual);
    hst_csv_real(run->csv, p->cf_lower);
    hst_csv_real(run->csv, p->cf_upper);
    hst_csv_real(run->csv, p->effect.estimate);
    hst_csv_real(run->csv, p->effect.se);
    hst_csv_real(run->csv, p->effect.lower);
    hst_csv_real(run->csv, p->effect.upper);
}

static hst_status answer_points(stats_run *run, const stats_group *group)
{
    static const hst_its_point empty = {.fitted = NAN,
                                        .counterfactual = NAN,
                                        .cf_lower = NAN,
                                        .cf_upper = NAN,
                                        .effect = {.estimate = NAN, NAN, NAN, NAN, NAN}};
    ordered o = {0};
    hst_its fit = {0};
    char note[300];
    hst_status status = fit_group(&fit, &o, run, group, note);

    for (size_t i = 0; status == HST_OK && i < group->n_rows; i++) {
        stats_begin_row(run, group->rows[i]);
        write_point(run, fit.points ? &fit.points[o.points[i]] : &empty);
        hst_csv_text(run->csv, note);
        hst_csv_end_row(run->csv);
    }
    hst_its_clear(&fit);
    clear_order(&o);
    return status;
}

/* ---- the methods ---- */

#define ITS_OPTIONS                                                                                \
    (STATS_INTERVENTION | STATS_PHASE_IN | STATS_MODEL | STATS_SEASON | STATS_CYCLE | STATS_SE |   \
     STATS_LAG | STATS_ADJUST | STATS_COUNTERFACTUAL)
#define ITS_COLUMNS                                                                                \
    {                                                                                              \
        {.name = "t", .lowest = -INFINITY},                                                        \
            {.name = "y", .is_optional = true, .lowest = -INFINITY},                               \
            {.name = "events", .is_optional = true}, {.name = "population", .is_optional = true},  \
            {.name = "season", .is_optional = true, .kind = STATS_WHOLE},                          \
            {.name = "treated", .is_optional = true},                                              \
    }

const stats_method stats_its = {
    .name = "its",
    .options = STATS_PER | STATS_CONFIDENCE,
    .series_options = ITS_OPTIONS,
    .per = 100000,
    .n_columns = 6,
    .columns = ITS_COLUMNS,
    .answers = STATS_ROWS_OWN,
    .before = of_term,
    .after = of_model,
    .begin = begin,
    .check_row = check_row,
    .answer = answer_terms,
};

const stats_method stats_its_points = {
    .name = "its",
    .options = STATS_PER | STATS_CONFIDENCE,
    .series_options = ITS_OPTIONS,
    .per = 100000,
    .n_columns = 6,
    .columns = ITS_COLUMNS,
    .answers = STATS_ROWS_OF_INPUT,
    .has_own_limits = true,
    .before = of_point,
    .begin = begin_points,
    .check_row = check_row,
    .answer = answer_points,
};
