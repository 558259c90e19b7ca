/* The measures of a study: what is counted, by which filter. */
#include "study_reader.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "extract_internal.h"

/** Header fields of `where`, by hst_where_code. Those of later versions are refused by the schema.
 */
static const char *const where_keys[HST_N_WHERE_CODES] = {
    [HST_WHERE_ADMISSION_METHOD] = "admission_method",
    [HST_WHERE_SEX] = "sex",
    [HST_WHERE_PATIENT_CLASS] = "patient_class",
    [HST_WHERE_EPISODE_TYPE] = "episode_type",
    [HST_WHERE_SPECIALTY] = "specialty",
    [HST_WHERE_MAIN_SPECIALTY] = "main_specialty",
    [HST_WHERE_PROVIDER] = "provider",
    [HST_WHERE_GP_PRACTICE] = "gp_practice",
    [HST_WHERE_ETHNICITY] = "ethnicity",
    [HST_WHERE_DEPRIVATION_QUINTILE] = "deprivation_quintile",
    [HST_WHERE_DISCHARGE_METHOD] = "discharge_method",
    [HST_WHERE_DISCHARGE_DESTINATION] = "discharge_destination",
    [HST_WHERE_ADMISSION_SOURCE] = "admission_source",
    [HST_WHERE_ATTENDED] = "attended",
    [HST_WHERE_FIRST_ATTENDANCE] = "first_attendance",
    [HST_WHERE_DEPARTMENT] = "department",
    [HST_WHERE_ATTENDANCE_CATEGORY] = "attendance_category",
    [HST_WHERE_CONDITION] = "condition",
    [HST_WHERE_PROCEDURE] = "procedure",
    [HST_WHERE_COHORT] = "cohort",
    [HST_WHERE_NOT_COHORT] = "not_cohort",
};

/** Marks the patient classes that a filter or one under its `any` names. True when there are any.
 */
static bool mark_classes(const hst_where *where, bool marked[UCHAR_MAX + 1])
{
    const hst_texts *classes = &where->codes[HST_WHERE_PATIENT_CLASS];
    bool named = classes->n > 0;

    for (size_t i = 0; i < classes->n; i++) {
        marked[(unsigned char)classes->items[i][0]] = true; /* the schema has one letter each */
    }
    for (size_t i = 0; i < where->n_any; i++) {
        named |= mark_classes(&where->any[i], marked);
    }
    return named;
}

/**
 * Ordinary, day case, and mother and baby, where the study does not say. When filters under `any`
 * name classes, those are let through as well, and their neighbours get the default: else it would
 * undo what they ask for.
 */
static void set_default_class(hst_reader *r, hst_where *where)
{
    bool wanted[UCHAR_MAX + 1] = {['1'] = true, ['2'] = true, ['5'] = true};
    hst_texts *classes = &where->codes[HST_WHERE_PATIENT_CLASS];

    if (classes->n > 0) {
        return;
    }
    if (mark_classes(where, wanted)) {
        for (size_t i = 0; i < where->n_any; i++) {
            set_default_class(r, &where->any[i]);
        }
    }
    classes->items = hst_reader_allocate(r, UCHAR_MAX + 1, sizeof *classes->items);
    for (unsigned c = 0; c <= UCHAR_MAX && !r->status; c++) {
        if (wanted[c]) {
            classes->items[classes->n] = hst_reader_copy(r, (char[]){(char)c, '\0'});
            classes->n += classes->items[classes->n] != NULL;
        }
    }
}

/** A code as extracts are cleaned, or it would never be met: in upper case, a trust by its first
 * three characters. */
static void clean_code(char *text, hst_field_kind kind)
{
    char code[HST_CODE_BYTES];
    size_t length = text ? strlen(text) : 0;
    size_t n = hst_clean_code(kind, text, length, code);

    if (n > 0 && n <= length && n < HST_CODE_BYTES) {
        memcpy(text, code, n);
        text[n] = '\0';
    }
}

static void clean_codes(const hst_texts *texts, hst_field_kind kind)
{
    for (size_t i = 0; i < texts->n; i++) {
        clean_code(texts->items[i], kind);
    }
}

static void read_where(hst_scope s, hst_where *where)
{
    const hst_yaml *any = NULL;
    size_t n = 0;

    if (!s.mapping || s.reader->status) {
        return;
    }
    where->line = s.mapping->line;
    for (size_t i = 0; i < HST_N_WHERE_CODES; i++) {
        where->codes[i] = hst_scope_texts(&s, where_keys[i]);
    }
    clean_codes(&where->codes[HST_WHERE_PROVIDER], HST_KIND_PROVIDER);
    clean_codes(&where->codes[HST_WHERE_GP_PRACTICE], HST_KIND_GP_PRACTICE);
    clean_codes(&where->codes[HST_WHERE_ETHNICITY], HST_KIND_CODE1);
    where->transfers_excluded = hst_scope_choice(&s, "transfers", 0) == 1;
    where->positions = (hst_positions)hst_scope_choice(&s, "positions", HST_POSITIONS_OF_SET);
    where->episode = (hst_which_episode)hst_scope_choice(&s, "episode", HST_EPISODE_FIRST);
    where->has_age = hst_scope_range(&s, "age", &where->age_from, &where->age_to);
    where->has_length_of_stay =
        hst_scope_range(&s, "length_of_stay", &where->los_from, &where->los_to);
    if (where->positions != HST_POSITIONS_OF_SET && where->codes[HST_WHERE_CONDITION].n == 0) {
        hst_reader_fail(s.reader, hst_scope_find(&s, "positions"),
                        "`positions` needs a `condition` beside it");
    }
    any = hst_scope_find(&s, "any");
    n = hst_yaml_count(any);
    where->any = n > 0 ? hst_reader_allocate(s.reader, n, sizeof *where->any) : NULL;
    where->n_any = where->any ? n : 0;
    for (size_t i = 0; i < where->n_any; i++) {
        read_where((hst_scope){s.reader, HST_GROUP_WHERE, hst_yaml_item(any, i), NULL},
                   &where->any[i]);
    }
}

