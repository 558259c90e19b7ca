/*
 * One pass over the store for all measures.
 *
 * Partitions go to threads as they come; each thread has a cube of its own, and the cubes are added
 * up at the end. All counts are integers, so threads, files and rows may come in any order, and
 * several processes may count some of the partitions each (count_pack.c).
 *
 * An episode is asked in three steps: which unit rules it passes (few: measures share them), which
 * filters of those measures allow it (one bit each, see filter.c), and then area by area the cells
 * are counted.
 */
#include <stdlib.h>
#include <string.h>

#include <omp.h>

#include "count_internal.h"
#include "hestia/ingest.h"

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory to count in");
}

/* ---- rows ---- */

/* Rows of a file, by what the audit wants to know of them. */
static void tally(const hst_counting *c, hst_count_worker *w, size_t segment,
                  const hst_episode *episode)
{
    hst_file_tally *file = &w->files[segment];
    const hst_residence *residence = &c->residences[segment];
    uint16_t area = hst_episode_words(episode)[residence->column];

    file->rows++;
    if (c->drops_repeats && hst_episode_is_repeat(episode)) {
        file->dropped++;
    } else {
        hst_supply_tally_add(&w->supply[segment], c->month_of_day, episode);
        file->flagged += (episode->flags & HST_EPISODE_DUPLICATE_FLAG) != 0;
        file->unknown_area += residence->fixed[area] == c->special.unknown;
    }
}

/* Asks a row the measures of one pass. */
static hst_status ask_row(const hst_counting *c, hst_count_worker *w, size_t pass_number,
                          size_t segment, hst_dataset dataset, const hst_episode *episode)
{
    const hst_measure_pass *pass = &c->passes[pass_number];
    uint64_t(*steps)[HST_N_STEPS] = w->steps[pass_number];
    uint16_t periods[HST_PLAN_FILTERS];
    uint64_t found[HST_PLAN_USE_WORDS], live = 0;
    const uint64_t *const uses[] = {found, found, found};

    for (size_t i = 0; i < pass->n_asked[dataset]; i++) {
        size_t g = pass->asked[dataset][i];
        hst_step step = hst_unit_rule_ask(&pass->groups[g].rule, episode, &periods[g]);

        steps[g][step]++;
        live |= step == HST_STEP_ASKED ? pass->groups[g].bits : 0;
    }
    if (live != 0) {
        live = hst_segment_plan_ask(pass->segment_plans[segment], episode, live, found);
    }
    if (live != 0) {
        hst_event event = {
            .segment = segment, .episode = episode, .periods = periods, .uses = uses};

        return hst_count_event(c, w, pass, &event, live);
    }
    return HST_OK;
}

hst_status hst_count_row(const hst_counting *c, hst_count_worker *w, size_t segment,
                         const hst_episode *episode)
{
    hst_dataset dataset = c->datasets[segment];
    hst_status status = HST_OK;

    tally(c, w, segment, episode);
    if (dataset == HST_DATASET_APC) {
        hst_england_add(&w->england, c->year_of_day, episode);
    }
    if (c->drops_repeats && hst_episode_is_repeat(episode)) {
        if (c->watch && c->watch->repeat) {
            c->watch->repeat(c->watch->context, w->number, dataset, episode,
                             hst_residence_of(&c->residences[segment], episode));
        }
        return HST_OK;
    }
    if (c->activity &&
        !hst_activity_tally_add(&w->activity, c->activity, segment, dataset,
                                hst_residence_of(&c->residences[segment], episode), episode)) {
        return no_memory(&w->err);
    }
    for (size_t p = 0; p < c->n_passes && !status; p++) {
        status = ask_row(c, w, p, segment, dataset, episode);
    }
    return status;
}

/* Rows in the order of the store: they stand side by side. */
static hst_status count_block(const hst_counting *c, hst_count_worker *w, size_t segment,
                              const hst_block *block)
{
    hst_status status = HST_OK;

    for (size_t at = 0; at < block->bytes && !status;) {
        const hst_episode *episode = (const hst_episode *)(const void *)(block->records + at);

        at += hst_episode_bytes(episode);
        status = hst_count_row(c, w, segment, episode);
    }
    return status;
}

