/*
 * Reads a study file that has passed the schema: fills the structs of study.h, puts in defaults
 * (which the schema holds), and checks what no single key shows: days in order, names used twice,
 * files that must be there.
 */
#include "study_reader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const built_in_standards[] = {"esp1976", "esp1976_19", "esp2013", "esp2013_21",
                                                 "who2000"};

static const char *const area_types[] = {"pct", "la", "lsoa"};

/* ---- the parts of a study ---- */

static void read_side_file(hst_scope s, struct hst_study_side_file *side)
{
    side->files = hst_scope_paths(&s, "files", true);
    side->key = hst_scope_text(&s, "key");
    side->columns = hst_scope_texts(&s, "columns");
}

static void read_columns(const hst_scope *s, hst_study_extract *extract)
{
    const hst_yaml *columns = hst_scope_find(s, "columns");
    size_t n = columns ? columns->n : 0;

    if (n == 0) {
        return;
    }
    extract->column_roles.items = hst_reader_allocate(s->reader, n, sizeof(char *));
    extract->column_names.items = hst_reader_allocate(s->reader, n, sizeof(char *));
    for (size_t i = 0; i < n && !s->reader->status; i++) {
        extract->column_roles.items[i] = hst_reader_copy(s->reader, columns->keys[i]->text);
        extract->column_names.items[i] = hst_reader_copy(s->reader, columns->items[i]->text);
        extract->column_roles.n = i + 1;
        extract->column_names.n = i + 1;
    }
}

static void read_extract(hst_scope s, hst_study_extract *extract)
{
    const hst_yaml *sides = hst_scope_find(&s, "side_files");
    const char *header = hst_scope_peek(&s, "header");
    size_t n = hst_yaml_count(sides);

    extract->line = s.mapping->line;
    extract->dataset = (hst_dataset)hst_scope_choice(&s, "dataset", HST_DATASET_APC);
    extract->files = hst_scope_paths(&s, "files", true);
    extract->separator = (char)hst_scope_choice(&s, "separator", 0);
    if (header && strcmp(header, "auto") != 0) {
        extract->header = hst_scope_file(&s, "header");
    }
    read_columns(&s, extract);
    extract->side_files =
        n > 0 ? hst_reader_allocate(s.reader, n, sizeof *extract->side_files) : NULL;
    extract->n_side_files = extract->side_files ? n : 0;
    for (size_t i = 0; i < extract->n_side_files; i++) {
        read_side_file((hst_scope){.reader = s.reader,
                                   .group = HST_GROUP_SIDE_FILE,
                                   .mapping = hst_yaml_item(sides, i)},
                       &extract->side_files[i]);
    }
    extract->cuts_newest = hst_scope_choice(&s, "cuts", 1) == 1;
}

static void read_extracts(const hst_scope *s, hst_study *study)
{
    const hst_yaml *extracts = hst_scope_find(s, "extracts");
    size_t n = hst_yaml_count(extracts);

    study->extracts = hst_reader_allocate(s->reader, n, sizeof *study->extracts);
    study->n_extracts = study->extracts ? n : 0;
    for (size_t i = 0; i < study->n_extracts; i++) {
        read_extract((hst_scope){.reader = s->reader,
                                 .group = HST_GROUP_EXTRACT,
                                 .mapping = hst_yaml_item(extracts, i)},
                     &study->extracts[i]);
    }
}

static void read_comparator(hst_scope s, hst_comparator *comparator)
{
    comparator->name = hst_scope_text(&s, "name");
    comparator->file = hst_scope_file(&s, "file");
    comparator->population_area = hst_scope_text(&s, "population_area");
    if ((hst_scope_find(&s, "areas") != NULL) == (comparator->file != NULL)) {
        hst_reader_fail(s.reader, s.mapping, "a comparator is either `areas: all` or a `file`");
    } else if (comparator->file && comparator->population_area) {
        hst_reader_fail(s.reader, s.mapping,
                        "`population_area` goes with `areas: all`, not with a file");
    }
}

