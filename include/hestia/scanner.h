#ifndef HESTIA_SCANNER_H
#define HESTIA_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hestia/source.h"
#include "hestia/status.h"

/**
 * Cuts delimited text into records and fields: RFC 4180 as libcsv reads it in its default (not
 * strict) mode, with libcsv as the oracle of the tests. Line ends LF, CR LF or CR, also mixed;
 * lines that are empty or blank are skipped; blanks and tabs around a field are no part of it (a
 * tab is when it is the separator). A UTF-8 byte-order mark at the start is skipped.
 *
 * Two implementations give the same results: AVX2 (chosen at run time) and portable.
 */
typedef struct hst_scanner hst_scanner;

typedef enum hst_scan_kernel { HST_SCAN_AUTO, HST_SCAN_PORTABLE, HST_SCAN_AVX2 } hst_scan_kernel;

enum { HST_MAX_COLUMNS = 1024, HST_MAX_RECORD_BYTES = 64 * 1024 };

/** What is wrong with a record as a whole; such records have n_fields as found and are set aside.
 */
typedef enum hst_record_fault {
    HST_RECORD_OK,
    HST_RECORD_RAGGED,   /**< another number of fields than the header */
    HST_RECORD_TOO_LONG, /**< more than HST_MAX_RECORD_BYTES on one line; skipped to the next line
                            end, without fields */
    HST_RECORD_UNCLOSED_QUOTE, /**< quote still open after HST_MAX_RECORD_BYTES or at the end of the
                                  file; its first line alone is the record, scanning goes on at the
                                  next line */
    HST_RECORD_NUL,            /**< holds a NUL byte */
} hst_record_fault;

/**
 * One record, valid until the next call. Field i is the bytes after boundary i - 1 up to boundary
 * i: separators are indexed, fields are only looked at when asked for (hst_record_field).
 */
typedef struct hst_record {
    const char *base; /**< what `ends` counts from; 64 bytes after the record are readable */
    const uint32_t
        *ends; /**< [n_fields] offset of the separator or line end after field i; ends[-1]
                  is there too, the offset just before the record (modulo 2^32) */
    size_t n_fields;
    uint64_t line; /**< line of the file on which it starts, from 1 */
    hst_record_fault fault;
} hst_record;

/**
 * @param source     borrowed, must outlive the scanner; read to its end by hst_scanner_next
 * @param separator  ',' '|' or '\t'
 * @param kernel     HST_SCAN_AUTO outside tests
 * @param block_bytes  size of the blocks that the source is read in; 0 = 256 KiB. Results do not
 * depend on it.
 * @param overlap    true: a thread of its own reads (inflates) ahead while the caller works on
 * records; the source may then only be asked for its position until the scanner is freed
 * @return HST_ERR_ARGUMENT: a kernel that this processor cannot run, another separator
 */
HST_MUST_CHECK hst_status hst_scanner_create(hst_scanner **out, hst_source *source, char separator,
                                             hst_scan_kernel kernel, size_t block_bytes,
                                             bool overlap, hst_error *err);

/** True when this processor (and build) can run the kernel. */
bool hst_scan_kernel_is_available(hst_scan_kernel kernel);

/**
 * Fields per record, fixed after the header was read: from here on another number is
 * HST_RECORD_RAGGED. A ragged record that spans lines is cut at its first line end, and scanning
 * goes on with the next line, so that one stray quote costs one line.
 */
void hst_scanner_expect_fields(hst_scanner *scanner, size_t n_fields);

/**
 * Next record.
 *
 * @param more  false at the end of the file, `record` is then empty
 * @return what hst_source_read returns, with the last good line; HST_ERR_INPUT also for a file that
 * leaves quotes open so often that the look for their ends would take far longer than its reading
 */
HST_MUST_CHECK hst_status hst_scanner_next(hst_scanner *scanner, hst_record *record, bool *more,
                                           hst_error *err);

/**
 * The next records, as many as are at hand: all valid until the next call.
 *
 * @param records  [capacity];  @param n  receives their number, 0 at the end of the file
 */
HST_MUST_CHECK hst_status hst_scanner_next_batch(hst_scanner *scanner, hst_record *records,
                                                 size_t capacity, size_t *n, hst_error *err);

/**
 * To be called before the first record: the text begins inside a line, or somewhere in it, of which
 * the rest is skipped. Lines are counted from 1 for the one after it.
 */
void hst_scanner_begin_inside(hst_scanner *scanner);

/** Bytes of the source's text before a record that is valid. */
uint64_t hst_scanner_offset(const hst_scanner *scanner, const hst_record *record);

/** Bytes that were looked at more than once, for quotes that nothing closed. */
uint64_t hst_scanner_in_vain(const hst_scanner *scanner);

/** Frees the scanner and stops its thread, at any time; NULL is allowed. */
void hst_scanner_free(hst_scanner *scanner);

/** Bytes of field i, blanks around it removed; quoted fields come with their quotes when `*quoted`
 * is set. */
static inline const char *hst_record_field(const hst_record *record, size_t i, size_t *length,
                                           bool *quoted)
{
    const uint32_t *boundary = record->ends + i;
    const char *start = record->base + (uint32_t)(boundary[-1] + 1);
    const char *end = record->base + boundary[0];

    while (start < end && (*start == ' ' || *start == '\t')) {
        start++;
    }
    /* a carriage return can only stand before the line feed that ends the record */
    while (start < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
        end--;
    }
    *length = (size_t)(end - start);
    *quoted = start < end && *start == '"';
    return start;
}

/**
 * Copies a field with its quotes resolved as libcsv does ("" is one quote) into `buffer`.
 *
 * @return length of the value, which is cut at `capacity` (the return value is then greater than
 * `capacity`)
 */
size_t hst_record_value(const hst_record *record, size_t i, char *buffer, size_t capacity);

#endif
