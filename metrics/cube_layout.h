/* How the cube lies in memory: for the files that fill and read it. */
#ifndef HESTIA_METRICS_CUBE_LAYOUT_H
#define HESTIA_METRICS_CUBE_LAYOUT_H

#include "arena_internal.h"
#include "cube_internal.h"

/* One row of a split value: most areas meet most values in few periods. */
typedef struct split_slot {
    uint64_t key;    /* (split * n_units + area) * n_rows + row; splits begin at 1, so 0 = free */
    uint32_t *cells; /* as in a slab of one row */
} split_slot;

typedef struct cube_measure {
    size_t n_row_cells;          /* of a row */
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
    hst_tally met;      /* split * n_units + area: split values that the area has events of */
    hst_tally stays;    /* (split * n_units + area) * n_rows + row, then days */
    hst_tally excluded; /* area * n_rows + row */
} cube_measure;

struct hst_cube {
    const hst_measures *measures;
    const hst_areas *areas; /* comparators by number */
    size_t n_areas;         /* with the special ones */
    size_t n_units;         /* and the comparators */
    cube_measure *items;    /* [measures->n] */
    hst_arena memory;       /* of all slabs */
    hst_coverage coverage[HST_N_DATASETS];
    hst_supply_gaps gaps;
    hst_people_totals people;
    hst_cohort_sizes *cohorts;
    hst_activity *activity; /* NULL: not counted */
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

/* A slab of `n_cells` holds the events, rounded up to whole layers' alignment, then the layers:
 * those of a cell side by side, since an event changes them all. */
static inline size_t hst_cube_layers_at(size_t n_cells)
{
    return (n_cells + 2) / 2 * 2;
}

static inline uint64_t *hst_cube_layers_of(const uint32_t *slab, size_t n_cells)
{
    return (uint64_t *)(void *)(uintptr_t)(slab + hst_cube_layers_at(n_cells));
}

/* The cells of a row of a slab of `n_rows`. */
static inline hst_cube_cells hst_cube_cells_in(const cube_measure *item, uint32_t *slab,
                                               size_t n_rows, size_t row)
{
    size_t n = item->n_row_cells;

    return (hst_cube_cells){slab + row * n,
                            hst_cube_layers_of(slab, n_rows * n) + row * n * item->n_layers};
}

static inline uint64_t hst_cube_split_key(const hst_cube *cube, const cube_measure *item,
                                          size_t split, size_t area, size_t row)
{
    return ((uint64_t)split * cube->n_units + area) * item->n_rows + row;
}

#endif
