/* What the files of the results share: the results themselves, their plan and their texts. */
#ifndef HESTIA_SERIES_INTERNAL_H
#define HESTIA_SERIES_INTERNAL_H

#include "hestia/series.h"
#include "standardise/rate.h"

/* How a split value appears in the columns sex, age, split and split_name. */
typedef struct split_texts {
    char *code, *name; /* owned */
    const char *sex, *age;
} split_texts;

/* The texts of one measure. */
typedef struct measure_texts {
    char *method[RATE_MAX_ROWS], *method_exact[RATE_MAX_ROWS]; /* the second for exact limits */
    char *confidence;
    size_t n_splits;     /* split values that have rows of their own */
    split_texts *splits; /* [n_splits]; the first is the total */
} measure_texts;

/* What a row itself does not carry: for its note and for the audit. */
typedef struct row_facts {
    unsigned notes;    /* bits of rate_note */
    int missing_year;  /* 0, or the year that the population files do not have */
    size_t n_dropped;  /* strata without a stay */
    uint64_t excluded; /* events that exclude_providers took away */
    double events_without_people, events_left_out;
} row_facts;

/* Where the rows of an area or comparator stand that are neither of a split nor of a sex or band.
 */
typedef struct unit_rows {
    size_t first;        /* SIZE_MAX: the unit has none */
    size_t total;        /* place of the total in a period */
    size_t n_per_period; /* rows of a period, split values included */
} unit_rows;

/* Rows of one measure, in the order of the results: periods by label. */
typedef struct measure_rows {
    size_t n_periods, n_rows, main; /* rows of the statistic, and which one is the main */
    unit_rows *units;               /* [n_groups + n_areas], groups first */
} measure_rows;

struct hst_results {
    size_t n_rows;
    hst_result *rows;
    row_facts *facts; /* [n_rows] */
    size_t n_measures;
    measure_texts *texts; /* [n_measures] */
    size_t n_notes, room_for_notes;
    char **notes; /* texts of rows' notes */
    size_t n_groups;
    measure_rows *found; /* [n_measures] */
};

/* One line of work: a slice, and the place of its period. */
typedef struct job {
    rate_slice slice;
    size_t period_rank;
} job;

/* Where the rows of a measure stand: unit by unit (comparators and areas by code), in each period
 * by period, split value by split value. Units are numbered groups first, then areas. */
typedef struct measure_plan {
    size_t n_periods, n_splits, n_rows; /* rows: of one unit, period and split value */
    size_t *first_row;                  /* [units]; SIZE_MAX: the unit has none */
    size_t *n_unit_splits;              /* [units] */
    uint32_t *split_places;             /* [units][n_splits]; UINT32_MAX: the unit has none */
} measure_plan;

typedef struct maker {
    rate_inputs inputs;
    hst_results *results;
    size_t n_areas, n_groups;
    measure_plan *plans; /* [n_measures] */
    job *jobs;
    size_t n_jobs;
} maker;

/* Lays out the rows of all measures, and makes the jobs that fill them. */
HST_MUST_CHECK hst_status series_plan(maker *m, hst_error *err);
void series_plan_clear(maker *m);

/* First row of a unit in a job's slice, or SIZE_MAX. */
size_t series_place(const maker *m, const job *j, size_t unit);

/* Notes where the rows stand, for those who look some up. */
HST_MUST_CHECK hst_status series_keep_places(maker *m, hst_error *err);
void series_places_free(hst_results *results);

/* True when a unit has rows of a measure at all. */
bool series_has_rows(const maker *m, size_t measure, size_t unit);

/* Makes the texts of every measure. */
HST_MUST_CHECK hst_status series_texts_create(hst_results *results, const rate_inputs *inputs,
                                              hst_error *err);
void series_texts_free(hst_results *results);

/* Gives a row its sentences, with and without numbers of events; owned by the results. */
HST_MUST_CHECK hst_status series_note(hst_results *results, const row_facts *facts, hst_result *row,
                                      hst_error *err);

/* Lines of the audit about one row. */
HST_MUST_CHECK hst_status series_tell(const maker *m, size_t row, hst_ledger *ledger,
                                      hst_error *err);

#endif
