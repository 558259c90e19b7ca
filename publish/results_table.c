/* results.csv, measures.csv and areas.csv: the columns of interface.md section 3, in its order. */
#include <stdlib.h>
#include <string.h>

#include "hestia/csv.h"
#include "publish/tables.h"

static const char *const results_columns[] = {
    "measure",
    "dataset",
    "area_type",
    "area_code",
    "area_name",
    "period",
    "period_start",
    "period_end",
    "sex",
    "age",
    "split",
    "total_count",
    "total_pop",
    "value",
    "lowercl",
    "uppercl",
    "lower998",
    "upper998",
    "confidence",
    "statistic",
    "method",
    "comparator",
    "compared",
    "suppressed",
    "note",
    "area_role",
    "period_type",
    "split_by",
    "split_name",
    "unit",
    "comparator_value",
    "compared_method",
    "incomplete",
};

static const char *const measures_columns[] = {"measure", "title",     "dataset", "definition",
                                               "unit",    "direction", "figure"};

static const char *const areas_columns[] = {"area_type", "area_code",    "area_name",
                                            "area_role", "first_period", "last_period"};

enum {
    N_RESULTS_COLUMNS = sizeof results_columns / sizeof results_columns[0],
    N_MEASURES_COLUMNS = sizeof measures_columns / sizeof measures_columns[0],
    N_AREAS_COLUMNS = sizeof areas_columns / sizeof areas_columns[0],
    UNIT_BYTES = 64
};

/* How the tables call an area or comparator. */
typedef struct area_texts {
    const char *type, *code, *name, *role;
} area_texts;

static area_texts describe_area(const hst_publication *p, bool is_group, size_t area)
{
    if (is_group) {
        const char *name = hst_areas_group(p->areas, area)->name;

        return (area_texts){"comparator", name, name, "comparator"};
    }
    return (area_texts){p->study->areas.type, hst_areas_code(p->areas, area),
                        hst_areas_name(p->areas, area),
                        hst_areas_is_site(p->areas, area) ? "site" : "other"};
}

/* Statistics whose values are not events per so many people; others end in the measure's unit. */
static const struct value_unit {
    const char *statistic, *unit;
} value_units[] = {
    {"mean_los", "days"},
    {"median_los", "days"},
    {"p90_los", "days"},
    {"q1_los", "days"},
    {"q3_los", "days"},
    {"trimmed_mean_los", "days"},
    {"std_mean_los", "days"},
    {"bed_days", "bed days"},
    {"hhi", "index, 0 to 1"},
    {"effective_providers", "providers"},
    {"growth", "index, base = 100"},
    {"acs_residual", "standard deviations"},
    {"acs_score", "score, 1 to 9"},
};

/* What is counted, in the plural. */
static const char *unit_counted(const hst_measure *measure)
{
    if (measure->is_table) {
        return "value";
    }
    switch (measure->unit) {
    case HST_UNIT_PERSON:
        return "people";
    case HST_UNIT_CIPS:
        return "continuous spells";
    case HST_UNIT_EPISODE:
        return "episodes";
    case HST_UNIT_ADMISSION:
        return "admissions";
    case HST_UNIT_SPELL:
        return "spells";
    case HST_UNIT_ATTENDANCE:
        return "attendances";
    }
    return "";
}

