#ifndef HESTIA_PUBLISH_H
#define HESTIA_PUBLISH_H

#include <stdint.h>
#include <time.h>

#include "hestia/area.h"
#include "hestia/cohort.h"
#include "hestia/compare.h"
#include "hestia/cube.h"
#include "hestia/disclosure.h"
#include "hestia/england.h"
#include "hestia/impact.h"
#include "hestia/ingest.h"
#include "hestia/ledger.h"
#include "hestia/series.h"
#include "hestia/study.h"

/** Seconds that one stage of the run took, for the manifest. */
typedef struct hst_timing {
    const char *stage;
    double seconds;
} hst_timing;

/** What a run folder is made from. Everything is borrowed. */
typedef struct hst_publication {
    const char *directory; /**< results directory; NULL: the study's */
    time_t start;          /**< of the run, UTC; names its folder */

    const hst_study *study;
    const hst_inputs *inputs;
    const hst_measures *measures;
    const hst_areas *areas;
    hst_result *results; /**< [n_results], sorted by the key of results.csv; disclosure control
                            masks them in place, after internal/ is written */
    size_t n_results;
    hst_ledger *ledger;
    const hst_england *england;      /**< NULL: reconcile.csv has its header only */
    const hst_people_totals *people; /**< NULL: nobody was followed */
    const hst_cohorts *cohorts;      /**< NULL: cohorts.csv has its header only */
    const hst_cohort_sizes *cohort_sizes;
    hst_impact *impact; /**< NULL: impact.csv, site-review.csv, sensitivity.csv have their headers
                           only; masked in place, as results */
    hst_breaks *breaks; /**< NULL: breaks.csv has its header only; masked in place, as results */

    const struct hst_table_looks *tables; /**< looked at again at the end; may be NULL */
    const char *fingerprint;              /**< of hst_fingerprint */
    const char *version;                  /**< "0.1.0" */
    const char *build;                    /**< commit; may be NULL */
    const char *build_options;            /**< may be NULL */
    const char *command;                  /**< that repeats the run; may be NULL */
    int n_threads;
    size_t memory_bytes;
    const hst_timing *timings; /**< [n_timings], in order of the stages */
    size_t n_timings;

    hst_disclosure *disclosed; /**< receives what disclosure control did; NULL: not wanted */
    hst_since *since;          /**< receives what moved since the run before; NULL: not wanted */

    /* Filled in by hst_publish, for the tables. */
    hst_cohort_row *cohort_rows; /**< [n_cohort_rows] */
    size_t n_cohort_rows;
    hst_ledger_line *audit; /**< [n_audit] */
    size_t n_audit;
    const hst_disclosure *disclosure; /**< what was masked; NULL: these are the true numbers */
} hst_publication;

/** How the study file and the small tables it names looked before they were read. */
typedef struct hst_table_looks hst_table_looks;

/**
 * Looks at them, which has to be before the first of them is parsed.
 *
 * @param study  borrowed, for as long as the looks
 */
HST_MUST_CHECK hst_status hst_table_looks_take(hst_table_looks **out, const hst_study *study,
                                               hst_error *err);

/** @return HST_ERR_INPUT: one of them changed since; the message names it */
HST_MUST_CHECK hst_status hst_table_looks_check(const hst_table_looks *looks, hst_error *err);
void hst_table_looks_free(hst_table_looks *looks);

/**
 * Writes the whole run folder, all or nothing: internal/ when the study asks for it, release/ after
 * disclosure control, each with the tables (hst_result_tables) and the formats that the study asks
 * for, the release files at its top as well, and manifest.json; then `latest` leads to it and old
 * runs are removed. Rows of results, services and breaks are masked afterwards.
 *
 * The caller has the results directory (hst_run_folder_lock).
 *
 * @param path  receives the run's folder, which the caller frees; NULL when not wanted. NULL on
 * failure, but for one after the run was published, as where an old run cannot be removed
 * @return HST_OK; HST_ERR_ARGUMENT when the ledger does not account for every row
 * (hst_publish_check_rows); HST_ERR_INPUT: the study file or a small table changed meanwhile;
 * HST_ERR_SYSTEM; HST_ERR_MEMORY. With a NULL path nothing was published.
 */
HST_MUST_CHECK hst_status hst_publish(const hst_publication *publication, char **path,
                                      hst_error *err);

/** True when `formats` of the study names the format or none at all; CSV is always written. */
bool hst_publish_has_format(const hst_study *study, const char *format);

/**
 * The law that every row is accounted for: in stage "ingest", per file, `read` = the sum of all
 * other reasons (`used` and what was set aside).
 *
 * @return HST_ERR_ARGUMENT names the file and both numbers: a mistake inside hestia
 */
HST_MUST_CHECK hst_status hst_publish_check_rows(hst_ledger *ledger, hst_error *err);

enum { HST_FINGERPRINT_BYTES = 33 };

/**
 * 128 bits, as hexadecimal digits, over all that results depend on: the program's version, the
 * study file, the content of every small table it names, and of every input with the way it is
 * decoded (after hst_ingest has filled in the digests).
 *
 * @param inputs  NULL: of program, study and tables alone
 * @return HST_OK; HST_ERR_USAGE when a table is absent; HST_ERR_SYSTEM when it cannot be read
 */
HST_MUST_CHECK hst_status hst_fingerprint(char text[HST_FINGERPRINT_BYTES], const hst_study *study,
                                          const hst_inputs *inputs, const char *version,
                                          hst_error *err);

/**
 * True when `<directory>/latest` is a complete run of this fingerprint: then nothing has changed.
 *
 * @param directory  NULL: the study's
 * @param is_spoiled  receives whether it is of this fingerprint, but a file of it has gone or has
 * another size, so that it has to be made again
 */
bool hst_publish_is_current(const hst_study *study, const char *directory, const char *fingerprint,
                            bool *is_spoiled);

/** One line of reconcile.csv: England against what was published. */
typedef struct hst_reconciled {
    char year[8];     /**< "2010/11" */
    const char *item; /**< "fae", "fae_emergency", "fce", "mean_los" */
    double ours;      /**< NAN: nothing to make a mean of */
    double published; /**< NAN: not in the reference table */
    double percent;   /**< ours over published less one, in percent; NAN */
    const char *flag; /**< "ok" within 1 %, "differs", "not published", "not counted" */
} hst_reconciled;

/**
 * England's totals and mean stay beside the published ones (reference/hes_published_england.csv),
 * for every year of the study's period and every other one that the extracts hold; sorted by year
 * and item.
 *
 * @param rows        receives [n_rows], which the caller frees
 * @param disclosure  by which our totals are rounded; NULL: they are true
 */
HST_MUST_CHECK hst_status hst_reconcile(hst_reconciled **rows, size_t *n_rows,
                                        const hst_study *study, const hst_england *england,
                                        const hst_disclosure *disclosure, hst_error *err);

#endif
