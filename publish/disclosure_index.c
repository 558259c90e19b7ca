/*
 * Where cells stand. The search for other worlds asks for thousands of cells for every small one,
 * by unit, track, period and split value; in a table of millions of slots nearly every answer would
 * wait for memory. Rows of the results come unit by unit, period by period, the total first and its
 * split values behind it, the same ones in every period: so a small table of totals and a list of
 * places after them answer, and stay in the processor's caches. Where rows come otherwise, the
 * slots are asked.
 */
#include <stdlib.h>

#include "publish/disclosure_internal.h"

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for disclosure control");
}

/* ---- periods ---- */

bool disclosure_find_period(const disclosure_track_info *track, size_t type, cell_span span,
                            size_t *out)
{
    const cell_span *periods = track->periods[type];
    size_t from = 0, to = track->n_periods[type];

    while (from < to) { /* the last that begins by then */
        size_t middle = from + (to - from) / 2;

        if (periods[middle].from <= span.from) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    if (from == 0 || periods[from - 1].to < span.to) {
        return false;
    }
    *out = track->first_period[type] + from - 1;
    return true;
}

static cell_span span_of_period(const disclosure_track_info *track, size_t period)
{
    size_t type = N_PERIOD_TYPES - 1;

    while (period < track->first_period[type]) {
        type--;
    }
    return track->periods[type][period - track->first_period[type]];
}

/* The period of just these days; false when there is none. */
static bool match_period(const disclosure_track_info *track, cell_span span, size_t *out)
{
    for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
        if (disclosure_find_period(track, type, span, out)) {
            cell_span found = span_of_period(track, *out);

            if (found.from == span.from && found.to == span.to) {
                return true;
            }
        }
    }
    return false;
}

/* ---- places of split values ---- */

/* The slot of a split value: its own, or the free one where it belongs. */
static size_t slot_of(const unit_places *unit, uint16_t split)
{
    size_t slot = split & (unit->n_slots - 1);

    while (unit->slots[slot].split != 0 && unit->slots[slot].split != split) {
        slot = (slot + 1) & (unit->n_slots - 1);
    }
    return slot;
}

/* The place of a split value of a unit; false when it has none. */
static bool find_place(const unit_places *unit, uint16_t split, uint32_t *out)
{
    const split_place *place = unit->n > 0 ? &unit->slots[slot_of(unit, split)] : NULL;

    *out = place ? place->after_total : 0;
    return place && place->split != 0;
}

/* The first cell after a total that is of other days or another unit or measure. Cells of the
 * measure's other layer stand between those of a track. */
static size_t end_of_splits(const disclosure_cells *cells, size_t total)
{
    const cell_key *key = &cells->items[total].key;
    size_t end = total + 1;

    while (end < cells->n && cells->items[end].key.unit == key->unit &&
           cells->items[end].key.from == key->from && cells->items[end].key.to == key->to &&
           disclosure_measure_of(cells->items[end].key.track) ==
               disclosure_measure_of(key->track)) {
        end++;
    }
    return end;
}

/* Split values of a unit, as they stand behind one of its totals. */
static hst_status list_places(disclosure_track_info *track, const disclosure_cells *cells,
                              size_t total, hst_error *err)
{
    const cell_key *key = &cells->items[total].key;
    unit_places *unit = &track->units[key->unit];
    size_t end = end_of_splits(cells, total);

    if (end == total + 1) {
        return HST_OK;
    }
    for (unit->n_slots = 2; unit->n_slots < 2 * (end - total);) { /* half of them stay free */
        unit->n_slots *= 2;
    }
    unit->slots = calloc(unit->n_slots, sizeof *unit->slots);
    if (!unit->slots) {
        return no_memory(err);
    }
    for (size_t i = total + 1; i < end; i++) {
        const cell_key *other = &cells->items[i].key;

        if (other->track == key->track) {
            unit->slots[slot_of(unit, other->split)] =
                (split_place){other->split, (uint32_t)(i - total)};
            unit->n++;
        }
    }
    return HST_OK;
}

/* ---- the index ---- */

