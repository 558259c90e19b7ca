#ifndef HESTIA_METRICS_UNIT_INTERNAL_H
#define HESTIA_METRICS_UNIT_INTERNAL_H

#include "measure_internal.h"

/** Where an episode ends on its way into a measure, before the filter is asked. */
typedef enum hst_step {
    HST_STEP_NOT_FINISHED,
    HST_STEP_NOT_FIRST,
    HST_STEP_NO_PROVIDER,
    HST_STEP_NO_EPISTART,
    HST_STEP_NO_EPIEND,
    HST_STEP_NO_ADMIDATE,
    HST_STEP_NO_DISDATE,
    HST_STEP_NO_STAY,   /**< its length of stay is negative, or over HST_LONGEST_STAY */
    HST_STEP_SHORT,     /**< shorter than the measure's los_min */
    HST_STEP_OUTSIDE,   /**< not in the measure's window */
    HST_STEP_CUT_START, /**< in the period that the start of the window cuts */
    HST_STEP_CUT_END,
    HST_STEP_OTHER_CLASS,
    HST_STEP_ASKED, /**< the filter decides */
    HST_N_STEPS
} hst_step;

/**
 * Unit, date, window and patient class of a measure. Measures that share them share the work.
 *
 * Which episodes count at all is the "valid episode" test of domain/definitions.md section 1:
 * finished, with provider, EPISTART, EPIEND and the row's own date. Spells and continuous spells
 * are made of such episodes only; an attendance needs its date.
 */
typedef struct hst_unit_rule {
    hst_dataset dataset;
    hst_asked_of asked_of;
    bool first_only, by_discharge, needs_stay, is_placed, takes_unfinished, takes_incomplete;
    uint32_t los_min;
    bool class_ok[256];
    /** [hst_day]: index of the finest period, or one of HST_DAY_.. */
    uint16_t *period_of_day;
} hst_unit_rule;

enum { HST_DAY_OUTSIDE = 0xFFFF, HST_DAY_CUT_START = 0xFFFE, HST_DAY_CUT_END = 0xFFFD };

HST_MUST_CHECK hst_status hst_unit_rule_init(hst_unit_rule *rule,
                                             const hst_compiled_measure *measure, hst_error *err);
void hst_unit_rule_clear(hst_unit_rule *rule);

/** True when both measures make the same rule. */
bool hst_unit_rule_is_same(const hst_compiled_measure *a, const hst_compiled_measure *b);

/** The period whose days are HST_DAY_CUT_START or HST_DAY_CUT_END (`at_end`). */
hst_period hst_unit_cut_period(const hst_compiled_measure *measure, bool at_end);

/** Where a day leads: HST_STEP_ASKED with its `period`, or what keeps it out. */
static inline hst_step hst_unit_rule_ask_day(const hst_unit_rule *rule, hst_day day,
                                             uint16_t *period)
{
    *period = rule->period_of_day[day];
    if (*period >= HST_DAY_CUT_END) {
        return *period == HST_DAY_OUTSIDE     ? HST_STEP_OUTSIDE
               : *period == HST_DAY_CUT_START ? HST_STEP_CUT_START
                                              : HST_STEP_CUT_END;
    }
    return HST_STEP_ASKED;
}

/** Step that an inpatient row or an attendance reaches; `period` is set for HST_STEP_OTHER_CLASS
 * and after. */
static inline hst_step hst_unit_rule_ask(const hst_unit_rule *rule, const hst_episode *episode,
                                         uint16_t *period)
{
    hst_day day = rule->by_discharge ? episode->disdate : episode->admidate;
    hst_step step = HST_STEP_ASKED;

    if (rule->dataset == HST_DATASET_APC) {
        if (episode->epistat != '3' && !rule->takes_unfinished) {
            return HST_STEP_NOT_FINISHED;
        }
        if (rule->first_only && episode->epiorder != 1) {
            return HST_STEP_NOT_FIRST;
        }
        if (episode->provider == 0 && !rule->takes_incomplete) {
            return HST_STEP_NO_PROVIDER;
        }
        if (episode->epistart == 0 && !rule->takes_incomplete) {
            return HST_STEP_NO_EPISTART;
        }
        if (episode->epiend == 0 && !rule->takes_incomplete) {
            return HST_STEP_NO_EPIEND;
        }
    }
    if (episode->admidate == 0 && !rule->takes_incomplete) {
        return HST_STEP_NO_ADMIDATE;
    }
    if (day == 0) {
        return HST_STEP_NO_DISDATE;
    }
    step = hst_unit_rule_ask_day(rule, day, period);
    return step != HST_STEP_ASKED || rule->class_ok[episode->classpat] ? step
                                                                       : HST_STEP_OTHER_CLASS;
}

/** The same of a stay: the record of its first episode with the stay's own dates. */
hst_step hst_unit_rule_ask_stay(const hst_unit_rule *rule, const hst_episode *stay,
                                uint16_t *period);

#endif
