/*
 * Rows of a person that are one record under several keys: the keys of the Health Foundation.
 *
 * Inpatients are compared as they are cleaned for spells: EPISTART and EPIEND in their order, a
 * missing ADMIDATE filled. What is missing is equal to what is missing only. Left alone are rows
 * without a day to tell them by, unfinished episodes (an unfinished copy must not take the place of
 * the finished one) and repeats of a record key.
 *
 * Arrivals are copies when they lie within 60 minutes of the first of them. So no two that are
 * taken for one lie further apart, which a chain of arrivals, each within 60 of the one before,
 * would not keep.
 */
#include <string.h>

#include "duplicate_internal.h"
#include "people_internal.h"

enum { N_NUMBERS = 8, N_TEXTS = 2, MINUTES_APART = 60 };

typedef struct hf_search {
    const hst_segment *const *segments;
    const hst_numbering *providers;
} hf_search;

typedef struct hf_key {
    bool is_compared;
    uint64_t numbers[N_NUMBERS];
    const char *texts[N_TEXTS];
    uint32_t minute; /* of arrival, 0 = missing: no part of what must be equal */
} hf_key;

/* ---- keys ---- */

static hst_dataset dataset_of(const hf_search *search, const hst_row *row)
{
    return hst_segment_get_info(search->segments[row->segment])->dataset;
}

static const char *first_code(const hf_search *search, const hst_row *row, hst_dict_id dictionary)
{
    const hst_episode *e = row->episode;
    const uint16_t *words = hst_episode_words(e) + (e->n_words - e->n_procedures);
    size_t n = e->n_procedures;

    if (dictionary == HST_DICT_DIAGNOSIS) {
        n = e->n_diagnoses;
        words -= n;
    }
    return n == 0 ? "" : hst_segment_code(search->segments[row->segment], dictionary, words[0]);
}

static bool is_source_or_destination_of_transfer(uint16_t code)
{
    return code == HST_CODE2('5', '1') || code == HST_CODE2('5', '2') ||
           code == HST_CODE2('5', '3');
}

static bool is_transfer_in(const hst_episode *e)
{
    return is_source_or_destination_of_transfer(e->admisorc) ||
           e->admimeth == HST_CODE2('2', 'B') || e->admimeth == HST_CODE2('8', '1');
}

/* TRANSIT: 0 neither, 1 out only, 2 in and out, 3 in only. */
static uint64_t transit_of(const hst_episode *e)
{
    bool is_out = is_source_or_destination_of_transfer(e->disdest);

    return is_transfer_in(e) ? (is_out ? 2 : 3) : is_out;
}

/* First day of the row, of attendances too: equal in copies, and different in nearly all others. */
static hst_day start_of(const hst_episode *e)
{
    return e->epiend != 0 && e->epistart > e->epiend ? e->epiend : e->epistart;
}

static void fill_inpatient(hf_key *key, const hst_episode *e)
{
    hst_day start = start_of(e), admidate = e->admidate;

    if (admidate == 0 && e->epiorder == 1 && !is_transfer_in(e)) {
        admidate = start;
    }
    key->is_compared = e->epistat == '3' && (start != 0 || admidate != 0);
    key->numbers[2] = start;
    key->numbers[3] = start == e->epistart ? e->epiend : e->epistart;
    key->numbers[4] = e->epiorder;
    key->numbers[5] = admidate;
    key->numbers[6] = e->disdate;
    key->numbers[7] = transit_of(e);
}

static hf_key key_of(const hf_search *search, const hst_row *row)
{
    const hst_episode *e = row->episode;
    const hst_segment *segment = search->segments[row->segment];
    hst_dataset dataset = dataset_of(search, row);
    hf_key key = {.texts = {"", ""}};

    key.numbers[0] = dataset;
    key.numbers[1] = hst_numbering_of(search->providers, row->segment)[e->provider];
    switch (dataset) {
    case HST_DATASET_APC:
        fill_inpatient(&key, e);
        break;
    case HST_DATASET_OP:
        key.is_compared = e->admidate != 0;
        key.numbers[2] = e->admidate;
        key.numbers[3] = e->classpat;
        key.texts[0] = hst_segment_code(segment, HST_DICT_SPECIALTY, e->tretspef);
        key.texts[1] = hst_segment_code(segment, HST_DICT_SPECIALTY, e->mainspef);
        break;
    case HST_DATASET_AE:
        key.is_compared = e->admidate != 0;
        key.numbers[2] = e->admidate;
        key.texts[0] = first_code(search, row, HST_DICT_DIAGNOSIS);
        key.texts[1] = first_code(search, row, HST_DICT_PROCEDURE);
        key.minute = e->spell_number;
        break;
    }
    key.is_compared = key.is_compared && !hst_episode_is_repeat(e);
    return key;
}

