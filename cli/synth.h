/* Artificial patients: what the parts of `hestia synth` share. Nothing here is about anybody. */
#ifndef HESTIA_CLI_SYNTH_H
#define HESTIA_CLI_SYNTH_H

#include <stddef.h>
#include <stdint.h>

#include "hestia/date.h"
#include "hestia/status.h"

enum {
    SYNTH_N_SITES = 3,
    SYNTH_MAX_AREAS = 151,
    SYNTH_N_AGES = 91, /* single years, 90 = 90 and over */
    SYNTH_MAX_YEARS = 20,
    SYNTH_MAX_EPISODES = 400, /* of one person */
    SYNTH_MAX_DIAGNOSES = 20,
    SYNTH_MAX_PROCEDURES = 4,
    SYNTH_MAX_REMOVED = 32,
    SYNTH_BLOCK_BYTES = 2 << 20,
};

/** What the user asks for. */
typedef struct synth_options {
    uint64_t seed;
    size_t n_people;           /**< residents on the first mid-year day, of all areas together */
    int first_year, last_year; /**< financial years, by the year in which they start */
    size_t n_areas;
    char separator;          /**< ',' or '|' */
    const char *compression; /**< "gz", "zst", "zip" or "none" */
    const char *directory;
} synth_options;

/** The random numbers: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, 453-472), one stream per
 * person or record, so that no person's history depends on another's or on the thread. */
typedef struct synth_rng {
    uint64_t state;
} synth_rng;

synth_rng synth_rng_of(uint64_t seed, uint64_t stream);
uint64_t synth_next(synth_rng *rng);
double synth_uniform(synth_rng *rng);                  /**< in (0, 1) */
double synth_exponential(synth_rng *rng, double mean); /**< mean in any unit */
size_t synth_below(synth_rng *rng, size_t n);          /**< 0 to n - 1 */

typedef struct synth_area {
    char code[4], name[64];
    size_t structure; /**< which age structure: a site's own, or SYNTH_N_SITES for the others */
    double scale;     /**< artificial people per real one */
    double emergency, elective; /**< its rates relative to the country's */
    uint64_t first_person;      /**< people of the area are numbered from here on */
} synth_area;

/** Everything that the histories are drawn from; read-only once made. */
typedef struct synth_world {
    synth_options options;
    size_t n_areas;
    synth_area areas[SYNTH_MAX_AREAS];                     /**< the sites first, then by code */
    uint64_t n_persons;                                    /**< residents and those born later */
    double population[SYNTH_N_SITES + 1][2][SYNTH_N_AGES]; /**< real ones of mid-2011 */
    double growth[SYNTH_N_SITES + 1][SYNTH_MAX_YEARS + 2]; /**< total of a year / that of 2011 */
    double cumulative[SYNTH_N_SITES + 1][2 * (SYNTH_N_AGES + SYNTH_MAX_YEARS)];
    hst_date first_day, last_day;
    hst_date level_day;   /**< the rates are those of this day: 1 April 2008 */
    hst_date effect_from; /**< the planted effect's first day */
    double effect_share;  /**< of the admissions that it prevents */
    size_t effect_area;
} synth_world;

/**
 * Makes areas, people and rates from the compiled-in reference tables: the age structure of
 * mid-2011, each year's totals, the names of the primary care trusts.
 */
HST_MUST_CHECK hst_status synth_world_create(synth_world **out, const synth_options *options,
                                             hst_error *err);
void synth_world_free(synth_world *world);

/** Writes population.csv and pct_names.csv into the directory. */
HST_MUST_CHECK hst_status synth_write_population(const synth_world *world, hst_error *err);

/** One consultant episode, as true as it gets: dirt is added when rows are written. */
typedef struct synth_episode {
    uint64_t key;
    unsigned spell, order;
    hst_date admidate, disdate, start, end;
    const char *method, *source, *destination, *discharge_method;
    char class, type;
    bool is_last;
    size_t provider_area;
    bool is_independent; /**< in the independent-sector site of provider_area */
    const char *specialty;
    size_t n_diagnoses, n_procedures;
    const char *diagnoses[SYNTH_MAX_DIAGNOSES], *procedures[SYNTH_MAX_PROCEDURES];
} synth_episode;

/** One person's life in hospital. */
typedef struct synth_history {
    uint64_t person;
    size_t area;
    hst_date birth;
    char sex;
    size_t n_episodes;
    synth_episode episodes[SYNTH_MAX_EPISODES];
    size_t n_removed; /**< admissions that the planted effect prevented, and their days */
    hst_date removed[SYNTH_MAX_REMOVED];
} synth_history;

/** Draws the history of one person; always the same for the same world. */
void synth_draw_history(synth_history *history, const synth_world *world, uint64_t person);

/** True when an admission counts towards the planted effect's condition (acsc_copd, primary). */
bool synth_is_effect_condition(const char *diagnosis);

/** What truth.csv counts, per measure, area and quarter. */
typedef enum synth_measure {
    SYNTH_EMERGENCY,
    SYNTH_ELECTIVE,
    SYNTH_EFFECT, /**< emergency admissions for the effect's condition */
    SYNTH_N_MEASURES
} synth_measure;

typedef struct synth_truth {
    /** Admissions that a right study counts: [measure][area][quarter of the window]. */
    uint64_t counted[SYNTH_N_MEASURES][SYNTH_MAX_AREAS][4 * SYNTH_MAX_YEARS];
    uint64_t removed[4 * SYNTH_MAX_YEARS];
    uint64_t rows, episodes, unfinished, duplicates, no_area, no_admidate, no_age, no_sex,
        no_person;
} synth_truth;

struct archive;
struct archive_entry;

/** A file being written: as `<path>.part` of mode 0600 until it is closed. */
typedef struct synth_output {
    struct archive *archive; /* of libarchive */
    struct archive_entry *entry;
    char path[4096], part[4096 + 8];
    int fd;      /**< -1: not open */
    char *block; /**< [SYNTH_BLOCK_BYTES] */
    size_t n;    /**< bytes in the block, for the caller to add to */
} synth_output;

/** Opens the extract of a year in the packing asked for; `out` was set to {.fd = -1}. Times are
 * left out of it, so that the same seed gives the same bytes. */
HST_MUST_CHECK hst_status synth_output_open(synth_output *out, const synth_options *options,
                                            int year, hst_error *err);
HST_MUST_CHECK hst_status synth_output_flush(synth_output *out, hst_error *err);
/** Writes what is left and gives the file its name. */
HST_MUST_CHECK hst_status synth_output_close(synth_output *out, hst_error *err);
/** Frees; a file that was not closed is removed. */
void synth_output_clear(synth_output *out);

/** Writes the extract of one financial year (episodes that end in it, or are open at its end). */
HST_MUST_CHECK hst_status synth_write_extract(const synth_world *world, int year,
                                              synth_truth *truth, hst_error *err);

/** File name of a year's extract below the directory: "extracts/apc_200809.csv.gz". */
void synth_extract_name(const synth_options *options, int year, char *name, size_t capacity);

/** All of it: what `hestia synth` and `hestia demo` call. `n_rows` receives the rows written. */
HST_MUST_CHECK hst_status synth_write_all(const synth_options *options, int n_threads,
                                          uint64_t *n_rows, hst_error *err);

/** Defaults: seed 1, 100,000 people, 2008 to 2010, all areas, comma, gz. */
void synth_options_init(synth_options *options);

#endif
