/*
 * The people of a partition, one at a time. The keyed hash of a person is as good as random, so the
 * rows are dealt into small buckets by some of its bits and sorted in each: no row moves more than
 * twice, however many there are.
 */
#include <stdlib.h>
#include <string.h>

#include "duplicate_internal.h"
#include "hestia/row_memory.h"
#include "people_internal.h"

enum { ROWS_PER_BUCKET = 4, FEW = 24 };

typedef struct entry {
    uint64_t person[2];
    hst_episode *episode;
    uint32_t segment;
    hst_day day; /* in the order of their days, episodes are nearly as the spell rules want them */
} entry;

struct hst_people {
    hst_people_rules rules;
    const hst_segment *const *segments;
    size_t n_segments;
    const hst_numbering *numbers;
    const uint32_t **providers; /* [n_segments][dictionary number] */
    size_t n, capacity, entry_bytes, at, fetched;
    entry *dealt, *entries; /* [capacity], as they come, and person by person; each entry_bytes */
    size_t n_buckets, bucket_capacity;
    uint32_t *buckets; /* [n_buckets + 1], first entry of each */
    size_t row_capacity;
    hst_row *rows;              /* [row_capacity], of the person at hand */
    hst_stay_episode *episodes; /* [row_capacity] */
    hst_spells *spells;
    hst_spell_ledger ledger;
    uint64_t n_hf;
};

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the people of a partition");
}

hst_status hst_people_create(hst_people **out, const hst_people_rules *rules,
                             const hst_segment *const *segments, size_t n_segments,
                             const hst_numbering *providers, hst_error *err)
{
    hst_status status = HST_OK;
    hst_people *people = calloc(1, sizeof *people);

    *out = NULL;
    if (!people) {
        return no_memory(err);
    }
    people->rules = *rules;
    people->segments = segments;
    people->n_segments = n_segments;
    people->numbers = providers;
    people->providers = calloc(n_segments + 1, sizeof(uint32_t *));
    if (!people->providers) {
        status = no_memory(err);
        goto done;
    }
    for (size_t s = 0; s < n_segments; s++) {
        people->providers[s] = hst_numbering_of(providers, s);
    }
    if (rules->wants_spells) {
        status = hst_spells_create(&people->spells, rules->spells, rules->cips, err);
        if (status) {
            goto done;
        }
    }
    *out = people;
    people = NULL; /* now the caller's */

done:
    hst_people_free(people);
    return status;
}

static void clear_entries(hst_people *people)
{
    hst_row_memory_free(people->dealt, people->entry_bytes);
    hst_row_memory_free(people->entries, people->entry_bytes);
    people->dealt = people->entries = NULL;
}

static void clear_rows(hst_people *people)
{
    hst_row_memory_free(people->rows, people->row_capacity * sizeof *people->rows);
    hst_row_memory_free(people->episodes, people->row_capacity * sizeof *people->episodes);
    people->rows = NULL;
    people->episodes = NULL;
}

void hst_people_free(hst_people *people)
{
    if (!people) {
        return;
    }
    hst_spells_free(people->spells);
    free(people->providers);
    clear_entries(people);
    free(people->buckets);
    clear_rows(people);
    free(people);
}

/* ---- dealing rows to people ---- */

static size_t bucket_of(const hst_people *people, const entry *e)
{
    uint64_t mixed = (e->person[0] ^ e->person[1]) * UINT64_C(0x9E3779B97F4A7C15);

    return (size_t)(mixed >> 32) & (people->n_buckets - 1);
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->person[0] != y->person[0]) {
        return x->person[0] < y->person[0] ? -1 : 1;
    }
    if (x->person[1] != y->person[1]) {
        return x->person[1] < y->person[1] ? -1 : 1;
    }
    return (x->day > y->day) - (x->day < y->day);
}

static bool is_same_person(const entry *a, const entry *b)
{
    return a->person[0] == b->person[0] && a->person[1] == b->person[1];
}

static void sort_bucket(entry *entries, size_t n)
{
    if (n > FEW) {
        qsort(entries, n, sizeof *entries, compare_entries);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        entry moved = entries[i];
        size_t k = i;

        for (; k > 0 && compare_entries(&moved, &entries[k - 1]) < 0; k--) {
            entries[k] = entries[k - 1];
        }
        entries[k] = moved;
    }
}

