/* Which measures a suspected recording break stands in. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/standard.h"
#include "hestia/touch.h"

static const char study_text[] =
    "study: touched\n"
    "period: {from: 2008-04-01, to: 2011-03-31}\n"
    "extracts: [{dataset: apc, files: a.csv}, {dataset: op, files: o.csv}]\n"
    "areas: {names: names.csv, sites: [5QL, 5J6]}\n"
    "providers: {merge: merge.csv}\n"
    "measures:\n"
    "  - {id: all, dataset: op, statistic: count}\n"
    "  - {id: inpatients, statistic: count}\n"
    "  - {id: diabetic, dataset: op, statistic: count, where: {specialty: [302, 307]}}\n"
    "  - {id: either, dataset: op, statistic: count, where: {any: [{specialty: 300},\n"
    "     {specialty: 307, sex: 1}]}}\n"
    "  - {id: elsewhere, dataset: op, statistic: count, where: {provider: [RA9, RTG],\n"
    "     any: [{specialty: 300}, {specialty: 307}]}}\n"
    "  - {id: old_code, dataset: op, statistic: count, where: {provider: RXA}}\n"
    "  - {id: out_here, dataset: op, statistic: count,\n"
    "     exclude_providers: [{code: RD1, areas: [5QL]}]}\n"
    "  - {id: out_everywhere, dataset: op, statistic: count, exclude_providers: [{code: RXA}]}\n"
    "  - {id: early, dataset: op, statistic: count, period: {from: 2008-04-01, to: 2009-03-31}}\n"
    "  - {id: by_consultant, dataset: op, statistic: count, where: {main_specialty: 430}}\n"
    "  - {id: table, dataset: table, file: table.csv, statistic: count}\n"
    "publish: {disclosure: none}\n";

static const char *const files[][2] = {
    {"study.yaml", study_text},
    {"names.csv", "code,name\n5J6,Calderdale\n5QL,Somerset\n"},
    {"merge.csv", "code_from,code_to\nRXA,RD1\n"},
    {"table.csv", "period,area,value\n"},
};

enum { N_FILES = sizeof files / sizeof files[0], CALDERDALE = 0, SOMERSET = 1 };

typedef struct fixture {
    char folder[64];
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_measures *measures;
    hst_areas *areas;
} fixture;

static void path_of(const fixture *f, size_t i, char path[128])
{
    snprintf(path, 128, "%s/%s", f->folder, files[i][0]);
}

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    char path[128];
    hst_error err = {0};

    assert_non_null(f);
    strcpy(f->folder, "/tmp/hestia-touch-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    for (size_t i = 0; i < N_FILES; i++) {
        FILE *file = NULL;

        path_of(f, i, path);
        file = fopen(path, "w");
        assert_non_null(file);
        fputs(files[i][1], file);
        assert_int_equal(fclose(file), 0);
    }
    path_of(f, 0, path);
    if (hst_study_read(&f->study, path, &err) != HST_OK ||
        hst_conditions_read(&f->conditions, NULL, &err) != HST_OK ||
        hst_standard_read(&f->standard, "esp2013", &err) != HST_OK ||
        hst_measures_compile(&f->measures, f->study, f->conditions, &f->standard.bands, &err) !=
            HST_OK ||
        hst_areas_build(&f->areas, f->study, NULL, NULL, 0, &err) != HST_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    char path[128];

    for (size_t i = 0; i < N_FILES; i++) {
        path_of(f, i, path);
        unlink(path);
    }
    rmdir(f->folder);
    hst_areas_free(f->areas);
    hst_measures_free(f->measures);
    hst_conditions_free(f->conditions);
    hst_study_free(f->study);
    free(f);
    return 0;
}

static hst_break suspect_of(hst_dataset dataset, uint32_t area, const char *provider,
                            const char *specialty, int year, int month)
{
    hst_break suspect = {.dataset = dataset, .area = area};

    snprintf(suspect.provider, sizeof suspect.provider, "%s", provider);
    snprintf(suspect.specialty, sizeof suspect.specialty, "%s", specialty);
    suspect.month = hst_period_of(HST_BY_MONTH, hst_date_from_civil(year, month, 1));
    suspect.low = suspect.high = suspect.month;
    return suspect;
}

/** Ids of the measures that are touched, in the order of the study. */
static void assert_touched(const fixture *f, const hst_break *suspect, uint32_t area,
                           const char *expected)
{
    char touched[256] = "";

    for (size_t m = 0; m < f->study->n_measures; m++) {
        if (hst_break_touches(suspect, f->study, f->measures, m, f->areas, area)) {
            strcat(touched, touched[0] ? " " : "");
            strcat(touched, f->study->measures[m].id);
        }
    }
    assert_string_equal(touched, expected);
}

