#include "cell_internal.h"

#include <math.h>
#include <string.h>

hst_status hst_cell_text(const hst_table *table, size_t row, size_t column, const char **out,
                         hst_error *err)
{
    *out = hst_table_cell(table, row, column);
    if ((*out)[0] == '\0') {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column %s: empty", hst_table_name(table),
                        hst_table_line(table, row), hst_table_column_name(table, column));
    }
    return HST_OK;
}

hst_status hst_cell_number(const hst_table *table, size_t row, size_t column, double *out,
                           hst_error *err)
{
    const char *cell = hst_table_cell(table, row, column);

    if (cell[0] == '\0' || strcmp(cell, "NA") == 0) {
        *out = NAN;
        return HST_OK;
    }
    return hst_table_double(table, row, column, out, err);
}

hst_status hst_cell_period(const hst_table *table, size_t row, size_t column, unsigned by,
                           hst_period *out, hst_error *err)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};
    const char *cell = hst_table_cell(table, row, column);

    for (size_t i = 0; i < 3; i++) {
        if ((by & types[i]) && hst_period_parse_as(types[i], cell, out)) {
            return HST_OK;
        }
    }
    if (hst_period_parse(cell, out)) {
        return HST_OK;
    }
    return hst_fail(err, HST_ERR_INPUT,
                    "%s, line %zu, column %s: not a period; write a month as 2010-04, a quarter as "
                    "2010/11 Q1, a financial year as 2010/11",
                    hst_table_name(table), hst_table_line(table, row),
                    hst_table_column_name(table, column));
}

int hst_cell_compare_periods(const hst_period *a, const hst_period *b)
{
    return a->type != b->type ? (a->type > b->type) - (a->type < b->type)
                              : (a->start > b->start) - (a->start < b->start);
}
