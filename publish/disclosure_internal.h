/* Disclosure control: what its files share. */
#ifndef HESTIA_PUBLISH_DISCLOSURE_INTERNAL_H
#define HESTIA_PUBLISH_DISCLOSURE_INTERNAL_H

#include "hestia/publish.h"

/* ---- single numbers (disclosure_rounding.c) ---- */

/* Parameters of the study's rule. */
typedef struct disclosure_rule {
    int64_t min, round;
    int64_t total_round; /* of England's counts and those of whole extracts; 1: they are exact */
    int decimals;
} disclosure_rule;

/* The rule of a study. Totals are rounded to a multiple of `round` that is at least half of `min`:
 * the difference of two of them then leaves open what a hidden count is. */
disclosure_rule disclosure_rule_of(const hst_study *study);

/* What a reader knows of a count: both ends included. */
typedef struct disclosure_range {
    int64_t low, high;
} disclosure_range;

/* 1 to min - 1. */
bool disclosure_is_small(const disclosure_rule *rule, double count);

/* The nearest multiple of `round`, but never 0 for a count above it; 0 and missing stay. */
int64_t disclosure_round_count(const disclosure_rule *rule, int64_t count);

/* The same of a total. */
int64_t disclosure_round_total(const disclosure_rule *rule, int64_t count);

/* The same of a sum, as of bed days; NAN stays. */
double disclosure_round_sum(const disclosure_rule *rule, double sum);

/* The counts that are shown as this one is, of those that are not small; of totals also those. */
disclosure_range disclosure_bucket(const disclosure_rule *rule, int64_t count);
disclosure_range disclosure_total_bucket(const disclosure_rule *rule, int64_t count);

/* How many decimals a finite value has: `decimals` from 10 on, below those of three significant
 * figures. */
int disclosure_decimals(const disclosure_rule *rule, double value);

/* A value to its decimals; NAN and infinite ones stay. */
double disclosure_round_real(const disclosure_rule *rule, double value);

/* ---- cells (disclosure_cells.c) ---- */

/* What of a cell is shown. */
typedef enum cell_state {
    CELL_SHOWN,
    CELL_NO_VALUES, /* its count alone, rounded: values and limits would give it back */
    CELL_SMALL,     /* nothing: a small count */
    CELL_WITHHELD   /* nothing, though it is not small: it would give a small one back */
} cell_state;

/* Counts of a measure: what is counted, or what that is divided by where it is a count, too. */
typedef enum cell_layer { LAYER_COUNT, LAYER_DENOMINATOR } cell_layer;

/* Which count: of a measure (or cohort) and layer, a comparator or area, days and split value. */
typedef struct cell_key {
    uint32_t unit;     /* comparators, then areas */
    uint16_t track;    /* disclosure_track of measure and layer */
    uint16_t split;    /* 0: all together */
    hst_date from, to; /* inclusive */
} cell_key;

/* What notes say of a count: whether it is below the measure's min_events. */
typedef enum cell_cut { CUT_NONE, CUT_BELOW, CUT_FROM } cell_cut;

/* A count that is published once or several times. */
typedef struct disclosure_cell {
    cell_key key;
    uint32_t row;   /* the first of the results; */
    uint8_t n_rows; /* 0: none there */
    uint8_t state;  /* a cell_state */
    uint8_t cut;    /* a cell_cut */
    bool is_national;
    bool has_values;    /* published values worked out from the true count give it back */
    bool is_of_service; /* of its baseline or review */
    bool is_span;       /* of a service's baseline or review alone, no period of the results */
    bool is_open;       /* small, and yet a reader must take it for any count that is hidden */
    int64_t count;      /* the true one */
} disclosure_cell;

typedef struct disclosure_cells {
    const hst_publication *publication;
    disclosure_rule rule;
    size_t n, capacity;
    disclosure_cell *items;
    size_t n_slots;  /* a power of two */
    uint64_t *slots; /* [n_slots]: by the hash of a key, its upper half and its cell's number plus
                        1; 0: free */
    size_t n_splits, n_split_slots;
    const char **splits;   /* [n_splits]: [0] is ""; of all measures */
    uint32_t *split_slots; /* by the hash of a text its number plus 1 */
} disclosure_cells;

