/* Indexing in plain C: eight bytes at a time in a 64-bit word. */
#include "ingest/scanner_kernel.h"

#include <string.h>

#define ONES UINT64_C(0x0101010101010101)
#define LOW7 UINT64_C(0x7f7f7f7f7f7f7f7f)

/* Bit k is set when byte k of `word` equals the byte repeated in `pattern`. */
static inline uint64_t equal_bytes(uint64_t word, uint64_t pattern)
{
    uint64_t difference = word ^ pattern;
    uint64_t is_zero = ~(((difference & LOW7) + LOW7) | difference | LOW7); /* 0x80 in such bytes */

    return ((is_zero >> 7) * UINT64_C(0x0102040810204080)) >> 56;
}

/* Eight bytes, the first in the lowest bits. */
static inline uint64_t load_word(const char *text)
{
    uint64_t word = 0;

    memcpy(&word, text, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline hst_scan_masks find(const char *text, uint64_t separator)
{
    hst_scan_masks masks = {0};

    for (unsigned k = 0; k < HST_SCAN_STRIDE; k += 8) {
        uint64_t word = load_word(text + k);
        masks.quotes |= equal_bytes(word, ONES * '"') << k;
        masks.boundaries |= equal_bytes(word, separator) << k;
        /* bytes below 16 are rare: one test says whether the three others must be looked for */
        if ((~(((word & LOW7) + ONES * 0x70) | word) & ONES * 0x80) != 0) {
            uint64_t line_feeds = equal_bytes(word, ONES * '\n') << k;
            masks.line_feeds |= line_feeds;
            masks.boundaries |= line_feeds;
            masks.returns |= equal_bytes(word, ONES * '\r') << k;
            masks.nuls |= equal_bytes(word, 0) << k;
        }
    }
    return masks;
}

static inline uint64_t prefix_parity(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2) {
        bits ^= bits << shift;
    }
    return bits;
}

/* Bits of a stride at `position` that lie before `end`. */
static inline uint64_t bits_before(size_t position, size_t end)
{
    return end - position >= HST_SCAN_STRIDE ? ~(uint64_t)0 : ((uint64_t)1 << (end - position)) - 1;
}

void hst_scan_portable(hst_scan *scan, size_t end)
{
    const uint64_t separator = ONES * (unsigned char)scan->separator;

    while (scan->position < end && !scan->is_irregular) {
        const size_t position = scan->position;
        hst_scan_masks masks = find(scan->text + position, separator);
        uint64_t open = (masks.quotes == 0 ? 0 : prefix_parity(masks.quotes)) ^ scan->inside;
        uint64_t valid = bits_before(position, end);
        uint64_t irregular = hst_scan_check(scan, &masks, open) & valid;

        if (irregular != 0) {
            valid = (irregular & -irregular) - 1; /* bytes before the first irregular one */
            scan->is_irregular = true;
        }
        for (uint64_t bits = masks.boundaries & ~open & valid; bits != 0; bits &= bits - 1) {
            if ((masks.line_feeds & bits & -bits) != 0) {
                scan->rows[scan->n_rows++] = (uint32_t)scan->n_ends;
            }
            scan->ends[scan->n_ends++] = (uint32_t)(position + (unsigned)__builtin_ctzll(bits));
        }
        scan->position += HST_SCAN_STRIDE;
    }
}
