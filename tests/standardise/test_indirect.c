#include "hestia/indirect.h"

#include <stdlib.h>

#include "tests/standardise/golden.h"

enum { MAX_STRATA = 64, MAX_AREAS = 400 };

/* ---- golden d: ratios and rates ---- */

typedef struct strata {
    double x[MAX_STRATA], n[MAX_STRATA], ref_x[MAX_STRATA], ref_n[MAX_STRATA];
    size_t n_strata;
} strata;

/* The strata of one area against the golden reference. */
static void gather(strata *s, const hst_table *areas, const hst_table *reference, const char *area)
{
    *s = (strata){.n_strata = hst_table_n_rows(reference)};
    assert_true(s->n_strata <= MAX_STRATA);
    for (size_t i = 0; i < s->n_strata; i++) {
        s->ref_x[i] = golden_number(reference, i, "ref_events");
        s->ref_n[i] = golden_number(reference, i, "ref_population");
    }
    for (size_t row = 0; row < hst_table_n_rows(areas); row++) {
        if (strcmp(golden_text(areas, row, "area"), area) == 0) {
            size_t at = 0;

            while (golden_number(reference, at, "age_lower") !=
                   golden_number(areas, row, "age_lower")) {
                at++;
                assert_true(at < s->n_strata);
            }
            s->x[at] = golden_number(areas, row, "events");
            s->n[at] = golden_number(areas, row, "population");
        }
    }
}

static void assert_scaled(const hst_indirect *indirect, double scale, const hst_table *expected,
                          size_t row)
{
    hst_limits narrow = hst_indirect_limits(indirect, 95);
    hst_limits wide = hst_indirect_limits(indirect, 99.8);

    assert_close(indirect->observed, golden_number(expected, row, "observed"), 0);
    assert_close(indirect->expected, golden_number(expected, row, "expected"), 1e-9);
    assert_close(indirect->ratio * scale, golden_number(expected, row, "value"), 1e-9);
    assert_close(narrow.lower * scale, golden_number(expected, row, "lower95"), 1e-9);
    assert_close(narrow.upper * scale, golden_number(expected, row, "upper95"), 1e-9);
    assert_close(wide.lower * scale, golden_number(expected, row, "lower998"), 1e-9);
    assert_close(wide.upper * scale, golden_number(expected, row, "upper998"), 1e-9);
    assert_string_equal(indirect->is_exact ? "Exact" : "Byars",
                        golden_text(expected, row, "method"));
}

static void golden_ratios_and_rates(void **state)
{
    hst_table *areas = golden_read("d_indirect/input_areas.csv");
    hst_table *reference = golden_read("d_indirect/input_reference.csv");
    hst_table *rates = golden_read("d_indirect/expected_israte.csv");
    hst_table *ratios = golden_read("d_indirect/expected_smr.csv");

    (void)state;
    assert_int_equal(hst_table_n_rows(rates), 6);
    assert_int_equal(hst_table_n_rows(ratios), 6);
    for (size_t row = 0; row < 6; row++) {
        hst_indirect indirect;
        strata s;

        gather(&s, areas, reference, golden_text(rates, row, "area"));
        indirect = hst_indirect_compute(s.x, s.n, s.ref_x, s.ref_n, s.n_strata);
        assert_close(1e5 * indirect.reference_rate, golden_number(rates, row, "ref_rate"), 1e-9);
        assert_scaled(&indirect, 1e5 * indirect.reference_rate, rates, row);
        assert_string_equal(golden_text(ratios, row, "area"), golden_text(rates, row, "area"));
        assert_scaled(&indirect, 100, ratios, row);
    }
    hst_table_free(areas);
    hst_table_free(reference);
    hst_table_free(rates);
    hst_table_free(ratios);
}

/* ---- golden d: the score ---- */

