/* What stands in the cells of population tables. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hestia/standard.h"
#include "standardise/population_file.h"

static const char *skip_blanks(const char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return text;
}

/* Reads an age of up to three digits and moves past it. */
static bool read_age(const char **text, int *age)
{
    int n_digits = 0;

    *age = 0;
    while (isdigit((unsigned char)**text) && n_digits < 3) {
        *age = *age * 10 + (**text - '0');
        (*text)++;
        n_digits++;
    }
    return n_digits > 0 && !isdigit((unsigned char)**text);
}

bool population_parse_age(const char *text, int *lower, int *upper)
{
    static const char *const open_words[] = {"+", "and over", "or over", "& over", "and above"};

    text = skip_blanks(text);
    if (strncasecmp(text, "aged", 4) == 0) {
        text = skip_blanks(text + 4);
    } else if (strncasecmp(text, "age", 3) == 0) {
        text = skip_blanks(text + 3);
    }
    if (strncasecmp(text, "under", 5) == 0 || text[0] == '<') {
        text = skip_blanks(text + (text[0] == '<' ? 1 : 5));
        *lower = 0;
        if (!read_age(&text, upper) || *upper == 0) {
            return false;
        }
        (*upper)--;
        return *skip_blanks(text) == '\0';
    }
    if (!read_age(&text, lower)) {
        return false;
    }
    *upper = *lower;
    text = skip_blanks(text);
    if (*text == '\0') {
        return true;
    }
    for (size_t i = 0; i < sizeof open_words / sizeof open_words[0]; i++) {
        if (strcasecmp(text, open_words[i]) == 0) {
            *upper = HST_AGE_OPEN;
            return true;
        }
    }
    if (text[0] == '-') {
        text++;
    } else if (strncasecmp(text, "to", 2) == 0) {
        text += 2;
    } else if (strncmp(text, "\xE2\x80\x93", 3) == 0) { /* en dash */
        text += 3;
    } else {
        return false;
    }
    text = skip_blanks(text);
    return read_age(&text, upper) && *skip_blanks(text) == '\0' && *upper >= *lower;
}

bool population_parse_people(const char *text, double *out)
{
    char digits[40];
    size_t n = 0;
    char *end = NULL;
    double value = 0;

    for (; isdigit((unsigned char)text[n]) && n < 15; n++) { /* exact: below 2^53 */
        value = value * 10 + (text[n] - '0');
    }
    if (n > 0 && text[n] == '\0') {
        *out = value;
        return true;
    }
    n = 0;
    for (; *text != '\0'; text++) {
        if (*text == ',' || isspace((unsigned char)*text)) {
            continue;
        }
        if ((!isdigit((unsigned char)*text) && *text != '.') || n + 1 == sizeof digits) {
            return false;
        }
        digits[n++] = *text;
    }
    digits[n] = '\0';
    *out = strtod(digits, &end);
    return n > 0 && *end == '\0';
}

bool population_parse_year(const char *text, int *out)
{
    size_t n_digits = 0;

    text += strcspn(text, "0123456789");
    n_digits = strspn(text, "0123456789");
    if (n_digits != 4 || text[4 + strcspn(text + 4, "0123456789")] != '\0') {
        return false;
    }
    *out = atoi(text);
    return *out >= 1800;
}

sex_word population_parse_sex(const char *text)
{
    static const struct {
        const char *word;
        sex_word meaning;
    } words[] = {
        {"1", SEX_WORD_MALE},           {"m", SEX_WORD_MALE},         {"male", SEX_WORD_MALE},
        {"males", SEX_WORD_MALE},       {"2", SEX_WORD_FEMALE},       {"f", SEX_WORD_FEMALE},
        {"female", SEX_WORD_FEMALE},    {"females", SEX_WORD_FEMALE}, {"0", SEX_WORD_BOTH},
        {"persons", SEX_WORD_BOTH},     {"total", SEX_WORD_BOTH},     {"all", SEX_WORD_BOTH},
        {"all persons", SEX_WORD_BOTH},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            return words[i].meaning;
        }
    }
    return SEX_WORD_UNKNOWN;
}
