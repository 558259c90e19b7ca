#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/area.h"
#include "metrics/area_internal.h"
#include "tests/support.h"

static char folder[64];

static char *in_folder(const char *name)
{
    static char paths[8][128];
    static size_t next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static char *write_file(const char *name, const char *text)
{
    char *path = in_folder(name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char names[] = "pct_code,ons_code,name\n"
                            "5QL,E16000141,Somerset\n5J6,E16000040,Calderdale\n"
                            "5NK,E16000091,Wirral\n5A3,E16000001,South Gloucestershire\n";
static const char lookup[] = "code_from,valid_from,valid_to,code_to,share,note\n"
                             "5FW,2001-04-01,2006-09-30,5QL,1,\n"
                             "5FX,,2006-09-30,5QL,1,open before\n"
                             "5FX,2006-10-01,,5A3,1.0,open after\n"
                             "00CY,2001-04-01,2013-03-31,5J6,1,\n"
                             "5J6,2001-04-01,2013-03-31,5J6,1,\n"
                             "5K1,2001-04-01,2006-09-30,5ZZ,1,not in the list\n";

static hst_areas *build(hst_study *study)
{
    hst_areas *areas = NULL;
    hst_error err = {0};

    if (hst_areas_build(&areas, study, NULL, NULL, 0, &err)) {
        fail_msg("%s", err.message);
    }
    return areas;
}

static hst_study plain_study(void)
{
    hst_study study = {.path = (char *)"study.yaml"};

    study.areas.names = write_file("names.csv", names);
    study.areas.lookup = write_file("lookup.csv", lookup);
    return study;
}

/* Where a code lands: an area of the list, or O(ther), U(nknown), N(ot England). */
static struct map_case {
    const char *column, *code;
    int year, month, day; /* 0 = no date */
    const char *area;
} map_cases[] = {
    {"RESPCT06", "5J6", 2005, 1, 1, "5J6"},
    {"RESPCT06", "5J600", 2005, 1, 1, "5J6"},
    {"RESPCT06", " 5j6 ", 2005, 1, 1, "5J6"},
    {"RESPCT06", "5J6", 0, 0, 0, "5J6"}, /* every day gives the same area */
    {"RESPCT06", "5FW", 0, 0, 0, "U"},   /* the lookup needs a day */
    {"RESPCT06", "5NK", 0, 0, 0, "5NK"},
    {"RESPCT06", "5FW", 2001, 3, 31, "O"},
    {"RESPCT06", "5FW", 2001, 4, 1, "5QL"},
    {"RESPCT06", "5FW", 2006, 9, 30, "5QL"},
    {"RESPCT06", "5FW", 2006, 10, 1, "O"},
    {"RESPCT06", "5FX", 1990, 1, 1, "5QL"},
    {"RESPCT06", "5FX", 2020, 1, 1, "5A3"},
    {"RESPCT06", "5K1", 2005, 1, 1, "O"},
    {"RESPCT06", "TAC", 2005, 1, 1, "O"},
    {"RESPCT06", "59898", 2005, 1, 1, "N"},
    {"RESPCT06", "59999", 2005, 1, 1, "U"},
    {"RESPCT06", "", 2005, 1, 1, "U"},
    {"RESPCT06", "&", 2005, 1, 1, "U"},
    {"RESPCT06", "6A1", 2005, 1, 1, "N"},
    {"RESPCT06", "SAB", 2005, 1, 1, "N"},
    {"RESPCT06", "YAC", 2005, 1, 1, "N"},
    {"RESPCT06", "ZC0", 2005, 1, 1, "N"},
    {"RESPCT06", "7A1", 2005, 1, 1, "N"},
    {"RESLADST", "00CY", 2005, 1, 1, "5J6"},
    {"RESLADST", "40UB", 2005, 1, 1, "O"},
    {"RESLADST", "00NA", 2005, 1, 1, "N"},
    {"RESLADST", "00QA", 2005, 1, 1, "N"},
    {"RESLADST", "95AA", 2005, 1, 1, "N"},
    {"RESLADST", "S", 2005, 1, 1, "N"},
    {"RESLADST", "W", 2005, 1, 1, "N"},
    {"RESLADST", "Z", 2005, 1, 1, "N"},
    {"RESLADST", "X", 2005, 1, 1, "N"},
    {"RESLADST", "U", 2005, 1, 1, "U"},
    {"RESLADST", "Y", 2005, 1, 1, "U"},
    {"RESLADST_ONS", "E07000187", 2005, 1, 1, "O"},
    {"RESLADST_ONS", "W06000001", 2005, 1, 1, "N"},
    {"LSOA11", "E01000001", 2005, 1, 1, "O"},
    {"LSOA11", "W01000001", 2005, 1, 1, "N"},
    {"LSOA11", "Z99999999", 2005, 1, 1, "U"},
    {"LSOA11", "E99999999", 2005, 1, 1, "U"},
    {"LSOA11", "L99999999", 2005, 1, 1, "N"},
    {"LSOA11", "M99999999", 2005, 1, 1, "N"},
    {"CCG_RESIDENCE", "02T", 2005, 1, 1, "O"},
    {"RESPCT06", "A23456789012345678", 2005, 1, 1, "U"},
};

static void codes_land_where_the_rules_say(void **state)
{
    hst_study study = plain_study();
    hst_areas *areas = build(&study);
    hst_area_special special = hst_areas_special(areas);

    (void)state;
    for (size_t i = 0; i < sizeof map_cases / sizeof map_cases[0]; i++) {
        const struct map_case *c = &map_cases[i];
        hst_area_rule rule = hst_areas_rule(areas, hst_area_family_of(c->column), c->code);
        hst_date date = c->year ? hst_date_from_civil(c->year, c->month, c->day) : HST_DATE_MISSING;
        uint32_t area = hst_areas_at(areas, &rule, date);
        const char *got = area == special.other         ? "O"
                          : area == special.unknown     ? "U"
                          : area == special.not_england ? "N"
                                                        : hst_areas_code(areas, area);

        if (strcmp(got, c->area) != 0) {
            fail_msg("%s %s in %d: %s, not %s", c->column, c->code, c->year, got, c->area);
        }
    }
    hst_areas_free(areas);
}

static void a_fixed_code_needs_no_date(void **state)
{
    hst_study study = plain_study();
    hst_areas *areas = build(&study);
    uint32_t area = 0;

    (void)state;
    assert_true(hst_areas_map_is_fixed(areas, "5NK", &area));
    assert_string_equal(hst_areas_code(areas, area), "5NK");
    assert_true(hst_areas_map_is_fixed(areas, "5J6", &area)); /* the lookup says itself */
    assert_true(hst_areas_map_is_fixed(areas, "5K1", &area)); /* OTHER before and after */
    assert_false(hst_areas_map_is_fixed(areas, "5FW", &area));
    assert_int_equal(hst_areas_map(areas, "5FW", hst_date_from_civil(2005, 1, 1)), 3);
    hst_areas_free(areas);
}

static void the_list_is_sorted_and_named(void **state)
{
    static char *sites[] = {(char *)"5NK", (char *)"5J6"};
    hst_study study = plain_study();
    hst_areas *areas = NULL;

    (void)state;
    study.areas.sites = (hst_texts){2, sites};
    areas = build(&study);
    assert_int_equal(hst_areas_n(areas), 4);
    assert_string_equal(hst_areas_code(areas, 0), "5A3");
    assert_string_equal(hst_areas_code(areas, 3), "5QL");
    assert_string_equal(hst_areas_name(areas, 3), "Somerset");
    assert_true(hst_areas_is_site(areas, 1));
    assert_false(hst_areas_is_site(areas, 3));
    hst_areas_free(areas);
}

static void population_areas_stand_in_for_names(void **state)
{
    static char *codes[] = {(char *)"5QL", (char *)"ENG", (char *)"5J6"};
    static hst_comparator england = {(char *)"England", NULL, (char *)"ENG"};
    const hst_texts population = {3, codes};
    hst_study study = {.path = (char *)"study.yaml"};
    hst_areas *areas = NULL;
    const hst_area_group *group = NULL;

    (void)state;
    study.areas.comparators = &england;
    study.areas.n_comparators = 1;
    assert_int_equal(hst_areas_build(&areas, &study, &population, NULL, 0, NULL), HST_OK);
    assert_int_equal(hst_areas_n(areas), 2); /* the row for the whole is no area */
    assert_string_equal(hst_areas_name(areas, 0), "");
    assert_int_equal(hst_areas_n_groups(areas), 1);
    group = hst_areas_group(areas, 0);
    assert_string_equal(group->name, "England");
    assert_string_equal(group->population_area, "ENG");
    assert_true(group->is_england);
    assert_int_equal(group->n_members, 2);
    hst_areas_free(areas);
}

static hst_areas *build_similar(const char *text, hst_error *err)
{
    static char *sites[] = {(char *)"5NK", (char *)"5J6"};
    static hst_comparator similar = {(char *)"Similar areas", NULL, NULL};
    hst_study study = plain_study();
    hst_areas *areas = NULL;

    similar.file = write_file("similar.csv", text);
    study.areas.sites = (hst_texts){2, sites};
    study.areas.comparators = &similar;
    study.areas.n_comparators = 1;
    if (hst_areas_build(&areas, &study, NULL, NULL, 0, err)) {
        assert_null(areas);
    }
    return areas;
}

static void equal_members_make_one_comparator(void **state)
{
    hst_areas *areas = build_similar("area,comparator\n5J6,5QL\n5NK,5A3\n5NK,5QL\n5J6,5A3\n", NULL);
    const hst_area_group *group = NULL;

    (void)state;
    assert_int_equal(hst_areas_n_groups(areas), 1);
    group = hst_areas_group(areas, 0);
    assert_string_equal(group->name, "Similar areas");
    assert_int_equal(group->site, UINT32_MAX);
    assert_int_equal(group->n_members, 2);
    assert_close(group->members[1].weight, 1, 0);
    hst_areas_free(areas);
}

static void different_members_make_one_for_each_site(void **state)
{
    hst_areas *areas = build_similar("area,comparator,weight\n5NK,5A3,0.5\n5J6,5A3,2\n5QL,5A3,1\n"
                                     "5NK,5QL,1\n",
                                     NULL);

    (void)state;
    assert_int_equal(hst_areas_n_groups(areas), 2); /* 5QL is no site */
    assert_string_equal(hst_areas_group(areas, 0)->name, "Similar areas (5J6)");
    assert_string_equal(hst_areas_group(areas, 1)->name, "Similar areas (5NK)");
    assert_int_equal(hst_areas_group(areas, 1)->n_members, 2);
    assert_close(hst_areas_group(areas, 1)->members[0].weight, 0.5, 0);
    hst_areas_free(areas);
}

static struct similar_case {
    const char *name, *text, *message;
} similar_cases[] = {
    {"unknown member", "area,comparator\n5J6,5ZZ\n", "line 2, column comparator"},
    {"unknown site", "area,comparator\n5ZZ,5J6\n", "line 2, column area"},
    {"a pair twice", "area,comparator\n5J6,5QL\n5J6,5QL\n", "line 3: the pair stands twice"},
    {"weight of zero", "area,comparator,weight\n5J6,5QL,0\n", "line 2: a weight"},
    {"no weight", "area,comparator,weight\n5J6,5QL,\n", "line 2"},
    {"no site's row", "area,comparator\n5QL,5A3\n", "no row for any site"},
    {"a column missing", "area,weight\n5QL,1\n", "comparator"},
};

static void faults_of_a_comparator_file_are_named(void **state)
{
    const struct similar_case *c = *state;
    hst_error err = {0};

    assert_null(build_similar(c->text, &err));
    assert_non_null(strstr(err.message, c->message));
}

static struct lookup_case {
    const char *name, *row, *message;
} lookup_cases[] = {
    {"a share", "5FY,2001-04-01,2006-09-30,5QL,0.5\n", "line 3: a share other than 1"},
    {"no share", "5FY,2001-04-01,2006-09-30,5QL,\n", "line 3"},
    {"overlap", "5FW,2006-09-30,2007-09-30,5J6,1\n", "lines 2 and 3: two rows of one code_from"},
    {"no date", "5FY,2001-02-30,2006-09-30,5QL,1\n", "line 3, column valid_from: not a date"},
    {"dates swapped", "5FY,2006-09-30,2001-04-01,5QL,1\n", "line 3: valid_from is after"},
    {"no code", ",2001-04-01,2006-09-30,5QL,1\n", "line 3, column code_from"},
    {"no target", "5FY,2001-04-01,2006-09-30,,1\n", "line 3, column code_to"},
};

static void faults_of_a_lookup_are_named(void **state)
{
    const struct lookup_case *c = *state;
    hst_study study = plain_study();
    hst_areas *areas = NULL;
    hst_error err = {0};
    char text[256];

    snprintf(text, sizeof text,
             "code_from,valid_from,valid_to,code_to,share\n5FW,2001-04-01,2006-09-30,5QL,1\n%s",
             c->row);
    study.areas.lookup = write_file("bad.csv", text);
    assert_int_equal(hst_areas_build(&areas, &study, NULL, NULL, 0, &err), HST_ERR_INPUT);
    assert_null(areas);
    assert_non_null(strstr(err.message, c->message));
}

static void other_faults_are_named(void **state)
{
    static char *sites[] = {(char *)"5ZZ"};
    hst_study study = plain_study();
    hst_areas *areas = NULL;
    hst_error err = {0};

    (void)state;
    study.areas.sites = (hst_texts){1, sites};
    assert_int_equal(hst_areas_build(&areas, &study, NULL, NULL, 0, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "site `5ZZ`"));

    study = plain_study();
    study.areas.names = write_file("twice.csv", "code,name\n5J6,A\n5J600,B\n");
    assert_int_equal(hst_areas_build(&areas, &study, NULL, NULL, 0, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "5J6 stands twice"));

    study.areas.names = write_file("empty_code.csv", "code,name\n,A\n");
    assert_int_equal(hst_areas_build(&areas, &study, NULL, NULL, 0, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "line 2"));

    study.areas.names = write_file("no_code.csv", "area,name\n5J6,A\n");
    assert_int_equal(hst_areas_build(&areas, &study, NULL, NULL, 0, &err), HST_ERR_INPUT);

    study = plain_study();
    study.areas.type = (char *)"ward";
    assert_int_equal(hst_areas_build(&areas, &study, NULL, NULL, 0, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "ward"));
    assert_null(areas);
}

/* The column in use is decided by the file's header alone. */
static void the_first_column_of_the_preference_is_used(void **state)
{
    static char *fields[] = {(char *)"respct", (char *)"LSOA11"};
    static char *roles[] = {(char *)"area"}, *columns[] = {(char *)"my_pct"};
    static hst_study_extract extract = {.column_roles = {1, roles}, .column_names = {1, columns}};
    hst_study study = plain_study();
    hst_segment_info info = {.n_area_columns = 4,
                             .area_columns = {"LSOA11", "RESPCT", "RESPCT06", "MY_PCT"}};
    hst_areas *areas = build(&study);

    (void)state;
    assert_int_equal(hst_areas_column(areas, &info), 2); /* type: pct */
    hst_areas_free(areas);
    study.areas.field = (hst_texts){2, fields};
    areas = build(&study);
    assert_int_equal(hst_areas_column(areas, &info), 1); /* as named, before its family */
    info.n_area_columns = 1;
    assert_int_equal(hst_areas_column(areas, &info), 0);
    info.n_area_columns = 0;
    assert_int_equal(hst_areas_column(areas, &info), SIZE_MAX);
    hst_areas_free(areas);
    study.areas.field = (hst_texts){0};
    study.extracts = &extract;
    study.n_extracts = 1;
    info.n_area_columns = 4;
    areas = build(&study);
    assert_int_equal(hst_areas_column(areas, &info), 3);
    hst_areas_free(areas);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hestia-area-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    enum {
        N_SIMILAR = sizeof similar_cases / sizeof similar_cases[0],
        N_LOOKUPS = sizeof lookup_cases / sizeof lookup_cases[0]
    };
    struct CMUnitTest tests[N_SIMILAR + N_LOOKUPS + 8] = {
        cmocka_unit_test(codes_land_where_the_rules_say),
        cmocka_unit_test(a_fixed_code_needs_no_date),
        cmocka_unit_test(the_list_is_sorted_and_named),
        cmocka_unit_test(population_areas_stand_in_for_names),
        cmocka_unit_test(equal_members_make_one_comparator),
        cmocka_unit_test(different_members_make_one_for_each_site),
        cmocka_unit_test(other_faults_are_named),
        cmocka_unit_test(the_first_column_of_the_preference_is_used),
    };
    size_t n = 8;

    for (size_t i = 0; i < N_SIMILAR; i++) {
        tests[n++] = (struct CMUnitTest){.name = similar_cases[i].name,
                                         .test_func = faults_of_a_comparator_file_are_named,
                                         .initial_state = &similar_cases[i]};
    }
    for (size_t i = 0; i < N_LOOKUPS; i++) {
        tests[n++] = (struct CMUnitTest){.name = lookup_cases[i].name,
                                         .test_func = faults_of_a_lookup_are_named,
                                         .initial_state = &lookup_cases[i]};
    }
    return _cmocka_run_group_tests("area", tests, n, make_folder, remove_folder);
}
