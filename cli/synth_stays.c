/* Lives of artificial people in hospital: who is admitted when, why, and for how long.
 *
 * Assumptions. Admissions of a person are a Poisson process whose rate depends on age, sex, area,
 * year and season, times a frailty of the person (exponential, mean 1) and factors for chronic
 * illness; drawn by thinning (Lewis and Shedler, Naval Research Logistics Quarterly 26 (1979),
 * 403-413). An emergency may bring another one within four weeks. Rates per 1,000 and mixes are
 * round numbers near England's of 2008/09 to 2010/11: about 270 admissions per 1,000 residents, a
 * third of them emergencies, 1.16 episodes a spell, three or four spells in a hundred followed by a
 * transfer. Stays were longer before. Somebody in hospital is not admitted again. */
#include "cli/synth.h"

#include <math.h>
#include <string.h>

#include "cli/synth_reasons.h"

enum { N_BANDS = 19 };

static const double DAYS_PER_YEAR = 365.25;
static const double LEVEL = 1.2; /* brings the rates below to England's totals: those in hospital,
                                     or dead, are not admitted */
static const double EPISODES_MORE = 0.25;  /* chance of one more episode in an ordinary stay */
static const double TRANSFER_SHARE = 0.14; /* of ordinary emergency stays of a day or more */
static const double RETURN_SHARE = 0.1;    /* of emergencies: another one within four weeks */
static const double OUTSIDE_SHARE = 0.72;  /* of emergencies: not by illness or return */
static const double COURSE_SHARE = 0.0015; /* of planned admissions: the first of a course */
static const double COURSE_SESSIONS = 20;
/* a year, of the level of 2008/09 */
static const double EMERGENCY_GROWTH = 0.023, ELECTIVE_GROWTH = 0.035, STAY_GROWTH = -0.05;

/* Admissions per 1,000 and year by five-year band, 0-4 to 90+. */
static const double emergency_rates[N_BANDS] = {115, 42, 38, 52, 58,  55,  52,  50,  52, 55,
                                                60,  66, 78, 95, 130, 185, 260, 340, 400};
static const double elective_rates[N_BANDS] = {35,  30,  26,  32,  42,  52,  62,  75,  88, 102,
                                               122, 150, 185, 225, 260, 270, 235, 170, 95};
/* Women alone, 15-19 to 45-49. */
static const double maternity_rates[N_BANDS] = {0, 0, 0, 50, 150, 185, 170, 95, 22, 2};

/* What the history of one person is drawn with. */
typedef struct life {
    synth_rng rng;
    const synth_world *world;
    synth_history *history;
    synth_person *person;
    hst_date delivery;    /* the last one */
    hst_date return_day;  /* of an emergency that another one brought; HST_DATE_MISSING: none */
    hst_date session_day; /* of the next regular attendance; HST_DATE_MISSING: none */
    size_t sessions_left;
    char session_class;
} life;

/* E10 to E14 but for the fourth character 9, "without complications". */
static bool is_complication(const char *code)
{
    return code[0] == 'E' && code[1] == '1' && code[2] >= '0' && code[2] <= '4' && code[3] != '9';
}

bool synth_is_counted_in(synth_measure measure, const char *diagnosis)
{
    switch (measure) {
    case SYNTH_EMERGENCY:
        return true;
    case SYNTH_COPD:
        return strncmp(diagnosis, "J44", 3) == 0;
    case SYNTH_COMPLICATIONS:
        return is_complication(diagnosis);
    default:
        return false;
    }
}

bool synth_is_emergency(const char *method)
{
    return method[0] == '2';
}

static size_t band_of(double age)
{
    return age < 0 ? 0 : age >= 90 ? N_BANDS - 1 : (size_t)(age / 5);
}

/* ---- a stay and its episodes ---- */

static bool has_code(const synth_episode *episode, const char *code)
{
    for (size_t i = 0; i < episode->n_diagnoses; i++) {
        if (strncmp(episode->diagnoses[i], code, 3) == 0) {
            return true;
        }
    }
    return false;
}

static void add_diagnosis(synth_episode *episode, const char *code)
{
    if (episode->n_diagnoses < SYNTH_MAX_DIAGNOSES && !has_code(episode, code)) {
        episode->diagnoses[episode->n_diagnoses++] = code;
    }
}

