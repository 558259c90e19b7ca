/* A dictionary gives codes of up to 15 bytes the numbers 1, 2, ... in the order in which they are
 * met. Open addressing over 16-bit numbers: the table of the largest dictionary is 512 KiB, and the
 * codes met again and again stay in the first cache. */
#include <stdlib.h>
#include <string.h>

#include "ingest/store_internal.h"

enum {
    FIRST_SLOTS = 512,
    SLOTS_PER_CODE = 4, /* at least: a second probe is a branch mispredicted */
    MAX_CODES = 65535   /* with number 0 */
};

bool hst_dictionary_init(hst_dictionary *dictionary)
{
    dictionary->mask = FIRST_SLOTS - 1;
    dictionary->n_codes = 1;
    dictionary->slots = calloc(FIRST_SLOTS, sizeof *dictionary->slots);
    dictionary->codes = calloc(FIRST_SLOTS / SLOTS_PER_CODE, sizeof *dictionary->codes);
    if (!dictionary->slots || !dictionary->codes) {
        hst_dictionary_clear(dictionary);
        return false;
    }
    return true;
}

void hst_dictionary_clear(hst_dictionary *dictionary)
{
    free(dictionary->slots);
    free(dictionary->codes);
    *dictionary = (hst_dictionary){0};
}

/* Doubles the table. */
static bool grow(hst_dictionary *dictionary)
{
    size_t n_slots = 2 * ((size_t)dictionary->mask + 1);
    uint16_t *slots = calloc(n_slots, sizeof *slots);
    hst_dictionary_key *codes = NULL;

    if (!slots) {
        return false;
    }
    codes = realloc(dictionary->codes, n_slots / SLOTS_PER_CODE * sizeof *codes);
    if (!codes) {
        free(slots);
        return false;
    }
    for (size_t number = 1; number < dictionary->n_codes; number++) {
        size_t slot = hst_dictionary_slot(codes[number], (uint32_t)n_slots - 1);

        while (slots[slot]) {
            slot = (slot + 1) & (n_slots - 1);
        }
        slots[slot] = (uint16_t)number;
    }
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->codes = codes;
    dictionary->mask = (uint32_t)n_slots - 1;
    return true;
}

uint16_t hst_dictionary_append(hst_dictionary *dictionary, hst_dictionary_key key, size_t slot)
{
    uint32_t number = dictionary->n_codes;

    if (number >= MAX_CODES) {
        return HST_DICT_FULL;
    }
    if (number == (dictionary->mask + 1) / SLOTS_PER_CODE) {
        if (!grow(dictionary)) {
            dictionary->lacks_memory = true;
            return HST_DICT_FULL;
        }
        slot = hst_dictionary_slot(key, dictionary->mask);
        while (dictionary->slots[slot]) {
            slot = (slot + 1) & dictionary->mask;
        }
    }
    dictionary->slots[slot] = (uint16_t)number;
    dictionary->codes[number] = key;
    dictionary->n_codes++;
    return (uint16_t)number;
}
