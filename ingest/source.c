/*
 * One stream of text out of a file. What a file is, is read from its first bytes; a name that says
 * something else is an error, because then somebody is mistaken about the file.
 */
#include "hestia/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/ingest.h"
#include "hestia/row_memory.h"
#include "ingest/source_internal.h"

struct hst_source {
    hst_input_file file;
    hst_packing packing;
    hst_gunzip *gunzip;
    hst_text_range *range;
    hst_unpack *unpack;
    bool is_member; /* of a container: the digest is that of the unpacked bytes */
    uint64_t n_packed_before, n_unpacked; /* bytes read before the stream, bytes it gave */
    hst_stream_hash *member_hash;
    hst_status late_status; /* a fault met after some bytes were given: told by the next call */
    hst_error late_error;
};

/* What the first bytes of a file say. */
static const struct kind {
    const char *name;
    const char *magic;
    size_t n_magic;
    const char *endings; /* of file names, each with a blank after it */
    hst_packing packing;
    bool is_container; /* has members with names */
} kinds[] = {
    {"gzip", "\x1f\x8b", 2, ".gz .gzip .bgz .tgz ", HST_PACKING_GZIP, false},
    {"zip", "PK\x03\x04", 4, ".zip ", HST_PACKING_ARCHIVE, true},
    {"zip", "PK\x05\x06", 4, ".zip ", HST_PACKING_ARCHIVE, true},
    {"zstd", "\x28\xb5\x2f\xfd", 4, ".zst .zstd .tzst ", HST_PACKING_ARCHIVE, false},
    {"zstd", "\x50\x2a\x4d\x18", 4, ".zst .zstd .tzst ", HST_PACKING_ARCHIVE, false}, /* pzstd */
    {"xz", "\xfd\x37zXZ\x00", 6, ".xz .txz ", HST_PACKING_ARCHIVE, false},
};

static const struct kind text_kind = {"plain text",      "",   0, ".csv .txt .psv .tsv .tab .dat ",
                                      HST_PACKING_PLAIN, false};
static const struct kind tar_kind = {"tar", "", 0, ".tar ", HST_PACKING_ARCHIVE, true};

/* Packings that are recognised to be refused. */
static const struct {
    const char *name, *magic;
    size_t n_magic;
} refused[] = {
    {"bzip2", "BZh", 3},
    {"7-Zip", "7z\xbc\xaf\x27\x1c", 6},
    {"RAR", "Rar!\x1a\x07", 6},
};

enum {
    TAR_MAGIC_AT = 257,
    TAR_HEADER_BYTES = 512,
    DIRECT_BYTES = 4096,           /* of plain text, from which on reading past the buffer pays */
    MAX_EXPANSION = 200,           /* extracts unpack to 3 to 30 times their size */
    FREE_BYTES = 64 * 1024 * 1024, /* that any stream may unpack to */
};

/* The file */

static hst_status open_failed(const char *path, hst_error *err)
{
    return errno == ENOENT || errno == ENOTDIR
               ? hst_fail(err, HST_ERR_USAGE, "%s cannot be opened: %s", path, strerror(errno))
               : hst_fail_system(err, path, "cannot be opened");
}

hst_status hst_input_file_open(hst_input_file *file, const char *path, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat about;

    *file = (hst_input_file){.fd = -1};
    file->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe is not waited for */
    if (file->fd < 0) {
        return open_failed(path, err);
    }
    if (fstat(file->fd, &about) != 0) {
        status = open_failed(path, err);
        goto done;
    }
    if (!S_ISREG(about.st_mode)) {
        status = hst_fail(err, HST_ERR_USAGE, "%s is not a file", path);
        goto done;
    }
    if (about.st_size == 0) {
        status = hst_fail(err, HST_ERR_INPUT, "%s is empty", path);
        goto done;
    }
    file->size = (uint64_t)about.st_size;
    file->look = hst_file_look_of(&about);
    file->path = strdup(path);
    file->memory = hst_row_memory_take(HST_INPUT_BACK + HST_INPUT_BYTES);
    file->hash = hst_stream_hash_create();
    if (!file->path || !file->memory || !file->hash) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory to read %s", path);
        goto done;
    }
    memset(file->memory, 0, HST_INPUT_BACK);
    file->next = file->memory + HST_INPUT_BACK;
    (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice only */

done:
    if (status != HST_OK) {
        hst_input_file_close(file);
    }
    return status;
}