static void golden_acs_scores(void **state)
{
    hst_table *expected = golden_read("d_indirect/expected_acs.csv");
    size_t n = hst_table_n_rows(expected);
    hst_acs_score scores[MAX_AREAS], ranked[MAX_AREAS];
    double isr[MAX_AREAS], imd[MAX_AREAS];

    (void)state;
    assert_true(n > 100 && n < MAX_AREAS);
    for (size_t i = 0; i < n; i++) {
        isr[i] = golden_number(expected, i, "isr");
        imd[i] = golden_number(expected, i, "imd");
    }
    assert_int_equal(hst_acs_scores(scores, isr, imd, n, false), n);
    assert_int_equal(hst_acs_scores(ranked, isr, imd, n, true), n);
    for (size_t i = 0; i < n; i++) {
        assert_close(scores[i].fitted, golden_number(expected, i, "fitted"), 1e-8);
        assert_close(scores[i].residual, golden_number(expected, i, "residual"), 1e-8);
        assert_close(scores[i].rstandard, golden_number(expected, i, "rstandard"), 1e-8);
        assert_int_equal(scores[i].stanine, golden_number(expected, i, "stanine"));
        assert_int_equal(scores[i].score, 10 - scores[i].stanine);
        assert_close(ranked[i].rstandard, scores[i].rstandard, 0);
        assert_int_equal(ranked[i].stanine, golden_number(expected, i, "stanine_rank"));
        assert_int_equal(ranked[i].score, 10 - ranked[i].stanine);
    }
    hst_table_free(expected);
}

/* Strata of the ACS measure, sex and age band; the reference is all areas added together. */
static void golden_pooled_reference(void **state)
{
    hst_table *input = golden_read("d_indirect/input_acs.csv");
    hst_table *expected = golden_read("d_indirect/expected_acs.csv");
    size_t n_rows = hst_table_n_rows(input), n_areas = hst_table_n_rows(expected);
    size_t n_strata = n_rows / n_areas;
    strata s = {.n_strata = n_strata};

    (void)state;
    assert_true(n_strata <= MAX_STRATA);
    assert_int_equal(n_rows % n_areas, 0);
    for (size_t row = 0; row < n_rows; row++) {
        s.ref_x[row % n_strata] += golden_number(input, row, "events");
        s.ref_n[row % n_strata] += golden_number(input, row, "population");
    }
    for (size_t row = 0; row < n_rows; row += n_strata) {
        const char *area = golden_text(input, row, "area");
        hst_indirect indirect;
        hst_limits limits;
        size_t at = 0;

        for (size_t i = 0; i < n_strata; i++) {
            assert_string_equal(golden_text(input, row + i, "age_lower"),
                                golden_text(input, i, "age_lower"));
            s.x[i] = golden_number(input, row + i, "events");
            s.n[i] = golden_number(input, row + i, "population");
        }
        while (strcmp(golden_text(expected, at, "area"), area) != 0) {
            at++;
        }
        indirect = hst_indirect_compute(s.x, s.n, s.ref_x, s.ref_n, n_strata);
        limits = hst_indirect_limits(&indirect, 95);
        assert_close(indirect.expected, golden_number(expected, at, "expected"), 1e-9);
        assert_close(1e5 * indirect.reference_rate, golden_number(expected, at, "ref_rate"), 1e-9);
        assert_close(1e5 * indirect.reference_rate * indirect.ratio,
                     golden_number(expected, at, "isr"), 1e-9);
        assert_close(1e5 * indirect.reference_rate * limits.lower,
                     golden_number(expected, at, "lower95"), 1e-9);
        assert_close(1e5 * indirect.reference_rate * limits.upper,
                     golden_number(expected, at, "upper95"), 1e-9);
    }
    hst_table_free(input);
    hst_table_free(expected);
}

/* ---- golden i: concentration ---- */

