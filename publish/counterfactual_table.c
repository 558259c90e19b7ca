/* counterfactual.csv: of every segmented regression, point by point, what happened and what would
 * have. */
#include "publish/tables.h"

static const hst_column columns[] = {
    {"impact", HST_COLUMN_TEXT},         {"site_code", HST_COLUMN_TEXT},
    {"measure", HST_COLUMN_TEXT},        {"period", HST_COLUMN_TEXT},
    {"period_start", HST_COLUMN_DATE},   {"period_end", HST_COLUMN_DATE},
    {"unit", HST_COLUMN_TEXT},           {"used", HST_COLUMN_FLAG},
    {"observed", HST_COLUMN_REAL},       {"fitted", HST_COLUMN_REAL},
    {"counterfactual", HST_COLUMN_REAL}, {"cf_lowercl", HST_COLUMN_REAL},
    {"cf_uppercl", HST_COLUMN_REAL},     {"effect", HST_COLUMN_REAL},
    {"effect_unit", HST_COLUMN_TEXT},    {"effect_se", HST_COLUMN_REAL},
    {"effect_lowercl", HST_COLUMN_REAL}, {"effect_uppercl", HST_COLUMN_REAL},
    {"suppressed", HST_COLUMN_FLAG},
};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static void write_row(hst_sink *sink, const hst_publication *p, const hst_impact_series *series,
                      size_t i)
{
    const hst_its_point *point = &series->points[i];
    const hst_period *period = &series->periods[i];
    char text[11];

    sink->text(sink, p->study->impacts[series->impact].id);
    sink->text(sink, hst_areas_code(p->areas, series->site));
    sink->text(sink, p->study->measures[series->measure].id);
    sink->text(sink, period->label);
    hst_date_format(period->start, text);
    sink->text(sink, text);
    hst_date_format(period->end, text);
    sink->text(sink, text);
    sink->text(sink, series->unit);
    sink->count(sink, point->is_used);
    sink->real(sink, point->observed);
    sink->real(sink, point->fitted);
    sink->real(sink, point->counterfactual);
    sink->real(sink, point->cf_lower);
    sink->real(sink, point->cf_upper);
    sink->real(sink, point->effect.estimate);
    sink->text(sink, !point->is_after                         ? NULL
                     : point->effect.scale == HST_SCALE_RATIO ? "ratio"
                                                              : series->unit);
    sink->real(sink, point->effect.se);
    sink->real(sink, point->effect.lower);
    sink->real(sink, point->effect.upper);
    sink->count(sink, series->is_suppressed && series->is_suppressed[i]);
    sink->end_row(sink);
}

static hst_status write_rows(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    (void)err;
    for (size_t s = 0; p->impact && s < p->impact->n_series; s++) {
        for (size_t i = 0; i < p->impact->series[s].n_points; i++) {
            write_row(sink, p, &p->impact->series[s], i);
        }
    }
    return HST_OK;
}

const hst_result_table hst_counterfactual_table = {
    "counterfactual", columns, N_COLUMNS, "impact, site_code, measure, period", write_rows};
