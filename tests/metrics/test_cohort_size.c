/* How many members of a cohort live where at the end of a year, beside a register. */
#include <unistd.h>

#include "tests/metrics/cohort_support.h"

/*
 * Ends of years 2006-03-31 (2005/06), 2007-03-31, 2008-03-31; the register counts ages 17 and over.
 * Everybody has diabetes; `listed` holds mover from 2006-06-01, dead, and abroad.
 *
 *     person       where they count                       2005/06  2006/07  2007/08
 *     mover        5QL until 2007-01-01, then 5NK          5QL      5NK      5NK
 *     before       their only row is later: 5J6            5J6      5J6      5J6
 *     dead         dies 2007-03-31                         5QL      -        -
 *     stillborn    never                                   -        -        -
 *     child        16 on 2006-10-15: 17 from half a year   -        -        5QL
 *                  after (2007-04-15) on
 *     grows        15 on 2006-10-01: 15, 15, 16            -        -        -
 *     grown        16 on 2006-09-29: half a year and a     -        5J6      5J6
 *                  day later 17
 *     ageless      unknown age                             -        -        -
 *     other        an English area of no list              OTHER    OTHER    OTHER
 *     unknown      residence not known                     -        -        -
 *     sameday      two rows of a day: the later EPISTART   5NK      5NK      5NK
 *     twice        a repeat of a record key does not count 5J6      5J6      5J6
 *     unfinished   an unfinished row does not count        5NK      5NK      5NK
 */
/* clang-format off */
static const member_row size_rows[] = {
    {"mover",     0, 1, "2005-06-17", "2005-06-17", "2005-06-20", 71, "5QL", {"E119"}, 0, '1'},
    {"mover",     1, 2, "2007-01-01", "2007-01-01", "2007-01-02", 73, "5NK", {"I10X"}, 0, '1'},
    {"mover",     1, 3, "2008-04-01", "2008-04-01", "2008-04-02", 74, "5J6", {"I10X"}, 0, '1'},
    {"before",    0, 4, "2010-12-24", "2010-12-24", "2010-12-24", 80, "5J6", {"E109"}, 0, '1'},
    {"dead",      0, 5, "2007-03-30", "2007-03-30", "2007-03-31", 90, "5QL", {"E149"}, 0, '4'},
    {"stillborn", 0, 6, "2005-05-05", "2005-05-05", "2005-05-05", 0,  "5QL", {"E149"}, 0, '5'},
    {"child",     0, 7, "2006-10-15", "2006-10-15", "2006-10-16", 16, "5QL", {"E109"}, 0, '1'},
    {"grows",     0, 8, "2006-10-01", "2006-10-01", "2006-10-16", 15, "5QL", {"E109"}, 0, '1'},
    {"grown",     0, 9, "2006-09-29", "2006-09-29", "2006-10-16", 16, "5J6", {"E109"}, 0, '1'},
    {"ageless",   0, 10, "2005-06-17", "2005-06-17", "2005-06-18", 999, "5J6", {"E109"}, 0, '1'},
    {"other",     0, 11, "2005-06-17", "2005-06-17", "2005-06-18", 50, "5XX", {"E109"}, 0, '1'},
    {"unknown",   0, 12, "2005-06-17", "2005-06-17", "2005-06-18", 50, "", {"E109"}, 0, '1'},
    {"sameday",   0, 13, "2005-06-17", "2005-06-17", "2005-06-20", 50, "5QL", {"E109"}, 0, '1'},
    {"sameday",   1, 14, "2005-06-17", "2005-06-19", "2005-06-20", 50, "5NK", {"E109"}, 0, '1'},
    {"twice",     0, 15, "2005-06-17", "2005-06-17", "2005-06-20", 50, "5J6", {"E109"}, 0, '1'},
    {"twice",     0, 15, "2005-06-18", "2005-06-17", "2005-06-20", 50, "5QL", {"E109"}, 0, '1'},
    {"unfinished",0, 16, "2005-06-17", "2005-06-17", "2005-06-20", 50, "5NK", {"E109"}, 0, '1'},
    {"unfinished",0, 17, "2005-07-17", "2005-07-17", "",           50, "5QL", {"E109"}, '1', 0},
    {"abroad",    2, 18, "2005-06-17", "2005-06-17", "",           50, "5QL", {NULL}, 0, 0},
    {"abroad",    2, 19, "2007-06-17", "2007-06-17", "",           50, "6A1", {NULL}, 0, 0},
};

