/* Outpatient appointments and arrivals at accident and emergency departments of artificial people.
 *
 * Assumptions. Referrals are a Poisson process by age, each with a first appointment and follow-ups
 * at intervals of some weeks; about 1.6 appointments per resident and year, four in five attended.
 * Most people with diabetes are seen every few months, some in diabetic medicine (treatment
 * function 307, from April 2004; before as general medicine), some in general medicine. Arrivals
 * are those of the people admitted through the department and three in ten residents a year more.
 */
#include "cli/synth.h"

#include <math.h>
#include <string.h>

static const double DAYS_PER_YEAR = 365.25;
static const double REVIEW_DAYS = 125; /* between appointments for diabetes */
static const double FOLLOW_UPS = 2.1;  /* of a referral, mean */
static const double FOLLOW_UP_DAYS = 60;
static const double ARRIVALS_PER_YEAR = 0.28;
/* an activity ends before its person's last days, which are settled in hospital */
static const hst_date LAST_DAYS = 2;

/* A specialty: its share of referrals of children, of adults below 65 and of older people. */
typedef struct clinic_kind {
    const char *specialty, *main_specialty;
    double weights[3];
} clinic_kind;

static const clinic_kind kinds[] = {
    {"110", "110", {10, 16, 11}},    {"100", "100", {3, 9, 8}}, {"130", "130", {8, 5, 20}},
    {"120", "120", {14, 6, 6}},      {"330", "330", {7, 7, 7}}, {"300", "300", {0, 8, 10}},
    {"320", "320", {1, 4, 9}},       {"340", "340", {1, 3, 5}}, {"502", "502", {0, 9, 2}},
    {"420", "420", {30, 0, 0}},      {"410", "410", {0, 4, 4}}, {"710", "710", {4, 6, 2}},
    {"101", "101", {2, 4, 7}},       {"800", "800", {1, 4, 6}}, {"430", "430", {0, 0, 6}},
    {"650", "110", {4, 7, 3}},       {"303", "303", {1, 2, 4}}, {"301", "301", {1, 5, 4}},
    {"307", "300", {0.4, 0.5, 0.6}}, /* not all of them turn out to have diabetes */
};

/* Referrals per 1,000 and year by ten years of age. */
static const double referral_rates[] = {420, 330, 400, 430, 430, 480, 580, 700, 720, 560};

static const clinic_kind *choose_kind(synth_rng *rng, double age)
{
    const size_t n = sizeof kinds / sizeof *kinds, group = age < 18 ? 0 : age < 65 ? 1 : 2;
    double sum = 0, at = 0;
    size_t i = 0;

    for (i = 0; i < n; i++) {
        sum += kinds[i].weights[group];
    }
    at = synth_uniform(rng) * sum;
    for (i = 0; i + 1 < n && at >= kinds[i].weights[group]; i++) {
        at -= kinds[i].weights[group];
    }
    return &kinds[i];
}

/* ATTENDED */
static char choose_attended(synth_rng *rng)
{
    double u = synth_uniform(rng);

    return u < 0.745   ? '5'
           : u < 0.79  ? '6'
           : u < 0.86  ? '3'
           : u < 0.87  ? '7'
           : u < 0.93  ? '2'
           : u < 0.995 ? '4'
                       : '9';
}

/* What the appointments of one person are drawn with. */
typedef struct diary {
    synth_rng rng;
    const synth_world *world;
    const synth_person *person;
    synth_clinics *clinics;
    hst_date from, to; /* of HES and of the person */
} diary;

static void add_row(diary *d, const synth_clinic *clinic)
{
    synth_clinics *clinics = d->clinics;

    if (clinics->n < SYNTH_MAX_CLINICS && clinic->date >= d->from && clinic->date <= d->to) {
        clinics->items[clinics->n] = *clinic;
        clinics->items[clinics->n].key =
            300000000000u + d->person->number * SYNTH_MAX_CLINICS + clinics->n;
        clinics->n++;
    }
}

