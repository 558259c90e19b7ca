#define _DEFAULT_SOURCE /* madvise */
#include "arena_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, ALIGNMENT = 64 };

typedef struct hst_arena_chunk {
    struct hst_arena_chunk *next;
    size_t size, used; /* bytes, this struct among them */
} hst_arena_chunk;

void *hst_arena_alone(size_t n_bytes)
{
    size_t rounded = (n_bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
    void *memory =
        rounded >= n_bytes ? aligned_alloc(HUGE_PAGE, rounded ? rounded : HUGE_PAGE) : NULL;

    if (memory && rounded > 0) {
        madvise(memory, rounded, MADV_HUGEPAGE); /* only slower when it fails */
    }
    return memory;
}

static hst_arena_chunk *add_chunk(hst_arena *arena, size_t n_bytes)
{
    size_t size = n_bytes + ALIGNMENT < HUGE_PAGE ? (size_t)HUGE_PAGE : n_bytes + ALIGNMENT;
    hst_arena_chunk *chunk = hst_arena_alone(size);

    if (chunk) {
        *chunk = (hst_arena_chunk){arena->chunks, size, ALIGNMENT};
        arena->chunks = chunk;
    }
    return chunk;
}

void *hst_arena_take(hst_arena *arena, size_t n_bytes)
{
    hst_arena_chunk *chunk = arena->chunks;
    size_t rounded = (n_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    unsigned char *piece = NULL;

    if (!chunk || chunk->size - chunk->used < rounded) {
        chunk = add_chunk(arena, rounded);
    }
    if (!chunk) {
        return NULL;
    }
    piece = (unsigned char *)chunk + chunk->used;
    chunk->used += rounded;
    return memset(piece, 0, n_bytes);
}

void hst_arena_absorb(hst_arena *into, hst_arena *from)
{
    hst_arena_chunk **last = &into->chunks;

    while (*last) {
        last = &(*last)->next;
    }
    *last = from->chunks;
    from->chunks = NULL;
}

void hst_arena_clear(hst_arena *arena)
{
    while (arena->chunks) {
        hst_arena_chunk *next = arena->chunks->next;

        free(arena->chunks);
        arena->chunks = next;
    }
}
