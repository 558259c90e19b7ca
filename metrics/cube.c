/*
 * The cube: a slab of counts per measure, area and split value, made when the first event comes.
 *
 * A slab holds the events of each cell in 32 bits (enough: hst_count refuses stores of 2^32
 * episodes) and after them the measure's layers in 64. Its rows are the finest periods, and coarser
 * ones are their sums; where sums would count people or stays twice, the rows of each type follow
 * one another.
 */
#include "cube_layout.h"

#include <stdlib.h>
#include <string.h>

static size_t finest_periods(const hst_compiled_measure *measure, const hst_period **periods)
{
    *periods = measure->periods[hst_by_index(measure->finest)];
    return measure->n_periods[hst_by_index(measure->finest)];
}

/* Which finest periods make up each coarser one: both lists are in order. */
static hst_status join_periods(cube_measure *item, const hst_compiled_measure *measure,
                               hst_error *err)
{
    const hst_period *finest = NULL;
    size_t n_finest = finest_periods(measure, &finest);

    for (size_t type = 0; type < 3; type++) {
        size_t n = measure->n_periods[type], at = 0;

        item->first[type] = calloc(n + 1, sizeof *item->first[type]);
        item->last[type] = calloc(n + 1, sizeof *item->last[type]);
        item->whole[type] = malloc((n_finest + 1) * sizeof *item->whole[type]);
        if (!item->first[type] || !item->last[type] || !item->whole[type]) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the periods");
        }
        for (size_t i = 0; i < n_finest; i++) {
            item->whole[type][i] = SIZE_MAX;
        }
        for (size_t i = 0; i < n; i++) {
            while (at < n_finest && finest[at].start < measure->periods[type][i].start) {
                at++;
            }
            item->first[type][i] = at;
            while (at < n_finest && finest[at].end < measure->periods[type][i].end) {
                at++;
            }
            item->last[type][i] = at;
            for (size_t k = item->first[type][i]; k <= at; k++) {
                item->whole[type][k] = i;
            }
        }
    }
    return HST_OK;
}

/* Rows and layers of a measure's slabs. */
static hst_status shape_slabs(cube_measure *item, const hst_compiled_measure *measure,
                              size_t n_bands, hst_error *err)
{
    size_t n_cells = 0;

    for (size_t type = 0; type < 3; type++) {
        bool has_rows = measure->rows_by_type || type == hst_by_index(measure->finest);

        item->first_row[type] = item->n_rows;
        item->n_rows += has_rows ? measure->n_periods[type] : 0;
    }
    for (size_t layer = 0; layer < HST_N_LAYERS; layer++) {
        item->layer_number[layer] =
            measure->layers >> layer & 1 ? item->n_layers++ : (size_t)HST_N_LAYERS;
    }
    item->n_row_cells = HST_N_SEXES * (n_bands + 1);
    if (!hst_size_multiply(item->n_rows, item->n_row_cells, &n_cells) || n_cells > SIZE_MAX / 64) {
        return hst_fail(err, HST_ERR_RANGE, "too many cells in the cube");
    }
    return HST_OK;
}

hst_status hst_cube_create(hst_cube **out, const hst_measures *measures, const hst_areas *areas,
                           hst_error *err)
{
    hst_cube *cube = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    cube = calloc(1, sizeof *cube);
    if (!cube) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the cube");
    }
    cube->measures = measures;
    cube->areas = areas;
    cube->n_areas = hst_areas_n(areas) + 3;
    cube->n_units = cube->n_areas + hst_areas_n_groups(areas);
    cube->items = calloc(measures->n + 1, sizeof *cube->items);
    if (!cube->items) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the cube");
        goto done;
    }
    for (size_t m = 0; m < measures->n && !status; m++) {
        cube_measure *item = &cube->items[m];

        item->total = calloc(cube->n_units + 1, sizeof(uint32_t *));
        status = item->total ? shape_slabs(item, &measures->items[m], measures->bands.n, err)
                             : hst_fail(err, HST_ERR_MEMORY, "no memory for the cube");
        if (!status) {
            status = join_periods(item, &measures->items[m], err);
        }
    }
    if (status) {
        goto done;
    }
    *out = cube;
    cube = NULL; /* now the caller's */

