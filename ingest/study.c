/*
 * Reads a study file that has passed the schema: fills the structs of study.h, puts in defaults
 * (which the schema holds), and checks what no single key shows: days in order, names used twice,
 * files that must be there.
 */
#include "study_internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** What is being read. The first failure is kept; after it every getter gives nothing. */
typedef struct reader {
    const char *path;
    char *folder; /**< of the study file with its slash, or "" */
    hst_status status;
    hst_error *err;
} reader;

/** One mapping of the file, with one under it for the keys that it lacks. */
typedef struct scope {
    reader *reader;
    hst_group group;
    const hst_yaml *mapping, *under; /**< either may be NULL */
} scope;

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

static const char *const built_in_standards[] = {"esp1976", "esp1976_19", "esp2013", "esp2013_21",
                                                 "who2000"};

static const char *const area_types[] = {"pct", "la", "lsoa"};

/* ---- getters ---- */

static void *allocate(reader *r, size_t n, size_t size)
{
    void *memory = r->status ? NULL : calloc(n, size);

    if (!memory && !r->status) {
        r->status = hst_fail(r->err, HST_ERR_MEMORY, "%s: no memory to read the study", r->path);
    }
    return memory;
}

static char *copy_text(reader *r, const char *text)
{
    char *copy = allocate(r, strlen(text) + 1, 1);

    if (copy) {
        memcpy(copy, text, strlen(text));
    }
    return copy;
}

#define fail_at(reader, place, ...)                                                                \
    do {                                                                                           \
        if (!(reader)->status) {                                                                   \
            (reader)->status =                                                                     \
                hst_study_fail((reader)->err, (reader)->path, (place), __VA_ARGS__);               \
        }                                                                                          \
    } while (0)

/** Value of a key; NULL when it is absent or null. */
static const hst_yaml *find(const scope *s, const char *key)
{
    const hst_yaml *value = s->mapping ? hst_yaml_get(s->mapping, key) : NULL;

    if (!value && s->under) {
        value = hst_yaml_get(s->under, key);
    }
    return s->reader->status || !value || value->is_null ? NULL : value;
}

static scope inner(const scope *s, const char *key)
{
    return (scope){.reader = s->reader,
                   .group = hst_schema_find(s->group, key)->group,
                   .mapping = find(s, key)};
}

/** Text of a single value, or the default's; NULL when there is none. */
static const char *peek(const scope *s, const char *key)
{
    const hst_yaml *value = find(s, key);
    const char *fallback = hst_schema_find(s->group, key)->fallback;

    return value ? value->text : fallback;
}

static char *get_text(const scope *s, const char *key)
{
    const char *text = peek(s, key);

    return text ? copy_text(s->reader, text) : NULL;
}

static double get_number(const scope *s, const char *key)
{
    const char *text = peek(s, key);

    return text ? strtod(text, NULL) : 0;
}

static bool get_bool(const scope *s, const char *key)
{
    const char *text = peek(s, key);

    return text && strcmp(text, "true") == 0;
}

/** Value of a choice; `absent` when it is not given and has no default. */
static int get_choice(const scope *s, const char *key, int absent)
{
    const hst_schema_key *row = hst_schema_find(s->group, key);
    const char *text = peek(s, key);

    return text ? hst_choice_value(row->choices, text) : absent;
}

static hst_window get_window(const scope *s, const char *key)
{
    hst_window window = {HST_DATE_MISSING, HST_DATE_MISSING};
    scope period = inner(s, key);
    const char *from = period.mapping ? peek(&period, "from") : NULL;
    const char *to = period.mapping ? peek(&period, "to") : NULL;

    if (!from || !to || !hst_date_parse_iso(from, strlen(from), &window.from) ||
        !hst_date_parse_iso(to, strlen(to), &window.to)) {
        return window;
    }
    if (window.from > window.to) {
        fail_at(s->reader, period.mapping, "`%s` ends before it begins", key);
    }
    return window;
}

/** Number of values of a key, 1 for a single one, 0 for none. */
static size_t count_values(const hst_yaml *value)
{
    return !value ? 0 : value->kind == HST_YAML_LIST ? value->n : 1;
}

static const hst_yaml *get_item(const hst_yaml *value, size_t i)
{
    return value->kind == HST_YAML_LIST ? value->items[i] : value;
}

