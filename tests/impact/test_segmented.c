/* Segmented regression against R's numbers (golden g), its properties, and its refusals. */
#include <stdlib.h>
#include <string.h>

#include "hestia/segmented.h"
#include "tests/standardise/golden.h"

enum { MOST_POINTS = 64 };

/* One area of the golden input. */
typedef struct area {
    size_t n;
    double t[MOST_POINTS], events[MOST_POINTS], population[MOST_POINTS], rate[MOST_POINTS], t0;
} area;

static area read_area(const char *name)
{
    hst_table *input = golden_read("g_its/input.csv");
    area a = {0};

    for (size_t i = 0; i < hst_table_n_rows(input); i++) {
        if (strcmp(golden_text(input, i, "area"), name) == 0) {
            a.t[a.n] = golden_number(input, i, "t");
            a.events[a.n] = golden_number(input, i, "events");
            a.population[a.n] = golden_number(input, i, "population");
            a.rate[a.n] = 1e5 * a.events[a.n] / a.population[a.n];
            a.t0 = golden_number(input, i, "t0");
            a.n++;
        }
    }
    hst_table_free(input);
    assert_true(a.n > 0);
    return a;
}

static hst_its_series series_of(const area *a, hst_its_model model)
{
    return (hst_its_series){.n = a->n,
                            .t = a->t,
                            .y = model == HST_ITS_OLS ? a->rate : a->events,
                            .exposure = model == HST_ITS_OLS ? NULL : a->population};
}

static hst_its_options options_of(const area *a, hst_its_model model, hst_its_season season)
{
    return (hst_its_options){.model = model,
                             .season = season,
                             .cycle = 4,
                             .harmonics = 1,
                             .n_interventions = 1,
                             .interventions = {a->t0},
                             .phase_in_from = NAN,
                             .phase_in_to = NAN,
                             .confidence = 95};
}

static hst_its fit_well(const hst_its_series *series, const hst_its_options *options)
{
    hst_its its;
    hst_error err = {0};

    if (hst_its_fit(&its, series, options, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return its;
}

static const char *const model_names[] = {"ols", "poisson", "quasipoisson", "negbin"};
static const char *const season_names[] = {"none", "dummies", "fourier1"};
static const double tolerances[] = {1e-8, 1e-7, 1e-7, 1e-5};

static struct golden_case {
    const char *name, *area;
    hst_its_model model;
    hst_its_season season;
} golden_cases[24];

static char golden_titles[24][64];

static size_t make_golden_cases(void)
{
    static const char *const areas[] = {"Calderdale", "Somerset"};
    size_t n = 0;

    for (size_t a = 0; a < 2; a++) {
        for (size_t model = 0; model < 4; model++) {
            for (size_t season = 0; season < 3; season++, n++) {
                snprintf(golden_titles[n], sizeof golden_titles[0], "R's numbers: %s, %s, %s",
                         areas[a], model_names[model], season_names[season]);
                golden_cases[n] = (struct golden_case){
                    golden_titles[n], areas[a], (hst_its_model)model, (hst_its_season)season};
            }
        }
    }
    return n;
}

static bool is_row_of(const hst_table *table, size_t row, const struct golden_case *c)
{
    return strcmp(golden_text(table, row, "area"), c->area) == 0 &&
           strcmp(golden_text(table, row, "model"), model_names[c->model]) == 0 &&
           (hst_table_find(table, "season_terms") == SIZE_MAX
                ? c->season == HST_ITS_DUMMIES
                : strcmp(golden_text(table, row, "season_terms"), season_names[c->season]) == 0);
}

static void check_errors(const struct golden_case *c, const area *a, const hst_table *expected,
                         size_t first)
{
    static const struct {
        const char *column;
        long lag;
        bool is_adjusted;
    } errors[] = {
        {"se_nw3_adjusted", 3, true}, {"se_nw3_unadjusted", 3, false}, {"se_hc0", 0, false}};
    hst_its_series series = series_of(a, c->model);

    for (size_t e = 0; e < 3; e++) {
        hst_its_options options = options_of(a, c->model, c->season);
        hst_its its;

        options.is_hac = true;
        options.lag = errors[e].lag;
        options.is_adjusted = errors[e].is_adjusted;
        its = fit_well(&series, &options);
        for (size_t j = 0; j < its.n_terms; j++) {
            assert_close(its.terms[j].se, golden_number(expected, first + j, errors[e].column),
                         tolerances[c->model]);
        }
        hst_its_clear(&its);
    }
}

static void coefficients_are_those_of_r(void **state)
{
    const struct golden_case *c = *state;
    area a = read_area(c->area);
    hst_its_series series = series_of(&a, c->model);
    hst_its_options options = options_of(&a, c->model, c->season);
    hst_its its = fit_well(&series, &options);
    hst_table *expected = golden_read("g_its/expected_coefficients.csv");
    double tolerance = tolerances[c->model];
    size_t n = 0, first = 0;

    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        if (is_row_of(expected, row, c)) {
            const hst_term *term = &its.terms[n];

            first = n == 0 ? row : first;
            assert_true(n < its.n_terms);
            assert_string_equal(term->name, golden_text(expected, row, "term"));
            assert_close(term->estimate, golden_number(expected, row, "estimate"), tolerance);
            assert_close(term->se, golden_number(expected, row, "se"), tolerance);
            assert_close(term->statistic, golden_number(expected, row, "statistic"), tolerance);
            /* A relative error of the statistic z is one of about z squared in a small p. */
            assert_close(term->p, golden_number(expected, row, "p"),
                         tolerance * fmax(1, term->statistic * term->statistic));
            assert_close(term->lower, golden_number(expected, row, "lower95"), tolerance);
            assert_close(term->upper, golden_number(expected, row, "upper95"), tolerance);
            n++;
        }
    }
    assert_int_equal(n, its.n_terms);
    check_errors(c, &a, expected, first);
    hst_table_free(expected);
    hst_its_clear(&its);
}

static void models_are_those_of_r(void **state)
{
    const struct golden_case *c = *state;
    area a = read_area(c->area);
    hst_its_series series = series_of(&a, c->model);
    hst_its_options options = options_of(&a, c->model, c->season);
    hst_its its = fit_well(&series, &options);
    hst_table *expected = golden_read("g_its/expected_models.csv");
    double tolerance = tolerances[c->model];
    size_t n = 0;

    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        if (is_row_of(expected, row, c)) {
            assert_close((double)its.n, golden_number(expected, row, "n"), 1e-15);
            assert_close(its.df, golden_number(expected, row, "df"), 1e-15);
            assert_close(its.dispersion, golden_number(expected, row, "dispersion"), tolerance);
            assert_close(its.deviance, golden_number(expected, row, "deviance"), tolerance);
            assert_close(its.loglik, golden_number(expected, row, "loglik"), tolerance);
            assert_close(its.theta, golden_number(expected, row, "theta"), 1e-3);
            assert_close(its.se_theta, golden_number(expected, row, "se_theta"), 1e-3);
            assert_close(its.dw, golden_number(expected, row, "dw"), tolerance);
            n++;
        }
    }
    assert_int_equal(n, 1);
    hst_table_free(expected);
    hst_its_clear(&its);
}

