/*
 * What the screen for recording breaks finds and what it cries wolf at:
 *
 *     bench_screen [SERIES] [SPEED_SERIES] [SEED]
 *
 * Clean series of several kinds, SERIES of each (2000), tab-separated: kind, months, series, share
 * of single tests with p below 0.05, 0.01 and 0.001, suspects of the whole screen (q below 0.01, 20
 * %). Then series with a break planted in one of ten, by size and by months before and after:
 * planted, found (within two months of the truth), suspects among the others. Then time:
 * SPEED_SERIES (300000) series of 120 months on all threads: series, seconds, series/s.
 *
 * Counts are Poisson about level x growth x season x exp(noise), levels from 6 to 600 a month;
 * noise is normal and depends on the month before. Everything is drawn from SEED
 * (1, which the thresholds were chosen with); the null distribution from seed 1.
 */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "hestia/screen.h"
#include "impact/draw.h"
#include "impact/step.h"

enum { SEED = 1, N_LENGTHS = 3 };

static const hst_screen_options screen_options = {
    .max_p = 0.01, .min_size = 0.20, .min_monthly = 5, .n_draws = 9999, .seed = SEED};

typedef struct kind {
    const char *name;
    double noise, correlation, season, growth, later_growth, odd;
} kind;

static const kind kinds[] = {
    {"poisson", 0, 0, 0, 0, 0, 0},
    {"over-dispersed", 0.15, 0, 0, 0, 0, 0},
    {"correlation 0.4", 0.15, 0.4, 0, 0, 0, 0},
    {"correlation 0.7", 0.12, 0.7, 0, 0, 0, 0},
    {"season, growth 5 %, correlation 0.4", 0.10, 0.4, 0.15, 0.05, 0.05, 0},
    {"growth from 0 to 12 % a year", 0.05, 0.4, 0.1, 0, 0.12, 0},
    {"one month in 50 odd", 0.05, 0.4, 0.1, 0, 0, 0.02},
};

enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct planting {
    double size;
    size_t every, month; /* one series in so many; 0: none */
} planting;

static uint64_t next_seed = SEED;

/* [n][n_months], of a kind. */
static void draw_counts(uint32_t *counts, size_t n, size_t n_months, const kind *k,
                        const planting *planted)
{
    uint64_t seed = hst_mix(next_seed++);

#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) {
        double level = 6 * pow(100, hst_draw_uniform(seed, i, 1u << 20)), noise = 0, growth = 0;
        bool is_planted = planted->every > 0 && i % planted->every == 0;

        for (size_t t = 0; t < n_months; t++) {
            double z = qnorm(hst_draw_uniform(seed, i, 4 * t), 0, 1, 1, 0), mean = 0;
            double odd = hst_draw_uniform(seed, i, 4 * t + 1);

            noise =
                t == 0 ? z : k->correlation * noise + sqrt(1 - k->correlation * k->correlation) * z;
            growth += (2 * t < n_months ? k->growth : k->later_growth) / 12;
            mean =
                level * exp(growth + k->season * cos(2 * M_PI * (double)t / 12) + k->noise * noise);
            mean *= odd < k->odd / 2 ? 0.1 : odd < k->odd ? 2 : 1;
            mean *= is_planted && t >= planted->month ? 1 + planted->size : 1;
            counts[i * n_months + t] =
                (uint32_t)qpois(hst_draw_uniform(seed, i, 4 * t + 2), mean, 1, 0);
        }
    }
}

/* Every series a provider of its own. */
static bool make_activity(hst_activity *a, size_t n, size_t n_months)
{
    *a =
        (hst_activity){.first = hst_period_of(HST_BY_MONTH, hst_date_from_civil(2001, 4, 1)),
                       .n_months = n_months,
                       .n_series = n,
                       .is_incomplete = calloc(HST_N_DATASETS * n_months, sizeof *a->is_incomplete),
                       .series = calloc(n, sizeof *a->series),
                       .counts = calloc(n * n_months, sizeof *a->counts)};
    if (!a->is_incomplete || !a->series || !a->counts) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        a->series[i] =
            (hst_activity_series){.dataset = HST_DATASET_OP, .counts = a->counts + i * n_months};
        snprintf(a->series[i].provider, sizeof a->series[i].provider, "P%07u", (unsigned)i);
        snprintf(a->series[i].specialty, sizeof a->series[i].specialty, "300");
    }
    return true;
}

static void clear_activity(hst_activity *a)
{
    free(a->is_incomplete);
    free(a->series);
    free(a->counts);
}

/* Shares of single tests below three p. */
static hst_status test_all(double *shares, const hst_activity *a, const hst_step_null *null,
                           hst_error *err)
{
    static const double levels[] = {0.05, 0.01, 0.001};
    hst_step_frame *frame = NULL;
    size_t months[120];
    double counts[120];
    hst_status status = HST_OK;

    for (size_t t = 0; t < a->n_months; t++) {
        months[t] = t;
    }
    memset(shares, 0, 3 * sizeof *shares);
    status = hst_step_frame_create(&frame, months, a->n_months, err);
    for (size_t i = 0; i < a->n_series && status == HST_OK; i++) {
        hst_step step;

        for (size_t t = 0; t < a->n_months; t++) {
            counts[t] = a->series[i].counts[t];
        }
        status = hst_step_test(&step, frame, null, counts, 0, err);
        for (size_t j = 0; j < 3; j++) {
            shares[j] += (step.p < levels[j]) / (double)a->n_series;
        }
    }
    hst_step_frame_free(frame);
    return status;
}

