#include "split_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter_internal.h"

static const char unknown[] = "unknown"; /* an empty field, an age that is not given */

typedef struct measure_split {
    size_t n, capacity;
    char **values;         /* [n + 1], values[0] = "", then sorted */
    uint32_t of_byte[256]; /* sex, ethnicity, quintile by decile, age band: number of a value */
    uint32_t **of_number;  /* [segment][dictionary number] for provider, specialty */
} measure_split;

struct hst_splits {
    const hst_measures *measures;
    size_t n_segments;
    measure_split *items; /* [measures->n] */
};

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the split values");
}

static hst_status add_value(measure_split *item, const char *value, hst_error *err)
{
    if (item->n + 2 > item->capacity) {
        size_t capacity = item->capacity ? 2 * item->capacity : 64;
        char **values = realloc(item->values, capacity * sizeof(char *));

        if (!values) {
            return no_memory(err);
        }
        item->values = values;
        item->capacity = capacity;
    }
    item->values[item->n + 1] = strdup(value);
    if (!item->values[item->n + 1]) {
        return no_memory(err);
    }
    item->n++;
    return HST_OK;
}

static int compare_values(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_values(measure_split *item)
{
    size_t kept = 0;

    item->values[0] = NULL;
    qsort(item->values + 1, item->n, sizeof(char *), compare_values);
    for (size_t i = 1; i <= item->n; i++) {
        if (kept > 0 && strcmp(item->values[i], item->values[kept]) == 0) {
            free(item->values[i]);
        } else {
            item->values[++kept] = item->values[i];
        }
    }
    item->n = kept;
}

static uint32_t number_of(const measure_split *item, const char *value)
{
    char *const *found = bsearch(&value, item->values + 1, item->n, sizeof(char *), compare_values);

    return (uint32_t)(found - item->values);
}

/* Text of one value of the fields that fit a byte. */
static void byte_value(const hst_measures *measures, hst_split split, unsigned byte, char text[32])
{
    const hst_age_bands *bands = &measures->bands;

    snprintf(text, 32, "%s", unknown);
    switch (split) {
    case HST_SPLIT_SEX:
    case HST_SPLIT_ETHNICITY:
        if (byte > ' ' && byte < 127) {
            snprintf(text, 32, "%c", (char)byte);
        }
        break;
    case HST_SPLIT_DEPRIVATION:
        if (byte >= 1 && byte <= 10) {
            snprintf(text, 32, "%u", (byte + 1) / 2);
        }
        break;
    case HST_SPLIT_AGE_BAND:
        if (byte < bands->n && bands->upper[byte] >= 999) {
            snprintf(text, 32, "%d+", bands->lower[byte]);
        } else if (byte < bands->n) {
            snprintf(text, 32, "%d-%d", bands->lower[byte], bands->upper[byte]);
        }
        break;
    default:
        break;
    }
}

static hst_status number_bytes(measure_split *item, const hst_measures *measures, hst_split split,
                               hst_error *err)
{
    hst_status status = HST_OK;
    char text[32];

    for (unsigned byte = 0; byte < 256 && !status; byte++) {
        byte_value(measures, split, byte, text);
        status = add_value(item, text, err);
    }
    if (status) {
        return status;
    }
    sort_values(item);
    for (unsigned byte = 0; byte < 256; byte++) {
        byte_value(measures, split, byte, text);
        item->of_byte[byte] = number_of(item, text);
    }
    return HST_OK;
}

/* Value of a number of a segment's dictionary. */
static const char *code_value(const hst_mergers *mergers, const hst_segment *segment,
                              unsigned dictionary, size_t number)
{
    const char *code = number == 0 ? unknown : hst_segment_code(segment, dictionary, number);

    return dictionary == HST_DICT_PROVIDER ? hst_mergers_code(mergers, code) : code;
}

static hst_status number_codes(measure_split *item, const hst_mergers *mergers, unsigned dictionary,
                               const hst_segment *const *segments, size_t n_segments,
                               hst_error *err)
{
    hst_status status = add_value(item, unknown, err);

    for (size_t s = 0; s < n_segments; s++) {
        for (size_t i = 1; i < hst_segment_n_codes(segments[s], dictionary) && !status; i++) {
            status = add_value(item, code_value(mergers, segments[s], dictionary, i), err);
        }
    }
    if (status) {
        return status;
    }
    sort_values(item);
    item->of_number = calloc(n_segments + 1, sizeof(uint32_t *));
    if (!item->of_number) {
        return no_memory(err);
    }
    for (size_t s = 0; s < n_segments; s++) {
        size_t n = hst_segment_n_codes(segments[s], dictionary);

        item->of_number[s] = calloc(n + 1, sizeof(uint32_t));
        if (!item->of_number[s]) {
            return no_memory(err);
        }
        for (size_t i = 0; i < n; i++) {
            item->of_number[s][i] =
                number_of(item, code_value(mergers, segments[s], dictionary, i));
        }
    }
    return HST_OK;
}

/* The condition clause at the top of a measure's filter; check_scope has seen that it is there. */
static const hst_clause *condition_clause(const hst_filter *filter)
{
    const hst_clause *clause = filter->clauses;

    while (clause->kind != HST_CLAUSE_CONDITION) {
        clause++;
    }
    return clause;
}

static hst_status number_sets(measure_split *item, const hst_measures *measures, size_t measure,
                              hst_error *err)
{
    const hst_clause *clause = condition_clause(&measures->items[measure].filter);
    hst_status status = HST_OK;

    for (size_t i = 0; i < clause->n_uses && !status; i++) {
        status = add_value(item, measures->uses[clause->uses[i]].name, err);
    }
    if (!status) {
        sort_values(item);
    }
    return status;
}

hst_status hst_splits_create(hst_splits **out, const hst_measures *measures,
                             const hst_segment *const *segments, size_t n_segments, hst_error *err)
{
    hst_splits *splits = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    splits = calloc(1, sizeof *splits);
    if (!splits) {
        return no_memory(err);
    }
    splits->measures = measures;
    splits->n_segments = n_segments;
    splits->items = calloc(measures->n + 1, sizeof *splits->items);
    if (!splits->items) {
        status = no_memory(err);
        goto done;
    }
    for (size_t m = 0; m < measures->n; m++) {
        measure_split *item = &splits->items[m];
        hst_split split = measures->items[m].split;

        switch (split) {
        case HST_SPLIT_NONE:
            break;
        case HST_SPLIT_PROVIDER:
            status =
                number_codes(item, measures->mergers, HST_DICT_PROVIDER, segments, n_segments, err);
            break;
        case HST_SPLIT_SPECIALTY:
            status = number_codes(item, measures->mergers, HST_DICT_SPECIALTY, segments, n_segments,
                                  err);
            break;
        case HST_SPLIT_CONDITION:
            status = number_sets(item, measures, m, err);
            break;
        case HST_SPLIT_SEX:
        case HST_SPLIT_AGE_BAND:
        case HST_SPLIT_DEPRIVATION:
        case HST_SPLIT_ETHNICITY:
            status = number_bytes(item, measures, split, err);
            break;
        }
        if (status) {
            goto done;
        }
    }
    *out = splits;
    splits = NULL; /* now the caller's */

done:
    hst_splits_free(splits);
    return status;
}

void hst_splits_free(hst_splits *splits)
{
    if (!splits) {
        return;
    }
    for (size_t m = 0; splits->items && m < splits->measures->n; m++) {
        measure_split *item = &splits->items[m];

        for (size_t i = 1; i <= item->n; i++) {
            free(item->values[i]);
        }
        for (size_t s = 0; item->of_number && s < splits->n_segments; s++) {
            free(item->of_number[s]);
        }
        free(item->values);
        free(item->of_number);
    }
    free(splits->items);
    free(splits);
}

const char *const *hst_splits_values(const hst_splits *splits, size_t measure, size_t *n)
{
    *n = splits->items[measure].n;
    return (const char *const *)splits->items[measure].values;
}

size_t hst_splits_of(const hst_splits *splits, size_t measure, size_t segment,
                     const hst_episode *episode, size_t band, const uint64_t *const *uses,
                     uint32_t *out)
{
    const measure_split *item = &splits->items[measure];
    const hst_compiled_measure *compiled = &splits->measures->items[measure];
    const hst_clause *clause = NULL;
    size_t n = 0;

    switch (compiled->split) {
    case HST_SPLIT_NONE:
        break;
    case HST_SPLIT_PROVIDER:
        out[n++] = item->of_number[segment][episode->provider];
        break;
    case HST_SPLIT_SPECIALTY:
        out[n++] = item->of_number[segment][hst_episode_specialty(episode, compiled->by_discharge)];
        break;
    case HST_SPLIT_SEX:
        out[n++] = item->of_byte[episode->sex];
        break;
    case HST_SPLIT_ETHNICITY:
        out[n++] = item->of_byte[episode->ethnos];
        break;
    case HST_SPLIT_DEPRIVATION:
        out[n++] = item->of_byte[episode->imd_decile];
        break;
    case HST_SPLIT_AGE_BAND:
        out[n++] = item->of_byte[band];
        break;
    case HST_SPLIT_CONDITION:
        clause = condition_clause(&compiled->filter);
        for (size_t i = 0; i < clause->n_uses; i++) {
            if (uses[clause->episode][clause->uses[i] / 64] >> clause->uses[i] % 64 & 1) {
                out[n++] = number_of(item, splits->measures->uses[clause->uses[i]].name);
            }
        }
        break;
    }
    return n;
}
