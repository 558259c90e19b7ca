/* What the files of the store share: the open store, and the format of a segment. */
#ifndef HESTIA_STORE_INTERNAL_H
#define HESTIA_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include <jansson.h>

#include "hestia/lock.h"
#include "hestia/store.h"

/* files of the folder, and bytes of the lock */
#define HST_STORE_SETTINGS "hestia-store.json"
#define HST_STORE_KEY "key"
#define HST_STORE_LOCK "lock"
#define HST_STORE_SEGMENTS "segments"
#define HST_STORE_CATALOGUE "catalogue.json"
#define HST_STORE_CATALOGUE_ASIDE "catalogue.json.damaged" /* for somebody to look at */
#define HST_STORE_CATALOGUES "catalogue-"                  /* <number>.json, of a team's members */
#define HST_STORE_SLICES "slices-"                         /* <number>-of-<size> */

enum { HST_STORE_WRITER_BYTE = 0, HST_STORE_READERS_BYTE = 1 };

#define HST_STORE_IS_WRITTEN "another run writes to this store"

struct hst_store {
    char *path;
    int directory, segments; /* descriptors of the two folders */
    int slices;              /* of a third, -1: not in use */
    hst_lock writer;         /* held when opened for writing, unless its leader has it */
    hst_lock readers;        /* shared when opened for reading */
    bool may_write, is_apart;
    size_t member; /* number in the team that shares the store */
    size_t n_partitions;
    unsigned partition_bits;
    mode_t file_mode;
    struct timespec opened, opened_steady; /* the time of day, and by a clock that nobody sets */
    uint8_t key[HST_STORE_KEY_BYTES];
    uint64_t key_check;    /* keyed hash of a constant: segments of another key are refused */
    atomic_uint n_written; /* numbers the .part files */
    pthread_mutex_t mutex; /* guards the catalogue */
    json_t *catalogue;
    json_t *own;             /* a member's: what it has noted itself; NULL otherwise */
    bool has_lost_catalogue; /* it was damaged, or is not there though segments are */
};

/* ---- small files: store_file.c ---- */

/** Writes all bytes at an offset; false with errno. */
bool hst_write_all(int file, const void *bytes, size_t n, uint64_t offset);

/** Reads exactly n bytes from an offset; false with errno, which is 0 at the end of the file. */
bool hst_read_all(int file, void *bytes, size_t n, uint64_t offset);

/** Fails with the reason of errno and what to do about it. */
hst_status hst_fail_errno(hst_error *err, const char *what, const char *path, const char *name);

/** Fails with HST_ERR_INPUT: a file without which the store is of no use, and what to do. */
hst_status hst_store_damaged(const char *path, const char *name, const char *what, hst_error *err);

/** Puts a file in place at once: written as "<name>.part", synced, renamed. */
HST_MUST_CHECK hst_status hst_store_write_file(int directory, const char *path, const char *name,
                                               mode_t mode, const void *bytes, size_t n,
                                               hst_error *err);

/** Reads a small file whole; `*out` is the caller's. HST_ERR_INPUT when it is absent or too big. */
HST_MUST_CHECK hst_status hst_store_read_file(int directory, const char *path, const char *name,
                                              char **out, size_t *n, hst_error *err);

/** Reads and checks the settings; `*settings` is the caller's. HST_ERR_USAGE: of a newer hestia. */
HST_MUST_CHECK hst_status hst_store_read_settings(json_t **settings, int directory,
                                                  const char *path, hst_error *err);

/* ---- the folder: store_folder.c ---- */

/** True when nothing would be lost by making a store here: an empty folder, or what is left of an
 * interrupted init, which writes its settings last. */
bool hst_store_is_vacant(int directory);

/** Fails, and names the owner, when we may not write there. */
HST_MUST_CHECK hst_status hst_store_refuse_reader(int directory, const char *path, hst_error *err);

/** Calls a function for each entry of a folder whose name begins so, until one fails. */
HST_MUST_CHECK hst_status hst_store_each_entry(int directory, const char *path, const char *prefix,
                                               hst_status (*visit)(void *context, const char *name,
                                                                   hst_error *err),
                                               void *context, hst_error *err);

