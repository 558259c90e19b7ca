/* Records to episodes: the hot loop of ingest.
 *
 * The plan (plan.c) says which column fills which member of a row. Coded fields hold few different
 * texts, so each field remembers what its texts were cleaned to: the usual field costs one
 * multiplication and one comparison, and every rule lives in clean.c alone. Dates and keys are read
 * eight bytes at a time. What is not in its usual form (blanks, quotes, other dates) takes the slow
 * way, with the same result. */
#include <stdio.h>

#include "ingest/decode_internal.h"

enum {
    N_COMPLETENESS_DIAGNOSES = 14,
    SHORT_KEY_BELOW = 1000000000,
};

/* ---- the fast way ---- */

/* Bytes of a column of row `i` between its separators. */
static inline const char *raw_field(const hst_batch *batch, size_t i, int column, size_t *length)
{
    const uint32_t *boundary = batch->ends[i] + column;
    uint32_t start = boundary[-1] + 1;

    *length = boundary[0] - start;
    return batch->bases[i] + start;
}

/* Takes up a text, to be found by find_probes when it has come from memory. */
static inline hst_probe *add_probe(hst_probe *probe, const hst_memo *memo, const char *text,
                                   size_t length, void *member)
{
    size_t pair = 0;

    probe->key = hst_memo_key(memo, text, length, &pair);
    probe->pair = memo->entries + 2 * pair;
    probe->member = member;
    __builtin_prefetch(probe->pair);
    return probe + 1;
}

/* Fills the members of the probes up to `end`, all of one item, in their order. */
static void find_probes(hst_decoder *decoder, hst_item *item, const hst_probe *end)
{
    for (hst_probe *probe = decoder->probes; probe < end; probe++) {
        uint64_t value = hst_memo_find(probe->pair, probe->key);

        if (value >= HST_MEMO_NONE) {
            size_t i = (size_t)((char *)probe->member - (char *)decoder->rows) / sizeof(hst_row);
            hst_row *row = &decoder->rows[i];
            int position = (int)((char *)probe->member - (char *)row - item->offset) / 2;

            value = hst_decode_slowly(decoder, decoder->batch.records[i], item,
                                      item->column + position, 0, row);
        }
        *probe->member = (uint16_t)value;
    }
}

/* A field that is not empty, of `length` bytes at `text`. */
static inline uint16_t decode_field(hst_decoder *decoder, size_t i, hst_item *item,
                                    const char *text, size_t length)
{
    size_t pair = 0;
    uint64_t key = hst_memo_key(&item->memo, text, length, &pair);
    uint64_t value = hst_memo_find(item->memo.entries + 2 * pair, key);

    return value < HST_MEMO_NONE ? (uint16_t)value
                                 : hst_decode_slowly(decoder, decoder->batch.records[i], item,
                                                     item->column, 0, &decoder->rows[i]);
}

/* A field of at most two bytes, which may be none. `brief` is the item's. */
static inline uint16_t decode_brief(hst_decoder *decoder, size_t i, hst_item *item,
                                    const uint16_t *brief, const char *text, size_t length)
{
    uint16_t known = brief[hst_brief_place(text, length)];

    return known != 0 ? (uint16_t)(known - 1)
                      : hst_decode_slowly(decoder, decoder->batch.records[i], item, item->column, 0,
                                          &decoder->rows[i]);
}

