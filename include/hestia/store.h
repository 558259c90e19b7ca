#ifndef HESTIA_STORE_H
#define HESTIA_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hestia/episode.h"
#include "hestia/status.h"
#include "hestia/team.h"

/**
 * The store: a directory of segments, one per input, each cut into the same partitions by a keyed
 * hash of the person. Directory 0700 with files 0600; 2750 and 0640 for one made for a group. It
 * holds
 *
 *     hestia-store.json   format version, partitions, group or not
 *     key                 32 random bytes: key of the person hash, never printed
 *     lock                first byte: held by the one run that writes; second: shared by all that
 *                         read, held alone by a purge
 *     catalogue.json      inputs known: path, member, size, mtime, ctime, inode → content digest
 *     catalogue-<n>.json  what process n of a team has noted, until its leader takes it over
 *     segments/           <content digest>-<layout key>.seg; <...>.part while it is written
 *                         (removed by the next writer)
 *     slices-<n>-of-<N>/  of segments in the stores of other hosts, the partitions of process n
 */
typedef struct hst_store hst_store;

enum { HST_DEFAULT_PARTITIONS = 256 };

enum { HST_STORE_KEY_BYTES = 32 };

typedef struct hst_store_options {
    const char *group;   /**< NULL: private */
    const uint8_t *key;  /**< [HST_STORE_KEY_BYTES] of another store; NULL: a new one */
    size_t n_partitions; /**< 0: HST_DEFAULT_PARTITIONS; a power of two from 1 to 4096 */
} hst_store_options;

/** Makes an empty store; HST_ERR_USAGE when the directory holds anything already. `options` may be
 * NULL. */
HST_MUST_CHECK hst_status hst_store_init(const char *path, const hst_store_options *options,
                                         hst_error *err);

/** What a store is opened for, and so which lock is taken. It goes with the process. */
typedef enum hst_store_access {
    HST_STORE_READ,  /**< shared: beside any writer; nothing is written, not even the lock */
    HST_STORE_WRITE, /**< one at a time; also removes left .part files */
    HST_STORE_JOIN,  /**< beside the leader of the team, who holds the lock of all */
} hst_store_access;

/**
 * Opens a store.
 *
 * @param create  makes it (private, default partitions) when the directory is absent or empty
 * @return HST_ERR_LOCKED: another process writes, which is named, or a purge is going on;
 *         HST_ERR_USAGE: not a store, or of a newer hestia; HST_ERR_SYSTEM, also for one that we
 *         may only read; HST_ERR_INPUT: damaged
 */
HST_MUST_CHECK hst_status hst_store_open(hst_store **out, const char *path, bool create,
                                         hst_store_access access, hst_error *err);
void hst_store_close(hst_store *store);

/**
 * Opens the store of a team for writing: the leader's, which is made where there is none. Where the
 * others see the same folder they join it; where none of them does, each opens one of its own at
 * that path, made with the leader's key and partitions.
 *
 * @return as hst_store_open, the same for all; HST_ERR_USAGE: some see the leader's and some do
 * not, or one's own has another key or other partitions
 */
HST_MUST_CHECK hst_status hst_store_open_together(hst_store **out, const char *path, hst_team *team,
                                                  hst_error *err);

/** Opens it for reading after hst_store_open_together; segments that are in other hosts' stores are
 * found among the slices. */
HST_MUST_CHECK hst_status hst_store_read_together(hst_store **out, const hst_store *store,
                                                  hst_team *team, hst_error *err);

/** Opens the folder of slices of a store that stands apart: segments that are not in the store are
 * looked for there from now on. A slice is no segment to make other slices of. */
HST_MUST_CHECK hst_status hst_store_use_slices(hst_store *store, const hst_team *team,
                                               hst_error *err);

/** True when each member of the team has a store of its own. */
bool hst_store_is_apart(const hst_store *store);

/** What a purge removed. */
typedef struct hst_store_purged {
    size_t n_segments;
    uint64_t bytes;      /**< of segments, and of half ones */
    bool folder_stays;   /**< it holds files that are not the store's, or cannot be removed */
    char group[256];     /**< that it was made for, or "" */
    size_t n_partitions; /**< 0 where its settings did not tell */
} hst_store_purged;

