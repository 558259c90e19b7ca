/* From the study's measures to periods, definitions and refusals. */
#include <string.h>

#include "hestia/cube.h"
#include "tests/support.h"

static hst_date day(int year, int month, int d)
{
    return hst_date_from_civil(year, month, d);
}

static hst_measure plain_measure(void)
{
    return (hst_measure){
        .id = (char *)"m",
        .dataset = HST_DATASET_APC,
        .unit = HST_UNIT_ADMISSION,
        .statistic = HST_STAT_DSR,
        .by = HST_BY_QUARTER,
        .period = {hst_date_from_civil(2008, 4, 1), hst_date_from_civil(2011, 3, 31)},
        .line = 12};
}

static void set_code(hst_where *where, hst_where_code key, const char *code)
{
    static char texts[256][40];
    static char *items[256];
    static size_t used;

    snprintf(texts[used], sizeof texts[used], "%s", code);
    items[used] = texts[used];
    if (where->codes[key].n == 0) {
        where->codes[key].items = &items[used];
    }
    where->codes[key].n++;
    used++;
}

static hst_status compile(hst_measures **measures, hst_measure *measure, hst_error *err)
{
    static const hst_age_bands bands = {.n = 1};
    hst_study study = {.path = (char *)"study.yaml", .n_measures = 1, .measures = measure};
    hst_conditions *conditions = NULL;
    hst_status status = HST_OK;

    assert_int_equal(hst_conditions_read(&conditions, NULL, NULL), HST_OK);
    status = hst_measures_compile(measures, &study, conditions, &bands, err);
    hst_conditions_free(conditions);
    return status;
}

/* ---- definitions ---- */

static void check_definition(hst_measure *measure, const char *expected)
{
    hst_measures *measures = NULL;
    hst_error err = {0};

    if (compile(&measures, measure, &err)) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(hst_measures_definition(measures, 0), expected);
    hst_measures_free(measures);
}

static void a_plain_admission_is_defined(void **state)
{
    hst_measure measure = plain_measure();

    (void)state;
    check_definition(&measure,
                     "Finished first episodes of hospital stays (EPISTAT 3, EPIORDER 1) with a "
                     "provider, EPISTART and EPIEND, dated by admission (ADMIDATE); patient class "
                     "1, 2 or 5.");
}

static void every_key_is_in_the_definition(void **state)
{
    static hst_where any[2];
    static char *areas[] = {(char *)"5QL"};
    static hst_excluded_provider excluded = {(char *)"RD1", {1, areas}, (char *)"records rise"};
    hst_measure measure = plain_measure();

    (void)state;
    memset(any, 0, sizeof any);
    measure.unit = HST_UNIT_EPISODE;
    measure.date = HST_DATE_OF_DISCHARGE;
    set_code(&measure.where, HST_WHERE_ADMISSION_METHOD, "emergency");
    measure.where.transfers_excluded = true;
    set_code(&measure.where, HST_WHERE_PATIENT_CLASS, "1");
    set_code(&measure.where, HST_WHERE_SPECIALTY, "307");
    measure.where.has_age = measure.where.has_length_of_stay = true;
    measure.where.age_from = 17;
    measure.where.age_to = 120;
    measure.where.los_to = 3;
    set_code(&measure.where, HST_WHERE_CONDITION, "acsc_copd_j20");
    set_code(&any[0], HST_WHERE_SEX, "1");
    set_code(&any[1], HST_WHERE_PROCEDURE, "K40");
    measure.where.n_any = 2;
    measure.where.any = any;
    measure.excluded_providers = &excluded;
    measure.n_excluded_providers = 1;
    check_definition(
        &measure,
        "Finished episodes (EPISTAT 3) with a provider, EPISTART and EPIEND, dated by discharge "
        "(DISDATE); patient class 1; admission method 21, 22, 23, 24, 25, 28, 2A, 2B, 2C or 2D; no "
        "transfers in (admission method 2B or 81, source 51, 52 or 53); treatment specialty (main "
        "specialty before April 2004) 307; age 17 to 120; length of stay 0 to 3 days; condition "
        "acsc_copd_j20 (1 ICD-10 prefix in the first position, only with 5 ICD-10 prefixes in a "
        "secondary position); any of (sex 1) (procedure K40 (1 OPCS-4 prefix in any position)); "
        "without provider RD1 in 5QL (records rise).");
}

