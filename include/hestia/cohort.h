#ifndef HESTIA_COHORT_H
#define HESTIA_COHORT_H

#include <stdint.h>

#include "hestia/area.h"
#include "hestia/condition.h"
#include "hestia/store.h"
#include "hestia/study.h"

/** The cohorts of a study made ready. */
typedef struct hst_cohorts hst_cohorts;

/**
 * Compiles conditions, and reads the files of person identifiers: each identifier is cleaned and
 * hashed as rows are on their way in, with the store's key, and not kept.
 *
 * @param store  may be NULL when no cohort comes from a file
 * @return HST_ERR_USAGE: unknown set, absent file; HST_ERR_INPUT: a line that is no identifier
 * (file and line, never the value)
 */
HST_MUST_CHECK hst_status hst_cohorts_create(hst_cohorts **out, const hst_study *study,
                                             const hst_conditions *conditions,
                                             const hst_store *store, hst_error *err);
void hst_cohorts_free(hst_cohorts *cohorts);

size_t hst_cohorts_n(const hst_cohorts *cohorts);

/** Members by cohort, area and financial year, while they are counted: one a thread. */
typedef struct hst_cohort_sizes hst_cohort_sizes;

/** One line of cohorts.csv. */
typedef struct hst_cohort_row {
    size_t cohort;
    bool is_group; /**< area is a group number (comparator) */
    size_t area;
    int year; /**< in which the financial year starts */
    uint64_t members;
    double registered; /**< NAN: not in the register */
} hst_cohort_row;

/**
 * Sizes by area, comparator and year of the study's period, beside the register where there is one;
 * sorted by cohort, area code, year.
 *
 * A member counts at the end of a year (31 March) in the area of the last of its inpatient rows
 * admitted by then, else of the first one after; not when a row says that it died in hospital
 * before; within the register's ages, by the row's STARTAGE and the time since.
 *
 * @param rows  receives [n_rows], which the caller frees
 * @return HST_ERR_USAGE: a register file with an unknown area, a date that is no date
 */
HST_MUST_CHECK hst_status hst_cohorts_list(hst_cohort_row **rows, size_t *n_rows,
                                           const hst_cohorts *cohorts,
                                           const hst_cohort_sizes *sizes, const hst_study *study,
                                           const hst_areas *areas, hst_error *err);

/** All members met, whatever their area. */
uint64_t hst_cohort_sizes_people(const hst_cohort_sizes *sizes, size_t cohort);

#endif
