/* reported.csv: numbers from elsewhere beside ours. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/reported.h"
#include "publish/tables.h"

static const hst_column columns[] = {
    {"measure", HST_COLUMN_TEXT},    {"area_code", HST_COLUMN_TEXT},  {"period", HST_COLUMN_TEXT},
    {"series", HST_COLUMN_TEXT},     {"ours", HST_COLUMN_REAL},       {"reported", HST_COLUMN_REAL},
    {"difference", HST_COLUMN_REAL}, {"percent", HST_COLUMN_REAL},    {"source", HST_COLUMN_TEXT},
    {"note", HST_COLUMN_TEXT},       {"suppressed", HST_COLUMN_FLAG},
};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

/* One number and where it is from. */
typedef struct reported_row {
    const hst_study_reported *from;
    const hst_reported_value *value;
} reported_row;

/* By measure, area, period and series, as text. */
static int compare_rows(const void *a, const void *b)
{
    const reported_row *x = a, *y = b;
    int order = strcmp(x->from->measure, y->from->measure);

    order = order ? order : strcmp(x->from->area, y->from->area);
    order = order ? order : strcmp(x->value->period.label, y->value->period.label);
    order = order ? order : strcmp(x->value->series, y->value->series);
    return order ? order : strcmp(x->value->source, y->value->source);
}

static const hst_measure *find_measure(const hst_study *study, const char *id)
{
    for (size_t i = 0; i < study->n_measures; i++) {
        if (strcmp(study->measures[i].id, id) == 0) {
            return &study->measures[i];
        }
    }
    return NULL;
}

static const char *code_of(const hst_publication *p, const hst_result *row)
{
    return row->is_group ? hst_areas_group(p->areas, row->area)->name
                         : hst_areas_code(p->areas, row->area);
}

/* Our row of a number: that of the split value which the series names, else the total. */
static const hst_result *find_ours(const hst_publication *p, const reported_row *reported)
{
    const hst_measure *measure = find_measure(p->study, reported->from->measure);
    const hst_result *total = NULL;

    for (size_t i = 0; measure && i < p->n_results; i++) {
        const hst_result *row = &p->results[i];

        if (&p->study->measures[row->measure] != measure ||
            strcmp(row->statistic, hst_statistic_name(measure->statistic)) != 0 ||
            strcmp(row->period.label, reported->value->period.label) != 0 ||
            strcmp(code_of(p, row), reported->from->area) != 0) {
            continue;
        }
        if (row->split[0] == '\0') {
            total = row;
        } else if (strcmp(row->split, reported->value->series) == 0) {
            return row;
        }
    }
    return total;
}

static void write_row(hst_sink *sink, const hst_publication *p, const reported_row *reported)
{
    const hst_result *row = find_ours(p, reported);
    double ours = row ? row->value : NAN, theirs = reported->value->value;

    sink->text(sink, reported->from->measure);
    sink->text(sink, reported->from->area);
    sink->text(sink, reported->value->period.label);
    sink->text(sink, reported->value->series);
    sink->real(sink, ours);
    sink->real(sink, theirs);
    sink->real(sink, ours - theirs);
    sink->real(sink, theirs != 0 ? 100 * (ours - theirs) / theirs : NAN);
    sink->text(sink, reported->value->source);
    sink->text(sink, row ? row->note : "the results have no such area and period");
    sink->count(sink, row && row->is_suppressed);
    sink->end_row(sink);
}

/* Reads all files; `*rows` [n_rows] borrow from `files` [n_reported], both are the caller's. */
static hst_status read_files(hst_reported **files, reported_row **rows, size_t *n_rows,
                             const hst_study *study, hst_error *err)
{
    for (size_t i = 0; i < study->n_reported; i++) {
        const hst_study_reported *from = &study->reported[i];
        const hst_measure *measure = find_measure(study, from->measure);
        const hst_reported_value *values = NULL;
        reported_row *grown = NULL;
        size_t n = 0;
        hst_status status =
            hst_reported_read(&files[i], from->file, measure ? measure->by : 0, err);

        if (status != HST_OK) {
            return status;
        }
        values = hst_reported_values(files[i], &n);
        grown = realloc(*rows, (*n_rows + n + 1) * sizeof *grown);
        if (!grown) {
            return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for %zu numbers", from->file, n);
        }
        *rows = grown;
        for (size_t k = 0; k < n; k++) {
            grown[(*n_rows)++] = (reported_row){from, &values[k]};
        }
    }
    return HST_OK;
}

static hst_status write_rows(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    hst_status status = HST_OK;
    hst_reported **files = calloc(p->study->n_reported + 1, sizeof(hst_reported *));
    reported_row *rows = NULL;
    size_t n_rows = 0;

    if (!files) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for reported numbers");
    }
    status = read_files(files, &rows, &n_rows, p->study, err);
    if (status == HST_OK && n_rows > 0) {
        qsort(rows, n_rows, sizeof *rows, compare_rows);
    }
    for (size_t i = 0; status == HST_OK && i < n_rows; i++) {
        write_row(sink, p, &rows[i]);
    }
    for (size_t i = 0; i < p->study->n_reported; i++) {
        hst_reported_free(files[i]);
    }
    free(files);
    free(rows);
    return status;
}

const hst_result_table hst_reported_table = {"reported", columns, N_COLUMNS, NULL, write_rows};
