/* breaks.csv: suspected recording breaks, ranked, with the measures that they could stand in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/provider_names.h"
#include "hestia/touch.h"
#include "publish/tables.h"

static const hst_column columns[] = {
    {"dataset", HST_COLUMN_TEXT},
    {"area_code", HST_COLUMN_TEXT},
    {"provider", HST_COLUMN_TEXT},
    {"specialty", HST_COLUMN_TEXT},
    {"month", HST_COLUMN_TEXT},
    {"size", HST_COLUMN_REAL},
    {"share_of_area", HST_COLUMN_REAL},
    {"measures_affected", HST_COLUMN_TEXT},
    {"statistic", HST_COLUMN_REAL},
    {"p", HST_COLUMN_REAL},
    {"q", HST_COLUMN_REAL},
    {"provider_name", HST_COLUMN_TEXT},
    {"low_month", HST_COLUMN_TEXT},
    {"high_month", HST_COLUMN_TEXT},
    {"suspect", HST_COLUMN_FLAG},
    {"suppressed", HST_COLUMN_FLAG},
};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

/* Ids of the measures touched, joined by ";" in the order of the study; the caller frees it. */
static char *list_measures(const hst_publication *p, const hst_break *suspect)
{
    size_t capacity = 1, used = 0;
    char *text = NULL;

    for (size_t m = 0; m < p->study->n_measures; m++) {
        capacity += strlen(p->study->measures[m].id) + 1;
    }
    text = calloc(capacity, 1);
    for (size_t m = 0; text && m < p->study->n_measures; m++) {
        if (hst_break_touches(suspect, p->study, p->measures, m, p->areas, suspect->area)) {
            used += (size_t)snprintf(text + used, capacity - used, "%s%s", used > 0 ? ";" : "",
                                     p->study->measures[m].id);
        }
    }
    return text;
}

static hst_status write_row(hst_sink *sink, const hst_publication *p,
                            const hst_provider_names *names, const hst_break *row, hst_error *err)
{
    char *measures = list_measures(p, row);

    if (!measures) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the measures of a suspect");
    }
    sink->text(sink, hst_dataset_name(row->dataset));
    sink->text(sink, hst_areas_code(p->areas, row->area));
    sink->text(sink, row->provider);
    sink->text(sink, row->specialty);
    sink->text(sink, row->month.label);
    sink->real(sink, row->size);
    sink->real(sink, row->share_of_area);
    sink->text(sink, measures);
    sink->real(sink, row->statistic);
    sink->real(sink, row->p);
    sink->real(sink, row->q);
    sink->text(sink, hst_provider_name(names, row->provider));
    sink->text(sink, row->low.label);
    sink->text(sink, row->high.label);
    sink->count(sink, row->is_suspect);
    sink->count(sink, row->is_suppressed);
    sink->end_row(sink);
    free(measures);
    return HST_OK;
}

static hst_status write_rows(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    hst_provider_names *names = NULL;
    hst_status status =
        hst_provider_names_read(&names, p->breaks ? p->study->provider_names : NULL, err);

    for (size_t i = 0; p->breaks && i < p->breaks->n && status == HST_OK; i++) {
        status = write_row(sink, p, names, &p->breaks->items[i], err);
    }
    hst_provider_names_free(names);
    return status;
}

const hst_result_table hst_breaks_table = {"breaks", columns, N_COLUMNS,
                                           "dataset, area_code, provider, specialty", write_rows};
