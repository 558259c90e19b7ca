/* One table of a sheet, from A1: headings, rows, widths. The rows of result tables come as for
 * every other kind of file, cell by cell through a sink. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "publish/workbook.h"

enum {
    LEAST_WIDTH = 8, /* in characters */
    MOST_WIDTH = 44,
    MOST_WIDTH_OF_LONG = 80,
    ROOM_FOR_FILTER = 4,      /* its button covers the end of a heading */
    MOST_PRINTED_WIDTH = 220, /* on one page; more goes over several */
    PRINT_PERCENT = 60
};

typedef enum cell_kind { CELL_EMPTY, CELL_TEXT, CELL_NUMBER } cell_kind;

typedef struct cell {
    cell_kind kind;
    double number;
    size_t text; /* offset of a copy: the writer's may be gone at the end of the row */
} cell;

struct book_table {
    hst_sink sink; /* first: a pointer to it is one to this */
    book *b;
    size_t sheet, n_columns, n_cells, n_rows;
    book_column *columns; /* [n_columns] */
    size_t *widths;       /* [n_columns], in characters */
    cell *cells;          /* [n_columns], of the row */
    char *texts;          /* of the row */
    size_t n_texts, texts_capacity;
    size_t n_lines; /* of the row */
    book_table_options options;
    bool is_flat;
};

static cell *next_cell(book_table *t)
{
    static cell none; /* what a row has beyond its columns is a mistake of ours, and not written */

    if (t->n_cells == t->n_columns) {
        book_fail(t->b, LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE);
        return &none;
    }
    t->cells[t->n_cells] = (cell){.kind = CELL_EMPTY};
    return &t->cells[t->n_cells++];
}

static void take_text(hst_sink *sink, const char *text)
{
    book_table *t = (book_table *)sink;
    size_t bytes = text ? strlen(text) + 1 : 0;
    cell *c = next_cell(t);

    if (bytes <= 1) {
        return;
    }
    if (t->n_texts + bytes > t->texts_capacity) {
        size_t capacity = 2 * (t->n_texts + bytes);
        char *texts = realloc(t->texts, capacity);

        if (!texts) {
            book_fail(t->b, LXW_ERROR_MEMORY_MALLOC_FAILED);
            return;
        }
        t->texts = texts;
        t->texts_capacity = capacity;
    }
    memcpy(t->texts + t->n_texts, text, bytes);
    c->kind = CELL_TEXT;
    c->text = t->n_texts;
    t->n_texts += bytes;
}

static void take_real(hst_sink *sink, double number)
{
    cell *c = next_cell((book_table *)sink);

    if (!isnan(number)) {
        c->kind = CELL_NUMBER;
        c->number = number;
    }
}

static void take_count(hst_sink *sink, uint64_t number)
{
    take_real(sink, (double)number);
}

static bool is_text_style(book_style style)
{
    return style == BOOK_PLAIN || style == BOOK_WRAPPED || style == BOOK_LONG;
}

static void widen(book_table *t, size_t column, size_t n_characters)
{
    if (n_characters > t->widths[column]) {
        t->widths[column] = n_characters;
    }
}

/* Characters of a number as it is shown, or a little more. */
static size_t shown_characters(double number, book_style style)
{
    char text[400]; /* more than any number has */
    double size = fabs(number);
    int decimals = style == BOOK_COUNT ? 0 : style == BOOK_REAL && size < 10 ? 3 : 1;
    size_t n = (size_t)snprintf(text, sizeof text, "%.*f", decimals, number);

    if (style == BOOK_ANY) { /* spreadsheets show as many digits as there is room for */
        return LEAST_WIDTH;
    }
    n += size >= 1000 ? (size_t)(log10(size) / 3) : 0; /* commas */
    return style == BOOK_PERCENT || style == BOOK_SHARE ? n + 3 : n;
}

static size_t most_width(book_style style)
{
    return style == BOOK_LONG ? MOST_WIDTH_OF_LONG : MOST_WIDTH;
}

static size_t place_of(const book_table *t, size_t column)
{
    return t->options.places ? t->options.places[column] : column;
}

static void put_cell_text(book_table *t, size_t column, const char *text, book_style style)
{
    size_t n_lines = t->is_flat ? 1 : book_lines(text, most_width(style));

    t->n_lines = n_lines > t->n_lines ? n_lines : t->n_lines;
    widen(t, column, strlen(text));
    book_put_text(t->b, t->sheet, t->n_rows + 1, place_of(t, column), text, style);
}

