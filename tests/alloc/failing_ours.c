/* Allocators that stand before the usual ones where hestia's own code calls them (ld --wrap);
 * libraries are linked without. */
#include "tests/alloc/failing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const bool failing_libraries = false;

/* The names are the linker's: ld --wrap=NAME sends NAME to __wrap_NAME, and __real_NAME to NAME. */
#define CALLER __builtin_return_address(0)

/* NULL and ENOMEM when it has to fail, else what `call` gives. */
#define ALLOCATE(call)                                                                             \
    do {                                                                                           \
        void *block = failing_now(CALLER) ? NULL : (call);                                         \
        if (!block) {                                                                              \
            errno = ENOMEM;                                                                        \
        }                                                                                          \
        failing_got(block, CALLER);                                                                \
        return block;                                                                              \
    } while (0)

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **out, size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
char *__real_realpath(const char *path, char *resolved);
void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
char *__wrap_realpath(const char *path, char *resolved);
void __wrap_free(void *block);

void *__wrap_malloc(size_t size)
{
    ALLOCATE(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    ALLOCATE(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    void *block = NULL;

    if (failing_now(CALLER)) {
        errno = ENOMEM;
        failing_got(NULL, CALLER);
        return NULL; /* the old block stays */
    }
    failing_gave(old);
    block = __real_realloc(old, size);
    failing_got(block, CALLER);
    return block;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    ALLOCATE(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    int result = failing_now(CALLER) ? ENOMEM : __real_posix_memalign(out, alignment, size);

    failing_got(result == 0 ? *out : NULL, CALLER);
    return result;
}

char *__wrap_strdup(const char *text)
{
    ALLOCATE(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t n)
{
    ALLOCATE(__real_strndup(text, n));
}

char *__wrap_realpath(const char *path, char *resolved)
{
    ALLOCATE(__real_realpath(path, resolved));
}

void __wrap_free(void *block)
{
    failing_gave(block);
    __real_free(block);
}