/* "admissions", "admissions per 100,000", "days": the unit of `value`. */
static void unit_of_value(const hst_measure *measure, const char *statistic, char text[UNIT_BYTES])
{
    const char *unit = unit_counted(measure);
    char per[HST_CSV_NUMBER_BYTES];
    size_t n_digits = hst_csv_format_real(per, measure->per);
    size_t n = 0;

    for (size_t i = 0; i < sizeof value_units / sizeof value_units[0]; i++) {
        if (strcmp(value_units[i].statistic, statistic) == 0) {
            snprintf(text, UNIT_BYTES, "%s", value_units[i].unit);
            return;
        }
    }
    if (strcmp(statistic, "count") == 0) {
        snprintf(text, UNIT_BYTES, "%s%s", unit,
                 measure->per_working_day ? " per working day" : "");
        return;
    }
    if (strcmp(statistic, "smr") == 0) {
        unit = "observed";
    } else if (strcmp(statistic, "bed_day_rate") == 0) {
        unit = "bed days";
    } else if (strcmp(statistic, "readmission") == 0) {
        unit = "readmissions";
        if (measure->per == 100) {
            snprintf(text, UNIT_BYTES, "percent");
            return;
        }
    }
    n = (size_t)snprintf(text, UNIT_BYTES, "%s per ", unit);
    for (size_t i = 0; i < n_digits && n + 2 < UNIT_BYTES; i++) {
        if (i > 0 && (n_digits - i) % 3 == 0 && strspn(per, "0123456789") == n_digits) {
            text[n++] = ',';
        }
        text[n++] = per[i];
    }
    text[n] = '\0';
    if (measure->per_working_day) {
        snprintf(text + n, UNIT_BYTES - n, " and working day");
    } else if (strcmp(statistic, "smr") == 0) {
        snprintf(text + n, UNIT_BYTES - n, " expected");
    }
}

/* Where the rows of a measure come from. */
static const char *dataset_of(const hst_measure *measure)
{
    return measure->is_table ? "table" : hst_dataset_name(measure->dataset);
}

static void write_result(hst_csv *csv, const hst_publication *p, const hst_result *row,
                         const char *unit)
{
    const hst_measure *measure = &p->study->measures[row->measure];
    area_texts area = describe_area(p, row->is_group, row->area);
    char start[11], end[11];

    hst_date_format(row->period.start, start);
    hst_date_format(row->period.end, end);
    hst_csv_text(csv, measure->id);
    hst_csv_text(csv, dataset_of(measure));
    hst_csv_text(csv, area.type);
    hst_csv_text(csv, area.code);
    hst_csv_text(csv, area.name);
    hst_csv_text(csv, row->period.label);
    hst_csv_text(csv, start);
    hst_csv_text(csv, end);
    hst_csv_text(csv, row->sex);
    hst_csv_text(csv, row->age);
    hst_csv_text(csv, row->split);
    if (row->total_count < 0) {
        hst_csv_empty(csv);
    } else {
        hst_csv_count(csv, (uint64_t)row->total_count);
    }
    hst_csv_real(csv, row->total_pop);
    hst_csv_real(csv, row->value);
    hst_csv_real(csv, row->lowercl);
    hst_csv_real(csv, row->uppercl);
    hst_csv_real(csv, row->lower998);
    hst_csv_real(csv, row->upper998);
    hst_csv_text(csv, row->confidence);
    hst_csv_text(csv, row->statistic);
    hst_csv_text(csv, row->method);
    hst_csv_text(
        csv, row->comparator == SIZE_MAX ? NULL : hst_areas_group(p->areas, row->comparator)->name);
    hst_csv_text(csv, row->compared);
    hst_csv_count(csv, 0); /* suppressed: nothing is, without disclosure control */
    hst_csv_text(csv, row->note);
    hst_csv_text(csv, area.role);
    hst_csv_text(csv, hst_period_type_name(row->period.type));
    hst_csv_text(csv, row->split && row->split[0] ? hst_split_name(measure->split) : NULL);
    hst_csv_text(csv, row->split_name);
    hst_csv_text(csv, unit);
    hst_csv_real(csv, row->comparator_value);
    hst_csv_text(csv, row->compared_method);
    hst_csv_count(csv, row->is_incomplete);
    hst_csv_end_row(csv);
}

hst_status hst_table_write_results(const hst_publication *p, const char *path, unsigned mode,
                                   hst_error *err)
{
    hst_status status = HST_OK;
    const hst_result *before = NULL;
    char unit[UNIT_BYTES] = "";
    hst_csv *csv = NULL;

    status = hst_csv_create(&csv, path, mode, err);
    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, results_columns, N_RESULTS_COLUMNS);
    for (size_t i = 0; i < p->n_results; i++) {
        const hst_result *row = &p->results[i];

        if (!before || before->measure != row->measure ||
            strcmp(before->statistic, row->statistic) != 0) {
            unit_of_value(&p->study->measures[row->measure], row->statistic, unit);
        }
        write_result(csv, p, row, unit);
        before = row;
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}

