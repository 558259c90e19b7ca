#ifndef HESTIA_DISCLOSURE_H
#define HESTIA_DISCLOSURE_H

#include <stddef.h>

#include "hestia/status.h"

struct hst_publication;

/** What disclosure control did, for the manifest, the terminal and the output checker. */
typedef struct hst_disclosure {
    size_t n_counts;          /**< counts of single cells below England that were looked at */
    size_t n_small;           /**< of them 1 to min - 1: hidden */
    size_t n_withheld_counts; /**< larger counts hidden, so that no small one comes back */
    size_t n_withheld_values; /**< values and limits withheld for the same reason */
    size_t n_other;     /**< numbers of other tables hidden: services, cohorts, audit, breaks */
    size_t n_certified; /**< small counts for which another world was found that gives the same
                           release: all of them, or nothing is released */
} hst_disclosure;

/**
 * Applies the study's disclosure rule to all that a release is made from, in place: results,
 * cohorts, audit, services, breaks (domain rules and the method: publish/README.md).
 *
 * @param out  receives what was done; publication->disclosure is set to it
 * @return HST_OK, also for rule `none`, which changes nothing and leaves `disclosure` NULL;
 *         HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_disclose(struct hst_publication *publication, hst_disclosure *out,
                                       hst_error *err);

#endif
