/* Result tables as sheets: the columns of the files under headings in words, and the sheet of data,
 * which is results.csv. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "publish/workbook.h"

/* Columns whose heading or look is not what their name and type say. A number in brackets is a note
 * of the sheet of notes (workbook_words.c). */
static const struct column_words {
    const char *name, *heading;
    book_style style;
} words[] = {
    {"impact", "Service", BOOK_WRAPPED},
    {"site_name", "Site", BOOK_WRAPPED},
    {"title", "Measure in words", BOOK_WRAPPED},
    {"sentence", "In one sentence", BOOK_LONG},
    {"note", "Note", BOOK_LONG},
    {"baseline_count", "Baseline count", BOOK_COUNT},
    {"review_count", "Review count", BOOK_COUNT},
    {"baseline_value", "Baseline value [1]", BOOK_REAL},
    {"baseline_lowercl", "Baseline lower limit [2]", BOOK_REAL},
    {"baseline_uppercl", "Baseline upper limit [2]", BOOK_REAL},
    {"review_value", "Review value [1]", BOOK_REAL},
    {"review_lowercl", "Review lower limit [2]", BOOK_REAL},
    {"review_uppercl", "Review upper limit [2]", BOOK_REAL},
    {"change_lowercl", "Change, lower limit [2]", BOOK_REAL},
    {"change_uppercl", "Change, upper limit [2]", BOOK_REAL},
    {"change_percent", "Change in percent", BOOK_PERCENT},
    {"comparator_change", "Change of the comparator", BOOK_REAL},
    {"difference", "Difference of the changes", BOOK_REAL},
    {"difference_lowercl", "Difference, lower limit [2]", BOOK_REAL},
    {"difference_uppercl", "Difference, upper limit [2]", BOOK_REAL},
    {"p", "p", BOOK_P},
    {"q", "q", BOOK_P},
    {"p_method", "Method of p", BOOK_WRAPPED},
    {"detectable", "Smallest effect that would have shown [5]", BOOK_SHARE},
    {"effect_percent", "Effect in percent", BOOK_PERCENT},
    {"effect_percent_lowercl", "Effect in percent, lower limit [2]", BOOK_PERCENT},
    {"effect_percent_uppercl", "Effect in percent, upper limit [2]", BOOK_PERCENT},
    {"comparator_percent", "Change of the comparator in percent", BOOK_PERCENT},
    {"verdict", "Verdict [4]", BOOK_WRAPPED},
    {"break_flag", "Suspected recording breaks [6]", BOOK_WRAPPED},
    {"incomplete", "Rows still to arrive [7]", BOOK_YES_NO},
    {"suppressed", "Numbers withheld [c]", BOOK_YES_NO},
    {"primary", "Primary method", BOOK_YES_NO},
    {"lowercl", "Lower limit [2]", BOOK_REAL},
    {"uppercl", "Upper limit [2]", BOOK_REAL},
    {"se", "Standard error", BOOK_REAL},
    {"n_before", "Periods before", BOOK_COUNT},
    {"n_after", "Periods after", BOOK_COUNT},
    {"placebo_dates", "Placebo dates as strong", BOOK_SHARE},
    {"n_placebo_dates", "Placebo dates tried", BOOK_COUNT},
    {"placebo_areas", "Placebo areas as strong", BOOK_SHARE},
    {"n_placebo_areas", "Placebo areas tried", BOOK_COUNT},
    {"excluded", "Providers left out", BOOK_WRAPPED},
    {"counterfactual", "Without the service", BOOK_REAL},
    {"cf_lowercl", "Without the service, lower limit [2]", BOOK_REAL},
    {"cf_uppercl", "Without the service, upper limit [2]", BOOK_REAL},
    {"effect_se", "Effect, standard error", BOOK_REAL},
    {"effect_lowercl", "Effect, lower limit [2]", BOOK_REAL},
    {"effect_uppercl", "Effect, upper limit [2]", BOOK_REAL},
    {"used", "Used in the model", BOOK_YES_NO},
    {"size", "Size of the break", BOOK_SHARE},
    {"share_of_area", "Share of the area's activity", BOOK_SHARE},
    {"month", "First month of the new level", BOOK_WRAPPED},
    {"low_month", "Earliest month [2]", BOOK_WRAPPED},
    {"high_month", "Latest month [2]", BOOK_WRAPPED},
    {"percent", "Percent", BOOK_PERCENT},
    {"planted_percent", "Planted, in percent", BOOK_PERCENT},
    {"found_percent", "Found, in percent", BOOK_PERCENT},
    {"found_lowercl", "Found, lower limit [2]", BOOK_PERCENT},
    {"found_uppercl", "Found, upper limit [2]", BOOK_PERCENT},
    {"words", "In words", BOOK_WRAPPED},
    {"registered", "Registered", BOOK_COUNT},
    {"n", "Number", BOOK_COUNT},
};