/* "[c]" where a number of the row was withheld, "[x]" where there is none, "[z]" for no text. */
static void put_empty(book_table *t, size_t column, bool is_withheld)
{
    if (t->options.keeps_empty || t->is_flat) {
        return;
    }
    if (is_text_style(t->columns[column].style)) {
        put_cell_text(t, column, "[z]", BOOK_WRAPPED);
    } else {
        put_cell_text(t, column, is_withheld ? "[c]" : "[x]", BOOK_MARKER);
    }
}

static void put_cell(book_table *t, size_t column, const cell *c, bool is_withheld)
{
    book_style style = t->columns[column].style;
    const char *text = c->kind == CELL_TEXT ? t->texts + c->text : "";
    hst_date date = 0;

    if (c->kind == CELL_EMPTY) {
        put_empty(t, column, is_withheld);
    } else if (style == BOOK_YES_NO) {
        put_cell_text(t, column, c->number != 0 ? "yes" : "no", BOOK_WRAPPED);
    } else if (c->kind == CELL_NUMBER) {
        widen(t, column, shown_characters(c->number, style));
        book_put_number(t->b, t->sheet, t->n_rows + 1, place_of(t, column), c->number, style);
    } else if (style == BOOK_DATE && hst_date_parse_iso(text, strlen(text), &date)) {
        widen(t, column, strlen("2010-04-01"));
        book_put_date(t->b, t->sheet, t->n_rows + 1, place_of(t, column), date);
    } else {
        put_cell_text(t, column, text, is_text_style(style) ? style : BOOK_MARKER);
    }
}

/* When the sheet of data has no room for all areas it has those of the review. */
static bool is_left_out(const book_table *t)
{
    const cell *role = t->b->n_left_out > 0 ? &t->cells[t->options.role] : NULL;

    return role && (t->n_rows == BOOK_MAX_ROWS ||
                    (role->kind == CELL_TEXT && strcmp(t->texts + role->text, "other") == 0));
}

static void end_row(hst_sink *sink)
{
    book_table *t = (book_table *)sink;
    size_t flag = t->options.suppressed;
    bool is_withheld = flag < t->n_cells && t->cells[flag].number != 0;

    if (t->b->status == HST_OK && !is_left_out(t)) {
        for (size_t i = 0; i < t->n_cells; i++) {
            put_cell(t, i, &t->cells[i], is_withheld);
        }
        t->n_rows++;
        book_set_height(t->b, t->sheet, t->n_rows, t->n_lines);
    }
    t->n_lines = 0;
    t->n_cells = 0;
    t->n_texts = 0;
}

/* The heading, in a column as wide as its longest word and a third of all of it. */
static void put_heading(book_table *t, size_t column)
{
    const char *heading = t->columns[column].heading;
    size_t longest = strlen(heading) / 3;

    for (const char *word = heading; *word;) {
        size_t n = strcspn(word, " ");

        longest = n > longest ? n : longest;
        word += n + strspn(word + n, " ");
    }
    longest += ROOM_FOR_FILTER;
    widen(t, column, longest > LEAST_WIDTH ? longest : LEAST_WIDTH);
    book_put_text(t->b, t->sheet, 0, place_of(t, column), heading, BOOK_HEADING);
}

static void table_free(book_table *t)
{
    if (!t) {
        return;
    }
    free(t->columns);
    free(t->widths);
    free(t->cells);
    free(t->texts);
    free(t);
}

book_table *book_table_begin(book *b, size_t sheet, const book_column *columns, size_t n,
                             const book_table_options *options)
{
    book_table *t = b->status == HST_OK ? calloc(1, sizeof *t) : NULL;

    if (t) {
        *t = (book_table){.sink = {take_text, take_count, take_real, end_row},
                          .b = b,
                          .sheet = sheet,
                          .n_columns = n,
                          .columns = calloc(n, sizeof *t->columns),
                          .widths = calloc(n, sizeof *t->widths),
                          .cells = calloc(n, sizeof *t->cells),
                          .options = *options,
                          .is_flat = b->sheets[sheet].worksheet->optimize};
    }
    if (!t || !t->columns || !t->widths || !t->cells) {
        book_fail(b, LXW_ERROR_MEMORY_MALLOC_FAILED);
        table_free(t);
        return NULL;
    }
    memcpy(t->columns, columns, n * sizeof *columns);
    for (size_t i = 0; i < n; i++) { /* as the cells below and the table's own list have it */
        book_clean_text(b->text, BOOK_MAX_HEADING, columns[i].heading);
        memcpy(t->columns[i].heading, b->text, strlen(b->text) + 1);
        put_heading(t, i);
    }
    return t;
}

