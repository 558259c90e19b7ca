/*
 * Continuous inpatient spells: which spells of a person are joined by a transfer. Each is compared
 * with the one before it only, so a spell in between breaks a chain.
 *
 * nhsd: HSCIC, Provider Spells Methodology (2014). york: Health Foundation HES pipeline, after the
 * University of York; it allows overlaps and has no exclusions.
 */
#include "spell_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    NHSD_DAYS = 2, /* between the end of a spell and the start of the next */
    YORK_DAYS = 3
};

static hst_spell_event link_nhsd(const hst_spell *before, const hst_spell *spell)
{
    int days = (int)spell->start - (int)before->end;

    if (days < 0) {
        return HST_SPELL_OVERLAP;
    }
    if (days > NHSD_DAYS) {
        return HST_SPELL_GAP;
    }
    if (!hst_code_is_one_of(before->disdest, "495051525384") &&
        !hst_code_is_one_of(spell->admisorc, "495051525387") &&
        !hst_code_is_one_of(spell->admimeth, "2B81")) {
        return HST_SPELL_NO_TRANSFER;
    }
    if (hst_code_is_one_of(before->disdest, "19") && hst_code_is_one_of(spell->admisorc, "51") &&
        hst_code_is_one_of(spell->admimeth, "21")) {
        return HST_SPELL_EXCLUDED;
    }
    return hst_is_attender(before->classpat) || hst_is_attender(spell->classpat)
               ? HST_SPELL_ATTENDER_BETWEEN
               : HST_SPELL_LINKED;
}

static hst_spell_event link_york(const hst_spell *before, const hst_spell *spell)
{
    if ((int)spell->epistart - (int)before->end > YORK_DAYS) {
        return HST_SPELL_GAP;
    }
    return hst_is_transfer_out(before->disdest) ||
                   hst_is_transfer_in(spell->admimeth, spell->admisorc)
               ? HST_SPELL_LINKED
               : HST_SPELL_NO_TRANSFER;
}

static int compare(const void *a, const void *b)
{
    const hst_spell *x = a, *y = b;
    int order = hst_compare_spells(x, y);

    return order ? order : hst_compare_u64(x->first_episode, y->first_episode);
}

/* hst_spells_build has them in order already. */
static void sort(hst_spell *spells, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (compare(&spells[i - 1], &spells[i]) > 0) {
            qsort(spells, n, sizeof *spells, compare);
            return;
        }
    }
}

size_t hst_spells_link(hst_cips_rule rule, hst_spell *spells, size_t n, hst_spell_ledger *ledger)
{
    hst_spell_ledger nowhere;
    uint64_t *events = NULL;
    uint32_t cips = 0;

    if (!ledger) {
        memset(&nowhere, 0, sizeof nowhere);
        ledger = &nowhere;
    }
    events = ledger->n;
    sort(spells, n);
    for (size_t i = 0; i < n; i++) {
        hst_spell_event event = HST_SPELL_CIPS;

        if (i > 0 && rule != HST_CIPS_NONE) {
            event = rule == HST_CIPS_YORK ? link_york(&spells[i - 1], &spells[i])
                                          : link_nhsd(&spells[i - 1], &spells[i]);
            events[HST_SPELL_PAIRS]++;
            events[event]++;
        }
        cips += i > 0 && event != HST_SPELL_LINKED;
        spells[i].cips = cips;
    }
    events[HST_SPELL_CIPS] += n > 0 ? cips + 1u : 0;
    return n > 0 ? cips + (size_t)1 : 0;
}
