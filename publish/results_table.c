/* results.csv, measures.csv and areas.csv: the columns of interface.md section 3, in its order. */
#include <stdlib.h>
#include <string.h>

#include "hestia/csv.h"
#include "hestia/ingest.h"
#include "publish/tables.h"

static const hst_column results_columns[] = {
    {"measure", HST_COLUMN_TEXT},
    {"dataset", HST_COLUMN_TEXT},
    {"area_type", HST_COLUMN_TEXT},
    {"area_code", HST_COLUMN_TEXT},
    {"area_name", HST_COLUMN_TEXT},
    {"period", HST_COLUMN_TEXT},
    {"period_start", HST_COLUMN_DATE},
    {"period_end", HST_COLUMN_DATE},
    {"sex", HST_COLUMN_TEXT},
    {"age", HST_COLUMN_TEXT},
    {"split", HST_COLUMN_TEXT},
    {"total_count", HST_COLUMN_COUNT},
    {"total_pop", HST_COLUMN_REAL},
    {"value", HST_COLUMN_REAL},
    {"lowercl", HST_COLUMN_REAL},
    {"uppercl", HST_COLUMN_REAL},
    {"lower998", HST_COLUMN_REAL},
    {"upper998", HST_COLUMN_REAL},
    {"confidence", HST_COLUMN_TEXT},
    {"statistic", HST_COLUMN_TEXT},
    {"method", HST_COLUMN_TEXT},
    {"comparator", HST_COLUMN_TEXT},
    {"compared", HST_COLUMN_TEXT},
    {"suppressed", HST_COLUMN_FLAG},
    {"note", HST_COLUMN_TEXT},
    {"area_role", HST_COLUMN_TEXT},
    {"period_type", HST_COLUMN_TEXT},
    {"split_by", HST_COLUMN_TEXT},
    {"split_name", HST_COLUMN_TEXT},
    {"unit", HST_COLUMN_TEXT},
    {"comparator_value", HST_COLUMN_REAL},
    {"compared_method", HST_COLUMN_TEXT},
    {"incomplete", HST_COLUMN_FLAG},
};

static const hst_column measures_columns[] = {
    {"measure", HST_COLUMN_TEXT},    {"title", HST_COLUMN_TEXT}, {"dataset", HST_COLUMN_TEXT},
    {"definition", HST_COLUMN_TEXT}, {"unit", HST_COLUMN_TEXT},  {"direction", HST_COLUMN_TEXT},
    {"figure", HST_COLUMN_TEXT},
};

static const hst_column areas_columns[] = {
    {"area_type", HST_COLUMN_TEXT},    {"area_code", HST_COLUMN_TEXT},
    {"area_name", HST_COLUMN_TEXT},    {"area_role", HST_COLUMN_TEXT},
    {"first_period", HST_COLUMN_TEXT}, {"last_period", HST_COLUMN_TEXT},
};

