/* counterfactual.csv: of every segmented regression, point by point, what happened and what would
 * have. */
#include "hestia/csv.h"
#include "publish/tables.h"

static const char *const columns[] = {
    "impact",     "site_code", "measure",     "period",    "period_start",   "period_end",
    "unit",       "used",      "observed",    "fitted",    "counterfactual", "cf_lowercl",
    "cf_uppercl", "effect",    "effect_unit", "effect_se", "effect_lowercl", "effect_uppercl"};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static void write_row(hst_csv *csv, const hst_publication *p, const hst_impact_series *series,
                      size_t i)
{
    const hst_its_point *point = &series->points[i];
    const hst_period *period = &series->periods[i];
    char text[11];

    hst_csv_text(csv, p->study->impacts[series->impact].id);
    hst_csv_text(csv, hst_areas_code(p->areas, series->site));
    hst_csv_text(csv, p->study->measures[series->measure].id);
    hst_csv_text(csv, period->label);
    hst_date_format(period->start, text);
    hst_csv_text(csv, text);
    hst_date_format(period->end, text);
    hst_csv_text(csv, text);
    hst_csv_text(csv, series->unit);
    hst_csv_count(csv, point->is_used);
    hst_csv_real(csv, point->observed);
    hst_csv_real(csv, point->fitted);
    hst_csv_real(csv, point->counterfactual);
    hst_csv_real(csv, point->cf_lower);
    hst_csv_real(csv, point->cf_upper);
    hst_csv_real(csv, point->effect.estimate);
    hst_csv_text(csv, !point->is_after                         ? NULL
                      : point->effect.scale == HST_SCALE_RATIO ? "ratio"
                                                               : series->unit);
    hst_csv_real(csv, point->effect.se);
    hst_csv_real(csv, point->effect.lower);
    hst_csv_real(csv, point->effect.upper);
    hst_csv_end_row(csv);
}

hst_status hst_table_write_counterfactual(const hst_publication *publication, const char *path,
                                          unsigned mode, hst_error *err)
{
    const hst_impact *impact = publication->impact;
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, path, mode, err);

    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, columns, N_COLUMNS);
    for (size_t s = 0; impact && s < impact->n_series; s++) {
        for (size_t i = 0; i < impact->series[s].n_points; i++) {
            write_row(csv, publication, &impact->series[s], i);
        }
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}
