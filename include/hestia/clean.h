#ifndef HESTIA_CLEAN_H
#define HESTIA_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "hestia/store.h"

/** What ingest does to the text of a field, for lists that are compared with what it stored. */

/** Cuts blanks, tabs and CR at both ends; the words NULL, Null, null are empty. */
const char *hst_clean_trim(const char *text, size_t *length);

/**
 * A provider's code as the store has it: upper case, a trust of the NHS by its first three
 * characters, the independent sector (N.., 8..) by five.
 *
 * @return its length, 0 for an empty text; HST_CODE_BYTES when the text is too long to be a code
 */
size_t hst_clean_provider(const char *text, size_t length, char code[HST_CODE_BYTES]);

/* An identifier of a person is the text between blanks (hst_clean_trim), hashed by hst_store_hash;
 * one as long as this is none. */
enum { HST_IDENTIFIER_BYTES = 1024 };

/** True for the names that deliveries give to columns of person identifiers, in upper or lower
 * case. */
bool hst_is_person_column(const char *name);

#endif
