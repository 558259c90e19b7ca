/* Text of one field to its stored value, by the rules of domain/hes-fields.md. These are the slow
 * and complete versions; decode.c has short cuts for the forms that nearly every field has. */
#include <stdio.h>
#include <string.h>

#include "ingest/extract_internal.h"

enum {
    FIRST_YEAR = 1930, /* earlier activity dates are sentinels */
    OLDEST_AGE = 130,  /* STARTAGE 120 means 120 and over; beyond this it is no age */
    N_LSOAS = 32482,   /* of 2001, ranked by IMD 2004 to 2010 */
    LAST_SHORT_KEY_YEAR = 2011,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

const char *hst_clean_trim(const char *text, size_t *length)
{
    size_t n = *length;

    while (n > 0 && is_space(text[0])) {
        text++;
        n--;
    }
    while (n > 0 && is_space(text[n - 1])) {
        n--;
    }
    if (n == 4 && (memcmp(text, "NULL", 4) == 0 || memcmp(text, "Null", 4) == 0 ||
                   memcmp(text, "null", 4) == 0)) {
        n = 0;
    }
    *length = n;
    return text;
}

/* Length without a decimal part of noughts: "5.0" is 5, "5." too. */
static size_t whole_length(const char *text, size_t length)
{
    size_t n = length;

    while (n > 0 && text[n - 1] == '0') {
        n--;
    }
    return n > 1 && text[n - 1] == '.' ? n - 1 : length;
}

bool hst_clean_number(const char *text, size_t length, uint64_t *out)
{
    uint64_t value = 0;
    size_t n = whole_length(text, length);

    if (n == 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

/* n digits as a number, -1 when one of them is none. */
static int digits(const char *text, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (!is_digit(text[i])) {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* A clock time, or nothing, after the date: blank or T, then digits, points, colons and a zone. */
static bool is_time_part(const char *text, size_t length)
{
    if (length == 0) {
        return true;
    }
    if (text[0] != ' ' && text[0] != 'T') {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (!is_digit(text[i]) && !strchr(" .:+-Z", text[i])) {
            return false;
        }
    }
    return true;
}

static bool is_likely_year(int year)
{
    return year >= 1500 && year <= 2109;
}

bool hst_clean_date(const char *text, size_t length, hst_day *out)
{
    int year = -1, month = -1, day = -1;
    hst_date date = 0;

    *out = 0;
    if (length >= 10 && text[4] == '-' && text[7] == '-' && is_time_part(text + 10, length - 10)) {
        year = digits(text, 4);
        month = digits(text + 5, 2);
        day = digits(text + 8, 2);
    } else if (length >= 10 && text[2] == '/' && text[5] == '/' &&
               is_time_part(text + 10, length - 10)) {
        day = digits(text, 2);
        month = digits(text + 3, 2);
        year = digits(text + 6, 4);
    } else if (whole_length(text, length) == 8 || (length > 8 && text[8] == ' ')) {
        /* YYYYMMDD when its first half can be a year and the rest is a day; else DDMMYYYY */
        year = digits(text, 4);
        month = digits(text + 4, 2);
        day = digits(text + 6, 2);
        if (!is_likely_year(year) || !hst_date_exists(year, month, day)) {
            day = digits(text, 2);
            month = digits(text + 2, 2);
            year = digits(text + 4, 4);
            if (!is_likely_year(year)) {
                return false;
            }
        }
        if (length > 8 && text[8] == ' ' && !is_time_part(text + 8, length - 8)) {
            return false;
        }
    }
    if (year < 0 || !hst_date_exists(year, month, day)) {
        return false;
    }
    if (year < FIRST_YEAR) {
        return true;
    }
    date = hst_date_from_civil(year, month, day) - HST_DAY_EPOCH + 1;
    if (date > UINT16_MAX) {
        return false;
    }
    *out = (hst_day)date;
    return true;
}

bool hst_clean_age(const char *text, size_t length, uint16_t *out, bool *unknown)
{
    uint64_t age = 0;

    if (!hst_clean_number(text, length, &age)) {
        return false;
    }
    *out = HST_AGE_MISSING;
    if (age <= OLDEST_AGE) {
        *out = (uint16_t)(age < 120 ? age : 120);
    } else if (age >= 7001 && age <= 7007) {
        *out = 0; /* bands of the first year of life */
    } else {
        *unknown = age != 999;
    }
    return true;
}

bool hst_clean_order(const char *text, size_t length, uint16_t *out, bool *unknown)
{
    uint64_t order = 0;

    if (!hst_clean_number(text, length, &order)) {
        return false;
    }
    *unknown = order == 0 || (order > 87 && order != 98 && order != 99);
    *out = (uint16_t)(order <= 99 ? order : 0);
    return true;
}

bool hst_clean_time(const char *text, size_t length, uint16_t *out, bool *unknown)
{
    char hhmm[5];
    uint64_t time = 0;

    *out = 0;
    if ((length == 5 || (length >= 8 && text[5] == ':')) && text[2] == ':') {
        memcpy(hhmm, text, 2); /* seconds do not matter */
        memcpy(hhmm + 2, text + 3, 2);
        text = hhmm;
        length = 4;
    }
    if (!hst_clean_number(text, length, &time)) {
        return false;
    }
    if (time / 100 < 24 && time % 100 < 60) {
        *out = (uint16_t)(1 + time / 100 * 60 + time % 100);
    } else {
        *unknown = time != 3000 && time != 4000;
    }
    return true;
}

bool hst_clean_code1(const hst_field *field, const char *text, size_t length, uint16_t *out,
                     bool *unknown)
{
    size_t n = whole_length(text, length);
    char code = 0;

    if (n == 2 && text[0] == '0' && is_digit(text[1])) {
        text++; /* 01 is 1 where the field has one character */
        n = 1;
    }
    if (n == 2 && memcmp(text, "99", 2) == 0 && strcmp(field->name, "ETHNOS") == 0) {
        text = "X"; /* not known, in the scheme of later years */
        n = 1;
    }
    if (n != 1) {
        return false;
    }
    code = upper(text[0]);
    *unknown = field->codes && !hst_codes_have(field->codes, &code, 1);
    *out = (unsigned char)code;
    return true;
}

bool hst_clean_code2(const hst_field *field, const char *text, size_t length, uint16_t *out,
                     bool *unknown)
{
    size_t n = whole_length(text, length);
    char code[2] = {0, 0};

    if (n > 2) {
        return false;
    }
    if (n == 1 && is_digit(text[0])) {
        code[0] = '0';
        code[1] = text[0];
    } else {
        code[0] = upper(text[0]);
        code[1] = n == 2 ? upper(text[1]) : '\0';
    }
    if (code[0] == '6' && code[1] >= '6' && code[1] <= '9' &&
        strcmp(field->name, "ADMIMETH") == 0) {
        code[0] = '2'; /* 66 to 69 are 2A to 2D in deliveries that keep the field numeric */
        code[1] = (char)(code[1] - '6' + 'A');
    }
    *unknown = field->codes && !hst_codes_have(field->codes, code, code[1] ? 2 : 1);
    *out = HST_CODE2(code[0], code[1]);
    return true;
}

uint16_t hst_clean_flag(const char *text, size_t length)
{
    char word[8];
    size_t n = whole_length(text, length);

    for (size_t i = 0; i < n && n < sizeof word; i++) {
        word[i] = upper(text[i]);
    }
    if (n >= sizeof word) {
        return 0;
    }
    return hst_codes_have("1 Y T YES TRUE", word, n)   ? '1'
           : hst_codes_have("0 N F NO FALSE", word, n) ? '0'
                                                       : 0;
}

uint16_t hst_clean_imd_decile(const char *text, size_t length)
{
    uint64_t number = 0;

    if (hst_clean_number(text, length, &number)) {
        return (uint16_t)(number >= 1 && number <= 10 ? number : 0);
    }
    /* "Most deprived 10%", "More deprived 10-20%" .. "Less deprived 10-20%", "Least deprived 10%":
     * the first number after the word is the lower bound in tens, counted from either end */
    for (size_t i = 0; i + 1 < length; i++) {
        if (is_digit(text[i]) && text[i + 1] == '0') {
            unsigned tens = (unsigned)(text[i] - '0');
            bool is_range = memchr(text + i, '-', length - i) != NULL;
            unsigned from_end = is_range ? tens : tens - 1;

            if (tens < 1 || tens > 4 || (!is_range && tens != 1)) {
                return 0;
            }
            return (uint16_t)(upper(text[0]) == 'M'   ? from_end + 1
                              : upper(text[0]) == 'L' ? 10 - from_end
                                                      : 0);
        }
    }
    return 0;
}

uint16_t hst_clean_imd_rank(const char *text, size_t length)
{
    uint64_t rank = 0;
    uint64_t decile = 0;

    if (!hst_clean_number(text, length, &rank) || rank == 0 || rank > 2 * N_LSOAS) {
        return 0;
    }
    decile = 1 + (rank - 1) * 10 / N_LSOAS; /* later indices rank 362 LSOAs more: the last decile */
    return (uint16_t)(decile > 10 ? 10 : decile);
}

/* Upper case without dots, blanks and the marks of dagger and asterisk; four characters, or five
 * when the fifth is a digit that belongs to the code (after a filler X it does not). */
static size_t clean_clinical(const char *text, size_t length, bool is_diagnosis, char *code)
{
    size_t n = 0;

    if (text[0] == '-' || text[0] == '&') {
        return 0;
    }
    for (size_t i = 0; i < length && n < HST_CODE_BYTES - 1; i++) {
        if (!is_space(text[i]) && text[i] != '.' && text[i] != '*' && text[i] != '+') {
            code[n++] = upper(text[i]);
        }
    }
    if (n > 4) {
        n = is_diagnosis && is_digit(code[4]) && code[3] != 'X' ? 5 : 4;
    }
    return n;
}

size_t hst_clean_code(hst_field_kind kind, const char *text, size_t length,
                      char code[HST_CODE_BYTES])
{
    size_t n = length;

    if (length >= HST_CODE_BYTES) {
        return HST_CODE_BYTES;
    }
    if (length == 0) {
        return 0;
    }
    memset(code, 0, HST_CODE_BYTES);
    if (kind == HST_KIND_DIAGNOSIS || kind == HST_KIND_PROCEDURE) {
        return clean_clinical(text, length, kind == HST_KIND_DIAGNOSIS, code);
    }
    for (size_t i = 0; i < length; i++) {
        code[i] = upper(text[i]);
    }
    if (kind == HST_KIND_PROVIDER) {
        /* the independent sector (N.., 8..) is told apart by site, the NHS by trust */
        size_t width = code[0] == 'N' || code[0] == '8' ? 5 : 3;

        n = n < width ? n : width;
    } else if (kind == HST_KIND_SPECIALTY) {
        n = whole_length(code, n);
    } else if (kind == HST_KIND_AREA && n == 5 && code[3] == '0' && code[4] == '0' &&
               memcmp(code, "598", 3) != 0 && memcmp(code, "599", 3) != 0) {
        n = 3;
    }
    memset(code + n, 0, HST_CODE_BYTES - n);
    return n;
}

size_t hst_clean_provider(const char *text, size_t length, char code[HST_CODE_BYTES])
{
    return hst_clean_code(HST_KIND_PROVIDER, text, length, code);
}

uint32_t hst_clean_partyear(const char *text, size_t length)
{
    uint64_t number = 0;

    if (!hst_clean_number(text, length, &number) || number < 198000 || number > 299999) {
        return 0;
    }
    return (uint32_t)number;
}

unsigned hst_clean_fyear(const char *text, size_t length)
{
    size_t n = whole_length(text, length);
    int number = digits(text, n < 4 ? n : 4);

    if (n == 0 || number < 0) {
        return 0;
    }
    if (n <= 4) { /* 0102, or 102 where a spreadsheet has cut the nought */
        unsigned yy = (unsigned)number / 100;
        unsigned next = (unsigned)number % 100;

        return next == (yy + 1) % 100 ? (yy < 80 ? 2000 : 1900) + yy : 0;
    }
    return number >= 1980 && number < 2110 ? (unsigned)number : 0; /* 200102, 2001/02, YYYYnn */
}

uint64_t hst_clean_complete_key(hst_dataset dataset, uint64_t key, unsigned year)
{
    unsigned hundreds = dataset == HST_DATASET_OP ? 300 : dataset == HST_DATASET_AE ? 200 : 100;

    if (key < 1000000000u && year > 0 && year <= LAST_SHORT_KEY_YEAR) {
        key += (hundreds + year % 100) * (uint64_t)1000000000u;
    }
    return key;
}
