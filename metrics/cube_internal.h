#ifndef HESTIA_METRICS_CUBE_INTERNAL_H
#define HESTIA_METRICS_CUBE_INTERNAL_H

#include "coverage_internal.h"
#include "measure_internal.h"

/** @param n_areas  areas with the special ones */
HST_MUST_CHECK hst_status hst_cube_create(hst_cube **out, const hst_measures *measures,
                                          size_t n_areas, hst_error *err);

/**
 * Counts of one measure, split value (0 = all) and area, [period][sex][band], made on the first
 * event.
 *
 * @return NULL when there is no memory
 */
uint32_t *hst_cube_slab(hst_cube *cube, size_t measure, uint32_t split, uint32_t area);

/** Slabs of all split values together by area, NULL where no event has been; owned by the cube. */
uint32_t *const *hst_cube_totals(const hst_cube *cube, size_t measure);

/** Place of a cell in a slab. */
static inline size_t hst_cube_cell(size_t n_bands, size_t period, unsigned sex, size_t band)
{
    return (period * HST_N_SEXES + sex) * (n_bands + 1) + band;
}

/** Adds the counts of `from`, which loses its slabs. */
HST_MUST_CHECK hst_status hst_cube_merge(hst_cube *into, hst_cube *from, hst_error *err);

/** Adds what one input holds to what hst_cube_lack knows. */
void hst_cube_add_coverage(hst_cube *cube, const hst_segment_info *info);

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
