/* Artificial patients: what the parts of `hestia synth` share. Nothing here is about anybody. */
#ifndef HESTIA_CLI_SYNTH_H
#define HESTIA_CLI_SYNTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hestia/csv.h"
#include "hestia/date.h"
#include "hestia/episode.h"
#include "hestia/status.h"

enum {
    SYNTH_N_SITES = 3,
    SYNTH_MAX_AREAS = 151,
    SYNTH_N_AGES = 91, /* single years, 90 = 90 and over */
    SYNTH_MAX_YEARS = 20,
    SYNTH_MAX_MONTHS = 12 * SYNTH_MAX_YEARS,
    SYNTH_MAX_PROVIDERS = 2 * SYNTH_MAX_AREAS + 2,
    SYNTH_MAX_EPISODES = 512, /* of one person, as the next four */
    SYNTH_MAX_SPELLS = 400,
    SYNTH_MAX_CLINICS = 1000,
    SYNTH_MAX_ARRIVALS = 400,
    SYNTH_MAX_REMOVED = 32,
    SYNTH_MAX_DIAGNOSES = 20,
    SYNTH_MAX_PROCEDURES = 4,
    SYNTH_BLOCK_BYTES = 2 << 20,
    SYNTH_FIRST_OP_YEAR = 2003, /* financial years in which HES has the data set */
    SYNTH_FIRST_AE_YEAR = 2007,
    SYNTH_LAST_AE_YEAR = 2019,
};

/** The sites' places among the areas. */
enum { SYNTH_CALDERDALE, SYNTH_SOMERSET, SYNTH_WIRRAL };

/** What truth.csv counts, per measure, area and month. */
typedef enum synth_measure {
    SYNTH_EMERGENCY,
    SYNTH_ELECTIVE,
    SYNTH_COPD, /**< emergency admissions for chronic obstructive lung disease (acsc_copd) */
    SYNTH_COMPLICATIONS,
    SYNTH_SPELLS,      /**< provider spells that the NHS rule makes of the rows */
    SYNTH_SPELLS_MADE, /**< and those that there were */
    SYNTH_CONTINUOUS,  /**< continuous spells, in the same way */
    SYNTH_CONTINUOUS_MADE,
    SYNTH_DEMENTIA_STAYS, /**< by month of discharge */
    SYNTH_DEMENTIA_DAYS,
    SYNTH_DISCHARGED,      /**< emergency continuous spells, alive, by month of discharge */
    SYNTH_READMITTED,      /**< of them, within 30 days */
    SYNTH_CLINICS,         /**< attendances */
    SYNTH_LIKELY_DIABETES, /**< attendances */
    SYNTH_ARRIVALS,        /**< first and unplanned follow-up attendances */
    SYNTH_N_MEASURES
} synth_measure;

/** What the user asks for. */
typedef struct synth_options {
    uint64_t seed;
    size_t n_people;           /**< residents on the first mid-year day, of all areas together */
    int first_year, last_year; /**< financial years, by the year in which they start */
    size_t n_areas;
    unsigned datasets;       /**< bits 1 << hst_dataset */
    int first_op_year;       /**< outpatient extracts from here on, 2003 or later */
    char separator;          /**< ',' or '|' */
    const char *compression; /**< "gz", "zst", "zip" or "none" */
    const char *study;       /**< "synthetic" or "long-term-conditions" */
    bool no_effects;         /**< no service works and no recording breaks */
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
    double deprivation;         /**< an artificial score, higher is more deprived */
    uint64_t first_person;      /**< people of the area are numbered from here on */
} synth_area;

/** A planted effect: a service that prevents a share of an area's emergency admissions. */
typedef struct synth_effect {
    size_t area;
    hst_date from;
    double share;          /**< of the admissions that it could prevent */
    synth_measure measure; /**< the one that it lowers: which admissions these are */
} synth_effect;

