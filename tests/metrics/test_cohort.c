/* Who is a member of which cohort: by the codes of their rows, and by a file of people. */
#include <unistd.h>

#include "tests/metrics/cohort_support.h"

static hst_person find_person(member_store *s, const char *name)
{
    uint64_t hash[2];

    hst_store_hash(s->store, name, strlen(name), hash);
    for (size_t i = 0; i < s->n_rows; i++) {
        if (memcmp(s->rows[i].episode->person, hash, sizeof hash) == 0) {
            return person_at(s, i);
        }
    }
    fail_msg("nobody is called %s", name);
    return (hst_person){0};
}

static hst_membership ask(const hst_cohorts *cohorts, member_store *s, const char *name)
{
    hst_cohort_plan *plan = NULL;
    hst_membership membership = {0};
    hst_person person = find_person(s, name);

    assert_int_equal(hst_cohort_plan_create(&plan, cohorts, segments_of(s), N_FILES, NULL), HST_OK);
    hst_cohort_plan_ask(plan, &person, &membership);
    hst_cohort_plan_free(plan);
    return membership;
}

/* ---- by condition ---- */

static char *diabetes[] = {(char *)"diabetes_any"}, *dementia[] = {(char *)"dementia"},
            *stroke_or_bronchitis[] = {(char *)"stroke", (char *)"acsc_copd_j20"};

enum { DIABETES = 1, DEMENTIA_FIRST = 2, STROKE_OR_BRONCHITIS = 4 };

static hst_study_cohort condition_cohorts[] = {
    {.id = (char *)"diabetes", .condition = {1, diabetes}, .line = 17},
    {.id = (char *)"dementia_first",
     .condition = {1, dementia},
     .positions = HST_POSITIONS_PRIMARY,
     .window = {HST_DATE_MISSING, HST_DATE_MISSING},
     .line = 23},
    {.id = (char *)"stroke_or_bronchitis",
     .condition = {2, stroke_or_bronchitis},
     .window = {HST_DATE_MISSING, HST_DATE_MISSING},
     .line = 31},
};

static hst_study condition_study(void)
{
    condition_cohorts[0].window =
        (hst_window){hst_date_from_civil(2001, 4, 1), hst_date_from_civil(2011, 3, 31)};
    return (hst_study){.path = (char *)"study.yaml", .n_cohorts = 3, .cohorts = condition_cohorts};
}

/* clang-format off */
static const member_row condition_rows[] = {
    {"last position",   0, 11, "2005-06-17", "2005-06-17", "", 71, "5QL", {"I10X", "S720", "R69X", "E149"}, 0, 0},
    {"second file",     0, 12, "2005-06-17", "2005-06-17", "", 71, "5QL", {"I10X"}, 0, 0},
    {"second file",     1, 13, "2006-06-17", "2006-06-17", "", 71, "5QL", {"E119"}, 0, 0},
    {"other code",      0, 14, "2005-06-17", "2005-06-17", "", 71, "5QL", {"E151"}, 0, 0},
    {"unfinished",      0, 15, "2005-06-17", "2005-06-17", "", 71, "5QL", {"E119"}, '1', 0},
    {"day before",      0, 16, "2001-03-31", "2001-04-01", "", 71, "5QL", {"E119", "F03X"}, 0, 0},
    {"first day",       0, 17, "2001-04-01", "2001-04-01", "", 71, "5QL", {"E119"}, 0, 0},
    {"last day",        0, 18, "2011-03-31", "2011-04-02", "", 71, "5QL", {"E119"}, 0, 0},
    {"day after",       0, 19, "2011-04-01", "2011-04-01", "", 71, "5QL", {"E119"}, 0, 0},
    {"no admission",    0, 20, "",           "2005-06-17", "", 71, "5QL", {"F03X", "E119"}, 0, 0},
    {"outpatient",      2, 21, "2005-06-17", "2005-06-17", "", 71, "5QL", {"E119"}, 0, 0},
    {"second place",    0, 22, "2005-06-17", "2005-06-17", "", 71, "5QL", {"S720", "F03X"}, 0, 0},
    {"first place",     0, 23, "1995-06-17", "1995-06-17", "", 71, "5QL", {"F03X"}, 0, 0},
    {"several",         0, 24, "2005-06-17", "2005-06-17", "", 71, "5QL", {"J20X", "J440"}, 0, 0},
    {"several",         1, 25, "2005-06-17", "2005-06-17", "", 71, "5QL", {"G301", "E109"}, 0, 0},
    {"one code of two", 0, 27, "2005-06-17", "2005-06-17", "", 71, "5QL", {"J20X", "I64X"}, 0, 0},
    {"one code of two", 0, 28, "2005-06-18", "2005-06-18", "", 71, "5QL", {"I10X", "J440"}, 0, 0},
    {"repeat",          0, 26, "2005-06-17", "2005-06-17", "", 71, "5QL", {"I10X"}, 0, 0},
    {"repeat",          0, 26, "2005-06-18", "2005-06-17", "", 71, "5QL", {"E119"}, 0, 0},
};
/* clang-format on */

