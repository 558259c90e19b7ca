/* Lives of artificial people: who is admitted when, why, and for how long.
 *
 * Assumptions. Admissions of a person are a Poisson process whose rate depends on age, sex, area,
 * year and season, times a frailty of the person (exponential, mean 1) and factors for chronic
 * illness; drawn by thinning (Lewis and Shedler, Naval Research Logistics Quarterly 26 (1979),
 * 403-413). Rates per 1,000 and mixes are round numbers near England's of 2008/09 to 2010/11: about
 * 270 admissions per 1,000 residents, a third of them emergencies, 1.16 episodes a spell. Death
 * follows Gompertz. Somebody in hospital is not admitted again. */
#include "cli/synth.h"

#include <math.h>
#include <string.h>

enum { N_BANDS = 19, N_GROUPS = 3 };

static const double DAYS_PER_YEAR = 365.25;
static const double LEVEL = 1.2; /* brings the rates below to England's totals: those in hospital,
                                    or dead, are not admitted */
static const double EPISODES_MORE = 0.2;   /* chance of one more episode in an ordinary stay */
static const double TRANSFER_SHARE = 0.06; /* of ordinary emergency stays of a day or more */
/* a year, of the level of 2008/09 */
static const double EMERGENCY_GROWTH = 0.023, ELECTIVE_GROWTH = 0.035;

/* Admissions per 1,000 and year by five-year band, 0-4 to 90+. */
static const double emergency_rates[N_BANDS] = {115, 42, 38, 52, 58,  55,  52,  50,  52, 55,
                                                60,  66, 78, 95, 130, 185, 260, 340, 400};
static const double elective_rates[N_BANDS] = {35,  30,  26,  32,  42,  52,  62,  75,  88, 102,
                                               122, 150, 185, 225, 260, 270, 235, 170, 95};
/* Women alone, 15-19 to 45-49. */
static const double maternity_rates[N_BANDS] = {0, 0, 0, 50, 150, 185, 170, 95, 22, 2};

/* A reason for admission: its weight among children, adults below 65 and older people. */
typedef struct reason {
    const char *diagnosis;
    double weights[N_GROUPS];
    double stay_days; /* mean of stays that are not over on the first or second day */
    const char *specialty;
    const char *procedure; /* NULL: none */
} reason;

static const reason emergency_reasons[] = {
    {"J181", {2, 2, 7}, 8, "300", NULL},       {"J189", {1, 1, 5}, 8, "300", NULL},
    {"J440", {0, 2, 5}, 7, "340", NULL},       {"J441", {0, 2, 4}, 6, "340", NULL},
    {"J459", {5, 2, 1}, 3, "340", NULL},       {"J22X", {4, 1, 4}, 6, "300", NULL},
    {"J219", {8, 0, 0}, 2, "420", NULL},       {"J069", {8, 0, 0}, 1, "420", NULL},
    {"J039", {4, 2, 0}, 1, "120", NULL},       {"K529", {5, 3, 2}, 3, "300", NULL},
    {"A084", {5, 1, 1}, 2, "420", NULL},       {"N390", {2, 3, 6}, 7, "430", NULL},
    {"N10X", {1, 2, 0}, 4, "101", NULL},       {"L031", {1, 3, 2}, 6, "100", NULL},
    {"I500", {0, 1, 5}, 9, "320", NULL},       {"I200", {0, 2, 3}, 4, "320", NULL},
    {"I209", {0, 2, 2}, 3, "320", NULL},       {"I214", {0, 2, 3}, 6, "320", "K634"},
    {"I48X", {0, 1, 3}, 4, "320", NULL},       {"I639", {0, 1, 4}, 16, "328", "U051"},
    {"I619", {0, 0.5, 1}, 14, "328", NULL},    {"R073", {1, 6, 4}, 1, "300", NULL},
    {"R104", {6, 9, 3}, 2, "100", NULL},       {"R55X", {1, 2, 4}, 3, "430", NULL},
    {"R568", {4, 2, 1}, 2, "300", NULL},       {"G409", {1, 1, 1}, 3, "400", NULL},
    {"S720", {0, 0.5, 5}, 16, "110", "W241"},  {"S525", {4, 2, 2}, 2, "110", "W268"},
    {"S099", {6, 2, 1}, 1, "180", NULL},       {"T391", {1, 5, 0}, 1, "300", NULL},
    {"F03X", {0, 0, 1.5}, 30, "715", NULL},    {"K359", {3, 2, 0}, 3, "100", "H011"},
    {"K803", {0, 2, 1}, 5, "100", NULL},       {"D509", {0, 1, 1}, 3, "300", NULL},
    {"J209", {1, 1, 2}, 5, "340", NULL},       {"I500", {0, 0.2, 1}, 11, "320", "K601"},
    {"L031", {0, 0.5, 0.5}, 9, "160", "S422"}, {"R69X", {1.5, 1.5, 1.5}, 3, "300", NULL},
};

