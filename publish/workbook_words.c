/* The sheets in words: cover, contents, notes. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "publish/workbook.h"

enum { WORDS_BYTES = 4096, COVER_WIDTH = 100 };

/* The numbers in brackets that headings refer to. */
static const struct note {
    const char *marker, *about, *text;
} notes[] = {
    {"[c]", "Withheld",
     "A number was withheld by disclosure control. In a row with a withheld number, [c] also "
     "stands where there was "
     "none: which of the two is not said."},
    {"[x]", "Not available",
     "There is no number: nothing to work it out from, or a method that gives none."},
    {"[z]", "Not applicable", "There is nothing to be said in this cell."},
    {"[1]", "Value",
     "What the measure says of a site and a period, in the unit beside it. A standardised rate is "
     "what it would be if "
     "the area had the ages of the standard population."},
    {"[2]", "Limits",
     "Confidence limits: with the same chances, 95 of 100 such ranges would hold the true value. "
     "Wide limits mean few "
     "events. 99.8 % limits are given where the study asks for them."},
    {"[3]", "Compared",
     "Whether the value differs from the first comparator's by more than chance explains. Where a "
     "direction is set, "
     "lower or higher reads better or worse."},
    {"[4]", "Verdict",
     "change: the primary method found one, and nothing in the checks speaks against it. no clear "
     "change: an effect of "
     "interest would probably have shown. cannot tell: it would not have."},
    {"[5]", "Smallest effect that would have shown",
     "The relative change that a study of these numbers finds in four cases of five (80 % power, 5 "
     "% level)."},
    {"[6]", "Suspected recording breaks",
     "A provider's activity changed level at once, as it does when recording changes. A finding "
     "beside one is not to be "
     "taken for an effect of the service."},
    {"[7]", "Rows still to arrive",
     "yes: not all rows of the period can have arrived yet. Such periods are left out of the "
     "models."},
};

/* Rows of statistics in words. */
static const struct statistic_words {
    const char *name, *words;
} statistic_words[] = {
    {"count", "number"},
    {"crude_rate", "crude rate"},
    {"dsr", "directly standardised rate"},
    {"isr", "indirectly standardised rate"},
    {"smr", "standardised ratio"},
    {"mean_los", "mean length of stay"},
    {"median_los", "median length of stay"},
    {"q1_los", "length of stay, first quartile"},
    {"q3_los", "length of stay, third quartile"},
    {"p90_los", "length of stay, nine in ten below"},
    {"trimmed_mean_los", "trimmed mean length of stay"},
    {"std_mean_los", "standardised mean length of stay"},
    {"bed_days", "bed days"},
    {"bed_day_rate", "rate of bed days"},
    {"readmission", "emergency readmissions"},
    {"hhi", "concentration of providers (Herfindahl-Hirschman index)"},
    {"effective_providers", "effective number of providers"},
    {"growth", "growth against a base year"},
    {"acs_isr", "ambulatory care sensitive admissions, indirectly standardised rate"},
    {"acs_residual", "ambulatory care sensitive admissions beside deprivation, residual"},
    {"acs_score", "ambulatory care sensitive admissions beside deprivation, score"},
};

const char *book_statistic_words(const char *statistic)
{
    for (size_t i = 0; i < sizeof statistic_words / sizeof statistic_words[0]; i++) {
        if (strcmp(statistic_words[i].name, statistic) == 0) {
            return statistic_words[i].words;
        }
    }
    return statistic;
}

/* ---- cover ---- */

typedef struct page {
    book *b;
    size_t sheet, row;
} page;

static void put_line(page *to, book_style style, const char *format, ...) HST_PRINTF(3, 4);

