#ifndef HESTIA_METRICS_COHORT_INTERNAL_H
#define HESTIA_METRICS_COHORT_INTERNAL_H

#include "codes_internal.h"
#include "hestia/cohort.h"
#include "people_internal.h"
#include "residence_internal.h"

/** A person whom a file lists. */
typedef struct hst_listed {
    uint64_t person[2];
    hst_day from; /**< index date; 0 = none: a member always */
} hst_listed;

typedef struct hst_cohort {
    const hst_study_cohort *study; /**< borrowed */
    hst_day from, to; /**< of ADMIDATE; 0 to UINT16_MAX where the study has no window */
    uint64_t uses[HST_PLAN_USE_WORDS]; /**< sets of which one must match; none with a file */
    size_t n_listed;
    hst_listed *listed;  /**< sorted by person, each once */
    size_t listed_bytes; /**< of row memory */
} hst_cohort;

struct hst_cohorts {
    const hst_study *study;
    size_t n;
    hst_cohort items[HST_MAX_COHORTS];
    size_t n_uses;
    hst_condition_use *uses; /**< the condition sets of all cohorts */
};

/** Reads `study->file` of a cohort into its list. */
HST_MUST_CHECK hst_status hst_cohort_read_file(hst_cohort *cohort, const hst_study *study,
                                               const hst_store *store, hst_error *err);

/** The cohorts' conditions asked of one study's segments. */
typedef struct hst_cohort_plan hst_cohort_plan;

/** @return HST_ERR_USAGE: a file has 3-character diagnoses only and a set needs four characters */
HST_MUST_CHECK hst_status hst_cohort_plan_create(hst_cohort_plan **out, const hst_cohorts *cohorts,
                                                 const hst_segment *const *segments,
                                                 size_t n_segments, hst_error *err);
void hst_cohort_plan_free(hst_cohort_plan *plan);

/** Membership of one person. */
typedef struct hst_membership {
    uint16_t cohorts;              /**< bit of each cohort; a member from its first day on */
    hst_day from[HST_MAX_COHORTS]; /**< index date of a member from a file; 0 = always */
} hst_membership;

/** Finished inpatient rows (EPISTAT 3, no repeats) of any patient class, by ADMIDATE in the
 * cohort's window; files by the hash of the person. Thread-safe. */
void hst_cohort_plan_ask(const hst_cohort_plan *plan, const hst_person *person,
                         hst_membership *membership);

HST_MUST_CHECK hst_status hst_cohort_sizes_create(hst_cohort_sizes **out,
                                                  const hst_cohorts *cohorts,
                                                  const hst_study *study, const hst_areas *areas,
                                                  hst_error *err);
void hst_cohort_sizes_free(hst_cohort_sizes *sizes);

/** Adds a member of any cohort. `residences` are those of the segments that its rows name. */
void hst_cohort_sizes_add(hst_cohort_sizes *sizes, const hst_membership *membership,
                          const hst_person *person, const hst_residence *residences);
void hst_cohort_sizes_merge(hst_cohort_sizes *into, const hst_cohort_sizes *from);

/** Numbers that it holds of members; shows them, and the people, to a wire. */
size_t hst_cohort_sizes_n(const hst_cohort_sizes *sizes);
void hst_cohort_sizes_wire(hst_cohort_sizes *sizes, hst_wire *wire);

#endif
