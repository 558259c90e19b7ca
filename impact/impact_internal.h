/* What the files of the findings share: series, cases, answers, and the page a case writes. */
#ifndef HESTIA_IMPACT_INTERNAL_H
#define HESTIA_IMPACT_INTERNAL_H

#include "hestia/did.h"
#include "hestia/effect.h"
#include "hestia/impact.h"
#include "hestia/power.h"
#include "hestia/segmented.h"

/* ---- where numbers come from (alternative.c) ---- */

/* A study counted: the run's own, or its alternatives'. All borrowed. */
typedef struct impact_source {
    const hst_study *study;
    const hst_measures *measures;
    const hst_cube *cube;
    const hst_results *results;
    const hst_spans *spans;
} impact_source;

/* What else a measure can be counted by. */
typedef enum impact_change {
    IMPACT_OTHER_UNIT,     /* spells for continuous spells, spells for admissions */
    IMPACT_OTHER_ZERO_DAY, /* without stays of no night; with them where they were out */
    IMPACT_NO_SUSPECTS,    /* without the suspect providers of a site */
    IMPACT_N_CHANGES
} impact_change;

/* One alternative of a measure; that without suspects is of one site. */
typedef struct impact_alternative {
    impact_change change;
    size_t measure;    /* of the study */
    size_t area;       /* IMPACT_NO_SUSPECTS: the site; else SIZE_MAX */
    hst_window days;   /* IMPACT_NO_SUSPECTS: those of the series, in which suspects count */
    size_t number;     /* of the measure in the alternatives' study */
    size_t n_declared; /* IMPACT_NO_SUSPECTS: providers that the measure itself leaves out */
    char name[96];     /* "spells without stays of no night" */
} impact_alternative;

/* The alternatives of all measures under services, counted in one pass over the store. */
typedef struct impact_alternatives {
    size_t n;
    impact_alternative *items;
    hst_study study; /* the study with other measures; owns only `measures` and their exclusions */
    hst_measures *measures;
    hst_cube *cube;
    hst_results *results;
    hst_spans *spans;
    impact_source source;
} impact_alternatives;

HST_MUST_CHECK hst_status impact_alternatives_count(impact_alternatives *out,
                                                    const hst_impact_inputs *inputs,
                                                    hst_error *err);
void impact_alternatives_clear(impact_alternatives *alternatives);

/* The alternative of a measure; NULL where it has none of this kind. */
const impact_alternative *impact_alternative_of(const impact_alternatives *alternatives,
                                                impact_change change, size_t measure, size_t area,
                                                hst_window days);

/* True when a suspect of the screen touches a measure of a site within days (inclusive). */
bool impact_is_touched(const hst_impact_inputs *inputs, const hst_break *suspect, size_t measure,
                       size_t site, hst_date from, hst_date to);

/* ---- names (impact.c) ---- */

/* Number of a measure by its id, of an area by its code; SIZE_MAX when there is none. */
size_t impact_find_measure(const hst_study *study, const char *id);
size_t impact_find_area(const hst_areas *areas, const char *code);

/* ---- series (case.c) ---- */

/* A measure of an area or comparator, in order of time. Points that cannot all have arrived, or
 * that are in the phase-in or in the same period as a date, are NAN in all of events and values. */
typedef struct impact_series {
    size_t n;
    const hst_period *periods;          /* [n], borrowed from the measures */
    size_t first;                       /* number of the first among the measure's periods */
    double *t;                          /* [n]: 1, 2, ... */
    double *events, *exposure, *values; /* [n]; exposure NAN: none */
    unsigned *season;                   /* [n]: 1 to 12, 1 to 4, 1 */
    bool has_exposure;                  /* of every point that has events */
    size_t n_incomplete;
} impact_series;

/* A run of points, both ends included, none of them left out; empty when first > last. */
typedef struct impact_range {
    size_t first, last;
} impact_range;

/* One service, site and measure, from one source, with one date; what methods are asked of. */
typedef struct impact_case {
    const hst_impact_inputs *inputs;
    const hst_study_impact *service;
    const impact_source *source;
    size_t impact, measure; /* of the study */
    size_t source_measure;  /* of the source's */
    size_t area;
    hst_by by;
    impact_series series;
    size_t start; /* first point at or after the date; series.n: none */
    impact_range baseline, review;
    hst_impact_options options;
    size_t comparator;         /* group that did, synthetic control and controlled its compare with;
                                  SIZE_MAX: none */
    bool is_controlled;        /* its beside its comparator */
    bool has_other_season;     /* sensitivity: the season in where it is out, out where it is in */
    bool takes_off_comparator; /* sensitivity: pre_post less the comparator's change */
} impact_case;

