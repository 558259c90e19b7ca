#ifndef HESTIA_METRICS_COUNT_INTERNAL_H
#define HESTIA_METRICS_COUNT_INTERNAL_H

#include "activity_internal.h"
#include "cube_internal.h"
#include "england_internal.h"
#include "exclusion_internal.h"
#include "filter_internal.h"
#include "people_internal.h"
#include "readmission_internal.h"
#include "residence_internal.h"
#include "rule_comparison_internal.h"
#include "split_internal.h"
#include "unit_internal.h"

/* What unit rules are asked of: rows of a data set by its number, then stays. */
enum { HST_KIND_OF_SPELLS = HST_N_DATASETS, HST_KIND_OF_CIPS, HST_N_KINDS_ASKED };

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
    uint64_t plain;            /* bits of measures that count one event in one cell */
    uint64_t unfit;            /* bits of measures with stays that are unfit for them */
    uint8_t unfit_bit[HST_PLAN_FILTERS]; /* the filter that says so */
    hst_plan *plan;
    hst_segment_plan **segment_plans; /* [n_segments] */
    size_t n_groups;
    hst_measure_group groups[HST_PLAN_FILTERS];
    size_t n_asked[HST_N_KINDS_ASKED];
    uint8_t asked[HST_N_KINDS_ASKED][HST_PLAN_FILTERS]; /* groups of each kind */
} hst_measure_pass;

typedef struct hst_event hst_event;

/* Who looks on while a measure is counted: `explain` and `export`. The functions are called from
 * all threads, of which each has its number; any of them may be NULL. */
typedef struct hst_count_watch {
    size_t measure;
    bool wants_spells; /* they are built even where no measure asks */
    void *context;
    /* A row that repeats another and is left out. */
    void (*repeat)(void *context, size_t thread, hst_dataset dataset, const hst_episode *row,
                   uint32_t area);
    /* An event that counts, before its person ends. */
    hst_status (*event)(void *context, size_t thread, const hst_event *event, uint32_t area,
                        hst_error *err);
    hst_status (*person)(void *context, size_t thread, const hst_person *person, hst_error *err);
} hst_count_watch;

/* What all threads read. */
typedef struct hst_counting {
    const hst_measures *measures;
    const hst_study *study;
    const hst_areas *areas;
    const hst_segment *const *segments;
    size_t n_segments;
    const hst_count_options *options;
    const hst_count_watch *watch; /* NULL: nobody looks on */
    hst_dataset *datasets;        /* [n_segments] */
    size_t n_passes;
    hst_measure_pass *passes;
    hst_residence *residences; /* [n_segments] */
    hst_exclusion *exclusions; /* [measure][n_segments]; only where the measure excludes */
    hst_splits *splits;
    hst_numbering *providers;    /* NULL when people are not wanted */
    hst_cohort_plan *cohorts;    /* NULL: the study has none */
    hst_activity_plan *activity; /* NULL: not counted */
    hst_people_rules rules;
    bool is_asked[HST_N_KINDS_ASKED]; /* some measure is asked of the kind */
    bool wants_people;                /* rows are gathered person by person */
    bool rows_by_person;              /* and so are the measures of rows asked */
    bool finds_returns;               /* a measure asks for readmissions */
    int longest_lookback;             /* days, of the measures of readmissions */
    bool drops_repeats;               /* the duplicate rules `nhsd` and `hf` */
    hst_area_special special;
    size_t *first_group, *groups; /* [area]: comparators with cells of their own, in `groups` */
    size_t n_slices;              /* a partition is read in so many parts */
    size_t n_bands;
    uint8_t band_of_age[256];
    uint8_t sex_of_code[256];
    uint8_t year_of_day[HST_ENGLAND_DAYS];
    uint16_t month_of_day[HST_ENGLAND_DAYS];
} hst_counting;

typedef struct hst_file_tally {
    uint64_t rows, dropped, unknown_area, flagged;
} hst_file_tally;

/* Where events of a measure went: areas of the list, and the special ones. */
enum { HST_IN_LIST, HST_IN_OTHER, HST_IN_UNKNOWN, HST_IN_NOT_ENGLAND, HST_N_PLACES };

/* An event of the person at hand that counts people: its cell is settled when all are known. */
typedef struct hst_person_event {
    hst_cube_cells cells;
    uint32_t measure, cell;
    hst_day day;
    uint64_t key;
} hst_person_event;

/* A count that waits for its cell to come from memory. */
typedef struct hst_pending {
    uint32_t *cell;
    uint64_t *sums; /* layers of days; NULL: none */
    uint64_t days;
} hst_pending;

enum { N_PENDING = 32 };

/* What a person's spells before the stay at hand say of the sets that keep it out of readmissions.
 */
typedef struct hst_sets_before {
    size_t n_spells;                       /* looked at so far */
    hst_day last[64 * HST_PLAN_USE_WORDS]; /* [set]: start of the last spell in it, 0 = none */
} hst_sets_before;

