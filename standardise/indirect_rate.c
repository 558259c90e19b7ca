/* Indirectly standardised rates and ratios of one unit, and the score of all areas that is made of
 * them. */
#include <math.h>
#include <stdlib.h>

#include "hestia/indirect.h"
#include "standardise/rate.h"

/*
 * The events expected are those of the slice's own time: where the reference is of another one, a
 * year behind quarters, they are scaled by the days, and so is the reference's rate.
 */
void rate_isr(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *r)
{
    const hst_measure *measure = basis->measure;
    const rate_unit *reference = basis->reference;
    double variance = 0, people = 0, one = 1, events = 0, factor = measure->per;
    hst_indirect indirect;

    (void)is_published;
    r->total_count = 0;
    for (size_t i = 0; i < basis->slice->n_strata; i++) {
        r->total_count += unit->sums[RATE_EVENTS][i];
        variance += unit->variances[RATE_EVENTS][i];
        people += unit->people[i];
    }
    if (!unit->has_people) {
        return;
    }
    r->total_pop = people;
    indirect =
        hst_indirect_compute(unit->sums[RATE_EVENTS], unit->people, reference->sums[RATE_EVENTS],
                             reference->people, basis->slice->n_strata);
    indirect.expected *= basis->reference_scale;
    if (!reference->has_people || !(indirect.expected > 0)) {
        r->notes = RATE_NO_REFERENCE;
        return;
    }
    if (variance > 0) {
        one = variance / indirect.observed; /* what one event is worth */
    }
    if (measure->statistic != HST_STAT_SMR) {
        factor *= indirect.reference_rate * basis->reference_scale;
    }
    factor *= one / indirect.expected;
    events = indirect.observed / one;
    r->value = events * factor;
    r->variance = events * factor * factor;
    r->is_exact = measure->interval == HST_INTERVAL_EXACT || events < HST_BYAR_FROM;
    for (size_t i = 0; i < measure->n_confidence; i++) {
        hst_limits limits = r->is_exact ? hst_limits_poisson_exact(events, measure->confidence[i])
                                        : hst_limits_byar(events, measure->confidence[i]);

        r->limits[i] = (hst_limits){limits.lower * factor, limits.upper * factor};
    }
}

/* The rate on deprivation over all areas that have both, and the score that is left of it. */
hst_status rate_acs_finish(const rate_basis *basis, rate *rows, size_t n_areas, hst_error *err)
{
    hst_status status = HST_OK;
    hst_acs_score *scores = calloc(n_areas + 1, sizeof *scores);
    double *isr = calloc(n_areas + 1, sizeof *isr), *imd = calloc(n_areas + 1, sizeof *imd);
    size_t n_fitted = 0;

    if (!scores || !isr || !imd) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the scores of %zu areas", n_areas);
        goto done;
    }
    for (size_t i = 0; i < n_areas; i++) {
        isr[i] = rows[i * RATE_ACS_ROWS + RATE_ACS_ISR].value;
        imd[i] =
            hst_deprivation_of(basis->inputs->deprivation, hst_areas_code(basis->inputs->areas, i));
    }
    n_fitted = hst_acs_scores(scores, isr, imd, n_areas, false);
    for (size_t i = 0; i < n_areas; i++) {
        rate *area = &rows[i * RATE_ACS_ROWS];
        unsigned notes = area[RATE_ACS_ISR].notes;

        if (isnan(imd[i])) {
            notes |= RATE_NO_DEPRIVATION;
        } else if (n_fitted == 0) {
            notes |= RATE_FEW_AREAS;
        }
        for (size_t row = RATE_ACS_RESIDUAL; row <= RATE_ACS_SCORE; row++) {
            area[row].total_count = area[RATE_ACS_ISR].total_count;
            area[row].total_pop = area[RATE_ACS_ISR].total_pop;
            area[row].notes = notes;
        }
        if (n_fitted > 0 && scores[i].score > 0) {
            area[RATE_ACS_RESIDUAL].value = scores[i].rstandard;
            area[RATE_ACS_SCORE].value = scores[i].score;
        }
    }

done:
    free(scores);
    free(isr);
    free(imd);
    return status;
}
