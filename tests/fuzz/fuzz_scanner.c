/* Any bytes given as text, after one byte of options: both kernels and all block sizes cut them
 * into the same records, which are libcsv's as long as there is no fault. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <csv.h>

#include "hestia/scanner.h"
#include "tests/fuzz/scratch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out: fields and records each with their end mark. */
typedef struct output {
    char *bytes;
    size_t n, capacity;
    bool has_fault;
} output;

static void add(output *out, const void *bytes, size_t n)
{
    if (out->n + n > out->capacity) {
        out->capacity = 2 * (out->n + n) + 1024;
        out->bytes = realloc(out->bytes, out->capacity);
        if (!out->bytes) {
            abort();
        }
    }
    if (n > 0) {
        memcpy(out->bytes + out->n, bytes, n);
    }
    out->n += n;
}

static void add_mark(output *out, unsigned char mark, uint64_t number)
{
    add(out, &mark, 1);
    add(out, &number, sizeof number);
}

static void add_record(output *out, const hst_record *record, bool with_place)
{
    static char value[2 * HST_MAX_RECORD_BYTES];

    for (size_t i = 0; i < record->n_fields; i++) {
        size_t n = hst_record_value(record, i, value, sizeof value);
        if (n > sizeof value) {
            abort();
        }
        add(out, value, n);
        add_mark(out, 1, n);
    }
    add_mark(out, 2, with_place ? record->line * 8 + record->fault : 0);
    out->has_fault = out->has_fault || record->fault != HST_RECORD_OK;
}

static void scan(output *out, char separator, hst_scan_kernel kernel, size_t block_bytes,
                 size_t n_expected, bool with_place)
{
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_record record;
    bool more = true;

    out->n = 0;
    out->has_fault = false;
    if (hst_source_open(&source, scratch_path, "", HST_INFLATER_AUTO, NULL) != HST_OK ||
        hst_scanner_create(&scanner, source, separator, kernel, block_bytes, false, NULL) !=
            HST_OK) {
        abort();
    }
    hst_scanner_expect_fields(scanner, n_expected);
    while (more) {
        hst_status status = hst_scanner_next(scanner, &record, &more, NULL);

        if (status == HST_ERR_INPUT) { /* too many quotes left open */
            add_mark(out, 3, 0);
            out->has_fault = true;
        } else if (status != HST_OK) {
            abort();
        } else if (more) {
            add_record(out, &record, with_place);
        }
    }
    hst_scanner_free(scanner);
    hst_source_close(source);
}

static void field_seen(void *bytes, size_t n, void *context)
{
    add(context, bytes, n);
    add_mark(context, 1, n);
}

static void record_seen(int end, void *context)
{
    (void)end;
    add_mark(context, 2, 0);
}

static void ask_libcsv(output *out, char separator, const uint8_t *text, size_t n)
{
    struct csv_parser parser;

    out->n = 0;
    if (csv_init(&parser, 0) != 0) {
        abort();
    }
    csv_set_delim(&parser, (unsigned char)separator);
    if (csv_parse(&parser, text, n, field_seen, record_seen, out) != n) {
        abort();
    }
    csv_fini(&parser, field_seen, record_seen, out);
    csv_free(&parser);
}

static void expect_equal(const output *a, const output *b)
{
    if (a->n != b->n || (a->n > 0 && memcmp(a->bytes, b->bytes, a->n) != 0)) {
        abort();
    }
}

/* False for what is no plain text by its first bytes. */
static bool write_text(const uint8_t *text, size_t n)
{
    hst_source *source = NULL;
    bool is_text = false;

    scratch_write(text, n);
    if (hst_source_open(&source, scratch_path, "", HST_INFLATER_AUTO, NULL) == HST_OK) {
        is_text = hst_source_packing(source) == HST_PACKING_PLAIN;
    }
    hst_source_close(source);
    return is_text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t block_sizes[] = {0, 1, 2, 64, 257, 4096, 5000, 65536};
    static output portable, other;
    unsigned options = size > 0 ? data[0] : 0;
    char separator = ",|\t,"[options & 3];
    size_t block_bytes = block_sizes[options >> 2 & 7];
    size_t n_expected = (options >> 5) * 2;

    if (size > 4096 && block_bytes > 0 && block_bytes < 64) {
        block_bytes = 64; /* a record is looked at anew with each block that it needs more of */
    }
    if (size < 2 || !write_text(data + 1, size - 1)) {
        return 0;
    }
    scan(&portable, separator, HST_SCAN_PORTABLE, 0, n_expected, true);
    scan(&other, separator, HST_SCAN_AUTO, block_bytes, n_expected, true);
    expect_equal(&other, &portable);

    scan(&portable, separator, HST_SCAN_PORTABLE, block_bytes, 0, false);
    if (!portable.has_fault && (size < 4 || memcmp(data + 1, "\xef\xbb\xbf", 3) != 0)) {
        ask_libcsv(&other, separator, data + 1, size - 1);
        expect_equal(&portable, &other);
    }
    return 0;
}
