#ifndef HESTIA_METRICS_SPLIT_INTERNAL_H
#define HESTIA_METRICS_SPLIT_INTERNAL_H

#include "measure_internal.h"

/** The values that the measures' `split` can take, numbered from 1 in byte order. */
typedef struct hst_splits hst_splits;

HST_MUST_CHECK hst_status hst_splits_create(hst_splits **out, const hst_measures *measures,
                                            const hst_segment *const *segments, size_t n_segments,
                                            hst_error *err);
void hst_splits_free(hst_splits *splits);

/** Values of a measure, [n + 1] with values[0] = ""; owned by `splits`. */
const char *const *hst_splits_values(const hst_splits *splits, size_t measure, size_t *n);

/**
 * Numbers of the values of one episode (several for `split: condition`).
 *
 * @param band  age band of the episode;  @param uses  condition sets that match, by
 * hst_which_episode
 * @param out   [64 * words of uses]
 * @return how many
 */
size_t hst_splits_of(const hst_splits *splits, size_t measure, size_t segment,
                     const hst_episode *episode, size_t band, const uint64_t *const *uses,
                     uint32_t *out);

#endif
