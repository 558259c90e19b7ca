/* The numbers that the charts are drawn from, as one sheet: a row for each measure and period, a
 * column for each line. Cells without a number stay empty, so that a line has a gap. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "publish/workbook.h"

enum { NAME_UNITS = 100, NAME_BYTES = 3 * NAME_UNITS + 1, LABEL_BYTES = 512 };

size_t book_site_column(size_t site, book_line line)
{
    return site * BOOK_N_LINES + (size_t)line;
}

size_t book_group_column(const book_figures *figures, size_t group)
{
    return figures->n_sites * BOOK_N_LINES + group;
}

/* ---- numbers ---- */

/* The place of an area among the sites; SIZE_MAX: none. */
static size_t find_site(const book_figures *figures, size_t area)
{
    for (size_t i = 0; i < figures->n_sites; i++) {
        if (figures->sites[i] == area) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* A row of results that a line goes through. */
static bool is_point(const book_figures *figures, const hst_publication *p, size_t measure,
                     const hst_result *row)
{
    return row->measure == measure && row->split[0] == '\0' &&
           strcmp(row->statistic, hst_statistic_name(p->study->measures[measure].statistic)) == 0 &&
           (row->is_group || find_site(figures, row->area) != SIZE_MAX);
}

/* By type of period, the finest first; then by time. */
static int compare_periods(const void *a, const void *b)
{
    const hst_period *x = *(const hst_period *const *)a, *y = *(const hst_period *const *)b;
    int order = (x->type > y->type) - (x->type < y->type);

    return order != 0 ? order : (x->start > y->start) - (x->start < y->start);
}

/* Every period of the measure's finest type once. */
static bool list_periods(book_figure *figure, const book_figures *figures, const hst_publication *p,
                         size_t measure)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_results; i++) {
        n += is_point(figures, p, measure, &p->results[i]);
    }
    figure->periods = calloc(n + 1, sizeof *figure->periods);
    if (!figure->periods) {
        return false;
    }
    n = 0;
    for (size_t i = 0; i < p->n_results; i++) {
        if (is_point(figures, p, measure, &p->results[i])) {
            figure->periods[n++] = &p->results[i].period;
        }
    }
    qsort(figure->periods, n, sizeof *figure->periods, compare_periods);
    for (size_t i = 0; i < n && figure->periods[i]->type == figure->periods[0]->type; i++) {
        if (i == 0 || figure->periods[i]->start != figure->periods[i - 1]->start) {
            figure->periods[figure->n_points++] = figure->periods[i];
        }
    }
    return true;
}

/* The row of a period's values; NULL: it is none of the figure's. */
static double *find_point(const book_figures *figures, const book_figure *figure,
                          const hst_period *period)
{
    for (size_t i = 0; i < figure->n_points; i++) {
        if (figure->periods[i]->type == period->type &&
            figure->periods[i]->start == period->start) {
            return figure->values + i * figures->n_columns;
        }
    }
    return NULL;
}

static void take_result(const book_figures *figures, double *values, const hst_result *row)
{
    size_t site = row->is_group ? SIZE_MAX : find_site(figures, row->area);

    if (row->is_group) {
        values[book_group_column(figures, row->area)] = row->value;
    } else {
        values[book_site_column(site, BOOK_VALUE)] = row->value;
        values[book_site_column(site, BOOK_LOWER)] = row->lowercl;
        values[book_site_column(site, BOOK_UPPER)] = row->uppercl;
    }
}

/* What would have been without the service: of a site's first service, and where the model is of
 * the value itself. */
static void take_counterfactuals(const book_figures *figures, const book_figure *figure,
                                 const hst_publication *p)
{
    const hst_measure *measure = figure->measure;
    bool counts = measure->statistic == HST_STAT_COUNT && !measure->per_working_day;

    for (size_t i = p->impact ? p->impact->n_series : 0; i-- > 0;) { /* the first stands last */
        const hst_impact_series *s = &p->impact->series[i];
        size_t site = find_site(figures, s->site);

        for (size_t k = 0;
             k < s->n_points && site != SIZE_MAX && &p->study->measures[s->measure] == measure &&
             (counts || strcmp(s->unit, "events") != 0);
             k++) {
            double *values = find_point(figures, figure, &s->periods[k]);

            if (values && s->points[k].is_after) {
                values[book_site_column(site, BOOK_WITHOUT)] = s->points[k].counterfactual;
            }
        }
    }
}