static hst_texts get_texts(const scope *s, const char *key)
{
    hst_texts texts = {0};
    const hst_yaml *value = find(s, key);
    size_t n = count_values(value);

    texts.items = n > 0 ? allocate(s->reader, n, sizeof *texts.items) : NULL;
    while (texts.items && texts.n < n && !s->reader->status) {
        texts.items[texts.n] = copy_text(s->reader, get_item(value, texts.n)->text);
        texts.n += texts.items[texts.n] != NULL;
    }
    return texts;
}

/* ---- paths ---- */

/** The folder of the study file before a relative path. In a pattern the folder's own special
 * characters are escaped. */
static char *join_path(reader *r, const char *path, bool is_pattern)
{
    size_t n = 0;
    char *joined = NULL;

    if (path[0] == '/' || r->folder[0] == '\0') {
        return copy_text(r, path);
    }
    joined = allocate(r, 2 * strlen(r->folder) + strlen(path) + 1, 1);
    if (!joined) {
        return NULL;
    }
    for (const char *c = r->folder; *c; c++) {
        if (is_pattern && strchr("*?[\\", *c)) {
            joined[n++] = '\\';
        }
        joined[n++] = *c;
    }
    memcpy(joined + n, path, strlen(path) + 1);
    return joined;
}

static void require_file(reader *r, const hst_yaml *place, const char *key, const char *path)
{
    if (!r->status && access(path, R_OK) != 0) {
        fail_at(r, place, "the file of `%s` cannot be read: %s: %s", key, path, strerror(errno));
    }
}

/** A path; the file must be there. */
static char *get_file(const scope *s, const char *key)
{
    const hst_yaml *value = find(s, key);
    char *path = value ? join_path(s->reader, value->text, false) : NULL;

    if (path) {
        require_file(s->reader, value, key, path);
    }
    return path;
}

/** A path that need not be there yet. */
static char *get_path(const scope *s, const char *key)
{
    const char *text = peek(s, key);

    return text ? join_path(s->reader, text, false) : NULL;
}

/** Joins each text with the folder; files that are not patterns must be there. */
static hst_texts get_paths(const scope *s, const char *key, bool are_patterns)
{
    hst_texts texts = get_texts(s, key);
    const hst_yaml *value = find(s, key);

    for (size_t i = 0; i < texts.n && !s->reader->status; i++) {
        char *path = join_path(s->reader, texts.items[i], are_patterns);

        if (path) {
            free(texts.items[i]);
            texts.items[i] = path;
        }
        if (path && !are_patterns) {
            require_file(s->reader, get_item(value, i), key, path);
        }
    }
    return texts;
}

/* ---- the parts of a study ---- */

static void read_side_file(scope s, struct hst_study_side_file *side)
{
    side->files = get_paths(&s, "files", true);
    side->key = get_text(&s, "key");
    side->columns = get_texts(&s, "columns");
}

static void read_columns(const scope *s, hst_study_extract *extract)
{
    const hst_yaml *columns = find(s, "columns");
    size_t n = columns ? columns->n : 0;

    if (n == 0) {
        return;
    }
    extract->column_roles.items = allocate(s->reader, n, sizeof(char *));
    extract->column_names.items = allocate(s->reader, n, sizeof(char *));
    for (size_t i = 0; i < n && !s->reader->status; i++) {
        extract->column_roles.items[i] = copy_text(s->reader, columns->keys[i]->text);
        extract->column_names.items[i] = copy_text(s->reader, columns->items[i]->text);
        extract->column_roles.n = i + 1;
        extract->column_names.n = i + 1;
    }
}

static void read_extract(scope s, hst_study_extract *extract)
{
    const hst_yaml *sides = find(&s, "side_files");
    const char *header = peek(&s, "header");
    size_t n = count_values(sides);

    extract->line = s.mapping->line;
    extract->dataset = (hst_dataset)get_choice(&s, "dataset", HST_DATASET_APC);
    extract->files = get_paths(&s, "files", true);
    extract->separator = (char)get_choice(&s, "separator", 0);
    if (header && strcmp(header, "auto") != 0) {
        extract->header = get_file(&s, "header");
    }
    read_columns(&s, extract);
    extract->side_files = n > 0 ? allocate(s.reader, n, sizeof *extract->side_files) : NULL;
    extract->n_side_files = extract->side_files ? n : 0;
    for (size_t i = 0; i < extract->n_side_files; i++) {
        read_side_file((scope){.reader = s.reader,
                               .group = HST_GROUP_SIDE_FILE,
                               .mapping = get_item(sides, i)},
                       &extract->side_files[i]);
    }
    extract->cuts_newest = get_choice(&s, "cuts", 1) == 1;
}

