/* site-review.xlsx under way: what the files workbook_*.c share. Names begin with book_, because
 * libxlsxwriter's own begin with workbook_. */
#ifndef HESTIA_PUBLISH_WORKBOOK_H
#define HESTIA_PUBLISH_WORKBOOK_H

#include <stdint.h>

#include <xlsxwriter.h>

#include "publish/tables.h"

enum {
    BOOK_MAX_TEXT = 32767,                   /* of a cell, in UTF-16 units: Excel's limit */
    BOOK_TEXT_BYTES = 3 * BOOK_MAX_TEXT + 1, /* a unit takes up to three bytes */
    BOOK_MAX_SHEET = 31,                     /* of a sheet's name, in UTF-16 units */
    BOOK_SHEET_BYTES = 3 * BOOK_MAX_SHEET + 1,
    BOOK_MAX_HEADING = 255, /* of a table's column, in UTF-16 units */
    BOOK_HEADING_BYTES = 3 * BOOK_MAX_HEADING + 1,
    BOOK_MAX_ROWS = LXW_ROW_MAX - 1, /* of a table below its headings */
    BOOK_ALL_AREAS = 50000, /* rows of results up to which the sheet of data has every area */
};

/** How a cell looks; the numbers in it are the same in each. */
typedef enum book_style {
    BOOK_PLAIN,   /**< a text that does not wrap */
    BOOK_WRAPPED, /**< a text */
    BOOK_LONG,    /**< sentences: a wide column */
    BOOK_MARKER,  /**< [c], [x]: in place of a number */
    BOOK_DATE,
    BOOK_COUNT,
    BOOK_REAL,    /**< one decimal, below 10 up to three: as values are released */
    BOOK_SMALL,   /**< of these the latter */
    BOOK_PERCENT, /**< a number that is in percent already */
    BOOK_SHARE,   /**< 0.12 shown as 12.0 % */
    BOOK_P,       /**< a p: three decimals, or "<0.001" */
    BOOK_ANY,     /**< a number as it is */
    BOOK_YES_NO,  /**< 0 and 1 in words */
    BOOK_TITLE,
    BOOK_HEADING,
    BOOK_LINK,
    BOOK_N_STYLES
} book_style;

typedef struct book_sheet {
    char name[BOOK_SHEET_BYTES];
    const char *about; /**< what the sheet holds; borrowed */
    lxw_worksheet *worksheet;
    size_t n_rows;   /**< with a cell, for the check of the finished file */
    size_t next_row; /**< after the last of them */
} book_sheet;

typedef struct book {
    const hst_publication *publication;
    const char *path;
    lxw_workbook *workbook;
    lxw_format *formats[BOOK_N_STYLES];
    size_t n_sheets, capacity;
    book_sheet *sheets;
    size_t n_left_out; /**< rows of results.csv that the sheet of data has no room for */
    hst_status status; /**< the first failure */
    hst_error err;
    char text[BOOK_TEXT_BYTES]; /**< of the cell being written */
} book;

/* ---- workbook_text.c: rules of texts and names ---- */

/**
 * A text from outside as a cell may hold it: valid UTF-8, control characters as spaces, at most
 * `limit` UTF-16 units (longer: cut, with an ellipsis), and with an apostrophe before it where a
 * spreadsheet that opens the cell again from a CSV file would run it as a formula.
 *
 * @param out  has room for 3 * limit + 1 bytes
 */
void book_clean_text(char *out, size_t limit, const char *text);

/** "3 Emergency admissions": a name that every spreadsheet takes, and that no other sheet has. */
void book_sheet_name(char out[BOOK_SHEET_BYTES], size_t number, const char *title);

/** UTF-16 units of a valid UTF-8 text. */
size_t book_text_units(const char *text);

/* ---- workbook_cells.c: cells and sheets; failures stay in the book ---- */

HST_MUST_CHECK hst_status book_add_formats(book *b, hst_error *err);

/**
 * Adds a sheet after the others.
 *
 * @param about    lives as long as the book
 * @param is_flat  rows are written in order and do not stay in memory; such a sheet takes no table
 * @return its number
 */
size_t book_add_sheet(book *b, const char *name, const char *about, bool is_flat);

void book_fail(book *b, lxw_error error);
void book_put_text(book *b, size_t sheet, size_t row, size_t column, const char *text,
                   book_style style);
void book_put_number(book *b, size_t sheet, size_t row, size_t column, double number,
                     book_style style);

/** A day as a date of the spreadsheet, or as text before March 1900, where those are wrong. */
void book_put_date(book *b, size_t sheet, size_t row, size_t column, hst_date date);

/** A link to a cell of a sheet, shown as `text`. */
void book_put_link(book *b, size_t sheet, size_t row, size_t column, size_t target,
                   size_t target_row, const char *text);

/** Lines of a text in a column of so many characters, broken between words. */
size_t book_lines(const char *text, size_t width);

/** Makes a row high enough for its lines: not every spreadsheet does so by itself. */
void book_set_height(book *b, size_t sheet, size_t row, size_t n_lines);

