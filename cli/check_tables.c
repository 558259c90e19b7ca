/* The small tables and cohorts of a study, for `hestia check`: read as a run reads them, and what
 * of them the areas and periods of the study do not find. */
#include "cli/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/cohort.h"
#include "hestia/deprivation.h"
#include "hestia/measure_table.h"
#include "hestia/reported.h"

enum { MAX_LISTED = 5 };

/* ---- cohorts ---- */

/** Files of people need the store's key: without a store only the conditions can be checked.
 * `areas` is NULL where they are not known before the extracts are read. */
static hst_status check_cohorts(const hst_study *study, const hst_areas *areas,
                                const hst_conditions *conditions, const hst_store *store,
                                hst_error *err)
{
    hst_study known = *study;
    hst_study_cohort found[HST_MAX_COHORTS];
    hst_cohorts *cohorts = NULL;
    hst_status status = HST_OK;

    known.cohorts = found;
    known.n_cohorts = 0;
    for (size_t i = 0; i < study->n_cohorts; i++) {
        if (store || !study->cohorts[i].file) {
            found[known.n_cohorts++] = study->cohorts[i];
        }
    }
    status = hst_cohorts_create(&cohorts, &known, conditions, store, err);
    if (!status && areas) {
        status = hst_cohorts_check_registers(cohorts, areas, NULL, err);
    }
    hst_cohorts_free(cohorts);
    return status;
}

static void print_cohort(const hst_study_cohort *cohort)
{
    char from[11], to[11];

    printf("  %s: ", cohort->id);
    if (cohort->file) {
        printf("people listed in %s", cohort->file);
    }
    for (size_t i = 0; i < cohort->condition.n; i++) {
        printf("%s%s", i == 0 ? "" : " or ", cohort->condition.items[i]);
    }
    if (!cohort->file && cohort->window.from == HST_DATE_MISSING) {
        printf(", in all inpatient rows");
    } else if (!cohort->file) {
        hst_date_format(cohort->window.from, from);
        hst_date_format(cohort->window.to, to);
        printf(", in inpatient rows admitted %s to %s", from, to);
    }
    if (cohort->register_file) {
        printf("; beside %s, ages %d to %d", cohort->register_file, cohort->register_age_from,
               cohort->register_age_to);
    }
    printf("\n");
}

/* ---- tables ---- */

static bool is_listed(const hst_areas *areas, const char *code)
{
    for (size_t a = 0; a < hst_areas_n(areas); a++) {
        if (strcmp(hst_areas_code(areas, a), code) == 0) {
            return true;
        }
    }
    return false;
}

/** The areas of the study for which a number is missing: how many, and the first few. */
static void print_missing(const hst_areas *areas, const char *what,
                          bool (*is_there)(const void *table, const char *area), const void *table)
{
    size_t n_missing = 0;

    for (size_t a = 0; a < hst_areas_n(areas); a++) {
        if (is_there(table, hst_areas_code(areas, a))) {
            continue;
        }
        if (n_missing < MAX_LISTED) {
            printf("%s %s", n_missing == 0 ? what : "", hst_areas_code(areas, a));
        }
        n_missing++;
    }
    if (n_missing > 0) {
        printf("%s (%zu of %zu areas)", n_missing > MAX_LISTED ? " .." : "", n_missing,
               hst_areas_n(areas));
    }
}

static bool has_score(const void *table, const char *area)
{
    return !isnan(hst_deprivation_of(table, area));
}

static hst_status check_deprivation(const char *path, const hst_areas *areas, hst_error *err)
{
    hst_deprivation *deprivation = NULL;
    hst_status status = hst_deprivation_read(&deprivation, path, err);

    if (status == HST_OK) {
        printf("  deprivation: %s", path);
        if (areas) {
            print_missing(areas, "; MISSING for", has_score, deprivation);
        }
        printf("\n");
    }
    hst_deprivation_free(deprivation);
    return status;
}

