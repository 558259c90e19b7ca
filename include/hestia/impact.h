#ifndef HESTIA_IMPACT_H
#define HESTIA_IMPACT_H

#include "hestia/cohort.h"
#include "hestia/power.h"
#include "hestia/screen.h"
#include "hestia/segmented.h"
#include "hestia/series.h"
#include "hestia/span.h"

/** What changed at each service's site: the rows of impact.csv, site-review.csv and
 * sensitivity.csv. Texts are static or owned by the impact; NAN is an empty cell. */

/** One row of impact.csv: a term of a method. */
typedef struct hst_finding {
    size_t impact, site, measure; /**< index in the study, area, index in the study */
    const char *method;           /**< "power", "pre_post", "trend", "its", ... */
    bool is_primary;
    const char *comparator; /**< name, or "" */
    const char *term;       /**< "ratio", "level", "effect", "detectable", ... docs/impact.md */
    const char *unit;       /**< "ratio", "days", "per 100,000", "t", ... */
    double estimate, se, lower, upper, p;
    size_t n_before, n_after;
    double detectable;      /**< relative; of the method's effect */
    const char *break_flag; /**< "" or the suspects, "RD1 op 2010-04" */
    const char *excluded;   /**< "" or the provider left out of this estimate */
    bool is_refused;
    const char *note;                    /**< "" or why, and what to know */
    double placebo_dates, placebo_areas; /**< shares as strong; NAN: not tried */
    size_t n_placebo_dates, n_placebo_areas;
    bool is_suppressed; /**< disclosure control took a number away */
} hst_finding;

typedef enum hst_verdict { HST_CANNOT_TELL, HST_NO_CLEAR_CHANGE, HST_CHANGE } hst_verdict;

/** One row of site-review.csv: service × site × measure × comparator. */
typedef struct hst_review {
    size_t impact, site, measure;
    const char *unit;
    hst_date baseline_from, baseline_to, review_from, review_to;
    hst_span baseline, review;
    double change, change_lower, change_upper, change_percent;
    const char *comparator;   /**< "" when the service has none */
    double comparator_change; /**< in the measure's units; of counts and bed days the comparator's
                                 relative change applied to the baseline here */
    double comparator_percent;
    double difference, difference_lower, difference_upper;
    double p;
    const char *p_method;
    double detectable;
    double effect_percent, effect_percent_lower,
        effect_percent_upper; /**< of the primary method,
against what it expected without the service; NAN: none, or not relative */
    hst_expected expected;
    hst_verdict verdict;
    const char *break_flag;
    bool is_incomplete; /**< a period of baseline or review is */
    const char *sentence;

    /* What the sentence is made of beside the numbers, see hst_review_say. */
    const char *subject;                       /**< "Wirral, Mean length of stay" */
    const char *baseline_label, *review_label; /**< "2009-10 to 2010-02" */
    const char *judgement;                     /**< the verdict in words */
    bool is_suppressed;                        /**< disclosure control took a number away */
} hst_review;

/** One row of sensitivity.csv. */
typedef struct hst_sensitivity {
    size_t impact, site, measure;
    const char
        *dimension; /**< "unit", "zero-day stays", "suspect providers", "season", "comparator" */
    const char *alternative; /**< "as declared: spell", "cips", ... */
    double estimate, lower, upper, p;
    const char *note; /**< "" or why there is no estimate */
    bool is_suppressed;
} hst_sensitivity;

/** A fitted series of counterfactual.csv: its points, and what would have been. */
typedef struct hst_impact_series {
    size_t impact, site, measure;
    const char *unit; /**< of the points */
    size_t n_points;
    hst_period *periods;
    hst_its_point *points;
    bool *is_suppressed; /**< [n_points]; NULL: none is */
} hst_impact_series;

typedef struct hst_impact {
    size_t n_findings, n_reviews, n_sensitivities, n_series;
    hst_finding *findings; /**< by impact, site, measure; power first */
    hst_review *reviews;
    hst_sensitivity *sensitivities;
    hst_impact_series *series;
    struct hst_impact_texts *texts; /**< owns the texts */
} hst_impact;

/** What effects are worked out from; all borrowed. */
typedef struct hst_impact_inputs {
    const hst_study *study;
    const hst_conditions *conditions;
    const hst_measures *measures;
    const hst_areas *areas;
    const hst_cube *cube;
    const hst_population *population;
    const hst_standard *standard;
    const hst_cohorts *cohorts;
    const hst_results *results;
    const hst_breaks *breaks; /**< NULL: no screen */
    const hst_segment *const *segments;
    size_t n_segments;
    int n_threads;
    size_t memory_bytes;
    hst_team *team; /**< NULL: alone */
} hst_impact_inputs;

/**
 * Every service × site × measure: power first, each method asked for, placebo dates and areas,
 * verdict, sensitivity. The alternatives of sensitivity are counted in one more pass over the
 * store.
 *
 * @param out  receives what hst_impact_free frees; empty when the study has no service
 * @return HST_OK, also when methods refuse: a refusal is a row; HST_ERR_USAGE: an unknown site,
 * comparator or length of period (study line); what counting the alternatives fails with;
 * HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_impact_compute(hst_impact **out, const hst_impact_inputs *inputs,
                                             hst_ledger *ledger, hst_error *err);
void hst_impact_free(hst_impact *impact);

/**
 * Says the sentence of a review anew from its numbers (both values, changes in percent), when
 * disclosure control has rounded them. Without a value of either side it stays as it is: then it
 * has no number but those of the verdict.
 *
 * @return HST_OK; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_review_say(hst_impact *impact, hst_review *review, hst_error *err);

/** What one site could show of one measure: a row of `hestia power`. */
typedef struct hst_potential {
    size_t impact; /**< service; SIZE_MAX: none, a year after all periods is supposed */
    size_t site, measure;
    hst_by by;
    size_t n_before, n_after;
    double mean; /**< of the points before: events, or values */
    hst_power power;
    double events_needed; /**< after, as many before; of counts, else NAN */
    char note[256];       /**< "" or why there is nothing */
} hst_potential;

typedef struct hst_potential_options {
    double power, alpha; /**< 0.8, 0.05 */
    double effect;       /**< relative, of events_needed; NAN: the service's `meaningful` */
    size_t n_after;      /**< points planned after; 0: those there are, or a year */
} hst_potential_options;

/**
 * The smallest effect that each site could show of each measure with a series, by the design of the
 * service's primary method (where no service is: segmented regression, a service's default).
 *
 * @param rows  receives [n], by measure, site, service; the caller frees it
 * @return HST_OK, also when there is nothing to be told: that is a row; HST_ERR_USAGE as
 * hst_impact_compute; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_potentials_compute(hst_potential **rows, size_t *n,
                                                 const hst_impact_inputs *inputs,
                                                 const hst_potential_options *options,
                                                 hst_error *err);

/** "cannot tell", "no clear change", "change". */
const char *hst_verdict_name(hst_verdict verdict);

#endif
