/* What lies in the folder of a store: telling it from what is somebody else's, listing it, removing
 * it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "hestia/ingest.h"
#include "ingest/store_internal.h"

/* Opens the stream of a folder's entries without touching the descriptor given. */
static DIR *open_entries(int directory, const char *name)
{
    int file = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = file < 0 ? NULL : fdopendir(file);

    if (!entries && file >= 0) {
        close(file);
    }
    return entries;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool hst_store_is_vacant(int directory)
{
    static const char *const left_by_init[] = {HST_STORE_KEY, HST_STORE_KEY ".part", HST_STORE_LOCK,
                                               HST_STORE_SETTINGS ".part", HST_STORE_SEGMENTS};
    bool vacant = true;

    for (int level = 0; level < 2 && vacant; level++) {
        DIR *entries = open_entries(directory, level == 0 ? "." : HST_STORE_SEGMENTS);
        struct dirent *entry = NULL;

        if (!entries) {
            return level == 1 && errno == ENOENT;
        }
        while (vacant && (entry = readdir(entries))) {
            vacant = is_dots(entry->d_name);
            for (size_t i = 0; level == 0 && i < sizeof left_by_init / sizeof *left_by_init; i++) {
                vacant = vacant || strcmp(entry->d_name, left_by_init[i]) == 0;
            }
        }
        closedir(entries);
    }
    return vacant;
}

hst_status hst_store_refuse_reader(int directory, const char *path, hst_error *err)
{
    enum { PASSWD_BYTES = 16384 };
    struct stat facts;
    struct passwd entry, *found = NULL;
    char buffer[PASSWD_BYTES], number[32];

    if (faccessat(directory, ".", W_OK, AT_EACCESS) == 0) {
        return HST_OK;
    }
    if (errno != EACCES || fstat(directory, &facts) != 0) {
        return hst_fail_errno(err, "cannot write to this store", path, "");
    }
    getpwuid_r(facts.st_uid, &entry, buffer, sizeof buffer, &found);
    snprintf(number, sizeof number, "user %lu", (unsigned long)facts.st_uid);
    return hst_fail(err, HST_ERR_SYSTEM,
                    "%s: a store that you may read; only its owner (%s) may write to it", path,
                    found ? found->pw_name : number);
}

hst_status hst_store_each_entry(int directory, const char *path, const char *prefix,
                                hst_status (*visit)(void *context, const char *name,
                                                    hst_error *err),
                                void *context, hst_error *err)
{
    hst_status status = HST_OK;
    DIR *entries = open_entries(directory, ".");
    struct dirent *entry = NULL;

    if (!entries) {
        return hst_fail_errno(err, "cannot list", path, "");
    }
    while (status == HST_OK && (errno = 0, (entry = readdir(entries)))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            status = visit(context, entry->d_name, err);
        }
    }
    if (status == HST_OK && errno != 0) {
        status = hst_fail_errno(err, "cannot list", path, "");
    }
    closedir(entries);
    return status;
}

static bool is_part(const char *name)
{
    size_t length = strlen(name);

    return length > 5 && strcmp(name + length - 5, ".part") == 0;
}

hst_status hst_store_remove_parts(int directory, const char *path, hst_error *err)
{
    hst_status status = HST_OK;
    DIR *entries = open_entries(directory, ".");
    struct dirent *entry = NULL;

    if (!entries) {
        return hst_fail_errno(err, "cannot list", path, "");
    }
    while (status == HST_OK && (entry = readdir(entries))) {
        if (is_part(entry->d_name) && unlinkat(directory, entry->d_name, 0) != 0) {
            status = hst_fail_errno(err, "cannot remove", path, entry->d_name);
        }
    }
    closedir(entries);
    return status;
}

static bool is_segment_name(const char *name, hst_segment_id *id)
{
    char again[HST_SEGMENT_NAME_BYTES];

    if (strlen(name) != HST_SEGMENT_NAME_BYTES - 1 || !hst_digest_from_hex(name, id->digest) ||
        !hst_digest_from_hex(name + 33, id->layout_key)) {
        return false;
    }
    hst_segment_name(again, id->digest, id->layout_key);
    return strcmp(name, again) == 0;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(hst_segment_id));
}

