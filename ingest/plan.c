/* The plan by which records of one file are decoded: made once from the layout. */
#include <stdlib.h>

#include "hestia/row_memory.h"
#include "ingest/decode_internal.h"

enum {
    MEMO_MEMORY = 2 * 1024 * 1024, /* of all memos of a file, whatever it holds: one huge page,
                                      which spares a miss of the address cache a field */
    MEMO_FIRST_PAIRS = 256,
    MEMO_LAST_PAIRS = 32768,
};

/* ---- texts remembered ---- */

/* Takes pairs of entries, all free, from the decoder's memory; false when it is used up. */
static bool take_pairs(hst_decoder *decoder, hst_memo *memo, size_t n)
{
    size_t bytes = 2 * n * sizeof *memo->entries;

    if (bytes > MEMO_MEMORY - decoder->memory_used) {
        return false;
    }
    memo->entries = (uint64_t *)(void *)(decoder->memory + decoder->memory_used);
    memo->mask = (uint32_t)n - 1;
    memo->n_lost = 0;
    decoder->memory_used += bytes;
    return true;
}

/* Makes an entry one of its pair; pushed out is the one that came first. */
static void put_entry(hst_memo *memo, size_t pair, uint64_t entry)
{
    uint64_t *entries = memo->entries + 2 * pair;

    memo->n_lost += entries[1] != 0;
    entries[1] = entries[0];
    entries[0] = entry;
}

/* Doubles a memo and puts what it holds in its new place; false when memory is used up. */
static bool grow_memo(hst_decoder *decoder, hst_memo *memo)
{
    const hst_memo old = *memo;

    if (!take_pairs(decoder, memo, 2 * ((size_t)old.mask + 1))) {
        return false;
    }
    for (size_t i = 0; i < 2 * ((size_t)old.mask + 1); i++) {
        uint64_t key = old.entries[i] >> 16;
        bool is_ons = key >> 40 != 0 && (key >> 32 & 0xFF) == 0;

        if (key != 0) {
            put_entry(memo,
                      is_ons ? hst_memo_pair_of_ons(memo, key) : hst_memo_pair_of_text(memo, key),
                      old.entries[i]);
        }
    }
    return true;
}

void hst_memo_insert(hst_decoder *decoder, hst_memo *memo, const char *text, size_t length,
                     uint16_t value)
{
    size_t n = (size_t)memo->mask + 1, pair = 0;
    uint64_t key = hst_memo_key(memo, text, length, &pair);

    if (key == HST_MEMO_NEVER) {
        return;
    }
    if (memo->n_lost > n / 4 && n < MEMO_LAST_PAIRS && grow_memo(decoder, memo)) {
        hst_memo_key(memo, text, length, &pair);
    }
    put_entry(memo, pair, key | value);
}

/* ---- items ---- */

static const struct target {
    hst_field_id field;
    uint16_t offset;
    bool is_word;
} targets[] = {
    {HST_FIELD_EPIORDER, offsetof(hst_row, episode.epiorder), false},
    {HST_FIELD_EPISTAT, offsetof(hst_row, episode.epistat), false},
    {HST_FIELD_EPITYPE, offsetof(hst_row, episode.epitype), false},
    {HST_FIELD_CLASSPAT, offsetof(hst_row, episode.classpat), false},
    {HST_FIELD_DISMETH, offsetof(hst_row, episode.dismeth), false},
    {HST_FIELD_SEX, offsetof(hst_row, episode.sex), false},
    {HST_FIELD_STARTAGE, offsetof(hst_row, episode.startage), false},
    {HST_FIELD_ETHNOS, offsetof(hst_row, episode.ethnos), false},
    {HST_FIELD_IMD_DECILE, offsetof(hst_row, episode.imd_decile), false},
    {HST_FIELD_IMD_RANK, offsetof(hst_row, episode.imd_decile), false},
    {HST_FIELD_FCE, offsetof(hst_row, fce), false},
    {HST_FIELD_FAE, offsetof(hst_row, fae), false},
    {HST_FIELD_FAE_EMERGENCY, offsetof(hst_row, fae_emergency), false},
    {HST_FIELD_SPELEND, offsetof(hst_row, spelend), false},
    {HST_FIELD_DUPLICATE_FLAG, offsetof(hst_row, duplicate_flag), false},
    {HST_FIELD_ADMIMETH, offsetof(hst_row, episode.admimeth), true},
    {HST_FIELD_ADMISORC, offsetof(hst_row, episode.admisorc), true},
    {HST_FIELD_DISDEST, offsetof(hst_row, episode.disdest), true},
    {HST_FIELD_MAINSPEF, offsetof(hst_row, episode.mainspef), true},
    {HST_FIELD_TRETSPEF, offsetof(hst_row, episode.tretspef), true},
    {HST_FIELD_GPPRAC, offsetof(hst_row, episode.gp_practice), true},
    {HST_FIELD_PARTYEAR, offsetof(hst_row, partyear), true},
    {HST_FIELD_ARRIVALTIME, offsetof(hst_row, arrival), true},
    {HST_FIELD_ADMIDATE, offsetof(hst_row, episode.admidate), true},
    {HST_FIELD_DISDATE, offsetof(hst_row, episode.disdate), true},
    {HST_FIELD_EPISTART, offsetof(hst_row, episode.epistart), true},
    {HST_FIELD_EPIEND, offsetof(hst_row, episode.epiend), true},
    {HST_FIELD_SUBDATE, offsetof(hst_row, episode.subdate), true},
};