static const struct condition_case {
    const char *person;
    unsigned expected;
} condition_cases[] = {
    {"last position", DIABETES},
    {"second file", DIABETES},
    {"other code", 0},
    {"unfinished", 0},
    {"day before", 0},
    {"first day", DIABETES},
    {"last day", DIABETES},
    {"day after", 0},
    {"no admission", DEMENTIA_FIRST}, /* in no window, and without a window all the same */
    {"outpatient", 0},
    {"second place", 0},
    {"first place", DEMENTIA_FIRST},
    {"several", DIABETES | DEMENTIA_FIRST | STROKE_OR_BRONCHITIS},
    {"one code of two", 0}, /* a set that needs a second code needs it in the same row */
    {"repeat", 0},
};

enum { N_CONDITION_ROWS = sizeof condition_rows / sizeof condition_rows[0] };

/* In which order the rows stand must not show. */
static struct order_case {
    const char *name;
    bool backwards;
} order_cases[] = {
    {"rows with the codes of a set make a member", false},
    {"in any order of rows", true},
};

static void members_by_condition(void **state)
{
    const struct order_case *c = *state;
    hst_study study = condition_study();
    hst_cohorts *cohorts = make_cohorts(&study, NULL);
    member_store s;

    open_store(&s, condition_rows, N_CONDITION_ROWS, c->backwards, false);
    assert_int_equal(hst_cohorts_n(cohorts), 3);
    assert_int_equal(hst_cohorts_n_listed(cohorts, 0), 0);
    for (size_t i = 0; i < sizeof condition_cases / sizeof condition_cases[0]; i++) {
        hst_membership membership = ask(cohorts, &s, condition_cases[i].person);

        if (membership.cohorts != condition_cases[i].expected) {
            fail_msg("%s: %u, not %u", condition_cases[i].person, membership.cohorts,
                     condition_cases[i].expected);
        }
        for (size_t k = 0; k < HST_MAX_COHORTS; k++) {
            assert_int_equal(membership.from[k], 0);
        }
    }
    hst_cohorts_free(cohorts);
    close_store(&s);
}

static void an_unknown_set_is_refused(void **state)
{
    char *names[] = {(char *)"diabetes_any", (char *)"dementa"};
    hst_study_cohort cohort = {.id = (char *)"memory", .condition = {2, names}, .line = 41};
    hst_study study = {.path = (char *)"study.yaml", .n_cohorts = 1, .cohorts = &cohort};
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_cohorts_create(&cohorts, &study, conditions, NULL, &err), HST_ERR_USAGE);
    assert_null(cohorts);
    assert_string_equal(err.message, "study.yaml, line 41: cohort `memory`: condition: no set is "
                                     "called `dementa`; did you mean `dementia`?");
}

