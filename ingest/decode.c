/* Records to episodes: the hot loop of ingest.
 *
 * A plan made from the layout says which column fills which member of a row. Coded fields hold few
 * different texts, so each field remembers what its texts were cleaned to: the usual field costs
 * one multiplication and one comparison, and every rule lives in clean.c alone. Dates are read
 * eight bytes at a time. What is not in a usual form (blanks, quotes, other dates) takes the slow
 * way with the same result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/extract_internal.h"

enum {
    MEMO_TEXT_BYTES = 9, /* longest text remembered: codes of ONS */
    MEMO_FIRST_BITS = 9,
    MEMO_LAST_BITS = 16, /* 1 MiB, for LSOAs */
    DATE_FIRST_YEAR = 1930,
    DATE_N_YEARS = 179, /* whole years that hst_day holds */
    MAX_TEXT = 1024,    /* of a quoted field; longer ones are no code, date or number */
    MAX_ITEMS = HST_N_FIELDS + HST_MAX_AREA_COLUMNS + 2 * HST_MAX_POSITIONS,
    PARTYEAR_BASE = 190000,
    N_COMPLETENESS_DIAGNOSES = 14,
};

/* ---- texts remembered ---- */

typedef struct memo_entry {
    uint64_t tail; /* last eight bytes of the text, or all of it, shifted to the top */
    uint16_t tag;  /* length and first byte; 0 = free */
    uint16_t value;
    uint8_t note; /* NOTE_* */
} memo_entry;

enum { NOTE_UNKNOWN = 0x80 /* code outside its list; the other bits are a hst_reason */ };

/* Two entries for each hash, the newer first. */
typedef struct memo {
    memo_entry *entries;
    unsigned bits;
    size_t n_lost; /* entries pushed out since it last grew */
} memo;

static bool memo_init(memo *m, unsigned bits)
{
    m->bits = bits;
    m->n_lost = 0;
    m->entries = calloc((size_t)1 << bits, sizeof *m->entries);
    return m->entries != NULL;
}

static inline memo_entry memo_key(const char *text, size_t length)
{
    size_t skip = length > 8;
    uint64_t tail = 0;

    memcpy(&tail, text + skip, sizeof tail);
    return (memo_entry){.tail = tail << (64 - 8 * (length - skip)),
                        .tag = (uint16_t)(length | (size_t)(unsigned char)text[0] << 8)};
}

static inline size_t memo_slot(const memo *m, const memo_entry *key)
{
    return (size_t)(((key->tail ^ key->tag) * 0x9E3779B97F4A7C15u) >> (64 - m->bits));
}

static void memo_insert(memo *m, const memo_entry *entry)
{
    size_t slot = memo_slot(m, entry);

    if (m->entries[slot ^ 1].tag != 0) {
        m->n_lost++;
        if (m->n_lost > (size_t)1 << m->bits && m->bits < MEMO_LAST_BITS) {
            memo larger;

            /* a larger one starts empty; without memory the small one will do */
            if (memo_init(&larger, m->bits + 1)) {
                free(m->entries);
                *m = larger;
                slot = memo_slot(m, entry);
            }
        }
    }
    m->entries[slot ^ 1] = m->entries[slot];
    m->entries[slot] = *entry;
}

/* ---- plan ---- */

/* A row while it is decoded; items say by offset what they fill. */
typedef struct row {
    hst_episode episode;
    uint16_t providers[3]; /* PROCODET, PROCODE3, PROCODE */
    uint16_t partyear;     /* less PARTYEAR_BASE; 0 = none */
    uint8_t fce, fae, fae_emergency, spelend, duplicate_flag, site; /* ASCII, 0 = empty */
    hst_reason reason;                                              /* first fault */
    int fault_column;
    unsigned n_unknown;
    uint16_t areas[HST_MAX_AREA_COLUMNS];
    uint16_t diagnoses[HST_MAX_POSITIONS], procedures[HST_MAX_POSITIONS];
} row;

typedef struct item {
    int column;
    uint16_t offset; /* in row */
    bool is_word;    /* two bytes, else one */
    uint8_t dictionary;
    hst_field_kind kind;
    const hst_field *field;
    memo *memo;
} item;

typedef struct item_list {
    size_t n;
    item items[MAX_ITEMS];
} item_list;

/* Neighbouring columns of one family, read until the rest is empty. */
typedef struct run {
    size_t first, n; /* n = 0: no such run */
    item item;
} run;

typedef struct month {
    uint16_t before; /* hst_day of the day before its first */
    uint16_t n_days;
} month;

