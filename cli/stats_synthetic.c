/* hestia stats synthetic-control: a weighted mean of donors that followed the treated before. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/synthetic.h"

/* Below so many points before, and from so many placebos with a better fit on, a study refuses. */
static const size_t few_points = 8;
static const double poor_fit = 0.9;

enum { COLUMN_T, COLUMN_PERIOD, COLUMN_TREATED };

static const char *const names[] = {"term", "name", "value", NULL};

typedef struct synthetic {
    size_t n_donors;
    size_t *columns; /* [n_donors], of the table */
    double *values;  /* [row of the table][n_donors]; NAN: missing */
    bool *is_post;   /* [row of the table] */
} synthetic;

/* ---- columns ---- */

/* True for a column that --where names: it chooses rows. */
static bool is_condition(const stats_run *run, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < run->options->n_where; i++) {
        const char *where = run->options->where[i];

        if (strncmp(where, name, length) == 0 &&
            (where[length] == '=' || strncmp(where + length, "!=", 2) == 0)) {
            return true;
        }
    }
    return false;
}

static bool is_donor(const stats_run *run, size_t column)
{
    for (size_t i = 0; i < run->method->n_columns; i++) {
        if (run->columns[i] == column) {
            return false;
        }
    }
    for (size_t i = 0; i < run->n_by; i++) {
        if (run->by[i] == column) {
            return false;
        }
    }
    return !is_condition(run, hst_table_column_name(run->table, column));
}

static hst_status begin(stats_run *run)
{
    size_t n_columns = hst_table_n_columns(run->table), n_values = 0;
    size_t n_rows = hst_table_n_rows(run->table) + 1;
    synthetic *own = run->own = calloc(1, sizeof *own);

    if (!own) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for a synthetic control");
    }
    own->columns = calloc(n_columns + 1, sizeof *own->columns);
    own->is_post = calloc(n_rows, sizeof *own->is_post);
    if (hst_size_multiply(n_rows, n_columns + 1, &n_values)) {
        own->values = calloc(n_values, sizeof *own->values);
    }
    if (!own->columns || !own->values || !own->is_post) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu columns", n_columns);
    }
    for (size_t i = 0; i < n_columns; i++) {
        if (is_donor(run, i)) {
            own->columns[own->n_donors++] = i;
        }
    }
    return own->n_donors > 0
               ? HST_OK
               : hst_fail(run->err, HST_ERR_INPUT,
                          "%s: no donor: every column beside t, period, treated and those of --by "
                          "and --where is one",
                          hst_table_name(run->table));
}

static void end(stats_run *run)
{
    synthetic *own = run->own;

    if (own) {
        free(own->columns);
        free(own->values);
        free(own->is_post);
    }
    free(own);
}

/* ---- rows ---- */

static hst_status read_donor(stats_run *run, size_t row, size_t donor)
{
    synthetic *own = run->own;
    size_t column = own->columns[donor];
    const char *cell = hst_table_cell(run->table, row, column);
    double *value = &own->values[row * own->n_donors + donor];

    *value = NAN;
    if (cell[0] != '\0' && strcmp(cell, "NA") != 0) {
        return hst_table_double(run->table, row, column, value, run->err);
    }
    return run->options->skip_bad
               ? hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu, column %s: missing",
                          hst_table_name(run->table), hst_table_line(run->table, row),
                          hst_table_column_name(run->table, column))
               : HST_OK;
}

static hst_status check_row(stats_run *run, size_t row)
{
    synthetic *own = run->own;
    const char *period = hst_table_cell(run->table, row, run->columns[COLUMN_PERIOD]);
    hst_status status = HST_OK;

    own->is_post[row] = strcmp(period, "post") == 0;
    if (!own->is_post[row] && strcmp(period, "pre") != 0) {
        return stats_bad(run, row, COLUMN_PERIOD, "neither pre nor post");
    }
    if (isnan(stats_number(run, row, COLUMN_T))) {
        return stats_bad(run, row, COLUMN_T, "missing");
    }
    for (size_t i = 0; i < own->n_donors && status == HST_OK; i++) {
        status = read_donor(run, row, i);
    }
    return status == HST_OK ? stats_refuse_missing(run, row) : status;
}

/* Puts the rows of a group in the order of time, [n_rows], and counts those before. */
static hst_status order(const stats_run *run, const stats_group *group, size_t *rows,
                        size_t *n_before, hst_error *err)
{
    const synthetic *own = run->own;
    hst_status status = stats_in_order(run, group, COLUMN_T, rows, err);

    *n_before = 0;
    for (size_t i = 0; i < group->n_rows && status == HST_OK; i++) {
        rows[i] = group->rows[rows[i]];
        *n_before += !own->is_post[rows[i]];
    }
    for (size_t i = 0; i < *n_before && status == HST_OK; i++) {
        if (own->is_post[rows[i]]) {
            status = hst_fail(err, HST_REFUSED, "a point of post stands before one of pre");
        }
    }
    return status;
}

/* ---- answers ---- */

static void write_row(const stats_run *run, size_t row, const char *term, const char *name,
                      double value, const char *note)
{
    stats_begin_row(run, row);
    hst_csv_text(run->csv, term);
    hst_csv_text(run->csv, name);
    hst_csv_real(run->csv, value);
    hst_csv_text(run->csv, note);
    hst_csv_end_row(run->csv);
}

