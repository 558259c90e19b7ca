/*
 * Areas: the list, the dated lookup, sites and comparators.
 *
 * Rules, from domain/areas.md and the England residence test of domain/hes-fields.md 3.5:
 *   1. a code that says "not known" is unknown, one that says "not applicable" is outside England;
 *   2. a code with a row of the lookup on that day is the area that row names;
 *   3. a code of the area list is itself;
 *   4. a code that the residence test puts outside England is outside England;
 *   5. anything else is OTHER.
 */
#include "hestia/area.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area_internal.h"
#include "hestia/table.h"

/* ---- the list ---- */

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const hst_area_entry *)a)->code, ((const hst_area_entry *)b)->code);
}

size_t hst_areas_find(const hst_areas *areas, const char *code)
{
    hst_area_entry key = {0};
    const hst_area_entry *found = NULL;

    if (areas->n == 0 || !hst_area_clean_code(code, key.code)) {
        return SIZE_MAX;
    }
    found = bsearch(&key, areas->entries, areas->n, sizeof key, compare_entries);
    return found ? (size_t)(found - areas->entries) : SIZE_MAX;
}

static hst_status add_entry(hst_areas *areas, const char *code, const char *name, hst_error *err)
{
    hst_area_entry *entry = NULL;

    if (areas->n == areas->capacity) {
        size_t capacity = areas->capacity ? areas->capacity * 2 : 256;
        hst_area_entry *entries = realloc(areas->entries, capacity * sizeof *entries);

        if (!entries) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu areas", capacity);
        }
        areas->entries = entries;
        areas->capacity = capacity;
    }
    entry = &areas->entries[areas->n];
    *entry = (hst_area_entry){0};
    if (!hst_area_clean_code(code, entry->code) || entry->code[0] == '\0') {
        return hst_fail(err, HST_ERR_INPUT, "an area code is empty or longer than %d characters",
                        HST_CODE_BYTES - 1);
    }
    if (name) {
        entry->name = strdup(name);
        if (!entry->name) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the areas' names");
        }
    }
    areas->n++;
    return HST_OK;
}

/* Sorts the list; a code met twice is kept once. Only for lists without names. */
static void sort_entries(hst_areas *areas)
{
    size_t kept = 0;

    if (areas->n == 0) {
        return;
    }
    qsort(areas->entries, areas->n, sizeof *areas->entries, compare_entries);
    for (size_t i = 1; i < areas->n; i++) {
        if (strcmp(areas->entries[i].code, areas->entries[kept].code) != 0) {
            areas->entries[++kept] = areas->entries[i];
        }
    }
    areas->n = kept + 1;
}

static hst_status read_names(hst_areas *areas, const char *path, hst_error *err)
{
    hst_table *table = NULL;
    size_t code = 0, name = 0;
    hst_status status = hst_table_read(&table, path, err);

    if (status) {
        goto done;
    }
    code = hst_table_find(table, "pct_code");
    if (code == SIZE_MAX) {
        status = hst_table_require(table, "code", &code, err);
        if (status) {
            goto done;
        }
    }
    status = hst_table_require(table, "name", &name, err);
    if (status) {
        goto done;
    }
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        status = add_entry(areas, hst_table_cell(table, row, code),
                           hst_table_cell(table, row, name), err);
        if (status) {
            status = hst_fail_at(err, status, "%s, line %zu", path, hst_table_line(table, row));
            goto done;
        }
    }
    if (areas->n > 0) { /* qsort takes no NULL */
        qsort(areas->entries, areas->n, sizeof *areas->entries, compare_entries);
    }
    for (size_t i = 1; i < areas->n; i++) {
        if (strcmp(areas->entries[i].code, areas->entries[i - 1].code) == 0) {
            status = hst_fail(err, HST_ERR_INPUT, "%s: area %s stands twice", path,
                              areas->entries[i].code);
            goto done;
        }
    }

done:
    hst_table_free(table);
    return status;
}

/* The areas of the population files, without the rows for a whole. */
static hst_status take_population_codes(hst_areas *areas, const hst_study *study,
                                        const hst_texts *codes, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < codes->n && !status; i++) {
        bool is_whole = false;

        for (size_t c = 0; c < study->areas.n_comparators; c++) {
            const char *whole = study->areas.comparators[c].population_area;

            is_whole = is_whole || (whole && strcmp(whole, codes->items[i]) == 0);
        }
        if (!is_whole) {
            status = add_entry(areas, codes->items[i], NULL, err);
        }
    }
    sort_entries(areas);
    return status;
}

