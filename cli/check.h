/* What `hestia check` and `hestia new` share. */
#ifndef HESTIA_CLI_CHECK_H
#define HESTIA_CLI_CHECK_H

#include "cli/cli.h"
#include "cli/figures.h"
#include "hestia/area.h"
#include "hestia/condition.h"
#include "hestia/cube.h"
#include "hestia/profile.h"
#include "hestia/store.h"

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

/**
 * Lists the condition sets (cli/check_conditions.c), or every row of those that are named; prints
 * to standard output.
 *
 * @param study_path  whose own lists are on top of the built-in sets; NULL: only those
 */
HST_MUST_CHECK hst_status cli_check_conditions(const char *study_path, char *const *sets,
                                               size_t n_sets, hst_error *err);

/**
 * Reads the cohorts and small tables of a study as a run does (cli/check_tables.c); prints what
 * they are and where they fall short.
 *
 * @param areas  NULL: not known without reading rows
 * @param store  NULL: none yet, and lists of people are not looked at
 */
HST_MUST_CHECK hst_status cli_check_tables(const hst_study *study, const hst_areas *areas,
                                           const hst_conditions *conditions, const hst_store *store,
                                           hst_error *err);

/**
 * Says what the services of a study are judged by, how many periods each method has, and which will
 * be refused (cli/check_services.c); then the screen for breaks. Prints to standard output.
 *
 * @param areas  NULL: not known without reading rows
 * @return HST_ERR_USAGE: a site that is not in the area list
 */
HST_MUST_CHECK hst_status cli_check_services(const hst_study *study, const hst_measures *measures,
                                             const hst_areas *areas, hst_error *err);

/** Takes the best person identifier that the file has. */
void cli_use_first_person(hst_layout *layout);

#endif
