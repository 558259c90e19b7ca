#ifndef HESTIA_METRICS_CLAUSE_INTERNAL_H
#define HESTIA_METRICS_CLAUSE_INTERNAL_H

#include "measure_internal.h"

/**
 * Turns a `where` mapping into clauses, in words too.
 *
 * @param with_class  patient_class becomes a clause (inside `any`; at the top it is the measure's)
 * @return HST_ERR_USAGE names the line of the study: unknown set, a code that does not exist, a key
 * that inpatient episodes cannot answer
 */
HST_MUST_CHECK hst_status hst_filter_compile(hst_filter *out, hst_measures *measures,
                                             const hst_conditions *conditions, size_t measure,
                                             const hst_where *where, bool with_class,
                                             hst_error *err);
void hst_filter_clear(hst_filter *filter);

/** "1, 2 or 5"; the caller frees it, NULL when there is no memory. */
char *hst_words_or(size_t n, char (*codes)[HST_CODE_BYTES]);

#endif