static void read_extracts(const scope *s, hst_study *study)
{
    const hst_yaml *extracts = find(s, "extracts");
    size_t n = count_values(extracts);

    study->extracts = allocate(s->reader, n, sizeof *study->extracts);
    study->n_extracts = study->extracts ? n : 0;
    for (size_t i = 0; i < study->n_extracts; i++) {
        read_extract((scope){.reader = s->reader,
                             .group = HST_GROUP_EXTRACT,
                             .mapping = get_item(extracts, i)},
                     &study->extracts[i]);
    }
}

static void read_comparator(scope s, hst_comparator *comparator)
{
    comparator->name = get_text(&s, "name");
    comparator->file = get_file(&s, "file");
    comparator->population_area = get_text(&s, "population_area");
    if ((find(&s, "areas") != NULL) == (comparator->file != NULL)) {
        fail_at(s.reader, s.mapping, "a comparator is either `areas: all` or a `file`");
    } else if (comparator->file && comparator->population_area) {
        fail_at(s.reader, s.mapping, "`population_area` goes with `areas: all`, not with a file");
    }
}

static void read_areas(const scope *s, hst_study *study)
{
    scope areas = inner(s, "areas");
    const hst_yaml *comparators = find(&areas, "comparators"), *type = find(&areas, "type");
    size_t n = count_values(comparators), n_types = sizeof area_types / sizeof *area_types;
    bool is_known = false;

    study->areas.type = get_text(&areas, "type");
    study->areas.field = get_texts(&areas, "field");
    for (size_t i = 0; i < n_types && type; i++) {
        is_known |= strcmp(type->text, area_types[i]) == 0;
    }
    if (type && !is_known && study->areas.field.n == 0) {
        const char *nearest = hst_nearest_name(type->text, area_types, n_types);

        fail_at(s->reader, type, "unknown `type`: `%s`%s%s%s; or name its column in `field`",
                type->text, nearest ? "; did you mean `" : "", nearest ? nearest : "",
                nearest ? "`?" : "");
    }
    study->areas.lookup = get_file(&areas, "lookup");
    study->areas.names = get_file(&areas, "names");
    study->areas.sites = get_texts(&areas, "sites");
    study->areas.comparators = n > 0 ? allocate(s->reader, n, sizeof(hst_comparator)) : NULL;
    study->areas.n_comparators = study->areas.comparators ? n : 0;
    for (size_t i = 0; i < study->areas.n_comparators; i++) {
        const hst_yaml *item = get_item(comparators, i);

        read_comparator((scope){s->reader, HST_GROUP_COMPARATOR, item, NULL},
                        &study->areas.comparators[i]);
        for (size_t j = 0; j < i && !s->reader->status; j++) {
            if (strcmp(study->areas.comparators[j].name, study->areas.comparators[i].name) == 0) {
                fail_at(s->reader, item, "two comparators have the name `%s`",
                        study->areas.comparators[i].name);
            }
        }
    }
}

static bool names_class(const hst_where *where)
{
    bool named = where->codes[HST_WHERE_PATIENT_CLASS].n > 0;

    for (size_t i = 0; i < where->n_any; i++) {
        named |= names_class(&where->any[i]);
    }
    return named;
}

/**
 * Ordinary, day case, and mother and baby, where the study does not say. When only some filters
 * under `any` say it, the others get the default, so that it does not undo the ones that do.
 */
static void set_default_class(reader *r, hst_where *where)
{
    static const char *const defaults[] = {"1", "2", "5"};
    hst_texts *classes = &where->codes[HST_WHERE_PATIENT_CLASS];

    if (classes->n > 0) {
        return;
    }
    if (names_class(where)) {
        for (size_t i = 0; i < where->n_any; i++) {
            set_default_class(r, &where->any[i]);
        }
        return;
    }
    classes->items = allocate(r, 3, sizeof *classes->items);
    while (classes->items && classes->n < 3 && !r->status) {
        classes->items[classes->n] = copy_text(r, defaults[classes->n]);
        classes->n += classes->items[classes->n] != NULL;
    }
}

