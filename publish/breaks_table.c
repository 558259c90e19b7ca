/* breaks.csv: suspected recording breaks, ranked, with the measures that they could stand in. */
#include <stdlib.h>
#include <string.h>

#include "hestia/csv.h"
#include "hestia/provider_names.h"
#include "hestia/touch.h"
#include "publish/tables.h"

static const char *const columns[] = {
    "dataset", "area_code",     "provider",          "specialty",  "month",
    "size",    "share_of_area", "measures_affected", "statistic",  "p",
    "q",       "provider_name", "low_month",         "high_month", "suspect"};

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

static hst_status write_row(hst_csv *csv, const hst_publication *p, const hst_provider_names *names,
                            const hst_break *row, hst_error *err)
{
    char *measures = list_measures(p, row);

    if (!measures) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the measures of a suspect");
    }
    hst_csv_text(csv, hst_dataset_name(row->dataset));
    hst_csv_text(csv, hst_areas_code(p->areas, row->area));
    hst_csv_text(csv, row->provider);
    hst_csv_text(csv, row->specialty);
    hst_csv_text(csv, row->month.label);
    hst_csv_real(csv, row->size);
    hst_csv_real(csv, row->share_of_area);
    hst_csv_text(csv, measures);
    hst_csv_real(csv, row->statistic);
    hst_csv_real(csv, row->p);
    hst_csv_real(csv, row->q);
    hst_csv_text(csv, hst_provider_name(names, row->provider));
    hst_csv_text(csv, row->low.label);
    hst_csv_text(csv, row->high.label);
    hst_csv_count(csv, row->is_suspect);
    hst_csv_end_row(csv);
    free(measures);
    return HST_OK;
}

hst_status hst_table_write_breaks(const hst_publication *p, const char *path, unsigned mode,
                                  hst_error *err)
{
    hst_provider_names *names = NULL;
    hst_csv *csv = NULL;
    hst_status status =
        hst_provider_names_read(&names, p->breaks ? p->study->provider_names : NULL, err);

    if (status == HST_OK) {
        status = hst_csv_create(&csv, path, mode, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    hst_csv_header(csv, columns, N_COLUMNS);
    for (size_t i = 0; p->breaks && i < p->breaks->n && status == HST_OK; i++) {
        status = write_row(csv, p, names, &p->breaks->items[i], err);
    }
    if (status == HST_OK) {
        status = hst_csv_finish(csv, err);
    }

done:
    hst_csv_free(csv);
    hst_provider_names_free(names);
    return status;
}
