/* The same measures counted otherwise: by the other unit, with or without stays of no night, and
 * without the suspect providers of a site. All alternatives of all services are one more study,
 * counted in one more pass over the store. */
#include "impact/impact_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/touch.h"

static const char no_suspects_name[] = "without suspect providers";

static const char *unit_words(hst_unit unit)
{
    return unit == HST_UNIT_SPELL  ? "spells"
           : unit == HST_UNIT_CIPS ? "continuous spells"
                                   : hst_unit_name(unit);
}

/* Spells for continuous spells and for rows; continuous spells for spells. */
static bool choose_unit(impact_alternative *item, hst_measure *measure)
{
    bool is_fixed = measure->statistic == HST_STAT_READMISSION || measure->unit == HST_UNIT_PERSON;

    if (measure->is_table || measure->dataset != HST_DATASET_APC || is_fixed) {
        return false;
    }
    measure->unit = measure->unit == HST_UNIT_SPELL ? HST_UNIT_CIPS : HST_UNIT_SPELL;
    snprintf(item->name, sizeof item->name, "%s", unit_words(measure->unit));
    return true;
}

/* Without stays of no night; with them where the measure leaves them out. */
static bool choose_zero_days(impact_alternative *item, hst_measure *measure)
{
    bool has_minimum = measure->los_min > 0;
    bool is_from_one = measure->where.has_length_of_stay && measure->where.los_from > 0;

    if (measure->is_table || measure->dataset != HST_DATASET_APC) {
        return false;
    }
    if (has_minimum || is_from_one) {
        measure->los_min = 0;
        measure->where.los_from = 0;
        snprintf(item->name, sizeof item->name, "with stays of no night");
        return true;
    }
    if (hst_statistic_of_stays(measure->statistic) && measure->statistic != HST_STAT_READMISSION) {
        measure->los_min = 1;
    } else {
        if (!measure->where.has_length_of_stay) {
            measure->where.los_to = INT_MAX;
        }
        measure->where.has_length_of_stay = true;
        measure->where.los_from = 1;
    }
    snprintf(item->name, sizeof item->name, "without stays of no night");
    return true;
}

bool impact_is_touched(const hst_impact_inputs *inputs, const hst_break *suspect, size_t measure,
                       size_t site, hst_date from, hst_date to)
{
    return suspect->is_suspect && suspect->month.start > from && suspect->month.start <= to &&
           hst_break_touches(suspect, inputs->study, inputs->measures, measure, inputs->areas,
                             (uint32_t)site);
}

