/*
 * Ranges of a file, each a stream of text of its own: of plain text, which is cut anywhere, or of a
 * gzip file of several members, which is cut between them. Of members nothing here is
 * believed: a member that only looked like one, or was overlooked, shows where the range before it
 * does not end there, and then the file is read from front to back.
 */
#include "ingest/source_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/ingest.h"
#include "hestia/row_memory.h"
#include "hestia/scanner.h"

enum {
    OVERRUN_BYTES = 2 * HST_MAX_RECORD_BYTES, /* of text behind a range: its last record's end */
    FREE_BYTES = 4 << 20,                     /* that a range may unpack to */
    MAX_EXPANSION = 50,     /* a range that unpacks to more is left to who reads the whole file */
    TRIAL_BYTES = 32 << 10, /* of text that a member's look is tried on */
    SAMPLE_BYTES = 1 << 20, /* of text that tells how a file is packed */
    HEADER_BYTES = 10,
    PROBE_BYTES = 256 << 20, /* of a large file that is looked through: 1 % of the time it takes */
};

struct hst_text_range {
    hst_gunzip *gunzip; /* NULL: plain text */
    hst_input_file *file;
    uint64_t end; /* of plain text: where the next range begins */
    hst_at_member *at_member;
    void *context;
    uint64_t n_text, n_before_seam;
    bool has_seam, is_at_end;
};

hst_status hst_text_range_create(hst_text_range **out, hst_input_file *file, uint64_t end,
                                 hst_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a range of %s", file->path);
    }
    (*out)->file = file;
    (*out)->end = end;
    return HST_OK;
}

hst_status hst_text_range_create_gzip(hst_text_range **out, hst_input_file *file,
                                      hst_inflater inflater, hst_at_member *at_member,
                                      void *context, hst_error *err)
{
    hst_status status = hst_text_range_create(out, file, UINT64_MAX, err);

    if (status != HST_OK) {
        return status;
    }
    (*out)->at_member = at_member;
    (*out)->context = context;
    status = hst_gunzip_create(&(*out)->gunzip, file, inflater, err);
    if (status != HST_OK) {
        hst_text_range_free(*out);
        *out = NULL;
    }
    return status;
}

void hst_text_range_free(hst_text_range *range)
{
    if (range) {
        hst_gunzip_free(range->gunzip);
        free(range);
    }
}

bool hst_text_range_has_seam(const hst_text_range *range, uint64_t *n_text)
{
    *n_text = range->n_before_seam;
    return range->has_seam;
}

bool hst_text_range_is_at_end(const hst_text_range *range)
{
    return range->is_at_end;
}

static hst_status not_as_it_looked(const hst_text_range *range, hst_error *err)
{
    return hst_fail(err, HST_ERR_INPUT, "%s has not the members that it seemed to have",
                    range->file->path);
}

/* Plain text up to the seam, or behind it. */
static hst_status step_plain(hst_text_range *range, void *buffer, size_t capacity, size_t *n_read,
                             hst_error *err)
{
    uint64_t offset = hst_input_file_offset(range->file);
    size_t n = offset < range->end && range->end - offset < capacity ? (size_t)(range->end - offset)
                                                                     : capacity;
    hst_status status = HST_OK;

    if (offset == range->end) {
        range->has_seam = true;
        range->n_before_seam = range->n_text;
    }
    status = hst_input_file_read(range->file, buffer, n, n_read, err);
    range->is_at_end = status == HST_OK && *n_read == 0;
    range->n_text += *n_read;
    return status;
}

/* One step, and what it means for the range. */
static hst_status step_gzip(hst_text_range *range, void *buffer, size_t capacity, size_t *n_read,
                            hst_error *err)
{
    uint64_t offset = hst_input_file_offset(range->file);
    hst_gunzip_place place = HST_GUNZIP_BETWEEN;
    hst_status status = hst_gunzip_step(range->gunzip, buffer, capacity, n_read, &place, err);

    if (status != HST_OK) {
        return status;
    }
    range->is_at_end = place == HST_GUNZIP_AT_END;
    if (place == HST_GUNZIP_IN_NEW_MEMBER && range->at_member && !range->has_seam) {
        hst_seam seam = range->at_member(range->context, offset);

        if (seam == HST_SEAM_MISSED) {
            return not_as_it_looked(range, err);
        }
        range->has_seam = seam == HST_SEAM_HERE;
        range->n_before_seam = range->n_text;
    }
    range->n_text += *n_read;
    return range->n_text > FREE_BYTES && range->n_text / MAX_EXPANSION > range->file->n_read
               ? not_as_it_looked(range, err)
               : HST_OK;
}

hst_status hst_text_range_read(hst_text_range *range, void *buffer, size_t capacity, size_t *n_read,
                               hst_error *err)
{
    hst_status status = HST_OK;

    *n_read = 0;
    while (status == HST_OK && *n_read == 0 && !range->is_at_end &&
           !(range->has_seam && range->n_text - range->n_before_seam >= OVERRUN_BYTES)) {
        status = range->gunzip ? step_gzip(range, buffer, capacity, n_read, err)
                               : step_plain(range, buffer, capacity, n_read, err);
    }
    return status;
}

/* ---- where members begin ---- */

/* A header of programs that write extracts: deflate, no reserved flags, a compression level and a
 * system that there is. One place in 10^11 of packed bytes looks like it by chance. */
