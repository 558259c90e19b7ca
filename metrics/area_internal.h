#ifndef HESTIA_METRICS_AREA_INTERNAL_H
#define HESTIA_METRICS_AREA_INTERNAL_H

#include "hestia/area.h"

typedef struct hst_area_span {
    hst_date from, to; /**< inclusive */
    uint32_t area;
} hst_area_span;

/** What kind of codes a column holds: decides which of them lie outside England. */
typedef enum hst_area_family {
    HST_AREA_PCT, /**< 5J6, T..; Wales 6.., Scotland S.., Northern Ireland Z.., islands Y.. */
    HST_AREA_LAD, /**< 00CY or E08000033, single letters for what is no district */
    HST_AREA_ONS, /**< nine characters: LSOA */
    HST_AREA_ANY  /**< anything else: only the pseudo codes are known */
} hst_area_family;

typedef struct hst_area_entry {
    char code[HST_CODE_BYTES];
    char *name; /* NULL = not named */
    bool is_site;
} hst_area_entry;

typedef struct hst_lookup_row {
    char from_code[HST_CODE_BYTES], to_code[HST_CODE_BYTES];
    hst_date from, to;
    size_t line;
} hst_lookup_row;

struct hst_areas {
    size_t n, capacity;
    hst_area_entry *entries; /* sorted by code */
    size_t n_rows;
    hst_lookup_row *rows; /* sorted by code, then date */
    hst_area_span *spans; /* [n_rows], of the same order */
    size_t n_groups;
    hst_area_group *groups;
    size_t n_fields;
    char (*fields)[32]; /* columns in order of preference */
};

/** Index of a code in the area list, or SIZE_MAX. */
size_t hst_areas_find(const hst_areas *areas, const char *code);

hst_area_family hst_area_family_of(const char *column);

/** What a code says of residence by itself. */
typedef enum hst_residence_says {
    HST_SAYS_NOTHING,
    HST_SAYS_UNKNOWN,
    HST_SAYS_NOT_ENGLAND
} hst_residence_says;

/** Trimmed, upper case, "5J600" cut to "5J6" (not 598.. and 599..). False when it is too long. */
bool hst_area_clean_code(const char *text, char out[HST_CODE_BYTES]);

/** What a pseudo code says, whatever the column. */
hst_residence_says hst_area_read_pseudo_code(const char *code);

/** The published test of English residence, for codes that neither list nor lookup knows. */
bool hst_area_is_english(hst_area_family family, const char *code);

/** Reads the lookup of areas.lookup; area numbers come with hst_area_lookup_number. */
HST_MUST_CHECK hst_status hst_area_lookup_read(hst_areas *areas, const char *path, hst_error *err);

/** Area numbers in place of codes, once the list stands. */
HST_MUST_CHECK hst_status hst_area_lookup_number(hst_areas *areas, hst_error *err);

/** First row of a cleaned code, and their number. */
const hst_lookup_row *hst_area_lookup_find(const hst_areas *areas, const char *code, size_t *n);

/** Makes the comparators of the study, once list and sites stand. */
HST_MUST_CHECK hst_status hst_comparators_build(hst_areas *areas, const hst_study *study,
                                                hst_error *err);

/** The areas of one code through time: that of the span which holds the day, else `otherwise`. */
typedef struct hst_area_rule {
    const hst_area_span *spans; /**< owned by the areas */
    size_t n_spans;             /**< 0 when every day gives the same area */
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
