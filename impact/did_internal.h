/* The fit that effects of difference-in-differences and their errors are made of. */
#ifndef HESTIA_IMPACT_DID_INTERNAL_H
#define HESTIA_IMPACT_DID_INTERNAL_H

#include "hestia/did.h"
#include "impact/two_way_internal.h"

/* A fit; `panel` and `outcome` are given, the rest is did_estimate's. */
typedef struct did_fit {
    const hst_did_panel *panel;
    hst_did_outcome outcome;
    size_t n, n_areas, n_treated;
    size_t *area, *time;             /* [n] of each cell that has a number, in the panel's order */
    size_t *row, *column;            /* [n] whose effects stand beside treated:post */
    double *y, *log_exposure, *d;    /* [n] */
    double *eta, *mu, *swept, *work; /* [n]: linear predictor; mean; d swept; workroom */
    double *trial;                   /* [n] */
    double *room;                    /* what the doubles above are parts of */
    size_t *places;                  /* likewise of the numbers */
    hst_two_way effects;
    double coefficient, information; /* beta; sum(w d^2) */
} did_fit;

/* Takes the cells that have a number and fits the model to them. What `f` holds is freed by
 * did_fit_clear on failure, too. HST_REFUSED as hst_did_fit, but for an effect without error. */
HST_MUST_CHECK hst_status did_estimate(did_fit *f, hst_did_model model, hst_error *err);
void did_fit_clear(did_fit *f);

#endif
