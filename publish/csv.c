/* The writer of all tables. Numbers do not go through the locale: "%.15g" is only asked for what is
 * not whole, and the program never calls setlocale. */
#include "hestia/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16 };

struct hst_csv {
    FILE *stream;
    char *path, *part; /* NULL for a stream of the caller's */
    char *name;        /* for messages */
    bool row_begun;
    int failure; /* errno of the first failed write, 0 = none */
    size_t used;
    char buffer[BUFFER_BYTES];
};

static void flush_buffer(hst_csv *csv)
{
    if (csv->used > 0 && csv->failure == 0) {
        errno = 0;
        if (fwrite(csv->buffer, 1, csv->used, csv->stream) != csv->used) {
            csv->failure = errno ? errno : EIO;
        }
    }
    csv->used = 0;
}

static void put(hst_csv *csv, const char *bytes, size_t n)
{
    while (n > 0) {
        size_t room = BUFFER_BYTES - csv->used;
        size_t part = n < room ? n : room;

        memcpy(csv->buffer + csv->used, bytes, part);
        csv->used += part;
        bytes += part;
        n -= part;
        if (csv->used == BUFFER_BYTES) {
            flush_buffer(csv);
        }
    }
}

static void begin_cell(hst_csv *csv)
{
    if (csv->row_begun) {
        put(csv, ",", 1);
    }
    csv->row_begun = true;
}

static char *join(const char *text, const char *end)
{
    size_t bytes = strlen(text) + strlen(end) + 1;
    char *joined = malloc(bytes);

    if (joined) {
        snprintf(joined, bytes, "%s%s", text, end);
    }
    return joined;
}

hst_status hst_csv_create(hst_csv **out, const char *path, unsigned mode, hst_error *err)
{
    hst_status status = HST_OK;
    hst_csv *csv = NULL;
    int fd = -1;

    *out = NULL;
    csv = calloc(1, sizeof *csv);
    if (!csv) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a table", path);
    }
    csv->name = join(path, "");
    csv->path = join(path, "");
    csv->part = join(path, ".part");
    if (!csv->name || !csv->path || !csv->part) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a table", path);
        goto done;
    }
    unlink(csv->part); /* left by a run that was killed */
    fd = open(csv->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
        goto done;
    }
    csv->stream = fdopen(fd, "w");
    if (!csv->stream) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
        close(fd);
        unlink(csv->part);
        goto done;
    }
    *out = csv;
    csv = NULL; /* now the caller's */

done:
    hst_csv_free(csv);
    return status;
}

hst_status hst_csv_attach(hst_csv **out, FILE *stream, const char *name, hst_error *err)
{
    hst_csv *csv = calloc(1, sizeof *csv);

    *out = NULL;
    if (!csv) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a table", name);
    }
    csv->name = join(name, "");
    if (!csv->name) {
        free(csv);
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a table", name);
    }
    csv->stream = stream;
    *out = csv;
    return HST_OK;
}

void hst_csv_header(hst_csv *csv, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hst_csv_text(csv, names[i]);
    }
    hst_csv_end_row(csv);
}

/* Bytes before the first that asks for quotes, or before the end. A row has twenty cells of text of
 * ten bytes: the set-up of strpbrk would cost more than the cells. */
static size_t plain_bytes(const char *text)
{
    size_t n = 0;

    while (text[n] != '\0' && text[n] != ',' && text[n] != '"' && text[n] != '\r' &&
           text[n] != '\n') {
        n++;
    }
    return n;
}

void hst_csv_text(hst_csv *csv, const char *text)
{
    size_t n_plain = 0;

    begin_cell(csv);
    if (!text) {
        return;
    }
    n_plain = plain_bytes(text);
    if (text[n_plain] == '\0') {
        put(csv, text, n_plain);
        return;
    }
    put(csv, "\"", 1);
    while (*text) {
        size_t n = strcspn(text, "\"");

        put(csv, text, n);
        text += n;
        if (*text == '"') {
            put(csv, "\"\"", 2);
            text++;
        }
    }
    put(csv, "\"", 1);
}

size_t hst_csv_format_count(char text[HST_CSV_NUMBER_BYTES], uint64_t number)
{
    char digits[HST_CSV_NUMBER_BYTES];
    size_t first = sizeof digits;
    size_t n = 0;

    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    n = sizeof digits - first;
    memcpy(text, digits + first, n);
    text[n] = '\0';
    return n;
}

size_t hst_csv_format_real(char text[HST_CSV_NUMBER_BYTES], double number)
{
    double size = fabs(number);
    size_t sign = 0;

    if (isnan(number)) {
        text[0] = '\0';
        return 0;
    }
    if (isinf(number)) {
        return (size_t)snprintf(text, HST_CSV_NUMBER_BYTES, "%s", number > 0 ? "Inf" : "-Inf");
    }
    /* Counts and populations are whole, and most cells: digits are ten times as fast as printf. */
    if (size < 1e15 && size == floor(size)) {
        if (number < 0) {
            text[0] = '-';
            sign = 1;
        }
        return sign + hst_csv_format_count(text + sign, (uint64_t)size);
    }
    return (size_t)snprintf(text, HST_CSV_NUMBER_BYTES, "%.15g", number);
}

void hst_csv_count(hst_csv *csv, uint64_t number)
{
    char text[HST_CSV_NUMBER_BYTES];

    begin_cell(csv);
    put(csv, text, hst_csv_format_count(text, number));
}

void hst_csv_integer(hst_csv *csv, int64_t number)
{
    char text[HST_CSV_NUMBER_BYTES];
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    begin_cell(csv);
    if (number < 0) {
        put(csv, "-", 1);
    }
    put(csv, text, hst_csv_format_count(text, size));
}

void hst_csv_real(hst_csv *csv, double number)
{
    char text[HST_CSV_NUMBER_BYTES];

    begin_cell(csv);
    put(csv, text, hst_csv_format_real(text, number));
}

void hst_csv_empty(hst_csv *csv)
{
    begin_cell(csv);
}

void hst_csv_end_row(hst_csv *csv)
{
    put(csv, "\n", 1);
    csv->row_begun = false;
}

hst_status hst_csv_finish(hst_csv *csv, hst_error *err)
{
    flush_buffer(csv);
    if (csv->failure == 0 && fflush(csv->stream) != 0) {
        csv->failure = errno;
    }
    if (csv->part) {
        /* The name is given to a file whose bytes are on the disk, also after a loss of power. */
        if (csv->failure == 0 && fsync(fileno(csv->stream)) != 0) {
            csv->failure = errno;
        }
        if (fclose(csv->stream) != 0 && csv->failure == 0) {
            csv->failure = errno;
        }
        csv->stream = NULL;
        if (csv->failure == 0 && rename(csv->part, csv->path) != 0) {
            csv->failure = errno;
        }
        if (csv->failure == 0) {
            free(csv->part);
            csv->part = NULL;
        }
    }
    if (csv->failure != 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written: %s", csv->name,
                        strerror(csv->failure));
    }
    return HST_OK;
}

void hst_csv_free(hst_csv *csv)
{
    if (!csv) {
        return;
    }
    if (csv->part) {
        if (csv->stream) {
            fclose(csv->stream);
            unlink(csv->part);
        } else if (csv->failure != 0) {
            unlink(csv->part);
        }
    }
    free(csv->path);
    free(csv->part);
    free(csv->name);
    free(csv);
}
