#ifndef HESTIA_REPORTED_H
#define HESTIA_REPORTED_H

#include "hestia/period.h"
#include "hestia/status.h"

/** Numbers that others reported, for one measure and area (`reported` of the study). */
typedef struct hst_reported hst_reported;

/** One of them; texts are borrowed from what was read. */
typedef struct hst_reported_value {
    hst_period period;
    const char *series, *source; /**< "" when not given */
    double value;                /**< NAN where the file has an empty cell or NA */
    size_t line;
} hst_reported_value;

/**
 * Reads a file `period,series,value,source`; other columns are passed over.
 *
 * @param out  receives the numbers, which the caller frees
 * @param by   bits of hst_by: how a label is read that can be read in several ways
 * @return HST_ERR_USAGE when the file is absent; HST_ERR_INPUT: a column that is not there, a label
 *         that is none, a value that is no number, a period and series that stand there twice (line
 *         named)
 */
HST_MUST_CHECK hst_status hst_reported_read(hst_reported **out, const char *path, unsigned by,
                                            hst_error *err);
void hst_reported_free(hst_reported *reported);

/** All values, [*n], sorted by series (as bytes), type of period and time. */
const hst_reported_value *hst_reported_values(const hst_reported *reported, size_t *n);

#endif
