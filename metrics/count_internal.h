#ifndef HESTIA_METRICS_COUNT_INTERNAL_H
#define HESTIA_METRICS_COUNT_INTERNAL_H

#include "cube_internal.h"
#include "england_internal.h"
#include "exclusion_internal.h"
#include "filter_internal.h"
#include "partition_internal.h"
#include "residence_internal.h"
#include "split_internal.h"
#include "unit_internal.h"

/* Measures of a pass that share their unit rule. */
typedef struct hst_measure_group {
    hst_unit_rule rule;
    uint64_t bits;
} hst_measure_group;

/* As many measures as one mask holds. Nearly always there is one pass. */
typedef struct hst_measure_pass {
    size_t n;
    size_t measure[HST_PLAN_FILTERS]; /* of each bit */
    uint8_t group[HST_PLAN_FILTERS];
    uint64_t excludes, splits; /* bits of measures with excluded providers, with a split */
    hst_plan *plan;
    hst_segment_plan **segment_plans; /* [n_segments] */
    size_t n_groups;
    hst_measure_group groups[HST_PLAN_FILTERS];
} hst_measure_pass;

/* What all threads read. */
typedef struct hst_counting {
    const hst_measures *measures;
    const hst_study *study;
    const hst_areas *areas;
    const hst_segment *const *segments;
    size_t n_segments;
    size_t n_passes;
    hst_measure_pass *passes;
    hst_residence *residences; /* [n_segments] */
    hst_exclusion *exclusions; /* [measure][n_segments]; only where the measure excludes */
    hst_splits *splits;
    bool drops_repeats; /* the duplicate rule `nhsd` */
    uint32_t unknown;   /* area number */
    size_t n_bands;
    uint8_t band_of_age[256];
    uint8_t sex_of_code[256];
    uint8_t year_of_day[HST_ENGLAND_DAYS];
} hst_counting;

typedef struct hst_file_tally {
    uint64_t rows, dropped, unknown_area, flagged;
} hst_file_tally;

enum { N_PENDING = 32 };

/* What one thread fills. */
typedef struct hst_count_worker {
    hst_cube *cube;
    uint32_t *const **totals; /* [measure][area]: the cube's slabs, NULL where there is none yet */
    /* Cells lie far apart, so a count would wait for memory. Each is asked for when its event comes
     * and counted some events later: a quarter less time in all. */
    size_t n_pending;
    uint32_t *pending[N_PENDING];
    hst_partition *partition;
    uint64_t (*steps)[HST_PLAN_FILTERS][HST_N_STEPS]; /* [pass][group] */
    uint64_t *excluded;                               /* [measure] */
    hst_file_tally *files;                            /* [n_segments] */
    hst_england_tally england;
    hst_status status;
    size_t failed_at; /* partition */
    hst_error err;
} hst_count_worker;

/** @return HST_ERR_INPUT: a file has more unknown areas than quality.max_unknown_area; it, its
 * column and the share are named */
HST_MUST_CHECK hst_status hst_count_check_areas(const hst_counting *c, const hst_count_worker *w,
                                                hst_error *err);

/** Writes what became of every row of every file and measure. */
HST_MUST_CHECK hst_status hst_count_audit(const hst_counting *c, const hst_count_worker *w,
                                          hst_ledger *ledger, hst_error *err);

#endif
