/* Simulation: how often the 95 % limits of a method hold the truth, and how often it finds an
 * effect where there is none, on series whose truth is known. A tab-separated table on standard
 * output.
 *
 *     bench_coverage [DRAWS] [SEED]
 *
 * A method is one function, from a series to limits and p, and one line of `methods`.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/segmented.h"
#include "hestia/synthetic.h"
#include "hestia/trend.h"
#include "impact/draw.h"

enum { MAX_POINTS = 40, N_DONORS = 40 };

/* What is planted: a line over the whole series, or a step in its last third. */
typedef enum planted { PLANTED_SLOPE, PLANTED_STEP } planted;

typedef struct series {
    size_t n, n_before;
    double t[MAX_POINTS], y[MAX_POINTS];
    double truth;
    const struct noise *kind;
    uint64_t seed, draw;
} series;

typedef struct answer {
    double lower, upper, p;
} answer;

/* ---- noise, about a mean of 40 with a standard deviation near 1 ---- */

typedef struct noise {
    const char *name;
    double rho;    /* of the AR(1) process */
    double season; /* height of the quarters' wave, in standard deviations */
    double spread; /* of counts: variance over mean; 0: normal numbers */
} noise;

static const noise noises[] = {
    {"independent", 0, 0, 0}, {"AR(1) 0.3", 0.3, 0, 0},          {"AR(1) 0.6", 0.6, 0, 0},
    {"seasonal", 0, 1, 0},    {"counts, dispersion 3", 0, 0, 3},
};

static const size_t lengths[] = {12, 20, 40};

static double uniform(uint64_t seed, uint64_t draw, size_t i)
{
    return hst_draw_uniform(seed, draw, i);
}

/* Adds noise to y, which holds the means. */
static void add_noise(series *s, const noise *kind, uint64_t seed, uint64_t draw)
{
    double last = qnorm5(uniform(seed, draw, MAX_POINTS), 0, 1, 1, 0);

    for (size_t i = 0; i < s->n; i++) {
        double u = uniform(seed, draw, i);

        if (kind->spread > 0) { /* negative binomial with a variance of `spread` times its mean */
            s->y[i] = qnbinom_mu(u, s->y[i] / (kind->spread - 1), s->y[i], 1, 0);
            continue;
        }
        last = kind->rho * last + sqrt(1 - kind->rho * kind->rho) * qnorm5(u, 0, 1, 1, 0);
        s->y[i] += last + kind->season * sin(M_PI / 2 * (double)(i + 1));
    }
}

/* Planted effects are half a standard deviation's worth over the series, or a step of 1. */
static series make_series(planted what, const noise *kind, size_t n, bool has_effect, uint64_t seed,
                          uint64_t draw)
{
    double scale = kind->spread > 0 ? sqrt(kind->spread * 40) : 1;
    series s = {.n = n, .n_before = n - n / 3, .kind = kind, .seed = seed, .draw = draw};

    s.truth = !has_effect ? 0 : what == PLANTED_SLOPE ? scale / (double)n : scale;
    for (size_t i = 0; i < n; i++) {
        s.t[i] = (double)(i + 1);
        s.y[i] = 40 + (what == PLANTED_SLOPE ? s.truth * s.t[i] : i >= s.n_before ? s.truth : 0);
    }
    add_noise(&s, kind, seed, draw);
    return s;
}

/* ---- methods ---- */

static hst_status fit_line(answer *out, const series *s, hst_trend_errors errors)
{
    hst_trend_options options = {
        .errors = errors, .lag = -1, .is_adjusted = true, .confidence = 95};
    hst_trend trend;
    hst_status status = hst_trend_fit(&trend, s->t, s->y, s->n, &options, NULL);

    *out = (answer){trend.slope.lower, trend.slope.upper, trend.slope.p};
    return status;
}

static hst_status trend_ols(answer *out, const series *s)
{
    return fit_line(out, s, HST_TREND_OLS);
}

static hst_status trend_newey_west(answer *out, const series *s)
{
    return fit_line(out, s, HST_TREND_NEWEY_WEST);
}

static hst_status trend_prais_winsten(answer *out, const series *s)
{
    return fit_line(out, s, HST_TREND_PRAIS_WINSTEN);
}

