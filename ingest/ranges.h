/* A file of plain text, or a gzip file of several members, read by several threads. */
#ifndef HESTIA_RANGES_H
#define HESTIA_RANGES_H

#include "ingest/extract_internal.h"
#include "ingest/source_internal.h"

/** What is read, and how. */
typedef struct hst_ranges_job {
    const hst_source *source; /**< of the file, which it has open; not read from */
    const hst_layout *layout;
    const hst_side_table *side;
    hst_store *store;
    hst_inflater inflater;
    hst_scan_kernel kernel;
    size_t block_bytes, range_bytes; /**< 0 outside tests */
    size_t n_threads;
    void (*advance)(void *context, int64_t n_bytes); /**< bytes of the file read; any thread */
    void *context;
} hst_ranges_job;

/** What came of it. */
typedef struct hst_ranges_read {
    bool is_whole;   /**< false: nothing is known of the file, and it is to be read in its order */
    size_t n_ranges; /**< that were read side by side */
    hst_segment_info info;
} hst_ranges_read;

/** Whether reading by ranges is of use: a large file of plain text, or a large gzip file that seems
 * to have several members. */
HST_MUST_CHECK hst_status hst_ranges_are_there(bool *answer, const hst_ranges_job *job,
                                               hst_error *err);

/**
 * Reads all rows into `segment`, whose bytes are then those that reading the file in its order
 * makes, and fills what the decoder and the source say of them in `info`. Whatever is not as it
 * should be, damage above all, gives `is_whole` false and no error: only reading the file in its
 * order tells what it is, and where. The segment is then of no use.
 *
 * @return faults of the segment; HST_ERR_INTERRUPTED; HST_ERR_INPUT for a file that changed
 */
HST_MUST_CHECK hst_status hst_ranges_read_all(hst_ranges_read *out, const hst_ranges_job *job,
                                              hst_segment_writer *segment, hst_error *err);

#endif
