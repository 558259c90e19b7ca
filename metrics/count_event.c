/* One event and the cells it counts in. */
#include "count_internal.h"

#include <stdlib.h>

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory to count in");
}

/* Where an event counts: one split value (0 = all) of one area or comparator. */
typedef struct place {
    size_t measure;
    uint32_t split, unit;
    uint16_t period; /* finest */
    unsigned sex;
    size_t band;
} place;

/* ---- plain counts ---- */

void hst_count_pending(hst_count_worker *w)
{
    for (size_t i = 0; i < w->n_pending; i++) {
        const hst_pending *pending = &w->pending[i];

        ++*pending->cell;
        if (pending->sums) {
            pending->sums[HST_LAYER_DAYS] += pending->days;
            pending->sums[HST_LAYER_DAYS_SQUARED] += pending->days * pending->days;
        }
    }
    w->n_pending = 0;
}

static void add_pending(hst_count_worker *w, const hst_pending *pending)
{
    if (w->n_pending == N_PENDING) {
        hst_count_pending(w);
    }
    __builtin_prefetch(pending->cell, 1);
    w->pending[w->n_pending++] = *pending;
}

static void count_later(hst_count_worker *w, uint32_t *cell)
{
    add_pending(w, &(hst_pending){.cell = cell});
}

/* Counts an event with its days. The two layers of days are the first ones of their cell. */
static void count_days_later(hst_count_worker *w, size_t m, const hst_cube_cells *cells,
                             size_t cell, uint64_t days)
{
    hst_pending pending = {.cell = &cells->events[cell],
                           .sums = hst_cube_layer(w->cube, m, cells, cell, HST_LAYER_DAYS),
                           .days = days};

    __builtin_prefetch(pending.sums, 1);
    add_pending(w, &pending);
}

/* Place of an event in a row. */
static size_t cell_of(const hst_counting *c, const place *at)
{
    return hst_cube_cell(c->n_bands, 0, at->sex, at->band);
}

static hst_status take_row(hst_count_worker *w, const place *at, size_t row, hst_cube_cells *cells)
{
    return hst_cube_take(w->cube, at->measure, at->split, at->unit, row, cells)
               ? HST_OK
               : no_memory(&w->err);
}

/* ---- sums beside the events ---- */

static uint32_t stay_days(const hst_compiled_measure *measure, const hst_episode *stay)
{
    uint32_t days = (uint32_t)(stay->disdate - stay->admidate);

    return days < measure->los_cap ? days : measure->los_cap;
}

static hst_status count_in_cell(const hst_counting *c, hst_count_worker *w, const place *at,
                                const hst_event *event)
{
    const hst_compiled_measure *measure = &c->measures->items[at->measure];
    unsigned layers = measure->layers;
    size_t cell = cell_of(c, at);
    hst_cube_cells cells;
    hst_status status = take_row(w, at, at->period, &cells);

    if (status) {
        return status;
    }
    if (layers >> HST_LAYER_DAYS & 1) {
        count_days_later(w, at->measure, &cells, cell, stay_days(measure, event->episode));
    } else {
        count_later(w, &cells.events[cell]);
    }
    if ((layers >> HST_LAYER_READMITTED & 1) && event->is_readmitted_to &&
        event->readmitted_after < (uint32_t)measure->measure->days) {
        ++*hst_cube_layer(w->cube, at->measure, &cells, cell, HST_LAYER_READMITTED);
    }
    if (measure->keeps_stays &&
        !hst_cube_add_stay(w->cube, at->measure, at->split, at->unit, at->period,
                           stay_days(measure, event->episode))) {
        return no_memory(&w->err);
    }
    return HST_OK;
}

/* ---- bed days in the periods they fall in ---- */

/* Nights of a stay in a period; a stay without nights is in the period of its day. */
static bool nights_in(const hst_period *period, hst_date from, hst_date to, uint64_t *nights)
{
    hst_date first = from > period->start ? from : period->start;
    hst_date last = to < period->end + 1 ? to : period->end + 1;

    *nights = last > first ? (uint64_t)(last - first) : 0;
    return *nights > 0 || (from == to && from >= period->start && from <= period->end);
}

static hst_status place_days(const hst_counting *c, hst_count_worker *w, const place *at,
                             const hst_event *event)
{
    const hst_compiled_measure *measure = &c->measures->items[at->measure];
    hst_date from = hst_day_to_date(event->episode->admidate);
    hst_date to = from + (hst_date)stay_days(measure, event->episode);
    hst_status status = HST_OK;

    for (size_t type = 0; type < 3; type++) {
        for (size_t i = 0; i < measure->n_periods[type] && !status; i++) {
            const hst_period *period = &measure->periods[type][i];
            uint64_t nights = 0;
            hst_cube_cells cells;

            if (period->start > to) {
                break;
            }
            if (nights_in(period, from, to, &nights)) {
                status = take_row(w, at, hst_cube_type_row(w->cube, at->measure, type, i), &cells);
                if (!status) {
                    count_days_later(w, at->measure, &cells, cell_of(c, at), nights);
                }
            }
        }
    }
    return status;
}