void hst_input_file_close(hst_input_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    hst_stream_hash_free(file->hash);
    hst_row_memory_free(file->memory, HST_INPUT_BACK + HST_INPUT_BYTES);
    free(file->path);
    *file = (hst_input_file){.fd = -1};
}

hst_status hst_input_file_judge(const hst_input_file *file, hst_status status, hst_error *err)
{
    struct stat about;
    hst_file_look now;

    if ((status != HST_OK && status != HST_ERR_INPUT) || fstat(file->fd, &about) != 0) {
        return status;
    }
    now = hst_file_look_of(&about);
    return hst_file_look_same(&file->look, &now) ? status : hst_fail_changed(err, file->path);
}

/* Reads, counts and hashes. */
hst_status hst_input_file_read(hst_input_file *file, void *buffer, size_t capacity, size_t *n_read,
                               hst_error *err)
{
    ssize_t n = 0;

    *n_read = 0;
    if (hst_interrupt_requested()) {
        return hst_interrupt_check(err);
    }
    do {
        n = read(file->fd, buffer, capacity);
    } while (n < 0 && errno == EINTR);
    *n_read = n < 0 ? 0 : (size_t)n;
    if (n < 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s cannot be read at byte %" PRIu64 ": %s%s",
                        file->path, hst_input_file_offset(file), strerror(errno),
                        hst_remedy(errno));
    }
    if (file->hash) {
        hst_stream_hash_add(file->hash, buffer, *n_read);
    }
    file->at_end = n == 0;
    atomic_fetch_add_explicit(&file->position, *n_read, memory_order_relaxed);
    file->n_read += *n_read;
    return HST_OK;
}

hst_status hst_input_file_fill(hst_input_file *file, hst_error *err)
{
    if (file->n_left > 0 || file->at_end) {
        return HST_OK;
    }
    memmove(file->memory, file->next - HST_INPUT_BACK, HST_INPUT_BACK);
    file->next = file->memory + HST_INPUT_BACK;
    return hst_input_file_read(file, file->next, HST_INPUT_BYTES, &file->n_left, err);
}

/* Starts again at the first byte. */
static hst_status rewind_file(hst_input_file *file, hst_error *err)
{
    if (lseek(file->fd, 0, SEEK_SET) != 0) {
        return hst_fail_system(err, file->path, "cannot be read again");
    }
    file->n_left = 0;
    file->at_end = false;
    atomic_store_explicit(&file->position, 0, memory_order_relaxed);
    hst_stream_hash_reset(file->hash);
    return HST_OK;
}

/* What it is */

static bool has_ending(const char *path, const char *endings)
{
    const char *slash = strrchr(path, '/');
    const char *ending = strrchr(slash ? slash : path, '.');
    size_t length = ending ? strlen(ending) : 0;

    for (const char *e = endings; ending && *e != '\0'; e = strchr(e, ' ') + 1) {
        if (strncasecmp(e, ending, length) == 0 && e[length] == ' ') {
            return true;
        }
    }
    return false;
}

static bool is_tar(const unsigned char *bytes, size_t n)
{
    return n >= TAR_HEADER_BYTES && memcmp(bytes + TAR_MAGIC_AT, "ustar", 5) == 0;
}

