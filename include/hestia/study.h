#ifndef HESTIA_STUDY_H
#define HESTIA_STUDY_H

#include <stdbool.h>
#include <stddef.h>

#include "hestia/date.h"
#include "hestia/episode.h"
#include "hestia/file_look.h"
#include "hestia/status.h"

/** The study file as read and checked: defaults filled in, paths made absolute or relative to the
 * working directory. */

typedef struct hst_texts {
    size_t n;
    char **items;
} hst_texts;

typedef struct hst_window {
    hst_date from, to; /**< inclusive; HST_DATE_MISSING = not given */
} hst_window;

typedef enum hst_unit {
    HST_UNIT_EPISODE,
    HST_UNIT_ADMISSION,
    HST_UNIT_SPELL,
    HST_UNIT_CIPS,
    HST_UNIT_ATTENDANCE,
    HST_UNIT_PERSON
} hst_unit;
typedef enum hst_statistic {
    HST_STAT_COUNT,
    HST_STAT_CRUDE_RATE,
    HST_STAT_DSR,
    HST_STAT_ISR,
    HST_STAT_SMR,
    HST_STAT_MEAN_LOS,
    HST_STAT_STD_MEAN_LOS,
    HST_STAT_BED_DAYS,
    HST_STAT_BED_DAY_RATE,
    HST_STAT_READMISSION,
    HST_STAT_HHI,
    HST_STAT_GROWTH,
    HST_STAT_ACS_SCORE
} hst_statistic;
typedef enum hst_interval {
    HST_INTERVAL_DEFAULT,
    HST_INTERVAL_DOBSON_BYAR,
    HST_INTERVAL_DOBSON_EXACT,
    HST_INTERVAL_FAY_FEUER,
    HST_INTERVAL_TIWARI,
    HST_INTERVAL_MID_P,
    HST_INTERVAL_REPEAT_ADJUSTED,
    HST_INTERVAL_NORMAL,
    HST_INTERVAL_BYAR,
    HST_INTERVAL_EXACT
} hst_interval;
typedef enum hst_by { HST_BY_MONTH = 1, HST_BY_QUARTER = 2, HST_BY_YEAR = 4 } hst_by; /* bits */
typedef enum hst_split {
    HST_SPLIT_NONE,
    HST_SPLIT_PROVIDER,
    HST_SPLIT_SEX,
    HST_SPLIT_AGE_BAND,
    HST_SPLIT_SPECIALTY,
    HST_SPLIT_CONDITION,
    HST_SPLIT_DEPRIVATION,
    HST_SPLIT_ETHNICITY
} hst_split;
typedef enum hst_direction {
    HST_DIRECTION_NEUTRAL,
    HST_DIRECTION_LOWER_IS_BETTER,
    HST_DIRECTION_HIGHER_IS_BETTER
} hst_direction;
typedef enum hst_count_date {
    HST_DATE_OF_ADMISSION,
    HST_DATE_OF_DISCHARGE,
    HST_DATE_OF_ATTENDANCE
} hst_count_date;
typedef enum hst_positions {
    HST_POSITIONS_OF_SET,
    HST_POSITIONS_PRIMARY,
    HST_POSITIONS_FIRST3,
    HST_POSITIONS_SECONDARY,
    HST_POSITIONS_ANY
} hst_positions;
typedef enum hst_which_episode {
    HST_EPISODE_FIRST,
    HST_EPISODE_LAST,
    HST_EPISODE_ANY
} hst_which_episode;

