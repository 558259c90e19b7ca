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
    hst_stream_hash *hash;     /**< of the bytes read; NULL where nobody asks for it */
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

/** Gives the next bytes of the file, of which none may be left from hst_input_file_fill. */
HST_MUST_CHECK hst_status hst_input_file_read(hst_input_file *file, void *buffer, size_t capacity,
                                              size_t *n_read, hst_error *err);

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
/** Where a step has led: in the first bytes of a member whose header was good, inside one, behind
 * one whose CRC and length were good, or to the end of the file. */
typedef enum hst_gunzip_place {
    HST_GUNZIP_IN_NEW_MEMBER,
    HST_GUNZIP_IN_MEMBER,
    HST_GUNZIP_BETWEEN,
    HST_GUNZIP_AT_END,
} hst_gunzip_place;

/** Reads the header of a member, or some of its text, which may be none. */
HST_MUST_CHECK hst_status hst_gunzip_step(hst_gunzip *gunzip, void *buffer, size_t capacity,
                                          size_t *n_read, hst_gunzip_place *place, hst_error *err);
void hst_gunzip_free(hst_gunzip *gunzip);

/* ---- ranges of a file: source_range.c ---- */

/** What the first byte of a member is to a range of the file. */
typedef enum hst_seam {
    HST_SEAM_NONE,   /**< the member is of the range */
    HST_SEAM_HERE,   /**< the next range begins with it */
    HST_SEAM_MISSED, /**< the next range was to begin before it: the file is not what it looked */
} hst_seam;

/** Asked at the first byte of each member, but no more once it was HST_SEAM_HERE. */
typedef hst_seam hst_at_member(void *context, uint64_t offset);

/** The text of a range, and so much text behind it as a record may need. */
typedef struct hst_text_range hst_text_range;

/** Of plain text. @param end  offset in the file at which the next range begins; UINT64_MAX: none
 */
HST_MUST_CHECK hst_status hst_text_range_create(hst_text_range **out, hst_input_file *file,
                                                uint64_t end, hst_error *err);
/** Of members of a gzip file, which are inflated. */
HST_MUST_CHECK hst_status hst_text_range_create_gzip(hst_text_range **out, hst_input_file *file,
                                                     hst_inflater inflater,
                                                     hst_at_member *at_member, void *context,
                                                     hst_error *err);
HST_MUST_CHECK hst_status hst_text_range_read(hst_text_range *range, void *buffer, size_t capacity,
                                              size_t *n_read, hst_error *err);
void hst_text_range_free(hst_text_range *range);

/** Whether the next range has been reached, and the bytes of text before it. */
bool hst_text_range_has_seam(const hst_text_range *range, uint64_t *n_text);

/** Whether the text ended because the file does. */
bool hst_text_range_is_at_end(const hst_text_range *range);

/**
 * A source that begins at any byte of a plain file which another source has open. It has no digest.
 *
 * @param end  where the next range begins; UINT64_MAX: none does
 * @return HST_ERR_INPUT also for a file that is no longer the one that is open
 */
HST_MUST_CHECK hst_status hst_source_open_plain_range(hst_source **out, const hst_input_file *whole,
                                                      uint64_t start, uint64_t end, hst_error *err);

/**
 * The same at a member of a gzip file.
 *
 * @param at_member  NULL: every member is of the range
 */
HST_MUST_CHECK hst_status hst_source_open_gzip_range(hst_source **out, const hst_input_file *whole,
                                                     uint64_t start, hst_inflater inflater,
                                                     hst_at_member *at_member, void *context,
                                                     hst_error *err);
const hst_text_range *hst_source_range(const hst_source *source);
const hst_input_file *hst_source_file(const hst_source *source);

/**
 * Looks for the first byte of a member from `from` on: one with a header like those of gzip
 * programs, behind which there is text. It may be none all the same.
 *
 * @param until    looks no further than this
 * @param is_over  asked now and then, with its context: true ends the search
 * @param found    UINT64_MAX when there is none
 */
HST_MUST_CHECK hst_status hst_gunzip_find_member(uint64_t *found, const hst_input_file *whole,
                                                 uint64_t from, uint64_t until,
                                                 hst_inflater inflater,
                                                 bool (*is_over)(void *context), void *context,
                                                 hst_error *err);

/**
 * Whether a gzip file has several members, as far as a look at its two ends tells: bgzip's blocks,
 * or a last member that holds far less than the file; then a second one has to be found. What the
 * ends cannot tell of a large file is looked for in its first part.
 */
HST_MUST_CHECK hst_status hst_gunzip_has_members(bool *answer, const hst_input_file *whole,
                                                 hst_inflater inflater, hst_error *err);

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