static void non_elective_is_spelt_out(void **state)
{
    hst_measure measure = plain_measure();

    (void)state;
    set_code(&measure.where, HST_WHERE_ADMISSION_METHOD, "non_elective");
    check_definition(&measure,
                     "Finished first episodes of hospital stays (EPISTAT 3, EPIORDER 1) with a "
                     "provider, EPISTART and EPIEND, dated by admission (ADMIDATE); patient class "
                     "1, 2 or 5; admission method other than 11, 12, 13, 98, 99 and none.");
}

/* ---- periods ---- */

static void periods_cut_by_the_window_are_left_out(void **state)
{
    hst_measure measure = plain_measure();
    hst_measures *measures = NULL;
    const hst_period *periods = NULL;

    (void)state;
    measure.by = HST_BY_MONTH | HST_BY_QUARTER | HST_BY_YEAR;
    measure.period = (hst_window){day(2008, 4, 2), day(2010, 4, 30)};
    assert_int_equal(compile(&measures, &measure, NULL), HST_OK);
    assert_int_equal(hst_measures_finest(measures, 0), HST_BY_MONTH);
    assert_int_equal(hst_measures_periods(measures, 0, HST_BY_MONTH, &periods), 24);
    assert_string_equal(periods[0].label, "2008-05");
    assert_string_equal(periods[23].label, "2010-04");
    assert_int_equal(hst_measures_periods(measures, 0, HST_BY_QUARTER, &periods), 7);
    assert_string_equal(periods[0].label, "2008/09 Q2");
    assert_int_equal(hst_measures_periods(measures, 0, HST_BY_YEAR, &periods), 1);
    assert_string_equal(periods[0].label, "2009/10");
    hst_measures_free(measures);
}

static void types_not_asked_for_have_no_periods(void **state)
{
    hst_measure measure = plain_measure();
    hst_measures *measures = NULL;
    const hst_period *periods = NULL;

    (void)state;
    assert_int_equal(compile(&measures, &measure, NULL), HST_OK);
    assert_int_equal(hst_measures_periods(measures, 0, HST_BY_QUARTER, &periods), 12);
    assert_int_equal(hst_measures_periods(measures, 0, HST_BY_MONTH, &periods), 0);
    hst_measures_free(measures);
}

/* ---- refusals ---- */

typedef void change(hst_measure *measure);

#define REFUSED(NAME, CHANGE)                                                                      \
    static void NAME(hst_measure *measure)                                                         \
    {                                                                                              \
        CHANGE;                                                                                    \
    }

REFUSED(of_outpatients, measure->dataset = HST_DATASET_OP)
REFUSED(of_stays, measure->statistic = HST_STAT_MEAN_LOS)
REFUSED(of_attendances, measure->unit = HST_UNIT_ATTENDANCE)
REFUSED(of_attendance_date, measure->date = HST_DATE_OF_ATTENDANCE)
REFUSED(of_split, measure->split = HST_SPLIT_CONDITION)
REFUSED(of_no_window, measure->period.from = HST_DATE_MISSING)
REFUSED(of_a_window_backwards, measure->period.from = measure->period.to + 1)
REFUSED(of_a_window_of_1929, measure->period.from = hst_date_from_civil(1929, 12, 31))
REFUSED(of_no_period, measure->by = 0)
REFUSED(of_a_cohort, set_code(&measure->where, HST_WHERE_COHORT, "diabetes"))
REFUSED(of_attended, set_code(&measure->where, HST_WHERE_ATTENDED, "5"))
REFUSED(of_department, set_code(&measure->where, HST_WHERE_DEPARTMENT, "01"))
REFUSED(of_last_episode, measure->where.episode = HST_EPISODE_LAST)
REFUSED(of_method, set_code(&measure->where, HST_WHERE_ADMISSION_METHOD, "26"))
REFUSED(of_method_group, set_code(&measure->where, HST_WHERE_ADMISSION_METHOD, "urgent"))
REFUSED(of_sex, set_code(&measure->where, HST_WHERE_SEX, "male"))
REFUSED(of_class, set_code(&measure->where, HST_WHERE_PATIENT_CLASS, "12"))
REFUSED(of_source, set_code(&measure->where, HST_WHERE_ADMISSION_SOURCE, "5"))
REFUSED(of_quintile, set_code(&measure->where, HST_WHERE_DEPRIVATION_QUINTILE, "6"))
REFUSED(of_provider, set_code(&measure->where, HST_WHERE_PROVIDER, "R234567890123456"))
REFUSED(of_condition, set_code(&measure->where, HST_WHERE_CONDITION, "diabetes_complication"))
REFUSED(of_procedure, set_code(&measure->where, HST_WHERE_PROCEDURE, "hip"))
REFUSED(of_procedure_set, set_code(&measure->where, HST_WHERE_PROCEDURE, "stroke"))
REFUSED(of_age, (measure->where.has_age = true, measure->where.age_from = 3))