/** Keys of `where` whose value is a list of codes (compared as text after trimming). */
typedef enum hst_where_code {
    HST_WHERE_ADMISSION_METHOD, /**< groups already expanded to codes; see hst_where.methods_but for
                                   non_elective */
    HST_WHERE_SEX,
    HST_WHERE_PATIENT_CLASS,
    HST_WHERE_EPISODE_TYPE,
    HST_WHERE_SPECIALTY,
    HST_WHERE_MAIN_SPECIALTY,
    HST_WHERE_PROVIDER,
    HST_WHERE_GP_PRACTICE,
    HST_WHERE_ETHNICITY,
    HST_WHERE_DEPRIVATION_QUINTILE,
    HST_WHERE_DISCHARGE_METHOD,
    HST_WHERE_DISCHARGE_DESTINATION,
    HST_WHERE_ADMISSION_SOURCE,
    HST_WHERE_ATTENDED,
    HST_WHERE_FIRST_ATTENDANCE,
    HST_WHERE_DEPARTMENT,
    HST_WHERE_ATTENDANCE_CATEGORY,
    HST_WHERE_CONDITION,
    HST_WHERE_PROCEDURE,
    HST_WHERE_COHORT,
    HST_WHERE_NOT_COHORT,
    HST_N_WHERE_CODES
} hst_where_code;

/** One `where` mapping; absent keys do not restrict. Values are as written in the study file,
 * groups not yet expanded. */
typedef struct hst_where {
    hst_texts codes[HST_N_WHERE_CODES]; /**< n = 0: key absent */
    bool transfers_excluded;
    hst_positions positions;
    hst_which_episode episode;
    bool has_age, has_length_of_stay;
    int age_from, age_to, los_from, los_to; /**< inclusive */
    size_t n_any;                           /**< `any`: or over these, joined to the rest by and */
    struct hst_where *any;
    size_t line; /**< of the study file, for messages */
} hst_where;

typedef struct hst_excluded_provider {
    char *code;
    hst_texts areas; /**< n = 0: in all */
    char *reason;    /**< NULL when not given */
} hst_excluded_provider;

typedef struct hst_measure {
    char *id, *title, *figure;
    bool is_table; /**< dataset: table */
    hst_dataset dataset;
    char *file;
    hst_unit unit;
    hst_where where;
    hst_statistic statistic;
    unsigned by;       /**< hst_by bits */
    hst_window period; /**< the study's when not given */
    hst_count_date date;
    hst_split split;
    hst_interval interval;
    size_t n_confidence;  /**< 1 or 2 */
    double confidence[2]; /**< percent: 95, or 95 and 99.8 */
    double per;           /**< 100000; bed_day_rate 1000, smr 1, readmission 100 */
    bool annualise, per_working_day;
    hst_direction direction;
    size_t n_excluded_providers;
    hst_excluded_provider *excluded_providers;
    int min_events;
    int days;                    /**< readmission: within days 0 to days - 1 of the discharge */
    char *exclude_condition;     /**< readmission: set that takes a stay out of the denominator;
                                    NULL: none */
    int lookback;                /**< readmission: days before the admission in which that counts */
    hst_texts exclude_specialty; /**< readmission: specialties out of the denominator */
    char *base;                  /**< growth: label of the base period, as hst_period has it;
                                    NULL with other statistics */
    bool bed_days_placed;        /**< bed days in the periods they fall in, not by discharge */
    int los_cap;                 /**< longer stays count as so many days; 0 = no cap */
    int los_min;                 /**< shorter stays are left out; 0 = none */
    hst_texts reference_areas;   /**< isr, smr, acs_score: empty: all areas */
    char *reference_year;        /**< isr, smr, acs_score: "2007/08"; NULL: the period itself */
    size_t line;
} hst_measure;

/** People found by a condition in inpatient rows, or listed in a file. */
typedef struct hst_study_cohort {
    char *id, *title;
    hst_texts condition;     /**< sets of which one must match; empty with `file` */
    hst_positions positions; /**< overrides the sets' */
    hst_window window;       /**< by ADMIDATE; HST_DATE_MISSING: all */
    char *file;              /**< person identifiers, one a line, with or without an index date */
    char *register_file;     /**< `area,date,registered`; NULL */
    int register_age_from, register_age_to; /**< inclusive; of the members that are set beside it */
    size_t line;
} hst_study_cohort;

enum { HST_MAX_COHORTS = 15 };

/** Numbers from elsewhere, set beside a measure's in reported.csv. */
typedef struct hst_study_reported {
    char *measure, *area;
    char *file; /**< `period,series,value,source` */
    size_t line;
} hst_study_reported;

