#ifndef HESTIA_DISCLOSURE_H
#define HESTIA_DISCLOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hestia/status.h"

struct hst_publication;
struct hst_study;
struct hst_measure;
struct hst_published_number;

/** What disclosure control did, for the manifest, the terminal and the output checker. */
typedef struct hst_disclosure {
    size_t n_counts;          /**< counts of single cells below England that were looked at */
    size_t n_small;           /**< of them 1 to min - 1: hidden */
    size_t n_withheld_counts; /**< larger counts hidden, so that no small one comes back */
    size_t n_withheld_values; /**< values and limits withheld for the same reason */
    size_t n_other;      /**< numbers of other tables hidden: services, cohorts, audit, breaks */
    size_t n_certified;  /**< small counts for which another world was found that gives the same
                            release: all of them, or nothing is released */
    int64_t total_round; /**< base of England's counts and those of whole extracts; 1: exact */
} hst_disclosure;

/**
 * Applies the study's disclosure rule to all that a release is made from, in place: results,
 * cohorts, audit, services, breaks (domain rules and the method: publish/README.md).
 *
 * @param out  receives what was done; publication->disclosure is set to it
 * @return HST_OK, also for rule `none`, which changes nothing and leaves `disclosure` NULL;
 *         HST_ERR_ARGUMENT when a small count could be worked out from the rest, whatever is
 *         withheld; HST_ERR_RANGE: too many measures, areas or split values; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_disclose(struct hst_publication *publication, hst_disclosure *out,
                                       hst_error *err);

/**
 * A count of whole extracts (rows, people, England's totals) as a release shows it.
 *
 * @param disclosure  what was done; NULL: nothing, the count stays
 */
int64_t hst_disclosed_total(const hst_disclosure *disclosure, int64_t count);

/** What became of a number on its way into a release. */
typedef enum hst_released {
    HST_RELEASED_BY_RULE,    /**< count and value are what the rule makes of the true ones */
    HST_RELEASED_SMALL,      /**< not shown: the count is below `min` */
    HST_RELEASED_WITHHELD,   /**< not shown, though it is not: it would give a small one back */
    HST_RELEASED_COUNT_ONLY, /**< the count by the rule, the value withheld for that reason */
    HST_RELEASED_OTHERWISE   /**< not what the rule makes of these true numbers */
} hst_released;

/**
 * Sets the released row of a measure (persons of all ages, not split) beside the true one.
 *
 * @param is_england  the row of a comparator of all areas, whose counts may be true
 * @param count       the true one; below 0: the row has none
 * @param value       the true one; NAN: not given, for a reason that is not disclosure control
 */
hst_released hst_released_as(const struct hst_study *study, const struct hst_measure *measure,
                             bool is_england, int64_t count, double value,
                             const struct hst_published_number *released);

#endif
