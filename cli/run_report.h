/* What hestia run says of its numbers. */
#ifndef HESTIA_CLI_RUN_REPORT_H
#define HESTIA_CLI_RUN_REPORT_H

#include "cli/cli.h"
#include "cli/run_store.h"
#include "hestia/cohort.h"
#include "hestia/publish.h"

/** The line of the stage `ingest`: files that are new, rows, and what had to be repaired.
 *
 * @param with_files  also a line for each file */
void cli_report_ingested(cli_terminal *terminal, const hst_inputs *inputs,
                         const cli_run_store *store, bool with_files);

/** The line of the stage `people`: who was followed, as far as the measures needed it. */
void cli_report_people(cli_terminal *terminal, const hst_study *study, uint64_t n_episodes,
                       const hst_people_totals *people, const hst_cohort_sizes *cohorts);

/** The line of the stage `publish`: which folders there are, and what release/ hides. */
void cli_report_publish(cli_terminal *terminal, const hst_study *study, const char *folder,
                        const hst_disclosure *disclosure);

/** England's totals beside the published ones, and its admissions beside its spells. */
HST_MUST_CHECK hst_status cli_report_england(cli_terminal *terminal, const hst_study *study,
                                             const hst_england *england, hst_error *err);

/** Says in words what a reader should know before quoting a number. */
void cli_report_warnings(cli_terminal *terminal, const hst_study *study, const hst_results *results,
                         const hst_people_totals *people, const hst_segment *const *segments,
                         size_t n_segments);

/** The lines of the audit that a reader must not miss: a provider to exclude that no extract has,
 * one that stopped sending. */
void cli_report_audit(cli_terminal *terminal, hst_ledger *ledger);

#endif
