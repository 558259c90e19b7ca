/* What the kinds of source share: reading the file, and what each kind must offer. */
#ifndef HESTIA_SOURCE_INTERNAL_H
#define HESTIA_SOURCE_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "hestia/file_look.h"
#include "hestia/source.h"

#include "ingest/hash.h"

/** The file as stored, read in pieces that start at memory + HST_INPUT_BACK. */
typedef struct hst_input_file {
    char *path;
    int fd;
    uint64_t size;
    hst_file_look look;        /**< when it was opened */
    _Atomic uint64_t position; /**< bytes read so far; other threads look at it */
    uint64_t n_read;           /**< the same, counted again where a reader went back */
    hst_stream_hash *hash;     /**< of the bytes read */
    unsigned char *memory;
    unsigned char *next; /**< first byte not used yet */
    size_t n_left;
    bool at_end;
} hst_input_file;

enum { HST_INPUT_BYTES = 128 * 1024, HST_INPUT_BACK = 16 };

/** @return HST_ERR_USAGE absent or a folder; HST_ERR_INPUT empty; HST_ERR_SYSTEM; HST_ERR_MEMORY */
HST_MUST_CHECK hst_status hst_input_file_open(hst_input_file *file, const char *path,
                                              hst_error *err);
void hst_input_file_close(hst_input_file *file);

/** Turns `status`, what reading has ended with, into the reason that the file changed meanwhile, if
 * it has: what looks like damage may be half a delivery. */
HST_MUST_CHECK hst_status hst_input_file_judge(const hst_input_file *file, hst_status status,
                                               hst_error *err);

/**
 * Reads the next piece of the file when none is left; the last HST_INPUT_BACK bytes before it stay
 * in front of it. At the end n_left stays 0.
 */
HST_MUST_CHECK hst_status hst_input_file_fill(hst_input_file *file, hst_error *err);

/** Offset in the file of the next byte. */
static inline uint64_t hst_input_file_offset(const hst_input_file *file)
{
    return atomic_load_explicit(&file->position, memory_order_relaxed) - file->n_left;
}

/** Inflates gzip members, one after the other. */
typedef struct hst_gunzip hst_gunzip;
HST_MUST_CHECK hst_status hst_gunzip_create(hst_gunzip **out, hst_input_file *file,
                                            hst_inflater inflater, hst_error *err);
/** As hst_source_read, but may give less than asked for when a member ends. */
HST_MUST_CHECK hst_status hst_gunzip_read(hst_gunzip *gunzip, void *buffer, size_t capacity,
                                          size_t *n_read, hst_error *err);
void hst_gunzip_free(hst_gunzip *gunzip);

/** One member of what libarchive reads. */
typedef struct hst_unpack hst_unpack;
HST_MUST_CHECK hst_status hst_unpack_open(hst_unpack **out, hst_input_file *file,
                                          const char *member, hst_error *err);
HST_MUST_CHECK hst_status hst_unpack_read(hst_unpack *unpack, void *buffer, size_t capacity,
                                          size_t *n_read, hst_error *err);
void hst_unpack_free(hst_unpack *unpack);

/** As hst_source_members, for such a file. */
HST_MUST_CHECK hst_status hst_unpack_members(char ***members, size_t *n, hst_input_file *file,
                                             hst_error *err);

#endif
