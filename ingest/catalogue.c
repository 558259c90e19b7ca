/* The catalogue: which inputs were read, how their files looked then, and the digest of their
 * content. A file that looks the same is not read again to find its digest. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hestia/file_look.h"
#include "hestia/store.h"
#include "ingest/json_text.h"
#include "ingest/store_internal.h"

enum {
    DIGEST_BYTES = 16,
    /* the times of files are kept by a coarser clock than the time of day */
    CLOCK_GRAIN_NS = 20 * 1000 * 1000
};

/* JSON wants UTF-8 and a path may be any bytes: those outside printable ASCII are written as in a
 * URL. */
static char *escape(const char *path, const char *member)
{
    size_t n = 3 * (strlen(path) + strlen(member)) + 2;
    char *text = malloc(n);
    size_t at = 0;

    if (!text) {
        return NULL;
    }
    for (int part = 0; part < 2; part++) {
        const char *bytes = part == 0 ? path : member;

        for (; *bytes; bytes++) {
            unsigned char c = (unsigned char)*bytes;

            if (c > ' ' && c < 0x7F && c != '%' && c != '#') {
                text[at++] = (char)c;
            } else {
                at += (size_t)snprintf(text + at, 4, "%%%02X", c);
            }
        }
        if (part == 0) {
            text[at++] = '#'; /* the member after it, as the fragment of a URL */
        }
    }
    text[at] = '\0';
    return text;
}

/* The bytes that an escaped text stands for, up to its end or the mark before a member; the
 * caller's. */
static char *unescape(const char *text)
{
    char *bytes = malloc(strlen(text) + 1);
    size_t n = 0;

    if (!bytes) {
        return NULL;
    }
    for (; *text && *text != '#'; text++) {
        unsigned byte = 0;

        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            bytes[n++] = (char)byte;
            text += strlen(text) > 2 ? 2 : strlen(text) - 1;
        } else {
            bytes[n++] = *text;
        }
    }
    bytes[n] = '\0';
    return bytes;
}

/* Key of an input in the catalogue; NULL with errno when the file is not there. */
static char *entry_key(const char *path, const char *member)
{
    char *absolute = realpath(path, NULL);
    char *key = absolute ? escape(absolute, member ? member : "") : NULL;

    free(absolute);
    return key;
}

static void digest_to_hex(const uint8_t digest[DIGEST_BYTES], char hex[2 * DIGEST_BYTES + 1])
{
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
}

