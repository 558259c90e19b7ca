#ifndef HESTIA_EFFECT_H
#define HESTIA_EFFECT_H

#include <stddef.h>

#include "hestia/status.h"

/** On which scale an effect is given: no effect is 0 on the first, 1 on the second. */
typedef enum hst_scale {
    HST_SCALE_DIFFERENCE, /**< in the units of the measure */
    HST_SCALE_RATIO       /**< se is that of the logarithm */
} hst_scale;

/** One estimate with its error and limits; NAN: not given. */
typedef struct hst_effect {
    hst_scale scale;
    double estimate, se, lower, upper, p;
} hst_effect;

/** One line of a model: a term, its estimate, error, test and limits, as R prints them. */
typedef struct hst_term {
    char name[32]; /**< "(Intercept)", "t", "level", "slope", "q2", ... */
    double estimate, se, statistic, p, lower, upper;
} hst_term;

enum { HST_MAX_TERMS = 64 };

#endif