/* Secondary diagnoses: the chronic illnesses, mostly coded, and others, more of them every year. */
static void add_secondary(synth_episode *episode, life *who, hst_date admidate, double age)
{
    static const char *const dementia_codes[] = {"F03X", "F019", "G309", "F059"};
    double years = (double)(admidate - who->world->level_day) / DAYS_PER_YEAR;
    double more = (age < 18 ? 0.4 : age < 65 ? 1.0 : 2.2) * fmax(0.5, 1 + 0.04 * years);
    double sum = synth_exponential(&who->rng, 1);

    if (who->person->has_dementia && synth_uniform(&who->rng) < 0.7) {
        add_diagnosis(episode, dementia_codes[synth_below(&who->rng, 4)]);
    }
    if (synth_has_diabetes(who->person, admidate) && synth_uniform(&who->rng) < 0.85) {
        add_diagnosis(episode, age < 40 ? "E109" : "E119");
    }
    if (who->person->has_copd && synth_uniform(&who->rng) < 0.6) {
        add_diagnosis(episode, "J449");
    }
    if (who->person->has_heart_failure && synth_uniform(&who->rng) < 0.6) {
        add_diagnosis(episode, "I509");
    }
    for (; sum < more; sum += synth_exponential(&who->rng, 1)) {
        add_diagnosis(episode, synth_other_condition(&who->rng));
    }
}

/* Adds a stay at one provider, cut into episodes, and gives it; it may end earlier than asked, by
 * death. */
static const synth_spell *add_spell(life *who, const synth_spell *stay, const synth_reason *why,
                                    char type)
{
    synth_history *history = who->history;
    synth_spell *spell = &history->spells[history->n_spells];
    double age = fmax(0, synth_age_on(who->person, stay->admidate));
    hst_date start = stay->admidate;
    unsigned order = 1;
    bool more = true;

    *spell = *stay;
    spell->first_episode = history->n_episodes;
    spell->n_episodes = 0;
    spell->discharge_method = "1";
    if (who->person->death <= spell->disdate + 1) {
        spell->disdate = who->person->death > start ? who->person->death : start;
        spell->destination = "79";
        spell->discharge_method = "4";
        who->person->death = spell->disdate;
    }
    while (more) {
        synth_episode *episode = &history->episodes[history->n_episodes];

        more = spell->disdate > start && order < 9 && synth_uniform(&who->rng) < EPISODES_MORE;
        *episode = (synth_episode){.start = start, .type = type, .specialty = why->specialty};
        episode->key = 500000000000u + who->person->number * 1000 + history->n_episodes;
        episode->spell = history->n_spells;
        episode->order = order++;
        episode->end =
            more ? start + (hst_date)synth_below(&who->rng, (size_t)(spell->disdate - start) + 1)
                 : spell->disdate;
        episode->is_last = !more;
        episode->diagnoses[episode->n_diagnoses++] = why->diagnosis;
        if (why->procedure && episode->order == 1) {
            episode->procedures[episode->n_procedures++] = why->procedure;
        }
        add_secondary(episode, who, spell->admidate, age);
        start = episode->end;
        spell->n_episodes++;
        history->n_episodes++;
    }
    history->n_spells++;
    return spell;
}

/* The stay that most admissions begin as. */
static synth_spell new_stay(life *who, hst_date day)
{
    size_t area = synth_area_on(who->person, day);

    return (synth_spell){
        .admidate = day,
        .disdate = day,
        .source = "19",
        .destination = "19",
        .class = '1',
        .area = area,
        .provider = synth_choose_trust(who->world, &who->rng, area),
    };
}

/* ---- transfers ---- */

/* What a transfer leaves behind in the record. `is_seen`: the NHS rule joins the two stays. */
typedef struct signs {
    double weight;
    const char *destination, *source, *method;
    bool is_seen;
} signs;

static const signs transfer_signs[] = {
    {48, "51", "51", "81", true}, {16, "51", "51", "28", true}, {8, "51", "19", "28", true},
    {6, "19", "51", "22", true},  {5, "19", "19", "81", true},  {5, "84", "87", "81", true},
    {4, "19", "51", "21", false}, /* the rule's exclusion */
    {8, "19", "19", "22", false}, /* nobody wrote it down */
};

static const signs *choose_signs(synth_rng *rng)
{
    const size_t n = sizeof transfer_signs / sizeof *transfer_signs;
    double at = 100 * synth_uniform(rng);
    size_t i = 0;

    for (i = 0; i + 1 < n && at >= transfer_signs[i].weight; i++) {
        at -= transfer_signs[i].weight;
    }
    return &transfer_signs[i];
}

