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

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area_internal.h"
#include "hestia/table.h"

typedef struct area_entry {
    char code[HST_CODE_BYTES];
    char *name; /* NULL = not named */
    bool is_site;
} area_entry;

typedef struct lookup_row {
    char from_code[HST_CODE_BYTES], to_code[HST_CODE_BYTES];
    hst_date from, to;
    size_t line;
} lookup_row;

struct hst_areas {
    size_t n, capacity;
    area_entry *entries; /* sorted by code */
    size_t n_rows;
    lookup_row *rows;     /* sorted by code, then date */
    hst_area_span *spans; /* [n_rows], of the same order */
    size_t n_groups;
    hst_area_group *groups;
    size_t n_fields;
    char (*fields)[32]; /* columns in order of preference */
};

/* ---- codes ---- */

/* Trimmed, upper case, "5J600" cut to "5J6" (not 598.. and 599..). False when it is too long. */
static bool clean_code(const char *text, char out[HST_CODE_BYTES])
{
    size_t n = 0;

    while (*text == ' ') {
        text++;
    }
    for (; *text; text++) {
        if (n + 1 >= HST_CODE_BYTES) {
            return false;
        }
        out[n++] = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
    }
    while (n > 0 && out[n - 1] == ' ') {
        n--;
    }
    if (n == 5 && memcmp(out + 3, "00", 2) == 0 && memcmp(out, "598", 3) != 0 &&
        memcmp(out, "599", 3) != 0) {
        n = 3;
    }
    out[n] = '\0';
    return true;
}

hst_area_family hst_area_family_of(const char *column)
{
    if (strncmp(column, "RESPCT", 6) == 0 || strncmp(column, "PCT", 3) == 0) {
        return HST_AREA_PCT;
    }
    if (strncmp(column, "RESLAD", 6) == 0) {
        return HST_AREA_LAD;
    }
    return strncmp(column, "LSOA", 4) == 0 ? HST_AREA_ONS : HST_AREA_ANY;
}

typedef enum residence { SAYS_NOTHING, SAYS_UNKNOWN, SAYS_NOT_ENGLAND } residence;

/* What a pseudo code says, whatever the column. */
static residence read_pseudo_code(const char *code)
{
    size_t n = strlen(code);

    if (n == 0 || strcmp(code, "&") == 0 || strcmp(code, "-") == 0) {
        return SAYS_UNKNOWN;
    }
    if (n == 1) {
        return strchr("SWZX", code[0]) ? SAYS_NOT_ENGLAND : SAYS_UNKNOWN;
    }
    if (n == 5 && strncmp(code, "598", 3) == 0) {
        return SAYS_NOT_ENGLAND;
    }
    if (n == 5 && strncmp(code, "599", 3) == 0) {
        return SAYS_UNKNOWN;
    }
    if (n == 9 && strcmp(code + 1, "99999999") == 0) {
        return code[0] == 'Z' || code[0] == 'E' ? SAYS_UNKNOWN : SAYS_NOT_ENGLAND;
    }
    return SAYS_NOTHING;
}

/* The published test of English residence, for codes that neither list nor lookup knows. */
static bool is_english(hst_area_family family, const char *code)
{
    size_t n = strlen(code);

    if (family == HST_AREA_PCT) {
        return code[0] == '5' || code[0] == 'T';
    }
    if (family == HST_AREA_LAD && n != 9) {
        /* 00AA-47UG are English but for Wales (00N., 00P.) and Scotland (00Q., 00R.); 95.. is
         * Northern Ireland. */
        return n == 4 && code[0] >= '0' && code[0] <= '4' &&
               !(code[0] == '0' && code[1] == '0' && strchr("NPQR", code[2]));
    }
    if (family != HST_AREA_ANY || n == 9) {
        return code[0] == 'E';
    }
    return true;
}

/* ---- the list ---- */

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const area_entry *)a)->code, ((const area_entry *)b)->code);
}

size_t hst_areas_find(const hst_areas *areas, const char *code)
{
    area_entry key = {0};
    const area_entry *found = NULL;

    if (areas->n == 0 || !clean_code(code, key.code)) {
        return SIZE_MAX;
    }
    found = bsearch(&key, areas->entries, areas->n, sizeof key, compare_entries);
    return found ? (size_t)(found - areas->entries) : SIZE_MAX;
}

