/* What `hestia check` and `hestia new` share. */
#ifndef HESTIA_CLI_CHECK_H
#define HESTIA_CLI_CHECK_H

#include "cli/cli.h"
#include "hestia/profile.h"

/** Rows of each file that are looked at without --deep. */
enum { CLI_SAMPLE_ROWS = 100000 };

/** Says what a run of a study would do (cli/check_study.c); prints to standard output. */
HST_MUST_CHECK hst_status cli_check_study(const char *path, const cli_options *options,
                                          hst_error *err);

/**
 * Data-quality profile of extracts (cli/check_files.c); prints to standard output. A file that
 * cannot be used is said so and the others go on; the first such failure is returned.
 *
 * @param max_rows  of each file, 0 = all
 */
HST_MUST_CHECK hst_status cli_check_files(char *const *paths, size_t n_paths, uint64_t max_rows,
                                          hst_error *err);

/** Takes the best person identifier that the file has. */
void cli_use_first_person(hst_layout *layout);

/** 17269882 as "17,269,882". */
const char *cli_grouped(uint64_t n, char text[32]);

/** "24.1 GB", "318 kB". */
const char *cli_bytes(uint64_t bytes, char text[32]);

/** "99.97 %"; "-" for a part of nothing. */
const char *cli_percent(uint64_t part, uint64_t whole, char text[32]);

/** "comma", "pipe", "tab". */
const char *cli_separator_name(char separator);

#endif
