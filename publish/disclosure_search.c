/* The search for other worlds: which events a small count is made of, where each could be instead,
 * and in what order that is tried: an event alone, moved, or two of them moved so that margins both
 * ways stay. First only what has room as things stand, then what takes the least. */
#include <stdlib.h>

#include "hestia/ingest.h"
#include "publish/disclosure_worlds.h"

enum {
    MAX_BASES = 12,
    MAX_EVENTS = 4,
    MAX_TRIES = 200,  /* worlds looked at for one cell in one pass */
    MAX_LOOKS = 4096, /* cells looked at as partners */
    MAX_CYCLE_AREAS = 24
};

/* ---- where an event can be ---- */

/* The cell of an event in the target's own track. */
static uint32_t base_cell(const world_search *s, const world_event *event)
{
    return world_find_finest(s, event->area, s->option->parts[0].track, event->split, event->span);
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
    return !s->is_strict || event->split == 0 || world_has_room(s, cell, event->sign);
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
    disclosure_find_splits(s->cells, total, &first, &end);
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

    return may_look(s) && can_be(s, partner) && world_try(s, both, 2);
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
        disclosure_find_splits(s->cells, cell, at, end);
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
            disclosure_find_splits(s->cells, cell, &at, &end);
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

    return may_look(s) && can_be(s, below) && can_be(s, &across) && world_try(s, all, MAX_EVENTS);
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
        disclosure_find_splits(s->cells, cell, &there, &there_end);
        while (next_split(s, &to, &there, &there_end, &across)) {
            const world_event all[MAX_EVENTS] = {*event, *beside, below, across};

            if (may_look(s) && can_be(s, &across) && world_try(s, all, MAX_EVENTS)) {
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

        if (world_cost_of_change(s, &world->changes[i], &after) > 0) {
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
        if (world_try(s, &lone[i].event, 1)) {
            return true;
        }
        lone[i].obstacles = find_obstacles(s, s->now, &lone[i].event);
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
    world_forget_first(s);
    if (s->best_cost < IMPOSSIBLE) {
        world_pay(s);
    }
    return s->best_cost < IMPOSSIBLE;
}

hst_status disclosure_certify(disclosure_cells *cells, const disclosure_tracks *tracks,
                              hst_error *err)
{
    other_world *worlds = calloc(3, sizeof *worlds);
    int64_t *costs = calloc(MAX_CHANGES, sizeof *costs);
    uint32_t *places = calloc(cells->n + 1, sizeof *places);
    world_search search = {
        .cells = cells, .tracks = tracks, .now = worlds, .places = places, .first_costs = costs};
    size_t n_small = 0, n_certified = 0;
    hst_status status = HST_OK;

    if (!worlds || !costs || !places) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for disclosure control");
        goto done;
    }
    search.best = worlds + 1;
    search.first = worlds + 2;
    for (size_t i = 0; i < cells->n; i++) {
        if (cells->items[i].state == CELL_SMALL) {
            search.target = (uint32_t)i;
            status = hst_interrupt_check(err);
            if (status != HST_OK) {
                goto done;
            }
            n_small++;
            n_certified += certify(&search);
        }
    }
    if (n_certified < n_small) {
        status =
            hst_fail(err, HST_ERR_ARGUMENT,
                     "disclosure control: %zu of %zu small counts could be worked out from the "
                     "rest of the release, so there is none",
                     n_small - n_certified, n_small);
    }

done:
    free(worlds);
    free(costs);
    free(places);
    return status;
}
