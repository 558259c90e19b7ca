/* site-review.csv: what a board reads of each service, one row a comparator. */
#include "publish/tables.h"

static const hst_column columns[] = {
    {"site_code", HST_COLUMN_TEXT},
    {"site_name", HST_COLUMN_TEXT},
    {"measure", HST_COLUMN_TEXT},
    {"title", HST_COLUMN_TEXT},
    {"unit", HST_COLUMN_TEXT},
    {"baseline_from", HST_COLUMN_DATE},
    {"baseline_to", HST_COLUMN_DATE},
    {"baseline_count", HST_COLUMN_REAL},
    {"baseline_value", HST_COLUMN_REAL},
    {"baseline_lowercl", HST_COLUMN_REAL},
    {"baseline_uppercl", HST_COLUMN_REAL},
    {"review_from", HST_COLUMN_DATE},
    {"review_to", HST_COLUMN_DATE},
    {"review_count", HST_COLUMN_REAL},
    {"review_value", HST_COLUMN_REAL},
    {"review_lowercl", HST_COLUMN_REAL},
    {"review_uppercl", HST_COLUMN_REAL},
    {"change", HST_COLUMN_REAL},
    {"change_lowercl", HST_COLUMN_REAL},
    {"change_uppercl", HST_COLUMN_REAL},
    {"change_percent", HST_COLUMN_REAL},
    {"comparator", HST_COLUMN_TEXT},
    {"comparator_change", HST_COLUMN_REAL},
    {"difference", HST_COLUMN_REAL},
    {"difference_lowercl", HST_COLUMN_REAL},
    {"difference_uppercl", HST_COLUMN_REAL},
    {"p", HST_COLUMN_REAL},
    {"p_method", HST_COLUMN_TEXT},
    {"detectable", HST_COLUMN_REAL},
    {"expected", HST_COLUMN_TEXT},
    {"verdict", HST_COLUMN_TEXT},
    {"break_flag", HST_COLUMN_TEXT},
    {"incomplete", HST_COLUMN_FLAG},
    {"sentence", HST_COLUMN_TEXT},
    {"impact", HST_COLUMN_TEXT},
    {"suppressed", HST_COLUMN_FLAG},
    {"effect_percent", HST_COLUMN_REAL},
    {"effect_percent_lowercl", HST_COLUMN_REAL},
    {"effect_percent_uppercl", HST_COLUMN_REAL},
    {"comparator_percent", HST_COLUMN_REAL},
};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

/* From, to, and what was counted between them. */
static void write_side(hst_sink *sink, hst_date from, hst_date to, const hst_span *span)
{
    char text[11];

    hst_date_format(from, text);
    sink->text(sink, text);
    hst_date_format(to, text);
    sink->text(sink, text);
    sink->real(sink, span->total_count);
    sink->real(sink, span->value);
    sink->real(sink, span->lowercl);
    sink->real(sink, span->uppercl);
}

static void write_row(hst_sink *sink, const hst_publication *p, const hst_review *row)
{
    const hst_measure *measure = &p->study->measures[row->measure];

    sink->text(sink, hst_areas_code(p->areas, row->site));
    sink->text(sink, hst_areas_name(p->areas, row->site));
    sink->text(sink, measure->id);
    sink->text(sink, measure->title);
    sink->text(sink, row->unit);
    write_side(sink, row->baseline_from, row->baseline_to, &row->baseline);
    write_side(sink, row->review_from, row->review_to, &row->review);
    sink->real(sink, row->change);
    sink->real(sink, row->change_lower);
    sink->real(sink, row->change_upper);
    sink->real(sink, row->change_percent);
    sink->text(sink, row->comparator);
    sink->real(sink, row->comparator_change);
    sink->real(sink, row->difference);
    sink->real(sink, row->difference_lower);
    sink->real(sink, row->difference_upper);
    sink->real(sink, row->p);
    sink->text(sink, row->p_method);
    sink->real(sink, row->detectable);
    sink->text(sink, hst_expected_name(row->expected));
    sink->text(sink, hst_verdict_name(row->verdict));
    sink->text(sink, row->break_flag);
    sink->count(sink, row->is_incomplete);
    sink->text(sink, row->sentence);
    sink->text(sink, p->study->impacts[row->impact].id);
    sink->count(sink, row->is_suppressed);
    sink->real(sink, row->effect_percent);
    sink->real(sink, row->effect_percent_lower);
    sink->real(sink, row->effect_percent_upper);
    sink->real(sink, row->comparator_percent);
    sink->end_row(sink);
}

static hst_status write_rows(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    (void)err;
    for (size_t i = 0; p->impact && i < p->impact->n_reviews; i++) {
        write_row(sink, p, &p->impact->reviews[i]);
    }
    return HST_OK;
}

const hst_result_table hst_review_table = {"site-review", columns, N_COLUMNS,
                                           "impact, site_code, measure, comparator", write_rows};
