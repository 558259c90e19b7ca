#ifndef HESTIA_PUBLISHED_H
#define HESTIA_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hestia/status.h"

/** The segment of one input that the latest run was counted from. */
typedef struct hst_published_input {
    uint8_t digest[16], layout_key[16];
} hst_published_input;

/**
 * The inputs that the latest complete run of a results directory counted (superseded cuts are not
 * among them), from its manifest.
 *
 * @param inputs  receives [n], which the caller frees
 * @return HST_OK; HST_ERR_USAGE when there is no complete run yet; HST_ERR_INPUT when its manifest
 * is not one of ours; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_published_inputs(hst_published_input **inputs, size_t *n,
                                               const char *directory, hst_error *err);

/** Which row of results.csv: persons of all ages, not split. */
typedef struct hst_published_key {
    const char *measure, *area_code, *period, *statistic;
    bool internal; /**< of internal/, the true number; false: the released one */
} hst_published_key;

typedef struct hst_published_number {
    double total_count, total_pop, value; /**< NAN: an empty cell */
    char note[512];
} hst_published_number;

/**
 * Looks a number up in `<directory>/latest/results.csv`, or in that of internal/.
 *
 * @param is_found  receives false when there is no such row
 * @return HST_OK; HST_ERR_USAGE without results; HST_ERR_INPUT when the file is damaged
 */
HST_MUST_CHECK hst_status hst_published_find(hst_published_number *out, bool *is_found,
                                             const char *directory, const hst_published_key *key,
                                             hst_error *err);

/**
 * The folder of tables that a path leads to: of a results directory that of its latest run, of a
 * run folder its release/ (or internal/), else the folder itself.
 *
 * @param internal  true: internal/
 * @param folder    receives the path, which the caller frees
 * @return HST_OK; HST_ERR_USAGE when there is no results.csv; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_published_folder(char **folder, const char *path, bool internal,
                                               hst_error *err);

/** True when the latest run has an internal/ that this user may read. */
bool hst_published_has_internal(const char *directory);

/**
 * Whether this hestia may publish into a results directory: its latest results are of a schema that
 * it knows, or there are none that anybody can read.
 *
 * @return HST_OK; HST_ERR_USAGE names the newer schema and the hestia that wrote it;
 * HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_published_check(const char *directory, hst_error *err);

enum { HST_RUN_NAME_BYTES = 64 };

/** Name of the latest complete run of a results directory, from its manifest; "" without one. */
void hst_published_run(char name[HST_RUN_NAME_BYTES], const char *directory);

#endif
