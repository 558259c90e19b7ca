/* Reading a segment. Nothing in the file is believed before its checksum and its bounds are
 * checked: a damaged file gives an error, whatever its bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "ingest/hash.h"
#include "ingest/store_internal.h"

struct hst_segment {
    char *path; /* for messages */
    int file;
    bool is_open; /* all but its blocks is checked */
    uint64_t file_bytes;
    uint64_t checksum; /* of what a segment and its slices have in common */
    hst_segment_info info;
    size_t n_partitions;
    size_t *first_block; /* [n_partitions + 1] index in blocks */
    hst_segment_block *blocks;
    hst_dictionary_key *codes; /* of all dictionaries, one after another */
    size_t first_code[HST_N_DICTS], n_codes[HST_N_DICTS];
};

void hst_segment_name(char name[HST_SEGMENT_NAME_BYTES], const uint8_t digest[16],
                      const uint8_t layout_key[16])
{
    size_t at = 0;

    for (size_t i = 0; i < 32; i++) {
        at += (size_t)snprintf(name + at, 4, "%02x%s", i < 16 ? digest[i] : layout_key[i - 16],
                               i == 15 ? "-" : "");
    }
    memcpy(name + at, ".seg", sizeof ".seg");
}

/* Fails with what is wrong with the file, the input that it was made from, and what to do. Where
 * only reading finds the damage, the next run may not see it: then the file has to go. */
static hst_status unusable(const hst_segment *segment, const char *what, hst_error *err)
{
    return hst_fail(err, HST_ERR_DAMAGED, "%s %s; %srun again: it is made anew from %s",
                    segment->path, what, segment->is_open ? "remove this file and " : "",
                    *segment->info.file ? segment->info.file : "its input");
}

hst_status hst_segment_damaged(const hst_segment *segment, const char *what, hst_error *err)
{
    char text[128];

    snprintf(text, sizeof text, "is damaged (%s)", what);
    return unusable(segment, text, err);
}

/* Reads bytes that the file must have. */
static hst_status read_bytes(const hst_segment *segment, void *bytes, size_t n, uint64_t at,
                             hst_error *err)
{
    if (hst_read_all(segment->file, bytes, n, at)) {
        return HST_OK;
    }
    return errno == 0 ? hst_segment_damaged(segment, "it ends too early", err)
                      : hst_fail_errno(err, "cannot read", segment->path, "");
}

/* Checks both ends of the file, and that its parts fill it. */
static hst_status read_frame(hst_segment *segment, const hst_store *store,
                             hst_segment_footer *footer, hst_error *err)
{
    hst_segment_header header;
    hst_status status = HST_OK;
    struct stat facts;
    uint64_t left = 0;

    if (fstat(segment->file, &facts) != 0) {
        return hst_fail_errno(err, "cannot read", segment->path, "");
    }
    if (!S_ISREG(facts.st_mode) || (uint64_t)facts.st_size < sizeof header + sizeof *footer) {
        return hst_segment_damaged(segment, "it is too short", err);
    }
    segment->file_bytes = (uint64_t)facts.st_size;
    left = segment->file_bytes - sizeof *footer;
    status = read_bytes(segment, &header, sizeof header, 0, err);
    if (status == HST_OK) {
        status = read_bytes(segment, footer, sizeof *footer, left, err);
    }
    if (status != HST_OK) {
        return status;
    }
    if (memcmp(header.magic, HST_SEGMENT_MAGIC, sizeof header.magic) != 0) {
        return hst_segment_damaged(segment, "it does not begin as a segment", err);
    }
    if (header.checksum != XXH3_64bits(&header, offsetof(hst_segment_header, checksum))) {
        return hst_segment_damaged(segment, "the checksum of its header differs", err);
    }
    if (header.version > HST_SEGMENT_VERSION) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s is of version %u, made by a newer hestia; this one knows version %d: "
                        "use that one, or another --store",
                        segment->path, header.version, HST_SEGMENT_VERSION);
    }
    if (header.version < HST_SEGMENT_VERSION) {
        char text[96];

        snprintf(text, sizeof text, "is of version %u, made by an older hestia", header.version);
        return unusable(segment, text, err);
    }
    if (header.n_partitions != store->n_partitions) {
        char text[96];

        snprintf(text, sizeof text, "was made for %u partitions, the store has %zu",
                 header.n_partitions, store->n_partitions);
        return unusable(segment, text, err);
    }
    if (header.key_check != store->key_check) {
        return unusable(segment, "was made with the key of another store", err);
    }
    if (memcmp(footer->magic, HST_SEGMENT_MAGIC, sizeof footer->magic) != 0) {
        return hst_segment_damaged(segment, "it does not end as a segment", err);
    }
    if (footer->checksum != XXH3_64bits(footer, offsetof(hst_segment_footer, checksum)) ||
        footer->version != header.version || footer->n_partitions != header.n_partitions) {
        return hst_segment_damaged(segment, "the checksum of its footer differs", err);
    }
    if (footer->dictionaries_at < sizeof header || footer->dictionaries_at > left ||
        footer->dictionaries_bytes > left - footer->dictionaries_at) {
        return hst_segment_damaged(segment, "its dictionaries are out of place", err);
    }
    left -= footer->dictionaries_at + footer->dictionaries_bytes;
    if (footer->info_bytes > left || footer->index_bytes != left - footer->info_bytes) {
        return hst_segment_damaged(segment, "its index is out of place", err);
    }
    return HST_OK;
}

