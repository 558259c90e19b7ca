#ifndef HESTIA_ACTIVITY_H
#define HESTIA_ACTIVITY_H

#include <stdint.h>

#include "hestia/area.h"
#include "hestia/cube.h"

/** What providers recorded, month by month: the ground of the screen for recording breaks. */

/** Months of one data set, area, provider and specialty. */
typedef struct hst_activity_series {
    hst_dataset dataset;
    uint32_t area;                  /**< of the list */
    char provider[HST_CODE_BYTES];  /**< three characters, after mergers */
    char specialty[HST_CODE_BYTES]; /**< as the measures' split by specialty; of ae "" */
    const uint32_t *counts;         /**< [n_months] */
} hst_activity_series;

/**
 * Counts by data set, area, provider, specialty and month of the study's period: of apc finished
 * first episodes (the FAE rule) by ADMIDATE, of op and ae attendances (that took place) by their
 * date; duplicates out. Sorted by data set, area code, provider, specialty.
 */
typedef struct hst_activity {
    hst_period first; /**< first month; whole months of the study's period alone */
    size_t n_months;
    bool *is_incomplete; /**< [HST_N_DATASETS][n_months]: not all rows can have arrived */
    size_t n_series;
    hst_activity_series *series;
    uint32_t *counts; /**< of all series, one after the other */
} hst_activity;

void hst_activity_free(hst_activity *activity);

/** Counted in hst_count's pass when the study screens for breaks; owned by the cube; else NULL. */
const hst_activity *hst_cube_activity(const hst_cube *cube);

#endif
