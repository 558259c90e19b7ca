/* Reading back what was published: for hestia explain, which takes the number apart that stands in
 * the tables, from the segments that it was counted from. */
#include "hestia/published.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "hestia/table.h"
#include "publish/manifest_reader.h"
#include "publish/tree.h"

/* Path of a file of the latest run; HST_ERR_USAGE when it is not there. */
static hst_status find_latest(char **out, const char *directory, const char *file, hst_error *err)
{
    char name[64];
    char *path = NULL;

    *out = NULL;
    snprintf(name, sizeof name, "latest/%s", file);
    path = hst_tree_join(directory, name);
    if (!path) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", directory);
    }
    if (access(path, F_OK) != 0) {
        hst_status status =
            errno == EACCES
                ? hst_fail_system(err, path, "cannot be read")
                : hst_fail(err, HST_ERR_USAGE,
                           "%s: no results are there yet; `hestia run` makes them", path);

        free(path);
        return status;
    }
    *out = path;
    return HST_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(uint8_t *bytes, size_t n, const char *text)
{
    if (!text || strlen(text) != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

hst_status hst_published_inputs(hst_published_input **out, size_t *n_out, const char *directory,
                                hst_error *err)
{
    hst_status status = HST_OK;
    char *path = NULL;
    json_t *manifest = NULL;
    const json_t *inputs = NULL;
    hst_published_input *found = NULL;
    size_t n = 0;

    *out = NULL;
    *n_out = 0;
    status = find_latest(&path, directory, "manifest.json", err);
    if (status != HST_OK) {
        return status;
    }
    status = hst_manifest_read(&manifest, path, err);
    if (status != HST_OK) {
        goto done;
    }
    inputs = json_object_get(manifest, "inputs");
    if (!json_is_array(inputs)) {
        status = hst_fail(err, HST_ERR_INPUT, "%s: not a manifest of hestia", path);
        goto done;
    }
    found = calloc(json_array_size(inputs) + 1, sizeof *found);
    if (!found) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory for its inputs", path);
        goto done;
    }
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const json_t *input = json_array_get(inputs, i);

        if (json_is_true(json_object_get(input, "superseded"))) {
            continue;
        }
        if (!read_hex(found[n].digest, sizeof found[n].digest,
                      json_string_value(json_object_get(input, "hash"))) ||
            !read_hex(found[n].layout_key, sizeof found[n].layout_key,
                      json_string_value(json_object_get(input, "layout")))) {
            status =
                hst_fail(err, HST_ERR_INPUT, "%s: not a manifest of this version of hestia", path);
            goto done;
        }
        n++;
    }
    *out = found;
    *n_out = n;
    found = NULL; /* now the caller's */

done:
    json_decref(manifest);
    free(found);
    free(path);
    return status;
}

/* A number of the row, NAN when the cell is empty. */
static hst_status read_number(double *out, const hst_table *table, size_t row, const char *name,
                              hst_error *err)
{
    size_t column = 0;
    hst_status status = hst_table_require(table, name, &column, err);

    *out = NAN;
    if (status == HST_OK && hst_table_cell(table, row, column)[0] != '\0') {
        status = hst_table_double(table, row, column, out, err);
    }
    return status;
}

hst_status hst_published_find(hst_published_number *out, bool *is_found, const char *directory,
                              const hst_published_key *key, hst_error *err)
{
    enum { N_KEYS = 7 };
    const char *const names[N_KEYS] = {"measure", "area_code", "period",   "sex",
                                       "age",     "split",     "statistic"};
    const char *const wanted[N_KEYS] = {key->measure, key->area_code, key->period, "persons", "all",
                                        "",           key->statistic};
    size_t columns[N_KEYS] = {0};
    size_t note = 0, row = 0;
    hst_status status = HST_OK;
    char *path = NULL;
    hst_table *table = NULL;

    *is_found = false;
    status =
        find_latest(&path, directory, key->internal ? "internal/results.csv" : "results.csv", err);
    if (status == HST_OK) {
        status = hst_table_read(&table, path, err);
    }
    for (size_t i = 0; i < N_KEYS && status == HST_OK; i++) {
        status = hst_table_require(table, names[i], &columns[i], err);
    }
    if (status == HST_OK) {
        status = hst_table_require(table, "note", &note, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    for (row = 0; row < hst_table_n_rows(table) && !*is_found; row++) {
        size_t n_same = 0;

        while (n_same < N_KEYS &&
               strcmp(hst_table_cell(table, row, columns[n_same]), wanted[n_same]) == 0) {
            n_same++;
        }
        *is_found = n_same == N_KEYS;
    }
    if (!*is_found) {
        goto done;
    }
    row--; /* the loop has gone one further */
    snprintf(out->note, sizeof out->note, "%s", hst_table_cell(table, row, note));
    status = read_number(&out->total_count, table, row, "total_count", err);
    if (status == HST_OK) {
        status = read_number(&out->total_pop, table, row, "total_pop", err);
    }
    if (status == HST_OK) {
        status = read_number(&out->value, table, row, "value", err);
    }

done:
    hst_table_free(table);
    free(path);
    return status;
}

static bool is_there(const char *folder, const char *file)
{
    char *path = hst_tree_join(folder, file);
    bool there = path && access(path, F_OK) == 0;

    free(path);
    return there;
}

/* The run that `latest` leads to, by its own name; `latest` itself where it is a copy. */
static char *follow_latest(const char *directory)
{
    char *latest = hst_tree_join(directory, "latest");
    char target[HST_RUN_NAME_BYTES];
    ssize_t length = latest ? readlink(latest, target, sizeof target - 1) : -1;

    if (length < 0) {
        return latest;
    }
    free(latest);
    target[length] = '\0';
    return hst_tree_join(directory, target);
}

hst_status hst_published_folder(char **out, const char *path, bool internal, hst_error *err)
{
    const char *kind = internal ? "internal" : "release";
    char *run = NULL;

    *out = NULL;
    run = is_there(path, "latest") ? follow_latest(path) : strdup(path);
    if (!run) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", path);
    }
    if (is_there(run, kind) || (internal && is_there(run, "release"))) {
        char *folder = hst_tree_join(run, kind);

        free(run);
        run = folder;
    }
    if (!run || !is_there(run, "results.csv")) {
        hst_status status =
            hst_fail(err, HST_ERR_USAGE, "%s: no results.csv is there", run ? run : path);

        free(run);
        return status;
    }
    *out = run;
    return HST_OK;
}

bool hst_published_has_internal(const char *directory)
{
    char *path = hst_tree_join(directory, "latest/internal/results.csv");
    bool has = path && access(path, R_OK) == 0;

    free(path);
    return has;
}

void hst_published_run(char name[HST_RUN_NAME_BYTES], const char *directory)
{
    char *latest = hst_tree_join(directory, "latest");

    name[0] = '\0';
    if (latest) {
        hst_manifest_run(name, latest);
    }
    free(latest);
}

hst_status hst_published_check(const char *directory, hst_error *err)
{
    hst_status status = HST_OK;
    char *path = hst_tree_join(directory, "latest/manifest.json");
    json_t *manifest = NULL;

    if (!path) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", directory);
    }
    status = hst_manifest_read(&manifest, path, err);
    json_decref(manifest);
    free(path);
    return status == HST_ERR_INPUT ? HST_OK : status; /* damaged ones are published anew */
}
