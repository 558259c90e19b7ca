/*
 * libfyaml parses; aliases and merge keys are followed here, in one pass in the order of the file.
 * Its own resolver (0.7.12, Debian 12) takes exponential time on nested merges, and its search for
 * duplicate keys can read beyond a scalar, so both are left switched off.
 */
#include "yaml_internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "hestia/regular_file.h"

enum {
    MAX_FILE_BYTES = 4 * 1024 * 1024,
    MAX_NODES = 200000, /* written out: stops aliases that multiply */
    MAX_ANCHORS = 1000,
};

typedef struct anchor {
    char *name;
    const hst_yaml *node;
} anchor;

typedef struct builder {
    const char *path;
    hst_yaml_document *document;
    anchor *anchors;
    size_t n_anchors;
    hst_error *err;
} builder;

static hst_status build(builder *b, struct fy_node *from, const hst_yaml *place,
                        const hst_yaml **out);

static hst_status fail(builder *b, const hst_yaml *place, const char *what, const char *name)
{
    return hst_fail(b->err, HST_ERR_USAGE, "%s, line %zu, column %zu: %s%s%s%s", b->path,
                    place ? place->line : 1, place ? place->column : 1, what, name ? " `" : "",
                    name ? name : "", name ? "`" : "");
}

static hst_status no_memory(builder *b)
{
    return hst_fail(b->err, HST_ERR_MEMORY, "%s: no memory to read the file", b->path);
}

static hst_yaml *new_node(builder *b, hst_yaml_kind kind, const hst_yaml *place)
{
    hst_yaml *node = calloc(1, sizeof *node);

    if (node) {
        node->kind = kind;
        node->line = place ? place->line : 1;
        node->column = place ? place->column : 1;
        node->n_nodes = 1;
        node->next = b->document->nodes;
        b->document->nodes = node;
    }
    return node;
}

static char *copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);

    if (copy) {
        memcpy(copy, text ? text : "", text ? length : 0);
        copy[text ? length : 0] = '\0';
    }
    return copy;
}

static bool set_capacity(hst_yaml *node, size_t n)
{
    node->keys = node->kind == HST_YAML_MAPPING ? calloc(n + 1, sizeof *node->keys) : NULL;
    node->items = calloc(n + 1, sizeof *node->items);
    return node->items && (node->kind != HST_YAML_MAPPING || node->keys);
}

static bool is_merge_key(const hst_yaml *key)
{
    return strcmp(key->text, "<<") == 0;
}

