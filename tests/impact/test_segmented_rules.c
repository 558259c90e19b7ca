/* Segmented regression: what must hold of any series. */
#include <string.h>

#include "tests/impact/segmented_series.h"

static const hst_term *term_of(const hst_its *its, const char *name)
{
    for (size_t j = 0; j < its->n_terms; j++) {
        if (strcmp(its->terms[j].name, name) == 0) {
            return &its->terms[j];
        }
    }
    fail_msg("no term %s", name);
    return NULL;
}

static void assert_same_term(const hst_its *a, const hst_its *b, const char *name, double tolerance)
{
    const hst_term *one = term_of(a, name), *other = term_of(b, name);

    assert_close(one->estimate, other->estimate, tolerance);
    assert_close(one->se, other->se, tolerance);
    assert_close(one->p, other->p, 100 * tolerance);
}

static void assert_same_effect(const hst_effect *a, const hst_effect *b, double tolerance)
{
    assert_int_equal(a->scale, b->scale);
    assert_close(a->estimate, b->estimate, tolerance);
    assert_close(a->se, b->se, tolerance);
    assert_close(a->lower, b->lower, tolerance);
    assert_close(a->upper, b->upper, tolerance);
}

/* ---- what must hold, for every model ---- */

static hst_its_model models[] = {HST_ITS_OLS, HST_ITS_POISSON, HST_ITS_QUASIPOISSON,
                                 HST_ITS_NEGBIN};

static void exposure_in_other_units_moves_the_intercept_alone(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(1);
    hst_its_series series = series_of(&s, model);
    hst_its_options options = options_of(model);
    hst_its before = fit_well(&series, &options), after;

    for (size_t i = 0; i < N; i++) {
        s.exposure[i] *= 17.3;
        s.y[i] *= model == HST_ITS_OLS ? 17.3 : 1;
    }
    after = fit_well(&series, &options);
    for (size_t j = 0; j < before.n_terms; j++) {
        double expected = before.terms[j].estimate, factor = model == HST_ITS_OLS ? 17.3 : 1;

        expected = factor * expected - (model != HST_ITS_OLS && j == 0 ? log(17.3) : 0);
        assert_close(after.terms[j].estimate, expected, 1e-8);
        assert_close(after.terms[j].se, factor * before.terms[j].se, 1e-8);
    }
    hst_its_clear(&before);
    hst_its_clear(&after);
}

static void another_first_t_leaves_level_slope_and_effects(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(2);
    hst_its_series series = series_of(&s, model);
    hst_its_options options = options_of(model);
    hst_its before, after;

    series.season = s.season;
    options.is_hac = true;
    before = fit_well(&series, &options);
    for (size_t i = 0; i < N; i++) {
        s.t[i] += 2003;
    }
    options.interventions[0] += 2003;
    after = fit_well(&series, &options);
    assert_same_term(&before, &after, "t", 1e-7);
    assert_same_term(&before, &after, "level", 1e-7);
    assert_same_term(&before, &after, "slope", 1e-7);
    assert_same_effect(&before.points[N - 1].effect, &after.points[N - 1].effect, 1e-7);
    hst_its_clear(&before);
    hst_its_clear(&after);
}

static void interventions_may_stand_in_any_order(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(3);
    hst_its_series series = series_of(&s, model);
    hst_its_options options = options_of(model), turned = options;
    hst_its a, b;

    options.n_interventions = turned.n_interventions = 2;
    options.interventions[0] = turned.interventions[1] = 13;
    options.interventions[1] = turned.interventions[0] = 25;
    a = fit_well(&series, &options);
    b = fit_well(&series, &turned);
    assert_string_equal(a.terms[2].name, "level");
    assert_string_equal(a.terms[3].name, "slope");
    assert_string_equal(a.terms[4].name, "level2");
    assert_string_equal(a.terms[5].name, "slope2");
    for (size_t j = 0; j < a.n_terms; j++) {
        assert_same_term(&a, &b, a.terms[j].name, 1e-15);
    }
    assert_int_equal(a.n_before, 12);
    assert_int_equal(a.n_after, 24);
    hst_its_clear(&a);
    hst_its_clear(&b);
}

