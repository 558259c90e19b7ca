/* The counts of a release, each once: several rows, tables and services show the same one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "publish/disclosure_internal.h"

enum { FIRST_SLOTS = 1024, FULL_AT_QUARTERS = 3, APRIL = 4 };

/* ---- hashing ---- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

static uint64_t hash_key(const cell_key *key)
{
    uint64_t what = (uint64_t)key->unit << 32 | (uint64_t)key->track << 16 | key->split;
    uint64_t when = (uint64_t)(uint32_t)key->from << 32 | (uint32_t)key->to;

    return mix(what ^ mix(when));
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    }
    return mix(hash);
}

static bool is_same_key(const cell_key *a, const cell_key *b)
{
    return a->unit == b->unit && a->track == b->track && a->split == b->split &&
           a->from == b->from && a->to == b->to;
}

static uint64_t upper_half(uint64_t hash)
{
    return hash & 0xffffffff00000000u;
}

/* Number of the cell in a slot that is not free. */
static uint32_t cell_in(uint64_t slot)
{
    return (uint32_t)slot - 1;
}

/* The slot of a key: its cell's, or the free one where it belongs. */
static size_t slot_of(const disclosure_cells *cells, const cell_key *key)
{
    uint64_t hash = hash_key(key);
    size_t slot = hash & (cells->n_slots - 1);

    while (cells->slots[slot] &&
           (upper_half(cells->slots[slot]) != upper_half(hash) ||
            !is_same_key(&cells->items[cell_in(cells->slots[slot])].key, key))) {
        slot = (slot + 1) & (cells->n_slots - 1);
    }
    return slot;
}

static size_t split_slot_of(const disclosure_cells *cells, const char *split)
{
    size_t slot = hash_text(split) & (cells->n_split_slots - 1);

    while (cells->split_slots[slot] &&
           strcmp(cells->splits[cells->split_slots[slot] - 1], split) != 0) {
        slot = (slot + 1) & (cells->n_split_slots - 1);
    }
    return slot;
}

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for disclosure control");
}

/* Room for one more cell, and slots of which a quarter stays free. */
static hst_status make_room(disclosure_cells *cells, hst_error *err)
{
    size_t n_slots = cells->n_slots > 0 ? 2 * cells->n_slots : FIRST_SLOTS;
    disclosure_cell *items = NULL;
    uint64_t *slots = NULL;

    if (4 * (cells->n + 1) <= FULL_AT_QUARTERS * cells->n_slots) {
        return HST_OK;
    }
    if (cells->n >= CELL_NONE / 2) {
        return hst_fail(err, HST_ERR_RANGE, "too many counts for disclosure control");
    }
    items = realloc(cells->items, n_slots * sizeof *items);
    if (items) {
        cells->items = items;
    }
    slots = calloc(n_slots, sizeof *slots);
    if (!items || !slots) {
        free(slots);
        return no_memory(err);
    }
    free(cells->slots);
    cells->slots = slots;
    cells->n_slots = n_slots;
    for (size_t i = 0; i < cells->n; i++) {
        slots[slot_of(cells, &items[i].key)] = upper_half(hash_key(&items[i].key)) | (i + 1);
    }
    return HST_OK;
}

/* Number of a split value, which is kept where it is new. */
static hst_status intern_split(disclosure_cells *cells, const char *split, uint16_t *out,
                               hst_error *err)
{
    size_t slot = 0;

    if (4 * (cells->n_splits + 1) > FULL_AT_QUARTERS * cells->n_split_slots) {
        size_t n_slots = cells->n_split_slots > 0 ? 2 * cells->n_split_slots : FIRST_SLOTS;
        uint32_t *slots = calloc(n_slots, sizeof *slots);
        const char **splits = realloc(cells->splits, n_slots * sizeof *splits);

        if (splits) {
            cells->splits = splits;
        }
        if (!slots || !splits) {
            free(slots);
            return no_memory(err);
        }
        free(cells->split_slots);
        cells->split_slots = slots;
        cells->n_split_slots = n_slots;
        for (size_t i = 0; i < cells->n_splits; i++) {
            slots[split_slot_of(cells, splits[i])] = (uint32_t)i + 1;
        }
    }
    slot = split_slot_of(cells, split);
    if (!cells->split_slots[slot]) {
        if (cells->n_splits == UINT16_MAX) {
            return hst_fail(err, HST_ERR_RANGE, "too many split values for disclosure control");
        }
        cells->splits[cells->n_splits++] = split;
        cells->split_slots[slot] = (uint32_t)cells->n_splits;
    }
    *out = (uint16_t)(cells->split_slots[slot] - 1);
    return HST_OK;
}

/* ---- cells ---- */

