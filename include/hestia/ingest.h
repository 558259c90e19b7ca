#ifndef HESTIA_INGEST_H
#define HESTIA_INGEST_H

#include "hestia/extract.h"
#include "hestia/file_look.h"
#include "hestia/ledger.h"
#include "hestia/store.h"
#include "hestia/study.h"
#include "hestia/team.h"

/** One input stream of a study (a file, or a member of a container), from glob to segment. */
typedef struct hst_input {
    size_t extract;      /**< index in study->extracts */
    char *path, *member; /**< member "" when the file is one stream */
    char *name;     /**< file name without folders, ":member" after it; the `file` of audit.csv */
    uint64_t bytes; /**< of the file, compressed */
    hst_file_look look;     /**< of the file, before its header was read */
    hst_layout *layout;     /**< NULL: only other processes of the team see the file */
    unsigned person_kinds;  /**< hst_layout_person_kinds */
    uint64_t named_columns; /**< bit k: has the k-th column that the extract's `columns:` names */
    uint8_t digest[16], layout_key[16];
    bool was_known;  /**< segment reused */
    bool was_remade; /**< its segment could not be opened: damaged, or of an older hestia */
    bool superseded; /**< an older cut of a data year: not counted */
    size_t n_ranges; /**< that were read side by side; 0: it was reused, or read in its order */
} hst_input;

typedef struct hst_inputs {
    size_t n;
    hst_input *items; /**< sorted by path, then member */
    hst_person_kind person;
    /* the texts that the layouts borrow */
    struct hst_input_specs *specs;
} hst_inputs;

/**
 * Expands the study's globs, lists members, reads every header, chooses the person identifier that
 * all have. Reads no rows and writes nothing: what `hestia check` shows.
 *
 * @return HST_ERR_USAGE: glob without match, file absent, no person identifier common to all;
 * HST_ERR_INPUT: header faults
 */
HST_MUST_CHECK hst_status hst_inputs_find(hst_inputs **out, const hst_study *study, hst_error *err);

/** The same for a team: the files that any of its members sees, known to all. @return also
 * HST_ERR_USAGE: the same path is another file on another host */
HST_MUST_CHECK hst_status hst_inputs_find_together(hst_inputs **out, const hst_study *study,
                                                   hst_team *team, hst_error *err);
void hst_inputs_free(hst_inputs *inputs);

/** Called now and then from any thread with compressed bytes read so far and in all. */
typedef void hst_progress(void *context, uint64_t done, uint64_t total);

typedef struct hst_ingest_options {
    hst_team *team; /**< NULL: alone. The inputs are shared out among its members */
    int n_threads;
    size_t memory_bytes;
    hst_progress *progress; /**< may be NULL */
    void *progress_context;
    hst_scan_kernel kernel; /**< AUTO outside tests */
    hst_inflater inflater;  /**< AUTO outside tests */
    size_t block_bytes;     /**< 0 outside tests */
    size_t range_bytes;     /**< 0 outside tests; else files of any size and kind of gzip are cut */
} hst_ingest_options;

/**
 * Brings the store up to date: reads each input that is new or changed, or whose segment cannot be
 * opened, into a segment; marks superseded cuts. Stops early, with HST_ERR_INTERRUPTED, when
 * hst_interrupt_requested().
 *
 * Ledger (stage "ingest"): per file read, used, each reason, notices, superseded, separator, person
 * and area columns.
 * @return HST_ERR_INPUT: a broken file; two inputs of the same content; more rejected rows than
 * quality.max_rejected (file, first line and column of each reason named)
 */
HST_MUST_CHECK hst_status hst_ingest(hst_inputs *inputs, const hst_study *study, hst_store *store,
                                     const hst_ingest_options *options, hst_ledger *ledger,
                                     hst_error *err);

/**
 * Looks whether the store has all that the inputs hold, by size, times and inode of their files:
 * reads and writes nothing of the inputs, so a store opened for reading will do. When it has
 * (`*is_complete`), inputs and ledger are what hst_ingest would have left.
 */
HST_MUST_CHECK hst_status hst_ingest_find(bool *is_complete, hst_inputs *inputs,
                                          const hst_study *study, hst_store *store,
                                          hst_ledger *ledger, hst_error *err);

/**
 * Reads every segment of the inputs whole and removes the damaged ones, so that hst_ingest makes
 * them anew. The store is opened for writing; the inputs have their digests.
 *
 * @param removed  called with the `file` of each segment removed; may be NULL
 */
HST_MUST_CHECK hst_status hst_ingest_remove_damaged(const hst_inputs *inputs, hst_store *store,
                                                    void (*removed)(void *context,
                                                                    const char *file),
                                                    void *context, hst_error *err);

/** Set by the signal handler of the program, read by long loops. */
bool hst_interrupt_requested(void);
void hst_interrupt_request(void);

/** Takes a request back that was no signal: another process of the run had failed. */
void hst_interrupt_withdraw(void);

/** HST_ERR_INTERRUPTED, with its reason, when one was requested; else HST_OK. */
HST_MUST_CHECK hst_status hst_interrupt_check(hst_error *err);

#endif
