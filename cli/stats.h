/* What the methods of `hestia stats` share: the options, the table in numbers, its groups. */
#ifndef HESTIA_CLI_STATS_H
#define HESTIA_CLI_STATS_H

#include "cli/cli.h"
#include "hestia/csv.h"
#include "hestia/dsr.h"
#include "hestia/standard.h"
#include "hestia/table.h"

/* ---- options (stats_options.c) ---- */

/* Options that only some methods take. */
enum stats_option {
    STATS_STANDARD = 1 << 0,
    STATS_STANDARDISE_BY = 1 << 1,
    STATS_INTERVAL = 1 << 2,
    STATS_PER = 1 << 3,
    STATS_MIN_EVENTS = 1 << 4,
    STATS_CONFIDENCE = 1 << 5,
    STATS_REFERENCE = 1 << 6,
    STATS_STRATA = 1 << 7,
    STATS_BY_RANK = 1 << 8,
    STATS_CAP = 1 << 9,
    STATS_TRIM = 1 << 10,
    STATS_POPULATION = 1 << 11,
    STATS_BASE = 1 << 12,
    STATS_WEIGHTS = 1 << 13,
    STATS_RULE = 1 << 14,
    STATS_CIPS = 1 << 15,
    STATS_LEDGER = 1 << 16,
};

/* Options of the methods on series, whose texts are read by stats_choose and stats_number_of. */
enum stats_series_option {
    STATS_SE = 1 << 0,
    STATS_LAG = 1 << 1,
    STATS_AR1 = 1 << 2,
    STATS_INTERVENTION = 1 << 3,
    STATS_PHASE_IN = 1 << 4,
    STATS_MODEL = 1 << 5,
    STATS_SEASON = 1 << 6,
    STATS_CYCLE = 1 << 7,
    STATS_COUNTERFACTUAL = 1 << 8,
    STATS_VARIANCE = 1 << 9,
    STATS_ADJUST = 1 << 10,
    STATS_PLACEBO = 1 << 11,
    STATS_REBASE = 1 << 12,
    STATS_SCREEN = 1 << 13,
    STATS_DIRECTION = 1 << 14,
    STATS_TYPE = 1 << 15,
    STATS_OVERDISPERSION = 1 << 16,
    STATS_MAX_BREAKS = 1 << 17,
    STATS_POWER = 1 << 18,
    STATS_ALPHA = 1 << 19,
    STATS_AFTER = 1 << 20,
    STATS_EFFECT = 1 << 21,
    STATS_FIX = 1 << 22,
    STATS_N_SERIES_OPTIONS = 23
};

typedef struct stats_options {
    cli_options common;
    const char *method, *table;   /* table NULL or "-": standard input */
    const char *by, *columns[32]; /* as given; `columns` are METHOD=TABLE names */
    const char *where[16];        /* as given: COL=VALUE or COL!=VALUE; all must hold */
    size_t n_columns, n_where;
    size_t n_confidence;
    double confidence[HST_MAX_CONFIDENCE];
    char confidence_names[HST_MAX_CONFIDENCE][16]; /* "998" for 99.8 */
    const char *standard, *interval, *reference, *strata, *population, *base, *weights, *rule,
        *cips, *ledger;
    double per; /* NAN: the method's own */
    double min_events, trim;
    uint32_t cap; /* days; 0: none */
    bool by_sex, by_rank, skip_bad;
    unsigned given;                                   /* bits of stats_option */
    const char *series_texts[STATS_N_SERIES_OPTIONS]; /* as given, "" for those without a value */
    unsigned given_series;                            /* bits of stats_series_option */
} stats_options;

/* Parses the command line; HST_ERR_USAGE for what argp does not refuse itself. */
HST_MUST_CHECK hst_status stats_parse_options(stats_options *options, int argc, char **argv,
                                              hst_error *err);

/* Name of one option of some methods, such as "standard". */
const char *stats_option_name(unsigned option);
const char *stats_series_option_name(unsigned option);

/* True when two names are the same, hyphen and underscore alike. */
bool stats_same_name(const char *a, const char *b);

/* ---- texts in numbers (stats_keys.c) ---- */

enum { STATS_MAX_KEY = 16 }; /* columns of a group or a stratum */

/* A row whose texts in some columns are a key; borrowed. */
typedef struct stats_key {
    const hst_table *table;
    const size_t *columns;
    size_t row;
} stats_key;

/* Keys of `n_columns` texts, numbered by first appearance, through a hash table. */
typedef struct stats_keys {
    size_t n, n_columns, n_slots;
    size_t *slots;   /* number + 1; 0: empty */
    stats_key *keys; /* [n]: where each was met first */
} stats_keys;

HST_MUST_CHECK hst_status stats_keys_init(stats_keys *keys, size_t n_columns, size_t capacity,
                                          hst_error *err);
void stats_keys_clear(stats_keys *keys);

/* Number of a key, given when it is new; never more than the capacity of them. */
size_t stats_keys_add(stats_keys *keys, stats_key key);

