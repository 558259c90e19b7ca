/* Rows of the results looked up by what they are of. The plan of the rows is kept for that: a
 * unit's rows of a measure stand together, period by period in the order of the labels. */
#include <stdlib.h>
#include <string.h>

#include "standardise/series_internal.h"

static void keep_unit(unit_rows *rows, const measure_plan *plan, size_t unit)
{
    rows->first = plan->first_row[unit];
    rows->n_per_period = plan->n_unit_splits[unit] * plan->n_rows;
    rows->total = plan->split_places[unit * plan->n_splits] * plan->n_rows;
}

hst_status series_keep_places(maker *m, hst_error *err)
{
    hst_results *results = m->results;
    size_t n_units = m->n_groups + m->n_areas;

    results->n_groups = m->n_groups;
    results->found = calloc(results->n_measures + 1, sizeof *results->found);
    for (size_t i = 0; results->found && i < results->n_measures; i++) {
        const measure_plan *plan = &m->plans[i];
        measure_rows *found = &results->found[i];

        *found = (measure_rows){.n_periods = plan->n_periods,
                                .n_rows = plan->n_rows,
                                .main = rate_statistic_of(&m->inputs.study->measures[i])->main,
                                .units = calloc(n_units + 1, sizeof *found->units)};
        if (!found->units) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu areas", n_units);
        }
        for (size_t unit = 0; unit < n_units; unit++) {
            keep_unit(&found->units[unit], plan, unit);
        }
    }
    return results->found ? HST_OK : hst_fail(err, HST_ERR_MEMORY, "no memory for the results");
}

void series_places_free(hst_results *results)
{
    for (size_t i = 0; results->found && i < results->n_measures; i++) {
        free(results->found[i].units);
    }
    free(results->found);
}

/* The first row of a unit's total in its period number `period`. */
static const hst_result *total_at(const hst_results *results, const unit_rows *unit, size_t period)
{
    return &results->rows[unit->first + period * unit->n_per_period + unit->total];
}

/* Which row of the statistic, SIZE_MAX: it has none of that name. */
static size_t find_statistic(const measure_rows *found, const hst_result *rows, const char *name)
{
    for (size_t i = 0; name && i < found->n_rows; i++) {
        if (strcmp(rows[i].statistic, name) == 0) {
            return i;
        }
    }
    return name ? SIZE_MAX : found->main;
}

static const unit_rows *find_unit(const hst_results *results, size_t measure, bool is_group,
                                  size_t area)
{
    const unit_rows *unit =
        &results->found[measure].units[is_group ? area : results->n_groups + area];

    return unit->first == SIZE_MAX || results->found[measure].n_periods == 0 ? NULL : unit;
}

const hst_result *hst_results_find(const hst_results *results, size_t measure, bool is_group,
                                   size_t area, const hst_period *period, const char *statistic)
{
    const measure_rows *found = &results->found[measure];
    const unit_rows *unit = find_unit(results, measure, is_group, area);
    size_t from = 0, to = unit ? found->n_periods : 0, which = 0;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const hst_result *rows = total_at(results, unit, middle);
        int order = strcmp(rows->period.label, period->label);

        if (order == 0) {
            which = find_statistic(found, rows, statistic);
            return which == SIZE_MAX ? NULL : &rows[which];
        }
        if (order < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return NULL;
}

hst_status hst_results_series(const hst_result ***out, size_t *n, const hst_results *results,
                              size_t measure, bool is_group, size_t area, hst_by type,
                              const char *statistic, hst_error *err)
{
    const measure_rows *found = &results->found[measure];
    const unit_rows *unit = find_unit(results, measure, is_group, area);
    size_t which = unit ? find_statistic(found, total_at(results, unit, 0), statistic) : SIZE_MAX;

    *out = NULL;
    *n = 0;
    if (which == SIZE_MAX) {
        return HST_OK;
    }
    *out = calloc(found->n_periods, sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a series of %zu points",
                        found->n_periods);
    }
    for (size_t i = 0; i < found->n_periods; i++) { /* labels of one type sort by time */
        const hst_result *row = total_at(results, unit, i) + which;

        if (row->period.type == type) {
            (*out)[(*n)++] = row;
        }
    }
    return HST_OK;
}
