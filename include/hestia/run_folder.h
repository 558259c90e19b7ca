#ifndef HESTIA_RUN_FOLDER_H
#define HESTIA_RUN_FOLDER_H

#include <time.h>

#include "hestia/status.h"

/** Version of what stands in a results directory: one more whenever a file, a table, a column or a
 * view changes its meaning or goes, so that a reader could trip. 0.1.0 wrote 1, without saying so
 * in manifest.json. */
enum { HST_RESULTS_SCHEMA = 1 };

/**
 * The folder of one run below the results directory: `results/20261121T020000Z`, the UTC time of
 * its start, with `-2` after it when that is taken. It is filled as `<run>.part`, renamed when all
 * is in it, and `results/latest` then leads to it; a run that fails leaves no trace.
 */
typedef struct hst_run_folder hst_run_folder;

/**
 * Makes the results directory where it is absent, takes its lock, removes what killed runs left
 * (`.part`), and makes the run's folder.
 *
 * @return HST_OK; HST_ERR_LOCKED when another run is publishing there; HST_ERR_SYSTEM;
 * HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_run_folder_create(hst_run_folder **out, const char *directory,
                                                time_t start, hst_error *err);

/** Name of the run: "20261121T020000Z-2". */
const char *hst_run_folder_name(const hst_run_folder *folder);

/** Where to write: the folder under its temporary name; after the commit, under its own. */
const char *hst_run_folder_path(const hst_run_folder *folder);

/** How a complete run is shown, and how many are kept. */
typedef struct hst_run_folder_options {
    bool latest_copy; /**< `latest` is a folder of its own with copies, not a link */
    int keep;         /**< newest runs to keep, at least 1; 0 = all. Runs with a file KEEP stay. */
} hst_run_folder_options;

/**
 * Gives the run its name, leads `latest` to it (a reader sees the old one or the new one whole,
 * never neither), and removes the oldest runs beyond those to keep.
 */
HST_MUST_CHECK hst_status hst_run_folder_commit(hst_run_folder *folder,
                                                const hst_run_folder_options *options,
                                                hst_error *err);

/** Frees it, releases the lock; without a commit before it the folder is removed. NULL is allowed.
 */
void hst_run_folder_free(hst_run_folder *folder);

/** What `results/status.json` says of an invocation, whether it changed anything or not. */
typedef struct hst_run_status {
    time_t checked; /**< now */
    bool changed;   /**< new results were published; else the time of the last change stays */
    int exit_code;
    const char *message; /**< one line */
} hst_run_status;

/** Rewrites `<directory>/status.json` (atomic); makes the directory where it is absent. */
HST_MUST_CHECK hst_status hst_run_status_write(const char *directory,
                                               const hst_run_status *run_status, hst_error *err);

/** "2026-11-21T02:00:00Z". */
void hst_time_format(time_t time, char text[21]);

#endif
