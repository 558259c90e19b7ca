/* Civil dates by the algorithms of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */
#include "hestia/date.h"

hst_date hst_date_from_civil(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

void hst_date_to_civil(hst_date date, int *year, int *month, int *day)
{
    int z = date + 719468;
    int era = (z >= 0 ? z : z - 146096) / 146097;
    int day_of_era = z - era * 146097;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

bool hst_date_exists(int year, int month, int day)
{
    static const int days_in_month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return year >= 0 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days_in_month[month - 1] + (is_leap && month == 2);
}

static bool read_digits(const char *text, int n, int *out)
{
    int value = 0;

    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return true;
}

bool hst_date_parse_iso(const char *text, size_t length, hst_date *out)
{
    int year = 0, month = 0, day = 0;

    if (length != 10 || text[4] != '-' || text[7] != '-' || !read_digits(text, 4, &year) ||
        !read_digits(text + 5, 2, &month) || !read_digits(text + 8, 2, &day) ||
        !hst_date_exists(year, month, day)) {
        return false;
    }
    *out = hst_date_from_civil(year, month, day);
    return true;
}

static void write_digits(char *text, int n, int value)
{
    while (n > 0) {
        text[--n] = (char)('0' + value % 10);
        value /= 10;
    }
}

void hst_date_format(hst_date date, char text[11])
{
    int year = 0, month = 0, day = 0;

    text[0] = '\0';
    if (date != HST_DATE_MISSING) {
        hst_date_to_civil(date, &year, &month, &day);
        write_digits(text, 4, year);
        text[4] = '-';
        write_digits(text + 5, 2, month);
        text[7] = '-';
        write_digits(text + 8, 2, day);
        text[10] = '\0';
    }
}

int hst_date_financial_year(hst_date date)
{
    int year = 0, month = 0, day = 0;

    hst_date_to_civil(date, &year, &month, &day);
    return month >= 4 ? year : year - 1;
}
