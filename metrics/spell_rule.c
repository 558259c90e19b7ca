/*
 * Which episodes make a provider spell.
 *
 * nhsd: the same ADMIDATE, provider and spell number; regular attenders alone (NHS Digital,
 * Methodology to create provider and CIP spells from HES APC data, v2).
 * york: each episode against the row before it at the same provider (Health Foundation HES
 * pipeline, after Castelli, Laudicella and Street, University of York).
 * supplied: the same SUSSPELLID.
 */
#include "spell_internal.h"

#include <string.h>

typedef bool is_set_aside(const hst_stay_episode *episode);

static bool is_invalid(const hst_stay_episode *episode)
{
    return (episode->notes & HST_STAY_INVALID) != 0;
}

static bool is_without_sus_spell(const hst_stay_episode *episode)
{
    return is_invalid(episode) || episode->sus_spell == 0;
}

static bool is_attender(const hst_stay_episode *episode)
{
    return hst_is_attender(episode->classpat);
}

/* Moves what is set aside behind the others; returns how many stay in front. */
static size_t set_aside(const hst_stay_episode *episodes, uint32_t *order, uint32_t *room, size_t n,
                        is_set_aside *goes)
{
    size_t n_kept = 0, n_gone = 0;

    for (size_t i = 0; i < n; i++) {
        if (goes(&episodes[order[i]])) {
            room[n_gone++] = order[i];
        } else {
            order[n_kept++] = order[i];
        }
    }
    if (n_gone > 0) {
        memcpy(order + n_kept, room, n_gone * sizeof *order);
    }
    return n_kept;
}

static size_t add_run(hst_run *runs, size_t n_runs, size_t first, size_t end)
{
    runs[n_runs] = (hst_run){(uint32_t)first, (uint32_t)(end - first)};
    return n_runs + 1;
}

/* ---- nhsd ---- */

static int compare_stays(const hst_stay_episode *a, const hst_stay_episode *b)
{
    return hst_compare_u64((uint64_t)a->admidate << 32 | a->provider,
                           (uint64_t)b->admidate << 32 | b->provider);
}

/* A missing spell number (0) comes first among those of its ADMIDATE and provider. */
static int compare_nhsd(const void *base, uint32_t a, uint32_t b)
{
    const hst_stay_episode *episodes = base, *x = &episodes[a], *y = &episodes[b];
    int order = compare_stays(x, y);

    order = order ? order : hst_compare_u64(x->spell_number, y->spell_number);
    return order ? order : hst_compare_episodes(base, a, b);
}

/* Episodes [first, end) have the same ADMIDATE and provider. */
static size_t split_by_number(const hst_stay_episode *episodes, uint32_t *order, uint32_t *room,
                              size_t first, size_t end, hst_run *runs, size_t n_runs,
                              hst_spell_ledger *ledger)
{
    if (episodes[order[first]].spell_number == 0) {
        hst_sort_numbers(order + first, room, end - first, hst_compare_episodes, episodes);
        ledger->n[HST_SPELL_NUMBER_MISSING] += end - first;
        return add_run(runs, n_runs, first, end);
    }
    for (size_t i = first + 1; i <= end; i++) {
        if (i == end || episodes[order[i]].spell_number != episodes[order[first]].spell_number) {
            n_runs = add_run(runs, n_runs, first, i);
            first = i;
        }
    }
    return n_runs;
}

static size_t apply_nhsd(const hst_stay_episode *episodes, uint32_t *order, uint32_t *room,
                         size_t n, hst_run *runs, hst_spell_ledger *ledger)
{
    size_t n_in = set_aside(episodes, order, room, n, is_invalid);
    size_t n_joined = set_aside(episodes, order, room, n_in, is_attender), n_runs = 0, first = 0;

    hst_sort_numbers(order, room, n_joined, compare_nhsd, episodes);
    for (size_t i = 1; i <= n_joined; i++) {
        if (i == n_joined || compare_stays(&episodes[order[first]], &episodes[order[i]]) != 0) {
            n_runs = split_by_number(episodes, order, room, first, i, runs, n_runs, ledger);
            first = i;
        }
    }
    ledger->n[HST_SPELL_REGULAR_ATTENDER] += n_in - n_joined;
    for (size_t i = n_joined; i < n_in; i++) {
        n_runs = add_run(runs, n_runs, i, i + 1);
    }
    return n_runs;
}

