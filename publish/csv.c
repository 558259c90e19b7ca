/* The writer of all tables. Usual numbers are turned into digits here, as "%.15g" would: printf
 * takes a microsecond for each, and made up four fifths of the time of results.csv. */
#include "hestia/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/regular_file.h"
#include "hestia/row_memory.h"
#include "publish/guard.h"

enum { BUFFER_BYTES = 1 << 16 };

struct hst_csv {
    FILE *stream;
    char *path, *part; /* NULL for a stream of the caller's */
    char *name;        /* for messages */
    bool row_begun;
    int failure; /* errno of the first failed write, 0 = none */
    hst_guard guard;
    size_t used;
    char buffer[BUFFER_BYTES]; /* an export holds rows of persons */
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
    hst_status status = hst_regular_file_check(path, err); /* a device would be replaced */
    hst_csv *csv = NULL;
    int fd = -1;

    *out = NULL;
    if (status != HST_OK) {
        return status;
    }
    csv = hst_row_memory_take_zeroed(sizeof *csv);
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
        status = hst_fail_system(err, path, "cannot be written");
        goto done;
    }
    csv->stream = fdopen(fd, "w");
    if (!csv->stream) {
        status = hst_fail_system(err, path, "cannot be written");
        close(fd);
        unlink(csv->part);
        goto done;
    }
    (void)setvbuf(csv->stream, NULL, _IONBF, 0); /* ours is the buffer, and is wiped */
    *out = csv;
    csv = NULL; /* now the caller's */

done:
    hst_csv_free(csv);
    return status;
}

hst_status hst_csv_attach(hst_csv **out, FILE *stream, const char *name, hst_error *err)
{
    hst_csv *csv = hst_row_memory_take_zeroed(sizeof *csv);

    *out = NULL;
    if (!csv) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a table", name);
    }
    csv->name = join(name, "");
    if (!csv->name) {
        hst_row_memory_free(csv, sizeof *csv);
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
    text = hst_guard_text(&csv->guard, text);
    if (!text) {
        csv->failure = csv->failure ? csv->failure : ENOMEM;
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

/* Products of a 53-bit mantissa and a power of five need 95 bits. */
__extension__ typedef unsigned __int128 wide;

enum { N_DIGITS = 15, LEAST_EXPONENT = -4, N_POWERS = N_DIGITS - LEAST_EXPONENT };

/**
 * The 15 significant digits of a number from 1e-4 to below 1e15 as an integer, rounded from the
 * exact binary value, ties to even, as printf does; `exponent` receives the power of ten of the
 * first.
 *
 *     size = mantissa * 2^e, so size * 10^k = mantissa * 5^k * 2^(e + k)
 *
 * with k = 14 - exponent, which is 0 to 18. The product has 14 digits before the point, the
 * mantissa alone 15, so e + k is negative and the last step a shift to the right.
 */
static uint64_t significant_digits(double size, int *exponent)
{
    static const double powers[N_POWERS] = {1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2,
                                            1e3,  1e4,  1e5,  1e6,  1e7, 1e8, 1e9,
                                            1e10, 1e11, 1e12, 1e13, 1e14};
    static const uint64_t fives[N_POWERS] = {
        1,          5,           25,           125,          625,          3125,      15625,
        78125,      390625,      1953125,      9765625,      48828125,     244140625, 1220703125,
        6103515625, 30517578125, 152587890625, 762939453125, 3814697265625};
    const uint64_t limit = 1000000000000000; /* 1e15 */
    int binary = 0, power = 0, shift = 0;
    uint64_t mantissa = (uint64_t)ldexp(frexp(size, &binary), 53);
    uint64_t digits = 0;
    wide product = 0, rest = 0, half = 0;

    while (power + 1 < N_POWERS && size >= powers[power + 1]) {
        power++;
    }
    shift = 53 - binary - (N_POWERS - 1 - power);
    product = (wide)mantissa * fives[N_POWERS - 1 - power];
    half = (wide)1 << (shift - 1);
    rest = product & (2 * half - 1);
    digits = (uint64_t)(product >> shift);
    digits += rest > half || (rest == half && digits % 2 == 1);
    *exponent = power + LEAST_EXPONENT;
    if (digits == limit) {
        digits /= 10;
        ++*exponent;
    }
    return digits;
}

/* Digits with their point, trailing zeros cut. */
static size_t write_digits(char *text, uint64_t digits, int exponent)
{
    char all[HST_CSV_NUMBER_BYTES];
    size_t n_whole = exponent < 0 ? 0 : (size_t)exponent + 1;
    size_t n = hst_csv_format_count(all, digits);
    size_t used = 0;

    while (n > n_whole && all[n - 1] == '0') {
        n--;
    }
    if (n_whole == 0) {
        text[used++] = '0';
    }
    memcpy(text + used, all, n_whole);
    used += n_whole;
    if (n > n_whole) {
        text[used++] = '.';
        for (int i = exponent; i < -1; i++) {
            text[used++] = '0';
        }
        memcpy(text + used, all + n_whole, n - n_whole);
        used += n - n_whole;
    }
    text[used] = '\0';
    return used;
}

size_t hst_csv_format_real(char text[HST_CSV_NUMBER_BYTES], double number)
{
    double size = fabs(number);
    size_t sign = number < 0;
    uint64_t digits = 0;
    int exponent = 0;

    if (isnan(number)) {
        text[0] = '\0';
        return 0;
    }
    if (isinf(number)) {
        return (size_t)snprintf(text, HST_CSV_NUMBER_BYTES, "%s", number > 0 ? "Inf" : "-Inf");
    }
    if (size != 0 && (size < 1e-3 || size >= 1e14)) { /* well inside the bounds of our digits */
        return (size_t)snprintf(text, HST_CSV_NUMBER_BYTES, "%.15g", number);
    }
    if (sign) {
        text[0] = '-';
    }
    if (size == floor(size)) {
        return sign + hst_csv_format_count(text + sign, (uint64_t)size);
    }
    digits = significant_digits(size, &exponent);
    return sign + write_digits(text + sign, digits, exponent);
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
        errno = csv->failure;
        return hst_fail_system(err, csv->name, "cannot be written");
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
    hst_guard_clear(&csv->guard);
    free(csv->path);
    free(csv->part);
    free(csv->name);
    hst_row_memory_free(csv, sizeof *csv);
}