enum { SYNTH_MAX_EFFECTS = 3 };

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
    hst_date level_day;  /**< the rates are those of this day: 1 April 2008 */
    hst_date merger_day; /**< from here on the merged trust has the code of Wirral's */

    /* planted: what services prevent, ... */
    size_t n_effects;
    synth_effect effects[SYNTH_MAX_EFFECTS];
    /* ... outpatient contacts that the trust at Bath begins to submit, ... */
    hst_date bath_from;
    double bath_more; /**< rows more, of those before */
    /* ... and general-medicine clinics at Calderdale's trust recorded as something else */
    hst_date clinics_from;
    double clinics_less; /**< of them */
} synth_world;

/**
 * Makes areas, people and rates from the compiled-in reference tables: the age structure of
 * mid-2011, each year's totals, the names of the primary care trusts.
 */
HST_MUST_CHECK hst_status synth_world_create(synth_world **out, const synth_options *options,
                                             hst_error *err);
void synth_world_free(synth_world *world);

/** Area of a person: the last one that begins at or before this number. */
size_t synth_area_of(const synth_world *world, uint64_t person);

/** Codes [*n] of the trusts that an area was made of on 1 October 2006; none for most. */
const char *const *synth_old_codes(size_t area, size_t *n);

/** Number of the month of a day in the window; below 0 or too large outside. */
int synth_month(const synth_world *world, hst_date date);
size_t synth_n_months(const synth_world *world);

/* ---- providers: each area's trust, each area's independent site, and two more ---- */

size_t synth_n_providers(const synth_world *world);
static inline size_t synth_independent_site(const synth_world *world, size_t area)
{
    return world->n_areas + area;
}
/** RD1, the trust outside Somerset that some of its residents go to. */
static inline size_t synth_bath(const synth_world *world)
{
    return 2 * world->n_areas;
}
/** The trust that merges into Wirral's on the merger day. */
static inline size_t synth_merged_trust(const synth_world *world)
{
    return 2 * world->n_areas + 1;
}
/** The provider under whose code an activity of this day is submitted. */
size_t synth_provider_on(const synth_world *world, size_t provider, hst_date date);
/** Three characters, and "01" for the site after them. */
void synth_provider_code(const synth_world *world, size_t provider, char code[4]);
bool synth_is_independent(const synth_world *world, size_t provider);
/** Where somebody of this area goes: mostly its own trust. */
size_t synth_choose_trust(const synth_world *world, synth_rng *rng, size_t area);

/* ---- people ---- */

typedef enum synth_review {
    SYNTH_REVIEW_NOWHERE,
    SYNTH_REVIEW_DIABETIC_MEDICINE,
    SYNTH_REVIEW_GENERAL_MEDICINE
} synth_review;

typedef struct synth_person {
    uint64_t number;
    size_t area, next_area; /**< before and from `moves` on */
    hst_date moves;         /**< after the window for those who stay where they are */
    hst_date birth, death;
    char sex;
    hst_date diagnosed; /**< with diabetes; after the window for those who are not */
    bool has_dementia, has_copd, has_heart_failure;
    synth_review review; /**< clinic that sees the diabetes */
    double frailty;
} synth_person;

/** Draws a person; always the same for the same world. */
void synth_draw_person(synth_person *person, const synth_world *world, uint64_t number);

double synth_age_on(const synth_person *person, hst_date date);
static inline bool synth_has_diabetes(const synth_person *person, hst_date date)
{
    return date >= person->diagnosed;
}
static inline size_t synth_area_on(const synth_person *person, hst_date date)
{
    return date < person->moves ? person->area : person->next_area;
}

/** One stay at one provider, as it truly was. */
typedef struct synth_spell {
    hst_date admidate, disdate;
    const char *method, *source, *destination, *discharge_method;
    char class;
    size_t area, provider;
    size_t first_episode, n_episodes;
    bool is_transfer; /**< goes on from the spell before it, in another hospital */
    bool is_joined;   /**< and the record shows it, so that the NHS rule joins the two */
} synth_spell;

