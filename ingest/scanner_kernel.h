/* What the scanner and its kernels share: one step of indexing separators and line ends. */
#ifndef HESTIA_SCANNER_KERNEL_H
#define HESTIA_SCANNER_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes that a kernel looks at in one go. Text handed to it must be readable (and be blanks) up
 * to this many bytes after its end. */
enum { HST_SCAN_STRIDE = 64 };

/**
 * State of indexing between two steps. A kernel takes records for what nearly all are: one line,
 * quotes only around whole fields, no NUL, CR only before LF. At the first byte that does not fit
 * it stops, and the record that holds this byte is left to hst_scan_record.
 */
typedef struct hst_scan {
    const char *text;
    size_t position; /**< next byte to look at */
    uint32_t *ends;  /**< offsets of separators and line ends outside quotes */
    size_t n_ends;   /**< room for HST_SCAN_STRIDE more, and 16 of slack, is the caller's duty */
    uint32_t *rows;  /**< for each line end its index in `ends` */
    size_t n_rows;
    uint64_t inside;               /**< all ones when a quote is open at `position` */
    uint64_t after_fine;           /**< bit 0: byte before was anything but text outside quotes */
    uint64_t after_quote;          /**< bit 0: byte before was a quote */
    uint64_t after_return;         /**< bit 0: byte before was CR */
    const uint8_t (*positions)[8]; /**< [256], row b: positions of the bits set in byte b */
    char separator;
    bool is_irregular; /**< stopped: the record after the last of `rows` needs hst_scan_record */
} hst_scan;

/** State at the start of a record at `position`. */
static inline void hst_scan_restart(hst_scan *scan, size_t position)
{
    scan->position = position;
    scan->inside = 0;
    scan->after_fine = 1;
    scan->after_quote = 0;
    scan->after_return = 0;
    scan->is_irregular = false;
}

/**
 * Indexes the text from scan->position up to `end`, in strides; the last may go past `end`, whose
 * bytes are then left out and after which only hst_scan_restart is allowed. Stops early at an
 * irregular byte.
 */
typedef void hst_scan_step(hst_scan *scan, size_t end);

hst_scan_step hst_scan_portable, hst_scan_avx2;

/** What one stride of text holds, a bit for each byte. */
typedef struct hst_scan_masks {
    uint64_t quotes, boundaries; /* boundaries: separators and line feeds, also inside quotes */
    uint64_t line_feeds, returns, nuls;
} hst_scan_masks;

/**
 * Irregular bytes of one stride, given its masks and `open`: bit i set when a quote is open after
 * byte i (parity of the quotes up to it).
 *
 * Regular is what libcsv's state machine and plain quote parity see alike: no quote stands beside
 * text outside quotes, so it either surrounds a field or is one of a doubled quote. Line ends
 * inside quotes, lone CR and NUL are left to hst_scan_record as well, to keep the count of lines
 * and the faults out of here.
 */
static inline uint64_t hst_scan_check(hst_scan *scan, const hst_scan_masks *m, uint64_t open)
{
    uint64_t fine = open | m->quotes | m->boundaries | m->returns; /* all but text outside quotes */
    uint64_t irregular = (m->quotes & ~(fine << 1 | scan->after_fine)) |
                         ((m->quotes << 1 | scan->after_quote) & ~fine) |
                         ((m->returns << 1 | scan->after_return) & ~m->line_feeds) |
                         (m->line_feeds & open) | m->nuls;

    scan->after_fine = fine >> 63;
    scan->after_quote = m->quotes >> 63;
    scan->after_return = m->returns >> 63;
    scan->inside = open >> 63 == 0 ? 0 : ~(uint64_t)0;
    return irregular;
}

/** How one record came out of hst_scan_record. */
typedef enum hst_slow_outcome {
    HST_SLOW_RECORD,
    HST_SLOW_BLANK,    /**< a blank line: no record */
    HST_SLOW_MORE,     /**< the text ends before the record does */
    HST_SLOW_UNCLOSED, /**< quote left open: the record is its first line */
    HST_SLOW_TOO_LONG, /**< no line end within the limit: no fields, and `next` is in its middle */
    HST_SLOW_CUT,      /**< spans lines with another number of fields than expected: first line */
} hst_slow_outcome;

typedef struct hst_slow_record {
    hst_slow_outcome outcome;
    size_t n_fields;
    size_t next;      /**< where the next record starts */
    size_t n_in_vain; /**< bytes looked at behind a record that was cut, to be looked at again */
    uint64_t n_lines; /**< line ends passed */
    bool has_nul;
} hst_slow_record;

/**
 * Reads one record from `start` by libcsv's state machine, byte for byte.
 *
 * @param is_last   nothing follows after `end`; the text then ends with a line end
 * @param expected  number of fields expected, 0 = any
 * @param ends      receives the boundaries; room for HST_MAX_RECORD_BYTES + 2
 */
hst_slow_record hst_scan_record(const char *text, size_t start, size_t end, bool is_last,
                                char separator, size_t expected, uint32_t *ends);

#endif
