#ifndef HESTIA_CUBE_H
#define HESTIA_CUBE_H

#include <stdint.h>

#include "hestia/area.h"
#include "hestia/condition.h"
#include "hestia/england.h"
#include "hestia/ledger.h"
#include "hestia/period.h"
#include "hestia/store.h"
#include "hestia/study.h"

/** Sexes of a cube. */
enum { HST_SEX_MALE, HST_SEX_FEMALE, HST_SEX_OTHER, HST_N_SEXES };

/** Age bands used for counting: band of each year of age 0 to 120, then the unknown age in a band
 * of its own. */
typedef struct hst_age_bands {
    size_t n; /**< bands without the unknown one, which is number n */
    uint8_t of_age[121];
    int lower[128], upper[128]; /**< upper 999 = open */
} hst_age_bands;

/**
 * Counts in integers: measure × area × period (of the finest type that the measure asks for) × sex
 * × age band, and for a split measure × split value. Coarser periods are sums of finer ones.
 */
typedef struct hst_cube hst_cube;

/** One measure made ready to be asked of episodes. */
typedef struct hst_measures hst_measures;

/**
 * Compiles the measures of a study: groups of methods to codes, condition sets, positions, windows.
 *
 * @return HST_ERR_USAGE: unknown set (with the nearest), a method code that does not exist; unit or
 * statistic that this version does not count (study line named)
 */
HST_MUST_CHECK hst_status hst_measures_compile(hst_measures **out, const hst_study *study,
                                               const hst_conditions *conditions,
                                               const hst_age_bands *bands, hst_error *err);
void hst_measures_free(hst_measures *measures);

/** One sentence: the filter in force, in words ("Finished first episodes dated by admission:
 * admission method 21, 22, ...; ..."). */
const char *hst_measures_definition(const hst_measures *measures, size_t measure);

/** The code that a provider of the study file counts under: that of the trust it was merged into,
 * or its own. Borrowed, of `measures` or `code`. */
const char *hst_measures_provider(const hst_measures *measures, const char *code);

/** Complete periods of one type inside the measure's window, in order. */
size_t hst_measures_periods(const hst_measures *measures, size_t measure, hst_by type,
                            const hst_period **periods);

/** Finest period type of a measure. */
hst_by hst_measures_finest(const hst_measures *measures, size_t measure);

/** How a count is done. */
typedef struct hst_count_options {
    hst_team *team; /**< NULL: alone. Each member counts a share of the partitions, and all have the
                       sums */
    int n_threads;
    size_t memory_bytes;               /**< for all threads together; 0: 1 GiB */
    const struct hst_cohorts *cohorts; /**< NULL: the study has none */
    /** Only partitions first, first + step, first + 2 step, .. are counted: what one of several
     * processes does. Step 0: all of them. */
    size_t partition_first, partition_step;
} hst_count_options;

/**
 * Counts all measures in one pass over the store's partitions, with duplicates removed by the
 * study's rule, and in the same pass England's totals.
 *
 * Ledger lines (stage "metrics"): per measure what was not counted and why: no date, outside the
 * window or in a period that the window cuts, unknown area, not England, OTHER, sex or age unknown
 * (kept in the cube), excluded provider; per dataset: duplicate. Stage "coverage": per measure and
 * period whose rows cannot all have arrived, the events of all areas.
 * @param england  receives England's totals; NULL: not wanted
 * @return HST_ERR_INPUT: share of unknown areas over quality.max_unknown_area (per file, with the
 * column used); damaged segment
 */
HST_MUST_CHECK hst_status hst_count(hst_cube **out, hst_england **england,
                                    const hst_measures *measures, const hst_study *study,
                                    const hst_areas *areas, const hst_segment *const *segments,
                                    size_t n_segments, const hst_count_options *options,
                                    hst_ledger *ledger, hst_error *err);
void hst_cube_free(hst_cube *cube);

/** Split values met for a measure: index 0 is "" (the total), then codes sorted as bytes. */
size_t hst_cube_n_splits(const hst_cube *cube, size_t measure);
const char *hst_cube_split(const hst_cube *cube, size_t measure, size_t split);

/**
 * Events of one cell.
 *
 * @param area    area number, or one of hst_area_special
 * @param period  index in hst_measures_periods of `type`
 * @param band    band number; bands->n for unknown age
 */
uint64_t hst_cube_events(const hst_cube *cube, size_t measure, size_t split, size_t area,
                         hst_by type, size_t period, unsigned sex, size_t band);

/** What is added up beside the events of a cell, for the statistics that need it. */
typedef enum hst_layer {
    HST_LAYER_DAYS,         /**< days of stay: sum (capped where the measure has a cap); or the bed
                               days placed in the period */
    HST_LAYER_DAYS_SQUARED, /**< sum of their squares */
    HST_LAYER_SQUARES,      /**< sum over people of (events of the person in the cell)^2 */
    HST_LAYER_READMITTED,   /**< of the events, those followed by a readmission */
    HST_N_LAYERS
} hst_layer;

