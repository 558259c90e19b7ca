/* `where` of each data set: words, refusals, and which rows pass. Filters are asked of records as
 * episode.h lays attendances out. */
#include <stdlib.h>
#include <string.h>

#include "hestia/store.h"
#include "metrics/clause_internal.h"
#include "metrics/filter_internal.h"
#include "metrics/partition_internal.h"
#include "tests/support.h"

static char *texts(hst_where *where, hst_where_code key, const char *first, const char *second)
{
    static char *items[256];
    static size_t used;

    where->codes[key].items = &items[used];
    where->codes[key].n = second ? 2 : 1;
    items[used++] = (char *)first;
    items[used++] = (char *)second;
    return items[used - 2];
}

typedef struct compiled {
    hst_study_cohort cohorts[2];
    hst_measure measure;
    hst_study study;
    hst_measures measures;
    hst_conditions *conditions;
    hst_filter filter;
} compiled;

static void begin(compiled *c, hst_dataset dataset, hst_unit unit)
{
    *c = (compiled){.cohorts = {{.id = (char *)"diabetes"}, {.id = (char *)"dementia"}},
                    .measure = {.id = (char *)"m", .dataset = dataset, .unit = unit, .line = 12}};
    c->study = (hst_study){.path = (char *)"study.yaml",
                           .n_measures = 1,
                           .measures = &c->measure,
                           .n_cohorts = 2,
                           .cohorts = c->cohorts};
    c->measures.study = &c->study;
    assert_int_equal(hst_conditions_read(&c->conditions, NULL, NULL), HST_OK);
}

static hst_status compile(compiled *c, const hst_where *where, bool with_class, hst_error *err)
{
    return hst_filter_compile(&c->filter, &c->measures, c->conditions, 0, where, with_class, err);
}

static void end(compiled *c)
{
    hst_filter_clear(&c->filter);
    hst_conditions_free(c->conditions);
    for (size_t i = 0; i < c->measures.n_uses; i++) {
        free(c->measures.uses[i].name);
        free(c->measures.uses[i].rows);
    }
    free(c->measures.uses);
}

/* ---- words and rows ---- */

static struct row_case {
    const char *name;
    hst_dataset dataset;
    hst_where_code key;
    const char *first, *second, *words;
    hst_episode passes, fails;
} row_cases[] = {
    {"attended",
     HST_DATASET_OP,
     HST_WHERE_ATTENDED,
     "5",
     "6",
     "ATTENDED 5 or 6",
     {.classpat = '6'},
     {.classpat = '7'}},
    {"first attendance",
     HST_DATASET_OP,
     HST_WHERE_FIRST_ATTENDANCE,
     "1",
     "3",
     "first attendance (FIRSTATT) 1 or 3",
     {.epitype = '3'},
     {.epitype = '2'}},
    {"attendance category",
     HST_DATASET_AE,
     HST_WHERE_ATTENDANCE_CATEGORY,
     "2",
     NULL,
     "attendance category (AEATTENDCAT) 2",
     {.classpat = '2'},
     {.classpat = '1'}},
    {"department",
     HST_DATASET_AE,
     HST_WHERE_DEPARTMENT,
     "01",
     "03",
     "department (AEDEPTTYPE) 01 or 03",
     {.admimeth = HST_CODE2('0', '3')},
     {.admimeth = HST_CODE2('0', '2')}},
    {"department of one digit",
     HST_DATASET_AE,
     HST_WHERE_DEPARTMENT,
     "1",
     NULL,
     "department (AEDEPTTYPE) 01",
     {.admimeth = HST_CODE2('0', '1')},
     {.admimeth = '1'}},
    {"disposal",
     HST_DATASET_AE,
     HST_WHERE_DISCHARGE_DESTINATION,
     "01",
     NULL,
     "disposal (AEATTENDDISP) 01",
     {.disdest = HST_CODE2('0', '1')},
     {.disdest = HST_CODE2('1', '0')}},
    {"a cohort",
     HST_DATASET_OP,
     HST_WHERE_COHORT,
     "diabetes",
     NULL,
     "members of cohort diabetes",
     {.reserved = 1 | HST_RECORD_REPEAT},
     {.reserved = 2 | HST_RECORD_REPEAT}},
    {"one of two cohorts",
     HST_DATASET_APC,
     HST_WHERE_COHORT,
     "diabetes",
     "dementia",
     "members of cohort diabetes or dementia",
     {.reserved = 2},
     {.reserved = 4}},
    {"none of two cohorts",
     HST_DATASET_AE,
     HST_WHERE_NOT_COHORT,
     "dementia",
     "diabetes",
     "nobody of cohort diabetes or dementia",
     {.reserved = 4 | HST_RECORD_REPEAT},
     {.reserved = 4 | 1}},
};

