/* What plan.c and decode.c share: the plan of a file and the texts remembered. */
#ifndef HESTIA_DECODE_INTERNAL_H
#define HESTIA_DECODE_INTERNAL_H

#include <string.h>

#include "ingest/extract_internal.h"

enum {
    HST_DATE_FIRST_YEAR = 1930,                    /* of the table of months */
    HST_DATE_N_YEARS = 179,                        /* whole years that hst_day holds */
    HST_DECODER_TEXT_BYTES = HST_IDENTIFIER_BYTES, /* of a quoted field; longer ones are no code */
    HST_DECODER_BATCH = 32,                        /* rows decoded together */
    HST_BRIEF_PLACES = 65536,
    HST_MAX_ITEMS = HST_N_FIELDS + HST_MAX_AREA_COLUMNS + 2 * HST_MAX_POSITIONS,
};

/** Eight digits as a number; false when one is none. Eight bytes are read. */
static inline bool hst_eight_digits(const char *text, uint64_t *out)
{
    uint64_t x = 0;

    memcpy(&x, text, sizeof x);
    x ^= 0x3030303030303030u;
    if (((x + 0x7676767676767676u) | x) & 0x8080808080808080u) {
        return false;
    }
    x = x * 10 + (x >> 8); /* pairs of digits in every second byte */
    x = (x & 0x000000FF000000FFu) * 0x000F424000000064u +
        (x >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u;
    *out = x >> 32;
    return true;
}

/* ---- texts remembered ---- */

/**
 * What the texts of a field were cleaned to: those of one to six bytes, and ONS codes (a letter and
 * eight digits). An entry is key << 16 | value, so that the entry of a key, exclusive-or the key,
 * is its value, and nothing else is below HST_MEMO_NONE. 0 is a free entry.
 *
 * Entries are eight bytes and stand in pairs, either of which may hold a key: dense enough that the
 * codes of a file stay in the second cache.
 */
typedef struct hst_memo {
    uint64_t *entries; /**< [2 * (mask + 1)] */
    uint32_t mask;
    uint32_t n_lost; /**< entries pushed out since it last grew */
} hst_memo;

enum {
    HST_MEMO_NONE = 0xFFFF,
    HST_MEMO_NEVER = 0x1000000 /* key of no text: its first byte is NUL, its second is not */
};

__extension__ typedef unsigned __int128 hst_wide;

/** Pair of a key that is a text of one to six bytes. */
static inline size_t hst_memo_pair_of_text(const hst_memo *memo, uint64_t key)
{
    hst_wide wide = (hst_wide)key * 0x9E3779B97F4A7C15u;

    /* both halves, since either alone lays codes of digits out on a lattice, three to a pair */
    return (size_t)(wide ^ wide >> 64) & memo->mask;
}

/** Pair of a key that is an ONS code; neighbours are neighbours: no gaps. */
static inline size_t hst_memo_pair_of_ons(const hst_memo *memo, uint64_t key)
{
    return (size_t)((uint32_t)key >> 1) & memo->mask;
}

/**
 * Key of a text in the upper 48 bits, and its pair; HST_MEMO_NEVER for other forms of texts.
 * 16 bytes must be readable. Keys differ because no text holds a NUL (the scanner sees to that):
 * ONS codes have one as their fifth byte, shorter texts only from their end on.
 */
static inline uint64_t hst_memo_key(const hst_memo *memo, const char *text, size_t length,
                                    size_t *pair)
{
    static const uint64_t masks[7] = {
        0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF,
    };
    uint64_t key = HST_MEMO_NEVER >> 16, number = 0;

    *pair = 0;
    if (length <= 6) {
        memcpy(&key, text, sizeof key);
        key &= masks[length];
        *pair = hst_memo_pair_of_text(memo, key);
    } else if (length == 9 && hst_eight_digits(text + 1, &number)) {
        key = number | (uint64_t)(unsigned char)text[0] << 40;
        *pair = hst_memo_pair_of_ons(memo, key);
    }
    return key << 16;
}

/** Place in hst_item.brief of a text of at most two bytes, of which two must be readable. Texts
 * differ in it because none holds a NUL. */
static inline size_t hst_brief_place(const char *text, size_t length)
{
    static const uint16_t masks[3] = {0, 0xFF, 0xFFFF};
    uint16_t place = 0;

    memcpy(&place, text, sizeof place);
    return place & masks[length];
}

/** The value that a pair remembers for a key; HST_MEMO_NONE or more when there is none. Which of
 * the two holds it cannot be foreseen, so it is computed, not branched on. */
static inline uint64_t hst_memo_find(const uint64_t *pair, uint64_t key)
{
    uint64_t a = pair[0] ^ key, b = pair[1] ^ key;

    return a < b ? a : b;
}

/** A text whose place in a memo is on its way from memory, and what it fills. */
typedef struct hst_probe {
    uint64_t key;
    const uint64_t *pair;
    uint16_t *member;
} hst_probe;

/* ---- plan ---- */

/** A row while it is decoded; items say by offset what they fill. */
typedef struct hst_row {
    hst_episode episode;
    uint16_t partyear; /**< less HST_PARTYEAR_BASE; 0 = none */
    uint16_t arrival;  /**< 1 + minute of the day; 0 = unknown */
    uint8_t fce, fae, fae_emergency, spelend, duplicate_flag; /**< ASCII, 0 = empty */
    hst_reason reason;                                        /**< first fault */
    int fault_column;
    uint32_t n_unknown; /**< codes outside their lists */
    /** The areas of the layout, then HST_MAX_POSITIONS diagnoses, then as many procedures. */
    uint16_t words[HST_MAX_AREA_COLUMNS + 2 * HST_MAX_POSITIONS];
} hst_row;

enum { HST_PARTYEAR_BASE = 190000 };

/** One column and what it fills. */
typedef struct hst_item {
    int32_t column;
    uint16_t offset; /**< in hst_row */
    bool is_word;    /**< two bytes, else one */
    uint8_t dictionary;
    uint8_t empty; /**< value of an empty field */
    hst_field_kind kind;
    const hst_field *field;
    hst_memo memo;
    uint16_t *brief; /**< [HST_BRIEF_PLACES] 1 + value of texts of at most two bytes, 0 = unknown */
} hst_item;

typedef struct hst_item_list {
    size_t n;
    hst_item items[HST_MAX_ITEMS];
} hst_item_list;

/** A family of columns that stand side by side, read until the rest is empty. */
typedef struct hst_run {
    size_t n;      /**< 0: there is none */
    hst_item item; /**< its column is the first */
} hst_run;

typedef struct hst_month {
    uint16_t before; /**< hst_day of the day before its first */
    uint16_t n_days; /**< 0: no such month */
} hst_month;

/** Rows decoded together. */
typedef struct hst_batch {
    size_t n;
    const hst_record *records[HST_DECODER_BATCH];
    const uint32_t *ends[HST_DECODER_BATCH]; /**< of the records, side by side */
    const char *bases[HST_DECODER_BATCH];
} hst_batch;

struct hst_decoder {
    const hst_layout *layout;
    const hst_side_table *side;
    const hst_store *store;
    hst_segment_writer *writer;

    hst_item_list columns;    /**< in the order of the file's columns */
    hst_item_list shared;     /**< words whose dictionary other columns fill too */
    hst_item_list side_items; /**< of any kind, from side files */
    size_t n_providers;
    hst_item providers[3]; /**< PROCODET, PROCODE3, PROCODE: the first that is filled counts */
    hst_run diagnoses, procedures;
    hst_item diagnosis_list, procedure_list; /**< column HST_NO_COLUMN when not used */
    size_t n_diagnoses, n_procedures;        /**< positions to look at */
    int key_column, person_column, spell_column, sus_spell_column, site_column;
    bool flags_given, is_attendances;

    char *memory;    /**< of the memos, on huge pages where the system gives them */
    uint16_t *brief; /**< of all items; only the pages of codes that are met are ever touched */
    size_t n_brief;
    size_t memory_used;
    hst_month months[HST_DATE_N_YEARS * 16]; /**< [year - HST_DATE_FIRST_YEAR][month] */

    size_t person_length; /**< of the row before, whose hash is known; 0 = none */
    char person_text[64];
    uint64_t person[2];

    hst_segment_info info;
    hst_batch batch;
    hst_row rows[HST_DECODER_BATCH];
    hst_probe probes[HST_DECODER_BATCH * HST_MAX_POSITIONS];
    char text[HST_DECODER_TEXT_BYTES + 64]; /**< value of a quoted field; look-ups read past it */
};

/** Start and length of a column's bytes between its separators. */
static inline const char *hst_raw_field(const hst_record *record, int column, size_t *length)
{
    const uint32_t *boundary = record->ends + column;
    uint32_t start = boundary[-1] + 1;

    *length = boundary[0] - start;
    return record->base + start;
}

/* ---- the slow way (decode_slow.c) ---- */

/** Notes why a row is set aside; the first fault counts. */
void hst_decode_fault(hst_row *row, hst_reason reason, int column);

/** Text of a column without blanks, quotes and null words; of a side file's column too. */
const char *hst_decode_text(hst_decoder *decoder, const hst_record *record, int column,
                            uint64_t side_key, size_t *length);

/** Value of a field that is not remembered; `column` is the item's, or one of its run. */
uint16_t hst_decode_slowly(hst_decoder *decoder, const hst_record *record, hst_item *item,
                           int column, uint64_t side_key, hst_row *row);

hst_day hst_decode_date_slowly(hst_decoder *decoder, const hst_record *record, int column,
                               uint64_t side_key, hst_row *row);

/** A comma list of codes in one column. Returns the number of positions in it. */
size_t hst_decode_list(hst_decoder *decoder, const hst_record *record, const hst_item *item,
                       size_t n_positions, uint64_t side_key, uint16_t *codes, hst_row *row);

/** Remembers the value of a text; makes the memo larger when it keeps losing others. */
void hst_memo_insert(hst_decoder *decoder, hst_memo *memo, const char *text, size_t length,
                     uint16_t value);

#endif
