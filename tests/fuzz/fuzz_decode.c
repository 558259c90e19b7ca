/* Any bytes given as an extract of the data set that its header looks like: a reason to refuse the
 * header, or every row is used or set aside.
 * The rows are decoded twice by one decoder, one by one and in batches: what it remembers of the
 * first time must not change what it counts the second time. */
#include <stdlib.h>

#include "hestia/extract.h"
#include "tests/fuzz/fuzz_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ROWS_AT_ONCE = 50 };

/* Decodes all rows of the file once more. False when it cannot be read to its end. */
static bool decode_all(const hst_layout *layout, hst_decoder *decoder, size_t rows_at_once)
{
    hst_record records[MAX_ROWS_AT_ONCE] = {{0}};
    size_t n = 1;
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_error err = {0};
    bool more = true;
    hst_status status = hst_source_open(&source, fuzz_file, "", HST_INFLATER_AUTO, &err);

    if (status == HST_OK) {
        status = hst_scanner_create(&scanner, source, hst_layout_separator(layout), HST_SCAN_AUTO,
                                    4096, false, &err);
    }
    if (status == HST_OK) {
        status = hst_scanner_next(scanner, records, &more, &err);
        if (status == HST_OK) {
            hst_scanner_expect_fields(scanner, hst_layout_n_columns(layout));
        }
    }
    while (status == HST_OK && n > 0) {
        status = hst_scanner_next_batch(scanner, records, rows_at_once, &n, &err);
        if (status == HST_OK) {
            status = hst_decoder_add(decoder, records, n, &err);
        }
    }
    hst_scanner_free(scanner);
    hst_source_close(source);
    return status == HST_OK;
}

static void check_counts(const hst_segment_info *first, const hst_segment_info *both)
{
    uint64_t n = both->rows_used;

    for (size_t r = 0; r < HST_N_REASONS; r++) {
        n += both->rejected[r];
        if (both->rejected[r] != 2 * first->rejected[r]) {
            abort();
        }
    }
    for (size_t k = 0; k < HST_N_NOTICES; k++) {
        if (both->noticed[k] != 2 * first->noticed[k]) {
            abort();
        }
    }
    if (n != both->rows_read || both->rows_read != 2 * first->rows_read) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hst_extract_spec spec = {.path = fuzz_file, .member = ""};
    hst_layout *layout = NULL;
    hst_segment_writer *writer = NULL;
    hst_decoder *decoder = NULL;
    hst_segment_info first = {0}, both = {0};
    hst_error err = {0};

    need_store(1, "extract"); /* a name that promises no packing */
    put_file(data, size);
    if (hst_extract_guess_dataset(&spec.dataset, fuzz_file, "", &err) != HST_OK ||
        hst_layout_detect(&layout, &spec, &err) != HST_OK) {
        if (err.message[0] == '\0') {
            abort();
        }
        return 0;
    }
    if (hst_segment_writer_create(&writer, store, 64 * 1024, &err) == HST_OK &&
        hst_decoder_create(&decoder, layout, NULL, store, writer, &err) == HST_OK &&
        decode_all(layout, decoder, 1)) {
        hst_decoder_info(decoder, &first);
        if (decode_all(layout, decoder, MAX_ROWS_AT_ONCE)) {
            hst_decoder_info(decoder, &both);
            check_counts(&first, &both);
        }
    }
    hst_decoder_free(decoder);
    hst_segment_writer_free(writer);
    hst_layout_free(layout);
    return 0;
}
