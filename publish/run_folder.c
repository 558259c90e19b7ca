#define _GNU_SOURCE /* renameat2: a folder `latest` is exchanged in one step */
#include "hestia/run_folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publish/tree.h"

enum { NAME_BYTES = 40, MAX_TAKEN = 1000 };

struct hst_run_folder {
    char *directory;
    char name[NAME_BYTES];
    char *part, *path; /* temporary and final */
    int lock;          /* fd, -1 = not held */
    bool committed;
};

void hst_time_format(time_t time, char text[21])
{
    struct tm utc;

    if (!gmtime_r(&time, &utc) || strftime(text, 21, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        text[0] = '\0';
    }
}

static hst_status no_memory(hst_error *err, const char *path)
{
    return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", path);
}

/* True for "20261121T020000Z", "20261121T020000Z-2", and what stands behind is `rest`. */
static bool is_run_name(const char *name, const char **rest)
{
    const char *shape = "ddddddddTddddddZ";

    for (; *shape; shape++, name++) {
        bool fits = *shape == 'd' ? isdigit((unsigned char)*name) != 0 : *name == *shape;

        if (!fits) {
            return false;
        }
    }
    if (*name == '-' && isdigit((unsigned char)name[1])) {
        for (name++; isdigit((unsigned char)*name); name++) {
        }
    }
    *rest = name;
    return true;
}

/* Order of runs in time: "...Z" before "...Z-2" before "...Z-10". */
static int compare_runs(const void *a, const void *b)
{
    const char *x = *(char *const *)a;
    const char *y = *(char *const *)b;
    int order = strncmp(x, y, strlen("20261121T020000Z"));
    size_t n = strlen(x), m = strlen(y);

    if (order == 0 && n != m) {
        return n < m ? -1 : 1;
    }
    return order != 0 ? order : strcmp(x, y);
}

static void free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
}

/* Names in the directory that are complete runs, sorted (`parts` false), or what a killed run left
 * (`parts` true). */
static hst_status list(char ***out, size_t *n_out, const char *directory, bool parts,
                       hst_error *err)
{
    hst_status status = HST_OK;
    char **names = NULL;
    size_t n = 0, room = 0;
    struct dirent *entry = NULL;
    DIR *folder = opendir(directory);

    if (!folder) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be read: %s", directory, strerror(errno));
    }
    while ((entry = readdir(folder)) != NULL) {
        const char *rest = NULL;
        bool is_run = is_run_name(entry->d_name, &rest);
        bool wanted = parts ? (is_run && strcmp(rest, ".part") == 0) ||
                                  strcmp(entry->d_name, "latest.part") == 0 ||
                                  strcmp(entry->d_name, "status.json.part") == 0
                            : is_run && *rest == '\0';

        if (!wanted) {
            continue;
        }
        if (n == room) {
            size_t more = room == 0 ? 64 : 2 * room;
            char **grown = realloc(names, more * sizeof *names);

            if (!grown) {
                status = no_memory(err, directory);
                goto done;
            }
            names = grown;
            room = more;
        }
        names[n] = strdup(entry->d_name);
        if (!names[n]) {
            status = no_memory(err, directory);
            goto done;
        }
        n++;
    }
    if (n > 0) {
        qsort(names, n, sizeof *names, compare_runs);
    }
    *out = names;
    *n_out = n;
    names = NULL; /* now the caller's */
    n = 0;

done:
    closedir(folder);
    free_names(names, n);
    return status;
}

static hst_status remove_below(const char *directory, const char *name, hst_error *err)
{
    hst_status status = HST_OK;
    char *path = hst_tree_join(directory, name);

    if (!path) {
        return no_memory(err, directory);
    }
    status = hst_tree_remove(path, err);
    free(path);
    return status;
}

static hst_status remove_left_parts(const char *directory, hst_error *err)
{
    hst_status status = HST_OK;
    char **names = NULL;
    size_t n = 0;

    status = list(&names, &n, directory, true, err);
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        status = remove_below(directory, names[i], err);
    }
    free_names(names, n);
    return status;
}