/** A table with the period that growth is measured from. */
typedef struct base_of {
    const hst_measure_table *table;
    hst_period period;
} base_of;

static bool has_base(const void *table, const char *area)
{
    const base_of *base = table;

    return !isnan(hst_measure_table_find(base->table, area, &base->period));
}

static hst_status check_measure_table(const hst_measure *measure, const hst_areas *areas,
                                      hst_error *err)
{
    hst_measure_table *table = NULL;
    hst_status status = hst_measure_table_read(&table, measure->file, measure->by, err);
    const hst_measure_value *values = NULL;
    size_t n = 0, n_used = 0, n_elsewhere = 0;

    if (status != HST_OK) {
        return status;
    }
    values = hst_measure_table_values(table, &n);
    for (size_t i = 0; i < n; i++) {
        bool is_asked = (values[i].period.type & measure->by) &&
                        values[i].period.start >= measure->period.from &&
                        values[i].period.end <= measure->period.to;
        bool is_known = !areas || is_listed(areas, values[i].area);

        n_used += is_asked && is_known;
        n_elsewhere += is_asked && !is_known;
    }
    printf("  %s: %s, %zu of its %zu values are of the measure's periods and areas", measure->id,
           measure->file, n_used, n);
    if (n_elsewhere > 0) {
        printf("; %zu are of areas that are not in the list", n_elsewhere);
    }
    if (areas && measure->base) {
        base_of base = {.table = table};

        if (hst_period_parse(measure->base, &base.period)) {
            print_missing(areas, "; the base is MISSING for", has_base, &base);
        }
    }
    printf("\n");
    hst_measure_table_free(table);
    return HST_OK;
}

static hst_status check_reported(const hst_study *study, const hst_study_reported *line,
                                 const hst_areas *areas, hst_error *err)
{
    const hst_measure *measure = study->measures;
    hst_reported *reported = NULL;
    hst_status status = HST_OK;
    size_t n = 0, n_asked = 0;
    const hst_reported_value *values = NULL;

    while (strcmp(measure->id, line->measure) !=
           0) { /* the study's reader knows that it is there */
        measure++;
    }
    status = hst_reported_read(&reported, line->file, measure->by, err);
    if (status != HST_OK) {
        return status;
    }
    values = hst_reported_values(reported, &n);
    for (size_t i = 0; i < n; i++) {
        n_asked += (values[i].period.type & measure->by) &&
                   values[i].period.start >= measure->period.from &&
                   values[i].period.end <= measure->period.to;
    }
    printf("  reported for %s, area %s: %s, %zu of its %zu values are of the measure's periods%s\n",
           line->measure, line->area, line->file, n_asked, n,
           areas && !is_listed(areas, line->area) ? "; the area is NOT in the list" : "");
    hst_reported_free(reported);
    return HST_OK;
}

hst_status cli_check_tables(const hst_study *study, const hst_areas *areas,
                            const hst_conditions *conditions, const hst_store *store,
                            hst_error *err)
{
    hst_status status = HST_OK;
    bool has_table = study->deprivation || study->n_reported > 0;

    if (study->n_cohorts > 0) {
        status = check_cohorts(study, areas, conditions, store, err);
        printf("\nCohorts: %zu\n", study->n_cohorts);
    }
    for (size_t i = 0; i < study->n_cohorts; i++) {
        print_cohort(&study->cohorts[i]);
    }
    for (size_t m = 0; m < study->n_measures; m++) {
        has_table |= study->measures[m].is_table;
    }
    if (status != HST_OK || !has_table) {
        return status;
    }
    printf("\nTables\n");
    if (study->deprivation) {
        status = check_deprivation(study->deprivation, areas, err);
    }
    for (size_t m = 0; m < study->n_measures && !status; m++) {
        if (study->measures[m].is_table) {
            status = check_measure_table(&study->measures[m], areas, err);
        }
    }
    for (size_t i = 0; i < study->n_reported && !status; i++) {
        status = check_reported(study, &study->reported[i], areas, err);
    }
    return status;
}