/** Removes what interrupted writers left; only the holder of the lock may. */
HST_MUST_CHECK hst_status hst_store_remove_parts(int directory, const char *path, hst_error *err);

/* ---- of a team: store_team.c, slices.c ---- */

/**
 * Where each member of a team has a store of its own: sends each the slices that it lacks.
 *
 * @param ids     [n] the segments of the run
 * @param holder  [n] the member whose store has each whole
 */
HST_MUST_CHECK hst_status hst_store_exchange_slices(hst_store *store, hst_team *team,
                                                    const hst_segment_id *ids, const size_t *holder,
                                                    size_t n, hst_error *err);

/* ---- the catalogue: catalogue.c ---- */

HST_MUST_CHECK hst_status hst_catalogue_load(hst_store *store, hst_error *err);

/** Name of an input with this content, without folders, ":member" after it; "" when none is known.
 */
void hst_catalogue_file_name(const hst_store *store, const uint8_t digest[16], char *name,
                             size_t capacity);

/** Begins what a member notes by itself. */
HST_MUST_CHECK hst_status hst_catalogue_begin_own(hst_store *store, hst_error *err);

/** Reads the 32 hexadecimal digits that `hex` begins with; false when it does not. */
bool hst_digest_from_hex(const char *hex, uint8_t digest[16]);

/* ---- segment format ----
 *
 *     header | blocks | dictionaries | info | index | footer
 *
 * A block is records of one partition; the blocks of all partitions stand mixed, as their buffers
 * filled. Dictionaries: number of codes of each, then the codes, 16 bytes each, NUL-padded. Index:
 * number of blocks of each partition, then the blocks by partition in the order written. All
 * numbers little-endian; checksums are XXH3-64. */

enum { HST_SEGMENT_VERSION = 1, HST_SEGMENT_NAME_BYTES = 2 * 32 + 1 + 4 + 1 };

#define HST_SEGMENT_MAGIC "HESTIASG" /* without a NUL in the file */

typedef struct hst_segment_header {
    char magic[8];
    uint32_t version, n_partitions;
    uint64_t key_check;
    uint64_t checksum; /* of the bytes before */
} hst_segment_header;

typedef struct hst_segment_block {
    uint64_t at, checksum;
    uint32_t bytes, n_episodes;
} hst_segment_block;

typedef struct hst_segment_footer {
    uint64_t dictionaries_at, dictionaries_bytes, dictionaries_checksum;
    uint64_t info_bytes, info_checksum;
    uint64_t index_bytes, index_checksum;
    uint64_t n_blocks;
    uint32_t version, n_partitions;
    uint64_t checksum; /* of the bytes before */
    char magic[8];
} hst_segment_footer;

static_assert(sizeof(hst_segment_header) == 32, "hst_segment_header is a file format");
static_assert(sizeof(hst_segment_block) == 24, "hst_segment_block is a file format");
static_assert(sizeof(hst_segment_footer) == 88, "hst_segment_footer is a file format");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "segments are written as they stand");

/** File name of a segment, without folder. */
void hst_segment_name(char name[HST_SEGMENT_NAME_BYTES], const uint8_t digest[16],
                      const uint8_t layout_key[16]);

/** Fails with HST_ERR_DAMAGED: file, what is wrong with it, its input, and what to do. */
hst_status hst_segment_damaged(const hst_segment *segment, const char *what, hst_error *err);

/** Writes `info` field by field, without padding, into `bytes` (NULL: counts only); returns the
 * size. */
size_t hst_segment_info_pack(const hst_segment_info *info, uint8_t *bytes);

/** The opposite; false when a field holds what no writer writes. */
bool hst_segment_info_unpack(hst_segment_info *info, const uint8_t *bytes, size_t n);

uint32_t hst_segment_block_episodes(const hst_segment *segment, size_t partition, size_t block);

/**
 * Makes the writer's file a segment of the same input with every step-th partition alone, from the
 * `first` on; the other partitions are empty. It is not put in place.
 *
 * @param writer   has nothing yet
 * @param file     receives the descriptor, the writer's
 * @param n_bytes  [bytes] of the file
 */