static hst_status run_clean(size_t n, hst_error *err)
{
    static const size_t lengths[N_LENGTHS] = {36, 60, 120};
    const planting none = {0};
    hst_status status = HST_OK;

    printf("kind\tmonths\tseries\tp < 0.05\tp < 0.01\tp < 0.001\tsuspects\n");
    for (size_t l = 0; l < N_LENGTHS && status == HST_OK; l++) {
        hst_step_null *null = NULL;

        status = hst_step_null_create(&null, lengths[l], screen_options.n_draws, SEED,
                                      omp_get_max_threads(), err);
        for (size_t k = 0; k < N_KINDS && status == HST_OK; k++) {
            hst_activity a;
            hst_breaks *breaks = NULL;
            double shares[3];

            if (!make_activity(&a, n, lengths[l])) {
                return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu series", n);
            }
            draw_counts(a.counts, n, lengths[l], &kinds[k], &none);
            status = test_all(shares, &a, null, err);
            if (status == HST_OK) {
                status = hst_screen(&breaks, &a, &screen_options, omp_get_max_threads(), err);
            }
            if (status == HST_OK) {
                printf("%s\t%zu\t%zu\t%.4f\t%.4f\t%.4f\t%zu\n", kinds[k].name, lengths[l],
                       breaks->n_screened, shares[0], shares[1], shares[2], breaks->n);
            }
            hst_breaks_free(breaks);
            clear_activity(&a);
        }
        hst_step_null_free(null);
    }
    return status;
}

/* What is told of series with a planted break, within two months and further away, and of others.
 */
typedef struct told {
    size_t found, elsewhere, others;
} told;

static told sort_suspects(const hst_breaks *breaks, const hst_activity *a, const planting *p)
{
    told sum = {0};

    for (size_t i = 0; i < breaks->n; i++) {
        int month = hst_month_index(a->first.start, breaks->items[i].month.start);
        bool is_planted = strtoul(breaks->items[i].provider + 1, NULL, 10) % p->every == 0;
        bool is_near = abs(month - (int)p->month) <= 2;

        sum.found += is_planted && is_near;
        sum.elsewhere += is_planted && !is_near;
        sum.others += !is_planted;
    }
    return sum;
}

static hst_status run_planted(size_t n, const kind *k, hst_error *err)
{
    static const double sizes[] = {0.40, 0.67, -0.35};
    static const struct {
        size_t n_months, month;
    } places[] = {{36, 6}, {36, 12}, {36, 24}, {36, 30}, {60, 30}, {120, 6}, {120, 60}, {120, 108}};
    hst_status status = HST_OK;

    printf("kind\tsize\tbefore\tafter\tplanted\tfound\telsewhere\tin others\n");
    for (size_t i = 0; i < 3 * sizeof places / sizeof places[0] && status == HST_OK; i++) {
        planting p = {sizes[i % 3], 10, places[i / 3].month};
        size_t n_months = places[i / 3].n_months;
        hst_activity a;
        hst_breaks *breaks = NULL;

        if (!make_activity(&a, n, n_months)) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu series", n);
        }
        draw_counts(a.counts, n, n_months, k, &p);
        status = hst_screen(&breaks, &a, &screen_options, omp_get_max_threads(), err);
        if (status == HST_OK) {
            told sum = sort_suspects(breaks, &a, &p);

            printf("%s\t%+.0f %%\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\n", k->name, 100 * p.size, p.month,
                   n_months - p.month, (n + p.every - 1) / p.every, sum.found, sum.elsewhere,
                   sum.others);
        }
        hst_breaks_free(breaks);
        clear_activity(&a);
    }
    return status;
}

static hst_status run_speed(size_t n, hst_error *err)
{
    planting p = {0.4, 1000, 60};
    hst_activity a;
    hst_breaks *breaks = NULL;
    hst_status status = HST_OK;
    double begin = 0;

    if (!make_activity(&a, n, 120)) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu series", n);
    }
    draw_counts(a.counts, n, 120, &kinds[4], &p);
    begin = omp_get_wtime();
    status = hst_screen(&breaks, &a, &screen_options, omp_get_max_threads(), err);
    if (status == HST_OK) {
        double seconds = omp_get_wtime() - begin;

        printf("screen, %d threads\t%zu series\t%.2f s\t%.0f series/s\t%zu suspects\n",
               omp_get_max_threads(), n, seconds, (double)n / seconds, breaks->n);
    }
    hst_breaks_free(breaks);
    clear_activity(&a);
    return status;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 2000, n_speed = argc > 2 ? atol(argv[2]) : 300000;
    hst_error err = {0};

    next_seed = argc > 3 ? strtoull(argv[3], NULL, 10) : SEED;
    if (n < 10 || n_speed < 0) {
        fprintf(stderr, "usage: bench_screen [SERIES] [SPEED_SERIES] [SEED]\n");
        return 2;
    }
    if (run_clean((size_t)n, &err) != HST_OK || run_planted((size_t)n, &kinds[0], &err) != HST_OK ||
        run_planted((size_t)n, &kinds[4], &err) != HST_OK ||
        (n_speed > 0 && run_speed((size_t)n_speed, &err) != HST_OK)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    return 0;
}
