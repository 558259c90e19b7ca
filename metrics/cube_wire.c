/* The cube on its way from one process to another, measure by measure. */
#include "cube_layout.h"

#include <stdlib.h>

/* Events and layers cell by cell, so that those without events are one row of zeros. */
static void wire_cells(const cube_measure *item, size_t n_rows, const hst_cube_cells *cells,
                       hst_wire *wire)
{
    size_t n = n_rows * item->n_row_cells;

    if (item->n_layers == 0) {
        hst_wire_counts32(wire, cells->events, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        hst_wire_counts32(wire, &cells->events[i], 1);
        hst_wire_counts(wire, &cells->layers[i * item->n_layers], item->n_layers);
    }
}

static void wire_slabs(hst_cube *cube, size_t measure, hst_wire *wire)
{
    const cube_measure *item = &cube->items[measure];

    for (size_t unit = 0; unit < cube->n_units && !wire->status; unit++) {
        hst_cube_cells cells;

        if (!hst_wire_is(wire, item->total[unit] != NULL)) {
            continue;
        }
        if (!hst_cube_take(cube, measure, 0, (uint32_t)unit, 0, &cells)) {
            hst_wire_no_memory(wire);
            break;
        }
        wire_cells(item, item->n_rows, &cells, wire);
    }
}

/* The cells of a row that is packed, or of the one that a key asks for; false when there is no
 * memory. */
static bool find_row(hst_cube *cube, size_t measure, const split_slot *packed, uint64_t key,
                     hst_cube_cells *cells)
{
    const cube_measure *item = &cube->items[measure];
    uint64_t unit = key / item->n_rows;

    if (packed) { /* hst_cube_take may make the table anew, which `packed` stands in */
        *cells = hst_cube_cells_in(item, packed->cells, 1, 0);
        return true;
    }
    return hst_cube_take(cube, measure, (uint32_t)(unit / cube->n_units),
                         (uint32_t)(unit % cube->n_units), key % item->n_rows, cells);
}

/* Rows of split values. */
static void wire_slots(hst_cube *cube, size_t measure, uint64_t end, hst_wire *wire)
{
    const cube_measure *item = &cube->items[measure];
    void **sorted =
        hst_wire_sort(wire, item->slots, item->n_slots, sizeof *item->slots, item->n_used);
    uint64_t key = 0;

    for (size_t i = 0; hst_wire_key(wire, sorted ? sorted[i] : NULL, end, &key); i++) {
        hst_cube_cells cells;

        if (!wire->packs && key < hst_cube_split_key(cube, item, 1, 0, 0)) {
            hst_wire_damaged(wire);
            break;
        }
        if (!find_row(cube, measure, sorted ? sorted[i] : NULL, key, &cells)) {
            hst_wire_no_memory(wire);
            break;
        }
        wire_cells(item, 1, &cells, wire);
    }
    free(sorted);
}

void hst_cube_wire_shape(hst_cube *cube, size_t measure, size_t n_values, hst_wire *wire)
{
    const cube_measure *item = &cube->items[measure];

    hst_wire_shape(wire, cube->n_areas);
    hst_wire_shape(wire, cube->n_units);
    hst_wire_shape(wire, item->n_rows);
    hst_wire_shape(wire, item->n_row_cells);
    for (size_t layer = 0; layer < HST_N_LAYERS; layer++) {
        hst_wire_shape(wire, item->layer_number[layer]);
    }
    hst_wire_shape(wire, n_values);
}

void hst_cube_wire(hst_cube *cube, size_t measure, size_t n_values, hst_wire *wire)
{
    cube_measure *item = &cube->items[measure];
    uint64_t end = hst_cube_split_key(cube, item, n_values + 1, 0, 0);

    wire_slabs(cube, measure, wire);
    wire_slots(cube, measure, end, wire);
    hst_tally_wire(&item->stays, end << STAY_BITS, wire);
    hst_tally_wire(&item->excluded, hst_cube_split_key(cube, item, 0, cube->n_areas, 0), wire);
}
