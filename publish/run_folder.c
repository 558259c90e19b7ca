#define _GNU_SOURCE /* renameat2: a folder `latest` is exchanged in one step */
#include "hestia/run_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/published.h"
#include "publish/manifest_reader.h"
#include "publish/past_runs.h"
#include "publish/tree.h"

enum { MAX_TAKEN = 1000 };

#define LOCK_NAME ".lock"
#define LATEST_PART "latest.part"    /* what is to be `latest` */
#define LATEST_OLD "latest.old.part" /* what was, where the two cannot be exchanged */

struct hst_run_folder {
    char *directory;
    char name[HST_PAST_RUN_BYTES];
    char *part, *path; /* temporary and final */
    mode_t mode;       /* of the folder when it is whole; until then it is the writer's alone */
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

/* Out of the way of the next `latest`, under a name that no run has. */
static bool set_aside(const char *directory, const char *path)
{
    char name[HST_PAST_RUN_BYTES];
    bool is_aside = false;

    errno = ENOTEMPTY;
    for (int k = 1; k <= MAX_TAKEN && !is_aside && (errno == ENOTEMPTY || errno == EEXIST); k++) {
        char *to = NULL;

        snprintf(name, sizeof name, "00000000T000000Z-%d.part", k);
        to = hst_tree_join(directory, name);
        is_aside = to && rename(path, to) == 0;
        free(to);
    }
    return is_aside;
}

/* What cannot be removed, as it is another user's or a file in it is open on a network drive, stays
 * for the next run to try: no night fails by it. */
static hst_status remove_left(const char *directory, const char *name, hst_error *err)
{
    const char *rest = NULL;
    hst_status status = HST_OK;
    char *path = hst_tree_join(directory, name);

    if (!path) {
        return no_memory(err, directory);
    }
    status = hst_tree_remove(path, err);
    if (status != HST_OK && (hst_run_name_begins(name, &rest) || set_aside(directory, path))) {
        status = HST_OK;
    }
    free(path);
    return status;
}

/* True for what is left of a run, or of the removal of one. */
static bool is_left(const char *name)
{
    const char *rest = NULL;

    return (hst_run_name_begins(name, &rest) && strcmp(rest, ".part") == 0) ||
           strcmp(name, LATEST_PART) == 0 || strcmp(name, LATEST_OLD) == 0;
}

static hst_status remove_left_parts(const char *directory, hst_error *err)
{
    hst_status status = HST_OK;
    struct dirent *entry = NULL;
    DIR *folder = opendir(directory);

    if (!folder) {
        return hst_fail_system(err, directory, "cannot be read");
    }
    while (status == HST_OK && (entry = readdir(folder)) != NULL) {
        if (is_left(entry->d_name)) {
            status = remove_left(directory, entry->d_name, err);
        }
    }
    closedir(folder);
    return status;
}

/* Puts `latest.part` in the place of `latest`: a link over a link by rename, which is atomic; where
 * a folder is on either side, by an exchange, and without one in the file system, in two steps. A
 * process that dies between them leaves `latest.part`, and the next run goes on from there. */
static hst_status swap_latest(const char *directory, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat old, new;
    char *part = hst_tree_join(directory, LATEST_PART),
         *latest = hst_tree_join(directory, "latest");
    char *aside = hst_tree_join(directory, LATEST_OLD);
    bool taken = false, done = false;

    if (!part || !latest || !aside) {
        status = no_memory(err, directory);
        goto done;
    }
    taken = lstat(latest, &old) == 0;
    if (lstat(part, &new) == 0 && (!taken || (!S_ISDIR(old.st_mode) && !S_ISDIR(new.st_mode)))) {
        done = rename(part, latest) == 0;
    } else if (renameat2(AT_FDCWD, part, AT_FDCWD, latest, RENAME_EXCHANGE) == 0) {
        done = true;
    } else if ((errno == EINVAL || errno == ENOSYS) && rename(latest, aside) == 0) {
        done = rename(part, latest) == 0;
    }
    if (!done) { /* what was moved aside is put back by settle */
        status = hst_fail_system(err, latest, "cannot be led to the new run");
    }

done:
    free(part);
    free(latest);
    free(aside);
    return status;
}

/* True when `latest.part` is of a complete run that was made after the one `latest` leads to. After
 * an exchange it is what `latest` was. */
static bool is_next(const char *directory, const char *part, const char *latest)
{
    char next[HST_RUN_NAME_BYTES], now[HST_RUN_NAME_BYTES];
    struct timespec next_made, now_made;

    hst_manifest_run(next, part);
    hst_manifest_run(now, latest);
    return hst_past_run_is(directory, next, &next_made) &&
           (!hst_past_run_is(directory, now, &now_made) || hst_is_later(next_made, now_made));
}

/*
 * What killed runs left goes, but for two things. A run that has its name is published: when its
 * `latest.part` is still there, `latest` is led to it now. And what was `latest` comes back when
 * there is none.
 */
static hst_status settle(const char *directory, hst_error *err)
{
    struct stat facts;
    hst_status status = HST_OK;
    char *part = hst_tree_join(directory, LATEST_PART),
         *latest = hst_tree_join(directory, "latest");
    char *aside = hst_tree_join(directory, LATEST_OLD);

    if (!part || !latest || !aside) {
        status = no_memory(err, directory);
        goto done;
    }
    if (is_next(directory, part, latest)) {
        status = swap_latest(directory, err);
    } else if (lstat(latest, &facts) != 0 && lstat(aside, &facts) == 0 &&
               rename(aside, latest) != 0) {
        status = hst_fail_system(err, latest, "cannot be put back");
    }
    if (status == HST_OK) {
        status = remove_left_parts(directory, err);
    }

done:
    free(part);
    free(latest);
    free(aside);
    return status;
}

/* A `latest` that no run has made is somebody's, and would go when a run takes its place. */
static hst_status check_latest(const char *directory, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat facts;
    char *latest = hst_tree_join(directory, "latest"), *manifest = NULL;

    manifest = latest ? hst_tree_join(latest, "manifest.json") : NULL;
    if (!manifest) {
        status = no_memory(err, directory);
    } else if (lstat(latest, &facts) == 0 && !S_ISLNK(facts.st_mode) &&
               lstat(manifest, &facts) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        status = hst_fail(err, HST_ERR_USAGE,
                          "%s: no results of a run, which need this name; move it away, or give "
                          "another results directory (--out)",
                          latest);
    }
    free(latest);
    free(manifest);
    return status;
}

hst_status hst_run_folder_lock(hst_lock *lock, const char *directory, hst_error *err)
{
    hst_status status = hst_tree_make(directory, err);
    struct stat facts;
    int folder = -1;

    *lock = (hst_lock){.file = -1};
    if (status != HST_OK) {
        return status;
    }
    folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fstat(folder, &facts) != 0) {
        status = hst_fail_system(err, directory, "cannot be opened");
        goto done;
    }
    /* who may write in the folder may have its lock */
    status = hst_lock_take(lock, folder, directory, LOCK_NAME, 0, 0600 | (facts.st_mode & 0066),
                           "another run has these results", err);
    if (status == HST_OK) {
        status = settle(directory, err);
    }
    if (status == HST_OK) {
        status = check_latest(directory, err);
    }

done:
    if (folder >= 0) {
        close(folder);
    }
    if (status != HST_OK) {
        hst_lock_release(lock);
    }
    return status;
}

