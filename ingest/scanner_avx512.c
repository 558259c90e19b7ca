/* Indexing with AVX-512 (F and BW): masks come out of the comparison, offsets out of a compress. */
#include "ingest/scanner_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,bmi,bmi2,popcnt,pclmul")))

AVX512 static inline uint64_t prefix_parity(uint64_t bits)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8((char)0xff), 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* Writes the offsets of the bits set, sixteen bits at a time, always sixteen of them: what is too
 * much is written over by the next. No branch depends on the text. */
AVX512 static inline void add_boundaries(hst_scan *scan, uint64_t bits, size_t position)
{
    uint32_t *ends = scan->ends + scan->n_ends;
    __m512i offset =
        _mm512_add_epi32(_mm512_set1_epi32((int)(uint32_t)position),
                         _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
    const __m512i sixteen = _mm512_set1_epi32(16);

    scan->n_ends += (unsigned)__builtin_popcountll(bits);
    for (unsigned k = 0; k < 4; k++) {
        __mmask16 mask = (__mmask16)bits;

        _mm512_storeu_si512(ends, _mm512_maskz_compress_epi32(mask, offset));
        ends += (unsigned)__builtin_popcount(mask);
        offset = _mm512_add_epi32(offset, sixteen);
        bits >>= 16;
    }
}

AVX512 void hst_scan_avx512(hst_scan *state, size_t end)
{
    const __m512i quote = _mm512_set1_epi8('"');
    const __m512i separator = _mm512_set1_epi8(state->separator);
    const __m512i line_feed = _mm512_set1_epi8('\n');
    const __m512i carriage_return = _mm512_set1_epi8('\r');
    hst_scan scan = *state; /* in registers: stores to `ends` cannot alias it */

    while (scan.position < end && !scan.is_irregular) {
        __m512i text = _mm512_loadu_si512(scan.text + scan.position);
        hst_scan_masks masks = {.quotes = _mm512_cmpeq_epi8_mask(text, quote),
                                .separators = _mm512_cmpeq_epi8_mask(text, separator),
                                .line_feeds = _mm512_cmpeq_epi8_mask(text, line_feed),
                                .returns = _mm512_cmpeq_epi8_mask(text, carriage_return),
                                .nuls = _mm512_testn_epi8_mask(text, text)};
        uint64_t open = prefix_parity(masks.quotes) ^ scan.inside;
        hst_scan_stride stride =
            hst_scan_decide(&scan, &masks, open, hst_scan_valid(scan.position, end));

        hst_scan_note_rows(&scan, &stride);
        add_boundaries(&scan, stride.boundaries, scan.position);
        scan.position += HST_SCAN_STRIDE;
    }
    *state = scan;
}

#else

void hst_scan_avx512(hst_scan *scan, size_t end)
{
    hst_scan_portable(scan, end);
}

#endif
