/* The tables of a run folder. Each says its name, its columns and its rows; where they are written
 * to is the sink's. */
#ifndef HESTIA_PUBLISH_TABLES_H
#define HESTIA_PUBLISH_TABLES_H

#include "hestia/publish.h"
#include "publish/sink.h"

typedef struct hst_result_table {
    const char *name; /**< "site-review": of the file, without .csv */
    const hst_column *columns;
    size_t n_columns;
    const char *key; /**< the columns that tell rows apart, joined by ", "; NULL: none do */

    /** Gives all rows to the sink, in their order. HST_ERR_MEMORY, and what reading a small table
     * fails with; failures of the sink stay in the sink. */
    hst_status (*write)(hst_sink *sink, const hst_publication *publication, hst_error *err);
} hst_result_table;

/** All tables, in the order in which they are written. */
const hst_result_table *const *hst_result_tables(size_t *n);

extern const hst_result_table hst_results_table, hst_measures_table, hst_areas_table,
    hst_audit_table, hst_reconcile_table, hst_reported_table, hst_cohorts_table, hst_impact_table,
    hst_review_table, hst_sensitivity_table, hst_counterfactual_table, hst_breaks_table,
    hst_planted_table;

/** Writes a table as a CSV file. */
HST_MUST_CHECK hst_status hst_csv_table_write(const hst_result_table *table,
                                              const hst_publication *publication, const char *path,
                                              unsigned mode, hst_error *err);

/** Writes all tables as an SQLite database (publish/sqlite.c). */
HST_MUST_CHECK hst_status hst_sqlite_write(const hst_publication *publication, const char *path,
                                           unsigned mode, hst_error *err);

/** The workbook for the site review (publish/workbook.c). */
HST_MUST_CHECK hst_status hst_workbook_write(const hst_publication *publication, const char *path,
                                             unsigned mode, hst_error *err);

/** report.html: one page that opens by itself, without the network. */
HST_MUST_CHECK hst_status hst_report_write(const hst_publication *publication, const char *path,
                                           unsigned mode, hst_error *err);

/** True for a line of the audit that counts records of one provider. */
bool hst_audit_is_of_provider(const hst_ledger_line *line);

/** Writes disclosure.txt, the page for the output checker, into a folder whose other files are all
 * there: it lists them (publish/output_check.c). */
HST_MUST_CHECK hst_status hst_output_check_write(const hst_publication *publication,
                                                 const char *folder, hst_error *err);

enum { HST_UNIT_BYTES = 64 };

/** The unit of `value` in a row of a statistic: "admissions", "admissions per 100,000", "days". */
void hst_value_unit(const hst_measure *measure, const char *statistic, char text[HST_UNIT_BYTES]);

/** Writes manifest.json of a run, by its name, into its folder, whose other files are all there. */
HST_MUST_CHECK hst_status hst_manifest_write(const hst_publication *publication, const char *run,
                                             const char *folder, hst_error *err);

/** One small table that the study names, by the key that names it. */
typedef struct hst_named_table {
    const char *key, *path;
    bool has_people; /**< a list of person identifiers: its plain hash stays out of the manifest */
} hst_named_table;

/**
 * The small tables of a study, in the order of its keys; a built-in standard is none.
 *
 * @param out  receives [n], which the caller frees; the texts are the study's
 */
HST_MUST_CHECK hst_status hst_study_tables(hst_named_table **out, size_t *n, const hst_study *study,
                                           hst_error *err);

enum { HST_FILE_HASH_BYTES = 33 };

/** 128-bit hash of a file's content as hexadecimal digits, and its size. */
HST_MUST_CHECK hst_status hst_file_hash(char text[HST_FILE_HASH_BYTES], uint64_t *bytes,
                                        const char *path, hst_error *err);

/** Hexadecimal digits of a digest, with a NUL: `text` has room for 2 * n + 1. */
void hst_hex(char *text, const uint8_t *bytes, size_t n);

#endif