/* Reads a section into memory of its own and checks it. `*out` is the caller's. */
static hst_status read_section(const hst_segment *segment, void **out, uint64_t at, uint64_t n,
                               uint64_t checksum, const char *what, hst_error *err)
{
    hst_status status = HST_OK;
    void *bytes = malloc(n + 1);

    *out = NULL;
    if (!bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the %s of %s", what, segment->path);
    }
    status = read_bytes(segment, bytes, n, at, err);
    if (status == HST_OK && XXH3_64bits(bytes, n) != checksum) {
        char reason[64];

        snprintf(reason, sizeof reason, "the checksum of its %s differs", what);
        status = hst_segment_damaged(segment, reason, err);
    }
    if (status == HST_OK) {
        *out = bytes;
        bytes = NULL;
    }
    free(bytes);
    return status;
}

static hst_status read_dictionaries(hst_segment *segment, const hst_segment_footer *footer,
                                    hst_error *err)
{
    hst_status status = HST_OK;
    uint32_t n_codes[HST_N_DICTS];
    size_t total = 0;
    void *bytes = NULL;

    if (footer->dictionaries_bytes < sizeof n_codes ||
        footer->dictionaries_bytes >
            sizeof n_codes + (uint64_t)HST_N_DICTS * HST_DICT_FULL * HST_CODE_BYTES) {
        return hst_segment_damaged(segment, "its dictionaries have another size", err);
    }
    status = read_section(segment, &bytes, footer->dictionaries_at, footer->dictionaries_bytes,
                          footer->dictionaries_checksum, "dictionaries", err);
    if (status != HST_OK) {
        return status;
    }
    memcpy(n_codes, bytes, sizeof n_codes);
    for (size_t i = 0; i < HST_N_DICTS; i++) {
        segment->first_code[i] = total;
        segment->n_codes[i] = n_codes[i];
        total += n_codes[i];
        if (n_codes[i] < 1 || n_codes[i] > HST_DICT_FULL) {
            status = hst_segment_damaged(segment, "a dictionary has another size", err);
            goto done;
        }
    }
    if (footer->dictionaries_bytes != sizeof n_codes + total * sizeof *segment->codes) {
        status = hst_segment_damaged(segment, "its dictionaries have another size", err);
        goto done;
    }
    segment->codes = malloc(total * sizeof *segment->codes);
    if (!segment->codes) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the codes of %s", segment->path);
        goto done;
    }
    memcpy(segment->codes, (const char *)bytes + sizeof n_codes, total * sizeof *segment->codes);
    for (size_t i = 0; i < total; i++) {
        /* the last byte is the end of the text, and texts are handed out */
        if (segment->codes[i].words[1] >> 56 != 0) {
            status = hst_segment_damaged(segment, "a code has no end", err);
            goto done;
        }
    }

done:
    free(bytes);
    return status;
}

static hst_status read_info(hst_segment *segment, const hst_segment_footer *footer, uint64_t at,
                            hst_error *err)
{
    hst_status status = HST_OK;
    void *bytes = NULL;

    if (footer->info_bytes != hst_segment_info_pack(&segment->info, NULL)) {
        return hst_segment_damaged(segment, "its description has another size", err);
    }
    status = read_section(segment, &bytes, at, footer->info_bytes, footer->info_checksum,
                          "description", err);
    if (status == HST_OK &&
        !hst_segment_info_unpack(&segment->info, bytes, (size_t)footer->info_bytes)) {
        status = hst_segment_damaged(segment, "its description makes no sense", err);
    }
    free(bytes);
    return status;
}