typedef struct planned {
    char path[64];
    hst_store *store;
    hst_segment *segment;
    hst_plan *plan;
    hst_segment_plan *segment_plan;
} planned;

/* A segment with diagnoses E119 (1), F03X (2), I10X (3) and treatment specialties 300 (1), 307 (2).
 */
static void plan_filters(planned *p, const compiled *c, const hst_root *roots, size_t n_roots)
{
    hst_store_options options = {.n_partitions = 1};
    hst_segment_info info = {.dataset = c->measure.dataset, .n_area_columns = 1};
    hst_segment_writer *writer = NULL;

    *p = (planned){0};
    snprintf(p->path, sizeof p->path, "/tmp/hestia-clause-XXXXXX");
    assert_non_null(mkdtemp(p->path));
    assert_int_equal(hst_store_init(p->path, &options, NULL), HST_OK);
    assert_int_equal(hst_store_open(&p->store, p->path, false, HST_STORE_WRITE, NULL), HST_OK);
    snprintf(info.file, sizeof info.file, "made.csv");
    assert_int_equal(hst_segment_writer_create(&writer, p->store, 0, NULL), HST_OK);
    assert_int_equal(hst_segment_writer_code(writer, HST_DICT_DIAGNOSIS, "E119", 4), 1);
    assert_int_equal(hst_segment_writer_code(writer, HST_DICT_DIAGNOSIS, "F03X", 4), 2);
    assert_int_equal(hst_segment_writer_code(writer, HST_DICT_DIAGNOSIS, "I10X", 4), 3);
    assert_int_equal(hst_segment_writer_code(writer, HST_DICT_SPECIALTY, "300", 3), 1);
    assert_int_equal(hst_segment_writer_code(writer, HST_DICT_SPECIALTY, "307", 3), 2);
    assert_int_equal(hst_segment_writer_commit(writer, &info, NULL), HST_OK);
    hst_segment_writer_free(writer);
    assert_int_equal(hst_segment_open(&p->segment, p->store, info.digest, info.layout_key, NULL),
                     HST_OK);
    assert_int_equal(hst_plan_create(&p->plan, &c->measures, roots, n_roots, NULL), HST_OK);
    assert_int_equal(hst_segment_plan_create(&p->segment_plan, p->plan, p->segment, NULL), HST_OK);
}

static void drop_plan(planned *p)
{
    char command[128];

    hst_segment_plan_free(p->segment_plan);
    hst_plan_free(p->plan);
    hst_segment_close(p->segment);
    hst_store_close(p->store);
    snprintf(command, sizeof command, "rm -rf %s", p->path);
    assert_int_equal(system(command), 0);
}