/* ---- people ---- */

static hst_status note_person_event(hst_count_worker *w, const hst_person_event *event)
{
    if (w->n_person_events == w->person_event_capacity) {
        size_t capacity = w->person_event_capacity ? 2 * w->person_event_capacity : 256;
        hst_person_event *grown = realloc(w->person_events, capacity * sizeof *grown);

        if (!grown) {
            return no_memory(&w->err);
        }
        w->person_events = grown;
        w->person_event_capacity = capacity;
    }
    w->person_events[w->n_person_events++] = *event;
    return HST_OK;
}

/* Counts the event in each type's row, now or, where people are counted, when the person ends. */
static hst_status count_by_type(const hst_counting *c, hst_count_worker *w, const place *at,
                                const hst_event *event)
{
    const hst_compiled_measure *measure = &c->measures->items[at->measure];
    hst_status status = HST_OK;

    for (size_t type = 0; type < 3 && !status; type++) {
        size_t row = hst_cube_row(w->cube, at->measure, type, at->period);
        hst_person_event noted = {.measure = (uint32_t)at->measure,
                                  .cell = (uint32_t)cell_of(c, at)};

        if (row == SIZE_MAX) {
            continue;
        }
        status = take_row(w, at, row, &noted.cells);
        if (status) {
            break;
        }
        if (measure->is_person) {
            noted.day = measure->by_discharge ? event->episode->disdate : event->episode->admidate;
            noted.key = event->episode->record_key;
        } else {
            count_later(w, &noted.cells.events[noted.cell]);
        }
        status = note_person_event(w, &noted);
    }
    return status;
}

static int compare_person_events(const void *p, const void *q)
{
    const hst_person_event *a = p, *b = q;
    uintptr_t x = (uintptr_t)a->cells.events, y = (uintptr_t)b->cells.events;

    if (x != y) { /* which row comes first does not matter: each is settled by itself */
        return x < y ? -1 : 1;
    }
    if (a->day != b->day) {
        return a->day < b->day ? -1 : 1;
    }
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return (a->cell > b->cell) - (a->cell < b->cell);
}

/* Ends at the first event of another row or, where strata count by themselves, of another cell. */
static size_t end_of_run(const hst_count_worker *w, size_t first, bool by_cell)
{
    const hst_person_event *a = &w->person_events[first];
    size_t end = first + 1;

    while (end < w->n_person_events && w->person_events[end].cells.events == a->cells.events &&
           (!by_cell || w->person_events[end].cell == a->cell)) {
        end++;
    }
    return end;
}

void hst_count_settle_person(const hst_counting *c, hst_count_worker *w)
{
    if (w->n_person_events > 1) {
        qsort(w->person_events, w->n_person_events, sizeof *w->person_events,
              compare_person_events);
    }
    for (size_t i = 0, end = 0; i < w->n_person_events; i = end) {
        const hst_person_event *event = &w->person_events[i];
        const hst_compiled_measure *measure = &c->measures->items[event->measure];
        bool is_crude = measure->measure->statistic == HST_STAT_CRUDE_RATE; /* one stratum: all */
        uint64_t n = 1; /* a person counts once, as in the first of its events */

        end = end_of_run(w, i, !measure->is_person && !is_crude);
        if (measure->is_person) {
            event->cells.events[event->cell]++;
        } else {
            n = end - i;
        }
        if (measure->layers >> HST_LAYER_SQUARES & 1) {
            *hst_cube_layer(w->cube, event->measure, &event->cells, event->cell,
                            HST_LAYER_SQUARES) += n * n;
        }
    }
    w->n_person_events = 0;
}

/* ---- the event ---- */

static hst_status count_at(const hst_counting *c, hst_count_worker *w, const place *at,
                           const hst_event *event)
{
    const hst_compiled_measure *measure = &c->measures->items[at->measure];

    return measure->is_placed      ? place_days(c, w, at, event)
           : measure->rows_by_type ? count_by_type(c, w, at, event)
                                   : count_in_cell(c, w, at, event);
}

/* In the area and, where people are counted, in each comparator it belongs to. */
static hst_status count_in_units(const hst_counting *c, hst_count_worker *w, place *at,
                                 const hst_event *event)
{
    uint32_t area = at->unit;
    hst_status status = count_at(c, w, at, event);

    if (c->measures->items[at->measure].counts_people) {
        for (size_t i = c->first_group[area]; i < c->first_group[area + 1] && !status; i++) {
            at->unit = (uint32_t)hst_cube_group_area(w->cube, at->measure, c->groups[i]);
            status = count_at(c, w, at, event);
        }
        at->unit = area;
    }
    return status;
}

