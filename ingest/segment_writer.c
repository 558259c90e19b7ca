/* Writing a segment: records go into a buffer of their partition, a full buffer becomes a block at
 * the end of the file, and what describes the blocks follows at the end. The file has a temporary
 * name until all of it is on the disk. */
#define _GNU_SOURCE /* sync_file_range */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "hestia/row_memory.h"
#include "ingest/hash.h"
#include "ingest/segment_writer.h"

enum {
    DEFAULT_BUFFER_BYTES = 8 * 1024 * 1024,
    MIN_BLOCK_BYTES = 1024, /* more than the longest record */
    MAX_BLOCK_BYTES = 1024 * 1024,
    SPACE_PADDED = sizeof(hst_episode) + 2 * HST_PADDED_WORDS + 8,
    /* Written at a time, from a multiple of it on: blocks are of any length, and a page of the file
     * that is written in two pieces costs the system twice, 0.27 s of 424 MB and not 0.13 s. */
    STAGED_BYTES = 128 * 1024,
    WRITE_BACK_BYTES = 8 * 1024 * 1024 /* handed to the disk at a time */
};

static_assert(sizeof(hst_episode) + 2 * UINT8_MAX + 8 <= MIN_BLOCK_BYTES, "a record fits a block");

hst_status hst_segment_writer_create(hst_segment_writer **out, hst_store *store,
                                     size_t buffer_bytes, hst_error *err)
{
    hst_status status = HST_OK;
    hst_segment_writer *writer = NULL;
    size_t block_bytes = (buffer_bytes ? buffer_bytes : DEFAULT_BUFFER_BYTES) / store->n_partitions;

    *out = NULL;
    if (!store->may_write) {
        return hst_fail(err, HST_ERR_ARGUMENT, "the store was not opened for writing");
    }
    writer = calloc(1, sizeof *writer);
    if (!writer) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a segment writer");
    }
    block_bytes = block_bytes < MIN_BLOCK_BYTES   ? MIN_BLOCK_BYTES
                  : block_bytes > MAX_BLOCK_BYTES ? MAX_BLOCK_BYTES
                                                  : block_bytes & ~(size_t)7;
    writer->store = store;
    writer->file = -1;
    writer->block_bytes = block_bytes;
    writer->partition_shift = 32 - store->partition_bits;
    writer->at = writer->written_at = sizeof(hst_segment_header);
    /* rows go to partitions at random: on small pages each would miss the address cache */
    writer->n_bytes = hst_row_memory_huge(store->n_partitions * block_bytes);
    writer->bytes = hst_row_memory_take(writer->n_bytes);
    writer->staged = hst_row_memory_take(STAGED_BYTES);
    writer->buffers = calloc(store->n_partitions, sizeof *writer->buffers);
    if (!writer->bytes || !writer->staged || !writer->buffers) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu KiB of partition buffers",
                          store->n_partitions * block_bytes / 1024);
        goto done;
    }
    for (size_t i = 0; i < HST_N_DICTS; i++) {
        if (!hst_dictionary_init(&writer->dictionaries[i])) {
            status = hst_fail(err, HST_ERR_MEMORY, "no memory for dictionaries");
            goto done;
        }
    }
    snprintf(writer->part, sizeof writer->part, "segments/%u.part",
             atomic_fetch_add(&store->n_written, 1));
    writer->file = openat(store->directory, writer->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                          store->file_mode);
    if (writer->file < 0) {
        status = hst_fail_errno(err, "cannot make", store->path, writer->part);
        goto done;
    }
    writer->has_part = true;
    if (fchmod(writer->file, store->file_mode) != 0) {
        status = hst_fail_errno(err, "cannot set the mode", store->path, writer->part);
        goto done;
    }
    *out = writer;
    writer = NULL; /* now the caller's */

done:
    hst_segment_writer_free(writer);
    return status;
}

