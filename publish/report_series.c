/* The series that a report's charts are made of: rows as they are shown, so those of a release hold
 * released numbers. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/report_internal.h"

bool hst_report_is_main(const hst_publication *p, const hst_result *row)
{
    return row->split[0] == '\0' && strcmp(row->sex, "persons") == 0 &&
           strcmp(row->age, "all") == 0 &&
           strcmp(row->statistic, hst_statistic_name(p->study->measures[row->measure].statistic)) ==
               0;
}

static int days_of(const hst_period *period)
{
    return period->end - period->start;
}

bool hst_report_last_period(hst_period *out, const hst_publication *p, size_t measure)
{
    const hst_period *last = NULL;

    for (size_t i = 0; i < p->n_results; i++) {
        const hst_result *row = &p->results[i];
        const hst_period *period = &row->period;

        if (row->measure == measure && !row->is_incomplete && hst_report_is_main(p, row) &&
            (!last || (period->type != last->type && days_of(period) > days_of(last)) ||
             (period->type == last->type && period->start > last->start))) {
            last = period;
        }
    }
    if (last) {
        *out = *last;
    }
    return last != NULL;
}

bool hst_report_is_charted(const hst_result *row)
{
    return isfinite(row->value) && !row->is_incomplete;
}

/* ---- series ---- */

static int compare_rows(const void *a, const void *b)
{
    const hst_result *x = *(const hst_result *const *)a, *y = *(const hst_result *const *)b;

    return (x->period.start > y->period.start) - (x->period.start < y->period.start);
}

/* The main rows of one type among those of a measure and area. */
static hst_status read_series(hst_report_series *out, const hst_publication *p, size_t first,
                              size_t n_rows, hst_by type, hst_error *err)
{
    const hst_result *rows = p->results + first;
    hst_report_series series = {.measure = rows->measure, .area = rows->area, .type = type};

    *out = series;
    for (size_t i = 0; i < n_rows; i++) {
        series.n += rows[i].period.type == type && hst_report_is_main(p, &rows[i]);
    }
    if (series.n == 0) {
        return HST_OK;
    }
    series.rows = calloc(series.n, sizeof *series.rows);
    if (!series.rows) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a series of %zu", series.n);
    }
    series.n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].period.type == type && hst_report_is_main(p, &rows[i])) {
            series.rows[series.n++] = &rows[i];
        }
    }
    qsort(series.rows, series.n, sizeof *series.rows, compare_rows); /* the table's is by label */
    *out = series;
    return HST_OK;
}

/* Rows from `first` on of the same measure and area. */
static size_t length_of_run(const hst_publication *p, size_t first)
{
    const hst_result *row = &p->results[first];
    size_t n = 1;

    while (first + n < p->n_results && row[n].measure == row->measure && row[n].area == row->area &&
           row[n].is_group == row->is_group) {
        n++;
    }
    return n;
}

hst_status hst_report_series_list(hst_report_series **out, size_t *n, const hst_publication *p,
                                  hst_error *err)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};
    size_t n_types = sizeof types / sizeof types[0], n_max = 0;
    size_t n_sites = 0, n_wanted = 0;
    hst_report_series *series = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    *n = 0;
    for (size_t i = 0; i < hst_areas_n(p->areas); i++) {
        n_sites += hst_report_is_site(p, i);
    }
    n_wanted = p->study->n_measures * n_sites * n_types;
    series = calloc(n_wanted + 1, sizeof *series);
    if (!series) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu series", n_wanted);
    }
    for (size_t i = 0; i < p->n_results && status == HST_OK; i += n_max) {
        const hst_result *row = &p->results[i];

        n_max = length_of_run(p, i);
        for (size_t t = 0; t < n_types && status == HST_OK; t++) {
            if (!row->is_group && hst_report_is_site(p, row->area) && *n < n_wanted) {
                status = read_series(&series[*n], p, i, n_max, types[t], err);
                *n += series[*n].n > 0;
            }
        }
    }
    if (status != HST_OK) {
        hst_report_series_free(series, *n);
        *n = 0;
        return status;
    }
    *out = series;
    return HST_OK;
}

void hst_report_series_free(hst_report_series *series, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(series[i].rows);
    }
    free(series);
}

bool hst_report_has_text(const hst_texts *texts, const char *wanted)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (strcmp(texts->items[i], wanted) == 0) {
            return true;
        }
    }
    return false;
}

bool hst_report_is_site_code(const hst_publication *p, const char *code)
{
    if (hst_report_has_text(&p->study->areas.sites, code)) {
        return true;
    }
    for (size_t i = 0; i < p->study->n_impacts; i++) {
        if (hst_report_has_text(&p->study->impacts[i].sites, code)) {
            return true;
        }
    }
    return false;
}

bool hst_report_is_site(const hst_publication *p, size_t area)
{
    return hst_report_is_site_code(p, hst_areas_code(p->areas, area));
}

bool hst_report_judges(const hst_publication *p, const hst_study_impact *service,
                       const hst_report_series *series)
{
    return hst_report_has_text(&service->measures, p->study->measures[series->measure].id) &&
           hst_report_has_text(&service->sites, hst_areas_code(p->areas, series->area));
}

/* ---- notes ---- */

void hst_report_note(char note[HST_REPORT_NOTE_BYTES], const char *format, ...)
{
    size_t used = strlen(note);
    va_list args;

    if (used > 0 && used + 2 < HST_REPORT_NOTE_BYTES) {
        note[used++] = ' ';
        note[used] = '\0';
    }
    va_start(args, format);
    vsnprintf(note + used, HST_REPORT_NOTE_BYTES - used, format, args);
    va_end(args);
}

void hst_report_note_points(char note[HST_REPORT_NOTE_BYTES], const hst_publication *p,
                            const hst_result *const *rows, size_t n)
{
    size_t n_incomplete = 0, n_hidden = 0, n_missing = 0;

    for (size_t i = 0; i < n; i++) {
        bool has_value = isfinite(rows[i]->value);

        n_incomplete += rows[i]->is_incomplete;
        n_hidden += !rows[i]->is_incomplete && !has_value && rows[i]->is_suppressed;
        n_missing += !rows[i]->is_incomplete && !has_value && !rows[i]->is_suppressed;
    }
    if (n_hidden > 0) {
        hst_report_note(note, "Left out: %zu hidden by disclosure control.", n_hidden);
    }
    if (n_missing > 0) {
        hst_report_note(note, "Left out: %zu without a value.", n_missing);
    }
    if (n_incomplete > 0) {
        hst_report_note(note, "Left out: %zu whose records are still to come.", n_incomplete);
    }
    if (p->disclosure) {
        hst_report_note(note, "From the released numbers, which are rounded.");
    }
}
