/*
 * Repeats of a record key. They are rare, so the common case must be cheap: a Bloom filter of 16
 * bits a row, small enough for the processor's cache, passes all keys that were never seen; only
 * the keys it suspects, true repeats and a chance hit in some hundred rows, are looked up again and
 * sorted.
 */
#include <stdlib.h>
#include <string.h>

#include "partition_internal.h"

/* A row whose key is suspected. */
typedef struct hst_copy {
    hst_episode *episode;
    const hst_segment *segment;
} hst_copy;

void hst_duplicates_clear(hst_duplicates *scratch)
{
    free(scratch->filter);
    free(scratch->rows);
    free(scratch->block_of);
    free(scratch->suspects);
    free(scratch->copies);
    *scratch = (hst_duplicates){0};
}

static hst_status make_room(hst_duplicates *scratch, size_t n_rows, hst_error *err)
{
    size_t n_words = 64;

    while (n_words < n_rows / 4) { /* 16 bits a row */
        n_words *= 2;
    }
    if (n_rows > scratch->n_rows || n_words > scratch->n_words) {
        hst_duplicates_clear(scratch);
        scratch->n_words = n_words;
        scratch->n_rows = n_rows;
        scratch->filter = malloc(n_words * sizeof *scratch->filter);
        scratch->rows = malloc((n_rows + 1) * sizeof(hst_episode *));
        scratch->block_of = malloc((n_rows + 1) * sizeof *scratch->block_of);
        scratch->suspects = malloc((n_rows + 1) * sizeof *scratch->suspects);
        scratch->copies = malloc((n_rows + 1) * sizeof *scratch->copies);
        if (!scratch->filter || !scratch->rows || !scratch->block_of || !scratch->suspects ||
            !scratch->copies) {
            hst_duplicates_clear(scratch);
            return hst_fail(err, HST_ERR_MEMORY, "no memory to look for repeated records");
        }
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

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

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
    return order ? order : compare_numbers(n_x, n_y);
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
    return order ? order : compare_numbers(of_a->n_area_columns, of_b->n_area_columns);
}

/* By every field that is no keyed hash: those differ from store to store. */
static int compare_fields(const hst_copy *a, const hst_copy *b)
{
    const hst_episode *x = a->episode, *y = b->episode;
    const uint64_t of_x[] = {x->admidate, x->disdate,      x->epistart, x->epiend, x->admimeth,
                             x->admisorc, x->disdest,      x->startage, x->sex,    x->epiorder,
                             x->epitype,  x->classpat,     x->dismeth,  x->ethnos, x->imd_decile,
                             x->flags,    x->completeness, x->subdate,  x->epistat};
    const uint64_t of_y[] = {y->admidate, y->disdate,      y->epistart, y->epiend, y->admimeth,
                             y->admisorc, y->disdest,      y->startage, y->sex,    y->epiorder,
                             y->epitype,  y->classpat,     y->dismeth,  y->ethnos, y->imd_decile,
                             y->flags,    y->completeness, y->subdate,  y->epistat};
    const uint16_t *words_x = hst_episode_words(x), *words_y = hst_episode_words(y);
    size_t areas_x = (size_t)(x->n_words - x->n_diagnoses - x->n_procedures);
    size_t areas_y = (size_t)(y->n_words - y->n_diagnoses - y->n_procedures);
    int order = 0;

    for (size_t i = 0; i < sizeof of_x / sizeof of_x[0] && order == 0; i++) {
        order = compare_numbers(of_x[i], of_y[i]);
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
    int order = compare_numbers(x->record_key, y->record_key);

    order = order ? order : compare_numbers(x->person[0], y->person[0]);
    order = order ? order : compare_numbers(x->person[1], y->person[1]);
    order = order ? order : compare_numbers(y->epistat == '3', x->epistat == '3');
    order = order ? order
                  : compare_numbers(hst_segment_get_info(b->segment)->partyear_max,
                                    hst_segment_get_info(a->segment)->partyear_max);
    order = order ? order : compare_numbers(y->subdate, x->subdate);
    return order ? order : compare_fields(a, b);
}

static bool is_same_record(const hst_episode *a, const hst_episode *b)
{
    return a->record_key == b->record_key && a->person[0] == b->person[0] &&
           a->person[1] == b->person[1];
}

/* ---- the search ---- */

/* Lists the rows, and the keys that the filter may have met before. */
static size_t suspect_keys(hst_duplicates *scratch, const hst_block *blocks, size_t n_blocks)
{
    size_t n = 0;

    memset(scratch->filter, 0, scratch->n_words * sizeof *scratch->filter);
    scratch->n_suspects = 0;
    for (size_t b = 0; b < n_blocks; b++) {
        for (size_t at = 0; at < blocks[b].bytes;) {
            hst_episode *episode = (hst_episode *)(void *)(blocks[b].records + at);
            uint64_t hash = hash_key(episode->record_key), bits = bits_of(hash);
            uint64_t *word = &scratch->filter[word_of(hash, scratch->n_words)];

            if ((*word & bits) == bits) {
                scratch->suspects[scratch->n_suspects++] = episode->record_key;
            }
            *word |= bits;
            scratch->rows[n] = episode;
            scratch->block_of[n++] = (uint32_t)b;
            at += hst_episode_bytes(episode);
        }
    }
    return n;
}

/* Rows whose key is suspected, through the filter filled with the suspects alone. */
static size_t gather_copies(hst_duplicates *scratch, const hst_block *blocks, size_t n_rows)
{
    size_t n = 0;

    memset(scratch->filter, 0, scratch->n_words * sizeof *scratch->filter);
    for (size_t i = 0; i < scratch->n_suspects; i++) {
        uint64_t hash = hash_key(scratch->suspects[i]);

        scratch->filter[word_of(hash, scratch->n_words)] |= bits_of(hash);
    }
    for (size_t i = 0; i < n_rows; i++) {
        uint64_t hash = hash_key(scratch->rows[i]->record_key), bits = bits_of(hash);

        if ((scratch->filter[word_of(hash, scratch->n_words)] & bits) == bits) {
            scratch->copies[n++] =
                (hst_copy){scratch->rows[i], blocks[scratch->block_of[i]].segment};
        }
    }
    return n;
}

hst_status hst_duplicates_mark(hst_duplicates *scratch, const hst_block *blocks, size_t n_blocks,
                               hst_error *err)
{
    size_t n_rows = 0, n_copies = 0;
    hst_status status = HST_OK;

    for (size_t b = 0; b < n_blocks; b++) {
        n_rows += blocks[b].bytes / sizeof(hst_episode); /* at most: records are no shorter */
    }
    status = make_room(scratch, n_rows, err);
    if (status) {
        return status;
    }
    n_rows = suspect_keys(scratch, blocks, n_blocks);
    if (scratch->n_suspects == 0) {
        return HST_OK;
    }
    n_copies = gather_copies(scratch, blocks, n_rows);
    qsort(scratch->copies, n_copies, sizeof *scratch->copies, compare_copies);
    for (size_t i = 1; i < n_copies; i++) {
        if (is_same_record(scratch->copies[i - 1].episode, scratch->copies[i].episode)) {
            scratch->copies[i].episode->reserved = HST_RECORD_DROPPED;
        }
    }
    return HST_OK;
}
