/*
 * One number taken apart: the rows of an area and period, and how many are left after each step.
 *
 * Every clause of the measure's filter is asked as a filter of its own, through the same tables as
 * in count.c, so that the last step is the cube's number or one of the two is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <omp.h>

#include "exclusion_internal.h"
#include "filter_internal.h"
#include "hestia/cube.h"
#include "hestia/ingest.h"
#include "partition_internal.h"
#include "residence_internal.h"

/* Steps before those of the filter. */
enum { AT_ALL, AT_KEPT, AT_FINISHED, AT_FIRST, AT_VALID, AT_CLASS, N_FIXED_STEPS };

typedef struct cascade {
    const hst_compiled_measure *measure;
    const hst_areas *areas;
    const hst_segment *const *segments;
    size_t n_segments;
    hst_period period;
    bool *wanted; /* [areas and special ones] */
    bool wants_keys, drops_repeats;
    size_t n_clauses;
    hst_filter *clauses; /* [n_clauses], of one clause each, borrowed */
    hst_plan *plan;
    hst_segment_plan **segment_plans; /* [n_segments] */
    hst_residence *residences;        /* [n_segments] */
    hst_exclusion *exclusions;        /* [n_segments] */
    size_t n_steps;
} cascade;

typedef struct cascade_worker {
    hst_partition *partition;
    uint64_t *steps; /* [n_steps] */
    size_t n_keys, capacity;
    uint64_t *keys;
    hst_status status;
    size_t failed_at;
    hst_error err;
} cascade_worker;

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory to take a number apart");
}

/* ---- asking ---- */

static hst_status keep_key(cascade_worker *w, uint64_t key)
{
    if (w->n_keys == w->capacity) {
        size_t capacity = w->capacity ? 2 * w->capacity : 1024;
        uint64_t *keys = realloc(w->keys, capacity * sizeof *keys);

        if (!keys) {
            return no_memory(&w->err);
        }
        w->keys = keys;
        w->capacity = capacity;
    }
    w->keys[w->n_keys++] = key;
    return HST_OK;
}

/* How many steps an episode of the area and period passes; n_steps = counted. */
static size_t steps_passed(const cascade *c, size_t segment, const hst_episode *episode,
                           uint32_t area)
{
    uint64_t all = c->n_clauses == 64 ? UINT64_MAX : (UINT64_C(1) << c->n_clauses) - 1;
    uint64_t uses[HST_PLAN_USE_WORDS], passed = 0;
    size_t clause = 0;

    if (c->drops_repeats && hst_episode_is_repeat(episode)) {
        return AT_KEPT;
    }
    if (episode->epistat != '3') {
        return AT_FINISHED;
    }
    if (c->measure->first_only && episode->epiorder != 1) {
        return AT_FIRST;
    }
    if (episode->provider == 0 || episode->epistart == 0 || episode->epiend == 0 ||
        episode->admidate == 0) {
        return AT_VALID;
    }
    if (!c->measure->class_ok[episode->classpat]) {
        return AT_CLASS;
    }
    passed = hst_segment_plan_ask(c->segment_plans[segment], episode, all, uses);
    while (clause < c->n_clauses && (passed >> clause & 1)) {
        clause++;
    }
    if (clause == c->n_clauses && c->measure->measure->n_excluded_providers > 0) {
        clause += !hst_exclusion_holds(&c->exclusions[segment], episode->provider, area);
    }
    return N_FIXED_STEPS + clause;
}

static hst_status ask_block(const cascade *c, cascade_worker *w, size_t segment,
                            const hst_block *block)
{
    hst_status status = HST_OK;

    for (size_t at = 0; at < block->bytes && !status;) {
        const hst_episode *episode = (const hst_episode *)(const void *)(block->records + at);
        hst_date date =
            hst_day_to_date(c->measure->by_discharge ? episode->disdate : episode->admidate);
        uint32_t area = 0;
        size_t passed = 0;

        at += hst_episode_bytes(episode);
        if (date < c->period.start || date > c->period.end) {
            continue;
        }
        area = hst_residence_of(&c->residences[segment], episode);
        if (!c->wanted[area]) {
            continue;
        }
        passed = steps_passed(c, segment, episode, area);
        for (size_t step = 0; step < passed; step++) {
            w->steps[step]++;
        }
        if (passed == c->n_steps && c->wants_keys) {
            status = keep_key(w, episode->record_key);
        }
    }
    return status;
}

static hst_status ask_partition(const cascade *c, cascade_worker *w, size_t partition)
{
    const hst_block *blocks = NULL;
    hst_status status = HST_OK;

    if (hst_interrupt_requested()) {
        return hst_fail(&w->err, HST_ERR_INTERRUPTED, "interrupted while counting");
    }
    status = hst_partition_read(w->partition, partition, 0, 1, &blocks, &w->err);
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        status = ask_block(c, w, s, &blocks[s]);
    }
    return status;
}

