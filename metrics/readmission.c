/*
 * Emergencies and the discharges they are paired with (NHS Digital, Compendium I02040: days from
 * the last, previous discharge). A person's continuous spells are in the order of their starts,
 * which is not the order of their discharges where one lies inside another.
 */
#include "readmission_internal.h"

#include <stdlib.h>

#include "england_internal.h"
#include "spell_internal.h"

static hst_status reserve(hst_returns *returns, size_t n, hst_error *err)
{
    if (n <= returns->capacity) {
        return HST_OK;
    }
    hst_returns_clear(returns);
    returns->discharges = calloc(2 * n, sizeof *returns->discharges);
    returns->after = calloc(2 * n, sizeof *returns->after);
    if (!returns->discharges || !returns->after) {
        hst_returns_clear(returns);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the discharges of a person");
    }
    returns->capacity = 2 * n;
    return HST_OK;
}

void hst_returns_clear(hst_returns *returns)
{
    free(returns->discharges);
    free(returns->after);
    *returns = (hst_returns){0};
}

static int compare(const void *a, const void *b)
{
    return hst_compare_u64(*(const uint64_t *)a, *(const uint64_t *)b);
}

/* By day, on one day in the order of the stays. */
static uint64_t place_of(hst_day day, size_t cips)
{
    return (uint64_t)day << 32 | cips;
}

static size_t list_discharges(hst_returns *returns, const hst_person *person)
{
    size_t n = 0;
    bool is_sorted = true;

    for (size_t i = 0; i < person->n_cips; i++) {
        const hst_spell *first = &person->spells[person->cips[i].first_spell];
        hst_day day = first[person->cips[i].n_spells - 1].disdate;

        returns->after[i] = HST_NOT_READMITTED;
        if (day >= first->admidate && !hst_is_attender(first->classpat)) {
            returns->discharges[n] = place_of(day, i);
            is_sorted = is_sorted && (n == 0 || returns->discharges[n - 1] < place_of(day, i));
            n++;
        }
    }
    if (!is_sorted) {
        qsort(returns->discharges, n, sizeof *returns->discharges, compare);
    }
    return n;
}

/* How many discharges come before a place. */
static size_t count_before(const hst_returns *returns, size_t n, uint64_t place)
{
    size_t from = 0, to = n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (returns->discharges[middle] < place) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

hst_status hst_returns_find(hst_returns *returns, const hst_person *person, hst_error *err)
{
    hst_status status = reserve(returns, person->n_cips, err);
    size_t n = 0;

    if (status) {
        return status;
    }
    n = list_discharges(returns, person);
    for (size_t i = 0; i < person->n_cips; i++) {
        const hst_spell *spell = &person->spells[person->cips[i].first_spell];
        size_t n_before = 0;

        if (!hst_is_emergency(spell->admimeth) || hst_is_attender(spell->classpat)) {
            continue;
        }
        n_before = count_before(returns, n, place_of(spell->admidate, i));
        if (n_before > 0) {
            uint64_t discharge = returns->discharges[n_before - 1];
            uint32_t days = (uint32_t)spell->admidate - (uint32_t)(discharge >> 32);
            uint32_t *after = &returns->after[(uint32_t)discharge];

            *after = days < *after ? days : *after;
        }
    }
    return HST_OK;
}
