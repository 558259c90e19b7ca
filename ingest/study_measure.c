/* The measures of a study: what is counted, over which periods, as which statistic. */
#include "study_reader.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/period.h"
#include "hestia/working_days.h"

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
        hst_study_clean_provider(measure->excluded_providers[i].code);
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

/** First day of the month number `index` from January of year 0. */
static hst_date month_start(int index)
{
    return hst_date_from_civil(index / 12, index % 12 + 1, 1);
}

bool hst_study_holds_period(hst_window window, hst_by type)
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
        if ((measure->by & types[i]) && hst_study_holds_period(measure->period, types[i])) {
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

/** The holidays of other years are not known. */
static void require_working_days(const hst_scope *s, const hst_measure *measure)
{
    hst_working_days *calendar = NULL;
    hst_error why = {0};
    size_t n = 0;

    if (!measure->per_working_day || s->reader->status) {
        return;
    }
    s->reader->status = hst_working_days_create(&calendar, s->reader->err);
    if (!s->reader->status && hst_working_days_count(&n, calendar, measure->period.from,
                                                     measure->period.to, &why) != HST_OK) {
        hst_reader_fail(s->reader, hst_scope_find(s, "per_working_day"), "measure `%s`: %s",
                        measure->id, why.message);
    }
    hst_working_days_free(calendar);
}

static void require_measure_key(const hst_scope *s, const char *key)
{
    if (!hst_scope_find(s, key)) {
        hst_reader_fail(s->reader, s->mapping, "a measure needs the key `%s`", key);
    }
}

/** Label of a period of the measure, as results have it; NULL and a failure when it is none. */
static char *read_label(const hst_scope *s, const hst_measure *measure, const char *key,
                        unsigned types, const char *examples)
{
    static const hst_by order[] = {HST_BY_YEAR, HST_BY_QUARTER, HST_BY_MONTH};
    const hst_yaml *value = hst_scope_find(s, key);
    hst_period period = {0};
    bool is_period = false;

    for (size_t i = 0; i < 3 && value && !is_period; i++) {
        is_period = (types & order[i]) && hst_period_parse_as(order[i], value->text, &period);
    }
    if (!is_period) {
        hst_reader_fail(s->reader, value, "`%s` must be the label of a %s", key, examples);
    } else if (period.start < measure->period.from || period.end > measure->period.to) {
        hst_reader_fail(s->reader, value, "`%s: %s` is not inside the period of measure `%s`", key,
                        period.label, measure->id);
    }
    return s->reader->status ? NULL : hst_reader_copy(s->reader, period.label);
}

static void read_base(const hst_scope *s, hst_measure *measure)
{
    if (!hst_study_key_fits(s, measure, "base")) {
        return;
    }
    if (!hst_scope_find(s, "base")) {
        hst_reader_fail(s->reader, s->mapping,
                        "measure `%s` is growth, which needs the key `base`: the label of the "
                        "period that the others are compared with (2006/07)",
                        measure->id);
        return;
    }
    measure->base = read_label(s, measure, "base", measure->by,
                               "period of `by` (2006/07, 2006/07 Q1 or 2006-04)");
}

static void read_reference(const hst_scope *s, hst_measure *measure)
{
    hst_scope reference = hst_scope_inner(s, "reference");
    const hst_yaml *areas = NULL;

    if (!hst_study_key_fits(s, measure, "reference") || !reference.mapping) {
        return;
    }
    areas = hst_scope_find(&reference, "areas");
    if (hst_yaml_count(areas) != 1 || strcmp(hst_yaml_item(areas, 0)->text, "all") != 0) {
        measure->reference_areas = hst_scope_texts(&reference, "areas");
    }
    for (size_t i = 0; i < measure->reference_areas.n; i++) {
        if (strcmp(measure->reference_areas.items[i], "all") == 0) {
            hst_reader_fail(s->reader, areas, "`areas` is all, or codes of areas, not both");
        }
    }
    if (hst_scope_find(&reference, "year")) {
        measure->reference_year =
            read_label(&reference, measure, "year", HST_BY_YEAR, "financial year (2007/08)");
    }
}

/** `exclude_condition: none` and `exclude_specialty: none` exclude nothing. */
static void read_readmission(const hst_scope *s, hst_measure *measure)
{
    static const char *const obstetrics[] = {"501", "560", "610"};
    const hst_yaml *specialties = hst_scope_find(s, "exclude_specialty");
    hst_texts *texts = &measure->exclude_specialty;

    if (!hst_study_key_fits(s, measure, "days") || !hst_study_key_fits(s, measure, "lookback") ||
        !hst_study_key_fits(s, measure, "exclude_condition") ||
        !hst_study_key_fits(s, measure, "exclude_specialty")) {
        return;
    }
    measure->days = (int)hst_scope_number(s, "days");
    measure->lookback = (int)hst_scope_number(s, "lookback");
    if (measure->days == 0) {
        hst_reader_fail(s->reader, hst_scope_find(s, "days"), "`days` must be greater than 0");
    }
    if (strcmp(hst_scope_peek(s, "exclude_condition"), "none") != 0) {
        measure->exclude_condition = hst_scope_text(s, "exclude_condition");
    }
    if (!specialties) {
        texts->items = hst_reader_allocate(s->reader, 3, sizeof *texts->items);
        for (size_t i = 0; i < 3 && texts->items; i++) {
            texts->items[i] = hst_reader_copy(s->reader, obstetrics[i]);
            texts->n += texts->items[i] != NULL;
        }
    } else if (hst_yaml_count(specialties) != 1 ||
               strcmp(hst_yaml_item(specialties, 0)->text, "none") != 0) {
        *texts = hst_scope_texts(s, "exclude_specialty");
    }
}

static void read_stays(const hst_scope *s, hst_measure *measure)
{
    if (hst_study_key_fits(s, measure, "bed_days")) {
        measure->bed_days_placed = hst_scope_choice(s, "bed_days", 0) == 1;
    }
    if (hst_study_key_fits(s, measure, "los_cap")) {
        measure->los_cap = (int)hst_scope_number(s, "los_cap");
        if (hst_scope_find(s, "los_cap") && measure->los_cap == 0) { /* 0 is: no cap */
            hst_reader_fail(s->reader, hst_scope_find(s, "los_cap"),
                            "`los_cap` must be greater than 0");
        }
    }
    if (hst_study_key_fits(s, measure, "los_min")) {
        measure->los_min = (int)hst_scope_number(s, "los_min");
    }
    if (measure->los_cap > 0 && measure->los_min > measure->los_cap) {
        hst_reader_fail(s->reader, s->mapping,
                        "measure `%s`: `los_min` is longer than `los_cap`, so that all stays would "
                        "count the same",
                        measure->id);
    }
}

/** What is counted and from where: everything else is chosen by it. */
static void read_subject(const hst_scope *s, const hst_study *study, hst_measure *measure)
{
    measure->line = s->mapping->line;
    measure->id = hst_scope_text(s, "id");
    measure->title =
        hst_scope_find(s, "title") ? hst_scope_text(s, "title") : hst_scope_text(s, "id");
    measure->figure =
        hst_scope_find(s, "figure") ? hst_scope_text(s, "figure") : hst_reader_copy(s->reader, "");
    measure->is_table = !s->reader->status && strcmp(hst_scope_peek(s, "dataset"), "table") == 0;
    measure->dataset = (hst_dataset)hst_scope_choice(s, "dataset", HST_DATASET_APC);
    measure->statistic = (hst_statistic)hst_scope_choice(s, "statistic", HST_STAT_COUNT);
    hst_study_check_source(s, study, measure);
}

/** Which rows, and what dates them. */
static void read_rows(const hst_scope *s, const hst_study *study, hst_measure *measure)
{
    measure->unit = hst_study_choose_unit(s, measure);
    measure->date = hst_study_choose_date(s, measure);
    hst_study_read_where(hst_scope_inner(s, "where"), study, measure);
    measure->split = (hst_split)hst_scope_choice(s, "split", HST_SPLIT_NONE);
    read_excluded_providers(s, measure);
}

static void read_measure(hst_scope s, const hst_study *study, hst_measure *measure)
{
    require_measure_key(&s, "id");
    require_measure_key(&s, "statistic");
    if (s.reader->status) {
        return;
    }
    read_subject(&s, study, measure);
    if (measure->is_table) {
        measure->file = hst_scope_file(&s, "file");
    } else {
        read_rows(&s, study, measure);
    }
    read_by(&s, measure);
    read_measure_period(&s, study, measure);
    require_whole_period(&s, measure);
    measure->interval = hst_study_choose_interval(&s, measure);
    read_confidence(&s, measure);
    measure->per = hst_study_choose_per(&s, measure);
    measure->annualise = hst_scope_bool(&s, "annualise");
    measure->per_working_day =
        hst_study_key_fits(&s, measure, "per_working_day") && hst_scope_bool(&s, "per_working_day");
    require_working_days(&s, measure);
    measure->direction = (hst_direction)hst_scope_choice(&s, "direction", HST_DIRECTION_NEUTRAL);
    measure->min_events = (int)hst_scope_number(&s, "min_events");
    read_base(&s, measure);
    read_stays(&s, measure);
    read_reference(&s, measure);
    read_readmission(&s, measure);
    if (!s.reader->status && measure->per <= 0) {
        hst_reader_fail(s.reader, hst_scope_find(&s, "per"), "`per` must be greater than 0");
    }
    hst_study_check_tables(&s, study, measure);
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

const hst_measure *hst_study_measure(const hst_study *study, const char *id)
{
    for (size_t i = 0; i < study->n_measures; i++) {
        if (strcmp(study->measures[i].id, id) == 0) {
            return &study->measures[i];
        }
    }
    return NULL;
}

void hst_study_check_measures(const hst_scope *s, const hst_study *study, const char *key)
{
    const char **ids = hst_reader_allocate(s->reader, study->n_measures, sizeof *ids);

    for (size_t i = 0; ids && i < study->n_measures; i++) {
        ids[i] = study->measures[i].id;
    }
    if (ids) {
        hst_scope_check_names(s, key, ids, study->n_measures, "measure", "define it in `measures`");
    }
    free(ids);
}