static void effect_at_the_intervention_is_the_level(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(4);
    hst_its_series series = series_of(&s, model);
    hst_its_options options = options_of(model);
    hst_its its = fit_well(&series, &options);
    const hst_term *level = term_of(&its, "level");
    hst_effect effect, whole;
    bool is_ratio = model != HST_ITS_OLS;
    hst_error err = {0};

    assert_int_equal(
        hst_its_effect(&effect, &its, &series, &options, INTERVENTION - 1, INTERVENTION - 1, &err),
        HST_OK);
    assert_same_effect(&effect, &its.points[INTERVENTION - 1].effect, 1e-9);
    assert_close(is_ratio ? log(effect.estimate) : effect.estimate, level->estimate, 1e-9);
    assert_close(effect.se, level->se, 1e-9);
    assert_close(is_ratio ? log(effect.upper) : effect.upper, level->upper, 1e-9);
    assert_close(effect.p, level->p, 1e-7);
    /* points before it change nothing */
    assert_int_equal(hst_its_effect(&whole, &its, &series, &options, 0, INTERVENTION - 1, &err),
                     HST_OK);
    assert_same_effect(&whole, &effect, 1e-12);
    hst_its_clear(&its);
}

static void no_exposure_is_an_exposure_of_1(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(5);
    hst_its_series series = series_of(&s, model);
    hst_its_options options = options_of(model);
    hst_its with, without;

    for (size_t i = 0; i < N; i++) {
        s.exposure[i] = 1;
    }
    with = fit_well(&series, &options);
    series.exposure = NULL;
    without = fit_well(&series, &options);
    for (size_t j = 0; j < with.n_terms; j++) {
        assert_same_term(&with, &without, with.terms[j].name, 1e-15);
    }
    hst_its_clear(&with);
    hst_its_clear(&without);
}

static void a_missing_point_is_a_row_left_out(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(6), shorter = s;
    hst_its_series series = series_of(&s, model), rest = series_of(&shorter, model);
    hst_its_options options = options_of(model);
    hst_its gap, gone;

    options.is_hac = true;
    options.lag = 3;
    s.y[7] = NAN;
    s.y[22] = 1e6; /* in phase-in */
    options.phase_in_from = options.phase_in_to = 23;
    rest.n = 0;
    for (size_t i = 0; i < N; i++) {
        if (i != 7 && i != 22) {
            shorter.t[rest.n] = shorter.t[i];
            shorter.exposure[rest.n] = shorter.exposure[i];
            shorter.y[rest.n++] = shorter.y[i];
        }
    }
    gap = fit_well(&series, &options);
    gone = fit_well(&rest, &options);
    for (size_t j = 0; j < gap.n_terms; j++) {
        assert_same_term(&gap, &gone, gap.terms[j].name, 1e-12);
    }
    assert_non_null(strstr(gap.note, "lags by position among the points used"));
    assert_string_equal(gone.note, "");
    assert_true(isnan(gap.points[7].observed) && isfinite(gap.points[7].fitted));
    assert_true(isnan(gap.points[22].fitted) && isfinite(gap.points[22].counterfactual));
    assert_true(!gap.points[22].is_after && isnan(gap.points[22].effect.estimate));
    hst_its_clear(&gap);
    hst_its_clear(&gone);
}

/* The value that a test is about: an effect, a ratio as its logarithm. */
static double value_of(const hst_its *its, const hst_its_series *series,
                       const hst_its_options *options, bool is_cumulative, double *se)
{
    hst_effect effect;
    hst_error err = {0};
    hst_status status = is_cumulative
                            ? hst_its_cumulative(&effect, its, series, options, 20, N - 3, &err)
                            : hst_its_effect(&effect, its, series, options, 20, N - 3, &err);

    assert_int_equal(status, HST_OK);
    *se = effect.se;
    return effect.scale == HST_SCALE_RATIO ? log(effect.estimate) : effect.estimate;
}

