/* The functions of hash.h as one set of instructions gives them: included by a file for each set,
 * which defines HASH_KERNEL. Everything of a state is done by the set that made it. */
#ifndef HESTIA_HASH_KERNEL_H
#define HESTIA_HASH_KERNEL_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string.h>

#include "hestia/row_memory.h"
#include "ingest/hash.h"

typedef struct hst_hash_kernel {
    uint64_t (*block)(const void *bytes, size_t n);
    void *(*create)(void);
    void (*reset)(void *state);
    void (*add)(void *state, const void *bytes, size_t n);
    void (*digest)(const void *state, uint8_t digest[HST_DIGEST_BYTES]);
    void (*free)(void *state);
} hst_hash_kernel;

extern const hst_hash_kernel hst_hash_portable, hst_hash_avx2;

static uint64_t kernel_block(const void *bytes, size_t n)
{
    return XXH3_64bits(bytes, n);
}

static void *kernel_create(void)
{
    /* it keeps the last bytes of what it read */
    return hst_row_memory_take_zeroed(sizeof(XXH3_state_t));
}

static void kernel_reset(void *state)
{
    XXH3_128bits_reset(state);
}

static void kernel_add(void *state, const void *bytes, size_t n)
{
    XXH3_128bits_update(state, bytes, n);
}

static void kernel_digest(const void *state, uint8_t digest[HST_DIGEST_BYTES])
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
    memcpy(digest, canonical.digest, sizeof canonical.digest);
}

static void kernel_free(void *state)
{
    hst_row_memory_free(state, sizeof(XXH3_state_t));
}

const hst_hash_kernel HASH_KERNEL = {
    kernel_block, kernel_create, kernel_reset, kernel_add, kernel_digest, kernel_free,
};

#endif
