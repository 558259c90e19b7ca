/* Difference-in-differences and its placebo: what is refused, and in which words. */
#include <string.h>

#include "tests/impact/did_panels.h"

static struct refusal_case {
    const char *name;
    hst_did_outcome outcome;
    hst_did_model model;
    bool is_treated[4], is_post[4];
    double y[16];
    const char *message;
} refusal_cases[] = {
#define SOME_TREATED                                                                               \
    {                                                                                              \
        true                                                                                       \
    }
#define TWO_POST                                                                                   \
    {                                                                                              \
        false, false, true, true                                                                   \
    }
    {"no treated area",
     HST_DID_COUNTS,
     HST_DID_TWO_WAY,
     {0},
     TWO_POST,
     {3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     "no treated area"},
    {"no control",
     HST_DID_COUNTS,
     HST_DID_TWO_WAY,
     {true, true, true, true},
     TWO_POST,
     {3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     "no control area"},
    {"nothing before",
     HST_DID_VALUES,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     {true, true, true, true},
     {3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     "no numbers of treated areas before"},
    {"nothing after",
     HST_DID_VALUES,
     HST_DID_POOLED,
     SOME_TREATED,
     {0},
     {3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     "no numbers of treated areas after"},
    {"treated cells after all missing",
     HST_DID_VALUES,
     HST_DID_POOLED,
     SOME_TREATED,
     TWO_POST,
     {3, 4, NAN, NAN, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     "no numbers of treated areas after"},
    {"no events after in the treated",
     HST_DID_COUNTS,
     HST_DID_POOLED,
     SOME_TREATED,
     TWO_POST,
     {3, 4, 0, 0, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     "no events in treated areas after"},
    {"no events before in the controls",
     HST_DID_COUNTS,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     TWO_POST,
     {3, 4, 5, 6, 0, 0, 9, 1, 0, 0, 4, 5, 0, 0, 8, 9},
     "no events in control areas before"},
    {"an area without events",
     HST_DID_COUNTS,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     TWO_POST,
     {3, 4, 5, 6, 7, 8, 9, 1, 0, 0, 0, 0, 6, 7, 8, 9},
     "no events in area 5NK"},
    {"a time without events",
     HST_DID_COUNTS,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     TWO_POST,
     {3, 0, 5, 6, 7, 0, 9, 1, 2, 0, 4, 5, 6, 0, 8, 9},
     "no events in time 2"},
    {"a negative count",
     HST_DID_COUNTS,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     TWO_POST,
     {3, 4, 5, 6, 7, -8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     "area 5QL has a negative count"},
    {"an infinite value",
     HST_DID_VALUES,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     TWO_POST,
     {3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, INFINITY, 9},
     "area 5XX has a number that is inf"},
    {"values without any error",
     HST_DID_VALUES,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     TWO_POST,
     {3, 4, 9, 10, 3, 4, 5, 6, 3, 4, 5, 6, 3, 4, 5, 6},
     "leaves nothing over"},
    {"controls seen only before the treated",
     HST_DID_VALUES,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     {false, true, false, true},
     {NAN, NAN, 5, 6, 7, 8, NAN, NAN, 3, 4, NAN, NAN, 5, 4, NAN, NAN},
     "collinear"},
    {"a zero is all that links two parts",
     HST_DID_COUNTS,
     HST_DID_TWO_WAY,
     SOME_TREATED,
     TWO_POST,
     {3, NAN, 5, NAN, 4, 0, 6, NAN, NAN, 7, NAN, 8, NAN, 5, NAN, 9},
     "run off to infinity"},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    static const char *const areas[] = {"5J6", "5QL", "5NK", "5XX"};
    hst_did_panel panel = {.n_areas = 4,
                           .n_times = 4,
                           .y = c->y,
                           .is_treated = c->is_treated,
                           .is_post = c->is_post,
                           .area_names = areas};
    hst_did out;
    hst_error err = {0};

    assert_int_equal(hst_did_fit(&out, &panel, c->outcome, c->model, HST_DID_MODEL, 95, &err),
                     HST_REFUSED);
    if (!strstr(err.message, c->message)) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, c->message);
    }
    assert_true(isnan(out.effect.estimate));
}

static void exposure_must_be_above_zero(void **state)
{
    static sample s;
    uint64_t seed = 3;
    hst_did out;
    hst_error err = {0};

    (void)state;
    fill_counts(&s, &seed, 6, 8, 1, 4, 1, 0);
    s.exposure[17] = 0;
    assert_int_equal(
        hst_did_fit(&out, &s.panel, HST_DID_COUNTS, HST_DID_TWO_WAY, HST_DID_MODEL, 95, &err),
        HST_REFUSED);
    assert_string_equal(err.message, "the population of area 3 is not above 0");
    s.exposure[17] = NAN; /* a cell like one whose count is missing */
    assert_int_equal(fit(&s.panel, HST_DID_COUNTS, HST_DID_TWO_WAY, HST_DID_MODEL).n, 47);
}

static void placebo_refusals(void **state)
{
    static sample s;
    uint64_t seed = 12;
    hst_placebo placebo;
    hst_error err = {0};

    (void)state;
    fill_counts(&s, &seed, 12, 8, 2, 4, 1, 0);
    assert_int_equal(hst_did_placebo(&placebo, &s.panel, HST_DID_COUNTS, HST_DID_TWO_WAY, &err),
                     HST_REFUSED);
    assert_non_null(strstr(err.message, "2 treated areas"));
    fill_counts(&s, &seed, 2, 8, 1, 4, 1, 0);
    assert_int_equal(hst_did_placebo(&placebo, &s.panel, HST_DID_COUNTS, HST_DID_POOLED, &err),
                     HST_REFUSED);
    assert_non_null(strstr(err.message, "no control area whose effect"));
    assert_true(isnan(placebo.p));
}

int main(void)
{
    enum { N_REFUSALS = sizeof refusal_cases / sizeof refusal_cases[0], N_OTHERS = 2 };
    struct CMUnitTest tests[N_OTHERS + N_REFUSALS] = {
        cmocka_unit_test(exposure_must_be_above_zero),
        cmocka_unit_test(placebo_refusals),
    };
    size_t n = N_OTHERS;

    for (size_t i = 0; i < N_REFUSALS; i++) {
        tests[n++] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                         .test_func = refusals_have_a_name,
                                         .initial_state = &refusal_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
