/* What a run says of the run before. */
#ifndef HESTIA_CLI_SINCE_REPORT_H
#define HESTIA_CLI_SINCE_REPORT_H

#include "cli/cli.h"
#include "hestia/compare.h"
#include "hestia/study.h"

/**
 * One line with what moved in release/ since the run before, and a warning when values moved past
 * the study's threshold; nothing without a run before.
 *
 * @param folder  of the new run
 */
void cli_report_since(cli_terminal *terminal, const hst_study *study, const hst_since *since,
                      const char *folder);

#endif
