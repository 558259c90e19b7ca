/* cohorts.csv: members of the cohorts at the end of each year, beside a register. */
#include <math.h>
#include <stdlib.h>

#include "hestia/cohort.h"
#include "hestia/period.h"
#include "publish/tables.h"

static const hst_column columns[] = {
    {"cohort", HST_COLUMN_TEXT},     {"area_code", HST_COLUMN_TEXT},  {"year", HST_COLUMN_TEXT},
    {"members", HST_COLUMN_COUNT},   {"registered", HST_COLUMN_REAL}, {"percent", HST_COLUMN_REAL},
    {"suppressed", HST_COLUMN_FLAG},
};

enum { N_COLUMNS = sizeof columns / sizeof columns[0], APRIL = 4 };

static void write_row(hst_sink *sink, const hst_publication *p, const hst_cohort_row *row)
{
    hst_period year = hst_period_of(HST_BY_YEAR, hst_date_from_civil(row->year, APRIL, 1));

    sink->text(sink, p->study->cohorts[row->cohort].id);
    sink->text(sink, row->is_group ? hst_areas_group(p->areas, row->area)->name
                                   : hst_areas_code(p->areas, row->area));
    sink->text(sink, year.label);
    if (row->is_suppressed) {
        sink->text(sink, NULL);
    } else {
        sink->count(sink, row->members);
    }
    sink->real(sink, row->registered);
    sink->real(sink, !row->is_suppressed && row->registered > 0
                         ? (double)row->members / row->registered * 100
                         : NAN);
    sink->count(sink, row->is_suppressed);
    sink->end_row(sink);
}

static hst_status write_rows(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    (void)err;
    for (size_t i = 0; i < p->n_cohort_rows; i++) {
        write_row(sink, p, &p->cohort_rows[i]);
    }
    return HST_OK;
}

const hst_result_table hst_cohorts_table = {"cohorts", columns, N_COLUMNS,
                                            "cohort, area_code, year", write_rows};