/**
 * Removes all of a store, the key first, also one that is damaged or that a purge has left half
 * removed.
 *
 * @return HST_ERR_LOCKED: somebody writes, who is named, or reads; HST_ERR_USAGE: not a store;
 *         HST_ERR_INTERRUPTED; HST_ERR_SYSTEM
 */
HST_MUST_CHECK hst_status hst_store_purge(const char *path, hst_store_purged *purged,
                                          hst_error *err);

size_t hst_store_n_partitions(const hst_store *store);
const char *hst_store_path(const hst_store *store);

/**
 * True when the catalogue was damaged, or is missing though there are segments. It began anew then:
 * the inputs are looked at again, and their segments are found by content. A damaged one stays as
 * catalogue.json.damaged.
 */
bool hst_store_has_lost_catalogue(const hst_store *store);

/** Keyed 128-bit hash (libsodium siphashx24) of an identifier. Thread-safe. */
void hst_store_hash(const hst_store *store, const void *bytes, size_t length, uint64_t out[2]);

/** Keyed 64-bit hash (siphash24, another half of the key) of any other text, such as a spell
 * number. Thread-safe. */
uint64_t hst_store_hash_text(const hst_store *store, const void *bytes, size_t length);

/** Why a row was not taken into the store. */
typedef enum hst_reason {
    HST_REASON_NONE,
    HST_REASON_RAGGED,
    HST_REASON_TOO_LONG,
    HST_REASON_UNCLOSED_QUOTE,
    HST_REASON_NUL_BYTE,
    HST_REASON_MALFORMED_DATE,
    HST_REASON_MALFORMED_NUMBER,
    HST_REASON_MALFORMED_CODE,
    HST_REASON_NO_RECORD_KEY,
    HST_REASON_NO_SIDE_ROW, /**< no row of this key in a side file that holds a required column */
    HST_N_REASONS
} hst_reason;

/** Name in audit.csv: "ragged", "malformed date", ... */
const char *hst_reason_name(hst_reason reason);

/** What was met while reading that a reader should know; the rows are used all the same. */
typedef enum hst_notice {
    HST_NOTICE_NO_PERSON,   /**< empty person id */
    HST_NOTICE_NO_ADMIDATE, /**< missing or sentinel; of attendances their date */
    HST_NOTICE_NO_EPISTART,
    HST_NOTICE_NO_AGE,
    HST_NOTICE_UNKNOWN_CODE, /**< a coded field outside its list (stored as it is) */
    HST_NOTICE_FLAG_DIFFERS, /**< FCE or FAE flag of the extract is not what the rule gives */
    HST_N_NOTICES
} hst_notice;

/** Name in audit.csv: "no person id", "no ADMIDATE", "no APPTDATE", ... */
const char *hst_notice_name(hst_dataset dataset, hst_notice notice);

enum { HST_CODE_BYTES = 16 }; /**< longest dictionary code, with its NUL */

/** What a segment says of itself (and of the input it was made from). */
typedef struct hst_segment_info {
    hst_dataset dataset;
    char file[256];         /**< file name without folder, "name.zip:member" for members */
    uint8_t digest[16];     /**< content of the input */
    uint8_t layout_key[16]; /**< everything else the segment depends on (person column, headers,
                               side files, version) */
    uint64_t input_bytes;
    char separator;    /**< ',' '|' '\t' */
    char encoding[16]; /**< "ascii", "utf-8", "latin-1" */
    char person_column[32];
    size_t n_area_columns;
    char area_columns[HST_MAX_AREA_COLUMNS]
                     [32];         /**< header names in canonical spelling, in word order */
    uint64_t rows_read, rows_used; /**< rows_read = rows_used + sum of rejected */
    uint64_t rejected[HST_N_REASONS];
    uint64_t
        first_line[HST_N_REASONS]; /**< line of the first row rejected for the reason; 0 = none */
    char first_column[HST_N_REASONS][32]; /**< and its column, where there is one */
    uint64_t noticed[HST_N_NOTICES];
    uint32_t partyear_min,
        partyear_max; /**< PARTYEAR YYYYnn over all rows; 0 = column absent or empty */
    hst_day admidate_min, admidate_max,
        epiend_max; /**< of attendances all three are their date's */
    uint8_t n_diagnosis_columns, n_procedure_columns;
    bool three_character_diagnoses; /**< only 3-character diagnosis columns */
} hst_segment_info;

