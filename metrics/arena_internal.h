#ifndef HESTIA_METRICS_ARENA_INTERNAL_H
#define HESTIA_METRICS_ARENA_INTERNAL_H

#include <stddef.h>

/**
 * Memory that is taken piece by piece and freed at once, on huge pages where the system gives them:
 * counts are added all over it, and every one would miss the cache of addresses. All zeros is an
 * empty arena.
 */
typedef struct hst_arena {
    struct hst_arena_chunk *chunks;
} hst_arena;

/** Zeroed bytes, aligned for any number; NULL when there is no memory. */
void *hst_arena_take(hst_arena *arena, size_t n_bytes);

/** Hands over the memory of `from`, which is empty afterwards; its pieces stay where they are. */
void hst_arena_absorb(hst_arena *into, hst_arena *from);
void hst_arena_clear(hst_arena *arena);

/** Bytes on huge pages of their own, not zeroed; freed by free(). NULL when there is no memory. */
void *hst_arena_alone(size_t n_bytes);

#endif
