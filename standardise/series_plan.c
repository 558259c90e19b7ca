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

/* True when a unit has rows of a split value. Providers and specialties that an area never met have
 * none: there are hundreds of them. */
static bool has_split(const maker *m, size_t measure, size_t unit, size_t split)
{
    hst_split kind = m->inputs.study->measures[measure].split;
    const hst_area_group *group = NULL;

    if (split == 0 || (kind != HST_SPLIT_PROVIDER && kind != HST_SPLIT_SPECIALTY)) {
        return true;
    }
    if (unit >= m->n_groups) {
        return hst_cube_has(m->inputs.cube, measure, split, unit - m->n_groups);
    }
    group = hst_areas_group(m->inputs.areas, unit);
    for (size_t i = 0; i < group->n_members; i++) {
        if (hst_cube_has(m->inputs.cube, measure, split, group->members[i].area)) {
            return true;
        }
    }
    return group->population_area[0] != '\0' &&
           hst_cube_has(m->inputs.cube, measure, split, hst_areas_special(m->inputs.areas).other);
}

/* Places of the split values of each unit. `order` are the values as their texts sort. */
static void place_splits(const maker *m, size_t measure, measure_plan *plan, const ranked *order)
{
    for (size_t unit = 0; unit < m->n_groups + m->n_areas; unit++) {
        uint32_t *places = plan->split_places + unit * plan->n_splits;

        for (size_t i = 0; i < plan->n_splits; i++) {
            size_t split = order[i].number;

            places[split] = has_split(m, measure, unit, split)
                                ? (uint32_t)plan->n_unit_splits[unit]++
                                : UINT32_MAX;
        }
    }
}

/* Lays out the units that have rows of a measure by their codes, from `*row` on. */
static hst_status place_units(maker *m, size_t measure, measure_plan *plan, size_t *row,
                              hst_error *err)
{
    size_t n = m->n_groups + m->n_areas, n_units = 0;
    ranked *units = calloc(n ? n : 1, sizeof *units);

    if (!units) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu areas", n);
    }
    for (size_t i = 0; i < n; i++) {
        plan->first_row[i] = SIZE_MAX;
        if (has_rows(m, measure, i)) {
            units[n_units++] = (ranked){.text = {unit_code(m, i), "", ""}, .number = i};
        }
    }
    qsort(units, n_units, sizeof *units, compare_ranked);
    for (size_t i = 0; i < n_units; i++) {
        size_t unit = units[i].number;

        plan->first_row[unit] = *row;
        *row += plan->n_periods * plan->n_unit_splits[unit] * plan->n_rows;
    }
    free(units);
    return HST_OK;
}

size_t series_place(const maker *m, const job *j, size_t unit)
{
    const measure_plan *plan = &m->plans[j->slice.measure];
    uint32_t split = plan->split_places[unit * plan->n_splits + j->slice.split];

    if (plan->first_row[unit] == SIZE_MAX || split == UINT32_MAX) {
        return SIZE_MAX;
    }
    return plan->first_row[unit] +
           (j->period_rank * plan->n_unit_splits[unit] + split) * plan->n_rows;
}

bool series_has_rows(const maker *m, size_t measure, size_t unit)
{
    return m->plans[measure].first_row[unit] != SIZE_MAX;
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
    size_t *numbers = NULL, *period_rank = NULL;
    size_t n_periods = 0, n_splits = texts->n_splits, n_units = m->n_groups + m->n_areas;
    measure_plan *plan = &m->plans[measure];
    ranked *things = NULL;
    job *jobs = NULL;

    status = list_periods(m, measure, &periods, &numbers, &n_periods, err);
    if (status != HST_OK) {
        goto done;
    }
    *plan = (measure_plan){
        .n_periods = n_periods,
        .n_splits = n_splits,
        .n_rows = rate_statistic_of(&m->inputs.study->measures[measure])->n_rows,
        .first_row = calloc(n_units + 1, sizeof *plan->first_row),
        .n_unit_splits = calloc(n_units + 1, sizeof *plan->n_unit_splits),
        .split_places = calloc(n_units * n_splits + 1, sizeof *plan->split_places),
    };
    things = calloc(n_periods + n_splits, sizeof *things);
    jobs = realloc(m->jobs, (m->n_jobs + n_periods * n_splits + 1) * sizeof *jobs);
    if (jobs) {
        m->jobs = jobs;
    }
    if (!things || !jobs || !plan->first_row || !plan->n_unit_splits || !plan->split_places) {
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
    qsort(things, n_splits, sizeof *things, compare_ranked);
    for (size_t i = 0; i < n_periods; i++) {
        for (size_t split = 0; split < n_splits; split++) {
            job *j = &m->jobs[m->n_jobs++];

            rate_slice_init(&j->slice, &m->inputs, measure, periods[i], numbers[i], split);
            j->period_rank = period_rank[i];
        }
    }
    place_splits(m, measure, plan, things);
    status = place_units(m, measure, plan, first_row, err);

done:
    free(periods);
    free(numbers);
    free(period_rank);
    free(things);
    return status;
}

hst_status series_plan(maker *m, hst_error *err)
{
    hst_status status = HST_OK;
    const hst_study *study = m->inputs.study;
    ranked *things = calloc(study->n_measures ? study->n_measures : 1, sizeof *things);
    size_t n_rows = 0;

    m->plans = calloc(study->n_measures + 1, sizeof *m->plans);
    if (!things || !m->plans) {
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
    for (size_t i = 0; m->plans && i < m->inputs.study->n_measures; i++) {
        free(m->plans[i].first_row);
        free(m->plans[i].n_unit_splits);
        free(m->plans[i].split_places);
    }
    free(m->plans);
    free(m->jobs);
}
