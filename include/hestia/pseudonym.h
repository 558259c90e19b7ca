#ifndef HESTIA_PSEUDONYM_H
#define HESTIA_PSEUDONYM_H

#include <stddef.h>
#include <stdint.h>

#include "hestia/status.h"

/**
 * A key for pseudonyms that nobody has seen and that is gone when it is freed: two tables made with
 * two keys cannot be joined by them, nor with the store. Pseudonyms are only read from it, so
 * threads may share it.
 */
typedef struct hst_pseudonyms hst_pseudonyms;

enum { HST_PSEUDONYM_BYTES = 16 };

/** @return HST_ERR_SYSTEM when the system gives no random numbers; HST_ERR_MEMORY */
HST_MUST_CHECK hst_status hst_pseudonyms_create(hst_pseudonyms **out, hst_error *err);

/** Wipes the key; NULL is allowed. */
void hst_pseudonyms_free(hst_pseudonyms *pseudonyms);

/** Keyed hash (libsodium siphashx24) of some bytes. */
void hst_pseudonym_of(const hst_pseudonyms *pseudonyms, const void *bytes, size_t length,
                      uint8_t out[HST_PSEUDONYM_BYTES]);

#endif
