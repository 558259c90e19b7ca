/* Provider spells and continuous spells of one person: cleaning, and the result in its order. The
 * rules are in spell_rule.c and cips.c. */
#include "spell_internal.h"

#include <stdlib.h>
#include <string.h>

struct hst_spells {
    hst_spell_rule rule;
    hst_cips_rule cips_rule;
    size_t capacity;
    /* all [capacity] */
    uint32_t *order; /* numbers of episodes, spell after spell */
    uint32_t *spell_order, *room;
    hst_run *runs;
    hst_stay_episode *moved;
    hst_spell *spells, *other_spells; /* the second to sort the first into */
    hst_cips *cips;
    size_t n_spells, n_cips;
};

const char *hst_spell_event_name(hst_spell_event event)
{
    static const char *const names[HST_N_SPELL_EVENTS] = {
        [HST_SPELL_EPISODES] = "episodes",
        [HST_SPELL_NOT_FINISHED] = "in no spell: not finished",
        [HST_SPELL_NO_PROVIDER] = "in no spell: no provider",
        [HST_SPELL_NO_EPISTART] = "in no spell: no EPISTART",
        [HST_SPELL_NO_EPIEND] = "in no spell: no EPIEND",
        [HST_SPELL_NO_ADMIDATE] = "in no spell: no ADMIDATE",
        [HST_SPELL_NO_SUS_SPELL] = "in no spell: no SUSSPELLID",
        [HST_SPELL_DATES_SWAPPED] = "EPISTART and EPIEND swapped",
        [HST_SPELL_ADMIDATE_FILLED] = "ADMIDATE taken from EPISTART",
        [HST_SPELL_REGULAR_ATTENDER] = "regular attenders: a spell of their own",
        [HST_SPELL_NUMBER_MISSING] = "joined by ADMIDATE and provider alone: no spell number",
        [HST_SPELL_SPELLS] = "spells",
        [HST_SPELL_OPEN] = "spells open: no discharge date",
        [HST_SPELL_DISCHARGE_EARLIER] = "spells discharged in an episode before the last",
        [HST_SPELL_NEGATIVE_STAY] = "spells with DISDATE before ADMIDATE",
        [HST_SPELL_BY_ADMIDATE] = "joined: same ADMIDATE as the episode before",
        [HST_SPELL_BY_EPISTART] = "joined: same EPISTART as the episode before",
        [HST_SPELL_BY_UNFINISHED_END] =
            "joined: begins when the episode before ends, not discharged",
        [HST_SPELL_PAIRS] = "neighbouring spells of a person",
        [HST_SPELL_LINKED] = "linked by a transfer",
        [HST_SPELL_OVERLAP] = "not linked: starts before the one before ends",
        [HST_SPELL_GAP] = "not linked: too many days between",
        [HST_SPELL_NO_TRANSFER] = "not linked: no transfer recorded",
        [HST_SPELL_EXCLUDED] = "not linked: destination 19, source 51, method 21",
        [HST_SPELL_ATTENDER_BETWEEN] = "not linked: a regular attender",
        [HST_SPELL_CIPS] = "continuous spells",
    };

    return (unsigned)event < HST_N_SPELL_EVENTS ? names[event] : "";
}

