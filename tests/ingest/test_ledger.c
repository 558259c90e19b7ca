#include <string.h>

#include "../support.h"
#include "hestia/ledger.h"

static void equal_lines_are_added_up(void **state)
{
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    assert_int_equal(
        hst_ledger_add(ledger, &(hst_ledger_line){.stage = "ingest", .reason = "read", .n = 17},
                       NULL),
        HST_OK);
    assert_int_equal(hst_ledger_add(ledger,
                                    &(hst_ledger_line){.stage = "ingest",
                                                       .dataset = "",
                                                       .reason = "read",
                                                       .n = UINT64_C(1) << 40},
                                    NULL),
                     HST_OK);
    lines = hst_ledger_lines(ledger, &n);
    assert_int_equal(n, 1);
    assert_true(lines[0].n == (UINT64_C(1) << 40) + 17);
    assert_string_equal(lines[0].measure, "");
    hst_ledger_free(ledger);
}

/* "a" in one column and "a" in the next are different lines. */
static void columns_do_not_run_together(void **state)
{
    hst_ledger *ledger = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    assert_int_equal(hst_ledger_add(ledger, &(hst_ledger_line){.stage = "a", .n = 1}, NULL),
                     HST_OK);
    assert_int_equal(hst_ledger_add(ledger, &(hst_ledger_line){.dataset = "a", .n = 1}, NULL),
                     HST_OK);
    (void)hst_ledger_lines(ledger, &n);
    assert_int_equal(n, 2);
    hst_ledger_free(ledger);
}

/* Enough lines to grow several times, in an order that is not the sorted one; adding goes on after
 * the lines have been read. */
static void lines_come_sorted_after_growth(void **state)
{
    enum { N = 1009 };
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < N; i++) {
            char file[16];

            snprintf(file, sizeof file, "%04u", i * 577 % N);
            assert_int_equal(hst_ledger_add(ledger,
                                            &(hst_ledger_line){.stage = "s", .file = file, .n = i},
                                            NULL),
                             HST_OK);
        }
        lines = hst_ledger_lines(ledger, &n);
        assert_int_equal(n, N);
        for (unsigned i = 1; i < N; i++) {
            assert_true(strcmp(lines[i - 1].file, lines[i].file) < 0);
        }
    }
    assert_string_equal(lines[577].file, "0577");
    assert_int_equal(lines[577].n, 2);
    hst_ledger_free(ledger);
}

static void no_ledger_takes_nothing(void **state)
{
    (void)state;
    assert_int_equal(hst_ledger_add(NULL, &(hst_ledger_line){.stage = "a", .n = 1}, NULL), HST_OK);
    hst_ledger_free(NULL);
}

static void an_empty_ledger_has_no_lines(void **state)
{
    hst_ledger *ledger = NULL;
    size_t n = 1;

    (void)state;
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    (void)hst_ledger_lines(ledger, &n);
    assert_int_equal(n, 0);
    hst_ledger_free(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_lines_are_added_up),
        cmocka_unit_test(columns_do_not_run_together),
        cmocka_unit_test(lines_come_sorted_after_growth),
        cmocka_unit_test(no_ledger_takes_nothing),
        cmocka_unit_test(an_empty_ledger_has_no_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
