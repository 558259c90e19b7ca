#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/study.h"
#include "ingest/study_internal.h"

#define DATA HESTIA_TEST_DIR "/data/study/"

static hst_study *read_study(const char *path)
{
    hst_study *study = NULL;
    hst_error err = {0};

    if (hst_study_read(&study, path, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return study;
}

static hst_date day(const char *text)
{
    hst_date date = HST_DATE_MISSING;

    assert_true(hst_date_parse_iso(text, strlen(text), &date));
    return date;
}

static void assert_texts(const hst_texts *texts, const char *expected)
{
    char joined[512] = "";

    for (size_t i = 0; i < texts->n; i++) {
        strncat(joined, i > 0 ? " " : "", sizeof joined - strlen(joined) - 1);
        strncat(joined, texts->items[i], sizeof joined - strlen(joined) - 1);
    }
    assert_string_equal(joined, expected);
}

static void smallest_study_gets_defaults(void **state)
{
    hst_study *study = read_study(DATA "smallest.yaml");
    const hst_measure *measure = &study->measures[0];

    (void)state;
    assert_string_equal(study->path, DATA "smallest.yaml");
    assert_string_equal(study->study, "first-look");
    assert_string_equal(study->title, "first-look");
    assert_int_equal(study->period.from, day("2008-04-01"));
    assert_int_equal(study->period.to, day("2011-03-31"));
    assert_string_equal(study->store, DATA ".hestia-store");
    assert_int_equal(study->n_extracts, 1);
    assert_int_equal(study->extracts[0].dataset, HST_DATASET_APC);
    assert_texts(&study->extracts[0].files, DATA "extracts/apc_*.csv.gz");
    assert_int_equal(study->extracts[0].separator, 0);
    assert_null(study->extracts[0].header);
    assert_int_equal(study->extracts[0].column_roles.n, 0);
    assert_int_equal(study->extracts[0].n_side_files, 0);
    assert_true(study->extracts[0].cuts_newest);
    assert_int_equal(study->extracts[0].line, 3);
    assert_string_equal(study->spell_rule, "nhsd");
    assert_string_equal(study->cips_rule, "nhsd");
    assert_string_equal(study->duplicates, "nhsd");
    assert_string_equal(study->areas.type, "pct");
    assert_int_equal(study->areas.field.n, 0);
    assert_int_equal(study->areas.sites.n, 0);
    assert_int_equal(study->areas.n_comparators, 0);
    assert_null(study->areas.lookup);
    assert_null(study->areas.names);
    assert_null(study->provider_names);
    assert_texts(&study->population, DATA "table.csv");
    assert_string_equal(study->standard_population, "esp2013");
    assert_true(study->by_sex);
    assert_int_equal(study->denominator_year, HST_DENOMINATOR_FINANCIAL);
    assert_null(study->code_lists);
    assert_close(study->quality.max_rejected, 0.001, 0);
    assert_close(study->quality.max_unknown_area, 0.05, 0);
    assert_close(study->quality.max_row_drop, 0.02, 0);
    assert_string_equal(study->publish.directory, DATA "results");
    assert_texts(&study->publish.formats, "csv");
    assert_string_equal(study->publish.disclosure, "none");
    assert_false(study->publish.internal);
    assert_false(study->publish.latest_copy);
    assert_int_equal(study->publish.keep, 30);
    assert_int_equal(study->publish.line, 7);

    assert_int_equal(study->n_measures, 1);
    assert_string_equal(measure->id, "emergency_admissions");
    assert_string_equal(measure->title, "emergency_admissions");
    assert_string_equal(measure->figure, "");
    assert_int_equal(measure->dataset, HST_DATASET_APC);
    assert_int_equal(measure->unit, HST_UNIT_ADMISSION);
    assert_texts(&measure->where.codes[HST_WHERE_ADMISSION_METHOD], "emergency");
    assert_texts(&measure->where.codes[HST_WHERE_PATIENT_CLASS], "1 2 5");
    assert_int_equal(measure->where.codes[HST_WHERE_SEX].n, 0);
    assert_int_equal(measure->where.positions, HST_POSITIONS_OF_SET);
    assert_int_equal(measure->where.episode, HST_EPISODE_FIRST);
    assert_false(measure->where.transfers_excluded);
    assert_false(measure->where.has_age);
    assert_false(measure->where.has_length_of_stay);
    assert_int_equal(measure->statistic, HST_STAT_DSR);
    assert_int_equal(measure->by, HST_BY_QUARTER);
    assert_int_equal(measure->period.from, day("2008-04-01"));
    assert_int_equal(measure->period.to, day("2011-03-31"));
    assert_int_equal(measure->date, HST_DATE_OF_ADMISSION);
    assert_int_equal(measure->split, HST_SPLIT_NONE);
    assert_int_equal(measure->interval, HST_INTERVAL_DOBSON_BYAR);
    assert_int_equal(measure->n_confidence, 1);
    assert_close(measure->confidence[0], 95, 0);
    assert_close(measure->per, 100000, 0);
    assert_false(measure->annualise);
    assert_int_equal(measure->direction, HST_DIRECTION_NEUTRAL);
    assert_int_equal(measure->n_excluded_providers, 0);
    assert_int_equal(measure->min_events, 10);
    assert_int_equal(measure->line, 6);
    hst_study_free(study);
}

static void every_key_is_read(void **state)
{
    hst_study *study = read_study(DATA "every-key.yaml");
    const hst_study_extract *extract = &study->extracts[0];

    (void)state;
    assert_string_equal(study->title, "Every key in use");
    assert_string_equal(study->store, DATA "stores/shared");
    assert_int_equal(study->n_extracts, 2);
    assert_texts(&extract->files, DATA "extracts/apc_*.csv /elsewhere/apc_2010.txt.gz");
    assert_int_equal(extract->separator, '|');
    assert_string_equal(extract->header, DATA "header.csv");
    assert_texts(&extract->column_roles, "area person");
    assert_texts(&extract->column_names, "RESLADST MY_ID");
    assert_int_equal(extract->n_side_files, 1);
    assert_texts(&extract->side_files[0].files, DATA "extracts/ids_*.csv");
    assert_string_equal(extract->side_files[0].key, "EPIKEY");
    assert_texts(&extract->side_files[0].columns, "TOKEN_PERSON_ID");
    assert_false(extract->cuts_newest);
    assert_string_equal(study->spell_rule, "york");
    assert_string_equal(study->cips_rule, "none");
    assert_string_equal(study->duplicates, "hf");
    assert_string_equal(study->areas.type, "la");
    assert_texts(&study->areas.field, "RESLADST_ONS RESLADST");
    assert_string_equal(study->areas.lookup, DATA "table.csv");
    assert_string_equal(study->areas.names, DATA "table.csv");
    assert_texts(&study->areas.sites, "5J6 5QL");
    assert_int_equal(study->areas.n_comparators, 2);
    assert_string_equal(study->areas.comparators[0].name, "England");
    assert_null(study->areas.comparators[0].file);
    assert_string_equal(study->areas.comparators[0].population_area, "ENG");
    assert_string_equal(study->areas.comparators[1].name, "Similar areas");
    assert_string_equal(study->areas.comparators[1].file, DATA "table.csv");
    assert_null(study->areas.comparators[1].population_area);
    assert_string_equal(study->provider_names, DATA "table.csv");
    assert_string_equal(study->provider_merge, DATA "header.csv");
    assert_texts(&study->population, DATA "table.csv " DATA "header.csv");
    assert_string_equal(study->standard_population, "esp1976_19");
    assert_false(study->by_sex);
    assert_int_equal(study->denominator_year, HST_DENOMINATOR_INTERPOLATE);
    assert_string_equal(study->code_lists, DATA "table.csv");
    assert_close(study->quality.max_rejected, 0.01, 0);
    assert_close(study->quality.max_unknown_area, 0.1, 0);
    assert_string_equal(study->publish.directory, DATA "out/results");
    assert_string_equal(study->publish.disclosure, "none");
    assert_true(study->publish.internal);
    assert_true(study->publish.latest_copy);
    assert_int_equal(study->publish.keep, 5);
    hst_study_free(study);
}

static void every_key_of_a_measure_is_read(void **state)
{
    static const struct {
        hst_where_code code;
        const char *expected;
    } codes[] = {
        {HST_WHERE_ADMISSION_METHOD, "emergency 2A"},
        {HST_WHERE_CONDITION, "diabetes_complications"},
        {HST_WHERE_PROCEDURE, "W37 W38"},
        {HST_WHERE_SEX, "1"},
        {HST_WHERE_PATIENT_CLASS, "1"},
        {HST_WHERE_EPISODE_TYPE, "1 2"},
        {HST_WHERE_SPECIALTY, "300"},
        {HST_WHERE_MAIN_SPECIALTY, "300 430"},
        {HST_WHERE_PROVIDER, "RD1"},
        {HST_WHERE_GP_PRACTICE, "V81999"},
        {HST_WHERE_ETHNICITY, "A B"},
        {HST_WHERE_DEPRIVATION_QUINTILE, "1 2"},
        {HST_WHERE_DISCHARGE_METHOD, "4"},
        {HST_WHERE_DISCHARGE_DESTINATION, "19"},
        {HST_WHERE_ADMISSION_SOURCE, "51 52"},
        {HST_WHERE_ATTENDED, ""},
        {HST_WHERE_COHORT, ""},
    };
    hst_study *study = read_study(DATA "every-key.yaml");
    const hst_measure *first = &study->measures[0];

    (void)state;
    assert_int_equal(study->n_measures, 4);
    assert_string_equal(first->title, "The first measure");
    assert_int_equal(first->unit, HST_UNIT_EPISODE);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_texts(&first->where.codes[codes[i].code], codes[i].expected);
    }
    assert_true(first->where.transfers_excluded);
    assert_int_equal(first->where.positions, HST_POSITIONS_FIRST3);
    assert_true(first->where.has_age);
    assert_int_equal(first->where.age_from, 65);
    assert_int_equal(first->where.age_to, 74);
    assert_true(first->where.has_length_of_stay);
    assert_int_equal(first->where.los_from, 0);
    assert_int_equal(first->where.los_to, 30);
    assert_int_equal(first->where.n_any, 0);
    assert_int_equal(first->statistic, HST_STAT_DSR);
    assert_int_equal(first->by, HST_BY_MONTH | HST_BY_YEAR);
    assert_int_equal(first->period.from, day("2009-04-01"));
    assert_int_equal(first->period.to, day("2010-03-31"));
    assert_int_equal(first->date, HST_DATE_OF_DISCHARGE);
    assert_int_equal(first->split, HST_SPLIT_PROVIDER);
    assert_int_equal(first->interval, HST_INTERVAL_TIWARI);
    assert_int_equal(first->n_confidence, 2);
    assert_close(first->confidence[1], 99.8, 0);
    assert_close(first->per, 1000, 0);
    assert_true(first->annualise);
    assert_int_equal(first->direction, HST_DIRECTION_LOWER_IS_BETTER);
    assert_int_equal(first->n_excluded_providers, 2);
    assert_string_equal(first->excluded_providers[0].code, "RD1");
    assert_texts(&first->excluded_providers[0].areas, "5QL");
    assert_string_equal(first->excluded_providers[0].reason, "outpatient records rise");
    assert_int_equal(first->excluded_providers[1].areas.n, 0);
    assert_null(first->excluded_providers[1].reason);
    assert_string_equal(first->figure, "Figure 40");
    assert_int_equal(first->min_events, 20);
    hst_study_free(study);
}

static void merge_keys_and_defaults_lie_under_a_measure(void **state)
{
    hst_study *study = read_study(DATA "every-key.yaml");
    const hst_measure *second = &study->measures[1], *third = &study->measures[2];
    const hst_measure *fourth = &study->measures[3];

    (void)state;
    assert_string_equal(second->id, "second");
    assert_string_equal(second->figure, "Figure 40");                       /* merged */
    assert_int_equal(second->n_excluded_providers, 0);                      /* undone by null */
    assert_int_equal(second->where.codes[HST_WHERE_ADMISSION_METHOD].n, 0); /* replaced whole */
    assert_int_equal(second->where.n_any, 2);
    assert_texts(&second->where.any[0].codes[HST_WHERE_SPECIALTY], "307");
    /* classes named under `any` pass, and the others there get the default */
    assert_texts(&second->where.codes[HST_WHERE_PATIENT_CLASS], "1 2 3 4 5");
    assert_texts(&second->where.any[0].codes[HST_WHERE_PATIENT_CLASS], "1 2 5");
    assert_texts(&second->where.any[1].codes[HST_WHERE_PATIENT_CLASS], "3 4");
    assert_int_equal(third->statistic, HST_STAT_CRUDE_RATE);
    assert_int_equal(third->by, HST_BY_YEAR);
    assert_int_equal(third->interval, HST_INTERVAL_BYAR); /* tiwari is not for crude rates */
    assert_int_equal(third->unit, HST_UNIT_EPISODE);
    assert_int_equal(fourth->unit, HST_UNIT_ADMISSION);
    assert_int_equal(fourth->interval, HST_INTERVAL_DEFAULT);
    hst_study_free(study);
}

/* A study in pieces; each case replaces some. */
#define STUDY "study: s\n"
#define PERIOD "period: {from: 2008-04-01, to: 2011-03-31}\n"
#define EXTRACTS "extracts: {dataset: apc, files: apc.csv}\n"
#define MEASURES "measures: {id: m, statistic: count}\n"
#define PUBLISH "publish: {disclosure: none}\n"
#define AROUND(measures) STUDY PERIOD EXTRACTS measures PUBLISH
#define WITH(lines) STUDY PERIOD EXTRACTS MEASURES PUBLISH lines
#define COHORT(text) AROUND("cohorts: {" text "}\n" MEASURES)
#define TEN_COHORTS                                                                                \
    "{id: a, condition: a}, {id: b, condition: a}, {id: c, condition: a}, {id: d, condition: a}, " \
    "{id: e, condition: a}, {id: f, condition: a}, {id: g, condition: a}, {id: h, condition: a}, " \
    "{id: i, condition: a}, {id: j, condition: a}, "
#define OP(text)                                                                                   \
    STUDY PERIOD "extracts: {dataset: op, files: a}\nmeasures: {id: m, dataset: op, " text         \
                 "}\n" PUBLISH
#define WHERE(text) AROUND("measures: {id: m, statistic: count, where: {" text "}}\n")
#define MEASURE(text) AROUND("measures: {id: m, " text "}\n")

static struct fault_case {
    const char *name, *text;
    const char *message; /* what the message holds after the path */
} fault_cases[] = {
    {"empty file", "", ": the study file is empty"},
    {"only a comment", "# nothing\n", ": the study file is empty"},
    {"not a mapping", "- a\n- b\n", ", line 1, column 3: the study must be a mapping"},
    {"bad syntax", "study: [a, b\nperiod: 1\n", ", line 3, column 1: not YAML: "},
    {"two documents", WITH("---\nstudy: t\n"), ": more than one YAML document"},
    {"Latin-1", "study: s\ntitle: caf\xe9\n", ", line 2: not UTF-8 text"},
    {"key twice", WITH("study: t\n"),
     ", line 6, column 1: this key stands twice in its mapping: `study`"},
    {"alias without anchor", WITH("title: *t\n"),
     ", line 6, column 9: no anchor stands before the alias `t`"},
    {"alias of itself", WITH("areas: &a {sites: *a}\n"), ": no anchor stands before the alias `a`"},
    {"merge of a text", WITH("areas: {<<: pct}\n"),
     ", line 6, column 9: the merge key `<<` takes a mapping"},
    {"unknown key of the study", STUDY PERIOD EXTRACTS "mesures: []\n",
     ", line 4, column 1: unknown key `mesures` of the study; did you mean `measures`?"},
    {"unknown key far from any", WITH("zzzzzz: 1\n"),
     ", line 6, column 1: unknown key `zzzzzz` of the study"},
    {"unknown key of a measure", MEASURE("statistc: count"),
     ", line 4, column 19: unknown key `statistc` of a measure; did you mean `statistic`?"},
    {"unknown key of where", WHERE("admision_method: all"),
     ", line 4, column 45: unknown key `admision_method` of `where`; did you mean "
     "`admission_method`?"},
    {"unknown key of the defaults", WITH("measure_defaults: {untis: 1}\n"),
     "unknown key `untis` of `measure_defaults`; did you mean `unit`?"},
    {"missing period", STUDY EXTRACTS MEASURES PUBLISH, "the study needs the key `period`"},
    {"null period", STUDY "period:\n" EXTRACTS MEASURES PUBLISH,
     "the study needs the key `period`"},
    {"missing day", STUDY "period: {from: 2008-04-01}\n" EXTRACTS MEASURES PUBLISH,
     "a period needs the key `to`"},
    {"missing files", STUDY PERIOD "extracts: {dataset: apc}\n" MEASURES PUBLISH,
     "an extract needs the key `files`"},
    {"no measures", AROUND("measures: []\n"), "`measures` is an empty list"},
    {"measure without id", AROUND("measures: {statistic: count}\n"),
     "a measure needs the key `id`"},
    {"measure without statistic", AROUND("measures: {id: m}\n"),
     "a measure needs the key `statistic`"},
    {"id with capitals", AROUND("measures: {id: M1, statistic: count}\n"),
     "`id` must be a name of the letters a-z"},
    {"study name with a slash", "study: a/b\n" PERIOD EXTRACTS MEASURES PUBLISH,
     "`study` must be a name"},
    {"ids twice", AROUND("measures:\n- {id: m, statistic: count}\n- {id: m, statistic: count}\n"),
     ", line 6, column 8: two measures have the id `m` (the other is on line 5)"},
    {"id in the defaults", WITH("measure_defaults: {id: x}\n"),
     "`measure_defaults` cannot hold `id`"},
    {"day that does not exist",
     STUDY "period: {from: 2009-02-29, to: 2011-03-31}\n" EXTRACTS MEASURES PUBLISH,
     ", line 2, column 16: `from` must be a day that exists"},
    {"period backwards",
     STUDY "period: {from: 2011-04-01, to: 2008-03-31}\n" EXTRACTS MEASURES PUBLISH,
     "`period` ends before it begins"},
    {"measure outside the study",
     MEASURE("statistic: count, period: {from: 2007-04-01, to: 2009-03-31}"),
     "the period of measure `m` is not inside the study's"},
    {"list for a text", WITH("title: [a]\n"),
     ", line 6, column 1: `title` takes a single value, not a list"},
    {"mapping for a list", WITH("areas: {sites: {a: b}}\n"),
     "`sites` takes a list of single values, not a mapping"},
    {"text for a mapping", WITH("areas: pct\n"), "`areas` must be a mapping"},
    {"text for a number", MEASURE("statistic: count, per: many"), "`per` must be a number"},
    {"negative number", MEASURE("statistic: count, per: -5"),
     "`per` must be a number that is not negative"},
    {"per zero", MEASURE("statistic: count, per: 0"), "`per` must be greater than 0"},
    {"not a boolean", MEASURE("statistic: count, annualise: yes"),
     "`annualise` must be true or false"},
    {"share over one", WITH("quality: {max_rejected: 5}\n"),
     "`max_rejected` is a share, from 0 to 1"},
    {"empty text", WITH("title: ''\n"), "`title` must be a text"},
    {"columns not a mapping",
     STUDY PERIOD "extracts: {dataset: apc, files: a, columns: RESPCT}\n" MEASURES PUBLISH,
     "`columns` takes a mapping"},
    {"age of three", WHERE("age: [1, 2, 3]"), "`age` takes two numbers"},
    {"age backwards", WHERE("age: [20, 10]"), "`age` ends before it begins"},
    {"age in words", WHERE("age: [old, 99]"), "`age` must be a whole number"},
    {"unknown method", WHERE("admission_method: emergancy"),
     "unknown `admission_method`: `emergancy`; did you mean `emergency`?"},
    {"unknown class", WHERE("patient_class: 7"),
     "unknown `patient_class`: `7`; it can be 1, 2, 3, 4, 5, 8 or 9"},
    {"positions without condition", WHERE("positions: primary"), "`positions` needs a `condition`"},
    {"unknown statistic", MEASURE("statistic: drs"),
     "unknown `statistic`: `drs`; did you mean `dsr`?"},
    {"interval of another statistic", MEASURE("statistic: count, interval: byar"),
     "`interval: byar` does not go with `statistic: count`"},
    {"odd confidence", MEASURE("statistic: count, confidence: 90"),
     "`confidence` is 95, or [95, 99.8]"},
    {"rate without population", MEASURE("statistic: dsr"),
     "measure `m` is a rate (dsr), which needs `population`"},
    {"absent population", WITH("population: nowhere.csv\n"),
     ", line 6, column 13: the file of `population` cannot be read: "},
    {"absent lookup", WITH("areas: {lookup: nowhere.csv}\n"),
     "the file of `lookup` cannot be read: "},
    {"near standard", WITH("standard_population: esp2012\n"), "did you mean `esp2013`?"},
    {"unknown area type", WITH("areas: {type: lso}\n"),
     "unknown `type`: `lso`; did you mean `lsoa`?; or name its column"},
    {"comparator of nothing", WITH("areas: {comparators: {name: England}}\n"),
     "a comparator is either `areas: all` or a `file`"},
    {"comparators of one name",
     WITH("areas: {comparators: [{name: E, areas: all}, {name: E, areas: all}]}\n"),
     "two comparators have the name `E`"},
    {"cohort that is not there", WHERE("cohort: diabetes"),
     "`cohort`: the study has no cohort `diabetes`; define it in `cohorts`"},
    {"cohort misspelt",
     AROUND("cohorts: {id: diabetes, condition: diabetes_any}\n"
            "measures: {id: m, statistic: count, where: {not_cohort: diabets}}\n"),
     ", line 5, column 57: `not_cohort`: the study has no cohort `diabets`; did you mean "
     "`diabetes`?"},
    {"cohort misspelt under any",
     AROUND("cohorts: {id: diabetes, condition: diabetes_any}\n"
            "measures: {id: m, statistic: count, where: {any: [{cohort: dibetes}]}}\n"),
     "did you mean `diabetes`?"},
    {"impact", WITH("impact: [{id: x}]\n"), ", line 6, column 1: `impact` is not available"},
    {"no whole quarter", MEASURE("statistic: count, period: {from: 2008-04-02, to: 2008-09-29}"),
     ", line 4, column 12: the period of measure `m` holds no complete quarter"},
    {"no whole month or year",
     MEASURE("statistic: count, by: [month, year], period: {from: 2008-04-02, to: 2008-05-30}"),
     "the period of measure `m` holds no complete month or year"},
    {"supplied continuous spells", WITH("spells: {cips: supplied}\n"),
     ", line 6, column 16: `cips: supplied`: SUSSPELLID names provider spells"},
    {"absent merge", WITH("providers: {merge: nowhere.csv}\n"), "the file of `merge` cannot be"},
    {"absent deprivation", WITH("deprivation: nowhere.csv\n"),
     "the file of `deprivation` cannot be read: "},
    {"row drop over one", WITH("quality: {max_row_drop: 2}\n"),
     "`max_row_drop` is a share, from 0 to 1"},

    {"cohort without people", COHORT("id: c"),
     ", line 4, column 11: cohort `c` needs either a `condition` or a `file` of people"},
    {"cohort with both", COHORT("id: c, condition: dementia, file: /dev/null"),
     "needs either a `condition` or a `file`"},
    {"cohort without id", COHORT("condition: dementia"), "a cohort needs the key `id`"},
    {"cohort of outpatients", COHORT("id: c, dataset: op, condition: dementia"),
     "`dataset: op` is not available in this version of hestia, which has apc"},
    {"positions of a file", COHORT("id: c, file: /dev/null, positions: any"),
     "`positions` goes with a `condition`, not with a `file`"},
    {"window of a file",
     COHORT("id: c, file: /dev/null, window: {from: 2008-04-01, to: 2009-03-31}"),
     "`window` goes with a `condition`, not with a `file`"},
    {"window backwards",
     COHORT("id: c, condition: dementia, window: {from: 2009-04-01, to: 2008-03-31}"),
     "`window` ends before it begins"},
    {"window of half", COHORT("id: c, condition: dementia, window: {from: 2009-04-01}"),
     "a period needs the key `to`"},
    {"window in other words", COHORT("id: c, condition: dementia, window: always"),
     "unknown `window`: `always`; it can be all"},
    {"register without file", COHORT("id: c, condition: dementia, register: {age: 17}"),
     "`register` needs the key `file`"},
    {"absent list of people", COHORT("id: c, file: nowhere.csv"),
     "the file of `file` cannot be read: "},
    {"two cohorts of one name",
     AROUND("cohorts: [{id: c, condition: a}, {id: c, condition: b}]\n" MEASURES),
     "two cohorts have the id `c` (the other is on line 4)"},
    {"sixteen cohorts",
     AROUND("cohorts: [" TEN_COHORTS "{id: k, condition: a}, {id: l, condition: a}, "
            "{id: m, condition: a}, {id: n, condition: a}, {id: o, condition: a}, "
            "{id: p, condition: a}]\n" MEASURES),
     "a study can have 15 cohorts, and here are 16"},
    {"cohort without inpatients",
     STUDY PERIOD "extracts: {dataset: op, files: a}\ncohorts: {id: c, condition: a}\n"
                  "measures: {id: m, dataset: op, statistic: count}\n" PUBLISH,
     "cohort `c` is found in inpatient rows, and no extract has `dataset: apc`"},
    {"reported of no measure", WITH("reported: {measure: mm, area: 5QL, file: /dev/null}\n"),
     ", line 6, column 21: no measure of the study has the id `mm`"},
    {"reported without area", WITH("reported: {measure: m, file: /dev/null}\n"),
     "`reported` needs the key `area`"},
    {"absent reported numbers", WITH("reported: {measure: m, area: 5QL, file: nowhere.csv}\n"),
     "the file of `file` cannot be read: "},

    {"data set without extract", MEASURE("dataset: op, statistic: count"),
     ", line 4, column 28: measure `m` counts `dataset: op`, and no extract of the study is of it"},
    {"stays of outpatients", OP("statistic: mean_los"),
     "`statistic: mean_los` of measure `m` needs stays of inpatients, and its data set is op"},
    {"spells of outpatients", OP("statistic: count, unit: spell"),
     "`unit: spell` of measure `m`: rows of op and ae are attendances; write `unit: attendance`"},
    {"outpatients by discharge", OP("statistic: count, date: discharge"),
     "`date: discharge` of measure `m`: rows of op and ae have the date of the attendance only"},
    {"unknown department", OP("statistic: count, where: {any: [{department: 5}]}"),
     "unknown `department`: `5`; it can be 01, 02, 03, 04, 99, 1, 2, 3 or 4"},
    {"attendances of inpatients", MEASURE("statistic: count, unit: attendance"),
     "`unit: attendance` of measure `m`: attendances are in op and ae"},
    {"inpatients by attendance", MEASURE("statistic: count, date: attendance"),
     "`date: attendance` of measure `m`: inpatients have no attendance date"},
    {"mean stay of admissions", MEASURE("statistic: mean_los, unit: admission"),
     ", line 4, column 46: `unit: admission` of measure `m`: a stay has its discharge in its last "
     "episode, so lengths of stay need whole stays; write `unit: spell` or cips"},
    {"mean stay of people", MEASURE("statistic: mean_los, unit: person"),
     "write `unit: spell` or cips"},
    {"readmission of spells", MEASURE("statistic: readmission, unit: spell"),
     "`unit: spell` of measure `m`: readmissions follow the discharge from a continuous stay"},
    {"any episode of admissions", WHERE("condition: dementia, episode: any"),
     "`episode: any` looks through the episodes of a stay, and measure `m` counts `unit: "
     "admission`; write `unit: spell` or cips"},
    {"last episode of people", MEASURE("statistic: count, unit: person, where: {episode: last}"),
     "`episode: last` looks through the episodes of a stay"},
    {"repeat-adjusted ratio", MEASURE("statistic: smr, interval: repeat-adjusted"),
     "`interval: repeat-adjusted` does not go with `statistic: smr`; it has byar, exact"},
    {"limits of a mean", MEASURE("statistic: mean_los, interval: normal"),
     "`interval: normal` does not go with `statistic: mean_los`"},
    {"score without deprivation",
     AROUND("population: /dev/null\n"
            "measures: {id: m, statistic: acs_score}\n"),
     "sets rates beside deprivation (acs_score), which needs the study's `deprivation`"},
    {"score without population", MEASURE("statistic: acs_score"), "needs `population`"},
    {"bed-day rate without population", MEASURE("statistic: bed_day_rate"),
     "measure `m` is a rate (bed_day_rate), which needs `population`"},
    {"working days of a mean", MEASURE("statistic: mean_los, per_working_day: true"),
     "`per_working_day` goes with `statistic: count or crude_rate`; measure `m` has `statistic: "
     "mean_los`"},
    {"working days of long ago",
     STUDY "period: {from: 1988-04-01, to: 1991-03-31}\n" EXTRACTS
           "measures: {id: m, statistic: count, per_working_day: true}\n" PUBLISH,
     ", line 4, column 54: measure `m`: working days are known from 1990-01-01 to 2035-12-31"},
    {"cap of a count", MEASURE("statistic: count, los_cap: 30"),
     "`los_cap` goes with `statistic: mean_los, std_mean_los, bed_days or bed_day_rate`"},
    {"shortest over longest", MEASURE("statistic: mean_los, los_min: 10, los_cap: 9"),
     "measure `m`: `los_min` is longer than `los_cap`"},
    {"days of a count", MEASURE("statistic: count, days: 28"),
     "`days` goes with `statistic: readm"},
    {"readmission in no day", MEASURE("statistic: readmission, days: 0"),
     "`days` must be greater than 0"},
    {"reference of a count", MEASURE("statistic: count, reference: {year: 2008/09}"),
     "`reference` goes with `statistic: isr, smr or acs_score`"},
    {"reference of another year",
     AROUND("population: /dev/null\n"
            "measures: {id: m, statistic: smr, reference: {year: 2007/08}}\n"),
     "`year: 2007/08` is not inside the period of measure `m`"},
    {"reference of no year",
     AROUND("population: /dev/null\n"
            "measures: {id: m, statistic: smr, reference: {year: 2008/09 Q1}}\n"),
     "`year` must be the label of a financial year (2007/08)"},
    {"reference of all and one",
     AROUND("population: /dev/null\n"
            "measures: {id: m, statistic: smr, reference: {areas: [5QL, all]}}\n"),
     "`areas` is all, or codes of areas, not both"},
    {"growth without base", MEASURE("statistic: growth"),
     "measure `m` is growth, which needs the key `base`"},
    {"base without growth", MEASURE("statistic: count, base: 2008/09"),
     "`base` goes with `statistic: growth`; measure `m` has `statistic: count`"},
    {"base of another length", MEASURE("statistic: growth, by: quarter, base: 2008/09"),
     "`base` must be the label of a period of `by`"},
    {"base before the period", MEASURE("statistic: growth, by: year, base: 2007/08"),
     "`base: 2007/08` is not inside the period of measure `m`"},
    {"table without file", MEASURE("dataset: table, statistic: count"),
     "measure `m` has `dataset: table`, which needs a `file`"},
    {"file without table", MEASURE("file: /dev/null, statistic: count"),
     "`file` goes with `dataset: table`; measure `m` counts `dataset: apc`"},
    {"filter of a table",
     MEASURE("dataset: table, file: /dev/null, statistic: count, where: {sex: 1}"),
     "`where` asks something of rows, and measure `m` is a table; remove it"},
    {"unit of a table", MEASURE("dataset: table, file: /dev/null, statistic: count, unit: person"),
     "`unit` asks something of rows"},
    {"rate of a table", MEASURE("dataset: table, file: /dev/null, statistic: dsr"),
     "`statistic: dsr` of measure `m`: a table has one number for each period and area; write "
     "count or growth"},
    {"screen", WITH("breaks: {screen: true}\n"), "the screen for breaks is not available"},
    {"workbook",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: none, formats: [csv, xlsx]}\n",
     "`formats: xlsx` is not available in this version of hestia, which has csv"},
    {"hes2018", STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: hes2018}\n",
     ", line 5, column 23: this version of hestia has no disclosure control yet, and this means "
     "`hes2018`"},
    {"hes2018 with options",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: {rule: hes2018, min: 8}}\n",
     "inside a safe environment write `publish: {disclosure: none}`"},
    {"none with options",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: {rule: none, min: 8}}\n",
     "`rule: none` takes no other key"},
    {"unknown disclosure rule", STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: hes2019}\n",
     "did you mean `hes2018`?"},
    {"study name with underscore", "study: a_b\n" PERIOD EXTRACTS MEASURES PUBLISH,
     "`study` must be a name"},
    {"disclosure not said", STUDY PERIOD EXTRACTS MEASURES "publish: {keep: 3}\n",
     ", line 5, column 11: this version of hestia has no disclosure control yet"},
    {"publish not said", STUDY PERIOD EXTRACTS MEASURES,
     "a study that does not say means `hes2018`; inside a safe environment write `publish: "
     "{disclosure: none}`"},
};

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/** A file of a fresh folder of its own. */
static void make_place(char folder[64], char path[96])
{
    strcpy(folder, "/tmp/hestia-study-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, 96, "%s/study.yaml", folder);
}

static void remove_place(const char *folder, const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void fault_is_told_with_its_place(void **state)
{
    const struct fault_case *c = *state;
    char folder[64], path[96];
    hst_study *study = NULL;
    hst_error err = {0};

    make_place(folder, path);
    write_text(path, c->text);
    assert_int_equal(hst_study_read(&study, path, &err), HST_ERR_USAGE);
    assert_null(study);
    assert_ptr_equal(strstr(err.message, path), err.message);
    if (!strstr(err.message + strlen(path), c->message)) {
        fail_msg("not told as expected: %s", err.message);
    }
    remove_place(folder, path);
}

static void good_pieces_are_read(void **state)
{
    char folder[64], path[96];

    (void)state;
    make_place(folder, path);
    write_text(path, WITH("impact:\ncohorts: ~\nreported:\n")); /* nothing asked for */
    hst_study_free(read_study(path));
    write_text(path, "\xef\xbb\xbf" WITH("title: \"caf\xc3\xa9\"\r\n"));
    hst_study_free(read_study(path));
    remove_place(folder, path);
}

/* ---- measures of people ---- */

static const char people[] =
    "study: people\n"
    "period: {from: 2006-04-01, to: 2011-03-31}\n"
    "extracts:\n"
    "  - {dataset: apc, files: apc.csv}\n"
    "  - {dataset: op, files: op.csv}\n"
    "  - {dataset: ae, files: ae.csv}\n"
    "population: /dev/null\n"
    "deprivation: /dev/null\n"
    "measure_defaults: {unit: admission, statistic: dsr, by: year, date: admission, per: 1000,\n"
    "  interval: repeat-adjusted, per_working_day: true}\n"
    "cohorts:\n"
    "  - {id: found, title: Found, condition: [diabetes_any, dementia], positions: first3,\n"
    "     window: {from: 2007-04-01, to: 2009-03-31}, register: {file: /dev/null, age: [17, 99]}}\n"
    "  - {id: listed, file: /dev/null}\n"
    "  - {id: everybody, condition: stroke, window: all, register: {file: /dev/null}}\n"
    "measures:\n"
    "  - {id: rate}\n"
    "  - {id: seen, dataset: op, statistic: count}\n"
    "  - {id: missed, dataset: op, statistic: count, unit: person, where: {cohort: found,\n"
    "     any: [{attended: 3}, {specialty: 300, not_cohort: [listed, everybody]}]}}\n"
    "  - {id: casualty, dataset: ae, statistic: crude_rate, where: {department: 01}}\n"
    "  - {id: stay, statistic: mean_los, los_cap: 90, los_min: 1,\n"
    "     where: {condition: dementia, episode: any}}\n"
    "  - {id: stay_of_all, statistic: std_mean_los, unit: cips, date: admission,\n"
    "     where: {patient_class: [1, 2]}}\n"
    "  - {id: beds, statistic: bed_day_rate, bed_days: placed}\n"
    "  - {id: back, statistic: readmission}\n"
    "  - {id: back_again, statistic: readmission, days: 28, lookback: 0, per: 1000,\n"
    "     exclude_condition: none, exclude_specialty: none}\n"
    "  - {id: ratio, statistic: smr, interval: exact, reference: {areas: [5QL], year: 2007/08}}\n"
    "  - {id: indirect, statistic: isr, reference: {areas: all}}\n"
    "  - {id: rise, dataset: table, file: /dev/null, statistic: growth, base: 200607}\n"
    "  - {id: score, statistic: acs_score}\n"
    "  - {id: spread, statistic: hhi}\n"
    "reported: {measure: seen, area: 5QL, file: /dev/null}\n"
    "quality: {max_row_drop: 0.1}\n"
    "publish: {disclosure: none}\n";

static struct people_case {
    const char *name; /* also the measure's id */
    hst_unit unit;
    hst_count_date date;
    hst_interval interval;
    double per;
    const char *classes, *attended, *categories;
} people_cases[] = {
    {"rate", HST_UNIT_ADMISSION, HST_DATE_OF_ADMISSION, HST_INTERVAL_REPEAT_ADJUSTED, 1000, "1 2 5",
     "", ""},
    {"seen", HST_UNIT_ATTENDANCE, HST_DATE_OF_ATTENDANCE, HST_INTERVAL_DEFAULT, 1000, "", "5 6",
     ""},
    {"missed", HST_UNIT_PERSON, HST_DATE_OF_ATTENDANCE, HST_INTERVAL_DEFAULT, 1000, "", "3 5 6",
     ""},
    {"casualty", HST_UNIT_ATTENDANCE, HST_DATE_OF_ATTENDANCE, HST_INTERVAL_REPEAT_ADJUSTED, 1000,
     "", "", "1 3"},
    {"stay", HST_UNIT_SPELL, HST_DATE_OF_ADMISSION, HST_INTERVAL_DEFAULT, 1000, "1", "", ""},
    {"stay_of_all", HST_UNIT_CIPS, HST_DATE_OF_ADMISSION, HST_INTERVAL_DEFAULT, 1000, "1 2", "",
     ""},
    {"beds", HST_UNIT_SPELL, HST_DATE_OF_ADMISSION, HST_INTERVAL_DOBSON_BYAR, 1000, "1", "", ""},
    {"back", HST_UNIT_CIPS, HST_DATE_OF_ADMISSION, HST_INTERVAL_DEFAULT, 100, "1", "", ""},
    {"back_again", HST_UNIT_CIPS, HST_DATE_OF_ADMISSION, HST_INTERVAL_DEFAULT, 1000, "1", "", ""},
    {"ratio", HST_UNIT_ADMISSION, HST_DATE_OF_ADMISSION, HST_INTERVAL_EXACT, 1, "1 2 5", "", ""},
    {"indirect", HST_UNIT_ADMISSION, HST_DATE_OF_ADMISSION, HST_INTERVAL_BYAR, 1000, "1 2 5", "",
     ""},
    {"score", HST_UNIT_ADMISSION, HST_DATE_OF_ADMISSION, HST_INTERVAL_DEFAULT, 1000, "1 2 5", "",
     ""},
    {"spread", HST_UNIT_ADMISSION, HST_DATE_OF_ADMISSION, HST_INTERVAL_DEFAULT, 1000, "1 2 5", "",
     ""},
};

static const hst_measure *find_measure(const hst_study *study, const char *id)
{
    for (size_t i = 0; i < study->n_measures; i++) {
        if (strcmp(study->measures[i].id, id) == 0) {
            return &study->measures[i];
        }
    }
    fail_msg("no measure %s", id);
    return NULL;
}

static hst_study *read_text(const char *text)
{
    char folder[64], path[96];
    hst_study *study = NULL;

    make_place(folder, path);
    write_text(path, text);
    study = read_study(path);
    remove_place(folder, path);
    return study;
}

/* Defaults of the study stand where they fit, else those of the data set and statistic. */
static void measure_gets_what_fits_it(void **state)
{
    const struct people_case *c = *state;
    hst_study *study = read_text(people);
    const hst_measure *measure = find_measure(study, c->name);

    assert_int_equal(measure->unit, c->unit);
    assert_int_equal(measure->date, c->date);
    assert_int_equal(measure->interval, c->interval);
    assert_close(measure->per, c->per, 0);
    assert_texts(&measure->where.codes[HST_WHERE_PATIENT_CLASS], c->classes);
    assert_texts(&measure->where.codes[HST_WHERE_ATTENDED], c->attended);
    assert_texts(&measure->where.codes[HST_WHERE_ATTENDANCE_CATEGORY], c->categories);
    assert_int_equal(measure->per_working_day, measure->statistic == HST_STAT_COUNT ||
                                                   measure->statistic == HST_STAT_CRUDE_RATE);
    hst_study_free(study);
}

/* Without defaults of the study. */
static void statistics_have_their_own_defaults(void **state)
{
    static const struct {
        const char *statistic;
        hst_count_date date;
        hst_interval interval;
        double per;
    } cases[] = {
        {"count", HST_DATE_OF_ADMISSION, HST_INTERVAL_DEFAULT, 100000},
        {"dsr", HST_DATE_OF_ADMISSION, HST_INTERVAL_DOBSON_BYAR, 100000},
        {"crude_rate", HST_DATE_OF_ADMISSION, HST_INTERVAL_BYAR, 100000},
        {"isr", HST_DATE_OF_ADMISSION, HST_INTERVAL_BYAR, 100000},
        {"smr", HST_DATE_OF_ADMISSION, HST_INTERVAL_BYAR, 1},
        {"mean_los", HST_DATE_OF_DISCHARGE, HST_INTERVAL_DEFAULT, 100000},
        {"std_mean_los", HST_DATE_OF_DISCHARGE, HST_INTERVAL_DEFAULT, 100000},
        {"bed_days", HST_DATE_OF_DISCHARGE, HST_INTERVAL_DEFAULT, 100000},
        {"bed_day_rate", HST_DATE_OF_DISCHARGE, HST_INTERVAL_DOBSON_BYAR, 1000},
        {"readmission", HST_DATE_OF_DISCHARGE, HST_INTERVAL_DEFAULT, 100},
        {"hhi", HST_DATE_OF_ADMISSION, HST_INTERVAL_DEFAULT, 100000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        hst_study *study = NULL;

        snprintf(text, sizeof text,
                 AROUND("population: /dev/null\nmeasures: {id: m, statistic: %s}\n"),
                 cases[i].statistic);
        study = read_text(text);
        assert_int_equal(study->measures[0].date, cases[i].date);
        assert_int_equal(study->measures[0].interval, cases[i].interval);
        assert_close(study->measures[0].per, cases[i].per, 0);
        hst_study_free(study);
    }
}

static void keys_of_stays_and_references_are_read(void **state)
{
    hst_study *study = read_text(people);
    const hst_measure *stay = find_measure(study, "stay"), *back = find_measure(study, "back");
    const hst_measure *again = find_measure(study, "back_again");
    const hst_measure *ratio = find_measure(study, "ratio"), *rise = find_measure(study, "rise");

    (void)state;
    assert_int_equal(stay->los_cap, 90);
    assert_int_equal(stay->los_min, 1);
    assert_int_equal(stay->where.episode, HST_EPISODE_ANY);
    assert_null(stay->exclude_condition);
    assert_true(find_measure(study, "beds")->bed_days_placed);
    assert_int_equal(back->days, 30);
    assert_int_equal(back->lookback, 365);
    assert_string_equal(back->exclude_condition, "readmission_exclude");
    assert_texts(&back->exclude_specialty, "501 560 610");
    assert_int_equal(again->days, 28);
    assert_int_equal(again->lookback, 0);
    assert_null(again->exclude_condition);
    assert_int_equal(again->exclude_specialty.n, 0);
    assert_texts(&ratio->reference_areas, "5QL");
    assert_string_equal(ratio->reference_year, "2007/08");
    assert_int_equal(find_measure(study, "indirect")->reference_areas.n, 0);
    assert_null(find_measure(study, "indirect")->reference_year);
    assert_true(rise->is_table);
    assert_string_equal(rise->file, "/dev/null");
    assert_string_equal(rise->base, "2006/07");
    assert_int_equal(rise->where.codes[HST_WHERE_PATIENT_CLASS].n, 0);
    assert_string_equal(study->deprivation, "/dev/null");
    assert_close(study->quality.max_row_drop, 0.1, 0);
    assert_int_equal(study->n_reported, 1);
    assert_string_equal(study->reported[0].measure, "seen");
    assert_string_equal(study->reported[0].area, "5QL");
    assert_string_equal(study->reported[0].file, "/dev/null");
    hst_study_free(study);
}

static void cohorts_are_read(void **state)
{
    hst_study *study = read_text(people);
    const hst_study_cohort *found = &study->cohorts[0], *listed = &study->cohorts[1];
    const hst_study_cohort *everybody = &study->cohorts[2];
    const hst_where *missed = &find_measure(study, "missed")->where;

    (void)state;
    assert_int_equal(study->n_cohorts, 3);
    assert_string_equal(found->title, "Found");
    assert_texts(&found->condition, "diabetes_any dementia");
    assert_int_equal(found->positions, HST_POSITIONS_FIRST3);
    assert_int_equal(found->window.from, day("2007-04-01"));
    assert_int_equal(found->window.to, day("2009-03-31"));
    assert_string_equal(found->register_file, "/dev/null");
    assert_int_equal(found->register_age_from, 17);
    assert_int_equal(found->register_age_to, 99);
    assert_null(found->file);
    assert_int_equal(found->line, 12);
    assert_string_equal(listed->id, "listed");
    assert_string_equal(listed->title, "listed");
    assert_string_equal(listed->file, "/dev/null");
    assert_int_equal(listed->condition.n, 0);
    assert_int_equal(listed->window.from, HST_DATE_MISSING);
    assert_null(listed->register_file);
    assert_int_equal(everybody->positions, HST_POSITIONS_OF_SET);
    assert_int_equal(everybody->window.from, HST_DATE_MISSING);
    assert_int_equal(everybody->register_age_from, 0);
    assert_int_equal(everybody->register_age_to, 120);
    assert_texts(&missed->codes[HST_WHERE_COHORT], "found");
    assert_texts(&missed->any[1].codes[HST_WHERE_NOT_COHORT], "listed everybody");
    assert_texts(&missed->any[0].codes[HST_WHERE_ATTENDED], "3");
    assert_texts(&missed->any[1].codes[HST_WHERE_ATTENDED], "5 6");
    hst_study_free(study);
}

/* What is cleaned in an extract is cleaned in the study too, or it would match nothing. */
static void codes_are_cleaned_as_in_extracts(void **state)
{
    char folder[64], path[96];
    hst_study *study = NULL;
    const hst_measure *measure = NULL;

    (void)state;
    make_place(folder, path);
    write_text(
        path, "study: s\n"
              "period: {from: 2008-04-01, to: 2009-03-31}\n"
              "extracts: [{dataset: apc, files: apc.csv}]\n"
              "measures:\n"
              "  - id: m\n"
              "    statistic: count\n"
              "    where: {provider: [rd1, RTG00, nt312], gp_practice: a81001, ethnicity: [a, Z]}\n"
              "    exclude_providers: [{code: rtf01}]\n"
              "publish: {disclosure: none}\n");
    study = read_study(path);
    measure = &study->measures[0];
    assert_texts(&measure->where.codes[HST_WHERE_PROVIDER], "RD1 RTG NT312");
    assert_texts(&measure->where.codes[HST_WHERE_GP_PRACTICE], "A81001");
    assert_texts(&measure->where.codes[HST_WHERE_ETHNICITY], "A Z");
    assert_string_equal(measure->excluded_providers[0].code, "RTF");
    hst_study_free(study);
    remove_place(folder, path);
}

static void absent_file_is_a_usage_error(void **state)
{
    hst_study *study = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_study_read(&study, "/nowhere/study.yaml", &err), HST_ERR_USAGE);
    assert_string_equal(err.message, "/nowhere/study.yaml: there is no such file; `hestia new "
                                     "/nowhere/study.yaml` writes a study file to start from");
    assert_int_equal(hst_study_read(&study, "/tmp", &err), HST_ERR_USAGE);
    assert_int_equal(hst_study_read(&study, "/nowhere/study.yaml", NULL), HST_ERR_USAGE);
}

/** Nine levels of ten aliases would be a thousand million nodes. */
static void aliases_cannot_multiply(void **state)
{
    char folder[64], path[96], text[4096] = "title: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    hst_study *study = NULL;
    hst_error err = {0};

    (void)state;
    for (int i = 1; i < 10; i++) {
        size_t used = strlen(text);

        snprintf(text + used, sizeof text - used,
                 "k%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    make_place(folder, path);
    write_text(path, text);
    assert_int_equal(hst_study_read(&study, path, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "aliases multiply"));
    remove_place(folder, path);
}

/** A folder called "[1]" must not be read as a pattern. */
static void folder_with_pattern_characters_is_escaped(void **state)
{
    char folder[64], path[96], inner[80], expected[128];
    hst_study *study = NULL;

    (void)state;
    make_place(folder, path);
    snprintf(inner, sizeof inner, "%s/[1]", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    snprintf(path, sizeof path, "%s/s.yaml", inner);
    write_text(path, WITH(""));
    study = read_study(path);
    snprintf(expected, sizeof expected, "%s/\\[1]/apc.csv", folder);
    assert_texts(&study->extracts[0].files, expected);
    snprintf(expected, sizeof expected, "%s/results", inner);
    assert_string_equal(study->publish.directory, expected);
    hst_study_free(study);
    remove_place(inner, path);
    assert_int_equal(rmdir(folder), 0);
}

static struct nearest_case {
    const char *name, *text, *expected;
} nearest_cases[] = {
    {"one letter less", "mesures", "measures"},
    {"two letters swapped", "statisitc", "statistic"},
    {"other case", "MEASURES", "measures"},
    {"beginning of a word", "stat", "statistic"},
    {"too far", "banana", NULL},
    {"empty", "", NULL},
    {"longer than any name",
     "measuresmeasuresmeasuresmeasuresmeasuresmeasuresmeasuresmeasuresmeasures", NULL},
};

static void nearest_name_is_found(void **state)
{
    static const char *const names[] = {"study", "measures", "statistic", "population"};
    const struct nearest_case *c = *state;
    const char *nearest = hst_nearest_name(c->text, names, 4);

    if (c->expected) {
        assert_non_null(nearest);
        assert_string_equal(nearest, c->expected);
    } else {
        assert_null(nearest);
    }
}

static void names_are_those_of_the_study_file(void **state)
{
    (void)state;
    assert_string_equal(hst_unit_name(HST_UNIT_ADMISSION), "admission");
    assert_string_equal(hst_statistic_name(HST_STAT_CRUDE_RATE), "crude_rate");
    assert_string_equal(hst_interval_name(HST_INTERVAL_FAY_FEUER), "fay-feuer");
    assert_string_equal(hst_split_name(HST_SPLIT_AGE_BAND), "age_band");
    assert_string_equal(hst_direction_name(HST_DIRECTION_NEUTRAL), "neutral");
    assert_string_equal(hst_dataset_name(HST_DATASET_APC), "apc");
    assert_string_equal(hst_interval_name(HST_INTERVAL_DEFAULT), "");
}

static void reference_page_is_the_schema(void **state)
{
    char *expected = NULL, *actual = NULL;
    size_t n_expected = 0, n_actual = 0;
    FILE *page = open_memstream(&expected, &n_expected);
    FILE *file = fopen(HESTIA_TEST_DIR "/../docs/study-file.md", "rb");
    int c = 0;

    (void)state;
    assert_non_null(page);
    assert_non_null(file);
    hst_study_write_reference(page);
    assert_int_equal(fclose(page), 0);
    page = open_memstream(&actual, &n_actual);
    assert_non_null(page);
    while ((c = getc(file)) != EOF) {
        putc(c, page);
    }
    assert_int_equal(fclose(page), 0);
    assert_int_equal(fclose(file), 0);
    if (n_expected != n_actual || memcmp(expected, actual, n_actual) != 0) {
        fail_msg("docs/study-file.md is not what the schema says; make it anew: build the target "
                 "hestia_study_docs and run it with > docs/study-file.md");
    }
    free(expected);
    free(actual);
}

int main(void)
{
    enum {
        N_FAULTS = sizeof fault_cases / sizeof *fault_cases,
        N_NEAREST = sizeof nearest_cases / sizeof *nearest_cases,
        N_PEOPLE = sizeof people_cases / sizeof *people_cases,
        N_OTHERS = 14
    };
    struct CMUnitTest tests[N_FAULTS + N_NEAREST + N_PEOPLE + N_OTHERS] = {
        cmocka_unit_test(smallest_study_gets_defaults),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(every_key_of_a_measure_is_read),
        cmocka_unit_test(merge_keys_and_defaults_lie_under_a_measure),
        cmocka_unit_test(good_pieces_are_read),
        cmocka_unit_test(statistics_have_their_own_defaults),
        cmocka_unit_test(keys_of_stays_and_references_are_read),
        cmocka_unit_test(cohorts_are_read),
        cmocka_unit_test(codes_are_cleaned_as_in_extracts),
        cmocka_unit_test(absent_file_is_a_usage_error),
        cmocka_unit_test(aliases_cannot_multiply),
        cmocka_unit_test(folder_with_pattern_characters_is_escaped),
        cmocka_unit_test(names_are_those_of_the_study_file),
        cmocka_unit_test(reference_page_is_the_schema),
    };
    size_t n = N_OTHERS;

    for (size_t i = 0; i < N_FAULTS; i++) {
        tests[n++] = (struct CMUnitTest){.name = fault_cases[i].name,
                                         .test_func = fault_is_told_with_its_place,
                                         .initial_state = &fault_cases[i]};
    }
    for (size_t i = 0; i < N_PEOPLE; i++) {
        tests[n++] = (struct CMUnitTest){.name = people_cases[i].name,
                                         .test_func = measure_gets_what_fits_it,
                                         .initial_state = &people_cases[i]};
    }
    for (size_t i = 0; i < N_NEAREST; i++) {
        tests[n++] = (struct CMUnitTest){.name = nearest_cases[i].name,
                                         .test_func = nearest_name_is_found,
                                         .initial_state = &nearest_cases[i]};
    }
    return _cmocka_run_group_tests("study", tests, n, NULL, NULL);
}
