/* Whether a header is one that can be read, and what is missing in it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hestia/study.h"
#include "ingest/extract_internal.h"

/* Appends to a text that is cut at its end. */
static void append(char *text, size_t capacity, const char *format, ...) HST_PRINTF(3, 4);

static void append(char *text, size_t capacity, const char *format, ...)
{
    size_t n = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + n, capacity - n, format, arguments);
    va_end(arguments);
}

static void append_field(char *text, size_t capacity, const hst_field *field)
{
    append(text, capacity, "%s%s", text[0] ? "; " : "", field->name);
    for (const char *p = field->aliases; *p;) {
        size_t n = strcspn(p, " ");

        append(text, capacity, ", %.*s", (int)n, p);
        p += n + (p[n] == ' ');
    }
    append(text, capacity, " (also with _DERIVED, _DV)");
}

static void append_names(char *text, size_t capacity, const char *what, const hst_field *fields,
                         size_t n)
{
    append(text, capacity, "%s%s: ", text[0] ? "; " : "", what);
    for (size_t i = 0; i < n; i++) {
        append(text, capacity, "%s%s", i ? ", " : "", fields[i].name);
        if (fields[i].aliases[0]) {
            append(text, capacity, ", %s", fields[i].aliases);
        }
    }
}

hst_status hst_layout_check_required(const hst_layout *layout, hst_error *err)
{
    char missing[800] = "";
    const size_t capacity = sizeof missing;
    hst_dataset looks_like = hst_names_dataset(layout->names, layout->n_names);

    if (layout->person_columns[layout->person] == HST_NO_COLUMN) {
        append_names(missing, capacity, "a person identifier", hst_person_fields,
                     HST_N_PERSON_KINDS);
    }
    if (layout->columns[HST_FIELD_PROCODET] == HST_NO_COLUMN &&
        layout->columns[HST_FIELD_PROCODE3] == HST_NO_COLUMN &&
        layout->columns[HST_FIELD_PROCODE] == HST_NO_COLUMN) {
        append_names(missing, capacity, "a provider", &layout->fields[HST_FIELD_PROCODET], 3);
    }
    if (layout->dataset == HST_DATASET_APC && layout->diagnoses.n_positions == 0) {
        append(missing, capacity,
               "%sdiagnoses: DIAG_01, DIAG_4_01, DIAG4_01, DIAG_3_01, DIAG3_01, DIAG_CONCAT, "
               "DIAG_4_CONCAT, DIAG_3_CONCAT",
               missing[0] ? "; " : "");
    }
    for (size_t f = 0; f < HST_N_FIELDS; f++) {
        if (layout->fields[f].is_required && layout->columns[f] == HST_NO_COLUMN) {
            append_field(missing, capacity, &layout->fields[f]);
        }
    }
    if (layout->n_areas == 0) {
        append_names(missing, capacity, "an area of residence", hst_area_fields, hst_n_area_fields);
    }
    if (missing[0] && looks_like != layout->dataset) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s: its columns are those of `dataset: %s`, not of %s; looked for %s",
                        layout->name, hst_dataset_name(looks_like),
                        hst_dataset_name(layout->dataset), missing);
    }
    if (missing[0]) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s: required columns are missing; looked for %s. Name the column under "
                        "`columns:` or give it in `side_files:`",
                        layout->name, missing);
    }
    return HST_OK;
}

/* A header is one when it names something of HES; names are only printed after that, since the
 * first line of a file without a header is a person's row. */
hst_status hst_layout_check_names(const hst_layout *layout, hst_error *err)
{
    size_t n_found = layout->n_areas + layout->diagnoses.n_positions;

    for (size_t f = 0; f < HST_N_FIELDS; f++) {
        n_found += layout->columns[f] != HST_NO_COLUMN &&
                   (size_t)layout->columns[f] < layout->header.n_names;
    }
    for (size_t k = 0; k < HST_N_PERSON_KINDS; k++) {
        n_found += layout->person_columns[k] != HST_NO_COLUMN &&
                   (size_t)layout->person_columns[k] < layout->header.n_names;
    }
    if (n_found == 0) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s: unknown header: no name of a HES field in the first line (%zu columns "
                        "by separator %s); if the header is in a file of its own, name it by "
                        "`header:`",
                        layout->name, layout->header.n_names,
                        layout->header.separator == ','   ? "comma"
                        : layout->header.separator == '|' ? "pipe"
                                                          : "tab");
    }
    for (size_t i = 0; i < layout->header.n_names; i++) {
        for (size_t j = i + 1; j < layout->header.n_names; j++) {
            if (layout->names[i][0] && strcmp(layout->names[i], layout->names[j]) == 0) {
                return hst_fail(err, HST_ERR_INPUT,
                                "%s: column name %s stands twice in the header, as columns %zu and "
                                "%zu; take one out",
                                layout->name, layout->names[i], i + 1, j + 1);
            }
        }
    }
    return HST_OK;
}

/* A role is `area`, `person` or a field's name. */
hst_status hst_layout_check_roles(const hst_layout *layout, const hst_extract_spec *spec,
                                  hst_error *err)
{
    for (size_t i = 0; i < spec->n_columns; i++) {
        const char *role = spec->column_roles[i];
        bool is_known = strcasecmp(role, "area") == 0 || strcasecmp(role, "person") == 0;

        for (size_t f = 0; !is_known && f < HST_N_FIELDS; f++) {
            is_known = hst_field_is_called(&layout->fields[f], role);
        }
        if (!is_known) {
            return hst_fail(err, HST_ERR_USAGE,
                            "unknown role %s under `columns:` for %s; a role is area, person or "
                            "the name of a field such as STARTAGE",
                            role, layout->name);
        }
    }
    return HST_OK;
}