static void read_excluded_providers(const hst_scope *s, hst_measure *measure)
{
    const hst_yaml *excluded = hst_scope_find(s, "exclude_providers");
    size_t n = hst_yaml_count(excluded);

    if (n == 0) {
        return;
    }
    measure->excluded_providers = hst_reader_allocate(s->reader, n, sizeof(hst_excluded_provider));
    measure->n_excluded_providers = measure->excluded_providers ? n : 0;
    for (size_t i = 0; i < measure->n_excluded_providers; i++) {
        hst_scope one = {s->reader, HST_GROUP_EXCLUDED_PROVIDER, hst_yaml_item(excluded, i), NULL};

        measure->excluded_providers[i].code = hst_scope_text(&one, "code");
        clean_code(measure->excluded_providers[i].code, HST_KIND_PROVIDER);
        measure->excluded_providers[i].areas = hst_scope_texts(&one, "areas");
        measure->excluded_providers[i].reason = hst_scope_text(&one, "reason");
    }
}

static void read_by(const hst_scope *s, hst_measure *measure)
{
    const hst_schema_key *row = hst_schema_find(s->group, "by");
    const hst_yaml *by = hst_scope_find(s, "by");

    if (!by) {
        measure->by = (unsigned)hst_choice_value(row->choices, row->fallback);
    }
    for (size_t i = 0; i < hst_yaml_count(by); i++) {
        measure->by |= (unsigned)hst_choice_value(row->choices, hst_yaml_item(by, i)->text);
    }
}

/** 95, or 95 and 99.8: the two that results.csv has columns for. */
static void read_confidence(const hst_scope *s, hst_measure *measure)
{
    const hst_yaml *levels = hst_scope_find(s, "confidence");
    size_t n = hst_yaml_count(levels);

    measure->n_confidence = n == 2 ? 2 : 1;
    measure->confidence[0] = 95;
    measure->confidence[1] = n == 2 ? 99.8 : 0;
    for (size_t i = 0; i < n; i++) {
        if (n > 2 || strtod(hst_yaml_item(levels, i)->text, NULL) != measure->confidence[i]) {
            hst_reader_fail(s->reader, levels, "`confidence` is 95, or [95, 99.8]");
            return;
        }
    }
}

static bool interval_fits(hst_statistic statistic, hst_interval interval)
{
    bool for_counts = interval == HST_INTERVAL_BYAR || interval == HST_INTERVAL_EXACT;

    return statistic == HST_STAT_DSR || statistic == HST_STAT_CRUDE_RATE
               ? for_counts == (statistic == HST_STAT_CRUDE_RATE)
               : false;
}

/** The statistic's own interval when none is given; one of measure_defaults only where it fits. */
static void read_interval(const hst_scope *s, hst_measure *measure)
{
    const hst_yaml *own = hst_yaml_get(s->mapping, "interval");
    int given = hst_scope_choice(s, "interval", HST_INTERVAL_DEFAULT);

    if (given != HST_INTERVAL_DEFAULT && interval_fits(measure->statistic, (hst_interval)given)) {
        measure->interval = (hst_interval)given;
        return;
    }
    if (own && given != HST_INTERVAL_DEFAULT) {
        hst_reader_fail(s->reader, own, "`interval: %s` does not go with `statistic: %s`",
                        hst_interval_name((hst_interval)given),
                        hst_statistic_name(measure->statistic));
    }
    measure->interval = measure->statistic == HST_STAT_DSR          ? HST_INTERVAL_DOBSON_BYAR
                        : measure->statistic == HST_STAT_CRUDE_RATE ? HST_INTERVAL_BYAR
                                                                    : HST_INTERVAL_DEFAULT;
}

/** First day of the month number `index` from January of year 0. */
static hst_date month_start(int index)
{
    return hst_date_from_civil(index / 12, index % 12 + 1, 1);
}

/** True when a month, quarter or financial year lies in the window as a whole. */
static bool holds_period(hst_window window, hst_by type)
{
    int n_months = type == HST_BY_YEAR ? 12 : type == HST_BY_QUARTER ? 3 : 1;
    int year = 0, month = 0, day = 0, index = 0;

    hst_date_to_civil(window.from, &year, &month, &day);
    index = 12 * year + month - 1 + (day > 1);
    while ((index + 9) % n_months != 0) { /* years begin in April, month 3 */
        index++;
    }
    return month_start(index + n_months) - 1 <= window.to;
}

