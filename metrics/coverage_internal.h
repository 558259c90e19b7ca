#ifndef HESTIA_METRICS_COVERAGE_INTERNAL_H
#define HESTIA_METRICS_COVERAGE_INTERNAL_H

#include "hestia/period.h"
#include "hestia/store.h"

enum { HST_COVERAGE_FIRST_YEAR = 1930, HST_COVERAGE_YEARS = 180 };

/**
 * Up to which day the extracts hold each data year. Start it zeroed.
 *
 * A row is filed in the data year (April to March) in which its episode ends, so the admissions of
 * the last days of March stand in part in the next year's file.
 */
typedef struct hst_coverage {
    hst_day held_to[HST_COVERAGE_YEARS]; /**< 0: no extract of the year */
} hst_coverage;

/**
 * Adds what one input holds: by PARTYEAR YYYYnn the months 1 to nn of a provisional year, or the
 * whole of it (nn over 12). Without PARTYEAR the years from its first admission to its last end of
 * an episode.
 */
void hst_coverage_add(hst_coverage *coverage, const hst_segment_info *info);

typedef enum hst_lack {
    HST_LACK_NONE,
    HST_LACK_YEAR,    /**< no extract of the data year */
    HST_LACK_ROWS,    /**< some rows stand in an extract that is still to come */
    HST_LACK_PROVIDER /**< a provider of many rows stopped sending */
} hst_lack;

/**
 * What a period lacks. Its rows have all arrived when the extracts go past its end; counted by
 * discharge also when they go to its end and the year is final.
 */
hst_lack hst_coverage_lack(const hst_coverage *coverage, const hst_period *period,
                           bool by_discharge);

/** Reason in audit.csv. */
const char *hst_lack_text(hst_lack lack);

#endif
