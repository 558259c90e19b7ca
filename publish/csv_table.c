/* A result table as a CSV file. */
#include "hestia/csv.h"
#include "publish/tables.h"

typedef struct csv_sink {
    hst_sink sink; /* first: a pointer to it is one to this */
    hst_csv *csv;
} csv_sink;

static void put_text(hst_sink *sink, const char *text)
{
    hst_csv_text(((csv_sink *)sink)->csv, text);
}

static void put_count(hst_sink *sink, uint64_t number)
{
    hst_csv_count(((csv_sink *)sink)->csv, number);
}

static void put_real(hst_sink *sink, double number)
{
    hst_csv_real(((csv_sink *)sink)->csv, number);
}

static void end_row(hst_sink *sink)
{
    hst_csv_end_row(((csv_sink *)sink)->csv);
}

hst_status hst_csv_table_write(const hst_result_table *table, const hst_publication *publication,
                               const char *path, unsigned mode, hst_error *err)
{
    csv_sink out = {.sink = {put_text, put_count, put_real, end_row}};
    hst_status status = hst_csv_create(&out.csv, path, mode, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        hst_csv_text(out.csv, table->columns[i].name);
    }
    hst_csv_end_row(out.csv);
    status = table->write(&out.sink, publication, err);
    if (status == HST_OK) {
        status = hst_csv_finish(out.csv, err);
    }
    hst_csv_free(out.csv);
    return status;
}
