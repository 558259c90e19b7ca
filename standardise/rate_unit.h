/* Numerators and denominators of one area or comparator, stratum by stratum. */
#ifndef HESTIA_RATE_UNIT_H
#define HESTIA_RATE_UNIT_H

#include "hestia/cube.h"
#include "hestia/population.h"

/* Everything that rates are made of; borrowed. */
typedef struct rate_inputs {
    const hst_study *study;
    const hst_measures *measures;
    const hst_areas *areas;
    const hst_cube *cube;
    const hst_population *population; /* NULL when the study names none */
    const hst_standard *counted;      /* the bands of the cube */
    const hst_standard *standard;     /* the same after the population's merging */
} rate_inputs;

/* One measure, period and split value: what all areas' rows of one line of results share. The
 * strata are sex by sex, in each the bands in order; or the bands alone with both sexes added. */
typedef struct rate_slice {
    size_t measure, split;
    const hst_period *period;
    size_t period_index;
    unsigned sex_from, sex_to; /* of the strata and of the population */
    size_t band_from, band_to; /* of the strata */
    bool all_ages;             /* the whole population counts, not that of the bands alone */
    bool has_population;       /* false for a split value without a population of its own */
    size_t n_strata;
} rate_slice;

/* The events and people of one area or comparator. Weighted comparators have fractions of events,
 * whose variance is not their number. */
typedef struct rate_unit {
    double *events, *variances, *people; /* [n_strata]; people: person-years with `annualise` */
    double all_events, all_variance;     /* with sex or age unknown */
    double all_people;
    bool has_people;  /* false when the population files do not have them */
    int missing_year; /* then the year that is missing */
} rate_unit;

/* Limits the strata to what a split value stands for; the whole population for split 0 and for
 * splits other than by sex and age band. */
void rate_slice_init(rate_slice *slice, const rate_inputs *inputs, size_t measure,
                     const hst_period *period, size_t period_index, size_t split);

/* Sex and age band of a stratum; `*sex` is HST_N_SEXES for both. */
void rate_slice_stratum(const rate_slice *slice, const rate_inputs *inputs, size_t stratum,
                        unsigned *sex, size_t *band);

/* Weights of the strata, [n_strata]: those of the standard, the same for each sex. */
void rate_slice_weights(const rate_slice *slice, const rate_inputs *inputs, double *weights);

HST_MUST_CHECK hst_status rate_unit_init(rate_unit *unit, size_t n_strata, hst_error *err);
void rate_unit_clear(rate_unit *unit);

/* `cells` is room for the population of one area, rate_cells_size() numbers. */
size_t rate_cells_size(const rate_inputs *inputs);
void rate_unit_of_area(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                       size_t area, double *cells);
void rate_unit_of_group(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                        const hst_area_group *group, double *cells);

/* The group without one of its areas; the group itself when the area is no member. */
void rate_unit_without(rate_unit *unit, const rate_unit *whole, const rate_slice *slice,
                       const hst_area_group *group, size_t area, const rate_unit *part);

#endif
