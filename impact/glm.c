/* Regression of counts by iteratively reweighted least squares. Poisson is the negative binomial
 * with an infinite theta, so that one loop serves all. */
#include "impact/glm_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

enum { MAX_STEPS = 100, MAX_HALVINGS = 30 };

/* The linear predictor, on which a change of 1 is a factor of e, has come to rest. */
static const double rest = 1e-10;

void glm_clear(glm *fit)
{
    free(fit->coefficients);
    free(fit->bread);
    free(fit->mu);
    free(fit->scores);
    free(fit->pearson);
    *fit = (glm){0};
}

/* ---- likelihood ---- */

/* Twice the loglikelihood that a perfect fit has more. */
static double deviance_of(const double *y, const double *mu, size_t n, double theta)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double own = y[i] > 0 ? y[i] * log(y[i] / mu[i]) : 0;

        sum += isinf(theta) ? own - (y[i] - mu[i])
                            : own - (y[i] + theta) * log1p((y[i] - mu[i]) / (mu[i] + theta));
    }
    return 2 * sum;
}

static double loglik_of(const double *y, const double *mu, size_t n, double theta)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double own = y[i] > 0 ? y[i] * log(mu[i]) : 0;

        sum += isinf(theta)
                   ? own - mu[i] - lgammafn(y[i] + 1)
                   : lgammafn(theta + y[i]) - lgammafn(theta) - lgammafn(y[i] + 1) + own -
                         theta * log1p(mu[i] / theta) - (y[i] > 0 ? y[i] * log(theta + mu[i]) : 0);
    }
    return sum;
}

/* ---- means for a theta ---- */

/* What the steps work in; each [n]. */
typedef struct steps {
    double *eta, *next, *mu, *working, *weights;
} steps;

static hst_status open_steps(steps *s, size_t n, hst_error *err)
{
    s->eta = calloc(5 * n, sizeof *s->eta);
    if (!s->eta) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a regression of %zu counts", n);
    }
    s->next = s->eta + n;
    s->mu = s->next + n;
    s->working = s->mu + n;
    s->weights = s->working + n;
    return HST_OK;
}

static void exponentiate(double *mu, const double *eta, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mu[i] = exp(eta[i]);
    }
}

static double largest_change(const double *a, const double *b, size_t n)
{
    double largest = 0;

    for (size_t i = 0; i < n; i++) {
        double change = fabs(a[i] - b[i]);

        largest = change <= largest ? largest : change; /* NAN is the largest */
    }
    return largest;
}

/* One weighted least squares step from `eta` to `next`. */
static hst_status step(steps *s, hst_fit *fit, const hst_design *design, const double *y,
                       const double *offset, double theta, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < design->n; i++) {
        s->weights[i] = s->mu[i] / (1 + s->mu[i] / theta);
        s->working[i] = s->eta[i] - (offset ? offset[i] : 0) + (y[i] - s->mu[i]) / s->mu[i];
    }
    hst_fit_clear(fit);
    status = hst_least_squares(fit, design, s->working, s->weights, err);
    for (size_t i = 0; i < design->n && status == HST_OK; i++) {
        s->next[i] = fit->fitted[i] + (offset ? offset[i] : 0);
    }
    return status;
}

/* Steps until the predictor rests; a step that makes the deviance larger is halved. */
static hst_status iterate(steps *s, hst_fit *fit, const hst_design *design, const double *y,
                          const double *offset, double theta, hst_error *err)
{
    size_t n = design->n;
    double deviance = INFINITY;

    for (size_t i = 0; i < n; i++) {
        s->eta[i] = log(y[i] + 0.1); /* 0 has no logarithm */
    }
    exponentiate(s->mu, s->eta, n);
    for (int i = 0; i < MAX_STEPS; i++) {
        double now = 0, change = 0;
        hst_status status = step(s, fit, design, y, offset, theta, err);

        if (status == HST_ERR_MEMORY || (status != HST_OK && i == 0)) {
            return status; /* what the first step refuses lies in the terms */
        }
        if (status != HST_OK) {
            break;
        }
        change = largest_change(s->next, s->eta, n);
        exponentiate(s->mu, s->next, n);
        now = deviance_of(y, s->mu, n, theta);
        for (int j = 0; j < MAX_HALVINGS && !(now <= deviance + 1e-8 * (fabs(deviance) + 0.1));
             j++) {
            for (size_t k = 0; k < n; k++) {
                s->next[k] = (s->next[k] + s->eta[k]) / 2;
            }
            exponentiate(s->mu, s->next, n);
            now = deviance_of(y, s->mu, n, theta);
        }
        memcpy(s->eta, s->next, n * sizeof *s->eta);
        deviance = now;
        if (change < rest) {
            return HST_OK;
        }
    }
    return hst_fail(err, HST_REFUSED,
                    "the fit does not converge: some part of the series may have no events");
}

