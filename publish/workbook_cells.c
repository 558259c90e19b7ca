/* Cells, formats and sheets of the workbook. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/ingest.h"
#include "publish/workbook.h"

enum { NHS_DARK_BLUE = 0x003087, NHS_BLUE = 0x005EB8, WHITE = 0xFFFFFF };

/* A format with conditions for large and small numbers would lose the minus of small ones. */
static const char *const number_formats[BOOK_N_STYLES] = {
    [BOOK_DATE] = "yyyy-mm-dd",
    [BOOK_COUNT] = "#,##0",
    [BOOK_REAL] = "#,##0.0",
    [BOOK_SMALL] = "0.0##",
    [BOOK_PERCENT] = "0.0\"%\"",
    [BOOK_SHARE] = "0.0%",
    [BOOK_P] = "[<0.001]\"<0.001\";0.000",
    [BOOK_ANY] = "General",
};

static void set_look(lxw_format *format, book_style style)
{
    if (number_formats[style]) {
        format_set_num_format(format, number_formats[style]);
    }
    format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    switch (style) {
    case BOOK_WRAPPED:
    case BOOK_LONG:
        format_set_text_wrap(format);
        format_set_indent(format, 1); /* away from a number on its left */
        break;
    case BOOK_MARKER:
        format_set_align(format, LXW_ALIGN_RIGHT);
        break;
    case BOOK_TITLE:
        format_set_bold(format);
        format_set_font_size(format, 16);
        format_set_font_color(format, NHS_DARK_BLUE);
        format_set_text_wrap(format);
        break;
    case BOOK_HEADING:
        format_set_bold(format);
        format_set_text_wrap(format);
        format_set_font_color(format, WHITE);
        format_set_bg_color(format, NHS_BLUE);
        break;
    case BOOK_LINK:
        format_set_font_color(format, NHS_BLUE);
        format_set_underline(format, LXW_UNDERLINE_SINGLE);
        format_set_text_wrap(format);
        break;
    default:
        break;
    }
}

hst_status book_add_formats(book *b, hst_error *err)
{
    for (size_t i = 0; i < BOOK_N_STYLES; i++) {
        b->formats[i] = workbook_add_format(b->workbook);
        if (!b->formats[i]) {
            return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a workbook", b->path);
        }
        set_look(b->formats[i], (book_style)i);
    }
    return HST_OK;
}

void book_fail(book *b, lxw_error error)
{
    if (error != LXW_NO_ERROR && b->status == HST_OK) {
        hst_status status =
            error == LXW_ERROR_MEMORY_MALLOC_FAILED ? HST_ERR_MEMORY : HST_ERR_SYSTEM;

        b->status =
            hst_fail(&b->err, status,
                     "%s: cannot be written: %s; see whether its disk is full and run again",
                     b->path, lxw_strerror(error));
    }
}

/* A page of paper as the guidance for spreadsheets asks: headings on every page, no date. */
static void set_page(book *b, lxw_worksheet *worksheet)
{
    enum { PAPER_A4 = 9 };

    worksheet_set_landscape(worksheet);
    worksheet_set_paper(worksheet, PAPER_A4);
    worksheet_fit_to_pages(worksheet, 1, 0);
    book_fail(b, worksheet_set_footer(worksheet, "&L&A&RPage &P of &N"));
}