/* An appointment as it gets into the record: 307 exists from April 2004; the trust at Bath submits
 * more contacts from one day on, Calderdale's calls half of its general-medicine clinics by another
 * name. */
static void add_appointment(diary *d, const clinic_kind *kind, size_t trust, hst_date date,
                            bool is_first)
{
    const synth_world *world = d->world;
    bool is_remote = date >= hst_date_from_civil(2008, 4, 1) && synth_uniform(&d->rng) < 0.03;
    synth_clinic clinic = {.date = date,
                           .area = synth_area_on(d->person, date),
                           .provider = synth_provider_on(world, trust, date),
                           .specialty = kind->specialty,
                           .main_specialty = kind->main_specialty,
                           .attended = choose_attended(&d->rng),
                           .first = (char)((is_first ? '1' : '2') + (is_remote ? 2 : 0))};

    if (strcmp(kind->specialty, "307") == 0 && date < hst_date_from_civil(2004, 4, 1)) {
        clinic.specialty = "300";
    }
    if (clinic.provider == SYNTH_CALDERDALE && strcmp(clinic.specialty, "300") == 0 &&
        date >= world->clinics_from && synth_uniform(&d->rng) < world->clinics_less) {
        clinic.specialty = "301";
    }
    add_row(d, &clinic);
    if (trust == synth_bath(world) && synth_uniform(&d->rng) < world->bath_more) {
        clinic.date = date + 1 + (hst_date)synth_below(&d->rng, 14);
        clinic.attended = '5';
        clinic.first = '4';
        if (clinic.date >= world->bath_from) {
            add_row(d, &clinic);
        }
    }
}

static void add_reviews(diary *d, hst_date from)
{
    static const clinic_kind diabetic_medicine = {"307", "300", {1, 1, 1}};
    static const clinic_kind general_medicine = {"300", "300", {1, 1, 1}};
    const clinic_kind *kind = d->person->review == SYNTH_REVIEW_DIABETIC_MEDICINE
                                  ? &diabetic_medicine
                                  : &general_medicine;
    size_t trust = synth_choose_trust(d->world, &d->rng, synth_area_on(d->person, from));
    double t = from - REVIEW_DAYS * synth_uniform(&d->rng);

    while (t <= d->to) {
        t += REVIEW_DAYS * (0.6 + 0.8 * synth_uniform(&d->rng));
        if (d->person->moves > from && t >= d->person->moves) {
            from = d->person->moves;
            trust = synth_choose_trust(d->world, &d->rng, d->person->next_area);
        }
        add_appointment(d, kind, trust, (hst_date)floor(t), false);
    }
}

static void add_referral(diary *d, hst_date date)
{
    const clinic_kind *kind = choose_kind(&d->rng, synth_age_on(d->person, date));
    size_t trust = synth_choose_trust(d->world, &d->rng, synth_area_on(d->person, date));
    double more = FOLLOW_UPS / (1 + FOLLOW_UPS), t = date;
    bool is_first = true;

    do {
        add_appointment(d, kind, trust, (hst_date)floor(t), is_first);
        t += 7 + synth_exponential(&d->rng, FOLLOW_UP_DAYS);
        is_first = false;
    } while (t <= d->to && synth_uniform(&d->rng) < more);
}

void synth_draw_clinics(synth_clinics *clinics, const synth_world *world,
                        const synth_person *person)
{
    static const uint64_t STREAMS = 0x0c11; /* apart from those that persons are drawn with */
    diary d = {.rng = synth_rng_of(world->options.seed ^ STREAMS, person->number),
               .world = world,
               .person = person,
               .clinics = clinics};
    hst_date begin = hst_date_from_civil(world->options.first_op_year, 4, 1);
    double t = 0, level = 0.4 + 0.6 * person->frailty, highest = 720;

    clinics->n = 0;
    d.from = begin > world->first_day ? begin : world->first_day;
    d.from = person->birth > d.from ? person->birth : d.from;
    d.to =
        person->death - LAST_DAYS < world->last_day ? person->death - LAST_DAYS : world->last_day;
    if (person->review != SYNTH_REVIEW_NOWHERE) {
        add_reviews(&d, person->diagnosed > d.from ? person->diagnosed : d.from);
    }
    /* courses that began in the year before go on in the window */
    for (t = fmax(d.from - DAYS_PER_YEAR, person->birth);;) {
        size_t decade = 0;

        t += synth_exponential(&d.rng, 1000 * DAYS_PER_YEAR / (highest * level));
        if (t > d.to) {
            return;
        }
        decade = (size_t)(synth_age_on(person, (hst_date)floor(t)) / 10);
        if (synth_uniform(&d.rng) * highest < referral_rates[decade < 9 ? decade : 9]) {
            add_referral(&d, (hst_date)floor(t));
        }
    }
}

