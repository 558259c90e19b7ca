/*
 * bin/hestia of the tarball: starts lib/hestia/hestia with the C library and the loader that lie
 * beside it, whatever the system has. Linked statically, so that it needs nothing but a kernel;
 * finds its own folder also through symbolic links.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define LOADER "/lib/hestia/ld-linux-x86-64.so.2"

/* The folder that holds bin/hestia; without /proc by the name that it was started under. */
static int find_root(char root[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", root, PATH_MAX - 1);

    if (n >= 0) {
        root[n] = '\0';
    } else if (!realpath((const char *)getauxval(AT_EXECFN), root)) {
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(root, '/');

        if (!slash) {
            errno = ENOENT;
            return -1;
        }
        *slash = '\0';
    }
    return 0;
}

static int fail(const char *path, const char *reason)
{
    fprintf(stderr, "hestia: %s: %s\n", path, reason);
    return 1;
}

int main(int argc, char **argv)
{
    static char root[PATH_MAX], loader[PATH_MAX + 64], libraries[PATH_MAX + 64],
        program[PATH_MAX + 64];
    char **arguments = calloc((size_t)argc + 8, sizeof *arguments);
    size_t n = 0;

    if (!arguments) {
        return fail(argv[0], "no memory");
    }
    if (find_root(root) != 0) {
        return fail(argv[0], strerror(errno));
    }
    if (strpbrk(root, ":;$")) { /* the loader would take them for its own */
        return fail(root, "the folder of the program cannot have : ; or $ in its path");
    }
    snprintf(loader, sizeof loader, "%s" LOADER, root);
    snprintf(libraries, sizeof libraries, "%s/lib/hestia", root);
    snprintf(program, sizeof program, "%s/lib/hestia/hestia", root);

    /* What the system preloads was made for its own C library. */
    unsetenv("LD_PRELOAD");
    unsetenv("LD_AUDIT");

    arguments[n++] = loader;
    arguments[n++] = (char[]){"--library-path"};
    arguments[n++] = libraries;
    arguments[n++] = (char[]){"--argv0"};
    arguments[n++] = argc > 0 ? argv[0] : program;
    arguments[n++] = program;
    for (int i = 1; i < argc; i++) {
        arguments[n++] = argv[i];
    }
    execv(loader, arguments);
    return fail(loader, strerror(errno));
}