static book_style style_of(hst_column_type type)
{
    switch (type) {
    case HST_COLUMN_DATE:
        return BOOK_DATE;
    case HST_COLUMN_COUNT:
        return BOOK_COUNT;
    case HST_COLUMN_REAL:
        return BOOK_REAL;
    case HST_COLUMN_FLAG:
        return BOOK_YES_NO;
    case HST_COLUMN_TEXT:
        break;
    }
    return BOOK_WRAPPED;
}

void book_heading(char out[BOOK_HEADING_BYTES], const char *name)
{
    snprintf(out, BOOK_HEADING_BYTES, "%s", name);
    for (char *c = out; *c; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    out[0] = (char)toupper((unsigned char)out[0]);
}

static void describe(book_column *out, const hst_column *column)
{
    out->style = style_of(column->type);
    book_heading(out->heading, column->name);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].name, column->name) == 0) {
            snprintf(out->heading, sizeof out->heading, "%s", words[i].heading);
            out->style = words[i].style;
        }
    }
}

static size_t find_column(const hst_result_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void write_table(book *b, size_t sheet, const hst_result_table *table,
                        const book_column *columns, const book_table_options *options)
{
    book_table *t = book_table_begin(b, sheet, columns, table->n_columns, options);

    if (t) {
        hst_error err = {0};
        hst_status status = table->write(book_table_sink(t), b->publication, &err);

        if (b->status == HST_OK && status != HST_OK) {
            b->status = status;
            b->err = err;
        }
    }
    book_table_end(t);
}

/* Of the review, what it says comes before its numbers. */
static const char *const leading[] = {"site_name", "title", "comparator", "verdict", "sentence"};

static void place_columns(size_t *places, const hst_result_table *table)
{
    bool is_review = table == &hst_review_table;
    size_t next = 0;

    for (size_t i = 0; i < table->n_columns; i++) {
        places[i] = SIZE_MAX;
    }
    for (size_t i = 0; is_review && i < sizeof leading / sizeof leading[0]; i++) {
        places[find_column(table, leading[i])] = next++;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        places[i] = places[i] == SIZE_MAX ? next++ : places[i];
    }
}

void book_write_result_table(book *b, size_t sheet, const hst_result_table *table, const char *name)
{
    book_column *columns = calloc(table->n_columns, sizeof *columns);
    size_t *places = calloc(table->n_columns, sizeof *places);
    book_table_options options = {.name = name,
                                  .suppressed = find_column(table, "suppressed"),
                                  .places = places,
                                  .frozen_columns = 2};

    if (!columns || !places) {
        book_fail(b, LXW_ERROR_MEMORY_MALLOC_FAILED);
        goto done;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        describe(&columns[i], &table->columns[i]);
    }
    place_columns(places, table);
    write_table(b, sheet, table, columns, &options);

done:
    free(columns);
    free(places);
}

void book_write_data(book *b, size_t sheet)
{
    const hst_result_table *table = &hst_results_table;
    book_column *columns = calloc(table->n_columns, sizeof *columns);
    book_table_options options = {.name = "data",
                                  .suppressed = SIZE_MAX,
                                  .frozen_columns = 1,
                                  .role = find_column(table, "area_role")};

    if (!columns) {
        book_fail(b, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        hst_column_type type = table->columns[i].type;

        snprintf(columns[i].heading, sizeof columns[i].heading, "%s", table->columns[i].name);
        columns[i].style = type == HST_COLUMN_TEXT   ? BOOK_PLAIN
                           : type == HST_COLUMN_DATE ? BOOK_DATE
                                                     : BOOK_ANY;
    }
    write_table(b, sheet, table, columns, &options);
    free(columns);
}