static hst_status count_splits(const hst_counting *c, hst_count_worker *w, place *at,
                               const hst_event *event)
{
    uint32_t values[64 * HST_PLAN_USE_WORDS];
    size_t n = hst_splits_of(c->splits, at->measure, event->segment, event->episode, at->band,
                             event->uses, values);
    hst_status status = HST_OK;

    for (size_t i = 0; i < n && !status; i++) {
        at->split = values[i];
        status = count_in_units(c, w, at, event);
    }
    at->split = 0;
    return status;
}

/* Notes what an excluded provider takes away, in the rows that it would have counted in. */
static hst_status note_excluded(const hst_counting *c, hst_count_worker *w, size_t m, uint32_t area,
                                uint16_t period)
{
    bool noted = true;

    w->excluded[m]++;
    if (!c->measures->items[m].rows_by_type) {
        noted = hst_cube_add_excluded(w->cube, m, area, period);
    }
    for (size_t type = 0; type < 3 && c->measures->items[m].rows_by_type; type++) {
        size_t row = hst_cube_row(w->cube, m, type, period);

        noted = noted && (row == SIZE_MAX || hst_cube_add_excluded(w->cube, m, area, row));
    }
    return noted ? HST_OK : no_memory(&w->err);
}

/* Takes away the measures that exclude the event's provider in its area. */
static hst_status ask_exclusions(const hst_counting *c, hst_count_worker *w,
                                 const hst_measure_pass *pass, const hst_event *event,
                                 uint32_t area, uint64_t *live)
{
    hst_status status = HST_OK;

    for (uint64_t left = *live & pass->excludes; left != 0 && !status; left &= left - 1) {
        size_t bit = (size_t)__builtin_ctzll(left), m = pass->measure[bit];

        if (hst_exclusion_holds(&c->exclusions[m * c->n_segments + event->segment],
                                event->episode->provider, area)) {
            status = note_excluded(c, w, m, area, event->periods[pass->group[bit]]);
            *live &= ~(UINT64_C(1) << bit);
        }
    }
    return status;
}

static unsigned place_in_list(const hst_counting *c, uint32_t area)
{
    return area == c->special.other         ? HST_IN_OTHER
           : area == c->special.unknown     ? HST_IN_UNKNOWN
           : area == c->special.not_england ? HST_IN_NOT_ENGLAND
                                            : HST_IN_LIST;
}

/* Tells the one who looks on of an event of its measure. */
static hst_status show_event(const hst_counting *c, hst_count_worker *w,
                             const hst_measure_pass *pass, const hst_event *event, uint32_t area,
                             uint64_t live)
{
    const hst_count_watch *watch = c->watch;
    hst_status status = HST_OK;

    for (; live != 0 && !status; live &= live - 1) {
        if (pass->measure[__builtin_ctzll(live)] == watch->measure) {
            status = watch->event(watch->context, w->number, event, area, &w->err);
        }
    }
    return status;
}

/* One event in one cell of the total: nearly all of them. */
static hst_status count_plainly(const hst_counting *c, hst_count_worker *w, const place *at)
{
    uint32_t *slab = w->totals[at->measure][at->unit];
    hst_cube_cells cells;
    hst_status status = HST_OK;

    if (slab) {
        count_later(w, &slab[hst_cube_cell(c->n_bands, at->period, at->sex, at->band)]);
        return HST_OK;
    }
    status = take_row(w, at, at->period, &cells); /* the first event of its area */
    if (!status) {
        count_later(w, &cells.events[cell_of(c, at)]);
    }
    return status;
}

hst_status hst_count_event(const hst_counting *c, hst_count_worker *w, const hst_measure_pass *pass,
                           const hst_event *event, uint64_t live)
{
    uint32_t area = hst_residence_of(&c->residences[event->segment], event->episode);
    unsigned in_list = place_in_list(c, area);
    place at = {.unit = area,
                .sex = c->sex_of_code[event->episode->sex],
                .band = c->band_of_age[event->episode->startage]};
    hst_status status = HST_OK;

    if (live & pass->excludes) {
        status = ask_exclusions(c, w, pass, event, area, &live);
    }
    if (c->watch && c->watch->event && !status) {
        status = show_event(c, w, pass, event, area, live);
    }
    for (; live != 0 && !status; live &= live - 1) {
        size_t bit = (size_t)__builtin_ctzll(live);

        at.measure = pass->measure[bit];
        at.period = event->periods[pass->group[bit]];
        w->places[at.measure][in_list]++;
        if (pass->plain >> bit & 1) {
            status = count_plainly(c, w, &at);
            continue;
        }
        status = count_in_units(c, w, &at, event);
        if (!status && (pass->splits >> bit & 1)) {
            status = count_splits(c, w, &at, event);
        }
    }
    return status;
}