/* In the order of the list: by id, then code (comparators by name), then year. */
static const struct size_row {
    const char *cohort, *code;
    uint64_t members[3];
    double registered[3];
} expected_sizes[] = {
    {"all_diabetes", "5J6",           {2, 3, 3}, {50, NAN, 52}},
    {"all_diabetes", "5NK",           {2, 3, 3}, {NAN, 71, NAN}},
    {"all_diabetes", "5QL",           {2, 0, 1}, {17.5, 0, NAN}},
    {"all_diabetes", "England",       {7, 7, 8}, {NAN, 1234, NAN}},
    {"all_diabetes", "Similar areas", {4, 6, 6}, {NAN, NAN, NAN}},
    {"all_diabetes", "Whole list",    {6, 6, 7}, {NAN, NAN, NAN}},
    {"listed",       "5J6",           {0, 0, 0}, {NAN, NAN, NAN}},
    {"listed",       "5NK",           {0, 1, 1}, {NAN, NAN, NAN}},
    {"listed",       "5QL",           {2, 1, 0}, {NAN, NAN, NAN}},
    {"listed",       "England",       {2, 2, 1}, {NAN, NAN, NAN}},
    {"listed",       "Similar areas", {0, 1, 1}, {NAN, NAN, NAN}},
    {"listed",       "Whole list",    {2, 2, 1}, {NAN, NAN, NAN}},
};
/* clang-format on */

enum {
    N_SIZE_ROWS = sizeof size_rows / sizeof size_rows[0],
    N_SIZES = sizeof expected_sizes / sizeof expected_sizes[0]
};

static const char register_text[] = "area,date,registered,practices\n"
                                    "5J6,2005/06,50,9\n"
                                    "5J6,2008-03-31,52,9\n"
                                    "5J6,2006/07,,9\n"
                                    "5QL,2006-03-31,17.5,4\n"
                                    "5QL,2007-03-31,0,4\n"
                                    "5nk,200607,71,3\n"
                                    "5NK,2010/11,90,3\n"
                                    "ENG,2006/07,1234,99\n";

typedef struct size_study {
    hst_study study;
    hst_study_cohort cohorts[2];
    hst_comparator comparators[3];
    char paths[4][128];
} size_study;

