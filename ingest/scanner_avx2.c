/*
 * Indexing with AVX2, in passes over up to 4 KiB: bytes to masks, masks checked, masks to offsets.
 * One pass for all three would be half as fast again: its steps wait for each other, and the
 * processor cannot look far enough ahead. AVX-512 was measured too: its compress instruction
 * writes the index faster, but it slows the clock, and so the inflating, by more than it gains.
 */
#include "ingest/scanner_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

enum { MAX_STRIDES = 64, STRIDES_A_CHECK = 4 };

/* A mask for each stride; those with a word in front need the stride before. */
typedef struct passage {
    size_t n_strides;
    uint64_t quotes[1 + MAX_STRIDES], returns[1 + MAX_STRIDES];
    uint64_t boundaries[MAX_STRIDES], line_feeds[MAX_STRIDES];
    uint32_t n_ends[MAX_STRIDES]; /* before each stride */
    bool has_returns, has_nuls;
} passage;

AVX2 static inline __m256i load(const void *address)
{
    return _mm256_loadu_si256(address);
}

AVX2 static inline uint64_t equal_bytes(const char *stride, __m256i wanted)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(stride), wanted)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(stride + 32), wanted))
               << 32;
}

AVX2 static inline uint64_t mask_of(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

AVX2 static void find(const hst_scan *scan, passage *p)
{
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i separator = _mm256_set1_epi8(scan->separator);
    const __m256i line_feed = _mm256_set1_epi8('\n');
    const __m256i carriage_return = _mm256_set1_epi8('\r');
    const char *text = scan->text + scan->position;
    __m256i least = _mm256_set1_epi8(1), returns = _mm256_setzero_si256();

    for (size_t i = 0; i < p->n_strides; i++) {
        __m256i low = load(text + i * HST_SCAN_STRIDE);
        __m256i high = load(text + i * HST_SCAN_STRIDE + 32);
        __m256i low_feeds = _mm256_cmpeq_epi8(low, line_feed);
        __m256i high_feeds = _mm256_cmpeq_epi8(high, line_feed);

        p->quotes[1 + i] = mask_of(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote));
        p->line_feeds[i] = mask_of(low_feeds, high_feeds);
        p->boundaries[i] = mask_of(_mm256_or_si256(low_feeds, _mm256_cmpeq_epi8(low, separator)),
                                   _mm256_or_si256(high_feeds, _mm256_cmpeq_epi8(high, separator)));
        least = _mm256_min_epu8(least, _mm256_min_epu8(low, high));
        returns =
            _mm256_or_si256(returns, _mm256_or_si256(_mm256_cmpeq_epi8(low, carriage_return),
                                                     _mm256_cmpeq_epi8(high, carriage_return)));
    }
    p->has_nuls = _mm256_movemask_epi8(_mm256_cmpeq_epi8(least, _mm256_setzero_si256())) != 0;
    p->has_returns = scan->after_return != 0 || _mm256_movemask_epi8(returns) != 0;
    for (size_t i = 0; p->has_returns && i < p->n_strides; i++) {
        p->returns[1 + i] = equal_bytes(text + i * HST_SCAN_STRIDE, carriage_return);
    }
}

/* Four masks as one long number, moved up by one bit; `before` holds them one stride earlier. */
AVX2 static inline __m256i up_one_bit(__m256i masks, __m256i before)
{
    return _mm256_or_si256(_mm256_slli_epi64(masks, 1), _mm256_srli_epi64(before, 63));
}

/* Parity of the bits up to each bit, within each of the four masks. */
AVX2 static inline __m256i prefix_parity(__m256i bits)
{
    bits = _mm256_xor_si256(bits, _mm256_slli_epi64(bits, 1));
    bits = _mm256_xor_si256(bits, _mm256_slli_epi64(bits, 2));
    bits = _mm256_xor_si256(bits, _mm256_slli_epi64(bits, 4));
    bits = _mm256_xor_si256(bits, _mm256_slli_epi64(bits, 8));
    bits = _mm256_xor_si256(bits, _mm256_slli_epi64(bits, 16));
    return _mm256_xor_si256(bits, _mm256_slli_epi64(bits, 32));
}

/*
 * What hst_scan_check does, for four strides at a time, and takes boundaries inside quotes out.
 * False when the passage holds something irregular: the state is then as before.
 */
