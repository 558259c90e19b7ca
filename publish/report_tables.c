/* The tables of a report: those of the CSV files, with the rows of sites and comparators, and of
 * the other areas what a comparison of areas takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/report_internal.h"
#include "publish/tables.h"

enum { MAX_SPLIT_ROWS = 40000 }; /* of the sites; some 12 MB */

/* ---- a table as JSON ---- */

typedef struct json_sink {
    hst_sink sink; /* first: a pointer to it is one to this */
    hst_json_stream *json;
    const hst_result_table *table;
    size_t column; /* of the next cell */
} json_sink;

static json_sink *begin_cell(hst_sink *sink)
{
    json_sink *out = (json_sink *)sink;

    if (out->column == 0) {
        putc('\n', out->json->stream); /* a row is a line */
        hst_json_begin_array(out->json, NULL);
    }
    return out;
}

/* Empty texts are "", so that a reader need not ask; empty numbers are null. */
static void put_text(hst_sink *sink, const char *text)
{
    json_sink *out = begin_cell(sink);
    hst_column_type type = out->table->columns[out->column++].type;

    hst_json_text(out->json, NULL,
                  !text && (type == HST_COLUMN_TEXT || type == HST_COLUMN_DATE) ? "" : text);
}

static void put_count(hst_sink *sink, uint64_t number)
{
    json_sink *out = begin_cell(sink);

    out->column++;
    hst_json_count(out->json, NULL, number);
}

static void put_real(hst_sink *sink, double number)
{
    json_sink *out = begin_cell(sink);

    out->column++;
    hst_json_real(out->json, NULL, number);
}

static void end_row(hst_sink *sink)
{
    json_sink *out = (json_sink *)sink;

    hst_json_end_array(out->json);
    out->column = 0;
}

/* ---- which rows ---- */

/* A split value of a measure, and what the sites have of it. */
typedef struct shown_split {
    size_t measure;
    const char *split;
    size_t n_rows, rank; /* rank: among those of the measure, 0 has the most events */
    int64_t n_events;
} shown_split;

/* What is shown of results.csv. */
typedef struct cut {
    const hst_publication *p;
    hst_period *last; /* [n_measures]: in which all areas are shown; of type 0: none */
    shown_split *splits;
    size_t n_splits, n_splits_met; /* values, over all measures */
} cut;

static int compare_splits(const void *a, const void *b)
{
    const shown_split *x = a, *y = b;

    return x->measure != y->measure ? (x->measure > y->measure) - (x->measure < y->measure)
                                    : strcmp(x->split, y->split);
}

static int compare_frequency(const void *a, const void *b)
{
    const shown_split *x = a, *y = b;

    if (x->measure != y->measure) {
        return (x->measure > y->measure) - (x->measure < y->measure);
    }
    return x->n_events != y->n_events ? (x->n_events < y->n_events) - (x->n_events > y->n_events)
                                      : strcmp(x->split, y->split);
}

static int compare_ranks(const void *a, const void *b)
{
    const shown_split *x = a, *y = b;

    return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank) : compare_splits(a, b);
}

/* The split values of the sites with their events, each once. */
static hst_status list_splits(cut *c, hst_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < c->p->n_results; i++) {
        const hst_result *row = &c->p->results[i];

        n += !row->is_group && row->split[0] && hst_report_is_site(c->p, row->area);
    }
    c->splits = calloc(n + 1, sizeof *c->splits);
    if (!c->splits) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu splits", n);
    }
    n = 0;
    for (size_t i = 0; i < c->p->n_results; i++) {
        const hst_result *row = &c->p->results[i];

        if (!row->is_group && row->split[0] && hst_report_is_site(c->p, row->area)) {
            c->splits[n++] = (shown_split){.measure = row->measure,
                                           .split = row->split,
                                           .n_rows = 1,
                                           .n_events = row->total_count > 0 ? row->total_count : 0};
        }
    }
    qsort(c->splits, n, sizeof *c->splits, compare_splits);
    for (size_t i = 0; i < n; i++) {
        if (c->n_splits > 0 && compare_splits(&c->splits[c->n_splits - 1], &c->splits[i]) == 0) {
            c->splits[c->n_splits - 1].n_rows++;
            c->splits[c->n_splits - 1].n_events += c->splits[i].n_events;
        } else {
            c->splits[c->n_splits++] = c->splits[i];
        }
    }
    c->n_splits_met = c->n_splits;
    return HST_OK;
}