/* The kind that the name promises, NULL when it promises none. */
static const struct kind *kind_of_name(const char *path)
{
    if (has_ending(path, text_kind.endings)) {
        return &text_kind;
    }
    if (has_ending(path, tar_kind.endings)) {
        return &tar_kind;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (has_ending(path, kinds[i].endings)) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* The kind of the bytes at hand. */
static const struct kind *kind_of_content(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (n >= kinds[i].n_magic && memcmp(bytes, kinds[i].magic, kinds[i].n_magic) == 0) {
            return &kinds[i];
        }
    }
    return is_tar(bytes, n) ? &tar_kind : &text_kind;
}

/* True when the stream inside gzip, xz or zstd is a tar. The file is read from its start again
 * afterwards. */
static hst_status holds_tar(bool *answer, hst_input_file *file, const struct kind *kind,
                            hst_error *err)
{
    unsigned char start[TAR_HEADER_BYTES];
    hst_gunzip *gunzip = NULL;
    size_t n = 0, n_more = 1;
    hst_status status = HST_OK;

    *answer = false;
    if (kind->packing != HST_PACKING_GZIP) {
        return HST_OK; /* libarchive looks itself */
    }
    status = hst_gunzip_create(&gunzip, file, HST_INFLATER_AUTO, err);
    if (status != HST_OK) {
        return status;
    }
    while (status == HST_OK && n < sizeof start && n_more > 0) {
        status = hst_gunzip_read(gunzip, start + n, sizeof start - n, &n_more, err);
        n += n_more;
    }
    hst_gunzip_free(gunzip);
    *answer = status == HST_OK && is_tar(start, n);
    /* a fault here comes again, with the rows before it, when the file is read */
    return rewind_file(file, err);
}

static hst_status find_kind(const struct kind **kind, hst_input_file *file, hst_error *err)
{
    const struct kind *promised = kind_of_name(file->path);
    bool has_tar = false;
    hst_status status = hst_input_file_fill(file, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (file->n_left >= refused[i].n_magic &&
            memcmp(file->next, refused[i].magic, refused[i].n_magic) == 0) {
            return hst_fail(err, HST_ERR_INPUT,
                            "%s is packed with %s, which is not read here; unpack it and give the "
                            "plain or gzip file",
                            file->path, refused[i].name);
        }
    }
    *kind = kind_of_content(file->next, file->n_left);
    if (promised && strcmp(promised->name, (*kind)->name) != 0) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s is %s by its name, but %s by its content; give it the right name, or "
                        "ask for it to be delivered again",
                        file->path, promised->name, (*kind)->name);
    }
    status = rewind_file(file, err);
    if (status == HST_OK) {
        status = holds_tar(&has_tar, file, *kind, err);
    }
    if (has_tar) {
        *kind = &tar_kind;
    }
    return status;
}

/* libarchive takes what it cannot make out for one stream of text. */
static hst_status no_container(const char *path, const struct kind *kind, hst_error *err)
{
    return hst_fail(
        err, HST_ERR_INPUT,
        "%s cannot be unpacked: it begins as a %s does, but is none; copy the file again "
        "from where it came, or ask for it to be delivered again",
        path, kind->name);
}

/* The source */

hst_status hst_source_members(char ***members, size_t *n, const char *path, hst_error *err)
{
    hst_input_file file;
    const struct kind *kind = NULL;
    hst_status status = hst_input_file_open(&file, path, err);

    *members = NULL;
    *n = 0;
    if (status != HST_OK) {
        return status;
    }
    status = find_kind(&kind, &file, err);
    if (status != HST_OK) {
        goto done;
    }
    if (kind->packing == HST_PACKING_ARCHIVE) {
        status = hst_input_file_judge(&file, hst_unpack_members(members, n, &file, err), err);
        if (status == HST_OK && kind->is_container && (*members)[0][0] == '\0') {
            hst_source_free_members(*members, *n);
            *members = NULL;
            *n = 0;
            status = no_container(path, kind, err);
        }
        goto done;
    }
    *members = calloc(1, sizeof **members);
    if (!*members || !(**members = calloc(1, 1))) {
        free(*members);
        *members = NULL;
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the members of %s", path);
        goto done;
    }
    *n = 1;

done:
    hst_input_file_close(&file);
    return status;
}

void hst_source_free_members(char **members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(members[i]);
    }
    free(members);
}

hst_status hst_source_open(hst_source **out, const char *path, const char *member,
                           hst_inflater inflater, hst_error *err)
{
    const struct kind *kind = NULL;
    hst_source *source = calloc(1, sizeof *source);
    hst_status status = HST_OK;

    *out = NULL;
    if (!source) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to read %s", path);
    }
    source->file.fd = -1;
    status = hst_input_file_open(&source->file, path, err);
    if (status != HST_OK || (status = find_kind(&kind, &source->file, err)) != HST_OK) {
        goto done;
    }
    source->packing = kind->packing;
    source->is_member = member[0] != '\0';
    if (kind->is_container && !source->is_member) {
        status = no_container(path, kind, err);
    } else if (kind->packing == HST_PACKING_ARCHIVE) {
        status = hst_unpack_open(&source->unpack, &source->file, member, err);
    } else if (source->is_member) {
        status = hst_fail(err, HST_ERR_USAGE, "%s has no member `%s`", path, member);
    } else if (kind->packing == HST_PACKING_GZIP) {
        status = hst_gunzip_create(&source->gunzip, &source->file, inflater, err);
    }
    if (status == HST_OK && source->is_member) {
        source->member_hash = hst_stream_hash_create();
        if (!source->member_hash) {
            status = hst_fail(err, HST_ERR_MEMORY, "no memory to read %s", path);
            goto done;
        }
    }
    if (status == HST_OK) {
        /* its first bytes may have been read with what stands before it */
        source->n_packed_before =
            source->file.n_read < HST_INPUT_BYTES ? 0 : source->file.n_read - HST_INPUT_BYTES;
        *out = source;
        source = NULL; /* now the caller's */
    }

