#ifndef HESTIA_METRICS_CUBE_INTERNAL_H
#define HESTIA_METRICS_CUBE_INTERNAL_H

#include "cohort_internal.h"
#include "coverage_internal.h"
#include "hestia/activity.h"
#include "measure_internal.h"
#include "supply_internal.h"
#include "tally_internal.h"

/** @param areas  borrowed while the cube lives */
HST_MUST_CHECK hst_status hst_cube_create(hst_cube **out, const hst_measures *measures,
                                          const hst_areas *areas, hst_error *err);

/** The cells of one row: a finest period, or where the measure has rows by type see hst_cube_row.
 */
typedef struct hst_cube_cells {
    uint32_t *events; /**< [sex][band] */
    uint64_t *layers; /**< [sex][band][layers of the measure] */
} hst_cube_cells;

/**
 * Cells of one measure, split value (0 = all), area and row, made on the first event; they stay
 * where they are while the cube lives.
 *
 * @param area  also the number of a comparator's own cells, hst_cube_group_area
 * @return false when there is no memory
 */
bool hst_cube_take(hst_cube *cube, size_t measure, uint32_t split, uint32_t area, size_t row,
                   hst_cube_cells *out);

/** Slabs of all split values together by area, NULL where no event has been; owned by the cube. */
uint32_t *const *hst_cube_totals(const hst_cube *cube, size_t measure);

/** A layer of a cell, which the measure must have; the next layer of the measure stands behind it.
 */
uint64_t *hst_cube_layer(const hst_cube *cube, size_t measure, const hst_cube_cells *cells,
                         size_t cell, hst_layer layer);

/** Row of the period of a type (hst_by_index) that holds a finest one; SIZE_MAX when none does.
 * Only for measures with rows by type. */
size_t hst_cube_row(const hst_cube *cube, size_t measure, size_t type, size_t finest);

/** Row of a type's period, for the same measures. */
size_t hst_cube_type_row(const hst_cube *cube, size_t measure, size_t type, size_t period);

/** Counts a stay by its length; false when there is no memory. */
bool hst_cube_add_stay(hst_cube *cube, size_t measure, uint32_t split, uint32_t area, size_t row,
                       uint32_t days);

/** Counts an event that an excluded provider took away; false when there is no memory. */
bool hst_cube_add_excluded(hst_cube *cube, size_t measure, uint32_t area, size_t row);

/** Hands over what the pass learned of people; the cube frees `cohorts`. */
void hst_cube_set_people(hst_cube *cube, const hst_people_totals *people,
                         hst_cohort_sizes *cohorts);

/** Hands over what providers recorded, which the cube frees, and marks the months that are
 * incomplete; after hst_cube_check_supply. @param activity  may be NULL */
void hst_cube_set_activity(hst_cube *cube, hst_activity *activity);

/** Place of a cell in a slab, or with row 0 in its row. */
static inline size_t hst_cube_cell(size_t n_bands, size_t row, unsigned sex, size_t band)
{
    return (row * HST_N_SEXES + sex) * (n_bands + 1) + band;
}

/** Adds the counts of `from`, which loses its slabs. */
HST_MUST_CHECK hst_status hst_cube_merge(hst_cube *into, hst_cube *from, hst_error *err);

/** Shows a measure's shape, and then its counts, to a wire. @param n_values  that its split can
 * take; before hst_cube_name_splits */
void hst_cube_wire_shape(hst_cube *cube, size_t measure, size_t n_values, hst_wire *wire);
void hst_cube_wire(hst_cube *cube, size_t measure, size_t n_values, hst_wire *wire);

/** Adds what one input holds to what hst_cube_lack knows. */
void hst_cube_add_coverage(hst_cube *cube, const hst_segment_info *info);

/** Looks for providers that stopped sending, after the coverage is known; see hst_supply_check. */
HST_MUST_CHECK hst_status hst_cube_check_supply(hst_cube *cube, const hst_supply_tally *tallies,
                                                const hst_segment *const *segments,
                                                size_t n_segments, hst_ledger *ledger,
                                                hst_error *err);

/** What a period of a measure lacks. */
hst_lack hst_cube_lack(const hst_cube *cube, size_t measure, const hst_period *period);

/** Gives the split values met their numbers: `values[1..n]` are sorted as bytes. */
HST_MUST_CHECK hst_status hst_cube_name_splits(hst_cube *cube, size_t measure,
                                               const char *const *values, size_t n, hst_error *err);

/** Sum of a measure over sexes and bands of one area and finest period. */
uint64_t hst_cube_period_total(const hst_cube *cube, size_t measure, size_t area, size_t period);

/** Sum of a measure over periods, sexes and bands of one area. */
uint64_t hst_cube_area_total(const hst_cube *cube, size_t measure, size_t area);

#endif