struct hst_decoder {
    const hst_layout *layout;
    const hst_side_table *side;
    const hst_store *store;
    hst_segment_writer *writer;
    item_list bytes, words, dates, side_items;
    run diagnoses, procedures;
    item diagnosis_list, procedure_list; /* column HST_NO_COLUMN when not used */
    size_t n_diagnoses, n_procedures;    /* positions to look at */
    int key_column, person_column, spell_column, sus_spell_column;
    bool flags_given;
    size_t n_memos;
    memo memos[MAX_ITEMS];
    month months[DATE_N_YEARS * 16]; /* [year - DATE_FIRST_YEAR][month], month 0 and 13.. empty */
    size_t person_length;            /* of the row before, whose hash is then known */
    char person_text[64];
    uint64_t person[2];
    hst_segment_info info;
    char text[MAX_TEXT + 64]; /* value of a quoted field; dictionary look-ups read past the end */
};

static const struct target {
    hst_field_id field;
    uint16_t offset;
    bool is_word;
} targets[] = {
    {HST_FIELD_EPIORDER, offsetof(row, episode.epiorder), false},
    {HST_FIELD_EPISTAT, offsetof(row, episode.epistat), false},
    {HST_FIELD_EPITYPE, offsetof(row, episode.epitype), false},
    {HST_FIELD_CLASSPAT, offsetof(row, episode.classpat), false},
    {HST_FIELD_DISMETH, offsetof(row, episode.dismeth), false},
    {HST_FIELD_SEX, offsetof(row, episode.sex), false},
    {HST_FIELD_STARTAGE, offsetof(row, episode.startage), false},
    {HST_FIELD_ETHNOS, offsetof(row, episode.ethnos), false},
    {HST_FIELD_IMD_DECILE, offsetof(row, episode.imd_decile), false},
    {HST_FIELD_IMD_RANK, offsetof(row, episode.imd_decile), false},
    {HST_FIELD_FCE, offsetof(row, fce), false},
    {HST_FIELD_FAE, offsetof(row, fae), false},
    {HST_FIELD_FAE_EMERGENCY, offsetof(row, fae_emergency), false},
    {HST_FIELD_SPELEND, offsetof(row, spelend), false},
    {HST_FIELD_DUPLICATE_FLAG, offsetof(row, duplicate_flag), false},
    {HST_FIELD_SITETRET, offsetof(row, site), false},
    {HST_FIELD_ADMIMETH, offsetof(row, episode.admimeth), true},
    {HST_FIELD_ADMISORC, offsetof(row, episode.admisorc), true},
    {HST_FIELD_DISDEST, offsetof(row, episode.disdest), true},
    {HST_FIELD_PROCODET, offsetof(row, providers[0]), true},
    {HST_FIELD_PROCODE3, offsetof(row, providers[1]), true},
    {HST_FIELD_PROCODE, offsetof(row, providers[2]), true},
    {HST_FIELD_MAINSPEF, offsetof(row, episode.mainspef), true},
    {HST_FIELD_TRETSPEF, offsetof(row, episode.tretspef), true},
    {HST_FIELD_GPPRAC, offsetof(row, episode.gp_practice), true},
    {HST_FIELD_PARTYEAR, offsetof(row, partyear), true},
    {HST_FIELD_ADMIDATE, offsetof(row, episode.admidate), true},
    {HST_FIELD_DISDATE, offsetof(row, episode.disdate), true},
    {HST_FIELD_EPISTART, offsetof(row, episode.epistart), true},
    {HST_FIELD_EPIEND, offsetof(row, episode.epiend), true},
    {HST_FIELD_SUBDATE, offsetof(row, episode.subdate), true},
};

static uint8_t dictionary_of(hst_field_kind kind)
{
    return kind == HST_KIND_PROVIDER      ? HST_DICT_PROVIDER
           : kind == HST_KIND_SPECIALTY   ? HST_DICT_SPECIALTY
           : kind == HST_KIND_GP_PRACTICE ? HST_DICT_GP_PRACTICE
           : kind == HST_KIND_DIAGNOSIS   ? HST_DICT_DIAGNOSIS
           : kind == HST_KIND_PROCEDURE   ? HST_DICT_PROCEDURE
                                          : HST_DICT_AREA;
}

static memo *new_memo(hst_decoder *decoder)
{
    memo *m = &decoder->memos[decoder->n_memos];

    if (!memo_init(m, MEMO_FIRST_BITS)) {
        return NULL;
    }
    decoder->n_memos++;
    return m;
}

/* Puts an item where its column and kind belong. */
static void add_item(hst_decoder *decoder, const item *new)
{
    item_list *list = (size_t) new->column >= decoder->layout->header.n_names ? &decoder->side_items
                      : new->kind == HST_KIND_DATE                            ? &decoder->dates
                      : new->is_word                                          ? &decoder->words
                                                                              : &decoder->bytes;

    list->items[list->n++] = *new;
}

