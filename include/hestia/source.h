#ifndef HESTIA_SOURCE_H
#define HESTIA_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "hestia/status.h"

/** How the bytes of an input are packed; found from the first bytes, never from the name alone. */
typedef enum hst_packing {
    HST_PACKING_PLAIN,
    HST_PACKING_GZIP,    /**< one member, many members, bgzip blocks: ISA-L, or zlib */
    HST_PACKING_ARCHIVE, /**< zip, xz, zstd (and tar inside) through libarchive */
} hst_packing;

/** One stream of text: a file, or one member of a zip or tar. */
typedef struct hst_source hst_source;

typedef enum hst_inflater { HST_INFLATER_AUTO, HST_INFLATER_ISAL, HST_INFLATER_ZLIB } hst_inflater;

/**
 * Lists the members of a container that hold text (directories and "__MACOSX" left out): one entry,
 * "", for everything but zip and tar.
 *
 * @param members  receives an array of `n` strings; free with hst_source_free_members
 * @return HST_ERR_USAGE absent; HST_ERR_INPUT empty file, encrypted or Deflate64 member (named),
 *         content that is not what the name's ending says (".gz" without gzip magic, ".csv" that is
 * gzip)
 */
HST_MUST_CHECK hst_status hst_source_members(char ***members, size_t *n, const char *path,
                                             hst_error *err);
void hst_source_free_members(char **members, size_t n);

/**
 * Opens one stream. Input is read with read(), never mapped. Nothing is written to disk.
 *
 * @param member  "" or a name from hst_source_members
 */
HST_MUST_CHECK hst_status hst_source_open(hst_source **out, const char *path, const char *member,
                                          hst_inflater inflater, hst_error *err);

/**
 * Unpacks the next bytes of text into `buffer`.
 *
 * @param n_read  bytes written, at most `capacity`; less only at the end; 0 at the end of the
 * stream
 * @return HST_ERR_INPUT for truncation, a wrong CRC or length, garbage after the last gzip member
 *         (zero padding is allowed), each with the byte offset in the file and the remedy
 */
HST_MUST_CHECK hst_status hst_source_read(hst_source *source, void *buffer, size_t capacity,
                                          size_t *n_read, hst_error *err);

/** Compressed bytes consumed so far and size of the file, for progress. */
uint64_t hst_source_position(const hst_source *source);
uint64_t hst_source_size(const hst_source *source);

hst_packing hst_source_packing(const hst_source *source);

/** The path it was opened with, for messages; the source's. */
const char *hst_source_path(const hst_source *source);

/**
 * XXH3-128 of the file's bytes as stored (compressed), complete only after hst_source_read has
 * given 0. For a member of an archive: of the member's unpacked bytes.
 */
void hst_source_digest(const hst_source *source, uint8_t digest[16]);

/** The same digest by reading the file alone (no inflating): decides whether a touched file has
 * changed. */
HST_MUST_CHECK hst_status hst_source_file_digest(const char *path, const char *member,
                                                 uint8_t digest[16], hst_error *err);

void hst_source_close(hst_source *source);

#endif
