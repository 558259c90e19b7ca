#include "hestia/working_days.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/reference.h"
#include "hestia/table.h"

struct hst_working_days {
    hst_date first, last; /* days of the calendar years that the list covers */
    size_t n;
    hst_date *holidays; /* [n] in order, each once, none on a Saturday or Sunday */
};

/* 0 Monday to 6 Sunday: 1970-01-01 was a Thursday. */
static int weekday(hst_date date)
{
    return ((date + 3) % 7 + 7) % 7;
}

/* Monday to Friday in the days before `date`, counted from some Monday on. */
static int32_t weekdays_before(hst_date date)
{
    int32_t day = weekday(date), week = (date - day) / 7;

    return 5 * week + (day < 5 ? day : 5);
}

/* The list is a reference table, so a fault in it is one of the program. */
static hst_status read_holidays(hst_working_days *calendar, const hst_table *table, hst_error *err)
{
    size_t column = 0, n = hst_table_n_rows(table);
    hst_status status = hst_table_require(table, "date", &column, err);

    for (size_t row = 0; row < n && !status; row++) {
        const char *cell = hst_table_cell(table, row, column);
        hst_date *date = &calendar->holidays[row];

        if (!hst_date_parse_iso(cell, strlen(cell), date) || weekday(*date) > 4 ||
            (row > 0 && *date <= calendar->holidays[row - 1])) {
            status =
                hst_fail(err, HST_ERR_INPUT, "%s, line %zu: not a weekday after the one before it",
                         hst_table_name(table), hst_table_line(table, row));
        }
    }
    if (!status) {
        int year = 0, month = 0, day = 0;

        calendar->n = n;
        hst_date_to_civil(calendar->holidays[0], &year, &month, &day);
        calendar->first = hst_date_from_civil(year, 1, 1);
        hst_date_to_civil(calendar->holidays[n - 1], &year, &month, &day);
        calendar->last = hst_date_from_civil(year, 12, 31);
    }
    return status;
}

hst_status hst_working_days_create(hst_working_days **out, hst_error *err)
{
    hst_status status = HST_OK;
    hst_table *table = NULL;
    hst_working_days *calendar = calloc(1, sizeof *calendar);

    *out = NULL;
    if (!calendar) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the bank holidays");
    }
    status =
        hst_table_read_text(&table, hst_reference_text("bank_holidays"), "bank_holidays.csv", err);
    if (status) {
        goto done;
    }
    calendar->holidays = calloc(hst_table_n_rows(table) + 1, sizeof *calendar->holidays);
    if (!calendar->holidays) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the bank holidays");
        goto done;
    }
    status = read_holidays(calendar, table, err);
    if (!status) {
        *out = calendar;
        calendar = NULL; /* now the caller's */
    }

done:
    hst_table_free(table);
    hst_working_days_free(calendar);
    return status;
}

void hst_working_days_free(hst_working_days *calendar)
{
    if (!calendar) {
        return;
    }
    free(calendar->holidays);
    free(calendar);
}

/* Holidays in the days before `date`. */
static size_t holidays_before(const hst_working_days *calendar, hst_date date)
{
    size_t n = 0;

    while (n < calendar->n && calendar->holidays[n] < date) {
        n++;
    }
    return n;
}

hst_status hst_working_days_count(size_t *n, const hst_working_days *calendar, hst_date from,
                                  hst_date to, hst_error *err)
{
    char first[11], last[11];

    *n = 0;
    if (from > to || from < calendar->first || to > calendar->last) {
        hst_date_format(calendar->first, first);
        hst_date_format(calendar->last, last);
        return hst_fail(err, HST_ERR_RANGE,
                        "working days are known from %s to %s, the years of the list of bank "
                        "holidays, and the period is not inside",
                        first, last);
    }
    *n = (size_t)(weekdays_before(to + 1) - weekdays_before(from)) -
         (holidays_before(calendar, to + 1) - holidays_before(calendar, from));
    return HST_OK;
}