static void delta_method_agrees_with_finite_differences(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(7);
    hst_its_series series = series_of(&s, model);
    hst_its_options options = options_of(model);
    hst_its its;

    options.is_hac = true;
    its = fit_well(&series, &options);
    for (int is_cumulative = 0; is_cumulative < 2; is_cumulative++) {
        double gradient[HST_MAX_TERMS], variance = 0, se = 0, ignored = 0;

        value_of(&its, &series, &options, is_cumulative, &se);
        for (size_t j = 0; j < its.n_terms; j++) {
            double at = its.terms[j].estimate, h = 1e-5 * its.terms[j].se, up = 0;

            its.terms[j].estimate = at + h;
            up = value_of(&its, &series, &options, is_cumulative, &ignored);
            its.terms[j].estimate = at - h;
            gradient[j] =
                (up - value_of(&its, &series, &options, is_cumulative, &ignored)) / (2 * h);
            its.terms[j].estimate = at;
        }
        for (size_t a = 0; a < its.n_terms; a++) {
            for (size_t b = 0; b < its.n_terms; b++) {
                variance += gradient[a] * its.covariance[a * its.n_terms + b] * gradient[b];
            }
        }
        assert_close(se, sqrt(variance), 1e-5);
    }
    hst_its_clear(&its);
}

static void cumulative_effect_is_the_sum_over_the_points(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(8);
    hst_its_series series = series_of(&s, model);
    hst_its_options options = options_of(model);
    hst_its its;
    hst_effect sum, mean;
    double fitted = 0, expected = 0, n = 0;
    hst_error err = {0};

    options.phase_in_from = 20;
    options.phase_in_to = 21;
    its = fit_well(&series, &options);
    for (size_t i = INTERVENTION - 1; i < N; i++) {
        if (i != 19 && i != 20) {
            fitted += its.points[i].fitted;
            expected += its.points[i].counterfactual;
            n++;
        }
    }
    assert_int_equal(hst_its_cumulative(&sum, &its, &series, &options, 0, N - 1, &err), HST_OK);
    assert_int_equal(hst_its_effect(&mean, &its, &series, &options, 0, N - 1, &err), HST_OK);
    assert_int_equal(sum.scale, HST_SCALE_DIFFERENCE);
    assert_close(sum.estimate, fitted - expected, 1e-9);
    assert_close(mean.estimate, model == HST_ITS_OLS ? (fitted - expected) / n : fitted / expected,
                 1e-9);
    if (model == HST_ITS_OLS) {
        assert_close(mean.se * n, sum.se, 1e-12);
        assert_close(mean.p, sum.p, 1e-9);
    }
    hst_its_clear(&its);
}

static void robust_errors_are_the_larger_of_two(void **state)
{
    hst_its_model model = *(hst_its_model *)*state;
    numbers s = draw(20);
    hst_its_series series = series_of(&s, model);
    hst_its_options options = options_of(model), hac = options, robust = options;
    hst_its plain, west, wide;
    bool is_floor_used = false, is_west_used = false;

    hac.is_hac = robust.is_hac = true;
    robust.is_robust = true;
    plain = fit_well(&series, &options);
    west = fit_well(&series, &hac);
    wide = fit_well(&series, &robust);
    for (size_t j = 0; j < plain.n_terms; j++) {
        double own = sqrt(wide.covariance[j * plain.n_terms + j]);

        assert_true(own > west.terms[j].se); /* leverage is above 0 */
        assert_close(wide.terms[j].se, fmax(own, plain.terms[j].se), 1e-12);
        is_floor_used = is_floor_used || own < plain.terms[j].se;
        is_west_used = is_west_used || own > plain.terms[j].se;
        assert_true(wide.terms[j].estimate == plain.terms[j].estimate);
    }
    assert_true(is_floor_used || is_west_used);
    for (size_t i = INTERVENTION - 1; i < N; i++) {
        assert_true(wide.points[i].effect.se >= plain.points[i].effect.se);
        assert_true(wide.points[i].effect.se >= west.points[i].effect.se);
    }
    hst_its_clear(&plain);
    hst_its_clear(&west);
    hst_its_clear(&wide);
}

/* Two groups of four points and no trend in them: every point of a level-only fit of y on D and t
 * has its leverage from X' X, worked out here by Cramer's rule for the three terms. */