static void too_many_cohorts_are_refused(void **state)
{
    hst_study_cohort list[HST_MAX_COHORTS + 1] = {{.id = NULL}};
    hst_study study = {
        .path = (char *)"study.yaml", .n_cohorts = HST_MAX_COHORTS + 1, .cohorts = list};
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_cohorts_create(&cohorts, &study, conditions, NULL, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "16 cohorts"));
}

static void three_characters_cannot_answer_for_four(void **state)
{
    char *names[] = {(char *)"diabetes_any", (char *)"own"};
    char *path = write_text("own.csv", "set,system,code_prefix,positions,note\n"
                                       "own,ICD10,E109,any,four characters\n");
    hst_study_cohort cohort = {.id = (char *)"own_cohort", .condition = {2, names}, .line = 43};
    hst_study study = {.path = (char *)"study.yaml", .n_cohorts = 1, .cohorts = &cohort};
    hst_conditions *own = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_plan *plan = NULL;
    member_store s;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_conditions_read(&own, path, NULL), HST_OK);
    assert_int_equal(hst_cohorts_create(&cohorts, &study, own, NULL, NULL), HST_OK);
    open_store(&s, condition_rows, 1, false, true);
    assert_int_equal(hst_cohort_plan_create(&plan, cohorts, segments_of(&s), N_FILES, &err),
                     HST_ERR_USAGE);
    assert_null(plan);
    assert_non_null(strstr(err.message, "study.yaml, line 43: cohort `own_cohort`: set `own`"));
    hst_cohorts_free(cohorts);
    hst_conditions_free(own);
    close_store(&s);
}

static void no_cohorts_have_no_members(void **state)
{
    hst_study study = {.path = (char *)"study.yaml"};
    hst_cohorts *cohorts = make_cohorts(&study, NULL);
    member_store s;

    (void)state;
    open_store(&s, condition_rows, N_CONDITION_ROWS, false, false);
    assert_int_equal(hst_cohorts_n(cohorts), 0);
    assert_int_equal(ask(cohorts, &s, "several").cohorts, 0);
    hst_cohorts_free(cohorts);
    hst_cohorts_free(NULL);
    close_store(&s);
}

/* ---- by a file ---- */

static const member_row listed_rows[] = {
    {"AB12", 0, 1, "2005-06-17", "2005-06-17", "", 71, "5QL", {"I10X"}, 0, 0},
    {"C \"3\"", 2, 2, "2005-06-17", "2005-06-17", "", 71, "5QL", {NULL}, 0, 0},
    {"0042", 1, 3, "2005-06-17", "2005-06-17", "", 71, "5QL", {NULL}, 0, 0},
};

static member_store listed;