/* The golden counterfactuals have dummies only, and no Poisson. */
static void counterfactuals_are_those_of_r(void **state)
{
    const struct golden_case *c = *state;
    area a = read_area(c->area);
    hst_its_series series = series_of(&a, c->model);
    hst_its_options options = options_of(&a, c->model, c->season);
    hst_its its = fit_well(&series, &options);
    hst_table *expected = golden_read("g_its/expected_counterfactual.csv");
    double tolerance = tolerances[c->model];
    size_t n = 0, n_after = 0;

    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        if (is_row_of(expected, row, c)) {
            const hst_its_point *p = &its.points[(size_t)golden_number(expected, row, "t") - 1];

            assert_close(p->fitted, golden_number(expected, row, "fitted"), tolerance);
            assert_close(p->counterfactual, golden_number(expected, row, "counterfactual"),
                         tolerance);
            assert_close(p->cf_lower, golden_number(expected, row, "cf_lower95"), tolerance);
            assert_close(p->cf_upper, golden_number(expected, row, "cf_upper95"), tolerance);
            assert_close(p->effect.estimate, golden_number(expected, row, "effect"), tolerance);
            assert_close(p->effect.se, golden_number(expected, row, "effect_se"), tolerance);
            assert_close(p->effect.lower, golden_number(expected, row, "effect_lower95"),
                         tolerance);
            assert_close(p->effect.upper, golden_number(expected, row, "effect_upper95"),
                         tolerance);
            n++;
        }
    }
    for (size_t i = 0; i < its.n_points; i++) {
        n_after += its.points[i].is_after ? 1 : 0;
    }
    assert_int_equal(n, c->season == HST_ITS_DUMMIES && c->model != HST_ITS_POISSON ? n_after : 0);
    hst_table_free(expected);
    hst_its_clear(&its);
}

int main(void)
{
    struct CMUnitTest tests[256];
    size_t n = 0, n_golden = make_golden_cases();

    for (size_t i = 0; i < n_golden; i++) {
        static void (*const checks[])(void **) = {
            coefficients_are_those_of_r, models_are_those_of_r, counterfactuals_are_those_of_r};

        for (size_t j = 0; j < 3; j++) {
            tests[n++] = (struct CMUnitTest){.name = golden_cases[i].name,
                                             .test_func = checks[j],
                                             .initial_state = &golden_cases[i]};
        }
    }
    return _cmocka_run_group_tests("segmented", tests, n, NULL, NULL);
}
