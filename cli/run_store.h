/* The store of one run: opened for reading as long as nothing has to be written, so that runs of a
 * group's readers, and of several studies, go on beside each other. */
#ifndef HESTIA_CLI_RUN_STORE_H
#define HESTIA_CLI_RUN_STORE_H

#include "cli/cli.h"
#include "hestia/ingest.h"

typedef struct cli_run_store {
    const char *path;
    hst_team *team; /**< NULL: alone */
    hst_store *store;
    bool is_complete;        /**< it has all that the inputs hold */
    bool has_lost_catalogue; /**< and began a new one */
    size_t n_segments;
    hst_segment **segments; /**< of the inputs that count; borrow the store */
} cli_run_store;

/** Looks whether the store has all inputs; writes nothing. A store that is not there yet has not,
 * and that of a team is always opened for writing. */
HST_MUST_CHECK hst_status cli_run_store_look(cli_run_store *s, hst_inputs *inputs,
                                             const hst_study *study, hst_ledger *ledger,
                                             hst_error *err);

/**
 * Brings the store up to date as its one writer, and goes on as a reader.
 *
 * @return also HST_ERR_SYSTEM where the user may not write: says who has to run
 */
HST_MUST_CHECK hst_status cli_run_store_ingest(cli_run_store *s, hst_inputs *inputs,
                                               const hst_study *study,
                                               const hst_ingest_options *options,
                                               hst_ledger *ledger, hst_error *err);

/** Opens the segments of the inputs that count. */
HST_MUST_CHECK hst_status cli_run_store_open_segments(cli_run_store *s, const hst_inputs *inputs,
                                                      hst_error *err);

/** Removes the damaged segments of the inputs and says which; the next ingest makes them anew. */
HST_MUST_CHECK hst_status cli_run_store_repair(cli_run_store *s, const hst_inputs *inputs,
                                               cli_terminal *terminal, hst_error *err);

/** Closes segments and store; the path stays. */
void cli_run_store_close(cli_run_store *s);

#endif
