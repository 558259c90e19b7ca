#ifndef HESTIA_METRICS_PROVIDER_INTERNAL_H
#define HESTIA_METRICS_PROVIDER_INTERNAL_H

#include "hestia/store.h"

/** Mergers of trusts: `code_from,code_to` (`providers.merge` of the study); other columns are for
 * the reader. A chain is followed to its end. */
typedef struct hst_mergers hst_mergers;

/**
 * @param path  NULL: nothing is merged
 * @return HST_ERR_USAGE: the file is absent; HST_ERR_INPUT: a column is, a cell that is no code as
 * providers are counted, a code that leads to two, a circle (lines named)
 */
HST_MUST_CHECK hst_status hst_mergers_read(hst_mergers **out, const char *path, hst_error *err);
void hst_mergers_free(hst_mergers *mergers);

/** The code that a provider counts under: its own when it was not merged. Borrowed, of `mergers`
 * (NULL: nothing is merged) or `code`. */
const char *hst_mergers_code(const hst_mergers *mergers, const char *code);

#endif