AVX2 static inline __attribute__((always_inline)) bool check(hst_scan *scan, passage *p,
                                                             bool has_returns)
{
    const __m256i lane_to_sign = _mm256_set_epi64x(60, 61, 62, 63);
    unsigned inside = scan->inside & 1;
    __m256i fine_before = _mm256_set1_epi64x((long long)(scan->after_fine << 63));
    __m256i irregular = _mm256_setzero_si256();

    p->quotes[0] = scan->after_quote << 63;
    p->returns[0] = scan->after_return << 63;
    for (size_t i = 0; i < p->n_strides; i += STRIDES_A_CHECK) {
        __m256i quotes = load(&p->quotes[1 + i]), boundaries = load(&p->boundaries[i]);
        __m256i line_feeds = load(&p->line_feeds[i]);
        __m256i open = prefix_parity(quotes);
        unsigned parity = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(open));
        __m256i fine, turned, inside_before;

        parity ^= parity << 1;
        parity ^= parity << 2; /* bit k: parity of strides 0 to k */
        inside_before =
            _mm256_sllv_epi64(_mm256_set1_epi64x((long long)(parity << 1 ^ -inside)), lane_to_sign);
        inside = (inside ^ parity >> 3) & 1;
        open = _mm256_xor_si256(open, _mm256_cmpgt_epi64(_mm256_setzero_si256(), inside_before));

        fine = _mm256_or_si256(open, _mm256_or_si256(quotes, boundaries));
        if (has_returns) {
            __m256i returns = load(&p->returns[1 + i]);
            fine = _mm256_or_si256(fine, returns);
            irregular = _mm256_or_si256(
                irregular,
                _mm256_andnot_si256(line_feeds, up_one_bit(returns, load(&p->returns[i]))));
        }
        turned = _mm256_permute4x64_epi64(fine, _MM_SHUFFLE(2, 1, 0, 3));
        irregular = _mm256_or_si256(
            irregular, _mm256_andnot_si256(
                           up_one_bit(fine, _mm256_blend_epi32(turned, fine_before, 3)), quotes));
        irregular = _mm256_or_si256(
            irregular, _mm256_andnot_si256(fine, up_one_bit(quotes, load(&p->quotes[i]))));
        irregular = _mm256_or_si256(irregular, _mm256_and_si256(line_feeds, open));
        fine_before = turned;
        _mm256_storeu_si256((__m256i *)(void *)&p->boundaries[i],
                            _mm256_andnot_si256(open, boundaries));
    }
    if (!_mm256_testz_si256(irregular, irregular)) {
        return false;
    }
    scan->inside = inside ? ~(uint64_t)0 : 0;
    scan->after_fine = (uint64_t)_mm256_extract_epi64(fine_before, 0) >> 63;
    scan->after_quote = p->quotes[p->n_strides] >> 63;
    scan->after_return = has_returns ? p->returns[p->n_strides] >> 63 : 0;
    return true;
}

/* Writes the offsets of eight bytes' boundaries, always eight: what is too much is written over by
 * the next. No branch depends on the text. */
AVX2 static inline uint32_t *add_byte(uint32_t *ends, const uint8_t (*positions)[8], unsigned byte,
                                      __m256i offset)
{
    __m128i row = _mm_loadl_epi64((const __m128i *)(const void *)positions[byte]);

    _mm256_storeu_si256((__m256i *)(void *)ends,
                        _mm256_add_epi32(_mm256_cvtepu8_epi32(row), offset));
    return ends + (unsigned)__builtin_popcount(byte);
}

AVX2 static void add_ends(hst_scan *scan, passage *p)
{
    const uint8_t(*positions)[8] = scan->positions;
    const __m256i eight = _mm256_set1_epi32(8);
    const uint8_t *bytes = (const uint8_t *)p->boundaries;
    __m256i offset = _mm256_set1_epi32((int)(uint32_t)scan->position);
    uint32_t *ends = scan->ends + scan->n_ends;

    for (size_t i = 0; i < p->n_strides; i++, bytes += 8) {
        p->n_ends[i] = (uint32_t)(ends - scan->ends);
        for (unsigned k = 0; k < 8; k += 4) { /* four by hand: compilers leave it a loop */
            ends = add_byte(ends, positions, bytes[k], offset);
            offset = _mm256_add_epi32(offset, eight);
            ends = add_byte(ends, positions, bytes[k + 1], offset);
            offset = _mm256_add_epi32(offset, eight);
            ends = add_byte(ends, positions, bytes[k + 2], offset);
            offset = _mm256_add_epi32(offset, eight);
            ends = add_byte(ends, positions, bytes[k + 3], offset);
            offset = _mm256_add_epi32(offset, eight);
        }
    }
    scan->n_ends = (size_t)(ends - scan->ends);
}

AVX2 static void add_rows(hst_scan *scan, const passage *p)
{
    uint64_t strides = 0; /* those with a line feed */

    for (size_t i = 0; i < p->n_strides; i += STRIDES_A_CHECK) {
        __m256i is_zero = _mm256_cmpeq_epi64(load(&p->line_feeds[i]), _mm256_setzero_si256());
        uint64_t four = 0xf ^ (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(is_zero));
        strides |= four << i;
    }
    for (; strides != 0; strides &= strides - 1) {
        unsigned i = (unsigned)__builtin_ctzll(strides);
        for (uint64_t feeds = p->line_feeds[i]; feeds != 0; feeds &= feeds - 1) {
            uint64_t up_to = p->boundaries[i] & (feeds ^ (feeds - 1));
            scan->rows[scan->n_rows++] = p->n_ends[i] + (unsigned)__builtin_popcountll(up_to) - 1;
        }
    }
}

AVX2 void hst_scan_avx2(hst_scan *scan, size_t end)
{
    passage p;

    while (end - scan->position >= STRIDES_A_CHECK * HST_SCAN_STRIDE && !scan->is_irregular) {
        size_t n = (end - scan->position) / HST_SCAN_STRIDE;
        size_t next = 0;

        p.n_strides = n > MAX_STRIDES ? MAX_STRIDES : n - n % STRIDES_A_CHECK;
        next = scan->position + p.n_strides * HST_SCAN_STRIDE;
        find(scan, &p);
        if (!p.has_nuls && (p.has_returns ? check(scan, &p, true) : check(scan, &p, false))) {
            add_ends(scan, &p);
            add_rows(scan, &p);
            scan->position = next;
        } else {
            hst_scan_portable(scan, next); /* finds the place */
        }
    }
    if (!scan->is_irregular && scan->position < end) {
        hst_scan_portable(scan, end);
    }
}

#else

void hst_scan_avx2(hst_scan *scan, size_t end)
{
    hst_scan_portable(scan, end);
}

#endif
