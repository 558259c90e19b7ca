/* Segmented regression: what is refused, and in which words. */
#include <string.h>

#include "tests/impact/segmented_series.h"

static void set_zero(numbers *s, size_t from, size_t step)
{
    for (size_t i = from; i < N; i += step) {
        s->y[i] = 0;
    }
}

static void no_events_after(numbers *s, hst_its_options *options)
{
    (void)options;
    set_zero(s, INTERVENTION - 1, 1);
}

static void no_events_before(numbers *s, hst_its_options *options)
{
    (void)options;
    for (size_t i = 0; i + 1 < INTERVENTION; i++) {
        s->y[i] = 0;
    }
}

static void no_events(numbers *s, hst_its_options *options)
{
    (void)options;
    set_zero(s, 0, 1);
}

static void no_events_in_a_season(numbers *s, hst_its_options *options)
{
    (void)options;
    set_zero(s, 2, 4);
}

static void events_at_one_end_alone(numbers *s, hst_its_options *options)
{
    options->season = HST_ITS_NO_SEASON;
    set_zero(s, INTERVENTION, 1); /* the slope after runs to minus infinity */
}

static void constant(numbers *s, hst_its_options *options)
{
    (void)options;
    for (size_t i = 0; i < N; i++) {
        s->y[i] = 17.3;
    }
}

static void straight_line(numbers *s, hst_its_options *options)
{
    options->model = HST_ITS_OLS;
    for (size_t i = 0; i < N; i++) {
        s->y[i] = 3.7 + 1.1 * s->t[i] + (double)(i % 4);
    }
}

static void exact_counts(numbers *s, hst_its_options *options)
{
    (void)options;
    for (size_t i = 0; i < N; i++) {
        s->y[i] = exp(4 + 0.05 * s->t[i]);
        s->exposure[i] = 1;
    }
}

static void late(numbers *s, hst_its_options *options)
{
    (void)s;
    options->interventions[0] = N - 2;
}

static void early(numbers *s, hst_its_options *options)
{
    (void)s;
    options->interventions[0] = 4;
}

static void close_together(numbers *s, hst_its_options *options)
{
    (void)s;
    options->n_interventions = 2;
    options->interventions[1] = INTERVENTION + 3;
}

static void long_phase_in(numbers *s, hst_its_options *options)
{
    (void)s;
    options->phase_in_from = INTERVENTION;
    options->phase_in_to = N - 3;
}

static void no_population(numbers *s, hst_its_options *options)
{
    (void)options;
    s->exposure[4] = 0;
}

static void missing_population(numbers *s, hst_its_options *options)
{
    (void)options;
    s->exposure[4] = NAN;
}

static void negative(numbers *s, hst_its_options *options)
{
    (void)options;
    s->y[4] = -1;
}

static void twice(numbers *s, hst_its_options *options)
{
    (void)options;
    s->t[4] = s->t[3];
}

static void half_a_quarter(numbers *s, hst_its_options *options)
{
    (void)options;
    s->t[4] += 0.5;
}

static void too_few_for_the_terms(numbers *s, hst_its_options *options)
{
    options->cycle = 12;
    for (size_t i = 0; i < N; i++) {
        s->y[i] =
            i < 10 || i >= 26 ? NAN : s->y[i]; /* 16 points for 15 terms, of which 12 seasons */
    }
    options->n_interventions = 2;
    options->interventions[1] = 23;
}

static void too_many_terms(numbers *s, hst_its_options *options)
{
    (void)s;
    options->cycle = 80;
}

static void infinite(numbers *s, hst_its_options *options)
{
    options->model = HST_ITS_OLS;
    s->y[4] = INFINITY;
}

static void no_intervention(numbers *s, hst_its_options *options)
{
    (void)s;
    options->n_interventions = 0;
}

static void never(numbers *s, hst_its_options *options)
{
    (void)s;
    options->interventions[0] = NAN;
}

static void all_of_it(numbers *s, hst_its_options *options)
{
    (void)s;
    options->confidence = 100;
}

static void no_cycle(numbers *s, hst_its_options *options)
{
    (void)s;
    options->cycle = 0;
}

static void three_harmonics(numbers *s, hst_its_options *options)
{
    (void)s;
    options->season = HST_ITS_FOURIER;
    options->harmonics = 3;
}