static bool is_listed(const hst_excluded_provider *providers, size_t n, const char *code)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(providers[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds the suspects of a site within some days to the providers that a measure leaves out there. */
static bool exclude_suspects(hst_measure *measure, const hst_impact_inputs *inputs, size_t number,
                             size_t site, hst_window days, bool *has_memory)
{
    size_t n = measure->n_excluded_providers;
    size_t n_breaks = inputs->breaks ? inputs->breaks->n : 0;
    hst_excluded_provider *all = calloc(n + n_breaks + 1, sizeof *all);
    char **areas = calloc(1, sizeof *areas);

    if (!all || !areas) {
        free(all);
        free(areas);
        *has_memory = false;
        return false;
    }
    if (n > 0) {
        memcpy(all, measure->excluded_providers, n * sizeof *all);
    }
    areas[0] = (char *)(uintptr_t)hst_areas_code(inputs->areas, site); /* read only */
    measure->n_excluded_providers = n;
    for (size_t i = 0; i < n_breaks; i++) {
        hst_break *suspect = &inputs->breaks->items[i];

        if (impact_is_touched(inputs, suspect, number, site, days.from, days.to) &&
            !is_listed(all + n, measure->n_excluded_providers - n, suspect->provider)) {
            all[measure->n_excluded_providers++] = (hst_excluded_provider){
                .code = suspect->provider, .areas = {.n = 1, .items = areas}};
        }
    }
    if (measure->n_excluded_providers == n) {
        free(all);
        free(areas);
        return false;
    }
    measure->excluded_providers = all;
    return true;
}

/* The areas' list stands in the first of the providers that were added. */
static void free_exclusions(const hst_measure *measure, size_t n_before)
{
    free(measure->excluded_providers[n_before].areas.items);
    free(measure->excluded_providers);
}

/* ---- the study of alternatives ---- */

static bool is_known(const impact_alternatives *a, const impact_alternative *item)
{
    return impact_alternative_of(a, item->change, item->measure, item->area, item->days) != NULL;
}

/* One measure at one site; area and days only matter for the suspects. */
static bool add_alternatives(impact_alternatives *a, const hst_impact_inputs *inputs,
                             size_t measure, size_t site, hst_window days)
{
    bool has_memory = true;

    for (int change = 0; change < IMPACT_N_CHANGES; change++) {
        impact_alternative item = {.change = (impact_change)change,
                                   .measure = measure,
                                   .area = change == IMPACT_NO_SUSPECTS ? site : SIZE_MAX,
                                   .days = days,
                                   .number = a->n,
                                   .n_declared =
                                       inputs->study->measures[measure].n_excluded_providers};
        hst_measure *copy = &a->study.measures[a->n];
        bool is_new = !is_known(a, &item);

        *copy = inputs->study->measures[measure];
        copy->split = HST_SPLIT_NONE;
        if (is_new && (change == IMPACT_OTHER_UNIT ? choose_unit(&item, copy)
                       : change == IMPACT_OTHER_ZERO_DAY
                           ? choose_zero_days(&item, copy)
                           : exclude_suspects(copy, inputs, measure, site, days, &has_memory))) {
            if (change == IMPACT_NO_SUSPECTS) {
                snprintf(item.name, sizeof item.name, "%s", no_suspects_name);
            }
            a->items[a->n++] = item;
        }
    }
    return has_memory;
}

static hst_status make_study(impact_alternatives *a, const hst_impact_inputs *inputs,
                             hst_error *err)
{
    const hst_study *study = inputs->study;
    size_t room = 1;
    bool has_memory = true;

    for (size_t i = 0; i < study->n_impacts; i++) {
        room += IMPACT_N_CHANGES * study->impacts[i].sites.n * study->impacts[i].measures.n;
    }
    a->study = *study;
    a->study.n_measures = 0;
    a->study.n_reported = 0;
    a->study.n_impacts = 0;
    a->study.breaks.screen = false;
    a->study.measures = calloc(room, sizeof *a->study.measures);
    a->items = calloc(room, sizeof *a->items);
    if (!a->study.measures || !a->items) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu alternatives", room);
    }
    for (size_t i = 0; i < study->n_impacts && has_memory; i++) {
        const hst_study_impact *service = &study->impacts[i];

        for (size_t s = 0; s < service->sites.n; s++) {
            for (size_t m = 0; m < service->measures.n && has_memory; m++) {
                size_t measure = impact_find_measure(study, service->measures.items[m]);
                size_t site = impact_find_area(inputs->areas, service->sites.items[s]);

                hst_window days;

                if (measure != SIZE_MAX && site != SIZE_MAX &&
                    impact_days_of(&days, inputs, i, measure)) {
                    has_memory = add_alternatives(a, inputs, measure, site, days);
                }
            }
        }
    }
    a->study.n_measures = a->n;
    return has_memory ? HST_OK : hst_fail(err, HST_ERR_MEMORY, "no memory for alternatives");
}

hst_status impact_alternatives_count(impact_alternatives *out, const hst_impact_inputs *inputs,
                                     hst_error *err)
{
    hst_count_options options = {.team = inputs->team,
                                 .n_threads = inputs->n_threads,
                                 .memory_bytes = inputs->memory_bytes,
                                 .cohorts = inputs->cohorts};
    hst_status status = HST_OK;

    *out = (impact_alternatives){0};
    status = make_study(out, inputs, err);
    if (status != HST_OK || out->n == 0) {
        return status;
    }
    if ((status = hst_measures_compile(&out->measures, &out->study, inputs->conditions,
                                       &inputs->standard->bands, err)) != HST_OK ||
        (status = hst_count(&out->cube, NULL, out->measures, &out->study, inputs->areas,
                            inputs->segments, inputs->n_segments, &options, NULL, err)) != HST_OK ||
        (status = hst_results_compute(&out->results, &out->study, out->measures, inputs->areas,
                                      out->cube, inputs->population, inputs->standard,
                                      inputs->n_threads, NULL, err)) != HST_OK ||
        (status = hst_spans_create(&out->spans, &out->study, out->measures, inputs->areas,
                                   out->cube, inputs->population, inputs->standard, err)) !=
            HST_OK) {
        return hst_fail_at(err, status, "alternatives of the measures under services");
    }
    out->source = (impact_source){.study = &out->study,
                                  .measures = out->measures,
                                  .cube = out->cube,
                                  .results = out->results,
                                  .spans = out->spans};
    return HST_OK;
}

void impact_alternatives_clear(impact_alternatives *a)
{
    hst_spans_free(a->spans);
    hst_results_free(a->results);
    hst_cube_free(a->cube);
    hst_measures_free(a->measures);
    for (size_t i = 0; i < a->n; i++) {
        if (a->items[i].change == IMPACT_NO_SUSPECTS) {
            free_exclusions(&a->study.measures[i], a->items[i].n_declared);
        }
    }
    free(a->study.measures);
    free(a->items);
    *a = (impact_alternatives){0};
}

const impact_alternative *impact_alternative_of(const impact_alternatives *alternatives,
                                                impact_change change, size_t measure, size_t area,
                                                hst_window days)
{
    for (size_t i = 0; i < alternatives->n; i++) {
        const impact_alternative *item = &alternatives->items[i];

        if (item->change == change && item->measure == measure &&
            (item->area == SIZE_MAX ||
             (item->area == area && item->days.from == days.from && item->days.to == days.to))) {
            return item;
        }
    }
    return NULL;
}
