/* Models of series of counts. A straight line's coefficients are sums over its series, and the
 * residuals of any fit add up to nothing, so that numbers of models give sums of the counts back,
 * and with some of them hidden the hidden ones. Hence a reader is taken to know every count that a
 * model was fitted to, and where one is not shown nothing of the models is. Series of values from
 * true numbers (means, standardised rates) tell values. */
#include <string.h>

#include "publish/disclosure_internal.h"

/* The series of a service's site and measure: periods of one type inside the window. */
typedef struct model_series {
    size_t measure, site;
    hst_by type;
    hst_window window;
} model_series;

static model_series series_of(const hst_publication *p, size_t service, size_t site, size_t measure)
{
    const hst_study_impact *impact = &p->study->impacts[service];
    const hst_measure *of = &p->study->measures[measure];
    hst_window window = impact->window;

    if (window.from == HST_DATE_MISSING) {
        window.from = of->period.from;
    }
    if (window.to == HST_DATE_MISSING) {
        window.to = of->period.to;
    }
    return (model_series){.measure = measure,
                          .site = site,
                          .type =
                              impact->by ? impact->by : hst_measures_finest(p->measures, measure),
                          .window = window};
}

static bool is_point(const model_series *series, const hst_result *row)
{
    return row->measure == series->measure && !row->is_group && row->area == series->site &&
           row->split[0] == '\0' && row->period.type == series->type &&
           row->period.start >= series->window.from && row->period.end <= series->window.to;
}

/* The cell of a row of the results, masked or not; CELL_NONE when it is no point of the series. */
static uint32_t point_at(const disclosure_cells *cells, const model_series *series, size_t row)
{
    const hst_result *r = &cells->publication->results[row];

    return is_point(series, r) ? disclosure_cell_find(cells, r->measure, LAYER_COUNT, false,
                                                      r->area, r->period.start, r->period.end, "")
                               : CELL_NONE;
}

/* True when the count of a point is hidden; with `values`, also when it is rounded so that it does
 * not come back. */
static bool has_hidden_point(const disclosure_cells *cells, const model_series *series, bool values)
{
    for (size_t i = 0; i < cells->publication->n_results; i++) {
        uint32_t cell = point_at(cells, series, i);

        if (cell != CELL_NONE && (disclosure_is_hidden(cells, cell) ||
                                  (values && cells->items[cell].state != CELL_SHOWN))) {
            return true;
        }
    }
    return false;
}

/* True for measures whose values are their counts times a known number. */
static bool is_of_counts(const disclosure_cells *cells, size_t measure)
{
    const hst_measure *of = &cells->publication->study->measures[measure];

    switch (of->statistic) {
    case HST_STAT_COUNT:
    case HST_STAT_CRUDE_RATE:
    case HST_STAT_ISR:
    case HST_STAT_SMR:
    case HST_STAT_BED_DAYS:
    case HST_STAT_BED_DAY_RATE:
    case HST_STAT_GROWTH:
        return !of->is_table;
    default:
        return false;
    }
}

static bool has_models(const hst_finding *row)
{
    return strcmp(row->method, "pre_post") != 0 && !row->is_refused;
}

void disclosure_mark_models(disclosure_cells *cells)
{
    const hst_publication *p = cells->publication;
    const hst_finding *before = NULL;

    for (size_t i = 0; p->impact && i < p->impact->n_findings; i++) {
        const hst_finding *row = &p->impact->findings[i];
        model_series series;

        if (!has_models(row) || !is_of_counts(cells, row->measure) ||
            (before && before->impact == row->impact && before->site == row->site &&
             before->measure == row->measure)) {
            continue;
        }
        before = row;
        series = series_of(p, row->impact, row->site, row->measure);
        if (has_hidden_point(cells, &series, false)) {
            continue; /* withheld as it is */
        }
        for (size_t k = 0; k < p->n_results; k++) {
            uint32_t cell = point_at(cells, &series, k);

            if (cell != CELL_NONE) {
                cells->items[cell].has_values = true;
            }
        }
    }
}

bool disclosure_is_model_withheld(const disclosure_cells *cells, size_t service, size_t site,
                                  size_t measure)
{
    model_series series = series_of(cells->publication, service, site, measure);

    return is_of_counts(cells, measure) && has_hidden_point(cells, &series, true);
}
