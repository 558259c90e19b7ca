/* Functions of libraries that do not survive a failure of their own allocations, and so are spared
 * it; each in its release of Debian 12. */
#include <archive.h>
#include <glob.h>
#include <libfyaml.h>

#include "tests/alloc/failing.h"

/* The linker's names, see failing_ours.c. `call` goes to the library without failures. */
#define SPARED(type, name, parameters, call)                                                       \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        bool was_on = failing_pause();                                                             \
        type result = __real_##name call;                                                          \
                                                                                                   \
        failing_resume(was_on);                                                                    \
        return result;                                                                             \
    }

/* libarchive 3.6: this one allocation is checked. */
struct archive *__real_archive_read_new(void);
struct archive *__wrap_archive_read_new(void);

struct archive *__wrap_archive_read_new(void)
{
    if (failing_now(__builtin_return_address(0))) {
        failing_got(NULL, __builtin_return_address(0));
        return NULL;
    }
    return __real_archive_read_new();
}

/* glibc 2.36 frees its list of names twice. */
typedef int glob_failed(const char *, int);
SPARED(int, glob, (const char *pattern, int flags, glob_failed *failed, glob_t *found),
       (pattern, flags, failed, found))

/* libfyaml 0.7 uses inputs and nodes that it could not make. */
SPARED(int, fy_parser_set_string, (struct fy_parser * parser, const char *text, size_t length),
       (parser, text, length))
SPARED(struct fy_document *, fy_parse_load_document, (struct fy_parser * parser), (parser))

/* libarchive 3.6 uses what it could not make, or ends the process ("No memory"). */
SPARED(int, archive_read_open1, (struct archive * archive), (archive))
SPARED(int, archive_read_next_header, (struct archive * archive, struct archive_entry **entry),
       (archive, entry))
SPARED(la_ssize_t, archive_read_data, (struct archive * archive, void *buffer, size_t n),
       (archive, buffer, n))
