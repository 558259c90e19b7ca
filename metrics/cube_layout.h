/* How the cube lies in memory: for the files that fill and read it. */
#ifndef HESTIA_METRICS_CUBE_LAYOUT_H
#define HESTIA_METRICS_CUBE_LAYOUT_H

#include "cube_internal.h"

typedef struct split_slot {
    uint64_t key; /* split * n_units + area; splits begin at 1, so 0 = free */
    uint32_t *cells;
} split_slot;

typedef struct cube_measure {
    size_t n_cells;              /* of a slab */
    size_t n_rows, first_row[3]; /* rows of a slab; where each type's begin, if they do */
    size_t n_layers, layer_number[HST_N_LAYERS];
    uint32_t **total; /* [n_units], NULL = no event */
    size_t n_slots, n_used;
    split_slot *slots;
    size_t n_splits;
    char **splits; /* [n_splits], 0 = "" */
    /* finest periods first[type][i] to last[type][i] make up period i of a type */
    size_t *first[3], *last[3];
    size_t *whole[3];   /* [finest period]: the period of the type that holds it, or SIZE_MAX */
    hst_tally stays;    /* (split * n_units + area) * n_rows + row, then days */
    hst_tally excluded; /* area * n_rows + row */
} cube_measure;

struct hst_cube {
    const hst_measures *measures;
    const hst_areas *areas; /* comparators by number */
    size_t n_areas;         /* with the special ones */
    size_t n_units;         /* and the comparators */
    cube_measure *items;    /* [measures->n] */
    hst_coverage coverage[HST_N_DATASETS];
    hst_supply_gaps gaps;
    hst_people_totals people;
    hst_cohort_sizes *cohorts;
};

enum { STAY_BITS = 15 }; /* a stay has at most HST_LONGEST_STAY days */

static inline size_t hst_cube_find_slot(const cube_measure *item, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (item->n_slots - 1);

    while (item->slots[at].key != 0 && item->slots[at].key != key) {
        at = (at + 1) & (item->n_slots - 1);
    }
    return at;
}

/* Events, rounded up to whole layers' alignment, then the layers. */
static inline size_t hst_cube_layers_at(const cube_measure *item)
{
    return (item->n_cells + 2) / 2 * 2;
}

/* The layers of a cell stand side by side: an event changes them all. */
static inline uint64_t *hst_cube_layers_of(const cube_measure *item, const uint32_t *slab,
                                           size_t cell)
{
    return (uint64_t *)(void *)(uintptr_t)(slab + hst_cube_layers_at(item)) + cell * item->n_layers;
}

#endif
