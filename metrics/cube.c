/* The cube: a slab of counts per measure, area and split value, made when the first event comes.
 * 32 bits are enough for a cell: hst_count refuses stores of 2^32 episodes. */
#include "cube_internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct split_slot {
    uint64_t key; /* split * n_areas + area; splits begin at 1, so 0 = free */
    uint32_t *cells;
} split_slot;

typedef struct cube_measure {
    size_t n_cells;   /* of a slab */
    uint32_t **total; /* [n_areas], NULL = no event */
    size_t n_slots, n_used;
    split_slot *slots;
    size_t n_splits;
    char **splits; /* [n_splits], 0 = "" */
    /* finest periods first[type][i] to last[type][i] make up period i of a type */
    size_t *first[3], *last[3];
} cube_measure;

struct hst_cube {
    const hst_measures *measures;
    size_t n_areas;
    cube_measure *items; /* [measures->n] */
    hst_coverage coverage;
};

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
        if (!item->first[type] || !item->last[type]) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the periods");
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
        }
    }
    return HST_OK;
}

hst_status hst_cube_create(hst_cube **out, const hst_measures *measures, size_t n_areas,
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
    cube->n_areas = n_areas;
    cube->items = calloc(measures->n + 1, sizeof *cube->items);
    if (!cube->items) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the cube");
        goto done;
    }
    for (size_t m = 0; m < measures->n; m++) {
        const hst_period *finest = NULL;
        size_t n_finest = finest_periods(&measures->items[m], &finest);
        cube_measure *item = &cube->items[m];

        if (!hst_size_multiply(n_finest, HST_N_SEXES * (measures->bands.n + 1), &item->n_cells)) {
            status = hst_fail(err, HST_ERR_RANGE, "too many cells in the cube");
            goto done;
        }
        item->total = calloc(n_areas + 1, sizeof(uint32_t *));
        if (!item->total) {
            status = hst_fail(err, HST_ERR_MEMORY, "no memory for the cube");
            goto done;
        }
        status = join_periods(item, &measures->items[m], err);
        if (status) {
            goto done;
        }
    }
    *out = cube;
    cube = NULL; /* now the caller's */

done:
    hst_cube_free(cube);
    return status;
}

void hst_cube_add_coverage(hst_cube *cube, const hst_segment_info *info)
{
    hst_coverage_add(&cube->coverage, info);
}

hst_lack hst_cube_lack(const hst_cube *cube, size_t measure, const hst_period *period)
{
    return hst_coverage_lack(&cube->coverage, period, cube->measures->items[measure].by_discharge);
}

bool hst_cube_is_incomplete(const hst_cube *cube, size_t measure, const hst_period *period)
{
    return hst_cube_lack(cube, measure, period) != HST_LACK_NONE;
}

static void clear_measure(cube_measure *item, size_t n_areas)
{
    for (size_t i = 0; item->total && i < n_areas; i++) {
        free(item->total[i]);
    }
    for (size_t i = 0; i < item->n_slots; i++) {
        free(item->slots[i].cells);
    }
    for (size_t i = 0; item->splits && i < item->n_splits; i++) {
        free(item->splits[i]);
    }
    for (size_t type = 0; type < 3; type++) {
        free(item->first[type]);
        free(item->last[type]);
    }
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
        clear_measure(&cube->items[m], cube->n_areas);
    }
    free(cube->items);
    free(cube);
}

/* ---- split values ---- */

static size_t find_slot(const cube_measure *item, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (item->n_slots - 1);

    while (item->slots[at].key != 0 && item->slots[at].key != key) {
        at = (at + 1) & (item->n_slots - 1);
    }
    return at;
}

static bool grow_slots(cube_measure *item)
{
    cube_measure grown = {.n_slots = item->n_slots ? 2 * item->n_slots : 256};

    grown.slots = calloc(grown.n_slots, sizeof *grown.slots);
    if (!grown.slots) {
        return false;
    }
    for (size_t i = 0; i < item->n_slots; i++) {
        if (item->slots[i].key != 0) {
            grown.slots[find_slot(&grown, item->slots[i].key)] = item->slots[i];
        }
    }
    free(item->slots);
    item->slots = grown.slots;
    item->n_slots = grown.n_slots;
    return true;
}

/* Pointer to the slab of a key, made free when it is new; NULL when there is no memory. */
static uint32_t **take_slot(cube_measure *item, uint64_t key)
{
    size_t at = 0;

    if (2 * item->n_used >= item->n_slots && !grow_slots(item)) {
        return NULL;
    }
    at = find_slot(item, key);
    if (item->slots[at].key == 0) {
        item->slots[at].key = key;
        item->n_used++;
    }
    return &item->slots[at].cells;
}