static bool find_name(const char *text, const char *const *names, size_t n, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool hst_spell_rule_parse(const char *text, hst_spell_rule *out)
{
    static const char *const names[] = {
        [HST_SPELLS_NHSD] = "nhsd", [HST_SPELLS_YORK] = "york", [HST_SPELLS_SUPPLIED] = "supplied"};
    size_t i = 0;

    if (!find_name(text, names, sizeof names / sizeof names[0], &i)) {
        return false;
    }
    *out = (hst_spell_rule)i;
    return true;
}

bool hst_cips_rule_parse(const char *text, hst_cips_rule *out)
{
    static const char *const names[] = {
        [HST_CIPS_NHSD] = "nhsd", [HST_CIPS_YORK] = "york", [HST_CIPS_NONE] = "none"};
    size_t i = 0;

    if (!find_name(text, names, sizeof names / sizeof names[0], &i)) {
        return false;
    }
    *out = (hst_cips_rule)i;
    return true;
}

/* ---- the builder ---- */

static void clear_room(hst_spells *spells)
{
    free(spells->order);
    free(spells->room);
    free(spells->spell_order);
    free(spells->runs);
    free(spells->other_spells);
    free(spells->moved);
    free(spells->spells);
    free(spells->cips);
    spells->order = spells->room = spells->spell_order = NULL;
    spells->runs = NULL;
    spells->spells = spells->other_spells = NULL;
    spells->moved = NULL;
    spells->cips = NULL;
    spells->capacity = 0;
}

static hst_status reserve(hst_spells *spells, size_t n, hst_error *err)
{
    size_t capacity = spells->capacity > 0 ? spells->capacity : 64;

    if (n <= spells->capacity) {
        return HST_OK;
    }
    if (n >= HST_NO_SPELL) {
        return hst_fail(err, HST_ERR_RANGE, "%zu episodes of one person are more than 32 bits hold",
                        n);
    }
    while (capacity < n) {
        capacity *= 2;
    }
    clear_room(spells);
    spells->order = calloc(capacity, sizeof *spells->order);
    spells->room = calloc(capacity, sizeof *spells->room);
    spells->spell_order = calloc(capacity, sizeof *spells->spell_order);
    spells->runs = calloc(capacity, sizeof *spells->runs);
    spells->other_spells = calloc(capacity, sizeof *spells->other_spells);
    spells->moved = calloc(capacity, sizeof *spells->moved);
    spells->spells = calloc(capacity, sizeof *spells->spells);
    spells->cips = calloc(capacity, sizeof *spells->cips);
    if (!spells->order || !spells->room || !spells->spell_order || !spells->runs ||
        !spells->other_spells || !spells->moved || !spells->spells || !spells->cips) {
        clear_room(spells);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu episodes of one person", n);
    }
    spells->capacity = capacity;
    return HST_OK;
}

hst_status hst_spells_create(hst_spells **out, hst_spell_rule rule, hst_cips_rule cips,
                             hst_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to make spells");
    }
    (*out)->rule = rule;
    (*out)->cips_rule = cips;
    return HST_OK;
}

void hst_spells_free(hst_spells *spells)
{
    if (spells) {
        clear_room(spells);
        free(spells);
    }
}

const hst_spell *hst_spells_get(const hst_spells *spells, size_t *n)
{
    *n = spells->n_spells;
    return spells->spells;
}

const hst_cips *hst_spells_get_cips(const hst_spells *spells, size_t *n)
{
    *n = spells->n_cips;
    return spells->cips;
}

/* ---- cleaning ---- */

hst_spell_event hst_spell_refusal(hst_spell_rule rule, const hst_stay_episode *e)
{
    return e->epistat != '3'                                  ? HST_SPELL_NOT_FINISHED
           : e->provider == 0                                 ? HST_SPELL_NO_PROVIDER
           : e->epistart == 0                                 ? HST_SPELL_NO_EPISTART
           : e->epiend == 0                                   ? HST_SPELL_NO_EPIEND
           : e->admidate == 0                                 ? HST_SPELL_NO_ADMIDATE
           : rule == HST_SPELLS_SUPPLIED && e->sus_spell == 0 ? HST_SPELL_NO_SUS_SPELL
                                                              : HST_SPELL_EPISODES;
}

static void clean(hst_stay_episode *e, hst_spell_rule rule, hst_spell_ledger *ledger)
{
    hst_spell_event refusal = HST_SPELL_EPISODES;

    e->notes = 0;
    e->spell = HST_NO_SPELL;
    if (e->epiend != 0 && e->epistart > e->epiend) {
        hst_day start = e->epiend;

        e->epiend = e->epistart;
        e->epistart = start;
        e->notes |= HST_STAY_DATES_SWAPPED;
        ledger->n[HST_SPELL_DATES_SWAPPED]++;
    }
    if (e->admidate == 0 && e->epistart != 0 && e->epiorder == 1 &&
        !hst_is_transfer_in(e->admimeth, e->admisorc)) {
        e->admidate = e->epistart;
        e->notes |= HST_STAY_ADMIDATE_FILLED;
        ledger->n[HST_SPELL_ADMIDATE_FILLED]++;
    }
    refusal = hst_spell_refusal(rule, e);
    if (refusal != HST_SPELL_EPISODES) {
        ledger->n[refusal]++;
        e->notes |= refusal != HST_SPELL_NO_SUS_SPELL ? HST_STAY_INVALID : 0;
    }
}

/* ---- from runs to spells ---- */

