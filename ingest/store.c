/* The folder of a store: making it, opening it, its key and its locks. */
#include "hestia/store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "hestia/row_memory.h"
#include "ingest/json_text.h"
#include "ingest/store_internal.h"

enum { STORE_VERSION = 1, MAX_PARTITIONS = 4096 };

static_assert(HST_STORE_KEY_BYTES ==
                  crypto_shorthash_siphashx24_KEYBYTES + crypto_shorthash_siphash24_KEYBYTES,
              "one half of the key for people, one for all else");
static_assert(crypto_shorthash_siphashx24_BYTES == 16, "a person is two words");

static bool is_partition_count(long long n)
{
    return n >= 1 && n <= MAX_PARTITIONS && (n & (n - 1)) == 0;
}

/* Makes the folder and what is in it but the settings; for a group too. */
static hst_status furnish(int directory, const char *path, mode_t folder_mode, mode_t file_mode,
                          bool is_shared, gid_t group, const uint8_t *given_key, hst_error *err)
{
    uint8_t key[HST_STORE_KEY_BYTES];
    hst_status status = HST_OK;
    int segments = -1;

    /* the group first: a change of group may clear the set-group bit */
    if ((is_shared && fchown(directory, (uid_t)-1, group) != 0) ||
        fchmod(directory, folder_mode) != 0 ||
        ((mkdirat(directory, HST_STORE_SEGMENTS, 0700) != 0 ||
          fchmodat(directory, HST_STORE_SEGMENTS, 0700, 0) != 0) &&
         errno != EEXIST)) {
        return hst_fail_errno(err, "cannot set up the store", path, "");
    }
    segments = openat(directory, HST_STORE_SEGMENTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (segments < 0 || (is_shared && fchown(segments, (uid_t)-1, group) != 0) ||
        fchmod(segments, folder_mode) != 0) {
        status = hst_fail_errno(err, "cannot set up", path, HST_STORE_SEGMENTS);
        goto done;
    }
    if (given_key) {
        memcpy(key, given_key, sizeof key);
    } else {
        randombytes_buf(key, sizeof key);
    }
    status = hst_store_write_file(directory, path, HST_STORE_KEY, file_mode, key, sizeof key, err);
    sodium_memzero(key, sizeof key);

done:
    if (segments >= 0) {
        close(segments);
    }
    return status;
}

/* A number stands for a group without a name, as chgrp takes it. */
static bool parse_number(const char *text, gid_t *group)
{
    char *end = NULL;
    unsigned long number = 0;

    errno = 0;
    number = strtoul(text, &end, 10);
    *group = (gid_t)number;
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && number < UINT32_MAX;
}

/* A group's members come with it, and there may be thousands of them: the buffer grows. */
static hst_status find_group(const char *name, gid_t *group, hst_error *err)
{
    enum { LARGEST = 1 << 24 };
    hst_status status = HST_OK;
    struct group entry, *found = NULL;
    char *buffer = NULL;
    int result = ERANGE;

    for (size_t size = 4096; result == ERANGE && size <= LARGEST; size *= 2) {
        char *larger = realloc(buffer, size);

        if (!larger) {
            status = hst_fail(err, HST_ERR_MEMORY, "no memory for the members of group %s", name);
            goto done;
        }
        buffer = larger;
        result = getgrnam_r(name, &entry, buffer, size, &found);
    }
    if (result == 0 && found) {
        *group = found->gr_gid;
    } else if (!parse_number(name, group)) {
        status = hst_fail(err, HST_ERR_USAGE, "there is no group %s on this machine", name);
    }

done:
    free(buffer);
    return status;
}

static hst_status write_settings(int directory, const char *path, mode_t mode, size_t n_partitions,
                                 const char *group, hst_error *err)
{
    hst_status status = HST_OK;
    json_t *settings = json_pack("{s:i, s:I, s:s?}", "version", STORE_VERSION, "partitions",
                                 (json_int_t)n_partitions, "group", group);
    size_t length = 0;
    char *text = hst_json_compose(settings, JSON_INDENT(2), &length);

    if (!text) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the settings of the store");
    } else {
        status = hst_store_write_file(directory, path, HST_STORE_SETTINGS, mode, text, length, err);
    }
    free(text);
    json_decref(settings);
    return status;
}

