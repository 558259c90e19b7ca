/* Rows of persons: as many as the cube counts, the same whatever the threads and the store, under
 * pseudonyms that are never the same. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "hestia/export.h"

#include "episodes.h"

#include <unistd.h>

enum { N_ROWS = 6000, ROW_BYTES = 512, NO_SPECIAL = 3 };

static plain_row rows[N_ROWS];
static plain_store stores[2];
static hst_conditions *conditions;
static char folder[64], names_path[96];
static const hst_age_bands bands = {.n = 1, .lower = {0}, .upper = {999}};

static char *emergencies[] = {(char *)"emergency"};

#define EMERGENCY                                                                                  \
    {                                                                                              \
        .codes[HST_WHERE_ADMISSION_METHOD] = { 1, emergencies }                                    \
    }

static const hst_measure measures_asked[] = {
    {.id = (char *)"admissions", .unit = HST_UNIT_ADMISSION, .where = EMERGENCY},
    {.id = (char *)"spells", .unit = HST_UNIT_SPELL, .where = EMERGENCY},
    {.id = (char *)"cips", .unit = HST_UNIT_CIPS, .date = HST_DATE_OF_DISCHARGE},
    {.id = (char *)"people", .unit = HST_UNIT_PERSON, .split = HST_SPLIT_SEX},
    {.id = (char *)"los",
     .unit = HST_UNIT_SPELL,
     .statistic = HST_STAT_MEAN_LOS,
     .date = HST_DATE_OF_DISCHARGE},
    {.id = (char *)"placed",
     .unit = HST_UNIT_SPELL,
     .statistic = HST_STAT_BED_DAYS,
     .bed_days_placed = true},
    {.id = (char *)"visits", .dataset = HST_DATASET_OP, .unit = HST_UNIT_ATTENDANCE},
    {.id = (char *)"numbers", .is_table = true, .file = (char *)"x.csv"},
};

enum { ADMISSIONS, SPELLS, CIPS, PEOPLE, LOS, PLACED, VISITS, NUMBERS, N_MEASURES };

/* A study and what is counted of it; `which` of the two stores. */
typedef struct fixture {
    hst_study study;
    hst_measure list[N_MEASURES];
    hst_measures *measures;
    hst_areas *areas;
    const hst_segment *const *segments;
} fixture;

static void open_fixture(fixture *f, size_t which)
{
    static char *fields[] = {(char *)"RESPCT06", (char *)"RESPCT_HIS", (char *)"RESPCT02"};
    hst_error err = {0};

    *f = (fixture){.study = {.path = (char *)"study.yaml",
                             .n_measures = N_MEASURES,
                             .measures = f->list,
                             .quality = {.max_unknown_area = 1}},
                   .segments = (const hst_segment *const *)stores[which].segments};
    memcpy(f->list, measures_asked, sizeof measures_asked);
    for (size_t m = 0; m < N_MEASURES; m++) {
        f->list[m].dataset = f->list[m].dataset ? f->list[m].dataset : HST_DATASET_APC;
        f->list[m].by = HST_BY_YEAR;
        f->list[m].period =
            (hst_window){hst_date_from_civil(2003, 4, 1), hst_date_from_civil(2006, 3, 31)};
        f->list[m].line = 10 + m;
    }
    f->study.areas.field = (hst_texts){3, fields};
    f->study.areas.names = names_path;
    if (hst_measures_compile(&f->measures, &f->study, conditions, &bands, &err) ||
        hst_areas_build(&f->areas, &f->study, NULL, f->segments, N_FILES, &err)) {
        fail_msg("%s", err.message);
    }
}

static void close_fixture(fixture *f)
{
    hst_measures_free(f->measures);
    hst_areas_free(f->areas);
}

static hst_export *export_of(const fixture *f, hst_export_kind kind, size_t measure, int n_threads)
{
    hst_export *made = NULL;
    hst_error err = {0};

    if (hst_export_create(&made, kind, f->measures, measure, &f->study, f->areas, f->segments,
                          N_FILES, &(hst_count_options){.n_threads = n_threads}, &err)) {
        fail_msg("%s", err.message);
    }
    return made;
}

/* Events of all areas, those outside the list too. */
static uint64_t events_of(const fixture *f, size_t measure)
{
    hst_cube *cube = NULL;
    uint64_t sum = 0;

    assert_int_equal(hst_count(&cube, NULL, f->measures, &f->study, f->areas, f->segments, N_FILES,
                               &(hst_count_options){.n_threads = 2}, NULL, NULL),
                     HST_OK);
    for (size_t area = 0; area < hst_areas_n(f->areas) + NO_SPECIAL; area++) {
        for (size_t period = 0; period < 3; period++) {
            for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
                sum += hst_cube_events(cube, measure, 0, area, HST_BY_YEAR, period, sex, 0) +
                       hst_cube_events(cube, measure, 0, area, HST_BY_YEAR, period, sex, 1);
            }
        }
    }
    hst_cube_free(cube);
    return sum;
}

