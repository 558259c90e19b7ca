/* Spells once more, plain and quadratic, written from the rules' text and sharing no code with
 * metrics/: what hst_spells_build is compared with. */
#ifndef HESTIA_TESTS_SPELL_SLOW_H
#define HESTIA_TESTS_SPELL_SLOW_H

#include "hestia/spell.h"

enum { SLOW_MAX = 64 };

/** What becomes of a person's episodes; a spell is named by the row that begins it. */
typedef struct slow_person {
    hst_stay_episode rows[SLOW_MAX]; /**< cleaned, in the order in which they came */
    size_t n;
    int spell_of[SLOW_MAX];      /**< row: name of its spell, -1 = none */
    int cips_of[SLOW_MAX];       /**< row: name of the continuous spell, -1 = none */
    hst_spell spells[SLOW_MAX];  /**< by name; first_episode, cips, last_episode are not set */
    int discharge_row[SLOW_MAX]; /**< by name of the spell */
    int place[SLOW_MAX];         /**< by name of the spell: how many come before it */
} slow_person;

/** Cleans the rows and makes the spells. */
void slow_spells(slow_person *person, hst_spell_rule rule);

/** Makes the continuous spells, once the spells are there. */
void slow_link(slow_person *person, hst_cips_rule rule);

#endif
