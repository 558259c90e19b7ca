/* Measures, cohorts and reported numbers of a study file: what fits what, and what is refused. */
#include "tests/ingest/study_support.h"

#define COHORT(text) AROUND("cohorts: {" text "}\n" MEASURES)
#define TEN_COHORTS                                                                                \
    "{id: a, condition: a}, {id: b, condition: a}, {id: c, condition: a}, {id: d, condition: a}, " \
    "{id: e, condition: a}, {id: f, condition: a}, {id: g, condition: a}, {id: h, condition: a}, " \
    "{id: i, condition: a}, {id: j, condition: a}, "
#define OP(text)                                                                                   \
    STUDY PERIOD "extracts: {dataset: op, files: a}\nmeasures: {id: m, dataset: op, " text         \
                 "}\n" PUBLISH

static fault_case fault_cases[] = {
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
     ", line 6, column 21: `measure`: the study has no measure `mm`"},
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
    {"cap of no days", MEASURE("statistic: mean_los, los_cap: 0"),
     "`los_cap` must be greater than 0"},
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
};

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

int main(void)
{
    enum {
        N_FAULTS = sizeof fault_cases / sizeof *fault_cases,
        N_PEOPLE = sizeof people_cases / sizeof *people_cases,
        N_OTHERS = 3
    };
    struct CMUnitTest tests[N_FAULTS + N_PEOPLE + N_OTHERS] = {
        cmocka_unit_test(statistics_have_their_own_defaults),
        cmocka_unit_test(keys_of_stays_and_references_are_read),
        cmocka_unit_test(cohorts_are_read),
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
    return _cmocka_run_group_tests("study_measure", tests, n, NULL, NULL);
}
