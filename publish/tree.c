#define _XOPEN_SOURCE 700 /* nftw */
#include "publish/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_FOLDERS = 16 }; /* of nftw */

char *hst_tree_join(const char *a, const char *b)
{
    size_t bytes = strlen(a) + strlen(b) + 2;
    char *path = malloc(bytes);

    if (path) {
        snprintf(path, bytes, "%s/%s", a, b);
    }
    return path;
}

static hst_status no_memory(hst_error *err, const char *path)
{
    return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", path);
}

hst_status hst_tree_make(const char *path, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat found;
    char *part = strdup(path);

    if (!part) {
        return no_memory(err, path);
    }
    for (char *end = part + 1; *part && status == HST_OK; end++) {
        char kept = *end;

        if (kept != '/' && kept != '\0') {
            continue;
        }
        *end = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST) {
            status = hst_fail_system(err, part, "the folder cannot be made");
        }
        *end = kept;
        if (kept == '\0') {
            break;
        }
    }
    free(part);
    if (status == HST_OK && (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: stands where a folder is needed", path);
    }
    return status;
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *place)
{
    (void)found;
    (void)type;
    (void)place;
    return remove(path);
}

hst_status hst_tree_remove(const char *path, hst_error *err)
{
    if (nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        return hst_fail_system(err, path, "cannot be removed");
    }
    return HST_OK;
}

/* Ends the walk with 1 at a folder whose entries we may not remove. */
static int find_protected(const char *path, const struct stat *found, int type, struct FTW *place)
{
    (void)found;
    (void)place;
    return (type == FTW_D || type == FTW_DNR) &&
           faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) != 0;
}

bool hst_tree_may_be_removed(const char *path)
{
    return nftw(path, find_protected, OPEN_FOLDERS, FTW_PHYS) != 1;
}

/* Syncs a folder; -1 with errno on failure. */
static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 ? -1 : fsync(fd), number = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = number;
    return result != 0 && (fd < 0 || (number != EINVAL && number != ENOTSUP)) ? -1 : 0;
}

static int sync_one(const char *path, const struct stat *found, int type, struct FTW *place)
{
    (void)found;
    (void)place;
    return type == FTW_DP ? sync_folder(path) : 0;
}

hst_status hst_tree_sync_folder(const char *path, hst_error *err)
{
    return sync_folder(path) == 0 ? HST_OK : hst_fail_system(err, path, "cannot be synced");
}

hst_status hst_tree_sync(const char *path, hst_error *err)
{
    return nftw(path, sync_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0
               ? HST_OK
               : hst_fail_system(err, path, "cannot be synced");
}

/* Writes all bytes; false with errno on failure. */
static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

hst_status hst_tree_copy_file(const char *from, const char *to, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat found;
    char buffer[1 << 14];
    ssize_t n = 0;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = -1;

    if (in < 0 || fstat(in, &found) != 0) {
        status = hst_fail_system(err, from, "cannot be read");
        goto done;
    }
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, found.st_mode & 0777);
    if (out < 0) {
        status = hst_fail_system(err, to, "cannot be written");
        goto done;
    }
    while ((n = read(in, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            status = hst_fail_system(err, from, "cannot be read");
            goto done;
        }
        if (!write_all(out, buffer, (size_t)n)) {
            status = hst_fail_system(err, to, "cannot be written");
            goto done;
        }
    }
    if (fsync(out) != 0) {
        status = hst_fail_system(err, to, "cannot be written");
    }

done:
    if (in >= 0) {
        close(in);
    }
    if (out >= 0 && close(out) != 0 && status == HST_OK) {
        status = hst_fail_system(err, to, "cannot be written");
    }
    return status;
}

/* One entry of a folder that is copied. */
static hst_status copy_entry(const char *from, const char *to, const char *name, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat found;
    char *source = hst_tree_join(from, name);
    char *target = hst_tree_join(to, name);

    if (!source || !target) {
        status = no_memory(err, from);
    } else if (lstat(source, &found) != 0) {
        status = hst_fail_system(err, source, "cannot be read");
    } else if (S_ISDIR(found.st_mode)) {
        status = hst_tree_copy(source, target, err);
    } else {
        status = hst_tree_copy_file(source, target, err);
    }
    free(source);
    free(target);
    return status;
}

hst_status hst_tree_copy(const char *from, const char *to, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat found;
    struct dirent *entry = NULL;
    DIR *folder = opendir(from);

    if (!folder || stat(from, &found) != 0) {
        status = hst_fail_system(err, from, "cannot be read");
        goto done;
    }
    if (mkdir(to, found.st_mode & 0777) != 0) {
        status = hst_fail_system(err, to, "the folder cannot be made");
        goto done;
    }
    while (status == HST_OK && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = copy_entry(from, to, entry->d_name, err);
        }
    }

done:
    if (folder) {
        closedir(folder);
    }
    return status;
}

hst_status hst_tree_write(const char *path, unsigned mode, const char *text, size_t length,
                          hst_error *err)
{
    hst_status status = HST_OK;
    size_t bytes = strlen(path) + sizeof ".part";
    char *part = malloc(bytes);
    int fd = -1;

    if (!part) {
        return no_memory(err, path);
    }
    snprintf(part, bytes, "%s.part", path);
    unlink(part); /* left by a run that was killed */
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        status = hst_fail_system(err, path, "cannot be written");
        goto done;
    }
    if (!write_all(fd, text, length) || fsync(fd) != 0) {
        status = hst_fail_system(err, path, "cannot be written");
        goto done;
    }
    if (close(fd) != 0) {
        fd = -1;
        status = hst_fail_system(err, path, "cannot be written");
        goto done;
    }
    fd = -1;
    if (rename(part, path) != 0) {
        status = hst_fail_system(err, path, "cannot be written");
    }

done:
    if (fd >= 0) {
        close(fd);
    }
    if (status != HST_OK) {
        unlink(part);
    }
    free(part);
    return status;
}