static bool get_range(const scope *s, const char *key, int *from, int *to)
{
    const hst_yaml *value = find(s, key);

    if (!value) {
        return false;
    }
    *from = (int)strtol(get_item(value, 0)->text, NULL, 10);
    *to = (int)strtol(get_item(value, count_values(value) - 1)->text, NULL, 10);
    return true;
}

static void read_where(scope s, hst_where *where)
{
    const hst_yaml *any = NULL;
    size_t n = 0;

    if (!s.mapping || s.reader->status) {
        return;
    }
    where->line = s.mapping->line;
    for (size_t i = 0; i < HST_N_WHERE_CODES; i++) {
        where->codes[i] = get_texts(&s, where_keys[i]);
    }
    where->transfers_excluded = get_choice(&s, "transfers", 0) == 1;
    where->positions = (hst_positions)get_choice(&s, "positions", HST_POSITIONS_OF_SET);
    where->episode = (hst_which_episode)get_choice(&s, "episode", HST_EPISODE_FIRST);
    where->has_age = get_range(&s, "age", &where->age_from, &where->age_to);
    where->has_length_of_stay = get_range(&s, "length_of_stay", &where->los_from, &where->los_to);
    if (where->positions != HST_POSITIONS_OF_SET && where->codes[HST_WHERE_CONDITION].n == 0) {
        fail_at(s.reader, find(&s, "positions"), "`positions` needs a `condition` beside it");
    }
    any = find(&s, "any");
    n = count_values(any);
    where->any = n > 0 ? allocate(s.reader, n, sizeof *where->any) : NULL;
    where->n_any = where->any ? n : 0;
    for (size_t i = 0; i < where->n_any; i++) {
        read_where((scope){s.reader, HST_GROUP_WHERE, get_item(any, i), NULL}, &where->any[i]);
    }
}

static void read_excluded_providers(const scope *s, hst_measure *measure)
{
    const hst_yaml *excluded = find(s, "exclude_providers");
    size_t n = count_values(excluded);

    if (n == 0) {
        return;
    }
    measure->excluded_providers = allocate(s->reader, n, sizeof(hst_excluded_provider));
    measure->n_excluded_providers = measure->excluded_providers ? n : 0;
    for (size_t i = 0; i < measure->n_excluded_providers; i++) {
        scope one = {s->reader, HST_GROUP_EXCLUDED_PROVIDER, get_item(excluded, i), NULL};
        const char *reason = peek(&one, "reason");

        measure->excluded_providers[i].code = get_text(&one, "code");
        measure->excluded_providers[i].areas = get_texts(&one, "areas");
        measure->excluded_providers[i].reason = copy_text(s->reader, reason ? reason : "");
    }
}

static void read_by(const scope *s, hst_measure *measure)
{
    const hst_schema_key *row = hst_schema_find(s->group, "by");
    const hst_yaml *by = find(s, "by");

    if (!by) {
        measure->by = (unsigned)hst_choice_value(row->choices, row->fallback);
    }
    for (size_t i = 0; i < count_values(by); i++) {
        measure->by |= (unsigned)hst_choice_value(row->choices, get_item(by, i)->text);
    }
}

