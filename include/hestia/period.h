#ifndef HESTIA_PERIOD_H
#define HESTIA_PERIOD_H

#include <stddef.h>

#include "hestia/date.h"
#include "hestia/study.h"

/** A month, financial quarter or financial year, the way results.csv names it. */
typedef struct hst_period {
    hst_by type;
    hst_date start, end; /**< inclusive */
    char label[12];      /**< "2010-04", "2010/11 Q1", "2010/11" */
} hst_period;

/** The period of a type that holds a day. */
hst_period hst_period_of(hst_by type, hst_date date);

/** The period after. */
hst_period hst_period_next(const hst_period *period);

/**
 * Reads a label; also accepts "201011", "2010-11", "1011" for years. False when it is none. A text
 * that can be a month ("2010-11") is one: months are published under that label.
 */
bool hst_period_parse(const char *label, hst_period *out);

/** Reads a label of one type, so that "2010-11" can be asked for as a year. */
bool hst_period_parse_as(hst_by type, const char *label, hst_period *out);

/** Number of whole months from the month of `from` to the month of `date` (negative when before).
 */
int hst_month_index(hst_date from, hst_date date);

/** "month", "quarter", "year". */
const char *hst_period_type_name(hst_by type);

#endif
