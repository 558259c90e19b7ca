#ifndef HESTIA_METRICS_AREA_INTERNAL_H
#define HESTIA_METRICS_AREA_INTERNAL_H

#include "hestia/area.h"

/** What kind of codes a column holds: decides which of them lie outside England. */
typedef enum hst_area_family {
    HST_AREA_PCT, /**< 5J6, T..; Wales 6.., Scotland S.., Northern Ireland Z.., islands Y.. */
    HST_AREA_LAD, /**< 00CY or E08000033, single letters for what is no district */
    HST_AREA_ONS, /**< nine characters: LSOA */
    HST_AREA_ANY  /**< anything else: only the pseudo codes are known */
} hst_area_family;

/** Index of a code in the area list, or SIZE_MAX. */
size_t hst_areas_find(const hst_areas *areas, const char *code);

hst_area_family hst_area_family_of(const char *column);

typedef struct hst_area_span {
    hst_date from, to; /**< inclusive */
    uint32_t area;
} hst_area_span;

/** The areas of one code through time: that of the span which holds the day, else `otherwise`. */
typedef struct hst_area_rule {
    const hst_area_span *spans; /**< owned by the areas */
    size_t n_spans; /**< 0 when every day gives the same area */
    uint32_t otherwise;
} hst_area_rule;

hst_area_rule hst_areas_rule(const hst_areas *areas, hst_area_family family, const char *code);

/** Index of the area column, as hst_areas_column; HST_ERR_INPUT names the file and the columns that
 * were looked for. */
HST_MUST_CHECK hst_status hst_areas_require_column(const hst_areas *areas,
                                                   const hst_segment_info *info, size_t *out,
                                                   hst_error *err);

/** Area on a day; unknown when the code needs a day and there is none. */
uint32_t hst_areas_at(const hst_areas *areas, const hst_area_rule *rule, hst_date date);

#endif
