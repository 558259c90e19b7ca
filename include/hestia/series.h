#ifndef HESTIA_SERIES_H
#define HESTIA_SERIES_H

#include "hestia/cube.h"
#include "hestia/dsr.h"
#include "hestia/population.h"

/** One row of results.csv before disclosure control. NAN and negative counts are empty cells. */
typedef struct hst_result {
    size_t measure; /**< index in the study */
    bool is_group;  /**< area is a group number (comparator), else an area number */
    size_t area;
    hst_period period;
    const char *sex;   /**< "persons", "1", "2" */
    const char *age;   /**< "all" or a band */
    const char *split; /**< "" or the code; owned by the results */
    const char *split_name;
    const char *statistic; /**< "count", "crude_rate", "dsr" */
    const char *method; /**< "dobson-byar; esp1976 18 bands; age_sex; ..." ; owned by the results */
    int64_t total_count; /**< < 0: empty */
    double total_pop, value, lowercl, uppercl, lower998, upper998;
    const char *confidence; /**< "95%", "95%, 99.8%" , "" */
    size_t comparator;      /**< group number compared with, SIZE_MAX none */
    double comparator_value;
    const char *compared;        /**< "lower", "similar", "higher", "better", "worse", "" */
    const char *compared_method; /**< "" or the test's name */
    const char *note;            /**< "" or sentences; owned by the results */
} hst_result;

typedef struct hst_results hst_results;

/**
 * Joins cube, populations and standard: every measure × area and comparator × complete period (×
 * split), sorted by measure order of id, area code, period type and start, sex, age, split,
 * statistic as interface.md section 3 says.
 *
 * Ledger (stage "standardise"): population gaps per area and year, zero population with events, sex
 * or age unknown left out of dsr.
 */
HST_MUST_CHECK hst_status hst_results_compute(hst_results **out, const hst_study *study,
                                              const hst_measures *measures, const hst_areas *areas,
                                              const hst_cube *cube,
                                              const hst_population *population,
                                              const hst_standard *standard, int n_threads,
                                              hst_ledger *ledger, hst_error *err);
const hst_result *hst_results_rows(const hst_results *results, size_t *n);
void hst_results_free(hst_results *results);

/** One stratum of one published rate, for `explain`. */
typedef struct hst_stratum {
    char sex[8], age[12];
    uint64_t events;
    double population, weight, contribution; /**< contribution to the value, in its unit */
} hst_stratum;

/** The strata behind one rate, [n] in order; caller frees. */
HST_MUST_CHECK hst_status hst_results_strata(hst_stratum **out, size_t *n, const hst_study *study,
                                             const hst_measures *measures, const hst_areas *areas,
                                             const hst_cube *cube, const hst_population *population,
                                             const hst_standard *standard, size_t measure,
                                             bool is_group, size_t area, const hst_period *period,
                                             hst_error *err);

#endif
