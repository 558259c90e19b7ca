/* Measures of stays, people and cohorts against slow, plain loops over the same rows. The rules of
 * spells have tests of their own (test_spell): here their library function makes the spells, and
 * everything after them is done again by hand. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "episodes.h"

#include <unistd.h>

#include "hestia/cohort.h"
#include "hestia/spell.h"

enum { N_ROWS = 6000, N_PEOPLE = 900, N_AREAS = 3, MAX_PERIODS = 60, MAX_STAYS = 200 };

static plain_row rows[N_ROWS];
static hst_conditions *conditions;
static char folder[64], names_path[96], similar_path[96], lists_path[96];

static hst_date day(int year, int month, int d)
{
    return hst_date_from_civil(year, month, d);
}

/* Three bands: 0-39, 40-74, 75+. */
static hst_age_bands make_bands(void)
{
    hst_age_bands bands = {.n = 3, .lower = {0, 40, 75}, .upper = {39, 74, 999}};

    for (int age = 0; age <= 120; age++) {
        bands.of_age[age] = (uint8_t)(age < 40 ? 0 : age < 75 ? 1 : 2);
    }
    return bands;
}

/* Rows close enough together for transfers, readmissions and stays of several episodes. */
static void make_rows(void)
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

static bool is_emergency(const char *method)
{
    return strcmp(method, "21") == 0 || strcmp(method, "22") == 0 || strcmp(method, "24") == 0 ||
           strcmp(method, "28") == 0 || strcmp(method, "2A") == 0 || strcmp(method, "2B") == 0;
}

static void add_spell(plain_stay *stay, const hst_spell *spell, const hst_stay_episode *episodes)
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

static uint32_t provider_number(const char *code)
{
    uint32_t number = 0;

    for (; *code; code++) {
        number = number * 64 + (unsigned char)*code - 31u;
    }
    return number;
}

/* An emergency is a return from the last discharge before it, whichever stay that was; those of one
 * day follow the order of the stays. Regular attendances are neither. */
static void pair_with_discharge(plain_person *person, size_t emergency)
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

static void build_person(hst_spells *builder, uint64_t id)
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