/* The most frequent values of all measures in turn, as many as there is room for. */
static void keep_frequent_splits(cut *c)
{
    size_t n_rows = 0;

    qsort(c->splits, c->n_splits, sizeof *c->splits, compare_frequency);
    for (size_t i = 1; i < c->n_splits; i++) {
        bool is_next = c->splits[i].measure == c->splits[i - 1].measure;

        c->splits[i].rank = is_next ? c->splits[i - 1].rank + 1 : 0;
    }
    qsort(c->splits, c->n_splits, sizeof *c->splits, compare_ranks);
    for (size_t i = 0; i < c->n_splits; i++) {
        n_rows += c->splits[i].n_rows;
        if (n_rows > MAX_SPLIT_ROWS) {
            c->n_splits = i;
        }
    }
    qsort(c->splits, c->n_splits, sizeof *c->splits, compare_splits);
}

static bool is_shown_split(const cut *c, const hst_result *row)
{
    shown_split wanted = {.measure = row->measure, .split = row->split};

    return bsearch(&wanted, c->splits, c->n_splits, sizeof *c->splits, compare_splits) != NULL;
}

static bool keeps_result(const cut *c, const hst_result *row)
{
    const hst_period *last = &c->last[row->measure];
    bool is_site = !row->is_group && hst_report_is_site(c->p, row->area);

    if (row->split[0] != '\0') {
        return is_site && is_shown_split(c, row);
    }
    return is_site || row->is_group ||
           (hst_areas_n(c->p->areas) <= HST_REPORT_MAX_AREAS && row->period.type == last->type &&
            row->period.start == last->start && hst_report_is_main(c->p, row));
}

/* In runs of rows that follow each other: there are too many to copy. */
static hst_status write_results(hst_sink *sink, const cut *c, hst_error *err)
{
    hst_publication view = *c->p;
    hst_status status = HST_OK;
    size_t i = 0;

    while (i < c->p->n_results && status == HST_OK) {
        size_t n = 0;

        while (i + n < c->p->n_results && keeps_result(c, &c->p->results[i + n])) {
            n++;
        }
        view.results = c->p->results + i;
        view.n_results = n;
        status = hst_results_table.write(sink, &view, err);
        i += n + 1; /* the row after is none of them */
    }
    return status;
}

/* Suspects of all areas, and what was screened of the sites. */
static hst_status write_breaks(hst_sink *sink, const cut *c, hst_error *err)
{
    hst_publication view = *c->p;
    hst_breaks breaks = {0};
    hst_status status = HST_OK;

    if (!c->p->breaks) {
        return HST_OK;
    }
    breaks.items = calloc(c->p->breaks->n + 1, sizeof *breaks.items);
    if (!breaks.items) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu breaks", c->p->breaks->n);
    }
    for (size_t i = 0; i < c->p->breaks->n; i++) {
        const hst_break *row = &c->p->breaks->items[i];

        if (row->is_suspect || hst_report_is_site(c->p, row->area)) {
            breaks.items[breaks.n++] = *row;
        }
    }
    view.breaks = &breaks;
    status = hst_breaks_table.write(sink, &view, err);
    free(breaks.items);
    return status;
}

static hst_status write_cohorts(hst_sink *sink, const cut *c, hst_error *err)
{
    hst_publication view = *c->p;
    hst_status status = HST_OK;

    for (size_t i = 0; i < c->p->n_cohort_rows && status == HST_OK; i++) {
        hst_cohort_row *row = &c->p->cohort_rows[i];

        view.cohort_rows = row;
        view.n_cohort_rows = row->is_group || hst_report_is_site(c->p, row->area);
        status = hst_cohorts_table.write(sink, &view, err);
    }
    return status;
}

/* True for the code of a site and the name of a comparator. */
static bool is_shown_code(const hst_publication *p, const char *code)
{
    for (size_t i = 0; i < hst_areas_n_groups(p->areas); i++) {
        if (strcmp(hst_areas_group(p->areas, i)->name, code) == 0) {
            return true;
        }
    }
    return hst_report_is_site_code(p, code);
}

/* Lines of a single area only where it is a site or comparator. */
static hst_status write_audit(hst_sink *sink, const cut *c, hst_error *err)
{
    hst_publication view = *c->p;
    hst_status status = HST_OK;

    for (size_t i = 0; i < c->p->n_audit && status == HST_OK; i++) {
        const char *area = c->p->audit[i].area;

        view.audit = &c->p->audit[i];
        view.n_audit = !area || area[0] == '\0' || is_shown_code(c->p, area);
        status = hst_audit_table.write(sink, &view, err);
    }
    return status;
}

