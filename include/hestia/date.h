#ifndef HESTIA_DATE_H
#define HESTIA_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A day as days since 1970-01-01 (proleptic Gregorian). */
typedef int32_t hst_date;

#define HST_DATE_MISSING INT32_MIN

/** Day number of a civil date that is known to exist. */
hst_date hst_date_from_civil(int year, int month, int day);

/** Civil date of a day number (not of HST_DATE_MISSING). */
void hst_date_to_civil(hst_date date, int *year, int *month, int *day);

/** True when the date exists in the calendar. */
bool hst_date_exists(int year, int month, int day);

/** Reads exactly "YYYY-MM-DD" (study file, small tables). False when it is not an existing date. */
bool hst_date_parse_iso(const char *text, size_t length, hst_date *out);

/** Writes "YYYY-MM-DD" and a NUL into `text`, or "" for HST_DATE_MISSING. */
void hst_date_format(hst_date date, char text[11]);

/** Calendar year in which the financial year (April to March) of this day starts. */
int hst_date_financial_year(hst_date date);

#endif
