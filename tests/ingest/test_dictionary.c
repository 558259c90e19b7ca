#include <stdlib.h>
#include <string.h>

#include "ingest/store_internal.h"
#include "tests/support.h"

static uint16_t number_of(hst_dictionary *dictionary, const char *code)
{
    return hst_dictionary_number(dictionary, hst_dictionary_key_exact(code, strlen(code)));
}

static void codes_are_numbered_as_they_come(void **state)
{
    hst_dictionary dictionary = {0};

    (void)state;
    assert_true(hst_dictionary_init(&dictionary));
    assert_int_equal(number_of(&dictionary, ""), 0);
    assert_int_equal(number_of(&dictionary, "I10"), 1);
    assert_int_equal(number_of(&dictionary, "E119"), 2);
    assert_int_equal(number_of(&dictionary, "I10"), 1);
    assert_int_equal(number_of(&dictionary, ""), 0);
    assert_int_equal(number_of(&dictionary, "E11"), 3);
    assert_int_equal(dictionary.n_codes, 4);
    assert_string_equal((const char *)&dictionary.codes[2], "E119");
    hst_dictionary_clear(&dictionary);
}

/* Codes that are near each other, also across the border of the two words of a key. */
static void near_codes_differ(void **state)
{
    static const char *const codes[] = {
        "A",         "B",         "AA",        "ABCDEFG",   "ABCDEFGH",
        "ABCDEFGHI", "ABCDEFGI",  "HABCDEFG",  "ABCDEFGHJ", "BBCDEFGHI",
        "E01000001", "E01000002", "E10000001", "F01000001", "0123456789ABCDE"};
    enum { N = sizeof codes / sizeof *codes };
    hst_dictionary dictionary = {0};

    (void)state;
    assert_true(hst_dictionary_init(&dictionary));
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < N; i++) {
            assert_int_equal(number_of(&dictionary, codes[i]), i + 1);
        }
    }
    hst_dictionary_clear(&dictionary);
}

/* Both ways to a key give the same, whatever stands after the code. */
static void bytes_after_the_code_do_not_matter(void **state)
{
    static const char text[] = "E01012345ABCDEFG";
    char padded[32];

    (void)state;
    for (size_t length = 0; length < HST_CODE_BYTES; length++) {
        hst_dictionary_key expected = {{0, 0}}, exact, key;
        char *alone = malloc(length + 1); /* so that a sanitizer sees a byte read too many */

        assert_non_null(alone);
        memcpy(&expected, text, length);
        memcpy(alone + 1, text, length);
        exact = hst_dictionary_key_exact(alone + 1, length);
        free(alone);
        assert_memory_equal(&exact, &expected, sizeof expected);
        for (int after = 0; after < 256; after += 51) {
            memset(padded, after, sizeof padded);
            memcpy(padded, text, length);
            key = hst_dictionary_key_padded(padded, length);
            assert_memory_equal(&key, &expected, sizeof expected);
        }
    }
}

static void grows_to_65534_codes_and_is_then_full(void **state)
{
    hst_dictionary dictionary = {0};
    char code[16];

    (void)state;
    assert_true(hst_dictionary_init(&dictionary));
    for (unsigned i = 1; i <= 65534; i++) {
        snprintf(code, sizeof code, "%X-%u", i * 2654435761u, i);
        assert_int_equal(number_of(&dictionary, code), i);
    }
    assert_int_equal(number_of(&dictionary, "ONE TOO MANY"), HST_DICT_FULL);
    assert_int_equal(number_of(&dictionary, ""), 0);
    for (unsigned i = 65534; i >= 1; i--) {
        snprintf(code, sizeof code, "%X-%u", i * 2654435761u, i);
        assert_int_equal(number_of(&dictionary, code), i);
    }
    assert_int_equal(number_of(&dictionary, "ONE TOO MANY"), HST_DICT_FULL);
    hst_dictionary_clear(&dictionary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_numbered_as_they_come),
        cmocka_unit_test(near_codes_differ),
        cmocka_unit_test(bytes_after_the_code_do_not_matter),
        cmocka_unit_test(grows_to_65534_codes_and_is_then_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