/* YYYY-MM-DD, all ten bytes at once; every other form is left to the slow way. */
static inline hst_day decode_date(hst_decoder *decoder, size_t i, int column, const char *text,
                                  size_t length)
{
    uint64_t ym = 0;
    uint16_t dd = 0;

    memcpy(&ym, text, sizeof ym);
    memcpy(&dd, text + 8, sizeof dd);
    ym ^= 0x2D30302D30303030u; /* digits become 0 to 9, hyphens 0 */
    dd ^= 0x3030u;
    if (length == 10 && (((ym + 0x7F76767F76767676u) | ym) & 0x8080808080808080u) == 0 &&
        (((dd + 0x7676u) | dd) & 0x8080u) == 0) {
        uint64_t pairs = ym * 10 + (ym >> 8); /* two digits each in bytes 0, 2 and 5 */
        unsigned year = (unsigned)(pairs & 0xFF) * 100 + (unsigned)(pairs >> 16 & 0xFF);
        unsigned month = (unsigned)(pairs >> 40 & 0xFF);
        unsigned day = (dd & 15u) * 10 + (dd >> 8 & 15u);

        if (year - HST_DATE_FIRST_YEAR < HST_DATE_N_YEARS && month <= 12) {
            const hst_month *in = &decoder->months[(year - HST_DATE_FIRST_YEAR) * 16 + month];

            if (day - 1 < in->n_days) {
                return (hst_day)(in->before + day);
            }
        }
    }
    return hst_decode_date_slowly(decoder, decoder->batch.records[i], column, 0, &decoder->rows[i]);
}

/* A batch is decoded field by field: the texts that one field remembers stay in the first cache for
 * all rows, and what is not there is on its way for many rows at once. */

static void decode_dates(hst_decoder *decoder, const hst_item *item)
{
    const size_t n = decoder->batch.n;
    const int column = item->column;
    char *member = (char *)decoder->rows + item->offset;

    for (size_t i = 0; i < n; i++, member += sizeof(hst_row)) {
        hst_day day = 0;
        size_t length = 0;
        const char *text = raw_field(&decoder->batch, i, column, &length);

        if (length > 0) {
            day = decode_date(decoder, i, column, text, length);
        }
        memcpy(member, &day, sizeof day);
    }
}

static void decode_words(hst_decoder *decoder, hst_item *item)
{
    const size_t n = decoder->batch.n;
    const int column = item->column;
    const uint16_t *brief = item->brief;
    char *member = (char *)decoder->rows + item->offset;
    hst_probe *probe = decoder->probes;

    for (size_t i = 0; i < n; i++, member += sizeof(hst_row)) {
        size_t length = 0;
        const char *text = raw_field(&decoder->batch, i, column, &length);
        uint16_t known = length <= 2 ? brief[hst_brief_place(text, length)] : 0;

        if (known != 0) {
            known--;
            memcpy(member, &known, sizeof known);
        } else { /* new short texts too: numbers of a dictionary follow the rows */
            probe = add_probe(probe, &item->memo, text, length, member);
        }
    }
    find_probes(decoder, item, probe);
}

static void decode_bytes(hst_decoder *decoder, hst_item *item)
{
    const size_t n = decoder->batch.n;
    const int column = item->column;
    const uint16_t *brief = item->brief;
    unsigned char *member = (unsigned char *)decoder->rows + item->offset;

    for (size_t i = 0; i < n; i++, member += sizeof(hst_row)) {
        size_t length = 0;
        const char *text = raw_field(&decoder->batch, i, column, &length);

        *member = (unsigned char)(length <= 2 ? decode_brief(decoder, i, item, brief, text, length)
                                              : decode_field(decoder, i, item, text, length));
    }
}

/* The positions of a run up to the last that is not empty; `offset` is of their number. */
static void decode_run(hst_decoder *decoder, hst_run *run, size_t offset)
{
    const size_t n = decoder->batch.n, n_positions = run->n;
    const int column = run->item.column;
    const hst_memo memo = run->item.memo;
    hst_probe *probe = decoder->probes;

    for (size_t i = 0; i < n; i++) {
        const uint32_t *boundary = decoder->batch.ends[i] + column;
        const char *base = decoder->batch.bases[i];
        char *row = (char *)&decoder->rows[i];
        uint32_t last = boundary[n_positions - 1], start = boundary[-1] + 1;
        size_t position = 0;

        for (; position < n_positions; position++) {
            size_t length = boundary[position] - start;

            if (length > 0) {
                probe = add_probe(probe, &memo, base + start, length,
                                  row + run->item.offset + 2 * position);
            } else if (last - start == n_positions - 1 - position) {
                break; /* nothing but separators from here on */
            }
            start = boundary[position] + 1;
        }
        row[offset] = (char)position;
    }
    find_probes(decoder, &run->item, probe);
}