static void robust_errors_by_hand(void **state)
{
    enum { POINTS = 8 };
    static const double y[POINTS] = {3.1, 2.2, 4.7, 3.3, 6.1, 5.2, 7.9, 6.4};
    double t[POINTS], bread[9], cross[9] = {0}, meat = 0, determinant = 0;
    hst_its_options options = options_of(HST_ITS_OLS);
    hst_its_series series = {.n = POINTS, .t = t, .y = y};
    hst_its its;

    (void)state;
    for (size_t i = 0; i < POINTS; i++) {
        double x[3] = {1, (double)i + 1, i >= 4};

        t[i] = x[1];
        for (size_t c = 0; c < 9; c++) {
            cross[c] += x[c / 3] * x[c % 3];
        }
    }
    for (size_t c = 0; c < 9; c++) { /* the inverse by cofactors, cyclic; symmetric */
        size_t a = (c / 3 + 1) % 3, b = (c / 3 + 2) % 3, d = (c % 3 + 1) % 3, e = (c % 3 + 2) % 3;

        bread[c] = cross[a * 3 + d] * cross[b * 3 + e] - cross[a * 3 + e] * cross[b * 3 + d];
    }
    determinant = cross[0] * bread[0] + cross[1] * bread[1] + cross[2] * bread[2];
    options.season = HST_ITS_NO_SEASON;
    options.is_level_only = true;
    options.interventions[0] = 5;
    options.is_hac = options.is_robust = true;
    options.is_adjusted = false;
    options.lag = 0;
    its = fit_well(&series, &options);
    for (size_t i = 0; i < POINTS; i++) {
        double x[3] = {1, t[i], i >= 4}, leverage = 0, weight = 0;
        double residual = y[i] - its.points[i].fitted;

        for (size_t c = 0; c < 9; c++) {
            leverage += x[c / 3] * bread[c] / determinant * x[c % 3];
        }
        for (size_t c = 0; c < 3; c++) {
            weight += bread[6 + c] / determinant * x[c]; /* of the point in `level` */
        }
        meat += pow(weight * residual / (1 - leverage), 2);
    }
    assert_close(its.covariance[8], meat, 1e-11);
    hst_its_clear(&its);
}

/* ---- controlled ---- */

static hst_its_series part_of(const numbers *s, hst_its_model model, size_t first)
{
    hst_its_series series = series_of(s, model);

    series.t += first;
    series.y += first;
    series.exposure = series.exposure ? series.exposure + first : NULL;
    return series;
}

/* Without dispersion or theta in common the two series are two fits. */
static void control_is_a_fit_of_its_own(void **state)
{
    bool is_hac = *(bool *)*state;
    static const char *const terms[] = {"level", "slope"};
    numbers s = draw(9);
    hst_its_options options = options_of(HST_ITS_POISSON);
    hst_its_series both = controlled_of(&s, HST_ITS_POISSON);
    hst_its_series control = part_of(&s, HST_ITS_POISSON, 0);
    hst_its_series service = part_of(&s, HST_ITS_POISSON, N);
    hst_its all, of_control, of_service;

    options.is_hac = is_hac;
    options.is_adjusted = false;
    all = fit_well(&both, &options);
    of_control = fit_well(&control, &options);
    of_service = fit_well(&service, &options);
    assert_int_equal(all.n, 2 * N);
    assert_int_equal(all.n_before, INTERVENTION - 1);
    assert_int_equal(all.n_after, N - INTERVENTION + 1);
    assert_int_equal(all.lag, of_service.lag);
    assert_close(all.dw, of_service.dw, 1e-9);
    for (size_t j = 0; j < 2; j++) {
        const hst_term *one = term_of(&of_service, terms[j]),
                       *other = term_of(&of_control, terms[j]);
        const hst_term *difference = term_of(&all, terms[j]);

        assert_close(difference->estimate, one->estimate - other->estimate, 1e-8);
        assert_close(difference->se, sqrt(one->se * one->se + other->se * other->se), 1e-8);
    }
    assert_close(term_of(&all, "control_level")->estimate, term_of(&of_control, "level")->estimate,
                 1e-8);
    /* the counterfactual of the service changes as the control did */
    for (size_t i = 0; i < N; i++) {
        const hst_its_point *p = &all.points[N + i], *c = &of_control.points[i];
        double change = i + 1 >= INTERVENTION ? c->effect.estimate : 1;

        assert_close(p->counterfactual, of_service.points[i].counterfactual * change, 1e-8);
        assert_true(!all.points[i].is_after && isnan(all.points[i].effect.estimate));
    }
    hst_its_clear(&all);
    hst_its_clear(&of_control);
    hst_its_clear(&of_service);
}

