/*
 * One pass over the store for all measures.
 *
 * Partitions go to threads as they come; each thread has a cube of its own, and the cubes are added
 * up at the end. All counts are integers, so threads, files and rows may come in any order.
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

/* ---- the hot loop ---- */

/* Takes away the measures that exclude the episode's provider in its area. */
static uint64_t ask_exclusions(const hst_counting *c, hst_count_worker *w,
                               const hst_measure_pass *pass, size_t segment,
                               const hst_episode *episode, uint32_t area, uint64_t live)
{
    for (uint64_t left = live & pass->excludes; left != 0; left &= left - 1) {
        size_t bit = (size_t)__builtin_ctzll(left), m = pass->measure[bit];

        if (hst_exclusion_holds(&c->exclusions[m * c->n_segments + segment], episode->provider,
                                area)) {
            w->excluded[m]++;
            live &= ~(UINT64_C(1) << bit);
        }
    }
    return live;
}

static void count_pending(hst_count_worker *w)
{
    for (size_t i = 0; i < w->n_pending; i++) {
        ++*w->pending[i];
    }
    w->n_pending = 0;
}

static void count_later(hst_count_worker *w, uint32_t *cell)
{
    if (w->n_pending == N_PENDING) {
        count_pending(w);
    }
    __builtin_prefetch(cell, 1);
    w->pending[w->n_pending++] = cell;
}

static hst_status count_splits(const hst_counting *c, hst_count_worker *w, size_t m, size_t segment,
                               const hst_episode *episode, uint32_t area, size_t band, size_t cell,
                               const uint64_t *uses)
{
    uint32_t values[64 * HST_PLAN_USE_WORDS];
    size_t n = hst_splits_of(c->splits, m, segment, episode, band, uses, values);

    for (size_t i = 0; i < n; i++) {
        uint32_t *slab = hst_cube_slab(w->cube, m, values[i], area);

        if (!slab) {
            return no_memory(&w->err);
        }
        count_later(w, &slab[cell]);
    }
    return HST_OK;
}

static hst_status count_events(const hst_counting *c, hst_count_worker *w,
                               const hst_measure_pass *pass, size_t segment,
                               const hst_episode *episode, uint64_t live, const uint16_t *periods,
                               const uint64_t *uses)
{
    uint32_t area = hst_residence_of(&c->residences[segment], episode);
    unsigned sex = c->sex_of_code[episode->sex];
    size_t band = c->band_of_age[episode->startage];
    hst_status status = HST_OK;

    if (live & pass->excludes) {
        live = ask_exclusions(c, w, pass, segment, episode, area, live);
    }
    for (; live != 0 && !status; live &= live - 1) {
        size_t bit = (size_t)__builtin_ctzll(live), m = pass->measure[bit];
        size_t cell = hst_cube_cell(c->n_bands, periods[pass->group[bit]], sex, band);
        uint32_t *slab = w->totals[m][area];

        if (!slab) { /* the first event of its area */
            slab = hst_cube_slab(w->cube, m, 0, area);
            if (!slab) {
                return no_memory(&w->err);
            }
        }
        count_later(w, &slab[cell]);
        if (pass->splits >> bit & 1) {
            status = count_splits(c, w, m, segment, episode, area, band, cell, uses);
        }
    }
    return status;
}

/* Rows of a file, by what the audit wants to know of them. */
static void tally(const hst_counting *c, hst_file_tally *file, size_t segment,
                  const hst_episode *episode)
{
    const hst_residence *residence = &c->residences[segment];
    uint16_t area = hst_episode_words(episode)[residence->column];

    file->rows++;
    if (c->drops_repeats && hst_episode_is_repeat(episode)) {
        file->dropped++;
    } else {
        file->flagged += (episode->flags & HST_EPISODE_DUPLICATE_FLAG) != 0;
        file->unknown_area += residence->fixed[area] == c->unknown;
    }
}

