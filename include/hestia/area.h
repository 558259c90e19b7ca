#ifndef HESTIA_AREA_H
#define HESTIA_AREA_H

#include <stdint.h>

#include "hestia/ledger.h"
#include "hestia/store.h"
#include "hestia/study.h"

/** Areas of a study: the list, their names, the dated lookup, sites and comparators. */
typedef struct hst_areas hst_areas;

/** Area numbers at and after hst_areas_n are not published. */
typedef struct hst_area_special {
    uint32_t other, unknown, not_england;
} hst_area_special;

typedef struct hst_area_member {
    uint32_t area;
    double weight;
} hst_area_member;

/** A comparator as published: "England", "Similar areas", "Similar areas (5NK)". */
typedef struct hst_area_group {
    char name[96];
    char population_area[HST_CODE_BYTES]; /**< "" or the row of the population file for the whole */
    bool is_england; /**< areas: all; with population_area OTHER counts in the numerator too */
    size_t n_members;
    hst_area_member *members;
    uint32_t site; /**< the site it belongs to, UINT32_MAX for all */
} hst_area_group;

/** True when a member has a weight other than 1. */
static inline bool hst_area_group_is_weighted(const hst_area_group *group)
{
    for (size_t i = 0; i < group->n_members; i++) {
        if (group->members[i].weight != 1) {
            return true;
        }
    }
    return false;
}

/**
 * Builds the area list by the rules of domain/areas.md: `areas.names`, else the areas of the
 * population files, else every code met in `segments`. Sorted by code as bytes.
 *
 * @param population_codes  area codes of the population files (may be NULL when there are none)
 * @return HST_ERR_INPUT: lookup share other than one (line), overlapping validity, unknown
 * comparator member; HST_ERR_USAGE: a site of the study that is not in the list
 */
HST_MUST_CHECK hst_status hst_areas_build(hst_areas **out, const hst_study *study,
                                          const hst_texts *population_codes,
                                          const hst_segment *const *segments, size_t n_segments,
                                          hst_error *err);
void hst_areas_free(hst_areas *areas);

size_t hst_areas_n(const hst_areas *areas);
const char *hst_areas_code(const hst_areas *areas, size_t area);
const char *hst_areas_name(const hst_areas *areas, size_t area); /**< "" when not named */
bool hst_areas_is_site(const hst_areas *areas, size_t area);
hst_area_special hst_areas_special(const hst_areas *areas);
size_t hst_areas_n_groups(const hst_areas *areas);
const hst_area_group *hst_areas_group(const hst_areas *areas, size_t group);

/** Index of the segment's area column in use (first of `areas.field`, else by type), or SIZE_MAX.
 */
size_t hst_areas_column(const hst_areas *areas, const hst_segment_info *info);

/** Area of a cleaned code on a day. */
uint32_t hst_areas_map(const hst_areas *areas, const char *code, hst_date date);

/** True when every day gives the same area for this code (`*area`). */
bool hst_areas_map_is_fixed(const hst_areas *areas, const char *code, uint32_t *area);

#endif
