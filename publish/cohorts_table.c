/* cohorts.csv: members of the cohorts at the end of each year, beside a register. */
#include <math.h>
#include <stdlib.h>

#include "hestia/cohort.h"
#include "hestia/csv.h"
#include "hestia/period.h"
#include "publish/tables.h"

static const char *const columns[] = {"cohort",  "area_code",  "year",
                                      "members", "registered", "percent"};

enum { N_COLUMNS = sizeof columns / sizeof columns[0], APRIL = 4 };

static void write_row(hst_csv *csv, const hst_publication *p, const hst_cohort_row *row)
{
    hst_period year = hst_period_of(HST_BY_YEAR, hst_date_from_civil(row->year, APRIL, 1));

    hst_csv_text(csv, p->study->cohorts[row->cohort].id);
    hst_csv_text(csv, row->is_group ? hst_areas_group(p->areas, row->area)->name
                                    : hst_areas_code(p->areas, row->area));
    hst_csv_text(csv, year.label);
    hst_csv_count(csv, row->members);
    hst_csv_real(csv, row->registered);
    hst_csv_real(csv, row->registered > 0 ? (double)row->members / row->registered * 100 : NAN);
    hst_csv_end_row(csv);
}

hst_status hst_table_write_cohorts(const hst_publication *p, const char *path, unsigned mode,
                                   hst_error *err)
{
    hst_cohort_row *rows = NULL;
    size_t n = 0;
    hst_csv *csv = NULL;
    hst_status status = HST_OK;

    if (p->cohorts && p->cohort_sizes) {
        status = hst_cohorts_list(&rows, &n, p->cohorts, p->cohort_sizes, p->areas, err);
        if (status) {
            goto done;
        }
    }
    status = hst_csv_create(&csv, path, mode, err);
    if (status) {
        goto done;
    }
    hst_csv_header(csv, columns, N_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        write_row(csv, p, &rows[i]);
    }
    status = hst_csv_finish(csv, err);

done:
    hst_csv_free(csv);
    free(rows);
    return status;
}
