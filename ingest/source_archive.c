/* Containers that libarchive reads: zip, tar, and xz or zstd around one stream. */
#include "ingest/source_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "hestia/row_memory.h"

enum { MAX_MEMBERS = 1000 };

struct hst_unpack {
    hst_input_file *file;
    struct archive *archive;
    hst_status read_status; /* of the file, met in libarchive's call */
    hst_error read_error;
};

/* libarchive reads through the file, so that its bytes are counted and hashed. */
static la_ssize_t give_piece(struct archive *archive, void *context, const void **piece)
{
    hst_unpack *unpack = context;
    hst_input_file *file = unpack->file;
    size_t n = 0;

    unpack->read_status = hst_input_file_fill(file, &unpack->read_error);
    if (unpack->read_status != HST_OK) {
        archive_set_error(archive, EIO, "the file cannot be read");
        return ARCHIVE_FATAL;
    }
    *piece = file->next;
    n = file->n_left;
    file->next += n;
    file->n_left = 0;
    return (la_ssize_t)n;
}

/* zip needs its directory at the end of the file. */
static la_int64_t seek(struct archive *archive, void *context, la_int64_t offset, int whence)
{
    hst_unpack *unpack = context;
    hst_input_file *file = unpack->file;
    off_t position = lseek(file->fd, (off_t)offset, whence);

    if (position < 0) {
        archive_set_error(archive, errno, "the file cannot be read");
        return ARCHIVE_FATAL;
    }
    file->n_left = 0;
    file->at_end = false;
    atomic_store_explicit(&file->position, (uint64_t)position, memory_order_relaxed);
    return position;
}

static hst_status fault(const hst_unpack *unpack, const char *member, hst_error *err)
{
    const char *reason = archive_error_string(unpack->archive);

    if (unpack->read_status != HST_OK) {
        return hst_fail(err, unpack->read_status, "%s", unpack->read_error.message);
    }
    return hst_fail(err, HST_ERR_INPUT,
                    "%s%s%s cannot be unpacked near byte %" PRIu64
                    ": %s; copy the file again from where it came, or ask for it to be delivered "
                    "again",
                    unpack->file->path, member[0] == '\0' ? "" : ":", member,
                    hst_input_file_offset(unpack->file), reason ? reason : "it is damaged");
}

/* A new reader at the start of the file. */
static hst_status start(hst_unpack *unpack, hst_error *err)
{
    struct archive *archive = archive_read_new();

    unpack->archive = archive;
    if (!archive) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for unpacking");
    }
    if (archive_read_support_filter_gzip(archive) < ARCHIVE_WARN ||
        archive_read_support_filter_xz(archive) < ARCHIVE_WARN ||
        archive_read_support_filter_zstd(archive) < ARCHIVE_WARN ||
        archive_read_support_format_zip(archive) < ARCHIVE_WARN ||
        archive_read_support_format_tar(archive) < ARCHIVE_WARN ||
        archive_read_support_format_raw(archive) < ARCHIVE_WARN ||
        archive_read_set_callback_data(archive, unpack) != ARCHIVE_OK ||
        archive_read_set_read_callback(archive, give_piece) != ARCHIVE_OK ||
        archive_read_set_seek_callback(archive, seek) != ARCHIVE_OK) {
        return hst_fail(err, HST_ERR_SYSTEM, "libarchive here lacks zip, tar, xz or zstd");
    }
    return archive_read_open1(archive) == ARCHIVE_OK ? HST_OK : fault(unpack, "", err);
}

/* Name of a member; "" for the one stream of an xz or zstd file. */
static const char *member_name(const hst_unpack *unpack, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);

    if (archive_format(unpack->archive) == ARCHIVE_FORMAT_RAW) {
        return "";
    }
    if (!name) {
        name = archive_entry_pathname_utf8(entry);
    }
    return name && name[0] != '\0' ? name : "(a name that cannot be read)";
}

static bool is_text_member(struct archive_entry *entry, const char *name)
{
    return archive_entry_filetype(entry) != AE_IFDIR && strncmp(name, "__MACOSX/", 9) != 0;
}

static hst_status check_member(const hst_unpack *unpack, struct archive_entry *entry,
                               const char *name, hst_error *err)
{
    const char *format = archive_format_name(unpack->archive);

    if (archive_entry_is_encrypted(entry)) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s:%s is encrypted; unpack it with its password and give the plain or "
                        "gzip file",
                        unpack->file->path, name);
    }
    /* libarchive tells the method of a zip member in the name of the format only */
    if (format && strstr(format, "deflation-64")) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s:%s is packed with Deflate64 (Windows Explorer does so above 2 GB), "
                        "which cannot be read here; unpack it with 7-Zip and give the plain or "
                        "gzip file",
                        unpack->file->path, name);
    }
    return HST_OK;
}