/* Of AB12, C "3" and 0042 whoever is a member, and since when; NULL: not one. */
static struct file_case {
    const char *name, *text;
    const char *since[3];
    size_t n;
} file_cases[] = {
    {"identifiers alone", "AB12\n0042\n", {"", NULL, ""}, 2},
    {"with index dates",
     "AB12,2005-06-17\n0042,2008-02-29\n",
     {"2005-06-17", NULL, "2008-02-29"},
     2},
    {"some without a date", "AB12,\n0042,2008-02-29\n", {"", NULL, "2008-02-29"}, 2},
    {"after a tab", "AB12\t2005-06-17\n", {"2005-06-17", NULL, NULL}, 1},
    {"carriage returns", "AB12\r\n0042,2008-02-29\r\n", {"", NULL, "2008-02-29"}, 2},
    {"the last line is open", "0042\nAB12", {"", NULL, ""}, 2},
    {"blanks and blank lines",
     "\n  AB12 \n \r\n\n 0042 , 2008-02-29 \n",
     {"", NULL, "2008-02-29"},
     2},
    {"a byte-order mark",
     "\xEF\xBB\xBF"
     "AB12\n",
     {"", NULL, NULL},
     1},
    {"quotes", "\"AB12\"\n\"C \"\"3\"\"\" ,\"2008-02-29\"\n", {"", "2008-02-29", NULL}, 2},
    {"blanks in quotes", "\" AB12 \"\r\n", {"", NULL, NULL}, 1},
    {"a header", "HESID\nAB12\n", {"", NULL, NULL}, 1},
    {"a header in lower case, with more",
     "token_person_id,date of diagnosis\nAB12,2005-06-17\n",
     {"2005-06-17", NULL, NULL},
     1},
    {"a header of an alias, quoted", "\"TokenID\"\nAB12\n", {"", NULL, NULL}, 1},
    {"a header that the study names", "Patient_Ref\nAB12\n", {"", NULL, NULL}, 1},
    {"a header stands first only", "AB12\nHESID\n", {"", NULL, NULL}, 2},
    {"a person twice, the earlier date holds",
     "AB12,2006-01-01\nAB12,2005-06-17\nAB12,2007-01-01\n",
     {"2005-06-17", NULL, NULL},
     1},
    {"a person twice, once without a date", "AB12,2005-06-17\nAB12\n", {"", NULL, NULL}, 1},
    {"case tells people apart", "ab12\n42\n", {NULL, NULL, NULL}, 2},
};

static hst_study listed_study(hst_study_cohort *cohort, char *path)
{
    static char *roles[] = {(char *)"area", (char *)"person"};
    static char *names[] = {(char *)"HOME", (char *)"PATIENT_REF"};
    static hst_study_extract extract = {.column_roles = {2, roles}, .column_names = {2, names}};

    *cohort = (hst_study_cohort){.id = (char *)"listed",
                                 .file = path,
                                 .window = {HST_DATE_MISSING, HST_DATE_MISSING},
                                 .line = 53};
    return (hst_study){.path = (char *)"study.yaml",
                       .n_extracts = 1,
                       .extracts = &extract,
                       .n_cohorts = 1,
                       .cohorts = cohort};
}

static void member_by_file(void **state)
{
    const struct file_case *c = *state;
    hst_study_cohort cohort;
    hst_study study = listed_study(&cohort, write_text("people.csv", c->text));
    hst_cohorts *cohorts = make_cohorts(&study, listed.store);

    assert_int_equal(hst_cohorts_n_listed(cohorts, 0), c->n);
    for (size_t i = 0; i < 3; i++) {
        hst_membership membership = ask(cohorts, &listed, listed_rows[i].person);

        assert_int_equal(membership.cohorts, c->since[i] != NULL);
        assert_int_equal(membership.from[0], c->since[i] ? day(c->since[i]) : 0);
    }
    hst_cohorts_free(cohorts);
}

static char long_identifier[1100], long_line[5100];

#define LITERAL(text) text, sizeof(text) - 1

