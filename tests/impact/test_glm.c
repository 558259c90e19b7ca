/* Regression of counts: by hand, against Newton's method on the loglikelihood, and refusals. */
#include <stdlib.h>
#include <string.h>

#include "impact/glm_internal.h"
#include "tests/impact/random_series.h"
#include "tests/support.h"

enum { MOST_ROWS = 60, MOST_TERMS = 6 };

static const char *const names[] = {"(Intercept)", "x1", "x2", "x3", "x4", "x5"};

/* Counts of a known model. */
typedef struct counts {
    size_t n, k;
    double x[MOST_ROWS * MOST_TERMS], y[MOST_ROWS], offset[MOST_ROWS];
} counts;

static hst_design design_of(const counts *c)
{
    return (hst_design){.n = c->n, .k = c->k, .x = c->x, .names = names};
}

/* Over-dispersed when `spread` is above 0: the mean is drawn, too. */
static counts draw_counts(uint64_t *state, size_t n, size_t k, double spread)
{
    counts c = {.n = n, .k = k};

    for (size_t i = 0; i < n; i++) {
        double eta = 1.7;

        c.offset[i] = next_normal(state);
        for (size_t j = 0; j < k; j++) {
            c.x[i * k + j] = j == 0 ? 1 : next_normal(state);
            eta += j == 0 ? 0 : 0.3 * c.x[i * k + j];
        }
        c.y[i] = next_poisson(state, exp(eta + c.offset[i] + spread * next_normal(state)));
    }
    return c;
}

/* ---- the slow way: Newton on the loglikelihood, solved by elimination ---- */

/* Solves A x = b in place, [k][k] and [k]. */
static void eliminate(long double *a, long double *b, size_t k)
{
    for (size_t p = 0; p < k; p++) {
        for (size_t r = 0; r < k; r++) {
            long double factor = a[r * k + p] / a[p * k + p];

            for (size_t c = p; c < k && r != p; c++) {
                a[r * k + c] -= factor * a[p * k + c];
            }
            b[r] -= r == p ? 0 : factor * b[p];
        }
    }
    for (size_t p = 0; p < k; p++) {
        b[p] /= a[p * k + p];
    }
}

/* The Hessian is the observed one, not the expected one of the fits under test. */
static void newton(const counts *c, long double theta, long double *b)
{
    long double hessian[MOST_TERMS * MOST_TERMS], gradient[MOST_TERMS];

    for (int step = 0; step < 60; step++) {
        memset(hessian, 0, sizeof hessian);
        memset(gradient, 0, sizeof gradient);
        for (size_t i = 0; i < c->n; i++) {
            const double *x = &c->x[i * c->k];
            long double eta = c->offset[i], mu = 0, y = c->y[i], spread = 0;

            for (size_t j = 0; j < c->k; j++) {
                eta += x[j] * b[j];
            }
            mu = expl(eta);
            spread = 1 + mu / theta;
            for (size_t j = 0; j < c->k; j++) {
                gradient[j] += x[j] * (y - mu) / spread;
                for (size_t l = 0; l < c->k; l++) {
                    hessian[j * c->k + l] += x[j] * x[l] * mu * (1 + y / theta) / spread / spread;
                }
            }
        }
        eliminate(hessian, gradient, c->k);
        for (size_t j = 0; j < c->k; j++) {
            b[j] += gradient[j];
        }
    }
}

/* Loglikelihood of the negative binomial by products, for whole counts. */
static double slow_loglik(const counts *c, const double *mu, double theta)
{
    long double sum = 0;

    for (size_t i = 0; i < c->n; i++) {
        for (double j = 0; j < c->y[i]; j++) {
            sum += logl(((long double)theta + j) / (j + 1));
        }
        sum += c->y[i] * logl(mu[i] / ((long double)theta + mu[i]));
        sum -= theta * log1pl(mu[i] / (long double)theta);
    }
    return (double)sum;
}

static void newton_finds_the_same_coefficients(void **state)
{
    uint64_t seed = 20100401;

    (void)state;
    for (int trial = 0; trial < 60; trial++) {
        size_t k = 1 + (size_t)trial % MOST_TERMS, n = 12 + (size_t)trial % 40;
        double theta = trial % 2 == 0 ? INFINITY : 0.5 + trial;
        counts c = draw_counts(&seed, n, k, trial % 3 == 0 ? 0.6 : 0);
        hst_design design = design_of(&c);
        long double b[MOST_TERMS] = {0};
        glm fit;
        hst_error err = {0};

        if (glm_fit(&fit, &design, c.y, c.offset, theta, &err) != HST_OK) {
            fail_msg("trial %d: %s", trial, err.message);
        }
        for (size_t j = 0; j < k; j++) {
            b[j] = (long double)fit.coefficients[j] + 0.1L;
        }
        newton(&c, (long double)theta, b);
        for (size_t j = 0; j < k; j++) {
            assert_true(fabsl(fit.coefficients[j] - b[j]) < 1e-10L * (1 + fabsl(b[j])));
        }
        if (isfinite(theta)) {
            assert_close(fit.loglik, slow_loglik(&c, fit.mu, theta), 1e-11);
        }
        glm_clear(&fit);
    }
}