/* Opens a case; `series` is cleared by impact_case_close. With impact SIZE_MAX it is of no service:
 * all periods of the finest type, none after. HST_ERR_USAGE with the study's line when the measure
 * has no such periods. */
HST_MUST_CHECK hst_status impact_case_open(impact_case *out, const hst_impact_inputs *inputs,
                                           const impact_source *source, size_t impact,
                                           size_t measure, size_t source_measure, size_t area,
                                           hst_error *err);
void impact_case_close(impact_case *c);

/* The series of an area, or of a comparator without the case's site, over the case's window. */
HST_MUST_CHECK hst_status impact_series_read(impact_series *out, const impact_case *c,
                                             bool is_group, size_t area, hst_error *err);
void impact_series_clear(impact_series *series);

/* Points from..to (inclusive) of `numbers` that are there. */
size_t impact_count_points(const double *numbers, size_t from, size_t to);

/* True when no point of a range is left out. */
bool impact_is_whole(const impact_series *series, impact_range range);

/* True for a statistic that is modelled by its counts (count, crude_rate). */
bool impact_is_count(const impact_case *c);

/* First and last day of a service's series of a measure; false when it has no whole period. */
bool impact_days_of(hst_window *out, const hst_impact_inputs *inputs, size_t impact,
                    size_t measure);

/* The same of an open case. */
hst_window impact_days(const impact_case *c);

/* Moves the service's date to another point, baseline and review with it; points from `end` on are
 * forgotten. False when baseline or review would leave the series or hold a point left out. */
bool impact_case_move(impact_case *c, size_t start, size_t end);

/* Points a year of the case's periods: 12, 4, 1. */
unsigned impact_cycle(const impact_case *c);

/* ---- texts and pages (page.c) ---- */

typedef struct hst_impact_texts impact_texts;

/* What one case writes; pages are joined in order, so that threads change nothing. */
typedef struct impact_page {
    size_t n_findings, findings_capacity, n_reviews, reviews_capacity, n_sensitivities,
        sensitivities_capacity;
    hst_finding *findings;
    hst_review *reviews;
    hst_sensitivity *sensitivities;
    bool has_series;
    hst_impact_series series;
    size_t n_incomplete; /* points left out */
    impact_texts *texts;
} impact_page;

/* A text owned by the page; "" when there is no memory, which impact_bind then reports. */
const char *impact_text(impact_page *page, const char *format, ...) HST_PRINTF(2, 3);

/* False when a text found no memory. */
bool impact_texts_are_whole(const impact_texts *texts);

HST_MUST_CHECK hst_status impact_page_open(impact_page *page, hst_error *err);
HST_MUST_CHECK hst_status impact_add_finding(impact_page *page, const hst_finding *finding,
                                             hst_error *err);
HST_MUST_CHECK hst_status impact_add_review(impact_page *page, const hst_review *review,
                                            hst_error *err);
HST_MUST_CHECK hst_status impact_add_sensitivity(impact_page *page, const hst_sensitivity *row,
                                                 hst_error *err);
void impact_page_close(impact_page *page);

/* Takes the pages' rows over, in order; the pages are empty afterwards. */
HST_MUST_CHECK hst_status impact_bind(hst_impact *out, impact_page *pages, size_t n_pages,
                                      hst_error *err);

/* ---- methods (method.c, its_method.c, panel_method.c) ---- */

/* The effect that a method answers with. */
typedef struct impact_answer {
    hst_effect effect;
    double base;      /* what a difference is relative to; NAN: nothing */
    const char *term; /* of `effect` in impact.csv */
    const char
        *p_method; /* "its: quasi-Poisson, Newey-West lag 3, t" ; owned by the page or static */
    size_t n_before, n_after;
    hst_placebo placebo; /* did, synthetic control: their own, of areas; n = 0: none */
} impact_answer;

/* The number, or NAN: an empty cell in place of a ratio to nothing. */
double impact_finite(double number);

