/* Reading the cube: counts of an area and period, from the rows that make up the period. */
#include "cube_layout.h"

#include <stdlib.h>

/* ---- reading ---- */

size_t hst_cube_n_splits(const hst_cube *cube, size_t measure)
{
    return cube->items[measure].n_splits;
}

const char *hst_cube_split(const hst_cube *cube, size_t measure, size_t split)
{
    return cube->items[measure].splits[split];
}

/* Cells of a row; false when it has none. */
static bool find_cells(const hst_cube *cube, size_t measure, size_t split, size_t area, size_t row,
                       hst_cube_cells *out)
{
    const cube_measure *item = &cube->items[measure];
    uint32_t *slab = NULL;

    if (split == 0) {
        slab = item->total[area];
    } else if (item->n_slots > 0) {
        uint64_t key = hst_cube_split_key(cube, item, split, area, row);

        slab = item->slots[hst_cube_find_slot(item, key)].cells;
    }
    if (slab) {
        *out = split == 0 ? hst_cube_cells_in(item, slab, item->n_rows, row)
                          : hst_cube_cells_in(item, slab, 1, 0);
    }
    return slab != NULL;
}

/* Rows of a slab that make up a period: one, or the finest ones. */
static void rows_of(const hst_cube *cube, size_t measure, hst_by type, size_t period, size_t *first,
                    size_t *last)
{
    const cube_measure *item = &cube->items[measure];
    size_t at = hst_by_index(type);

    if (cube->measures->items[measure].rows_by_type) {
        *first = *last = item->first_row[at] + period;
    } else {
        size_t finest = item->first_row[hst_by_index(cube->measures->items[measure].finest)];

        *first = finest + item->first[at][period];
        *last = finest + item->last[at][period];
    }
}

bool hst_cube_has(const hst_cube *cube, size_t measure, size_t split, size_t area)
{
    const hst_tally *met = &cube->items[measure].met;
    uint64_t key = (uint64_t)split * cube->n_units + area;
    size_t at = hst_tally_find(met, key);

    return split == 0 ? cube->items[measure].total[area] != NULL
                      : at < met->n && met->slots[at].key - 1 == key;
}

/* What a cell holds of a layer, or of the events. */
static uint64_t read_cell(const cube_measure *item, const hst_cube_cells *cells, size_t layer,
                          size_t cell)
{
    return layer == HST_N_LAYERS ? cells->events[cell]
                                 : cells->layers[cell * item->n_layers + item->layer_number[layer]];
}

static bool has_layer(const cube_measure *item, size_t layer)
{
    return layer == HST_N_LAYERS || item->layer_number[layer] < HST_N_LAYERS;
}

bool hst_cube_read(const hst_cube *cube, size_t layer, size_t measure, size_t split, size_t area,
                   hst_by type, size_t period, uint64_t *cells)
{
    const cube_measure *item = &cube->items[measure];
    size_t first = 0, last = 0;

    if (!has_layer(item, layer) || !hst_cube_has(cube, measure, split, area)) {
        return false;
    }
    rows_of(cube, measure, type, period, &first, &last);
    for (size_t row = first; row <= last; row++) {
        hst_cube_cells found;

        if (find_cells(cube, measure, split, area, row, &found)) {
            for (size_t i = 0; i < item->n_row_cells; i++) {
                cells[i] += read_cell(item, &found, layer, i);
            }
        }
    }
    return true;
}

/* One cell of it. */
static uint64_t read_one(const hst_cube *cube, size_t layer, size_t measure, size_t split,
                         size_t area, hst_by type, size_t period, unsigned sex, size_t band)
{
    const cube_measure *item = &cube->items[measure];
    size_t cell = hst_cube_cell(cube->measures->bands.n, 0, sex, band), first = 0, last = 0;
    uint64_t sum = 0;

    if (!has_layer(item, layer)) {
        return 0;
    }
    rows_of(cube, measure, type, period, &first, &last);
    for (size_t row = first; row <= last; row++) {
        hst_cube_cells found;

        if (find_cells(cube, measure, split, area, row, &found)) {
            sum += read_cell(item, &found, layer, cell);
        }
    }
    return sum;
}

uint64_t hst_cube_events(const hst_cube *cube, size_t measure, size_t split, size_t area,
                         hst_by type, size_t period, unsigned sex, size_t band)
{
    return read_one(cube, HST_N_LAYERS, measure, split, area, type, period, sex, band);
}

