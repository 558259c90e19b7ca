/* Difference-in-differences: the error of the effect, and its rank among those of the controls. */
#include "hestia/did.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "impact/did_internal.h"

/* Sums of squares of which so small a part is left are 0 but for rounding. */
static const double nothing_left = 1e-20;

/* ---- the error ---- */

/* sum of (y - mu)^2 / mu, of values without the divisor; 0 when there is nothing but rounding. */
static double sum_of_residuals(const did_fit *f)
{
    double sum = 0, size = 0;

    for (size_t i = 0; i < f->n; i++) {
        double divisor = f->outcome == HST_DID_COUNTS ? f->mu[i] : 1;

        sum += (f->y[i] - f->mu[i]) * (f->y[i] - f->mu[i]) / divisor;
        size += f->y[i] * f->y[i] / divisor;
    }
    return sum > nothing_left * size ? sum : 0;
}

/* sum over groups of (sum of d e)^2, the groups being areas or single cells; 0 when the sums of the
 * groups are 0 but for rounding. */
static double sum_of_squares(const did_fit *f, bool is_by_area)
{
    double total = 0, sum = 0, size = 0, largest = 0;

    for (size_t i = 0; i < f->n; i++) {
        double product = f->swept[i] * (f->y[i] - f->mu[i]);

        sum += product;
        size += fabs(product);
        if (!is_by_area || i + 1 == f->n || f->area[i + 1] != f->area[i]) {
            total += sum * sum;
            largest += size * size;
            sum = size = 0;
        }
    }
    return sum_of_residuals(f) > 0 && total > nothing_left * largest ? total : 0;
}

static double variance_of(const did_fit *f, hst_did_variance variance, double dispersion, size_t k)
{
    double n = (double)f->n, g = (double)f->n_areas, information = f->information;

    switch (variance) {
    case HST_DID_MODEL:
        return (f->outcome == HST_DID_COUNTS ? 1 : dispersion) / information;
    case HST_DID_QUASI:
        return dispersion / information;
    case HST_DID_HC0:
        return sum_of_squares(f, false) / information / information;
    case HST_DID_CLUSTER:
        return g / (g - 1) * sum_of_squares(f, true) / information / information;
    case HST_DID_CLUSTER_RAW:
        return sum_of_squares(f, true) / information / information;
    case HST_DID_CLUSTER_HC1:
        return g / (g - 1) * (n - 1) / (n - (double)k) * sum_of_squares(f, true) / information /
               information;
    }
    return NAN;
}

hst_status hst_did_fit(hst_did *out, const hst_did_panel *panel, hst_did_outcome outcome,
                       hst_did_model model, hst_did_variance variance, double confidence,
                       hst_error *err)
{
    did_fit f = {.panel = panel, .outcome = outcome};
    hst_status status = did_estimate(&f, model, err);
    double se = NAN, z = qnorm((1 - confidence / 100) / 2, 0, 1, 0, 0);
    bool is_ratio = outcome == HST_DID_COUNTS, is_clustered = variance >= HST_DID_CLUSTER;
    size_t k = 0;

    *out = (hst_did){.effect = {HST_SCALE_RATIO, NAN, NAN, NAN, NAN, NAN}, .dispersion = NAN};
    if (status != HST_OK) {
        goto done;
    }
    k = f.effects.n_effects + 1;
    out->n = f.n;
    out->n_areas = f.n_areas;
    out->n_treated = f.n_treated;
    out->dispersion = f.n > k ? sum_of_residuals(&f) / (double)(f.n - k) : NAN;
    se = sqrt(variance_of(&f, variance, out->dispersion, k));
    if (!(se > 0) || isinf(se)) {
        status = hst_fail(err, HST_REFUSED,
                          "the model leaves nothing over by which the effect could be judged");
        goto done;
    }
    out->effect = (hst_effect){
        .scale = is_ratio ? HST_SCALE_RATIO : HST_SCALE_DIFFERENCE,
        .estimate = is_ratio ? exp(f.coefficient) : f.coefficient,
        .se = se,
        .lower = f.coefficient - z * se,
        .upper = f.coefficient + z * se,
        .p = 2 * pnorm(-fabs(f.coefficient / se), 0, 1, 1, 0),
    };
    if (is_ratio) {
        out->effect.lower = exp(out->effect.lower);
        out->effect.upper = exp(out->effect.upper);
    }
    if (is_clustered && f.n_treated < HST_DID_FEW_TREATED) {
        out->note = f.n_treated == 1
                        ? "clustered errors of one treated area are much too small: take the "
                          "placebo rank"
                        : "clustered errors of fewer than five treated areas are too small: take "
                          "the placebo rank of each alone";
    }

done:
    did_fit_clear(&f);
    return status;
}