typedef enum hst_impact_method {
    HST_IMPACT_PRE_POST,
    HST_IMPACT_TREND,
    HST_IMPACT_ITS,
    HST_IMPACT_DID,
    HST_IMPACT_SYNTHETIC_CONTROL,
    HST_IMPACT_SPC,
    HST_N_IMPACT_METHODS
} hst_impact_method;

typedef enum hst_expected {
    HST_EXPECTED_NONE,
    HST_EXPECTED_LOWER,
    HST_EXPECTED_HIGHER
} hst_expected;

/** What its, trend, did, pre_post and spc may be told; the first value of each is the default. */
typedef struct hst_impact_options {
    enum {
        HST_MODEL_AUTO,
        HST_MODEL_OLS,
        HST_MODEL_POISSON,
        HST_MODEL_QUASIPOISSON,
        HST_MODEL_NEGBIN
    } its_model; /**< auto: quasi-Poisson for counts, OLS for rates and means */
    enum { HST_SEASON_AUTO, HST_SEASON_NONE, HST_SEASON_DUMMIES, HST_SEASON_FOURIER } its_season;
    enum { HST_ERRORS_ROBUST, HST_ERRORS_NEWEY_WEST, HST_ERRORS_MODEL } its_errors;
    long its_lag;   /**< < 0: by rule */
    bool its_slope; /**< true: level and slope; false: level alone */
    enum { HST_TREND_BY_OLS, HST_TREND_BY_NEWEY_WEST, HST_TREND_BY_PRAIS_WINSTEN } trend_errors;
    long trend_lag; /**< < 0: by rule */
    enum {
        HST_DID_BY_PLACEBO,
        HST_DID_BY_MODEL,
        HST_DID_BY_QUASI,
        HST_DID_BY_CLUSTER
    } did_variance;
    bool did_pooled;
    enum { HST_PRE_POST_EXACT, HST_PRE_POST_WALD, HST_PRE_POST_MID_P } pre_post_interval;
    bool spc_unscreened;
} hst_impact_options;

enum { HST_MAX_IMPACT_DATES = 8 }; /* as segmented regression takes */

/** A service, where and from when on, and the comparisons that judge it. */
typedef struct hst_study_impact {
    char *id, *title;
    hst_texts sites;    /**< codes of the area list; of the study's sites when not given */
    hst_texts measures; /**< ids */
    size_t n_dates;     /**< 0 only where `trend` is the only method */
    hst_date *dates;    /**< first days of new levels, in order; the first is the service's start */
    hst_window phase_in;         /**< left out of the models */
    hst_window window;           /**< of the series; the measure's when not given */
    hst_window baseline, review; /**< filled in by default: review from the (last) date to the end
                                    of the window, at most a year; baseline the same days as many
                                    years before as put them before the (first) date. Without dates
                                    as given, or HST_DATE_MISSING */
    hst_by by;                   /**< 0: the finest of each measure */
    hst_texts comparators;       /**< names; all of the study's when not given */
    hst_expected expected;
    unsigned methods; /**< bits 1 << hst_impact_method */
    hst_impact_method primary;
    double meaningful; /**< smallest effect of interest: 0.10 */
    hst_impact_options options;
    size_t line;
} hst_study_impact;

typedef struct hst_study_extract {
    hst_dataset dataset;
    hst_texts files; /**< globs as written, made relative to the study file's folder */
    char separator;  /**< 0 = auto */
    char *header;    /**< NULL = auto (first line) */
    hst_texts column_roles, column_names;
    size_t n_side_files;
    struct hst_study_side_file {
        hst_texts files, columns;
        char *key;
    } * side_files;
    bool cuts_newest;
    size_t line;
} hst_study_extract;

typedef struct hst_comparator {
    char *name;
    char *file;            /**< NULL: all areas */
    char *population_area; /**< NULL */
} hst_comparator;

typedef enum hst_denominator_year {
    HST_DENOMINATOR_FINANCIAL,
    HST_DENOMINATOR_CALENDAR,
    HST_DENOMINATOR_INTERPOLATE
} hst_denominator_year;