/* ---- making ready ---- */

/* Areas that make up the number: one, or a comparator's members. */
static hst_status want_areas(cascade *c, size_t area, size_t group, hst_error *err)
{
    const hst_area_group *comparator = NULL;

    c->wanted = calloc(hst_areas_n(c->areas) + 3, sizeof *c->wanted);
    if (!c->wanted) {
        return no_memory(err);
    }
    if (area != SIZE_MAX) {
        c->wanted[area] = true;
        return HST_OK;
    }
    comparator = hst_areas_group(c->areas, group);
    for (size_t i = 0; i < comparator->n_members; i++) {
        c->wanted[comparator->members[i].area] = true;
    }
    if (comparator->is_england && comparator->population_area[0]) {
        c->wanted[hst_areas_special(c->areas).other] = true;
    }
    return HST_OK;
}

static hst_status plan_clauses(cascade *c, const hst_measures *measures, hst_error *err)
{
    hst_root roots[HST_PLAN_FILTERS];
    const hst_filter *filter = &c->measure->filter;
    hst_status status = HST_OK;

    c->n_clauses = filter->n;
    c->clauses = calloc(filter->n + 1, sizeof *c->clauses);
    c->segment_plans = calloc(c->n_segments + 1, sizeof(hst_segment_plan *));
    if (!c->clauses || !c->segment_plans) {
        return no_memory(err);
    }
    for (size_t i = 0; i < filter->n; i++) { /* at most one clause of each kind: fewer than 64 */
        c->clauses[i] = (hst_filter){1, &filter->clauses[i]};
        roots[i] = (hst_root){&c->clauses[i], c->measure->by_discharge};
    }
    status = hst_plan_create(&c->plan, measures, roots, filter->n, err);
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        status = hst_segment_plan_create(&c->segment_plans[s], c->plan, c->segments[s], err);
    }
    return status;
}

static hst_status prepare(cascade *c, const hst_measures *measures, const hst_study *study,
                          size_t area, size_t group, hst_error *err)
{
    const hst_measure *measure = c->measure->measure;
    hst_status status = want_areas(c, area, group, err);

    if (!status) {
        status = plan_clauses(c, measures, err);
    }
    if (status) {
        return status;
    }
    c->residences = calloc(c->n_segments + 1, sizeof *c->residences);
    c->exclusions = calloc(c->n_segments + 1, sizeof *c->exclusions);
    if (!c->residences || !c->exclusions) {
        return no_memory(err);
    }
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        status = hst_residence_init(&c->residences[s], c->areas, c->segments[s], err);
        if (!status && measure->n_excluded_providers > 0) {
            status = hst_exclusion_init(&c->exclusions[s], study, measure, measures->mergers,
                                        c->areas, c->segments[s], err);
        }
    }
    c->n_steps = N_FIXED_STEPS + c->n_clauses + (measure->n_excluded_providers > 0);
    return status;
}

static void clear_cascade(cascade *c)
{
    for (size_t s = 0; c->segment_plans && s < c->n_segments; s++) {
        hst_segment_plan_free(c->segment_plans[s]);
    }
    for (size_t s = 0; c->residences && s < c->n_segments; s++) {
        hst_residence_clear(&c->residences[s]);
    }
    for (size_t s = 0; c->exclusions && s < c->n_segments; s++) {
        hst_exclusion_clear(&c->exclusions[s]);
    }
    hst_plan_free(c->plan);
    free(c->segment_plans);
    free(c->residences);
    free(c->exclusions);
    free(c->clauses);
    free(c->wanted);
}

/* ---- the answer ---- */

static void say_step(const cascade *c, size_t step, size_t area, size_t group, char text[256])
{
    static const char *const fixed[N_FIXED_STEPS] = {
        [AT_KEPT] = "repeats of EPIKEY dropped",
        [AT_FINISHED] = "finished (EPISTAT 3)",
        [AT_VALID] = "with provider, ADMIDATE, EPISTART and EPIEND",
    };
    const char *text_of_filter = "";

    if (step == AT_ALL) {
        snprintf(text, 256, "rows of %s with %s in %s",
                 area != SIZE_MAX ? hst_areas_code(c->areas, area)
                                  : hst_areas_group(c->areas, group)->name,
                 c->measure->by_discharge ? "DISDATE" : "ADMIDATE", c->period.label);
    } else if (step == AT_FIRST) {
        snprintf(text, 256, "%s",
                 c->measure->first_only ? "first episode of its stay (EPIORDER 1)"
                                        : "any episode of its stay");
    } else if (step == AT_CLASS) {
        snprintf(text, 256, "patient class %s", c->measure->class_words);
    } else if (step < N_FIXED_STEPS) {
        snprintf(text, 256, "%s", fixed[step]);
    } else if (step - N_FIXED_STEPS == c->n_clauses) {
        snprintf(text, 256, "not from an excluded provider");
    } else {
        text_of_filter = c->measure->filter.clauses[step - N_FIXED_STEPS].words;
        snprintf(text, 256, "%.*s%s", 250, text_of_filter,
                 strlen(text_of_filter) > 250 ? " ..." : "");
    }
}

