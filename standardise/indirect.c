/* Indirect standardisation: the events that the reference's rates would give, set beside those that
 * there are. Sums run over the strata in the order given. */
#include "hestia/indirect.h"

#include <math.h>

hst_indirect hst_indirect_compute(const double *x, const double *n, const double *ref_x,
                                  const double *ref_n, size_t n_strata)
{
    hst_indirect indirect = {0};
    double all_ref_x = 0, all_ref_n = 0;

    for (size_t i = 0; i < n_strata; i++) {
        indirect.observed += x[i];
        all_ref_x += ref_x[i];
        all_ref_n += ref_n[i];
        if (ref_n[i] > 0) {
            indirect.expected += n[i] * ref_x[i] / ref_n[i];
        } else if (n[i] != 0) {
            indirect.expected = NAN; /* people of whom the reference says nothing; stays NAN */
        }
    }
    indirect.reference_rate = all_ref_n > 0 ? all_ref_x / all_ref_n : NAN;
    indirect.ratio = indirect.expected > 0 ? indirect.observed / indirect.expected : NAN;
    indirect.is_exact = indirect.observed < HST_BYAR_FROM;
    return indirect;
}

hst_limits hst_indirect_limits(const hst_indirect *indirect, double confidence)
{
    hst_limits limits = hst_limits_poisson(indirect->observed, confidence);

    if (!(indirect->expected > 0)) {
        return (hst_limits){NAN, NAN};
    }
    return (hst_limits){limits.lower / indirect->expected, limits.upper / indirect->expected};
}
