/*
 * Repeats of a record key. They are rare, so the common case must be cheap: a Bloom filter of 16
 * bits a row, small enough for the processor's cache, passes all keys that were never seen; only
 * the keys it suspects, true repeats and a chance hit in some hundred rows, are looked up again and
 * sorted.
 */
#include "duplicate_internal.h"

#include <stdlib.h>
#include <string.h>

#include "partition_internal.h"

void hst_duplicates_clear(hst_duplicates *search)
{
    free(search->filter);
    free(search->hashes);
    free(search->rows);
    free(search->segments);
    free(search->suspects);
    free(search->copies);
    *search = (hst_duplicates){0};
}

hst_status hst_duplicates_begin(hst_duplicates *search, size_t n_rows, hst_error *err)
{
    size_t n_words = 64;

    while (n_words < n_rows / 4) { /* 16 bits a row */
        n_words *= 2;
    }
    if (n_rows > search->capacity) {
        hst_duplicates_clear(search);
        search->capacity = n_rows;
        search->filter = malloc(n_words * sizeof *search->filter);
        search->hashes = malloc(n_rows * sizeof *search->hashes);
        search->rows = malloc(n_rows * sizeof(hst_episode *));
        search->segments = malloc(n_rows * sizeof(hst_segment *));
        search->suspects = malloc(n_rows * sizeof *search->suspects);
        search->copies = malloc(n_rows * sizeof *search->copies);
        if (!search->filter || !search->hashes || !search->rows || !search->segments ||
            !search->suspects || !search->copies) {
            hst_duplicates_clear(search);
            return hst_fail(err, HST_ERR_MEMORY, "no memory to look for repeated records");
        }
    }
    search->n_words = n_words;
    search->n_rows = search->n_suspects = 0;
    if (search->filter) {
        memset(search->filter, 0, n_words * sizeof *search->filter);
    }
    return HST_OK;
}

/* ---- filter ---- */

static uint64_t hash_key(uint64_t key)
{
    key *= UINT64_C(0x9E3779B97F4A7C15);
    return key ^ key >> 29;
}

/* Three bits of one word: one cache line a key. */
static uint64_t bits_of(uint64_t hash)
{
    return UINT64_C(1) << (hash & 63) | UINT64_C(1) << (hash >> 6 & 63) |
           UINT64_C(1) << (hash >> 12 & 63);
}

static size_t word_of(uint64_t hash, size_t n_words)
{
    return (size_t)(hash >> 32) & (n_words - 1);
}

/* ---- which copy is kept ---- */

static int compare_codes(const hst_copy *a, const hst_copy *b, unsigned dictionary, uint16_t x,
                         uint16_t y)
{
    return strcmp(hst_segment_code(a->segment, dictionary, x),
                  hst_segment_code(b->segment, dictionary, y));
}

static int compare_lists(const hst_copy *a, const hst_copy *b, unsigned dictionary,
                         const uint16_t *x, size_t n_x, const uint16_t *y, size_t n_y)
{
    int order = 0;

    for (size_t i = 0; i < n_x && i < n_y && order == 0; i++) {
        order = compare_codes(a, b, dictionary, x[i], y[i]);
    }
    return order ? order : hst_compare_numbers(n_x, n_y);
}

static int compare_areas(const hst_copy *a, const hst_copy *b, const uint16_t *x, const uint16_t *y)
{
    const hst_segment_info *of_a = hst_segment_get_info(a->segment);
    const hst_segment_info *of_b = hst_segment_get_info(b->segment);
    int order = 0;

    for (size_t i = 0; i < of_a->n_area_columns && i < of_b->n_area_columns && order == 0; i++) {
        order = strcmp(of_a->area_columns[i], of_b->area_columns[i]);
        if (order == 0) {
            order = strcmp(hst_segment_code(a->segment, (unsigned)(HST_DICT_AREA + i), x[i]),
                           hst_segment_code(b->segment, (unsigned)(HST_DICT_AREA + i), y[i]));
        }
    }
    return order ? order : hst_compare_numbers(of_a->n_area_columns, of_b->n_area_columns);
}

/* Minute of arrival; of an inpatient the same place holds a keyed hash. */
static uint64_t minute_of(const hst_copy *copy)
{
    bool is_ae = hst_segment_get_info(copy->segment)->dataset == HST_DATASET_AE;

    return is_ae ? copy->episode->spell_number : 0;
}