static bool block_is_in_place(const hst_segment_block *block, uint64_t end)
{
    return block->at >= sizeof(hst_segment_header) && block->at <= end &&
           block->bytes <= end - block->at && block->at % 8 == 0 && block->bytes % 8 == 0 &&
           block->n_episodes >= 1 && block->n_episodes <= block->bytes / sizeof(hst_episode);
}

static hst_status read_index(hst_segment *segment, const hst_segment_footer *footer, uint64_t at,
                             hst_error *err)
{
    hst_status status = HST_OK;
    uint64_t data_bytes = footer->dictionaries_at - sizeof(hst_segment_header), sum = 0;
    size_t counts_bytes = segment->n_partitions * sizeof(uint32_t);
    size_t n_blocks = 0;
    void *bytes = NULL;

    /* no block is shorter than an episode, so the products below cannot overflow */
    if (footer->n_blocks > data_bytes / sizeof(hst_episode) ||
        footer->index_bytes != counts_bytes + footer->n_blocks * sizeof *segment->blocks) {
        return hst_segment_damaged(segment, "its index has another size", err);
    }
    status = read_section(segment, &bytes, at, footer->index_bytes, footer->index_checksum, "index",
                          err);
    if (status != HST_OK) {
        return status;
    }
    n_blocks = (size_t)footer->n_blocks;
    segment->first_block = calloc(segment->n_partitions + 1, sizeof *segment->first_block);
    segment->blocks = calloc(n_blocks + 1, sizeof *segment->blocks);
    if (!segment->first_block || !segment->blocks) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the index of %s", segment->path);
        goto done;
    }
    for (size_t i = 0; i < segment->n_partitions; i++) {
        segment->first_block[i + 1] = segment->first_block[i] + ((const uint32_t *)bytes)[i];
    }
    memcpy(segment->blocks, (const char *)bytes + counts_bytes, n_blocks * sizeof *segment->blocks);
    for (size_t i = 0; i < n_blocks; i++) {
        sum += segment->blocks[i].bytes;
        if (!block_is_in_place(&segment->blocks[i], footer->dictionaries_at)) {
            status = hst_segment_damaged(segment, "a block is out of place", err);
            goto done;
        }
    }
    /* the sum bounds what a partition can ask of memory by the size of the file */
    if (segment->first_block[segment->n_partitions] != n_blocks || sum != data_bytes) {
        status = hst_segment_damaged(segment, "its blocks do not fill it", err);
    }

done:
    free(bytes);
    return status;
}

/* Makes the object and opens its file. */
static hst_status open_file(hst_segment **out, const hst_store *store, const uint8_t digest[16],
                            const uint8_t layout_key[16], hst_error *err)
{
    char name[HST_SEGMENT_NAME_BYTES];
    hst_segment *segment = calloc(1, sizeof *segment);
    size_t n = strlen(store->path) + sizeof "/segments/" + HST_SEGMENT_NAME_BYTES;

    *out = NULL;
    if (segment) {
        segment->file = -1;
        segment->n_partitions = store->n_partitions;
        segment->path = malloc(n);
    }
    if (!segment || !segment->path) {
        hst_segment_close(segment);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a segment");
    }
    /* until the segment says so itself */
    hst_catalogue_file_name(store, digest, segment->info.file, sizeof segment->info.file);
    hst_segment_name(name, digest, layout_key);
    snprintf(segment->path, n, "%s/segments/%s", store->path, name);
    segment->file = openat(store->segments, name, O_RDONLY | O_CLOEXEC);
    if (segment->file < 0 && errno == ENOENT && store->slices >= 0) {
        segment->file = openat(store->slices, name, O_RDONLY | O_CLOEXEC);
    }
    if (segment->file < 0) {
        hst_status status = errno == ENOENT ? unusable(segment, "is missing", err)
                                            : hst_fail_errno(err, "cannot open", segment->path, "");

        hst_segment_close(segment);
        return status;
    }
    *out = segment;
    return HST_OK;
}

hst_status hst_segment_open(hst_segment **out, const hst_store *store, const uint8_t digest[16],
                            const uint8_t layout_key[16], hst_error *err)
{
    hst_segment *segment = NULL;
    hst_segment_footer footer;
    hst_status status = open_file(&segment, store, digest, layout_key, err);
    uint64_t at = 0;

    *out = NULL;
    if (status == HST_OK) {
        status = read_frame(segment, store, &footer, err);
    }
    if (status == HST_OK) {
        status = read_dictionaries(segment, &footer, err);
    }
    if (status == HST_OK) {
        at = footer.dictionaries_at + footer.dictionaries_bytes;
        status = read_info(segment, &footer, at, err);
    }
    if (status == HST_OK) {
        status = read_index(segment, &footer, at + footer.info_bytes, err);
    }
    if (status == HST_OK && (memcmp(segment->info.digest, digest, 16) != 0 ||
                             memcmp(segment->info.layout_key, layout_key, 16) != 0)) {
        status = hst_segment_damaged(segment, "it stands under the name of another", err);
    }
    if (status == HST_OK) {
        const uint64_t common[] = {footer.dictionaries_checksum, footer.info_checksum};

        segment->checksum = XXH3_64bits(common, sizeof common);
        segment->is_open = true;
        *out = segment;
        segment = NULL; /* now the caller's */
    }
    hst_segment_close(segment);
    return status;
}