static void filters_and_exclusions_decide(void **state)
{
    static const struct {
        hst_dataset dataset;
        uint32_t area;
        const char *provider, *specialty, *expected;
    } cases[] = {
        {HST_DATASET_OP, SOMERSET, "RD1", "307", "all diabetic either old_code by_consultant"},
        {HST_DATASET_OP, SOMERSET, "RD1", "300", "all either old_code by_consultant"},
        {HST_DATASET_OP, SOMERSET, "RD1", "110", "all old_code by_consultant"},
        /* of all specialties of the provider, each can be the one */
        {HST_DATASET_OP, SOMERSET, "RD1", "", "all diabetic either old_code by_consultant"},
        {HST_DATASET_OP, CALDERDALE, "RD1", "110", "all old_code out_here by_consultant"},
        {HST_DATASET_OP, SOMERSET, "RTG", "300",
         "all either elsewhere out_here out_everywhere by_consultant"},
        {HST_DATASET_OP, SOMERSET, "RTG", "110", "all out_here out_everywhere by_consultant"},
        {HST_DATASET_APC, SOMERSET, "RD1", "307", "inpatients"},
        {HST_DATASET_AE, SOMERSET, "RD1", "", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hst_break suspect = suspect_of(cases[i].dataset, cases[i].area, cases[i].provider,
                                       cases[i].specialty, 2010, 4);

        assert_touched(*state, &suspect, cases[i].area, cases[i].expected);
    }
}

static void other_areas_are_not_touched(void **state)
{
    hst_break suspect = suspect_of(HST_DATASET_OP, SOMERSET, "RD1", "307", 2010, 4);

    assert_touched(*state, &suspect, CALDERDALE, "");
}

static void break_outside_the_measures_period_is_not_in_it(void **state)
{
    hst_break suspect = suspect_of(HST_DATASET_OP, SOMERSET, "RTG", "110", 2009, 5);

    assert_touched(*state, &suspect, SOMERSET, "all out_here out_everywhere by_consultant");
    suspect.low = hst_period_of(HST_BY_MONTH, hst_date_from_civil(2009, 3, 1)); /* or before? */
    assert_touched(*state, &suspect, SOMERSET, "all out_here out_everywhere early by_consultant");
    suspect = suspect_of(HST_DATASET_OP, SOMERSET, "RTG", "110", 2008, 3);
    assert_touched(*state, &suspect, SOMERSET, "");
    suspect.high = hst_period_of(HST_BY_MONTH, hst_date_from_civil(2008, 4, 1));
    assert_touched(*state, &suspect, SOMERSET, "all out_here out_everywhere early by_consultant");
    suspect.low.label[0] = suspect.high.label[0] = '\0'; /* no range known */
    assert_touched(*state, &suspect, SOMERSET, "");
}

#define TEST(test) cmocka_unit_test(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(filters_and_exclusions_decide),
        TEST(other_areas_are_not_touched),
        TEST(break_outside_the_measures_period_is_not_in_it),
    };

    return cmocka_run_group_tests_name("touch", tests, open_fixture, close_fixture);
}
