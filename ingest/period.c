#include "hestia/period.h"

#include <stdio.h>
#include <string.h>

/* First day of the month that comes `months` after. */
static hst_date month_start(int year, int month, int months)
{
    int index = year * 12 + (month - 1) + months;

    return hst_date_from_civil(index / 12, index % 12 + 1, 1);
}

hst_period hst_period_of(hst_by type, hst_date date)
{
    hst_period period = {.type = type};
    int year = 0, month = 0, day = 0;
    unsigned first = 0; /* calendar year in which the financial year starts */

    hst_date_to_civil(date, &year, &month, &day);
    first = (unsigned)(year - (month < 4)) % 10000;
    switch (type) {
    case HST_BY_MONTH:
        period.start = month_start(year, month, 0);
        period.end = month_start(year, month, 1) - 1;
        snprintf(period.label, sizeof period.label, "%04u-%02u", (unsigned)year % 10000,
                 (unsigned)month % 100);
        break;
    case HST_BY_QUARTER:
        period.start = month_start(year, (month - 1) / 3 * 3 + 1, 0);
        period.end = month_start(year, (month - 1) / 3 * 3 + 1, 3) - 1;
        snprintf(period.label, sizeof period.label, "%04u/%02u Q%u", first, (first + 1) % 100,
                 (unsigned)(month + 8) % 12 / 3 + 1);
        break;
    case HST_BY_YEAR:
        period.start = month_start(year - (month < 4), 4, 0);
        period.end = month_start(year - (month < 4), 4, 12) - 1;
        snprintf(period.label, sizeof period.label, "%04u/%02u", first, (first + 1) % 100);
        break;
    }
    return period;
}

hst_period hst_period_next(const hst_period *period)
{
    return hst_period_of(period->type, period->end + 1);
}

/* Reads exactly `n` digits; false when one is not a digit. */
static bool read_digits(const char *text, size_t n, int *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

/* Financial year from the first `length` characters: "2010/11", "2010-11", "201011", "1011". */
static bool read_year(const char *text, size_t length, int *year)
{
    int first = 0, second = 0;

    if (length == 7 && (text[4] == '/' || text[4] == '-')) {
        if (!read_digits(text, 4, &first) || !read_digits(text + 5, 2, &second)) {
            return false;
        }
    } else if (length == 6) {
        if (!read_digits(text, 4, &first) || !read_digits(text + 4, 2, &second)) {
            return false;
        }
    } else if (length == 4) {
        if (!read_digits(text, 2, &first) || !read_digits(text + 2, 2, &second)) {
            return false;
        }
        first += first < 60 ? 2000 : 1900; /* HES begins in 1989 */
    } else {
        return false;
    }
    *year = first;
    return first >= 1930 && second == (first + 1) % 100;
}

bool hst_period_parse_as(hst_by type, const char *label, hst_period *out)
{
    size_t length = strlen(label);
    int year = 0, part = 0;

    switch (type) {
    case HST_BY_MONTH:
        if (length != 7 || label[4] != '-' || !read_digits(label, 4, &year) ||
            !read_digits(label + 5, 2, &part) || year < 1930 || part < 1 || part > 12) {
            return false;
        }
        *out = hst_period_of(type, hst_date_from_civil(year, part, 1));
        return true;
    case HST_BY_QUARTER:
        if (length < 4 || label[length - 3] != ' ' || label[length - 2] != 'Q' ||
            !read_year(label, length - 3, &year) || !read_digits(label + length - 1, 1, &part) ||
            part < 1 || part > 4) {
            return false;
        }
        *out = hst_period_of(type, month_start(year, 4, (part - 1) * 3));
        return true;
    case HST_BY_YEAR:
        if (!read_year(label, length, &year)) {
            return false;
        }
        *out = hst_period_of(type, hst_date_from_civil(year, 4, 1));
        return true;
    }
    return false;
}

bool hst_period_parse(const char *label, hst_period *out)
{
    return hst_period_parse_as(HST_BY_MONTH, label, out) ||
           hst_period_parse_as(HST_BY_QUARTER, label, out) ||
           hst_period_parse_as(HST_BY_YEAR, label, out);
}

int hst_month_index(hst_date from, hst_date date)
{
    int from_year = 0, from_month = 0, year = 0, month = 0, day = 0;

    hst_date_to_civil(from, &from_year, &from_month, &day);
    hst_date_to_civil(date, &year, &month, &day);
    return (year - from_year) * 12 + month - from_month;
}

const char *hst_period_type_name(hst_by type)
{
    switch (type) {
    case HST_BY_MONTH:
        return "month";
    case HST_BY_QUARTER:
        return "quarter";
    case HST_BY_YEAR:
        return "year";
    }
    return "";
}
