/* results/status.json: what a monitor reads to know that last night's run was there at all. */
#include <stdlib.h>
#include <string.h>

#include "hestia/run_folder.h"
#include "publish/json_file.h"
#include "publish/tree.h"

/* The time of the last change as the file says it now; "" when there was none. */
static void last_change(const char *path, char text[21])
{
    json_t *old = json_load_file(path, 0, NULL);
    const char *changed = json_string_value(json_object_get(old, "changed"));

    text[0] = '\0';
    if (changed && strlen(changed) == 20) {
        memcpy(text, changed, 21);
    }
    json_decref(old);
}

hst_status hst_run_status_write(const char *directory, const hst_run_status *run_status,
                                hst_error *err)
{
    hst_status status = HST_OK;
    char checked[21], changed[21];
    json_t *object = NULL;
    char *path = hst_tree_join(directory, "status.json");

    if (!path) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", directory);
    }
    status = hst_tree_make(directory, err);
    if (status != HST_OK) {
        goto done;
    }
    hst_time_format(run_status->checked, checked);
    if (run_status->changed) {
        memcpy(changed, checked, sizeof changed);
    } else {
        last_change(path, changed);
    }
    object = json_pack("{s:s, s:s?, s:i, s:s%}", "checked", checked, "changed",
                       changed[0] ? changed : NULL, "exit_code", run_status->exit_code, "message",
                       run_status->message, strcspn(run_status->message, "\n"));
    status = hst_json_file_write(path, 0644, object, err);

done:
    json_decref(object);
    free(path);
    return status;
}