/* Number of a key; SIZE_MAX when it was not met. */
size_t stats_keys_find(const stats_keys *keys, stats_key key);

/* ---- a run of a method ---- */

enum { STATS_MAX_COLUMNS = 16 };

struct stats_method;

typedef struct stats_run {
    const stats_options *options;
    const struct stats_method *method;
    const hst_table *table;
    hst_table *side;                     /* the second table that some methods read; NULL */
    size_t n_by, by[STATS_MAX_KEY];      /* columns of the table that tell groups apart */
    size_t columns[STATS_MAX_COLUMNS];   /* of the table, for the method's; SIZE_MAX: absent */
    double *numbers;                     /* [row][method->n_columns]; NAN = missing */
    stats_keys codes[STATS_MAX_COLUMNS]; /* the values of a column of codes */
    size_t *rows, n_rows;                /* rows that can be used */
    double per;
    int interval; /* value of the method's interval chosen, and its name */
    const char *interval_name;
    hst_standard standard; /* dsr */
    bool has_weights;      /* dsr: the weights stand in the table */
    bool is_merged;        /* dsr: the last bands of the standard are merged */
    size_t n_sexes;        /* dsr: of `--standardise-by age_sex` */
    void *own;             /* the method's, freed by its `end` */
    hst_csv *csv;
    hst_error *err;
} stats_run;

/* The rows of one group, in the order of the table. */
typedef struct stats_group {
    const size_t *rows;
    size_t n_rows;
} stats_group;

typedef enum stats_kind {
    STATS_NUMBER,
    STATS_WHOLE, /* a number without a fraction */
    STATS_CODE,  /* a text, whose number is that of the value, by first appearance */
    STATS_TEXT,  /* a text that is only read as such */
} stats_kind;

/* A column that a method reads. */
typedef struct stats_column {
    const char *name;
    bool is_optional;
    stats_kind kind;
    double lowest; /* numbers below are bad; -INFINITY: any */
} stats_column;

typedef struct stats_interval {
    const char *name;
    int value;
} stats_interval;

typedef enum stats_rows {
    STATS_ROW_OF_GROUP,  /* one row a group: its columns, `before`, limits, `after`, note */
    STATS_ROWS_OF_INPUT, /* a row for each of the table, whose columns it repeats */
    STATS_ROWS_OWN,      /* any number of rows a group, with the same columns */
} stats_rows;

typedef struct stats_method {
    const char *name;
    unsigned options; /* bits of stats_option; STATS_CONFIDENCE also says that it has limits */
    unsigned series_options;         /* bits of stats_series_option */
    double per;                      /* default of --per */
    const stats_interval *intervals; /* the first is the default; ended by a NULL name; or NULL */
    size_t n_columns;
    stats_column columns[STATS_MAX_COLUMNS];
    bool is_by_first; /* the first column tells groups apart, beside those of --by */
    stats_rows answers;
    bool is_of_people;   /* the rows of the answer are records: a file of them is private */
    bool has_own_limits; /* limits have names of their own, among `before` and `after` */
    const char *const *before, *const *after; /* output columns around the limits; NULL-ended, or
                                               * NULL for none */

    /* Before the rows are read, when the columns are known; may be NULL. */
    hst_status (*begin)(stats_run *run);
    /* One row's numbers, already read; HST_ERR_INPUT for a bad row; may be NULL. */
    hst_status (*check_row)(stats_run *run, size_t row);
    /* When all rows are read; may be NULL. */
    hst_status (*ready)(stats_run *run);
    /* Names of the columns, without those of the group and `note`, where they differ from run to
     * run; NULL: `before`, the limits, `after`. */
    void (*write_names)(const stats_run *run);
    /* Writes the cells of one group, note included; the rows themselves too, from stats_begin_row
     * to hst_csv_end_row, unless they are STATS_ROW_OF_GROUP. */
    hst_status (*answer)(stats_run *run, const stats_group *group);
    /* Frees what is the method's own; NULL where that is one block, or nothing. */
    void (*end)(stats_run *run);
} stats_method;

extern const stats_method stats_dsr, stats_dsr_repeat, stats_rate, stats_proportion, stats_mean,
    stats_poisson, stats_isr, stats_smr, stats_acs_score, stats_mean_los, stats_std_mean_los,
    stats_bed_day_rate, stats_hhi, stats_growth, stats_site_score, stats_spells, stats_breaks,
    stats_its, stats_its_points, stats_trend, stats_spc, stats_funnel, stats_pre_post,
    stats_dsr_ratio, stats_did, stats_synthetic, stats_power;

/* ---- texts of the options on series (stats_choice.c) ---- */

/* The text of an option; NULL when it was not given. */
const char *stats_text_of(const stats_run *run, unsigned option);

/* Number of the option's text in `names` (ended by NULL), hyphen and underscore alike; `*out` stays
 * as it is when the option was not given. HST_ERR_USAGE names the choices. */
