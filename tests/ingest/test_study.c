#include "tests/ingest/study_support.h"

#include <sys/stat.h>
#include <unistd.h>

#include "ingest/study_internal.h"

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
    assert_int_equal(study->n_impacts, 0);
    assert_false(study->breaks.screen);
    assert_close(study->breaks.max_p, 0.01, 0);
    assert_close(study->breaks.min_size, 0.2, 0);
    assert_close(study->breaks.min_monthly, 5, 0);
    assert_string_equal(study->publish.directory, DATA "results");
    assert_int_equal(study->publish.formats.n, 0); /* all */
    assert_string_equal(study->publish.disclosure.rule, "none");
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
    assert_int_equal(study->n_impacts, 1);
    assert_texts(&study->impacts[0].measures, "first second");
    assert_close(study->breaks.min_size, 0.25, 0);
    assert_string_equal(study->publish.directory, DATA "out/results");
    assert_string_equal(study->publish.disclosure.rule, "hes2018");
    assert_int_equal(study->publish.disclosure.min, 10);
    assert_int_equal(study->publish.disclosure.round, 10);
    assert_int_equal(study->publish.disclosure.decimals, 0);
    assert_true(study->publish.disclosure.has_exact_totals);
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

/* Of a study file that is wrong, where its results go and its name, as far as it says so. */
static struct results_case {
    const char *name, *text;
    const char *directory, *study; /* NULL: not known; the directory in the study's folder */
} results_cases[] = {
    {"results of a study with an unknown key",
     "study: night\nmesures: []\npublish: {directory: out, keep: many}\n", "out", "night"},
    {"results beside the study unless it says otherwise", "study: night\n", "results", "night"},
    {"results of a study without a name", "publish: {directory: out}\n", "out", NULL},
    {"a name that is none", "study: [a, b]\n", "results", NULL},
    {"publish is no mapping", "study: night\npublish: out\n", NULL, NULL},
    {"the directory is no text", "study: night\npublish: {directory: [a]}\n", NULL, "night"},
    {"no study but a list", "- a\n", NULL, NULL},
    {"no YAML", "study: [a\n", NULL, NULL},
    {"nothing", "", NULL, NULL},
};

static void results_of_a_wrong_study_are_found(void **state)
{
    const struct results_case *c = *state;
    char path[] = "/tmp/hestia-study-XXXXXX", expected[64] = "";
    char *directory = NULL, *name = NULL;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, c->text, strlen(c->text)), strlen(c->text));
    close(fd);
    hst_study_find_results(&directory, &name, path);
    unlink(path);
    snprintf(expected, sizeof expected, "/tmp/%s", c->directory ? c->directory : "");
    if (c->directory) {
        assert_string_equal(directory, expected);
    } else {
        assert_null(directory);
    }
    if (c->study) {
        assert_string_equal(name, c->study);
    } else {
        assert_null(name);
    }
    free(directory);
    free(name);
    hst_study_find_results(&directory, &name, "/tmp/hestia-no-such-study");
    assert_null(directory);
    assert_null(name);
}

static fault_case fault_cases[] = {
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

    {"unknown format", STUDY PERIOD EXTRACTS MEASURES "publish: {formats: [csv, xls]}\n",
     "did you mean `xlsx`?"},
    {"none with options",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: {rule: none, min: 8}}\n",
     "`rule: none` takes no other key"},
    {"rounding to nothing",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: {rule: hes2018, round: 0}}\n",
     "line 5, column 46: `round` is a whole number from 1 to 1000"},
    {"a smallest count of nothing",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: {rule: hes2018, min: 0}}\n",
     "`min` is a whole number from 3 to 1000"},
    {"a smallest count that leaves one to hide: it would be known",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: {rule: hes2018, min: 2}}\n",
     "`min` is a whole number from 3 to 1000"},
    {"totals by another word",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: {rule: hes2018, totals: true}}\n",
     "line 5, column 47: unknown `totals`: `true`; it can be rounded or exact"},
    {"more decimals than digits",
     STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: {rule: hes2018, decimals: 99}}\n",
     "`decimals` is a whole number from 0 to 9"},
    {"unknown disclosure rule", STUDY PERIOD EXTRACTS MEASURES "publish: {disclosure: hes2019}\n",
     "did you mean `hes2018`?"},
    {"study name with underscore", "study: a_b\n" PERIOD EXTRACTS MEASURES PUBLISH,
     "`study` must be a name"},
};

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
    assert_string_equal(err.message,
                        "/nowhere/study.yaml: there is no such file; `hestia new "
                        "EXTRACT... --out /nowhere/study.yaml` writes one to start from");
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
        N_RESULTS = sizeof results_cases / sizeof *results_cases,
        N_OTHERS = 11
    };
    struct CMUnitTest tests[N_FAULTS + N_NEAREST + N_RESULTS + N_OTHERS] = {
        cmocka_unit_test(smallest_study_gets_defaults),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(every_key_of_a_measure_is_read),
        cmocka_unit_test(merge_keys_and_defaults_lie_under_a_measure),
        cmocka_unit_test(good_pieces_are_read),
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
    for (size_t i = 0; i < N_NEAREST; i++) {
        tests[n++] = (struct CMUnitTest){.name = nearest_cases[i].name,
                                         .test_func = nearest_name_is_found,
                                         .initial_state = &nearest_cases[i]};
    }
    for (size_t i = 0; i < N_RESULTS; i++) {
        tests[n++] = (struct CMUnitTest){.name = results_cases[i].name,
                                         .test_func = results_of_a_wrong_study_are_found,
                                         .initial_state = &results_cases[i]};
    }
    return _cmocka_run_group_tests("study", tests, n, NULL, NULL);
}
