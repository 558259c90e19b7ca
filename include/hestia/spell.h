#ifndef HESTIA_SPELL_H
#define HESTIA_SPELL_H

#include <stdbool.h>

#include "hestia/episode.h"
#include "hestia/status.h"

/**
 * From the episodes of one person to provider spells and continuous inpatient spells (CIPS). The
 * rules have names; domain sources: NHS Digital "Methodology to create provider and CIP spells from
 * HES APC data" (v2) and HSCIC "Provider Spells Methodology" (2014) for `nhsd`; Health Foundation
 * HES pipeline and University of York for `york`.
 */
typedef enum hst_spell_rule {
    HST_SPELLS_NHSD,
    HST_SPELLS_YORK,
    HST_SPELLS_SUPPLIED
} hst_spell_rule;
typedef enum hst_cips_rule { HST_CIPS_NHSD, HST_CIPS_YORK, HST_CIPS_NONE } hst_cips_rule;

/** Spell number of an episode that is in no spell. */
#define HST_NO_SPELL UINT32_MAX

/** One episode as the rules see it. */
typedef struct hst_stay_episode {
    uint64_t record_key;   /**< EPIKEY */
    uint32_t provider;     /**< the same number for the same provider; 0 = missing */
    uint32_t spell_number; /**< PROVSPNOPS, any number that is equal where it is; 0 = absent */
    uint32_t sus_spell;    /**< SUSSPELLID; 0 = absent, null or -1 */
    uint32_t row;          /**< the caller's own number of the row; the rules do not look at it */
    hst_day admidate, disdate, epistart, epiend;
    uint16_t admimeth, admisorc, disdest; /**< HST_CODE2 */
    uint8_t epiorder, epistat, classpat, dismeth;
    uint8_t notes;  /**< receives bits of hst_stay_note */
    uint32_t spell; /**< receives the index of its spell, or HST_NO_SPELL */
} hst_stay_episode;

enum hst_stay_note {
    HST_STAY_DATES_SWAPPED = 1,   /**< EPISTART was after EPIEND */
    HST_STAY_ADMIDATE_FILLED = 2, /**< from EPISTART */
    HST_STAY_INVALID = 4 /**< not finished, or without provider, EPISTART, EPIEND, ADMIDATE */
};

/** A provider spell. Admission fields are its first episode's, discharge fields its last's (of
 * those that have a DISDATE, if any has). */
typedef struct hst_spell {
    uint32_t first_episode, n_episodes; /**< run of the episodes as hst_spells_build leaves them */
    uint32_t provider;
    uint32_t cips;         /**< index of its continuous spell */
    uint64_t smallest_key; /**< of its episodes: the name of the spell */
    hst_day start;         /**< the earlier of ADMIDATE and first EPISTART */
    hst_day end;           /**< the latest EPIEND */
    hst_day epistart;      /**< the first EPISTART */
    hst_day admidate;
    hst_day disdate; /**< 0: open, no episode of it has a discharge date */
    uint16_t admimeth, admisorc, disdest;
    uint8_t classpat, dismeth;
    uint32_t last_episode; /**< the episode whose discharge fields these are */
} hst_spell;

/** A continuous inpatient spell: a run of spells joined by transfers. */
typedef struct hst_cips {
    uint32_t first_spell, n_spells; /**< of the spells as hst_spells_build leaves them */
} hst_cips;

