#ifndef HESTIA_CONDITION_H
#define HESTIA_CONDITION_H

#include "hestia/status.h"
#include "hestia/study.h"

/** Condition sets: the built-in ones (reference/conditions.csv) and the study's own (`code_lists`)
 * on top; a user set replaces a built-in one of its name. */
typedef struct hst_conditions hst_conditions;

/** @param path  the study's own list, or NULL */
HST_MUST_CHECK hst_status hst_conditions_read(hst_conditions **out, const char *path,
                                              hst_error *err);
void hst_conditions_free(hst_conditions *conditions);

size_t hst_conditions_n_sets(const hst_conditions *conditions);
const char *hst_conditions_set_name(const hst_conditions *conditions, size_t set);

/** Index of a set, or SIZE_MAX. */
size_t hst_conditions_find(const hst_conditions *conditions, const char *name);

/** Name of the set nearest to a misspelt one, for "did you mean"; NULL when none is near. */
const char *hst_conditions_nearest(const hst_conditions *conditions, const char *name);

/** True for a set of the study's own list. */
bool hst_conditions_is_users(const hst_conditions *conditions, size_t set);

/** One row of a set as its list has it; texts live as long as the sets. */
typedef struct hst_condition_entry {
    const char *role;      /**< "match", "exclude", "require" */
    const char *system;    /**< "ICD10", "OPCS4" */
    const char *prefix;    /**< beginning of the codes */
    const char *positions; /**< "primary", "first3", "secondary", "any" */
    const char *note;      /**< where it comes from; "" when the list does not say */
    bool is_unverified;    /**< the note says that it was not held against a source */
} hst_condition_entry;

size_t hst_conditions_n_entries(const hst_conditions *conditions, size_t set);
hst_condition_entry hst_conditions_entry(const hst_conditions *conditions, size_t set, size_t row);

#endif
