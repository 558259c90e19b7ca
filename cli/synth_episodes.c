/* Artificial inpatient rows.
 *
 * DISDATE of all but the last episode of a spell is empty or 1800-01-01. Episodes open on 31 March
 * stand as unfinished (EPISTAT 1) in that year's file and, with the same EPIKEY, as finished in the
 * next one's. Positions of diagnoses grow as they did: 7, 14 from 2002/03, 20 from 2007/08. */
#include "cli/synth_row.h"

#include <string.h>

static const char *const columns[] = {
    "FYEAR",     "PARTYEAR",      "EPIKEY",      "PSEUDO_HESID", "ADMIDATE",      "ADMIMETH",
    "ADMISORC",  "CLASSPAT",      "DIAG_4_01",   "DIAG_4_02",    "DIAG_4_03",     "DIAG_4_04",
    "DIAG_4_05", "DIAG_4_06",     "DIAG_4_07",   "DIAG_4_08",    "DIAG_4_09",     "DIAG_4_10",
    "DIAG_4_11", "DIAG_4_12",     "DIAG_4_13",   "DIAG_4_14",    "DIAG_4_15",     "DIAG_4_16",
    "DIAG_4_17", "DIAG_4_18",     "DIAG_4_19",   "DIAG_4_20",    "DIAG_4_CONCAT", "DIAG_COUNT",
    "DISDATE",   "DISDEST",       "DISMETH",     "EPIDUR",       "EPIEND",        "EPIORDER",
    "EPISTART",  "EPISTAT",       "EPITYPE",     "ETHNOS",       "FAE",           "FAE_EMERGENCY",
    "FCE",       "FDE",           "GPPRAC",      "IMD04_DECILE", "LSOA01",        "MAINSPEF",
    "MYDOB",     "OPDATE_01",     "OPERTN_4_01", "OPERTN_4_02",  "OPERTN_4_03",   "OPERTN_4_04",
    "PROCODE3",  "PROCODET",      "SITETRET",    "PROVSPNOPS",   "PURCODE",       "RESLADST",
    "RESPCT06",  "RESPCT_HIS",    "SEX",         "SPELBGIN",     "SPELDUR",       "SPELEND",
    "STARTAGE",  "STARTAGE_CALC", "SUBDATE",     "SUSRECID",     "SUSSPELLID",    "TRETSPEF",
};

const char *const *synth_episode_columns(size_t *n)
{
    *n = sizeof columns / sizeof *columns;
    return columns;
}

static void diagnosis_cells(synth_row *row, const synth_episode *episode, int year)
{
    size_t depth = year < 2002 ? 7 : year < 2007 ? 14 : SYNTH_MAX_DIAGNOSES;
    size_t n = episode->n_diagnoses < depth ? episode->n_diagnoses : depth;
    bool is_quoted = row->separator == ',' && n > 1;

    for (size_t i = 0; i < SYNTH_MAX_DIAGNOSES; i++) {
        synth_text(row, i < n ? episode->diagnoses[i] : i == 1 ? "-" : "");
    }
    synth_put(row, is_quoted ? "\"" : "");
    for (size_t i = 0; i < n; i++) {
        synth_put(row, i > 0 ? "," : "");
        synth_put(row, episode->diagnoses[i]);
    }
    synth_text(row, is_quoted ? "\"" : "");
    synth_put_digits(row, n, 1);
    synth_text(row, ".0");
}

/* The commissioning system's number of the spell: from 2007/08, -1 for one in a hundred. */
static void sus_spell_cell(synth_row *row, uint64_t person, size_t spell, int year)
{
    uint64_t number = person * SYNTH_MAX_SPELLS + spell;

    if (year < 2007) {
        synth_text(row, "");
    } else if (number % 101 == 7) {
        synth_text(row, "-1");
    } else {
        synth_number(row, 1000000000 + number % 9000000000u);
    }
}

/* One row of a year's file. */
typedef struct record {
    const synth_history *history;
    const synth_episode *episode;
    const synth_spell *spell;
    const synth_dirt *dirt;
    bool is_open;
} record;

