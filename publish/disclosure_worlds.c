/*
 * Why no small count comes back. A reader knows every cell of a release to a range: England and
 * what published values give back exactly, others to the counts that are rounded alike, a hidden
 * cell to be small. For each small cell a world is looked for that differs by one event (or by one
 * event that is of another area, period or split value) and in which every cell stays in its range:
 * then the same release would come of it, and nobody can tell which of the two is true. Where there
 * is none, cells that stand in the way are withheld at the least cost, in an order that depends on
 * the results alone. Withholding only widens ranges, so worlds found before stay possible.
 */
#include "publish/disclosure_worlds.h"

#include <math.h>
#include <string.h>

/* What withholding costs: the values of an area, more of a coarser period, total, site or
 * comparator; a count; the values and the count of England. */
enum {
    COST_VALUES = 4,
    COST_COARSER = 1,
    COST_TOTAL = 1,
    COST_SITE = 4,
    COST_COMPARATOR = 3,
    COST_COUNT = 100,
    COST_COMPARISON = 40, /* of a service's counts before and after */
    COST_SERVICE = 2000,  /* its values: what the study was made for */
    COST_NATIONAL_VALUES = 10000,
    COST_NATIONAL_COUNT = 100000,
    COST_OPEN = 10000000 /* a small count that a reader must not take for small any more */
};

/* ---- cells ---- */

uint32_t world_unit_of_area(const world_search *s, uint32_t area)
{
    return (uint32_t)(s->tracks->n_groups + area);
}

static bool is_within(disclosure_range known, double count, double slack)
{
    return count - slack >= (double)known.low &&
           (known.high == INT64_MAX || count + slack <= (double)known.high);
}

bool world_has_room(const world_search *s, uint32_t cell, int delta)
{
    const disclosure_cell *c = &s->cells->items[cell];

    return is_within(disclosure_known(s->cells, c), (double)(c->count + delta), 0);
}

uint32_t world_find_finest(const world_search *s, uint32_t area, uint16_t track, uint16_t split,
                           cell_span span)
{
    for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
        size_t period = 0;

        if (disclosure_find_period(&s->tracks->items[track], type, span, &period)) {
            cell_line line =
                disclosure_line_of(s->tracks, world_unit_of_area(s, area), track, split);

            return disclosure_cell_on(&line, period);
        }
    }
    return CELL_NONE;
}

/* ---- worlds ---- */

static void add_change(const world_search *s, other_world *world, uint32_t cell, double delta,
                       double mix)
{
    if (s->places[cell] == 0) {
        if (world->n == MAX_CHANGES) {
            world->is_whole = false;
            return;
        }
        world->changes[world->n++] = (world_change){.cell = cell};
        s->places[cell] = (uint32_t)world->n;
    }
    world->changes[s->places[cell] - 1].delta += delta;
    world->changes[s->places[cell] - 1].mix += mix;
}

/* Forgets the changes of a world from a number on. */
static void forget_changes(const world_search *s, other_world *world, size_t from)
{
    for (size_t i = from; i < world->n; i++) {
        s->places[world->changes[i].cell] = 0;
    }
    world->n = from;
}

static double delta_of(const world_search *s, const other_world *world, uint32_t cell)
{
    return s->places[cell] > 0 ? world->changes[s->places[cell] - 1].delta : 0;
}

/* A number of its own for every split value, so that different ones do not add up to 0. */
static double code_of_split(uint16_t split)
{
    return 1 + fmod((split + 1) * 0.6180339887498949, 1);
}

/* True where a value depends on which events are counted, and not on their number alone: on sex and
 * age where it is standardised, on providers where it says how concentrated they are. */
static bool depends_on(hst_statistic statistic, hst_split split)
{
    switch (statistic) {
    case HST_STAT_DSR:
    case HST_STAT_ISR:
    case HST_STAT_SMR:
    case HST_STAT_STD_MEAN_LOS:
    case HST_STAT_ACS_SCORE:
        return split == HST_SPLIT_SEX || split == HST_SPLIT_AGE_BAND;
    case HST_STAT_HHI:
        return split == HST_SPLIT_PROVIDER;
    default:
        return false;
    }
}

