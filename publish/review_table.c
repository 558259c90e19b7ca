/* site-review.csv: what a board reads of each service, one row a comparator. */
#include "hestia/csv.h"
#include "publish/tables.h"

static const char *const columns[] = {"site_code",
                                      "site_name",
                                      "measure",
                                      "title",
                                      "unit",
                                      "baseline_from",
                                      "baseline_to",
                                      "baseline_count",
                                      "baseline_value",
                                      "baseline_lowercl",
                                      "baseline_uppercl",
                                      "review_from",
                                      "review_to",
                                      "review_count",
                                      "review_value",
                                      "review_lowercl",
                                      "review_uppercl",
                                      "change",
                                      "change_lowercl",
                                      "change_uppercl",
                                      "change_percent",
                                      "comparator",
                                      "comparator_change",
                                      "difference",
                                      "difference_lowercl",
                                      "difference_uppercl",
                                      "p",
                                      "p_method",
                                      "detectable",
                                      "expected",
                                      "verdict",
                                      "break_flag",
                                      "incomplete",
                                      "sentence",
                                      "impact"};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

/* From, to, and what was counted between them. */
static void write_side(hst_csv *csv, hst_date from, hst_date to, const hst_span *span)
{
    char text[11];

    hst_date_format(from, text);
    hst_csv_text(csv, text);
    hst_date_format(to, text);
    hst_csv_text(csv, text);
    hst_csv_real(csv, span->total_count);
    hst_csv_real(csv, span->value);
    hst_csv_real(csv, span->lowercl);
    hst_csv_real(csv, span->uppercl);
}

static void write_row(hst_csv *csv, const hst_publication *p, const hst_review *row)
{
    const hst_measure *measure = &p->study->measures[row->measure];

    hst_csv_text(csv, hst_areas_code(p->areas, row->site));
    hst_csv_text(csv, hst_areas_name(p->areas, row->site));
    hst_csv_text(csv, measure->id);
    hst_csv_text(csv, measure->title);
    hst_csv_text(csv, row->unit);
    write_side(csv, row->baseline_from, row->baseline_to, &row->baseline);
    write_side(csv, row->review_from, row->review_to, &row->review);
    hst_csv_real(csv, row->change);
    hst_csv_real(csv, row->change_lower);
    hst_csv_real(csv, row->change_upper);
    hst_csv_real(csv, row->change_percent);
    hst_csv_text(csv, row->comparator);
    hst_csv_real(csv, row->comparator_change);
    hst_csv_real(csv, row->difference);
    hst_csv_real(csv, row->difference_lower);
    hst_csv_real(csv, row->difference_upper);
    hst_csv_real(csv, row->p);
    hst_csv_text(csv, row->p_method);
    hst_csv_real(csv, row->detectable);
    hst_csv_text(csv, hst_expected_name(row->expected));
    hst_csv_text(csv, hst_verdict_name(row->verdict));
    hst_csv_text(csv, row->break_flag);
    hst_csv_count(csv, row->is_incomplete);
    hst_csv_text(csv, row->sentence);
    hst_csv_text(csv, p->study->impacts[row->impact].id);
    hst_csv_end_row(csv);
}

hst_status hst_table_write_review(const hst_publication *p, const char *path, unsigned mode,
                                  hst_error *err)
{
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, path, mode, err);

    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, columns, N_COLUMNS);
    for (size_t i = 0; p->impact && i < p->impact->n_reviews; i++) {
        write_row(csv, p, &p->impact->reviews[i]);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}
