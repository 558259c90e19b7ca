#ifndef HESTIA_METRICS_TALLY_INTERNAL_H
#define HESTIA_METRICS_TALLY_INTERNAL_H

#include "wire_internal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Numbers by a 64-bit key, for what is too thin for a slab: stays by their length. All zeros is an
 * empty tally. */
typedef struct hst_tally {
    size_t n, n_slots; /**< slots: a power of two, or 0 */
    struct hst_tally_slot {
        uint64_t key; /**< key + 1; 0 = free. After hst_tally_sort: key + 1 in order, [n] */
        uint64_t count;
    } * slots;
} hst_tally;

/** Adds to a key; false when there is no memory. Not after hst_tally_sort. */
bool hst_tally_add(hst_tally *tally, uint64_t key, uint64_t count);
bool hst_tally_merge(hst_tally *into, const hst_tally *from);

/** @param end  above all keys that it can have */
void hst_tally_wire(hst_tally *tally, uint64_t end, hst_wire *wire);

/** Puts the keys in order, for hst_tally_find. */
void hst_tally_sort(hst_tally *tally);

/** Index of the first key that is not below `key`, of a sorted tally. */
size_t hst_tally_find(const hst_tally *tally, uint64_t key);
void hst_tally_clear(hst_tally *tally);

#endif
