#ifndef HESTIA_METRICS_CONDITION_INTERNAL_H
#define HESTIA_METRICS_CONDITION_INTERNAL_H

#include "hestia/condition.h"
#include "hestia/episode.h"
#include "hestia/store.h"

typedef enum hst_code_system { HST_SYSTEM_ICD10, HST_SYSTEM_OPCS4, HST_N_SYSTEMS } hst_code_system;

/** What a row does for its set: match, veto (`name#exclude`), or be needed too (`name#require`). */
typedef enum hst_row_role {
    HST_ROLE_MATCH,
    HST_ROLE_EXCLUDE,
    HST_ROLE_REQUIRE,
    HST_N_ROLES
} hst_row_role;

typedef struct hst_condition_row {
    hst_code_system system;
    hst_row_role role;
    hst_positions positions; /**< never HST_POSITIONS_OF_SET */
    char prefix[HST_CODE_BYTES];
    const char *note; /**< a cell of the list; NULL in a use */
} hst_condition_row;

typedef struct hst_condition_set {
    char *name;
    size_t n_rows, capacity;
    hst_condition_row *rows;
    bool is_users;
} hst_condition_set;

/** A condition set as a measure or cohort reads it: its rows with the positions that hold. */
typedef struct hst_condition_use {
    char *name;
    size_t n_rows;
    hst_condition_row *rows;
    bool has_require;
    const char *asker, *asker_id; /**< "measure", "cohort"; borrowed of the study, for messages */
    size_t asker_line;
} hst_condition_use;

/**
 * Copies a set's rows; all else in `use` is left to the caller.
 *
 * @param positions  take the place of those of plain rows: they say where the condition is looked
 * for, while vetoes and needs stay as the set has them
 */
HST_MUST_CHECK hst_status hst_condition_use_init(hst_condition_use *use, const char *name,
                                                 const hst_condition_row *rows, size_t n_rows,
                                                 hst_positions positions, hst_error *err);
void hst_condition_use_clear(hst_condition_use *use);

/** A set by its index; owned by `conditions`. */
const hst_condition_set *hst_conditions_set(const hst_conditions *conditions, size_t set);

/**
 * Upper case without dots and blanks, as codes are stored.
 *
 * @return false when it is empty, too long, or holds anything but letters and digits
 */
bool hst_condition_code(const char *text, char out[HST_CODE_BYTES]);

#endif
