/* Charts, one measure after the other: all sites beside the comparators, then each site alone with
 * its limits and what would have been without the service. Scatter charts: their axis of days is
 * the same in every spreadsheet, and a service starts on a day. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "publish/workbook.h"

enum {
    CHART_ROWS = 23,   /* of the sheet, with the heading */
    CHART_WIDTH = 960, /* pixels */
    COLUMN_WIDTH = 64, /* of a spreadsheet as it comes */
    CHART_HEIGHT = 420,
    CHARTS_A_PAGE = 3,
    MAX_UNNAMED = 256,
    MAX_PAGES = 1000,  /* as many breaks between pages as a sheet takes, and a little less */
    DAYS_OF_GRACE = 3, /* labels step by a part of a year, and are to fall into the right month */
    PRINT_PERCENT = 52,
    NAME_UNITS = 200,
    NAME_BYTES = 3 * NAME_UNITS + 1,
    WORDS_BYTES = 2048
};

enum { ENGLAND = 0x231F20, GREY = 0x768692, BLUE = 0x005EB8, ORANGE = 0xED8B00, SLATE = 0x425563 };

/* Sites, told apart also by who sees no red or green; from the ninth on dashed. */
static const lxw_color_t site_colours[] = {BLUE,     0x41B6E6, 0xFFB81C, 0xAE2573,
                                           0x330072, ORANGE,   0x00A499, GREY};

static const uint8_t site_dashes[] = {LXW_CHART_LINE_DASH_SOLID, LXW_CHART_LINE_DASH_DASH,
                                      LXW_CHART_LINE_DASH_ROUND_DOT, LXW_CHART_LINE_DASH_DASH_DOT};

enum {
    N_COLOURS = sizeof site_colours / sizeof site_colours[0],
    N_DASHES = sizeof site_dashes / sizeof site_dashes[0]
};

/* The sheet of charts, and the chart being drawn. */
typedef struct drawing {
    book *b;
    size_t sheet, data;
    const book_figures *figures;
    const book_figure *figure;
    lxw_chart *chart;
    size_t n_series;
    int16_t unnamed[MAX_UNNAMED]; /* series that the legend does without; ends with -1 */
    size_t n_unnamed, n_charts;
} drawing;

static void set_line(lxw_chart_series *series, lxw_color_t colour, double width, uint8_t dash)
{
    lxw_chart_line line = {.color = colour, .width = (float)width, .dash_type = dash};

    chart_series_set_line(series, &line);
}