HST_MUST_CHECK hst_status stats_choose(const stats_run *run, unsigned option,
                                       const char *const *names, size_t *out);

/* The option's number, from `lowest` to `highest`; `*out` stays as it is when it was not given. */
HST_MUST_CHECK hst_status stats_number_of(const stats_run *run, unsigned option, bool is_whole,
                                          double lowest, double highest, double *out);

/* The option's numbers, "9,25", [*n] of at most `capacity`. */
HST_MUST_CHECK hst_status stats_numbers_of(const stats_run *run, unsigned option, double *out,
                                           size_t capacity, size_t *n);

/* ---- columns, rows and groups (stats_table.c) ---- */

HST_MUST_CHECK hst_status stats_find_columns(stats_run *run);

/* Name in the table of one of the method's columns: `name` itself unless --column says another. */
const char *stats_mapped_name(const stats_options *options, const char *name);

/* Reads all rows into `numbers`; `rows` receives those that can be used. */
HST_MUST_CHECK hst_status stats_read_rows(stats_run *run);

/* Frees what the two above made. */
void stats_clear_rows(stats_run *run);

/* The rows of all groups, in the order of first appearance. */
typedef struct stats_groups {
    size_t n;
    size_t *first; /* [n + 1]: where each group's rows begin in `rows` */
    size_t *rows;
} stats_groups;

HST_MUST_CHECK hst_status stats_make_groups(stats_groups *groups, const stats_run *run);
void stats_groups_clear(stats_groups *groups);

/* Columns of a table by a list of names, "COL,COL"; `option` names the list in messages. */
HST_MUST_CHECK hst_status stats_find_list(const hst_table *table, const char *list,
                                          const char *option, size_t *columns, size_t *n,
                                          hst_error *err);

/* Number of a row in one of the method's columns; NAN when it is missing. */
double stats_number(const stats_run *run, size_t row, size_t column);

/* Sum of a column over a group; NAN when a value is missing. */
double stats_sum(const stats_run *run, const stats_group *group, size_t column);

/* Puts a group in the order of time, one of the method's columns: `order` [n_rows] receives which
 * row of the group is the first, the second, ... HST_REFUSED when a time is missing or stands
 * twice; `err`, not the run's, receives why. */
HST_MUST_CHECK hst_status stats_in_order(const stats_run *run, const stats_group *group,
                                         size_t column, size_t *order, hst_error *err);

/* A bad row: file, line, column and what is wrong. */
hst_status stats_bad(const stats_run *run, size_t row, size_t column, const char *what);

/* For `check_row`: missing values make a bad row when bad rows are to be left out; else their group
 * has no result. */
hst_status stats_refuse_missing(stats_run *run, size_t row);

/* ---- directly standardised rates (stats_dsr.c), also for dsr-ratio ---- */

/* The first columns of a method that is of such rates. */
enum {
    STATS_DSR_AGE_LOWER,
    STATS_DSR_EVENTS,
    STATS_DSR_POPULATION,
    STATS_DSR_WEIGHT,
    STATS_DSR_AGE_UPPER,
    STATS_DSR_SEX,
    STATS_DSR_N_COLUMNS
};
/* For `begin`, `check_row` and `ready` of such a method. */
HST_MUST_CHECK hst_status stats_dsr_begin(stats_run *run);
HST_MUST_CHECK hst_status stats_dsr_check_row(stats_run *run, size_t row);
HST_MUST_CHECK hst_status stats_dsr_ready(stats_run *run);

typedef struct stats_dsr_rate {
    hst_dsr dsr;
    size_t n_strata;
    char note[320]; /* "" or why it is refused, withheld or not of all rows */
} stats_dsr_rate;

/* The rate of some rows, all of one area and period. */
HST_MUST_CHECK hst_status stats_dsr_of_group(const stats_run *run, const stats_group *group,
                                             stats_dsr_rate *out);

/* "esp2013 (19 bands); age", the standard and the strata. */
void stats_dsr_describe(const stats_run *run, size_t n_strata, char text[128]);

/* What a note says when run->is_merged. */
extern const char *const stats_dsr_merged;

/* ---- output (stats_output.c) ---- */

HST_MUST_CHECK hst_status stats_write_groups(stats_run *run, const stats_groups *groups);

/* Begins a row of the output: the group columns of a row of the table, or all of its columns where
 * the method repeats them. */
void stats_begin_row(const stats_run *run, size_t row);

/* Writes limits in the order of the header; [n_confidence] of them, each times `scale`. */
void stats_write_limits(const stats_run *run, const hst_limits *limits, double scale);

/* The names of their columns: lowercl, uppercl, lower998, ... */
void stats_write_limit_names(const stats_run *run);

/* "95%, 99.8%". */
void stats_write_confidence(const stats_run *run);

/* The cells of a group without a result: empty, and the reason. */
void stats_write_refusal(const stats_run *run, const char *note);

/* A row of its own for such a group: "not computed: " and why. */
void stats_write_refused_row(const stats_run *run, size_t row, const char *why);

#endif