void hst_segment_writer_free(hst_segment_writer *writer)
{
    if (!writer) {
        return;
    }
    if (writer->file >= 0) {
        close(writer->file);
    }
    if (writer->has_part) {
        unlinkat(writer->store->directory, writer->part, 0);
    }
    for (size_t i = 0; i < HST_N_DICTS; i++) {
        hst_dictionary_clear(&writer->dictionaries[i]);
    }
    if (!writer->spool) { /* else it has what it is lent */
        hst_row_memory_free(writer->bytes, writer->n_bytes);
    }
    hst_row_memory_free(writer->staged, STAGED_BYTES);
    free(writer->buffers);
    free(writer->blocks);
    free(writer);
}

uint16_t hst_segment_writer_code_padded(hst_segment_writer *writer, unsigned dictionary,
                                        const char *code, size_t length)
{
    assert(dictionary < HST_N_DICTS);
    if (length >= HST_CODE_BYTES) {
        return HST_DICT_FULL;
    }
    return hst_dictionary_number(&writer->dictionaries[dictionary],
                                 hst_dictionary_key_padded(code, length));
}

uint16_t hst_segment_writer_code(hst_segment_writer *writer, unsigned dictionary, const char *code,
                                 size_t length)
{
    assert(dictionary < HST_N_DICTS);
    if (length >= HST_CODE_BYTES) {
        return HST_DICT_FULL;
    }
    return hst_dictionary_number(&writer->dictionaries[dictionary],
                                 hst_dictionary_key_exact(code, length));
}

/* Writes what is staged. */
static hst_status write_staged(hst_segment_writer *writer, hst_error *err)
{
    if (!hst_write_all(writer->file, writer->staged + writer->written_at % STAGED_BYTES,
                       (size_t)(writer->at - writer->written_at), writer->written_at)) {
        writer->has_failed = true;
        return hst_fail_errno(err, "cannot write", writer->store->path, writer->part);
    }
    writer->written_at = writer->at;
    if (writer->at - writer->handed_at >= WRITE_BACK_BYTES) {
        /* Starts writing back and does not wait: 400 MB take 0.02 s to sync at the end, not 0.26 s.
         * What fails here fails again in fsync, where it counts. */
        (void)sync_file_range(writer->file, (off_t)writer->handed_at,
                              (off_t)(writer->at - writer->handed_at), SYNC_FILE_RANGE_WRITE);
        writer->handed_at = writer->at;
    }
    return HST_OK;
}

/* Appends bytes to the file. */
static hst_status append(hst_segment_writer *writer, const void *bytes, size_t n, hst_error *err)
{
    const uint8_t *from = bytes;
    hst_status status = HST_OK;

    while (n > 0 && status == HST_OK) {
        size_t start = (size_t)(writer->at % STAGED_BYTES);
        size_t n_now = n < STAGED_BYTES - start ? n : STAGED_BYTES - start;

        memcpy(writer->staged + start, from, n_now);
        from += n_now;
        n -= n_now;
        writer->at += n_now;
        if (start + n_now == STAGED_BYTES) {
            status = write_staged(writer, err);
        }
    }
    return status;
}

/* Appends a block of records of one partition. */
static hst_status append_block(hst_segment_writer *writer, size_t partition, const uint8_t *bytes,
                               uint32_t n_bytes, uint32_t n_episodes, hst_error *err)
{
    if (writer->n_blocks == writer->blocks_capacity) {
        size_t capacity = writer->blocks_capacity ? 2 * writer->blocks_capacity : 1024;
        hst_written_block *grown = realloc(writer->blocks, capacity * sizeof *grown);

        if (!grown) {
            writer->has_failed = true;
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the index of %zu blocks", capacity);
        }
        writer->blocks = grown;
        writer->blocks_capacity = capacity;
    }
    writer->blocks[writer->n_blocks++] =
        (hst_written_block){.block = {.at = writer->at,
                                      .checksum = hst_hash_block(bytes, n_bytes),
                                      .bytes = n_bytes,
                                      .n_episodes = n_episodes},
                            .partition = (uint32_t)partition};
    return append(writer, bytes, n_bytes, err);
}

