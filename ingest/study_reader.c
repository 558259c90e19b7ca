/* Values of a study file: by key, with the schema's default where the key is absent. */
#include "study_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- getters ---- */

void *hst_reader_allocate(hst_reader *r, size_t n, size_t size)
{
    void *memory = r->status ? NULL : calloc(n, size);

    if (!memory && !r->status) {
        r->status = hst_fail(r->err, HST_ERR_MEMORY, "%s: no memory to read the study", r->path);
    }
    return memory;
}

char *hst_reader_copy(hst_reader *r, const char *text)
{
    char *copy = hst_reader_allocate(r, strlen(text) + 1, 1);

    if (copy) {
        memcpy(copy, text, strlen(text));
    }
    return copy;
}

void hst_reader_fail(hst_reader *r, const hst_yaml *place, const char *format, ...)
{
    char what[700];
    va_list arguments;

    if (!r->status) {
        va_start(arguments, format);
        vsnprintf(what, sizeof what, format, arguments);
        va_end(arguments);
        r->status = hst_study_fail(r->err, r->path, place, "%s", what);
    }
}

/** Value of a key; NULL when it is absent or null. */
const hst_yaml *hst_scope_find(const hst_scope *s, const char *key)
{
    const hst_yaml *value = s->mapping ? hst_yaml_get(s->mapping, key) : NULL;

    if (!value && s->under) {
        value = hst_yaml_get(s->under, key);
    }
    return s->reader->status || !value || value->is_null ? NULL : value;
}

const hst_yaml *hst_scope_own(const hst_scope *s, const char *key)
{
    const hst_yaml *value = s->mapping ? hst_yaml_get(s->mapping, key) : NULL;

    return s->reader->status || !value || value->is_null ? NULL : value;
}

hst_scope hst_scope_inner(const hst_scope *s, const char *key)
{
    return (hst_scope){.reader = s->reader,
                       .group = hst_schema_find(s->group, key)->group,
                       .mapping = hst_scope_find(s, key)};
}

/** Text of a single value, or the default's; NULL when there is none. */
const char *hst_scope_peek(const hst_scope *s, const char *key)
{
    const hst_yaml *value = hst_scope_find(s, key);
    const char *fallback = hst_schema_find(s->group, key)->fallback;

    return value ? value->text : fallback;
}

char *hst_scope_text(const hst_scope *s, const char *key)
{
    const char *text = hst_scope_peek(s, key);

    return text ? hst_reader_copy(s->reader, text) : NULL;
}

double hst_scope_number(const hst_scope *s, const char *key)
{
    const char *text = hst_scope_peek(s, key);

    return text ? strtod(text, NULL) : 0;
}

bool hst_scope_bool(const hst_scope *s, const char *key)
{
    const char *text = hst_scope_peek(s, key);

    return text && strcmp(text, "true") == 0;
}

/** Value of a choice; `absent` when it is not given and has no default. */
int hst_scope_choice(const hst_scope *s, const char *key, int absent)
{
    const hst_schema_key *row = hst_schema_find(s->group, key);
    const char *text = hst_scope_peek(s, key);
    int value = text ? hst_choice_value(row->choices, text) : absent;

    /* what is no choice was refused before, or there was no memory for the text: the study fails */
    return value < 0 ? absent : value;
}

hst_window hst_scope_window(const hst_scope *s, const char *key)
{
    hst_window window = {HST_DATE_MISSING, HST_DATE_MISSING};
    hst_scope period = hst_scope_inner(s, key);
    const char *from = period.mapping ? hst_scope_peek(&period, "from") : NULL;
    const char *to = period.mapping ? hst_scope_peek(&period, "to") : NULL;

    if (!from || !to || !hst_date_parse_iso(from, strlen(from), &window.from) ||
        !hst_date_parse_iso(to, strlen(to), &window.to)) {
        return window;
    }
    if (window.from > window.to) {
        hst_reader_fail(s->reader, period.mapping, "`%s` ends before it begins", key);
    }
    return window;
}

/** Number of values of a key, 1 for a single one, 0 for none. */
size_t hst_yaml_count(const hst_yaml *value)
{
    return !value ? 0 : value->kind == HST_YAML_LIST ? value->n : 1;
}