static hst_status add_entry(hst_areas *areas, const char *code, const char *name, hst_error *err)
{
    area_entry *entry = NULL;

    if (areas->n == areas->capacity) {
        size_t capacity = areas->capacity ? areas->capacity * 2 : 256;
        area_entry *entries = realloc(areas->entries, capacity * sizeof *entries);

        if (!entries) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu areas", capacity);
        }
        areas->entries = entries;
        areas->capacity = capacity;
    }
    entry = &areas->entries[areas->n];
    *entry = (area_entry){0};
    if (!clean_code(code, entry->code) || entry->code[0] == '\0') {
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
    qsort(areas->entries, areas->n, sizeof *areas->entries, compare_entries);
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

static const lookup_row *find_lookup(const hst_areas *areas, const char *code, size_t *n);

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
            const lookup_row *rows = NULL;
            size_t n_rows = 0;

            if (!clean_code(hst_segment_code(segments[s], dictionary, i), code) ||
                read_pseudo_code(code) != SAYS_NOTHING) {
                continue;
            }
            rows = find_lookup(areas, code, &n_rows);
            for (size_t r = 0; r < n_rows && !status; r++) {
                status = add_entry(areas, rows[r].to_code, NULL, err);
            }
            if (n_rows == 0 && is_english(hst_area_family_of(info->area_columns[column]), code)) {
                status = add_entry(areas, code, NULL, err);
            }
        }
        sort_entries(areas);
    }
    return status;
}

/* ---- the lookup ---- */

static int compare_lookup_rows(const void *a, const void *b)
{
    const lookup_row *x = a, *y = b;
    int order = strcmp(x->from_code, y->from_code);

    return order != 0 ? order : (x->from > y->from) - (x->from < y->from);
}

static int compare_lookup_codes(const void *a, const void *b)
{
    return strcmp(((const lookup_row *)a)->from_code, ((const lookup_row *)b)->from_code);
}

/* First row of a code and their number. */
static const lookup_row *find_lookup(const hst_areas *areas, const char *code, size_t *n)
{
    lookup_row key = {0};
    const lookup_row *row = NULL, *end = areas->rows + areas->n_rows;

    *n = 0;
    if (areas->n_rows == 0) {
        return NULL;
    }
    memcpy(key.from_code, code, strlen(code) + 1);
    row = bsearch(&key, areas->rows, areas->n_rows, sizeof key, compare_lookup_codes);
    if (!row) {
        return NULL;
    }
    while (row > areas->rows && compare_lookup_codes(row - 1, &key) == 0) {
        row--;
    }
    while (row + *n < end && compare_lookup_codes(row + *n, &key) == 0) {
        ++*n;
    }
    return row;
}

typedef struct lookup_columns {
    size_t from_code, from, to, to_code, share;
} lookup_columns;

static hst_status read_lookup_date(const hst_table *table, size_t row, size_t column,
                                   hst_date if_empty, hst_date *out, hst_error *err)
{
    const char *cell = hst_table_cell(table, row, column);

    if (cell[0] == '\0') {
        *out = if_empty;
    } else if (!hst_date_parse_iso(cell, strlen(cell), out)) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column %s: not a date YYYY-MM-DD",
                        hst_table_name(table), hst_table_line(table, row),
                        hst_table_column_name(table, column));
    }
    return HST_OK;
}

static hst_status read_lookup_row(const hst_table *table, size_t row, const lookup_columns *columns,
                                  lookup_row *out, hst_error *err)
{
    double share = 0;
    hst_status status = hst_table_double(table, row, columns->share, &share, err);

    *out = (lookup_row){.line = hst_table_line(table, row)};
    if (status) {
        return status;
    }
    if (share != 1) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s, line %zu: a share other than 1 cannot be applied to single persons; "
                        "use an area field that needs no splitting, or give each code one area",
                        hst_table_name(table), out->line);
    }
    if (!clean_code(hst_table_cell(table, row, columns->from_code), out->from_code) ||
        out->from_code[0] == '\0') {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column code_from: not an area code",
                        hst_table_name(table), out->line);
    }
    if (!clean_code(hst_table_cell(table, row, columns->to_code), out->to_code) ||
        out->to_code[0] == '\0') {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column code_to: not an area code",
                        hst_table_name(table), out->line);
    }
    status = read_lookup_date(table, row, columns->from, INT32_MIN + 1, &out->from, err);
    if (status) {
        return status;
    }
    status = read_lookup_date(table, row, columns->to, INT32_MAX, &out->to, err);
    if (status) {
        return status;
    }
    if (out->from > out->to) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: valid_from is after valid_to",
                        hst_table_name(table), out->line);
    }
    return HST_OK;
}

