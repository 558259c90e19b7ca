#include "hestia/status.h"

#include <errno.h>
#include <string.h>

#include "tests/support.h"

static void message_is_kept_as_it_is(void **state)
{
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_fail(&err, HST_ERR_INPUT, "line %d: not a date", 17), HST_ERR_INPUT);
    assert_string_equal(err.message, "line 17: not a date");
    assert_int_equal(hst_fail_at(&err, HST_ERR_INPUT, "%s", "apc.csv"), HST_ERR_INPUT);
    assert_string_equal(err.message, "apc.csv: line 17: not a date");
    assert_int_equal(hst_fail(NULL, HST_ERR_MEMORY, "%s", "nobody asks"), HST_ERR_MEMORY);
    assert_int_equal(hst_fail_at(NULL, HST_ERR_MEMORY, "%s", "nobody asks"), HST_ERR_MEMORY);
}

/* Of a path that is longer than a message the reason is still to be read, and no character is cut.
 */
static void reason_behind_a_long_path_is_kept(void **state)
{
    char path[4096];
    hst_error err = {0};

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t n = shift;

        memset(path, 'x', sizeof path);
        for (; n + 2 < sizeof path; n += 2) {
            memcpy(path + n, "\xC3\xA9", 2);
        }
        path[n] = '\0';
        assert_int_equal(hst_fail(&err, HST_ERR_SYSTEM, "%s: no room; make some", path),
                         HST_ERR_SYSTEM);
        assert_true(strlen(err.message) > sizeof err.message - 4);
        assert_memory_equal(err.message, path, 190);
        assert_string_equal(strstr(err.message, ": "), ": no room; make some");
        const char *gap = strstr(err.message, " ... ");
        assert_non_null(gap);
        assert_memory_equal(gap - 2, "\xC3\xA9", 2);
        assert_memory_equal(gap + 5, "\xC3\xA9", 2);
        assert_int_equal(hst_fail(&err, HST_ERR_SYSTEM, "no room"), HST_ERR_SYSTEM);
        assert_int_equal(hst_fail_at(&err, HST_ERR_SYSTEM, "%s", path), HST_ERR_SYSTEM);
        assert_string_equal(strstr(err.message, ": "), ": no room");
    }
}

/* A message of just the size that fits is not shortened, one byte more is. */
static void longest_message_fits(void **state)
{
    char text[sizeof((hst_error *)0)->message + 1];
    hst_error err = {0};

    (void)state;
    memset(text, 'a', sizeof text);
    text[sizeof text - 2] = '\0';
    assert_int_equal(hst_fail(&err, HST_ERR_INPUT, "%s", text), HST_ERR_INPUT);
    assert_string_equal(err.message, text);
    text[sizeof text - 2] = 'b';
    text[sizeof text - 1] = '\0';
    assert_int_equal(hst_fail(&err, HST_ERR_INPUT, "%s", text), HST_ERR_INPUT);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_non_null(strstr(err.message, "a ... a"));
    assert_int_equal(err.message[sizeof err.message - 2], 'b');
}

/* What may not be read is no matter of a file system that can be written. */
static void remedy_fits_the_reason(void **state)
{
    hst_error err = {0};

    (void)state;
    errno = EACCES;
    assert_int_equal(hst_fail_system(&err, "study.yaml", "cannot be read"), HST_ERR_SYSTEM);
    assert_string_equal(err.message, "study.yaml: cannot be read: Permission denied; run as its "
                                     "owner, or as a user who is let in");
    errno = EROFS;
    assert_int_equal(hst_fail_system(&err, "results", "cannot be written"), HST_ERR_SYSTEM);
    assert_string_equal(err.message, "results: cannot be written: Read-only file system; use a "
                                     "file system that can be written (of a systemd unit: "
                                     "ReadWritePaths=)");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_kept_as_it_is),
        cmocka_unit_test(reason_behind_a_long_path_is_kept),
        cmocka_unit_test(longest_message_fits),
        cmocka_unit_test(remedy_fits_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