hst_sink *book_table_sink(book_table *table)
{
    return &table->sink;
}

/* The table of a spreadsheet: filters, a name, headings that readers by ear are told. */
static void declare(book_table *t)
{
    lxw_worksheet *worksheet = t->b->sheets[t->sheet].worksheet;
    lxw_table_column *columns = calloc(t->n_columns, sizeof *columns);
    lxw_table_column **list = calloc(t->n_columns + 1, sizeof *list); /* ends with NULL */
    lxw_table_options options = {.name = (char *)(uintptr_t)t->options.name,
                                 .columns = list,
                                 .style_type = LXW_TABLE_STYLE_TYPE_LIGHT,
                                 .style_type_number = 1};

    if (!columns || !list) {
        book_fail(t->b, LXW_ERROR_MEMORY_MALLOC_FAILED);
    } else {
        for (size_t i = 0; i < t->n_columns; i++) {
            columns[i] = (lxw_table_column){.header = t->columns[i].heading,
                                            .header_format = t->b->formats[BOOK_HEADING]};
            list[place_of(t, i)] = &columns[i];
        }
        book_fail(t->b, worksheet_add_table(worksheet, 0, 0, (lxw_row_t)t->n_rows,
                                            (lxw_col_t)(t->n_columns - 1), &options));
    }
    free(columns);
    free(list);
}

/* A table of a spreadsheet has a row; where ours has none it says so. */
static void put_no_rows(book_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        put_cell_text(t, i, place_of(t, i) == 0 ? "no rows" : "[z]", BOOK_WRAPPED);
    }
    t->n_rows++;
}

static size_t width_of(const book_table *t, size_t column)
{
    size_t most = most_width(t->columns[column].style);

    return t->widths[column] < most ? t->widths[column] : most;
}

/* Widths of columns, the height of the headings, and the paper. */
static void set_layout(book_table *t)
{
    lxw_worksheet *worksheet = t->b->sheets[t->sheet].worksheet;
    size_t n_lines = 1, total = 0;

    for (size_t i = 0; i < t->n_columns; i++) {
        lxw_col_t place = (lxw_col_t)place_of(t, i);
        size_t lines = book_lines(t->columns[i].heading, width_of(t, i) - ROOM_FOR_FILTER + 1);

        n_lines = lines > n_lines ? lines : n_lines;
        total += width_of(t, i);
        book_fail(t->b, worksheet_set_column(worksheet, place, place, (double)width_of(t, i) + 1.5,
                                             NULL));
    }
    if (!t->is_flat) {
        book_set_height(t->b, t->sheet, 0, n_lines);
    }
    if (total > MOST_PRINTED_WIDTH) {
        worksheet_set_print_scale(worksheet, PRINT_PERCENT);
    }
}

void book_table_end(book_table *t)
{
    lxw_worksheet *worksheet = NULL;
    char range[64];

    if (!t) {
        return;
    }
    worksheet = t->b->sheets[t->sheet].worksheet;
    if (t->n_rows == 0) {
        put_no_rows(t);
    }
    if (t->b->status == HST_OK) {
        if (t->options.frozen_columns >
            0) { /* on every page, too, where several stand side by side */
            book_fail(t->b, worksheet_repeat_columns(worksheet, 0,
                                                     (lxw_col_t)(t->options.frozen_columns - 1)));
        }
        if (t->is_flat) {
            book_fail(t->b, worksheet_autofilter(worksheet, 0, 0, (lxw_row_t)t->n_rows,
                                                 (lxw_col_t)(t->n_columns - 1)));
        } else {
            declare(t);
        }
        set_layout(t);
        worksheet_freeze_panes(worksheet, 1, (lxw_col_t)t->options.frozen_columns);
        book_fail(t->b, worksheet_repeat_rows(worksheet, 0, 0));
        lxw_rowcol_to_range(range, 0, 0, (lxw_row_t)t->n_rows, (lxw_col_t)(t->n_columns - 1));
        /* Codes are texts on purpose, also those of digits. */
        book_fail(t->b,
                  worksheet_ignore_errors(worksheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, range));
    }
    table_free(t);
}