static const reason elective_reasons[] = {
    {"H259", {0, 1, 14}, 1, "130", "C751"}, {"H269", {0, 1, 8}, 1, "130", "C712"},
    {"K409", {3, 3, 3}, 1, "100", "T202"},  {"K635", {0, 5, 7}, 1, "100", "H221"},
    {"K297", {1, 7, 5}, 1, "301", "G451"},  {"C509", {0, 6, 5}, 3, "800", "X723"},
    {"C61X", {0, 1, 5}, 3, "101", "X723"},  {"C189", {0, 3, 5}, 7, "100", "H071"},
    {"Z511", {2, 6, 6}, 2, "800", "X725"},  {"M171", {0, 2, 6}, 6, "110", "W401"},
    {"M169", {0, 2, 5}, 6, "110", "W371"},  {"M232", {0, 5, 1}, 1, "110", "W822"},
    {"N40X", {0, 1, 4}, 3, "101", "M653"},  {"I251", {0, 3, 4}, 3, "320", "K633"},
    {"I839", {0, 4, 1}, 1, "100", "L851"},  {"J350", {12, 2, 0}, 1, "120", "F341"},
    {"H653", {14, 0, 0}, 1, "120", "D151"}, {"K029", {12, 3, 0}, 1, "140", "F091"},
    {"N920", {0, 6, 0}, 2, "502", "Q181"},  {"O049", {0, 8, 0}, 1, "502", "Q111"},
    {"M544", {0, 5, 3}, 2, "110", "V544"},  {"R69X", {1, 1, 1}, 1, "300", NULL},
};

static const reason kidney = {"N185", {1, 1, 1}, 1, "361", "X403"};
static const reason diabetes_reasons[] = {
    {"E101", {1, 1, 0}, 4, "300", NULL},  {"E106", {1, 1, 1}, 4, "302", NULL},
    {"E115", {0, 2, 3}, 12, "300", NULL}, {"E116", {0, 2, 4}, 6, "302", NULL},
    {"E119", {0, 1, 1}, 4, "300", NULL},  {"E149", {1, 1, 1}, 3, "300", NULL},
};

static const char *const other_conditions[] = {"I10X", "I259", "E780", "N189", "J449", "M199",
                                               "I489", "Z864", "E039", "F329", "Z921", "I252",
                                               "K219", "D649", "Z880", "H409"};

/* What the history of one person is drawn with. */
typedef struct person {
    synth_rng rng;
    const synth_world *world;
    const synth_area *area;
    hst_date death;
    bool has_diabetes, has_dementia;
    double frailty;
    unsigned n_spells;
    hst_date delivery; /* the last one */
} person;

bool synth_is_effect_condition(const char *diagnosis)
{
    return strncmp(diagnosis, "J44", 3) == 0;
}

static double age_on(const synth_history *history, hst_date date)
{
    return (double)(date - history->birth) / DAYS_PER_YEAR;
}

static size_t band_of(double age)
{
    return age < 0 ? 0 : age >= 90 ? N_BANDS - 1 : (size_t)(age / 5);
}

static size_t group_of(double age)
{
    return age < 18 ? 0 : age < 65 ? 1 : 2;
}

static const reason *choose(synth_rng *rng, const reason *reasons, size_t n, size_t group)
{
    double sum = 0, at = 0;
    size_t i = 0;

    for (i = 0; i < n; i++) {
        sum += reasons[i].weights[group];
    }
    at = synth_uniform(rng) * sum;
    for (i = 0; i + 1 < n && at >= reasons[i].weights[group]; i++) {
        at -= reasons[i].weights[group];
    }
    return &reasons[i];
}

