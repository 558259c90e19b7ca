/* One value of results.csv with its limits and what has to be said about it. */
#ifndef HESTIA_RATE_H
#define HESTIA_RATE_H

#include "hestia/dsr.h"
#include "standardise/rate_unit.h"

/* What may have to be said about a value; each bit is a sentence of rate_sentences. */
enum rate_note {
    RATE_NO_POPULATION = 1,
    RATE_NO_OWN_POPULATION = 2,
    RATE_EMPTY_STRATUM = 4,
    RATE_FEW_EVENTS = 8,
    RATE_NO_LIMITS = 16,
    RATE_MERGED = 32,
    RATE_ALL_AGES = 64,
    RATE_ALL_GROUPS = 128,
    RATE_N_NOTES = 256, /* combinations of them */
};

enum { RATE_N_SENTENCES = 8 };

/* The sentence of each bit, from the lowest on. */
extern const char *const rate_sentences[RATE_N_SENTENCES];

/* Numbers that are not given are NAN. */
typedef struct rate {
    double total_count, total_pop, value, variance;
    hst_limits limits[2]; /* of the measure's confidence levels */
    bool is_exact;        /* a crude rate with exact limits */
    unsigned char notes;
} rate;

/* The value of a slice's measure for one area or comparator. `weights` are those of the slice. When
 * it is not to be published, few events do not withhold it. */
rate rate_of(const rate_inputs *inputs, const rate_slice *slice, const rate_unit *unit,
             const double *weights, bool is_published);

/* How an area's value compares with a reference, by the log ratio with joint variance, two-sided:
 * "lower", "similar", "higher", or "better", "worse" where the measure has a direction; "" when
 * either value is not there or is 0, and for counts. */
const char *rate_compare(const hst_measure *measure, const rate *area, const rate *reference);

#endif