static bool has_code(const plain_row *row, const char *prefix, size_t n_positions)
{
    for (size_t i = 0; i < n_positions; i++) {
        if (strncmp(row->diagnoses[i], prefix, strlen(prefix)) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the measures ---- */

typedef struct sums {
    uint64_t events, days, squared, squares, readmitted;
} sums;

static sums expected[MAX_PERIODS][N_AREAS + 2][HST_N_SEXES][4]; /* areas, then England, Similar */

enum { ENGLAND = N_AREAS, SIMILAR };

static int area_of(const plain_row *row)
{
    return strcmp(row->area, "5J6") == 0   ? 0
           : strcmp(row->area, "5NK") == 0 ? 1
           : strcmp(row->area, "5QL") == 0 ? 2
                                           : -1;
}

/* Is the area of the row in a unit? Similar areas are 5J6 and 5NK. */
static bool is_in_unit(const plain_row *row, int unit)
{
    int area = area_of(row);

    return area >= 0 && (unit == ENGLAND || (unit == SIMILAR && area < 2) || unit == area);
}

static sums *cell_of(size_t period, int unit, const plain_row *row)
{
    unsigned sex = row->sex == '1' ? 0 : row->sex == '2' ? 1 : 2;
    size_t band = row->age > 120 ? 3 : row->age < 40 ? 0 : row->age < 75 ? 1 : 2;

    return &expected[period][unit][sex][band];
}

typedef struct people_case people_case;

/** One measure and how it is counted by hand. */
struct people_case {
    const char *name;
    void (*ask)(hst_measure *measure);
    /** adds what one person brings to a unit and period */
    void (*count)(const plain_person *person, int unit, size_t p, const hst_period *period);
    bool has_units; /**< comparators have cells of their own */
};

static bool is_in_period(hst_date date, const hst_period *period)
{
    return date != HST_DATE_MISSING && date >= period->start && date <= period->end;
}

static void set_texts(hst_texts *texts, char **items, size_t n)
{
    *texts = (hst_texts){n, items};
}

static char *class_1[] = {(char *)"1"};

static void by_stay(hst_measure *measure, hst_unit unit, hst_statistic statistic)
{
    measure->unit = unit;
    measure->statistic = statistic;
    measure->date = HST_DATE_OF_DISCHARGE;
    set_texts(&measure->where.codes[HST_WHERE_PATIENT_CLASS], class_1, 1);
}

/* Emergency spells by admission, dementia in any of their episodes. */
static void ask_any_episode(hst_measure *measure)
{
    static char *set[] = {(char *)"dementia"}, *methods[] = {(char *)"emergency"};

    measure->unit = HST_UNIT_SPELL;
    measure->where.episode = HST_EPISODE_ANY;
    set_texts(&measure->where.codes[HST_WHERE_CONDITION], set, 1);
    set_texts(&measure->where.codes[HST_WHERE_ADMISSION_METHOD], methods, 1);
}

static void count_any_episode(const plain_person *person, int unit, size_t p,
                              const hst_period *period)
{
    for (size_t i = 0; i < person->n_spells; i++) {
        const plain_stay *s = &person->spells[i];
        bool is_found = false;

        for (size_t k = 0; k < s->n_rows; k++) {
            is_found = is_found || has_code(s->rows[k], "F03", 3);
        }
        if (is_found && s->first->classpat != '3' && is_in_unit(s->first, unit) &&
            is_emergency(s->first->admimeth) && is_in_period(s->admidate, period)) {
            cell_of(p, unit, s->first)->events++;
        }
    }
}

/* Discharges with I10 in the last episode, by DISDATE. */
static void ask_last_episode(hst_measure *measure)
{
    static char *set[] = {(char *)"last_set"};

    measure->unit = HST_UNIT_CIPS;
    measure->date = HST_DATE_OF_DISCHARGE;
    measure->where.episode = HST_EPISODE_LAST;
    set_texts(&measure->where.codes[HST_WHERE_CONDITION], set, 1);
}

static void count_last_episode(const plain_person *person, int unit, size_t p,
                               const hst_period *period)
{
    for (size_t i = 0; i < person->n_cips; i++) {
        const plain_stay *s = &person->cips[i];

        if (s->first->classpat != '3' && is_in_unit(s->first, unit) &&
            has_code(s->last, "I10", 5) && is_in_period(s->disdate, period)) {
            cell_of(p, unit, s->first)->events++;
        }
    }
}

static uint64_t stay_days(const plain_stay *s)
{
    return (uint64_t)(s->disdate - s->admidate);
}

static bool has_stay(const plain_stay *s)
{
    return s->first->classpat == '1' && s->disdate != HST_DATE_MISSING && s->disdate >= s->admidate;
}

static void ask_mean(hst_measure *measure)
{
    by_stay(measure, HST_UNIT_SPELL, HST_STAT_MEAN_LOS);
    measure->los_cap = 20;
    measure->los_min = 1;
}

static void count_mean(const plain_person *person, int unit, size_t p, const hst_period *period)
{
    for (size_t i = 0; i < person->n_spells; i++) {
        const plain_stay *s = &person->spells[i];

        if (is_in_unit(s->first, unit) && has_stay(s) && is_in_period(s->disdate, period) &&
            stay_days(s) >= 1) {
            sums *cell = cell_of(p, unit, s->first);
            uint64_t days = stay_days(s) > 20 ? 20 : stay_days(s);

            cell->events++;
            cell->days += days;
            cell->squared += days * days;
        }
    }
}

static void ask_placed(hst_measure *measure)
{
    by_stay(measure, HST_UNIT_CIPS, HST_STAT_BED_DAYS);
    measure->bed_days_placed = true;
}

static void count_placed(const plain_person *person, int unit, size_t p, const hst_period *period)
{
    for (size_t i = 0; i < person->n_cips; i++) {
        const plain_stay *s = &person->cips[i];
        uint64_t nights = 0;

        if (!is_in_unit(s->first, unit) || !has_stay(s)) {
            continue;
        }
        for (hst_date date = s->admidate; date < s->disdate; date++) {
            nights += is_in_period(date, period);
        }
        if (nights > 0 || (s->admidate == s->disdate && is_in_period(s->admidate, period))) {
            sums *cell = cell_of(p, unit, s->first);

            cell->events++;
            cell->days += nights;
            cell->squared += nights * nights;
        }
    }
}

static void ask_readmission(hst_measure *measure)
{
    static char *specialties[] = {(char *)"501"};

    by_stay(measure, HST_UNIT_CIPS, HST_STAT_READMISSION);
    measure->days = 30;
    measure->lookback = 365;
    measure->exclude_condition = (char *)"unfit_set";
    set_texts(&measure->exclude_specialty, specialties, 1);
}

static bool is_unfit(const plain_person *person, size_t i)
{
    const plain_stay *s = &person->cips[i];
    const plain_row *first = s->first;

    if (s->last->dismeth == '4' || s->last->dismeth == '5' || strcmp(s->last->disdest, "79") == 0 ||
        strcmp(first->mainspef, "501") == 0 || strcmp(first->tretspef, "501") == 0) {
        return true;
    }
    for (size_t k = 0; k < s->n_rows; k++) {
        if (has_code(s->rows[k], "I200", 5)) {
            return true;
        }
    }
    for (size_t spell = 0; spell < person->n_spells; spell++) {
        const plain_stay *before = &person->spells[spell];
        hst_date start = before->admidate;

        if (before->first == first) {
            break; /* the continuous spell itself begins */
        }
        start = before->first->epistart < start ? before->first->epistart : start;
        for (size_t k = 0; k < before->n_rows && start + 365 >= s->admidate; k++) {
            if (has_code(before->rows[k], "I200", 5)) {
                return true;
            }
        }
    }
    return false;
}

static void count_readmission(const plain_person *person, int unit, size_t p,
                              const hst_period *period)
{
    for (size_t i = 0; i < person->n_cips; i++) {
        const plain_stay *s = &person->cips[i];

        if (is_in_unit(s->first, unit) && has_stay(s) && is_in_period(s->disdate, period) &&
            !is_unfit(person, i)) {
            sums *cell = cell_of(p, unit, s->first);

            cell->events++;
            cell->readmitted += s->next_emergency != HST_DATE_MISSING &&
                                s->next_emergency >= s->disdate &&
                                s->next_emergency - s->disdate < 30;
        }
    }
}

/* ---- rows of people ---- */

static bool is_admission(const plain_row *row)
{
    return row->epistat == '3' && row->epiorder == 1 &&
           (row->classpat == '1' || row->classpat == '2');
}

static void ask_people(hst_measure *measure)
{
    measure->unit = HST_UNIT_PERSON;
}

static void count_people(const plain_person *person, int unit, size_t p, const hst_period *period)
{
    const plain_row *first = NULL;

    for (size_t i = 0; i < person->n_rows; i++) {
        const plain_row *row = person->rows[i];

        if (is_admission(row) && is_in_unit(row, unit) && is_in_period(row->admidate, period) &&
            (!first || row->admidate < first->admidate ||
             (row->admidate == first->admidate && row->key < first->key))) {
            first = row;
        }
    }
    if (first) {
        cell_of(p, unit, first)->events++;
    }
}

static void ask_repeats(hst_measure *measure)
{
    measure->interval = HST_INTERVAL_REPEAT_ADJUSTED;
    measure->statistic = HST_STAT_DSR;
}

static void count_repeats(const plain_person *person, int unit, size_t p, const hst_period *period)
{
    uint64_t n[HST_N_SEXES][4] = {{0}};

    for (size_t i = 0; i < person->n_rows; i++) {
        const plain_row *row = person->rows[i];

        if (is_admission(row) && is_in_unit(row, unit) && is_in_period(row->admidate, period)) {
            sums *cell = cell_of(p, unit, row);
            size_t at = (size_t)(cell - &expected[p][unit][0][0]);

            cell->events++;
            cell->squares += 2 * n[at / 4][at % 4] + 1; /* n^2 grows to (n + 1)^2 */
            n[at / 4][at % 4]++;
        }
    }
}

/* The same of crude rates: everybody is one stratum. The squares stand in the first of the person's
 * cells. */
static void ask_crude_repeats(hst_measure *measure)
{
    measure->interval = HST_INTERVAL_REPEAT_ADJUSTED;
    measure->statistic = HST_STAT_CRUDE_RATE;
}

static void count_crude_repeats(const plain_person *person, int unit, size_t p,
                                const hst_period *period)
{
    sums *first = NULL;
    uint64_t n = 0;

    for (size_t i = 0; i < person->n_rows; i++) {
        const plain_row *row = person->rows[i];

        if (is_admission(row) && is_in_unit(row, unit) && is_in_period(row->admidate, period)) {
            sums *cell = cell_of(p, unit, row);

            cell->events++;
            n++;
            first = !first || cell < first ? cell : first;
        }
    }
    if (first) {
        first->squares += n * n;
    }
}

/* Admissions of members of the first cohort who are not of the second. */
static void ask_cohort(hst_measure *measure)
{
    static char *in[] = {(char *)"angina"}, *out[] = {(char *)"hypertension"};

    set_texts(&measure->where.codes[HST_WHERE_COHORT], in, 1);
    set_texts(&measure->where.codes[HST_WHERE_NOT_COHORT], out, 1);
}

static bool is_member(const plain_person *person, const char *prefix, hst_date to)
{
    for (size_t i = 0; i < person->n_rows; i++) {
        const plain_row *row = person->rows[i];

        if (row->epistat == '3' && row->admidate <= to && has_code(row, prefix, 5)) {
            return true;
        }
    }
    return false;
}

static void count_cohort(const plain_person *person, int unit, size_t p, const hst_period *period)
{
    bool is_in =
        is_member(person, "I20", day(2005, 9, 30)) && !is_member(person, "I10", day(2099, 1, 1));

    for (size_t i = 0; i < person->n_rows && is_in; i++) {
        const plain_row *row = person->rows[i];

        if (is_admission(row) && is_in_unit(row, unit) && is_in_period(row->admidate, period)) {
            cell_of(p, unit, row)->events++;
        }
    }
}

static const people_case cases[] = {
    {"spells, any episode", ask_any_episode, count_any_episode, false},
    {"continuous spells, last episode", ask_last_episode, count_last_episode, false},
    {"mean stay, capped", ask_mean, count_mean, false},
    {"placed bed days", ask_placed, count_placed, false},
    {"readmissions", ask_readmission, count_readmission, false},
    {"people", ask_people, count_people, true},
    {"repeats", ask_repeats, count_repeats, true},
    {"repeats of everybody", ask_crude_repeats, count_crude_repeats, true},
    {"cohorts", ask_cohort, count_cohort, false},
};

enum { N_CASES = sizeof cases / sizeof cases[0] };

/* ---- running ---- */

static char *angina_sets[] = {(char *)"angina_set"}, *hypertension_sets[] = {(char *)"last_set"};

static hst_study make_study(hst_measure *measures, hst_study_cohort *cohorts)
{
    static char *fields[] = {(char *)"RESPCT06", (char *)"RESPCT_HIS", (char *)"RESPCT02"};
    static char *admission_classes[] = {(char *)"1", (char *)"2"};
    static hst_comparator comparators[2];
    hst_study study = {.path = (char *)"study.yaml",
                       .duplicates = (char *)"nhsd",
                       .spell_rule = (char *)"nhsd",
                       .cips_rule = (char *)"nhsd",
                       .period = {day(2005, 4, 1), day(2007, 3, 31)},
                       .n_measures = N_CASES,
                       .measures = measures,
                       .n_cohorts = 2,
                       .cohorts = cohorts,
                       .quality = {.max_unknown_area = 0.5, .max_row_drop = 0.02}};

    memset(measures, 0, N_CASES * sizeof *measures);
    for (size_t i = 0; i < N_CASES; i++) {
        measures[i] = (hst_measure){.id = (char *)cases[i].name,
                                    .dataset = HST_DATASET_APC,
                                    .unit = HST_UNIT_ADMISSION,
                                    .statistic = HST_STAT_COUNT,
                                    .by = HST_BY_MONTH | HST_BY_QUARTER | HST_BY_YEAR,
                                    .period = {day(2005, 4, 15), day(2007, 3, 31)}};
        set_texts(&measures[i].where.codes[HST_WHERE_PATIENT_CLASS], admission_classes, 2);
        cases[i].ask(&measures[i]);
    }
    cohorts[0] = (hst_study_cohort){.id = (char *)"angina",
                                    .condition = {1, angina_sets},
                                    .window = {day(2000, 1, 1), day(2005, 9, 30)}};
    cohorts[1] = (hst_study_cohort){.id = (char *)"hypertension",
                                    .condition = {1, hypertension_sets},
                                    .window = {HST_DATE_MISSING, HST_DATE_MISSING}};
    comparators[0] = (hst_comparator){.name = (char *)"England"};
    comparators[1] = (hst_comparator){.name = (char *)"Similar", .file = similar_path};
    study.areas.field = (hst_texts){3, fields};
    study.areas.names = names_path;
    study.areas.n_comparators = 2;
    study.areas.comparators = comparators;
    return study;
}

static void count(hst_cube **cube, hst_measures **measures, hst_areas **areas,
                  hst_cohorts **cohorts, const hst_study *study, const plain_store *store,
                  int n_threads, size_t memory)
{
    const hst_age_bands bands = make_bands();
    const hst_segment *const *segments = (const hst_segment *const *)store->segments;
    hst_count_options options = {.n_threads = n_threads, .memory_bytes = memory};
    hst_error err = {0};

    if (hst_measures_compile(measures, study, conditions, &bands, &err) ||
        hst_areas_build(areas, study, NULL, segments, N_FILES, &err) ||
        hst_cohorts_create(cohorts, study, conditions, NULL, &err)) {
        fail_msg("%s", err.message);
    }
    options.cohorts = *cohorts;
    if (hst_count(cube, NULL, *measures, study, *areas, segments, N_FILES, &options, NULL, &err)) {
        fail_msg("%s", err.message);
    }
}

static sums read_cell(const hst_cube *cube, size_t m, size_t area, hst_by type, size_t p,
                      unsigned sex, size_t band)
{
    return (sums){hst_cube_events(cube, m, 0, area, type, p, sex, band),
                  hst_cube_sum(cube, HST_LAYER_DAYS, m, 0, area, type, p, sex, band),
                  hst_cube_sum(cube, HST_LAYER_DAYS_SQUARED, m, 0, area, type, p, sex, band),
                  hst_cube_sum(cube, HST_LAYER_SQUARES, m, 0, area, type, p, sex, band),
                  hst_cube_sum(cube, HST_LAYER_READMITTED, m, 0, area, type, p, sex, band)};
}

static void check_cell(const people_case *c, const hst_period *period, int unit, const sums *want,
                       const sums *got)
{
    if (memcmp(want, got, sizeof *want) != 0) {
        fail_msg("%s: %s, unit %d: events %zu not %zu, days %zu not %zu, squared %zu not %zu, "
                 "squares %zu not %zu, readmitted %zu not %zu",
                 c->name, period->label, unit, (size_t)got->events, (size_t)want->events,
                 (size_t)got->days, (size_t)want->days, (size_t)got->squared, (size_t)want->squared,
                 (size_t)got->squares, (size_t)want->squares, (size_t)got->readmitted,
                 (size_t)want->readmitted);
    }
}

static uint64_t check_type(const hst_cube *cube, const hst_measures *measures, size_t m,
                           hst_by type)
{
    const people_case *c = &cases[m];
    const hst_period *periods = NULL;
    size_t n = hst_measures_periods(measures, m, type, &periods);
    int n_units = c->has_units ? SIMILAR + 1 : N_AREAS;
    uint64_t total = 0;

    assert_in_range(n, 1, MAX_PERIODS);
    assert_int_equal(hst_cube_counts_people(cube, m), c->has_units);
    memset(expected, 0, sizeof expected);
    for (int unit = 0; unit < n_units; unit++) {
        size_t area =
            unit < N_AREAS ? (size_t)unit : hst_cube_group_area(cube, m, (size_t)(unit - ENGLAND));

        for (size_t p = 0; p < n; p++) {
            for (size_t id = 1; id <= N_PEOPLE; id++) {
                c->count(&people[id], unit, p, &periods[p]);
            }
            for (size_t i = 0; i < HST_N_SEXES * (size_t)4; i++) {
                const sums *want = &expected[p][unit][i / 4][i % 4];
                sums got = read_cell(cube, m, area, type, p, (unsigned)(i / 4), i % 4);

                check_cell(c, &periods[p], unit, want, &got);
                total += want->events + want->days + want->readmitted;
            }
        }
    }
    return total;
}

static void stays_people_and_cohorts_count_as_plain_loops_do(void **state)
{
    static const struct {
        size_t n_partitions;
        uint64_t salt;
        bool backwards;
        int n_threads;
        size_t memory;
    } ways[] = {{16, 3, false, 2, 0}, {1, 91, true, 1, 0}, {4, 17, true, 7, 1 << 19}};
    hst_measure measures_of_study[N_CASES];
    hst_study_cohort cohorts_of_study[2];
    hst_study study = make_study(measures_of_study, cohorts_of_study);

    (void)state;
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
        plain_store store = {0};
        hst_cube *cube = NULL;
        hst_measures *measures = NULL;
        hst_areas *areas = NULL;
        hst_cohorts *cohorts = NULL;

        write_store(&store, rows, N_ROWS, ways[way].n_partitions, ways[way].salt,
                    ways[way].backwards, false);
        count(&cube, &measures, &areas, &cohorts, &study, &store, ways[way].n_threads,
              ways[way].memory);
        for (size_t m = 0; m < N_CASES; m++) {
            assert_true(check_type(cube, measures, m, HST_BY_MONTH) > 0);
            assert_true(check_type(cube, measures, m, HST_BY_QUARTER) > 0);
            assert_true(check_type(cube, measures, m, HST_BY_YEAR) > 0);
        }
        hst_cube_free(cube);
        hst_cohorts_free(cohorts);
        hst_areas_free(areas);
        hst_measures_free(measures);
        remove_store(&store);
    }
}

/* The lengths of stay of an area and period, against the sums of the same stays. */
static void lengths_of_stay_add_up(void **state)
{
    hst_measure measures_of_study[N_CASES];
    hst_study_cohort cohorts_of_study[2];
    hst_study study = make_study(measures_of_study, cohorts_of_study);
    plain_store store = {0};
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_stay_count *stays = NULL;
    size_t capacity = 0, m = 2;

    (void)state;
    write_store(&store, rows, N_ROWS, 8, 5, false, false);
    count(&cube, &measures, &areas, &cohorts, &study, &store, 2, 0);
    for (size_t area = 0; area < N_AREAS; area++) {
        const hst_period *periods = NULL;
        size_t n_periods = hst_measures_periods(measures, m, HST_BY_QUARTER, &periods);

        for (size_t p = 0; p < n_periods; p++) {
            size_t n = hst_cube_stays(cube, m, 0, area, HST_BY_QUARTER, p, &stays, &capacity);
            uint64_t events = 0, days = 0, wanted_events = 0, wanted_days = 0;

            for (size_t i = 0; i < n; i++) {
                assert_true(i == 0 || stays[i].days > stays[i - 1].days);
                assert_in_range(stays[i].days, 1, 20);
                events += stays[i].n;
                days += stays[i].n * stays[i].days;
            }
            for (size_t i = 0; i < HST_N_SEXES * (size_t)4; i++) {
                sums cell = read_cell(cube, m, area, HST_BY_QUARTER, p, (unsigned)(i / 4), i % 4);

                wanted_events += cell.events;
                wanted_days += cell.days;
            }
            assert_int_equal(events, wanted_events);
            assert_int_equal(days, wanted_days);
            assert_true(events > 0);
        }
    }
    free(stays);
    hst_cube_free(cube);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    hst_measures_free(measures);
    remove_store(&store);
}

static sums read_split(const hst_cube *cube, size_t m, size_t split, size_t area, size_t p,
                       size_t i)
{
    unsigned sex = (unsigned)(i / 4);

    return (sums){
        hst_cube_events(cube, m, split, area, HST_BY_QUARTER, p, sex, i % 4),
        hst_cube_sum(cube, HST_LAYER_DAYS, m, split, area, HST_BY_QUARTER, p, sex, i % 4),
        hst_cube_sum(cube, HST_LAYER_DAYS_SQUARED, m, split, area, HST_BY_QUARTER, p, sex, i % 4),
        0, 0};
}

/* Every stay has one provider: stays and days by provider add up to those of all, cell by cell, and
 * an area has the providers that have a stay of it. */
static void stays_by_provider_add_up(void **state)
{
    hst_measure measures_of_study[N_CASES];
    hst_study_cohort cohorts_of_study[2];
    hst_study study = make_study(measures_of_study, cohorts_of_study);
    plain_store store = {0};
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    const size_t asked[] = {2, 3}; /* mean stay by discharge, placed bed days */

    (void)state;
    measures_of_study[asked[0]].split = measures_of_study[asked[1]].split = HST_SPLIT_PROVIDER;
    write_store(&store, rows, N_ROWS, 8, 5, false, false);
    count(&cube, &measures, &areas, &cohorts, &study, &store, 3, 0);
    for (size_t k = 0; k < 2; k++) {
        const hst_period *periods = NULL;
        size_t m = asked[k], n_splits = hst_cube_n_splits(cube, m);
        size_t n_periods = hst_measures_periods(measures, m, HST_BY_QUARTER, &periods);

        assert_int_equal(n_splits, 1 + 4);
        for (size_t i = 0; i < N_AREAS * n_periods * HST_N_SEXES * 4; i++) {
            size_t cell = i % (HST_N_SEXES * 4), p = i / (HST_N_SEXES * 4) % n_periods;
            size_t area = i / (HST_N_SEXES * 4) / n_periods;
            sums all = read_split(cube, m, 0, area, p, cell), added = {0};

            for (size_t split = 1; split < n_splits; split++) {
                sums one = read_split(cube, m, split, area, p, cell);

                assert_true(hst_cube_has(cube, m, split, area));
                added.events += one.events;
                added.days += one.days;
                added.squared += one.squared;
            }
            assert_memory_equal(&all, &added, sizeof all);
        }
    }
    hst_cube_free(cube);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    hst_measures_free(measures);
    remove_store(&store);
}

/* Sum over a measure's cells of its numbers, each by a factor of its place. */
static uint64_t digest(const hst_cube *cube, const hst_measures *measures, size_t m)
{
    const hst_period *periods = NULL;
    size_t n = hst_measures_periods(measures, m, HST_BY_MONTH, &periods);
    uint64_t sum = 0;

    for (size_t area = 0; area < N_AREAS; area++) {
        for (size_t p = 0; p < n; p++) {
            for (size_t i = 0; i < HST_N_SEXES * (size_t)4; i++) {
                sums cell = read_cell(cube, m, area, HST_BY_MONTH, p, (unsigned)(i / 4), i % 4);

                sum = sum * 31 + cell.events + 7 * cell.days + 13 * cell.readmitted;
            }
        }
    }
    return sum;
}

/* With `duplicates: none`, rows of one key may differ only in what the rules of spells do not look
 * at. Which of them begins the spell must not depend on the order of rows. */
static void kept_repeats_count_alike_in_any_order(void **state)
{
    static plain_row repeated[2 * N_ROWS];
    static const char *const areas[] = {"5J6", "5QL", "5NK"};
    hst_measure measures_of_study[N_CASES];
    hst_study_cohort cohorts_of_study[2];
    hst_study study = make_study(measures_of_study, cohorts_of_study);
    uint64_t digests[2][N_CASES];

    (void)state;
    study.duplicates = (char *)"none";
    for (size_t i = 0; i < N_ROWS; i++) {
        repeated[2 * i] = repeated[2 * i + 1] = rows[i];
        repeated[2 * i + 1].area = areas[i % 3];
        repeated[2 * i + 1].age = (unsigned)(i % 100);
    }
    for (int backwards = 0; backwards < 2; backwards++) {
        plain_store store = {0};
        hst_cube *cube = NULL;
        hst_measures *measures = NULL;
        hst_areas *areas_of_study = NULL;
        hst_cohorts *cohorts = NULL;

        write_store(&store, repeated, 2 * (size_t)N_ROWS, 4, 5, backwards, false);
        count(&cube, &measures, &areas_of_study, &cohorts, &study, &store, 2, 0);
        for (size_t m = 0; m < N_CASES; m++) {
            digests[backwards][m] = digest(cube, measures, m);
        }
        hst_cube_free(cube);
        hst_cohorts_free(cohorts);
        hst_areas_free(areas_of_study);
        hst_measures_free(measures);
        remove_store(&store);
    }
    for (size_t m = 0; m < N_CASES; m++) {
        if (digests[0][m] != digests[1][m]) {
            fail_msg("%s depends on the order of rows", cases[m].name);
        }
    }
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    hst_spells *builder = NULL;

    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hestia-people-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(names_path, sizeof names_path, "%s/names.csv", folder);
    snprintf(similar_path, sizeof similar_path, "%s/similar.csv", folder);
    snprintf(lists_path, sizeof lists_path, "%s/lists.csv", folder);
    write_text(names_path, "code,name\n5QL,Somerset\n5J6,Calderdale\n5NK,Wirral\n");
    write_text(similar_path,
               "area,comparator\n5QL,5J6\n5QL,5NK\n5J6,5J6\n5J6,5NK\n5NK,5J6\n5NK,5NK\n");
    write_text(lists_path, "set,system,code_prefix,positions,note\n"
                           "last_set,ICD10,I10,any,\nangina_set,ICD10,I20,any,\n"
                           "unfit_set,ICD10,I200,any,\n");
    assert_int_equal(hst_conditions_read(&conditions, lists_path, NULL), HST_OK);
    make_rows();
    assert_int_equal(hst_spells_create(&builder, HST_SPELLS_NHSD, HST_CIPS_NHSD, NULL), HST_OK);
    for (uint64_t id = 1; id <= N_PEOPLE; id++) {
        build_person(builder, id);
    }
    hst_spells_free(builder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hst_conditions_free(conditions);
    unlink(names_path);
    unlink(similar_path);
    unlink(lists_path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_people_and_cohorts_count_as_plain_loops_do),
        cmocka_unit_test(lengths_of_stay_add_up),
        cmocka_unit_test(stays_by_provider_add_up),
        cmocka_unit_test(kept_repeats_count_alike_in_any_order),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