static bool plan_fields(hst_decoder *decoder)
{
    const hst_layout *layout = decoder->layout;

    for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
        const hst_field *field = &hst_fields[targets[t].field];
        item new = {.column = layout->columns[targets[t].field],
                    .offset = targets[t].offset,
                    .is_word = targets[t].is_word,
                    .dictionary = dictionary_of(field->kind),
                    .kind = field->kind,
                    .field = field};

        if (new.column == HST_NO_COLUMN || (targets[t].field == HST_FIELD_IMD_RANK &&
                                            layout->columns[HST_FIELD_IMD_DECILE] >= 0)) {
            continue;
        }
        new.memo = new_memo(decoder);
        if (!new.memo) {
            return false;
        }
        add_item(decoder, &new);
    }
    for (size_t i = 0; i < layout->n_areas; i++) {
        item new = {.column = layout->area_columns[i],
                    .offset = (uint16_t)(offsetof(row, areas) + 2 * i),
                    .is_word = true,
                    .dictionary = (uint8_t)(HST_DICT_AREA + i),
                    .kind = HST_KIND_AREA,
                    .field = &hst_area_fields[0],
                    .memo = new_memo(decoder)};

        if (!new.memo) {
            return false;
        }
        add_item(decoder, &new);
    }
    return true;
}

/* A family as one run where its columns stand side by side, else position by position. */
static bool plan_family(hst_decoder *decoder, const hst_code_family *family, hst_field_kind kind,
                        size_t offset, run *whole, item *list)
{
    bool is_run = family->list_column == HST_NO_COLUMN;
    item new = {.is_word = true,
                .offset = (uint16_t)offset,
                .dictionary = dictionary_of(kind),
                .kind = kind,
                .field = &hst_area_fields[0]};

    *list = (item){.column = HST_NO_COLUMN};
    if (family->n_positions == 0) {
        return true;
    }
    new.memo = new_memo(decoder);
    if (!new.memo) {
        return false;
    }
    if (family->list_column != HST_NO_COLUMN) {
        new.column = family->list_column;
        *list = new;
        return true;
    }
    for (size_t p = 0; p < family->n_positions; p++) {
        is_run = is_run && family->columns[p] >= 0 &&
                 family->columns[p] == family->columns[0] + (int)p &&
                 (size_t)family->columns[p] < decoder->layout->header.n_names;
    }
    if (is_run) {
        new.column = family->columns[0];
        *whole = (run){.first = (size_t) new.column, .n = family->n_positions, .item = new};
        return true;
    }
    for (size_t p = 0; p < family->n_positions; p++) {
        new.column = family->columns[p];
        new.offset = (uint16_t)(offset + 2 * p);
        if (new.column != HST_NO_COLUMN) {
            add_item(decoder, &new);
        }
    }
    return true;
}

static void fill_months(month *months)
{
    for (int year = DATE_FIRST_YEAR; year < DATE_FIRST_YEAR + DATE_N_YEARS; year++) {
        for (int m = 1; m <= 12; m++) {
            month *entry = &months[(year - DATE_FIRST_YEAR) * 16 + m];
            int n_days = 28;

            while (hst_date_exists(year, m, n_days + 1)) {
                n_days++;
            }
            entry->before = (uint16_t)(hst_date_from_civil(year, m, 1) - HST_DAY_EPOCH);
            entry->n_days = (uint16_t)n_days;
        }
    }
}

hst_status hst_decoder_create(hst_decoder **out, const hst_layout *layout,
                              const hst_side_table *side, const hst_store *store,
                              hst_segment_writer *writer, hst_error *err)
{
    hst_decoder *decoder = calloc(1, sizeof *decoder);

    *out = NULL;
    if (!decoder) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to decode records");
    }
    decoder->layout = layout;
    decoder->side = side;
    decoder->store = store;
    decoder->writer = writer;
    decoder->key_column = layout->columns[HST_FIELD_EPIKEY];
    decoder->person_column = layout->person_columns[layout->person];
    decoder->spell_column = layout->columns[HST_FIELD_PROVSPNOPS];
    decoder->sus_spell_column = layout->columns[HST_FIELD_SUSSPELLID];
    decoder->flags_given =
        layout->columns[HST_FIELD_FCE] >= 0 && layout->columns[HST_FIELD_FAE] >= 0;
    decoder->n_diagnoses = layout->diagnoses.n_positions;
    decoder->n_procedures = layout->procedures.n_positions;
    fill_months(decoder->months);
    if (!plan_fields(decoder) ||
        !plan_family(decoder, &layout->diagnoses, HST_KIND_DIAGNOSIS, offsetof(row, diagnoses),
                     &decoder->diagnoses, &decoder->diagnosis_list) ||
        !plan_family(decoder, &layout->procedures, HST_KIND_PROCEDURE, offsetof(row, procedures),
                     &decoder->procedures, &decoder->procedure_list)) {
        hst_decoder_free(decoder);
        return hst_fail(err, HST_ERR_MEMORY, "no memory to decode records");
    }
    *out = decoder;
    return HST_OK;
}