/* Mean effect of the points after. */
static hst_status fit_segments(answer *out, const series *s, bool is_hac, bool is_robust,
                               hst_its_season season)
{
    hst_its_series its_series = {.n = s->n, .t = s->t, .y = s->y};
    hst_its_options options = {.season = season,
                               .cycle = 4,
                               .n_interventions = 1,
                               .interventions = {s->t[s->n_before]},
                               .phase_in_from = NAN,
                               .phase_in_to = NAN,
                               .is_hac = is_hac,
                               .is_robust = is_robust,
                               .lag = -1,
                               .is_adjusted = true,
                               .confidence = 95};
    hst_its its;
    hst_effect effect = {0};
    hst_status status = hst_its_fit(&its, &its_series, &options, NULL);

    if (status == HST_OK) {
        status = hst_its_effect(&effect, &its, &its_series, &options, s->n_before, s->n - 1, NULL);
    }
    hst_its_clear(&its);
    *out = (answer){effect.lower, effect.upper, effect.p};
    return status;
}

static hst_status its_ols(answer *out, const series *s)
{
    return fit_segments(out, s, false, false, HST_ITS_NO_SEASON);
}

static hst_status its_newey_west(answer *out, const series *s)
{
    return fit_segments(out, s, true, false, HST_ITS_NO_SEASON);
}

static hst_status its_robust(answer *out, const series *s)
{
    return fit_segments(out, s, true, true, HST_ITS_NO_SEASON);
}

static hst_status its_seasonal(answer *out, const series *s)
{
    return fit_segments(out, s, false, false, HST_ITS_DUMMIES);
}

/* Mean gap to a mixture of 40 areas with noise of the same kind, whose own draws are far behind
 * those of the series. */
static hst_status synthetic(answer *out, const series *s)
{
    double donors[N_DONORS * MAX_POINTS];
    hst_synthetic_input input = {.n_times = s->n,
                                 .n_before = s->n_before,
                                 .n_donors = N_DONORS,
                                 .treated = s->y,
                                 .donors = donors};
    hst_synthetic_tests tests;
    hst_status status = HST_OK;

    for (size_t j = 0; j < N_DONORS; j++) {
        series donor = make_series(PLANTED_STEP, s->kind, s->n, false, s->seed,
                                   (s->draw + 1) * (N_DONORS + 1) * 1000003 + j);

        memcpy(&donors[j * s->n], donor.y, s->n * sizeof *donors);
    }
    status = hst_synthetic_test(&tests, &input, 1, NULL);
    *out = (answer){tests.gap_lower, tests.gap_upper, tests.placebo.p};
    return status;
}

static const struct method {
    const char *name;
    planted what;
    hst_status (*fit)(answer *out, const series *s);
} methods[] = {
    {"trend, OLS", PLANTED_SLOPE, trend_ols},
    {"trend, Newey-West", PLANTED_SLOPE, trend_newey_west},
    {"trend, Prais-Winsten", PLANTED_SLOPE, trend_prais_winsten},
    {"its, OLS", PLANTED_STEP, its_ols},
    {"its, OLS with season", PLANTED_STEP, its_seasonal},
    {"its, Newey-West", PLANTED_STEP, its_newey_west},
    {"synthetic control, 40 donors", PLANTED_STEP, synthetic},
    {"its, robust", PLANTED_STEP, its_robust},
};

#define N_ITEMS(array) (sizeof(array) / sizeof(array)[0])

/* ---- the table ---- */

static void measure(const struct method *method, const noise *kind, size_t n, uint64_t n_draws,
                    uint64_t seed)
{
    size_t n_covered = 0, n_false = 0, n_refused = 0;
    double n_answered = 0;

    for (uint64_t draw = 0; draw < n_draws; draw++) {
        series with = make_series(method->what, kind, n, true, seed, 2 * draw);
        series without = make_series(method->what, kind, n, false, seed, 2 * draw + 1);
        answer a, b;

        if (method->fit(&a, &with) != HST_OK || method->fit(&b, &without) != HST_OK) {
            n_refused++;
            continue;
        }
        n_covered += a.lower <= with.truth && with.truth <= a.upper ? 1 : 0;
        n_false += b.p < 0.05 ? 1 : 0;
    }
    n_answered = (double)(n_draws - n_refused);
    printf("%s\t%s\t%zu\t%.1f\t%.1f\t%zu\n", method->name, kind->name, n,
           100 * (double)n_covered / n_answered, 100 * (double)n_false / n_answered, n_refused);
}

int main(int argc, char **argv)
{
    uint64_t n_draws = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20131;

    if (argc > 3 || n_draws == 0) {
        fputs("usage: bench_coverage [DRAWS] [SEED]\n", stderr);
        return 2;
    }
    printf("method\tnoise\tpoints\tcoverage\tfalse_positives\trefused\n");
    for (size_t i = 0; i < N_ITEMS(methods); i++) {
        for (size_t j = 0; j < N_ITEMS(noises); j++) {
            for (size_t k = 0; k < N_ITEMS(lengths); k++) {
                measure(&methods[i], &noises[j], lengths[k], n_draws, seed);
            }
        }
    }
    return 0;
}