static hst_status build_scalar(builder *b, struct fy_node *from, const hst_yaml *place,
                               const hst_yaml **out)
{
    struct fy_token *token = fy_node_get_scalar_token(from);
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    hst_yaml *node = new_node(b, HST_YAML_SCALAR, place);
    size_t length = 0;
    const char *text = fy_node_get_scalar(from, &length);

    if (!node || !(node->text = copy_text(text, length))) {
        return no_memory(b);
    }
    if (mark) {
        node->line = (size_t)mark->line + 1;
        node->column = (size_t)mark->column + 1;
    }
    if (strlen(node->text) != (text ? length : 0)) {
        return fail(b, node, "a text with a NUL byte", NULL);
    }
    if (fy_node_is_alias(from)) {
        for (size_t i = b->n_anchors; i-- > 0;) {
            if (strcmp(b->anchors[i].name, node->text) == 0) {
                *out = b->anchors[i].node;
                return HST_OK;
            }
        }
        return fail(b, node, "no anchor stands before the alias", node->text);
    }
    node->is_null =
        fy_node_get_style(from) == FYNS_PLAIN &&
        (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
    if (node->is_null) {
        node->text[0] = '\0';
    }
    *out = node;
    return HST_OK;
}

static hst_status build_list(builder *b, struct fy_node *from, const hst_yaml *place,
                             const hst_yaml **out)
{
    hst_yaml *node = new_node(b, HST_YAML_LIST, place);
    struct fy_node *item = NULL;
    void *cursor = NULL;
    hst_status status = HST_OK;
    int n = fy_node_sequence_item_count(from);

    if (!node || !set_capacity(node, n > 0 ? (size_t)n : 0)) {
        return no_memory(b);
    }
    while ((item = fy_node_sequence_iterate(from, &cursor))) {
        status = build(b, item, node, &node->items[node->n]);
        if (status) {
            return status;
        }
        node->n_nodes += node->items[node->n++]->n_nodes;
    }
    if (node->n > 0) {
        node->line = node->items[0]->line;
        node->column = node->items[0]->column;
    }
    *out = node;
    return HST_OK;
}

static size_t find_key(const hst_yaml *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->n; i++) {
        if (strcmp(mapping->keys[i]->text, key) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/** Puts the pairs of `under` that `node` lacks behind its own. */
static hst_status merge(builder *b, hst_yaml *node, const hst_yaml *under)
{
    size_t n = node->n + under->n + 1;
    const hst_yaml **keys = realloc(node->keys, n * sizeof *keys);
    const hst_yaml **items = NULL;

    if (!keys) {
        return no_memory(b);
    }
    node->keys = keys;
    items = realloc(node->items, n * sizeof *items);
    if (!items) {
        return no_memory(b);
    }
    node->items = items;
    for (size_t i = 0; i < under->n; i++) {
        if (find_key(node, under->keys[i]->text) == SIZE_MAX) {
            node->keys[node->n] = under->keys[i];
            node->items[node->n] = under->items[i];
            node->n_nodes += 1 + under->items[i]->n_nodes;
            node->n++;
        }
    }
    return HST_OK;
}

/** Applies the value of a `<<` key: a mapping, or a list of mappings of which the first wins. */
static hst_status merge_all(builder *b, hst_yaml *node, const hst_yaml *key, const hst_yaml *value)
{
    size_t n = value->kind == HST_YAML_LIST ? value->n : 1;
    hst_status status = HST_OK;

    for (size_t i = 0; i < n && !status; i++) {
        const hst_yaml *under = value->kind == HST_YAML_LIST ? value->items[i] : value;

        status = under->kind == HST_YAML_MAPPING
                     ? merge(b, node, under)
                     : fail(b, key, "the merge key `<<` takes a mapping or a list of them", NULL);
    }
    return status;
}

static hst_status build_mapping(builder *b, struct fy_node *from, const hst_yaml *place,
                                const hst_yaml **out)
{
    hst_yaml *node = new_node(b, HST_YAML_MAPPING, place);
    const hst_yaml *merge_key = NULL, *merged = NULL;
    struct fy_node_pair *pair = NULL;
    void *cursor = NULL;
    hst_status status = HST_OK;
    int n = fy_node_mapping_item_count(from);

    if (!node || !set_capacity(node, n > 0 ? (size_t)n : 0)) {
        return no_memory(b);
    }
    while ((pair = fy_node_mapping_iterate(from, &cursor))) {
        const hst_yaml *key = NULL, *value = NULL;

        if ((status = build(b, fy_node_pair_key(pair), node, &key)) ||
            (status = build(b, fy_node_pair_value(pair), key, &value))) {
            return status;
        }
        if (key->kind != HST_YAML_SCALAR) {
            return fail(b, key, "a key must be a word", NULL);
        }
        if (node->n == 0 && !merge_key) {
            node->line = key->line;
            node->column = key->column;
        }
        if (find_key(node, key->text) != SIZE_MAX || (is_merge_key(key) && merge_key)) {
            return fail(b, key, "this key stands twice in its mapping:", key->text);
        }
        if (is_merge_key(key)) {
            merge_key = key;
            merged = value;
            continue;
        }
        node->keys[node->n] = key;
        node->items[node->n] = value;
        node->n_nodes += 1 + value->n_nodes;
        node->n++;
    }
    *out = node;
    return merge_key ? merge_all(b, node, merge_key, merged) : HST_OK;
}

static hst_status add_anchor(builder *b, struct fy_anchor *from, const hst_yaml *node)
{
    size_t length = 0;
    const char *text = fy_anchor_get_text(from, &length);

    if (b->n_anchors == MAX_ANCHORS) {
        return fail(b, node, "too many anchors", NULL);
    }
    b->anchors[b->n_anchors].node = node;
    b->anchors[b->n_anchors].name = copy_text(text, length);
    return b->anchors[b->n_anchors++].name ? HST_OK : no_memory(b);
}

/** Builds our node from libfyaml's (NULL: nothing written). An anchor counts only once its node is
 * complete, so no node can hold itself. */
static hst_status build(builder *b, struct fy_node *from, const hst_yaml *place,
                        const hst_yaml **out)
{
    struct fy_anchor *at = NULL;
    hst_status status = HST_OK;

    if (!from) {
        hst_yaml *node = new_node(b, HST_YAML_SCALAR, place);

        if (!node || !(node->text = copy_text("", 0))) {
            return no_memory(b);
        }
        node->is_null = true;
        *out = node;
        return HST_OK;
    }
    if (fy_node_is_mapping(from)) {
        status = build_mapping(b, from, place, out);
    } else if (fy_node_is_sequence(from)) {
        status = build_list(b, from, place, out);
    } else {
        status = build_scalar(b, from, place, out);
    }
    if (status) {
        return status;
    }
    if ((*out)->n_nodes > MAX_NODES) {
        return fail(b, *out, "aliases multiply to more than this file may hold", NULL);
    }
    at = fy_node_is_alias(from) ? NULL : fy_node_get_anchor(from);
    return at ? add_anchor(b, at, *out) : HST_OK;
}

/** Length of a well-formed UTF-8 sequence, 0 when it is none. Over-long forms and surrogates are
 * left to pass: only stray Latin-1 bytes matter here. */
static size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
    size_t n = *at < 0x80             ? 1
               : (*at & 0xE0) == 0xC0 ? 2
               : (*at & 0xF0) == 0xE0 ? 3
               : (*at & 0xF8) == 0xF0 ? 4
                                      : 0;

    if ((size_t)(end - at) < n) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return n;
}

static hst_status check_text(const char *path, const char *text, size_t length, hst_error *err)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    size_t line = 1, n = 0;

    for (; at < end; at += n) {
        n = utf8_length(at, end);
        if (n == 0 || *at == '\0') {
            return hst_fail(err, HST_ERR_USAGE, "%s, line %zu: not UTF-8 text; save it as UTF-8",
                            path, line);
        }
        line += *at == '\n';
    }
    return HST_OK;
}

static hst_status read_file(const char *path, char **text, size_t *length, hst_error *err)
{
    hst_status status = hst_regular_file_check(path, err);
    FILE *file = NULL;

    *text = NULL;
    if (status) {
        return status;
    }
    file = fopen(path, "rb");
    if (!file) {
        return errno == ENOENT ? hst_fail(err, HST_ERR_USAGE,
                                          "%s: there is no such file; `hestia new EXTRACT... "
                                          "--out %s` writes one to start from",
                                          path, path)
                               : hst_fail_system(err, path, "cannot be read");
    }
    *text = malloc(MAX_FILE_BYTES + 1);
    if (!*text) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read the file", path);
        goto done;
    }
    *length = fread(*text, 1, MAX_FILE_BYTES + 1, file);
    if (ferror(file)) {
        status = hst_fail_system(err, path, "cannot be read");
    } else if (*length > MAX_FILE_BYTES) {
        status = hst_fail(err, HST_ERR_USAGE, "%s: larger than 4 MiB, so no study file", path);
    } else {
        status = check_text(path, *text, *length, err);
    }

done:
    fclose(file);
    if (status) {
        free(*text);
        *text = NULL;
    }
    return status;
}

