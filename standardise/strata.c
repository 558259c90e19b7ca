/* The strata behind one published value, for `hestia explain`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standardise/series_internal.h"

/* Number of a period among the complete ones of a measure. */
static hst_status find_period(const hst_study *study, const hst_measures *measures, size_t measure,
                              const hst_period *period, size_t *out, hst_error *err)
{
    const hst_period *periods = NULL;
    size_t n = 0;

    if (study->measures[measure].by & (unsigned)period->type) {
        n = hst_measures_periods(measures, measure, period->type, &periods);
    }
    for (size_t i = 0; i < n; i++) {
        if (periods[i].start == period->start) {
            *out = i;
            return HST_OK;
        }
    }
    return hst_fail(err, HST_ERR_USAGE, "%s is not a complete period of measure `%s`",
                    period->label, study->measures[measure].id);
}

/* Sex and age of a stratum as the tables write them. */
static void name_stratum(hst_stratum *stratum, const rate_basis *basis, size_t number)
{
    unsigned sex = 0;
    size_t band = 0;

    rate_slice_stratum(basis->slice, basis->inputs, number, &sex, &band);
    snprintf(stratum->sex, sizeof stratum->sex, "%s",
             sex == HST_SEX_MALE     ? "1"
             : sex == HST_SEX_FEMALE ? "2"
                                     : "persons");
    hst_age_band_label(&basis->inputs->standard->bands, band, stratum->age);
}

/* The share of a stratum in the value: of a direct rate by its weight, of an indirect one by its
 * events, with the rate expected of it as its weight. */
static double contribution_of(const rate_basis *basis, const rate_unit *unit, const rate *r,
                              size_t i, double total_weight)
{
    double events = unit->sums[RATE_EVENTS][i];

    if (basis->reference) {
        return events * r->value / r->total_count;
    }
    if (basis->measure->statistic == HST_STAT_STD_MEAN_LOS) {
        return events > 0 ? basis->weights[i] * unit->sums[RATE_DAYS][i] / (events * total_weight)
                          : 0;
    }
    return unit->has_people && unit->people[i] > 0
               ? basis->measure->per * basis->weights[i] * events / (unit->people[i] * total_weight)
               : NAN;
}

static double weight_of(const rate_basis *basis, size_t i)
{
    const rate_unit *reference = basis->reference;

    return reference
               ? basis->reference_scale * reference->sums[RATE_EVENTS][i] / reference->people[i]
               : basis->weights[i];
}

static void fill_strata(hst_stratum *strata, const rate_basis *basis, const rate_unit *unit,
                        const rate *r)
{
    bool is_of_stays = basis->measure->statistic == HST_STAT_STD_MEAN_LOS;
    double total_weight = 0;

    for (size_t i = 0; i < basis->slice->n_strata; i++) {
        total_weight += is_of_stays && !(unit->sums[RATE_EVENTS][i] > 0) ? 0 : basis->weights[i];
    }
    for (size_t i = 0; i < basis->slice->n_strata; i++) {
        name_stratum(&strata[i], basis, i);
        strata[i].events = (uint64_t)llround(unit->sums[RATE_EVENTS][i]);
        strata[i].weight = weight_of(basis, i);
        strata[i].population = unit->has_people && !is_of_stays ? unit->people[i] : NAN;
        strata[i].contribution = contribution_of(basis, unit, r, i, total_weight);
    }
}

/* Other statistics have one stratum: everybody. */
static void fill_whole(hst_stratum *stratum, const rate *r)
{
    *stratum = (hst_stratum){
        .sex = "persons",
        .age = "all",
        .events = isnan(r->total_count) ? 0 : (uint64_t)llround(r->total_count),
        .population = r->total_pop,
        .weight = 1,
        .contribution = r->value,
    };
}

hst_status hst_results_strata(hst_stratum **out, size_t *n, const hst_study *study,
                              const hst_measures *measures, const hst_areas *areas,
                              const hst_cube *cube, const hst_population *population,
                              const hst_standard *standard, size_t measure, bool is_group,
                              size_t area, const hst_period *period, hst_error *err)
{
    hst_status status = HST_OK;
    rate_inputs inputs = {.study = study,
                          .measures = measures,
                          .areas = areas,
                          .cube = cube,
                          .population = population,
                          .counted = standard};
    const rate_statistic *statistic = rate_statistic_of(&study->measures[measure]);
    rate_slice slice;
    rate_basis basis = {.inputs = &inputs,
                        .slice = &slice,
                        .measure = &study->measures[measure],
                        .reference_scale = 1};
    rate_unit unit = {0}, reference = {0};
    rate rows[RATE_MAX_ROWS];
    hst_stratum *strata = NULL;
    double *weights = NULL, *cells = NULL;
    size_t period_index = 0;

    *out = NULL;
    *n = 0;
    status = find_period(study, measures, measure, period, &period_index, err);
    if (status == HST_OK) {
        status = rate_inputs_prepare(&inputs, NULL, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    rate_slice_init(&slice, &inputs, measure, period, period_index, 0);
    strata = calloc(slice.n_strata, sizeof *strata);
    weights = calloc(slice.n_strata, sizeof *weights);
    cells = calloc(rate_cells_size(&inputs), sizeof *cells);
    basis.strata = calloc(slice.n_strata, sizeof *basis.strata);
    if (!strata || !weights || !cells || !basis.strata) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu strata", slice.n_strata);
        goto done;
    }
    rate_slice_weights(&slice, &inputs, weights);
    basis.weights = weights;
    if ((status = rate_unit_init(&unit, &slice, &inputs, err)) != HST_OK ||
        (status = rate_unit_init(&reference, &slice, &inputs, err)) != HST_OK) {
        goto done;
    }
    if (statistic->with_reference) {
        status =
            rate_unit_of_reference(&reference, &inputs, &slice, cells, &basis.reference_scale, err);
        basis.reference = &reference;
    }
    if (status == HST_OK) {
        status = is_group ? rate_unit_of_group(&unit, &inputs, &slice, area, cells, err)
                          : rate_unit_of_area(&unit, &inputs, &slice, area, cells, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    rate_compute(&basis, &unit, true, rows);
    if (statistic->is_stratified) {
        fill_strata(strata, &basis, &unit, &rows[0]);
    } else {
        fill_whole(strata, &rows[statistic->main]);
    }
    *n = statistic->is_stratified ? slice.n_strata : 1;
    *out = strata;
    strata = NULL; /* now the caller's */

done:
    rate_unit_clear(&unit);
    rate_unit_clear(&reference);
    free(basis.strata);
    free(strata);
    free(weights);
    free(cells);
    rate_inputs_clear(&inputs);
    return status;
}