static hst_status count_slice(const hst_counting *c, hst_count_worker *w, size_t partition,
                              size_t slice)
{
    const hst_block *blocks = NULL;
    hst_status status = HST_OK;

    if (hst_interrupt_requested()) {
        return hst_fail(&w->err, HST_ERR_INTERRUPTED, "interrupted while counting");
    }
    status = hst_partition_read(w->partition, partition, slice, c->n_slices, &blocks, &w->err);
    for (size_t s = 0; s < c->n_segments && !status && !c->rows_by_person; s++) {
        status = count_block(c, w, s, &blocks[s]);
    }
    if (!status && c->wants_people) {
        status = hst_count_people(c, w, blocks);
    }
    hst_count_pending(w);
    return status;
}

static hst_status count_partition(const hst_counting *c, hst_count_worker *w, size_t partition)
{
    hst_status status = HST_OK;

    for (size_t slice = 0; slice < c->n_slices && !status; slice++) {
        status = count_slice(c, w, partition, slice);
    }
    return status;
}

/* ---- partitions ---- */

/* Failure of the lowest-numbered partition, the same whatever thread met it. */
static hst_status first_failure(const hst_count_worker *workers, int n_workers, hst_error *err)
{
    const hst_count_worker *first = NULL;

    for (int t = 0; t < n_workers; t++) {
        if (workers[t].status && (!first || workers[t].failed_at < first->failed_at)) {
            first = &workers[t];
        }
    }
    return first ? hst_fail(err, first->status, "%s", first->err.message) : HST_OK;
}

static void count_all(const hst_counting *c, hst_count_worker *workers, int n_workers)
{
    size_t n_partitions = c->n_segments > 0 ? hst_segment_n_partitions(c->segments[0]) : 0;
    size_t first = c->options->partition_first, step = c->options->partition_step;

    if (c->options->team) {
        first = hst_team_number(c->options->team);
        step = hst_team_size(c->options->team);
    } else if (step == 0) {
        first = 0;
        step = 1;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_workers)
    for (size_t partition = first; partition < n_partitions; partition += step) {
        hst_count_worker *w = &workers[omp_get_thread_num()];

        if (!w->status) {
            w->status = count_partition(c, w, partition);
            w->failed_at = partition;
        }
    }
}

/* Names, coverage, people: what the cube is told once all threads are added up. */
static hst_status finish_cube(const hst_counting *c, hst_count_worker *w, hst_ledger *ledger,
                              hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t m = 0; m < c->measures->n && !status; m++) {
        size_t n = 0;
        const char *const *values = hst_splits_values(c->splits, m, &n);

        status = hst_cube_name_splits(w->cube, m, values, n, err);
    }
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        hst_cube_add_coverage(w->cube, hst_segment_get_info(c->segments[s]));
    }
    if (!status) {
        status = hst_cube_check_supply(w->cube, w->supply, c->segments, c->n_segments, ledger, err);
    }
    if (!status && c->activity) {
        hst_activity *activity = NULL;

        status = hst_activity_list(&activity, &w->activity, c->activity, err);
        hst_cube_set_activity(w->cube, activity);
    }
    if (!status) {
        if (c->rules.wants_spells) {
            w->totals_of_people.n_no_sus_spell =
                hst_people_ledger(w->people)->n[HST_SPELL_NO_SUS_SPELL];
        }
        hst_cube_set_people(w->cube, &w->totals_of_people, w->sizes);
        w->sizes = NULL; /* now the cube's */
    }
    return status;
}

hst_status hst_count_gather(hst_count_worker *sum, const hst_counting *c, hst_error *err)
{
    int n_workers = c->options->n_threads < 1 ? 1 : c->options->n_threads;
    hst_count_worker *workers = calloc((size_t)n_workers, sizeof *workers);
    hst_status status = HST_OK;

    if (!workers) {
        return no_memory(err);
    }
    for (int t = 0; t < n_workers && !status; t++) {
        workers[t].number = (size_t)t;
        status = hst_count_worker_init(&workers[t], c, err);
    }
    if (!status) {
        count_all(c, workers, n_workers);
        status = first_failure(workers, n_workers, err);
    }
    for (int t = 1; t < n_workers && !status; t++) {
        status = hst_count_worker_merge(&workers[0], &workers[t], c, err);
    }
    if (!status) {
        *sum = workers[0];
        workers[0] = (hst_count_worker){0}; /* now the caller's */
    }
    for (int t = 0; t < n_workers; t++) {
        hst_count_worker_clear(&workers[t], c);
    }
    free(workers);
    return status;
}

