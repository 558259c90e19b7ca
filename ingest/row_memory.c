/*
 * Memory for rows of persons. It comes from the C library, so that the sanitizers and tests that
 * make allocations fail see it as any other. Locked pages are locked as they are first touched: a
 * partition that is not filled costs nothing.
 */
#define _GNU_SOURCE /* mlock2, madvise, explicit_bzero */
#include "hestia/row_memory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

enum {
    HUGE_PAGE = 2 << 20,
    STACK_BYTES = 64 * 1024, /* deeper than anything that cuts and cleans a record */
};

static size_t page_bytes(void)
{
    long n = sysconf(_SC_PAGESIZE);

    return n > 0 ? (size_t)n : 4096;
}

/* All advice: what the system refuses, it may have no means for. */
static void guard(void *memory, size_t n_bytes)
{
    if (n_bytes >= HUGE_PAGE) {
        madvise(memory, n_bytes, MADV_HUGEPAGE);
    }
    madvise(memory, n_bytes, MADV_DONTDUMP);
    (void)mlock2(memory, n_bytes, MLOCK_ONFAULT);
}

void *hst_row_memory_take(size_t n_bytes)
{
    size_t n = n_bytes ? n_bytes : 1;
    void *memory = NULL;

    if (posix_memalign(&memory, n >= HUGE_PAGE ? (size_t)HUGE_PAGE : page_bytes(), n) != 0) {
        return NULL;
    }
    guard(memory, n);
    return memory;
}

size_t hst_row_memory_huge(size_t n_bytes)
{
    size_t rounded = (n_bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);

    return rounded < n_bytes ? n_bytes : rounded;
}

void *hst_row_memory_take_zeroed(size_t n_bytes)
{
    void *memory = hst_row_memory_take(n_bytes);

    return memory ? memset(memory, 0, n_bytes) : NULL;
}

void *hst_row_memory_resize(void *memory, size_t old_bytes, size_t n_bytes)
{
    void *moved = hst_row_memory_take(n_bytes);

    if (moved && memory) {
        memcpy(moved, memory, old_bytes < n_bytes ? old_bytes : n_bytes);
        hst_row_memory_free(memory, old_bytes);
    }
    return moved;
}

void hst_row_memory_free(void *memory, size_t n_bytes)
{
    if (!memory) {
        return;
    }
    explicit_bzero(memory, n_bytes);
    /* the C library may keep the pages for something else */
    munlock(memory, n_bytes);
    madvise(memory, n_bytes, MADV_DODUMP);
    free(memory);
}

/* The C library has one switch for the process. What is freed in a piece below a kilobyte it keeps
 * at hand as it is: too small for a window of text. */
static pthread_mutex_t wiping_mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned n_wiping;

void hst_row_memory_begin_wiping(void)
{
    pthread_mutex_lock(&wiping_mutex);
    if (n_wiping++ == 0) {
        mallopt(M_PERTURB, UINT8_MAX);
    }
    pthread_mutex_unlock(&wiping_mutex);
}

void hst_row_memory_end_wiping(void)
{
    pthread_mutex_lock(&wiping_mutex);
    if (--n_wiping == 0) {
        mallopt(M_PERTURB, 0);
    }
    pthread_mutex_unlock(&wiping_mutex);
}

/* Copying and scanning go through the vector registers. What is left there comes to the stack again
 * whenever they are saved: by a signal, or by a call that is bound late. */
static void wipe_registers(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vzeroall" ::
                             : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                               "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                               "xmm15");
    }
    if (__builtin_cpu_supports("avx512f")) { /* the upper half, which this code never uses */
        __asm__ volatile(".irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
                         "vpxorq %zmm\\n, %zmm\\n, %zmm\\n\n"
                         ".endr");
    }
#endif
}

void hst_row_memory_wipe_traces(void)
{
    wipe_registers();
    sodium_stackzero(STACK_BYTES);
}
