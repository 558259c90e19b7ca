/* The parts behind one published value, for `hestia explain`: the value itself is worked out as the
 * results work it out, and the parts are what went into it. */
#include "hestia/parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standardise/parts_internal.h"

void parts_add_fact(hst_parts *parts, double value, const char *format, ...)
{
    hst_fact *fact = &parts->facts[parts->n_facts++];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fact->name, sizeof fact->name, format, arguments);
    va_end(arguments);
    fact->value = value;
}

hst_status parts_make_table(hst_parts *parts, size_t n, const char *const *labels,
                            const char *const *columns, unsigned summed, hst_error *err)
{
    parts->rows = calloc(n + 1, sizeof *parts->rows);
    if (!parts->rows) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the %zu parts of a value", n);
    }
    parts->n_rows = n;
    parts->summed = summed;
    while (labels[parts->n_labels]) {
        parts->labels[parts->n_labels] = labels[parts->n_labels];
        parts->n_labels++;
    }
    while (columns[parts->n_columns]) {
        parts->columns[parts->n_columns] = columns[parts->n_columns];
        parts->n_columns++;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t column = 0; column < HST_PARTS_COLUMNS; column++) {
            parts->rows[i].cells[column] = NAN;
        }
    }
    return HST_OK;
}

/* Number of a period among the complete ones of a measure. */
static hst_status find_period(const rate_inputs *inputs, size_t measure, const hst_period *period,
                              size_t *out, hst_error *err)
{
    const hst_period *periods = NULL;
    size_t n = 0;

    if (inputs->study->measures[measure].by & (unsigned)period->type) {
        n = hst_measures_periods(inputs->measures, measure, period->type, &periods);
    }
    for (size_t i = 0; i < n; i++) {
        if (periods[i].start == period->start) {
            *out = i;
            return HST_OK;
        }
    }
    return hst_fail(err, HST_ERR_USAGE, "%s is not a complete period of measure `%s`",
                    period->label, inputs->study->measures[measure].id);
}

/* Events that are in the unit and in none of its strata. */
static double left_out(const parted *p)
{
    double in_strata = 0;

    if (!rate_statistic_of(p->basis->measure)->is_stratified) {
        return 0;
    }
    for (size_t i = 0; i < p->basis->slice->n_strata; i++) {
        in_strata += p->unit->sums[RATE_EVENTS][i];
    }
    return p->unit->all[RATE_EVENTS] - in_strata;
}

/* The row of results.csv: the main one of its statistic. */
static void fill_value(hst_parts *parts, const parted *p)
{
    const hst_measure *measure = p->basis->measure;
    const rate_statistic *statistic = rate_statistic_of(measure);
    const rate *row = &p->rows[statistic->main];

    parts->statistic = statistic->rows[statistic->main];
    parts->total_count = isnan(row->total_count) ? -1 : llround(row->total_count);
    parts->value = row->value;
    parts->left_out = left_out(p);
    parts_add_fact(parts, row->value, "%s", parts->statistic);
    for (size_t i = 0; i < measure->n_confidence && (statistic->limited >> statistic->main & 1);
         i++) {
        parts_add_fact(parts, row->limits[i].lower, "lower limit, %g %%", measure->confidence[i]);
        parts_add_fact(parts, row->limits[i].upper, "upper limit, %g %%", measure->confidence[i]);
    }
}

/* The value of a unit whose slice and reference are ready. */
static hst_status take_apart(hst_parts *parts, parted *p, rate_unit *unit, hst_error *err)
{
    const rate_basis *basis = p->basis;
    rate rows[RATE_MAX_ROWS];
    hst_status status =
        p->is_group ? rate_unit_of_group(unit, basis->inputs, basis->slice, p->area, p->cells, err)
                    : rate_unit_of_area(unit, basis->inputs, basis->slice, p->area, p->cells, err);

    if (status != HST_OK) {
        return status;
    }
    rate_compute(basis, unit, true, rows);
    p->unit = unit;
    p->rows = rows;
    if (basis->measure->statistic == HST_STAT_ACS_SCORE) {
        return parts_of_acs(parts, p, err);
    }
    status = parts_fill(parts, p, err);
    if (status == HST_OK) {
        fill_value(parts, p);
    }
    return status;
}

static hst_status check_question(const rate_inputs *inputs, size_t measure, bool is_group,
                                 hst_error *err)
{
    const hst_measure *m = &inputs->study->measures[measure];

    if (is_group && rate_statistic_of(m)->is_of_areas_alone) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s: %s of measure `%s` is of areas, not of comparators",
                        inputs->study->path, hst_statistic_name(m->statistic), m->id);
    }
    return HST_OK;
}

hst_status hst_parts_of(hst_parts *out, const hst_study *study, const hst_measures *measures,
                        const hst_areas *areas, const hst_cube *cube,
                        const hst_population *population, const hst_standard *standard,
                        size_t measure, bool is_group, size_t area, const hst_period *period,
                        hst_error *err)
{
    rate_inputs inputs = {.study = study,
                          .measures = measures,
                          .areas = areas,
                          .cube = cube,
                          .population = population,
                          .counted = standard};
    rate_slice slice;
    rate_basis basis = {.inputs = &inputs,
                        .slice = &slice,
                        .measure = &study->measures[measure],
                        .reference_scale = 1};
    parted p = {.basis = &basis, .is_group = is_group, .area = area};
    rate_unit unit = {0}, reference = {0};
    double *weights = NULL;
    size_t period_index = 0;
    hst_status status = check_question(&inputs, measure, is_group, err);

    *out = (hst_parts){0};
    if (status != HST_OK || (status = find_period(&inputs, measure, period, &period_index, err)) ||
        (status = rate_inputs_prepare(&inputs, NULL, err))) {
        goto done;
    }
    rate_slice_init(&slice, &inputs, measure, period, period_index, 0);
    basis.working_days = rate_working_days(&inputs, &slice);
    weights = calloc(slice.n_strata, sizeof *weights);
    p.cells = calloc(rate_cells_size(&inputs), sizeof *p.cells);
    basis.strata = calloc(slice.n_strata, sizeof *basis.strata);
    if (!weights || !p.cells || !basis.strata) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu strata", slice.n_strata);
        goto done;
    }
    rate_slice_weights(&slice, &inputs, weights);
    basis.weights = weights;
    if ((status = rate_unit_init(&unit, &slice, &inputs, err)) ||
        (status = rate_unit_init(&reference, &slice, &inputs, err))) {
        goto done;
    }
    if (rate_statistic_of(basis.measure)->with_reference) {
        status = rate_unit_of_reference(&reference, &inputs, &slice, p.cells,
                                        &basis.reference_scale, err);
        basis.reference = &reference;
    }
    if (status == HST_OK) {
        status = take_apart(out, &p, &unit, err);
    }

done:
    if (status != HST_OK) {
        hst_parts_clear(out);
    }
    rate_unit_clear(&unit);
    rate_unit_clear(&reference);
    free(basis.strata);
    free(weights);
    free(p.cells);
    rate_inputs_clear(&inputs);
    return status;
}

void hst_parts_clear(hst_parts *parts)
{
    free(parts->rows);
    *parts = (hst_parts){0};
}
