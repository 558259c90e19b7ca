/* A file of artificial rows being written, through libarchive whatever the packing is. */
#include "cli/synth.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/study.h"

/* Name without folder and packing: "apc_200809.csv". */
static void member_name(const synth_options *options, hst_dataset dataset, int year, char name[64])
{
    snprintf(name, 64, "%s_%d%02d.%s", hst_dataset_name(dataset), year, (year + 1) % 100,
             options->separator == '|' ? "txt" : "csv");
}

static hst_status output_failed(const synth_output *out, hst_error *err)
{
    const char *why = out->archive ? archive_error_string(out->archive) : strerror(errno);

    return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written: %s", out->path,
                    why ? why : "unknown reason");
}

/* Chooses the packing. Times are left out, so that the same seed gives the same bytes. */
static int choose_packing(struct archive *archive, const char *compression)
{
    if (strcmp(compression, "zip") == 0) {
        return archive_write_set_format_zip(archive) == ARCHIVE_OK
                   ? archive_write_set_options(archive, "zip:compression-level=1")
                   : ARCHIVE_FATAL;
    }
    if (archive_write_set_format_raw(archive) != ARCHIVE_OK) {
        return ARCHIVE_FATAL;
    }
    if (strcmp(compression, "gz") == 0) {
        return archive_write_add_filter_gzip(archive) == ARCHIVE_OK
                   ? archive_write_set_options(archive, "gzip:compression-level=1,gzip:!timestamp")
                   : ARCHIVE_FATAL;
    }
    if (strcmp(compression, "zst") == 0) {
        return archive_write_add_filter_zstd(archive);
    }
    return ARCHIVE_OK;
}

hst_status synth_output_open(synth_output *out, const synth_options *options, hst_dataset dataset,
                             int year, hst_error *err)
{
    const char *packing = options->compression;
    char member[64];

    member_name(options, dataset, year, member);
    if (strcmp(packing, "zip") == 0) {
        snprintf(out->path, sizeof out->path, "%s/extracts/%.*s.zip", options->directory,
                 (int)(strlen(member) - 4), member);
    } else {
        snprintf(out->path, sizeof out->path, "%s/extracts/%s%s%s", options->directory, member,
                 strcmp(packing, "none") == 0 ? "" : ".",
                 strcmp(packing, "none") == 0 ? "" : packing);
    }
    snprintf(out->part, sizeof out->part, "%s.part", out->path);
    out->fd = open(out->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out->fd < 0) {
        return output_failed(out, err);
    }
    out->block = malloc(SYNTH_BLOCK_BYTES);
    out->archive = archive_write_new();
    out->entry = archive_entry_new();
    if (!out->block || !out->archive || !out->entry) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for an extract");
    }
    archive_entry_set_pathname(out->entry, member);
    archive_entry_set_filetype(out->entry, AE_IFREG);
    archive_entry_set_perm(out->entry, 0600);
    archive_entry_set_mtime(out->entry, 1262304000, 0); /* 2010-01-01, always */
    if (choose_packing(out->archive, options->compression) != ARCHIVE_OK ||
        archive_write_open_fd(out->archive, out->fd) != ARCHIVE_OK ||
        archive_write_header(out->archive, out->entry) != ARCHIVE_OK) {
        return output_failed(out, err);
    }
    return HST_OK;
}

hst_status synth_output_flush(synth_output *out, hst_error *err)
{
    size_t done = 0;

    while (done < out->n) {
        la_ssize_t n = archive_write_data(out->archive, out->block + done, out->n - done);

        if (n <= 0) {
            return output_failed(out, err);
        }
        done += (size_t)n;
    }
    out->n = 0;
    return HST_OK;
}

hst_status synth_output_close(synth_output *out, hst_error *err)
{
    hst_status status = synth_output_flush(out, err);

    if (status != HST_OK) {
        return status;
    }
    if (archive_write_close(out->archive) != ARCHIVE_OK) {
        return output_failed(out, err);
    }
    if (close(out->fd) != 0) {
        out->fd = -1;
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written: %s", out->path,
                        strerror(errno));
    }
    out->fd = -1;
    if (rename(out->part, out->path) != 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be renamed: %s", out->part,
                        strerror(errno));
    }
    return HST_OK;
}

void synth_output_clear(synth_output *out)
{
    if (out->archive) {
        archive_write_free(out->archive);
    }
    archive_entry_free(out->entry);
    if (out->fd >= 0) {
        close(out->fd);
        unlink(out->part);
    }
    free(out->block);
}