static size_t column_of(const hst_export *made, const char *name)
{
    size_t n = 0;
    const char *const *names = hst_export_columns(made, &n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    fail_msg("no column %s", name);
    return 0;
}

static uint64_t number_at(const hst_export *made, size_t row, const char *column)
{
    char text[HST_EXPORT_CELL_BYTES];

    hst_export_cell(made, row, column_of(made, column), text);
    return strtoull(text, NULL, 10);
}

static void there_are_as_many_rows_as_the_cube_counts(void **state)
{
    fixture f;
    hst_export *made = NULL;
    uint64_t n_events = 0;

    (void)state;
    open_fixture(&f, 0);
    made = export_of(&f, HST_EXPORT_SPELLS, SPELLS, 2);
    assert_int_equal(hst_export_n_rows(made), events_of(&f, SPELLS));
    assert_true(hst_export_n_rows(made) > 500);
    hst_export_free(made);

    made = export_of(&f, HST_EXPORT_SPELLS, LOS, 2);
    assert_int_equal(hst_export_n_rows(made), events_of(&f, LOS));
    hst_export_free(made);

    made = export_of(&f, HST_EXPORT_PEOPLE, ADMISSIONS, 2);
    for (size_t row = 0; row < hst_export_n_rows(made); row++) {
        n_events += number_at(made, row, "n_events");
    }
    assert_int_equal(n_events, events_of(&f, ADMISSIONS));
    assert_int_equal(hst_export_n_rows(made), hst_export_n_people(made));
    hst_export_free(made);

    made = export_of(&f, HST_EXPORT_SPELLS, CIPS, 2); /* of each at least one spell */
    assert_true(hst_export_n_rows(made) > events_of(&f, CIPS));
    hst_export_free(made);

    made = export_of(&f, HST_EXPORT_SPELLS, PLACED, 2); /* some lie in two years */
    assert_true(hst_export_n_rows(made) <= events_of(&f, PLACED));
    hst_export_free(made);
    close_fixture(&f);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All rows without their pseudonyms, in the order of their texts; [n][ROW_BYTES], the caller's. */
static char *texts_of(const hst_export *made, size_t from_column)
{
    size_t n_columns = 0, n = hst_export_n_rows(made);
    char *texts = calloc(n + 1, ROW_BYTES);

    hst_export_columns(made, &n_columns);
    assert_non_null(texts);
    for (size_t row = 0; row < n; row++) {
        char *at = texts + row * ROW_BYTES;

        for (size_t column = from_column; column < n_columns; column++) {
            char text[HST_EXPORT_CELL_BYTES];

            hst_export_cell(made, row, column, text);
            at += snprintf(at, (size_t)(texts + (row + 1) * ROW_BYTES - at), "%s|", text);
        }
    }
    qsort(texts, n, ROW_BYTES, compare_texts);
    return texts;
}

static void rows_do_not_depend_on_threads_and_stores(void **state)
{
    static const struct {
        hst_export_kind kind;
        size_t measure, from_column;
    } cases[] = {{HST_EXPORT_SPELLS, SPELLS, 2},
                 {HST_EXPORT_SPELLS, ADMISSIONS, 2},
                 {HST_EXPORT_SPELLS, CIPS, 2},
                 {HST_EXPORT_PEOPLE, PEOPLE, 1}};
    static const int threads[] = {1, 2, 7};

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        char *expected = NULL;
        size_t n = 0;

        for (size_t which = 0; which < 2; which++) {
            fixture f;

            open_fixture(&f, which);
            for (size_t t = 0; t < 3; t++) {
                hst_export *made = export_of(&f, cases[c].kind, cases[c].measure, threads[t]);
                char *texts = texts_of(made, cases[c].from_column);

                if (!expected) {
                    expected = texts;
                    n = hst_export_n_rows(made);
                    assert_true(n > 100);
                } else {
                    assert_int_equal(hst_export_n_rows(made), n);
                    assert_memory_equal(texts, expected, n * ROW_BYTES);
                    free(texts);
                }
                hst_export_free(made);
            }
            close_fixture(&f);
        }
        free(expected);
    }
}

static void pseudonyms_are_new_each_time_and_in_order(void **state)
{
    fixture f;
    hst_export *made[2] = {NULL, NULL};
    size_t n_same = 0;

    (void)state;
    open_fixture(&f, 0);
    for (size_t i = 0; i < 2; i++) {
        char before[HST_EXPORT_CELL_BYTES] = "";
        size_t n_people = 0;

        made[i] = export_of(&f, HST_EXPORT_SPELLS, SPELLS, 2);
        for (size_t row = 0; row < hst_export_n_rows(made[i]); row++) {
            char text[HST_EXPORT_CELL_BYTES];

            hst_export_cell(made[i], row, 0, text);
            assert_int_equal(strlen(text), 32);
            assert_true(strcmp(before, text) <= 0);
            n_people += strcmp(before, text) != 0;
            strcpy(before, text);
        }
        assert_int_equal(n_people, hst_export_n_people(made[i]));
    }
    for (size_t row = 0; row < hst_export_n_rows(made[0]); row++) {
        char a[HST_EXPORT_CELL_BYTES], b[HST_EXPORT_CELL_BYTES];

        for (size_t column = 0; column < 2; column++) {
            hst_export_cell(made[0], row, column, a);
            hst_export_cell(made[1], row, column, b);
            n_same += strcmp(a, b) == 0;
        }
    }
    assert_int_equal(n_same, 0);
    hst_export_free(made[0]);
    hst_export_free(made[1]);
    close_fixture(&f);
}

static void what_has_no_such_rows_is_refused(void **state)
{
    static const struct {
        hst_export_kind kind;
        size_t measure;
        const char *words;
    } cases[] = {{HST_EXPORT_SPELLS, VISITS,
                  "line 16: no spells of measure `visits`: it counts attendances"},
                 {HST_EXPORT_ATTENDANCES, SPELLS,
                  "no attendances of measure `spells`: it counts inpatients"},
                 {HST_EXPORT_PEOPLE, NUMBERS, "no people of measure `numbers`: it is of a table"}};
    fixture f;

    (void)state;
    open_fixture(&f, 0);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        hst_export *made = NULL;
        hst_error err = {0};

        assert_int_equal(hst_export_create(&made, cases[c].kind, f.measures, cases[c].measure,
                                           &f.study, f.areas, f.segments, N_FILES,
                                           &(hst_count_options){.n_threads = 1}, &err),
                         HST_ERR_USAGE);
        assert_null(made);
        assert_non_null(strstr(err.message, cases[c].words));
    }
    close_fixture(&f);
}

