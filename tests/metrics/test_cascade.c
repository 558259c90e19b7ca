/* Numbers taken apart, for every unit and every sum of the cube: each ends at the cube's own
 * number, in areas and comparators, with as many keys as are counted. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "episodes.h"

#include <unistd.h>

enum { N_ROWS = 12000, N_AREAS = 3, N_GROUPS = 3, WEIGHTED = 2 };

static plain_row rows[N_ROWS];
static plain_store store;
static hst_conditions *conditions;
static char folder[64], names_path[96], similar_path[96];
static const hst_age_bands bands = {.n = 1, .lower = {0}, .upper = {999}};

static char *emergencies[] = {(char *)"emergency"}, *angina[] = {(char *)"own_angina"};
static char *class_one[] = {(char *)"1"}, *surgeons[] = {(char *)"300"};
static hst_excluded_provider no_rxf[] = {{(char *)"RXF", {0}, NULL}};

#define EMERGENCY                                                                                  \
    {                                                                                              \
        .codes[HST_WHERE_ADMISSION_METHOD] = { 1, emergencies }                                    \
    }
#define ANGINA(EPISODE)                                                                            \
    {                                                                                              \
        .codes[HST_WHERE_CONDITION] = {1, angina}, .episode = HST_EPISODE_##EPISODE                \
    }

/* What is not given here is set by study_of. */
static const hst_measure measures_asked[] = {
    {.id = (char *)"admissions", .unit = HST_UNIT_ADMISSION, .where = EMERGENCY},
    {.id = (char *)"episodes", .unit = HST_UNIT_EPISODE, .date = HST_DATE_OF_DISCHARGE},
    {.id = (char *)"spells",
     .unit = HST_UNIT_SPELL,
     .where = EMERGENCY,
     .n_excluded_providers = 1,
     .excluded_providers = no_rxf},
    {.id = (char *)"first", .unit = HST_UNIT_SPELL, .where = ANGINA(FIRST)},
    {.id = (char *)"last", .unit = HST_UNIT_CIPS, .where = ANGINA(LAST)},
    {.id = (char *)"any",
     .unit = HST_UNIT_CIPS,
     .date = HST_DATE_OF_DISCHARGE,
     .where = ANGINA(ANY)},
    {.id = (char *)"people", .unit = HST_UNIT_PERSON, .where = EMERGENCY},
    {.id = (char *)"repeats",
     .unit = HST_UNIT_ADMISSION,
     .statistic = HST_STAT_CRUDE_RATE,
     .interval = HST_INTERVAL_REPEAT_ADJUSTED},
    {.id = (char *)"los",
     .unit = HST_UNIT_SPELL,
     .statistic = HST_STAT_MEAN_LOS,
     .date = HST_DATE_OF_DISCHARGE,
     .where = {.codes[HST_WHERE_PATIENT_CLASS] = {1, class_one}},
     .los_min = 2},
    {.id = (char *)"days",
     .unit = HST_UNIT_SPELL,
     .statistic = HST_STAT_BED_DAYS,
     .date = HST_DATE_OF_DISCHARGE,
     .los_cap = 9},
    {.id = (char *)"placed",
     .unit = HST_UNIT_SPELL,
     .statistic = HST_STAT_BED_DAYS,
     .bed_days_placed = true,
     .los_min = 1,
     .where = EMERGENCY},
    {.id = (char *)"readmitted",
     .unit = HST_UNIT_CIPS,
     .statistic = HST_STAT_READMISSION,
     .date = HST_DATE_OF_DISCHARGE,
     .days = 200,
     .exclude_condition = (char *)"own_angina",
     .lookback = 300,
     .exclude_specialty = {1, surgeons}},
    {.id = (char *)"concentration", .unit = HST_UNIT_ADMISSION, .statistic = HST_STAT_HHI},
};

enum { N_MEASURES = sizeof measures_asked / sizeof measures_asked[0] };