static void write_weights(const stats_run *run, size_t row, const hst_synthetic *fitted)
{
    const synthetic *own = run->own;
    char note[128] = "";

    if (fitted->n_ties > 0) {
        snprintf(note, sizeof note,
                 "other weights may fit as well: donors without one that would be no worse: %zu",
                 fitted->n_ties);
    }
    for (size_t i = 0; i < own->n_donors; i++) {
        write_row(run, row, "weight", hst_table_column_name(run->table, own->columns[i]),
                  fitted->weights[i], note);
    }
}

static void write_points(const stats_run *run, const size_t *rows, size_t n,
                         const hst_synthetic *fitted)
{
    for (size_t i = 0; i < 2 * n; i++) {
        size_t row = rows[i % n];
        double value = fitted->synthetic[i % n];

        write_row(run, row, i < n ? "synthetic" : "gap",
                  hst_table_cell(run->table, row, run->columns[COLUMN_T]),
                  i < n ? value : stats_number(run, row, COLUMN_TREATED) - value, "");
    }
}

static void write_tests(const stats_run *run, size_t row, const hst_synthetic_tests *tests,
                        const char *note)
{
    write_row(run, row, "ratio", "", tests->ratio, "");
    write_row(run, row, "p", "", tests->placebo.p, note);
    write_row(run, row, "n_as_strong", "", (double)tests->placebo.n_as_strong, "");
    write_row(run, row, "n_placebos", "", (double)(tests->placebo.n - 1), "");
    write_row(run, row, "pre_fit_percentile", "", tests->pre_fit_percentile, note);
    write_row(run, row, "gap_lower", "", tests->gap_lower, "");
    write_row(run, row, "gap_upper", "", tests->gap_upper, "");
    write_row(run, row, "gap_low", "", tests->gap_low, "");
    write_row(run, row, "gap_high", "", tests->gap_high, "");
}

/* `tests` are NULL unless they are asked for. */
static void write_answer(const stats_run *run, const size_t *rows, const hst_synthetic_input *input,
                         const hst_synthetic *fitted, const hst_synthetic_tests *tests)
{
    bool is_poor = tests && tests->pre_fit_percentile > poor_fit;
    const char *note = is_poor ? "the fit before is worse than 90 % of the placebos': do not rely "
                                 "on the gap after"
                       : input->n_before < few_points
                           ? "fewer than 8 points before: do not rely on the gap after"
                           : "";
    size_t row = rows[0];

    write_weights(run, row, fitted);
    write_points(run, rows, input->n_times, fitted);
    write_row(run, row, "pre_sse", "", fitted->pre_sse, "");
    write_row(run, row, "pre_rmspe", "", fitted->pre_rmspe, note);
    write_row(run, row, "post_rmspe", "", fitted->post_rmspe, "");
    write_row(run, row, "post_mean_gap", "", fitted->post_mean_gap, note);
    if (tests) {
        write_tests(run, row, tests, note);
    }
}

/* Fits a group; `numbers` is room for treated and donors, [n_donors + 1][n]. */
static hst_status fit(const stats_run *run, const size_t *rows, hst_synthetic_input *input,
                      double *numbers, hst_error *err)
{
    const synthetic *own = run->own;
    bool wants_tests = run->options->given_series & STATS_PLACEBO;
    size_t n = input->n_times;
    hst_synthetic fitted;
    hst_synthetic_tests tests;
    hst_status status = HST_OK;

    for (size_t i = 0; i < n; i++) {
        numbers[i] = stats_number(run, rows[i], COLUMN_TREATED);
        for (size_t j = 0; j < own->n_donors; j++) {
            numbers[(j + 1) * n + i] = own->values[rows[i] * own->n_donors + j];
        }
    }
    input->treated = numbers;
    input->donors = numbers + n;
    status = hst_synthetic_fit(&fitted, input, err);
    if (status == HST_OK && wants_tests) {
        status = hst_synthetic_test(&tests, input, run->options->common.n_threads, err);
    }
    if (status == HST_OK) {
        write_answer(run, rows, input, &fitted, wants_tests ? &tests : NULL);
    }
    hst_synthetic_clear(&fitted);
    return status;
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    const synthetic *own = run->own;
    hst_synthetic_input input = {.n_times = group->n_rows, .n_donors = own->n_donors};
    size_t *rows = calloc(group->n_rows, sizeof *rows);
    double *numbers = calloc(group->n_rows * (own->n_donors + 1), sizeof *numbers);
    hst_error reason = {0};
    hst_status status = HST_OK;

    if (!rows || !numbers) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu points", group->n_rows);
        goto done;
    }
    status = order(run, group, rows, &input.n_before, &reason);
    if (status == HST_OK) {
        status = fit(run, rows, &input, numbers, &reason);
    }
    if (status == HST_REFUSED) {
        stats_write_refused_row(run, group->rows[0], reason.message);
        status = HST_OK;
    } else if (status != HST_OK) {
        hst_fail(run->err, status, "%s", reason.message);
    }

done:
    free(rows);
    free(numbers);
    return status;
}

const stats_method stats_synthetic = {
    .name = "synthetic-control",
    .series_options = STATS_PLACEBO,
    .n_columns = 3,
    .columns = {{.name = "t", .lowest = -INFINITY},
                {.name = "period", .kind = STATS_TEXT},
                {.name = "treated", .lowest = -INFINITY}},
    .answers = STATS_ROWS_OWN,
    .before = names,
    .begin = begin,
    .check_row = check_row,
    .answer = answer,
    .end = end,
};
