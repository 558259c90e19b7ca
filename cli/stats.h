/* What the methods of `hestia stats` share: the options, the table in numbers, its groups. */
#ifndef HESTIA_CLI_STATS_H
#define HESTIA_CLI_STATS_H

#include "cli/cli.h"
#include "hestia/csv.h"
#include "hestia/dsr.h"
#include "hestia/standard.h"
#include "hestia/table.h"

/* Options that only some methods take. */
enum stats_option {
    STATS_STANDARD = 1,
    STATS_STANDARDISE_BY = 2,
    STATS_INTERVAL = 4,
    STATS_PER = 8,
    STATS_MIN_EVENTS = 16,
};

typedef struct stats_options {
    cli_options common;
    const char *method, *table;   /* table NULL or "-": standard input */
    const char *by, *columns[32]; /* as given; `columns` are METHOD=TABLE names */
    size_t n_columns;
    size_t n_confidence;
    double confidence[HST_MAX_CONFIDENCE];
    char confidence_names[HST_MAX_CONFIDENCE][16]; /* "998" for 99.8 */
    const char *standard, *interval;
    double per; /* NAN: the method's own */
    double min_events;
    bool by_sex, skip_bad;
    unsigned given; /* bits of stats_option */
} stats_options;

enum { STATS_MAX_NUMBERS = 6 };

struct stats_method;

/* One run of a method. */
typedef struct stats_run {
    const stats_options *options;
    const struct stats_method *method;
    const hst_table *table;
    size_t
        columns[STATS_MAX_NUMBERS]; /* of the table, for the method's columns; SIZE_MAX: absent */
    double *numbers;                /* [row][method->n_columns]; NAN = missing */
    double per;
    hst_interval interval;
    hst_standard standard; /* dsr */
    bool has_weights;      /* dsr: the weights stand in the table */
    bool is_merged;        /* dsr: the last bands of the standard are merged */
    size_t n_sexes;        /* dsr: of `--standardise-by age_sex` */
    hst_csv *csv;
    hst_error *err;
} stats_run;

/* The rows of one group, in the order of the table. */
typedef struct stats_group {
    const size_t *rows;
    size_t n_rows;
} stats_group;

/* A column that a method reads. */
typedef struct stats_column {
    const char *name;
    bool is_optional, is_text; /* a text's number is that of the value, by first appearance */
    double lowest;             /* numbers below are bad; -INFINITY: any */
} stats_column;

typedef struct stats_method {
    const char *name;
    unsigned options; /* bits of stats_option */
    double per;       /* default of --per */
    size_t n_columns;
    stats_column columns[STATS_MAX_NUMBERS];
    const char *const *before, *const *after; /* output columns around the limits; NULL-ended */

    /* Before the rows are read, when the columns are known; may be NULL. */
    hst_status (*begin)(stats_run *run);
    /* One row's numbers, already read; HST_ERR_INPUT for a bad row; may be NULL. */
    hst_status (*check_row)(stats_run *run, size_t row);
    /* When all rows are read; may be NULL. */
    hst_status (*ready)(stats_run *run);
    /* Writes the cells of one group, note included. */
    hst_status (*answer)(stats_run *run, const stats_group *group);
} stats_method;

extern const stats_method stats_dsr, stats_rate, stats_proportion, stats_mean, stats_poisson;

/* Number of a row in one of the method's columns; NAN when it is missing. */
double stats_number(const stats_run *run, size_t row, size_t column);

/* A bad row: file, line, column and what is wrong. */
hst_status stats_bad(const stats_run *run, size_t row, size_t column, const char *what);

/* Writes limits in the order of the header; [n_confidence] of them, each times `scale`. */
void stats_write_limits(const stats_run *run, const hst_limits *limits, double scale);

/* "95%, 99.8%". */
void stats_write_confidence(const stats_run *run);

#endif