/* The split value that an event has in another track: the same where that is split in the same way,
 * else the first with room. */
static uint16_t split_in(const world_search *s, uint16_t track, const world_event *event, int sign)
{
    const disclosure_track_info *info = &s->tracks->items[track];
    const disclosure_track_info *own = &s->tracks->items[s->option->parts[0].track];
    uint32_t total = CELL_NONE, first = 0, end = 0, any = CELL_NONE;

    if (info->split == HST_SPLIT_NONE || info->split == own->split) {
        return info->split == HST_SPLIT_NONE ? 0 : event->split;
    }
    total = world_find_finest(s, event->area, track, 0, event->span);
    if (total == CELL_NONE) {
        return 0;
    }
    disclosure_find_splits(s->cells, total, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        if (s->cells->items[i].key.split != 0 && s->cells->items[i].count > 0) {
            any = any == CELL_NONE ? i : any;
            if (world_has_room(s, i, sign)) {
                return s->cells->items[i].key.split;
            }
        }
    }
    return any == CELL_NONE ? 0 : s->cells->items[any].key.split;
}

/* The periods of a track in which an event counts. */
typedef struct period_numbers {
    size_t n, items[N_PERIOD_TYPES];
} period_numbers;

static period_numbers find_periods(const disclosure_track_info *track, cell_span span)
{
    period_numbers found = {0};

    for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
        found.n += disclosure_find_period(track, type, span, &found.items[found.n]);
    }
    return found;
}

/* Changes the cells of one unit in which an event of a track counts. */
static void add_to_unit(const world_search *s, other_world *world, uint32_t unit, uint16_t track,
                        uint16_t split, const period_numbers *periods, double delta, double mix)
{
    const cell_line lines[] = {disclosure_line_of(s->tracks, unit, track, 0),
                               disclosure_line_of(s->tracks, unit, track, split)};

    for (size_t p = 0; p < periods->n; p++) {
        for (size_t i = 0; i < (split != 0 ? 2 : 1); i++) {
            uint32_t cell = disclosure_cell_on(&lines[i], periods->items[p]);

            if (cell != CELL_NONE) {
                add_change(s, world, cell, delta, mix);
            }
        }
    }
}

/* What an event adds to `mix` of the cells of a track. */
static double mix_of(const world_search *s, uint16_t track, const world_event *event)
{
    const hst_study *study = s->cells->publication->study;
    size_t measure = disclosure_measure_of(track);
    hst_split split = s->tracks->items[s->option->parts[0].track].split;

    return measure < study->n_measures && depends_on(study->measures[measure].statistic, split)
               ? event->sign * code_of_split(event->split)
               : 0;
}

/* Changes the cells in which an event of a track counts: of its area, of comparators, of services.
 */
static void add_to_track(const world_search *s, other_world *world, const world_event *event,
                         uint16_t track, uint16_t split, double delta, double mix)
{
    const disclosure_track_info *info = &s->tracks->items[track];
    const period_numbers periods = find_periods(info, event->span);
    uint32_t own = world_unit_of_area(s, event->area);

    add_to_unit(s, world, own, track, split, &periods, delta, mix);
    for (size_t g = s->tracks->first_group[event->area];
         g < s->tracks->first_group[event->area + 1]; g++) {
        double weight = s->tracks->groups[g].weight;

        add_to_unit(s, world, s->tracks->groups[g].group, track, split, &periods, delta * weight,
                    mix * weight);
    }
    for (size_t k = 0; k < info->n_spans; k++) {
        const cell_key *key = &s->cells->items[info->spans[k]].key;

        if (key->unit == own && key->from <= event->span.from && key->to >= event->span.to) {
            add_change(s, world, info->spans[k], delta, mix);
        }
    }
}

static bool is_in_option(const track_option *option, uint16_t track)
{
    for (size_t i = 0; i < option->n; i++) {
        if (option->parts[i].track == track) {
            return true;
        }
    }
    return false;
}

/* What becomes an event of a track by sex or age was, in larger tracks, one of another sex or age
 * before: their standardised values change. */