hst_status glm_fit(glm *out, const hst_design *design, const double *y, const double *offset,
                   double theta, hst_error *err)
{
    size_t n = design->n;
    glm g = {.n = n, .k = design->k, .theta = theta, .se_theta = NAN};
    hst_fit fit = {0};
    steps s = {0};
    hst_status status = HST_OK;

    *out = (glm){0};
    if ((status = open_steps(&s, n, err)) != HST_OK ||
        (status = iterate(&s, &fit, design, y, offset, theta, err)) != HST_OK) {
        goto done;
    }
    g.mu = calloc(n, sizeof *g.mu);
    g.scores = calloc(n, sizeof *g.scores);
    g.pearson = calloc(n, sizeof *g.pearson);
    if (!g.mu || !g.scores || !g.pearson) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a regression of %zu counts", n);
        goto done;
    }
    g.coefficients = fit.coefficients;
    g.bread = fit.bread;
    fit.coefficients = fit.bread = NULL; /* now the model's */
    for (size_t i = 0; i < n; i++) {
        g.mu[i] = s.mu[i];
        g.scores[i] = (y[i] - s.mu[i]) / (1 + s.mu[i] / theta);
        g.pearson[i] = (y[i] - s.mu[i]) / sqrt(s.mu[i] * (1 + s.mu[i] / theta));
        g.chi_square += g.pearson[i] * g.pearson[i];
    }
    g.deviance = deviance_of(y, g.mu, n, theta);
    g.loglik = loglik_of(y, g.mu, n, theta);
    *out = g;
    g = (glm){0}; /* now the caller's */

done:
    glm_clear(&g);
    hst_fit_clear(&fit);
    free(s.eta);
    return status;
}

/* ---- theta for the means ---- */

/* Above it the digamma functions, whose difference is wanted, are taken by their series: their
 * difference would lose its digits. The first term left out is 1 / (240 theta^8) = 1e-16. */
static const double series_from = 50;

/* Derivative of the loglikelihood by theta. */
static double score_of(const double *y, const double *mu, size_t n, double theta)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double u = (y[i] - mu[i]) / (theta + mu[i]);

        if (theta < series_from) {
            sum += digamma(theta + y[i]) - digamma(theta) - log1p(mu[i] / theta) - u;
        } else {
            double a = 1 / theta, b = 1 / (theta + y[i]), d = y[i] * a * b; /* d = a - b */
            double a2 = a * a, b2 = b * b;

            sum += log1pmx(u) + d * (1.0 / 2 + (a + b) * (1.0 / 12 - (a2 + b2) / 120 +
                                                          (a2 * a2 + a2 * b2 + b2 * b2) / 252));
        }
    }
    return sum;
}

/* Observed information of theta: less the second derivative. */
static double information_of(const double *y, const double *mu, size_t n, double theta)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double both = theta + mu[i];

        sum += trigamma(theta) - trigamma(theta + y[i]) - 1 / theta + 2 / both -
               (theta + y[i]) / (both * both);
    }
    return sum;
}

/* Root of the score, by Newton's steps in log(theta) inside a bracket, halved where they leave it.
 * INFINITY when the likelihood still rises at a theta that is Poisson's in all digits. */
static double best_theta(const double *y, const double *mu, size_t n, double start)
{
    double mean = 0, low = 0, high = 0, x = log(start);

    for (size_t i = 0; i < n; i++) {
        mean += mu[i] / (double)n;
    }
    for (low = x; score_of(y, mu, n, exp(low)) < 0; low -= 1) {
        if (low < -50) {
            return exp(low);
        }
    }
    for (high = x; score_of(y, mu, n, exp(high)) > 0; high += 1) {
        if (exp(high) > 1e10 * (1 + mean)) {
            return INFINITY;
        }
    }
    for (int i = 0; i < MAX_STEPS; i++) {
        double theta = exp(x), score = theta * score_of(y, mu, n, theta);
        double slope = score - theta * theta * information_of(y, mu, n, theta);
        double next = x - score / slope;

        *(score > 0 ? &low : &high) = x;
        if (!(next > low && next < high)) {
            next = (low + high) / 2;
        }
        if (fabs(next - x) < 1e-13 * (1 + fabs(x))) {
            break;
        }
        x = next;
    }
    return exp(x);
}

/* Theta by the method of moments; INFINITY when counts do not vary more than Poisson's. */
static double first_theta(const double *y, const double *mu, size_t n)
{
    double excess = 0, squares = 0;

    for (size_t i = 0; i < n; i++) {
        excess += (y[i] - mu[i]) * (y[i] - mu[i]) - y[i];
        squares += mu[i] * mu[i];
    }
    return excess > 0 ? squares / excess : INFINITY;
}

hst_status glm_fit_negbin(glm *out, const hst_design *design, const double *y, const double *offset,
                          hst_error *err)
{
    size_t n = design->n;
    hst_status status = glm_fit(out, design, y, offset, INFINITY, err);
    double theta = status == HST_OK ? first_theta(y, out->mu, n) : INFINITY;

    for (int i = 0; status == HST_OK && isfinite(theta); i++) {
        double best = best_theta(y, out->mu, n, theta), change = fabs(log(best / theta));

        glm_clear(out);
        if (i == MAX_STEPS) {
            return hst_fail(err, HST_REFUSED, "the negative binomial's theta does not converge");
        }
        theta = best;
        status = glm_fit(out, design, y, offset, theta, err);
        if (change < 1e-9) {
            break;
        }
    }
    if (status == HST_OK && isfinite(theta)) {
        double information = information_of(y, out->mu, n, theta);

        out->se_theta = information > 0 ? 1 / sqrt(information) : NAN;
    }
    return status;
}
