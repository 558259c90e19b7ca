#ifndef HESTIA_METRICS_RULE_COMPARISON_INTERNAL_H
#define HESTIA_METRICS_RULE_COMPARISON_INTERNAL_H

#include "people_internal.h"

/** The spells of another rule beside those of the study's: how often they disagree on this data. */
typedef struct hst_rule_comparison {
    const char *name; /**< of the other rule */
    hst_spells *other;
    uint64_t n_spells, n_cips;               /**< that the other rule makes */
    uint64_t n_spells_differ, n_cips_differ; /**< people whose episodes it groups otherwise */
    size_t capacity;
    hst_stay_episode *episodes; /* [capacity] */
    uint32_t *labels;           /* [6 * capacity] */
} hst_rule_comparison;

/** The other rule is york, and nhsd beside york. */
HST_MUST_CHECK hst_status hst_rule_comparison_init(hst_rule_comparison *comparison,
                                                   const hst_people_rules *rules, hst_error *err);
void hst_rule_comparison_clear(hst_rule_comparison *comparison);

HST_MUST_CHECK hst_status hst_rule_comparison_add(hst_rule_comparison *comparison,
                                                  const hst_person *person, hst_error *err);
void hst_rule_comparison_merge(hst_rule_comparison *into, const hst_rule_comparison *from);
void hst_rule_comparison_wire(hst_rule_comparison *comparison, hst_wire *wire);

#endif