HST_MUST_CHECK hst_status hst_segment_writer_slice(hst_segment_writer *writer,
                                                   const hst_segment *segment, size_t first,
                                                   size_t step, int *file, uint64_t *n_bytes,
                                                   hst_error *err);

/* ---- dictionary of codes while a segment is written: dictionary.c ---- */

/** A code as two words, NUL-padded. */
typedef struct hst_dictionary_key {
    uint64_t words[2];
} hst_dictionary_key;

typedef struct hst_dictionary {
    hst_dictionary_key *codes; /* [n_codes], number 0 is the empty code */
    uint16_t *slots;           /* [mask + 1] number of the code, 0 = free */
    uint32_t n_codes, mask;
    bool lacks_memory; /* a code got no number because the table could not grow */
} hst_dictionary;

/** Makes the dictionary of the empty code alone; false when there is no memory. */
bool hst_dictionary_init(hst_dictionary *dictionary);
void hst_dictionary_clear(hst_dictionary *dictionary);

/** Gives a new key the next number; `slot` is the free one that its search ended at.
 * HST_DICT_FULL. */
uint16_t hst_dictionary_append(hst_dictionary *dictionary, hst_dictionary_key key, size_t slot);

static inline size_t hst_dictionary_slot(hst_dictionary_key key, uint32_t mask)
{
    /* two odd constants, so that the words of a code cannot cancel each other */
    uint64_t mixed = (key.words[0] ^ (key.words[1] * 0x9E3779B97F4A7C15u)) * 0xD6E8FEB86659FD93u;

    /* once more: after one multiplication codes of digits lie on a lattice, in long chains */
    mixed = (mixed ^ mixed >> 32) * 0x9E3779B97F4A7C15u;
    return (size_t)(mixed >> 40) & mask;
}

/** Number of a key, made when it is new; HST_DICT_FULL. The empty key finds number 0 in the first
 * free slot. In the header because it is called for
 * every code of every row: 14 times a row, 4 ns each. */
static inline uint16_t hst_dictionary_number(hst_dictionary *dictionary, hst_dictionary_key key)
{
    size_t slot = hst_dictionary_slot(key, dictionary->mask);

    for (;; slot = (slot + 1) & dictionary->mask) {
        uint16_t number = dictionary->slots[slot];
        const hst_dictionary_key *known = &dictionary->codes[number];

        if (((known->words[0] ^ key.words[0]) | (known->words[1] ^ key.words[1])) == 0) {
            return number;
        }
        if (number == 0) {
            return hst_dictionary_append(dictionary, key, slot);
        }
    }
}

/** Key of a code of at most 15 bytes; 16 bytes are read. */
static inline hst_dictionary_key hst_dictionary_key_padded(const char *code, size_t length)
{
    static const uint8_t masks[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                      255, 255, 255, 255, 255, 255, 255, 255};
    hst_dictionary_key key, mask;

    memcpy(&key, code, sizeof key);
    memcpy(&mask, masks + 16 - length, sizeof mask);
    key.words[0] &= mask.words[0];
    key.words[1] &= mask.words[1];
    return key;
}

/** The same reading `length` bytes only. Not by way of a padded copy: reading that back as words
 * waits for its bytes to be stored, 11 ns. */
static inline hst_dictionary_key hst_dictionary_key_exact(const char *code, size_t length)
{
    hst_dictionary_key key = {{0, 0}};
    uint32_t first = 0, last = 0;

    if (length >= 8) {
        memcpy(&key.words[0], code, 8);
        if (length > 8) {
            memcpy(&key.words[1], code + length - 8, 8);
            key.words[1] >>= 8 * (16 - length);
        }
    } else if (length >= 4) { /* two halves that overlap */
        memcpy(&first, code, 4);
        memcpy(&last, code + length - 4, 4);
        key.words[0] = first | (uint64_t)last << (8 * (length - 4));
    } else {
        for (size_t i = 0; i < length; i++) {
            key.words[0] |= (uint64_t)(unsigned char)code[i] << (8 * i);
        }
    }
    return key;
}

#endif