static void require_whole_period(const hst_scope *s, const hst_measure *measure)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};
    static const char *const names[] = {"month", "quarter", "year"};
    char asked[40] = "";

    for (size_t i = 0; i < 3 && !s->reader->status; i++) {
        if ((measure->by & types[i]) && holds_period(measure->period, types[i])) {
            return;
        }
        if (measure->by & types[i]) {
            size_t used = strlen(asked);

            snprintf(asked + used, sizeof asked - used, "%s%s", used > 0 ? " or " : "", names[i]);
        }
    }
    hst_reader_fail(s->reader, s->mapping,
                    "the period of measure `%s` holds no complete %s (quarters and years are "
                    "financial)",
                    measure->id, asked);
}

static void read_measure_period(const hst_scope *s, const hst_study *study, hst_measure *measure)
{
    measure->period = hst_scope_window(s, "period");
    if (measure->period.from == HST_DATE_MISSING) {
        measure->period = study->period;
    } else if (measure->period.from < study->period.from || measure->period.to > study->period.to) {
        hst_reader_fail(s->reader, hst_scope_find(s, "period"),
                        "the period of measure `%s` is not inside the study's", measure->id);
    }
}

static void require_measure_key(const hst_scope *s, const char *key)
{
    if (!hst_scope_find(s, key)) {
        hst_reader_fail(s->reader, s->mapping, "a measure needs the key `%s`", key);
    }
}

static void read_measure(hst_scope s, const hst_study *study, hst_measure *measure)
{
    require_measure_key(&s, "id");
    require_measure_key(&s, "statistic");
    if (s.reader->status) {
        return;
    }
    measure->line = s.mapping->line;
    measure->id = hst_scope_text(&s, "id");
    measure->title =
        hst_scope_find(&s, "title") ? hst_scope_text(&s, "title") : hst_scope_text(&s, "id");
    measure->figure =
        hst_scope_find(&s, "figure") ? hst_scope_text(&s, "figure") : hst_reader_copy(s.reader, "");
    measure->dataset = (hst_dataset)hst_scope_choice(&s, "dataset", HST_DATASET_APC);
    measure->unit = (hst_unit)hst_scope_choice(&s, "unit", HST_UNIT_ADMISSION);
    read_where(hst_scope_inner(&s, "where"), &measure->where);
    set_default_class(s.reader, &measure->where);
    measure->statistic = (hst_statistic)hst_scope_choice(&s, "statistic", HST_STAT_COUNT);
    read_by(&s, measure);
    read_measure_period(&s, study, measure);
    require_whole_period(&s, measure);
    measure->date = (hst_count_date)hst_scope_choice(&s, "date", HST_DATE_OF_ADMISSION);
    measure->split = (hst_split)hst_scope_choice(&s, "split", HST_SPLIT_NONE);
    read_interval(&s, measure);
    read_confidence(&s, measure);
    measure->per = hst_scope_number(&s, "per");
    measure->annualise = hst_scope_bool(&s, "annualise");
    measure->direction = (hst_direction)hst_scope_choice(&s, "direction", HST_DIRECTION_NEUTRAL);
    read_excluded_providers(&s, measure);
    measure->min_events = (int)hst_scope_number(&s, "min_events");
    if (!s.reader->status && measure->per <= 0) {
        hst_reader_fail(s.reader, hst_scope_find(&s, "per"), "`per` must be greater than 0");
    }
    if (measure->statistic != HST_STAT_COUNT && study->population.n == 0) {
        hst_reader_fail(s.reader, s.mapping,
                        "measure `%s` is a rate (%s), which needs `population`", measure->id,
                        hst_statistic_name(measure->statistic));
    }
}

void hst_study_read_measures(const hst_scope *s, hst_study *study)
{
    const hst_yaml *measures = hst_scope_find(s, "measures"),
                   *defaults = hst_scope_find(s, "measure_defaults");
    size_t n = hst_yaml_count(measures);

    if (defaults && hst_yaml_get(defaults, "id")) {
        hst_reader_fail(s->reader, defaults, "`measure_defaults` cannot hold `id`");
    }
    study->measures = hst_reader_allocate(s->reader, n, sizeof *study->measures);
    study->n_measures = study->measures ? n : 0;
    for (size_t i = 0; i < study->n_measures; i++) {
        const hst_yaml *item = hst_yaml_item(measures, i);

        read_measure((hst_scope){s->reader, HST_GROUP_MEASURE, item, defaults}, study,
                     &study->measures[i]);
        for (size_t j = 0; j < i && !s->reader->status; j++) {
            if (strcmp(study->measures[j].id, study->measures[i].id) == 0) {
                hst_reader_fail(s->reader, hst_yaml_get(item, "id"),
                                "two measures have the id `%s` (the other is on line %zu)",
                                study->measures[i].id, study->measures[j].line);
            }
        }
    }
}
