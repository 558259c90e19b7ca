/* One measure for each key of `where`, and the rows that it counts by a plain condition in C; the
 * study of them all, and its count. */
#ifndef HESTIA_TESTS_METRICS_WHERE_CASES_H
#define HESTIA_TESTS_METRICS_WHERE_CASES_H

#include "tests/metrics/counted_rows.h"

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

static const char emergency[] = " 21 22 23 24 25 28 2A 2B 2C 2D ";

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

/* ---- the study of them all ---- */

/* All cases as admissions, then as episodes by discharge: more filters than one mask holds. */
static inline hst_study make_study(hst_measure measures[2 * N_CASES])
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

static inline bool is_expected(const plain_row *row, const hst_measure *measure,
                               const where_case *c)
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

/* Bands 0-4, 5-9, .. 85+. */
static inline hst_age_bands make_bands(void)
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

static inline void count(hst_cube **cube, hst_measures **measures, hst_areas **areas,
                         const hst_study *study, const plain_store *s, int n_threads,
                         hst_ledger *ledger)
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

#endif
