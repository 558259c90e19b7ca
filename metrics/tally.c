#include "tally_internal.h"

#include <stdlib.h>

static size_t slot_of(const hst_tally *tally, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (tally->n_slots - 1);

    while (tally->slots[at].key != 0 && tally->slots[at].key != key) {
        at = (at + 1) & (tally->n_slots - 1);
    }
    return at;
}

static bool grow(hst_tally *tally)
{
    hst_tally grown = {.n = tally->n, .n_slots = tally->n_slots ? 2 * tally->n_slots : 1024};

    grown.slots = calloc(grown.n_slots, sizeof *grown.slots);
    if (!grown.slots) {
        return false;
    }
    for (size_t i = 0; i < tally->n_slots; i++) {
        if (tally->slots[i].key != 0) {
            grown.slots[slot_of(&grown, tally->slots[i].key)] = tally->slots[i];
        }
    }
    free(tally->slots);
    *tally = grown;
    return true;
}

/* The slot of a key, there from now on; NULL when there is no memory. */
static struct hst_tally_slot *take_slot(hst_tally *tally, uint64_t key)
{
    size_t at = 0;

    if (2 * tally->n >= tally->n_slots && !grow(tally)) {
        return NULL;
    }
    at = slot_of(tally, key + 1);
    tally->n += tally->slots[at].key == 0;
    tally->slots[at].key = key + 1;
    return &tally->slots[at];
}

bool hst_tally_add(hst_tally *tally, uint64_t key, uint64_t count)
{
    struct hst_tally_slot *slot = take_slot(tally, key);

    if (slot) {
        slot->count += count;
    }
    return slot != NULL;
}

bool hst_tally_merge(hst_tally *into, const hst_tally *from)
{
    for (size_t i = 0; i < from->n_slots; i++) {
        if (from->slots[i].key != 0 &&
            !hst_tally_add(into, from->slots[i].key - 1, from->slots[i].count)) {
            return false;
        }
    }
    return true;
}

void hst_tally_wire(hst_tally *tally, uint64_t end, hst_wire *wire)
{
    void **sorted =
        hst_wire_sort(wire, tally->slots, tally->n_slots, sizeof *tally->slots, tally->n);
    uint64_t key = 0;

    for (size_t i = 0; hst_wire_key(wire, sorted ? sorted[i] : NULL, end + 1, &key); i++) {
        struct hst_tally_slot *slot = sorted ? sorted[i] : take_slot(tally, key - 1);

        if (!slot) {
            hst_wire_no_memory(wire);
            break;
        }
        hst_wire_counts(wire, &slot->count, 1);
    }
    free(sorted);
}

static int compare_slots(const void *a, const void *b)
{
    const struct hst_tally_slot *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

void hst_tally_sort(hst_tally *tally)
{
    size_t n = 0;

    for (size_t i = 0; i < tally->n_slots; i++) {
        if (tally->slots[i].key != 0) {
            tally->slots[n++] = tally->slots[i];
        }
    }
    if (n > 0) {
        qsort(tally->slots, n, sizeof *tally->slots, compare_slots);
    }
}

size_t hst_tally_find(const hst_tally *tally, uint64_t key)
{
    size_t low = 0, high = tally->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tally->slots[middle].key - 1 < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void hst_tally_clear(hst_tally *tally)
{
    free(tally->slots);
    *tally = (hst_tally){0};
}
