#ifndef HESTIA_METRICS_NUMBERING_INTERNAL_H
#define HESTIA_METRICS_NUMBERING_INTERNAL_H

#include "provider_internal.h"

/** One number for each code of a dictionary over all segments, in the order of the codes as bytes;
 * 0 = missing. */
typedef struct hst_numbering hst_numbering;

/** @param mergers  of providers: codes count under those that they were merged into; else NULL */
HST_MUST_CHECK hst_status hst_numbering_create(hst_numbering **out, unsigned dictionary,
                                               const hst_mergers *mergers,
                                               const hst_segment *const *segments,
                                               size_t n_segments, hst_error *err);
void hst_numbering_free(hst_numbering *numbering);

/** Numbers of a segment's codes, [hst_segment_n_codes(segment, dictionary)]. */
const uint32_t *hst_numbering_of(const hst_numbering *numbering, size_t segment);

/** Code of a number; "" for 0. */
const char *hst_numbering_code(const hst_numbering *numbering, uint32_t number);

/** Numbers in use, 0 included. */
size_t hst_numbering_n(const hst_numbering *numbering);

#endif
