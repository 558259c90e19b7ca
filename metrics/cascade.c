/*
 * One number taken apart: the rows or stays of an area and period, and how many are left after each
 * step.
 *
 * Each step is a measure of its own, the one asked for with only the first clauses of its filter
 * and the first tests of its unit, counted in one period by the same pass as any measure. So a step
 * means what it means in the count, whatever the unit, and the last one is the measure itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count_internal.h"
#include "hestia/row_memory.h"

typedef struct step {
    char what[256];
    size_t counted;    /* which of the measures that are counted */
    bool adds_repeats; /* rows that repeat others are still there */
    bool is_readmitted;
} step;

/* What one thread saw. */
typedef struct onlooker {
    uint64_t n_dropped;
    size_t n_keys, capacity;
    uint64_t *keys;
    bool has_first; /* unit person: its first event, which is the one that counts */
    hst_day first_day;
    uint64_t first_key;
    /* repeat-adjusted limits: the person's events by stratum, and people by such a number */
    uint64_t *events; /* [HST_N_SEXES][bands and the unknown one] */
    size_t n_repeats;
    uint64_t *repeats; /* [n_repeats] */
} onlooker;

typedef struct cascade {
    const hst_compiled_measure *measure;
    const hst_areas *areas;
    size_t area, group;
    const hst_period *period;
    hst_period periods[1];
    bool *wanted; /* [areas and special ones] */
    bool wants_keys, wants_repeats;
    hst_measure plain,
        whole;             /* of the study, for one period: without and with excluded providers */
    hst_measures measures; /* one for each count; borrows what they are made of */
    size_t n_steps;
    step *steps;
    onlooker *onlookers; /* [threads] */
} cascade;

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory to take a number apart");
}

/* ---- the steps ---- */

static size_t most_steps(const hst_compiled_measure *measure)
{
    enum { OTHER_STEPS = 12 };

    return OTHER_STEPS + measure->filter.n;
}

/* A step that counts what `measure` says; the text is shortened to what fits. */
static step *add_step(cascade *c, const hst_compiled_measure *measure, const char *what)
{
    step *s = &c->steps[c->n_steps++];
    size_t length = strlen(what);

    s->counted = c->measures.n;
    c->measures.items[c->measures.n++] = *measure;
    snprintf(s->what, sizeof s->what, "%.*s%s", 250, what, length > 250 ? " ..." : "");
    return s;
}

static const char *name_of_date(const hst_compiled_measure *measure)
{
    return measure->dataset == HST_DATASET_OP   ? "APPTDATE"
           : measure->dataset == HST_DATASET_AE ? "ARRIVALDATE"
           : measure->by_discharge              ? "DISDATE"
                                                : "ADMIDATE";
}

static void add_first(cascade *c, const hst_compiled_measure *at, const char *things)
{
    const char *who = c->area != SIZE_MAX ? hst_areas_code(c->areas, c->area)
                                          : hst_areas_group(c->areas, c->group)->name;
    char what[256];

    if (at->is_placed) {
        snprintf(what, sizeof what, "%s of %s with a day in %s and a length of stay", things, who,
                 c->period->label);
    } else {
        snprintf(what, sizeof what, "%s of %s with %s in %s", things, who, name_of_date(at),
                 c->period->label);
    }
    add_step(c, at, what);
}

static void add_rows(cascade *c, hst_compiled_measure *at)
{
    bool is_apc = at->dataset == HST_DATASET_APC;
    step *all = NULL;

    at->first_only = false;
    at->takes_unfinished = at->takes_incomplete = true;
    add_first(c, at, "rows");
    all = &c->steps[0];
    all->adds_repeats = true;
    c->steps[c->n_steps++] = (step){.what = "repeats dropped", .counted = all->counted};
    at->takes_unfinished = at->takes_incomplete = false;
    if (is_apc) {
        at->takes_incomplete = true;
        add_step(c, at, "finished (EPISTAT 3)");
        if (c->measure->first_only) {
            at->first_only = true;
            add_step(c, at, "first episode of its stay (EPIORDER 1)");
        }
        at->takes_incomplete = false;
        add_step(c, at, "with provider, ADMIDATE, EPISTART and EPIEND");
    }
}

static void add_stays(cascade *c, hst_compiled_measure *at)
{
    char what[64];

    at->needs_stay = at->is_placed; /* days that lie in a period need both ends of a stay */
    add_first(c, at,
              at->asked_of == HST_OF_SPELLS ? "provider spells" : "continuous inpatient spells");
    if (c->measure->needs_stay && !at->needs_stay) {
        at->needs_stay = true;
        add_step(c, at, "with a length of stay (0 to 29,200 days)");
    }
    if (c->measure->los_min > 0) {
        at->los_min = c->measure->los_min;
        snprintf(what, sizeof what, "of at least %u days", at->los_min);
        add_step(c, at, what);
    }
}

