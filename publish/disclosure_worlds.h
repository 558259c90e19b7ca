/* Other worlds: what is different in them, and what it takes for the release to be the same
 * (disclosure_worlds.c); looked for by disclosure_search.c. */
#ifndef HESTIA_PUBLISH_DISCLOSURE_WORLDS_H
#define HESTIA_PUBLISH_DISCLOSURE_WORLDS_H

#include "publish/disclosure_internal.h"

enum {
    MAX_CHANGES = 4096,
    IMPOSSIBLE = 1000000000, /* a cost */
    NOT_KNOWN = -1           /* none */
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
    /* Most worlds that are looked at one after the other begin with the same event: what it changes
     * stays in `now`, its cells in `places`, and only what the other events change is taken back.
     */
    world_event first_event;
    const track_option *first_option;
    other_world *first;   /* what it changes; n 0: no event yet */
    int64_t *first_costs; /* [MAX_CHANGES]: what that costs; NOT_KNOWN: not asked yet */
} world_search;

uint32_t world_unit_of_area(const world_search *s, uint32_t area);

/* True when a cell's count can be another by `delta` without a change of what is released. */
bool world_has_room(const world_search *s, uint32_t cell, int delta);

/* The cell of an area in the finest period of a track that holds a span; CELL_NONE. */
uint32_t world_find_finest(const world_search *s, uint32_t area, uint16_t track, uint16_t split,
                           cell_span span);

/* What it takes for a cell's count to be able to be another: nothing, its values, or all of it.
 * `after` receives the cell as it would be. */
int64_t world_cost_of_change(const world_search *s, const world_change *change,
                             disclosure_cell *after);

/* Looks at the world in which these events are different, and keeps it where it is the cheapest so
 * far; true when that takes nothing. */
bool world_try(world_search *s, const world_event *events, size_t n);

/* Forgets the event that worlds began with: what is shown of cells is going to change. */
void world_forget_first(world_search *s);

/* Withholds what the best world takes. */
void world_pay(world_search *s);

#endif
