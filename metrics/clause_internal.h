#ifndef HESTIA_METRICS_CLAUSE_INTERNAL_H
#define HESTIA_METRICS_CLAUSE_INTERNAL_H

#include "measure_internal.h"

/**
 * Turns a `where` mapping into clauses, in words too.
 *
 * @param with_class  patient_class becomes a clause (inside `any`; at the top it is the measure's)
 * @return HST_ERR_USAGE names the line of the study: unknown set or cohort, a code that does not
 * exist, a key that rows of the measure's data set cannot answer
 */
HST_MUST_CHECK hst_status hst_filter_compile(hst_filter *out, hst_measures *measures,
                                             const hst_conditions *conditions, size_t measure,
                                             const hst_where *where, bool with_class,
                                             hst_error *err);
void hst_filter_clear(hst_filter *filter);

/*
 * Words of clauses (clause_words.c), into clause->words.
 */

/** "1, 2 or 5"; the caller frees it, NULL when there is no memory. */
char *hst_words_or(size_t n, char (*codes)[HST_CODE_BYTES]);

/** "<what> 1, 2 or 5" */
HST_MUST_CHECK hst_status hst_clause_say_codes(hst_clause *clause, const char *what,
                                               hst_error *err);
/** "<what> 17 to 120<unit>" */
HST_MUST_CHECK hst_status hst_clause_say_range(hst_clause *clause, const char *what,
                                               const char *unit, hst_error *err);
/** "members of cohort diabetes or dementia" */
HST_MUST_CHECK hst_status hst_clause_say_cohorts(hst_clause *clause, const hst_study *study,
                                                 hst_error *err);
/** "<what> diabetes_any (5 ICD-10 prefixes in any position)" */
HST_MUST_CHECK hst_status hst_clause_say_uses(hst_clause *clause, const char *what,
                                              const hst_measures *measures, hst_error *err);
/** "any of (sex 1) (every <row>)" */
HST_MUST_CHECK hst_status hst_clause_say_any(hst_clause *clause, const char *row, hst_error *err);

#endif