enum {
    N_RESULTS_COLUMNS = sizeof results_columns / sizeof results_columns[0],
    N_MEASURES_COLUMNS = sizeof measures_columns / sizeof measures_columns[0],
    N_AREAS_COLUMNS = sizeof areas_columns / sizeof areas_columns[0]
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

void hst_value_unit(const hst_measure *measure, const char *statistic, char text[HST_UNIT_BYTES])
{
    const char *unit = unit_counted(measure);
    char per[HST_CSV_NUMBER_BYTES];
    size_t n_digits = hst_csv_format_real(per, measure->per);
    size_t n = 0;

    for (size_t i = 0; i < sizeof value_units / sizeof value_units[0]; i++) {
        if (strcmp(value_units[i].statistic, statistic) == 0) {
            snprintf(text, HST_UNIT_BYTES, "%s", value_units[i].unit);
            return;
        }
    }
    if (strcmp(statistic, "count") == 0) {
        snprintf(text, HST_UNIT_BYTES, "%s%s", unit,
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
            snprintf(text, HST_UNIT_BYTES, "percent");
            return;
        }
    }
    n = (size_t)snprintf(text, HST_UNIT_BYTES, "%s per ", unit);
    for (size_t i = 0; i < n_digits && n + 2 < HST_UNIT_BYTES; i++) {
        if (i > 0 && (n_digits - i) % 3 == 0 && strspn(per, "0123456789") == n_digits) {
            text[n++] = ',';
        }
        text[n++] = per[i];
    }
    text[n] = '\0';
    if (measure->per_working_day) {
        snprintf(text + n, HST_UNIT_BYTES - n, " and working day");
    } else if (strcmp(statistic, "smr") == 0) {
        snprintf(text + n, HST_UNIT_BYTES - n, " expected");
    }
}

/* Where the rows of a measure come from. */
static const char *dataset_of(const hst_measure *measure)
{
    return measure->is_table ? "table" : hst_dataset_name(measure->dataset);
}

static void write_result(hst_sink *sink, const hst_publication *p, const hst_result *row,
                         const char *unit)
{
    const hst_measure *measure = &p->study->measures[row->measure];
    area_texts area = describe_area(p, row->is_group, row->area);
    char start[11], end[11];

    hst_date_format(row->period.start, start);
    hst_date_format(row->period.end, end);
    sink->text(sink, measure->id);
    sink->text(sink, dataset_of(measure));
    sink->text(sink, area.type);
    sink->text(sink, area.code);
    sink->text(sink, area.name);
    sink->text(sink, row->period.label);
    sink->text(sink, start);
    sink->text(sink, end);
    sink->text(sink, row->sex);
    sink->text(sink, row->age);
    sink->text(sink, row->split);
    if (row->total_count < 0) {
        sink->text(sink, NULL);
    } else {
        sink->count(sink, (uint64_t)row->total_count);
    }
    sink->real(sink, row->total_pop);
    sink->real(sink, row->value);
    sink->real(sink, row->lowercl);
    sink->real(sink, row->uppercl);
    sink->real(sink, row->lower998);
    sink->real(sink, row->upper998);
    sink->text(sink, row->confidence);
    sink->text(sink, row->statistic);
    sink->text(sink, row->method);
    sink->text(sink, row->comparator == SIZE_MAX
                         ? NULL
                         : hst_areas_group(p->areas, row->comparator)->name);
    sink->text(sink, row->compared);
    sink->count(sink, row->is_suppressed);
    sink->text(sink, row->note);
    sink->text(sink, area.role);
    sink->text(sink, hst_period_type_name(row->period.type));
    sink->text(sink, row->split && row->split[0] ? hst_split_name(measure->split) : NULL);
    sink->text(sink, row->split_name);
    sink->text(sink, unit);
    sink->real(sink, row->comparator_value);
    sink->text(sink, row->compared_method);
    sink->count(sink, row->is_incomplete);
    sink->end_row(sink);
}

static hst_status write_results(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    const hst_result *before = NULL;
    char unit[HST_UNIT_BYTES] = "";
    hst_status status = HST_OK;

    for (size_t i = 0; i < p->n_results && status == HST_OK; i++) {
        const hst_result *row = &p->results[i];

        if (!before || before->measure != row->measure ||
            strcmp(before->statistic, row->statistic) != 0) {
            hst_value_unit(&p->study->measures[row->measure], row->statistic, unit);
        }
        write_result(sink, p, row, unit);
        before = row;
        status = hst_interrupt_check(err); /* they may be millions */
    }
    return status;
}

const hst_result_table hst_results_table = {
    "results", results_columns, N_RESULTS_COLUMNS,
    "measure, area_code, period, sex, age, split, statistic", write_results};

static int compare_measures(const void *a, const void *b)
{
    const hst_measure *x = *(const hst_measure *const *)a;
    const hst_measure *y = *(const hst_measure *const *)b;

    return strcmp(x->id, y->id);
}

static hst_status write_measures(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    const hst_measure **measures = calloc(p->study->n_measures + 1, sizeof *measures);

    if (!measures) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a list of measures");
    }
    for (size_t i = 0; i < p->study->n_measures; i++) {
        measures[i] = &p->study->measures[i];
    }
    qsort(measures, p->study->n_measures, sizeof *measures, compare_measures);
    for (size_t i = 0; i < p->study->n_measures; i++) {
        const hst_measure *measure = measures[i];

        sink->text(sink, measure->id);
        sink->text(sink, measure->title);
        sink->text(sink, dataset_of(measure));
        sink->text(sink,
                   hst_measures_definition(p->measures, (size_t)(measure - p->study->measures)));
        sink->text(sink, measure->is_table ? "value" : hst_unit_name(measure->unit));
        sink->text(sink, hst_direction_name(measure->direction));
        sink->text(sink, measure->figure);
        sink->end_row(sink);
    }
    free(measures);
    return HST_OK;
}

const hst_result_table hst_measures_table = {"measures", measures_columns, N_MEASURES_COLUMNS,
                                             "measure", write_measures};

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

static hst_status write_areas(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    size_t n_areas = hst_areas_n(p->areas);
    size_t n = n_areas + hst_areas_n_groups(p->areas);
    area_span *spans = calloc(n + 1, sizeof *spans); /* [areas, then comparators] */

    if (!spans) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu areas", n);
    }
    for (size_t i = 0; i < p->n_results; i++) {
        const hst_result *row = &p->results[i];

        widen_span(&spans[row->is_group ? n_areas + row->area : row->area], &row->period);
    }
    for (size_t i = 0; i < n; i++) {
        area_texts area = describe_area(p, i >= n_areas, i >= n_areas ? i - n_areas : i);

        sink->text(sink, area.type);
        sink->text(sink, area.code);
        sink->text(sink, area.name);
        sink->text(sink, area.role);
        sink->text(sink, spans[i].first ? spans[i].first->label : NULL);
        sink->text(sink, spans[i].last ? spans[i].last->label : NULL);
        sink->end_row(sink);
    }
    free(spans);
    return HST_OK;
}

const hst_result_table hst_areas_table = {"areas", areas_columns, N_AREAS_COLUMNS, "area_code",
                                          write_areas};