static void golden_hhi(void **state)
{
    hst_table *input = golden_read("i_spc_funnel/input_hhi.csv");
    hst_table *expected = golden_read("i_spc_funnel/expected_hhi.csv");

    (void)state;
    assert_int_equal(hst_table_n_rows(expected), 5);
    for (size_t row = 0; row < 5; row++) {
        double counts[MAX_STRATA];
        size_t n = 0;
        hst_concentration c;

        for (size_t i = 0; i < hst_table_n_rows(input); i++) {
            if (strcmp(golden_text(input, i, "area"), golden_text(expected, row, "area")) == 0) {
                counts[n++] = golden_number(input, i, "admissions");
            }
        }
        c = hst_concentration_of(counts, n);
        assert_int_equal(c.n_providers, golden_number(expected, row, "n_providers"));
        assert_close(c.total, golden_number(expected, row, "total"), 0);
        assert_close(c.hhi, golden_number(expected, row, "hhi"), 1e-9);
        assert_close(c.effective, golden_number(expected, row, "effective_providers"), 1e-9);
    }
    hst_table_free(input);
    hst_table_free(expected);
}

/* ---- edges ---- */

static struct edge_case {
    const char *name;
    double x[2], n[2], ref_x[2], ref_n[2];
    double expected, ratio, lower, upper;
} edge_cases[] = {
    {"as many as expected",
     {3, 7},
     {100, 350},
     {6, 20},
     {200, 1000},
     10,
     1,
     0.478744991,
     1.839145861},
    {"none observed", {0, 0}, {100, 350}, {6, 20}, {200, 1000}, 10, 0, 0, 0.368887945},
    {"nothing expected", {3, 7}, {100, 350}, {0, 0}, {200, 1000}, 0, NAN, NAN, NAN},
    {"people without a reference", {3, 7}, {100, 350}, {6, 0}, {200, 0}, NAN, NAN, NAN, NAN},
    {"nobody where the reference has nobody",
     {3, 0},
     {100, 0},
     {6, 0},
     {200, 0},
     3,
     1,
     0.206224,
     2.922424},
    {"nobody at all", {0, 0}, {0, 0}, {6, 20}, {200, 1000}, 0, NAN, NAN, NAN},
};

static void edges(void **state)
{
    const struct edge_case *c = *state;
    hst_indirect indirect = hst_indirect_compute(c->x, c->n, c->ref_x, c->ref_n, 2);
    hst_limits limits = hst_indirect_limits(&indirect, 95);

    assert_close(indirect.expected, c->expected, 1e-14);
    assert_close(indirect.ratio, c->ratio, 1e-14);
    assert_close(limits.lower, c->lower, 1e-5);
    assert_close(limits.upper, c->upper, 1e-5);
}

static void areas_without_a_number_are_left_out(void **state)
{
    static const double isr[] = {70, NAN, 91, 80, 120, 66, INFINITY};
    static const double imd[] = {10, 20, 30, NAN, 40, 15, 5};
    static const double isr_left[] = {70, 91, 120, 66}, imd_left[] = {10, 30, 40, 15};
    static const size_t place[] = {0, 2, 4, 5};
    hst_acs_score all[7], left[4];

    (void)state;
    for (int by_rank = 0; by_rank < 2; by_rank++) {
        assert_int_equal(hst_acs_scores(all, isr, imd, 7, by_rank), 4);
        assert_int_equal(hst_acs_scores(left, isr_left, imd_left, 4, by_rank), 4);
        for (size_t i = 0; i < 4; i++) {
            assert_close(all[place[i]].rstandard, left[i].rstandard, 0);
            assert_int_equal(all[place[i]].score, left[i].score);
            assert_in_range(left[i].score, 1, 9);
        }
        assert_true(isnan(all[1].fitted) && isnan(all[3].residual) && isnan(all[6].rstandard));
        assert_int_equal(all[1].stanine, 0);
        assert_int_equal(all[3].score, 0);
    }
}