/* The measure as it is, step by step. */
static void list_steps(cascade *c)
{
    hst_compiled_measure at = *c->measure;
    char what[256];

    at.measure = &c->plain;
    at.split = HST_SPLIT_NONE;
    at.is_person = at.counts_people = at.keeps_stays = false;
    at.rows_by_type = at.is_placed;
    at.layers = at.is_placed ? c->measure->layers : 0;
    at.los_min = 0;
    at.filter.n = at.unfit.n = 0;
    memset(at.class_ok, true, sizeof at.class_ok);
    for (size_t type = 0; type < 3; type++) {
        at.n_periods[type] = type == hst_by_index(c->period->type);
        at.periods[type] = c->periods;
    }
    at.finest = c->period->type;
    if (at.asked_of == HST_OF_ROWS) {
        add_rows(c, &at);
    } else {
        add_stays(c, &at);
    }
    memcpy(at.class_ok, c->measure->class_ok, sizeof at.class_ok);
    if (c->measure->class_words) {
        snprintf(what, sizeof what, "patient class %s", c->measure->class_words);
        add_step(c, &at, what);
    }
    while (at.filter.n < c->measure->filter.n) {
        at.filter.n++;
        add_step(c, &at, at.filter.clauses[at.filter.n - 1].words);
    }
    if (c->measure->unfit.n > 0) {
        at.unfit.n = c->measure->unfit.n;
        snprintf(what, sizeof what, "not %s", at.unfit.clauses[0].words);
        add_step(c, &at, what);
    }
    at.measure = &c->whole;
    if (c->whole.n_excluded_providers > 0) {
        add_step(c, &at, "not from an excluded provider");
    }
    if (c->measure->is_person) {
        at.is_person = at.counts_people = at.rows_by_type = true;
        add_step(c, &at, "different people");
    }
    if (c->measure->layers >> HST_LAYER_READMITTED & 1) {
        at.layers = c->measure->layers;
        snprintf(what, sizeof what, "followed by an emergency within %d days", c->whole.days);
        add_step(c, &at, what)->is_readmitted = true;
    }
}

/* ---- looking on ---- */

static bool is_in_period(const cascade *c, const hst_episode *e)
{
    hst_date date = hst_day_to_date(c->measure->by_discharge ? e->disdate : e->admidate);

    return date >= c->period->start && date <= c->period->end;
}

static void see_repeat(void *context, size_t thread, hst_dataset dataset, const hst_episode *row,
                       uint32_t area)
{
    cascade *c = context;

    c->onlookers[thread].n_dropped +=
        dataset == c->measure->dataset && c->wanted[area] && is_in_period(c, row);
}

static size_t n_cells(const cascade *c)
{
    return HST_N_SEXES * (c->measures.bands.n + 1);
}

static hst_status keep_key(onlooker *o, uint64_t key, hst_error *err)
{
    if (o->n_keys == o->capacity) {
        size_t capacity = o->capacity ? 2 * o->capacity : 1024;
        uint64_t *keys =
            hst_row_memory_resize(o->keys, o->capacity * sizeof *keys, capacity * sizeof *keys);

        if (!keys) {
            return no_memory(err);
        }
        o->keys = keys;
        o->capacity = capacity;
    }
    o->keys[o->n_keys++] = key;
    return HST_OK;
}

/* The one event that a person counts by is the first, as in the cube. */
static void see_first(const cascade *c, onlooker *o, const hst_episode *e)
{
    hst_day day = c->measure->by_discharge ? e->disdate : e->admidate;

    if (!o->has_first || day < o->first_day ||
        (day == o->first_day && e->record_key < o->first_key)) {
        o->has_first = true;
        o->first_day = day;
        o->first_key = e->record_key;
    }
}

static size_t cell_of(const cascade *c, const hst_episode *e)
{
    const hst_age_bands *bands = &c->measures.bands;
    unsigned sex = e->sex == '1' ? HST_SEX_MALE : e->sex == '2' ? HST_SEX_FEMALE : HST_SEX_OTHER;

    return hst_cube_cell(bands->n, 0, sex,
                         e->startage == HST_AGE_MISSING ? bands->n : bands->of_age[e->startage]);
}

static hst_status see_event(void *context, size_t thread, const hst_event *event, uint32_t area,
                            hst_error *err)
{
    cascade *c = context;
    onlooker *o = &c->onlookers[thread];
    bool of_readmissions = c->measure->layers >> HST_LAYER_READMITTED & 1;

    if (!c->wanted[area] ||
        (of_readmissions &&
         !(event->is_readmitted_to && event->readmitted_after < (uint32_t)c->whole.days))) {
        return HST_OK;
    }
    if (c->wants_repeats) { /* a crude rate has one stratum */
        o->events[c->whole.statistic == HST_STAT_CRUDE_RATE ? 0 : cell_of(c, event->episode)]++;
    }
    if (c->measure->is_person) {
        see_first(c, o, event->episode);
        return HST_OK;
    }
    return c->wants_keys ? keep_key(o, event->episode->record_key, err) : HST_OK;
}