typedef struct hst_study {
    char *path;         /**< of the study file */
    hst_file_look look; /**< of that file, before it was read */
    char *study, *title;
    hst_window period;
    char *store;
    size_t n_extracts;
    hst_study_extract *extracts;
    char *spell_rule, *cips_rule, *duplicates;
    struct {
        char *type;
        hst_texts field; /**< empty: by type */
        char *lookup, *names;
        hst_texts sites;
        size_t n_comparators;
        hst_comparator *comparators;
    } areas;
    char *provider_names, *provider_merge;
    hst_texts population;
    char *standard_population;
    bool by_sex; /**< standardise_by: age_sex */
    hst_denominator_year denominator_year;
    char *deprivation, *code_lists;
    char *notice;  /**< to be read before the numbers; NULL: none */
    char *planted; /**< of artificial data: file of what was planted; NULL: none */
    size_t n_cohorts;
    hst_study_cohort *cohorts;
    size_t n_reported;
    hst_study_reported *reported;
    size_t n_measures;
    hst_measure *measures;
    size_t n_impacts;
    hst_study_impact *impacts;
    struct {
        double max_rejected, max_unknown_area, max_row_drop;
    } quality;
    struct {
        bool screen;
        double max_p, min_size, min_monthly; /**< 0.01, 0.20, 5 */
    } breaks;
    struct {
        char *directory;
        hst_texts formats; /**< none: all */
        struct {
            char *rule;            /**< as written or implied: "none" or "hes2018" */
            int min, round;        /**< smallest count shown (8), base of rounding (5) */
            int decimals;          /**< of values and limits (1) */
            bool has_exact_totals; /**< England's counts and those of whole extracts stay true */
        } disclosure;
        bool internal, latest_copy;
        double compare_threshold; /**< 0.05: larger moves since the run before are warned of */
        int keep;
        size_t line; /**< of `disclosure`, else of `publish`, else 0 */
    } publish;
} hst_study;

/**
 * Reads and checks a study file (YAML 1.2 through libfyaml, with anchors and merge keys).
 *
 * @return HST_ERR_USAGE: "study.yaml, line 12, column 5: unknown key `mesures` of the study; did
 * you mean `measures`?"
 */
HST_MUST_CHECK hst_status hst_study_read(hst_study **out, const char *path, hst_error *err);
void hst_study_free(hst_study *study);

/**
 * Where a study's results go and what it is called, also of a study file that is wrong in other
 * places: what a failure is noted by. `*directory` is NULL where the file does not tell (it cannot
 * be read, or `publish` is no mapping), `*name` as well; both are the caller's.
 */
void hst_study_find_results(char **directory, char **name, const char *path);

/** Name of an enumeration's value as the study file writes it ("dobson-byar", "admission",
 * "crude_rate", ...). */
const char *hst_unit_name(hst_unit unit);
const char *hst_statistic_name(hst_statistic statistic);
const char *hst_interval_name(hst_interval interval);
const char *hst_split_name(hst_split split);
const char *hst_direction_name(hst_direction direction);
const char *hst_dataset_name(hst_dataset dataset);
const char *hst_impact_method_name(hst_impact_method method); /**< "pre_post", "its", ... */
const char *hst_expected_name(hst_expected expected);         /**< "none", "lower", "higher" */

enum { HST_IMPACT_OPTIONS_BYTES = 128 };

/** What a method is told, by the names of the study file: "model auto, season none, errors
 * newey-west, lag 3, slope true"; "" for synthetic_control, which is told nothing. */
void hst_impact_options_describe(char text[HST_IMPACT_OPTIONS_BYTES],
                                 const hst_impact_options *options, hst_impact_method method);

/** True for mean_los, std_mean_los, bed_days, bed_day_rate and readmission: by default of spells,
 * dated by discharge, of patient class 1. */
bool hst_statistic_of_stays(hst_statistic statistic);

/** Nearest of `names` to `text` by edit distance, or NULL when none is near; for "did you mean". */
const char *hst_nearest_name(const char *text, const char *const *names, size_t n);

#endif
