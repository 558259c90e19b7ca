/* The table writer: quoting, numbers, failures. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/csv.h"

/* One row of cells as text, written to memory. */
static struct text_case {
    const char *name;
    const char *cells[4];
    const char *expected;
} text_cases[] = {
    {"plain text stands bare", {"a", "b c", "5NK"}, "a,b c,5NK\n"},
    {"a comma is quoted", {"a,b", "c"}, "\"a,b\",c\n"},
    {"a quote is doubled", {"say \"no\"", "\""}, "\"say \"\"no\"\"\",\"\"\"\"\n"},
    {"a line break is quoted", {"a\nb", "cd"}, "\"a\nb\",cd\n"},
    {"other control characters are blanks",
     {"c\rd", "\x1b[31mx",
      "\xc2\x9b"
      "1m"},
     "c d, [31mx, 1m\n"},
    {"what is no UTF-8 is replaced",
     {"M\xf4n", "\xe2\x80"},
     "M\xef\xbf\xbdn,\xef\xbf\xbd\xef\xbf\xbd\n"},
    {"a formula has an apostrophe", {"=1+1", "@x", "+A1", " -A1"}, "'=1+1,'@x,'+A1, '-A1\n"},
    {"a formula in wide signs",
     {"\xef\xbc\x9d"
      "1"},
     "'\xef\xbc\x9d"
     "1\n"},
    {"numbers and a dash are none", {"-1.5", "+3", "-1e-05", "-"}, "-1.5,+3,-1e-05,-\n"},
    {"infinity is none", {"-Inf", "Inf"}, "-Inf,Inf\n"},
    {"after a separator", {"x;=1", "x| @y", "x;\"=1"}, "x;'=1,x| '@y,\"x;\"\"'=1\"\n"},
    {"a program after a separator", {"x; -1+cmd|' /C calc'!A0"}, "x; '-1+cmd|' /C calc'!A0\n"},
    {"another sheet after a separator", {"x; -Sheet2!A1"}, "x; '-Sheet2!A1\n"},
    {"a dash in a sentence", {"1 to 2; -3 to -1"}, "1 to 2; -3 to -1\n"},
    {"empty text is an empty cell", {"", "x", ""}, ",x,\n"},
    {"UTF-8 passes", {"St Helens \xc2\xb7 Knowsley"}, "St Helens \xc2\xb7 Knowsley\n"},
};

static void text_is_quoted_where_needed(void **state)
{
    const struct text_case *c = *state;
    char *bytes = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&bytes, &n_bytes);
    hst_csv *csv = NULL;
    hst_error err = {0};

    assert_non_null(stream);
    assert_int_equal(hst_csv_attach(&csv, stream, "memory", &err), HST_OK);
    for (size_t i = 0; i < 4 && c->cells[i]; i++) {
        hst_csv_text(csv, c->cells[i]);
    }
    hst_csv_end_row(csv);
    assert_int_equal(hst_csv_finish(csv, &err), HST_OK);
    hst_csv_free(csv);
    fclose(stream);
    assert_string_equal(bytes, c->expected);
    free(bytes);
}

static struct number_case {
    const char *name;
    double number;
    const char *expected;
} number_cases[] = {
    {"zero", 0, "0"},
    {"minus zero has no sign", -0.0, "0"},
    {"whole", 14890844, "14890844"},
    {"negative whole", -17, "-17"},
    {"whole of 14 digits", 99999999999999, "99999999999999"},
    {"whole of 15 digits", 999999999999999, "999999999999999"},
    {"beyond 15 digits", 1234567890123456789.0, "1.23456789012346e+18"},
    {"tenth", 0.1, "0.1"},
    {"fifteen digits", 2.0 / 3, "0.666666666666667"},
    {"rate", 1234.56789012345678, "1234.56789012346"},
    {"negative", -17.3, "-17.3"},
    {"small", 1.5e-7, "1.5e-07"},
    {"missing", NAN, ""},
    {"infinite", INFINITY, "Inf"},
    {"minus infinite", -INFINITY, "-Inf"},
};

static void number_has_up_to_15_digits(void **state)
{
    const struct number_case *c = *state;
    char text[HST_CSV_NUMBER_BYTES];

    assert_int_equal(hst_csv_format_real(text, c->number), strlen(c->expected));
    assert_string_equal(text, c->expected);
}