/* ---- the placebo test ---- */

/* The panel without its treated area; the arrays are the caller's to free. */
typedef struct controls {
    hst_did_panel panel;
    double *y, *exposure;
    bool *is_treated;
} controls;

static void free_controls(controls *c)
{
    free(c->y);
    free(c->exposure);
    free(c->is_treated);
}

static hst_status take_controls(controls *c, const hst_did_panel *p, size_t treated, hst_error *err)
{
    size_t n_before = treated * p->n_times, n_after = (p->n_areas - 1 - treated) * p->n_times;
    size_t n = n_before + n_after;

    c->y = calloc(n, sizeof *c->y);
    c->exposure = p->exposure ? calloc(n, sizeof *c->exposure) : NULL;
    c->is_treated = calloc(p->n_areas, sizeof *c->is_treated);
    if (!c->y || (p->exposure && !c->exposure) || !c->is_treated) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a panel of %zu by %zu", p->n_areas,
                        p->n_times);
    }
    memcpy(c->y, p->y, n_before * sizeof *c->y);
    memcpy(c->y + n_before, p->y + n_before + p->n_times, n_after * sizeof *c->y);
    if (p->exposure) {
        memcpy(c->exposure, p->exposure, n_before * sizeof *c->y);
        memcpy(c->exposure + n_before, p->exposure + n_before + p->n_times, n_after * sizeof *c->y);
    }
    c->panel = (hst_did_panel){.n_areas = p->n_areas - 1,
                               .n_times = p->n_times,
                               .y = c->y,
                               .exposure = c->exposure,
                               .is_treated = c->is_treated,
                               .is_post = p->is_post};
    return HST_OK;
}

static hst_status strength_of(double *out, const hst_did_panel *panel, hst_did_outcome outcome,
                              hst_did_model model, hst_error *err)
{
    did_fit f = {.panel = panel, .outcome = outcome};
    hst_status status = did_estimate(&f, model, err);

    *out = fabs(f.coefficient);
    did_fit_clear(&f);
    return status;
}

hst_status hst_did_placebo(hst_placebo *out, const hst_did_panel *panel, hst_did_outcome outcome,
                           hst_did_model model, hst_error *err)
{
    hst_status status = HST_OK;
    controls c = {0};
    size_t treated = 0, n_treated = 0;
    double own = NAN, other = NAN;

    *out = (hst_placebo){.p = NAN};
    for (size_t i = 0; i < panel->n_areas; i++) {
        if (panel->is_treated[i]) {
            treated = i;
            n_treated++;
        }
    }
    if (n_treated > 1) {
        return hst_fail(err, HST_REFUSED, "%zu treated areas: the placebo test takes one at a time",
                        n_treated);
    }
    if ((status = strength_of(&own, panel, outcome, model, err)) != HST_OK ||
        (status = take_controls(&c, panel, treated, err)) != HST_OK) {
        goto done;
    }
    out->n = out->n_as_strong = 1;
    for (size_t i = 0; i < c.panel.n_areas; i++) {
        c.is_treated[i] = true;
        status = strength_of(&other, &c.panel, outcome, model, err);
        c.is_treated[i] = false;
        if (status != HST_OK && status != HST_REFUSED) {
            goto done;
        }
        if (status == HST_OK) {
            out->n++;
            out->n_as_strong += other >= own * (1 - 1e-9); /* ties in exact arithmetic are ties */
        }
    }
    status = out->n > 1 ? HST_OK
                        : hst_fail(err, HST_REFUSED,
                                   "no control area whose effect could stand "
                                   "beside the treated one's");
    out->p = status == HST_OK ? (double)out->n_as_strong / (double)out->n : NAN;

done:
    free_controls(&c);
    return status;
}
