#ifndef HESTIA_PROFILE_H
#define HESTIA_PROFILE_H

#include <stdint.h>

#include "hestia/extract.h"

/** How well one column of an extract is filled and understood. */
typedef struct hst_field_profile {
    char field[32];  /**< canonical name */
    char column[32]; /**< header name in the file */
    bool has_codes;  /**< its codes have a list */
    bool is_date, is_area;
    uint64_t n_filled;     /**< something stands there; `-` and `&` are nothing */
    uint64_t n_unreadable; /**< malformed: such rows are set aside */
    uint64_t n_outside;    /**< code that is not in the field's list */
    uint64_t n_sentinel;   /**< date before 1930, which stands for a missing one */
} hst_field_profile;

/** First day of the month, and rows admitted, appointed or arrived in it. */
typedef struct hst_month_profile {
    hst_date month;
    uint64_t n;
} hst_month_profile;

/** Data quality of one input without a store: counts and code-list names only, no value of a row.
 */
typedef struct hst_profile {
    uint64_t n_rows, n_rejected; /**< rows looked at, and rows that a run would set aside */
    uint64_t rejected[HST_N_REASONS], first_line[HST_N_REASONS];
    bool is_whole; /**< every row was looked at */
    size_t n_fields;
    hst_field_profile *fields; /**< [n_fields], person first */
    size_t n_months;
    hst_month_profile *months; /**< [n_months] by ADMIDATE, APPTDATE or ARRIVALDATE, in order,
                                  without empty ones */
    uint32_t partyear_min, partyear_max; /**< PARTYEAR YYYYnn; 0 = absent */
    uint64_t n_no_primary, n_r69;        /**< rows without primary diagnosis, or with R69 (unknown);
                                            of inpatients */
} hst_profile;

/**
 * Reads an input as a run would, up to `max_rows` rows (0 = all). Side files are not looked into.
 *
 * @param layout  of this input
 * @return what reading the source returns; HST_ERR_INTERRUPTED
 */
HST_MUST_CHECK hst_status hst_profile_read(hst_profile **out, const hst_layout *layout,
                                           const char *path, const char *member, uint64_t max_rows,
                                           hst_error *err);
void hst_profile_free(hst_profile *profile);

#endif
