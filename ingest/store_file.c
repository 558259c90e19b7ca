/* Small files of the store, read whole and replaced at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/store_internal.h"

enum { MAX_FILE_BYTES = 64 * 1024 * 1024 };

bool hst_write_all(int file, const void *bytes, size_t n, uint64_t offset)
{
    const char *next = bytes;

    while (n > 0) {
        ssize_t written = pwrite(file, next, n, (off_t)offset);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written < 0 ? errno : ENOSPC;
            return false;
        }
        next += written;
        n -= (size_t)written;
        offset += (uint64_t)written;
    }
    return true;
}

bool hst_read_all(int file, void *bytes, size_t n, uint64_t offset)
{
    char *next = bytes;

    while (n > 0) {
        ssize_t got = pread(file, next, n, (off_t)offset);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got < 0 ? errno : 0;
            return false;
        }
        next += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

hst_status hst_fail_errno(hst_error *err, const char *what, const char *path, const char *name)
{
    int number = errno;
    char reason[128];

    if (strerror_r(number, reason, sizeof reason) != 0) {
        snprintf(reason, sizeof reason, "error %d", number);
    }
    return hst_fail(err, number == ENOMEM ? HST_ERR_MEMORY : HST_ERR_SYSTEM, "%s%s%s: %s: %s%s",
                    path, *name ? "/" : "", name, what, reason, hst_remedy(number));
}

hst_status hst_store_damaged(const char *path, const char *name, const char *what, hst_error *err)
{
    return hst_fail(err, HST_ERR_INPUT,
                    "%s/%s %s; restore it from a backup, or remove the store with `hestia store "
                    "purge %s` and run again",
                    path, name, what, path);
}

hst_status hst_store_write_file(int directory, const char *path, const char *name, mode_t mode,
                                const void *bytes, size_t n, hst_error *err)
{
    hst_status status = HST_OK;
    char part[64];
    int file = -1;

    snprintf(part, sizeof part, "%s.part", name);
    if (unlinkat(directory, part, 0) != 0 && errno != ENOENT) {
        return hst_fail_errno(err, "cannot remove", path, part);
    }
    file = openat(directory, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    /* the mode is set again because the umask takes bits away */
    if (file < 0 || fchmod(file, mode) != 0 || !hst_write_all(file, bytes, n, 0) ||
        fsync(file) != 0) {
        status = hst_fail_errno(err, "cannot write", path, part);
        goto done;
    }
    if (close(file) != 0) {
        file = -1;
        status = hst_fail_errno(err, "cannot write", path, part);
        goto done;
    }
    file = -1;
    if (renameat(directory, part, directory, name) != 0 || fsync(directory) != 0) {
        status = hst_fail_errno(err, "cannot put in place", path, name);
    }

done:
    if (file >= 0) {
        close(file);
    }
    if (status != HST_OK) {
        unlinkat(directory, part, 0);
    }
    return status;
}

hst_status hst_store_read_file(int directory, const char *path, const char *name, char **out,
                               size_t *n, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat facts;
    char *bytes = NULL;
    int file = -1;

    *out = NULL;
    *n = 0;
    file = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* waits for no pipe */
    if (file < 0 && errno == ENOENT) {
        return hst_store_damaged(path, name, "is missing", err);
    }
    if (file < 0 || fstat(file, &facts) != 0) {
        status = hst_fail_errno(err, "cannot read", path, name);
        goto done;
    }
    if (!S_ISREG(facts.st_mode) || facts.st_size > MAX_FILE_BYTES) {
        status = hst_store_damaged(path, name, "is not a file of a store", err);
        goto done;
    }
    bytes = malloc((size_t)facts.st_size + 1);
    if (!bytes) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory to read %s/%s", path, name);
        goto done;
    }
    if (!hst_read_all(file, bytes, (size_t)facts.st_size, 0)) {
        status = hst_fail_errno(err, "cannot read", path, name);
        goto done;
    }
    bytes[facts.st_size] = '\0';
    *out = bytes;
    *n = (size_t)facts.st_size;
    bytes = NULL;

done:
    free(bytes);
    if (file >= 0) {
        close(file);
    }
    return status;
}
