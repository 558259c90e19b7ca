/* Counting against a slow, plain count of the same rows; and the same cube whatever the threads,
 * partitions, files' order, rows' order and keys of the person hash. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "episodes.h"

#include <unistd.h>

enum { N_ROWS = 20000, N_AREAS = 3, AREA_OTHER = 3, AREA_UNKNOWN, AREA_ABROAD };

static plain_row rows[N_ROWS];
static bool is_dropped[N_ROWS];
static plain_store store;
static hst_conditions *conditions;
static char folder[64], names_path[96], lookup_path[96], lists_path[96];

/* Bands 0-4, 5-9, .. 85+. */
static hst_age_bands make_bands(void)
{
    hst_age_bands bands = {.n = 18};

    for (int age = 0; age <= 120; age++) {
        bands.of_age[age] = (uint8_t)(age / 5 < 17 ? age / 5 : 17);
    }
    for (int band = 0; band < 18; band++) {
        bands.lower[band] = 5 * band;
        bands.upper[band] = band < 17 ? 5 * band + 4 : 999;
    }
    return bands;
}

/* ---- what is expected, in plain C ---- */

static hst_date day(int year, int month, int d)
{
    return hst_date_from_civil(year, month, d);
}

static unsigned area_of(const plain_row *row)
{
    hst_date date = row->admidate != HST_DATE_MISSING ? row->admidate : row->epistart;
    bool is_old = date <= day(2006, 9, 30);
    const char *a = row->area;

    if (strcmp(a, "5J6") == 0 || strcmp(a, "5J600") == 0) {
        return 0;
    }
    if (strcmp(a, "5NK") == 0) {
        return 1;
    }
    if (strcmp(a, "5QL") == 0) {
        return 2;
    }
    if (strcmp(a, "5FW") == 0 || strcmp(a, "5H2") == 0) {
        return date == HST_DATE_MISSING ? AREA_UNKNOWN
               : !is_old                ? AREA_OTHER
               : strcmp(a, "5FW") == 0  ? 2
                                        : 1;
    }
    return strcmp(a, "5XX") == 0                              ? AREA_OTHER
           : strcmp(a, "6A1") == 0 || strcmp(a, "59898") == 0 ? AREA_ABROAD
                                                              : AREA_UNKNOWN;
}

static bool is_in(const char *code, const char *list) /* list: " 11 12 " */
{
    char padded[16];

    snprintf(padded, sizeof padded, " %s ", code);
    return code[0] && strstr(list, padded);
}

static bool char_in(char c, const char *list)
{
    return c && strchr(list, c);
}

static bool has_prefix(const char *code, const char *prefix)
{
    return strncmp(code, prefix, strlen(prefix)) == 0;
}

