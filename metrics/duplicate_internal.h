#ifndef HESTIA_METRICS_DUPLICATE_INTERNAL_H
#define HESTIA_METRICS_DUPLICATE_INTERNAL_H

#include "hestia/store.h"

/** A record that may be another's copy. */
typedef struct hst_copy {
    hst_episode *episode;
    const hst_segment *segment;
} hst_copy;

static inline int hst_compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/**
 * Order of two records by every field that is no keyed hash (those differ from store to store):
 * dates, codes, provider, specialties, practice, areas, diagnoses, procedures; codes as text. What
 * decides between copies that no rule tells apart.
 */
int hst_copy_compare_fields(const hst_copy *a, const hst_copy *b);

#endif
