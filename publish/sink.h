/* Where the rows of a result table go: a CSV file, a table of the database, a sheet, the report.
 * The writer of a table lists its cells; every kind of output takes them in the same order. */
#ifndef HESTIA_PUBLISH_SINK_H
#define HESTIA_PUBLISH_SINK_H

#include <stdint.h>

#include "hestia/status.h"

typedef enum hst_column_type {
    HST_COLUMN_TEXT, /**< codes too: never a number to a spreadsheet */
    HST_COLUMN_DATE, /**< ISO, "2010-04-01" */
    HST_COLUMN_COUNT,
    HST_COLUMN_REAL,
    HST_COLUMN_FLAG /**< 0 or 1 */
} hst_column_type;

typedef struct hst_column {
    const char *name;
    hst_column_type type;
} hst_column;

/**
 * Takes the cells of a table one by one. The functions return nothing: an output keeps its first
 * failure and gives it back when it is finished. NULL and NAN are empty cells. An output embeds
 * this as its first member.
 */
typedef struct hst_sink {
    void (*text)(struct hst_sink *sink, const char *text);
    void (*count)(struct hst_sink *sink, uint64_t number);
    void (*real)(struct hst_sink *sink, double number);
    void (*end_row)(struct hst_sink *sink);
} hst_sink;

#endif
