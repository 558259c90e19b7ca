/* The first line of a delimited file: encoding, separator and names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/row_memory.h"
#include "hestia/text.h"
#include "ingest/extract_internal.h"

enum { START_BYTES = 256 * 1024 /* of the text, looked at for header and encoding */ };

/* True when the bytes are UTF-8; a character cut at the end is allowed, the block ends there. */
static bool is_utf8(const unsigned char *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        size_t more = 0;

        if (p[i] < 0x80) {
            i++;
            continue;
        }
        if (p[i] >= 0xC2 && p[i] <= 0xDF) {
            more = 1;
        } else if (p[i] >= 0xE0 && p[i] <= 0xEF) {
            more = 2;
        } else if (p[i] >= 0xF0 && p[i] <= 0xF4) {
            more = 3;
        } else {
            return false;
        }
        for (size_t k = 1; k <= more && i + k < n; k++) {
            if ((p[i + k] & 0xC0) != 0x80) {
                return false;
            }
        }
        i += more + 1;
    }
    return true;
}

static bool is_ascii(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* End of the line that starts at `p`: the first line end outside quotes, else the first at all. */
static const char *line_end(const char *p, const char *end)
{
    bool in_quotes = false;

    for (const char *q = p; q < end; q++) {
        if (*q == '"') {
            in_quotes = !in_quotes;
        } else if (!in_quotes && (*q == '\n' || *q == '\r')) {
            return q;
        }
    }
    for (const char *q = p; q < end; q++) {
        if (*q == '\n' || *q == '\r') {
            return q;
        }
    }
    return NULL;
}

/* The most frequent of comma, pipe and tab outside quotes; comma when there is none. */
static char find_separator(const char *line, const char *end)
{
    static const char candidates[] = {',', '|', '\t'};
    size_t counts[sizeof candidates] = {0};
    size_t best = 0;
    bool in_quotes = false;

    for (; line < end; line++) {
        in_quotes ^= *line == '"';
        for (size_t i = 0; i < sizeof candidates; i++) {
            counts[i] += !in_quotes && *line == candidates[i];
        }
    }
    for (size_t i = 1; i < sizeof candidates; i++) {
        if (counts[i] > counts[best]) {
            best = i;
        }
    }
    return candidates[best];
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A name without blanks and quotes around it, in upper case. */
static char *copy_name(const char *p, const char *end)
{
    char *name = NULL;
    size_t n = 0;

    while (p < end && (is_blank(*p) || *p == '"')) {
        p++;
    }
    while (p < end && (is_blank(end[-1]) || end[-1] == '"')) {
        end--;
    }
    n = (size_t)(end - p);
    name = malloc(n + 1);
    if (name) {
        for (size_t i = 0; i < n; i++) {
            name[i] = (char)(p[i] >= 'a' && p[i] <= 'z' ? p[i] - 'a' + 'A' : p[i]);
        }
        name[n] = '\0';
        hst_text_neutralise(name); /* messages and audit.csv show it */
    }
    return name;
}

/* True for bytes that an archive begins with: what was unpacked is packed itself. */
static bool is_packed(const char *text, size_t n)
{
    static const char *const magic[] = {"\x1f\x8b", "PK\x03\x04", "\x28\xb5\x2f\xfd", "\xfd\x37zXZ",
                                        "BZh"};

    for (size_t i = 0; i < sizeof magic / sizeof magic[0]; i++) {
        if (n > strlen(magic[i]) && memcmp(text, magic[i], strlen(magic[i])) == 0) {
            return true;
        }
    }
    return false;
}

static hst_status split_names(hst_header *header, const char *line, const char *end, hst_error *err)
{
    const char *start = line;
    bool in_quotes = false;

    header->names = calloc(HST_MAX_COLUMNS, sizeof *header->names);
    if (!header->names) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a header");
    }
    for (const char *p = line;; p++) {
        if (p < end && *p == '"') {
            in_quotes = !in_quotes;
        }
        if (p == end || (*p == header->separator && !in_quotes)) {
            if (header->n_names == HST_MAX_COLUMNS) {
                return hst_fail(err, HST_ERR_INPUT, "more than %d columns", HST_MAX_COLUMNS);
            }
            header->names[header->n_names] = copy_name(start, p);
            if (!header->names[header->n_names]) {
                return hst_fail(err, HST_ERR_MEMORY, "no memory for a header");
            }
            header->n_names++;
            start = p + 1;
        }
        if (p == end) {
            return HST_OK;
        }
    }
}

/* Splits the first line of `text`; `is_whole` when the text is all there is. */
static hst_status parse_header(hst_header *header, const char *text, size_t n, bool is_whole,
                               char separator, hst_error *err)
{
    const char *p = text, *end = text + n;
    const char *stop = NULL;

    if (n >= 2 && (memcmp(p, "\xFF\xFE", 2) == 0 || memcmp(p, "\xFE\xFF", 2) == 0)) {
        return hst_fail(err, HST_ERR_INPUT,
                        "text in UTF-16, which is not read: convert it to UTF-8 (iconv -f UTF-16)");
    }
    if (is_packed(p, n)) {
        return hst_fail(err, HST_ERR_INPUT,
                        "packed twice: what it unpacks to is packed itself; unpack it once");
    }
    if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
        snprintf(header->encoding, sizeof header->encoding, "utf-8");
        p += 3;
    } else {
        snprintf(header->encoding, sizeof header->encoding, "%s",
                 is_ascii((const unsigned char *)p, n)  ? "ascii"
                 : is_utf8((const unsigned char *)p, n) ? "utf-8"
                                                        : "latin-1");
    }
    while (p < end && (*p == ' ' || *p == '\r' || *p == '\n')) {
        p++; /* blank lines; a tab may be the separator after a column without a name */
    }
    if (p == end) {
        return hst_fail(err, HST_ERR_INPUT, "empty file");
    }
    stop = line_end(p, end);
    if (!stop && !is_whole) {
        return hst_fail(err, HST_ERR_INPUT,
                        "no line end in the first %d KiB: not a delimited text file",
                        START_BYTES / 1024);
    }
    if (!stop) {
        stop = end;
    }
    if (memchr(p, '\0', (size_t)(stop - p))) {
        return hst_fail(err, HST_ERR_INPUT, "NUL bytes in the first line: not a text file");
    }
    header->separator = separator ? separator : find_separator(p, stop);
    return split_names(header, p, stop, err);
}

