#ifndef HESTIA_METRICS_ACTIVITY_INTERNAL_H
#define HESTIA_METRICS_ACTIVITY_INTERNAL_H

#include "arena_internal.h"
#include "hestia/activity.h"
#include "numbering_internal.h"
#include "unit_internal.h"
#include "wire_internal.h"

/** What all threads read while they count activity. */
typedef struct hst_activity_plan {
    hst_period first;
    size_t n_months;
    size_t n_areas;
    hst_unit_rule rules[HST_N_DATASETS];    /**< periods are months */
    hst_numbering *providers, *specialties; /**< of all segments, in the order of their codes */
} hst_activity_plan;

HST_MUST_CHECK hst_status hst_activity_plan_create(hst_activity_plan **out, const hst_study *study,
                                                   const hst_areas *areas,
                                                   const hst_mergers *mergers,
                                                   const hst_segment *const *segments,
                                                   size_t n_segments, hst_error *err);
void hst_activity_plan_free(hst_activity_plan *plan);

enum {
    HST_ACTIVITY_FEW = 4,                     /**< months that a slot itself has room for */
    HST_ACTIVITY_LIST = HST_ACTIVITY_THIN - 1 /**< and a list of one cache line */
};

/** A series on its way: `n` says where its months are. */
typedef struct hst_activity_slot {
    uint64_t key; /**< data set, area, provider, specialty; 0 = free */
    uint64_t n;   /**< events */
    union {
        uint16_t few[HST_ACTIVITY_FEW]; /**< month of each event */
        uint16_t *list;                 /**< of up to HST_ACTIVITY_LIST */
        uint32_t *counts;               /**< [n_months], of more */
    } months;
} hst_activity_slot;

enum { HST_ACTIVITY_PENDING = 64 };

/** What one thread counts in. All zeros is an empty tally. */
typedef struct hst_activity_tally {
    size_t n, n_slots; /**< slots: a power of two, or 0 */
    hst_activity_slot *slots;
    hst_arena memory; /**< of lists and counts */
    /* Slots lie far apart, so each is asked for when its event comes and counted some events later.
     */
    size_t n_pending;
    struct hst_activity_event {
        uint64_t key;
        uint16_t month;
    } pending[HST_ACTIVITY_PENDING];
} hst_activity_tally;

void hst_activity_tally_clear(hst_activity_tally *tally);

/** Counts a row, which is no repeat, if it is activity; false when there is no memory. */
bool hst_activity_tally_add(hst_activity_tally *tally, const hst_activity_plan *plan,
                            size_t segment, hst_dataset dataset, uint32_t area,
                            const hst_episode *episode);

/** Adds the counts of `from`, whose memory goes over; false when there is no memory. */
bool hst_activity_tally_merge(hst_activity_tally *into, hst_activity_tally *from,
                              const hst_activity_plan *plan);

void hst_activity_tally_wire(hst_activity_tally *tally, const hst_activity_plan *plan,
                             hst_wire *wire);

/**
 * The series in the order of their codes; the tally is empty afterwards.
 *
 * @param out  receives what hst_activity_free frees; all months are complete
 */
HST_MUST_CHECK hst_status hst_activity_list(hst_activity **out, hst_activity_tally *tally,
                                            const hst_activity_plan *plan, hst_error *err);

#endif