/** One consultant episode, as true as it gets: dirt is added when rows are written. */
typedef struct synth_episode {
    uint64_t key;
    size_t spell;
    unsigned order;
    hst_date start, end;
    char type;
    bool is_last;
    const char *specialty;
    size_t n_diagnoses, n_procedures;
    const char *diagnoses[SYNTH_MAX_DIAGNOSES], *procedures[SYNTH_MAX_PROCEDURES];
} synth_episode;

/** One person's life in hospital. */
typedef struct synth_history {
    synth_person person;
    size_t n_spells, n_episodes;
    synth_spell spells[SYNTH_MAX_SPELLS];
    synth_episode episodes[SYNTH_MAX_EPISODES];
    size_t n_removed; /**< admissions that planted effects prevented */
    struct synth_removed {
        size_t effect;
        hst_date date;
    } removed[SYNTH_MAX_REMOVED];
} synth_history;

/** Draws the person and the history up to the admissions of a day: the beginning of the same
 * history whatever the day is. */
void synth_draw_history(synth_history *history, const synth_world *world, uint64_t number,
                        hst_date until);

/** True when an emergency admission of this primary diagnosis counts in the measure: all do in
 * SYNTH_EMERGENCY. */
bool synth_is_counted_in(synth_measure measure, const char *diagnosis);
bool synth_is_emergency(const char *method);

/** An outpatient appointment. */
typedef struct synth_clinic {
    uint64_t key;
    hst_date date;
    size_t area, provider;
    const char *specialty, *main_specialty; /**< treatment function as recorded */
    char attended, first;                   /**< ATTENDED, FIRSTATT */
} synth_clinic;

typedef struct synth_clinics {
    size_t n;
    synth_clinic items[SYNTH_MAX_CLINICS];
} synth_clinics;

void synth_draw_clinics(synth_clinics *clinics, const synth_world *world,
                        const synth_person *person);

/** An arrival at an accident and emergency department. */
typedef struct synth_arrival {
    uint64_t key;
    hst_date date;
    unsigned minute; /**< of the day */
    size_t area, provider;
    char category; /**< AEATTENDCAT */
    const char *department, *disposal;
} synth_arrival;

typedef struct synth_arrivals {
    size_t n;
    synth_arrival items[SYNTH_MAX_ARRIVALS];
} synth_arrivals;

/** Arrivals of a person: those admitted through the department, and those who were not. */
void synth_draw_arrivals(synth_arrivals *arrivals, const synth_world *world,
                         const synth_history *history);

/* ---- dirt ---- */

/** What is wrong with a row. */
typedef struct synth_dirt {
    bool no_area, not_england, no_date, no_epistart, no_sex, no_age, no_person, is_twice, is_padded;
    bool is_late; /**< stands in the next year's file as well */
} synth_dirt;

/** Always the same for the same record. */
synth_dirt synth_draw_dirt(const synth_world *world, uint64_t key);
/** That of an episode: dates and identifiers go missing only where a stay is one episode and no
 * transfer, so that what a right study counts of it is known without a rule. */
synth_dirt synth_episode_dirt(const synth_world *world, const synth_history *history, size_t i);

/* ---- what is true ---- */

typedef struct synth_truth {
    uint64_t counted[SYNTH_N_MEASURES][SYNTH_MAX_AREAS][SYNTH_MAX_MONTHS];
    uint64_t removed[SYNTH_MAX_EFFECTS][SYNTH_MAX_MONTHS]; /**< that each effect prevented */
    /** Likely-diabetes attendances of the sites and, last, of England. */
    uint64_t by_provider[SYNTH_N_SITES + 1][SYNTH_MAX_PROVIDERS][SYNTH_MAX_MONTHS];
    /** Living members of the diabetes cohort, those of 17 and over among them, and people with
     * diabetes of 17 and over, with dementia, each at the end of the year. */
    uint64_t members[SYNTH_MAX_AREAS][SYNTH_MAX_YEARS];
    uint64_t adult_members[SYNTH_MAX_AREAS][SYNTH_MAX_YEARS];
    uint64_t diabetics[SYNTH_MAX_AREAS][SYNTH_MAX_YEARS];
    uint64_t demented[SYNTH_MAX_AREAS][SYNTH_MAX_YEARS];
} synth_truth;