/* ---- york ---- */

/* Why a valid episode goes on with the spell of the row before it; HST_N_SPELL_EVENTS: it does not.
 */
static hst_spell_event york_reason(const hst_stay_episode *before, const hst_stay_episode *episode)
{
    if (before->admidate == episode->admidate) {
        return HST_SPELL_BY_ADMIDATE;
    }
    if (before->epistart == episode->epistart) {
        return HST_SPELL_BY_EPISTART;
    }
    return (before->dismeth == '8' || before->dismeth == '9') && before->epiend == episode->epistart
               ? HST_SPELL_BY_UNFINISHED_END
               : HST_N_SPELL_EVENTS;
}

/* An invalid row is in no spell, but it is the row before the next: that one then goes on with the
 * last spell begun. */
static size_t apply_york(const hst_stay_episode *episodes, uint32_t *order, uint32_t *room,
                         size_t n, hst_run *runs, hst_spell_ledger *ledger)
{
    const hst_stay_episode *before = NULL;
    size_t n_runs = 0, n_in = 0, n_out = 0;
    bool has_begun = false; /* a spell at this provider */

    hst_sort_numbers(order, room, n, hst_compare_york, episodes);
    for (size_t i = 0; i < n; i++) {
        const hst_stay_episode *episode = &episodes[order[i]];

        has_begun = has_begun && before->provider == episode->provider;
        if (is_invalid(episode)) {
            room[n_out++] = order[i];
        } else {
            hst_spell_event reason = has_begun ? york_reason(before, episode) : HST_N_SPELL_EVENTS;

            if (reason == HST_N_SPELL_EVENTS) {
                n_runs = add_run(runs, n_runs, n_in, n_in);
                has_begun = true;
            } else {
                ledger->n[reason]++;
            }
            runs[n_runs - 1].n++;
            order[n_in++] = order[i];
        }
        before = episode;
    }
    memcpy(order + n_in, room, n_out * sizeof *order);
    return n_runs;
}

/* ---- supplied ---- */

static int compare_supplied(const void *base, uint32_t a, uint32_t b)
{
    const hst_stay_episode *episodes = base;
    int order = hst_compare_u64(episodes[a].sus_spell, episodes[b].sus_spell);

    return order ? order : hst_compare_episodes(base, a, b);
}

static size_t apply_supplied(const hst_stay_episode *episodes, uint32_t *order, uint32_t *room,
                             size_t n, hst_run *runs)
{
    size_t n_in = set_aside(episodes, order, room, n, is_without_sus_spell), n_runs = 0, first = 0;

    hst_sort_numbers(order, room, n_in, compare_supplied, episodes);
    for (size_t i = 1; i <= n_in; i++) {
        if (i == n_in || episodes[order[i]].sus_spell != episodes[order[first]].sus_spell) {
            n_runs = add_run(runs, n_runs, first, i);
            first = i;
        }
    }
    return n_runs;
}

size_t hst_spell_rule_apply(hst_spell_rule rule, const hst_stay_episode *episodes, uint32_t *order,
                            uint32_t *room, size_t n, hst_run *runs, hst_spell_ledger *ledger)
{
    switch (rule) {
    case HST_SPELLS_YORK:
        return apply_york(episodes, order, room, n, runs, ledger);
    case HST_SPELLS_SUPPLIED:
        return apply_supplied(episodes, order, room, n, runs);
    case HST_SPELLS_NHSD:
        break;
    }
    return apply_nhsd(episodes, order, room, n, runs, ledger);
}
