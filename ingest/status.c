#include "hestia/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "hestia/text.h"

enum {
    LONGEST = 3 * 4096, /* two paths and what is said of them */
    HEAD_BYTES = 200
};

/* Takes the text as one harmless line, without its middle where it is too long: it begins with a
 * path, and ends with the reason and what to do. */
static void take(hst_error *err, char *text)
{
    static const char gap[] = " ... ";
    size_t n = strlen(text), head = HEAD_BYTES;
    const char *tail = NULL;

    hst_text_neutralise(text);
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

/* What to do is the same wherever memory ran out. */
static void add_memory_remedy(char *text, size_t room)
{
    size_t used = strlen(text);

    if (!strstr(text, "--memory")) {
        snprintf(text + used, room - used,
                 "; run with a smaller --memory or fewer --threads, or where more memory is free");
    }
}

hst_status hst_fail(hst_error *err, hst_status status, const char *format, ...)
{
    char text[LONGEST];
    va_list arguments;

    if (err) {
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        if (status == HST_ERR_MEMORY) {
            add_memory_remedy(text, sizeof text);
        }
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

const char *hst_remedy(int error_number)
{
    switch (error_number) {
    case ENOSPC:
    case EDQUOT:
        return "; make room on this disk and run again: what is complete is kept";
    case EACCES:
    case EPERM:
        return "; run as its owner, or as a user who is let in";
    case EROFS:
        return "; use a file system that can be written (of a systemd unit: ReadWritePaths=)";
    case EIO:
        return "; the disk fails or is out of reach: run again, and if it stays, use another one";
    case EFBIG:
        return "; raise the limit of the size of files (ulimit -f)";
    case EMFILE:
    case ENFILE:
        return "; raise the limit of open files (ulimit -n)";
    default:
        return "";
    }
}

hst_status hst_fail_system(hst_error *err, const char *path, const char *what)
{
    int error_number = errno;

    return hst_fail(err, error_number == ENOMEM ? HST_ERR_MEMORY : HST_ERR_SYSTEM, "%s: %s: %s%s",
                    path, what, strerror(error_number), hst_remedy(error_number));
}

bool hst_size_multiply(size_t a, size_t b, size_t *product)
{
    if (b != 0 && a > SIZE_MAX / b) {
        return false;
    }
    *product = a * b;
    return true;
}
