/* The JSON of a report: what was studied, and in which order its parts stand. */
#include <string.h>

#include "publish/report_internal.h"

static void write_texts(hst_json_stream *json, const char *key, const hst_texts *texts)
{
    hst_json_begin_array(json, key);
    for (size_t i = 0; i < texts->n; i++) {
        hst_json_text(json, NULL, texts->items[i]);
    }
    hst_json_end_array(json);
}

static void write_date(hst_json_stream *json, const char *key, hst_date date)
{
    char text[11];

    if (date == HST_DATE_MISSING) {
        hst_json_null(json, key);
        return;
    }
    hst_date_format(date, text);
    hst_json_text(json, key, text);
}

static void write_window(hst_json_stream *json, const char *key, const hst_window *window)
{
    if (window->from == HST_DATE_MISSING) {
        hst_json_null(json, key);
        return;
    }
    hst_json_begin_object(json, key);
    write_date(json, "from", window->from);
    write_date(json, "to", window->to);
    hst_json_end_object(json);
}

/* ---- the study ---- */

static void write_site(hst_json_stream *json, const hst_publication *p, size_t area)
{
    hst_json_begin_object(json, NULL);
    hst_json_text(json, "code", hst_areas_code(p->areas, area));
    hst_json_text(json, "name", hst_areas_name(p->areas, area));
    hst_json_end_object(json);
}

/* Those of the study in its order, then those that only a service has. */
static void write_sites(hst_json_stream *json, const hst_publication *p)
{
    size_t n = hst_areas_n(p->areas);

    hst_json_begin_array(json, "sites");
    for (size_t i = 0; i < p->study->areas.sites.n; i++) {
        for (size_t area = 0; area < n; area++) {
            if (strcmp(hst_areas_code(p->areas, area), p->study->areas.sites.items[i]) == 0) {
                write_site(json, p, area);
            }
        }
    }
    for (size_t area = 0; area < n; area++) {
        if (hst_report_is_site(p, area) && !hst_areas_is_site(p->areas, area)) {
            write_site(json, p, area);
        }
    }
    hst_json_end_array(json);
}

/* By the names that they have as areas of the tables; the first is the one of `compared`. */
static void write_comparators(hst_json_stream *json, const hst_publication *p)
{
    hst_json_begin_array(json, "comparators");
    for (size_t i = 0; i < hst_areas_n_groups(p->areas); i++) {
        hst_json_text(json, NULL, hst_areas_group(p->areas, i)->name);
    }
    hst_json_end_array(json);
    hst_json_begin_array(json, "comparator_sites"); /* whose comparator it is; null: of all */
    for (size_t i = 0; i < hst_areas_n_groups(p->areas); i++) {
        uint32_t site = hst_areas_group(p->areas, i)->site;

        hst_json_text(json, NULL, site == UINT32_MAX ? NULL : hst_areas_code(p->areas, site));
    }
    hst_json_end_array(json);
}

static void write_disclosure(hst_json_stream *json, const hst_publication *p)
{
    if (!p->disclosure) {
        hst_json_null(json, "disclosure");
        return;
    }
    hst_json_begin_object(json, "disclosure");
    hst_json_text(json, "rule", p->study->publish.disclosure.rule);
    hst_json_count(json, "min", (uint64_t)p->study->publish.disclosure.min);
    hst_json_count(json, "round", (uint64_t)p->study->publish.disclosure.round);
    hst_json_count(json, "totals_round", (uint64_t)p->disclosure->total_round);
    hst_json_count(json, "decimals", (uint64_t)p->study->publish.disclosure.decimals);
    hst_json_count(json, "small", p->disclosure->n_small);
    hst_json_count(json, "withheld_counts", p->disclosure->n_withheld_counts);
    hst_json_count(json, "withheld_values", p->disclosure->n_withheld_values);
    hst_json_end_object(json);
}

static void write_study(hst_json_stream *json, const hst_publication *p)
{
    hst_json_begin_object(json, "study");
    hst_json_text(json, "id", p->study->study);
    hst_json_text(json, "title", p->study->title);
    write_date(json, "period_from", p->study->period.from);
    write_date(json, "period_to", p->study->period.to);
    hst_json_text(json, "notice", p->study->notice);
    write_sites(json, p);
    write_comparators(json, p);
    hst_json_text(json, "area_type", p->study->areas.type);
    hst_json_flag(json, "is_release", p->disclosure != NULL);
    write_disclosure(json, p);
    hst_json_text(json, "version", p->version);
    hst_json_end_object(json);
}

/* ---- measures and services ---- */

static void write_by(hst_json_stream *json, unsigned by)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};

    hst_json_begin_array(json, "by");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (by & types[i]) {
            hst_json_text(json, NULL, hst_period_type_name(types[i]));
        }
    }
    hst_json_end_array(json);
}

