/* How an invocation of `hestia run` ends: status.json, what still stands, where to look. */
#ifndef HESTIA_CLI_RUN_END_H
#define HESTIA_CLI_RUN_END_H

#include <time.h>

#include "cli/cli.h"
#include "hestia/compare.h"
#include "hestia/study.h"

typedef struct cli_run_end {
    const char *directory; /**< results directory */
    const char *study;     /**< name of the study; NULL: not known */
    time_t started;
    bool is_current;        /**< nothing had changed */
    bool is_published;      /**< there are new results, whatever failed after that */
    bool is_refused;        /**< another run has the results */
    const hst_since *since; /**< what moved since the run before; NULL: not known */
} cli_run_end;

/**
 * Notes the end in `status.json`; to the reason of a failure it adds what still stands.
 *
 * @param status  how the run ended, with its reason in `err`
 * @return `status`, or of a success that cannot be noted the reason
 */
HST_MUST_CHECK hst_status cli_run_end_note(const cli_run_end *end, hst_status status,
                                           hst_error *err);

/** The same of a study file that cannot be read, where it tells all the same where results go.
 *
 * @param out  the results directory that was given instead; NULL: the study's */
HST_MUST_CHECK hst_status cli_run_end_note_study(const char *path, const char *out, time_t started,
                                                 hst_status status, hst_error *err);

/** The last lines of a success: warnings, and where the files are. */
void cli_run_end_show(cli_terminal *terminal, const hst_study *study, const char *directory,
                      bool is_current);

#endif
