#ifndef HESTIA_PROVIDER_NAMES_H
#define HESTIA_PROVIDER_NAMES_H

#include "hestia/status.h"

/** What providers are called: the study's table `providers: {names: FILE}` (code,name). */
typedef struct hst_provider_names hst_provider_names;

/**
 * @param out   receives the names, which the caller frees; NULL on failure
 * @param path  NULL: no provider has a name
 * @return HST_OK; HST_ERR_USAGE, HST_ERR_INPUT as hst_table_read; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_provider_names_read(hst_provider_names **out, const char *path,
                                                  hst_error *err);

/** Frees the names; NULL is allowed. */
void hst_provider_names_free(hst_provider_names *names);

/** Name of a code, owned by the names: the first of the table; "" when it has none. */
const char *hst_provider_name(const hst_provider_names *names, const char *code);

#endif
