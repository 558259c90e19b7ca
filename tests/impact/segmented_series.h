/* Series of the tests of segmented regression. */
#ifndef HESTIA_TESTS_SEGMENTED_SERIES_H
#define HESTIA_TESTS_SEGMENTED_SERIES_H

#include "hestia/segmented.h"
#include "tests/impact/random_series.h"
#include "tests/support.h"

enum { N = 36, INTERVENTION = 19 };

/* A series with a trend, a season and a step, and its exposure. */
typedef struct numbers {
    double t[2 * N], y[2 * N], exposure[2 * N], is_treated[2 * N];
    unsigned season[2 * N];
} numbers;

static inline numbers draw(uint64_t seed)
{
    numbers s;

    for (size_t i = 0; i < 2 * N; i++) {
        double t = (double)(i % N) + 1, step = t >= INTERVENTION ? -0.15 : 0;

        s.t[i] = t;
        s.exposure[i] = 5000 + 40 * t + (i < N ? 0 : 900);
        s.is_treated[i] = i < N ? 0 : 1;
        s.season[i] = (unsigned)(i % 4) + 1;
        s.y[i] = next_poisson(&seed, s.exposure[i] * 0.01 *
                                         exp(0.004 * t + 0.1 * (double)(i % 4) +
                                             (i < N ? step / 3 : step) + 0.2 * next_normal(&seed)));
    }
    return s;
}

static inline hst_its_series series_of(const numbers *s, hst_its_model model)
{
    return (hst_its_series){
        .n = N, .t = s->t, .y = s->y, .exposure = model == HST_ITS_OLS ? NULL : s->exposure};
}

/* With its control, which stands first. */
static inline hst_its_series controlled_of(const numbers *s, hst_its_model model)
{
    hst_its_series series = series_of(s, model);

    series.n = 2 * N;
    series.is_treated = s->is_treated;
    return series;
}

static inline hst_its_options options_of(hst_its_model model)
{
    return (hst_its_options){.model = model,
                             .season = HST_ITS_DUMMIES,
                             .cycle = 4,
                             .n_interventions = 1,
                             .interventions = {INTERVENTION},
                             .phase_in_from = NAN,
                             .phase_in_to = NAN,
                             .lag = -1,
                             .is_adjusted = true,
                             .confidence = 95};
}

static inline hst_its fit_well(const hst_its_series *series, const hst_its_options *options)
{
    hst_its its;
    hst_error err = {0};

    if (hst_its_fit(&its, series, options, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return its;
}

#endif
