/* What an area code says by its form alone. */
#include <string.h>

#include "area_internal.h"

bool hst_area_clean_code(const char *text, char out[HST_CODE_BYTES])
{
    size_t n = 0;

    while (*text == ' ') {
        text++;
    }
    for (; *text; text++) {
        if (n + 1 >= HST_CODE_BYTES) {
            return false;
        }
        out[n++] = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
    }
    while (n > 0 && out[n - 1] == ' ') {
        n--;
    }
    if (n == 5 && memcmp(out + 3, "00", 2) == 0 && memcmp(out, "598", 3) != 0 &&
        memcmp(out, "599", 3) != 0) {
        n = 3;
    }
    out[n] = '\0';
    return true;
}

hst_area_family hst_area_family_of(const char *column)
{
    if (strncmp(column, "RESPCT", 6) == 0 || strncmp(column, "PCT", 3) == 0) {
        return HST_AREA_PCT;
    }
    if (strncmp(column, "RESLAD", 6) == 0) {
        return HST_AREA_LAD;
    }
    return strncmp(column, "LSOA", 4) == 0 ? HST_AREA_ONS : HST_AREA_ANY;
}

hst_residence_says hst_area_read_pseudo_code(const char *code)
{
    size_t n = strlen(code);

    if (n == 0 || strcmp(code, "&") == 0 || strcmp(code, "-") == 0) {
        return HST_SAYS_UNKNOWN;
    }
    if (n == 1) {
        return strchr("SWZX", code[0]) ? HST_SAYS_NOT_ENGLAND : HST_SAYS_UNKNOWN;
    }
    if (n == 5 && strncmp(code, "598", 3) == 0) {
        return HST_SAYS_NOT_ENGLAND;
    }
    if (n == 5 && strncmp(code, "599", 3) == 0) {
        return HST_SAYS_UNKNOWN;
    }
    if (n == 9 && strcmp(code + 1, "99999999") == 0) {
        return code[0] == 'Z' || code[0] == 'E' ? HST_SAYS_UNKNOWN : HST_SAYS_NOT_ENGLAND;
    }
    return HST_SAYS_NOTHING;
}

bool hst_area_is_english(hst_area_family family, const char *code)
{
    size_t n = strlen(code);

    if (family == HST_AREA_PCT) {
        return code[0] == '5' || code[0] == 'T';
    }
    if (family == HST_AREA_LAD && n != 9) {
        /* 00AA-47UG are English but for Wales (00N., 00P.) and Scotland (00Q., 00R.); 95.. is
         * Northern Ireland. */
        return n == 4 && code[0] >= '0' && code[0] <= '4' &&
               !(code[0] == '0' && code[1] == '0' && strchr("NPQR", code[2]));
    }
    if (family != HST_AREA_ANY || n == 9) {
        return code[0] == 'E';
    }
    return true;
}
