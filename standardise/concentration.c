#include <math.h>

#include "hestia/indirect.h"

hst_concentration hst_concentration_of(const double *counts, size_t n)
{
    hst_concentration concentration = {.hhi = NAN, .effective = NAN};
    double hhi = 0;

    for (size_t i = 0; i < n; i++) {
        concentration.total += counts[i];
        concentration.n_providers += counts[i] > 0 ? 1 : 0;
    }
    if (!(concentration.total > 0)) {
        return concentration;
    }
    for (size_t i = 0; i < n; i++) {
        double share = counts[i] / concentration.total;

        hhi += share * share;
    }
    concentration.hhi = hhi;
    concentration.effective = 1 / hhi;
    return concentration;
}
