#define _GNU_SOURCE /* fopencookie */
#include "hestia/memory_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct memory {
    char **text;
    size_t *n;
    size_t capacity;
    bool has_failed;
} memory;

static bool make_room(memory *m, size_t wanted)
{
    size_t capacity = m->capacity ? m->capacity : 256;
    char *larger = NULL;

    if (wanted <= m->capacity) {
        return true;
    }
    while (capacity < wanted) {
        capacity *= 2; /* of what is in memory already */
    }
    larger = realloc(*m->text, capacity);
    if (!larger) {
        m->has_failed = true;
        return false;
    }
    *m->text = larger;
    m->capacity = capacity;
    return true;
}

/* 0 is a failure to the C library. */
static ssize_t take(void *cookie, const char *bytes, size_t n)
{
    memory *m = cookie;

    if (m->has_failed || !make_room(m, *m->n + n + 1)) {
        errno = ENOMEM;
        return 0;
    }
    memcpy(*m->text + *m->n, bytes, n);
    *m->n += n;
    (*m->text)[*m->n] = '\0';
    return (ssize_t)n;
}

static int finish(void *cookie)
{
    memory *m = cookie;
    bool is_whole = !m->has_failed && make_room(m, *m->n + 1);

    if (is_whole) {
        (*m->text)[*m->n] = '\0'; /* also when nothing was written */
    }
    free(m);
    errno = is_whole ? errno : ENOMEM;
    return is_whole ? 0 : EOF;
}

FILE *hst_memory_stream(char **text, size_t *n)
{
    memory *m = malloc(sizeof *m);
    FILE *stream = NULL;

    *text = NULL;
    *n = 0;
    if (!m) {
        return NULL;
    }
    *m = (memory){.text = text, .n = n};
    stream = fopencookie(m, "w", (cookie_io_functions_t){.write = take, .close = finish});
    if (!stream) {
        free(m);
    }
    return stream;
}
