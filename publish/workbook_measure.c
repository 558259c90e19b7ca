/* The numbers of one measure as a sheet: the sites in the order of the study, then comparators,
 * each in the order of time; of a split, the sites' values after their total. */
#include <stdlib.h>
#include <string.h>

#include "publish/workbook.h"

enum { MAX_COLUMNS = 24 };

/* A row of results and its place in the sheet. */
typedef struct listed {
    const hst_result *row;
    size_t unit; /* sites, then comparators */
    bool is_main;
} listed;

static int compare_listed(const void *a, const void *b)
{
    const listed *x = a, *y = b;
    int order = (x->unit > y->unit) - (x->unit < y->unit);

    if (order == 0) {
        order = strcmp(x->row->split, y->row->split);
    }
    if (order == 0) {
        order = (x->is_main < y->is_main) - (x->is_main > y->is_main);
    }
    if (order == 0) {
        order = strcmp(x->row->statistic, y->row->statistic);
    }
    if (order == 0) {
        order = (x->row->period.type > y->row->period.type) -
                (x->row->period.type < y->row->period.type);
    }
    if (order == 0) {
        order = (x->row->period.start > y->row->period.start) -
                (x->row->period.start < y->row->period.start);
    }
    if (order == 0) { /* sexes and ages, where a statistic has them apart */
        order = strcmp(x->row->sex, y->row->sex);
    }
    return order != 0 ? order : strcmp(x->row->age, y->row->age);
}

