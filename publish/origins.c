#include "publish/origins.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "publish/manifest_reader.h"
#include "publish/tree.h"

enum { LINE_BYTES = 512 };

/* Both manifests, and where lines go. */
typedef struct origins {
    json_t *before, *after;
    hst_comparison *out;
    bool has_memory;
} origins;

static void note(origins *o, const char *format, ...) HST_PRINTF(2, 3);

static void note(origins *o, const char *format, ...)
{
    char line[LINE_BYTES];
    char **grown = realloc(o->out->origins, (o->out->n_origins + 1) * sizeof *grown);
    va_list arguments;

    if (!grown) {
        o->has_memory = false;
        return;
    }
    o->out->origins = grown;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    grown[o->out->n_origins] = strdup(line);
    o->has_memory = o->has_memory && grown[o->out->n_origins];
    o->out->n_origins += grown[o->out->n_origins] != NULL;
}

/* A text inside an object; "" when it is not there. */
static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void compare_text(origins *o, const char *object, const char *key, const char *what)
{
    const char *before = text_of(json_object_get(o->before, object), key);
    const char *after = text_of(json_object_get(o->after, object), key);

    if (strcmp(before, after) != 0) {
        note(o, "%s: %s → %s", what, before[0] ? before : "-", after[0] ? after : "-");
    }
}

/* The item of an array that has these names; NULL. */
static const json_t *find_item(const json_t *array, const json_t *like, const char *const names[2])
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);

        if (strcmp(text_of(item, names[0]), text_of(like, names[0])) == 0 &&
            strcmp(text_of(item, names[1]), text_of(like, names[1])) == 0) {
            return item;
        }
    }
    return NULL;
}

static bool is_superseded(const json_t *item)
{
    return json_is_true(json_object_get(item, "superseded"));
}

/* Files by their names: new, gone, of another content. */
static void compare_files(origins *o, const char *array, const char *what,
                          const char *const names[2])
{
    const json_t *before = json_object_get(o->before, array);
    const json_t *after = json_object_get(o->after, array);

    for (size_t i = 0; i < json_array_size(after); i++) {
        const json_t *item = json_array_get(after, i);
        const json_t *old = find_item(before, item, names);
        const char *name = text_of(item, names[0]);

        if (!old) {
            note(o, "%s %s: new", what, name);
        } else if (strcmp(text_of(old, "hash"), text_of(item, "hash")) != 0 ||
                   strcmp(text_of(old, "layout"), text_of(item, "layout")) != 0) {
            note(o, "%s %s: changed", what, name);
        } else if (is_superseded(old) != is_superseded(item)) {
            note(o, "%s %s: %s", what, name,
                 is_superseded(item) ? "superseded now" : "no longer superseded");
        }
    }
    for (size_t i = 0; i < json_array_size(before); i++) {
        const json_t *item = json_array_get(before, i);

        if (!find_item(after, item, names)) {
            note(o, "%s %s: gone", what, text_of(item, names[0]));
        }
    }
}

/* The manifest of a folder of tables; NULL when there is none that can be read. */
static hst_status load_manifest(json_t **out, const char *folder, hst_error *err)
{
    static const char *const places[] = {"manifest.json", "../manifest.json"};
    hst_status status = HST_OK;

    *out = NULL;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !*out && status == HST_OK; i++) {
        char *path = hst_tree_join(folder, places[i]);

        status = path ? hst_manifest_read(out, path, err)
                      : hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", folder);
        free(path);
    }
    return status;
}

hst_status hst_origins_compare(hst_comparison *comparison, const char *before, const char *after,
                               hst_error *err)
{
    static const char *const input_names[2] = {"file", "member"};
    static const char *const table_names[2] = {"path", "key"};
    origins o = {.out = comparison, .has_memory = true};
    hst_status status = load_manifest(&o.before, before, err);

    if (status == HST_OK) {
        status = load_manifest(&o.after, after, err);
    }
    if (o.before && o.after) {
        compare_text(&o, "hestia", "version", "version of hestia");
        compare_text(&o, "hestia", "build", "commit of hestia");
        if (strcmp(text_of(json_object_get(o.before, "study"), "hash"),
                   text_of(json_object_get(o.after, "study"), "hash")) != 0) {
            note(&o, "study file: changed");
        }
        if (strcmp(text_of(o.before, "disclosure"), text_of(o.after, "disclosure")) != 0) {
            note(&o, "disclosure rule: %s → %s", text_of(o.before, "disclosure"),
                 text_of(o.after, "disclosure"));
        }
        compare_files(&o, "inputs", "extract", input_names);
        compare_files(&o, "tables", "table", table_names);
    }
    json_decref(o.before);
    json_decref(o.after);
    if (status == HST_OK && !o.has_memory) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for what two runs were made from");
    }
    return status;
}