done:
    hst_source_close(source);
    return status;
}

/* A source of a file that is open elsewhere, from `start` on; its range is still to be made. */
static hst_status open_range(hst_source **out, const hst_input_file *whole, uint64_t start,
                             hst_packing packing, hst_error *err)
{
    hst_source *source = calloc(1, sizeof *source);
    hst_input_file *file = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    if (!source) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to read %s", whole->path);
    }
    file = &source->file;
    source->packing = packing;
    status = hst_input_file_open(file, whole->path, err);
    if (status == HST_OK && !hst_file_look_same(&file->look, &whole->look)) {
        status = hst_fail_changed(err, whole->path);
    }
    if (status == HST_OK && lseek(file->fd, (off_t)start, SEEK_SET) < 0) {
        status = hst_fail_system(err, whole->path, "cannot be read");
    }
    if (status == HST_OK) {
        hst_stream_hash_free(file->hash); /* the whole file is hashed, in its order */
        file->hash = NULL;
        atomic_store_explicit(&file->position, start, memory_order_relaxed);
    }
    *out = source;
    return status;
}

/* What has no range is nothing. */
static hst_status keep_range(hst_source **out, hst_status status)
{
    if (status != HST_OK) {
        hst_source_close(*out);
        *out = NULL;
    }
    return status;
}

hst_status hst_source_open_plain_range(hst_source **out, const hst_input_file *whole,
                                       uint64_t start, uint64_t end, hst_error *err)
{
    hst_status status = open_range(out, whole, start, HST_PACKING_PLAIN, err);

    if (status == HST_OK) {
        status = hst_text_range_create(&(*out)->range, &(*out)->file, end, err);
    }
    return keep_range(out, status);
}

hst_status hst_source_open_gzip_range(hst_source **out, const hst_input_file *whole, uint64_t start,
                                      hst_inflater inflater, hst_at_member *at_member,
                                      void *context, hst_error *err)
{
    hst_status status = open_range(out, whole, start, HST_PACKING_GZIP, err);

    if (status == HST_OK) {
        status = hst_text_range_create_gzip(&(*out)->range, &(*out)->file, inflater, at_member,
                                            context, err);
    }
    return keep_range(out, status);
}

const hst_text_range *hst_source_range(const hst_source *source)
{
    return source->range;
}

const hst_input_file *hst_source_file(const hst_source *source)
{
    return &source->file;
}

/* A few kilobytes can unpack to as many gigabytes as somebody likes, of which each has to be looked
 * at. */
static hst_status check_expansion(hst_source *source, size_t n_more, hst_error *err)
{
    uint64_t n_packed = source->file.n_read - source->n_packed_before;

    source->n_unpacked += n_more;
    if (source->n_unpacked <= FREE_BYTES || source->n_unpacked / MAX_EXPANSION <= n_packed) {
        return HST_OK;
    }
    return hst_fail(err, HST_ERR_INPUT,
                    "%s unpacks to more than %d times its size, which is no extract; if it is one, "
                    "give it unpacked",
                    source->file.path, MAX_EXPANSION);
}

/* One piece, however small; 0 at the end. */
static hst_status read_piece(hst_source *source, char *buffer, size_t capacity, size_t *n_read,
                             hst_error *err)
{
    hst_input_file *file = &source->file;
    hst_status status = HST_OK;

    if (source->gunzip) {
        return hst_gunzip_read(source->gunzip, buffer, capacity, n_read, err);
    }
    if (source->range) {
        return hst_text_range_read(source->range, buffer, capacity, n_read, err);
    }
    if (source->unpack) {
        return hst_unpack_read(source->unpack, buffer, capacity, n_read, err);
    }
    if (file->n_left == 0 && capacity >= DIRECT_BYTES) {
        return hst_input_file_read(file, buffer, capacity, n_read, err);
    }
    status = hst_input_file_fill(file, err);
    *n_read = file->n_left < capacity ? file->n_left : capacity;
    memcpy(buffer, file->next, *n_read);
    file->next += *n_read;
    file->n_left -= *n_read;
    return status;
}

