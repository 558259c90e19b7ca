#ifndef HESTIA_ACTIVITY_H
#define HESTIA_ACTIVITY_H

#include <stdint.h>

#include "hestia/area.h"
#include "hestia/cube.h"

/** What providers recorded, month by month: the ground of the screen for recording breaks. */

/** A series of fewer events is kept as the list of their months: a national file has hundreds of
 * thousands of these, from residents treated far from home. */
enum { HST_ACTIVITY_THIN = 32 };

/** Months of one data set, area, provider and specialty. Every series has an event. */
typedef struct hst_activity_series {
    hst_dataset dataset;
    uint32_t area;                  /**< of the list */
    char provider[HST_CODE_BYTES];  /**< three characters, after mergers; "" = not given */
    char specialty[HST_CODE_BYTES]; /**< as the measures' split by specialty, "" = not given; of ae
                                       "" */
    uint64_t total;                 /**< events of all months */
    const uint32_t *counts;         /**< [n_months]; NULL when total < HST_ACTIVITY_THIN */
    const uint16_t *months;         /**< then: month of each event, [total], in order; else NULL */
} hst_activity_series;

/**
 * Counts by data set, area, provider, specialty and month of the study's period: of apc finished
 * first episodes (the FAE rule of domain/definitions.md, patient classes 1, 2 and 5) by ADMIDATE;
 * of op and ae attendances that took place (ATTENDED 5, 6; AEATTENDCAT 1, 3) by their date;
 * repeats out, residents of the area list alone. Sorted by data set, area code, provider,
 * specialty.
 */
typedef struct hst_activity {
    hst_period first; /**< first month; whole months of the study's period alone */
    size_t n_months;
    bool *is_incomplete; /**< [HST_N_DATASETS][n_months]: not all rows can have arrived */
    size_t n_series;
    hst_activity_series *series;
    uint32_t *counts; /**< of the series that are not thin, one after the other */
    uint16_t *months; /**< of the thin ones */
} hst_activity;

void hst_activity_free(hst_activity *activity);

/** Events of one month of a series, thin or not. */
uint32_t hst_activity_at(const hst_activity_series *series, size_t month);

/** Adds the months of a series, thin or not, to `counts` [n_months]. */
void hst_activity_add(const hst_activity *activity, const hst_activity_series *series,
                      uint32_t *counts);

/** Counted in hst_count's pass when the study screens for breaks; owned by the cube; else NULL. */
const hst_activity *hst_cube_activity(const hst_cube *cube);

#endif