void hst_decoder_free(hst_decoder *decoder)
{
    if (decoder) {
        for (size_t i = 0; i < decoder->n_memos; i++) {
            free(decoder->memos[i].entries);
        }
        free(decoder);
    }
}

/* ---- the slow way ---- */

static void set_fault(row *r, hst_reason reason, int column)
{
    if (r->reason == HST_REASON_NONE) {
        r->reason = reason;
        r->fault_column = column;
    }
}

/* Text of a column without blanks, quotes and null words; of a side file's column too. */
static const char *column_text(hst_decoder *decoder, const hst_record *record, int column,
                               uint64_t side_key, size_t *length)
{
    const hst_layout *layout = decoder->layout;
    const char *text = NULL;
    bool quoted = false;

    if ((size_t)column >= layout->header.n_names) {
        size_t at = (size_t)column - layout->header.n_names, source = 0;

        while (at >= layout->side[source].first_column + layout->side[source].n_columns) {
            source++;
        }
        text = hst_side_table_text(decoder->side, source, side_key,
                                   at - layout->side[source].first_column, length);
        if (!text) {
            *length = 0;
            return "";
        }
        return hst_clean_trim(text, length);
    }
    text = hst_record_field(record, (size_t)column, length, &quoted);
    if (quoted) {
        *length = hst_record_value(record, (size_t)column, decoder->text, MAX_TEXT);
        if (*length > MAX_TEXT) {
            *length = MAX_TEXT; /* still too long for anything that is kept */
        }
        text = decoder->text;
    }
    return hst_clean_trim(text, length);
}

/* Cleans a field that is remembered: value and note of its text, which is not empty. */
static memo_entry clean_value(hst_decoder *decoder, const item *it, const char *text, size_t length)
{
    hst_reason reason = HST_REASON_NONE;
    bool unknown = false, is_good = true;
    uint16_t value = 0;
    char code[HST_CODE_BYTES];
    size_t n = 0;

    switch (it->kind) {
    case HST_KIND_CODE1:
        is_good = hst_clean_code1(it->field, text, length, &value, &unknown);
        reason = HST_REASON_MALFORMED_CODE;
        break;
    case HST_KIND_CODE2:
        is_good = hst_clean_code2(it->field, text, length, &value, &unknown);
        reason = HST_REASON_MALFORMED_CODE;
        break;
    case HST_KIND_AGE:
        is_good = hst_clean_age(text, length, &value, &unknown);
        reason = HST_REASON_MALFORMED_NUMBER;
        break;
    case HST_KIND_ORDER:
        is_good = hst_clean_order(text, length, &value, &unknown);
        reason = HST_REASON_MALFORMED_NUMBER;
        break;
    case HST_KIND_FLAG:
        value = hst_clean_flag(text, length);
        unknown = value == 0;
        break;
    case HST_KIND_IMD_DECILE:
        value = hst_clean_imd_decile(text, length);
        break;
    case HST_KIND_IMD_RANK:
        value = hst_clean_imd_rank(text, length);
        break;
    case HST_KIND_FILLED:
        value = '1';
        break;
    case HST_KIND_PARTYEAR:
        value = (uint16_t)(hst_clean_partyear(text, length) - PARTYEAR_BASE);
        unknown = hst_clean_partyear(text, length) == 0;
        value = unknown ? 0 : value;
        break;
    default:
        n = hst_clean_code(it->kind, text, length, code);
        reason = HST_REASON_MALFORMED_CODE;
        value = n == 0 ? 0
                : n < HST_CODE_BYTES
                    ? hst_segment_writer_code(decoder->writer, it->dictionary, code, n)
                    : HST_DICT_FULL;
        is_good = value != HST_DICT_FULL;
        break;
    }
    return (memo_entry){
        .value = value,
        .note = (uint8_t)((is_good ? HST_REASON_NONE : reason) | (unknown ? NOTE_UNKNOWN : 0))};
}