static int compare_keys(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static hst_status gather_keys(const cascade_worker *workers, int n_workers, uint64_t **out,
                              size_t *n, hst_error *err)
{
    size_t total = 0;

    for (int t = 0; t < n_workers; t++) {
        total += workers[t].n_keys;
    }
    *out = malloc((total + 1) * sizeof **out);
    if (!*out) {
        return no_memory(err);
    }
    *n = 0;
    for (int t = 0; t < n_workers; t++) {
        if (workers[t].n_keys > 0) {
            memcpy(*out + *n, workers[t].keys, workers[t].n_keys * sizeof **out);
            *n += workers[t].n_keys;
        }
    }
    qsort(*out, *n, sizeof **out, compare_keys);
    return HST_OK;
}

static hst_status ask_all(const cascade *c, cascade_worker *workers, int n_workers, hst_error *err)
{
    size_t n_partitions = c->n_segments > 0 ? hst_segment_n_partitions(c->segments[0]) : 0;
    const cascade_worker *failed = NULL;

#pragma omp parallel for schedule(dynamic, 1) num_threads(n_workers)
    for (size_t partition = 0; partition < n_partitions; partition++) {
        cascade_worker *w = &workers[omp_get_thread_num()];

        if (!w->status) {
            w->status = ask_partition(c, w, partition);
            w->failed_at = partition;
        }
    }
    for (int t = 0; t < n_workers; t++) {
        if (workers[t].status && (!failed || workers[t].failed_at < failed->failed_at)) {
            failed = &workers[t];
        }
    }
    return failed ? hst_fail(err, failed->status, "%s", failed->err.message) : HST_OK;
}

static hst_status make_workers(cascade_worker **out, const cascade *c, int n, hst_error *err)
{
    hst_status status = HST_OK;

    *out = calloc((size_t)n, sizeof **out);
    if (!*out) {
        return no_memory(err);
    }
    for (int t = 0; t < n && !status; t++) {
        (*out)[t].steps = calloc(c->n_steps + 1, sizeof(uint64_t));
        status = (*out)[t].steps
                     ? hst_partition_create(&(*out)[t].partition, c->segments, c->n_segments, err)
                     : no_memory(err);
    }
    return status;
}

static void free_workers(cascade_worker *workers, int n)
{
    for (int t = 0; workers && t < n; t++) {
        hst_partition_free(workers[t].partition);
        free(workers[t].steps);
        free(workers[t].keys);
    }
    free(workers);
}

hst_status hst_count_explain(hst_cascade_step **steps, size_t *n_steps, uint64_t **keys,
                             size_t *n_keys, const hst_measures *measures, size_t measure,
                             const hst_study *study, const hst_areas *areas, size_t area,
                             size_t group, const hst_period *period,
                             const hst_segment *const *segments, size_t n_segments, int n_threads,
                             hst_error *err)
{
    cascade c = {.measure = &measures->items[measure],
                 .areas = areas,
                 .segments = segments,
                 .n_segments = n_segments,
                 .period = *period,
                 .wants_keys = keys != NULL,
                 .drops_repeats = !study->duplicates || strcmp(study->duplicates, "none") != 0};
    cascade_worker *workers = NULL;
    hst_cascade_step *made = NULL;
    int n_workers = n_threads < 1 ? 1 : n_threads;
    hst_status status = HST_OK;

    *steps = NULL;
    *n_steps = 0;
    status = prepare(&c, measures, study, area, group, err);
    if (!status) {
        status = make_workers(&workers, &c, n_workers, err);
    }
    if (!status) {
        status = ask_all(&c, workers, n_workers, err);
    }
    if (status) {
        goto done;
    }
    made = calloc(c.n_steps, sizeof *made);
    if (!made) {
        status = no_memory(err);
        goto done;
    }
    for (size_t step = 0; step < c.n_steps; step++) {
        say_step(&c, step, area, group, made[step].what);
        for (int t = 0; t < n_workers; t++) {
            made[step].n += workers[t].steps[step];
        }
    }
    if (keys) {
        status = gather_keys(workers, n_workers, keys, n_keys, err);
        if (status) {
            goto done;
        }
    }
    *steps = made;
    *n_steps = c.n_steps;
    made = NULL; /* now the caller's */

done:
    free(made);
    free_workers(workers, n_workers);
    clear_cascade(&c);
    return status;
}