done:
    hst_cube_free(cube);
    return status;
}

void hst_cube_add_coverage(hst_cube *cube, const hst_segment_info *info)
{
    hst_coverage_add(&cube->coverage[info->dataset], info);
}

/* What a period lacks of the rows of a data set. */
static hst_lack lack_of(const hst_cube *cube, hst_dataset dataset, bool by_discharge,
                        const hst_period *period)
{
    hst_lack lack = hst_coverage_lack(&cube->coverage[dataset], period,
                                      by_discharge || dataset != HST_DATASET_APC);

    return lack == HST_LACK_NONE && hst_supply_is_short(&cube->gaps, dataset, period)
               ? HST_LACK_PROVIDER
               : lack;
}

hst_lack hst_cube_lack(const hst_cube *cube, size_t measure, const hst_period *period)
{
    const hst_compiled_measure *item = &cube->measures->items[measure];

    if (item->measure->is_table) { /* its file holds what there is */
        return HST_LACK_NONE;
    }
    return lack_of(cube, item->dataset, item->by_discharge, period);
}

void hst_cube_set_activity(hst_cube *cube, hst_activity *activity)
{
    hst_period month = activity ? activity->first : (hst_period){0};

    cube->activity = activity;
    for (size_t i = 0; activity && i < activity->n_months; i++, month = hst_period_next(&month)) {
        for (size_t dataset = HST_DATASET_APC; dataset < HST_N_DATASETS; dataset++) {
            activity->is_incomplete[dataset * activity->n_months + i] =
                lack_of(cube, (hst_dataset)dataset, false, &month) != HST_LACK_NONE;
        }
    }
}

const hst_activity *hst_cube_activity(const hst_cube *cube)
{
    return cube->activity;
}

hst_status hst_cube_check_supply(hst_cube *cube, const hst_supply_tally *tallies,
                                 const hst_segment *const *segments, size_t n_segments,
                                 hst_ledger *ledger, hst_error *err)
{
    const hst_measures *measures = cube->measures;

    return hst_supply_check(&cube->gaps, tallies, segments, n_segments, cube->coverage,
                            measures->mergers, measures->study->quality.max_row_drop, ledger, err);
}

bool hst_cube_is_incomplete(const hst_cube *cube, size_t measure, const hst_period *period)
{
    return hst_cube_lack(cube, measure, period) != HST_LACK_NONE;
}

static void clear_measure(cube_measure *item)
{
    for (size_t i = 0; item->splits && i < item->n_splits; i++) {
        free(item->splits[i]);
    }
    for (size_t type = 0; type < 3; type++) {
        free(item->first[type]);
        free(item->last[type]);
        free(item->whole[type]);
    }
    hst_tally_clear(&item->met);
    hst_tally_clear(&item->stays);
    hst_tally_clear(&item->excluded);
    free(item->total);
    free(item->slots);
    free(item->splits);
}

void hst_cube_free(hst_cube *cube)
{
    if (!cube) {
        return;
    }
    for (size_t m = 0; cube->items && m < cube->measures->n; m++) {
        clear_measure(&cube->items[m]);
    }
    hst_cohort_sizes_free(cube->cohorts);
    hst_activity_free(cube->activity);
    hst_arena_clear(&cube->memory);
    free(cube->items);
    free(cube);
}

/* ---- split values ---- */

static bool grow_slots(cube_measure *item)
{
    cube_measure grown = {.n_slots = item->n_slots ? 2 * item->n_slots : 256};

    grown.slots = calloc(grown.n_slots, sizeof *grown.slots);
    if (!grown.slots) {
        return false;
    }
    for (size_t i = 0; i < item->n_slots; i++) {
        if (item->slots[i].key != 0) {
            grown.slots[hst_cube_find_slot(&grown, item->slots[i].key)] = item->slots[i];
        }
    }
    free(item->slots);
    item->slots = grown.slots;
    item->n_slots = grown.n_slots;
    return true;
}

