/* What releases of two nights tell together. Few records come between them, often one: where a
 * count was 0 and is hidden tonight, or was hidden and is shown, any number that is exact on both
 * nights and holds that count would say how many came. Nothing is remembered from one night to the
 * next, so what could be such a number on one of them is exact on none. */
#include <math.h>
#include <string.h>

#include "publish/disclosure_internal.h"

/* A count that is small, or that a night's records can have made small or more than that. */
static bool is_near_small(const disclosure_cells *cells, const disclosure_cell *cell)
{
    return !cell->is_national &&
           cell->count <= disclosure_bucket(&cells->rule, cells->rule.min).high;
}

/* The value of the measure's own statistic, NAN where there is none. */
static double value_of(const disclosure_cells *cells, const disclosure_cell *cell,
                       const hst_measure *measure)
{
    const hst_result *rows = cells->publication->results + cell->row;

    for (size_t i = 0; i < cell->n_rows; i++) {
        if (strcmp(rows[i].statistic, hst_statistic_name(measure->statistic)) == 0) {
            return fabs(rows[i].value);
        }
    }
    return NAN;
}

/*
 * True when a cell's value and limits give its count back, rounded as they are.
 *
 * A mean of n whole numbers, or one without its ends, is known to a unit of its last digit: as soon
 * as n units are more than a whole number, every n has one that fits. Of n events and a rate v,
 * (upper - v) / (v - lower) is near 1 + 1.47 / sqrt(n), so one event more makes it smaller by
 * 0.73 n^-1.5, and half a unit each way leaves it uncertain by 2 units sqrt(n) / v: that is more
 * from n^2 = 0.36 v / unit on; with room for luck, 3.
 */
static bool gives_count_back(const disclosure_cells *cells, const disclosure_cell *cell)
{
    static const double room_of_mean = 1, room_of_rate = 3;
    const hst_measure *measure = NULL;
    double value = 0, unit = 0, events = (double)cell->count;

    if (!cell->has_values || cell->n_rows == 0 || cell->is_of_service) {
        return false;
    }
    measure = &cells->publication->study->measures[disclosure_measure_of(cell->key.track)];
    value = value_of(cells, cell, measure);
    if (!isfinite(value)) {
        return false;
    }
    unit = pow(10, -disclosure_decimals(&cells->rule, value));
    return disclosure_is_mean(measure) ? events * unit < room_of_mean
                                       : events * events * unit < room_of_rate * value;
}

static void take_values(disclosure_cells *cells, const cell_key *key)
{
    uint32_t number = disclosure_cell_at(cells, key);
    disclosure_cell *cell = number == CELL_NONE ? NULL : &cells->items[number];

    if (cell && cell->state == CELL_SHOWN && gives_count_back(cells, cell)) {
        cell->state = CELL_NO_VALUES;
    }
}

/* The cells of one unit and track that hold a part: over its days or more, and over all splits. */
static void take_values_of_track(disclosure_cells *cells, const cell_key *part, uint32_t unit,
                                 uint16_t track)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};
    bool is_itself = unit == part->unit && track == part->track;

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        hst_period period = hst_period_of(types[i], part->from);
        cell_key key = {.unit = unit,
                        .track = track,
                        .split = part->split,
                        .from = period.start,
                        .to = period.end};

        if (period.end < part->to) {
            continue;
        }
        if (!is_itself || period.end > part->to) {
            take_values(cells, &key);
        }
        if (part->split != 0) {
            key.split = 0;
            take_values(cells, &key);
        }
    }
}

/* The cells of one unit that hold a part, by its measure and those of the same events. */
static void take_values_of_unit(disclosure_cells *cells, const disclosure_tracks *tracks,
                                const cell_key *part, uint32_t unit)
{
    const disclosure_track_info *track = &tracks->items[part->track];

    take_values_of_track(cells, part, unit, part->track);
    for (size_t i = 0; i < track->n_same; i++) {
        take_values_of_track(cells, part, unit, track->same[i]);
    }
}

void disclosure_part_nights(disclosure_cells *cells, const disclosure_tracks *tracks)
{
    for (size_t i = 0; i < cells->n; i++) {
        const cell_key part = cells->items[i].key;

        if (!is_near_small(cells, &cells->items[i])) {
            continue;
        }
        cells->are_totals_rounded = true;
        take_values_of_unit(cells, tracks, &part, part.unit);
        if (part.unit >= tracks->n_groups) {
            size_t area = part.unit - tracks->n_groups;

            for (size_t g = tracks->first_group[area]; g < tracks->first_group[area + 1]; g++) {
                take_values_of_unit(cells, tracks, &part, tracks->groups[g].group);
            }
        }
    }
}
