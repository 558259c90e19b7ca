/* JSON files of publish/: manifest.json and status.json. */
#ifndef HESTIA_PUBLISH_JSON_FILE_H
#define HESTIA_PUBLISH_JSON_FILE_H

#include <jansson.h>

#include "hestia/status.h"

/** Reads one; NULL when it is not there, no file or no JSON. json_decref frees it. */
json_t *hst_json_file_read(const char *path);

/** Writes an object, two blanks a level, keys in the order they were set; NULL, which
 * json_pack gives for text that is not UTF-8, is HST_ERR_SYSTEM. */
HST_MUST_CHECK hst_status hst_json_file_write(const char *path, unsigned mode, const json_t *object,
                                              hst_error *err);

/** A text from outside, such as a path, as one line: bytes that are not UTF-8 become U+FFFD. NULL
 * without memory. */
json_t *hst_json_line(const char *text);

#endif
