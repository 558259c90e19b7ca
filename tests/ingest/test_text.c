/* Texts from outside as one line of UTF-8. */
#include "tests/support.h"

#include <string.h>

#include "hestia/text.h"

enum { ROOM = 20 };

static struct line_case {
    const char *name, *text, *expected;
} line_cases[] = {
    {"plain text stays", "apc.csv.gz", "apc.csv.gz"},
    {"nothing stays nothing", "", ""},
    {"characters of two to four bytes stay", "é · \xe2\x82\xac \xf0\x9f\x98\x80",
     "é · \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"latin-1 becomes a replacement", "caf\xe9.csv", "caf\xef\xbf\xbd.csv"},
    {"a character cut short, too", "a\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd"},
    {"and one longer than it need be", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"half of a pair", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"beyond the last character", "\xf4\x90\x80\x80",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"a line break becomes a dot", "a\nb", "a · b"},
    {"what commands a terminal becomes a space", "\x1b[2J\tb\x7f\r", " [2J b  "},
    {"in Latin-1, too", "a\xc2\x9b", "a "},
    {"nineteen bytes fit", "1234567890123456789", "1234567890123456789"},
    {"twenty do not", "12345678901234567890", "1234567890123456…"},
    {"no character is cut", "123456789012345éé890", "123456789012345…"},
    {"nor a replacement", "12345678901234567\xff", "1234567890123456…"},
};

static void line_is_clean(void **state)
{
    const struct line_case *c = *state;
    char out[ROOM];

    hst_text_line(out, sizeof out, c->text);
    assert_string_equal(out, c->expected);
    for (const char *at = out; *at; at += hst_utf8_bytes(at)) {
        assert_true(hst_utf8_bytes(at) > 0);
    }
}

static void names_are_neutralised_in_place(void **state)
{
    char name[] = "a\x1b[31m\n\xff\xc2\x9b é\xe2\x80\xae\xe2\x81\xa6.csv";

    (void)state;
    hst_text_neutralise(name);
    assert_string_equal(name, "a?[31m???? é??????.csv");
}

static void harmless_texts_have_no_orders(void **state)
{
    char text[] = "a\x1b[31m\tb\xc2\x9b";

    (void)state;
    hst_text_blank(text);
    assert_string_equal(text, "a [31m\tb  ");
    assert_true(hst_text_is_harmless("a\tb\r\nc \xe2\x80\x93 é\xff"));
    assert_false(hst_text_is_harmless("a\x1b[31m"));
    assert_false(hst_text_is_harmless("a\x7f"));
    assert_false(hst_text_is_harmless("a\xc2\x9b"));
    assert_false(hst_text_is_harmless("a\xe2\x80\xae"));
}

int main(void)
{
    enum { N = sizeof line_cases / sizeof line_cases[0] };
    struct CMUnitTest tests[N + 2];

    for (size_t i = 0; i < N; i++) {
        tests[i] = (struct CMUnitTest){.name = line_cases[i].name,
                                       .test_func = line_is_clean,
                                       .initial_state = &line_cases[i]};
    }
    tests[N] = (struct CMUnitTest)cmocka_unit_test(names_are_neutralised_in_place);
    tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(harmless_texts_have_no_orders);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