/** What the rules made and refused, for audit.csv. */
typedef enum hst_spell_event {
    HST_SPELL_EPISODES,     /**< episodes seen */
    HST_SPELL_NOT_FINISHED, /**< EPISTAT is not 3: in no spell; the first reason counts */
    HST_SPELL_NO_PROVIDER,
    HST_SPELL_NO_EPISTART,
    HST_SPELL_NO_EPIEND,
    HST_SPELL_NO_ADMIDATE,  /**< and none could be filled in */
    HST_SPELL_NO_SUS_SPELL, /**< supplied: no SUSSPELLID */
    HST_SPELL_DATES_SWAPPED,
    HST_SPELL_ADMIDATE_FILLED,
    HST_SPELL_REGULAR_ATTENDER, /**< nhsd: class 3 or 4, a spell of its own */
    HST_SPELL_NUMBER_MISSING,   /**< nhsd: episodes in spells made without a spell number */
    HST_SPELL_SPELLS,
    HST_SPELL_OPEN,              /**< without discharge date */
    HST_SPELL_DISCHARGE_EARLIER, /**< the last episode has no DISDATE, an earlier one has */
    HST_SPELL_NEGATIVE_STAY,     /**< DISDATE before ADMIDATE */
    HST_SPELL_BY_ADMIDATE,       /**< york: episodes joined because ADMIDATE is equal */
    HST_SPELL_BY_EPISTART,       /**< york: because EPISTART is equal */
    HST_SPELL_BY_UNFINISHED_END, /**< york: because the previous one ended that day, not discharged
                                  */
    HST_SPELL_PAIRS, /**< pairs of neighbouring spells of a person; each is one of the next */
    HST_SPELL_LINKED,
    HST_SPELL_OVERLAP,          /**< not linked: starts before the previous one ends */
    HST_SPELL_GAP,              /**< not linked: too many days between */
    HST_SPELL_NO_TRANSFER,      /**< not linked: no transfer recorded */
    HST_SPELL_EXCLUDED,         /**< not linked: destination 19, source 51, method 21 */
    HST_SPELL_ATTENDER_BETWEEN, /**< not linked: one is class 3 or 4 */
    HST_SPELL_CIPS,
    HST_N_SPELL_EVENTS
} hst_spell_event;

/** Text of audit.csv: "spells", "spells open: no discharge date", ... */
const char *hst_spell_event_name(hst_spell_event event);

/**
 * Why an episode, once cleaned, is in no spell: HST_SPELL_NOT_FINISHED to HST_SPELL_NO_SUS_SPELL,
 * the first that holds; HST_SPELL_EPISODES when nothing speaks against it.
 */
hst_spell_event hst_spell_refusal(hst_spell_rule rule, const hst_stay_episode *episode);

typedef struct hst_spell_ledger {
    uint64_t n[HST_N_SPELL_EVENTS];
} hst_spell_ledger;

/** Builder with room that is used again from person to person; one a thread. */
typedef struct hst_spells hst_spells;

HST_MUST_CHECK hst_status hst_spells_create(hst_spells **out, hst_spell_rule rule,
                                            hst_cips_rule cips, hst_error *err);
void hst_spells_free(hst_spells *spells);

/**
 * Builds the spells of one person: cleans dates (a copy: swaps EPISTART and EPIEND, fills
 * ADMIDATE), orders, joins, links. Nothing depends on the order in which the episodes come (but
 * that of rows equal in all that the rules look at, which stay as they came), nor on the numbers
 * of providers and spells, only on which are equal.
 *
 * Afterwards `episodes` are sorted so that each spell's are one run in the rule's order, spell
 * after spell; episodes of no spell come last. Spells are ordered by start, end and smallest key,
 * and a continuous spell is a run of them. With HST_CIPS_NONE each spell is a continuous spell of
 * its own.
 *
 * @param episodes  [n], of one person, repeats already left out; changed in place
 * @param ledger    is added to; may be NULL
 * @return HST_OK; HST_ERR_RANGE for more episodes than 32 bits can number; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_spells_build(hst_spells *spells, hst_stay_episode *episodes, size_t n,
                                           hst_spell_ledger *ledger, hst_error *err);

/** What the last build made; valid until the next. */
const hst_spell *hst_spells_get(const hst_spells *spells, size_t *n);
const hst_cips *hst_spells_get_cips(const hst_spells *spells, size_t *n);

/**
 * The linking step alone: sorts spells by start, end and smallest key and links them.
 *
 * @param spells  [n] of one person with start, end, epistart, smallest_key, admimeth, admisorc,
 *                disdest, classpat; receives their order and `cips`
 * @param ledger  is added to; may be NULL
 * @return number of continuous spells
 */
size_t hst_spells_link(hst_cips_rule rule, hst_spell *spells, size_t n, hst_spell_ledger *ledger);

/** "nhsd", "york", "supplied"; "nhsd", "york", "none". False when the text is none of them. */
bool hst_spell_rule_parse(const char *text, hst_spell_rule *out);
bool hst_cips_rule_parse(const char *text, hst_cips_rule *out);

#endif