hst_status hst_store_init(const char *path, const hst_store_options *options, hst_error *err)
{
    size_t n_partitions =
        options && options->n_partitions ? options->n_partitions : HST_DEFAULT_PARTITIONS;
    const char *group_name = options ? options->group : NULL;
    mode_t folder_mode = group_name ? 02750 : 0700;
    mode_t file_mode = group_name ? 0640 : 0600;
    hst_status status = HST_OK;
    gid_t group = 0;
    hst_lock lock = {.file = -1};
    int directory = -1;

    if (sodium_init() < 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "no source of random numbers on this machine");
    }
    if (n_partitions > MAX_PARTITIONS || !is_partition_count((long long)n_partitions)) {
        return hst_fail(err, HST_ERR_USAGE, "partitions must be a power of two from 1 to %d",
                        MAX_PARTITIONS);
    }
    if (group_name) {
        status = find_group(group_name, &group, err);
        if (status != HST_OK) {
            return status;
        }
    }
    /* the mode once more: a umask may take even its owner's bits away */
    if ((mkdir(path, 0700) != 0 || chmod(path, 0700) != 0) && errno != EEXIST) {
        return hst_fail_errno(err, "cannot make a store", path, "");
    }
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return hst_fail_errno(err, "cannot make a store", path, "");
    }
    if (!hst_store_is_vacant(directory)) {
        status = hst_fail(err, HST_ERR_USAGE,
                          "%s holds something already; a store needs a folder "
                          "of its own",
                          path);
        goto done;
    }
    status = hst_lock_take(&lock, directory, path, HST_STORE_LOCK, HST_STORE_WRITER_BYTE, file_mode,
                           "another run makes this store", err);
    if (status != HST_OK) {
        goto done;
    }
    /* another run may have made it before the lock was ours */
    if (!hst_store_is_vacant(directory)) {
        status = hst_fail(err, HST_ERR_USAGE, "%s has just become a store", path);
        goto done;
    }
    status = furnish(directory, path, folder_mode, file_mode, group_name != NULL, group,
                     options ? options->key : NULL, err);
    if (status == HST_OK && group_name && fchown(lock.file, (uid_t)-1, group) != 0) {
        status = hst_fail_errno(err, "cannot give to the group", path, HST_STORE_LOCK);
    }
    if (status == HST_OK) {
        status = write_settings(directory, path, file_mode, n_partitions, group_name, err);
    }

done:
    hst_lock_release(&lock);
    close(directory);
    return status;
}

/* Opens the folder, making the store when asked to. */
static bool has_settings(const hst_store *store)
{
    struct stat facts;

    return store->directory >= 0 && fstatat(store->directory, HST_STORE_SETTINGS, &facts, 0) == 0;
}

static hst_status open_folder(hst_store *store, bool create, hst_error *err)
{
    store->directory = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->directory < 0 && errno != ENOENT) {
        return errno == ENOTDIR
                   ? hst_fail(err, HST_ERR_USAGE, "%s is not a store but a file", store->path)
                   : hst_fail_errno(err, "cannot open the store", store->path, "");
    }
    if (has_settings(store)) {
        return HST_OK;
    }
    if (!create || (store->directory >= 0 && !hst_store_is_vacant(store->directory))) {
        if (has_settings(store)) { /* another first run has made it since */
            return HST_OK;
        }
        return store->directory < 0
                   ? hst_fail(err, HST_ERR_USAGE,
                              "there is no store at %s; make one with `hestia store init %s`",
                              store->path, store->path)
                   : hst_fail(err, HST_ERR_USAGE,
                              "%s is not a store: it has no %s; restore that from a backup, or "
                              "name another folder",
                              store->path, HST_STORE_SETTINGS);
    }
    if (store->directory >= 0) {
        close(store->directory);
        store->directory = -1;
    }
    hst_status status = hst_store_init(store->path, NULL, err);
    store->directory = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->directory < 0) {
        return status != HST_OK ? status
                                : hst_fail_errno(err, "cannot open the store", store->path, "");
    }
    /* of several first runs at once, one makes it for all */
    return has_settings(store) ? HST_OK : status;
}

hst_status hst_store_read_settings(json_t **settings, int directory, const char *path,
                                   hst_error *err)
{
    json_int_t version = 0;
    char *text = NULL;
    size_t n = 0;
    hst_status status = hst_store_read_file(directory, path, HST_STORE_SETTINGS, &text, &n, err);

    *settings = NULL;
    if (status != HST_OK) {
        return status;
    }
    *settings = json_loadb(text, n, 0, NULL);
    free(text);
    version = json_integer_value(json_object_get(*settings, "version"));
    if (version > STORE_VERSION) {
        status = hst_fail(err, HST_ERR_USAGE,
                          "%s is a store of version %lld, made by a newer hestia; this one knows "
                          "version %d: use that one, or another --store",
                          path, (long long)version, STORE_VERSION);
    } else if (version != STORE_VERSION ||
               !is_partition_count(json_integer_value(json_object_get(*settings, "partitions")))) {
        status = hst_store_damaged(path, HST_STORE_SETTINGS, "is damaged", err);
    }
    if (status != HST_OK) {
        json_decref(*settings);
        *settings = NULL;
    }
    return status;
}

static hst_status apply_settings(hst_store *store, hst_error *err)
{
    json_t *settings = NULL;
    hst_status status = hst_store_read_settings(&settings, store->directory, store->path, err);

    if (status != HST_OK) {
        return status;
    }
    store->n_partitions = (size_t)json_integer_value(json_object_get(settings, "partitions"));
    while (((size_t)1 << store->partition_bits) < store->n_partitions) {
        store->partition_bits++;
    }
    store->file_mode = json_is_string(json_object_get(settings, "group")) ? 0640 : 0600;
    json_decref(settings);
    return HST_OK;
}

