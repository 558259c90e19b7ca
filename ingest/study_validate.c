/*
 * Holds a study file against the schema before anything is read from it: unknown keys, wrong
 * types, values outside their choices, and what this version does not have.
 */
#include "study_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

enum { MAX_NAMES = 128, MAX_DIGITS = 9 };

typedef struct validator {
    const char *path;
    hst_error *err;
} validator;

static hst_status validate_mapping(const validator *v, hst_group group, const hst_yaml *key,
                                   const hst_yaml *mapping);

hst_status hst_study_fail(hst_error *err, const char *path, const hst_yaml *place,
                          const char *format, ...)
{
    char what[900];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return hst_fail(err, HST_ERR_USAGE, "%s, line %zu, column %zu: %s", path, place->line,
                    place->column, what);
}

/** "a, b or c", as much as fits; `later` says which choices are taken. */
static void list_choices(const hst_choice *choices, bool later, char *text, size_t capacity)
{
    size_t length = 0, n = 0, i_last = 0;

    text[0] = '\0';
    for (size_t i = 0; choices[i].name; i++) {
        i_last = choices[i].is_later == later ? i : i_last;
    }
    for (size_t i = 0; choices[i].name; i++) {
        if (choices[i].is_later == later && length < capacity) {
            int written = snprintf(text + length, capacity - length, "%s%s",
                                   n == 0        ? ""
                                   : i == i_last ? " or "
                                                 : ", ",
                                   choices[i].name);

            length += written > 0 ? (size_t)written : 0;
            n++;
        }
    }
}

static hst_status validate_choice(const validator *v, const hst_schema_key *row,
                                  const hst_yaml *value)
{
    const char *names[MAX_NAMES], *nearest = NULL;
    char listed[400];
    size_t n = 0;

    for (; row->choices[n].name && n < MAX_NAMES; n++) {
        names[n] = row->choices[n].name;
        if (strcmp(names[n], value->text) != 0) {
            continue;
        }
        if (!row->choices[n].is_later) {
            return HST_OK;
        }
        list_choices(row->choices, false, listed, sizeof listed);
        return hst_study_fail(v->err, v->path, value,
                              "`%s: %s` is not available in this version of hestia, which has %s",
                              row->key, value->text, listed);
    }
    nearest = hst_nearest_name(value->text, names, n);
    if (nearest) {
        return hst_study_fail(v->err, v->path, value, "unknown `%s`: `%s`; did you mean `%s`?",
                              row->key, value->text, nearest);
    }
    list_choices(row->choices, false, listed, sizeof listed);
    return hst_study_fail(v->err, v->path, value, "unknown `%s`: `%s`; it can be %s", row->key,
                          value->text, listed);
}

static bool is_number(const char *text)
{
    char *end = NULL;
    double number = 0;

    if (text[0] == '\0' || strspn(text, "0123456789.eE+-") != strlen(text)) {
        return false;
    }
    number = strtod(text, &end);
    return *end == '\0' && isfinite(number) && number >= 0;
}

static bool is_whole(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length <= MAX_DIGITS && strspn(text, "0123456789") == length;
}

static bool is_made_of(const char *text, const char *letters)
{
    return text[0] != '\0' && strspn(text, letters) == strlen(text);
}

/** What a single value of the type must be, or NULL when `value` is one. */
static const char *type_fault(const hst_schema_key *row, const hst_yaml *value)
{
    hst_date date = 0;

    switch (row->type) {
    case HST_KEY_NUMBER:
        return is_number(value->text) ? NULL : "a number that is not negative";
    case HST_KEY_WHOLE:
    case HST_KEY_RANGE:
        return is_whole(value->text) ? NULL : "a whole number";
    case HST_KEY_BOOL:
        return strcmp(value->text, "true") == 0 || strcmp(value->text, "false") == 0
                   ? NULL
                   : "true or false";
    case HST_KEY_DATE:
        return hst_date_parse_iso(value->text, strlen(value->text), &date)
                   ? NULL
                   : "a day that exists, written YYYY-MM-DD";
    case HST_KEY_SLUG:
        return is_made_of(value->text, SMALL_LETTERS_AND_DIGITS "-")
                   ? NULL
                   : "a name of the letters a-z, digits and -";
    case HST_KEY_ID:
        return is_made_of(value->text, SMALL_LETTERS_AND_DIGITS "-_")
                   ? NULL
                   : "a name of the letters a-z, digits, - and _";
    default:
        return value->text[0] != '\0' ? NULL : "a text";
    }
}

static hst_status validate_scalar(const validator *v, const hst_schema_key *row,
                                  const hst_yaml *key, const hst_yaml *value)
{
    const char *fault = NULL;

    if (value->kind != HST_YAML_SCALAR) {
        return hst_study_fail(v->err, v->path, key, "`%s` takes %s, not a %s", row->key,
                              row->is_list ? "a list of single values" : "a single value",
                              value->kind == HST_YAML_LIST ? "list" : "mapping");
    }
    if (row->choices) {
        return validate_choice(v, row, value);
    }
    fault = type_fault(row, value);
    return fault ? hst_study_fail(v->err, v->path, value, "`%s` must be %s", row->key, fault)
                 : HST_OK;
}