/* Asks all episodes of a block the measures of one pass; the first pass also tallies the file. */
static hst_status count_block(const hst_counting *c, hst_count_worker *w, size_t pass_number,
                              size_t segment, const hst_block *block)
{
    const hst_measure_pass *pass = &c->passes[pass_number];
    const hst_segment_plan *plan = pass->segment_plans[segment];
    uint64_t(*steps)[HST_N_STEPS] = w->steps[pass_number];
    hst_status status = HST_OK;

    for (size_t at = 0; at < block->bytes && !status;) {
        const hst_episode *episode = (const hst_episode *)(const void *)(block->records + at);
        uint16_t periods[HST_PLAN_FILTERS];
        uint64_t uses[HST_PLAN_USE_WORDS], live = 0;

        at += hst_episode_bytes(episode);
        if (pass_number == 0) {
            tally(c, &w->files[segment], segment, episode);
            hst_england_add(&w->england, c->year_of_day, episode);
        }
        if (c->drops_repeats && hst_episode_is_repeat(episode)) {
            continue;
        }
        for (size_t g = 0; g < pass->n_groups; g++) {
            hst_step step = hst_unit_rule_ask(&pass->groups[g].rule, episode, &periods[g]);

            steps[g][step]++;
            live |= step == HST_STEP_ASKED ? pass->groups[g].bits : 0;
        }
        if (live != 0) {
            live = hst_segment_plan_ask(plan, episode, live, uses);
        }
        if (live != 0) {
            status = count_events(c, w, pass, segment, episode, live, periods, uses);
        }
    }
    return status;
}

static hst_status count_partition(const hst_counting *c, hst_count_worker *w, size_t partition)
{
    const hst_block *blocks = NULL;
    hst_status status = HST_OK;

    if (hst_interrupt_requested()) {
        return hst_fail(&w->err, HST_ERR_INTERRUPTED, "interrupted while counting");
    }
    status = hst_partition_read(w->partition, partition, &blocks, &w->err);
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        for (size_t p = 0; p < c->n_passes && !status; p++) {
            status = count_block(c, w, p, s, &blocks[s]);
        }
    }
    count_pending(w);
    return status;
}

/* ---- making ready ---- */

/* Cuts the measures into passes of at most HST_PLAN_FILTERS filters. */
static hst_status fill_passes(hst_counting *c, hst_error *err)
{
    hst_measure_pass *pass = NULL;
    size_t n_bits = 0;

    c->passes = calloc(c->measures->n + 1, sizeof *c->passes);
    if (!c->passes) {
        return no_memory(err);
    }
    for (size_t m = 0; m < c->measures->n; m++) {
        size_t wanted = hst_filter_bits(&c->measures->items[m].filter);

        if (!pass || n_bits + wanted > HST_PLAN_FILTERS) {
            pass = &c->passes[c->n_passes++];
            n_bits = 0;
        }
        pass->measure[pass->n++] = m;
        n_bits += wanted;
    }
    return HST_OK;
}

static hst_status group_measures(const hst_counting *c, hst_measure_pass *pass, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < pass->n && !status; i++) {
        const hst_compiled_measure *measure = &c->measures->items[pass->measure[i]];
        size_t first = 0;

        while (!hst_unit_rule_is_same(measure, &c->measures->items[pass->measure[first]])) {
            first++;
        }
        if (first < i) {
            pass->group[i] = pass->group[first];
        } else {
            pass->group[i] = (uint8_t)pass->n_groups++;
            status = hst_unit_rule_init(&pass->groups[pass->group[i]].rule, measure, err);
        }
        pass->groups[pass->group[i]].bits |= UINT64_C(1) << i;
        pass->excludes |= (uint64_t)(measure->measure->n_excluded_providers > 0) << i;
        pass->splits |= (uint64_t)(measure->measure->split != HST_SPLIT_NONE) << i;
    }
    return status;
}

static hst_status prepare_pass(const hst_counting *c, hst_measure_pass *pass, hst_error *err)
{
    hst_root roots[HST_PLAN_FILTERS];
    hst_status status = group_measures(c, pass, err);

    if (status) {
        return status;
    }
    for (size_t i = 0; i < pass->n; i++) {
        const hst_compiled_measure *measure = &c->measures->items[pass->measure[i]];

        roots[i] = (hst_root){&measure->filter, measure->by_discharge};
    }
    status = hst_plan_create(&pass->plan, c->measures, roots, pass->n, err);
    if (status) {
        return status;
    }
    pass->segment_plans = calloc(c->n_segments + 1, sizeof(hst_segment_plan *));
    if (!pass->segment_plans) {
        return no_memory(err);
    }
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        status = hst_segment_plan_create(&pass->segment_plans[s], pass->plan, c->segments[s], err);
    }
    return status;
}

