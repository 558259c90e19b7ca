/* The study file's schema, shared by what checks it, reads it and documents it. */
#ifndef HESTIA_STUDY_INTERNAL_H
#define HESTIA_STUDY_INTERNAL_H

#include <stdio.h>

#include "hestia/study.h"
#include "yaml_internal.h"

/** Mappings that a study file is made of. */
typedef enum hst_group {
    HST_GROUP_STUDY,
    HST_GROUP_PERIOD,
    HST_GROUP_EXTRACT,
    HST_GROUP_SIDE_FILE,
    HST_GROUP_SPELLS,
    HST_GROUP_AREAS,
    HST_GROUP_COMPARATOR,
    HST_GROUP_PROVIDERS,
    HST_GROUP_COHORT,
    HST_GROUP_REGISTER,
    HST_GROUP_DEFAULTS,
    HST_GROUP_MEASURE,
    HST_GROUP_REFERENCE,
    HST_GROUP_WHERE,
    HST_GROUP_EXCLUDED_PROVIDER,
    HST_GROUP_REPORTED,
    HST_GROUP_IMPACT,
    HST_GROUP_IMPACT_OPTIONS,
    HST_GROUP_ITS,
    HST_GROUP_TREND,
    HST_GROUP_DID,
    HST_GROUP_PRE_POST,
    HST_GROUP_SPC,
    HST_GROUP_QUALITY,
    HST_GROUP_BREAKS,
    HST_GROUP_PUBLISH,
    HST_GROUP_DISCLOSURE,
    HST_GROUP_COMPARE,
    HST_N_GROUPS
} hst_group;

typedef enum hst_key_type {
    HST_KEY_TEXT,
    HST_KEY_SLUG,   /**< a name of a-z, 0-9 and - */
    HST_KEY_ID,     /**< the same, with _ as well */
    HST_KEY_PATH,   /**< relative to the study file's folder */
    HST_KEY_NUMBER, /**< zero or more */
    HST_KEY_WHOLE,  /**< zero or more */
    HST_KEY_BOOL,
    HST_KEY_DATE,
    HST_KEY_RANGE, /**< [from, to], whole numbers, or one number */
    HST_KEY_CHOICE,
    HST_KEY_MAPPING,
    HST_KEY_NAMES,             /**< mapping of names of the user's own to texts */
    HST_KEY_CHOICE_OR_MAPPING, /**< the choice alone, or a mapping of `group` */
} hst_key_type;

/** A value that a key may have; a table ends with a NULL name. */
typedef struct hst_choice {
    const char *name;
    int value;
    bool is_later; /**< known, but not in this version */
} hst_choice;

/** One key of the study file. */
typedef struct hst_schema_key {
    const char *key;
    hst_group parent;
    hst_key_type type;
    bool is_list;              /**< a list, or a single value */
    const hst_choice *choices; /**< of HST_KEY_CHOICE */
    hst_group group;           /**< of HST_KEY_MAPPING: its keys */
    const char *fallback; /**< default as the file would write it; NULL: none; HST_REQUIRED: must
                             be given */
    const char *meaning;
    bool is_later; /**< known, but not in this version */
} hst_schema_key;

#define HST_REQUIRED "required"

/** The whole schema, in the order of documentation. */
extern const hst_schema_key hst_schema[];
extern const size_t hst_schema_n;

/** How a group is called in messages ("a measure") and, capitalised, in the documentation. */
const char *hst_group_name(hst_group group);

/** Row of a key, or NULL. HST_GROUP_DEFAULTS has the keys of HST_GROUP_MEASURE. */
const hst_schema_key *hst_schema_find(hst_group group, const char *key);

extern const hst_choice hst_unit_choices[], hst_statistic_choices[], hst_interval_choices[],
    hst_split_choices[], hst_direction_choices[], hst_dataset_choices[],
    hst_measure_dataset_choices[], hst_cohort_dataset_choices[], hst_by_choices[],
    hst_date_choices[], hst_positions_choices[], hst_episode_choices[], hst_transfer_choices[],
    hst_bed_days_choices[], hst_separator_choices[], hst_cuts_choices[], hst_spell_choices[],
    hst_cips_choices[], hst_duplicate_choices[], hst_window_choices[],
    hst_comparator_area_choices[], hst_standardise_choices[], hst_denominator_choices[],
    hst_format_choices[], hst_disclosure_choices[], hst_total_choices[], hst_latest_choices[];

/** Of services. */
extern const hst_choice hst_impact_method_choices[], hst_expected_choices[],
    hst_its_model_choices[], hst_its_season_choices[], hst_its_error_choices[],
    hst_trend_error_choices[], hst_did_variance_choices[], hst_did_model_choices[],
    hst_pre_post_choices[];

enum { HST_CIPS_SUPPLIED = 3 };

/** Codes of the data dictionary. */
extern const hst_choice hst_method_choices[], hst_sex_choices[], hst_class_choices[],
    hst_episode_type_choices[], hst_discharge_choices[], hst_quintile_choices[],
    hst_attended_choices[], hst_first_attendance_choices[], hst_department_choices[],
    hst_attendance_category_choices[];

/** Value of a choice by its name, or -1. */
int hst_choice_value(const hst_choice *choices, const char *name);

/** "<path>, line 12, column 5: ..." with HST_ERR_USAGE. */
HST_MUST_CHECK hst_status hst_study_fail(hst_error *err, const char *path, const hst_yaml *place,
                                         const char *format, ...) HST_PRINTF(4, 5);

/** Checks keys, types, choices and availability of a whole study file against the schema. */
HST_MUST_CHECK hst_status hst_study_validate(const hst_yaml *root, const char *path,
                                             hst_error *err);

/** Writes docs/study-file.md. */
void hst_study_write_reference(FILE *out);

#endif
