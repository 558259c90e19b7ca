/*
 * What goes with what in a measure: units, dates and limits by data set and statistic, and keys
 * that only some statistics have. What a measure says itself and does not fit is refused with what
 * to write instead; what `measure_defaults` say and does not fit is passed over, so that defaults
 * can stand above measures of every kind.
 */
#include "study_reader.h"

#include <string.h>

#define BIT(statistic) (1u << HST_STAT_##statistic)

enum { MAX_INTERVALS = 7 };

/** Confidence limits that a statistic can have, its default first; others have none to choose. */
static const struct interval_row {
    hst_statistic statistic;
    size_t n;
    hst_interval intervals[MAX_INTERVALS];
} interval_rows[] = {
    {HST_STAT_DSR,
     7,
     {HST_INTERVAL_DOBSON_BYAR, HST_INTERVAL_DOBSON_EXACT, HST_INTERVAL_FAY_FEUER,
      HST_INTERVAL_TIWARI, HST_INTERVAL_MID_P, HST_INTERVAL_REPEAT_ADJUSTED, HST_INTERVAL_NORMAL}},
    {HST_STAT_CRUDE_RATE, 3, {HST_INTERVAL_BYAR, HST_INTERVAL_EXACT, HST_INTERVAL_REPEAT_ADJUSTED}},
    {HST_STAT_ISR, 2, {HST_INTERVAL_BYAR, HST_INTERVAL_EXACT}},
    {HST_STAT_SMR, 2, {HST_INTERVAL_BYAR, HST_INTERVAL_EXACT}},
    {HST_STAT_BED_DAY_RATE, 2, {HST_INTERVAL_DOBSON_BYAR, HST_INTERVAL_NORMAL}},
};

/** Keys of a measure that only some statistics have. */
static const struct statistic_key {
    const char *key;
    unsigned statistics;
} statistic_keys[] = {
    {"per_working_day", BIT(COUNT) | BIT(CRUDE_RATE)},
    {"base", BIT(GROWTH)},
    {"bed_days", BIT(BED_DAYS) | BIT(BED_DAY_RATE)},
    {"los_cap", BIT(MEAN_LOS) | BIT(STD_MEAN_LOS) | BIT(BED_DAYS) | BIT(BED_DAY_RATE)},
    {"los_min", BIT(MEAN_LOS) | BIT(STD_MEAN_LOS) | BIT(BED_DAYS) | BIT(BED_DAY_RATE)},
    {"reference", BIT(ISR) | BIT(SMR) | BIT(ACS_SCORE)},
    {"days", BIT(READMISSION)},
    {"exclude_condition", BIT(READMISSION)},
    {"exclude_specialty", BIT(READMISSION)},
    {"lookback", BIT(READMISSION)},
};

/** Keys that ask something of rows, which a table does not have. */
static const char *const row_keys[] = {"where", "unit", "date", "split", "exclude_providers"};

/** Why a value of a key does not fit a measure and what does; NULL when it fits. */
typedef const char *(*fit_test)(const hst_measure *measure, int value);

/**
 * The value given for a key when it fits, else `fallback`; the measure's own that does not fit is a
 * failure.
 */
static int choose(const hst_scope *s, const char *key, const hst_measure *measure, fit_test test,
                  int fallback)
{
    int given = hst_scope_choice(s, key, -1);
    const char *fault = given < 0 ? NULL : test(measure, given);

    if (given >= 0 && !fault) {
        return given;
    }
    if (hst_scope_own(s, key)) {
        hst_reader_fail(s->reader, hst_scope_own(s, key), "`%s: %s` of measure `%s`: %s", key,
                        hst_scope_peek(s, key), measure->id, fault);
    }
    return fallback;
}

static const char *test_unit(const hst_measure *measure, int unit)
{
    bool is_stay = unit == HST_UNIT_SPELL || unit == HST_UNIT_CIPS;

    if (measure->dataset != HST_DATASET_APC) {
        return unit == HST_UNIT_ATTENDANCE || unit == HST_UNIT_PERSON
                   ? NULL
                   : "rows of op and ae are attendances; write `unit: attendance` or person";
    }
    if (unit == HST_UNIT_ATTENDANCE) {
        return "attendances are in op and ae; give `dataset: op` or ae, or another unit";
    }
    if (measure->statistic == HST_STAT_READMISSION && unit != HST_UNIT_CIPS) {
        return "readmissions follow the discharge from a continuous stay; write `unit: cips`, or "
               "leave it out";
    }
    if (hst_statistic_of_stays(measure->statistic) && !is_stay) {
        return "a stay has its discharge in its last episode, so lengths of stay need whole stays; "
               "write `unit: spell` or cips";
    }
    return NULL;
}