/* No theta near the one found has a larger likelihood, its coefficients fitted anew. */
static void theta_has_the_largest_likelihood(void **state)
{
    uint64_t seed = 5071923;
    int n_finite = 0;

    (void)state;
    for (int trial = 0; trial < 40; trial++) {
        counts c = draw_counts(&seed, 40, 3, 0.02 + 0.03 * trial);
        hst_design design = design_of(&c);
        glm best, other;
        hst_error err = {0};

        assert_int_equal(glm_fit_negbin(&best, &design, c.y, c.offset, &err), HST_OK);
        for (int side = -1; side <= 1 && isfinite(best.theta); side += 2) {
            assert_int_equal(
                glm_fit(&other, &design, c.y, c.offset, best.theta * (1 + 1e-3 * side), &err),
                HST_OK);
            assert_true(slow_loglik(&c, other.mu, other.theta) <
                        slow_loglik(&c, best.mu, best.theta));
            n_finite++;
            glm_clear(&other);
        }
        glm_clear(&best);
    }
    assert_true(n_finite > 50);
}

/* The error of theta, by the curvature of the slow likelihood at fixed means. */
static void error_of_theta_is_by_curvature(void **state)
{
    uint64_t seed = 77;
    counts c = draw_counts(&seed, 50, 2, 0.7);
    hst_design design = design_of(&c);
    glm fit;
    double h = 0, curvature = 0;
    hst_error err = {0};

    (void)state;
    assert_int_equal(glm_fit_negbin(&fit, &design, c.y, c.offset, &err), HST_OK);
    h = 1e-3 * fit.theta;
    curvature = (slow_loglik(&c, fit.mu, fit.theta + h) - 2 * slow_loglik(&c, fit.mu, fit.theta) +
                 slow_loglik(&c, fit.mu, fit.theta - h)) /
                (h * h);
    assert_close(fit.se_theta, 1 / sqrt(-curvature), 1e-4);
    glm_clear(&fit);
}

/* Large thetas, where differences of digammas lose their digits: the data of a theta of about 1e7
 * are nearly Poisson's. Two rows a mean, mu +- d: theta is then near mu^2 / (d^2 - mu). */
static void theta_of_millions_is_found(void **state)
{
    counts c = {.n = 40, .k = 1};
    hst_design design = design_of(&c);
    glm fit;
    hst_error err = {0};
    const double mean = 1e6, step = 1050; /* d^2 / mean = 1.1025 */

    (void)state;
    for (size_t i = 0; i < c.n; i++) {
        c.x[i] = 1;
        c.y[i] = mean + (i % 2 == 0 ? step : -step);
    }
    assert_int_equal(glm_fit_negbin(&fit, &design, c.y, NULL, &err), HST_OK);
    assert_close(fit.theta, mean * mean / (step * step - mean), 1e-4);
    assert_close(fit.coefficients[0], log(mean), 1e-12);
    glm_clear(&fit);
}

/* Two groups: their means are the totals over the exposures, whatever the counts. */
static void two_groups_by_hand(void **state)
{
    static const double x[] = {1, 0, 1, 0, 1, 1, 1, 1, 1, 1}, y[] = {3, 0, 17, 1, 4};
    const double offset[] = {log(2.5), log(1.5), log(4), log(1), log(3)};
    hst_design design = {.n = 5, .k = 2, .x = x, .names = names};
    glm fit;
    double deviance = 0;
    hst_error err = {0};

    (void)state;
    assert_int_equal(glm_fit(&fit, &design, y, offset, INFINITY, &err), HST_OK);
    assert_close(fit.coefficients[0], log(3.0 / 4), 1e-13);
    assert_close(fit.coefficients[1], log(22.0 / 8) - log(3.0 / 4), 1e-13);
    assert_close(fit.bread[0], 1.0 / 3, 1e-10);
    assert_close(fit.bread[3], 1.0 / 3 + 1.0 / 22, 1e-10);
    for (size_t i = 0; i < 5; i++) {
        double mu = exp(offset[i]) * (i < 2 ? 3.0 / 4 : 22.0 / 8);

        assert_close(fit.mu[i], mu, 1e-12);
        assert_close(fit.scores[i], y[i] - mu, 1e-10);
        assert_close(fit.pearson[i], (y[i] - mu) / sqrt(mu), 1e-10);
        deviance += 2 * ((y[i] > 0 ? y[i] * log(y[i] / mu) : 0) - (y[i] - mu));
    }
    assert_close(fit.deviance, deviance, 1e-11);
    glm_clear(&fit);
}