static hst_study study_of(hst_measure measures[N_MEASURES])
{
    static char *fields[] = {(char *)"RESPCT06", (char *)"RESPCT_HIS", (char *)"RESPCT02"};
    static hst_comparator comparators[N_GROUPS] = {{(char *)"England", NULL, NULL},
                                                   {(char *)"Residents", NULL, (char *)"ENG"},
                                                   {(char *)"Similar", similar_path, NULL}};
    hst_study study = {.path = (char *)"study.yaml",
                       .n_measures = N_MEASURES,
                       .measures = measures,
                       .quality = {.max_unknown_area = 1}};

    memcpy(measures, measures_asked, sizeof measures_asked);
    for (size_t m = 0; m < N_MEASURES; m++) {
        measures[m].dataset = HST_DATASET_APC;
        measures[m].by = HST_BY_QUARTER | HST_BY_YEAR;
        measures[m].period =
            (hst_window){hst_date_from_civil(2003, 1, 1), hst_date_from_civil(2006, 12, 31)};
        measures[m].line = 10 + m;
    }
    study.areas.field = (hst_texts){3, fields};
    study.areas.names = names_path;
    study.areas.comparators = comparators;
    study.areas.n_comparators = N_GROUPS;
    return study;
}

/* The layer that holds what the measure counts, HST_N_LAYERS when that are its events. */
static hst_layer counted_layer(size_t m)
{
    return measures_asked[m].statistic == HST_STAT_READMISSION ? HST_LAYER_READMITTED
                                                               : HST_N_LAYERS;
}

/* Events, or a layer, in the cells of an area or comparator. */
static uint64_t sum_unit(const hst_cube *cube, hst_layer layer, size_t m, size_t unit, hst_by type,
                         size_t period)
{
    uint64_t sum = 0;

    for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
        for (size_t band = 0; band <= bands.n; band++) {
            sum += layer == HST_N_LAYERS
                       ? hst_cube_events(cube, m, 0, unit, type, period, sex, band)
                       : hst_cube_sum(cube, layer, m, 0, unit, type, period, sex, band);
        }
    }
    return sum;
}

static uint64_t sum_group(const hst_cube *cube, hst_layer layer, const hst_areas *areas, size_t m,
                          size_t group, hst_by type, size_t period)
{
    const hst_area_group *g = hst_areas_group(areas, group);
    size_t own = hst_cube_group_area(cube, m, group);
    uint64_t sum = 0;

    if (own != SIZE_MAX) {
        return sum_unit(cube, layer, m, own, type, period);
    }
    for (size_t i = 0; i < g->n_members; i++) {
        sum += sum_unit(cube, layer, m, g->members[i].area, type, period);
    }
    return g->population_area[0]
               ? sum + sum_unit(cube, layer, m, hst_areas_special(areas).other, type, period)
               : sum;
}

