/* Counting: what is refused, and in which words. */
#include "tests/metrics/where_cases.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_unknown_areas_stop_the_run),
        cmocka_unit_test(a_file_without_the_area_column_is_named),
        cmocka_unit_test(an_excluded_providers_area_must_be_known),
        cmocka_unit_test(an_unknown_duplicate_rule_is_refused),
        cmocka_unit_test(three_character_diagnoses_cannot_match_four),
    };

    return cmocka_run_group_tests_name("count_refusals", tests, make_rows, remove_rows);
}