/* Our digits are printf's, also at powers of ten, one step beside them, and at ties. */
static void digits_are_those_of_printf(void **state)
{
    uint64_t random = 20101001;

    (void)state;
    for (size_t i = 0; i < 300000; i++) {
        char text[HST_CSV_NUMBER_BYTES], expected[HST_CSV_NUMBER_BYTES];
        int exponent = (int)(i % 24) - 6;
        double number = 0;

        random = random * 6364136223846793005u + 1442695040888963407u;
        switch (i / 24 % 5) {
        case 0:
            number = (double)(random >> 11) * 0x1p-53 * pow(10, exponent);
            break;
        case 1:
            number = nextafter(pow(10, exponent), random % 2 ? INFINITY : 0);
            break;
        case 2: /* ends in 5 behind the fifteenth digit, often exactly */
            number = (double)(random >> 34) + ldexp((double)(random % 1024), -20);
            break;
        case 3: /* rounds up to a power of ten */
            number = pow(10, exponent) * (1 - 0x1p-52 * (double)(random >> 60));
            break;
        default:
            number = -(double)(random >> 40) / 1000;
            break;
        }
        snprintf(expected, sizeof expected, "%.15g", number == 0 ? 0 : number);
        assert_int_equal(hst_csv_format_real(text, number), strlen(expected));
        assert_string_equal(text, expected);
    }
}

static void whole_numbers_reach_the_ends_of_their_range(void **state)
{
    char *bytes = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&bytes, &n_bytes);
    hst_csv *csv = NULL;

    (void)state;
    assert_int_equal(hst_csv_attach(&csv, stream, "memory", NULL), HST_OK);
    hst_csv_header(csv, (const char *const[]){"a", "b"}, 2);
    hst_csv_count(csv, UINT64_MAX);
    hst_csv_integer(csv, INT64_MIN);
    hst_csv_integer(csv, 42);
    hst_csv_real(csv, NAN);
    hst_csv_empty(csv);
    hst_csv_end_row(csv);
    assert_int_equal(hst_csv_finish(csv, NULL), HST_OK);
    hst_csv_free(csv);
    fclose(stream);
    assert_string_equal(bytes, "a,b\n18446744073709551615,-9223372036854775808,42,,\n");
    free(bytes);
}

static void file_takes_its_name_when_finished(void **state)
{
    char folder[] = "/tmp/hestia-csv-XXXXXX";
    char path[64], part[80];
    struct stat found;
    hst_csv *csv = NULL;
    hst_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keys.csv", folder);
    snprintf(part, sizeof part, "%s.part", path);

    assert_int_equal(hst_csv_create(&csv, path, 0600, &err), HST_OK);
    for (unsigned i = 0; i < 40000; i++) { /* more than one buffer */
        hst_csv_count(csv, i);
        hst_csv_end_row(csv);
    }
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(hst_csv_finish(csv, &err), HST_OK);
    hst_csv_free(csv);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_int_equal(found.st_size, 10 * 2 + 90 * 3 + 900 * 4 + 9000 * 5 + 30000 * 6);
    assert_int_equal(access(part, F_OK), -1);

    /* not finished: nothing is left, and what stood there stays */
    assert_int_equal(hst_csv_create(&csv, path, 0600, &err), HST_OK);
    hst_csv_text(csv, "half");
    hst_csv_free(csv);
    assert_int_equal(access(part, F_OK), -1);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    rmdir(folder);
}

static void failures_are_told(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    hst_csv *csv = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_csv_create(&csv, "/nonexistent/folder/x.csv", 0644, &err), HST_ERR_SYSTEM);
    assert_null(csv);
    assert_non_null(strstr(err.message, "/nonexistent/folder/x.csv: cannot be written"));

    assert_non_null(full);
    assert_int_equal(hst_csv_attach(&csv, full, "standard output", &err), HST_OK);
    for (unsigned i = 0; i < 40000; i++) {
        hst_csv_text(csv, "row");
        hst_csv_end_row(csv);
    }
    assert_int_equal(hst_csv_finish(csv, &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "standard output: cannot be written: No space left"));
    hst_csv_free(csv);
    fclose(full);
}

int main(void)
{
    enum {
        N_TEXT = sizeof text_cases / sizeof text_cases[0],
        N_NUMBER = sizeof number_cases / sizeof number_cases[0]
    };
    struct CMUnitTest tests[N_TEXT + N_NUMBER + 4] = {0};
    size_t n = 0;

    for (size_t i = 0; i < N_TEXT; i++) {
        tests[n++] = (struct CMUnitTest){.name = text_cases[i].name,
                                         .test_func = text_is_quoted_where_needed,
                                         .initial_state = &text_cases[i]};
    }
    for (size_t i = 0; i < N_NUMBER; i++) {
        tests[n++] = (struct CMUnitTest){.name = number_cases[i].name,
                                         .test_func = number_has_up_to_15_digits,
                                         .initial_state = &number_cases[i]};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(digits_are_those_of_printf);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(whole_numbers_reach_the_ends_of_their_range);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(file_takes_its_name_when_finished);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(failures_are_told);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
