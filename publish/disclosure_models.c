/* Models of series of counts. A straight line's coefficients are sums over its series, and the
 * residuals of any fit add up to nothing, so that numbers of models tell sums of the counts, and of
 * small ones among them how large they are: then nothing of the models is shown. Large counts that
 * are withheld beside rounded ones stay unsure by the rounding of the whole series. Series of
 * values from true numbers (means, standardised rates) tell values. */
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

static bool has_small_point(const disclosure_cells *cells, const model_series *series)
{
    for (size_t i = 0; i < cells->publication->n_results; i++) {
        uint32_t cell = point_at(cells, series, i);

        if (cell != CELL_NONE && cells->items[cell].state == CELL_SMALL) {
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

bool disclosure_is_model_withheld(const disclosure_cells *cells, size_t service, size_t site,
                                  size_t measure)
{
    model_series series = series_of(cells->publication, service, site, measure);

    return is_of_counts(cells, measure) && has_small_point(cells, &series);
}
