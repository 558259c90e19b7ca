/* What a header means: which column is which field, where people, areas, diagnoses and procedures
 * stand, and what comes from side files. */
#define XXH_STATIC_LINKING_ONLY /* for a hash state on the stack */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <xxhash.h>

#include "hestia/study.h"
#include "ingest/extract_internal.h"

/* Counted up whenever the same bytes would give other episodes: segments are then made anew. */
enum { LAYOUT_VERSION = 1 };

/* True when `name` is `base` followed by `suffix`. */
static bool is_joined(const char *name, const char *base, size_t base_length, const char *suffix)
{
    return strncmp(name, base, base_length) == 0 && strcmp(name + base_length, suffix) == 0;
}

static int find_length(char *const *names, size_t n_names, const char *name, size_t length)
{
    static const char *const suffixes[] = {"_DERIVED", "_DV", ""};

    for (size_t s = 0; s < sizeof suffixes / sizeof suffixes[0]; s++) {
        for (size_t i = n_names; i-- > 0;) {
            if (is_joined(names[i], name, length, suffixes[s])) {
                return (int)i;
            }
        }
    }
    return HST_NO_COLUMN;
}

int hst_names_find(char *const *names, size_t n_names, const char *name)
{
    return find_length(names, n_names, name, strlen(name));
}

int hst_names_find_field(char *const *names, size_t n_names, const hst_field *field)
{
    int column = hst_names_find(names, n_names, field->name);
    const char *p = field->aliases;

    while (column == HST_NO_COLUMN && *p) {
        size_t n = strcspn(p, " ");

        column = find_length(names, n_names, p, n);
        p += n + (p[n] == ' ');
    }
    return column;
}

static char *copy_upper(const char *text)
{
    char *copy = strdup(text);

    for (char *p = copy; p && *p; p++) {
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    }
    return copy;
}

/* Column named by the study, looked for as it is written there and without case. */
static int find_named(const hst_layout *layout, size_t n_names, const char *name)
{
    for (size_t i = n_names; i-- > 0;) {
        if (strcasecmp(layout->names[i], name) == 0) {
            return (int)i;
        }
    }
    return HST_NO_COLUMN;
}

/* ---- names of the file and of its side files ---- */

static hst_status read_names(hst_layout *layout, const hst_extract_spec *spec, hst_error *err)
{
    hst_header in_data = {0};
    hst_status status = hst_header_read(&in_data, spec->path, spec->member, spec->separator, err);

    if (status != HST_OK || !spec->header_file) {
        layout->header = in_data;
        layout->has_header_line = true;
        return status;
    }
    hst_header_clear(&in_data);
    status = hst_header_read(&layout->header, spec->header_file, "", spec->separator, err);
    if (status != HST_OK) {
        return hst_fail_at(err, status, "header of %s", layout->name);
    }
    /* the data's first line again, by the separator that the header has */
    status = hst_header_read(&in_data, spec->path, spec->member, layout->header.separator, err);
    if (status != HST_OK) {
        return status;
    }
    if (in_data.n_names != layout->header.n_names) {
        status = hst_fail(err, HST_ERR_INPUT,
                          "%s: %zu columns in its first line, but %zu names in the header file %s",
                          layout->name, in_data.n_names, layout->header.n_names, spec->header_file);
    } else {
        layout->has_header_line = true; /* some deliveries have the line in both */
        for (size_t i = 0; i < in_data.n_names; i++) {
            layout->has_header_line &= strcmp(in_data.names[i], layout->header.names[i]) == 0;
        }
        memcpy(layout->header.encoding, in_data.encoding, sizeof in_data.encoding);
    }
    hst_header_clear(&in_data);
    return status;
}

