#ifndef HESTIA_METRICS_RESIDENCE_INTERNAL_H
#define HESTIA_METRICS_RESIDENCE_INTERNAL_H

#include "area_internal.h"

/** Areas of one segment's codes, so that an episode costs one look-up. */
typedef struct hst_residence {
    const hst_areas *areas;
    hst_dataset dataset;  /**< of the segment */
    size_t column;        /**< of the segment's area columns, which is the word of a record */
    uint32_t *fixed;      /**< [number]: area, or HST_RESIDENCE_DATED */
    hst_area_rule *rules; /**< [number], NULL when no code changes its area */
} hst_residence;

#define HST_RESIDENCE_DATED UINT32_MAX

/** @return HST_ERR_INPUT: the segment has none of the area columns */
HST_MUST_CHECK hst_status hst_residence_init(hst_residence *residence, const hst_areas *areas,
                                             const hst_segment *segment, hst_error *err);
void hst_residence_clear(hst_residence *residence);

/** Area of an episode on its day: ADMIDATE, else EPISTART. */
static inline uint32_t hst_residence_of(const hst_residence *residence, const hst_episode *episode)
{
    uint16_t number = hst_episode_words(episode)[residence->column];
    uint32_t area = residence->fixed[number];
    hst_day day = episode->admidate ? episode->admidate : episode->epistart;

    return area == HST_RESIDENCE_DATED
               ? hst_areas_at(residence->areas, &residence->rules[number], hst_day_to_date(day))
               : area;
}

#endif
