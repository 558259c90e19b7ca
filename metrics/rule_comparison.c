#include "rule_comparison_internal.h"

#include <stdlib.h>
#include <string.h>

hst_status hst_rule_comparison_init(hst_rule_comparison *comparison, const hst_people_rules *rules,
                                    hst_error *err)
{
    bool is_york = rules->spells == HST_SPELLS_YORK;

    *comparison = (hst_rule_comparison){.name = is_york ? "nhsd" : "york"};
    return hst_spells_create(&comparison->other, is_york ? HST_SPELLS_NHSD : HST_SPELLS_YORK,
                             is_york ? HST_CIPS_NHSD : HST_CIPS_YORK, err);
}

void hst_rule_comparison_clear(hst_rule_comparison *comparison)
{
    hst_spells_free(comparison->other);
    free(comparison->episodes);
    free(comparison->labels);
    *comparison = (hst_rule_comparison){0};
}

void hst_rule_comparison_merge(hst_rule_comparison *into, const hst_rule_comparison *from)
{
    into->n_spells += from->n_spells;
    into->n_cips += from->n_cips;
    into->n_spells_differ += from->n_spells_differ;
    into->n_cips_differ += from->n_cips_differ;
}

void hst_rule_comparison_wire(hst_rule_comparison *comparison, hst_wire *wire)
{
    hst_wire_counts(wire, &comparison->n_spells, 1);
    hst_wire_counts(wire, &comparison->n_cips, 1);
    hst_wire_counts(wire, &comparison->n_spells_differ, 1);
    hst_wire_counts(wire, &comparison->n_cips_differ, 1);
}

static hst_status make_room(hst_rule_comparison *comparison, size_t n, hst_error *err)
{
    if (n <= comparison->capacity) {
        return HST_OK;
    }
    free(comparison->episodes);
    free(comparison->labels);
    comparison->capacity = 2 * n;
    comparison->episodes = malloc(comparison->capacity * sizeof *comparison->episodes);
    comparison->labels = malloc(6 * comparison->capacity * sizeof *comparison->labels);
    if (!comparison->episodes || !comparison->labels) {
        comparison->capacity = 0;
        return hst_fail(err, HST_ERR_MEMORY, "no memory to compare the spell rules");
    }
    return HST_OK;
}

/* Group of each episode, by its place in the list: spells, or continuous spells. An episode of no
 * spell is a group of its own. Labels are below 2 n. */
static void label(uint32_t *labels, const hst_stay_episode *episodes, size_t n,
                  const hst_spell *spells, const uint32_t *place_of_row, bool by_cips)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t place = place_of_row[i], spell = episodes[i].spell;

        labels[place] = spell == HST_NO_SPELL ? (uint32_t)n + place
                        : by_cips             ? spells[spell].cips
                                              : spell;
    }
}

/* True when one labelling puts together what the other keeps apart. `seen` has room for 2 n. */
static bool differ(const uint32_t *a, const uint32_t *b, size_t n, uint32_t *seen)
{
    memset(seen, 0xFF, 2 * n * sizeof *seen);
    for (size_t i = 0; i < n; i++) {
        if (seen[a[i]] == UINT32_MAX) {
            seen[a[i]] = b[i];
        } else if (seen[a[i]] != b[i]) {
            return true;
        }
    }
    return false;
}

/* True when the stays lie so far apart that no rule joins any of them: each is one episode, and
 * more than three days pass between the end of all before it and its start. */
static bool is_plain(const hst_person *person)
{
    hst_day end = 0;

    if (person->n_spells != person->n_episodes) {
        return false;
    }
    for (size_t i = 0; i < person->n_spells; i++) {
        const hst_spell *spell = &person->spells[i];

        if (spell->admidate > spell->end || (i > 0 && spell->start <= end + 3)) {
            return false;
        }
        end = spell->end > end ? spell->end : end;
    }
    return true;
}

hst_status hst_rule_comparison_add(hst_rule_comparison *comparison, const hst_person *person,
                                   hst_error *err)
{
    size_t n = person->n_episodes, n_spells = 0, n_cips = 0;
    uint32_t *ours = NULL, *theirs = NULL, *seen = NULL, *place = NULL, *other_place = NULL;
    const hst_spell *spells = NULL;
    hst_status status = HST_OK;

    if (is_plain(person)) {
        comparison->n_spells += n;
        comparison->n_cips += n;
        return HST_OK;
    }
    status = make_room(comparison, n, err);
    if (status) {
        return status;
    }
    ours = comparison->labels;
    theirs = ours + n;
    seen = theirs + n;
    place = seen + 2 * n;
    other_place = place + n;
    memcpy(comparison->episodes, person->episodes, n * sizeof *comparison->episodes);
    for (size_t i = 0; i < n; i++) {
        place[i] = comparison->episodes[i].row = (uint32_t)i;
    }
    status = hst_spells_build(comparison->other, comparison->episodes, n, NULL, err);
    if (status) {
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        other_place[i] = comparison->episodes[i].row;
    }
    spells = hst_spells_get(comparison->other, &n_spells);
    hst_spells_get_cips(comparison->other, &n_cips);
    comparison->n_spells += n_spells;
    comparison->n_cips += n_cips;
    for (int by_cips = 0; by_cips < 2; by_cips++) {
        bool is_other = false;

        label(ours, person->episodes, n, person->spells, place, by_cips);
        label(theirs, comparison->episodes, n, spells, other_place, by_cips);
        is_other = differ(ours, theirs, n, seen) || differ(theirs, ours, n, seen);
        *(by_cips ? &comparison->n_cips_differ : &comparison->n_spells_differ) += is_other;
    }
    return HST_OK;
}
