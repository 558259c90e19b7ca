/* Looking through a segment: what no checksum shows, and all of it. */
#include "hestia/ingest.h"
#include "hestia/row_memory.h"
#include "ingest/store_internal.h"

/* True when all of n numbers are of a dictionary of n_codes codes. The greatest is found without
 * leaving the loop early, which the compiler turns into vector instructions. */
static bool are_in_dictionary(const uint16_t *numbers, size_t n, size_t n_codes)
{
    uint16_t greatest = 0;

    for (size_t i = 0; i < n; i++) {
        greatest = numbers[i] > greatest ? numbers[i] : greatest;
    }
    return greatest < n_codes;
}

static bool numbers_are_known(const hst_segment *segment, const hst_episode *episode)
{
    const uint16_t *words = hst_episode_words(episode);
    size_t n_areas = hst_segment_get_info(segment)->n_area_columns;

    if (episode->provider >= hst_segment_n_codes(segment, HST_DICT_PROVIDER) ||
        episode->mainspef >= hst_segment_n_codes(segment, HST_DICT_SPECIALTY) ||
        episode->tretspef >= hst_segment_n_codes(segment, HST_DICT_SPECIALTY) ||
        episode->gp_practice >= hst_segment_n_codes(segment, HST_DICT_GP_PRACTICE)) {
        return false;
    }
    for (unsigned i = 0; i < n_areas; i++) {
        if (words[i] >= hst_segment_n_codes(segment, HST_DICT_AREA + i)) {
            return false;
        }
    }
    return are_in_dictionary(words + n_areas, episode->n_diagnoses,
                             hst_segment_n_codes(segment, HST_DICT_DIAGNOSIS)) &&
           are_in_dictionary(words + n_areas + episode->n_diagnoses, episode->n_procedures,
                             hst_segment_n_codes(segment, HST_DICT_PROCEDURE));
}

hst_status hst_segment_check(const hst_segment *segment, size_t partition, const void *buffer,
                             hst_error *err)
{
    const uint8_t *bytes = buffer;
    const uint8_t *end = bytes + hst_segment_partition_bytes(segment, partition);
    size_t n_areas = hst_segment_get_info(segment)->n_area_columns;
    uint64_t n_episodes = 0;

    for (; bytes < end; n_episodes++) {
        const hst_episode *episode = (const hst_episode *)(const void *)bytes;
        size_t left = (size_t)(end - bytes);

        if (left < sizeof *episode || hst_episode_bytes(episode) > left ||
            episode->n_words != n_areas + episode->n_diagnoses + episode->n_procedures) {
            return hst_segment_damaged(segment, "a record has another size than its block", err);
        }
        if (!numbers_are_known(segment, episode)) {
            return hst_segment_damaged(segment, "a record names a code that is in no dictionary",
                                       err);
        }
        bytes += hst_episode_bytes(episode);
    }
    if (n_episodes != hst_segment_partition_episodes(segment, partition)) {
        return hst_segment_damaged(segment, "a partition has another number of episodes", err);
    }
    return HST_OK;
}

hst_status hst_segment_verify(const hst_segment *segment, hst_error *err)
{
    size_t n_partitions = hst_segment_n_partitions(segment), n_bytes = 8;
    hst_status status = HST_OK;
    void *buffer = NULL;

    for (size_t i = 0; i < n_partitions; i++) {
        size_t n = hst_segment_partition_bytes(segment, i);

        n_bytes = n > n_bytes ? n : n_bytes;
    }
    buffer = hst_row_memory_take(n_bytes);
    if (!buffer) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a partition of %zu bytes", n_bytes);
    }
    for (size_t i = 0; status == HST_OK && i < n_partitions; i++) {
        status = hst_interrupt_requested() ? hst_fail(err, HST_ERR_INTERRUPTED, "interrupted")
                                           : hst_segment_read(segment, i, buffer, err);
        if (status == HST_OK) {
            status = hst_segment_check(segment, i, buffer, err);
        }
    }
    hst_row_memory_free(buffer, n_bytes);
    return status;
}