static uint32_t unit_of(const disclosure_cells *cells, bool is_group, size_t area)
{
    return (uint32_t)(is_group ? area : hst_areas_n_groups(cells->publication->areas) + area);
}

bool disclosure_asks_for_providers(const hst_where *where)
{
    bool asks = where->codes[HST_WHERE_PROVIDER].n > 0 || where->codes[HST_WHERE_GP_PRACTICE].n > 0;

    for (size_t i = 0; i < where->n_any && !asks; i++) {
        asks = disclosure_asks_for_providers(&where->any[i]);
    }
    return asks;
}

/* England is national; what single providers did for all of it is not. */
static bool is_national(const disclosure_cells *cells, bool is_group, size_t area,
                        const hst_measure *measure, const char *split)
{
    if (!is_group || !hst_areas_group(cells->publication->areas, area)->is_england) {
        return false;
    }
    return !measure || ((measure->split != HST_SPLIT_PROVIDER || split[0] == '\0') &&
                        !disclosure_asks_for_providers(&measure->where));
}

/* The cell of a key, a new one where there is none. */
static hst_status add_cell(disclosure_cells *cells, disclosure_cell **out, const cell_key *key,
                           int64_t count, bool is_national_one, hst_error *err)
{
    hst_status status = make_room(cells, err);
    size_t slot = 0;

    if (status != HST_OK) {
        return status;
    }
    slot = slot_of(cells, key);
    if (!cells->slots[slot]) {
        cells->items[cells->n++] = (disclosure_cell){
            .key = *key,
            .count = count,
            .is_national = is_national_one,
            .state = !is_national_one && disclosure_is_small(&cells->rule, (double)count)
                         ? CELL_SMALL
                         : CELL_SHOWN};
        cells->slots[slot] = upper_half(hash_key(key)) | cells->n;
    }
    *out = &cells->items[cell_in(cells->slots[slot])];
    return HST_OK;
}

bool disclosure_is_from_true_numbers(const hst_measure *measure)
{
    switch (measure->statistic) {
    case HST_STAT_COUNT:
    case HST_STAT_BED_DAYS:
    case HST_STAT_BED_DAY_RATE:
    case HST_STAT_READMISSION:
    case HST_STAT_GROWTH:
        return false;
    case HST_STAT_CRUDE_RATE:
        return measure->interval == HST_INTERVAL_REPEAT_ADJUSTED;
    default:
        return true;
    }
}

bool disclosure_is_mean(const hst_measure *measure)
{
    return measure->statistic == HST_STAT_MEAN_LOS || measure->statistic == HST_STAT_STD_MEAN_LOS;
}

/* The key of a row's count. */
static cell_key key_of_row(const disclosure_cells *cells, const hst_result *row, uint16_t split)
{
    return (cell_key){.unit = unit_of(cells, row->is_group, row->area),
                      .track = disclosure_track(row->measure, LAYER_COUNT),
                      .split = split,
                      .from = row->period.start,
                      .to = row->period.end};
}

/* Turns the key of a row's count into that of its denominator; false when that is no count. */
static bool turn_to_denominator(const disclosure_cells *cells, const hst_result *row, cell_key *key)
{
    const hst_measure *measure = &cells->publication->study->measures[row->measure];
    hst_period base;

    if (measure->statistic == HST_STAT_READMISSION) {
        key->track = disclosure_track(row->measure, LAYER_DENOMINATOR);
        return true;
    }
    if (measure->statistic == HST_STAT_GROWTH && measure->base &&
        hst_period_parse_as(row->period.type, measure->base, &base)) {
        key->from = base.start;
        key->to = base.end;
        return true;
    }
    return false;
}

static hst_status add_row(disclosure_cells *cells, size_t number, hst_error *err)
{
    const hst_publication *p = cells->publication;
    const hst_result *row = &p->results[number];
    const hst_measure *measure = &p->study->measures[row->measure];
    bool is_of_all = is_national(cells, row->is_group, row->area, measure, row->split);
    disclosure_cell *cell = NULL;
    uint16_t split = 0;
    cell_key key;
    hst_status status = HST_OK;

    if (measure->is_table || row->total_count < 0) {
        return HST_OK;
    }
    if ((status = intern_split(cells, row->split, &split, err)) != HST_OK) {
        return status;
    }
    key = key_of_row(cells, row, split);
    if ((status = add_cell(cells, &cell, &key, row->total_count, is_of_all, err)) != HST_OK) {
        return status;
    }
    if (cell->n_rows == 0) {
        cell->row = (uint32_t)number;
    }
    cell->n_rows++;
    if (measure->statistic == HST_STAT_DSR) {
        cell->cut = row->total_count < measure->min_events ? CUT_BELOW : CUT_FROM;
    }
    if (disclosure_is_from_true_numbers(measure) && row->total_count > 0 && !isnan(row->value)) {
        cell->has_values = true;
    }
    if (measure->statistic == HST_STAT_READMISSION && !isnan(row->total_pop)) {
        key.track = disclosure_track(row->measure, LAYER_DENOMINATOR);
        status = add_cell(cells, &cell, &key, llround(row->total_pop), is_of_all, err);
    }
    return status;
}

