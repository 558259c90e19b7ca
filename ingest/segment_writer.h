/* What segment_writer.c and row_spool.c share: the writer of a segment. */
#ifndef HESTIA_SEGMENT_WRITER_H
#define HESTIA_SEGMENT_WRITER_H

#include "ingest/row_spool.h"
#include "ingest/store_internal.h"

typedef struct hst_partition_buffer {
    uint32_t n_bytes, n_episodes;
} hst_partition_buffer;

typedef struct hst_written_block {
    hst_segment_block block;
    uint32_t partition;
} hst_written_block;

struct hst_segment_writer {
    uint8_t *bytes; /**< [n_partitions][block_bytes] */
    size_t n_bytes;
    hst_partition_buffer *buffers;
    size_t block_bytes;
    unsigned partition_shift; /**< partition = the uppermost bits of a person */
    hst_dictionary dictionaries[HST_N_DICTS];

    hst_store *store;
    int file;
    char part[32]; /**< the file while it is written, from the folder of the store */
    bool has_part, has_failed;
    uint8_t *staged;     /**< the file from written_at to `at`; NULL: a writer of spools */
    uint64_t at;         /**< end of the file */
    uint64_t written_at; /**< what lies before is written */
    uint64_t handed_at;  /**< what lies before is on its way to the disk */
    hst_written_block *blocks;
    size_t n_blocks, blocks_capacity;

    hst_row_spool *spool; /**< where the one partition of a writer of spools goes; else NULL */
};

#endif
