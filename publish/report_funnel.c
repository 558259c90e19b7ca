/* Funnels of a report: the areas of the list beside each other, in one period. */
#include <math.h>
#include <stdlib.h>

#include "hestia/funnel.h"
#include "publish/report_internal.h"

enum {
    N_LIMITS = 60,  /* points at which the limits are given */
    FEW_AREAS = 10, /* with fewer a funnel says little */
    MIN_AREAS = 2
};

static const double trim = 0.1; /* not used by the limits of chance alone */

/* What a statistic is in the funnel of its areas. */
static bool type_of(hst_funnel_type *type, const hst_measure *measure)
{
    switch (measure->statistic) {
    case HST_STAT_CRUDE_RATE:
    case HST_STAT_DSR:
    case HST_STAT_ISR:
        *type = HST_FUNNEL_PERSON_TIME;
        return true;
    case HST_STAT_SMR:
        *type = HST_FUNNEL_RATIO;
        return true;
    case HST_STAT_READMISSION:
        *type = HST_FUNNEL_PROPORTION;
        return true;
    default:
        return false;
    }
}

static const char *name_of(hst_funnel_type type)
{
    return type == HST_FUNNEL_RATIO        ? "ratio"
           : type == HST_FUNNEL_PROPORTION ? "proportion"
                                           : "person-time";
}

/* The areas with a value in the period, and what lies under it. */
typedef struct funnel {
    const hst_publication *p;
    const hst_measure *measure;
    hst_period period;
    hst_funnel_type type;
    size_t n, n_hidden, n_missing;
    const hst_result **rows;  /* [n] */
    double *x, *denominators; /* [n] */
} funnel;

/**
 * The denominator that the value shown has with the count shown: per x / value. Of a standardised
 * rate that is the population which would have the rate as its crude one, of an SMR the expected
 * events. Without an event the value says nothing of it.
 *
 * Source: PHEindicatormethods 2.1.0, calculate_funnel_points().
 */
static double denominator_of(const hst_measure *measure, const hst_result *row)
{
    bool is_counted = measure->statistic == HST_STAT_READMISSION ||
                      (measure->statistic == HST_STAT_CRUDE_RATE && !measure->per_working_day);

    if (is_counted || (row->total_count == 0 && measure->statistic != HST_STAT_SMR)) {
        return row->total_pop;
    }
    return row->value > 0 ? measure->per * (double)row->total_count / row->value : (double)NAN;
}

static void take_area(funnel *f, const hst_result *row)
{
    double n = denominator_of(f->measure, row);
    bool is_shown = isfinite(row->value) && row->total_count >= 0;

    if (!is_shown || !(n > 0)) {
        f->n_hidden += row->is_suppressed;
        f->n_missing += !row->is_suppressed;
        return;
    }
    f->rows[f->n] = row;
    f->x[f->n] = (double)row->total_count;
    f->denominators[f->n] = n;
    f->n++;
}

static hst_status read_areas(funnel *f, size_t measure, hst_error *err)
{
    size_t n = hst_areas_n(f->p->areas);

    f->rows = calloc(n + 1, sizeof *f->rows);
    f->x = calloc(2 * n + 1, sizeof *f->x);
    if (!f->rows || !f->x) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a funnel of %zu areas", n);
    }
    f->denominators = f->x + n;
    for (size_t i = 0; i < f->p->n_results; i++) {
        const hst_result *row = &f->p->results[i];

        if (row->measure == measure && !row->is_group && row->period.type == f->period.type &&
            row->period.start == f->period.start && hst_report_is_main(f->p, row) && f->n < n) {
            take_area(f, row);
        }
    }
    return HST_OK;
}

static void write_points(hst_json_stream *json, const funnel *f, const hst_funnel_unit *units)
{
    hst_json_begin_array(json, "points");
    for (size_t i = 0; i < f->n; i++) {
        size_t area = f->rows[i]->area;

        hst_json_begin_object(json, NULL);
        hst_json_text(json, "area_code", hst_areas_code(f->p->areas, area));
        hst_json_text(json, "area_name", hst_areas_name(f->p->areas, area));
        hst_json_text(json, "role", hst_report_is_site(f->p, area) ? "site" : "other");
        hst_json_real(json, "denominator", f->denominators[i]);
        hst_json_real(json, "value", f->rows[i]->value);
        hst_json_text(json, "flag", units[i].flag);
        hst_json_end_object(json);
    }
    hst_json_end_array(json);
}

