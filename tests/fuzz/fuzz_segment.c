/* Opening and reading a segment of any bytes must give a result or an error, nothing else.
 *
 * Bit 0 of the first byte of the input: the checksums, magic numbers and the key are put right
 * before the rest is opened as a segment, or else no input would come past them. */
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "ingest/store_internal.h"
#include "tests/fuzz/fuzz_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_PARTITIONS = 2 };

/* Checksum of a section when it lies inside, else what is there. */
static uint64_t checksum_inside(const uint8_t *bytes, size_t size, uint64_t at, uint64_t n,
                                uint64_t otherwise)
{
    return at <= size && n <= size - at ? XXH3_64bits(bytes + at, n) : otherwise;
}

static void repair_blocks(uint8_t *bytes, size_t size, uint64_t index_at, uint64_t index_bytes)
{
    size_t at = (size_t)index_at + N_PARTITIONS * sizeof(uint32_t);

    if (index_at > size || index_bytes > size - index_at) {
        return;
    }
    for (; at + sizeof(hst_segment_block) <= index_at + index_bytes;
         at += sizeof(hst_segment_block)) {
        hst_segment_block block;

        memcpy(&block, bytes + at, sizeof block);
        block.checksum = checksum_inside(bytes, size, block.at, block.bytes, block.checksum);
        memcpy(bytes + at, &block, sizeof block);
    }
}

static void repair(uint8_t *bytes, size_t size)
{
    hst_segment_header header = {.version = HST_SEGMENT_VERSION,
                                 .n_partitions = N_PARTITIONS,
                                 .key_check = store->key_check};
    hst_segment_footer footer;
    uint64_t info_at = 0, index_at = 0;

    if (size < sizeof header + sizeof footer) {
        return;
    }
    memcpy(header.magic, HST_SEGMENT_MAGIC, sizeof header.magic);
    header.checksum = XXH3_64bits(&header, offsetof(hst_segment_header, checksum));
    memcpy(bytes, &header, sizeof header);
    memcpy(&footer, bytes + size - sizeof footer, sizeof footer);
    memcpy(footer.magic, HST_SEGMENT_MAGIC, sizeof footer.magic);
    footer.version = HST_SEGMENT_VERSION;
    footer.n_partitions = 2;
    info_at = footer.dictionaries_at + footer.dictionaries_bytes;
    index_at = info_at + footer.info_bytes;
    repair_blocks(bytes, size, index_at, footer.index_bytes);
    footer.dictionaries_checksum =
        checksum_inside(bytes, size, footer.dictionaries_at, footer.dictionaries_bytes, 0);
    footer.info_checksum = checksum_inside(bytes, size, info_at, footer.info_bytes, 0);
    footer.index_checksum = checksum_inside(bytes, size, index_at, footer.index_bytes, 0);
    footer.checksum = XXH3_64bits(&footer, offsetof(hst_segment_footer, checksum));
    memcpy(bytes + size - sizeof footer, &footer, sizeof footer);
}

/* Does with an open segment all that a reader may. */
static void use(const hst_segment *segment)
{
    size_t n_letters = strlen(hst_segment_get_info(segment)->file);

    for (unsigned d = 0; d < HST_N_DICTS; d++) {
        for (size_t i = 0; i < hst_segment_n_codes(segment, d); i++) {
            n_letters += strlen(hst_segment_code(segment, d, i));
        }
    }
    for (size_t p = 0; p < 2; p++) {
        size_t n = hst_segment_partition_bytes(segment, p);
        uint8_t *bytes = malloc(n + 1);
        uint64_t n_episodes = 0;

        if (bytes && hst_segment_read(segment, p, bytes, NULL) == HST_OK &&
            hst_segment_check(segment, p, bytes, NULL) == HST_OK) {
            for (size_t at = 0; at < n; n_episodes++) {
                const hst_episode *episode = (const hst_episode *)(const void *)(bytes + at);

                n_letters +=
                    strlen(hst_segment_code(segment, HST_DICT_PROVIDER, episode->provider));
                at += hst_episode_bytes(episode);
            }
            if (n_episodes != hst_segment_partition_episodes(segment, p)) {
                abort();
            }
        }
        free(bytes);
    }
    if (n_letters == SIZE_MAX) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t zeros[16] = {0};
    hst_segment *segment = NULL;
    uint8_t *bytes = NULL;
    char name[16 + HST_SEGMENT_NAME_BYTES] = "segments/";

    if (size < 1) {
        return 0;
    }
    hst_segment_name(name + strlen(name), zeros, zeros);
    need_store(N_PARTITIONS, name);
    bytes = malloc(size);
    if (!bytes) {
        return 0;
    }
    memcpy(bytes, data + 1, size - 1);
    if (data[0] & 1) {
        repair(bytes, size - 1);
    }
    put_file(bytes, size - 1);
    free(bytes);
    (void)hst_store_has(store, zeros, zeros);
    if (hst_segment_open(&segment, store, zeros, zeros, NULL) == HST_OK) {
        use(segment);
    }
    hst_segment_close(segment);
    return 0;
}
