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
    struct CMUnitTest tests[N_FAULTS + 3] = {
        cmocka_unit_test(built_in_sets_are_there),
        cmocka_unit_test(a_users_set_replaces_a_built_in_one),
        cmocka_unit_test(an_absent_list_is_a_usage_error),
    };

    for (size_t i = 0; i < N_FAULTS; i++) {
        tests[3 + i] = (struct CMUnitTest){.name = fault_cases[i].name,
                                           .test_func = faults_name_line_and_column,
                                           .initial_state = &fault_cases[i]};
    }
    return _cmocka_run_group_tests("condition", tests, N_FAULTS + 3, NULL, NULL);
}
