#ifndef HESTIA_PARTS_H
#define HESTIA_PARTS_H

#include "hestia/cube.h"
#include "hestia/population.h"

/** The parts of one published value, from which it can be worked out again in a spreadsheet: a
 * table, and named numbers in the order in which they are needed. */

enum { HST_PARTS_LABELS = 2, HST_PARTS_COLUMNS = 7, HST_PARTS_FACTS = 16 };

/** One row: a stratum, a provider, a length of stay, an area. */
typedef struct hst_part {
    char labels[HST_PARTS_LABELS][HST_CODE_BYTES];
    int age_lower, age_upper;        /**< of a stratum; upper 999 = open */
    double cells[HST_PARTS_COLUMNS]; /**< NAN: not there */
} hst_part;

typedef struct hst_fact {
    char name[40];
    double value; /**< NAN: not given */
} hst_fact;

typedef struct hst_parts {
    char formula[256]; /**< of the value, in the names of columns and facts */
    size_t n_labels, n_columns;
    const char *labels[HST_PARTS_LABELS], *columns[HST_PARTS_COLUMNS];
    unsigned summed;                       /**< bits of the columns whose sum means something */
    const char *fields[HST_PARTS_COLUMNS]; /**< names of the columns that a file of bands has;
                                              NULL: worked out from those, or no bands */
    size_t n_rows;
    hst_part *rows;
    size_t n_facts;
    hst_fact facts[HST_PARTS_FACTS];
    double left_out; /**< events of unknown sex or age, or outside the standard: not in the value */
    const char *statistic; /**< of the row of results.csv that these are the parts of */
    int64_t total_count;   /**< of that row; < 0: empty */
    double value;          /**< the same: worked out by the code that makes the results */
} hst_parts;

/**
 * Takes the value of one measure, area or comparator, and period apart, all sexes and ages.
 *
 * @param out  receives what hst_parts_clear frees
 * @return HST_ERR_USAGE when the period is not a complete one of the measure, or the statistic has
 *         no row for comparators; whatever hst_results_compute refuses
 */
HST_MUST_CHECK hst_status hst_parts_of(hst_parts *out, const hst_study *study,
                                       const hst_measures *measures, const hst_areas *areas,
                                       const hst_cube *cube, const hst_population *population,
                                       const hst_standard *standard, size_t measure, bool is_group,
                                       size_t area, const hst_period *period, hst_error *err);
void hst_parts_clear(hst_parts *parts);

#endif