static uint16_t take_note(row *r, const memo_entry *entry, int column)
{
    if (entry->note & NOTE_UNKNOWN) {
        r->n_unknown++;
    }
    if (entry->note & ~NOTE_UNKNOWN) {
        set_fault(r, (hst_reason)(entry->note & ~NOTE_UNKNOWN), column);
    }
    return entry->value;
}

/* A field whose text is not remembered (yet). `column` is that of the item, or of its run. */
static __attribute__((noinline)) uint16_t decode_slowly(hst_decoder *decoder,
                                                        const hst_record *record, const item *it,
                                                        int column, uint64_t side_key, row *r)
{
    size_t length = 0;
    const char *text = column_text(decoder, record, column, side_key, &length);

    if (length == 0) {
        return it->kind == HST_KIND_AGE ? HST_AGE_MISSING : 0;
    }
    memo_entry entry = clean_value(decoder, it, text, length);

    if ((size_t)column < decoder->layout->header.n_names) {
        uint32_t start = record->ends[column - 1] + 1;
        size_t raw_length = record->ends[column] - start;

        if (raw_length <= MEMO_TEXT_BYTES) {
            memo_entry key = memo_key(record->base + start, raw_length);

            entry.tail = key.tail;
            entry.tag = key.tag;
            memo_insert(it->memo, &entry);
        }
    }
    return take_note(r, &entry, column);
}

static __attribute__((noinline)) hst_day decode_date_slowly(hst_decoder *decoder,
                                                            const hst_record *record, int column,
                                                            uint64_t side_key, row *r)
{
    hst_day day = 0;
    size_t length = 0;
    const char *text = column_text(decoder, record, column, side_key, &length);

    if (length > 0 && !hst_clean_date(text, length, &day)) {
        set_fault(r, HST_REASON_MALFORMED_DATE, column);
    }
    return day;
}

/* A comma list of codes in one column. Returns the number of positions in it. */
static size_t decode_list(hst_decoder *decoder, const hst_record *record, const item *it,
                          size_t n_positions, uint64_t side_key, uint16_t *codes, row *r)
{
    size_t length = 0, n = 0, start = 0;
    const char *text = column_text(decoder, record, it->column, side_key, &length);

    for (size_t i = 0; i <= length && n < n_positions; i++) {
        if (i == length || text[i] == ',') {
            size_t code_length = i - start;
            const char *code = hst_clean_trim(text + start, &code_length);

            if (code_length > 0) {
                memo_entry entry = clean_value(decoder, it, code, code_length);

                codes[n] = take_note(r, &entry, it->column);
            }
            n++;
            start = i + 1;
        }
    }
    return n;
}

/* ---- the fast way ---- */

static inline uint16_t decode_field(hst_decoder *decoder, const hst_record *record, const item *it,
                                    size_t column, uint32_t start, size_t length, row *r)
{
    if (length <= MEMO_TEXT_BYTES) {
        memo_entry key = memo_key(record->base + start, length);
        size_t slot = memo_slot(it->memo, &key);
        const memo_entry *entry = &it->memo->entries[slot];

        if (entry->tail != key.tail || entry->tag != key.tag) {
            entry = &it->memo->entries[slot ^ 1];
        }
        if (entry->tail == key.tail && entry->tag == key.tag) {
            return entry->note ? take_note(r, entry, (int)column) : entry->value;
        }
    }
    return decode_slowly(decoder, record, it, (int)column, 0, r);
}

/* YYYY-MM-DD, all ten bytes at once; every other form is left to the slow way. */
static inline hst_day decode_date(hst_decoder *decoder, const hst_record *record, const item *it,
                                  uint32_t start, size_t length, row *r)
{
    const char *text = record->base + start;
    uint64_t ym = 0;
    uint16_t dd = 0;

    memcpy(&ym, text, sizeof ym);
    memcpy(&dd, text + 8, sizeof dd);
    ym ^= 0x2D30302D30303030u; /* digits become 0 to 9, hyphens 0 */
    dd ^= 0x3030u;
    if (length == 10 && (((ym + 0x7F76767F76767676u) | ym) & 0x8080808080808080u) == 0 &&
        (((dd + 0x7676u) | dd) & 0x8080u) == 0) {
        unsigned year = (unsigned)(ym & 15) * 1000 + (unsigned)(ym >> 8 & 15) * 100 +
                        (unsigned)(ym >> 16 & 15) * 10 + (unsigned)(ym >> 24 & 15);
        unsigned m = (unsigned)(ym >> 40 & 15) * 10 + (unsigned)(ym >> 48 & 15);
        unsigned day = (unsigned)(dd & 15) * 10 + (dd >> 8 & 15u);

        if (year - DATE_FIRST_YEAR < DATE_N_YEARS && m <= 12) {
            const month *in = &decoder->months[(year - DATE_FIRST_YEAR) * 16 + m];

            if (day - 1 < in->n_days) {
                return (hst_day)(in->before + day);
            }
        }
    }
    return decode_date_slowly(decoder, record, it->column, 0, r);
}