hst_status hst_header_read(hst_header *header, const char *path, const char *member, char separator,
                           hst_error *err)
{
    hst_status status = HST_OK;
    hst_source *source = NULL;
    char *text = NULL;
    size_t n = 0, n_read = 0;

    memset(header, 0, sizeof *header);
    status = hst_source_open(&source, path, member, HST_INFLATER_AUTO, err);
    if (status != HST_OK) {
        return status;
    }
    text = hst_row_memory_take(START_BYTES);
    if (!text) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the start of a file");
        goto done;
    }
    do {
        status = hst_source_read(source, text + n, START_BYTES - n, &n_read, err);
        if (status != HST_OK) {
            goto done;
        }
        n += n_read;
    } while (n_read > 0 && n < START_BYTES);
    status = parse_header(header, text, n, n < START_BYTES, separator, err);
    if (status != HST_OK) {
        status = hst_fail_at(err, status, "%s%s%s", path, member[0] ? ":" : "", member);
    }

done:
    if (status != HST_OK) {
        hst_header_clear(header);
    }
    hst_row_memory_free(text, START_BYTES);
    hst_source_close(source);
    return status;
}

void hst_header_clear(hst_header *header)
{
    for (size_t i = 0; i < header->n_names; i++) {
        free(header->names[i]);
    }
    free(header->names);
    memset(header, 0, sizeof *header);
}
