/* Preloaded into hestia: stops it where a test wants to look at its memory. HESTIA_STOP is
 *     exit         when all is done and nothing is unmapped yet
 *     read:SUFFIX  at the second read of a file whose name ends so */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static int is_awaited(int file)
{
    const char *stop = getenv("HESTIA_STOP");
    char link[64], path[4096];
    ssize_t n = 0;

    if (!stop || strncmp(stop, "read:", 5) != 0) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    return ends_with(path, stop + 5) && lseek(file, 0, SEEK_CUR) > 0;
}

ssize_t read(int file, void *bytes, size_t n)
{
    static ssize_t (*next)(int, void *, size_t);

    if (!next) {
        *(void **)&next = dlsym(RTLD_NEXT, "read");
    }
    if (is_awaited(file)) {
        raise(SIGSTOP);
    }
    return next(file, bytes, n);
}

static __attribute__((destructor)) void at_exit(void)
{
    const char *stop = getenv("HESTIA_STOP");

    if (stop && strcmp(stop, "exit") == 0) {
        raise(SIGSTOP);
    }
}