static void fill_study(size_study *s)
{
    static char *diabetes[] = {(char *)"diabetes_any"};
    static char *fields[] = {(char *)"RESPCT06", (char *)"RESPCT_HIS"};
    static char *sites[] = {(char *)"5QL"};
    const hst_window always = {HST_DATE_MISSING, HST_DATE_MISSING};

    *s = (size_study){.study = {.path = (char *)"study.yaml"}};
    snprintf(s->paths[0], sizeof s->paths[0], "%s",
             write_text("names.csv", "code,name\n5QL,Somerset\n5J6,Calderdale\n5NK,Wirral\n"));
    snprintf(s->paths[1], sizeof s->paths[1], "%s",
             write_text("similar.csv", "area,comparator,weight\n5QL,5J6,0.5\n5QL,5NK,2\n"));
    snprintf(s->paths[2], sizeof s->paths[2], "%s", write_text("register.csv", register_text));
    snprintf(s->paths[3], sizeof s->paths[3], "%s",
             write_text("listed.csv", "mover,2006-06-01\ndead\nabroad\nnobody\n"));
    s->comparators[0] = (hst_comparator){(char *)"England", NULL, (char *)"ENG"};
    s->comparators[1] = (hst_comparator){(char *)"Whole list", NULL, NULL};
    s->comparators[2] = (hst_comparator){(char *)"Similar areas", s->paths[1], NULL};
    s->cohorts[0] =
        (hst_study_cohort){.id = (char *)"listed", .file = s->paths[3], .window = always};
    s->cohorts[1] = (hst_study_cohort){.id = (char *)"all_diabetes",
                                       .condition = {1, diabetes},
                                       .window = always,
                                       .register_file = s->paths[2],
                                       .register_age_from = 17,
                                       .register_age_to = 120};
    s->study.period =
        (hst_window){hst_date_from_civil(2005, 4, 1), hst_date_from_civil(2009, 2, 28)};
    s->study.areas.field = (hst_texts){2, fields};
    s->study.areas.names = s->paths[0];
    s->study.areas.sites = (hst_texts){1, sites};
    s->study.areas.n_comparators = 3;
    s->study.areas.comparators = s->comparators;
    s->study.n_cohorts = 2;
    s->study.cohorts = s->cohorts;
}

/* Adds all people, every other one to a tally of its own when `threads` is 2, and merges them. */
static hst_cohort_sizes *count_sizes(const hst_cohorts *cohorts, const hst_study *study,
                                     const hst_areas *areas, member_store *s, size_t threads)
{
    hst_cohort_sizes *sizes[2] = {NULL};
    hst_residence residences[N_FILES];
    hst_cohort_plan *plan = NULL;
    size_t n_people = 0;

    assert_int_equal(hst_cohort_plan_create(&plan, cohorts, segments_of(s), N_FILES, NULL), HST_OK);
    for (size_t t = 0; t < threads; t++) {
        assert_int_equal(hst_cohort_sizes_create(&sizes[t], cohorts, study, areas, NULL), HST_OK);
    }
    for (size_t f = 0; f < N_FILES; f++) {
        assert_int_equal(hst_residence_init(&residences[f], areas, s->segments[f], NULL), HST_OK);
    }
    for (size_t i = 0; i < s->n_rows;) {
        hst_person person = person_at(s, i);
        hst_membership membership = {0};

        hst_cohort_plan_ask(plan, &person, &membership);
        hst_cohort_sizes_add(sizes[n_people++ % threads], &membership, &person, residences);
        i += person.n_rows;
    }
    if (threads == 2) {
        hst_cohort_sizes_merge(sizes[0], sizes[1]);
        hst_cohort_sizes_free(sizes[1]);
    }
    for (size_t f = 0; f < N_FILES; f++) {
        hst_residence_clear(&residences[f]);
    }
    hst_cohort_plan_free(plan);
    return sizes[0];
}

static void check_row(const hst_cohort_row *row, size_t i, const hst_study *study,
                      const hst_areas *areas)
{
    const struct size_row *expected = &expected_sizes[i / 3];
    const char *code =
        row->is_group ? hst_areas_group(areas, row->area)->name : hst_areas_code(areas, row->area);

    assert_string_equal(study->cohorts[row->cohort].id, expected->cohort);
    assert_string_equal(code, expected->code);
    assert_int_equal(row->year, 2005 + i % 3);
    if (row->members != expected->members[i % 3]) {
        fail_msg("%s, %s, %d: %zu members, not %zu", expected->cohort, code, row->year,
                 (size_t)row->members, (size_t)expected->members[i % 3]);
    }
    assert_close(row->registered, expected->registered[i % 3], 0);
}

/* Neither the order of rows nor the number of threads may show. */
static struct shape_case {
    const char *name;
    bool backwards;
    size_t threads;
} shape_cases[] = {
    {"sizes are those counted by hand", false, 1},
    {"whatever the order of rows", true, 1},
    {"and however many threads", false, 2},
};

