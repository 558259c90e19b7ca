#ifndef HESTIA_METRICS_READMISSION_INTERNAL_H
#define HESTIA_METRICS_READMISSION_INTERNAL_H

#include "people_internal.h"

/** In the place of a number of days: no emergency followed. */
#define HST_NOT_READMITTED UINT32_MAX

/** Which discharges of a person an emergency followed. */
typedef struct hst_returns {
    size_t capacity;
    uint64_t *discharges; /**< [capacity], day and continuous spell, sorted */
    uint32_t *after; /**< [n_cips of the person]: days from the discharge to the emergency paired
                          with it, HST_NOT_READMITTED where there is none */
} hst_returns;

/**
 * Pairs each emergency continuous spell of a person with the last discharge before it, in whatever
 * stay that was: a stay inside another one, or one that overlaps it, is in no pair's way. Sessions
 * of regular attenders, stays that are open or end before they begin have no discharge and are no
 * return. Of two emergencies after one discharge the first counts. n log n in the person's stays.
 *
 * @param returns  zeroed before the first person, cleared after the last
 */
HST_MUST_CHECK hst_status hst_returns_find(hst_returns *returns, const hst_person *person,
                                           hst_error *err);
void hst_returns_clear(hst_returns *returns);

#endif
