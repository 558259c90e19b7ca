/* impact.csv and sensitivity.csv: what each method found, and what other choices would have. */
#include <math.h>

#include "publish/tables.h"

static const hst_column impact_columns[] = {
    {"impact", HST_COLUMN_TEXT},
    {"site_code", HST_COLUMN_TEXT},
    {"measure", HST_COLUMN_TEXT},
    {"method", HST_COLUMN_TEXT},
    {"primary", HST_COLUMN_FLAG},
    {"comparator", HST_COLUMN_TEXT},
    {"term", HST_COLUMN_TEXT},
    {"estimate", HST_COLUMN_REAL},
    {"unit", HST_COLUMN_TEXT},
    {"se", HST_COLUMN_REAL},
    {"lowercl", HST_COLUMN_REAL},
    {"uppercl", HST_COLUMN_REAL},
    {"p", HST_COLUMN_REAL},
    {"n_before", HST_COLUMN_COUNT},
    {"n_after", HST_COLUMN_COUNT},
    {"detectable", HST_COLUMN_REAL},
    {"break_flag", HST_COLUMN_TEXT},
    {"excluded", HST_COLUMN_TEXT},
    {"refused", HST_COLUMN_FLAG},
    {"note", HST_COLUMN_TEXT},
    {"placebo_dates", HST_COLUMN_REAL},
    {"n_placebo_dates", HST_COLUMN_COUNT},
    {"placebo_areas", HST_COLUMN_REAL},
    {"n_placebo_areas", HST_COLUMN_COUNT},
    {"suppressed", HST_COLUMN_FLAG},
};

static const hst_column sensitivity_columns[] = {
    {"impact", HST_COLUMN_TEXT},    {"site_code", HST_COLUMN_TEXT},   {"measure", HST_COLUMN_TEXT},
    {"dimension", HST_COLUMN_TEXT}, {"alternative", HST_COLUMN_TEXT}, {"estimate", HST_COLUMN_REAL},
    {"lowercl", HST_COLUMN_REAL},   {"uppercl", HST_COLUMN_REAL},     {"p", HST_COLUMN_REAL},
    {"note", HST_COLUMN_TEXT},      {"suppressed", HST_COLUMN_FLAG},
};

enum {
    N_IMPACT_COLUMNS = sizeof impact_columns / sizeof impact_columns[0],
    N_SENSITIVITY_COLUMNS = sizeof sensitivity_columns / sizeof sensitivity_columns[0]
};

/* Share of placebos as strong, and how many there were; both empty where none was tried. */
static void write_placebos(hst_sink *sink, double share, size_t n)
{
    sink->real(sink, share);
    if (isnan(share)) {
        sink->text(sink, NULL);
    } else {
        sink->count(sink, n);
    }
}

static void write_finding(hst_sink *sink, const hst_publication *p, const hst_finding *row)
{
    sink->text(sink, p->study->impacts[row->impact].id);
    sink->text(sink, hst_areas_code(p->areas, row->site));
    sink->text(sink, p->study->measures[row->measure].id);
    sink->text(sink, row->method);
    sink->count(sink, row->is_primary);
    sink->text(sink, row->comparator);
    sink->text(sink, row->term);
    sink->real(sink, row->estimate);
    sink->text(sink, row->unit);
    sink->real(sink, row->se);
    sink->real(sink, row->lower);
    sink->real(sink, row->upper);
    sink->real(sink, row->p);
    sink->count(sink, row->n_before);
    sink->count(sink, row->n_after);
    sink->real(sink, row->detectable);
    sink->text(sink, row->break_flag);
    sink->text(sink, row->excluded);
    sink->count(sink, row->is_refused);
    sink->text(sink, row->note);
    write_placebos(sink, row->placebo_dates, row->n_placebo_dates);
    write_placebos(sink, row->placebo_areas, row->n_placebo_areas);
    sink->count(sink, row->is_suppressed);
    sink->end_row(sink);
}

static hst_status write_findings(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    (void)err;
    for (size_t i = 0; p->impact && i < p->impact->n_findings; i++) {
        write_finding(sink, p, &p->impact->findings[i]);
    }
    return HST_OK;
}

const hst_result_table hst_impact_table = {"impact", impact_columns, N_IMPACT_COLUMNS, NULL,
                                           write_findings};

static void write_sensitivity(hst_sink *sink, const hst_publication *p, const hst_sensitivity *row)
{
    sink->text(sink, p->study->impacts[row->impact].id);
    sink->text(sink, hst_areas_code(p->areas, row->site));
    sink->text(sink, p->study->measures[row->measure].id);
    sink->text(sink, row->dimension);
    sink->text(sink, row->alternative);
    sink->real(sink, row->estimate);
    sink->real(sink, row->lower);
    sink->real(sink, row->upper);
    sink->real(sink, row->p);
    sink->text(sink, row->note);
    sink->count(sink, row->is_suppressed);
    sink->end_row(sink);
}

static hst_status write_sensitivities(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    (void)err;
    for (size_t i = 0; p->impact && i < p->impact->n_sensitivities; i++) {
        write_sensitivity(sink, p, &p->impact->sensitivities[i]);
    }
    return HST_OK;
}

const hst_result_table hst_sensitivity_table = {"sensitivity", sensitivity_columns,
                                                N_SENSITIVITY_COLUMNS, NULL, write_sensitivities};
