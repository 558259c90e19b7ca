/* Making a count ready: passes, unit rules, and what each segment's codes mean. */
#include "count_internal.h"

#include <stdlib.h>
#include <string.h>

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory to count in");
}

/* ---- passes ---- */

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
        const hst_compiled_measure *measure = &c->measures->items[m];
        size_t wanted = hst_filter_bits(&measure->filter);

        if (measure->measure->is_table) {
            continue; /* nothing of it is counted */
        }
        wanted += measure->unfit.n > 0 ? hst_filter_bits(&measure->unfit) : 0;
        if (!pass || n_bits + wanted > HST_PLAN_FILTERS) {
            pass = &c->passes[c->n_passes++];
            n_bits = 0;
        }
        pass->measure[pass->n++] = m;
        n_bits += wanted;
    }
    return HST_OK;
}

static size_t kind_asked(const hst_unit_rule *rule)
{
    return rule->asked_of == HST_OF_SPELLS ? HST_KIND_OF_SPELLS
           : rule->asked_of == HST_OF_CIPS ? HST_KIND_OF_CIPS
                                           : (size_t)rule->dataset;
}

static bool is_plain(const hst_compiled_measure *measure)
{
    return !measure->rows_by_type && measure->layers == 0 && !measure->keeps_stays &&
           measure->split == HST_SPLIT_NONE;
}

/* A measure with a rule of its own begins a group. */
static hst_status begin_group(hst_measure_pass *pass, size_t i, const hst_compiled_measure *measure,
                              hst_error *err)
{
    hst_measure_group *group = &pass->groups[pass->n_groups];
    hst_status status = hst_unit_rule_init(&group->rule, measure, err);
    size_t kind = kind_asked(&group->rule);

    pass->group[i] = (uint8_t)pass->n_groups++;
    pass->asked[kind][pass->n_asked[kind]++] = pass->group[i];
    return status;
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
            status = begin_group(pass, i, measure, err);
        }
        pass->groups[pass->group[i]].bits |= UINT64_C(1) << i;
        pass->excludes |= (uint64_t)(measure->measure->n_excluded_providers > 0) << i;
        pass->splits |= (uint64_t)(measure->split != HST_SPLIT_NONE) << i;
        pass->plain |= (uint64_t)is_plain(measure) << i;
    }
    return status;
}

static hst_status prepare_pass(const hst_counting *c, hst_measure_pass *pass, hst_error *err)
{
    hst_root roots[HST_PLAN_FILTERS];
    size_t n_roots = pass->n;
    hst_status status = group_measures(c, pass, err);

    if (status) {
        return status;
    }
    for (size_t i = 0; i < pass->n; i++) {
        const hst_compiled_measure *measure = &c->measures->items[pass->measure[i]];

        roots[i] = (hst_root){&measure->filter, measure->by_discharge};
        if (measure->unfit.n > 0) {
            roots[n_roots] = (hst_root){&measure->unfit, measure->by_discharge};
            pass->unfit |= UINT64_C(1) << i;
            pass->unfit_bit[i] = (uint8_t)n_roots++;
        }
    }
    status = hst_plan_create(&pass->plan, c->measures, roots, n_roots, err);
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

    c->datasets = calloc(c->n_segments + 1, sizeof *c->datasets);
    c->residences = calloc(c->n_segments + 1, sizeof *c->residences);
    c->exclusions = calloc(c->measures->n * c->n_segments + 1, sizeof *c->exclusions);
    if (!c->datasets || !c->residences || !c->exclusions) {
        return no_memory(err);
    }
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        c->datasets[s] = hst_segment_get_info(c->segments[s])->dataset;
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
    return HST_OK;
}

/* ---- people ---- */

static hst_status refuse_rule(const hst_counting *c, const char *key, const char *rule,
                              hst_error *err)
{
    return hst_fail(err, HST_ERR_USAGE, "%s: `%s: %s` is no rule of this version", c->study->path,
                    key, rule);
}

static hst_status choose_rules(hst_counting *c, hst_error *err)
{
    const hst_study *study = c->study;
    const char *duplicates = study->duplicates ? study->duplicates : "nhsd";
    hst_people_rules *rules = &c->rules;

    rules->drops_hf = strcmp(duplicates, "hf") == 0;
    rules->drops_repeats = c->drops_repeats = strcmp(duplicates, "none") != 0;
    if (rules->drops_repeats && !rules->drops_hf && strcmp(duplicates, "nhsd") != 0) {
        return refuse_rule(c, "duplicates", duplicates, err);
    }
    if (study->spell_rule && !hst_spell_rule_parse(study->spell_rule, &rules->spells)) {
        return refuse_rule(c, "spells.rule", study->spell_rule, err);
    }
    if (study->cips_rule && !hst_cips_rule_parse(study->cips_rule, &rules->cips)) {
        return refuse_rule(c, "spells.cips", study->cips_rule, err);
    }
    c->rows_by_person = rules->drops_hf || c->options->cohorts != NULL ||
                        (c->watch != NULL && c->watch->person != NULL);
    rules->wants_spells = c->watch != NULL && c->watch->wants_spells;
    for (size_t m = 0; m < c->measures->n; m++) {
        const hst_compiled_measure *measure = &c->measures->items[m];

        rules->wants_spells = rules->wants_spells || measure->asked_of != HST_OF_ROWS;
        c->rows_by_person =
            c->rows_by_person || (measure->counts_people && measure->asked_of == HST_OF_ROWS);
        c->finds_returns = c->finds_returns || (measure->layers >> HST_LAYER_READMITTED & 1) != 0;
        if (measure->unfit.n > 0 && measure->measure->lookback > c->longest_lookback) {
            c->longest_lookback = measure->measure->lookback;
        }
    }
    c->wants_people = c->rows_by_person || rules->wants_spells;
    return HST_OK;
}

