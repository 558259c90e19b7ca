/* hestia stats did: difference-in-differences of a panel of areas and times, of counts or values.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/did.h"

enum {
    COLUMN_AREA,
    COLUMN_T,
    COLUMN_TREATED,
    COLUMN_POST,
    COLUMN_POPULATION,
    COLUMN_EVENTS,
    COLUMN_VALUE
};

static const char *const models[] = {"two-way", "pooled", NULL}; /* in the order of hst_did_model */
static const char *const variances[] = {"model", "quasi", "cluster", "hc0", "placebo", NULL};
static const char *const factors[] = {"none", "g", "hc1", NULL};
enum { QUASI = 1, CLUSTER = 2, PLACEBO = 4 };

/* What is the same for all groups; without --variance each group has its own. */
typedef struct did_run {
    hst_did_outcome outcome;
    size_t model, variance, factor; /* numbers in the lists above */
    bool has_variance;
} did_run;

static hst_status begin(stats_run *run)
{
    did_run *did = calloc(1, sizeof *did);
    hst_status status = HST_OK;
    bool has_events = run->columns[COLUMN_EVENTS] != SIZE_MAX;
    bool has_value = run->columns[COLUMN_VALUE] != SIZE_MAX;

    run->own = did;
    if (!did) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for difference-in-differences");
    }
    *did = (did_run){
        .outcome = has_events ? HST_DID_COUNTS : HST_DID_VALUES,
        .model = HST_DID_TWO_WAY,
        .variance = CLUSTER,
        .factor = 1,
        .has_variance = stats_text_of(run, STATS_VARIANCE) || stats_text_of(run, STATS_ADJUST),
    };
    if (!has_events && !has_value) {
        return hst_fail(run->err, HST_ERR_INPUT, "%s has neither the column events nor value",
                        hst_table_name(run->table));
    }
    if ((status = stats_choose(run, STATS_MODEL, models, &did->model)) != HST_OK ||
        (status = stats_choose(run, STATS_VARIANCE, variances, &did->variance)) != HST_OK ||
        (status = stats_choose(run, STATS_ADJUST, factors, &did->factor)) != HST_OK) {
        return status;
    }
    return did->variance != CLUSTER && stats_text_of(run, STATS_ADJUST)
               ? hst_fail(run->err, HST_ERR_USAGE,
                          "hestia stats did: --adjust goes with --variance cluster")
               : HST_OK;
}

static hst_status check_row(stats_run *run, size_t row)
{
    for (size_t i = COLUMN_AREA; i <= COLUMN_T; i++) {
        if (isnan(stats_number(run, row, i))) {
            return stats_bad(run, row, i, "missing");
        }
    }
    for (size_t i = COLUMN_TREATED; i <= COLUMN_POST; i++) {
        if (stats_number(run, row, i) != 0 && stats_number(run, row, i) != 1) {
            return stats_bad(run, row, i, "neither 0 nor 1");
        }
    }
    return HST_OK;
}

/* ---- a group as a panel ---- */

typedef struct group_panel {
    hst_did_panel panel;
    double *y, *exposure;        /* [area][time] */
    bool *is_treated, *is_post;  /* of areas, of times */
    bool *is_taken;              /* [area][time]: a row said something of the cell */
    const char **areas, **times; /* their texts */
    size_t *numbers[2], n[2];    /* of the codes of area and t, from 1; how many */
} group_panel;

static void clear_panel(group_panel *p)
{
    free(p->y);
    free(p->exposure);
    free(p->is_treated);
    free(p->is_post);
    free(p->is_taken);
    free(p->areas);
    free(p->times);
    free(p->numbers[0]);
    free(p->numbers[1]);
}

/* Numbers the areas (`which` 0) or times (1) of the group by first appearance. */
static hst_status number_codes(group_panel *p, const stats_run *run, const stats_group *group,
                               size_t which)
{
    size_t column = which == 0 ? COLUMN_AREA : COLUMN_T;
    const char **texts = calloc(group->n_rows, sizeof *texts);

    *(which == 0 ? &p->areas : &p->times) = texts;
    p->numbers[which] = calloc(run->codes[column].n, sizeof *p->numbers[which]);
    if (!texts || !p->numbers[which]) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu rows", group->n_rows);
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        size_t *number = &p->numbers[which][(size_t)stats_number(run, group->rows[i], column)];

        if (*number == 0) {
            texts[p->n[which]] = hst_table_cell(run->table, group->rows[i], run->columns[column]);
            *number = ++p->n[which];
        }
    }
    return HST_OK;
}