/* At the end of an xz or zstd stream: what libarchive left of the file counts for the digest. */
static hst_status read_rest(hst_source *source, hst_error *err)
{
    hst_input_file *file = &source->file;
    hst_status status = HST_OK;

    if (!source->unpack || source->is_member) {
        return HST_OK;
    }
    do {
        file->next += file->n_left;
        file->n_left = 0;
        status = hst_input_file_fill(file, err);
    } while (status == HST_OK && !file->at_end);
    return status;
}

hst_status hst_source_read(hst_source *source, void *buffer, size_t capacity, size_t *n_read,
                           hst_error *err)
{
    bool has_ended = false;
    size_t n = 0;

    *n_read = 0;
    while (source->late_status == HST_OK && !has_ended && *n_read < capacity) {
        source->late_status = read_piece(source, (char *)buffer + *n_read, capacity - *n_read, &n,
                                         &source->late_error);
        if (source->late_status == HST_OK && source->packing != HST_PACKING_PLAIN) {
            source->late_status = check_expansion(source, n, &source->late_error);
        }
        if (n == 0 && source->late_status == HST_OK) {
            source->late_status = read_rest(source, &source->late_error);
            has_ended = true;
        }
        *n_read += n;
    }
    if (has_ended || source->late_status != HST_OK) {
        source->late_status =
            hst_input_file_judge(&source->file, source->late_status, &source->late_error);
    }
    if (source->late_status != HST_OK && *n_read == 0) {
        return hst_fail(err, source->late_status, "%s", source->late_error.message);
    }
    if (source->is_member) {
        hst_stream_hash_add(source->member_hash, buffer, *n_read);
    }
    return HST_OK;
}

uint64_t hst_source_position(const hst_source *source)
{
    return atomic_load_explicit(&source->file.position, memory_order_relaxed);
}

uint64_t hst_source_size(const hst_source *source)
{
    return source->file.size;
}

hst_packing hst_source_packing(const hst_source *source)
{
    return source->packing;
}

const char *hst_source_path(const hst_source *source)
{
    return source->file.path;
}

void hst_source_digest(const hst_source *source, uint8_t digest[16])
{
    hst_stream_hash_digest(source->is_member ? source->member_hash : source->file.hash, digest);
}

hst_status hst_source_file_digest(const char *path, const char *member, uint8_t digest[16],
                                  hst_error *err)
{
    hst_input_file file = {.fd = -1};
    hst_source *source = NULL;
    char *buffer = NULL;
    size_t n = 1;
    hst_status status = HST_OK;

    if (member[0] == '\0') {
        status = hst_input_file_open(&file, path, err);
        while (status == HST_OK && !file.at_end) {
            file.next += file.n_left;
            file.n_left = 0;
            status = hst_input_file_fill(&file, err);
        }
        if (file.fd >= 0) {
            status = hst_input_file_judge(&file, status, err);
        }
        if (status == HST_OK) {
            hst_stream_hash_digest(file.hash, digest);
        }
        hst_input_file_close(&file);
        return status;
    }

    buffer = hst_row_memory_take(HST_INPUT_BYTES);
    if (!buffer) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to read %s", path);
    }
    status = hst_source_open(&source, path, member, HST_INFLATER_AUTO, err);
    while (status == HST_OK && n > 0) {
        status = hst_source_read(source, buffer, HST_INPUT_BYTES, &n, err);
    }
    if (status == HST_OK) {
        hst_source_digest(source, digest);
    }
    hst_source_close(source);
    hst_row_memory_free(buffer, HST_INPUT_BYTES);
    return status;
}

void hst_source_close(hst_source *source)
{
    if (!source) {
        return;
    }
    hst_gunzip_free(source->gunzip);
    hst_text_range_free(source->range);
    hst_unpack_free(source->unpack);
    hst_stream_hash_free(source->member_hash);
    hst_input_file_close(&source->file);
    free(source);
    hst_row_memory_wipe_traces(); /* what inflates works there, and who reads leaves values there */
}
