#ifndef CLI_COMMAND_LINE_H
#define CLI_COMMAND_LINE_H

#include "cli/cli.h"

/**
 * The command that repeats a run, for a shell in the folder where it was given: the study, and the
 * store and the results directory where they are not the study's. Options that no result depends
 * on are left out.
 *
 * @return a text that the caller frees; NULL when there is no memory
 */
char *cli_command_line(const cli_options *options, const char *study);

#endif
