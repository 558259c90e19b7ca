#include "hestia/ledger.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum { N_TEXTS = 7 };

/* The texts of a line lie one after another, each with its NUL, in one allocation that `stage`
 * points to: so comparing and hashing a line is comparing and hashing one block. */
typedef struct ledger_entry {
    hst_ledger_line line;
    size_t n_bytes;
} ledger_entry;

struct hst_ledger {
    size_t n, capacity;
    ledger_entry *entries;   /* [capacity], in order of arrival */
    hst_ledger_line *sorted; /* [capacity], made when asked for */
    size_t n_slots;          /* a power of two, at least twice `capacity` */
    size_t *slots;           /* index in `entries` + 1; 0 = free */
};

hst_status hst_ledger_create(hst_ledger **out, hst_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the ledger");
    }
    return HST_OK;
}

void hst_ledger_free(hst_ledger *ledger)
{
    if (!ledger) {
        return;
    }
    for (size_t i = 0; i < ledger->n; i++) {
        free((char *)ledger->entries[i].line.stage);
    }
    free(ledger->entries);
    free(ledger->sorted);
    free(ledger->slots);
    free(ledger);
}

/* Slot of a line: the one that holds it, or the free one where it belongs. */
static size_t *find_slot(const hst_ledger *ledger, size_t *slots, size_t n_slots, const char *text,
                         size_t n_bytes)
{
    size_t at = (size_t)XXH3_64bits(text, n_bytes) & (n_slots - 1);

    for (; slots[at] != 0; at = (at + 1) & (n_slots - 1)) {
        const ledger_entry *entry = &ledger->entries[slots[at] - 1];

        if (entry->n_bytes == n_bytes && memcmp(entry->line.stage, text, n_bytes) == 0) {
            break;
        }
    }
    return &slots[at];
}

static hst_status grow(hst_ledger *ledger, hst_error *err)
{
    size_t capacity = ledger->capacity ? ledger->capacity * 2 : 64;
    ledger_entry *entries = realloc(ledger->entries, capacity * sizeof *entries);
    hst_ledger_line *sorted = NULL;
    size_t *slots = NULL;

    if (!entries) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu ledger lines", capacity);
    }
    ledger->entries = entries;
    sorted = realloc(ledger->sorted, capacity * sizeof *sorted);
    if (!sorted) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu ledger lines", capacity);
    }
    ledger->sorted = sorted;
    slots = calloc(2 * capacity, sizeof *slots);
    if (!slots) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu ledger lines", capacity);
    }
    for (size_t i = 0; i < ledger->n; i++) {
        *find_slot(ledger, slots, 2 * capacity, entries[i].line.stage, entries[i].n_bytes) = i + 1;
    }
    free(ledger->slots);
    ledger->slots = slots;
    ledger->n_slots = 2 * capacity;
    ledger->capacity = capacity;
    return HST_OK;
}

/* Copies the texts of a line into one block, NULL as "". */
static char *copy_texts(const char *const texts[N_TEXTS], size_t *n_bytes)
{
    size_t n = 0;
    char *block = NULL;

    for (size_t i = 0; i < N_TEXTS; i++) {
        n += (texts[i] ? strlen(texts[i]) : 0) + 1;
    }
    block = malloc(n);
    *n_bytes = 0;
    for (size_t i = 0; block && i < N_TEXTS; i++) {
        size_t length = (texts[i] ? strlen(texts[i]) : 0) + 1;

        memcpy(block + *n_bytes, texts[i] ? texts[i] : "", length);
        *n_bytes += length;
    }
    return block;
}

static const char *after(const char *text)
{
    return text + strlen(text) + 1;
}

hst_status hst_ledger_add(hst_ledger *ledger, const hst_ledger_line *line, hst_error *err)
{
    const char *const texts[N_TEXTS] = {line->stage, line->dataset, line->file,  line->measure,
                                        line->area,  line->period,  line->reason};
    hst_status status = HST_OK;
    char *block = NULL;
    size_t n_bytes = 0, *slot = NULL;
    ledger_entry *entry = NULL;

    if (!ledger) {
        return HST_OK;
    }
    block = copy_texts(texts, &n_bytes);
    if (!block) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a ledger line");
    }
    if (ledger->n == ledger->capacity) {
        status = grow(ledger, err);
        if (status) {
            goto done;
        }
    }
    slot = find_slot(ledger, ledger->slots, ledger->n_slots, block, n_bytes);
    if (*slot != 0) {
        ledger->entries[*slot - 1].line.n += line->n;
        goto done;
    }
    entry = &ledger->entries[ledger->n];
    entry->n_bytes = n_bytes;
    entry->line.stage = block;
    entry->line.dataset = after(entry->line.stage);
    entry->line.file = after(entry->line.dataset);
    entry->line.measure = after(entry->line.file);
    entry->line.area = after(entry->line.measure);
    entry->line.period = after(entry->line.area);
    entry->line.reason = after(entry->line.period);
    entry->line.n = line->n;
    *slot = ++ledger->n;
    block = NULL; /* now the ledger's */

done:
    free(block);
    return status;
}

static int compare_lines(const void *a, const void *b)
{
    const hst_ledger_line *x = a, *y = b;
    const char *const of_x[N_TEXTS] = {x->stage, x->dataset, x->file,  x->measure,
                                       x->area,  x->period,  x->reason};
    const char *const of_y[N_TEXTS] = {y->stage, y->dataset, y->file,  y->measure,
                                       y->area,  y->period,  y->reason};
    int order = 0;

    for (size_t i = 0; i < N_TEXTS && order == 0; i++) {
        order = strcmp(of_x[i], of_y[i]);
    }
    return order;
}

const hst_ledger_line *hst_ledger_lines(hst_ledger *ledger, size_t *n)
{
    *n = ledger->n;
    for (size_t i = 0; i < ledger->n; i++) {
        ledger->sorted[i] = ledger->entries[i].line;
    }
    if (ledger->n > 0) {
        qsort(ledger->sorted, ledger->n, sizeof *ledger->sorted, compare_lines);
    }
    return ledger->sorted;
}