/** Counts what was made, from the lives themselves: no rule is run. Any number of threads gives the
 * same. The caller frees. */
HST_MUST_CHECK hst_status synth_truth_create(synth_truth **out, const synth_world *world,
                                             int n_threads, hst_error *err);
void synth_truth_free(synth_truth *truth);

/** Rows of one file, by kind of dirt. */
typedef struct synth_file_truth {
    uint64_t rows, finished, unfinished, duplicates, repeated, no_area, no_date, no_age, no_sex,
        no_person;
} synth_file_truth;

/** One file of the extract. */
typedef struct synth_file {
    hst_dataset dataset;
    int year;
    synth_file_truth truth;
} synth_file;

/** Writes truth.csv. */
HST_MUST_CHECK hst_status synth_write_truth(const synth_world *world, const synth_truth *truth,
                                            const synth_file *files, size_t n_files,
                                            hst_error *err);

/** Writes planted.csv of the worked study; of another study nothing. */
HST_MUST_CHECK hst_status synth_write_planted(const synth_world *world, hst_error *err);

/** Writes the small tables that a study reads: population.csv, names, lookup, providers, mergers,
 * deprivation, similar areas, registers, and what a site reported. */
HST_MUST_CHECK hst_status synth_write_tables(const synth_world *world, const synth_truth *truth,
                                             hst_error *err);

/** Opens a CSV of the directory and writes its header; free it with hst_csv_free. */
HST_MUST_CHECK hst_status synth_open_table(hst_csv **out, const synth_options *options,
                                           const char *name, const char *const *columns, size_t n,
                                           hst_error *err);

/** Writes study.yaml and what of it does not depend on the people. */
HST_MUST_CHECK hst_status synth_write_study(const synth_options *options, hst_error *err);

/** Opens a small text file of the directory, and closes it; `name` is for messages. */
HST_MUST_CHECK hst_status synth_open_text(FILE **out, const synth_options *options,
                                          const char *name, hst_error *err);
HST_MUST_CHECK hst_status synth_close_text(FILE *file, const char *name, hst_error *err);

/* ---- files ---- */

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

/** Opens an extract in the packing asked for; `out` was set to {.fd = -1}. Times are left out of
 * it, so that the same seed gives the same bytes. */
HST_MUST_CHECK hst_status synth_output_open(synth_output *out, const synth_options *options,
                                            hst_dataset dataset, int year, hst_error *err);
HST_MUST_CHECK hst_status synth_output_flush(synth_output *out, hst_error *err);
/** Writes what is left and gives the file its name. */
HST_MUST_CHECK hst_status synth_output_close(synth_output *out, hst_error *err);
/** Frees; a file that was not closed is removed. */
void synth_output_clear(synth_output *out);

/** Writes one extract: inpatient episodes that end in its year, or are open at its end, or what
 * happened in it. */
HST_MUST_CHECK hst_status synth_write_extract(const synth_world *world, synth_file *file,
                                              hst_error *err);

/** All of it: what `hestia synth` and `hestia demo` call. `n_rows` receives the rows written. */
HST_MUST_CHECK hst_status synth_write_all(const synth_options *options, int n_threads,
                                          uint64_t *n_rows, hst_error *err);

/** Defaults: seed 1, 100,000 people, 2008 to 2010, all areas, inpatients, comma, gz. */
void synth_options_init(synth_options *options);

#endif
