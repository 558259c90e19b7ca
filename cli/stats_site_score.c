/* hestia stats site-score: component scores of areas put together with stated weights.
 *
 *     score of a component = value / average of all areas x weight
 *     total                = sum of the scores
 *
 * Concentration (HHI) counts as 1 - HHI, so that many providers score high. A component that an
 * area does not have is left out, and its weight is shared out over those that it has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"

enum { COLUMN_AREA, COLUMN_COMPONENT, COLUMN_VALUE };

typedef struct component {
    const char *name; /* of the weights' file */
    double weight;
    bool is_inverted;
    size_t column;  /* of the table, when it has one for each */
    double average; /* over the areas of a group that have it */
} component;

typedef struct site_scores {
    size_t n_components;
    component *components;
    bool is_long;     /* a row for each area and component */
    double *values;   /* [row][component] of the table; NAN: missing */
    size_t *place;    /* [area]: number in the group + 1 */
    double *of_areas; /* [area of a group][component]: values, then scores */
    struct total {
        double total; /* NAN without any component */
        size_t area, rank;
    } * totals; /* [area of a group] */
    size_t *first_rows;
    char (*notes)[256];
} site_scores;

/* ---- the weights ---- */

/* True when a component counts as 1 - value: as the file says, else HHI alone. */
static hst_status read_inverted(stats_run *run, size_t row, const char *name, bool *out)
{
    static const char *const yes[] = {"1", "yes", "true"}, *const no[] = {"0", "no", "false"};
    size_t column = hst_table_find(run->side, "invert");
    const char *text = column == SIZE_MAX ? "" : hst_table_cell(run->side, row, column);

    *out = strcmp(name, "hhi") == 0;
    if (text[0] == '\0') {
        return HST_OK;
    }
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *out = strcmp(text, yes[i]) == 0;
            return HST_OK;
        }
    }
    return hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu, column invert: neither 1 nor 0",
                    hst_table_name(run->side), hst_table_line(run->side, row));
}

static hst_status read_component(stats_run *run, site_scores *s, size_t row, size_t name,
                                 size_t weight)
{
    component *c = &s->components[row];
    hst_status status = hst_table_double(run->side, row, weight, &c->weight, run->err);

    c->name = hst_table_cell(run->side, row, name);
    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < row; i++) {
        if (strcmp(s->components[i].name, c->name) == 0) {
            return hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu: this component stands twice",
                            hst_table_name(run->side), hst_table_line(run->side, row));
        }
    }
    if (!(c->weight > 0) || c->name[0] == '\0') {
        return hst_fail(run->err, HST_ERR_INPUT,
                        "%s, line %zu: a component takes a name and a weight above 0",
                        hst_table_name(run->side), hst_table_line(run->side, row));
    }
    return read_inverted(run, row, c->name, &c->is_inverted);
}

static hst_status read_weights(stats_run *run, site_scores *s)
{
    size_t name = 0, weight = 0;
    hst_status status = hst_table_require(run->side, "component", &name, run->err);

    if (status == HST_OK) {
        status = hst_table_require(run->side, "weight", &weight, run->err);
    }
    for (size_t row = 0; row < s->n_components && status == HST_OK; row++) {
        status = read_component(run, s, row, name, weight);
    }
    if (status == HST_OK && s->n_components == 0) {
        status = hst_fail(run->err, HST_ERR_INPUT, "%s: no component", hst_table_name(run->side));
    }
    return status;
}

static hst_status make_room(stats_run *run, site_scores *s)
{
    size_t n_rows = hst_table_n_rows(run->table) + 1, n_values = 0;

    if (hst_size_multiply(n_rows, s->n_components + 1, &n_values)) {
        s->values = calloc(n_values, sizeof *s->values);
        s->of_areas = calloc(n_values, sizeof *s->of_areas);
    }
    s->components = calloc(s->n_components + 1, sizeof *s->components);
    s->place = calloc(n_rows, sizeof *s->place);
    s->totals = calloc(n_rows, sizeof *s->totals);
    s->first_rows = calloc(n_rows, sizeof *s->first_rows);
    s->notes = calloc(n_rows, sizeof *s->notes);
    return s->values && s->of_areas && s->components && s->place && s->totals && s->first_rows &&
                   s->notes
               ? HST_OK
               : hst_fail(run->err, HST_ERR_MEMORY, "no memory for the scores of %zu rows", n_rows);
}

static hst_status begin(stats_run *run)
{
    site_scores *s = NULL;
    hst_status status = HST_OK;

    if (!run->options->weights) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats site-score: with which weights? --weights FILE "
                        "(component,weight[,invert])");
    }
    run->own = s = calloc(1, sizeof *s);
    if (!s) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for site scores");
    }
    if ((status = hst_table_read(&run->side, run->options->weights, run->err)) != HST_OK) {
        return status;
    }
    s->n_components = hst_table_n_rows(run->side);
    s->is_long =
        run->columns[COLUMN_COMPONENT] != SIZE_MAX && run->columns[COLUMN_VALUE] != SIZE_MAX;
    if ((status = make_room(run, s)) != HST_OK || (status = read_weights(run, s)) != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < s->n_components && status == HST_OK && !s->is_long; i++) {
        status = hst_table_require(run->table, s->components[i].name, &s->components[i].column,
                                   run->err);
    }
    return status;
}

