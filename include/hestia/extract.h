#ifndef HESTIA_EXTRACT_H
#define HESTIA_EXTRACT_H

#include "hestia/episode.h"
#include "hestia/scanner.h"
#include "hestia/source.h"
#include "hestia/status.h"
#include "hestia/store.h"

/** What the study says of one input stream. Texts are borrowed. */
typedef struct hst_extract_spec {
    hst_dataset dataset;
    const char *path;
    const char *member;      /**< "" or the member of a zip or tar */
    char separator;          /**< 0 = find out */
    const char *header_file; /**< NULL: the first line is the header */
    size_t n_columns; /**< `columns:` of the study file: role ("area", "person", or a field's name)
                         → header name */
    const char *const *column_roles;
    const char *const *column_names;
    size_t n_side_files; /**< columns delivered in files of their own */
    const struct hst_side_spec *side_files;
} hst_extract_spec;

typedef struct hst_side_spec {
    size_t n_paths;
    const char *const *paths; /**< globs already expanded */
    const char *key;          /**< column that both hold: EPIKEY, ATTENDKEY, AEKEY */
    size_t n_columns;
    const char *const *columns;
} hst_side_spec;

/** Kinds of person identifier in order of preference. */
typedef enum hst_person_kind {
    HST_PERSON_TOKEN,
    HST_PERSON_PSEUDO,
    HST_PERSON_ENCRYPTED,
    HST_PERSON_HESID,
    HST_PERSON_STUDY,
    HST_N_PERSON_KINDS
} hst_person_kind;

/** Guesses from its first line which data set an input is of; inpatients when nothing speaks for
 * another. @return what opening it and reading its header return */
HST_MUST_CHECK hst_status hst_extract_guess_dataset(hst_dataset *out, const char *path,
                                                    const char *member, hst_error *err);

/** What a header means: separator, encoding, which column is which field. */
typedef struct hst_layout hst_layout;

/**
 * Reads the start of an input: packing, encoding, separator, header, fields.
 *
 * @return HST_ERR_INPUT: empty file, header only is allowed here, unknown header (no HES field at
 * all), a required column missing (names the aliases it looked for), a header name twice, not text
 */
HST_MUST_CHECK hst_status hst_layout_detect(hst_layout **out, const hst_extract_spec *spec,
                                            hst_error *err);
void hst_layout_free(hst_layout *layout);

/** Bit k set: the file (or a side file) holds person kind k. A `columns: {person: X}` counts as
 * every kind. */
unsigned hst_layout_person_kinds(const hst_layout *layout);
const char *hst_person_kind_name(hst_person_kind kind);

/** Fixes the identifier used (the first kind that all files of the study have). */
void hst_layout_use_person(hst_layout *layout, hst_person_kind kind);

/** 128-bit key of all that decoding depends on besides the content: fields, columns, person kind,
 * side files' content, format version. */
void hst_layout_key(const hst_layout *layout, uint8_t key[16]);

char hst_layout_separator(const hst_layout *layout);
const char *hst_layout_encoding(const hst_layout *layout);
size_t hst_layout_n_columns(const hst_layout *layout);
bool hst_layout_has_header_line(const hst_layout *layout);

/** True when the file or one of its side files has a column of this name, in upper or lower case.
 */
bool hst_layout_has_column(const hst_layout *layout, const char *name);

/** Names of the columns in use for each field found: for `check`. Returns false when i is past the
 * last. */
bool hst_layout_describe(const hst_layout *layout, size_t i, const char **field,
                         const char **column);

/** Area columns found, canonical names, in the order of the segment's words. */
size_t hst_layout_area_columns(const hst_layout *layout, const char *names[HST_MAX_AREA_COLUMNS]);

/** Columns delivered in side files, held in memory by key (bounded by `memory_bytes`). */
typedef struct hst_side_table hst_side_table;
HST_MUST_CHECK hst_status hst_side_table_load(hst_side_table **out, const hst_layout *layout,
                                              size_t memory_bytes, hst_error *err);
void hst_side_table_free(hst_side_table *side);

/** Turns records into episodes of a segment. One per file and thread. */
typedef struct hst_decoder hst_decoder;

HST_MUST_CHECK hst_status hst_decoder_create(hst_decoder **out, const hst_layout *layout,
                                             const hst_side_table *side, const hst_store *store,
                                             hst_segment_writer *writer, hst_error *err);

/**
 * Decodes records (faulty ones included, which are counted by their fault) and adds them to the
 * segment, or counts them by reason. Errors are those of the writer only: a bad row is no error.
 * The segment does not depend on how the records of a file come in batches.
 */
HST_MUST_CHECK hst_status hst_decoder_add(hst_decoder *decoder, const hst_record *records, size_t n,
                                          hst_error *err);

/** Forgets what it counted, and goes on with another range of rows of the same file. */
void hst_decoder_restart(hst_decoder *decoder);

/** Fills what the decoder knows into `info` (all but digest, file name and input_bytes). */
void hst_decoder_info(const hst_decoder *decoder, hst_segment_info *info);
void hst_decoder_free(hst_decoder *decoder);

#endif
