#include "publish/json_file.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/regular_file.h"
#include "hestia/text.h"
#include "ingest/json_text.h"
#include "publish/tree.h"

json_t *hst_json_file_read(const char *path)
{
    return hst_regular_file_check(path, NULL) == HST_OK ? json_load_file(path, 0, NULL) : NULL;
}

hst_status hst_json_file_write(const char *path, unsigned mode, const json_t *object,
                               hst_error *err)
{
    hst_status status = HST_OK;
    size_t length = 0;
    char *text = NULL;

    text = hst_json_compose(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15), &length);
    if (!text) {
        return hst_fail(err, HST_ERR_SYSTEM,
                        "%s: cannot be composed: a text that is not UTF-8, or no memory", path);
    }
    status = hst_tree_write(path, mode, text, length, err);
    free(text);
    return status;
}

json_t *hst_json_line(const char *text)
{
    size_t room = 4 * strlen(text) + 4;
    char *line = malloc(room);
    json_t *string = NULL;

    if (line) {
        hst_text_line(line, room, text);
        string = json_string(line);
    }
    free(line);
    return string;
}