/* Goes to the next member that may hold text; `*name` is NULL after the last. */
static hst_status next_member(hst_unpack *unpack, const char **name, hst_error *err)
{
    struct archive_entry *entry = NULL;
    int code = archive_read_next_header(unpack->archive, &entry);

    *name = NULL;
    while (code == ARCHIVE_OK || code == ARCHIVE_WARN) {
        *name = member_name(unpack, entry);
        if (is_text_member(entry, *name)) {
            return check_member(unpack, entry, *name, err);
        }
        code = archive_read_next_header(unpack->archive, &entry);
        *name = NULL;
    }
    return code == ARCHIVE_EOF ? HST_OK : fault(unpack, "", err);
}

static hst_status create(hst_unpack **out, hst_input_file *file, hst_error *err)
{
    hst_status status = HST_OK;
    hst_unpack *unpack = calloc(1, sizeof *unpack);

    *out = NULL;
    if (!unpack) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for unpacking");
    }
    unpack->file = file;
    hst_row_memory_begin_wiping(); /* libarchive and what it unpacks with keep text of their own */
    status = start(unpack, err);
    if (status != HST_OK) {
        hst_unpack_free(unpack);
        return status;
    }
    *out = unpack;
    return HST_OK;
}

hst_status hst_unpack_open(hst_unpack **out, hst_input_file *file, const char *member,
                           hst_error *err)
{
    const char *name = NULL;
    hst_unpack *unpack = NULL;
    hst_status status = create(&unpack, file, err);

    *out = NULL;
    if (status != HST_OK) {
        return status;
    }
    do {
        status = next_member(unpack, &name, err);
    } while (status == HST_OK && name && strcmp(name, member) != 0);
    if (status == HST_OK && !name) {
        status = hst_fail(err, HST_ERR_USAGE, "%s has no member `%s`", file->path, member);
    }
    if (status != HST_OK) {
        hst_unpack_free(unpack);
        return status;
    }
    *out = unpack;
    return HST_OK;
}

hst_status hst_unpack_read(hst_unpack *unpack, void *buffer, size_t capacity, size_t *n_read,
                           hst_error *err)
{
    la_ssize_t n = 0;

    do {
        n = archive_read_data(unpack->archive, buffer, capacity);
    } while (n == ARCHIVE_RETRY);
    *n_read = n > 0 ? (size_t)n : 0;
    return n >= 0 ? HST_OK : fault(unpack, "", err);
}

static hst_status add_name(char ***members, size_t *n, const hst_input_file *file, const char *name,
                           hst_error *err)
{
    char **longer = NULL;

    if (*n == MAX_MEMBERS) {
        return hst_fail(err, HST_ERR_INPUT, "%s has more than %d members; deliveries have a few",
                        file->path, MAX_MEMBERS);
    }
    for (size_t i = 0; i < *n; i++) {
        if (strcmp((*members)[i], name) == 0) {
            return hst_fail(err, HST_ERR_INPUT, "%s has two members called `%s`", file->path, name);
        }
    }
    longer = realloc(*members, (*n + 1) * sizeof *longer);
    if (!longer) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the members of %s", file->path);
    }
    *members = longer;
    longer[*n] = strdup(name);
    if (!longer[*n]) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the members of %s", file->path);
    }
    ++*n;
    return HST_OK;
}

hst_status hst_unpack_members(char ***members, size_t *n, hst_input_file *file, hst_error *err)
{
    const char *name = NULL;
    hst_unpack *unpack = NULL;
    hst_status status = create(&unpack, file, err);

    *members = NULL;
    *n = 0;
    if (status != HST_OK) {
        return status;
    }
    do {
        status = next_member(unpack, &name, err);
        if (status == HST_OK && name) {
            status = add_name(members, n, file, name, err);
        }
    } while (status == HST_OK && name);
    if (status == HST_OK && *n == 0) {
        status = hst_fail(err, HST_ERR_INPUT, "%s holds no file", file->path);
    }
    if (status != HST_OK) {
        hst_source_free_members(*members, *n);
        *members = NULL;
        *n = 0;
    }
    hst_unpack_free(unpack);
    return status;
}

void hst_unpack_free(hst_unpack *unpack)
{
    if (!unpack) {
        return;
    }
    archive_read_free(unpack->archive);
    hst_row_memory_end_wiping();
    free(unpack);
}
