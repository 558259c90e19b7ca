/*
 * Why no small count comes back. A reader knows every cell of a release to a range: England and
 * what published values give back exactly, others to the counts that are rounded alike, a hidden
 * cell to be small. For each small cell a world is looked for that differs by one event (or by one
 * event that is of another area, period or split value) and in which every cell stays in its range:
 * then the same release would come of it, and nobody can tell which of the two is true. Where there
 * is none, cells that stand in the way are withheld at the least cost, in an order that depends on
 * the results alone. Withholding only widens ranges, so worlds found before stay possible.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "publish/disclosure_internal.h"

enum {
    MAX_CHANGES = 4096,
    MAX_BASES = 12,
    MAX_EVENTS = 4,
    MAX_TRIES = 200,  /* worlds looked at for one cell in one pass */
    MAX_LOOKS = 4096, /* cells looked at as partners */
    MAX_CYCLE_AREAS = 24
};

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
    COST_OPEN = 10000000, /* a small count that a reader must not take for small any more */
    IMPOSSIBLE = 1000000000
};

/* An event that is there or not: of an area, the days of a finest period, a split value (0: none
 * that is published). */
typedef struct world_event {
    uint32_t area;
    uint16_t split;
    cell_span span;
    int sign;
} world_event;

/* What is different in a cell: how many events, and which. The second is the sum over the events of
 * a number that their split values have: it is 0 when as many of each came as went. */
typedef struct world_change {
    uint32_t cell;
    double delta, mix;
} world_change;

/* Another world: what is different in it. */
typedef struct other_world {
    size_t n;
    bool is_whole; /* false: more changes than there is room for */
    world_change changes[MAX_CHANGES];
} other_world;

typedef struct world_search {
    disclosure_cells *cells;
    const disclosure_tracks *tracks;
    uint32_t target;
    const track_option *option;
    bool is_strict; /* partners only that have room as they are */
    size_t n_tries, n_looks;
    int64_t best_cost;
    uint32_t *places; /* [cells]: where a cell stands in `now`, plus 1; 0: nowhere */
    other_world *now, *best;
    const other_world *tried; /* the last one: one of both */
} world_search;

/* ---- cells ---- */

static uint32_t unit_of_area(const world_search *s, uint32_t area)
{
    return (uint32_t)(s->tracks->n_groups + area);
}

static uint32_t cell_at(const world_search *s, uint32_t unit, uint16_t track, uint16_t split,
                        cell_span span)
{
    const cell_key key = {unit, track, split, span.from, span.to};

    return disclosure_cell_at(s->cells, &key);
}

static bool is_within(disclosure_range known, double count, double slack)
{
    return count - slack >= (double)known.low &&
           (known.high == INT64_MAX || count + slack <= (double)known.high);
}

/* True when a cell's count can be another by `delta` without a change of what is released. */
static bool has_room(const world_search *s, uint32_t cell, int delta)
{
    const disclosure_cell *c = &s->cells->items[cell];

    return is_within(disclosure_known(s->cells, c), (double)(c->count + delta), 0);
}

/* The period of a track and type that holds a span; false when it publishes none. */
static bool find_period(const disclosure_track_info *track, size_t type, cell_span span,
                        cell_span *out)
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
    *out = periods[from - 1];
    return true;
}

/* The finest period of a track that holds a span. */
static bool find_finest(const disclosure_track_info *track, cell_span span, cell_span *out)
{
    for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
        if (find_period(track, type, span, out)) {
            return true;
        }
    }
    return false;
}