static void read_areas(const hst_scope *s, hst_study *study)
{
    hst_scope areas = hst_scope_inner(s, "areas");
    const hst_yaml *comparators = hst_scope_find(&areas, "comparators"),
                   *type = hst_scope_find(&areas, "type");
    size_t n = hst_yaml_count(comparators), n_types = sizeof area_types / sizeof *area_types;
    bool is_known = false;

    study->areas.type = hst_scope_text(&areas, "type");
    study->areas.field = hst_scope_texts(&areas, "field");
    for (size_t i = 0; i < n_types && type; i++) {
        is_known |= strcmp(type->text, area_types[i]) == 0;
    }
    if (type && !is_known && study->areas.field.n == 0) {
        const char *nearest = hst_nearest_name(type->text, area_types, n_types);

        hst_reader_fail(s->reader, type,
                        "unknown `type`: `%s`%s%s%s; or name its column in `field`", type->text,
                        nearest ? "; did you mean `" : "", nearest ? nearest : "",
                        nearest ? "`?" : "");
    }
    study->areas.lookup = hst_scope_file(&areas, "lookup");
    study->areas.names = hst_scope_file(&areas, "names");
    study->areas.sites = hst_scope_texts(&areas, "sites");
    study->areas.comparators =
        n > 0 ? hst_reader_allocate(s->reader, n, sizeof(hst_comparator)) : NULL;
    study->areas.n_comparators = study->areas.comparators ? n : 0;
    for (size_t i = 0; i < study->areas.n_comparators; i++) {
        const hst_yaml *item = hst_yaml_item(comparators, i);

        read_comparator((hst_scope){s->reader, HST_GROUP_COMPARATOR, item, NULL},
                        &study->areas.comparators[i]);
        for (size_t j = 0; j < i && !s->reader->status; j++) {
            if (strcmp(study->areas.comparators[j].name, study->areas.comparators[i].name) == 0) {
                hst_reader_fail(s->reader, item, "two comparators have the name `%s`",
                                study->areas.comparators[i].name);
            }
        }
    }
}

/** A built-in name is kept; anything else must be a file. */
static void read_standard(const hst_scope *s, hst_study *study)
{
    const char *name = hst_scope_peek(s, "standard_population");
    const hst_yaml *value = hst_scope_find(s, "standard_population");
    const char *nearest = NULL;
    size_t n = sizeof built_in_standards / sizeof *built_in_standards;
    char *path = NULL;

    for (size_t i = 0; i < n && name; i++) {
        if (strcmp(name, built_in_standards[i]) == 0) {
            study->standard_population = hst_reader_copy(s->reader, name);
            return;
        }
    }
    path = value ? hst_reader_join(s->reader, name, false) : NULL;
    if (path && access(path, R_OK) == 0) {
        study->standard_population = path;
        return;
    }
    nearest = value ? hst_nearest_name(name, built_in_standards, n) : NULL;
    if (value) {
        hst_reader_fail(
            s->reader, value,
            "`standard_population` is neither a file that can be read nor esp1976, esp1976_19, "
            "esp2013, esp2013_21 or who2000%s%s%s",
            nearest ? "; did you mean `" : "", nearest ? nearest : "", nearest ? "`?" : "");
    }
    free(path);
}

static double get_share(const hst_scope *s, const char *key)
{
    double share = hst_scope_number(s, key);

    if (share > 1) {
        hst_reader_fail(s->reader, hst_scope_find(s, key), "`%s` is a share, from 0 to 1", key);
    }
    return share;
}

/** After `impact`: services are not to be judged by series that nobody looked through. */
static void read_breaks(const hst_scope *s, hst_study *study)
{
    hst_scope breaks = hst_scope_inner(s, "breaks");

    study->breaks.screen = hst_scope_find(&breaks, "screen") ? hst_scope_bool(&breaks, "screen")
                                                             : study->n_impacts > 0;
    study->breaks.max_p = get_share(&breaks, "p");
    study->breaks.min_size = hst_scope_number(&breaks, "size");
    study->breaks.min_monthly = hst_scope_number(&breaks, "monthly");
    if (hst_scope_find(&breaks, "p") && study->breaks.max_p == 0) {
        hst_reader_fail(s->reader, hst_scope_find(&breaks, "p"), "`p` must be greater than 0");
    }
}