/* ---- all ---- */

/* The tables of a report; without a function of its own one is shown whole. */
static const struct report_table {
    const hst_result_table *table;
    hst_status (*write)(hst_sink *sink, const cut *c, hst_error *err);
} report_tables[] = {
    {&hst_results_table, write_results},
    {&hst_review_table, NULL},
    {&hst_impact_table, NULL},
    {&hst_sensitivity_table, NULL},
    {&hst_counterfactual_table, NULL},
    {&hst_breaks_table, write_breaks},
    {&hst_reported_table, NULL},
    {&hst_cohorts_table, write_cohorts},
    {&hst_reconcile_table, NULL},
    {&hst_audit_table, write_audit},
    {&hst_areas_table, NULL},
};

static hst_status write_table(hst_json_stream *json, const char *key,
                              const struct report_table *wanted, const cut *c, hst_error *err)
{
    const hst_result_table *table = wanted->table;
    json_sink out = {
        .sink = {put_text, put_count, put_real, end_row}, .json = json, .table = table};
    hst_status status = HST_OK;

    hst_json_begin_object(json, key);
    hst_json_begin_array(json, "columns");
    for (size_t i = 0; i < table->n_columns; i++) {
        hst_json_text(json, NULL, table->columns[i].name);
    }
    hst_json_end_array(json);
    hst_json_begin_array(json, "rows");
    status = wanted->write ? wanted->write(&out.sink, c, err) : table->write(&out.sink, c->p, err);
    hst_json_end_array(json);
    hst_json_end_object(json);
    return status;
}

static void write_cut(hst_json_stream *json, const char *table, const char *words)
{
    hst_json_begin_object(json, NULL);
    hst_json_text(json, "table", table);
    hst_json_text(json, "words", words);
    hst_json_end_object(json);
}

/* What is not shown, for the reader. */
static void write_cuts(hst_json_stream *json, const cut *c)
{
    char words[256];

    hst_json_begin_array(json, "cuts");
    write_cut(json, "results",
              hst_areas_n(c->p->areas) > HST_REPORT_MAX_AREAS
                  ? "Sites, with what they are split by, and comparators. Other areas are too many "
                    "to show."
                  : "Sites, with what they are split by, and comparators. Other areas are shown in "
                    "the last complete period of each measure.");
    if (c->n_splits < c->n_splits_met) {
        snprintf(words, sizeof words,
                 "Of what measures are split by, the %zu values with the most events at the sites "
                 "are shown, of %zu.",
                 c->n_splits, c->n_splits_met);
        write_cut(json, "results", words);
    }
    write_cut(json, "breaks",
              "Suspected breaks of all areas, and other changes of level at the sites.");
    write_cut(json, "cohorts", "Sites and comparators.");
    write_cut(json, "audit", "Without lines of single areas other than the sites.");
    hst_json_end_array(json);
}

hst_status hst_report_tables(hst_json_stream *json, const hst_publication *p, hst_error *err)
{
    cut c = {.p = p, .last = calloc(p->study->n_measures + 1, sizeof *c.last)};
    hst_status status = HST_OK;

    if (!c.last) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the tables of a report");
    }
    for (size_t m = 0; m < p->study->n_measures; m++) {
        hst_report_last_period(&c.last[m], p, m); /* without one, type 0 is no row's */
    }
    status = list_splits(&c, err);
    if (status != HST_OK) {
        goto done;
    }
    keep_frequent_splits(&c);
    hst_json_begin_object(json, "tables");
    for (size_t i = 0; i < sizeof report_tables / sizeof report_tables[0] && status == HST_OK;
         i++) {
        status = write_table(json, report_tables[i].table->name, &report_tables[i], &c, err);
    }
    hst_json_end_object(json);
    write_cuts(json, &c);

done:
    free(c.last);
    free(c.splits);
    return status;
}

hst_status hst_report_truth(hst_json_stream *json, const hst_publication *p, hst_error *err)
{
    const struct report_table planted = {&hst_planted_table, NULL};
    const cut whole = {.p = p};

    if (!p->study->planted) {
        hst_json_null(json, "truth");
        return HST_OK;
    }
    return write_table(json, "truth", &planted, &whole, err);
}
