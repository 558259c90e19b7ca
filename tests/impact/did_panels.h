/* Panels of the tests of difference-in-differences. */
#ifndef HESTIA_TESTS_DID_PANELS_H
#define HESTIA_TESTS_DID_PANELS_H

#include <math.h>

#include "hestia/did.h"
#include "tests/support.h"

enum { MAX_AREAS = 40, MAX_TIMES = 40, MAX_CELLS = MAX_AREAS * MAX_TIMES };

/* A panel that the test owns. */
typedef struct sample {
    double y[MAX_CELLS], exposure[MAX_CELLS];
    bool is_treated[MAX_AREAS], is_post[MAX_TIMES];
    hst_did_panel panel;
} sample;

static inline void shape(sample *s, size_t n_areas, size_t n_times)
{
    s->panel = (hst_did_panel){.n_areas = n_areas,
                               .n_times = n_times,
                               .y = s->y,
                               .exposure = s->exposure,
                               .is_treated = s->is_treated,
                               .is_post = s->is_post};
}

/* Numbers from 0 to 1, the same on every machine. */
static inline double uniform(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

static inline double poisson(uint64_t *seed, double mean)
{
    double product = uniform(seed), limit = exp(-mean), n = 0;

    while (product > limit) {
        product *= uniform(seed);
        n++;
    }
    return n;
}

/* Counts of areas between 3,000 and 60,000 people, about 1 in 1,000 a month, with effects of areas
 * and times, and a share of cells missing. */
static inline void fill_counts(sample *s, uint64_t *seed, size_t n_areas, size_t n_times,
                               size_t n_treated, size_t first_post, double effect, double missing)
{
    shape(s, n_areas, n_times);
    for (size_t i = 0; i < n_areas; i++) {
        double size = 3000 * exp(3 * uniform(seed)), level = 0.001 * exp(uniform(seed) - 0.5);

        s->is_treated[i] = i % (n_areas / n_treated) == 1 && i / (n_areas / n_treated) < n_treated;
        for (size_t t = 0; t < n_times; t++) {
            size_t at = i * n_times + t;
            double season = exp(0.2 * sin((double)t));

            s->is_post[t] = t >= first_post;
            s->exposure[at] = size * (1 + 0.01 * (double)t * uniform(seed));
            s->y[at] = poisson(seed, s->exposure[at] * level * season *
                                         (s->is_treated[i] && s->is_post[t] ? effect : 1));
            if (uniform(seed) < missing) {
                s->y[at] = NAN;
            }
        }
    }
}

static inline hst_did fit(const hst_did_panel *panel, hst_did_outcome outcome, hst_did_model model,
                          hst_did_variance variance)
{
    hst_did out;
    hst_error err = {0};

    if (hst_did_fit(&out, panel, outcome, model, variance, 95, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return out;
}

#endif