/* One run publishes into a directory at a time; the lock goes with the process. */
static hst_status take_lock(hst_run_folder *folder, hst_error *err)
{
    hst_status status = HST_OK;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char *path = hst_tree_join(folder->directory, ".lock");

    if (!path) {
        return no_memory(err, folder->directory);
    }
    folder->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (folder->lock < 0) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
    } else if (fcntl(folder->lock, F_SETLK, &lock) != 0) {
        status =
            errno == EACCES || errno == EAGAIN
                ? hst_fail(err, HST_ERR_LOCKED, "%s: another run is publishing there",
                           folder->directory)
                : hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be locked: %s", path, strerror(errno));
    }
    free(path);
    return status;
}

/* Finds a free name and makes the temporary folder. */
static hst_status make_part(hst_run_folder *folder, time_t start, hst_error *err)
{
    struct tm utc;
    char base[24];
    char part[NAME_BYTES + sizeof ".part"];

    if (!gmtime_r(&start, &utc) || strftime(base, sizeof base, "%Y%m%dT%H%M%SZ", &utc) == 0) {
        return hst_fail(err, HST_ERR_ARGUMENT, "the run's start is not a time");
    }
    for (int k = 1; k <= MAX_TAKEN; k++) {
        if (k == 1) {
            snprintf(folder->name, sizeof folder->name, "%s", base);
        } else {
            snprintf(folder->name, sizeof folder->name, "%s-%d", base, k);
        }
        free(folder->path);
        free(folder->part);
        snprintf(part, sizeof part, "%s.part", folder->name);
        folder->path = hst_tree_join(folder->directory, folder->name);
        folder->part = hst_tree_join(folder->directory, part);
        if (!folder->path || !folder->part) {
            return no_memory(err, folder->directory);
        }
        if (access(folder->path, F_OK) == 0) {
            continue;
        }
        if (mkdir(folder->part, 0755) != 0) {
            return hst_fail(err, HST_ERR_SYSTEM, "%s: the folder cannot be made: %s", folder->part,
                            strerror(errno));
        }
        return HST_OK;
    }
    return hst_fail(err, HST_ERR_SYSTEM, "%s: too many runs of one second", folder->directory);
}

hst_status hst_run_folder_create(hst_run_folder **out, const char *directory, time_t start,
                                 hst_error *err)
{
    hst_status status = HST_OK;
    hst_run_folder *folder = NULL;

    *out = NULL;
    folder = calloc(1, sizeof *folder);
    if (!folder) {
        return no_memory(err, directory);
    }
    folder->lock = -1;
    folder->directory = strdup(directory);
    if (!folder->directory) {
        status = no_memory(err, directory);
        goto done;
    }
    status = hst_tree_make(directory, err);
    if (status != HST_OK) {
        goto done;
    }
    status = take_lock(folder, err);
    if (status != HST_OK) {
        goto done;
    }
    status = remove_left_parts(directory, err);
    if (status != HST_OK) {
        goto done;
    }
    status = make_part(folder, start, err);
    if (status != HST_OK) {
        goto done;
    }
    *out = folder;
    folder = NULL; /* now the caller's */

done:
    hst_run_folder_free(folder);
    return status;
}

const char *hst_run_folder_name(const hst_run_folder *folder)
{
    return folder->name;
}

const char *hst_run_folder_path(const hst_run_folder *folder)
{
    return folder->committed ? folder->path : folder->part;
}

/* Puts `part` in the place of `latest`: a link over a link by rename, which is atomic; where a
 * folder is on either side, by an exchange, and without one in the file system, in two steps. */
static hst_status swap_latest(const char *part, const char *latest, hst_error *err)
{
    struct stat old, new;
    bool taken = lstat(latest, &old) == 0;

    if (lstat(part, &new) == 0 && (!taken || (!S_ISDIR(old.st_mode) && !S_ISDIR(new.st_mode)))) {
        if (rename(part, latest) == 0) {
            return HST_OK;
        }
    } else if (renameat2(AT_FDCWD, part, AT_FDCWD, latest, RENAME_EXCHANGE) == 0) {
        return hst_tree_remove(part, err);
    } else if (errno == EINVAL || errno == ENOSYS) {
        hst_status status = hst_tree_remove(latest, err);

        if (status != HST_OK) {
            return status;
        }
        if (rename(part, latest) == 0) {
            return HST_OK;
        }
    }
    return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be led to the new run: %s", latest,
                    strerror(errno));
}

