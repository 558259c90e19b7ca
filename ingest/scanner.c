/*
 * Records of delimited text. A kernel indexes the separators and line ends of a stretch of text
 * in one go; records are then handed out from the index without touching the text. A record that
 * the kernel calls irregular, or that is too long, goes through hst_scan_record instead, and the
 * kernel starts again behind it.
 */
#include "hestia/scanner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/block_reader.h"
#include "ingest/scanner_kernel.h"

enum {
    DEFAULT_BLOCK_BYTES = 256 * 1024,
    MAX_BLOCK_BYTES = 1 << 30, /* offsets in a block are 32 bits wide */
    STEP_BYTES = 16 * 1024,    /* text indexed in one go: text and index stay in the L1/L2 cache */
    HEADROOM = HST_MAX_RECORD_BYTES + 64, /* a record not yet decided is at most 2 bytes longer */
    TAILROOM = 2 * HST_SCAN_STRIDE,       /* a line end, and blanks for the kernel to run into */
    MAX_ENDS = HST_MAX_RECORD_BYTES + STEP_BYTES + 4 * HST_SCAN_STRIDE,
};

/* A quote left open costs a look at what follows, up to HST_MAX_RECORD_BYTES, and the next line may
 * leave one open too. That much of it is allowed, and so many times the text read so far. */
static const uint64_t MAX_IN_VAIN = 256 << 20;
enum { MAX_IN_VAIN_A_BYTE = 16 };

struct hst_scanner {
    const hst_source *source;
    hst_block_reader *blocks;
    hst_scan_step *step;
    size_t n_expected; /* fields per record, 0 = not yet known */

    char *text;                   /* the block, with what was left of the one before in front */
    size_t n;                     /* bytes of text */
    bool is_last;                 /* no block follows; a line end was added to the text */
    size_t start;                 /* of the first record not handed out yet */
    uint64_t n_before, n_in_vain; /* bytes: of the file before `text`, looked at in vain */
    uint64_t line;
    bool has_started; /* past the byte-order mark */
    bool is_skipping; /* inside a line that is too long */

    hst_scan scan;
    uint32_t *ends_memory, *rows; /* scan.ends is ends_memory + 1: ends[-1] belongs to it */
    size_t next_row;              /* first of scan.rows not handed out yet */
    uint8_t positions[256][8];
};

static void fill_positions(uint8_t positions[256][8])
{
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned n = 0;
        for (uint8_t bit = 0; bit < 8; bit++) {
            if (byte >> bit & 1) {
                positions[byte][n++] = bit;
            }
        }
    }
}

bool hst_scan_kernel_is_available(hst_scan_kernel kernel)
{
    if (kernel != HST_SCAN_AVX2) {
        return true;
    }
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

/* Forgets the index: the next record starts at `position`. */
static void restart(hst_scanner *scanner, size_t position)
{
    hst_scan_restart(&scanner->scan, position);
    scanner->scan.n_ends = 0;
    scanner->scan.n_rows = 0;
    scanner->next_row = 0;
    scanner->start = position;
}

hst_status hst_scanner_create(hst_scanner **out, hst_source *source, char separator,
                              hst_scan_kernel kernel, size_t block_bytes, bool overlap,
                              hst_error *err)
{
    hst_status status = HST_OK;
    hst_scanner *scanner = NULL;

    *out = NULL;
    if (!hst_scan_kernel_is_available(kernel)) {
        return hst_fail(err, HST_ERR_ARGUMENT, "this processor cannot run the scanner kernel %d",
                        (int)kernel);
    }
    if (separator != ',' && separator != '|' && separator != '\t') {
        return hst_fail(err, HST_ERR_ARGUMENT, "the separator must be comma, pipe or tab");
    }
    if (block_bytes > MAX_BLOCK_BYTES) {
        return hst_fail(err, HST_ERR_RANGE, "blocks of %zu bytes are too large", block_bytes);
    }

    scanner = calloc(1, sizeof *scanner);
    if (!scanner) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a scanner");
        goto done;
    }
    scanner->ends_memory = malloc((MAX_ENDS + 1) * sizeof *scanner->ends_memory);
    scanner->rows = malloc(MAX_ENDS * sizeof *scanner->rows);
    if (!scanner->ends_memory || !scanner->rows) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a scanner's index");
        goto done;
    }
    status = hst_block_reader_create(&scanner->blocks, source,
                                     block_bytes == 0 ? DEFAULT_BLOCK_BYTES : block_bytes, HEADROOM,
                                     TAILROOM, overlap, err);
    if (status != HST_OK) {
        goto done;
    }
    fill_positions(scanner->positions);
    scanner->step = kernel != HST_SCAN_PORTABLE && hst_scan_kernel_is_available(HST_SCAN_AVX2)
                        ? hst_scan_avx2
                        : hst_scan_portable;
    scanner->scan.ends = scanner->ends_memory + 1;
    scanner->scan.rows = scanner->rows;
    scanner->scan.positions = (const uint8_t(*)[8])scanner->positions;
    scanner->scan.separator = separator;
    scanner->source = source;
    scanner->line = 1;
    restart(scanner, 0);
    *out = scanner;
    scanner = NULL; /* now the caller's */