static void no_line_no_scores(void **state)
{
    static const double isr[] = {70, 91, 80, 66}, imd[] = {10.1, 10.1, 10.1, 10.1};
    static const double slope[] = {10, 20, 30, 40};
    hst_acs_score scores[4];

    (void)state;
    assert_int_equal(hst_acs_scores(scores, isr, slope, 2, false), 0);
    assert_int_equal(hst_acs_scores(scores, isr, imd, 4, false), 0);
    assert_true(isnan(scores[3].fitted));
    assert_int_equal(scores[3].score, 0);
    assert_int_equal(hst_acs_scores(scores, NULL, NULL, 0, true), 0);
}

/* Rounding errors are no residuals. */
static void a_perfect_line_has_no_scores(void **state)
{
    static const double imd[] = {10.1, 17.3, 30.7, 44.9};
    double isr[4];
    hst_acs_score scores[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        isr[i] = 388.87 + 11.48 * imd[i];
    }
    assert_int_equal(hst_acs_scores(scores, isr, imd, 4, false), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_close(scores[i].fitted, isr[i], 1e-12);
        assert_true(isnan(scores[i].rstandard));
        assert_int_equal(scores[i].stanine, 0);
        assert_int_equal(scores[i].score, 0);
    }
}

/* One area alone at its deprivation draws the line through itself. */
static void an_area_that_holds_the_line_has_no_score(void **state)
{
    static const double isr[] = {70, 91, 80, 300}, imd[] = {10, 10, 10, 60};
    hst_acs_score scores[4];

    (void)state;
    assert_int_equal(hst_acs_scores(scores, isr, imd, 4, true), 4);
    assert_true(isnan(scores[3].rstandard));
    assert_int_equal(scores[3].score, 0);
    assert_true(scores[0].stanine < scores[2].stanine && scores[2].stanine < scores[1].stanine);
}

static void tied_residuals_share_a_rank(void **state)
{
    static const double isr[] = {90, 90, 110, 110}, imd[] = {10, 30, 10, 30};
    hst_acs_score scores[4];

    (void)state;
    assert_int_equal(hst_acs_scores(scores, isr, imd, 4, true), 4);
    assert_int_equal(scores[0].stanine, scores[1].stanine);
    assert_int_equal(scores[2].stanine, scores[3].stanine);
    assert_int_equal(scores[0].stanine + scores[2].stanine, 10);
}

static void no_activity_has_no_concentration(void **state)
{
    static const double none[] = {0, 0}, some[] = {0, 30, 0, 10};
    hst_concentration c = hst_concentration_of(none, 2);

    (void)state;
    assert_int_equal(c.n_providers, 0);
    assert_true(isnan(c.hhi) && isnan(c.effective));
    c = hst_concentration_of(NULL, 0);
    assert_close(c.total, 0, 0);
    assert_true(isnan(c.hhi));
    c = hst_concentration_of(some, 4);
    assert_int_equal(c.n_providers, 2);
    assert_close(c.hhi, 0.625, 1e-15);
    assert_close(c.effective, 1.6, 1e-15);
}

int main(void)
{
    enum { N_CASES = sizeof edge_cases / sizeof edge_cases[0] };
    struct CMUnitTest cases[N_CASES];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_ratios_and_rates),
        cmocka_unit_test(golden_acs_scores),
        cmocka_unit_test(golden_pooled_reference),
        cmocka_unit_test(golden_hhi),
        cmocka_unit_test(areas_without_a_number_are_left_out),
        cmocka_unit_test(no_line_no_scores),
        cmocka_unit_test(a_perfect_line_has_no_scores),
        cmocka_unit_test(an_area_that_holds_the_line_has_no_score),
        cmocka_unit_test(tied_residuals_share_a_rank),
        cmocka_unit_test(no_activity_has_no_concentration),
    };
    int n_failed = 0;

    for (size_t i = 0; i < N_CASES; i++) {
        cases[i] = (struct CMUnitTest){
            .name = edge_cases[i].name, .test_func = edges, .initial_state = &edge_cases[i]};
    }
    n_failed += cmocka_run_group_tests_name("indirect", tests, NULL, NULL);
    n_failed += cmocka_run_group_tests_name("edges", cases, NULL, NULL);
    return n_failed;
}
