#include "hestia/text.h"

#include <string.h>

size_t hst_utf8_bytes(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t n = bytes[0] < 0x80   ? 1
               : bytes[0] < 0xc2 ? 0
               : bytes[0] < 0xe0 ? 2
               : bytes[0] < 0xf0 ? 3
               : bytes[0] < 0xf5 ? 4
                                 : 0;

    for (size_t i = 1; i < n; i++) {
        if ((bytes[i] & 0xc0) != 0x80) { /* the text's NUL, too */
            return 0;
        }
    }
    if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
        (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f)) {
        return 0; /* longer than it need be, half of a pair, or beyond the last one */
    }
    return n;
}

/* True for the control characters of ASCII and of Latin-1, which some terminals obey, too; and for
 * marks of the direction of writing, which show words in another order than they stand. */
static bool is_control(const char *text, size_t n)
{
    const unsigned char *bytes = (const unsigned char *)text;

    if (n == 3 && bytes[0] == 0xe2) {
        return (bytes[1] == 0x80 &&
                (bytes[2] == 0x8e || bytes[2] == 0x8f || (bytes[2] >= 0xa8 && bytes[2] <= 0xae))) ||
               (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9);
    }
    return n == 1 ? bytes[0] < 0x20 || bytes[0] == 0x7f
                  : n == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0;
}

void hst_text_neutralise(char *text)
{
    while (*text) {
        size_t n = hst_utf8_bytes(text);

        if (n == 0 || is_control(text, n)) {
            n = n == 0 ? 1 : n;
            memset(text, '?', n);
        }
        text += n;
    }
}

void hst_text_blank(char *text)
{
    while (*text) {
        size_t n = *text >= ' ' && *text < 0x7f ? 1 : hst_utf8_bytes(text);

        if (n > 0 && is_control(text, n) && !strchr("\t\r\n", *text)) {
            memset(text, ' ', n);
        }
        text += n == 0 ? 1 : n;
    }
}

bool hst_text_is_harmless(const char *text)
{
    while (*text) {
        size_t n = *text >= ' ' && *text < 0x7f ? 1 : hst_utf8_bytes(text);

        if (n > 0 && is_control(text, n) && !strchr("\t\r\n", *text)) {
            return false;
        }
        text += n == 0 ? 1 : n;
    }
    return true;
}

void hst_text_line(char *out, size_t room, const char *text)
{
    static const char ellipsis[] = "…";
    size_t used = 0, cut = 0; /* cut: where there still is room for the ellipsis */

    while (*text) {
        size_t n = hst_utf8_bytes(text), n_piece = n;
        const char *piece = text;

        if (n == 0) {
            piece = "\xef\xbf\xbd";
            n_piece = 3;
            n = 1;
        } else if (*text == '\n') {
            piece = " · ";
            n_piece = strlen(piece);
        } else if (is_control(text, n)) {
            piece = " ";
            n_piece = 1;
        }
        if (used + sizeof ellipsis <= room) {
            cut = used;
        }
        if (used + n_piece >= room) {
            memcpy(out + cut, ellipsis, sizeof ellipsis);
            return;
        }
        memcpy(out + used, piece, n_piece);
        used += n_piece;
        text += n;
    }
    out[used] = '\0';
}