static void nobody_is_an_export_too(void **state)
{
    fixture f;
    hst_export *made = NULL;

    (void)state;
    open_fixture(&f, 0);
    made = export_of(&f, HST_EXPORT_ATTENDANCES, VISITS, 2);
    assert_int_equal(hst_export_n_rows(made), 0);
    assert_int_equal(hst_export_n_people(made), 0);
    hst_export_free(made);
    close_fixture(&f);
}

static void kinds_have_names(void **state)
{
    hst_export_kind kind = HST_EXPORT_SPELLS;

    (void)state;
    assert_true(hst_export_kind_parse("attendances", &kind));
    assert_int_equal(kind, HST_EXPORT_ATTENDANCES);
    assert_string_equal(hst_export_kind_name(kind), "attendances");
    assert_false(hst_export_kind_parse("attendance", &kind));
}

/* ---- the test ---- */

static int make_rows(void **state)
{
    FILE *file = NULL;

    (void)state;
    random_rows(rows, N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++) {
        rows[i].person %= 900;
    }
    snprintf(folder, sizeof folder, "/tmp/hestia-export-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(names_path, sizeof names_path, "%s/names.csv", folder);
    file = fopen(names_path, "w");
    assert_non_null(file);
    assert_true(fputs("code,name\n5QL,Somerset\n5J6,Calderdale\n5NK,Wirral\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    write_store(&stores[0], rows, N_ROWS, 4, 0, false, false);
    write_store(&stores[1], rows, N_ROWS, 16, 99, true, false);
    return hst_conditions_read(&conditions, NULL, NULL) == HST_OK ? 0 : -1;
}

static int remove_rows(void **state)
{
    (void)state;
    hst_conditions_free(conditions);
    remove_store(&stores[0]);
    remove_store(&stores[1]);
    unlink(names_path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_as_many_rows_as_the_cube_counts),
        cmocka_unit_test(rows_do_not_depend_on_threads_and_stores),
        cmocka_unit_test(pseudonyms_are_new_each_time_and_in_order),
        cmocka_unit_test(what_has_no_such_rows_is_refused),
        cmocka_unit_test(nobody_is_an_export_too),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests_name("export", tests, make_rows, remove_rows);
}
