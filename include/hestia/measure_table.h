#ifndef HESTIA_MEASURE_TABLE_H
#define HESTIA_MEASURE_TABLE_H

#include "hestia/period.h"
#include "hestia/status.h"

/** Numbers of a measure with `dataset: table`, from its file `period,area,value`. */
typedef struct hst_measure_table hst_measure_table;

/** One of them. */
typedef struct hst_measure_value {
    const char *area; /**< code, borrowed from the table */
    hst_period period;
    double value; /**< NAN where the file has an empty cell or NA */
    size_t line;
} hst_measure_value;

/**
 * Reads the file; other columns are passed over.
 *
 * @param out  receives the table, which the caller frees
 * @param by   bits of hst_by: a label that can be read in several ways ("2010-11" is a month or a
 *             year) is one of these; labels of other lengths of period are read too
 * @return HST_ERR_USAGE when the file is absent; HST_ERR_INPUT: a column that is not there, a label
 *         that is none, a row without area, a value that is no number, a period and area that stand
 *         there twice (line named)
 */
HST_MUST_CHECK hst_status hst_measure_table_read(hst_measure_table **out, const char *path,
                                                 unsigned by, hst_error *err);
void hst_measure_table_free(hst_measure_table *table);

/** All values, [*n], sorted by area (as bytes), type of period and time. */
const hst_measure_value *hst_measure_table_values(const hst_measure_table *table, size_t *n);

/** Value of an area and period; NAN when there is none. */
double hst_measure_table_find(const hst_measure_table *table, const char *area,
                              const hst_period *period);

#endif