/* The positions of a run up to the last that is not empty. Returns their number. */
static inline size_t decode_run(hst_decoder *decoder, const hst_record *record, const run *whole,
                                uint16_t *codes, row *r)
{
    size_t last = whole->first + whole->n - 1;
    uint32_t start = record->ends[(ptrdiff_t)whole->first - 1] + 1;
    size_t n = 0;

    while (n < whole->n) {
        size_t column = whole->first + n;
        size_t length = record->ends[column] - start;

        if (length == 0) {
            if (record->ends[last] - start == last - column) {
                break; /* nothing but separators from here on */
            }
        } else {
            codes[n] = decode_field(decoder, record, &whole->item, column, start, length, r);
        }
        start = record->ends[column] + 1;
        n++;
    }
    return n;
}

/* ---- keys and people ---- */

static void decode_key(hst_decoder *decoder, const hst_record *record, row *r)
{
    size_t length = 0;
    const char *text = column_text(decoder, record, decoder->key_column, 0, &length);
    uint64_t key = 0;

    if (length > 0 && !hst_clean_number(text, length, &key)) {
        set_fault(r, HST_REASON_MALFORMED_NUMBER, decoder->key_column);
    } else if (key == 0) {
        set_fault(r, HST_REASON_NO_RECORD_KEY, decoder->key_column);
    }
    r->episode.record_key = key;
}

/* Completes a short key by the year that the row names: FYEAR, else PARTYEAR, else the financial
 * year in which the episode ended. */
static void complete_key(hst_decoder *decoder, const hst_record *record, uint64_t side_key, row *r)
{
    int column = decoder->layout->columns[HST_FIELD_FYEAR];
    unsigned year = 0;

    if (column != HST_NO_COLUMN) {
        size_t length = 0;
        const char *text = column_text(decoder, record, column, side_key, &length);

        year = hst_clean_fyear(text, length);
    }
    if (year == 0 && r->partyear != 0) {
        year = (unsigned)(PARTYEAR_BASE + r->partyear) / 100;
    }
    if (year == 0 && r->episode.epiend != 0) {
        year = (unsigned)hst_date_financial_year(hst_day_to_date(r->episode.epiend));
    }
    r->episode.record_key = hst_clean_complete_key(r->episode.record_key, year);
}

/* The hash of the person; of the record's own key where there is no identifier, so that neither
 * order nor file of the row matters. A NUL stands first: no identifier holds one. */
static void decode_person(hst_decoder *decoder, const hst_record *record, uint64_t side_key, row *r)
{
    size_t length = 0;
    const char *text = column_text(decoder, record, decoder->person_column, side_key, &length);

    if (length == 0) {
        char own[10] = {'\0', (char)decoder->layout->dataset};

        memcpy(own + 2, &r->episode.record_key, sizeof r->episode.record_key);
        hst_store_hash(decoder->store, own, sizeof own, r->episode.person);
        r->episode.flags |= HST_EPISODE_NO_PERSON;
        return;
    }
    if (length >= MAX_TEXT) {
        set_fault(r, HST_REASON_MALFORMED_CODE, decoder->person_column);
        return;
    }
    /* rows of a person often follow each other, and the hash is slow */
    if (length != decoder->person_length || memcmp(text, decoder->person_text, length) != 0) {
        hst_store_hash(decoder->store, text, length, decoder->person);
        decoder->person_length = length <= sizeof decoder->person_text ? length : 0;
        memcpy(decoder->person_text, text, decoder->person_length);
    }
    memcpy(r->episode.person, decoder->person, sizeof r->episode.person);
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
    text = column_text(decoder, record, column, side_key, &length);
    if (length == 0 || (length == 2 && memcmp(text, "-1", 2) == 0)) {
        return 0;
    }
    hst_store_hash(decoder->store, text, length, hash);
    return (uint32_t)hash[0] ? (uint32_t)hash[0] : 1;
}

/* ---- a row ---- */

static void store_value(row *r, const item *it, uint16_t value)
{
    char *member = (char *)r + it->offset;

    if (it->is_word) {
        memcpy(member, &value, sizeof value);
    } else {
        *(unsigned char *)member = (unsigned char)value;
    }
}

