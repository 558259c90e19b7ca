#define _XOPEN_SOURCE 700 /* mkstemp */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/condition.h"
#include "metrics/condition_internal.h"
#include "tests/support.h"

static void write_list(char path[64], const char *rows)
{
    FILE *file = NULL;
    int descriptor = 0;

    snprintf(path, 64, "/tmp/hestia-condition-XXXXXX");
    descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    file = fdopen(descriptor, "w");
    assert_non_null(file);
    fprintf(file, "set,system,code_prefix,positions,note\n%s", rows);
    assert_int_equal(fclose(file), 0);
}

static void built_in_sets_are_there(void **state)
{
    hst_conditions *conditions = NULL;
    const hst_condition_set *set = NULL;
    size_t n_exclude = 0;

    (void)state;
    assert_int_equal(hst_conditions_read(&conditions, NULL, NULL), HST_OK);
    assert_int_equal(hst_conditions_find(conditions, "no_such_set"), SIZE_MAX);
    set = hst_conditions_set(conditions, hst_conditions_find(conditions, "diabetes_any"));
    assert_int_equal(set->n_rows, 5);
    assert_string_equal(set->rows[4].prefix, "E14");
    assert_int_equal(set->rows[4].positions, HST_POSITIONS_ANY);
    set = hst_conditions_set(conditions, hst_conditions_find(conditions, "acsc_heart_failure"));
    for (size_t i = 0; i < set->n_rows; i++) {
        n_exclude += set->rows[i].role == HST_ROLE_EXCLUDE;
    }
    assert_int_equal(set->n_rows, 20);
    assert_int_equal(n_exclude, 17);
    assert_true(hst_conditions_find(conditions, "acsc_heart_failure#exclude") == SIZE_MAX);
    hst_conditions_free(conditions);
}

/* What the built-in notes mark as from memory (M) is told, V and D are not. */
static void entries_say_where_they_come_from(void **state)
{
    static const struct {
        const char *set;
        bool is_unverified;
    } sets[] = {{"diabetes_any", false},   {"diabetes_complications_primary", false},
                {"stroke", true},          {"dementia", true},
                {"nhsof_2_3_i_j20", true}, {"readmission_exclude", true},
                {"acsc_angina", false},    {"stroke_sah", false}};
    hst_conditions *conditions = NULL;
    hst_condition_entry entry = {0};
    size_t set = 0;

    (void)state;
    assert_int_equal(hst_conditions_read(&conditions, NULL, NULL), HST_OK);
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        set = hst_conditions_find(conditions, sets[i].set);
        assert_int_not_equal(set, SIZE_MAX);
        assert_false(hst_conditions_is_users(conditions, set));
        assert_int_equal(hst_conditions_entry(conditions, set, 0).is_unverified,
                         sets[i].is_unverified);
    }
    set = hst_conditions_find(conditions, "acsc_angina");
    assert_int_equal(hst_conditions_n_entries(conditions, set), 29);
    entry = hst_conditions_entry(conditions, set, 28);
    assert_string_equal(entry.role, "exclude");
    assert_string_equal(entry.system, "OPCS4");
    assert_string_equal(entry.prefix, "X05");
    assert_string_equal(entry.positions, "primary");
    assert_string_equal(entry.note, "NHS Institute 19 ACSC; V: nhp_data code, HDRUK list");
    hst_conditions_free(conditions);
}

static void notes_of_users_are_words(void **state)
{
    static const bool is_unverified[] = {false, true, true, true, false};
    hst_conditions *conditions = NULL;
    char path[64];
    size_t set = 0;

    (void)state;
    write_list(path, "mine,ICD10,E10,first3,both M and F\n"
                     "mine#require,ICD10,E11,secondary,Unverified list of 2009\n"
                     "mine,ICD10,E12,any,our list [M]\n"
                     "mine#exclude,OPCS4,W37,any,codes from memory\n"
                     "mine,ICD10,E13,primary,\n");
    assert_int_equal(hst_conditions_read(&conditions, path, NULL), HST_OK);
    set = hst_conditions_find(conditions, "mine");
    assert_true(hst_conditions_is_users(conditions, set));
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(hst_conditions_entry(conditions, set, i).is_unverified, is_unverified[i]);
    }
    assert_string_equal(hst_conditions_entry(conditions, set, 1).role, "require");
    assert_string_equal(hst_conditions_entry(conditions, set, 4).note, "");
    hst_conditions_free(conditions);
    unlink(path);
}

