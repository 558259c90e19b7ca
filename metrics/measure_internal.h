#ifndef HESTIA_METRICS_MEASURE_INTERNAL_H
#define HESTIA_METRICS_MEASURE_INTERNAL_H

#include "condition_internal.h"
#include "hestia/cube.h"
#include "provider_internal.h"

/** What one clause of a filter looks at. */
typedef enum hst_clause_kind {
    HST_CLAUSE_ADMISSION_METHOD,
    HST_CLAUSE_NO_TRANSFERS,
    HST_CLAUSE_ADMISSION_SOURCE,
    HST_CLAUSE_DISCHARGE_DESTINATION,
    HST_CLAUSE_DISCHARGE_METHOD,
    HST_CLAUSE_SEX,
    HST_CLAUSE_PATIENT_CLASS,
    HST_CLAUSE_EPISODE_TYPE,
    HST_CLAUSE_ETHNICITY,
    HST_CLAUSE_DEPRIVATION_QUINTILE,
    HST_CLAUSE_AGE,
    HST_CLAUSE_LENGTH_OF_STAY,
    HST_CLAUSE_SPECIALTY,
    HST_CLAUSE_MAIN_SPECIALTY,
    HST_CLAUSE_PROVIDER,
    HST_CLAUSE_GP_PRACTICE,
    HST_CLAUSE_ATTENDED,
    HST_CLAUSE_FIRST_ATTENDANCE,
    HST_CLAUSE_DEPARTMENT,
    HST_CLAUSE_ATTENDANCE_CATEGORY,
    HST_CLAUSE_COHORT,
    HST_CLAUSE_NOT_COHORT,
    HST_CLAUSE_CONDITION,
    HST_CLAUSE_PROCEDURE,
    HST_CLAUSE_ANY
} hst_clause_kind;

typedef struct hst_filter hst_filter;

/** One test of an episode; a filter passes when all its clauses do. */
typedef struct hst_clause {
    hst_clause_kind kind;
    bool is_non_elective; /**< method: all but elective ones, 98, 99 and none, beside `codes` */
    size_t n_codes;
    char (*codes)[HST_CODE_BYTES];
    int from, to;     /**< age, length of stay; inclusive */
    uint16_t cohorts; /**< cohort, not_cohort: any of these, bit of each in the study's order */
    size_t n_uses;
    size_t *uses;              /**< condition, procedure: any of these, by number */
    hst_which_episode episode; /**< condition, procedure: whose codes are read */
    size_t n_any;
    hst_filter *any; /**< HST_CLAUSE_ANY: one of these passes */
    char *words;
} hst_clause;

struct hst_filter {
    size_t n;
    hst_clause *clauses;
};

/** What a measure is asked of. */
typedef enum hst_asked_of {
    HST_OF_ROWS,   /**< episodes, admissions, attendances; people who have one */
    HST_OF_SPELLS, /**< provider spells */
    HST_OF_CIPS,   /**< continuous inpatient spells */
    HST_N_ASKED_OF
} hst_asked_of;

typedef struct hst_compiled_measure {
    const hst_measure *measure; /**< the study's */
    hst_dataset dataset;
    hst_asked_of asked_of;
    hst_split split;           /**< hhi: by provider, else the measure's */
    bool first_only;           /**< rows: those of admissions */
    bool by_discharge;         /**< counts by DISDATE, else ADMIDATE */
    bool needs_stay;           /**< the length of stay must be known */
    bool takes_unfinished;     /**< inpatient rows of any EPISTAT; only to take a number apart */
    bool takes_incomplete;     /**< and those without provider, EPISTART, EPIEND or ADMIDATE */
    bool is_placed;            /**< bed days in the periods they fall in */
    bool keeps_stays;          /**< stays by their length, for quantiles */
    bool is_person;            /**< counts each person once per period */
    bool counts_people;        /**< is_person, or squares of a person's events are wanted */
    bool rows_by_type;         /**< the cube has rows of its own for coarser periods */
    unsigned layers;           /**< bits of hst_layer */
    uint32_t los_cap, los_min; /**< cap UINT32_MAX: none */
    bool class_ok[256];
    char *class_words; /**< NULL for attendances, which have no class */
    hst_filter filter; /**< all of `where` but patient_class */
    hst_filter unfit;  /**< readmission: what takes a stay out of the denominator; else empty */
    hst_by finest;
    size_t n_periods[3]; /**< month, quarter, year */
    hst_period *periods[3];
    char *definition;
} hst_compiled_measure;

struct hst_measures {
    const hst_study *study;
    hst_age_bands bands;
    hst_mergers *mergers; /* of providers; codes of filters are mapped already */
    size_t n;
    hst_compiled_measure *items; /* [n], in the study's order */
    size_t n_uses;
    hst_condition_use *uses;
};

/** Place of a period type in the arrays of a measure. */
static inline size_t hst_by_index(hst_by type)
{
    return type == HST_BY_MONTH ? 0 : type == HST_BY_QUARTER ? 1 : 2;
}

#endif