/* Checks the headers of one entry's files and notes their content. */
static hst_status read_side_header(hst_layout *layout, hst_side_source *side, size_t path,
                                   hst_error *err)
{
    hst_header header = {0};
    hst_status status = hst_header_read(&header, side->paths[path], "", 0, err);

    if (status != HST_OK) {
        return status;
    }
    if (hst_names_find(header.names, header.n_names, side->key) == HST_NO_COLUMN) {
        status = hst_fail(err, HST_ERR_INPUT,
                          "%s: no column %s, the key of this side file; check `key:` and the file",
                          side->paths[path], side->key);
    }
    for (size_t i = 0; status == HST_OK && i < side->n_columns; i++) {
        const char *name = layout->side_names[side->first_column + i];

        if (hst_names_find(header.names, header.n_names, name) == HST_NO_COLUMN) {
            status = hst_fail(err, HST_ERR_INPUT,
                              "%s: no column %s, which the study takes from this side file",
                              side->paths[path], name);
        }
    }
    hst_header_clear(&header);
    if (status == HST_OK) {
        status = hst_source_file_digest(side->paths[path], "", side->digests[path], err);
    }
    return status;
}

static hst_status read_side(hst_layout *layout, hst_side_source *side, const hst_side_spec *spec,
                            hst_error *err)
{
    const hst_field *key = &layout->fields[HST_FIELD_KEY];
    hst_status status = HST_OK;

    if (!spec->key || !hst_field_is_called(key, spec->key)) {
        return hst_fail(err, HST_ERR_USAGE, "`key:` of a side file of %s must be %s", layout->name,
                        key->name);
    }
    side->n_columns = spec->n_columns;
    side->first_column = layout->n_side_names;
    side->key = copy_upper(spec->key);
    side->paths = calloc(spec->n_paths + 1, sizeof *side->paths);
    side->digests = calloc(spec->n_paths + 1, sizeof *side->digests);
    if (!side->key || !side->paths || !side->digests) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a side file");
    }
    for (size_t i = 0; i < spec->n_columns; i++) {
        layout->side_names[layout->n_side_names] = copy_upper(spec->columns[i]);
        if (!layout->side_names[layout->n_side_names]) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for a side file");
        }
        layout->n_side_names++;
    }
    for (size_t i = 0; status == HST_OK && i < spec->n_paths; i++) {
        side->paths[side->n_paths] = strdup(spec->paths[i]);
        if (!side->paths[side->n_paths]) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for a side file");
        }
        side->n_paths++;
        status = read_side_header(layout, side, i, err);
    }
    return status;
}

static hst_status read_side_files(hst_layout *layout, const hst_extract_spec *spec, hst_error *err)
{
    hst_status status = HST_OK;
    size_t n_columns = 0;

    for (size_t i = 0; i < spec->n_side_files; i++) {
        n_columns += spec->side_files[i].n_columns;
    }
    layout->side = calloc(spec->n_side_files + 1, sizeof *layout->side);
    layout->side_names = calloc(n_columns + 1, sizeof *layout->side_names);
    layout->names = calloc(layout->header.n_names + n_columns + 1, sizeof *layout->names);
    if (!layout->side || !layout->side_names || !layout->names) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu columns", n_columns);
    }
    for (size_t i = 0; status == HST_OK && i < spec->n_side_files; i++) {
        layout->n_side++;
        status = read_side(layout, &layout->side[i], &spec->side_files[i], err);
    }
    for (size_t i = 0; i < layout->header.n_names; i++) {
        layout->names[layout->n_names++] = layout->header.names[i];
    }
    for (size_t i = 0; i < layout->n_side_names; i++) {
        layout->names[layout->n_names++] = layout->side_names[i];
    }
    return status;
}

/* ---- from names to fields ---- */

/* A column that the study names for a role; HST_NO_COLUMN when it names none or it is not here. */
static int column_for_role(const hst_layout *layout, const hst_extract_spec *spec,
                           const hst_field *field, size_t n_names)
{
    for (size_t i = 0; i < spec->n_columns; i++) {
        if (hst_field_is_called(field, spec->column_roles[i])) {
            return find_named(layout, n_names, spec->column_names[i]);
        }
    }
    return HST_NO_COLUMN;
}