static hst_status lead_latest(const hst_run_folder *folder, bool copy, hst_error *err)
{
    hst_status status = HST_OK;
    char *latest = hst_tree_join(folder->directory, "latest");
    char *part = hst_tree_join(folder->directory, "latest.part");

    if (!latest || !part) {
        status = no_memory(err, folder->directory);
        goto done;
    }
    if (copy) {
        status = hst_tree_copy(folder->path, part, err);
        if (status != HST_OK) {
            goto done;
        }
    } else if (symlink(folder->name, part) != 0) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: the link cannot be made: %s", latest,
                          strerror(errno));
        goto done;
    }
    status = swap_latest(part, latest, err);

done:
    free(latest);
    free(part);
    return status;
}

static bool has_keep(const char *directory, const char *name)
{
    char path[4096];

    return snprintf(path, sizeof path, "%s/%s/KEEP", directory, name) < (int)sizeof path &&
           access(path, F_OK) == 0;
}

/* Renames before it removes, so that a run half removed never looks like a run. */
static hst_status retire(const char *directory, const char *name, hst_error *err)
{
    hst_status status = HST_OK;
    char part_name[NAME_BYTES + 256];
    char *path = hst_tree_join(directory, name);
    char *part = NULL;

    snprintf(part_name, sizeof part_name, "%s.part", name);
    part = hst_tree_join(directory, part_name);
    if (!path || !part) {
        status = no_memory(err, directory);
    } else if (rename(path, part) != 0) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be removed: %s", path, strerror(errno));
    } else {
        status = hst_tree_remove(part, err);
    }
    free(path);
    free(part);
    return status;
}

/* The newest `keep` runs stay, and those that hold a file KEEP, which are not among the counted. */
static hst_status remove_old_runs(const hst_run_folder *folder, int keep, hst_error *err)
{
    hst_status status = HST_OK;
    char **names = NULL;
    size_t n = 0;
    int n_kept = 1; /* the run just made, whatever the clock says */

    status = list(&names, &n, folder->directory, false, err);
    for (size_t i = n; i-- > 0 && status == HST_OK;) {
        if (strcmp(names[i], folder->name) == 0 || has_keep(folder->directory, names[i])) {
            continue;
        }
        if (n_kept < keep) {
            n_kept++;
        } else {
            status = retire(folder->directory, names[i], err);
        }
    }
    free_names(names, n);
    return status;
}

static hst_status sync_directory(const char *path, hst_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 ? -1 : fsync(fd);

    /* Some network file systems refuse to sync a folder: nothing is lost by that but a guarantee.
     */
    if (result != 0 && errno != EINVAL && errno != ENOTSUP) {
        result = errno;
        if (fd >= 0) {
            close(fd);
        }
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be synced: %s", path, strerror(result));
    }
    close(fd);
    return HST_OK;
}

hst_status hst_run_folder_commit(hst_run_folder *folder, const hst_run_folder_options *options,
                                 hst_error *err)
{
    hst_status status = HST_OK;

    status = sync_directory(folder->part, err);
    if (status != HST_OK) {
        return status;
    }
    if (rename(folder->part, folder->path) != 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot take its name: %s", folder->path,
                        strerror(errno));
    }
    folder->committed = true;
    status = lead_latest(folder, options->latest_copy, err);
    if (status != HST_OK) {
        return status;
    }
    status = sync_directory(folder->directory, err);
    if (status != HST_OK || options->keep <= 0) {
        return status;
    }
    return remove_old_runs(folder, options->keep, err);
}

void hst_run_folder_free(hst_run_folder *folder)
{
    if (!folder) {
        return;
    }
    if (folder->part && !folder->committed && hst_tree_remove(folder->part, NULL) != HST_OK) {
        /* A folder that cannot be removed now is removed by the next run. */
        folder->committed = false;
    }
    if (folder->lock >= 0) {
        close(folder->lock);
    }
    free(folder->directory);
    free(folder->part);
    free(folder->path);
    free(folder);
}
