/* The rows of population files and the codes of their areas, numbered through a hash table. */
#include <stdlib.h>
#include <string.h>

#include "standardise/population_file.h"

static size_t slot_of(const population_rows *rows, const char *code)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    size_t slot = 0;

    for (const char *c = code; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    slot = (size_t)(hash ^ (hash >> 32)) & (rows->n_slots - 1);
    while (rows->slots[slot] != 0 && strcmp(rows->codes[rows->slots[slot] - 1], code) != 0) {
        slot = (slot + 1) & (rows->n_slots - 1);
    }
    return slot;
}

static bool enlarge_codes(population_rows *rows)
{
    size_t capacity = rows->codes_capacity ? rows->codes_capacity * 2 : 64;
    char **codes = realloc(rows->codes, capacity * sizeof *codes);
    uint32_t *slots = NULL;

    if (!codes) {
        return false;
    }
    rows->codes = codes;
    slots = calloc(2 * capacity, sizeof *slots);
    if (!slots) {
        return false;
    }
    free(rows->slots);
    rows->slots = slots;
    rows->n_slots = 2 * capacity;
    rows->codes_capacity = capacity;
    for (size_t i = 0; i < rows->n_codes; i++) {
        slots[slot_of(rows, rows->codes[i])] = (uint32_t)(i + 1);
    }
    return true;
}

/* Number of an area's code; the files mostly hold all rows of an area together. */
static bool number_of(population_rows *rows, const char *code, uint32_t *out)
{
    size_t slot = 0;

    if (rows->n_rows > 0 && strcmp(rows->codes[rows->rows[rows->n_rows - 1].area], code) == 0) {
        *out = rows->rows[rows->n_rows - 1].area;
        return true;
    }
    if (rows->n_codes == rows->codes_capacity && !enlarge_codes(rows)) {
        return false;
    }
    slot = slot_of(rows, code);
    if (rows->slots[slot] == 0) {
        char *copy = strdup(code);

        if (!copy) {
            return false;
        }
        rows->codes[rows->n_codes++] = copy;
        rows->slots[slot] = (uint32_t)rows->n_codes;
    }
    *out = rows->slots[slot] - 1;
    return true;
}

bool population_rows_append(population_rows *rows, const char *code, population_row row)
{
    if (rows->n_rows == rows->capacity) {
        size_t capacity = rows->capacity ? rows->capacity * 2 : 4096;
        population_row *larger = realloc(rows->rows, capacity * sizeof *larger);

        if (!larger) {
            return false;
        }
        rows->rows = larger;
        rows->capacity = capacity;
    }
    if (!number_of(rows, code, &row.area)) {
        return false;
    }
    rows->rows[rows->n_rows++] = row;
    return true;
}

void population_rows_clear(population_rows *rows)
{
    for (size_t i = 0; i < rows->n_codes; i++) {
        free(rows->codes[i]);
    }
    free(rows->codes);
    free(rows->slots);
    free(rows->rows);
    *rows = (population_rows){0};
}