static hst_status find_fields(hst_layout *layout, const hst_extract_spec *spec, hst_error *err)
{
    for (size_t f = 0; f < HST_N_FIELDS; f++) {
        /* the record key joins the side files: it is the file's own */
        size_t n_names = f == HST_FIELD_KEY ? layout->header.n_names : layout->n_names;
        const hst_field *field = &layout->fields[f];

        layout->columns[f] = HST_NO_COLUMN;
        if (field->name) {
            layout->columns[f] = column_for_role(layout, spec, field, n_names);
        }
        if (field->name && layout->columns[f] == HST_NO_COLUMN) {
            layout->columns[f] = hst_names_find_field(layout->names, n_names, field);
        }
    }
    for (size_t k = 0; k < HST_N_PERSON_KINDS; k++) {
        layout->person_columns[k] =
            hst_names_find_field(layout->names, layout->n_names, &hst_person_fields[k]);
    }
    for (size_t i = 0; i < spec->n_columns; i++) {
        if (strcasecmp(spec->column_roles[i], "person") == 0) {
            int column = find_named(layout, layout->n_names, spec->column_names[i]);

            if (column == HST_NO_COLUMN) {
                return hst_fail(err, HST_ERR_INPUT,
                                "%s: no column %s, which `columns: {person: ..}` names",
                                layout->name, spec->column_names[i]);
            }
            layout->person_is_named = true;
            for (size_t k = 0; k < HST_N_PERSON_KINDS; k++) {
                layout->person_columns[k] = column;
            }
        }
    }
    while (layout->person + 1 < HST_N_PERSON_KINDS &&
           layout->person_columns[layout->person] == HST_NO_COLUMN) {
        layout->person++;
    }
    return HST_OK;
}

static hst_status add_area(hst_layout *layout, int column, const char *name, hst_error *err)
{
    for (size_t i = 0; i < layout->n_areas; i++) {
        if (layout->area_columns[i] == column) {
            return HST_OK;
        }
    }
    if (layout->n_areas == HST_MAX_AREA_COLUMNS) {
        return hst_fail(err, HST_ERR_USAGE, "%s: more than %d area columns", layout->name,
                        HST_MAX_AREA_COLUMNS);
    }
    if (strlen(name) >= sizeof layout->area_names[0]) {
        return hst_fail(err, HST_ERR_USAGE, "%s: the name of area column %s is over %zu characters",
                        layout->name, name, sizeof layout->area_names[0] - 1);
    }
    layout->area_columns[layout->n_areas] = column;
    snprintf(layout->area_names[layout->n_areas], sizeof layout->area_names[0], "%s", name);
    layout->n_areas++;
    return HST_OK;
}

static hst_status find_areas(hst_layout *layout, const hst_extract_spec *spec, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; status == HST_OK && i < hst_n_area_fields; i++) {
        int column = hst_names_find_field(layout->names, layout->n_names, &hst_area_fields[i]);

        if (column != HST_NO_COLUMN) {
            status = add_area(layout, column, hst_area_fields[i].name, err);
        }
    }
    /* a column of this role that is not in this file is left to the choice of `areas.field` */
    for (size_t i = 0; status == HST_OK && i < spec->n_columns; i++) {
        int column = strcasecmp(spec->column_roles[i], "area") == 0
                         ? find_named(layout, layout->n_names, spec->column_names[i])
                         : HST_NO_COLUMN;

        if (column != HST_NO_COLUMN) {
            status = add_area(layout, column, layout->names[column], err);
        }
    }
    return status;
}

/* Position of a column called prefix, one or two digits; 0 when it is not called so. */
static size_t position_of(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);
    const char *p = name + n;

    if (strncmp(name, prefix, n) != 0 || p[0] < '0' || p[0] > '9' ||
        (p[1] != '\0' && (p[1] < '0' || p[1] > '9' || p[2] != '\0'))) {
        return 0;
    }
    return (size_t)atoi(p);
}

