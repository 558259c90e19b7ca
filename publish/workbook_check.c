/* The finished workbook, read back. The library gathers its parts in temporary files and does not
 * ask whether the disk took them: a full one could leave rows out, and the file would still open.
 */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "publish/workbook.h"

enum { CHUNK_BYTES = 1 << 16, HEAD_BYTES = 256, TAIL_BYTES = 64 };

/* One part of the file as it goes by. */
typedef struct part {
    size_t n_rows;
    size_t n_matched; /* bytes of "<row " that the last ones read begin */
    size_t n_head, n_tail;
    char head[HEAD_BYTES], tail[TAIL_BYTES];
} part;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void look_at(part *p, const char *bytes, size_t n)
{
    static const char row[] = "<row ";
    size_t room = smaller(HEAD_BYTES - 1 - p->n_head, n);
    size_t fresh = smaller(TAIL_BYTES, n);
    size_t kept = smaller(TAIL_BYTES - fresh, p->n_tail);

    for (size_t i = 0; i < n; i++) {
        p->n_matched = bytes[i] == row[p->n_matched] ? p->n_matched + 1 : bytes[i] == '<';
        if (p->n_matched == sizeof row - 1) {
            p->n_rows++;
            p->n_matched = 0;
        }
    }
    memcpy(p->head + p->n_head, bytes, room);
    p->n_head += room;
    memmove(p->tail, p->tail + p->n_tail - kept, kept);
    memcpy(p->tail + kept, bytes + n - fresh, fresh);
    p->n_tail = kept + fresh;
}

/* XML is whole when its last tag closes its first. */
static bool is_whole(const part *p)
{
    const char *name = strstr(p->head, "?>");
    char closing[TAIL_BYTES];
    size_t n = 0, length = 0, end = p->n_tail;

    name = name ? strchr(name, '<') : NULL;
    if (!name) {
        return false;
    }
    n = strcspn(++name, " >");
    if (n + sizeof "</>" > sizeof closing) {
        return false;
    }
    length = (size_t)snprintf(closing, sizeof closing, "</%.*s>", (int)n, name);
    while (end > 0 && p->tail[end - 1] == '\n') {
        end--;
    }
    return end >= length && memcmp(p->tail + end - length, closing, length) == 0;
}

static hst_status check_part(struct archive *archive, size_t *n_rows, const char *path,
                             const char *name, hst_error *err)
{
    static const char sheets[] = "xl/worksheets/sheet";
    char bytes[CHUNK_BYTES];
    part p = {0};
    la_ssize_t n = 0;

    while ((n = archive_read_data(archive, bytes, sizeof bytes)) > 0) {
        look_at(&p, bytes, (size_t)n);
    }
    if (n < 0 || !is_whole(&p)) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: part %s was not written whole: is the disk full?",
                        path, name);
    }
    if (strncmp(name, sheets, sizeof sheets - 1) == 0) {
        *n_rows += p.n_rows;
    }
    return HST_OK;
}

hst_status book_check(const book *b, const char *path, hst_error *err)
{
    hst_status status = HST_OK;
    struct archive *archive = archive_read_new();
    struct archive_entry *entry = NULL;
    size_t n_rows = 0, expected = 0;
    int found = ARCHIVE_OK;

    if (!archive) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read it back", b->path);
    }
    if (archive_read_support_format_zip(archive) != ARCHIVE_OK ||
        archive_read_open_filename(archive, path, CHUNK_BYTES) != ARCHIVE_OK) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be read back: %s", b->path,
                          archive_error_string(archive));
        goto done;
    }
    while (status == HST_OK && (found = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
        status = check_part(archive, &n_rows, b->path, archive_entry_pathname(entry), err);
    }
    if (status != HST_OK) {
        goto done;
    }
    if (found != ARCHIVE_EOF) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be read back: %s", b->path,
                          archive_error_string(archive));
        goto done;
    }
    for (size_t i = 0; i < b->n_sheets; i++) {
        expected += b->sheets[i].n_rows;
    }
    if (n_rows != expected) {
        status = hst_fail(err, HST_ERR_SYSTEM,
                          "%s: has %zu rows of %zu that were written: is the disk full?", b->path,
                          n_rows, expected);
    }

done:
    archive_read_free(archive);
    return status;
}
