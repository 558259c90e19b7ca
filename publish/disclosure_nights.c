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

/* The value of the measure's own statistic as a size, NAN where there is none. */
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
 * True when a cell's value, rounded as it is, tells its count or how many events came.
 *
 * A rate moves with every event, on average by the rate over the events n: that is not seen when it
 * is less than a quarter of a unit of the last digit. England's rates are not controlled by the
 * rule, so of them it is asked whether limits give the count back: (upper - v) / (v - lower) of a
 * rate v is near 1 + 1.47 / sqrt(n), so one event more makes it smaller by 0.73 n^-1.5, and half a
 * unit each way leaves it uncertain by 2 units sqrt(n) / v, which is more from n^2 = 0.36 v / unit
 * on; with room for luck, 3. A mean of n whole numbers, or one without its ends, is known to a
 * unit: as soon as n units are more than a whole number, every n has a sum that fits. The number of
 * events is the one that is shown, so that what is withheld does not tell more of it.
 */
static bool gives_count_back(const disclosure_cells *cells, const disclosure_cell *cell)
{
    static const double unseen = 4, room = 3;
    const hst_measure *measure = NULL;
    double value = 0, unit = 0, events = 0;

    if (!cell->has_values || cell->n_rows == 0) {
        return false;
    }
    measure = &cells->publication->study->measures[disclosure_measure_of(cell->key.track)];
    value = value_of(cells, cell, measure);
    if (!isfinite(value)) {
        return false;
    }
    unit = pow(10, -disclosure_decimals(&cells->rule, value));
    events = (double)disclosure_shown_count(cells, (uint32_t)(cell - cells->items));
    if (disclosure_is_mean(measure)) {
        return events * unit < 1;
    }
    return events * unit * (cell->is_national ? events / room : 1 / unseen) < value;
}

static void take_values(const disclosure_cells *cells, uint32_t number)
{
    disclosure_cell *cell = number == CELL_NONE ? NULL : &cells->items[number];

    if (cell && cell->state == CELL_SHOWN && gives_count_back(cells, cell)) {
        cell->state = CELL_NO_VALUES;
    }
}

/* The cells of one unit, track and days that can hold a part, but for itself: all split values
 * together and the part's own; where it is not split, each of them. */
static void take_values_of_days(const disclosure_cells *cells, const cell_key *part, cell_key key)
{
    uint32_t total = disclosure_cell_at(cells, &key), first = 0, end = 0;
    bool is_itself = key.unit == part->unit && key.track == part->track && key.from == part->from &&
                     key.to == part->to;

    if (part->split != 0) {
        take_values(cells, total);
        key.split = part->split;
        take_values(cells, is_itself ? CELL_NONE : disclosure_cell_at(cells, &key));
    } else if (!is_itself && total != CELL_NONE) {
        disclosure_find_splits(cells, total, &first, &end);
        for (uint32_t i = first; i < end; i++) {
            take_values(cells, i);
        }
    }
}

/* The cells of one unit and track, over the days of a part or more. */
static void take_values_of_track(const disclosure_cells *cells, const cell_key *part, uint32_t unit,
                                 uint16_t track)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        hst_period period = hst_period_of(types[i], part->from);
        cell_key key = {.unit = unit, .track = track, .from = period.start, .to = period.end};

        if (period.end >= part->to) {
            take_values_of_days(cells, part, key);
        }
    }
}

/* The cells of one unit that hold a part, by its measure and those of the same events. */
static void take_values_of_unit(const disclosure_cells *cells, const disclosure_tracks *tracks,
                                const cell_key *part, uint32_t unit)
{
    const disclosure_track_info *track = &tracks->items[part->track];

    if (track->has_values) {
        take_values_of_track(cells, part, unit, part->track);
    }
    for (size_t i = 0; i < track->n_same; i++) {
        if (tracks->items[track->same[i]].has_values) {
            take_values_of_track(cells, part, unit, track->same[i]);
        }
    }
}

void disclosure_part_nights(disclosure_cells *cells, const disclosure_tracks *tracks)
{
    for (size_t i = 0; i < cells->n; i++) {
        const cell_key part = cells->items[i].key;

        if (!is_near_small(cells, &cells->items[i])) {
            continue;
        }
        take_values_of_unit(cells, tracks, &part, part.unit);
        if (part.unit >= tracks->n_groups) {
            size_t area = part.unit - tracks->n_groups;

            for (size_t g = tracks->first_group[area]; g < tracks->first_group[area + 1]; g++) {
                take_values_of_unit(cells, tracks, &part, tracks->groups[g].group);
            }
        }
    }
}