/* Any of the prefixes (" E10 E11 ") in positions first to last, from 0. */
static bool finds(const char *const *codes, size_t first, size_t last, const char *prefixes)
{
    for (size_t i = first; i <= last; i++) {
        for (const char *p = prefixes; *p; p++) {
            char prefix[8] = "";

            if (*p != ' ' && (p == prefixes || p[-1] == ' ')) {
                sscanf(p, "%7s", prefix);
                if (codes[i][0] && has_prefix(codes[i], prefix)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool is_considered(const plain_row *row, const hst_measure *measure)
{
    return row->epistat == '3' && (measure->unit == HST_UNIT_EPISODE || row->epiorder == 1) &&
           row->provider[0] && row->epistart != HST_DATE_MISSING &&
           row->epiend != HST_DATE_MISSING && row->admidate != HST_DATE_MISSING;
}

static const char emergency[] = " 21 22 23 24 25 28 2A 2B 2C 2D ";

/* ---- one case per `where` key ---- */

typedef struct where_case {
    const char *name;
    void (*ask)(hst_measure *measure);
    bool (*matches)(const plain_row *row);
    const char *classes; /* NULL: 1, 2, 5 */
} where_case;

/* Codes of a key; the texts live as long as the program. */
static void set_codes(hst_where *where, hst_where_code key, const char *list)
{
    static char texts[4096][32];
    static char *items[4096];
    static size_t used;
    char copy[128], *at = NULL;

    snprintf(copy, sizeof copy, "%s", list);
    where->codes[key].items = &items[used];
    where->codes[key].n = 0;
    for (char *word = strtok_r(copy, " ", &at); word; word = strtok_r(NULL, " ", &at)) {
        snprintf(texts[used], sizeof texts[used], "%s", word);
        items[used] = texts[used];
        used++;
        where->codes[key].n++;
    }
}

#define CASE(NAME, ASK, EXPECT)                                                                    \
    static void ask_##NAME(hst_measure *measure)                                                   \
    {                                                                                              \
        hst_where *where = &measure->where;                                                        \
        (void)where;                                                                               \
        ASK;                                                                                       \
    }                                                                                              \
    static bool matches_##NAME(const plain_row *row)                                               \
    {                                                                                              \
        (void)row;                                                                                 \
        return EXPECT;                                                                             \
    }

static int stay(const plain_row *row)
{
    return row->disdate == HST_DATE_MISSING || row->disdate < row->admidate
               ? -1
               : (int)(row->disdate - row->admidate);
}

CASE(everything, , true)
CASE(emergency, set_codes(where, HST_WHERE_ADMISSION_METHOD, "emergency"),
     is_in(row->admimeth, emergency))
CASE(elective_or_21, set_codes(where, HST_WHERE_ADMISSION_METHOD, "elective 21"),
     is_in(row->admimeth, " 11 12 13 21 "))
CASE(maternity_transfer, set_codes(where, HST_WHERE_ADMISSION_METHOD, "maternity transfer"),
     is_in(row->admimeth, " 31 32 81 "))
CASE(non_elective, set_codes(where, HST_WHERE_ADMISSION_METHOD, "non_elective"),
     row->admimeth[0] && !is_in(row->admimeth, " 11 12 13 98 99 "))
CASE(non_elective_or_11, set_codes(where, HST_WHERE_ADMISSION_METHOD, "non_elective 11"),
     row->admimeth[0] && !is_in(row->admimeth, " 12 13 98 99 "))
CASE(all_methods, set_codes(where, HST_WHERE_ADMISSION_METHOD, "all"), true)
CASE(no_transfers, where->transfers_excluded = true,
     !is_in(row->admimeth, " 2B 81 ") && !is_in(row->admisorc, " 51 52 53 "))
CASE(no_transfers_emergency,
     (where->transfers_excluded = true, set_codes(where, HST_WHERE_ADMISSION_METHOD, "emergency")),
     is_in(row->admimeth, emergency) && !is_in(row->admimeth, " 2B 81 ") &&
         !is_in(row->admisorc, " 51 52 53 "))
CASE(source, set_codes(where, HST_WHERE_ADMISSION_SOURCE, "19 87"), is_in(row->admisorc, " 19 87 "))
CASE(destination, set_codes(where, HST_WHERE_DISCHARGE_DESTINATION, "51 79"),
     is_in(row->disdest, " 51 79 "))
CASE(method_out, set_codes(where, HST_WHERE_DISCHARGE_METHOD, "1 4"), char_in(row->dismeth, "14"))
CASE(sex, set_codes(where, HST_WHERE_SEX, "2"), row->sex == '2')
CASE(class, set_codes(where, HST_WHERE_PATIENT_CLASS, "2 3"), true)
CASE(type, set_codes(where, HST_WHERE_EPISODE_TYPE, "1"), row->epitype == '1')
CASE(ethnicity, set_codes(where, HST_WHERE_ETHNICITY, "A C"), char_in(row->ethnos, "AC"))
CASE(quintile, set_codes(where, HST_WHERE_DEPRIVATION_QUINTILE, "1 3"),
     row->decile == 1 || row->decile == 2 || row->decile == 5 || row->decile == 6)
CASE(age, (where->has_age = true, where->age_from = 17, where->age_to = 64),
     row->age >= 17 && row->age <= 64)
CASE(old_age, (where->has_age = true, where->age_from = 85, where->age_to = 999),
     row->age >= 85 && row->age <= 120)
CASE(stay, (where->has_length_of_stay = true, where->los_from = 0, where->los_to = 3),
     stay(row) >= 0 && stay(row) <= 3)
CASE(specialty, set_codes(where, HST_WHERE_SPECIALTY, "307 501"),
     is_in(row->admidate < day(2004, 4, 1) ? row->mainspef : row->tretspef, " 307 501 "))
CASE(main_specialty, set_codes(where, HST_WHERE_MAIN_SPECIALTY, "300"),
     is_in(row->mainspef, " 300 "))
CASE(provider, set_codes(where, HST_WHERE_PROVIDER, "RD1 NT312"),
     is_in(row->provider, " RD1 NT312 "))
CASE(practice, set_codes(where, HST_WHERE_GP_PRACTICE, "B82002"),
     is_in(row->gp_practice, " B82002 "))
CASE(condition, set_codes(where, HST_WHERE_CONDITION, "diabetes_any"),
     finds(row->diagnoses, 0, 4, " E10 E11 E12 E13 E14 "))
CASE(condition_primary,
     (set_codes(where, HST_WHERE_CONDITION, "diabetes_any"),
      where->positions = HST_POSITIONS_PRIMARY),
     finds(row->diagnoses, 0, 0, " E10 E11 E12 E13 E14 "))
CASE(condition_secondary,
     (set_codes(where, HST_WHERE_CONDITION, "dementia"),
      where->positions = HST_POSITIONS_SECONDARY),
     finds(row->diagnoses, 1, 4, " F00 F01 F02 F03 G30 "))
CASE(condition_first3, set_codes(where, HST_WHERE_CONDITION, "dementia"),
     finds(row->diagnoses, 0, 2, " F00 F01 F02 F03 G30 "))
CASE(two_conditions, set_codes(where, HST_WHERE_CONDITION, "dementia acsc_copd_j20"),
     finds(row->diagnoses, 0, 2, " F00 F01 F02 F03 G30 ") ||
         (finds(row->diagnoses, 0, 0, " J20 ") &&
          finds(row->diagnoses, 1, 4, " J41 J42 J43 J44 J47 ")))
CASE(with_exclude, set_codes(where, HST_WHERE_CONDITION, "own_angina"),
     finds(row->diagnoses, 0, 4, " I20 ") && !finds(row->procedures, 0, 0, " K A "))
CASE(with_exclude_elsewhere,
     (set_codes(where, HST_WHERE_CONDITION, "own_angina"),
      where->positions = HST_POSITIONS_SECONDARY),
     finds(row->diagnoses, 1, 4, " I20 ") && !finds(row->procedures, 0, 0, " K A "))
CASE(procedure, set_codes(where, HST_WHERE_PROCEDURE, "K40 own_hip"),
     finds(row->procedures, 0, 1, " K40 ") || finds(row->procedures, 0, 0, " W37 "))
CASE(condition_and_procedure,
     (set_codes(where, HST_WHERE_PROCEDURE, "K4"),
      set_codes(where, HST_WHERE_CONDITION, "diabetes_any")),
     finds(row->procedures, 0, 1, " K4 ") && finds(row->diagnoses, 0, 4, " E10 E11 E12 E13 E14 "))

static void ask_any(hst_measure *measure)
{
    static hst_where any[3], inner[2];

    memset(any, 0, sizeof any);
    memset(inner, 0, sizeof inner);
    set_codes(&any[0], HST_WHERE_SEX, "1");
    set_codes(&any[0], HST_WHERE_PATIENT_CLASS, "2");
    set_codes(&any[1], HST_WHERE_CONDITION, "dementia");
    any[2].n_any = 2;
    any[2].any = inner;
    set_codes(&any[2], HST_WHERE_PROVIDER, "RXF");
    set_codes(&inner[0], HST_WHERE_EPISODE_TYPE, "2");
    set_codes(&inner[1], HST_WHERE_ETHNICITY, "A");
    set_codes(&measure->where, HST_WHERE_ADMISSION_METHOD, "emergency elective");
    measure->where.n_any = 3;
    measure->where.any = any;
}

static bool matches_any(const plain_row *row)
{
    return (is_in(row->admimeth, emergency) || is_in(row->admimeth, " 11 12 13 ")) &&
           ((row->sex == '1' && row->classpat == '2') ||
            finds(row->diagnoses, 0, 2, " F00 F01 F02 F03 G30 ") ||
            (is_in(row->provider, " RXF ") && (row->epitype == '2' || row->ethnos == 'A')));
}

static void ask_exclusion(hst_measure *measure)
{
    static char *somerset[] = {(char *)"5QL"};
    static hst_excluded_provider excluded[] = {
        {(char *)"RD1", {1, somerset}, (char *)"records rise"}, {(char *)"RBA", {0, NULL}, NULL}};

    measure->excluded_providers = excluded;
    measure->n_excluded_providers = 2;
}

static bool matches_exclusion(const plain_row *row)
{
    return !(is_in(row->provider, " RD1 ") && area_of(row) == 2) && !is_in(row->provider, " RBA ");
}

/* clang-format off */
#define ROW(NAME, CLASSES) {#NAME, ask_##NAME, matches_##NAME, CLASSES}
/* clang-format on */

static const where_case cases[] = {
    ROW(everything, NULL),
    ROW(emergency, NULL),
    ROW(elective_or_21, NULL),
    ROW(maternity_transfer, NULL),
    ROW(non_elective, NULL),
    ROW(non_elective_or_11, NULL),
    ROW(all_methods, NULL),
    ROW(no_transfers, NULL),
    ROW(no_transfers_emergency, NULL),
    ROW(source, NULL),
    ROW(destination, NULL),
    ROW(method_out, NULL),
    ROW(sex, NULL),
    ROW(class, "23"),
    ROW(type, NULL),
    ROW(ethnicity, NULL),
    ROW(quintile, NULL),
    ROW(age, NULL),
    ROW(old_age, NULL),
    ROW(stay, NULL),
    ROW(specialty, NULL),
    ROW(main_specialty, NULL),
    ROW(provider, NULL),
    ROW(practice, NULL),
    ROW(condition, NULL),
    ROW(condition_primary, NULL),
    ROW(condition_secondary, NULL),
    ROW(condition_first3, NULL),
    ROW(two_conditions, NULL),
    ROW(with_exclude, NULL),
    ROW(with_exclude_elsewhere, NULL),
    ROW(procedure, NULL),
    ROW(condition_and_procedure, NULL),
    ROW(any, NULL),
    ROW(exclusion, NULL),
};

enum { N_CASES = sizeof cases / sizeof cases[0] };

/* ---- running ---- */

/* All cases as admissions, then as episodes by discharge: more filters than one mask holds. */
static hst_study make_study(hst_measure measures[2 * N_CASES])
{
    static char *fields[] = {(char *)"RESPCT06", (char *)"RESPCT_HIS", (char *)"RESPCT02"};
    hst_study study = {.path = (char *)"study.yaml",
                       .duplicates = (char *)"nhsd",
                       .n_measures = 2 * N_CASES,
                       .measures = measures,
                       .quality = {.max_unknown_area = 0.5}};

    memset(measures, 0, 2 * N_CASES * sizeof *measures);
    for (size_t i = 0; i < 2 * N_CASES; i++) {
        measures[i] =
            (hst_measure){.id = (char *)cases[i % N_CASES].name,
                          .dataset = HST_DATASET_APC,
                          .unit = i < N_CASES ? HST_UNIT_ADMISSION : HST_UNIT_EPISODE,
                          .date = i < N_CASES ? HST_DATE_OF_ADMISSION : HST_DATE_OF_DISCHARGE,
                          .statistic = HST_STAT_COUNT,
                          .by = i % 3 == 0   ? HST_BY_QUARTER | HST_BY_YEAR
                                : i % 3 == 1 ? HST_BY_MONTH | HST_BY_QUARTER | HST_BY_YEAR
                                             : HST_BY_QUARTER,
                          /* cuts a month, a quarter and a year at each end */
                          .period = {day(2002, 5, 17), day(2007, 2, 10)},
                          .line = 10 + i};
        cases[i % N_CASES].ask(&measures[i]);
    }
    study.areas.field = (hst_texts){3, fields};
    study.areas.names = names_path;
    study.areas.lookup = lookup_path;
    return study;
}

static bool is_expected(const plain_row *row, const hst_measure *measure, const where_case *c)
{
    const char *classes = c->classes ? c->classes : "125";
    bool by_discharge = measure->date == HST_DATE_OF_DISCHARGE;

    if (!is_considered(row, measure) || !char_in(row->classpat, classes) ||
        (by_discharge && row->disdate == HST_DATE_MISSING)) {
        return false;
    }
    if (by_discharge && c->matches == matches_specialty) {
        return is_in(row->disdate < day(2004, 4, 1) ? row->mainspef : row->tretspef, " 307 501 ");
    }
    return c->matches(row);
}

/* Compares every cell of one measure and period type with the plain count. */
static void check_measure(const hst_cube *cube, const hst_measures *measures, size_t m,
                          const hst_measure *measure, const where_case *c, hst_by type)
{
    enum { MAX_PERIODS = 60, N_BANDS = 19 };
    static uint64_t expected[MAX_PERIODS][N_AREAS + 3][HST_N_SEXES][N_BANDS];
    const hst_period *periods = NULL;
    size_t n = hst_measures_periods(measures, m, type, &periods);
    uint64_t total = 0;

    assert_in_range(n, 1, MAX_PERIODS);
    memset(expected, 0, sizeof expected);
    for (size_t i = 0; i < N_ROWS; i++) {
        const plain_row *row = &rows[i];
        hst_date date = measure->date == HST_DATE_OF_DISCHARGE ? row->disdate : row->admidate;

        if (is_dropped[i] || !is_expected(row, measure, c)) {
            continue;
        }
        for (size_t p = 0; p < n; p++) {
            if (periods[p].start <= date && date <= periods[p].end) {
                expected[p][area_of(row)][row->sex == '1'   ? 0
                                          : row->sex == '2' ? 1
                                                            : 2][row->age > 120      ? 18
                                                                 : row->age / 5 < 17 ? row->age / 5
                                                                                     : 17]++;
            }
        }
    }
    for (size_t p = 0; p < n; p++) {
        for (size_t area = 0; area < N_AREAS + 3; area++) {
            for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
                for (size_t band = 0; band < N_BANDS; band++) {
                    uint64_t events = hst_cube_events(cube, m, 0, area, type, p, sex, band);

                    if (events != expected[p][area][sex][band]) {
                        fail_msg("%s (%zu): %s, area %zu: %zu, not %zu", c->name, m,
                                 periods[p].label, area, (size_t)events,
                                 (size_t)expected[p][area][sex][band]);
                    }
                    total += events;
                }
            }
        }
    }
    assert_true(total > 0); /* a case that never matches shows nothing */
}

static void count(hst_cube **cube, hst_measures **measures, hst_areas **areas,
                  const hst_study *study, const plain_store *s, int n_threads, hst_ledger *ledger)
{
    const hst_age_bands bands = make_bands();
    const hst_segment *const *segments = (const hst_segment *const *)s->segments;
    hst_error err = {0};

    assert_int_equal(hst_measures_compile(measures, study, conditions, &bands, &err), HST_OK);
    assert_int_equal(hst_areas_build(areas, study, NULL, segments, N_FILES, &err), HST_OK);
    if (hst_count(cube, NULL, *measures, study, *areas, segments, N_FILES,
                  &(hst_count_options){.n_threads = n_threads}, ledger, &err)) {
        fail_msg("%s", err.message);
    }
}

static void every_where_key_counts_as_a_plain_loop_does(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;

    (void)state;
    count(&cube, &measures, &areas, &study, &store, 2, NULL);
    for (size_t m = 0; m < study.n_measures; m++) {
        for (unsigned type = HST_BY_MONTH; type <= HST_BY_YEAR; type *= 2) {
            if (list[m].by & type) {
                check_measure(cube, measures, m, &list[m], &cases[m % N_CASES], (hst_by)type);
            }
        }
    }
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

static uint64_t hash_cube(const hst_cube *cube, const hst_measures *measures,
                          const hst_study *study)
{
    uint64_t hash = 17;

    for (size_t m = 0; m < study->n_measures; m++) {
        const hst_period *periods = NULL;
        hst_by finest = hst_measures_finest(measures, m);
        size_t n = hst_measures_periods(measures, m, finest, &periods);

        for (size_t split = 0; split < hst_cube_n_splits(cube, m); split++) {
            for (const char *c = hst_cube_split(cube, m, split); *c; c++) {
                hash = hash * 31 + (unsigned char)*c;
            }
            for (size_t cell = 0; cell < n * (N_AREAS + 3) * HST_N_SEXES * 19; cell++) {
                hash = hash * UINT64_C(6364136223846793005) +
                       hst_cube_events(cube, m, split, cell / (19 * HST_N_SEXES * n), finest,
                                       cell / (19 * HST_N_SEXES) % n,
                                       (unsigned)(cell / 19 % HST_N_SEXES), cell % 19);
            }
        }
    }
    return hash;
}

/* Shape of a store and number of threads, none of which may show. */
static struct shape_case {
    const char *name;
    size_t n_partitions;
    int n_threads;
    uint64_t salt;
    bool backwards, files_backwards;
} shape_cases[] = {
    {"one partition", 1, 1, 0, false, false},
    {"two threads", 16, 2, 0, false, false},
    {"seven threads", 256, 7, 0, false, false},
    {"other persons' hashes", 16, 2, 99991, false, false},
    {"rows backwards", 16, 2, 0, true, false},
    {"files backwards", 16, 7, 0, false, true},
    {"all of it", 256, 7, 77, true, true},
};

static uint64_t count_shape(const struct shape_case *c)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    plain_store shaped = {0};
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_segment *first = NULL;
    uint64_t hash = 0;

    study.n_measures = N_CASES;
    for (size_t m = 0; m < study.n_measures; m++) {
        list[m].split = (hst_split)(m % (HST_SPLIT_ETHNICITY + 1));
        if (list[m].split == HST_SPLIT_CONDITION &&
            list[m].where.codes[HST_WHERE_CONDITION].n == 0) {
            list[m].split = HST_SPLIT_NONE;
        }
    }
    write_store(&shaped, rows, N_ROWS, c->n_partitions, c->salt, c->backwards, false);
    if (c->files_backwards) {
        first = shaped.segments[0];
        shaped.segments[0] = shaped.segments[2];
        shaped.segments[2] = first;
    }
    count(&cube, &measures, &areas, &study, &shaped, c->n_threads, NULL);
    hash = hash_cube(cube, measures, &study);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
    remove_store(&shaped);
    return hash;
}

static void shape_of_store_and_threads_do_not_show(void **state)
{
    static const struct shape_case plain = {"plain", 16, 1, 0, false, false};
    static uint64_t expected;

    expected = expected ? expected : count_shape(&plain);
    assert_true(count_shape(*state) == expected);
}

/* ---- splits ---- */

static void splits_add_up_to_the_total(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    const hst_period *periods = NULL;
    uint64_t found[2] = {0}, expected[2] = {0};

    (void)state;
    study.n_measures = 6;
    for (size_t m = 0; m < 6; m++) {
        static const hst_split splits[] = {HST_SPLIT_PROVIDER,    HST_SPLIT_SEX,
                                           HST_SPLIT_AGE_BAND,    HST_SPLIT_SPECIALTY,
                                           HST_SPLIT_DEPRIVATION, HST_SPLIT_ETHNICITY};

        list[m].split = splits[m];
    }
    count(&cube, &measures, &areas, &study, &store, 2, NULL);
    for (size_t m = 0; m < study.n_measures; m++) {
        size_t n = hst_measures_periods(measures, m, hst_measures_finest(measures, m), &periods);

        assert_true(hst_cube_n_splits(cube, m) > 2);
        assert_string_equal(hst_cube_split(cube, m, 0), "");
        for (size_t s = 2; s < hst_cube_n_splits(cube, m); s++) {
            assert_true(strcmp(hst_cube_split(cube, m, s - 1), hst_cube_split(cube, m, s)) < 0);
        }
        for (size_t cell = 0; cell < n * (N_AREAS + 3) * HST_N_SEXES * 19; cell++) {
            uint64_t sum = 0, total = 0;

            for (size_t s = 0; s < hst_cube_n_splits(cube, m); s++) {
                uint64_t events = hst_cube_events(
                    cube, m, s, cell / (19 * HST_N_SEXES * n), hst_measures_finest(measures, m),
                    cell / (19 * HST_N_SEXES) % n, (unsigned)(cell / 19 % HST_N_SEXES), cell % 19);

                sum += s ? events : 0;
                total += s ? 0 : events;
                found[0] += m == 0 && strcmp(hst_cube_split(cube, m, s), "RD1") == 0 ? events : 0;
                found[1] += m == 4 && strcmp(hst_cube_split(cube, m, s), "2") == 0 ? events : 0;
            }
            assert_true(sum == total);
        }
        for (size_t i = 0; i < N_ROWS; i++) {
            bool is_counted = !is_dropped[i] && is_expected(&rows[i], &list[m], &cases[m]) &&
                              rows[i].admidate >= periods[0].start &&
                              rows[i].admidate <= periods[n - 1].end;

            expected[0] += m == 0 && is_counted && is_in(rows[i].provider, " RD1 ");
            expected[1] += m == 4 && is_counted && (rows[i].decile == 3 || rows[i].decile == 4);
        }
    }
    assert_true(found[0] == expected[0] && found[0] > 0);
    assert_true(found[1] == expected[1] && found[1] > 0);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

/* Sets overlap: a row of both is in both values and once in the total. */
static void conditions_split_counts_a_row_in_each_set(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    const hst_period *periods = NULL;
    uint64_t found[3] = {0}, expected[3] = {0};
    size_t n = 0;

    (void)state;
    study.n_measures = 1;
    set_codes(&list[0].where, HST_WHERE_CONDITION, "stroke diabetes_any dementia");
    list[0].split = HST_SPLIT_CONDITION;
    count(&cube, &measures, &areas, &study, &store, 2, NULL);
    n = hst_measures_periods(measures, 0, HST_BY_QUARTER, &periods);
    assert_int_equal(hst_cube_n_splits(cube, 0), 3); /* no row has a stroke */
    assert_string_equal(hst_cube_split(cube, 0, 1), "dementia");
    assert_string_equal(hst_cube_split(cube, 0, 2), "diabetes_any");
    for (size_t i = 0; i < N_ROWS; i++) {
        const plain_row *row = &rows[i];
        bool dementia = finds(row->diagnoses, 0, 2, " F00 F01 F02 F03 G30 ");
        bool diabetes = finds(row->diagnoses, 0, 4, " E10 E11 E12 E13 E14 ");

        if (!is_dropped[i] && is_considered(row, &list[0]) && char_in(row->classpat, "125") &&
            row->admidate >= periods[0].start && row->admidate <= periods[n - 1].end) {
            expected[0] += dementia || diabetes;
            expected[1] += dementia;
            expected[2] += diabetes;
        }
    }
    for (size_t split = 0; split < 3; split++) {
        for (size_t cell = 0; cell < n * (N_AREAS + 3) * HST_N_SEXES * 19; cell++) {
            found[split] += hst_cube_events(cube, 0, split, cell / (19 * HST_N_SEXES * n),
                                            HST_BY_QUARTER, cell / (19 * HST_N_SEXES) % n,
                                            (unsigned)(cell / 19 % HST_N_SEXES), cell % 19);
        }
        assert_true(found[split] == expected[split]);
    }
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

/* Depth to which diagnoses are read is that of the deepest set in the study. */
static void a_set_alone_in_its_study_counts_the_same(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);

    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        static hst_measure alone[2 * N_CASES];
        hst_cube *cube = NULL;
        hst_measures *measures = NULL;
        hst_areas *areas = NULL;

        if (list[i].where.codes[HST_WHERE_CONDITION].n == 0) {
            continue;
        }
        memcpy(alone, list, sizeof alone);
        alone[0] = list[i];
        alone[0].by = HST_BY_QUARTER;
        study.measures = alone;
        study.n_measures = 1;
        count(&cube, &measures, &areas, &study, &store, 2, NULL);
        check_measure(cube, measures, 0, &alone[0], &cases[i], HST_BY_QUARTER);
        hst_cube_free(cube);
        hst_measures_free(measures);
        hst_areas_free(areas);
    }
}

/* ---- ledger ---- */

/* Where a row ends, in the order of the rules. `cut` receives the label of a period that the window
 * cuts. */
static const char *reason_of(const plain_row *row, const hst_measure *measure, const where_case *c,
                             hst_by finest, const char **cut)
{
    bool by_discharge = measure->date == HST_DATE_OF_DISCHARGE;
    hst_date date = by_discharge ? row->disdate : row->admidate;
    static const char *const of_area[] = {"counted",      "counted",
                                          "counted",      "OTHER: area not in the list",
                                          "unknown area", "not resident in England"};

    *cut = "";
    if (row->epistat != '3') {
        return "not finished";
    }
    if (measure->unit == HST_UNIT_ADMISSION && row->epiorder != 1) {
        return "not the first episode of its stay";
    }
    if (!row->provider[0]) {
        return "no provider";
    }
    if (row->epistart == HST_DATE_MISSING) {
        return "no EPISTART";
    }
    if (row->epiend == HST_DATE_MISSING) {
        return "no EPIEND";
    }
    if (row->admidate == HST_DATE_MISSING) {
        return "no ADMIDATE";
    }
    if (date == HST_DATE_MISSING) {
        return "no DISDATE";
    }
    if (date < day(2002, 5, 17) || date > day(2007, 2, 10)) {
        return "outside the measure's window";
    }
    if (date <= (finest == HST_BY_MONTH ? day(2002, 5, 31) : day(2002, 6, 30))) {
        *cut = finest == HST_BY_MONTH ? "2002-05" : "2002/03 Q1";
    } else if (date >= (finest == HST_BY_MONTH ? day(2007, 2, 1) : day(2007, 1, 1))) {
        *cut = finest == HST_BY_MONTH ? "2007-02" : "2006/07 Q4";
    }
    if (**cut) {
        return "in a period that the window cuts";
    }
    if (!char_in(row->classpat, c->classes ? c->classes : "125")) {
        return "other patient class";
    }
    if (!is_expected(row, measure, c)) {
        return c->matches == matches_exclusion ? "excluded provider"
                                               : "other than the filter asks for";
    }
    return of_area[area_of(row)];
}

static uint64_t line_of(const hst_ledger_line *lines, size_t n, const char *measure,
                        const char *reason, const char *period)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(lines[i].measure, measure) == 0 && strcmp(lines[i].reason, reason) == 0 &&
            strcmp(lines[i].period, period) == 0) {
            sum += lines[i].n;
        }
    }
    return sum;
}

/* Rows of a measure by reason, worked out row by row, against its lines; and their sum. */
static void check_lines(const hst_ledger_line *lines, size_t n_lines, const hst_measure *measure,
                        const where_case *c, hst_by finest, uint64_t n_rows)
{
    static struct {
        const char *reason, *cut;
        uint64_t n;
    } expected[24];
    size_t n = 0;
    uint64_t sum = 0;

    for (size_t i = 0; i < N_ROWS; i++) {
        const char *cut = NULL, *reason = NULL;
        size_t at = 0;

        if (is_dropped[i]) {
            continue;
        }
        reason = reason_of(&rows[i], measure, c, finest, &cut);
        while (at < n &&
               (strcmp(expected[at].reason, reason) != 0 || strcmp(expected[at].cut, cut) != 0)) {
            at++;
        }
        if (at == n) {
            expected[n].reason = reason;
            expected[n].cut = cut;
            expected[n++].n = 0;
        }
        expected[at].n++;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t found = line_of(lines, n_lines, measure->id, expected[i].reason, expected[i].cut);

        if (found != expected[i].n) {
            fail_msg("%s: %s %s: %zu, not %zu", c->name, expected[i].reason, expected[i].cut,
                     (size_t)found, (size_t)expected[i].n);
        }
        sum += found;
    }
    assert_true(sum == n_rows);
    assert_true(line_of(lines, n_lines, measure->id, "considered", "") == n_rows);
}

static void every_row_considered_is_counted_or_has_a_reason(void **state)
{
    static hst_measure list[2 * N_CASES];
    static char ids[2 * N_CASES][24];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    uint64_t n_dropped = 0, reported = 0;
    size_t n = 0;

    (void)state;
    for (size_t m = 0; m < study.n_measures; m++) {
        snprintf(ids[m], sizeof ids[m], "m%zu", m);
        list[m].id = ids[m];
    }
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    count(&cube, &measures, &areas, &study, &store, 2, ledger);
    lines = hst_ledger_lines(ledger, &n);
    for (size_t i = 0; i < N_ROWS; i++) {
        n_dropped += is_dropped[i];
    }
    for (size_t m = 0; m < study.n_measures; m++) {
        check_lines(lines, n, &list[m], &cases[m % N_CASES], hst_measures_finest(measures, m),
                    N_ROWS - n_dropped);
    }
    for (size_t i = 0; i < n; i++) {
        reported += strcmp(lines[i].reason, "duplicate EPIKEY") == 0 ? lines[i].n : 0;
    }
    assert_true(reported == n_dropped && n_dropped > 100);
    hst_ledger_free(ledger);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

static void an_excluded_provider_that_is_nowhere_is_told(void **state)
{
    static hst_excluded_provider excluded[] = {{(char *)"RD1", {0}, NULL},
                                               {(char *)"RZZ", {0}, NULL}};
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    size_t n = 0, n_told = 0;

    (void)state;
    list[0].excluded_providers = excluded;
    list[0].n_excluded_providers = 2;
    study.n_measures = 1;
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    count(&cube, &measures, &areas, &study, &store, 2, ledger);
    lines = hst_ledger_lines(ledger, &n);
    for (size_t i = 0; i < n; i++) {
        assert_null(strstr(lines[i].reason, "RD1"));
        n_told += strcmp(lines[i].reason, "excluded provider RZZ is in no extract") == 0;
    }
    assert_int_equal(n_told, 1);
    hst_ledger_free(ledger);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

/* ---- explain ---- */

static void the_cascade_ends_at_the_number(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    static hst_comparator england = {(char *)"England", NULL, NULL};

    (void)state;
    study.areas.comparators = &england;
    study.areas.n_comparators = 1;
    count(&cube, &measures, &areas, &study, &store, 2, NULL);
    for (size_t m = 0; m < study.n_measures; m++) {
        const hst_period *periods = NULL;
        size_t n = hst_measures_periods(measures, m, HST_BY_QUARTER, &periods), period = m % n;

        for (size_t area = 0; area < N_AREAS + 1; area++) {
            hst_cascade cascade;
            uint64_t expected = 0;
            hst_error err = {0};

            for (size_t cell = 0; cell < HST_N_SEXES * 19; cell++) {
                for (size_t a = 0; a < N_AREAS; a++) {
                    if (area == a || area == N_AREAS) {
                        expected += hst_cube_events(cube, m, 0, a, HST_BY_QUARTER, period,
                                                    (unsigned)(cell / 19), cell % 19);
                    }
                }
            }
            assert_int_equal(hst_count_explain(&cascade, true, measures, m, &study, areas,
                                               area < N_AREAS ? area : SIZE_MAX, 0,
                                               &periods[period],
                                               (const hst_segment *const *)store.segments, N_FILES,
                                               &(hst_count_options){.n_threads = 2}, &err),
                             HST_OK);
            for (size_t i = 1; i < cascade.n_steps; i++) {
                assert_true(cascade.steps[i].n <= cascade.steps[i - 1].n);
                assert_true(cascade.steps[i].what[0]);
            }
            assert_true(cascade.steps[cascade.n_steps - 1].n == expected);
            assert_true(cascade.n_keys == expected);
            for (size_t i = 1; i < cascade.n_keys; i++) {
                assert_true(cascade.keys[i - 1] < cascade.keys[i]);
            }
            hst_cascade_clear(&cascade);
        }
    }
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

/* ---- refusals ---- */

static hst_status count_refused(const hst_study *study, const plain_store *s, hst_error *err)
{
    const hst_age_bands bands = make_bands();
    const hst_segment *const *segments = (const hst_segment *const *)s->segments;
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_status status = HST_OK;

    assert_int_equal(hst_measures_compile(&measures, study, conditions, &bands, err), HST_OK);
    assert_int_equal(hst_areas_build(&areas, study, NULL, segments, N_FILES, err), HST_OK);
    status = hst_count(&cube, NULL, measures, study, areas, segments, N_FILES,
                       &(hst_count_options){.n_threads = 2}, NULL, err);
    assert_null(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
    return status;
}

static void too_many_unknown_areas_stop_the_run(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_error err = {0};

    (void)state;
    study.quality.max_unknown_area = 0.1;
    assert_int_equal(count_refused(&study, &store, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "apc_0203.csv.gz"));
    assert_non_null(strstr(err.message, "RESPCT02"));
    assert_non_null(strstr(err.message, "%"));
}

static void a_file_without_the_area_column_is_named(void **state)
{
    static char *fields[] = {(char *)"RESPCT06", (char *)"RESPCT_HIS"};
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_error err = {0};

    (void)state;
    study.areas.field = (hst_texts){2, fields};
    assert_int_equal(count_refused(&study, &store, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "apc_0203.csv.gz: no area column: looked for RESPCT06, "));
}

static void an_excluded_providers_area_must_be_known(void **state)
{
    static char *nowhere[] = {(char *)"5ZZ"};
    static hst_excluded_provider excluded = {(char *)"RD1", {1, nowhere}, NULL};
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_error err = {0};

    (void)state;
    list[0].excluded_providers = &excluded;
    list[0].n_excluded_providers = 1;
    assert_int_equal(count_refused(&study, &store, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "5ZZ"));
}

static void an_unknown_duplicate_rule_is_refused(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_error err = {0};

    (void)state;
    study.duplicates = (char *)"hes";
    assert_int_equal(count_refused(&study, &store, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "hes"));
}

static void three_character_diagnoses_cannot_match_four(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    plain_store shallow = {0};
    hst_error err = {0};

    (void)state;
    write_store(&shallow, rows, 100, 16, 0, false, true);
    study.n_measures = 1;
    set_codes(&list[0].where, HST_WHERE_CONDITION, "diabetes_complications");
    assert_int_equal(count_refused(&study, &shallow, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "diabetes_complications"));
    assert_non_null(strstr(err.message, "line 10"));
    assert_non_null(strstr(err.message, "apc_0203.csv.gz"));
    remove_store(&shallow);
}

static void no_duplicate_rule_keeps_all(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    size_t n = 0;

    (void)state;
    study.n_measures = 1;
    study.duplicates = (char *)"none";
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    count(&cube, &measures, &areas, &study, &store, 2, ledger);
    lines = hst_ledger_lines(ledger, &n);
    for (size_t i = 0; i < n; i++) {
        assert_string_not_equal(lines[i].reason, "duplicate EPIKEY");
        if (strcmp(lines[i].reason, "considered") == 0) {
            assert_int_equal(lines[i].n, N_ROWS);
        }
    }
    hst_ledger_free(ledger);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

/* Beside the measures, by the rules of the published tables: not by the study's rule for repeats,
 * nor by what it measures. */
static void england_is_counted_in_the_same_pass(void **state)
{
    static char *const rules[] = {(char *)"nhsd", (char *)"none"};
    static hst_measure list[2 * N_CASES];
    const hst_age_bands bands = make_bands();
    const hst_segment *const *segments = (const hst_segment *const *)store.segments;
    hst_study study = make_study(list);
    uint64_t fce = 0, fae = 0, n_dropped = 0;

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        bool is_fce = !is_dropped[i] && rows[i].epistat == '3' && char_in(rows[i].classpat, "125");

        n_dropped += is_dropped[i];
        fce += is_fce;
        fae += is_fce && rows[i].epiorder == 1;
    }
    study.n_measures = 1;
    for (size_t r = 0; r < 2; r++) {
        for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
            uint64_t n_fce = 0, n_fae = 0;
            hst_measures *measures = NULL;
            hst_areas *areas = NULL;
            hst_cube *cube = NULL;
            hst_england *england = NULL;
            hst_error err = {0};

            study.duplicates = rules[r];
            assert_int_equal(hst_measures_compile(&measures, &study, conditions, &bands, &err), 0);
            assert_int_equal(hst_areas_build(&areas, &study, NULL, segments, N_FILES, &err), 0);
            assert_int_equal(hst_count(&cube, &england, measures, &study, areas, segments, N_FILES,
                                       &(hst_count_options){.n_threads = n_threads}, NULL, &err),
                             HST_OK);
            for (size_t i = 0; i < england->n_years; i++) {
                n_fce += england->years[i].fce;
                n_fae += england->years[i].fae;
            }
            assert_int_equal(n_fce + england->n_undated, fce);
            assert_in_range(n_fae, fae - england->n_undated, fae);
            assert_int_equal(england->n_repeated, n_dropped);
            assert_true(n_fae > 0 && n_dropped > 0);
            hst_england_free(england);
            hst_cube_free(cube);
            hst_areas_free(areas);
            hst_measures_free(measures);
        }
    }
}

/* ---- rows ---- */

/* True when `a` is kept rather than `b`: the rule in words, for what random_rows varies. */
static bool is_better(const plain_row *a, const plain_row *b)
{
    if ((a->epistat == '3') != (b->epistat == '3')) {
        return a->epistat == '3';
    }
    if (a->file != b->file) {
        return plain_files[a->file].partyear > plain_files[b->file].partyear;
    }
    if (a->subdate != b->subdate) {
        return a->subdate > b->subdate;
    }
    return a->age < b->age; /* 999, unknown, is 255 in a record: last both ways */
}

static int compare_by_key(const void *a, const void *b)
{
    const plain_row *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_rows(void **state)
{
    (void)state;
    random_rows(rows, N_ROWS);
    qsort(rows, N_ROWS, sizeof rows[0], compare_by_key);
    for (size_t i = 1, best = 0; i < N_ROWS; i++) {
        if (rows[i].key != rows[best].key) {
            best = i;
        } else if (is_better(&rows[i], &rows[best])) {
            is_dropped[best] = true;
            best = i;
        } else {
            is_dropped[i] = true;
        }
    }
    snprintf(folder, sizeof folder, "/tmp/hestia-count-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(names_path, sizeof names_path, "%s/names.csv", folder);
    snprintf(lookup_path, sizeof lookup_path, "%s/lookup.csv", folder);
    snprintf(lists_path, sizeof lists_path, "%s/lists.csv", folder);
    write_text(names_path, "code,name\n5QL,Somerset\n5J6,Calderdale\n5NK,Wirral\n");
    write_text(lookup_path, "code_from,valid_from,valid_to,code_to,share\n"
                            "5FW,2001-04-01,2006-09-30,5QL,1\n"
                            "5H2,2001-04-01,2006-09-30,5NK,1\n"
                            "5J6,2001-04-01,2013-03-31,5J6,1\n");
    write_text(lists_path, "set,system,code_prefix,positions,note\n"
                           "own_angina,ICD10,I20,any,\n"
                           "own_angina#exclude,OPCS4,K,primary,\n"
                           "own_angina#exclude,OPCS4,A,primary,\n"
                           "own_hip,OPCS4,w37,primary,\n");
    write_store(&store, rows, N_ROWS, 16, 0, false, false);
    return hst_conditions_read(&conditions, lists_path, NULL) == HST_OK ? 0 : -1;
}

static int remove_rows(void **state)
{
    (void)state;
    hst_conditions_free(conditions);
    remove_store(&store);
    unlink(names_path);
    unlink(lookup_path);
    unlink(lists_path);
    return rmdir(folder);
}

int main(void)
{
    enum { N_SHAPES = sizeof shape_cases / sizeof shape_cases[0] };
    struct CMUnitTest tests[N_SHAPES + 16] = {
        cmocka_unit_test(every_where_key_counts_as_a_plain_loop_does),
        cmocka_unit_test(splits_add_up_to_the_total),
        cmocka_unit_test(conditions_split_counts_a_row_in_each_set),
        cmocka_unit_test(a_set_alone_in_its_study_counts_the_same),
        cmocka_unit_test(every_row_considered_is_counted_or_has_a_reason),
        cmocka_unit_test(the_cascade_ends_at_the_number),
        cmocka_unit_test(too_many_unknown_areas_stop_the_run),
        cmocka_unit_test(a_file_without_the_area_column_is_named),
        cmocka_unit_test(an_excluded_providers_area_must_be_known),
        cmocka_unit_test(an_excluded_provider_that_is_nowhere_is_told),
        cmocka_unit_test(an_unknown_duplicate_rule_is_refused),
        cmocka_unit_test(three_character_diagnoses_cannot_match_four),
        cmocka_unit_test(no_duplicate_rule_keeps_all),
        cmocka_unit_test(england_is_counted_in_the_same_pass),
    };
    size_t n = 14;

    for (size_t i = 0; i < N_SHAPES; i++) {
        tests[n++] = (struct CMUnitTest){.name = shape_cases[i].name,
                                         .test_func = shape_of_store_and_threads_do_not_show,
                                         .initial_state = &shape_cases[i]};
    }
    return _cmocka_run_group_tests("count", tests, n, make_rows, remove_rows);
}