/* Days from the end of a stay to its continuation: mostly none; 3 is too late for the rule, and -1
 * an overlap of the two hospitals' records. */
static hst_date choose_gap(synth_rng *rng)
{
    double u = synth_uniform(rng);

    return u < 0.6 ? 0 : u < 0.83 ? 1 : u < 0.9 ? 2 : u < 0.94 ? 3 : -1;
}

/* The trust of some area, and another one than this. */
static size_t choose_other_trust(life *who, size_t provider)
{
    size_t n = who->world->n_areas;
    size_t own = provider == synth_merged_trust(who->world) ? SYNTH_WIRRAL
                 : provider >= n                            ? n - 1
                                                            : provider;

    return (own + 1 + synth_below(&who->rng, n - 1)) % n;
}

/* An emergency stay, which may go on in a second hospital and a third. */
static const synth_spell *stay_and_move(life *who, synth_spell *stay, const synth_reason *why)
{
    double share = TRANSFER_SHARE;

    for (size_t n = 1;; n++, share = 0.12) {
        const signs *s = choose_signs(&who->rng);
        hst_date gap = choose_gap(&who->rng), days = stay->disdate - stay->admidate;
        bool moves = n < 4 && days > 0 && stay->disdate + 4 < who->person->death &&
                     synth_uniform(&who->rng) < share;

        if (!moves) {
            stay->destination = "19";
            return add_spell(who, stay, why, '1');
        }
        stay->destination = s->destination;
        gap = days < 2 && gap < 0 ? 0 : gap; /* no room for an overlap */
        stay->admidate = add_spell(who, stay, why, '1')->disdate + gap;
        stay->disdate = stay->admidate + 2 + (hst_date)synth_exponential(&who->rng, 7);
        stay->provider = choose_other_trust(who, stay->provider);
        stay->method =
            strcmp(s->method, "28") == 0 && stay->admidate >= hst_date_from_civil(2013, 4, 1)
                ? "2B"
                : s->method;
        stay->source = s->source;
        stay->is_transfer = true;
        stay->is_joined = s->is_seen && gap >= 0 && gap <= 2;
    }
}

/* ---- kinds of admission; each gives the last day of it ---- */

/* Length of an emergency stay in days: a third of them a day or less; people with dementia stay
 * longer, and some of them wait for weeks to be let go. */
static hst_date emergency_days(life *who, const synth_reason *why, hst_date day, double age)
{
    double years = (double)(day - who->world->level_day) / DAYS_PER_YEAR;
    double mean = why->stay_days *
                  (age < 18   ? 0.6
                   : age < 65 ? 0.8
                              : 1.2) *
                  (who->person->has_dementia ? 2.4 : 1.9) * fmax(0.6, 1 + STAY_GROWTH * years);

    if (synth_uniform(&who->rng) >= 0.67) {
        return (hst_date)synth_below(&who->rng, 2);
    }
    if (who->person->has_dementia && synth_uniform(&who->rng) < 0.1) {
        mean += 40;
    }
    return 1 + (hst_date)synth_exponential(&who->rng, mean);
}

/* True when a service keeps somebody out of hospital. */
static bool is_prevented(life *who, size_t area, const synth_reason *why, hst_date day)
{
    const synth_world *world = who->world;
    synth_history *history = who->history;

    for (size_t i = 0; i < world->n_effects; i++) {
        const synth_effect *effect = &world->effects[i];

        if (synth_is_counted_in(effect->measure, why->diagnosis) && day >= effect->from &&
            area == effect->area && synth_uniform(&who->rng) < effect->share) {
            if (history->n_removed < SYNTH_MAX_REMOVED) {
                history->removed[history->n_removed++] = (struct synth_removed){i, day};
            }
            return true;
        }
    }
    return false;
}

static hst_date emergency(life *who, hst_date day)
{
    static const char *const methods[] = {"21", "21", "21", "21", "21",
                                          "22", "22", "24", "23", "28"};
    double age = synth_age_on(who->person, day);
    const synth_reason *why = synth_emergency_reason(&who->rng, who->person, day);
    synth_spell stay = new_stay(who, day);
    const synth_spell *last = NULL;

    if (is_prevented(who, stay.area, why, day)) {
        return day;
    }
    stay.method = methods[synth_below(&who->rng, sizeof methods / sizeof *methods)];
    stay.disdate = day + emergency_days(who, why, day, age);
    last = stay_and_move(who, &stay, why);
    if (last->disdate < who->person->death && synth_uniform(&who->rng) < RETURN_SHARE) {
        who->return_day = last->disdate + 1 + (hst_date)synth_below(&who->rng, 27);
    }
    return last->disdate;
}