/* Episodes numbered order[run->first ..] are those of one spell, in its order. */
static void make_spell(hst_spell *spell, const hst_stay_episode *episodes, const uint32_t *order,
                       const hst_run *run, hst_spell_ledger *ledger)
{
    const hst_stay_episode *first = &episodes[order[run->first]], *last = NULL;
    uint32_t discharge = run->n - 1;

    *spell =
        (hst_spell){.first_episode = run->first,
                    .n_episodes = run->n,
                    .provider = first->provider,
                    .smallest_key = first->record_key,
                    .start = first->admidate < first->epistart ? first->admidate : first->epistart,
                    .epistart = first->epistart,
                    .admidate = first->admidate,
                    .admimeth = first->admimeth,
                    .admisorc = first->admisorc,
                    .classpat = first->classpat};
    for (uint32_t i = 0; i < run->n; i++) {
        const hst_stay_episode *e = &episodes[order[run->first + i]];

        spell->smallest_key =
            e->record_key < spell->smallest_key ? e->record_key : spell->smallest_key;
        spell->end = e->epiend > spell->end ? e->epiend : spell->end;
    }
    while (discharge > 0 && episodes[order[run->first + discharge]].disdate == 0) {
        discharge--;
    }
    if (episodes[order[run->first + discharge]].disdate == 0) {
        discharge = run->n - 1; /* open */
    }
    last = &episodes[order[run->first + discharge]];
    spell->disdate = last->disdate;
    spell->disdest = last->disdest;
    spell->dismeth = last->dismeth;
    spell->last_episode = run->first + discharge;
    ledger->n[HST_SPELL_OPEN] += spell->disdate == 0;
    ledger->n[HST_SPELL_DISCHARGE_EARLIER] += discharge != run->n - 1;
    ledger->n[HST_SPELL_NEGATIVE_STAY] += spell->disdate != 0 && spell->disdate < spell->admidate;
}

/* What hst_compare_spells cannot tell apart, the episodes may. */
typedef struct spell_base {
    const hst_stay_episode *episodes;
    const uint32_t *order;
    const hst_spell *spells;
} spell_base;

static int compare_built(const void *base, uint32_t a, uint32_t b)
{
    const spell_base *s = base;
    const hst_spell *x = &s->spells[a], *y = &s->spells[b];
    int order = hst_compare_spells(x, y);

    for (uint32_t i = 0; order == 0 && i < x->n_episodes; i++) {
        order = hst_compare_episodes(s->episodes, s->order[x->first_episode + i],
                                     s->order[y->first_episode + i]);
    }
    return order ? order : hst_compare_u64(s->order[x->first_episode], s->order[y->first_episode]);
}

/* Sorts the spells, and with them the runs of `order`. */
static void sort_spells(hst_spells *s, const hst_stay_episode *episodes, size_t n)
{
    const spell_base base = {episodes, s->order, s->spells};
    hst_spell *sorted = s->other_spells;
    size_t i = 1, at = 0;

    while (i < n && compare_built(&base, (uint32_t)i - 1, (uint32_t)i) <= 0) {
        i++;
    }
    if (i >= n) {
        return; /* most people */
    }
    for (i = 0; i < n; i++) {
        s->spell_order[i] = (uint32_t)i;
    }
    hst_sort_numbers(s->spell_order, s->room, n, compare_built, &base);
    for (i = 0; i < n; i++) {
        const hst_spell *spell = &s->spells[s->spell_order[i]];

        memcpy(s->room + at, s->order + spell->first_episode, spell->n_episodes * sizeof *s->order);
        sorted[i] = *spell;
        sorted[i].first_episode = (uint32_t)at;
        sorted[i].last_episode = (uint32_t)at + (spell->last_episode - spell->first_episode);
        at += spell->n_episodes;
    }
    memcpy(s->order, s->room, at * sizeof *s->order);
    s->other_spells = s->spells;
    s->spells = sorted;
}

/* Puts the episodes into the order that the spells are in; what is in none comes last. */
static void sort_episodes(hst_spells *s, hst_stay_episode *episodes, size_t n)
{
    bool is_sorted = true;
    size_t at = 0;

    for (size_t i = 0; i < s->n_spells; i++) {
        for (uint32_t k = 0; k < s->spells[i].n_episodes; k++, at++) {
            is_sorted = is_sorted && s->order[at] == at;
            episodes[s->order[at]].spell = (uint32_t)i;
        }
    }
    hst_sort_numbers(s->order + at, s->room, n - at, hst_compare_episodes, episodes);
    for (; at < n; at++) {
        is_sorted = is_sorted && s->order[at] == at;
    }
    if (!is_sorted) {
        for (size_t i = 0; i < n; i++) {
            s->moved[i] = episodes[s->order[i]];
        }
        memcpy(episodes, s->moved, n * sizeof *episodes);
    }
}

