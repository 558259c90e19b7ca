/* What the parts of reading an extract share: header.c, fields.c, layout.c, side_table.c, clean.c,
 * decode.c. */
#ifndef HESTIA_EXTRACT_INTERNAL_H
#define HESTIA_EXTRACT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hestia/clean.h"
#include "hestia/extract.h"

/* ---- header.c: the first line of a delimited file ---- */

typedef struct hst_header {
    char separator;
    char encoding[16];
    size_t n_names;
    char **names; /**< trimmed, unquoted, upper case */
} hst_header;

/**
 * Reads the first line that is not blank as a header; finds separator and encoding.
 *
 * @param separator  0 = find out
 * @return HST_ERR_INPUT: empty file, not text, no line end, more than HST_MAX_COLUMNS names
 */
HST_MUST_CHECK hst_status hst_header_read(hst_header *header, const char *path, const char *member,
                                          char separator, hst_error *err);
void hst_header_clear(hst_header *header);

/* ---- fields.c: the fields of HES that hestia keeps ---- */

/** How the text of a field is cleaned. */
typedef enum hst_field_kind {
    HST_KIND_CODE1,      /**< one character */
    HST_KIND_CODE2,      /**< two characters */
    HST_KIND_AGE,        /**< STARTAGE */
    HST_KIND_ORDER,      /**< EPIORDER */
    HST_KIND_TIME,       /**< ARRIVALTIME */
    HST_KIND_FLAG,       /**< 0 or 1, stored as '0' or '1' */
    HST_KIND_IMD_DECILE, /**< a number or the words of the official bands */
    HST_KIND_IMD_RANK,
    HST_KIND_FILLED, /**< not stored; only whether it is filled counts */
    HST_KIND_PROVIDER,
    HST_KIND_SPECIALTY,
    HST_KIND_GP_PRACTICE,
    HST_KIND_DIAGNOSIS,
    HST_KIND_PROCEDURE,
    HST_KIND_AREA,
    HST_KIND_DATE, /**< from here on too many values to remember by text */
    HST_KIND_KEY,
    HST_KIND_PERSON,
    HST_KIND_HASH,
    HST_KIND_PARTYEAR,
    HST_KIND_FYEAR,
} hst_field_kind;

/**
 * Fields by the member of an episode that they fill, under the names of inpatients; what
 * attendances have instead stands in hestia/episode.h (ATTENDED is HST_FIELD_CLASSPAT).
 */
typedef enum hst_field_id {
    HST_FIELD_FYEAR,
    HST_FIELD_PARTYEAR,
    HST_FIELD_KEY,
    HST_FIELD_ADMIDATE,
    HST_FIELD_DISDATE,
    HST_FIELD_EPISTART,
    HST_FIELD_EPIEND,
    HST_FIELD_EPIORDER,
    HST_FIELD_EPISTAT,
    HST_FIELD_EPITYPE,
    HST_FIELD_CLASSPAT,
    HST_FIELD_ADMIMETH,
    HST_FIELD_ADMISORC,
    HST_FIELD_DISDEST,
    HST_FIELD_DISMETH,
    HST_FIELD_SEX,
    HST_FIELD_STARTAGE,
    HST_FIELD_PROCODET,
    HST_FIELD_PROCODE3,
    HST_FIELD_PROCODE,
    HST_FIELD_MAINSPEF,
    HST_FIELD_TRETSPEF,
    HST_FIELD_GPPRAC,
    HST_FIELD_ETHNOS,
    HST_FIELD_SITETRET,
    HST_FIELD_IMD_DECILE,
    HST_FIELD_IMD_RANK,
    HST_FIELD_FCE,
    HST_FIELD_FAE,
    HST_FIELD_FAE_EMERGENCY,
    HST_FIELD_SPELEND,
    HST_FIELD_DUPLICATE_FLAG,
    HST_FIELD_PROVSPNOPS,
    HST_FIELD_SUSSPELLID,
    HST_FIELD_SUBDATE,
    HST_FIELD_ARRIVALTIME,
    HST_N_FIELDS
} hst_field_id;

typedef struct hst_field {
    const char *name;    /**< canonical; NULL: the data set has no such field */
    const char *aliases; /**< other header names, separated by blanks, in order of preference */
    hst_field_kind kind;
    bool is_required;
    const char *codes; /**< known codes, separated by blanks; NULL: not checked */
} hst_field;

/** The fields of a data set, [HST_N_FIELDS] by hst_field_id. */
const hst_field *hst_fields_of(hst_dataset dataset);

/** Area columns in the order of an episode's words; kind, required and codes are not used. */
extern const hst_field hst_area_fields[];
extern const size_t hst_n_area_fields;

/** Header names of the person identifiers, by hst_person_kind. */
extern const hst_field hst_person_fields[HST_N_PERSON_KINDS];

/** True when `text` is the field's name or one of its aliases, in any case. */
bool hst_field_is_called(const hst_field *field, const char *text);

/** True when `code` stands in a list of codes separated by blanks. */
bool hst_codes_have(const char *codes, const char *code, size_t length);

/* ---- layout.c ---- */

enum {
    HST_NO_COLUMN = -1,
    HST_MAX_POSITIONS = 40 /**< of diagnoses and of procedures */
};

/** Diagnoses or procedures: a column for each position, or one with a comma list. */
typedef struct hst_code_family {
    size_t n_positions;
    int columns[HST_MAX_POSITIONS]; /**< HST_NO_COLUMN where a position has none */
    int list_column; /**< used when there are no single columns, else HST_NO_COLUMN */
    bool three_characters;
} hst_code_family;