static void put_line(page *to, book_style style, const char *format, ...)
{
    char text[WORDS_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    book_put_text(to->b, to->sheet, to->row, 0, text, style);
    book_set_height(to->b, to->sheet, to->row,
                    book_lines(text, style == BOOK_TITLE ? COVER_WIDTH / 2 : COVER_WIDTH) +
                        (style == BOOK_TITLE));
    to->row++;
}

/* What was done so that nobody can be recognised. */
static void describe_disclosure(char text[WORDS_BYTES], const hst_publication *p)
{
    const char *rule = p->study->publish.disclosure.rule;

    if (p->disclosure) {
        snprintf(text, WORDS_BYTES,
                 "Released after disclosure control by rule %s: below England, counts of 1 to %d "
                 "are withheld and larger "
                 "ones rounded to the nearest %d%s; values and limits have %d decimal, or three "
                 "digits below 10, and are "
                 "withheld where a hidden number could be worked out from them. %zu small counts, "
                 "%zu other counts and "
                 "%zu values are withheld.",
                 rule, p->study->publish.disclosure.min - 1, p->study->publish.disclosure.round,
                 p->disclosure->total_round == 1 ? ", England's exact" : ", England's too",
                 p->study->publish.disclosure.decimals, p->disclosure->n_small,
                 p->disclosure->n_withheld_counts, p->disclosure->n_withheld_values);
    } else if (strcmp(rule, "none") == 0) {
        snprintf(text, WORDS_BYTES,
                 "No disclosure control: the study asks for rule none, and all numbers are true "
                 "ones. Of real patients, "
                 "not for release.");
    } else {
        snprintf(text, WORDS_BYTES,
                 "Internal: true numbers, before disclosure control by rule %s. Not for release.",
                 rule);
    }
}

void book_write_cover(book *b, size_t sheet)
{
    const hst_publication *p = b->publication;
    page to = {b, sheet, 0};
    char from[11], last[11], disclosure[WORDS_BYTES];

    hst_date_format(p->study->period.from, from);
    hst_date_format(p->study->period.to, last);
    describe_disclosure(disclosure, p);
    put_line(&to, BOOK_TITLE, "%s", p->study->title);
    put_line(&to, BOOK_WRAPPED, "Workbook of the site review, study %s", p->study->study);
    put_line(&to, BOOK_WRAPPED, "Period: %s to %s", from, last);
    if (p->study->notice) {
        put_line(&to, BOOK_WRAPPED, "Notice: %s", p->study->notice);
    }
    put_line(&to, BOOK_WRAPPED, "Release: %s", disclosure);
    put_line(&to, BOOK_WRAPPED,
             "How to read: sheet contents lists the sheets, with links. Sheet site review has a "
             "row for each service, "
             "site, measure and comparator, with a verdict and a sentence; sheet charts has the "
             "series. The numbers of "
             "each measure follow, then what the verdicts rest on. Sheet data is for analysts.");
    put_line(&to, BOOK_WRAPPED,
             "Every sheet has one table, from cell A1. Marks in brackets, such as [c] and [1], are "
             "explained in sheet "
             "notes.");
    put_line(
        &to, BOOK_WRAPPED,
        "Made by hestia %s from Hospital Episode Statistics and the tables that the study names.",
        p->version ? p->version : "");
    put_line(&to, BOOK_WRAPPED, "Contact: none is given.");
    book_fail(b, worksheet_set_column(b->sheets[sheet].worksheet, 0, 0, COVER_WIDTH, NULL));
}

/* ---- contents ---- */

void book_write_contents(book *b, size_t sheet)
{
    static const book_column columns[] = {{"Sheet", BOOK_WRAPPED}, {"What it holds", BOOK_LONG}};
    const book_table_options options = {.name = "contents", .suppressed = SIZE_MAX};
    book_table *table = book_table_begin(b, sheet, columns, 2, &options);

    if (!table) {
        return;
    }
    for (size_t i = 0; i < b->n_sheets; i++) {
        hst_sink *sink = book_table_sink(table);

        sink->text(sink, b->sheets[i].name);
        sink->text(sink, b->sheets[i].about);
        sink->end_row(sink);
    }
    book_table_end(table);
    for (size_t i = 0; i < b->n_sheets; i++) { /* over the name: the same text, as a link */
        book_put_link(b, sheet, i + 1, 0, i, 0, b->sheets[i].name);
    }
}

/* ---- notes ---- */

static void put_note(hst_sink *sink, const char *marker, const char *about, const char *format, ...)
    HST_PRINTF(4, 5);

static void put_note(hst_sink *sink, const char *marker, const char *about, const char *format, ...)
{
    char text[WORDS_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sink->text(sink, marker);
    sink->text(sink, about);
    sink->text(sink, text);
    sink->end_row(sink);
}

static void put_methods(hst_sink *sink, const hst_study *study)
{
    static const char *const years[] = {
        [HST_DENOMINATOR_FINANCIAL] =
            "the mid-year population of the calendar year in which the financial year starts",
        [HST_DENOMINATOR_CALENDAR] = "the mid-year population of the calendar year",
        [HST_DENOMINATOR_INTERPOLATE] = "the population between two mid-years",
    };

    put_note(sink, "method", "Stays",
             "Episodes are joined into stays by rule %s, stays into continuous stays by rule %s, "
             "and duplicate rows "
             "removed by rule %s.",
             study->spell_rule, study->cips_rule, study->duplicates);
    put_note(sink, "method", "Standard population",
             "Standardised rates have the weights of %s, by %s.", study->standard_population,
             study->by_sex ? "age and sex" : "age");
    put_note(sink, "method", "Denominators", "Rates are events over %s.",
             years[study->denominator_year]);
}

static void put_sheets(hst_sink *sink, const book *b)
{
    char disclosure[WORDS_BYTES];

    describe_disclosure(disclosure, b->publication);
    put_note(sink, "rule", "Disclosure control", "%s", disclosure);
    if (b->n_left_out > 0) {
        put_note(sink, "sheets", "Sheet data",
                 "Sites and comparators. Of the %zu rows of results.csv %zu are left out: the "
                 "sheet has all areas only up to %d rows. results.csv and hestia.sqlite have them.",
                 b->publication->n_results, b->n_left_out, BOOK_ALL_AREAS);
    } else {
        put_note(sink, "sheets", "Sheet data", "All rows of results.csv, under its column names.");
    }
    put_note(sink, "sheets", "Empty cells",
             "Sheets data and chart data leave a cell empty where there is no number, so that sums "
             "and charts skip it; in "
             "sheet data, suppressed is 1 where a number of the row was withheld.");
    put_note(sink, "sheets", "Dates and codes",
             "Days are dates, shown as year-month-day. Codes are texts, also those of digits. A "
             "text that a spreadsheet "
             "would take for a formula has an apostrophe before it.");
    put_note(sink, "sheets", "Charts",
             "Charts are drawn from sheet chart data and change with it. A gap is a missing or "
             "withheld value.");
    if (b->publication->study->areas.sites.n > BOOK_MAX_SITES) {
        put_note(
            sink, "sheets", "Charts of many sites",
            "The first %d sites of the study have charts. The sheets of measures have them all.",
            BOOK_MAX_SITES);
    }
}

static void put_measures(hst_sink *sink, const hst_publication *p)
{
    for (size_t i = 0; i < p->study->n_measures; i++) {
        const hst_measure *measure = &p->study->measures[i];
        char unit[HST_UNIT_BYTES], about[WORDS_BYTES];

        hst_value_unit(measure, hst_statistic_name(measure->statistic), unit);
        snprintf(about, sizeof about, "%s (%s)", measure->title, measure->id);
        put_note(sink, "measure", about, "Shown: %s (%s). %s",
                 book_statistic_words(hst_statistic_name(measure->statistic)), unit,
                 hst_measures_definition(p->measures, i));
    }
}

static void put_services(hst_sink *sink, const hst_study *study)
{
    for (size_t i = 0; i < study->n_impacts; i++) {
        const hst_study_impact *impact = &study->impacts[i];
        char about[WORDS_BYTES], day[11] = "no date";

        if (impact->n_dates > 0) {
            hst_date_format(impact->dates[0], day);
        }
        snprintf(about, sizeof about, "%s (%s)", impact->title, impact->id);
        put_note(sink, "service", about,
                 "First day: %s. Hoped for: %s. Primary method, declared before the run: %s.", day,
                 impact->expected == HST_EXPECTED_NONE ? "nothing stated"
                                                       : hst_expected_name(impact->expected),
                 hst_impact_method_name(impact->primary));
    }
}

void book_write_notes(book *b, size_t sheet)
{
    static const book_column columns[] = {
        {"Mark or kind", BOOK_WRAPPED}, {"About", BOOK_WRAPPED}, {"Note", BOOK_LONG}};
    const book_table_options options = {.name = "notes", .suppressed = SIZE_MAX};
    book_table *table = book_table_begin(b, sheet, columns, 3, &options);
    hst_sink *sink = NULL;

    if (!table) {
        return;
    }
    sink = book_table_sink(table);
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        put_note(sink, notes[i].marker, notes[i].about, "%s", notes[i].text);
    }
    put_methods(sink, b->publication->study);
    put_sheets(sink, b);
    put_measures(sink, b->publication);
    put_services(sink, b->publication->study);
    book_table_end(table);
}
