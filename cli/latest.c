/* The study, the store and the segments that its latest results were counted from. */
#include "cli/latest.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/published.h"

static hst_status find_measure(cli_latest *latest, const char *measure, hst_error *err)
{
    const hst_study *study = latest->whole;
    const char **ids = NULL;
    const char *near = NULL;
    hst_status status = HST_OK;

    if (!measure) {
        latest->study = *study;
        return HST_OK;
    }
    for (size_t i = 0; i < study->n_measures; i++) {
        if (strcmp(study->measures[i].id, measure) == 0) {
            latest->study = *study;
            latest->study.measures = &study->measures[i];
            latest->study.n_measures = 1;
            return HST_OK;
        }
    }
    ids = calloc(study->n_measures + 1, sizeof *ids);
    if (!ids) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the names of measures");
    }
    for (size_t i = 0; i < study->n_measures; i++) {
        ids[i] = study->measures[i].id;
    }
    near = hst_nearest_name(measure, ids, study->n_measures);
    status = near ? hst_fail(err, HST_ERR_USAGE, "%s: no measure `%s`; did you mean `%s`?",
                             study->path, measure, near)
                  : hst_fail(err, HST_ERR_USAGE, "%s: no measure `%s`", study->path, measure);
    free(ids);
    return status;
}

hst_status cli_latest_read(cli_latest *latest, const char *study, const char *measure,
                           const char *results, hst_error *err)
{
    hst_status status = HST_OK;

    *latest = (cli_latest){0};
    status = hst_study_read(&latest->whole, study, err);
    if (status != HST_OK) {
        return status;
    }
    status = find_measure(latest, measure, err);
    if (status != HST_OK) {
        return status;
    }
    latest->results = results ? results : latest->study.publish.directory;
    status = hst_conditions_read(&latest->conditions, latest->study.code_lists, err);
    if (status == HST_OK) {
        status = hst_standard_read(&latest->standard, latest->study.standard_population, err);
    }
    if (status == HST_OK && latest->study.population.n > 0) {
        status = hst_population_read(&latest->population, &latest->study.population,
                                     &latest->standard, err);
    }
    if (status == HST_OK) {
        status = hst_measures_compile(&latest->measures, &latest->study, latest->conditions,
                                      &latest->standard.bands, err);
    }
    return status;
}

/* The segments of the latest run. */
static hst_status open_segments(cli_latest *latest, const char *store, hst_error *err)
{
    hst_published_input *inputs = NULL;
    size_t n = 0;
    hst_status status = hst_published_inputs(&inputs, &n, latest->results, err);

    if (status != HST_OK) {
        return status;
    }
    latest->segments = calloc(n + 1, sizeof *latest->segments);
    if (!latest->segments) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu segments", n);
        goto done;
    }
    status = hst_store_open(&latest->store, store ? store : latest->study.store, false,
                            HST_STORE_READ, err);
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        status = hst_segment_open(&latest->segments[i], latest->store, inputs[i].digest,
                                  inputs[i].layout_key, err);
        latest->n_segments += status == HST_OK;
        if (status == HST_ERR_DAMAGED) { /* or not there */
            status = hst_fail(err, HST_ERR_USAGE,
                              "%s: no longer holds what the latest results were counted from; "
                              "`hestia run` makes them anew",
                              hst_store_path(latest->store));
        }
    }

done:
    free(inputs);
    return status;
}

/* Finding the members of cohorts takes most of the time, and few measures ask for them. */
static bool asks_for_cohorts(const hst_where *where)
{
    bool asks = where->codes[HST_WHERE_COHORT].n > 0 || where->codes[HST_WHERE_NOT_COHORT].n > 0;

    for (size_t i = 0; i < where->n_any; i++) {
        asks = asks || asks_for_cohorts(&where->any[i]);
    }
    return asks;
}

hst_status cli_latest_open(cli_latest *latest, const char *store, hst_error *err)
{
    hst_status status = open_segments(latest, store, err);
    bool has_cohorts = false;

    for (size_t i = 0; i < latest->study.n_measures; i++) {
        has_cohorts = has_cohorts || asks_for_cohorts(&latest->study.measures[i].where);
    }
    if (status == HST_OK && has_cohorts) {
        status = hst_cohorts_create(&latest->cohorts, &latest->study, latest->conditions,
                                    latest->store, err);
    }
    if (status == HST_OK) {
        status =
            hst_areas_build(&latest->areas, &latest->study,
                            latest->population ? hst_population_areas(latest->population) : NULL,
                            cli_latest_segments(latest), latest->n_segments, err);
    }
    return status;
}

const hst_segment *const *cli_latest_segments(const cli_latest *latest)
{
    return (const hst_segment *const *)latest->segments;
}

void cli_latest_close(cli_latest *latest)
{
    hst_areas_free(latest->areas);
    hst_cohorts_free(latest->cohorts);
    for (size_t i = 0; i < latest->n_segments; i++) {
        hst_segment_close(latest->segments[i]);
    }
    free(latest->segments);
    hst_store_close(latest->store);
    hst_measures_free(latest->measures);
    hst_population_free(latest->population);
    hst_conditions_free(latest->conditions);
    hst_study_free(latest->whole);
    *latest = (cli_latest){0};
}
