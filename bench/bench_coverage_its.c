/* Coverage of the limits of segmented regression, and how often it finds what is not there, on
 * series of known truth: counts around 100 a point in quarters, with a slow trend, a date in the
 * middle, and from there on a fall of 15 % (coverage) or none (false findings).
 *
 *     bench_coverage_its [DRAWS]
 *
 * One row for each kind of series, length and method, tab-separated. All numbers come from the seed
 * and their place, so the table is the same on every machine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/segmented.h"
#include "impact/draw.h"

enum { LONGEST = 40, SEED = 20101001, N_LENGTHS = 4, N_METHODS = 7 };

/* What a series is like beside its trend and its step. */
typedef struct kind {
    const char *name;
    double noise;           /* standard deviation of the log of the mean; 0: Poisson alone */
    double autocorrelation; /* of that noise, lag 1 */
    double season;          /* half the range of the log of the mean over the year */
    bool is_season_modelled;
} kind;

static const kind kinds[] = {
    {"independent", 0, 0, 0, false},
    {"over-dispersed", 0.1, 0, 0, false},
    {"autocorrelated 0.3", 0.1, 0.3, 0, false},
    {"autocorrelated 0.6", 0.1, 0.6, 0, false},
    {"seasonal, modelled", 0, 0, 0.1, true},
    {"seasonal, not modelled", 0, 0, 0.1, false},
    {"all of these", 0.1, 0.3, 0.1, true},
};

static const size_t lengths[N_LENGTHS] = {12, 16, 24, 40};

static const struct method {
    const char *name;
    hst_its_model model;
    bool is_hac, is_robust;
} methods[N_METHODS] = {
    {"ols", HST_ITS_OLS, false, false},
    {"ols, robust", HST_ITS_OLS, true, true},
    {"poisson", HST_ITS_POISSON, false, false},
    {"quasi-poisson", HST_ITS_QUASIPOISSON, false, false},
    {"quasi-poisson, newey-west", HST_ITS_QUASIPOISSON, true, false},
    {"quasi-poisson, robust", HST_ITS_QUASIPOISSON, true, true},
    {"negbin", HST_ITS_NEGBIN, false, false},
};

/* A series and its truth. */
typedef struct sample {
    double t[LONGEST], y[LONGEST];
    double with, without;         /* mean of the point at the date, with the step and without */
    double sum_with, sum_without; /* of all points from the date on */
} sample;

static sample draw(const kind *k, size_t n, double step, uint64_t series)
{
    sample s = {0};
    double noise = 0, fresh = sqrt(1 - k->autocorrelation * k->autocorrelation);

    for (size_t i = 0; i < n; i++) {
        double shock = qnorm(hst_draw_uniform(SEED, series, 2 * i), 0, 1, 1, 0);
        double season = k->season * sin(6.283185307179586 * (double)(i % 4) / 4);
        double mean = exp(log(100) + 0.003 * (double)i + season);
        double factor = i >= n / 2 ? exp(step) : 1;

        noise = i == 0 ? shock : k->autocorrelation * noise + fresh * shock;
        s.t[i] = (double)i + 1;
        /* the noise has mean 1, so that the truth is the mean */
        s.y[i] = qpois(hst_draw_uniform(SEED, series, 2 * i + 1),
                       mean * factor * exp(k->noise * noise - k->noise * k->noise / 2), 1, 0);
        if (i == n / 2) {
            s.with = mean * factor;
            s.without = mean;
        }
        if (i >= n / 2) {
            s.sum_with += mean * factor;
            s.sum_without += mean;
        }
    }
    return s;
}

/* How often each of two answers, the level and the mean effect, was right. */
typedef struct tally {
    size_t n, n_level, n_effect;
} tally;

static bool is_inside(double lower, double truth, double upper)
{
    return lower <= truth && truth <= upper;
}

static void add(tally *out, const kind *k, const struct method *m, size_t n, const sample *s)
{
    bool is_line = m->model == HST_ITS_OLS;
    bool has_two_years = n / 2 >= 8;
    hst_its_options options = {.model = m->model,
                               .season = k->is_season_modelled && has_two_years ? HST_ITS_DUMMIES
                                                                                : HST_ITS_NO_SEASON,
                               .cycle = 4,
                               .n_interventions = 1,
                               .interventions = {(double)(n / 2) + 1},
                               .phase_in_from = NAN,
                               .phase_in_to = NAN,
                               .is_hac = m->is_hac,
                               .is_robust = m->is_robust,
                               .lag = -1,
                               .is_adjusted = true,
                               .confidence = 95};
    hst_its_series series = {.n = n, .t = s->t, .y = s->y};
    hst_its its;
    hst_effect effect;

    if (hst_its_fit(&its, &series, &options, NULL) != HST_OK) {
        return;
    }
    if (hst_its_effect(&effect, &its, &series, &options, 0, n - 1, NULL) == HST_OK) {
        double level = is_line ? s->with - s->without : log(s->with / s->without);
        double mean = is_line ? (s->sum_with - s->sum_without) / (double)(n - n / 2)
                              : s->sum_with / s->sum_without;

        out->n++;
        out->n_level += is_inside(its.terms[2].lower, level, its.terms[2].upper) ? 1 : 0;
        out->n_effect += is_inside(effect.lower, mean, effect.upper) ? 1 : 0;
    }
    hst_its_clear(&its);
}

static double percent(size_t part, size_t all)
{
    return 100 * (double)part / (double)all;
}

int main(int argc, char **argv)
{
    size_t draws = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;

    if (argc > 2 || draws == 0) {
        fputs("usage: bench_coverage_its [DRAWS]\n", stderr);
        return 2;
    }
    printf("series\tpoints\tmethod\tlevel_coverage\teffect_coverage\tlevel_false\teffect_false\t"
           "refused\n");
    for (size_t a = 0; a < sizeof kinds / sizeof kinds[0]; a++) {
        for (size_t b = 0; b < N_LENGTHS; b++) {
            tally with[N_METHODS] = {{0}}, without[N_METHODS] = {{0}};

            for (size_t i = 0; i < draws; i++) {
                sample fall = draw(&kinds[a], lengths[b], log(0.85), i);
                sample none = draw(&kinds[a], lengths[b], 0, draws + i);

                for (size_t m = 0; m < N_METHODS; m++) {
                    add(&with[m], &kinds[a], &methods[m], lengths[b], &fall);
                    add(&without[m], &kinds[a], &methods[m], lengths[b], &none);
                }
            }
            for (size_t m = 0; m < N_METHODS; m++) {
                const tally *w = &with[m], *o = &without[m];

                printf("%s\t%zu\t%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", kinds[a].name, lengths[b],
                       methods[m].name, percent(w->n_level, w->n), percent(w->n_effect, w->n),
                       percent(o->n - o->n_level, o->n), percent(o->n - o->n_effect, o->n),
                       percent(2 * draws - w->n - o->n, 2 * draws));
            }
        }
    }
    return 0;
}
