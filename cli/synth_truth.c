/* What is true of the artificial people, counted from their lives as they were drawn.
 *
 * No counting rule is run here. Which stays are one journey, which of those the record shows, what
 * went missing from a row: all that was decided when the life was drawn, so that a study that goes
 * by the rules has to come to the same numbers from the rows alone. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/synth.h"
#include "hestia/ingest.h"

static const hst_date RETURN_DAYS = 30;
static const int ADULT = 17; /* youngest age of a general practice's diabetes register */

/* What one thread counts with. */
typedef struct counter {
    const synth_world *world;
    synth_truth *truth;
    synth_history history;
    synth_clinics clinics;
    synth_arrivals arrivals;
} counter;

static void add(counter *c, synth_measure measure, size_t area, hst_date date, uint64_t n)
{
    int month = synth_month(c->world, date);

    if (date >= c->world->first_day && date <= c->world->last_day) {
        c->truth->counted[measure][area][month] += n;
    }
}

static bool begins_with(const char *text, const char *const *beginnings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_diabetes(const char *code)
{
    static const char *const codes[] = {"E10", "E11", "E12", "E13", "E14"};

    return begins_with(code, codes, 5);
}

static bool is_dementia(const char *code)
{
    static const char *const codes[] = {"F00", "F01", "F02", "F03", "G30"};

    return begins_with(code, codes, 5);
}

static bool is_admission_class(char class)
{
    return class == '1' || class == '2' || class == '5';
}

/* ---- what the files show of a life ---- */

/* A stay as the files show it. */
typedef struct seen {
    const synth_spell *spell;
    const synth_episode *first; /* the first episode there is; NULL: the stay is not there */
    synth_dirt dirt;            /* of that episode's row */
    bool is_closed, has_dementia, has_diabetes;
} seen;

static bool is_in_files(const synth_world *world, const synth_episode *episode)
{
    return episode->end >= world->first_day && episode->end <= world->last_day;
}

static seen see(const counter *c, size_t i)
{
    const synth_history *history = &c->history;
    seen s = {.spell = &history->spells[i]};

    for (size_t e = s.spell->first_episode; e < s.spell->first_episode + s.spell->n_episodes; e++) {
        const synth_episode *episode = &history->episodes[e];
        synth_dirt dirt = synth_episode_dirt(c->world, history, e);

        if (!is_in_files(c->world, episode)) {
            continue;
        }
        s.dirt = s.first ? s.dirt : dirt;
        for (size_t d = 0; d < episode->n_diagnoses && !dirt.no_date; d++) {
            s.has_diabetes |= is_diabetes(episode->diagnoses[d]);
        }
        if (dirt.no_epistart) {
            continue;
        }
        s.first = s.first ? s.first : episode;
        for (size_t d = 0; d < episode->n_diagnoses && d < 3; d++) {
            s.has_dementia |= is_dementia(episode->diagnoses[d]);
        }
        s.is_closed |= episode->is_last;
    }
    return s;
}

/* ---- people with diabetes and dementia ---- */

/* A year's end, 31 March. */
static hst_date end_of(const synth_world *world, size_t year)
{
    return hst_date_from_civil(world->options.first_year + (int)year + 1, 3, 31);
}

/* What the files show of somebody by a day: the last row begun by then, or else the first one
 * after.
 */
typedef struct trace {
    bool is_found, has_area, has_died; /* in hospital, by then */
    size_t area;
} trace;

static void look_at_row(const counter *c, trace *t, size_t i, hst_date day)
{
    const synth_episode *episode = &c->history.episodes[i];
    const synth_spell *spell = &c->history.spells[episode->spell];
    synth_dirt d = synth_episode_dirt(c->world, &c->history, i);

    if (!is_in_files(c->world, episode) || (d.no_date && d.no_epistart)) {
        return;
    }
    if (spell->admidate <= day || !t->is_found) {
        t->is_found = true;
        t->area = spell->area;
        t->has_area = !d.no_area;
    }
    t->has_died |= episode->is_last && spell->discharge_method[0] == '4' && spell->disdate <= day;
}

static void count_member(counter *c, const trace *t, size_t year)
{
    if (t->is_found && t->has_area && !t->has_died) {
        c->truth->members[t->area][year]++;
        c->truth->adult_members[t->area][year] +=
            synth_age_on(&c->history.person, end_of(c->world, year)) >= ADULT;
    }
}

static void count_people(counter *c, bool is_member)
{
    const synth_person *person = &c->history.person;
    size_t n_years = synth_n_months(c->world) / 12, area = 0;

    for (size_t y = 0; y < n_years; y++) {
        hst_date day = end_of(c->world, y);
        trace t = {0};

        for (size_t i = 0; i < c->history.n_episodes && is_member; i++) {
            if (!synth_episode_dirt(c->world, &c->history, i).no_person) {
                look_at_row(c, &t, i, day);
            }
        }
        count_member(c, &t, y);
        if (person->birth <= day && person->death > day) {
            area = synth_area_on(person, day);
            c->truth->diabetics[area][y] +=
                synth_has_diabetes(person, day) && synth_age_on(person, day) >= ADULT;
            c->truth->demented[area][y] += person->has_dementia;
        }
    }
}

/* A row without identifier that shows diabetes is a member whom nothing else is known of. */
static void count_nameless(counter *c, size_t episode)
{
    for (size_t y = 0; y < synth_n_months(c->world) / 12; y++) {
        trace t = {0};

        look_at_row(c, &t, episode, end_of(c->world, y));
        count_member(c, &t, y);
    }
}

/* ---- admissions and stays ---- */

/* A finished first episode with all that a standardised rate asks for. */
static void count_admission(counter *c, const seen *s)
{
    const synth_spell *spell = s->spell;
    const synth_dirt *d = &s->dirt;

    if (!s->first || s->first->order != 1 || !is_admission_class(spell->class) || d->no_area ||
        d->no_date || d->no_sex || d->no_age) {
        return;
    }
    if (synth_is_emergency(spell->method)) {
        static const synth_measure measures[] = {SYNTH_EMERGENCY, SYNTH_COPD, SYNTH_COMPLICATIONS};

        for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
            if (synth_is_counted_in(measures[i], s->first->diagnoses[0])) {
                add(c, measures[i], spell->area, spell->admidate, 1);
            }
        }
    } else if (spell->method[0] == '1') {
        add(c, SYNTH_ELECTIVE, spell->area, spell->admidate, 1);
    }
}

