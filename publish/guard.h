/* Texts from outside in tables that are opened with a spreadsheet. */
#ifndef HESTIA_PUBLISH_GUARD_H
#define HESTIA_PUBLISH_GUARD_H

#include <stddef.h>

/** Room for texts that had to be changed; begin with zeros, end with hst_guard_clear. */
typedef struct hst_guard {
    char *text;
    size_t capacity;
} hst_guard;

/**
 * A text as it may stand in a table: UTF-8 without control characters but line ends, and with an
 * apostrophe before what a spreadsheet would take for a formula, at its beginning or after a
 * separator, at which some split a cell.
 *
 * @return `text` itself where it may stay; else borrowed until the next call; NULL without memory
 */
const char *hst_guard_text(hst_guard *guard, const char *text);

void hst_guard_clear(hst_guard *guard);

#endif
