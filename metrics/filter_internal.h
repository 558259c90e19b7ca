#ifndef HESTIA_METRICS_FILTER_INTERNAL_H
#define HESTIA_METRICS_FILTER_INTERNAL_H

#include "measure_internal.h"

/**
 * Filters are asked together: each has a bit of a 64-bit mask, and for each field a table gives,
 * for each code, the filters that allow it. So an episode costs one look-up and one AND per field
 * in use, however many measures there are.
 */
enum { HST_PLAN_FILTERS = 64, HST_PLAN_USE_WORDS = 8 };

/** Fields that tables stand for. Those from HST_ASKED_SPECIALTY on are numbered by the segment. */
typedef enum hst_asked_field {
    HST_ASKED_ADMIMETH,
    HST_ASKED_ADMISORC,
    HST_ASKED_DISDEST,
    HST_ASKED_DISMETH,
    HST_ASKED_SEX,
    HST_ASKED_CLASSPAT,
    HST_ASKED_EPITYPE,
    HST_ASKED_ETHNOS,
    HST_ASKED_DECILE,
    HST_ASKED_AGE,
    HST_ASKED_STAY,
    HST_ASKED_SPECIALTY_AT_ADMISSION,
    HST_ASKED_SPECIALTY_AT_DISCHARGE,
    HST_ASKED_MAIN_SPECIALTY,
    HST_ASKED_PROVIDER,
    HST_ASKED_GP_PRACTICE,
    HST_N_ASKED
} hst_asked_field;

/** One filter to be asked, and whether its measure counts by discharge (for dated specialties). */
typedef struct hst_root {
    const hst_filter *filter;
    bool by_discharge;
} hst_root;

/** Filters as bits: the roots from bit 0 on, then what stands in their `any`. */
typedef struct hst_plan hst_plan;

/** Filters, sub-filters included, that a root takes of HST_PLAN_FILTERS. */
size_t hst_filter_bits(const hst_filter *filter);

/** @return HST_ERR_RANGE when the roots take more than HST_PLAN_FILTERS bits; HST_ERR_MEMORY */
HST_MUST_CHECK hst_status hst_plan_create(hst_plan **out, const hst_measures *measures,
                                          const hst_root *roots, size_t n_roots, hst_error *err);
void hst_plan_free(hst_plan *plan);

/** A plan with tables for one segment's codes. */
typedef struct hst_segment_plan hst_segment_plan;

HST_MUST_CHECK hst_status hst_segment_plan_create(hst_segment_plan **out, const hst_plan *plan,
                                                  const hst_segment *segment, hst_error *err);
void hst_segment_plan_free(hst_segment_plan *plan);

/**
 * Asks the roots whose bits are in `asked` of an episode.
 *
 * @param uses  receives the condition sets that match, [HST_PLAN_USE_WORDS]; only filled when a
 * filter with a condition was still in question
 * @return the bits of those that pass
 */
uint64_t hst_segment_plan_ask(const hst_segment_plan *plan, const hst_episode *episode,
                              uint64_t asked, uint64_t *uses);

/** Number of the specialty in force on the measure's day: TRETSPEF, before April 2004 MAINSPEF. */
static inline uint16_t hst_episode_specialty(const hst_episode *episode, bool by_discharge)
{
    enum { APRIL_2004 = 27120 }; /* hst_day of 2004-04-01 */
    hst_day day = by_discharge ? episode->disdate : episode->admidate;

    return day < APRIL_2004 ? episode->mainspef : episode->tretspef;
}

#endif
