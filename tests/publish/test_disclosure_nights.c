/* What keeps a small count from coming back by the releases of two nights: totals are rounded, and
 * values that give totals back are withheld, wherever a count may have been or become a small one.
 */
#include "tests/publish/disclosure_fixture.h"

/* Where nothing is small, and nothing can have been last night, totals are true. */
static struct total_case {
    const char *name;
    base_counts counts;
    int64_t england, total_base;
} total_cases[] = {
    {"no area is near a small count: England is true", {{{{13}}, {{49}}}}, 62, 1},
    {"one that is shown as the least count is near one", {{{{12}}, {{49}}}}, 60, 5},
    {"none is: one event makes it small", {{{{0}}, {{62}}}}, 60, 5},
    {"a small one", {{{{3}}, {{59}}}}, 60, 5},
};

static void totals_are_rounded_beside_small_counts(void **state)
{
    const struct total_case *c = *state;
    release *r = open_release(2, NULL, "  - {id: a, statistic: count, by: year}\n");
    hst_ledger_line line = {"ingest", "apc", "a.csv", "", "", "", "read", 62};
    const hst_result *england = NULL;

    add_measure(r, 0, &c->counts, 0);
    r->publication.audit = &line;
    r->publication.n_audit = 1;
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    england = find_row(r, 0, "England", "2010/11", "");
    assert_int_equal(england->total_count, c->england);
    assert_close(england->value, (double)c->england, 0);
    assert_false(england->is_suppressed);
    assert_int_equal(line.n, c->england);
    assert_int_equal(r->disclosure.total_base, c->total_base);
    assert_int_equal(hst_disclosed_total(&r->disclosure, 62), c->england);
    assert_int_equal(hst_disclosed_total(NULL, 62), 62);
    close_release(r);
}

/* Values that give a count back are withheld where it holds one that is near a small one: the year
 * of a quarter, the comparator of an area; not where there are too many events for that. */
static void values_of_totals_beside_small_counts_are_withheld(void **state)
{
    static const base_counts counts = {{{{40}, {41}, {0}, {42}},      /* A1: 123 in the year */
                                        {{40}, {41}, {42}, {43}},     /* A2: 166 */
                                        {{400}, {401}, {2}, {402}}}}; /* A3: 1205 */
    release *r =
        open_release(3, "A1,A1\nA1,A2\n", "  - {id: a, statistic: dsr, by: [quarter, year]}\n");

    (void)state;
    add_measure(r, 0, &counts, 0);
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    assert_true(isnan(find_row(r, 0, "A1", "2010/11", "")->value));
    assert_int_equal(find_row(r, 0, "A1", "2010/11", "")->total_count, 125);
    assert_true(find_row(r, 0, "A1", "2010/11", "")->is_suppressed);
    assert_true(!isnan(find_row(r, 0, "A2", "2010/11", "")->value));
    assert_true(!isnan(find_row(r, 0, "A3", "2010/11", "")->value));
    assert_true(!isnan(find_row(r, 0, "A1", "2010/11 Q1", "")->value));
    assert_true(isnan(find_row(r, 0, "Similar", "2010/11 Q3", "")->value));
    close_release(r);
}

/* The mean is of rounded days and stays: with the true ones its digits would give them back. */
static void published_totals_are_compared_with_rounded_ones(void **state)
{
    release *r = open_release(2, NULL, "  - {id: a, statistic: count, by: year}\n");
    hst_england_year year = {
        .year = 2010, .fce = 1003, .fae = 902, .fae_emergency = 2, .stays = 298, .stay_days = 1502};
    const hst_england england = {.n_years = 1, .years = &year};
    const hst_disclosure rounded = {.total_base = 5};
    const double expected[][2] = {{902, 900}, {2, 5}, {1003, 1005}, {1502 / 298.0, 1500 / 300.0}};
    hst_reconciled *rows = NULL;
    size_t n = 0;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(
            hst_reconcile(&rows, &n, r->study, &england, k == 0 ? NULL : &rounded, &r->err),
            HST_OK);
        assert_int_equal(n, 4);
        for (size_t i = 0; i < n; i++) {
            assert_close(rows[i].ours, expected[i][k], 1e-15);
        }
        free(rows);
    }
    close_release(r);
}

int main(void)
{
    enum { N_TOTALS = sizeof total_cases / sizeof *total_cases };
    struct CMUnitTest tests[N_TOTALS + 2] = {
        cmocka_unit_test(values_of_totals_beside_small_counts_are_withheld),
        cmocka_unit_test(published_totals_are_compared_with_rounded_ones),
    };

    for (size_t i = 0; i < N_TOTALS; i++) {
        tests[i + 2] = (struct CMUnitTest){.name = total_cases[i].name,
                                           .test_func = totals_are_rounded_beside_small_counts,
                                           .initial_state = &total_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
