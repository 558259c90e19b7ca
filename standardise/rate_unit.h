/* Numerators and denominators of one area or comparator, stratum by stratum. */
#ifndef HESTIA_RATE_UNIT_H
#define HESTIA_RATE_UNIT_H

#include "standardise/rate_slice.h"

/* The sums and people of one area or comparator. A comparator whose members have weights has
 * fractions of events, whose variance is not their number: beside sum(weight * x) stands
 * sum(weight^2 * x). Both are the same without weights. */
typedef struct rate_unit {
    double *sums[RATE_N_SOURCES], *variances[RATE_N_SOURCES]; /* [n_strata] */
    double all[RATE_N_SOURCES], all_variance[RATE_N_SOURCES]; /* with sex or age unknown */
    double *people;                                           /* [n_strata] */
    double all_people;                                        /* person-years with `annualise` */
    bool has_people;  /* false when the population files do not have them */
    int missing_year; /* then the year that is missing */

    double base;       /* growth: events of the base period */
    double *providers; /* hhi: events by split value, [n_providers] */
    size_t n_providers;
    double excluded; /* events that exclude_providers took away */

    /* mean_los: stays by length, and [n_lengths] of them sorted; counts are STAY_SCALE times their
     * number where members have weights */
    bool is_weighted;
    size_t n_lengths, capacity;
    hst_stay_count *stays;
    size_t room;
    hst_stay_count *read; /* [room], what the cube gives */
} rate_unit;

HST_MUST_CHECK hst_status rate_unit_init(rate_unit *unit, const rate_slice *slice,
                                         const rate_inputs *inputs, hst_error *err);
void rate_unit_clear(rate_unit *unit);

/* `cells` is room for the population of one area, rate_cells_size() numbers. HST_ERR_MEMORY. */
size_t rate_cells_size(const rate_inputs *inputs);
HST_MUST_CHECK hst_status rate_unit_of_area(rate_unit *unit, const rate_inputs *inputs,
                                            const rate_slice *slice, size_t area, double *cells,
                                            hst_error *err);
HST_MUST_CHECK hst_status rate_unit_of_group(rate_unit *unit, const rate_inputs *inputs,
                                             const rate_slice *slice, size_t group, double *cells,
                                             hst_error *err);

/* The areas that the slice's measure refers to, in the reference's own time; `scale` receives the
 * slice's time in that. */
HST_MUST_CHECK hst_status rate_unit_of_reference(rate_unit *unit, const rate_inputs *inputs,
                                                 const rate_slice *slice, double *cells,
                                                 double *scale, hst_error *err);

/* Adds the sums, people and providers of another period of the same area or comparator; lengths of
 * stays and the base of growth stay as they are. `sum` has people until a period has none. */
void rate_unit_add(rate_unit *sum, const rate_unit *period, const rate_slice *slice);

/* The group without one of its areas; the group itself when the area is no member. Sums, people and
 * providers only. */
void rate_unit_without(rate_unit *unit, const rate_unit *whole, const rate_slice *slice,
                       const hst_area_group *group, size_t area, const rate_unit *part);

/* What one event, day or stay of a unit counts: above or below 1 where members have weights. */
double rate_unit_worth(const rate_unit *unit, rate_source source);

#endif