/* A whole number of a disclosure rule that has to lie between two others. */
static int get_parameter(const hst_scope *parameters, const char *key, int least, int most)
{
    double number = hst_scope_number(parameters, key);
    const hst_yaml *place = hst_scope_find(parameters, key);

    if (place && (number < least || number > most)) {
        hst_reader_fail(parameters->reader, place, "`%s` is a whole number from %d to %d", key,
                        least, most);
        return least;
    }
    return (int)number;
}

static void read_publish(const hst_scope *s, hst_study *study)
{
    hst_scope publish = hst_scope_inner(s, "publish");
    const hst_yaml *disclosure = hst_scope_find(&publish, "disclosure");
    const hst_yaml *place = disclosure ? disclosure : publish.mapping;
    const char *rule = hst_scope_peek(&publish, "disclosure");
    hst_scope parameters = {s->reader, HST_GROUP_DISCLOSURE, NULL, NULL};
    hst_scope compare = hst_scope_inner(&publish, "compare");

    if (disclosure && disclosure->kind == HST_YAML_MAPPING) {
        parameters.mapping = disclosure;
        rule = hst_scope_peek(&parameters, "rule");
        if (!s->reader->status && strcmp(rule, "none") == 0 && disclosure->n > 1) {
            hst_reader_fail(s->reader, disclosure, "`rule: none` takes no other key beside it");
        }
    }
    study->publish.disclosure.rule = hst_reader_copy(s->reader, rule ? rule : "");
    study->publish.disclosure.min = get_parameter(&parameters, "min", 3, 1000);
    study->publish.disclosure.round = get_parameter(&parameters, "round", 1, 1000);
    study->publish.disclosure.decimals = get_parameter(&parameters, "decimals", 0, 9);
    study->publish.disclosure.has_exact_totals = hst_scope_choice(&parameters, "totals", 0) == 1;
    study->publish.directory = hst_scope_path(&publish, "directory");
    study->publish.formats = hst_scope_texts(&publish, "formats");
    study->publish.internal = hst_scope_bool(&publish, "internal");
    study->publish.latest_copy = hst_scope_choice(&publish, "latest", 0) == 1;
    study->publish.compare_threshold = get_share(&compare, "threshold");
    study->publish.keep = (int)hst_scope_number(&publish, "keep");
    study->publish.line = place ? place->line : 0;
}

static void read_study(const hst_scope *s, hst_study *study)
{
    hst_scope spells = hst_scope_inner(s, "spells"), providers = hst_scope_inner(s, "providers");
    hst_scope quality = hst_scope_inner(s, "quality");

    study->path = hst_reader_copy(s->reader, s->reader->path);
    study->study = hst_scope_text(s, "study");
    study->title =
        hst_scope_find(s, "title") ? hst_scope_text(s, "title") : hst_scope_text(s, "study");
    study->period = hst_scope_window(s, "period");
    study->store = hst_scope_path(s, "store");
    read_extracts(s, study);
    study->spell_rule = hst_scope_text(&spells, "rule");
    study->cips_rule = hst_scope_text(&spells, "cips");
    if (hst_scope_choice(&spells, "cips", 0) == HST_CIPS_SUPPLIED) {
        hst_reader_fail(s->reader, hst_scope_find(&spells, "cips"),
                        "`cips: supplied`: SUSSPELLID names provider spells, extracts have no "
                        "continuous spells; write nhsd, york or none");
    }
    study->duplicates = hst_scope_text(s, "duplicates");
    read_areas(s, study);
    study->provider_names = hst_scope_file(&providers, "names");
    study->provider_merge = hst_scope_file(&providers, "merge");
    study->population = hst_scope_paths(s, "population", false);
    read_standard(s, study);
    study->by_sex = hst_scope_choice(s, "standardise_by", 1) == 1;
    study->denominator_year = (hst_denominator_year)hst_scope_choice(s, "denominator_year", 0);
    study->deprivation = hst_scope_file(s, "deprivation");
    study->planted = hst_scope_file(s, "planted");
    study->notice = hst_scope_text(s, "notice");
    study->code_lists = hst_scope_file(s, "code_lists");
    hst_study_read_cohorts(s, study);
    hst_study_read_measures(s, study);
    hst_study_read_reported(s, study);
    hst_study_read_impacts(s, study);
    study->quality.max_rejected = get_share(&quality, "max_rejected");
    study->quality.max_unknown_area = get_share(&quality, "max_unknown_area");
    study->quality.max_row_drop = get_share(&quality, "max_row_drop");
    read_breaks(s, study);
    read_publish(s, study);
}

