#include <stdlib.h>

#include "partition_internal.h"

struct hst_partition {
    const hst_segment *const *segments;
    size_t n_segments;
    size_t capacity;
    unsigned char *buffer;
    hst_block *blocks; /* [n_segments] */
    hst_duplicates search;
};

hst_status hst_partition_create(hst_partition **out, const hst_segment *const *segments,
                                size_t n_segments, hst_error *err)
{
    hst_partition *partition = calloc(1, sizeof *partition);

    *out = partition;
    if (!partition) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a partition");
    }
    partition->segments = segments;
    partition->n_segments = n_segments;
    partition->blocks = calloc(n_segments + 1, sizeof *partition->blocks);
    if (!partition->blocks) {
        hst_partition_free(partition);
        *out = NULL;
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a partition");
    }
    return HST_OK;
}

void hst_partition_free(hst_partition *partition)
{
    if (!partition) {
        return;
    }
    hst_duplicates_clear(&partition->search);
    free(partition->buffer);
    free(partition->blocks);
    free(partition);
}

/* Makes room for all records of a partition. */
static hst_status make_room(hst_partition *partition, size_t number, hst_error *err)
{
    size_t n_bytes = 0;
    uint64_t n_rows = 0;

    for (size_t s = 0; s < partition->n_segments; s++) {
        n_bytes += hst_segment_partition_bytes(partition->segments[s], number);
        n_rows += hst_segment_partition_episodes(partition->segments[s], number);
    }
    if (n_bytes > partition->capacity) {
        free(partition->buffer);
        partition->capacity = 0;
        partition->buffer = malloc(n_bytes + n_bytes / 4); /* partitions differ little in size */
        if (!partition->buffer) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for a partition of %zu bytes", n_bytes);
        }
        partition->capacity = n_bytes + n_bytes / 4;
    }
    return hst_duplicates_begin(&partition->search, (size_t)n_rows, err);
}

hst_status hst_partition_read(hst_partition *partition, size_t number, const hst_block **blocks,
                              hst_error *err)
{
    size_t at = 0;
    hst_status status = make_room(partition, number, err);

    for (size_t s = 0; s < partition->n_segments && !status; s++) {
        hst_block *block = &partition->blocks[s];

        block->segment = partition->segments[s];
        block->bytes = hst_segment_partition_bytes(block->segment, number);
        block->records = partition->buffer + at; /* whole records: stays aligned to 8 */
        if (block->bytes > 0) {
            status = hst_segment_read(block->segment, number, block->records, err);
        }
        if (!status) {
            hst_duplicates_add(&partition->search, block);
        }
        at += block->bytes;
    }
    if (!status) {
        hst_duplicates_mark(&partition->search);
    }
    *blocks = partition->blocks;
    return status;
}