/* Makes a block of what a partition's buffer holds. */
static __attribute__((noinline)) hst_status flush(hst_segment_writer *writer, size_t partition,
                                                  hst_error *err)
{
    hst_partition_buffer *buffer = &writer->buffers[partition];
    hst_status status = HST_OK;

    if (writer->spool) {
        return hst_row_spool_flush(writer, err);
    }
    status = append_block(writer, partition, writer->bytes + partition * writer->block_bytes,
                          buffer->n_bytes, buffer->n_episodes, err);
    *buffer = (hst_partition_buffer){0};
    return status;
}

static inline hst_status add_record(hst_segment_writer *writer, const hst_episode *episode,
                                    const uint16_t *words, bool is_padded, hst_error *err)
{
    size_t partition = (size_t)((episode->person[0] >> 32) >> writer->partition_shift);
    size_t n = hst_episode_bytes(episode), n_words = episode->n_words;
    hst_partition_buffer *buffer = &writer->buffers[partition];
    const uint64_t padding = 0;
    uint8_t *to = NULL;

    if (buffer->n_bytes + n > writer->block_bytes) {
        hst_status status = flush(writer, partition, err);

        if (status != HST_OK) {
            return status;
        }
    }
    to = writer->bytes + partition * writer->block_bytes + buffer->n_bytes;
    if (is_padded && n_words <= HST_PADDED_WORDS &&
        buffer->n_bytes + SPACE_PADDED <= writer->block_bytes) {
        memcpy(to, episode, sizeof *episode);
        memcpy(to + sizeof *episode, words, HST_PADDED_WORDS * sizeof *words); /* no call */
        memcpy(to + sizeof *episode + n_words * sizeof *words, &padding, sizeof padding);
    } else {
        memset(to + n - 8, 0, 8); /* the padding is part of the file and of its checksum */
        memcpy(to, episode, sizeof *episode);
        memcpy(to + sizeof *episode, words, n_words * sizeof *words);
    }
    /* The next record of this partition comes some 256 records later, when its place is long out of
     * the first caches: waiting for it was 60 % of the time spent here. */
    __builtin_prefetch(to + n + 64, 1);
    __builtin_prefetch(to + n + 128, 1);
    buffer->n_bytes += (uint32_t)n;
    buffer->n_episodes++;
    return HST_OK;
}

hst_status hst_segment_writer_add(hst_segment_writer *writer, const hst_episode *episode,
                                  const uint16_t *words, hst_error *err)
{
    return add_record(writer, episode, words, false, err);
}

hst_status hst_segment_writer_add_padded(hst_segment_writer *writer, const hst_episode *episode,
                                         const uint16_t *words, hst_error *err)
{
    return add_record(writer, episode, words, true, err);
}

/* Appends bytes that belong to a section with a checksum of its own. */
static hst_status append_hashed(hst_segment_writer *writer, XXH3_state_t *hash, const void *bytes,
                                size_t n, hst_error *err)
{
    XXH3_64bits_update(hash, bytes, n);
    return append(writer, bytes, n, err);
}

static hst_status write_dictionaries(hst_segment_writer *writer, XXH3_state_t *hash, hst_error *err)
{
    uint32_t n_codes[HST_N_DICTS];
    hst_status status = HST_OK;

    for (size_t i = 0; i < HST_N_DICTS; i++) {
        n_codes[i] = writer->dictionaries[i].n_codes;
    }
    status = append_hashed(writer, hash, n_codes, sizeof n_codes, err);
    for (size_t i = 0; i < HST_N_DICTS && status == HST_OK; i++) {
        status = append_hashed(writer, hash, writer->dictionaries[i].codes,
                               n_codes[i] * sizeof(hst_dictionary_key), err);
    }
    return status;
}

