/* Counterfactual and effect of a segmented regression, at a point and over a range, with the delta
 * method's limits: every one is a function of the coefficients, with its gradient. */
#include "impact/segmented_internal.h"

#include <math.h>
#include <stdlib.h>

/* g' V g. */
static double variance_of(const double *covariance, const double *gradient, size_t k)
{
    double sum = 0;

    for (size_t a = 0; a < k; a++) {
        for (size_t b = 0; b < k; b++) {
            sum += gradient[a] * covariance[a * k + b] * gradient[b];
        }
    }
    return sum > 0 ? sum : 0;
}

double segmented_se(const hst_its *its, const double *gradient)
{
    double variance = variance_of(its->covariance, gradient, its->n_terms);

    return sqrt(its->floor ? fmax(variance, variance_of(its->floor, gradient, its->n_terms))
                           : variance);
}

/* Fitted and counterfactual on the link scale, without the offset. */
static void predict(const hst_its *its, size_t point, double *fitted, double *counterfactual)
{
    const double *x = &its->design[point * its->n_terms];

    *fitted = *counterfactual = 0;
    for (size_t j = 0; j < its->n_terms; j++) {
        *fitted += x[j] * its->terms[j].estimate;
        *counterfactual += its->is_of_service[j] ? 0 : x[j] * its->terms[j].estimate;
    }
}

/* Part of a row that is the service's, or that is not. */
static void split_row(const hst_its *its, size_t point, bool is_of_service, double *out)
{
    for (size_t j = 0; j < its->n_terms; j++) {
        out[j] = its->is_of_service[j] == is_of_service ? its->design[point * its->n_terms + j] : 0;
    }
}

/* An effect from its value and error on the scale of its test: ratios by their logarithm. */
static hst_effect effect_of(const hst_its *its, const hst_its_options *options, hst_scale scale,
                            double value, double se)
{
    double quantile = hst_its_quantile(options->model, its->df, options->confidence);
    bool is_ratio = scale == HST_SCALE_RATIO;
    double lower = value - quantile * se, upper = value + quantile * se;

    return (hst_effect){.scale = scale,
                        .estimate = is_ratio ? exp(value) : value,
                        .se = se,
                        .lower = is_ratio ? exp(lower) : lower,
                        .upper = is_ratio ? exp(upper) : upper,
                        .p = segmented_p(options->model, its->df, value / se)};
}

static double exposure_of(const hst_its_series *series, const hst_its_options *options, size_t i)
{
    if (!segmented_is_counts(options) || !series->exposure) {
        return 1;
    }
    return series->exposure[i] > 0 ? series->exposure[i] : NAN;
}

void segmented_fill_points(hst_its *its, const hst_its_series *series,
                           const hst_its_options *options)
{
    bool is_counts = segmented_is_counts(options);
    hst_scale scale = is_counts ? HST_SCALE_RATIO : HST_SCALE_DIFFERENCE;
    double quantile = hst_its_quantile(options->model, its->df, options->confidence);

    for (size_t i = 0; i < its->n_points; i++) {
        hst_its_point *p = &its->points[i];
        double row[HST_MAX_TERMS], fitted = 0, expected = 0;
        double exposure = exposure_of(series, options, i), width = 0;

        predict(its, i, &fitted, &expected);
        split_row(its, i, false, row);
        width = quantile * segmented_se(its, row);
        p->fitted = segmented_is_in_phase_in(options, p->t) ? NAN
                    : is_counts                             ? exposure * exp(fitted)
                                                            : fitted;
        p->counterfactual = is_counts ? exposure * exp(expected) : expected;
        p->cf_lower = is_counts ? exposure * exp(expected - width) : expected - width;
        p->cf_upper = is_counts ? exposure * exp(expected + width) : expected + width;
        split_row(its, i, true, row);
        p->effect = p->is_after
                        ? effect_of(its, options, scale, fitted - expected, segmented_se(its, row))
                        : (hst_effect){scale, NAN, NAN, NAN, NAN, NAN};
    }
}

/* Sums over a range, and their gradients. */
typedef struct sums {
    size_t n;
    double fitted, counterfactual;
    double *of_fitted, *of_counterfactual; /* [n_terms] */
} sums;

static hst_status add_up(sums *s, const hst_its *its, const hst_its_series *series,
                         const hst_its_options *options, size_t from, size_t to, hst_error *err)
{
    bool is_counts = segmented_is_counts(options);

    if (from > to || to >= its->n_points) {
        return hst_fail(err, HST_ERR_ARGUMENT, "points %zu to %zu of %zu", from, to, its->n_points);
    }
    s->of_fitted = calloc(2 * its->n_terms, sizeof *s->of_fitted);
    if (!s->of_fitted) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for an effect of %zu terms", its->n_terms);
    }
    s->of_counterfactual = s->of_fitted + its->n_terms;
    for (size_t i = from; i <= to; i++) {
        const double *x = &its->design[i * its->n_terms];
        double fitted = 0, expected = 0, exposure = exposure_of(series, options, i);

        if (!its->points[i].is_after || isnan(exposure) || isnan(series->y[i])) {
            continue; /* nothing was seen there, so nothing is said of it */
        }
        predict(its, i, &fitted, &expected);
        fitted = is_counts ? exposure * exp(fitted) : fitted;
        expected = is_counts ? exposure * exp(expected) : expected;
        s->n++;
        s->fitted += fitted;
        s->counterfactual += expected;
        for (size_t j = 0; j < its->n_terms; j++) {
            s->of_fitted[j] += (is_counts ? fitted : 1) * x[j];
            s->of_counterfactual[j] +=
                its->is_of_service[j] ? 0 : (is_counts ? expected : 1) * x[j];
        }
    }
    return s->n > 0 ? HST_OK : hst_fail(err, HST_REFUSED, "no points after the intervention");
}

hst_status hst_its_effect(hst_effect *out, const hst_its *its, const hst_its_series *series,
                          const hst_its_options *options, size_t from, size_t to, hst_error *err)
{
    sums s = {0};
    hst_status status = add_up(&s, its, series, options, from, to, err);
    bool is_counts = segmented_is_counts(options);

    for (size_t j = 0; j < its->n_terms && status == HST_OK; j++) {
        s.of_fitted[j] = is_counts
                             ? s.of_fitted[j] / s.fitted - s.of_counterfactual[j] / s.counterfactual
                             : (s.of_fitted[j] - s.of_counterfactual[j]) / (double)s.n;
    }
    if (status == HST_OK) {
        double value = is_counts ? log(s.fitted / s.counterfactual)
                                 : (s.fitted - s.counterfactual) / (double)s.n;

        *out = effect_of(its, options, is_counts ? HST_SCALE_RATIO : HST_SCALE_DIFFERENCE, value,
                         segmented_se(its, s.of_fitted));
    }
    free(s.of_fitted);
    return status;
}

hst_status hst_its_cumulative(hst_effect *out, const hst_its *its, const hst_its_series *series,
                              const hst_its_options *options, size_t from, size_t to,
                              hst_error *err)
{
    sums s = {0};
    hst_status status = add_up(&s, its, series, options, from, to, err);

    for (size_t j = 0; j < its->n_terms && status == HST_OK; j++) {
        s.of_fitted[j] -= s.of_counterfactual[j];
    }
    if (status == HST_OK) {
        *out = effect_of(its, options, HST_SCALE_DIFFERENCE, s.fitted - s.counterfactual,
                         segmented_se(its, s.of_fitted));
    }
    free(s.of_fitted);
    return status;
}