/* Every code met in the files: what the lookup makes of it, else itself. */
static hst_status take_codes_met(hst_areas *areas, const hst_segment *const *segments,
                                 size_t n_segments, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t s = 0; s < n_segments; s++) {
        const hst_segment_info *info = hst_segment_get_info(segments[s]);
        size_t column = hst_areas_column(areas, info);
        unsigned dictionary = (unsigned)(HST_DICT_AREA + column);

        if (column == SIZE_MAX) {
            continue;
        }
        for (size_t i = 1; i < hst_segment_n_codes(segments[s], dictionary) && !status; i++) {
            char code[HST_CODE_BYTES];
            const hst_lookup_row *rows = NULL;
            size_t n_rows = 0;

            if (!hst_area_clean_code(hst_segment_code(segments[s], dictionary, i), code) ||
                hst_area_read_pseudo_code(code) != HST_SAYS_NOTHING) {
                continue;
            }
            rows = hst_area_lookup_find(areas, code, &n_rows);
            for (size_t r = 0; r < n_rows && !status; r++) {
                status = add_entry(areas, rows[r].to_code, NULL, err);
            }
            if (n_rows == 0 &&
                hst_area_is_english(hst_area_family_of(info->area_columns[column]), code)) {
                status = add_entry(areas, code, NULL, err);
            }
        }
        sort_entries(areas);
    }
    return status;
}

/* ---- fields ---- */

typedef struct field_family {
    const char *name;
    const char *columns[8]; /* in order of preference, NULL at the end */
} field_family;

/* Area types of the study file, and families that `areas.field` may name. */
static const field_family families[] = {
    {"pct", {"RESPCT06", "RESPCT_HIS", "RESPCT02", "RESPCT"}},
    {"RESPCT", {"RESPCT06", "RESPCT_HIS", "RESPCT02", "RESPCT"}},
    {"la", {"RESLADST_ONS", "RESLADST"}},
    {"RESLADST", {"RESLADST_ONS", "RESLADST"}},
    {"lsoa", {"LSOA11", "LSOA01"}},
    {"LSOA", {"LSOA11", "LSOA01"}},
    {"ccg", {"CCG_RESIDENCE"}},
};

static hst_status add_field(hst_areas *areas, const char *name, hst_error *err)
{
    char(*fields)[32] = realloc(areas->fields, (areas->n_fields + 1) * sizeof *fields);

    if (!fields) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the area fields");
    }
    areas->fields = fields;
    if (strlen(name) >= sizeof fields[0]) {
        return hst_fail(err, HST_ERR_USAGE, "areas.field: `%s` is no column of HES", name);
    }
    memset(fields[areas->n_fields], 0, sizeof fields[0]);
    for (size_t i = 0; name[i]; i++) {
        char c = name[i];

        fields[areas->n_fields][i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    areas->n_fields++;
    return HST_OK;
}

static hst_status add_family(hst_areas *areas, const char *name, bool *found, hst_error *err)
{
    hst_status status = HST_OK;

    *found = false;
    for (size_t i = 0; i < sizeof families / sizeof families[0] && !status; i++) {
        if (strcmp(families[i].name, name) == 0) {
            *found = true;
            for (const char *const *column = families[i].columns; *column && !status; column++) {
                status = add_field(areas, *column, err);
            }
        }
    }
    return status;
}

/* Columns that an extract's `columns: {area: X}` names. */
static hst_status add_extract_fields(hst_areas *areas, const hst_study *study, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < study->n_extracts; i++) {
        const hst_study_extract *extract = &study->extracts[i];

        for (size_t c = 0; c < extract->column_roles.n && !status; c++) {
            if (strcmp(extract->column_roles.items[c], "area") == 0) {
                status = add_field(areas, extract->column_names.items[c], err);
            }
        }
    }
    return status;
}

/* `areas.field` as written, a name of a family standing for its columns too; else what the extracts
 * name, then the columns of the type. */
static hst_status choose_fields(hst_areas *areas, const hst_study *study, hst_error *err)
{
    const char *type = study->areas.type ? study->areas.type : "pct";
    hst_status status = HST_OK;
    bool found = false;

    for (size_t i = 0; i < study->areas.field.n && !status; i++) {
        status = add_field(areas, study->areas.field.items[i], err);
        if (!status) {
            status = add_family(areas, study->areas.field.items[i], &found, err);
        }
    }
    if (!status) {
        status = add_extract_fields(areas, study, err);
    }
    if (!status && study->areas.field.n == 0) {
        status = add_family(areas, type, &found, err);
    }
    if (!status && areas->n_fields == 0) {
        status = hst_fail(err, HST_ERR_USAGE,
                          "%s: areas.type `%s` is none of pct, la, lsoa, ccg: name its column with "
                          "areas.field",
                          study->path, type);
    }
    return status;
}

