#ifndef HESTIA_BENCH_MADE_STORE_H
#define HESTIA_BENCH_MADE_STORE_H

#include "hestia/store.h"

/** Makes a store at `path` and opens it for writing. Its key is always the same, so that people
 * fall into the same partitions every time. */
HST_MUST_CHECK hst_status bench_store_make(hst_store **out, const char *path, size_t n_partitions,
                                           hst_error *err);

/** Writes a segment of bench_lives (inpatients, with one area column, RESPCT_HIS, and up to eight
 * diagnoses) and opens it. */
HST_MUST_CHECK hst_status bench_store_fill(hst_segment **out, hst_store *store, size_t n_episodes,
                                           hst_error *err);

#endif
