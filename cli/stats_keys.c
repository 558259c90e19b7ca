/* Texts of some columns of a table, or of two tables, as numbers by first appearance. */
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"

hst_status stats_keys_init(stats_keys *keys, size_t n_columns, size_t capacity, hst_error *err)
{
    size_t n_slots = 1;

    while (n_slots < 2 * capacity + 2) {
        n_slots *= 2;
    }
    *keys = (stats_keys){.n_columns = n_columns,
                         .n_slots = n_slots,
                         .slots = calloc(n_slots, sizeof *keys->slots),
                         .keys = calloc(capacity + 1, sizeof *keys->keys)};
    return keys->slots && keys->keys
               ? HST_OK
               : hst_fail(err, HST_ERR_MEMORY, "no memory for the keys of %zu rows", capacity);
}

void stats_keys_clear(stats_keys *keys)
{
    free(keys->slots);
    free(keys->keys);
    *keys = (stats_keys){0};
}

static const char *text_of(const stats_key *key, size_t i)
{
    return hst_table_cell(key->table, key->row, key->columns[i]);
}

static size_t first_slot(const stats_keys *keys, const stats_key *key)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, the NUL of each text included */

    for (size_t i = 0; i < keys->n_columns; i++) {
        const char *c = text_of(key, i);

        do {
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
        } while (*c++ != '\0');
    }
    return (size_t)(hash ^ (hash >> 32)) & (keys->n_slots - 1);
}

static bool is_same(const stats_keys *keys, const stats_key *a, const stats_key *b)
{
    for (size_t i = 0; i < keys->n_columns; i++) {
        if (strcmp(text_of(a, i), text_of(b, i)) != 0) {
            return false;
        }
    }
    return true;
}

/* The slot of a key: its own, or the empty one where it belongs. */
static size_t slot_of(const stats_keys *keys, const stats_key *key)
{
    size_t slot = first_slot(keys, key);

    while (keys->slots[slot] != 0 && !is_same(keys, &keys->keys[keys->slots[slot] - 1], key)) {
        slot = (slot + 1) & (keys->n_slots - 1);
    }
    return slot;
}

size_t stats_keys_add(stats_keys *keys, stats_key key)
{
    size_t slot = slot_of(keys, &key);

    if (keys->slots[slot] == 0) {
        keys->keys[keys->n++] = key;
        keys->slots[slot] = keys->n;
    }
    return keys->slots[slot] - 1;
}

size_t stats_keys_find(const stats_keys *keys, stats_key key)
{
    size_t number = keys->slots[slot_of(keys, &key)];

    return number > 0 ? number - 1 : SIZE_MAX;
}
