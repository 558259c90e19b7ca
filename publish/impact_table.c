/* impact.csv and sensitivity.csv: what each method found, and what other choices would have. */
#include <math.h>

#include "hestia/csv.h"
#include "publish/tables.h"

static const char *const impact_columns[] = {"impact",
                                             "site_code",
                                             "measure",
                                             "method",
                                             "primary",
                                             "comparator",
                                             "term",
                                             "estimate",
                                             "unit",
                                             "se",
                                             "lowercl",
                                             "uppercl",
                                             "p",
                                             "n_before",
                                             "n_after",
                                             "detectable",
                                             "break_flag",
                                             "excluded",
                                             "refused",
                                             "note",
                                             "placebo_dates",
                                             "n_placebo_dates",
                                             "placebo_areas",
                                             "n_placebo_areas"};

static const char *const sensitivity_columns[] = {
    "impact",   "site_code", "measure", "dimension", "alternative",
    "estimate", "lowercl",   "uppercl", "p",         "note"};

enum {
    N_IMPACT_COLUMNS = sizeof impact_columns / sizeof impact_columns[0],
    N_SENSITIVITY_COLUMNS = sizeof sensitivity_columns / sizeof sensitivity_columns[0]
};

/* Share of placebos as strong, and how many there were; both empty where none was tried. */
static void write_placebos(hst_csv *csv, double share, size_t n)
{
    hst_csv_real(csv, share);
    if (isnan(share)) {
        hst_csv_empty(csv);
    } else {
        hst_csv_count(csv, n);
    }
}

static void write_finding(hst_csv *csv, const hst_publication *p, const hst_finding *row)
{
    hst_csv_text(csv, p->study->impacts[row->impact].id);
    hst_csv_text(csv, hst_areas_code(p->areas, row->site));
    hst_csv_text(csv, p->study->measures[row->measure].id);
    hst_csv_text(csv, row->method);
    hst_csv_count(csv, row->is_primary);
    hst_csv_text(csv, row->comparator);
    hst_csv_text(csv, row->term);
    hst_csv_real(csv, row->estimate);
    hst_csv_text(csv, row->unit);
    hst_csv_real(csv, row->se);
    hst_csv_real(csv, row->lower);
    hst_csv_real(csv, row->upper);
    hst_csv_real(csv, row->p);
    hst_csv_count(csv, row->n_before);
    hst_csv_count(csv, row->n_after);
    hst_csv_real(csv, row->detectable);
    hst_csv_text(csv, row->break_flag);
    hst_csv_text(csv, row->excluded);
    hst_csv_count(csv, row->is_refused);
    hst_csv_text(csv, row->note);
    write_placebos(csv, row->placebo_dates, row->n_placebo_dates);
    write_placebos(csv, row->placebo_areas, row->n_placebo_areas);
    hst_csv_end_row(csv);
}

hst_status hst_table_write_impact(const hst_publication *p, const char *path, unsigned mode,
                                  hst_error *err)
{
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, path, mode, err);

    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, impact_columns, N_IMPACT_COLUMNS);
    for (size_t i = 0; p->impact && i < p->impact->n_findings; i++) {
        write_finding(csv, p, &p->impact->findings[i]);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}

static void write_sensitivity(hst_csv *csv, const hst_publication *p, const hst_sensitivity *row)
{
    hst_csv_text(csv, p->study->impacts[row->impact].id);
    hst_csv_text(csv, hst_areas_code(p->areas, row->site));
    hst_csv_text(csv, p->study->measures[row->measure].id);
    hst_csv_text(csv, row->dimension);
    hst_csv_text(csv, row->alternative);
    hst_csv_real(csv, row->estimate);
    hst_csv_real(csv, row->lower);
    hst_csv_real(csv, row->upper);
    hst_csv_real(csv, row->p);
    hst_csv_text(csv, row->note);
    hst_csv_end_row(csv);
}

hst_status hst_table_write_sensitivity(const hst_publication *p, const char *path, unsigned mode,
                                       hst_error *err)
{
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, path, mode, err);

    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, sensitivity_columns, N_SENSITIVITY_COLUMNS);
    for (size_t i = 0; p->impact && i < p->impact->n_sensitivities; i++) {
        write_sensitivity(csv, p, &p->impact->sensitivities[i]);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}