/** One `side_files` entry. Its columns are numbered after those of the file itself. */
typedef struct hst_side_source {
    size_t n_paths;
    char **paths;
    uint8_t (*digests)[16]; /**< [n_paths] */
    char *key;
    size_t first_column, n_columns;
    bool is_required; /**< a required field comes from here */
} hst_side_source;

struct hst_layout {
    hst_dataset dataset;
    const hst_field *fields; /**< of the data set */
    char *name;              /**< file, with ":member", for messages */
    hst_header header;
    bool has_header_line;
    size_t n_names; /**< header.n_names, then the side files' columns */
    char **names;   /**< [n_names], owned by header and side_names */
    size_t n_side_names;
    char **side_names;
    size_t n_side;
    hst_side_source *side;
    int columns[HST_N_FIELDS];
    int person_columns[HST_N_PERSON_KINDS];
    bool person_is_named; /**< by `columns: {person: X}` */
    hst_person_kind person;
    size_t n_areas;
    int area_columns[HST_MAX_AREA_COLUMNS];
    char area_names[HST_MAX_AREA_COLUMNS][32];
    hst_code_family diagnoses, procedures;
    char diagnoses_text[48], procedures_text[48]; /**< for hst_layout_describe */
};

/** The header matching an already canonical name, its derived form preferred; from the back, so
 * that a side file's column wins. HST_NO_COLUMN when there is none. */
int hst_names_find(char *const *names, size_t n_names, const char *name);

/** The column for a field by its name, then by its aliases. */
int hst_names_find_field(char *const *names, size_t n_names, const hst_field *field);

/* ---- dataset.c ---- */

/** The data set of whose own fields the largest share is among names of columns; inpatients when
 * there is none. */
hst_dataset hst_names_dataset(char *const *names, size_t n_names);

/** Attendances are of one day: they have no episodes. */
static inline bool hst_dataset_is_attendances(hst_dataset dataset)
{
    return dataset != HST_DATASET_APC;
}

/* ---- layout_check.c ---- */

/** HST_ERR_USAGE: a role of `columns:` that is none of area, person, a field's name. */
HST_MUST_CHECK hst_status hst_layout_check_roles(const hst_layout *layout,
                                                 const hst_extract_spec *spec, hst_error *err);

/** HST_ERR_INPUT: no name of HES at all, or a name twice. */
HST_MUST_CHECK hst_status hst_layout_check_names(const hst_layout *layout, hst_error *err);

/** HST_ERR_INPUT: required columns are missing; names what was looked for. */
HST_MUST_CHECK hst_status hst_layout_check_required(const hst_layout *layout, hst_error *err);

/* ---- side_table.c ---- */

/** Text of column `column` (of the entry's own list) in the row of `key` of side entry `source`;
 * NULL when the key has no row. 64 readable bytes follow it. */
const char *hst_side_table_text(const hst_side_table *side, size_t source, uint64_t key,
                                size_t column, size_t *length);

/* ---- clean.c: text of one field (trimmed) to its stored value; see also hestia/clean.h ---- */

/** Whole number, also written as a decimal ("5.0"). False when it is not one or does not fit. */
bool hst_clean_number(const char *text, size_t length, uint64_t *out);

/** A date in any of the forms of domain/hes-fields.md; 0 for sentinels and before 1930. False when
 * no such day exists, its form is unknown, or it is after 2109-06-05. */
bool hst_clean_date(const char *text, size_t length, hst_day *out);

/** Age by STARTAGE's codes; HST_AGE_MISSING for 999 and, with `unknown`, what no rule knows. */
bool hst_clean_age(const char *text, size_t length, uint16_t *out, bool *unknown);

/** Position of the episode; 0 and over 99 are unknown codes. */
bool hst_clean_order(const char *text, size_t length, uint16_t *out, bool *unknown);

/**
 * Time of day, hhmm or HH:MM[:SS], as 1 + its minute, 1 to 1440; 0 for 3000 (invalid) and 4000
 * (null submitted) and, with `unknown`, for what is no time. False when it is not a number.
 */
bool hst_clean_time(const char *text, size_t length, uint16_t *out, bool *unknown);

/** One- and two-character codes as stored in hst_episode. False when the code is too long. */
bool hst_clean_code1(const hst_field *field, const char *text, size_t length, uint16_t *out,
                     bool *unknown);
bool hst_clean_code2(const hst_field *field, const char *text, size_t length, uint16_t *out,
                     bool *unknown);

/** Decile of deprivation, 0 = unknown. */
uint16_t hst_clean_imd_decile(const char *text, size_t length);
uint16_t hst_clean_imd_rank(const char *text, size_t length);

/** '1' for 1, Y, T, TRUE, YES; '0' for 0, N, F, FALSE, NO; 0 for anything else. */
uint16_t hst_clean_flag(const char *text, size_t length);

/** Dictionary codes: writes the cleaned code into `code` and returns its length, 0 = empty;
 * HST_CODE_BYTES when the text is too long to be a code. */
size_t hst_clean_code(hst_field_kind kind, const char *text, size_t length,
                      char code[HST_CODE_BYTES]);

/** Start year of FYEAR (0102, 102, 1415, 200102, 2001/02) or PARTYEAR (YYYYnn); 0 = none. */
unsigned hst_clean_fyear(const char *text, size_t length);

/** PARTYEAR as a number YYYYnn; 0 when it is not one. */
uint32_t hst_clean_partyear(const char *text, size_t length);

/** National keys before 2012 delivered short: (100 + yy) * 10^9 added, for `year` known; 300 of
 * outpatients, 200 of A&E. */
uint64_t hst_clean_complete_key(hst_dataset dataset, uint64_t key, unsigned year);

#endif