static void service_may_stand_before_its_control(void **state)
{
    numbers s = draw(10), turned = s;
    hst_its_options options = options_of(HST_ITS_QUASIPOISSON);
    hst_its_series series = controlled_of(&s, HST_ITS_QUASIPOISSON);
    hst_its_series other = controlled_of(&turned, HST_ITS_QUASIPOISSON);
    hst_its a, b;

    (void)state;
    options.is_hac = true;
    for (size_t i = 0; i < 2 * N; i++) {
        turned.y[i] = s.y[(i + N) % (2 * N)];
        turned.exposure[i] = s.exposure[(i + N) % (2 * N)];
        turned.is_treated[i] = s.is_treated[(i + N) % (2 * N)];
    }
    a = fit_well(&series, &options);
    b = fit_well(&other, &options);
    for (size_t j = 0; j < a.n_terms; j++) {
        assert_same_term(&a, &b, a.terms[j].name, 1e-9);
    }
    hst_its_clear(&a);
    hst_its_clear(&b);
}

/* ---- terms ---- */

static void level_alone_has_one_effect(void **state)
{
    numbers s = draw(11);
    hst_its_series series = series_of(&s, HST_ITS_QUASIPOISSON);
    hst_its_options options = options_of(HST_ITS_QUASIPOISSON);
    hst_its its;

    (void)state;
    options.is_level_only = true;
    options.season = HST_ITS_NO_SEASON;
    its = fit_well(&series, &options);
    assert_int_equal(its.n_terms, 3);
    assert_same_effect(&its.points[INTERVENTION - 1].effect, &its.points[N - 1].effect, 1e-12);
    hst_its_clear(&its);
}

static void waves_of_half_the_cycle_are_cosines(void **state)
{
    static const char *const expected[] = {"(Intercept)", "t",    "level", "slope",
                                           "sin1",        "cos1", "cos2"};
    numbers s = draw(12);
    hst_its_series series = series_of(&s, HST_ITS_OLS);
    hst_its_options waves = options_of(HST_ITS_OLS), dummies = waves;
    hst_its a, b;

    (void)state;
    waves.season = HST_ITS_FOURIER;
    waves.harmonics = 2;
    a = fit_well(&series, &waves);
    b = fit_well(&series, &dummies);
    assert_int_equal(a.n_terms, 7);
    for (size_t j = 0; j < 7; j++) {
        assert_string_equal(a.terms[j].name, expected[j]);
    }
    /* three terms span the four quarters either way */
    assert_close(a.deviance, b.deviance, 1e-10);
    assert_same_term(&a, &b, "level", 1e-9);
    hst_its_clear(&a);
    hst_its_clear(&b);
}

static void confidence_widens_the_limits(void **state)
{
    numbers s = draw(13);
    hst_its_series series = series_of(&s, HST_ITS_POISSON);
    hst_its_options options = options_of(HST_ITS_POISSON);
    hst_its its;

    (void)state;
    options.confidence = 99.8;
    its = fit_well(&series, &options);
    assert_close(its.terms[2].upper - its.terms[2].estimate, 3.090232306167813 * its.terms[2].se,
                 1e-10);
    /* qt(0.975, 21) of R */
    assert_close(hst_its_quantile(HST_ITS_OLS, 21, 95), 2.07961384472768, 1e-13);
    hst_its_clear(&its);
}