static void decode_columns(hst_decoder *decoder)
{
    for (size_t k = 0; k < decoder->columns.n; k++) {
        hst_item *item = &decoder->columns.items[k];

        if (item->kind == HST_KIND_DATE) {
            decode_dates(decoder, item);
        } else if (item->is_word) {
            decode_words(decoder, item);
        } else {
            decode_bytes(decoder, item);
        }
    }
    if (decoder->diagnoses.n > 0) {
        decode_run(decoder, &decoder->diagnoses, offsetof(hst_row, episode.n_diagnoses));
    }
    if (decoder->procedures.n > 0) {
        decode_run(decoder, &decoder->procedures, offsetof(hst_row, episode.n_procedures));
    }
}

/* Fields that share a dictionary with others: row by row, so that the numbers in it do not depend
 * on how rows came in batches. */
static void decode_shared(hst_decoder *decoder, size_t i)
{
    hst_row *row = &decoder->rows[i];
    size_t length = 0;
    const char *text = NULL;

    for (hst_item *item = decoder->shared.items, *end = item + decoder->shared.n; item < end;
         item++) {
        uint16_t value = 0;

        text = raw_field(&decoder->batch, i, item->column, &length);
        if (length > 0) {
            value = decode_field(decoder, i, item, text, length);
        }
        memcpy((char *)row + item->offset, &value, sizeof value);
    }
    for (size_t p = 0; p < decoder->n_providers && row->episode.provider == 0; p++) {
        hst_item *item = &decoder->providers[p];

        if ((size_t)item->column >= decoder->layout->header.n_names) {
            break; /* from a side file: decode_side goes on from here */
        }
        text = raw_field(&decoder->batch, i, item->column, &length);
        if (length > 0) {
            row->episode.provider = decode_field(decoder, i, item, text, length);
        }
    }
}

/* ---- keys and people ---- */