/** The day's number in a spreadsheet. */
double book_date_serial(hst_date date);

/* ---- workbook_table.c: one table from A1 ---- */

typedef struct book_column {
    char heading[BOOK_HEADING_BYTES];
    book_style style; /**< BOOK_WRAPPED or BOOK_LONG: a text */
} book_column;

typedef struct book_table_options {
    const char *name;      /**< of the table, a static text of letters and _ */
    size_t suppressed;     /**< column that says that numbers were withheld; SIZE_MAX: none */
    bool keeps_empty;      /**< empty cells stay so; else they hold a marker */
    const size_t *places;  /**< [n] column of the sheet for each cell of a row; NULL: in order */
    size_t frozen_columns; /**< that stay in view */
    size_t role;           /**< flat sheet with rows left out: column of the area's role */
} book_table_options;

typedef struct book_table book_table;

/**
 * Begins a table; its cells come through the sink, as those of a file do.
 *
 * @return NULL when there is no memory, which is in the book
 */
book_table *book_table_begin(book *b, size_t sheet, const book_column *columns, size_t n,
                             const book_table_options *options);
hst_sink *book_table_sink(book_table *table);

/** Writes what makes it a table, and frees it; NULL is allowed. */
void book_table_end(book_table *table);

/** "Area code" of "area_code". */
void book_heading(char out[BOOK_HEADING_BYTES], const char *name);

/** A result table as a sheet for readers, with headings in words. */
void book_write_result_table(book *b, size_t sheet, const hst_result_table *table,
                             const char *name);

/** results.csv as it is, texts typed as texts. */
void book_write_data(book *b, size_t sheet);

/* ---- workbook_words.c ---- */

/** "directly standardised rate" of "dsr". */
const char *book_statistic_words(const char *statistic);

void book_write_cover(book *b, size_t sheet);
void book_write_contents(book *b, size_t sheet);
void book_write_notes(book *b, size_t sheet);

/* ---- workbook_measure.c ---- */

/** The numbers of one measure: sites, then comparators. */
void book_write_measure(book *b, size_t sheet, size_t measure);

/* ---- workbook_figure.c: the numbers that charts are drawn from ---- */

/** Four columns a site, then one a comparator. */
typedef enum book_line {
    BOOK_VALUE,
    BOOK_LOWER,
    BOOK_UPPER,
    BOOK_WITHOUT, /**< what would have been without the service */
    BOOK_N_LINES
} book_line;

/** The first day of a service at a site. */
typedef struct book_start {
    size_t site;
    hst_date day;
    const hst_study_impact *impact;
} book_start;

/** The series of one measure, of its finest type of period. */
typedef struct book_figure {
    const hst_measure *measure;
    size_t n_points, n_starts;
    const hst_period **periods; /**< [n_points], borrowed from the results */
    double *values;             /**< [n_points][n_columns]; NAN: a gap */
    book_start *starts;         /**< [n_starts] */
    size_t first_row; /**< of the points in the sheet; two rows a start stand below them */
} book_figure;

typedef struct book_figures {
    size_t n, n_sites, n_groups, n_columns;
    size_t *sites;      /**< [n_sites], areas */
    book_figure *items; /**< [n], in the order of the study */
} book_figures;

enum {
    BOOK_MAX_SITES = 100, /**< that have lines: a sheet has 16,384 columns */
    BOOK_LEAD_COLUMNS = 3 /**< of the sheet, before those of the figures: measure, period, day */
};

/** @return NULL without memory */
book_figures *book_figures_create(const hst_publication *p);
void book_figures_free(book_figures *figures);

/** Smallest and largest number in [n] columns of a figure; false, and both left alone: there is
 * none. */
bool book_figure_range(double *least, double *most, const book_figures *figures,
                       const book_figure *figure, size_t first, size_t n);

/** Growth is an index around 100; all else is shown from zero, but for values below it. Limits
 * below zero are those of few stays, and would leave the lines no room. */
bool book_figure_is_from_zero(const book_figures *figures, const book_figure *figure);

/** Of numbers of events, comparators are sums over many areas, beside which a site's line would lie
 * on the axis: those are not drawn. */
bool book_figure_has_groups(const book_figure *figure);

/** Name of a site, or its code. */
const char *book_site_name(const book *b, const book_figures *figures, size_t site);

/** Column of the figures that a line of a site, or a comparator, has. */
size_t book_site_column(size_t site, book_line line);
size_t book_group_column(const book_figures *figures, size_t group);

/** The sheet: a row a point, then two a start; sets `first_row`. */
void book_write_figures(book *b, size_t sheet, book_figures *figures);

/* ---- workbook_chart.c ---- */

void book_draw_figures(book *b, size_t sheet, size_t data, const book_figures *figures);

/* ---- workbook_check.c ---- */

/** Reads the finished file back: every part is whole, every row that was written is there. The
 * library does not look at what the disk says of its temporary files. */
HST_MUST_CHECK hst_status book_check(const book *b, const char *path, hst_error *err);

#endif
