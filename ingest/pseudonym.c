/* Pseudonyms of an export: a keyed hash whose key is random, stands nowhere and is wiped. */
#include "hestia/pseudonym.h"

#include <assert.h>

#include <sodium.h>

#include "hestia/row_memory.h"

struct hst_pseudonyms {
    uint8_t key[crypto_shorthash_siphashx24_KEYBYTES];
};

static_assert(crypto_shorthash_siphashx24_BYTES == HST_PSEUDONYM_BYTES, "the hash is the name");

hst_status hst_pseudonyms_create(hst_pseudonyms **out, hst_error *err)
{
    *out = NULL;
    if (sodium_init() < 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "no random numbers for pseudonyms");
    }
    *out = hst_row_memory_take(sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the key of pseudonyms");
    }
    randombytes_buf((*out)->key, sizeof(*out)->key);
    return HST_OK;
}

void hst_pseudonyms_free(hst_pseudonyms *pseudonyms)
{
    if (pseudonyms) {
        hst_row_memory_free(pseudonyms, sizeof *pseudonyms);
    }
}

void hst_pseudonym_of(const hst_pseudonyms *pseudonyms, const void *bytes, size_t length,
                      uint8_t out[HST_PSEUDONYM_BYTES])
{
    crypto_shorthash_siphashx24(out, bytes, length, pseudonyms->key);
}