#define CELL_NONE UINT32_MAX

/* All cells of a publication, small ones marked; HST_ERR_RANGE: too many of something. */
HST_MUST_CHECK hst_status disclosure_cells_create(disclosure_cells *out,
                                                  const hst_publication *publication,
                                                  const disclosure_rule *rule, hst_error *err);
void disclosure_cells_clear(disclosure_cells *cells);

/* Number of a cell, CELL_NONE when there is none. */
uint32_t disclosure_cell_find(const disclosure_cells *cells, size_t measure, cell_layer layer,
                              bool is_group, size_t area, hst_date from, hst_date to,
                              const char *split);

/* True for statistics whose values are worked out from true numbers, also where the count is
 * rounded; repeat-adjusted limits hold the true number of events, too. */
bool disclosure_is_from_true_numbers(const hst_measure *measure);

/* True when a filter asks for single providers or practices: then England's count is not national.
 */
bool disclosure_asks_for_providers(const hst_where *where);

/* True for means of stays, whose denominator is the count itself. */
bool disclosure_is_mean(const hst_measure *measure);

/* Cells of a row of the results: that of its count, and that of its denominator where that is
 * another count (CELL_NONE). */
uint32_t disclosure_cell_of_row(const disclosure_cells *cells, const hst_result *row);
uint32_t disclosure_denominator_of_row(const disclosure_cells *cells, const hst_result *row);

/* A track is a measure's (or cohort's) counts of one layer. */
static inline uint16_t disclosure_track(size_t measure, cell_layer layer)
{
    return (uint16_t)(2 * measure + (size_t)layer);
}

static inline size_t disclosure_measure_of(uint16_t track)
{
    return track / 2;
}

/* Number under which a cohort's cells stand among those of the measures. */
size_t disclosure_cohort_measure(const hst_study *study, size_t cohort);

/* Number of the cell of a key, CELL_NONE when there is none. */
uint32_t disclosure_cell_at(const disclosure_cells *cells, const cell_key *key);

/* Cells of the split values of a total stand beside it: the first and the one after the last. */
void disclosure_find_splits(const disclosure_cells *cells, uint32_t total, uint32_t *first,
                            uint32_t *end);

/* True when nothing of a cell is shown; CELL_NONE is not hidden. */
bool disclosure_is_hidden(const disclosure_cells *cells, uint32_t cell);

/* The count as it is shown: true, rounded, or -1. */
int64_t disclosure_shown_count(const disclosure_cells *cells, uint32_t cell);

/* What a reader knows of a cell's count. */
disclosure_range disclosure_known(const disclosure_cells *cells, const disclosure_cell *cell);

/* Days from..to: a period. */
typedef struct cell_span {
    hst_date from, to; /* inclusive */
} cell_span;

/* ---- models of series of counts (disclosure_models.c) ---- */

/* True when models of a service's site and measure are not shown: they were fitted to counts, one
 * of which is small. */
bool disclosure_is_model_withheld(const disclosure_cells *cells, size_t service, size_t site,
                                  size_t measure);

/* ---- what counts have to do with each other (disclosure_tracks.c) ---- */

enum { N_PERIOD_TYPES = 3, MAX_OPTIONS = 12, MAX_PARTS = 48 };

/* How the events of one track move with those of another. */
typedef struct track_part {
    uint16_t track;
    int sign;
} track_part;

/* One way in which an event of a track can be there or not: what else changes with it. */
typedef struct track_option {
    size_t n;
    track_part parts[MAX_PARTS]; /* [0] is the track itself, sign 1 */
} track_option;

/* How many cells after its total a split value stands, in every period. */
typedef struct split_place {
    uint16_t split; /* 0: a free slot */
    uint32_t after_total;
} split_place;

/* Where the split values of one unit stand. */
typedef struct unit_places {
    size_t n, n_slots;          /* a power of two, or 0 */
    split_place *slots;         /* [n_slots]: by the last bits of the split value's number */
    uint64_t n_totals, n_cells; /* periods that it has, and its cells of split values in them */
    bool is_irregular;          /* some stand elsewhere, or are not there in every period */
} unit_places;

