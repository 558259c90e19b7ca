/* Results from a cube and an area list that a test makes up: series_support.c defines the functions
 * of cube.h and area.h that the results need, and the linker then leaves the real ones out. */
#ifndef HESTIA_TESTS_SERIES_SUPPORT_H
#define HESTIA_TESTS_SERIES_SUPPORT_H

#include "hestia/series.h"
#include "tests/support.h"

enum { N_AREAS = 3, N_QUARTERS = 4, MAX_SPLITS = 4, OTHER = N_AREAS };

/** What the cube and the area list say; set_up makes it anew for each test. */
extern struct world {
    size_t n_groups;
    hst_area_group groups[4];
    hst_area_member members[4][N_AREAS];
    hst_period quarters[N_QUARTERS], year;
    bool (*has_split)(size_t split, size_t area); /**< NULL: all */
    size_t n_bands, n_splits;
    const char *splits[MAX_SPLITS];
    uint64_t (*events)(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                       size_t band);
} world;

/** Events that differ with everything; none of unknown sex or age. */
uint64_t plain_events(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                      size_t band);

/** The same, and one in each cell of unknown sex or age. */
uint64_t events_with_unknown(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                             size_t band);

/** Adds a comparator: England, or one of a site alone unless `site` is UINT32_MAX. */
void add_group(const char *name, bool is_england, uint32_t site, const double weights[N_AREAS]);

/** Weights of the whole list. */
extern const double everybody[N_AREAS];

/** The study of one measure, its population, its results. */
typedef struct fixture {
    hst_study study;
    hst_measure measure;
    char folder[40], path[64], *paths[1];
    hst_standard standard;
    hst_population *population;
    hst_ledger *ledger;
    hst_results *results;
    const hst_result *rows;
    size_t n_rows;
    hst_error err;
} fixture;

/** Around each test, whose state is the fixture. */
int set_up(void **state);
int tear_down(void **state);

/** People of an area, year, sex and band of the population. */
double people(size_t area, int year, unsigned sex, size_t band);

/** Writes the population of the three areas and ENG (area number 5) in 18 bands, 2010 and 2011, but
 * for one area; the second has no men in one band. */
void write_population(fixture *f, const char *left_out, size_t empty_band);

/** Reads it by the bands of a standard. */
void read_population(fixture *f, const char *standard);

/** Makes the results anew. */
hst_status compute(fixture *f, int n_threads);

/** The row of an area or a comparator. */
const hst_result *find(const fixture *f, bool is_group, size_t area, const char *period,
                       const char *split);

/** Number in the ledger of one reason, over all areas (NULL) or one. */
uint64_t told(fixture *f, const char *reason, const char *area);

#endif