static hst_status prepare_segments(hst_counting *c, hst_error *err)
{
    hst_status status = HST_OK;

    c->residences = calloc(c->n_segments + 1, sizeof *c->residences);
    c->exclusions = calloc(c->measures->n * c->n_segments + 1, sizeof *c->exclusions);
    if (!c->residences || !c->exclusions) {
        return no_memory(err);
    }
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        status = hst_residence_init(&c->residences[s], c->areas, c->segments[s], err);
        for (size_t m = 0; m < c->measures->n && !status; m++) {
            const hst_measure *measure = c->measures->items[m].measure;

            if (measure->n_excluded_providers > 0) {
                status =
                    hst_exclusion_init(&c->exclusions[m * c->n_segments + s], c->study, measure,
                                       c->measures->mergers, c->areas, c->segments[s], err);
            }
        }
    }
    return status;
}

static hst_status check_sizes(const hst_counting *c, hst_error *err)
{
    uint64_t n_rows = 0;

    for (size_t s = 0; s < c->n_segments; s++) {
        n_rows += hst_segment_get_info(c->segments[s])->rows_used;
    }
    if (n_rows > UINT32_MAX) {
        return hst_fail(err, HST_ERR_RANGE, "more than 4,294,967,295 episodes in one study");
    }
    if (c->study->duplicates && strcmp(c->study->duplicates, "nhsd") != 0 &&
        strcmp(c->study->duplicates, "none") != 0) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s: `duplicates: %s` is not available in this version; nhsd and none are",
                        c->study->path, c->study->duplicates);
    }
    return HST_OK;
}

static hst_status prepare(hst_counting *c, hst_error *err)
{
    const hst_age_bands *bands = &c->measures->bands;
    hst_status status = check_sizes(c, err);

    if (status) {
        return status;
    }
    c->drops_repeats = !c->study->duplicates || strcmp(c->study->duplicates, "none") != 0;
    hst_england_fill_years(c->year_of_day);
    c->unknown = hst_areas_special(c->areas).unknown;
    c->n_bands = bands->n;
    memset(c->band_of_age, (int)bands->n, sizeof c->band_of_age);
    memcpy(c->band_of_age, bands->of_age, sizeof bands->of_age);
    memset(c->sex_of_code, HST_SEX_OTHER, sizeof c->sex_of_code);
    c->sex_of_code['1'] = HST_SEX_MALE;
    c->sex_of_code['2'] = HST_SEX_FEMALE;
    status = fill_passes(c, err);
    for (size_t p = 0; p < c->n_passes && !status; p++) {
        status = prepare_pass(c, &c->passes[p], err);
    }
    if (!status) {
        status = prepare_segments(c, err);
    }
    if (!status) {
        status = hst_splits_create(&c->splits, c->measures, c->segments, c->n_segments, err);
    }
    return status;
}

static void clear_counting(hst_counting *c)
{
    for (size_t p = 0; p < c->n_passes; p++) {
        hst_measure_pass *pass = &c->passes[p];

        for (size_t s = 0; pass->segment_plans && s < c->n_segments; s++) {
            hst_segment_plan_free(pass->segment_plans[s]);
        }
        for (size_t g = 0; g < pass->n_groups; g++) {
            hst_unit_rule_clear(&pass->groups[g].rule);
        }
        free(pass->segment_plans);
        hst_plan_free(pass->plan);
    }
    for (size_t s = 0; c->residences && s < c->n_segments; s++) {
        hst_residence_clear(&c->residences[s]);
    }
    for (size_t i = 0; c->exclusions && i < c->measures->n * c->n_segments; i++) {
        hst_exclusion_clear(&c->exclusions[i]);
    }
    hst_splits_free(c->splits);
    free(c->passes);
    free(c->residences);
    free(c->exclusions);
}