static hst_status count_repeats(onlooker *o, uint64_t n, hst_error *err)
{
    if (n >= o->n_repeats) {
        uint64_t *grown = realloc(o->repeats, (n + 1) * sizeof *grown);

        if (!grown) {
            return no_memory(err);
        }
        memset(grown + o->n_repeats, 0, (n + 1 - o->n_repeats) * sizeof *grown);
        o->repeats = grown;
        o->n_repeats = n + 1;
    }
    o->repeats[n]++;
    return HST_OK;
}

static hst_status end_person(void *context, size_t thread, const hst_person *person, hst_error *err)
{
    cascade *c = context;
    onlooker *o = &c->onlookers[thread];
    hst_status status = o->has_first && c->wants_keys ? keep_key(o, o->first_key, err) : HST_OK;

    (void)person;
    o->has_first = false;
    for (size_t i = 0; i < n_cells(c) && c->wants_repeats && !status; i++) {
        if (o->events[i] > 0) {
            status = count_repeats(o, o->events[i], err);
            o->events[i] = 0;
        }
    }
    return status;
}

/* ---- the answer ---- */

/* Areas that make up the number: one, or a comparator's members. */
static void want_areas(cascade *c)
{
    const hst_area_group *group = NULL;

    if (c->area != SIZE_MAX) {
        c->wanted[c->area] = true;
        return;
    }
    group = hst_areas_group(c->areas, c->group);
    for (size_t i = 0; i < group->n_members; i++) {
        c->wanted[group->members[i].area] = true;
    }
    if (group->is_england && group->population_area[0]) {
        c->wanted[hst_areas_special(c->areas).other] = true;
    }
}

/* One measure that was counted, in one area or comparator's own cells. */
static uint64_t sum_unit(const cascade *c, const hst_cube *cube, const step *s, size_t unit)
{
    hst_by type = c->period->type;
    uint64_t sum = 0;

    for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
        for (size_t band = 0; band <= c->measures.bands.n; band++) {
            sum += s->is_readmitted
                       ? hst_cube_sum(cube, HST_LAYER_READMITTED, s->counted, 0, unit, type, 0, sex,
                                      band)
                       : hst_cube_events(cube, s->counted, 0, unit, type, 0, sex, band);
        }
    }
    return sum;
}

static uint64_t sum_step(const cascade *c, const hst_cube *cube, const step *s, size_t n_threads)
{
    size_t own = c->area != SIZE_MAX ? c->area : hst_cube_group_area(cube, s->counted, c->group);
    uint64_t sum = 0;

    for (size_t t = 0; t < n_threads; t++) {
        sum += s->adds_repeats ? c->onlookers[t].n_dropped : 0;
    }
    if (own != SIZE_MAX) {
        return sum + sum_unit(c, cube, s, own);
    }
    for (size_t area = 0; area < hst_areas_n(c->areas) + 3; area++) {
        sum += c->wanted[area] ? sum_unit(c, cube, s, area) : 0;
    }
    return sum;
}

