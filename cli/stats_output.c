/* hestia stats: the rows of the answer. */
#include <math.h>
#include <string.h>

#include "cli/stats.h"

/* True when a list, ended by NULL or NULL itself, goes on to the i-th name. */
static bool has_name(const char *const *names, size_t i)
{
    return names && names[i];
}

static bool has_limits(const stats_run *run)
{
    return (run->method->options & STATS_CONFIDENCE) != 0 && !run->method->has_own_limits;
}

/* Limits beyond the first level have columns of their own; 99.8 always has. */
static bool has_own_columns(const stats_options *options, size_t level)
{
    return level > 0 || options->confidence[level] == 99.8;
}

void stats_write_limits(const stats_run *run, const hst_limits *limits, double scale)
{
    hst_csv_real(run->csv, limits[0].lower * scale);
    hst_csv_real(run->csv, limits[0].upper * scale);
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        if (has_own_columns(run->options, i)) {
            hst_csv_real(run->csv, limits[i].lower * scale);
            hst_csv_real(run->csv, limits[i].upper * scale);
        }
    }
}

void stats_write_confidence(const stats_run *run)
{
    char text[HST_MAX_CONFIDENCE * 20] = "";
    size_t length = 0;

    for (size_t i = 0; i < run->options->n_confidence; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%g%%", i > 0 ? ", " : "",
                                   run->options->confidence[i]);
    }
    hst_csv_text(run->csv, text);
}

void stats_write_refusal(const stats_run *run, const char *note)
{
    hst_limits none[HST_MAX_CONFIDENCE];

    for (size_t i = 0; i < HST_MAX_CONFIDENCE; i++) {
        none[i] = (hst_limits){NAN, NAN};
    }
    for (size_t i = 0; has_name(run->method->before, i); i++) {
        hst_csv_empty(run->csv);
    }
    if (has_limits(run)) {
        stats_write_limits(run, none, 1);
    }
    for (size_t i = 0; has_name(run->method->after, i); i++) {
        hst_csv_empty(run->csv);
    }
    hst_csv_text(run->csv, note);
}

void stats_write_refused_row(const stats_run *run, size_t row, const char *why)
{
    char note[sizeof run->err->message + 16];

    snprintf(note, sizeof note, "not computed: %s", why);
    stats_begin_row(run, row);
    stats_write_refusal(run, note);
    hst_csv_end_row(run->csv);
}

static bool is_among(const char *name, const char *const *names)
{
    for (size_t i = 0; has_name(names, i); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A column of the input gives way to one of the answer with the same name. */
static bool is_repeated(const stats_run *run, size_t column)
{
    const char *name = hst_table_column_name(run->table, column);

    return !is_among(name, run->method->before) && !is_among(name, run->method->after) &&
           strcmp(name, "note") != 0;
}

void stats_begin_row(const stats_run *run, size_t row)
{
    if (run->method->answers != STATS_ROWS_OF_INPUT) {
        for (size_t i = 0; i < run->n_by; i++) {
            hst_csv_text(run->csv, hst_table_cell(run->table, row, run->by[i]));
        }
        return;
    }
    for (size_t i = 0; i < hst_table_n_columns(run->table); i++) {
        if (is_repeated(run, i)) {
            hst_csv_text(run->csv, hst_table_cell(run->table, row, i));
        }
    }
}

/* Names of the columns that stats_begin_row writes. */
static void write_first_names(const stats_run *run)
{
    if (run->method->answers != STATS_ROWS_OF_INPUT) {
        for (size_t i = 0; i < run->n_by; i++) {
            hst_csv_text(run->csv, hst_table_column_name(run->table, run->by[i]));
        }
        return;
    }
    for (size_t i = 0; i < hst_table_n_columns(run->table); i++) {
        if (is_repeated(run, i)) {
            hst_csv_text(run->csv, hst_table_column_name(run->table, i));
        }
    }
}

void stats_write_limit_names(const stats_run *run)
{
    char name[32];

    hst_csv_text(run->csv, "lowercl");
    hst_csv_text(run->csv, "uppercl");
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        if (has_own_columns(run->options, i)) {
            snprintf(name, sizeof name, "lower%s", run->options->confidence_names[i]);
            hst_csv_text(run->csv, name);
            snprintf(name, sizeof name, "upper%s", run->options->confidence_names[i]);
            hst_csv_text(run->csv, name);
        }
    }
}

static void write_header(const stats_run *run)
{
    write_first_names(run);
    if (run->method->write_names) {
        run->method->write_names(run);
    } else {
        for (size_t i = 0; has_name(run->method->before, i); i++) {
            hst_csv_text(run->csv, run->method->before[i]);
        }
        if (has_limits(run)) {
            stats_write_limit_names(run);
        }
        for (size_t i = 0; has_name(run->method->after, i); i++) {
            hst_csv_text(run->csv, run->method->after[i]);
        }
    }
    hst_csv_text(run->csv, "note");
    hst_csv_end_row(run->csv);
}

hst_status stats_write_groups(stats_run *run, const stats_groups *groups)
{
    bool is_row_of_group = run->method->answers == STATS_ROW_OF_GROUP;

    write_header(run);
    for (size_t k = 0; k < groups->n; k++) {
        stats_group group = {&groups->rows[groups->first[k]],
                             groups->first[k + 1] - groups->first[k]};
        hst_status status = HST_OK;

        if (is_row_of_group) {
            stats_begin_row(run, group.rows[0]);
        }
        status = run->method->answer(run, &group);
        if (status != HST_OK) {
            return status;
        }
        if (is_row_of_group) {
            hst_csv_end_row(run->csv);
        }
    }
    return hst_csv_finish(run->csv, run->err);
}
