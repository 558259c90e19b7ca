/* A dictionary gives codes of up to 15 bytes the numbers 1, 2, ... in the order in which they are
 * met. Open addressing over 16-bit numbers: the table of the largest dictionary is 256 KiB, and the
 * codes met again and again stay in the first cache. */
#include <stdlib.h>
#include <string.h>

#include "ingest/store_internal.h"

enum { FIRST_SLOTS = 512, MAX_CODES = 65535 /* with number 0 */ };

static size_t slot_of(hst_dictionary_key key, uint32_t mask)
{
    /* two odd constants, so that a code of 8 bytes or less and its second word do not cancel */
    uint64_t mixed = (key.words[0] ^ (key.words[1] * 0x9E3779B97F4A7C15u)) * 0xD6E8FEB86659FD93u;

    return (size_t)(mixed >> 32) & mask;
}

bool hst_dictionary_init(hst_dictionary *dictionary)
{
    dictionary->mask = FIRST_SLOTS - 1;
    dictionary->n_codes = 1;
    dictionary->slots = calloc(FIRST_SLOTS, sizeof *dictionary->slots);
    dictionary->codes = calloc(FIRST_SLOTS / 2, sizeof *dictionary->codes);
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

/* Doubles the table, which is then at most half full again. */
static bool grow(hst_dictionary *dictionary)
{
    size_t n_slots = 2 * ((size_t)dictionary->mask + 1);
    uint16_t *slots = calloc(n_slots, sizeof *slots);
    hst_dictionary_key *codes = NULL;

    if (!slots) {
        return false;
    }
    codes = realloc(dictionary->codes, n_slots / 2 * sizeof *codes);
    if (!codes) {
        free(slots);
        return false;
    }
    for (size_t number = 1; number < dictionary->n_codes; number++) {
        size_t slot = slot_of(codes[number], (uint32_t)n_slots - 1);

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

/* Out of the way of the look-up, which it would slow down. */
static __attribute__((noinline)) uint16_t append(hst_dictionary *dictionary, hst_dictionary_key key,
                                                 size_t slot)
{
    uint32_t number = dictionary->n_codes;

    if (number >= MAX_CODES) {
        return HST_DICT_FULL;
    }
    if (number == (dictionary->mask + 1) / 2) {
        if (!grow(dictionary)) {
            return HST_DICT_FULL;
        }
        slot = slot_of(key, dictionary->mask);
        while (dictionary->slots[slot]) {
            slot = (slot + 1) & dictionary->mask;
        }
    }
    dictionary->slots[slot] = (uint16_t)number;
    dictionary->codes[number] = key;
    dictionary->n_codes++;
    return (uint16_t)number;
}

uint16_t hst_dictionary_number(hst_dictionary *dictionary, hst_dictionary_key key)
{
    size_t slot = slot_of(key, dictionary->mask);

    for (;; slot = (slot + 1) & dictionary->mask) {
        uint16_t number = dictionary->slots[slot];
        const hst_dictionary_key *known = &dictionary->codes[number];

        if (number == 0) {
            return append(dictionary, key, slot);
        }
        if (known->words[0] == key.words[0] && known->words[1] == key.words[1]) {
            return number;
        }
    }
}
