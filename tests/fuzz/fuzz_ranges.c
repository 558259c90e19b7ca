/* Any bytes given as the text of an extract, plain or packed as gzip members that are cut anywhere:
 * read by ranges it gives the segment that reading it in its order gives, or it is left to that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "ingest/ranges.h"
#include "ingest/store_internal.h"
#include "tests/fuzz/fuzz_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXT = 1 << 16, N_CUTS = 3 };

/* Packs the text as members of up to `most` bytes; none of them is empty but by chance. */
static void pack(const uint8_t *data, size_t size, uint32_t *seed, size_t most)
{
    size_t at = 0;

    remove(fuzz_file);
    do {
        gzFile file = gzopen(fuzz_file, "ab1");
        size_t n = 0;

        *seed = *seed * 1664525 + 1013904223;
        n = (*seed >> 8) % (most + 1);
        n = n < size - at ? n : size - at;
        if (!file || (n > 0 && gzwrite(file, data + at, (unsigned)n) != (int)n) ||
            gzclose(file) != Z_OK) {
            abort();
        }
        at += n;
    } while (at < size);
}

/* The records of a segment, and then it is removed; `*n` bytes, the caller's. */
static void *take_segment(hst_segment_writer *writer, hst_segment_info *info, size_t *n)
{
    hst_segment *segment = NULL;
    hst_segment_id id;
    void *bytes = NULL;

    memcpy(id.digest, info->digest, sizeof id.digest);
    memcpy(id.layout_key, info->layout_key, sizeof id.layout_key);
    if (hst_segment_writer_commit(writer, info, NULL) != HST_OK ||
        hst_segment_open(&segment, store, id.digest, id.layout_key, NULL) != HST_OK ||
        hst_segment_verify(segment, NULL) != HST_OK) {
        abort();
    }
    *n = hst_segment_partition_bytes(segment, 0);
    bytes = malloc(*n + 8);
    if (!bytes || hst_segment_read(segment, 0, bytes, NULL) != HST_OK) {
        abort();
    }
    hst_segment_close(segment);
    if (hst_store_remove(store, &id, NULL) != HST_OK) {
        abort();
    }
    return bytes;
}

static bool are_same(const hst_segment_info *a, const hst_segment_info *b)
{
    static uint8_t bytes[2][sizeof(hst_segment_info)]; /* without the gaps between fields */

    return hst_segment_info_pack(a, bytes[0]) == hst_segment_info_pack(b, bytes[1]) &&
           memcmp(bytes[0], bytes[1], hst_segment_info_pack(a, NULL)) == 0;
}

/* NULL when the file cannot be read. */
static void *read_in_order(const hst_layout *layout, hst_segment_info *info, size_t *n)
{
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_segment_writer *writer = NULL;
    hst_decoder *decoder = NULL;
    hst_record record;
    bool more = true;
    void *bytes = NULL;
    hst_error err = {0};
    hst_status status = hst_source_open(&source, fuzz_file, "", HST_INFLATER_AUTO, &err);

    if (status != HST_OK ||
        hst_scanner_create(&scanner, source, hst_layout_separator(layout), HST_SCAN_AUTO, 0, false,
                           &err) != HST_OK ||
        hst_segment_writer_create(&writer, store, 64 * 1024, &err) != HST_OK ||
        hst_decoder_create(&decoder, layout, NULL, store, writer, &err) != HST_OK) {
        abort();
    }
    if (hst_layout_has_header_line(layout)) {
        status = hst_scanner_next(scanner, &record, &more, &err);
    }
    hst_scanner_expect_fields(scanner, hst_layout_n_columns(layout));
    while (status == HST_OK && more) {
        status = hst_scanner_next(scanner, &record, &more, &err);
        if (status == HST_OK && more && hst_decoder_add(decoder, &record, 1, &err) != HST_OK) {
            abort();
        }
    }
    if (status == HST_OK) {
        hst_decoder_info(decoder, info);
        hst_source_digest(source, info->digest);
        bytes = take_segment(writer, info, n);
    }
    hst_decoder_free(decoder);
    hst_segment_writer_free(writer);
    hst_scanner_free(scanner);
    hst_source_close(source);
    return bytes;
}

/* The same by ranges; NULL when it is left to reading in order. */
static void *read_by_ranges(const hst_layout *layout, size_t range_bytes, hst_segment_info *info,
                            size_t *n)
{
    hst_source *source = NULL;
    hst_segment_writer *writer = NULL;
    hst_ranges_read read = {0};
    hst_ranges_job job = {
        .layout = layout, .store = store, .n_threads = 3, .range_bytes = range_bytes};
    void *bytes = NULL;

    if (hst_source_open(&source, fuzz_file, "", HST_INFLATER_AUTO, NULL) != HST_OK ||
        hst_segment_writer_create(&writer, store, 64 * 1024, NULL) != HST_OK) {
        abort();
    }
    job.source = source;
    if (hst_ranges_read_all(&read, &job, writer, NULL) != HST_OK) {
        abort();
    }
    *info = read.info;
    bytes = read.is_whole ? take_segment(writer, info, n) : NULL;
    hst_segment_writer_free(writer);
    hst_source_close(source);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hst_extract_spec spec = {.dataset = HST_DATASET_APC, .path = fuzz_file, .member = ""};
    uint32_t seed = (uint32_t)size;

    need_store(1, "extract"); /* a name that promises no packing */
    if (size == 0 || size > MAX_TEXT) {
        return 0;
    }
    seed = (uint32_t)crc32(seed, data, (uInt)size);
    for (unsigned k = 0; k <= N_CUTS; k++) {
        hst_layout *layout = NULL;
        hst_segment_info expected = {0}, actual = {0};
        size_t n = 0, n_actual = 0;
        void *bytes = NULL, *actual_bytes = NULL;

        if (k == 0) {
            put_file(data, size);
        } else {
            pack(data, size, &seed, size / (1 + (k - 1) * (k - 1) * 5) + 1);
        }
        if (hst_extract_guess_dataset(&spec.dataset, fuzz_file, "", NULL) != HST_OK ||
            hst_layout_detect(&layout, &spec, NULL) != HST_OK) {
            continue;
        }
        bytes = read_in_order(layout, &expected, &n);
        actual_bytes = read_by_ranges(layout, 1 + (seed >> 8) % 200, &actual, &n_actual);
        if (actual_bytes && (!bytes || n != n_actual || memcmp(bytes, actual_bytes, n) != 0 ||
                             !are_same(&expected, &actual))) {
            abort();
        }
        free(bytes);
        free(actual_bytes);
        hst_layout_free(layout);
    }
    return 0;
}