static int compare_measures(const void *a, const void *b)
{
    const hst_measure *x = *(const hst_measure *const *)a;
    const hst_measure *y = *(const hst_measure *const *)b;

    return strcmp(x->id, y->id);
}

hst_status hst_table_write_measures(const hst_publication *p, const char *path, unsigned mode,
                                    hst_error *err)
{
    hst_status status = HST_OK;
    const hst_measure **measures = NULL;
    hst_csv *csv = NULL;

    measures = calloc(p->study->n_measures + 1, sizeof *measures);
    if (!measures) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a table", path);
    }
    for (size_t i = 0; i < p->study->n_measures; i++) {
        measures[i] = &p->study->measures[i];
    }
    qsort(measures, p->study->n_measures, sizeof *measures, compare_measures);

    status = hst_csv_create(&csv, path, mode, err);
    if (status != HST_OK) {
        goto done;
    }
    hst_csv_header(csv, measures_columns, N_MEASURES_COLUMNS);
    for (size_t i = 0; i < p->study->n_measures; i++) {
        const hst_measure *measure = measures[i];

        hst_csv_text(csv, measure->id);
        hst_csv_text(csv, measure->title);
        hst_csv_text(csv, dataset_of(measure));
        hst_csv_text(csv,
                     hst_measures_definition(p->measures, (size_t)(measure - p->study->measures)));
        hst_csv_text(csv, measure->is_table ? "value" : hst_unit_name(measure->unit));
        hst_csv_text(csv, hst_direction_name(measure->direction));
        hst_csv_text(csv, measure->figure);
        hst_csv_end_row(csv);
    }
    status = hst_csv_finish(csv, err);

done:
    hst_csv_free(csv);
    free(measures);
    return status;
}

/* First and last published period of one area; the finest type where several begin or end together.
 */
typedef struct area_span {
    const hst_period *first, *last;
} area_span;

static void widen_span(area_span *span, const hst_period *period)
{
    if (!span->first || period->start < span->first->start ||
        (period->start == span->first->start && period->end < span->first->end)) {
        span->first = period;
    }
    if (!span->last || period->end > span->last->end ||
        (period->end == span->last->end && period->start > span->last->start)) {
        span->last = period;
    }
}

hst_status hst_table_write_areas(const hst_publication *p, const char *path, unsigned mode,
                                 hst_error *err)
{
    hst_status status = HST_OK;
    size_t n_areas = hst_areas_n(p->areas);
    size_t n = n_areas + hst_areas_n_groups(p->areas);
    area_span *spans = NULL; /* [areas, then comparators] */
    hst_csv *csv = NULL;

    spans = calloc(n + 1, sizeof *spans);
    if (!spans) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for %zu areas", path, n);
    }
    for (size_t i = 0; i < p->n_results; i++) {
        const hst_result *row = &p->results[i];

        widen_span(&spans[row->is_group ? n_areas + row->area : row->area], &row->period);
    }
    status = hst_csv_create(&csv, path, mode, err);
    if (status != HST_OK) {
        goto done;
    }
    hst_csv_header(csv, areas_columns, N_AREAS_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        area_texts area = describe_area(p, i >= n_areas, i >= n_areas ? i - n_areas : i);

        hst_csv_text(csv, area.type);
        hst_csv_text(csv, area.code);
        hst_csv_text(csv, area.name);
        hst_csv_text(csv, area.role);
        hst_csv_text(csv, spans[i].first ? spans[i].first->label : NULL);
        hst_csv_text(csv, spans[i].last ? spans[i].last->label : NULL);
        hst_csv_end_row(csv);
    }
    status = hst_csv_finish(csv, err);

done:
    hst_csv_free(csv);
    free(spans);
    return status;
}
