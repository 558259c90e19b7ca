/* reconcile.csv: England's totals beside the published ones. Both are by the financial year in
 * which the episode ended, while the measures of a study are dated by admission. The mean stay is
 * of finished ordinary stays with a discharge date, to one decimal in the published table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/date.h"
#include "hestia/period.h"
#include "hestia/reference.h"
#include "hestia/table.h"
#include "publish/tables.h"

/* Published totals are revised by some tenths of a percent; more than this asks for a reason. */
static const double ok_percent = 1.0;

static const hst_column columns[] = {
    {"dataset", HST_COLUMN_TEXT}, {"year", HST_COLUMN_TEXT},      {"item", HST_COLUMN_TEXT},
    {"ours", HST_COLUMN_REAL},    {"published", HST_COLUMN_REAL}, {"percent", HST_COLUMN_REAL},
    {"flag", HST_COLUMN_TEXT},
};

/* Items in the order of their names, and their columns in the reference table. */
static const struct item {
    const char *name, *column;
} items[] = {{"fae", "admissions_fae"},
             {"fae_emergency", "emergency_fae"},
             {"fce", "fce"},
             {"mean_los", "mean_los_spells_days"}};

enum {
    N_COLUMNS = sizeof columns / sizeof columns[0],
    N_ITEMS = sizeof items / sizeof items[0],
    APRIL = 4
};

static double shown(const hst_disclosure *disclosure, uint64_t count)
{
    return (double)hst_disclosed_total(disclosure, (int64_t)count);
}

static double item_of(const hst_england_year *year, size_t item, const hst_disclosure *disclosure)
{
    const double items_of_year[N_ITEMS] = {
        shown(disclosure, year->fae), shown(disclosure, year->fae_emergency),
        shown(disclosure, year->fce),
        year->stays > 0 ? shown(disclosure, year->stay_days) / shown(disclosure, year->stays)
                        : (double)NAN};

    return items_of_year[item];
}

/* Published figure of a year, NAN when there is none. */
static hst_status published(double *out, const hst_table *table, const char *year,
                            const char *column, hst_error *err)
{
    hst_status status = HST_OK;
    size_t year_column = 0, value_column = 0;

    *out = NAN;
    status = hst_table_require(table, "fyear", &year_column, err);
    if (status == HST_OK) {
        status = hst_table_require(table, column, &value_column, err);
    }
    for (size_t row = 0; status == HST_OK && row < hst_table_n_rows(table); row++) {
        if (strcmp(hst_table_cell(table, row, year_column), year) == 0 &&
            hst_table_cell(table, row, value_column)[0] != '\0') {
            status = hst_table_double(table, row, value_column, out, err);
        }
    }
    return status;
}

static hst_status reconcile_year(hst_reconciled *rows, const hst_england_year *year,
                                 const hst_disclosure *disclosure, const hst_table *table,
                                 hst_error *err)
{
    hst_period period = hst_period_of(HST_BY_YEAR, hst_date_from_civil(year->year, APRIL, 1));

    for (size_t i = 0; i < N_ITEMS; i++) {
        hst_reconciled *row = &rows[i];
        hst_status status = HST_OK;

        snprintf(row->year, sizeof row->year, "%.7s", period.label);
        row->item = items[i].name;
        row->ours = item_of(year, i, disclosure);
        status = published(&row->published, table, row->year, items[i].column, err);
        if (status != HST_OK) {
            return status;
        }
        row->percent = (row->ours - row->published) / row->published * 100;
        row->flag = isnan(row->published)              ? "not published"
                    : isnan(row->ours)                 ? "not counted"
                    : fabs(row->percent) <= ok_percent ? "ok"
                                                       : "differs";
    }
    return HST_OK;
}

hst_status hst_reconcile(hst_reconciled **out, size_t *n_out, const hst_study *study,
                         const hst_england *england, const hst_disclosure *disclosure,
                         hst_error *err)
{
    hst_status status = HST_OK;
    int first = hst_date_financial_year(study->period.from);
    int last = hst_date_financial_year(study->period.to);
    hst_reconciled *rows = NULL;
    hst_table *table = NULL;
    size_t n = 0;

    *out = NULL;
    *n_out = 0;
    rows = calloc(N_ITEMS * (england->n_years + (size_t)(last - first + 1)), sizeof *rows);
    if (!rows) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the published totals");
    }
    status = hst_table_read_text(&table, hst_reference_text("hes_published_england"),
                                 "hes_published_england.csv", err);
    /* Two sorted lists merged: the years counted, and those of the study, counted or not. */
    for (size_t i = 0; status == HST_OK && (i < england->n_years || first <= last);) {
        hst_england_year year = {.year = first};

        if (i < england->n_years && (first > last || england->years[i].year <= first)) {
            year = england->years[i++];
        }
        first += year.year == first;
        status = reconcile_year(&rows[n], &year, disclosure, table, err);
        n += N_ITEMS;
    }
    if (status == HST_OK) {
        *out = rows;
        *n_out = n;
        rows = NULL; /* now the caller's */
    }
    hst_table_free(table);
    free(rows);
    return status;
}

static hst_status write_rows(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    hst_reconciled *rows = NULL;
    size_t n = 0;
    hst_status status = HST_OK;

    if (p->england) {
        status = hst_reconcile(&rows, &n, p->study, p->england, p->disclosure, err);
    }
    for (size_t i = 0; status == HST_OK && i < n; i++) {
        sink->text(sink, hst_dataset_name(HST_DATASET_APC));
        sink->text(sink, rows[i].year);
        sink->text(sink, rows[i].item);
        sink->real(sink, rows[i].ours);
        sink->real(sink, rows[i].published);
        sink->real(sink, rows[i].percent);
        sink->text(sink, rows[i].flag);
        sink->end_row(sink);
    }
    free(rows);
    return status;
}

const hst_result_table hst_reconcile_table = {"reconcile", columns, N_COLUMNS,
                                              "dataset, year, item", write_rows};