static hst_status open_panel(group_panel *p, const stats_run *run, const stats_group *group)
{
    size_t n = 0;
    hst_status status = HST_OK;

    if ((status = number_codes(p, run, group, 0)) != HST_OK ||
        (status = number_codes(p, run, group, 1)) != HST_OK) {
        return status;
    }
    if (hst_size_multiply(p->n[0], p->n[1], &n)) {
        p->y = calloc(n, sizeof *p->y);
        p->exposure = calloc(n, sizeof *p->exposure);
        p->is_taken = calloc(n, sizeof *p->is_taken);
        p->is_treated = calloc(p->n[0], sizeof *p->is_treated);
        p->is_post = calloc(p->n[1], sizeof *p->is_post);
    }
    if (!p->y || !p->exposure || !p->is_taken || !p->is_treated || !p->is_post) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for a panel of %zu by %zu", p->n[0],
                        p->n[1]);
    }
    for (size_t i = 0; i < n; i++) {
        p->y[i] = p->exposure[i] = NAN;
    }
    p->panel = (hst_did_panel){
        .n_areas = p->n[0],
        .n_times = p->n[1],
        .y = p->y,
        .exposure = run->columns[COLUMN_POPULATION] != SIZE_MAX ? p->exposure : NULL,
        .is_treated = p->is_treated,
        .is_post = p->is_post,
        .area_names = p->areas,
        .time_names = p->times,
    };
    return HST_OK;
}

/* A row's place, and what it says of its area and time. */
typedef struct place {
    size_t area, time, at;
    bool is_treated, is_post;
} place;

static place place_of(const group_panel *p, const stats_run *run, size_t row)
{
    size_t area = p->numbers[0][(size_t)stats_number(run, row, COLUMN_AREA)] - 1;
    size_t time = p->numbers[1][(size_t)stats_number(run, row, COLUMN_T)] - 1;

    return (place){area, time, area * p->n[1] + time, stats_number(run, row, COLUMN_TREATED) == 1,
                   stats_number(run, row, COLUMN_POST) == 1};
}

/* Puts the rows into their cells. The note says what first does not fit together. */
static void fill_panel(group_panel *p, const stats_run *run, const stats_group *group,
                       char note[300])
{
    const did_run *did = run->own;
    size_t value = did->outcome == HST_DID_COUNTS ? COLUMN_EVENTS : COLUMN_VALUE;

    for (size_t i = 0; i < group->n_rows; i++) {
        place at = place_of(p, run, group->rows[i]);

        p->is_treated[at.area] = p->is_treated[at.area] || at.is_treated;
        p->is_post[at.time] = p->is_post[at.time] || at.is_post;
    }
    for (size_t i = 0; i < group->n_rows && note[0] == '\0'; i++) {
        place at = place_of(p, run, group->rows[i]);

        if (p->is_taken[at.at]) {
            snprintf(note, 300, "area %.60s has several rows of t %.60s", p->areas[at.area],
                     p->times[at.time]);
        }
        if (p->is_treated[at.area] != at.is_treated) {
            snprintf(note, 300, "treated is both 0 and 1 in area %.60s", p->areas[at.area]);
        }
        if (p->is_post[at.time] != at.is_post) {
            snprintf(note, 300, "post is both 0 and 1 at t %.60s: after is after for controls, too",
                     p->times[at.time]);
        }
        p->is_taken[at.at] = true;
        p->y[at.at] = stats_number(run, group->rows[i], value);
        p->exposure[at.at] = stats_number(run, group->rows[i], COLUMN_POPULATION);
    }
}

/* ---- the answer ---- */

static hst_did_variance variance_of(const did_run *did)
{
    static const hst_did_variance plain[] = {HST_DID_MODEL, HST_DID_QUASI, HST_DID_CLUSTER,
                                             HST_DID_HC0, HST_DID_QUASI};
    static const hst_did_variance clustered[] = {HST_DID_CLUSTER_RAW, HST_DID_CLUSTER,
                                                 HST_DID_CLUSTER_HC1};

    return did->variance == CLUSTER ? clustered[did->factor] : plain[did->variance];
}

static const char *const of_fit[] = {"p",         "dispersion", "n", "n_areas",
                                     "n_treated", "method",     NULL};

static void write_names(const stats_run *run)
{
    const did_run *did = run->own;

    hst_csv_text(run->csv,
                 did->outcome == HST_DID_COUNTS ? "ratio_of_ratios" : "difference_of_differences");
    hst_csv_text(run->csv, "se");
    stats_write_limit_names(run);
    for (size_t i = 0; of_fit[i]; i++) {
        hst_csv_text(run->csv, of_fit[i]);
    }
}

/* Of a placebo test only the estimate and the rank are given: it has no limits. `fits` NULL: a
 * refusal, and only the note is. */