static void find_positions(const hst_layout *layout, const char *prefix, hst_code_family *family)
{
    for (size_t i = 0; i < layout->n_names; i++) {
        size_t position = position_of(layout->names[i], prefix);

        if (position >= 1 && position <= HST_MAX_POSITIONS) {
            family->columns[position - 1] = (int)i;
            if (position > family->n_positions) {
                family->n_positions = position;
            }
        }
    }
}

static void clear_family(hst_code_family *family)
{
    family->n_positions = 0;
    family->list_column = HST_NO_COLUMN;
    for (size_t p = 0; p < HST_MAX_POSITIONS; p++) {
        family->columns[p] = HST_NO_COLUMN;
    }
}

/* A family of columns by its names in order of preference, whole codes before cut ones and single
 * columns before lists. `stem` is DIAG or OPERTN. */
static void find_family(const hst_layout *layout, const char *stem, hst_code_family *family,
                        char description[48])
{
    static const struct {
        const char *infix;
        bool three_characters;
    } forms[] = {{"_", false}, {"_4_", false}, {"4_", false}, {"_3_", true}, {"3_", true}};
    static const char *const lists[] = {"_CONCAT", "_4_CONCAT", "4_CONCAT", "_3_CONCAT",
                                        "3_CONCAT"};
    char name[32];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        snprintf(name, sizeof name, "%s%s", stem, forms[i].infix);
        find_positions(layout, name, family);
        if (i == 0 && strcmp(stem, "OPERTN") == 0 && family->columns[0] == HST_NO_COLUMN) {
            family->columns[0] = hst_names_find(layout->names, layout->n_names, "1STOPERATION");
            if (family->columns[0] != HST_NO_COLUMN && family->n_positions == 0) {
                family->n_positions = 1;
            }
        }
        if (family->n_positions > 0) {
            family->three_characters = forms[i].three_characters;
            snprintf(description, 48, "%s01..%02zu", name, family->n_positions);
            return;
        }
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        snprintf(name, sizeof name, "%s%s", stem, lists[i]);
        family->list_column = hst_names_find(layout->names, layout->n_names, name);
        if (family->list_column != HST_NO_COLUMN) {
            family->n_positions = strcmp(stem, "DIAG") == 0 ? 20 : 24;
            family->three_characters = i >= 3;
            snprintf(description, 48, "%s", name);
            return;
        }
    }
}

/* The first A&E diagnosis or treatment, which the duplicate rule `hf` compares: the scheme of two
 * characters, which every year has, before the finer one. */
static void find_first_code(const hst_layout *layout, const char *stem, hst_code_family *family,
                            char description[48])
{
    static const char *const infixes[] = {"2_", "3_", "_"};
    char name[32];

    for (size_t i = 0; i < sizeof infixes / sizeof infixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", stem, infixes[i]);
        find_positions(layout, name, family);
        if (family->columns[0] != HST_NO_COLUMN) {
            family->n_positions = 1;
            snprintf(description, 48, "%s", layout->names[family->columns[0]]);
            return;
        }
        clear_family(family);
    }
}

static void find_families(hst_layout *layout)
{
    clear_family(&layout->diagnoses);
    clear_family(&layout->procedures);
    switch (layout->dataset) {
    case HST_DATASET_APC:
        find_family(layout, "DIAG", &layout->diagnoses, layout->diagnoses_text);
        find_family(layout, "OPERTN", &layout->procedures, layout->procedures_text);
        break;
    case HST_DATASET_OP: /* hardly ever coded */
        break;
    case HST_DATASET_AE:
        find_first_code(layout, "DIAG", &layout->diagnoses, layout->diagnoses_text);
        find_first_code(layout, "TREAT", &layout->procedures, layout->procedures_text);
        break;
    }
}