static hst_status syntax_error(const char *path, struct fy_diag *diag, hst_error *err)
{
    void *cursor = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &cursor);

    if (!first) {
        return hst_fail(err, HST_ERR_USAGE, "%s: not YAML", path);
    }
    return hst_fail(err, HST_ERR_USAGE, "%s, line %d, column %d: not YAML: %s", path, first->line,
                    first->column, first->msg);
}

static hst_status build_document(builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
    hst_status status = HST_OK;
    struct fy_document *first = fy_parse_load_document(parser), *second = NULL;

    if (fy_diag_got_error(diag)) {
        status = syntax_error(b->path, diag, b->err);
        goto done;
    }
    if (!first || !fy_document_root(first)) {
        goto done;
    }
    second = fy_parse_load_document(parser);
    if (fy_diag_got_error(diag)) {
        status = syntax_error(b->path, diag, b->err);
    } else if (second) {
        status =
            hst_fail(b->err, HST_ERR_USAGE, "%s: more than one YAML document (`---`)", b->path);
    } else {
        status = build(b, fy_document_root(first), NULL, &b->document->root);
    }

done:
    fy_parse_document_destroy(parser, second);
    fy_parse_document_destroy(parser, first);
    return status;
}

hst_status hst_yaml_read(hst_yaml_document *out, const char *path, hst_error *err)
{
    hst_status status = HST_OK;
    builder b = {.path = path, .document = out, .err = err};
    struct fy_diag_cfg diag_options;
    struct fy_parse_cfg options = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                            FYPCF_ALLOW_DUPLICATE_KEYS};
    struct fy_diag *diag = NULL;
    struct fy_parser *parser = NULL;
    char *text = NULL;
    size_t length = 0;

    *out = (hst_yaml_document){0};
    status = read_file(path, &text, &length, err);
    if (status) {
        return status;
    }
    fy_diag_cfg_default(&diag_options);
    diag_options.fp = NULL;
    diag = fy_diag_create(&diag_options);
    b.anchors = calloc(MAX_ANCHORS, sizeof *b.anchors);
    if (!diag || !b.anchors) {
        status = no_memory(&b);
        goto done;
    }
    fy_diag_set_collect_errors(diag, true);
    options.diag = diag;
    parser = fy_parser_create(&options);
    if (!parser || fy_parser_set_string(parser, text, length) != 0) {
        status = no_memory(&b);
        goto done;
    }
    status = build_document(&b, parser, diag);

done:
    for (size_t i = 0; i < b.n_anchors; i++) {
        free(b.anchors[i].name);
    }
    free(b.anchors);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    free(text);
    if (status) {
        hst_yaml_clear(out);
    }
    return status;
}

void hst_yaml_clear(hst_yaml_document *document)
{
    while (document->nodes) {
        hst_yaml *node = document->nodes;

        document->nodes = node->next;
        free(node->text);
        free(node->keys);
        free(node->items);
        free(node);
    }
    document->root = NULL;
}

const hst_yaml *hst_yaml_get(const hst_yaml *mapping, const char *key)
{
    size_t i = mapping->kind == HST_YAML_MAPPING ? find_key(mapping, key) : SIZE_MAX;

    return i == SIZE_MAX ? NULL : mapping->items[i];
}
