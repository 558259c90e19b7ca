/* What the parts of making spells share: spell.c, spell_rule.c, spell_sort.c, cips.c. */
#ifndef HESTIA_METRICS_SPELL_INTERNAL_H
#define HESTIA_METRICS_SPELL_INTERNAL_H

#include "hestia/spell.h"

/** A spell in the making: a run of the sorted numbers of episodes. */
typedef struct hst_run {
    uint32_t first, n;
} hst_run;

static inline int hst_compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static inline bool hst_code_is_one_of(uint16_t code, const char *codes)
{
    for (const char *p = codes; *p; p += 2) {
        if (code == HST_CODE2(p[0], p[1])) {
            return true;
        }
    }
    return false;
}

/** A patient admitted by transfer, as cleaning and the rules of York understand it. */
static inline bool hst_is_transfer_in(uint16_t admimeth, uint16_t admisorc)
{
    return hst_code_is_one_of(admimeth, "2B81") || hst_code_is_one_of(admisorc, "515253");
}

static inline bool hst_is_transfer_out(uint16_t disdest)
{
    return hst_code_is_one_of(disdest, "515253");
}

/** Regular day and night attenders. */
static inline bool hst_is_attender(uint8_t classpat)
{
    return classpat == '3' || classpat == '4';
}

/* ---- spell_sort.c ---- */

/** Order of the things numbered `a` and `b` in `base`. */
typedef int hst_compare_numbered(const void *base, uint32_t a, uint32_t b);

/** Sorts numbers, all different, by what they stand for, and by themselves where that is equal.
 * `room` is [n] and loses its content. */
void hst_sort_numbers(uint32_t *numbers, uint32_t *room, size_t n, hst_compare_numbered *compare,
                      const void *base);

/** The order inside a spell of rules nhsd and supplied: EPISTART, EPIORDER (missing last), EPIEND,
 * EPIKEY, then all else that is no hash. `base` is the episodes. */
hst_compare_numbered hst_compare_episodes;

/** The order of rule york: provider, EPISTART, EPIEND, EPIORDER, TRANSIT, EPIKEY (missing first),
 * then all else. */
hst_compare_numbered hst_compare_york;

/** Start, end, smallest key, then all else that a spell's own fields say. */
int hst_compare_spells(const hst_spell *a, const hst_spell *b);

/* ---- spell_rule.c ---- */

/**
 * Joins cleaned episodes of one person.
 *
 * @param order  [n] numbers of all episodes; receives them spell after spell in the rule's order,
 *               those in no spell last
 * @param room   [n], loses its content
 * @param runs   [n]; receives the spells, in no order that means anything
 * @return number of spells
 */
size_t hst_spell_rule_apply(hst_spell_rule rule, const hst_stay_episode *episodes, uint32_t *order,
                            uint32_t *room, size_t n, hst_run *runs, hst_spell_ledger *ledger);

#endif