/* Sex, birth, death and illnesses of a person of this area. */
static void be_born(synth_history *history, person *who)
{
    static const double GOMPERTZ_A = 0.00004, GOMPERTZ_B = 0.095; /* hazard A exp(B age), a year */
    const synth_world *world = who->world;
    size_t n_births = (size_t)(world->options.last_year - world->options.first_year + 1);
    size_t n_ages = SYNTH_N_AGES + n_births, low = 0, high = 2 * n_ages - 1;
    const double *cumulative = world->cumulative[who->area->structure];
    double at = synth_uniform(&who->rng) * cumulative[high];
    hst_date mid_year = hst_date_from_civil(world->options.first_year, 6, 30);
    double age = 0, alive_age = 0, death_age = 0, old = 0;

    while (low < high) { /* first entry above `at` */
        size_t middle = (low + high) / 2;

        if (cumulative[middle] > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    history->sex = low < n_ages ? '1' : '2';
    age = (double)(low % n_ages) - (double)n_births + synth_uniform(&who->rng);
    if (age >= SYNTH_N_AGES - 1) {
        age += fmin(synth_exponential(&who->rng, 2.5), 18);
    }
    history->birth = mid_year - (hst_date)ceil(age * DAYS_PER_YEAR);

    alive_age = fmax(0, age_on(history, world->first_day));
    death_age = log(exp(GOMPERTZ_B * alive_age) +
                    GOMPERTZ_B / GOMPERTZ_A * synth_exponential(&who->rng, 1)) /
                GOMPERTZ_B;
    who->death = history->birth + (hst_date)(fmax(death_age, alive_age + 0.01) * DAYS_PER_YEAR);

    old = age_on(history, world->last_day);
    who->has_diabetes = synth_uniform(&who->rng) < (old < 40 ? 0.008 : old < 65 ? 0.05 : 0.14);
    who->has_dementia = synth_uniform(&who->rng) < (old < 65   ? 0
                                                    : old < 75 ? 0.015
                                                    : old < 85 ? 0.07
                                                               : 0.2);
    who->frailty = synth_exponential(&who->rng, 1);
}

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
static void add_secondary(synth_episode *episode, person *who, double age)
{
    static const char *const dementia_codes[] = {"F03X", "F019", "G309", "F059"};
    double more = (age < 18   ? 0.4
                   : age < 65 ? 1.0
                              : 2.2) *
                  (1 + 0.04 * (double)(episode->admidate - who->world->first_day) / DAYS_PER_YEAR);
    double sum = synth_exponential(&who->rng, 1);

    if (who->has_dementia && synth_uniform(&who->rng) < 0.7) {
        add_diagnosis(episode, dementia_codes[synth_below(&who->rng, 4)]);
    }
    if (who->has_diabetes && synth_uniform(&who->rng) < 0.85) {
        add_diagnosis(episode, age < 40 ? "E109" : "E119");
    }
    for (; sum < more; sum += synth_exponential(&who->rng, 1)) {
        add_diagnosis(episode, other_conditions[synth_below(&who->rng, 16)]);
    }
}

/* One stay at one provider, cut into episodes; returns its last day. `stay` is the first episode as
 * far as it is known. */
static hst_date add_spell(synth_history *history, person *who, const synth_episode *stay,
                          const reason *why)
{
    double age = fmax(0, age_on(history, stay->admidate));
    hst_date end = stay->disdate;
    hst_date start = stay->admidate;
    const char *destination = stay->destination, *discharge_method = "1";
    size_t first = history->n_episodes;
    unsigned order = 1;

    if (who->death <= end + 1) {
        end = who->death > start ? who->death : start;
        destination = "79";
        discharge_method = "4";
        who->death = end;
    }
    who->n_spells++;
    while (history->n_episodes < SYNTH_MAX_EPISODES) {
        synth_episode *episode = &history->episodes[history->n_episodes];
        bool more = end > start && order < 9 && synth_uniform(&who->rng) < EPISODES_MORE;

        *episode = *stay;
        episode->key = 500000000000u + history->person * 1000 + history->n_episodes;
        episode->spell = who->n_spells;
        episode->order = order++;
        episode->disdate = end;
        episode->start = start;
        episode->end =
            more ? start + (hst_date)synth_below(&who->rng, (size_t)(end - start) + 1) : end;
        episode->is_last = !more;
        episode->destination = destination;
        episode->discharge_method = discharge_method;
        if (episode->n_diagnoses == 0) {
            episode->diagnoses[episode->n_diagnoses++] = why->diagnosis;
        }
        if (why->procedure && episode->order == 1) {
            episode->procedures[episode->n_procedures++] = why->procedure;
        }
        add_secondary(episode, who, age);
        start = episode->end;
        history->n_episodes++;
        if (!more) {
            break;
        }
    }
    if (history->n_episodes == SYNTH_MAX_EPISODES && history->n_episodes > first) {
        history->episodes[history->n_episodes - 1].is_last = true;
        history->episodes[history->n_episodes - 1].end = end;
    }
    return end;
}

/* The stay that most admissions begin as. */
static synth_episode new_stay(person *who, hst_date day, const reason *why)
{
    bool is_elsewhere = synth_uniform(&who->rng) < 0.08;
    size_t home = (size_t)(who->area - who->world->areas);

    return (synth_episode){
        .admidate = day,
        .disdate = day,
        .source = "19",
        .destination = "19",
        .class = '1',
        .type = '1',
        .provider_area = is_elsewhere ? synth_below(&who->rng, who->world->n_areas) : home,
        .specialty = why->specialty,
    };
}

static hst_date emergency(synth_history *history, person *who, hst_date day)
{
    static const char *const methods[] = {"21", "21", "21", "21", "21",
                                          "22", "22", "24", "23", "28"};
    const synth_world *world = who->world;
    double age = age_on(history, day);
    size_t group = group_of(age);
    const reason *why = who->has_diabetes && synth_uniform(&who->rng) < 0.09
                            ? choose(&who->rng, diabetes_reasons,
                                     sizeof diabetes_reasons / sizeof *diabetes_reasons, group)
                            : choose(&who->rng, emergency_reasons,
                                     sizeof emergency_reasons / sizeof *emergency_reasons, group);
    synth_episode stay = new_stay(who, day, why);
    hst_date end = 0;

    if (synth_is_effect_condition(why->diagnosis) && day >= world->effect_from &&
        who->area == &world->areas[world->effect_area] &&
        synth_uniform(&who->rng) < world->effect_share) {
        if (history->n_removed < SYNTH_MAX_REMOVED) {
            history->removed[history->n_removed++] = day;
        }
        return day;
    }
    stay.method = methods[synth_below(&who->rng, sizeof methods / sizeof *methods)];
    if (synth_uniform(&who->rng) < 0.67) {
        double mean = why->stay_days *
                      (age < 18   ? 0.6
                       : age < 65 ? 0.8
                                  : 1.2) *
                      (who->has_dementia ? 1.5 : 1);

        stay.disdate = day + 1 + (hst_date)synth_exponential(&who->rng, mean);
    } else {
        stay.disdate = day + (hst_date)synth_below(&who->rng, 2);
    }
    if (stay.disdate == day || synth_uniform(&who->rng) >= TRANSFER_SHARE) {
        return add_spell(history, who, &stay, why);
    }

    /* moved to another hospital, where the stay goes on on that day or the next */
    stay.destination = "51";
    end = add_spell(history, who, &stay, why);
    if (end >= who->death) {
        return end;
    }
    stay.provider_area = synth_below(&who->rng, world->n_areas);
    stay.admidate = end + (hst_date)synth_below(&who->rng, 2);
    stay.disdate = stay.admidate + 1 + (hst_date)synth_exponential(&who->rng, 8);
    stay.method = "81";
    stay.source = "51";
    stay.destination = "19";
    return add_spell(history, who, &stay, why);
}

static hst_date elective(synth_history *history, person *who, hst_date day)
{
    static const char *const methods[] = {"11", "11", "11", "12", "12", "13"};
    double age = age_on(history, day), kind = synth_uniform(&who->rng);
    const reason *why =
        kind < 0.03 ? &kidney
                    : choose(&who->rng, elective_reasons,
                             sizeof elective_reasons / sizeof *elective_reasons, group_of(age));
    synth_episode stay = new_stay(who, day, why);

    stay.method = methods[synth_below(&who->rng, sizeof methods / sizeof *methods)];
    if (kind < 0.03) {
        stay.class = '3'; /* regular day attender */
        stay.method = "13";
    } else if (kind < 0.72) {
        stay.class = '2';
        stay.is_independent = synth_uniform(&who->rng) < 0.05;
    } else {
        stay.disdate = day + (hst_date)synth_exponential(&who->rng, 1.5 + why->stay_days);
    }
    return add_spell(history, who, &stay, why);
}

/* A delivery, or within ten months of one a stay for another reason of motherhood. */
static hst_date maternity(synth_history *history, person *who, hst_date day)
{
    static const reason delivery = {"O80X", {1, 1, 1}, 2, "501", "R249"};
    static const reason other = {"O479", {1, 1, 1}, 1, "501", NULL};
    bool is_delivery = day - who->delivery > 300;
    const reason *why = is_delivery ? &delivery : &other;
    synth_episode stay = new_stay(who, day, why);

    if (is_delivery) {
        who->delivery = day;
    }
    stay.method = is_delivery || synth_uniform(&who->rng) < 0.7 ? "31" : "32";
    stay.class = synth_uniform(&who->rng) < 0.05 ? '5' : '1';
    stay.type = is_delivery ? '2' : '1';
    stay.disdate = day + (hst_date)synth_exponential(&who->rng, 1.8);
    return add_spell(history, who, &stay, why);
}

static hst_date newborn(synth_history *history, person *who)
{
    static const reason born = {"Z380", {1, 1, 1}, 2, "424", NULL};
    synth_episode stay = new_stay(who, history->birth, &born);

    stay.method = "82";
    stay.source = "79";
    stay.type = '3';
    stay.disdate = history->birth + (hst_date)synth_exponential(&who->rng, 2);
    return add_spell(history, who, &stay, &born);
}

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

static factors factors_on(const synth_history *history, const person *who, hst_date day)
{
    double years = (double)(day - who->world->level_day) / DAYS_PER_YEAR;

    return (factors){
        .emergency = who->area->emergency * (who->has_diabetes ? 1.8 : 1) *
                     (who->has_dementia ? 1.5 : 1) * (1 + EMERGENCY_GROWTH * years),
        .elective =
            who->area->elective * (who->has_diabetes ? 1.3 : 1) * (1 + ELECTIVE_GROWTH * years),
        .maternity = history->sex == '2' ? 1 : 0,
    };
}

/* A rate per 1,000 that the person's own rate is never above in the window. */
static double highest_rate(const synth_history *history, const person *who, hst_date from)
{
    factors f = factors_on(history, who, who->world->last_day);
    size_t last = band_of(age_on(history, who->world->last_day));
    double highest = 0;

    for (size_t band = band_of(age_on(history, from)); band <= last; band++) {
        highest = fmax(highest, MOST_SEASON * (emergency_rates[band] * f.emergency +
                                               elective_rates[band] * f.elective) +
                                    maternity_rates[band] * f.maternity);
    }
    return highest;
}

/* What happens on a day that was drawn at the highest rate: an admission, or nothing because the
 * rate of that day is lower. Gives the last day of it. */
static hst_date spend_day(synth_history *history, person *who, hst_date date, double highest)
{
    factors f = factors_on(history, who, date);
    size_t band = band_of(age_on(history, date));
    int year = 0, month = 0, day = 0;
    double at = synth_uniform(&who->rng) * highest;

    hst_date_to_civil(date, &year, &month, &day);
    month = (month + 11) % 12; /* from 0 */
    at -= emergency_rates[band] * f.emergency * emergency_season[month];
    if (at < 0) {
        return emergency(history, who, date);
    }
    at -= elective_rates[band] * f.elective * elective_season[month];
    if (at < 0) {
        return elective(history, who, date);
    }
    at -= maternity_rates[band] * f.maternity;
    return at < 0 ? maternity(history, who, date) : date - 1;
}

/* Area of a person: the last one that begins at or before this number. */
static size_t area_of(const synth_world *world, uint64_t number)
{
    size_t low = 0, high = world->n_areas - 1;

    while (low < high) {
        size_t middle = (low + high + 1) / 2;

        if (world->areas[middle].first_person <= number) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

void synth_draw_history(synth_history *history, const synth_world *world, uint64_t number)
{
    person who = {.rng = synth_rng_of(world->options.seed, 1000 + number),
                  .world = world,
                  .delivery = world->first_day - 1000};
    hst_date from = world->first_day - 60; /* some are in hospital when the window begins */
    double highest = 0, gap_days = 0, t = (double)from;

    history->person = number;
    history->area = area_of(world, number);
    history->n_episodes = history->n_removed = 0;
    who.area = &world->areas[history->area];
    be_born(history, &who);
    if (history->birth > world->last_day) {
        return;
    }
    if (history->birth >= from) {
        t = (double)newborn(history, &who) + 1;
    }
    highest = highest_rate(history, &who, from);
    gap_days = 1000 * DAYS_PER_YEAR / (highest * LEVEL * who.frailty);
    for (;;) {
        t += synth_exponential(&who.rng, gap_days);
        if (t >= (double)world->last_day + 1 || t >= (double)who.death ||
            history->n_episodes + 20 > SYNTH_MAX_EPISODES) {
            return;
        }
        t = fmax(t, (double)spend_day(history, &who, (hst_date)floor(t), highest) + 1);
    }
}
