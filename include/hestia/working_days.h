#ifndef HESTIA_WORKING_DAYS_H
#define HESTIA_WORKING_DAYS_H

#include "hestia/date.h"
#include "hestia/status.h"

/** England's calendar of work: Monday to Friday without bank holidays
 * (reference/bank_holidays.csv). */
typedef struct hst_working_days hst_working_days;

/** @param out  receives the calendar, which the caller frees */
HST_MUST_CHECK hst_status hst_working_days_create(hst_working_days **out, hst_error *err);
void hst_working_days_free(hst_working_days *calendar);

/**
 * Counts the working days from a day to another, both included.
 *
 * @param n  receives their number
 * @return HST_ERR_RANGE when a day lies outside the calendar years of the list, whose holidays are
 *         not known, or `to` is before `from`
 */
HST_MUST_CHECK hst_status hst_working_days_count(size_t *n, const hst_working_days *calendar,
                                                 hst_date from, hst_date to, hst_error *err);

#endif
