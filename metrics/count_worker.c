/* What one thread fills, and what is added up when all have done: of threads by merging, of
 * processes by a wire. Whatever is new in one of them is so in the other. */
#include "count_internal.h"

#include <stdlib.h>

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory to count in");
}

hst_status hst_count_worker_init(hst_count_worker *w, const hst_counting *c, hst_error *err)
{
    hst_status status = hst_cube_create(&w->cube, c->measures, c->areas, err);

    if (status) {
        return status;
    }
    w->steps = calloc(c->n_passes + 1, sizeof *w->steps);
    w->before = calloc(c->n_passes + 1, sizeof *w->before);
    w->totals = calloc(c->measures->n + 1, sizeof *w->totals);
    w->excluded = calloc(c->measures->n + 1, sizeof *w->excluded);
    w->unfit = calloc(c->measures->n + 1, sizeof *w->unfit);
    w->places = calloc(c->measures->n + 1, sizeof *w->places);
    w->files = calloc(c->n_segments + 1, sizeof *w->files);
    w->supply = calloc(c->n_segments + 1, sizeof *w->supply);
    if (!w->steps || !w->before || !w->totals || !w->excluded || !w->unfit || !w->places ||
        !w->files || !w->supply) {
        return no_memory(err);
    }
    for (size_t s = 0; s < c->n_segments && !status; s++) {
        status = hst_supply_tally_init(&w->supply[s], c->segments[s], err);
    }
    if (status) {
        return status;
    }
    for (size_t m = 0; m < c->measures->n; m++) {
        w->totals[m] = hst_cube_totals(w->cube, m);
    }
    w->england.has_spells = w->totals_of_people.has_spells = c->rules.wants_spells;
    w->totals_of_people.has_cohorts = c->cohorts != NULL;
    status = hst_partition_create(&w->partition, c->segments, c->n_segments, err);
    if (!status && c->wants_people) {
        status =
            hst_people_create(&w->people, &c->rules, c->segments, c->n_segments, c->providers, err);
    }
    if (!status && c->rules.wants_spells) {
        status = hst_rule_comparison_init(&w->comparison, &c->rules, err);
    }
    if (!status && c->options->cohorts) {
        status = hst_cohort_sizes_create(&w->sizes, c->options->cohorts, c->study, c->areas, err);
    }
    return status;
}

void hst_count_worker_clear(hst_count_worker *w, const hst_counting *c)
{
    hst_cube_free(w->cube);
    hst_partition_free(w->partition);
    hst_people_free(w->people);
    hst_rule_comparison_clear(&w->comparison);
    hst_cohort_sizes_free(w->sizes);
    hst_activity_tally_clear(&w->activity);
    free(w->person_events);
    free(w->before);
    hst_returns_clear(&w->returns);
    free(w->steps);
    free(w->totals);
    free(w->excluded);
    free(w->unfit);
    free(w->places);
    for (size_t s = 0; w->supply && s < c->n_segments; s++) {
        hst_supply_tally_clear(&w->supply[s]);
    }
    free(w->supply);
    free(w->files);
}

/* ---- what is added up ---- */

static void merge_people(hst_count_worker *into, const hst_count_worker *from)
{
    hst_people_totals *a = &into->totals_of_people;
    const hst_people_totals *b = &from->totals_of_people;

    a->n_people += b->n_people;
    a->n_episodes += b->n_episodes;
    a->n_spells += b->n_spells;
    a->n_cips += b->n_cips;
    if (into->sizes) {
        hst_cohort_sizes_merge(into->sizes, from->sizes);
    }
    hst_rule_comparison_merge(&into->comparison, &from->comparison);
    if (into->people) {
        hst_people_merge_ledger(into->people, from->people);
    }
}

hst_status hst_count_worker_merge(hst_count_worker *into, hst_count_worker *from,
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
        into->unfit[m] += from->unfit[m];
        for (size_t place = 0; place < HST_N_PLACES; place++) {
            into->places[m][place] += from->places[m][place];
        }
    }
    for (size_t s = 0; s < c->n_segments; s++) {
        into->files[s].rows += from->files[s].rows;
        into->files[s].dropped += from->files[s].dropped;
        into->files[s].unknown_area += from->files[s].unknown_area;
        into->files[s].flagged += from->files[s].flagged;
        hst_supply_tally_merge(&into->supply[s], &from->supply[s], c->segments[s]);
    }
    if (c->activity && !hst_activity_tally_merge(&into->activity, &from->activity, c->activity)) {
        return no_memory(err);
    }
    hst_england_merge(&into->england, &from->england);
    merge_people(into, from);
    return hst_cube_merge(into->cube, from->cube, err);
}

static void wire_people(hst_count_worker *w, hst_wire *wire)
{
    hst_wire_counts(wire, &w->totals_of_people.n_people, 1);
    hst_wire_counts(wire, &w->totals_of_people.n_episodes, 1);
    hst_wire_counts(wire, &w->totals_of_people.n_spells, 1);
    hst_wire_counts(wire, &w->totals_of_people.n_cips, 1);
    if (w->sizes) {
        hst_cohort_sizes_wire(w->sizes, wire);
    }
    hst_rule_comparison_wire(&w->comparison, wire);
    if (w->people) {
        hst_people_wire_ledger(w->people, wire);
    }
}

void hst_count_worker_wire(hst_count_worker *w, const hst_counting *c, hst_wire *wire)
{
    size_t n_measures = c->measures->n;

    for (size_t p = 0; p < c->n_passes; p++) {
        hst_wire_counts(wire, w->steps[p][0], c->passes[p].n_groups * HST_N_STEPS);
    }
    hst_wire_counts(wire, w->excluded, n_measures);
    hst_wire_counts(wire, w->unfit, n_measures);
    hst_wire_counts(wire, w->places[0], n_measures * HST_N_PLACES);
    for (size_t s = 0; s < c->n_segments; s++) {
        hst_wire_counts(wire, &w->files[s].rows, 1);
        hst_wire_counts(wire, &w->files[s].dropped, 1);
        hst_wire_counts(wire, &w->files[s].unknown_area, 1);
        hst_wire_counts(wire, &w->files[s].flagged, 1);
        hst_supply_tally_wire(&w->supply[s], c->segments[s], wire);
    }
    if (c->activity) {
        hst_activity_tally_wire(&w->activity, c->activity, wire);
    }
    hst_england_wire(&w->england, wire);
    wire_people(w, wire);
    for (size_t m = 0; m < n_measures; m++) {
        size_t n_values = 0;

        hst_splits_values(c->splits, m, &n_values);
        hst_cube_wire(w->cube, m, n_values, wire);
    }
}
