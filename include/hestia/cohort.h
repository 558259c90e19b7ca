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
 *     identifier[,index date]     one person a line, comma or tab; dates YYYY-MM-DD
 *
 * A first line that begins with the name of a person column (HESID, or one that the study's
 * `columns: {person: X}` names) is a header. A person listed twice is a member from the earlier
 * date on.
 *
 * @param study  borrowed while the cohorts live
 * @param store  may be NULL when no cohort comes from a file
 * @return HST_ERR_USAGE: unknown set, absent file; HST_ERR_INPUT: a line that is no identifier
 * (file and line, never the value), a file that lists nobody
 */
HST_MUST_CHECK hst_status hst_cohorts_create(hst_cohorts **out, const hst_study *study,
                                             const hst_conditions *conditions,
                                             const hst_store *store, hst_error *err);
void hst_cohorts_free(hst_cohorts *cohorts);

size_t hst_cohorts_n(const hst_cohorts *cohorts);

/** People whom the file of a cohort lists; 0 when it comes from a condition. */
size_t hst_cohorts_n_listed(const hst_cohorts *cohorts, size_t cohort);

/** Members by cohort, area and financial year, while they are counted: one a thread. */
typedef struct hst_cohort_sizes hst_cohort_sizes;

/** One line of cohorts.csv. */
typedef struct hst_cohort_row {
    size_t cohort;
    bool is_group; /**< area is a group number (comparator) */
    size_t area;
    int year; /**< in which the financial year starts */
    uint64_t members;
    double registered;  /**< NAN: not in the register */
    bool is_suppressed; /**< disclosure control took `members` away */
} hst_cohort_row;

/**
 * Sizes by area, comparator and each financial year whose last day lies in the study's period,
 * beside the register where there is one; sorted by id of the cohort, area code (a comparator's
 * name), year.
 *
 * A member counts at the end of a year (31 March) in the area of the last of its inpatient rows
 * admitted by then, else of the first one after; not when a row says that it died in hospital by
 * then; within the register's ages, by the row's STARTAGE and the time since.
 *
 * @param rows  receives [n_rows], which the caller frees
 * @return HST_ERR_INPUT: a register file without a column, without any area of the list, with a
 * date that is none, a number below 0, two of one area and year (line named); HST_ERR_USAGE: none
 */
HST_MUST_CHECK hst_status hst_cohorts_list(hst_cohort_row **rows, size_t *n_rows,
                                           const hst_cohorts *cohorts,
                                           const hst_cohort_sizes *sizes, const hst_areas *areas,
                                           hst_error *err);

/**
 * Reads the registers as hst_cohorts_list does, so that a fault in one shows before the count.
 *
 * @param ledger  is told (stage "cohorts") how many rows are of areas that are not in the list and
 *                so set aside; may be NULL
 */
HST_MUST_CHECK hst_status hst_cohorts_check_registers(const hst_cohorts *cohorts,
                                                      const hst_areas *areas, hst_ledger *ledger,
                                                      hst_error *err);

/** All members met, whatever their area. */
uint64_t hst_cohort_sizes_people(const hst_cohort_sizes *sizes, size_t cohort);

#endif
