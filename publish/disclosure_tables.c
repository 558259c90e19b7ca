/* Cohorts, audit and breaks as they are released. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "publish/disclosure_internal.h"
#include "publish/tables.h"

enum { APRIL = 4, LEAST_MONTHS_SCREENED = 24, PERCENT = 100 };

static void mask_cohorts(const disclosure_cells *cells)
{
    const hst_publication *p = cells->publication;

    for (size_t i = 0; i < p->n_cohort_rows; i++) {
        hst_cohort_row *row = &p->cohort_rows[i];
        hst_period year = hst_period_of(HST_BY_YEAR, hst_date_from_civil(row->year, APRIL, 1));
        uint32_t cell =
            disclosure_cell_find(cells, disclosure_cohort_measure(p->study, row->cohort),
                                 LAYER_COUNT, row->is_group, row->area, year.start, year.end, "");

        row->is_suppressed = disclosure_is_hidden(cells, cell);
        row->members = row->is_suppressed ? 0 : (uint64_t)disclosure_shown_count(cells, cell);
    }
}

/* ---- audit ---- */

static bool is_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b) == 0;
}

static bool is_national(const hst_publication *p, const char *area)
{
    for (size_t i = 0; i < hst_areas_n_groups(p->areas); i++) {
        const hst_area_group *group = hst_areas_group(p->areas, i);

        if (group->is_england && strcmp(group->name, area) == 0) {
            return true;
        }
    }
    return false;
}

/* True for a line that counts records, and not periods or values. */
static bool is_of_records(const hst_ledger_line *line)
{
    return !is_text(line->stage, "impact") && !is_text(line->reason, "no population");
}

/* True for a line of one area or provider: not of a file or the whole. */
static bool is_below_england(const hst_publication *p, const hst_ledger_line *line)
{
    return hst_audit_is_of_provider(line) ||
           (line->area && line->area[0] && !is_national(p, line->area));
}

/* What is considered is the sum of a measure's other lines: one that is hidden takes the line of
 * the filter with it. */
static void hide_filter(const hst_publication *p, const char *measure)
{
    for (size_t i = 0; i < p->n_audit; i++) {
        hst_ledger_line *line = &p->audit[i];

        if (is_text(line->stage, "metrics") && is_text(line->measure, measure) &&
            is_text(line->reason, "other than the filter asks for")) {
            line->n = HST_LEDGER_HIDDEN;
        }
    }
}

/* By all texts in the order of the columns, as the ledger has them. */
static int compare_lines(const void *a, const void *b)
{
    const hst_ledger_line *x = a, *y = b;
    const char *const of_x[] = {x->stage, x->dataset, x->file,  x->measure,
                                x->area,  x->period,  x->reason};
    const char *const of_y[] = {y->stage, y->dataset, y->file,  y->measure,
                                y->area,  y->period,  y->reason};
    int order = 0;

    for (size_t i = 0; i < sizeof of_x / sizeof *of_x && order == 0; i++) {
        order = strcmp(of_x[i] ? of_x[i] : "", of_y[i] ? of_y[i] : "");
    }
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

static void mask_audit(const disclosure_cells *cells, hst_disclosure *out)
{
    const hst_publication *p = cells->publication;

    for (size_t i = 0; i < p->n_audit; i++) {
        hst_ledger_line *line = &p->audit[i];

        if (!is_of_records(line)) {
            continue;
        }
        if (!is_below_england(p, line)) {
            line->n = (uint64_t)hst_disclosed_total(out, (int64_t)line->n);
        } else if (disclosure_is_small(&cells->rule, (double)line->n)) {
            line->n = HST_LEDGER_HIDDEN;
            line->area = ""; /* one area alone would be what England has more than the others */
            out->n_other++;
            if (is_text(line->stage, "metrics") && line->measure) {
                hide_filter(p, line->measure);
            }
        } else {
            line->n = (uint64_t)disclosure_round_count(&cells->rule, (int64_t)line->n);
        }
    }
    if (p->n_audit > 0) { /* the place of a line would tell its area */
        qsort(p->audit, p->n_audit, sizeof *p->audit, compare_lines);
    }
}

/* ---- breaks ---- */

/* A series screened has at least min_monthly events in each of two years of months. */
static void mask_breaks(const disclosure_cells *cells, hst_disclosure *out)
{
    const hst_publication *p = cells->publication;
    bool are_small = p->study->breaks.min_monthly * LEAST_MONTHS_SCREENED < (double)cells->rule.min;

    for (size_t i = 0; p->breaks && i < p->breaks->n; i++) {
        hst_break *row = &p->breaks->items[i];
        double *const reals[] = {&row->size, &row->statistic, &row->p, &row->q};

        for (size_t k = 0; k < sizeof reals / sizeof reals[0]; k++) {
            *reals[k] = are_small ? (double)NAN : disclosure_round_real(&cells->rule, *reals[k]);
        }
        /* In whole percent: times the area's events it would be the provider's. */
        row->share_of_area =
            are_small ? (double)NAN : nearbyint(PERCENT * row->share_of_area) / PERCENT;
        row->is_suppressed = are_small;
        out->n_other += are_small;
    }
}

void disclosure_mask_tables(const disclosure_cells *cells, hst_disclosure *out)
{
    mask_cohorts(cells);
    mask_audit(cells, out);
    mask_breaks(cells, out);
}
