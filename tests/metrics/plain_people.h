/* People of random rows, with their stays: the library makes the spells, whose rules have tests of
 * their own (test_spell), and everything after them is done again by hand. */
#ifndef HESTIA_TESTS_METRICS_PLAIN_PEOPLE_H
#define HESTIA_TESTS_METRICS_PLAIN_PEOPLE_H

#include "hestia/spell.h"
#include "tests/metrics/episodes.h"

enum { N_ROWS = 6000, N_PEOPLE = 900, MAX_STAYS = 200 };

static plain_row rows[N_ROWS];

static inline hst_date day(int year, int month, int d)
{
    return hst_date_from_civil(year, month, d);
}

/* Rows close enough together for transfers, readmissions and stays of several episodes. */
static inline void make_rows(void)
{
    static const char *const areas[] = {"5J6", "5J6", "5QL", "5NK", "59999", "5XX"};
    static const char *const methods[] = {"11", "21", "21", "22", "81", "2B"};
    static const char *const destinations[] = {"19", "19", "51", "79", "84"};
    static const char *const providers[] = {"RD1", "RXF", "RTG", "RBA"};

    random_rows(rows, N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++) {
        plain_row *row = &rows[i];

        row->key = i + 1; /* no repeats */
        row->person = 1 + random_below(N_PEOPLE);
        row->area = PICK(areas);
        row->provider = PICK(providers);
        row->admimeth = PICK(methods);
        row->disdest = PICK(destinations);
        row->classpat = random_below(6) ? '1' : random_below(2) ? '2' : '3';
        row->age = random_below(100);
        row->epistart = day(2005, 3, 1) + (hst_date)random_below(760);
        row->admidate = row->epistart - (hst_date)(random_below(8) ? 0 : 1);
        row->epiend =
            row->epistart + (hst_date)(random_below(3) ? random_below(4) : random_below(90));
        row->disdate = random_below(7) ? row->epiend : HST_DATE_MISSING;
        if (i > 0 && random_below(3) == 0) { /* goes on where an earlier one ended */
            const plain_row *before = &rows[random_below((unsigned)i)];

            row->person = before->person;
            row->epistart = before->epiend + (hst_date)random_below(3);
            row->epiend = row->epistart + (hst_date)random_below(12);
            row->admidate = random_below(2) ? before->admidate : row->epistart;
            row->provider = random_below(2) ? before->provider : row->provider;
            row->epiorder = row->admidate == before->admidate ? 2 : 1;
            row->disdate = random_below(9) ? row->epiend : HST_DATE_MISSING;
        }
    }
}

/* ---- the people, plainly ---- */

typedef struct plain_stay {
    const plain_row *first, *last;
    size_t n_rows;
    const plain_row *rows[MAX_STAYS];
    hst_date admidate, disdate; /* disdate HST_DATE_MISSING: open */
    hst_date next_emergency;    /* ADMIDATE of the continuous spell that follows as an emergency */
} plain_stay;

typedef struct plain_person {
    size_t n_rows, n_spells, n_cips;
    const plain_row *rows[MAX_STAYS];
    plain_stay spells[MAX_STAYS], cips[MAX_STAYS];
} plain_person;

static plain_person people[N_PEOPLE + 1];

static inline bool is_emergency(const char *method)
{
    return strcmp(method, "21") == 0 || strcmp(method, "22") == 0 || strcmp(method, "24") == 0 ||
           strcmp(method, "28") == 0 || strcmp(method, "2A") == 0 || strcmp(method, "2B") == 0;
}

static inline void add_spell(plain_stay *stay, const hst_spell *spell,
                             const hst_stay_episode *episodes)
{
    if (stay->n_rows == 0) {
        stay->first = &rows[episodes[spell->first_episode].row];
        stay->admidate = hst_day_to_date(spell->admidate);
    }
    stay->last = &rows[episodes[spell->last_episode].row];
    stay->disdate = spell->disdate ? hst_day_to_date(spell->disdate) : HST_DATE_MISSING;
    for (size_t i = 0; i < spell->n_episodes; i++) {
        assert_true(stay->n_rows < MAX_STAYS);
        stay->rows[stay->n_rows++] = &rows[episodes[spell->first_episode + i].row];
    }
}