static hst_status read_lookup(hst_areas *areas, const char *path, hst_error *err)
{
    static const char *const names[] = {"code_from", "valid_from", "valid_to", "code_to", "share"};
    hst_table *table = NULL;
    lookup_columns columns = {0};
    size_t *const at[] = {&columns.from_code, &columns.from, &columns.to, &columns.to_code,
                          &columns.share};
    hst_status status = hst_table_read(&table, path, err);

    for (size_t i = 0; i < sizeof at / sizeof at[0] && !status; i++) {
        status = hst_table_require(table, names[i], at[i], err);
    }
    if (status) {
        goto done;
    }
    areas->rows = calloc(hst_table_n_rows(table) + 1, sizeof *areas->rows);
    if (!areas->rows) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the area lookup");
        goto done;
    }
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        status = read_lookup_row(table, row, &columns, &areas->rows[row], err);
        if (status) {
            goto done;
        }
        areas->n_rows++;
    }
    qsort(areas->rows, areas->n_rows, sizeof *areas->rows, compare_lookup_rows);
    for (size_t i = 1; i < areas->n_rows; i++) {
        const lookup_row *row = &areas->rows[i], *before = row - 1;

        if (compare_lookup_codes(before, row) == 0 && row->from <= before->to) {
            status = hst_fail(err, HST_ERR_INPUT,
                              "%s, lines %zu and %zu: two rows of one code_from are valid on the "
                              "same day",
                              path, before->line < row->line ? before->line : row->line,
                              before->line < row->line ? row->line : before->line);
            goto done;
        }
    }

done:
    hst_table_free(table);
    return status;
}

/* The lookup's rows with area numbers in place of codes, once the list stands. */
static hst_status number_lookup(hst_areas *areas, hst_error *err)
{
    areas->spans = calloc(areas->n_rows + 1, sizeof *areas->spans);
    if (!areas->spans) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the area lookup");
    }
    for (size_t i = 0; i < areas->n_rows; i++) {
        size_t area = hst_areas_find(areas, areas->rows[i].to_code);

        areas->spans[i] = (hst_area_span){.from = areas->rows[i].from,
                                          .to = areas->rows[i].to,
                                          .area = area == SIZE_MAX ? hst_areas_special(areas).other
                                                                   : (uint32_t)area};
    }
    return HST_OK;
}

hst_area_rule hst_areas_rule(const hst_areas *areas, hst_area_family family, const char *code)
{
    hst_area_special special = hst_areas_special(areas);
    hst_area_rule rule = {.otherwise = special.unknown};
    char clean[HST_CODE_BYTES];
    const lookup_row *rows = NULL;
    size_t area = 0, n_spans = 0;
    residence says = SAYS_NOTHING;

    if (!clean_code(code, clean)) {
        return rule;
    }
    says = read_pseudo_code(clean);
    if (says != SAYS_NOTHING) {
        rule.otherwise = says == SAYS_UNKNOWN ? special.unknown : special.not_england;
        return rule;
    }
    area = hst_areas_find(areas, clean);
    if (area != SIZE_MAX) {
        rule.otherwise = (uint32_t)area;
    } else {
        rule.otherwise = is_english(family, clean) ? special.other : special.not_england;
    }
    rows = find_lookup(areas, clean, &n_spans);
    for (size_t i = 0; i < n_spans; i++) {
        const hst_area_span *spans = areas->spans + (rows - areas->rows);

        if (spans[i].area != rule.otherwise) {
            rule.spans = spans;
            rule.n_spans = n_spans;
        }
    }
    return rule;
}