/* ---- processes ---- */

/* The sum of all that the members of a team have counted. */
typedef struct team_sum {
    const hst_counting *c;
    hst_count_worker *sum;
} team_sum;

static hst_status add_member(void *context, size_t member, const void *bytes, size_t n,
                             hst_error *err)
{
    const team_sum *s = context;

    (void)member;
    return hst_count_add_packed(s->c, s->sum, bytes, n, err);
}

static hst_status give_sum(void *context, void **bytes, size_t *n, hst_error *err)
{
    const team_sum *s = context;
    unsigned char *packed = NULL;
    hst_status status = hst_count_pack(s->c, s->sum, &packed, n, err);

    *bytes = packed;
    return status;
}

/* Takes the sum in the place of this member's own part of it. */
static hst_status accept_sum(void *context, const void *bytes, size_t n, hst_error *err)
{
    const team_sum *s = context;
    hst_status status = HST_OK;

    hst_count_worker_clear(s->sum, s->c);
    *s->sum = (hst_count_worker){0};
    status = hst_count_worker_init(s->sum, s->c, err);
    return status ? status : hst_count_add_packed(s->c, s->sum, bytes, n, err);
}

/* Adds up what all members of the team have counted, for each of them. */
static hst_status add_up_team(hst_count_worker *sum, const hst_counting *c, hst_error *err)
{
    team_sum s = {c, sum};
    hst_team_step step = {.name = "counts",
                          .context = &s,
                          .take = add_member,
                          .give = give_sum,
                          .accept = accept_sum};
    unsigned char *bytes = NULL;
    hst_status status = HST_OK;

    if (!hst_team_leads(c->options->team)) {
        status = hst_count_pack(c, sum, &bytes, &step.n, err);
        step.bytes = bytes;
    }
    if (!status) {
        status = hst_team_do(c->options->team, &step, err);
    }
    free(bytes);
    return status;
}

/* ---- the whole ---- */

hst_status hst_count_finish(hst_cube **out, hst_england **england, const hst_counting *c,
                            hst_count_worker *sum, hst_ledger *ledger, hst_error *err)
{
    hst_status status = finish_cube(c, sum, ledger, err);

    if (!status) {
        status = hst_count_check_areas(c, sum, err);
    }
    if (!status) {
        status = hst_count_check_spells(c, sum, err);
    }
    if (!status) {
        status = hst_count_audit(c, sum, ledger, err);
    }
    if (!status && england) {
        status = hst_england_list(england, &sum->england, err);
    }
    if (!status) {
        *out = sum->cube;
        sum->cube = NULL; /* now the caller's */
    }
    return status;
}

hst_status hst_count_watched(hst_cube **out, hst_england **england, const hst_measures *measures,
                             const hst_study *study, const hst_areas *areas,
                             const hst_segment *const *segments, size_t n_segments,
                             const hst_count_options *options, const hst_count_watch *watch,
                             hst_ledger *ledger, hst_error *err)
{
    hst_counting c = {.measures = measures,
                      .study = study,
                      .areas = areas,
                      .segments = segments,
                      .n_segments = n_segments,
                      .options = options,
                      .watch = watch};
    hst_count_worker sum = {0};
    hst_status status = hst_counting_init(&c, err);

    *out = NULL;
    if (england) {
        *england = NULL;
    }
    if (!status) {
        status = hst_count_gather(&sum, &c, err);
    }
    if (!status && options->team) {
        status = add_up_team(&sum, &c, err);
    }
    if (!status) {
        status = hst_count_finish(out, england, &c, &sum, ledger, err);
    }
    hst_count_worker_clear(&sum, &c);
    hst_counting_clear(&c);
    return status;
}

hst_status hst_count(hst_cube **out, hst_england **england, const hst_measures *measures,
                     const hst_study *study, const hst_areas *areas,
                     const hst_segment *const *segments, size_t n_segments,
                     const hst_count_options *options, hst_ledger *ledger, hst_error *err)
{
    return hst_count_watched(out, england, measures, study, areas, segments, n_segments, options,
                             NULL, ledger, err);
}
