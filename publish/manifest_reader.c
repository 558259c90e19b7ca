#include "publish/manifest_reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "hestia/run_folder.h"
#include "publish/json_file.h"
#include "publish/tree.h"

static hst_status check_schema(const json_t *manifest, const char *path, hst_error *err)
{
    const json_t *schema = json_object_get(manifest, "schema");
    json_int_t version = schema ? json_integer_value(schema) : 1; /* 0.1.0 did not say it */
    const char *program =
        json_string_value(json_object_get(json_object_get(manifest, "hestia"), "version"));

    if (version > HST_RESULTS_SCHEMA) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s: results of schema %lld, of hestia %s; this hestia knows schemas up to "
                        "%d: use that one, or another results directory (--out)",
                        path, (long long)version, program ? program : "of a later version",
                        HST_RESULTS_SCHEMA);
    }
    return version >= 1 ? HST_OK
                        : hst_fail(err, HST_ERR_INPUT,
                                   "%s: damaged: no hestia wrote results of that schema; move the "
                                   "run away and run again",
                                   path);
}

hst_status hst_manifest_read(json_t **out, const char *path, hst_error *err)
{
    json_t *manifest = hst_json_file_read(path);
    hst_status status = HST_OK;

    *out = NULL;
    if (json_is_object(manifest)) {
        status = check_schema(manifest, path, err);
    }
    if (json_is_object(manifest) && status == HST_OK) {
        *out = manifest;
        manifest = NULL; /* now the caller's */
    }
    json_decref(manifest);
    return status;
}

void hst_manifest_run(char name[HST_RUN_NAME_BYTES], const char *folder)
{
    char *path = hst_tree_join(folder, "manifest.json");
    json_t *manifest = path ? hst_json_file_read(path) : NULL;
    const char *run = json_string_value(json_object_get(manifest, "run"));

    snprintf(name, HST_RUN_NAME_BYTES, "%s", run ? run : "");
    json_decref(manifest);
    free(path);
}
