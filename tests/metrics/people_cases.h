/* Measures of stays, people and cohorts, each with a slow, plain count of what one person brings;
 * the study of them all, and its count. */
#ifndef HESTIA_TESTS_METRICS_PEOPLE_CASES_H
#define HESTIA_TESTS_METRICS_PEOPLE_CASES_H

#include <unistd.h>

#include "hestia/cohort.h"
#include "tests/metrics/plain_people.h"

enum { N_AREAS = 3, MAX_PERIODS = 60 };

static hst_conditions *conditions;
static char folder[64], names_path[96], similar_path[96], lists_path[96];

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

/* ---- the study of them all ---- */

static char *angina_sets[] = {(char *)"angina_set"}, *hypertension_sets[] = {(char *)"last_set"};

static inline hst_study make_study(hst_measure *measures, hst_study_cohort *cohorts)
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

/* Three bands: 0-39, 40-74, 75+. */
static inline hst_age_bands make_bands(void)
{
    hst_age_bands bands = {.n = 3, .lower = {0, 40, 75}, .upper = {39, 74, 999}};

    for (int age = 0; age <= 120; age++) {
        bands.of_age[age] = (uint8_t)(age < 40 ? 0 : age < 75 ? 1 : 2);
    }
    return bands;
}

static inline void count(hst_cube **cube, hst_measures **measures, hst_areas **areas,
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

static inline sums read_cell(const hst_cube *cube, size_t m, size_t area, hst_by type, size_t p,
                             unsigned sex, size_t band)
{
    return (sums){hst_cube_events(cube, m, 0, area, type, p, sex, band),
                  hst_cube_sum(cube, HST_LAYER_DAYS, m, 0, area, type, p, sex, band),
                  hst_cube_sum(cube, HST_LAYER_DAYS_SQUARED, m, 0, area, type, p, sex, band),
                  hst_cube_sum(cube, HST_LAYER_SQUARES, m, 0, area, type, p, sex, band),
                  hst_cube_sum(cube, HST_LAYER_READMITTED, m, 0, area, type, p, sex, band)};
}

static inline void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Around all tests of a file: the rows, and the files that the study names. */
static inline int open_rows(void **state)
{
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
    return 0;
}

static inline int close_rows(void **state)
{
    (void)state;
    hst_conditions_free(conditions);
    unlink(names_path);
    unlink(similar_path);
    unlink(lists_path);
    return rmdir(folder);
}

#endif