static struct refusal_case {
    const char *name;
    void (*spoil)(numbers *s, hst_its_options *options);
    hst_status status;
    const char *message;
} refusal_cases[] = {
    {"no events after", no_events_after, HST_REFUSED, "no events after"},
    {"no events before", no_events_before, HST_REFUSED, "no events before"},
    {"no events", no_events, HST_REFUSED, "no events"},
    {"no events in a season", no_events_in_a_season, HST_REFUSED, "no events in season 3"},
    {"events at one point after alone", events_at_one_end_alone, HST_REFUSED, "not converge"},
    {"a constant series", constant, HST_REFUSED, "a constant series"},
    {"a straight line", straight_line, HST_REFUSED, "fit every point exactly"},
    {"counts on an exact curve", exact_counts, HST_REFUSED, "fit every point exactly"},
    {"three points after", late, HST_REFUSED, "too few points after: 3, at least 4"},
    {"three points before", early, HST_REFUSED, "too few points before: 3, at least 4"},
    {"three points between", close_together, HST_REFUSED,
     "too few points between interventions: 3, at least 4"},
    {"phase-in leaves three points", long_phase_in, HST_REFUSED, "too few points after: 3"},
    {"a population of 0", no_population, HST_REFUSED, "no exposure at t = 5: the population is 0"},
    {"a missing population", missing_population, HST_REFUSED, "no exposure at t = 5"},
    {"a negative count", negative, HST_REFUSED, "a count below 0 at t = 5"},
    {"a t twice", twice, HST_REFUSED, "t is missing, stands twice or is not in order"},
    {"a t between two seasons", half_a_quarter, HST_REFUSED, "the season of t = 5.5"},
    {"as few points as terms", too_few_for_the_terms, HST_REFUSED, "too few points: 16 for 17"},
    {"more terms than there is room for", too_many_terms, HST_REFUSED, "too many terms: 83"},
    {"an infinite number", infinite, HST_REFUSED, "not finite"},
    {"no intervention", no_intervention, HST_ERR_ARGUMENT, "0 interventions"},
    {"an intervention without a time", never, HST_ERR_ARGUMENT, "without a time"},
    {"100 percent", all_of_it, HST_ERR_ARGUMENT, "confidence of 100"},
    {"a season without a cycle", no_cycle, HST_ERR_ARGUMENT, "cycle of 0"},
    {"more waves than points", three_harmonics, HST_ERR_ARGUMENT, "3 harmonics of a cycle of 4"},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    numbers s = draw(17);
    hst_its_options options = options_of(HST_ITS_QUASIPOISSON);
    hst_its_series series;
    hst_its its;
    hst_error err = {0};

    c->spoil(&s, &options);
    series = series_of(&s, options.model);
    assert_int_equal(hst_its_fit(&its, &series, &options, &err), c->status);
    if (!strstr(err.message, c->message)) {
        fail_msg("%s: %s", c->name, err.message);
    }
    assert_true(!its.points && !its.covariance && !its.design && its.n_terms == 0);
}

static void control_without_events_is_refused(void **state)
{
    numbers s = draw(18);
    hst_its_options options = options_of(HST_ITS_QUASIPOISSON);
    hst_its_series series = controlled_of(&s, HST_ITS_QUASIPOISSON);
    hst_its its;
    hst_error err = {0};

    (void)state;
    no_events_after(&s, &options);
    assert_int_equal(hst_its_fit(&its, &series, &options, &err), HST_REFUSED);
    assert_string_equal(err.message, "no events after in the control");
}

static void effect_needs_points_after(void **state)
{
    numbers s = draw(19);
    hst_its_options options = options_of(HST_ITS_OLS);
    hst_its_series series = series_of(&s, HST_ITS_OLS);
    hst_its its = fit_well(&series, &options);
    hst_effect effect;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_its_effect(&effect, &its, &series, &options, 0, INTERVENTION - 2, &err),
                     HST_REFUSED);
    assert_string_equal(err.message, "no points after the intervention");
    assert_int_equal(hst_its_cumulative(&effect, &its, &series, &options, 0, N, &err),
                     HST_ERR_ARGUMENT);
    assert_int_equal(hst_its_effect(&effect, &its, &series, &options, 9, 8, &err),
                     HST_ERR_ARGUMENT);
    hst_its_clear(&its);
}

int main(void)
{
    enum { N_PLAIN = 2, N_REFUSALS = sizeof refusal_cases / sizeof refusal_cases[0] };
    struct CMUnitTest tests[N_PLAIN + N_REFUSALS] = {
        cmocka_unit_test(control_without_events_is_refused),
        cmocka_unit_test(effect_needs_points_after),
    };

    for (size_t i = 0; i < N_REFUSALS; i++) {
        tests[N_PLAIN + i] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                                 .test_func = refusals_have_a_name,
                                                 .initial_state = &refusal_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
