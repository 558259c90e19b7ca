/* What results depend on, as one number: a run that finds it unchanged has nothing to do. */
#define XXH_STATIC_LINKING_ONLY /* for a hash state in memory of our own */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <xxhash.h>

#include "hestia/regular_file.h"
#include "hestia/row_memory.h"
#include "publish/json_file.h"
#include "publish/manifest_internal.h"
#include "publish/tables.h"
#include "publish/tree.h"

void hst_hex(char *text, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * n] = '\0';
}

static void hash_text(char text[HST_FILE_HASH_BYTES], const XXH3_state_t *state)
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
    hst_hex(text, canonical.digest, sizeof canonical.digest);
}

/* In row memory: the file may be the list of a cohort, whose text is identifiers. */
typedef struct file_reader {
    XXH3_state_t state;
    char buffer[1 << 14];
} file_reader;

hst_status hst_file_hash(char text[HST_FILE_HASH_BYTES], uint64_t *bytes, const char *path,
                         hst_error *err)
{
    hst_status status = hst_regular_file_check(path, err);
    ssize_t n = 0;
    file_reader *reader = NULL;
    int fd = -1;

    *bytes = 0;
    if (status != HST_OK) {
        return status;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT
                   ? hst_fail(err, HST_ERR_USAGE, "%s: cannot be read: %s", path, strerror(errno))
                   : hst_fail_system(err, path, "cannot be read");
    }
    reader = hst_row_memory_take_zeroed(sizeof *reader);
    if (!reader) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory to hash it", path);
        goto done;
    }
    XXH3_128bits_reset(&reader->state);
    while ((n = read(fd, reader->buffer, sizeof reader->buffer)) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            status = hst_fail_system(err, path, "cannot be read");
            goto done;
        }
        XXH3_128bits_update(&reader->state, reader->buffer, (size_t)n);
        *bytes += (uint64_t)n;
    }
    hash_text(text, &reader->state);

done:
    hst_row_memory_free(reader, sizeof *reader);
    hst_row_memory_wipe_traces();
    close(fd);
    return status;
}

static bool is_builtin_standard(const char *name)
{
    static const char *const builtin[] = {"esp1976", "esp1976_19", "esp2013", "esp2013_21",
                                          "who2000"};

    for (size_t i = 0; i < sizeof builtin / sizeof builtin[0]; i++) {
        if (strcmp(name, builtin[i]) == 0) {
            return true;
        }
    }
    return false;
}

hst_status hst_study_tables(hst_named_table **out, size_t *n_out, const hst_study *study,
                            hst_error *err)
{
    enum { N_SINGLE = 9 };
    hst_named_table *tables = NULL;
    size_t n = 0;
    const hst_named_table single[N_SINGLE] = {
        {"areas.lookup", study->areas.lookup, false},
        {"areas.names", study->areas.names, false},
        {"providers.names", study->provider_names, false},
        {"providers.merge", study->provider_merge, false},
        {"standard_population",
         study->standard_population && is_builtin_standard(study->standard_population)
             ? NULL
             : study->standard_population,
         false},
        {"deprivation", study->deprivation, false},
        {"planted", study->planted, false},
        {"code_lists", study->code_lists, false},
        {NULL, NULL, false},
    };

    *out = NULL;
    *n_out = 0;
    tables = calloc(N_SINGLE + study->areas.n_comparators + study->population.n +
                        study->n_measures + 2 * study->n_cohorts + study->n_reported,
                    sizeof *tables);
    if (!tables) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the list of tables");
    }
    for (size_t i = 0; single[i].key; i++) {
        if (single[i].path) {
            tables[n++] = single[i];
        }
    }
    for (size_t i = 0; i < study->areas.n_comparators; i++) {
        if (study->areas.comparators[i].file) {
            tables[n++] =
                (hst_named_table){"areas.comparators", study->areas.comparators[i].file, false};
        }
    }
    for (size_t i = 0; i < study->population.n; i++) {
        tables[n++] = (hst_named_table){"population", study->population.items[i], false};
    }
    for (size_t i = 0; i < study->n_measures; i++) {
        if (study->measures[i].file) {
            tables[n++] = (hst_named_table){"measures", study->measures[i].file, false};
        }
    }
    for (size_t i = 0; i < study->n_cohorts; i++) {
        if (study->cohorts[i].file) {
            tables[n++] = (hst_named_table){"cohorts", study->cohorts[i].file, true};
        }
        if (study->cohorts[i].register_file) {
            tables[n++] =
                (hst_named_table){"cohorts.register", study->cohorts[i].register_file, false};
        }
    }
    for (size_t i = 0; i < study->n_reported; i++) {
        tables[n++] = (hst_named_table){"reported", study->reported[i].file, false};
    }
    *out = tables;
    *n_out = n;
    return HST_OK;
}

/* Adds a file's content; its length goes first, so that no two lists of files read the same. */
static hst_status add_file(XXH3_state_t *state, const char *key, const char *path, hst_error *err)
{
    char hash[HST_FILE_HASH_BYTES];
    uint64_t bytes = 0;
    hst_status status = hst_file_hash(hash, &bytes, path, err);

    if (status == HST_OK) {
        XXH3_128bits_update(state, key, strlen(key) + 1);
        XXH3_128bits_update(state, hash, sizeof hash);
    }
    return status;
}

hst_status hst_fingerprint(char text[HST_FINGERPRINT_BYTES], const hst_study *study,
                           const hst_inputs *inputs, const char *version, hst_error *err)
{
    hst_status status = HST_OK;
    hst_named_table *tables = NULL;
    size_t n_tables = 0;
    XXH3_state_t *state = XXH3_createState();

    if (!state) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the fingerprint");
    }
    XXH3_128bits_reset(state);
    XXH3_128bits_update(state, version, strlen(version) + 1);
    status = add_file(state, "study", study->path, err);
    if (status != HST_OK) {
        goto done;
    }
    status = hst_study_tables(&tables, &n_tables, study, err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < n_tables; i++) {
        status = add_file(state, tables[i].key, tables[i].path, err);
        if (status != HST_OK) {
            goto done;
        }
    }
    for (size_t i = 0; inputs && i < inputs->n; i++) {
        const hst_input *input = &inputs->items[i];
        const unsigned char superseded = input->superseded;

        XXH3_128bits_update(state, input->name, strlen(input->name) + 1);
        XXH3_128bits_update(state, input->digest, sizeof input->digest);
        XXH3_128bits_update(state, input->layout_key, sizeof input->layout_key);
        XXH3_128bits_update(state, &superseded, 1);
    }
    hash_text(text, state);

done:
    XXH3_freeState(state);
    free(tables);
    return status;
}

bool hst_publish_is_current(const hst_study *study, const char *directory, const char *fingerprint,
                            bool *is_spoiled)
{
    char *folder = hst_tree_join(directory ? directory : study->publish.directory, "latest");
    char *path = folder ? hst_tree_join(folder, "manifest.json") : NULL;
    json_t *manifest = path ? hst_json_file_read(path) : NULL;
    const char *latest = json_string_value(json_object_get(manifest, "fingerprint"));
    bool is_current = latest && strcmp(latest, fingerprint) == 0;

    *is_spoiled = is_current && !hst_manifest_files_stand(manifest, folder);
    json_decref(manifest);
    free(path);
    free(folder);
    return is_current && !*is_spoiled;
}