static hst_status make_room(hst_people *people, const hst_block *blocks, hst_error *err)
{
    people->n = 0;
    for (size_t s = 0; s < people->n_segments; s++) {
        people->n += blocks[s].n_rows;
    }
    for (people->n_buckets = 1; people->n_buckets * ROWS_PER_BUCKET < people->n;) {
        people->n_buckets *= 2;
    }
    if (people->n > people->capacity) {
        clear_entries(people);
        people->capacity = people->n + people->n / 4;
        people->entry_bytes = hst_row_memory_huge(people->capacity * sizeof(entry));
        people->dealt = hst_row_memory_take(people->entry_bytes);
        people->entries = hst_row_memory_take(people->entry_bytes);
    }
    if (people->n_buckets > people->bucket_capacity) {
        people->bucket_capacity = people->n_buckets;
        free(people->buckets);
        people->buckets = malloc((people->n_buckets + 1) * sizeof *people->buckets);
    }
    if (!people->buckets || (people->n > 0 && (!people->dealt || !people->entries))) {
        people->capacity = people->bucket_capacity = 0;
        return no_memory(err);
    }
    memset(people->buckets, 0, (people->n_buckets + 1) * sizeof *people->buckets);
    return HST_OK;
}

hst_status hst_people_begin(hst_people *people, const hst_block *blocks, hst_error *err)
{
    hst_status status = make_room(people, blocks, err);
    size_t n = 0;

    people->at = people->fetched = 0;
    if (status) {
        people->n = 0;
        return status;
    }
    for (size_t s = 0; s < people->n_segments; s++) {
        for (size_t at = 0; at < blocks[s].bytes; n++) {
            hst_episode *episode = (hst_episode *)(void *)(blocks[s].records + at);

            people->dealt[n] = (entry){
                {episode->person[0], episode->person[1]}, episode, (uint32_t)s, episode->admidate};
            people->buckets[bucket_of(people, &people->dealt[n]) + 1]++;
            at += hst_episode_bytes(episode);
        }
    }
    for (size_t b = 0; b < people->n_buckets; b++) {
        people->buckets[b + 1] += people->buckets[b];
    }
    for (size_t i = n; i-- > 0;) { /* each bucket from its end: its start is left in buckets[b+1] */
        size_t b = bucket_of(people, &people->dealt[i]) + 1;

        people->entries[--people->buckets[b]] = people->dealt[i];
    }
    for (size_t b = 1; b <= people->n_buckets; b++) {
        size_t end = b < people->n_buckets ? people->buckets[b + 1] : n;

        sort_bucket(people->entries + people->buckets[b], end - people->buckets[b]);
    }
    return HST_OK;
}

/* ---- one person ---- */

static hst_status make_row_room(hst_people *people, size_t n, hst_error *err)
{
    if (n <= people->row_capacity) {
        return HST_OK;
    }
    clear_rows(people);
    people->row_capacity = 2 * n;
    people->rows = hst_row_memory_take(people->row_capacity * sizeof *people->rows);
    people->episodes = hst_row_memory_take(people->row_capacity * sizeof *people->episodes);
    if (!people->rows || !people->episodes) {
        clear_rows(people);
        people->row_capacity = 0;
        return no_memory(err);
    }
    return HST_OK;
}

static size_t list_episodes(hst_people *people, const hst_person *person)
{
    size_t n = 0;

    for (size_t i = 0; i < person->n_rows; i++) {
        const hst_row *row = &person->rows[i];
        const hst_episode *e = row->episode;

        if (hst_segment_get_info(people->segments[row->segment])->dataset != HST_DATASET_APC ||
            (people->rules.drops_repeats && hst_episode_is_repeat(e))) {
            continue;
        }
        people->episodes[n++] =
            (hst_stay_episode){.record_key = e->record_key,
                               .provider = people->providers[row->segment][e->provider],
                               .spell_number = e->spell_number,
                               .sus_spell = e->sus_spell,
                               .row = (uint32_t)i,
                               .admidate = e->admidate,
                               .disdate = e->disdate,
                               .epistart = e->epistart,
                               .epiend = e->epiend,
                               .admimeth = e->admimeth,
                               .admisorc = e->admisorc,
                               .disdest = e->disdest,
                               .epiorder = e->epiorder,
                               .epistat = e->epistat,
                               .classpat = e->classpat,
                               .dismeth = e->dismeth};
    }
    return n;
}

static hst_status build_spells(hst_people *people, hst_person *person, hst_error *err)
{
    size_t n = list_episodes(people, person);
    hst_status status = hst_spells_build(people->spells, people->episodes, n, &people->ledger, err);

    if (!status) {
        person->n_episodes = n;
        person->episodes = people->episodes;
        person->spells = hst_spells_get(people->spells, &person->n_spells);
        person->cips = hst_spells_get_cips(people->spells, &person->n_cips);
    }
    return status;
}

