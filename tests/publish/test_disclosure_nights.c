/* What keeps a small count from coming back by the releases of two nights: totals are rounded, and
 * values that give totals back are withheld, wherever a count may have been or become a small one.
 */
#include "tests/publish/disclosure_fixture.h"

/* Totals are rounded so coarsely that the difference of two of them leaves open what came. */
static struct total_case {
    const char *name;
    int min, round;
    bool has_exact_totals;
    int64_t england, total_round;
} total_cases[] = {
    {"England is rounded as areas are", 8, 5, false, 60, 5},
    {"it is exact where the study asks for it", 8, 5, true, 62, 1},
    {"half of a larger minimum asks for more", 12, 5, false, 60, 10},
    {"counts that are not rounded: England is", 8, 1, false, 64, 4},
    {"a base that is too small by itself", 8, 3, false, 60, 6},
    {"a base that is large enough", 10, 10, false, 60, 10},
};

static void totals_are_rounded(void **state)
{
    static const base_counts counts = {{{{13}}, {{49}}}};
    const struct total_case *c = *state;
    release *r = open_release(2, NULL, "  - {id: a, statistic: count, by: year}\n");
    hst_ledger_line line = {"ingest", "apc", "a.csv", "", "", "", "read", 62};
    const hst_result *england = NULL;

    r->study->publish.disclosure.min = c->min;
    r->study->publish.disclosure.round = c->round;
    r->study->publish.disclosure.has_exact_totals = c->has_exact_totals;
    add_measure(r, 0, &counts, 0);
    r->publication.audit = &line;
    r->publication.n_audit = 1;
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    england = find_row(r, 0, "England", "2010/11", "");
    assert_int_equal(england->total_count, c->england);
    assert_close(england->value, (double)c->england, 0);
    assert_false(england->is_suppressed);
    assert_int_equal(line.n, c->england);
    assert_int_equal(r->disclosure.total_round, c->total_round);
    assert_int_equal(hst_disclosed_total(&r->disclosure, 62), c->england);
    assert_int_equal(hst_disclosed_total(NULL, 62), 62);
    close_release(r);
}

/* A small England: what is rounded to 5 is 1 to 7. */
static void few_in_england_are_shown_as_the_base(void **state)
{
    static const base_counts counts = {{{{2}}, {{1}}}};
    release *r = open_release(2, NULL, "  - {id: a, statistic: count, by: year}\n");

    (void)state;
    add_measure(r, 0, &counts, 0);
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    assert_int_equal(find_row(r, 0, "England", "2010/11", "")->total_count, 5);
    close_release(r);
}

/* Values that move with every event are withheld where they hold a count that is near a small one:
 * the year of a quarter, the comparator of an area. */
static void values_beside_small_counts_are_withheld(void **state)
{
    static const base_counts counts = {{{{40}, {41}, {0}, {42}},       /* A1 */
                                        {{40}, {41}, {42}, {43}},      /* A2 */
                                        {{400}, {401}, {12}, {402}},   /* A3 */
                                        {{400}, {401}, {402}, {13}}}}; /* A4 */
    release *r =
        open_release(4, "A1,A1\nA1,A2\n", "  - {id: a, statistic: dsr, by: [quarter, year]}\n");

    (void)state;
    add_measure(r, 0, &counts, 0);
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    assert_true(isnan(find_row(r, 0, "A1", "2010/11", "")->value));
    assert_int_equal(find_row(r, 0, "A1", "2010/11", "")->total_count, 125);
    assert_true(find_row(r, 0, "A1", "2010/11", "")->is_suppressed);
    assert_true(!isnan(find_row(r, 0, "A2", "2010/11", "")->value));
    assert_true(isnan(find_row(r, 0, "A3", "2010/11", "")->value)); /* 12 is shown as 8 is */
    assert_true(!isnan(find_row(r, 0, "A4", "2010/11", "")->value));
    assert_true(!isnan(find_row(r, 0, "A1", "2010/11 Q1", "")->value));
    assert_true(isnan(find_row(r, 0, "Similar", "2010/11 Q3", "")->value));
    assert_true(!isnan(find_row(r, 0, "Similar", "2010/11 Q1", "")->value));
    close_release(r);
}

/* One event in a hundred thousand does not move a rate of one decimal. */
static void values_of_very_many_stay(void **state)
{
    static const base_counts counts = {{{{0}, {40000}, {40001}, {40002}}}};
    release *r = open_release(1, NULL, "  - {id: a, statistic: dsr, by: [quarter, year]}\n");
    hst_result *year = NULL;

    (void)state;
    add_measure(r, 0, &counts, 0);
    year = find_row(r, 0, "A1", "2010/11", "");
    year->value = 2999.9;
    disclose(r);
    assert_true(!isnan(year->value));
    close_release(r);
}

/* A month without an event: the quarter of another measure of these events, and each of its parts,
 * as an event can be in any of them. */
static void values_of_parts_beside_small_counts_are_withheld(void **state)
{
    base_counts months = {{{{0}}}}, quarters = {{{{0}}}};
    release *r = open_release(1, NULL,
                              "  - {id: a, statistic: count, by: month}\n"
                              "  - {id: b, statistic: dsr, by: quarter, split: sex}\n");

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        months.n[0][i][0] = i == 7 ? 0 : 30;
    }
    for (size_t i = 0; i < 4; i++) {
        quarters.n[0][i][1] = i == 2 ? 20 : 40;
        quarters.n[0][i][2] = i == 2 ? 40 : 50;
    }
    add_measure(r, 0, &months, 0);
    add_measure(r, 1, &quarters, 2);
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    for (size_t i = 0; i < 3; i++) {
        static const char *const splits[] = {"", "1", "2"};

        assert_true(isnan(find_row(r, 1, "A1", "2010/11 Q3", splits[i])->value));
        assert_true(!isnan(find_row(r, 1, "A1", "2010/11 Q2", splits[i])->value));
    }
    close_release(r);
}

/* The mean is of rounded days and stays: with the true ones its digits would give them back. */
static void published_totals_are_compared_with_rounded_ones(void **state)
{
    release *r = open_release(2, NULL, "  - {id: a, statistic: count, by: year}\n");
    hst_england_year year = {
        .year = 2010, .fce = 1003, .fae = 902, .fae_emergency = 2, .stays = 298, .stay_days = 1502};
    const hst_england england = {.n_years = 1, .years = &year};
    const hst_disclosure rounded = {.total_round = 5};
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
    const struct CMUnitTest others[] = {
        cmocka_unit_test(few_in_england_are_shown_as_the_base),
        cmocka_unit_test(values_beside_small_counts_are_withheld),
        cmocka_unit_test(values_of_very_many_stay),
        cmocka_unit_test(values_of_parts_beside_small_counts_are_withheld),
        cmocka_unit_test(published_totals_are_compared_with_rounded_ones),
    };
    enum {
        N_TOTALS = sizeof total_cases / sizeof *total_cases,
        N_OTHERS = sizeof others / sizeof *others
    };
    struct CMUnitTest tests[N_TOTALS + N_OTHERS];

    memcpy(tests, others, sizeof others);
    for (size_t i = 0; i < N_TOTALS; i++) {
        tests[N_OTHERS + i] = (struct CMUnitTest){.name = total_cases[i].name,
                                                  .test_func = totals_are_rounded,
                                                  .initial_state = &total_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