static hst_status make_tables(disclosure_tracks *tracks, hst_error *err)
{
    size_t n_units = tracks->n_groups + tracks->n_areas;

    for (size_t t = 0; t < tracks->n; t++) {
        disclosure_track_info *track = &tracks->items[t];
        size_t n_totals = 0;

        for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
            track->first_period[type] = track->n_all_periods;
            track->n_all_periods += track->n_periods[type];
        }
        if (track->n_all_periods == 0) {
            continue;
        }
        if (!hst_size_multiply(n_units, track->n_all_periods, &n_totals)) {
            return hst_fail(err, HST_ERR_RANGE, "too many counts for disclosure control");
        }
        track->totals = malloc((n_totals + 1) * sizeof *track->totals);
        track->units = calloc(n_units + 1, sizeof *track->units);
        if (!track->totals || !track->units) {
            return no_memory(err);
        }
        for (size_t i = 0; i < n_totals; i++) {
            track->totals[i] = CELL_NONE;
        }
    }
    return HST_OK;
}

/* Marks the units whose cells do not all stand in their places, or not in every period. */
static void mark_irregular(disclosure_tracks *tracks)
{
    const disclosure_cells *cells = tracks->cells;

    for (size_t i = 0; i < cells->n; i++) {
        const cell_key *key = &cells->items[i].key;
        disclosure_track_info *track = &tracks->items[key->track];
        unit_places *unit = track->units ? &track->units[key->unit] : NULL;
        uint32_t total = 0, place = 0;
        size_t period = 0;

        if (unit && key->split != 0 &&
            match_period(track, (cell_span){key->from, key->to}, &period)) {
            total = track->totals[key->unit * track->n_all_periods + period];
            unit->is_irregular |=
                total == CELL_NONE || !find_place(unit, key->split, &place) || total + place != i;
            unit->n_cells++;
        }
    }
    for (size_t t = 0; t < tracks->n; t++) {
        const disclosure_track_info *track = &tracks->items[t];

        for (size_t u = 0; track->units && u < tracks->n_groups + tracks->n_areas; u++) {
            unit_places *unit = &track->units[u];

            unit->is_irregular |= unit->n_cells != (uint64_t)unit->n * unit->n_totals;
        }
    }
}

hst_status disclosure_index_create(disclosure_tracks *tracks, hst_error *err)
{
    const disclosure_cells *cells = tracks->cells;
    hst_status status = make_tables(tracks, err);

    for (size_t i = 0; i < cells->n && status == HST_OK; i++) {
        const cell_key *key = &cells->items[i].key;
        disclosure_track_info *track = &tracks->items[key->track];
        size_t period = 0;

        if (track->units && key->split == 0 &&
            match_period(track, (cell_span){key->from, key->to}, &period)) {
            track->totals[key->unit * track->n_all_periods + period] = (uint32_t)i;
            if (track->units[key->unit].n_totals++ == 0) {
                status = list_places(track, cells, i, err);
            }
        }
    }
    if (status == HST_OK) {
        mark_irregular(tracks);
    }
    return status;
}

void disclosure_index_clear(disclosure_tracks *tracks)
{
    for (size_t t = 0; tracks->items && t < tracks->n; t++) {
        disclosure_track_info *track = &tracks->items[t];

        for (size_t u = 0; track->units && u < tracks->n_groups + tracks->n_areas; u++) {
            free(track->units[u].slots);
        }
        free(track->units);
        free(track->totals);
    }
}

cell_line disclosure_line_of(const disclosure_tracks *tracks, uint32_t unit, uint16_t track,
                             uint16_t split)
{
    const disclosure_track_info *info = &tracks->items[track];
    cell_line line = {.tracks = tracks, .unit = unit, .track = track, .split = split};

    if (!info->units) {
        line.is_empty = true;
    } else if (split != 0) {
        line.is_irregular = info->units[unit].is_irregular;
        line.is_empty =
            !line.is_irregular && !find_place(&info->units[unit], split, &line.after_total);
    }
    return line;
}

uint32_t disclosure_cell_on(const cell_line *line, size_t period)
{
    const disclosure_track_info *track = &line->tracks->items[line->track];
    uint32_t total = track->totals[line->unit * track->n_all_periods + period];

    if (line->is_irregular) {
        cell_span span = span_of_period(track, period);

        return disclosure_cell_at(
            line->tracks->cells,
            &(cell_key){line->unit, line->track, line->split, span.from, span.to});
    }
    return line->is_empty || total == CELL_NONE ? CELL_NONE : total + line->after_total;
}
