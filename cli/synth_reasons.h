/* Why artificial people come to hospital. */
#ifndef HESTIA_CLI_SYNTH_REASONS_H
#define HESTIA_CLI_SYNTH_REASONS_H

#include "cli/synth.h"

enum { SYNTH_N_GROUPS = 3 }; /* below 18, below 65, and older */

/** A reason for admission: its weight among children, adults below 65 and older people. */
typedef struct synth_reason {
    const char *diagnosis;
    double weights[SYNTH_N_GROUPS];
    double stay_days; /**< mean of stays that are not over on the first or second day */
    const char *specialty;
    const char *procedure; /**< NULL: none */
} synth_reason;

/** Draws one, by the person's age and illnesses on that day. */
const synth_reason *synth_emergency_reason(synth_rng *rng, const synth_person *person,
                                           hst_date day);
const synth_reason *synth_elective_reason(synth_rng *rng, const synth_person *person, hst_date day);

/** Draws another condition that somebody in hospital has as well. */
const char *synth_other_condition(synth_rng *rng);

#endif