static bool looks_like_header(const unsigned char *bytes)
{
    return bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8 && bytes[3] < 32 &&
           (bytes[8] == 0 || bytes[8] == 2 || bytes[8] == 4) && (bytes[9] <= 13 || bytes[9] == 255);
}

/* True when a member at `offset` inflates, as far as it is tried. */
static hst_status try_member(bool *inflates, const hst_input_file *whole, uint64_t offset,
                             hst_inflater inflater, char *text, hst_error *err)
{
    hst_source *source = NULL;
    hst_error why;
    size_t n = 0;
    hst_status status =
        hst_source_open_gzip_range(&source, whole, offset, inflater, NULL, NULL, err);

    if (status != HST_OK) {
        return status;
    }
    status = hst_source_read(source, text, TRIAL_BYTES, &n, &why);
    hst_source_close(source);
    *inflates = status == HST_OK;
    return status == HST_ERR_INPUT ? HST_OK : status;
}

hst_status hst_gunzip_find_member(uint64_t *found, const hst_input_file *whole, uint64_t from,
                                  uint64_t until, hst_inflater inflater,
                                  bool (*is_over)(void *context), void *context, hst_error *err)
{
    unsigned char *bytes = hst_row_memory_take(HST_INPUT_BYTES);
    char *text = hst_row_memory_take(TRIAL_BYTES);
    size_t n = HEADER_BYTES;
    hst_status status = HST_OK;

    *found = UINT64_MAX;
    if (!bytes || !text) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory to look through %s", whole->path);
    }
    until = until < whole->size ? until : whole->size;
    while (status == HST_OK && *found == UINT64_MAX && from < until && n >= HEADER_BYTES &&
           !(is_over && is_over(context))) {
        const unsigned char *next = bytes;
        ssize_t got = pread(whole->fd, bytes, HST_INPUT_BYTES, (off_t)from);

        n = got < 0 ? 0 : (size_t)got; /* who reads the range will say what is wrong */
        while (status == HST_OK && *found == UINT64_MAX && n >= HEADER_BYTES &&
               (next = memchr(next, 0x1f, n - HEADER_BYTES + 1 - (size_t)(next - bytes)))) {
            uint64_t offset = from + (uint64_t)(next - bytes);
            bool inflates = false;

            if (looks_like_header(next)) {
                status = try_member(&inflates, whole, offset, inflater, text, err);
            }
            *found = inflates ? offset : UINT64_MAX;
            next++;
        }
        from += n >= HEADER_BYTES ? n - HEADER_BYTES + 1 : 0;
        if (status == HST_OK) {
            status = hst_interrupt_check(err);
        }
    }
    hst_row_memory_free(text, TRIAL_BYTES);
    hst_row_memory_free(bytes, HST_INPUT_BYTES);
    return status;
}

/* True when the first member says that it is a block of bgzip. */
static bool is_blocks(const hst_input_file *whole)
{
    unsigned char bytes[HEADER_BYTES + 6];

    return pread(whole->fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes &&
           looks_like_header(bytes) && (bytes[3] & 4) != 0 &&
           memcmp(bytes + HEADER_BYTES + 2, "BC\2\0", 4) == 0;
}

/* Bytes of text for a byte of the file, at its start. */
static hst_status measure_ratio(double *ratio, const hst_input_file *whole, hst_inflater inflater,
                                hst_error *err)
{
    hst_source *source = NULL;
    char *text = hst_row_memory_take(SAMPLE_BYTES);
    size_t n = 0;
    hst_status status = HST_OK;

    *ratio = 0;
    if (!text) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to look at %s", whole->path);
    }
    status = hst_source_open_gzip_range(&source, whole, 0, inflater, NULL, NULL, err);
    if (status == HST_OK) {
        hst_error why; /* a fault comes again when the file is read */

        if (hst_source_read(source, text, SAMPLE_BYTES, &n, &why) == HST_OK) {
            *ratio = (double)n / (double)hst_input_file_offset(hst_source_file(source));
        }
    }
    hst_source_close(source);
    hst_row_memory_free(text, SAMPLE_BYTES);
    return status;
}

hst_status hst_gunzip_has_members(bool *answer, const hst_input_file *whole, hst_inflater inflater,
                                  hst_error *err)
{
    unsigned char bytes[4];
    double ratio = 0, expected = 0, last = 0;
    uint64_t found = UINT64_MAX;
    bool is_told = false;
    hst_status status = HST_OK;

    *answer = is_blocks(whole);
    if (*answer || whole->size < sizeof bytes ||
        pread(whole->fd, bytes, sizeof bytes, (off_t)(whole->size - sizeof bytes)) !=
            (ssize_t)sizeof bytes) {
        return HST_OK;
    }
    status = measure_ratio(&ratio, whole, inflater, err);
    expected = ratio * (double)whole->size;
    last = bytes[0] + 256.0 * (bytes[1] + 256.0 * (bytes[2] + 256.0 * bytes[3]));
    is_told = expected < 0.6 * UINT32_MAX; /* else the length in the trailer, modulo 2^32, is not */
    if (status == HST_OK && (!is_told || last < 0.6 * expected)) {
        status = hst_gunzip_find_member(&found, whole, 1, is_told ? whole->size : PROBE_BYTES,
                                        inflater, NULL, NULL, err);
    }
    *answer = found != UINT64_MAX;
    return status;
}
