#ifndef HESTIA_METRICS_EXCLUSION_INTERNAL_H
#define HESTIA_METRICS_EXCLUSION_INTERNAL_H

#include "area_internal.h"
#include "measure_internal.h"

/** `exclude_providers` of one measure in one segment: which providers, where. */
typedef struct hst_exclusion {
    size_t n_numbers;
    bool *everywhere; /**< [provider number] */
    bool *somewhere;  /**< [provider number]: in the areas of `pairs` */
    size_t n_pairs;
    struct hst_exclusion_pair {
        uint16_t provider;
        uint32_t area;
    } * pairs;
} hst_exclusion;

/** @param mergers  the code of a trust that was merged, in the study or in the segment, stands for
 * the one that it merged into
 * @return HST_ERR_USAGE: an area that is not in the list */
HST_MUST_CHECK hst_status hst_exclusion_init(hst_exclusion *exclusion, const hst_study *study,
                                             const hst_measure *measure, const hst_mergers *mergers,
                                             const hst_areas *areas, const hst_segment *segment,
                                             hst_error *err);
void hst_exclusion_clear(hst_exclusion *exclusion);

/** True when the segment has a row of the provider, or of one that merged into it. */
bool hst_exclusion_is_met(const hst_segment *segment, const hst_mergers *mergers,
                          const char *provider);

static inline bool hst_exclusion_holds(const hst_exclusion *exclusion, uint16_t provider,
                                       uint32_t area)
{
    if (exclusion->everywhere[provider]) {
        return true;
    }
    for (size_t i = 0; exclusion->somewhere[provider] && i < exclusion->n_pairs; i++) {
        if (exclusion->pairs[i].provider == provider && exclusion->pairs[i].area == area) {
            return true;
        }
    }
    return false;
}

#endif