/* What comes from side files. */
static void decode_side(hst_decoder *decoder, const hst_record *record, uint64_t side_key, row *r)
{
    const hst_layout *layout = decoder->layout;

    for (size_t s = 0; s < layout->n_side; s++) {
        size_t length = 0;

        if (layout->side[s].is_required &&
            !hst_side_table_text(decoder->side, s, side_key, 0, &length)) {
            set_fault(r, HST_REASON_NO_SIDE_ROW, decoder->key_column);
            return;
        }
    }
    for (size_t i = 0; i < decoder->side_items.n; i++) {
        const item *it = &decoder->side_items.items[i];

        store_value(r, it,
                    it->kind == HST_KIND_DATE
                        ? decode_date_slowly(decoder, record, it->column, side_key, r)
                        : decode_slowly(decoder, record, it, it->column, side_key, r));
    }
}

static void decode_fields(hst_decoder *decoder, const hst_record *record, row *r)
{
    for (size_t i = 0; i < decoder->dates.n; i++) {
        const item *it = &decoder->dates.items[i];
        uint32_t start = record->ends[it->column - 1] + 1;
        size_t length = record->ends[it->column] - start;

        if (length > 0) {
            hst_day day = decode_date(decoder, record, it, start, length, r);

            memcpy((char *)r + it->offset, &day, sizeof day);
        }
    }
    for (size_t i = 0; i < decoder->words.n; i++) {
        const item *it = &decoder->words.items[i];
        uint32_t start = record->ends[it->column - 1] + 1;
        size_t length = record->ends[it->column] - start;

        if (length > 0) {
            uint16_t value =
                decode_field(decoder, record, it, (size_t)it->column, start, length, r);

            memcpy((char *)r + it->offset, &value, sizeof value);
        }
    }
    for (size_t i = 0; i < decoder->bytes.n; i++) {
        const item *it = &decoder->bytes.items[i];
        uint32_t start = record->ends[it->column - 1] + 1;
        size_t length = record->ends[it->column] - start;

        if (length > 0) {
            *((unsigned char *)r + it->offset) = (unsigned char)decode_field(
                decoder, record, it, (size_t)it->column, start, length, r);
        }
    }
}

/* Position after the last code that is not empty. */
static uint8_t used_positions(const uint16_t *codes, size_t n)
{
    while (n > 0 && codes[n - 1] == 0) {
        n--;
    }
    return (uint8_t)n;
}

/* Fields of the `hf` duplicate rule that are filled: ADMIMETH, ADMISORC, DIAG_01-14, DISDEST,
 * DISMETH, MAINSPEF, STARTAGE, SITETRET, TRETSPEF, OPERTN_01. */
static uint8_t count_filled(const row *r)
{
    const hst_episode *e = &r->episode;
    int n = (e->admimeth != 0) + (e->admisorc != 0) + (e->disdest != 0) + (e->dismeth != 0) +
            (e->mainspef != 0) + (e->startage != HST_AGE_MISSING) + (r->site != 0) +
            (e->tretspef != 0) + (r->procedures[0] != 0);

    for (size_t i = 0; i < e->n_diagnoses && i < N_COMPLETENESS_DIAGNOSES; i++) {
        n += r->diagnoses[i] != 0;
    }
    return (uint8_t)n;
}

/* Flags as the extract gives them; true when FCE or FAE is not what the rule gives (definitions: a
 * finished episode of an ordinary, day or delivery patient; its spell's first). */
