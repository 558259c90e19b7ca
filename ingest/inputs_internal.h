/* What finding inputs alone and in a team share: inputs.c, inputs_team.c. */
#ifndef HESTIA_INPUTS_INTERNAL_H
#define HESTIA_INPUTS_INTERNAL_H

#include "hestia/ingest.h"

/** "apc.csv.gz" or "apc.zip:member.csv", as a line of UTF-8: it goes into tables and JSON. NULL
 * without memory; the caller's. */
char *hst_input_name(const char *path, const char *member);

/** Order of inputs: by path, then member. */
int hst_inputs_compare(const void *a, const void *b);

/**
 * Makes one list of what all members of a team see: the same for each of them. An input that only
 * others see has no layout.
 *
 * @param matches  [n_matches] whether a pattern has a match here; receives whether it has one
 *                 anywhere
 * @return HST_ERR_USAGE: one path, and different files
 */
HST_MUST_CHECK hst_status hst_inputs_merge(hst_inputs *inputs, bool *matches, size_t n_matches,
                                           hst_team *team, hst_error *err);

#endif