static void add_to_larger(const world_search *s, other_world *world, const world_event *event,
                          uint16_t track, int sign)
{
    static const double other_stratum = 0.7548776662466927;
    const hst_study *study = s->cells->publication->study;
    const disclosure_track_info *info = &s->tracks->items[track];

    for (size_t i = 0; i < info->n_larger && info->is_of_sex_or_age; i++) {
        uint16_t larger = info->larger[i];

        if (!is_in_option(s->option, larger) &&
            depends_on(study->measures[disclosure_measure_of(larger)].statistic, HST_SPLIT_SEX)) {
            add_to_track(s, world, event, larger, 0, 0, sign * other_stratum);
        }
    }
}

static void add_event(const world_search *s, other_world *world, const world_event *event)
{
    for (size_t i = 0; i < s->option->n; i++) {
        uint16_t track = s->option->parts[i].track;
        int sign = event->sign * s->option->parts[i].sign;
        uint16_t split = i == 0 ? event->split : split_in(s, track, event, sign);

        add_to_track(s, world, event, track, split, sign,
                     mix_of(s, track, event) * s->option->parts[i].sign);
        add_to_larger(s, world, event, track, sign);
    }
}

/* ---- what a world costs ---- */

static bool is_from_true_numbers(const world_search *s, const disclosure_cell *cell)
{
    const hst_study *study = s->cells->publication->study;
    size_t measure = disclosure_measure_of(cell->key.track);

    return measure < study->n_measures &&
           disclosure_is_from_true_numbers(&study->measures[measure]);
}

static int64_t cost_of_values(const world_search *s, const disclosure_cell *cell)
{
    const hst_areas *areas = s->cells->publication->areas;
    bool is_group = cell->key.unit < s->tracks->n_groups;
    int64_t cost = COST_VALUES;

    cost += is_group                                                         ? COST_COMPARATOR
            : hst_areas_is_site(areas, cell->key.unit - s->tracks->n_groups) ? COST_SITE
                                                                             : 0;
    cost += !cell->is_of_service            ? 0
            : is_from_true_numbers(s, cell) ? COST_SERVICE
                                            : COST_COMPARISON;
    cost += cell->key.split == 0 ? COST_TOTAL : 0;
    cost += cell->key.to - cell->key.from > 100 ? COST_COARSER : 0;
    return cost;
}

static bool is_different(const world_change *change)
{
    return change->delta != 0 || fabs(change->mix) > 1e-9;
}

int64_t world_cost_of_change(const world_search *s, const world_change *change,
                             disclosure_cell *after)
{
    const disclosure_cell *cell = &s->cells->items[change->cell];
    double delta = change->delta, count = (double)cell->count + delta;
    double slack = delta == nearbyint(delta) ? 0 : 0.5; /* of weighted comparators */

    *after = *cell;
    if (fabs(change->mix) > 1e-9 && cell->has_values && cell->state == CELL_SHOWN) {
        after->state = CELL_NO_VALUES;
    }
    if (is_within(disclosure_known(s->cells, after), count, slack)) {
        return after->state == cell->state ? 0
               : cell->is_national         ? COST_NATIONAL_VALUES
                                           : cost_of_values(s, cell);
    }
    if (cell->count == 0 || count - slack < 1) {
        return IMPOSSIBLE; /* none is always shown as none */
    }
    if (cell->state == CELL_SMALL) {
        after->is_open = true;
        return COST_OPEN;
    }
    if (cell->state == CELL_SHOWN) {
        after->state = CELL_NO_VALUES;
        if (is_within(disclosure_known(s->cells, after), count, slack)) {
            return cell->is_national ? COST_NATIONAL_VALUES : cost_of_values(s, cell);
        }
    }
    after->state = CELL_WITHHELD;
    return cell->is_national ? COST_NATIONAL_COUNT : COST_COUNT + cost_of_values(s, cell);
}

