#ifndef HESTIA_METRICS_CODES_INTERNAL_H
#define HESTIA_METRICS_CODES_INTERNAL_H

#include "condition_internal.h"

enum { HST_PLAN_USE_WORDS = 8 }; /* words of a mask of condition sets in use */

/** The prefixes of all condition sets in use, found by hash. */
typedef struct hst_code_index hst_code_index;

/** @param uses  [n_uses], at most 64 * HST_PLAN_USE_WORDS; borrowed, as is the study's path */
HST_MUST_CHECK hst_status hst_code_index_create(hst_code_index **out, const hst_condition_use *uses,
                                                size_t n_uses, const char *study_path,
                                                hst_error *err);
void hst_code_index_free(hst_code_index *index);

/** For each diagnosis and procedure code of a segment, the sets it belongs to by position. */
typedef struct hst_code_masks hst_code_masks;

/** @return HST_ERR_USAGE: the file has 3-character diagnoses only and a set needs four characters
 */
HST_MUST_CHECK hst_status hst_code_masks_create(hst_code_masks **out, const hst_code_index *index,
                                                const hst_segment *segment, hst_error *err);
void hst_code_masks_free(hst_code_masks *masks);

/** Sets that an episode belongs to, as bits by number of use. */
void hst_code_masks_ask(const hst_code_masks *masks, const hst_episode *episode, uint64_t *uses);

#endif
