#include <stdlib.h>
#include <string.h>

#include "hestia/row_memory.h"
#include "partition_internal.h"

struct hst_partition {
    const hst_segment *const *segments;
    size_t n_segments;
    size_t capacity;
    unsigned char *buffer;
    size_t scratch_capacity;
    unsigned char *scratch; /* one block */
    hst_block *blocks;      /* [n_segments] */
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
    hst_row_memory_free(partition->buffer, partition->capacity);
    hst_row_memory_free(partition->scratch, partition->scratch_capacity);
    free(partition->blocks);
    free(partition);
}

static hst_status grow(unsigned char **buffer, size_t *capacity, size_t used, size_t wanted,
                       hst_error *err)
{
    unsigned char *grown = NULL;

    if (wanted <= *capacity) {
        return HST_OK;
    }
    wanted = hst_row_memory_huge(wanted + wanted / 4); /* partitions differ little in size */
    grown = hst_row_memory_take(wanted);
    if (!grown) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a partition of %zu bytes", wanted);
    }
    if (used > 0) {
        memcpy(grown, *buffer, used);
    }
    hst_row_memory_free(*buffer, *capacity);
    *buffer = grown;
    *capacity = wanted;
    return HST_OK;
}

/* The bits are others than those that chose the partition. */
static bool is_in_slice(const hst_episode *episode, size_t slice, size_t n_slices)
{
    return (episode->person[1] >> 8) % n_slices == slice;
}

/* Reads block by block and keeps the people of the slice. */
static hst_status read_slice(hst_partition *partition, hst_block *block, size_t number,
                             size_t slice, size_t n_slices, size_t at, hst_error *err)
{
    hst_status status = HST_OK;

    block->bytes = 0;
    for (size_t b = 0; b < hst_segment_n_blocks(block->segment, number) && !status; b++) {
        size_t bytes = hst_segment_block_bytes(block->segment, number, b);

        status = grow(&partition->scratch, &partition->scratch_capacity, 0, bytes, err);
        if (!status) {
            status = hst_segment_read_block(block->segment, number, b, partition->scratch, err);
        }
        for (size_t from = 0; from < bytes && !status;) {
            const hst_episode *episode =
                (const hst_episode *)(const void *)(partition->scratch + from);
            size_t size = hst_episode_bytes(episode), used = at + block->bytes;

            from += size;
            if (is_in_slice(episode, slice, n_slices)) {
                status = grow(&partition->buffer, &partition->capacity, used, used + size, err);
                if (!status) {
                    memcpy(partition->buffer + used, episode, size);
                    block->bytes += size;
                    block->n_rows++;
                }
            }
        }
    }
    return status;
}

/* A share of the people: how many rows that are is known afterwards. */
static hst_status read_slices(hst_partition *partition, size_t number, size_t slice,
                              size_t n_slices, hst_error *err)
{
    size_t at = 0, n_rows = 0;
    hst_status status = HST_OK;

    for (size_t s = 0; s < partition->n_segments && !status; s++) {
        status = read_slice(partition, &partition->blocks[s], number, slice, n_slices, at, err);
        at += partition->blocks[s].bytes;
        n_rows += partition->blocks[s].n_rows;
    }
    if (!status) {
        status = hst_duplicates_begin(&partition->search, n_rows, err);
    }
    at = 0;
    for (size_t s = 0; s < partition->n_segments && !status; s++) {
        if (n_rows > 0) { /* without any there may be no buffer */
            partition->blocks[s].records = partition->buffer + at;
        }
        hst_duplicates_add(&partition->search, &partition->blocks[s]);
        at += partition->blocks[s].bytes;
    }
    return status;
}

/* All people; records are looked at while they are still in the processor's cache. */
static hst_status read_all(hst_partition *partition, size_t number, hst_error *err)
{
    size_t n_bytes = 0, n_rows = 0, at = 0;
    hst_status status = HST_OK;

    for (size_t s = 0; s < partition->n_segments; s++) {
        n_bytes += hst_segment_partition_bytes(partition->segments[s], number);
        n_rows += (size_t)hst_segment_partition_episodes(partition->segments[s], number);
    }
    status = grow(&partition->buffer, &partition->capacity, 0, n_bytes, err);
    if (!status) {
        status = hst_duplicates_begin(&partition->search, n_rows, err);
    }
    for (size_t s = 0; s < partition->n_segments && !status; s++) {
        hst_block *block = &partition->blocks[s];

        block->bytes = hst_segment_partition_bytes(block->segment, number);
        block->n_rows = (size_t)hst_segment_partition_episodes(block->segment, number);
        if (n_bytes > 0) { /* without any there may be no buffer */
            block->records = partition->buffer + at;
        }
        if (block->bytes > 0) {
            status = hst_segment_read(block->segment, number, block->records, err);
        }
        if (!status) {
            hst_duplicates_add(&partition->search, block);
        }
        at += block->bytes;
    }
    return status;
}

hst_status hst_partition_read(hst_partition *partition, size_t number, size_t slice,
                              size_t n_slices, const hst_block **blocks, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t s = 0; s < partition->n_segments; s++) {
        partition->blocks[s] = (hst_block){.segment = partition->segments[s]};
    }
    status = n_slices > 1 ? read_slices(partition, number, slice, n_slices, err)
                          : read_all(partition, number, err);
    if (!status) {
        hst_duplicates_mark(&partition->search);
    }
    *blocks = partition->blocks;
    return status;
}
