/* What the latest run of a study was counted from, opened again for one of its measures or for
 * all: what `explain`, `export` and `power` begin with. */
#ifndef HESTIA_CLI_LATEST_H
#define HESTIA_CLI_LATEST_H

#include "cli/cli.h"
#include "hestia/cohort.h"
#include "hestia/cube.h"
#include "hestia/population.h"
#include "hestia/standard.h"

typedef struct cli_latest {
    hst_study *whole;    /**< as it was read */
    hst_study study;     /**< the same with the one measure alone, so that nothing else is counted;
                              or with all */
    const char *results; /**< directory; borrowed */
    hst_conditions *conditions;
    hst_standard standard;
    hst_population *population; /**< NULL when the study names none */
    hst_measures *measures;     /**< the one, or all */
    hst_store *store;
    size_t n_segments;
    hst_segment **segments; /**< whatever has come in since is not among them */
    hst_cohorts *cohorts;   /**< NULL when the measure asks for none */
    hst_areas *areas;
} cli_latest;

/**
 * Reads the study and finds the measure. `latest` must stay where it is until it is closed.
 *
 * @param measure  NULL: all of them
 * @param results  results directory; NULL: the study's
 * @return HST_ERR_USAGE: no such measure (with the nearest); whatever the study is refused for
 */
HST_MUST_CHECK hst_status cli_latest_read(cli_latest *latest, const char *study,
                                          const char *measure, const char *results, hst_error *err);

/**
 * Opens the segments that the latest run counted, and makes cohorts and areas ready.
 *
 * @param store  NULL: the study's
 * @return HST_ERR_USAGE: no results yet, or the store no longer holds what they were counted from
 */
HST_MUST_CHECK hst_status cli_latest_open(cli_latest *latest, const char *store, hst_error *err);

const hst_segment *const *cli_latest_segments(const cli_latest *latest);

/** Frees what was opened; a struct of zeros is allowed. */
void cli_latest_close(cli_latest *latest);

#endif