/* One measure's counts of one layer. */
typedef struct disclosure_track_info {
    bool is_used;
    bool has_values;       /* some of its cells have */
    bool is_of_sex_or_age; /* counts people of one sex or of some ages alone */
    hst_split split;
    size_t n_periods[N_PERIOD_TYPES];                   /* months, quarters, years */
    cell_span *periods[N_PERIOD_TYPES];                 /* in order */
    size_t first_period[N_PERIOD_TYPES], n_all_periods; /* numbers of them: months first */
    uint32_t *totals;   /* [unit][n_all_periods]: cells that are not split; NULL: no periods */
    unit_places *units; /* [unit]; NULL: no periods */
    size_t n_spans;
    uint32_t *spans; /* [n_spans]: cells of services' baselines and reviews */
    size_t n_options;
    track_option options[MAX_OPTIONS];
    size_t n_larger, n_smaller, n_same; /* tracks that are never below it, never above, both */
    uint16_t *larger, *smaller, *same;
} disclosure_track_info;

/* A comparator that an area is in. */
typedef struct area_group {
    uint32_t group;
    double weight;
} area_group;

typedef struct disclosure_tracks {
    const disclosure_cells *cells;
    size_t n;
    disclosure_track_info *items;
    size_t n_areas, n_groups;
    size_t *first_group; /* [n_areas + 1]: of each area in `groups` */
    area_group *groups;
} disclosure_tracks;

HST_MUST_CHECK hst_status disclosure_tracks_create(disclosure_tracks *out,
                                                   const disclosure_cells *cells, hst_error *err);
void disclosure_tracks_clear(disclosure_tracks *tracks);

/* ---- where cells stand (disclosure_index.c) ---- */

/* Lists where the cells of all tracks stand, whose periods are known. */
HST_MUST_CHECK hst_status disclosure_index_create(disclosure_tracks *tracks, hst_error *err);
void disclosure_index_clear(disclosure_tracks *tracks);

/* Number of the period of a track and type that holds a span; false when it publishes none. */
bool disclosure_find_period(const disclosure_track_info *track, size_t type, cell_span span,
                            size_t *out);

/* The cells of a unit, track and split value in all periods. */
typedef struct cell_line {
    const disclosure_tracks *tracks;
    uint32_t unit;
    uint16_t track, split;
    bool is_empty, is_irregular;
    uint32_t after_total;
} cell_line;

cell_line disclosure_line_of(const disclosure_tracks *tracks, uint32_t unit, uint16_t track,
                             uint16_t split);

/* The same as disclosure_cell_at of a line's cell in a period of the track, by its number. */
uint32_t disclosure_cell_on(const cell_line *line, size_t period);

/* ---- releases of two nights (disclosure_nights.c) ---- */

/* Takes the values of cells that would tell a count in them which is, or may have been last night,
 * a small one. */
void disclosure_part_nights(disclosure_cells *cells, const disclosure_tracks *tracks);

/* ---- other worlds (disclosure_search.c, disclosure_worlds.h) ---- */

/*
 * Finds for every small count another world, one event different, in which all that is released
 * would be the same; where there is none, withholds what it takes, at the least cost.
 *
 * Returns HST_ERR_ARGUMENT when a small count has none whatever is withheld; HST_ERR_MEMORY.
 */
HST_MUST_CHECK hst_status disclosure_certify(disclosure_cells *cells,
                                             const disclosure_tracks *tracks, hst_error *err);

/* ---- what is released (disclosure_rows.c, disclosure_services.c, disclosure_tables.c) ---- */

/*
 * A value as the rule shows it, before its digits: worked out again where it is one of counts
 * alone, else as it is.
 *
 * count: the true one; shown, shown_pop: count and denominator as they are shown
 */
double disclosure_value_of_shown(const disclosure_rule *rule, const hst_measure *measure,
                                 double value, double count, double shown, double shown_pop);

/* Masks all rows of the results; then services, which read the masked rows; then the other tables.
 */
void disclosure_mask_rows(const disclosure_cells *cells);
HST_MUST_CHECK hst_status disclosure_mask_services(const disclosure_cells *cells, hst_error *err);
void disclosure_mask_tables(const disclosure_cells *cells, hst_disclosure *out);

#endif