static void end(stats_run *run)
{
    site_scores *s = run->own;

    if (s) {
        free(s->components);
        free(s->values);
        free(s->place);
        free(s->of_areas);
        free(s->totals);
        free(s->first_rows);
        free(s->notes);
        free(s);
    }
}

/* ---- rows ---- */

/* Keeps a value of a row, turned round where the component is. */
static hst_status keep_value(stats_run *run, size_t row, size_t at, double value, size_t column)
{
    site_scores *s = run->own;

    if (value < 0 || (s->components[at].is_inverted && value > 1)) {
        return hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu, column %s: %s",
                        hst_table_name(run->table), hst_table_line(run->table, row),
                        hst_table_column_name(run->table, column),
                        value < 0 ? "below 0" : "above 1, where 1 - value counts");
    }
    s->values[row * s->n_components + at] = s->components[at].is_inverted ? 1 - value : value;
    return HST_OK;
}

static hst_status check_long_row(stats_run *run, size_t row)
{
    site_scores *s = run->own;
    const char *name = hst_table_cell(run->table, row, run->columns[COLUMN_COMPONENT]);
    double value = stats_number(run, row, COLUMN_VALUE);

    for (size_t i = 0; i < s->n_components; i++) {
        if (strcmp(s->components[i].name, name) == 0 && !isnan(value)) {
            return keep_value(run, row, i, value, run->columns[COLUMN_VALUE]);
        }
    }
    return HST_OK;
}

static hst_status check_wide_row(stats_run *run, size_t row)
{
    site_scores *s = run->own;

    for (size_t i = 0; i < s->n_components; i++) {
        const char *cell = hst_table_cell(run->table, row, s->components[i].column);
        double value = NAN;
        hst_status status = HST_OK;

        if (cell[0] == '\0' || strcmp(cell, "NA") == 0) {
            continue;
        }
        status = hst_table_double(run->table, row, s->components[i].column, &value, run->err);
        if (status == HST_OK) {
            status = keep_value(run, row, i, value, s->components[i].column);
        }
        if (status != HST_OK) {
            return status;
        }
    }
    return HST_OK;
}

static hst_status check_row(stats_run *run, size_t row)
{
    site_scores *s = run->own;

    for (size_t i = 0; i < s->n_components; i++) {
        s->values[row * s->n_components + i] = NAN;
    }
    if (isnan(stats_number(run, row, COLUMN_AREA))) {
        return stats_bad(run, row, COLUMN_AREA, "missing");
    }
    return s->is_long ? check_long_row(run, row) : check_wide_row(run, row);
}

/* A component that no row has is a name misspelt. */
static hst_status ready(stats_run *run)
{
    site_scores *s = run->own;

    for (size_t i = 0; i < s->n_components; i++) {
        bool is_met = run->n_rows == 0;

        for (size_t k = 0; k < run->n_rows && !is_met; k++) {
            is_met = !isnan(s->values[run->rows[k] * s->n_components + i]);
        }
        if (!is_met) {
            return hst_fail(run->err, HST_ERR_INPUT, "%s: no value of component `%s` of %s",
                            hst_table_name(run->table), s->components[i].name,
                            hst_table_name(run->side));
        }
    }
    return HST_OK;
}

/* ---- groups ---- */

/* The values of the group's areas, [returned], in the order of first appearance. */
static hst_status gather(stats_run *run, const stats_group *group, size_t *n_areas)
{
    site_scores *s = run->own;
    hst_status status = HST_OK;

    *n_areas = 0;
    for (size_t i = 0; i < group->n_rows && status == HST_OK; i++) {
        size_t row = group->rows[i], area = (size_t)stats_number(run, row, COLUMN_AREA);
        double *values = NULL;

        if (s->place[area] == 0) {
            s->first_rows[*n_areas] = row;
            s->place[area] = ++*n_areas;
            for (size_t k = 0; k < s->n_components; k++) {
                s->of_areas[(*n_areas - 1) * s->n_components + k] = NAN;
            }
        }
        values = &s->of_areas[(s->place[area] - 1) * s->n_components];
        for (size_t k = 0; k < s->n_components; k++) {
            double value = s->values[row * s->n_components + k];

            if (!isnan(value) && !isnan(values[k])) {
                status = stats_bad(run, row, COLUMN_AREA,
                                   "a second value of a component; groups come from --by");
            }
            values[k] = isnan(value) ? values[k] : value;
        }
    }
    for (size_t i = 0; i < *n_areas; i++) {
        s->place[(size_t)stats_number(run, s->first_rows[i], COLUMN_AREA)] = 0;
    }
    return status;
}

