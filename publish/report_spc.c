/* Control charts of a report. */
#include <math.h>
#include <stdlib.h>

#include "hestia/spc.h"
#include "publish/report_internal.h"

enum { MIN_POINTS = 12 };

/* The earliest date of a service that the measure judges at the site. */
static hst_date first_date(const hst_publication *p, const hst_report_series *series)
{
    hst_date first = HST_DATE_MISSING;

    for (size_t i = 0; i < p->study->n_impacts; i++) {
        const hst_study_impact *service = &p->study->impacts[i];

        if (service->n_dates > 0 && hst_report_judges(p, service, series) &&
            (first == HST_DATE_MISSING || service->dates[0] < first)) {
            first = service->dates[0];
        }
    }
    return first;
}

/* How many charted points lie before a date. */
static size_t count_before(const hst_report_series *series, hst_date date)
{
    size_t n = 0;

    for (size_t i = 0; i < series->n && series->rows[i]->period.end < date; i++) {
        n += hst_report_is_charted(series->rows[i]);
    }
    return n;
}

static void write_point(hst_json_stream *json, const hst_result *row, const hst_spc_point *point,
                        hst_direction direction)
{
    char start[11];

    hst_date_format(row->period.start, start);
    hst_json_begin_object(json, NULL);
    hst_json_text(json, "period", row->period.label);
    hst_json_text(json, "period_start", start);
    hst_json_real(json, "value", row->value);
    hst_json_real(json, "mean", point ? point->mean : NAN);
    hst_json_real(json, "lower", point ? point->lower : NAN);
    hst_json_real(json, "upper", point ? point->upper : NAN);
    hst_json_text(json, "special_cause",
                  point && point->cause != HST_SPC_COMMON ? hst_spc_cause_name(point) : "");
    hst_json_text(json, "judgement",
                  point && point->cause != HST_SPC_COMMON ? hst_spc_judgement(point, direction)
                                                          : "");
    hst_json_end_object(json);
}

static void write_chart(hst_json_stream *json, const hst_publication *p,
                        const hst_report_series *series, const hst_spc_point *points,
                        const char *note)
{
    const hst_measure *measure = &p->study->measures[series->measure];
    size_t next = 0;

    hst_json_begin_object(json, NULL);
    hst_json_text(json, "measure", measure->id);
    hst_json_text(json, "area_code", hst_areas_code(p->areas, series->area));
    hst_json_text(json, "period_type", hst_period_type_name(series->type));
    hst_json_begin_array(json, "points");
    for (size_t i = 0; i < series->n; i++) {
        bool is_charted = hst_report_is_charted(series->rows[i]);

        write_point(json, series->rows[i], is_charted ? &points[next] : NULL, measure->direction);
        next += is_charted;
    }
    hst_json_end_array(json);
    hst_json_text(json, "note", note);
    hst_json_end_object(json);
}

/* Where a service began, what comes after is judged by what was before, if that is enough. */
static hst_status chart(hst_json_stream *json, const hst_publication *p,
                        const hst_report_series *series, hst_error *err)
{
    char note[HST_REPORT_NOTE_BYTES] = "";
    char text[11];
    double *y = calloc(series->n + 1, sizeof *y);
    hst_spc_point *points = calloc(series->n + 1, sizeof *points);
    hst_spc_options options = {.is_screened = true};
    hst_date date = first_date(p, series);
    size_t n = 0, n_before = date == HST_DATE_MISSING ? 0 : count_before(series, date);
    hst_status status = HST_OK;

    if (!y || !points) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a control chart");
        goto done;
    }
    for (size_t i = 0; i < series->n; i++) {
        if (hst_report_is_charted(series->rows[i])) {
            y[n++] = series->rows[i]->value;
        }
    }
    if (n < MIN_POINTS) {
        goto done;
    }
    if (n_before >= MIN_POINTS && n_before < n) {
        options.n_fixed = n_before;
        hst_date_format(date, text);
        hst_report_note(note, "Limits from the %zu points before %s.", n_before, text);
    } else {
        hst_report_note(note, "Limits from all %zu points.", n);
    }
    if ((options.n_fixed > 0 ? n_before : n) < HST_SPC_ENOUGH_POINTS) {
        hst_report_note(note, "These are few: take them as provisional.");
    }
    hst_report_note_points(note, p, series->rows, series->n);
    status = hst_spc_chart(points, y, n, &options, err);
    if (status == HST_OK) {
        write_chart(json, p, series, points, note);
    } else if (status == HST_REFUSED) {
        status = HST_OK; /* no chart is an answer, too */
    }

done:
    free(y);
    free(points);
    return status;
}

hst_status hst_report_spc(hst_json_stream *json, const hst_publication *p,
                          const hst_report_series *series, size_t n_series, hst_error *err)
{
    hst_status status = HST_OK;

    hst_json_begin_array(json, "spc");
    for (size_t i = 0; i < n_series && status == HST_OK; i++) {
        status = chart(json, p, &series[i], err);
    }
    hst_json_end_array(json);
    return status;
}
