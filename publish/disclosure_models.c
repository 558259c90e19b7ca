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

/* A walk over the periods of the window: the results have millions of rows, and every finding asks.
 */
static bool has_small_point(const disclosure_cells *cells, const model_series *series)
{
    hst_period period = hst_period_of(series->type, series->window.from);

    for (; period.end <= series->window.to; period = hst_period_next(&period)) {
        uint32_t cell = disclosure_cell_find(cells, series->measure, LAYER_COUNT, false,
                                             series->site, period.start, period.end, "");

        if (period.start >= series->window.from && cell != CELL_NONE &&
            cells->items[cell].n_rows > 0 && cells->items[cell].state == CELL_SMALL) {
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