static int compare_keys(const hf_key *a, const hf_key *b)
{
    int order = hst_compare_numbers(b->is_compared, a->is_compared);

    for (size_t i = 0; i < N_NUMBERS && order == 0; i++) {
        order = hst_compare_numbers(a->numbers[i], b->numbers[i]);
    }
    for (size_t i = 0; i < N_TEXTS && order == 0; i++) {
        order = strcmp(a->texts[i], b->texts[i]);
    }
    return order;
}

static int compare_rows(const hf_search *search, const hst_row *a, const hst_row *b)
{
    int order = hst_compare_numbers(start_of(a->episode), start_of(b->episode));

    if (order == 0) {
        hf_key x = key_of(search, a), y = key_of(search, b);

        order = compare_keys(&x, &y);
        order = order ? order : hst_compare_numbers(x.minute, y.minute);
    }
    return order;
}

/* ---- which copy is kept ---- */

/* The list of fields of the rule is for inpatients; of attendances what is stored counts. */
static unsigned completeness_of(const hf_search *search, const hst_row *row)
{
    const hst_episode *e = row->episode;
    const uint16_t fields[] = {e->provider,   e->mainspef, e->tretspef, e->gp_practice,
                               e->admimeth,   e->disdest,  e->classpat, e->epitype,
                               e->imd_decile, e->sex,      e->ethnos};
    const uint16_t *words = hst_episode_words(e);
    unsigned n = e->startage != HST_AGE_MISSING;

    if (dataset_of(search, row) == HST_DATASET_APC) {
        return e->completeness;
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        n += fields[i] != 0;
    }
    for (size_t i = 0; i < e->n_words; i++) {
        n += words[i] != 0;
    }
    return n + (e->spell_number != 0);
}

/* Below 0 when `a` is to be kept before `b`. */
static int compare_copies(const hf_search *search, const hst_row *a, const hst_row *b)
{
    const hst_copy x = {a->episode, search->segments[a->segment]};
    const hst_copy y = {b->episode, search->segments[b->segment]};
    int by_key = hst_compare_numbers(y.episode->record_key, x.episode->record_key);
    int order = hst_compare_numbers(completeness_of(search, b), completeness_of(search, a));

    order = order ? order : hst_compare_numbers(y.episode->subdate, x.episode->subdate);
    if (order == 0 && dataset_of(search, a) == HST_DATASET_APC) {
        order = by_key;
    }
    order = order ? order : hst_copy_compare_fields(&x, &y);
    return order ? order : by_key;
}

/* ---- the search ---- */

/* Heap sort: in place, for a person may have very many rows. */
static void sink(const hf_search *search, hst_row *rows, size_t at, size_t n)
{
    hst_row moved = rows[at];

    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        child += child + 1 < n && compare_rows(search, &rows[child], &rows[child + 1]) < 0;
        if (compare_rows(search, &moved, &rows[child]) >= 0) {
            break;
        }
        rows[at] = rows[child];
        at = child;
    }
    rows[at] = moved;
}

static void sort_rows(const hf_search *search, hst_row *rows, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) {
        sink(search, rows, i, n);
    }
    for (size_t i = n; i-- > 1;) {
        hst_row last = rows[i];

        rows[i] = rows[0];
        rows[0] = last;
        sink(search, rows, 0, i);
    }
}

/* Number of rows from the first on that are one record. */
static size_t count_copies(const hf_search *search, const hst_row *rows, size_t n)
{
    hf_key first;
    size_t n_copies = 1;

    if (n == 1 || start_of(rows[0].episode) != start_of(rows[1].episode)) {
        return 1;
    }
    first = key_of(search, &rows[0]);
    for (; first.is_compared && n_copies < n; n_copies++) {
        hf_key key = key_of(search, &rows[n_copies]);

        if (compare_keys(&first, &key) != 0 || (first.minute == 0) != (key.minute == 0) ||
            key.minute - first.minute > MINUTES_APART) {
            break;
        }
    }
    return n_copies;
}

size_t hst_duplicates_mark_hf(hst_row *rows, size_t n, const hst_segment *const *segments,
                              const hst_numbering *providers)
{
    const hf_search search = {segments, providers};
    size_t n_marked = 0;

    sort_rows(&search, rows, n);
    for (size_t i = 0, n_copies = 0; i < n; i += n_copies) {
        const hst_row *kept = &rows[i];

        n_copies = count_copies(&search, &rows[i], n - i);
        for (size_t k = i + 1; k < i + n_copies; k++) {
            kept = compare_copies(&search, &rows[k], kept) < 0 ? &rows[k] : kept;
        }
        for (size_t k = i; k < i + n_copies; k++) {
            if (&rows[k] != kept) {
                rows[k].episode->reserved |= HST_RECORD_REPEAT;
            }
        }
        n_marked += n_copies - 1;
    }
    return n_marked;
}
