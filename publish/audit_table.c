/* audit.csv, and the law that it proves: every row read is used or set aside by reason. */
#include <inttypes.h>
#include <string.h>

#include "publish/tables.h"

static const hst_column columns[] = {
    {"stage", HST_COLUMN_TEXT},   {"dataset", HST_COLUMN_TEXT}, {"file", HST_COLUMN_TEXT},
    {"measure", HST_COLUMN_TEXT}, {"area", HST_COLUMN_TEXT},    {"period", HST_COLUMN_TEXT},
    {"reason", HST_COLUMN_TEXT},  {"n", HST_COLUMN_COUNT},      {"suppressed", HST_COLUMN_FLAG},
};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

bool hst_audit_is_of_provider(const hst_ledger_line *line)
{
    static const char *const provider = "provider ";

    return line->reason && (strncmp(line->reason, provider, strlen(provider)) == 0 ||
                            strcmp(line->reason, "excluded provider") == 0);
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

static hst_status write_rows(hst_sink *sink, const hst_publication *p, hst_error *err)
{
    (void)err;
    for (size_t i = 0; i < p->n_audit; i++) {
        const hst_ledger_line *line = &p->audit[i];
        bool is_hidden = line->n == HST_LEDGER_HIDDEN;

        sink->text(sink, line->stage);
        sink->text(sink, line->dataset);
        sink->text(sink, line->file);
        sink->text(sink, line->measure);
        sink->text(sink, line->area);
        sink->text(sink, line->period);
        sink->text(sink, line->reason);
        if (is_hidden) {
            sink->text(sink, NULL);
        } else {
            sink->count(sink, line->n);
        }
        sink->count(sink, is_hidden);
        sink->end_row(sink);
    }
    return HST_OK;
}

const hst_result_table hst_audit_table = {"audit", columns, N_COLUMNS, NULL, write_rows};