static void list_cips(hst_spells *s)
{
    for (size_t i = 0; i < s->n_spells; i++) {
        hst_cips *cips = &s->cips[s->spells[i].cips];

        if (i == 0 || s->spells[i].cips != s->spells[i - 1].cips) {
            *cips = (hst_cips){(uint32_t)i, 0};
        }
        cips->n_spells++;
    }
}

/* ---- most people ---- */

/* True when the cleaned episodes, as they come, lie apart: each begins after the one before it has
 * ended. Then every one is a spell of its own by nhsd and york, and the spells are in order. */
static bool are_apart(hst_spell_rule rule, const hst_stay_episode *episodes, size_t n)
{
    hst_day end = 0;

    if (rule == HST_SPELLS_SUPPLIED) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const hst_stay_episode *e = &episodes[i];

        if ((e->notes & HST_STAY_INVALID) || e->admidate <= end || e->epistart < e->admidate) {
            return false;
        }
        end = e->epiend;
    }
    return true;
}

static void make_alone(hst_spell *spell, hst_stay_episode *e, uint32_t number)
{
    e->spell = number;
    *spell = (hst_spell){.first_episode = number,
                         .n_episodes = 1,
                         .last_episode = number,
                         .provider = e->provider,
                         .smallest_key = e->record_key,
                         .start = e->admidate,
                         .epistart = e->epistart,
                         .end = e->epiend,
                         .admidate = e->admidate,
                         .disdate = e->disdate,
                         .admimeth = e->admimeth,
                         .admisorc = e->admisorc,
                         .disdest = e->disdest,
                         .classpat = e->classpat,
                         .dismeth = e->dismeth};
}

/* The same spells and ledger as the long way makes, without sorting or searching. */
static void make_apart(hst_spells *spells, hst_stay_episode *episodes, size_t n,
                       hst_spell_ledger *ledger)
{
    for (size_t i = 0; i < n; i++) {
        hst_stay_episode *e = &episodes[i];

        make_alone(&spells->spells[i], e, (uint32_t)i);
        ledger->n[HST_SPELL_OPEN] += e->disdate == 0;
        ledger->n[HST_SPELL_NEGATIVE_STAY] += e->disdate != 0 && e->disdate < e->admidate;
        if (spells->rule == HST_SPELLS_NHSD) {
            bool is_regular = hst_is_attender(e->classpat);

            ledger->n[HST_SPELL_REGULAR_ATTENDER] += is_regular;
            ledger->n[HST_SPELL_NUMBER_MISSING] += !is_regular && e->spell_number == 0;
        }
    }
    spells->n_spells = n;
}

/* Everybody else. */
static void make_joined(hst_spells *spells, hst_stay_episode *episodes, size_t n,
                        hst_spell_ledger *ledger)
{
    for (size_t i = 0; i < n; i++) {
        spells->order[i] = (uint32_t)i;
    }
    spells->n_spells = hst_spell_rule_apply(spells->rule, episodes, spells->order, spells->room, n,
                                            spells->runs, ledger);
    for (size_t i = 0; i < spells->n_spells; i++) {
        make_spell(&spells->spells[i], episodes, spells->order, &spells->runs[i], ledger);
    }
    sort_spells(spells, episodes, spells->n_spells);
    sort_episodes(spells, episodes, n);
}

hst_status hst_spells_build(hst_spells *spells, hst_stay_episode *episodes, size_t n,
                            hst_spell_ledger *ledger, hst_error *err)
{
    hst_spell_ledger nowhere;
    hst_status status = HST_OK;

    spells->n_spells = spells->n_cips = 0;
    status = reserve(spells, n, err);
    if (status != HST_OK || n == 0) {
        return status;
    }
    if (!ledger) {
        memset(&nowhere, 0, sizeof nowhere);
        ledger = &nowhere;
    }
    for (size_t i = 0; i < n; i++) {
        clean(&episodes[i], spells->rule, ledger);
    }
    if (are_apart(spells->rule, episodes, n)) {
        make_apart(spells, episodes, n, ledger);
    } else {
        make_joined(spells, episodes, n, ledger);
    }
    spells->n_cips = hst_spells_link(spells->cips_rule, spells->spells, spells->n_spells, ledger);
    list_cips(spells);
    ledger->n[HST_SPELL_EPISODES] += n;
    ledger->n[HST_SPELL_SPELLS] += spells->n_spells;
    return HST_OK;
}