/* A session of a course of regular attendances, for which somebody comes every week. */
static hst_date attend(life *who, hst_date day)
{
    static const synth_reason kidney = {"N185", {1, 1, 1}, 1, "361", "X403"};
    synth_spell stay = new_stay(who, day);

    stay.method = "13";
    stay.class = who->session_class;
    stay.disdate = day + (who->session_class == '4');
    who->sessions_left--;
    who->session_day = who->sessions_left > 0 ? day + 7 : HST_DATE_MISSING;
    return add_spell(who, &stay, &kidney, '1')->disdate;
}

static hst_date elective(life *who, hst_date day)
{
    static const char *const methods[] = {"11", "11", "11", "12", "12", "13"};
    double kind = synth_uniform(&who->rng);
    const synth_reason *why = synth_elective_reason(&who->rng, who->person, day);
    synth_spell stay = new_stay(who, day);

    if (kind < COURSE_SHARE && who->sessions_left == 0) {
        who->sessions_left = 1 + (size_t)synth_exponential(&who->rng, COURSE_SESSIONS);
        who->session_class = synth_uniform(&who->rng) < 0.9 ? '3' : '4';
        return attend(who, day);
    }
    stay.method = methods[synth_below(&who->rng, sizeof methods / sizeof *methods)];
    if (kind < 0.7) {
        stay.class = '2';
        if (synth_uniform(&who->rng) < 0.05) {
            stay.provider = synth_independent_site(who->world, stay.area);
        }
    } else {
        stay.disdate = day + (hst_date)synth_exponential(&who->rng, 2 + why->stay_days);
    }
    return add_spell(who, &stay, why, '1')->disdate;
}

/* A delivery, or within ten months of one a stay for another reason of motherhood. */
static hst_date maternity(life *who, hst_date day)
{
    static const synth_reason delivery = {"O80X", {1, 1, 1}, 2, "501", "R249"};
    static const synth_reason other = {"O479", {1, 1, 1}, 1, "501", NULL};
    bool is_delivery = day - who->delivery > 300;
    const synth_reason *why = is_delivery ? &delivery : &other;
    synth_spell stay = new_stay(who, day);

    if (is_delivery) {
        who->delivery = day;
    }
    stay.method = is_delivery || synth_uniform(&who->rng) < 0.7 ? "31" : "32";
    stay.class = synth_uniform(&who->rng) < 0.05 ? '5' : '1';
    stay.disdate = day + (hst_date)synth_exponential(&who->rng, 1.8);
    return add_spell(who, &stay, why, is_delivery ? '2' : '1')->disdate;
}

static hst_date newborn(life *who)
{
    static const synth_reason born = {"Z380", {1, 1, 1}, 2, "424", NULL};
    synth_spell stay = new_stay(who, who->person->birth);

    stay.method = "82";
    stay.source = "79";
    stay.disdate = stay.admidate + (hst_date)synth_exponential(&who->rng, 2);
    return add_spell(who, &stay, &born, '3')->disdate;
}

/* ---- a life ---- */

/* Winter has more emergencies, December and August fewer planned admissions. */
static const double MOST_SEASON = 1.07;
static const double emergency_season[12] = {1.07, 1.04, 1.02, 0.98, 0.99, 0.98,
                                            0.98, 0.95, 0.98, 1.0,  1.0,  1.06};
static const double elective_season[12] = {0.99, 1.0,  1.05, 0.97, 0.98, 1.04,
                                           1.03, 0.95, 1.02, 1.03, 1.05, 0.88};

/* What a person's rates are multiplied with on a day, seasons apart. */
typedef struct factors {
    double emergency, elective, maternity;
} factors;

static factors factors_on(const life *who, hst_date day)
{
    const synth_person *person = who->person;
    const synth_area *area = &who->world->areas[person->area];
    bool has_diabetes = synth_has_diabetes(person, day);
    double years = (double)(day - who->world->level_day) / DAYS_PER_YEAR;

    return (factors){
        .emergency = OUTSIDE_SHARE * area->emergency * (has_diabetes ? 1.8 : 1) *
                     (person->has_dementia ? 1.5 : 1) * (person->has_copd ? 2.2 : 1) *
                     (person->has_heart_failure ? 2 : 1) * (1 + EMERGENCY_GROWTH * years),
        .elective = area->elective * (has_diabetes ? 1.3 : 1) * (1 + ELECTIVE_GROWTH * years),
        .maternity = person->sex == '2' ? 1 : 0,
    };
}