bool hst_store_has(const hst_store *store, const uint8_t digest[16], const uint8_t layout_key[16])
{
    hst_segment *segment = NULL;
    bool has = hst_segment_open(&segment, store, digest, layout_key, NULL) == HST_OK;

    hst_segment_close(segment);
    return has;
}

hst_status hst_store_refuse_newer(const hst_store *store, const uint8_t digest[16],
                                  const uint8_t layout_key[16], hst_error *err)
{
    hst_segment *segment = NULL;
    hst_status status = hst_segment_open(&segment, store, digest, layout_key, err);

    hst_segment_close(segment);
    return status == HST_ERR_USAGE ? status : HST_OK;
}

void hst_segment_close(hst_segment *segment)
{
    if (!segment) {
        return;
    }
    if (segment->file >= 0) {
        close(segment->file);
    }
    free(segment->path);
    free(segment->first_block);
    free(segment->blocks);
    free(segment->codes);
    free(segment);
}

const hst_segment_info *hst_segment_get_info(const hst_segment *segment)
{
    return &segment->info;
}

size_t hst_segment_n_partitions(const hst_segment *segment)
{
    return segment->n_partitions;
}

uint64_t hst_segment_file_bytes(const hst_segment *segment)
{
    return segment->file_bytes;
}

uint64_t hst_segment_checksum(const hst_segment *segment)
{
    return segment->checksum;
}

size_t hst_segment_n_codes(const hst_segment *segment, unsigned dictionary)
{
    assert(dictionary < HST_N_DICTS);
    return segment->n_codes[dictionary];
}

const char *hst_segment_code(const hst_segment *segment, unsigned dictionary, size_t number)
{
    assert(number < hst_segment_n_codes(segment, dictionary));
    return (const char *)&segment->codes[segment->first_code[dictionary] + number];
}

size_t hst_segment_partition_bytes(const hst_segment *segment, size_t partition)
{
    size_t sum = 0;

    for (size_t i = segment->first_block[partition]; i < segment->first_block[partition + 1]; i++) {
        sum += segment->blocks[i].bytes;
    }
    return sum;
}

uint64_t hst_segment_partition_episodes(const hst_segment *segment, size_t partition)
{
    uint64_t sum = 0;

    for (size_t i = segment->first_block[partition]; i < segment->first_block[partition + 1]; i++) {
        sum += segment->blocks[i].n_episodes;
    }
    return sum;
}

size_t hst_segment_n_blocks(const hst_segment *segment, size_t partition)
{
    return segment->first_block[partition + 1] - segment->first_block[partition];
}

size_t hst_segment_block_bytes(const hst_segment *segment, size_t partition, size_t block)
{
    return segment->blocks[segment->first_block[partition] + block].bytes;
}

uint32_t hst_segment_block_episodes(const hst_segment *segment, size_t partition, size_t block)
{
    return segment->blocks[segment->first_block[partition] + block].n_episodes;
}

hst_status hst_segment_read_block(const hst_segment *segment, size_t partition, size_t number,
                                  void *buffer, hst_error *err)
{
    size_t i = segment->first_block[partition] + number;
    const hst_segment_block *block = &segment->blocks[i];
    hst_status status = read_bytes(segment, buffer, block->bytes, block->at, err);

    if (status == HST_OK && hst_hash_block(buffer, block->bytes) != block->checksum) {
        char what[96];

        snprintf(what, sizeof what, "block %zu at byte %llu", i, (unsigned long long)block->at);
        return hst_segment_damaged(segment, what, err);
    }
    return status;
}

hst_status hst_segment_read(const hst_segment *segment, size_t partition, void *buffer,
                            hst_error *err)
{
    uint8_t *to = buffer;
    hst_status status = HST_OK;

    for (size_t i = 0; i < hst_segment_n_blocks(segment, partition) && !status; i++) {
        status = hst_segment_read_block(segment, partition, i, to, err);
        to += hst_segment_block_bytes(segment, partition, i);
    }
    return status;
}