static hst_status init_worker(hst_count_worker *w, const hst_counting *c, hst_error *err)
{
    hst_status status = hst_cube_create(&w->cube, c->measures, hst_areas_n(c->areas) + 3, err);

    if (status) {
        return status;
    }
    w->steps = calloc(c->n_passes + 1, sizeof *w->steps);
    w->totals = calloc(c->measures->n + 1, sizeof *w->totals);
    w->excluded = calloc(c->measures->n + 1, sizeof *w->excluded);
    w->files = calloc(c->n_segments + 1, sizeof *w->files);
    if (!w->steps || !w->totals || !w->excluded || !w->files) {
        return no_memory(err);
    }
    for (size_t m = 0; m < c->measures->n; m++) {
        w->totals[m] = hst_cube_totals(w->cube, m);
    }
    return hst_partition_create(&w->partition, c->segments, c->n_segments, err);
}

static void clear_worker(hst_count_worker *w)
{
    hst_cube_free(w->cube);
    hst_partition_free(w->partition);
    free(w->steps);
    free(w->totals);
    free(w->excluded);
    free(w->files);
}

static hst_status merge_worker(hst_count_worker *into, hst_count_worker *from,
                               const hst_counting *c, hst_error *err)
{
    for (size_t p = 0; p < c->n_passes; p++) {
        for (size_t g = 0; g < c->passes[p].n_groups; g++) {
            for (size_t step = 0; step < HST_N_STEPS; step++) {
                into->steps[p][g][step] += from->steps[p][g][step];
            }
        }
    }
    for (size_t m = 0; m < c->measures->n; m++) {
        into->excluded[m] += from->excluded[m];
    }
    for (size_t s = 0; s < c->n_segments; s++) {
        into->files[s].rows += from->files[s].rows;
        into->files[s].dropped += from->files[s].dropped;
        into->files[s].unknown_area += from->files[s].unknown_area;
        into->files[s].flagged += from->files[s].flagged;
    }
    hst_england_merge(&into->england, &from->england);
    return hst_cube_merge(into->cube, from->cube, err);
}

/* ---- the whole ---- */

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

#pragma omp parallel for schedule(dynamic, 1) num_threads(n_workers)
    for (size_t partition = 0; partition < n_partitions; partition++) {
        hst_count_worker *w = &workers[omp_get_thread_num()];

        if (!w->status) {
            w->status = count_partition(c, w, partition);
            w->failed_at = partition;
        }
    }
}

hst_status hst_count(hst_cube **out, hst_england **england, const hst_measures *measures,
                     const hst_study *study, const hst_areas *areas,
                     const hst_segment *const *segments, size_t n_segments, int n_threads,
                     hst_ledger *ledger, hst_error *err)
{
    hst_counting c = {.measures = measures,
                      .study = study,
                      .areas = areas,
                      .segments = segments,
                      .n_segments = n_segments};
    int n_workers = n_threads < 1 ? 1 : n_threads;
    hst_count_worker *workers = calloc((size_t)n_workers, sizeof *workers);
    hst_status status = HST_OK;

    *out = NULL;
    if (england) {
        *england = NULL;
    }
    if (!workers) {
        return no_memory(err);
    }
    status = prepare(&c, err);
    for (int t = 0; t < n_workers && !status; t++) {
        status = init_worker(&workers[t], &c, err);
    }
    if (status) {
        goto done;
    }
    count_all(&c, workers, n_workers);
    status = first_failure(workers, n_workers, err);
    for (int t = 1; t < n_workers && !status; t++) {
        status = merge_worker(&workers[0], &workers[t], &c, err);
    }
    for (size_t m = 0; m < measures->n && !status; m++) {
        size_t n = 0;
        const char *const *values = hst_splits_values(c.splits, m, &n);

        status = hst_cube_name_splits(workers[0].cube, m, values, n, err);
    }
    for (size_t s = 0; s < n_segments && !status; s++) {
        hst_cube_add_coverage(workers[0].cube, hst_segment_get_info(segments[s]));
    }
    if (!status) {
        status = hst_count_check_areas(&c, &workers[0], err);
    }
    if (!status) {
        status = hst_count_audit(&c, &workers[0], ledger, err);
    }
    if (!status && england) {
        status = hst_england_list(england, &workers[0].england, err);
    }
    if (status) {
        goto done;
    }
    *out = workers[0].cube;
    workers[0].cube = NULL; /* now the caller's */

done:
    for (int t = 0; t < n_workers; t++) {
        clear_worker(&workers[t]);
    }
    clear_counting(&c);
    free(workers);
    return status;
}
