/* The terms and rows of a segmented regression. */
#ifndef HESTIA_IMPACT_SEGMENTED_INTERNAL_H
#define HESTIA_IMPACT_SEGMENTED_INTERNAL_H

#include "hestia/segmented.h"

/* Fewer points of a series before, after or between interventions are refused; fewer than the
 * second give a warning. */
enum { SEGMENTED_LEAST_POINTS = 4, SEGMENTED_GOOD_POINTS = 8 };

/* The terms of a model, in order. */
typedef struct segmented_terms {
    size_t n;
    char names[HST_MAX_TERMS][32];
    bool is_of_service[HST_MAX_TERMS];               /* 0 in the counterfactual */
    double interventions[HST_ITS_MAX_INTERVENTIONS]; /* in order of time */
} segmented_terms;

/* HST_ERR_ARGUMENT: options out of range; HST_REFUSED: too many terms. */
HST_MUST_CHECK hst_status segmented_name_terms(segmented_terms *out, const hst_its_series *series,
                                               const hst_its_options *options, hst_error *err);

/* Row of a point in the design, [terms->n]. */
void segmented_fill_row(double *row, const segmented_terms *terms, const hst_its_series *series,
                        const hst_its_options *options, size_t point);

/* Fills t, observed, is_used and is_after of the points, and the numbers of points used; refuses
 * what no model can be fitted to. */
HST_MUST_CHECK hst_status segmented_check_points(hst_its *its, const segmented_terms *terms,
                                                 const hst_its_series *series,
                                                 const hst_its_options *options, hst_error *err);

/* Fills fitted, counterfactual and effect of the points, when the model is fitted. */
void segmented_fill_points(hst_its *its, const hst_its_series *series,
                           const hst_its_options *options);

/* Error of a function of the coefficients, by its gradient [n_terms]: sqrt(g' V g), with a floor
 * the larger of both. */
double segmented_se(const hst_its *its, const double *gradient);

bool segmented_is_counts(const hst_its_options *options);
bool segmented_is_in_phase_in(const hst_its_options *options, double t);
bool segmented_is_of_service(const hst_its_series *series, size_t point);

/* Two-sided p of a statistic: t with `df` (OLS, quasi-Poisson), else normal. */
double segmented_p(hst_its_model model, double df, double statistic);

#endif