static void mark_members(const hst_counting *c, size_t g, size_t n_groups, bool *is_member)
{
    const hst_area_group *group = hst_areas_group(c->areas, g);

    if (hst_area_group_is_weighted(group)) {
        return;
    }
    for (size_t i = 0; i < group->n_members; i++) {
        is_member[group->members[i].area * n_groups + g] = true;
    }
    if (group->is_england && group->population_area[0] != '\0') {
        is_member[c->special.other * n_groups + g] = true;
    }
}

/* For each area the comparators whose people are counted as they come. */
static hst_status list_groups(hst_counting *c, hst_error *err)
{
    size_t n_areas = hst_areas_n(c->areas) + 3, n_groups = hst_areas_n_groups(c->areas), n = 0;
    bool *is_member = calloc(n_areas * n_groups + 1, sizeof *is_member);

    c->first_group = calloc(n_areas + 1, sizeof *c->first_group);
    c->groups = calloc(n_areas * n_groups + 1, sizeof *c->groups);
    if (!is_member || !c->first_group || !c->groups) {
        free(is_member);
        return no_memory(err);
    }
    for (size_t g = 0; g < n_groups; g++) {
        mark_members(c, g, n_groups, is_member);
    }
    for (size_t area = 0; area < n_areas; area++) {
        for (size_t g = 0; g < n_groups; g++) {
            if (is_member[area * n_groups + g]) {
                c->groups[n++] = g;
            }
        }
        c->first_group[area + 1] = n;
    }
    free(is_member);
    return HST_OK;
}

static hst_status prepare_people(hst_counting *c, hst_error *err)
{
    hst_status status = list_groups(c, err);

    if (!status && c->wants_people) {
        status = hst_numbering_create(&c->providers, HST_DICT_PROVIDER, c->measures->mergers,
                                      c->segments, c->n_segments, err);
    }
    if (!status && c->options->cohorts) {
        status = hst_cohort_plan_create(&c->cohorts, c->options->cohorts, c->segments,
                                        c->n_segments, err);
    }
    return status;
}

/* In how many parts a partition is read, so that all threads' rows fit half the memory. */
static size_t choose_slices(const hst_counting *c)
{
    enum { BYTES_OF_ROW = 160 }; /* beside its record: search for repeats, people */
    size_t memory = c->options->memory_bytes ? c->options->memory_bytes : (size_t)1 << 30;
    size_t budget = memory / 2 / (size_t)(c->options->n_threads < 1 ? 1 : c->options->n_threads);
    size_t n_partitions = c->n_segments > 0 ? hst_segment_n_partitions(c->segments[0]) : 0;
    size_t largest = 0;

    for (size_t p = 0; p < n_partitions; p++) {
        size_t bytes = 0;

        for (size_t s = 0; s < c->n_segments; s++) {
            bytes += hst_segment_partition_bytes(c->segments[s], p) +
                     (size_t)hst_segment_partition_episodes(c->segments[s], p) * BYTES_OF_ROW;
        }
        largest = bytes > largest ? bytes : largest;
    }
    return budget > 0 && largest > budget ? largest / budget + 1 : 1;
}

/* ---- the whole ---- */

hst_status hst_counting_init(hst_counting *c, hst_error *err)
{
    const hst_age_bands *bands = &c->measures->bands;
    hst_status status = check_sizes(c, err);

    if (status) {
        return status;
    }
    status = choose_rules(c, err);
    if (status) {
        return status;
    }
    c->n_slices = choose_slices(c);
    hst_england_fill_years(c->year_of_day);
    hst_supply_fill_months(c->month_of_day);
    c->special = hst_areas_special(c->areas);
    c->n_bands = bands->n;
    memset(c->band_of_age, (int)bands->n, sizeof c->band_of_age);
    memcpy(c->band_of_age, bands->of_age, sizeof bands->of_age);
    memset(c->sex_of_code, HST_SEX_OTHER, sizeof c->sex_of_code);
    c->sex_of_code['1'] = HST_SEX_MALE;
    c->sex_of_code['2'] = HST_SEX_FEMALE;
    status = fill_passes(c, err);
    for (size_t p = 0; p < c->n_passes && !status; p++) {
        status = prepare_pass(c, &c->passes[p], err);
        for (size_t kind = 0; kind < HST_N_KINDS_ASKED; kind++) {
            c->is_asked[kind] = c->is_asked[kind] || c->passes[p].n_asked[kind] > 0;
        }
    }
    if (!status) {
        status = prepare_segments(c, err);
    }
    if (!status) {
        status = hst_splits_create(&c->splits, c->measures, c->segments, c->n_segments, err);
    }
    if (!status && c->study->breaks.screen && !c->watch) {
        status = hst_activity_plan_create(&c->activity, c->study, c->areas, c->measures->mergers,
                                          c->segments, c->n_segments, err);
    }
    return status ? status : prepare_people(c, err);
}

void hst_counting_clear(hst_counting *c)
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
    hst_cohort_plan_free(c->cohorts);
    hst_activity_plan_free(c->activity);
    hst_numbering_free(c->providers);
    free(c->first_group);
    free(c->groups);
    free(c->passes);
    free(c->datasets);
    free(c->residences);
    free(c->exclusions);
}