/* Notes the side files without whose row an episode lacks something required. */
static void mark_required_sides(hst_layout *layout)
{
    int required[HST_N_FIELDS + 2];
    size_t n = 0;

    for (size_t f = 0; f < HST_N_FIELDS; f++) {
        if (layout->fields[f].is_required) {
            required[n++] = layout->columns[f];
        }
    }
    required[n++] = layout->person_columns[layout->person];
    if (layout->dataset == HST_DATASET_APC) {
        required[n++] = layout->diagnoses.list_column != HST_NO_COLUMN
                            ? layout->diagnoses.list_column
                            : layout->diagnoses.columns[0];
    }
    for (size_t s = 0; s < layout->n_side; s++) {
        hst_side_source *side = &layout->side[s];
        size_t first = layout->header.n_names + side->first_column;

        side->is_required = false;
        for (size_t i = 0; i < n; i++) {
            side->is_required |= required[i] != HST_NO_COLUMN && (size_t)required[i] >= first &&
                                 (size_t)required[i] < first + side->n_columns;
        }
    }
}

/* ---- public ---- */

hst_status hst_layout_detect(hst_layout **out, const hst_extract_spec *spec, hst_error *err)
{
    hst_status status = HST_OK;
    hst_layout *layout = NULL;
    size_t n = strlen(spec->path) + strlen(spec->member) + 2;

    *out = NULL;
    layout = calloc(1, sizeof *layout);
    if (!layout || !(layout->name = malloc(n))) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a header");
        goto done;
    }
    layout->dataset = spec->dataset;
    layout->fields = hst_fields_of(spec->dataset);
    snprintf(layout->name, n, "%s%s%s", spec->path, spec->member[0] ? ":" : "", spec->member);

    if ((status = hst_layout_check_roles(layout, spec, err)) != HST_OK ||
        (status = read_names(layout, spec, err)) != HST_OK ||
        (status = read_side_files(layout, spec, err)) != HST_OK ||
        (status = find_areas(layout, spec, err)) != HST_OK) {
        goto done;
    }
    find_families(layout);
    status = find_fields(layout, spec, err);
    if (status == HST_OK) {
        status = hst_layout_check_names(layout, err);
    }
    if (status == HST_OK) {
        status = hst_layout_check_required(layout, err);
    }
    if (status == HST_OK) {
        mark_required_sides(layout);
        *out = layout;
        layout = NULL;
    }

done:
    hst_layout_free(layout);
    return status;
}

void hst_layout_free(hst_layout *layout)
{
    if (!layout) {
        return;
    }
    for (size_t i = 0; i < layout->n_side; i++) {
        for (size_t p = 0; p < layout->side[i].n_paths; p++) {
            free(layout->side[i].paths[p]);
        }
        free(layout->side[i].paths);
        free(layout->side[i].digests);
        free(layout->side[i].key);
    }
    for (size_t i = 0; i < layout->n_side_names; i++) {
        free(layout->side_names[i]);
    }
    free(layout->side);
    free(layout->side_names);
    free(layout->names);
    hst_header_clear(&layout->header);
    free(layout->name);
    free(layout);
}

unsigned hst_layout_person_kinds(const hst_layout *layout)
{
    unsigned kinds = 0;

    for (unsigned k = 0; k < HST_N_PERSON_KINDS; k++) {
        kinds |= layout->person_columns[k] == HST_NO_COLUMN ? 0 : 1u << k;
    }
    return kinds;
}

const char *hst_person_kind_name(hst_person_kind kind)
{
    return (unsigned)kind < HST_N_PERSON_KINDS ? hst_person_fields[kind].name : "";
}

void hst_layout_use_person(hst_layout *layout, hst_person_kind kind)
{
    layout->person = kind;
    mark_required_sides(layout);
}