/* A rate per 1,000 that the person's own rate is never above in the window. */
static double highest_rate(const life *who, hst_date from)
{
    factors f = factors_on(who, who->world->last_day);
    size_t last = band_of(synth_age_on(who->person, who->world->last_day));
    double highest = 0;

    for (size_t band = band_of(synth_age_on(who->person, from)); band <= last; band++) {
        highest = fmax(highest, MOST_SEASON * (emergency_rates[band] * f.emergency +
                                               elective_rates[band] * f.elective) +
                                    maternity_rates[band] * f.maternity);
    }
    return highest;
}

/* What happens on a day that was drawn at the highest rate: an admission, or nothing because the
 * rate of that day is lower. Gives the last day of it. */
static hst_date spend_day(life *who, hst_date date, double highest)
{
    factors f = factors_on(who, date);
    size_t band = band_of(synth_age_on(who->person, date));
    int year = 0, month = 0, day = 0;
    double at = synth_uniform(&who->rng) * highest;

    hst_date_to_civil(date, &year, &month, &day);
    month = (month + 11) % 12; /* from 0 */
    at -= emergency_rates[band] * f.emergency * emergency_season[month];
    if (at < 0) {
        return emergency(who, date);
    }
    at -= elective_rates[band] * f.elective * elective_season[month];
    if (at < 0) {
        return elective(who, date);
    }
    at -= maternity_rates[band] * f.maternity;
    return at < 0 ? maternity(who, date) : date - 1;
}

/* Day of what is next: `drawn`, or a planned return or session before it. */
static double next_day(const life *who, double drawn)
{
    double day = drawn;

    if (who->return_day != HST_DATE_MISSING) {
        day = fmin(day, (double)who->return_day);
    }
    if (who->session_day != HST_DATE_MISSING) {
        day = fmin(day, (double)who->session_day);
    }
    return day;
}

static void live(life *who, double from, hst_date until, double highest)
{
    const synth_history *history = who->history;
    double gap_days = 1000 * DAYS_PER_YEAR / (highest * LEVEL * who->person->frailty);
    double drawn = from + synth_exponential(&who->rng, gap_days);

    for (;;) {
        double t = next_day(who, drawn);
        hst_date day = (hst_date)floor(t), end = 0;

        if (t >= (double)until + 1 || t >= (double)who->person->death ||
            history->n_episodes + 40 > SYNTH_MAX_EPISODES ||
            history->n_spells + 8 > SYNTH_MAX_SPELLS) {
            return;
        }
        if (day == who->return_day) {
            who->return_day = HST_DATE_MISSING;
            end = emergency(who, day);
        } else if (day == who->session_day) {
            end = attend(who, day);
        } else {
            end = spend_day(who, day, highest);
            drawn += synth_exponential(&who->rng, gap_days);
        }
        /* in hospital nothing else happens: a return is put off, sessions are left out */
        if (who->return_day != HST_DATE_MISSING && who->return_day <= end) {
            who->return_day = end + 1;
        }
        while (who->session_day != HST_DATE_MISSING && who->session_day <= end) {
            who->session_day += 7;
        }
        if (drawn < (double)end + 1) {
            drawn = (double)end + 1 + synth_exponential(&who->rng, gap_days);
        }
    }
}

void synth_draw_history(synth_history *history, const synth_world *world, uint64_t number,
                        hst_date until)
{
    static const uint64_t STREAMS = 0x11fe; /* apart from those that persons are drawn with */
    life who = {.rng = synth_rng_of(world->options.seed ^ STREAMS, number),
                .world = world,
                .history = history,
                .person = &history->person,
                .delivery = world->first_day - 1000,
                .return_day = HST_DATE_MISSING,
                .session_day = HST_DATE_MISSING};
    hst_date from = world->first_day - 60; /* some are in hospital when the window begins */
    double start = from;

    history->n_spells = history->n_episodes = history->n_removed = 0;
    synth_draw_person(&history->person, world, number);
    if (history->person.birth > until) {
        return;
    }
    if (history->person.birth >= from) {
        start = (double)newborn(&who) + 1;
    }
    live(&who, start, until, highest_rate(&who, from));
}