done:
    hst_scanner_free(scanner);
    return status;
}

void hst_scanner_expect_fields(hst_scanner *scanner, size_t n_fields)
{
    scanner->n_expected = n_fields;
}

/* Takes the next block, keeping the text from scanner->start on. */
static hst_status load_block(hst_scanner *scanner, hst_error *err)
{
    hst_status status = hst_block_reader_next(scanner->blocks, scanner->n - scanner->start,
                                              &scanner->text, &scanner->n, &scanner->is_last, err);

    if (status != HST_OK) {
        return status;
    }
    scanner->n_before += scanner->start;
    if (scanner->is_last) {
        scanner->text[scanner->n++] = '\n'; /* so that a last line without one ends too */
    }
    memset(scanner->text + scanner->n, ' ', HST_SCAN_STRIDE);
    scanner->scan.text = scanner->text;
    restart(scanner, 0);
    return HST_OK;
}

/* Skips a byte-order mark. False when the text is too short to tell. */
static bool skip_mark(hst_scanner *scanner)
{
    if (scanner->n < 3 && !scanner->is_last) {
        return false;
    }
    scanner->has_started = true;
    if (scanner->n >= 3 && memcmp(scanner->text, "\xef\xbb\xbf", 3) == 0) {
        restart(scanner, 3);
    }
    return true;
}

/* Skips to the next line end. False when the text ends before it is known. */
static bool skip_line(hst_scanner *scanner)
{
    const char *text = scanner->text;
    size_t i = scanner->start;

    while (i < scanner->n && text[i] != '\n' && text[i] != '\r') {
        i++;
    }
    if (i < scanner->n && text[i] == '\r' && (i + 1 < scanner->n || scanner->is_last)) {
        i += i + 1 < scanner->n && text[i + 1] == '\n' ? 1 : 0;
    } else if (i == scanner->n || text[i] == '\r') {
        restart(scanner, i); /* a CR stays, to be seen together with what follows */
        return false;
    }
    restart(scanner, i + 1);
    scanner->line++;
    scanner->is_skipping = false;
    return true;
}

/* True for a record of one field that holds only blanks: no record for libcsv. */
static bool is_blank_line(const hst_scanner *scanner, size_t end)
{
    for (size_t i = scanner->start; i < end; i++) {
        char c = scanner->text[i];
        if (c != ' ' && c != '\t' && c != '\r') {
            return false;
        }
    }
    return true;
}

static void fill_record(const hst_scanner *scanner, hst_record *record, const uint32_t *ends,
                        size_t n_fields, hst_record_fault fault)
{
    record->base = scanner->text;
    record->ends = ends;
    record->n_fields = n_fields;
    record->line = scanner->line;
    record->fault = fault;
    if (fault == HST_RECORD_OK && scanner->n_expected != 0 && n_fields != scanner->n_expected) {
        record->fault = HST_RECORD_RAGGED;
    }
}

/* Hands out the next indexed record that is not blank. False when the index holds none, or when
 * the next one is too long, which hst_scan_record has to judge. */
static bool take_indexed(hst_scanner *scanner, hst_record *record)
{
    const hst_scan *scan = &scanner->scan;

    while (scanner->next_row < scan->n_rows) {
        size_t first = scanner->next_row == 0 ? 0 : (size_t)scan->rows[scanner->next_row - 1] + 1;
        size_t n_fields = scan->rows[scanner->next_row] - first + 1;
        const uint32_t *ends = scan->ends + first;
        size_t end = ends[n_fields - 1];
        bool is_record = n_fields > 1 || !is_blank_line(scanner, end);

        if (end - scanner->start > HST_MAX_RECORD_BYTES) {
            return false;
        }
        if (is_record) {
            fill_record(scanner, record, ends, n_fields, HST_RECORD_OK);
        }
        scanner->next_row++;
        scanner->start = end + 1;
        scanner->line++;
        if (is_record) {
            return true;
        }
    }
    return false;
}

/* Reads the record at scanner->start the slow way. False when that gave none: a blank line, or
 * `*lacks_text`. */