static struct file_fault {
    const char *name, *bytes;
    size_t n;
    hst_status expected;
    const char *place;
} file_faults[] = {
    {"an absent file", NULL, 0, HST_ERR_USAGE, "study.yaml, line 53: cohort `listed`: "},
    {"an empty file", LITERAL(""), HST_ERR_INPUT, "people.csv: "},
    {"a header alone", LITERAL("HESID\n\n"), HST_ERR_INPUT, "people.csv: "},
    {"a third column", LITERAL("SECRET,2005-01-01,F\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"an open quote", LITERAL("AB12\n\"SECRET\n"), HST_ERR_INPUT, "people.csv, line 2: "},
    {"text after a quote", LITERAL("\"SEC\"RET\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"a NUL byte", LITERAL("AB12\n\nSEC\0RET\n"), HST_ERR_INPUT, "people.csv, line 3: "},
    {"a date that is none", LITERAL("AB12\nSECRET,17/06/2005\n"), HST_ERR_INPUT,
     "people.csv, line 2: "},
    {"a day that does not exist", LITERAL("SECRET,2005-02-29\n"), HST_ERR_INPUT,
     "people.csv, line 1: "},
    {"a date before 1930", LITERAL("SECRET,1929-12-31\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"a date after 2109", LITERAL("SECRET,2110-01-01\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"a date alone", LITERAL("AB12\n,2005-06-17\n"), HST_ERR_INPUT, "people.csv, line 2: "},
    {"a null word", LITERAL("NULL,2005-06-17\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"a long identifier", long_identifier, sizeof long_identifier - 1, HST_ERR_INPUT,
     "people.csv, line 1: "},
    {"a long line", long_line, sizeof long_line - 1, HST_ERR_INPUT, "people.csv, line 1: "},
};

static void file_is_refused(void **state)
{
    const struct file_fault *c = *state;
    hst_study_cohort cohort;
    hst_study study;
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    memset(long_identifier, 'S', sizeof long_identifier - 1);
    memset(long_line, 'S', sizeof long_line - 1);
    unlink(in_folder("people.csv"));
    study = listed_study(&cohort, c->bytes ? write_bytes("people.csv", c->bytes, c->n)
                                           : in_folder("people.csv"));
    assert_int_equal(hst_cohorts_create(&cohorts, &study, conditions, listed.store, &err),
                     c->expected);
    assert_null(cohorts);
    assert_non_null(strstr(err.message, c->place));
    assert_null(strstr(err.message, "SEC"));
    assert_null(strstr(err.message, "SSS"));
    assert_null(strstr(err.message, "2005-"));
}

static void a_folder_is_no_list(void **state)
{
    hst_study_cohort cohort;
    hst_study study = listed_study(&cohort, folder);
    hst_cohorts *cohorts = NULL;

    (void)state;
    assert_int_equal(hst_cohorts_create(&cohorts, &study, conditions, listed.store, NULL),
                     HST_ERR_USAGE);
    assert_null(cohorts);
}

/* ---- all ---- */

static int set_up(void **state)
{
    if (open_folder(state) != 0) {
        return -1;
    }
    open_store(&listed, listed_rows, 3, false, false);
    return 0;
}

static int tear_down(void **state)
{
    close_store(&listed);
    return remove_folder(state);
}

enum {
    N_ORDERS = sizeof order_cases / sizeof order_cases[0],
    N_FILE_CASES = sizeof file_cases / sizeof file_cases[0],
    N_FILE_FAULTS = sizeof file_faults / sizeof file_faults[0]
};

int main(void)
{
    struct CMUnitTest tests[5 + N_ORDERS + N_FILE_CASES + N_FILE_FAULTS] = {
        cmocka_unit_test(an_unknown_set_is_refused),
        cmocka_unit_test(too_many_cohorts_are_refused),
        cmocka_unit_test(three_characters_cannot_answer_for_four),
        cmocka_unit_test(no_cohorts_have_no_members),
        cmocka_unit_test(a_folder_is_no_list),
    };
    size_t n = 5;

    for (size_t i = 0; i < N_ORDERS; i++) {
        tests[n++] = (struct CMUnitTest){.name = order_cases[i].name,
                                         .test_func = members_by_condition,
                                         .initial_state = &order_cases[i]};
    }
    for (size_t i = 0; i < N_FILE_CASES; i++) {
        tests[n++] = (struct CMUnitTest){.name = file_cases[i].name,
                                         .test_func = member_by_file,
                                         .initial_state = &file_cases[i]};
    }
    for (size_t i = 0; i < N_FILE_FAULTS; i++) {
        tests[n++] = (struct CMUnitTest){.name = file_faults[i].name,
                                         .test_func = file_is_refused,
                                         .initial_state = &file_faults[i]};
    }
    return cmocka_run_group_tests_name("cohort", tests, set_up, tear_down);
}
