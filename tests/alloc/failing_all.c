/* The process's allocators, which libraries find before glibc's: all of its allocations can fail.
 * Only blocks that hestia's own code asked for are on the list of what is held.
 * _GNU_SOURCE for dladdr. */
#define _GNU_SOURCE
#include "tests/alloc/failing.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const bool failing_libraries = true;

/* glibc's own, under the names it keeps for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* glibc's malloc.h, and the linker's ends of this program's code. */
void *memalign(size_t alignment, size_t size);
extern const char __executable_start, etext;

static void *noted(void *block, void *caller)
{
    if (!block) {
        errno = ENOMEM;
    }
    if (!block || ((const char *)caller >= &__executable_start && (const char *)caller < &etext)) {
        failing_got(block, caller);
    }
    return block;
}

/* OpenMP's runtime says a line and ends the process when it has no memory for a team or a thread;
 * the loader makes part of a thread's; libarchive 3.6 ends the process, too (see
 * failing_spared.c). */
static bool is_spared(const void *caller)
{
    static const char *const libraries[] = {"/libgomp.so", "/libomp.so", "/ld-linux",
                                            "/libarchive.so"};
    Dl_info info = {0};

    for (size_t i = 0; dladdr(caller, &info) && i < sizeof libraries / sizeof *libraries; i++) {
        if (strstr(info.dli_fname, libraries[i])) {
            return true;
        }
    }
    return false;
}

static bool fails(void *caller)
{
    return failing_is_on() && !is_spared(caller) && failing_now(caller);
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    return noted(fails(CALLER) ? NULL : __libc_malloc(size), CALLER);
}

void *calloc(size_t n, size_t size)
{
    return noted(fails(CALLER) ? NULL : __libc_calloc(n, size), CALLER);
}

void *realloc(void *old, size_t size)
{
    if (fails(CALLER)) {
        return noted(NULL, CALLER);
    }
    failing_gave(old);
    return noted(__libc_realloc(old, size), CALLER);
}

void *memalign(size_t alignment, size_t size)
{
    return noted(fails(CALLER) ? NULL : __libc_memalign(alignment, size), CALLER);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return noted(fails(CALLER) ? NULL : __libc_memalign(alignment, size), CALLER);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *block = fails(CALLER) ? NULL : __libc_memalign(alignment, size);

    noted(block, CALLER);
    if (!block) {
        return ENOMEM;
    }
    *out = block;
    return 0;
}

void free(void *block)
{
    failing_gave(block);
    __libc_free(block);
}
