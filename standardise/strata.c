/* The strata behind one published value, for `hestia explain`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standardise/series_internal.h"

rate_inputs rate_inputs_of(const hst_study *study, const hst_measures *measures,
                           const hst_areas *areas, const hst_cube *cube,
                           const hst_population *population, const hst_standard *standard)
{
    return (rate_inputs){
        .study = study,
        .measures = measures,
        .areas = areas,
        .cube = cube,
        .population = population,
        .counted = standard,
        .standard = population ? hst_population_standard(population) : standard,
    };
}

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

static void fill_strata(hst_stratum *strata, const rate_inputs *inputs, const rate_slice *slice,
                        const rate_unit *unit, const double *weights)
{
    double total_weight = 0, per = inputs->study->measures[slice->measure].per;

    for (size_t i = 0; i < slice->n_strata; i++) {
        total_weight += weights[i];
    }
    for (size_t i = 0; i < slice->n_strata; i++) {
        unsigned sex = 0;
        size_t band = 0;

        rate_slice_stratum(slice, inputs, i, &sex, &band);
        snprintf(strata[i].sex, sizeof strata[i].sex, "%s",
                 sex == HST_SEX_MALE     ? "1"
                 : sex == HST_SEX_FEMALE ? "2"
                                         : "persons");
        hst_age_band_label(&inputs->standard->bands, band, strata[i].age);
        strata[i].events = (uint64_t)llround(unit->events[i]);
        strata[i].weight = weights[i];
        strata[i].population = unit->has_people ? unit->people[i] : NAN;
        strata[i].contribution =
            unit->has_people && unit->people[i] > 0
                ? per * weights[i] * unit->events[i] / (unit->people[i] * total_weight)
                : NAN;
    }
}

/* Counts and crude rates have one stratum: everybody. */
static void fill_whole(hst_stratum *stratum, const rate_inputs *inputs, const rate_slice *slice,
                       const rate_unit *unit)
{
    const hst_measure *measure = &inputs->study->measures[slice->measure];

    *stratum = (hst_stratum){.sex = "persons",
                             .age = "all",
                             .events = (uint64_t)llround(unit->all_events),
                             .population = NAN,
                             .weight = 1,
                             .contribution = unit->all_events};
    if (measure->statistic == HST_STAT_CRUDE_RATE) {
        stratum->population = unit->has_people ? unit->all_people : NAN;
        stratum->contribution = unit->has_people && unit->all_people > 0
                                    ? measure->per * unit->all_events / unit->all_people
                                    : NAN;
    }
}

hst_status hst_results_strata(hst_stratum **out, size_t *n, const hst_study *study,
                              const hst_measures *measures, const hst_areas *areas,
                              const hst_cube *cube, const hst_population *population,
                              const hst_standard *standard, size_t measure, bool is_group,
                              size_t area, const hst_period *period, hst_error *err)
{
    hst_status status = HST_OK;
    rate_inputs inputs = rate_inputs_of(study, measures, areas, cube, population, standard);
    bool is_dsr = study->measures[measure].statistic == HST_STAT_DSR;
    rate_slice slice;
    rate_unit unit = {0};
    hst_stratum *strata = NULL;
    double *weights = NULL, *cells = NULL;
    size_t period_index = 0;

    *out = NULL;
    *n = 0;
    status = find_period(study, measures, measure, period, &period_index, err);
    if (status != HST_OK) {
        return status;
    }
    rate_slice_init(&slice, &inputs, measure, period, period_index, 0);
    status = rate_unit_init(&unit, slice.n_strata, err);
    if (status != HST_OK) {
        goto done;
    }
    strata = calloc(slice.n_strata, sizeof *strata);
    weights = calloc(slice.n_strata, sizeof *weights);
    cells = calloc(rate_cells_size(&inputs), sizeof *cells);
    if (!strata || !weights || !cells) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu strata", slice.n_strata);
        goto done;
    }
    if (is_group) {
        rate_unit_of_group(&unit, &inputs, &slice, hst_areas_group(areas, area), cells);
    } else {
        rate_unit_of_area(&unit, &inputs, &slice, area, cells);
    }
    rate_slice_weights(&slice, &inputs, weights);
    if (is_dsr) {
        fill_strata(strata, &inputs, &slice, &unit, weights);
    } else {
        fill_whole(strata, &inputs, &slice, &unit);
    }
    *n = is_dsr ? slice.n_strata : 1;
    *out = strata;
    strata = NULL; /* now the caller's */

done:
    rate_unit_clear(&unit);
    free(strata);
    free(weights);
    free(cells);
    return status;
}
