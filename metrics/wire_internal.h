#ifndef HESTIA_METRICS_WIRE_INTERNAL_H
#define HESTIA_METRICS_WIRE_INTERNAL_H

#include "hestia/status.h"

#include <stdint.h>

/**
 * Counts on their way from one process to another, as bytes.
 *
 * Each structure of counts has one function that shows all its numbers to a wire in one order. A
 * wire that packs writes them down; one that adds takes what another has written and adds it to
 * them. So what is packed and what is added cannot get out of step. After a failure all calls do
 * nothing, and hst_wire_end returns the first one.
 *
 * A number is in LEB128, its lowest bit set where it is no count but that of so many zeros in a
 * row: most cells are 0, and most others small. At the end stands the XXH3-64 of all before.
 */
typedef struct hst_wire {
    bool packs; /**< else it adds */
    hst_status status;
    hst_error *err;
    size_t n, capacity; /**< bytes written */
    unsigned char *bytes;
    const unsigned char *at, *end; /**< what is left to read */
    uint64_t zeros;                /**< in a row: not yet written, or still to come */
    uint64_t last_key;
} hst_wire;

void hst_wire_pack(hst_wire *wire, hst_error *err);

/** @param bytes  borrowed until hst_wire_end; their checksum is looked at first */
void hst_wire_add(hst_wire *wire, const unsigned char *bytes, size_t n, hst_error *err);

/**
 * Ends either.
 *
 * @param bytes  receives what a wire has packed, which the caller frees; NULL on failure, or when
 *               it adds
 * @return the first failure: HST_ERR_MEMORY; of a wire that adds HST_ERR_SYSTEM, bytes that are
 * damaged, too few or too many; HST_ERR_USAGE, another shape; HST_ERR_RANGE, a sum that does not
 * fit its number
 */
HST_MUST_CHECK hst_status hst_wire_end(hst_wire *wire, unsigned char **bytes, size_t *n);

/** A number that must be the same on both sides: all that sizes of arrays depend on. */
void hst_wire_shape(hst_wire *wire, uint64_t number);

void hst_wire_counts(hst_wire *wire, uint64_t *counts, size_t n);
void hst_wire_counts32(hst_wire *wire, uint32_t *counts, size_t n);

/** Packs what is given and returns it; when adding, what was packed. False after a failure. */
bool hst_wire_is(hst_wire *wire, bool is);

/**
 * The next key of a list, each above the one before.
 *
 * @param given  what to pack, NULL to end the list; not looked at when adding
 * @param key    receives it, above 0 and below `end`
 * @return false at the end of the list, and after a failure
 */
bool hst_wire_key(hst_wire *wire, const uint64_t *given, uint64_t end, uint64_t *key);

/** What a structure says when it has no memory for what is added, when what comes makes no sense
 * in it, and when a sum does not fit. */
void hst_wire_no_memory(hst_wire *wire);
void hst_wire_damaged(hst_wire *wire);
void hst_wire_too_large(hst_wire *wire);

/**
 * What a hash table holds in the order of its keys, so that equal contents make equal bytes.
 *
 * @param slots  each begins with its key, uint64_t, 0 = free; `n` of them are in use
 * @return [n + 1] pointers to slots and NULL, for hst_wire_key, freed by the caller; NULL when the
 * wire adds, or without memory
 */
void **hst_wire_sort(hst_wire *wire, void *slots, size_t n_slots, size_t slot_bytes, size_t n);

#endif
