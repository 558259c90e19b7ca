#ifndef HESTIA_LEDGER_H
#define HESTIA_LEDGER_H

#include <stdint.h>

#include "hestia/status.h"

/** Takes the place of a number of rows that disclosure control took away. */
#define HST_LEDGER_HIDDEN UINT64_MAX

/** The lines of audit.csv, gathered by all stages. Not for several threads at once. */
typedef struct hst_ledger hst_ledger;

/** One line: every text may be NULL (an empty cell). Lines of equal texts are added up. */
typedef struct hst_ledger_line {
    const char *stage, *dataset, *file, *measure, *area, *period, *reason;
    uint64_t n;
} hst_ledger_line;

HST_MUST_CHECK hst_status hst_ledger_create(hst_ledger **out, hst_error *err);
void hst_ledger_free(hst_ledger *ledger);

/** Adds a line; texts are copied. A NULL ledger takes nothing and succeeds. */
HST_MUST_CHECK hst_status hst_ledger_add(hst_ledger *ledger, const hst_ledger_line *line,
                                         hst_error *err);

/** Lines sorted by all texts in column order, a NULL text now "", owned by the ledger, valid until
 * the next add. */
const hst_ledger_line *hst_ledger_lines(hst_ledger *ledger, size_t *n);

#endif
