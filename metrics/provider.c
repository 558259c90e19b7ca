/* Providers over all files: trusts that were merged count under the code of the last one. */
#include "provider_internal.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/clean.h"
#include "hestia/table.h"

typedef struct merger {
    char from[HST_CODE_BYTES], to[HST_CODE_BYTES];
    size_t line;
} merger;

struct hst_mergers {
    size_t n;
    merger *items; /* [n], sorted by `from`; `to` is the end of the chain */
};

struct hst_providers {
    size_t n;
    char (*codes)[HST_CODE_BYTES]; /* [n], codes[0] = "", then sorted */
    size_t n_segments;
    uint32_t **of_segment; /* [n_segments][dictionary number] */
};

/* ---- mergers ---- */

static int compare_mergers(const void *a, const void *b)
{
    const merger *x = a, *y = b;
    int order = strcmp(x->from, y->from);

    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static const merger *find_merger(const hst_mergers *mergers, const char *code)
{
    size_t low = 0, high = mergers->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(mergers->items[middle].from, code) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < mergers->n && strcmp(mergers->items[low].from, code) == 0 ? &mergers->items[low]
                                                                           : NULL;
}

static hst_status read_code(const hst_table *table, size_t row, size_t column,
                            char code[HST_CODE_BYTES], hst_error *err)
{
    const char *cell = hst_table_cell(table, row, column);
    size_t length = strlen(cell), n = hst_clean_provider(cell, length, code);

    if (n == 0 || n != length) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s, line %zu, column %s: not a provider's code as it is counted: three "
                        "characters for trusts, five for codes that begin with N or 8",
                        hst_table_name(table), hst_table_line(table, row),
                        hst_table_column_name(table, column));
    }
    return HST_OK;
}

/* Rows sorted and each code once. */
static hst_status sort_mergers(hst_mergers *mergers, const char *path, hst_error *err)
{
    size_t n = 0;

    qsort(mergers->items, mergers->n, sizeof *mergers->items, compare_mergers);
    for (size_t i = 0; i < mergers->n; i++) {
        const merger *item = &mergers->items[i];

        if (n == 0 || strcmp(mergers->items[n - 1].from, item->from) != 0) {
            mergers->items[n++] = *item;
        } else if (strcmp(mergers->items[n - 1].to, item->to) != 0) {
            return hst_fail(err, HST_ERR_INPUT,
                            "%s, lines %zu and %zu: one code_from was merged into two others; keep "
                            "the row that holds for the study",
                            path, mergers->items[n - 1].line, item->line);
        }
    }
    mergers->n = n;
    return HST_OK;
}

/* Puts the end of its chain into every row. */
static hst_status follow_chains(hst_mergers *mergers, const char *path, hst_error *err)
{
    for (size_t i = 0; i < mergers->n; i++) {
        const merger *next = &mergers->items[i];
        size_t steps = 0;

        for (const merger *at = next; at; at = find_merger(mergers, at->to)) {
            next = at;
            if (steps++ == mergers->n) {
                return hst_fail(err, HST_ERR_INPUT,
                                "%s, line %zu: the mergers from here lead round in a circle", path,
                                mergers->items[i].line);
            }
        }
        memcpy(mergers->items[i].to, next->to, sizeof next->to);
    }
    return HST_OK;
}

static hst_status read_mergers(hst_mergers *mergers, const hst_table *table, hst_error *err)
{
    size_t from = 0, to = 0;
    hst_status status = hst_table_require(table, "code_from", &from, err);

    if (!status) {
        status = hst_table_require(table, "code_to", &to, err);
    }
    if (status) {
        return status;
    }
    mergers->items = calloc(hst_table_n_rows(table) + 1, sizeof *mergers->items);
    if (!mergers->items) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the mergers of providers");
    }
    for (; mergers->n < hst_table_n_rows(table) && !status; mergers->n++) {
        merger *item = &mergers->items[mergers->n];

        item->line = hst_table_line(table, mergers->n);
        status = read_code(table, mergers->n, from, item->from, err);
        if (!status) {
            status = read_code(table, mergers->n, to, item->to, err);
        }
    }
    if (!status) {
        status = sort_mergers(mergers, hst_table_name(table), err);
    }
    return status ? status : follow_chains(mergers, hst_table_name(table), err);
}

