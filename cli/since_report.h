/* What a run says of the run before. */
#ifndef HESTIA_CLI_SINCE_REPORT_H
#define HESTIA_CLI_SINCE_REPORT_H

#include "cli/cli.h"
#include "hestia/compare.h"
#include "hestia/study.h"

enum { CLI_SINCE_BYTES = 1024 };

/** "since RUN: 12 of 124,096 values changed, ..." with the largest move; "" without a run before or
 * where it cannot be compared. */
void cli_since_line(char line[CLI_SINCE_BYTES], const hst_since *since);

/**
 * One line with what moved in release/ since the run before, and a warning when values moved past
 * the study's threshold; nothing without a run before.
 *
 * @param folder  of the new run
 */
void cli_report_since(cli_terminal *terminal, const hst_study *study, const hst_since *since,
                      const char *folder);

#endif