static char *write_row(char *at, const synth_world *world, const record *r, int year)
{
    const synth_episode *episode = r->episode;
    const synth_spell *spell = r->spell;
    synth_row row = {at, world->options.separator};
    synth_place place = {.world = world,
                         .person = &r->history->person,
                         .dirt = r->dirt,
                         .area = spell->area,
                         .provider = synth_provider_on(world, spell->provider, spell->admidate),
                         .date = episode->start,
                         .year = year,
                         .key = episode->key};
    bool is_fce = !r->is_open && strchr("125", spell->class) != NULL;
    bool is_fae = is_fce && episode->order == 1;
    bool is_discharge = !r->is_open && episode->is_last;
    size_t variant = (size_t)(episode->key % 4);

    synth_year_cells(&row, year);
    synth_number(&row, episode->key);
    synth_person_cell(&row, &place);
    if (r->dirt->no_date) {
        synth_text(&row, variant < 2 ? "1801-01-01" : "1800-01-01");
    } else {
        synth_date(&row, spell->admidate);
    }
    synth_text(&row, spell->method);
    synth_text(&row, spell->source);
    synth_char(&row, spell->class);
    diagnosis_cells(&row, episode, year);
    if (is_discharge) {
        synth_date(&row, spell->disdate);
    } else {
        synth_text(&row, variant == 0 ? "1800-01-01" : "");
    }
    synth_text(&row, is_discharge ? spell->destination : "98");
    synth_text(&row, is_discharge ? spell->discharge_method : "8");
    if (r->is_open) {
        synth_text(&row, "");
        synth_text(&row, "");
    } else {
        synth_number(&row, (uint64_t)(episode->end - episode->start));
        synth_date(&row, episode->end);
    }
    synth_number(&row, episode->order);
    if (r->dirt->no_epistart) {
        synth_text(&row, "1801-01-01");
    } else {
        synth_date(&row, episode->start);
    }
    synth_char(&row, r->is_open ? '1' : '3');
    synth_char(&row, episode->type);
    synth_char(&row, "AAAAAAABCGHJKMNRSZ"[place.person->number % 18]);
    synth_char(&row, is_fae ? '1' : '0');
    synth_char(&row, is_fae && synth_is_emergency(spell->method) ? '1' : '0');
    synth_char(&row, is_fce ? '1' : '0');
    synth_char(&row, is_fce && episode->is_last ? '1' : '0');
    synth_home_cells(&row, &place);
    synth_text(&row, episode->specialty);
    synth_birth_cell(&row, &place);
    synth_date(&row, episode->n_procedures > 0 ? episode->start : HST_DATE_MISSING);
    for (size_t i = 0; i < SYNTH_MAX_PROCEDURES; i++) {
        synth_text(&row, i < episode->n_procedures ? episode->procedures[i] : i == 0 ? "-   " : "");
    }
    synth_provider_cells(&row, &place);
    synth_put(&row, "PS");
    synth_put_digits(&row, place.person->number, 9);
    synth_put_digits(&row, episode->spell + 1, 3);
    synth_end_cell(&row);
    synth_area_cells(&row, &place);
    synth_sex_cell(&row, &place);
    synth_char(&row, episode->order > 1                                  ? '0'
                     : spell->admidate < hst_date_from_civil(year, 4, 1) ? '1'
                                                                         : '2');
    if (is_discharge) {
        synth_number(&row, (uint64_t)(spell->disdate - spell->admidate));
    } else {
        synth_text(&row, "");
    }
    synth_char(&row, is_discharge ? 'Y' : 'N');
    synth_age_cells(&row, &place, false);
    synth_date(&row, (r->is_open ? hst_date_from_civil(year + 1, 3, 31) : episode->end) + 20);
    synth_put_digits(&row, 20000000000000u + episode->key, 14);
    synth_end_cell(&row);
    sus_spell_cell(&row, place.person->number, episode->spell, year);
    synth_text(&row, episode->specialty);
    return synth_end_row(&row);
}

char *synth_write_episodes(char *at, const synth_world *world, const synth_history *history,
                           int year, synth_file_truth *truth)
{
    hst_date from = hst_date_from_civil(year, 4, 1), to = hst_date_from_civil(year + 1, 3, 31);
    hst_date march = hst_date_from_civil(year, 3, 1);

    for (size_t i = 0; i < history->n_episodes; i++) {
        const synth_episode *episode = &history->episodes[i];
        record r = {.history = history,
                    .episode = episode,
                    .spell = &history->spells[episode->spell],
                    .is_open = episode->start <= to && episode->end > to};
        synth_dirt d;

        if (!r.is_open && (episode->end < march || episode->end > to)) {
            continue;
        }
        d = synth_episode_dirt(world, history, i);
        if (episode->end < from && !(d.is_late && year > world->options.first_year)) {
            continue;
        }
        r.dirt = &d;
        truth->rows += d.is_twice ? 2 : 1;
        truth->unfinished += r.is_open;
        truth->finished += !r.is_open;
        truth->repeated += episode->end < from;
        truth->duplicates += d.is_twice;
        truth->no_area += d.no_area;
        truth->no_date += d.no_date;
        truth->no_age += d.no_age;
        truth->no_sex += d.no_sex;
        truth->no_person += d.no_person;
        for (int copy = 0; copy <= d.is_twice; copy++) {
            at = write_row(at, world, &r, year);
        }
    }
    return at;
}