size_t book_add_sheet(book *b, const char *name, const char *about, bool is_flat)
{
    book_sheet *sheet = NULL;

    if (b->status == HST_OK) {
        b->status = hst_interrupt_check(&b->err);
    }
    if (b->n_sheets == b->capacity) {
        size_t capacity = b->capacity ? 2 * b->capacity : 32;
        book_sheet *sheets = realloc(b->sheets, capacity * sizeof *sheets);

        if (!sheets) {
            book_fail(b, LXW_ERROR_MEMORY_MALLOC_FAILED);
            return 0;
        }
        b->sheets = sheets;
        b->capacity = capacity;
    }
    sheet = &b->sheets[b->n_sheets];
    *sheet = (book_sheet){.about = about};
    snprintf(sheet->name, sizeof sheet->name, "%s", name);
    /* A sheet takes this option over when it is added. */
    b->workbook->options.constant_memory = is_flat;
    sheet->worksheet = workbook_add_worksheet(b->workbook, sheet->name);
    if (!sheet->worksheet) {
        book_fail(b, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return 0;
    }
    set_page(b, sheet->worksheet);
    return b->n_sheets++;
}

/* The worksheet, and one more row counted when this is its first cell: rows come in order. */
static lxw_worksheet *sheet_at(book *b, size_t sheet, size_t row)
{
    book_sheet *s = &b->sheets[sheet];

    if (row >= s->next_row) {
        s->next_row = row + 1;
        s->n_rows++;
    }
    return s->worksheet;
}

void book_put_text(book *b, size_t sheet, size_t row, size_t column, const char *text,
                   book_style style)
{
    book_clean_text(b->text, BOOK_MAX_TEXT, text);
    if (b->status == HST_OK && b->text[0] != '\0') {
        book_fail(b, worksheet_write_string(sheet_at(b, sheet, row), (lxw_row_t)row,
                                            (lxw_col_t)column, b->text, b->formats[style]));
    }
}

void book_put_number(book *b, size_t sheet, size_t row, size_t column, double number,
                     book_style style)
{
    if (isnan(number)) {
        return;
    }
    if (style == BOOK_REAL && fabs(number) < 10) {
        style = BOOK_SMALL;
    }
    if (isinf(number)) { /* a spreadsheet has no such number */
        book_put_text(b, sheet, row, column, number > 0 ? "Inf" : "minus Inf", BOOK_MARKER);
    } else if (b->status == HST_OK) {
        book_fail(b, worksheet_write_number(sheet_at(b, sheet, row), (lxw_row_t)row,
                                            (lxw_col_t)column, number, b->formats[style]));
    }
}

size_t book_lines(const char *text, size_t width)
{
    size_t n_lines = 1, used = 0;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (used > 0 && used + 1 + word > width) {
            n_lines++;
            used = 0;
        }
        used += word + (used > 0);
        n_lines += used / (width + 1);
        used %= width + 1;
        text += word + strspn(text + word, " ");
    }
    return n_lines;
}

void book_set_height(book *b, size_t sheet, size_t row, size_t n_lines)
{
    enum { LINE_POINTS = 15, MOST_LINES = 27 }; /* nearly the highest row there is */
    double points = LINE_POINTS * (double)(n_lines < MOST_LINES ? n_lines : MOST_LINES);

    if (n_lines > 1 && b->status == HST_OK) {
        book_fail(b, worksheet_set_row(b->sheets[sheet].worksheet, (lxw_row_t)row, points, NULL));
    }
}

double book_date_serial(hst_date date)
{
    enum { SERIAL_OF_1970 = 25569 };

    return (double)date + SERIAL_OF_1970;
}

void book_put_date(book *b, size_t sheet, size_t row, size_t column, hst_date date)
{
    if (date < hst_date_from_civil(1900, 3, 1)) { /* spreadsheets believe in 29 February 1900 */
        char text[11];

        hst_date_format(date, text);
        book_put_text(b, sheet, row, column, text, BOOK_PLAIN);
    } else {
        book_put_number(b, sheet, row, column, book_date_serial(date), BOOK_DATE);
    }
}

void book_put_link(book *b, size_t sheet, size_t row, size_t column, size_t target,
                   size_t target_row, const char *text)
{
    char link[BOOK_SHEET_BYTES + 64];

    snprintf(link, sizeof link, "internal:'%s'!A%zu", b->sheets[target].name, target_row + 1);
    if (b->status == HST_OK) {
        book_fail(b, worksheet_write_url(sheet_at(b, sheet, row), (lxw_row_t)row, (lxw_col_t)column,
                                         link, b->formats[BOOK_LINK]));
    }
    book_put_text(b, sheet, row, column, text, BOOK_LINK);
}
