/* The files of a run: listed by its manifest, and held against the list later. */
#define _DEFAULT_SOURCE /* fts */
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "publish/json_file.h"
#include "publish/manifest_internal.h"
#include "publish/tables.h"
#include "publish/tree.h"

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* {name, bytes, hash}. Of internal/ the names alone: from the hash of a table that holds the true
 * numbers those that a release hides could be found by trial. */
static hst_status list_file(json_t **array, const char *path, const char *name, hst_error *err)
{
    static const char internal[] = "internal/";
    bool is_internal = strncmp(name, internal, sizeof internal - 1) == 0;
    char hash[HST_FILE_HASH_BYTES];
    uint64_t bytes = 0;
    hst_status status = is_internal ? HST_OK : hst_file_hash(hash, &bytes, path, err);

    if (status == HST_OK) {
        hst_manifest_append(array, is_internal
                                       ? json_pack("{s:o}", "name", hst_json_line(name))
                                       : json_pack("{s:o, s:I, s:s}", "name", hst_json_line(name),
                                                   "bytes", (json_int_t)bytes, "hash", hash));
    }
    return status;
}

hst_status hst_manifest_files(json_t **out, const char *run, hst_error *err)
{
    char *top = strdup(run), *const paths[] = {top, NULL};
    size_t n_above = strlen(run) + 1;
    FTS *walk = top ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name) : NULL;
    json_t *array = json_array();
    hst_status status = HST_OK;

    *out = NULL;
    if (!walk) {
        status = hst_fail_system(err, run, "its files cannot be listed");
    }
    while (status == HST_OK) {
        const FTSENT *found = (errno = 0, fts_read(walk));

        if (!found && errno == 0) {
            break;
        }
        if (found && found->fts_info == FTS_F) {
            status = list_file(&array, found->fts_path, found->fts_path + n_above, err);
        } else if (!found || (found->fts_info != FTS_D && found->fts_info != FTS_DP)) {
            errno = found ? found->fts_errno : errno;
            status = hst_fail_system(err, run, "its files cannot be listed");
        }
    }
    if (walk) {
        fts_close(walk);
    }
    free(top);
    if (status != HST_OK) {
        json_decref(array);
        return status;
    }
    *out = array; /* NULL without memory: then the whole manifest says so */
    return HST_OK;
}

bool hst_manifest_files_stand(const json_t *manifest, const char *folder)
{
    const json_t *files = json_object_get(manifest, "files"), *entry = NULL;
    bool do_stand = true;

    for (size_t i = 0; do_stand && (entry = json_array_get(files, i)); i++) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        const json_t *bytes = json_object_get(entry, "bytes");
        char *path = name ? hst_tree_join(folder, name) : NULL;
        struct stat facts;

        if (path && stat(path, &facts) == 0) {
            do_stand = S_ISREG(facts.st_mode) &&
                       (!bytes || (json_int_t)facts.st_size == json_integer_value(bytes));
        } else {
            do_stand =
                path && errno != ENOENT && errno != ENOTDIR; /* internal/ is closed to many */
        }
        free(path);
    }
    return do_stand;
}
