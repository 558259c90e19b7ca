#ifndef HESTIA_DEPRIVATION_H
#define HESTIA_DEPRIVATION_H

#include "hestia/status.h"

/** Deprivation scores by area (`deprivation` of the study: `area,imd`). */
typedef struct hst_deprivation hst_deprivation;

/**
 * Reads the file; other columns are passed over. An empty cell or NA is a score that is not known.
 *
 * @param out  receives the scores, which the caller frees
 * @return HST_ERR_USAGE when the file is absent; HST_ERR_INPUT: no column `area` or `imd`, a row
 *         without area, a score that is no number, an area that stands there twice (line named)
 */
HST_MUST_CHECK hst_status hst_deprivation_read(hst_deprivation **out, const char *path,
                                               hst_error *err);
void hst_deprivation_free(hst_deprivation *deprivation);

/** Score of an area by its code; NAN when it is not known. */
double hst_deprivation_of(const hst_deprivation *deprivation, const char *area);

#endif