static void sizes_are_counted(void **state)
{
    const struct shape_case *c = *state;
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_sizes *sizes = NULL;
    hst_cohort_row *rows = NULL;
    member_store s;
    size_t n = 0;
    hst_error err = {0};

    fill_study(&made);
    open_store(&s, size_rows, N_SIZE_ROWS, c->backwards, false);
    cohorts = make_cohorts(&made.study, s.store);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    sizes = count_sizes(cohorts, &made.study, areas, &s, c->threads);
    assert_int_equal(hst_cohorts_check_registers(cohorts, areas, NULL, NULL), HST_OK);
    if (hst_cohorts_list(&rows, &n, cohorts, sizes, areas, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(n, 3 * N_SIZES);
    for (size_t i = 0; i < n; i++) {
        check_row(&rows[i], i, &made.study, areas);
    }
    assert_int_equal(hst_cohort_sizes_people(sizes, 0), 3);
    assert_int_equal(hst_cohort_sizes_people(sizes, 1), 13);
    free(rows);
    hst_cohort_sizes_free(sizes);
    hst_cohort_sizes_free(NULL);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    close_store(&s);
}

/* England takes OTHER and the register's row for the whole, or neither. */
static void a_register_without_the_whole_has_no_other(void **state)
{
    static const uint64_t members[] = {6, 6, 7};
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_sizes *sizes = NULL;
    hst_cohort_row *rows = NULL;
    member_store s;
    size_t n = 0, n_england = 0;

    (void)state;
    fill_study(&made);
    write_text("register.csv", "area,date,registered\n5J6,2005/06,50\n5NK,2005/06,17\n"
                               "5QL,2005/06,31\n5QL,2006/07,32\n");
    open_store(&s, size_rows, N_SIZE_ROWS, false, false);
    cohorts = make_cohorts(&made.study, s.store);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    sizes = count_sizes(cohorts, &made.study, areas, &s, 1);
    assert_int_equal(hst_cohorts_list(&rows, &n, cohorts, sizes, areas, NULL), HST_OK);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].cohort == 1 && rows[i].is_group &&
            strcmp(hst_areas_group(areas, rows[i].area)->name, "England") == 0) {
            assert_int_equal(rows[i].members, members[n_england]);
            assert_close(rows[i].registered, n_england == 0 ? 98 : NAN, 0);
            n_england++;
        }
    }
    assert_int_equal(n_england, 3);
    free(rows);
    hst_cohort_sizes_free(sizes);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    close_store(&s);
}

static struct register_fault {
    const char *name, *text;
    hst_status expected;
    const char *message;
} register_faults[] = {
    {"a register that is absent", NULL, HST_ERR_USAGE, "register.csv"},
    {"no column of areas", "region,date,registered\n5QL,2005/06,1\n", HST_ERR_INPUT, "area"},
    {"no column of dates", "area,year,registered\n5QL,2005/06,1\n", HST_ERR_INPUT, "date"},
    {"no column of numbers", "area,date,n\n5QL,2005/06,1\n", HST_ERR_INPUT, "registered"},
    {"unknown areas alone", "area,date,registered\n5XY,2005/06,1\n5XX,2005/06,1\n", HST_ERR_INPUT,
     "register.csv, column area: none of its areas is in the area list"},
    {"a date that is none", "area,date,registered\n5QL,spring,1\n", HST_ERR_INPUT,
     "register.csv, line 2, column date"},
    {"a number that is none", "area,date,registered\n5QL,2005/06,many\n", HST_ERR_INPUT,
     "register.csv, line 2"},
    {"a number below 0", "area,date,registered\n5QL,2005/06,-1\n", HST_ERR_INPUT,
     "register.csv, line 2, column registered: below 0"},
    {"two of one area and year", "area,date,registered\n5QL,2005/06,1\n5QL,2006-03-31,1\n",
     HST_ERR_INPUT, "register.csv, line 3: a second number"},
};