static void count_stay(counter *c, const seen *s)
{
    const synth_spell *spell = s->spell;

    if (is_admission_class(spell->class)) {
        add(c, SYNTH_SPELLS_MADE, spell->area, spell->admidate, 1);
        if (!spell->is_transfer) {
            add(c, SYNTH_CONTINUOUS_MADE, spell->area, spell->admidate, 1);
        }
    }
    if (!s->first || s->dirt.no_area || !is_admission_class(spell->class)) {
        return;
    }
    add(c, SYNTH_SPELLS, spell->area, spell->admidate, 1);
    if (s->is_closed && s->has_dementia && spell->class == '1' &&
        synth_is_emergency(spell->method)) {
        add(c, SYNTH_DEMENTIA_STAYS, spell->area, spell->disdate, 1);
        add(c, SYNTH_DEMENTIA_DAYS, spell->area, spell->disdate,
            (uint64_t)(spell->disdate - spell->admidate));
    }
}

/* A continuous spell: its first stay and its last. `next`: the person's next one, NULL when there
 * is none. */
static void count_continuous(counter *c, const seen *first, const seen *last, const seen *next)
{
    const synth_spell *begin = first->spell, *end = last->spell;

    if (first->dirt.no_area || !is_admission_class(begin->class)) {
        return;
    }
    add(c, SYNTH_CONTINUOUS, begin->area, begin->admidate, 1);
    if (begin->class == '1' && synth_is_emergency(begin->method) && last->is_closed &&
        end->discharge_method[0] != '4') {
        add(c, SYNTH_DISCHARGED, begin->area, end->disdate, 1);
        if (next && synth_is_emergency(next->spell->method) &&
            next->spell->admidate >= end->disdate &&
            next->spell->admidate < end->disdate + RETURN_DAYS) {
            add(c, SYNTH_READMITTED, begin->area, end->disdate, 1);
        }
    }
}

/* Stays, one after the other; those without the person's identifier are somebody else's. */
static void count_stays(counter *c, bool *is_member)
{
    seen first = {0}, last = {0};

    for (size_t i = 0; i < c->history.n_spells; i++) {
        seen s = see(c, i);

        count_admission(c, &s);
        count_stay(c, &s);
        if (s.has_diabetes && s.spell->admidate >= c->world->first_day) {
            *is_member |= !s.dirt.no_person;
            if (s.dirt.no_person) {
                count_nameless(c, s.spell->first_episode);
            }
        }
        if (!s.first || !is_admission_class(s.spell->class)) {
            continue; /* regular attendances are no discharges to come back from */
        }
        if (s.dirt.no_person) {
            count_continuous(c, &s, &s, NULL);
        } else if (s.spell->is_joined && last.spell && last.spell + 1 == s.spell) {
            last = s;
        } else {
            if (first.first) {
                count_continuous(c, &first, &last, &s);
            }
            first = last = s;
        }
    }
    if (first.first) {
        count_continuous(c, &first, &last, NULL);
    }
}