uint32_t hst_areas_at(const hst_areas *areas, const hst_area_rule *rule, hst_date date)
{
    if (rule->n_spans > 0 && date == HST_DATE_MISSING) {
        return hst_areas_special(areas).unknown;
    }
    for (size_t i = 0; i < rule->n_spans; i++) {
        if (rule->spans[i].from <= date && date <= rule->spans[i].to) {
            return rule->spans[i].area;
        }
    }
    return rule->otherwise;
}

uint32_t hst_areas_map(const hst_areas *areas, const char *code, hst_date date)
{
    hst_area_rule rule = hst_areas_rule(areas, hst_area_family_of(areas->fields[0]), code);

    return hst_areas_at(areas, &rule, date);
}

bool hst_areas_map_is_fixed(const hst_areas *areas, const char *code, uint32_t *area)
{
    hst_area_rule rule = hst_areas_rule(areas, hst_area_family_of(areas->fields[0]), code);

    *area = rule.otherwise;
    return rule.n_spans == 0;
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

/* ---- sites and comparators ---- */

static hst_status mark_sites(hst_areas *areas, const hst_study *study, hst_error *err)
{
    for (size_t i = 0; i < study->areas.sites.n; i++) {
        size_t area = hst_areas_find(areas, study->areas.sites.items[i]);

        if (area == SIZE_MAX) {
            return hst_fail(
                err, HST_ERR_INPUT, "%s: site `%s` is not in the area list (%zu areas, from %s)",
                study->path, study->areas.sites.items[i], areas->n,
                study->areas.names ? study->areas.names : "the population files or the extracts");
        }
        areas->entries[area].is_site = true;
    }
    return HST_OK;
}

static hst_status add_group(hst_areas *areas, hst_area_group **out, hst_error *err)
{
    hst_area_group *groups = realloc(areas->groups, (areas->n_groups + 1) * sizeof *groups);

    if (!groups) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the comparators");
    }
    areas->groups = groups;
    *out = &groups[areas->n_groups++];
    **out = (hst_area_group){.site = UINT32_MAX};
    return HST_OK;
}

static hst_status add_member(hst_area_group *group, uint32_t area, double weight, hst_error *err)
{
    hst_area_member *members = realloc(group->members, (group->n_members + 1) * sizeof *members);

    if (!members) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the comparators");
    }
    group->members = members;
    members[group->n_members++] = (hst_area_member){area, weight};
    return HST_OK;
}

static hst_status name_group(const hst_areas *areas, hst_area_group *group,
                             const hst_comparator *comparator, hst_error *err)
{
    const char *whole = comparator->population_area ? comparator->population_area : "";
    int n = 0;

    if (group->site == UINT32_MAX) {
        n = snprintf(group->name, sizeof group->name, "%s", comparator->name);
    } else {
        n = snprintf(group->name, sizeof group->name, "%s (%s)", comparator->name,
                     areas->entries[group->site].code);
    }
    if (n < 0 || (size_t)n >= sizeof group->name || strlen(whole) >= HST_CODE_BYTES) {
        return hst_fail(err, HST_ERR_USAGE, "comparator `%s`: name or population_area is too long",
                        comparator->name);
    }
    memcpy(group->population_area, whole, strlen(whole) + 1);
    return HST_OK;
}

static hst_status build_whole(hst_areas *areas, const hst_comparator *comparator, hst_error *err)
{
    hst_area_group *group = NULL;
    hst_status status = add_group(areas, &group, err);

    if (status) {
        return status;
    }
    group->is_england = true;
    for (size_t i = 0; i < areas->n && !status; i++) {
        status = add_member(group, (uint32_t)i, 1, err);
    }
    return status ? status : name_group(areas, group, comparator, err);
}

static int compare_members(const void *a, const void *b)
{
    const hst_area_member *x = a, *y = b;

    return (x->area > y->area) - (x->area < y->area);
}

static bool same_members(const hst_area_group *a, const hst_area_group *b)
{
    if (a->n_members != b->n_members) {
        return false;
    }
    for (size_t i = 0; i < a->n_members; i++) {
        if (a->members[i].area != b->members[i].area ||
            a->members[i].weight != b->members[i].weight) {
            return false;
        }
    }
    return true;
}

