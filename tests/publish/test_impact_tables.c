/* impact.csv, site-review.csv, sensitivity.csv, breaks.csv, and what the manifest says of them. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/standard.h"
#include "publish/manifest_internal.h"
#include "publish/tables.h"
#include "publish/tree.h"

static const char study_text[] =
    "study: judged\n"
    "period: {from: 2008-04-01, to: 2011-03-31}\n"
    "extracts: [{dataset: apc, files: a.csv}, {dataset: op, files: o.csv}]\n"
    "areas: {names: names.csv, sites: [5NK, 5QL], comparators: [{name: England, areas: all}]}\n"
    "providers: {names: providers.csv}\n"
    "measures:\n"
    "  - {id: los, title: 'Mean stay, days', statistic: mean_los, by: month}\n"
    "  - {id: clinics, dataset: op, statistic: count, by: month}\n"
    "  - {id: diabetic, dataset: op, statistic: count, by: month, where: {specialty: 307}}\n"
    "impact:\n"
    "  - {id: memory, site: 5NK, measures: los, date: 2010-10-01, expected: lower,\n"
    "     methods: [its, trend, did], options: {its: {model: ols, lag: 3}}}\n"
    "  - {id: clinic, site: 5QL, measures: [clinics, diabetic], dates: [2009-10-01, 2010-10-01],\n"
    "     phase_in: {from: 2009-10-01, to: 2009-10-31}, by: month}\n"
    "breaks: {size: 0.25}\n"
    "publish: {disclosure: none}\n";

typedef struct fixture {
    char folder[64];
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_measures *measures;
    hst_areas *areas;
    hst_publication publication;
} fixture;

enum { QL = 2, NK = 1 }; /* names.csv: 5J6, 5NK, 5QL */