/* Pointer to the cells of a key, made free when it is new; NULL when there is no memory. */
static uint32_t **take_slot(cube_measure *item, uint64_t key)
{
    size_t at = 0;

    if (2 * item->n_used >= item->n_slots && !grow_slots(item)) {
        return NULL;
    }
    at = hst_cube_find_slot(item, key);
    if (item->slots[at].key == 0) {
        if (!hst_tally_add(&item->met, key / item->n_rows, 1)) {
            return NULL;
        }
        item->slots[at].key = key;
        item->n_used++;
    }
    return &item->slots[at].cells;
}

static uint32_t *make_slab(hst_cube *cube, const cube_measure *item, size_t n_rows)
{
    size_t n = n_rows * item->n_row_cells;

    return hst_arena_take(&cube->memory, hst_cube_layers_at(n) * sizeof(uint32_t) +
                                             item->n_layers * n * sizeof(uint64_t));
}

bool hst_cube_take(hst_cube *cube, size_t measure, uint32_t split, uint32_t area, size_t row,
                   hst_cube_cells *out)
{
    cube_measure *item = &cube->items[measure];
    size_t n_rows = split == 0 ? item->n_rows : 1;
    uint32_t **slab = split == 0
                          ? &item->total[area]
                          : take_slot(item, hst_cube_split_key(cube, item, split, area, row));

    if (slab && !*slab) {
        *slab = make_slab(cube, item, n_rows);
    }
    if (!slab || !*slab) {
        return false;
    }
    *out = hst_cube_cells_in(item, *slab, n_rows, split == 0 ? row : 0);
    return true;
}

uint64_t *hst_cube_layer(const hst_cube *cube, size_t measure, const hst_cube_cells *cells,
                         size_t cell, hst_layer layer)
{
    const cube_measure *item = &cube->items[measure];

    return cells->layers + cell * item->n_layers + item->layer_number[layer];
}

size_t hst_cube_row(const hst_cube *cube, size_t measure, size_t type, size_t finest)
{
    const cube_measure *item = &cube->items[measure];
    size_t period = item->whole[type][finest];

    return period == SIZE_MAX ? SIZE_MAX : item->first_row[type] + period;
}

size_t hst_cube_type_row(const hst_cube *cube, size_t measure, size_t type, size_t period)
{
    return cube->items[measure].first_row[type] + period;
}

bool hst_cube_add_stay(hst_cube *cube, size_t measure, uint32_t split, uint32_t area, size_t row,
                       uint32_t days)
{
    cube_measure *item = &cube->items[measure];
    uint64_t cell = ((uint64_t)split * cube->n_units + area) * item->n_rows + row;

    return hst_tally_add(&item->stays, cell << STAY_BITS | days, 1);
}

bool hst_cube_add_excluded(hst_cube *cube, size_t measure, uint32_t area, size_t row)
{
    cube_measure *item = &cube->items[measure];

    return hst_tally_add(&item->excluded, (uint64_t)area * item->n_rows + row, 1);
}

uint32_t *const *hst_cube_totals(const hst_cube *cube, size_t measure)
{
    return cube->items[measure].total;
}

/* ---- merging ---- */

/* Adds a slab, or hands it over where there is none yet. */
static void merge_slab(const cube_measure *item, size_t n_rows, uint32_t **into, uint32_t **from)
{
    size_t n = n_rows * item->n_row_cells;

    if (*from && !*into) {
        *into = *from;
        *from = NULL;
    } else if (*from) {
        uint64_t *a = hst_cube_layers_of(*into, n), *b = hst_cube_layers_of(*from, n);

        for (size_t i = 0; i < n; i++) {
            (*into)[i] += (*from)[i];
        }
        for (size_t i = 0; i < item->n_layers * n; i++) {
            a[i] += b[i];
        }
    }
}