static void few_points_are_noted(void **state)
{
    numbers s = draw(14);
    hst_its_series series = series_of(&s, HST_ITS_QUASIPOISSON);
    hst_its_options options = options_of(HST_ITS_QUASIPOISSON);
    hst_its its;

    (void)state;
    options.interventions[0] = N - 6;
    its = fit_well(&series, &options);
    assert_string_equal(its.note, "few points after: 7, 8 are wanted");
    assert_int_equal(its.n_after, 7);
    hst_its_clear(&its);
}

static void negbin_without_over_dispersion_is_poisson(void **state)
{
    numbers s = draw(15);
    hst_its_series series = series_of(&s, HST_ITS_NEGBIN);
    hst_its_options negbin = options_of(HST_ITS_NEGBIN), poisson = options_of(HST_ITS_POISSON);
    hst_its a, b;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        s.y[i] = 50 + (double)(i * 7 % 5);
    }
    series.exposure = NULL;
    a = fit_well(&series, &negbin);
    b = fit_well(&series, &poisson);
    assert_non_null(strstr(a.note, "no over-dispersion: theta runs to infinity"));
    assert_true(isinf(a.theta));
    for (size_t j = 0; j < a.n_terms; j++) {
        assert_same_term(&a, &b, a.terms[j].name, 1e-15);
    }
    hst_its_clear(&a);
    hst_its_clear(&b);
}

static void zeros_among_counts_are_counts(void **state)
{
    numbers s = draw(16);
    hst_its_series series = series_of(&s, HST_ITS_POISSON);
    hst_its_options options = options_of(HST_ITS_POISSON);
    hst_its its;
    double residual = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        s.y[i] = i % 3 == 0 ? 0 : (double)(i % 7);
    }
    its = fit_well(&series, &options);
    for (size_t i = 0; i < N; i++) {
        residual += its.points[i].fitted - s.y[i];
    }
    assert_true(fabs(residual) < 1e-9); /* an intercept: the fitted add up to the observed */
    hst_its_clear(&its);
}

int main(void)
{
    static const struct {
        const char *name;
        CMUnitTestFunction check;
    } rules[] = {
        {"exposure in other units moves the intercept alone",
         exposure_in_other_units_moves_the_intercept_alone},
        {"another first t leaves level, slope and effects",
         another_first_t_leaves_level_slope_and_effects},
        {"interventions may stand in any order", interventions_may_stand_in_any_order},
        {"effect at the intervention is the level", effect_at_the_intervention_is_the_level},
        {"no exposure is an exposure of 1", no_exposure_is_an_exposure_of_1},
        {"a missing point is a row left out", a_missing_point_is_a_row_left_out},
        {"delta method agrees with finite differences",
         delta_method_agrees_with_finite_differences},
        {"robust errors are the larger of two", robust_errors_are_the_larger_of_two},
        {"cumulative effect is the sum over the points",
         cumulative_effect_is_the_sum_over_the_points},
    };
    enum {
        N_PLAIN = 8,
        N_RULES = sizeof rules / sizeof rules[0],
        N_MODELS = sizeof models / sizeof models[0]
    };
    static bool is_hac[] = {false, true};
    struct CMUnitTest tests[N_PLAIN + N_RULES * N_MODELS + 2] = {
        cmocka_unit_test(service_may_stand_before_its_control),
        cmocka_unit_test(level_alone_has_one_effect),
        cmocka_unit_test(waves_of_half_the_cycle_are_cosines),
        cmocka_unit_test(confidence_widens_the_limits),
        cmocka_unit_test(few_points_are_noted),
        cmocka_unit_test(negbin_without_over_dispersion_is_poisson),
        cmocka_unit_test(zeros_among_counts_are_counts),
        cmocka_unit_test(robust_errors_by_hand),
    };
    size_t n = N_PLAIN;

    for (size_t i = 0; i < N_RULES * N_MODELS; i++) {
        tests[n++] = (struct CMUnitTest){.name = rules[i / N_MODELS].name,
                                         .test_func = rules[i / N_MODELS].check,
                                         .initial_state = &models[i % N_MODELS]};
    }
    for (size_t i = 0; i < 2; i++) {
        tests[n++] = (struct CMUnitTest){.name = "control is a fit of its own",
                                         .test_func = control_is_a_fit_of_its_own,
                                         .initial_state = &is_hac[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
