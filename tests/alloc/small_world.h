/* A small study that asks for something of every kind, on artificial extracts of a few hundred
 * people, taken through all stages of a run. */
#ifndef HESTIA_TESTS_SMALL_WORLD_H
#define HESTIA_TESTS_SMALL_WORLD_H

#include "hestia/ingest.h"
#include "hestia/publish.h"
#include "hestia/series.h"
#include "hestia/standard.h"

typedef struct small_world {
    char folder[64], path[128]; /* of the study file */
    hst_study *study;
    hst_inputs *inputs;
    hst_conditions *conditions;
    hst_standard standard;
    hst_population *population;
    hst_measures *measures;
    hst_ledger *ledger;
    hst_store *store;
    hst_segment **segments;
    size_t n_segments;
    hst_cohorts *cohorts;
    hst_areas *areas;
    hst_cube *cube;
    hst_england *england;
    hst_results *results;
    hst_breaks *breaks;
    hst_impact *impact;
} small_world;

/** Makes all of it, with one thread: a process that has started others cannot be copied. Ends the
 * process where that fails. */
void small_world_make(small_world *w);
void small_world_remove(small_world *w);

hst_impact_inputs small_world_impact_inputs(const small_world *w, int n_threads);

#endif
