/* What two runs were made from, where it differs. */
#ifndef HESTIA_PUBLISH_ORIGINS_H
#define HESTIA_PUBLISH_ORIGINS_H

#include "hestia/compare.h"

/**
 * Sets the manifests of two folders of tables (in the folder, or in the run folder around it) side
 * by side and notes in the comparison what may have moved the numbers: version, study file,
 * disclosure rule, extracts, small tables. Without both manifests nothing is known.
 *
 * @return HST_OK, also for a manifest that is no JSON; HST_ERR_USAGE for one of a newer hestia,
 * whose tables may mean something else; HST_ERR_INPUT; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_origins_compare(hst_comparison *comparison, const char *before,
                                              const char *after, hst_error *err);

#endif