bool hst_digest_from_hex(const char *hex, uint8_t digest[DIGEST_BYTES])
{
    if (!hex || strspn(hex, "0123456789abcdef") < (size_t)2 * DIGEST_BYTES) {
        return false;
    }
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        digest[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

static json_int_t nanoseconds(struct timespec time)
{
    return (json_int_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool looks_the_same(const json_t *entry, const struct stat *facts)
{
    const struct {
        const char *name;
        json_int_t value;
    } looks[] = {{"size", (json_int_t)facts->st_size},
                 {"mtime", nanoseconds(facts->st_mtim)},
                 {"ctime", nanoseconds(facts->st_ctim)},
                 {"inode", (json_int_t)facts->st_ino},
                 {"device", (json_int_t)facts->st_dev}};

    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        const json_t *value = json_object_get(entry, looks[i].name);

        if (!json_is_integer(value) || json_integer_value(value) != looks[i].value) {
            return false;
        }
    }
    return true;
}

/* Without a catalogue the inputs are looked at anew, and the segments that they have are found
 * again by their content: so a damaged one is set aside, where we may write, and no night fails by
 * it. */
hst_status hst_catalogue_load(hst_store *store, hst_error *err)
{
    hst_status status = HST_OK;
    hst_segment_id *ids = NULL;
    struct stat facts;
    char *text = NULL;
    size_t n = 0, n_segments = 0;
    bool is_there = fstatat(store->directory, HST_STORE_CATALOGUE, &facts, 0) == 0;

    if (is_there) {
        status =
            hst_store_read_file(store->directory, store->path, HST_STORE_CATALOGUE, &text, &n, err);
        if (status != HST_OK && status != HST_ERR_INPUT) {
            return status;
        }
        store->catalogue = text ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
        free(text);
        if (json_is_object(store->catalogue)) {
            return HST_OK;
        }
        json_decref(store->catalogue);
    }
    store->catalogue = json_object();
    if (!store->catalogue) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a catalogue");
    }
    if (is_there && store->writer.file >= 0 &&
        renameat(store->directory, HST_STORE_CATALOGUE, store->directory,
                 HST_STORE_CATALOGUE_ASIDE) != 0) {
        return hst_fail_errno(err, "cannot set aside", store->path, HST_STORE_CATALOGUE);
    }
    status = hst_store_segments(store, &ids, &n_segments, err);
    store->has_lost_catalogue = is_there || n_segments > 0;
    free(ids);
    return status;
}

/* Saves the catalogue, or what a member of a team has noted; the mutex is held. */
static hst_status save(hst_store *store, hst_error *err)
{
    hst_status status = HST_OK;
    size_t length = 0;
    char *text = hst_json_compose(store->own ? store->own : store->catalogue,
                                  JSON_INDENT(1) | JSON_SORT_KEYS, &length);
    char name[sizeof HST_STORE_CATALOGUES + 32] = HST_STORE_CATALOGUE;

    if (!text) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the catalogue of %s", store->path);
    }
    if (store->own) {
        snprintf(name, sizeof name, HST_STORE_CATALOGUES "%zu.json", store->member);
    }
    status = hst_store_write_file(store->directory, store->path, name, store->file_mode, text,
                                  length, err);
    free(text);
    return status;
}

hst_status hst_catalogue_begin_own(hst_store *store, hst_error *err)
{
    store->own = json_object();
    return store->own
               ? HST_OK
               : hst_fail(err, HST_ERR_MEMORY, "no memory for the catalogue of %s", store->path);
}

/* A member's list is gone once it is taken over; one that cannot be read is of no use: its inputs
 * are looked at anew. */
static hst_status take_over(void *context, const char *name, hst_error *err)
{
    hst_store *store = context;
    json_t *noted = NULL;
    char *text = NULL;
    size_t n = 0;
    hst_status status = hst_store_read_file(store->directory, store->path, name, &text, &n, err);

    if (status != HST_OK && status != HST_ERR_INPUT) {
        return status;
    }
    noted = text ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(text);
    status = HST_OK;
    if (json_is_object(noted)) {
        status =
            json_object_update(store->catalogue, noted) == 0
                ? save(store, err)
                : hst_fail(err, HST_ERR_MEMORY, "no memory for the catalogue of %s", store->path);
    }
    json_decref(noted);
    if (status == HST_OK && unlinkat(store->directory, name, 0) != 0 && errno != ENOENT) {
        status = hst_fail_errno(err, "cannot remove", store->path, name);
    }
    return status;
}

hst_status hst_store_take_over(hst_store *store, hst_error *err)
{
    hst_status status = HST_OK;

    pthread_mutex_lock(&store->mutex);
    status = hst_store_each_entry(store->directory, store->path, HST_STORE_CATALOGUES, take_over,
                                  store, err);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

bool hst_store_known(hst_store *store, const char *path, const char *member, uint8_t digest[16])
{
    struct stat facts;
    bool known = false;
    char *key = entry_key(path, member);

    if (!key) {
        return false;
    }
    pthread_mutex_lock(&store->mutex);
    const json_t *entry = json_object_get(store->catalogue, key);

    known = stat(path, &facts) == 0 && looks_the_same(entry, &facts) &&
            json_is_true(json_object_get(entry, "settled")) &&
            hst_digest_from_hex(json_string_value(json_object_get(entry, "digest")), digest);
    pthread_mutex_unlock(&store->mutex);
    free(key);
    return known;
}

bool hst_store_may_know(hst_store *store, const char *path, uint64_t bytes)
{
    char *of_path = entry_key(path, ""); /* ends with the mark before the member */
    bool may_know = store->has_lost_catalogue;
    const char *key = NULL;
    json_t *entry = NULL;

    pthread_mutex_lock(&store->mutex);
    json_object_foreach(store->catalogue, key, entry)
    {
        const json_t *size = json_object_get(entry, "size");

        if ((of_path && strncmp(key, of_path, strlen(of_path)) == 0) ||
            (json_is_integer(size) && (uint64_t)json_integer_value(size) == bytes)) {
            may_know = true;
            break;
        }
    }
    pthread_mutex_unlock(&store->mutex);
    free(of_path);
    return may_know;
}

/* When the store was opened, by the clock of today: the earlier of what it said then and of now
 * less what has gone by, as it may have been set back meanwhile. */
static json_int_t when_opened(const hst_store *store)
{
    struct timespec now = {0}, steady = {0};
    json_int_t then = nanoseconds(store->opened), by_now = 0;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_MONOTONIC, &steady);
    by_now = nanoseconds(now) - (nanoseconds(steady) - nanoseconds(store->opened_steady));
    return then < by_now ? then : by_now;
}

hst_status hst_store_note(hst_store *store, const char *path, const char *member,
                          const uint8_t digest[16], hst_error *err)
{
    hst_status status = HST_OK;
    char hex[2 * DIGEST_BYTES + 1];
    struct stat facts;
    char *key = NULL;
    json_t *entry = NULL;
    bool is_settled = false;

    if (!store->may_write) {
        return hst_fail(err, HST_ERR_ARGUMENT, "the store was not opened for writing");
    }
    key = entry_key(path, member);
    if (!key || stat(path, &facts) != 0) {
        status = errno == ENOENT || errno == ENOTDIR
                     ? hst_fail_changed(err, path)
                     : hst_fail_errno(err, "cannot look at the file", path, "");
        goto done;
    }
    /* A file that was changed since the store was opened may have been so while it was read, and
     * the digest be the former content's: noted, but not trusted until it is read again. */
    is_settled = nanoseconds(facts.st_ctim) + CLOCK_GRAIN_NS < when_opened(store);
    digest_to_hex(digest, hex);
    entry = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "digest", hex, "size",
                      (json_int_t)facts.st_size, "mtime", nanoseconds(facts.st_mtim), "ctime",
                      nanoseconds(facts.st_ctim), "inode", (json_int_t)facts.st_ino, "device",
                      (json_int_t)facts.st_dev, "settled", is_settled);
    if (!entry) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the catalogue of %s", store->path);
        goto done;
    }
    pthread_mutex_lock(&store->mutex);
    if (!json_equal(json_object_get(store->catalogue, key), entry)) {
        status =
            json_object_set(store->catalogue, key, entry) == 0 &&
                    (!store->own || json_object_set(store->own, key, entry) == 0)
                ? save(store, err)
                : hst_fail(err, HST_ERR_MEMORY, "no memory for the catalogue of %s", store->path);
    }
    pthread_mutex_unlock(&store->mutex);