/* The group of a site among those from `first` on, made when it is new. */
static hst_status take_site_group(hst_areas *areas, size_t first, uint32_t site,
                                  hst_area_group **out, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = first; i < areas->n_groups; i++) {
        if (areas->groups[i].site == site) {
            *out = &areas->groups[i];
            return HST_OK;
        }
    }
    status = add_group(areas, out, err);
    if (!status) {
        (*out)->site = site;
    }
    return status;
}

static hst_status read_member(hst_areas *areas, const hst_study *study, const hst_table *table,
                              size_t row, const size_t columns[3], size_t first, hst_error *err)
{
    size_t site = hst_areas_find(areas, hst_table_cell(table, row, columns[0]));
    size_t area = hst_areas_find(areas, hst_table_cell(table, row, columns[1]));
    hst_area_group *group = NULL;
    double weight = 1;
    hst_status status = HST_OK;

    if (site == SIZE_MAX || area == SIZE_MAX) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column %s: not in the area list",
                        hst_table_name(table), hst_table_line(table, row),
                        site == SIZE_MAX ? "area" : "comparator");
    }
    if (columns[2] != SIZE_MAX) {
        status = hst_table_double(table, row, columns[2], &weight, err);
        if (status) {
            return status;
        }
        if (!(weight > 0)) {
            return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: a weight must be above 0",
                            hst_table_name(table), hst_table_line(table, row));
        }
    }
    if (study->areas.sites.n > 0 && !areas->entries[site].is_site) {
        return HST_OK; /* a list for more areas than this study looks at */
    }
    status = take_site_group(areas, first, (uint32_t)site, &group, err);
    if (status) {
        return status;
    }
    for (size_t i = 0; i < group->n_members; i++) {
        if (group->members[i].area == area) {
            return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: the pair stands twice",
                            hst_table_name(table), hst_table_line(table, row));
        }
    }
    return add_member(group, (uint32_t)area, weight, err);
}

/* Sites with the same members share one series, which then has the plain name. */
static void pool_equal_groups(hst_areas *areas, size_t first)
{
    for (size_t i = first; i < areas->n_groups; i++) {
        qsort(areas->groups[i].members, areas->groups[i].n_members, sizeof(hst_area_member),
              compare_members);
        if (!same_members(&areas->groups[first], &areas->groups[i])) {
            return;
        }
    }
    while (areas->n_groups > first + 1) {
        free(areas->groups[--areas->n_groups].members);
    }
    areas->groups[first].site = UINT32_MAX;
}

static int compare_groups(const void *a, const void *b)
{
    const hst_area_group *x = a, *y = b;

    return (x->site > y->site) - (x->site < y->site);
}

static hst_status build_listed(hst_areas *areas, const hst_study *study,
                               const hst_comparator *comparator, hst_error *err)
{
    hst_table *table = NULL;
    size_t columns[3] = {0}, first = areas->n_groups;
    hst_status status = hst_table_read(&table, comparator->file, err);

    if (!status) {
        status = hst_table_require(table, "area", &columns[0], err);
    }
    if (!status) {
        status = hst_table_require(table, "comparator", &columns[1], err);
    }
    if (status) {
        goto done;
    }
    columns[2] = hst_table_find(table, "weight");
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        status = read_member(areas, study, table, row, columns, first, err);
        if (status) {
            goto done;
        }
    }
    if (areas->n_groups == first) {
        status =
            hst_fail(err, HST_ERR_INPUT, "%s: no row for any site of the study", comparator->file);
        goto done;
    }
    qsort(areas->groups + first, areas->n_groups - first, sizeof *areas->groups, compare_groups);
    pool_equal_groups(areas, first);
    for (size_t i = first; i < areas->n_groups && !status; i++) {
        status = name_group(areas, &areas->groups[i], comparator, err);
    }

done:
    hst_table_free(table);
    return status;
}

/* ---- the whole ---- */

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
        status = read_lookup(areas, study->areas.lookup, err);
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
    status = number_lookup(areas, err);
    if (status) {
        goto done;
    }
    status = mark_sites(areas, study, err);
    for (size_t i = 0; i < study->areas.n_comparators && !status; i++) {
        const hst_comparator *comparator = &study->areas.comparators[i];

        status = comparator->file ? build_listed(areas, study, comparator, err)
                                  : build_whole(areas, comparator, err);
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