static hst_status add_span(disclosure_cells *cells, const hst_review *review, hst_date from,
                           hst_date to, const hst_span *span, hst_error *err)
{
    const hst_measure *measure = &cells->publication->study->measures[review->measure];
    cell_key key = {.unit = unit_of(cells, false, review->site),
                    .track = disclosure_track(review->measure, LAYER_COUNT),
                    .from = from,
                    .to = to};
    bool has_pre_post =
        cells->publication->study->impacts[review->impact].methods >> HST_IMPACT_PRE_POST &
        1u; /* its limits give the counts back */
    size_t n_before = 0;
    disclosure_cell *cell = NULL;
    hst_status status = HST_OK;

    if (measure->is_table || from == HST_DATE_MISSING || isnan(span->total_count)) {
        return HST_OK;
    }
    n_before = cells->n;
    status = add_cell(cells, &cell, &key, llround(span->total_count), false, err);
    if (status != HST_OK) {
        return status;
    }
    cell->is_of_service = true;
    cell->is_span |= cells->n > n_before;
    cell->has_values |= span->total_count > 0 && !isnan(span->value) &&
                        (disclosure_is_from_true_numbers(measure) || has_pre_post);
    if (measure->statistic == HST_STAT_READMISSION && !isnan(span->total_pop)) {
        key.track = disclosure_track(review->measure, LAYER_DENOMINATOR);
        n_before = cells->n;
        status = add_cell(cells, &cell, &key, llround(span->total_pop), false, err);
        if (status == HST_OK) {
            cell->is_of_service = true;
            cell->is_span |= cells->n > n_before;
            cell->has_values |= has_pre_post;
        }
    }
    return status;
}

/* Counts before and after of services. */
static hst_status add_services(disclosure_cells *cells, hst_error *err)
{
    const hst_impact *impact = cells->publication->impact;
    hst_status status = HST_OK;

    for (size_t i = 0; impact && i < impact->n_reviews && status == HST_OK; i++) {
        const hst_review *r = &impact->reviews[i];

        status = add_span(cells, r, r->baseline_from, r->baseline_to, &r->baseline, err);
        if (status == HST_OK) {
            status = add_span(cells, r, r->review_from, r->review_to, &r->review, err);
        }
    }
    return status;
}

size_t disclosure_cohort_measure(const hst_study *study, size_t cohort)
{
    return study->n_measures + cohort;
}

static hst_status add_cohorts(disclosure_cells *cells, hst_error *err)
{
    const hst_publication *p = cells->publication;
    hst_status status = HST_OK;

    for (size_t i = 0; i < p->n_cohort_rows && status == HST_OK; i++) {
        const hst_cohort_row *row = &p->cohort_rows[i];
        hst_period year = hst_period_of(HST_BY_YEAR, hst_date_from_civil(row->year, APRIL, 1));
        cell_key key = {.unit = unit_of(cells, row->is_group, row->area),
                        .track = disclosure_track(disclosure_cohort_measure(p->study, row->cohort),
                                                  LAYER_COUNT),
                        .from = year.start,
                        .to = year.end};
        disclosure_cell *cell = NULL;

        status = add_cell(cells, &cell, &key, (int64_t)row->members,
                          is_national(cells, row->is_group, row->area, NULL, ""), err);
    }
    return status;
}

hst_status disclosure_cells_create(disclosure_cells *out, const hst_publication *publication,
                                   const disclosure_rule *rule, hst_error *err)
{
    uint16_t none = 0;
    hst_status status = HST_OK;

    *out = (disclosure_cells){.publication = publication, .rule = *rule};
    if (publication->study->n_measures + publication->study->n_cohorts > UINT16_MAX / 2 ||
        hst_areas_n(publication->areas) + hst_areas_n_groups(publication->areas) >= CELL_NONE) {
        return hst_fail(err, HST_ERR_RANGE, "too many measures or areas for disclosure control");
    }
    status = intern_split(out, "", &none, err);
    for (size_t i = 0; i < publication->n_results && status == HST_OK; i++) {
        status = add_row(out, i, err);
    }
    if (status == HST_OK) {
        status = add_services(out, err);
    }
    if (status == HST_OK) {
        status = add_cohorts(out, err);
    }
    if (status == HST_OK) {
        status = make_room(out, err); /* slots to look in, also when there are no cells */
    }
    return status;
}