static bool holds(const hst_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (strcmp(texts->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool list_starts(book_figure *figure, const book_figures *figures, const hst_publication *p)
{
    const hst_study *study = p->study;
    size_t n = 0;

    for (size_t i = 0; i < study->n_impacts; i++) {
        n += study->impacts[i].n_dates * figures->n_sites;
    }
    figure->starts = calloc(n + 1, sizeof *figure->starts);
    for (size_t i = 0; figure->starts && i < study->n_impacts; i++) {
        const hst_study_impact *impact = &study->impacts[i];

        for (size_t k = 0; k < impact->n_dates * figures->n_sites; k++) {
            size_t site = k % figures->n_sites;

            if (holds(&impact->measures, figure->measure->id) &&
                (impact->sites.n == 0 ||
                 holds(&impact->sites, hst_areas_code(p->areas, figures->sites[site])))) {
                figure->starts[figure->n_starts++] =
                    (book_start){site, impact->dates[k / figures->n_sites], impact};
            }
        }
    }
    return figure->starts != NULL;
}

static bool fill_figure(book_figure *figure, const book_figures *figures, const hst_publication *p,
                        size_t measure)
{
    size_t n_values = 0;

    figure->measure = &p->study->measures[measure];
    if (!list_periods(figure, figures, p, measure) || !list_starts(figure, figures, p) ||
        !hst_size_multiply(figure->n_points, figures->n_columns, &n_values)) {
        return false;
    }
    figure->values = calloc(n_values + 1, sizeof *figure->values);
    if (!figure->values) {
        return false;
    }
    for (size_t i = 0; i < n_values; i++) {
        figure->values[i] = NAN;
    }
    for (size_t i = 0; i < p->n_results; i++) {
        const hst_result *row = &p->results[i];
        double *values =
            is_point(figures, p, measure, row) ? find_point(figures, figure, &row->period) : NULL;

        if (values) {
            take_result(figures, values, row);
        }
    }
    take_counterfactuals(figures, figure, p);
    return true;
}

book_figures *book_figures_create(const hst_publication *p)
{
    const hst_texts *sites = &p->study->areas.sites;
    book_figures *figures = calloc(1, sizeof *figures);
    bool is_whole = figures != NULL;

    if (!figures) {
        return NULL;
    }
    figures->n_groups = hst_areas_n_groups(p->areas);
    figures->sites = calloc(sites->n + 1, sizeof *figures->sites);
    figures->items = calloc(p->study->n_measures + 1, sizeof *figures->items);
    is_whole = figures->sites && figures->items;
    for (size_t i = 0; is_whole && i < sites->n && i < BOOK_MAX_SITES; i++) {
        for (size_t area = 0; area < hst_areas_n(p->areas); area++) {
            if (strcmp(hst_areas_code(p->areas, area), sites->items[i]) == 0) {
                figures->sites[figures->n_sites++] = area;
            }
        }
    }
    figures->n_columns = book_group_column(figures, figures->n_groups);
    for (; is_whole && figures->n < p->study->n_measures; figures->n++) {
        is_whole = fill_figure(&figures->items[figures->n], figures, p, figures->n);
    }
    if (!is_whole) {
        book_figures_free(figures);
        return NULL;
    }
    return figures;
}

void book_figures_free(book_figures *figures)
{
    if (!figures) {
        return;
    }
    for (size_t i = 0; i < figures->n; i++) {
        free(figures->items[i].periods);
        free(figures->items[i].values);
        free(figures->items[i].starts);
    }
    free(figures->items);
    free(figures->sites);
    free(figures);
}

bool book_figure_range(double *least, double *most, const book_figures *figures,
                       const book_figure *figure, size_t first, size_t n)
{
    bool has_any = false;

    for (size_t i = 0; i < figure->n_points; i++) {
        for (size_t k = first; k < first + n; k++) {
            double value = figure->values[i * figures->n_columns + k];

            if (!isnan(value) && !isinf(value)) {
                *least = has_any ? fmin(*least, value) : value;
                *most = has_any ? fmax(*most, value) : value;
                has_any = true;
            }
        }
    }
    return has_any;
}

bool book_figure_has_groups(const book_figure *figure)
{
    return figure->measure->statistic != HST_STAT_COUNT &&
           figure->measure->statistic != HST_STAT_BED_DAYS;
}

/* Range of the values drawn of all sites and comparators, without limits. */
static bool range_of_values(double *least, double *most, const book_figures *figures,
                            const book_figure *figure)
{
    size_t n_groups = book_figure_has_groups(figure) ? figures->n_groups : 0;
    bool has_any = false;

    for (size_t i = 0; i < figures->n_sites + n_groups; i++) {
        size_t column = i < figures->n_sites ? book_site_column(i, BOOK_VALUE)
                                             : book_group_column(figures, i - figures->n_sites);
        double low = 0, high = 0;

        if (book_figure_range(&low, &high, figures, figure, column, 1)) {
            *least = has_any ? fmin(*least, low) : low;
            *most = has_any ? fmax(*most, high) : high;
            has_any = true;
        }
    }
    return has_any;
}

bool book_figure_is_from_zero(const book_figures *figures, const book_figure *figure)
{
    double least = 0, most = 0;

    return figure->measure->statistic != HST_STAT_GROWTH &&
           (!range_of_values(&least, &most, figures, figure) || least >= 0);
}

/* ---- the sheet ---- */

const char *book_site_name(const book *b, const book_figures *figures, size_t site)
{
    const hst_areas *areas = b->publication->areas;
    const char *name = hst_areas_name(areas, figures->sites[site]);

    return name[0] ? name : hst_areas_code(areas, figures->sites[site]);
}

static void name_columns(const book *b, const book_figures *figures, book_column *columns)
{
    static const char *const lines[BOOK_N_LINES] = {"value", "lower limit [2]", "upper limit [2]",
                                                    "without the service"};
    const hst_areas *areas = b->publication->areas;
    book_column *column = columns + BOOK_LEAD_COLUMNS;

    columns[0] = (book_column){"Measure", BOOK_WRAPPED};
    columns[1] = (book_column){"Period", BOOK_WRAPPED};
    columns[2] = (book_column){"Middle of the period", BOOK_DATE};
    for (size_t i = 0; i < figures->n_sites * BOOK_N_LINES; i++, column++) {
        char name[NAME_BYTES];

        book_clean_text(name, NAME_UNITS, book_site_name(b, figures, i / BOOK_N_LINES));
        snprintf(column->heading, sizeof column->heading, "%s (%s): %s", name,
                 hst_areas_code(areas, figures->sites[i / BOOK_N_LINES]), lines[i % BOOK_N_LINES]);
        column->style = BOOK_REAL;
    }
    for (size_t i = 0; i < figures->n_groups; i++, column++) { /* numbered: names may be alike */
        snprintf(column->heading, sizeof column->heading, "Comparator %zu: %s", i + 1,
                 hst_areas_group(areas, i)->name);
        column->style = BOOK_REAL;
    }
    column[0] = (book_column){"Start of a service, line in the chart of all sites", BOOK_REAL};
    column[1] = (book_column){"Start of a service, line in the chart of the site", BOOK_REAL};
}

static void put_lead(hst_sink *sink, const char *measure, const char *label, hst_date day)
{
    char text[11];

    hst_date_format(day, text);
    sink->text(sink, measure);
    sink->text(sink, label);
    sink->text(sink, text);
}

static void put_points(hst_sink *sink, const book_figures *figures, const book_figure *figure)
{
    for (size_t i = 0; i < figure->n_points; i++) {
        const hst_period *period = figure->periods[i];

        put_lead(sink, figure->measure->id, period->label,
                 period->start + (period->end - period->start + 1) / 2);
        for (size_t k = 0; k < figures->n_columns; k++) {
            sink->real(sink, figure->values[i * figures->n_columns + k]);
        }
        sink->real(sink, NAN);
        sink->real(sink, NAN);
        sink->end_row(sink);
    }
}

/* A line that stands upright, as two points: its foot, then its head. */
static void put_starts(hst_sink *sink, const hst_areas *areas, const book_figures *figures,
                       const book_figure *figure)
{
    for (size_t i = 0; i < 2 * figure->n_starts; i++) {
        const book_start *start = &figure->starts[i / 2];
        char label[LABEL_BYTES];
        double all[2] = {NAN, NAN}, alone[2] = {NAN, NAN}; /* foot, head */

        if (range_of_values(&all[0], &all[1], figures, figure) &&
            !book_figure_range(&alone[0], &alone[1], figures, figure,
                               book_site_column(start->site, BOOK_VALUE), BOOK_N_LINES)) {
            memcpy(alone, all, sizeof alone);
        }
        if (book_figure_is_from_zero(figures, figure)) {
            all[0] = alone[0] = 0;
        }
        snprintf(label, sizeof label, "start of %s at %s", start->impact->id,
                 hst_areas_code(areas, figures->sites[start->site]));
        put_lead(sink, figure->measure->id, label, start->day);
        for (size_t k = 0; k < figures->n_columns; k++) {
            sink->real(sink, NAN);
        }
        sink->real(sink, all[i % 2]);
        sink->real(sink, alone[i % 2]);
        sink->end_row(sink);
    }
}

void book_write_figures(book *b, size_t sheet, book_figures *figures)
{
    size_t n_columns = BOOK_LEAD_COLUMNS + figures->n_columns + 2, row = 1;
    book_column *columns = calloc(n_columns, sizeof *columns);
    const book_table_options options = {
        .name = "chart_data", .suppressed = SIZE_MAX, .keeps_empty = true, .frozen_columns = 2};
    book_table *table = NULL;

    if (!columns) {
        book_fail(b, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return;
    }
    name_columns(b, figures, columns);
    table = book_table_begin(b, sheet, columns, n_columns, &options);
    for (size_t i = 0; table && i < figures->n; i++) {
        book_figure *figure = &figures->items[i];

        figure->first_row = row;
        put_points(book_table_sink(table), figures, figure);
        put_starts(book_table_sink(table), b->publication->areas, figures, figure);
        row += figure->n_points + 2 * figure->n_starts;
    }
    book_table_end(table);
    free(columns);
}
