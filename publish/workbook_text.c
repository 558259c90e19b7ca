/* Texts from outside in a workbook. In an xlsx file a text is typed as one and is never run, but
 * the type is lost when somebody saves the sheet as CSV and opens that again: texts that would then
 * be formulas have an apostrophe before them. */
#include <string.h>

#include "publish/workbook.h"

enum { REPLACEMENT = 0xFFFD, ELLIPSIS = 0x2026, APOSTROPHE = 0x2019, BEYOND_BMP = 0x10000 };

/* Reads one character and moves on; REPLACEMENT for a byte that begins none. */
static uint32_t next_character(const char **text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)*text;
    uint32_t c = bytes[0];
    size_t n = c < 0x80                ? 1
               : c >= 0xC2 && c < 0xE0 ? 2
               : c >> 4 == 0xE         ? 3
               : c >> 3 == 0x1E        ? 4
                                       : 0;

    *text += 1;
    if (n < 2) {
        return n == 1 ? c : REPLACEMENT;
    }
    c &= 0x7FU >> n;
    for (size_t i = 1; i < n; i++) {
        if (bytes[i] >> 6 != 2) {
            return REPLACEMENT;
        }
        c = c << 6 | (bytes[i] & 0x3FU);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
        return REPLACEMENT;
    }
    *text += n - 1;
    return c;
}

/* As a workbook may hold it: XML has no place for most control characters. */
static uint32_t allowed(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
        return ' ';
    }
    return (c & 0xFFFE) == 0xFFFE ? REPLACEMENT : c;
}

static size_t put_character(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < BEYOND_BMP) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* "_x000D_" in a text of an xlsx file stands for the character of that number. */
static bool is_escape(const char *text)
{
    return text[0] == '_' && text[1] == 'x' && strspn(text + 2, "0123456789abcdefABCDEF") >= 4 &&
           text[6] == '_';
}

size_t book_text_units(const char *text)
{
    size_t n = 0;

    while (*text) {
        n += next_character(&text) >= BEYOND_BMP ? 2 : 1;
    }
    return n;
}

/* True where a spreadsheet that reads the text from a CSV file would take it for a formula: the
 * first character says so, spaces before it do not count, and the wide forms of East Asian
 * keyboards are read like the others. "-" alone and plain numbers ("-1") are none. */
static bool looks_like_formula(const char *text)
{
    const char *rest = text;
    uint32_t c = ' ';

    while (c == ' ' && *rest) {
        c = allowed(next_character(&rest));
    }
    if (c != '=' && c != '+' && c != '-' && c != '@' && c != 0xFF1D && c != 0xFF0B && c != 0xFF0D &&
        c != 0xFF20) {
        return false;
    }
    return strspn(rest, "0123456789.,") != strlen(rest);
}

/* Copies what fits into `limit` UTF-16 units; the last is an ellipsis where something did not. */
static void copy_clean(char *out, size_t limit, const char *text)
{
    static const char escaped_underscore[] = "_x005F_";
    size_t used = 0, n_units = 0, cut = 0; /* cut: where there still is room for the ellipsis */

    while (*text) {
        bool escapes = is_escape(text);
        uint32_t c = allowed(next_character(&text));
        size_t units = escapes ? sizeof escaped_underscore - 1 : c >= BEYOND_BMP ? 2 : 1;

        if (n_units < limit) {
            cut = used;
        }
        if (n_units + units > limit) {
            used = cut;
            used += put_character(out + used, ELLIPSIS);
            break;
        }
        if (escapes) {
            memcpy(out + used, escaped_underscore, units);
            used += units;
        } else {
            used += put_character(out + used, c);
        }
        n_units += units;
    }
    out[used] = '\0';
}

void book_clean_text(char *out, size_t limit, const char *text)
{
    size_t guard = text && looks_like_formula(text) ? 1 : 0;

    out[0] = '\'';
    copy_clean(out + guard, limit - guard, text ? text : "");
}

void book_sheet_name(char out[BOOK_SHEET_BYTES], size_t number, const char *title)
{
    enum { TITLE_UNITS = 4 * BOOK_MAX_SHEET };
    char clean[3 * TITLE_UNITS + 1], name[3 * TITLE_UNITS + 1];
    size_t used = 0, lead = 0;

    copy_clean(clean, TITLE_UNITS, title);
    for (const char *rest = clean; *rest;) {
        uint32_t c = next_character(&rest);

        if (c == '\'') {
            c = APOSTROPHE; /* one at the end is not allowed, and all others need quoting */
        } else if (c < 0x80 && strchr("[]:*?/\\", (int)c)) {
            c = ' ';
        }
        if (c != ' ' || (used > 0 && name[used - 1] != ' ')) {
            used += put_character(name + used, c);
        }
    }
    name[used] = '\0';
    lead = (size_t)snprintf(out, BOOK_SHEET_BYTES, "%zu ", number);
    copy_clean(out + lead, BOOK_MAX_SHEET - lead, name);
    for (used = strlen(out); out[used - 1] == ' '; used--) {
        out[used - 1] = '\0';
    }
}
