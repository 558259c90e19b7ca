#ifndef HESTIA_RUN_FOLDER_H
#define HESTIA_RUN_FOLDER_H

#include <time.h>

#include "hestia/lock.h"
#include "hestia/status.h"

/** Version of what stands in a results directory: one more whenever a file, a table, a column or a
 * view changes its meaning or goes, so that a reader could trip. 0.1.0 wrote 1, without saying so
 * in manifest.json. */
enum { HST_RESULTS_SCHEMA = 1 };

/**
 * Makes the results directory where it is absent and takes its lock, which one run has from its
 * beginning to its end; then puts in order what killed runs left: `latest` is led to a run that was
 * complete, everything else of theirs (`.part`) is removed.
 *
 * @return HST_ERR_LOCKED names the run that has it; HST_ERR_SYSTEM; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_run_folder_lock(hst_lock *lock, const char *directory,
                                              hst_error *err);

/**
 * The folder of one run below the results directory: `results/20261121T020000Z`, the UTC time of
 * its start, with `-2` after it when that is taken. It is filled as `<run>.part`, renamed when all
 * is in it, and `results/latest` then leads to it; a run that fails leaves no trace.
 */
typedef struct hst_run_folder hst_run_folder;

/**
 * Makes the run's folder, and the results directory where it is absent. Nobody else publishes
 * there: the caller has the lock.
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
 * never neither), and removes the oldest runs beyond those to keep. A failure before `latest` leads
 * to it leaves everything as it was.
 */
HST_MUST_CHECK hst_status hst_run_folder_commit(hst_run_folder *folder,
                                                const hst_run_folder_options *options,
                                                hst_error *err);

/** True when `latest` leads to the run, also when what came after that failed. */
bool hst_run_folder_is_published(const hst_run_folder *folder);

/** Frees it; without a commit before it the folder is removed. NULL is allowed. */
void hst_run_folder_free(hst_run_folder *folder);

/** What `results/status.json` says of an invocation, whether it changed anything or not. */
typedef struct hst_run_status {
    const char *version; /**< of the program */
    const char *study;   /**< NULL: not known */
    time_t started, checked;
    double seconds;
    bool changed; /**< new results were published; else the time of the last change stays */
    int exit_code;
    const char *message; /**< one line */
} hst_run_status;

enum { HST_STATUS_SCHEMA = 1 };

/**
 * Rewrites `<directory>/status.json`, by rename; where that fails, as on a full disk, in place.
 * Makes the directory where it is absent.
 */
HST_MUST_CHECK hst_status hst_run_status_write(const char *directory,
                                               const hst_run_status *run_status, hst_error *err);

/**
 * Notes in it an invocation that another run kept out: only `refused` changes, so that the state of
 * the run that has the results is told by that run alone. Without a status to keep it is written as
 * of any other invocation.
 */
HST_MUST_CHECK hst_status hst_run_status_refuse(const char *directory,
                                                const hst_run_status *run_status, hst_error *err);

/** "2026-11-21T02:00:00Z". */
void hst_time_format(time_t time, char text[21]);

#endif