enum { N_TARGETS = sizeof targets / sizeof targets[0] };

static bool is_in_side_file(const hst_decoder *decoder, int column)
{
    return column >= 0 && (size_t)column >= decoder->layout->header.n_names;
}

/* Makes an item; false without memory. */
static bool make_item(hst_decoder *decoder, hst_item *item, int column, hst_field_kind kind,
                      size_t offset)
{
    static const uint8_t dictionaries[] = {
        [HST_KIND_PROVIDER] = HST_DICT_PROVIDER,       [HST_KIND_SPECIALTY] = HST_DICT_SPECIALTY,
        [HST_KIND_GP_PRACTICE] = HST_DICT_GP_PRACTICE, [HST_KIND_DIAGNOSIS] = HST_DICT_DIAGNOSIS,
        [HST_KIND_PROCEDURE] = HST_DICT_PROCEDURE,     [HST_KIND_AREA] = HST_DICT_AREA,
    };

    *item = (hst_item){.column = column,
                       .offset = (uint16_t)offset,
                       .is_word = true,
                       .dictionary = kind <= HST_KIND_AREA ? dictionaries[kind] : 0,
                       .empty = kind == HST_KIND_AGE ? HST_AGE_MISSING : 0,
                       .kind = kind};
    return take_pairs(decoder, &item->memo, MEMO_FIRST_PAIRS);
}

static void add_item(hst_decoder *decoder, const hst_item *item)
{
    bool is_shared = item->kind == HST_KIND_SPECIALTY || item->kind == HST_KIND_DIAGNOSIS ||
                     item->kind == HST_KIND_PROCEDURE;
    hst_item_list *list = is_in_side_file(decoder, item->column) ? &decoder->side_items
                          : is_shared                            ? &decoder->shared
                                                                 : &decoder->columns;

    list->items[list->n++] = *item;
}

/* The table of short texts of one of the fields and areas. */
static void take_brief(hst_decoder *decoder, hst_item *item)
{
    item->brief = decoder->brief + decoder->n_brief++ * HST_BRIEF_PLACES;
    item->brief[0] = (uint16_t)(item->empty + 1); /* nothing is a text too */
}

static int compare_columns(const void *a, const void *b)
{
    return ((const hst_item *)a)->column - ((const hst_item *)b)->column;
}

static bool plan_fields(hst_decoder *decoder)
{
    const hst_layout *layout = decoder->layout;
    bool has_decile = layout->columns[HST_FIELD_IMD_DECILE] != HST_NO_COLUMN;

    for (size_t t = 0; t < N_TARGETS; t++) {
        const struct target *target = &targets[t];
        int column = layout->columns[target->field];
        hst_item item;

        if (column == HST_NO_COLUMN || (target->field == HST_FIELD_IMD_RANK && has_decile)) {
            continue;
        }
        if (!make_item(decoder, &item, column, layout->fields[target->field].kind,
                       target->offset)) {
            return false;
        }
        item.field = &layout->fields[target->field];
        item.is_word = target->is_word;
        take_brief(decoder, &item);
        add_item(decoder, &item);
    }
    for (size_t i = 0; i < layout->n_areas; i++) {
        hst_item item;

        if (!make_item(decoder, &item, layout->area_columns[i], HST_KIND_AREA,
                       offsetof(hst_row, words) + i * sizeof(uint16_t))) {
            return false;
        }
        item.dictionary = (uint8_t)(HST_DICT_AREA + i);
        take_brief(decoder, &item);
        add_item(decoder, &item);
    }
    for (hst_field_id f = HST_FIELD_PROCODET; f <= HST_FIELD_PROCODE; f++) {
        if (layout->columns[f] != HST_NO_COLUMN &&
            !make_item(decoder, &decoder->providers[decoder->n_providers++], layout->columns[f],
                       HST_KIND_PROVIDER, offsetof(hst_row, episode.provider))) {
            return false;
        }
    }
    qsort(decoder->columns.items, decoder->columns.n, sizeof decoder->columns.items[0],
          compare_columns);
    return true;
}