static uint64_t check_number(const hst_measures *measures, size_t m, const hst_study *study,
                             const hst_areas *areas, size_t area, size_t group,
                             const hst_period *period, uint64_t expected, uint64_t expected_squares)
{
    hst_cascade cascade;
    uint64_t squares = 0;
    bool keeps_repeats = strcmp(study->duplicates, "none") == 0;
    hst_error err = {0};

    if (hst_count_explain(&cascade, true, measures, m, study, areas, area, group, period,
                          (const hst_segment *const *)store.segments, N_FILES,
                          &(hst_count_options){.n_threads = 2}, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(cascade.n_steps >= 3);
    for (size_t i = 0; i < cascade.n_steps; i++) {
        assert_true(cascade.steps[i].what[0]);
        assert_true(i == 0 || cascade.steps[i].n <= cascade.steps[i - 1].n);
    }
    if (cascade.steps[cascade.n_steps - 1].n != expected || cascade.n_keys != expected) {
        fail_msg("%s: %llu and %zu keys for %llu", measures_asked[m].id,
                 (unsigned long long)cascade.steps[cascade.n_steps - 1].n, cascade.n_keys,
                 (unsigned long long)expected);
    }
    for (size_t i = 1; i < cascade.n_keys; i++) {
        assert_true(cascade.keys[i - 1] < cascade.keys[i] ||
                    (keeps_repeats && cascade.keys[i - 1] == cascade.keys[i]));
    }
    for (size_t i = 0; i < cascade.n_repeats; i++) {
        squares +=
            cascade.repeats[i].events * cascade.repeats[i].events * cascade.repeats[i].people;
    }
    if (measures_asked[m].interval == HST_INTERVAL_REPEAT_ADJUSTED && group != WEIGHTED) {
        assert_true(squares == expected_squares && cascade.n_repeats > 1);
    } else {
        assert_int_equal(cascade.n_repeats, 0);
    }
    hst_cascade_clear(&cascade);
    return expected;
}

static void reach_numbers(const char *duplicates, size_t n_measures)
{
    hst_measure list[N_MEASURES];
    hst_study study = study_of(list);
    const hst_segment *const *segments = (const hst_segment *const *)store.segments;
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_error err = {0};

    study.duplicates = (char *)(uintptr_t)duplicates;
    if (hst_measures_compile(&measures, &study, conditions, &bands, &err) ||
        hst_areas_build(&areas, &study, NULL, segments, N_FILES, &err) ||
        hst_count(&cube, NULL, measures, &study, areas, segments, N_FILES,
                  &(hst_count_options){.n_threads = 2}, NULL, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(hst_areas_n(areas), N_AREAS);
    assert_int_equal(hst_areas_n_groups(areas), N_GROUPS);
    for (size_t m = 0; m < n_measures; m++) {
        hst_by type = m % 2 ? HST_BY_YEAR : HST_BY_QUARTER;
        const hst_period *periods = NULL;
        size_t period = hst_measures_periods(measures, m, type, &periods) / 2;
        uint64_t met = 0;

        for (size_t area = 0; area < N_AREAS; area++) {
            met += check_number(measures, m, &study, areas, area, SIZE_MAX, &periods[period],
                                sum_unit(cube, counted_layer(m), m, area, type, period),
                                sum_unit(cube, HST_LAYER_SQUARES, m, area, type, period));
        }
        for (size_t group = 0; group < N_GROUPS; group++) {
            met += check_number(measures, m, &study, areas, SIZE_MAX, group, &periods[period],
                                sum_group(cube, counted_layer(m), areas, m, group, type, period),
                                sum_group(cube, HST_LAYER_SQUARES, areas, m, group, type, period));
        }
        assert_true(met > 0);
    }
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

static void every_number_is_reached(void **state)
{
    (void)state;
    reach_numbers("nhsd", N_MEASURES);
}

static void by_every_rule_of_duplicates(void **state)
{
    enum { A_FEW = 3 };

    (void)state;
    reach_numbers("hf", A_FEW);
    reach_numbers("none", A_FEW);
}

/* ---- the test ---- */

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_rows(void **state)
{
    char lists_path[96];

    (void)state;
    random_rows(rows, N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++) {
        rows[i].person %= 900; /* enough of one person for stays that follow one another */
    }
    snprintf(folder, sizeof folder, "/tmp/hestia-cascade-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(names_path, sizeof names_path, "%s/names.csv", folder);
    snprintf(similar_path, sizeof similar_path, "%s/similar.csv", folder);
    snprintf(lists_path, sizeof lists_path, "%s/lists.csv", folder);
    write_text(names_path, "code,name\n5QL,Somerset\n5J6,Calderdale\n5NK,Wirral\n");
    write_text(similar_path, "area,comparator,weight\n5NK,5J6,0.5\n5NK,5QL,1\n");
    write_text(lists_path, "set,system,code_prefix,positions,note\nown_angina,ICD10,I20,any,\n");
    write_store(&store, rows, N_ROWS, 4, 0, false, false);
    return hst_conditions_read(&conditions, lists_path, NULL) == HST_OK ? 0 : -1;
}

static int remove_rows(void **state)
{
    char command[96];

    (void)state;
    hst_conditions_free(conditions);
    remove_store(&store);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_reached),
        cmocka_unit_test(by_every_rule_of_duplicates),
    };

    return cmocka_run_group_tests_name("cascade", tests, make_rows, remove_rows);
}
