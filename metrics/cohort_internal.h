#ifndef HESTIA_METRICS_COHORT_INTERNAL_H
#define HESTIA_METRICS_COHORT_INTERNAL_H

#include "hestia/cohort.h"
#include "people_internal.h"
#include "residence_internal.h"

/** The cohorts' conditions asked of one study's segments. */
typedef struct hst_cohort_plan hst_cohort_plan;

HST_MUST_CHECK hst_status hst_cohort_plan_create(hst_cohort_plan **out, const hst_cohorts *cohorts,
                                                 const hst_segment *const *segments,
                                                 size_t n_segments, hst_error *err);
void hst_cohort_plan_free(hst_cohort_plan *plan);

/** Membership of one person. */
typedef struct hst_membership {
    uint16_t cohorts;              /**< bit of each cohort; a member from its first day on */
    hst_day from[HST_MAX_COHORTS]; /**< index date of a member from a file; 0 = always */
} hst_membership;

/** Finished inpatient rows (EPISTAT 3, no repeats) of any person class, by ADMIDATE in the cohort's
 * window; files by the hash of the person. Thread-safe. */
void hst_cohort_plan_ask(const hst_cohort_plan *plan, const hst_person *person,
                         hst_membership *membership);

HST_MUST_CHECK hst_status hst_cohort_sizes_create(hst_cohort_sizes **out,
                                                  const hst_cohorts *cohorts,
                                                  const hst_study *study, const hst_areas *areas,
                                                  hst_error *err);
void hst_cohort_sizes_free(hst_cohort_sizes *sizes);

/** Adds a member of any cohort. */
void hst_cohort_sizes_add(hst_cohort_sizes *sizes, const hst_membership *membership,
                          const hst_person *person, const hst_residence *residences);
void hst_cohort_sizes_merge(hst_cohort_sizes *into, const hst_cohort_sizes *from);

#endif
