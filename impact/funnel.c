/* Funnel plots. Units are independent of each other but for over-dispersion, which is additive:
 * units differ by a variance tau2 beyond chance. */
#include "hestia/funnel.h"

#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "impact/order.h"

/* What makes the standard deviation of a unit's value known. */
typedef enum funnel_scale { SQUARE_ROOT, LOGARITHM, ARCSINE, LOG_OF_COUNTS } funnel_scale;

typedef struct funnel {
    funnel_scale scale;
    hst_funnel_type type;
    const double *x, *denominators; /* [n_units] */
    double unit;                    /* what 1 expected is worth: the target for person-time */
    double target, y0;              /* of value / unit, and its transformation */
    double *n;                      /* [n_units]: denominators as the formulas take them */
    double *s, *sorted;             /* [n_units]: standard deviations of z; room */
    size_t n_units;
} funnel;

static double sum_of(const double *values, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += values[i];
    }
    return sum;
}

/* ---- checks ---- */

static hst_status check_numbers(const double *x, const double *n, size_t n_units,
                                hst_funnel_type type, hst_error *err)
{
    if (n_units < 2) {
        return hst_fail(err, HST_REFUSED, "too few units: a funnel takes two");
    }
    for (size_t i = 0; i < n_units; i++) {
        if (!isfinite(x[i]) || !isfinite(n[i])) {
            return hst_fail(err, HST_REFUSED, "a value is missing");
        }
        if (!(n[i] > 0)) {
            return hst_fail(err, HST_REFUSED, "a denominator is not above 0");
        }
        if (x[i] < 0) {
            return hst_fail(err, HST_REFUSED, "a number is below 0");
        }
        if (type == HST_FUNNEL_PROPORTION && x[i] > n[i]) {
            return hst_fail(err, HST_REFUSED, "more events than its denominator in a unit");
        }
    }
    if (type != HST_FUNNEL_RATIO && !(sum_of(x, n_units) > 0)) {
        return hst_fail(err, HST_REFUSED, "no events in any unit");
    }
    return HST_OK;
}

/* ---- transformations ---- */

static double transform(funnel_scale scale, double x, double n)
{
    switch (scale) {
    case SQUARE_ROOT:
        return sqrt(x / n);
    case LOGARITHM:
        return log(x / n);
    case ARCSINE:
        return asin(sqrt(x / n));
    default:
        return log((x + 0.5) / (n + 0.5));
    }
}

static double deviation_of(funnel_scale scale, double x, double n)
{
    switch (scale) {
    case LOGARITHM:
        return 1 / sqrt(n);
    case LOG_OF_COUNTS:
        return sqrt(x / ((x + 0.5) * (x + 0.5)) + n / ((n + 0.5) * (n + 0.5)));
    default:
        return 1 / (2 * sqrt(n));
    }
}

/* A limit as a value, held inside the values that there are: an angle beyond the ends of the scale
 * would turn back. The root's is not squared for a ratio, as in the reference. */
static double carry_back(const funnel *f, double y)
{
    switch (f->scale) {
    case SQUARE_ROOT:
        y = fmax(y, 0);
        return f->type == HST_FUNNEL_RATIO ? y : y * y;
    case ARCSINE:
        y = sin(fmin(fmax(y, 0), M_PI_2));
        return y * y;
    default:
        return exp(y);
    }
}

/* Limits of unit i around the target, at a confidence in percent. */
static hst_limits limits_at(const funnel *f, size_t i, double tau2, double confidence)
{
    double q = qnorm((1 - confidence / 100) / 2, 0, 1, 0, 0);
    double s = f->scale == LOG_OF_COUNTS ? 1 / (2 * sqrt(f->n[i])) : f->s[i];
    double distance = q * sqrt(s * s + tau2);

    return (hst_limits){carry_back(f, f->y0 - distance) * f->unit,
                        carry_back(f, f->y0 + distance) * f->unit};
}