static void write_row(const stats_run *run, const stats_group *group, const hst_did *fits,
                      double placebo_p, const char *note)
{
    const did_run *did = run->own;
    bool has_error = fits && did->variance != PLACEBO;
    hst_limits limits[HST_MAX_CONFIDENCE];
    char method[96] = "";

    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] = has_error ? (hst_limits){fits[i].effect.lower, fits[i].effect.upper}
                              : (hst_limits){NAN, NAN};
    }
    stats_begin_row(run, group->rows[0]);
    hst_csv_real(run->csv, fits ? fits[0].effect.estimate : NAN);
    hst_csv_real(run->csv, has_error ? fits[0].effect.se : NAN);
    stats_write_limits(run, limits, 1);
    hst_csv_real(run->csv, has_error ? fits[0].effect.p : placebo_p);
    hst_csv_real(run->csv, fits ? fits[0].dispersion : NAN);
    hst_csv_real(run->csv, fits ? (double)fits[0].n : NAN);
    hst_csv_real(run->csv, fits ? (double)fits[0].n_areas : NAN);
    hst_csv_real(run->csv, fits ? (double)fits[0].n_treated : NAN);
    if (fits) {
        snprintf(method, sizeof method, "%s; %s; %s%s%s", models[did->model],
                 did->outcome == HST_DID_COUNTS ? "poisson" : "least squares",
                 variances[did->variance], did->variance == CLUSTER ? " " : "",
                 did->variance == CLUSTER ? factors[did->factor] : "");
    }
    hst_csv_text(run->csv, method);
    hst_csv_text(run->csv, note);
    hst_csv_end_row(run->csv);
}

/* Without --variance: clustered errors, unless so few areas are treated that they would be much too
 * small (docs/methods.md has by how much). */
static void choose_variance(did_run *did, const group_panel *p)
{
    size_t n_treated = 0;

    for (size_t i = 0; i < p->n[0]; i++) {
        n_treated += p->is_treated[i];
    }
    if (!did->has_variance) {
        did->variance = n_treated < HST_DID_FEW_TREATED ? QUASI : CLUSTER;
    }
}

/* Fits the panel, at each level of confidence; the note is what there is to say. */
static hst_status fit_panel(const stats_run *run, const hst_did_panel *panel,
                            hst_did fits[HST_MAX_CONFIDENCE], double *placebo_p, char note[300],
                            hst_error *err)
{
    const did_run *did = run->own;
    hst_placebo placebo;
    hst_status status = HST_OK;

    for (size_t i = 0; i < run->options->n_confidence && status == HST_OK; i++) {
        status = hst_did_fit(&fits[i], panel, did->outcome, (hst_did_model)did->model,
                             variance_of(did), run->options->confidence[i], err);
    }
    if (status == HST_OK && did->variance == PLACEBO) {
        status = hst_did_placebo(&placebo, panel, did->outcome, (hst_did_model)did->model, err);
        if (status == HST_OK) {
            *placebo_p = placebo.p;
            snprintf(note, 300, "p: %zu of %zu areas have an effect as strong", placebo.n_as_strong,
                     placebo.n);
        }
    } else if (status == HST_OK && fits[0].note) {
        snprintf(note, 300, "%s", fits[0].note);
    } else if (status == HST_OK && !did->has_variance && did->variance == QUASI) {
        snprintf(note, 300,
                 "fewer than five treated areas, so errors are not clustered: they take the points "
                 "of an area for independent, --variance placebo does not");
    }
    return status;
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    group_panel p = {0};
    hst_did fits[HST_MAX_CONFIDENCE];
    double placebo_p = NAN;
    hst_error err = {0};
    char note[300] = "", text[340];
    hst_status status = open_panel(&p, run, group);

    if (status != HST_OK) {
        goto done;
    }
    fill_panel(&p, run, group, note);
    choose_variance(run->own, &p);
    if (note[0] == '\0') {
        status = fit_panel(run, &p.panel, fits, &placebo_p, note, &err);
        if (status == HST_OK) {
            write_row(run, group, fits, placebo_p, note);
            goto done;
        }
        if (status != HST_REFUSED) {
            hst_fail(run->err, status, "%s", err.message);
            goto done;
        }
        snprintf(note, sizeof note, "%.290s", err.message);
    }
    snprintf(text, sizeof text, "not computed: %s", note);
    write_row(run, group, NULL, NAN, text);
    status = HST_OK;

done:
    clear_panel(&p);
    return status;
}

const stats_method stats_did = {
    .name = "did",
    .options = STATS_CONFIDENCE,
    .series_options = STATS_MODEL | STATS_VARIANCE | STATS_ADJUST,
    .n_columns = 7,
    .columns = {{.name = "area", .kind = STATS_CODE},
                {.name = "t", .kind = STATS_CODE},
                {.name = "treated"},
                {.name = "post"},
                {.name = "population", .is_optional = true},
                {.name = "events", .is_optional = true},
                {.name = "value", .is_optional = true, .lowest = -INFINITY}},
    .answers = STATS_ROWS_OWN,
    .begin = begin,
    .check_row = check_row,
    .write_names = write_names,
    .answer = answer,
};