static void a_users_set_replaces_a_built_in_one(void **state)
{
    hst_conditions *conditions = NULL;
    const hst_condition_set *set = NULL;
    char path[64];

    (void)state;
    write_list(path, "diabetes_any,ICD10,e11.9,first3,ours\n"
                     "mine,OPCS4,W37,any,\n"
                     "diabetes_any#require,ICD10,I10,secondary,\n");
    assert_int_equal(hst_conditions_read(&conditions, path, NULL), HST_OK);
    set = hst_conditions_set(conditions, hst_conditions_find(conditions, "diabetes_any"));
    assert_int_equal(set->n_rows, 2);
    assert_string_equal(set->rows[0].prefix, "E119");
    assert_int_equal(set->rows[0].positions, HST_POSITIONS_FIRST3);
    assert_int_equal(set->rows[1].role, HST_ROLE_REQUIRE);
    assert_true(hst_conditions_find(conditions, "mine") != SIZE_MAX);
    assert_true(hst_conditions_find(conditions, "stroke") != SIZE_MAX);
    hst_conditions_free(conditions);
    unlink(path);
}

static struct fault_case {
    const char *name, *rows, *message;
} fault_cases[] = {
    {"unknown system", "a,ICD9,250,any,\n", "line 2: column system"},
    {"unknown position", "a,ICD10,E10,any,\na,ICD10,E11,last,\n", "line 3: column positions"},
    {"no position", "a,ICD10,E10,,\n", "line 2: column positions"},
    {"empty code", "a,ICD10,,any,\n", "line 2: column code_prefix"},
    {"code with a sign", "a,ICD10,E1*,any,\n", "line 2: column code_prefix"},
    {"code too long", "a,ICD10,E101010101010101,any,\n", "line 2: column code_prefix"},
    {"no name", ",ICD10,E10,any,\n", "line 2: column set"},
    {"unknown role", "a#unless,ICD10,E10,any,\n", "line 2: column set"},
    {"a veto without a set", "a#exclude,ICD10,E10,any,\n", "set `a` has #exclude"},
};

static void faults_name_line_and_column(void **state)
{
    const struct fault_case *c = *state;
    hst_conditions *conditions = NULL;
    hst_error err = {0};
    char path[64];

    write_list(path, c->rows);
    assert_int_equal(hst_conditions_read(&conditions, path, &err), HST_ERR_INPUT);
    assert_null(conditions);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, c->message));
    unlink(path);
}

static void an_absent_list_is_a_usage_error(void **state)
{
    hst_conditions *conditions = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_conditions_read(&conditions, "/nowhere/lists.csv", &err), HST_ERR_USAGE);
    assert_null(conditions);
}

int main(void)
{
    enum { N_FAULTS = sizeof fault_cases / sizeof fault_cases[0] };
    struct CMUnitTest tests[N_FAULTS + 5] = {
        cmocka_unit_test(entries_say_where_they_come_from),
        cmocka_unit_test(notes_of_users_are_words),
        cmocka_unit_test(built_in_sets_are_there),
        cmocka_unit_test(a_users_set_replaces_a_built_in_one),
        cmocka_unit_test(an_absent_list_is_a_usage_error),
    };

    for (size_t i = 0; i < N_FAULTS; i++) {
        tests[5 + i] = (struct CMUnitTest){.name = fault_cases[i].name,
                                           .test_func = faults_name_line_and_column,
                                           .initial_state = &fault_cases[i]};
    }
    return _cmocka_run_group_tests("condition", tests, N_FAULTS + 5, NULL, NULL);
}
