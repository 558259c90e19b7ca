#include "hestia/status.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

hst_status hst_fail(hst_error *err, hst_status status, const char *format, ...)
{
    va_list arguments;

    if (err) {
        va_start(arguments, format);
        vsnprintf(err->message, sizeof err->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

hst_status hst_fail_at(hst_error *err, hst_status status, const char *format, ...)
{
    char place[sizeof err->message];
    va_list arguments;
    size_t length = 0, room = 0;

    if (!err) {
        return status;
    }
    va_start(arguments, format);
    vsnprintf(place, sizeof place, format, arguments);
    va_end(arguments);
    length = strlen(place) + 2;
    if (length < sizeof err->message) { /* what does not fit is cut at the end of the reason */
        room = sizeof err->message - length;
        memmove(err->message + length, err->message, room);
        memcpy(err->message, place, length - 2);
        memcpy(err->message + length - 2, ": ", 2);
        err->message[sizeof err->message - 1] = '\0';
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