static hst_status write_info(hst_segment_writer *writer, XXH3_state_t *hash,
                             const hst_segment_info *info, hst_error *err)
{
    hst_status status = HST_OK;
    size_t n = hst_segment_info_pack(info, NULL);
    uint8_t *bytes = malloc(n);

    if (!bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu bytes of segment info", n);
    }
    hst_segment_info_pack(info, bytes);
    status = append_hashed(writer, hash, bytes, n, err);
    free(bytes);
    return status;
}

/* Blocks by partition, in the order written. */
static hst_status write_index(hst_segment_writer *writer, XXH3_state_t *hash, hst_error *err)
{
    hst_status status = HST_OK;
    size_t n_partitions = writer->store->n_partitions;
    uint32_t *counts = calloc(n_partitions, sizeof *counts);
    size_t *next = calloc(n_partitions, sizeof *next);
    hst_segment_block *sorted = calloc(writer->n_blocks + 1, sizeof *sorted);

    if (!counts || !next || !sorted) {
        status =
            hst_fail(err, HST_ERR_MEMORY, "no memory for an index of %zu blocks", writer->n_blocks);
        goto done;
    }
    for (size_t i = 0; i < writer->n_blocks; i++) {
        counts[writer->blocks[i].partition]++;
    }
    for (size_t i = 1; i < n_partitions; i++) {
        next[i] = next[i - 1] + counts[i - 1];
    }
    for (size_t i = 0; i < writer->n_blocks; i++) {
        sorted[next[writer->blocks[i].partition]++] = writer->blocks[i].block;
    }
    status = append_hashed(writer, hash, counts, n_partitions * sizeof *counts, err);
    if (status == HST_OK) {
        status = append_hashed(writer, hash, sorted, writer->n_blocks * sizeof *sorted, err);
    }

done:
    free(counts);
    free(next);
    free(sorted);
    return status;
}

/* Writes all that stands after the blocks, and the header, which until now is a hole. */
static hst_status write_frame(hst_segment_writer *writer, const hst_segment_info *info,
                              hst_error *err)
{
    hst_status status = HST_OK;
    uint32_t n_partitions = (uint32_t)writer->store->n_partitions;
    hst_segment_header header = {.version = HST_SEGMENT_VERSION,
                                 .n_partitions = n_partitions,
                                 .key_check = writer->store->key_check};
    hst_segment_footer footer = {
        .version = HST_SEGMENT_VERSION, .n_partitions = n_partitions, .n_blocks = writer->n_blocks};
    XXH3_state_t *hash = XXH3_createState();

    if (!hash) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a checksum");
    }
    memcpy(header.magic, HST_SEGMENT_MAGIC, sizeof header.magic);
    memcpy(footer.magic, HST_SEGMENT_MAGIC, sizeof footer.magic);
    footer.dictionaries_at = writer->at;
    XXH3_64bits_reset(hash);
    status = write_dictionaries(writer, hash, err);
    footer.dictionaries_bytes = writer->at - footer.dictionaries_at;
    footer.dictionaries_checksum = XXH3_64bits_digest(hash);
    if (status == HST_OK) {
        uint64_t start = writer->at;

        XXH3_64bits_reset(hash);
        status = write_info(writer, hash, info, err);
        footer.info_bytes = writer->at - start;
        footer.info_checksum = XXH3_64bits_digest(hash);
    }
    if (status == HST_OK) {
        uint64_t start = writer->at;

        XXH3_64bits_reset(hash);
        status = write_index(writer, hash, err);
        footer.index_bytes = writer->at - start;
        footer.index_checksum = XXH3_64bits_digest(hash);
    }
    if (status == HST_OK) {
        footer.checksum = XXH3_64bits(&footer, offsetof(hst_segment_footer, checksum));
        status = append(writer, &footer, sizeof footer, err);
    }
    if (status == HST_OK) {
        status = write_staged(writer, err);
    }
    header.checksum = XXH3_64bits(&header, offsetof(hst_segment_header, checksum));
    if (status == HST_OK && !hst_write_all(writer->file, &header, sizeof header, 0)) {
        status = hst_fail_errno(err, "cannot write", writer->store->path, writer->part);
    }
    XXH3_freeState(hash);
    return status;
}

