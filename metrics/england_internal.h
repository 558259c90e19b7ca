/* England's totals while they are added up: one tally a thread. */
#ifndef HESTIA_METRICS_ENGLAND_INTERNAL_H
#define HESTIA_METRICS_ENGLAND_INTERNAL_H

#include "hestia/england.h"
#include "partition_internal.h"
#include "wire_internal.h"

enum { HST_ENGLAND_YEARS = 256, HST_ENGLAND_DAYS = 1 << 16 };

/** Episodes by financial year of their end; slot 0 is for rows without an EPIEND. */
typedef struct hst_england_tally {
    uint64_t fce[HST_ENGLAND_YEARS], fae[HST_ENGLAND_YEARS], fae_emergency[HST_ENGLAND_YEARS];
    uint64_t stays[HST_ENGLAND_YEARS], stay_days[HST_ENGLAND_YEARS];
    uint64_t spells[HST_ENGLAND_YEARS]; /**< added by the one who builds them */
    bool has_spells;
    uint64_t n_repeated;
} hst_england_tally;

/** Emergency by method of admission: 21 to 25, 28, 2A to 2D. */
bool hst_is_emergency(uint16_t admimeth);

/** Fills `year_of_day` [HST_ENGLAND_DAYS]: the slot of each day. */
void hst_england_fill_years(uint8_t *year_of_day);

/** Adds a row of a partition, whatever the study counts of it. */
void hst_england_add(hst_england_tally *tally, const uint8_t *year_of_day,
                     const hst_episode *episode);

void hst_england_merge(hst_england_tally *into, const hst_england_tally *from);
void hst_england_wire(hst_england_tally *tally, hst_wire *wire);

HST_MUST_CHECK hst_status hst_england_list(hst_england **out, const hst_england_tally *tally,
                                           hst_error *err);

#endif