static void register_is_refused(void **state)
{
    const struct register_fault *c = *state;
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_sizes *sizes = NULL;
    hst_cohort_row *rows = NULL;
    size_t n = 0;
    hst_error err = {0};

    fill_study(&made);
    if (c->text) {
        write_text("register.csv", c->text);
    } else {
        unlink(made.paths[2]);
    }
    made.study.cohorts = &made.cohorts[1]; /* that of the register alone */
    made.study.n_cohorts = 1;
    cohorts = make_cohorts(&made.study, NULL);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    assert_int_equal(hst_cohort_sizes_create(&sizes, cohorts, &made.study, areas, NULL), HST_OK);
    assert_int_equal(hst_cohorts_check_registers(cohorts, areas, NULL, &err), c->expected);
    assert_non_null(strstr(err.message, c->message));
    assert_int_equal(hst_cohorts_list(&rows, &n, cohorts, sizes, areas, &err), c->expected);
    assert_null(rows);
    assert_int_equal(n, 0);
    assert_non_null(strstr(err.message, c->message));
    hst_cohort_sizes_free(sizes);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
}

/* A national register beside a list of a few areas: the others are told of, and set aside. */
static void other_areas_of_a_register_are_set_aside(void **state)
{
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    size_t n = 0;

    (void)state;
    fill_study(&made);
    write_text("register.csv",
               "area,date,registered\n5QL,2005/06,17\n5XX,2005/06,3\n5XY,2005/06,4\n");
    made.study.cohorts = &made.cohorts[1];
    made.study.n_cohorts = 1;
    cohorts = make_cohorts(&made.study, NULL);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    assert_int_equal(hst_cohorts_check_registers(cohorts, areas, ledger, NULL), HST_OK);
    lines = hst_ledger_lines(ledger, &n);
    assert_int_equal(n, 1);
    assert_string_equal(lines[0].stage, "cohorts");
    assert_int_equal(lines[0].n, 2);
    hst_ledger_free(ledger);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
}

static void a_study_without_the_end_of_a_year_lists_nothing(void **state)
{
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_sizes *sizes = NULL;
    hst_cohort_row *rows = NULL;
    size_t n = 17;

    (void)state;
    fill_study(&made);
    made.study.period.to = hst_date_from_civil(2006, 3, 30);
    made.study.cohorts = &made.cohorts[1];
    made.study.n_cohorts = 1;
    cohorts = make_cohorts(&made.study, NULL);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    assert_int_equal(hst_cohort_sizes_create(&sizes, cohorts, &made.study, areas, NULL), HST_OK);
    assert_int_equal(hst_cohorts_list(&rows, &n, cohorts, sizes, areas, NULL), HST_OK);
    assert_int_equal(n, 0);
    free(rows);
    hst_cohort_sizes_free(sizes);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
}

enum {
    N_SHAPES = sizeof shape_cases / sizeof shape_cases[0],
    N_REGISTER_FAULTS = sizeof register_faults / sizeof register_faults[0]
};

int main(void)
{
    struct CMUnitTest tests[3 + N_SHAPES + N_REGISTER_FAULTS] = {
        cmocka_unit_test(a_study_without_the_end_of_a_year_lists_nothing),
        cmocka_unit_test(other_areas_of_a_register_are_set_aside),
        cmocka_unit_test(a_register_without_the_whole_has_no_other),
    };
    size_t n = 3;

    for (size_t i = 0; i < N_SHAPES; i++) {
        tests[n++] = (struct CMUnitTest){.name = shape_cases[i].name,
                                         .test_func = sizes_are_counted,
                                         .initial_state = &shape_cases[i]};
    }
    for (size_t i = 0; i < N_REGISTER_FAULTS; i++) {
        tests[n++] = (struct CMUnitTest){.name = register_faults[i].name,
                                         .test_func = register_is_refused,
                                         .initial_state = &register_faults[i]};
    }
    return cmocka_run_group_tests_name("cohort_size", tests, open_folder, remove_folder);
}
