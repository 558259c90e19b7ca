/* XXH3 of long texts. The library's own functions are compiled for any processor; these are
 * compiled for the one that runs them as well, three times as fast, with the same results. */
#ifndef HESTIA_HASH_H
#define HESTIA_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { HST_DIGEST_BYTES = 16 };

/** XXH3-64 of a block. */
uint64_t hst_hash_block(const void *bytes, size_t n);

/** XXH3-128 of a text that comes in pieces. */
typedef struct hst_stream_hash hst_stream_hash;

/** @return NULL without memory */
hst_stream_hash *hst_stream_hash_create(void);
void hst_stream_hash_free(hst_stream_hash *hash);

/** Begins again with nothing. */
void hst_stream_hash_reset(hst_stream_hash *hash);
void hst_stream_hash_add(hst_stream_hash *hash, const void *bytes, size_t n);

/** The canonical digest of all that has been added. */
void hst_stream_hash_digest(const hst_stream_hash *hash, uint8_t digest[HST_DIGEST_BYTES]);

#endif