static bool decode_flags(const hst_decoder *decoder, row *r)
{
    hst_episode *e = &r->episode;
    bool is_fce =
        e->epistat == '3' && (e->classpat == '1' || e->classpat == '2' || e->classpat == '5');
    bool is_fae = is_fce && e->epiorder == 1;

    e->flags =
        (uint8_t)(e->flags | (r->duplicate_flag == '1' ? HST_EPISODE_DUPLICATE_FLAG : 0) |
                  (r->spelend == '1' ? HST_EPISODE_SPELEND : 0) |
                  (decoder->flags_given ? HST_EPISODE_FLAGS_GIVEN : 0) |
                  (r->fce == '1' ? HST_EPISODE_FCE : 0) | (r->fae == '1' ? HST_EPISODE_FAE : 0) |
                  (r->fae_emergency == '1' ? HST_EPISODE_FAE_EMERGENCY : 0));
    return (r->fce != 0 && (r->fce == '1') != is_fce) || (r->fae != 0 && (r->fae == '1') != is_fae);
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
static void account(hst_decoder *decoder, const row *r, bool flag_differs)
{
    hst_segment_info *info = &decoder->info;
    const hst_episode *e = &r->episode;

    info->rows_used++;
    info->noticed[HST_NOTICE_NO_PERSON] += (e->flags & HST_EPISODE_NO_PERSON) != 0;
    info->noticed[HST_NOTICE_NO_ADMIDATE] += e->admidate == 0;
    info->noticed[HST_NOTICE_NO_EPISTART] += e->epistart == 0;
    info->noticed[HST_NOTICE_NO_AGE] += e->startage == HST_AGE_MISSING;
    info->noticed[HST_NOTICE_UNKNOWN_CODE] += r->n_unknown;
    info->noticed[HST_NOTICE_FLAG_DIFFERS] += flag_differs;
    if (r->partyear != 0) {
        uint32_t partyear = (uint32_t)PARTYEAR_BASE + r->partyear;

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
    return fault == HST_RECORD_RAGGED           ? HST_REASON_RAGGED
           : fault == HST_RECORD_TOO_LONG       ? HST_REASON_TOO_LONG
           : fault == HST_RECORD_UNCLOSED_QUOTE ? HST_REASON_UNCLOSED_QUOTE
                                                : HST_REASON_NUL_BYTE;
}

hst_status hst_decoder_add(hst_decoder *decoder, const hst_record *record, hst_error *err)
{
    hst_status status = HST_OK;
    uint16_t words[HST_MAX_AREA_COLUMNS + 2 * HST_MAX_POSITIONS];
    size_t n_areas = decoder->layout->n_areas;
    size_t n_diagnoses = decoder->n_diagnoses, n_procedures = decoder->n_procedures;
    bool flag_differs = false;
    uint64_t side_key = 0;
    row r;

    decoder->info.rows_read++;
    if (record->fault != HST_RECORD_OK || record->n_fields != decoder->layout->header.n_names) {
        reject(decoder,
               record->fault == HST_RECORD_OK ? HST_REASON_RAGGED : reason_of_fault(record->fault),
               record->line, HST_NO_COLUMN);
        return HST_OK;
    }
    memset(&r, 0, sizeof r);
    r.episode.startage = HST_AGE_MISSING;

    decode_fields(decoder, record, &r);
    decode_key(decoder, record, &r);
    side_key = r.episode.record_key;
    if (decoder->layout->n_side > 0 && r.reason == HST_REASON_NONE) {
        decode_side(decoder, record, side_key, &r);
    }
    if (decoder->diagnoses.n > 0) {
        n_diagnoses = decode_run(decoder, record, &decoder->diagnoses, r.diagnoses, &r);
    } else if (decoder->diagnosis_list.column != HST_NO_COLUMN) {
        n_diagnoses = decode_list(decoder, record, &decoder->diagnosis_list, n_diagnoses, side_key,
                                  r.diagnoses, &r);
    }
    if (decoder->procedures.n > 0) {
        n_procedures = decode_run(decoder, record, &decoder->procedures, r.procedures, &r);
    } else if (decoder->procedure_list.column != HST_NO_COLUMN) {
        n_procedures = decode_list(decoder, record, &decoder->procedure_list, n_procedures,
                                   side_key, r.procedures, &r);
    }
    if (r.episode.record_key < 1000000000u) {
        complete_key(decoder, record, side_key, &r);
    }
    decode_person(decoder, record, side_key, &r);
    r.episode.spell_number = decode_hash(decoder, record, decoder->spell_column, side_key);
    r.episode.sus_spell = decode_hash(decoder, record, decoder->sus_spell_column, side_key);
    if (r.reason != HST_REASON_NONE) {
        reject(decoder, r.reason, record->line, r.fault_column);
        return HST_OK;
    }

    r.episode.provider = r.providers[0]   ? r.providers[0]
                         : r.providers[1] ? r.providers[1]
                                          : r.providers[2];
    r.episode.n_diagnoses = used_positions(r.diagnoses, n_diagnoses);
    r.episode.n_procedures = used_positions(r.procedures, n_procedures);
    r.episode.n_words = (uint8_t)(n_areas + r.episode.n_diagnoses + r.episode.n_procedures);
    r.episode.completeness = count_filled(&r);
    flag_differs = decode_flags(decoder, &r);
    memcpy(words, r.areas, n_areas * sizeof *words);
    memcpy(words + n_areas, r.diagnoses, r.episode.n_diagnoses * sizeof *words);
    memcpy(words + n_areas + r.episode.n_diagnoses, r.procedures,
           r.episode.n_procedures * sizeof *words);
    status = hst_segment_writer_add(decoder->writer, &r.episode, words, err);
    if (status == HST_OK) {
        account(decoder, &r, flag_differs);
    }
    return status;
}

void hst_decoder_info(const hst_decoder *decoder, hst_segment_info *info)
{
    const hst_layout *layout = decoder->layout;

    *info = decoder->info;
    info->dataset = layout->dataset;
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
