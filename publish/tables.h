/* The tables of a run folder: one function per file, given the folder and the permissions. */
#ifndef HESTIA_PUBLISH_TABLES_H
#define HESTIA_PUBLISH_TABLES_H

#include "hestia/publish.h"

HST_MUST_CHECK hst_status hst_table_write_results(const hst_publication *publication,
                                                  const char *path, unsigned mode, hst_error *err);
HST_MUST_CHECK hst_status hst_table_write_measures(const hst_publication *publication,
                                                   const char *path, unsigned mode, hst_error *err);
HST_MUST_CHECK hst_status hst_table_write_areas(const hst_publication *publication,
                                                const char *path, unsigned mode, hst_error *err);
HST_MUST_CHECK hst_status hst_table_write_audit(const hst_publication *publication,
                                                const char *path, unsigned mode, hst_error *err);
HST_MUST_CHECK hst_status hst_table_write_reconcile(const hst_publication *publication,
                                                    const char *path, unsigned mode,
                                                    hst_error *err);

HST_MUST_CHECK hst_status hst_table_write_reported(const hst_publication *publication,
                                                   const char *path, unsigned mode, hst_error *err);

HST_MUST_CHECK hst_status hst_table_write_cohorts(const hst_publication *publication,
                                                  const char *path, unsigned mode, hst_error *err);

HST_MUST_CHECK hst_status hst_table_write_impact(const hst_publication *publication,
                                                 const char *path, unsigned mode, hst_error *err);

HST_MUST_CHECK hst_status hst_table_write_review(const hst_publication *publication,
                                                 const char *path, unsigned mode, hst_error *err);

HST_MUST_CHECK hst_status hst_table_write_counterfactual(const hst_publication *publication,
                                                         const char *path, unsigned mode,
                                                         hst_error *err);
HST_MUST_CHECK hst_status hst_table_write_sensitivity(const hst_publication *publication,
                                                      const char *path, unsigned mode,
                                                      hst_error *err);

HST_MUST_CHECK hst_status hst_table_write_breaks(const hst_publication *publication,
                                                 const char *path, unsigned mode, hst_error *err);

HST_MUST_CHECK hst_status hst_manifest_write(const hst_publication *publication, const char *run,
                                             const char *path, hst_error *err);

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