/* A family as one run where its columns stand side by side, else position by position. */
static bool plan_family(hst_decoder *decoder, const hst_code_family *family, hst_field_kind kind,
                        size_t offset, hst_run *run, hst_item *list)
{
    bool is_run = family->list_column == HST_NO_COLUMN;
    hst_item item;

    *list = (hst_item){.column = HST_NO_COLUMN};
    if (family->n_positions == 0) {
        return true;
    }
    for (size_t p = 0; p < family->n_positions; p++) {
        is_run = is_run && family->columns[p] != HST_NO_COLUMN &&
                 family->columns[p] == family->columns[0] + (int)p &&
                 !is_in_side_file(decoder, family->columns[p]);
    }
    if (is_run) {
        run->n = family->n_positions;
        return make_item(decoder, &run->item, family->columns[0], kind, offset);
    }
    if (family->list_column != HST_NO_COLUMN) {
        return make_item(decoder, list, family->list_column, kind, offset);
    }
    for (size_t p = 0; p < family->n_positions; p++) {
        if (family->columns[p] != HST_NO_COLUMN) {
            if (!make_item(decoder, &item, family->columns[p], kind,
                           offset + p * sizeof(uint16_t))) {
                return false;
            }
            add_item(decoder, &item);
        }
    }
    return true;
}

static void fill_months(hst_month *months)
{
    for (int year = 0; year < HST_DATE_N_YEARS; year++) {
        for (int month = 1; month <= 12; month++) {
            hst_month *entry = &months[year * 16 + month];
            int n_days = 28;

            while (hst_date_exists(HST_DATE_FIRST_YEAR + year, month, n_days + 1)) {
                n_days++;
            }
            entry->n_days = (uint16_t)n_days;
            entry->before = (uint16_t)(hst_date_from_civil(HST_DATE_FIRST_YEAR + year, month, 1) -
                                       HST_DAY_EPOCH);
        }
    }
}

hst_status hst_decoder_create(hst_decoder **out, const hst_layout *layout,
                              const hst_side_table *side, const hst_store *store,
                              hst_segment_writer *writer, hst_error *err)
{
    hst_decoder *decoder = hst_row_memory_take_zeroed(sizeof *decoder);
    size_t diagnoses = offsetof(hst_row, words) + sizeof(uint16_t) * layout->n_areas;

    *out = NULL;
    if (!decoder || !(decoder->memory = hst_row_memory_take_zeroed(MEMO_MEMORY)) ||
        !(decoder->brief =
              calloc((N_TARGETS + layout->n_areas) * HST_BRIEF_PLACES, sizeof *decoder->brief))) {
        hst_decoder_free(decoder);
        return hst_fail(err, HST_ERR_MEMORY, "no memory to decode records");
    }
    decoder->layout = layout;
    decoder->side = side;
    decoder->store = store;
    decoder->writer = writer;
    decoder->is_attendances = hst_dataset_is_attendances(layout->dataset);
    decoder->key_column = layout->columns[HST_FIELD_KEY];
    decoder->person_column = layout->person_columns[layout->person];
    decoder->spell_column = layout->columns[HST_FIELD_PROVSPNOPS];
    decoder->sus_spell_column = layout->columns[HST_FIELD_SUSSPELLID];
    decoder->site_column = layout->columns[HST_FIELD_SITETRET];
    decoder->flags_given = layout->columns[HST_FIELD_FCE] != HST_NO_COLUMN &&
                           layout->columns[HST_FIELD_FAE] != HST_NO_COLUMN;
    decoder->n_diagnoses = layout->diagnoses.n_positions;
    decoder->n_procedures = layout->procedures.n_positions;
    fill_months(decoder->months);
    if (!plan_fields(decoder) ||
        !plan_family(decoder, &layout->diagnoses, HST_KIND_DIAGNOSIS, diagnoses,
                     &decoder->diagnoses, &decoder->diagnosis_list) ||
        !plan_family(decoder, &layout->procedures, HST_KIND_PROCEDURE,
                     diagnoses + sizeof(uint16_t) * HST_MAX_POSITIONS, &decoder->procedures,
                     &decoder->procedure_list)) {
        hst_decoder_free(decoder);
        return hst_fail(err, HST_ERR_MEMORY, "no memory to remember the codes of a file");
    }
    *out = decoder;
    return HST_OK;
}

void hst_decoder_free(hst_decoder *decoder)
{
    if (decoder) {
        hst_row_memory_free(decoder->memory, MEMO_MEMORY);
        free(decoder->brief);
        hst_row_memory_free(decoder, sizeof *decoder);
    }
}
