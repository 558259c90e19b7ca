/* Blocks of a source's text, read ahead by a thread when asked for. */
#ifndef HESTIA_BLOCK_READER_H
#define HESTIA_BLOCK_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "hestia/source.h"
#include "hestia/status.h"

typedef struct hst_block_reader hst_block_reader;

/**
 * @param headroom  bytes that the caller may write before each block's text: what is left over of
 *                  the block before
 * @param tailroom  bytes that the caller may write after it
 * @param overlap   true: a thread reads ahead
 */
HST_MUST_CHECK hst_status hst_block_reader_create(hst_block_reader **out, hst_source *source,
                                                  size_t block_bytes, size_t headroom,
                                                  size_t tailroom, bool overlap, hst_error *err);

/**
 * Gives the next block, with the last `n_keep` bytes of the block before in front of it. The block
 * before is lost.
 *
 * @param text     receives the first byte kept, or of the block when none is
 * @param n        receives the bytes of text, kept ones included
 * @param is_last  no more text follows
 * @return what hst_source_read returned, after all text before the fault was given
 */
HST_MUST_CHECK hst_status hst_block_reader_next(hst_block_reader *reader, size_t n_keep,
                                                char **text, size_t *n, bool *is_last,
                                                hst_error *err);

/** Stops the thread, whatever it does, and frees the reader; NULL is allowed. */
void hst_block_reader_free(hst_block_reader *reader);

#endif
