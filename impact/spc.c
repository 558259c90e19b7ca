/* XmR charts. A chart is a series, or the part of it between two points of rebasing: no moving
 * range and no rule runs across. Points are taken to be successive, whatever lies between them. */
#include "hestia/spc.h"

#include <math.h>

static const double limit_factor = 2.66;    /* 3 / d2, with d2 = 1.128 for ranges of two */
static const double outlier_factor = 3.267; /* D4: the upper limit of moving ranges */

enum { RUN = 7 };

typedef struct chart {
    const double *y;
    hst_spc_point *points;
    size_t n;
} chart;

/* The second pass takes off the rounding of the first, so that a constant series has itself as its
 * mean and no point lies above or below. */
static double mean_of(const double *y, size_t n)
{
    double sum = 0, rest = 0;

    for (size_t i = 0; i < n; i++) {
        sum += y[i];
    }
    for (size_t i = 0; i < n; i++) {
        rest += y[i] - sum / (double)n;
    }
    return sum / (double)n + rest / (double)n;
}

/* Mean of the moving ranges below `bound`; NAN when there is none. */
static double mean_moving_range(const double *y, size_t n, double bound)
{
    double sum = 0;
    size_t n_ranges = 0;

    for (size_t i = 1; i < n; i++) {
        double range = fabs(y[i] - y[i - 1]);

        if (range < bound) {
            sum += range;
            n_ranges++;
        }
    }
    return n_ranges > 0 ? sum / (double)n_ranges : NAN;
}

static void set_limits(const chart *c, size_t n_fixed, bool is_screened)
{
    size_t n = n_fixed > 0 && n_fixed < c->n ? n_fixed : c->n;
    double mean = mean_of(c->y, n), range = mean_moving_range(c->y, n, INFINITY);

    if (is_screened) {
        range = mean_moving_range(c->y, n, outlier_factor * range);
    }
    for (size_t i = 0; i < c->n; i++) {
        c->points[i] = (hst_spc_point){
            .mean = mean,
            .lower = mean - limit_factor * range,
            .upper = mean + limit_factor * range,
            .n_charted = c->n,
        };
    }
}

/* 1 above the mean, -1 below, 0 on it. */
static int side_of(const chart *c, size_t i)
{
    return (c->y[i] > c->points[i].mean) - (c->y[i] < c->points[i].mean);
}

/* 1 for a rise from the point before, -1 for a fall. */
static int step_to(const chart *c, size_t i)
{
    return i == 0 ? 0 : (c->y[i] > c->y[i - 1]) - (c->y[i] < c->y[i - 1]);
}

static bool is_outside(const chart *c, size_t i)
{
    return c->y[i] > c->points[i].upper || c->y[i] < c->points[i].lower;
}

/* Beyond two thirds of the way to a limit, but not outside it. */
static bool is_near_limit(const chart *c, size_t i)
{
    const hst_spc_point *p = &c->points[i];

    return !is_outside(c, i) && (c->y[i] > p->mean + (p->upper - p->mean) * 2 / 3 ||
                                 c->y[i] < p->mean - (p->mean - p->lower) * 2 / 3);
}

/* A rule of lower precedence leaves what another has found. */
static void mark(const chart *c, size_t i, hst_spc_cause cause, bool is_high)
{
    if (c->points[i].cause == HST_SPC_COMMON) {
        c->points[i].cause = cause;
        c->points[i].is_high = is_high;
    }
}

static void mark_outside(const chart *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (is_outside(c, i)) {
            mark(c, i, HST_SPC_ASTRONOMICAL, side_of(c, i) > 0);
        }
    }
}

/* Marks all points of runs in one direction (1 or -1): `direction_of` says each point's, and the
 * run begins `n_before` points before the first that has it. */
static void mark_runs(const chart *c, int (*direction_of)(const chart *, size_t), int direction,
                      size_t n_before, hst_spc_cause cause)
{
    size_t length = 0;

    for (size_t i = 0; i < c->n; i++) {
        length = direction_of(c, i) == direction ? length + 1 : 0;
        if (length + n_before >= RUN) {
            for (size_t back = 0; back < RUN; back++) {
                mark(c, i - back, cause, direction > 0);
            }
        }
    }
}

static void mark_two_in_three(const chart *c)
{
    for (size_t i = 0; i + 3 <= c->n; i++) {
        int side = side_of(c, i);
        int n_near = 0;

        for (size_t j = i; j < i + 3; j++) {
            n_near += is_near_limit(c, j);
            side = side_of(c, j) == side ? side : 0;
        }
        for (size_t j = i; j < i + 3 && n_near >= 2 && side != 0; j++) {
            if (is_near_limit(c, j)) {
                mark(c, j, HST_SPC_TWO_IN_THREE, side > 0);
            }
        }
    }
}

static void mark_causes(const chart *c)
{
    mark_outside(c);
    mark_runs(c, step_to, 1, 1, HST_SPC_TREND);
    mark_runs(c, step_to, -1, 1, HST_SPC_TREND);
    mark_two_in_three(c);
    mark_runs(c, side_of, 1, 0, HST_SPC_SHIFT);
    mark_runs(c, side_of, -1, 0, HST_SPC_SHIFT);
}

hst_status hst_spc_chart(hst_spc_point *points, const double *y, size_t n,
                         const hst_spc_options *options, hst_error *err)
{
    size_t first = 0;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(y[i])) {
            return hst_fail(err, HST_REFUSED, "a value is missing");
        }
    }
    if (options->n_fixed == 1 || n < 2) {
        return hst_fail(err, HST_REFUSED, "too few points: limits take two");
    }
    while (first < n) {
        chart c = {&y[first], &points[first], 1};

        while (first + c.n < n && !(options->is_rebased && options->is_rebased[first + c.n])) {
            c.n++;
        }
        if (c.n < 2) {
            return hst_fail(err, HST_REFUSED, "too few points: one alone between two rebasings");
        }
        set_limits(&c, options->n_fixed, options->is_screened);
        mark_causes(&c);
        first += c.n;
    }
    return HST_OK;
}

const char *hst_spc_cause_name(const hst_spc_point *point)
{
    static const char *const names[][2] = {
        [HST_SPC_COMMON] = {"Common Cause", "Common Cause"},
        [HST_SPC_ASTRONOMICAL] = {"Below LCL", "Above UCL"},
        [HST_SPC_TREND] = {"7 Point Trend (Decreasing)", "7 Point Trend (Increasing)"},
        [HST_SPC_TWO_IN_THREE] = {"2 in 3 Below CL", "2 in 3 Above CL"},
        [HST_SPC_SHIFT] = {"7 Points Below CL", "7 Points Above CL"},
    };

    return names[point->cause][point->is_high];
}

const char *hst_spc_judgement(const hst_spc_point *point, hst_direction direction)
{
    if (point->cause == HST_SPC_COMMON) {
        return "none";
    }
    if (direction == HST_DIRECTION_NEUTRAL) {
        return "neither";
    }
    return point->is_high == (direction == HST_DIRECTION_HIGHER_IS_BETTER) ? "improvement"
                                                                           : "concern";
}