/* The limits from the smallest denominator to the largest, closer together where they bend: those
 * of areas that have the target as their value. */
static hst_status write_limits(hst_json_stream *json, const funnel *f, double target,
                               hst_error *err)
{
    double least = f->denominators[0], most = f->denominators[0];
    double x[N_LIMITS], n[N_LIMITS];
    hst_funnel_unit units[N_LIMITS];
    hst_funnel same;
    hst_status status = HST_OK;

    for (size_t i = 1; i < f->n; i++) {
        least = fmin(least, f->denominators[i]);
        most = fmax(most, f->denominators[i]);
    }
    for (size_t i = 0; i < N_LIMITS; i++) {
        n[i] = least * pow(most / least, (double)i / (N_LIMITS - 1));
        x[i] = target * n[i];
    }
    status = hst_funnel_compute(&same, units, x, n, N_LIMITS, f->type, HST_FUNNEL_PLAIN, trim, err);
    hst_json_begin_array(json, "limits");
    for (size_t i = 0; i < N_LIMITS && status == HST_OK; i++) {
        hst_json_begin_object(json, NULL);
        hst_json_real(json, "denominator", n[i]);
        hst_json_real(json, "lower95", units[i].limits95.lower * f->measure->per);
        hst_json_real(json, "upper95", units[i].limits95.upper * f->measure->per);
        hst_json_real(json, "lower998", units[i].limits998.lower * f->measure->per);
        hst_json_real(json, "upper998", units[i].limits998.upper * f->measure->per);
        hst_json_end_object(json);
    }
    hst_json_end_array(json);
    return status;
}

static void describe(const funnel *f, char note[HST_REPORT_NOTE_BYTES])
{
    hst_report_note(note, "Limits by chance alone around the value of all areas shown.");
    if (f->measure->statistic == HST_STAT_DSR || f->measure->statistic == HST_STAT_ISR) {
        hst_report_note(note, "The denominator is the population whose crude rate would be the "
                              "standardised one.");
    }
    if (f->n < FEW_AREAS) {
        hst_report_note(note, "With %zu areas a funnel says little.", f->n);
    }
    if (f->n_hidden > 0) {
        hst_report_note(note, "Areas hidden by disclosure control: %zu.", f->n_hidden);
    }
    if (f->n_missing > 0) {
        hst_report_note(note, "Areas without a value: %zu.", f->n_missing);
    }
    if (f->p->disclosure) {
        hst_report_note(note, "From the released numbers, which are rounded.");
    }
}

static hst_status write_funnel(hst_json_stream *json, const funnel *f, hst_error *err)
{
    char note[HST_REPORT_NOTE_BYTES] = "";
    hst_funnel_unit *units = calloc(f->n + 1, sizeof *units);
    hst_funnel result;
    hst_status status = HST_OK;

    if (!units) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a funnel of %zu areas", f->n);
    }
    status = hst_funnel_compute(&result, units, f->x, f->denominators, f->n, f->type,
                                HST_FUNNEL_PLAIN, trim, err);
    if (status != HST_OK) {
        goto done;
    }
    describe(f, note);
    hst_json_begin_object(json, NULL);
    hst_json_text(json, "measure", f->measure->id);
    hst_json_text(json, "period", f->period.label);
    hst_json_text(json, "type", name_of(f->type));
    hst_json_real(json, "target", result.target * f->measure->per);
    write_points(json, f, units);
    status = write_limits(json, f, result.target, err);
    hst_json_text(json, "note", note);
    hst_json_end_object(json);

done:
    free(units);
    return status;
}

hst_status hst_report_funnels(hst_json_stream *json, const hst_publication *p, hst_error *err)
{
    hst_status status = HST_OK;

    hst_json_begin_array(json, "funnel");
    for (size_t m = 0; m < p->study->n_measures && status == HST_OK; m++) {
        funnel f = {.p = p, .measure = &p->study->measures[m]};

        if (hst_areas_n(p->areas) > HST_REPORT_MAX_AREAS || !type_of(&f.type, f.measure) ||
            !hst_report_last_period(&f.period, p, m)) {
            continue;
        }
        status = read_areas(&f, m, err);
        if (status == HST_OK && f.n >= MIN_AREAS) {
            status = write_funnel(json, &f, err);
            status = status == HST_REFUSED ? HST_OK : status; /* no events at all */
        }
        free(f.rows);
        free(f.x);
    }
    hst_json_end_array(json);
    return status;
}