static void average(site_scores *s, size_t n_areas)
{
    for (size_t k = 0; k < s->n_components; k++) {
        double sum = 0, n = 0;

        for (size_t i = 0; i < n_areas; i++) {
            double value = s->of_areas[i * s->n_components + k];

            sum += isnan(value) ? 0 : value;
            n += isnan(value) ? 0 : 1;
        }
        s->components[k].average = n > 0 ? sum / n : NAN;
    }
}

/* Turns the values of an area into scores, which add up to its total. */
static void score(site_scores *s, size_t area)
{
    double *values = &s->of_areas[area * s->n_components];
    double all = 0, present = 0, total = 0;
    char *note = s->notes[area];
    size_t length = 0;

    note[0] = '\0';
    for (size_t k = 0; k < s->n_components; k++) {
        const component *c = &s->components[k];

        all += c->weight;
        if (!isnan(values[k]) && c->average > 0) {
            present += c->weight;
            continue;
        }
        if (length < sizeof *s->notes) {
            length += (size_t)snprintf(note + length, sizeof *s->notes - length, "%s%s%s",
                                       length > 0 ? ", " : "without ", c->name,
                                       isnan(values[k]) ? "" : " (its average is 0)");
        }
        values[k] = NAN;
    }
    for (size_t k = 0; k < s->n_components; k++) {
        if (!isnan(values[k])) {
            values[k] =
                values[k] / s->components[k].average * s->components[k].weight * (all / present);
            total += values[k];
        }
    }
    if (length > 0 && length < sizeof *s->notes) {
        snprintf(note + length, sizeof *s->notes - length, "%s",
                 present > 0 ? ": the weights of the others are rescaled" : ": not computed");
    }
    s->totals[area] = (struct total){present > 0 ? total : NAN, area, 0};
}

/* By total, the highest first, those without one last. */
static int compare_totals(const void *left, const void *right)
{
    const struct total *a = left, *b = right;

    if (isnan(a->total) || isnan(b->total)) {
        return (isnan(a->total) ? 1 : 0) - (isnan(b->total) ? 1 : 0);
    }
    return (a->total < b->total) - (a->total > b->total);
}

static int compare_areas(const void *left, const void *right)
{
    const struct total *a = left, *b = right;

    return (a->area > b->area) - (a->area < b->area);
}

/* Equal totals share the best of their ranks. */
static void rank(struct total *totals, size_t n)
{
    qsort(totals, n, sizeof *totals, compare_totals);
    for (size_t i = 0; i < n; i++) {
        bool is_tied = i > 0 && compare_totals(&totals[i - 1], &totals[i]) == 0;

        totals[i].rank = is_tied ? totals[i - 1].rank : i + 1;
    }
    qsort(totals, n, sizeof *totals, compare_areas);
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    site_scores *s = run->own;
    size_t n_areas = 0;
    hst_status status = gather(run, group, &n_areas);

    if (status != HST_OK) {
        return status;
    }
    average(s, n_areas);
    for (size_t i = 0; i < n_areas; i++) {
        score(s, i);
    }
    rank(s->totals, n_areas);
    for (size_t i = 0; i < n_areas; i++) {
        stats_begin_row(run, s->first_rows[i]);
        hst_csv_text(run->csv,
                     hst_table_cell(run->table, s->first_rows[i], run->columns[COLUMN_AREA]));
        for (size_t k = 0; k < s->n_components; k++) {
            hst_csv_real(run->csv, s->of_areas[i * s->n_components + k]);
        }
        hst_csv_real(run->csv, s->totals[i].total);
        if (isnan(s->totals[i].total)) {
            hst_csv_empty(run->csv);
        } else {
            hst_csv_count(run->csv, s->totals[i].rank);
        }
        hst_csv_text(run->csv, s->notes[i]);
        hst_csv_end_row(run->csv);
    }
    return HST_OK;
}

static void write_names(const stats_run *run)
{
    const site_scores *s = run->own;

    hst_csv_text(run->csv, hst_table_column_name(run->table, run->columns[COLUMN_AREA]));
    for (size_t k = 0; k < s->n_components; k++) {
        hst_csv_text(run->csv, s->components[k].name);
    }
    hst_csv_text(run->csv, "total");
    hst_csv_text(run->csv, "rank");
}

const stats_method stats_site_score = {
    .name = "site-score",
    .options = STATS_WEIGHTS,
    .n_columns = 3,
    .columns = {{.name = "area", .kind = STATS_CODE},
                {.name = "component", .is_optional = true, .kind = STATS_TEXT},
                {.name = "value", .is_optional = true, .lowest = -INFINITY}},
    .answers = STATS_ROWS_OWN,
    .begin = begin,
    .check_row = check_row,
    .ready = ready,
    .write_names = write_names,
    .answer = answer,
    .end = end,
};