hst_status hst_store_segments(const hst_store *store, hst_segment_id **ids, size_t *n,
                              hst_error *err)
{
    hst_status status = HST_OK;
    hst_segment_id *found = NULL, id;
    size_t n_found = 0, capacity = 0;
    struct dirent *entry = NULL;
    DIR *entries = open_entries(store->segments, ".");

    *ids = NULL;
    *n = 0;
    if (!entries) {
        return hst_fail_errno(err, "cannot list", store->path, HST_STORE_SEGMENTS);
    }
    while (errno = 0, (entry = readdir(entries))) {
        if (!is_segment_name(entry->d_name, &id)) {
            continue;
        }
        if (n_found == capacity) {
            hst_segment_id *grown = NULL;

            capacity = capacity ? 2 * capacity : 64;
            grown = realloc(found, capacity * sizeof *grown);
            if (!grown) {
                status = hst_fail(err, HST_ERR_MEMORY, "no memory for the list of segments");
                goto done;
            }
            found = grown;
        }
        found[n_found++] = id;
    }
    if (errno != 0) {
        status = hst_fail_errno(err, "cannot list", store->path, HST_STORE_SEGMENTS);
        goto done;
    }
    if (found) {
        qsort(found, n_found, sizeof *found, compare_ids);
    }
    *ids = found;
    *n = n_found;
    found = NULL; /* now the caller's */

done:
    free(found);
    closedir(entries);
    return status;
}

bool hst_store_has_file(const hst_store *store, const uint8_t digest[16],
                        const uint8_t layout_key[16])
{
    char name[HST_SEGMENT_NAME_BYTES];

    hst_segment_name(name, digest, layout_key);
    return faccessat(store->segments, name, F_OK, 0) == 0;
}

hst_status hst_store_remove(hst_store *store, const hst_segment_id *id, hst_error *err)
{
    char name[HST_SEGMENT_NAME_BYTES];

    if (!store->may_write) {
        return hst_fail(err, HST_ERR_ARGUMENT, "the store was not opened for writing");
    }
    hst_segment_name(name, id->digest, id->layout_key);
    if ((unlinkat(store->segments, name, 0) != 0 && errno != ENOENT) ||
        (store->slices >= 0 && unlinkat(store->slices, name, 0) != 0 && errno != ENOENT)) {
        return hst_fail_errno(err, "cannot remove segment", store->path, name);
    }
    return HST_OK;
}

/* ---- removing all of it ---- */

static hst_status remove_file(int directory, const char *path, const char *name, hst_error *err)
{
    return unlinkat(directory, name, 0) == 0 || errno == ENOENT
               ? HST_OK
               : hst_fail_errno(err, "cannot remove", path, name);
}

/* First of all, as without it nobody is linked to what else is left. The bytes are overwritten,
 * which many disks and file systems do elsewhere: that cannot be relied on. */