static void count_removed(counter *c)
{
    for (size_t i = 0; i < c->history.n_removed; i++) {
        const struct synth_removed *removed = &c->history.removed[i];

        if (removed->date >= c->world->first_day) {
            c->truth->removed[removed->effect][synth_month(c->world, removed->date)]++;
        }
    }
}

/* ---- attendances ---- */

static void count_likely(counter *c, const synth_clinic *clinic)
{
    size_t trust =
        clinic->provider == synth_merged_trust(c->world) ? SYNTH_WIRRAL : clinic->provider;
    int month = synth_month(c->world, clinic->date);

    add(c, SYNTH_LIKELY_DIABETES, clinic->area, clinic->date, 1);
    if (clinic->area < SYNTH_N_SITES) {
        c->truth->by_provider[clinic->area][trust][month]++;
    }
    c->truth->by_provider[SYNTH_N_SITES][trust][month]++;
}

static void count_clinics(counter *c, bool is_member)
{
    for (size_t i = 0; i < c->clinics.n; i++) {
        const synth_clinic *clinic = &c->clinics.items[i];
        synth_dirt d = synth_draw_dirt(c->world, clinic->key);

        if (d.no_area || d.no_date || (clinic->attended != '5' && clinic->attended != '6')) {
            continue;
        }
        add(c, SYNTH_CLINICS, clinic->area, clinic->date, 1);
        if (strcmp(clinic->specialty, "307") == 0 ||
            (strcmp(clinic->specialty, "300") == 0 && is_member && !d.no_person)) {
            count_likely(c, clinic);
        }
    }
}

static void count_arrivals(counter *c)
{
    for (size_t i = 0; i < c->arrivals.n; i++) {
        const synth_arrival *arrival = &c->arrivals.items[i];
        synth_dirt d = synth_draw_dirt(c->world, arrival->key);

        if (!d.no_area && !d.no_date && (arrival->category == '1' || arrival->category == '3')) {
            add(c, SYNTH_ARRIVALS, arrival->area, arrival->date, 1);
        }
    }
}

/* ---- everybody ---- */

static void count_person(counter *c, uint64_t number)
{
    unsigned datasets = c->world->options.datasets;
    bool is_member = false;

    synth_draw_history(&c->history, c->world, number, c->world->last_day);
    count_stays(c, &is_member);
    count_removed(c);
    count_people(c, is_member);
    if (datasets >> HST_DATASET_AE & 1) {
        synth_draw_arrivals(&c->arrivals, c->world, &c->history);
        count_arrivals(c);
    }
    if (datasets >> HST_DATASET_OP & 1) { /* clinics are drawn from the person alone */
        synth_draw_person(&c->history.person, c->world, number);
        synth_draw_clinics(&c->clinics, c->world, &c->history.person);
        count_clinics(c, is_member);
    }
}

/* A truth is nothing but numbers, all of one type. */
static void add_truth(synth_truth *sum, const synth_truth *part)
{
    uint64_t *to = (uint64_t *)(void *)sum;
    const uint64_t *from = (const uint64_t *)(const void *)part;

    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++) {
        to[i] += from[i];
    }
}

hst_status synth_truth_create(synth_truth **out, const synth_world *world, int n_threads,
                              hst_error *err)
{
    enum { CHUNK = 1024 };
    hst_status status = HST_OK;
    counter *counters = calloc((size_t)n_threads, sizeof *counters);
    int64_t n_chunks = (int64_t)((world->n_persons + CHUNK - 1) / CHUNK);

    *out = NULL;
    if (!counters) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to count artificial people");
    }
    for (int i = 0; i < n_threads; i++) {
        counters[i].world = world;
        counters[i].truth = calloc(1, sizeof *counters[i].truth);
        if (!counters[i].truth) {
            status = hst_fail(err, HST_ERR_MEMORY, "no memory for what is true");
            goto done;
        }
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads)
    for (int64_t chunk = 0; chunk < n_chunks; chunk++) {
        uint64_t from = (uint64_t)chunk * CHUNK;

        for (uint64_t i = from; i < from + CHUNK && i < world->n_persons; i++) {
            if (!hst_interrupt_requested()) {
                count_person(&counters[omp_get_thread_num()], i);
            }
        }
    }
    if (hst_interrupt_requested()) {
        status = hst_fail(err, HST_ERR_INTERRUPTED, "interrupted");
        goto done;
    }
    for (int i = 1; i < n_threads; i++) {
        add_truth(counters[0].truth, counters[i].truth);
    }
    *out = counters[0].truth;
    counters[0].truth = NULL;

done:
    for (int i = 0; i < n_threads; i++) {
        free(counters[i].truth);
    }
    free(counters);
    return status;
}

void synth_truth_free(synth_truth *truth)
{
    free(truth);
}
