#ifndef HESTIA_METRICS_PARTITION_INTERNAL_H
#define HESTIA_METRICS_PARTITION_INTERNAL_H

#include <stdint.h>

#include "hestia/store.h"

/** The records of one segment in one partition. */
typedef struct hst_block {
    const hst_segment *segment;
    unsigned char *records;
    size_t bytes, n_rows;
} hst_block;

/**
 * What is written into `reserved` of a record's copy in memory: bit c for a member of the study's
 * cohort number c, and a bit for records that repeat another's key (the duplicate rule `nhsd`
 * leaves them out, `none` does not).
 */
enum { HST_RECORD_COHORTS = 0x7FFF, HST_RECORD_REPEAT = 0x8000 };

static inline bool hst_episode_is_repeat(const hst_episode *episode)
{
    return (episode->reserved & HST_RECORD_REPEAT) != 0;
}

/** One partition of all segments in memory; its buffers serve one partition after another. */
typedef struct hst_partition hst_partition;

HST_MUST_CHECK hst_status hst_partition_create(hst_partition **out,
                                               const hst_segment *const *segments,
                                               size_t n_segments, hst_error *err);
void hst_partition_free(hst_partition *partition);

/**
 * Reads the people of a partition, or one of `n_slices` equal shares of them for partitions that do
 * not fit the memory; `blocks` [n_segments] live until the next call.
 */
HST_MUST_CHECK hst_status hst_partition_read(hst_partition *partition, size_t number, size_t slice,
                                             size_t n_slices, const hst_block **blocks,
                                             hst_error *err);

/** Search for records that repeat another's key, in scratch memory that is used again. */
typedef struct hst_duplicates {
    size_t n_words;
    uint64_t *filter; /* [n_words] */
    size_t n_rows, capacity;
    uint64_t *hashes;             /* [capacity], of the rows' keys: looking at them all once more
                                   * would bring every record back from memory */
    hst_episode **rows;           /* [capacity] */
    const hst_segment **segments; /* [capacity], of each row */
    size_t n_suspects;
    uint64_t *suspects;      /* [capacity], keys that may repeat */
    struct hst_copy *copies; /* [capacity] */
} hst_duplicates;

/** Begins the search among at most `n_rows` rows. */
HST_MUST_CHECK hst_status hst_duplicates_begin(hst_duplicates *search, size_t n_rows,
                                               hst_error *err);

/** Adds the rows of a block; best while they are still in the processor's cache. */
void hst_duplicates_add(hst_duplicates *search, const hst_block *block);

/**
 * Marks all but one of the records of one person that have the same key. Kept is the finished one,
 * then that of the later PARTYEAR, then the newest SUBDATE, then the one whose fields sort first
 * (NHS rule `nhsd`). Neither the order of files nor that of rows matters.
 */
void hst_duplicates_mark(hst_duplicates *search);
void hst_duplicates_clear(hst_duplicates *search);

#endif