/* Keys are 12 or 19 digits: the usual form without blanks, quotes or decimal point. */
static inline bool decode_plain_key(const char *text, size_t length, uint64_t *key)
{
    uint64_t value = 0, part = 0;
    size_t i = 0;

    if (length < 8 || length > 19) {
        return false;
    }
    for (; i + 8 <= length; i += 8) {
        if (!hst_eight_digits(text + i, &part)) {
            return false;
        }
        value = value * 100000000u + part;
    }
    for (; i < length; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';

        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    *key = value;
    return true;
}

static void decode_key(hst_decoder *decoder, const hst_record *record, hst_row *row)
{
    size_t length = 0;
    const char *text = hst_raw_field(record, decoder->key_column, &length);
    uint64_t key = 0;

    if (!decode_plain_key(text, length, &key)) {
        text = hst_decode_text(decoder, record, decoder->key_column, 0, &length);
        if (length > 0 && !hst_clean_number(text, length, &key)) {
            hst_decode_fault(row, HST_REASON_MALFORMED_NUMBER, decoder->key_column);
        }
    }
    if (key == 0) {
        hst_decode_fault(row, HST_REASON_NO_RECORD_KEY, decoder->key_column);
    }
    row->episode.record_key = key;
}

/* Completes a short key by the year that the row names: FYEAR, else PARTYEAR, else the financial
 * year in which the episode ended or the attendance was. */
static void complete_key(hst_decoder *decoder, const hst_record *record, uint64_t side_key,
                         hst_row *row)
{
    int column = decoder->layout->columns[HST_FIELD_FYEAR];
    unsigned year = 0;

    if (column != HST_NO_COLUMN) {
        size_t length = 0;
        const char *text = hst_decode_text(decoder, record, column, side_key, &length);

        year = hst_clean_fyear(text, length);
    }
    if (year == 0 && row->partyear != 0) {
        year = (unsigned)(HST_PARTYEAR_BASE + row->partyear) / 100;
    }
    if (year == 0 && row->episode.epiend != 0) {
        year = (unsigned)hst_date_financial_year(hst_day_to_date(row->episode.epiend));
    }
    row->episode.record_key =
        hst_clean_complete_key(decoder->layout->dataset, row->episode.record_key, year);
}

/* True when a text has no blanks, quotes or null word around it that the slow way would take off.
 */
static inline bool is_plain(const char *text, size_t length)
{
    return length > 4 && text[0] > '"' && text[length - 1] > ' ';
}

/* The hash of the person; of the record's own key where there is no identifier, so that neither
 * order nor file of the row matters. A NUL stands first: no identifier holds one. */
static void decode_person(hst_decoder *decoder, const hst_record *record, uint64_t side_key,
                          hst_row *row)
{
    size_t length = 0;
    const char *text = NULL;

    if ((size_t)decoder->person_column < decoder->layout->header.n_names) {
        text = hst_raw_field(record, decoder->person_column, &length);
    }
    if (!text || !is_plain(text, length)) {
        text = hst_decode_text(decoder, record, decoder->person_column, side_key, &length);
    }
    if (length == 0) {
        char own[10] = {'\0', (char)decoder->layout->dataset};

        memcpy(own + 2, &row->episode.record_key, sizeof row->episode.record_key);
        hst_store_hash(decoder->store, own, sizeof own, row->episode.person);
        row->episode.flags |= HST_EPISODE_NO_PERSON;
        return;
    }
    if (length >= HST_DECODER_TEXT_BYTES) {
        hst_decode_fault(row, HST_REASON_MALFORMED_CODE, decoder->person_column);
        return;
    }
    /* rows of a person often follow each other, and the hash is slow */
    if (length != decoder->person_length || memcmp(text, decoder->person_text, length) != 0) {
        hst_store_hash(decoder->store, text, length, decoder->person);
        decoder->person_length = length <= sizeof decoder->person_text ? length : 0;
        memcpy(decoder->person_text, text, decoder->person_length);
    }
    memcpy(row->episode.person, decoder->person, sizeof row->episode.person);
}

/* 32 bits of the keyed hash of an identifier of stays; 0 when it is absent. */
static uint32_t decode_hash(hst_decoder *decoder, const hst_record *record, int column,
                            uint64_t side_key)
{
    size_t length = 0;
    uint64_t hash[2] = {0, 0};
    const char *text = NULL;

    if (column == HST_NO_COLUMN) {
        return 0;
    }
    text = hst_decode_text(decoder, record, column, side_key, &length);
    if (length == 0 || (length == 2 && memcmp(text, "-1", 2) == 0)) {
        return 0;
    }
    hst_store_hash(decoder->store, text, length, hash);
    return (uint32_t)hash[0] ? (uint32_t)hash[0] : 1;
}

/* Whether SITETRET is filled. */
static bool decode_site(hst_decoder *decoder, const hst_record *record, uint64_t side_key)
{
    size_t length = 0;

    if (decoder->site_column == HST_NO_COLUMN) {
        return false;
    }
    if ((size_t)decoder->site_column < decoder->layout->header.n_names) {
        const char *text = hst_raw_field(record, decoder->site_column, &length);

        if (length == 0 || is_plain(text, length)) {
            return length > 0;
        }
    }
    hst_decode_text(decoder, record, decoder->site_column, side_key, &length);
    return length > 0;
}

/* ---- a row ---- */

/* What comes from side files. */
static void decode_side(hst_decoder *decoder, const hst_record *record, uint64_t side_key,
                        hst_row *row)
{
    const hst_layout *layout = decoder->layout;

    for (size_t s = 0; s < layout->n_side; s++) {
        size_t length = 0;

        if (layout->side[s].is_required &&
            !hst_side_table_text(decoder->side, s, side_key, 0, &length)) {
            hst_decode_fault(row, HST_REASON_NO_SIDE_ROW, decoder->key_column);
        }
    }
    for (size_t i = 0; i < decoder->side_items.n; i++) {
        hst_item *item = &decoder->side_items.items[i];
        char *member = (char *)row + item->offset;
        uint16_t value =
            item->kind == HST_KIND_DATE
                ? hst_decode_date_slowly(decoder, record, item->column, side_key, row)
                : hst_decode_slowly(decoder, record, item, item->column, side_key, row);

        if (item->is_word) {
            memcpy(member, &value, sizeof value);
        } else {
            *(unsigned char *)member = (unsigned char)value;
        }
    }
    for (size_t i = 0; i < decoder->n_providers && row->episode.provider == 0; i++) {
        hst_item *item = &decoder->providers[i];

        row->episode.provider =
            hst_decode_slowly(decoder, record, item, item->column, side_key, row);
    }
}

static size_t n_filled(const uint16_t *codes, size_t n)
{
    while (n > 0 && codes[n - 1] == 0) {
        n--;
    }
    return n;
}

/* Diagnoses and procedures: those from lists, what `hf` counts of them, and then all words of the
 * row side by side. */
static void decode_codes(hst_decoder *decoder, const hst_record *record, hst_row *row)
{
    hst_episode *episode = &row->episode;
    size_t n_diagnoses = episode->n_diagnoses, n_procedures = episode->n_procedures;
    uint16_t *diagnoses = row->words + decoder->layout->n_areas;
    uint16_t *procedures = diagnoses + HST_MAX_POSITIONS;
    int n = 0;

    if (decoder->diagnosis_list.column != HST_NO_COLUMN) {
        n_diagnoses = hst_decode_list(decoder, record, &decoder->diagnosis_list, n_diagnoses,
                                      episode->record_key, diagnoses, row);
    }
    if (decoder->procedure_list.column != HST_NO_COLUMN) {
        n_procedures = hst_decode_list(decoder, record, &decoder->procedure_list, n_procedures,
                                       episode->record_key, procedures, row);
    }
    /* always as many, without a branch: how many are filled cannot be foreseen */
    for (size_t i = 0; i < N_COMPLETENESS_DIAGNOSES; i++) {
        n += diagnoses[i] != 0;
    }
    n += procedures[0] != 0;
    n_diagnoses = n_filled(diagnoses, n_diagnoses);
    n_procedures = n_filled(procedures, n_procedures);
    for (size_t i = 0; i < n_procedures; i++) {
        diagnoses[n_diagnoses + i] = procedures[i];
    }
    episode->completeness = (uint8_t)n;
    episode->n_diagnoses = (uint8_t)n_diagnoses;
    episode->n_procedures = (uint8_t)n_procedures;
    episode->n_words = (uint8_t)(decoder->layout->n_areas + n_diagnoses + n_procedures);
}

/* Fields of the `hf` duplicate rule that are filled: ADMIMETH, ADMISORC, DIAG_01-14, DISDEST,
 * DISMETH, MAINSPEF, STARTAGE, SITETRET, TRETSPEF, OPERTN_01. Less the codes, which decode_codes
 * counts. */
static uint8_t count_filled(const hst_episode *e, bool has_site)
{
    int n = (e->admimeth != 0) + (e->admisorc != 0) + (e->disdest != 0) + (e->dismeth != 0) +
            (e->mainspef != 0) + (e->startage != HST_AGE_MISSING) + (e->tretspef != 0) + has_site;

    return (uint8_t)n;
}

/* Flags as the extract gives them; true when FCE or FAE is not what the rule gives (a finished
 * episode of an ordinary, day or delivery patient; the first of its spell). */
static bool decode_flags(const hst_decoder *decoder, hst_row *row)
{
    hst_episode *e = &row->episode;
    bool is_fce =
        (e->epistat == '3') & ((e->classpat == '1') | (e->classpat == '2') | (e->classpat == '5'));
    bool is_fae = is_fce & (e->epiorder == 1);

    e->flags = (uint8_t)(e->flags | (row->duplicate_flag == '1') * HST_EPISODE_DUPLICATE_FLAG |
                         (row->spelend == '1') * HST_EPISODE_SPELEND |
                         decoder->flags_given * HST_EPISODE_FLAGS_GIVEN |
                         (row->fce == '1') * HST_EPISODE_FCE | (row->fae == '1') * HST_EPISODE_FAE |
                         (row->fae_emergency == '1') * HST_EPISODE_FAE_EMERGENCY);
    return ((row->fce != 0) & ((row->fce == '1') != is_fce)) |
           ((row->fae != 0) & ((row->fae == '1') != is_fae));
}

static void reject(hst_decoder *decoder, hst_reason reason, uint64_t line, int column)
{
    hst_segment_info *info = &decoder->info;

    info->rejected[reason]++;
    if (info->first_line[reason] == 0) {
        info->first_line[reason] = line;
        if (column != HST_NO_COLUMN) {
            snprintf(info->first_column[reason], sizeof info->first_column[reason], "%s",
                     decoder->layout->names[column]);
        }
    }
}

/* Counts a row that is in the segment. */
static void account(hst_decoder *decoder, const hst_row *row, bool flag_differs)
{
    hst_segment_info *info = &decoder->info;
    const hst_episode *e = &row->episode;

    info->rows_used++;
    info->noticed[HST_NOTICE_NO_PERSON] += (e->flags & HST_EPISODE_NO_PERSON) != 0;
    info->noticed[HST_NOTICE_NO_ADMIDATE] += e->admidate == 0;
    info->noticed[HST_NOTICE_NO_EPISTART] += e->epistart == 0;
    info->noticed[HST_NOTICE_NO_AGE] += e->startage == HST_AGE_MISSING;
    info->noticed[HST_NOTICE_UNKNOWN_CODE] += row->n_unknown;
    info->noticed[HST_NOTICE_FLAG_DIFFERS] += flag_differs;
    if (row->partyear != 0) {
        uint32_t partyear = (uint32_t)HST_PARTYEAR_BASE + row->partyear;

        if (info->partyear_min == 0 || partyear < info->partyear_min) {
            info->partyear_min = partyear;
        }
        if (partyear > info->partyear_max) {
            info->partyear_max = partyear;
        }
    }
    if (e->admidate != 0 && (info->admidate_min == 0 || e->admidate < info->admidate_min)) {
        info->admidate_min = e->admidate;
    }
    if (e->admidate > info->admidate_max) {
        info->admidate_max = e->admidate;
    }
    if (e->epiend > info->epiend_max) {
        info->epiend_max = e->epiend;
    }
}

static hst_reason reason_of_fault(hst_record_fault fault)
{
    return fault == HST_RECORD_TOO_LONG         ? HST_REASON_TOO_LONG
           : fault == HST_RECORD_UNCLOSED_QUOTE ? HST_REASON_UNCLOSED_QUOTE
           : fault == HST_RECORD_NUL            ? HST_REASON_NUL_BYTE
                                                : HST_REASON_RAGGED;
}

/* What an attendance has in the members of an episode, see episode.h: it ends on the day it began.
 * The duplicate rule `hf` has no list of its fields. */
static void finish_attendance(hst_row *row)
{
    hst_episode *episode = &row->episode;

    episode->epistat = '3';
    episode->epistart = episode->epiend = episode->admidate;
    episode->spell_number = row->arrival;
    episode->completeness = 0;
}

/* The rest of a row, whose columns are decoded, and its way into the segment. */
static hst_status finish_row(hst_decoder *decoder, const hst_record *record, hst_row *row,
                             hst_error *err)
{
    hst_status status = HST_OK;
    const hst_layout *layout = decoder->layout;
    hst_episode *episode = &row->episode;
    uint64_t side_key = episode->record_key;
    bool flag_differs = false;

    if (layout->n_side > 0) {
        decode_side(decoder, record, side_key, row);
    }
    decode_codes(decoder, record, row);
    episode->spell_number = decode_hash(decoder, record, decoder->spell_column, side_key);
    episode->sus_spell = decode_hash(decoder, record, decoder->sus_spell_column, side_key);
    if (decoder->is_attendances) {
        finish_attendance(row);
    }
    if (side_key < SHORT_KEY_BELOW) {
        complete_key(decoder, record, side_key, row);
    }
    decode_person(decoder, record, side_key, row);
    if (row->reason != HST_REASON_NONE) {
        reject(decoder, row->reason, record->line, row->fault_column);
        return HST_OK;
    }

    if (!decoder->is_attendances) {
        episode->completeness += count_filled(episode, decode_site(decoder, record, side_key));
    }
    flag_differs = decode_flags(decoder, row);
    status = hst_segment_writer_add_padded(decoder->writer, episode, row->words, err);
    if (status == HST_OK) {
        account(decoder, row, flag_differs);
    }
    return status;
}

static void begin_row(const hst_decoder *decoder, hst_row *row)
{
    row->episode.startage = HST_AGE_MISSING;
    row->episode.n_diagnoses = (uint8_t)decoder->n_diagnoses;
    row->episode.n_procedures = (uint8_t)decoder->n_procedures;
}

static hst_status add_batch(hst_decoder *decoder, const hst_record *records, size_t n,
                            hst_error *err)
{
    hst_batch *batch = &decoder->batch;
    hst_status status = HST_OK;

    batch->n = 0;
    memset(decoder->rows, 0, n * sizeof *decoder->rows); /* row by row it is a slow loop */
    for (size_t i = 0; i < n; i++) {
        decoder->info.rows_read++;
        if (records[i].fault != HST_RECORD_OK ||
            records[i].n_fields != decoder->layout->header.n_names) {
            reject(decoder, reason_of_fault(records[i].fault), records[i].line, HST_NO_COLUMN);
            continue;
        }
        begin_row(decoder, &decoder->rows[batch->n]);
        batch->records[batch->n] = &records[i];
        batch->ends[batch->n] = records[i].ends;
        batch->bases[batch->n] = records[i].base;
        batch->n++;
    }
    decode_columns(decoder);
    for (size_t i = 0; i < batch->n; i++) {
        decode_shared(decoder, i);
        decode_key(decoder, batch->records[i], &decoder->rows[i]);
    }
    for (size_t i = 0; i < batch->n && status == HST_OK; i++) {
        status = finish_row(decoder, batch->records[i], &decoder->rows[i], err);
    }
    return status;
}

hst_status hst_decoder_add(hst_decoder *decoder, const hst_record *records, size_t n,
                           hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < n && status == HST_OK; i += HST_DECODER_BATCH) {
        status = add_batch(decoder, records + i,
                           n - i < HST_DECODER_BATCH ? n - i : HST_DECODER_BATCH, err);
    }
    return status;
}

void hst_decoder_restart(hst_decoder *decoder)
{
    decoder->info = (hst_segment_info){0};
}

void hst_decoder_info(const hst_decoder *decoder, hst_segment_info *info)
{
    const hst_layout *layout = decoder->layout;

    *info = decoder->info;
    info->dataset = layout->dataset;
    if (decoder->is_attendances) {
        info->noticed[HST_NOTICE_NO_EPISTART] = 0; /* it is their date, which has its own notice */
    }
    info->separator = layout->header.separator;
    memcpy(info->encoding, layout->header.encoding, sizeof info->encoding);
    snprintf(info->person_column, sizeof info->person_column, "%s",
             layout->names[decoder->person_column]);
    info->n_area_columns = layout->n_areas;
    memcpy(info->area_columns, layout->area_names, sizeof info->area_columns);
    info->n_diagnosis_columns = (uint8_t)layout->diagnoses.n_positions;
    info->n_procedure_columns = (uint8_t)layout->procedures.n_positions;
    info->three_character_diagnoses = layout->diagnoses.three_characters;
    hst_layout_key(layout, info->layout_key);
}