int hst_copy_compare_fields(const hst_copy *a, const hst_copy *b)
{
    const hst_episode *x = a->episode, *y = b->episode;
    const uint64_t of_x[] = {x->admidate, x->disdate,      x->epistart, x->epiend,  x->admimeth,
                             x->admisorc, x->disdest,      x->startage, x->sex,     x->epiorder,
                             x->epitype,  x->classpat,     x->dismeth,  x->ethnos,  x->imd_decile,
                             x->flags,    x->completeness, x->subdate,  x->epistat, minute_of(a)};
    const uint64_t of_y[] = {y->admidate, y->disdate,      y->epistart, y->epiend,  y->admimeth,
                             y->admisorc, y->disdest,      y->startage, y->sex,     y->epiorder,
                             y->epitype,  y->classpat,     y->dismeth,  y->ethnos,  y->imd_decile,
                             y->flags,    y->completeness, y->subdate,  y->epistat, minute_of(b)};
    const uint16_t *words_x = hst_episode_words(x), *words_y = hst_episode_words(y);
    size_t areas_x = (size_t)(x->n_words - x->n_diagnoses - x->n_procedures);
    size_t areas_y = (size_t)(y->n_words - y->n_diagnoses - y->n_procedures);
    int order = 0;

    for (size_t i = 0; i < sizeof of_x / sizeof of_x[0] && order == 0; i++) {
        order = hst_compare_numbers(of_x[i], of_y[i]);
    }
    order = order ? order : compare_codes(a, b, HST_DICT_PROVIDER, x->provider, y->provider);
    order = order ? order : compare_codes(a, b, HST_DICT_SPECIALTY, x->mainspef, y->mainspef);
    order = order ? order : compare_codes(a, b, HST_DICT_SPECIALTY, x->tretspef, y->tretspef);
    order =
        order ? order : compare_codes(a, b, HST_DICT_GP_PRACTICE, x->gp_practice, y->gp_practice);
    order = order ? order : compare_areas(a, b, words_x, words_y);
    order = order ? order
                  : compare_lists(a, b, HST_DICT_DIAGNOSIS, words_x + areas_x, x->n_diagnoses,
                                  words_y + areas_y, y->n_diagnoses);
    return order ? order
                 : compare_lists(a, b, HST_DICT_PROCEDURE, words_x + areas_x + x->n_diagnoses,
                                 x->n_procedures, words_y + areas_y + y->n_diagnoses,
                                 y->n_procedures);
}

/* By person and key, and of one key the copy to keep first. */
static int compare_copies(const void *p, const void *q)
{
    const hst_copy *a = p, *b = q;
    const hst_episode *x = a->episode, *y = b->episode;
    int order = hst_compare_numbers(x->record_key, y->record_key);

    order = order ? order : hst_compare_numbers(x->person[0], y->person[0]);
    order = order ? order : hst_compare_numbers(x->person[1], y->person[1]);
    order = order ? order : hst_compare_numbers(y->epistat == '3', x->epistat == '3');
    order = order ? order
                  : hst_compare_numbers(hst_segment_get_info(b->segment)->partyear_max,
                                        hst_segment_get_info(a->segment)->partyear_max);
    order = order ? order : hst_compare_numbers(y->subdate, x->subdate);
    return order ? order : hst_copy_compare_fields(a, b);
}

static bool is_same_record(const hst_episode *a, const hst_episode *b)
{
    return a->record_key == b->record_key && a->person[0] == b->person[0] &&
           a->person[1] == b->person[1];
}

/* ---- the search ---- */

void hst_duplicates_add(hst_duplicates *search, const hst_block *block)
{
    for (size_t at = 0; at < block->bytes;) {
        hst_episode *episode = (hst_episode *)(void *)(block->records + at);
        uint64_t hash = hash_key(episode->record_key), bits = bits_of(hash);
        uint64_t *word = &search->filter[word_of(hash, search->n_words)];

        if ((*word & bits) == bits) {
            search->suspects[search->n_suspects++] = episode->record_key;
        }
        *word |= bits;
        search->hashes[search->n_rows] = hash;
        search->rows[search->n_rows] = episode;
        search->segments[search->n_rows++] = block->segment;
        at += hst_episode_bytes(episode);
    }
}

/* Rows whose key is suspected, through the filter filled with the suspects alone. */
static size_t gather_copies(hst_duplicates *search)
{
    size_t n = 0;

    memset(search->filter, 0, search->n_words * sizeof *search->filter);
    for (size_t i = 0; i < search->n_suspects; i++) {
        uint64_t hash = hash_key(search->suspects[i]);

        search->filter[word_of(hash, search->n_words)] |= bits_of(hash);
    }
    for (size_t i = 0; i < search->n_rows; i++) {
        uint64_t hash = search->hashes[i], bits = bits_of(hash);

        if ((search->filter[word_of(hash, search->n_words)] & bits) == bits) {
            search->copies[n++] = (hst_copy){search->rows[i], search->segments[i]};
        }
    }
    return n;
}

void hst_duplicates_mark(hst_duplicates *search)
{
    size_t n = 0;

    if (search->n_suspects == 0) {
        return;
    }
    n = gather_copies(search);
    qsort(search->copies, n, sizeof *search->copies, compare_copies);
    for (size_t i = 1; i < n; i++) {
        if (is_same_record(search->copies[i - 1].episode, search->copies[i].episode)) {
            search->copies[i].episode->reserved |= HST_RECORD_REPEAT;
        }
    }
}
