#include "hestia/status.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    LONGEST = 3 * 4096, /* two paths and what is said of them */
    HEAD_BYTES = 200
};

/* Takes the text, without its middle where it is too long: it begins with a path, and ends with the
 * reason and what to do. */
static void take(hst_error *err, const char *text)
{
    static const char gap[] = " ... ";
    size_t n = strlen(text), head = HEAD_BYTES;
    const char *tail = NULL;

    if (n < sizeof err->message) {
        memcpy(err->message, text, n + 1);
        return;
    }
    while (head > 0 && ((unsigned char)text[head] & 0xC0) == 0x80) {
        head--; /* not within a character */
    }
    tail = text + n - (sizeof err->message - head - sizeof gap);
    while (((unsigned char)*tail & 0xC0) == 0x80) {
        tail++;
    }
    snprintf(err->message, sizeof err->message, "%.*s%s%s", (int)head, text, gap, tail);
}

hst_status hst_fail(hst_error *err, hst_status status, const char *format, ...)
{
    char text[LONGEST];
    va_list arguments;

    if (err) {
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        take(err, text);
    }
    return status;
}

hst_status hst_fail_at(hst_error *err, hst_status status, const char *format, ...)
{
    char place[LONGEST], text[LONGEST + sizeof err->message + 2];
    va_list arguments;

    if (err) {
        va_start(arguments, format);
        vsnprintf(place, sizeof place, format, arguments);
        va_end(arguments);
        snprintf(text, sizeof text, "%s: %s", place, err->message);
        take(err, text);
    }
    return status;
}

bool hst_size_multiply(size_t a, size_t b, size_t *product)
{
    if (b != 0 && a > SIZE_MAX / b) {
        return false;
    }
    *product = a * b;
    return true;
}