hst_unit hst_study_choose_unit(const hst_scope *s, const hst_measure *measure)
{
    hst_unit fallback = HST_UNIT_ADMISSION;

    if (measure->dataset != HST_DATASET_APC) {
        fallback = HST_UNIT_ATTENDANCE;
    } else if (measure->statistic == HST_STAT_READMISSION) {
        fallback = HST_UNIT_CIPS;
    } else if (hst_statistic_of_stays(measure->statistic)) {
        fallback = HST_UNIT_SPELL;
    }
    return (hst_unit)choose(s, "unit", measure, test_unit, (int)fallback);
}

static const char *test_date(const hst_measure *measure, int date)
{
    if (measure->dataset != HST_DATASET_APC) {
        return date == HST_DATE_OF_ATTENDANCE
                   ? NULL
                   : "rows of op and ae have the date of the attendance only; leave it out";
    }
    return date != HST_DATE_OF_ATTENDANCE
               ? NULL
               : "inpatients have no attendance date; write admission or discharge";
}

hst_count_date hst_study_choose_date(const hst_scope *s, const hst_measure *measure)
{
    hst_count_date fallback = measure->dataset != HST_DATASET_APC          ? HST_DATE_OF_ATTENDANCE
                              : hst_statistic_of_stays(measure->statistic) ? HST_DATE_OF_DISCHARGE
                                                                           : HST_DATE_OF_ADMISSION;

    return (hst_count_date)choose(s, "date", measure, test_date, (int)fallback);
}

hst_interval hst_study_choose_interval(const hst_scope *s, const hst_measure *measure)
{
    const hst_yaml *own = hst_scope_own(s, "interval");
    int given = hst_scope_choice(s, "interval", HST_INTERVAL_DEFAULT);
    hst_interval fallback = HST_INTERVAL_DEFAULT;
    char names[160] = "";

    for (size_t i = 0; i < sizeof interval_rows / sizeof *interval_rows; i++) {
        const struct interval_row *row = &interval_rows[i];

        if (row->statistic != measure->statistic) {
            continue;
        }
        fallback = row->intervals[0];
        for (size_t k = 0; k < row->n; k++) {
            size_t used = strlen(names);

            snprintf(names + used, sizeof names - used, "%s%s", k == 0 ? "; it has " : ", ",
                     hst_interval_name(row->intervals[k]));
            if ((int)row->intervals[k] == given) {
                return row->intervals[k];
            }
        }
    }
    if (own) {
        hst_reader_fail(s->reader, own, "`interval: %s` does not go with `statistic: %s`%s",
                        own->text, hst_statistic_name(measure->statistic), names);
    }
    return fallback;
}

double hst_study_choose_per(const hst_scope *s, const hst_measure *measure)
{
    const hst_yaml *given = hst_scope_find(s, "per");
    double fallback = 100000;

    if (measure->statistic == HST_STAT_BED_DAY_RATE) {
        fallback = 1000;
    } else if (measure->statistic == HST_STAT_SMR) {
        fallback = 1;
    } else if (measure->statistic == HST_STAT_READMISSION) {
        fallback = 100;
    }
    if (fallback < 100000) {
        given = hst_scope_own(s, "per");
    }
    return given ? hst_scope_number(s, "per") : fallback;
}

/** "isr, smr or acs_score" */
static void list_statistics(unsigned statistics, char *text, size_t capacity)
{
    size_t used = 0;

    for (int i = 0; i <= HST_STAT_ACS_SCORE; i++) {
        if ((statistics >> i & 1u) && used < capacity) {
            bool is_last = statistics >> i == 1;

            used += (size_t)snprintf(text + used, capacity - used, "%s%s",
                                     used == 0 ? ""
                                     : is_last ? " or "
                                               : ", ",
                                     hst_statistic_name((hst_statistic)i));
        }
    }
}