/* Dates of the services that a measure judges, for the lines in its chart. */
static void write_dates(hst_json_stream *json, const hst_study *study, const char *measure)
{
    hst_json_begin_array(json, "dates");
    for (size_t i = 0; i < study->n_impacts; i++) {
        const hst_study_impact *service = &study->impacts[i];

        for (size_t d = 0; d < service->n_dates && hst_report_has_text(&service->measures, measure);
             d++) {
            hst_json_begin_object(json, NULL);
            hst_json_text(json, "impact", service->id);
            write_date(json, "date", service->dates[d]);
            hst_json_text(json, "label", service->title);
            write_texts(json, "sites", &service->sites);
            hst_json_end_object(json);
        }
    }
    hst_json_end_array(json);
}

static void write_measures(hst_json_stream *json, const hst_publication *p)
{
    hst_json_begin_array(json, "measures");
    for (size_t i = 0; i < p->study->n_measures; i++) {
        const hst_measure *measure = &p->study->measures[i];

        hst_json_begin_object(json, NULL);
        hst_json_text(json, "id", measure->id);
        hst_json_text(json, "title", measure->title);
        hst_json_text(json, "dataset",
                      measure->is_table ? "table" : hst_dataset_name(measure->dataset));
        hst_json_text(json, "definition", hst_measures_definition(p->measures, i));
        hst_json_text(json, "unit", measure->is_table ? "value" : hst_unit_name(measure->unit));
        hst_json_text(json, "statistic", hst_statistic_name(measure->statistic));
        write_by(json, measure->by);
        hst_json_text(json, "split", hst_split_name(measure->split));
        hst_json_text(json, "direction", hst_direction_name(measure->direction));
        hst_json_text(json, "figure", measure->figure);
        hst_json_real(json, "per", measure->per);
        hst_json_text(json, "interval", hst_interval_name(measure->interval));
        write_dates(json, p->study, measure->id);
        hst_json_end_object(json);
    }
    hst_json_end_array(json);
}

static void write_methods(hst_json_stream *json, const hst_study_impact *service)
{
    char text[HST_IMPACT_OPTIONS_BYTES];

    hst_json_begin_array(json, "methods");
    for (unsigned m = 0; m < HST_N_IMPACT_METHODS; m++) {
        if (service->methods >> m & 1u) {
            hst_json_text(json, NULL, hst_impact_method_name((hst_impact_method)m));
        }
    }
    hst_json_end_array(json);
    hst_json_begin_object(json, "options");
    for (unsigned m = 0; m < HST_N_IMPACT_METHODS; m++) {
        if (service->methods >> m & 1u) {
            hst_impact_options_describe(text, &service->options, (hst_impact_method)m);
            hst_json_text(json, hst_impact_method_name((hst_impact_method)m), text);
        }
    }
    hst_json_end_object(json);
}

static void write_services(hst_json_stream *json, const hst_study *study)
{
    hst_json_begin_array(json, "services");
    for (size_t i = 0; i < study->n_impacts; i++) {
        const hst_study_impact *service = &study->impacts[i];

        hst_json_begin_object(json, NULL);
        hst_json_text(json, "id", service->id);
        hst_json_text(json, "title", service->title);
        write_texts(json, "sites", &service->sites);
        write_texts(json, "measures", &service->measures);
        hst_json_begin_array(json, "dates");
        for (size_t d = 0; d < service->n_dates; d++) {
            write_date(json, NULL, service->dates[d]);
        }
        hst_json_end_array(json);
        write_window(json, "phase_in", &service->phase_in);
        write_window(json, "window", &service->window);
        write_window(json, "baseline", &service->baseline);
        write_window(json, "review", &service->review);
        write_texts(json, "comparators", &service->comparators);
        hst_json_text(json, "expected", hst_expected_name(service->expected));
        write_methods(json, service);
        hst_json_text(json, "primary", hst_impact_method_name(service->primary));
        hst_json_real(json, "meaningful", service->meaningful);
        hst_json_end_object(json);
    }
    hst_json_end_array(json);
}

/* Charts of the series of the sites, and of all areas at one time. */
static hst_status write_charts(hst_json_stream *json, const hst_publication *p, hst_error *err)
{
    hst_report_series *series = NULL;
    size_t n = 0;
    hst_status status = hst_report_series_list(&series, &n, p, err);

    if (status == HST_OK) {
        status = hst_report_spc(json, p, series, n, err);
    }
    if (status == HST_OK) {
        status = hst_report_funnels(json, p, err);
    }
    if (status == HST_OK) {
        status = hst_report_trends(json, p, series, n, err);
    }
    hst_report_series_free(series, n);
    return status;
}

hst_status hst_report_data(hst_json_stream *json, const hst_publication *p, hst_error *err)
{
    hst_status status = HST_OK;

    hst_json_begin_object(json, NULL);
    write_study(json, p);
    hst_report_rules(json, p);
    write_measures(json, p);
    write_services(json, p->study);
    status = hst_report_tables(json, p, err);
    if (status == HST_OK) {
        status = write_charts(json, p, err);
    }
    if (status == HST_OK) {
        status = hst_report_truth(json, p, err);
    }
    hst_json_end_object(json);
    return status;
}