static void a_key_says_its_field_and_passes_its_rows(void **state)
{
    const struct row_case *row = *state;
    hst_where where = {0};
    hst_error err = {0};
    uint64_t uses[HST_PLAN_USE_WORDS];
    compiled c;
    planned p;

    begin(&c, row->dataset, HST_UNIT_ATTENDANCE);
    texts(&where, row->key, row->first, row->second);
    if (compile(&c, &where, true, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(c.filter.n, 1);
    assert_string_equal(c.filter.clauses[0].words, row->words);
    plan_filters(&p, &c, &(hst_root){.filter = &c.filter}, 1);
    assert_int_equal(hst_segment_plan_ask(p.segment_plan, &row->passes, 1, uses), 1);
    assert_int_equal(hst_segment_plan_ask(p.segment_plan, &row->fails, 1, uses), 0);
    drop_plan(&p);
    end(&c);
}

/* The study's "likely diabetes": 307 for all, or 300 for the cohort; before April 2004 by main
 * specialty. */
static void likely_diabetes_is_one_filter(void **state)
{
    enum { MARCH_2004 = 27119, APRIL_2004 = 27120 };
    static const struct {
        hst_episode row;
        bool passes;
    } rows[] = {
        {{.classpat = '5', .admidate = APRIL_2004, .tretspef = 2}, true},
        {{.classpat = '3', .admidate = APRIL_2004, .tretspef = 2}, false},
        {{.classpat = '6', .admidate = APRIL_2004, .tretspef = 1}, false},
        {{.classpat = '6', .admidate = APRIL_2004, .tretspef = 1, .reserved = 1}, true},
        {{.classpat = '6', .admidate = APRIL_2004, .tretspef = 1, .reserved = 2}, false},
        {{.classpat = '5', .admidate = APRIL_2004, .mainspef = 1, .reserved = 1}, false},
        {{.classpat = '5', .admidate = MARCH_2004, .mainspef = 1, .reserved = 1}, true},
        {{.classpat = '5', .admidate = MARCH_2004, .mainspef = 1, .tretspef = 2}, false},
    };
    hst_where any[2] = {0};
    hst_where where = {.n_any = 2, .any = any};
    uint64_t uses[HST_PLAN_USE_WORDS];
    compiled c;
    planned p;

    (void)state;
    begin(&c, HST_DATASET_OP, HST_UNIT_ATTENDANCE);
    texts(&where, HST_WHERE_ATTENDED, "5", "6");
    texts(&any[0], HST_WHERE_SPECIALTY, "307", NULL);
    texts(&any[1], HST_WHERE_SPECIALTY, "300", NULL);
    texts(&any[1], HST_WHERE_COHORT, "diabetes", NULL);
    assert_int_equal(compile(&c, &where, false, NULL), HST_OK);
    plan_filters(&p, &c, &(hst_root){.filter = &c.filter}, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(hst_segment_plan_ask(p.segment_plan, &rows[i].row, 1, uses),
                         rows[i].passes);
    }
    drop_plan(&p);
    end(&c);
}

/* At the top the class of patients is the measure's own, and no clause. */
static void only_patient_class_is_left_to_the_measure(void **state)
{
    static const struct {
        hst_dataset dataset;
        hst_where_code key;
        size_t n_at_top;
    } keys[] = {{HST_DATASET_APC, HST_WHERE_PATIENT_CLASS, 0},
                {HST_DATASET_OP, HST_WHERE_ATTENDED, 1},
                {HST_DATASET_AE, HST_WHERE_ATTENDANCE_CATEGORY, 1}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        hst_where where = {0};
        compiled c;

        begin(&c, keys[i].dataset, HST_UNIT_ATTENDANCE);
        texts(&where, keys[i].key, "1", NULL);
        assert_int_equal(compile(&c, &where, false, NULL), HST_OK);
        assert_int_equal(c.filter.n, keys[i].n_at_top);
        assert_int_equal(compile(&c, &where, true, NULL), HST_OK);
        assert_int_equal(c.filter.n, keys[i].n_at_top + 1);
        end(&c);
    }
}

/* ---- stays of several episodes ---- */

typedef struct coded_episode {
    hst_episode episode;
    uint16_t words[4]; /* area, diagnosis */
} coded_episode;

static coded_episode coded(uint16_t diagnosis)
{
    return (coded_episode){.episode = {.n_words = 2, .n_diagnoses = 1, .sex = '1'},
                           .words = {0, diagnosis}};
}

static void first_last_and_any_are_asked_apart(void **state)
{
    enum { FIRST = 1, LAST = 2, ANY = 4, OR = 8, PLAIN = 16 };
    hst_where where[4] = {{.episode = HST_EPISODE_FIRST},
                          {.episode = HST_EPISODE_LAST},
                          {.episode = HST_EPISODE_ANY},
                          {.n_any = 2}};
    hst_where either[2] = {{.episode = HST_EPISODE_LAST}, {.episode = HST_EPISODE_FIRST}};
    hst_filter filters[5] = {0};
    hst_root roots[5];
    coded_episode first = coded(1), last = coded(2);
    uint64_t of_first[HST_PLAN_USE_WORDS], of_last[HST_PLAN_USE_WORDS], of_any[HST_PLAN_USE_WORDS];
    uint64_t live = 0;
    compiled c;
    planned p;

    (void)state;
    begin(&c, HST_DATASET_APC, HST_UNIT_SPELL);
    for (size_t i = 0; i < 3; i++) {
        texts(&where[i], HST_WHERE_CONDITION, "dementia", NULL);
    }
    texts(&either[0], HST_WHERE_CONDITION, "dementia", NULL);
    texts(&either[1], HST_WHERE_SEX, "2", NULL);
    where[3].any = either;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            hst_filter_compile(&filters[i], &c.measures, c.conditions, 0, &where[i], false, NULL),
            HST_OK);
    }
    for (size_t i = 0; i < 5; i++) {
        roots[i] = (hst_root){.filter = &filters[i]};
    }
    assert_memory_equal(filters[0].clauses[0].words, "condition dementia", 18);
    assert_memory_equal(filters[1].clauses[0].words, "condition of the last episode dementia", 38);
    assert_memory_equal(filters[2].clauses[0].words, "condition of any episode dementia", 33);
    plan_filters(&p, &c, roots, 5);
    assert_int_equal(hst_plan_n_use_words(p.plan), 1);
    hst_segment_plan_uses(p.segment_plan, &first.episode, of_first);
    hst_segment_plan_uses(p.segment_plan, &last.episode, of_last);
    of_any[0] = of_first[0] | of_last[0];

    live = hst_segment_plan_ask_fields(p.segment_plan, &first.episode, PLAIN);
    assert_int_equal(hst_plan_modes(p.plan, live), 0);
    assert_int_equal(hst_plan_ask_codes(p.plan, live, (const uint64_t *const[3]){0}), PLAIN);

    live = hst_segment_plan_ask_fields(p.segment_plan, &first.episode, 31);
    assert_int_equal(hst_plan_modes(p.plan, live), 7);
    assert_int_equal(
        hst_plan_ask_codes(p.plan, live, (const uint64_t *const[3]){of_first, of_last, of_any}),
        LAST | ANY | OR | PLAIN);
    assert_int_equal(
        hst_plan_ask_codes(p.plan, live, (const uint64_t *const[3]){of_last, of_first, of_any}),
        FIRST | ANY | PLAIN);
    /* a row that stands for itself has one set of codes */
    assert_int_equal(hst_segment_plan_ask(p.segment_plan, &last.episode, 31, of_any), 31);
    assert_int_equal(hst_segment_plan_ask(p.segment_plan, &first.episode, 31, of_any), PLAIN);

    drop_plan(&p);
    for (size_t i = 0; i < 4; i++) {
        hst_filter_clear(&filters[i]);
    }
    end(&c);
}

