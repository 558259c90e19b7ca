/* Indexing with AVX2, for processors that also have BMI2 and carry-less multiply. */
#include "ingest/scanner_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))

AVX2 static inline uint64_t mask_of(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

AVX2 static inline uint64_t find(__m256i low, __m256i high, __m256i wanted)
{
    return mask_of(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

/* Bit i of the result is the parity of bits 0 to i: multiplying by all ones without carries. */
AVX2 static inline uint64_t prefix_parity(uint64_t bits)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8((char)0xff), 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* Writes the offsets of the bits set, eight bits at a time, always eight of them: what is too much
 * is written over by the next. No branch depends on the text. */
AVX2 static inline void add_boundaries(hst_scan *scan, uint64_t bits, size_t position)
{
    uint32_t *ends = scan->ends + scan->n_ends;
    __m256i offset = _mm256_set1_epi32((int)(uint32_t)position);
    const __m256i eight = _mm256_set1_epi32(8);

    scan->n_ends += (unsigned)__builtin_popcountll(bits);
    for (unsigned k = 0; k < 8; k++) {
        unsigned byte = bits & 0xff;
        __m128i row = _mm_loadl_epi64((const __m128i *)(const void *)scan->positions[byte]);

        _mm256_storeu_si256((__m256i *)(void *)ends,
                            _mm256_add_epi32(_mm256_cvtepu8_epi32(row), offset));
        ends += (unsigned)__builtin_popcount(byte);
        offset = _mm256_add_epi32(offset, eight);
        bits >>= 8;
    }
}

AVX2 void hst_scan_avx2(hst_scan *state, size_t end)
{
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i separator = _mm256_set1_epi8(state->separator);
    const __m256i line_feed = _mm256_set1_epi8('\n');
    const __m256i carriage_return = _mm256_set1_epi8('\r');
    hst_scan scan = *state; /* in registers: stores to `ends` cannot alias it */

    while (scan.position < end && !scan.is_irregular) {
        const char *text = scan.text + scan.position;
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
        hst_scan_masks masks = {.quotes = find(low, high, quote),
                                .separators = find(low, high, separator),
                                .line_feeds = find(low, high, line_feed),
                                .returns = find(low, high, carriage_return),
                                .nuls = find(low, high, _mm256_setzero_si256())};
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

void hst_scan_avx2(hst_scan *scan, size_t end)
{
    hst_scan_portable(scan, end);
}

#endif
