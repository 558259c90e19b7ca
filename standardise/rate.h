/* One value of results.csv with its limits and what has to be said about it, and the table of what
 * values there are. */
#ifndef HESTIA_RATE_H
#define HESTIA_RATE_H

#include "hestia/dsr.h"
#include "standardise/rate_unit.h"

/* What may have to be said about a value; each bit is a sentence of rate_sentences. */
enum rate_note {
    RATE_NO_POPULATION = 1 << 0,
    RATE_NO_OWN_POPULATION = 1 << 1,
    RATE_EMPTY_STRATUM = 1 << 2,
    RATE_FEW_EVENTS = 1 << 3,
    RATE_NO_LIMITS = 1 << 4,
    RATE_MERGED = 1 << 5,
    RATE_ALL_AGES = 1 << 6,
    RATE_ALL_GROUPS = 1 << 7,
    RATE_NO_REFERENCE = 1 << 8,
    RATE_NO_STAYS = 1 << 9,
    RATE_BORROWED = 1 << 10,
    RATE_NO_BASE = 1 << 11,
    RATE_NO_VALUE = 1 << 12,
    RATE_NO_DEPRIVATION = 1 << 13,
    RATE_FEW_AREAS = 1 << 14,
    RATE_ROUNDED_COUNT = 1 << 15,
};

enum { RATE_N_SENTENCES = 16, RATE_MAX_ROWS = 6 };

/* The sentence of each bit, from the lowest on. */
extern const char *const rate_sentences[RATE_N_SENTENCES];

/* Numbers that are not given are NAN. */
typedef struct rate {
    double total_count, total_pop, value, variance;
    hst_limits limits[2]; /* of the measure's confidence levels */
    bool is_exact;        /* exact limits, where others have Byar's */
    unsigned notes;
    size_t n_dropped; /* std_mean_los: strata without a stay */
} rate;

/* What the values of all units of a slice are made with. */
typedef struct rate_basis {
    const rate_inputs *inputs;
    const rate_slice *slice;
    const hst_measure *measure;
    const double *weights;      /* [n_strata] */
    const rate_unit *reference; /* isr, smr, acs_score: what events are expected from */
    double reference_scale;     /* time of the slice's period in the reference's */
    double working_days;        /* of the slice's period, where the measure is per working day */
    hst_stay_stratum *strata;   /* [n_strata], room */
} rate_basis;

/* How a value is tested against the comparator's. */
typedef enum rate_test {
    RATE_NO_TEST,
    RATE_LOG_RATIO,
    RATE_DIFFERENCE, /* of means */
} rate_test;

/* One statistic of the study: a row of results.csv for each of its names, and where they come from.
 */
typedef struct rate_statistic {
    size_t n_rows, main;             /* `main`: the row that is compared */
    const char *rows[RATE_MAX_ROWS]; /* sorted as bytes */
    unsigned limited;                /* bits of the rows that have limits */
    unsigned sources;                /* bits of rate_source that are added up */
    rate_test test;
    bool needs_population;
    bool is_stratified; /* people of other sex or unknown age are left out */
    bool with_stays, with_providers, with_base, with_reference;
    bool is_of_areas_alone; /* comparators have no rows */
    /* Fills rows [n_rows], which are empty before. When nothing is to be published (for a
     * comparison), few events do not withhold the value and only the main row is needed. */
    void (*compute)(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
    /* What needs the rows of all areas, [n_areas][n_rows]; NULL: nothing. */
    hst_status (*finish)(const rate_basis *basis, rate *rows, size_t n_areas, hst_error *err);
} rate_statistic;

/* The statistic of a measure. */
const rate_statistic *rate_statistic_of(const hst_measure *measure);

/* Bits of rate_source that a measure needs: those of its statistic, and of repeat-adjusted limits.
 */
unsigned rate_sources_of(const hst_measure *measure);

/* Rows of one unit, [n_rows of the statistic]. */
void rate_compute(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);

/* Working days of a slice's period; 1 where the measure is not per working day. */
double rate_working_days(const rate_inputs *inputs, const rate_slice *slice);

/* How an area's value compares with a reference by the statistic's test, two-sided at the first
 * confidence level: "lower", "similar", "higher", or "better", "worse" where the measure has a
 * direction; "" when either value is not there, or is 0 in a log ratio. */
const char *rate_compare(const hst_measure *measure, const rate *area, const rate *reference);

/* ---- the statistics; see rate_statistic.compute ---- */

void rate_count(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
void rate_crude(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
void rate_dsr(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
void rate_bed_days(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
void rate_bed_day_rate(const rate_basis *basis, const rate_unit *unit, bool is_published,
                       rate *rows);
void rate_readmission(const rate_basis *basis, const rate_unit *unit, bool is_published,
                      rate *rows);
void rate_growth(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
void rate_hhi(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
void rate_mean_los(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
void rate_std_mean_los(const rate_basis *basis, const rate_unit *unit, bool is_published,
                       rate *rows);
void rate_isr(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows);
hst_status rate_acs_finish(const rate_basis *basis, rate *rows, size_t n_areas, hst_error *err);

/* Rows of acs_score. */
enum { RATE_ACS_ISR, RATE_ACS_RESIDUAL, RATE_ACS_SCORE, RATE_ACS_ROWS };

#endif
