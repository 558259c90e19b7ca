/* The weights of a synthetic control. */
#ifndef HESTIA_SYNTHETIC_INTERNAL_H
#define HESTIA_SYNTHETIC_INTERNAL_H

#include <stddef.h>

#include "hestia/status.h"

/*
 * Weights [n_donors], not below 0 and with sum 1, that minimise the sum over the first n_before
 * points of (treated - sum(w donor))^2. `donors` are series by their first points.
 *
 * `n_ties` receives the number of donors without a weight that would not make the fit worse, to
 * first order. `start` [n_donors] are weights to begin from, which saves time where they are those
 * of nearly the same donors; NULL: from none. HST_REFUSED, HST_ERR_MEMORY.
 */
HST_MUST_CHECK hst_status synthetic_weights(double *weights, size_t *n_ties, const double *treated,
                                            const double *const *donors, size_t n_donors,
                                            size_t n_before, const double *start, hst_error *err);

#endif