/* ---- accident and emergency ---- */

static void add_arrival(synth_arrivals *arrivals, const synth_person *person,
                        const synth_arrival *arrival)
{
    if (arrivals->n < SYNTH_MAX_ARRIVALS) {
        arrivals->items[arrivals->n] = *arrival;
        arrivals->items[arrivals->n].key =
            200000000000u + person->number * SYNTH_MAX_ARRIVALS + arrivals->n;
        arrivals->n++;
    }
}

/* Somebody who goes home again. */
static synth_arrival walk_in(const synth_world *world, synth_rng *rng, const synth_person *person,
                             hst_date date)
{
    static const char *const disposals[] = {"03", "03", "03", "02", "02", "05",
                                            "06", "04", "11", "12", "14", "07"};
    double u = synth_uniform(rng), kind = synth_uniform(rng);
    size_t area = synth_area_on(person, date);

    return (synth_arrival){
        .date = date,
        .minute = (unsigned)synth_below(rng, 1440),
        .area = area,
        .provider = synth_provider_on(world, synth_choose_trust(world, rng, area), date),
        .category = u < 0.89   ? '1'
                    : u < 0.94 ? '2'
                    : u < 0.99 ? '3'
                               : '9',
        .department = kind < 0.7    ? "01"
                      : kind < 0.73 ? "02"
                      : kind < 0.93 ? "03"
                                    : "04",
        .disposal = disposals[synth_below(rng, sizeof disposals / sizeof *disposals)]};
}

void synth_draw_arrivals(synth_arrivals *arrivals, const synth_world *world,
                         const synth_history *history)
{
    static const uint64_t STREAMS = 0x0ae1;
    const synth_person *person = &history->person;
    synth_rng rng = synth_rng_of(world->options.seed ^ STREAMS, person->number);
    hst_date begin = hst_date_from_civil(SYNTH_FIRST_AE_YEAR, 4, 1);
    hst_date end = hst_date_from_civil(SYNTH_LAST_AE_YEAR + 1, 3, 31);
    hst_date from = begin > world->first_day ? begin : world->first_day;
    hst_date to = end < world->last_day ? end : world->last_day;
    double t = person->birth > from ? person->birth : from;

    arrivals->n = 0;
    for (size_t i = 0; i < history->n_spells; i++) {
        const synth_spell *spell = &history->spells[i];

        if (spell->admidate >= from && spell->admidate <= to && !spell->is_transfer &&
            spell->method[0] == '2' && spell->method[1] == '1') {
            add_arrival(arrivals, person,
                        &(synth_arrival){
                            .date = spell->admidate,
                            .minute = (unsigned)synth_below(&rng, 1440),
                            .area = spell->area,
                            .provider = synth_provider_on(world, spell->provider, spell->admidate),
                            .category = '1',
                            .department = "01",
                            .disposal = "01"});
        }
    }
    for (;;) {
        t += synth_exponential(&rng,
                               DAYS_PER_YEAR / (ARRIVALS_PER_YEAR * (0.5 + 0.5 * person->frailty)));
        if (t > to || t > person->death - LAST_DAYS) {
            return;
        }
        synth_arrival arrival = walk_in(world, &rng, person, (hst_date)floor(t));

        add_arrival(arrivals, person, &arrival);
    }
}
