#include "coverage_internal.h"

enum {
    LAST_MONTHLY_CUT = 12, /* of PARTYEAR's nn; 13 and 99 are final */
    WEEK = 7
};

static hst_day day_of(hst_date date)
{
    return (hst_day)(date - HST_DAY_EPOCH + 1);
}

/* Last day of month `month` of a financial year, counted from April = 1. */
static hst_date end_of_month(int year, int month)
{
    return month < 9 ? hst_date_from_civil(year, month + 4, 1) - 1
                     : hst_date_from_civil(year + 1, month - 8, 1) - 1;
}

static void hold(hst_coverage *coverage, int year, hst_date to)
{
    int i = year - HST_COVERAGE_FIRST_YEAR;

    if (i >= 0 && i < HST_COVERAGE_YEARS && coverage->held_to[i] < day_of(to)) {
        coverage->held_to[i] = day_of(to);
    }
}

static hst_day held_to(const hst_coverage *coverage, int year)
{
    int i = year - HST_COVERAGE_FIRST_YEAR;

    return i >= 0 && i < HST_COVERAGE_YEARS ? coverage->held_to[i] : 0;
}

/* Without PARTYEAR the rows must say it. A file ends with its year when its last episode ended in
 * the last week of March. */
static void add_by_dates(hst_coverage *coverage, const hst_segment_info *info)
{
    hst_date last = hst_day_to_date(info->epiend_max);
    int first_year = 0, last_year = 0;

    if (info->admidate_min == 0 || info->epiend_max == 0) {
        return;
    }
    first_year = hst_date_financial_year(hst_day_to_date(info->admidate_min));
    last_year = hst_date_financial_year(last);
    if (end_of_month(last_year, 12) - last < WEEK) {
        last = end_of_month(last_year, 12);
    }
    for (int year = first_year; year < last_year; year++) {
        hold(coverage, year, end_of_month(year, 12));
    }
    hold(coverage, last_year, last);
}

void hst_coverage_add(hst_coverage *coverage, const hst_segment_info *info)
{
    int first_year = (int)(info->partyear_min / 100), last_year = (int)(info->partyear_max / 100);
    int cut = (int)(info->partyear_max % 100);

    if (info->partyear_max == 0) {
        add_by_dates(coverage, info);
        return;
    }
    for (int year = first_year; year < last_year; year++) {
        hold(coverage, year, end_of_month(year, 12));
    }
    hold(coverage, last_year,
         end_of_month(last_year, cut >= 1 && cut <= LAST_MONTHLY_CUT ? cut : 12));
}

hst_lack hst_coverage_lack(const hst_coverage *coverage, const hst_period *period,
                           bool by_discharge)
{
    int year = hst_date_financial_year(period->start);
    hst_day held = held_to(coverage, year);
    bool is_whole = held != 0 && hst_day_to_date(held) == end_of_month(year, 12);

    if (held == 0) {
        return HST_LACK_YEAR;
    }
    if (period->end < hst_day_to_date(held)) {
        return HST_LACK_NONE;
    }
    if (!is_whole) {
        return HST_LACK_ROWS;
    }
    return by_discharge || held_to(coverage, year + 1) != 0 ? HST_LACK_NONE : HST_LACK_ROWS;
}

const char *hst_lack_text(hst_lack lack)
{
    switch (lack) {
    case HST_LACK_YEAR:
        return "incomplete: no extract of its year";
    case HST_LACK_ROWS:
        return "incomplete: rows are still to come";
    case HST_LACK_PROVIDER:
        return "incomplete: a provider stopped sending";
    case HST_LACK_NONE:
        break;
    }
    return "";
}
