/* The complete runs of a results directory, in the order in which they were made. */
#ifndef HESTIA_PUBLISH_PAST_RUNS_H
#define HESTIA_PUBLISH_PAST_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "hestia/status.h"

enum { HST_PAST_RUN_BYTES = 40 };

/** A complete run: a folder named like one, with a manifest, which no other folder has. */
typedef struct hst_past_run {
    char name[HST_PAST_RUN_BYTES];
    struct timespec made; /**< time of its manifest, which orders runs whatever the clock said */
} hst_past_run;

/** True for "20261121T020000Z", "20261121T020000Z-2", and what stands behind is `rest`. */
bool hst_run_name_begins(const char *name, const char **rest);

bool hst_is_later(struct timespec a, struct timespec b);

/** True when the name is a run's, with its manifest in it. */
bool hst_past_run_is(const char *directory, const char *name, struct timespec *made);

/** All of them, oldest first; `*runs` [n] is the caller's. */
HST_MUST_CHECK hst_status hst_past_runs_list(hst_past_run **runs, size_t *n, const char *directory,
                                             hst_error *err);

#endif
