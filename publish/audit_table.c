/* audit.csv, and the law that it proves: every row read is used or set aside by reason. */
#include <inttypes.h>
#include <string.h>

#include "hestia/csv.h"
#include "publish/tables.h"

static const char *const columns[] = {"stage", "dataset", "file",   "measure",
                                      "area",  "period",  "reason", "n"};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

hst_status hst_publish_check_rows(hst_ledger *ledger, hst_error *err)
{
    size_t n = 0;
    const hst_ledger_line *lines = hst_ledger_lines(ledger, &n);

    /* The lines are sorted, so those of one file stand together. */
    for (size_t i = 0, next = 0; i < n; i = next) {
        uint64_t n_read = 0, n_accounted = 0;

        for (next = i;
             next < n && same(lines[next].stage, lines[i].stage) &&
             same(lines[next].dataset, lines[i].dataset) && same(lines[next].file, lines[i].file);
             next++) {
            if (same(lines[next].reason, "read")) {
                n_read += lines[next].n;
            } else {
                n_accounted += lines[next].n;
            }
        }
        if (same(lines[i].stage, "ingest") && n_read != n_accounted) {
            return hst_fail(err, HST_ERR_ARGUMENT,
                            "%s: %" PRIu64 " rows read, but %" PRIu64
                            " used and set aside: the audit does not add up",
                            lines[i].file ? lines[i].file : "", n_read, n_accounted);
        }
    }
    return HST_OK;
}

hst_status hst_table_write_audit(const hst_publication *p, const char *path, unsigned mode,
                                 hst_error *err)
{
    hst_status status = HST_OK;
    size_t n = 0;
    const hst_ledger_line *lines = hst_ledger_lines(p->ledger, &n);
    hst_csv *csv = NULL;

    status = hst_csv_create(&csv, path, mode, err);
    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, columns, N_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        hst_csv_text(csv, lines[i].stage);
        hst_csv_text(csv, lines[i].dataset);
        hst_csv_text(csv, lines[i].file);
        hst_csv_text(csv, lines[i].measure);
        hst_csv_text(csv, lines[i].area);
        hst_csv_text(csv, lines[i].period);
        hst_csv_text(csv, lines[i].reason);
        hst_csv_count(csv, lines[i].n);
        hst_csv_end_row(csv);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}