/* ---- writing ---- */

typedef struct hst_segment_writer hst_segment_writer;

/** @param buffer_bytes  memory for partition buffers in all; 0 = 8 MiB */
HST_MUST_CHECK hst_status hst_segment_writer_create(hst_segment_writer **out, hst_store *store,
                                                    size_t buffer_bytes, hst_error *err);

/**
 * Number of a code in a dictionary of the segment, made when it is new; 0 for an empty code. Hot:
 * one call per coded field.
 *
 * @return HST_DICT_FULL when the dictionary would pass 65,534 codes or length >= HST_CODE_BYTES
 */
enum { HST_DICT_FULL = 0xFFFF };
uint16_t hst_segment_writer_code(hst_segment_writer *writer, unsigned dictionary, const char *code,
                                 size_t length);

/** The same for a code with at least 16 readable bytes from its start (the fields of a record
 * have): saves the copy. */
uint16_t hst_segment_writer_code_padded(hst_segment_writer *writer, unsigned dictionary,
                                        const char *code, size_t length);

/** Appends an episode whose n_words words are `words`. */
HST_MUST_CHECK hst_status hst_segment_writer_add(hst_segment_writer *writer,
                                                 const hst_episode *episode, const uint16_t *words,
                                                 hst_error *err);

/** The same where at least HST_PADDED_WORDS words are readable, whatever their number. */
enum { HST_PADDED_WORDS = 32 };
HST_MUST_CHECK hst_status hst_segment_writer_add_padded(hst_segment_writer *writer,
                                                        const hst_episode *episode,
                                                        const uint16_t *words, hst_error *err);

/** Writes dictionaries, `info` and index, syncs, renames. The name is made from info->digest and
 * info->layout_key. */
HST_MUST_CHECK hst_status hst_segment_writer_commit(hst_segment_writer *writer,
                                                    const hst_segment_info *info, hst_error *err);

/** Frees the writer; without a commit before it, its file is removed. */
void hst_segment_writer_free(hst_segment_writer *writer);

/* ---- catalogue: which input is which segment (thread-safe) ---- */

/**
 * Content digest of an input that was read before and has the same size, times and inode now.
 * @return true when known and unchanged
 */
bool hst_store_known(hst_store *store, const char *path, const char *member, uint8_t digest[16]);

/**
 * True when the catalogue knows this path with other sizes or times, or another path of this size,
 * or was lost: the content may be known, and reading the digest alone (no inflating) decides.
 */
bool hst_store_may_know(hst_store *store, const char *path, uint64_t bytes);

/** Notes an input's digest with its present size, times and inode, and saves the catalogue
 * (atomic). HST_ERR_INPUT: the input is gone. */
HST_MUST_CHECK hst_status hst_store_note(hst_store *store, const char *path, const char *member,
                                         const uint8_t digest[16], hst_error *err);

/** True when a file with this content may still be on disk, as far as the catalogue knows. */
bool hst_store_has_input(hst_store *store, const uint8_t digest[16]);

/** Takes over what other processes of a team have noted, and saves the catalogue. */
HST_MUST_CHECK hst_status hst_store_take_over(hst_store *store, hst_error *err);

/** Forgets the inputs that are no longer on disk, and saves the catalogue. */
HST_MUST_CHECK hst_status hst_store_forget_absent(hst_store *store, hst_error *err);

/** True when there is a segment of this content and layout that can be opened. Its blocks are not
 * read. */
bool hst_store_has(const hst_store *store, const uint8_t digest[16], const uint8_t layout_key[16]);

/**
 * Refuses where a newer hestia made the segment of this content and layout, which this one can
 * neither read nor may replace.
 *
 * @return HST_OK, also for a segment that is absent, damaged or of an older version;
 * HST_ERR_USAGE names the file and both versions
 */