/* A mapping as the layout key sees it: the field, and the number and name of its column. */
static void hash_column(const hst_layout *layout, XXH3_state_t *state, const char *field,
                        int column)
{
    if (column != HST_NO_COLUMN) {
        XXH3_128bits_update(state, field, strlen(field) + 1);
        XXH3_128bits_update(state, &column, sizeof column);
        XXH3_128bits_update(state, layout->names[column], strlen(layout->names[column]) + 1);
    }
}

static void hash_family(const hst_layout *layout, XXH3_state_t *state, const char *stem,
                        const hst_code_family *family)
{
    for (size_t p = 0; p < family->n_positions; p++) {
        hash_column(layout, state, stem, family->columns[p]);
    }
    hash_column(layout, state, stem, family->list_column);
}

void hst_layout_key(const hst_layout *layout, uint8_t key[16])
{
    XXH3_state_t state;
    XXH128_canonical_t canonical;
    char start[64];

    snprintf(start, sizeof start, "hestia layout %d, %s, %c, %zu, %d", LAYOUT_VERSION,
             hst_dataset_name(layout->dataset), layout->header.separator, layout->header.n_names,
             layout->has_header_line);
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    XXH3_128bits_update(&state, start, strlen(start) + 1);
    for (size_t f = 0; f < HST_N_FIELDS; f++) {
        hash_column(layout, &state, layout->fields[f].name, layout->columns[f]);
    }
    hash_column(layout, &state, "person", layout->person_columns[layout->person]);
    for (size_t i = 0; i < layout->n_areas; i++) {
        hash_column(layout, &state, layout->area_names[i], layout->area_columns[i]);
    }
    hash_family(layout, &state, "DIAG", &layout->diagnoses);
    hash_family(layout, &state, "OPERTN", &layout->procedures);
    for (size_t i = 0; i < layout->n_side; i++) {
        XXH3_128bits_update(&state, layout->side[i].key, strlen(layout->side[i].key) + 1);
        XXH3_128bits_update(&state, layout->side[i].digests,
                            layout->side[i].n_paths * sizeof layout->side[i].digests[0]);
    }
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
    memcpy(key, canonical.digest, 16);
}

char hst_layout_separator(const hst_layout *layout)
{
    return layout->header.separator;
}

const char *hst_layout_encoding(const hst_layout *layout)
{
    return layout->header.encoding;
}

size_t hst_layout_n_columns(const hst_layout *layout)
{
    return layout->header.n_names;
}

bool hst_layout_has_header_line(const hst_layout *layout)
{
    return layout->has_header_line;
}

bool hst_layout_has_column(const hst_layout *layout, const char *name)
{
    return find_named(layout, layout->n_names, name) != HST_NO_COLUMN;
}

bool hst_layout_describe(const hst_layout *layout, size_t i, const char **field,
                         const char **column)
{
    size_t left = i;

    if (left-- == 0) {
        *field = "person";
        *column = layout->names[layout->person_columns[layout->person]];
        return true;
    }
    for (size_t f = 0; f < HST_N_FIELDS; f++) {
        if (layout->columns[f] != HST_NO_COLUMN && left-- == 0) {
            *field = layout->fields[f].name;
            *column = layout->names[layout->columns[f]];
            return true;
        }
    }
    if (left < layout->n_areas) {
        *field = "area";
        *column = layout->names[layout->area_columns[left]];
        return true;
    }
    left -= layout->n_areas;
    if (layout->diagnoses.n_positions > 0 && left-- == 0) {
        *field = "diagnoses";
        *column = layout->diagnoses_text;
        return true;
    }
    *field = "procedures";
    *column = layout->procedures_text;
    return left == 0 && layout->procedures.n_positions > 0;
}

size_t hst_layout_area_columns(const hst_layout *layout, const char *names[HST_MAX_AREA_COLUMNS])
{
    for (size_t i = 0; i < layout->n_areas; i++) {
        names[i] = layout->area_names[i];
    }
    return layout->n_areas;
}