hst_status hst_cube_merge(hst_cube *into, hst_cube *from, hst_error *err)
{
    for (size_t m = 0; m < into->measures->n; m++) {
        cube_measure *a = &into->items[m], *b = &from->items[m];

        for (size_t i = 0; i < into->n_units; i++) {
            merge_slab(a, a->n_rows, &a->total[i], &b->total[i]);
        }
        for (size_t i = 0; i < b->n_slots; i++) {
            uint32_t **cells = NULL;

            if (b->slots[i].key == 0) {
                continue;
            }
            cells = take_slot(a, b->slots[i].key);
            if (!cells) {
                return hst_fail(err, HST_ERR_MEMORY, "no memory for the cube");
            }
            merge_slab(a, 1, cells, &b->slots[i].cells);
        }
        if (!hst_tally_merge(&a->stays, &b->stays) ||
            !hst_tally_merge(&a->excluded, &b->excluded)) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the cube");
        }
    }
    hst_arena_absorb(&into->memory, &from->memory);
    return HST_OK;
}

/* ---- the numbers of split values ---- */

/* Keys of a tally by the new numbers of their split values, each of which has `of_split` keys. */
static void renumber_tally(hst_tally *tally, uint64_t of_split, const uint32_t *number)
{
    for (size_t i = 0; i < tally->n_slots; i++) {
        uint64_t key = tally->slots[i].key;

        if (key != 0) {
            tally->slots[i].key =
                number[(key - 1) / of_split] * of_split + (key - 1) % of_split + 1;
        }
    }
    hst_tally_sort(tally);
}

static hst_status renumber_slots(cube_measure *item, uint64_t of_split, const uint32_t *number,
                                 hst_error *err)
{
    cube_measure renumbered = {.n_slots = item->n_slots};

    renumbered.slots = calloc(item->n_slots + 1, sizeof *renumbered.slots);
    if (!renumbered.slots) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the split values");
    }
    for (size_t i = 0; i < item->n_slots; i++) {
        uint64_t key = item->slots[i].key;

        if (key != 0) {
            key = number[key / of_split] * of_split + key % of_split;
            renumbered.slots[hst_cube_find_slot(&renumbered, key)] =
                (split_slot){key, item->slots[i].cells};
        }
    }
    free(item->slots);
    item->slots = renumbered.slots;
    return HST_OK;
}

hst_status hst_cube_name_splits(hst_cube *cube, size_t measure, const char *const *values, size_t n,
                                hst_error *err)
{
    cube_measure *item = &cube->items[measure];
    uint64_t of_split = (uint64_t)cube->n_units * item->n_rows;
    uint32_t *number = calloc(n + 1, sizeof *number);
    hst_status status = HST_OK;

    item->splits = calloc(n + 1, sizeof(char *));
    if (!number || !item->splits) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the split values");
        goto done;
    }
    for (size_t i = 0; i < item->met.n_slots; i++) {
        if (item->met.slots[i].key != 0) {
            number[(item->met.slots[i].key - 1) / cube->n_units] = 1;
        }
    }
    for (size_t value = 0; value <= n; value++) {
        if (value == 0 || number[value] != 0) {
            number[value] = (uint32_t)item->n_splits;
            item->splits[item->n_splits] = strdup(value == 0 ? "" : values[value]);
            if (!item->splits[item->n_splits++]) {
                status = hst_fail(err, HST_ERR_MEMORY, "no memory for the split values");
                goto done;
            }
        }
    }
    if (item->n_slots > 0) {
        status = renumber_slots(item, of_split, number, err);
    }
    renumber_tally(&item->met, cube->n_units, number);
    renumber_tally(&item->stays, of_split << STAY_BITS, number);
    hst_tally_sort(&item->excluded);

done:
    free(number);
    return status;
}
