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

#endif
