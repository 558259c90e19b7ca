/* Rules of texts, sheet names and dates of the workbook, and the check that reads it back. */
#include "tests/support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publish/tree.h"
#include "publish/workbook.h"

/* ---- texts ---- */

static struct text_case {
    const char *name, *text, *expected;
} text_cases[] = {
    {"a text stays", "Wirral, \"St. Mary's\" & Co <5NK>", "Wirral, \"St. Mary's\" & Co <5NK>"},
    {"no text", NULL, ""},
    {"a code of digits stays", "007", "007"},
    {"a formula is no formula", "=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"},
    {"a sum with a plus", "+1+1", "'+1+1"},
    {"a sum with a minus", "-1-1", "'-1-1"},
    {"a function with an at", "@SUM(1)", "'@SUM(1)"},
    {"behind a tab", "\t=1+1", "' =1+1"},
    {"behind spaces and a line end", " \r\n =1+1", "'    =1+1"},
    {"in wide characters",
     "\xEF\xBC\x9D"
     "1+1",
     "'\xEF\xBC\x9D"
     "1+1"},
    {"a dash is none", "-", "-"},
    {"a number below zero is none", "-17.3", "-17.3"},
    {"a range is one: no number", "-17.3 to 4", "'-17.3 to 4"},
    {"control characters are spaces",
     "a\x01"
     "b\x1F"
     "c\x7F"
     "d",
     "a b c d"},
    {"control characters of two bytes",
     "a\xC2\x85"
     "b",
     "a b"},
    {"bytes that are no UTF-8", "a\xFF\xC3(b", "a\xEF\xBF\xBD\xEF\xBF\xBD(b"},
    {"half a character at the end", "a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"an overlong slash", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"half of a pair", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"a number that is no character", "\xEF\xBF\xBF", "\xEF\xBF\xBD"},
    {"beyond Unicode", "\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"what xlsx would take for an escape", "a_x003D_b", "a_x005F_x003D_b"},
    {"what it would not", "a_x03D_b_x", "a_x03D_b_x"},
};

static void texts_are_cleaned(void **state)
{
    const struct text_case *c = *state;
    char *out = calloc(1, BOOK_TEXT_BYTES);

    assert_non_null(out);
    book_clean_text(out, BOOK_MAX_TEXT, c->text);
    assert_string_equal(out, c->expected);
    free(out);
}

static void fill(char *text, size_t n, const char *with)
{
    for (size_t i = 0; i < n; i++) {
        text += sprintf(text, "%s", with);
    }
}

static void a_cell_has_room_for_32767_units(void **state)
{
    char *text = calloc(40001, 4), *out = calloc(1, BOOK_TEXT_BYTES);

    (void)state;
    assert_non_null(text);
    assert_non_null(out);
    fill(text, BOOK_MAX_TEXT, "x");
    book_clean_text(out, BOOK_MAX_TEXT, text);
    assert_string_equal(out, text);

    fill(text, 40000, "x");
    book_clean_text(out, BOOK_MAX_TEXT, text);
    assert_int_equal(book_text_units(out), BOOK_MAX_TEXT);
    assert_int_equal(strlen(out), BOOK_MAX_TEXT - 1 + strlen("\xE2\x80\xA6"));
    assert_string_equal(out + BOOK_MAX_TEXT - 1, "\xE2\x80\xA6");

    text[0] = '=';
    book_clean_text(out, BOOK_MAX_TEXT, text);
    assert_int_equal(book_text_units(out), BOOK_MAX_TEXT);
    assert_memory_equal(out, "'=xx", 4);

    fill(text, 40000, "\xF0\x9F\x8F\xA5"); /* two units each: the limit is odd */
    book_clean_text(out, BOOK_MAX_TEXT, text);
    assert_int_equal(book_text_units(out), BOOK_MAX_TEXT);

    fill(text, 20000, "_x000D_");
    book_clean_text(out, BOOK_MAX_TEXT, text);
    assert_in_range(book_text_units(out), BOOK_MAX_TEXT - 7, BOOK_MAX_TEXT);
    free(text);
    free(out);
}

/* ---- names of sheets ---- */

static struct name_case {
    const char *name, *title, *expected;
} name_cases[] = {
    {"a title", "Emergency admissions", "3 Emergency admissions"},
    {"nothing", "", "3"},
    {"what a name must not have", "a[b]c:d*e?f/g\\h", "3 a b c d e f g h"},
    {"an apostrophe", "Women's, men's'", "3 Women\xE2\x80\x99s, men\xE2\x80\x99s\xE2\x80\x99"},
    {"spaces", "  a  \t b  ", "3 a b"},
    {"31 characters", "Emergency admissions for abcde",
     "3 Emergency admissions for abc\xE2\x80\xA6"},
    {"the last that fits", "Emergency admissions for abcd", "3 Emergency admissions for abcd"},
    {"accents", "H\xC3\xB4pital", "3 H\xC3\xB4pital"},
    {"a formula", "=1+1", "3 =1+1"},
    {"no UTF-8", "\xFF", "3 \xEF\xBF\xBD"},
};

static void names_of_sheets_are_valid(void **state)
{
    const struct name_case *c = *state;
    char out[BOOK_SHEET_BYTES];
    lxw_workbook *workbook = workbook_new("/tmp/hestia-names.xlsx");

    book_sheet_name(out, 3, c->title);
    assert_string_equal(out, c->expected);
    assert_in_range(book_text_units(out), 1, BOOK_MAX_SHEET);
    assert_non_null(workbook);
    assert_int_equal(workbook_validate_sheet_name(workbook, out), LXW_NO_ERROR);
    lxw_workbook_free(workbook);
}

static void long_names_stay_apart(void **state)
{
    char title[512], first[BOOK_SHEET_BYTES], second[BOOK_SHEET_BYTES];

    (void)state;
    fill(title, 100, "\xF0\x9F\x8F\xA5");
    book_sheet_name(first, 1, title);
    book_sheet_name(second, 12345, title);
    assert_string_not_equal(first, second);
    assert_in_range(book_text_units(first), 30, BOOK_MAX_SHEET);
    assert_in_range(book_text_units(second), 30, BOOK_MAX_SHEET);
}

/* ---- lines and days ---- */

static void lines_break_between_words(void **state)
{
    (void)state;
    assert_int_equal(book_lines("", 10), 1);
    assert_int_equal(book_lines("0123456789", 10), 1);
    assert_int_equal(book_lines("01234 6789", 10), 1);
    assert_int_equal(book_lines("01234 67890", 10), 2);
    assert_int_equal(book_lines("aaaa bbbb cccc dddd", 9), 2);
    assert_int_equal(book_lines("0123456789012345678901234", 10), 3);
}

static void days_are_those_of_a_spreadsheet(void **state)
{
    (void)state;
    assert_close(book_date_serial(hst_date_from_civil(1900, 3, 1)), 61, 0);
    assert_close(book_date_serial(hst_date_from_civil(2010, 10, 1)), 40452, 0);
}

/* ---- the check ---- */

typedef struct finished {
    char folder[64], path[128];
    book_sheet sheet;
    book book;
} finished;

static int open_finished(void **state)
{
    finished *f = calloc(1, sizeof *f);
    lxw_workbook *workbook = NULL;
    lxw_worksheet *worksheet = NULL;

    assert_non_null(f);
    strcpy(f->folder, "/tmp/hestia-workbook-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/a.xlsx", f->folder);
    workbook = workbook_new(f->path);
    worksheet = workbook_add_worksheet(workbook, "a");
    for (lxw_row_t row = 0; row < 17; row++) {
        worksheet_write_number(worksheet, 2 * row, 0, 17.3 * row, NULL);
    }
    assert_int_equal(workbook_close(workbook), LXW_NO_ERROR);
    f->sheet.n_rows = 17;
    f->book.path = f->path;
    f->book.n_sheets = 1;
    f->book.sheets = &f->sheet;
    *state = f;
    return 0;
}

static int close_finished(void **state)
{
    finished *f = *state;
    hst_status status = hst_tree_remove(f->folder, NULL);

    free(f);
    return status == HST_OK ? 0 : -1;
}

static void a_whole_file_passes(void **state)
{
    finished *f = *state;
    hst_error err = {0};

    assert_int_equal(book_check(&f->book, f->path, &err), HST_OK);
}

static void a_row_that_is_missing_is_found(void **state)
{
    finished *f = *state;
    hst_error err = {0};

    f->sheet.n_rows = 18;
    assert_int_equal(book_check(&f->book, f->path, &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "has 17 rows of 18 that were written"));
}

static void a_file_that_ends_too_early_is_found(void **state)
{
    finished *f = *state;
    struct stat found;
    hst_error err = {0};

    assert_int_equal(stat(f->path, &found), 0);
    assert_int_equal(truncate(f->path, found.st_size / 2), 0);
    assert_int_equal(book_check(&f->book, f->path, &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, f->path));
}

static void a_part_that_ends_too_early_is_found(void **state)
{
    /* A stored part, "a.xml": its XML lacks the last tag. */
    static const char cut[] = "PK\3\4\12\0\0\0\0\0\0\0!\0\0\0\0\0\x1d\0\0\0\x1d\0\0\0\5\0\0\0a.xml"
                              "<?xml version=\"1.0\"?>\n<a><b/>\n";
    finished *f = *state;
    hst_error err = {0};
    int fd = open(f->path, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, cut, sizeof cut - 1), (ssize_t)(sizeof cut - 1));
    assert_int_equal(close(fd), 0);
    assert_int_equal(book_check(&f->book, f->path, &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "part a.xml was not written whole"));
}

static void a_file_that_is_none_is_found(void **state)
{
    finished *f = *state;
    hst_error err = {0};

    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(book_check(&f->book, f->path, &err), HST_ERR_SYSTEM);
}

enum {
    N_TEXTS = sizeof text_cases / sizeof text_cases[0],
    N_NAMES = sizeof name_cases / sizeof name_cases[0]
};

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(a_cell_has_room_for_32767_units),
        cmocka_unit_test(long_names_stay_apart),
        cmocka_unit_test(lines_break_between_words),
        cmocka_unit_test(days_are_those_of_a_spreadsheet),
        cmocka_unit_test_setup_teardown(a_whole_file_passes, open_finished, close_finished),
        cmocka_unit_test_setup_teardown(a_row_that_is_missing_is_found, open_finished,
                                        close_finished),
        cmocka_unit_test_setup_teardown(a_file_that_ends_too_early_is_found, open_finished,
                                        close_finished),
        cmocka_unit_test_setup_teardown(a_part_that_ends_too_early_is_found, open_finished,
                                        close_finished),
        cmocka_unit_test_setup_teardown(a_file_that_is_none_is_found, open_finished,
                                        close_finished),
    };
    enum { N_OTHERS = sizeof others / sizeof others[0] };
    struct CMUnitTest tests[N_TEXTS + N_NAMES + N_OTHERS];
    size_t n = 0;

    for (size_t i = 0; i < N_TEXTS; i++) {
        tests[n++] = (struct CMUnitTest){.name = text_cases[i].name,
                                         .test_func = texts_are_cleaned,
                                         .initial_state = &text_cases[i]};
    }
    for (size_t i = 0; i < N_NAMES; i++) {
        tests[n++] = (struct CMUnitTest){.name = name_cases[i].name,
                                         .test_func = names_of_sheets_are_valid,
                                         .initial_state = &name_cases[i]};
    }
    memcpy(tests + n, others, sizeof others);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
