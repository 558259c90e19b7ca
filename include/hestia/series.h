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
    const char *statistic; /**< "count", "dsr", "mean_los", "median_los", ...: docs/methods.md has
                              the rows of each statistic of a study */
    const char *method;  /**< "dobson-byar; esp1976 (18 bands); age_sex"; "Byars", "Exact"; owned by
                            the results */
    int64_t total_count; /**< events used (standardised: of known sex and age), stays, readmitted;
                            weighted comparators rounded; < 0: empty */
    double total_pop, value, lowercl, uppercl, lower998, upper998;
    const char *confidence; /**< "95%", "95%, 99.8%" , "" */
    size_t comparator;      /**< group number compared with, SIZE_MAX none */
    double comparator_value;
    const char *compared;             /**< "lower", "similar", "higher", "better", "worse", "" */
    const char *compared_method;      /**< "" or the test's name */
    const char *note;                 /**< "" or sentences; owned by the results */
    const char *note_without_numbers; /**< the same without numbers of events, for a release; NULL:
                                         there are none in it */
    bool is_incomplete;               /**< not all rows of the period can have arrived */
    bool is_suppressed;               /**< disclosure control took a number away */
} hst_result;

typedef struct hst_results hst_results;

/**
 * Joins cube, populations, standard and small tables: every measure × area and comparator ×
 * complete period (× split) × row of its statistic, sorted as text by measure id, area code, period
 * label, sex, age, split, statistic. Measures of a table have the areas of its file, the ACS score
 * has no comparators.
 *
 * A rate needs the population of the area in the year: without it, or with a stratum of nobody,
 * the value is empty and `note` says so. The comparison with the first comparator is
 *
 *     z = |log(rate / reference)| / sqrt(V / rate^2 + V_ref / reference^2)
 *
 * with the comparator less the area itself as reference, two-sided at the first confidence level;
 * of mean stays the difference over the root of both variances.
 *
 * Ledger (stage "standardise"): "no population" (n: values not given, per area and year), "zero
 * population in a band with events" (n: events), "sex or age unknown or outside the standard" left
 * out of standardised statistics (n: events of the areas, in the finest periods), "area of the file
 * not in the area list" (n: rows of a table).
 *
 * @param population  NULL when the study names none: then only counts can be given
 * @return HST_OK; HST_ERR_USAGE for a measure that needs a population or deprivation scores without
 *         them, an interval that its statistic does not have, a reference or base that is not there
 *         (study line); HST_ERR_INPUT for a table that cannot be read; HST_ERR_RANGE for working
 *         days outside the list of bank holidays; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_results_compute(hst_results **out, const hst_study *study,
                                              const hst_measures *measures, const hst_areas *areas,
                                              const hst_cube *cube,
                                              const hst_population *population,
                                              const hst_standard *standard, int n_threads,
                                              hst_ledger *ledger, hst_error *err);
const hst_result *hst_results_rows(const hst_results *results, size_t *n);

/** The same rows for disclosure control to mask in place; from then on all functions here give
 * masked rows. */
hst_result *hst_results_rows_to_mask(hst_results *results, size_t *n);

/**
 * The row of one measure and unit in a period: persons, all ages, no split. Found in the logarithm
 * of the number of periods.
 *
 * @param area       area number, or group number of a comparator
 * @param statistic  name of the row; NULL: the main one of the measure's statistic
 * @return NULL when there is none; owned by the results
 */
const hst_result *hst_results_find(const hst_results *results, size_t measure, bool is_group,
                                   size_t area, const hst_period *period, const char *statistic);

/**
 * The series of one measure and unit: its rows of one type of period in the order of time, found as
 * by hst_results_find.
 *
 * @param out  receives [n] rows owned by the results, in an array that the caller frees; NULL when
 *             there are none
 * @return HST_OK, also for none; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_results_series(const hst_result ***out, size_t *n,
                                             const hst_results *results, size_t measure,
                                             bool is_group, size_t area, hst_by type,
                                             const char *statistic, hst_error *err);

/** Frees the results; NULL is allowed. */
void hst_results_free(hst_results *results);

#endif
