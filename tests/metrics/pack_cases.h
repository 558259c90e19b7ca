/* The study of people_cases.h with some measures more, for counts that are packed into bytes, and
 * the processes that count it. */
#ifndef HESTIA_TESTS_METRICS_PACK_CASES_H
#define HESTIA_TESTS_METRICS_PACK_CASES_H

#include <string.h>

#include "ingest/hash.h"
#include "tests/metrics/people_cases.h"
#include "tests/metrics/processes.h"

enum { N_EXTRA = 5, N_MEASURES = N_CASES + N_EXTRA };

static plain_store store;

/* Beside the measures of people_cases.h: splits in which areas and comparators meet values here and
 * there, with stays, squares of people and layers of days; and excluded providers. */
static inline void add_measures(hst_measure *measures)
{
    static char *somerset[] = {(char *)"5QL"};
    static hst_excluded_provider excluded[] = {
        {(char *)"RD1", {1, somerset}, (char *)"records rise"}, {(char *)"RBA", {0, NULL}, NULL}};
    static const struct {
        const char *id;
        size_t like;
        hst_split split;
    } extra[N_EXTRA] = {{"mean stay by specialty", 2, HST_SPLIT_SPECIALTY},
                        {"people by provider", 5, HST_SPLIT_PROVIDER},
                        {"repeats by sex", 6, HST_SPLIT_SEX},
                        {"cohorts by age", 8, HST_SPLIT_AGE_BAND},
                        {"without some providers", 6, HST_SPLIT_NONE}};

    for (size_t i = 0; i < N_EXTRA; i++) {
        hst_measure *measure = &measures[N_CASES + i];

        *measure = measures[extra[i].like];
        measure->id = (char *)(uintptr_t)extra[i].id;
        measure->split = extra[i].split;
    }
    measures[N_MEASURES - 1].excluded_providers = excluded;
    measures[N_MEASURES - 1].n_excluded_providers = 2;
}

/* Whatever a process reads of a study. */
typedef struct world {
    hst_measure list[N_MEASURES];
    hst_study_cohort cohort_list[2];
    hst_study study;
    hst_age_bands bands;
    hst_measures *measures;
    hst_areas *areas;
    hst_cohorts *cohorts;
    hst_count_options options;
    hst_counting asked; /* what all processes are asked */
} world;

static inline void open_world(world *w, void (*change)(world *w))
{
    hst_error err = {0};

    memset(w, 0, sizeof *w);
    w->study = make_study(w->list, w->cohort_list);
    add_measures(w->list);
    w->study.n_measures = N_MEASURES;
    w->study.breaks.screen = true;
    w->bands = make_bands();
    w->options.n_threads = 2;
    w->asked.n_segments = N_FILES;
    if (change) {
        change(w);
    }
    w->asked.segments = (const hst_segment *const *)store.segments;
    w->asked.study = &w->study;
    w->asked.options = &w->options;
    if (hst_measures_compile(&w->measures, &w->study, conditions, &w->bands, &err) ||
        hst_areas_build(&w->areas, &w->study, NULL, w->asked.segments, w->asked.n_segments, &err) ||
        (w->study.n_cohorts > 0 &&
         hst_cohorts_create(&w->cohorts, &w->study, conditions, NULL, &err))) {
        fail_msg("%s", err.message);
    }
    w->asked.measures = w->measures;
    w->asked.areas = w->areas;
    w->options.cohorts = w->cohorts;
}

static inline void close_world(world *w)
{
    hst_cohorts_free(w->cohorts);
    hst_areas_free(w->areas);
    hst_measures_free(w->measures);
}

/* Puts the checksum of packed bytes right, or else no damage would come past it. */
static inline void sign(unsigned char *bytes, size_t n)
{
    uint64_t checksum = hst_hash_block(bytes, n - 8);

    for (size_t i = 0; i < 8; i++) {
        bytes[n - 8 + i] = (unsigned char)(checksum >> 8 * i);
    }
}

/* Around all tests of a file. */
static inline int open_store(void **state)
{
    open_rows(state);
    for (size_t i = 1; i < N_ROWS; i += 50) { /* repeats, by key and by the keys of hf */
        rows[i] = rows[i - 1];
        rows[i].key += i % 100 == 1 ? 1 : 0;
        rows[i].subdate++;
    }
    write_store(&store, rows, N_ROWS, 16, 5, false, false);
    return 0;
}

static inline int close_store(void **state)
{
    remove_store(&store);
    return close_rows(state);
}

#endif
