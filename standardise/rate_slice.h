/* What all areas' rows of one line of results share: measure, period and split value. */
#ifndef HESTIA_RATE_SLICE_H
#define HESTIA_RATE_SLICE_H

#include "hestia/cube.h"
#include "hestia/deprivation.h"
#include "hestia/measure_table.h"
#include "hestia/population.h"
#include "hestia/stay.h"
#include "hestia/working_days.h"

/* What is added up in the cells of the cube; after the events, the cube's layers in its order. */
typedef enum rate_source {
    RATE_EVENTS,
    RATE_DAYS = HST_LAYER_DAYS + 1,
    RATE_DAYS_SQUARED = HST_LAYER_DAYS_SQUARED + 1,
    RATE_SQUARES = HST_LAYER_SQUARES + 1,
    RATE_READMITTED = HST_LAYER_READMITTED + 1,
    RATE_N_SOURCES = HST_N_LAYERS + 1
} rate_source;

/* What the events of isr, smr and acs_score are expected from. */
typedef struct rate_reference {
    bool is_all; /* all areas of the list */
    size_t n_areas;
    size_t *areas;
    bool has_year; /* else the period at hand */
    hst_period year;
    hst_by type; /* of the cube's periods that make up the year */
    size_t first_period, last_period;
} rate_reference;

/* What a measure needs beside the cube. */
typedef struct rate_extras {
    double *stay_weights;     /* std_mean_los: [sex][band of the merged standard], else NULL */
    hst_measure_table *table; /* `dataset: table`, else NULL */
    rate_reference reference;
    hst_period base; /* growth */
    size_t base_index;
} rate_extras;

/* Everything that rates are made of; all but `extras` and `deprivation` is borrowed. */
typedef struct rate_inputs {
    const hst_study *study;
    const hst_measures *measures;
    const hst_areas *areas;
    const hst_cube *cube;
    const hst_population *population; /* NULL when the study names none */
    const hst_standard *counted;      /* the bands of the cube */
    const hst_standard *standard;     /* the same after the population's merging */
    rate_extras *extras;              /* [measure] */
    hst_deprivation *deprivation;     /* NULL without a file */
    hst_working_days *calendar;       /* NULL unless a measure is per working day */
} rate_inputs;

/*
 * Checks what the measures ask for, and reads and adds up what they need beside the cube. `inputs`
 * has its borrowed parts; it is cleared by the caller, also after a failure.
 *
 * HST_ERR_USAGE (study line): no population for a rate, an interval that the statistic does not
 * have, a reference or base that is not there; HST_ERR_INPUT for a table (line); HST_ERR_MEMORY.
 */
HST_MUST_CHECK hst_status rate_inputs_prepare(rate_inputs *inputs, hst_ledger *ledger,
                                              hst_error *err);
void rate_inputs_clear(rate_inputs *inputs);

/* True when a table has a value of an area. */
bool rate_table_has(const hst_measure_table *table, const char *code);

/* The strata are sex by sex, in each the bands in order; or the bands alone with both sexes added.
 */
typedef struct rate_slice {
    size_t measure, split;
    const hst_period *period;
    hst_by type; /* of the cube's periods that make up the period */
    size_t first_period, last_period;
    unsigned sex_from, sex_to; /* of the strata and of the population */
    size_t band_from, band_to; /* of the strata */
    bool all_ages;             /* the whole population counts, not that of the bands alone */
    bool has_population;       /* false for a split value without a population of its own */
    size_t n_strata;
    unsigned sources; /* bits of rate_source: what is read */
    bool with_stays, with_providers, with_base;
} rate_slice;

/* Limits the strata to what a split value stands for; the whole population for split 0 and for
 * splits other than by sex and age band. */
void rate_slice_init(rate_slice *slice, const rate_inputs *inputs, size_t measure,
                     const hst_period *period, size_t period_index, size_t split);

/* The same slice of the reference's time. */
rate_slice rate_slice_of_reference(const rate_slice *slice, const rate_inputs *inputs);

/* Sex and age band of a stratum; `*sex` is HST_N_SEXES for both. */
void rate_slice_stratum(const rate_slice *slice, const rate_inputs *inputs, size_t stratum,
                        unsigned *sex, size_t *band);

/* Stratum of a sex and band of the merged standard, or n_strata when it is in none. */
size_t rate_slice_stratum_of(const rate_slice *slice, const rate_inputs *inputs, unsigned sex,
                             size_t band);

/* Weights of the strata, [n_strata]: those of the standard, the same for each sex; of std_mean_los
 * the pooled stays. */
void rate_slice_weights(const rate_slice *slice, const rate_inputs *inputs, double *weights);

/* Rates by area, sex and age are of whole bands of the standard: bands after the population's last
 * one are one. */
size_t rate_merged_band(const rate_inputs *inputs, size_t band);

#endif
