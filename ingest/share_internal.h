/* Sharing the inputs of a run among the members of a team: share.c. A run alone is a team of one.
 */
#ifndef HESTIA_SHARE_INTERNAL_H
#define HESTIA_SHARE_INTERNAL_H

#include "hestia/ingest.h"

/** Numbers of the inputs, largest first, so that the last thread to finish is not left with the
 * largest file; NULL without memory, the caller's. */
size_t *hst_inputs_by_size(const hst_inputs *inputs);

/**
 * Which member reads each input: the first that has read it before, else of those that see it the
 * one with the least to read so far, the largest inputs first. The same list for all.
 *
 * @param readers  receives [inputs->n], the caller's
 */
HST_MUST_CHECK hst_status hst_inputs_assign(size_t **readers, const hst_inputs *inputs,
                                            hst_store *store, hst_team *team, hst_error *err);

/**
 * After all inputs have been read: tells every member what became of those of the others, and sees
 * to it that each can read its partitions of all segments.
 */
HST_MUST_CHECK hst_status hst_inputs_share(hst_inputs *inputs, const size_t *readers,
                                           hst_store *store, hst_team *team, hst_error *err);

#endif
