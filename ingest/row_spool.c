/* Rows that were decoded before it is their turn: records one after another, as they stand in a
 * block, and the codes that are new in them. */
#define _DEFAULT_SOURCE /* ftruncate */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/row_memory.h"
#include "ingest/row_spool.h"
#include "ingest/segment_writer.h"

enum {
    SPOOL_BYTES = 6 * 1024 * 1024, /* of a range of 4 MiB that is packed to a quarter: 3 */
    SLACK_BYTES = sizeof(hst_episode) + 2 * HST_PADDED_WORDS, /* read and written past a record */
    PIECE_BYTES = 256 * 1024,                                 /* of the file, read back at a time */
    N_NUMBERS = 65536,
};

struct hst_row_spool {
    hst_store *store;
    uint8_t *memory;
    size_t n_memory; /* bytes of records; those in the file come before them */
    int file;
    uint64_t n_file;
    uint32_t first[HST_N_DICTS], end[HST_N_DICTS]; /* numbers of the new codes */
    hst_dictionary_key *codes;                     /* new ones, dictionary by dictionary */
    hst_row_drain *drain;
    void *context;
};

struct hst_row_numbers {
    uint16_t of[HST_N_DICTS][N_NUMBERS]; /* of no code 0; only pages in use are ever touched */
};

hst_status hst_row_spool_create(hst_row_spool **out, hst_store *store, hst_error *err)
{
    hst_row_spool *spool = calloc(1, sizeof *spool);

    *out = NULL;
    if (!spool || !(spool->memory = hst_row_memory_take(SPOOL_BYTES))) {
        free(spool);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a spool of rows");
    }
    spool->store = store;
    spool->file = -1;
    *out = spool;
    return HST_OK;
}

void hst_row_spool_free(hst_row_spool *spool)
{
    if (!spool) {
        return;
    }
    if (spool->file >= 0) {
        close(spool->file);
    }
    hst_row_memory_free(spool->memory, SPOOL_BYTES);
    free(spool->codes);
    free(spool);
}

hst_row_numbers *hst_row_numbers_create(void)
{
    return calloc(1, sizeof(hst_row_numbers));
}

void hst_row_numbers_free(hst_row_numbers *numbers)
{
    free(numbers);
}

hst_status hst_row_spool_writer_create(hst_segment_writer **out, hst_store *store, hst_error *err)
{
    hst_segment_writer *writer = calloc(1, sizeof *writer);
    bool has_memory = writer && (writer->buffers = calloc(1, sizeof *writer->buffers));

    *out = NULL;
    for (size_t i = 0; has_memory && i < HST_N_DICTS; i++) {
        has_memory = hst_dictionary_init(&writer->dictionaries[i]);
    }
    if (writer) {
        writer->store = store;
        writer->file = -1;
        writer->block_bytes = SPOOL_BYTES - SLACK_BYTES;
        writer->partition_shift = 32; /* all rows are of one partition */
    }
    if (!has_memory) {
        hst_segment_writer_free(writer);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for dictionaries");
    }
    *out = writer;
    return HST_OK;
}

hst_status hst_row_spool_begin(hst_row_spool *spool, hst_segment_writer *writer,
                               hst_row_drain *drain, void *context, hst_error *err)
{
    if (spool->n_file > 0 && ftruncate(spool->file, 0) != 0) {
        return hst_fail_errno(err, "cannot empty a spool in", spool->store->path, "segments");
    }
    spool->n_file = 0;
    spool->n_memory = 0;
    spool->drain = drain;
    spool->context = context;
    for (size_t i = 0; i < HST_N_DICTS; i++) {
        spool->first[i] = spool->end[i] = writer->dictionaries[i].n_codes;
    }
    writer->bytes = spool->memory;
    writer->buffers[0] = (hst_partition_buffer){0};
    writer->spool = spool;
    return HST_OK;
}

/* A file of the store that goes with its descriptor; the name is one that the next writer would
 * remove. */
static hst_status open_file(hst_row_spool *spool, hst_error *err)
{
    hst_store *store = spool->store;
    char name[32];

    snprintf(name, sizeof name, "%s/%u.part", HST_STORE_SEGMENTS,
             atomic_fetch_add(&store->n_written, 1));
    spool->file = openat(store->directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (spool->file < 0) {
        return hst_fail_errno(err, "cannot make", store->path, name);
    }
    return unlinkat(store->directory, name, 0) == 0
               ? HST_OK
               : hst_fail_errno(err, "cannot remove", store->path, name);
}

hst_status hst_row_spool_flush(hst_segment_writer *writer, hst_error *err)
{
    hst_row_spool *spool = writer->spool;
    size_t n = writer->buffers[0].n_bytes;
    bool has_drained = false;
    hst_status status = spool->drain ? spool->drain(spool->context, &has_drained, err) : HST_OK;

    if (status != HST_OK || has_drained) {
        return status;
    }
    if (spool->file < 0) {
        status = open_file(spool, err);
    }
    if (status == HST_OK && !hst_write_all(spool->file, spool->memory, n, spool->n_file)) {
        status = hst_fail_errno(err, "cannot write a spool in", spool->store->path, "segments");
    }
    spool->n_file += n;
    writer->buffers[0] = (hst_partition_buffer){0};
    return status;
}

hst_status hst_row_spool_end(hst_row_spool *spool, hst_segment_writer *writer, bool *has_room,
                             hst_error *err)
{
    size_t n_codes = 0, n = 0;

    *has_room = true;
    spool->n_memory = writer->buffers[0].n_bytes;
    writer->bytes = NULL; /* the spool's */
    writer->spool = NULL;
    for (size_t i = 0; i < HST_N_DICTS; i++) {
        const hst_dictionary *dictionary = &writer->dictionaries[i];

        if (dictionary->lacks_memory) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the codes of a range");
        }
        spool->end[i] = dictionary->n_codes;
        n_codes += spool->end[i] - spool->first[i];
        *has_room = *has_room && dictionary->n_codes < HST_DICT_FULL;
    }
    free(spool->codes);
    spool->codes = calloc(n_codes + 1, sizeof *spool->codes);
    if (!spool->codes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the codes of a range");
    }
    for (size_t i = 0; i < HST_N_DICTS; i++) {
        size_t n_new = spool->end[i] - spool->first[i];

        memcpy(spool->codes + n, writer->dictionaries[i].codes + spool->first[i],
               n_new * sizeof *spool->codes);
        n += n_new;
    }
    return HST_OK;
}