hst_status hst_areas_require_column(const hst_areas *areas, const hst_segment_info *info,
                                    size_t *out, hst_error *err)
{
    char names[256] = "";
    size_t length = 0;

    *out = hst_areas_column(areas, info);
    if (*out != SIZE_MAX) {
        return HST_OK;
    }
    for (size_t i = 0; i < areas->n_fields && length + 36 < sizeof names; i++) {
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                                   areas->fields[i]);
    }
    return hst_fail(err, HST_ERR_INPUT,
                    "%s: no area column: looked for %s; name another with areas.field", info->file,
                    names);
}

size_t hst_areas_column(const hst_areas *areas, const hst_segment_info *info)
{
    for (size_t i = 0; i < areas->n_fields; i++) {
        for (size_t c = 0; c < info->n_area_columns; c++) {
            if (strcmp(areas->fields[i], info->area_columns[c]) == 0) {
                return c;
            }
        }
    }
    return SIZE_MAX;
}

/* ---- the whole ---- */

static hst_status mark_sites(hst_areas *areas, const hst_study *study, hst_error *err)
{
    for (size_t i = 0; i < study->areas.sites.n; i++) {
        size_t area = hst_areas_find(areas, study->areas.sites.items[i]);

        if (area == SIZE_MAX) {
            return hst_fail(err, HST_ERR_USAGE,
                            "%s: site `%s` is not in the area list (%zu areas, from %s); "
                            "correct it under `areas: sites`, or add it to the list",
                            study->path, study->areas.sites.items[i], areas->n,
                            study->areas.names ? study->areas.names
                                               : "the population files or the extracts");
        }
        areas->entries[area].is_site = true;
    }
    return HST_OK;
}

hst_status hst_areas_build(hst_areas **out, const hst_study *study,
                           const hst_texts *population_codes, const hst_segment *const *segments,
                           size_t n_segments, hst_error *err)
{
    hst_areas *areas = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    areas = calloc(1, sizeof *areas);
    if (!areas) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the areas");
    }
    status = choose_fields(areas, study, err);
    if (status) {
        goto done;
    }
    if (study->areas.lookup) {
        status = hst_area_lookup_read(areas, study->areas.lookup, err);
        if (status) {
            goto done;
        }
    }
    if (study->areas.names) {
        status = read_names(areas, study->areas.names, err);
    } else if (population_codes && population_codes->n > 0) {
        status = take_population_codes(areas, study, population_codes, err);
    } else {
        status = take_codes_met(areas, segments, n_segments, err);
    }
    if (status) {
        goto done;
    }
    status = hst_area_lookup_number(areas, err);
    if (status) {
        goto done;
    }
    status = mark_sites(areas, study, err);
    if (!status) {
        status = hst_comparators_build(areas, study, err);
    }
    if (status) {
        goto done;
    }
    *out = areas;
    areas = NULL; /* now the caller's */

done:
    hst_areas_free(areas);
    return status;
}

void hst_areas_free(hst_areas *areas)
{
    if (!areas) {
        return;
    }
    for (size_t i = 0; i < areas->n; i++) {
        free(areas->entries[i].name);
    }
    for (size_t i = 0; i < areas->n_groups; i++) {
        free(areas->groups[i].members);
    }
    free(areas->entries);
    free(areas->rows);
    free(areas->spans);
    free(areas->groups);
    free(areas->fields);
    free(areas);
}

size_t hst_areas_n(const hst_areas *areas)
{
    return areas->n;
}

const char *hst_areas_code(const hst_areas *areas, size_t area)
{
    return areas->entries[area].code;
}

const char *hst_areas_name(const hst_areas *areas, size_t area)
{
    return areas->entries[area].name ? areas->entries[area].name : "";
}

bool hst_areas_is_site(const hst_areas *areas, size_t area)
{
    return areas->entries[area].is_site;
}

hst_area_special hst_areas_special(const hst_areas *areas)
{
    return (hst_area_special){.other = (uint32_t)areas->n,
                              .unknown = (uint32_t)areas->n + 1,
                              .not_england = (uint32_t)areas->n + 2};
}

size_t hst_areas_n_groups(const hst_areas *areas)
{
    return areas->n_groups;
}

const hst_area_group *hst_areas_group(const hst_areas *areas, size_t group)
{
    return &areas->groups[group];
}