/* ---- refusals ---- */

typedef void change(hst_where *where);

#define WHERE(NAME, CHANGE)                                                                        \
    static void NAME(hst_where *where)                                                             \
    {                                                                                              \
        CHANGE;                                                                                    \
    }

WHERE(by_method, texts(where, HST_WHERE_ADMISSION_METHOD, "21", NULL))
WHERE(by_transfers, where->transfers_excluded = true)
WHERE(by_source, texts(where, HST_WHERE_ADMISSION_SOURCE, "19", NULL))
WHERE(by_destination, texts(where, HST_WHERE_DISCHARGE_DESTINATION, "19", NULL))
WHERE(by_class, texts(where, HST_WHERE_PATIENT_CLASS, "1", NULL))
WHERE(by_type, texts(where, HST_WHERE_EPISODE_TYPE, "1", NULL))
WHERE(by_stay, (where->has_length_of_stay = true, where->los_to = 3))
WHERE(by_condition, texts(where, HST_WHERE_CONDITION, "diabetes", NULL))
WHERE(by_procedure, texts(where, HST_WHERE_PROCEDURE, "K40", NULL))
WHERE(by_last, where->episode = HST_EPISODE_LAST)
WHERE(by_last_condition, (where->episode = HST_EPISODE_LAST, by_condition(where)))
WHERE(by_attended, texts(where, HST_WHERE_ATTENDED, "5", NULL))
WHERE(by_long_attended, texts(where, HST_WHERE_ATTENDED, "05", NULL))
WHERE(by_first, texts(where, HST_WHERE_FIRST_ATTENDANCE, "1", NULL))
WHERE(by_department, texts(where, HST_WHERE_DEPARTMENT, "01", NULL))
WHERE(by_wrong_department, texts(where, HST_WHERE_DEPARTMENT, "A", NULL))
WHERE(by_category, texts(where, HST_WHERE_ATTENDANCE_CATEGORY, "1", NULL))
WHERE(by_specialty, texts(where, HST_WHERE_SPECIALTY, "300", NULL))
WHERE(by_cohort, texts(where, HST_WHERE_COHORT, "diabetis", NULL))
WHERE(by_no_cohort, texts(where, HST_WHERE_NOT_COHORT, "xylophone", NULL))