static bool take_slowly(hst_scanner *scanner, hst_record *record, bool *lacks_text)
{
    uint32_t *ends = scanner->scan.ends;
    hst_slow_record slow =
        hst_scan_record(scanner->text, scanner->start, scanner->n, scanner->is_last,
                        scanner->scan.separator, scanner->n_expected, ends);
    hst_record_fault fault = slow.has_nul ? HST_RECORD_NUL : HST_RECORD_OK;
    bool is_record = slow.outcome != HST_SLOW_MORE && slow.outcome != HST_SLOW_BLANK;

    *lacks_text = slow.outcome == HST_SLOW_MORE;
    if (slow.outcome == HST_SLOW_TOO_LONG) {
        fault = HST_RECORD_TOO_LONG;
        scanner->is_skipping = true;
    } else if (slow.outcome == HST_SLOW_UNCLOSED) {
        fault = HST_RECORD_UNCLOSED_QUOTE;
    } else if (slow.outcome == HST_SLOW_CUT && fault == HST_RECORD_OK) {
        fault = HST_RECORD_RAGGED;
    }
    if (is_record) {
        ends[-1] = (uint32_t)scanner->start - 1;
        fill_record(scanner, record, ends, slow.n_fields, fault);
    }
    restart(scanner, slow.next);
    scanner->line += slow.n_lines;
    scanner->n_in_vain += slow.n_in_vain;
    return is_record;
}

/* Refuses a file whose quotes would take many times longer to understand than its text to read. */
static hst_status check_in_vain(const hst_scanner *scanner, hst_error *err)
{
    uint64_t n_text = scanner->n_before + scanner->start;

    if (scanner->n_in_vain <= MAX_IN_VAIN + n_text * MAX_IN_VAIN_A_BYTE) {
        return HST_OK;
    }
    return hst_fail(err, HST_ERR_INPUT,
                    "%s leaves quotes open in too many of its first %" PRIu64 " lines; have it "
                    "written anew, with quotes round whole fields and those inside doubled",
                    hst_source_path(scanner->source), scanner->line - 1);
}

/* Indexes the next stretch of text. What the index holds of a record begun moves to its front. */
static void index_more(hst_scanner *scanner)
{
    hst_scan *scan = &scanner->scan;
    size_t n_used = scan->n_rows == 0 ? 0 : (size_t)scan->rows[scan->n_rows - 1] + 1;
    size_t n_left = scanner->n - scan->position;

    scan->n_ends -= n_used;
    memmove(scan->ends, scan->ends + n_used, scan->n_ends * sizeof *scan->ends);
    scan->ends[-1] = (uint32_t)scanner->start - 1;
    scan->n_rows = 0;
    scanner->next_row = 0;
    scanner->step(scan, scan->position + (n_left < STEP_BYTES ? n_left : STEP_BYTES));
}

hst_status hst_scanner_next(hst_scanner *scanner, hst_record *record, bool *more, hst_error *err)
{
    hst_status status = HST_OK;

    *more = true;
    while (!take_indexed(scanner, record)) {
        bool lacks_text = false;

        if (!scanner->has_started) {
            lacks_text = !skip_mark(scanner);
        } else if (scanner->is_skipping) {
            lacks_text = !skip_line(scanner);
        } else if (scanner->scan.is_irregular || scanner->next_row < scanner->scan.n_rows ||
                   scanner->scan.position > scanner->start + HST_MAX_RECORD_BYTES + 1) {
            if (take_slowly(scanner, record, &lacks_text)) {
                status = check_in_vain(scanner, err);
                *more = status == HST_OK;
                return status;
            }
        } else if (scanner->scan.position < scanner->n) {
            index_more(scanner);
        } else {
            lacks_text = true;
        }
        if (lacks_text && scanner->is_last) {
            *more = false;
            *record = (hst_record){.line = scanner->line};
            return HST_OK;
        }
        if (lacks_text && (status = load_block(scanner, err)) != HST_OK) {
            break;
        }
    }
    if (status != HST_OK && err) {
        size_t length = strlen(err->message);
        snprintf(err->message + length, sizeof err->message - length,
                 " (all was well up to line %" PRIu64 ")", scanner->line - 1);
    }
    *more = status == HST_OK;
    return status;
}

hst_status hst_scanner_next_batch(hst_scanner *scanner, hst_record *records, size_t capacity,
                                  size_t *n, hst_error *err)
{
    bool more = false;
    hst_status status = hst_scanner_next(scanner, records, &more, err);

    *n = 0;
    if (status == HST_OK && more) {
        *n = 1;
        /* a record read the slow way leaves no index, so none follows it here */
        while (*n < capacity && take_indexed(scanner, &records[*n])) {
            (*n)++;
        }
    }
    return status;
}

void hst_scanner_begin_inside(hst_scanner *scanner)
{
    scanner->has_started = true; /* a mark there is text */
    scanner->is_skipping = true;
    scanner->line = 0;
}

uint64_t hst_scanner_offset(const hst_scanner *scanner, const hst_record *record)
{
    return scanner->n_before + (uint32_t)(record->ends[-1] + 1);
}

uint64_t hst_scanner_in_vain(const hst_scanner *scanner)
{
    return scanner->n_in_vain;
}

void hst_scanner_free(hst_scanner *scanner)
{
    if (!scanner) {
        return;
    }
    hst_block_reader_free(scanner->blocks);
    free(scanner->ends_memory);
    free(scanner->rows);
    free(scanner);
}