static inline uint32_t provider_number(const char *code)
{
    uint32_t number = 0;

    for (; *code; code++) {
        number = number * 64 + (unsigned char)*code - 31u;
    }
    return number;
}

/* An emergency is a return from the last discharge before it, whichever stay that was; those of one
 * day follow the order of the stays. Regular attendances are neither. */
static inline void pair_with_discharge(plain_person *person, size_t emergency)
{
    const plain_stay *e = &person->cips[emergency];
    plain_stay *last = NULL;

    if (!is_emergency(e->first->admimeth) || e->first->classpat == '3') {
        return;
    }
    for (size_t i = 0; i < person->n_cips; i++) {
        plain_stay *s = &person->cips[i];
        bool is_before = s->disdate != HST_DATE_MISSING && s->disdate >= s->admidate &&
                         (s->disdate < e->admidate || (s->disdate == e->admidate && i < emergency));

        if (is_before && s->first->classpat != '3' && (!last || s->disdate >= last->disdate)) {
            last = s;
        }
    }
    if (last && (last->next_emergency == HST_DATE_MISSING || last->next_emergency > e->admidate)) {
        last->next_emergency = e->admidate;
    }
}

static inline void build_person(hst_spells *builder, uint64_t id)
{
    static hst_stay_episode episodes[N_ROWS];
    plain_person *person = &people[id];
    const hst_spell *spells = NULL;
    const hst_cips *cips = NULL;
    size_t n = 0;

    for (size_t i = 0; i < N_ROWS; i++) {
        const plain_row *row = &rows[i];

        if (row->person == id) {
            assert_true(person->n_rows < MAX_STAYS);
            person->rows[person->n_rows++] = row;
            episodes[n++] = (hst_stay_episode){.record_key = row->key,
                                               .provider = provider_number(row->provider),
                                               .row = (uint32_t)i,
                                               .admidate = plain_day(row->admidate),
                                               .disdate = plain_day(row->disdate),
                                               .epistart = plain_day(row->epistart),
                                               .epiend = plain_day(row->epiend),
                                               .admimeth = plain_pair(row->admimeth),
                                               .admisorc = plain_pair(row->admisorc),
                                               .disdest = plain_pair(row->disdest),
                                               .epiorder = (uint8_t)row->epiorder,
                                               .epistat = (uint8_t)row->epistat,
                                               .classpat = (uint8_t)row->classpat,
                                               .dismeth = (uint8_t)row->dismeth};
        }
    }
    assert_int_equal(hst_spells_build(builder, episodes, n, NULL, NULL), HST_OK);
    spells = hst_spells_get(builder, &person->n_spells);
    cips = hst_spells_get_cips(builder, &person->n_cips);
    assert_true(person->n_spells < MAX_STAYS);
    for (size_t i = 0; i < person->n_spells; i++) {
        add_spell(&person->spells[i], &spells[i], episodes);
    }
    for (size_t i = 0; i < person->n_cips; i++) {
        for (size_t k = 0; k < cips[i].n_spells; k++) {
            add_spell(&person->cips[i], &spells[cips[i].first_spell + k], episodes);
        }
        person->cips[i].next_emergency = HST_DATE_MISSING;
    }
    for (size_t i = 0; i < person->n_cips; i++) {
        pair_with_discharge(person, i);
    }
}

static inline bool has_code(const plain_row *row, const char *prefix, size_t n_positions)
{
    for (size_t i = 0; i < n_positions; i++) {
        if (strncmp(row->diagnoses[i], prefix, strlen(prefix)) == 0) {
            return true;
        }
    }
    return false;
}

#endif