uint32_t *hst_cube_slab(hst_cube *cube, size_t measure, uint32_t split, uint32_t area)
{
    cube_measure *item = &cube->items[measure];
    uint32_t **slab =
        split == 0 ? &item->total[area] : take_slot(item, (uint64_t)split * cube->n_areas + area);

    if (slab && !*slab) {
        *slab = calloc(item->n_cells + 1, sizeof **slab);
    }
    return slab ? *slab : NULL;
}

uint32_t *const *hst_cube_totals(const hst_cube *cube, size_t measure)
{
    return cube->items[measure].total;
}

/* ---- merging ---- */

/* Adds a slab, or hands it over where there is none yet. */
static void merge_slab(uint32_t **into, uint32_t **from, size_t n_cells)
{
    if (*from && !*into) {
        *into = *from;
        *from = NULL;
    } else if (*from) {
        for (size_t i = 0; i < n_cells; i++) {
            (*into)[i] += (*from)[i];
        }
    }
}

hst_status hst_cube_merge(hst_cube *into, hst_cube *from, hst_error *err)
{
    for (size_t m = 0; m < into->measures->n; m++) {
        cube_measure *a = &into->items[m], *b = &from->items[m];

        for (size_t i = 0; i < into->n_areas; i++) {
            merge_slab(&a->total[i], &b->total[i], a->n_cells);
        }
        for (size_t i = 0; i < b->n_slots; i++) {
            uint32_t **slab = NULL;

            if (b->slots[i].key == 0) {
                continue;
            }
            slab = take_slot(a, b->slots[i].key);
            if (!slab) {
                return hst_fail(err, HST_ERR_MEMORY, "no memory for the cube");
            }
            merge_slab(slab, &b->slots[i].cells, a->n_cells);
        }
    }
    return HST_OK;
}

hst_status hst_cube_name_splits(hst_cube *cube, size_t measure, const char *const *values, size_t n,
                                hst_error *err)
{
    cube_measure *item = &cube->items[measure];
    cube_measure renumbered = {.n_slots = item->n_slots};
    uint32_t *number = calloc(n + 1, sizeof *number);
    hst_status status = HST_OK;

    item->splits = calloc(n + 1, sizeof(char *));
    renumbered.slots = calloc(item->n_slots + 1, sizeof *renumbered.slots);
    if (!number || !item->splits || !renumbered.slots) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the split values");
        goto done;
    }
    for (size_t i = 0; i < item->n_slots; i++) {
        number[item->slots[i].key / cube->n_areas] = 1; /* met; 0 for free slots */
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
    for (size_t i = 0; i < item->n_slots; i++) {
        uint64_t key = item->slots[i].key;

        if (key != 0) {
            key = number[key / cube->n_areas] * (uint64_t)cube->n_areas + key % cube->n_areas;
            renumbered.slots[find_slot(&renumbered, key)] = (split_slot){key, item->slots[i].cells};
        }
    }
    free(item->slots);
    item->slots = renumbered.slots;
    renumbered.slots = NULL;

done:
    free(number);
    free(renumbered.slots);
    return status;
}

/* ---- reading ---- */

size_t hst_cube_n_splits(const hst_cube *cube, size_t measure)
{
    return cube->items[measure].n_splits;
}

const char *hst_cube_split(const hst_cube *cube, size_t measure, size_t split)
{
    return cube->items[measure].splits[split];
}

static const uint32_t *find_slab(const hst_cube *cube, size_t measure, size_t split, size_t area)
{
    const cube_measure *item = &cube->items[measure];

    if (split == 0) {
        return item->total[area];
    }
    if (item->n_slots == 0) {
        return NULL;
    }
    return item->slots[find_slot(item, (uint64_t)split * cube->n_areas + area)].cells;
}

uint64_t hst_cube_events(const hst_cube *cube, size_t measure, size_t split, size_t area,
                         hst_by type, size_t period, unsigned sex, size_t band)
{
    const cube_measure *item = &cube->items[measure];
    const uint32_t *slab = find_slab(cube, measure, split, area);
    size_t at = hst_by_index(type);
    uint64_t sum = 0;

    if (slab) {
        for (size_t i = item->first[at][period]; i <= item->last[at][period]; i++) {
            sum += slab[hst_cube_cell(cube->measures->bands.n, i, sex, band)];
        }
    }
    return sum;
}

uint64_t hst_cube_period_total(const hst_cube *cube, size_t measure, size_t area, size_t period)
{
    const uint32_t *slab = find_slab(cube, measure, 0, area);
    size_t n = HST_N_SEXES * (cube->measures->bands.n + 1);
    uint64_t sum = 0;

    for (size_t i = period * n; slab && i < (period + 1) * n; i++) {
        sum += slab[i];
    }
    return sum;
}

uint64_t hst_cube_area_total(const hst_cube *cube, size_t measure, size_t area)
{
    const uint32_t *slab = find_slab(cube, measure, 0, area);
    uint64_t sum = 0;

    for (size_t i = 0; slab && i < cube->items[measure].n_cells; i++) {
        sum += slab[i];
    }
    return sum;
}
