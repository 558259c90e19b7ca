/* Coverage of the limits of difference-in-differences and of plain before and after, and how often
 * they find what is not there, on panels of known truth: 20 areas with 40 to 250 events a quarter
 * (the treated one 100) and a slow trend in common, a date in the middle, and from there on a fall
 * of 15 % in the treated area (coverage) or none (false findings).
 *
 *     bench_coverage_did [DRAWS]
 *
 * One row for each kind of series, length and method, tab-separated. All numbers come from the seed
 * and their place, so the table is the same on every machine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/before_after.h"
#include "hestia/did.h"
#include "impact/draw.h"

enum { N_AREAS = 20, LONGEST = 40, N_CELLS = N_AREAS * LONGEST, SEED = 20101001, N_LENGTHS = 5 };

/* What a series is like beside its trend and its step; noise is each area's own, season common. */
typedef struct kind {
    const char *name;
    double noise;           /* standard deviation of the log of the mean; 0: Poisson alone */
    double autocorrelation; /* of that noise, lag 1 */
    double season;          /* half the range of the log of the mean over the year */
} kind;

static const kind kinds[] = {
    {"independent", 0, 0, 0},
    {"over-dispersed", 0.1, 0, 0},
    {"autocorrelated 0.3", 0.1, 0.3, 0},
    {"autocorrelated 0.6", 0.1, 0.6, 0},
    {"seasonal", 0, 0, 0.1},
    {"all of these", 0.1, 0.3, 0.1},
};

static const size_t lengths[N_LENGTHS] = {12, 16, 24, 32, 40};

enum method {
    DID_MODEL,
    DID_QUASI,
    DID_CLUSTER,
    DID_PLACEBO,
    BEFORE_EXACT,
    BEFORE_WALD,
    N_METHODS
};

static const char *const method_names[N_METHODS] = {"did, model",      "did, quasi",
                                                    "did, cluster",    "did, placebo",
                                                    "pre-post, exact", "pre-post, wald"};

/* A panel, area 0 treated. */
typedef struct sample {
    size_t n_times;
    double y[N_CELLS];
    bool is_treated[N_AREAS], is_post[LONGEST];
} sample;

static void draw(sample *s, const kind *k, size_t n_times, double step, uint64_t panel)
{
    double fresh = sqrt(1 - k->autocorrelation * k->autocorrelation);

    s->n_times = n_times;
    for (size_t a = 0; a < N_AREAS; a++) {
        double level = a == 0 ? 100 : 40 * pow(250.0 / 40, ((double)a - 1) / (N_AREAS - 2));
        double noise = 0;

        s->is_treated[a] = a == 0;
        for (size_t t = 0; t < n_times; t++) {
            uint64_t series = panel * N_AREAS + a;
            double shock = qnorm(hst_draw_uniform(SEED, series, 2 * t), 0, 1, 1, 0);
            double season = k->season * sin(6.283185307179586 * (double)(t % 4) / 4);
            double mean = level * exp(0.003 * (double)t + season);

            s->is_post[t] = t >= n_times / 2;
            noise = t == 0 ? shock : k->autocorrelation * noise + fresh * shock;
            if (a == 0 && s->is_post[t]) {
                mean *= exp(step);
            }
            s->y[a * n_times + t] =
                qpois(hst_draw_uniform(SEED, series, 2 * t + 1),
                      mean * exp(k->noise * noise - k->noise * k->noise / 2), 1, 0);
        }
    }
}

/* Panels answered, and limits that hold the truth (of a placebo test: ranks above 5 %). */
typedef struct tally {
    size_t n, n_right;
} tally;

static void add_limits(tally *out, hst_status status, const hst_effect *effect, double truth)
{
    if (status == HST_OK) {
        out->n++;
        out->n_right += effect->lower <= truth && truth <= effect->upper;
    }
}

static void add_did(tally out[N_METHODS], const sample *s, double truth)
{
    static const hst_did_variance variances[] = {HST_DID_MODEL, HST_DID_QUASI, HST_DID_CLUSTER};
    hst_did_panel panel = {.n_areas = N_AREAS,
                           .n_times = s->n_times,
                           .y = s->y,
                           .is_treated = s->is_treated,
                           .is_post = s->is_post};
    hst_placebo placebo;
    hst_did did;

    for (size_t m = DID_MODEL; m <= DID_CLUSTER; m++) {
        hst_status status =
            hst_did_fit(&did, &panel, HST_DID_COUNTS, HST_DID_TWO_WAY, variances[m], 95, NULL);

        add_limits(&out[m], status, &did.effect, truth);
    }
    if (hst_did_placebo(&placebo, &panel, HST_DID_COUNTS, HST_DID_TWO_WAY, NULL) == HST_OK) {
        out[DID_PLACEBO].n++;
        out[DID_PLACEBO].n_right += placebo.p > 0.0500001; /* the strongest of 20 has 0.05 */
    }
}

static void add_before_after(tally out[N_METHODS], const sample *s, double truth)
{
    double events[2] = {0}, n_points = (double)(s->n_times / 2);
    double person_time[2] = {n_points, n_points}; /* lengths are even */
    hst_before_after b;

    for (size_t t = 0; t < s->n_times; t++) {
        events[s->is_post[t]] += s->y[t];
    }
    for (size_t m = BEFORE_EXACT; m <= BEFORE_WALD; m++) {
        hst_status status =
            hst_before_after_counts(&b, events, person_time,
                                    m == BEFORE_EXACT ? HST_RATIO_EXACT : HST_RATIO_WALD, 95, NULL);

        add_limits(&out[m], status, &b.ratio, truth);
    }
}

static double percent(size_t part, size_t all)
{
    return 100 * (double)part / (double)all;
}

int main(int argc, char **argv)
{
    size_t draws = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    static sample s;

    if (argc > 2 || draws == 0) {
        fputs("usage: bench_coverage_did [DRAWS]\n", stderr);
        return 2;
    }
    printf("series\tpoints\tmethod\tcoverage\tfalse\n");
    for (size_t a = 0; a < sizeof kinds / sizeof kinds[0]; a++) {
        for (size_t b = 0; b < N_LENGTHS; b++) {
            tally with[N_METHODS] = {{0}}, without[N_METHODS] = {{0}};

            for (size_t i = 0; i < draws; i++) {
                draw(&s, &kinds[a], lengths[b], log(0.85), i);
                add_did(with, &s, 0.85);
                add_before_after(with, &s, 0.85);
                draw(&s, &kinds[a], lengths[b], 0, draws + i);
                add_did(without, &s, 1);
                add_before_after(without, &s, 1);
            }
            for (size_t m = 0; m < N_METHODS; m++) {
                const tally *w = &with[m], *o = &without[m];

                /* A placebo test has no limits; what it misses is the column of coverage's. */
                printf("%s\t%zu\t%s\t%.1f\t%.1f\n", kinds[a].name, lengths[b], method_names[m],
                       percent(m == DID_PLACEBO ? w->n - w->n_right : w->n_right, w->n),
                       percent(o->n - o->n_right, o->n));
            }
            fflush(stdout);
        }
    }
    return 0;
}