static hst_limits limits_by_chance(const funnel *f, size_t i, double confidence)
{
    hst_limits exact;

    if (f->scale == ARCSINE || f->scale == LOG_OF_COUNTS) {
        return limits_at(f, i, 0, confidence);
    }
    exact = hst_limits_poisson_exact(f->n[i], confidence);
    return (hst_limits){exact.lower / f->n[i] * f->unit, exact.upper / f->n[i] * f->unit};
}

/* ---- over-dispersion ---- */

/* Draws the units beyond the quantiles of type 7 in to them. */
static void winsorise(const funnel *f, hst_funnel_unit *units, double trim)
{
    double last = (double)(f->n_units - 1), lowest = 0, highest = 0;

    for (size_t i = 0; i < f->n_units; i++) {
        f->sorted[i] = units[i].z;
    }
    order_sort(f->sorted, f->n_units);
    lowest = order_at(f->sorted, f->n_units, last * trim);
    highest = order_at(f->sorted, f->n_units, last * (1 - trim));
    for (size_t i = 0; i < f->n_units; i++) {
        units[i].z_trimmed = fmin(fmax(units[i].z, lowest), highest);
    }
}

/* Drops the units at the ends. Equal z share their mean rank, so the order of units is nothing. */
static void drop_ends(const funnel *f, hst_funnel_unit *units, double trim)
{
    for (size_t i = 0; i < f->n_units; i++) {
        double n_below = 0, n_equal = 0, share = 0;

        for (size_t j = 0; j < f->n_units; j++) {
            n_below += units[j].z < units[i].z;
            n_equal += units[j].z == units[i].z;
        }
        /* in units of `trim`, where 0.1 of 39 units is a whole number */
        share = 1 / trim * (n_below + (n_equal + 1) / 2) / (double)(f->n_units + 1);
        units[i].z_trimmed = trim > 0 && (share < 1 || share >= 1 / trim - 1) ? NAN : units[i].z;
    }
}

/* phi and tau2 of the units that are left. */
static hst_status find_dispersion(hst_funnel *out, const funnel *f, const hst_funnel_unit *units,
                                  hst_error *err)
{
    double squares = 0, sum_u = 0, sum_u2 = 0, n_left = 0;

    for (size_t i = 0; i < f->n_units; i++) {
        double u = 1 / (f->s[i] * f->s[i]);

        if (isnan(units[i].z_trimmed)) {
            continue;
        }
        if (!isfinite(units[i].z_trimmed)) {
            return hst_fail(err, HST_REFUSED,
                            "nothing observed in more units than are trimmed: no log of it");
        }
        squares += units[i].z_trimmed * units[i].z_trimmed;
        sum_u += u;
        sum_u2 += u * u;
        n_left++;
    }
    if (n_left < 2) {
        return hst_fail(err, HST_REFUSED, "too few units: fewer than two are left when trimmed");
    }
    out->phi = squares / n_left;
    out->tau2 = fmax(0, (squares - (n_left - 1)) / (sum_u - sum_u2 / sum_u));
    return HST_OK;
}

/* ---- units ---- */

static hst_limits own_limits(const funnel *f, size_t i, double confidence)
{
    hst_limits limits;

    if (f->type == HST_FUNNEL_PROPORTION) {
        return hst_limits_wilson(f->x[i], f->denominators[i], confidence);
    }
    limits = hst_limits_poisson(f->x[i], confidence);
    return (hst_limits){limits.lower / f->denominators[i], limits.upper / f->denominators[i]};
}

static const char *flag_of(const funnel *f, size_t i)
{
    hst_limits of95 = own_limits(f, i, 95), of998 = own_limits(f, i, 99.8);
    double target = f->target * f->unit;

    return of998.upper < target   ? "Low (0.001)"
           : of998.lower > target ? "High (0.001)"
           : of95.upper < target  ? "Low (0.025)"
           : of95.lower > target  ? "High (0.025)"
                                  : "Not significant";
}

