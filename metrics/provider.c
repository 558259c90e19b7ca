/* Trusts that were merged count under the code of the last one. */
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
