/* England's totals by the rules of the published tables (see the header). Chosen: a row is one
 * episode whatever else the study excludes; repeats of a record key are left out by the rule
 * `nhsd`, whatever the study says, because NHS Digital had removed them before it counted. */
#include "england_internal.h"

#include <stdlib.h>

enum { FIRST_YEAR = 1929 }; /* financial year of the first day of hst_day */

void hst_england_fill_years(uint8_t *year_of_day)
{
    year_of_day[0] = 0;
    for (unsigned day = 1; day < HST_ENGLAND_DAYS; day++) {
        int year = hst_date_financial_year(hst_day_to_date((hst_day)day));

        year_of_day[day] = (uint8_t)(year - FIRST_YEAR + 1);
    }
}

bool hst_is_emergency(uint16_t admimeth)
{
    switch (admimeth) {
    case HST_CODE2('2', '1'):
    case HST_CODE2('2', '2'):
    case HST_CODE2('2', '3'):
    case HST_CODE2('2', '4'):
    case HST_CODE2('2', '5'):
    case HST_CODE2('2', '8'):
    case HST_CODE2('2', 'A'):
    case HST_CODE2('2', 'B'):
    case HST_CODE2('2', 'C'):
    case HST_CODE2('2', 'D'):
        return true;
    default:
        return false;
    }
}

void hst_england_add(hst_england_tally *tally, const uint8_t *year_of_day,
                     const hst_episode *episode)
{
    size_t year = year_of_day[episode->epiend];

    if (hst_episode_is_repeat(episode)) {
        tally->n_repeated++;
    } else if (episode->epistat == '3' &&
               (episode->classpat == '1' || episode->classpat == '2' || episode->classpat == '5')) {
        tally->fce[year]++;
        if (episode->classpat == '1' && episode->admidate != 0 &&
            episode->disdate >= episode->admidate &&
            episode->disdate - episode->admidate <= HST_LONGEST_STAY) {
            tally->stays[year]++;
            tally->stay_days[year] += (uint64_t)(episode->disdate - episode->admidate);
        }
        if (episode->epiorder == 1) {
            tally->fae[year]++;
            tally->fae_emergency[year] += hst_is_emergency(episode->admimeth);
        }
    }
}

void hst_england_merge(hst_england_tally *into, const hst_england_tally *from)
{
    for (size_t i = 0; i < HST_ENGLAND_YEARS; i++) {
        into->fce[i] += from->fce[i];
        into->fae[i] += from->fae[i];
        into->fae_emergency[i] += from->fae_emergency[i];
        into->stays[i] += from->stays[i];
        into->stay_days[i] += from->stay_days[i];
        into->spells[i] += from->spells[i];
    }
    into->n_repeated += from->n_repeated;
}

void hst_england_wire(hst_england_tally *tally, hst_wire *wire)
{
    hst_wire_counts(wire, tally->fce, HST_ENGLAND_YEARS);
    hst_wire_counts(wire, tally->fae, HST_ENGLAND_YEARS);
    hst_wire_counts(wire, tally->fae_emergency, HST_ENGLAND_YEARS);
    hst_wire_counts(wire, tally->stays, HST_ENGLAND_YEARS);
    hst_wire_counts(wire, tally->stay_days, HST_ENGLAND_YEARS);
    hst_wire_counts(wire, tally->spells, HST_ENGLAND_YEARS);
    hst_wire_counts(wire, &tally->n_repeated, 1);
}

hst_status hst_england_list(hst_england **out, const hst_england_tally *tally, hst_error *err)
{
    hst_england *england = calloc(1, sizeof *england);

    *out = england;
    if (england) {
        england->years = calloc(HST_ENGLAND_YEARS, sizeof *england->years);
    }
    if (!england || !england->years) {
        hst_england_free(england);
        *out = NULL;
        return hst_fail(err, HST_ERR_MEMORY, "no memory for England's totals");
    }
    for (size_t i = 1; i < HST_ENGLAND_YEARS; i++) {
        if (tally->fce[i] > 0) {
            england->years[england->n_years++] =
                (hst_england_year){.year = FIRST_YEAR - 1 + (int)i,
                                   .fce = tally->fce[i],
                                   .fae = tally->fae[i],
                                   .fae_emergency = tally->fae_emergency[i],
                                   .stays = tally->stays[i],
                                   .stay_days = tally->stay_days[i],
                                   .spells = tally->spells[i]};
        }
    }
    england->n_repeated = tally->n_repeated;
    england->has_spells = tally->has_spells;
    england->n_undated = tally->fce[0];
    return HST_OK;
}

void hst_england_free(hst_england *england)
{
    if (england) {
        free(england->years);
        free(england);
    }
}