/* True when an order between two tracks would be broken at a changed cell. */
static bool breaks_order(const world_search *s, const other_world *world,
                         const world_change *change)
{
    const disclosure_cell *cell = &s->cells->items[change->cell];
    const disclosure_track_info *info = &s->tracks->items[cell->key.track];
    double count = (double)cell->count + change->delta;
    cell_key key = cell->key;

    for (size_t i = 0; i < info->n_larger + info->n_smaller; i++) {
        bool is_larger = i < info->n_larger;
        uint32_t other = 0;
        double there = 0;

        key.track = is_larger ? info->larger[i] : info->smaller[i - info->n_larger];
        other = disclosure_cell_at(s->cells, &key);
        if (other == CELL_NONE) {
            continue;
        }
        there = (double)s->cells->items[other].count + delta_of(s, world, other);
        if (is_larger ? count > there : count < there) {
            return true;
        }
    }
    return false;
}

/* What the first event's change of a cell costs, where another event has not changed it, too. */
static int64_t cost_of_first(const world_search *s, size_t i)
{
    disclosure_cell after;

    if (s->first_costs[i] == NOT_KNOWN) {
        s->first_costs[i] = world_cost_of_change(s, &s->first->changes[i], &after);
    }
    return s->first_costs[i];
}

/* Cost of the world at hand; IMPOSSIBLE also when it says nothing of the target, and from `limit`
 * on. */
static int64_t cost_of_now(const world_search *s, int64_t limit)
{
    const other_world *world = s->now;
    int64_t cost = 0;

    if (!world->is_whole || delta_of(s, world, s->target) == 0) {
        return IMPOSSIBLE;
    }
    for (size_t i = 0; i < world->n && cost < limit; i++) {
        const world_change *change = &world->changes[i];
        disclosure_cell after;

        if (is_different(change)) {
            cost += i < s->first->n && change->delta == s->first->changes[i].delta &&
                            change->mix == s->first->changes[i].mix
                        ? cost_of_first(s, i)
                        : world_cost_of_change(s, change, &after);
        }
    }
    for (size_t i = 0; i < world->n && cost < limit; i++) {
        if (world->changes[i].delta != 0 && breaks_order(s, world, &world->changes[i])) {
            return IMPOSSIBLE;
        }
    }
    return cost;
}

static void copy_world(other_world *to, const other_world *from)
{
    to->n = from->n;
    to->is_whole = from->is_whole;
    memcpy(to->changes, from->changes, from->n * sizeof *from->changes);
}

void world_forget_first(world_search *s)
{
    forget_changes(s, s->now, 0);
    s->first->n = 0;
}

/* Leaves the changes of one event, and no others, in the world at hand. */
static void begin_with(world_search *s, const world_event *event)
{
    const world_event *first = &s->first_event;

    if (s->first->n > 0 && s->first_option == s->option && first->area == event->area &&
        first->split == event->split && first->span.from == event->span.from &&
        first->span.to == event->span.to && first->sign == event->sign) {
        return;
    }
    world_forget_first(s);
    s->now->is_whole = true;
    add_event(s, s->now, event);
    s->first_event = *event;
    s->first_option = s->option;
    copy_world(s->first, s->now);
    for (size_t i = 0; i < s->first->n; i++) {
        s->first_costs[i] = NOT_KNOWN;
    }
}

bool world_try(world_search *s, const world_event *events, size_t n)
{
    int64_t cost = 0;

    if (s->n_tries == 0) {
        return false;
    }
    s->n_tries--;
    begin_with(s, &events[0]);
    for (size_t i = 1; i < n; i++) {
        add_event(s, s->now, &events[i]);
    }
    cost = cost_of_now(s, s->best_cost);
    if (cost < s->best_cost) {
        s->best_cost = cost;
        copy_world(s->best, s->now);
    }
    forget_changes(s, s->now, s->first->n);
    copy_world(s->now, s->first);
    return s->best_cost == 0;
}

void world_pay(world_search *s)
{
    for (size_t i = 0; i < s->best->n; i++) {
        disclosure_cell after;

        if (is_different(&s->best->changes[i])) {
            world_cost_of_change(s, &s->best->changes[i], &after);
            s->cells->items[s->best->changes[i].cell] = after;
        }
    }
}