/* A line through some rows of a column of the data. NULL: there is no memory. */
static lxw_chart_series *add_line(drawing *d, size_t column, size_t first, size_t last,
                                  const char *name)
{
    lxw_chart_series *series = chart_add_series(d->chart, NULL, NULL);
    const char *data = d->b->sheets[d->data].name;
    char text[NAME_BYTES];

    if (!series) {
        book_fail(d->b, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return NULL;
    }
    book_clean_text(text, NAME_UNITS, name);
    chart_series_set_name(series, text);
    chart_series_set_categories(series, data, (lxw_row_t)first, BOOK_LEAD_COLUMNS - 1,
                                (lxw_row_t)last, BOOK_LEAD_COLUMNS - 1);
    chart_series_set_values(series, data, (lxw_row_t)first, (lxw_col_t)column, (lxw_row_t)last,
                            (lxw_col_t)column);
    d->n_series++;
    return series;
}

/* True where a point stands between two gaps: a line alone would not show it. */
static bool has_lone_points(const drawing *d, size_t column)
{
    const book_figure *f = d->figure;
    size_t run = 0;

    for (size_t i = 0; i <= f->n_points; i++) {
        if (i < f->n_points && !isnan(f->values[i * d->figures->n_columns + column])) {
            run++;
        } else if (run == 1) {
            return true;
        } else {
            run = 0;
        }
    }
    return false;
}

static bool has_numbers(const drawing *d, size_t column)
{
    double least = 0, most = 0;

    return book_figure_range(&least, &most, d->figures, d->figure, column, 1);
}

/* The series of a column of the figure, when there is anything to draw. */
static void add_series(drawing *d, size_t column, const char *name, lxw_color_t colour,
                       double width, uint8_t dash)
{
    size_t first = d->figure->first_row;
    lxw_chart_series *series =
        has_numbers(d, column)
            ? add_line(d, BOOK_LEAD_COLUMNS + column, first, first + d->figure->n_points - 1, name)
            : NULL;
    lxw_chart_fill fill = {.color = colour};
    lxw_chart_line none = {.none = LXW_TRUE};

    if (!series) {
        return;
    }
    set_line(series, colour, width, dash);
    if (has_lone_points(d, column)) {
        chart_series_set_marker_type(series, LXW_CHART_MARKER_CIRCLE);
        chart_series_set_marker_size(series, width > 1 ? 5 : 2);
        chart_series_set_marker_fill(series, &fill);
        chart_series_set_marker_line(series, &none);
    }
}

/* The last series needs no name of its own in the legend. */
static void leave_unnamed(drawing *d)
{
    if (d->n_unnamed + 1 < sizeof d->unnamed / sizeof d->unnamed[0]) {
        d->unnamed[d->n_unnamed++] = (int16_t)(d->n_series - 1);
        d->unnamed[d->n_unnamed] = -1;
    }
}

/* Comparators of all sites, or those and the site's own. */
static void add_groups(drawing *d, size_t site)
{
    const hst_areas *areas = d->b->publication->areas;

    for (size_t i = 0; book_figure_has_groups(d->figure) && i < d->figures->n_groups; i++) {
        const hst_area_group *group = hst_areas_group(areas, i);
        size_t column = book_group_column(d->figures, i);

        if (group->is_england) {
            add_series(d, column, group->name, ENGLAND, 3, LXW_CHART_LINE_DASH_SOLID);
        } else if (group->site == UINT32_MAX ||
                   (site != SIZE_MAX && d->figures->sites[site] == group->site)) {
            add_series(d, column, group->name, GREY, 1.75, LXW_CHART_LINE_DASH_LONG_DASH);
        }
    }
}

/* Upright lines where services start: of all sites, or of one. */
static void add_starts(drawing *d, size_t site)
{
    const book_figure *f = d->figure;
    size_t column = BOOK_LEAD_COLUMNS + d->figures->n_columns + (site == SIZE_MAX ? 0 : 1);
    bool is_named = false;

    for (size_t i = 0; i < f->n_starts; i++) {
        size_t row = f->first_row + f->n_points + 2 * i;
        lxw_chart_series *series = NULL;

        if (site == SIZE_MAX || f->starts[i].site == site) {
            series = add_line(d, column, row, row + 1, "Start of the service");
        }
        if (series) {
            set_line(series, SLATE, 1.5, LXW_CHART_LINE_DASH_ROUND_DOT);
            if (is_named) {
                leave_unnamed(d);
            }
            is_named = true;
        }
    }
}

/* ---- axes ---- */

/* Days a label: a year, or less where that would leave few labels. */
static double label_days(double days)
{
    static const double year = 365.25;

    return days > 20 * year  ? 5 * year
           : days > 4 * year ? year
           : days > year     ? year / 4
                             : year / 12;
}

/* The stretch of time that has numbers. */
static void find_days(const drawing *d, hst_date *from, hst_date *to)
{
    const book_figure *f = d->figure;
    bool has_any = false;

    for (size_t i = 0; i < f->n_points; i++) {
        for (size_t k = 0; k < d->figures->n_columns; k++) {
            if (!isnan(f->values[i * d->figures->n_columns + k])) {
                *from = has_any ? *from : f->periods[i]->start;
                *to = f->periods[i]->end;
                has_any = true;
            }
        }
    }
}

static void set_axes(drawing *d)
{
    const book_figure *f = d->figure;
    lxw_chart_line faint = {.color = 0xD8DDE0, .width = 0.75F};
    lxw_chart_font label = {.size = 9, .color = SLATE}, name = {.size = 10, .color = SLATE};
    hst_date from = 0, to = 0;
    char unit[HST_UNIT_BYTES];

    find_days(d, &from, &to);
    hst_value_unit(f->measure, hst_statistic_name(f->measure->statistic), unit);
    unit[0] = (char)(unit[0] >= 'a' && unit[0] <= 'z' ? unit[0] - 'a' + 'A' : unit[0]);
    chart_axis_set_name(d->chart->y_axis, unit);
    chart_axis_set_name_font(d->chart->y_axis, &name);
    chart_axis_set_num_font(d->chart->y_axis, &label);
    chart_axis_set_num_format(d->chart->y_axis, "#,##0.##");
    chart_axis_set_line(d->chart->y_axis, &(lxw_chart_line){.none = LXW_TRUE});
    chart_axis_major_gridlines_set_visible(d->chart->y_axis, LXW_TRUE);
    chart_axis_major_gridlines_set_line(d->chart->y_axis, &faint);
    if (book_figure_is_from_zero(d->figures, f)) {
        chart_axis_set_min(d->chart->y_axis, 0);
    }
    chart_axis_set_min(d->chart->x_axis, book_date_serial(from + DAYS_OF_GRACE));
    chart_axis_set_max(d->chart->x_axis, book_date_serial(to + 1));
    chart_axis_set_major_unit(d->chart->x_axis, label_days((double)(to - from)));
    chart_axis_set_num_format(d->chart->x_axis, "mmm yyyy");
    chart_axis_set_num_font(d->chart->x_axis, &label);
    chart_axis_major_gridlines_set_visible(d->chart->x_axis, LXW_FALSE);
}

/* ---- charts ---- */

static void begin_chart(drawing *d)
{
    d->chart = workbook_add_chart(d->b->workbook, LXW_CHART_SCATTER_STRAIGHT);
    d->n_series = 0;
    d->n_unnamed = 0;
    if (!d->chart) {
        book_fail(d->b, LXW_ERROR_MEMORY_MALLOC_FAILED);
    }
}

/* Puts the chart below its heading, with a text for who cannot see it. */
static void end_chart(drawing *d, const char *title)
{
    const book_figure *f = d->figure;
    size_t row = d->n_charts * CHART_ROWS, first = f->first_row + 1;
    char name[NAME_BYTES], described[WORDS_BYTES];
    lxw_chart_options options = {.object_position = LXW_OBJECT_MOVE_DONT_SIZE,
                                 .description = described};
    lxw_chart_font font = {.size = 13, .bold = LXW_TRUE, .color = ENGLAND};

    book_clean_text(name, NAME_UNITS, title);
    snprintf(described, sizeof described,
             "Lines of %s, %s to %s. The numbers are in sheet %s, rows %zu to %zu.", name,
             f->periods[0]->label, f->periods[f->n_points - 1]->label, d->b->sheets[d->data].name,
             first, first + f->n_points - 1);
    book_put_text(d->b, d->sheet, row, 0, title, BOOK_PLAIN);
    d->n_charts++;
    if (d->n_series == 0) { /* all withheld or missing: the library takes no empty chart */
        book_put_text(d->b, d->sheet, row + 1, 0, "There is no value to draw.", BOOK_PLAIN);
        return;
    }
    chart_title_set_name(d->chart, name);
    chart_title_set_name_font(d->chart, &font);
    chart_legend_set_position(d->chart, LXW_CHART_LEGEND_BOTTOM);
    if (d->n_unnamed > 0) {
        book_fail(d->b, chart_legend_delete_series(d->chart, d->unnamed));
    }
    chart_show_blanks_as(d->chart, LXW_CHART_BLANKS_AS_GAP);
    set_axes(d);
    options.x_scale = CHART_WIDTH / 480.0; /* of the library's own size */
    options.y_scale = CHART_HEIGHT / 288.0;
    book_fail(d->b, worksheet_insert_chart_opt(d->b->sheets[d->sheet].worksheet, (lxw_row_t)row + 1,
                                               0, d->chart, &options));
}

static void draw_all_sites(drawing *d)
{
    begin_chart(d);
    for (size_t i = 0; d->chart && i < d->figures->n_sites; i++) {
        add_series(d, book_site_column(i, BOOK_VALUE), book_site_name(d->b, d->figures, i),
                   site_colours[i % N_COLOURS], 2, site_dashes[i / N_COLOURS % N_DASHES]);
    }
    if (d->chart) {
        add_groups(d, SIZE_MAX);
        add_starts(d, SIZE_MAX);
        end_chart(d, d->figure->measure->title);
    }
}

static void draw_site(drawing *d, size_t site)
{
    char title[WORDS_BYTES], limits[64];
    const char *name = book_site_name(d->b, d->figures, site);

    begin_chart(d);
    if (!d->chart) {
        return;
    }
    snprintf(limits, sizeof limits, "%g%% limits", d->figure->measure->confidence[0]);
    snprintf(title, sizeof title, "%s: %s", d->figure->measure->title, name);
    add_groups(d, site);
    add_series(d, book_site_column(site, BOOK_LOWER), limits, BLUE, 1, LXW_CHART_LINE_DASH_DASH);
    add_series(d, book_site_column(site, BOOK_UPPER), limits, BLUE, 1, LXW_CHART_LINE_DASH_DASH);
    if (has_numbers(d, book_site_column(site, BOOK_UPPER))) {
        leave_unnamed(d);
    }
    add_series(d, book_site_column(site, BOOK_VALUE), name, BLUE, 2.25, LXW_CHART_LINE_DASH_SOLID);
    add_series(d, book_site_column(site, BOOK_WITHOUT), "Without the service", ORANGE, 2,
               LXW_CHART_LINE_DASH_SQUARE_DOT);
    add_starts(d, site);
    end_chart(d, title);
}

/* Upright pages of three charts. */
static void set_pages(drawing *d)
{
    lxw_worksheet *worksheet = d->b->sheets[d->sheet].worksheet;
    lxw_row_t breaks[MAX_PAGES + 1] = {0}; /* ends with 0 */

    for (size_t i = 1; i <= MAX_PAGES && i * CHARTS_A_PAGE < d->n_charts; i++) {
        breaks[i - 1] = (lxw_row_t)(i * CHARTS_A_PAGE * CHART_ROWS);
    }
    worksheet_set_portrait(worksheet);
    worksheet_set_print_scale(worksheet, PRINT_PERCENT);
    if (d->n_charts > 0) {
        book_fail(d->b,
                  worksheet_print_area(worksheet, 0, 0, (lxw_row_t)(d->n_charts * CHART_ROWS - 1),
                                       CHART_WIDTH / COLUMN_WIDTH));
    }
    if (breaks[0] > 0) {
        book_fail(d->b, worksheet_set_h_pagebreaks(worksheet, breaks));
    }
}

void book_draw_figures(book *b, size_t sheet, size_t data, const book_figures *figures)
{
    drawing d = {.b = b, .sheet = sheet, .data = data, .figures = figures};

    for (size_t i = 0; i < figures->n && b->status == HST_OK; i++) {
        double least = 0, most = 0;

        d.figure = &figures->items[i];
        if (book_figure_range(&least, &most, figures, d.figure, 0, figures->n_columns)) {
            draw_all_sites(&d);
        }
        for (size_t site = 0; site < figures->n_sites && b->status == HST_OK; site++) {
            if (book_figure_range(&least, &most, figures, d.figure,
                                  book_site_column(site, BOOK_VALUE), 1)) {
                draw_site(&d, site);
            }
        }
    }
    if (d.n_charts == 0) {
        book_put_text(b, sheet, 0, 0, "No measure has numbers to draw.", BOOK_PLAIN);
    }
    set_pages(&d);
}
