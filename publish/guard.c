/* A CSV file has no types: a spreadsheet runs a text that begins with =, +, - or @ as a formula,
 * which can call programs and send what stands beside it to an address. Where a semicolon
 * separates, as in most of Europe, it begins a cell at each of them in spite of the quotes. */
#include "publish/guard.h"

#include <stdbool.h>
#include <string.h>

#include "hestia/row_memory.h"
#include "hestia/text.h"

/* True for texts of nearly all cells: letters, digits and blanks, nothing that is looked at below.
 */
static bool is_plain(const char *text)
{
    if (*text == '=' || *text == '+' || *text == '-' || *text == '@' || *text == ' ') {
        return false;
    }
    while (*text >= ' ' && *text < 0x7f && *text != ',' && *text != ';' && *text != '|') {
        text++;
    }
    return *text == '\0';
}

/* The sign of a formula that a text begins with, its wide form of East Asian keyboards too; NUL for
 * none. */
static char formula_sign(const char *text)
{
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
                                       "\xef\xbc\xa0"};

    for (size_t i = 0; i < 4; i++) {
        if (strncmp(text, wide[i], 3) == 0) {
            return '=';
        }
    }
    return *text != '\0' && strchr("=+-@", *text) ? *text : '\0';
}

/* Is what begins here run? A sign before a number is none of a formula. Inside a text a dash or a
 * plus is one of ours or of a sentence unless a call, another sheet or a program follows. */
static bool is_formula(const char *text, bool begins_the_cell)
{
    char sign = formula_sign(text);
    size_t n = 0;

    if (sign != '+' && sign != '-') {
        return sign != '\0';
    }
    text++;
    if (begins_the_cell) {
        return text[strspn(text, "0123456789.,eE+-")] != '\0' && strcmp(text, "Inf") != 0;
    }
    n = strcspn(text, ",;\n(|!");
    return text[n] == '(' || text[n] == '|' || text[n] == '!';
}

static bool is_control(const char *text, size_t n)
{
    char one[5] = "";

    memcpy(one, text, n);
    return !hst_text_is_harmless(one) || *text == '\t' || *text == '\r';
}

const char *hst_guard_text(hst_guard *guard, const char *text)
{
    size_t needed = 3 * strlen(text) + 1, used = 0;
    bool begins = true, begins_the_cell = true;

    if (is_plain(text)) {
        return text;
    }
    if (guard->capacity < needed) {
        char *larger = hst_row_memory_resize(guard->text, guard->capacity, needed);

        if (!larger) {
            return NULL;
        }
        guard->text = larger;
        guard->capacity = needed;
    }
    while (*text) {
        size_t n = hst_utf8_bytes(text);

        if (n == 0) {
            memcpy(guard->text + used, "\xef\xbf\xbd", 3);
            used += 3;
            begins = false;
            text++;
            continue;
        }
        if (begins && is_formula(text, begins_the_cell)) {
            guard->text[used++] = '\'';
        }
        begins = strchr(",;|\n\t", *text) != NULL || (begins && (*text == ' ' || *text == '"'));
        begins_the_cell = begins_the_cell && *text == ' ';
        if (is_control(text, n)) {
            guard->text[used++] = ' ';
        } else {
            memcpy(guard->text + used, text, n);
            used += n;
        }
        text += n;
    }
    guard->text[used] = '\0';
    return guard->text;
}

void hst_guard_clear(hst_guard *guard)
{
    hst_row_memory_free(guard->text, guard->capacity);
    *guard = (hst_guard){0};
}