/** Numbers of hst_cube_read: of every sex and band, the unknown one included. */
enum { HST_MAX_CUBE_CELLS = HST_N_SEXES * 129 };

/**
 * All cells of an area and period at once, added to `cells` [HST_N_SEXES][bands->n + 1].
 *
 * @param layer  HST_N_LAYERS: the events
 * @return false when the area has none at all, in any period
 */
bool hst_cube_read(const hst_cube *cube, size_t layer, size_t measure, size_t split, size_t area,
                   hst_by type, size_t period, uint64_t *cells);

/** True when the area has an event of the split value in some period. */
bool hst_cube_has(const hst_cube *cube, size_t measure, size_t split, size_t area);

/**
 * True when the measure counts people (unit person, repeat-adjusted limits): then an area's people
 * do not add up over areas or periods, each comparator without weights has cells of its own, and
 * cells are read by hst_cube_group_area.
 */
bool hst_cube_counts_people(const hst_cube *cube, size_t measure);

/** Number to read the own cells of a comparator by, in the place of an area's; SIZE_MAX: it has
 * none (the measure does not count people, or members have weights), so add up its members. */
size_t hst_cube_group_area(const hst_cube *cube, size_t measure, size_t group);

/** Sum of a layer in one cell, as hst_cube_events; 0 where the measure does not have the layer. */
uint64_t hst_cube_sum(const hst_cube *cube, hst_layer layer, size_t measure, size_t split,
                      size_t area, hst_by type, size_t period, unsigned sex, size_t band);

/** Stays of one length. */
typedef struct hst_stay_count {
    uint32_t days;
    uint64_t n;
} hst_stay_count;

/**
 * Stays of an area and period by their length in days, all sexes and ages, for `mean_los`; sorted
 * by days. `*out` is grown as needed, [*capacity]; the caller frees it.
 *
 * @return number of lengths; SIZE_MAX when there is no memory
 */
size_t hst_cube_stays(const hst_cube *cube, size_t measure, size_t split, size_t area, hst_by type,
                      size_t period, hst_stay_count **out, size_t *capacity);

/** Events of the area that `exclude_providers` took away in a period, for the note. */
uint64_t hst_cube_excluded(const hst_cube *cube, size_t measure, size_t area, hst_by type,
                           size_t period);

/** The people of a run, when its measures needed any. */
typedef struct hst_people_totals {
    bool has_spells, has_cohorts;
    uint64_t n_people, n_episodes, n_spells, n_cips;
    uint64_t n_no_sus_spell; /**< with the rule `supplied`: episodes in no spell for want of a
                                SUSSPELLID */
} hst_people_totals;

const hst_people_totals *hst_cube_people(const hst_cube *cube);

/** Sizes of the cohorts, owned by the cube; NULL when the study has none. */
const struct hst_cohort_sizes *hst_cube_cohorts(const hst_cube *cube);

/** True when not all rows of a period of the measure can have arrived: no extract of its year, or
 * the end of the last one. */
bool hst_cube_is_incomplete(const hst_cube *cube, size_t measure, const hst_period *period);

/** Rows, stays or people of one measure, area and period left after each step. */
typedef struct hst_cascade_step {
    char what[256];
    uint64_t n;
} hst_cascade_step;

/** People of an area, period, sex and age band by the number of their events in it. */
typedef struct hst_repeat_count {
    uint64_t events, people;
} hst_repeat_count;

/** One number taken apart, for `explain`. */
typedef struct hst_cascade {
    size_t n_steps;
    hst_cascade_step *steps; /**< the last is what is counted */
    size_t n_keys;
    uint64_t *keys; /**< record keys counted, sorted: of a stay its first episode's, of a person its
                       first event's; NULL when not wanted */
    size_t n_repeats;
    hst_repeat_count *repeats; /**< by events; only where limits are repeat-adjusted and the areas
                                  have no weights */
} hst_cascade;

/**
 * Takes one number apart: rows or stays of the area dated in the period → after each test and
 * filter, in words → counted: the events of the cube, its different people, or (readmission) those
 * of them that were readmitted. A comparator's members count whole, whatever their weights.
 *
 * @param out      receives what hst_cascade_clear frees
 * @param measure  not one of a table, of which nothing is counted
 * @param area     area number; or SIZE_MAX with a group number for a comparator
 */
HST_MUST_CHECK hst_status hst_count_explain(hst_cascade *out, bool wants_keys,
                                            const hst_measures *measures, size_t measure,
                                            const hst_study *study, const hst_areas *areas,
                                            size_t area, size_t group, const hst_period *period,
                                            const hst_segment *const *segments, size_t n_segments,
                                            const hst_count_options *options, hst_error *err);
void hst_cascade_clear(hst_cascade *made);

#endif
