/* planted.csv: of artificial data, what was planted beside what was found. */
#include <math.h>
#include <string.h>

#include "hestia/table.h"
#include "publish/tables.h"

static const hst_column columns[] = {
    {"kind", HST_COLUMN_TEXT},          {"impact", HST_COLUMN_TEXT},
    {"dataset", HST_COLUMN_TEXT},       {"area_code", HST_COLUMN_TEXT},
    {"provider", HST_COLUMN_TEXT},      {"specialty", HST_COLUMN_TEXT},
    {"month", HST_COLUMN_TEXT},         {"planted_percent", HST_COLUMN_REAL},
    {"found_percent", HST_COLUMN_REAL}, {"found_lowercl", HST_COLUMN_REAL},
    {"found_uppercl", HST_COLUMN_REAL}, {"found", HST_COLUMN_TEXT},
    {"words", HST_COLUMN_TEXT},         {"suppressed", HST_COLUMN_FLAG}};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

/* The columns of the study's file. */
enum { IMPACT, DATASET, AREA, PROVIDER, SPECIALTY, MONTH, PERCENT, WORDS, N_NAMES };

static const char *const names[N_NAMES] = {"impact",    "dataset", "area",    "provider",
                                           "specialty", "month",   "percent", "words"};

/* What the study found where something was planted. */
typedef struct found {
    double percent, lower, upper;
    const char *words;
    bool is_suppressed;
} found;

/* Verdict and effect of a service at a site. */
static found find_effect(const hst_publication *p, const char *impact, const char *area)
{
    for (size_t i = 0; p->impact && i < p->impact->n_reviews; i++) {
        const hst_review *row = &p->impact->reviews[i];

        if (strcmp(p->study->impacts[row->impact].id, impact) == 0 &&
            strcmp(hst_areas_code(p->areas, row->site), area) == 0) {
            return (found){row->effect_percent, row->effect_percent_lower,
                           row->effect_percent_upper, hst_verdict_name(row->verdict),
                           row->is_suppressed};
        }
    }
    return (found){NAN, NAN, NAN, "not asked", false};
}

static found find_break(const hst_publication *p, const char *const cells[N_NAMES])
{
    for (size_t i = 0; p->breaks && i < p->breaks->n; i++) {
        const hst_break *row = &p->breaks->items[i];

        if (row->is_suspect && strcmp(hst_dataset_name(row->dataset), cells[DATASET]) == 0 &&
            strcmp(hst_areas_code(p->areas, row->area), cells[AREA]) == 0 &&
            strcmp(row->provider, cells[PROVIDER]) == 0 &&
            strcmp(row->specialty, cells[SPECIALTY]) == 0) {
            return (found){100 * row->size, NAN, NAN, row->month.label, row->is_suppressed};
        }
    }
    return (found){NAN, NAN, NAN, p->breaks ? "not suspected" : "not asked", false};
}

static void write_row(hst_sink *sink, const hst_publication *p, const char *const cells[N_NAMES],
                      double planted)
{
    bool is_effect = cells[IMPACT][0] != '\0';
    found f = is_effect ? find_effect(p, cells[IMPACT], cells[AREA]) : find_break(p, cells);

    sink->text(sink, is_effect ? "effect" : "break");
    for (size_t i = IMPACT; i <= MONTH; i++) {
        sink->text(sink, cells[i]);
    }
    sink->real(sink, planted);
    sink->real(sink, f.percent);
    sink->real(sink, f.lower);
    sink->real(sink, f.upper);
    sink->text(sink, f.words);
    sink->text(sink, cells[WORDS]);
    sink->count(sink, f.is_suppressed);
    sink->end_row(sink);
}

static hst_status write_rows(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    hst_table *table = NULL;
    size_t at[N_NAMES] = {0};
    hst_status status = HST_OK;

    if (!p->study->planted) {
        return HST_OK;
    }
    status = hst_table_read(&table, p->study->planted, err);
    for (size_t i = 0; i < N_NAMES && status == HST_OK; i++) {
        status = hst_table_require(table, names[i], &at[i], err);
    }
    for (size_t row = 0; status == HST_OK && row < hst_table_n_rows(table); row++) {
        const char *cells[N_NAMES];
        double planted = 0;

        for (size_t i = 0; i < N_NAMES; i++) {
            cells[i] = hst_table_cell(table, row, at[i]);
        }
        status = hst_table_double(table, row, at[PERCENT], &planted, err);
        if (status == HST_OK) {
            write_row(sink, p, cells, planted);
        }
    }
    hst_table_free(table);
    return status;
}

const hst_result_table hst_planted_table = {"planted", columns, N_COLUMNS, NULL, write_rows};
