/* quality.max_row_drop: files that hold fewer rows than before. */
#ifndef HESTIA_CLI_ROW_DROP_H
#define HESTIA_CLI_ROW_DROP_H

#include "hestia/ingest.h"

/**
 * Sets the rows of each data year beside those of the cut before it: an older cut among the inputs,
 * and what the latest run in `directory` was counted from, as far as the store still has it.
 *
 * @return HST_ERR_INPUT when a year has lost more than `quality.max_row_drop` (file, both numbers),
 * or all of its files although the study still asks for them
 */
HST_MUST_CHECK hst_status cli_check_row_drop(const hst_study *study, const hst_inputs *inputs,
                                             const hst_store *store, const char *directory,
                                             hst_error *err);

#endif