hst_status hst_mergers_read(hst_mergers **out, const char *path, hst_error *err)
{
    hst_mergers *mergers = NULL;
    hst_table *table = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    mergers = calloc(1, sizeof *mergers);
    if (!mergers) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the mergers of providers");
    }
    if (path) {
        status = hst_table_read(&table, path, err);
        if (!status) {
            status = read_mergers(mergers, table, err);
        }
    }
    if (status) {
        goto done;
    }
    *out = mergers;
    mergers = NULL; /* now the caller's */

done:
    hst_table_free(table);
    hst_mergers_free(mergers);
    return status;
}

void hst_mergers_free(hst_mergers *mergers)
{
    if (!mergers) {
        return;
    }
    free(mergers->items);
    free(mergers);
}

const char *hst_mergers_code(const hst_mergers *mergers, const char *code)
{
    const merger *found = mergers ? find_merger(mergers, code) : NULL;

    return found ? found->to : code;
}

/* ---- numbers ---- */

static int compare_codes(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All codes after mergers, sorted, each once. */
static hst_status list_codes(hst_providers *providers, const hst_mergers *mergers,
                             const hst_segment *const *segments, hst_error *err)
{
    size_t n = 1, n_all = 1;

    for (size_t s = 0; s < providers->n_segments; s++) {
        n_all += hst_segment_n_codes(segments[s], HST_DICT_PROVIDER);
    }
    providers->codes = calloc(n_all, sizeof *providers->codes);
    if (!providers->codes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the providers");
    }
    for (size_t s = 0; s < providers->n_segments; s++) {
        for (size_t i = 1; i < hst_segment_n_codes(segments[s], HST_DICT_PROVIDER); i++) {
            const char *code = hst_segment_code(segments[s], HST_DICT_PROVIDER, i);

            code = hst_mergers_code(mergers, code);
            memcpy(providers->codes[n++], code, strlen(code) + 1);
        }
    }
    qsort(providers->codes, n, sizeof *providers->codes, compare_codes); /* "" stays first */
    providers->n = 1;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(providers->codes[i], providers->codes[providers->n - 1]) != 0) {
            memmove(providers->codes[providers->n++], providers->codes[i], HST_CODE_BYTES);
        }
    }
    return HST_OK;
}

static hst_status number_segment(hst_providers *providers, const hst_mergers *mergers,
                                 const hst_segment *segment, uint32_t **out, hst_error *err)
{
    size_t n = hst_segment_n_codes(segment, HST_DICT_PROVIDER);
    uint32_t *numbers = calloc(n + 1, sizeof *numbers);

    *out = numbers;
    if (!numbers) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the providers");
    }
    for (size_t i = 1; i < n; i++) {
        const char *code =
            hst_mergers_code(mergers, hst_segment_code(segment, HST_DICT_PROVIDER, i));
        const void *found =
            bsearch(code, providers->codes, providers->n, sizeof *providers->codes, compare_codes);

        numbers[i] = (uint32_t)(((const char *)found - providers->codes[0]) / HST_CODE_BYTES);
    }
    return HST_OK;
}

hst_status hst_providers_create(hst_providers **out, const hst_mergers *mergers,
                                const hst_segment *const *segments, size_t n_segments,
                                hst_error *err)
{
    hst_providers *providers = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    providers = calloc(1, sizeof *providers);
    if (!providers) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the providers");
    }
    providers->n_segments = n_segments;
    providers->of_segment = calloc(n_segments + 1, sizeof(uint32_t *));
    if (!providers->of_segment) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the providers");
        goto done;
    }
    status = list_codes(providers, mergers, segments, err);
    for (size_t s = 0; s < n_segments && !status; s++) {
        status = number_segment(providers, mergers, segments[s], &providers->of_segment[s], err);
    }
    if (status) {
        goto done;
    }
    *out = providers;
    providers = NULL; /* now the caller's */

done:
    hst_providers_free(providers);
    return status;
}

void hst_providers_free(hst_providers *providers)
{
    if (!providers) {
        return;
    }
    for (size_t s = 0; providers->of_segment && s < providers->n_segments; s++) {
        free(providers->of_segment[s]);
    }
    free(providers->of_segment);
    free(providers->codes);
    free(providers);
}

const uint32_t *hst_providers_of(const hst_providers *providers, size_t segment)
{
    return providers->of_segment[segment];
}

const char *hst_providers_code(const hst_providers *providers, uint32_t number)
{
    return providers->codes[number];
}

size_t hst_providers_n(const hst_providers *providers)
{
    return providers->n;
}