static struct refusal_case {
    const char *name;
    hst_dataset dataset;
    hst_unit unit;
    change *apply;
    const char *message;
} refusal_cases[] = {
    {"op: method", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_method,
     "`admission_method` cannot be asked of outpatient attendances (`dataset: op`)"},
    {"ae: method", HST_DATASET_AE, HST_UNIT_ATTENDANCE, by_method,
     "`admission_method` cannot be asked of A&E attendances (`dataset: ae`)"},
    {"op: transfers", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_transfers, "`transfers` cannot"},
    {"ae: source", HST_DATASET_AE, HST_UNIT_ATTENDANCE, by_source, "`admission_source` cannot"},
    {"op: destination", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_destination,
     "`discharge_destination` cannot"},
    {"op: class", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_class, "`patient_class` cannot"},
    {"ae: type", HST_DATASET_AE, HST_UNIT_ATTENDANCE, by_type, "`episode_type` cannot"},
    {"op: stay", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_stay, "`length_of_stay` cannot"},
    {"op: condition", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_condition,
     "`cohort` asks for people with a condition"},
    {"ae: procedure", HST_DATASET_AE, HST_UNIT_ATTENDANCE, by_procedure, "`procedure` cannot"},
    {"op: episode", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_last, "`episode` cannot"},
    {"ae: specialty", HST_DATASET_AE, HST_UNIT_ATTENDANCE, by_specialty, "`specialty` cannot"},
    {"ae: attended", HST_DATASET_AE, HST_UNIT_ATTENDANCE, by_attended, "`attended` cannot"},
    {"apc: attended", HST_DATASET_APC, HST_UNIT_ADMISSION, by_attended,
     "`attended` cannot be asked of inpatient stays and episodes (`dataset: apc`)"},
    {"apc: first", HST_DATASET_APC, HST_UNIT_ADMISSION, by_first, "`first_attendance` cannot"},
    {"op: department", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_department, "`department` cannot"},
    {"op: category", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_category,
     "`attendance_category` cannot"},
    {"op: long code", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_long_attended,
     "attended `05` is not a code of one character"},
    {"ae: department of one letter", HST_DATASET_AE, HST_UNIT_ATTENDANCE, by_wrong_department,
     "department `A` is not a code of two characters"},
    {"a cohort misspelt", HST_DATASET_OP, HST_UNIT_ATTENDANCE, by_cohort,
     "no cohort is called `diabetis`; did you mean `diabetes`?"},
    {"an unknown cohort", HST_DATASET_APC, HST_UNIT_ADMISSION, by_no_cohort,
     "no cohort is called `xylophone`"},
    {"last episode of an admission", HST_DATASET_APC, HST_UNIT_ADMISSION, by_last_condition,
     "stays of several episodes"},
    {"last episode of nothing", HST_DATASET_APC, HST_UNIT_SPELL, by_last,
     "stands beside `condition`"},
};

static void what_a_data_set_lacks_is_refused(void **state)
{
    const struct refusal_case *r = *state;
    hst_where where = {.line = 17};
    hst_error err = {0};
    compiled c;

    begin(&c, r->dataset, r->unit);
    r->apply(&where);
    assert_int_equal(compile(&c, &where, true, &err), HST_ERR_USAGE);
    assert_memory_equal(err.message, "study.yaml, line 17: measure `m`: ", 34);
    if (!strstr(err.message, r->message)) {
        fail_msg("%s", err.message);
    }
    end(&c);
}

int main(void)
{
    enum {
        N_ROWS = sizeof row_cases / sizeof row_cases[0],
        N_REFUSALS = sizeof refusal_cases / sizeof refusal_cases[0]
    };
    struct CMUnitTest tests[3 + N_ROWS + N_REFUSALS] = {
        cmocka_unit_test(likely_diabetes_is_one_filter),
        cmocka_unit_test(only_patient_class_is_left_to_the_measure),
        cmocka_unit_test(first_last_and_any_are_asked_apart),
    };

    for (size_t i = 0; i < N_ROWS; i++) {
        tests[3 + i] = (struct CMUnitTest){.name = row_cases[i].name,
                                           .test_func = a_key_says_its_field_and_passes_its_rows,
                                           .initial_state = &row_cases[i]};
    }
    for (size_t i = 0; i < N_REFUSALS; i++) {
        tests[3 + N_ROWS + i] = (struct CMUnitTest){.name = refusal_cases[i].name,
                                                    .test_func = what_a_data_set_lacks_is_refused,
                                                    .initial_state = &refusal_cases[i]};
    }
    return _cmocka_run_group_tests("clause", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