void disclosure_cells_clear(disclosure_cells *cells)
{
    free(cells->items);
    free(cells->slots);
    free(cells->splits);
    free(cells->split_slots);
    *cells = (disclosure_cells){0};
}

/* ---- questions ---- */

uint32_t disclosure_cell_at(const disclosure_cells *cells, const cell_key *key)
{
    uint64_t slot = cells->slots[slot_of(cells, key)];

    return slot ? cell_in(slot) : CELL_NONE;
}

/* The number of a split value; false when no cell has it. */
static bool find_split(const disclosure_cells *cells, const char *split, uint16_t *out)
{
    uint32_t number = cells->split_slots[split_slot_of(cells, split)];

    *out = (uint16_t)(number - 1);
    return number > 0;
}

uint32_t disclosure_cell_find(const disclosure_cells *cells, size_t measure, cell_layer layer,
                              bool is_group, size_t area, hst_date from, hst_date to,
                              const char *split)
{
    cell_key key = {.unit = unit_of(cells, is_group, area),
                    .track = disclosure_track(measure, layer),
                    .from = from,
                    .to = to};

    return find_split(cells, split, &key.split) ? disclosure_cell_at(cells, &key) : CELL_NONE;
}

uint32_t disclosure_cell_of_row(const disclosure_cells *cells, const hst_result *row)
{
    uint16_t split = 0;

    if (cells->publication->study->measures[row->measure].is_table || row->total_count < 0 ||
        !find_split(cells, row->split, &split)) {
        return CELL_NONE;
    }
    cell_key key = key_of_row(cells, row, split);

    return disclosure_cell_at(cells, &key);
}

uint32_t disclosure_denominator_of_row(const disclosure_cells *cells, const hst_result *row)
{
    uint16_t split = 0;

    if (cells->publication->study->measures[row->measure].is_table ||
        !find_split(cells, row->split, &split)) {
        return CELL_NONE;
    }
    cell_key key = key_of_row(cells, row, split);

    return turn_to_denominator(cells, row, &key) ? disclosure_cell_at(cells, &key) : CELL_NONE;
}

void disclosure_find_splits(const disclosure_cells *cells, uint32_t total, uint32_t *first,
                            uint32_t *end)
{
    const disclosure_cell *items = cells->items;
    const cell_key *key = &items[total].key;

    *first = total;
    *end = total + 1;
    while (*first > 0 && items[*first - 1].key.track == key->track &&
           items[*first - 1].key.unit == key->unit && items[*first - 1].key.from == key->from &&
           items[*first - 1].key.to == key->to) {
        (*first)--;
    }
    while (*end < cells->n && items[*end].key.track == key->track &&
           items[*end].key.unit == key->unit && items[*end].key.from == key->from &&
           items[*end].key.to == key->to) {
        (*end)++;
    }
}

bool disclosure_is_hidden(const disclosure_cells *cells, uint32_t cell)
{
    return cell != CELL_NONE &&
           (cells->items[cell].state == CELL_SMALL || cells->items[cell].state == CELL_WITHHELD);
}

int64_t disclosure_shown_count(const disclosure_cells *cells, uint32_t number)
{
    const disclosure_cell *cell = &cells->items[number];

    if (disclosure_is_hidden(cells, number)) {
        return -1;
    }
    return cell->is_national ? disclosure_round_total(&cells->rule, cell->count)
                             : disclosure_round_count(&cells->rule, cell->count);
}

disclosure_range disclosure_known(const disclosure_cells *cells, const disclosure_cell *cell)
{
    const hst_study *study = cells->publication->study;
    disclosure_range known = cell->is_national ? disclosure_total_bucket(&cells->rule, cell->count)
                                               : disclosure_bucket(&cells->rule, cell->count);

    if (cell->state == CELL_WITHHELD || cell->is_open) {
        return (disclosure_range){1, INT64_MAX};
    }
    if (cell->state == CELL_SMALL) {
        return (disclosure_range){1, cells->rule.min - 1};
    }
    if (cell->count <= 0 ||
        (cell->state == CELL_SHOWN && (cell->is_national || cell->has_values))) {
        return (disclosure_range){cell->count, cell->count};
    }
    if (cell->cut != CUT_NONE) {
        int64_t min_events = study->measures[disclosure_measure_of(cell->key.track)].min_events;

        if (cell->cut == CUT_BELOW && known.high >= min_events) {
            known.high = min_events - 1;
        } else if (cell->cut == CUT_FROM && known.low < min_events) {
            known.low = min_events;
        }
    }
    return known;
}
