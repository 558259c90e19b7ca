/* Where every row of the results stands: known before any is computed, so that nothing needs to be
 * sorted and slices can be filled in any order. */
#include <stdlib.h>
#include <string.h>

#include "standardise/series_internal.h"

/* A thing that rows are sorted by: texts compared as bytes, in turn. */
typedef struct ranked {
    const char *text[3];
    size_t number;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    int order = 0;

    for (size_t i = 0; i < 3 && order == 0; i++) {
        order = strcmp(x->text[i], y->text[i]);
    }
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* Sorts [n] things and gives the place of each by its number; the caller frees. */
static hst_status rank(size_t **out, ranked *things, size_t n, hst_error *err)
{
    *out = calloc(n ? n : 1, sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to sort %zu results", n);
    }
    qsort(things, n, sizeof *things, compare_ranked);
    for (size_t i = 0; i < n; i++) {
        (*out)[things[i].number] = i;
    }
    return HST_OK;
}

/* Code of an area, name of a comparator. */
static const char *unit_code(const maker *m, size_t unit)
{
    return unit < m->n_groups ? hst_areas_group(m->inputs.areas, unit)->name
                              : hst_areas_code(m->inputs.areas, unit - m->n_groups);
}

/* True when an area or comparator has rows of a measure. */
static bool has_rows(const maker *m, size_t measure, size_t unit)
{
    const hst_measure *asked = &m->inputs.study->measures[measure];

    if (asked->is_table) {
        return rate_table_has(m->inputs.extras[measure].table, unit_code(m, unit));
    }
    return unit >= m->n_groups || !rate_statistic_of(asked)->is_of_areas_alone;
}

/* Ranks the units that have rows of a measure by their codes, and counts them. */
static hst_status rank_units(maker *m, size_t measure, size_t *n_units, hst_error *err)
{
    size_t n = m->n_groups + m->n_areas;
    ranked *units = calloc(n ? n : 1, sizeof *units);
    size_t *ranks = calloc(n ? n : 1, sizeof *ranks);

    m->unit_rank[measure] = ranks;
    *n_units = 0;
    if (!units || !ranks) {
        free(units);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu areas", n);
    }
    for (size_t i = 0; i < n; i++) {
        ranks[i] = SIZE_MAX;
        if (has_rows(m, measure, i)) {
            units[(*n_units)++] = (ranked){.text = {unit_code(m, i), "", ""}, .number = i};
        }
    }
    qsort(units, *n_units, sizeof *units, compare_ranked);
    for (size_t i = 0; i < *n_units; i++) {
        ranks[units[i].number] = i;
    }
    free(units);
    return HST_OK;
}

/* Periods of all types that a measure asks for, [n]; the caller frees. */
static hst_status list_periods(const maker *m, size_t measure, const hst_period ***periods,
                               size_t **numbers, size_t *n, hst_error *err)
{
    static const hst_by types[] = {HST_BY_YEAR, HST_BY_QUARTER, HST_BY_MONTH};

    *n = 0;
    for (int pass = 0; pass < 2; pass++) { /* counts, then fills */
        size_t at = 0;

        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            const hst_period *of_type = NULL;
            size_t n_of_type = 0;

            if (m->inputs.study->measures[measure].by & (unsigned)types[t]) {
                n_of_type = hst_measures_periods(m->inputs.measures, measure, types[t], &of_type);
            }
            for (size_t i = 0; i < n_of_type; i++, at++) {
                if (pass == 1) {
                    (*periods)[at] = &of_type[i];
                    (*numbers)[at] = i;
                }
            }
        }
        if (pass == 0) {
            *n = at;
            *periods = calloc(at ? at : 1, sizeof **periods);
            *numbers = calloc(at ? at : 1, sizeof **numbers);
            if (!*periods || !*numbers) {
                return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu periods", at);
            }
        }
    }
    return HST_OK;
}

/* Plans the rows of one measure from `first_row` on: area, then period, then split value, then
 * statistic. */
static hst_status plan_measure(maker *m, size_t measure, size_t *first_row, hst_error *err)
{
    hst_status status = HST_OK;
    const measure_texts *texts = &m->results->texts[measure];
    const hst_period **periods = NULL;
    size_t *numbers = NULL, *period_rank = NULL, *split_rank = NULL;
    size_t n_periods = 0, n_splits = texts->n_splits, n_units = 0;
    size_t n_rows = rate_statistic_of(&m->inputs.study->measures[measure])->n_rows;
    ranked *things = NULL;
    job *jobs = NULL;

    status = list_periods(m, measure, &periods, &numbers, &n_periods, err);
    if (status == HST_OK) {
        status = rank_units(m, measure, &n_units, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    things = calloc(n_periods + n_splits, sizeof *things);
    jobs = realloc(m->jobs, (m->n_jobs + n_periods * n_splits + 1) * sizeof *jobs);
    if (jobs) {
        m->jobs = jobs;
    }
    if (!things || !jobs) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu periods", n_periods);
        goto done;
    }
    for (size_t i = 0; i < n_periods; i++) {
        things[i] = (ranked){.text = {periods[i]->label, "", ""}, .number = i};
    }
    status = rank(&period_rank, things, n_periods, err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < n_splits; i++) {
        things[i] =
            (ranked){.text = {texts->splits[i].sex, texts->splits[i].age, texts->splits[i].code},
                     .number = i};
    }
    status = rank(&split_rank, things, n_splits, err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < n_periods; i++) {
        for (size_t split = 0; split < n_splits; split++) {
            job *j = &m->jobs[m->n_jobs++];

            rate_slice_init(&j->slice, &m->inputs, measure, periods[i], numbers[i], split);
            j->row_step = n_periods * n_splits * n_rows;
            j->first_row = *first_row + (period_rank[i] * n_splits + split_rank[split]) * n_rows;
        }
    }
    *first_row += n_units * n_periods * n_splits * n_rows;

done:
    free(periods);
    free(numbers);
    free(period_rank);
    free(split_rank);
    free(things);
    return status;
}

hst_status series_plan(maker *m, hst_error *err)
{
    hst_status status = HST_OK;
    const hst_study *study = m->inputs.study;
    ranked *things = calloc(study->n_measures ? study->n_measures : 1, sizeof *things);
    size_t n_rows = 0;

    m->unit_rank = calloc(study->n_measures + 1, sizeof *m->unit_rank);
    if (!things || !m->unit_rank) {
        free(things);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu measures", study->n_measures);
    }
    for (size_t i = 0; i < study->n_measures; i++) {
        things[i] = (ranked){.text = {study->measures[i].id, "", ""}, .number = i};
    }
    qsort(things, study->n_measures, sizeof *things, compare_ranked);
    for (size_t i = 0; i < study->n_measures && status == HST_OK; i++) {
        status = plan_measure(m, things[i].number, &n_rows, err);
    }
    free(things);
    if (status != HST_OK) {
        return status;
    }
    m->results->n_rows = n_rows;
    m->results->rows = calloc(n_rows ? n_rows : 1, sizeof *m->results->rows);
    m->results->facts = calloc(n_rows ? n_rows : 1, sizeof *m->results->facts);
    if (!m->results->rows || !m->results->facts) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu results", n_rows);
    }
    return HST_OK;
}

void series_plan_clear(maker *m)
{
    for (size_t i = 0; m->unit_rank && i < m->inputs.study->n_measures; i++) {
        free(m->unit_rank[i]);
    }
    free(m->unit_rank);
    free(m->jobs);
}
