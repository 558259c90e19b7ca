/* Parts of manifest.json that have a file of their own. */
#ifndef HESTIA_PUBLISH_MANIFEST_INTERNAL_H
#define HESTIA_PUBLISH_MANIFEST_INTERNAL_H

#include <jansson.h>

#include "hestia/publish.h"

/** Appends to an array, which becomes NULL, and freed, when there is no memory. */
void hst_manifest_append(json_t **array, json_t *value);

/** The same for a key of an object. */
void hst_manifest_set(json_t **object, const char *key, json_t *value);

/** Days as {from, to}; null when they were not given. */
json_t *hst_manifest_window(const hst_window *window);

/** The texts as an array. */
json_t *hst_manifest_texts(const hst_texts *texts);

/** The services as declared before the run, with defaults filled in; an empty array without one. */
json_t *hst_manifest_services(const hst_publication *publication);

/** How many services, and how many site × measure of theirs by verdict; null without a service. */
json_t *hst_manifest_verdicts(const hst_publication *publication);

/** What the screen for breaks looked through, found, and by which rules; null without a screen. */
json_t *hst_manifest_screen(const hst_publication *publication);

/**
 * The files of a run's folder, all but the manifest, which is still to be written, as an array of
 * {name, bytes, hash}; those of internal/ by their names alone.
 *
 * @param out  receives the array, which the caller releases; NULL without memory for it
 * @return HST_OK, also for NULL; HST_ERR_SYSTEM
 */
HST_MUST_CHECK hst_status hst_manifest_files(json_t **out, const char *run, hst_error *err);

/** True unless a file that the manifest lists is gone from the folder, or has another size there.
 * That of 0.1.0 lists none. */
bool hst_manifest_files_stand(const json_t *manifest, const char *folder);

#endif