/* Writes what is still in memory: the file is whole then. */
static hst_status complete(hst_segment_writer *writer, const hst_segment_info *info, hst_error *err)
{
    hst_status status = HST_OK;

    if (writer->has_failed || !writer->has_part) {
        return hst_fail(err, HST_ERR_ARGUMENT,
                        "a segment that failed or is done cannot be committed");
    }
    for (size_t i = 0; i < HST_N_DICTS; i++) {
        if (writer->dictionaries[i].lacks_memory) { /* rows were set aside for no fault of theirs */
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the codes of a segment");
        }
    }
    for (size_t i = 0; i < writer->store->n_partitions && status == HST_OK; i++) {
        if (writer->buffers[i].n_bytes > 0) {
            status = flush(writer, i, err);
        }
    }
    return status == HST_OK ? write_frame(writer, info, err) : status;
}

hst_status hst_segment_writer_commit(hst_segment_writer *writer, const hst_segment_info *info,
                                     hst_error *err)
{
    hst_store *store = writer->store;
    char name[HST_SEGMENT_NAME_BYTES];
    int closed = 0;
    hst_status status = complete(writer, info, err);

    if (status == HST_OK) {
        status = hst_store_refuse_newer(store, info->digest, info->layout_key, err);
    }
    if (status != HST_OK) {
        return status;
    }
    if (fsync(writer->file) != 0) {
        return hst_fail_errno(err, "cannot write", store->path, writer->part);
    }
    closed = close(writer->file);
    writer->file = -1;
    hst_segment_name(name, info->digest, info->layout_key);
    if (closed != 0 || renameat(store->directory, writer->part, store->segments, name) != 0) {
        return hst_fail_errno(err, "cannot put in place", store->path, name);
    }
    writer->has_part = false;
    if (fsync(store->segments) != 0) {
        return hst_fail_errno(err, "cannot put in place", store->path, name);
    }
    return HST_OK;
}

hst_status hst_segment_writer_slice(hst_segment_writer *writer, const hst_segment *segment,
                                    size_t first, size_t step, int *file, uint64_t *n_bytes,
                                    hst_error *err)
{
    hst_status status = HST_OK;
    size_t capacity = 0;
    uint8_t *bytes = NULL;

    for (unsigned d = 0; d < HST_N_DICTS; d++) {
        for (size_t i = 1; i < hst_segment_n_codes(segment, d); i++) {
            const char *code = hst_segment_code(segment, d, i);

            if (hst_segment_writer_code(writer, d, code, strlen(code)) != i) {
                return hst_fail(err, HST_ERR_MEMORY, "no memory for the codes of a slice");
            }
        }
    }
    for (size_t p = first; p < writer->store->n_partitions && status == HST_OK; p += step) {
        for (size_t b = 0; b < hst_segment_n_blocks(segment, p) && status == HST_OK; b++) {
            size_t n = hst_segment_block_bytes(segment, p, b);

            if (n > capacity) {
                hst_row_memory_free(bytes, capacity);
                bytes = hst_row_memory_take(n);
                capacity = bytes ? n : 0;
            }
            status = bytes ? hst_segment_read_block(segment, p, b, bytes, err)
                           : hst_fail(err, HST_ERR_MEMORY, "no memory for a block of %zu bytes", n);
            if (status == HST_OK) {
                status = append_block(writer, p, bytes, (uint32_t)n,
                                      hst_segment_block_episodes(segment, p, b), err);
            }
        }
    }
    hst_row_memory_free(bytes, capacity);
    if (status == HST_OK) {
        status = complete(writer, hst_segment_get_info(segment), err);
    }
    *file = writer->file;
    *n_bytes = writer->at;
    return status;
}