static struct refusal_case {
    const char *name;
    change *apply;
    const char *message;
} refusal_cases[] = {
    {"outpatients by admission", of_outpatients, "attendances are counted by"},
    {"attendances of inpatients", of_attendances, "inpatients have no attendances"},
    {"stays of admissions", of_stays, "need `unit: spell` or `unit: cips`"},
    {"attendance date", of_attendance_date, "attendance date"},
    {"split by no condition", of_split, "`split: condition`"},
    {"no window", of_no_window, "`from`"},
    {"window backwards", of_a_window_backwards, "`from`"},
    {"window before 1930", of_a_window_of_1929, "1930"},
    {"no period type", of_no_period, "`by`"},
    {"a cohort", of_a_cohort, "cohort"},
    {"an outpatient key", of_attended, "`attended` cannot"},
    {"an A&E key", of_department, "`department` cannot"},
    {"last episode", of_last_episode, "`unit: spell` or `cips`"},
    {"a method that does not exist", of_method, "`26` is no code"},
    {"a group that does not exist", of_method_group, "`urgent` is no code"},
    {"sex in words", of_sex, "one character"},
    {"class of two characters", of_class, "one-character"},
    {"source of one character", of_source, "two characters"},
    {"sixth quintile", of_quintile, "1 (most deprived) to 5"},
    {"provider too long", of_provider, "1 to 15 characters"},
    {"unknown set", of_condition, "did you mean `diabetes_complications`?"},
    {"unknown procedure", of_procedure, "no set is called `hip`"},
    {"diagnoses as procedures", of_procedure_set, "belongs under `condition`"},
    {"ages backwards", of_age, "age is [from, to]"},
};

static void what_cannot_be_counted_is_refused(void **state)
{
    const struct refusal_case *c = *state;
    hst_measure measure = plain_measure();
    hst_measures *measures = NULL;
    hst_error err = {0};

    c->apply(&measure);
    assert_int_equal(compile(&measures, &measure, &err), HST_ERR_USAGE);
    assert_null(measures);
    assert_non_null(strstr(err.message, "study.yaml, line 12: measure `m`: "));
    if (!strstr(err.message, c->message)) {
        fail_msg("%s", err.message);
    }
}

/* A fault inside `any` names the line of the sub-filter. */
static void a_fault_inside_any_names_its_line(void **state)
{
    static hst_where any[1];
    hst_measure measure = plain_measure();
    hst_measures *measures = NULL;
    hst_error err = {0};

    (void)state;
    memset(any, 0, sizeof any);
    set_code(&any[0], HST_WHERE_CONDITION, "nothing_like_it");
    any[0].line = 17;
    measure.where.n_any = 1;
    measure.where.any = any;
    assert_int_equal(compile(&measures, &measure, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "study.yaml, line 17: measure `m`: condition: no set"));
}

int main(void)
{
    enum { N_REFUSALS = sizeof refusal_cases / sizeof refusal_cases[0] };
    struct CMUnitTest tests[N_REFUSALS + 6] = {
        cmocka_unit_test(a_plain_admission_is_defined),
        cmocka_unit_test(every_key_is_in_the_definition),
        cmocka_unit_test(non_elective_is_spelt_out),
        cmocka_unit_test(periods_cut_by_the_window_are_left_out),
        cmocka_unit_test(types_not_asked_for_have_no_periods),
        cmocka_unit_test(a_fault_inside_any_names_its_line),
    };

    for (size_t i = 0; i < N_REFUSALS; i++) {
        tests[6 + i] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                           .test_func = what_cannot_be_counted_is_refused,
                                           .initial_state = &refusal_cases[i]};
    }
    return _cmocka_run_group_tests("measure", tests, N_REFUSALS + 6, NULL, NULL);
}