static int compare_keys(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static hst_status gather_keys(const cascade *c, size_t n_threads, hst_cascade *out, hst_error *err)
{
    size_t total = 0;

    for (size_t t = 0; t < n_threads; t++) {
        total += c->onlookers[t].n_keys;
    }
    out->keys = hst_row_memory_take((total + 1) * sizeof *out->keys);
    if (!out->keys) {
        return no_memory(err);
    }
    for (size_t t = 0; t < n_threads; t++) {
        if (c->onlookers[t].n_keys > 0) {
            memcpy(out->keys + out->n_keys, c->onlookers[t].keys,
                   c->onlookers[t].n_keys * sizeof *out->keys);
            out->n_keys += c->onlookers[t].n_keys;
        }
    }
    qsort(out->keys, out->n_keys, sizeof *out->keys, compare_keys);
    return HST_OK;
}

static hst_status gather_repeats(const cascade *c, size_t n_threads, hst_cascade *out,
                                 hst_error *err)
{
    size_t most = 0;

    for (size_t t = 0; t < n_threads; t++) {
        most = c->onlookers[t].n_repeats > most ? c->onlookers[t].n_repeats : most;
    }
    out->repeats = calloc(most + 1, sizeof *out->repeats);
    if (!out->repeats) {
        return no_memory(err);
    }
    for (size_t events = 1; events < most; events++) {
        hst_repeat_count *repeat = &out->repeats[out->n_repeats];

        *repeat = (hst_repeat_count){.events = events};
        for (size_t t = 0; t < n_threads; t++) {
            repeat->people +=
                events < c->onlookers[t].n_repeats ? c->onlookers[t].repeats[events] : 0;
        }
        out->n_repeats += repeat->people > 0;
    }
    return HST_OK;
}

static hst_status gather_steps(const cascade *c, const hst_cube *cube, size_t n_threads,
                               hst_cascade *out, hst_error *err)
{
    out->steps = calloc(c->n_steps, sizeof *out->steps);
    if (!out->steps) {
        return no_memory(err);
    }
    for (; out->n_steps < c->n_steps; out->n_steps++) {
        hst_cascade_step *made = &out->steps[out->n_steps];

        memcpy(made->what, c->steps[out->n_steps].what, sizeof made->what);
        made->n = sum_step(c, cube, &c->steps[out->n_steps], n_threads);
    }
    return HST_OK;
}

static bool has_weights(const cascade *c)
{
    return c->area == SIZE_MAX && hst_area_group_is_weighted(hst_areas_group(c->areas, c->group));
}

static hst_status prepare(cascade *c, const hst_measures *measures, size_t n_threads,
                          hst_error *err)
{
    c->periods[0] = *c->period;
    c->plain = c->whole = *c->measure->measure;
    c->plain.by = c->whole.by = (unsigned)c->period->type;
    c->plain.period = c->whole.period = (hst_window){c->period->start, c->period->end};
    c->plain.n_excluded_providers = 0;
    c->measures = *measures;
    c->measures.n = 0;
    c->measures.items = calloc(most_steps(c->measure), sizeof *c->measures.items);
    c->steps = calloc(most_steps(c->measure), sizeof *c->steps);
    c->wanted = calloc(hst_areas_n(c->areas) + 3, sizeof *c->wanted);
    c->onlookers = calloc(n_threads, sizeof *c->onlookers);
    if (!c->measures.items || !c->steps || !c->wanted || !c->onlookers) {
        return no_memory(err);
    }
    c->wants_repeats = (c->measure->layers >> HST_LAYER_SQUARES & 1) && !has_weights(c);
    for (size_t t = 0; t < n_threads; t++) {
        c->onlookers[t].events = calloc(n_cells(c), sizeof(uint64_t));
        if (!c->onlookers[t].events) {
            return no_memory(err);
        }
    }
    want_areas(c);
    list_steps(c);
    return HST_OK;
}

static void clear_cascade(cascade *c, size_t n_threads)
{
    for (size_t t = 0; c->onlookers && t < n_threads; t++) {
        hst_row_memory_free(c->onlookers[t].keys,
                            c->onlookers[t].capacity * sizeof *c->onlookers[t].keys);
        free(c->onlookers[t].events);
        free(c->onlookers[t].repeats);
    }
    free(c->onlookers);
    free(c->measures.items);
    free(c->steps);
    free(c->wanted);
}

hst_status hst_count_explain(hst_cascade *out, bool wants_keys, const hst_measures *measures,
                             size_t measure, const hst_study *study, const hst_areas *areas,
                             size_t area, size_t group, const hst_period *period,
                             const hst_segment *const *segments, size_t n_segments,
                             const hst_count_options *options, hst_error *err)
{
    cascade c = {.measure = &measures->items[measure],
                 .areas = areas,
                 .area = area,
                 .group = group,
                 .period = period,
                 .wants_keys = wants_keys};
    hst_count_watch watch = {.context = &c, .repeat = see_repeat};
    size_t n_threads = options->n_threads < 1 ? 1 : (size_t)options->n_threads;
    hst_cube *cube = NULL;
    hst_status status = prepare(&c, measures, n_threads, err);

    *out = (hst_cascade){0};
    if (!status) {
        watch.measure = c.measures.n - 1;
        watch.event = wants_keys || c.wants_repeats ? see_event : NULL;
        watch.person = c.wants_repeats || (wants_keys && c.measure->is_person) ? end_person : NULL;
        status = hst_count_watched(&cube, NULL, &c.measures, study, areas, segments, n_segments,
                                   options, &watch, NULL, err);
    }
    if (!status) {
        status = gather_steps(&c, cube, n_threads, out, err);
    }
    if (!status && wants_keys) {
        status = gather_keys(&c, n_threads, out, err);
    }
    if (!status && c.wants_repeats) {
        status = gather_repeats(&c, n_threads, out, err);
    }
    if (status) {
        hst_cascade_clear(out);
    }
    hst_cube_free(cube);
    clear_cascade(&c, n_threads);
    return status;
}

void hst_cascade_clear(hst_cascade *made)
{
    free(made->steps);
    hst_row_memory_free(made->keys, (made->n_keys + 1) * sizeof *made->keys);
    free(made->repeats);
    *made = (hst_cascade){0};
}