done:
    json_decref(entry);
    free(key);
    return status;
}

/* True when the file of an entry may still be on disk with the content noted. One that was touched
 * but has its size may have: keeping a segment too many costs disk, losing one costs a run. */
static bool input_stands(const char *key, const json_t *entry)
{
    json_int_t size = json_integer_value(json_object_get(entry, "size"));
    char *path = unescape(key);
    struct stat facts;
    bool stands = true;

    if (path && stat(path, &facts) != 0) {
        stands = errno != ENOENT && errno != ENOTDIR;
    } else if (path) {
        stands = size == (json_int_t)facts.st_size;
    }
    free(path);
    return stands;
}

bool hst_store_has_input(hst_store *store, const uint8_t digest[16])
{
    char hex[2 * DIGEST_BYTES + 1];
    bool has = false;
    const char *key = NULL;
    json_t *entry = NULL;

    digest_to_hex(digest, hex);
    pthread_mutex_lock(&store->mutex);
    json_object_foreach(store->catalogue, key, entry)
    {
        const char *noted = json_string_value(json_object_get(entry, "digest"));

        if (noted && strcmp(noted, hex) == 0 && input_stands(key, entry)) {
            has = true;
            break;
        }
    }
    pthread_mutex_unlock(&store->mutex);
    return has;
}

hst_status hst_store_forget_absent(hst_store *store, hst_error *err)
{
    hst_status status = HST_OK;
    const char *key = NULL;
    json_t *entry = NULL;
    void *next = NULL;

    if (!store->may_write) {
        return hst_fail(err, HST_ERR_ARGUMENT, "the store was not opened for writing");
    }
    pthread_mutex_lock(&store->mutex);
    json_object_foreach_safe(store->catalogue, next, key, entry)
    {
        if (!input_stands(key, entry)) {
            json_object_del(store->catalogue, key);
        }
    }
    status = save(store, err);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

void hst_catalogue_file_name(const hst_store *store, const uint8_t digest[16], char *name,
                             size_t capacity)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)&store->mutex; /* locking changes no store */
    char hex[2 * DIGEST_BYTES + 1];
    const char *key = NULL;
    json_t *entry = NULL;

    *name = '\0';
    digest_to_hex(digest, hex);
    pthread_mutex_lock(mutex);
    json_object_foreach(store->catalogue, key, entry)
    {
        const char *noted = json_string_value(json_object_get(entry, "digest"));

        if (noted && strcmp(noted, hex) == 0) {
            const char *mark = strchr(key, '#');
            char *path = unescape(key), *member = unescape(mark ? mark + 1 : "");
            const char *slash = path ? strrchr(path, '/') : NULL;

            snprintf(name, capacity, "%s%s%s", slash ? slash + 1 : "", member && *member ? ":" : "",
                     member ? member : "");
            free(path);
            free(member);
            break;
        }
    }
    pthread_mutex_unlock(mutex);
}