uint64_t hst_cube_sum(const hst_cube *cube, hst_layer layer, size_t measure, size_t split,
                      size_t area, hst_by type, size_t period, unsigned sex, size_t band)
{
    return read_one(cube, layer, measure, split, area, type, period, sex, band);
}

static int compare_days(const void *a, const void *b)
{
    const hst_stay_count *x = a, *y = b;

    return (x->days > y->days) - (x->days < y->days);
}

size_t hst_cube_stays(const hst_cube *cube, size_t measure, size_t split, size_t area, hst_by type,
                      size_t period, hst_stay_count **out, size_t *capacity)
{
    const cube_measure *item = &cube->items[measure];
    uint64_t unit = ((uint64_t)split * cube->n_units + area) * item->n_rows;
    size_t first = 0, last = 0, from = 0, to = 0, n = 0;

    rows_of(cube, measure, type, period, &first, &last);
    from = hst_tally_find(&item->stays, (unit + first) << STAY_BITS);
    to = hst_tally_find(&item->stays, (unit + last + 1) << STAY_BITS);
    if (to - from > *capacity) {
        hst_stay_count *grown = realloc(*out, (to - from) * sizeof *grown);

        if (!grown) {
            return SIZE_MAX;
        }
        *out = grown;
        *capacity = to - from;
    }
    for (size_t i = from; i < to; i++) {
        uint64_t days = (item->stays.slots[i].key - 1) & ((1 << STAY_BITS) - 1);

        (*out)[i - from] = (hst_stay_count){(uint32_t)days, item->stays.slots[i].count};
    }
    if (to > from) {
        qsort(*out, to - from, sizeof **out, compare_days);
    }
    for (size_t i = 0; i < to - from; i++) {
        if (n > 0 && (*out)[n - 1].days == (*out)[i].days) {
            (*out)[n - 1].n += (*out)[i].n;
        } else {
            (*out)[n++] = (*out)[i];
        }
    }
    return n;
}

uint64_t hst_cube_excluded(const hst_cube *cube, size_t measure, size_t area, hst_by type,
                           size_t period)
{
    const cube_measure *item = &cube->items[measure];
    size_t first = 0, last = 0;
    uint64_t sum = 0;

    rows_of(cube, measure, type, period, &first, &last);
    for (size_t i = hst_tally_find(&item->excluded, (uint64_t)area * item->n_rows + first),
                to = hst_tally_find(&item->excluded, (uint64_t)area * item->n_rows + last + 1);
         i < to; i++) {
        sum += item->excluded.slots[i].count;
    }
    return sum;
}

uint64_t hst_cube_period_total(const hst_cube *cube, size_t measure, size_t area, size_t period)
{
    hst_by finest = cube->measures->items[measure].finest;
    uint64_t sum = 0;

    for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
        for (size_t band = 0; band <= cube->measures->bands.n; band++) {
            sum += hst_cube_events(cube, measure, 0, area, finest, period, sex, band);
        }
    }
    return sum;
}

uint64_t hst_cube_area_total(const hst_cube *cube, size_t measure, size_t area)
{
    const hst_compiled_measure *item = &cube->measures->items[measure];
    uint64_t sum = 0;

    for (size_t i = 0; i < item->n_periods[hst_by_index(item->finest)]; i++) {
        sum += hst_cube_period_total(cube, measure, area, i);
    }
    return sum;
}

/* ---- people ---- */

bool hst_cube_counts_people(const hst_cube *cube, size_t measure)
{
    return cube->measures->items[measure].counts_people;
}

size_t hst_cube_group_area(const hst_cube *cube, size_t measure, size_t group)
{
    bool has_own = hst_cube_counts_people(cube, measure) &&
                   !hst_area_group_is_weighted(hst_areas_group(cube->areas, group));

    return has_own ? cube->n_areas + group : SIZE_MAX;
}

void hst_cube_set_people(hst_cube *cube, const hst_people_totals *people, hst_cohort_sizes *cohorts)
{
    cube->people = *people;
    cube->cohorts = cohorts;
}

const hst_people_totals *hst_cube_people(const hst_cube *cube)
{
    return &cube->people;
}

const hst_cohort_sizes *hst_cube_cohorts(const hst_cube *cube)
{
    return cube->cohorts;
}