/* Finds a free name and makes the temporary folder. */
static hst_status make_part(hst_run_folder *folder, time_t start, hst_error *err)
{
    struct tm utc;
    char base[24];
    struct stat facts;
    char part[HST_PAST_RUN_BYTES + sizeof ".part"];

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
        /* What the umask makes of 0755 is found out by making it. A chmod to 0700 would take the
         * set-group-ID bit that the folder has from its parent, and with it the group of all files.
         */
        if (mkdir(folder->part, 0755) != 0 || stat(folder->part, &facts) != 0 ||
            rmdir(folder->part) != 0 || mkdir(folder->part, 0700) != 0) {
            return hst_fail_system(err, folder->part, "the folder cannot be made");
        }
        folder->mode = facts.st_mode & 0777;
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
    folder->directory = strdup(directory);
    if (!folder->directory) {
        status = no_memory(err, directory);
        goto done;
    }
    status = hst_tree_make(directory, err);
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

/* Makes what is to be `latest`, while the run still has its temporary name: a process that dies
 * after the run has taken its own leaves it for the next one (settle). */
static hst_status prepare_latest(const hst_run_folder *folder, bool copy, hst_error *err)
{
    hst_status status = HST_OK;
    char *part = hst_tree_join(folder->directory, LATEST_PART);

    if (!part) {
        return no_memory(err, folder->directory);
    }
    if (copy) {
        status = hst_tree_copy(folder->part, part, err);
        if (status == HST_OK) {
            status = hst_tree_sync(part, err);
        }
    } else if (symlink(folder->name, part) != 0) {
        status = hst_fail_system(err, part, "the link cannot be made");
    }
    free(part);
    return status;
}

/* True unless it is certain that there is none. */
static bool has_keep(const char *directory, const char *name)
{
    char path[4096];
    struct stat facts;

    return snprintf(path, sizeof path, "%s/%s/KEEP", directory, name) >= (int)sizeof path ||
           lstat(path, &facts) == 0 || errno != ENOENT;
}

/* A KEEP in a `latest` that is a copy is meant for its run, as in a link: the copy goes. */
static hst_status carry_keep(const char *directory, hst_error *err)
{
    char name[HST_RUN_NAME_BYTES];
    struct timespec made;
    hst_status status = HST_OK;
    char *latest = hst_tree_join(directory, "latest"), *run = NULL, *keep = NULL;

    if (!latest) {
        return no_memory(err, directory);
    }
    hst_manifest_run(name, latest);
    run = hst_tree_join(directory, name);
    keep = run ? hst_tree_join(run, "KEEP") : NULL;
    if (!keep) {
        status = no_memory(err, directory);
    } else if (has_keep(directory, "latest") && hst_past_run_is(directory, name, &made) &&
               !has_keep(directory, name) && hst_tree_may_be_removed(run)) {
        status = hst_tree_write(keep, 0644, "", 0, err);
    }
    free(latest);
    free(run);
    free(keep);
    return status;
}

/* Renames before it removes, so that a run half removed never looks like a run. One that may not be
 * removed, as it is another user's or write-protected, stays whole. */
static hst_status retire(const char *directory, const char *name, hst_error *err)
{
    hst_status status = HST_OK;
    char part_name[HST_PAST_RUN_BYTES + 256];
    char *path = hst_tree_join(directory, name);
    char *part = NULL;

    snprintf(part_name, sizeof part_name, "%s.part", name);
    part = hst_tree_join(directory, part_name);
    if (!path || !part) {
        status = no_memory(err, directory);
    } else if (hst_tree_may_be_removed(path)) {
        status = rename(path, part) == 0 ? hst_tree_remove(part, err)
                                         : hst_fail_system(err, path, "cannot be removed");
    }
    free(path);
    free(part);
    return status;
}

/* The newest `keep` runs stay, and those that hold a file KEEP, which are not among the counted. */
static hst_status remove_old_runs(const hst_run_folder *folder, int keep, hst_error *err)
{
    hst_status status = HST_OK;
    hst_past_run *runs = NULL;
    size_t n = 0;
    int n_kept = 1; /* the run just made, which `latest` leads to */

    status = hst_past_runs_list(&runs, &n, folder->directory, err);
    for (size_t i = n; i-- > 0 && status == HST_OK;) {
        if (strcmp(runs[i].name, folder->name) == 0 || has_keep(folder->directory, runs[i].name)) {
            continue;
        }
        if (n_kept < keep) {
            n_kept++;
        } else {
            status = retire(folder->directory, runs[i].name, err);
        }
    }
    free(runs);
    return status;
}

/*
 * Runs are ordered by the times of their manifests, not by their names, which are by clock: this
 * run's manifest gets a later time than all others have, also when the clock went back or was
 * ahead. Two seconds later, as some file systems count no finer.
 */
static hst_status set_order(const hst_run_folder *folder, hst_error *err)
{
    hst_past_run *runs = NULL;
    size_t n = 0;
    struct stat facts;
    char *manifest = hst_tree_join(folder->part, "manifest.json");
    hst_status status = manifest ? hst_past_runs_list(&runs, &n, folder->directory, err)
                                 : no_memory(err, folder->directory);

    if (status == HST_OK && n > 0 && stat(manifest, &facts) == 0 &&
        !hst_is_later(facts.st_mtim, runs[n - 1].made)) {
        const struct timespec times[2] = {facts.st_atim, {.tv_sec = runs[n - 1].made.tv_sec + 2}};

        if (utimensat(AT_FDCWD, manifest, times, 0) != 0) {
            status = hst_fail_system(err, manifest, "its time cannot be set");
        }
    }
    free(runs);
    free(manifest);
    return status;
}

/* Takes the run's name and leads `latest` to it, both or neither. */
static hst_status take_name(hst_run_folder *folder, hst_error *err)
{
    hst_status status = HST_OK;

    if (rename(folder->part, folder->path) != 0) {
        return hst_fail_system(err, folder->path, "cannot take its name");
    }
    status = hst_tree_sync_folder(folder->directory, err);
    if (status == HST_OK) {
        status = swap_latest(folder->directory, err);
    }
    folder->committed = status == HST_OK;
    if (status != HST_OK && rename(folder->path, folder->part) != 0) {
        /* it keeps its name, and the next run leads `latest` to it, as after a kill */
        return status;
    }
    return status;
}

hst_status hst_run_folder_commit(hst_run_folder *folder, const hst_run_folder_options *options,
                                 hst_error *err)
{
    hst_status status = HST_OK;

    if (chmod(folder->part, folder->mode) != 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be opened to its readers: %s",
                        folder->part, strerror(errno));
    }
    if ((status = set_order(folder, err)) != HST_OK ||
        (status = hst_tree_sync(folder->part, err)) != HST_OK ||
        (status = carry_keep(folder->directory, err)) != HST_OK ||
        (status = prepare_latest(folder, options->latest_copy, err)) != HST_OK ||
        (status = take_name(folder, err)) != HST_OK ||
        (status = hst_tree_sync_folder(folder->directory, err)) != HST_OK ||
        (status = remove_left_parts(folder->directory, err)) != HST_OK || options->keep <= 0) {
        return status;
    }
    return remove_old_runs(folder, options->keep, err);
}

bool hst_run_folder_is_published(const hst_run_folder *folder)
{
    return folder->committed;
}

void hst_run_folder_free(hst_run_folder *folder)
{
    if (!folder) {
        return;
    }
    if (folder->part && !folder->committed) {
        /* what cannot be removed now is removed by the next run */
        hst_status ignored = settle(folder->directory, NULL);

        (void)ignored;
    }
    free(folder->directory);
    free(folder->part);
    free(folder->path);
    free(folder);
}