static void write_text(const fixture *f, const char *name, const char *text)
{
    char path[128];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    char path[128];
    hst_error err = {0};

    assert_non_null(f);
    strcpy(f->folder, "/tmp/hestia-impact-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    write_text(f, "names.csv", "code,name\n5J6,Calderdale\n5NK,Wirral\n5QL,Somerset\n");
    write_text(f, "providers.csv", "code,name\nRD1,\"Royal United Hospital, Bath\"\n");
    snprintf(path, sizeof path, "%s/study.yaml", f->folder);
    write_text(f, "study.yaml", study_text);
    if (hst_study_read(&f->study, path, &err) != HST_OK ||
        hst_conditions_read(&f->conditions, NULL, &err) != HST_OK ||
        hst_standard_read(&f->standard, "esp2013", &err) != HST_OK ||
        hst_measures_compile(&f->measures, f->study, f->conditions, &f->standard.bands, &err) !=
            HST_OK ||
        hst_areas_build(&f->areas, f->study, NULL, NULL, 0, &err) != HST_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    f->publication =
        (hst_publication){.study = f->study, .measures = f->measures, .areas = f->areas};
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    hst_status status = hst_tree_remove(f->folder, NULL);

    hst_areas_free(f->areas);
    hst_measures_free(f->measures);
    hst_conditions_free(f->conditions);
    hst_study_free(f->study);
    free(f);
    return status == HST_OK ? 0 : -1;
}

/** Writes a table and compares all of it. */
static void assert_table(fixture *f, const hst_result_table *table, const char *expected)
{
    char path[128], *text = calloc(1, 8192);
    FILE *file = NULL;
    hst_error err = {0};

    assert_non_null(text);
    snprintf(path, sizeof path, "%s/table.csv", f->folder);
    if (hst_csv_table_write(table, &f->publication, path, 0644, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    file = fopen(path, "r");
    assert_non_null(file);
    assert_in_range(fread(text, 1, 8191, file), 1, 8190);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
}

#define IMPACT_HEADER                                                                              \
    "impact,site_code,measure,method,primary,comparator,term,estimate,unit,se,lowercl,uppercl,p,"  \
    "n_before,n_after,detectable,break_flag,excluded,refused,note,placebo_dates,n_placebo_dates,"  \
    "placebo_areas,n_placebo_areas,suppressed\n"
#define REVIEW_HEADER                                                                              \
    "site_code,site_name,measure,title,unit,baseline_from,baseline_to,baseline_count,"             \
    "baseline_value,baseline_lowercl,baseline_uppercl,review_from,review_to,review_count,"         \
    "review_value,review_lowercl,review_uppercl,change,change_lowercl,change_uppercl,"             \
    "change_percent,comparator,comparator_change,difference,difference_lowercl,"                   \
    "difference_uppercl,p,p_method,detectable,expected,verdict,break_flag,incomplete,sentence,"    \
    "impact,suppressed,effect_percent,effect_percent_lowercl,effect_percent_uppercl,comparator_"   \
    "percent\n"
#define SENSITIVITY_HEADER                                                                         \
    "impact,site_code,measure,dimension,alternative,estimate,lowercl,uppercl,p,note,suppressed\n"
#define BREAKS_HEADER                                                                              \
    "dataset,area_code,provider,specialty,month,size,share_of_area,measures_affected,statistic,p," \
    "q,provider_name,low_month,high_month,suspect,suppressed\n"

static void without_services_the_tables_are_their_headers(void **state)
{
    assert_table(*state, &hst_impact_table, IMPACT_HEADER);
    assert_table(*state, &hst_review_table, REVIEW_HEADER);
    assert_table(*state, &hst_sensitivity_table, SENSITIVITY_HEADER);
    assert_table(*state, &hst_breaks_table, BREAKS_HEADER);
}

static void findings_and_sensitivities_have_the_columns_of_the_interface(void **state)
{
    fixture *f = *state;
    hst_finding findings[] = {
        {.impact = 0,
         .site = NK,
         .measure = 0,
         .method = "its",
         .is_primary = true,
         .comparator = "",
         .term = "level",
         .unit = "days",
         .estimate = -1.0 / 3,
         .se = 0.25,
         .lower = -0.83,
         .upper = 0.17,
         .p = 0.18,
         .n_before = 30,
         .n_after = 5,
         .detectable = 0.214,
         .break_flag = "RD1 apc 2010-04",
         .excluded = "RD1",
         .note = "seasonal \"dummies\", no",
         .placebo_dates = 0.25,
         .n_placebo_dates = 16,
         .placebo_areas = NAN},
        {.impact = 1,
         .site = QL,
         .measure = 1,
         .method = "did",
         .comparator = "England",
         .term = "effect",
         .unit = "ratio",
         .estimate = NAN,
         .se = NAN,
         .lower = NAN,
         .upper = NAN,
         .p = NAN,
         .n_before = 17,
         .n_after = 3,
         .detectable = NAN,
         .break_flag = "",
         .excluded = "",
         .is_refused = true,
         .note = "3 points after the date; 4 are needed",
         .placebo_dates = NAN,
         .placebo_areas = 0,
         .n_placebo_areas = 150},
    };
    hst_sensitivity sensitivities[] = {
        {.impact = 0,
         .site = NK,
         .measure = 0,
         .dimension = "unit",
         .alternative = "cips",
         .estimate = -0.5,
         .lower = -1,
         .upper = 0.0625,
         .p = 0.07,
         .note = ""},
        {.impact = 1,
         .site = QL,
         .measure = 2,
         .dimension = "zero-day stays",
         .alternative = "out",
         .estimate = NAN,
         .lower = NAN,
         .upper = NAN,
         .p = NAN,
         .note = "attendances have no length"},
    };
    hst_impact impact = {.n_findings = 2,
                         .findings = findings,
                         .n_sensitivities = 2,
                         .sensitivities = sensitivities};

    f->publication.impact = &impact;
    assert_table(f, &hst_impact_table,
                 IMPACT_HEADER
                 "memory,5NK,los,its,1,,level,-0.333333333333333,days,0.25,-0.83,0.17,"
                 "0.18,30,5,0.214,RD1 apc 2010-04,RD1,0,\"seasonal \"\"dummies\"\", "
                 "no\",0.25,16,,,0\n"
                 "clinic,5QL,clinics,did,0,England,effect,,ratio,,,,,17,3,,,,1,3 points "
                 "after the date; 4 are needed,,,0,150,0\n");
    assert_table(f, &hst_sensitivity_table,
                 SENSITIVITY_HEADER
                 "memory,5NK,los,unit,cips,-0.5,-1,0.0625,0.07,,0\n"
                 "clinic,5QL,diabetic,zero-day stays,out,,,,,attendances have no "
                 "length,0\n");
    f->publication.impact = NULL;
}

static const hst_review reviews[] = {
    {.impact = 0,
     .site = NK,
     .measure = 0,
     .unit = "days",
     .baseline_from = 14518, /* 2009-10-01 */
     .baseline_to = 14668,
     .review_from = 14883,
     .review_to = 15033,
     .baseline = {.total_count = 173, .value = 21.5, .lowercl = 20.25, .uppercl = 22.75},
     .review = {.total_count = 181, .value = 20, .lowercl = 18.75, .uppercl = 21.25},
     .change = -1.5,
     .change_lower = -3.25,
     .change_upper = 0.25,
     .change_percent = -6.97674418604651,
     .comparator = "England",
     .comparator_change = -0.5,
     .comparator_percent = -2.5,
     .difference = -1,
     .difference_lower = -2.75,
     .difference_upper = 0.75,
     .p = 0.18,
     .p_method = "its",
     .detectable = 0.214,
     .effect_percent = -8.25,
     .effect_percent_lower = -17.5,
     .effect_percent_upper = 1.125,
     .expected = HST_EXPECTED_LOWER,
     .verdict = HST_CANNOT_TELL,
     .break_flag = "",
     .is_incomplete = true,
     .sentence = "Cannot tell: only a fall of 21 % would have shown."},
    {.impact = 0,
     .site = NK,
     .measure = 0,
     .comparator = "Similar areas",
     .verdict = HST_CANNOT_TELL,
     .baseline = {.total_count = NAN, .value = NAN, .lowercl = NAN, .uppercl = NAN},
     .review = {.total_count = NAN, .value = NAN, .lowercl = NAN, .uppercl = NAN},
     .baseline_from = HST_DATE_MISSING,
     .baseline_to = HST_DATE_MISSING,
     .review_from = HST_DATE_MISSING,
     .review_to = HST_DATE_MISSING,
     .change = NAN,
     .change_lower = NAN,
     .change_upper = NAN,
     .change_percent = NAN,
     .comparator_change = NAN,
     .comparator_percent = NAN,
     .difference = NAN,
     .difference_lower = NAN,
     .difference_upper = NAN,
     .p = NAN,
     .detectable = NAN,
     .effect_percent = NAN,
     .effect_percent_lower = NAN,
     .effect_percent_upper = NAN},
    {.impact = 1, .site = QL, .measure = 1, .verdict = HST_CHANGE},
    {.impact = 1, .site = QL, .measure = 2, .verdict = HST_NO_CLEAR_CHANGE},
};

static void review_has_the_columns_of_the_interface(void **state)
{
    fixture *f = *state;
    hst_review rows[2] = {reviews[0], reviews[1]};
    hst_impact impact = {.n_reviews = 2, .reviews = rows};

    f->publication.impact = &impact;
    assert_table(
        f, &hst_review_table,
        REVIEW_HEADER
        "5NK,Wirral,los,\"Mean stay, days\",days,2009-10-01,2010-02-28,173,21.5,20.25,22.75,"
        "2010-10-01,2011-02-28,181,20,18.75,21.25,-1.5,-3.25,0.25,-6.97674418604651,England,-0.5,-"
        "1,"
        "-2.75,0.75,0.18,its,0.214,lower,cannot tell,,1,Cannot tell: only a fall of 21 % would "
        "have "
        "shown.,memory,0,-8.25,-17.5,1.125,-2.5\n"
        "5NK,Wirral,los,\"Mean stay, days\",,,,,,,,,,,,,,,,,,Similar areas,,,,,,,,none,cannot "
        "tell,,0,,memory,0,,,,\n");
    f->publication.impact = NULL;
}

static hst_break suspect_of(const char *provider, const char *specialty)
{
    hst_break suspect = {.dataset = HST_DATASET_OP,
                         .area = QL,
                         .month = hst_period_of(HST_BY_MONTH, hst_date_from_civil(2010, 4, 1)),
                         .low = hst_period_of(HST_BY_MONTH, hst_date_from_civil(2010, 3, 1)),
                         .high = hst_period_of(HST_BY_MONTH, hst_date_from_civil(2010, 6, 1)),
                         .size = 0.67,
                         .share_of_area = 0.125,
                         .statistic = 41.5,
                         .p = 0.0001,
                         .q = 0.003,
                         .is_suspect = true};

    snprintf(suspect.provider, sizeof suspect.provider, "%s", provider);
    snprintf(suspect.specialty, sizeof suspect.specialty, "%s", specialty);
    return suspect;
}

static void suspects_name_provider_and_measures(void **state)
{
    fixture *f = *state;
    hst_break items[] = {suspect_of("RD1", ""), suspect_of("RA9", "110")};
    hst_breaks breaks = {.n = 2, .items = items, .n_screened = 7, .n_series = 9};

    items[1].is_suspect = false;
    f->publication.breaks = &breaks;
    assert_table(
        f, &hst_breaks_table,
        BREAKS_HEADER
        "op,5QL,RD1,,2010-04,0.67,0.125,clinics;diabetic,41.5,0.0001,0.003,\"Royal United "
        "Hospital, Bath\",2010-03,2010-06,1,0\n"
        "op,5QL,RA9,110,2010-04,0.67,0.125,clinics,41.5,0.0001,0.003,,2010-03,2010-06,0,0\n");
    f->publication.breaks = NULL;
}

static void names_without_a_column_stop_the_table(void **state)
{
    fixture *f = *state;
    hst_breaks breaks = {0};
    char path[128];
    hst_error err = {0};

    snprintf(path, sizeof path, "%s/breaks.csv", f->folder);
    write_text(f, "providers.csv", "code,title\nRD1,Bath\n");
    f->publication.breaks = &breaks;
    assert_int_equal(hst_csv_table_write(&hst_breaks_table, &f->publication, path, 0644, &err),
                     HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "providers.csv"));
    assert_int_equal(access(path, F_OK), -1);
    f->publication.breaks = NULL;
}

static void assert_json(json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_SORT_KEYS | JSON_REAL_PRECISION(6));

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void manifest_has_the_services_as_declared(void **state)
{
    fixture *f = *state;

    assert_json(
        hst_manifest_services(&f->publication),
        "[{\"baseline\": {\"from\": \"2009-10-01\", \"to\": \"2010-03-31\"}, \"by\": \"\", "
        "\"comparators\": [\"England\"], \"dates\": [\"2010-10-01\"], \"expected\": "
        "\"lower\", \"impact\": \"memory\", \"meaningful\": 0.1, \"measures\": [\"los\"], "
        "\"methods\": {\"did\": \"model two-way, variance placebo\", \"its\": \"model ols, "
        "season auto, errors robust, lag 3, slope true\", \"trend\": \"errors ols\"}, "
        "\"phase_in\": null, \"primary\": \"its\", \"review\": {\"from\": "
        "\"2010-10-01\", \"to\": \"2011-03-31\"}, \"sites\": [\"5NK\"], \"window\": null}, "
        "{\"baseline\": {\"from\": \"2008-10-01\", \"to\": \"2009-03-31\"}, \"by\": "
        "\"month\", \"comparators\": [\"England\"], \"dates\": [\"2009-10-01\", "
        "\"2010-10-01\"], \"expected\": \"none\", \"impact\": \"clinic\", \"meaningful\": "
        "0.1, \"measures\": [\"clinics\", \"diabetic\"], \"methods\": {\"its\": \"model auto, "
        "season auto, errors robust, lag by rule, slope true\", \"pre_post\": \"interval "
        "exact\"}, \"phase_in\": {\"from\": \"2009-10-01\", \"to\": \"2009-10-31\"}, "
        "\"primary\": \"its\", \"review\": {\"from\": \"2010-10-01\", \"to\": "
        "\"2011-03-31\"}, \"sites\": [\"5QL\"], \"window\": null}]");
}

static void manifest_counts_a_verdict_once_over_comparators(void **state)
{
    fixture *f = *state;
    hst_review rows[4];
    hst_impact impact = {.n_reviews = 4, .reviews = rows, .n_findings = 23, .n_sensitivities = 5};

    memcpy(rows, reviews, sizeof rows);
    f->publication.impact = &impact;
    assert_json(
        hst_manifest_verdicts(&f->publication),
        "{\"reviews\": 4, \"rows\": 23, \"sensitivities\": 5, \"services\": 2, \"verdicts\": "
        "{\"cannot tell\": 1, \"change\": 1, \"no clear change\": 1}}");
    f->publication.impact = NULL;
}

static void manifest_has_the_rules_of_the_screen(void **state)
{
    fixture *f = *state;
    hst_break items[] = {suspect_of("RD1", ""), suspect_of("RA9", "110")};
    hst_breaks breaks = {.n = 2, .items = items, .n_screened = 7, .n_series = 9};

    items[1].is_suspect = false;
    f->publication.breaks = &breaks;
    assert_json(
        hst_manifest_screen(&f->publication),
        "{\"rules\": {\"draws\": 9999, \"max_p\": 0.01, \"min_monthly\": 5.0, \"min_size\": "
        "0.25, \"seed\": 20101001}, \"series\": 9, \"series_screened\": 7, \"suspects\": 1}");
    f->publication.breaks = NULL;
}

#define TEST(test) cmocka_unit_test(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_services_the_tables_are_their_headers),
        TEST(findings_and_sensitivities_have_the_columns_of_the_interface),
        TEST(review_has_the_columns_of_the_interface),
        TEST(suspects_name_provider_and_measures),
        TEST(manifest_has_the_services_as_declared),
        TEST(manifest_counts_a_verdict_once_over_comparators),
        TEST(manifest_has_the_rules_of_the_screen),
        TEST(names_without_a_column_stop_the_table),
    };

    return cmocka_run_group_tests_name("impact tables", tests, open_fixture, close_fixture);
}