/* Numbers the new codes as the segment does; false when it has no room for them. */
static bool number_codes(const hst_row_spool *spool, hst_row_numbers *numbers,
                         hst_segment_writer *segment)
{
    const hst_dictionary_key *code = spool->codes;
    bool has_room = true;

    for (size_t i = 0; i < HST_N_DICTS; i++) {
        for (uint32_t number = spool->first[i]; number < spool->end[i]; number++) {
            uint16_t known = hst_dictionary_number(&segment->dictionaries[i], *code++);

            numbers->of[i][number] = known;
            has_room = has_room && known != HST_DICT_FULL;
        }
    }
    return has_room;
}

static void number_words(uint16_t *words, size_t n, const uint16_t *numbers)
{
    for (size_t i = 0; i < n; i++) {
        words[i] = numbers[words[i]];
    }
}

/* Gives the codes of a record their numbers in the segment, in place, and adds it. */
static hst_status replay_record(hst_episode *episode, const hst_row_numbers *numbers,
                                hst_segment_writer *segment, size_t n_areas, hst_error *err)
{
    uint16_t *words = (uint16_t *)(void *)(episode + 1);
    uint16_t *diagnoses = words + n_areas, *procedures = diagnoses + episode->n_diagnoses;

    episode->provider = numbers->of[HST_DICT_PROVIDER][episode->provider];
    episode->mainspef = numbers->of[HST_DICT_SPECIALTY][episode->mainspef];
    episode->tretspef = numbers->of[HST_DICT_SPECIALTY][episode->tretspef];
    episode->gp_practice = numbers->of[HST_DICT_GP_PRACTICE][episode->gp_practice];
    for (size_t i = 0; i < n_areas; i++) {
        words[i] = numbers->of[HST_DICT_AREA + i][words[i]];
    }
    number_words(diagnoses, episode->n_diagnoses, numbers->of[HST_DICT_DIAGNOSIS]);
    number_words(procedures, episode->n_procedures, numbers->of[HST_DICT_PROCEDURE]);
    return hst_segment_writer_add_padded(segment, episode, words, err);
}

/* Whole records of `n` bytes; `*n_used` of them were whole. */
static hst_status replay_bytes(uint8_t *bytes, size_t n, size_t *n_used,
                               const hst_row_numbers *numbers, hst_segment_writer *segment,
                               size_t n_areas, hst_error *err)
{
    hst_status status = HST_OK;

    *n_used = 0;
    while (status == HST_OK && n - *n_used >= sizeof(hst_episode)) {
        hst_episode *episode = (hst_episode *)(void *)(bytes + *n_used);
        size_t n_record = hst_episode_bytes(episode);

        if (n_record > n - *n_used) {
            break;
        }
        status = replay_record(episode, numbers, segment, n_areas, err);
        *n_used += n_record;
    }
    return status;
}

static hst_status replay_file(const hst_row_spool *spool, const hst_row_numbers *numbers,
                              hst_segment_writer *segment, size_t n_areas, hst_error *err)
{
    uint8_t *piece = hst_row_memory_take(PIECE_BYTES + SLACK_BYTES);
    uint64_t at = 0;
    hst_status status = HST_OK;

    if (!piece) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to read a spool of rows");
    }
    while (status == HST_OK && at < spool->n_file) {
        size_t n =
            spool->n_file - at < PIECE_BYTES ? (size_t)(spool->n_file - at) : (size_t)PIECE_BYTES;
        size_t n_used = 0;

        if (!hst_read_all(spool->file, piece, n, at)) {
            status = hst_fail_errno(err, "cannot read a spool in", spool->store->path, "segments");
            break;
        }
        status = replay_bytes(piece, n, &n_used, numbers, segment, n_areas, err);
        at += n_used;
    }
    hst_row_memory_free(piece, PIECE_BYTES + SLACK_BYTES);
    return status;
}

hst_status hst_row_spool_replay(hst_row_spool *spool, hst_row_numbers *numbers,
                                hst_segment_writer *segment, size_t n_areas, bool *has_room,
                                hst_error *err)
{
    size_t n_used = 0;
    hst_status status = HST_OK;

    *has_room = number_codes(spool, numbers, segment);
    if (*has_room && spool->n_file > 0) {
        status = replay_file(spool, numbers, segment, n_areas, err);
    }
    if (*has_room && status == HST_OK) {
        status =
            replay_bytes(spool->memory, spool->n_memory, &n_used, numbers, segment, n_areas, err);
    }
    return status;
}