HST_MUST_CHECK hst_status hst_store_refuse_newer(const hst_store *store, const uint8_t digest[16],
                                                 const uint8_t layout_key[16], hst_error *err);

/** True when there is a file of this segment, whatever is in it. */
bool hst_store_has_file(const hst_store *store, const uint8_t digest[16],
                        const uint8_t layout_key[16]);

/** What a segment is found by. */
typedef struct hst_segment_id {
    uint8_t digest[16], layout_key[16];
} hst_segment_id;

/** All segments of the store, sorted by digest and layout key; `*ids` is the caller's. */
HST_MUST_CHECK hst_status hst_store_segments(const hst_store *store, hst_segment_id **ids,
                                             size_t *n, hst_error *err);

/** Removes a segment's file and its slice, where they are there; one that is open stays readable
 * until it is closed. */
HST_MUST_CHECK hst_status hst_store_remove(hst_store *store, const hst_segment_id *id,
                                           hst_error *err);

/** Removes the slices of all segments: the next run of a team has them sent again. */
HST_MUST_CHECK hst_status hst_store_remove_slices(hst_store *store, hst_error *err);

/* ---- reading ---- */

typedef struct hst_segment hst_segment;

/** Opens a segment and checks header, index, dictionaries (checksums). HST_ERR_DAMAGED: damaged,
 * missing, or of an older hestia or another store; the message names the input that it is made anew
 * from, and says what to do. HST_ERR_USAGE: of a newer hestia. */
HST_MUST_CHECK hst_status hst_segment_open(hst_segment **out, const hst_store *store,
                                           const uint8_t digest[16], const uint8_t layout_key[16],
                                           hst_error *err);
void hst_segment_close(hst_segment *segment);
const hst_segment_info *hst_segment_get_info(const hst_segment *segment);

/** Size of the segment's file. */
uint64_t hst_segment_file_bytes(const hst_segment *segment);

/** The same for a segment and its slices, and another one for any other: of the input's content,
 * what was made of it, and the dictionaries. */
uint64_t hst_segment_checksum(const hst_segment *segment);

/** Number of codes of a dictionary, number 0 (empty) included, and a code's text. */
size_t hst_segment_n_codes(const hst_segment *segment, unsigned dictionary);
const char *hst_segment_code(const hst_segment *segment, unsigned dictionary, size_t number);

/** Number of partitions, the same in all segments of a store. */
size_t hst_segment_n_partitions(const hst_segment *segment);

/** Bytes and episodes of one partition. */
size_t hst_segment_partition_bytes(const hst_segment *segment, size_t partition);
uint64_t hst_segment_partition_episodes(const hst_segment *segment, size_t partition);

/**
 * Reads one partition's records, one after another, into `buffer` (8-byte aligned, of
 * hst_segment_partition_bytes) and checks the checksum of each block. Thread-safe.
 */
HST_MUST_CHECK hst_status hst_segment_read(const hst_segment *segment, size_t partition,
                                           void *buffer, hst_error *err);

/** The blocks of a partition, one by one, for a reader that keeps some of their records. A record
 * does not go over the end of a block. */
size_t hst_segment_n_blocks(const hst_segment *segment, size_t partition);
size_t hst_segment_block_bytes(const hst_segment *segment, size_t partition, size_t block);
HST_MUST_CHECK hst_status hst_segment_read_block(const hst_segment *segment, size_t partition,
                                                 size_t block, void *buffer, hst_error *err);

/**
 * Checks the records of a partition, as read: that they fill their place and that every code they
 * name is in its dictionary. For `hestia store verify`: what it finds is a fault of the program
 * that wrote, which no checksum shows, and it would make reading twice as long (4 ns a record for
 * their sizes, 30 for their codes).
 */
HST_MUST_CHECK hst_status hst_segment_check(const hst_segment *segment, size_t partition,
                                            const void *buffer, hst_error *err);

/** Reads and checks all partitions. */
HST_MUST_CHECK hst_status hst_segment_verify(const hst_segment *segment, hst_error *err);

#endif
