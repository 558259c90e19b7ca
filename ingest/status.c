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
    char reason[sizeof err->message];
    va_list arguments;
    int n = 0;

    if (!err) {
        return status;
    }
    memcpy(reason, err->message, sizeof reason);
    va_start(arguments, format);
    n = vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    if (n >= 0 && (size_t)n < sizeof err->message) {
        snprintf(err->message + n, sizeof err->message - (size_t)n, ": %s", reason);
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
