/* manifest.json, read back. */
#ifndef HESTIA_PUBLISH_MANIFEST_READER_H
#define HESTIA_PUBLISH_MANIFEST_READER_H

#include <jansson.h>

#include "hestia/published.h"

/**
 * Reads the manifest at a path.
 *
 * @param out  receives the manifest, which the caller releases; NULL when it is not there or is no
 * JSON object
 * @return HST_OK, also for NULL; HST_ERR_USAGE when a newer hestia wrote it; HST_ERR_INPUT for a
 * schema that none wrote
 */
HST_MUST_CHECK hst_status hst_manifest_read(json_t **out, const char *path, hst_error *err);

/** Name of the run that a folder's manifest is of; "" without one. */
void hst_manifest_run(char name[HST_RUN_NAME_BYTES], const char *folder);

#endif