/* Relative change that an effect stands for: 0.12 is a rise by 12 %. */
double impact_relative(const impact_answer *answer, double estimate);

/*
 * Asks a method of a case. HST_REFUSED: it cannot answer, and says why.
 *
 * @param page  receives every term as a finding and the texts; NULL: the effect alone is wanted
 */
HST_MUST_CHECK hst_status impact_ask(impact_answer *out, const impact_case *c,
                                     hst_impact_method method, impact_page *page, hst_error *err);

/* Unit of a measure's values: "days", "per 100000". */
const char *impact_unit(const impact_case *c, impact_page *page);

/* A finding of a case, empty but for what all have. */
hst_finding impact_finding(const impact_case *c, const char *method, const char *term);

/* Writes an effect as a row of a method. */
HST_MUST_CHECK hst_status impact_add_effect(const impact_case *c, impact_page *page,
                                            const char *method, const char *term,
                                            const hst_effect *effect, const char *note,
                                            const impact_answer *answer, hst_error *err);

/* True when its models the season of a case. */
bool impact_has_season(const impact_case *c);

/* its (its_method.c), did and synthetic control (panel_method.c). */
HST_MUST_CHECK hst_status impact_ask_its(impact_answer *out, const impact_case *c,
                                         impact_page *page, hst_error *err);
HST_MUST_CHECK hst_status impact_ask_did(impact_answer *out, const impact_case *c,
                                         impact_page *page, hst_error *err);
HST_MUST_CHECK hst_status impact_ask_synthetic(impact_answer *out, const impact_case *c,
                                               impact_page *page, hst_error *err);

/* True for another site of the case's own service, which is no control (panel_method.c). */
bool impact_is_other_site(const impact_case *c, size_t area);

/* Number of a comparator by its name for a site, SIZE_MAX when there is none. */
size_t impact_group_of(const hst_areas *areas, const char *name, size_t site);

/* ---- placebos (placebo.c) ---- */

typedef struct impact_placebos {
    hst_placebo dates, areas;
} impact_placebos;

/* The method at every other date before the service, and in every other area at its date, the
 * service's own effect among them (n = 0: none could be tried). Strength is |effect| / se on the
 * effect's own scale; did and synthetic control have a rank of areas of their own. */
HST_MUST_CHECK hst_status impact_try_placebos(impact_placebos *out, const impact_case *c,
                                              hst_impact_method method, const impact_answer *answer,
                                              hst_error *err);

/* ---- power (potential.c) ---- */

/* What the series could have shown by the primary method's design; rows "power". HST_REFUSED. */
HST_MUST_CHECK hst_status impact_ask_power(hst_power *out, const impact_case *c,
                                           hst_impact_method method, impact_page *page,
                                           hst_error *err);

/* ---- review and sensitivity ---- */

/* All that is known of a case when it is judged. */
typedef struct impact_evidence {
    bool is_refused;
    const char *refusal; /* "" or the reason */
    impact_answer answer;
    bool has_power;
    hst_power power;
    const char *break_flag; /* "" or the suspects */
    const char *suspects;   /* the same in words: "at RD1 from 2010-04" */
    bool has_without;       /* estimated again without the suspects */
    bool is_without_refused;
    impact_answer without;
    impact_placebos placebos;
} impact_evidence;

/* -1 or 1 when the limits lie below or above no effect, else 0. Of an effect without limits p
 * decides. */
int impact_direction(const hst_effect *effect);

/* False of a rank alone, which says how odd an effect is and not how large it may be. */
bool impact_has_limits(const hst_effect *effect);

/* True when there is a suspect, and the estimate without it says something else or is not there. */
bool impact_contradicts(const impact_evidence *evidence);

hst_verdict impact_judge(const impact_case *c, const impact_evidence *evidence);

/* The sentence of a row whose numbers and verdict are there, and its parts (sentence.c). */
void impact_sentence(const impact_case *c, hst_review *review, const impact_evidence *evidence,
                     impact_page *page);

HST_MUST_CHECK hst_status impact_write_reviews(const impact_case *c,
                                               const impact_evidence *evidence, impact_page *page,
                                               hst_error *err);
HST_MUST_CHECK hst_status impact_write_sensitivity(const impact_case *c,
                                                   const impact_alternatives *alternatives,
                                                   const impact_evidence *evidence,
                                                   impact_page *page, hst_error *err);

#endif