/* The place of an area or comparator in the sheet; SIZE_MAX: it is not shown. */
static size_t unit_of(const hst_publication *p, const hst_result *row)
{
    const hst_texts *sites = &p->study->areas.sites;

    if (row->is_group) {
        return row->split[0] ? SIZE_MAX : sites->n + row->area;
    }
    for (size_t i = 0; hst_areas_is_site(p->areas, row->area) && i < sites->n; i++) {
        if (strcmp(sites->items[i], hst_areas_code(p->areas, row->area)) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static listed *list_rows(const hst_publication *p, size_t measure, size_t *n)
{
    const char *main = hst_statistic_name(p->study->measures[measure].statistic);
    listed *rows = NULL;

    *n = 0;
    for (size_t i = 0; i < p->n_results; i++) {
        const hst_result *row = &p->results[i];

        *n += row->measure == measure && unit_of(p, row) != SIZE_MAX;
    }
    rows = calloc(*n + 1, sizeof *rows);
    for (size_t i = 0, used = 0; rows && i < p->n_results; i++) {
        const hst_result *row = &p->results[i];
        size_t unit = row->measure == measure ? unit_of(p, row) : SIZE_MAX;

        if (unit != SIZE_MAX) {
            rows[used++] = (listed){row, unit, strcmp(row->statistic, main) == 0};
        }
    }
    if (rows) {
        qsort(rows, *n, sizeof *rows, compare_listed);
    }
    return rows;
}

static void add_column(book_column *columns, size_t *n, book_style style, const char *heading)
{
    columns[*n].style = style;
    book_heading(columns[*n].heading, heading);
    ++*n;
}

/* Limits are named by their confidence. */
static void add_limits(book_column *columns, size_t *n, double confidence)
{
    char heading[64];

    snprintf(heading, sizeof heading, "Lower %g%% limit [2]", confidence);
    add_column(columns, n, BOOK_REAL, heading);
    snprintf(heading, sizeof heading, "Upper %g%% limit [2]", confidence);
    add_column(columns, n, BOOK_REAL, heading);
}

/* Returns which column says that numbers were withheld. */
static size_t make_columns(book_column *columns, size_t *n, const hst_measure *measure)
{
    *n = 0;
    add_column(columns, n, BOOK_WRAPPED, "Area code");
    add_column(columns, n, BOOK_WRAPPED, "Area");
    add_column(columns, n, BOOK_WRAPPED, "Role");
    add_column(columns, n, BOOK_WRAPPED, "Period");
    add_column(columns, n, BOOK_DATE, "From");
    add_column(columns, n, BOOK_DATE, "To");
    add_column(columns, n, BOOK_WRAPPED, "Statistic");
    if (measure->split != HST_SPLIT_NONE) {
        add_column(columns, n, BOOK_WRAPPED, hst_split_name(measure->split));
        add_column(columns, n, BOOK_WRAPPED, "Name");
    }
    add_column(columns, n, BOOK_REAL, "Value [1]");
    add_column(columns, n, BOOK_WRAPPED, "Unit");
    for (size_t i = 0; i < measure->n_confidence; i++) {
        add_limits(columns, n, measure->confidence[i]);
    }
    add_column(columns, n, BOOK_COUNT, "Count");
    add_column(columns, n, BOOK_COUNT, "Denominator");
    add_column(columns, n, BOOK_WRAPPED, "Compared with");
    add_column(columns, n, BOOK_REAL, "Value there");
    add_column(columns, n, BOOK_WRAPPED, "Compared [3]");
    add_column(columns, n, BOOK_YES_NO, "Rows still to arrive [7]");
    add_column(columns, n, BOOK_YES_NO, "Numbers withheld [c]");
    add_column(columns, n, BOOK_LONG, "Note");
    return *n - 2;
}

static void put_row(hst_sink *sink, const hst_publication *p, const hst_result *row)
{
    const hst_measure *measure = &p->study->measures[row->measure];
    const char *group = row->is_group ? hst_areas_group(p->areas, row->area)->name : NULL;
    char unit[HST_UNIT_BYTES], day[11];

    hst_value_unit(measure, row->statistic, unit);
    sink->text(sink, group ? group : hst_areas_code(p->areas, row->area));
    sink->text(sink, group ? group : hst_areas_name(p->areas, row->area));
    sink->text(sink, group ? "comparator" : "site");
    sink->text(sink, row->period.label);
    hst_date_format(row->period.start, day);
    sink->text(sink, day);
    hst_date_format(row->period.end, day);
    sink->text(sink, day);
    sink->text(sink, book_statistic_words(row->statistic));
    if (measure->split != HST_SPLIT_NONE) {
        sink->text(sink, row->split[0] ? row->split : "all");
        sink->text(sink, row->split_name);
    }
    sink->real(sink, row->value);
    sink->text(sink, unit);
    sink->real(sink, row->lowercl);
    sink->real(sink, row->uppercl);
    if (measure->n_confidence > 1) {
        sink->real(sink, row->lower998);
        sink->real(sink, row->upper998);
    }
    if (row->total_count < 0) {
        sink->text(sink, NULL);
    } else {
        sink->count(sink, (uint64_t)row->total_count);
    }
    sink->real(sink, row->total_pop);
    sink->text(sink, row->comparator == SIZE_MAX
                         ? NULL
                         : hst_areas_group(p->areas, row->comparator)->name);
    sink->real(sink, row->comparator_value);
    sink->text(sink, row->compared);
    sink->count(sink, row->is_incomplete);
    sink->count(sink, row->is_suppressed);
    sink->text(sink, row->note);
    sink->end_row(sink);
}

void book_write_measure(book *b, size_t sheet, size_t measure)
{
    const hst_publication *p = b->publication;
    book_column *columns = calloc(MAX_COLUMNS, sizeof *columns);
    size_t n = 0, n_columns = 0;
    listed *rows = list_rows(p, measure, &n);
    book_table *table = NULL;
    char name[32];
    book_table_options options = {.name = name, .frozen_columns = 4};

    if (!columns || !rows) {
        book_fail(b, LXW_ERROR_MEMORY_MALLOC_FAILED);
        goto done;
    }
    snprintf(name, sizeof name, "measure_%zu", measure + 1);
    options.suppressed = make_columns(columns, &n_columns, &p->study->measures[measure]);
    table = book_table_begin(b, sheet, columns, n_columns, &options);
    for (size_t i = 0; table && i < n; i++) {
        put_row(book_table_sink(table), p, rows[i].row);
    }
    book_table_end(table);

done:
    free(columns);
    free(rows);
}