/* What one thread fills. */
typedef struct hst_count_worker {
    size_t number;
    hst_cube *cube;
    uint32_t *const **totals; /* [measure][area]: the cube's slabs, NULL where there is none yet */
    /* Cells lie far apart, so a count would wait for memory. Each is asked for when its event comes
     * and counted some events later: a quarter less time in all. */
    size_t n_pending;
    hst_pending pending[N_PENDING];
    hst_partition *partition;
    hst_people *people;
    hst_rule_comparison comparison;
    size_t n_person_events, person_event_capacity;
    hst_person_event *person_events;
    hst_returns returns;
    hst_sets_before *before;                          /* [pass] */
    uint64_t (*steps)[HST_PLAN_FILTERS][HST_N_STEPS]; /* [pass][group] */
    uint64_t *excluded, *unfit;                       /* [measure] */
    uint64_t (*places)[HST_N_PLACES];                 /* [measure] */
    hst_file_tally *files;                            /* [n_segments] */
    hst_supply_tally *supply;                         /* [n_segments] */
    hst_activity_tally activity;
    hst_england_tally england;
    hst_people_totals totals_of_people;
    hst_cohort_sizes *sizes;
    hst_status status;
    size_t failed_at; /* partition */
    hst_error err;
} hst_count_worker;

/* What is counted: a row, or a stay in the record of its first episode. */
struct hst_event {
    size_t segment;
    const hst_episode *episode;
    const uint16_t *periods;           /* [group] */
    const uint64_t *const *uses;       /* condition sets that match, by hst_which_episode */
    bool is_readmitted_to;             /* the next continuous spell begins as an emergency .. */
    uint32_t readmitted_after;         /* .. so many days after the discharge */
    size_t first_episode, end_episode; /* of a stay, among its person's; equal for a row */
};

/** Counts as hst_count does, for one who looks on. @param watch  may be NULL */
HST_MUST_CHECK hst_status hst_count_watched(hst_cube **out, hst_england **england,
                                            const hst_measures *measures, const hst_study *study,
                                            const hst_areas *areas,
                                            const hst_segment *const *segments, size_t n_segments,
                                            const hst_count_options *options,
                                            const hst_count_watch *watch, hst_ledger *ledger,
                                            hst_error *err);

/** Everything that all threads read, made ready and taken apart. */
HST_MUST_CHECK hst_status hst_counting_init(hst_counting *c, hst_error *err);
void hst_counting_clear(hst_counting *c);

/** Makes ready what one thread fills, all zeros; and frees it (all zeros are allowed). */
HST_MUST_CHECK hst_status hst_count_worker_init(hst_count_worker *w, const hst_counting *c,
                                                hst_error *err);
void hst_count_worker_clear(hst_count_worker *w, const hst_counting *c);

/** Adds what a thread counted to another's, and takes it away from it. */
HST_MUST_CHECK hst_status hst_count_worker_merge(hst_count_worker *into, hst_count_worker *from,
                                                 const hst_counting *c, hst_error *err);

/** Shows all that hst_count_worker_merge adds up to a wire. */
void hst_count_worker_wire(hst_count_worker *w, const hst_counting *c, hst_wire *wire);

/** Counts the partitions of the options in all threads. @param sum  receives what all counted,
 * which hst_count_worker_clear frees; as it was on failure */
HST_MUST_CHECK hst_status hst_count_gather(hst_count_worker *sum, const hst_counting *c,
                                           hst_error *err);

/** Makes of the sum what hst_count gives; it is of no more use but to be cleared. */
HST_MUST_CHECK hst_status hst_count_finish(hst_cube **out, hst_england **england,
                                           const hst_counting *c, hst_count_worker *sum,
                                           hst_ledger *ledger, hst_error *err);

/**
 * What a process counted, as bytes for another one: equal counts make equal bytes, whatever the
 * threads.
 *
 * @param w      keeps its counts
 * @param bytes  receives them; freed by the caller. NULL on failure
 */
HST_MUST_CHECK hst_status hst_count_pack(const hst_counting *c, hst_count_worker *w,
                                         unsigned char **bytes, size_t *n, hst_error *err);

/**
 * Adds what another process packed, as hst_count_worker_merge adds a thread's; added to a worker
 * just made, it is what the other had.
 *
 * @return HST_ERR_USAGE: the other counts something else; HST_ERR_SYSTEM: the bytes are damaged;
 * HST_ERR_RANGE: a sum does not fit. `into` is then of no more use
 */
HST_MUST_CHECK hst_status hst_count_add_packed(const hst_counting *c, hst_count_worker *into,
                                               const unsigned char *bytes, size_t n,
                                               hst_error *err);

/** Counts an event in the measures of `live`. */
HST_MUST_CHECK hst_status hst_count_event(const hst_counting *c, hst_count_worker *w,
                                          const hst_measure_pass *pass, const hst_event *event,
                                          uint64_t live);
void hst_count_pending(hst_count_worker *w);

/** Settles the cells that count people, at the end of each person. */
void hst_count_settle_person(const hst_counting *c, hst_count_worker *w);

/** Asks a row the measures of all passes, and tells the tallies of its file. */
HST_MUST_CHECK hst_status hst_count_row(const hst_counting *c, hst_count_worker *w, size_t segment,
                                        const hst_episode *episode);

/** Asks all people of the partition at hand. */
HST_MUST_CHECK hst_status hst_count_people(const hst_counting *c, hst_count_worker *w,
                                           const hst_block *blocks);

/** @return HST_ERR_INPUT: a file has more unknown areas than quality.max_unknown_area; it, its
 * column and the share are named */
HST_MUST_CHECK hst_status hst_count_check_areas(const hst_counting *c, const hst_count_worker *w,
                                                hst_error *err);

/** Fails where the rule of spells cannot work: `supplied` without a SUSSPELLID in any row. */
HST_MUST_CHECK hst_status hst_count_check_spells(const hst_counting *c, const hst_count_worker *w,
                                                 hst_error *err);

/** Writes what became of every row of every file and measure. */
HST_MUST_CHECK hst_status hst_count_audit(const hst_counting *c, const hst_count_worker *w,
                                          hst_ledger *ledger, hst_error *err);

#endif