bool hst_study_key_fits(const hst_scope *s, const hst_measure *measure, const char *key)
{
    char statistics[120];

    for (size_t i = 0; i < sizeof statistic_keys / sizeof *statistic_keys; i++) {
        const struct statistic_key *row = &statistic_keys[i];

        if (strcmp(row->key, key) != 0 || (row->statistics >> measure->statistic & 1u)) {
            continue;
        }
        if (hst_scope_own(s, key)) {
            list_statistics(row->statistics, statistics, sizeof statistics);
            hst_reader_fail(s->reader, hst_scope_own(s, key),
                            "`%s` goes with `statistic: %s`; measure `%s` has `statistic: %s`", key,
                            statistics, measure->id, hst_statistic_name(measure->statistic));
        }
        return false;
    }
    return true;
}

static bool has_extract(const hst_study *study, hst_dataset dataset)
{
    for (size_t i = 0; i < study->n_extracts; i++) {
        if (study->extracts[i].dataset == dataset) {
            return true;
        }
    }
    return false;
}

static void check_table(const hst_scope *s, const hst_measure *measure)
{
    if (measure->statistic != HST_STAT_COUNT && measure->statistic != HST_STAT_GROWTH) {
        hst_reader_fail(s->reader, hst_scope_find(s, "statistic"),
                        "`statistic: %s` of measure `%s`: a table has one number for each period "
                        "and area; write count or growth",
                        hst_statistic_name(measure->statistic), measure->id);
    }
    for (size_t i = 0; i < sizeof row_keys / sizeof *row_keys; i++) {
        if (hst_scope_own(s, row_keys[i])) {
            hst_reader_fail(s->reader, hst_scope_own(s, row_keys[i]),
                            "`%s` asks something of rows, and measure `%s` is a table; remove it",
                            row_keys[i], measure->id);
        }
    }
    if (!hst_scope_find(s, "file")) {
        hst_reader_fail(s->reader, s->mapping,
                        "measure `%s` has `dataset: table`, which needs a `file` "
                        "`period,area,value`",
                        measure->id);
    }
}

void hst_study_check_source(const hst_scope *s, const hst_study *study, const hst_measure *measure)
{
    const hst_yaml *dataset = hst_scope_find(s, "dataset");

    if (measure->is_table) {
        check_table(s, measure);
        return;
    }
    if (hst_scope_own(s, "file")) {
        hst_reader_fail(s->reader, hst_scope_own(s, "file"),
                        "`file` goes with `dataset: table`; measure `%s` counts `dataset: %s`",
                        measure->id, hst_dataset_name(measure->dataset));
    }
    if (measure->dataset != HST_DATASET_APC && hst_statistic_of_stays(measure->statistic)) {
        hst_reader_fail(s->reader, hst_scope_find(s, "statistic"),
                        "`statistic: %s` of measure `%s` needs stays of inpatients, and its data "
                        "set is %s; write `dataset: apc`",
                        hst_statistic_name(measure->statistic), measure->id,
                        hst_dataset_name(measure->dataset));
    }
    if (!has_extract(study, measure->dataset)) {
        hst_reader_fail(s->reader, dataset ? dataset : s->mapping,
                        "measure `%s` counts `dataset: %s`, and no extract of the study is of it",
                        measure->id, hst_dataset_name(measure->dataset));
    }
}

void hst_study_check_tables(const hst_scope *s, const hst_study *study, const hst_measure *measure)
{
    static const unsigned rates =
        BIT(CRUDE_RATE) | BIT(DSR) | BIT(ISR) | BIT(SMR) | BIT(BED_DAY_RATE) | BIT(ACS_SCORE);
    const char *name = hst_statistic_name(measure->statistic);

    if ((rates >> measure->statistic & 1u) && study->population.n == 0) {
        hst_reader_fail(s->reader, s->mapping,
                        "measure `%s` is a rate (%s), which needs `population`", measure->id, name);
    }
    if (measure->statistic == HST_STAT_ACS_SCORE && !study->deprivation) {
        hst_reader_fail(s->reader, s->mapping,
                        "measure `%s` sets rates beside deprivation (%s), which needs the study's "
                        "`deprivation`",
                        measure->id, name);
    }
}