static hst_status remove_key(int directory, const char *path, hst_error *err)
{
    uint8_t noise[HST_STORE_KEY_BYTES];
    int file = openat(directory, HST_STORE_KEY, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (file >= 0) {
        randombytes_buf(noise, sizeof noise);
        (void)(hst_write_all(file, noise, sizeof noise, 0) && fsync(file));
        close(file);
    }
    return remove_file(directory, path, HST_STORE_KEY, err);
}

/* Removes a folder of segments. */
static hst_status remove_segments(int directory, const char *path, const char *folder,
                                  hst_store_purged *purged, hst_error *err)
{
    hst_status status = HST_OK;
    hst_segment_id id;
    struct stat facts;
    struct dirent *entry = NULL;
    DIR *entries = open_entries(directory, folder);

    if (!entries) {
        return errno == ENOENT ? HST_OK : hst_fail_errno(err, "cannot list", path, folder);
    }
    while (status == HST_OK && (errno = 0, (entry = readdir(entries)))) {
        if (!is_segment_name(entry->d_name, &id) && !is_part(entry->d_name)) {
            continue;
        }
        if (hst_interrupt_requested()) {
            status = hst_fail(err, HST_ERR_INTERRUPTED,
                              "interrupted; what is left of %s is removed by another purge", path);
        } else if (fstatat(dirfd(entries), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
            status = hst_fail_errno(err, "cannot look at", path, entry->d_name);
        } else {
            status = remove_file(dirfd(entries), path, entry->d_name, err);
            purged->n_segments += status == HST_OK && !is_part(entry->d_name);
            purged->bytes += status == HST_OK ? (uint64_t)facts.st_size : 0;
        }
    }
    if (status == HST_OK && errno != 0) {
        status = hst_fail_errno(err, "cannot list", path, folder);
    }
    closedir(entries);
    if (status == HST_OK && unlinkat(directory, folder, AT_REMOVEDIR) != 0 && errno != ENOTEMPTY &&
        errno != EEXIST) {
        status = hst_fail_errno(err, "cannot remove", path, folder);
    }
    return status;
}

/* What is removed of a store by the beginning of its names. */
typedef struct removal {
    int directory;
    const char *path;
    hst_store_purged *purged;
} removal;

static hst_status remove_slices(void *context, const char *name, hst_error *err)
{
    const removal *r = context;
    hst_store_purged slices = {0}; /* they are copies: no segments of their own */
    hst_status status = remove_segments(r->directory, r->path, name, &slices, err);

    r->purged->bytes += slices.bytes;
    return status;
}

static hst_status remove_catalogue(void *context, const char *name, hst_error *err)
{
    const removal *r = context;

    return remove_file(r->directory, r->path, name, err);
}

hst_status hst_store_remove_slices(hst_store *store, hst_error *err)
{
    hst_store_purged purged = {0};
    removal r = {store->directory, store->path, &purged};

    if (!store->may_write) {
        return hst_fail(err, HST_ERR_ARGUMENT, "the store was not opened for writing");
    }
    return hst_store_each_entry(store->directory, store->path, HST_STORE_SLICES, remove_slices, &r,
                                err);
}

/* The settings, which make the folder a store, go last: what is left of a purge can be purged. */
static hst_status remove_all(int directory, const char *path, hst_store_purged *purged,
                             hst_error *err)
{
    static const char *const in_order[] = {HST_STORE_CATALOGUE, HST_STORE_CATALOGUE_ASIDE,
                                           HST_STORE_LOCK, HST_STORE_SETTINGS};
    removal r = {directory, path, purged};
    hst_status status = remove_key(directory, path, err);

    if (status == HST_OK) {
        status = remove_segments(directory, path, HST_STORE_SEGMENTS, purged, err);
    }
    if (status == HST_OK) {
        status = hst_store_each_entry(directory, path, HST_STORE_SLICES, remove_slices, &r, err);
    }
    if (status == HST_OK) {
        status =
            hst_store_each_entry(directory, path, HST_STORE_CATALOGUES, remove_catalogue, &r, err);
    }
    if (status == HST_OK) {
        status = hst_store_remove_parts(directory, path, err);
    }
    for (size_t i = 0; status == HST_OK && i < sizeof in_order / sizeof *in_order; i++) {
        status = remove_file(directory, path, in_order[i], err);
    }
    return status;
}

hst_status hst_store_purge(const char *path, hst_store_purged *purged, hst_error *err)
{
    hst_lock writer = {.file = -1}, readers = {.file = -1};
    hst_status status = HST_OK;
    json_t *settings = NULL;
    struct stat facts;
    mode_t mode = 0600;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *purged = (hst_store_purged){0};
    if (directory < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? hst_fail(err, HST_ERR_USAGE, "there is no store at %s", path)
                   : hst_fail_errno(err, "cannot open the store", path, "");
    }
    if (faccessat(directory, HST_STORE_SETTINGS, F_OK, 0) != 0) {
        status =
            hst_fail(err, HST_ERR_USAGE, "%s is not a store: it has no %s; nothing was removed",
                     path, HST_STORE_SETTINGS);
        goto done;
    }
    /* what a newer hestia keeps in a store, we do not know; damaged settings are no hindrance */
    status = hst_store_read_settings(&settings, directory, path, err);
    if (status == HST_OK) {
        const char *group = json_string_value(json_object_get(settings, "group"));

        snprintf(purged->group, sizeof purged->group, "%s", group ? group : "");
        purged->n_partitions = (size_t)json_integer_value(json_object_get(settings, "partitions"));
    }
    json_decref(settings);
    if (status == HST_ERR_USAGE) {
        goto done;
    }
    status = hst_store_refuse_reader(directory, path, err);
    /* a purge that is refused leaves the readers of a group their lock */
    if (status == HST_OK && fstat(directory, &facts) == 0) {
        mode |= facts.st_mode & 0040;
    }
    if (status == HST_OK) {
        status = hst_lock_take(&writer, directory, path, HST_STORE_LOCK, HST_STORE_WRITER_BYTE,
                               mode, HST_STORE_IS_WRITTEN, err);
    }
    if (status == HST_OK) {
        status = hst_lock_take(&readers, directory, path, HST_STORE_LOCK, HST_STORE_READERS_BYTE,
                               mode, "another run reads this store", err);
    }
    if (status == HST_OK) {
        status = remove_all(directory, path, purged, err);
    }
    /* there may be files in it that are not the store's, or it is a mount, or "." */
    purged->folder_stays = status == HST_OK && rmdir(path) != 0;

done:
    hst_lock_release(&readers);
    hst_lock_release(&writer);
    close(directory);
    return status;
}