/** A mapping of the user's own names to texts. */
static hst_status validate_names(const validator *v, const hst_schema_key *row, const hst_yaml *key,
                                 const hst_yaml *value)
{
    hst_status status = HST_OK;

    if (value->kind != HST_YAML_MAPPING) {
        return hst_study_fail(v->err, v->path, key, "`%s` takes a mapping: {name: text}", row->key);
    }
    for (size_t i = 0; i < value->n && !status; i++) {
        status = validate_scalar(v, row, value->keys[i], value->items[i]);
    }
    return status;
}

static hst_status validate_range(const validator *v, const hst_schema_key *row, const hst_yaml *key,
                                 const hst_yaml *value)
{
    hst_status status = HST_OK;

    if (value->kind == HST_YAML_SCALAR) {
        return validate_scalar(v, row, key, value);
    }
    if (value->kind != HST_YAML_LIST || value->n != 2) {
        return hst_study_fail(v->err, v->path, key, "`%s` takes two numbers: [from, to]", row->key);
    }
    for (size_t i = 0; i < 2 && !status; i++) {
        status = validate_scalar(v, row, key, value->items[i]);
    }
    if (!status && atol(value->items[0]->text) > atol(value->items[1]->text)) {
        status = hst_study_fail(v->err, v->path, value, "`%s` ends before it begins", row->key);
    }
    return status;
}

static hst_status validate_value(const validator *v, const hst_schema_key *row, const hst_yaml *key,
                                 const hst_yaml *value)
{
    switch (row->type) {
    case HST_KEY_MAPPING:
        return validate_mapping(v, row->group, key, value);
    case HST_KEY_CHOICE_OR_MAPPING:
        return value->kind == HST_YAML_MAPPING ? validate_mapping(v, row->group, key, value)
                                               : validate_scalar(v, row, key, value);
    case HST_KEY_NAMES:
        return validate_names(v, row, key, value);
    case HST_KEY_RANGE:
        return validate_range(v, row, key, value);
    default:
        return validate_scalar(v, row, key, value);
    }
}

static hst_status validate_key(const validator *v, const hst_schema_key *row, const hst_yaml *key,
                               const hst_yaml *value)
{
    hst_status status = HST_OK;

    if (!row->is_list || value->kind != HST_YAML_LIST) {
        return validate_value(v, row, key, value);
    }
    if (value->n == 0) {
        return hst_study_fail(v->err, v->path, key, "`%s` is an empty list", row->key);
    }
    for (size_t i = 0; i < value->n && !status; i++) {
        status = validate_value(v, row, key, value->items[i]);
    }
    return status;
}

static hst_status unknown_key(const validator *v, hst_group group, const hst_yaml *key)
{
    const char *names[MAX_NAMES], *nearest = NULL;
    size_t n = 0;

    for (size_t i = 0; i < hst_schema_n && n < MAX_NAMES; i++) {
        if (hst_schema_find(group, hst_schema[i].key) == &hst_schema[i]) {
            names[n++] = hst_schema[i].key;
        }
    }
    nearest = hst_nearest_name(key->text, names, n);
    return hst_study_fail(v->err, v->path, key, "unknown key `%s` of %s%s%s%s", key->text,
                          hst_group_name(group), nearest ? "; did you mean `" : "",
                          nearest ? nearest : "", nearest ? "`?" : "");
}

/** @param key  where the mapping stands, for messages */
static hst_status validate_mapping(const validator *v, hst_group group, const hst_yaml *key,
                                   const hst_yaml *mapping)
{
    hst_status status = HST_OK;

    if (mapping->kind != HST_YAML_MAPPING) {
        return hst_study_fail(v->err, v->path, key, "%s must be a mapping of keys to values",
                              hst_group_name(group));
    }
    for (size_t i = 0; i < mapping->n && !status; i++) {
        const hst_yaml *name = mapping->keys[i];
        const hst_schema_key *row = hst_schema_find(group, name->text);

        if (!row) {
            status = unknown_key(v, group, name);
        } else if (row->is_later && !mapping->items[i]->is_null) {
            status = hst_study_fail(v->err, v->path, name,
                                    "`%s` is not available in this version of hestia; remove it "
                                    "or wait for a later version",
                                    row->key);
        } else if (!mapping->items[i]->is_null) {
            status = validate_key(v, row, name, mapping->items[i]);
        }
    }
    for (size_t i = 0; i < hst_schema_n && !status; i++) {
        const hst_schema_key *row = &hst_schema[i];
        const hst_yaml *value = row->parent == group ? hst_yaml_get(mapping, row->key) : NULL;

        if (row->parent == group && group != HST_GROUP_MEASURE && row->fallback &&
            strcmp(row->fallback, HST_REQUIRED) == 0 && (!value || value->is_null)) {
            status = hst_study_fail(v->err, v->path, mapping, "%s needs the key `%s`",
                                    hst_group_name(group), row->key);
        }
    }
    return status;
}

hst_status hst_study_validate(const hst_yaml *root, const char *path, hst_error *err)
{
    validator v = {.path = path, .err = err};

    return validate_mapping(&v, HST_GROUP_STUDY, root, root);
}