/* A row with the segment that its codes are read from, while rows are sorted. */
typedef struct sorted_row {
    hst_copy copy;
    uint32_t segment;
} sorted_row;

static int compare_rows(const void *p, const void *q)
{
    const sorted_row *a = p, *b = q;
    int order = hst_compare_numbers(a->copy.episode->record_key, b->copy.episode->record_key);

    return order ? order : hst_copy_compare_fields(&a->copy, &b->copy);
}

/* Where repeats are kept, rows may have one key and all that the rules of spells look at: which of
 * them begins a spell must not depend on the order of files and rows. */
static hst_status sort_rows(hst_people *people, size_t n, hst_error *err)
{
    sorted_row *sorted = malloc(n * sizeof *sorted);

    if (!sorted) {
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        const hst_row *row = &people->rows[i];

        sorted[i] = (sorted_row){{row->episode, people->segments[row->segment]}, row->segment};
    }
    qsort(sorted, n, sizeof *sorted, compare_rows);
    for (size_t i = 0; i < n; i++) {
        people->rows[i] = (hst_row){sorted[i].copy.episode, sorted[i].segment};
    }
    free(sorted);
    return HST_OK;
}

/* Asks for the records of the people that come soon: they lie all over the partition. */
static void fetch_ahead(hst_people *people)
{
    enum { AHEAD = 48 };

    for (; people->fetched < people->at + AHEAD && people->fetched < people->n; people->fetched++) {
        const char *record = (const char *)people->entries[people->fetched].episode;

        __builtin_prefetch(record);
        __builtin_prefetch(record + 64);
        __builtin_prefetch(record + 128);
    }
}

hst_status hst_people_next(hst_people *people, hst_person *person, bool *more, hst_error *err)
{
    size_t first = people->at, end = first;
    hst_status status = HST_OK;

    *person = (hst_person){0};
    *more = first < people->n;
    while (end < people->n && is_same_person(&people->entries[first], &people->entries[end])) {
        end++;
    }
    people->at = end;
    fetch_ahead(people);
    status = make_row_room(people, end - first, err);
    if (status || end == first) {
        return status;
    }
    for (size_t i = first; i < end; i++) {
        people->rows[i - first] = (hst_row){people->entries[i].episode, people->entries[i].segment};
    }
    person->n_rows = end - first;
    person->rows = people->rows;
    if (people->rules.drops_hf) {
        people->n_hf +=
            hst_duplicates_mark_hf(person->rows, person->n_rows, people->segments, people->numbers);
    }
    if (people->rules.wants_spells && !people->rules.drops_repeats && person->n_rows > 1) {
        status = sort_rows(people, person->n_rows, err);
    }
    if (status) {
        return status;
    }
    return people->rules.wants_spells ? build_spells(people, person, err) : HST_OK;
}

const hst_spell_ledger *hst_people_ledger(const hst_people *people)
{
    return &people->ledger;
}

void hst_people_merge_ledger(hst_people *into, const hst_people *from)
{
    for (size_t i = 0; i < HST_N_SPELL_EVENTS; i++) {
        into->ledger.n[i] += from->ledger.n[i];
    }
    into->n_hf += from->n_hf;
}

void hst_people_wire_ledger(hst_people *people, hst_wire *wire)
{
    hst_wire_counts(wire, people->ledger.n, HST_N_SPELL_EVENTS);
    hst_wire_counts(wire, &people->n_hf, 1);
}

uint64_t hst_people_n_hf(const hst_people *people)
{
    return people->n_hf;
}

/* ---- stays as records ---- */

/* Writes a stay over the record of its first episode. */
static hst_row write_stay(const hst_person *person, const hst_spell *first, const hst_spell *last)
{
    hst_row row = person->rows[person->episodes[first->first_episode].row];

    row.episode->admidate = first->admidate;
    row.episode->disdate = last->disdate;
    row.episode->disdest = last->disdest;
    row.episode->dismeth = last->dismeth;
    return row;
}

hst_row hst_people_spell_row(const hst_person *person, const hst_spell *spell)
{
    return write_stay(person, spell, spell);
}

hst_row hst_people_cips_row(const hst_person *person, const hst_cips *cips)
{
    return write_stay(person, &person->spells[cips->first_spell],
                      &person->spells[cips->first_spell + cips->n_spells - 1]);
}
