/* JSON inside a page: no text ends its element, and every number is one. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "publish/json_stream.h"

static struct text_case {
    const char *name;
    const char *text;
    const char *expected;
} text_cases[] = {
    {"plain text stands as it is", "St Helens \xc2\xb7 Knowsley",
     "\"St Helens \xc2\xb7 Knowsley\""},
    {"nothing is null", NULL, "null"},
    {"empty text is a text", "", "\"\""},
    {"quotes and backslashes are escaped", "a\"b\\c", "\"a\\\"b\\\\c\""},
    {"a script's end cannot be written", "</script><script>alert(1)</script>",
     "\"\\u003c/script\\u003e\\u003cscript\\u003ealert(1)\\u003c/script\\u003e\""},
    {"a comment cannot be begun", "<!-- & -->", "\"\\u003c!-- \\u0026 --\\u003e\""},
    {"control characters are escaped", "a\tb\nc\x01\x7f", "\"a\\u0009b\\u000ac\\u0001\\u007f\""},
    {"line separators of JavaScript are escaped", "a\xe2\x80\xa8z\xe2\x80\xa9",
     "\"a\\u2028z\\u2029\""},
    {"their neighbours are not", "\xe2\x80\xa7\xe2\x80\xaa", "\"\xe2\x80\xa7\xe2\x80\xaa\""},
    {"characters of four bytes pass", "\xf0\x9f\x8f\xa5", "\"\xf0\x9f\x8f\xa5\""},
    {"a byte of Latin-1 is replaced", "Caf\xe9 X", "\"Caf\\ufffd X\""},
    {"half a character is replaced", "\xe2\x80", "\"\\ufffd\\ufffd\""},
    {"an overlong one is replaced", "\xc0\xbcscript", "\"\\ufffd\\ufffdscript\""},
    {"half of a pair is replaced", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
    {"what lies beyond the last is replaced", "\xf4\x90\x80\x80",
     "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
};

static struct number_case {
    const char *name;
    double number;
    const char *expected;
} number_cases[] = {
    {"zero", 0, "0"},
    {"fifteen digits", 2.0 / 3, "0.666666666666667"},
    {"below zero", -17.3, "-17.3"},
    {"small", 1.5e-9, "1.5e-09"},
    {"large", 1234567890123456789.0, "1.23456789012346e+18"},
    {"missing is null", NAN, "null"},
    {"infinite is beyond all numbers", INFINITY, "1e999"},
    {"and below them", -INFINITY, "-1e999"},
};

/* What is written by one call, alone in an array. */
#define WRITTEN(call)                                                                              \
    char *bytes = NULL;                                                                            \
    size_t n_bytes = 0;                                                                            \
    hst_json_stream json = {.stream = open_memstream(&bytes, &n_bytes)};                           \
    assert_non_null(json.stream);                                                                  \
    call;                                                                                          \
    assert_int_equal(fclose(json.stream), 0)

static void text_cannot_leave_its_quotes(void **state)
{
    const struct text_case *c = *state;
    WRITTEN(hst_json_text(&json, NULL, c->text));

    assert_string_equal(bytes, c->expected);
    free(bytes);
}

static void number_has_the_digits_of_the_tables(void **state)
{
    const struct number_case *c = *state;
    WRITTEN(hst_json_real(&json, NULL, c->number));

    assert_string_equal(bytes, c->expected);
    free(bytes);
}

static void write_nested(hst_json_stream *json)
{
    hst_json_begin_object(json, NULL);
    hst_json_begin_array(json, "empty");
    hst_json_end_array(json);
    hst_json_begin_array(json, "rows");
    hst_json_begin_array(json, NULL);
    hst_json_count(json, NULL, 18446744073709551615u);
    hst_json_null(json, NULL);
    hst_json_end_array(json);
    hst_json_begin_object(json, NULL);
    hst_json_end_object(json);
    hst_json_flag(json, NULL, true);
    hst_json_end_array(json);
    hst_json_flag(json, "a<b", false);
    hst_json_end_object(json);
}

static void commas_stand_between_items(void **state)
{
    json_t *read = NULL;
    WRITTEN(write_nested(&json));

    (void)state;
    assert_string_equal(bytes, "{\"empty\":[],\"rows\":[[18446744073709551615,null],{},true],"
                               "\"a\\u003cb\":false}");
    free(bytes);
    read = json_loads("{\"a\\u003cb\":[]}", 0, NULL);
    assert_true(json_is_array(json_object_get(read, "a<b")));
    json_decref(read);
}

enum {
    N_TEXTS = sizeof text_cases / sizeof text_cases[0],
    N_NUMBERS = sizeof number_cases / sizeof number_cases[0]
};

int main(void)
{
    struct CMUnitTest tests[N_TEXTS + N_NUMBERS + 1];
    size_t n = 0;

    for (size_t i = 0; i < N_TEXTS; i++) {
        tests[n++] = (struct CMUnitTest){.name = text_cases[i].name,
                                         .test_func = text_cannot_leave_its_quotes,
                                         .initial_state = &text_cases[i]};
    }
    for (size_t i = 0; i < N_NUMBERS; i++) {
        tests[n++] = (struct CMUnitTest){.name = number_cases[i].name,
                                         .test_func = number_has_the_digits_of_the_tables,
                                         .initial_state = &number_cases[i]};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(commas_stand_between_items);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
