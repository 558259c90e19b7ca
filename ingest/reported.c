#include "hestia/reported.h"

#include <stdlib.h>
#include <string.h>

#include "cell_internal.h"

struct hst_reported {
    hst_table *table; /* its cells are the texts */
    size_t n;
    hst_reported_value *values; /* [n] in order */
};

/* Series, then period. */
static int compare_places(const void *a, const void *b)
{
    const hst_reported_value *x = a, *y = b;
    int order = strcmp(x->series, y->series);

    return order != 0 ? order : hst_cell_compare_periods(&x->period, &y->period);
}

static int compare_values(const void *a, const void *b)
{
    const hst_reported_value *x = a, *y = b;
    int order = compare_places(a, b);

    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static hst_status read_values(hst_reported *r, unsigned by, hst_error *err)
{
    static const char *const names[] = {"period", "series", "value", "source"};
    size_t columns[4] = {0};
    hst_status status = HST_OK;

    for (size_t i = 0; i < 4 && !status; i++) {
        status = hst_table_require(r->table, names[i], &columns[i], err);
    }
    for (size_t row = 0; row < hst_table_n_rows(r->table) && !status; row++) {
        hst_reported_value *value = &r->values[r->n++];

        value->series = hst_table_cell(r->table, row, columns[1]);
        value->source = hst_table_cell(r->table, row, columns[3]);
        value->line = hst_table_line(r->table, row);
        status = hst_cell_period(r->table, row, columns[0], by, &value->period, err);
        if (!status) {
            status = hst_cell_number(r->table, row, columns[2], &value->value, err);
        }
    }
    return status;
}

static hst_status refuse_repeats(const hst_reported *r, hst_error *err)
{
    for (size_t i = 1; i < r->n; i++) {
        if (compare_places(&r->values[i - 1], &r->values[i]) == 0) {
            return hst_fail(err, HST_ERR_INPUT,
                            "%s, line %zu: the period and series of line %zu stand here again",
                            hst_table_name(r->table), r->values[i].line, r->values[i - 1].line);
        }
    }
    return HST_OK;
}

hst_status hst_reported_read(hst_reported **out, const char *path, unsigned by, hst_error *err)
{
    hst_status status = HST_OK;
    hst_reported *r = calloc(1, sizeof *r);

    *out = NULL;
    if (!r) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read it", path);
    }
    status = hst_table_read(&r->table, path, err);
    if (status) {
        goto done;
    }
    r->values = calloc(hst_table_n_rows(r->table) + 1, sizeof *r->values);
    if (!r->values) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read it", path);
        goto done;
    }
    status = read_values(r, by, err);
    if (status) {
        goto done;
    }
    qsort(r->values, r->n, sizeof *r->values, compare_values);
    status = refuse_repeats(r, err);
    if (!status) {
        *out = r;
        r = NULL; /* now the caller's */
    }

done:
    hst_reported_free(r);
    return status;
}

void hst_reported_free(hst_reported *r)
{
    if (!r) {
        return;
    }
    hst_table_free(r->table);
    free(r->values);
    free(r);
}

const hst_reported_value *hst_reported_values(const hst_reported *r, size_t *n)
{
    *n = r->n;
    return r->values;
}