/** The folder part of the study file's path, with its slash. */
static char *folder_of(hst_reader *r)
{
    const char *slash = strrchr(r->path, '/');
    char *folder = hst_reader_copy(r, r->path);

    if (folder) {
        folder[slash ? slash - r->path + 1 : 0] = '\0';
    }
    return folder;
}

hst_status hst_study_read(hst_study **out, const char *path, hst_error *err)
{
    hst_reader r = {.path = path, .err = err};
    hst_scope top = {.reader = &r, .group = HST_GROUP_STUDY};
    hst_yaml_document document = {0};
    hst_study *study = NULL;
    struct stat file = {0};

    *out = NULL;
    if (stat(path, &file) != 0) {
        file.st_size = 0; /* opening it says why */
    }
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
    study = hst_reader_allocate(&r, 1, sizeof *study);
    if (!study || !r.folder) {
        goto done;
    }
    top.mapping = document.root;
    study->look = hst_file_look_of(&file);
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

/* True for a key that is absent or of this kind. */
static bool may_be(const hst_yaml *mapping, const char *key, hst_yaml_kind kind)
{
    const hst_yaml *value = mapping ? hst_yaml_get(mapping, key) : NULL;

    return !value || value->is_null || value->kind == kind;
}

void hst_study_find_results(char **directory, char **name, const char *path)
{
    hst_reader r = {.path = path};
    hst_scope top = {.reader = &r, .group = HST_GROUP_STUDY}, publish = {0};
    hst_yaml_document document = {0};

    *directory = *name = NULL;
    if (hst_yaml_read(&document, path, NULL) == HST_OK && document.root &&
        document.root->kind == HST_YAML_MAPPING &&
        may_be(document.root, "publish", HST_YAML_MAPPING)) {
        r.folder = folder_of(&r);
        top.mapping = document.root;
        publish = hst_scope_inner(&top, "publish");
        if (r.folder && may_be(publish.mapping, "directory", HST_YAML_SCALAR)) {
            *directory = hst_scope_path(&publish, "directory");
        }
        if (hst_scope_find(&top, "study") && may_be(top.mapping, "study", HST_YAML_SCALAR)) {
            *name = hst_scope_text(&top, "study");
        }
    }
    free(r.folder);
    hst_yaml_clear(&document);
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
    free(measure->exclude_condition);
    free_texts(&measure->exclude_specialty);
    free(measure->base);
    free_texts(&measure->reference_areas);
    free(measure->reference_year);
}

static void free_impact(hst_study_impact *impact)
{
    free(impact->id);
    free(impact->title);
    free_texts(&impact->sites);
    free_texts(&impact->measures);
    free_texts(&impact->comparators);
    free(impact->dates);
}

static void free_cohort(hst_study_cohort *cohort)
{
    free(cohort->id);
    free(cohort->title);
    free_texts(&cohort->condition);
    free(cohort->file);
    free(cohort->register_file);
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
    for (size_t i = 0; i < study->n_cohorts; i++) {
        free_cohort(&study->cohorts[i]);
    }
    for (size_t i = 0; i < study->n_reported; i++) {
        free(study->reported[i].measure);
        free(study->reported[i].area);
        free(study->reported[i].file);
    }
    for (size_t i = 0; i < study->n_impacts; i++) {
        free_impact(&study->impacts[i]);
    }
    free_areas(study);
    free(study->impacts);
    free(study->extracts);
    free(study->cohorts);
    free(study->measures);
    free(study->reported);
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
    free(study->planted);
    free(study->notice);
    free(study->code_lists);
    free(study->publish.directory);
    free_texts(&study->publish.formats);
    free(study->publish.disclosure.rule);
    free(study);
}