/* Rows of one mean may be added up: two of exposure 1 are one of exposure 2. */
static void grouped_rows_are_the_same_model(void **state)
{
    uint64_t seed = 31;
    counts single = draw_counts(&seed, 20, 3, 0), grouped = single;
    counts both = {.n = 40, .k = 3};
    hst_design design = design_of(&both), of_groups = design_of(&grouped);
    glm a, b;
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        memcpy(&both.x[i * 3], &single.x[i / 2 * 3], 3 * sizeof *both.x);
        both.y[i] = i % 2 == 0 ? single.y[i / 2] : next_poisson(&seed, 4);
    }
    for (size_t i = 0; i < 20; i++) {
        grouped.y[i] = both.y[2 * i] + both.y[2 * i + 1];
        grouped.offset[i] = log(2);
    }
    assert_int_equal(glm_fit(&a, &design, both.y, NULL, INFINITY, &err), HST_OK);
    assert_int_equal(glm_fit(&b, &of_groups, grouped.y, grouped.offset, INFINITY, &err), HST_OK);
    for (size_t j = 0; j < 3; j++) {
        assert_close(a.coefficients[j], b.coefficients[j], 1e-11);
        assert_close(a.bread[j * 4], b.bread[j * 4], 1e-8);
    }
    glm_clear(&a);
    glm_clear(&b);
}

static void counts_that_vary_less_are_poisson(void **state)
{
    static const double x[] = {1, 1, 1, 1, 1, 1}, y[] = {9, 10, 11, 10, 9, 11};
    hst_design design = {.n = 6, .k = 1, .x = x, .names = names};
    glm fit, poisson;
    hst_error err = {0};

    (void)state;
    assert_int_equal(glm_fit_negbin(&fit, &design, y, NULL, &err), HST_OK);
    assert_int_equal(glm_fit(&poisson, &design, y, NULL, INFINITY, &err), HST_OK);
    assert_true(isinf(fit.theta) && isnan(fit.se_theta));
    assert_true(fit.coefficients[0] == poisson.coefficients[0] && fit.bread[0] == poisson.bread[0]);
    glm_clear(&fit);
    glm_clear(&poisson);
}

static struct refusal_case {
    const char *name;
    double x[12], y[6];
    const char *message;
} refusal_cases[] = {
    {"a group without events", {1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1}, {3, 5, 4}, "not converge"},
    {"no events at all", {1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1}, {0}, "not converge"},
    {"a term twice another", {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}, {3, 5, 4, 1, 2, 6}, "collinear"},
    {"a missing count", {1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1}, {3, NAN, 4, 1, 2, 6}, "not finite"},
};

static void refusals_have_a_name(void **state)
{
    const struct refusal_case *c = *state;
    hst_design design = {.n = 6, .k = 2, .x = c->x, .names = names};
    glm fit;
    hst_error err = {0};

    for (int is_negbin = 0; is_negbin < 2; is_negbin++) {
        assert_int_equal(is_negbin ? glm_fit_negbin(&fit, &design, c->y, NULL, &err)
                                   : glm_fit(&fit, &design, c->y, NULL, INFINITY, &err),
                         HST_REFUSED);
        assert_non_null(strstr(err.message, c->message));
        assert_null(fit.coefficients);
    }
}

int main(void)
{
    enum { N_CASES = sizeof refusal_cases / sizeof refusal_cases[0] };
    struct CMUnitTest tests[7 + N_CASES] = {
        cmocka_unit_test(newton_finds_the_same_coefficients),
        cmocka_unit_test(theta_has_the_largest_likelihood),
        cmocka_unit_test(error_of_theta_is_by_curvature),
        cmocka_unit_test(theta_of_millions_is_found),
        cmocka_unit_test(two_groups_by_hand),
        cmocka_unit_test(grouped_rows_are_the_same_model),
        cmocka_unit_test(counts_that_vary_less_are_poisson),
    };

    for (size_t i = 0; i < N_CASES; i++) {
        tests[7 + i] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                           .test_func = refusals_have_a_name,
                                           .initial_state = &refusal_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
