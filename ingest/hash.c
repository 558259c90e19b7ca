#include "ingest/hash.h"

#include <stdbool.h>
#include <stdlib.h>

#define HASH_KERNEL hst_hash_portable
#include "ingest/hash_kernel.h"

struct hst_stream_hash {
    const hst_hash_kernel *kernel;
    void *state;
};

static const hst_hash_kernel *best_kernel(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        return &hst_hash_avx2;
    }
#endif
    return &hst_hash_portable;
}

uint64_t hst_hash_block(const void *bytes, size_t n)
{
    return best_kernel()->block(bytes, n);
}

hst_stream_hash *hst_stream_hash_create(void)
{
    hst_stream_hash *hash = malloc(sizeof *hash);

    if (!hash) {
        return NULL;
    }
    hash->kernel = best_kernel();
    hash->state = hash->kernel->create();
    if (!hash->state) {
        free(hash);
        return NULL;
    }
    hash->kernel->reset(hash->state);
    return hash;
}

void hst_stream_hash_free(hst_stream_hash *hash)
{
    if (hash) {
        hash->kernel->free(hash->state);
        free(hash);
    }
}

void hst_stream_hash_reset(hst_stream_hash *hash)
{
    hash->kernel->reset(hash->state);
}

void hst_stream_hash_add(hst_stream_hash *hash, const void *bytes, size_t n)
{
    hash->kernel->add(hash->state, bytes, n);
}

void hst_stream_hash_digest(const hst_stream_hash *hash, uint8_t digest[HST_DIGEST_BYTES])
{
    hash->kernel->digest(hash->state, digest);
}