static hst_status read_key(hst_store *store, hst_error *err)
{
    static const uint8_t constant[] = "hestia segment";
    char *bytes = NULL;
    size_t n = 0;
    hst_status status =
        hst_store_read_file(store->directory, store->path, HST_STORE_KEY, &bytes, &n, err);

    if (status != HST_OK) {
        return status;
    }
    if (n != sizeof store->key) {
        status = hst_store_damaged(store->path, HST_STORE_KEY, "is damaged", err);
    } else {
        memcpy(store->key, bytes, sizeof store->key);
        store->key_check = hst_store_hash_text(store, constant, sizeof constant);
    }
    sodium_memzero(bytes, n);
    free(bytes);
    return status;
}

/* Who writes is alone with that, beside any readers; a purge is alone. */
static hst_status take_lock(hst_store *store, hst_store_access access, hst_error *err)
{
    hst_status status = HST_OK;

    if (access == HST_STORE_READ) {
        return hst_lock_share(&store->readers, store->directory, store->path, HST_STORE_LOCK,
                              HST_STORE_READERS_BYTE, "this store is being removed", err);
    }
    status = hst_store_refuse_reader(store->directory, store->path, err);
    return status == HST_OK && access == HST_STORE_WRITE
               ? hst_lock_take(&store->writer, store->directory, store->path, HST_STORE_LOCK,
                               HST_STORE_WRITER_BYTE, store->file_mode, HST_STORE_IS_WRITTEN, err)
               : status;
}

hst_status hst_store_open(hst_store **out, const char *path, bool create, hst_store_access access,
                          hst_error *err)
{
    hst_status status = HST_OK;
    hst_store *store = NULL;

    *out = NULL;
    if (sodium_init() < 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "no source of random numbers on this machine");
    }
    store = hst_row_memory_take_zeroed(sizeof *store); /* it holds the key */
    if (!store) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a store");
    }
    store->directory = store->segments = store->slices = -1;
    store->writer.file = store->readers.file = -1;
    pthread_mutex_init(&store->mutex, NULL);
    clock_gettime(CLOCK_REALTIME, &store->opened);
    clock_gettime(CLOCK_MONOTONIC, &store->opened_steady);
    store->path = strdup(path);
    if (!store->path) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a store");
        goto done;
    }
    status = open_folder(store, create, err);
    if (status == HST_OK) {
        status = apply_settings(store, err);
    }
    if (status == HST_OK) {
        status = take_lock(store, access, err);
    }
    if (status == HST_OK) {
        status = read_key(store, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    store->segments =
        openat(store->directory, HST_STORE_SEGMENTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->segments < 0) {
        status = errno == ENOENT ? hst_store_damaged(path, HST_STORE_SEGMENTS, "is missing", err)
                                 : hst_fail_errno(err, "cannot open", path, HST_STORE_SEGMENTS);
        goto done;
    }
    store->may_write = access != HST_STORE_READ;
    if (access == HST_STORE_WRITE) {
        status = hst_store_remove_parts(store->directory, path, err);
        if (status == HST_OK) {
            status = hst_store_remove_parts(store->segments, path, err);
        }
    }
    if (status == HST_OK) {
        status = hst_catalogue_load(store, err);
    }
    if (status == HST_OK && access == HST_STORE_WRITE) {
        status = hst_store_take_over(store, err);
    }
    if (status == HST_OK) {
        *out = store;
        store = NULL; /* now the caller's */
    }

done:
    hst_store_close(store);
    return status;
}

void hst_store_close(hst_store *store)
{
    if (!store) {
        return;
    }
    hst_lock_release(&store->readers);
    hst_lock_release(&store->writer);
    if (store->slices >= 0) {
        close(store->slices);
    }
    if (store->segments >= 0) {
        close(store->segments);
    }
    if (store->directory >= 0) {
        close(store->directory);
    }
    json_decref(store->catalogue);
    json_decref(store->own);
    pthread_mutex_destroy(&store->mutex);
    free(store->path);
    hst_row_memory_free(store, sizeof *store);
}

size_t hst_store_n_partitions(const hst_store *store)
{
    return store->n_partitions;
}

const char *hst_store_path(const hst_store *store)
{
    return store->path;
}

bool hst_store_has_lost_catalogue(const hst_store *store)
{
    return store->has_lost_catalogue;
}

void hst_store_hash(const hst_store *store, const void *bytes, size_t length, uint64_t out[2])
{
    crypto_shorthash_siphashx24((uint8_t *)out, bytes, length, store->key);
}

uint64_t hst_store_hash_text(const hst_store *store, const void *bytes, size_t length)
{
    uint64_t hash = 0;

    crypto_shorthash_siphash24((uint8_t *)&hash, bytes, length,
                               store->key + crypto_shorthash_siphashx24_KEYBYTES);
    return hash;
}
