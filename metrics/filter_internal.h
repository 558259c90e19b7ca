#ifndef HESTIA_METRICS_FILTER_INTERNAL_H
#define HESTIA_METRICS_FILTER_INTERNAL_H

#include "codes_internal.h"
#include "measure_internal.h"

/**
 * Filters are asked together: each has a bit of a 64-bit mask, and for each field a table gives,
 * for each code, the filters that allow it. So an episode costs one look-up and one AND per field
 * in use, however many measures there are.
 */
enum { HST_PLAN_FILTERS = 64 };

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
    HST_ASKED_COHORT,
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
 * Asks the roots whose bits are in `asked` of a row that stands for itself: whether the codes of
 * the first, last or any episode are wanted, they are its own.
 *
 * @param uses  receives the condition sets that match, [hst_plan_n_use_words]; only filled when a
 * filter with a condition was still in question
 * @return the bits of those that pass
 */
uint64_t hst_segment_plan_ask(const hst_segment_plan *plan, const hst_episode *episode,
                              uint64_t asked, uint64_t *uses);

/*
 * The same in steps, for a stay of several episodes: its fields are asked once; then, when
 * hst_plan_modes says that codes are still needed, the sets that its first, its last and all of its
 * episodes match are gathered; and hst_plan_ask_codes decides.
 */

/**
 * Asks the fields of a row.
 *
 * @param asked  not 0
 * @return the bits of the filters, sub-filters included, still in question; 0 when no root is
 */
uint64_t hst_segment_plan_ask_fields(const hst_segment_plan *plan, const hst_episode *episode,
                                     uint64_t asked);

/** Which episodes' codes the filters of `live` need: bit 1 << HST_EPISODE_FIRST, .._LAST, .._ANY;
 * 0 when no filter in question has a condition or procedure. */
unsigned hst_plan_modes(const hst_plan *plan, uint64_t live);

/** Words of 64 sets that `uses` has, at most HST_PLAN_USE_WORDS; 0 without conditions. */
size_t hst_plan_n_use_words(const hst_plan *plan);

/** Fills `uses` [hst_plan_n_use_words] with the sets that one episode matches. For a segment of the
 * episode's own; only for plans with a condition or procedure. */
void hst_segment_plan_uses(const hst_segment_plan *plan, const hst_episode *episode,
                           uint64_t *uses);

/**
 * @param live  as hst_segment_plan_ask_fields gave it
 * @param uses  sets matched, by hst_which_episode; those that hst_plan_modes does not name may be
 * NULL
 * @return the bits of the roots that pass
 */
uint64_t hst_plan_ask_codes(const hst_plan *plan, uint64_t live, const uint64_t *const uses[3]);

/** Number of the specialty in force on the measure's day: TRETSPEF, before April 2004 MAINSPEF. */
static inline uint16_t hst_episode_specialty(const hst_episode *episode, bool by_discharge)
{
    enum { APRIL_2004 = 27120 }; /* hst_day of 2004-04-01 */
    hst_day day = by_discharge ? episode->disdate : episode->admidate;

    return day < APRIL_2004 ? episode->mainspef : episode->tretspef;
}

#endif