/* Cells of the split values of a total stand beside it: the first and the one after the last. */
static void find_splits(const world_search *s, uint32_t total, uint32_t *first, uint32_t *end)
{
    const disclosure_cell *cells = s->cells->items;
    const cell_key *key = &cells[total].key;

    *first = total;
    *end = total + 1;
    while (*first > 0 && cells[*first - 1].key.track == key->track &&
           cells[*first - 1].key.unit == key->unit && cells[*first - 1].key.from == key->from &&
           cells[*first - 1].key.to == key->to) {
        (*first)--;
    }
    while (*end < s->cells->n && cells[*end].key.track == key->track &&
           cells[*end].key.unit == key->unit && cells[*end].key.from == key->from &&
           cells[*end].key.to == key->to) {
        (*end)++;
    }
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

static void forget_places(const world_search *s, const other_world *world)
{
    for (size_t i = 0; i < world->n; i++) {
        s->places[world->changes[i].cell] = 0;
    }
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
    cell_span finest;

    if (info->split == HST_SPLIT_NONE || info->split == own->split) {
        return info->split == HST_SPLIT_NONE ? 0 : event->split;
    }
    if (find_finest(info, event->span, &finest)) {
        total = cell_at(s, unit_of_area(s, event->area), track, 0, finest);
    }
    if (total == CELL_NONE) {
        return 0;
    }
    find_splits(s, total, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        if (s->cells->items[i].key.split != 0 && s->cells->items[i].count > 0) {
            any = any == CELL_NONE ? i : any;
            if (has_room(s, i, sign)) {
                return s->cells->items[i].key.split;
            }
        }
    }
    return any == CELL_NONE ? 0 : s->cells->items[any].key.split;
}

/* Changes the cells of one unit in which an event of a track counts. */
static void add_to_unit(const world_search *s, other_world *world, uint32_t unit, uint16_t track,
                        uint16_t split, cell_span span, double delta, double mix)
{
    for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
        cell_span period;

        if (!find_period(&s->tracks->items[track], type, span, &period)) {
            continue;
        }
        for (size_t i = 0; i < (split != 0 ? 2 : 1); i++) {
            uint32_t cell = cell_at(s, unit, track, i == 0 ? 0 : split, period);

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
    uint32_t own = unit_of_area(s, event->area);

    add_to_unit(s, world, own, track, split, event->span, delta, mix);
    for (size_t g = s->tracks->first_group[event->area];
         g < s->tracks->first_group[event->area + 1]; g++) {
        double weight = s->tracks->groups[g].weight;

        add_to_unit(s, world, s->tracks->groups[g].group, track, split, event->span, delta * weight,
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

/* What it takes for a cell's count to be able to be another: nothing, its values, or all of it.
 * `after` receives the cell as it would be. */
static int64_t cost_of_change(const world_search *s, const world_change *change,
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

/* Cost of a world; IMPOSSIBLE also when it says nothing of the target, and from `limit` on. */
static int64_t cost_of_world(const world_search *s, const other_world *world, int64_t limit)
{
    int64_t cost = 0;

    if (!world->is_whole || delta_of(s, world, s->target) == 0) {
        return IMPOSSIBLE;
    }
    for (size_t i = 0; i < world->n && cost < limit; i++) {
        disclosure_cell after;

        if (is_different(&world->changes[i])) {
            cost += cost_of_change(s, &world->changes[i], &after);
        }
    }
    for (size_t i = 0; i < world->n && cost < limit; i++) {
        if (world->changes[i].delta != 0 && breaks_order(s, world, &world->changes[i])) {
            return IMPOSSIBLE;
        }
    }
    return cost;
}

/* Looks at one world; true when it takes nothing. */
static bool try_world(world_search *s, const world_event *events, size_t n)
{
    int64_t cost = 0;

    if (s->n_tries == 0) {
        return false;
    }
    s->n_tries--;
    s->now->n = 0;
    s->now->is_whole = true;
    for (size_t i = 0; i < n; i++) {
        add_event(s, s->now, &events[i]);
    }
    cost = cost_of_world(s, s->now, s->best_cost);
    s->tried = s->now;
    forget_places(s, s->now);
    if (cost < s->best_cost) {
        other_world *spare = s->best;

        s->best_cost = cost;
        s->best = s->now;
        s->now = spare;
    }
    return s->best_cost == 0;
}

/* Withholds what the best world takes. */
static void pay(world_search *s)
{
    for (size_t i = 0; i < s->best->n; i++) {
        disclosure_cell after;

        if (is_different(&s->best->changes[i])) {
            cost_of_change(s, &s->best->changes[i], &after);
            s->cells->items[s->best->changes[i].cell] = after;
        }
    }
}

/* ---- where an event can be ---- */

/* The cell of an event in the target's own track. */
static uint32_t base_cell(const world_search *s, const world_event *event)
{
    uint16_t track = s->option->parts[0].track;
    cell_span finest;

    return find_finest(&s->tracks->items[track], event->span, &finest)
               ? cell_at(s, unit_of_area(s, event->area), track, event->split, finest)
               : CELL_NONE;
}

/* True when an event can be moved to or from a place: not where none is shown, nor the last one;
 * in a strict pass only where there is room as things stand. */
static bool can_be(world_search *s, const world_event *event)
{
    uint32_t cell = base_cell(s, event);
    const disclosure_cell *c = cell == CELL_NONE ? NULL : &s->cells->items[cell];

    if (!c || c->count + event->sign < 1 || c->count == 0) {
        return false;
    }
    return !s->is_strict || event->split == 0 || has_room(s, cell, event->sign);
}

/* Periods of the finest type that any track of the option has. */
static const disclosure_track_info *finest_track(const world_search *s, size_t *type)
{
    for (*type = 0; *type < N_PERIOD_TYPES; (*type)++) {
        for (size_t i = 0; i < s->option->n; i++) {
            const disclosure_track_info *info = &s->tracks->items[s->option->parts[i].track];

            if (info->n_periods[*type] > 0) {
                return info;
            }
        }
    }
    return NULL;
}

typedef struct event_list {
    size_t n;
    world_event items[MAX_BASES];
} event_list;

static void add_base(event_list *list, const world_event *event)
{
    if (list->n < MAX_BASES) {
        list->items[list->n++] = *event;
    }
}

/* Events of an area and days that the target counts. */
static void list_splits(world_search *s, event_list *list, world_event event)
{
    const cell_key *key = &s->cells->items[s->target].key;
    uint32_t total = 0, first = 0, end = 0;
    int64_t rest = 0;
    bool is_split = false;

    event.split = key->split;
    total = base_cell(s, &event);
    if (total == CELL_NONE || s->cells->items[total].count == 0) {
        return;
    }
    if (key->split != 0) {
        add_base(list, &event);
        return;
    }
    find_splits(s, total, &first, &end);
    rest = s->cells->items[total].count;
    for (uint32_t i = first; i < end; i++) {
        if (i != total && s->cells->items[i].count > 0) {
            event.split = s->cells->items[i].key.split;
            rest -= s->cells->items[i].count;
            add_base(list, &event);
        }
        is_split |= i != total;
    }
    if (!is_split || rest > 0) {
        event.split = 0;
        add_base(list, &event);
    }
}

static void list_bases_of_area(world_search *s, event_list *list, uint32_t area)
{
    const cell_key *key = &s->cells->items[s->target].key;
    size_t type = 0, n_before = list->n;
    const disclosure_track_info *finest = finest_track(s, &type);
    const disclosure_track_info *own = &s->tracks->items[key->track];
    world_event event = {.area = area, .span = {key->from, key->to}};

    for (size_t pass = 0; pass < 2 && list->n == n_before; pass++) {
        for (; pass == 1 && type < N_PERIOD_TYPES && own->n_periods[type] == 0; type++) {
        }
        finest = pass == 1 ? own : finest;
        for (size_t i = 0; finest && type < N_PERIOD_TYPES && i < finest->n_periods[type]; i++) {
            event.span = finest->periods[type][i];
            if (event.span.from >= key->from && event.span.to <= key->to) {
                list_splits(s, list, event);
            }
        }
    }
}

static void list_bases(world_search *s, event_list *list)
{
    const cell_key *key = &s->cells->items[s->target].key;
    const hst_area_group *group = NULL;

    list->n = 0;
    if (key->unit >= s->tracks->n_groups) {
        list_bases_of_area(s, list, (uint32_t)(key->unit - s->tracks->n_groups));
        return;
    }
    group = hst_areas_group(s->cells->publication->areas, key->unit);
    for (size_t i = 0; i < group->n_members && list->n < MAX_BASES; i++) {
        list_bases_of_area(s, list, group->members[i].area);
    }
}

/* ---- partners ---- */

static bool may_look(world_search *s)
{
    if (s->n_looks == 0 || s->n_tries == 0) {
        return false;
    }
    s->n_looks--;
    return true;
}

static world_event opposite(const world_event *event)
{
    world_event other = *event;

    other.sign = -event->sign;
    return other;
}

static bool try_pair(world_search *s, const world_event *event, const world_event *partner)
{
    const world_event both[] = {*event, *partner};

    return may_look(s) && can_be(s, partner) && try_world(s, both, 2);
}

/* The split values beside an event's own; false in `next` when there are no more. */
static bool next_split(const world_search *s, const world_event *event, uint32_t *at, uint32_t *end,
                       world_event *out)
{
    const disclosure_cell *cells = s->cells->items;

    for (; *at < *end; (*at)++) {
        if (cells[*at].key.split != 0 && cells[*at].key.split != event->split &&
            cells[*at].count > 0) {
            *out = *event;
            out->split = cells[*at].key.split;
            (*at)++;
            return true;
        }
    }
    return false;
}

static bool open_splits(const world_search *s, const world_event *event, uint32_t *at,
                        uint32_t *end)
{
    uint32_t cell = event->split == 0 ? CELL_NONE : base_cell(s, event);

    *at = *end = 0;
    if (cell != CELL_NONE) {
        find_splits(s, cell, at, end);
    }
    return cell != CELL_NONE;
}

/* The same area and days, another split value. */
static bool try_splits(world_search *s, const world_event *event)
{
    uint32_t at = 0, end = 0;
    world_event partner = opposite(event);

    if (open_splits(s, event, &at, &end)) {
        const world_event from = partner;

        while (next_split(s, &from, &at, &end, &partner)) {
            if (try_pair(s, event, &partner)) {
                return true;
            }
        }
    }
    return false;
}

/* The same days, another area; then also another split value there. */
static bool try_areas(world_search *s, const world_event *event, bool with_splits)
{
    world_event partner = opposite(event);

    for (size_t i = 1; i < s->tracks->n_areas && s->n_looks > 0; i++) {
        uint32_t at = 0, end = 0;

        partner.area = (uint32_t)((event->area + i) % s->tracks->n_areas);
        partner.split = event->split;
        if (!with_splits) {
            if (try_pair(s, event, &partner)) {
                return true;
            }
            continue;
        }
        if (event->split != 0) { /* any cell of the area leads to its splits */
            world_event total = partner, other;

            total.split = 0;
            uint32_t cell = base_cell(s, &total);

            if (!may_look(s) || cell == CELL_NONE) {
                continue;
            }
            find_splits(s, cell, &at, &end);
            while (next_split(s, &partner, &at, &end, &other)) {
                if (try_pair(s, event, &other)) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* The same area, other days. */
static bool try_periods(world_search *s, const world_event *event)
{
    size_t type = 0;
    const disclosure_track_info *finest = finest_track(s, &type);
    world_event partner = opposite(event);

    for (size_t i = 0; finest && i < finest->n_periods[type]; i++) {
        partner.span = finest->periods[type][i];
        if (partner.span.from != event->span.from && try_pair(s, event, &partner)) {
            return true;
        }
    }
    return false;
}

/* Four events in a square: here and there, now and then, so that margins both ways stay. */
static bool try_square(world_search *s, const world_event *event, const world_event *beside,
                       const world_event *below)
{
    world_event across = *below;

    across.area = beside->area;
    across.split = beside->split != event->split ? beside->split : below->split;
    across.span = beside->span.from != event->span.from ? beside->span : below->span;
    across.sign = event->sign;
    const world_event all[MAX_EVENTS] = {*event, *beside, *below, across};

    return may_look(s) && can_be(s, below) && can_be(s, &across) && try_world(s, all, MAX_EVENTS);
}

/* Squares on a partner: with other days, with other split values. */
static bool try_squares_on(world_search *s, const world_event *event, const world_event *beside)
{
    size_t type = 0;
    const disclosure_track_info *finest = finest_track(s, &type);
    world_event below = opposite(event), from = below;
    uint32_t at = 0, end = 0;

    for (size_t i = 0;
         finest && beside->span.from == event->span.from && i < finest->n_periods[type]; i++) {
        below.span = finest->periods[type][i];
        if (below.span.from != event->span.from && try_square(s, event, beside, &below)) {
            return true;
        }
    }
    if (beside->split == event->split && open_splits(s, event, &at, &end)) {
        while (next_split(s, &from, &at, &end, &below)) {
            if (try_square(s, event, beside, &below)) {
                return true;
            }
        }
    }
    return false;
}

static bool try_squares(world_search *s, const world_event *event)
{
    size_t n_areas = 0, type = 0;
    const disclosure_track_info *finest = finest_track(s, &type);
    world_event beside = opposite(event);

    for (size_t i = 1; i < s->tracks->n_areas && n_areas < MAX_CYCLE_AREAS; i++) {
        beside.area = (uint32_t)((event->area + i) % s->tracks->n_areas);
        if (!may_look(s)) {
            return false;
        }
        if (can_be(s, &beside)) {
            n_areas++;
            if (try_squares_on(s, event, &beside)) {
                return true;
            }
        }
    }
    beside = opposite(event);
    for (size_t i = 0; finest && i < finest->n_periods[type] && event->split != 0; i++) {
        beside.span = finest->periods[type][i];
        if (beside.span.from != event->span.from && can_be(s, &beside) &&
            try_squares_on(s, event, &beside)) {
            return true;
        }
    }
    return false;
}

/* Two areas, each of which takes one event of a split value for one of another: what one area's
 * gives, the other's has, so that areas stay as they are, and so does the split value over all. */
static bool try_exchange(world_search *s, const world_event *event, const world_event *beside)
{
    world_event below = opposite(event), across = *event;
    const world_event from = below, to = {beside->area, event->split, event->span, event->sign};
    world_event total = to;
    uint32_t at = 0, end = 0, there = 0, there_end = 0, cell = CELL_NONE;

    total.split = 0;
    cell = base_cell(s, &total);
    if (cell == CELL_NONE || !open_splits(s, event, &at, &end)) {
        return false;
    }
    while (next_split(s, &from, &at, &end, &below)) {
        if (!may_look(s) || !can_be(s, &below)) {
            continue;
        }
        find_splits(s, cell, &there, &there_end);
        while (next_split(s, &to, &there, &there_end, &across)) {
            const world_event all[MAX_EVENTS] = {*event, *beside, below, across};

            if (may_look(s) && can_be(s, &across) && try_world(s, all, MAX_EVENTS)) {
                return true;
            }
        }
    }
    return false;
}

static bool try_exchanges(world_search *s, const world_event *event)
{
    world_event beside = opposite(event);

    for (size_t i = 1; i < s->tracks->n_areas && event->split != 0; i++) {
        beside.area = (uint32_t)((event->area + i) % s->tracks->n_areas);
        if (!may_look(s)) {
            return false;
        }
        if (can_be(s, &beside) && try_exchange(s, event, &beside)) {
            return true;
        }
    }
    return false;
}

/* ---- all small cells ---- */

/* What stands in the way of an event alone, by what a second one must share with it to make up for
 * it: cells of its area, of its days, of its split value, and of two or all of them. */
typedef struct obstacles {
    bool of[8]; /* by OWN_AREA, OWN_DAYS, OWN_SPLIT added up */
} obstacles;

enum { OWN_AREA = 1, OWN_DAYS = 2, OWN_SPLIT = 4 };

static obstacles find_obstacles(const world_search *s, const other_world *world,
                                const world_event *event)
{
    obstacles found = {{false}};

    for (size_t i = 0; i < world->n; i++) {
        const cell_key *key = &s->cells->items[world->changes[i].cell].key;
        disclosure_cell after;

        if (cost_of_change(s, &world->changes[i], &after) > 0) {
            found.of[(key->unit >= s->tracks->n_groups ? OWN_AREA : 0) +
                     (key->from == event->span.from && key->to == event->span.to ? OWN_DAYS : 0) +
                     (key->split != 0 ? OWN_SPLIT : 0)] = true;
        }
    }
    return found;
}

/* True when no obstacle needs all that `differs` is made of: partners differ in that. */
static bool can_avoid(const obstacles *found, unsigned differs)
{
    for (unsigned need = 1; need < 8; need++) {
        if (found->of[need] && (need & differs) != 0) {
            return false;
        }
    }
    return true;
}

/* The same of a square with partners that differ in one thing, in another, and in both. */
static bool can_avoid_square(const obstacles *found, unsigned one, unsigned other)
{
    for (unsigned need = 1; need < 8; need++) {
        if (found->of[need] && (need & one) != 0 && (need & other) != 0) {
            return false;
        }
    }
    return true;
}

typedef enum world_kind {
    WORLD_SPLITS,
    WORLD_AREAS,
    WORLD_PERIODS,
    WORLD_AREAS_AND_SPLITS,
    WORLD_SQUARES,
    WORLD_EXCHANGES,
    N_WORLD_KINDS
} world_kind;

static bool is_hopeful(const obstacles *found, world_kind kind)
{
    switch (kind) {
    case WORLD_SPLITS:
        return can_avoid(found, OWN_SPLIT);
    case WORLD_AREAS:
        return can_avoid(found, OWN_AREA);
    case WORLD_PERIODS:
        return can_avoid(found, OWN_DAYS);
    case WORLD_AREAS_AND_SPLITS:
        return can_avoid(found, OWN_AREA | OWN_SPLIT);
    case WORLD_EXCHANGES:
        return can_avoid_square(found, OWN_AREA, OWN_SPLIT);
    default:
        return can_avoid_square(found, OWN_AREA, OWN_DAYS) ||
               can_avoid_square(found, OWN_AREA, OWN_SPLIT) ||
               can_avoid_square(found, OWN_DAYS, OWN_SPLIT);
    }
}

static bool try_kind(world_search *s, world_kind kind, const world_event *event)
{
    switch (kind) {
    case WORLD_SPLITS:
        return try_splits(s, event);
    case WORLD_AREAS:
        return try_areas(s, event, false);
    case WORLD_PERIODS:
        return try_periods(s, event);
    case WORLD_AREAS_AND_SPLITS:
        return try_areas(s, event, true);
    case WORLD_EXCHANGES:
        return try_exchanges(s, event);
    default:
        return try_squares(s, event);
    }
}

/* An event more or less of those that the target counts, alone. */
typedef struct lone_event {
    world_event event;
    obstacles obstacles;
} lone_event;

/* One kind of world after the other, with the events that the target counts. */
static bool try_all(world_search *s, const event_list *bases)
{
    lone_event lone[2 * MAX_BASES];
    size_t n = 2 * bases->n;

    for (size_t i = 0; i < n; i++) {
        lone[i].event = bases->items[i / 2];
        lone[i].event.sign = i % 2 == 0 ? 1 : -1;
        s->n_tries = 1;
        if (try_world(s, &lone[i].event, 1)) {
            return true;
        }
        lone[i].obstacles = find_obstacles(s, s->tried, &lone[i].event);
    }
    for (world_kind kind = 0; kind < N_WORLD_KINDS; kind++) {
        for (size_t i = 0; i < n; i++) {
            s->n_tries = MAX_TRIES / n + 8;
            s->n_looks = MAX_LOOKS / n;
            if ((!s->is_strict || is_hopeful(&lone[i].obstacles, kind)) &&
                try_kind(s, kind, &lone[i].event)) {
                return true;
            }
        }
    }
    return false;
}

/* True when the target has a world, if need be by withholding. */
static bool certify(world_search *s)
{
    const disclosure_track_info *track = &s->tracks->items[s->cells->items[s->target].key.track];
    event_list bases;
    bool is_found = false;

    s->best_cost = IMPOSSIBLE;
    for (size_t pass = 0; pass < 2 && !is_found; pass++) {
        s->is_strict = pass == 0;
        for (size_t i = 0; i < track->n_options && !is_found; i++) {
            s->option = &track->options[i];
            list_bases(s, &bases);
            is_found = try_all(s, &bases);
        }
    }
    if (s->best_cost < IMPOSSIBLE) {
        pay(s);
    }
    return s->best_cost < IMPOSSIBLE;
}

hst_status disclosure_certify(disclosure_cells *cells, hst_error *err)
{
    disclosure_tracks tracks = {0};
    other_world *worlds = calloc(2, sizeof *worlds);
    uint32_t *places = calloc(cells->n + 1, sizeof *places);
    world_search search = {.cells = cells, .tracks = &tracks, .now = worlds, .places = places};
    size_t n_small = 0, n_certified = 0;
    hst_status status = HST_OK;

    if (!worlds || !places) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for disclosure control");
        goto done;
    }
    search.best = worlds + 1;
    status = disclosure_tracks_create(&tracks, cells, err);
    for (size_t i = 0; i < cells->n && status == HST_OK; i++) {
        if (cells->items[i].state == CELL_SMALL) {
            search.target = (uint32_t)i;
            n_small++;
            n_certified += certify(&search);
        }
    }
    if (status == HST_OK && n_certified < n_small) {
        status =
            hst_fail(err, HST_ERR_ARGUMENT,
                     "disclosure control: %zu of %zu small counts could be worked out from the "
                     "rest of the release, so there is none",
                     n_small - n_certified, n_small);
    }

done:
    disclosure_tracks_clear(&tracks);
    free(worlds);
    free(places);
    return status;
}