static void judge(const funnel *f, hst_funnel_unit *units, const hst_funnel *out)
{
    for (size_t i = 0; i < f->n_units; i++) {
        hst_funnel_unit *unit = &units[i];
        const hst_limits *outer = &unit->limits998;

        unit->limits95 = limits_by_chance(f, i, 95);
        unit->limits998 = limits_by_chance(f, i, 99.8);
        unit->od95 = unit->od998 = (hst_limits){NAN, NAN};
        if (!isnan(out->tau2)) {
            unit->od95 = limits_at(f, i, out->tau2, 95);
            unit->od998 = limits_at(f, i, out->tau2, 99.8);
            outer = &unit->od998;
        }
        unit->flag = flag_of(f, i);
        unit->is_outlier = unit->value < outer->lower || unit->value > outer->upper;
    }
}

/* Chooses scale and target, and denominators in their terms. */
static hst_status set_up(funnel *f, hst_funnel_dispersion dispersion, hst_error *err)
{
    double pooled = sum_of(f->x, f->n_units) / sum_of(f->denominators, f->n_units);

    f->scale = f->type == HST_FUNNEL_PROPORTION ? ARCSINE
               : f->type == HST_FUNNEL_RATE     ? LOG_OF_COUNTS
               : dispersion == HST_FUNNEL_SHMI  ? LOGARITHM
                                                : SQUARE_ROOT;
    f->unit = f->type == HST_FUNNEL_PERSON_TIME ? pooled : 1;
    f->target = f->scale == ARCSINE || f->scale == LOG_OF_COUNTS ? pooled : 1;
    f->y0 = f->scale == LOG_OF_COUNTS ? log(f->target) : transform(f->scale, f->target, 1);
    for (size_t i = 0; i < f->n_units; i++) {
        f->n[i] = f->denominators[i] * f->unit;
        if (f->scale == LOGARITHM) {
            f->n[i] = round(f->n[i] * 100) / 100;
        }
        if (!(f->n[i] > 0)) {
            return hst_fail(err, HST_REFUSED, "less than 0.005 expected in a unit");
        }
        f->s[i] = deviation_of(f->scale, f->x[i], f->n[i]);
    }
    return HST_OK;
}

hst_status hst_funnel_compute(hst_funnel *out, hst_funnel_unit *units, const double *x,
                              const double *n, size_t n_units, hst_funnel_type type,
                              hst_funnel_dispersion dispersion, double trim, hst_error *err)
{
    funnel f = {.type = type, .x = x, .denominators = n, .n_units = n_units};
    hst_status status = check_numbers(x, n, n_units, type, err);

    *out = (hst_funnel){NAN, NAN, NAN};
    if (dispersion == HST_FUNNEL_SHMI && type != HST_FUNNEL_RATIO) {
        return hst_fail(err, HST_ERR_ARGUMENT, "shmi is of observed over expected");
    }
    if (!(trim >= 0 && trim < 0.5)) {
        return hst_fail(err, HST_ERR_ARGUMENT, "trim is a share from 0 to below 0.5");
    }
    if (status != HST_OK) {
        return status;
    }
    f.n = calloc(n_units, sizeof *f.n);
    f.s = calloc(n_units, sizeof *f.s);
    f.sorted = calloc(n_units, sizeof *f.sorted);
    if (!f.n || !f.s || !f.sorted) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a funnel of %zu units", n_units);
        goto done;
    }
    if ((status = set_up(&f, dispersion, err)) != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < n_units; i++) {
        units[i] = (hst_funnel_unit){.value = x[i] / n[i]};
        units[i].z = (transform(f.scale, x[i], f.n[i]) - f.y0) / f.s[i];
        units[i].z_trimmed = units[i].z;
    }
    if (dispersion == HST_FUNNEL_SHMI) {
        drop_ends(&f, units, trim);
    } else if (dispersion == HST_FUNNEL_CQC) {
        winsorise(&f, units, trim);
    }
    out->target = f.target * f.unit;
    if (dispersion != HST_FUNNEL_PLAIN &&
        (status = find_dispersion(out, &f, units, err)) != HST_OK) {
        goto done;
    }
    judge(&f, units, out);

done:
    free(f.n);
    free(f.s);
    free(f.sorted);
    return status;
}