/** 95, or 95 and 99.8: the two that results.csv has columns for. */
static void read_confidence(const scope *s, hst_measure *measure)
{
    const hst_yaml *levels = find(s, "confidence");
    size_t n = count_values(levels);

    measure->n_confidence = n == 2 ? 2 : 1;
    measure->confidence[0] = 95;
    measure->confidence[1] = n == 2 ? 99.8 : 0;
    for (size_t i = 0; i < n; i++) {
        if (n > 2 || strtod(get_item(levels, i)->text, NULL) != measure->confidence[i]) {
            fail_at(s->reader, levels, "`confidence` is 95, or [95, 99.8]");
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
static void read_interval(const scope *s, hst_measure *measure)
{
    const hst_yaml *own = hst_yaml_get(s->mapping, "interval");
    int given = get_choice(s, "interval", HST_INTERVAL_DEFAULT);

    if (given != HST_INTERVAL_DEFAULT && interval_fits(measure->statistic, (hst_interval)given)) {
        measure->interval = (hst_interval)given;
        return;
    }
    if (own && given != HST_INTERVAL_DEFAULT) {
        fail_at(s->reader, own, "`interval: %s` does not go with `statistic: %s`",
                hst_interval_name((hst_interval)given), hst_statistic_name(measure->statistic));
    }
    measure->interval = measure->statistic == HST_STAT_DSR          ? HST_INTERVAL_DOBSON_BYAR
                        : measure->statistic == HST_STAT_CRUDE_RATE ? HST_INTERVAL_BYAR
                                                                    : HST_INTERVAL_DEFAULT;
}

static void read_measure_period(const scope *s, const hst_study *study, hst_measure *measure)
{
    measure->period = get_window(s, "period");
    if (measure->period.from == HST_DATE_MISSING) {
        measure->period = study->period;
    } else if (measure->period.from < study->period.from || measure->period.to > study->period.to) {
        fail_at(s->reader, find(s, "period"),
                "the period of measure `%s` is not inside the study's", measure->id);
    }
}

static void require_measure_key(const scope *s, const char *key)
{
    if (!find(s, key)) {
        fail_at(s->reader, s->mapping, "a measure needs the key `%s`", key);
    }
}

static void read_measure(scope s, const hst_study *study, hst_measure *measure)
{
    require_measure_key(&s, "id");
    require_measure_key(&s, "statistic");
    if (s.reader->status) {
        return;
    }
    measure->line = s.mapping->line;
    measure->id = get_text(&s, "id");
    measure->title = find(&s, "title") ? get_text(&s, "title") : get_text(&s, "id");
    measure->figure = find(&s, "figure") ? get_text(&s, "figure") : copy_text(s.reader, "");
    measure->dataset = (hst_dataset)get_choice(&s, "dataset", HST_DATASET_APC);
    measure->unit = (hst_unit)get_choice(&s, "unit", HST_UNIT_ADMISSION);
    read_where(inner(&s, "where"), &measure->where);
    set_default_class(s.reader, &measure->where);
    measure->statistic = (hst_statistic)get_choice(&s, "statistic", HST_STAT_COUNT);
    read_by(&s, measure);
    read_measure_period(&s, study, measure);
    measure->date = (hst_count_date)get_choice(&s, "date", HST_DATE_OF_ADMISSION);
    measure->split = (hst_split)get_choice(&s, "split", HST_SPLIT_NONE);
    read_interval(&s, measure);
    read_confidence(&s, measure);
    measure->per = get_number(&s, "per");
    measure->annualise = get_bool(&s, "annualise");
    measure->direction = (hst_direction)get_choice(&s, "direction", HST_DIRECTION_NEUTRAL);
    read_excluded_providers(&s, measure);
    measure->min_events = (int)get_number(&s, "min_events");
    if (!s.reader->status && measure->per <= 0) {
        fail_at(s.reader, find(&s, "per"), "`per` must be greater than 0");
    }
    if (measure->statistic != HST_STAT_COUNT && study->population.n == 0) {
        fail_at(s.reader, s.mapping, "measure `%s` is a rate (%s), which needs `population`",
                measure->id, hst_statistic_name(measure->statistic));
    }
}

static void read_measures(const scope *s, hst_study *study)
{
    const hst_yaml *measures = find(s, "measures"), *defaults = find(s, "measure_defaults");
    size_t n = count_values(measures);

    if (defaults && hst_yaml_get(defaults, "id")) {
        fail_at(s->reader, defaults, "`measure_defaults` cannot hold `id`");
    }
    study->measures = allocate(s->reader, n, sizeof *study->measures);
    study->n_measures = study->measures ? n : 0;
    for (size_t i = 0; i < study->n_measures; i++) {
        const hst_yaml *item = get_item(measures, i);

        read_measure((scope){s->reader, HST_GROUP_MEASURE, item, defaults}, study,
                     &study->measures[i]);
        for (size_t j = 0; j < i && !s->reader->status; j++) {
            if (strcmp(study->measures[j].id, study->measures[i].id) == 0) {
                fail_at(s->reader, hst_yaml_get(item, "id"),
                        "two measures have the id `%s` (the other is on line %zu)",
                        study->measures[i].id, study->measures[j].line);
            }
        }
    }
}

/** A built-in name is kept; anything else must be a file. */
static void read_standard(const scope *s, hst_study *study)
{
    const char *name = peek(s, "standard_population");
    const hst_yaml *value = find(s, "standard_population");
    const char *nearest = NULL;
    size_t n = sizeof built_in_standards / sizeof *built_in_standards;
    char *path = NULL;

    for (size_t i = 0; i < n && name; i++) {
        if (strcmp(name, built_in_standards[i]) == 0) {
            study->standard_population = copy_text(s->reader, name);
            return;
        }
    }
    path = value ? join_path(s->reader, name, false) : NULL;
    if (path && access(path, R_OK) == 0) {
        study->standard_population = path;
        return;
    }
    nearest = value ? hst_nearest_name(name, built_in_standards, n) : NULL;
    if (value) {
        fail_at(s->reader, value,
                "`standard_population` is neither a file that can be read nor esp1976, esp1976_19, "
                "esp2013, esp2013_21 or who2000%s%s%s",
                nearest ? "; did you mean `" : "", nearest ? nearest : "", nearest ? "`?" : "");
    }
    free(path);
}

static double get_share(const scope *s, const char *key)
{
    double share = get_number(s, key);

    if (share > 1) {
        fail_at(s->reader, find(s, key), "`%s` is a share, from 0 to 1", key);
    }
    return share;
}

static void read_publish(const scope *s, hst_study *study)
{
    scope publish = inner(s, "publish");
    const hst_yaml *disclosure = find(&publish, "disclosure");
    const hst_yaml *place = disclosure ? disclosure : publish.mapping;
    const char *rule = peek(&publish, "disclosure");
    hst_texts formats = get_texts(&publish, "formats");

    if (disclosure && disclosure->kind == HST_YAML_MAPPING) {
        rule = peek(&(scope){s->reader, HST_GROUP_DISCLOSURE, disclosure, NULL}, "rule");
        if (!s->reader->status && strcmp(rule, "none") == 0 && disclosure->n > 1) {
            fail_at(s->reader, disclosure, "`rule: none` takes no other key beside it");
        }
    }
    if (!s->reader->status && strcmp(rule, "none") != 0) {
        fail_at(s->reader, place ? place : s->mapping,
                "this version of hestia has no disclosure control yet, and %s means `hes2018`; "
                "inside a safe environment write `publish: {disclosure: none}`, and release "
                "nothing from it",
                disclosure ? "this" : "a study that does not say");
    }
    study->publish.directory = get_path(&publish, "directory");
    study->publish.formats = formats;
    if (formats.n == 0 && (study->publish.formats.items = allocate(s->reader, 1, sizeof(char *)))) {
        study->publish.formats.items[0] = copy_text(s->reader, "csv");
        study->publish.formats.n = study->publish.formats.items[0] != NULL;
    }
    study->publish.disclosure = copy_text(s->reader, rule ? rule : "");
    study->publish.internal = get_bool(&publish, "internal");
    study->publish.latest_copy = get_choice(&publish, "latest", 0) == 1;
    study->publish.keep = (int)get_number(&publish, "keep");
    study->publish.line = place ? place->line : 0;
}

static void read_study(const scope *s, hst_study *study)
{
    scope spells = inner(s, "spells"), providers = inner(s, "providers");
    scope quality = inner(s, "quality"), breaks = inner(s, "breaks");

    study->path = copy_text(s->reader, s->reader->path);
    study->study = get_text(s, "study");
    study->title = find(s, "title") ? get_text(s, "title") : get_text(s, "study");
    study->period = get_window(s, "period");
    study->store = get_path(s, "store");
    read_extracts(s, study);
    study->spell_rule = get_text(&spells, "rule");
    study->cips_rule = get_text(&spells, "cips");
    study->duplicates = get_text(s, "duplicates");
    read_areas(s, study);
    study->provider_names = get_file(&providers, "names");
    study->provider_merge = get_file(&providers, "merge");
    study->population = get_paths(s, "population", false);
    read_standard(s, study);
    study->by_sex = get_choice(s, "standardise_by", 1) == 1;
    study->denominator_year = (hst_denominator_year)get_choice(s, "denominator_year", 0);
    study->code_lists = get_file(s, "code_lists");
    read_measures(s, study);
    study->quality.max_rejected = get_share(&quality, "max_rejected");
    study->quality.max_unknown_area = get_share(&quality, "max_unknown_area");
    study->quality.max_row_drop = get_share(&quality, "max_row_drop");
    if (get_bool(&breaks, "screen")) {
        fail_at(s->reader, find(&breaks, "screen"),
                "the screen for breaks is not available in this version of hestia; write `screen: "
                "false`");
    }
    read_publish(s, study);
}

/** The folder part of the study file's path, with its slash. */
static char *folder_of(reader *r)
{
    const char *slash = strrchr(r->path, '/');
    char *folder = copy_text(r, r->path);

    if (folder) {
        folder[slash ? slash - r->path + 1 : 0] = '\0';
    }
    return folder;
}

hst_status hst_study_read(hst_study **out, const char *path, hst_error *err)
{
    reader r = {.path = path, .err = err};
    scope top = {.reader = &r, .group = HST_GROUP_STUDY};
    hst_yaml_document document = {0};
    hst_study *study = NULL;

    *out = NULL;
    r.status = hst_yaml_read(&document, path, err);
    if (r.status) {
        return r.status;
    }
    if (!document.root) {
        r.status = hst_fail(err, HST_ERR_USAGE, "%s: the study file is empty", path);
        goto done;
    }
    r.status = hst_study_validate(document.root, path, err);
    r.folder = folder_of(&r);
    study = allocate(&r, 1, sizeof *study);
    if (!study || !r.folder) {
        goto done;
    }
    top.mapping = document.root;
    read_study(&top, study);
    if (!r.status) {
        *out = study;
        study = NULL; /* now the caller's */
    }

done:
    hst_study_free(study);
    free(r.folder);
    hst_yaml_clear(&document);
    return r.status;
}

/* ---- freeing ---- */

static void free_texts(hst_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        free(texts->items[i]);
    }
    free(texts->items);
}

static void free_where(hst_where *where)
{
    for (size_t i = 0; i < HST_N_WHERE_CODES; i++) {
        free_texts(&where->codes[i]);
    }
    for (size_t i = 0; i < where->n_any; i++) {
        free_where(&where->any[i]);
    }
    free(where->any);
}

static void free_measure(hst_measure *measure)
{
    free(measure->id);
    free(measure->title);
    free(measure->figure);
    free(measure->file);
    free_where(&measure->where);
    for (size_t i = 0; i < measure->n_excluded_providers; i++) {
        free(measure->excluded_providers[i].code);
        free(measure->excluded_providers[i].reason);
        free_texts(&measure->excluded_providers[i].areas);
    }
    free(measure->excluded_providers);
}

static void free_extract(hst_study_extract *extract)
{
    free_texts(&extract->files);
    free(extract->header);
    free_texts(&extract->column_roles);
    free_texts(&extract->column_names);
    for (size_t i = 0; i < extract->n_side_files; i++) {
        free_texts(&extract->side_files[i].files);
        free_texts(&extract->side_files[i].columns);
        free(extract->side_files[i].key);
    }
    free(extract->side_files);
}

static void free_areas(hst_study *study)
{
    free(study->areas.type);
    free_texts(&study->areas.field);
    free(study->areas.lookup);
    free(study->areas.names);
    free_texts(&study->areas.sites);
    for (size_t i = 0; i < study->areas.n_comparators; i++) {
        free(study->areas.comparators[i].name);
        free(study->areas.comparators[i].file);
        free(study->areas.comparators[i].population_area);
    }
    free(study->areas.comparators);
}

void hst_study_free(hst_study *study)
{
    if (!study) {
        return;
    }
    for (size_t i = 0; i < study->n_extracts; i++) {
        free_extract(&study->extracts[i]);
    }
    for (size_t i = 0; i < study->n_measures; i++) {
        free_measure(&study->measures[i]);
    }
    free_areas(study);
    free(study->extracts);
    free(study->measures);
    free(study->path);
    free(study->study);
    free(study->title);
    free(study->store);
    free(study->spell_rule);
    free(study->cips_rule);
    free(study->duplicates);
    free(study->provider_names);
    free(study->provider_merge);
    free_texts(&study->population);
    free(study->standard_population);
    free(study->deprivation);
    free(study->code_lists);
    free(study->publish.directory);
    free_texts(&study->publish.formats);
    free(study->publish.disclosure);
    free(study);
}