const hst_yaml *hst_yaml_item(const hst_yaml *value, size_t i)
{
    return value->kind == HST_YAML_LIST ? value->items[i] : value;
}

hst_texts hst_scope_texts(const hst_scope *s, const char *key)
{
    hst_texts texts = {0};
    const hst_yaml *value = hst_scope_find(s, key);
    size_t n = hst_yaml_count(value);

    texts.items = n > 0 ? hst_reader_allocate(s->reader, n, sizeof *texts.items) : NULL;
    while (texts.items && texts.n < n && !s->reader->status) {
        texts.items[texts.n] = hst_reader_copy(s->reader, hst_yaml_item(value, texts.n)->text);
        texts.n += texts.items[texts.n] != NULL;
    }
    return texts;
}

void hst_scope_check_names(const hst_scope *s, const char *key, const char *const *names, size_t n,
                           const char *noun, const char *remedy)
{
    const hst_yaml *value = hst_scope_find(s, key);
    const char *nearest = NULL;

    for (size_t i = 0; i < hst_yaml_count(value) && !s->reader->status; i++) {
        const hst_yaml *item = hst_yaml_item(value, i);
        size_t at = 0;

        while (at < n && strcmp(names[at], item->text) != 0) {
            at++;
        }
        if (at == n) {
            nearest = hst_nearest_name(item->text, names, n);
            hst_reader_fail(s->reader, item, "`%s`: the study has no %s `%s`; %s%s%s", key, noun,
                            item->text, nearest ? "did you mean `" : remedy, nearest ? nearest : "",
                            nearest ? "`?" : "");
        }
    }
}

bool hst_scope_range(const hst_scope *s, const char *key, int *from, int *to)
{
    const hst_yaml *value = hst_scope_find(s, key);

    if (!value) {
        return false;
    }
    *from = (int)strtol(hst_yaml_item(value, 0)->text, NULL, 10);
    *to = (int)strtol(hst_yaml_item(value, hst_yaml_count(value) - 1)->text, NULL, 10);
    return true;
}

/* ---- paths ---- */

/** The folder of the study file before a relative path. In a pattern the folder's own special
 * characters are escaped. */
char *hst_reader_join(hst_reader *r, const char *path, bool is_pattern)
{
    size_t n = 0;
    char *joined = NULL;

    if (path[0] == '/' || r->folder[0] == '\0') {
        return hst_reader_copy(r, path);
    }
    joined = hst_reader_allocate(r, 2 * strlen(r->folder) + strlen(path) + 1, 1);
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

static void require_file(hst_reader *r, const hst_yaml *place, const char *key, const char *path)
{
    if (!r->status && access(path, R_OK) != 0) {
        hst_reader_fail(r, place, "the file of `%s` cannot be read: %s: %s", key, path,
                        strerror(errno));
    }
}

/** A path; the file must be there. */
char *hst_scope_file(const hst_scope *s, const char *key)
{
    const hst_yaml *value = hst_scope_find(s, key);
    char *path = value ? hst_reader_join(s->reader, value->text, false) : NULL;

    if (path) {
        require_file(s->reader, value, key, path);
    }
    return path;
}

/** A path that need not be there yet. */
char *hst_scope_path(const hst_scope *s, const char *key)
{
    const char *text = hst_scope_peek(s, key);

    return text ? hst_reader_join(s->reader, text, false) : NULL;
}

/** Joins each text with the folder; files that are not patterns must be there. */
hst_texts hst_scope_paths(const hst_scope *s, const char *key, bool are_patterns)
{
    hst_texts texts = hst_scope_texts(s, key);
    const hst_yaml *value = hst_scope_find(s, key);

    for (size_t i = 0; i < texts.n && !s->reader->status; i++) {
        char *path = hst_reader_join(s->reader, texts.items[i], are_patterns);

        if (path) {
            free(texts.items[i]);
            texts.items[i] = path;
        }
        if (path && !are_patterns) {
            require_file(s->reader, hst_yaml_item(value, i), key, path);
        }
    }
    return texts;
}
