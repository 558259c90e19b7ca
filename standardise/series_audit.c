/* What the audit is told of the results. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "standardise/series_internal.h"

static hst_status tell(hst_ledger *ledger, const maker *m, const hst_result *row,
                       const char *period, const char *reason, double n, hst_error *err)
{
    const hst_measure *measure = &m->inputs.study->measures[row->measure];
    hst_ledger_line line = {
        .stage = "standardise",
        .dataset = hst_dataset_name(measure->dataset),
        .measure = measure->id,
        .area = row->is_group ? hst_areas_group(m->inputs.areas, row->area)->name
                              : hst_areas_code(m->inputs.areas, row->area),
        .period = period,
        .reason = reason,
        .n = (uint64_t)llround(n),
    };

    return hst_ledger_add(ledger, &line, err);
}

/* Comparators repeat what is said of their members, save one that has a population row of its own.
 */
hst_status series_tell(const maker *m, size_t i, hst_ledger *ledger, hst_error *err)
{
    const hst_result *row = &m->results->rows[i];
    const row_facts *facts = &m->results->facts[i];
    const rate_statistic *statistic = rate_statistic_of(&m->inputs.study->measures[row->measure]);
    hst_status status = HST_OK;
    char year[12];

    if (row->split[0] != '\0' || strcmp(row->statistic, statistic->rows[0]) != 0 ||
        (row->is_group &&
         hst_areas_group(m->inputs.areas, row->area)->population_area[0] == '\0')) {
        return HST_OK;
    }
    if (facts->missing_year != 0) {
        snprintf(year, sizeof year, "%d", facts->missing_year);
        status = tell(ledger, m, row, year, "no population", 1, err);
    }
    if (status == HST_OK && facts->events_without_people > 0) {
        status = tell(ledger, m, row, row->period.label, "zero population in a band with events",
                      facts->events_without_people, err);
    }
    if (status == HST_OK && !row->is_group && statistic->is_stratified &&
        facts->events_left_out > 0 &&
        row->period.type == hst_measures_finest(m->inputs.measures, row->measure)) {
        status = tell(ledger, m, row, NULL, "sex or age unknown or outside the standard",
                      facts->events_left_out, err);
    }
    return status;
}
