#ifndef HESTIA_ROW_MEMORY_H
#define HESTIA_ROW_MEMORY_H

#include <stddef.h>

/**
 * Memory for rows of persons and for keys: it begins on a page of its own, is left out of core
 * dumps, is not swapped out as far as the system's limit of locked memory (RLIMIT_MEMLOCK) goes,
 * and is overwritten before it is given back. A system that refuses to lock is no failure.
 *
 * Sizes are given back by the caller, who knows them, so that nothing stands beside the rows.
 */

/** Bytes, not zeroed; from 2 MiB on they lie on huge pages where the system has them. NULL when
 * there is no memory. */
void *hst_row_memory_take(size_t n_bytes);

/** The size in whole huge pages, to take memory that is met all over: there every access would miss
 * the cache of addresses on small ones. */
size_t hst_row_memory_huge(size_t n_bytes);

/** Zeroed bytes. */
void *hst_row_memory_take_zeroed(size_t n_bytes);

/**
 * Moves to a place of `n_bytes`, as realloc does; the old one is overwritten. NULL when there is no
 * memory: then the old one stays.
 *
 * @param old_bytes  what `memory` was taken with
 */
void *hst_row_memory_resize(void *memory, size_t old_bytes, size_t n_bytes);

/** Overwrites and frees; `n_bytes` is what it was taken with. NULL is allowed. */
void hst_row_memory_free(void *memory, size_t n_bytes);

/**
 * Between these two the C library overwrites what it is given back, for libraries that unpack rows
 * into memory of their own. They may be nested and called from any thread. It costs time for every
 * allocation of the process, so only they ask for it.
 */
void hst_row_memory_begin_wiping(void);
void hst_row_memory_end_wiping(void);

/** Overwrites what functions that have returned left on this thread's stack and in its registers.
 */
void hst_row_memory_wipe_traces(void);

#endif
