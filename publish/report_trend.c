/* Straight lines of a report. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "hestia/trend.h"
#include "publish/report_internal.h"
#include "publish/tables.h"

static const double confidence = 95; /* as in impact.csv */

/* How many periods later than the first of its series a row is. */
static double steps_to(const hst_report_series *series, const hst_result *row)
{
    int months = hst_month_index(series->rows[0]->period.start, row->period.start);

    return months / (series->type == HST_BY_YEAR ? 12 : series->type == HST_BY_QUARTER ? 3 : 1);
}

/* True when a period lies in the service's window, and neither in its beginning nor on both sides
 * of a date: the points of its own trend. */
static bool is_of_service(const hst_study_impact *service, const hst_period *period)
{
    const hst_window *phase_in = &service->phase_in;

    for (size_t i = 0; i < service->n_dates; i++) {
        if (period->start < service->dates[i] && service->dates[i] <= period->end) {
            return false;
        }
    }
    return phase_in->from == HST_DATE_MISSING || period->end < phase_in->from ||
           period->start > phase_in->to;
}

/* The part of a series inside a service's window; its rows are those of `series`. */
static hst_report_series cut_to_window(const hst_report_series *series, const hst_window *window)
{
    hst_report_series part = *series;

    if (window->from == HST_DATE_MISSING) {
        return part;
    }
    while (part.n > 0 && part.rows[0]->period.start < window->from) {
        part.rows++;
        part.n--;
    }
    while (part.n > 0 && part.rows[part.n - 1]->period.end > window->to) {
        part.n--;
    }
    return part;
}

static void write_line(hst_json_stream *json, const hst_report_series *series,
                       const hst_trend *trend)
{
    char start[11];

    hst_json_begin_array(json, "line");
    for (size_t i = 0; trend && i < series->n; i++) {
        const hst_period *period = &series->rows[i]->period;
        double t = steps_to(series, series->rows[i]) + 1;

        hst_date_format(period->start, start);
        hst_json_begin_object(json, NULL);
        hst_json_text(json, "period", period->label);
        hst_json_text(json, "period_start", start);
        hst_json_real(json, "fitted", trend->intercept.estimate + trend->slope.estimate * t);
        hst_json_end_object(json);
    }
    hst_json_end_array(json);
}

/* `trend` NULL: there is no line, and the note says why. */
static void write_trend(hst_json_stream *json, const hst_publication *p,
                        const hst_report_series *series, const hst_study_impact *service,
                        const hst_trend *trend, const char *note)
{
    const hst_measure *measure = &p->study->measures[series->measure];
    const char *type = hst_period_type_name(series->type);
    char unit[HST_UNIT_BYTES], slope_unit[2 * HST_UNIT_BYTES];

    hst_value_unit(measure, hst_statistic_name(measure->statistic), unit);
    snprintf(slope_unit, sizeof slope_unit, "%s, each %s", unit, type);
    hst_json_begin_object(json, NULL);
    hst_json_text(json, "measure", measure->id);
    hst_json_text(json, "area_code", hst_areas_code(p->areas, series->area));
    hst_json_text(json, "period_type", type);
    hst_json_text(json, "impact", service ? service->id : NULL);
    hst_json_real(json, "intercept", trend ? trend->intercept.estimate : NAN);
    hst_json_real(json, "slope", trend ? trend->slope.estimate : NAN);
    hst_json_real(json, "slope_lowercl", trend ? trend->slope.lower : NAN);
    hst_json_real(json, "slope_uppercl", trend ? trend->slope.upper : NAN);
    hst_json_real(json, "p", trend ? trend->slope.p : NAN);
    hst_json_text(json, "unit", slope_unit);
    write_line(json, series, trend);
    hst_json_text(json, "note", note);
    hst_json_end_object(json);
}

/* The line through a series, as a service declares it, else by least squares. */
static hst_status fit(hst_json_stream *json, const hst_publication *p,
                      const hst_report_series *whole, const hst_study_impact *service,
                      hst_error *err)
{
    static const struct errors {
        hst_trend_errors errors;
        const char *words;
    } kinds[] = {
        [HST_TREND_BY_OLS] = {HST_TREND_OLS, "least squares"},
        [HST_TREND_BY_NEWEY_WEST] = {HST_TREND_NEWEY_WEST, "least squares, Newey-West errors"},
        [HST_TREND_BY_PRAIS_WINSTEN] = {HST_TREND_PRAIS_WINSTEN, "Prais-Winsten"},
    };
    const struct errors *kind = &kinds[service ? service->options.trend_errors : HST_TREND_BY_OLS];
    hst_trend_options options = {.errors = kind->errors,
                                 .lag = service ? service->options.trend_lag : -1,
                                 .is_adjusted = true,
                                 .confidence = confidence};
    hst_report_series series = service ? cut_to_window(whole, &service->window) : *whole;
    char note[HST_REPORT_NOTE_BYTES] = "";
    double *t = calloc(2 * series.n + 1, sizeof *t), *y = t ? t + series.n : NULL;
    hst_trend trend;
    hst_error reason = {0};
    hst_status status = HST_OK;

    if (!t) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a trend");
    }
    for (size_t i = 0; i < series.n; i++) {
        const hst_result *row = series.rows[i];
        bool is_used =
            hst_report_is_charted(row) && (!service || is_of_service(service, &row->period));

        t[i] = steps_to(&series, row) + 1;
        y[i] = is_used ? row->value : (double)NAN;
    }
    status = hst_trend_fit(&trend, t, y, series.n, &options, &reason);
    if (status == HST_OK) {
        hst_report_note(note, "Straight line by %s through %zu points.", kind->words, trend.n);
    } else if (status == HST_REFUSED) {
        hst_report_note(note, "No line: %s.", reason.message);
    } else {
        hst_fail(err, status, "%s", reason.message);
        goto done;
    }
    hst_report_note_points(note, p, series.rows, series.n);
    write_trend(json, p, &series, service, status == HST_OK ? &trend : NULL, note);
    status = HST_OK;

done:
    free(t);
    return status;
}

static bool asks_for_trend(const hst_publication *p, const hst_study_impact *service,
                           const hst_report_series *series)
{
    hst_by by = service->by ? service->by : hst_measures_finest(p->measures, series->measure);

    return (service->methods >> HST_IMPACT_TREND & 1u) && by == series->type &&
           hst_report_judges(p, service, series);
}

hst_status hst_report_trends(hst_json_stream *json, const hst_publication *p,
                             const hst_report_series *series, size_t n_series, hst_error *err)
{
    hst_status status = HST_OK;

    hst_json_begin_array(json, "trend");
    for (size_t i = 0; i < n_series && status == HST_OK; i++) {
        bool is_done = p->study->measures[series[i].measure].statistic != HST_STAT_MEAN_LOS;

        for (size_t s = 0; s < p->study->n_impacts && status == HST_OK; s++) {
            if (asks_for_trend(p, &p->study->impacts[s], &series[i])) {
                status = fit(json, p, &series[i], &p->study->impacts[s], err);
                is_done = true;
            }
        }
        if (!is_done && status == HST_OK) {
            status = fit(json, p, &series[i], NULL, err);
        }
    }
    hst_json_end_array(json);
    return status;
}
